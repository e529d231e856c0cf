/* Keys and commits by the real tools. Nothing of the developer's own configuration is read. */
#include "contract/ssh_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"

#define ID "1234567890abcdef1234567890abcdef12345678"
#define NOTHING ((struct bytes){NULL, 0})
#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void check(const struct error *error)
{
	if (error)
		fail_msg("%s: %s", error->what, error->why ? error->why : "");
}

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
	(void)stat;
	(void)kind;
	(void)where;
	return remove(path);
}

void ssh_world_begin(struct ssh_world *world, struct arena *arena)
{
	const char *above = getenv("TMPDIR");
	char *folder = arena_printf(arena, "%s/headgate-keys-XXXXXX", above ? above : "/tmp");

	*world = (struct ssh_world){.arena = arena, .folder = mkdtemp(folder)};
	assert_non_null(world->folder);
	ssh_world_run(world, "git",
	              ARGUMENTS("init", "-q", "-b", "main", ssh_world_path(world, "repository")),
	              NOTHING);
}

void ssh_world_end(struct ssh_world *world)
{
	(void)nftw(world->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *ssh_world_path(struct ssh_world *world, const char *name)
{
	return arena_printf(world->arena, "%s/%s", world->folder, name);
}

void ssh_world_write(struct ssh_world *world, const char *name, const char *text)
{
	check(file_save(world->arena, ssh_world_path(world, name),
	                (struct bytes){text, strlen(text)}, 0644));
}

struct bytes ssh_world_run(struct ssh_world *world, const char *program,
                           const char *const *arguments, struct bytes input)
{
	const char *path = program_find(world->arena, program);
	const char *const environment[] = {arena_printf(world->arena, "HOME=%s", world->folder),
	                                   "GIT_CONFIG_NOSYSTEM=1",
	                                   "GIT_AUTHOR_NAME=Ada",
	                                   "GIT_AUTHOR_EMAIL=ada@example.org",
	                                   "GIT_COMMITTER_NAME=Ada",
	                                   "GIT_COMMITTER_EMAIL=ada@example.org",
	                                   NULL};
	struct process_result result;

	assert_non_null(path);
	check(process_run(world->arena,
	                  &(struct process){.program = path,
	                                    .arguments = arguments,
	                                    .environment = environment,
	                                    .input = input,
	                                    .deadline_ms = 60000},
	                  &result));
	if (result.status != 0)
		fail_msg("%s ended with %d: %s", program, result.status, result.complaint);
	return result.output;
}

void ssh_world_key(struct ssh_world *world, const char *name, const char *type, const char *bits)
{
	ssh_world_run(world, "ssh-keygen",
	              ARGUMENTS("-q", "-t", type, "-N", "", "-C", "a comment", "-f",
	                        ssh_world_path(world, name), bits ? "-b" : NULL, bits),
	              NOTHING);
}

void ssh_world_certify(struct ssh_world *world, const char *authority, const char *name,
                       const char *const *arguments)
{
	const char *all[16] = {"-q", "-s", ssh_world_path(world, authority), "-I", name};
	size_t count = 5;

	for (; *arguments; arguments++) {
		assert_true(count + 2 < sizeof all / sizeof *all);
		all[count++] = *arguments;
	}
	all[count] = arena_printf(world->arena, "%s.pub", ssh_world_path(world, name));
	ssh_world_run(world, "ssh-keygen", all, NOTHING);
}

const char *ssh_world_public(struct ssh_world *world, const char *name)
{
	const char *path = ssh_world_path(world, arena_printf(world->arena, "%s.pub", name));
	struct text_list words;
	struct bytes line;

	check(file_read(world->arena, path, 65536, &line));
	text_split(world->arena, line.data, ' ', &words);
	return arena_printf(world->arena, "%s %s", words.items[0], words.items[1]);
}

struct bytes ssh_world_commit(struct ssh_world *world, const char *key, const char *message)
{
	const char *repository = ssh_world_path(world, "repository");
	const char *signing = arena_printf(world->arena, "user.signingKey=%s.pub",
	                                   ssh_world_path(world, key ? key : "none"));

	ssh_world_run(world, "git",
	              ARGUMENTS("-C", repository, "-c", "gpg.format=ssh", "-c", signing, "commit",
	                        "-q", "--allow-empty", "-m", message, key ? "-S" : "--no-gpg-sign"),
	              NOTHING);
	return ssh_world_run(world, "git",
	                     ARGUMENTS("-C", repository, "cat-file", "commit", "HEAD"), NOTHING);
}

struct bytes ssh_world_sign(struct ssh_world *world, const char *key, const char *name_space,
                            const char *hash, struct bytes payload)
{
	return ssh_world_run(world, "ssh-keygen",
	                     ARGUMENTS("-q", "-Y", "sign", "-f", ssh_world_path(world, key), "-n",
	                               name_space, "-O",
	                               arena_printf(world->arena, "hashalg=%s", hash)),
	                     payload);
}

struct bytes ssh_world_with_signature(struct ssh_world *world, struct bytes payload,
                                      struct bytes armor)
{
	const char *blank = strstr(payload.data, "\n\n");
	struct text raw = TEXT_IN(world->arena);
	struct text_list lines;

	assert_non_null(blank);
	text_add_bytes(&raw, payload.data, (size_t)(blank + 1 - payload.data));
	text_split(world->arena, armor.data, '\n', &lines);
	text_add(&raw, "gpgsig");
	for (size_t i = 0; i + 1 < lines.count; i++)
		text_printf(&raw, " %s\n", lines.items[i]);
	text_add(&raw, blank + 1);
	return text_bytes(&raw);
}

struct commit ssh_world_parse(struct ssh_world *world, struct bytes raw)
{
	struct commit commit;

	check(commit_parse(world->arena, ID, raw, &commit));
	return commit;
}

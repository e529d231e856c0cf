/*
 * The drawn histories of trust `signed` once more, each as a real repository: trees and commits by git, signatures and
 * approval tags by ssh-keygen, and the answer of `headgate verify --steps`. What a row does not say: in the repository a
 * step that has a pull request names its number, as a forge's squash does; the others do not.
 */
#include "unit/base/check.h"

#include "base/node.h"
#include "base/process.h"
#include "contract/attack_objects.h"
#include "unit/model/trust_scenes.h"

#include <stdlib.h>
#include <time.h>

#define NOW 1764000000
#define DATE 1763000000
#define NOTHING ((struct bytes){NULL, 0})
#define GIT(input, ...)                                                                            \
	first_line(ssh_world_run(&world, "git",                                                    \
	                         (const char *const[]){"-C", repository, __VA_ARGS__, NULL},       \
	                         (input)))

struct stored { /* an object that was written already, by what it holds */
	const char *text, *id;
};

static struct ssh_world world;
static const char *repository;
static struct {
	struct stored *items;
	size_t count, room;
} store;

static const char *first_line(struct bytes output)
{
	return arena_copy(world.arena, output.data, strcspn(output.data, "\n"));
}

static struct bytes text_of(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

/* Trees are given as git mktree reads them. */
static const char *put(const char *type, const char *text)
{
	const char *key = arena_printf(world.arena, "%s\n%s", type, text), *id;

	for (size_t i = 0; i < store.count; i++)
		if (text_equal(store.items[i].text, key))
			return store.items[i].id;
	id = text_equal(type, "tree")
	             ? GIT(text_of(text), "mktree")
	             : GIT(text_of(text), "hash-object", "-t", type, "-w", "--stdin");
	*LIST_ADD(world.arena, &store) = (struct stored){key, id};
	return id;
}

/* "a/migration.sql=1 a/down.sql=2 lock=3": files of one folder stand together. */
static const char *migrations_tree(const char *files)
{
	struct text tree = TEXT_IN(world.arena), inner = TEXT_IN(world.arena);
	struct text_list words = {0};
	const char *folder = NULL;

	text_split(world.arena, files, ' ', &words);
	for (size_t i = 0; i <= words.count; i++) {
		const char *word = i < words.count ? words.items[i] : "";
		const char *equals = strchr(word, '='), *slash = strchr(word, '/');
		const char *within =
			slash ? arena_copy(world.arena, word, (size_t)(slash - word)) : NULL;

		if (folder && !text_equal(folder, within)) {
			text_printf(&tree, "040000 tree %s\t%s\n", put("tree", text_get(&inner)),
			            folder);
			inner = TEXT_IN(world.arena);
		}
		folder = within;
		if (!equals)
			continue;
		text_printf(slash ? &inner : &tree, "100644 blob %s\t%.*s\n",
		            put("blob", equals + 1), (int)(equals - (slash ? slash + 1 : word)),
		            slash ? slash + 1 : word);
	}
	return put("tree", text_get(&tree));
}

/* NULL: no such folder. "?": a file in its place, which cannot be listed. */
static const char *root_tree(const char *files)
{
	const char *inner;

	if (!files)
		return put("tree", "");
	inner = text_equal(files, "?") ? arena_printf(world.arena, "100644 blob %s\tmigrations\n",
	                                              put("blob", "?"))
	                               : arena_printf(world.arena, "040000 tree %s\tmigrations\n",
	                                              migrations_tree(files));
	return put("tree",
	           arena_printf(world.arena, "040000 tree %s\tprisma\n", put("tree", inner)));
}

static struct bytes sign(const struct drawn *drawn, const char *who, struct bytes payload)
{
	struct bytes raw;

	switch (drawn->verdict) {
	case VERDICT_UNSIGNED:
		return payload;
	case VERDICT_GOOD:
		return attack_ssh(&world, who, payload);
	case VERDICT_UNTRUSTED:
		return attack_ssh(&world, "eve", payload);
	case VERDICT_BAD: /* over other bytes */
		return ssh_world_with_signature(
			&world, payload,
			ssh_world_sign(&world, who, "git", "sha512", text_of("another commit")));
	case VERDICT_MALFORMED:
		raw = attack_ssh(&world, who, payload);
		return attack_replace(&world, raw, "\ngpgsig ",
		                      "\nchange-id a\ngpgsigx b\ngpgsig ");
	case VERDICT_EXPIRED:
	case VERDICT_NOT_YET_VALID:
	case VERDICT_REVOKED:
	case VERDICT_UNSUPPORTED:
		break;
	}
	fail_msg("no scene draws the verdict '%s'", verdict_kind_name(drawn->verdict));
	return payload;
}

static const char *id_of(const struct trust_scene *scene, const char *const *ids,
                         const char *letter)
{
	for (size_t i = 0; i < DRAWN_MAXIMUM && scene->commits[i].id; i++)
		if (text_starts(letter, scene->commits[i].id))
			return ids[i];
	fail_msg("no commit '%s' is drawn", letter);
	return NULL;
}

static const char *make_commit(const struct trust_scene *scene, size_t index, const char **ids)
{
	const struct drawn *drawn = &scene->commits[index];
	const char *named = trust_scene_word(world.arena, scene->people, drawn->id);
	const char *who = named ? named : drawn->verdict == VERDICT_UNSIGNED ? "nobody" : "ada";
	const bool is_ahead = scene->ahead && strstr(scene->ahead, drawn->id);
	struct text text = TEXT_IN(world.arena);

	text_printf(&text, "tree %s\n", root_tree(drawn->files));
	for (const char *parent = drawn->parents; *parent; parent++)
		text_printf(&text, "parent %s\n", id_of(scene, ids, parent));
	text_printf(&text, "author %s <%s> %d +0000\ncommitter %s <%s> %lld +0000\n\nChange %s",
	            who, who, DATE, who, who, is_ahead ? (long long)time(NULL) + 86400 : DATE,
	            drawn->id);
	if (trust_scene_word(world.arena, scene->pulls, drawn->id))
		text_printf(&text, " (#%zu)", index + 1);
	text_printf(&text, "\n\n%s\n", scene->sentence); /* no two scenes share a commit */
	return attack_store(&world, sign(drawn, who, text_bytes(&text)));
}

static void make_tag(const char *who, const char *commit)
{
	const char *name = arena_printf(world.arena, "approve/shop/%s/%s", commit, who);
	const char *payload = arena_printf(world.arena,
	                                   "object %s\ntype commit\ntag %s\ntagger %s <%s> %d "
	                                   "+0000\n\napproved\n",
	                                   commit, name, who, who, DATE);
	struct bytes armor = ssh_world_sign(&world, who, "git", "sha512", text_of(payload));
	struct text tag = TEXT_IN(world.arena);

	text_add(&tag, payload);
	text_add_bytes(&tag, armor.data, armor.size);
	GIT(NOTHING, "update-ref", arena_printf(world.arena, "refs/tags/%s", name),
	    put("tag", text_get(&tag)));
}

static const char *letter_of(const struct trust_scene *scene, const char *const *ids,
                             const char *id)
{
	for (size_t i = 0; id && i < DRAWN_MAXIMUM && scene->commits[i].id; i++)
		if (text_equal(ids[i], id))
			return scene->commits[i].id;
	return "";
}

static const struct node *read_json(const char *line)
{
	const char *why = NULL;
	const struct node *node = node_from_json(world.arena, line, strlen(line), &why);

	if (!node)
		fail_msg("'%s' is no JSON: %s", line, why);
	return node;
}

/* One line of the answer as it stands in the drawn outcome; "" for a step that does not touch. */
static const char *tell_step(const struct trust_scene *scene, const char *const *ids,
                             const struct node *line)
{
	const char *outcome = node_find_text(line, "outcome");
	const char *letter = letter_of(scene, ids, node_find_text(line, "step"));
	const char *code = node_find_text(line, "code");
	const bool is_vouched = node_count(node_find(line, "vouched_by"));

	if (text_equal(outcome, "undone"))
		return arena_printf(world.arena, "%s~%s ", letter,
		                    letter_of(scene, ids, node_find_text(line, "undone_by")));
	if (code)
		return arena_printf(world.arena, "%s!%s ", letter, error_find(code)->name);
	return is_vouched ? arena_printf(world.arena, "%s+%s ", letter,
	                                 letter_of(scene, ids, node_find_text(line, "by")))
	                  : "";
}

static struct process_result ask(const struct trust_scene *scene, const char *const *ids,
                                 size_t count)
{
	const char *head = scene->head ? scene->head : scene->commits[count - 1].id;
	const char *deployed = scene->deployed ? scene->deployed : "D";
	struct process_result result = {0};
	struct text_list words = {0};
	const char *fixed[] = {
		"verify",
		"--output",
		"json",
		"--repository",
		repository,
		"--allowed-signers",
		ssh_world_path(&world, "allowed_signers"),
		"--target",
		"shop",
		"--at",
		arena_printf(world.arena, "%d", NOW),
		"--threshold",
		arena_printf(world.arena, "%d", scene->threshold ? (int)scene->threshold : 1),
		"--baseline",
		id_of(scene, ids, "D"),
		"--steps",
		arena_printf(world.arena, "%s..%s", id_of(scene, ids, deployed),
	                     id_of(scene, ids, head)),
	};

	for (size_t i = 0; i < ROWS(fixed); i++)
		*LIST_ADD(world.arena, &words) = fixed[i];
	for (size_t i = 0; i < count; i++) {
		const char *pull =
			trust_scene_word(world.arena, scene->pulls, scene->commits[i].id);

		if (!pull)
			continue;
		*LIST_ADD(world.arena, &words) = "--pull";
		*LIST_ADD(world.arena, &words) =
			arena_printf(world.arena, "%zu=%s", i + 1, id_of(scene, ids, pull));
	}
	*LIST_ADD(world.arena, &words) = NULL;
	assert_fine(process_run(world.arena,
	                        &(struct process){.program = getenv("HEADGATE_BIN"),
	                                          .arguments = words.items,
	                                          .deadline_ms = 60000},
	                        &result));
	return result;
}

static void check_scene(const struct trust_scene *scene)
{
	const char *ids[DRAWN_MAXIMUM] = {NULL}, *wanted = scene->outcome;
	struct text told = TEXT_IN(world.arena);
	struct text_list lines = {0}, wanted_words = {0};
	struct process_result result;
	size_t count = 0;

	for (; count < DRAWN_MAXIMUM && scene->commits[count].id; count++)
		ids[count] = make_commit(scene, count, ids);
	for (size_t i = 0; i < count; i++)
		if (trust_scene_word(world.arena, scene->tags, scene->commits[i].id))
			make_tag(trust_scene_word(world.arena, scene->tags, scene->commits[i].id),
			         ids[i]);
	result = ask(scene, ids, count);
	text_split(world.arena, arena_copy(world.arena, result.output.data, result.output.size),
	           '\n', &lines);
	for (size_t i = 0; i + 1 < lines.count; i++)
		text_add(&told, tell_step(scene, ids, read_json(lines.items[i])));
	text_split(world.arena, wanted, ' ', &wanted_words);
	wanted = "";
	for (size_t i = 0; i < wanted_words.count; i++)
		if (!text_equal(wanted_words.items[i], "|"))
			wanted = arena_printf(world.arena, "%s%s ", wanted, wanted_words.items[i]);
	if (result.status == 1)
		fail_msg("nothing was checked: %s %s", result.output.data, result.complaint);
	assert_string_equal(text_get(&told), wanted);
	assert_int_equal(result.status, strstr(wanted, "!FROM_FUTURE") ? 5
	                                : strchr(wanted, '!')          ? 4
	                                                               : 0);
}

/* What `headgate verify` cannot be told: roles, and how old a signature may be. */
static bool is_beyond_it(const struct trust_scene *scene)
{
	return scene->may_not || scene->oldest;
}

static void check_scenes(const struct trust_scenes *scenes)
{
	for (size_t i = 0; i < scenes->count; i++) {
		if (is_beyond_it(&scenes->items[i]))
			continue;
		CASE(scenes->items[i].sentence);
		check_scene(&scenes->items[i]);
	}
}

static void attacks_on_merges_are_refused_in_git(void **state)
{
	(void)state;
	check_scenes(&trust_attacks);
}

static void what_persons_signed_passes_through_any_button_in_git(void **state)
{
	(void)state;
	check_scenes(&trust_buttons);
}

static void two_persons_are_two_persons_in_git(void **state)
{
	(void)state;
	check_scenes(&trust_two_persons);
}

static int begin(void **state)
{
	static const char *const persons[] = {"ada", "bob", "cy"};
	struct text signers = TEXT_IN(*state = arena_new());

	ssh_world_begin(&world, *state);
	repository = ssh_world_path(&world, "repository");
	ssh_world_key(&world, "eve", "ed25519", NULL);
	for (size_t i = 0; i < ROWS(persons); i++) {
		ssh_world_key(&world, persons[i], "ed25519", NULL);
		text_printf(&signers, "%s namespaces=\"git\" %s\n", persons[i],
		            ssh_world_public(&world, persons[i]));
	}
	ssh_world_write(&world, "allowed_signers", text_get(&signers));
	return 0;
}

static int finish(void **state)
{
	ssh_world_end(&world);
	arena_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attacks_on_merges_are_refused_in_git),
		cmocka_unit_test(what_persons_signed_passes_through_any_button_in_git),
		cmocka_unit_test(two_persons_are_two_persons_in_git),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}

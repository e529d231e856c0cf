/*
 * Asking ssh-keygen. It gets one generated line of signers, so that it can only name the one person whom the keyring
 * looked up; only exit status 0 together with the one line that names git, the person and the key counts. It fails with
 * 255 in any other case: it is the signature's fault when the check itself failed, else ours.
 */
#include "adapters/ssh_keygen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"

#define DEADLINE_MS 20000
#define SCRATCH_PREFIX "keyring-"
#define SCRATCH_OLD_SECONDS 3600
#define WHEN_MAXIMUM INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define FILES_MAXIMUM 256                  /* asks whose files lie there at once */

struct scratch_files { /* gone at the end of their scope, on every path */
	struct text_list paths;
};

static void scratch_cleanup(struct scratch_files *files);
#define AUTO_SCRATCH CLEANUP(scratch_cleanup) struct scratch_files

struct signers_file { /* one for each signer, as the asks of a person are alike */
	const struct allowed_signer *signer;
	const char *path;
};

struct signers_files {
	struct signers_file *items;
	size_t count, room;
};

static FALLIBLE verify_some(const struct ssh_keygen *keygen, struct arena *arena,
                            struct ssh_keygen_ask *asks, size_t count);
static FALLIBLE signers_path(const struct ssh_keygen *keygen, struct arena *arena,
                             const struct allowed_signer *signer, struct signers_files *known,
                             struct scratch_files *files, const char **ret_path);
static bool is_same(const struct allowed_signer *one, const struct allowed_signer *other);
static struct process verification(const struct ssh_keygen *keygen, struct arena *arena,
                                   const struct ssh_keygen_ask *ask, const char *signers,
                                   const char *signature);
static FALLIBLE read_answer(struct arena *arena, const struct process_result *result,
                            struct ssh_keygen_ask *ask);
static const char *signer_line(struct arena *arena, const struct allowed_signer *signer);
static const char *last_word_of(struct arena *arena, const char *complaint);
static FALLIBLE scratch_file(const struct ssh_keygen *keygen, struct arena *arena,
                             struct bytes bytes, struct scratch_files *files,
                             const char **ret_path);

FALLIBLE ssh_keygen_verify(const struct ssh_keygen *keygen, struct arena *arena,
                           struct ssh_keygen_asks *asks)
{
	for (size_t i = 0; i < asks->count; i += FILES_MAXIMUM) {
		const size_t left = asks->count - i;

		TRY(verify_some(keygen, arena, asks->items + i,
		                left < FILES_MAXIMUM ? left : FILES_MAXIMUM));
	}
	return NULL;
}

static FALLIBLE verify_some(const struct ssh_keygen *keygen, struct arena *arena,
                            struct ssh_keygen_ask *asks, size_t count)
{
	struct process *processes = ARENA_ARRAY(arena, struct process, count);
	struct process_result *results = ARENA_ARRAY(arena, struct process_result, count);
	struct signers_files known = {0};
	AUTO_SCRATCH files = {0};

	for (size_t i = 0; i < count; i++) {
		const char *signers = NULL, *signature = NULL;

		TRY(signers_path(keygen, arena, asks[i].signer, &known, &files, &signers));
		TRY(scratch_file(keygen, arena, asks[i].seal->signature, &files, &signature));
		processes[i] = verification(keygen, arena, &asks[i], signers, signature);
	}
	TRY(process_run_many(arena, processes, count, results));
	for (size_t i = 0; i < count; i++)
		TRY(read_answer(arena, &results[i], &asks[i]));
	return NULL;
}

static FALLIBLE signers_path(const struct ssh_keygen *keygen, struct arena *arena,
                             const struct allowed_signer *signer, struct signers_files *known,
                             struct scratch_files *files, const char **ret_path)
{
	const char *line, *path = NULL;

	for (size_t i = 0; i < known->count; i++)
		if (is_same(known->items[i].signer, signer)) {
			*ret_path = known->items[i].path;
			return NULL;
		}
	line = signer_line(arena, signer);
	TRY(scratch_file(keygen, arena, (struct bytes){line, strlen(line)}, files, &path));
	*LIST_ADD(arena, known) = (struct signers_file){signer, path};
	*ret_path = path;
	return NULL;
}

/* Those of authorities are made anew for each certificate. */
static bool is_same(const struct allowed_signer *one, const struct allowed_signer *other)
{
	return one->line == other->line && text_equal(one->principal, other->principal);
}

static struct process verification(const struct ssh_keygen *keygen, struct arena *arena,
                                   const struct ssh_keygen_ask *ask, const char *signers,
                                   const char *signature)
{
	const char *time, *principal = ask->signer->principal;
	struct text_list arguments = {0};

	if (ask->when < 0 || ask->when > WHEN_MAXIMUM)
		BUG("a signature is judged at the time %lld", (long long)ask->when);
	time = arena_printf(arena, "-Overify-time=%s", signer_time(arena, ask->when));

	const char *const all[] = {"-Y", "verify", "-f", signers,   "-I", principal,
	                           "-n", "git",    "-s", signature, time, NULL};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		*LIST_ADD(arena, &arguments) = all[i];
	return (struct process){.program = keygen->program,
	                        .arguments = arguments.items,
	                        .input = ask->seal->payload,
	                        .deadline_ms = DEADLINE_MS};
}

static FALLIBLE read_answer(struct arena *arena, const struct process_result *result,
                            struct ssh_keygen_ask *ask)
{
	const struct allowed_signer *signer = ask->signer;
	const char *good = arena_printf(arena, "Good \"git\" signature for %s with %s%s key %s\n",
	                                signer->principal, ask->key.type->shown,
	                                signer->is_authority ? "-CERT" : "", ask->key.fingerprint);

	if (result->status == 0 && result->output.size == strlen(good) &&
	    memcmp(result->output.data, good, result->output.size) == 0) {
		ask->kind = VERDICT_GOOD;
		return NULL;
	}
	if (result->status == 255 && result->complaint &&
	    strstr(result->complaint, "Signature verification failed: ")) {
		ask->kind = VERDICT_BAD;
		ask->reason = arena_printf(arena, "ssh-keygen says: %s",
		                           last_word_of(arena, result->complaint));
		return NULL;
	}
	return FAIL(
		arena, KEYRING,
		.what = arena_printf(arena, "cannot verify the signature of commit '%s'",
	                             commit_short(arena, ask->seal->id)),
		.why = result->complaint && *result->complaint
	                       ? result->complaint
	                       : arena_printf(arena,
	                                      "ssh-keygen ended with %d and an unexpected answer",
	                                      result->status),
		.hint = "Is openssh-client complete and up to date? Try: ssh-keygen -Y verify");
}

/* The times stand in it again, in UTC, so that ssh-keygen would refuse what we let through by mistake. */
static const char *signer_line(struct arena *arena, const struct allowed_signer *signer)
{
	struct text line = TEXT_IN(arena);

	text_printf(&line, "\"%s\" %snamespaces=\"git\"", signer->principal,
	            signer->is_authority ? "cert-authority," : "");
	if (signer->valid_after > 0)
		text_printf(&line, ",valid-after=\"%s\"", signer_time(arena, signer->valid_after));
	if (signer->valid_before <= WHEN_MAXIMUM)
		text_printf(&line, ",valid-before=\"%s\"",
		            signer_time(arena, signer->valid_before));
	text_printf(&line, " %s\n", ssh_key_line(arena, &signer->key));
	return text_get(&line);
}

/* "…: Signature verification failed: incorrect signature" -> "incorrect signature" */
static const char *last_word_of(struct arena *arena, const char *complaint)
{
	const char *failed = strstr(complaint, "Signature verification failed: ");
	const char *word = failed + strlen("Signature verification failed: ");

	return text_trim(arena, arena_printf(arena, "%.*s", (int)strcspn(word, "\r\n"), word));
}

static FALLIBLE scratch_file(const struct ssh_keygen *keygen, struct arena *arena,
                             struct bytes bytes, struct scratch_files *files, const char **ret_path)
{
	char *path = arena_printf(arena, "%s/" SCRATCH_PREFIX "XXXXXX", keygen->scratch);
	AUTO_FD fd = mkostemp(path, O_CLOEXEC);
	size_t written = 0;

	if (fd >= 0)
		*LIST_ADD(arena, &files->paths) = path; /* also when writing fails */
	while (fd >= 0 && written < bytes.size) {
		ssize_t n = write(fd, bytes.data + written, bytes.size - written);

		if (n < 0 && errno != EINTR)
			break;
		written += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || written < bytes.size)
		return FAIL(
			arena, FILE,
			.what = arena_printf(arena, "cannot write a scratch file in '%s'",
		                             keygen->scratch),
			.why = arena_text(arena, strerror(errno)),
			.hint = "Is the disk full, or the folder gone? The agent makes it again at the next pass.");
	*ret_path = path;
	return NULL;
}

/* A rest of a few hundred public bytes would do no harm. */
static void scratch_cleanup(struct scratch_files *files)
{
	for (size_t i = 0; i < files->paths.count; i++)
		(void)unlink(files->paths.items[i]);
}

/*
 * The key goes in by standard input, with a comment of ours that `ssh-keygen -Q` repeats. It ends with 0 and "…: ok",
 * or with 1 and "…: REVOKED".
 */
FALLIBLE ssh_keygen_ask_krl(const struct ssh_keygen *keygen, const char *krl, const char *key_line,
                            struct arena *arena, bool *ret_revoked)
{
	const char *const arguments[] = {"-Q", "-f", krl, "/dev/stdin", NULL};
	const char *line = arena_printf(arena, "%s headgate\n", key_line);
	struct process process = {.program = keygen->program,
	                          .arguments = arguments,
	                          .input = {line, strlen(line)},
	                          .deadline_ms = DEADLINE_MS};
	struct process_result result;

	TRY(process_run(arena, &process, &result));
	if (result.status == 0 && text_equal(result.output.data, "/dev/stdin (headgate): ok\n")) {
		*ret_revoked = false;
		return NULL;
	}
	if (result.status == 1 &&
	    text_equal(result.output.data, "/dev/stdin (headgate): REVOKED\n")) {
		*ret_revoked = true;
		return NULL;
	}
	return FAIL(arena, KEYRING,
	            .what = arena_printf(arena, "cannot use the keyring file '%s'", krl),
	            .why = result.complaint && *result.complaint ? result.complaint
	                                                         : "ssh-keygen gave no answer",
	            .hint = arena_printf(arena, "Look at it with: ssh-keygen -Q -l -f %s", krl));
}

/*
 * `ssh-keygen -L` checks the authority's signature before it shows anything; what it shows must be what was read here.
 * It ends with 1 and "invalid key" when the certificate is at fault.
 */
FALLIBLE ssh_keygen_ask_certificate(const struct ssh_keygen *keygen,
                                    const struct ssh_certificate *certificate, struct arena *arena,
                                    bool *ret_authentic)
{
	const char *const arguments[] = {"-L", "-f", "-", NULL};
	const char *line = arena_printf(arena, "%s\n", ssh_certificate_line(arena, certificate));
	struct process process = {.program = keygen->program,
	                          .arguments = arguments,
	                          .input = {line, strlen(line)},
	                          .deadline_ms = DEADLINE_MS};
	const char *shown = arena_printf(
		arena,
		"(stdin):1:\n        Type: %s user certificate\n        Public key: %s-CERT %s\n"
		"        Signing CA: %s %s ",
		certificate->type, certificate->key.type->shown, certificate->key.fingerprint,
		certificate->authority.type->shown, certificate->authority.fingerprint);
	struct process_result result;

	TRY(process_run(arena, &process, &result));
	if (result.status == 0 && text_starts(result.output.data, shown)) {
		*ret_authentic = true;
		return NULL;
	}
	if (result.status == 1 && result.output.size == 0 && result.complaint &&
	    text_starts(result.complaint, "(stdin):1: invalid key: ")) {
		*ret_authentic = false;
		return NULL;
	}
	return FAIL(
		arena, KEYRING, .what = "cannot look at the certificate of a signature",
		.why = result.complaint && *result.complaint
	                       ? result.complaint
	                       : "ssh-keygen gave an unexpected answer",
		.hint = "Is openssh-client complete and up to date? Try: ssh-keygen -L -f FILE");
}

/* What a killed process left; a younger file may belong to one that is at work. */
void ssh_keygen_sweep(const struct ssh_keygen *keygen, struct arena *arena)
{
	DIR *folder = opendir(keygen->scratch);
	struct dirent *entry;
	struct stat status;

	while (folder && (entry = readdir(folder))) {
		const char *path = path_join(arena, keygen->scratch, entry->d_name);

		if (text_starts(entry->d_name, SCRATCH_PREFIX) && lstat(path, &status) == 0 &&
		    status.st_mtime < clock_wall() - SCRATCH_OLD_SECONDS)
			(void)unlink(path); /* the next opening tries again */
	}
	if (folder)
		(void)closedir(folder);
}

/*
 * The keyring of SSH keys. Who may sign, until when, and which key it was is decided here; whether the signature fits
 * is decided by ssh-keygen, which gets one generated line, so that it can only name the one person we looked up.
 * The order of judging matters: a revoked key is said to be revoked even when it is expired, too.
 */
#include "adapters/keyring_ssh.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "adapters/allowed_signers.h"
#include "adapters/sshsig.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"

#define SSH_KEYGEN_DEADLINE_MS 20000
#define SCRATCH_PREFIX "keyring-"
#define SCRATCH_OLD_SECONDS 3600
#define WHEN_MAXIMUM INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

struct revocations {
	const char *digest; /* of the file's bytes; NULL: not read yet, or none configured */
	bool is_krl;
	struct ssh_keys keys;       /* of a key list */
	struct text_list good, bad; /* of a KRL: fingerprints that ssh-keygen was asked about */
};

struct keyring_ssh {
	struct keyring keyring;
	struct arena *arena;
	const char *allowed_path, *revoked_path, *scratch, *ssh_keygen;
	const char *allowed_digest;
	struct allowed_signers signers;
	struct revocations revoked;
};

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict);
static FALLIBLE judge_ssh(struct keyring_ssh *ssh, const struct seal *seal, int64_t when,
                          struct arena *arena, struct verdict *verdict);
static void judge_validity(const struct allowed_signer *signer, int64_t when, struct arena *arena,
                           struct verdict *verdict);
static void sweep_scratch(struct keyring_ssh *ssh, struct arena *arena);
static FALLIBLE load_signers(struct keyring_ssh *ssh, struct arena *arena);
static FALLIBLE load_revocations(struct keyring_ssh *ssh, struct arena *arena);
static FALLIBLE is_revoked(struct keyring_ssh *ssh, const struct ssh_key *key, struct arena *arena,
                           bool *ret_revoked);
static bool list_holds(const struct text_list *list, const char *text);
static FALLIBLE ask_krl(struct keyring_ssh *ssh, const struct ssh_key *key, struct arena *arena,
                        bool *ret_revoked);
static FALLIBLE verify(struct keyring_ssh *ssh, const struct seal *seal,
                       const struct allowed_signer *signer, int64_t when, struct arena *arena,
                       struct verdict *verdict);
static FALLIBLE run_verify(struct keyring_ssh *ssh, const struct seal *seal,
                           const struct allowed_signer *signer, int64_t when, struct arena *arena,
                           struct process_result *ret_result);
static const char *signer_line(struct arena *arena, const struct allowed_signer *signer);
static const char *last_word_of(struct arena *arena, const char *complaint);
static FALLIBLE scratch_file(struct keyring_ssh *ssh, struct arena *arena, struct bytes bytes,
                             const char **ret_path);
static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest);
static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys);
static void close_keyring(struct keyring *keyring);

static const struct keyring_ops keyring_ssh_ops = {
	.name = "ssh", .judge = judge, .digest = digest, .keys = list_keys, .close = close_keyring};

/* A file of one call: gone at the end of its scope, on every path. */
static void scratch_cleanup(const char **path)
{
	if (*path)
		(void)unlink(*path); /* a rest of a few hundred public bytes does no harm */
}
#define AUTO_SCRATCH CLEANUP(scratch_cleanup) const char *

FALLIBLE keyring_ssh_open(struct arena *arena, const struct keyring_ssh_options *options,
                          struct keyring **ret_keyring)
{
	struct keyring_ssh *ssh = ARENA_NEW(arena, struct keyring_ssh);

	*ssh = (struct keyring_ssh){
		.keyring = {&keyring_ssh_ops},
		.arena = arena,
		.allowed_path = arena_text(arena, options->allowed_signers),
		.revoked_path = arena_text(arena, options->revoked),
		.scratch = arena_text(arena, options->scratch),
		.ssh_keygen = options->ssh_keygen ? arena_text(arena, options->ssh_keygen)
	                                          : program_find(arena, "ssh-keygen"),
	};
	if (!ssh->ssh_keygen)
		return FAIL(arena, PROGRAM_MISSING, .what = "cannot verify signatures",
		            .why = "ssh-keygen is not installed",
		            .hint = "Install it: apt-get install openssh-client");
	TRY(folder_private(arena, ssh->scratch));
	sweep_scratch(ssh, arena);
	TRY(load_signers(ssh, arena));
	TRY(load_revocations(ssh, arena));
	*ret_keyring = &ssh->keyring;
	return NULL;
}

/* What a killed process left; a younger file may belong to one that is at work. */
static void sweep_scratch(struct keyring_ssh *ssh, struct arena *arena)
{
	DIR *folder = opendir(ssh->scratch);
	struct dirent *entry;
	struct stat status;

	while (folder && (entry = readdir(folder))) {
		const char *path = path_join(arena, ssh->scratch, entry->d_name);

		if (text_starts(entry->d_name, SCRATCH_PREFIX) && lstat(path, &status) == 0 &&
		    status.st_mtime < clock_wall() - SCRATCH_OLD_SECONDS)
			(void)unlink(path); /* the next opening tries again */
	}
	if (folder)
		(void)closedir(folder);
}

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict)
{
	struct keyring_ssh *ssh = (struct keyring_ssh *)keyring;
	struct verdict verdict = {.kind = VERDICT_UNSIGNED, .format = seal->format};

	TRY(load_revocations(ssh, arena)); /* a missing file refuses everything, and at once */
	switch (seal->format) {
	case SIGNATURE_NONE:
		verdict.reason = "it carries no signature";
		break;
	case SIGNATURE_SSH:
		TRY(judge_ssh(ssh, seal, when, arena, &verdict));
		break;
	case SIGNATURE_OPENPGP:
		verdict.kind = VERDICT_UNSUPPORTED;
		verdict.reason =
			"OpenPGP signatures do not count here, as keys.openpgp is not set; sign with ssh: git config gpg.format ssh";
		break;
	case SIGNATURE_X509:
		verdict.kind = VERDICT_UNSUPPORTED;
		verdict.reason =
			"X.509 signatures are not supported; sign with ssh: git config gpg.format ssh";
		break;
	case SIGNATURE_UNKNOWN:
		verdict.kind = VERDICT_UNSUPPORTED;
		verdict.reason = "its signature is of no kind that git writes";
		break;
	}
	*ret_verdict = verdict;
	return NULL;
}

static FALLIBLE judge_ssh(struct keyring_ssh *ssh, const struct seal *seal, int64_t when,
                          struct arena *arena, struct verdict *verdict)
{
	const struct allowed_signer *signer;
	struct sshsig sshsig;
	bool revoked = true;

	verdict->kind = sshsig_parse(arena, seal->signature, &sshsig, &verdict->reason);
	if (verdict->kind != VERDICT_GOOD)
		return NULL;
	verdict->kind = VERDICT_UNTRUSTED;
	verdict->fingerprint = sshsig.key.fingerprint;
	signer = allowed_signers_find(&ssh->signers, &sshsig.key);
	if (!signer) {
		verdict->reason = arena_printf(arena, "the key %s is nobody's in the keyring",
		                               verdict->fingerprint);
		return NULL;
	}
	verdict->principal = arena_text(arena, signer->principal);

	TRY(is_revoked(ssh, &sshsig.key, arena, &revoked));
	if (revoked) {
		verdict->kind = VERDICT_REVOKED;
		verdict->reason = arena_printf(arena, "the key %s of %s is revoked",
		                               verdict->fingerprint, verdict->principal);
		return NULL;
	}
	judge_validity(signer, when, arena, verdict);
	if (verdict->kind != VERDICT_UNTRUSTED)
		return NULL;
	return verify(ssh, seal, signer, when, arena, verdict);
}

static void judge_validity(const struct allowed_signer *signer, int64_t when, struct arena *arena,
                           struct verdict *verdict)
{
	if (when < signer->valid_after) {
		verdict->kind = VERDICT_NOT_YET_VALID;
		verdict->reason =
			arena_printf(arena, "the key of %s is valid from %s on", signer->principal,
		                     clock_human(arena, signer->valid_after * 1000000));
	} else if (when > signer->valid_before) {
		verdict->kind = VERDICT_EXPIRED;
		verdict->reason =
			arena_printf(arena, "the key of %s was valid until %s", signer->principal,
		                     clock_human(arena, signer->valid_before * 1000000));
	}
}

/* Reads the file again; parses it, into the keyring's own arena, only when its bytes changed. */
static FALLIBLE load_signers(struct keyring_ssh *ssh, struct arena *arena)
{
	struct allowed_signers signers;
	const char *sum;
	struct bytes bytes;

	TRY(trust_file_read(arena, ssh->allowed_path, ALLOWED_SIGNERS_MAXIMUM, &bytes));
	sum = sha256_text(arena, bytes.data, bytes.size);
	if (text_equal(sum, ssh->allowed_digest))
		return NULL;
	TRY(allowed_signers_parse(ssh->arena, ssh->allowed_path, bytes, &signers));
	ssh->signers = signers;
	ssh->allowed_digest = arena_text(ssh->arena, sum);
	return NULL;
}

static FALLIBLE load_revocations(struct keyring_ssh *ssh, struct arena *arena)
{
	struct revocations revoked = {0};
	const char *sum;
	struct bytes bytes;

	if (!ssh->revoked_path)
		return NULL;
	TRY(trust_file_read(arena, ssh->revoked_path, REVOKED_MAXIMUM, &bytes));
	sum = sha256_text(arena, bytes.data, bytes.size);
	if (text_equal(sum, ssh->revoked.digest))
		return NULL;
	revoked.is_krl = revoked_keys_are_krl(bytes);
	if (!revoked.is_krl)
		TRY(revoked_keys_parse(ssh->arena, ssh->revoked_path, bytes, &revoked.keys));
	revoked.digest = arena_text(ssh->arena, sum);
	ssh->revoked = revoked;
	return NULL;
}

static FALLIBLE is_revoked(struct keyring_ssh *ssh, const struct ssh_key *key, struct arena *arena,
                           bool *ret_revoked)
{
	struct revocations *revoked = &ssh->revoked;
	bool is_bad = false;

	if (!ssh->revoked_path || list_holds(&revoked->good, key->fingerprint)) {
		*ret_revoked = false;
		return NULL;
	}
	if (!revoked->is_krl) {
		for (size_t i = 0; i < revoked->keys.count && !is_bad; i++)
			is_bad = ssh_key_equal(&revoked->keys.items[i], key);
		*ret_revoked = is_bad;
		return NULL;
	}
	if (!list_holds(&revoked->bad, key->fingerprint)) {
		TRY(ask_krl(ssh, key, arena, &is_bad));
		*LIST_ADD(ssh->arena, is_bad ? &revoked->bad : &revoked->good) =
			arena_text(ssh->arena, key->fingerprint);
		if (!is_bad) {
			*ret_revoked = false;
			return NULL;
		}
	}
	*ret_revoked = true;
	return NULL;
}

static bool list_holds(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i], text))
			return true;
	return false;
}

/*
 * The key goes in by standard input, with a comment of ours that `ssh-keygen -Q` repeats. It ends with 0 and "…: ok",
 * or with 1 and "…: REVOKED".
 */
static FALLIBLE ask_krl(struct keyring_ssh *ssh, const struct ssh_key *key, struct arena *arena,
                        bool *ret_revoked)
{
	const char *const arguments[] = {"-Q", "-f", ssh->revoked_path, "/dev/stdin", NULL};
	const char *line = arena_printf(arena, "%s headgate\n", ssh_key_line(arena, key));
	struct process process = {.program = ssh->ssh_keygen,
	                          .arguments = arguments,
	                          .input = {line, strlen(line)},
	                          .deadline_ms = SSH_KEYGEN_DEADLINE_MS};
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
	return FAIL(
		arena, KEYRING,
		.what = arena_printf(arena, "cannot use the keyring file '%s'", ssh->revoked_path),
		.why = result.complaint && *result.complaint ? result.complaint
	                                                     : "ssh-keygen gave no answer",
		.hint = arena_printf(arena, "Look at it with: ssh-keygen -Q -l -f %s",
	                             ssh->revoked_path));
}

/*
 * Only exit status 0 together with the one line that names git, the person and the key counts. ssh-keygen fails with
 * 255 in any other case; it is the signature's fault when the check itself failed, else ours.
 */
static FALLIBLE verify(struct keyring_ssh *ssh, const struct seal *seal,
                       const struct allowed_signer *signer, int64_t when, struct arena *arena,
                       struct verdict *verdict)
{
	const char *good =
		arena_printf(arena, "Good \"git\" signature for %s with %s key %s\n",
	                     signer->principal, signer->key.type->shown, signer->key.fingerprint);
	struct process_result result;

	TRY(run_verify(ssh, seal, signer, when, arena, &result));
	if (result.status == 0 && result.output.size == strlen(good) &&
	    memcmp(result.output.data, good, result.output.size) == 0) {
		verdict->kind = VERDICT_GOOD;
		return NULL;
	}
	if (result.status == 255 && result.complaint &&
	    strstr(result.complaint, "Signature verification failed: ")) {
		verdict->kind = VERDICT_BAD;
		verdict->reason = arena_printf(arena, "ssh-keygen says: %s",
		                               last_word_of(arena, result.complaint));
		return NULL;
	}
	return FAIL(
		arena, KEYRING,
		.what = arena_printf(arena, "cannot verify the signature of commit '%s'",
	                             commit_short(arena, seal->id)),
		.why = result.complaint && *result.complaint
	                       ? result.complaint
	                       : arena_printf(arena,
	                                      "ssh-keygen ended with %d and an unexpected answer",
	                                      result.status),
		.hint = "Is openssh-client complete and up to date? Try: ssh-keygen -Y verify");
}

static FALLIBLE run_verify(struct keyring_ssh *ssh, const struct seal *seal,
                           const struct allowed_signer *signer, int64_t when, struct arena *arena,
                           struct process_result *ret_result)
{
	AUTO_SCRATCH signers_path = NULL;
	AUTO_SCRATCH signature_path = NULL;
	const char *line = signer_line(arena, signer);
	const char *time_option = NULL;

	if (when < 0 || when > WHEN_MAXIMUM)
		BUG("a signature is judged at the time %lld", (long long)when);
	time_option = arena_printf(arena, "-Overify-time=%s", signer_time(arena, when));
	TRY(scratch_file(ssh, arena, (struct bytes){line, strlen(line)}, &signers_path));
	TRY(scratch_file(ssh, arena, seal->signature, &signature_path));

	const char *const arguments[] = {"-Y", "verify",          "-f",        signers_path,
	                                 "-I", signer->principal, "-n",        "git",
	                                 "-s", signature_path,    time_option, NULL};

	return process_run(arena,
	                   &(struct process){.program = ssh->ssh_keygen,
	                                     .arguments = arguments,
	                                     .input = seal->payload,
	                                     .deadline_ms = SSH_KEYGEN_DEADLINE_MS},
	                   ret_result);
}

/* The times stand in it again, in UTC, so that ssh-keygen would refuse what we let through by mistake. */
static const char *signer_line(struct arena *arena, const struct allowed_signer *signer)
{
	struct text line = TEXT_IN(arena);

	text_printf(&line, "\"%s\" namespaces=\"git\"", signer->principal);
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

static FALLIBLE scratch_file(struct keyring_ssh *ssh, struct arena *arena, struct bytes bytes,
                             const char **ret_path)
{
	char *path = arena_printf(arena, "%s/" SCRATCH_PREFIX "XXXXXX", ssh->scratch);
	AUTO_FD fd = mkostemp(path, O_CLOEXEC);
	size_t written = 0;

	if (fd >= 0)
		*ret_path = path; /* also when writing fails: whoever asked removes it */
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
		                             ssh->scratch),
			.why = arena_text(arena, strerror(errno)),
			.hint = "Is the disk full, or the folder gone? The agent makes it again at the next pass.");
	return NULL;
}

static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest)
{
	struct keyring_ssh *ssh = (struct keyring_ssh *)keyring;
	const char *both;

	TRY(load_signers(ssh, arena));
	TRY(load_revocations(ssh, arena));
	both = arena_printf(arena, "allowed_signers %s\nrevoked %s\n", ssh->allowed_digest,
	                    ssh->revoked.digest ? ssh->revoked.digest : "none");
	*ret_digest = sha256_text(arena, both, strlen(both));
	return NULL;
}

static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys)
{
	struct keyring_ssh *ssh = (struct keyring_ssh *)keyring;
	struct keyring_keys keys = {0};

	TRY(load_signers(ssh, arena));
	TRY(load_revocations(ssh, arena));
	for (size_t i = 0; i < ssh->signers.count; i++) {
		const struct allowed_signer *signer = &ssh->signers.items[i];
		struct keyring_key *key = LIST_ADD(arena, &keys);

		*key = (struct keyring_key){
			.principal = arena_text(arena, signer->principal),
			.fingerprint = arena_text(arena, signer->key.fingerprint),
			.valid_after = signer->valid_after,
			.valid_before = signer->valid_before,
			.kind = signer->key.type->name,
			.file = ssh->allowed_path,
			.line = signer->line,
		};
		TRY(is_revoked(ssh, &signer->key, arena, &key->revoked));
	}
	*ret_keys = keys;
	return NULL;
}

static void close_keyring(struct keyring *keyring)
{
	(void)keyring; /* nothing is held open between two calls */
}

/*
 * The keyring of SSH keys. Who may sign, until when, and which key it was is decided here; whether the signature fits
 * is decided by ssh-keygen (ssh_keygen.c), which is asked last of all.
 * The order of judging matters: a revoked key is said to be revoked even when it is expired, too.
 */
#include "adapters/keyring_ssh.h"

#include <inttypes.h>

#include "adapters/ssh_authority.h"
#include "adapters/ssh_keygen.h"
#include "adapters/sshsig.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"

#define YEAR_9999 INT64_C(253402300799) /* its last second */

struct revocations {
	const char *digest; /* of the file's bytes; NULL: not read yet, or none configured */
	bool is_krl;
	struct ssh_keys keys;       /* of a key list */
	struct text_list good, bad; /* of a KRL: keys that ssh-keygen was asked about (id_of) */
};

struct keyring_ssh {
	struct keyring keyring;
	struct arena *arena;
	const char *allowed_path, *revoked_path;
	struct ssh_keygen keygen;
	const char *allowed_digest;
	struct allowed_signers signers;
	struct revocations revoked;
	struct text_list
		authentic; /* certificates that carry their authority's signature (id_of) */
};

struct holder { /* of the key that signed */
	const struct ssh_key *key;
	const struct ssh_certificate *certificate; /* NULL: the key stands in the keyring itself */
};

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict);
static FALLIBLE judge_many(struct keyring *keyring, const struct keyring_ask *asks, size_t count,
                           struct arena *arena, struct verdict *ret_verdicts);
static FALLIBLE judge_key(struct keyring_ssh *ssh, const struct keyring_ask *ask,
                          struct arena *arena, struct verdict *ret_verdict,
                          struct ssh_keygen_ask *ret_question);
static FALLIBLE judge_ssh(struct keyring_ssh *ssh, const struct keyring_ask *ask,
                          struct arena *arena, struct verdict *verdict,
                          struct ssh_keygen_ask *ret_question);
static const struct allowed_signer *find_signer(struct keyring_ssh *ssh,
                                                const struct holder *holder, struct arena *arena,
                                                const char **ret_reason);
static FALLIBLE judge_certificate(struct keyring_ssh *ssh,
                                  const struct ssh_certificate *certificate, struct arena *arena,
                                  struct verdict *verdict);
static void judge_validity(const char *what, int64_t valid_after, int64_t valid_before,
                           int64_t when, struct arena *arena, struct verdict *verdict);
static const char *shown_time(struct arena *arena, int64_t seconds);
static FALLIBLE load_signers(struct keyring_ssh *ssh, struct arena *arena);
static FALLIBLE load_revocations(struct keyring_ssh *ssh, struct arena *arena);
static FALLIBLE is_revoked(struct keyring_ssh *ssh, const struct holder *holder,
                           struct arena *arena, bool *ret_revoked);
static bool list_revokes(const struct ssh_keys *list, const struct holder *holder);
static const char *id_of(struct arena *arena, const struct holder *holder);
static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest);
static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys);
static void close_keyring(struct keyring *keyring);

static const struct keyring_ops keyring_ssh_ops = {.name = "ssh",
                                                   .judge = judge,
                                                   .judge_many = judge_many,
                                                   .digest = digest,
                                                   .keys = list_keys,
                                                   .close = close_keyring};

FALLIBLE keyring_ssh_open(struct arena *arena, const struct keyring_ssh_options *options,
                          struct keyring **ret_keyring)
{
	struct keyring_ssh *ssh = ARENA_NEW(arena, struct keyring_ssh);

	*ssh = (struct keyring_ssh){
		.keyring = {&keyring_ssh_ops},
		.arena = arena,
		.allowed_path = arena_text(arena, options->allowed_signers),
		.revoked_path = arena_text(arena, options->revoked),
		.keygen = {.program = options->ssh_keygen ? arena_text(arena, options->ssh_keygen)
	                                                  : program_find(arena, "ssh-keygen"),
	                   .scratch = arena_text(arena, options->scratch)},
	};
	if (!ssh->keygen.program)
		return FAIL(arena, PROGRAM_MISSING, .what = "cannot verify signatures",
		            .why = "ssh-keygen is not installed",
		            .hint = "Install it: apt-get install openssh-client");
	TRY(folder_private(arena, ssh->keygen.scratch));
	ssh_keygen_sweep(&ssh->keygen, arena);
	TRY(load_signers(ssh, arena));
	TRY(load_revocations(ssh, arena));
	*ret_keyring = &ssh->keyring;
	return NULL;
}

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict)
{
	return judge_many(keyring, &(struct keyring_ask){seal, when}, 1, arena, ret_verdict);
}

/* Everything that is known here comes first, so that ssh-keygen only runs for what may be good. */
static FALLIBLE judge_many(struct keyring *keyring, const struct keyring_ask *asks, size_t count,
                           struct arena *arena, struct verdict *ret_verdicts)
{
	struct keyring_ssh *ssh = (struct keyring_ssh *)keyring;
	struct verdict *verdicts = ARENA_ARRAY(arena, struct verdict, count);
	size_t *places = ARENA_ARRAY(arena, size_t, count);
	struct ssh_keygen_asks open = {0};

	TRY(load_revocations(ssh, arena)); /* a missing file refuses everything, and at once */
	for (size_t i = 0; i < count; i++) {
		struct ssh_keygen_ask question = {.seal = asks[i].seal, .when = asks[i].when};

		TRY(judge_key(ssh, &asks[i], arena, &verdicts[i], &question));
		if (!question.signer)
			continue;
		places[open.count] = i;
		*LIST_ADD(arena, &open) = question;
	}
	TRY(ssh_keygen_verify(&ssh->keygen, arena, &open));
	for (size_t i = 0; i < open.count; i++) {
		verdicts[places[i]].kind = open.items[i].kind;
		verdicts[places[i]].reason = open.items[i].reason;
	}
	for (size_t i = 0; i < count; i++)
		ret_verdicts[i] = verdicts[i];
	return NULL;
}

/* *ret_question gets a signer when his signature is all that is still to be found out. */
static FALLIBLE judge_key(struct keyring_ssh *ssh, const struct keyring_ask *ask,
                          struct arena *arena, struct verdict *ret_verdict,
                          struct ssh_keygen_ask *ret_question)
{
	struct verdict verdict = {.kind = VERDICT_UNSIGNED, .format = ask->seal->format};

	switch (ask->seal->format) {
	case SIGNATURE_NONE:
		verdict.reason = "it carries no signature";
		break;
	case SIGNATURE_SSH:
		TRY(judge_ssh(ssh, ask, arena, &verdict, ret_question));
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

static FALLIBLE judge_ssh(struct keyring_ssh *ssh, const struct keyring_ask *ask,
                          struct arena *arena, struct verdict *verdict,
                          struct ssh_keygen_ask *ret_question)
{
	const struct allowed_signer *signer;
	struct sshsig sshsig;
	struct holder holder;
	bool revoked = true;

	verdict->kind = sshsig_parse(arena, ask->seal->signature, &sshsig, &verdict->reason);
	if (verdict->kind != VERDICT_GOOD)
		return NULL;
	holder = (struct holder){&sshsig.key, sshsig.certificate};
	verdict->kind = VERDICT_UNTRUSTED;
	verdict->fingerprint = sshsig.key.fingerprint;
	signer = find_signer(ssh, &holder, arena, &verdict->reason);
	if (!signer)
		return NULL;
	verdict->principal = arena_text(arena, signer->principal);

	if (holder.certificate)
		TRY(judge_certificate(ssh, holder.certificate, arena, verdict));
	if (verdict->kind == VERDICT_BAD)
		return NULL;
	TRY(is_revoked(ssh, &holder, arena, &revoked));
	if (revoked) {
		verdict->kind = VERDICT_REVOKED;
		verdict->reason =
			holder.certificate
				? arena_printf(arena,
		                               "the certificate of %s (serial %" PRIu64
		                               "), its key %s or its authority is revoked",
		                               verdict->principal, holder.certificate->serial,
		                               verdict->fingerprint)
				: arena_printf(arena, "the key %s of %s is revoked",
		                               verdict->fingerprint, verdict->principal);
		return NULL;
	}
	judge_validity(arena_printf(arena,
	                            signer->is_authority ? "the authority that certifies %s"
	                                                 : "the key of %s",
	                            signer->principal),
	               signer->valid_after, signer->valid_before, ask->when, arena, verdict);
	if (holder.certificate && verdict->kind == VERDICT_UNTRUSTED)
		judge_validity(arena_printf(arena, "the certificate of %s", signer->principal),
		               holder.certificate->valid_after, holder.certificate->valid_before,
		               ask->when, arena, verdict);
	if (verdict->kind != VERDICT_UNTRUSTED)
		return NULL;
	ret_question->signer = signer;
	ret_question->key = sshsig.key;
	return NULL;
}

/* NULL: nobody, and *ret_reason says why. */
static const struct allowed_signer *find_signer(struct keyring_ssh *ssh,
                                                const struct holder *holder, struct arena *arena,
                                                const char **ret_reason)
{
	const struct allowed_signer *signer;

	if (holder->certificate)
		return ssh_authority_person(arena, &ssh->signers, holder->certificate, ret_reason);
	signer = allowed_signers_find(&ssh->signers, holder->key);
	if (signer && !signer->is_authority)
		return signer;
	*ret_reason = arena_printf(
		arena,
		signer ? "the key %s is an authority's, which vouches by its certificates alone"
		       : "the key %s is nobody's in the keyring",
		holder->key->fingerprint);
	return NULL;
}

/* Before anything else is asked about it, or a forged certificate would make ssh-keygen fail where that stops the branch. */
static FALLIBLE judge_certificate(struct keyring_ssh *ssh,
                                  const struct ssh_certificate *certificate, struct arena *arena,
                                  struct verdict *verdict)
{
	const char *id = id_of(arena, &(struct holder){.certificate = certificate});
	bool authentic = false;

	if (text_list_has(&ssh->authentic, id))
		return NULL;
	TRY(ssh_keygen_ask_certificate(&ssh->keygen, certificate, arena, &authentic));
	if (authentic) {
		*LIST_ADD(ssh->arena, &ssh->authentic) = arena_text(ssh->arena, id);
		return NULL;
	}
	verdict->kind = VERDICT_BAD;
	verdict->reason = arena_printf(arena, "its certificate was not signed by the authority %s",
	                               certificate->authority.fingerprint);
	return NULL;
}

static void judge_validity(const char *what, int64_t valid_after, int64_t valid_before,
                           int64_t when, struct arena *arena, struct verdict *verdict)
{
	if (when < valid_after) {
		verdict->kind = VERDICT_NOT_YET_VALID;
		verdict->reason = arena_printf(arena, "%s is valid from %s on", what,
		                               shown_time(arena, valid_after));
	} else if (when > valid_before) {
		verdict->kind = VERDICT_EXPIRED;
		verdict->reason = arena_printf(arena, "%s was valid until %s", what,
		                               shown_time(arena, valid_before));
	}
}

/* A certificate's time may be of any size. */
static const char *shown_time(struct arena *arena, int64_t seconds)
{
	return seconds > YEAR_9999 ? "a time that never comes"
	                           : clock_human(arena, seconds * 1000000);
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

/* Of a certificate: by its serial, its key id, the key or the authority's key. */
static FALLIBLE is_revoked(struct keyring_ssh *ssh, const struct holder *holder,
                           struct arena *arena, bool *ret_revoked)
{
	struct revocations *revoked = &ssh->revoked;
	const char *id = id_of(arena, holder);
	bool is_bad = false;

	if (!ssh->revoked_path || text_list_has(&revoked->good, id)) {
		*ret_revoked = false;
		return NULL;
	}
	if (!revoked->is_krl) {
		*ret_revoked = list_revokes(&revoked->keys, holder);
		return NULL;
	}
	if (!text_list_has(&revoked->bad, id)) {
		TRY(ssh_keygen_ask_krl(&ssh->keygen, ssh->revoked_path,
		                       holder->certificate
		                               ? ssh_certificate_line(arena, holder->certificate)
		                               : ssh_key_line(arena, holder->key),
		                       arena, &is_bad));
		*LIST_ADD(ssh->arena, is_bad ? &revoked->bad : &revoked->good) =
			arena_text(ssh->arena, id);
		if (!is_bad) {
			*ret_revoked = false;
			return NULL;
		}
	}
	*ret_revoked = true;
	return NULL;
}

static bool list_revokes(const struct ssh_keys *list, const struct holder *holder)
{
	for (size_t i = 0; i < list->count; i++)
		if (ssh_key_equal(&list->items[i], holder->key) ||
		    (holder->certificate &&
		     ssh_key_equal(&list->items[i], &holder->certificate->authority)))
			return true;
	return false;
}

/* One person may have a key with many certificates, each of which is asked about by itself. */
static const char *id_of(struct arena *arena, const struct holder *holder)
{
	const struct ssh_certificate *certificate = holder->certificate;

	return certificate ? sha256_text(arena, certificate->blob.data, certificate->blob.size)
	                   : holder->key->fingerprint;
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
			.authority = signer->is_authority,
		};
		TRY(is_revoked(ssh, &(struct holder){.key = &signer->key}, arena, &key->revoked));
	}
	*ret_keys = keys;
	return NULL;
}

static void close_keyring(struct keyring *keyring)
{
	(void)keyring; /* nothing is held open between two calls */
}

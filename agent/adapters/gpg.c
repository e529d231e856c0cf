/*
 * Every call of GPGME; alone includes it. Easily got wrong: GPGME starts gpg with the environment of this process and
 * changes what SIGPIPE does, so each call stands between guard_begin and guard_end; and success of an operation says
 * nothing about a signature, so what counts is the list of results alone.
 */
#include "adapters/gpg.h"

#include <gpgme.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

#define GPG_DEADLINE_MS 20000
#define NAME_MAXIMUM 60 /* code points of a user id that are shown */
#define RSA_BITS_MINIMUM 2048
#define FINGERPRINT_DIGITS 40

struct gpg {
	gpgme_ctx_t context;
	const char *program;
};

struct guard {
	char **environment;
	struct sigaction pipe;
};

static const char *const curves[] = {
	"Ed25519",         "Ed448",    "NIST P-256", "NIST P-384",      "NIST P-521",
	"nistp256",        "nistp384", "nistp521",   "brainpoolP256r1", "brainpoolP384r1",
	"brainpoolP512r1", "ed25519",  "ed448"};

/* Trust is our own list of fingerprints; nothing is asked, fetched, started or locked. */
static const char settings[] = "no-auto-key-retrieve\nno-auto-check-trustdb\ntrust-model always\n"
			       "disable-dirmngr\nno-autostart\nno-random-seed-file\nlock-never\n";

static void start_library(void);
static struct guard guard_begin(void);
static void guard_end(const struct guard *guard);
#define AUTO_GUARD __attribute__((unused)) CLEANUP(guard_end) const struct guard
static FALLIBLE await(struct gpg *gpg, struct arena *arena, gpgme_error_t started);
static FALLIBLE failed(struct gpg *gpg, struct arena *arena, gpgme_error_t error);
static void data_cleanup(gpgme_data_t *data);
#define AUTO_DATA CLEANUP(data_cleanup) gpgme_data_t
static void add_key(struct arena *arena, struct gpg_keys *keys, gpgme_key_t key);
static const char *email_of(struct arena *arena, gpgme_key_t key);
static const char *kind_of(struct arena *arena, gpgme_subkey_t subkey);
static const char *name_of(struct arena *arena, gpgme_key_t key);
static const char *weakness_of(struct arena *arena, const struct _gpgme_subkey *subkey);
static struct gpg_signature read_signature(struct arena *arena,
                                           const struct _gpgme_signature *signature);

FALLIBLE gpg_open(struct arena *arena, const char *program, const char *home, struct gpg **ret_gpg)
{
	struct gpg *gpg = ARENA_NEW(arena, struct gpg);
	gpgme_error_t error;

	gpg->program = arena_text(arena, program);
	TRY(file_save(arena, path_join(arena, home, "gpg.conf"),
	              (struct bytes){settings, strlen(settings)}, 0600));
	AUTO_GUARD guard = guard_begin();

	start_library();
	error = gpgme_new(&gpg->context);
	if (!error)
		error = gpgme_ctx_set_engine_info(gpg->context, GPGME_PROTOCOL_OpenPGP, program,
		                                  home);
	if (error) {
		struct error *why = failed(gpg, arena, error);

		gpg_close(gpg);
		return why;
	}
	gpgme_set_offline(gpg->context, 1);
	gpgme_set_armor(gpg->context, 1);
	*ret_gpg = gpg;
	return NULL;
}

/* Without gpgconf, which would look at the user's home; once a process. */
static void start_library(void)
{
	static bool started;

	if (started)
		return;
	(void)gpgme_set_global_flag("disable-gpgconf", "1");
	if (!gpgme_check_version("1.18.0"))
		BUG("GPGME is older than the one that this was built with");
	started = true;
}

static struct guard guard_begin(void)
{
	static char path[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C.UTF-8";
	static char *clean[] = {path, locale, NULL};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct guard guard = {.environment = environ};

	(void)sigaction(SIGPIPE, &ignore, &guard.pipe);
	environ = clean;
	return guard;
}

static void guard_end(const struct guard *guard)
{
	environ = guard->environment;
	(void)sigaction(SIGPIPE, &guard->pipe, NULL);
}

void gpg_close(struct gpg *gpg)
{
	if (!gpg || !gpg->context)
		return;
	gpgme_release(gpg->context);
	gpg->context = NULL;
}

/* gpgme_wait returns after a second at the latest. */
static FALLIBLE await(struct gpg *gpg, struct arena *arena, gpgme_error_t started)
{
	const uint64_t deadline = clock_monotonic_ms() + GPG_DEADLINE_MS;
	gpgme_error_t ended = 0;

	if (started)
		return failed(gpg, arena, started);
	while (!gpgme_wait(gpg->context, &ended, /* hang= */ 0)) {
		if (!stop_asked() && clock_monotonic_ms() < deadline)
			continue;
		(void)gpgme_cancel(gpg->context);
		if (stop_asked())
			return FAIL(arena, STOPPED, .what = "stopped while gpg was at work",
			            .why = "a signal asked for it",
			            .hint = "Start again: headgate reconcile");
		return FAIL(arena, KEYRING, .what = "cannot ask gpg about a signature or a key",
		            .why = "it gave no answer for 20 s",
		            .hint = arena_printf(arena, "Does it work by itself? Try: %s --version",
		                                 gpg->program));
	}
	return ended ? failed(gpg, arena, ended) : NULL;
}

static FALLIBLE failed(struct gpg *gpg, struct arena *arena, gpgme_error_t error)
{
	return FAIL(arena, KEYRING, .what = "cannot ask gpg about a signature or a key",
	            .why = text_clip(arena, gpgme_strerror(error), 200),
	            .hint = arena_printf(arena, "Does it work by itself? Try: %s --version",
	                                 gpg->program));
}

static void data_cleanup(gpgme_data_t *data)
{
	if (*data)
		gpgme_data_release(*data);
}

FALLIBLE gpg_import(struct gpg *gpg, struct arena *arena, struct bytes armor,
                    struct gpg_import *ret_import)
{
	AUTO_GUARD guard = guard_begin();
	AUTO_DATA data = NULL;
	struct gpg_import import = {0};
	gpgme_import_result_t result;
	gpgme_error_t error = gpgme_data_new_from_mem(&data, armor.data, armor.size, /* copy= */ 0);

	if (!error)
		error = gpgme_op_import_start(gpg->context, data);
	TRY(await(gpg, arena, error));
	result = gpgme_op_import_result(gpg->context);
	for (gpgme_import_status_t status = result ? result->imports : NULL; status;
	     status = status->next)
		if (!status->result && status->fpr)
			text_list_add_once(arena, &import.fingerprints,
			                   arena_text(arena, status->fpr));
	import.unnamed = result ? (size_t)result->no_user_id : 0;
	import.secret = result ? (size_t)result->secret_read : 0;
	*ret_import = import;
	return NULL;
}

FALLIBLE gpg_list(struct gpg *gpg, struct arena *arena, struct gpg_keys *ret_keys)
{
	AUTO_GUARD guard = guard_begin();
	struct gpg_keys keys = {0};
	gpgme_key_t key = NULL;
	gpgme_error_t error = gpgme_op_keylist_start(gpg->context, NULL, /* secret_only= */ 0);

	while (!error) {
		error = gpgme_op_keylist_next(gpg->context, &key);
		if (error)
			break;
		add_key(arena, &keys, key);
		gpgme_key_unref(key);
	}
	if (gpgme_err_code(error) != GPG_ERR_EOF)
		return failed(gpg, arena, error);
	*ret_keys = keys;
	return NULL;
}

/* A subkey counts for no longer than its primary key does. */
static void add_key(struct arena *arena, struct gpg_keys *keys, gpgme_key_t key)
{
	const struct _gpgme_subkey *primary = key->subkeys;

	for (gpgme_subkey_t subkey = key->subkeys; subkey; subkey = subkey->next) {
		const int64_t from = subkey->timestamp > primary->timestamp ? subkey->timestamp
		                                                            : primary->timestamp;
		int64_t until = INT64_MAX;

		if (!subkey->fpr || strlen(subkey->fpr) != FINGERPRINT_DIGITS || !primary->fpr)
			continue;
		if (primary->expires > 0)
			until = primary->expires - 1;
		if (subkey->expires > 0 && subkey->expires - 1 < until)
			until = subkey->expires - 1;
		*LIST_ADD(arena, keys) = (struct gpg_key){
			.fingerprint = arena_text(arena, subkey->fpr),
			.primary = arena_text(arena, primary->fpr),
			.valid_after = from,
			.valid_before = until,
			.revoked = key->revoked || primary->revoked || subkey->revoked,
			.can_sign = subkey->can_sign && !subkey->invalid && !subkey->disabled,
			.email = email_of(arena, key),
			.kind = kind_of(arena, subkey),
			.name = name_of(arena, key),
			.weakness = weakness_of(arena, subkey),
		};
	}
}

static const char *email_of(struct arena *arena, gpgme_key_t key)
{
	for (const struct _gpgme_user_id *id = key->uids; id; id = id->next)
		if (!id->revoked && !id->invalid && id->email && *id->email)
			return arena_text(arena, text_trim(arena, id->email));
	return NULL;
}

static const char *kind_of(struct arena *arena, gpgme_subkey_t subkey)
{
	char *said = gpgme_pubkey_algo_string(subkey);
	const char *kind = said ? text_clip(arena, said, 40) : NULL;

	gpgme_free(said);
	return kind;
}

static const char *name_of(struct arena *arena, gpgme_key_t key)
{
	for (const struct _gpgme_user_id *id = key->uids; id; id = id->next)
		if (!id->revoked && !id->invalid && id->uid && *id->uid)
			return text_clip(arena, id->uid, NAME_MAXIMUM);
	return NULL;
}

static const char *weakness_of(struct arena *arena, const struct _gpgme_subkey *subkey)
{
	switch ((int)subkey->pubkey_algo) {
	case GPGME_PK_RSA:
	case GPGME_PK_RSA_S:
		return subkey->length >= RSA_BITS_MINIMUM
		               ? NULL
		               : arena_printf(arena,
		                              "an RSA key of %u bits is too weak; it needs 2048",
		                              subkey->length);
	case GPGME_PK_DSA:
		return "DSA keys are too weak";
	case GPGME_PK_ECDSA:
	case GPGME_PK_EDDSA:
		for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
			if (subkey->curve && text_equal(subkey->curve, curves[i]))
				return NULL;
		return arena_printf(arena, "keys on the curve '%s' are not supported",
		                    subkey->curve ? text_clip(arena, subkey->curve, 40) : "?");
	default:
		return "keys of its kind are not supported";
	}
}

FALLIBLE gpg_verify(struct gpg *gpg, struct arena *arena, struct bytes signature,
                    struct bytes payload, struct gpg_signatures *ret_signatures)
{
	AUTO_GUARD guard = guard_begin();
	AUTO_DATA armor = NULL;
	AUTO_DATA signed_bytes = NULL;
	struct gpg_signatures signatures = {0};
	gpgme_verify_result_t result;
	gpgme_error_t error = gpgme_data_new_from_mem(&armor, signature.data, signature.size, 0);

	if (!error)
		error = gpgme_data_new_from_mem(&signed_bytes, payload.data, payload.size, 0);
	if (!error)
		error = gpgme_op_verify_start(gpg->context, armor, signed_bytes, NULL);
	TRY(await(gpg, arena, error));
	result = gpgme_op_verify_result(gpg->context);
	for (gpgme_signature_t one = result ? result->signatures : NULL; one; one = one->next)
		*LIST_ADD(arena, &signatures) = read_signature(arena, one);
	*ret_signatures = signatures;
	return NULL;
}

/* Where the time alone is wrong gpg has checked the bytes, too: only then it gives a time and the whole fingerprint. */
static struct gpg_signature read_signature(struct arena *arena,
                                           const struct _gpgme_signature *signature)
{
	struct gpg_signature read = {
		.answer = GPG_OTHER,
		.valid_before = INT64_MAX,
		.word = text_clip(arena, gpgme_strerror(signature->status), 200),
	};
	const bool checked = signature->fpr && strlen(signature->fpr) == FINGERPRINT_DIGITS &&
	                     signature->timestamp > 0 && !signature->wrong_key_usage;

	switch ((int)gpgme_err_code(signature->status)) {
	case GPG_ERR_NO_ERROR:
	case GPG_ERR_KEY_EXPIRED:
	case GPG_ERR_SIG_EXPIRED:
		read.answer = checked ? GPG_GOOD : GPG_OTHER;
		break;
	case GPG_ERR_CERT_REVOKED:
		read.answer = checked ? GPG_REVOKED : GPG_OTHER;
		break;
	case GPG_ERR_BAD_SIGNATURE:
		read.answer = GPG_BAD;
		break;
	default:
		break;
	}
	if (read.answer == GPG_GOOD || read.answer == GPG_REVOKED)
		read.fingerprint = arena_text(arena, signature->fpr);
	if (signature->exp_timestamp > 0)
		read.valid_before = (int64_t)signature->exp_timestamp - 1;
	return read;
}

/*
 * Attacks on one signed object, one named test each, with the verdict that is wanted and what `git verify-commit` says to
 * the same object with the same keys. Where git accepts and we do not, docs/security.md says why. Attacks on histories
 * are in tests/scenario/attacks.sh; the numbers are those of the list there.
 */
#include "unit/base/check.h"

#include "adapters/keyring_by_format.h"
#include "adapters/keyring_openpgp.h"
#include "adapters/keyring_ssh.h"
#include "base/file.h"
#include "contract/attack_objects.h"

#include <stdlib.h>
#include <sys/stat.h>

#define ADA "ada@example.org"
#define NOW 1764000000
#define NOTHING ((struct bytes){NULL, 0})

enum revocations {
	NONE,
	LIST,
	CA_LISTED,
	HOLDER_LISTED,
	KRL,
	SERIAL,
	KEY_ID,
	CA_IN_KRL,
	OPENPGP,
	MISSING
};

static const struct {
	const char
		*text; /* of the file, or of what ssh-keygen makes the KRL of; "%NAME" for a key */
	bool is_krl;
} revocation_files[] = {
	[NONE] = {"", false},
	[LIST] = {"%ed25519\n", false},
	[CA_LISTED] = {"%ca\n", false},
	[HOLDER_LISTED] = {"%holder\n", false},
	[KRL] = {"key: %ed25519\n", true},
	[SERIAL] = {"serial: 3\n", true},
	[KEY_ID] = {"id: holder\n", true},
	[CA_IN_KRL] = {"key: %ca\n", true},
	[OPENPGP] = {"", false},
	[MISSING] = {NULL, false},
};

struct attack {
	const char *name, *how;
	struct bytes (*make)(void);
	const char *signers; /* lines of allowed_signers, "%NAME" for a key; NULL: ada's key */
	enum revocations revocations; /* of the key "ed25519", of a serial, or of the OpenPGP key */
	const char *expected;         /* a verdict, or "error": nothing is judged at all */
	bool git;                     /* does git accept it? */
	const char *reason;           /* a part of what is said; NULL: nothing more */
};

static struct ssh_world world;
static struct attack_keys keys;

static struct bytes plain(void)
{
	return attack_plain(&world);
}

static struct bytes signed_well(void)
{
	return attack_ssh(&world, "ed25519", plain());
}

static struct bytes changed(const char *part, const char *other)
{
	return attack_replace(&world, signed_well(), part, other);
}

static struct bytes with_armor(const char *armor)
{
	return ssh_world_with_signature(&world, plain(), attack_bytes(&world, armor));
}

/* ---- armors (2) ---- */

static struct bytes damaged(void)
{
	return changed("U1NIU0lH", "U1NIU0lI");
}

static struct bytes truncated(void)
{
	return changed(" -----END SSH SIGNATURE-----\n", "");
}

static struct bytes with_carriage_returns(void)
{
	return changed("BEGIN SSH SIGNATURE-----\n", "BEGIN SSH SIGNATURE-----\r\n");
}

static struct bytes empty(void)
{
	return with_armor("-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n");
}

static struct bytes huge(void)
{
	struct text text = TEXT_IN(world.arena);

	text_add(&text, "-----BEGIN SSH SIGNATURE-----\n");
	while (text.size < 200 * 1024)
		text_add(&text, "U1NIU0lHU1NIU0lHU1NIU0lHU1NIU0lHU1NIU0lHU1NIU0lHU1NIU0lH\n");
	text_add(&text, "-----END SSH SIGNATURE-----\n");
	return with_armor(text_get(&text));
}

/* ---- what was signed is changed (3, 4) ---- */

static struct bytes tampered_message(void)
{
	return changed("- [ ] tested", "- [x] tested");
}

static struct bytes tampered_tree(void)
{
	return changed("tree 4b825dc6", "tree 4b825dc7");
}

static struct bytes tampered_parent(void)
{
	return changed("parent ", "parent 1111111111111111111111111111111111111111\nparent ");
}

static struct bytes transplanted(void)
{
	struct bytes other = attack_replace(&world, plain(), "Add a table", "Drop a table");

	return ssh_world_with_signature(
		&world, other, ssh_world_sign(&world, "ed25519", "git", "sha512", plain()));
}

/* ---- keys (5, 6, 9 to 13) ---- */

static struct bytes by_eve(void)
{
	return attack_ssh(&world, "eve", plain());
}

static struct bytes for_files(void)
{
	return ssh_world_with_signature(
		&world, plain(), ssh_world_sign(&world, "ed25519", "file", "sha512", plain()));
}

static struct bytes by_gpg(void)
{
	return attack_gpg(&world, keys.ada, NULL, NULL, "--detach-sign", plain());
}

static struct bytes dated(const char *when)
{
	struct bytes raw = attack_replace(&world, plain(), "1763000000 +0000\nc",
	                                  arena_printf(world.arena, "%s +0000\nc", when));

	return attack_ssh(&world, "ed25519",
	                  attack_replace(&world, raw, "1763000000 +0000\n\n",
	                                 arena_printf(world.arena, "%s +0000\n\n", when)));
}

static struct bytes backdated(void)
{
	return dated("1560000000");
}

static struct bytes future_dated(void)
{
	return dated("4000000000");
}

static struct bytes signature_that_ended(void)
{
	struct bytes armor =
		GPG(&world, plain(), "-u", keys.ada, "--faked-system-time", "20200601T000000!",
	            "--default-sig-expire", "20200701T000000", "--armor", "--detach-sign");

	return ssh_world_with_signature(&world, plain(), armor);
}

static struct bytes digest_sha1(void)
{
	return attack_gpg(&world, keys.ada, "--digest-algo", "SHA1", "--detach-sign", plain());
}

static struct bytes by_rsa1024(void)
{
	return attack_ssh(&world, "rsa1024", plain());
}

static struct bytes by_rsa_sha1(void)
{
	return attack_rsa_sha1(&world, plain());
}

/* ---- how the object is written (14 to 22) ---- */

static struct bytes two_signers(void)
{
	return attack_gpg(&world, keys.ada, "-u", keys.eve, "--detach-sign", plain());
}

static struct bytes two_headers(void)
{
	return changed("\n\nAdd a table", "\ngpgsig again\n\nAdd a table");
}

static struct bytes two_whole_headers(void)
{
	return ssh_world_with_signature(&world, signed_well(),
	                                ssh_world_sign(&world, "eve", "git", "sha512", plain()));
}

static struct bytes header_that_starts_so(void)
{
	return changed("\n\nAdd a table", "\ngpgsigX free text that nobody signed\n\nAdd a table");
}

static struct bytes in_the_body(void)
{
	struct bytes armor = ssh_world_sign(&world, "ed25519", "git", "sha512", plain());

	return attack_replace(&world, plain(), "Add a table\n",
	                      arena_printf(world.arena, "Add a table\n\ngpgsig %.*s",
	                                   (int)armor.size, armor.data));
}

/* Readers that drop every line which begins with gpgsig would not show the open item. */
static struct bytes hidden_line(void)
{
	return attack_replace(&world, in_the_body(), "- [ ] tested", "gpgsig - [ ] tested");
}

static struct bytes line_behind_the_armor(void)
{
	return changed(" -----END SSH SIGNATURE-----\n",
	               " -----END SSH SIGNATURE-----\n - [x] tested\n");
}

static struct bytes nul_at_the_end(void)
{
	struct bytes raw = signed_well();
	struct text text = TEXT_IN(world.arena);

	text_add_bytes(&text, raw.data, raw.size);
	text_add_bytes(&text, "\0- [x] tested\n", 14);
	return text_bytes(&text);
}

static struct bytes nul_inside(void)
{
	struct bytes payload = plain(), raw;
	char *copy = arena_copy(world.arena, payload.data, payload.size);

	*strstr(copy, " a table") = '\0';
	raw = ssh_world_with_signature(&world, payload,
	                               ssh_world_sign(&world, "ed25519", "git", "sha512",
	                                              (struct bytes){copy, payload.size}));
	copy = arena_copy(world.arena, raw.data, raw.size);
	*strstr(copy, " a table") = '\0';
	return (struct bytes){copy, raw.size};
}

static struct bytes signed_with(const char *part, const char *other)
{
	return attack_ssh(&world, "ed25519", attack_replace(&world, plain(), part, other));
}

static struct bytes two_authors(void)
{
	return signed_with("committer Ada",
	                   "author Eve <eve@example.org> 1763000000 +0000\ncommitter Ada");
}

static struct bytes two_committers(void)
{
	return signed_with("\n\nAdd", "\ncommitter Eve <eve@example.org> 1763000000 +0000\n\nAdd");
}

static struct bytes two_trees(void)
{
	return signed_with("parent ", "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent ");
}

static struct bytes late_parent(void)
{
	return signed_with("\n\nAdd", "\nparent 1111111111111111111111111111111111111111\n\nAdd");
}

static struct bytes inline_message(void)
{
	struct bytes armor = GPG(&world, ((struct bytes){"other text\n", 11}), "-u", keys.ada,
	                         "--armor", "--sign");

	return ssh_world_with_signature(&world, plain(), armor);
}

static struct bytes status_in_a_comment(void)
{
	return attack_gpg(&world, keys.eve, "--comment",
	                  "[GNUPG:] GOODSIG 0123456789ABCDEF Ada <ada@example.org>",
	                  "--detach-sign", plain());
}

/* ---- people (23, 27 to 29) ---- */

static struct bytes in_anothers_name(void)
{
	return signed_with("committer Ada <ada@", "committer Bob <bob@");
}

#define BY(certificate)                                                                            \
	static struct bytes by_##certificate(void)                                                 \
	{                                                                                          \
		return attack_ssh(&world, #certificate "-cert.pub", plain());                      \
	}

BY(holder)
BY(elsewhere)
BY(nobody)
BY(both)
BY(twin)
BY(odd)
BY(ended)
BY(future)
BY(withdrawn)
BY(host)
BY(stranger)
BY(limited)
BY(pinned)
BY(weak)
BY(sha1)
BY(second)
BY(rsa2048)

static struct bytes backdated_by_ended(void)
{
	struct bytes raw =
		attack_replace(&world, plain(), "1763000000 +0000\nc", "1578000000 +0000\nc");

	return attack_ssh(
		&world, "ended-cert.pub",
		attack_replace(&world, raw, "1763000000 +0000\n\n", "1578000000 +0000\n\n"));
}

static struct bytes by_the_authority(void)
{
	return attack_ssh(&world, "ca", plain());
}

/* The name that the certificate gives is another, so that the authority's signature no longer fits. */
static struct bytes by_forged(void)
{
	return attack_certificate(&world, "elsewhere", "eve@elsewhere.org", "adaxy@example.org");
}

static struct bytes certified_untouched(void)
{
	return attack_sk_certified(&world, 0, plain());
}

static struct bytes certified_touched(void)
{
	return attack_sk_certified(&world, 1, plain());
}

static struct bytes untouched(void)
{
	return attack_sk(&world, 0, plain());
}

static struct bytes touched(void)
{
	return attack_sk(&world, 1, plain());
}

static struct bytes by_mldsa(void)
{
	return attack_key_type(&world, "ssh-mldsa-65@openssh.com");
}

static struct bytes by_x509(void)
{
	return with_armor(
		"-----BEGIN SIGNED MESSAGE-----\nMIAGCSqG\n-----END SIGNED MESSAGE-----\n");
}

static struct bytes by_something(void)
{
	return with_armor("-----BEGIN OTHER-----\nMIAGCSqG\n-----END OTHER-----\n");
}

/* The signature header of the object's other form is not signed, so that it makes a second id for one payload. */
static struct bytes second_id(void)
{
	return changed("\n\nAdd a table", "\ngpgsig-sha256 anything\n\nAdd a table");
}

#define GIT_LINE(options) ADA " namespaces=\"git\"" options " %ed25519\n"
#define CA_LINE(patterns, options) patterns " cert-authority,namespaces=\"git\"" options " %ca\n"
#define CA CA_LINE("*@example.org", "")

/* clang-format off */
static const struct attack attacks[] = {
	{"00 a good signature, so that the table can fail", "git commit -S", signed_well, NULL, NONE, "good", true, NULL},
	{"00 a good OpenPGP signature", "gpg --detach-sign", by_gpg, NULL, NONE, "good", true, NULL},
	{"01 unsigned", "git commit", plain, NULL, NONE, "unsigned", false, NULL},
	{"02 damaged armor", "one letter of the base64 changed", damaged, NULL, NONE, "malformed", false, NULL},
	{"02 truncated armor", "without its END line", truncated, NULL, NONE, "malformed", false, "cut off"},
	{"02 armor with CRLF", "\\r behind the BEGIN line", with_carriage_returns, NULL, NONE, "malformed", false, "control characters"},
	{"02 empty armor", "BEGIN and END alone", empty, NULL, NONE, "malformed", false, "empty"},
	{"02 armor of 200 KB", "filled with base64", huge, NULL, NONE, "malformed", false, "larger than"},
	{"03 tampered message", "an item ticked after signing", tampered_message, NULL, NONE, "bad", false, NULL},
	{"03 tampered tree", "another tree put in front", tampered_tree, NULL, NONE, "bad", false, NULL},
	{"03 tampered parent", "another parent put in front", tampered_parent, NULL, NONE, "bad", false, NULL},
	{"04 transplanted signature", "the armor of another commit", transplanted, NULL, NONE, "bad", false, NULL},
	{"05 unknown key", "git commit -S by eve", by_eve, NULL, NONE, "untrusted", false, NULL},
	{"06 signature for files", "ssh-keygen -Y sign -n file", for_files, NULL, NONE, "bad", false, "'file'"},
	{"07 revoked by a KRL", "ssh-keygen -k", signed_well, NULL, KRL, "revoked", false, NULL},
	{"07 revoked by a list", "the public key in a file", signed_well, NULL, LIST, "revoked", false, NULL},
	{"07 revoked OpenPGP key", "gpg's own revocation", by_gpg, NULL, OPENPGP, "revoked", false, NULL},
	{"08 revocation file missing", "configured, and not there", signed_well, NULL, MISSING, "error", true, NULL},
	{"09 expired key, fresh commit", "valid-before in the past", signed_well, GIT_LINE(",valid-before=\"20200101Z\""), NONE, "expired", false, NULL},
	{"10 expired key, backdated commit", "committer's time of 2019", backdated, GIT_LINE(",valid-before=\"20200101Z\""), NONE, "expired", true, NULL},
	{"11 key not yet valid, future-dated commit", "committer's time of 2096", future_dated, GIT_LINE(",valid-after=\"20900101Z\""), NONE, "not-yet-valid", true, NULL},
	{"12 expired signature", "gpg --default-sig-expire", signature_that_ended, NULL, NONE, "expired", false, NULL},
	{"13 SHA-1 digest", "gpg --digest-algo SHA1", digest_sha1, NULL, NONE, "unsupported", true, "SHA-1"},
	{"13 RSA of 1024 bits", "ssh-keygen -t rsa -b 1024", by_rsa1024, NULL, NONE, "unsupported", false, NULL},
	{"13 RSA of 1024 bits in the file of keys", "the same, listed", by_rsa1024, ADA " namespaces=\"git\" %rsa1024\n", NONE, "error", true, NULL},
	{"13 ssh-rsa with SHA-1", "openssl dgst -sha1 -sign", by_rsa_sha1, ADA " namespaces=\"git\" %rsa2048\n", NONE, "unsupported", false, NULL},
	{"14 two signers in one armor", "gpg -u ada -u eve", two_signers, NULL, NONE, "malformed", false, NULL},
	{"15 two signature headers", "a second gpgsig", two_headers, NULL, NONE, "malformed", true, "a second 'gpgsig'"},
	{"15 two whole signatures", "eve's gpgsig before ada's", two_whole_headers, NULL, NONE, "malformed", true, "a second 'gpgsig'"},
	{"16 a header gpgsigX", "text that no signature covers", header_that_starts_so, NULL, NONE, "malformed", true, "gpgsigX"},
	{"17 signature in the body", "the header moved below the blank line", in_the_body, NULL, NONE, "unsigned", false, NULL},
	{"18 hidden checklist line", "an open item behind the word gpgsig", hidden_line, NULL, NONE, "unsigned", false, NULL},
	{"18 line behind the armor", "a ticked item in the header", line_behind_the_armor, NULL, NONE, "malformed", true, "behind its end"},
	{"19 NUL at the end", "a ticked item behind a NUL", nul_at_the_end, NULL, NONE, "malformed", false, "NUL"},
	{"19 NUL inside", "signed with a NUL in the message", nul_inside, NULL, NONE, "malformed", true, "NUL"},
	{"20 two authors", "signed so", two_authors, NULL, NONE, "malformed", true, "'author'"},
	{"20 two trees", "signed so", two_trees, NULL, NONE, "malformed", true, "'tree'"},
	{"20 two committers", "signed so", two_committers, NULL, NONE, "malformed", true, "'committer'"},
	{"20 a late parent", "signed so", late_parent, NULL, NONE, "malformed", true, "'parent'"},
	{"21 inline OpenPGP message", "gpg --sign over another text", inline_message, NULL, NONE, "bad", false, NULL},
	{"22 status text in a comment", "gpg --comment, by eve", status_in_a_comment, NULL, NONE, "untrusted", true, NULL},
	{"23 principal is not the committer", "ada signs in bob's name: ada counts", in_anothers_name, NULL, NONE, "good", true, NULL},
	{"24 wildcard principal", "*@example.org", signed_well, "*@example.org namespaces=\"git\" %ed25519\n", NONE, "error", true, NULL},
	{"25 one key under two principals", "two lines", signed_well, GIT_LINE("") "bob@example.org namespaces=\"git\" %ed25519\n", NONE, "error", true, NULL},
	{"26 one person's second key", "the same principal; see history 26", signed_well, GIT_LINE("") ADA " namespaces=\"git\" %second\n", NONE, "good", true, NULL},
	{"27 certificate", "ssh-keygen -s, so that the rows below can fail", by_holder, CA, NONE, "good", true, NULL},
	{"27 certificate beside the person's own key", "two lines", by_holder, CA GIT_LINE(""), NONE, "good", true, NULL},
	{"27 certificate of an RSA key", "ssh-rsa-cert-v01", by_rsa2048, CA, NONE, "good", true, NULL},
	{"27 certificate of a security key with touch", "sk-ssh-ed25519-cert-v01", certified_touched, CA, NONE, "good", true, NULL},
	{"27 certificate of a security key without touch", "flags 0, by software", certified_untouched, CA, NONE, "unsupported", true, "not touched"},
	{"27 certificate of a wrong principal", "ssh-keygen -s -n eve@elsewhere.org", by_elsewhere, CA, NONE, "untrusted", false, "whom the authority in line 1 may not certify"},
	{"27 certificate of a person who is left out", "!ada@example.org in the line", by_holder, CA_LINE("*@example.org,!ada@example.org", ""), NONE, "untrusted", false, "may not certify"},
	{"27 certificate without principals", "ssh-keygen -s without -n", by_nobody, CA, NONE, "unsupported", false, "names no principal"},
	{"27 certificate of two principals", "-n ada@example.org,bob@example.org", by_both, CA, NONE, "untrusted", true, "belongs to one person"},
	{"27 certificate of two principals, one let in", "-n ada@example.org,root", by_twin, CA, NONE, "good", true, NULL},
	{"27 certificate of a principal that is a pattern", "-n *@example.org", by_odd, CA, NONE, "untrusted", true, "no name of a person"},
	{"27 certificate by an authority that is not there", "ada's key alone", by_holder, NULL, NONE, "untrusted", false, "no authority in the keyring"},
	{"27 certificate by another authority", "eve's key signed it", by_stranger, CA, NONE, "untrusted", false, "no authority in the keyring"},
	{"27 certificate by a person", "the line is no cert-authority", by_holder, ADA " namespaces=\"git\" %ca\n", NONE, "untrusted", false, "no authority in the keyring"},
	{"27 forged certificate", "another name in it", by_forged, CA, NONE, "bad", false, "not signed by the authority"},
	{"27 certificate of another person's key", "the key stands for bob", by_second, CA "bob@example.org namespaces=\"git\" %second\n", NONE, "untrusted", true, "the key of 'bob@example.org' in line 2"},
	{"27 certificate that ended", "ssh-keygen -s -V", by_ended, CA, NONE, "expired", false, "the certificate of ada@example.org was valid until"},
	{"27 certificate that ended, backdated commit", "committer's time of 2020", backdated_by_ended, CA, NONE, "expired", true, NULL},
	{"27 certificate not yet valid", "ssh-keygen -s -V", by_future, CA, NONE, "not-yet-valid", false, NULL},
	{"27 authority that ended", "valid-before in its line", by_holder, CA_LINE("*@example.org", ",valid-before=\"20200101Z\""), NONE, "expired", false, "the authority that certifies"},
	{"27 authority not yet valid", "valid-after in its line", by_holder, CA_LINE("*@example.org", ",valid-after=\"20900101Z\""), NONE, "not-yet-valid", false, NULL},
	{"27 authority for files", "namespaces=\"file\" in its line", by_holder, "*@example.org cert-authority,namespaces=\"file\" %ca\n", NONE, "error", false, NULL},
	{"27 authority for anything", "no namespaces in its line", by_holder, "*@example.org cert-authority %ca\n", NONE, "error", true, NULL},
	{"27 authority that is a person, too", "its key in two lines", by_holder, CA ADA " namespaces=\"git\" %ca\n", NONE, "error", true, NULL},
	{"27 authority that signs itself", "git commit -S with its key", by_the_authority, CA, NONE, "untrusted", false, "an authority's"},
	{"27 certificate with a revoked serial", "a KRL of serials", by_withdrawn, CA, SERIAL, "revoked", false, "(serial 3)"},
	{"27 certificate with another serial", "so that the row above can fail", by_holder, CA, SERIAL, "good", true, NULL},
	{"27 certificate with a revoked key id", "a KRL of key ids", by_holder, CA, KEY_ID, "revoked", false, NULL},
	{"27 certificate of a revoked authority", "a KRL", by_holder, CA, CA_IN_KRL, "revoked", false, NULL},
	{"27 certificate of an authority in a list", "its public key in a file", by_holder, CA, CA_LISTED, "revoked", false, NULL},
	{"27 certificate of a revoked key", "its public key in a file", by_holder, CA, HOLDER_LISTED, "revoked", false, NULL},
	{"27 forged certificate beside a KRL", "which must not stop the branch", by_forged, CA, SERIAL, "bad", false, NULL},
	{"27 certificate of a host", "ssh-keygen -s -h", by_host, CA, NONE, "unsupported", false, "a host's"},
	{"27 certificate for one address", "-O source-address", by_limited, CA, NONE, "unsupported", true, "limited by 'source-address'"},
	{"27 certificate that wants a PIN", "-O verify-required, of a key in a file", by_pinned, CA, NONE, "unsupported", true, "PIN"},
	{"27 certificate of RSA with 1024 bits", "ssh-keygen -s", by_weak, CA, NONE, "unsupported", true, "2048"},
	{"27 certificate signed with SHA-1", "ssh-keygen -s -t ssh-rsa", by_sha1, "*@example.org cert-authority,namespaces=\"git\" %rsa2048\n", NONE, "unsupported", true, "'ssh-rsa'"},
	{"28 security key without touch", "flags 0, by software", untouched, ADA " namespaces=\"git\" %sk\n", NONE, "unsupported", true, "not touched"},
	{"28 security key with touch", "so that the row above can fail", touched, ADA " namespaces=\"git\" %sk\n", NONE, "good", true, NULL},
	{"29 unknown type of key", "ssh-mldsa-65", by_mldsa, NULL, NONE, "unsupported", false, NULL},
	{"29 x509", "SIGNED MESSAGE", by_x509, NULL, NONE, "unsupported", false, NULL},
	{"29 unknown armor", "BEGIN OTHER", by_something, NULL, NONE, "unsupported", false, NULL},
	{"44 a second id for one payload", "a gpgsig-sha256 header that nothing covers; see history 44", second_id, NULL, NONE, "good", true, NULL},
	{"46 planted gpg.conf", "HOME and GNUPGHOME of the caller's", by_gpg, NULL, NONE, "good", true, NULL},
};
/* clang-format on */

static int make_world(void **state)
{
	const char *const variables[] = {"HOME", "GNUPGHOME"};

	(void)state; /* it stays NULL, or cmocka would give it to the tests instead of their rows */
	attack_world_begin(&world, arena_new(), &keys);
	assert_int_equal(mkdir(ssh_world_path(&world, "keys"), 0755), 0);
	(void)attack_sk(&world, 1, plain());
	/* for all of them: a gpg.conf that gpg would fail on (46) */
	assert_int_equal(mkdir(ssh_world_path(&world, "planted"), 0700), 0);
	ssh_world_write(&world, "planted/gpg.conf", "no-such-word\n");
	for (size_t i = 0; i < ROWS(variables); i++)
		assert_int_equal(setenv(variables[i], ssh_world_path(&world, "planted"), 1), 0);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	pgp_world_end(&world);
	arena_free(world.arena);
	return 0;
}

static const char *filled(const char *lines)
{
	struct text text = TEXT_IN(world.arena);

	for (const char *at = lines; *at;) {
		size_t size = strcspn(at, "%");

		text_add_bytes(&text, at, size);
		at += size;
		if (!*at)
			break;
		size = strcspn(at + 1, "\n");
		text_add(&text, ssh_world_public(&world, arena_copy(world.arena, at + 1, size)));
		at += size + 1;
	}
	return text_get(&text);
}

static void write_keys(const struct attack *attack)
{
	const char *revoked = ssh_world_path(&world, "revoked");
	const char *ada = pgp_world_public(&world, keys.ada), *text;

	ssh_world_write(&world, "allowed_signers",
	                filled(attack->signers ? attack->signers : GIT_LINE("")));
	(void)unlink(revoked);
	text = revocation_files[attack->revocations].text;
	if (text)
		ssh_world_write(&world, "revoked", filled(text));
	if (revocation_files[attack->revocations].is_krl) {
		ssh_world_write(&world, "krl", filled(text));
		ssh_world_run(&world, "ssh-keygen",
		              (const char *const[]){"-q", "-k", "-f", revoked, "-s",
		                                    ssh_world_path(&world, "ca.pub"),
		                                    ssh_world_path(&world, "krl"), NULL},
		              NOTHING);
	}
	if (attack->revocations == OPENPGP)
		ada = pgp_world_revoked(&world, keys.ada);
	ssh_world_write(&world, "keys/" ADA ".asc", ada);
}

static struct error *open_both(struct keyring **ret_keyring)
{
	struct keyring *ssh, *openpgp;

	TRY(keyring_ssh_open(world.arena,
	                     &(struct keyring_ssh_options){
				     .allowed_signers = ssh_world_path(&world, "allowed_signers"),
				     .revoked = ssh_world_path(&world, "revoked"),
				     .scratch = ssh_world_path(&world, "scratch")},
	                     &ssh));
	TRY(keyring_openpgp_open(
		world.arena,
		&(struct keyring_openpgp_options){.folder = ssh_world_path(&world, "keys"),
	                                          .scratch = ssh_world_path(&world, "scratch")},
		&openpgp));
	*ret_keyring = keyring_by_format(world.arena, ssh, openpgp);
	return NULL;
}

static void has_its_verdict(void **state)
{
	const struct attack *attack = *state;
	struct bytes made = attack->make(), raw;
	const char *id = attack_store(&world, made), *said = "", *kind;
	struct verdict verdict = {.kind = VERDICT_UNSIGNED};
	struct keyring *keyring = NULL;
	struct commit commit = {0};
	struct error *error;
	bool git;

	write_keys(attack);
	raw = ssh_world_run(&world, "git",
	                    (const char *const[]){"-C", ssh_world_path(&world, "repository"),
	                                          "cat-file", "commit", id, NULL},
	                    NOTHING);
	assert_int_equal(raw.size, made.size); /* the attack is in the repository as it was made */
	assert_memory_equal(raw.data, made.data, made.size);
	git = attack_git_accepts(&world, id, attack->revocations == OPENPGP ? "other" : "gnupg");

	error = open_both(&keyring);
	if (error) {
		assert_error(error, ERR_KEYRING);
		kind = "error";
	} else if ((error = commit_parse(world.arena, id, raw, &commit))) {
		assert_error(error, ERR_MALFORMED);
		kind = "malformed";
		said = error->why;
	} else {
		assert_fine(keyring_judge(keyring, &commit.seal, NOW, world.arena, &verdict));
		kind = verdict_kind_name(verdict.kind);
		said = verdict.reason ? verdict.reason : "";
	}
	keyring_close(keyring);
	print_message("         - %s: %s; git %s. %s\n", attack->how, kind,
	              git ? "accepts" : "refuses", said);
	if (!text_equal(kind, attack->expected))
		fail_msg("%s instead of %s: %s", kind, attack->expected, said);
	if (attack->reason)
		assert_contains(said, attack->reason);
	if (text_equal(kind, "good"))
		assert_string_equal(verdict.principal, ADA);
	if (text_equal(kind, "unsigned")) /* what is shown is what stands there */
		assert_contains(commit.message, "- [ ] tested");
	if (git != attack->git)
		fail_msg("git verify-commit %s it", git ? "accepts" : "refuses");
}

int main(void)
{
	struct CMUnitTest tests[ROWS(attacks)] = {0};

	for (size_t i = 0; i < ROWS(attacks); i++) {
		tests[i].name = attacks[i].name;
		tests[i].test_func = has_its_verdict;
		tests[i].initial_state = (void *)(uintptr_t)&attacks[i];
	}
	return cmocka_run_group_tests_name("attacks on one object", tests, make_world, end_world);
}

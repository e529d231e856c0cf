/*
 * Certificates by the real ssh-keygen: every kind of key and authority, their first and last second, what is changed in
 * one, and what ssh-keygen itself says with the same files.
 */
#include "unit/base/check.h"

#include "adapters/keyring_ssh.h"
#include "adapters/sshsig.h"
#include "base/process.h"
#include "contract/ssh_world.h"

#include <dirent.h>
#include <sys/stat.h>

#define ADA "ada@example.org"
#define NOW 1764000000
#define FOR_ADA ((const char *const[]){"-n", ADA, NULL})
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----\n"

static struct ssh_world world;
static struct bytes payload;

static const struct {
	const char *name, *type, *bits;
} keys[] = {
	{"ed25519", "ed25519", NULL}, {"ecdsa256", "ecdsa", "256"}, {"ecdsa384", "ecdsa", "384"},
	{"ecdsa521", "ecdsa", "521"}, {"rsa2048", "rsa", "2048"},   {"rsa3072", "rsa", "3072"},
};

static int make_world(void **state)
{
	*state = arena_new();
	ssh_world_begin(&world, *state);
	for (size_t i = 0; i < ROWS(keys); i++)
		ssh_world_key(&world, keys[i].name, keys[i].type, keys[i].bits);
	ssh_world_key(&world, "ca", "ed25519", NULL);
	payload = ssh_world_commit(&world, NULL, "add a table");
	return 0;
}

static int end_world(void **state)
{
	ssh_world_end(&world);
	arena_free(*state);
	return 0;
}

static void write_authority(const char *patterns, const char *options, const char *key)
{
	ssh_world_write(&world, "allowed_signers",
	                arena_printf(world.arena, "%s cert-authority,namespaces=\"git\"%s %s\n",
	                             patterns, options, ssh_world_public(&world, key)));
}

static struct keyring *open_with(const char *revoked, const char *ssh_keygen)
{
	struct keyring *keyring = NULL;

	assert_fine(keyring_ssh_open(
		world.arena,
		&(struct keyring_ssh_options){
			.allowed_signers = ssh_world_path(&world, "allowed_signers"),
			.revoked = revoked ? ssh_world_path(&world, revoked) : NULL,
			.scratch = ssh_world_path(&world, "scratch"),
			.ssh_keygen = ssh_keygen},
		&keyring));
	return keyring;
}

static struct commit signed_by(const char *certificate)
{
	struct bytes armor = ssh_world_sign(&world, certificate, "git", "sha512", payload);

	return ssh_world_parse(&world, ssh_world_with_signature(&world, payload, armor));
}

static struct verdict judged(struct keyring *keyring, const struct commit *commit, int64_t when)
{
	struct verdict verdict = {.kind = VERDICT_UNSIGNED};

	assert_fine(keyring_judge(keyring, &commit->seal, when, world.arena, &verdict));
	return verdict;
}

static void check_verdict(struct verdict verdict, enum verdict_kind kind)
{
	if (verdict.kind != kind)
		fail_msg("%s instead of %s: %s", verdict_kind_name(verdict.kind),
		         verdict_kind_name(kind), verdict.reason ? verdict.reason : "");
}

static void nothing_is_left_in_the_scratch_folder(void)
{
	DIR *folder = opendir(ssh_world_path(&world, "scratch"));

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (entry->d_name[0] != '.')
			fail_msg("'%s' was left in the scratch folder", entry->d_name);
	closedir(folder);
}

static void every_kind_of_key_certifies_every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(keys); i++)
		for (size_t j = 0; j < ROWS(keys); j++) {
			struct commit commit;
			struct verdict verdict;

			if (i == j)
				continue; /* an authority's key is no person's */
			CASE(arena_printf(world.arena, "%s by %s", keys[i].name, keys[j].name));
			ssh_world_certify(&world, keys[j].name, keys[i].name, FOR_ADA);
			write_authority("*@example.org", "", keys[j].name);
			commit = signed_by(arena_printf(world.arena, "%s-cert.pub", keys[i].name));
			verdict = judged(open_with(NULL, NULL), &commit, NOW);
			check_verdict(verdict, VERDICT_GOOD);
			assert_string_equal(verdict.principal, ADA);
		}
	nothing_is_left_in_the_scratch_folder();
}

static void its_fingerprint_is_the_one_that_the_key_has_without_it(void **state)
{
	const char *plain;
	struct commit commit;

	(void)state;
	ssh_world_write(&world, "allowed_signers",
	                arena_printf(world.arena, ADA " namespaces=\"git\" %s\n",
	                             ssh_world_public(&world, "ed25519")));
	commit = signed_by("ed25519");
	plain = judged(open_with(NULL, NULL), &commit, NOW).fingerprint;
	ssh_world_certify(&world, "ca", "ed25519", FOR_ADA);
	write_authority("*", "", "ca");
	commit = signed_by("ed25519-cert.pub");
	assert_string_equal(judged(open_with(NULL, NULL), &commit, NOW).fingerprint, plain);
}

static bool ssh_keygen_accepts(const struct commit *commit, const char *time)
{
	struct process_result result;
	const char *const arguments[] = {"-Y",
	                                 "verify",
	                                 "-f",
	                                 ssh_world_path(&world, "allowed_signers"),
	                                 "-I",
	                                 ADA,
	                                 "-n",
	                                 "git",
	                                 "-s",
	                                 ssh_world_path(&world, "armor"),
	                                 arena_printf(world.arena, "-Overify-time=%s", time),
	                                 NULL};

	ssh_world_write(
		&world, "armor",
		arena_copy(world.arena, commit->seal.signature.data, commit->seal.signature.size));
	assert_fine(
		process_run(world.arena,
	                    &(struct process){.program = program_find(world.arena, "ssh-keygen"),
	                                      .arguments = arguments,
	                                      .input = commit->seal.payload,
	                                      .deadline_ms = 60000},
	                    &result));
	return result.status == 0;
}

/* Its end is the first second that is too late, where that of a line is the last that counts. */
static void it_counts_as_long_as_ssh_keygen_says(void **state)
{
	static const struct {
		const char *time;
		int64_t when;
		enum verdict_kind by_certificate, by_line;
	} rows[] = {
		{"20251124155959Z", NOW - 1, VERDICT_NOT_YET_VALID, VERDICT_NOT_YET_VALID},
		{"20251124160000Z", NOW, VERDICT_GOOD, VERDICT_GOOD},
		{"20251125155959Z", NOW + 86399, VERDICT_GOOD, VERDICT_GOOD},
		{"20251125160000Z", NOW + 86400, VERDICT_EXPIRED, VERDICT_GOOD},
		{"20251125160001Z", NOW + 86401, VERDICT_EXPIRED, VERDICT_EXPIRED},
	};
	const char *dates = ",valid-after=\"20251124160000Z\",valid-before=\"20251125160000Z\"";
	struct commit commit;

	(void)state;
	for (int by_line = 0; by_line < 2; by_line++) {
		ssh_world_certify(&world, "ca", "ed25519",
		                  by_line ? FOR_ADA
		                          : (const char *const[]){"-n", ADA, "-V",
		                                                  "20251124160000Z:20251125160000Z",
		                                                  NULL});
		write_authority("*", by_line ? dates : "", "ca");
		commit = signed_by("ed25519-cert.pub");
		for (size_t i = 0; i < ROWS(rows); i++) {
			enum verdict_kind kind = by_line ? rows[i].by_line : rows[i].by_certificate;

			CASE(arena_printf(world.arena, "%s by the %s", rows[i].time,
			                  by_line ? "line" : "certificate"));
			check_verdict(judged(open_with(NULL, NULL), &commit, rows[i].when), kind);
			assert_int_equal(ssh_keygen_accepts(&commit, rows[i].time),
			                 kind == VERDICT_GOOD);
		}
	}
}

static struct bytes armored(struct bytes blob)
{
	const char *digits = base64_encode(world.arena, blob.data, blob.size);
	struct text armor = TEXT_IN(world.arena);

	text_add(&armor, BEGIN);
	for (size_t i = 0; i < strlen(digits); i += 70)
		text_printf(&armor, "%.70s\n", digits + i);
	text_add(&armor, END);
	return text_bytes(&armor);
}

/* Wherever it is changed: never good, and never an error, which would stop the branch. */
static void a_changed_certificate_is_a_verdict(void **state)
{
	static const char *const names[] = {"ed25519", "ecdsa256", "rsa2048"};
	size_t counts[VERDICT_UNSUPPORTED + 1] = {0};

	(void)state;
	ssh_world_write(&world, "serials", "serial: 77\n");
	ssh_world_run(&world, "ssh-keygen",
	              (const char *const[]){"-q", "-k", "-f", ssh_world_path(&world, "krl"), "-s",
	                                    ssh_world_path(&world, "ca.pub"),
	                                    ssh_world_path(&world, "serials"), NULL},
	              (struct bytes){NULL, 0});
	write_authority("*", "", "ca");
	for (size_t k = 0; k < ROWS(names); k++) {
		struct keyring *keyring = open_with("krl", NULL);
		struct text digits = TEXT_IN(world.arena);
		struct commit commit;
		const char *at, *end;
		struct bytes blob;

		CASE(names[k]);
		ssh_world_certify(&world, "ca", names[k], FOR_ADA);
		commit = signed_by(arena_printf(world.arena, "%s-cert.pub", names[k]));
		check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
		at = commit.seal.signature.data + strlen(BEGIN);
		end = strstr(at, "-----END");
		for (; at < end; at++)
			if (*at != '\n')
				text_add_bytes(&digits, at, 1);
		assert_true(base64_decode(world.arena, text_get(&digits), digits.size, &blob));
		for (size_t i = 0; i < blob.size; i += 3) {
			char *copy = arena_copy(world.arena, blob.data, blob.size);
			struct verdict verdict;

			copy[i] ^= 1;
			commit.seal.signature = armored((struct bytes){copy, blob.size});
			verdict = judged(keyring, &commit, NOW);
			if (verdict.kind == VERDICT_GOOD)
				fail_msg("%s with byte %zu changed is good", names[k], i);
			assert_false(text_has_control(verdict.reason));
			counts[verdict.kind]++;
		}
	}
	assert_true(counts[VERDICT_BAD] > 100); /* most bytes only the cryptography can tell */
	assert_true(counts[VERDICT_MALFORMED] > 10);
	nothing_is_left_in_the_scratch_folder();
}

static void a_certificate_without_its_authority_counts_no_more(void **state)
{
	struct keyring *keyring;
	struct commit commit;
	const char *before, *after;

	(void)state;
	ssh_world_certify(&world, "ca", "ed25519", FOR_ADA);
	commit = signed_by("ed25519-cert.pub");
	write_authority("*", "", "ca");
	keyring = open_with(NULL, NULL);
	check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
	assert_fine(keyring_digest(keyring, world.arena, &before));
	write_authority("*", "", "ecdsa256");
	assert_fine(keyring_digest(keyring, world.arena, &after));
	assert_string_not_equal(before, after);
	check_verdict(judged(keyring, &commit, NOW), VERDICT_UNTRUSTED);
}

static void an_authority_is_listed_as_one(void **state)
{
	struct keyring_keys list = {0};

	(void)state;
	write_authority("*@example.org,!eve@*", ",valid-before=\"20300101Z\"", "ca");
	assert_fine(keyring_list(open_with(NULL, NULL), world.arena, &list));
	assert_int_equal(list.count, 1);
	assert_true(list.items[0].authority);
	assert_string_equal(list.items[0].principal, "*@example.org,!eve@*");
}

/* Neither that the authority signed it nor that the key did is believed of a word that is not exactly right. */
static void a_program_that_says_something_else_is_not_believed(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *look, *verify;
	} rows[] = {
		{"a success without a word", "exit 0", "exit 1"},
		{"another certificate", "echo '(stdin):1:'; echo '        Type: ssh-ed25519-cert-v01@openssh.com host certificate'",
		  "exit 1"},
		{"a failure of its own", "echo 'cannot allocate memory' >&2; exit 1", "exit 1"},
		{"the key without its certificate", "exec ssh-keygen \"$@\"",
		  "cat >/dev/null; echo 'Good \"git\" signature for " ADA " with ED25519 key '\"$F\""},
		{"another person", "exec ssh-keygen \"$@\"",
		  "cat >/dev/null; echo 'Good \"git\" signature for bob with ED25519-CERT key '\"$F\""},
	};
	/* clang-format on */
	const char *liar = ssh_world_path(&world, "liar"), *fingerprint;
	struct verdict verdict;
	struct commit commit;

	(void)state;
	ssh_world_certify(&world, "ca", "ed25519", FOR_ADA);
	commit = signed_by("ed25519-cert.pub");
	write_authority("*", "", "ca");
	fingerprint = judged(open_with(NULL, NULL), &commit, NOW).fingerprint;
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		ssh_world_write(
			&world, "liar",
			arena_printf(world.arena,
		                     "#!/bin/sh\nF=%s\nif [ \"$1\" = -L ]; then %s; fi\n%s\n",
		                     fingerprint, rows[i].look, rows[i].verify));
		assert_int_equal(chmod(liar, 0755), 0);
		assert_error(keyring_judge(open_with(NULL, liar), &commit.seal, NOW, world.arena,
		                           &verdict),
		             ERR_KEYRING);
	}
	nothing_is_left_in_the_scratch_folder();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_key_certifies_every_kind),
		cmocka_unit_test(its_fingerprint_is_the_one_that_the_key_has_without_it),
		cmocka_unit_test(it_counts_as_long_as_ssh_keygen_says),
		cmocka_unit_test(a_changed_certificate_is_a_verdict),
		cmocka_unit_test(a_certificate_without_its_authority_counts_no_more),
		cmocka_unit_test(an_authority_is_listed_as_one),
		cmocka_unit_test(a_program_that_says_something_else_is_not_believed),
	};

	return cmocka_run_group_tests_name("keyring ssh, certificates", tests, make_world,
	                                   end_world);
}

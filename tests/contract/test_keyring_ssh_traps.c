/*
 * What an SSH keyring must see through: kinds of keys, purposes, revocations, dates, files that others may write, and
 * a verifier that lies. All signatures are by the real ssh-keygen.
 */
#include "unit/base/check.h"

#include "adapters/keyring_ssh.h"
#include "adapters/sshsig.h"
#include "base/file.h"
#include "contract/ssh_world.h"

#include <dirent.h>

#define ADA "ada@example.org"
#define NOW 1764000000
#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((struct bytes){NULL, 0})

static struct ssh_world world; /* made once: keys are dear */
static struct bytes payload;   /* of an unsigned commit */

static const struct {
	const char *name, *type, *bits;
} keys[] = {
	{"ed25519", "ed25519", NULL}, {"other", "ed25519", NULL},   {"ecdsa256", "ecdsa", "256"},
	{"ecdsa384", "ecdsa", "384"}, {"ecdsa521", "ecdsa", "521"}, {"rsa2048", "rsa", "2048"},
	{"rsa3072", "rsa", "3072"},   {"rsa1024", "rsa", "1024"},
};

static int make_world(void **state)
{
	struct arena *arena = arena_new();

	*state = arena;
	ssh_world_begin(&world, arena);
	for (size_t i = 0; i < ROWS(keys); i++)
		ssh_world_key(&world, keys[i].name, keys[i].type, keys[i].bits);
	payload = ssh_world_commit(&world, NULL, "add a table");
	return 0;
}

static int end_world(void **state)
{
	ssh_world_end(&world);
	arena_free(*state);
	return 0;
}

static const char *line_for(const char *principal, const char *options, const char *key)
{
	return arena_printf(world.arena, "%s %s %s\n", principal, options,
	                    ssh_world_public(&world, key));
}

static struct error *try_open(const char *revoked, const char *ssh_keygen,
                              struct keyring **ret_keyring)
{
	return keyring_ssh_open(
		world.arena,
		&(struct keyring_ssh_options){
			.allowed_signers = ssh_world_path(&world, "allowed_signers"),
			.revoked = revoked ? ssh_world_path(&world, revoked) : NULL,
			.scratch = ssh_world_path(&world, "scratch"),
			.ssh_keygen = ssh_keygen},
		ret_keyring);
}

static struct keyring *open_with(const char *lines, const char *revoked)
{
	struct keyring *keyring = NULL;

	ssh_world_write(&world, "allowed_signers", lines);
	assert_fine(try_open(revoked, NULL, &keyring));
	return keyring;
}

static struct keyring *open_for(const char *key)
{
	return open_with(line_for(ADA, "namespaces=\"git\"", key), NULL);
}

static struct commit signed_by(const char *key, const char *name_space, const char *hash)
{
	struct bytes armor = ssh_world_sign(&world, key, name_space, hash, payload);

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

static void every_supported_kind_of_key_can_vouch(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(keys); i++) {
		static const char *const hashes[] = {"sha512", "sha256"};

		if (strcmp(keys[i].name, "rsa1024") == 0)
			continue;
		CASE(keys[i].name);
		for (size_t j = 0; j < ROWS(hashes); j++) {
			struct commit commit = signed_by(keys[i].name, "git", hashes[j]);
			struct verdict verdict = judged(open_for(keys[i].name), &commit, NOW);

			check_verdict(verdict, VERDICT_GOOD);
			assert_string_equal(verdict.principal, ADA);
		}
	}
	nothing_is_left_in_the_scratch_folder();
}

/* Every byte of the inner signature, for each kind: never good, and never an error that would stop the branch. */
static void a_changed_signature_is_bad_or_malformed(void **state)
{
	static const char *const changed[] = {"ed25519", "ecdsa256", "ecdsa521", "rsa2048"};

	(void)state;
	for (size_t i = 0; i < ROWS(changed); i++) {
		struct keyring *keyring = open_for(changed[i]);
		struct commit commit = signed_by(changed[i], "git", "sha512");
		const char *at =
			commit.seal.signature.data + strlen("-----BEGIN SSH SIGNATURE-----\n");
		const char *end = strstr(at, "-----END");
		struct text digits = TEXT_IN(world.arena);
		struct bytes blob;

		CASE(changed[i]);
		for (; at < end; at++)
			if (*at != '\n')
				text_add_bytes(&digits, at, 1);
		assert_true(base64_decode(world.arena, text_get(&digits), digits.size, &blob));
		for (size_t back = 1; back < 60; back += 7) {
			char *copy = arena_copy(world.arena, blob.data, blob.size);
			struct verdict verdict;

			copy[blob.size - back] ^= 1;
			commit.seal.signature = arena_bytes(world.arena, "", 0);
			commit.seal.signature.data = arena_printf(
				world.arena,
				"-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n",
				base64_encode(world.arena, copy, blob.size));
			commit.seal.signature.size = strlen(commit.seal.signature.data);
			/* one long line is refused; wrap it */
			struct text wrapped = TEXT_IN(world.arena);
			const char *body = base64_encode(world.arena, copy, blob.size);

			text_add(&wrapped, "-----BEGIN SSH SIGNATURE-----\n");
			for (size_t k = 0; k < strlen(body); k += 70)
				text_printf(&wrapped, "%.70s\n", body + k);
			text_add(&wrapped, "-----END SSH SIGNATURE-----\n");
			check_verdict(judged(keyring, &commit, NOW), VERDICT_MALFORMED);
			commit.seal.signature = text_bytes(&wrapped);
			verdict = judged(keyring, &commit, NOW);
			if (verdict.kind != VERDICT_BAD && verdict.kind != VERDICT_MALFORMED)
				fail_msg("%s with byte -%zu changed is %s", changed[i], back,
				         verdict_kind_name(verdict.kind));
			assert_false(text_has_control(verdict.reason));
		}
	}
	nothing_is_left_in_the_scratch_folder();
}

static void a_signature_of_another_commit_is_bad(void **state)
{
	struct commit commit = signed_by("ed25519", "git", "sha512");
	struct bytes other = ssh_world_commit(&world, NULL, "add another table");
	struct commit transplanted = ssh_world_parse(
		&world, ssh_world_with_signature(&world, other, commit.seal.signature));
	struct verdict verdict = judged(open_for("ed25519"), &transplanted, NOW);

	(void)state;
	check_verdict(verdict, VERDICT_BAD);
	assert_string_equal(verdict.reason, "ssh-keygen says: incorrect signature");
}

static void a_signature_for_another_purpose_is_bad(void **state)
{
	struct commit commit = signed_by("ed25519", "file", "sha512");
	struct verdict verdict = judged(open_for("ed25519"), &commit, NOW);

	(void)state;
	check_verdict(verdict, VERDICT_BAD);
	assert_string_equal(verdict.reason, "the signature was made for 'file', not for git");
}

static void a_weak_rsa_key_is_not_supported(void **state)
{
	struct commit commit = signed_by("rsa1024", "git", "sha512");
	struct keyring *keyring = NULL;

	(void)state;
	check_verdict(judged(open_for("ed25519"), &commit, NOW), VERDICT_UNSUPPORTED);
	ssh_world_write(&world, "allowed_signers", line_for(ADA, "namespaces=\"git\"", "rsa1024"));
	assert_error(try_open(NULL, NULL, &keyring), ERR_KEYRING);
}

static void the_dates_of_the_commit_change_nothing(void **state)
{
	struct commit commit = signed_by("ed25519", "git", "sha512");
	struct keyring *ended = open_with(
		line_for(ADA, "namespaces=\"git\",valid-before=\"20200101Z\"", "ed25519"), NULL);

	(void)state;
	CASE("an expired key does not vouch for a commit that was written in 2019");
	commit.committer.when = 1560000000;
	commit.author.when = 1560000000;
	check_verdict(judged(ended, &commit, NOW), VERDICT_EXPIRED);
	CASE("a key that is not yet valid does not vouch for a commit that is dated ahead");
	commit.committer.when = 4000000000;
	check_verdict(judged(open_with(line_for(ADA, "namespaces=\"git\",valid-after=\"20900101Z\"",
	                                        "ed25519"),
	                               NULL),
	                     &commit, NOW),
	              VERDICT_NOT_YET_VALID);
}

static void make_krl(const char *name, const char *key)
{
	ssh_world_run(&world, "ssh-keygen",
	              ARGUMENTS("-q", "-k", "-f", ssh_world_path(&world, name),
	                        arena_printf(world.arena, "%s.pub", ssh_world_path(&world, key))),
	              NOTHING);
}

static void a_krl_revokes(void **state)
{
	struct commit commit = signed_by("ed25519", "git", "sha512"),
		      other = signed_by("other", "git", "sha512");
	struct keyring *keyring;

	(void)state;
	make_krl("krl", "other");
	keyring = open_with(
		arena_printf(
			world.arena, "%s%s", line_for(ADA, "namespaces=\"git\"", "ed25519"),
			line_for("bob", "namespaces=\"git\",valid-before=\"20200101\"", "other")),
		"krl");
	for (int i = 0; i < 2; i++) {
		check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
		check_verdict(judged(keyring, &other, NOW),
		              VERDICT_REVOKED); /* and not merely expired */
	}
	make_krl("krl", "ed25519");
	check_verdict(judged(keyring, &commit, NOW), VERDICT_REVOKED);
	check_verdict(judged(keyring, &other, NOW), VERDICT_EXPIRED);
	nothing_is_left_in_the_scratch_folder();
}

static void a_revocation_file_that_cannot_be_used_refuses_everything(void **state)
{
	static const char damaged[] = "SSHKRL\n\0damaged";
	struct commit commit = signed_by("ed25519", "git", "sha512");
	struct commit unsigned_commit = ssh_world_parse(&world, payload);
	struct keyring *keyring = open_with(line_for(ADA, "namespaces=\"git\"", "ed25519"), NULL);
	struct verdict verdict;
	FILE *file;

	(void)state;
	CASE("it was never there");
	assert_error(try_open("nowhere", NULL, &keyring), ERR_KEYRING);
	CASE("it goes away, also for what needs no key at all");
	ssh_world_write(&world, "list", "");
	assert_fine(try_open("list", NULL, &keyring));
	check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
	assert_int_equal(unlink(ssh_world_path(&world, "list")), 0);
	assert_error(keyring_judge(keyring, &commit.seal, NOW, world.arena, &verdict), ERR_KEYRING);
	assert_error(keyring_judge(keyring, &unsigned_commit.seal, NOW, world.arena, &verdict),
	             ERR_KEYRING);
	CASE("it holds a line that is no key");
	ssh_world_write(&world, "list", "# list\nSHA256:abc\n");
	assert_error(try_open("list", NULL, &keyring), ERR_KEYRING);
	CASE("others may write it");
	ssh_world_write(&world, "list", "");
	assert_int_equal(chmod(ssh_world_path(&world, "list"), 0666), 0);
	assert_error(try_open("list", NULL, &keyring), ERR_KEYRING);
	CASE("it is a KRL that ssh-keygen cannot read");
	file = fopen(ssh_world_path(&world, "damaged"), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(damaged, 1, sizeof damaged, file), sizeof damaged);
	assert_int_equal(fclose(file), 0);
	assert_fine(try_open("damaged", NULL, &keyring));
	assert_error(keyring_judge(keyring, &commit.seal, NOW, world.arena, &verdict), ERR_KEYRING);
	nothing_is_left_in_the_scratch_folder();
}

static void a_file_of_keys_that_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = {0666, 0664, 0646, 0622};
	struct keyring *keyring = NULL;
	struct error *error;

	(void)state;
	ssh_world_write(&world, "allowed_signers", line_for(ADA, "namespaces=\"git\"", "ed25519"));
	for (size_t i = 0; i < ROWS(modes); i++) {
		assert_int_equal(chmod(ssh_world_path(&world, "allowed_signers"), modes[i]), 0);
		error = try_open(NULL, NULL, &keyring);
		assert_error(error, ERR_KEYRING);
		assert_contains(error->why, "others than its owner may write it");
		assert_contains(error->hint, "chmod go-w ");
	}
	if (geteuid() == 0) {
		assert_int_equal(chmod(ssh_world_path(&world, "allowed_signers"), 0644), 0);
		assert_int_equal(chown(ssh_world_path(&world, "allowed_signers"), 12345, 12345), 0);
		error = try_open(NULL, NULL, &keyring);
		assert_error(error, ERR_KEYRING);
		assert_contains(error->why, "it belongs to user 12345");
		assert_int_equal(unlink(ssh_world_path(&world, "allowed_signers")), 0);
	}
	CASE("and a missing one says what to do");
	ssh_world_write(&world, "allowed_signers", "");
	assert_int_equal(unlink(ssh_world_path(&world, "allowed_signers")), 0);
	error = try_open(NULL, NULL, &keyring);
	assert_error(error, ERR_KEYRING);
	assert_contains(error->why, "No such file");
}

static void new_keys_count_from_the_next_digest_on(void **state)
{
	struct commit commit = signed_by("other", "git", "sha512");
	struct keyring *keyring = open_for("ed25519");
	const char *before, *after;

	(void)state;
	assert_fine(keyring_digest(keyring, world.arena, &before));
	check_verdict(judged(keyring, &commit, NOW), VERDICT_UNTRUSTED);
	ssh_world_write(&world, "allowed_signers", line_for(ADA, "namespaces=\"git\"", "other"));
	assert_fine(keyring_digest(keyring, world.arena, &after));
	assert_string_not_equal(before, after);
	check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
}

/* Only the one line that names git, our person and our key counts, and only with exit status 0. */
static void a_verifier_that_says_something_else_is_not_believed(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *script;
	} rows[] = {
		{"success without a word", "exit 0"},
		{"another person", "echo \"Good \\\"git\\\" signature for bob with ED25519 key $F\""},
		{"another purpose", "echo \"Good \\\"file\\\" signature for " ADA " with ED25519 key $F\""},
		{"another key", "echo \"Good \\\"git\\\" signature for " ADA " with ED25519 key SHA256:abc\""},
		{"something behind it",
		  "echo \"Good \\\"git\\\" signature for " ADA " with ED25519 key $F\"; echo no"},
		{"the right line and failure",
		  "echo \"Good \\\"git\\\" signature for " ADA " with ED25519 key $F\"; exit 1"},
		{"failure for a reason of its own", "echo 'cannot allocate memory' >&2; exit 255"},
		{"a signal", "kill -9 $$"},
	};
	/* clang-format on */
	struct commit commit = signed_by("ed25519", "git", "sha512");
	const char *fingerprint = judged(open_for("ed25519"), &commit, NOW).fingerprint;
	const char *liar = ssh_world_path(&world, "liar");
	struct verdict verdict;
	struct keyring *keyring;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		write_file(liar,
		           arena_printf(world.arena, "#!/bin/sh\nF=%s\ncat >/dev/null\n%s\n",
		                        fingerprint, rows[i].script),
		           0755);
		assert_fine(try_open(NULL, liar, &keyring));
		assert_error(keyring_judge(keyring, &commit.seal, NOW, world.arena, &verdict),
		             ERR_KEYRING);
	}
	CASE("and the right answer is believed, so that the table above can fail");
	write_file(liar,
	           arena_printf(world.arena,
	                        "#!/bin/sh\ncat >/dev/null\necho 'Good \"git\" signature for " ADA
	                        " with ED25519 key %s'\n",
	                        fingerprint),
	           0755);
	check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
	nothing_is_left_in_the_scratch_folder();
}

/* More than lie in the folder at once, so that the parts are put together again. */
static void one_answer_that_is_not_believed_refuses_all_of_many(void **state)
{
	enum { COUNT = 300 };
	struct commit commit = signed_by("ed25519", "git", "sha512");
	const char *fingerprint = judged(open_for("ed25519"), &commit, NOW).fingerprint;
	const char *sometimes = ssh_world_path(&world, "sometimes");
	const char *begun = ssh_world_path(&world, "begun");
	static struct keyring_ask asks[COUNT];
	static struct verdict verdicts[COUNT];
	struct keyring *keyring;
	struct bytes lines;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		asks[i] = (struct keyring_ask){&commit.seal, NOW};
	write_file(sometimes,
	           arena_printf(world.arena,
	                        "#!/bin/sh\necho >>'%s'\ncat >/dev/null\n"
	                        "[ -e '%s/fail' ] && [ \"$(wc -l <'%s')\" -gt 280 ] && kill -9 $$\n"
	                        "echo 'Good \"git\" signature for " ADA " with ED25519 key %s'\n",
	                        begun, world.folder, begun, fingerprint),
	           0755);
	assert_fine(try_open(NULL, sometimes, &keyring));
	assert_fine(keyring_judge_many(keyring, asks, COUNT, world.arena, verdicts));
	for (size_t i = 0; i < COUNT; i++)
		check_verdict(verdicts[i], VERDICT_GOOD);
	assert_fine(file_read(world.arena, begun, 4096, &lines));
	for (size_t i = 0; i < lines.size; i++)
		count += lines.data[i] == '\n';
	assert_int_equal(count, COUNT);
	nothing_is_left_in_the_scratch_folder();

	CASE("and now one of them is killed");
	assert_int_equal(unlink(begun), 0);
	ssh_world_write(&world, "fail", "");
	memset(verdicts, 0, sizeof verdicts);
	assert_error(keyring_judge_many(keyring, asks, COUNT, world.arena, verdicts), ERR_KEYRING);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(verdicts[i].kind, VERDICT_UNSIGNED);
	nothing_is_left_in_the_scratch_folder();
}

static void what_a_killed_process_left_is_swept_later(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	const char *left = ssh_world_path(&world, "scratch/keyring-abcdef");
	const char *young = ssh_world_path(&world, "scratch/keyring-ghijkl");
	const char *foreign = ssh_world_path(&world, "scratch/notes");

	(void)state;
	(void)open_for("ed25519");
	write_file(left, "x", 0600);
	write_file(young, "x", 0600);
	write_file(foreign, "x", 0600);
	assert_int_equal(utimensat(AT_FDCWD, left, old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, foreign, old, 0), 0);
	(void)open_for("ed25519");
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(unlink(young), 0);
	assert_int_equal(unlink(foreign), 0);
}

static void odd_names_of_persons_are_compared_whole(void **state)
{
	static const char *const names[] = {"-I", "Grüße", "\"quoted@example.org\"", "a'b$(id)",
	                                    "%s%n"};
	struct commit commit = signed_by("ed25519", "git", "sha512");

	(void)state;
	for (size_t i = 0; i < ROWS(names); i++) {
		CASE(names[i]);
		check_verdict(
			judged(open_with(line_for(names[i], "namespaces=\"git\"", "ed25519"), NULL),
		               &commit, NOW),
			VERDICT_GOOD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_supported_kind_of_key_can_vouch),
		cmocka_unit_test(a_changed_signature_is_bad_or_malformed),
		cmocka_unit_test(a_signature_of_another_commit_is_bad),
		cmocka_unit_test(a_signature_for_another_purpose_is_bad),
		cmocka_unit_test(a_weak_rsa_key_is_not_supported),
		cmocka_unit_test(the_dates_of_the_commit_change_nothing),
		cmocka_unit_test(a_krl_revokes),
		cmocka_unit_test(a_revocation_file_that_cannot_be_used_refuses_everything),
		cmocka_unit_test(a_file_of_keys_that_others_may_write_is_refused),
		cmocka_unit_test(new_keys_count_from_the_next_digest_on),
		cmocka_unit_test(a_verifier_that_says_something_else_is_not_believed),
		cmocka_unit_test(one_answer_that_is_not_believed_refuses_all_of_many),
		cmocka_unit_test(what_a_killed_process_left_is_swept_later),
		cmocka_unit_test(odd_names_of_persons_are_compared_whole),
	};

	return cmocka_run_group_tests_name("keyring ssh, traps", tests, make_world, end_world);
}

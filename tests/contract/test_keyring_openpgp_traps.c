/*
 * What an OpenPGP keyring must see through: subkeys, dates, weak digests and keys, armors that hold more or something
 * else, files that others may write, and a user's own configuration. All keys and signatures are by the real gpg.
 */
#include "unit/base/check.h"

#include "adapters/keyring_by_format.h"
#include "adapters/keyring_openpgp.h"
#include "adapters/keyring_ssh.h"
#include "adapters/ssh_key.h"
#include "base/file.h"
#include "contract/pgp_world.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ADA "ada@example.org"
#define BOB "bob@example.org"
#define CREATED "20200101T000000"
#define CREATED_SECONDS 1577836800
#define NOW 1764000000
#define NOTHING ((struct bytes){NULL, 0})
#define COST_ROUNDS 20
#define HINT_AT 49 /* in a signature by an ed25519 key, as gpg writes it */

static struct ssh_world world; /* made once: keys are dear */
static struct bytes payload;   /* of an unsigned commit */

static struct {
	const char *ed25519, *other, *rsa3072, *rsa1024, *dsa, *with_subkey, *subkey, *old_subkey;
} keys;

static int make_world(void **state)
{
	struct arena *arena = arena_new();

	*state = arena;
	pgp_world_begin(&world, arena);
	keys.ed25519 = pgp_world_key(&world, ADA, "ed25519", CREATED, "never");
	keys.other = pgp_world_key(&world, BOB, "ed25519", CREATED, "never");
	keys.rsa3072 = pgp_world_key(&world, ADA, "rsa3072", CREATED, "never");
	keys.rsa1024 = pgp_world_key(&world, ADA, "rsa1024", CREATED, "never");
	keys.dsa = pgp_world_key(&world, ADA, "dsa2048", CREATED, "never");
	keys.with_subkey = pgp_world_key(&world, ADA, "rsa2048", CREATED, "never");
	keys.subkey =
		pgp_world_subkey(&world, keys.with_subkey, "ed25519", "20200201T000000", "never");
	keys.old_subkey =
		pgp_world_subkey(&world, keys.with_subkey, "ed25519", CREATED, "20210101T000000");
	payload = ssh_world_commit(&world, NULL, "add a table");
	return 0;
}

static int end_world(void **state)
{
	pgp_world_end(&world);
	arena_free(*state);
	return 0;
}

/* ---- the folder of keys ---- */

static void empty_the_folder(void)
{
	const char *folder = ssh_world_path(&world, "keys");
	struct file_entries entries = {0};

	if (mkdir(folder, 0755) != 0)
		assert_fine(folder_list(world.arena, folder, 100, &entries));
	for (size_t i = 0; i < entries.count; i++)
		assert_int_equal(remove(path_join(world.arena, folder, entries.items[i].name)), 0);
}

static void put(const char *name, const char *text)
{
	ssh_world_write(&world, arena_printf(world.arena, "keys/%s", name), text);
}

static struct error *try_open(struct keyring **ret_keyring)
{
	return keyring_openpgp_open(
		world.arena,
		&(struct keyring_openpgp_options){.folder = ssh_world_path(&world, "keys"),
	                                          .scratch = ssh_world_path(&world, "scratch")},
		ret_keyring);
}

static struct keyring *open_with(const char *file_of_ada)
{
	struct keyring *keyring = NULL;

	empty_the_folder();
	put(ADA ".asc", file_of_ada);
	assert_fine(try_open(&keyring));
	return keyring;
}

static struct keyring *open_for(const char *key)
{
	return open_with(pgp_world_public(&world, key));
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

/* The verdict over a commit with that armor, when only ada's key of that fingerprint counts. */
static struct verdict verdict_for(const char *key, struct commit commit, int64_t when)
{
	struct keyring *keyring = open_for(key);
	struct verdict verdict = judged(keyring, &commit, when);

	keyring_close(keyring);
	return verdict;
}

static struct commit commit_with(struct bytes armor)
{
	return ssh_world_parse(&world, ssh_world_with_signature(&world, payload, armor));
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

/* ---- signatures ---- */

static void ed25519_and_long_rsa_keys_can_vouch(void **state)
{
	const char *const good[] = {keys.ed25519, keys.rsa3072};

	(void)state;
	for (size_t i = 0; i < ROWS(good); i++) {
		struct verdict verdict =
			verdict_for(good[i], pgp_world_signed(&world, good[i], NULL, payload), NOW);

		check_verdict(verdict, VERDICT_GOOD);
		assert_string_equal(verdict.principal, ADA);
		assert_string_equal(verdict.fingerprint, good[i]);
	}
	nothing_is_left_in_the_scratch_folder();
}

static void a_subkey_vouches_under_its_primary_keys_fingerprint(void **state)
{
	struct verdict verdict = verdict_for(
		keys.with_subkey, pgp_world_signed(&world, keys.subkey, NULL, payload), NOW);

	(void)state;
	check_verdict(verdict, VERDICT_GOOD);
	assert_string_equal(verdict.fingerprint, keys.with_subkey);
	CASE("an expired subkey of a valid key");
	verdict = verdict_for(keys.with_subkey,
	                      pgp_world_signed(&world, keys.old_subkey, "20200601T000000", payload),
	                      NOW);
	check_verdict(verdict, VERDICT_EXPIRED);
	assert_string_equal(verdict.principal, ADA);
	CASE("the same signature, first seen when the subkey was valid");
	check_verdict(
		verdict_for(keys.with_subkey,
	                    pgp_world_signed(&world, keys.old_subkey, "20200601T000000", payload),
	                    1592000000),
		VERDICT_GOOD);
}

static void a_key_does_not_count_before_it_was_made(void **state)
{
	struct commit commit = pgp_world_signed(&world, keys.ed25519, NULL, payload);

	(void)state;
	check_verdict(verdict_for(keys.ed25519, commit, CREATED_SECONDS - 1),
	              VERDICT_NOT_YET_VALID);
	check_verdict(verdict_for(keys.ed25519, commit, CREATED_SECONDS), VERDICT_GOOD);
}

static void a_signature_that_ended_is_expired(void **state)
{
	struct bytes armor =
		GPG(&world, payload, "-u", keys.ed25519, "--faked-system-time", "20200601T000000!",
	            "--default-sig-expire", "20200701T000000", "--armor", "--detach-sign");
	struct commit commit = commit_with(armor);

	(void)state;
	check_verdict(verdict_for(keys.ed25519, commit, NOW), VERDICT_EXPIRED);
	check_verdict(verdict_for(keys.ed25519, commit, 1592000000), VERDICT_GOOD);
}

static void a_revoked_key_never_vouches(void **state)
{
	struct commit commit = pgp_world_signed(&world, keys.other, NULL, payload);
	struct keyring *keyring = open_with(pgp_world_revoked(&world, keys.other));

	(void)state;
	check_verdict(judged(keyring, &commit, NOW), VERDICT_REVOKED);
	check_verdict(judged(keyring, &commit, 0), VERDICT_REVOKED);
	keyring_close(keyring);
}

static void weak_digests_and_keys_do_not_count(void **state)
{
	static const struct {
		const char *name, *said;
	} digests[] = {{"MD5", "MD5"}, {"SHA1", "SHA-1"}, {"RIPEMD160", "RIPEMD-160"}};
	struct verdict verdict;

	(void)state;
	for (size_t i = 0; i < ROWS(digests); i++) {
		struct bytes armor = GPG(&world, payload, "-u", keys.rsa3072, "--digest-algo",
		                         digests[i].name, "--armor", "--detach-sign");

		CASE(digests[i].name);
		verdict = verdict_for(keys.rsa3072, commit_with(armor), NOW);
		check_verdict(verdict, VERDICT_UNSUPPORTED);
		assert_contains(verdict.reason, digests[i].said);
	}
	CASE("RSA of 1024 bits");
	verdict = verdict_for(keys.rsa1024, pgp_world_signed(&world, keys.rsa1024, NULL, payload),
	                      NOW);
	check_verdict(verdict, VERDICT_UNSUPPORTED);
	assert_contains(verdict.reason, "1024 bits");
	CASE("DSA");
	verdict = verdict_for(keys.dsa, pgp_world_signed(&world, keys.dsa, NULL, payload), NOW);
	check_verdict(verdict, VERDICT_UNSUPPORTED);
	assert_contains(verdict.reason, "DSA");
}

static void an_armor_holds_exactly_one_signature_of_these_bytes(void **state)
{
	struct bytes two = GPG(&world, payload, "-u", keys.ed25519, "-u", keys.other, "--armor",
	                       "--detach-sign");
	struct bytes message = GPG(&world, ((struct bytes){"other text\n", 11}), "-u", keys.ed25519,
	                           "--armor", "--sign");
	struct bytes text =
		GPG(&world, payload, "-u", keys.ed25519, "--textmode", "--armor", "--detach-sign");
	struct commit commit = pgp_world_signed(&world, keys.ed25519, NULL, payload);
	const char *body = strstr(commit.seal.signature.data, "\n\n") + 2;

	(void)state;
	CASE("two signers");
	check_verdict(verdict_for(keys.ed25519, commit_with(two), NOW), VERDICT_MALFORMED);
	CASE("a message with another text");
	check_verdict(verdict_for(keys.ed25519, commit_with(message), NOW), VERDICT_BAD);
	CASE("a signature over text, whose line ends do not count");
	check_verdict(verdict_for(keys.ed25519, commit_with(text), NOW), VERDICT_UNSUPPORTED);
	CASE("nothing");
	commit.seal.signature.data =
		"-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n";
	commit.seal.signature.size = strlen(commit.seal.signature.data);
	check_verdict(verdict_for(keys.ed25519, commit, NOW), VERDICT_MALFORMED);
	CASE("a comment that looks like gpg's own words");
	commit.seal.signature.data = arena_printf(
		world.arena,
		"-----BEGIN PGP SIGNATURE-----\nComment: [GNUPG:] GOODSIG 0123456789ABCDEF "
		"x\n\n%s",
		body);
	commit.seal.signature.size = strlen(commit.seal.signature.data);
	check_verdict(verdict_for(keys.ed25519, commit, NOW), VERDICT_GOOD);
	check_verdict(verdict_for(keys.other, commit, NOW), VERDICT_UNTRUSTED);
}

/*
 * Every byte of the packet: never good, and never an error that would stop the branch. Two bytes are an exception that
 * proves nothing: a hint at the digest, which is not signed and which gpg passes over.
 */
static void a_changed_signature_is_never_good(void **state)
{
	struct commit commit = pgp_world_signed(&world, keys.ed25519, NULL, payload);
	struct keyring *keyring = open_for(keys.ed25519);
	const char *at = strstr(commit.seal.signature.data, "\n\n") + 2;
	struct text digits = TEXT_IN(world.arena);
	struct bytes blob;

	(void)state;
	for (; *at != '=' && *at != '-'; at++)
		if (*at != '\n')
			text_add_bytes(&digits, at, 1);
	while (digits.size % 4)
		text_add(&digits, "=");
	assert_true(base64_decode(world.arena, text_get(&digits), digits.size, &blob));
	for (size_t i = 0; i < blob.size; i += 3) {
		char *copy = arena_copy(world.arena, blob.data, blob.size);
		struct text armor = TEXT_IN(world.arena);
		const char *body;
		struct verdict verdict;

		copy[i] ^= 1;
		body = base64_encode(world.arena, copy, blob.size);
		text_add(&armor, "-----BEGIN PGP SIGNATURE-----\n\n");
		for (size_t k = 0; k < strlen(body); k += 64)
			text_printf(&armor, "%.64s\n", body + k);
		text_add(&armor, "-----END PGP SIGNATURE-----\n");
		commit.seal.signature = text_bytes(&armor);
		verdict = judged(keyring, &commit, NOW);
		if (verdict.kind == VERDICT_GOOD && i != HINT_AT && i != HINT_AT + 1)
			fail_msg("byte %zu of %zu may be changed", i, blob.size);
		assert_false(text_has_control(verdict.reason));
	}
	keyring_close(keyring);
	nothing_is_left_in_the_scratch_folder();
}

static void a_signature_of_another_commit_is_bad(void **state)
{
	struct bytes other = ssh_world_commit(&world, NULL, "add another table");
	struct commit commit = pgp_world_signed(&world, keys.ed25519, NULL, payload);
	struct verdict verdict = verdict_for(
		keys.ed25519,
		ssh_world_parse(&world,
	                        ssh_world_with_signature(&world, other, commit.seal.signature)),
		NOW);

	(void)state;
	check_verdict(verdict, VERDICT_BAD);
	assert_string_equal(verdict.reason, "gpg says: Bad signature");
	assert_string_equal(verdict.principal, ADA);
}

/* ---- files ---- */

static void a_folder_that_is_not_understood_refuses_everything(void **state)
{
	const char *ada = pgp_world_public(&world, keys.ed25519);
	const char *bob = pgp_world_public(&world, keys.other);
	const char *both = arena_printf(world.arena, "%s%s", ada, bob);
	const char *secret;
	struct bytes exported =
		GPG(&world, NOTHING, "--armor", "--export-secret-keys", keys.ed25519);

	(void)state;
	secret = arena_copy(world.arena, exported.data, exported.size);
	const struct {
		const char *sentence, *name, *text, *why;
	} rows[] = {
		{"a key id instead of a fingerprint", ADA ".asc",
	         arena_printf(world.arena, "fingerprint: %s\n%s", keys.ed25519 + 24, ada),
	         "line 1: a fingerprint has 40 hex digits"},
		{"words beside the key", ADA ".asc",
	         arena_printf(world.arena, "%sold key, do not use\n", ada), "it is no comment"},
		{"two keys of which none is stated", ADA ".asc", both,
	         "it holds 2 primary keys and states none"},
		{"two keys of which one is stated", ADA ".asc",
	         arena_printf(world.arena, "fingerprint: %s\n%s", keys.ed25519, both),
	         "which it does not state"},
		{"a stated key that is not there", ADA ".asc",
	         arena_printf(world.arena, "fingerprint: %s\nfingerprint: %s\n%s", keys.ed25519,
	                      keys.other, ada),
	         "holds no primary key of that fingerprint"},
		{"a subkey's fingerprint", ADA ".asc",
	         arena_printf(world.arena, "fingerprint: %s\n%s", keys.subkey,
	                      pgp_world_public(&world, keys.with_subkey)),
	         "which it does not state"},
		{"a private key", ADA ".asc", secret, "it is a private key"},
		{"another suffix", ADA ".gpg", ada, "is not a person's with .asc behind it"},
		{"everybody", "*.asc", ada, "wildcards"},
		{"nothing", ADA ".asc", "", "it holds no key"},
		{"a key that is cut off", ADA ".asc", arena_copy(world.arena, ada, strlen(ada) / 2),
	         "has no end"},
		{"something else in an armor", ADA ".asc",
	         "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\naGVsbG8=\n"
	         "-----END PGP PUBLIC KEY BLOCK-----\n",
	         ""},
		{"the key of another person", BOB ".asc", ada, "stands in"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct keyring *keyring = NULL;
		struct error *error;

		CASE(rows[i].sentence);
		empty_the_folder();
		if (text_equal(rows[i].why, "stands in"))
			put(ADA ".asc", ada);
		put(rows[i].name, rows[i].text);
		error = try_open(&keyring);
		assert_error(error, ERR_KEYRING);
		assert_contains(error->why, rows[i].why);
		assert_contains(error->what, "keys/");
		assert_non_null(error->hint);
	}
	nothing_is_left_in_the_scratch_folder();
}

static struct keyring_keys keys_of_file(const char *name, const char *text)
{
	struct keyring *keyring = NULL;
	struct keyring_keys found = {0};

	ssh_world_write(&world, name, text);
	assert_fine(keyring_openpgp_open(
		world.arena,
		&(struct keyring_openpgp_options){.folder = ssh_world_path(&world, name),
	                                          .scratch = ssh_world_path(&world, "scratch")},
		&keyring));
	assert_fine(keyring_list(keyring, world.arena, &found));
	keyring_close(keyring);
	return found;
}

static void one_file_may_hold_the_keys_of_several_persons(void **state)
{
	const char *ada = pgp_world_public(&world, keys.ed25519);
	const char *bob = pgp_world_public(&world, keys.other);
	struct keyring_keys found;
	struct keyring *keyring;
	struct error *error;

	(void)state;
	found = keys_of_file("everybody.asc", arena_printf(world.arena, "%s%s", ada, bob));
	assert_int_equal(found.count, 2);
	assert_string_equal(found.items[0].principal, ADA);
	assert_string_equal(found.items[1].principal, BOB);
	found = keys_of_file("cy@example.org.asc", ada); /* its name says whose it is */
	assert_int_equal(found.count, 1);
	assert_string_equal(found.items[0].principal, "cy@example.org");
	ssh_world_write(&world, "everybody.asc", "# nobody yet\n");
	error = keyring_openpgp_open(
		world.arena,
		&(struct keyring_openpgp_options){.folder = ssh_world_path(&world, "everybody.asc"),
	                                          .scratch = ssh_world_path(&world, "scratch")},
		&keyring);
	assert_non_null(error);
	assert_non_null(strstr(error->hint, "--export KEY"));
	nothing_is_left_in_the_scratch_folder();
}

static void a_folder_or_file_that_others_may_write_is_refused(void **state)
{
	const char *folder = ssh_world_path(&world, "keys");
	const char *file = ssh_world_path(&world, "keys/" ADA ".asc");
	struct keyring *keyring = open_for(keys.ed25519);
	struct error *error;

	(void)state;
	keyring_close(keyring);
	CASE("the folder");
	assert_int_equal(chmod(folder, 0777), 0);
	error = try_open(&keyring);
	assert_error(error, ERR_KEYRING);
	assert_contains(error->hint, "chmod go-w ");
	assert_int_equal(chmod(folder, 0755), 0);
	CASE("the file");
	assert_int_equal(chmod(file, 0664), 0);
	error = try_open(&keyring);
	assert_error(error, ERR_KEYRING);
	assert_contains(error->hint, "chmod go-w ");
	CASE("the folder is gone");
	empty_the_folder();
	assert_int_equal(rmdir(folder), 0);
	error = try_open(&keyring);
	assert_error(error, ERR_KEYRING);
	assert_contains(error->why, "No such file");
	nothing_is_left_in_the_scratch_folder();
}

static void new_keys_count_at_once_and_change_the_digest(void **state)
{
	struct commit commit = pgp_world_signed(&world, keys.other, NULL, payload);
	struct keyring *keyring = open_for(keys.ed25519);
	const char *before, *after;

	(void)state;
	assert_fine(keyring_digest(keyring, world.arena, &before));
	check_verdict(judged(keyring, &commit, NOW), VERDICT_UNTRUSTED);
	put(BOB ".asc", pgp_world_public(&world, keys.other));
	check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
	assert_string_equal(judged(keyring, &commit, NOW).principal, BOB);
	assert_fine(keyring_digest(keyring, world.arena, &after));
	assert_string_not_equal(before, after);
	CASE("and what is taken away counts no longer");
	assert_int_equal(unlink(ssh_world_path(&world, "keys/" BOB ".asc")), 0);
	check_verdict(judged(keyring, &commit, NOW), VERDICT_UNTRUSTED);
	keyring_close(keyring);
	nothing_is_left_in_the_scratch_folder();
}

/* ---- what surrounds gpg ---- */

static void a_users_own_gpg_has_no_effect(void **state)
{
	struct commit commit = pgp_world_signed(&world, keys.ed25519, NULL, payload);
	const char *home = ssh_world_path(&world, "planted");
	const char *marker = ssh_world_path(&world, "planted/ran");
	struct keyring *keyring;

	(void)state;
	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(mkdir(ssh_world_path(&world, "planted/.gnupg"), 0700), 0);
	ssh_world_write(&world, "planted/.gnupg/gpg.conf",
	                "verify-options no-such-option\nno-such-word\n");
	ssh_world_write(&world, "planted/gpg", "#!/bin/sh\n: >\"${0%/*}/ran\"\nexit 0\n");
	assert_int_equal(chmod(ssh_world_path(&world, "planted/gpg"), 0755), 0);
	assert_int_equal(setenv("HOME", home, 1), 0);
	assert_int_equal(setenv("GNUPGHOME", ssh_world_path(&world, "planted/.gnupg"), 1), 0);
	assert_int_equal(setenv("PATH", arena_printf(world.arena, "%s:/usr/bin:/bin", home), 1), 0);
	keyring = open_for(keys.ed25519);
	check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
	assert_string_equal(getenv("HOME"), home); /* put back */
	keyring_close(keyring);
	assert_int_equal(access(marker, F_OK), -1);
	assert_int_equal(access(ssh_world_path(&world, "planted/.gnupg/pubring.kbx"), F_OK), -1);
	unsetenv("GNUPGHOME");
}

static void what_a_killed_process_left_is_swept_later(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	const char *left = ssh_world_path(&world, "scratch/openpgp-abcdef");
	const char *young = ssh_world_path(&world, "scratch/openpgp-ghijkl");
	const char *used = ssh_world_path(&world, "scratch/openpgp-mnopqr");
	const char *holder;
	int lock = -1;

	(void)state;
	keyring_close(open_for(keys.ed25519));
	assert_int_equal(mkdir(left, 0700) | mkdir(young, 0700) | mkdir(used, 0700), 0);
	ssh_world_write(&world, "scratch/openpgp-abcdef/gpg.conf", "x\n");
	assert_fine(
		file_lock(world.arena, path_join(world.arena, used, "in-use"), "", &lock, &holder));
	assert_int_equal(utimensat(AT_FDCWD, left, old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, used, old, 0), 0);
	keyring_close(open_for(keys.ed25519));
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(young, F_OK), 0);
	assert_int_equal(access(used, F_OK), 0);
	assert_int_equal(close(lock), 0);
	assert_int_equal(unlink(path_join(world.arena, used, "in-use")), 0);
	assert_int_equal(rmdir(used) | rmdir(young), 0);
}

static void two_keyrings_answer_as_one(void **state)
{
	struct commit pgp = pgp_world_signed(&world, keys.ed25519, NULL, payload);
	struct keyring *openpgp = open_for(keys.ed25519), *ssh = NULL, *both;
	struct keyring_keys list = {0};
	const char *before, *after;
	struct commit commit;

	(void)state;
	ssh_world_key(&world, "ssh", "ed25519", NULL);
	commit = ssh_world_parse(&world, ssh_world_commit(&world, "ssh", "add a column"));
	ssh_world_write(&world, "allowed_signers",
	                arena_printf(world.arena, "%s namespaces=\"git\" %s\n", BOB,
	                             ssh_world_public(&world, "ssh")));
	assert_fine(keyring_ssh_open(
		world.arena,
		&(struct keyring_ssh_options){.allowed_signers =
	                                              ssh_world_path(&world, "allowed_signers"),
	                                      .scratch = ssh_world_path(&world, "scratch")},
		&ssh));
	both = keyring_by_format(world.arena, ssh, openpgp);
	check_verdict(judged(both, &pgp, NOW), VERDICT_GOOD);
	check_verdict(judged(both, &commit, NOW), VERDICT_GOOD);
	assert_string_equal(judged(both, &commit, NOW).principal, BOB);
	assert_fine(keyring_list(both, world.arena, &list));
	assert_int_equal(list.count, 2);
	assert_fine(keyring_digest(both, world.arena, &before));
	put("eve@example.org.asc", pgp_world_public(&world, keys.other));
	assert_fine(keyring_digest(both, world.arena, &after));
	assert_string_not_equal(before, after);
	CASE("and one that cannot be read refuses everything");
	put("eve@example.org.asc", "nonsense\n");
	assert_error(keyring_digest(both, world.arena, &after), ERR_KEYRING);
	keyring_close(both);
}

static int64_t milliseconds(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A number for people to read; the limit only tells a process from a hang. */
static void a_verdict_costs_one_process(void **state)
{
	struct commit commit = pgp_world_signed(&world, keys.ed25519, NULL, payload);
	int64_t begun = milliseconds(), opened, over;
	struct keyring *keyring = open_for(keys.ed25519);

	(void)state;
	opened = milliseconds();
	for (int i = 0; i < COST_ROUNDS; i++)
		check_verdict(judged(keyring, &commit, NOW), VERDICT_GOOD);
	over = milliseconds();
	print_message("         - opened in %lld ms, %lld ms for %d verdicts\n",
	              (long long)(opened - begun), (long long)(over - opened), COST_ROUNDS);
	assert_true(over - opened < 2000 * COST_ROUNDS);
	keyring_close(keyring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ed25519_and_long_rsa_keys_can_vouch),
		cmocka_unit_test(a_subkey_vouches_under_its_primary_keys_fingerprint),
		cmocka_unit_test(a_key_does_not_count_before_it_was_made),
		cmocka_unit_test(a_signature_that_ended_is_expired),
		cmocka_unit_test(a_revoked_key_never_vouches),
		cmocka_unit_test(weak_digests_and_keys_do_not_count),
		cmocka_unit_test(an_armor_holds_exactly_one_signature_of_these_bytes),
		cmocka_unit_test(a_changed_signature_is_never_good),
		cmocka_unit_test(a_signature_of_another_commit_is_bad),
		cmocka_unit_test(a_folder_that_is_not_understood_refuses_everything),
		cmocka_unit_test(one_file_may_hold_the_keys_of_several_persons),
		cmocka_unit_test(a_folder_or_file_that_others_may_write_is_refused),
		cmocka_unit_test(new_keys_count_at_once_and_change_the_digest),
		cmocka_unit_test(a_users_own_gpg_has_no_effect),
		cmocka_unit_test(what_a_killed_process_left_is_swept_later),
		cmocka_unit_test(two_keyrings_answer_as_one),
		cmocka_unit_test(a_verdict_costs_one_process),
	};

	return cmocka_run_group_tests_name("keyring openpgp, traps", tests, make_world, end_world);
}

/* Keyring files for people: every problem is told, and nothing that comes from outside becomes a line of ours. */
#include "unit/base/check.h"

#include "adapters/key_files_ssh.h"
#include "base/text.h"

#define BODY "AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
#define KEY "ssh-ed25519 " BODY
#define OTHER_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define GIT "namespaces=\"git\""
#define BYTES(text) ((struct bytes){.data = (text), .size = strlen(text)})

static void every_problem_of_a_file_is_told_with_its_line(void **state)
{
	static const char text[] =
		"ada " GIT " " KEY " Ada's desk\n*@x " GIT " " OTHER_KEY "\n\nbob " KEY "\nbob " GIT
		" " KEY "\nbob " GIT " " OTHER_KEY "\n";
	struct key_entries entries = {0};
	struct key_problems problems = {0};

	key_files_ssh.signers(*state, "f", BYTES(text), &entries, &problems);
	assert_int_equal(entries.count, 2);
	assert_string_equal(entries.items[0].note, "Ada's desk");
	assert_string_equal(entries.items[0].key, KEY);
	assert_null(entries.items[1].note);
	assert_int_equal(entries.items[1].line, 6);
	assert_int_equal(problems.count, 3);
	for (size_t i = 0; i < 3; i++) {
		static const size_t lines[] = {2, 4, 5};

		assert_int_equal(problems.items[i].line, lines[i]);
		assert_error(problems.items[i].error, ERR_KEYRING);
	}
	assert_contains(problems.items[2].error->why, "already in line 1, for 'ada'");
}

static void a_file_full_of_problems_ends_at_the_maximum(void **state)
{
	struct text text = TEXT_IN(*state);
	struct key_entries entries = {0};
	struct key_problems problems = {0};
	char *odd = arena_alloc(*state, 20001);

	for (int i = 0; i < 3 * KEY_PROBLEMS_MAXIMUM; i++)
		text_add(&text, "nonsense\n");
	key_files_ssh.signers(*state, "f", text_bytes(&text), &entries, &problems);
	assert_int_equal(problems.count, KEY_PROBLEMS_MAXIMUM);
	assert_int_equal(entries.count, 0);

	problems.count = 0;
	memset(odd, 'a', 20000);
	/* A long line, and one with NUL: told once each, and what stands between is read. */
	text = TEXT_IN(*state);
	text_printf(&text, "%s\nada " GIT " " KEY "\n", odd);
	text_add_bytes(&text, "x\0y\n", 4);
	key_files_ssh.signers(*state, "f", text_bytes(&text), &entries, &problems);
	assert_int_equal(problems.count, 2);
	assert_int_equal(problems.items[1].line, 3);
	assert_int_equal(entries.count, 1);
}

static void a_krl_is_told_apart(void **state)
{
	static const char krl[] = "SSHKRL\n\0\0\0\0\1";
	struct key_entries entries = {0};
	struct key_problems problems = {0};
	bool binary = false;

	key_files_ssh.revoked(*state, "f", (struct bytes){krl, sizeof krl - 1}, &entries, &problems,
	                      &binary);
	assert_true(binary);
	assert_int_equal(entries.count + problems.count, 0);
	key_files_ssh.revoked(*state, "f", BYTES(KEY " lost\nSHA256:abc\n"), &entries, &problems,
	                      &binary);
	assert_false(binary);
	assert_int_equal(entries.count, 1);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.items[0].line, 2);
}

static void a_public_key_file_holds_keys_and_nothing_else(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *text, *why; /* why NULL: it is taken */
		size_t count;
	} rows[] = {
		{"one key", KEY " ada@desk\n", NULL, 1},
		{"two keys, comments, CRLF", "# mine\r\n" KEY "\r\n\r\n" OTHER_KEY, NULL, 2},
		{"nothing", "", "no key", 0},
		{"only a comment", "# none\n", "no key", 0},
		{"a private key", "-----BEGIN OPENSSH " "PRIVATE KEY-----\nb3BlbnNzaC1r\n", "private key", 0},
		{"a line of signers", "ada " GIT " " KEY "\n", "line 1 is no public key", 0},
		{"a line of authorized_keys with options", "command=\"x\" " KEY "\n", "line 1 is no public key", 0},
		{"a key that was cut off", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n", "line 1: the public key", 0},
		{"another kind before it", "ssh-rsa " BODY "\n", "says 'ssh-rsa' before a key of the kind 'ssh-ed25519'", 0},
		{"one word", KEY "\nssh-ed25519\n", "line 2 is no public key", 0},
		{"bytes that are no text", KEY " \xff\n", "no text", 0},
		{"base64 with another spelling", "ssh-ed25519 " BODY "=\n", "line 1 is no public key", 0},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct place *place = *state;
		const char *path = path_of(place, "key.pub");
		struct key_entries entries = {0};
		struct error *error;

		CASE(rows[i].sentence);
		write_file(path, rows[i].text, 0600);
		error = key_files_ssh.offered(place->arena, path, KEYS_OF_PUBLIC_FILE, &entries);
		assert_int_equal(entries.count, rows[i].count);
		if (rows[i].why) {
			assert_error(error, ERR_KEY_FILE);
			assert_contains(error->why, rows[i].why);
		} else {
			assert_fine(error);
			assert_string_equal(entries.items[0].key, KEY);
			assert_null(entries.items[0].why);
		}
	}
}

static void a_key_that_cannot_vouch_says_why(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "key.pub");
	struct key_entries entries = {0};

	write_file(
		path,
		"ssh-dss AAAAB3NzaC1kc3MAAAABAQ== old\nmldsa44-ed25519 AAAAD21sZHNhNDQtZWQyNTUxOQ==\n" KEY
		"\n",
		0600);
	assert_fine(key_files_ssh.offered(place->arena, path, KEYS_OF_PUBLIC_FILE, &entries));
	assert_int_equal(entries.count, 3);
	assert_contains(entries.items[0].why, "DSA keys are too weak");
	assert_null(entries.items[0].key);
	assert_string_equal(entries.items[0].note, "old");
	assert_contains(entries.items[1].why, "not supported");
	assert_null(entries.items[2].why);
}

static void the_answer_of_github_is_read_and_nothing_of_it_is_believed(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *text, *why, *note;
	} rows[] = {
		{"as GitHub writes it",
		  "[{\"id\":1,\"key\":\"" KEY "\",\"title\":\"desk\",\"created_at\":\"2026-01-01T00:00:00Z\"}]", NULL, "desk"},
		{"without a title, with a comment", "[{\"key\":\"" KEY " ada\"}]", NULL, "ada"},
		{"a title that would be a line",
		  "[{\"key\":\"" KEY "\",\"title\":\"a\\neve  x\\u001b[31m\"}]", NULL, "a eve  x [31m"},
		{"a user who is not there", "{\"message\":\"Not Found\"}", "the forge answered: Not Found", NULL},
		{"no keys", "[]", "no key", NULL},
		{"a map", "{}", "not a list", NULL},
		{"no JSON", "<html>", "no JSON", NULL},
		{"two documents", "[] []", "no JSON", NULL},
		{"a key twice in one entry", "[{\"key\":\"a\",\"key\":\"b\"}]", "no JSON", NULL},
		{"NUL in a key", "[{\"key\":\"" KEY "\\u0000x\"}]", "no JSON", NULL},
		{"an entry without a key", "[{\"id\":1}]", "entry 1 of the list has no 'key'", NULL},
		{"a number for a key", "[{\"key\":1}]", "entry 1 of the list has no 'key'", NULL},
		{"two lines in one key", "[{\"key\":\"" KEY "\\n" OTHER_KEY "\"}]", "entry 1 is no public key", NULL},
		{"a kind that would be an escape", "[{\"key\":\"\\u001b[2J " BODY "\"}]", "entry 1 says ' [2J'", NULL},
		{"far too deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "no JSON", NULL},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct place *place = *state;
		const char *path = path_of(place, "answer.json");
		struct key_entries entries = {0};
		struct error *error;

		CASE(rows[i].sentence);
		write_file(path, rows[i].text, 0600);
		error = key_files_ssh.offered(place->arena, path, KEYS_OF_GITHUB, &entries);
		if (rows[i].why) {
			assert_error(error, ERR_KEY_FILE);
			assert_contains(error->why, rows[i].why);
			assert_int_equal(entries.count, 0);
		} else {
			assert_fine(error);
			assert_int_equal(entries.count, 1);
			assert_string_equal(entries.items[0].key, KEY);
			assert_string_equal(entries.items[0].note, rows[i].note);
		}
	}
}

static void a_file_has_a_maximum_of_keys_and_of_bytes(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "key.pub");
	struct text text = TEXT_IN(place->arena);
	struct key_entries entries = {0};

	for (int i = 0; i < PUBLIC_KEYS_MAXIMUM; i++)
		text_add(&text, KEY "\n");
	write_file(path, text_get(&text), 0600);
	assert_fine(key_files_ssh.offered(place->arena, path, KEYS_OF_PUBLIC_FILE, &entries));
	assert_int_equal(entries.count, PUBLIC_KEYS_MAXIMUM);
	text_add(&text, KEY "\n");
	write_file(path, text_get(&text), 0600);
	assert_error(key_files_ssh.offered(place->arena, path, KEYS_OF_PUBLIC_FILE, &entries),
	             ERR_FILE_LIMIT);
	while (text.size <= PUBLIC_KEYS_BYTES)
		text_add(&text, "# comment\n");
	write_file(path, text_get(&text), 0600);
	assert_error(key_files_ssh.offered(place->arena, path, KEYS_OF_GITHUB, &entries),
	             ERR_FILE_LIMIT);
}

static void a_line_is_composed_of_a_name_and_a_key(void **state)
{
	static const char *const names[] = {
		"",
		"#ada",
		"a b",
		"a,b",
		"*@x",
		"!ada",
		"\"ada\"",
		"ada\nbob",
		"a\tb",
		"ad\xff",
		"ada " GIT " " OTHER_KEY,
		"ada\" \"",
		"a\rb",
	};
	const char *line = NULL;

	assert_fine(key_files_ssh.signer_line(*state, "ada@example.org", KEY, INT64_MAX, &line));
	assert_string_equal(line, "ada@example.org " GIT " " KEY);
	assert_fine(key_files_ssh.signer_line(*state, "ada", KEY, 1767139200, &line));
	assert_string_equal(line, "ada " GIT ",valid-before=\"20251231000000Z\" " KEY);
	for (size_t i = 0; i < ROWS(names); i++) {
		CASE(names[i]);
		assert_error(key_files_ssh.signer_line(*state, names[i], KEY, INT64_MAX, &line),
		             ERR_USAGE);
	}
}

static void an_end_is_set_and_all_else_stays(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *before, *after;
		size_t changed;
	} rows[] = {
		{"the shortest line", "ada " GIT " " KEY "\n", "ada " GIT ",valid-before=\"20251231000000Z\" " KEY "\n", 1},
		{"comments, blanks and others", "# x\r\n\n \tada\t" GIT "  " KEY " my  desk\r\nbob " GIT " " OTHER_KEY,
		  "# x\r\n\n \tada " GIT ",valid-before=\"20251231000000Z\" " KEY " my  desk\r\nbob " GIT " " OTHER_KEY, 1},
		{"a later end, first of the options, with more purposes",
		  "ada VALID-BEFORE=\"20990101Z\",namespaces=\"file,git\",valid-after=\"20200101Z\" " KEY "\n",
		  "ada namespaces=\"file,git\",valid-after=\"20200101Z\",valid-before=\"20251231000000Z\" " KEY "\n", 1},
		{"an earlier end", "ada " GIT ",valid-before=\"20200101Z\" " KEY "\n",
		  "ada " GIT ",valid-before=\"20200101Z\" " KEY "\n", 0},
		{"quotes around the name, no newline", "\"ada\" " GIT " " KEY,
		  "\"ada\" " GIT ",valid-before=\"20251231000000Z\" " KEY, 1},
		{"nobody of that name", "adam " GIT " " KEY "\n", "adam " GIT " " KEY "\n", 0},
		{"two keys", "ada " GIT " " KEY "\nada " GIT " " OTHER_KEY "\n",
		  "ada " GIT ",valid-before=\"20251231000000Z\" " KEY "\nada " GIT ",valid-before=\"20251231000000Z\" " OTHER_KEY
		  "\n", 2},
	};
	/* clang-format on */
	struct bytes bytes = {0};
	size_t changed = 77;

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_fine(key_files_ssh.expire(*state, "f", BYTES(rows[i].before), "ada",
		                                 1767139200, &bytes, &changed));
		assert_int_equal(bytes.size, strlen(rows[i].after));
		assert_memory_equal(bytes.data, rows[i].after, bytes.size);
		assert_int_equal(changed, rows[i].changed);
	}
	assert_error(key_files_ssh.expire(*state, "f", BYTES("ada\n"), "ada", 1767139200, &bytes,
	                                  &changed),
	             ERR_KEYRING);
	assert_error(key_files_ssh.expire(*state, "f",
	                                  BYTES("ada " GIT ",valid-after=\"20980101Z\" " KEY "\n"),
	                                  "ada", 1767139200, &bytes, &changed),
	             ERR_KEYRING);
}

static void a_day_is_written_as_people_do(void **state)
{
	static const char *const wrong[] = {
		"",         "2025-12-32", "2025-02-30", "31.12.2025",  "2025/12/31",
		"2025-1-1", "2025-12-3x", "tomorrow",   "2025-12-31Z", "20-5-12-31"};
	int64_t seconds = 0;

	(void)state;
	assert_true(key_files_ssh.time("2025-12-31", &seconds));
	assert_int_equal(seconds, 1767139200);
	assert_true(key_files_ssh.time("20251231000001Z", &seconds));
	assert_int_equal(seconds, 1767139201);
	for (size_t i = 0; i < ROWS(wrong); i++) {
		CASE(wrong[i]);
		assert_false(key_files_ssh.time(wrong[i], &seconds));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_problem_of_a_file_is_told_with_its_line),
		TEST(a_file_full_of_problems_ends_at_the_maximum),
		TEST(a_krl_is_told_apart),
		TEST_IN_PLACE(a_public_key_file_holds_keys_and_nothing_else),
		TEST_IN_PLACE(a_key_that_cannot_vouch_says_why),
		TEST_IN_PLACE(the_answer_of_github_is_read_and_nothing_of_it_is_believed),
		TEST_IN_PLACE(a_file_has_a_maximum_of_keys_and_of_bytes),
		TEST(a_line_is_composed_of_a_name_and_a_key),
		TEST(an_end_is_set_and_all_else_stays),
		TEST(a_day_is_written_as_people_do),
	};

	return cmocka_run_group_tests_name("key files", tests, NULL, NULL);
}

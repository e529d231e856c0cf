/* The keyring's files line by line: what OpenSSH would skip or read otherwise is an error with line and remedy. */
#include "unit/base/check.h"

#include "adapters/allowed_signers.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
#define OTHER_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define GIT "namespaces=\"git\""

static struct error *try_parse(struct arena *arena, const char *text,
                               struct allowed_signers *ret_signers)
{
	return allowed_signers_parse(arena, "/etc/signers", (struct bytes){text, strlen(text)},
	                             ret_signers);
}

static void a_line_names_a_person_and_a_key(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *text, *principal;
		int64_t after, before;
	} rows[] = {
		{"the shortest line", "ada " GIT " " KEY "\n", "ada", INT64_MIN, INT64_MAX},
		{"with a comment, without a newline", "ada@example.org " GIT " " KEY " of Ada", "ada@example.org",
		  INT64_MIN, INT64_MAX},
		{"comments, empty lines, tabs and CRLF around it", "# who\r\n\r\n \t# x\n\tada\t" GIT "\t" KEY "\r\n",
		  "ada", INT64_MIN,
		  INT64_MAX},
		{"quotes around the name", "\"ada\" " GIT " " KEY "\n", "ada", INT64_MIN, INT64_MAX},
		{"git among other purposes", "ada namespaces=\"file,git\" " KEY "\n", "ada", INT64_MIN, INT64_MAX},
		{"names of options in any case", "ada NameSpaces=\"git\",VALID-AFTER=\"20251124Z\" " KEY "\n", "ada",
		  1763942400,
		  INT64_MAX},
		{"both dates, before the purpose",
		  "ada valid-after=\"202511241600Z\",valid-before=\"20251125155959Z\"," GIT " " KEY "\n",
		  "ada", 1764000000, 1764086399},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct allowed_signers signers;

		CASE(rows[i].sentence);
		assert_fine(try_parse(*state, rows[i].text, &signers));
		assert_int_equal(signers.count, 1);
		assert_string_equal(signers.items[0].principal, rows[i].principal);
		assert_int_equal(signers.items[0].valid_after, rows[i].after);
		assert_int_equal(signers.items[0].valid_before, rows[i].before);
		assert_string_equal(ssh_key_line(*state, &signers.items[0].key), KEY);
	}
}

static void a_person_may_have_several_keys(void **state)
{
	struct allowed_signers signers;

	assert_fine(
		try_parse(*state, "ada " GIT " " KEY "\nada " GIT " " OTHER_KEY "\n", &signers));
	assert_int_equal(signers.count, 2);
	assert_ptr_equal(allowed_signers_find(&signers, &signers.items[1].key), &signers.items[1]);
	assert_int_equal(signers.items[1].line, 2);
}

static void an_authority_has_patterns(void **state)
{
	static const char text[] =
		"*@example.org,!eve@* Cert-Authority," GIT ",valid-before=\"20251125155959Z\" " KEY
		" our CA\nada " GIT " " OTHER_KEY "\n";
	struct allowed_signers signers;
	struct bytes ended;
	size_t changed = 0;

	assert_fine(try_parse(*state, text, &signers));
	assert_int_equal(signers.count, 2);
	assert_true(signers.items[0].is_authority);
	assert_false(signers.items[1].is_authority);
	assert_string_equal(signers.items[0].principal, "*@example.org,!eve@*");
	assert_int_equal(signers.items[0].valid_before, 1764086399);
	assert_string_equal(signers.items[0].comment, "our CA");

	CASE("and may get an end, which leaves it an authority");
	assert_fine(allowed_signers_expire(*state, "f", (struct bytes){text, strlen(text)},
	                                   "*@example.org,!eve@*", 1000000000, &ended, &changed));
	assert_int_equal(changed, 1);
	assert_fine(allowed_signers_parse(*state, "f", ended, &signers));
	assert_true(signers.items[0].is_authority);
	assert_int_equal(signers.items[0].valid_before, 1000000000);
}

static void patterns_are_those_of_openssh(void **state)
{
	static const struct {
		const char *patterns, *name;
		bool matches;
	} rows[] = {
		{"ada", "ada", true},
		{"ada", "adam", false},
		{"ada", "Ada", false},
		{"ada", "ad", false},
		{"*", "", true},
		{"*", "ada", true},
		{"a*a", "ada", true},
		{"a*a", "a", false},
		{"a*a*a", "aaa", true},
		{"*a*b", "xaxbxb", true},
		{"*a*b", "xaxbxc", false},
		{"**", "x", true},
		{"ad?", "ada", true},
		{"ad?", "ad", false},
		{"?", "", false},
		{"*@example.org", "ada@example.org", true},
		{"*@example.org", "ada@example.org.evil.net", false},
		{"*@example.org", "@example.org", true},
		{"ada,bob", "bob", true},
		{"ada,bob", "ada,bob", false},
		{"*,!eve", "ada", true},
		{"*,!eve", "eve", false},
		{"!eve,*", "eve", false},
		{"!e*,*", "eve", false},
		{"!eve", "ada", false},
		{"a*", "a\nb", true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		if (ssh_patterns_match(rows[i].patterns, rows[i].name) != rows[i].matches)
			fail_msg("'%s' and '%s'", rows[i].patterns, rows[i].name);
}

static void a_line_that_could_be_misread_refuses_the_file(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *text, *what, *why, *hint;
	} rows[] = {
		{"nobody", "# nobody\n\n", "/etc/signers", "it lists nobody", "ada@example.org namespaces=\"git\""},
		{"an empty file", "", "/etc/signers", "it lists nobody", "Add a line"},
		{"no purpose", "ada " KEY "\n", "line 1", "no namespaces=\"git\"",
		  "Write: ada namespaces=\"git\" ssh-ed25519"},
		{"no purpose, but dates", "\nada valid-before=\"20300101Z\" " KEY "\n", "line 2",
		  "no namespaces=\"git\"", "Add the option"},
		{"another purpose", "ada namespaces=\"file\" " KEY "\n", "line 1", "do not simply name git",
		  "Write namespaces=\"git\"."},
		{"a pattern of purposes", "ada namespaces=\"git,*\" " KEY "\n", "line 1", "do not simply name git",
		  "Write"},
		{"an excluded purpose", "ada namespaces=\"!git\" " KEY "\n", "line 1", "do not simply name git",
		  "Write"},
		{"every name of a domain", "*@example.org " GIT " " KEY "\n", "line 1",
		  "'*@example.org' is a pattern", "full name"},
		{"a name with one letter open", "ad? " GIT " " KEY "\n", "line 1", "is a pattern", "full name"},
		{"a name that is excluded", "!ada " GIT " " KEY "\n", "line 1", "is a pattern", "full name"},
		{"two names for one key", "ada,bob " GIT " " KEY "\n", "line 1", "several principals ('ada,bob')",
		  "Keep one name"},
		{"a name with a space", "\"ada b\" " GIT " " KEY "\n", "line 1", "name of a person", "one name"},
		{"an empty name", "\"\" " GIT " " KEY "\n", "line 1", "name of a person", "one name"},
		{"a name with bytes that are no UTF-8", "ad\xff " GIT " " KEY "\n", "line 1", "odd bytes",
		  "plain text"},
		{"a name with an escape sequence", "ad\033[2J " GIT " " KEY "\n", "line 1", "odd bytes",
		  "plain text"},
		{"one key for two persons", "ada " GIT " " KEY "\nbob " GIT " " KEY "\n", "line 2",
		  "already in line 1, for 'ada'",
		  "a key of their own"},
		{"one key twice for one person",
		  "ada " GIT " " KEY "\n\nada " GIT ",valid-after=\"20300101Z\" " KEY "\n", "line 3",
		  "already in line 1", "Keep one of the two"},
		{"an unknown option", "ada " GIT ",no-touch-required " KEY "\n", "line 1", "'no-touch-required'",
		  "Known options"},
		{"an unknown kind of key", "ada mldsa44-ed25519 AAAA\n", "line 1", "'mldsa44-ed25519'",
		  "Known options"},
		{"an option twice", "ada " GIT "," GIT " " KEY "\n", "line 1", "stands twice: 'namespaces'",
		  "each once"},
		{"a date twice", "ada " GIT ",valid-after=\"20200101Z\",valid-after=\"20210101Z\" " KEY "\n",
		  "line 1",
		  "stands twice: 'valid-after'", "each once"},
		{"an option without its value", "ada namespaces " KEY "\n", "line 1", "'namespaces'",
		  "namespaces=\"git\""},
		{"a value without quotes", "ada namespaces=git " KEY "\n", "line 1", "not in double quotes",
		  "Write namespaces=\"…\"."},
		{"a quote that is not closed", "ada namespaces=\"git " KEY "\n", "line 1", "not in double quotes",
		  "Write"},
		{"text behind a quote", "ada namespaces=\"git\"x " KEY "\n", "line 1", "not in double quotes",
		  "Write"},
		{"a comma at the end", "ada " GIT ", " KEY "\n", "line 1", "end in a comma", "last comma"},
		{"an authority for anything", "*@example.org cert-authority " KEY "\n", "line 1",
		  "no namespaces=\"git\"", "Add the option"},
		{"an authority for another purpose", "* cert-authority,namespaces=\"file\" " KEY "\n", "line 1",
		  "do not simply name git", "Write"},
		{"an authority with a value", "* cert-authority=\"yes\"," GIT " " KEY "\n", "line 1",
		  "'cert-authority'", "cert-authority"},
		{"an authority twice over", "* cert-authority,cert-authority," GIT " " KEY "\n", "line 1",
		  "'cert-authority'", "each once"},
		{"an authority that is a person, too", "ada " GIT " " KEY "\n* cert-authority," GIT " " KEY "\n", "line 2",
		  "already in line 1", "a key of its own"},
		{"a person who is an authority, too", "ada cert-authority," GIT " " KEY "\nada " GIT " " KEY "\n", "line 2",
		  "already in line 1", "a key of its own"},
		{"one authority in two lines", "a* cert-authority," GIT " " KEY "\nb* cert-authority," GIT " " KEY "\n",
		  "line 2", "already in line 1", "one line with all patterns"},
		{"an authority whose line stands twice",
		  "* cert-authority," GIT " " KEY "\n* cert-authority," GIT " " KEY "\n", "line 2", "already in line 1",
		  "Keep one"},
		{"an empty pattern", "*@example.org,,bob cert-authority," GIT " " KEY "\n", "line 1", "is empty",
		  "with commas"},
		{"nothing behind the last comma", "*@example.org, cert-authority," GIT " " KEY "\n", "line 1", "is empty",
		  "with commas"},
		{"a pattern that is excluded twice", "*,!!ada cert-authority," GIT " " KEY "\n", "line 1", "has '!' in it",
		  "with commas"},
		{"patterns that only exclude", "!ada,!bob cert-authority," GIT " " KEY "\n", "line 1", "let nobody in",
		  "first"},
		{"patterns with a blank", "\"* ada\" cert-authority," GIT " " KEY "\n", "line 1", "name of a person", ""},
		{"a certificate for an authority", "* cert-authority," GIT " ssh-ed25519-cert-v01@openssh.com AAAA\n",
		  "line 1", "cannot be used", ".pub"},
		{"the key of a certificate", "ada " GIT " ssh-ed25519-cert-v01@openssh.com AAAA\n", "line 1",
		  "cannot be used", ".pub"},
		{"an end before the beginning",
		  "ada " GIT ",valid-after=\"20300101Z\",valid-before=\"20200101Z\" " KEY "\n", "line 1",
		  "later than its", "earlier"},
		{"a date that is none", "ada " GIT ",valid-before=\"20250230Z\" " KEY "\n", "line 1",
		  "not a time: \"20250230Z\"", "20261231Z"},
		{"a date with words", "ada " GIT ",valid-before=\"tomorrow\" " KEY "\n", "line 1", "not a time",
		  "20261231Z"},
		{"no key", "ada " GIT "\n", "line 1", "no public key", ".pub file"},
		{"half a key", "ada " GIT " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n", "line 1", "cannot be used",
		  ".pub file"},
		{"a key that is no base64", "ada " GIT " ssh-ed25519 AAAA!!!!\n", "line 1", "no public key",
		  ".pub file"},
		{"another kind than the key's own",
		  "ada " GIT " ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n",
		  "line 1", "says 'ssh-rsa' before a key of the kind 'ssh-ed25519'", "whole line"},
		{"garbage", "@@@@\n", "line 1", "", ""},
		{"one wrong line behind a right one", "ada " GIT " " KEY "\nbob\n", "line 2", "", ""},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct allowed_signers signers = {.count = 77};
		struct error *error;

		CASE(rows[i].sentence);
		error = try_parse(*state, rows[i].text, &signers);
		assert_error(error, ERR_KEYRING);
		assert_contains(error->what, rows[i].what);
		assert_contains(error->what, "/etc/signers");
		assert_contains(error->why, rows[i].why);
		assert_contains(error->hint, rows[i].hint);
		assert_int_equal(signers.count, 77);
	}
}

static void odd_bytes_in_a_line_are_refused(void **state)
{
	static const char nul[] = "ada " GIT " " KEY " \0 x\n";
	struct allowed_signers signers;
	char *large = arena_alloc(*state, 20001);

	memset(large, '#', 20000);
	assert_error(
		allowed_signers_parse(*state, "f", (struct bytes){nul, sizeof nul - 1}, &signers),
		ERR_KEYRING);
	assert_error(try_parse(*state, large, &signers), ERR_KEYRING);
}

static void times_are_those_of_openssh(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} rows[] = {
		{"19700101Z", 0},          {"20251124Z", 1763942400},     {"202511241600Z", 1764000000},
		{"20251124160001Z", 1764000001},
		{"20240229Z", 1709164800}, {"99991231235959Z", 253402300799}, {"20250229Z", -1},         {"20251301Z",
		  -1},
		{"20250100Z", -1},         {"202511242400Z", -1},         {"202511241660Z", -1},
		{"20251124160060Z", -1},
		{"2025112416Z", -1},       {"2025-11-24", -1},            {"20251124z", -1},
		{"20251124UTC", -1},
		{"20251124ZZ", -1},        {"", -1},                      {"Z", -1},
		{" 20251124Z", -1},
		{"19691231Z", -1},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t seconds = -1;

		CASE(rows[i].text);
		assert_int_equal(signer_time_parse(rows[i].text, &seconds), rows[i].seconds >= 0);
		assert_int_equal(seconds, rows[i].seconds);
	}
}

static void without_z_a_time_is_that_of_this_machine(void **state)
{
	int64_t seconds = 0;

	(void)state;
	assert_int_equal(setenv("TZ", "XYZ-3", 1), 0); /* three hours before UTC */
	tzset();
	assert_true(signer_time_parse("20251124160000", &seconds));
	assert_int_equal(seconds, 1764000000 - 3 * 3600);
	assert_true(signer_time_parse("20251124160000Z", &seconds));
	assert_int_equal(seconds, 1764000000);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void a_list_of_revoked_keys_holds_nothing_else(void **state)
{
	static const char list[] = "# lost\n" KEY " laptop\n\n" OTHER_KEY "\n";
	static const char *const wrong[] = {"SHA256:abc\n", "ada " GIT " " KEY "\n", "serial: 1\n",
	                                    KEY "\nssh-ed25519\n"};
	struct ssh_keys keys = {.count = 77};

	assert_fine(revoked_keys_parse(*state, "f", (struct bytes){list, strlen(list)}, &keys));
	assert_int_equal(keys.count, 2);
	assert_fine(revoked_keys_parse(*state, "f", (struct bytes){"", 0}, &keys));
	assert_int_equal(keys.count, 0);
	for (size_t i = 0; i < ROWS(wrong); i++) {
		CASE(wrong[i]);
		assert_error(revoked_keys_parse(*state, "f",
		                                (struct bytes){wrong[i], strlen(wrong[i])}, &keys),
		             ERR_KEYRING);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_names_a_person_and_a_key),
		TEST(a_person_may_have_several_keys),
		TEST(an_authority_has_patterns),
		TEST(patterns_are_those_of_openssh),
		TEST(a_line_that_could_be_misread_refuses_the_file),
		TEST(odd_bytes_in_a_line_are_refused),
		TEST(times_are_those_of_openssh),
		TEST(without_z_a_time_is_that_of_this_machine),
		TEST(a_list_of_revoked_keys_holds_nothing_else),
	};

	return cmocka_run_group_tests_name("allowed signers", tests, NULL, NULL);
}

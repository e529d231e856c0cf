/*
 * The strict commit parser. Each row is an object as raw bytes; most are one well-formed commit with one thing changed.
 * The attacks are those of git's and libgit2's own readings (see the comment above each table).
 */
#include "unit/base/check.h"

#include "model/commit.h"

#define ID "1234567890abcdef1234567890abcdef12345678"
#define TREE "tree aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
#define PARENT "parent bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
#define OTHER_PARENT "parent cccccccccccccccccccccccccccccccccccccccc\n"
#define AUTHOR "author Ada Example <ada@example.org> 1764000000 +0100\n"
#define COMMITTER "committer Bob <bob@example.org> 1764000060 -0330\n"
#define STANDARD TREE PARENT AUTHOR COMMITTER
#define MESSAGE "\nAdd a table\n\nIt is needed.\n"
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END " -----END SSH SIGNATURE-----\n"
#define BODY " U1NIU0lHAAAAAQ==\n"
#define GPGSIG "gpgsig " BEGIN BODY END
#define PGP(body)                                                                                  \
	"gpgsig -----BEGIN PGP SIGNATURE-----\n \n " body "\n -----END PGP SIGNATURE-----\n"

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

static struct commit parse(struct arena *arena, const char *text)
{
	struct commit commit;

	assert_fine(commit_parse(arena, ID, bytes_of(text), &commit));
	return commit;
}

static void check_malformed(struct arena *arena, struct bytes raw, const char *why)
{
	struct commit commit = {.id = "untouched"};
	struct error *error = commit_parse(arena, ID, raw, &commit);

	assert_error(error, ERR_MALFORMED);
	assert_string_equal(error->what, "cannot read commit '1234567890'");
	assert_contains(error->why, why);
	assert_contains(error->hint, "git revert -S 1234567890");
	assert_string_equal(commit.id, "untouched");
}

static void a_signed_commit_is_read_whole(void **state)
{
	struct commit commit =
		parse(*state, TREE PARENT OTHER_PARENT AUTHOR COMMITTER GPGSIG MESSAGE);

	assert_string_equal(commit.id, ID);
	assert_string_equal(commit.tree, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(commit.parents.count, 2);
	assert_string_equal(commit.parents.items[1], "cccccccccccccccccccccccccccccccccccccccc");
	assert_string_equal(commit.author.name, "Ada Example");
	assert_string_equal(commit.author.email, "ada@example.org");
	assert_int_equal(commit.author.when, 1764000000);
	assert_string_equal(commit.author.zone, "+0100");
	assert_string_equal(commit.committer.name, "Bob");
	assert_string_equal(commit.committer.zone, "-0330");
	assert_string_equal(commit.subject, "Add a table");
	assert_string_equal(commit.message, "Add a table\n\nIt is needed.\n");
	assert_int_equal(commit.seal.format, SIGNATURE_SSH);
	assert_string_equal(commit.seal.signature.data,
	                    BEGIN "U1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n");
	assert_int_equal(commit.seal.signature.size, strlen(commit.seal.signature.data));
	assert_string_equal(commit.seal.payload.data,
	                    TREE PARENT OTHER_PARENT AUTHOR COMMITTER MESSAGE);
	assert_int_equal(commit.seal.payload.size, strlen(commit.seal.payload.data));
}

static void well_formed_commits_are_read(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *raw;
		enum signature_format format;
		const char *payload;
	} rows[] = {
		{"an unsigned commit", STANDARD MESSAGE, SIGNATURE_NONE, STANDARD MESSAGE},
		{"a root commit has no parent", TREE AUTHOR COMMITTER MESSAGE, SIGNATURE_NONE,
		  TREE AUTHOR COMMITTER MESSAGE},
		{"an empty message", STANDARD "\n", SIGNATURE_NONE, STANDARD "\n"},
		{"a message without a newline at its end", STANDARD "\nx", SIGNATURE_NONE, STANDARD "\nx"},
		{"an empty name", TREE "author <a@b> 0 +0000\ncommitter  <> 1 +0000\n" MESSAGE, SIGNATURE_NONE,
		  TREE "author <a@b> 0 +0000\ncommitter  <> 1 +0000\n" MESSAGE},
		{"the header 'encoding', before the signature", STANDARD "encoding ISO-8859-1\n" GPGSIG MESSAGE,
		  SIGNATURE_SSH, STANDARD "encoding ISO-8859-1\n" MESSAGE},
		{"the header 'encoding', behind the signature, as JGit has it",
		  STANDARD GPGSIG "encoding UTF-16\n" MESSAGE, SIGNATURE_SSH, STANDARD "encoding UTF-16\n" MESSAGE},
		{"jj's header 'change-id'", STANDARD "change-id zzzz\n" GPGSIG MESSAGE, SIGNATURE_SSH,
		  STANDARD "change-id zzzz\n" MESSAGE},
		{"two merged tags with armors of their own",
		  STANDARD "mergetag object 1\n type commit\n \n " BEGIN BODY END "mergetag object 2\n x\n" GPGSIG
		  MESSAGE,
		  SIGNATURE_SSH,
		  STANDARD "mergetag object 1\n type commit\n \n " BEGIN BODY END "mergetag object 2\n x\n" MESSAGE},
		{"the signature of the other object format is left out and not read",
		  STANDARD GPGSIG "gpgsig-sha256 " BEGIN BODY END MESSAGE, SIGNATURE_SSH, STANDARD MESSAGE},
		{"an OpenPGP signature", STANDARD PGP("iQ==") MESSAGE, SIGNATURE_OPENPGP, STANDARD MESSAGE},
		{"one with an empty line behind its end, as GitHub writes it", STANDARD PGP("iQ==") " \n" MESSAGE,
		  SIGNATURE_OPENPGP, STANDARD MESSAGE},
		{"an inline OpenPGP message",
		  STANDARD "gpgsig -----BEGIN PGP MESSAGE-----\n x\n -----END PGP MESSAGE-----\n" MESSAGE,
		  SIGNATURE_OPENPGP, STANDARD MESSAGE},
		{"an X.509 signature",
		  STANDARD "gpgsig -----BEGIN SIGNED MESSAGE-----\n x\n -----END SIGNED MESSAGE-----\n" MESSAGE,
		  SIGNATURE_X509, STANDARD MESSAGE},
		{"a signature of a kind that nobody knows", STANDARD "gpgsig -----BEGIN QUANTUM-----\n x\n" MESSAGE,
		  SIGNATURE_UNKNOWN, STANDARD MESSAGE},
		{"text in front of an armor makes it unknown, not signed by what follows",
		  STANDARD "gpgsig hello\n " BEGIN BODY END MESSAGE, SIGNATURE_UNKNOWN, STANDARD MESSAGE},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct commit commit;

		CASE(rows[i].sentence);
		commit = parse(*state, rows[i].raw);
		assert_int_equal(commit.seal.format, rows[i].format);
		assert_string_equal(commit.seal.payload.data, rows[i].payload);
		assert_int_equal(commit.seal.payload.size, strlen(rows[i].payload));
	}
}

/* Each was read as signed, or with another text, by git 2.39 or libgit2 1.5. */
static void attacks_on_the_reading_do_not_pass_as_signed(void **state)
{
	struct commit moved = parse(*state, STANDARD "\nAdd a table\n\n" GPGSIG);
	struct commit quoted = parse(*state, STANDARD "\ngpgsig " BEGIN BODY END "\nAdd a table\n");
	struct commit hidden =
		parse(*state, STANDARD GPGSIG "\nAdd\n\ngpgsig - [ ] backup\n- [x] tested\n");

	CASE("a signature that was moved into the message is text");
	assert_int_equal(moved.seal.format, SIGNATURE_NONE);
	assert_int_equal(moved.seal.signature.size, 0);
	assert_string_equal(moved.seal.payload.data, STANDARD "\nAdd a table\n\n" GPGSIG);
	CASE("also right behind the blank line");
	assert_int_equal(quoted.seal.format, SIGNATURE_NONE);
	CASE("a checklist line that is hidden behind the word gpgsig stays in message and payload");
	assert_string_equal(hidden.message, "Add\n\ngpgsig - [ ] backup\n- [x] tested\n");
	assert_string_equal(hidden.seal.payload.data,
	                    STANDARD "\nAdd\n\ngpgsig - [ ] backup\n- [x] tested\n");
}

static void malformed_commits_are_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *raw, *why;
	} rows[] = {
		{"an empty object", "", "no blank line"},
		{"nothing but a blank line", MESSAGE, "ends too early"},
		{"no blank line", STANDARD, "no blank line"},
		{"a header that is cut off", TREE PARENT "author Ada", "no blank line"},
		{"a line without a value", TREE PARENT AUTHOR COMMITTER "hello\n" MESSAGE, "line 5 is not a header"},
		{"a folded line at the very beginning", " tree\n" STANDARD MESSAGE, "line 1 is not a header"},
		{"a header name with a control character", STANDARD "a\001b c\n" MESSAGE, "odd characters"},
		{"a header name that is not ASCII", STANDARD "gpgs\xC3\xACg x\n" MESSAGE, "odd characters"},

		{"the parent before the tree", PARENT TREE AUTHOR COMMITTER MESSAGE, "line 1 is 'parent'"},
		{"no tree", PARENT AUTHOR COMMITTER MESSAGE, "line 1 is 'parent' where 'tree' belongs"},
		{"no author", TREE PARENT COMMITTER MESSAGE, "line 3 is 'committer' where 'author' belongs"},
		{"no committer", TREE PARENT AUTHOR MESSAGE, "ends too early, in line 4"},
		{"a signature before the committer", TREE PARENT AUTHOR GPGSIG COMMITTER MESSAGE,
		  "line 4 is 'gpgsig'"},
		{"the committer before the author", TREE PARENT COMMITTER AUTHOR MESSAGE, "line 3 is 'committer'"},
		{"a second tree", TREE TREE AUTHOR COMMITTER MESSAGE, "line 2 is 'tree'"},
		{"a second author", TREE PARENT AUTHOR AUTHOR COMMITTER MESSAGE, "line 4 is 'author'"},
		{"a second committer", STANDARD COMMITTER MESSAGE,
		  "'committer' stands again, or too late, in line 5"},
		{"a parent behind the committer", STANDARD OTHER_PARENT MESSAGE,
		  "'parent' stands again, or too late"},
		{"a late tree, behind the signature", STANDARD GPGSIG TREE MESSAGE,
		  "'tree' stands again, or too late"},
		{"a late author", STANDARD "x y\n" AUTHOR MESSAGE, "'author' stands again, or too late, in line 6"},
		{"two encodings", STANDARD "encoding a\nencoding b\n" MESSAGE,
		  "a second 'encoding' stands in line 6"},

		{"an id that is too short", "tree aaaa\n" PARENT AUTHOR COMMITTER MESSAGE, "'tree' in line 1"},
		{"an id in capitals", "tree AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" AUTHOR COMMITTER MESSAGE,
		  "40 lower-case hex digits"},
		{"an id with a space behind it",
		  "tree aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \n" AUTHOR COMMITTER MESSAGE,
		  "not one object id"},
		{"an id of SHA-256",
		  "tree aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" AUTHOR COMMITTER MESSAGE,
		  "not one object id"},
		{"a folded tree", TREE " more\n" PARENT AUTHOR COMMITTER MESSAGE, "'tree' in line 1"},
		{"a tree with CRLF", "tree aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" AUTHOR COMMITTER MESSAGE,
		  "not one object id"},

		{"a time that is no number", TREE "author A <a> now +0000\n" COMMITTER MESSAGE, "no time"},
		{"a negative time", TREE "author A <a> -1 +0000\n" COMMITTER MESSAGE, "no time"},
		{"a time that is too large", TREE "author A <a> 9223372036854775808 +0000\n" COMMITTER MESSAGE,
		  "no time"},
		{"no zone", TREE "author A <a> 1764000000\n" COMMITTER MESSAGE, "no time"},
		{"a zone of three digits", TREE "author A <a> 1 +000\n" COMMITTER MESSAGE, "no time"},
		{"something behind the zone", TREE "author A <a> 1 +0000 \n" COMMITTER MESSAGE, "no time"},
		{"no space before the time", TREE "author A <a>1 +0000\n" COMMITTER MESSAGE, "no time"},
		{"nothing behind the address", TREE "author A <a>\n" COMMITTER MESSAGE, "no time"},
		{"no address", TREE "author A 1 +0000\n" COMMITTER MESSAGE, "not written"},
		{"no space before the address", TREE "author A<a> 1 +0000\n" COMMITTER MESSAGE, "not written"},
		{"a < inside the name", TREE "author A <B <a> 1 +0000\n" COMMITTER MESSAGE, "not written"},
		{"a > inside the name", TREE "author A> <a> 1 +0000\n" COMMITTER MESSAGE, "not written"},
		{"two addresses", TREE "author A <a> <b> 1 +0000\n" COMMITTER MESSAGE, "not written"},
		{"a control character in a name", TREE "author A\033[2J <a> 1 +0000\n" COMMITTER MESSAGE,
		  "control characters"},
		{"an author with CRLF", TREE "author A <a> 1 +0000\r\n" COMMITTER MESSAGE, "control characters"},
		{"a folded author", TREE "author A <a> 1 +0000\n B\n" COMMITTER MESSAGE, "'author' in line 2"},

		{"a second signature", STANDARD GPGSIG GPGSIG MESSAGE, "a second 'gpgsig' stands in line 8"},
		{"a second signature, not beside the first", STANDARD GPGSIG "x y\n" GPGSIG MESSAGE,
		  "a second 'gpgsig'"},
		{"a header that git would leave out of the payload", STANDARD GPGSIG "gpgsigX hidden\n" MESSAGE,
		  "a header 'gpgsigX'"},
		{"the same with a hyphen", STANDARD "gpgsig-sha512 hidden\n" MESSAGE, "a header 'gpgsig-sha512'"},
		{"two signatures of the other object format", STANDARD "gpgsig-sha256 a\ngpgsig-sha256 b\n" MESSAGE,
		  "a second 'gpgsig-sha256'"},
		{"an empty signature", STANDARD "gpgsig \n" MESSAGE, "is empty"},
		{"an armor with nothing in it", STANDARD "gpgsig " BEGIN END MESSAGE, "is empty"},
		{"an armor that is cut off", STANDARD "gpgsig " BEGIN BODY MESSAGE, "cut off"},
		{"half an armor end", STANDARD "gpgsig " BEGIN BODY " -----END SSH SIG\n" MESSAGE, "cut off"},
		{"the end of another kind", STANDARD "gpgsig " BEGIN BODY " -----END PGP SIGNATURE-----\n" MESSAGE,
		  "cut off"},
		{"a second armor", STANDARD "gpgsig " BEGIN BODY END " " BEGIN BODY END MESSAGE,
		  "more than one armor"},
		{"an OpenPGP armor behind an SSH one",
		  STANDARD "gpgsig " BEGIN BODY END
		  " -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n" MESSAGE,
		  "something stands behind its end"},
		{"bytes behind the end", STANDARD GPGSIG " tail\n" MESSAGE, "something stands behind its end"},
		{"an empty line behind the end of an SSH armor", STANDARD GPGSIG " \n" MESSAGE,
		  "something stands behind"},
		{"two empty lines behind an OpenPGP armor", STANDARD PGP("iQ==") " \n \n" MESSAGE,
		  "something stands behind"},
		{"an armor with CRLF",
		  STANDARD "gpgsig -----BEGIN SSH SIGNATURE-----\r\n AA==\r\n -----END SSH SIGNATURE-----\r\n" MESSAGE,
		  "control characters"},
		{"status text in the comment of an OpenPGP armor",
		  STANDARD PGP("Comment: \r[GNUPG:] GOODSIG") MESSAGE,
		  "control characters"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		check_malformed(*state, bytes_of(rows[i].raw), rows[i].why);
	}
}

static void nul_is_refused_wherever_it_stands(void **state)
{
	static const char raw[] = STANDARD GPGSIG MESSAGE "X- [x] tested\n";
	const size_t places[] = {0,
	                         5,
	                         60,
	                         sizeof STANDARD + 40,
	                         sizeof STANDARD GPGSIG,
	                         sizeof raw - 16,
	                         sizeof raw - 2};

	for (size_t i = 0; i < ROWS(places); i++) {
		char *copy = arena_copy(*state, raw, sizeof raw - 1);

		copy[places[i]] = '\0';
		check_malformed(*state, (struct bytes){copy, sizeof raw - 1}, "NUL");
	}
}

static struct bytes filled(struct arena *arena, const char *head, size_t size, const char *tail)
{
	struct text text = TEXT_IN(arena);
	char *filler = arena_alloc(arena, size + 1);

	memset(filler, 'a', size);
	text_add(&text, head);
	text_add_bytes(&text, filler, size);
	text_add(&text, tail);
	return text_bytes(&text);
}

static void sizes_have_a_limit(void **state)
{
	struct text parents = TEXT_IN(*state);
	struct commit commit;

	CASE("one byte below the limit of the object is read, one above is refused");
	assert_fine(commit_parse(
		*state, ID,
		filled(*state, STANDARD "\n", COMMIT_MAXIMUM - strlen(STANDARD "\n"), ""),
		&commit));
	check_malformed(*state,
	                filled(*state, STANDARD "\n", COMMIT_MAXIMUM - strlen(STANDARD), ""),
	                "larger than 1048576");
	CASE("a signature of 200 KB is refused");
	check_malformed(*state,
	                filled(*state, STANDARD "gpgsig " BEGIN " ", 200000, "\n" END MESSAGE),
	                "larger than 65536");
	CASE("so is one of the other object format");
	check_malformed(*state, filled(*state, STANDARD "gpgsig-sha256 ", 200000, "\n" MESSAGE),
	                "larger than 65536");
	CASE("one just below the limit is read");
	assert_fine(commit_parse(
		*state, ID, filled(*state, STANDARD "gpgsig " BEGIN " ", 65000, "\n" END MESSAGE),
		&commit));
	assert_int_equal(commit.seal.signature.size, 65000 + 1 + strlen(BEGIN END) - 1);

	CASE("64 parents are read, 65 are refused");
	text_add(&parents, TREE);
	for (int i = 0; i < COMMIT_PARENTS_MAXIMUM; i++)
		text_add(&parents, PARENT);
	assert_int_equal(parse(*state, arena_printf(*state, "%s" AUTHOR COMMITTER MESSAGE,
	                                            text_get(&parents)))
	                         .parents.count,
	                 64);
	text_add(&parents, PARENT);
	check_malformed(
		*state,
		bytes_of(arena_printf(*state, "%s" AUTHOR COMMITTER MESSAGE, text_get(&parents))),
		"more than 64 parents");
}

/* Cutting a signed commit at any byte, or changing any one, never yields a signed commit with the same payload. */
static void a_damaged_commit_never_keeps_its_payload(void **state)
{
	static const char raw[] = STANDARD GPGSIG MESSAGE;
	struct commit whole = parse(*state, raw), commit;

	for (size_t i = 0; i < sizeof raw - 1; i++) {
		struct error *error = commit_parse(
			*state, ID, (struct bytes){arena_copy(*state, raw, i), i}, &commit);

		if (!error && commit.seal.format != SIGNATURE_NONE)
			assert_true(commit.seal.payload.size < whole.seal.payload.size);
	}
	for (size_t i = 0; i < sizeof raw - 1; i++) {
		char *copy = arena_copy(*state, raw, sizeof raw - 1);
		struct error *error;

		copy[i] ^= 1;
		error = commit_parse(*state, ID, (struct bytes){copy, sizeof raw - 1}, &commit);
		if (error)
			continue;
		if (strcmp(commit.seal.payload.data, whole.seal.payload.data) == 0)
			assert_true(commit.seal.format != SIGNATURE_NONE &&
			            strcmp(commit.seal.signature.data, whole.seal.signature.data) !=
			                    0);
	}
}

static void the_subject_is_the_first_line(void **state)
{
	static const struct {
		const char *sentence, *message, *subject;
	} rows[] = {
		{"one line", "one\n", "one"},
		{"without a newline", "one", "one"},
		{"a title of two lines", "one\ntwo\n", "one"},
		{"empty lines in front", "\n\none\n", "one"},
		{"nothing", "", ""},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_string_equal(
			parse(*state, arena_printf(*state, STANDARD "\n%s", rows[i].message))
				.subject,
			rows[i].subject);
	}
}

/* The answers are those of `git interpret-trailers --parse --no-divider --unfold` 2.39. */
static void trailers_are_those_of_git(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *message, *values;
	} rows[] = {
		{"the last paragraph", "Title\n\nText.\n\nKey: one\n", "one"},
		{"several, among others", "Title\n\nKey: one\nOther: x\nKey: two\n", "one|two"},
		{"without a newline at the end", "Title\n\nKey: one", "one"},
		{"empty lines behind it", "Title\n\nKey: one\n\n\n", "one"},
		{"keys are written in any case", "Title\n\nkEY: one\n", "one"},
		{"space before and behind the colon", "Title\n\nKey \t:   one  \n", "one"},
		{"no space behind the colon", "Title\n\nKey:one\n", "one"},
		{"an empty value", "Title\n\nKey:\n", ""},
		{"a folded value", "Title\n\nKey: one\n  two\n\tthree\nOther: x\n", "one two three"},
		{"a folded line of another key", "Title\n\nOther: x\n Key: no\n", NULL},
		{"a key that only begins alike", "Title\n\nKey-2: one\nKe: two\n", NULL},
		{"the title is never a trailer", "Key: one\n", NULL},
		{"nor a second line of the title", "Title\nKey: one\n", NULL},
		{"not in an earlier paragraph", "Title\n\nKey: one\n\nText.\n", NULL},
		{"not among text", "Title\n\nText.\nKey: one\n", NULL},
		{"among text beside a trailer of git's own",
		  "Title\n\nText.\nKey: one\nSigned-off-by: A <a>\n", "one"},
		{"a quarter suffices beside git's own",
		  "Title\n\nText.\nText.\nText.\nText.\nKey: one\n(cherry picked from commit 1)\n", "one"},
		{"less than a quarter does not",
		  "Title\n\nText.\nText.\nText.\nText.\nText.\nText.\nText.\nKey: one\nSigned-off-by: A\n", NULL},
		{"a line that begins with # is skipped", "Title\n\nText\n# x\nKey: one\n", NULL},
		{"also between trailers", "Title\n\nKey: one\n# Key: two\n", "one"},
		{"a divider is text like any other", "Title\n\n---\n\nKey: one\n", "one"},
		{"an indented key is no key", "Title\n\n Key: one\n", NULL},
		{"a blank line of spaces divides, too", "Title\n\nText.\n  \nKey: one\n", "one"},
		{"no message", "", NULL},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct commit commit =
			parse(*state, arena_printf(*state, STANDARD "\n%s", rows[i].message));
		struct text_list values;

		CASE(rows[i].sentence);
		message_trailers(*state, commit.message, "Key", &values);
		if (!rows[i].values)
			assert_int_equal(values.count, 0);
		else
			assert_string_equal(text_join(*state, &values, "|"), rows[i].values);
		assert_true(!rows[i].values || values.count > 0);
	}
}

static void names_and_ids(void **state)
{
	assert_string_equal(commit_short(*state, ID), "1234567890");
	assert_true(commit_id_is_valid(ID));
	assert_false(commit_id_is_valid(ID "0"));
	assert_false(commit_id_is_valid("HEAD"));
	assert_false(commit_id_is_valid("1234567890ABCDEF1234567890abcdef12345678"));
	for (int format = SIGNATURE_NONE; format <= SIGNATURE_UNKNOWN; format++)
		assert_true(strlen(signature_format_name((enum signature_format)format)) > 2);
	assert_string_equal(signature_format_name(SIGNATURE_OPENPGP), "openpgp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signed_commit_is_read_whole),
		TEST(well_formed_commits_are_read),
		TEST(attacks_on_the_reading_do_not_pass_as_signed),
		TEST(malformed_commits_are_refused),
		TEST(nul_is_refused_wherever_it_stands),
		TEST(sizes_have_a_limit),
		TEST(a_damaged_commit_never_keeps_its_payload),
		TEST(the_subject_is_the_first_line),
		TEST(trailers_are_those_of_git),
		TEST(names_and_ids),
	};

	return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}

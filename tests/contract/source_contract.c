/*
 * The contract of ports/source.h. Objects are built byte by byte, so that also what no git command
 * would make (a name with a slash, a tree cut short, times that run backwards) reaches the source.
 */
#include "contract/source_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/commit.h"

#define UNKNOWN "3333333333333333333333333333333333333333"
#define PATH "prisma/migrations"
#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct source_subject *subject;

struct fixture {
	struct arena *arena;
	struct source *source;
	struct git_build build;
	int64_t when; /* of the last commit */
};

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct fixture *fixture = ARENA_NEW(arena, struct fixture);

	subject->reset(subject, arena);
	*fixture = (struct fixture){
		.arena = arena,
		.source = subject->open(subject, arena),
		.build = {.arena = arena, .put = subject->put, .context = subject},
		.when = 1700000000,
	};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	source_close(fixture->source);
	arena_free(fixture->arena);
	return 0;
}

static void must(struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->code, error->what, error->why ? error->why : "");
}

static void must_fail(struct error *error, enum error_code code, const char *part)
{
	if (!error)
		fail_msg("it passed; %s was expected", error_rows()[code].name);
	if (error->row != &error_rows()[code])
		fail_msg("%s (%s: %s) instead of %s", error->row->name, error->what,
		         error->why ? error->why : "", error_rows()[code].name);
	assert_non_null(error->hint);
	if (part && !strstr(error->what, part) && !(error->why && strstr(error->why, part)))
		fail_msg("'%s: %s' does not hold '%s'", error->what, error->why ? error->why : "",
		         part);
}

/* A commit a minute younger than the last one, with a tree of one file that names it. */
static const char *add_commit(struct fixture *fixture, const char *name, const char *parent,
                              const char *other)
{
	const char *tree = BUILD_TREE(&fixture->build, {.path = "name", .text = name});

	fixture->when += 60;
	return build_commit(&fixture->build, &(struct build_commit){.tree = tree,
	                                                            .parents = {parent, other},
	                                                            .when = fixture->when});
}

static const char *commit_tree(struct fixture *fixture, const char *tree)
{
	return build_commit(&fixture->build,
	                    &(struct build_commit){.tree = tree, .when = fixture->when += 60});
}

/* Brings `commit` as the head of a branch. */
static void bring(struct fixture *fixture, const char *branch, const char *commit)
{
	subject->set_branch(subject, branch, commit);
	must(source_fetch(fixture->source, branch, commit, fixture->arena));
}

static void assert_head(struct fixture *fixture, const char *asked, const char *branch,
                        const char *commit)
{
	const char *found = NULL, *at = NULL;

	must(source_head(fixture->source, asked, fixture->arena, &found, &at));
	assert_string_equal(found, branch);
	assert_string_equal(at, commit);
}

static void fail_head(struct fixture *fixture, const char *asked, enum error_code code,
                      const char *part)
{
	const char *branch = "untouched", *commit = "untouched";

	must_fail(source_head(fixture->source, asked, fixture->arena, &branch, &commit), code,
	          part);
	assert_string_equal(branch, "untouched");
	assert_string_equal(commit, "untouched");
}

/* ---- head ---- */

static void head_names_the_commit_of_a_branch_and_sees_it_move(void **state)
{
	struct fixture *fixture = *state;
	const char *first = add_commit(fixture, "first", NULL, NULL),
		   *second = add_commit(fixture, "second", first, NULL);

	subject->set_branch(subject, "main", first);
	assert_head(fixture, "main", "main", first);
	assert_head(fixture, "main", "main", first);
	subject->set_branch(subject, "main", second);
	assert_head(fixture, "main", "main", second);
	subject->set_branch(subject, "main", first);
	assert_head(fixture, "main", "main", first);
}

static void head_without_a_branch_is_the_default_branch(void **state)
{
	struct fixture *fixture = *state;
	const char *one = add_commit(fixture, "one", NULL, NULL),
		   *two = add_commit(fixture, "two", NULL, NULL);

	subject->set_branch(subject, "staging/blue", two);
	subject->set_branch(subject, "main", one);
	assert_head(fixture, NULL, "main", one);
	assert_head(fixture, "staging/blue", "staging/blue", two);
}

static void a_repository_without_commits_is_named_empty(void **state)
{
	fail_head(*state, NULL, ERR_GIT_EMPTY, NULL);
	fail_head(*state, "main", ERR_GIT_EMPTY, NULL);
}

static void a_missing_branch_is_refused_and_the_others_are_named(void **state)
{
	struct fixture *fixture = *state;

	subject->set_branch(subject, "trunk", add_commit(fixture, "one", NULL, NULL));
	fail_head(fixture, "production", ERR_GIT_NO_BRANCH, "'trunk'");
	fail_head(fixture, "trun*", ERR_GIT_NO_BRANCH, "'trunk'");
	fail_head(fixture, NULL, ERR_GIT_NO_BRANCH,
	          "'trunk'"); /* the default branch is main, and unborn */
}

static void a_remote_that_is_away_is_unreachable_and_then_back(void **state)
{
	struct fixture *fixture = *state;
	const char *commit = add_commit(fixture, "one", NULL, NULL);

	subject->set_branch(subject, "main", commit);
	subject->set_down(subject, true);
	fail_head(fixture, "main", ERR_GIT_UNREACHABLE, NULL);
	must_fail(source_fetch(fixture->source, "main", commit, fixture->arena),
	          ERR_GIT_UNREACHABLE, NULL);
	subject->set_down(subject, false);
	assert_head(fixture, "main", "main", commit);
	must(source_fetch(fixture->source, "main", commit, fixture->arena));
}

/* ---- fetch ---- */

static void what_was_fetched_needs_no_remote_any_more(void **state)
{
	struct fixture *fixture = *state;
	const char *commit = add_commit(fixture, "one", NULL, NULL);
	struct bytes raw;

	bring(fixture, "main", commit);
	subject->set_down(subject, true);
	must(source_fetch(fixture->source, "main", commit, fixture->arena));
	must(source_commit(fixture->source, commit, fixture->arena, &raw));
	subject->set_down(subject, false);
}

static void a_mirror_is_kept_from_one_opening_to_the_next(void **state)
{
	struct fixture *fixture = *state;
	const char *commit = add_commit(fixture, "one", NULL, NULL), *found;

	bring(fixture, "main", commit);
	source_close(fixture->source);
	fixture->source = subject->open(subject, fixture->arena);
	must(source_resolve(fixture->source, "main", fixture->arena, &found));
	assert_string_equal(found, commit);
}

static void a_rewritten_branch_is_fetched_and_the_old_commits_stay(void **state)
{
	struct fixture *fixture = *state;
	const char *base = add_commit(fixture, "base", NULL, NULL);
	const char *old = add_commit(fixture, "old", base, NULL),
		   *new = add_commit(fixture, "new", base, NULL);
	struct bytes raw;

	bring(fixture, "main", old);
	bring(fixture, "main", new);
	must(source_commit(fixture->source, old, fixture->arena, &raw));
	must(source_commit(fixture->source, new, fixture->arena, &raw));
	bring(fixture, "main", base);
}

static void two_branches_share_one_mirror(void **state)
{
	struct fixture *fixture = *state;
	const char *one = add_commit(fixture, "one", NULL, NULL),
		   *two = add_commit(fixture, "two", one, NULL), *found;

	bring(fixture, "main", one);
	bring(fixture, "staging/blue", two);
	must(source_resolve(fixture->source, "main", fixture->arena, &found));
	assert_string_equal(found, one);
	must(source_resolve(fixture->source, "staging/blue", fixture->arena, &found));
	assert_string_equal(found, two);
}

static void a_branch_that_moved_away_meanwhile_is_looked_at_again_later(void **state)
{
	struct fixture *fixture = *state;
	const char *one = add_commit(fixture, "one", NULL, NULL),
		   *two = add_commit(fixture, "two", NULL, NULL);

	subject->set_branch(subject, "main", two);
	must_fail(source_fetch(fixture->source, "main", one, fixture->arena), ERR_GIT_OBJECT, one);
	subject->set_branch(subject, "main", NULL);
	subject->set_branch(subject, "trunk", one);
	must_fail(source_fetch(fixture->source, "main", one, fixture->arena), ERR_GIT_NO_BRANCH,
	          "main");
}

static void a_branch_that_moved_on_meanwhile_still_brings_the_commit(void **state)
{
	struct fixture *fixture = *state;
	const char *one = add_commit(fixture, "one", NULL, NULL),
		   *two = add_commit(fixture, "two", one, NULL);
	struct bytes raw;

	subject->set_branch(subject, "main", two);
	must(source_fetch(fixture->source, "main", one, fixture->arena));
	must(source_commit(fixture->source, one, fixture->arena, &raw));
}

/* ---- commits and blobs ---- */

static void a_commit_is_given_byte_by_byte(void **state)
{
	struct fixture *fixture = *state;
	struct build_commit commit = {
		.tree = BUILD_TREE(&fixture->build, {.path = "name", .text = "x"}),
		.author = "J\xc3\xbcrgen <j@example.org>",
		.extra =
			"encoding UTF-8\ngpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lH\n -----END SSH SIGNATURE-----\n",
		.message = "Add users\n\n- [x] backup\n\ntrailing space \n\n\n",
	};
	struct bytes wanted = build_commit_bytes(fixture->arena, &commit), raw;
	const char *id = build_commit(&fixture->build, &commit);

	bring(fixture, "main", id);
	must(source_commit(fixture->source, id, fixture->arena, &raw));
	assert_int_equal(raw.size, wanted.size);
	assert_memory_equal(raw.data, wanted.data, wanted.size);
	assert_int_equal(raw.data[raw.size], 0);
}

static void a_commit_that_is_not_there_is_unknown(void **state)
{
	struct fixture *fixture = *state;
	const char *blob = build_blob(&fixture->build, "SELECT 1;");
	const char *tree = BUILD_TREE(&fixture->build, {.path = "a", .id = blob});
	const char *commit = commit_tree(fixture, tree);
	const char *const others[] = {UNKNOWN, tree, blob, "HEAD", "", "zzzz"};
	struct bytes raw;

	bring(fixture, "main", commit);
	for (size_t i = 0; i < ROWS(others); i++)
		must_fail(source_commit(fixture->source, others[i], fixture->arena, &raw),
		          ERR_UNKNOWN_COMMIT, NULL);
}

static void a_commit_above_its_maximum_is_not_read(void **state)
{
	struct fixture *fixture = *state;
	char *message = arena_alloc(fixture->arena, COMMIT_MAXIMUM + 1);
	struct bytes raw;
	const char *id;

	memset(message, 'x', COMMIT_MAXIMUM);
	id = build_commit(&fixture->build,
	                  &(struct build_commit){
				  .tree = BUILD_TREE(&fixture->build, {.path = "a", .text = ""}),
				  .message = message});
	bring(fixture, "main", id);
	must_fail(source_commit(fixture->source, id, fixture->arena, &raw), ERR_GIT_LIMIT, id);
}

static void a_blob_is_given_whole_up_to_its_maximum(void **state)
{
	static const struct {
		const char *sentence;
		struct bytes bytes;
	} cases[] = {
		{"text", {"SELECT 1;\n", 10}},
		{"nothing", {"", 0}},
		{"NUL and invalid UTF-8", {"a\0b\xff\r\n", 6}},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ROWS(cases); i++) {
		const char *id = subject->put(subject, GIT_KIND_BLOB, cases[i].bytes);
		struct bytes bytes = {"untouched", 9};

		print_message("         - %s\n", cases[i].sentence);
		bring(fixture, "main",
		      commit_tree(fixture, BUILD_TREE(&fixture->build, {.path = "a", .id = id})));
		must(source_blob(fixture->source, id, cases[i].bytes.size, fixture->arena, &bytes));
		assert_int_equal(bytes.size, cases[i].bytes.size);
		assert_memory_equal(bytes.data, cases[i].bytes.data, bytes.size);
		if (bytes.size)
			must_fail(source_blob(fixture->source, id, bytes.size - 1, fixture->arena,
			                      &bytes),
			          ERR_GIT_LIMIT, id);
	}
}

static void a_huge_blob_is_refused_by_its_header(void **state)
{
	struct fixture *fixture = *state;
	size_t size = (size_t)24 * 1024 * 1024, before;
	AUTO_ARENA big = arena_new();
	char *data = arena_alloc(big, size);
	const char *id = subject->put(subject, GIT_KIND_BLOB, (struct bytes){data, size});
	struct bytes bytes;

	bring(fixture, "main",
	      commit_tree(fixture, BUILD_TREE(&fixture->build, {.path = "a", .id = id})));
	before = arena_used(fixture->arena);
	must_fail(
		source_blob(fixture->source, id, (size_t)16 * 1024 * 1024, fixture->arena, &bytes),
		ERR_GIT_LIMIT, "25165824");
	assert_true(arena_used(fixture->arena) - before < 64 * 1024);
}

static void a_blob_that_is_not_there_or_something_else_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	const char *tree = BUILD_TREE(&fixture->build, {.path = "a", .text = "x"});
	struct bytes bytes;
	struct folder folder;

	bring(fixture, "main", commit_tree(fixture, tree));
	must_fail(source_blob(fixture->source, UNKNOWN, 100, fixture->arena, &bytes),
	          ERR_GIT_OBJECT, UNKNOWN);
	must_fail(source_blob(fixture->source, tree, 100, fixture->arena, &bytes), ERR_GIT_OBJECT,
	          tree);
	must_fail(source_entries(fixture->source, UNKNOWN, fixture->arena, &folder), ERR_GIT_OBJECT,
	          UNKNOWN);
}

/* ---- folders ---- */

static void a_folder_is_listed_with_modes_and_ids(void **state)
{
	struct fixture *fixture = *state;
	const char *blob = build_blob(&fixture->build, "SELECT 1;");
	const char *commit = commit_tree(
		fixture,
		BUILD_TREE(&fixture->build, {.path = "README", .text = "x"},
	                   {.path = PATH "/1_a/migration.sql", .id = blob},
	                   {.path = PATH "/1_a/down.sql", .text = "SELECT 2;", .mode = 0100755},
	                   {.path = PATH "/migration_lock.toml",
	                    .text = "provider = \"postgresql\"\n"}));
	const struct folder_entry *entry;
	struct folder folder, inside;

	bring(fixture, "main", commit);
	must(source_folder(fixture->source, commit, PATH, fixture->arena, &folder));
	assert_int_equal(folder.count, 2);
	assert_true(text_is_hex(folder.tree, COMMIT_ID_SIZE));
	entry = folder_find(&folder, "migration_lock.toml");
	assert_int_equal(entry->mode, ENTRY_FILE);
	entry = folder_find(&folder, "1_a");
	assert_int_equal(entry->mode, ENTRY_FOLDER);

	must(source_entries(fixture->source, entry->id, fixture->arena, &inside));
	assert_string_equal(inside.tree, entry->id);
	assert_int_equal(inside.count, 2);
	assert_int_equal(folder_find(&inside, "down.sql")->mode, ENTRY_PROGRAM);
	assert_string_equal(folder_find(&inside, "migration.sql")->id, blob);
}

static void a_path_may_be_written_in_several_ways(void **state)
{
	static const struct {
		const char *path;
		bool there;
	} cases[] = {
		{PATH, true},
		{"/" PATH, true},
		{PATH "/", true},
		{"./prisma//migrations", true},
		{"", true},
		{".", true},
		{"prisma", true},
		{"prisma/migration", false},
		{"migrations", false},
		{"Prisma/migrations", false},
		{"prisma/../prisma", false},
		{PATH "/1_a/no", false},
	};
	struct fixture *fixture = *state;
	const char *commit =
		commit_tree(fixture, BUILD_TREE(&fixture->build,
	                                        {.path = PATH "/1_a/migration.sql", .text = "x"}));

	bring(fixture, "main", commit);
	for (size_t i = 0; i < ROWS(cases); i++) {
		struct folder folder;

		print_message("         - '%s'\n", cases[i].path);
		must(source_folder(fixture->source, commit, cases[i].path, fixture->arena,
		                   &folder));
		assert_int_equal(folder.tree != NULL, cases[i].there);
		assert_int_equal(folder.count, cases[i].there ? 1 : 0);
	}
}

static void what_stands_in_the_place_of_the_folder_is_refused(void **state)
{
	struct fixture *fixture = *state;
	const struct {
		const char *sentence;
		struct build_file file;
	} cases[] = {
		{"file", {.path = PATH, .text = "x"}},
		{"file", {.path = "prisma", .text = "x"}},
		{"symbolic link", {.path = PATH, .text = "elsewhere", .mode = 0120000}},
		{"symbolic link", {.path = "prisma", .text = "elsewhere", .mode = 0120000}},
		{"submodule", {.path = PATH, .id = UNKNOWN, .mode = 0160000}},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		const char *commit =
			commit_tree(fixture, build_tree(&fixture->build, &cases[i].file, 1));
		struct folder folder = {.tree = "untouched"};

		print_message("         - a %s at '%s'\n", cases[i].sentence, cases[i].file.path);
		bring(fixture, "main", commit);
		must_fail(source_folder(fixture->source, commit, PATH, fixture->arena, &folder),
		          ERR_FOLDER_ENTRY, cases[i].sentence);
		assert_string_equal(folder.tree, "untouched");
	}
}

/* A tree of one entry, its name as it is; no '/' is taken for a folder. */
static const char *tree_of(struct fixture *fixture, const char *mode, const char *name,
                           const char *id)
{
	struct text raw = TEXT_IN(fixture->arena);

	text_printf(&raw, "%s %s", mode, name);
	text_add_bytes(&raw, "", 1);
	for (size_t j = 0; j < COMMIT_ID_SIZE; j += 2) {
		char digits[3] = {id[j], id[j + 1], 0};
		unsigned char byte = (unsigned char)strtoul(digits, NULL, 16);

		text_add_bytes(&raw, &byte, 1);
	}
	return subject->put(subject, GIT_KIND_TREE, text_bytes(&raw));
}

static void an_entry_that_breaks_a_rule_is_refused_by_name(void **state)
{
	struct fixture *fixture = *state;
	char long_name[302];
	const struct {
		const char *sentence, *mode, *name, *part;
	} cases[] = {
		{"a symbolic link", "120000", "1_a", "symbolic link"},
		{"a submodule", "160000", "1_a", "submodule"},
		{"a line break in the name", "100644", "a\nb", "control"},
		{"an escape in the name", "100644", "a\x1b[2Jb", "\\x1b"},
		{"a DEL in the name", "100644", "a\x7f", "control"},
		{"a backslash in the name", "100644", "a\\b", "backslash"},
		{"the folder above", "40000", "..", "'..'"},
		{"the folder itself", "40000", ".", "'.'"},
		{"a slash in the name", "100644", "1_a/migration.sql", "'/'"},
		{"a byte that is no UTF-8", "100644", "a\xff", "\\xff"},
		{"a surrogate", "100644", "a\xed\xa0\x80", "UTF-8"},
		{"a slash in overlong form", "100644", "a\xc0\xaf", "UTF-8"},
		{"a name of 300 bytes", "100644", long_name, "255"},
		{"a device", "20000", "1_a", "only files"},
	};

	memset(long_name, 'a', 300);
	long_name[300] = 0;
	for (size_t i = 0; i < ROWS(cases); i++) {
		const char *blob = build_blob(&fixture->build, "x");
		const char *id = !strcmp(cases[i].mode, "40000")
		                         ? BUILD_TREE(&fixture->build, {.path = "a", .id = blob})
		                         : blob;
		const char *tree = tree_of(fixture, cases[i].mode, cases[i].name, id);
		const char *commit = commit_tree(
			fixture,
			BUILD_TREE(&fixture->build, {.path = PATH, .mode = 040000, .id = tree}));
		struct folder folder = {.tree = "untouched"};

		print_message("         - %s\n", cases[i].sentence);
		bring(fixture, "main", commit);
		must_fail(source_folder(fixture->source, commit, PATH, fixture->arena, &folder),
		          ERR_FOLDER_ENTRY, cases[i].part);
		must_fail(source_folder(fixture->source, commit, PATH, fixture->arena, &folder),
		          ERR_FOLDER_ENTRY, PATH);
		must_fail(source_entries(fixture->source, tree, fixture->arena, &folder),
		          ERR_FOLDER_ENTRY, cases[i].part);
		assert_string_equal(folder.tree, "untouched");
	}
}

static void twins_are_refused_and_both_are_named(void **state)
{
	static const struct {
		const char *sentence, *one, *other;
		bool twins;
	} cases[] = {
		{"case", "2_Users", "2_users", true},
		{"composed and decomposed", "2_\xc3\xbc", "2_u\xcc\x88", true},
		{"case of a letter beyond ASCII", "2_\xc3\x9c", "2_\xc3\xbc", true},
		{"sharp s and ss",
	         "2_stra\xc3\x9f"
	         "e",
	         "2_strasse", true},
		{"both at once", "2_\xc3\x9cx", "2_u\xcc\x88X", true},
		{"the Kelvin sign", "2_\xe2\x84\xaa", "2_k", true},
		{"another name", "2_users", "2_user", false},
		{"an accent", "2_u", "2_\xc3\xbc", false},
		{"another script", "2_a", "2_\xd0\xb0", false},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct arena *arena = fixture->arena;
		const char *commit = commit_tree(
			fixture, BUILD_TREE(&fixture->build,
		                            {.path = PATH "/1_a/migration.sql", .text = "x"},
		                            {.path = arena_printf(arena, PATH "/%s/migration.sql",
		                                                  cases[i].one),
		                             .text = "x"},
		                            {.path = PATH "/2_v/migration.sql", .text = "x"},
		                            {.path = arena_printf(arena, PATH "/%s/migration.sql",
		                                                  cases[i].other),
		                             .text = "x"}));
		struct folder folder;

		print_message("         - %s\n", cases[i].sentence);
		bring(fixture, "main", commit);
		if (cases[i].twins) {
			must_fail(source_folder(fixture->source, commit, PATH, arena, &folder),
			          ERR_FOLDER_TWINS, cases[i].one);
			must_fail(source_folder(fixture->source, commit, PATH, arena, &folder),
			          ERR_FOLDER_TWINS, cases[i].other);
		} else {
			must(source_folder(fixture->source, commit, PATH, arena, &folder));
		}
	}
}

static void the_rules_hold_for_the_folder_alone_not_for_its_neighbours(void **state)
{
	struct fixture *fixture = *state;
	const char *commit = commit_tree(
		fixture, BUILD_TREE(&fixture->build, {.path = "link", .text = "x", .mode = 0120000},
	                            {.path = "module", .id = UNKNOWN, .mode = 0160000},
	                            {.path = "a\\b", .text = "x"}, {.path = "README", .text = "x"},
	                            {.path = "readme", .text = "x"},
	                            {.path = PATH "/1_a/migration.sql", .text = "x"},
	                            {.path = PATH "/1_a/notes/deep", .text = "x"}));
	struct folder folder;

	bring(fixture, "main", commit);
	must(source_folder(fixture->source, commit, PATH, fixture->arena, &folder));
	assert_int_equal(folder.count, 1);
	must(source_entries(fixture->source, folder.items[0].id, fixture->arena, &folder));
	assert_int_equal(folder.count, 2);
}

static void too_many_entries_are_refused(void **state)
{
	struct fixture *fixture = *state;
	const char *blob = build_blob(&fixture->build, "x");
	struct text raw = TEXT_IN(fixture->arena);
	struct folder folder;
	const char *commit;

	for (int i = 0; i <= FOLDER_ENTRIES_MAXIMUM; i++) {
		text_printf(&raw, "100644 %05d", i);
		text_add_bytes(&raw, "", 1);
		for (size_t j = 0; j < COMMIT_ID_SIZE; j += 2) {
			char digits[3] = {blob[j], blob[j + 1], 0};
			unsigned char byte = (unsigned char)strtoul(digits, NULL, 16);

			text_add_bytes(&raw, &byte, 1);
		}
	}
	commit = commit_tree(fixture, subject->put(subject, GIT_KIND_TREE, text_bytes(&raw)));
	bring(fixture, "main", commit);
	must_fail(source_folder(fixture->source, commit, "", fixture->arena, &folder),
	          ERR_GIT_LIMIT, "20000");
}

/* ---- history ---- */

static void assert_history(struct fixture *fixture, const char *from, const char *head,
                           bool descends, const char *const *wanted)
{
	struct history history;
	bool found = !descends;
	size_t count = 0;

	must(source_history(fixture->source, from, head, fixture->arena, &history, &found));
	while (wanted[count])
		count++;
	assert_int_equal(found, descends);
	assert_int_equal(history.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(history.items[i].id, wanted[i]);
}
#define ASSERT_HISTORY(fixture, from, head, descends, ...)                                         \
	assert_history((fixture), (from), (head), (descends),                                      \
	               (const char *const[]){__VA_ARGS__, NULL})

static void a_straight_history_is_listed_newest_first(void **state)
{
	struct fixture *fixture = *state;
	const char *a = add_commit(fixture, "a", NULL, NULL),
		   *b = add_commit(fixture, "b", a, NULL), *c = add_commit(fixture, "c", b, NULL);

	bring(fixture, "main", c);
	ASSERT_HISTORY(fixture, a, c, true, c, b);
	ASSERT_HISTORY(fixture, c, c, true, NULL);
	ASSERT_HISTORY(fixture, NULL, c, true, c, b, a);
}

static void a_history_holds_what_a_merge_brought(void **state)
{
	struct fixture *fixture = *state;
	const char *a = add_commit(fixture, "a", NULL, NULL),
		   *b = add_commit(fixture, "b", a, NULL),
		   *side = add_commit(fixture, "side", a, NULL),
		   *c = add_commit(fixture, "c", b, NULL),
		   *merge = add_commit(fixture, "merge", c, side),
		   *d = add_commit(fixture, "d", merge, NULL);
	struct history history;
	bool descends;

	bring(fixture, "main", d);
	ASSERT_HISTORY(fixture, a, d, true, d, merge, c, side, b);
	ASSERT_HISTORY(fixture, b, d, true, d, merge, c, side);
	ASSERT_HISTORY(fixture, side, d, true, d, merge, c, b);
	ASSERT_HISTORY(fixture, c, merge, true, merge, side);
	must(source_history(fixture->source, b, d, fixture->arena, &history, &descends));
	assert_int_equal(history.items[1].parents.count, 2);
	assert_string_equal(history.items[1].parents.items[0], c);
	assert_string_equal(history.items[1].parents.items[1], side);
	assert_string_equal(history.items[3].parents.items[0],
	                    a); /* outside the history, and named */
}

static void a_branch_that_was_set_back_or_rewritten_does_not_descend(void **state)
{
	struct fixture *fixture = *state;
	const char *a = add_commit(fixture, "a", NULL, NULL),
		   *b = add_commit(fixture, "b", a, NULL), *c = add_commit(fixture, "c", b, NULL),
		   *other = add_commit(fixture, "other", a, NULL),
		   *foreign = add_commit(fixture, "foreign", NULL, NULL);

	bring(fixture, "main", c);
	bring(fixture, "main", other);
	bring(fixture, "main", foreign);
	ASSERT_HISTORY(fixture, c, a, false, NULL);
	ASSERT_HISTORY(fixture, c, other, false, other);
	ASSERT_HISTORY(fixture, c, foreign, false, foreign);
	ASSERT_HISTORY(fixture, UNKNOWN, b, false, b, a);
}

static void times_that_run_backwards_leave_nothing_out(void **state)
{
	struct fixture *fixture = *state;
	const char *tree = BUILD_TREE(&fixture->build, {.path = "name", .text = "x"});
	const char *line[12];

	for (size_t i = 0; i < ROWS(line); i++)
		line[i] = build_commit(&fixture->build,
		                       &(struct build_commit){
					       .tree = tree,
					       .parents = {i ? line[i - 1] : NULL},
					       .when = 1700000000 - (int64_t)i * 1000,
				       });
	bring(fixture, "main", line[11]);
	ASSERT_HISTORY(fixture, line[8], line[11], true, line[11], line[10], line[9]);
	ASSERT_HISTORY(fixture, line[11], line[8], false, NULL);
}

static void an_unknown_head_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct history history;
	bool descends;

	bring(fixture, "main", add_commit(fixture, "a", NULL, NULL));
	must_fail(
		source_history(fixture->source, NULL, UNKNOWN, fixture->arena, &history, &descends),
		ERR_UNKNOWN_COMMIT, UNKNOWN);
}

#define GRAPH 40 /* commits of a random graph; reachability as bit sets */

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/*
 * Each commit is listed once, before its parents; exactly the reachable ones when times are true.
 */
static void check_graph(struct fixture *fixture, const char *const *ids, const uint64_t *reach,
                        size_t from, size_t to, bool times_are_true)
{
	uint64_t wanted = reach[to] & ~reach[from], seen = 0;
	struct history history;
	bool descends;

	must(source_history(fixture->source, ids[from], ids[to], fixture->arena, &history,
	                    &descends));
	assert_int_equal(descends, reach[to] >> from & 1);
	for (size_t i = 0; i < history.count; i++) {
		size_t index = 0;

		while (strcmp(ids[index], history.items[i].id) != 0)
			index++;
		assert_false(seen >> index & 1);
		for (size_t j = 0; j < GRAPH; j++) /* none of its ancestors came before it */
			assert_false(j != index && (seen >> j & 1) && (reach[index] >> j & 1));
		seen |= (uint64_t)1 << index;
	}
	assert_true((seen & wanted) == wanted);
	assert_true((seen & ~reach[to]) == 0);
	if (times_are_true)
		assert_true(seen == wanted);
}

static void the_history_of_random_graphs_is_exact(void **state)
{
	struct fixture *fixture = *state;
	const char *tree = BUILD_TREE(&fixture->build, {.path = "name", .text = "x"});
	uint64_t seed = 20261124;

	for (int round = 0; round < 4; round++) {
		bool times_are_true = round % 2 == 0;
		const char *ids[GRAPH];
		uint64_t reach[GRAPH], reached = 0;

		for (size_t i = 0; i < GRAPH; i++) {
			struct build_commit commit = {
				.tree = tree,
				.message = arena_printf(fixture->arena, "%d %zu\n", round, i)};

			reach[i] = (uint64_t)1 << i;
			for (size_t j = 0; i && j < 1 + next_random(&seed) % 3; j++) {
				size_t parent = i - 1 - next_random(&seed) % (i < 6 ? i : 6);

				commit.parents[j] = ids[parent];
				reach[i] |= reach[parent];
			}
			commit.when =
				1700000000 +
				(int64_t)(times_are_true ? i * 60 : next_random(&seed) % 3000);
			ids[i] = build_commit(&fixture->build, &commit);
		}
		for (size_t i = GRAPH; i-- > 0; reached |= reach[i])
			if (!(reached >> i & 1))
				bring(fixture, arena_printf(fixture->arena, "b%zu", i), ids[i]);
		for (size_t from = 0; from < GRAPH; from += 3)
			for (size_t to = 0; to < GRAPH; to += 2)
				check_graph(fixture, ids, reach, from, to, times_are_true);
	}
}

/* ---- resolve ---- */

static void a_person_may_name_a_commit_in_several_ways(void **state)
{
	struct fixture *fixture = *state;
	const char *one = add_commit(fixture, "one", NULL, NULL),
		   *two = add_commit(fixture, "two", one, NULL);
	const char *branch, *commit;
	const struct {
		const char *text, *commit;
	} cases[] = {
		{one, one},
		{two, two},
		{arena_copy(fixture->arena, one, 12), one},
		{arena_copy(fixture->arena, two, 39), two},
		{"staging/blue", one},
		{"main", two},
		{"HEAD", two},
	};

	bring(fixture, "staging/blue", one);
	bring(fixture, "main", two);
	must(source_head(fixture->source, "main", fixture->arena, &branch, &commit));
	for (size_t i = 0; i < ROWS(cases); i++) {
		const char *found = NULL;

		print_message("         - '%s'\n", cases[i].text);
		must(source_resolve(fixture->source, cases[i].text, fixture->arena, &found));
		assert_string_equal(found, cases[i].commit);
	}
}

static void what_names_no_commit_is_unknown(void **state)
{
	struct fixture *fixture = *state;
	const char *blob = build_blob(&fixture->build, "x");
	const char *const cases[] = {
		UNKNOWN, "3333",   "abc", "",   "no-such-branch", "../../etc/passwd",
		"main*", "HEAD~1", "-x",  blob, "ma in",
	};

	bring(fixture, "main",
	      commit_tree(fixture, BUILD_TREE(&fixture->build, {.path = "a", .id = blob})));
	for (size_t i = 0; i < ROWS(cases); i++) {
		const char *found = "untouched";

		print_message("         - '%s'\n", cases[i]);
		must_fail(source_resolve(fixture->source, cases[i], fixture->arena, &found),
		          ERR_UNKNOWN_COMMIT, cases[i]);
		assert_string_equal(found, "untouched");
	}
}

static void head_is_unknown_before_anything_was_fetched(void **state)
{
	struct fixture *fixture = *state;
	const char *found;

	must_fail(source_resolve(fixture->source, "HEAD", fixture->arena, &found),
	          ERR_UNKNOWN_COMMIT, "HEAD");
}

#define TAG_REF "refs/tags/approve/shop/" UNKNOWN "/ada"

static const char *add_tag(struct fixture *fixture, const char *object)
{
	return build_tag(&fixture->build,
	                 build_tag_bytes(fixture->arena, "approve/shop/" UNKNOWN "/ada", object,
	                                 "commit", "approved\n"),
	                 "-----BEGIN SSH SIGNATURE-----\nAA==\n-----END SSH SIGNATURE-----\n");
}

static struct source_refs list(struct fixture *fixture, const char *prefix, const char *other)
{
	struct source_refs refs = {0};
	struct text_list prefixes = {0};

	*LIST_ADD(fixture->arena, &prefixes) = prefix;
	if (other)
		*LIST_ADD(fixture->arena, &prefixes) = other;
	must(source_list_refs(fixture->source, &prefixes, fixture->arena, &refs));
	return refs;
}

static void refs_are_listed_by_prefix_in_order_and_with_their_own_ids(void **state)
{
	struct fixture *fixture = *state;
	const char *commit = add_commit(fixture, "a", NULL, NULL), *tag = add_tag(fixture, commit);
	struct source_refs refs;

	subject->set_branch(subject, "main", commit);
	subject->set_ref(subject, TAG_REF, tag);
	subject->set_ref(subject, "refs/tags/approve/other/" UNKNOWN "/ada", tag);
	subject->set_ref(subject, "refs/pull/7/head", commit);
	subject->set_ref(subject, "refs/pull/71/head", commit);
	refs = list(fixture, "refs/tags/approve/shop/", "refs/pull/7");
	assert_int_equal(refs.count, 3);
	assert_string_equal(refs.items[0].name, "refs/pull/7/head");
	assert_string_equal(refs.items[0].id, commit);
	assert_string_equal(refs.items[1].name, "refs/pull/71/head");
	assert_string_equal(refs.items[2].name, TAG_REF);
	assert_string_equal(refs.items[2].id, tag);
	assert_false(refs.is_cut);
	assert_int_equal(list(fixture, "refs/tags/approve/nobody/", NULL).count, 0);
	subject->set_ref(subject, TAG_REF, NULL);
	assert_int_equal(list(fixture, "refs/tags/approve/shop/", NULL).count, 0);
	subject->set_down(subject, true);
	must_fail(source_list_refs(
			  fixture->source,
			  &(struct text_list){.items = (const char *[]){"refs/"}, .count = 1},
			  fixture->arena, &refs),
	          ERR_GIT_UNREACHABLE, NULL);
}

static void what_refs_name_is_brought_and_kept(void **state)
{
	struct fixture *fixture = *state;
	const char *base = add_commit(fixture, "a", NULL, NULL);
	const char *side = add_commit(fixture, "b", base, NULL), *tag = add_tag(fixture, side);
	struct source_refs refs;
	struct bytes raw;

	subject->set_branch(subject, "main", base);
	subject->set_ref(subject, "refs/pull/7/head", side);
	subject->set_ref(subject, TAG_REF, tag);
	must(source_fetch(fixture->source, "main", base, fixture->arena));
	refs = list(fixture, "refs/tags/approve/shop/", "refs/pull/7/");
	must(source_bring(fixture->source, &refs, fixture->arena));
	must(source_bring(fixture->source, &refs, fixture->arena));
	subject->set_down(subject, true);
	must(source_tag(fixture->source, tag, fixture->arena, &raw));
	assert_memory_equal(raw.data, "object ", strlen("object "));
	must(source_commit(fixture->source, side, fixture->arena, &raw));
	must_fail(source_tag(fixture->source, side, fixture->arena, &raw), ERR_GIT_OBJECT, NULL);
	must_fail(source_commit(fixture->source, tag, fixture->arena, &raw), ERR_UNKNOWN_COMMIT,
	          NULL);
	subject->set_down(subject, false);
	must(source_bring(fixture->source, &(struct source_refs){0}, fixture->arena));
}

static void a_ref_that_moved_or_went_meanwhile_is_no_error(void **state)
{
	struct fixture *fixture = *state;
	const char *base = add_commit(fixture, "a", NULL, NULL);
	const char *first = add_commit(fixture, "b", base, NULL);
	const char *second = add_commit(fixture, "c", base, NULL);
	struct source_refs refs;
	struct bytes raw;

	subject->set_branch(subject, "main", base);
	subject->set_ref(subject, "refs/pull/7/head", first);
	subject->set_ref(subject, "refs/pull/8/head", first);
	must(source_fetch(fixture->source, "main", base, fixture->arena));
	refs = list(fixture, "refs/pull/", NULL);
	subject->set_ref(subject, "refs/pull/7/head", second);
	subject->set_ref(subject, "refs/pull/8/head", NULL);
	must(source_bring(fixture->source, &refs, fixture->arena));
	refs = list(fixture, "refs/pull/", NULL);
	assert_int_equal(refs.count, 1);
	assert_string_equal(refs.items[0].id, second);
	must(source_bring(fixture->source, &refs, fixture->arena));
	must(source_commit(fixture->source, second, fixture->arena, &raw));
}

/* Whoever may push can name a file so; what is kept of it must not stand in the way of later fetches. */
static void a_ref_that_leads_to_no_commit_stops_nothing(void **state)
{
	struct fixture *fixture = *state;
	const char *base = add_commit(fixture, "a", NULL, NULL);
	const char *next = add_commit(fixture, "b", base, NULL), *tag = add_tag(fixture, base);
	const char *blob = build_blob(&fixture->build, "no commit");
	struct source_refs refs;
	struct bytes raw;

	subject->set_branch(subject, "main", base);
	subject->set_ref(subject, "refs/pull/7/head", blob);
	must(source_fetch(fixture->source, "main", base, fixture->arena));
	refs = list(fixture, "refs/pull/", NULL);
	must(source_bring(fixture->source, &refs, fixture->arena));
	must(source_bring(fixture->source, &refs, fixture->arena));
	must_fail(source_tag(fixture->source, blob, fixture->arena, &raw), ERR_GIT_OBJECT, NULL);
	subject->set_branch(subject, "main", next);
	subject->set_ref(subject, TAG_REF, tag);
	must(source_fetch(fixture->source, "main", next, fixture->arena));
	refs = list(fixture, "refs/tags/approve/shop/", "refs/pull/");
	must(source_bring(fixture->source, &refs, fixture->arena));
	must(source_tag(fixture->source, tag, fixture->arena, &raw));
}

int source_contract_run(struct source_subject *tested)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(head_names_the_commit_of_a_branch_and_sees_it_move),
		TEST(head_without_a_branch_is_the_default_branch),
		TEST(a_repository_without_commits_is_named_empty),
		TEST(a_missing_branch_is_refused_and_the_others_are_named),
		TEST(a_remote_that_is_away_is_unreachable_and_then_back),
		TEST(what_was_fetched_needs_no_remote_any_more),
		TEST(a_mirror_is_kept_from_one_opening_to_the_next),
		TEST(a_rewritten_branch_is_fetched_and_the_old_commits_stay),
		TEST(two_branches_share_one_mirror),
		TEST(a_branch_that_moved_away_meanwhile_is_looked_at_again_later),
		TEST(a_branch_that_moved_on_meanwhile_still_brings_the_commit),
		TEST(a_commit_is_given_byte_by_byte),
		TEST(a_commit_that_is_not_there_is_unknown),
		TEST(a_commit_above_its_maximum_is_not_read),
		TEST(a_blob_is_given_whole_up_to_its_maximum),
		TEST(a_huge_blob_is_refused_by_its_header),
		TEST(a_blob_that_is_not_there_or_something_else_is_an_error),
		TEST(a_folder_is_listed_with_modes_and_ids),
		TEST(a_path_may_be_written_in_several_ways),
		TEST(what_stands_in_the_place_of_the_folder_is_refused),
		TEST(an_entry_that_breaks_a_rule_is_refused_by_name),
		TEST(twins_are_refused_and_both_are_named),
		TEST(the_rules_hold_for_the_folder_alone_not_for_its_neighbours),
		TEST(too_many_entries_are_refused),
		TEST(a_straight_history_is_listed_newest_first),
		TEST(a_history_holds_what_a_merge_brought),
		TEST(a_branch_that_was_set_back_or_rewritten_does_not_descend),
		TEST(times_that_run_backwards_leave_nothing_out),
		TEST(an_unknown_head_is_an_error),
		TEST(the_history_of_random_graphs_is_exact),
		TEST(a_person_may_name_a_commit_in_several_ways),
		TEST(what_names_no_commit_is_unknown),
		TEST(head_is_unknown_before_anything_was_fetched),
		TEST(refs_are_listed_by_prefix_in_order_and_with_their_own_ids),
		TEST(what_refs_name_is_brought_and_kept),
		TEST(a_ref_that_moved_or_went_meanwhile_is_no_error),
		TEST(a_ref_that_leads_to_no_commit_stops_nothing),
	};

	subject = tested;
	return cmocka_run_group_tests_name(tested->name, tests, NULL, NULL);
}

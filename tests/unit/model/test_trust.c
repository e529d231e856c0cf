/*
 * The rule `signed`, on histories drawn as tables. The attacks were each tried with real git, and passed without any
 * allowed key under a naive rule (a merge passes when the same content, or absence, stands in a signed commit of the other
 * side). D is the deployed commit; small letters are commits of branches.
 */
#include "unit/base/check.h"

#include "unit/model/trust_scenes.h"

#define G VERDICT_GOOD
#define U VERDICT_UNSIGNED
#define A "a/migration.sql=1"
#define B "b/migration.sql=1"
#define C "c/migration.sql=1"

static void tell(struct arena *arena, const struct trust_scenes *scenes)
{
	for (size_t i = 0; i < scenes->count; i++) {
		CASE(scenes->items[i].sentence);
		assert_string_equal(trust_scene_outcome(arena, &scenes->items[i]),
		                    scenes->items[i].outcome);
	}
}

/* clang-format off */
static void attacks_on_merges_are_refused(void **state)
{
	tell(*state, &trust_attacks);
}

static void what_persons_signed_passes_through_any_button(void **state)
{
	tell(*state, &trust_buttons);
}

static void two_persons_are_two_persons(void **state)
{
	tell(*state, &trust_two_persons);
}
static void a_refusal_names_file_step_and_reason(void **state)
{
	static const struct {
		struct trust_scene scene;
		const char *what, *why, *hint;
	} rows[] = {
		{{.sentence = "nobody signed the branch",
		  .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"M", "Dx", A " " B, U}}},
		 "nobody vouches for 'b/migration.sql' as commit 'M' has it", "'x', which was merged, is unsigned", "git revert -S -m 1 M"},
		{{.sentence = "an unsigned commit under a signed one",
		  .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"y", "x", A " " B, G}, {"M", "Dy", A " " B, U}}},
		 "'b/migration.sql' as commit 'M'", "commit 'x' set it so on the branch, and is unsigned", "git commit -S"},
		{{.sentence = "a part of what was signed",
		  .commits = {{"D", "", A, U}, {"x", "D", A " " B " " C, G}, {"M", "Dx", A " " B, U}}},
		 "'c' as commit 'M'", "'x', which is signed, has 'c' otherwise", "merge that alone"},
		{{.sentence = "an old revert again",
		  .commits = {{"D", "", A " " B, U}, {"x", "D", A, G}, {"E", "D", A " b/migration.sql=2", G}, {"M", "Ex", A, U}}},
		 "'b' as commit 'M'", "'x', which is signed, is older than what was deployed of 'b'", "git revert -S -m 1 M"},
		{{.sentence = "the forge's own content",
		  .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " b/migration.sql=evil", U}}},
		 "'b/migration.sql' as commit 'M'", "no commit of the branch that was merged has it so", "git revert -S -m 1 M"},
		{{.sentence = "several branches at once",
		  .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "D", A, G}, {"M", "Dxy", A " " B, U}}},
		 "as commit 'M'", "it merges several branches at once", "git revert -S -m 1 M"},
		{{.sentence = "a squash by a forge", .commits = {{"D", "", A, U}, {"S", "D", A " " B, VERDICT_UNTRUSTED}}},
		 "commit 'S' is signed by a key that is not in the keyring", "", "git tag -s -m approved approve/shop/S/"},
		{{.sentence = "one person of two", .threshold = 2, .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}},
		 "too few persons vouch for commit 'E'", "2 persons", "git merge --no-ff -S BRANCH"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct error *error = trust_scene_refusal(*state, &rows[i].scene);

		CASE(rows[i].scene.sentence);
		assert_non_null(error);
		assert_contains(error->what, rows[i].what);
		assert_contains(error->why ? error->why : "", rows[i].why);
		assert_contains(error->hint, rows[i].hint);
	}
}
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attacks_on_merges_are_refused),
		TEST(what_persons_signed_passes_through_any_button),
		TEST(two_persons_are_two_persons),
		TEST(a_refusal_names_file_step_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The rule `signed`, on histories drawn as tables. The attacks were each tried with real git, and passed without any
 * allowed key under a naive rule (a merge passes when the same content, or absence, stands in a signed commit of the other
 * side). D is the deployed commit; small letters are commits of branches.
 */
#include "unit/base/check.h"

#include "unit/model/trust_drawing.h"

#define G VERDICT_GOOD
#define U VERDICT_UNSIGNED
#define A "a/migration.sql=1"
#define B "b/migration.sql=1"
#define C "c/migration.sql=1"

static void tell(struct arena *arena, const struct trust_scene *scenes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CASE(scenes[i].sentence);
		assert_string_equal(trust_scene_outcome(arena, &scenes[i]), scenes[i].outcome);
	}
}

/* clang-format off */
static void attacks_on_merges_are_refused(void **state)
{
	static const struct trust_scene scenes[] = {
		{.sentence = "foxtrot: merge -s ours main from an old main, pushed as a fast-forward: newer migrations vanish",
		 .deployed = "E",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}, {"x", "D", A, G}, {"M", "xE", A, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "foxtrot that brings back unsigned content which a merged side branch had deleted",
		 .deployed = "E",
		 .commits = {{"D", "", A, U}, {"x", "D", A " c/migration.sql=evil", U}, {"y", "x", A, G}, {"E", "Dy", A " " B, G},
		             {"M", "xE", A " " B " c/migration.sql=evil", U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "removal by absence: an old signed commit lacks the newer folder",
		 .commits = {{"D", "", A, U}, {"x", "D", A, G}, {"E", "D", A " " B, G}, {"M", "Ex", A, U}},
		 .outcome = "E+ | M!NOT_VOUCHED"},
		{.sentence = "old content of a folder, once signed on main, brought back by a forge merge",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}, {"F", "E", A " b/migration.sql=2", G}, {"x", "E", A " " B, G},
		             {"M", "Fx", A " " B, U}},
		 .outcome = "E+ F+ | M!NOT_VOUCHED"},
		{.sentence = "replay: a revert that was squash-merged, then undone; its old branch merged again",
		 .commits = {{"D", "", A " " B, U}, {"x", "D", A, G}, {"S", "D", A, U}, {"E", "S", A " " B, G}, {"M", "Ex", A, U}},
		 .pulls = "S=x M=x",
		 .outcome = "S+x E+ | M!NOT_VOUCHED"},
		{.sentence = "replay across passes: what was deployed meanwhile counts",
		 .deployed = "E",
		 .commits = {{"D", "", A " " B, U}, {"x", "D", A, G}, {"S", "D", A, U}, {"E", "S", A " " B, G}, {"M", "Ex", A, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "laundering: an unsigned folder under a signed README commit on top",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"y", "x", A " " B, G}, {"M", "Dy", A " " B, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "laundering: a person's signed merge of a branch that holds refused content",
		 .commits = {{"D", "", A, U}, {"R", "D", A " " B, U}, {"x", "D", A, G}, {"y", "xR", A " " B, G}, {"M", "Ry", A " " B " " C, U}},
		 .outcome = "| R!UNSIGNED M!NOT_VOUCHED"},
		{.sentence = "the same with nothing else: the refused step stays refused",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"y", "Dx", A " " B, G}},
		 .outcome = "| y!NOT_VOUCHED"},
		{.sentence = "mixing: an unsigned merge of two signed drafts",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "D", A " " C, G}, {"m", "xy", A " " B " " C, U}, {"M", "Dm", A " " B " " C, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a subset: only the second folder of a signed pull request",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "x", A " " B " " C, G}, {"S", "D", A " " C, U}},
		 .pulls = "S=y",
		 .outcome = "| S!NOT_VOUCHED"},
		{.sentence = "migration_lock.toml changed by the forge, beside a signed folder",
		 .commits = {{"D", "", A " lock=1", U}, {"x", "D", A " " B " lock=1", G}, {"M", "Dx", A " " B " lock=2", U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a loose file added by the forge",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B " loose=1", U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "evil merge: content that stands in neither parent",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " b/migration.sql=evil", U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a tick added by a person to a folder that a refused step brought",
		 .commits = {{"D", "", A, U}, {"R", "D", A " " B, U}, {"E", "R", A " b/checklist.md=1 " B, G}},
		 .outcome = "| R!UNSIGNED E+"},
		{.sentence = "down.sql added later by a forge-made commit",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}, {"F", "E", A " b/down.sql=1 " B, U}},
		 .outcome = "E+ | F!UNSIGNED"},
		{.sentence = "a folder renamed on the branch to change the order",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " C, G}, {"y", "x", A " " B, U}, {"M", "Dy", A " " B, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "unsigned feature commits with a button",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"M", "Dx", A " " B, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a local signed merge of an unsigned branch",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"M", "Dx", A " " B, G}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a revert made by the forge's button",
		 .commits = {{"D", "", A " " B, U}, {"R", "D", A, U}},
		 .outcome = "| R!UNSIGNED"},
		{.sentence = "several pull requests rolled up into one merge",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "D", A " " C, G}, {"m", "Dx", A " " B, U}, {"n", "my", A " " B " " C, U},
		             {"M", "Dn", A " " B " " C, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "an octopus of signed branches",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "D", A " " C, G}, {"M", "Dxy", A " " B " " C, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "an unsigned commit set the file first, a signed one set it so again",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"y", "x", A, G}, {"z", "y", A " " B, G}, {"M", "Dz", A " " B, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a bad signature on the merge refuses, whatever the branch is",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, VERDICT_BAD}},
		 .outcome = "| M!BAD_SIGNATURE"},
		{.sentence = "it cannot be cured by a tag",
		 .commits = {{"D", "", A, U}, {"M", "D", A " " B, VERDICT_MALFORMED}},
		 .tags = "M=bob", .outcome = "| M!MALFORMED"},
		{.sentence = "a tag on the branch's head does not stand for a bad signature in it",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, VERDICT_BAD}, {"y", "x", A " " B, G}, {"M", "Dy", A " " B, U}},
		 .tags = "y=bob", .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "one who may not remove",
		 .commits = {{"D", "", A " " B, U}, {"x", "D", A, G}, {"M", "Dx", A, U}},
		 .people = "x=eve", .may_not = "eve", .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a signature that is too old",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, U}},
		 .oldest = 50, .old = "x", .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "a signed commit does not vouch for what a parent that cannot be listed brought",
		 .commits = {{"D", "", A, U}, {"x", "D", "?", U}, {"y", "x", A " " B, G}, {"M", "Dy", A " " B, U}},
		 .outcome = "| M!NOT_VOUCHED"},
		{.sentence = "the same on the line itself",
		 .commits = {{"D", "", A, U}, {"E", "D", "?", U}, {"F", "E", A " " B, G}},
		 .outcome = "| E~F F!NOT_VOUCHED"},
	};

	tell(*state, scenes, ROWS(scenes));
}

static void what_persons_signed_passes_through_any_button(void **state)
{
	static const struct trust_scene scenes[] = {
		{.sentence = "a signed commit on main",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}, .outcome = "E+ |"},
		{.sentence = "a merge commit by the button",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, U}}, .outcome = "M+x |"},
		{.sentence = "by a button that signs with the forge's key",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, VERDICT_UNTRUSTED}}, .outcome = "M+x |"},
		{.sentence = "only commits that touch migrations need signing",
		 .commits = {{"D", "", A, U}, {"w", "D", A, U}, {"x", "w", A " " B, G}, {"y", "x", A " " B, U}, {"M", "Dy", A " " B, U}}, .outcome = "M+x |"},
		{.sentence = "squash",
		 .commits = {{"D", "", A, U}, {"x", "D", A " b/migration.sql=draft", G}, {"y", "x", A " " B, G}, {"S", "D", A " " B, U}},
		 .pulls = "S=y", .outcome = "S+y |"},
		{.sentence = "squash without its pull request's head is refused",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"S", "D", A " " B, U}}, .outcome = "| S!UNSIGNED"},
		{.sentence = "rebase of two commits",
		 .commits = {{"D", "", A, U}, {"E", "D", A, G}, {"x", "D", A " " B, G}, {"y", "x", A " " B " " C, G}, {"F", "E", A " " B, U}, {"H", "F", A " " B " " C, U}},
		 .pulls = "F=y H=y", .outcome = "F+x H+y |"},
		{.sentence = "'update branch' by the forge before the merge",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"E", "D", A " " C, G}, {"y", "xE", A " " B " " C, U}, {"M", "Ey", A " " B " " C, U}},
		 .outcome = "E+ M+x |"},
		{.sentence = "'update branch' before a squash",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"E", "D", A " " C, G}, {"y", "xE", A " " B " " C, U}, {"S", "E", A " " B " " C, U}},
		 .pulls = "S=y", .outcome = "E+ S+x |"},
		{.sentence = "two signers in one pull request",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "x", A " " B " " C, G}, {"M", "Dy", A " " B " " C, U}},
		 .people = "y=bob", .outcome = "M+y |"},
		{.sentence = "stacked pull requests, merged",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "x", A " " B " " C, G}, {"M", "Dx", A " " B, U}, {"N", "My", A " " B " " C, U}},
		 .outcome = "M+x N+y |"},
		{.sentence = "stacked pull requests, squashed",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "x", A " " B " " C, G}, {"S", "D", A " " B, U}, {"T", "S", A " " B " " C, U}},
		 .pulls = "S=x T=y", .outcome = "S+x T+y |"},
		{.sentence = "GitLab: squash and merge commit",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"s", "D", A " " B, U}, {"M", "Ds", A " " B, U}},
		 .pulls = "M=x", .outcome = "M+x |"},
		{.sentence = "merge queue: one merge per pull request",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "D", A " " C, G}, {"M", "Dx", A " " B, U}, {"N", "My", A " " B " " C, U}},
		 .outcome = "M+x N+y |"},
		{.sentence = "a developer's git pull, pushed to main",
		 .deployed = "E",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " C, G}, {"x", "D", A " " B, G}, {"M", "xE", A " " B " " C, U}}, .outcome = "M+x |"},
		{.sentence = "the same before the other side was deployed",
		 .commits = {{"D", "", A, U}, {"e", "D", A " " C, G}, {"X", "D", A " " B, G}, {"M", "Xe", A " " B " " C, U}}, .outcome = "X+ M+e |"},
		{.sentence = "unsigned commits with an approval tag on the pull request's head",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"M", "Dx", A " " B, U}},
		 .tags = "x=bob", .outcome = "M+x |"},
		{.sentence = "a local signed merge of a signed branch",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, G}}, .outcome = "M+x |"},
		{.sentence = "a local signed squash of an unsigned branch",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"S", "D", A " " B, G}},
		 .pulls = "S=x", .outcome = "S+ |"},
		{.sentence = "a signed merge that settles a conflict vouches for what it sets itself",
		 .commits = {{"D", "", A " lock=1", U}, {"x", "D", A " " B " lock=2", G}, {"E", "D", A " lock=3", G}, {"M", "Ex", A " " B " lock=4", G}},
		 .outcome = "E+ | M!NOT_VOUCHED"},
		{.sentence = "a forge's revert with an approval tag on the step",
		 .commits = {{"D", "", A " " B, U}, {"R", "D", A, U}}, .tags = "R=bob", .outcome = "R+ |"},
		{.sentence = "git revert -S, merged by a button",
		 .commits = {{"D", "", A " " B, U}, {"x", "D", A, G}, {"M", "Dx", A, U}}, .outcome = "M+x |"},
		{.sentence = "an octopus with a tag",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "D", A " " C, G}, {"M", "Dxy", A " " B " " C, U}},
		 .tags = "M=bob", .outcome = "M+ |"},
		{.sentence = "a refused step undone by a later one; then the same name with other content, signed",
		 .commits = {{"D", "", A, U}, {"R", "D", A " " B, U}, {"V", "R", A, U}, {"E", "V", A " b/migration.sql=2", G}},
		 .outcome = "R~E V~E E+ |"},
		{.sentence = "a step that cannot be listed, signed, and mended by a signed one",
		 .commits = {{"D", "", A, U}, {"E", "D", "?", G}, {"F", "E", A " " B, G}}, .outcome = "E~F F+ |"},
		{.sentence = "a criss-cross of two signed branches",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "D", A " " C, G}, {"p", "xy", A " " B " " C, U}, {"q", "yx", A " " B " " C, U},
		             {"z", "q", A " " B " " C " d/migration.sql=1", G}, {"M", "pz", A " " B " " C " d/migration.sql=1", U}},
		 .deployed = "p", .outcome = "M+z |"},
	};

	tell(*state, scenes, ROWS(scenes));
}

static void two_persons_are_two_persons(void **state)
{
	static const struct trust_scene scenes[] = {
		{.sentence = "one signer is too few",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}, .threshold = 2, .outcome = "| E!TOO_FEW_PERSONS"},
		{.sentence = "a second person signs the merge",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, G}},
		 .people = "M=bob", .threshold = 2, .outcome = "M+x |"},
		{.sentence = "the author's own merge adds nobody",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, G}}, .threshold = 2, .outcome = "| M!TOO_FEW_PERSONS"},
		{.sentence = "a second person signs a commit on top of the branch",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "x", A " " B, G}, {"M", "Dy", A " " B, U}},
		 .people = "y=bob", .threshold = 2, .outcome = "M+y |"},
		{.sentence = "two authors, and nobody who set none of the files",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"y", "x", A " " B " " C, G}, {"M", "Dy", A " " B " " C, U}},
		 .people = "y=bob", .threshold = 2, .outcome = "| M!TOO_FEW_PERSONS"},
		{.sentence = "an approval tag makes the second person",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}, .tags = "E=bob", .threshold = 2, .outcome = "E+ |"},
		{.sentence = "the author's own tag does not",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}, .tags = "E=ada", .threshold = 2, .outcome = "| E!TOO_FEW_PERSONS"},
		{.sentence = "who is named in an unsigned commit is no second person for it",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"M", "Dx", A " " B, G}},
		 .people = "x=bob M=ada", .tags = "M=bob", .threshold = 2, .outcome = "M+ |"},
		{.sentence = "nor when nobody else is left",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, U}, {"y", "x", A " " B, U}, {"M", "Dy", A " " B, U}},
		 .people = "x=bob", .tags = "M=bob", .threshold = 2, .outcome = "| M!TOO_FEW_PERSONS"},
	};

	tell(*state, scenes, ROWS(scenes));
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

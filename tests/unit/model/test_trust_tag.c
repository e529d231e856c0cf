/*
 * The rule `tag`, on histories drawn as tables. D is the deployed commit; what is signed or not makes no difference, but
 * for a signature that is not good.
 */
#include "unit/base/check.h"

#include "unit/model/trust_drawing.h"

#define G VERDICT_GOOD
#define U VERDICT_UNSIGNED
#define A "a/migration.sql=1"
#define B "b/migration.sql=1"
#define C "c/migration.sql=1"

/* clang-format off */
static void what_tags_cover_passes_and_the_rest_waits(void **state)
{
	static const struct trust_scene rows[] = {
		{"nobody tagged: a signature is not enough",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}, .outcome = "| E!NOT_TAGGED"},
		{"a tag on the step", .tags = "E=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}}, .outcome = "E+ |"},
		{"a tag on head covers all before it", .tags = "F=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}, {"F", "E", A " " B " " C, U}}, .outcome = "E+ F+ |"},
		{"a tag on a commit that changes nothing, too", .tags = "F=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}, {"F", "E", A " " B, U}}, .outcome = "E+ |"},
		{"what comes behind the tag waits", .tags = "E=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}, {"F", "E", A " " B " " C, G}}, .outcome = "E+ | F!NOT_TAGGED"},
		{"a tag on the merged branch is not one on the line", .tags = "x=bob",
		 .commits = {{"D", "", A, U}, {"x", "D", A " " B, G}, {"M", "Dx", A " " B, U}}, .outcome = "| M!NOT_TAGGED"},
		{"a tag before says nothing of what came later", .tags = "D=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}}, .outcome = "| E!NOT_TAGGED"},
		{"one of two persons", .threshold = 2, .tags = "E=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}, .outcome = "| E!NOT_TAGGED"},
		{"one person twice", .threshold = 2, .tags = "E=bob,bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, G}}, .outcome = "| E!NOT_TAGGED"},
		{"two persons", .threshold = 2, .tags = "E=bob,cy",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}}, .outcome = "E+ |"},
		{"two persons, one of whom tagged a later commit: that covers more", .threshold = 2, .tags = "E=bob F=cy",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}, {"F", "E", A " " B " " C, U}}, .outcome = "E+ | F!NOT_TAGGED"},
		{"a person whose role does not allow it", .tags = "E=bob", .may_not = "bob",
		 .commits = {{"D", "", A " " B, U}, {"E", "D", A, U}}, .outcome = "| E!NOT_TAGGED"},
		{"and who may do a part of it: step by step", .tags = "F=bob", .may_not = "bob",
		 .commits = {{"D", "", A " " B, U}, {"E", "D", A " " B " " C, U}, {"F", "E", A " " C, U}}, .outcome = "E+ | F!NOT_TAGGED"},
		{"what was taken back before anybody tagged it is in nobody's way",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, U}, {"F", "E", A, U}}, .outcome = "E~F F~F |"},
		{"a bad signature is cured by no tag", .tags = "E=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, VERDICT_BAD}}, .outcome = "| E!BAD_SIGNATURE"},
		{"nor a malformed commit", .tags = "F=bob",
		 .commits = {{"D", "", A, U}, {"E", "D", A " " B, VERDICT_MALFORMED}, {"F", "E", A " " B " " C, U}},
		 .outcome = "| E!MALFORMED F+"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct trust_scene scene = rows[i];

		CASE(scene.sentence);
		scene.by_tags = true;
		assert_string_equal(trust_scene_outcome(*state, &scene), scene.outcome);
	}
}
/* clang-format on */

static void who_waits_is_told_what_to_type(void **state)
{
	const struct trust_scene scene = {
		.by_tags = true,
		.threshold = 2,
		.tags = "E=bob",
		.commits = {{"D", "", A, U}, {"E", "D", A " " B, U}},
	};
	const struct error *error = trust_scene_refusal(*state, &scene);

	assert_non_null(error);
	assert_int_equal(error->row->reaction, REACT_WAIT);
	assert_int_equal(error->row->exit_status, 5);
	assert_contains(error->what, "commit 'E' is not approved yet");
	assert_contains(error->why, "tags of 2 persons, and so far it has bob");
	assert_contains(error->hint, "git tag -s -m approved approve/shop/E/");
	assert_contains(error->hint, "git push origin approve/shop/E/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_tags_cover_passes_and_the_rest_waits),
		TEST(who_waits_is_told_what_to_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

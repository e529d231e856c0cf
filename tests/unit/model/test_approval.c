/* What approval and override tags say: names, places, and what is lifted until when. */
#include "unit/base/check.h"

#include "model/approval.h"

#define C "1234567890abcdef1234567890abcdef12345678"
#define OTHER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MADE 1764000000 /* 2025-11-24T16:00:00Z */

static void prefixes_name_the_kind_the_target_and_the_commit(void **state)
{
	assert_string_equal(approval_prefix(*state, APPROVAL_VOUCHES, "shop", NULL),
	                    "refs/tags/approve/shop/");
	assert_string_equal(approval_prefix(*state, APPROVAL_VOUCHES, "shop", C),
	                    "refs/tags/approve/shop/" C "/");
	assert_string_equal(approval_prefix(*state, APPROVAL_OVERRIDES, "shop", C),
	                    "refs/tags/override/shop/" C "/");
}

static void a_tag_counts_only_in_its_own_place(void **state)
{
	static const struct {
		const char *sentence, *name, *type, *object, *flaw;
	} rows[] = {
		{"as it should be", "approve/shop/" C "/ada", "commit", C, NULL},
		{"made under another name", "v1.0", "commit", C, "made as 'v1.0'"},
		{"made for another target", "approve/test/" C "/ada", "commit", C,
	         "made as 'approve/test/"},
		{"the whole ref as its name", "refs/tags/approve/shop/" C "/ada", "commit", C,
	         "pushed under another name"},
		{"a tag of a tag", "approve/shop/" C "/ada", "tag", C, "at a tag"},
		{"a tag of a tree", "approve/shop/" C "/ada", "tree", C, "at a tree"},
		{"a tag of another commit", "approve/shop/" C "/ada", "commit", OTHER,
	         "another commit, aaaaaaaaaa"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct tag tag = {
			.name = rows[i].name, .type = rows[i].type, .object = rows[i].object};
		const char *flaw =
			approval_flaw(*state, "refs/tags/approve/shop/" C "/ada", C, &tag);

		CASE(rows[i].sentence);
		if (rows[i].flaw)
			assert_contains(flaw, rows[i].flaw);
		else
			assert_null(flaw);
	}
}

#define UNTIL "Headgate-Expires: 2025-11-24T18:00:00Z\n"

static void an_override_says_what_it_lifts_and_until_when(void **state)
{
	static const struct {
		const char *sentence, *message;
		bool checklist;
		uint64_t backup_age;
	} rows[] = {
		{"the checklist", "Hotfix\n\nHeadgate-Lift: checklist\n" UNTIL, true, 0},
		{"the backup's age", "Hotfix\n\nHeadgate-Lift: backup-age=6h\n" UNTIL, false,
	         6ull * 3600 * 1000},
		{"both",
	         "Hotfix\n\nThe shop is down.\n\nHeadgate-Lift: checklist\n"
	         "Headgate-Lift: backup-age=90m\n" UNTIL,
	         true, 90ull * 60 * 1000},
		{"keys in other letters",
	         "Hotfix\n\nheadgate-lift: checklist\nHEADGATE-EXPIRES: "
	         "2025-11-24T18:00:00Z\n",
	         true, 0},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct tag tag = {.message = rows[i].message, .tagger = {.when = MADE}};
		struct override override;

		CASE(rows[i].sentence);
		assert_null(override_read(*state, &tag, &override));
		assert_int_equal(override.lifts[LIFT_CHECKLIST], rows[i].checklist);
		assert_int_equal(override.lifts[LIFT_BACKUP_AGE], rows[i].backup_age > 0);
		assert_int_equal(override.backup_age, rows[i].backup_age);
		assert_int_equal(override.expires, MADE + 2 * 3600);
	}
}

static void an_override_that_is_not_plain_lifts_nothing(void **state)
{
	static const struct {
		const char *sentence, *message, *flaw;
	} rows[] = {
		{"no message", "", "no trailer 'Headgate-Lift"},
		{"the trailers are no last paragraph",
	         "Hotfix\n\nHeadgate-Lift: checklist\n" UNTIL "\nAnd more.\n",
	         "no trailer 'Headgate-Lift"},
		{"the trailers are the title", "Headgate-Lift: checklist\n" UNTIL,
	         "no trailer 'Headgate-Lift"},
		{"no expiry", "Hotfix\n\nHeadgate-Lift: checklist\n",
	         "no trailer 'Headgate-Expires"},
		{"two expiries", "Hotfix\n\nHeadgate-Lift: checklist\n" UNTIL UNTIL,
	         "more than one"},
		{"an expiry without a zone",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Expires: 2025-11-24T18:00:00\n",
	         "not written like"},
		{"an expiry in another zone",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Expires: "
	         "2025-11-24T18:00:00+01:00\n",
	         "not written like"},
		{"an expiry that is only a day",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Expires: 2025-11-25\n",
	         "not written like"},
		{"an expiry in seconds",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Expires: 1764010000\n",
	         "not written like"},
		{"a day that no month has",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Expires: 2025-11-31T18:00:00Z\n",
	         "not written like"},
		{"an expiry before it was made",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Expires: 2025-11-24T15:00:00Z\n",
	         "had expired when it was made"},
		{"an expiry in the far future",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Expires: 2026-11-24T15:00:00Z\n",
	         "more than 30 days"},
		{"a word of later versions", "Hotfix\n\nHeadgate-Lift: window\n" UNTIL,
	         "'window' cannot be lifted in this version"},
		{"another one", "Hotfix\n\nHeadgate-Lift: promotion\n" UNTIL, "in this version"},
		{"another one", "Hotfix\n\nHeadgate-Lift: notice\n" UNTIL, "in this version"},
		{"another one", "Hotfix\n\nHeadgate-Lift: rehearsal\n" UNTIL, "in this version"},
		{"one word that counts and one that does not",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Lift: everything\n" UNTIL,
	         "'Headgate-Lift: everything' is no word"},
		{"a wrong word", "Hotfix\n\nHeadgate-Lift: trust\n" UNTIL, "is no word"},
		{"two words in one trailer",
	         "Hotfix\n\nHeadgate-Lift: checklist, backup-age=6h\n" UNTIL, "is no word"},
		{"the same word twice",
	         "Hotfix\n\nHeadgate-Lift: checklist\nHeadgate-Lift: checklist\n" UNTIL, "twice"},
		{"two ages",
	         "Hotfix\n\nHeadgate-Lift: backup-age=1h\nHeadgate-Lift: backup-age=9h\n" UNTIL,
	         "twice"},
		{"an age without a unit", "Hotfix\n\nHeadgate-Lift: backup-age=6\n" UNTIL,
	         "no duration"},
		{"no age", "Hotfix\n\nHeadgate-Lift: backup-age=\n" UNTIL, "no duration"},
		{"an age of nothing", "Hotfix\n\nHeadgate-Lift: backup-age=0\n" UNTIL,
	         "no duration"},
		{"any age at all", "Hotfix\n\nHeadgate-Lift: backup-age\n" UNTIL, "is no word"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct tag tag = {.message = rows[i].message, .tagger = {.when = MADE}};
		struct override override = {.expires = 7};
		const char *flaw = override_read(*state, &tag, &override);

		CASE(rows[i].sentence);
		assert_non_null(flaw);
		assert_contains(flaw, rows[i].flaw);
		assert_int_equal(override.expires, 7);
		assert_false(override.lifts[LIFT_CHECKLIST]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(prefixes_name_the_kind_the_target_and_the_commit),
		TEST(a_tag_counts_only_in_its_own_place),
		TEST(an_override_says_what_it_lifts_and_until_when),
		TEST(an_override_that_is_not_plain_lifts_nothing),
	};

	return cmocka_run_group_tests_name("approval", tests, NULL, NULL);
}

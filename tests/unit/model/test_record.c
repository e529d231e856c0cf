/* Records and statuses have one name each, and the digest of a record hangs on each of its columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/text.h"
#include "model/record.h"

static const struct kept_record whole = {
	.seq = 7,
	.at_us = 1764027135000001,
	.kind = "deployed",
	.target = "shop",
	.run = 41,
	.stage = "apply",
	.migration = "20261124_add_index",
	.commit = "9f2c1ab09f2c1ab09f2c1ab09f2c1ab09f2c1ab0",
	.body = "{\"checksum\":\"c0\"}",
	.previous = "0000000000000000000000000000000000000000000000000000000000000000",
};

static void every_kind_is_found_by_its_name(void **state)
{
	(void)state;
	for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
		enum record_kind found = RECORD_KIND_COUNT;
		const char *name = record_kind_name((enum record_kind)kind);

		assert_non_null(name);
		assert_true(record_kind_find(name, &found));
		assert_int_equal(found, kind); /* two rows with one name would find the first */
	}
}

static void an_unknown_name_finds_no_kind(void **state)
{
	static const char *const names[] = {"", "deploye", "deployed ", "DEPLOYED", NULL};
	enum record_kind kind = RECORD_HELD;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_false(record_kind_find(names[i], &kind));
	assert_int_equal(kind, RECORD_HELD);
}

static void every_state_is_found_by_its_name(void **state)
{
	static const char *const names[] = {"pending", "success", "failure", "error"};
	enum status_state found;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_true(status_state_find(names[i], &found));
		assert_int_equal(found, i);
		assert_string_equal(status_state_name(found), names[i]);
	}
	assert_false(status_state_find("cancelled", &found));
	assert_false(status_state_find(NULL, &found));
}

static void a_context_names_the_target_and_is_bounded(void **state)
{
	AUTO_ARENA arena = arena_new();
	char *longest = arena_alloc(arena, 1000);

	(void)state;
	assert_string_equal(status_context(arena, "shop"), "headgate/shop");
	memset(longest, 'x', 999);
	assert_true(strlen(status_context(arena, longest)) <=
	            STATUS_CONTEXT_MAXIMUM + 2); /* "…" has three bytes */
}

static void a_digest_hangs_on_every_column(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct kept_record changed[] = {whole, whole, whole, whole, whole, whole,
	                                whole, whole, whole, whole, whole};
	size_t count = sizeof changed / sizeof *changed;
	const char *seen[sizeof changed / sizeof *changed];

	(void)state;
	changed[1].seq++;
	changed[2].at_us++;
	changed[3].kind = "held";
	changed[4].target = "shop2";
	changed[5].run++;
	changed[6].stage = "appl";
	changed[7].migration = NULL;
	changed[8].commit = "";
	changed[9].body = "{}";
	changed[10].previous = whole.commit;
	for (size_t i = 0; i < count; i++) {
		seen[i] = record_digest(arena, &changed[i]);
		assert_true(text_is_hex(seen[i], 64));
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(seen[i], seen[other]);
	}
}

static void text_that_moves_to_the_next_column_changes_the_digest(void **state)
{
	static const struct {
		const char *stage, *migration, *sentence;
	} cases[] = {
		{"ab", "c", "split after two"},
		{"a", "bc", "split after one"},
		{"abc", "", "nothing left"},
		{"abc", NULL, "no text at all"},
		{"", "abc", "the other way"},
		{NULL, "abc", "the other way, no text at all"},
		{"ab,1:c", "", "the separator itself"},
	};
	AUTO_ARENA arena = arena_new();
	const char *seen[sizeof cases / sizeof *cases];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct kept_record record = whole;

		record.stage = cases[i].stage;
		record.migration = cases[i].migration;
		seen[i] = record_digest(arena, &record);
		for (size_t other = 0; other < i; other++) {
			if (text_equal(seen[i], seen[other]))
				fail_msg("'%s' reads like '%s'", cases[i].sentence,
				         cases[other].sentence);
		}
	}
}

/* A change of this digest makes every journal that exists unreadable: never touch the expected value. */
static void the_digest_of_a_known_record_stays(void **state)
{
	static const char form[] =
		"headgate record 1\n"
		"64:0000000000000000000000000000000000000000000000000000000000000000,"
		"1:7,16:1764027135000001,8:deployed,4:shop,2:41,5:apply,18:20261124_add_index,"
		"40:9f2c1ab09f2c1ab09f2c1ab09f2c1ab09f2c1ab0,17:{\"checksum\":\"c0\"},";
	AUTO_ARENA arena = arena_new();

	(void)state;
	assert_string_equal(record_digest(arena, &whole), sha256_text(arena, form, strlen(form)));
	assert_string_equal(record_chain_start(arena, "x"),
	                    sha256_text(arena, "headgate journal 1\nx", 20));
}

static void the_start_of_a_chain_hangs_on_the_journal(void **state)
{
	AUTO_ARENA arena = arena_new();

	(void)state;
	assert_string_not_equal(record_chain_start(arena, "a"), record_chain_start(arena, "b"));
}

static void a_status_body_holds_all_that_a_forge_needs(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct text_list forges = {0};
	struct status status = {
		.target = "shop",
		.commit = whole.commit,
		.context = "headgate/shop",
		.state = STATUS_FAILURE,
		.description = "not signed",
	};

	(void)state;
	*LIST_ADD(arena, &forges) = "notes";
	*LIST_ADD(arena, &forges) = "github";
	assert_string_equal(
		node_to_json(arena, record_status_body(arena, &status, &forges)),
		"{\"context\":\"headgate/shop\",\"state\":\"failure\",\"description\":\"not signed\","
		"\"url\":null,\"forges\":[\"notes\",\"github\"]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_found_by_its_name),
		cmocka_unit_test(an_unknown_name_finds_no_kind),
		cmocka_unit_test(every_state_is_found_by_its_name),
		cmocka_unit_test(a_context_names_the_target_and_is_bounded),
		cmocka_unit_test(a_digest_hangs_on_every_column),
		cmocka_unit_test(text_that_moves_to_the_next_column_changes_the_digest),
		cmocka_unit_test(the_digest_of_a_known_record_stays),
		cmocka_unit_test(the_start_of_a_chain_hangs_on_the_journal),
		cmocka_unit_test(a_status_body_holds_all_that_a_forge_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

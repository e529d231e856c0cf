/* The contract of ports/keyring.h. Every test starts with the place as it was at first, and its own arena. */
#include "contract/keyring_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench { /* of one test */
	struct keyring_subject *subject;
	struct arena *arena;
	struct keyring *keyring;
};

static struct keyring_subject *running; /* cmocka hands a setup nothing but a state of its own */

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct bench *bench = ARENA_NEW(arena, struct bench);

	running->reset(running);
	*bench = (struct bench){running, arena, running->open(running, arena)};
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	keyring_close(bench->keyring);
	arena_free(bench->arena);
	return 0;
}

static struct verdict judge_at(struct bench *bench, enum sample sample, int64_t when)
{
	struct verdict verdict = {.kind = (enum verdict_kind)99};
	struct error *error = keyring_judge(bench->keyring, &bench->subject->samples[sample].seal,
	                                    when, bench->arena, &verdict);

	if (error)
		fail_msg("%s: %s", error->what, error->why);
	assert_int_equal(verdict.format, bench->subject->samples[sample].seal.format);
	if (verdict.kind == VERDICT_GOOD)
		assert_null(verdict.reason);
	else
		assert_true(verdict.reason && *verdict.reason && !text_has_control(verdict.reason));
	return verdict;
}

static struct verdict judge_now(struct bench *bench, enum sample sample)
{
	return judge_at(bench, sample, bench->subject->from);
}

static const char *digest_of(struct bench *bench)
{
	const char *digest = NULL;
	struct error *error = keyring_digest(bench->keyring, bench->arena, &digest);

	if (error)
		fail_msg("%s: %s", error->what, error->why);
	assert_true(text_is_hex(digest, 64));
	return digest;
}

static void a_good_signature_names_the_person(void **state)
{
	struct bench *bench = *state;
	struct verdict verdict = judge_now(bench, SAMPLE_GOOD);

	assert_int_equal(verdict.kind, VERDICT_GOOD);
	assert_string_equal(verdict.principal, bench->subject->person);
	assert_true(text_starts(verdict.fingerprint, bench->subject->fingerprints));
}

static void what_is_not_good_has_its_own_name(void **state)
{
	static const struct {
		const char *sentence;
		enum sample sample;
		enum verdict_kind kind;
		bool names_the_person;
	} rows[] = {
		{"an unsigned commit", SAMPLE_UNSIGNED, VERDICT_UNSIGNED, false},
		{"a message that was changed after it was signed", SAMPLE_TAMPERED, VERDICT_BAD,
	         true},
		{"a key that nobody listed", SAMPLE_STRANGER, VERDICT_UNTRUSTED, false},
		{"a format that is not this keyring's", SAMPLE_FOREIGN, VERDICT_UNSUPPORTED, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct verdict verdict = judge_now(*state, rows[i].sample);

		print_message("         - %s\n", rows[i].sentence);
		assert_int_equal(verdict.kind, rows[i].kind);
		assert_int_equal(verdict.principal != NULL, rows[i].names_the_person);
	}
}

static void a_stranger_is_known_by_the_fingerprint(void **state)
{
	struct bench *bench = *state;

	assert_true(text_starts(judge_now(bench, SAMPLE_STRANGER).fingerprint,
	                        bench->subject->fingerprints));
	assert_null(judge_now(bench, SAMPLE_UNSIGNED).fingerprint);
}

static void a_key_counts_from_its_first_to_its_last_second(void **state)
{
	struct bench *bench = *state;
	const struct keyring_subject *subject = bench->subject;

	assert_int_equal(judge_at(bench, SAMPLE_DATED, subject->from - 1).kind,
	                 VERDICT_NOT_YET_VALID);
	assert_int_equal(judge_at(bench, SAMPLE_DATED, subject->from).kind, VERDICT_GOOD);
	assert_int_equal(judge_at(bench, SAMPLE_DATED, subject->until).kind, VERDICT_GOOD);
	assert_int_equal(judge_at(bench, SAMPLE_DATED, subject->until + 1).kind, VERDICT_EXPIRED);
	assert_string_equal(judge_at(bench, SAMPLE_DATED, subject->until + 1).principal,
	                    subject->person);
}

static void the_same_bytes_get_the_same_answer(void **state)
{
	struct bench *bench = *state;

	for (int sample = 0; sample < SAMPLE_COUNT; sample++)
		assert_int_equal(judge_now(bench, (enum sample)sample).kind,
		                 judge_now(bench, (enum sample)sample).kind);
	assert_string_equal(digest_of(bench), digest_of(bench));
	const char *before = digest_of(bench);
	keyring_close(bench->keyring);
	bench->keyring = bench->subject->open(bench->subject, bench->arena);
	assert_string_equal(digest_of(bench), before);
}

static void a_revocation_counts_at_once_and_for_every_time(void **state)
{
	struct bench *bench = *state;
	const char *before = digest_of(bench);

	assert_int_equal(judge_now(bench, SAMPLE_GOOD).kind, VERDICT_GOOD);
	bench->subject->revoke(bench->subject);
	assert_int_equal(judge_now(bench, SAMPLE_GOOD).kind, VERDICT_REVOKED);
	assert_int_equal(judge_at(bench, SAMPLE_GOOD, 0).kind, VERDICT_REVOKED);
	assert_string_equal(judge_now(bench, SAMPLE_GOOD).principal, bench->subject->person);
	assert_string_not_equal(digest_of(bench), before);
	assert_int_equal(judge_now(bench, SAMPLE_DATED).kind,
	                 VERDICT_GOOD); /* another key of the same person */
}

static size_t count_keys(struct bench *bench, size_t *ret_revoked, size_t *ret_dated)
{
	struct keyring_subject *subject = bench->subject;
	struct keyring_keys keys = {0};

	*ret_revoked = *ret_dated = 0;
	assert_null(keyring_list(bench->keyring, bench->arena, &keys));
	for (size_t i = 0; i < keys.count; i++) {
		assert_string_equal(keys.items[i].principal, subject->person);
		assert_true(text_starts(keys.items[i].fingerprint, subject->fingerprints));
		*ret_revoked += keys.items[i].revoked;
		*ret_dated += keys.items[i].valid_after == subject->from &&
		              keys.items[i].valid_before == subject->until;
	}
	return keys.count;
}

static void its_keys_are_listed_with_their_times_and_revocations(void **state)
{
	struct bench *bench = *state;
	size_t revoked, dated, count = count_keys(bench, &revoked, &dated);

	assert_true(count >= 2);
	assert_int_equal(revoked, 0);
	assert_int_equal(dated, 1);
	bench->subject->revoke(bench->subject);
	assert_int_equal(count_keys(bench, &revoked, &dated), count);
	assert_int_equal(revoked, 1);
}

static void a_broken_keyring_gives_no_verdict_at_all(void **state)
{
	struct bench *bench = *state;
	const char *untouched = "untouched";

	bench->subject->break_it(bench->subject);
	for (int sample = 0; sample < SAMPLE_COUNT; sample++) {
		struct verdict verdict = {.kind = VERDICT_UNSIGNED, .principal = untouched};
		struct error *error =
			keyring_judge(bench->keyring, &bench->subject->samples[sample].seal,
		                      bench->subject->from, bench->arena, &verdict);

		assert_non_null(error);
		assert_ptr_equal(error->row, &error_rows()[ERR_KEYRING]);
		assert_non_null(error->hint);
		assert_ptr_equal(verdict.principal, untouched);
	}
	assert_non_null(keyring_digest(bench->keyring, bench->arena, &untouched));
	assert_string_equal(untouched, "untouched");
}

static struct keyring_ask *all_asks(struct bench *bench, size_t *ret_count)
{
	const struct keyring_subject *subject = bench->subject;
	const int64_t times[] = {subject->from, subject->from - 1, subject->until,
	                         subject->until + 1};
	const size_t time_count = sizeof times / sizeof *times;
	struct keyring_ask *asks =
		ARENA_ARRAY(bench->arena, struct keyring_ask, SAMPLE_COUNT * time_count);

	*ret_count = 0;
	for (size_t i = 0; i < time_count; i++)
		for (int sample = 0; sample < SAMPLE_COUNT; sample++)
			asks[(*ret_count)++] =
				(struct keyring_ask){&subject->samples[sample].seal, times[i]};
	return asks;
}

static void expect_same(const char *one, const char *other)
{
	assert_int_equal(one != NULL, other != NULL);
	if (one)
		assert_string_equal(one, other);
}

static void many_are_judged_as_each_alone_in_any_order(void **state)
{
	struct bench *bench = *state;
	size_t count, strides[] = {1, 5, 7}; /* none has a divisor in common with the count */
	struct keyring_ask *asks = all_asks(bench, &count), *turned;
	struct verdict *verdicts = ARENA_ARRAY(bench->arena, struct verdict, count);
	struct verdict *alone = ARENA_ARRAY(bench->arena, struct verdict, count);

	for (size_t i = 0; i < count; i++)
		assert_null(keyring_judge(bench->keyring, asks[i].seal, asks[i].when, bench->arena,
		                          &alone[i]));
	turned = ARENA_ARRAY(bench->arena, struct keyring_ask, count);
	for (size_t k = 0; k < sizeof strides / sizeof *strides; k++) {
		for (size_t i = 0; i < count; i++)
			turned[i] = asks[i * strides[k] % count];
		assert_null(
			keyring_judge_many(bench->keyring, turned, count, bench->arena, verdicts));
		for (size_t i = 0; i < count; i++) {
			const struct verdict *expected = &alone[i * strides[k] % count];

			assert_int_equal(verdicts[i].kind, expected->kind);
			assert_int_equal(verdicts[i].format, expected->format);
			expect_same(verdicts[i].principal, expected->principal);
			expect_same(verdicts[i].fingerprint, expected->fingerprint);
			expect_same(verdicts[i].reason, expected->reason);
		}
	}
	assert_null(keyring_judge_many(bench->keyring, asks, 0, bench->arena, verdicts));
}

static void a_broken_keyring_judges_none_of_many(void **state)
{
	struct bench *bench = *state;
	size_t count;
	struct keyring_ask *asks = all_asks(bench, &count);
	struct verdict *verdicts = ARENA_ARRAY(bench->arena, struct verdict, count), alone;
	const char *untouched = "untouched";
	struct error *error, *same;

	for (size_t i = 0; i < count; i++)
		verdicts[i].principal = untouched;
	bench->subject->break_it(bench->subject);
	error = keyring_judge_many(bench->keyring, asks, count, bench->arena, verdicts);
	same = keyring_judge(bench->keyring, asks[0].seal, asks[0].when, bench->arena, &alone);
	assert_non_null(error);
	assert_non_null(same);
	assert_ptr_equal(error->row, same->row);
	assert_string_equal(error->what, same->what);
	assert_string_equal(error->why, same->why);
	assert_string_equal(error->hint, same->hint);
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(verdicts[i].principal, untouched);
}

int keyring_contract_run(struct keyring_subject *subject)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_signature_names_the_person, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_good_has_its_own_name, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(a_stranger_is_known_by_the_fingerprint, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(a_key_counts_from_its_first_to_its_last_second,
	                                        set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_bytes_get_the_same_answer, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(a_revocation_counts_at_once_and_for_every_time,
	                                        set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			its_keys_are_listed_with_their_times_and_revocations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_broken_keyring_gives_no_verdict_at_all, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(many_are_judged_as_each_alone_in_any_order, set_up,
	                                        tear_down),
		cmocka_unit_test_setup_teardown(a_broken_keyring_judges_none_of_many, set_up,
	                                        tear_down),
	};

	running = subject;
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}

/* Frames between the agent and the process that reads repositories: what goes in comes out, and nothing else is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapters/source_wire.h"
#include "base/text.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct bytes payload_of(struct bytes frame)
{
	return (struct bytes){frame.data + WIRE_HEADER, frame.size - WIRE_HEADER};
}

static void a_message_comes_out_as_it_went_in(void **state)
{
	AUTO_ARENA arena = arena_new();
	const char *texts[] = {"refs/heads/main", NULL, "", "näme"};
	const struct wire_message message = {
		.kind = WIRE_READ,
		.number = UINT64_MAX,
		.maximum = 0x0102030405060708,
		.texts = {.items = texts, .count = ROWS(texts)},
		.data = {"a\0b", 3},
	};
	const struct bytes frame = wire_encode(arena, &message);
	struct wire_message out;

	(void)state;
	assert_int_equal(wire_length((const unsigned char *)frame.data), frame.size - WIRE_HEADER);
	assert_true(wire_decode(arena, payload_of(frame), &out));
	assert_int_equal(out.kind, WIRE_READ);
	assert_true(out.number == message.number && out.maximum == message.maximum);
	assert_int_equal(out.texts.count, ROWS(texts));
	for (size_t i = 0; i < ROWS(texts); i++)
		assert_true(text_equal(out.texts.items[i], texts[i]));
	assert_int_equal(out.data.size, 3);
	assert_memory_equal(out.data.data, "a\0b", 4);
}

static void a_message_cut_off_anywhere_is_none(void **state)
{
	AUTO_ARENA arena = arena_new();
	const char *texts[] = {"one", "two"};
	const struct bytes whole = payload_of(
		wire_encode(arena, &(struct wire_message){.kind = WIRE_DONE,
	                                                  .texts = {.items = texts, .count = 2},
	                                                  .data = {"data", 4}}));
	struct wire_message out;

	(void)state;
	for (size_t size = 0; size < whole.size; size++) {
		AUTO_ARENA scratch = arena_new();

		assert_false(wire_decode(scratch, arena_bytes(scratch, whole.data, size), &out));
	}
	assert_true(wire_decode(arena, whole, &out));
}

static void a_length_that_lies_is_refused(void **state)
{
	/* the offsets of: kind 0, number 1, maximum 9, count 17, size of "one" 21, "one" 25, its NUL 28, size of data 29 */
	static const struct {
		const char *sentence;
		size_t at;
		unsigned char byte;
	} rows[] = {
		{"a kind that there is not", 0, WIRE_KINDS},
		{"more texts than there are", 17, 2},
		{"more texts than any message has", 19, 1},
		{"a text that reaches over the end", 24, 0x7f},
		{"a text that ends later than its NUL", 21, 5},
		{"a text that ends before its NUL", 21, 3},
		{"a text with a NUL in it", 26, 0},
		{"data longer than the frame", 29, 5},
		{"data shorter than the frame", 29, 3},
		{"data of 4 GiB", 32, 0xff},
	};
	AUTO_ARENA arena = arena_new();
	const char *texts[] = {"one"};
	const struct bytes whole = payload_of(
		wire_encode(arena, &(struct wire_message){.kind = WIRE_DONE,
	                                                  .texts = {.items = texts, .count = 1},
	                                                  .data = {"data", 4}}));

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		AUTO_ARENA scratch = arena_new();
		char *bent = arena_copy(scratch, whole.data, whole.size);
		struct wire_message out;

		bent[rows[i].at] = (char)rows[i].byte;
		if (wire_decode(scratch, (struct bytes){bent, whole.size}, &out))
			fail_msg("%s: taken", rows[i].sentence);
	}
}

static void an_error_keeps_its_row_and_its_words(void **state)
{
	AUTO_ARENA arena = arena_new();
	const struct error *error = FAIL(arena, GIT_AUTH, .what = "cannot fetch",
	                                 .why = "it says no", .hint = "Renew it.");
	struct wire_message out;
	struct error *back;

	(void)state;
	for (int with_why = 0; with_why < 2; with_why++) {
		struct error told = *error;
		struct wire_message message;

		told.why = with_why ? error->why : NULL;
		message = wire_of_error(arena, &told);
		assert_true(wire_decode(arena, payload_of(wire_encode(arena, &message)), &out));
		back = wire_error(arena, &out);
		assert_ptr_equal(back->row, &error_rows()[ERR_GIT_AUTH]);
		assert_string_equal(back->what, "cannot fetch");
		assert_true(text_equal(back->why, told.why));
		assert_string_equal(back->hint, "Renew it.");
	}
}

static void an_error_that_is_not_ours_is_made_one(void **state)
{
	AUTO_ARENA arena = arena_new();
	const char *texts[] = {"X999", "cannot \033[31mread", NULL, "Do\nthis."};
	struct wire_message message = {.kind = WIRE_ERROR,
	                               .texts = {.items = texts, .count = ROWS(texts)}};
	struct error *error = wire_error(arena, &message);

	(void)state;
	assert_ptr_equal(error->row, &error_rows()[ERR_GIT_APART]);
	assert_string_equal(error->what, "cannot  [31mread");
	assert_string_equal(error->hint, "Do this.");
	message.texts.count = 3;
	assert_ptr_equal(wire_error(arena, &message)->row, &error_rows()[ERR_GIT_APART]);
	message.kind = WIRE_DONE;
	assert_null(wire_error(arena, &message));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_comes_out_as_it_went_in),
		cmocka_unit_test(a_message_cut_off_anywhere_is_none),
		cmocka_unit_test(a_length_that_lies_is_refused),
		cmocka_unit_test(an_error_keeps_its_row_and_its_words),
		cmocka_unit_test(an_error_that_is_not_ours_is_made_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

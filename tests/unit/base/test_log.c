/* The log: what stands on standard error, byte for byte. The clock is fixed, and standard error is a file. */
#include "unit/base/check.h"

#include "base/file.h"
#include "base/log.h"
#include "base/node.h"
#include "base/text.h"

static int kept_stderr;

static int give_stderr(void **state)
{
	int failed = give_place(state), fd;

	if (failed)
		return failed;
	(void)setenv("HEADGATE_TEST_CLOCK", "1795563135", 1);
	(void)unsetenv("JOURNAL_STREAM");
	kept_stderr = dup(STDERR_FILENO);
	fd = open(path_of(*state, "log"), O_RDWR | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, STDERR_FILENO);
	return close(fd);
}

static int take_stderr(void **state)
{
	(void)dup2(kept_stderr, STDERR_FILENO);
	(void)close(kept_stderr);
	(void)unsetenv("HEADGATE_TEST_CLOCK");
	log_configure(LOG_LEVEL_INFO, false);
	return take_place(state);
}

#define TEST_LOG(name) cmocka_unit_test_setup_teardown(name, give_stderr, take_stderr)

/* What was logged since the last call. */
static const char *logged(struct place *place)
{
	struct bytes bytes;

	assert_fine(file_read(place->arena, path_of(place, "log"), 1 << 20, &bytes));
	assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
	return bytes.data;
}

static void keys_stand_in_their_order(void **state)
{
	LOG(INFO, STAGE_PASSED, .msg = "done", .code = "V002", .outcome = "passed", .took_ms = 1300,
	    .attempt = 2, .stage = "apply", .commit = "abc123", .run = 4711, .target = "shop");
	assert_string_equal(
		logged(*state),
		"2026-11-24T23:32:15Z info event=stage_passed target=shop run=4711 "
		"commit=abc123 stage=apply attempt=2 took_ms=1300 outcome=passed code=V002 "
		"msg=done\n");
}

static void what_is_unset_is_left_out(void **state)
{
	LOG(WARNING, LOOK_FAILED, .took_ms = -1);
	assert_string_equal(logged(*state), "2026-11-24T23:32:15Z warning event=look_failed\n");
}

static void a_value_cannot_pretend_to_be_more_than_one(void **state)
{
	static const struct {
		const char *sentence, *msg, *written;
	} rows[] = {
		{"a word stands bare", "done", "done"},
		{"accents stand bare", "d\xC3\xA9j\xC3\xA0", "d\xC3\xA9j\xC3\xA0"},
		{"a space is quoted", "a b", "\"a b\""},
		{"a quote is escaped", "say \"x\"", "\"say \\\"x\\\"\""},
		{"a backslash is escaped", "a\\b", "\"a\\\\b\""},
		{"an equals sign is quoted", "code=V002", "\"code=V002\""},
		{"a new line is escaped", "a\nlevel=error", "\"a\\nlevel=error\""},
		{"so is a carriage return", "a\rb", "\"a\\rb\""},
		{"so is an escape sequence", "\x1b[2J", "\"\\x1b[2J\""},
		{"so is DEL", "\x7f", "\"\\x7f\""},
		{"so is C1", "a\xC2\x9bz", "\"a\\x9bz\""},
		{"a degree sign is not C1", "5\xC2\xB0", "\"5\xC2\xB0\""},
		{"wrong bytes become U+FFFD", "a\xFF", "a\uFFFD"},
		{"an empty value can be seen", "", "\"\""},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		LOG(INFO, PROGRESS, .msg = rows[i].msg);
		assert_string_equal(
			logged(place),
			arena_printf(place->arena,
		                     "2026-11-24T23:32:15Z info event=progress msg=%s\n",
		                     rows[i].written));
	}
}

static void a_value_has_a_maximum(void **state)
{
	char *msg = arena_alloc(((struct place *)*state)->arena, 100001);

	memset(msg, 'x', 100000);
	memcpy(msg + 2998, "\xE2\x82\xAC", 3); /* the cut would fall into it */
	LOG(INFO, PROGRESS, .msg = msg);

	const char *line = logged(*state);

	assert_int_equal(strlen(line),
	                 strlen("2026-11-24T23:32:15Z info event=progress msg=\n") + 2998 + 3);
	assert_true(text_ends(line, "xx…\n"));
}

static void json_is_one_object_per_line(void **state)
{
	struct place *place = *state;
	const char *line, *why = NULL;

	log_configure(LOG_LEVEL_INFO, true);
	LOG(ERROR, RUN_ENDED, .target = "shop", .run = 7, .msg = "a\n\"b\"");
	line = logged(place);
	assert_string_equal(
		line,
		"{\"ts\":\"2026-11-24T23:32:15Z\",\"level\":\"error\",\"event\":\"run_ended\","
		"\"target\":\"shop\",\"run\":7,\"msg\":\"a\\n\\\"b\\\"\"}\n");
	assert_non_null(node_from_json(place->arena, line, strlen(line), &why));
}

static void lines_below_the_level_are_not_written(void **state)
{
	LOG(DEBUG, PROGRESS, .msg = NULL);
	assert_string_equal(logged(*state), "");
	log_configure(LOG_LEVEL_DEBUG, false);
	LOG(DEBUG, PROGRESS, .msg = NULL);
	assert_contains(logged(*state), "debug event=progress");
	log_configure(LOG_LEVEL_ERROR, false);
	LOG(WARNING, PROGRESS, .msg = NULL);
	assert_string_equal(logged(*state), "");
}

static void under_systemd_a_line_begins_with_its_priority(void **state)
{
	struct place *place = *state;
	struct stat stat_of;

	assert_int_equal(fstat(STDERR_FILENO, &stat_of), 0);
	(void)setenv("JOURNAL_STREAM",
	             arena_printf(place->arena, "%ju:%ju", (uintmax_t)stat_of.st_dev,
	                          (uintmax_t)stat_of.st_ino),
	             1);
	LOG(ERROR, PROGRESS, .msg = NULL);
	assert_string_equal(logged(place), "<3>2026-11-24T23:32:15Z error event=progress\n");
	LOG(INFO, PROGRESS, .msg = NULL);
	assert_string_equal(logged(place), "<6>2026-11-24T23:32:15Z info event=progress\n");
	(void)setenv("JOURNAL_STREAM", "1:2",
	             1); /* inherited, and our standard error was redirected */
	LOG(INFO, PROGRESS, .msg = NULL);
	assert_string_equal(logged(place), "2026-11-24T23:32:15Z info event=progress\n");
	(void)unsetenv("JOURNAL_STREAM");
}

static void every_event_has_a_name_and_every_level_is_parsed(void **state)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	enum log_level level = LOG_LEVEL_DEBUG;

	(void)state;
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		assert_true(log_event_name((enum log_event)i)[0] != '\0');
	for (unsigned i = 0; i < ROWS(names); i++) {
		assert_true(log_level_parse(names[i], &level));
		assert_int_equal(level, i);
	}
	assert_false(log_level_parse("loud", &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_LOG(keys_stand_in_their_order),
		TEST_LOG(what_is_unset_is_left_out),
		TEST_LOG(a_value_cannot_pretend_to_be_more_than_one),
		TEST_LOG(a_value_has_a_maximum),
		TEST_LOG(json_is_one_object_per_line),
		TEST_LOG(lines_below_the_level_are_not_written),
		TEST_LOG(under_systemd_a_line_begins_with_its_priority),
		TEST(every_event_has_a_name_and_every_level_is_parsed),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

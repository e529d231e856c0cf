/*
 * Child programs, with the shell as the program that does as it is told. What a child finds (environment, signals,
 * descriptors, session) is asked of the child itself.
 */
#include "unit/base/check.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#define SHELL(script) ((const char *const[]){"-c", (script), NULL})
#define SH "/bin/sh"

static struct process shell(const char *const *arguments)
{
	return (struct process){.program = SH, .arguments = arguments, .deadline_ms = 20000};
}

static const char *output_of(struct arena *arena, const char *script)
{
	const char *const arguments[] = {"-c", script, NULL};
	struct process process = shell(arguments);
	struct process_result result;

	assert_fine(process_run(arena, &process, &result));
	if (result.status)
		fail_msg("'%s' ended with %d: %s", script, result.status, result.complaint);
	return result.output.data;
}

static void a_program_tells_its_status_output_and_complaint(void **state)
{
	static const struct {
		const char *sentence, *script;
		int status;
		const char *output, *complaint;
	} rows[] = {
		{"nothing said", "true", 0, "", ""},
		{"output only", "echo out", 0, "out\n", ""},
		{"both, and a status", "echo out; echo err >&2; exit 3", 3, "out\n", "err"},
		{"killed by a signal", "kill -9 $$", 128 + 9, "", ""},
		{"complaint of two lines", "printf ' a\\nb\\n\\n' >&2", 0, "", "a b"},
		{"complaint with control characters", "printf 'a\\033[1m\\000b\\377' >&2", 0, "",
	         "a [1m b\uFFFD"},
		{"standard input is empty", "cat; echo end", 0, "end\n", ""},
		{"closed early and ended late", "exec >&- 2>&-; sleep 0.1; exit 4", 4, "", ""},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct process process = shell(SHELL(rows[i].script));
		struct process_result result;

		CASE(rows[i].sentence);
		assert_fine(process_run(*state, &process, &result));
		assert_int_equal(result.status, rows[i].status);
		assert_string_equal(result.output.data, rows[i].output);
		assert_int_equal(result.output.size, strlen(rows[i].output));
		assert_string_equal(result.complaint, rows[i].complaint);
	}
}

static void arguments_reach_the_program_as_they_are(void **state)
{
	struct process process = shell((const char *const[]){"-c", "printf '%s|' \"$@\"", "x",
	                                                     "a b", "$(id)", "", "'", NULL});
	struct process_result result;

	assert_fine(process_run(*state, &process, &result));
	assert_string_equal(result.output.data, "a b|$(id)||'|");
}

static void the_environment_holds_only_what_was_given(void **state)
{
	static const char *const given[] = {"ONE=1", "TWO=2 3", NULL}, *const own_path[] = {
									       "PATH=/nowhere",
									       NULL};
	struct process process = {
		.program = "/usr/bin/env", .environment = given, .deadline_ms = 20000};
	struct process_result result;

	(void)setenv("HEADGATE_LEAK", "secret", 1);
	assert_fine(process_run(*state, &process, &result));
	assert_string_equal(result.output.data,
	                    "PATH=/usr/bin:/bin:/usr/local/bin\nLC_ALL=C.UTF-8\nONE=1\nTWO=2 3\n");
	process.environment = own_path;
	assert_fine(process_run(*state, &process, &result));
	assert_string_equal(result.output.data, "LC_ALL=C.UTF-8\nPATH=/nowhere\n");
	(void)unsetenv("HEADGATE_LEAK");
}

static void large_input_and_output_pass_at_once(void **state)
{
	size_t size = 900 * 1024;
	char *data = arena_alloc(*state, size);
	struct process process = {.program = "/bin/cat", .deadline_ms = 60000};
	struct process_result result;

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 7);
	process.input = (struct bytes){.data = data, .size = size};
	assert_fine(process_run(*state, &process, &result));
	assert_int_equal(result.output.size, size);
	assert_memory_equal(result.output.data, data, size);
}

static void a_program_need_not_read_its_input(void **state)
{
	size_t size = 900 * 1024;
	struct process process = shell(SHELL("exit 5"));
	struct process_result result;

	process.input = (struct bytes){.data = arena_alloc(*state, size), .size = size};
	assert_fine(process_run(*state, &process, &result));
	assert_int_equal(result.status, 5);
}

static void output_has_a_maximum(void **state)
{
	struct process process = shell(SHELL("printf 12345"));
	struct process_result result = {.status = 77};

	process.output_maximum = 5;
	assert_fine(process_run(*state, &process, &result));
	assert_string_equal(result.output.data, "12345");
	process.output_maximum = 4;
	result.status = 77;

	struct error *error = process_run(*state, &process, &result);

	assert_error(error, ERR_PROCESS);
	assert_contains(error->why, "wrote more than 4 B");
	assert_int_equal(result.status, 77);
	process = shell(SHELL("while :; do echo endless; done"));
	assert_contains(process_run(*state, &process, &result)->why, "wrote more than 1 MiB");
}

static void the_end_of_a_long_complaint_is_kept(void **state)
{
	struct process process =
		shell(SHELL("i=0; while [ $i -lt 4000 ]; do echo line $i; i=$((i+1)); done >&2"));
	struct process_result result;

	assert_fine(process_run(*state, &process, &result));
	assert_true(text_starts(result.complaint, "…"));
	assert_true(text_ends(result.complaint, "line 3998 line 3999"));
	assert_in_range(strlen(result.complaint), 4000, 4 * 1024 + 3);
}

static void a_deadline_ends_the_program(void **state)
{
	static const struct {
		const char *sentence, *script;
		uint64_t least_ms;
	} rows[] = {
		{"it goes when asked", "echo busy >&2; exec sleep 60", 0},
		{"its children go with it", "sleep 60 & sleep 60 & wait", 0},
		{"it does not listen and is killed", "trap '' TERM; while :; do sleep 1; done",
	         2000},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct process process = shell(SHELL(rows[i].script));
		struct process_result result;
		uint64_t begin = clock_monotonic_ms();

		CASE(rows[i].sentence);
		process.deadline_ms = 300;

		struct error *error = process_run(*state, &process, &result);

		assert_error(error, ERR_PROCESS_TIME);
		assert_contains(error->what, SH);
		assert_contains(error->why, "300 ms");
		if (!i)
			assert_contains(error->why, "it says: busy");
		assert_true(clock_monotonic_ms() - begin >= rows[i].least_ms);
		assert_true(clock_monotonic_ms() - begin < rows[i].least_ms + 15000);
	}
}

static void a_program_that_is_not_there_is_named(void **state)
{
	struct place *place = *state;
	struct process process = {.program = path_of(place, "absent")};
	struct process_result result;
	struct error *error = process_run(place->arena, &process, &result);

	assert_error(error, ERR_PROGRAM_MISSING);
	assert_contains(error->what, "absent'");
	assert_contains(error->why, "ENOENT");
	write_file(path_of(place, "plain"), "no program", 0644);
	process.program = path_of(place, "plain");
	error = process_run(place->arena, &process, &result);
	assert_error(error, ERR_PROCESS);
	assert_contains(error->why, "EACCES");
	process = shell(SHELL("true"));
	process.folder = path_of(place, "nowhere");
	error = process_run(place->arena, &process, &result);
	assert_error(error, ERR_PROCESS);
	assert_contains(error->why, "nowhere");
}

static void run_without_standard_descriptors(void *context)
{
	struct process process = shell(SHELL("read line; echo \"$line\"; echo err >&2"));
	struct process_result result;
	struct arena *arena = context;

	(void)close(0);
	(void)close(1);
	(void)close(2);
	process.input = (struct bytes){.data = "in\n", .size = 3};
	if (process_run(arena, &process, &result))
		_exit(1);
	if (!text_equal(result.output.data, "in\n") || !text_equal(result.complaint, "err"))
		_exit(2);
}

static void our_own_closed_descriptors_do_no_harm(void **state)
{
	assert_int_equal(status_of_child(run_without_standard_descriptors, *state), 0);
}

static void the_child_starts_clean(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	sigset_t some, mask;
	int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

	assert_int_equal(sigaction(SIGPIPE, &ignore, &before), 0);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &some, &mask), 0);
	assert_true(leak >= 3);
	assert_string_equal(
		output_of(*state, "grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2 | sort -u"),
		"0000000000000000\n");
	assert_string_equal(
		output_of(*state,
	                  "for fd in /proc/$$/fd/*; do [ ${fd##*/} -gt 2 ] && readlink $fd; done | "
	                  "grep -c -e null -e headgate; true"),
		"0\n");
	assert_string_equal(output_of(*state, "pwd"), "/\n");
	assert_string_equal(
		output_of(*state, "[ \"$(cut -d' ' -f6 /proc/$$/stat)\" = $$ ] && echo leads"),
		"leads\n");
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	(void)sigaction(SIGPIPE, &before, NULL);
	(void)close(leak);
}

static void run_and_wait_long(void *context)
{
	struct place *place = context;
	const char *script =
		arena_printf(place->arena, "echo $$ > '%s'; exec sleep 60", path_of(place, "pid"));
	struct process process = shell(SHELL(script));
	struct process_result result;

	(void)!process_run(place->arena, &process, &result);
}

static pid_t wait_for_pid(struct place *place)
{
	struct bytes bytes = {0};
	uint64_t pid = 0;

	for (int i = 0; i < 1000 && !pid; i++) {
		clock_sleep_ms(10);
		if (!file_read(place->arena, path_of(place, "pid"), 100, &bytes))
			(void)parse_number(text_trim(place->arena, bytes.data), INT32_MAX, &pid);
	}
	assert_true(pid > 1);
	return (pid_t)pid;
}

/* Dead, or a zombie that nobody has reaped yet. */
static bool is_gone(struct place *place, pid_t pid)
{
	struct bytes bytes;

	if (kill(pid, 0))
		return true;
	if (file_read(place->arena, arena_printf(place->arena, "/proc/%d/stat", (int)pid), 4096,
	              &bytes))
		return true;
	return strstr(bytes.data, ") Z ") != NULL;
}

static bool goes(struct place *place, pid_t pid)
{
	for (int i = 0; i < 1000; i++) {
		if (is_gone(place, pid))
			return true;
		clock_sleep_ms(10);
	}
	return false;
}

static void a_child_dies_with_its_caller(void **state)
{
	struct place *place = *state;
	pid_t caller = fork(), child;

	if (!caller) {
		run_and_wait_long(place);
		_exit(0);
	}
	child = wait_for_pid(place);
	assert_false(is_gone(place, child));
	assert_int_equal(kill(caller, SIGKILL), 0);
	assert_int_equal(waitpid(caller, NULL, 0), caller);
	assert_true(goes(place, child));
}

static void run_until_stopped(void *context)
{
	struct place *place = context;
	struct process process = shell(SHELL("kill -TERM $PPID; exec sleep 60"));
	struct process_result result;
	struct error *error;

	stop_watch();
	error = process_run(place->arena, &process, &result);
	if (!error || error->row != &error_rows()[ERR_STOPPED])
		_exit(1);
	error = process_run(place->arena, &process, &result); /* and nothing is started any more */
	if (!error || error->row != &error_rows()[ERR_STOPPED])
		_exit(2);
}

static void the_wish_to_stop_ends_the_child(void **state)
{
	uint64_t begin = clock_monotonic_ms();

	assert_int_equal(status_of_child(run_until_stopped, *state), 0);
	assert_true(clock_monotonic_ms() - begin < 15000);
}

static void what_a_program_leaves_behind_is_killed_and_not_waited_for(void **state)
{
	struct place *place = *state;
	uint64_t begin = clock_monotonic_ms();
	const char *out = output_of(place->arena, "sleep 60 & echo $!");
	uint64_t pid;

	assert_true(clock_monotonic_ms() - begin < 15000);
	assert_true(parse_number(text_trim(place->arena, out), INT32_MAX, &pid));
	assert_true(goes(place, (pid_t)pid));
}

static struct error *count_bytes(void *context, struct arena *arena, const void *data, size_t size)
{
	(void)arena;
	assert_non_null(data);
	*(size_t *)context += size;
	return NULL;
}

static struct error *refuse(void *context, struct arena *arena, const void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return FAIL(arena, BACKUP_SPACE, .what = "no room");
}

static void a_stream_is_larger_than_memory_would_be(void **state)
{
	struct process process = shell(SHELL("head -c 20000000 /dev/zero; echo done >&2"));
	struct process_result result;
	size_t size = 0;

	assert_fine(process_stream(*state, &process, count_bytes, &size, &result));
	assert_int_equal(size, 20000000);
	assert_string_equal(result.complaint, "done");
	assert_int_equal(result.output.size, 0);
	assert_true(arena_used(*state) < 1000000);
}

static void an_error_of_the_sink_ends_the_program_and_is_returned(void **state)
{
	struct process process = shell(SHELL("echo x; sleep 60"));
	struct process_result result;
	uint64_t begin = clock_monotonic_ms();

	assert_error(process_stream(*state, &process, refuse, NULL, &result), ERR_BACKUP_SPACE);
	assert_true(clock_monotonic_ms() - begin < 15000);
}

static void programs_are_found_in_a_fixed_list(void **state)
{
	(void)setenv("PATH", "/nowhere", 1);
	assert_contains(program_find(*state, "sh"), "/sh");
	assert_null(program_find(*state, "no-such-program"));
	assert_null(program_find(*state, "")); /* a folder is no program */
}

static void many_programs_run_side_by_side_and_answer_in_their_order(void **state)
{
	enum { COUNT = 40 };
	struct place *place = *state;
	struct process processes[COUNT];
	struct process_result results[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		const char *const arguments[] = {
			"-c",
			arena_printf(place->arena, "cat; echo '%zu'; echo 'c%zu' >&2; exit %zu", i,
		                     i, i % 3),
			NULL};

		processes[i] = shell(arena_copy(place->arena, arguments, sizeof arguments));
		if (i % 2)
			processes[i].input = (struct bytes){"in ", 3};
	}
	assert_fine(process_run_many(place->arena, processes, COUNT, results));
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(results[i].status, i % 3);
		assert_string_equal(results[i].output.data,
		                    arena_printf(place->arena, "%s%zu\n", i % 2 ? "in " : "", i));
		assert_string_equal(results[i].complaint, arena_printf(place->arena, "c%zu", i));
	}
	assert_fine(process_run_many(place->arena, processes, 0, results));
}

/* Each of the two ends when the other has begun. */
static void two_programs_run_at_the_same_time(void **state)
{
	struct place *place = *state;
	const char *folder = place->folder;
	const char *script = arena_printf(
		place->arena,
		"cd '%s'; : >\"$0\"; for i in $(seq 500); do [ -e \"$1\" ] && exit 0; sleep 0.02; done; exit 1",
		folder);
	const char *const one[] = {"-c", script, "one", "two", NULL};
	const char *const two[] = {"-c", script, "two", "one", NULL};
	const struct process processes[] = {shell(one), shell(two)};
	struct process_result results[2];

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	assert_fine(process_run_many(place->arena, processes, 2, results));
	assert_int_equal(results[0].status, 0);
	assert_int_equal(results[1].status, 0);
}

static void no_more_run_at_once_than_there_are_processors(void **state)
{
	enum { COUNT = 60 };
	struct place *place = *state;
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	const char *script = arena_printf(
		place->arena, "cd '%s'; mkdir $$; ls -d [0-9]* | wc -l; sleep 0.01; rmdir $$",
		place->folder);
	const char *const arguments[] = {"-c", script, NULL};
	struct process processes[COUNT];
	struct process_result results[COUNT];
	uint64_t most = 0;

	for (size_t i = 0; i < COUNT; i++)
		processes[i] = shell(arguments);
	assert_fine(process_run_many(place->arena, processes, COUNT, results));
	for (size_t i = 0; i < COUNT; i++) {
		uint64_t seen = 0;

		assert_true(parse_number(text_trim(place->arena, results[i].output.data), COUNT,
		                         &seen));
		most = seen > most ? seen : most;
	}
	assert_in_range(most, 1, processors < 16 ? (uint64_t)processors : 16);
}

static void an_error_of_one_ends_the_others(void **state)
{
	static const struct {
		const char *sentence, *script;
		enum error_code code;
	} rows[] = {
		{"too much output", "head -c 5000000 /dev/zero", ERR_PROCESS},
		{"no end", "sleep 60", ERR_PROCESS_TIME},
	};
	struct place *place = *state;
	const char *wait =
		arena_printf(place->arena, "echo $$ > '%s'; exec sleep 60", path_of(place, "pid"));

	for (size_t i = 0; i < ROWS(rows); i++) {
		const uint64_t begin = clock_monotonic_ms();
		const char *const slow[] = {"-c", wait, NULL};
		const char *const wrong[] = {"-c", rows[i].script, NULL};
		struct process processes[] = {shell(slow), shell(wrong)};
		struct process_result results[2] = {{.status = 77}, {.status = 77}};

		CASE(rows[i].sentence);
		processes[1].deadline_ms = 500;
		assert_error(process_run_many(place->arena, processes, 2, results), rows[i].code);
		assert_int_equal(results[0].status, 77);
		assert_true(clock_monotonic_ms() - begin < 15000);
		assert_true(goes(place, wait_for_pid(place)));
	}
}

static void run_many_until_stopped(void *context)
{
	struct place *place = context;
	struct process processes[] = {shell(SHELL("exec sleep 60")),
	                              shell(SHELL("kill -TERM $PPID; exec sleep 60"))};
	struct process_result results[2];
	struct error *error;

	stop_watch();
	error = process_run_many(place->arena, processes, 2, results);
	_exit(!error || error->row != &error_rows()[ERR_STOPPED]);
}

static void the_wish_to_stop_ends_them_all(void **state)
{
	uint64_t begin = clock_monotonic_ms();

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	assert_int_equal(status_of_child(run_many_until_stopped, *state), 0);
	assert_true(clock_monotonic_ms() - begin < 15000);
}

static void wait_for_output(struct process_pipe *pipe)
{
	struct pollfd fd = {.fd = pipe->output, .events = POLLIN};

	assert_int_equal(clock_poll(&fd, 1, 20000), 1);
}

static void a_program_is_spoken_with_both_ways(void **state)
{
	struct process process = shell(SHELL("while read line; do echo \"<$line>\"; done; exit 5"));
	struct process_pipe pipe;
	char answer[16];

	assert_fine(process_pipe_open(*state, &process, &pipe));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(process_pipe_write(&pipe, "word\n", 5), 5);
		wait_for_output(&pipe);
		assert_int_equal(read(pipe.output, answer, sizeof answer), 7);
		assert_memory_equal(answer, "<word>\n", 7);
	}
	assert_int_equal(process_pipe_close(&pipe, 20000), 5);
	assert_int_equal(process_pipe_close(&pipe, 20000), 0); /* there is none any more */
}

static void a_program_that_went_takes_no_more_and_one_that_stays_is_killed(void **state)
{
	struct process gone = shell(SHELL("exec <&-; echo; sleep 60"));
	struct process_pipe pipe;

	assert_fine(process_pipe_open(*state, &gone, &pipe));
	wait_for_output(&pipe);
	assert_int_equal(process_pipe_write(&pipe, "x", 1), -1);
	assert_int_equal(process_pipe_close(&pipe, 0), 128 + 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_tells_its_status_output_and_complaint),
		TEST(arguments_reach_the_program_as_they_are),
		TEST(the_environment_holds_only_what_was_given),
		TEST(large_input_and_output_pass_at_once),
		TEST(a_program_need_not_read_its_input),
		TEST(output_has_a_maximum),
		TEST(the_end_of_a_long_complaint_is_kept),
		TEST(a_deadline_ends_the_program),
		TEST_IN_PLACE(a_program_that_is_not_there_is_named),
		TEST(our_own_closed_descriptors_do_no_harm),
		TEST(the_child_starts_clean),
		TEST_IN_PLACE(a_child_dies_with_its_caller),
		TEST_IN_PLACE(the_wish_to_stop_ends_the_child),
		TEST_IN_PLACE(what_a_program_leaves_behind_is_killed_and_not_waited_for),
		TEST(a_stream_is_larger_than_memory_would_be),
		TEST(an_error_of_the_sink_ends_the_program_and_is_returned),
		TEST_IN_PLACE(many_programs_run_side_by_side_and_answer_in_their_order),
		TEST_IN_PLACE(two_programs_run_at_the_same_time),
		TEST_IN_PLACE(no_more_run_at_once_than_there_are_processors),
		TEST_IN_PLACE(an_error_of_one_ends_the_others),
		TEST_IN_PLACE(the_wish_to_stop_ends_them_all),
		TEST(programs_are_found_in_a_fixed_list),
		TEST(a_program_is_spoken_with_both_ways),
		TEST(a_program_that_went_takes_no_more_and_one_that_stays_is_killed),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}

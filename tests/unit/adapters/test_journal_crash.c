/*
 * A journal survives its writer: killed at any moment, beside other writers, on a full disk. What was acknowledged is
 * there, what was not is there whole or not at all, and the tables are what the records make.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "unit/adapters/journal_place.h"

#define KILLS 25
#define RECORDS_PER_CALL 4
#define WRITERS 4
#define CALLS_PER_WRITER 25
#define READS 40
#define IDENTITY_SIZE 36

/* Four records that touch most tables; `number` makes them differ. */
static struct error *write_call(struct journal *journal, struct arena *arena, int64_t number)
{
	const char *down = arena_printf(arena, "DROP TABLE t%d;", (int)number);
	const char *name = arena_printf(arena, "m%d", (int)(number % 50));
	struct node *deployed = node_map(arena), *begun = node_map(arena),
		    *intent = node_map(arena);
	struct status status = {
		.context = "headgate/shop", .state = STATUS_PENDING, .description = "applying"};
	const char *forge = "notes";
	struct records records = {0};
	struct memory memory;

	TRY(journal_memory(journal, "shop", arena, &memory));
	node_set_text(arena, begun, "direction", "deploy");
	node_set_text(arena, intent, "action", "apply");
	node_set_text(arena, deployed, "checksum", name);
	node_set_text(arena, deployed, "down", sha256_text(arena, down, strlen(down)));
	*LIST_ADD(arena, &records) =
		memory.open_run
			? (struct record){.kind = RECORD_RUN_ENDED, .run = memory.open_run->id}
			: (struct record){.kind = RECORD_RUN_BEGUN, .run = RUN_NEW, .body = begun};
	*LIST_ADD(arena, &records) = memory.open_run ? (struct record){.kind = RECORD_INTENT,
	                                                               .run = memory.open_run->id,
	                                                               .body = intent}
	                                             : (struct record){.kind = RECORD_STAGE_BEGUN,
	                                                               .run = RUN_NEW,
	                                                               .stage = "apply"};
	*LIST_ADD(arena, &records) = (struct record){
		.kind = RECORD_DEPLOYED,
		.body = deployed,
		.archive = {.data = down, .size = strlen(down)},
	};
	*LIST_ADD(arena, &records) = (struct record){
		.kind = RECORD_STATUS,
		.body = record_status_body(arena, &status,
	                                   &(struct text_list){.items = &forge, .count = 1}),
	};
	for (size_t i = 0; i < records.count; i++) {
		records.items[i].target = "shop";
		records.items[i].migration = name;
		records.items[i].commit = arena_printf(arena, "%040d", (int)(number % 7));
	}
	return journal_write(journal, &records, arena, NULL);
}

/* The child: opens, then writes for ever, and says into the pipe how many records are acknowledged. */
static void write_for_ever(const char *path, int acknowledge)
{
	AUTO_ARENA arena = arena_new();
	struct journal *journal;
	int64_t records;

	if (journal_sqlite_open(arena, &(struct journal_sqlite_options){.path = path}, &journal) ||
	    journal_check(journal, arena, &records))
		_exit(1);
	for (;;) {
		AUTO_ARENA scratch = arena_new();

		if (write(acknowledge, &records, sizeof records) != sizeof records ||
		    write_call(journal, scratch, records))
			_exit(1);
		records += RECORDS_PER_CALL;
	}
}

static int64_t last_acknowledged(int fd)
{
	int64_t records, last = -1;

	while (read(fd, &records, sizeof records) == sizeof records)
		last = records;
	return last;
}

static void a_killed_writer_leaves_a_whole_journal(void **state)
{
	struct place *place = *state;
	int64_t before = 0;

	for (int round = 0; round < KILLS; round++) {
		AUTO_ARENA arena = arena_new();
		bool is_new = round <
		              KILLS / 5; /* these are killed about the time when the file is made */
		struct journal *journal;
		int64_t records = 0, acknowledged;
		int status, pipe_fds[2];
		pid_t child;

		if (is_new) {
			place_empty(place);
			before = 0;
		}
		assert_int_equal(pipe(pipe_fds), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			write_for_ever(place->path, pipe_fds[1]);
		(void)close(pipe_fds[1]);
		(void)usleep((useconds_t)random_below(is_new ? 12000 : 100000));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status)); /* it did not give up by itself */
		acknowledged = last_acknowledged(pipe_fds[0]);
		(void)close(pipe_fds[0]);

		/* Looked at first as `headgate status` would, right after the crash. */
		place_must(journal_sqlite_open(
			arena,
			&(struct journal_sqlite_options){.path = place->path, .read_only = true},
			&journal));
		place_must(journal_check(journal, arena, &records));
		journal_close(journal);
		if (acknowledged < 0)
			acknowledged = before; /* killed before it said anything */
		if (records != acknowledged && records != acknowledged + RECORDS_PER_CALL)
			fail_msg("round %d: %d records acknowledged, %d found", round,
			         (int)acknowledged, (int)records);
		before = records;
	}
	assert_true(before > 0); /* else nothing was tested */
}

static void wait_for(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int write_beside_others(const char *path, int writer)
{
	AUTO_ARENA arena = arena_new();
	const char *target = arena_printf(arena, "target-%d", writer);
	struct journal *journal = NULL;

	if (journal_sqlite_open(arena, &(struct journal_sqlite_options){.path = path}, &journal))
		return 1;
	for (int i = 0; i < CALLS_PER_WRITER; i++) {
		struct records begun = {0}, ended = {0};
		int64_t run;

		*LIST_ADD(arena, &begun) =
			(struct record){.kind = RECORD_RUN_BEGUN, .target = target, .run = RUN_NEW};
		if (journal_write(journal, &begun, arena, &run))
			return 2;
		*LIST_ADD(arena, &ended) =
			(struct record){.kind = RECORD_RUN_ENDED, .target = target, .run = run};
		if (journal_write(journal, &ended, arena, NULL))
			return 3;
	}
	journal_close(journal);
	return 0;
}

static int read_beside_others(const char *path)
{
	AUTO_ARENA arena = arena_new();

	for (int i = 0; i < READS; i++) {
		struct journal_sqlite_options options = {.path = path, .read_only = true};
		struct journal *journal = NULL;
		struct memory memory;
		int64_t records;

		if (journal_sqlite_open(arena, &options, &journal) ||
		    journal_memory(journal, "target-0", arena, &memory) ||
		    journal_check(journal, arena, &records))
			return 1;
		journal_close(journal);
	}
	return 0;
}

/* Also the making of the file: all of them start on an empty folder. */
static void many_processes_write_one_chain(void **state)
{
	struct place *place = *state;
	struct journal *journal;
	struct runs runs;
	pid_t children[WRITERS + 1];
	int64_t records;

	for (int i = 0; i <= WRITERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(i < WRITERS ? write_beside_others(place->path, i)
			                  : read_beside_others(place->path));
	}
	for (int i = 0; i <= WRITERS; i++)
		wait_for(children[i]);
	journal = place_open(place, false);
	place_must(journal_check(journal, place->arena, &records));
	assert_int_equal(records, WRITERS * CALLS_PER_WRITER * 2);
	place_must(journal_runs(journal, NULL, 1000, place->arena, &runs));
	assert_int_equal(runs.count, WRITERS * CALLS_PER_WRITER);
	for (size_t i = 0; i < runs.count; i++)
		assert_int_equal(runs.items[i].id,
		                 runs.count - i); /* no number twice, none left out */
	journal_close(journal);
}

/* The child waits at the gate, opens, and says who the journal is. */
static void make_at_the_gate(const char *path, int gate, int answers)
{
	AUTO_ARENA arena = arena_new();
	struct journal *journal;
	char nothing;

	if (read(gate, &nothing, 1) != 0 ||
	    journal_sqlite_open(arena, &(struct journal_sqlite_options){.path = path}, &journal) ||
	    write(answers, journal_identity(journal), IDENTITY_SIZE) != IDENTITY_SIZE)
		_exit(1);
	journal_close(journal);
	_exit(0);
}

static void of_many_makers_one_wins(void **state)
{
	struct place *place = *state;

	for (int round = 0; round < 5; round++) {
		char first[IDENTITY_SIZE], next[IDENTITY_SIZE];
		pid_t children[WRITERS];
		int gate[2], answers[2];

		place_empty(place);
		assert_int_equal(pipe(gate), 0);
		assert_int_equal(pipe(answers), 0);
		for (int i = 0; i < WRITERS; i++) {
			children[i] = fork();
			assert_true(children[i] >= 0);
			if (children[i] > 0)
				continue;
			(void)close(gate[1]);
			make_at_the_gate(place->path, gate[0], answers[1]);
		}
		(void)close(gate[1]); /* go */
		for (int i = 0; i < WRITERS; i++)
			wait_for(children[i]);
		for (int i = 0; i < WRITERS; i++) {
			assert_int_equal(read(answers[0], i ? next : first, IDENTITY_SIZE),
			                 IDENTITY_SIZE);
			assert_memory_equal(i ? next : first, first, IDENTITY_SIZE);
		}
		(void)close(gate[0]);
		(void)close(answers[0]);
		(void)close(answers[1]);
	}
}

/* RLIMIT_FSIZE stands for a full disk: the write-ahead log cannot grow. */
static void a_full_disk_loses_nothing(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, false);
	struct rlimit before, small;
	const char *chain, *after;
	struct error *error = NULL;
	int64_t records;

	place_must(place_see(journal, place->arena, 3));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 256 * 1024;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 200 && !error; i++) {
		place_must(journal_chain(journal, place->arena, &chain));
		error = place_see(journal, place->arena, 100);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_non_null(error);
	assert_string_equal(error->row->name, "JOURNAL");
	assert_int_equal(error->row->reaction, REACT_RETRY);
	place_must(journal_chain(journal, place->arena, &after));
	assert_string_equal(chain, after); /* nothing of the failed call is there */
	place_must(place_see(journal, place->arena, 1));
	place_must(journal_check(journal, place->arena, &records));
	assert_int_equal((records - 4) % 100, 0);
	journal_close(journal);
	place_must(place_try(place, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_CASE(a_killed_writer_leaves_a_whole_journal),
		PLACE_CASE(many_processes_write_one_chain),
		PLACE_CASE(of_many_makers_one_wins),
		PLACE_CASE(a_full_disk_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

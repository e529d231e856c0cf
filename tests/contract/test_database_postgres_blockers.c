/*
 * Who blocks a statement, on a real server: seen by the side session while the statement waits.
 * What a reader gets wrong: the blockers here are the administrator's sessions, of which a plain
 * role sees process, user and application, and no state.
 */
#include "contract/postgres_session.h"

#include "adapters/pg.h"
#include "base/text.h"

#define OURS "application_name = 'headgate/shop'"

static size_t sessions_of_ours(void)
{
	uint64_t count;

	assert_true(parse_number(
		place_value(place,
	                    "SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' AND " OURS,
	                    place->database),
		100, &count));
	return count;
}

static void make_busy(struct session *session)
{
	must_send(session, "CREATE TABLE busy (id int)");
}

static struct answer send_busy(struct session *session, const char *sql)
{
	struct answer answer = send_sql(session, sql);

	assert_true(answer.failed);
	assert_true(sqlstate_is_lock(answer.error.sqlstate));
	return answer;
}

static void whoever_holds_the_table_is_named(void **state)
{
	struct session *session = *state;
	struct pg *reader;
	struct answer answer;

	make_busy(session);
	reader = place_send(place, "SET application_name = 'report'; BEGIN; SELECT * FROM busy");
	answer = send_busy(session, "ALTER TABLE busy ADD COLUMN a int");
	assert_int_equal(answer.blockers.count, 1);
	assert_int_equal(answer.blockers.items[0].pid, pg_backend(reader));
	assert_string_equal(answer.blockers.items[0].application, "report");
	assert_string_equal(answer.blockers.items[0].user, getenv("HEADGATE_TEST_PGUSER"));
	assert_null(answer.blockers.items[0].state);
	assert_string_equal(answer.blockers.relation, "busy");
	assert_null(answer.blockers.unknown);
	place_end(reader);
}

static void a_role_that_may_see_it_tells_state_and_age(void **state)
{
	struct session *session = *state;
	struct pg *reader;
	struct answer answer;

	make_busy(session);
	place_run(place, "GRANT pg_read_all_stats TO %s", place->role);
	reader = place_send(place, "BEGIN; SELECT * FROM busy");
	answer = send_busy(session, "ALTER TABLE busy ADD COLUMN a int");
	place_run(place, "REVOKE pg_read_all_stats FROM %s", place->role);
	place_end(reader);
	assert_int_equal(answer.blockers.count, 1);
	assert_string_equal(answer.blockers.items[0].state, "idle in transaction");
	assert_true(answer.blockers.items[0].age_ms >= 500);
	assert_true(answer.blockers.items[0].age_ms < 20000);
}

static void more_than_are_named_are_counted(void **state)
{
	struct session *session = *state;
	struct pg *readers[BLOCKERS_MAXIMUM + 2];
	struct answer answer;

	make_busy(session);
	for (size_t i = 0; i < ROWS(readers); i++)
		readers[i] = place_send(place, "BEGIN; SELECT * FROM busy");
	answer = send_busy(session, "ALTER TABLE busy ADD COLUMN a int");
	for (size_t i = 0; i < ROWS(readers); i++)
		place_end(readers[i]);
	assert_int_equal(answer.blockers.count, BLOCKERS_MAXIMUM);
	assert_int_equal(answer.blockers.more, 2);
}

/* Of two waits in one file only the one that failed counts. */
static void the_last_wait_is_the_one_that_counts(void **state)
{
	struct session *session = *state;
	struct pg *first, *second;
	struct answer answer;

	make_busy(session);
	must_send(session, "CREATE TABLE later (id int)");
	/* Goes away by itself while the file waits for it. */
	first = place_send(place, "BEGIN; SELECT * FROM busy; SELECT pg_sleep(1); COMMIT");
	second = place_send(place, "BEGIN; SELECT * FROM later");
	answer = send_busy(session, "ALTER TABLE busy ADD COLUMN a int; DROP TABLE later");
	assert_int_equal(answer.blockers.count, 1);
	assert_int_equal(answer.blockers.items[0].pid, pg_backend(second));
	assert_string_equal(answer.blockers.relation, "later");
	place_end(first);
	place_end(second);
}

static void an_index_that_waits_for_an_old_transaction_names_it(void **state)
{
	struct session *session = *state;
	const char *sql = "CREATE INDEX CONCURRENTLY busy_id ON busy (id)";
	struct pg *writer;
	struct answer answer;

	make_busy(session);
	writer = place_send(place, "BEGIN; INSERT INTO busy VALUES (1)");
	answer = send_busy(session, sql);
	assert_int_equal(answer.blockers.count, 1);
	assert_int_equal(answer.blockers.items[0].pid, pg_backend(writer));
	assert_null(answer.blockers.relation);
	place_end(writer);
}

static void cleaning_up_names_them_too(void **state)
{
	const struct statement statement = {.kind = STATEMENT_CREATE_INDEX_CONCURRENTLY,
	                                    .verb = "CREATE INDEX CONCURRENTLY",
	                                    .schema = "public",
	                                    .name = "busy_id",
	                                    .table = "busy"};
	struct session *session = *state;
	struct pg *writer;
	struct error *error;

	must_send(session, "CREATE TABLE busy (id int); INSERT INTO busy VALUES (1), (1)");
	assert_true(
		send_sql(session, "CREATE UNIQUE INDEX CONCURRENTLY busy_id ON busy (id)").failed);
	writer = place_send(place, "SET application_name = 'import'; BEGIN; SELECT * FROM busy");
	error = database_clean_up(session->database, &statement, "public", session->arena);
	assert_error(error, ERR_LOCKS_BUSY);
	assert_contains(error->why,
	                arena_printf(session->arena, "pid %d (app 'import'", pg_backend(writer)));
	assert_contains(error->hint, "pg_terminate_backend");
	place_end(writer);
}

static void without_a_wait_there_is_one_session(void **state)
{
	struct session *session = *state;
	struct pg *reader;

	make_busy(session);
	assert_int_equal(sessions_of_ours(), 1);
	reader = place_send(place, "BEGIN; SELECT * FROM busy");
	(void)send_busy(session, "ALTER TABLE busy ADD COLUMN a int");
	place_end(reader);
	assert_int_equal(sessions_of_ours(), 2);
	assert_string_equal(
		place_value(place, "SELECT count(*) FROM pg_locks WHERE pid IN (SELECT pid FROM"
	                           " pg_stat_activity WHERE " OURS ") AND locktype <> 'advisory'"),
		"0");
	database_disconnect(session->database);
	for (int i = 0; i < 100 && sessions_of_ours(); i++)
		(void)usleep(20000);
	assert_int_equal(sessions_of_ours(), 0);
}

static void a_second_session_that_is_refused_fails_nothing(void **state)
{
	struct session *session = *state;
	struct pg *reader;
	struct answer answer;

	make_busy(session);
	place_run(place, "ALTER ROLE %s CONNECTION LIMIT 1", place->role);
	reader = place_send(place, "BEGIN; SELECT * FROM busy");
	answer = send_busy(session, "ALTER TABLE busy ADD COLUMN a int");
	place_end(reader);
	assert_false(send_sql(session, "SELECT pg_sleep(0.7)").failed);
	place_run(place, "ALTER ROLE %s CONNECTION LIMIT -1", place->role);
	assert_int_equal(answer.blockers.count, 0);
	assert_contains(answer.blockers.unknown, "too many connections");
	assert_string_equal(answer.error.sqlstate, "55P03");
}

static void a_second_session_that_died_is_made_again(void **state)
{
	struct session *session = *state;
	struct pg *reader;

	make_busy(session);
	reader = place_send(place, "BEGIN; SELECT * FROM busy");
	(void)send_busy(session, "ALTER TABLE busy ADD COLUMN a int");
	place_run(place,
	          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " OURS
	          " AND pid <> %d",
	          session->server.backend_pid);
	assert_int_equal(send_busy(session, "ALTER TABLE busy ADD COLUMN a int").blockers.count, 1);
	place_end(reader);
}

static void a_lock_that_is_refused_at_once_blames_nobody(void **state)
{
	struct session *session = *state;
	struct pg *reader;
	struct answer answer;

	make_busy(session);
	reader = place_send(place, "BEGIN; SELECT * FROM busy");
	answer = send_busy(session, "BEGIN; LOCK TABLE busy NOWAIT");
	assert_int_equal(answer.blockers.count, 0);
	assert_string_equal(answer.blockers.unknown, "none was seen in time");
	place_end(reader);
	assert_fine(database_rollback(session->database, session->arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION_TEST(whoever_holds_the_table_is_named),
		SESSION_TEST(a_role_that_may_see_it_tells_state_and_age),
		SESSION_TEST(more_than_are_named_are_counted),
		SESSION_TEST(the_last_wait_is_the_one_that_counts),
		SESSION_TEST(an_index_that_waits_for_an_old_transaction_names_it),
		SESSION_TEST(cleaning_up_names_them_too),
		SESSION_TEST(without_a_wait_there_is_one_session),
		SESSION_TEST(a_second_session_that_is_refused_fails_nothing),
		SESSION_TEST(a_second_session_that_died_is_made_again),
		SESSION_TEST(a_lock_that_is_refused_at_once_blames_nobody),
	};
	AUTO_ARENA arena = arena_new();
	int failed;

	place = postgres_place_new(arena);
	postgres_place_reset(place);
	failed = cmocka_run_group_tests_name("postgres blockers", tests, NULL, NULL);
	postgres_place_remove(place);
	return failed;
}

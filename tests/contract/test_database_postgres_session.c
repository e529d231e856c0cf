/*
 * Sessions on a real server: what a file may do to one, rights, and being asked to stop. What the
 * fake cannot know stands here and not in the contract.
 */
#include "contract/postgres_session.h"

#include "adapters/pg.h"
#include "base/clock.h"
#include "base/text.h"

#define ROW_1 "00000000-0000-4000-8000-000000000001"

static struct error *commit_file(struct session *session, const char *sql)
{
	const struct ledger_change change = {.kind = LEDGER_APPLIED,
	                                     .row_id = ROW_1,
	                                     .name = "20260101000000_one",
	                                     .checksum = "c",
	                                     .started_us = 1,
	                                     .finished_us = 2};
	const char *xid;

	assert_fine(database_begin(session->database, &session->fence, session->arena, &xid));
	must_send(session, sql);
	return database_commit(session->database, &session->fence, xid, &change,
	                       &(struct deployed_change){.commit = "c1"}, session->arena,
	                       &(bool){false});
}

static void a_session_has_our_limits_and_name(void **state)
{
	struct session *session = *state;

	assert_string_equal(setting(session, "lock_timeout"), "1500ms");
	assert_string_equal(setting(session, "statement_timeout"), "20s");
	assert_string_equal(setting(session, "idle_in_transaction_session_timeout"), "1min");
	assert_string_equal(setting(session, "application_name"), "headgate/shop");
	assert_string_equal(setting(session, "client_encoding"), "UTF8");
	assert_string_equal(setting(session, "search_path"), "\"$user\", public");
	assert_string_equal(session->server.role, place->role);
	assert_false(session->server.is_superuser);
	assert_true(session->server.database_size > 1000000);
	assert_string_equal(
		session->server.system_identifier,
		place_value(place, "SELECT system_identifier FROM pg_control_system()"));
}

static void a_named_schema_is_the_whole_search_path(void **state)
{
	struct session *session = *state;
	struct database *database =
		place_open(place, session->arena, place->role, "schema=Odd%20one%22");
	struct server server;
	struct answer answer;
	int64_t epoch;

	assert_fine(database_connect(database, &limits, true, session->arena, &server));
	assert_null(server.current_schema);
	assert_fine(database_take_fence(database, "Odd one\"", "odd", "j", false, session->arena,
	                                &epoch));
	assert_fine(database_send(database, (struct bytes){"CREATE TABLE there ()", 21},
	                          &(struct send_options){0}, session->arena, &answer));
	assert_false(answer.failed);
	database_close(database);
	assert_string_equal(
		place_value(
			place,
			"SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'there'"),
		"\"Odd one\"\"\"");
	assert_string_equal(place_value(place, "SELECT count(*) FROM headgate.deployed"), "2");
}

static void one_files_session_does_not_leak_into_the_next(void **state)
{
	struct session *session = *state;

	place_run(place, "GRANT pg_monitor TO %s", place->role);
	assert_fine(commit_file(
		session,
		"CREATE TABLE made (id int);"
		"SET ROLE pg_monitor; SET search_path = ''; SET lock_timeout = 1; SET DateStyle ="
		" 'German';"
		"SET TimeZone = 'Asia/Tokyo'; SET standard_conforming_strings = off;"
		"SET backslash_quote = on; SET default_transaction_isolation = 'serializable';"
		"CREATE TEMP TABLE pg_locks (); CREATE TEMP TABLE _prisma_migrations ();"
		"PREPARE p AS SELECT 1; LISTEN everybody;"
		"DECLARE c CURSOR WITH HOLD FOR SELECT 1"));
	assert_string_equal(setting(session, "search_path"), "\"$user\", public");
	assert_string_equal(setting(session, "lock_timeout"), "1500ms");
	assert_string_equal(setting(session, "TimeZone"), "UTC");
	assert_string_equal(setting(session, "role"), "none");
	assert_string_equal(setting(session, "application_name"), "headgate/shop");
	must_send(session, "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements)"
	                   " AND NOT EXISTS (SELECT FROM pg_cursors)"
	                   " AND NOT EXISTS (SELECT FROM pg_listening_channels())"
	                   " AND to_regclass('pg_temp.pg_locks') IS NULL; END $$");
	assert_string_equal(
		place_value(place,
	                    "SELECT migration_name || applied_steps_count FROM _prisma_migrations"),
		"20260101000000_one1");
	assert_string_equal(place_value(place, "SELECT commit FROM headgate.deployed"), "c1");
}

static void a_session_that_was_made_read_only_closes_its_row(void **state)
{
	const struct ledger_change opened = {.kind = LEDGER_OPENED,
	                                     .row_id = "11111111-2222-4333-8444-555555555555",
	                                     .name = "20260101000000_one",
	                                     .checksum = "x",
	                                     .started_us = 7};
	struct ledger_change closed = opened;
	struct session *session = *state;
	bool kept = false;

	closed.kind = LEDGER_FINISHED;
	closed.finished_us = 8;
	assert_fine(database_open_row(session->database, &session->fence, &opened, session->arena));
	must_send(session, "SET default_transaction_read_only = on");
	must_send(session, "SET synchronous_commit = off");
	assert_fine(database_tidy_and_write(session->database, &session->fence, &closed, NULL,
	                                    session->arena, &kept));
	assert_true(kept);
	assert_string_equal(setting(session, "synchronous_commit"), "on");
	assert_string_equal(
		place_value(place, "SELECT applied_steps_count FROM _prisma_migrations"), "1");
}

static void a_superusers_file_may_become_another_for_itself_alone(void **state)
{
	struct session *session = *state;
	struct database *database =
		place_open(place, session->arena, getenv("HEADGATE_TEST_PGUSER"), NULL);

	database_close(session->database);
	session->database = database;
	assert_fine(database_connect(database, &limits, true, session->arena, &session->server));
	assert_fine(commit_file(session,
	                        arena_printf(session->arena,
	                                     "SET SESSION AUTHORIZATION %s; CREATE TABLE made ()",
	                                     place->role)));
	assert_string_equal(
		place_value(place, "SELECT tableowner FROM pg_tables WHERE tablename = 'made'"),
		place->role);
	must_send(session, "CREATE TABLE later ()");
	assert_string_not_equal(
		place_value(place, "SELECT tableowner FROM pg_tables WHERE tablename = 'later'"),
		place->role);
}

static void what_cannot_commit_leaves_nothing(void **state)
{
	static const struct {
		const char *sql, *why, *sentence;
	} rows[] = {
		{"CREATE TABLE made (id int PRIMARY KEY, up int REFERENCES made DEFERRABLE INITIALLY DEFERRED);"
	         "INSERT INTO made VALUES (1, 2)",
	         "23503 foreign_key_violation on made_up_fkey",
	         "a deferred constraint fails at COMMIT"},
		{"CREATE TABLE made (); DROP TABLE _prisma_migrations", "42P01",
	         "the file drops the ledger"},
		{"CREATE TABLE made (); DROP SCHEMA headgate CASCADE", "42P01",
	         "the file drops our books"},
		{"CREATE TABLE made (); SET TRANSACTION READ ONLY", "25006",
	         "the file forbids us to write"},
	};
	struct session *session = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error;

		CASE(rows[i].sentence);
		error = commit_file(session, rows[i].sql);
		assert_error(error, ERR_SQL_FAILED);
		assert_contains(error->why, rows[i].why);
		assert_string_equal(place_value(place,
		                                "SELECT to_regclass('made') IS NULL"
		                                " AND NOT EXISTS (SELECT FROM _prisma_migrations)"),
		                    "t");
		assert_false(send_sql(session, "SELECT 1").failed); /* nothing is open */
	}
}

static void a_file_that_moves_the_fence_is_undone(void **state)
{
	struct session *session = *state;

	assert_error(
		commit_file(session,
	                    "CREATE TABLE made (); UPDATE headgate.deployed SET epoch = epoch + 1"),
		ERR_FENCED);
	assert_string_equal(
		place_value(
			place,
			"SELECT epoch FROM headgate.deployed WHERE to_regclass('made') IS NULL"),
		"1");
}

static void a_file_that_ends_our_transaction_is_told(void **state)
{
	struct session *session = *state;

	assert_error(commit_file(session, "COMMIT; CREATE TABLE made (); BEGIN"),
	             ERR_OUTCOME_UNKNOWN);
	assert_string_equal(place_value(place, "SELECT count(*) FROM _prisma_migrations"), "0");
	assert_false(send_sql(session, "SELECT 1").failed);
}

static void a_failure_has_its_place_and_names(void **state)
{
	struct session *session = *state;
	const char *sql = "CREATE TABLE made (id int, CONSTRAINT positive CHECK (id > 0));\n--"
			  " \xc3\xa4\xc3\xb6\n"
			  "INSERT INTO made VALUES (1);\nINSERT INTO made VALUES (-4711);\nSELECT"
			  " no_such_column FROM made";
	struct answer answer = send_sql(session, sql);

	assert_true(answer.failed);
	assert_int_equal(answer.tags.count, 2);
	assert_string_equal(answer.error.constraint, "positive");
	assert_string_equal(answer.error.table, "made");
	assert_string_equal(
		sql_error_public(session->arena, &answer.error, (struct bytes){sql, strlen(sql)},
	                         1),
		"23514 check_violation on positive: new row for relation \"made\" violates check "
		"constraint \"positive\"");
	assert_contains(answer.error.detail, "-4711");
	sql = "SELECT 1;\n/* \xc3\xa4\xc3\xb6 */\nSELECT no_such FROM pg_class";
	answer = send_sql(session, sql);
	assert_string_equal(sql_error_public(session->arena, &answer.error,
	                                     (struct bytes){sql, strlen(sql)}, 1),
	                    "42703 undefined_column, line 3: column \"no_such\" does not exist");
}

static void a_copy_out_fails_but_the_server_goes_on(void **state)
{
	struct session *session = *state;
	const struct answer answer = send_sql(
		session, "BEGIN; COPY (VALUES (1), (2)) TO STDOUT; CREATE TABLE made (); COMMIT");

	assert_true(answer.failed);
	assert_string_equal(answer.error.sqlstate, "0A000");
	assert_string_equal(text_join(session->arena, &answer.tags, ","),
	                    "BEGIN,COPY 2,CREATE TABLE,COMMIT");
	assert_int_equal(answer.transaction, TRANSACTION_NONE);
}

static void a_nul_byte_is_not_sent(void **state)
{
	struct session *session = *state;
	struct answer answer;

	assert_error(database_send(session->database, (struct bytes){"SELECT 1;\0SELECT 2", 18},
	                           &(struct send_options){0}, session->arena, &answer),
	             ERR_FILE_NOT_TEXT);
}

static void large_results_are_read_and_forgotten(void **state)
{
	struct session *session = *state;
	size_t before = arena_used(session->arena);
	const struct answer answer = send_sql(
		session, "SELECT repeat('x', 1000) FROM generate_series(1, 30000); SELECT 1");

	assert_false(answer.failed);
	assert_int_equal(answer.tags.count, 2);
	assert_string_equal(answer.tags.items[0], "SELECT 30000");
	assert_true(arena_used(session->arena) - before < 100000);
}

static void missing_rights_are_told_as_sql_that_mends_them(void **state)
{
	struct session *session = *state;
	struct error *error;
	const char *lines;

	database_disconnect(session->database);
	postgres_place_reset(place);
	place_run(place, "ALTER DATABASE %s OWNER TO postgres", place->database);
	assert_fine(database_connect(session->database, &limits, true, session->arena,
	                             &session->server));
	error = database_take_fence(session->database, "public", "shop", "j", false, session->arena,
	                            &session->fence.epoch);
	assert_error(error, ERR_DB_RIGHTS);
	lines = arena_printf(session->arena,
	                     "Let the owner run: GRANT USAGE, CREATE ON SCHEMA public TO %s; "
	                     "CREATE SCHEMA headgate AUTHORIZATION %s;",
	                     place->role, place->role);
	assert_string_equal(error->hint, lines);
	place_run(place, "%s", strstr(error->hint, "GRANT"));
	assert_fine(database_take_fence(session->database, "public", "shop", "j", false,
	                                session->arena, &session->fence.epoch));
	database_disconnect(session->database);
	place_run(place,
	          "ALTER TABLE _prisma_migrations OWNER TO postgres; ALTER SCHEMA headgate OWNER TO"
	          " postgres;"
	          " ALTER TABLE headgate.deployed OWNER TO postgres");
	assert_fine(database_connect(session->database, &limits, true, session->arena,
	                             &session->server));
	error = database_take_fence(session->database, "public", "shop", "j", false, session->arena,
	                            &session->fence.epoch);
	assert_error(error, ERR_DB_RIGHTS);
	place_run(place, "%s", strstr(error->hint, "GRANT"));
	assert_fine(database_take_fence(session->database, "public", "shop", "j", false,
	                                session->arena, &session->fence.epoch));
	assert_fine(commit_file(session, "SELECT 1"));
}

static void a_ledger_that_may_not_be_read_says_so(void **state)
{
	struct session *session = *state;
	struct ledger ledger;
	struct error *error;

	place_run(place, "ALTER TABLE _prisma_migrations OWNER TO postgres");
	error = database_ledger(session->database, "public", session->arena, &ledger);
	assert_error(error, ERR_DB_RIGHTS);
	place_run(place, "%s", strstr(error->hint, "GRANT"));
	assert_fine(database_ledger(session->database, "public", session->arena, &ledger));
	place_run(place,
	          "DROP TABLE _prisma_migrations; CREATE VIEW _prisma_migrations AS SELECT 1");
	assert_error(database_ledger(session->database, "public", session->arena, &ledger),
	             ERR_LEDGER_ODD);
	assert_false(send_sql(session, "SELECT 1").failed); /* nothing is open */
}

static void a_schema_counts_as_empty_until_something_of_its_own_is_there(void **state)
{
	static const char *const things[] = {"TABLE a ()",
	                                     "VIEW a AS SELECT 1",
	                                     "TYPE a AS ENUM ()",
	                                     "TYPE a AS (b int)",
	                                     "DOMAIN a AS int",
	                                     "SEQUENCE a",
	                                     "FUNCTION a() RETURNS int RETURN 1",
	                                     "TYPE a AS RANGE (subtype = int)"};
	struct session *session = *state;
	struct ledger ledger;

	place_run(place, "CREATE EXTENSION hstore");
	assert_fine(database_ledger(session->database, "public", session->arena, &ledger));
	assert_true(ledger.schema_is_empty);
	for (size_t i = 0; i < ROWS(things); i++) {
		const char *kind = arena_copy(session->arena, things[i], strcspn(things[i], " "));

		CASE(things[i]);
		place_run(place, "CREATE %s", things[i]);
		assert_fine(database_ledger(session->database, "public", session->arena, &ledger));
		assert_false(ledger.schema_is_empty);
		place_run(place, "DROP %s a CASCADE", kind);
	}
	assert_fine(database_ledger(session->database, "public", session->arena, &ledger));
	assert_true(ledger.schema_is_empty);
}

/* What follows runs in children: being asked to stop lasts until the process ends. */

static void ask_to_stop_soon(void)
{
	pid_t parent = getpid();

	stop_watch();
	if (!fork()) {
		(void)usleep(400000);
		(void)kill(parent, SIGTERM);
		_exit(0);
	}
}

static void expect(bool condition, int code)
{
	if (!condition)
		_exit(code);
}

static void cancel_child(void *context)
{
	AUTO_ARENA arena = arena_new();
	struct database *database = place_open(place, arena, place->role, NULL);
	uint64_t start = clock_monotonic_ms();
	struct server server;
	struct answer answer;
	struct error *error;
	bool kept;

	(void)context;
	expect(!database_connect(database, &limits, true, arena, &server), 1);
	ask_to_stop_soon();
	error = database_send(database, (struct bytes){"SELECT pg_sleep(15)", 19},
	                      &(struct send_options){0}, arena, &answer);
	expect(!error && answer.failed && text_equal(answer.error.sqlstate, "57014"), 2);
	expect(clock_monotonic_ms() - start < 8000, 3);
	expect(!database_tidy(database, arena, &kept), 4); /* what must still be done can be done */
	error = database_lock(database, 1000, arena);
	expect(!error || error->row == &error_rows()[ERR_STOPPED], 5);
	database_close(database);
}

static void leave_child(void *context)
{
	AUTO_ARENA arena = arena_new();
	struct database *database = place_open(place, arena, place->role, NULL);
	const char *sql = "CREATE INDEX CONCURRENTLY busy_id ON busy (id)";
	struct server server;
	struct answer answer;
	struct error *error;

	(void)context;
	expect(!database_connect(database, &limits, true, arena, &server), 1);
	ask_to_stop_soon();
	error = database_send(
		database, (struct bytes){sql, strlen(sql)},
		&(struct send_options){.leave_running = true, .no_statement_timeout = true}, arena,
		&answer);
	expect(error && error->row == &error_rows()[ERR_STOPPED], 2);
	error = database_tidy(database, arena, &(bool){false});
	expect(error && error->row == &error_rows()[ERR_DB_LOST], 3);
	database_close(database);
}

static void asked_to_stop_a_statement_is_cancelled(void **state)
{
	(void)state;
	assert_int_equal(status_of_child(cancel_child, NULL), 0);
}

static void asked_to_stop_a_build_stays_with_the_server(void **state)
{
	struct pg *reader;
	const char *valid = NULL;

	(void)state;
	place_run(place, "CREATE TABLE busy (id int); ALTER TABLE busy OWNER TO %s", place->role);
	reader = place_send(place, "BEGIN; SELECT * FROM busy; INSERT INTO busy VALUES (1)");
	assert_int_equal(status_of_child(leave_child, NULL), 0);
	assert_string_equal(
		place_value(place,
	                    "SELECT indisvalid FROM pg_index WHERE indrelid = 'busy'::regclass"),
		"f");
	place_end(reader);
	for (int i = 0; i < 100 && !text_equal(valid, "t"); i++) {
		clock_sleep_ms(50);
		valid = place_value(
			place, "SELECT indisvalid FROM pg_index WHERE indrelid = 'busy'::regclass");
	}
	assert_string_equal(valid, "t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION_TEST(a_session_has_our_limits_and_name),
		SESSION_TEST(a_named_schema_is_the_whole_search_path),
		SESSION_TEST(one_files_session_does_not_leak_into_the_next),
		SESSION_TEST(a_session_that_was_made_read_only_closes_its_row),
		SESSION_TEST(a_superusers_file_may_become_another_for_itself_alone),
		SESSION_TEST(what_cannot_commit_leaves_nothing),
		SESSION_TEST(a_file_that_moves_the_fence_is_undone),
		SESSION_TEST(a_file_that_ends_our_transaction_is_told),
		SESSION_TEST(a_failure_has_its_place_and_names),
		SESSION_TEST(a_copy_out_fails_but_the_server_goes_on),
		SESSION_TEST(a_nul_byte_is_not_sent),
		SESSION_TEST(large_results_are_read_and_forgotten),
		SESSION_TEST(missing_rights_are_told_as_sql_that_mends_them),
		SESSION_TEST(a_ledger_that_may_not_be_read_says_so),
		SESSION_TEST(a_schema_counts_as_empty_until_something_of_its_own_is_there),
		SESSION_TEST(asked_to_stop_a_statement_is_cancelled),
		SESSION_TEST(asked_to_stop_a_build_stays_with_the_server),
	};
	AUTO_ARENA arena = arena_new();
	int failed;

	place = postgres_place_new(arena);
	postgres_place_reset(place);
	failed = cmocka_run_group_tests_name("postgres sessions", tests, NULL, NULL);
	postgres_place_remove(place);
	return failed;
}

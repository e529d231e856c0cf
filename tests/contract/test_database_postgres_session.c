/*
 * Sessions on a real server: how one is made and refused, what a file may do to it, rights, and being asked to stop. What
 * the fake cannot know stands here and not in the contract.
 */
#include "unit/base/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "adapters/pg.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "contract/postgres_place.h"

#define ROW_1 "00000000-0000-4000-8000-000000000001"

static struct postgres_place *place;
static const struct session_limits limits = {.lock_timeout = 1500, .statement_timeout = 20000,
                                             .idle_in_transaction_timeout = 60000};

struct session { /* connected, fenced and locked, on a fresh database */
	struct arena *arena;
	struct database *database;
	struct server server;
	struct fence fence;
};

static int give_session(void **state)
{
	struct arena *arena = arena_new();
	struct session *session = ARENA_NEW(arena, struct session);

	postgres_place_reset(place);
	place_run(place, "ALTER SCHEMA public OWNER TO %s", place->role);
	session->arena = arena;
	session->fence = (struct fence){.schema = "public", .target = "shop", .journal = "j"};
	session->database = place_open(place, arena, place->role, NULL);
	assert_fine(database_connect(session->database, &limits, true, arena, &session->server));
	assert_fine(database_lock(session->database, 0, arena));
	assert_fine(database_take_fence(session->database, "public", "shop", "j", false, arena, &session->fence.epoch));
	*state = session;
	return 0;
}

static int take_session(void **state)
{
	struct session *session = *state;

	database_close(session->database);
	arena_free(session->arena);
	return 0;
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, give_session, take_session)

static struct answer send_sql(struct session *session, const char *sql)
{
	struct answer answer;

	assert_fine(database_send(session->database, (struct bytes){sql, strlen(sql)}, &(struct send_options){0},
	                          session->arena, &answer));
	return answer;
}

static void must_send(struct session *session, const char *sql)
{
	const struct answer answer = send_sql(session, sql);

	if (answer.failed)
		fail_msg("%s\n%s", sql, sql_error_full(session->arena, &answer.error));
}

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
	                       &(struct deployed_change){.commit = "c1"}, session->arena);
}

static const char *setting(struct session *session, const char *name) /* of the agent's session, told by a table */
{
	must_send(session, arena_printf(session->arena,
	                                "DROP TABLE IF EXISTS public.told; CREATE TABLE public.told AS SELECT"
	                                " pg_catalog.current_setting('%s') AS setting",
	                                name));
	return place_value(place, "SELECT setting FROM public.told");
}

static struct error *connect_with(struct arena *arena, const char *url, bool for_writing, struct server *ret_server)
{
	const struct database_postgres_options options = {.url = url, .target = "shop"};
	struct database *database;
	struct error *error;

	assert_fine(database_postgres_open(arena, &options, &database));
	error = database_connect(database, &limits, for_writing, arena, ret_server);
	database_close(database);
	return error;
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
	assert_string_equal(session->server.system_identifier,
	                    place_value(place, "SELECT system_identifier FROM pg_control_system()"));
}

static void a_named_schema_is_the_whole_search_path(void **state)
{
	struct session *session = *state;
	struct database *database = place_open(place, session->arena, place->role, "schema=Odd%20one%22");
	struct server server;
	struct answer answer;
	int64_t epoch;

	assert_fine(database_connect(database, &limits, true, session->arena, &server));
	assert_null(server.current_schema);
	assert_fine(database_take_fence(database, "Odd one\"", "odd", "j", false, session->arena, &epoch));
	assert_fine(database_send(database, (struct bytes){"CREATE TABLE there ()", 21}, &(struct send_options){0},
	                          session->arena, &answer));
	assert_false(answer.failed);
	database_close(database);
	assert_string_equal(place_value(place, "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'there'"),
	                    "\"Odd one\"\"\"");
	assert_string_equal(place_value(place, "SELECT count(*) FROM headgate.deployed"), "2");
}

static void one_files_session_does_not_leak_into_the_next(void **state)
{
	struct session *session = *state;
	bool kept = false;

	place_run(place, "GRANT pg_monitor TO %s", place->role);
	assert_fine(commit_file(session,
	                        "CREATE TABLE made (id int);"
	                        "SET ROLE pg_monitor; SET search_path = ''; SET lock_timeout = 1; SET DateStyle = 'German';"
	                        "SET TimeZone = 'Asia/Tokyo'; SET standard_conforming_strings = off;"
	                        "SET backslash_quote = on; SET default_transaction_isolation = 'serializable';"
	                        "CREATE TEMP TABLE pg_locks (); CREATE TEMP TABLE _prisma_migrations ();"
	                        "PREPARE p AS SELECT 1; LISTEN everybody;"
	                        "DECLARE c CURSOR WITH HOLD FOR SELECT 1"));
	assert_fine(database_tidy(session->database, session->arena, &kept));
	assert_true(kept);
	assert_string_equal(setting(session, "search_path"), "\"$user\", public");
	assert_string_equal(setting(session, "lock_timeout"), "1500ms");
	assert_string_equal(setting(session, "TimeZone"), "UTC");
	assert_string_equal(setting(session, "role"), "none");
	assert_string_equal(setting(session, "application_name"), "headgate/shop");
	must_send(session, "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements)"
	                   " AND NOT EXISTS (SELECT FROM pg_cursors)"
	                   " AND NOT EXISTS (SELECT FROM pg_listening_channels())"
	                   " AND to_regclass('pg_temp.pg_locks') IS NULL; END $$");
	assert_string_equal(place_value(place, "SELECT migration_name || applied_steps_count FROM _prisma_migrations"),
	                    "20260101000000_one1");
	assert_string_equal(place_value(place, "SELECT commit FROM headgate.deployed"), "c1");
}

static void a_superusers_file_may_become_another_for_itself_alone(void **state)
{
	struct session *session = *state;
	struct database *database = place_open(place, session->arena, getenv("HEADGATE_TEST_PGUSER"), NULL);
	bool kept;

	database_close(session->database);
	session->database = database;
	assert_fine(database_connect(database, &limits, true, session->arena, &session->server));
	assert_fine(commit_file(session, arena_printf(session->arena, "SET SESSION AUTHORIZATION %s; CREATE TABLE made ()",
	                                              place->role)));
	assert_fine(database_tidy(database, session->arena, &kept));
	assert_string_equal(place_value(place, "SELECT tableowner FROM pg_tables WHERE tablename = 'made'"), place->role);
	must_send(session, "CREATE TABLE later ()");
	assert_string_not_equal(place_value(place, "SELECT tableowner FROM pg_tables WHERE tablename = 'later'"),
	                        place->role);
}

static void what_cannot_commit_leaves_nothing(void **state)
{
	static const struct {
		const char *sql, *why, *sentence;
	} rows[] = {
		{"CREATE TABLE made (id int PRIMARY KEY, up int REFERENCES made DEFERRABLE INITIALLY DEFERRED);"
	         "INSERT INTO made VALUES (1, 2)",
	         "23503 foreign_key_violation on made_up_fkey", "a deferred constraint fails at COMMIT"},
		{"CREATE TABLE made (); DROP TABLE _prisma_migrations", "42P01", "the file drops the ledger"},
		{"CREATE TABLE made (); DROP SCHEMA headgate CASCADE", "42P01", "the file drops our books"},
		{"CREATE TABLE made (); SET TRANSACTION READ ONLY", "25006", "the file forbids us to write"},
	};
	struct session *session = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error;

		CASE(rows[i].sentence);
		error = commit_file(session, rows[i].sql);
		assert_error(error, ERR_SQL_FAILED);
		assert_contains(error->why, rows[i].why);
		assert_string_equal(place_value(place, "SELECT to_regclass('made') IS NULL"
		                                       " AND NOT EXISTS (SELECT FROM _prisma_migrations)"),
		                    "t");
		assert_false(send_sql(session, "SELECT 1").failed); /* nothing is open */
	}
}

static void a_file_that_moves_the_fence_is_undone(void **state)
{
	struct session *session = *state;

	assert_error(commit_file(session, "CREATE TABLE made (); UPDATE headgate.deployed SET epoch = epoch + 1"),
	             ERR_FENCED);
	assert_string_equal(place_value(place, "SELECT epoch FROM headgate.deployed WHERE to_regclass('made') IS NULL"), "1");
}

static void a_file_that_ends_our_transaction_is_told(void **state)
{
	struct session *session = *state;

	assert_error(commit_file(session, "COMMIT; CREATE TABLE made (); BEGIN"), ERR_OUTCOME_UNKNOWN);
	assert_string_equal(place_value(place, "SELECT count(*) FROM _prisma_migrations"), "0");
	assert_false(send_sql(session, "SELECT 1").failed);
}

static void a_failure_has_its_place_and_names(void **state)
{
	struct session *session = *state;
	const char *sql = "CREATE TABLE made (id int, CONSTRAINT positive CHECK (id > 0));\n-- \xc3\xa4\xc3\xb6\n"
	                  "INSERT INTO made VALUES (1);\nINSERT INTO made VALUES (-4711);\nSELECT no_such_column FROM made";
	struct answer answer = send_sql(session, sql);

	assert_true(answer.failed);
	assert_int_equal(answer.tags.count, 2);
	assert_string_equal(answer.error.constraint, "positive");
	assert_string_equal(answer.error.table, "made");
	assert_string_equal(sql_error_public(session->arena, &answer.error, (struct bytes){sql, strlen(sql)}, 1),
	                    "23514 check_violation on positive: new row for relation \"made\" violates check "
	                    "constraint \"positive\"");
	assert_contains(answer.error.detail, "-4711");
	sql = "SELECT 1;\n/* \xc3\xa4\xc3\xb6 */\nSELECT no_such FROM pg_class";
	answer = send_sql(session, sql);
	assert_string_equal(sql_error_public(session->arena, &answer.error, (struct bytes){sql, strlen(sql)}, 1),
	                    "42703 undefined_column, line 3: column \"no_such\" does not exist");
}

static void a_copy_out_fails_but_the_server_goes_on(void **state)
{
	struct session *session = *state;
	const struct answer answer = send_sql(session, "BEGIN; COPY (VALUES (1), (2)) TO STDOUT; CREATE TABLE made (); COMMIT");

	assert_true(answer.failed);
	assert_string_equal(answer.error.sqlstate, "0A000");
	assert_string_equal(text_join(session->arena, &answer.tags, ","), "BEGIN,COPY 2,CREATE TABLE,COMMIT");
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
	const struct answer answer =
		send_sql(session, "SELECT repeat('x', 1000) FROM generate_series(1, 30000); SELECT 1");

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
	assert_fine(database_connect(session->database, &limits, true, session->arena, &session->server));
	error = database_take_fence(session->database, "public", "shop", "j", false, session->arena,
	                            &session->fence.epoch);
	assert_error(error, ERR_DB_RIGHTS);
	lines = arena_printf(session->arena,
	                     "Let the owner run: GRANT USAGE, CREATE ON SCHEMA public TO %s; "
	                     "CREATE SCHEMA headgate AUTHORIZATION %s;",
	                     place->role, place->role);
	assert_string_equal(error->hint, lines);
	place_run(place, "%s", strstr(error->hint, "GRANT"));
	assert_fine(database_take_fence(session->database, "public", "shop", "j", false, session->arena,
	                                &session->fence.epoch));
	database_disconnect(session->database);
	place_run(place, "ALTER TABLE _prisma_migrations OWNER TO postgres; ALTER SCHEMA headgate OWNER TO postgres;"
	                 " ALTER TABLE headgate.deployed OWNER TO postgres");
	assert_fine(database_connect(session->database, &limits, true, session->arena, &session->server));
	error = database_take_fence(session->database, "public", "shop", "j", false, session->arena,
	                            &session->fence.epoch);
	assert_error(error, ERR_DB_RIGHTS);
	place_run(place, "%s", strstr(error->hint, "GRANT"));
	assert_fine(database_take_fence(session->database, "public", "shop", "j", false, session->arena,
	                                &session->fence.epoch));
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
	place_run(place, "DROP TABLE _prisma_migrations; CREATE VIEW _prisma_migrations AS SELECT 1");
	assert_error(database_ledger(session->database, "public", session->arena, &ledger), ERR_LEDGER_ODD);
	assert_false(send_sql(session, "SELECT 1").failed); /* nothing is open */
}

static void a_schema_counts_as_empty_until_something_of_its_own_is_there(void **state)
{
	static const char *const things[] = {"TABLE a ()", "VIEW a AS SELECT 1", "TYPE a AS ENUM ()", "TYPE a AS (b int)",
	                                     "DOMAIN a AS int", "SEQUENCE a", "FUNCTION a() RETURNS int RETURN 1",
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

static void a_server_says_why_there_is_no_session(void **state)
{
	struct session *session = *state;
	struct arena *arena = session->arena;
	const char *port = getenv("HEADGATE_TEST_PGPORT");
	struct server server;
	const struct {
		const char *url;
		enum error_code code;
		const char *why, *sentence;
	} rows[] = {
		{arena_printf(arena, "postgresql://with_password:wrong@127.0.0.1:%s/%s", port, place->database), ERR_DB_AUTH,
	         "28P01", "a wrong password"},
		{arena_printf(arena, "postgresql://with_password@127.0.0.1:%s/%s", port, place->database), ERR_DB_AUTH, "password",
	         "no password at all"},
		{arena_printf(arena, "postgresql://nobody_here@127.0.0.1:%s/%s", port, place->database), ERR_DB_AUTH, "28000",
	         "an unknown role"},
		{arena_printf(arena, "postgresql://%s@127.0.0.1:%s/no_such", place->role, port), ERR_DB_UNREACHABLE, "3D000",
	         "an unknown database"},
		{arena_printf(arena, "postgresql://%s@127.0.0.1:1/%s", place->role, place->database), ERR_DB_UNREACHABLE, "refused",
	         "nobody listens"},
		{arena_printf(arena, "postgresql://%s@127.0.0.1:%s/%s?sslmode=require", place->role, port, place->database),
	         ERR_DB_TLS, "SSL", "TLS is asked for and not there"},
		{"mysql://a@b/c", ERR_DB_URL, "postgresql://", "another database's URL"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error;

		CASE(rows[i].sentence);
		error = connect_with(arena, rows[i].url, true, &server);
		assert_error(error, rows[i].code);
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error->why, "LOCATION"));
	}
	place_run(place, "ALTER ROLE with_password PASSWORD 'p@ss/w:rd#%%'");
	assert_fine(connect_with(arena,
	                         arena_printf(arena, "postgresql://with_password:p%%40ss%%2Fw:rd%%23%%25@127.0.0.1:%s/%s",
	                                      port, place->database),
	                         true, &server));
	assert_fine(connect_with(arena,
	                         arena_printf(arena, "postgresql://%s@localhost:%s/%s?host=%s", place->role, port,
	                                      place->database, getenv("HEADGATE_TEST_PGHOST")),
	                         true, &server));
}

static void who_never_answers_is_given_up(void **state)
{
	struct session *session = *state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t start = clock_monotonic_ms();
	struct server server;
	struct error *error;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	error = connect_with(session->arena,
	                     arena_printf(session->arena, "postgresql://a@127.0.0.1:%d/b?connect_timeout=1",
	                                  ntohs(address.sin_port)),
	                     true, &server);
	assert_error(error, ERR_DB_UNREACHABLE);
	assert_contains(error->why, "no answer within 1");
	assert_true(clock_monotonic_ms() - start < 5000);
	(void)close(listener);
}

static void the_environment_changes_nothing(void **state)
{
	struct session *session = *state;

	setenv("PGHOSTADDR", "192.0.2.1", 1);
	setenv("PGOPTIONS", "-c search_path=elsewhere", 1);
	setenv("PGTZ", "Asia/Tokyo", 1);
	setenv("PGSSLMODE", "require", 1);
	setenv("PGSERVICE", "nowhere", 1);
	setenv("PGPASSFILE", "/dev/null", 1);
	assert_fine(database_connect(session->database, &limits, true, session->arena, &session->server));
	assert_string_equal(session->server.current_schema, "public");
	assert_string_equal(setting(session, "TimeZone"), "UTC");
	assert_null(getenv("PGTZ"));
}

static void the_secret_is_read_again_at_each_connect(void **state)
{
	struct session *session = *state;
	const char *path = arena_printf(session->arena, "/tmp/headgate-url-%d", (int)getpid());
	const struct database_postgres_options options = {.url_file = path, .target = "shop"};
	const char *url = place_url(place, session->arena, place->role, NULL);
	struct database *database;
	struct database_url parsed;

	assert_fine(database_postgres_open(session->arena, &options, &database));
	write_file(path, "postgresql://nobody_here@127.0.0.1:1/x", 0600);
	assert_error(database_connect(database, &limits, true, session->arena, &session->server), ERR_DB_UNREACHABLE);
	write_file(path, url, 0600);
	assert_fine(database_connect(database, &limits, true, session->arena, &session->server));
	assert_fine(database_postgres_url(database, session->arena, &parsed));
	assert_string_equal(parsed.user, place->role);
	database_close(database);
	(void)unlink(path);
}

static void read_only_is_no_place_to_write_but_one_to_look(void **state)
{
	struct session *session = *state;

	place_run(place, "ALTER ROLE %s SET default_transaction_read_only = on", place->role);
	assert_error(database_connect(session->database, &limits, true, session->arena, &session->server),
	             ERR_DB_STANDBY);
	assert_fine(database_connect(session->database, &limits, false, session->arena, &session->server));
	place_run(place, "ALTER ROLE %s RESET default_transaction_read_only", place->role);
}

static pid_t start_pooler(struct session *session, const char **ret_url)
{
	const char *folder = arena_printf(session->arena, "/tmp/headgate-pooler-%d", (int)getpid());
	const char *ini = arena_printf(session->arena, "%s/ini", folder), *port = getenv("HEADGATE_TEST_PGPORT");
	pid_t pid;

	assert_int_equal(mkdir(folder, 0777), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	/* auth_type any logs in as the user of the [databases] line, so it is named there */
	write_file(ini,
	           arena_printf(session->arena,
	                        "[databases]\n%s = host=127.0.0.1 port=%s user=%s\n[pgbouncer]\nauth_type = any\n"
	                        "listen_addr =\nlisten_port = 6432\nunix_socket_dir = %s\npool_mode = transaction\n",
	                        place->database, port, place->role, folder),
	           0644);
	*ret_url = arena_printf(session->arena, "postgresql://%s@localhost:6432/%s?host=%s", place->role, place->database,
	                        folder);
	pid = fork();
	if (!pid) {
		int nowhere = open("/dev/null", O_RDWR);

		(void)dup2(nowhere, STDOUT_FILENO);
		(void)dup2(nowhere, STDERR_FILENO);
		(void)execl("/usr/sbin/pgbouncer", "pgbouncer", "-u", "postgres", ini, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 100 && !file_exists(arena_printf(session->arena, "%s/.s.PGSQL.6432", folder)); i++)
		clock_sleep_ms(50);
	return pid;
}

static void through_a_pooler_nothing_is_applied_and_nothing_is_set(void **state)
{
	struct session *session = *state;
	struct ledger ledger;
	struct server server;
	const char *url;
	struct database *database;
	pid_t pid;

	if (!file_exists("/usr/sbin/pgbouncer"))
		skip();
	pid = start_pooler(session, &url);
	assert_error(connect_with(session->arena, url, true, &server), ERR_DB_POOLER);
	assert_fine(connect_with(session->arena, url, false, &server)); /* looking is allowed */
	assert_fine(database_postgres_open(session->arena,
	                                   &(struct database_postgres_options){.url = url, .target = "shop"}, &database));
	assert_fine(database_connect(database, &limits, false, session->arena, &server));
	assert_fine(database_ledger(database, "public", session->arena, &ledger));
	assert_true(ledger.has_deployed);
	/* The pooled session, which the application gets next, has no setting of ours. */
	{
		struct answer answer;
		static const char sql[] = "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '0'; END $$";

		assert_fine(database_send(database, (struct bytes){sql, strlen(sql)}, &(struct send_options){0},
		                          session->arena, &answer));
		assert_false(answer.failed);
	}
	database_close(database);
	(void)kill(pid, SIGTERM);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)nftw(arena_printf(session->arena, "/tmp/headgate-pooler-%d", (int)getpid()), remove_entry, 8,
	           FTW_DEPTH | FTW_PHYS);
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
	error = database_send(database, (struct bytes){"SELECT pg_sleep(15)", 19}, &(struct send_options){0}, arena,
	                      &answer);
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
	error = database_send(database, (struct bytes){sql, strlen(sql)},
	                      &(struct send_options){.leave_running = true, .no_statement_timeout = true}, arena, &answer);
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
	assert_string_equal(place_value(place, "SELECT indisvalid FROM pg_index WHERE indrelid = 'busy'::regclass"), "f");
	place_end(reader);
	for (int i = 0; i < 100 && !text_equal(valid, "t"); i++) {
		clock_sleep_ms(50);
		valid = place_value(place, "SELECT indisvalid FROM pg_index WHERE indrelid = 'busy'::regclass");
	}
	assert_string_equal(valid, "t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION_TEST(a_session_has_our_limits_and_name),
		SESSION_TEST(a_named_schema_is_the_whole_search_path),
		SESSION_TEST(one_files_session_does_not_leak_into_the_next),
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
		SESSION_TEST(a_server_says_why_there_is_no_session),
		SESSION_TEST(who_never_answers_is_given_up),
		SESSION_TEST(the_environment_changes_nothing),
		SESSION_TEST(the_secret_is_read_again_at_each_connect),
		SESSION_TEST(read_only_is_no_place_to_write_but_one_to_look),
		SESSION_TEST(through_a_pooler_nothing_is_applied_and_nothing_is_set),
		SESSION_TEST(asked_to_stop_a_statement_is_cancelled),
		SESSION_TEST(asked_to_stop_a_build_stays_with_the_server),
	};
	AUTO_ARENA arena = arena_new();
	int failed;

	place = postgres_place_new(arena);
	postgres_place_reset(place);
	place_run(place, "DO $$ BEGIN CREATE ROLE with_password LOGIN PASSWORD 'p'; EXCEPTION WHEN duplicate_object THEN NULL;"
	                 " END $$");
	failed = cmocka_run_group_tests_name("postgres sessions", tests, NULL, NULL);
	postgres_place_remove(place);
	return failed;
}

/*
 * What the agent reads from a real catalog: fingerprint, probes and their clean-up, invalid
 * indexes, and what a dump could not read.
 */
#include "contract/postgres_session.h"

#include "adapters/pg.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

static struct answer send_with(struct session *session, const char *sql,
                               const struct send_options *options)
{
	struct answer answer;

	assert_fine(database_send(session->database, (struct bytes){sql, strlen(sql)}, options,
	                          session->arena, &answer));
	return answer;
}

static struct answer build(struct session *session, const char *sql)
{
	return send_with(session, sql, &(struct send_options){.no_statement_timeout = true});
}

static const struct text_list *list(struct session *session, const char *names)
{
	struct text_list *texts = ARENA_NEW(session->arena, struct text_list);

	text_split(session->arena, names, ' ', texts);
	return texts;
}

static struct fingerprint fingerprint_of(struct session *session, const char *schemas)
{
	struct fingerprint fingerprint;

	assert_fine(database_fingerprint(session->database, list(session, schemas), session->arena,
	                                 &fingerprint));
	return fingerprint;
}

/* One of every kind that the fingerprint tells apart. */
static const char everything[] =
	"CREATE EXTENSION hstore;"
	"CREATE TYPE mood AS ENUM ('sad', 'so ''so', 'happy');"
	"CREATE TYPE pair AS (a int, \"B b\" text);"
	"CREATE DOMAIN positive AS int DEFAULT 7 NOT NULL CONSTRAINT above CHECK (VALUE > 0);"
	"CREATE TYPE span AS RANGE (subtype = timestamptz);"
	"CREATE SEQUENCE counter INCREMENT 3;"
	"CREATE FUNCTION twice(x int, OUT y int) LANGUAGE sql IMMUTABLE AS $$ SELECT x * 2;\n--"
	" back\\slash $$;"
	"CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
	"CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '0');"
	"CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(80)"
	" COLLATE \"C\" NOT NULL,"
	" feeling mood DEFAULT 'sad', age positive, born timestamptz DEFAULT '2024-02-29"
	" 12:00:00+00', tags hstore,"
	" double int GENERATED ALWAYS AS (twice(3)) STORED, serial_id serial, CONSTRAINT old CHECK"
	" (id > 0))"
	" WITH (fillfactor = 80);"
	"CREATE TABLE posts (id int, author bigint REFERENCES users ON DELETE CASCADE, body text,"
	" EXCLUDE (id WITH =));"
	"CREATE TABLE child () INHERITS (posts);"
	"CREATE UNIQUE INDEX users_email ON users (lower(email) DESC) INCLUDE (age) WHERE age > 3;"
	"CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);"
	"CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
	"CREATE INDEX parts_id ON parts (id);"
	"CREATE VIEW grown WITH (security_barrier) AS SELECT id, email FROM users WHERE age > 17;"
	"CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM posts; CREATE INDEX counted_i ON"
	" counted (count);"
	"CREATE TRIGGER watch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION noop();"
	"CREATE RULE quiet AS ON DELETE TO posts DO INSTEAD NOTHING;"
	"ALTER TABLE posts ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON posts FOR SELECT TO"
	" PUBLIC USING (author = 1);"
	"CREATE STATISTICS linked ON id, author FROM posts;"
	"COMMENT ON TABLE users IS 'who'; COMMENT ON COLUMN users.email IS 'where'; COMMENT ON"
	" FUNCTION twice IS 'x2';"
	"CREATE UNLOGGED TABLE scratch (id int);"
	"CREATE SCHEMA other; CREATE TABLE other.t (id int DEFAULT public.twice(1));";

static void the_fingerprint_survives_dump_and_restore(void **state)
{
	struct session *session = *state;
	const char *file = arena_printf(session->arena, "/tmp/headgate-dump-%d.sql", (int)getpid());
	const char *host = getenv("HEADGATE_TEST_PGHOST"), *port = getenv("HEADGATE_TEST_PGPORT");
	const char *const dump[] = {
		"-s", "-h", host, "-p", port, "-U", "postgres", "-f", file, place->database, NULL};
	const char *const restore[] = {
		"-X",       "-q", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port, "-U",
		"postgres", "-f", file, place->database,   NULL};
	struct process process = {.program = "/usr/lib/postgresql/15/bin/pg_dump",
	                          .arguments = dump,
	                          .deadline_ms = 60000};
	struct process_result result;
	struct fingerprint before, after;

	place_run(place, "%s", everything);
	before = fingerprint_of(session, "public other");
	assert_true(before.objects > 55);
	assert_fine(process_run(session->arena, &process, &result));
	assert_int_equal(result.status, 0);
	database_disconnect(session->database);
	postgres_place_reset(place);
	process = (struct process){.program = "/usr/lib/postgresql/15/bin/psql",
	                           .arguments = restore,
	                           .deadline_ms = 60000};
	assert_fine(process_run(session->arena, &process, &result));
	if (result.status)
		fail_msg("%s", result.complaint);
	(void)unlink(file);
	place_run(
		place,
		"ALTER ROLE %s SET DateStyle = 'German'; ALTER ROLE %s SET TimeZone = 'Asia/Tokyo';"
		" ALTER ROLE %s SET search_path = other, public; ALTER ROLE %s SET IntervalStyle ="
		" iso_8601;"
		" ALTER ROLE %s SET quote_all_identifiers = on",
		place->role, place->role, place->role, place->role, place->role);
	assert_fine(database_connect(session->database, &limits, true, session->arena,
	                             &session->server));
	after = fingerprint_of(session, "public other");
	place_run(place, "ALTER ROLE %s RESET ALL", place->role);
	assert_string_equal(before.description.data, after.description.data);
	assert_string_equal(before.digest, after.digest);
}

static void the_fingerprint_sees_what_matters_and_nothing_else(void **state)
{
	static const struct {
		const char *sql, *back;
		bool seen;
		const char *sentence;
	} rows[] = {
		{"ALTER TABLE users ADD COLUMN x int", "ALTER TABLE users DROP COLUMN x", true,
	         "a column, and back"},
		{"ALTER TABLE posts ALTER body TYPE varchar(9)", NULL, true, "a type"},
		{"ALTER TABLE users ALTER age DROP DEFAULT", NULL, false,
	         "a default that was not there"},
		{"ALTER TABLE users ALTER born SET DEFAULT '2024-02-29 12:00:01+00'", NULL, true,
	         "a default"},
		{"ALTER TYPE mood ADD VALUE 'angry' BEFORE 'happy'", NULL, true, "a label"},
		{"ALTER DOMAIN positive DROP CONSTRAINT above", NULL, true,
	         "a domain's constraint"},
		{"ALTER TYPE pair ADD ATTRIBUTE c int", NULL, true, "an attribute"},
		{"ALTER SEQUENCE counter INCREMENT 4", NULL, true, "a sequence's step"},
		{"SELECT nextval('counter')", NULL, false, "a sequence's value is data"},
		{"CREATE OR REPLACE FUNCTION twice(x int, OUT y int) LANGUAGE sql IMMUTABLE AS 'SELECT x * 3'",
	         NULL, true, "a function's body"},
		{"DROP AGGREGATE total (int)", NULL, true, "an aggregate"},
		{"ALTER TABLE users DROP CONSTRAINT old",
	         "ALTER TABLE users ADD CONSTRAINT old CHECK (id > 0)", true,
	         "a constraint, and back"},
		{"DROP INDEX users_email", NULL, true, "an index"},
		{"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'counted_i'::regclass",
	         NULL, true, "an index that is not valid"},
		{"CREATE OR REPLACE VIEW grown AS SELECT id, email FROM users WHERE age > 18", NULL,
	         true, "a view"},
		{"ALTER TABLE users DISABLE TRIGGER watch",
	         "ALTER TABLE users ENABLE TRIGGER watch", true, "a trigger that is off"},
		{"DROP RULE quiet ON posts", NULL, true, "a rule"},
		{"ALTER POLICY own ON posts USING (author = 2)", NULL, true, "a policy"},
		{"ALTER TABLE posts FORCE ROW LEVEL SECURITY", NULL, true, "row security"},
		{"ALTER TABLE scratch SET LOGGED", NULL, true, "persistence"},
		{"ALTER TABLE users SET (fillfactor = 90)", NULL, true, "a storage parameter"},
		{"COMMENT ON COLUMN users.email IS 'there'", NULL, true, "a comment"},
		{"GRANT SELECT ON users TO PUBLIC", NULL, false, "grants are not looked at"},
		{"ALTER TABLE users OWNER TO postgres", NULL, false, "nor owners"},
		{"CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
	         NULL, false, "nor partition children"},
		{"INSERT INTO posts VALUES (1)", NULL, false, "nor rows"},
		{"VACUUM FULL users", NULL, false, "nor where it lies"},
		{"REINDEX TABLE users", NULL, false, "nor indexes built anew"},
		{"CREATE TABLE other.u ()", NULL, false,
	         "nor a schema that the target does not own"},
		{"CREATE TABLE headgate.x ()", NULL, false, "nor our own"},
		{"DROP TABLE _prisma_migrations", NULL, false, "nor Prisma's table"},
		{"DROP EXTENSION hstore CASCADE", NULL, true,
	         "an extension, and the column that needed it"},
	};
	struct session *session = *state;
	struct fingerprint before, after;

	place_run(place, "%s", everything);
	before = fingerprint_of(session, "public headgate");
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		place_run(place, "%s", rows[i].sql);
		after = fingerprint_of(session, "public headgate");
		if (rows[i].seen)
			assert_string_not_equal(before.digest, after.digest);
		else
			assert_string_equal(before.digest, after.digest);
		if (rows[i].back) {
			place_run(place, "%s", rows[i].back);
			after = fingerprint_of(session, "public headgate");
			assert_string_equal(before.digest, after.digest);
		}
		before = after;
	}
}

static void an_object_is_a_line(void **state)
{
	struct session *session = *state;
	struct fingerprint fingerprint;
	struct text_list lines = {0};

	place_run(place, "%s", everything);
	fingerprint = fingerprint_of(session, "public");
	text_split(session->arena, fingerprint.description.data, '\n', &lines);
	assert_int_equal(lines.count, fingerprint.objects + 1);
	for (size_t i = 0; i + 2 < lines.count; i++)
		assert_true(strcmp(lines.items[i], lines.items[i + 1]) < 0);
	assert_contains(fingerprint.description.data, "SELECT x * 2;\\n-- back\\\\slash");
	assert_contains(fingerprint.description.data,
	                "enum public.mood 'sad', 'so ''so', 'happy'\n");
	assert_contains(fingerprint.description.data, "comment public.users.email where\n");
	assert_contains(
		fingerprint.description.data,
		"column public.users.email character varying(80) | collate \"C\" | not null\n");
}

static enum probe_result probe(struct session *session, const struct statement *statement)
{
	enum probe_result result;

	assert_fine(
		database_probe(session->database, statement, "public", session->arena, &result));
	return result;
}

#define CREATE STATEMENT_CREATE_INDEX_CONCURRENTLY
#define DROP STATEMENT_DROP_INDEX_CONCURRENTLY
#define REINDEX STATEMENT_REINDEX_CONCURRENTLY
#define DETACH STATEMENT_DETACH_CONCURRENTLY

static void probes_tell_each_state_of_each_kind(void **state)
{
	static const struct {
		struct statement statement;
		enum probe_result result;
		const char *sentence;
	} rows[] = {
		{{.kind = CREATE, .name = "good", .table = "t"},
	         PROBE_DONE,
	         "an index that is there"},
		{{.kind = CREATE, .schema = "other", .name = "good", .table = "t"},
	         PROBE_NOTHING,
	         "not in another schema"},
		{{.kind = CREATE, .name = "good", .table = "u"},
	         PROBE_UNKNOWN,
	         "an index of that name on another table"},
		{{.kind = CREATE, .name = "broken", .table = "t"},
	         PROBE_REMNANT,
	         "a build that failed"},
		{{.kind = CREATE, .name = "t", .table = "t"},
	         PROBE_NOTHING,
	         "a table of that name is no index"},
		{{.kind = CREATE, .table = "t"}, PROBE_UNKNOWN, "an index without a name"},
		{{.kind = DROP, .name = "gone"}, PROBE_DONE, "an index that is gone"},
		{{.kind = DROP, .name = "good"}, PROBE_NOTHING, "one that is still there"},
		{{.kind = DROP, .name = "broken"}, PROBE_REMNANT, "one that is half gone"},
		{{.kind = REINDEX, .name = "good"},
	         PROBE_DONE,
	         "an index built anew, or never touched"},
		{{.kind = REINDEX, .table = "u"}, PROBE_REMNANT, "a table with a left-over"},
		{{.kind = REINDEX, .name = "u_pkey"}, PROBE_REMNANT, "its index as well"},
		{{.kind = REINDEX, .name = "no_such"}, PROBE_UNKNOWN, "nothing of that name"},
		{{.kind = DETACH, .name = "p1", .table = "p"}, PROBE_NOTHING, "a partition"},
		{{.kind = DETACH, .name = "p2", .table = "p"}, PROBE_DONE, "one that was detached"},
		{{.kind = DETACH, .name = "p3", .table = "p"},
	         PROBE_REMNANT,
	         "one that is half detached"},
		{{.kind = DETACH, .name = "p4", .table = "p"}, PROBE_UNKNOWN, "no such table"},
		{{.kind = STATEMENT_ENUM_VALUE, .name = "mood", .detail = "sad"},
	         PROBE_DONE,
	         "a label"},
		{{.kind = STATEMENT_ENUM_VALUE, .name = "mood", .detail = "glad"},
	         PROBE_NOTHING,
	         "no label"},
		{{.kind = STATEMENT_ENUM_VALUE, .name = "food", .detail = "sad"},
	         PROBE_UNKNOWN,
	         "no type"},
		{{.kind = STATEMENT_VACUUM}, PROBE_NOTHING, "VACUUM may be repeated"},
		{{.kind = STATEMENT_OUTSIDE}, PROBE_UNKNOWN, "nobody can say"},
	};
	struct session *session = *state;

	must_send(
		session,
		"CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1); CREATE INDEX good ON t (a);"
		"CREATE TABLE u (a int PRIMARY KEY); CREATE TYPE mood AS ENUM ('sad');"
		"CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR"
		" VALUES IN (1);"
		"CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); ALTER TABLE p DETACH PARTITION"
		" p2;"
		"CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3); CREATE INDEX u_pkey_ccnew ON u (a)");
	assert_true(send_sql(session, "CREATE UNIQUE INDEX CONCURRENTLY broken ON t (a)").failed);
	place_run(place,
	          "UPDATE pg_index SET indisvalid = false WHERE indexrelid ="
	          " 'u_pkey_ccnew'::regclass;"
	          "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'p3'::regclass");
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_int_equal(probe(session, &rows[i].statement), rows[i].result);
	}
	for (size_t i = 0; i < ROWS(rows); i++) { /* harmless but for the remnants */
		if (rows[i].result == PROBE_REMNANT)
			continue;
		assert_fine(database_clean_up(session->database, &rows[i].statement, "public",
		                              session->arena));
		assert_int_equal(probe(session, &rows[i].statement), rows[i].result);
	}
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (rows[i].result != PROBE_REMNANT)
			continue;
		CASE(rows[i].sentence);
		assert_fine(database_clean_up(session->database, &rows[i].statement, "public",
		                              session->arena));
		assert_int_equal(probe(session, &rows[i].statement),
		                 rows[i].statement.kind == CREATE ? PROBE_NOTHING : PROBE_DONE);
	}
}

static void another_backends_build_is_no_remnant(void **state)
{
	static const struct statement create = {
		.kind = STATEMENT_CREATE_INDEX_CONCURRENTLY, .name = "slow", .table = "t"};
	struct session *session = *state;
	struct text_list names;
	struct pg *writer, *builder;

	must_send(session, "CREATE TABLE t (a int)");
	writer = place_send(place, "BEGIN; INSERT INTO t VALUES (1)");
	builder = place_send(place, "CREATE INDEX CONCURRENTLY slow ON t (a)");
	assert_int_equal(probe(session, &create), PROBE_RUNNING);
	assert_fine(database_invalid_indexes(session->database, list(session, "public"),
	                                     session->arena, &names));
	assert_int_equal(names.count, 0);
	assert_fine(database_clean_up(session->database, &create, "public", session->arena));
	assert_string_equal(place_value(place, "SELECT to_regclass('slow') IS NOT NULL"), "t");
	place_end(writer);
	for (int i = 0; i < 100 && probe(session, &create) == PROBE_RUNNING; i++)
		clock_sleep_ms(50);
	assert_int_equal(probe(session, &create), PROBE_DONE);
	place_end(builder);
}

struct seen {
	int reports;
	const char *what;
	struct arena *arena;
};

static void note_progress(void *context, const char *what, enum progress_unit unit, uint64_t done,
                          uint64_t total)
{
	struct seen *seen = context;

	(void)unit;
	(void)done;
	(void)total;
	seen->reports++;
	seen->what = arena_text(seen->arena, what);
}

/* Needs about three seconds: progress is looked at every two. */
static void a_long_build_is_told_and_not_cut(void **state)
{
	struct session *session = *state;
	struct seen seen = {.arena = session->arena};
	const struct progress progress = {.report = note_progress, .context = &seen};
	const char *sql = "CREATE INDEX CONCURRENTLY slow ON t (a)";
	struct session_limits tight = {.lock_timeout = 300, .statement_timeout = 400};
	struct answer answer;
	pid_t pid;

	assert_fine(database_connect(session->database, &tight, true, session->arena,
	                             &session->server));
	must_send(session, "CREATE TABLE t (a int)");
	pid = fork();
	if (!pid) { /* a writer that takes its time */
		place_run(place, "BEGIN; INSERT INTO t VALUES (1); SELECT pg_sleep(2.8); COMMIT");
		_exit(0);
	}
	clock_sleep_ms(300);
	answer = send_with(session, sql,
	                   &(struct send_options){.no_statement_timeout = true,
	                                          .what = "building slow",
	                                          .progress = &progress});
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(answer.failed);
	assert_true(seen.reports >= 1);
	assert_contains(seen.what, "building slow (waiting for writers");
	must_send(session, "DO $$ BEGIN ASSERT current_setting('statement_timeout') = '400ms'"
	                   " AND current_setting('lock_timeout') = '300ms'; END $$");
}

static void a_files_own_limit_stays_for_its_build(void **state)
{
	struct session *session = *state;
	struct pg *writer;
	struct answer answer;

	must_send(session, "CREATE TABLE t (a int); SET lock_timeout = '200ms'");
	writer = place_send(place, "BEGIN; INSERT INTO t VALUES (1)");
	answer = build(session, "CREATE INDEX CONCURRENTLY slow ON t (a)");
	place_end(writer);
	assert_true(answer.failed);
	assert_string_equal(answer.error.sqlstate, "55P03");
}

/*
 * R10: the waiter's snapshot is what the build waits for. Who looks for a deadlock last gets the
 * error: us, once the waiter has waited for longer than deadlock_timeout (1 s).
 */
static void a_build_beside_a_waiting_prisma_client_ends_in_40P01_and_can_be_cleaned_up(void **state)
{
	static const struct statement create = {
		.kind = STATEMENT_CREATE_INDEX_CONCURRENTLY, .name = "slow", .table = "t"};
	struct session *session = *state;
	struct pg *prisma;
	struct answer answer;

	must_send(session, "CREATE TABLE t (a int)");
	assert_fine(database_lock(session->database, 0, session->arena));
	prisma = place_send(place, "SELECT pg_advisory_lock(72707369)");
	clock_sleep_ms(1100);
	answer = build(session, "CREATE INDEX CONCURRENTLY slow ON t (a)");
	assert_true(answer.failed);
	assert_string_equal(answer.error.sqlstate, "40P01");
	assert_int_equal(probe(session, &create), PROBE_REMNANT);
	assert_fine(database_clean_up(session->database, &create, "public", session->arena));
	assert_int_equal(probe(session, &create), PROBE_NOTHING);
	assert_fine(database_unlock(session->database, session->arena));
	place_end(prisma);
	assert_fine(database_lock(session->database, 3000, session->arena));
	must_send(session, "CREATE INDEX CONCURRENTLY slow ON t (a)");
}

static void the_holder_of_the_lock_is_named(void **state)
{
	struct session *session = *state;
	struct error *error;
	struct pg *prisma;
	uint64_t start;

	assert_fine(database_unlock(session->database, session->arena));
	prisma = place_send(place, "SET application_name = 'npx prisma';"
	                           " SELECT pg_advisory_lock(72707369)");
	start = clock_monotonic_ms();
	error = database_lock(session->database, 200, session->arena);
	assert_error(error, ERR_LEDGER_LOCK);
	assert_contains(error->why, "held by process ");
	assert_contains(error->why, "application 'npx prisma', user 'postgres'");
	assert_true(clock_monotonic_ms() - start >= 200);
	place_end(prisma);
	assert_fine(database_lock(session->database, 3000, session->arena));
}

static void grants_that_mend_are_all_that_a_dump_needs(void **state)
{
	struct session *session = *state;
	const char *port = getenv("HEADGATE_TEST_PGPORT"), *host = getenv("HEADGATE_TEST_PGHOST");
	const char *const dump[] = {"-Fc",           "-h", host, "-p", port, "-U", place->role,
	                            place->database, NULL};
	const struct process process = {.program = "/usr/lib/postgresql/15/bin/pg_dump",
	                                .arguments = dump,
	                                .deadline_ms = 60000};
	static const char *const lines[] = {
		"GRANT USAGE ON SCHEMA hidden TO",
		"GRANT USAGE ON SCHEMA many TO",
		"GRANT SELECT ON SEQUENCE hidden.a_id_seq TO",
		"GRANT SELECT ON TABLE hidden.\"B\", hidden.a TO",
		"GRANT SELECT ON ALL TABLES IN SCHEMA many TO",
		"ALTER ROLE",
		"GRANT SELECT ON LARGE OBJECT 4711, 4712 TO",
	};
	struct process_result result;
	struct text_list grants;

	place_run(
		place,
		"CREATE SCHEMA hidden; CREATE TABLE hidden.a (id serial); CREATE TABLE"
		" hidden.\"B\" (id int);"
		"CREATE SCHEMA many; CREATE TABLE many.a (); CREATE TABLE many.b (); CREATE TABLE"
		" many.c ();"
		"CREATE TABLE many.d (); CREATE TABLE many.e (); CREATE TABLE public.own (id int);"
		"ALTER TABLE own OWNER TO %s; CREATE TABLE public.rows (id int);"
		"ALTER TABLE rows ENABLE ROW LEVEL SECURITY; GRANT SELECT ON rows TO %s;"
		"SELECT lo_create(4711); SELECT lo_create(4712)",
		place->role, place->role);
	assert_fine(database_unreadable(session->database, list(session, "public"), session->arena,
	                                &grants));
	assert_string_equal(text_join(session->arena, &grants, "\n"),
	                    arena_printf(session->arena, "ALTER ROLE %s BYPASSRLS;", place->role));
	assert_fine(process_run(session->arena, &process, &result));
	assert_int_not_equal(result.status, 0);
	assert_fine(database_unreadable(session->database, NULL, session->arena, &grants));
	assert_int_equal(grants.count, ROWS(lines));
	for (size_t i = 0; i < ROWS(lines); i++)
		assert_string_equal(
			grants.items[i],
			arena_printf(session->arena, "%s %s%s", lines[i], place->role,
		                     text_ends(lines[i], "ROLE") ? " BYPASSRLS;" : ";"));
	for (size_t i = 0; i < grants.count; i++)
		place_run(place, "%s", grants.items[i]);
	assert_fine(database_unreadable(session->database, NULL, session->arena, &grants));
	assert_int_equal(grants.count, 0);
	assert_fine(process_run(session->arena, &process, &result));
	if (result.status)
		fail_msg("%s", result.complaint);
	place_run(place, "ALTER ROLE %s NOBYPASSRLS", place->role);
}

static void an_id_of_another_history_has_no_outcome(void **state)
{
	struct session *session = *state;
	enum transaction_outcome outcome;

	assert_fine(database_transaction_outcome(session->database, "900000000", session->arena,
	                                         &outcome));
	assert_int_equal(outcome, OUTCOME_UNASSIGNED);
	assert_false(send_sql(session, "SELECT 1").failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION_TEST(the_fingerprint_survives_dump_and_restore),
		SESSION_TEST(the_fingerprint_sees_what_matters_and_nothing_else),
		SESSION_TEST(an_object_is_a_line),
		SESSION_TEST(probes_tell_each_state_of_each_kind),
		SESSION_TEST(another_backends_build_is_no_remnant),
		SESSION_TEST(a_long_build_is_told_and_not_cut),
		SESSION_TEST(a_files_own_limit_stays_for_its_build),
		SESSION_TEST(
			a_build_beside_a_waiting_prisma_client_ends_in_40P01_and_can_be_cleaned_up),
		SESSION_TEST(the_holder_of_the_lock_is_named),
		SESSION_TEST(grants_that_mend_are_all_that_a_dump_needs),
		SESSION_TEST(an_id_of_another_history_has_no_outcome),
	};
	AUTO_ARENA arena = arena_new();
	int failed;

	place = postgres_place_new(arena);
	failed = cmocka_run_group_tests_name("postgres catalog", tests, NULL, NULL);
	postgres_place_remove(place);
	return failed;
}

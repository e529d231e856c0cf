/* What a look around says of a real server: rights with the SQL that mends them, others, idle transactions, attributes. */
#include "contract/postgres_session.h"

#include "base/text.h"

static struct inspection inspect(struct session *session, const char *schema, const char *schemas)
{
	struct text_list list = {0};
	struct inspection seen;

	text_split(session->arena, schemas, ' ', &list);
	assert_fine(database_inspect(session->database, schema, &list, session->arena, &seen));
	return seen;
}

static const char *sql_of(struct session *session, const struct inspection_notes *notes)
{
	struct text text = TEXT_IN(session->arena);

	for (size_t i = 0; i < notes->count; i++)
		text_printf(&text, "%s\n", notes->items[i].sql);
	return text_get(&text);
}

static void what_is_missing_is_mended_by_the_sql_that_is_told(void **state)
{
	static const struct {
		const char *sentence, *sql; /* as the superuser */
		const char *told;           /* a part of the SQL */
	} rows[] = {
		{"a table of another's", "CREATE TABLE public.theirs (id int)",
	         "ALTER TABLE public.theirs OWNER TO"},
		{"a view", "CREATE VIEW public.v AS SELECT 1", "ALTER TABLE public.v OWNER TO"},
		{"an enum", "CREATE TYPE public.mood AS ENUM ('sad')",
	         "ALTER TYPE public.mood OWNER TO"},
		{"a domain with a name that needs quotes",
	         "CREATE DOMAIN public.\"Odd name\" AS int",
	         "ALTER TYPE public.\"Odd name\" OWNER TO"},
		{"a sequence of its own", "CREATE SEQUENCE public.alone",
	         "ALTER TABLE public.alone OWNER TO"},
		{"a ledger that may only be read",
	         "ALTER TABLE public._prisma_migrations OWNER TO postgres; GRANT SELECT ON public._prisma_migrations TO PUBLIC",
	         "GRANT SELECT, INSERT, UPDATE ON public._prisma_migrations"},
		{"our own row", "ALTER TABLE headgate.deployed OWNER TO postgres",
	         "GRANT SELECT, INSERT, UPDATE ON headgate.deployed"},
		{"our own schema", "ALTER SCHEMA headgate OWNER TO postgres",
	         "GRANT USAGE, CREATE ON SCHEMA headgate"},
		{"a schema of the target that is another's", "CREATE SCHEMA second",
	         "GRANT USAGE, CREATE ON SCHEMA second"},
	};
	struct session *session = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct inspection seen;

		CASE(rows[i].sentence);
		place_run(place, "%s", rows[i].sql);
		seen = inspect(session, "public", "public second");
		assert_int_equal(seen.lacks.count, 1);
		assert_contains(seen.lacks.items[0].sql, rows[i].told);
		assert_true(*seen.lacks.items[0].what != '\0');
		place_run(place, "%s", sql_of(session, &seen.lacks));
		seen = inspect(session, "public", "public second");
		assert_int_equal(seen.lacks.count, 0);
	}
}

static void what_needs_no_owner_is_not_told(void **state)
{
	static const char *const statements[] = {
		"CREATE EXTENSION hstore SCHEMA public",
		"CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t ()",
		"CREATE TABLE public.own (id serial, n int GENERATED ALWAYS AS IDENTITY)",
	};
	struct session *session = *state;

	for (size_t i = 0; i < ROWS(statements); i++) {
		CASE(statements[i]);
		place_run(place, "%s", statements[i]);
		place_run(
			place,
			"DO $$ BEGIN IF to_regclass('public.own') IS NOT NULL THEN ALTER TABLE public.own OWNER TO %s; END IF; END $$",
			place->role);
		assert_int_equal(inspect(session, "public", "public").lacks.count, 0);
	}
}

/* One line each would be a page; a superuser's membership would be far too much. */
static void many_things_of_one_owner_are_had_by_membership_unless_it_is_a_superuser(void **state)
{
	struct session *session = *state;
	struct inspection seen;

	place_run(place,
	          "CREATE SCHEMA many; GRANT USAGE, CREATE ON SCHEMA many TO %s;"
	          "CREATE TABLE many.a (); CREATE TABLE many.b (); CREATE TABLE many.c ();"
	          "CREATE TABLE many.d (); CREATE TABLE many.e ()",
	          place->role);
	seen = inspect(session, "public", "public many");
	assert_int_equal(seen.lacks.count, 1);
	assert_contains(seen.lacks.items[0].what, "many.a and 4 more");
	assert_null(strstr(seen.lacks.items[0].sql, "GRANT"));
	place_run(
		place,
		"CREATE ROLE old_%s; ALTER TABLE many.a OWNER TO old_%s; ALTER TABLE many.b OWNER TO old_%s;"
		"ALTER TABLE many.c OWNER TO old_%s; ALTER TABLE many.d OWNER TO old_%s;"
		"ALTER TABLE many.e OWNER TO old_%s",
		place->role, place->role, place->role, place->role, place->role, place->role);
	seen = inspect(session, "public", "public many");
	assert_string_equal(
		seen.lacks.items[0].sql,
		arena_printf(session->arena, "GRANT old_%s TO %s;", place->role, place->role));
	place_run(place, "%s", sql_of(session, &seen.lacks));
	assert_int_equal(inspect(session, "public", "public many").lacks.count, 0);
	place_run(place, "DROP SCHEMA many CASCADE; DROP ROLE old_%s", place->role);
}

static void others_that_may_write_are_named_with_what_takes_it_away(void **state)
{
	struct session *session = *state;
	struct inspection seen;

	place_run(place,
	          "CREATE ROLE app_%s; CREATE ROLE friend_%s;"
	          "GRANT SELECT ON public._prisma_migrations TO app_%s;",
	          place->role, place->role, place->role);
	assert_int_equal(inspect(session, "public", "public").others.count,
	                 0); /* reading is fine */
	place_run(
		place,
		"GRANT UPDATE ON public._prisma_migrations TO app_%s; GRANT DELETE ON public._prisma_migrations TO PUBLIC;"
		"GRANT CREATE ON SCHEMA public TO app_%s; GRANT CREATE ON SCHEMA public TO PUBLIC;"
		"GRANT %s TO friend_%s",
		place->role, place->role, place->role, place->role);
	seen = inspect(session, "public", "public");
	assert_int_equal(seen.others.count, 5);
	assert_contains(sql_of(session, &seen.others),
	                arena_printf(session->arena, "FROM app_%s;", place->role));
	place_run(place, "%s", sql_of(session, &seen.others));
	assert_int_equal(inspect(session, "public", "public").others.count, 0);
	place_run(place,
	          "ALTER TABLE public._prisma_migrations OWNER TO app_%s;"
	          "GRANT SELECT, INSERT, UPDATE ON public._prisma_migrations TO %s",
	          place->role, place->role);
	seen = inspect(session, "public", "public");
	assert_int_equal(seen.others.count, 1);
	assert_contains(seen.others.items[0].what, "owns");
	place_run(place, "%s", sql_of(session, &seen.others));
	place_run(place, "DROP OWNED BY app_%s; DROP ROLE app_%s; DROP ROLE friend_%s", place->role,
	          place->role, place->role);
}

static void attributes_and_settings_of_the_role_are_seen(void **state)
{
	struct session *session = *state;
	struct inspection seen;

	place_run(
		place,
		"ALTER ROLE %s CREATEROLE BYPASSRLS REPLICATION; ALTER ROLE %s SET search_path = pg_catalog;"
		"ALTER ROLE %s SET default_transaction_read_only = on",
		place->role, place->role, place->role);
	assert_fine(database_connect(session->database, &limits, false, session->arena,
	                             &session->server));
	seen = inspect(session, "public", "public");
	place_run(place,
	          "ALTER ROLE %s NOCREATEROLE NOBYPASSRLS NOREPLICATION; ALTER ROLE %s RESET ALL",
	          place->role, place->role);
	assert_true(seen.creates_roles && seen.bypasses_row_security && seen.replicates);
	assert_true(seen.is_read_only);
	assert_string_equal(seen.current_schema, "pg_catalog");
	assert_int_equal(seen.tls, SESSION_LOCAL);
}

static void a_schema_that_is_not_there_is_made_or_asked_for(void **state)
{
	struct session *session = *state;
	struct inspection seen = inspect(session, "later", "later");

	assert_int_equal(seen.lacks.count, 0); /* the role owns the database and may make it */
	place_run(place, "ALTER DATABASE %s OWNER TO postgres", place->database);
	seen = inspect(session, "later", "later");
	assert_int_equal(seen.lacks.count, 1);
	assert_contains(seen.lacks.items[0].sql, "CREATE SCHEMA later AUTHORIZATION");
	place_run(place, "%s", sql_of(session, &seen.lacks));
	assert_int_equal(inspect(session, "later", "later").lacks.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION_TEST(what_is_missing_is_mended_by_the_sql_that_is_told),
		SESSION_TEST(what_needs_no_owner_is_not_told),
		SESSION_TEST(
			many_things_of_one_owner_are_had_by_membership_unless_it_is_a_superuser),
		SESSION_TEST(others_that_may_write_are_named_with_what_takes_it_away),
		SESSION_TEST(attributes_and_settings_of_the_role_are_seen),
		SESSION_TEST(a_schema_that_is_not_there_is_made_or_asked_for),
	};
	AUTO_ARENA arena = arena_new();
	int failed;

	place = postgres_place_new(arena);
	failed = cmocka_run_group_tests_name("database: postgres, looking around", tests, NULL,
	                                     NULL);
	postgres_place_remove(place);
	return failed;
}

/*
 * Reading the ledger, and taking the fence. Neither `_prisma_migrations` nor headgate.deployed need
 * be there, so each begins by looking what is; reading does both in one snapshot, since rows and
 * fence must belong together.
 */
#include "adapters/database_postgres_parts.h"
#include "base/text.h"

/*
 * What the schema s.name holds. Members of extensions count for nothing: they come and go with
 * their extension.
 */
/* clang-format off */
#define NOT_OF_EXTENSION(class, oid) \
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'" \
	" AND d.objid = " oid " AND d.classid = 'pg_catalog." class "'::pg_catalog.regclass)"
#define IN_SCHEMA(catalog, alias, column) \
	"pg_catalog." catalog " " alias " JOIN pg_catalog.pg_namespace n ON n.oid = " column
#define MAY_READ \
	"(SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')" \
	" AND pg_catalog.has_table_privilege(c.oid, 'SELECT')" \
	" FROM " IN_SCHEMA("pg_class", "c", "c.relnamespace")
static const char schema_facts[] =
	"SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = s.name),"
	" (SELECT c.relkind FROM " IN_SCHEMA("pg_class", "c", "c.relnamespace")
	" WHERE n.nspname = s.name AND c.relname = '_prisma_migrations'), NOT EXISTS (SELECT FROM "
	IN_SCHEMA("pg_class", "c", "c.relnamespace") " WHERE n.nspname = s.name"
	" AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')"
	" AND c.relname <> '_prisma_migrations'" NOT_OF_EXTENSION("pg_class", "c.oid") ") AND NOT"
	" EXISTS (SELECT FROM " IN_SCHEMA("pg_proc", "p", "p.pronamespace")
	" WHERE n.nspname = s.name" NOT_OF_EXTENSION("pg_proc", "p.oid") ") AND NOT EXISTS (SELECT"
	" FROM " IN_SCHEMA("pg_type", "t", "t.typnamespace") " WHERE n.nspname = s.name"
	" AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'b' AND t.typelem = 0))"
	NOT_OF_EXTENSION("pg_type", "t.oid") "), " MAY_READ " WHERE n.nspname = s.name"
	" AND c.relname = '_prisma_migrations'), " MAY_READ " WHERE n.nspname = 'headgate'"
	" AND c.relname = 'deployed'), current_user FROM (SELECT %s::pg_catalog.name AS name) s";
/* clang-format on */
enum fact { FACT_SCHEMA, FACT_KIND, FACT_EMPTY, FACT_READ_LEDGER, FACT_READ_DEPLOYED, FACT_ROLE };

/* Prisma's DDL to the letter, but for the schema (R15). */
static const char ledger_ddl[] = "CREATE TABLE %s._prisma_migrations (\n"
				 "    id                      VARCHAR(36) PRIMARY KEY NOT NULL,\n"
				 "    checksum                VARCHAR(64) NOT NULL,\n"
				 "    finished_at             TIMESTAMPTZ,\n"
				 "    migration_name          VARCHAR(255) NOT NULL,\n"
				 "    logs                    TEXT,\n"
				 "    rolled_back_at          TIMESTAMPTZ,\n"
				 "    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),\n"
				 "    applied_steps_count     INTEGER NOT NULL DEFAULT 0\n"
				 ")";

static const char deployed_ddl[] = "CREATE TABLE headgate.deployed ("
				   "ledger text PRIMARY KEY, "
				   "target text NOT NULL, "
				   "epoch bigint NOT NULL, "
				   "journal text NOT NULL, "
				   "commit text, "
				   "tree text, "
				   "chain text, "
				   "at timestamptz NOT NULL DEFAULT now())";

static struct error *read_ledger(struct postgres *postgres, const char *schema, bool has_deployed,
                                 struct arena *arena, struct ledger *ret_ledger);
static struct error *judge_facts(struct postgres *postgres, const char *schema, bool has_deployed,
                                 struct arena *arena, const struct pg_reply *facts);
static struct error *read_books(struct postgres *postgres, bool has_deployed, struct arena *arena,
                                const struct pg_reply *facts, struct ledger *ledger);
static struct error *read_rows(struct postgres *postgres, struct arena *arena,
                               const struct pg_reply *reply, struct ledger *ledger);
static void read_deployed(const struct pg_reply *reply, size_t result, struct ledger *ledger);
static struct error *look_at_rights(struct postgres *postgres, const char *schema,
                                    struct arena *arena, struct pg_reply *ret_reply);
static struct error *take_row(struct postgres *postgres, const char *sql, struct arena *arena,
                              bool *ret_foreign, int64_t *ret_epoch);
static struct error *foreign(struct postgres *postgres, const char *schema, const char *target,
                             struct arena *arena);

FALLIBLE postgres_ledger(struct database *database, const char *schema, struct arena *arena,
                         struct ledger *ret_ledger)
{
	return read_ledger(postgres_of(database), schema, /* has_deployed= */ true, arena,
	                   ret_ledger);
}

/* The lock is looked at last: whoever finished meanwhile has given it back, and the row that was seen is an old one. */
FALLIBLE postgres_rows(struct database *database, const char *schema, struct arena *arena,
                       struct ledger *ret_ledger, bool *ret_locked)
{
	struct postgres *postgres = postgres_of(database);
	struct ledger ledger;
	struct pg_reply reply;

	TRY(read_ledger(postgres, schema, /* has_deployed= */ false, arena, &ledger));
	TRY(postgres_look(postgres, arena, "cannot look for Prisma's lock",
	                  "SELECT EXISTS (SELECT FROM " LOCK_ROWS ")", NULL, 0, &reply));
	*ret_locked = postgres_true(pg_cell(&reply, 0, 0, 0));
	*ret_ledger = ledger;
	return NULL;
}

static struct error *read_ledger(struct postgres *postgres, const char *schema, bool has_deployed,
                                 struct arena *arena, struct ledger *ret_ledger)
{
	static const char aim[] = "cannot read the ledger";
	struct ledger ledger = {.schema = arena_text(arena, schema)};
	struct text sql = TEXT_IN(arena);
	struct pg_reply facts;
	struct error *error;

	TRY(postgres_connected(postgres, arena, aim));
	text_add(&sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ");
	text_printf(&sql, schema_facts, pg_literal(postgres->pg, arena, schema));
	TRY(postgres_look(postgres, arena, aim, text_get(&sql), NULL, 0, &facts));
	ledger.schema_exists = postgres_true(pg_cell(&facts, 1, 0, FACT_SCHEMA));
	ledger.has_table = pg_cell(&facts, 1, 0, FACT_KIND);
	ledger.schema_is_empty = postgres_true(pg_cell(&facts, 1, 0, FACT_EMPTY));
	error = judge_facts(postgres, schema, has_deployed, arena, &facts);
	if (!error)
		error = read_books(postgres, has_deployed, arena, &facts, &ledger);
	if (error) {
		postgres_end_transaction(postgres, arena);
		return error;
	}
	*ret_ledger = ledger;
	return NULL;
}

static struct error *judge_facts(struct postgres *postgres, const char *schema, bool has_deployed,
                                 struct arena *arena, const struct pg_reply *facts)
{
	const char *kind = pg_cell(facts, 1, 0, FACT_KIND),
		   *may_read = pg_cell(facts, 1, 0, FACT_READ_LEDGER);
	const char *may_read_deployed = pg_cell(facts, 1, 0, FACT_READ_DEPLOYED);
	const char *what = arena_printf(arena, "cannot read the ledger of '%s'", postgres->where);
	const char *role = pg_identifier(postgres->pg, arena, pg_cell(facts, 1, 0, FACT_ROLE));
	const char *quoted = pg_identifier(postgres->pg, arena, schema);

	if (kind && !text_equal(kind, "r"))
		return FAIL(
			arena, LEDGER_ODD, .what = what,
			.why = arena_printf(arena, "%s._prisma_migrations is not a table", quoted),
			.hint = "Rename what stands there; Prisma would not find its table either.");
	if (may_read && !postgres_true(may_read))
		return FAIL(
			arena, DB_RIGHTS, .what = what,
			.why = arena_printf(arena, "the role %s may not read %s._prisma_migrations",
		                            role, quoted),
			.hint = arena_printf(arena,
		                             "Let its owner run: GRANT USAGE ON SCHEMA %s TO %s; "
		                             "GRANT SELECT ON %s._prisma_migrations TO %s;",
		                             quoted, role, quoted, role));
	if (has_deployed && may_read_deployed && !postgres_true(may_read_deployed))
		return FAIL(arena, DB_RIGHTS, .what = what,
		            .why = arena_printf(arena, "the role %s may not read headgate.deployed",
		                                role),
		            .hint = arena_printf(
				    arena,
				    "Let its owner run: GRANT USAGE ON SCHEMA headgate TO %s; "
				    "GRANT SELECT ON headgate.deployed TO %s;",
				    role, role));
	return NULL;
}

/* Ends the transaction in which the facts were seen. */
static struct error *read_books(struct postgres *postgres, bool has_deployed, struct arena *arena,
                                const struct pg_reply *facts, struct ledger *ledger)
{
	/*
	 * Cast to text, so that what Prisma's table is made of does not matter; times in
	 * microseconds, 0 for none.
	 */
	static const char rows[] =
		"SELECT id::text, checksum::text, migration_name::text, (extract(epoch"
		" FROM started_at) * 1000000)::int8, (extract(epoch"
		" FROM finished_at) * 1000000)::int8, (extract(epoch"
		" FROM rolled_back_at) * 1000000)::int8, applied_steps_count::int8"
		" FROM %s._prisma_migrations ORDER BY started_at,"
		" id::text COLLATE \"C\" LIMIT %d; ";
	static const char deployed[] =
		"SELECT ledger, target, epoch, journal, commit, tree, chain, (extract(epoch"
		" FROM at) * 1000000)::int8, xmin::text FROM headgate.deployed WHERE ledger = %s; ";
	struct text sql = TEXT_IN(arena);
	struct pg_reply reply;
	struct error *error;

	has_deployed = has_deployed && pg_cell(facts, 1, 0, FACT_READ_DEPLOYED);
	if (ledger->has_table)
		text_printf(&sql, rows, pg_identifier(postgres->pg, arena, ledger->schema),
		            LEDGER_ROWS_MAXIMUM + 1);
	if (has_deployed)
		text_printf(&sql, deployed, pg_literal(postgres->pg, arena, ledger->schema));
	text_add(&sql, "COMMIT");
	error = postgres_look(postgres, arena, "cannot read the ledger", text_get(&sql), NULL, 0,
	                      &reply);
	if (error)
		return error;
	if (ledger->has_table)
		TRY(read_rows(postgres, arena, &reply, ledger));
	if (has_deployed)
		read_deployed(&reply, ledger->has_table ? 1 : 0, ledger);
	return NULL;
}

static struct error *read_rows(struct postgres *postgres, struct arena *arena,
                               const struct pg_reply *reply, struct ledger *ledger)
{
	size_t count = pg_row_count(reply, 0);

	if (count > LEDGER_ROWS_MAXIMUM)
		return FAIL(
			arena, LEDGER_ODD,
			.what = arena_printf(arena, "cannot read the ledger of '%s'",
		                             postgres->where),
			.why = arena_printf(arena, "it has more than %d rows", LEDGER_ROWS_MAXIMUM),
			.hint = "Remove rows of tries that failed long ago from _prisma_migrations.");
	for (size_t i = 0; i < count; i++) {
		*LIST_ADD(arena, ledger) = (struct ledger_row){
			.id = pg_cell(reply, 0, i, 0),
			.checksum = pg_cell(reply, 0, i, 1),
			.name = pg_cell(reply, 0, i, 2),
			.started_us = postgres_number(pg_cell(reply, 0, i, 3)),
			.finished_us = postgres_number(pg_cell(reply, 0, i, 4)),
			.rolled_back_us = postgres_number(pg_cell(reply, 0, i, 5)),
			.steps = postgres_number(pg_cell(reply, 0, i, 6)),
		};
	}
	return NULL;
}

static void read_deployed(const struct pg_reply *reply, size_t result, struct ledger *ledger)
{
	if (!pg_row_count(reply, result))
		return;
	ledger->has_deployed = true;
	ledger->deployed = (struct deployed_row){
		.ledger = pg_cell(reply, result, 0, 0),
		.target = pg_cell(reply, result, 0, 1),
		.epoch = postgres_number(pg_cell(reply, result, 0, 2)),
		.journal = pg_cell(reply, result, 0, 3),
		.commit = pg_cell(reply, result, 0, 4),
		.tree = pg_cell(reply, result, 0, 5),
		.chain = pg_cell(reply, result, 0, 6),
		.at_us = postgres_number(pg_cell(reply, result, 0, 7)),
		.xid = pg_cell(reply, result, 0, 8),
	};
}

enum right { RIGHT_SCHEMA, RIGHT_LEDGER, RIGHT_OWN_SCHEMA, RIGHT_DEPLOYED, RIGHT_LINES };

FALLIBLE postgres_take_fence(struct database *database, const char *schema, const char *target,
                             const char *journal, bool take_over, struct arena *arena,
                             int64_t *ret_epoch)
{
	/*
	 * Divides by zero when the row is another's: then the whole query, with all that it made,
	 * did not happen.
	 */
	static const char take[] =
		"WITH taken AS (INSERT INTO headgate.deployed AS d (ledger, target, epoch,"
		" journal) VALUES (%s, %s, 1, %s) ON CONFLICT (ledger) DO UPDATE SET epoch ="
		" d.epoch + 1, target = excluded.target, journal = excluded.journal,"
		" at = pg_catalog.now() WHERE %s OR (d.target = excluded.target"
		" AND d.journal = excluded.journal) RETURNING epoch) SELECT pg_catalog.max(epoch),"
		" 1 / pg_catalog.count(*) FROM taken; COMMIT";
	struct postgres *postgres = postgres_of(database);
	struct text sql = TEXT_IN(arena);
	const char *quoted, *lines;
	struct pg_reply rights;
	bool is_foreign;

	TRY(look_at_rights(postgres, schema, arena, &rights));
	lines = pg_cell(&rights, 0, 0, RIGHT_LINES);
	if (lines)
		return FAIL(arena, DB_RIGHTS,
		            .what = arena_printf(arena, "cannot keep the books in '%s'",
		                                 postgres->where),
		            .why = "the agent's role lacks rights",
		            .hint = arena_printf(arena, "Let the owner run: %s", lines));
	quoted = pg_identifier(postgres->pg, arena, schema);
	text_add(&sql, "BEGIN; ");
	if (!postgres_true(pg_cell(&rights, 0, 0, RIGHT_SCHEMA)))
		text_printf(&sql, "CREATE SCHEMA %s; ", quoted);
	if (!postgres_true(pg_cell(&rights, 0, 0, RIGHT_LEDGER))) {
		text_printf(&sql, ledger_ddl, quoted);
		text_add(&sql, "; ");
	}
	if (!postgres_true(pg_cell(&rights, 0, 0, RIGHT_OWN_SCHEMA)))
		text_add(&sql, "CREATE SCHEMA headgate; ");
	if (!postgres_true(pg_cell(&rights, 0, 0, RIGHT_DEPLOYED)))
		text_printf(&sql, "%s; ", deployed_ddl);
	text_printf(&sql, take, pg_literal(postgres->pg, arena, schema),
	            pg_literal(postgres->pg, arena, target),
	            pg_literal(postgres->pg, arena, journal), take_over ? "true" : "false");
	TRY(take_row(postgres, text_get(&sql), arena, &is_foreign, ret_epoch));
	return is_foreign ? foreign(postgres, schema, target, arena) : NULL;
}

/*
 * What is there, and as SQL for the owner what we may not do about the rest. Rights on our own
 * tables count one by one: has_table_privilege with a list means any of them.
 */
static struct error *look_at_rights(struct postgres *postgres, const char *schema,
                                    struct arena *arena, struct pg_reply *ret_reply)
{
/* clang-format off */
#define ALL_RIGHTS(table) \
	"(pg_catalog.has_table_privilege(" table \
	", 'SELECT') AND pg_catalog.has_table_privilege(" table ", 'INSERT')" \
	" AND pg_catalog.has_table_privilege(" table ", 'UPDATE'))"
#define SCHEMA_RIGHTS(schema, table) \
	"(pg_catalog.has_schema_privilege(" schema ", 'USAGE') AND (" table " IS NOT NULL" \
	" OR pg_catalog.has_schema_privilege(" schema ", 'CREATE')))"
	static const char look[] =
		"WITH ns AS (SELECT oid, nspname FROM pg_catalog.pg_namespace),"
		" books AS (SELECT"
		" (SELECT oid FROM ns WHERE nspname = $1) AS ls,"
		" (SELECT c.oid FROM pg_catalog.pg_class c JOIN ns ON ns.oid = c.relnamespace"
		" WHERE ns.nspname = $1 AND c.relname = '_prisma_migrations') AS lt,"
		" (SELECT oid FROM ns WHERE nspname = 'headgate') AS hs,"
		" (SELECT c.oid FROM pg_catalog.pg_class c JOIN ns ON ns.oid = c.relnamespace"
		" WHERE ns.nspname = 'headgate' AND c.relname = 'deployed') AS ht,"
		" pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"
		" AS may_create)"
		" SELECT ls IS NOT NULL, lt IS NOT NULL, hs IS NOT NULL, ht IS NOT NULL,"
		" (SELECT pg_catalog.string_agg(pg_catalog.format(line, $1, current_user), ' '"
		" ORDER BY n) FROM (VALUES"
		" (1, ls IS NULL AND NOT may_create,"
		" 'CREATE SCHEMA %1$I AUTHORIZATION %2$I;'),"
		" (2, ls IS NOT NULL AND NOT " SCHEMA_RIGHTS("ls", "lt") ","
		" 'GRANT USAGE, CREATE ON SCHEMA %1$I TO %2$I;'),"
		" (3, lt IS NOT NULL AND NOT " ALL_RIGHTS("lt") ","
		" 'GRANT SELECT, INSERT, UPDATE ON %1$I._prisma_migrations TO %2$I;'),"
		" (4, hs IS NULL AND NOT may_create,"
		" 'CREATE SCHEMA headgate AUTHORIZATION %2$I;'),"
		" (5, hs IS NOT NULL AND NOT " SCHEMA_RIGHTS("hs", "ht") ","
		" 'GRANT USAGE, CREATE ON SCHEMA headgate TO %2$I;'),"
		" (6, ht IS NOT NULL AND NOT " ALL_RIGHTS("ht") ","
		" 'GRANT SELECT, INSERT, UPDATE ON headgate.deployed TO %2$I;')"
		") AS v (n, missing, line) WHERE missing) FROM books";
	/* clang-format on */
	const char *values[] = {schema};

	return postgres_look(postgres, arena, "cannot look at the books", look, values, 1,
	                     ret_reply);
}

static struct error *take_row(struct postgres *postgres, const char *sql, struct arena *arena,
                              bool *ret_foreign, int64_t *ret_epoch)
{
	static const char aim[] = "cannot take the fence";
	const struct pg_query query = {
		.sql = sql, .stop = PG_STOP_WAITS, .keep_rows = true, .deadline_ms = OWN_QUERY_MS};
	struct error *error;
	struct pg_reply reply;

	TRY(postgres_connected(postgres, arena, aim));
	pg_exchange(postgres->pg, &query, arena, &reply);
	if (text_equal(reply.error.sqlstate, "22012") && !reply.lost) {
		postgres_end_transaction(postgres, arena);
		*ret_foreign = true;
		return NULL;
	}
	error = postgres_judge(postgres, arena, aim, &reply);
	postgres_end_transaction(postgres, arena);
	if (error)
		return error;
	*ret_foreign = false;
	*ret_epoch = postgres_number(pg_cell(&reply, reply.count - 2, 0, 0));
	return NULL;
}

static struct error *foreign(struct postgres *postgres, const char *schema, const char *target,
                             struct arena *arena)
{
	const char *values[] = {schema};
	struct pg_reply reply;

	TRY(postgres_look(
		postgres, arena, "cannot read headgate.deployed",
		"SELECT target, journal, pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"
		" HH24:MI') || ' UTC'"
		" FROM headgate.deployed WHERE ledger = $1",
		values, 1, &reply));
	return FAIL(
		arena, JOURNAL_FOREIGN,
		.what = arena_printf(arena, "cannot take '%s' for the target '%s'", postgres->where,
	                             target),
		.why = arena_printf(
			arena,
			"its ledger belongs to the target '%s' of the journal '%s', last written"
			" %s",
			pg_cell(&reply, 0, 0, 0), pg_cell(&reply, 0, 0, 1),
			pg_cell(&reply, 0, 0, 2)),
		.hint = arena_printf(
			arena,
			"Is another agent at work there? When it is gone for good, take the"
			" database over "
			"with: headgate baseline --target %s COMMIT",
			target));
}

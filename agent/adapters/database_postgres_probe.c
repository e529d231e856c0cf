/*
 * What became of a statement that no transaction surrounds: a table of questions to the catalog
 * (R9), and the same row's answer to what must be cleaned up. A reader would get wrong: an index
 * that is not valid may be one that another backend is building right now, and that one is nobody's
 * remnant.
 */
#include "adapters/database_postgres_parts.h"
#include "base/text.h"

/*
 * Another backend builds an index on this table, or drops this index: the lock tells the relation,
 * which the progress view hides from roles that may not see the other's session.
 */
/* clang-format off */
#define OTHERS_LOCK(relation) \
	"EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.granted" \
	" AND l.mode = 'ShareUpdateExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid()" \
	" AND l.relation = " relation " AND l.database = (SELECT oid FROM pg_catalog.pg_database"   \
	" WHERE datname = pg_catalog.current_database())"
#define IS_BUILT(table) \
	OTHERS_LOCK(table) \
	" AND EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.pid = l.pid))"
#define IS_DROPPED(index) OTHERS_LOCK(index) ")"
#define DROP_IT "pg_catalog.format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', n.nspname, c.relname)"
#define DROP_LEFT \
	"pg_catalog.format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', c.nspname, c.relname)"
#define NAMED_INDEX \
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" \
	" LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid" \
	" LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid" \
	" WHERE n.nspname = $1 AND c.relname = $2" \
	" AND ($3::text IS NULL OR $3 <> '') AND ($4::text IS NULL OR $4 <> '')"

/*
 * $1 schema, $2 name, $3 table, $4 detail; each row: what is seen, and the SQL that cleans it up.
 */
static const char created[] =
	"SELECT CASE WHEN i.indexrelid IS NULL THEN 'nothing' WHEN t.relname <> $3 THEN 'unknown'"
	" WHEN i.indisvalid THEN 'done' WHEN " IS_BUILT("i.indrelid") " OR " IS_DROPPED("c.oid")
	" THEN 'running' ELSE 'remnant' END, " DROP_IT NAMED_INDEX;

static const char dropped[] =
	"SELECT CASE WHEN i.indexrelid IS NULL OR i.indisvalid THEN 'nothing' WHEN "
	IS_DROPPED("c.oid") " THEN 'running' ELSE 'remnant' END, " DROP_IT NAMED_INDEX;

/*
 * The usual answers at a quarter of the price, for a planner takes a millisecond over the views of
 * the two questions above: no row, or NULL, means that they must be asked. $1 may be NULL here: the
 * server looks where the session does, and an index is where its table is.
 */
#define NAME(name) "pg_catalog.to_regclass(coalesce(pg_catalog.quote_ident($1) || '.', '')"        \
	" || pg_catalog.quote_ident(" name "))"
static const char created_at_a_glance[] =
	"SELECT CASE WHEN i.indexrelid IS NULL THEN 'nothing' WHEN i.indrelid <> t.oid THEN 'unknown'"
	" WHEN i.indisvalid THEN 'done' END FROM pg_catalog.pg_class t"
	" LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = t.relnamespace AND c.relname = $2"
	" LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid WHERE t.oid = " NAME("$3")
	" AND ($4::text IS NULL OR $4 <> '')";

static const char dropped_at_a_glance[] =
	"SELECT 'nothing' FROM pg_catalog.pg_index i WHERE i.indexrelid = " NAME("$2")
	" AND i.indisvalid AND ($3::text IS NULL OR $3 <> '') AND ($4::text IS NULL OR $4 <> '')";

/*
 * The index named, or all of the table: with its partitions and the tables that hold its large
 * values.
 */
static const char reindexed[] =
	"WITH it AS (SELECT c.oid, c.relkind, i.indrelid, i.indisvalid FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid WHERE n.nspname = $1"
	" AND c.relname = coalesce($2, $3) AND $4::text IS NULL),"
	" tables AS (SELECT coalesce(indrelid, oid) AS oid FROM it UNION SELECT p.relid::oid"
	" FROM it, pg_catalog.pg_partition_tree(coalesce(it.indrelid, it.oid)) p),"
	" all_tables AS (SELECT oid FROM tables UNION SELECT r.reltoastrelid FROM tables t"
	" JOIN pg_catalog.pg_class r ON r.oid = t.oid WHERE r.reltoastrelid <> 0),"
	" remnants AS (SELECT n.nspname, c.relname FROM all_tables a"
	" JOIN pg_catalog.pg_index i ON i.indrelid = a.oid"
	" JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid"
	" AND c.relname ~ '_cc(new|old)[0-9]*$') SELECT CASE WHEN EXISTS (SELECT FROM all_tables a"
	" WHERE " IS_BUILT("a.oid") ") THEN 'running' WHEN c.relname IS NOT NULL THEN 'remnant'"
	" WHEN it.indisvalid = false THEN 'nothing' ELSE 'done' END,"
	" CASE WHEN c.relname IS NOT NULL THEN " DROP_LEFT " END FROM it LEFT JOIN remnants c ON"
	" true";

/*
 * While it waits for those who still use the partition, the other backend holds no lock at all: its
 * words tell.
 */
static const char detached[] =
	"SELECT CASE WHEN h.inhrelid IS NULL THEN 'done'"
	" WHEN NOT h.inhdetachpending THEN 'nothing' WHEN EXISTS (SELECT"
	" FROM pg_catalog.pg_stat_activity a WHERE a.state = 'active'"
	" AND a.pid <> pg_catalog.pg_backend_pid() AND a.datname = pg_catalog.current_database()"
	" AND a.query ~* 'detach[[:space:]]+partition.*concurrently') THEN 'running'"
	" ELSE 'remnant' END, CASE WHEN h.inhrelid IS NOT NULL THEN pg_catalog.format('ALTER"
	" TABLE %I.%I DETACH PARTITION %I.%I FINALIZE', pn.nspname, p.relname, n.nspname,"
	" c.relname) END FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" LEFT JOIN (pg_catalog.pg_inherits h JOIN pg_catalog.pg_class p ON p.oid = h.inhparent"
	" AND p.relname = $3 JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace) ON"
	" h.inhrelid = c.oid WHERE n.nspname = $1 AND c.relname = $2 AND $4::text IS NULL";

static const char labelled[] =
	"SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid"
	" AND e.enumlabel = $4) THEN 'done' ELSE 'nothing' END, NULL FROM pg_catalog.pg_type t"
	" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1"
	" AND t.typname = $2 AND $3::text IS NULL";

/* clang-format on */

/*
 * A NULL question: `otherwise` is all that can be said; it also stands when the question finds
 * nothing of that name.
 */
static const struct question {
	const char *sql;
	enum probe_result otherwise;
	const char *glance; /* asked first; NULL: none */
} questions[] = {
	[STATEMENT_PLAIN] = {NULL, PROBE_UNKNOWN, NULL},
	[STATEMENT_TRANSACTION] = {NULL, PROBE_UNKNOWN, NULL},
	[STATEMENT_CREATE_INDEX_CONCURRENTLY] = {created, PROBE_NOTHING, created_at_a_glance},
	[STATEMENT_DROP_INDEX_CONCURRENTLY] = {dropped, PROBE_DONE, dropped_at_a_glance},
	[STATEMENT_REINDEX_CONCURRENTLY] = {reindexed, PROBE_UNKNOWN, NULL},
	[STATEMENT_DETACH_CONCURRENTLY] = {detached, PROBE_UNKNOWN, NULL},
	[STATEMENT_VACUUM] = {NULL, PROBE_NOTHING, NULL}, /* may be repeated */
	[STATEMENT_ENUM_VALUE] = {labelled, PROBE_UNKNOWN, NULL},
	[STATEMENT_OUTSIDE] = {NULL, PROBE_UNKNOWN, NULL},
	[STATEMENT_FORBIDDEN] = {NULL, PROBE_UNKNOWN, NULL},
	[STATEMENT_COPY_STDIN] = {NULL, PROBE_UNKNOWN, NULL},
};

static struct error *ask(struct postgres *postgres, const struct statement *statement,
                         const char *schema, struct arena *arena, struct pg_reply *ret_reply,
                         enum probe_result *ret_result);
static struct error *find_schema(struct postgres *postgres, const struct statement *statement,
                                 const char *otherwise, struct arena *arena,
                                 const char **ret_schema);
static struct error *remove_remnant(struct postgres *postgres, const char *sql,
                                    struct arena *arena);

FALLIBLE postgres_probe(struct database *database, const struct statement *statement,
                        const char *schema, struct arena *arena, enum probe_result *ret_result)
{
	struct pg_reply reply;

	return ask(postgres_of(database), statement, schema, arena, &reply, ret_result);
}

FALLIBLE postgres_clean_up(struct database *database, const struct statement *statement,
                           const char *schema, struct arena *arena)
{
	struct postgres *postgres = postgres_of(database);
	enum probe_result result;
	struct pg_reply reply = {0};

	TRY(postgres_usual_timeouts(postgres, arena));
	TRY(ask(postgres, statement, schema, arena, &reply, &result));
	for (size_t i = 0; result == PROBE_REMNANT && i < pg_row_count(&reply, 0); i++)
		TRY(remove_remnant(postgres, pg_cell(&reply, 0, i, 1), arena));
	return NULL;
}

static struct error *ask(struct postgres *postgres, const struct statement *statement,
                         const char *schema, struct arena *arena, struct pg_reply *ret_reply,
                         enum probe_result *ret_result)
{
	static const struct {
		const char *word;
		enum probe_result result;
	} words[] = {
		{"done", PROBE_DONE},       {"nothing", PROBE_NOTHING}, {"remnant", PROBE_REMNANT},
		{"running", PROBE_RUNNING}, {"unknown", PROBE_UNKNOWN},
	};
	static const char aim[] = "cannot look what became of a statement";
	const struct question *question = &questions[statement->kind];
	const char *values[] = {statement->schema, statement->name, statement->table,
	                        statement->detail};
	struct pg_reply reply = {0};

	if (!question->sql) {
		*ret_result = question->otherwise;
		return NULL;
	}
	if (!statement->name &&
	    !(statement->kind == STATEMENT_REINDEX_CONCURRENTLY && statement->table)) {
		*ret_result = PROBE_UNKNOWN; /* the server chose the name */
		return NULL;
	}
	if (question->glance)
		TRY(postgres_look(postgres, arena, aim, question->glance, values, 4, &reply));
	if (!pg_cell(&reply, 0, 0, 0)) {
		if (!statement->schema)
			TRY(find_schema(postgres, statement, schema, arena, &values[0]));
		TRY(postgres_look(postgres, arena, aim, question->sql, values, 4, &reply));
	}
	*ret_result = question->otherwise;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (text_equal(pg_cell(&reply, 0, 0, 0), words[i].word))
			*ret_result = words[i].result;
	}
	*ret_reply = reply;
	return NULL;
}

/* As the session itself would look: a file may have set its search_path. An index is where its table is. */
static struct error *find_schema(struct postgres *postgres, const struct statement *statement,
                                 const char *otherwise, struct arena *arena,
                                 const char **ret_schema)
{
	static const char find[] =
		"SELECT coalesce((SELECT n.nspname FROM pg_catalog.pg_class c"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		" WHERE c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident($1))),"
		" (SELECT n.nspname FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
		" WHERE t.oid = pg_catalog.to_regtype(pg_catalog.quote_ident($1))),"
		" pg_catalog.current_schema(), $2)";
	const bool by_table =
		statement->kind == STATEMENT_CREATE_INDEX_CONCURRENTLY && statement->table;
	const char *values[] = {by_table          ? statement->table
	                        : statement->name ? statement->name
	                                          : statement->table,
	                        otherwise};
	struct pg_reply reply;

	TRY(postgres_look(postgres, arena, "cannot look where a statement looks", find, values, 2,
	                  &reply));
	*ret_schema = pg_cell(&reply, 0, 0, 0);
	return NULL;
}

/* Outside of a transaction, and as long as it takes; the session's lock_timeout stays. */
static struct error *remove_remnant(struct postgres *postgres, const char *sql, struct arena *arena)
{
	static const char aim[] = "cannot clean up what a statement left";
	const struct pg_query query = {.sql = sql, .stop = PG_STOP_CANCELS};
	const struct own_query unlimited = {.aim = aim,
	                                    .sql = "SET statement_timeout = 0",
	                                    .stop = PG_STOP_WAITS,
	                                    .deadline_ms = OWN_QUERY_MS};
	struct own_query limited = {.aim = aim, .stop = PG_STOP_WAITS, .deadline_ms = OWN_QUERY_MS};
	struct pg_reply reply, ignored;
	struct blockers blockers;
	const char *words;

	/* This one setting alone: a search_path of the file's own tells where the next probe looks. */
	TRY(postgres_look(postgres, arena, aim,
	                  "SELECT pg_catalog.current_setting('statement_timeout')", NULL, 0,
	                  &reply));
	limited.sql = arena_printf(arena, "SET statement_timeout = %s",
	                           pg_literal(postgres->pg, arena, pg_cell(&reply, 0, 0, 0)));
	TRY(postgres_query(postgres, &unlimited, arena, &ignored));
	postgres_exchange(postgres, &query, postgres->limits.lock_timeout, arena, &reply,
	                  &blockers);
	words = blockers_words(arena, &blockers);
	if (reply.failed && !reply.lost && sqlstate_is_lock(reply.error.sqlstate))
		return FAIL(arena, LOCKS_BUSY,
		            .what = arena_printf(arena, "%s in '%s'", aim, postgres->where),
		            .why = arena_printf(
				    arena, "%s%s%s", words ? words : "", words ? "; " : "",
				    sql_error_public(arena, &reply.error, (struct bytes){0}, 1)),
		            .hint = arena_printf(arena, "The agent tries again by itself. %s",
		                                 blockers_hint(arena, &blockers)));
	TRY(postgres_judge(postgres, arena, aim, &reply));
	return postgres_query(postgres, &limited, arena, &ignored);
}

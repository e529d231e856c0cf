/*
 * Other questions to the catalog: what became of a transaction, which indexes are invalid, what a
 * dump could not read. A reader would get wrong: rights are asked of the server for the role as it
 * is now, never derived from ownership.
 */
#include "adapters/database_postgres_parts.h"
#include "base/text.h"

/*
 * An id of the future belongs to another history (a restore): the server refuses the question, and
 * nobody else knows.
 */
FALLIBLE postgres_transaction_outcome(struct database *database, const char *xid,
                                      struct arena *arena, enum transaction_outcome *ret_outcome)
{
	static const char aim[] = "cannot ask what became of a transaction";
	static const struct {
		const char *word;
		enum transaction_outcome outcome;
	} words[] = {
		{"committed", OUTCOME_COMMITTED},
		{"aborted", OUTCOME_ABORTED},
		{"in progress", OUTCOME_IN_PROGRESS},
	};
	struct postgres *postgres = postgres_of(database);
	const char *values[] = {xid};
	const struct pg_query query = {
		.sql = "SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)",
		.values = values,
		.count = 1,
		.stop = PG_STOP_WAITS,
		.keep_rows = true,
		.deadline_ms = OWN_QUERY_MS,
	};
	enum transaction_outcome outcome = OUTCOME_TOO_OLD; /* NULL is the answer then */
	struct pg_reply reply;

	TRY(postgres_connected(postgres, arena, aim));
	pg_exchange(postgres->pg, &query, arena, &reply);
	if (!reply.lost && text_equal(reply.error.sqlstate, "22023")) {
		*ret_outcome = OUTCOME_UNASSIGNED; /* "in the future" */
		return NULL;
	}
	TRY(postgres_judge(postgres, arena, aim, &reply));
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (text_equal(pg_cell(&reply, 0, 0, 0), words[i].word))
			outcome = words[i].outcome;
	}
	*ret_outcome = outcome;
	return NULL;
}

/*
 * An index ON ONLY a partitioned table is not valid until each partition has its own; that is as it
 * was meant.
 */
FALLIBLE postgres_invalid_indexes(struct database *database, const struct text_list *schemas,
                                  struct arena *arena, struct text_list *ret_names)
{
	static const char look[] =
		"SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_index i"
		" JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid"
		" AND c.relkind = 'i' AND n.nspname = ANY ($1::pg_catalog.text[])"
		" AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l"
		" JOIN pg_catalog.pg_stat_progress_create_index p ON p.pid = l.pid"
		" WHERE l.locktype = 'relation' AND l.relation = i.indrelid"
		" AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted"
		" AND l.database = (SELECT oid FROM pg_catalog.pg_database"
		" WHERE datname = pg_catalog.current_database()))"
		" ORDER BY (n.nspname || '.' || c.relname) COLLATE \"C\"";
	const char *values[] = {postgres_array(arena, schemas)};
	struct text_list names = {0};
	struct pg_reply reply;

	TRY(postgres_look(postgres_of(database), arena, "cannot look for invalid indexes", look,
	                  values, 1, &reply));
	for (size_t i = 0; i < pg_row_count(&reply, 0); i++)
		*LIST_ADD(arena, &names) = pg_cell(&reply, 0, i, 0);
	*ret_names = names;
	return NULL;
}

FALLIBLE postgres_unreadable(struct database *database, const struct text_list *schemas,
                             struct arena *arena, struct text_list *ret_grants)
{
	/*
	 * As pg_dump 15 needs it: each table is locked in ACCESS SHARE and copied, each sequence
	 * and large object read; views and foreign tables are only described. Row security that
	 * applies to the role makes pg_dump fail. Large objects belong to no schema and are dumped
	 * with the whole database only. More than four names of a schema become ALL.
	 */
	static const char unreadable[] =
		"WITH scope AS (SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE"
		" CASE WHEN $1::pg_catalog.text[] IS NULL THEN n.nspname !~ '^pg_'"
		" AND n.nspname <> 'information_schema'"
		" ELSE n.nspname = ANY ($1::pg_catalog.text[]) END),"
		" relations AS (SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity"
		" FROM pg_catalog.pg_class c JOIN scope n ON n.oid = c.relnamespace"
		" WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'"
		" AND (NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
		" WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid"
		" AND d.deptype = 'e') OR EXISTS (SELECT FROM pg_catalog.pg_extension x"
		" WHERE c.oid = ANY (x.extconfig)))),"
		" hidden AS (SELECT nspname, relname, relkind = 'S' AS is_sequence FROM relations"
		" WHERE NOT pg_catalog.has_table_privilege(oid, 'SELECT')),"
		" lines AS (SELECT 1 AS n, nspname AS k,"
		" pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I;', nspname,"
		" current_user) AS line FROM scope WHERE NOT pg_catalog.has_schema_privilege(oid,"
		" 'USAGE') UNION ALL SELECT 2, nspname, pg_catalog.format('GRANT"
		" SELECT ON %s TO %I;', CASE WHEN pg_catalog.count(*) > 4 THEN"
		" pg_catalog.format('ALL %s IN SCHEMA %I', CASE WHEN is_sequence THEN 'SEQUENCES'"
		" ELSE 'TABLES' END, nspname) ELSE CASE WHEN is_sequence THEN 'SEQUENCE '"
		" ELSE 'TABLE ' END || pg_catalog.string_agg(pg_catalog.format('%I.%I', nspname,"
		" relname), ', ' ORDER BY relname) END, current_user) FROM hidden"
		" GROUP BY nspname, is_sequence UNION ALL SELECT 3, NULL,"
		" pg_catalog.format('ALTER ROLE %I BYPASSRLS;', current_user) WHERE EXISTS (SELECT"
		" FROM relations WHERE relkind <> 'S' AND relrowsecurity"
		" AND pg_catalog.row_security_active(oid)) UNION ALL (SELECT 4, NULL,"
		" pg_catalog.format('GRANT SELECT ON LARGE OBJECT %s TO %I;',"
		" pg_catalog.string_agg(oid::pg_catalog.text, ', ' ORDER BY oid), current_user)"
		" FROM (SELECT m.oid FROM pg_catalog.pg_largeobject_metadata m"
		" WHERE $1::pg_catalog.text[] IS NULL AND NOT (SELECT rolsuper"
		" FROM pg_catalog.pg_roles WHERE rolname = current_user)"
		" AND NOT pg_catalog.pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (SELECT"
		" FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT' AND"
		" CASE WHEN a.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(a.grantee,"
		" 'USAGE') END) ORDER BY m.oid LIMIT 1000) o HAVING pg_catalog.count(*) > 0))"
		" SELECT line FROM lines ORDER BY n, k COLLATE \"C\", line COLLATE \"C\"";
	const char *values[] = {schemas ? postgres_array(arena, schemas) : NULL};
	struct text_list grants = {0};
	struct pg_reply reply;

	TRY(postgres_look(postgres_of(database), arena, "cannot look what the role may read",
	                  unreadable, values, 1, &reply));
	for (size_t i = 0; i < pg_row_count(&reply, 0); i++)
		*LIST_ADD(arena, &grants) = pg_cell(&reply, 0, i, 0);
	*ret_grants = grants;
	return NULL;
}

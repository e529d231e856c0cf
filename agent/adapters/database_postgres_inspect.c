/*
 * Can the agent work here? Everything is asked of the catalogs in a few looks, and what is missing is answered as the
 * SQL that mends it. What a reader would get wrong: rights are asked of the server for the role as it is now; who may
 * write is read from the access lists, since a list names the grant to take back and a role's right does not.
 */
#include <string.h>

#include "adapters/database_postgres_parts.h"
#include "base/clock.h"
#include "base/text.h"

static enum session_tls tls_of(const struct postgres *postgres, const struct database_url *url);
static struct error *look_at_session(struct postgres *postgres, struct arena *arena,
                                     struct inspection *inspection);
static struct error *read_notes(struct postgres *postgres, struct arena *arena, const char *aim,
                                const char *sql, const char *const *values, size_t count,
                                struct inspection_notes *notes);

/* What the role lacks for the books, as postgres_take_fence asks for them, and to make things in the target's schemas. */
static const char lacks[] =
	"WITH ns AS (SELECT oid, nspname FROM pg_catalog.pg_namespace),"
	" books AS (SELECT (SELECT oid FROM ns WHERE nspname = $1) AS ls,"
	" (SELECT c.oid FROM pg_catalog.pg_class c JOIN ns ON ns.oid = c.relnamespace"
	" WHERE ns.nspname = $1 AND c.relname = '_prisma_migrations') AS lt,"
	" (SELECT oid FROM ns WHERE nspname = 'headgate') AS hs,"
	" (SELECT c.oid FROM pg_catalog.pg_class c JOIN ns ON ns.oid = c.relnamespace"
	" WHERE ns.nspname = 'headgate' AND c.relname = 'deployed') AS ht,"
	" pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may_make)"
	" SELECT what, sql FROM ("
	" SELECT 1 AS n, 'it may not make the schema ' || $1 AS what,"
	" pg_catalog.format('CREATE SCHEMA %I AUTHORIZATION %I;', $1, current_user) AS sql"
	" FROM books WHERE ls IS NULL AND NOT may_make"
	" UNION ALL SELECT 2, 'it may not use the schema ' || $1 || ' and make things in it',"
	" pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA %I TO %I;', $1, current_user)"
	" FROM books WHERE ls IS NOT NULL AND NOT (pg_catalog.has_schema_privilege(ls, 'USAGE')"
	" AND pg_catalog.has_schema_privilege(ls, 'CREATE'))"
	" UNION ALL SELECT 3, 'it may not read and write ' || $1 || '._prisma_migrations',"
	" pg_catalog.format('GRANT SELECT, INSERT, UPDATE ON %I._prisma_migrations TO %I;', $1,"
	" current_user) FROM books WHERE lt IS NOT NULL AND NOT"
	" (pg_catalog.has_table_privilege(lt, 'SELECT')"
	" AND pg_catalog.has_table_privilege(lt, 'INSERT')"
	" AND pg_catalog.has_table_privilege(lt, 'UPDATE'))"
	" UNION ALL SELECT 4, 'it may not make the schema headgate, where the agent''s own row stands',"
	" pg_catalog.format('CREATE SCHEMA headgate AUTHORIZATION %I;', current_user)"
	" FROM books WHERE hs IS NULL AND NOT may_make"
	" UNION ALL SELECT 5, 'it may not use the schema headgate, which is there',"
	" pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA headgate TO %I;', current_user)"
	" FROM books WHERE hs IS NOT NULL AND NOT (pg_catalog.has_schema_privilege(hs, 'USAGE')"
	" AND (ht IS NOT NULL OR pg_catalog.has_schema_privilege(hs, 'CREATE')))"
	" UNION ALL SELECT 6, 'it may not read and write headgate.deployed',"
	" pg_catalog.format('GRANT SELECT, INSERT, UPDATE ON headgate.deployed TO %I;', current_user)"
	" FROM books WHERE ht IS NOT NULL AND NOT (pg_catalog.has_table_privilege(ht, 'SELECT')"
	" AND pg_catalog.has_table_privilege(ht, 'INSERT')"
	" AND pg_catalog.has_table_privilege(ht, 'UPDATE'))"
	" UNION ALL SELECT 7, 'it may not make things in the schema ' || n.nspname,"
	" pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA %I TO %I;', n.nspname, current_user)"
	" FROM ns n WHERE n.nspname = ANY ($2::pg_catalog.text[]) AND n.nspname <> $1"
	" AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
	" AND pg_catalog.has_schema_privilege(n.oid, 'CREATE'))"
	") AS v ORDER BY n, what COLLATE \"C\"";

/*
 * Without ownership nothing can be altered. Parts of an extension belong to it, and a column's sequence to its table;
 * the ledger needs no owner. Many things of one owner are had by being a member of it, unless it is a superuser.
 */
static const char foreign_things[] =
	"WITH ns AS (SELECT oid, nspname FROM pg_catalog.pg_namespace"
	" WHERE nspname = ANY ($1::pg_catalog.text[])),"
	" foreigners AS (SELECT n.nspname, c.relname AS name, 'TABLE' AS noun, c.relowner AS owner"
	" FROM pg_catalog.pg_class c JOIN ns n ON n.oid = c.relnamespace"
	" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"
	" AND c.relpersistence <> 't' AND c.relname <> '_prisma_migrations'"
	" AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')"
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
	" WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid"
	" AND d.deptype IN ('e', 'a', 'i') AND (d.deptype = 'e' OR c.relkind = 'S'))"
	" UNION ALL SELECT n.nspname, t.typname, 'TYPE', t.typowner"
	" FROM pg_catalog.pg_type t JOIN ns n ON n.oid = t.typnamespace"
	" WHERE t.typtype IN ('e', 'd')"
	" AND NOT pg_catalog.pg_has_role(t.typowner, 'USAGE')"
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
	" WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid"
	" AND d.deptype = 'e')),"
	" owners AS (SELECT f.owner, r.rolname, pg_catalog.count(*) AS things,"
	" (pg_catalog.array_agg(pg_catalog.format('%I.%I', f.nspname, f.name)"
	" ORDER BY f.nspname, f.name))[1] AS first,"
	" CASE WHEN pg_catalog.count(*) > 4 AND NOT r.rolsuper AND r.rolname !~ '^pg_'"
	" THEN pg_catalog.format('GRANT %I TO %I;', r.rolname, current_user)"
	" ELSE pg_catalog.string_agg(pg_catalog.format('ALTER %s %I.%I OWNER TO %I;', f.noun,"
	" f.nspname, f.name, current_user), E'\\n' ORDER BY f.nspname, f.name) END AS sql"
	" FROM foreigners f JOIN pg_catalog.pg_roles r ON r.oid = f.owner GROUP BY 1, 2, r.rolsuper)"
	" SELECT pg_catalog.format('it may not alter %s%s: %s owns %s', first,"
	" CASE WHEN things > 1 THEN ' and ' || (things - 1) || ' more' ELSE '' END, rolname,"
	" CASE WHEN things > 1 THEN 'them' ELSE 'it' END), sql FROM owners"
	" ORDER BY rolname COLLATE \"C\"";

/* Superusers may do everything anyway, and PostgreSQL's own roles are given on purpose. */
static const char others[] =
	"WITH us AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user),"
	" ledger AS (SELECT c.oid, c.relowner AS owner, c.relacl AS acl,"
	" pg_catalog.format('%I._prisma_migrations', n.nspname) AS name FROM pg_catalog.pg_class c"
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE n.nspname = $1 AND c.relname = '_prisma_migrations'),"
	" writers AS (SELECT DISTINCT a.grantee, l.name FROM ledger l,"
	" LATERAL pg_catalog.aclexplode(l.acl) a"
	" WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')"
	" AND a.grantee <> l.owner AND a.grantee <> (SELECT oid FROM us)),"
	" makers AS (SELECT DISTINCT a.grantee, n.nspname FROM pg_catalog.pg_namespace n,"
	" LATERAL pg_catalog.aclexplode(n.nspacl) a WHERE n.nspname = ANY ($2::pg_catalog.text[])"
	" AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner"
	" AND a.grantee <> (SELECT oid FROM us)),"
	" known AS (SELECT oid, rolname, rolsuper OR rolname ~ '^pg_' AS is_above"
	" FROM pg_catalog.pg_roles)"
	" SELECT what, sql FROM ("
	" SELECT 1 AS n, 'every role may write ' || name AS what, pg_catalog.format("
	"'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s FROM PUBLIC;', name) AS sql"
	" FROM writers WHERE grantee = 0"
	" UNION ALL SELECT 2, k.rolname || ' may write ' || w.name, pg_catalog.format("
	"'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s FROM %I;', w.name, k.rolname)"
	" FROM writers w JOIN known k ON k.oid = w.grantee WHERE NOT k.is_above"
	" UNION ALL SELECT 3, k.rolname || ' owns ' || l.name, pg_catalog.format("
	"'ALTER TABLE %s OWNER TO %I;', l.name, current_user)"
	" FROM ledger l JOIN known k ON k.oid = l.owner"
	" WHERE NOT k.is_above AND l.owner <> (SELECT oid FROM us)"
	" UNION ALL SELECT 4, 'every role may make things in the schema ' || nspname,"
	" pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC;', nspname)"
	" FROM makers WHERE grantee = 0"
	" UNION ALL SELECT 5, k.rolname || ' may make things in the schema ' || m.nspname,"
	" pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM %I;', m.nspname, k.rolname)"
	" FROM makers m JOIN known k ON k.oid = m.grantee WHERE NOT k.is_above"
	" UNION ALL SELECT 6, k.rolname || ' is a member of ' || current_user"
	" || ' and may do whatever the agent may',"
	" pg_catalog.format('REVOKE %I FROM %I;', current_user, k.rolname)"
	" FROM pg_catalog.pg_auth_members m JOIN known k ON k.oid = m.member"
	" WHERE m.roleid = (SELECT oid FROM us) AND NOT k.is_above"
	") AS v ORDER BY n, what COLLATE \"C\" LIMIT 50";

/* Others' sessions are seen by those who may; the rest has no state for us. */
static const char lingering[] =
	"SELECT what, sql FROM (SELECT 1 AS n, pg_catalog.format('process %s (%s%s) stands idle in a"
	" transaction for %s min', a.pid, a.usename, COALESCE(', ' || NULLIF(a.application_name, ''),"
	" ''), (extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change) / 60)::pg_catalog.int8)"
	" AS what, pg_catalog.format('SELECT pg_terminate_backend(%s);', a.pid) AS sql"
	" FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database()"
	" AND a.pid <> pg_catalog.pg_backend_pid() AND a.state LIKE 'idle in transaction%'"
	" AND a.state_change < pg_catalog.clock_timestamp() - '1 minute'::pg_catalog.interval"
	" UNION ALL SELECT 2, pg_catalog.format('the prepared transaction %L of %s stands for %s min',"
	" p.gid, p.owner, (extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared) / 60)"
	"::pg_catalog.int8), pg_catalog.format('ROLLBACK PREPARED %L;', p.gid)"
	" FROM pg_catalog.pg_prepared_xacts p WHERE p.database = pg_catalog.current_database()"
	" AND p.prepared < pg_catalog.clock_timestamp() - '1 minute'::pg_catalog.interval"
	") AS v ORDER BY n, what COLLATE \"C\" LIMIT 20";

FALLIBLE postgres_inspect(struct database *database, const char *schema,
                          const struct text_list *schemas, struct arena *arena,
                          struct inspection *ret_inspection)
{
	struct postgres *postgres = postgres_of(database);
	const char *values[] = {schema, postgres_array(arena, schemas)};
	struct inspection inspection = {0};
	struct database_url url;

	TRY(postgres_connected(postgres, arena, "cannot look around"));
	TRY(database_postgres_url(database, arena, &url));
	inspection.tls = tls_of(postgres, &url);
	TRY(look_at_session(postgres, arena, &inspection));
	TRY(read_notes(postgres, arena, "cannot look at the role's rights", lacks, values, 2,
	               &inspection.lacks));
	TRY(read_notes(postgres, arena, "cannot look who owns what", foreign_things, values + 1, 1,
	               &inspection.lacks));
	TRY(read_notes(postgres, arena, "cannot look at the rights of others", others, values, 2,
	               &inspection.others));
	TRY(read_notes(postgres, arena, "cannot look at open transactions", lingering, NULL, 0,
	               &inspection.lingering));
	*ret_inspection = inspection;
	return NULL;
}

/* verify-ca knows who signed and not who it is: that is not yet verified. */
static enum session_tls tls_of(const struct postgres *postgres, const struct database_url *url)
{
	const char *sslmode = NULL;

	for (size_t i = 0; i < url->keywords.count; i++)
		if (text_equal(url->keywords.items[i], "sslmode"))
			sslmode = url->values.items[i];
	if (pg_is_encrypted(postgres->pg))
		return text_equal(sslmode, "verify-full") ? SESSION_VERIFIED : SESSION_ENCRYPTED;
	return url->is_local ? SESSION_LOCAL : SESSION_PLAIN;
}

enum session_cell {
	CELL_PID,
	CELL_SUPER,
	CELL_BYPASS,
	CELL_ROLES,
	CELL_REPLICATION,
	CELL_READ_ONLY,
	CELL_SCHEMA,
	CELL_CLOCK,
	CELL_CLIENTS,
	CELL_CLIENTS_MAXIMUM
};

/* Sessions that only look may be made read only, so what they began with counts. Another process answers than the one that took the connection: that is a pooler, whatever the URL says. */
static struct error *look_at_session(struct postgres *postgres, struct arena *arena,
                                     struct inspection *inspection)
{
	static const char look[] =
		"SELECT pg_catalog.pg_backend_pid(), r.rolsuper, r.rolbypassrls, r.rolcreaterole,"
		" r.rolreplication,"
		" (SELECT reset_val = 'on' FROM pg_catalog.pg_settings"
		" WHERE name = 'default_transaction_read_only'),"
		" pg_catalog.current_schema(),"
		" (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8,"
		" (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity"
		" WHERE backend_type = 'client backend'),"
		" pg_catalog.current_setting('max_connections')::pg_catalog.int8"
		" - pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int8"
		" FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";
	const int64_t before = clock_wall_us();
	struct pg_reply reply;
	int64_t between;

	TRY(postgres_look(postgres, arena, "cannot look at the session", look, NULL, 0, &reply));
	between = before + (clock_wall_us() - before) / 2;
	inspection->is_pooled =
		postgres_number(pg_cell(&reply, 0, 0, CELL_PID)) != pg_backend(postgres->pg);
	inspection->is_superuser = postgres_true(pg_cell(&reply, 0, 0, CELL_SUPER));
	inspection->bypasses_row_security = postgres_true(pg_cell(&reply, 0, 0, CELL_BYPASS));
	inspection->creates_roles = postgres_true(pg_cell(&reply, 0, 0, CELL_ROLES));
	inspection->replicates = postgres_true(pg_cell(&reply, 0, 0, CELL_REPLICATION));
	inspection->is_read_only = postgres_true(pg_cell(&reply, 0, 0, CELL_READ_ONLY));
	inspection->current_schema = pg_cell(&reply, 0, 0, CELL_SCHEMA);
	inspection->clock_ahead_us = postgres_number(pg_cell(&reply, 0, 0, CELL_CLOCK)) - between;
	inspection->connections = postgres_number(pg_cell(&reply, 0, 0, CELL_CLIENTS));
	inspection->connections_maximum =
		postgres_number(pg_cell(&reply, 0, 0, CELL_CLIENTS_MAXIMUM));
	return NULL;
}

static struct error *read_notes(struct postgres *postgres, struct arena *arena, const char *aim,
                                const char *sql, const char *const *values, size_t count,
                                struct inspection_notes *notes)
{
	struct pg_reply reply;

	TRY(postgres_look(postgres, arena, aim, sql, values, count, &reply));
	for (size_t i = 0; i < pg_row_count(&reply, 0); i++)
		*LIST_ADD(arena, notes) = (struct inspection_note){
			.what = pg_cell(&reply, 0, i, 0),
			.sql = pg_cell(&reply, 0, i, 1),
		};
	return NULL;
}

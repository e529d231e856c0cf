/*
 * The fingerprint: what the owned schemas hold, one line per object, in one round trip. What must
 * stay true: the same schema gives the same bytes in another database, after dump and restore, and
 * under any settings of role or session. So no object ids, owners, positions or statistics; names
 * written in full; and every setting that PostgreSQL's own functions print by is set first. Left
 * out by design: grants, partition children, extensions' members and versions. Left out for now:
 * operators, collations, casts, text search.
 */
#include <string.h>

#include "adapters/database_postgres_parts.h"
#include "base/text.h"

/* clang-format off */
#define NO_MEMBER(class, oid)                                                                      \
	" NOT EXISTS (SELECT FROM members m WHERE m.objid = " oid                                  \
	" AND m.classid = 'pg_catalog." class "'::regclass)"

static const char settings[] =
	"BEGIN READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL jit = off;"
	" SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD';"
	" SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1;"
	" SET LOCAL bytea_output = 'hex'; SET LOCAL quote_all_identifiers = off; ";
#define SETTINGS_COUNT 9 /* statements before the one that answers */

/* What is looked at. A relation's indexes, constraints and so on follow it. */
static const char scope[] =
	"WITH ns AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY (";
static const char sources[] =
	"::text[]) AND nspname <> 'headgate' AND nspname !~ '^pg_'"
	" AND nspname <> 'information_schema'),"
	" members AS MATERIALIZED (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'"
	" OR (deptype = 'i' AND classid = 'pg_proc'::regclass)),"
	" rel AS MATERIALIZED (SELECT c.*, format('%I.%I', n.nspname, c.relname) AS id"
	" FROM pg_class c JOIN ns n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v',"
	" 'm', 'S', 'f') AND NOT c.relispartition AND c.relname <> '_prisma_migrations' AND"
	NO_MEMBER("pg_class", "c.oid") "),"
	" idx AS MATERIALIZED (SELECT i.*, format('%I.%I', n.nspname, c.relname) AS id FROM rel r"
	" JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid"
	" JOIN pg_namespace n ON n.oid = c.relnamespace),"
	" con AS MATERIALIZED (SELECT c.*, format('%s.%I', r.id, c.conname) AS id FROM rel r"
	" JOIN pg_constraint c ON c.conrelid = r.oid WHERE c.contype IN ('c', 'f', 'p', 'u',"
	" 'x')),"
	" fun AS MATERIALIZED (SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname,"
	" pg_get_function_identity_arguments(p.oid)) AS id FROM pg_proc p"
	" JOIN ns n ON n.oid = p.pronamespace WHERE" NO_MEMBER("pg_proc", "p.oid") "),"
	" typ AS MATERIALIZED (SELECT t.*, format('%I.%I', n.nspname, t.typname) AS id"
	" FROM pg_type t JOIN ns n ON n.oid = t.typnamespace"
	" LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE (t.typtype IN ('e', 'd', 'r')"
	" OR (t.typtype = 'c' AND c.relkind = 'c') OR (t.typtype = 'b' AND t.typelem = 0)) AND"
	NO_MEMBER("pg_type", "t.oid") "),";

/*
 * One line per object: kind, name, definition. The first row decides the type of the union: were it
 * a name, every definition would be cut to 63 bytes.
 */
static const char *const objects[] = {
	"SELECT 'schema', quote_ident(nspname), ''::text FROM ns",

	"SELECT 'extension', quote_ident(x.extname), n.nspname FROM pg_extension x"
	" JOIN ns n ON n.oid = x.extnamespace",

	"SELECT CASE r.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized-view'"
	" WHEN 'f' THEN 'foreign-table' WHEN 'p' THEN 'partitioned-table' ELSE 'table' END, r.id,"
	" concat_ws(' | ', 'persistence ' || r.relpersistence::text,"
	" CASE WHEN r.relrowsecurity THEN 'row security' END,"
	" CASE WHEN r.relforcerowsecurity THEN 'forced' END, CASE WHEN r.relkind IN ('r', 'p',"
	" 'm') AND r.relreplident <> 'd' THEN 'replica identity ' || r.relreplident::text END,"
	" CASE WHEN a.amname <> 'heap' THEN 'using ' || a.amname END,"
	" (SELECT 'with ' || string_agg(o, ', ' ORDER BY o COLLATE \"C\")"
	" FROM unnest(r.reloptions) o), CASE WHEN r.relkind = 'p' THEN 'partition by ' ||"
	" pg_get_partkeydef(r.oid) END, (SELECT 'inherits ' ||"
	" string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i"
	" WHERE i.inhrelid = r.oid), CASE WHEN r.relkind IN ('v',"
	" 'm') THEN pg_get_viewdef(r.oid) END, (SELECT format('server %I %s', s.srvname,"
	" f.ftoptions) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver"
	" WHERE f.ftrelid = r.oid)) FROM rel r LEFT JOIN pg_am a ON a.oid = r.relam"
	" WHERE r.relkind <> 'S'",

	"SELECT 'column', format('%s.%I', r.id, a.attname), concat_ws(' | ',"
	" format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> t.typcollation THEN"
	" 'collate ' || a.attcollation::regcollation::text END,"
	" CASE WHEN a.attnotnull THEN 'not null' END, 'identity ' || nullif(a.attidentity::text,"
	" ''), 'generated ' || nullif(a.attgenerated::text, ''),"
	" 'default ' || pg_get_expr(d.adbin, d.adrelid),"
	" CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,"
	" 'compression ' || nullif(a.attcompression::text, '')) FROM rel r"
	" JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped"
	" JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid"
	" AND d.adnum = a.attnum WHERE r.relkind <> 'S'",

	"SELECT 'constraint', id, pg_get_constraintdef(oid) || CASE WHEN convalidated THEN ''"
	" ELSE ' | not validated' END FROM con",

	"SELECT 'index', id, pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN ''"
	" ELSE ' | not valid' END || CASE WHEN indisreplident THEN ' | replica identity'"
	" ELSE '' END || CASE WHEN indisclustered THEN ' | clustered' ELSE '' END FROM idx",

	"SELECT 'trigger', format('%s.%I', r.id, t.tgname),"
	" pg_get_triggerdef(t.oid) || ' | ' || t.tgenabled::text FROM rel r"
	" JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal",

	"SELECT 'rule', format('%s.%I', r.id, w.rulename),"
	" pg_get_ruledef(w.oid) || ' | ' || w.ev_enabled::text FROM rel r"
	" JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'",

	"SELECT 'policy', format('%s.%I', r.id, p.polname), concat_ws(' | ', p.polcmd,"
	" CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,"
	" (SELECT 'to ' || string_agg(CASE WHEN x = 0 THEN 'public'"
	" ELSE quote_ident(pg_get_userbyid(x)) END, ', '"
	" ORDER BY pg_get_userbyid(x) COLLATE \"C\") FROM unnest(p.polroles) x),"
	" 'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck,"
	" p.polrelid)) FROM rel r JOIN pg_policy p ON p.polrelid = r.oid",

	"SELECT 'statistics', format('%s.%I', r.id, s.stxname), pg_get_statisticsobjdef(s.oid)"
	" FROM rel r JOIN pg_statistic_ext s ON s.stxrelid = r.oid",

	"SELECT 'sequence', r.id, concat_ws(' | ', format_type(s.seqtypid, NULL),"
	" 'start ' || s.seqstart, 'increment ' || s.seqincrement, 'from ' || s.seqmin,"
	" 'to ' || s.seqmax, 'cache ' || s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END,"
	" (SELECT format('owned by %s.%I', d.refobjid::regclass, a.attname) FROM pg_depend d"
	" JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
	" WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid"
	" AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')),"
	" 'persistence ' || nullif(r.relpersistence::text, 'p')) FROM rel r"
	" JOIN pg_sequence s ON s.seqrelid = r.oid",

	"SELECT 'function', id, CASE WHEN prokind = 'a' THEN (SELECT concat_ws(' | ',"
	" 'aggregate ' || format_type(p.prorettype, NULL), g.aggtransfn::regprocedure,"
	" format_type(g.aggtranstype, NULL), g.aggkind, nullif(g.aggfinalfn::oid,"
	" 0)::regprocedure, nullif(g.aggcombinefn::oid, 0)::regprocedure, nullif(g.aggsortop,"
	" 0)::regoperator, 'initial ' || g.agginitval) FROM pg_aggregate g"
	" WHERE g.aggfnoid = p.oid) ELSE pg_get_functiondef(p.oid) END FROM fun p",

	"SELECT CASE typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite'"
	" WHEN 'r' THEN 'range' ELSE 'type' END, id, CASE typtype"
	" WHEN 'e' THEN (SELECT string_agg(quote_literal(e.enumlabel), ', '"
	" ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)"
	" WHEN 'd' THEN concat_ws(' | ', format_type(typbasetype, typtypmod),"
	" CASE WHEN typnotnull THEN 'not null' END, 'default ' || typdefault,"
	" CASE WHEN typcollation <> (SELECT b.typcollation FROM pg_type b"
	" WHERE b.oid = t.typbasetype) THEN 'collate ' || typcollation::regcollation::text END,"
	" (SELECT string_agg(quote_ident(c.conname) || ' ' || pg_get_constraintdef(c.oid), ', '"
	" ORDER BY c.conname COLLATE \"C\") FROM pg_constraint c WHERE c.contypid = t.oid"
	" AND c.contype = 'c')) WHEN 'c' THEN (SELECT string_agg(quote_ident(a.attname) || ' ' ||"
	" format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) FROM pg_attribute a"
	" WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)"
	" WHEN 'r' THEN (SELECT concat_ws(' | ', format_type(g.rngsubtype, NULL),"
	" nullif(g.rngcollation, 0)::regcollation, nullif(g.rngcanonical::oid, 0)::regproc,"
	" nullif(g.rngsubdiff::oid, 0)::regproc) FROM pg_range g WHERE g.rngtypid = t.oid) END"
	" FROM typ t",

	"SELECT 'comment', c.id, d.description FROM (SELECT 'pg_class'::regclass AS class, oid, id"
	" FROM rel UNION ALL SELECT 'pg_class'::regclass, indexrelid, id FROM idx UNION ALL"
	" SELECT 'pg_constraint'::regclass, oid, 'constraint ' || id FROM con UNION ALL"
	" SELECT 'pg_proc'::regclass, oid, id FROM fun UNION ALL SELECT 'pg_type'::regclass, oid,"
	" 'type ' || id FROM typ) c JOIN pg_description d ON d.classoid = c.class"
	" AND d.objoid = c.oid AND d.objsubid = 0",

	"SELECT 'comment', format('%s.%I', r.id, a.attname), d.description FROM rel r"
	" JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = r.oid"
	" AND d.objsubid > 0 JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid",
};

/*
 * A definition may have lines of its own: a backslash escapes them, so that a line stays an object.
 */
static const char answer[] =
	") SELECT line FROM (SELECT replace(replace(rtrim(kind || ' ' || id || ' ' ||"
	" coalesce(def, '')), E'\\\\', E'\\\\\\\\'), E'\\n', E'\\\\n') AS line FROM obj) o"
	" ORDER BY line COLLATE \"C\"; COMMIT";

/* clang-format on */

FALLIBLE postgres_fingerprint(struct database *database, const struct text_list *schemas,
                              struct arena *arena, struct fingerprint *ret_fingerprint)
{
	static const char aim[] = "cannot take the fingerprint";
	struct postgres *postgres = postgres_of(database);
	struct fingerprint fingerprint;
	struct text sql = TEXT_IN(arena), lines = TEXT_IN(arena);
	struct pg_reply reply;

	TRY(postgres_connected(postgres, arena, aim));
	text_add(&sql, settings);
	text_add(&sql, scope);
	text_add(&sql, pg_literal(postgres->pg, arena, postgres_array(arena, schemas)));
	text_add(&sql, sources);
	for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
		text_printf(&sql, "%s%s", i ? " UNION ALL " : " obj (kind, id, def) AS (",
		            objects[i]);
	text_add(&sql, answer);
	TRY(postgres_look(postgres, arena, aim, text_get(&sql), NULL, 0, &reply));
	fingerprint.objects = pg_row_count(&reply, SETTINGS_COUNT);
	for (size_t i = 0; i < fingerprint.objects; i++) {
		text_add(&lines, pg_cell(&reply, SETTINGS_COUNT, i, 0));
		text_add(&lines, "\n");
	}
	fingerprint.description = text_bytes(&lines);
	sha256_hex(lines.data ? lines.data : "", lines.size, fingerprint.digest);
	*ret_fingerprint = fingerprint;
	return NULL;
}

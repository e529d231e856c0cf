/*
 * Owns the knowledge of libpg_query and of PostgreSQL's parse nodes; no other file includes their headers. Only the
 * top level is looked at: what stands inside a DO, a function body or a rule is somebody else's transaction. The walk
 * never recurses, so a deep expression cannot exhaust the stack.
 */
#include "adapters/parser_pgquery_tree.h"

#include "base/text.h"

/* The order matters: postgres.h comes before every other header of the server. */
/* clang-format off */
#include <pg_query.h>
enum { LIBRARY_GRAMMAR = PG_VERSION_NUM / 10000 };
#undef PG_MAJORVERSION
#undef PG_VERSION
#undef PG_VERSION_NUM
#include <postgres.h>
#include <nodes/parsenodes.h>
#include <pg_query/pg_query_internal.h>
/* clang-format on */

/* The nodes are read through the server's headers: both must be of one major version. */
_Static_assert(PG_VERSION_NUM / 10000 == LIBRARY_GRAMMAR,
               "libpg_query and the server's headers differ");
_Static_assert(LIBRARY_GRAMMAR == 15, "TREE_GRAMMAR names another version");

struct row {
	NodeTag tag;
	enum statement_kind kind;
	const char *verb; /* NULL: the statement's own first words */
	const char *detail;
	void (*refine)(struct arena *arena, const void *node,
	               struct statement *statement); /* may be NULL */
};

static void refine_transaction(struct arena *arena, const void *node, struct statement *statement);
static void refine_set(struct arena *arena, const void *node, struct statement *statement);
static void refine_index(struct arena *arena, const void *node, struct statement *statement);
static void refine_drop(struct arena *arena, const void *node, struct statement *statement);
static void refine_reindex(struct arena *arena, const void *node, struct statement *statement);
static void refine_alter_table(struct arena *arena, const void *node, struct statement *statement);
static void refine_vacuum(struct arena *arena, const void *node, struct statement *statement);
static void refine_cluster(struct arena *arena, const void *node, struct statement *statement);
static void refine_enum(struct arena *arena, const void *node, struct statement *statement);
static void refine_discard(struct arena *arena, const void *node, struct statement *statement);
static void refine_alter_database(struct arena *arena, const void *node,
                                  struct statement *statement);
static void refine_copy(struct arena *arena, const void *node, struct statement *statement);

#define WHOLE_SERVER "it changes the whole server and cannot be rolled back"

/* PostgreSQL's utility.c, calls of PreventInTransactionBlock, and what is never sent. No row: plain. */
/* clang-format off */
static const struct row rows[] = {
	{T_TransactionStmt,        STATEMENT_TRANSACTION, NULL,                NULL, refine_transaction},
	{T_VariableSetStmt,        STATEMENT_PLAIN,       NULL,                NULL, refine_set},
	{T_IndexStmt,              STATEMENT_PLAIN,       NULL,                NULL, refine_index},
	{T_DropStmt,               STATEMENT_PLAIN,       NULL,                NULL, refine_drop},
	{T_ReindexStmt,            STATEMENT_PLAIN,       NULL,                NULL, refine_reindex},
	{T_AlterTableStmt,         STATEMENT_PLAIN,       NULL,                NULL, refine_alter_table},
	{T_VacuumStmt,             STATEMENT_PLAIN,       NULL,                NULL, refine_vacuum},
	{T_ClusterStmt,            STATEMENT_PLAIN,       NULL,                NULL, refine_cluster},
	{T_AlterEnumStmt,          STATEMENT_PLAIN,       NULL,                NULL, refine_enum},
	{T_DiscardStmt,            STATEMENT_PLAIN,       NULL,                NULL, refine_discard},
	{T_CreateSubscriptionStmt, STATEMENT_OUTSIDE,     "CREATE SUBSCRIPTION", NULL, NULL},
	{T_AlterSubscriptionStmt,  STATEMENT_OUTSIDE,     "ALTER SUBSCRIPTION",  NULL, NULL},
	{T_DropSubscriptionStmt,   STATEMENT_OUTSIDE,     "DROP SUBSCRIPTION",   NULL, NULL},
	{T_CopyStmt,               STATEMENT_PLAIN,       NULL,                NULL, refine_copy},
	{T_AlterDatabaseStmt,      STATEMENT_PLAIN,       NULL,                NULL, refine_alter_database},
	{T_CreatedbStmt,           STATEMENT_FORBIDDEN,   "CREATE DATABASE",   WHOLE_SERVER, NULL},
	{T_DropdbStmt,             STATEMENT_FORBIDDEN,   "DROP DATABASE",     WHOLE_SERVER, NULL},
	{T_CreateTableSpaceStmt,   STATEMENT_FORBIDDEN,   "CREATE TABLESPACE", WHOLE_SERVER, NULL},
	{T_DropTableSpaceStmt,     STATEMENT_FORBIDDEN,   "DROP TABLESPACE",   WHOLE_SERVER, NULL},
	{T_AlterSystemStmt,        STATEMENT_FORBIDDEN,   "ALTER SYSTEM",      WHOLE_SERVER, NULL},
	{T_LoadStmt,               STATEMENT_FORBIDDEN,   "LOAD",              "it loads a program library into the server", NULL},
};
/* clang-format on */

static void classify(struct arena *arena, const Node *node, struct statement *statement);
static void name_relation(struct arena *arena, const RangeVar *relation,
                          struct statement *statement);
static void name_list(struct arena *arena, const List *names, struct statement *statement);
static bool is_asked(const List *options, const char *name);
static bool is_true(const Node *value);
static size_t first_token(struct bytes sql, size_t offset, size_t end);
static const char *first_words(struct arena *arena, struct bytes sql, size_t offset, size_t end);
static const char *next_word(struct arena *arena, struct bytes sql, size_t *offset, size_t end);
static bool is_one_of(const char *word, const char *const *words);

bool tree_parse(struct arena *arena, struct bytes sql,
                void (*found)(void *context, const struct statement *statement), void *context,
                struct tree_refusal *ret_refusal)
{
	MemoryContext memory = pg_query_enter_memory_context();
	PgQueryInternalParsetreeAndError result = pg_query_raw_parse(sql.data);
	const ListCell *cell;
	size_t seen = 0; /* the line of this offset is known: a file is walked once */
	int line = 1;

	if (result.error) {
		*ret_refusal = (struct tree_refusal){arena_text(arena, result.error->message),
		                                     result.error->cursorpos};
		pg_query_free_error(result.error);
		free(result.stderr_buffer);
		pg_query_exit_memory_context(memory);
		return false;
	}
	foreach (cell, result.tree) {
		const RawStmt *raw = lfirst(cell);
		struct statement statement = {.start = (size_t)raw->stmt_location};
		size_t end, token;

		end = raw->stmt_len ? statement.start + (size_t)raw->stmt_len : sql.size;
		statement.size = end - statement.start;
		token = first_token(sql, statement.start, end);
		for (; seen < token; seen++)
			line += sql.data[seen] == '\n';
		statement.line = line;
		classify(arena, raw->stmt, &statement);
		if (!statement.verb)
			statement.verb = first_words(arena, sql, token, end);
		found(context, &statement);
	}
	free(result.stderr_buffer);
	pg_query_exit_memory_context(memory);
	return true;
}

static void classify(struct arena *arena, const Node *node, struct statement *statement)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].tag != nodeTag(node))
			continue;
		statement->kind = rows[i].kind;
		statement->verb = rows[i].verb;
		statement->detail = rows[i].detail;
		if (rows[i].refine)
			rows[i].refine(arena, node, statement);
		return;
	}
}

static void refine_transaction(struct arena *arena, const void *node, struct statement *statement)
{
	const TransactionStmt *transaction = node;
	static const char *const verbs[] = {
		[TRANS_STMT_BEGIN] = "BEGIN",
		[TRANS_STMT_START] = "START TRANSACTION",
		[TRANS_STMT_COMMIT] = "COMMIT",
		[TRANS_STMT_ROLLBACK] = "ROLLBACK",
		[TRANS_STMT_SAVEPOINT] = "SAVEPOINT",
		[TRANS_STMT_RELEASE] = "RELEASE SAVEPOINT",
		[TRANS_STMT_ROLLBACK_TO] = "ROLLBACK TO SAVEPOINT",
		[TRANS_STMT_PREPARE] = "PREPARE TRANSACTION",
		[TRANS_STMT_COMMIT_PREPARED] = "COMMIT PREPARED",
		[TRANS_STMT_ROLLBACK_PREPARED] = "ROLLBACK PREPARED",
	};

	statement->verb = verbs[transaction->kind];
	if (transaction->chain)
		statement->verb = arena_printf(arena, "%s AND CHAIN", statement->verb);
	if (transaction->kind == TRANS_STMT_COMMIT_PREPARED ||
	    transaction->kind == TRANS_STMT_ROLLBACK_PREPARED)
		statement->kind = STATEMENT_OUTSIDE;
}

/* SET TRANSACTION must be the first statement of a transaction, so it cannot follow our own. */
static void refine_set(struct arena *arena, const void *node, struct statement *statement)
{
	const VariableSetStmt *set = node;
	static const char *const spelled_out[] = {"TRANSACTION", "TRANSACTION SNAPSHOT",
	                                          "SESSION CHARACTERISTICS", NULL};
	static const char *const variables[] = {"transaction_isolation", "transaction_read_only",
	                                        "transaction_deferrable", NULL};

	if (set->kind == VAR_SET_MULTI && is_one_of(set->name, spelled_out)) {
		statement->kind = STATEMENT_TRANSACTION;
		statement->verb = arena_printf(arena, "SET %s", set->name);
	} else if (set->name && is_one_of(set->name, variables)) {
		statement->kind = STATEMENT_TRANSACTION;
		statement->verb = arena_printf(arena, "SET %s", set->name);
	}
}

static void refine_index(struct arena *arena, const void *node, struct statement *statement)
{
	const IndexStmt *index = node;

	if (!index->concurrent)
		return;
	statement->kind = STATEMENT_CREATE_INDEX_CONCURRENTLY;
	statement->verb = "CREATE INDEX CONCURRENTLY";
	name_relation(arena, index->relation, statement);
	statement->table = statement->name;
	statement->name = arena_text(arena, index->idxname);
	statement->if_exists = index->if_not_exists;
}

static void refine_drop(struct arena *arena, const void *node, struct statement *statement)
{
	const DropStmt *drop = node;

	if (drop->removeType != OBJECT_INDEX || !drop->concurrent)
		return;
	statement->kind = STATEMENT_DROP_INDEX_CONCURRENTLY;
	statement->verb = "DROP INDEX CONCURRENTLY";
	statement->if_exists = drop->missing_ok;
	if (list_length(drop->objects) == 1) /* the server refuses several */
		name_list(arena, linitial(drop->objects), statement);
}

/* REINDEX of a schema or database commits table by table, also without CONCURRENTLY. */
static void refine_reindex(struct arena *arena, const void *node, struct statement *statement)
{
	const ReindexStmt *reindex = node;
	bool is_concurrent = is_asked(reindex->params, "concurrently");

	if (!reindex->relation) {
		statement->kind = STATEMENT_OUTSIDE;
		statement->verb = reindex->kind == REINDEX_OBJECT_SCHEMA     ? "REINDEX SCHEMA"
		                  : reindex->kind == REINDEX_OBJECT_DATABASE ? "REINDEX DATABASE"
		                                                             : "REINDEX SYSTEM";
		return;
	}
	if (!is_concurrent)
		return;
	statement->kind = STATEMENT_REINDEX_CONCURRENTLY;
	statement->verb = "REINDEX CONCURRENTLY";
	name_relation(arena, reindex->relation, statement);
	if (reindex->kind == REINDEX_OBJECT_TABLE) {
		statement->table = statement->name;
		statement->name = NULL;
	}
}

/* DETACH … FINALIZE may run inside a transaction, and is left alone. */
static void refine_alter_table(struct arena *arena, const void *node, struct statement *statement)
{
	const AlterTableStmt *alter = node;
	const ListCell *cell;

	foreach (cell, alter->cmds) {
		const AlterTableCmd *command = lfirst(cell);
		const PartitionCmd *partition = (const PartitionCmd *)command->def;

		if (command->subtype != AT_DetachPartition || !partition->concurrent)
			continue;
		statement->kind = STATEMENT_DETACH_CONCURRENTLY;
		statement->verb = "ALTER TABLE DETACH PARTITION CONCURRENTLY";
		statement->table = arena_text(arena, alter->relation->relname);
		statement->if_exists = alter->missing_ok;
		name_relation(arena, partition->name, statement);
		return;
	}
}

static void refine_vacuum(struct arena *arena, const void *node, struct statement *statement)
{
	const VacuumStmt *vacuum = node;

	(void)arena;
	if (!vacuum->is_vacuumcmd) /* ANALYZE is transactional */
		return;
	statement->kind = STATEMENT_VACUUM;
	statement->verb = "VACUUM";
}

static void refine_cluster(struct arena *arena, const void *node, struct statement *statement)
{
	const ClusterStmt *cluster = node;

	(void)arena;
	if (cluster->relation)
		return;
	statement->kind = STATEMENT_VACUUM;
	statement->verb = "CLUSTER";
}

static void refine_enum(struct arena *arena, const void *node, struct statement *statement)
{
	const AlterEnumStmt *alter = node;

	if (alter->oldVal) /* RENAME VALUE */
		return;
	statement->kind = STATEMENT_ENUM_VALUE;
	statement->verb = "ALTER TYPE ADD VALUE";
	statement->detail = arena_text(arena, alter->newVal);
	statement->if_exists = alter->skipIfNewValExists;
	name_list(arena, alter->typeName, statement);
}

static void refine_discard(struct arena *arena, const void *node, struct statement *statement)
{
	const DiscardStmt *discard = node;

	(void)arena;
	if (discard->target != DISCARD_ALL)
		return;
	statement->kind = STATEMENT_OUTSIDE;
	statement->verb = "DISCARD ALL";
}

static void refine_alter_database(struct arena *arena, const void *node,
                                  struct statement *statement)
{
	const AlterDatabaseStmt *alter = node;
	const ListCell *cell;

	(void)arena;
	foreach (cell, alter->options) {
		const DefElem *option = lfirst(cell);

		if (!text_equal(option->defname, "tablespace"))
			continue;
		statement->kind = STATEMENT_FORBIDDEN;
		statement->verb = "ALTER DATABASE SET TABLESPACE";
		statement->detail = WHOLE_SERVER;
	}
}

static void refine_copy(struct arena *arena, const void *node, struct statement *statement)
{
	const CopyStmt *copy = node;

	(void)arena;
	if (copy->is_program) {
		statement->kind = STATEMENT_FORBIDDEN;
		statement->verb = copy->is_from ? "COPY FROM PROGRAM" : "COPY TO PROGRAM";
		statement->detail = "it runs a program on the server's host";
	} else if (copy->is_from && !copy->filename) {
		statement->kind = STATEMENT_COPY_STDIN;
		statement->verb = "COPY FROM STDIN";
	}
}

static void name_relation(struct arena *arena, const RangeVar *relation,
                          struct statement *statement)
{
	statement->schema = arena_text(arena, relation->schemaname);
	statement->name = arena_text(arena, relation->relname);
}

static void name_list(struct arena *arena, const List *names, struct statement *statement)
{
	int count = list_length(names);

	statement->name = arena_text(arena, strVal(list_nth(names, count - 1)));
	if (count > 1)
		statement->schema = arena_text(arena, strVal(list_nth(names, count - 2)));
}

static bool is_asked(const List *options, const char *name)
{
	bool asked = false;
	const ListCell *cell;

	foreach (cell, options) {
		const DefElem *option = lfirst(cell);

		if (text_equal(option->defname, name))
			asked = is_true(option->arg); /* the last one holds, as on the server */
	}
	return asked;
}

/* What defGetBoolean of the server takes for yes; what it would refuse is a yes here, so that we are careful. */
static bool is_true(const Node *value)
{
	static const char *const no[] = {"false", "off", NULL};

	if (value && nodeTag(value) == T_Integer)
		return intVal(value) != 0;
	return !(value && nodeTag(value) == T_String && is_one_of(strVal(value), no));
}

/* Skips white space and comments (nested, as SQL has them). At most `end`. */
static size_t first_token(struct bytes sql, size_t offset, size_t end)
{
	size_t depth = 0;

	while (offset < end) {
		const char *at = sql.data + offset; /* at[1] is at worst the NUL behind the text */

		if (at[0] == '/' && at[1] == '*') {
			depth++;
			offset += 2;
		} else if (depth && at[0] == '*' && at[1] == '/') {
			depth--;
			offset += 2;
		} else if (depth || strchr(" \t\r\n\f\v", at[0])) {
			offset++;
		} else if (at[0] == '-' && at[1] == '-') {
			while (offset < end && sql.data[offset] != '\n' && sql.data[offset] != '\r')
				offset++;
		} else {
			break;
		}
	}
	return offset < end ? offset : end;
}

/* "INSERT", "CREATE TABLE", "ALTER MATERIALIZED VIEW": for messages only. */
static const char *first_words(struct arena *arena, struct bytes sql, size_t offset, size_t end)
{
	static const char *const with_object[] = {"CREATE",  "ALTER",   "DROP",
	                                          "COMMENT", "REFRESH", NULL};
	static const char *const skipped[] = {
		"OR",       "REPLACE",    "UNIQUE",    "TEMP",    "TEMPORARY",  "GLOBAL", "LOCAL",
		"UNLOGGED", "CONSTRAINT", "RECURSIVE", "TRUSTED", "PROCEDURAL", NULL};
	static const char *const adjectives[] = {"MATERIALIZED", "FOREIGN", "EVENT",   "ACCESS",
	                                         "TEXT",         "USER",    "DEFAULT", NULL};
	const char *verb = next_word(arena, sql, &offset, end), *object;

	if (!is_one_of(verb, with_object))
		return verb[0] ? verb : "statement";
	do
		object = next_word(arena, sql, &offset, end);
	while (is_one_of(object, skipped));
	if (is_one_of(object, adjectives))
		object = arena_printf(arena, "%s %s", object, next_word(arena, sql, &offset, end));
	return object[0] ? arena_printf(arena, "%s %s", verb, object) : verb;
}

/* Upper case; empty when the next token is no word. */
static const char *next_word(struct arena *arena, struct bytes sql, size_t *offset, size_t end)
{
	size_t start = first_token(sql, *offset, end), stop = start;
	char *word;

	while (stop < end && ((sql.data[stop] >= 'A' && sql.data[stop] <= 'Z') ||
	                      (sql.data[stop] >= 'a' && sql.data[stop] <= 'z')))
		stop++;
	*offset = stop;
	word = arena_copy(arena, sql.data + start, stop - start);
	for (char *letter = word; *letter; letter++) {
		if (*letter >= 'a')
			*letter = (char)(*letter - 'a' + 'A');
	}
	return word;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (text_equal(word, *words))
			return true;
	}
	return false;
}

/*
 * Owns the choice between the three ways to send a file (R9). The kinds alone decide, never the text:
 * CONCURRENTLY may stand in a comment and BEGIN in the body of a DO. What can never work is refused here, before
 * anything has touched the target.
 */
#include "model/script.h"

#include "base/text.h"

struct kind_row {
	bool is_outside; /* PostgreSQL refuses it inside a transaction */
	bool is_certain; /* … in every form: OUTSIDE also holds statements that are refused in some forms only */
	bool is_refused; /* never sent */
	bool is_named;   /* its effect is looked for by its name when nobody read its answer */
};

static const struct kind_row kinds[] = {
	[STATEMENT_PLAIN] = {0},
	[STATEMENT_TRANSACTION] = {0},
	[STATEMENT_CREATE_INDEX_CONCURRENTLY] = {.is_outside = true,
                                                 .is_certain = true,
                                                 .is_named = true},
	[STATEMENT_DROP_INDEX_CONCURRENTLY] = {.is_outside = true,
                                               .is_certain = true,
                                               .is_named = true},
	[STATEMENT_REINDEX_CONCURRENTLY] = {.is_outside = true,
                                            .is_certain = true,
                                            .is_named = true},
	[STATEMENT_DETACH_CONCURRENTLY] = {.is_outside = true,
                                           .is_certain = true,
                                           .is_named = true},
	[STATEMENT_VACUUM] = {.is_outside = true, .is_certain = true},
	[STATEMENT_ENUM_VALUE] = {0},
	[STATEMENT_OUTSIDE] = {.is_outside = true},
	[STATEMENT_FORBIDDEN] = {.is_refused = true},
	[STATEMENT_COPY_STDIN] = {.is_refused = true},
};

/* What a statement of transaction control does to the block that later statements stand in. */
static const char *const opening[] = {"BEGIN", "START TRANSACTION"};
static const char *const closing[] = {"COMMIT", "ROLLBACK", "PREPARE TRANSACTION"};

static FALLIBLE refuse_unsendable(struct arena *arena, const char *file,
                                  const struct script *script);
static FALLIBLE refuse_enclosed(struct arena *arena, const char *file, const struct script *script);
static FALLIBLE refuse_adrift(struct arena *arena, const char *file, const struct script *script);
static const struct statement *find_outside(const struct script *script);
static const struct statement *find_control(const struct script *script);
static bool is_one_of(const char *verb, const char *const *words, size_t count);

FALLIBLE script_choose_way(struct arena *arena, const char *file, struct script *script)
{
	const struct statement *outside = find_outside(script);
	const struct statement *control = find_control(script);

	TRY(refuse_unsendable(arena, file, script));
	TRY(refuse_enclosed(arena, file, script));
	if (outside)
		TRY(refuse_adrift(arena, file, script));
	if (outside && control) {
		script->way = WAY_THREE;
		script->why = arena_printf(
			arena,
			"%s (line %d) cannot run inside a transaction; its own %s (line %d) is "
			"sent as a statement like the others",
			outside->verb, outside->line, control->verb, control->line);
	} else if (outside) {
		script->way = WAY_THREE;
		script->why = arena_printf(arena, "%s (line %d) cannot run inside a transaction",
		                           outside->verb, outside->line);
	} else if (control) {
		script->way = WAY_TWO;
		script->why = arena_printf(arena, "holds its own %s (line %d)", control->verb,
		                           control->line);
	} else {
		script->way = WAY_ONE;
		script->why = NULL;
	}
	return NULL;
}

bool statement_may_move_session(const struct statement *statement)
{
	static const char *const verbs[] = {"SELECT", "WITH",  "DO",      "CALL",  "EXECUTE",
	                                    "VALUES", "TABLE", "DISCARD", "FETCH", "ROLLBACK"};

	return is_one_of(statement->verb, verbs, sizeof verbs / sizeof *verbs);
}

const char *way_name(enum way way)
{
	static const char *const names[] = {
		[WAY_ONE] = "one transaction",
		[WAY_TWO] = "its own transactions",
		[WAY_THREE] = "statement by statement",
	};

	if (way < WAY_ONE || way > WAY_THREE)
		BUG("way %d has no name: was script_choose_way called?", (int)way);
	return names[way];
}

int script_line(struct bytes sql, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset && i < sql.size; i++)
		line += sql.data[i] == '\n';
	return line;
}

static FALLIBLE refuse_unsendable(struct arena *arena, const char *file,
                                  const struct script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		const struct statement *statement = &script->items[i];

		if (!kinds[statement->kind].is_refused)
			continue;
		if (statement->kind == STATEMENT_COPY_STDIN)
			return FAIL(
				arena, SQL_REFUSED,
				.what = arena_printf(arena, "'%s' will not be sent", file),
				.why = arena_printf(
					arena,
					"line %d: COPY … FROM STDIN has no data to read in a migration",
					statement->line),
				.hint = "Write the rows as INSERT statements in a new commit.");
		return FAIL(
			arena, SQL_REFUSED,
			.what = arena_printf(arena, "'%s' will not be sent", file),
			.why = arena_printf(
				arena, "line %d: %s: %s", statement->line, statement->verb,
				statement->detail ? statement->detail : "is never sent"),
			.hint = "Take the statement out of the file in a new commit; whoever runs the server does such "
				"work by hand.");
	}
	return NULL;
}

/* BEGIN; CREATE INDEX CONCURRENTLY …; COMMIT; is an error on every server (25001): say so before the backup. */
static FALLIBLE refuse_enclosed(struct arena *arena, const char *file, const struct script *script)
{
	const struct statement *begin = NULL;

	for (size_t i = 0; i < script->count; i++) {
		const struct statement *statement = &script->items[i];

		if (statement->kind == STATEMENT_TRANSACTION) {
			if (is_one_of(statement->verb, opening, sizeof opening / sizeof *opening))
				begin = begin ? begin : statement;
			else if (is_one_of(statement->verb, closing,
			                   sizeof closing / sizeof *closing))
				begin = NULL;
		} else if (begin && kinds[statement->kind].is_certain) {
			return FAIL(
				arena, SQL_REFUSED,
				.what = arena_printf(arena, "'%s' will not be sent", file),
				.why = arena_printf(
					arena,
					"line %d: %s cannot run inside a transaction (25001 "
					"active_sql_transaction), and stands inside the %s of line %d",
					statement->line, statement->verb, begin->verb, begin->line),
				.hint = "Move it out of the transaction, or into a migration of its own, in a new commit.");
		}
	}
	return NULL;
}

static const struct statement *find_outside(const struct script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		if (kinds[script->items[i].kind].is_outside)
			return &script->items[i];
	}
	return NULL;
}

static const struct statement *find_control(const struct script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		if (script->items[i].kind == STATEMENT_TRANSACTION)
			return &script->items[i];
	}
	return NULL;
}

static bool is_one_of(const char *verb, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(verb, words[i]))
			return true;
	}
	return false;
}

/*
 * Sent statement by statement, a file may be gone on with in a new session, where SET and RESET are sent again. What a
 * function did to the search_path of the old one is lost, and then nobody can say where an unqualified name is.
 */
static FALLIBLE refuse_adrift(struct arena *arena, const char *file, const struct script *script)
{
	const struct statement *moved = NULL;
	bool may_break = false; /* between the two a run may be interrupted and gone on with */

	for (size_t i = 0; i < script->count; i++) {
		const struct statement *statement = &script->items[i];
		const bool names_nothing = kinds[statement->kind].is_named && !statement->schema;

		if (moved && (names_nothing || (may_break && statement->kind == STATEMENT_PLAIN)))
			return FAIL(
				arena, SQL_REFUSED,
				.what = arena_printf(arena, "'%s' will not be sent", file),
				.why = arena_printf(
					arena,
					"line %d: the %s of line %d may have changed where %s looks for names, "
					"and a run that is interrupted could not do that again",
					statement->line, moved->verb, moved->line, statement->verb),
				.hint = "Write the schema before the name, or put the statements into migrations of "
					"their own, in a new commit.");
		may_break = may_break || (moved && kinds[statement->kind].is_outside);
		if (!moved && statement_may_move_session(statement))
			moved = statement;
	}
	return NULL;
}

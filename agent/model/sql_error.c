/*
 * What of a server's error may be read by everybody. Decisions start as "no": a message is shown
 * only when its SQLSTATE's class stands in the table and the server gave no CONTEXT, since a
 * function's RAISE can put any value under any code.
 */
#include "model/sql_error.h"

#include <string.h>

#include "base/text.h"

/* Code points in public: of an object's name (two of 63 bytes and a dot), and of a message. */
#define NAME_MAXIMUM 130
#define MESSAGE_MAXIMUM 300

struct condition {
	const char *sqlstate, *name;
};

static const struct condition conditions[] = {
#define SQLSTATE(code, condition) {code, condition},
#include "model/sqlstates.def"
#undef SQLSTATE
};

/* Classes whose messages hold names and not values (R13). */
static const char *const public_classes[] = {"0A", "23", "25", "40", "42", "53", "55", "57"};

static const char *const lock_states[] = {"55P03", "40P01"};
static const char *const transient_states[] = {"08", "57P01", "57P02", "57P03", "53300"};

static const char *object_name(struct arena *arena, const struct sql_error *error);
static bool message_is_public(const struct sql_error *error);
static bool state_in(const char *sqlstate, const char *const *states, size_t count);
static int compare_condition(const void *key, const void *row);

const char *sqlstate_condition(const char *sqlstate)
{
	const struct condition *found = NULL;

	if (sqlstate)
		found = bsearch(sqlstate, conditions, sizeof conditions / sizeof conditions[0],
		                sizeof conditions[0], compare_condition);
	return found ? found->name : "error";
}

const char *sql_error_public(struct arena *arena, const struct sql_error *error, struct bytes sent,
                             int first_line)
{
	struct text text = TEXT_IN(arena);
	const char *object = object_name(arena, error);
	int line = sql_position_line(sent, error->position);

	if (!error->sqlstate)
		return "the connection was lost";
	text_printf(&text, "%s %s", text_clip(arena, error->sqlstate, 5),
	            sqlstate_condition(error->sqlstate));
	if (object)
		text_printf(&text, " on %s", object);
	if (line)
		text_printf(&text, ", line %d", first_line + line - 1);
	if (message_is_public(error))
		text_printf(&text, ": %s", text_clip(arena, error->message, MESSAGE_MAXIMUM));
	return text_get(&text);
}

const char *sql_error_full(struct arena *arena, const struct sql_error *error)
{
	const struct {
		const char *label, *value;
	} rows[] = {
		{"SQLSTATE", error->sqlstate}, {"DETAIL", error->detail},
		{"HINT", error->hint},         {"CONTEXT", error->context},
		{"SCHEMA", error->schema},     {"TABLE", error->table},
		{"COLUMN", error->column},     {"CONSTRAINT", error->constraint},
		{"TYPE", error->type},
	};
	struct text text = TEXT_IN(arena);

	text_printf(&text, "%s: %s\n", error->severity ? error->severity : "ERROR",
	            error->message ? error->message : "no message");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].value)
			text_printf(&text, "%s: %s\n", rows[i].label, rows[i].value);
	}
	if (error->position)
		text_printf(&text, "POSITION: %d\n", error->position);
	return text_get(&text);
}

int sql_position_line(struct bytes sent, int position)
{
	int line = 1, character = 0;

	if (position <= 0)
		return 0;
	for (size_t i = 0; i < sent.size; i++) {
		bool begins = ((unsigned char)sent.data[i] & 0xc0) != 0x80;

		if (begins && ++character == position)
			break;
		if (sent.data[i] == '\n')
			line++;
	}
	return line;
}

bool sqlstate_is_lock(const char *sqlstate)
{
	return state_in(sqlstate, lock_states, sizeof lock_states / sizeof lock_states[0]);
}

bool sqlstate_is_transient(const char *sqlstate)
{
	return state_in(sqlstate, transient_states,
	                sizeof transient_states / sizeof transient_states[0]);
}

/* The narrowest name that the server gave. */
static const char *object_name(struct arena *arena, const struct sql_error *error)
{
	const char *name = error->constraint;

	if (!name && error->table && error->column)
		name = arena_printf(arena, "%s.%s", error->table, error->column);
	if (!name)
		name = error->table ? error->table : error->type ? error->type : error->schema;
	return name ? text_clip(arena, name, NAME_MAXIMUM) : NULL;
}

static bool message_is_public(const struct sql_error *error)
{
	if (!error->message || error->context)
		return false;
	return state_in(error->sqlstate, public_classes,
	                sizeof public_classes / sizeof public_classes[0]);
}

/* A row of five characters is a state, one of two a class. */
static bool state_in(const char *sqlstate, const char *const *states, size_t count)
{
	for (size_t i = 0; sqlstate && i < count; i++) {
		if (text_starts(sqlstate, states[i]))
			return true;
	}
	return false;
}

static int compare_condition(const void *key, const void *row)
{
	return strcmp(key, ((const struct condition *)row)->sqlstate);
}

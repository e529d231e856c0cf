/*
 * A parser that knows nothing of SQL: it answers each text as it was told, and takes every other text for one plain
 * statement (blank text: for none). Stages tested on it see exactly the kinds that the test wrote down.
 */
#pragma once

#include "ports/parser.h"

struct parser_scripted_answer {
	const char *sql; /* the whole text */
	const struct statement *statements;
	size_t count;
	int refused_line; /* with refused_why: a syntax error instead */
	const char *refused_why;
};

struct parser_scripted {
	struct parser base; /* &scripted->base is the parser */
	struct arena *arena;
	struct {
		struct parser_scripted_answer *items;
		size_t count, room;
	} answers;
	size_t calls;    /* of parse */
	size_t failures; /* so many calls from now on fail with ERR_PARSER */
	bool closed;
};

/* Lives in the arena; closing only marks it. */
struct parser_scripted *parser_scripted_new(struct arena *arena);
/* The texts are borrowed. A later answer for the same text holds. */
void parser_scripted_add(struct parser_scripted *scripted,
                         const struct parser_scripted_answer *answer);
/* The whole text is one statement of that kind, on line 1. */
void parser_scripted_kind(struct parser_scripted *scripted, const char *sql,
                          enum statement_kind kind, const char *verb);

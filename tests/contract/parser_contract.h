/*
 * What every parser must do (ports/parser.h), as tests: a table of files with what is in them, and the rules of a
 * batch. An adapter's test fills a subject and returns parser_contract_run from its main.
 */
#pragma once

#include "ports/parser.h"

#define PARSER_CASE_STATEMENTS 6

struct parser_case {
	const char *sentence, *sql;
	struct statement statements
		[PARSER_CASE_STATEMENTS]; /* up to the first without a verb; start and size: see text */
	const char *texts
		[PARSER_CASE_STATEMENTS]; /* how the statement's bytes end; its span is found by it */
	int refused_line;                 /* not 0: a syntax error on this line */
	const char *refused_why;          /* a part of it */
};

const struct parser_case *parser_cases(size_t *ret_count);
/* The span of statement `index` of the case: up to and with the next occurrence of its text. */
struct bytes parser_case_span(const struct parser_case *row, size_t index, size_t *ret_start);

struct parser_subject {
	const char *name;
	void *context;
	struct parser *(*open)(struct parser_subject *subject, struct arena *arena);
};

/* Number of failed tests. */
int parser_contract_run(struct parser_subject *subject);

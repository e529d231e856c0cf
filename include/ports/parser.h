/*
 * SQL text, as PostgreSQL's own parser sees it: split and classify, nothing is executed. Parsing foreign text may
 * crash or exhaust the parser; an adapter keeps that away from the agent (a bounded child process).
 */
#pragma once

#include "model/script.h"

struct parser_file {
	const char *name; /* for messages: "20261124_add/migration.sql" */
	struct bytes sql; /* UTF-8 without NUL (migration_check_text) */
	struct script *
		ret_script; /* set on success: statements in file order, way not yet chosen; else NULL */
	struct error *ret_error; /* ERR_SQL_REFUSED: a syntax error with its line; NULL: parsed */
};

struct parser;

struct parser_ops {
	const char *name;
	/* Parses all files of one batch. Each file has its own outcome; the returned error (ERR_PARSER) means that the
	 * parser itself could not work. A file that crashes the parser is ERR_SQL_REFUSED, "cannot be parsed safely". */
	struct error *(*parse)(struct parser *parser, struct parser_file *files, size_t count,
	                       struct arena *arena);
	void (*close)(struct parser *parser);
};

struct parser {
	const struct parser_ops *ops;
};

static inline FALLIBLE parser_parse(struct parser *parser, struct parser_file *files, size_t count,
                                    struct arena *arena)
{
	return parser->ops->parse(parser, files, count, arena);
}

static inline void parser_close(struct parser *parser)
{
	if (parser)
		parser->ops->close(parser);
}

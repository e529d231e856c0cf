/*
 * The parser of PostgreSQL 15 (libpg_query), run in a bounded child process: SQL from a repository is foreign text.
 */
#pragma once

#include <stdint.h>

#include "ports/parser.h"

#define PARSER_STATEMENTS_MAXIMUM 250000 /* of one file */

struct parser_pgquery_limits {
	uint64_t file_ms; /* for one file, wall clock; 0: 30 s */
};

/* `limits` may be NULL. Lives in the arena, holds nothing outside of it. Never fails today: ERR_PARSER. */
FALLIBLE parser_pgquery_open(struct arena *arena, struct parser **ret_parser);
FALLIBLE parser_pgquery_open_with(struct arena *arena, const struct parser_pgquery_limits *limits,
                                  struct parser **ret_parser);

/*
 * Errors are values (ADR 0001). A function that can fail returns `struct error *`; NULL is success. The value says
 * what the agent should do next (the reaction), which row of errors.def it is (a stable code and an exit status),
 * and three texts: what failed, why, and what a person does next. An error lives in the arena of whoever made it.
 */
#pragma once

#include "base/arena.h"

enum reaction {
	REACT_RETRY,  /* something broke that may heal: try again, with backoff */
	REACT_WAIT,   /* the world is not ready: the next pass looks again */
	REACT_REFUSE, /* the decision is no */
	REACT_HALT,   /* nobody but a person may go on */
};

enum error_code {
#define ERROR(name, code, reaction, exit_status, sentence) ERR_##name,
#include "base/errors.def"
#undef ERROR
	ERR_COUNT
};

struct error_row {
	const char *name; /* "UNSIGNED" */
	const char *code; /* "V002": stable, in statuses, logs and documentation */
	enum reaction reaction;
	int exit_status; /* docs: exit codes */
	const char *sentence;
};

struct error {
	const struct error_row *row;
	const char *
		what; /* lower case, no full stop, subject in quotes: cannot apply '0008_add_index' to 'shop' */
	const char *why;  /* the foreign reason as it was given; NULL when `what` says it all */
	const char *hint; /* a sentence with the next action and the command to type; never NULL */
};

struct error_text {
	const char *what, *why, *hint;
};

const struct error_row *error_rows(void); /* ERR_COUNT rows, in the order of errors.def */
const struct error_row *error_find(const char *code); /* "V002"; NULL when unknown */
const char *reaction_name(enum reaction reaction);    /* "retry", "wait", "refuse", "halt" */

struct error *error_new(struct arena *arena, enum error_code code, const struct error_text *text)
	__attribute__((returns_nonnull, warn_unused_result));

/* Puts a noun in front that the lower floor could not know: "fetch of 'main': …". NULL stays NULL. */
struct error *error_wrap(struct arena *arena, struct error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));
struct error *error_copy(struct arena *arena, const struct error *error)
	__attribute__((warn_unused_result));

/* One line for logs and statuses: "what: why", control characters replaced by spaces. */
const char *error_line(struct arena *arena, const struct error *error);

/* "No space left on device (ENOSPC)": the foreign reason when a system call failed. */
const char *errno_text(struct arena *arena, int number);

/*
 * return FAIL(arena, UNSIGNED, .what = …, .why = …, .hint = …); the three texts may come from arena_printf; they
 * are copied. Without .hint a person is sent to `headgate explain CODE`.
 */
#define FAIL(arena, NAME, ...) error_new((arena), ERR_##NAME, &(struct error_text){__VA_ARGS__})

#define FALLIBLE __attribute__((warn_unused_result)) struct error *

/* The one control-flow macro of the tree: on failure, leave the function with the error. */
#define TRY(expression)                                                                            \
	do {                                                                                       \
		struct error *try_error_ = (expression);                                           \
		if (try_error_)                                                                    \
			return try_error_;                                                         \
	} while (0)

/* Our own mistake: print, abort. The next start resumes from the journal. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
void bug_at(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

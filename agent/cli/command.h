/*
 * Commands are rows: name, sentence, operands, options, needs, function. Help, usage errors and the manual's synopsis
 * are printed from them. Each command lives in a file of its own and exports one row. Private to the cli.
 */
#pragma once

#include "engine/engine.h"

enum exit_status { /* R8; errors carry their own in errors.def */
	           EXIT_DONE = 0,
	           EXIT_DIFFERENCE = 2,
	           EXIT_PERSON = 6,
	           EXIT_USAGE = 64,
};

enum need {
	NEEDS_CONFIG = 1 << 0,
	NEEDS_ONE_TARGET = 1 << 1, /* --target, or the only one that is configured */
};

struct option {
	const char *name;     /* without the dashes; NULL ends a table */
	const char *argument; /* "FILE"; NULL: a switch */
	const char *sentence;
};

#define OPTIONS_MAXIMUM 80 /* as given; an option may be repeated where its row says so */

struct invocation { /* what a person typed, understood */
	struct arena *arena;
	const struct registry *registry;
	const char *program; /* our own executable, absolute */
	const struct command *command;
	struct text_list operands;
	struct {
		const char *name, *value;
	} given[OPTIONS_MAXIMUM];
	size_t given_count;
	bool json; /* --output json */
	struct config config;
	struct engine engine;
	const struct target *target; /* --target, or NULL: all */
};

struct command {
	const char *name, *sentence;
	const char *operands; /* "COMMIT", "[RUN]", NULL: none */
	size_t operands_minimum, operands_maximum;
	unsigned needs;               /* enum need */
	const char *needs_unless;     /* an option with which it needs nothing; NULL: none */
	const struct option *options; /* its own; may be NULL */
	const char *const
		*outputs; /* values of --output beside text and json; ends with NULL; may be NULL */
	/* What the options say together, once each is known; NULL: nothing to check. ERR_USAGE. */
	struct error *(*check)(struct invocation *invocation);
	/* *ret_status starts as EXIT_DONE and counts when no error is returned. */
	struct error *(*perform)(struct invocation *invocation, int *ret_status);
	const char *description; /* a paragraph for --help and the manual */
	const char *example;     /* a line that a person may type as it stands, but for names */
};

extern const struct command cmd_baseline, cmd_doctor, cmd_explain, cmd_history, cmd_init, cmd_keys, cmd_log, cmd_plan,
	cmd_preflight, cmd_reconcile, cmd_resolve, cmd_resume, cmd_retry, cmd_rollback, cmd_run,
	cmd_status, cmd_suspend, cmd_unhold, cmd_verify, cmd_version, cmd_wait, cmd_withdraw;

const struct command *const *commands_all(size_t *ret_count);
const struct command *commands_find(const char *name); /* NULL: none */
const struct option *options_global(void);             /* ends with a row without a name */

/* The value of an option that was given ("" for a switch), or NULL. */
const char *invocation_option(const struct invocation *invocation, const char *name);
/* The targets that the invocation is about: one, or all of the configuration. */
size_t invocation_targets(const struct invocation *invocation, const struct target **ret_first);

/* Configuration, engine and target, for a command that needs them only with some of its words. */
FALLIBLE invocation_load(struct invocation *invocation);
/* The configuration that was named, or the one that is found; it need not be there. */
const char *invocation_config_path(const struct invocation *invocation);

/* Parses the command line. ERR_USAGE. */
FALLIBLE arguments_read(int argc, char **argv, struct invocation *invocation, bool *ret_help);
void help_print(const struct command *command); /* NULL: of the program */

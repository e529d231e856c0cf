/*
 * The pipeline: two tables over one engine. A stage may be repeated, or it can find out what happened (settle); there
 * is no third kind. `headgate explain pipeline` prints these rows, docs/states.md is made from them.
 */
#include "engine/engine.h"

/* clang-format off */
#define LOOKING_STAGES                                                                                                  \
	{                                                                                                               \
		.name = "watch", .ports = PORT_SOURCE | PORT_DATABASE | PORT_JOURNAL, .perform = watch_perform, .looks = true, \
		.does = "fetch the branch, find the steps, read migrations and ledger",                                  \
		.stops_when = "history was rewritten; the database is not the one that was left",                        \
	},                                                                                                              \
	{                                                                                                               \
		.name = "verify", .ports = PORT_SOURCE | PORT_KEYRING | PORT_JOURNAL | PORT_PULLS, .perform = verify_perform, .looks = true, \
		.does = "who vouches for each step; the plan up to the first that stands refused",                       \
		.stops_when = "unsigned, unknown, revoked or expired key; applied migrations edited, renamed, squashed",  \
	},                                                                                                              \
	{                                                                                                               \
		.name = "check", .ports = PORT_SOURCE | PORT_KEYRING | PORT_JOURNAL, .perform = check_perform, .looks = true,            \
		.does = "the checklist; the permission to go back",                                                       \
		.stops_when = "an item is missing; a revert has no down script or does not say how to go back",           \
	},                                                                                                              \
	{                                                                                                               \
		.name = "lint", .ports = PORT_SOURCE | PORT_PARSER | PORT_JOURNAL, .perform = lint_perform, .looks = true, \
		.does = "parse every statement with PostgreSQL's own parser; choose the way to send it",                  \
		.stops_when = "a syntax error; a statement that is never sent; a file that is not one transaction",       \
	},                                                                                                              \
	{                                                                                                               \
		.name = "backup", .ports = PORT_DATABASE | PORT_BACKUP, .perform = backup_perform, .settle = backup_settle, \
		.does = "dump, hashed while it is written, decoded to its end",                                           \
		.stops_when = "out of space, version mismatch, missing rights, tool failure",                             \
	}
#define ENDING_STAGES                                                                                                   \
	{                                                                                                               \
		.name = "confirm", .ports = PORT_DATABASE, .perform = confirm_perform,                                    \
		.does = "rows and checksums, no invalid index, fingerprint kept",                                         \
		.stops_when = "the ledger differs; an index was left invalid",                                            \
	},                                                                                                              \
	{                                                                                                               \
		.name = "report", .ports = PORT_FORGE | PORT_JOURNAL, .perform = report_perform,                          \
		.does = "deliver the outbox",                                                                             \
		.stops_when = "never; what cannot be delivered is tried again",                                           \
	}

static const struct stage deploy[] = {
	LOOKING_STAGES,
	{
		.name = "apply", .ports = PORT_DATABASE | PORT_PARSER | PORT_JOURNAL, .perform = apply_perform, .settle = apply_settle,
		.does = "under Prisma's lock and the fence: each migration with its ledger row",
		.stops_when = "locks cannot be had; an SQL error; another agent was there first",
	},
	ENDING_STAGES,
};

static const struct stage rollback[] = {
	LOOKING_STAGES,
	{
		.name = "revert", .ports = PORT_DATABASE | PORT_PARSER | PORT_JOURNAL, .perform = revert_perform, .settle = apply_settle,
		.does = "under Prisma's lock and the fence: each archived down script, newest first, with its ledger row",
		.stops_when = "locks cannot be had; an SQL error; another agent was there first",
	},
	ENDING_STAGES,
};
/* clang-format on */

const struct stage *engine_deploy_stages(size_t *ret_count)
{
	*ret_count = sizeof deploy / sizeof *deploy;
	return deploy;
}

const struct stage *engine_rollback_stages(size_t *ret_count)
{
	*ret_count = sizeof rollback / sizeof *rollback;
	return rollback;
}

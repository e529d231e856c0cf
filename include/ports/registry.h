/*
 * The registry of constructors: which adapter stands behind which port. main.c owns the only one; nothing below it
 * knows an adapter's name. What an opener returns is closed by the port's own close and lives in the arena given.
 */
#pragma once

#include "base/node.h"
#include "model/target.h"
#include "ports/backup.h"
#include "ports/database.h"
#include "ports/forge.h"
#include "ports/journal.h"
#include "ports/key_files.h"
#include "ports/keyring.h"
#include "ports/parser.h"
#include "ports/source.h"

struct forge_row {
	const char *name; /* as in a target's `forges` */
	struct error *(*open)(struct arena *arena, const struct config *config,
	                      const struct target *target, struct forge **ret_forge);
};

struct registry {
	/* YAML bytes to a tree. ERR_CONFIG with line and column; `path` is for the message. */
	struct error *(*read_yaml)(struct arena *arena, const char *path, struct bytes yaml,
	                           struct node **ret_node);
	struct error *(*open_journal)(struct arena *arena, const struct config *config,
	                              bool read_only, struct journal **ret_journal);
	struct error *(*open_source)(struct arena *arena, const struct config *config,
	                             struct source **ret_source);
	/* The repository that the folder `path` lies in, as it is: nothing is fetched, and no configuration is needed.
	 * ERR_GIT_CHECKOUT; later also ERR_GIT_SHALLOW, where a clone was cut off. */
	struct error *(*open_checkout)(struct arena *arena, const char *path,
	                               struct source **ret_source);
	/* The mirror as the last pass left it: nothing is asked of the remote. ERR_UNKNOWN_COMMIT: there is none yet. */
	struct error *(*open_mirror)(struct arena *arena, const struct config *config,
	                             struct source **ret_source);
	struct error *(*open_keyring)(struct arena *arena, const struct config *config,
	                              struct keyring **ret_keyring);
	const struct key_files *key_files; /* without a state of its own */
	const struct openpgp_files *openpgp_files; /* likewise */
	/* *ret_schema: the schema of the ledger, from the database URL. */
	struct error *(*open_database)(struct arena *arena, const struct config *config,
	                               const struct target *target, struct database **ret_database,
	                               const char **ret_schema);
	struct error *(*open_parser)(struct arena *arena, struct parser **ret_parser);
	/* `journal`: its identity; backups of another journal's runs are not ours. */
	struct error *(*open_backup)(struct arena *arena, const struct config *config,
	                             const struct target *target, const char *journal,
	                             struct backup **ret_backup);
	const struct forge_row *forges; /* ends with a row without a name */
};

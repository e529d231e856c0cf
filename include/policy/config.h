/* The configuration: one YAML file for the repository, the keys and all targets; the policies that targets name. */
#pragma once

#include "base/decode.h"
#include "model/target.h"

/* The tables: `headgate explain config` and headgate.yaml(5) are made from them. */
const struct field *config_fields(size_t *ret_count);
const struct field *target_fields(size_t *ret_count);

struct config_variable { /* an environment variable that overrides what is neither trust, policy, mode nor identity */
	const char *name;  /* "HEADGATE_STATE" */
	const char *field; /* "state" */
};
const struct config_variable *config_variables(size_t *ret_count);

typedef struct error *config_reader(struct arena *arena, const char *path, struct bytes bytes,
                                    struct node **ret_node);

/*
 * Reads the configuration and every policy it names. Paths are relative to the configuration's folder. Errors:
 * ERR_CONFIG_MISSING, ERR_CONFIG, ERR_FILE_RIGHTS (a file that others may write).
 */
FALLIBLE config_load(struct arena *arena, const char *path, config_reader *reader,
                     struct config *ret_config);

/* What is allowed on a target: one YAML file per environment, decoded by a table of fields. */
#pragma once

#include "base/decode.h"
#include "model/target.h"

/* The table: `headgate explain policy`, headgate-policy(5) and the decoder are made from it. */
const struct field *policy_fields(size_t *ret_count);
/* ERR_CONFIG names file, line and what to write. A policy has no default for `trust`: it must be written out. */
FALLIBLE policy_decode(struct arena *arena, const struct document *document, const struct node *map,
                       struct policy *ret_policy);

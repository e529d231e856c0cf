/*
 * YAML (1.2, by libfyaml) to a neutral tree with lines. Configuration and policies are plain: one document; anchors,
 * aliases, tags and merge keys are refused, and so is a key that stands twice.
 */
#pragma once

#include "base/node.h"

#define YAML_MAXIMUM (1024 * 1024) /* bytes */
#define YAML_DEPTH_MAXIMUM 32

/* Every scalar becomes NODE_TEXT as it was written, a value that is left out NODE_NULL; an empty document is an empty map.
 * A value has its key's line. ERR_CONFIG: what and line. */
FALLIBLE yaml_read(struct arena *arena, const char *path, struct bytes yaml,
                   struct node **ret_node);

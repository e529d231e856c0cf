/* What the holder of a key may do where, for `headgate keys list`. */
#pragma once

#include "base/node.h"
#include "base/text.h"
#include "model/target.h"

/* A line for each target whose policy asks for signatures: "shop: deploy, rollback (release, only *_billing)". */
void key_roles_lines(struct arena *arena, const struct config *config, const char *principal,
                     struct text_list *ret_lines);
struct node *key_roles_node(struct arena *arena, const struct config *config,
                            const char *principal);

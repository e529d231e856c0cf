/* How a pass ended, for people and as JSON. Private to the cli. */
#pragma once

#include "cli/command.h"

/* One line, and the notes under it. `error`: what the pass returned, or NULL. */
void pass_print(struct invocation *invocation, const struct pass *pass, const struct error *error);
struct node *pass_node(struct invocation *invocation, const struct pass *pass,
                       const struct error *error);

/* Who may do what on a target, in words. Private to the cli. */
#pragma once

#include "cli/command.h"

/* For the target that was named, or for all: how its policy trusts, the people of the keyring, what passes and what not. */
struct error *explain_trust(struct invocation *invocation);

/*
 * Two keyrings as one: each signature goes to the keyring of its kind. Keys and digest are those of both, so that one
 * that cannot be read refuses everything.
 */
#pragma once

#include "ports/keyring.h"

/* Takes both keyrings over and closes them. The keyring lives in the arena. */
struct keyring *keyring_by_format(struct arena *arena, struct keyring *ssh,
                                  struct keyring *openpgp);

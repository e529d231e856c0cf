/*
 * The file with the private key that the agent shows to a forge. It is only looked at here, so that what could never
 * work is said before a connection is tried; ssh(1) reads it.
 */
#pragma once

#include "base/error.h"

/*
 * ERR_GIT_AUTH: it holds no private key, one with a passphrase, or one that needs a person's touch. ERR_FILE and
 * ERR_FILE_RIGHTS as file_read_secret has them.
 */
FALLIBLE ssh_key_file_check(struct arena *arena, const char *path);

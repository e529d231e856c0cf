/* Keyring files of SSH keys: allowed_signers, lists of revoked keys, .pub files, and what GitHub publishes of a user. */
#pragma once

#include "ports/key_files.h"

extern const struct key_files key_files_ssh;

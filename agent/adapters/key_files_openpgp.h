/* A person's OpenPGP keys for the keyring's folder, before they are written there. */
#pragma once

#include "ports/key_files.h"

extern const struct openpgp_files key_files_openpgp;

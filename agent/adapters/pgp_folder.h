/*
 * The folder of OpenPGP keys: one file PRINCIPAL.asc a person, in ASCII armor. Read strictly, like allowed_signers: what
 * is not understood refuses the whole folder, by file and line. Or one file alone: PRINCIPAL.asc, or, when its name has
 * no '@', the keys of several persons, who are then called as the e-mail addresses of their keys say.
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define PGP_FILE_MAXIMUM (1024 * 1024) /* bytes */
#define PGP_FILES_MAXIMUM 1000

struct pgp_file {
	const char *path;
	const char *principal;  /* NULL: as each key says */
	struct bytes armor;     /* its armored blocks, and nothing else */
	struct text_list named; /* fingerprints that it states, 40 upper-case hex digits */
};

struct pgp_files { /* by name */
	struct pgp_file *items;
	size_t count, room;
};

/*
 * Folder and files must be ours or root's, and nobody else may write them. Names that begin with a dot are passed over;
 * links are followed. *ret_digest: SHA-256 over names and contents. ERR_KEYRING.
 *
 * Beside the armor a file may hold blank lines, comments (#) and lines "fingerprint: " with 40 hex digits, spaces
 * allowed. A file with more than one primary key must state each; one that states any holds exactly these.
 */
FALLIBLE pgp_folder_read(struct arena *arena, const char *folder, struct pgp_files *ret_files,
                         const char **ret_digest);

/* A person's name, as it may stand before .asc. */
bool pgp_principal_is_name(const char *principal);
/* The content of one file, whatever it is called. ERR_KEYRING; `path` is for messages, principal may be NULL. */
FALLIBLE pgp_file_parse(struct arena *arena, const char *path, const char *principal,
                        struct bytes bytes, struct pgp_file *ret_file);

/* ERR_KEYRING: what is wrong with this file. */
FALLIBLE pgp_file_refused(struct arena *arena, const char *path, const char *why, const char *hint);

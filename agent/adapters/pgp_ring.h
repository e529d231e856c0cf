/*
 * The keys of a folder (pgp_folder.h) in a private home of gpg, and whose they are.
 */
#pragma once

#include "adapters/gpg.h"
#include "adapters/pgp_folder.h"
#include "base/cleanup.h"
#include "ports/keyring.h"

struct pgp_home {
	const char *path; /* NULL: none */
	int lock;         /* held as long as the home is in use; -1: none */
};

struct pgp_key { /* a primary key or a subkey */
	const char *principal;
	const char *file;
	struct gpg_key key;
};

struct pgp_keys { /* each primary key before its subkeys */
	struct pgp_key *items;
	size_t count, room;
};

struct pgp_ring {
	const char *digest; /* the maker's own: of the files that it was made of */
	struct pgp_home home;
	struct gpg *gpg;
	struct pgp_keys keys;
};

#define PGP_RING_NONE ((struct pgp_ring){.home.lock = -1})

/*
 * `keep`: the arena of what the ring holds. `scratch`: a private folder. ERR_KEYRING names the file: no key in it, a private
 * key, several primary keys that it does not state, a key that stands in another file, too; also errors of gpg.h.
 */
FALLIBLE pgp_ring_make(struct arena *keep, const char *program, const char *scratch,
                       const struct pgp_files *files, struct arena *arena,
                       struct pgp_ring *ret_ring);
void pgp_ring_cleanup(struct pgp_ring *ring); /* removes the home; of none nothing */
#define AUTO_PGP_RING CLEANUP(pgp_ring_cleanup) struct pgp_ring

/* A row for each primary key: valid as long as one of its keys may sign; INT64_MIN when none does. */
struct keyring_keys pgp_ring_list(const struct pgp_ring *ring, struct arena *arena);

/* Removes homes that a killed process left there: old, and in nobody's use. */
void pgp_ring_sweep(const char *scratch, struct arena *arena);

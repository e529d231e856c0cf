/*
 * OpenPGP keys and signatures by the real gpg, in the scratch folder of an SSH world. Nothing of the developer's own
 * gpg is read.
 */
#pragma once

#include "contract/ssh_world.h"

#define GPG(world, input, ...)                                                                     \
	pgp_world_run((world), (const char *const[]){__VA_ARGS__, NULL}, (input))

void pgp_world_begin(struct ssh_world *world, struct arena *arena); /* begins the SSH world, too */
void pgp_world_end(struct ssh_world *world);                        /* and ends it */

/* What gpg printed, with the world's own home; it must end with 0. At most 20 arguments. */
struct bytes pgp_world_run(struct ssh_world *world, const char *const *arguments,
                           struct bytes input);
/*
 * The fingerprint of a new key for signing, without a passphrase. algorithm: "ed25519", "rsa3072", …; created:
 * "20200101T000000", in UTC; expires: the same, or "never".
 */
const char *pgp_world_key(struct ssh_world *world, const char *person, const char *algorithm,
                          const char *created, const char *expires);
/* A new subkey for signing; its fingerprint. */
const char *pgp_world_subkey(struct ssh_world *world, const char *primary, const char *algorithm,
                             const char *created, const char *expires);
const char *pgp_world_public(struct ssh_world *world,
                             const char *fingerprint); /* the armored key */
/* The same, revoked. */
const char *pgp_world_revoked(struct ssh_world *world, const char *fingerprint);
/* The commit object over `payload`, signed by exactly that key, at that time ("20200101T000000"; NULL: now). */
struct commit pgp_world_signed(struct ssh_world *world, const char *key, const char *when,
                               struct bytes payload);

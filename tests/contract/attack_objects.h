/*
 * Commit objects as an attacker would make them: real signatures by git, ssh-keygen, gpg and openssl around bytes that
 * git's own porcelain does not write. Each function returns the object's content; nothing is stored yet.
 */
#pragma once

#include "contract/pgp_world.h"

struct attack_keys { /* OpenPGP fingerprints, made once: keys are dear */
	const char *ada, *eve;
};

/* SSH keys "ed25519" (ada), "second" (ada, too), "eve", "rsa1024", "rsa2048", a CA and its certificates. */
void attack_world_begin(struct ssh_world *world, struct arena *arena, struct attack_keys *ret_keys);

/* An unsigned commit: "Add a table" by ada, on a root commit. */
struct bytes attack_plain(struct ssh_world *world);
/* The same, with one part of it replaced by another text; the part must be there once. */
struct bytes attack_replace(struct ssh_world *world, struct bytes raw, const char *part,
                            const char *other);
struct bytes attack_bytes(struct ssh_world *world, const char *text);
/* Signed for git by that SSH key. */
struct bytes attack_ssh(struct ssh_world *world, const char *key, struct bytes payload);
/* Signed by gpg with these arguments besides the key. NULL: none. */
struct bytes attack_gpg(struct ssh_world *world, const char *key, const char *option,
                        const char *value, const char *command, struct bytes payload);

/* SSHSIG armors that ssh-keygen does not make. */
struct bytes attack_rsa_sha1(struct ssh_world *world, struct bytes payload); /* by rsa2048 */
/* By a software ed25519-sk key; its public line goes to sk.pub. flags 1: touched. */
struct bytes attack_sk(struct ssh_world *world, unsigned char flags, struct bytes payload);
/* The same with a certificate of the key, for ada by the CA. */
struct bytes attack_sk_certified(struct ssh_world *world, unsigned char flags,
                                 struct bytes payload);
/* Signed by a certificate's key, and then another text of the same length in the certificate itself. */
struct bytes attack_certificate(struct ssh_world *world, const char *name, const char *part,
                                const char *other);
struct bytes attack_key_type(struct ssh_world *world,
                             const char *type); /* of a type nobody knows */

/* The id of the object in the world's repository, as `git hash-object --literally` stores it. */
const char *attack_store(struct ssh_world *world, struct bytes raw);
/* Does `git verify-commit` accept it, by the files allowed_signers and (when it is there) revoked? */
bool attack_git_accepts(struct ssh_world *world, const char *id, const char *gpg_home);

/*
 * A scratch folder with SSH keys and a git repository, made by the real ssh-keygen and git: signatures in tests are
 * those that people make. A failing tool fails the test.
 */
#pragma once

#include "model/commit.h"

struct ssh_world {
	struct arena *arena;
	const char *folder;
	unsigned files;
};

/* Makes the folder and an empty repository in it. */
void ssh_world_begin(struct ssh_world *world, struct arena *arena);
void ssh_world_end(struct ssh_world *world); /* removes the folder */

const char *ssh_world_path(struct ssh_world *world, const char *name);
void ssh_world_write(struct ssh_world *world, const char *name, const char *text); /* mode 0644 */
/* What a program printed; it must end with 0. Arguments end with NULL. */
struct bytes ssh_world_run(struct ssh_world *world, const char *program,
                           const char *const *arguments, struct bytes input);

/* ssh-keygen -t type [-b bits]; the key has no passphrase and is named `name`. */
void ssh_world_key(struct ssh_world *world, const char *name, const char *type, const char *bits);
/* ssh-keygen -s: the key's certificate, which signs when it is given as NAME-cert.pub. Arguments (-n, -V …) end with NULL. */
void ssh_world_certify(struct ssh_world *world, const char *authority, const char *name,
                       const char *const *arguments);
/* "ssh-ed25519 AAAA…", without the comment. */
const char *ssh_world_public(struct ssh_world *world, const char *name);
/* The raw bytes of a new commit on the repository's branch. key NULL: unsigned. */
struct bytes ssh_world_commit(struct ssh_world *world, const char *key, const char *message);
/* The armor of `ssh-keygen -Y sign` over the bytes. */
struct bytes ssh_world_sign(struct ssh_world *world, const char *key, const char *name_space,
                            const char *hash, struct bytes payload);
/* The commit object that carries the armor as its signature. */
struct bytes ssh_world_with_signature(struct ssh_world *world, struct bytes payload,
                                      struct bytes armor);
struct commit ssh_world_parse(struct ssh_world *world, struct bytes raw);

/*
 * The conversation with a repository over ssh: the program ssh(1), started for one of git's services, as a pair of
 * pipes. Nothing of the user's takes part: no configuration, no agent, no other keys, no other known hosts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "adapters/git_address.h"

#define GIT_SSH_CONNECT_S 20 /* from the first packet to the end of the key exchange */

struct git_ssh_keys {            /* both needed; borrowed. Read again at each connection */
	const char *key_file;    /* the private key, without a passphrase */
	const char *known_hosts; /* the pinned host keys */
	const char *setting;     /* of key_file, for messages: "repository.ssh_key_file" */
};

struct git_ssh;

enum git_ssh_moved {
	GIT_SSH_MOVED, /* something was read or written */
	GIT_SSH_QUIET, /* nothing in that time, or a signal came */
	GIT_SSH_ENDED  /* the program has ended, or takes no more */
};

/* Are both files named? ERR_GIT_HOST_KEY says how to pin a host; ERR_CONFIG without a key. Reads nothing. */
FALLIBLE git_ssh_check(struct arena *arena, const struct git_address *address,
                       const struct git_ssh_keys *keys);
/*
 * Looks at both files and writes the pins for ssh into `folder`, which is private to the agent. ERR_GIT_HOST_KEY: the
 * host is not pinned. ERR_GIT_AUTH: the key cannot be used. Nothing is started; the result lives in the arena.
 */
FALLIBLE git_ssh_prepare(struct arena *arena, const struct git_address *address,
                         const struct git_ssh_keys *keys, const char *folder,
                         struct git_ssh **ret_ssh);
/* `service` is "git-upload-pack" or "git-receive-pack". End it with git_ssh_end. */
FALLIBLE git_ssh_start(struct git_ssh *ssh, const char *service);
enum git_ssh_moved git_ssh_read(struct git_ssh *ssh, void *buffer, size_t room, uint64_t wait_ms,
                                size_t *ret_size);
enum git_ssh_moved git_ssh_write(struct git_ssh *ssh, const void *data, size_t size,
                                 uint64_t wait_ms, size_t *ret_size);
/* May be repeated. */
void git_ssh_end(struct git_ssh *ssh);
/*
 * Why the conversation broke off, as the program or the other side said; NULL when it did not break off by itself.
 * ERR_GIT_HOST_KEY, ERR_GIT_AUTH, ERR_GIT_UNREACHABLE.
 */
FALLIBLE git_ssh_failure(const struct git_ssh *ssh, struct arena *arena, const char *what);

/*
 * libgit2's way to an ssh remote: its side of the conversation that git_ssh.h holds with the program. Only git.c, which
 * speaks with libgit2 otherwise, uses it.
 */
#pragma once

#include "adapters/git_patience.h"
#include "adapters/git_ssh.h"

struct git_transport; /* libgit2's */
struct git_remote;

struct git_road; /* in the arena it was made in; must outlive the remote */

/* `look` is asked twice a second while nothing comes: 0, or libgit2's code with which to end. All is borrowed. */
struct git_road *git_road_new(struct arena *arena, struct git_ssh *ssh,
                              struct git_patience *patience, int (*look)(void *context),
                              void *context);
/* For git_remote_callbacks.transport; libgit2's codes. */
int git_road_make(struct git_road *road, struct git_transport **ret_transport,
                  struct git_remote *remote);
/* An error of our own that ended it; NULL: none. */
struct error *git_road_error(const struct git_road *road);

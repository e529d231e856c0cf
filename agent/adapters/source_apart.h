/*
 * ports/source.h with the remote and the objects in a process of their own. What a stranger wrote is taken from the
 * network and unpacked there, without a database's URL or password in memory or environment, and within limits; so it
 * can at worst end that process, and the error says which limit did. What a reader would get wrong: the child decides
 * nothing. It hands over raw objects; each is hashed here again and compared with its id, and the rules for names, folders
 * and histories (git_objects.h) run here.
 *
 * The child is this program once more (/proc/self/exe with the argument below): executed, not forked, so that it inherits
 * no memory. It hears on standard input and answers on standard output (source_wire.h); the token comes that way too. It
 * starts when the source is opened, and ends with it.
 *
 * Beyond the errors of source_git: ERR_GIT_APART: the child gave no answer, or one that is not to be used; it is ended, and
 * the next call starts another, APART_STARTS_MAXIMUM in all. ERR_GIT_LIMIT: a limit below ended it. ERR_STOPPED: a stop was
 * asked for while it talked with the remote.
 */
#pragma once

#include "adapters/source_git.h"

#define SOURCE_APART_ARGUMENT                                                                      \
	"read-repository-apart" /* the hidden first argument; a person never types it */

#define APART_STARTS_MAXIMUM                                                                       \
	4 /* of one source, so that a repository that ends them is no endless loop */
/*
 * Address space. A fetch of 500,000 objects took 156 MB, so this is room for some three million; libgit2's windows and
 * caches are set to fit in (git.c). A program with an address sanitizer needs terabytes and has no such limit.
 */
#define APART_MEMORY ((size_t)1024 * 1024 * 1024)
#define APART_CPU_S 900 /* of one child: a fetch may last ten minutes */
/* The longest file that it may write: a pack of GIT_RECEIVED_MAXIMUM, completed by the bases that it left out. */
#define APART_FILE ((size_t)2304 * 1024 * 1024)
#define APART_FILES_OPEN 1024 /* a mirror has a pack for each fetch */
/* The remote: waiting for the fetch of another process, and one of our own (GIT_FETCH_MS), and some. */
#define APART_REMOTE_MS (2 * 600 * 1000 + 60 * 1000)
#define APART_READ_MS (120 * 1000) /* one object from the mirror, however its deltas are chained */
#define APART_ENDS_MS 1000         /* so long a child may take to end by itself */

/* As source_git_open; but what is wrong with them is said by the first call. ERR_PROCESS. */
FALLIBLE source_apart_open(struct arena *arena, const struct source_git_options *options,
                           struct source **ret_source);

/* The child's side: answers until standard input ends. For main, when it got SOURCE_APART_ARGUMENT. The exit status. */
int source_apart_serve(void);

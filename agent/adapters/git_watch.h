/*
 * Looking at a remote over HTTP without libgit2, whose listing brings every ref that there is: version 2 of git's protocol
 * is asked for the few that are wanted. Only listing; what is fetched comes through git.h. Redirects are never followed,
 * and the token goes out only after the remote asked for one, to no other host.
 */
#pragma once

#include "adapters/git.h"

struct git_watch; /* remembers what the remote can, and keeps the connection */

/* NULL when the address is not one of HTTP. Costs nothing yet. Borrows the access, which must outlive it. */
struct git_watch *git_watch_new(struct arena *arena, const struct git_access *access);
void git_watch_close(struct git_watch *watch); /* accepts NULL */

/*
 * The remote's refs whose names begin with one of the prefixes; asked for with the prefix HEAD, the branch that HEAD names
 * is among them. *ret_is_answered: false when it must be asked in the older way, git_peek: the remote knows no other, or
 * the prefixes cannot be asked for; then the refs are untouched. Errors as git_peek, and ERR_STOPPED. May be repeated.
 */
FALLIBLE git_watch_list(struct git_watch *watch, const struct text_list *prefixes,
                        struct arena *arena, bool *ret_is_answered, struct git_refs *ret_refs);

/*
 * A place where people look at commits. Posting the same status twice must be harmless: the agent may be stopped
 * between posting and remembering. A forge is only ever told; nothing it says is taken as authority.
 */
#pragma once

#include "model/status.h"

struct forge;

enum forge_answer { FORGE_NOT_KNOWN, FORGE_NO, FORGE_YES };

struct forge_health {               /* what a look at the forge says */
	const char *place;          /* "acme/shop on https://api.github.com" */
	enum forge_answer may_post; /* NOT_KNOWN: it was not tried */
	const char *may_post_why;   /* how that is known, or why it is not; never NULL */
	enum forge_answer
		is_required; /* must the context be good before a pull request may be merged? */
	const char *is_required_why; /* NULL: nothing here could demand it */
};

struct forge_pulls { /* numbers of pull requests */
	uint64_t *items;
	size_t count, room;
};

struct forge_ops {
	const char *name;
	/*
	 * ERR_FORGE_UNREACHABLE and ERR_FORGE_BUSY: try again, not before *ret_wait_ms from now (0: no wish; set only
	 * on those errors). ERR_FORGE_REFUSED: this status will never be taken (unknown commit, too many); it stays
	 * visible. ERR_FORGE_AUTH: the credential, not the status, is wrong: try again later.
	 */
	struct error *(*post)(struct forge *forge, const struct status *status, struct arena *arena,
	                      uint64_t *ret_wait_ms);
	/* Optional (NULL): called once after a batch of posts, for what is cheaper together (pushing notes). Errors as
	 * post; then none of the batch counts as delivered. */
	struct error *(*flush)(struct forge *forge, struct arena *arena, uint64_t *ret_wait_ms);
	/*
	 * Looks whether statuses can be posted, without posting one on a commit. `context` and `branch` (NULL: not known)
	 * are for is_required. ERR_FORGE_AUTH: the credential or a right of it is wrong; ERR_FORGE_UNREACHABLE and
	 * ERR_FORGE_BUSY as post.
	 */
	struct error *(*check)(struct forge *forge, const char *context, const char *branch,
	                       struct arena *arena, struct forge_health *ret_health);
	/*
	 * Optional (NULL: it knows none). The pull requests by which a commit came to the branch: a hint where to look
	 * for signatures, never an authority. At most 10, the likeliest first. Errors as check.
	 */
	struct error *(*pulls)(struct forge *forge, const char *commit, struct arena *arena,
	                       struct forge_pulls *ret_pulls);
	void (*close)(struct forge *forge);
};

struct forge {
	const struct forge_ops *ops;
};

static inline FALLIBLE forge_post(struct forge *forge, const struct status *status,
                                  struct arena *arena, uint64_t *ret_wait_ms)
{
	return forge->ops->post(forge, status, arena, ret_wait_ms);
}

static inline FALLIBLE forge_flush(struct forge *forge, struct arena *arena, uint64_t *ret_wait_ms)
{
	return forge->ops->flush ? forge->ops->flush(forge, arena, ret_wait_ms) : NULL;
}

static inline FALLIBLE forge_check(struct forge *forge, const char *context, const char *branch,
                                   struct arena *arena, struct forge_health *ret_health)
{
	return forge->ops->check(forge, context, branch, arena, ret_health);
}

static inline FALLIBLE forge_ask_pulls(struct forge *forge, const char *commit, struct arena *arena,
                                       struct forge_pulls *ret_pulls)
{
	return forge->ops->pulls ? forge->ops->pulls(forge, commit, arena, ret_pulls) : NULL;
}

static inline void forge_close(struct forge *forge)
{
	if (forge)
		forge->ops->close(forge);
}

/*
 * A place where people look at commits. Posting the same status twice must be harmless: the agent may be stopped
 * between posting and remembering. A forge is only ever told; nothing it says is taken as authority.
 */
#pragma once

#include "model/status.h"

struct forge;

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

static inline void forge_close(struct forge *forge)
{
	if (forge)
		forge->ops->close(forge);
}

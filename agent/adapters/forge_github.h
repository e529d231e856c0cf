/* Commit statuses on GitHub and GitHub Enterprise Server. Private to adapters and main.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "ports/forge.h"

struct forge_github_options {
	const char *api; /* NULL: https://api.github.com; Enterprise Server: https://HOST/api/v3 */
	const char *repository; /* "owner/name" */
	const struct secret
		*token; /* needs the right "Commit statuses: write" (classic tokens: repo:status) */
	const char *ca_file;  /* NULL: the system's certificates */
	const char *proxy;    /* NULL: none; the environment's is never used */
	bool allow_http;      /* http:// also to other hosts than this machine */
	uint64_t deadline_ms; /* of one request; 0: 10 s */
};

/* ERR_CONFIG. Sends nothing yet. The options are borrowed and must outlive the forge; so must the arena. */
FALLIBLE forge_github_open(struct arena *arena, const struct forge_github_options *options,
                           struct forge **ret_forge);

/*
 * Where a repository lives, as a site writes it: an absolute path, file://, http:// or https://.
 * Everything else is refused here, before a connection is tried. A token goes only to the authority
 * that the site wrote.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define GIT_ADDRESS_MAXIMUM 2048 /* bytes */

enum git_place { GIT_PLACE_LOCAL, GIT_PLACE_HTTP, GIT_PLACE_HTTPS };

struct git_address {
	const char *url;
	enum git_place place;
	const char *authority; /* "example.org:8443", lower case; "" for a local one */
};

/*
 * ERR_GIT_URL: not supported, holds user information, or would send a token in the clear to another
 * host.
 */
FALLIBLE git_address_parse(struct arena *arena, const char *url, bool has_token, bool allow_http,
                           struct git_address *ret_address);

/* Does `url` lead to the same scheme, host and port? */
bool git_address_covers(const struct git_address *address, const char *url);

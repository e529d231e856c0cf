/*
 * Where a repository lives, as a site writes it: an absolute path, file://, http://, https://, ssh://user@host/path or
 * user@host:path. Everything else is refused here, before a connection is tried. A token goes only to the authority
 * that the site wrote.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define GIT_ADDRESS_MAXIMUM 2048 /* bytes */
#define GIT_SSH_PORT 22

enum git_place { GIT_PLACE_LOCAL, GIT_PLACE_HTTP, GIT_PLACE_HTTPS, GIT_PLACE_SSH };

struct git_address {
	const char *url;
	enum git_place place;
	const char *authority; /* "example.org:8443", lower case; "" for a local one */
	/* Of ssh alone, else NULL: all of them made of bytes that no shell and no program takes for anything else. */
	const char *user, *host; /* the host in lower case, an IPv6 address without brackets */
	const char *
		path; /* as the server is asked for it: "/srv/shop.git", "~ann/shop.git", "shop.git" */
	unsigned port;
};

/*
 * ERR_GIT_URL: not supported, holds a password (or, over http, a user name), or would send a token in the clear to
 * another host, or over ssh.
 */
FALLIBLE git_address_parse(struct arena *arena, const char *url, bool has_token, bool allow_http,
                           struct git_address *ret_address);

/* Does `url` lead to the same scheme, host and port? For http:// and https:// alone. */
bool git_address_covers(const struct git_address *address, const char *url);

/* ERR_FILE: the file with the certificate authorities is not to be used. */
FALLIBLE git_no_authorities(struct arena *arena, const char *ca_file, const char *why);

/* What to do about a remote that does not answer as it should, for all who talk with one. */
#define GIT_HINT_ADDRESS                                                                           \
	"See whether this machine reaches it: git ls-remote <url>. The agent tries again by itself."
#define GIT_HINT_TOKEN                                                                             \
	"Put a token that may read the repository into the file that token_file names; the next pass reads it again."
#define GIT_HINT_NOT_FOUND                                                                         \
	"See whether the address is right and the token may read it; many servers hide what a token may not see."
#define GIT_HINT_REDIRECT "Redirects are not followed; write the address that it redirects to."
#define GIT_HINT_SHA256 "SHA-256 repositories are not supported yet; use one with SHA-1 ids."
#define GIT_HINT_CERTIFICATE                                                                       \
	"Name the certificate authority's PEM file in ca_file, or have the server's certificate renewed."

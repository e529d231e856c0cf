/*
 * Repository addresses. One would expect a URL parser; this only cuts off scheme and authority,
 * because that is all the rules need, and the rest belongs to the server. User information is never
 * repeated in a message.
 */
#include "adapters/git_address.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "base/text.h"

static const struct {
	const char *scheme;
	enum git_place place;
} schemes[] = {
	{"file://", GIT_PLACE_LOCAL},
	{"http://", GIT_PLACE_HTTP},
	{"https://", GIT_PLACE_HTTPS},
};

#define SUPPORTED                                                                                  \
	"Write an absolute path, file:///path, https://host/path, or http://host/path for a host you trust."

static const char *find_scheme(const char *url, enum git_place *ret_place);
static struct error *refuse_scheme(struct arena *arena, const char *url);
static bool is_scp_like(const char *url);
static const char *authority_of(struct arena *arena, const char *rest);
static bool is_loopback(const char *authority);

FALLIBLE git_address_parse(struct arena *arena, const char *url, bool has_token, bool allow_http,
                           struct git_address *ret_address)
{
	struct git_address address = {.url = arena_text(arena, url), .authority = ""};
	const char *rest;

	if (!*url || strlen(url) > GIT_ADDRESS_MAXIMUM || text_has_control(url))
		return FAIL(
			arena, GIT_URL, .what = "cannot use the repository's address",
			.why = "it is empty, longer than 2048 bytes, or holds control characters",
			.hint = SUPPORTED);

	if (*url == '/') {
		*ret_address = address;
		return NULL;
	}
	rest = find_scheme(url, &address.place);
	if (!rest)
		return refuse_scheme(arena, url);

	if (address.place == GIT_PLACE_LOCAL) {
		if (*rest != '/')
			return FAIL(arena, GIT_URL, .what = "cannot use the repository's address",
			            .why = "a file:// address names a host",
			            .hint = "Write file:///path or the path alone.");
		*ret_address = address;
		return NULL;
	}

	address.authority = authority_of(arena, rest);
	if (strchr(address.authority, '@'))
		return FAIL(
			arena, GIT_URL, .what = "cannot use the repository's address",
			.why = "it holds a user name or a password",
			.hint = "Write the address without it and put the token into the file that token_file names.");
	if (!*address.authority)
		return FAIL(arena, GIT_URL, .what = "cannot use the repository's address",
		            .why = "it names no host", .hint = SUPPORTED);
	if (address.place == GIT_PLACE_HTTP && has_token && !allow_http &&
	    !is_loopback(address.authority))
		return FAIL(
			arena, GIT_URL,
			.what = arena_printf(arena, "cannot send a token to '%s'",
		                             address.authority),
			.why = "http:// would carry it in the clear",
			.hint = "Write https://, or set allow_http: true if the network in between is yours.");
	*ret_address = address;
	return NULL;
}

static const char *find_scheme(const char *url, enum git_place *ret_place)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (!strncasecmp(url, schemes[i].scheme, strlen(schemes[i].scheme))) {
			*ret_place = schemes[i].place;
			return url + strlen(schemes[i].scheme);
		}
	return NULL;
}

static struct error *refuse_scheme(struct arena *arena, const char *url)
{
	const char *end = strstr(url, "://");

	if (!strncasecmp(url, "ssh://", 6) || !strncasecmp(url, "git+ssh://", 10) ||
	    is_scp_like(url))
		return FAIL(
			arena, GIT_URL, .what = "cannot use the repository's address",
			.why = "ssh remotes are not supported; use https with a token",
			.hint = "Write https://host/path and name a file with a token in token_file.");
	if (end)
		return FAIL(arena, GIT_URL, .what = "cannot use the repository's address",
		            .why = arena_printf(arena, "'%.*s' is not a supported way to reach it",
		                                (int)(end - url > 32 ? 32 : end - url), url),
		            .hint = SUPPORTED);
	return FAIL(arena, GIT_URL, .what = "cannot use the repository's address",
	            .why = "it is neither an absolute path nor a URL", .hint = SUPPORTED);
}

/* git@example.org:shop.git: a colon before the first slash (git-fetch(1), GIT URLS). */
static bool is_scp_like(const char *url)
{
	return url[strcspn(url, ":/")] == ':' && !strstr(url, "://");
}

static const char *authority_of(struct arena *arena, const char *rest)
{
	char *authority = arena_copy(arena, rest, strcspn(rest, "/?#"));

	for (char *c = authority; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return authority;
}

static bool is_loopback(const char *authority)
{
	char host[64];
	size_t size = *authority == '[' ? strcspn(authority, "]") : strcspn(authority, ":");
	struct in6_addr six, one = IN6ADDR_LOOPBACK_INIT;
	struct in_addr four;

	if (*authority == '[') {
		authority++;
		size = size ? size - 1 : 0;
	}
	if (size >= sizeof host)
		return false;
	memcpy(host, authority, size);
	host[size] = 0;
	if (!strcmp(host, "localhost"))
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && !memcmp(&six, &one, sizeof one);
}

bool git_address_covers(const struct git_address *address, const char *url)
{
	size_t size = strlen(address->authority);
	enum git_place place;
	const char *rest = find_scheme(url, &place);

	return rest && place == address->place && place != GIT_PLACE_LOCAL &&
	       strcspn(rest, "/?#") == size && !strncasecmp(rest, address->authority, size);
}

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
	{"ssh://", GIT_PLACE_SSH},
};

#define SUPPORTED                                                                                                        \
	"Write an absolute path, file:///path, https://host/path, ssh://user@host/path, or http://host/path for a host " \
	"you trust."
#define SSH_SUPPORTED "Write ssh://user@host/path, ssh://user@host:port/path or user@host:path."

static const char *find_scheme(const char *url, enum git_place *ret_place);
static struct error *parse_ssh(struct arena *arena, const char *authority, const char *path,
                               bool has_token, struct git_address *address);
static struct error *refuse_ssh(struct arena *arena, const char *why, const char *hint);
static bool split_authority(struct arena *arena, const char *authority,
                            struct git_address *address);
static bool is_host(const char *host);
static struct error *refuse_scheme(struct arena *arena, const char *url);
static const char *scp_colon(const char *url);
static const char *authority_of(struct arena *arena, const char *rest);
static bool is_loopback(const char *authority);

FALLIBLE git_address_parse(struct arena *arena, const char *url, bool has_token, bool allow_http,
                           struct git_address *ret_address)
{
	struct git_address address = {.url = arena_text(arena, url), .authority = ""};
	const char *rest, *colon;

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
	colon = rest ? NULL : scp_colon(url);
	if (colon || (rest && address.place == GIT_PLACE_SSH)) {
		size_t size = colon ? (size_t)(colon - url) : strcspn(rest, "/?#");

		TRY(parse_ssh(arena, arena_copy(arena, colon ? url : rest, size),
		              colon ? colon + 1 : rest + size, has_token, &address));
		*ret_address = address;
		return NULL;
	}
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

/* An authority and the path behind it; the path of user@host:path is relative to the user's home. */
static struct error *parse_ssh(struct arena *arena, const char *authority, const char *path,
                               bool has_token, struct git_address *address)
{
	const char *colon = strchr(authority, ':'), *at = strchr(authority, '@');

	address->place = GIT_PLACE_SSH;
	address->path = arena_text(arena, path + text_starts(path, "/~"));
	if (!at)
		return refuse_ssh(arena, "it names no user",
		                  "Write it with one; most forges want git: ssh://git@host/path.");
	if (colon && colon < at)
		return refuse_ssh(
			arena, "it holds a password",
			"Write the address without it, and name the file of a key in ssh_key_file.");
	if (!split_authority(arena, authority, address))
		return refuse_ssh(arena, "its user, host or port is none", SSH_SUPPORTED);
	if (!*address->path || text_equal(address->path, "/") || *address->path == '-' ||
	    strpbrk(address->path, "'!\\\"`$"))
		return refuse_ssh(
			arena, "its path is missing, or holds quotes, a backslash, '!', '`' or '$'",
			SSH_SUPPORTED);
	if (has_token)
		return refuse_ssh(
			arena, "a token cannot be sent over ssh",
			"Take token_file away, and name the file of a key in ssh_key_file.");
	return NULL;
}

static struct error *refuse_ssh(struct arena *arena, const char *why, const char *hint)
{
	return FAIL(arena, GIT_URL, .what = "cannot use the repository's address", .why = why,
	            .hint = hint);
}

/* user@host, user@host:port, user@[address]:port; strict, since each becomes an argument of a program. */
static bool split_authority(struct arena *arena, const char *authority, struct git_address *address)
{
	const char *host = strrchr(authority, '@') + 1;
	char *user = arena_copy(arena, authority, (size_t)(host - 1 - authority));
	bool is_bracketed = *host == '[';
	size_t size = strcspn(host += is_bracketed, is_bracketed ? "]" : ":");
	const char *port = host + size + (is_bracketed && host[size]);
	uint64_t number = GIT_SSH_PORT;
	char *lower = arena_copy(arena, host, size);

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	address->user = user;
	address->host = lower;
	address->authority = arena_printf(arena, is_bracketed ? "[%s]%s" : "%s%s", lower, port);
	if (*port && (*port != ':' || !parse_number(port + 1, 65535, &number) || !number))
		return false;
	address->port = (unsigned)number;
	if (is_bracketed) {
		struct in6_addr six;

		return *user && host[size] == ']' && inet_pton(AF_INET6, lower, &six) == 1 &&
		       is_host(user);
	}
	return is_host(user) && is_host(lower);
}

/* Letters, digits and '-', '.', '_' inside. */
static bool is_host(const char *host)
{
	return isalnum((unsigned char)*host) && strlen(host) <= 255 &&
	       !host[strspn(host,
	                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")];
}

static struct error *refuse_scheme(struct arena *arena, const char *url)
{
	const char *end = strstr(url, "://");

	if (!strncasecmp(url, "git+ssh://", 10) || !strncasecmp(url, "ssh+git://", 10))
		return refuse_ssh(arena, "this spelling of ssh is an old one", SSH_SUPPORTED);
	if (end)
		return FAIL(arena, GIT_URL, .what = "cannot use the repository's address",
		            .why = arena_printf(arena, "'%.*s' is not a supported way to reach it",
		                                (int)(end - url > 32 ? 32 : end - url), url),
		            .hint = SUPPORTED);
	return FAIL(arena, GIT_URL, .what = "cannot use the repository's address",
	            .why = "it is neither an absolute path nor a URL", .hint = SUPPORTED);
}

/* git@example.org:shop.git: a colon before the first slash (git-fetch(1), GIT URLS); NULL: none. */
static const char *scp_colon(const char *url)
{
	const char *host = url + strcspn(url, "@:/"), *end;

	host = *host == '@' ? host + 1 : url;
	end = *host == '[' ? host + strcspn(host, "]") + 1 : host + strcspn(host, ":/");
	if (*host == '[' && !strchr(host, ']'))
		return NULL;
	return *end == ':' && end[1] != ':' && !text_starts(end, "://") ? end : NULL;
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
	       place != GIT_PLACE_SSH && strcspn(rest, "/?#") == size &&
	       !strncasecmp(rest, address->authority, size);
}

FALLIBLE git_no_authorities(struct arena *arena, const char *ca_file, const char *why)
{
	return FAIL(arena, FILE,
	            .what = arena_printf(arena, "cannot use the certificates in '%s'", ca_file),
	            .why = why, .hint = "Name a PEM file that the agent may read.");
}

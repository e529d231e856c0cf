/*
 * Prisma's database URL, by a table of parameters. What a reader would get wrong: no message may
 * repeat a piece of the URL that could belong to a password, and a password with an unencoded '/',
 * '?' or '#' spills into port, database and parameters. So ports are never repeated, and names only
 * once it is sure that no '@' follows them.
 */
#include "model/database_url.h"

#include <string.h>

#include "base/text.h"

#define URL_MAXIMUM 4096            /* bytes */
#define CONNECT_TIMEOUT_MAXIMUM 600 /* seconds */
#define DEFAULT_PORT "5432"
#define SYSTEM_CA                                                                                  \
	"/etc/ssl/certs/ca-certificates.crt" /* what libpq 16 calls "system", by name for 15 */

struct reading { /* what the parameters said, before the whole of it decides */
	struct arena *arena;
	struct database_url url;
	const char *sslmode, *ca, *sslaccept, *channel_binding, *connect_timeout, *host;
};

enum treatment { USED, IGNORED, REFUSED };

struct parameter {
	const char *name;
	enum treatment treatment;
	size_t offset;                  /* USED: of a text in struct reading */
	bool (*is_valid)(const char *); /* USED */
	const char *word; /* USED: what is allowed. IGNORED: why. REFUSED: what to do instead */
};

static bool is_schema(const char *value);
static bool is_sslmode(const char *value);
static bool is_absolute(const char *value);
static bool is_sslaccept(const char *value);
static bool is_channel_binding(const char *value);
static bool is_timeout(const char *value);

/* clang-format off */
static const struct parameter parameters[] = {
	{"schema", USED, offsetof(struct reading, url.schema), is_schema, "a name of at most 63 bytes"},
	{"host", USED, offsetof(struct reading, host), is_absolute, "the absolute path of a socket's folder"},
	{"sslmode", USED, offsetof(struct reading, sslmode), is_sslmode, "disable, prefer, require, verify-ca or verify-full"},
	{"sslcert", USED, offsetof(struct reading, ca), is_absolute, "the absolute path of the CA's certificate"},
	{"sslrootcert", USED, offsetof(struct reading, ca), is_absolute, "the absolute path of the CA's certificate"},
	{"sslaccept", USED, offsetof(struct reading, sslaccept), is_sslaccept, "strict or accept_invalid_certs"},
	{"channel_binding", USED, offsetof(struct reading, channel_binding), is_channel_binding, "disable, prefer or require"},
	{"connect_timeout", USED, offsetof(struct reading, connect_timeout), is_timeout, "1 to 600 seconds"},
	{"application_name", IGNORED, 0, NULL, "the agent names itself headgate/<target>"},
	{"connection_limit", IGNORED, 0, NULL, "a setting of Prisma's pool; the agent has one connection"},
	{"pool_timeout", IGNORED, 0, NULL, "a setting of Prisma's pool; the agent has one connection"},
	{"socket_timeout", IGNORED, 0, NULL, "a setting of Prisma's client; the policy says how long a statement may take"},
	{"pgbouncer", IGNORED, 0, NULL, "a setting of Prisma's client; the agent looks whether a pooler is there"},
	{"statement_cache_size", IGNORED, 0, NULL, "a setting of Prisma's client"},
	{"max_connection_lifetime", IGNORED, 0, NULL, "a setting of Prisma's pool; the agent has one connection"},
	{"max_idle_connection_lifetime", IGNORED, 0, NULL, "a setting of Prisma's pool; the agent has one connection"},
	{"sslidentity", REFUSED, 0, NULL, "PKCS #12 certificates of a client are not supported; use a password"},
	{"sslpassword", REFUSED, 0, NULL, "PKCS #12 certificates of a client are not supported; use a password"},
	{"sslkey", REFUSED, 0, NULL, "certificates of a client are not supported; use a password"},
	{"options", REFUSED, 0, NULL, "give the role its settings by ALTER ROLE ... SET ..."},
	{"target_session_attrs", REFUSED, 0, NULL, "name the one server that takes writes"},
	{"hostaddr", REFUSED, 0, NULL, "write the address as the host"},
	{"user", REFUSED, 0, NULL, "write it in front of the host"},
	{"password", REFUSED, 0, NULL, "write it in front of the host"},
	{"port", REFUSED, 0, NULL, "write it behind the host"},
	{"dbname", REFUSED, 0, NULL, "write it behind the host"},
	{"service", REFUSED, 0, NULL, "write out what the service file says"},
	{"passfile", REFUSED, 0, NULL, "write the password in front of the host"},
	{"gssencmode", REFUSED, 0, NULL, "GSSAPI is not supported; use TLS"},
};
/* clang-format on */
#define PARAMETER_COUNT (sizeof parameters / sizeof parameters[0])

static struct error *read_authority(struct reading *reading, const char *start, const char *end);
static struct error *read_host(struct reading *reading, const char *start, const char *end);
static struct error *read_database(struct reading *reading, const char *start, const char *end);
static struct error *read_query(struct reading *reading, const char *query);
static struct error *read_parameter(struct reading *reading, const char *name, const char *value,
                                    bool *seen);
static struct error *unknown_parameter(struct arena *arena, const char *name);
static struct error *settle(struct reading *reading);
static const char *choose_sslmode(const struct reading *reading);
static void add_keyword(struct reading *reading, const char *keyword, const char *value);
static bool is_loopback(const char *host);
static bool is_one_of(const char *value, const char *const *words, size_t count);
static char *decode(struct arena *arena, const char *start, const char *end, bool form);
static int hex_digit(char digit);
static struct error *bad_url(struct arena *arena, const char *why, const char *hint);

FALLIBLE database_url_parse(struct arena *arena, const char *url, struct database_url *ret_url)
{
	static const char encode[] =
		"Write '@', '/', '?', '#' and '%' in a user, password or value as %40, %2F, %3F,"
		" %23 and %25.";
	struct reading reading = {.arena = arena};
	const char *start, *path, *query;

	if (strlen(url) > URL_MAXIMUM)
		return bad_url(arena, "it is longer than 4096 bytes",
		               "Is this file really a database URL?");
	if (text_starts(url, "prisma://") || text_starts(url, "prisma+postgres://"))
		return bad_url(
			arena,
			"it leads to Prisma's own proxy, through which no migration can be applied",
			"Name the database itself: postgresql://user:password@host:5432/database");
	if (!text_starts(url, "postgresql://") && !text_starts(url, "postgres://"))
		return bad_url(
			arena, "it does not begin with postgresql://",
			"Write it as Prisma has it: postgresql://user:password@host:5432/database");
	if (!text_is_utf8(url, strlen(url)) || text_has_control(url) || strpbrk(url, " \""))
		return bad_url(
			arena,
			"it holds a blank, a quotation mark, a control character or is not UTF-8",
			"Write such a character in its percent-encoded form, a blank as %20.");
	start = strstr(url, "://") + 3;
	path = start + strcspn(start, "/?#");
	query = path + strcspn(path, "?#");
	if (strchr(path, '@') || strchr(path, '#'))
		return bad_url(arena,
		               "a character with a meaning of its own stands unencoded in it",
		               encode);
	TRY(read_authority(&reading, start, path));
	TRY(read_database(&reading, path, query));
	if (*query == '?')
		TRY(read_query(&reading, query + 1));
	TRY(settle(&reading));
	*ret_url = reading.url;
	return NULL;
}

const char *database_url_public(struct arena *arena, const struct database_url *url)
{
	if (strchr(url->host, ':'))
		return arena_printf(arena, "%s on [%s]:%s", url->database, url->host, url->port);
	return arena_printf(arena, "%s on %s:%s", url->database, url->host, url->port);
}

static struct error *read_authority(struct reading *reading, const char *start, const char *end)
{
	const char *at = memrchr(start, '@', (size_t)(end - start)), *colon;
	struct arena *arena = reading->arena;
	char *user, *password;

	if (!at || at == start)
		return bad_url(arena, "it names no user",
		               "Write it as postgresql://user:password@host:5432/database");
	colon = memchr(start, ':', (size_t)(at - start));
	user = decode(arena, start, colon ? colon : at, false);
	if (!user || !*user || text_has_control(user))
		return bad_url(arena, "its user is empty or wrongly encoded",
		               "Is every '%' in it written as %25?");
	reading->url.user = user;
	if (colon) {
		password = decode(arena, colon + 1, at, false);
		if (!password)
			return bad_url(arena, "its password is wrongly encoded",
			               "Is every '%' in it written as %25?");
		if (*password)
			reading->url.password =
				secret_new(arena, arena_bytes(arena, password, strlen(password)));
	}
	return read_host(reading, at + 1, end);
}

static struct error *read_host(struct reading *reading, const char *start, const char *end)
{
	static const char hint[] =
		"Write host and port as db.example:5432, 10.0.0.5:5432 or [2001:db8::5]:5432.";
	const char *host_end = memchr(start, ':', (size_t)(end - start)), *port = NULL;
	struct arena *arena = reading->arena;
	uint64_t number;

	if (start < end && *start == '[') {
		host_end = memchr(start, ']', (size_t)(end - start));
		if (!host_end || (host_end + 1 < end && host_end[1] != ':'))
			return bad_url(arena, "its address in brackets has no end", hint);
		reading->url.host = arena_copy(arena, start + 1, (size_t)(host_end - start - 1));
		port = host_end + 1 < end ? host_end + 2 : NULL;
	} else {
		reading->url.host = decode(arena, start, host_end ? host_end : end, false);
		port = host_end ? host_end + 1 : NULL;
	}
	if (!reading->url.host || text_has_control(reading->url.host))
		return bad_url(arena, "its host is wrongly encoded", hint);
	if (memchr(start, ',', (size_t)(end - start)))
		return bad_url(arena, "it names several hosts",
		               "Name the one server that takes writes.");
	reading->url.port = DEFAULT_PORT;
	if (port && port < end) {
		reading->url.port = arena_copy(arena, port, (size_t)(end - port));
		if (!parse_number(reading->url.port, 65535, &number) || !number)
			return bad_url(arena, "its port is not a number from 1 to 65535", hint);
	}
	return NULL;
}

static struct error *read_database(struct reading *reading, const char *start, const char *end)
{
	struct arena *arena = reading->arena;
	const char *database = start < end ? decode(arena, start + 1, end, false) : "";

	if (!database || !*database || text_has_control(database) || strchr(database, '/') ||
	    strlen(database) > 63)
		return bad_url(arena, "it names no database, or one that cannot be",
		               "Write it as postgresql://user:password@host:5432/database");
	reading->url.database = database;
	return NULL;
}

static struct error *read_query(struct reading *reading, const char *query)
{
	bool seen[PARAMETER_COUNT] = {false};
	struct text_list pairs = {0};

	text_split(reading->arena, query, '&', &pairs);
	for (size_t i = 0; i < pairs.count; i++) {
		const char *pair = pairs.items[i], *equals = strchrnul(pair, '=');
		const char *name = decode(reading->arena, pair, equals, true);
		const char *value =
			*equals ? decode(reading->arena, equals + 1, equals + strlen(equals), true)
				: "";

		if (!*pair)
			continue;
		if (!name || !value || text_has_control(name) || text_has_control(value))
			return bad_url(reading->arena, "a parameter of it is wrongly encoded",
			               "Is every '%' in it written as %25?");
		TRY(read_parameter(reading, name, value, seen));
	}
	return NULL;
}

static struct error *read_parameter(struct reading *reading, const char *name, const char *value,
                                    bool *seen)
{
	struct arena *arena = reading->arena;
	const struct parameter *row = NULL;

	for (size_t i = 0; i < PARAMETER_COUNT && !row; i++) {
		if (!text_equal(parameters[i].name, name))
			continue;
		row = &parameters[i];
		if (seen[i])
			return bad_url(arena,
			               arena_printf(arena, "its parameter '%s' stands twice", name),
			               "Keep one of the two.");
		seen[i] = true;
	}
	if (!row)
		return unknown_parameter(arena, name);
	switch (row->treatment) {
	case IGNORED:
		*LIST_ADD(arena, &reading->url.ignored) =
			arena_printf(arena, "%s: %s", name, row->word);
		return NULL;
	case REFUSED:
		return bad_url(arena,
		               arena_printf(arena, "its parameter '%s' is not supported", name),
		               arena_printf(arena, "Leave it out; %s.", row->word));
	case USED:
		if (!row->is_valid(value))
			return bad_url(arena,
			               arena_printf(arena,
			                            "its parameter '%s' has a value that cannot be",
			                            name),
			               arena_printf(arena, "It must be %s.", row->word));
		*(const char **)((char *)reading + row->offset) = value;
		return NULL;
	}
	return NULL;
}

static struct error *unknown_parameter(struct arena *arena, const char *name)
{
	const char *known[PARAMETER_COUNT], *nearest;

	for (size_t i = 0; i < PARAMETER_COUNT; i++)
		known[i] = parameters[i].name;
	nearest = text_nearest(name, known, PARAMETER_COUNT);
	return bad_url(
		arena,
		arena_printf(arena, "its parameter '%s' is not known", text_clip(arena, name, 63)),
		nearest ? arena_printf(arena, "Did you mean '%s'?", nearest) : "Leave it out.");
}

static struct error *settle(struct reading *reading)
{
	struct database_url *url = &reading->url;
	const char *mode;

	if (reading->host)
		url->host = reading->host;
	if (!*url->host)
		url->host = "localhost";
	url->is_local = *url->host == '/' || is_loopback(url->host);
	url->schema_named = url->schema;
	if (!url->schema)
		url->schema = "public";
	mode = choose_sslmode(reading);
	add_keyword(reading, "sslmode", mode);
	/*
	 * libpq would take ~/.postgresql/root.crt, and with it `require` would silently become
	 * verify-ca.
	 */
	if (reading->ca)
		add_keyword(reading, "sslrootcert", reading->ca);
	else
		add_keyword(reading, "sslrootcert",
		            text_starts(mode, "verify-") ? SYSTEM_CA : "/dev/null/none");
	if (reading->channel_binding)
		add_keyword(reading, "channel_binding", reading->channel_binding);
	if (reading->connect_timeout)
		add_keyword(reading, "connect_timeout", reading->connect_timeout);
	return NULL;
}

/*
 * Prisma's sslaccept speaks about certificates, its sslmode about whether there is TLS at all. A
 * mode of libpq's own (verify-…) says both and wins; `disable` is meant as it stands.
 */
static const char *choose_sslmode(const struct reading *reading)
{
	const char *mode = reading->sslmode;

	if (mode && (text_equal(mode, "disable") || text_starts(mode, "verify-")))
		return mode;
	if (text_equal(reading->sslaccept, "strict"))
		return "verify-full";
	if (mode)
		return mode;
	if (reading->url.is_local)
		return "prefer";
	return reading->sslaccept ? "require" : "verify-full";
}

static void add_keyword(struct reading *reading, const char *keyword, const char *value)
{
	*LIST_ADD(reading->arena, &reading->url.keywords) = keyword;
	*LIST_ADD(reading->arena, &reading->url.values) = value;
}

static bool is_loopback(const char *host)
{
	return text_equal(host, "localhost") || text_equal(host, "::1") ||
	       (text_starts(host, "127.") && strspn(host, "0123456789.") == strlen(host));
}

static bool is_schema(const char *value)
{
	return *value && strlen(value) <= 63;
}

static bool is_sslmode(const char *value)
{
	static const char *const words[] = {"disable", "prefer", "require", "verify-ca",
	                                    "verify-full"};

	return is_one_of(value, words, sizeof words / sizeof words[0]);
}

static bool is_absolute(const char *value)
{
	return *value == '/';
}

static bool is_sslaccept(const char *value)
{
	static const char *const words[] = {"strict", "accept_invalid_certs"};

	return is_one_of(value, words, sizeof words / sizeof words[0]);
}

static bool is_channel_binding(const char *value)
{
	static const char *const words[] = {"disable", "prefer", "require"};

	return is_one_of(value, words, sizeof words / sizeof words[0]);
}

static bool is_timeout(const char *value)
{
	uint64_t seconds;

	return parse_number(value, CONNECT_TIMEOUT_MAXIMUM, &seconds) && seconds;
}

static bool is_one_of(const char *value, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(value, words[i]))
			return true;
	}
	return false;
}

/*
 * RFC 3986, 2.1; in a query a plus is a blank, as browsers and Prisma read it. NULL: wrongly
 * encoded, NUL, or not UTF-8.
 */
static char *decode(struct arena *arena, const char *start, const char *end, bool form)
{
	char *text = arena_alloc(arena, (size_t)(end - start) + 1);
	size_t size = 0;

	for (const char *at = start; at < end; at++) {
		int high, low;

		if (*at != '%') {
			text[size++] = form && *at == '+' ? ' ' : *at;
			continue;
		}
		high = end - at > 2 ? hex_digit(at[1]) : -1;
		low = end - at > 2 ? hex_digit(at[2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return NULL;
		text[size++] = (char)(high * 16 + low);
		at += 2;
	}
	return text_is_utf8(text, size) ? text : NULL;
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

static struct error *bad_url(struct arena *arena, const char *why, const char *hint)
{
	return FAIL(arena, DB_URL, .what = "the database URL cannot be used", .why = why,
	            .hint = hint);
}

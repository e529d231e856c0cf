/*
 * Prisma's database URL, by a table of parameters. What a reader would get wrong: no message may
 * repeat a piece of the URL that could belong to a password, and a password with an unencoded '/',
 * '?' or '#' spills into port, database and parameters. So ports are never repeated, and names only
 * once it is sure that no '@' follows them.
 */
#include "model/database_url.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define URL_MAXIMUM 4096            /* bytes */
#define CONNECT_TIMEOUT_MAXIMUM 600 /* seconds */
#define DEFAULT_PORT "5432"
#define SYSTEM_CA                                                                                  \
	"/etc/ssl/certs/ca-certificates.crt" /* what libpq 16 calls "system", by name for 15 */
#define NO_CA "/dev/null/none" /* cannot exist; an empty value would mean libpq's default */

struct reading { /* what the parameters said, before the whole of it decides */
	struct arena *arena;
	enum tls_default tls_default;
	struct database_url url;
	const char *sslmode, *sslcert, *sslkey, *sslrootcert, *sslaccept, *connect_timeout, *host;
	const char *pgbouncer;
};

struct parameter {
	struct database_url_parameter row;
	size_t offset; /* of a text in struct reading; 0: where it is used, libpq gets it as it stands */
	bool (*is_valid)(const char *); /* NULL: any value will do */
};

static bool is_schema(const char *value);
static bool is_sslmode(const char *value);
static bool is_absolute(const char *value);
static bool is_ca(const char *value);
static bool is_sslaccept(const char *value);
static bool is_channel_binding(const char *value);
static bool is_protocol(const char *value);
static bool is_flag(const char *value);
static bool is_timeout(const char *value);
static bool is_role(const char *value);
static bool is_gssencmode(const char *value);
static bool is_one_server(const char *value);
static bool is_utf8(const char *value);

#define AT(member) offsetof(struct reading, member)

/* clang-format off */
static const struct parameter parameters[] = {
	/* Prisma's */
	{{"schema", PARAMETER_USED, "a name of at most 63 bytes", "the ledger's schema, and the search path of the migrations; public without it"}, AT(url.schema), is_schema},
	{{"host", PARAMETER_USED, "the absolute path of a socket's folder", "the server is reached by that socket"}, AT(host), is_absolute},
	{{"sslmode", PARAMETER_USED, "disable, prefer, require, verify-ca or verify-full", "whether there is TLS, and with verify-… what is checked; without it verify-full for a remote host, prefer for this machine"}, AT(sslmode), is_sslmode},
	{{"sslaccept", PARAMETER_USED, "strict or accept_invalid_certs", "strict means verify-full; accept_invalid_certs means that no certificate is checked, not even against a CA that is named"}, AT(sslaccept), is_sslaccept},
	{{"sslcert", PARAMETER_USED, "an absolute path (Prisma reads a relative one from the schema's folder, which is not here)", "the certificate of the server's CA, as Prisma has it; together with sslkey the client's own certificate, as libpq has it"}, AT(sslcert), is_absolute},
	{{"connect_timeout", PARAMETER_USED, "1 to 600 seconds", "the longest wait for a connection; 10 seconds without it"}, AT(connect_timeout), is_timeout},
	{{"channel_binding", PARAMETER_USED, "disable, prefer or require", "require ties the password to the TLS connection"}, 0, is_channel_binding},
	{{"application_name", PARAMETER_IGNORED, NULL, "the agent names itself headgate/<target>"}, 0, NULL},
	{{"connection_limit", PARAMETER_IGNORED, NULL, "a setting of Prisma's pool; the agent has one connection"}, 0, NULL},
	{{"pool_timeout", PARAMETER_IGNORED, NULL, "a setting of Prisma's pool; the agent has one connection"}, 0, NULL},
	{{"max_connection_lifetime", PARAMETER_IGNORED, NULL, "a setting of Prisma's pool; the agent has one connection"}, 0, NULL},
	{{"max_idle_connection_lifetime", PARAMETER_IGNORED, NULL, "a setting of Prisma's pool; the agent has one connection"}, 0, NULL},
	{{"single_use_connections", PARAMETER_IGNORED, NULL, "a setting of Prisma's pool; the agent has one connection"}, 0, NULL},
	{{"socket_timeout", PARAMETER_IGNORED, NULL, "a setting of Prisma's client; the policy says how long a statement may take"}, 0, NULL},
	{{"pgbouncer", PARAMETER_IGNORED, NULL, "a setting of Prisma's client; the agent looks whether a pooler is there, and applies nothing through it"}, AT(pgbouncer), NULL},
	{{"statement_cache_size", PARAMETER_IGNORED, NULL, "a setting of Prisma's client"}, 0, NULL},
	{{"uselibpqcompat", PARAMETER_IGNORED, NULL, "a setting of Prisma's driver for Node; the agent reads sslmode as libpq does"}, 0, NULL},
	{{"sslidentity", PARAMETER_REFUSED, NULL, "convert the PKCS #12 file by openssl pkcs12 -nodes, and name its two halves by sslcert and sslkey"}, 0, NULL},
	{{"sslpassword", PARAMETER_REFUSED, NULL, "store the client's key unencrypted in a file that only the agent may read, and name it by sslkey"}, 0, NULL},
	{{"options", PARAMETER_REFUSED, NULL, "give the role its settings by ALTER ROLE ... SET ..."}, 0, NULL},
	/* libpq's */
	{{"sslrootcert", PARAMETER_USED, "an absolute path, or system", "the certificate of the server's CA; system stands for the CAs of this machine"}, AT(sslrootcert), is_ca},
	{{"sslkey", PARAMETER_USED, "an absolute path", "the client's key, unencrypted; sslcert is then the client's certificate"}, AT(sslkey), is_absolute},
	{{"ssl_min_protocol_version", PARAMETER_USED, "TLSv1.2 or TLSv1.3", "nothing older is spoken; TLSv1.2 without it"}, 0, is_protocol},
	{{"ssl_max_protocol_version", PARAMETER_USED, "TLSv1.2 or TLSv1.3", "nothing newer is spoken"}, 0, is_protocol},
	{{"sslsni", PARAMETER_USED, "0 or 1", "whether the host's name is told before TLS begins; 1 without it"}, 0, is_flag},
	{{"requirepeer", PARAMETER_USED, "a name of at most 63 bytes", "the user of this machine that the server at the socket must run as"}, 0, is_role},
	{{"gssencmode", PARAMETER_IGNORED, "disable or prefer", "GSSAPI is never used"}, 0, is_gssencmode},
	{{"target_session_attrs", PARAMETER_IGNORED, "any, read-write or primary", "there is one server, and the agent looks itself whether it takes writes"}, 0, is_one_server},
	{{"client_encoding", PARAMETER_IGNORED, "UTF8 or auto", "always UTF8"}, 0, is_utf8},
	{{"fallback_application_name", PARAMETER_IGNORED, NULL, "the agent names itself headgate/<target>"}, 0, NULL},
	{{"keepalives", PARAMETER_IGNORED, NULL, "the agent's own notice within a minute that the other side is gone"}, 0, NULL},
	{{"keepalives_idle", PARAMETER_IGNORED, NULL, "the agent's own notice within a minute that the other side is gone"}, 0, NULL},
	{{"keepalives_interval", PARAMETER_IGNORED, NULL, "the agent's own notice within a minute that the other side is gone"}, 0, NULL},
	{{"keepalives_count", PARAMETER_IGNORED, NULL, "the agent's own notice within a minute that the other side is gone"}, 0, NULL},
	{{"tcp_user_timeout", PARAMETER_IGNORED, NULL, "the agent's own notice within a minute that the other side is gone"}, 0, NULL},
	{{"sslcompression", PARAMETER_IGNORED, NULL, "TLS is never compressed"}, 0, NULL},
	{{"sslnegotiation", PARAMETER_IGNORED, NULL, "it only spares a round trip"}, 0, NULL},
	{{"load_balance_hosts", PARAMETER_IGNORED, NULL, "there is one server"}, 0, NULL},
	{{"ssl", PARAMETER_REFUSED, NULL, "write sslmode=verify-full, or sslmode=require"}, 0, NULL},
	{{"sslcrl", PARAMETER_REFUSED, NULL, "libpq passes over a list that it cannot read; replace a CA whose certificates are revoked"}, 0, NULL},
	{{"sslcrldir", PARAMETER_REFUSED, NULL, "libpq passes over a list that it cannot read; replace a CA whose certificates are revoked"}, 0, NULL},
	{{"require_auth", PARAMETER_REFUSED, NULL, "write channel_binding=require, which only a server that knows the password can answer"}, 0, NULL},
	{{"hostaddr", PARAMETER_REFUSED, NULL, "write the address as the host"}, 0, NULL},
	{{"user", PARAMETER_REFUSED, NULL, "write it in front of the host"}, 0, NULL},
	{{"password", PARAMETER_REFUSED, NULL, "write it in front of the host"}, 0, NULL},
	{{"port", PARAMETER_REFUSED, NULL, "write it behind the host"}, 0, NULL},
	{{"dbname", PARAMETER_REFUSED, NULL, "write it behind the host"}, 0, NULL},
	{{"service", PARAMETER_REFUSED, NULL, "write out what the service file says"}, 0, NULL},
	{{"servicefile", PARAMETER_REFUSED, NULL, "write out what the service file says"}, 0, NULL},
	{{"passfile", PARAMETER_REFUSED, NULL, "write the password in front of the host, or configure password_command"}, 0, NULL},
	{{"krbsrvname", PARAMETER_REFUSED, NULL, "GSSAPI is not supported; use a password or a client's certificate"}, 0, NULL},
	{{"gsslib", PARAMETER_REFUSED, NULL, "GSSAPI is not supported; use a password or a client's certificate"}, 0, NULL},
	{{"gssdelegation", PARAMETER_REFUSED, NULL, "GSSAPI is not supported; use a password or a client's certificate"}, 0, NULL},
	{{"replication", PARAMETER_REFUSED, NULL, "no SQL can be sent over a connection for replication"}, 0, NULL},
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
static struct error *check_certificates(struct reading *reading);
static void settle_tls(struct reading *reading);
static const char *choose_sslmode(struct reading *reading, const char *ca);
static void add_keyword(struct reading *reading, const char *keyword, const char *value);
static bool is_loopback(const char *host);
static bool is_one_of(const char *value, const char *const *words, size_t count);
static char *decode(struct arena *arena, const char *start, const char *end, bool form);
static int hex_digit(char digit);
static struct error *bad_url(struct arena *arena, const char *why, const char *hint);

FALLIBLE database_url_parse(struct arena *arena, const char *url, enum tls_default tls_default,
                            struct database_url *ret_url)
{
	static const char encode[] =
		"Write '@', '/', '?', '#' and '%' in a user, password or value as %40, %2F, %3F,"
		" %23 and %25.";
	struct reading reading = {.arena = arena, .tls_default = tls_default};
	const char *start, *path, *query;

	if (strlen(url) > URL_MAXIMUM)
		return bad_url(arena, "it is longer than 4096 bytes",
		               "Put the database URL alone into the file: postgresql://…");
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

const struct database_url_parameter *database_url_parameter(size_t index)
{
	return index < PARAMETER_COUNT ? &parameters[index].row : NULL;
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
		               "Write every '%' in it as %25.");
	reading->url.user = user;
	if (colon) {
		password = decode(arena, colon + 1, at, false);
		if (!password)
			return bad_url(arena, "its password is wrongly encoded",
			               "Write every '%' in it as %25.");
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
			               "Write every '%' in it as %25.");
		TRY(read_parameter(reading, name, value, seen));
	}
	return NULL;
}

static struct error *read_parameter(struct reading *reading, const char *name, const char *value,
                                    bool *seen)
{
	struct arena *arena = reading->arena;
	const struct parameter *found = NULL;

	for (size_t i = 0; i < PARAMETER_COUNT && !found; i++) {
		if (!text_equal(parameters[i].row.name, name))
			continue;
		found = &parameters[i];
		if (seen[i])
			return bad_url(arena,
			               arena_printf(arena, "its parameter '%s' stands twice", name),
			               "Keep one of the two.");
		seen[i] = true;
	}
	if (!found)
		return unknown_parameter(arena, name);
	if (found->is_valid && !found->is_valid(value))
		return bad_url(
			arena,
			arena_printf(arena, "its parameter '%s' has a value that cannot be", name),
			arena_printf(arena, "It must be %s.", found->row.values));
	if (found->offset)
		*(const char **)((char *)reading + found->offset) = value;
	switch (found->row.treatment) {
	case PARAMETER_USED:
		if (!found->offset)
			add_keyword(reading, name, value);
		return NULL;
	case PARAMETER_IGNORED:
		*LIST_ADD(arena, &reading->url.ignored) =
			arena_printf(arena, "%s: %s", name, found->row.sentence);
		return NULL;
	case PARAMETER_REFUSED:
		return bad_url(arena,
		               arena_printf(arena, "its parameter '%s' is not supported", name),
		               arena_printf(arena, "Leave it out; %s.", found->row.sentence));
	}
	return NULL;
}

static struct error *unknown_parameter(struct arena *arena, const char *name)
{
	const char *known[PARAMETER_COUNT], *nearest;

	for (size_t i = 0; i < PARAMETER_COUNT; i++)
		known[i] = parameters[i].row.name;
	nearest = text_nearest(name, known, PARAMETER_COUNT);
	return bad_url(
		arena,
		arena_printf(arena, "its parameter '%s' is not known", text_clip(arena, name, 63)),
		nearest ? arena_printf(arena, "Did you mean '%s'?", nearest) : "Leave it out.");
}

static struct error *settle(struct reading *reading)
{
	struct database_url *url = &reading->url;

	if (reading->host)
		url->host = reading->host;
	if (!*url->host)
		url->host = "localhost";
	url->is_local = *url->host == '/' || is_loopback(url->host);
	url->schema_named = url->schema;
	if (!url->schema)
		url->schema = "public";
	url->says_pooler = text_equal(reading->pgbouncer, "true");
	if (reading->connect_timeout)
		(void)parse_number(reading->connect_timeout, CONNECT_TIMEOUT_MAXIMUM,
		                   &url->connect_timeout_s);
	TRY(check_certificates(reading));
	settle_tls(reading);
	return NULL;
}

static struct error *check_certificates(struct reading *reading)
{
	if (reading->sslkey && !reading->sslcert)
		return bad_url(reading->arena,
		               "it names a client's key and no certificate that belongs to it",
		               "Write sslcert=/path/client.pem beside sslkey.");
	if (!reading->sslkey && reading->sslcert && reading->sslrootcert &&
	    !text_equal(reading->sslcert, reading->sslrootcert))
		return bad_url(
			reading->arena, "sslcert and sslrootcert name two CAs",
			"Keep one of them; or, if sslcert is a client's certificate, name its "
			"key by sslkey.");
	return NULL;
}

static void settle_tls(struct reading *reading)
{
	const char *ca = reading->sslrootcert, *mode;

	if (reading->sslkey) {
		add_keyword(reading, "sslcert", reading->sslcert);
		add_keyword(reading, "sslkey", reading->sslkey);
	} else if (reading->sslcert) {
		ca = reading->sslcert;
	}
	mode = choose_sslmode(reading, ca);
	add_keyword(reading, "sslmode", mode);
	/*
	 * libpq would take ~/.postgresql/root.crt, and with it `require` would silently become
	 * verify-ca. With `prefer` a CA that does not fit would make it go on without TLS.
	 */
	if (!text_starts(mode, "verify-"))
		ca = NO_CA;
	else if (!ca || text_equal(ca, "system"))
		ca = SYSTEM_CA;
	add_keyword(reading, "sslrootcert", ca);
}

/*
 * Prisma's sslaccept speaks about certificates, its sslmode about whether there is TLS at all. A
 * mode of libpq's own (verify-…) says both and wins; `disable` is meant as it stands. `require`
 * with a CA is libpq's verify-ca, which unlike `require` fails when the CA's file is not there.
 */
static const char *choose_sslmode(struct reading *reading, const char *ca)
{
	const char *mode = reading->sslmode;
	bool any = text_equal(reading->sslaccept, "accept_invalid_certs");

	if (mode && (text_equal(mode, "disable") || text_starts(mode, "verify-")))
		return mode;
	if (text_equal(reading->sslaccept, "strict"))
		return "verify-full";
	if (mode)
		return text_equal(mode, "require") && ca && !any ? "verify-ca" : mode;
	if (reading->tls_default == TLS_AS_PRISMA)
		return "prefer";
	if (any)
		return reading->url.is_local ? "prefer" : "require";
	if (reading->url.is_local && !ca)
		return "prefer";
	reading->url.sslmode_assumed = true;
	return "verify-full";
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

static bool is_ca(const char *value)
{
	return is_absolute(value) || text_equal(value, "system");
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

static bool is_protocol(const char *value)
{
	static const char *const words[] = {"TLSv1.2", "TLSv1.3"};

	return is_one_of(value, words, sizeof words / sizeof words[0]);
}

static bool is_flag(const char *value)
{
	static const char *const words[] = {"0", "1"};

	return is_one_of(value, words, sizeof words / sizeof words[0]);
}

static bool is_role(const char *value)
{
	return is_schema(value);
}

static bool is_gssencmode(const char *value)
{
	static const char *const words[] = {"disable", "prefer"};

	return is_one_of(value, words, sizeof words / sizeof words[0]);
}

static bool is_one_server(const char *value)
{
	static const char *const words[] = {"any", "read-write", "primary"};

	return is_one_of(value, words, sizeof words / sizeof words[0]);
}

static bool is_utf8(const char *value)
{
	return !strcasecmp(value, "UTF8") || !strcasecmp(value, "UTF-8") ||
	       text_equal(value, "auto");
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

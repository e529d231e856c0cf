/*
 * Prisma's database URL: what is used, ignored or refused, and that no message repeats a password.
 */
#include "unit/base/check.h"

#include "base/text.h"
#include "model/database_url.h"

#define AT "postgresql://u:p@db.example/shop"

static struct database_url parse(struct arena *arena, const char *text)
{
	struct database_url url;

	assert_fine(database_url_parse(arena, text, TLS_VERIFY, &url));
	return url;
}

static const char *keyword(const struct database_url *url, const char *name)
{
	for (size_t i = 0; i < url->keywords.count; i++) {
		if (text_equal(url->keywords.items[i], name))
			return url->values.items[i];
	}
	return NULL;
}

static void parts_are_read_as_prisma_writes_them(void **state)
{
	static const struct {
		const char *text, *user, *password, *host, *port, *database, *schema, *public,
			*sentence;
		bool is_local;
	} rows[] = {
		{AT, "u", "p", "db.example", "5432", "shop", "public", "shop on db.example:5432",
	         "the usual form", false},
		{"postgres://u@db:6543/shop?schema=app", "u", NULL, "db", "6543", "shop", "app",
	         "shop on db:6543", "the short scheme, a port, a schema, no password", false},
		{"postgresql://u:@h/d", "u", NULL, "h", "5432", "d", "public", "d on h:5432",
	         "an empty password is none", false},
		{"postgresql://%C3%A4da%40x:p%40%2F%3A%25%3F%23@h/my%20shop",
	         "\xc3\xa4"
	         "da@x",
	         "p@/:%?#", "h", "5432", "my shop", "public", "my shop on h:5432",
	         "percent-encoding everywhere", false},
		{"postgresql://u:a@b:c@h/d", "u", "a@b:c", "h", "5432", "d", "public",
	         "d on h:5432", "the last @ counts", false},
		{"postgresql://u@[2001:db8::5]:6000/d", "u", NULL, "2001:db8::5", "6000", "d",
	         "public", "d on [2001:db8::5]:6000", "an IPv6 address", false},
		{"postgresql://u@[::1]/d", "u", NULL, "::1", "5432", "d", "public",
	         "d on [::1]:5432", "without a port", true},
		{"postgresql://u@localhost/d?host=/run/postgresql", "u", NULL, "/run/postgresql",
	         "5432", "d", "public", "d on /run/postgresql:5432", "a socket's folder", true},
		{"postgresql://u@%2Frun%2Fpg/d", "u", NULL, "/run/pg", "5432", "d", "public",
	         "d on /run/pg:5432", "a socket's folder, encoded", true},
		{"postgresql://u@/d", "u", NULL, "localhost", "5432", "d", "public",
	         "d on localhost:5432", "no host", true},
		{"postgresql://u@127.0.0.1:/d?schema=a%20b+c", "u", NULL, "127.0.0.1", "5432", "d",
	         "a b c", "d on 127.0.0.1:5432", "a plus is a blank in a value", true},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct database_url url = parse(*state, rows[i].text);

		CASE(rows[i].sentence);
		assert_string_equal(url.user, rows[i].user);
		assert_true(text_equal(url.password ? secret_reveal(url.password) : NULL,
		                       rows[i].password));
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.port, rows[i].port);
		assert_string_equal(url.database, rows[i].database);
		assert_string_equal(url.schema, rows[i].schema);
		assert_int_equal(url.schema_named, strstr(rows[i].text, "schema=") != NULL);
		assert_int_equal(url.is_local, rows[i].is_local);
		assert_string_equal(database_url_public(*state, &url), rows[i].public);
	}
}

static void tls_is_as_strict_as_it_was_not_loosened(void **state)
{
	static const struct {
		const char *text, *sslmode, *ca, *sentence;
	} rows[] = {
		{AT, "verify-full", "/etc/ssl/certs/ca-certificates.crt",
	         "a remote host, nothing said"},
		{"postgresql://u@localhost/d", "prefer", "/dev/null/none",
	         "this machine, nothing said"},
		{AT "?sslmode=prefer", "prefer", "/dev/null/none",
	         "Prisma's default, when it is said"},
		{AT "?sslmode=disable", "disable", "/dev/null/none",
	         "none at all, when it is said"},
		{AT "?sslmode=require", "require", "/dev/null/none", "encrypted, unchecked"},
		{AT "?sslmode=require&sslaccept=strict", "verify-full",
	         "/etc/ssl/certs/ca-certificates.crt", "strict checks"},
		{AT "?sslmode=require&sslaccept=accept_invalid_certs", "require", "/dev/null/none",
	         "not strict does not"},
		{AT "?sslaccept=accept_invalid_certs", "require", "/dev/null/none",
	         "any certificate will do"},
		{AT "?sslaccept=strict", "verify-full", "/etc/ssl/certs/ca-certificates.crt",
	         "strict alone"},
		{"postgresql://u@localhost/d?sslaccept=strict", "verify-full",
	         "/etc/ssl/certs/ca-certificates.crt", "here, too"},
		{AT "?sslcert=/etc/ca.pem", "verify-full", "/etc/ca.pem",
	         "Prisma's sslcert is the CA"},
		{AT "?sslmode=verify-ca&sslrootcert=/etc/ca.pem", "verify-ca", "/etc/ca.pem",
	         "libpq's own words"},
		{AT "?sslmode=verify-full&sslrootcert=system", "verify-full",
	         "/etc/ssl/certs/ca-certificates.crt",
	         "the CAs of this machine, by libpq 16's word"},
		{AT "?sslmode=require&sslcert=/etc/ca.pem", "verify-ca", "/etc/ca.pem",
	         "a CA that is named is asked, and must be there"},
		{AT "?sslmode=require&sslcert=/etc/ca.pem&sslaccept=accept_invalid_certs",
	         "require", "/dev/null/none", "any certificate will do, whatever is named"},
		{AT "?sslmode=prefer&sslcert=/etc/ca.pem", "prefer", "/dev/null/none",
	         "a CA that does not fit must not lead to no TLS at all"},
		{"postgresql://u@localhost/d?sslcert=/etc/ca.pem", "verify-full", "/etc/ca.pem",
	         "who names a CA wants it asked, on this machine, too"},
		{AT "?sslcert=/etc/client.pem&sslkey=/etc/client.key&sslrootcert=/etc/ca.pem",
	         "verify-full", "/etc/ca.pem", "with a key, sslcert is the client's own"},
		{AT "?sslcert=/etc/client.pem&sslkey=/etc/client.key", "verify-full",
	         "/etc/ssl/certs/ca-certificates.crt", "and no CA"},
		{AT "?sslmode=verify-full&sslaccept=accept_invalid_certs", "verify-full",
	         "/etc/ssl/certs/ca-certificates.crt", "libpq's mode says both and wins"},
		{AT "?sslmode=disable&sslaccept=strict", "disable", "/dev/null/none",
	         "disable is meant as it stands"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct database_url url = parse(*state, rows[i].text);

		CASE(rows[i].sentence);
		assert_string_equal(keyword(&url, "sslmode"), rows[i].sslmode);
		assert_string_equal(keyword(&url, "sslrootcert"), rows[i].ca);
	}
}

static void without_sslmode_waiting_means_what_prisma_means(void **state)
{
	static const struct {
		const char *text, *sslmode, *sentence;
		bool assumed; /* under TLS_VERIFY */
	} rows[] = {
		{AT, "prefer", "a remote host, nothing said", true},
		{AT "?sslaccept=accept_invalid_certs", "prefer", "any certificate", false},
		{AT "?sslcert=/etc/ca.pem", "prefer", "a CA, which Prisma does not insist on",
	         true},
		{AT "?sslaccept=strict", "verify-full", "strict is strict", false},
		{AT "?sslmode=require", "require", "what is said counts", false},
		{AT "?sslmode=verify-full", "verify-full", "libpq's words, too", false},
		{"postgresql://u@localhost/d", "prefer", "this machine", false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct database_url url;

		CASE(rows[i].sentence);
		assert_fine(database_url_parse(*state, rows[i].text, TLS_AS_PRISMA, &url));
		assert_string_equal(keyword(&url, "sslmode"), rows[i].sslmode);
		assert_false(url.sslmode_assumed);
		url = parse(*state, rows[i].text);
		assert_int_equal(url.sslmode_assumed, rows[i].assumed);
	}
}

/* A value that each row of the table takes, and one that it does not. */
static const struct sample {
	const char *name, *good, *bad; /* bad NULL: any value will do */
} samples[] = {
	{"schema", "shop", ""},
	{"host", "%2Frun%2Fpg", "db2"},
	{"sslmode", "require", "allow"},
	{"sslaccept", "strict", "maybe"},
	{"sslcert", "/ca.pem", "ca.pem"},
	{"connect_timeout", "600", "0"},
	{"channel_binding", "require", "always"},
	{"application_name", "web", NULL},
	{"connection_limit", "5", NULL},
	{"pool_timeout", "2", NULL},
	{"max_connection_lifetime", "60", NULL},
	{"max_idle_connection_lifetime", "60", NULL},
	{"single_use_connections", "true", NULL},
	{"socket_timeout", "3", NULL},
	{"pgbouncer", "true", NULL},
	{"statement_cache_size", "0", NULL},
	{"uselibpqcompat", "true", NULL},
	{"sslidentity", "/c.p12", NULL},
	{"sslpassword", "S3CRET", NULL},
	{"options", "-csearch_path%3Dx", NULL},
	{"sslrootcert", "system", "ca.pem"},
	{"sslkey", "/client.key&sslcert=/client.pem", "client.key"},
	{"ssl_min_protocol_version", "TLSv1.3", "TLSv1"},
	{"ssl_max_protocol_version", "TLSv1.2", "SSLv3"},
	{"sslsni", "0", "yes"},
	{"requirepeer", "postgres", ""},
	{"gssencmode", "prefer", "require"},
	{"target_session_attrs", "read-write", "standby"},
	{"client_encoding", "utf8", "latin1"},
	{"fallback_application_name", "web", NULL},
	{"keepalives", "0", NULL},
	{"keepalives_idle", "9", NULL},
	{"keepalives_interval", "9", NULL},
	{"keepalives_count", "9", NULL},
	{"tcp_user_timeout", "9", NULL},
	{"sslcompression", "1", NULL},
	{"sslnegotiation", "direct", NULL},
	{"load_balance_hosts", "random", NULL},
	{"ssl", "true", NULL},
	{"sslcrl", "/crl.pem", NULL},
	{"sslcrldir", "/crls", NULL},
	{"require_auth", "scram-sha-256", NULL},
	{"hostaddr", "10.0.0.1", NULL},
	{"user", "u", NULL},
	{"password", "S3CRET", NULL},
	{"port", "5432", NULL},
	{"dbname", "d", NULL},
	{"service", "s", NULL},
	{"servicefile", "/s", NULL},
	{"passfile", "/p", NULL},
	{"krbsrvname", "k", NULL},
	{"gsslib", "gssapi", NULL},
	{"gssdelegation", "1", NULL},
	{"replication", "database", NULL},
};

static void each_row_is_used_ignored_or_refused(void **state)
{
	const struct database_url_parameter *row;
	struct database_url url;
	size_t count = 0;

	while ((row = database_url_parameter(count))) {
		const struct sample *sample = &samples[count++];
		const char *text = arena_printf(*state, AT "?%s=%s", sample->name, sample->good);
		struct error *error = database_url_parse(*state, text, TLS_VERIFY, &url);

		CASE(row->name);
		assert_true(count <= ROWS(samples));
		assert_string_equal(sample->name, row->name);
		assert_int_equal(!sample->bad, !row->values);
		switch (row->treatment) {
		case PARAMETER_USED:
			assert_fine(error);
			assert_int_equal(url.ignored.count, 0);
			break;
		case PARAMETER_IGNORED:
			assert_fine(error);
			assert_int_equal(url.ignored.count, 1);
			assert_contains(url.ignored.items[0], row->sentence);
			assert_null(keyword(&url, row->name));
			break;
		case PARAMETER_REFUSED:
			assert_error(error, ERR_DB_URL);
			assert_contains(error->hint, row->sentence);
			assert_null(strstr(error_line(*state, error), "S3C"));
			break;
		}
		if (!sample->bad)
			continue;
		text = arena_printf(*state, AT "?%s=%s", sample->name, sample->bad);
		error = database_url_parse(*state, text, TLS_VERIFY, &url);
		assert_error(error, ERR_DB_URL);
		assert_contains(error->hint, row->values);
	}
	assert_int_equal(count, ROWS(samples));
}

static void what_libpq_gets_is_what_the_url_says(void **state)
{
	static const char *const rows[][2] = {
		{"channel_binding", "require"},
		{"ssl_min_protocol_version", "TLSv1.3"},
		{"ssl_max_protocol_version", "TLSv1.3"},
		{"sslsni", "0"},
		{"requirepeer", "postgres"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct database_url url =
			parse(*state, arena_printf(*state, AT "?%s=%s", rows[i][0], rows[i][1]));

		CASE(rows[i][0]);
		assert_string_equal(keyword(&url, rows[i][0]), rows[i][1]);
	}
	{
		const struct database_url url =
			parse(*state, AT "?sslcert=/c.pem&sslkey=/c.key&pgbouncer=true");

		assert_string_equal(keyword(&url, "sslcert"), "/c.pem");
		assert_string_equal(keyword(&url, "sslkey"), "/c.key");
		assert_true(url.says_pooler);
	}
	assert_null(keyword(&(struct database_url){0}, "sslcert"));
	{
		const struct database_url url =
			parse(*state, AT "?sslcert=/ca.pem&pgbouncer=false");

		assert_null(keyword(&url, "sslcert")); /* the CA is no client's certificate */
		assert_false(url.says_pooler);
	}
}

static void settings_of_prismas_client_are_ignored_with_a_word(void **state)
{
	const struct database_url url = parse(
		*state, AT
		"?connection_limit=5&pool_timeout=2&socket_timeout=3&pgbouncer=true&statement_cache_size=0"
		"&application_name=web&connect_timeout=7&channel_binding=require");

	assert_int_equal(url.ignored.count, 6);
	assert_contains(url.ignored.items[3], "pgbouncer: ");
	assert_int_equal(url.connect_timeout_s, 7);
	assert_string_equal(keyword(&url, "channel_binding"), "require");
	assert_null(keyword(&url, "application_name"));
}

static void what_cannot_be_is_refused_and_no_password_repeated(void **state)
{
	static const struct {
		const char *text, *why, *hint, *sentence;
	} rows[] = {
		{"mysql://u:S3CRET@h/d", "postgresql://", "postgresql://user", "another database"},
		{"", "postgresql://", "postgresql://user", "nothing"},
		{"prisma://accelerate.example/?api_key=S3CRET", "proxy", "database itself",
	         "Prisma's proxy"},
		{"postgresql://h/d", "no user", "user:password", "no user"},
		{"postgresql://:S3CRET@h/d", "user", "", "an empty user"},
		{"postgresql://u:S3CRET@h", "no database", "/database", "no database"},
		{"postgresql://u:S3CRET@h/", "no database", "/database", "an empty database"},
		{"postgresql://u:S3CRET@h/a/b", "no database", "/database", "two names"},
		{"postgresql://u:S3CRET@h,i/d", "several hosts", "one server", "two hosts"},
		{"postgresql://u:S3CRET@h:x/d", "port", "5432", "a port that is no number"},
		{"postgresql://u:S3CRET@h:0/d", "port", "5432", "port 0"},
		{"postgresql://u:S3CRET@h:65536/d", "port", "5432", "a port that is too large"},
		{"postgresql://u:S3C/RET@h/d", "unencoded", "%2F", "a slash in the password"},
		{"postgresql://u:S3C?RET@h/d", "unencoded", "%3F",
	         "a question mark in the password"},
		{"postgresql://u:S3C#RET@h/d", "unencoded", "%23", "a hash in the password"},
		{"postgresql://u:S3CRET%@h/d", "password", "%25", "a lonely percent sign"},
		{"postgresql://u:S3CRET%00@h/d", "password", "%25", "an encoded NUL"},
		{"postgresql://u:S3CRET%ff@h/d", "password", "%25", "no UTF-8"},
		{"postgresql://u:S3 CRET@h/d", "blank", "%20", "a blank"},
		{"postgresql://u:S3CRET@h/d\n", "control", "", "a line end within"},
		{"postgresql://u:S3CRET@[::1/d", "brackets", "", "an address without its end"},
		{"postgresql://u:S3CRET@[::1]x/d", "brackets", "", "something behind an address"},
		{AT "?shema=app", "'shema' is not known", "'schema'", "a typing error"},
		{AT "?frobnicate=1", "'frobnicate' is not known", "Leave it out",
	         "an unknown word"},
		{AT "?schema=a&schema=b", "stands twice", "one of the two", "twice"},
		{AT "?schema=", "'schema'", "63 bytes", "an empty schema"},
		{AT "?sslmode=allow", "'sslmode'", "verify-full",
	         "a mode of libpq's that promises nothing"},
		{AT "?sslcert=ca.pem", "'sslcert'", "absolute path", "a relative path"},
		{AT "?connect_timeout=0", "'connect_timeout'", "600", "no limit"},
		{AT "?connect_timeout=601", "'connect_timeout'", "600", "too long"},
		{AT "?host=db2", "'host'", "socket", "a second host"},
		{AT "?sslidentity=/c.p12", "'sslidentity'", "PKCS #12", "a client's certificate"},
		{AT "?sslpassword=S3CRET", "'sslpassword'", "unencrypted", "and its password"},
		{AT "?sslkey=/c.key", "no certificate",
	         "sslcert=", "half of a client's certificate"},
		{AT "?sslcert=/a.pem&sslrootcert=/b.pem", "two CAs", "sslkey", "two CAs"},
		{AT "?options=-csearch_path%3Dx", "'options'", "ALTER ROLE",
	         "settings of a session"},
		{AT "?target_session_attrs=standby", "'target_session_attrs'", "primary",
	         "a server that takes no writes"},
		{AT "?password=S3CRET", "'password'", "in front", "the password in another place"},
		{AT "?a%zz=1", "wrongly encoded", "%25", "a wrongly encoded name"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct database_url url = {.user = "untouched"};
		const struct error *error =
			database_url_parse(*state, rows[i].text, TLS_VERIFY, &url);

		CASE(rows[i].sentence);
		assert_error(error, ERR_DB_URL);
		assert_contains(error->why, rows[i].why);
		assert_contains(error->hint, rows[i].hint);
		assert_string_equal(url.user, "untouched");
		assert_null(strstr(error_line(*state, error), "S3C"));
		assert_null(strstr(error_line(*state, error), "RET"));
		assert_null(strstr(error->hint, "RET"));
	}
}

static void a_url_has_a_longest(void **state)
{
	struct text text = TEXT_IN(*state);
	struct database_url url;

	text_add(&text, AT "?schema=");
	while (text.size <= 4096)
		text_add(&text, "a");
	assert_error(database_url_parse(*state, text_get(&text), TLS_VERIFY, &url), ERR_DB_URL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parts_are_read_as_prisma_writes_them),
		TEST(tls_is_as_strict_as_it_was_not_loosened),
		TEST(without_sslmode_waiting_means_what_prisma_means),
		TEST(each_row_is_used_ignored_or_refused),
		TEST(what_libpq_gets_is_what_the_url_says),
		TEST(settings_of_prismas_client_are_ignored_with_a_word),
		TEST(what_cannot_be_is_refused_and_no_password_repeated),
		TEST(a_url_has_a_longest),
	};

	return cmocka_run_group_tests_name("database_url", tests, NULL, NULL);
}

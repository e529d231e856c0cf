/*
 * TLS against a server that has it: a cluster of this test's own, since its settings are changed.
 * The server's certificate is for "localhost" and 0.0.0.0, signed by a CA of the test. The
 * latter leads to this machine, too, but is no name of it, so that it stands for a remote host.
 */
#include "unit/base/check.h"

#include <pwd.h>

#include "adapters/pg.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "contract/postgres_place.h"

static struct postgres_place *postgres;
static const struct session_limits limits;

static void openssl(const struct place *folder, const char *line)
{
	struct text_list words = {0};
	struct process process = {
		.program = "/usr/bin/openssl", .folder = folder->folder, .deadline_ms = 60000};
	struct process_result result;

	text_split(folder->arena, line, ' ', &words);
	*LIST_ADD(folder->arena, &words) = NULL;
	process.arguments = words.items;
	assert_fine(process_run(folder->arena, &process, &result));
	if (result.status)
		fail_msg("openssl %s: %s", line, result.complaint);
}

/* Root's key that the server's group may read, or our own when the server runs as us. */
static void make_certificates(const struct place *folder)
{
	const struct passwd *server = getpwnam("postgres");

	write_file(path_of(folder, "extensions"), "subjectAltName=DNS:localhost,IP:0.0.0.0\n",
	           0600);
	openssl(folder,
	        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem");
	openssl(folder,
	        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
	openssl(folder, "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
	                " -extfile extensions"
	                " -out server.pem");
	openssl(folder,
	        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other-ca -keyout other.key -out other.pem");
	assert_int_equal(chmod(path_of(folder, "server.key"), geteuid() ? 0600 : 0640), 0);
	assert_int_equal(chmod(path_of(folder, "server.pem"), 0644), 0);
	assert_int_equal(chmod(folder->folder, 0755), 0);
	if (!geteuid())
		assert_int_equal(chown(path_of(folder, "server.key"), 0, server->pw_gid), 0);
}

static struct error *connect_to(const struct place *folder, const char *host,
                                const char *parameters, enum tls_default tls_default,
                                bool encrypted)
{
	const struct database_postgres_options options = {
		.url = arena_printf(folder->arena, "postgresql://postgres@%s:%s/postgres%s", host,
	                            getenv("HEADGATE_TEST_PGPORT"), parameters),
		.target = "shop",
		.tls_default = tls_default,
	};
	struct database *database;
	struct server server;
	struct error *error;

	assert_fine(database_postgres_open(folder->arena, &options, &database));
	error = database_connect(database, &limits, true, folder->arena, &server);
	if (!error) {
		/* Told by the session itself: it fails unless TLS is as expected. */
		const char *sql =
			arena_printf(folder->arena,
		                     "DO $$ BEGIN ASSERT (SELECT ssl FROM pg_stat_ssl WHERE pid ="
		                     " pg_backend_pid())"
		                     " = %s; END $$",
		                     encrypted ? "true" : "false");
		struct answer answer;

		assert_fine(database_send(database, (struct bytes){sql, strlen(sql)},
		                          &(struct send_options){0}, folder->arena, &answer));
		assert_false(answer.failed);
	}
	database_close(database);
	return error;
}

struct row {
	const char *host, *mode, *ca;
	bool connects, encrypted;
	const char *why, *sentence;
};

/* Once more for each test: the certificates lie in its own folder. */
static void serve_tls(const struct place *folder)
{
	const char *answer = NULL;

	make_certificates(folder);
	place_run(postgres, "ALTER SYSTEM SET ssl_cert_file = '%s'", path_of(folder, "server.pem"));
	place_run(postgres, "ALTER SYSTEM SET ssl_key_file = '%s'", path_of(folder, "server.key"));
	place_run(postgres, "ALTER SYSTEM SET ssl = on");
	place_run(postgres, "SELECT pg_reload_conf()");
	for (int i = 0; i < 100 && !text_equal(answer, "on"); i++) {
		clock_sleep_ms(50);
		answer = place_value(postgres, "SHOW ssl");
	}
	assert_string_equal(answer, "on");
	clock_sleep_ms(300); /* it was on before: until the new certificate is served */
}

static void try_rows(const struct place *folder, const struct row *rows, size_t count,
                     enum tls_default tls_default)
{
	for (size_t i = 0; i < count; i++) {
		const char *parameters =
			rows[i].ca ? arena_printf(folder->arena, "%s&sslcert=%s", rows[i].mode,
		                                  path_of(folder, rows[i].ca))
				   : rows[i].mode;
		const struct error *error = connect_to(folder, rows[i].host, parameters,
		                                       tls_default, rows[i].encrypted);

		CASE(rows[i].sentence);
		if (rows[i].connects) {
			assert_fine(error);
			continue;
		}
		assert_error(error, ERR_DB_TLS);
		assert_contains(error->why, rows[i].why);
	}
}

static void a_certificate_is_checked_as_far_as_the_url_says(void **state)
{
	static const struct row rows[] = {
		{"localhost", "?sslmode=verify-full", "ca.pem", true, true, NULL,
	         "the right CA and the right name"},
		{"127.0.0.1", "?sslmode=verify-full", "ca.pem", false, false,
	         "does not match host name", "another name"},
		{"127.0.0.1", "?sslmode=verify-ca", "ca.pem", true, true, NULL,
	         "another name, which was not to be checked"},
		{"localhost", "?sslmode=verify-full", "other.pem", false, false,
	         "certificate verify failed", "another CA"},
		{"localhost", "?sslmode=require", "other.pem", false, false,
	         "certificate verify failed", "a CA that is named is asked"},
		{"localhost", "?sslmode=require", NULL, true, true, NULL, "encrypted, by whomever"},
		{"localhost", "?sslmode=verify-full", NULL, false, false,
	         "certificate verify failed", "the system's CAs do not know ours"},
		{"localhost", "?sslaccept=strict", "ca.pem", true, true, NULL, "Prisma's words"},
		{"localhost", "?sslmode=disable", NULL, true, false, NULL, "no TLS when told so"},
		{"localhost", "?", NULL, true, true, NULL, "on this machine TLS is preferred"},
		{"localhost", "?", "other.pem", false, false, "certificate verify failed",
	         "here, too, a CA that is named is asked"},
		{"localhost", "?sslmode=prefer", "other.pem", true, true, NULL,
	         "prefer is no check, and a CA that does not fit no reason for no TLS"},
		{"localhost", "?sslmode=require", "missing.pem", false, false, "does not exist",
	         "a CA that cannot be read is not passed over"},
		{"0.0.0.0", "?", "ca.pem", true, true, NULL, "a remote host, the right CA"},
		{"0.0.0.0", "?", NULL, false, false, "certificate verify failed",
	         "a remote host is checked without being asked"},
		{"0.0.0.0", "?", "other.pem", false, false, "certificate verify failed",
	         "a remote host, another CA"},
		{"0.0.0.0", "?sslaccept=accept_invalid_certs", "other.pem", true, true, NULL,
	         "a remote host, and no check asked for"},
	};

	serve_tls(*state);
	try_rows(*state, rows, ROWS(rows), TLS_VERIFY);
}

static void who_waits_checks_as_much_as_prisma_does(void **state)
{
	static const struct row rows[] = {
		{"0.0.0.0", "?", NULL, true, true, NULL, "encrypted, by whomever"},
		{"0.0.0.0", "?", "other.pem", true, true, NULL, "a CA is no reason to check"},
		{"0.0.0.0", "?sslaccept=strict", NULL, false, false, "certificate verify failed",
	         "strict is strict"},
	};

	serve_tls(*state);
	try_rows(*state, rows, ROWS(rows), TLS_AS_PRISMA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_PLACE(a_certificate_is_checked_as_far_as_the_url_says),
		TEST_IN_PLACE(who_waits_checks_as_much_as_prisma_does),
	};
	AUTO_ARENA arena = arena_new();
	int failed;

	postgres = postgres_place_new(arena);
	postgres_place_reset(postgres);
	failed = cmocka_run_group_tests_name("postgres TLS", tests, NULL, NULL);
	postgres_place_remove(postgres);
	return failed;
}

/*
 * How a session on a real server is made and refused: credentials, deadlines, the environment,
 * standbys and poolers. TLS has a test of its own.
 */
#include "contract/postgres_session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"

static struct error *connect_with(struct arena *arena, const char *url, bool for_writing,
                                  struct server *ret_server)
{
	const struct database_postgres_options options = {.url = url, .target = "shop"};
	struct database *database;
	struct error *error;

	assert_fine(database_postgres_open(arena, &options, &database));
	error = database_connect(database, &limits, for_writing, arena, ret_server);
	database_close(database);
	return error;
}

static void a_server_says_why_there_is_no_session(void **state)
{
	struct session *session = *state;
	struct arena *arena = session->arena;
	const char *port = getenv("HEADGATE_TEST_PGPORT");
	struct server server;
	const struct {
		const char *url;
		enum error_code code;
		const char *why, *sentence;
	} rows[] = {
		{arena_printf(arena, "postgresql://with_password:wrong@127.0.0.1:%s/%s", port,
	                      place->database),
	         ERR_DB_AUTH, "28P01", "a wrong password"},
		{arena_printf(arena, "postgresql://with_password@127.0.0.1:%s/%s", port,
	                      place->database),
	         ERR_DB_AUTH, "password", "no password at all"},
		{arena_printf(arena, "postgresql://nobody_here@127.0.0.1:%s/%s", port,
	                      place->database),
	         ERR_DB_AUTH, "28000", "an unknown role"},
		{arena_printf(arena, "postgresql://%s@127.0.0.1:%s/no_such", place->role, port),
	         ERR_DB_UNREACHABLE, "3D000", "an unknown database"},
		{arena_printf(arena, "postgresql://%s@127.0.0.1:1/%s", place->role,
	                      place->database),
	         ERR_DB_UNREACHABLE, "refused", "nobody listens"},
		{arena_printf(arena, "postgresql://%s@127.0.0.1:%s/%s?sslmode=require", place->role,
	                      port, place->database),
	         ERR_DB_TLS, "SSL", "TLS is asked for and not there"},
		{"mysql://a@b/c", ERR_DB_URL, "postgresql://", "another database's URL"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error;

		CASE(rows[i].sentence);
		error = connect_with(arena, rows[i].url, true, &server);
		assert_error(error, rows[i].code);
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error->why, "LOCATION"));
	}
	place_run(place, "ALTER ROLE with_password PASSWORD 'p@ss/w:rd#%%'");
	assert_fine(connect_with(
		arena,
		arena_printf(arena,
	                     "postgresql://with_password:p%%40ss%%2Fw:rd%%23%%25@127.0.0.1:%s/%s",
	                     port, place->database),
		true, &server));
	assert_fine(connect_with(arena,
	                         arena_printf(arena, "postgresql://%s@localhost:%s/%s?host=%s",
	                                      place->role, port, place->database,
	                                      getenv("HEADGATE_TEST_PGHOST")),
	                         true, &server));
}

static void who_never_answers_is_given_up(void **state)
{
	struct session *session = *state;
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t start = clock_monotonic_ms();
	struct server server;
	struct error *error;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	error = connect_with(session->arena,
	                     arena_printf(session->arena,
	                                  "postgresql://a@127.0.0.1:%d/b?connect_timeout=1",
	                                  ntohs(address.sin_port)),
	                     true, &server);
	assert_error(error, ERR_DB_UNREACHABLE);
	assert_contains(error->why, "no answer within 1");
	assert_true(clock_monotonic_ms() - start < 5000);
	(void)close(listener);
}

static void the_environment_changes_nothing(void **state)
{
	struct session *session = *state;

	setenv("PGHOSTADDR", "192.0.2.1", 1);
	setenv("PGOPTIONS", "-c search_path=elsewhere", 1);
	setenv("PGTZ", "Asia/Tokyo", 1);
	setenv("PGSSLMODE", "require", 1);
	setenv("PGSERVICE", "nowhere", 1);
	setenv("PGPASSFILE", "/dev/null", 1);
	assert_fine(database_connect(session->database, &limits, true, session->arena,
	                             &session->server));
	assert_string_equal(session->server.current_schema, "public");
	assert_string_equal(setting(session, "TimeZone"), "UTC");
	assert_null(getenv("PGTZ"));
}

static void the_secret_is_read_again_at_each_connect(void **state)
{
	struct session *session = *state;
	const char *path = arena_printf(session->arena, "/tmp/headgate-url-%d", (int)getpid());
	const struct database_postgres_options options = {.url_file = path, .target = "shop"};
	const char *url = place_url(place, session->arena, place->role, NULL);
	struct database *database;
	struct database_url parsed;

	assert_fine(database_postgres_open(session->arena, &options, &database));
	write_file(path, "postgresql://nobody_here@127.0.0.1:1/x", 0600);
	assert_error(database_connect(database, &limits, true, session->arena, &session->server),
	             ERR_DB_UNREACHABLE);
	write_file(path, url, 0600);
	assert_fine(database_connect(database, &limits, true, session->arena, &session->server));
	assert_fine(database_postgres_url(database, session->arena, &parsed));
	assert_string_equal(parsed.user, place->role);
	database_close(database);
	(void)unlink(path);
}

static void read_only_is_no_place_to_write_but_one_to_look(void **state)
{
	struct session *session = *state;

	place_run(place, "ALTER ROLE %s SET default_transaction_read_only = on", place->role);
	assert_error(database_connect(session->database, &limits, true, session->arena,
	                              &session->server),
	             ERR_DB_STANDBY);
	assert_fine(database_connect(session->database, &limits, false, session->arena,
	                             &session->server));
	place_run(place, "ALTER ROLE %s RESET default_transaction_read_only", place->role);
}

/* An observed target, and all commands that only look: the server is asked to see to it. */
static void a_session_that_only_looks_cannot_write(void **state)
{
	struct session *session = *state;
	struct answer answer;
	int64_t epoch = 0;

	assert_fine(database_connect(session->database, &limits, false, session->arena,
	                             &session->server));
	answer = send_sql(session, "CREATE TABLE written (id int)");
	assert_true(answer.failed);
	assert_string_equal(answer.error.sqlstate, "25006");
	assert_non_null(database_take_fence(session->database, "public", "shop", "journal", false,
	                                    session->arena, &epoch));
	assert_fine(database_connect(session->database, &limits, true, session->arena,
	                             &session->server));
	must_send(session, "CREATE TABLE written (id int); DROP TABLE written");
}

static pid_t start_pooler(struct session *session, const char **ret_url)
{
	const char *folder = arena_printf(session->arena, "/tmp/headgate-pooler-%d", (int)getpid());
	const char *ini = arena_printf(session->arena, "%s/ini", folder),
		   *port = getenv("HEADGATE_TEST_PGPORT");
	pid_t pid;

	assert_int_equal(mkdir(folder, 0777), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	/* auth_type any logs in as the user of the [databases] line, so it is named there */
	write_file(
		ini,
		arena_printf(
			session->arena,
			"[databases]\n%s = host=127.0.0.1 port=%s user=%s\n[pgbouncer]\nauth_type"
			" = any\n"
			"listen_addr =\nlisten_port = 6432\nunix_socket_dir = %s\npool_mode ="
			" transaction\n",
			place->database, port, place->role, folder),
		0644);
	*ret_url = arena_printf(session->arena, "postgresql://%s@localhost:6432/%s?host=%s",
	                        place->role, place->database, folder);
	pid = fork();
	if (!pid) {
		int nowhere = open("/dev/null", O_RDWR);

		(void)dup2(nowhere, STDOUT_FILENO);
		(void)dup2(nowhere, STDERR_FILENO);
		(void)execl("/usr/sbin/pgbouncer", "pgbouncer", "-u", "postgres", ini,
		            (char *)NULL);
		_exit(127);
	}
	for (int i = 0;
	     i < 100 && !file_exists(arena_printf(session->arena, "%s/.s.PGSQL.6432", folder)); i++)
		clock_sleep_ms(50);
	return pid;
}

static void through_a_pooler_nothing_is_applied_and_nothing_is_set(void **state)
{
	struct session *session = *state;
	struct ledger ledger;
	struct server server;
	const char *url;
	struct database *database;
	pid_t pid;

	if (!file_exists("/usr/sbin/pgbouncer"))
		skip();
	pid = start_pooler(session, &url);
	assert_error(connect_with(session->arena, url, true, &server), ERR_DB_POOLER);
	assert_fine(connect_with(session->arena, url, false, &server)); /* looking is allowed */
	assert_fine(database_postgres_open(
		session->arena, &(struct database_postgres_options){.url = url, .target = "shop"},
		&database));
	assert_fine(database_connect(database, &limits, false, session->arena, &server));
	assert_fine(database_ledger(database, "public", session->arena, &ledger));
	assert_true(ledger.has_deployed);
	/* The pooled session, which the application gets next, has no setting of ours. */
	{
		struct answer answer;
		static const char sql[] =
			"DO $$ BEGIN ASSERT current_setting('lock_timeout') = '0'; END $$";

		assert_fine(database_send(database, (struct bytes){sql, strlen(sql)},
		                          &(struct send_options){0}, session->arena, &answer));
		assert_false(answer.failed);
	}
	database_close(database);
	(void)kill(pid, SIGTERM);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)nftw(arena_printf(session->arena, "/tmp/headgate-pooler-%d", (int)getpid()),
	           remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/*
 * A pooler that passes on what the server says of its process, and moves the session to another
 * one later on: between two of the same role, as it does between transactions.
 */
struct relay {
	pid_t pid;
	int moves; /* written to: from then on another process answers */
	int port;
};

static int server_socket(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons((uint16_t)port),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof address))
		_exit(1);
	return fd;
}

static bool pass_on(int from, int to)
{
	char buffer[65536];
	ssize_t size = read(from, buffer, sizeof buffer);

	return size > 0 && (to < 0 || write(to, buffer, (size_t)size) == size);
}

static void relay_main(int listener, int moves)
{
	const int port = (int)strtol(getenv("HEADGATE_TEST_PGPORT"), NULL, 10);
	int servers[2] = {server_socket(port), server_socket(port)}, now = 0;
	int client = accept(listener, NULL, NULL);
	char startup[4096];
	ssize_t size = read(client, startup, sizeof startup);

	for (int i = 0; i < 2; i++) {
		if (size <= 0 || write(servers[i], startup, (size_t)size) != size)
			_exit(1);
	}
	clock_sleep_ms(300); /* the second one greets us, too, and nobody hears it */
	(void)pass_on(servers[1], -1);
	for (;;) {
		struct pollfd fds[] = {{.fd = client, .events = POLLIN},
		                       {.fd = servers[now], .events = POLLIN},
		                       {.fd = now ? -1 : moves, .events = POLLIN}};

		if (poll(fds, 3, 20000) <= 0)
			_exit(1);
		if (fds[2].revents)
			now = 1;
		else if (fds[1].revents ? !pass_on(servers[now], client)
		                        : !pass_on(client, servers[now]))
			_exit(0);
	}
}

static struct relay relay_start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), ends[2];
	struct relay relay;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(pipe(ends), 0);
	relay = (struct relay){.moves = ends[1], .port = ntohs(address.sin_port), .pid = fork()};
	if (!relay.pid) {
		(void)close(ends[1]);
		relay_main(listener, ends[0]);
	}
	(void)close(listener);
	(void)close(ends[0]);
	return relay;
}

static void a_session_that_is_moved_is_noticed_before_anything_is_written(void **state)
{
	static const char *const ways[] = {"a transaction", "a write of its own"};
	struct session *session = *state;

	database_disconnect(session->database);
	for (size_t i = 0; i < ROWS(ways); i++) {
		struct relay relay = relay_start();
		const char *url = arena_printf(session->arena,
		                               "postgresql://%s@127.0.0.1:%d/%s?sslmode=disable",
		                               place->role, relay.port, place->database);
		const struct deployed_change deployed = {.commit = "c1"};
		struct database *database;
		struct server server;
		struct error *error;
		const char *xid;

		CASE(ways[i]);
		assert_fine(database_postgres_open(
			session->arena,
			&(struct database_postgres_options){.url = url, .target = "shop"},
			&database));
		assert_fine(database_connect(database, &limits, true, session->arena, &server));
		assert_fine(database_lock(database, 0, session->arena));
		assert_fine(database_take_fence(database, "public", "shop", "j", false,
		                                session->arena, &session->fence.epoch));
		assert_int_equal(write(relay.moves, "x", 1), 1);
		clock_sleep_ms(100);
		error = i ? database_write(database, &session->fence, NULL, &deployed,
		                           session->arena)
		          : database_begin(database, &session->fence, session->arena, &xid);
		assert_error(error, ERR_DB_POOLER);
		database_close(database);
		(void)close(relay.moves);
		(void)kill(relay.pid, SIGKILL);
		(void)waitpid(relay.pid, NULL, 0);
	}
	assert_string_equal(
		place_value(place,
	                    "SELECT count(*) FROM headgate.deployed WHERE commit IS NOT NULL"),
		"0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION_TEST(a_server_says_why_there_is_no_session),
		SESSION_TEST(who_never_answers_is_given_up),
		SESSION_TEST(the_environment_changes_nothing),
		SESSION_TEST(the_secret_is_read_again_at_each_connect),
		SESSION_TEST(read_only_is_no_place_to_write_but_one_to_look),
		SESSION_TEST(a_session_that_only_looks_cannot_write),
		SESSION_TEST(through_a_pooler_nothing_is_applied_and_nothing_is_set),
		SESSION_TEST(a_session_that_is_moved_is_noticed_before_anything_is_written),
	};
	AUTO_ARENA arena = arena_new();
	int failed;

	place = postgres_place_new(arena);
	postgres_place_reset(place);
	place_run(place, "DO $$ BEGIN CREATE ROLE with_password LOGIN PASSWORD 'p'; EXCEPTION WHEN"
	                 " duplicate_object THEN NULL;"
	                 " END $$");
	failed = cmocka_run_group_tests_name("postgres connections", tests, NULL, NULL);
	postgres_place_remove(place);
	return failed;
}

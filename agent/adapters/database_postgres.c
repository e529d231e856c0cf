/*
 * The session: connect, Prisma's lock, tidying up, and the ops table. What a reader would get
 * wrong: settings are made by set_config in the first query and only when the server itself answers
 * it (R11), since through a transaction pooler they would stay behind in somebody else's session.
 */
#include "adapters/database_postgres.h"

#include <inttypes.h>
#include <string.h>

#include "adapters/database_postgres_parts.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define OLDEST_VERSION 140000
#define LOCK_WAIT_FIRST_MS 25
#define LOCK_WAIT_LONGEST_MS 1000

static struct error *postgres_connect(struct database *database,
                                      const struct session_limits *limits, bool for_writing,
                                      struct arena *arena, struct server *ret_server);
static struct error *postgres_lock(struct database *database, uint64_t budget_ms,
                                   struct arena *arena);
static struct error *postgres_unlock(struct database *database, struct arena *arena);
static struct error *postgres_tidy(struct database *database, struct arena *arena,
                                   bool *ret_lock_kept);
static void postgres_disconnect(struct database *database);
static void postgres_close(struct database *database);

static const struct database_ops ops = {
	.name = "postgres",
	.connect = postgres_connect,
	.ledger = postgres_ledger,
	.rows = postgres_rows,
	.lock = postgres_lock,
	.unlock = postgres_unlock,
	.take_fence = postgres_take_fence,
	.begin = postgres_begin,
	.send = postgres_send,
	.commit = postgres_commit,
	.write = postgres_write,
	.open_row = postgres_open_row,
	.tidy_and_write = postgres_tidy_and_write,
	.rollback = postgres_rollback,
	.tidy = postgres_tidy,
	.probe = postgres_probe,
	.clean_up = postgres_clean_up,
	.transaction_outcome = postgres_transaction_outcome,
	.fingerprint = postgres_fingerprint,
	.invalid_indexes = postgres_invalid_indexes,
	.unreadable = postgres_unreadable,
	.inspect = postgres_inspect,
	.disconnect = postgres_disconnect,
	.close = postgres_close,
};

static struct error *make_connection(struct postgres *postgres, struct arena *arena,
                                     uint64_t longest_ms, struct database_url *ret_url,
                                     struct pg **ret_pg);
static const char *make_settings(struct postgres *postgres, struct arena *arena,
                                 const struct database_url *url, bool for_writing);
static struct error *look_around(struct postgres *postgres, bool for_writing, struct arena *arena,
                                 struct server *ret_server);
static struct error *judge_server(struct postgres *postgres, struct arena *arena,
                                  const struct pg_reply *reply);
static struct error *system_identifier(struct postgres *postgres, struct arena *arena,
                                       const char **ret_identifier);
static struct error *lock_still_held(struct postgres *postgres, struct arena *arena,
                                     bool *ret_held);
static struct error *lock_holder(struct postgres *postgres, struct arena *arena,
                                 uint64_t budget_ms);

FALLIBLE database_postgres_open(struct arena *arena,
                                const struct database_postgres_options *options,
                                struct database **ret_database)
{
	struct postgres *postgres = ARENA_NEW(arena, struct postgres);

	if (!options->url == !options->url_file)
		return FAIL(
			arena, DB_URL, .what = "no database is named",
			.hint = "Name the file that holds the database URL in the target's configuration.");
	postgres->database.ops = &ops;
	postgres->arena = arena;
	postgres->access = database_access_copy(
		arena, &(struct database_access){.url = options->url,
	                                         .url_file = options->url_file,
	                                         .password_command = options->password_command,
	                                         .tls_default = options->tls_default});
	postgres->target = arena_text(arena, options->target);
	postgres->where = "the database";
	*ret_database = &postgres->database;
	return NULL;
}

FALLIBLE database_postgres_url(struct database *database, struct arena *arena,
                               struct database_url *ret_url)
{
	return database_access_look(arena, &postgres_of(database)->access, ret_url);
}

static struct error *postgres_connect(struct database *database,
                                      const struct session_limits *limits, bool for_writing,
                                      struct arena *arena, struct server *ret_server)
{
	struct postgres *postgres = postgres_of(database);
	struct database_url url;
	struct error *error;

	postgres_forget(postgres);
	TRY(make_connection(postgres, arena, UINT64_MAX, &url, &postgres->pg));
	postgres->limits = *limits;
	postgres->settings = make_settings(postgres, arena, &url, for_writing);
	error = look_around(postgres, for_writing, arena, ret_server);
	if (error)
		postgres_forget(postgres);
	return error;
}

static struct error *make_connection(struct postgres *postgres, struct arena *arena,
                                     uint64_t longest_ms, struct database_url *ret_url,
                                     struct pg **ret_pg)
{
	struct pg_parameters parameters = {.deadline_ms = PG_CONNECT_MS};
	struct database_url url;

	TRY(database_access_open(arena, &postgres->access, longest_ms, &url));
	postgres->where = arena_text(postgres->arena, database_url_public(arena, &url));
	postgres->says_pooler = url.says_pooler;
	if (url.connect_timeout_s)
		parameters.deadline_ms = url.connect_timeout_s * 1000;
	if (parameters.deadline_ms > longest_ms)
		parameters.deadline_ms = longest_ms;
	database_access_parameters(arena, &url,
	                           arena_printf(arena, "headgate/%s", postgres->target),
	                           &parameters.keywords, &parameters.values);
	parameters.password = url.password;
	parameters.where = postgres->where;
	parameters.tls_assumed = url.sslmode_assumed;
	TRY(pg_connect(arena, &parameters, ret_pg));
	*ret_url = url;
	return NULL;
}

FALLIBLE postgres_connect_side(struct postgres *postgres, uint64_t longest_ms, struct arena *arena)
{
	struct database_url url;

	return make_connection(postgres, arena, longest_ms, &url, &postgres->side);
}

/*
 * As Prisma does, search_path is the named schema alone, and the server's default when the URL
 * names none. Who only looks has a session in which nothing can be written.
 */
static const char *make_settings(struct postgres *postgres, struct arena *arena,
                                 const struct database_url *url, bool for_writing)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"lock_timeout", postgres->limits.lock_timeout},
		{"statement_timeout", postgres->limits.statement_timeout},
		{"idle_in_transaction_session_timeout",
	         postgres->limits.idle_in_transaction_timeout},
		{"idle_session_timeout", 0},
	};
	struct text text = TEXT_IN(postgres->arena);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t value = rows[i].value > INT32_MAX ? INT32_MAX : rows[i].value;

		text_printf(&text, "%spg_catalog.set_config('%s', '%" PRIu64 "', false)",
		            i ? ", " : "", rows[i].name, value);
	}
	if (!for_writing) /* whatever we do wrong: the server itself refuses it */
		text_add(&text,
		         ", pg_catalog.set_config('default_transaction_read_only', 'on', false)");
	if (url->schema_named) {
		const char *schema = pg_identifier(postgres->pg, arena, url->schema);

		text_printf(&text, ", pg_catalog.set_config('search_path', %s, false)",
		            pg_literal(postgres->pg, arena, schema));
	}
	return text_get(&text);
}

enum look {
	LOOK_PID,
	LOOK_DATABASE,
	LOOK_ROLE,
	LOOK_SUPER,
	LOOK_STANDBY,
	LOOK_SIZE,
	LOOK_CONTROL,
	LOOK_VERSION,
	LOOK_READ_ONLY,
	LOOK_OID,
	LOOK_SCHEMA
};

static struct error *look_around(struct postgres *postgres, bool for_writing, struct arena *arena,
                                 struct server *ret_server)
{
	static const char look[] =
		"SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_database(), current_user,"
		" (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),"
		" pg_catalog.pg_is_in_recovery(),"
		" CASE WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(),"
		" 'CONNECT')"
		" THEN pg_catalog.pg_database_size(pg_catalog.current_database()) END,"
		" pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),"
		" pg_catalog.current_setting('server_version'),"
		" pg_catalog.current_setting('transaction_read_only'),"
		" (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";
	/*
	 * An empty result of the second statement says that somebody between us and the server
	 * answered.
	 */
	const char *sql = arena_printf(arena,
	                               "%s; SELECT %s WHERE pg_catalog.pg_backend_pid() = %d;"
	                               " SELECT pg_catalog.current_schema()",
	                               look, postgres->settings, pg_backend(postgres->pg));
	struct server server = {.version_num = pg_server_version(postgres->pg)};
	const char *version;
	struct pg_reply reply;

	if (server.version_num < OLDEST_VERSION)
		return FAIL(
			arena, DB_VERSION,
			.what = arena_printf(arena, "cannot work on '%s'", postgres->where),
			.why = arena_printf(
				arena,
				"its server is PostgreSQL %d.%d, and the oldest that will do is 14",
				server.version_num / 10000, server.version_num % 10000),
			.hint = "Upgrade the server, then the agent goes on by itself.");
	TRY(postgres_look(postgres, arena, "cannot look at the session", sql, NULL, 0, &reply));
	if (for_writing)
		TRY(judge_server(postgres, arena, &reply));
	version = pg_cell(&reply, 0, 0, LOOK_VERSION);
	server.version = arena_copy(arena, version, strcspn(version, " "));
	server.backend_pid = (int)postgres_number(pg_cell(&reply, 0, 0, LOOK_PID));
	server.database = pg_cell(&reply, 0, 0, LOOK_DATABASE);
	server.role = pg_cell(&reply, 0, 0, LOOK_ROLE);
	server.database_oid = (uint32_t)postgres_number(pg_cell(&reply, 0, 0, LOOK_OID));
	server.is_superuser = postgres_true(pg_cell(&reply, 0, 0, LOOK_SUPER));
	server.in_recovery = postgres_true(pg_cell(&reply, 0, 0, LOOK_STANDBY));
	server.database_size = (uint64_t)postgres_number(pg_cell(&reply, 0, 0, LOOK_SIZE));
	server.current_schema = pg_cell(&reply, 2, 0, 0);
	if (postgres_true(pg_cell(&reply, 0, 0, LOOK_CONTROL)))
		TRY(system_identifier(postgres, arena, &server.system_identifier));
	*ret_server = server;
	return NULL;
}

static struct error *judge_server(struct postgres *postgres, struct arena *arena,
                                  const struct pg_reply *reply)
{
	bool standby = postgres_true(pg_cell(reply, 0, 0, LOOK_STANDBY));

	if (!pg_row_count(reply, 1))
		return postgres_pooler(postgres, arena, "cannot apply anything to");
	if (standby || text_equal(pg_cell(reply, 0, 0, LOOK_READ_ONLY), "on"))
		return FAIL(
			arena, DB_STANDBY,
			.what = arena_printf(arena, "cannot apply anything to '%s'",
		                             postgres->where),
			.why = standby ? "the server is a standby or in recovery"
		                       : "its transactions are read only (default_transaction_read_only)",
			.hint = "The agent waits until the server takes writes. If it is the wrong one, correct the database URL.");
	return NULL;
}

FALLIBLE postgres_pooler(struct postgres *postgres, struct arena *arena, const char *aim)
{
	return FAIL(
		arena, DB_POOLER, .what = arena_printf(arena, "%s '%s'", aim, postgres->where),
		.why = postgres->says_pooler
	                       ? "a pooler stands between the agent and the server, as the URL's "
	                         "pgbouncer=true says"
	                       : "a pooler stands between the agent and the server",
		.hint = "Name the server itself in the agent's database URL (with Prisma: its directUrl).");
}

static struct error *system_identifier(struct postgres *postgres, struct arena *arena,
                                       const char **ret_identifier)
{
	struct pg_reply reply;

	TRY(postgres_look(postgres, arena, "cannot read the server's identifier",
	                  "SELECT system_identifier FROM pg_catalog.pg_control_system()", NULL, 0,
	                  &reply));
	*ret_identifier = pg_cell(&reply, 0, 0, 0);
	return NULL;
}

static struct error *postgres_lock(struct database *database, uint64_t budget_ms,
                                   struct arena *arena)
{
	struct postgres *postgres = postgres_of(database);
	uint64_t start = clock_monotonic_ms(), wait_ms = LOCK_WAIT_FIRST_MS;

	if (postgres->lock_held) /* they are counted: a second one would outlive our unlock */
		TRY(lock_still_held(postgres, arena, &postgres->lock_held));
	while (!postgres->lock_held) {
		struct pg_reply reply;
		uint64_t spent;

		TRY(postgres_look(postgres, arena, "cannot ask for Prisma's lock",
		                  "SELECT pg_catalog.pg_try_advisory_lock(72707369)", NULL, 0,
		                  &reply));
		postgres->lock_held = postgres_true(pg_cell(&reply, 0, 0, 0));
		spent = clock_monotonic_ms() - start;
		if (postgres->lock_held)
			break;
		if (spent >= budget_ms)
			return lock_holder(postgres, arena, budget_ms);
		if (stop_asked())
			return FAIL(arena, STOPPED,
			            .what = "waiting for Prisma's lock was broken off",
			            .why = "the agent was asked to stop",
			            .hint = "Start it again to go on.");
		wait_ms = wait_ms < budget_ms - spent ? wait_ms : budget_ms - spent;
		clock_sleep_ms(jitter(wait_ms));
		wait_ms = wait_ms * 2 < LOCK_WAIT_LONGEST_MS ? wait_ms * 2 : LOCK_WAIT_LONGEST_MS;
	}
	return NULL;
}

#define LOCK_IS_OURS "EXISTS (SELECT FROM " LOCK_ROWS " AND l.pid = pg_catalog.pg_backend_pid())"

static struct error *lock_still_held(struct postgres *postgres, struct arena *arena, bool *ret_held)
{
	struct pg_reply reply;

	TRY(postgres_look(postgres, arena, "cannot look for Prisma's lock", "SELECT " LOCK_IS_OURS,
	                  NULL, 0, &reply));
	*ret_held = postgres_true(pg_cell(&reply, 0, 0, 0));
	return NULL;
}

static struct error *lock_holder(struct postgres *postgres, struct arena *arena, uint64_t budget_ms)
{
	static const char holder[] =
		"SELECT l.pid, a.application_name, a.usename, pg_catalog.host(a.client_addr),"
		" (1000 * extract(epoch FROM pg_catalog.clock_timestamp() - a.backend_start))::int8"
		" FROM (SELECT l.pid FROM " LOCK_ROWS " ORDER BY l.pid LIMIT 1) l"
		" LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid";
	struct text text = TEXT_IN(arena);
	const char *application, *user, *age, *address;
	struct pg_reply reply;

	TRY(postgres_look(postgres, arena, "cannot ask who holds Prisma's lock", holder, NULL, 0,
	                  &reply));
	application = pg_cell(&reply, 0, 0, 1);
	user = pg_cell(&reply, 0, 0, 2);
	address = pg_cell(&reply, 0, 0, 3);
	age = pg_cell(&reply, 0, 0, 4);
	if (!pg_row_count(&reply, 0))
		text_add(&text, "it was given back just now");
	else
		text_printf(&text, "process %s", pg_cell(&reply, 0, 0, 0));
	if (application && *application)
		text_printf(&text, ", application '%s'", text_clip(arena, application, 63));
	if (user)
		text_printf(&text, ", user '%s'", text_clip(arena, user, 63));
	if (address)
		text_printf(&text, ", from %s", address);
	if (age)
		text_printf(&text, ", connected for %s",
		            text_duration(arena, (uint64_t)postgres_number(age)));
	return FAIL(
		arena, LEDGER_LOCK,
		.what = arena_printf(arena, "cannot get Prisma's lock on '%s' within %s",
	                             postgres->where, text_duration(arena, budget_ms)),
		.why = arena_printf(arena, "held by %s", text_get(&text)),
		.hint = "Is a `prisma migrate` at work there? The agent looks again by itself; a session that hangs is "
			"ended by SELECT pg_terminate_backend(PROCESS).");
}

/* All of them, since a file may have taken ours once more. */
static struct error *postgres_unlock(struct database *database, struct arena *arena)
{
	struct postgres *postgres = postgres_of(database);
	const struct own_query query = {
		.aim = "cannot give Prisma's lock back",
		.sql = "SELECT pg_catalog.pg_advisory_unlock_all()",
		.stop = PG_STOP_WAITS,
		.deadline_ms = OWN_QUERY_MS,
	};
	struct pg_reply reply;

	TRY(postgres_query(postgres, &query, arena, &reply));
	postgres->lock_held = false;
	return NULL;
}

static struct error *postgres_tidy(struct database *database, struct arena *arena,
                                   bool *ret_lock_kept)
{
	struct postgres *postgres = postgres_of(database);
	struct own_query query = {
		.aim = "cannot tidy the session up",
		.stop = PG_STOP_WAITS,
		.deadline_ms = OWN_QUERY_MS,
	};
	struct pg_reply reply;

	TRY(postgres_connected(postgres, arena, query.aim));
	query.sql = arena_printf(arena, "%s" POSTGRES_DISCARD "; %s",
	                         pg_transaction(postgres->pg) == PG_IDLE ? "" : "ROLLBACK; ",
	                         postgres_restore_sql(postgres, /* demands_lock= */ false, arena));
	TRY(postgres_query(postgres, &query, arena, &reply));
	*ret_lock_kept = postgres_restored(postgres, &reply, reply.count - 1);
	return NULL;
}

const char *postgres_restore_sql(const struct postgres *postgres, bool demands_lock,
                                 struct arena *arena)
{
	return arena_printf(arena, "SELECT %s, %s",
	                    demands_lock ? "(1 / " LOCK_IS_OURS "::int) = 1" : LOCK_IS_OURS,
	                    postgres->settings);
}

bool postgres_restored(struct postgres *postgres, const struct pg_reply *reply, size_t result)
{
	postgres->lock_held = postgres_true(pg_cell(reply, result, 0, 0));
	postgres->longer = false;
	return postgres->lock_held;
}

static void postgres_disconnect(struct database *database)
{
	postgres_forget(postgres_of(database));
}

static void postgres_close(struct database *database)
{
	postgres_forget(postgres_of(database));
}

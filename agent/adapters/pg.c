/*
 * PostgreSQL by libpq's asynchronous calls, so that a signal, a deadline and progress are seen
 * while the server works. A reader would look for PQsetSingleRowMode's reason: results are taken
 * row by row, since a migration may SELECT more than fits into memory. What libpq cannot do
 * asynchronously is the name lookup and PQcancel.
 */
#include "adapters/pg.h"

#include <libpq-fe.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define CANCEL_MS 10000          /* a cancelled statement that takes longer to end counts as lost */
#define NO_FILE "/dev/null/none" /* cannot exist; an empty value would mean libpq's default */

struct pg {
	PGconn *connection;
};

/*
 * What every connection has. Keepalives notice a dead peer in about a minute, also while a
 * statement runs for hours.
 */
static const struct {
	const char *keyword, *value;
} always[] = {
	{"client_encoding", "UTF8"}, {"passfile", NO_FILE},         {"sslcert", NO_FILE},
	{"sslkey", NO_FILE},         {"sslcrl", NO_FILE},           {"gssencmode", "disable"},
	{"keepalives", "1"},         {"keepalives_idle", "30"},     {"keepalives_interval", "10"},
	{"keepalives_count", "3"},   {"tcp_user_timeout", "60000"},
};

struct wait { /* for the server, within one exchange */
	const struct pg_query *query;
	uint64_t deadline, next_tick; /* monotonic; deadline 0: none */
	bool cancelled;
};

static void forget_environment(void);
static PGconn *start(struct arena *arena, const struct pg_parameters *parameters);
static struct error *finish_start(struct arena *arena, const struct pg_parameters *parameters,
                                  PGconn *connection);
static struct error *connect_error(struct arena *arena, const struct pg_parameters *parameters,
                                   const PGconn *connection);
static const char *find_sqlstate(const char *complaint);
static const char *one_line(struct arena *arena, const char *complaint);
static void swallow_notice(void *context, const char *message);
static bool send_query(PGconn *connection, const struct pg_query *query);
static bool await_result(PGconn *connection, struct wait *wait, struct pg_reply *reply);
static bool await_io(PGconn *connection, struct wait *wait, struct pg_reply *reply);
static bool stop_now(PGconn *connection, struct wait *wait, struct pg_reply *reply);
static void give_up(PGconn *connection, struct wait *wait);
static void cancel(PGconn *connection);
static bool take_result(PGconn *connection, const PGresult *result, struct wait *wait,
                        struct arena *arena, struct pg_reply *reply, size_t *held);
static void keep_row(const PGresult *result, struct arena *arena, struct pg_result *into,
                     size_t *held);
static bool drain_copy(PGconn *connection, struct wait *wait, struct pg_reply *reply);
static void keep_error(const PGresult *result, struct arena *arena, struct pg_reply *reply);
static void fail_here(struct pg_reply *reply, const char *sqlstate, const char *message);
static void lose(struct arena *arena, const PGconn *connection, const char *why,
                 struct pg_reply *reply);

static void connection_cleanup(PGconn **connection)
{
	PQfinish(*connection);
}
#define AUTO_CONNECTION CLEANUP(connection_cleanup) PGconn *

static void result_cleanup(PGresult **result)
{
	PQclear(*result);
}
#define AUTO_RESULT CLEANUP(result_cleanup) PGresult *

FALLIBLE pg_connect(struct arena *arena, const struct pg_parameters *parameters, struct pg **ret_pg)
{
	AUTO_CONNECTION connection = NULL;
	struct pg *pg;

	forget_environment();
	connection = start(arena, parameters);
	TRY(finish_start(arena, parameters, connection));
	if (PQsetnonblocking(connection, 1))
		return connect_error(arena, parameters, connection);
	pg = calloc(1, sizeof *pg);
	if (!pg)
		BUG("out of memory");
	pg->connection = TAKE(connection);
	*ret_pg = pg;
	return NULL;
}

void pg_always(struct arena *arena, struct text_list *keywords, struct text_list *values)
{
	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
		*LIST_ADD(arena, keywords) = always[i].keyword;
		*LIST_ADD(arena, values) = always[i].value;
	}
}

void pg_close(struct pg *pg)
{
	if (!pg)
		return;
	PQfinish(pg->connection);
	free(pg);
}

int pg_server_version(const struct pg *pg)
{
	return PQserverVersion(pg->connection);
}

bool pg_is_encrypted(const struct pg *pg)
{
	return PQsslInUse(pg->connection);
}

int pg_backend(const struct pg *pg)
{
	return PQbackendPID(pg->connection);
}

enum pg_transaction pg_transaction(const struct pg *pg)
{
	switch (PQtransactionStatus(pg->connection)) {
	case PQTRANS_IDLE:
		return PG_IDLE;
	case PQTRANS_ACTIVE:
	case PQTRANS_INTRANS:
		return PG_IN_TRANSACTION;
	case PQTRANS_INERROR:
		return PG_IN_FAILED;
	case PQTRANS_UNKNOWN:
		return PG_BROKEN;
	}
	return PG_BROKEN;
}

void pg_exchange(struct pg *pg, const struct pg_query *query, struct arena *arena,
                 struct pg_reply *ret_reply)
{
	PGconn *connection = pg->connection;
	struct wait wait = {.query = query};
	struct pg_reply reply = {0};
	uint64_t now = clock_monotonic_ms();
	size_t held = 0;

	wait.deadline = query->deadline_ms ? now + query->deadline_ms : 0;
	wait.next_tick = now + query->tick_ms;
	if (!send_query(connection, query)) {
		lose(arena, connection, NULL, &reply);
		*ret_reply = reply;
		return;
	}
	if (query->meanwhile && !query->meanwhile(query->work))
		give_up(connection, &wait);
	for (bool more = true; more;) {
		AUTO_RESULT result = NULL;

		if (!await_result(connection, &wait, &reply))
			break;
		result = PQgetResult(connection);
		more = result && take_result(connection, result, &wait, arena, &reply, &held);
	}
	if (!reply.left && !reply.lost && PQstatus(connection) != CONNECTION_OK)
		reply.lost = true;
	if (reply.lost)
		lose(arena, connection, NULL, &reply);
	/*
	 * A cancel that came too late is none; one that hit looks like any 57014 but for our having
	 * asked for it.
	 */
	reply.stopped = wait.cancelled && reply.failed && text_equal(reply.error.sqlstate, "57014");
	*ret_reply = reply;
}

const char *pg_cell(const struct pg_reply *reply, size_t result, size_t row, size_t column)
{
	const struct pg_result *from;

	if (result >= reply->count)
		return NULL;
	from = &reply->items[result];
	if (column >= from->columns || row >= from->count / from->columns)
		return NULL;
	return from->items[row * from->columns + column];
}

size_t pg_row_count(const struct pg_reply *reply, size_t result)
{
	if (result >= reply->count || !reply->items[result].columns)
		return 0;
	return reply->items[result].count / reply->items[result].columns;
}

const char *pg_literal(struct pg *pg, struct arena *arena, const char *text)
{
	const char *valid = text_valid(arena, text ? text : ""), *copy;
	char *quoted;

	if (!text)
		return "NULL";
	quoted = PQescapeLiteral(pg->connection, valid, strlen(valid));
	if (!quoted)
		BUG("a literal cannot be quoted: %s", PQerrorMessage(pg->connection));
	copy = arena_text(arena, quoted);
	PQfreemem(quoted);
	return copy;
}

const char *pg_identifier(struct pg *pg, struct arena *arena, const char *name)
{
	const char *valid = text_valid(arena, name), *copy;
	char *quoted = PQescapeIdentifier(pg->connection, valid, strlen(valid));

	if (!quoted)
		BUG("an identifier cannot be quoted: %s", PQerrorMessage(pg->connection));
	copy = arena_text(arena, quoted);
	PQfreemem(quoted);
	return copy;
}

/*
 * libpq takes a variable's value wherever a parameter is absent or empty, and some (PGTZ,
 * PGOPTIONS) change what a session does. We are one process without threads, and nobody else in it
 * reads them.
 */
static void forget_environment(void)
{
	extern char **environ;
	bool again;

	do {
		again = false;
		for (char **entry = environ; entry && *entry && !again; entry++) {
			size_t size = strcspn(*entry, "=");
			char name[64];

			if (strncmp(*entry, "PG", 2) != 0 || size >= sizeof name)
				continue;
			memcpy(name, *entry, size);
			name[size] = '\0';
			again = unsetenv(name) == 0;
		}
	} while (again);
}

static PGconn *start(struct arena *arena, const struct pg_parameters *parameters)
{
	struct text_list keywords = {0}, values = {0};
	PGconn *connection;

	pg_always(arena, &keywords, &values);
	for (size_t i = 0; i < parameters->keywords.count; i++) { /* a later pair wins */
		*LIST_ADD(arena, &keywords) = parameters->keywords.items[i];
		*LIST_ADD(arena, &values) = parameters->values.items[i];
	}
	if (parameters->password) {
		*LIST_ADD(arena, &keywords) = "password";
		*LIST_ADD(arena, &values) = secret_reveal(parameters->password);
	}
	*LIST_ADD(arena, &keywords) = NULL;
	*LIST_ADD(arena, &values) = NULL;
	connection = PQconnectStartParams(keywords.items, values.items, 0);
	if (!connection)
		BUG("out of memory");
	PQsetNoticeProcessor(connection, swallow_notice, NULL);
	/*
	 * The server's refusal then begins with its SQLSTATE, which is the same in every language.
	 */
	(void)PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
	return connection;
}

static struct error *finish_start(struct arena *arena, const struct pg_parameters *parameters,
                                  PGconn *connection)
{
	uint64_t end = clock_monotonic_ms() + parameters->deadline_ms, now;
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (PQstatus(connection) == CONNECTION_BAD)
		return connect_error(arena, parameters, connection);
	while (status != PGRES_POLLING_OK) {
		struct pollfd socket = {.fd = PQsocket(connection)};

		socket.events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		now = clock_monotonic_ms();
		if (stop_asked())
			return FAIL(arena, STOPPED,
			            .what = arena_printf(arena, "connecting to '%s' was broken off",
			                                 parameters->where),
			            .why = "the agent was asked to stop",
			            .hint = "Start it again to go on.");
		if (now >= end)
			return FAIL(
				arena, DB_UNREACHABLE,
				.what = arena_printf(arena, "cannot connect to '%s'",
			                             parameters->where),
				.why = arena_printf(arena, "no answer within %s",
			                            text_duration(arena, parameters->deadline_ms)),
				.hint = "Is the server up, and may this machine reach its port? "
					"The agent tries again by itself.");
		if (!clock_poll(&socket, 1, (int64_t)(end - now)))
			continue;
		status = PQconnectPoll(connection);
		if (status == PGRES_POLLING_FAILED)
			return connect_error(arena, parameters, connection);
	}
	return NULL;
}

static struct error *connect_error(struct arena *arena, const struct pg_parameters *parameters,
                                   const PGconn *connection)
{
	const char *complaint = PQerrorMessage(connection), *sqlstate = find_sqlstate(complaint);
	const char *what = arena_printf(arena, "cannot connect to '%s'", parameters->where);
	const char *why = one_line(arena, complaint);

	if ((sqlstate && text_starts(sqlstate, "28")) ||
	    strstr(complaint, "no password supplied") || strstr(complaint, "SCRAM"))
		return FAIL(
			arena, DB_AUTH, .what = what, .why = why,
			.hint = "Check user and password in the database URL, and pg_hba.conf; the agent reads the URL "
				"again at each try.");
	if (!sqlstate && (strstr(complaint, "SSL") || strstr(complaint, "certificate") ||
	                  strstr(complaint, "private key")))
		return FAIL(
			arena, DB_TLS, .what = what, .why = why,
			.hint = arena_printf(
				arena,
				"%sName the file of the server's CA in the database URL "
				"(sslrootcert=/path/ca.pem), or choose what is checked: "
				"sslmode=verify-full, verify-ca, require or disable; what each means "
				"is told by: headgate explain database-url",
				parameters->tls_assumed
					? "The URL says no sslmode, which means verify-full here. "
					: ""));
	if (text_equal(sqlstate, "3D000"))
		return FAIL(arena, DB_UNREACHABLE, .what = what, .why = why,
		            .hint = "Create the database, or correct its name in the database URL; the agent "
				    "tries again by itself.");
	return FAIL(
		arena, DB_UNREACHABLE, .what = what, .why = why,
		.hint = "Is the server up, and may this machine reach its port? The agent tries again by itself.");
}

/* The last "FATAL:  28P01: …" of the complaint (there may be two, of two tries), or NULL. */
static const char *find_sqlstate(const char *complaint)
{
	const char *found = NULL;

	for (const char *at = strstr(complaint, ":  "); at; at = strstr(at + 1, ":  ")) {
		if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 &&
		    text_starts(at + 8, ": "))
			found = at + 3;
	}
	return found;
}

/* Without the LOCATION lines, which name places in the server's source. */
static const char *one_line(struct arena *arena, const char *complaint)
{
	struct text text = TEXT_IN(arena);
	struct text_list lines = {0};

	text_split(arena, complaint, '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = text_trim(arena, lines.items[i]);

		if (!*line || text_starts(line, "LOCATION:"))
			continue;
		text_printf(&text, "%s%s", text.size ? "; " : "", line);
	}
	return text_clip(arena, text_get(&text), 400);
}

static void swallow_notice(void *context, const char *message)
{
	(void)context;
	(void)message;
}

static bool send_query(PGconn *connection, const struct pg_query *query)
{
	int sent = query->count ? PQsendQueryParams(connection, query->sql, (int)query->count, NULL,
	                                            query->values, NULL, NULL, 0)
	                        : PQsendQuery(connection, query->sql);

	return sent && PQsetSingleRowMode(connection);
}

/* Until PQgetResult would not block. false: left, or past its deadline. */
static bool await_result(PGconn *connection, struct wait *wait, struct pg_reply *reply)
{
	while (PQisBusy(connection)) {
		if (!await_io(connection, wait, reply))
			return false;
	}
	return true;
}

/*
 * One wait for the socket. A broken connection is no reason to return false: PQgetResult tells of
 * it.
 */
static bool await_io(PGconn *connection, struct wait *wait, struct pg_reply *reply)
{
	struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN};
	uint64_t now = clock_monotonic_ms(), until = UINT64_MAX;
	bool deaf = wait->query->stop == PG_STOP_WAITS || wait->cancelled;
	int timeout, ready;

	if (!deaf && stop_asked()) {
		if (!stop_now(connection, wait, reply))
			return false;
		deaf = true;
	}
	if (wait->deadline && now >= wait->deadline) {
		reply->lost = true;
		return false;
	}
	if (wait->query->tick && now >= wait->next_tick) {
		wait->query->tick(wait->query->context);
		now = clock_monotonic_ms();
		wait->next_tick = now + wait->query->tick_ms;
	}
	if (PQflush(connection) > 0)
		socket.events |= POLLOUT;
	if (wait->deadline)
		until = wait->deadline;
	if (wait->query->tick && wait->next_tick < until)
		until = wait->next_tick;
	timeout = until == UINT64_MAX   ? -1
	          : until <= now        ? 0
	          : until - now > 60000 ? 60000
	                                : (int)(until - now);
	/*
	 * clock_poll returns at once after a stop was asked for, which is of no use to whoever must
	 * wait on.
	 */
	ready = deaf ? poll(&socket, 1, timeout) : clock_poll(&socket, 1, timeout);
	if (ready > 0)
		(void)PQconsumeInput(connection);
	return true;
}

static bool stop_now(PGconn *connection, struct wait *wait, struct pg_reply *reply)
{
	if (wait->query->stop == PG_STOP_LEAVES) {
		reply->left = true;
		return false;
	}
	give_up(connection, wait);
	return true;
}

static void give_up(PGconn *connection, struct wait *wait)
{
	cancel(connection);
	wait->cancelled = true;
	wait->deadline = clock_monotonic_ms() + CANCEL_MS;
}

static void cancel(PGconn *connection)
{
	PGcancel *handle = PQgetCancel(connection);
	char complaint[256];

	/* When it fails, the deadline ends the wait. */
	if (handle)
		(void)PQcancel(handle, complaint, sizeof complaint);
	PQfreeCancel(handle);
}

/* false: the exchange cannot go on. */
static bool take_result(PGconn *connection, const PGresult *result, struct wait *wait,
                        struct arena *arena, struct pg_reply *reply, size_t *held)
{
	static const char too_much[] = "the reply is larger than the agent reads";
	static const char no_data[] = "a migration has no data to copy in";
	static const char no_reader[] = "COPY ... TO STDOUT has no reader in a migration";
	ExecStatusType status = PQresultStatus(result);

	/*
	 * Only the statuses that a query can meet here; the others (pipeline, COPY_BOTH) are never
	 * asked for.
	 */
	if (status == PGRES_SINGLE_TUPLE) {
		if (!wait->query->keep_rows || reply->failed)
			return true;
		if (!reply->count || reply->items[reply->count - 1].tag)
			LIST_ADD(arena, reply)->columns = (size_t)PQnfields(result);
		keep_row(result, arena, &reply->items[reply->count - 1], held);
		if (*held > PG_REPLY_MAXIMUM) {
			fail_here(reply, "54000", too_much);
			cancel(connection);
		}
		return true;
	}
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
	    status == PGRES_EMPTY_QUERY) {
		/*
		 * The last piece of a row by row result: its tag. Tags are also kept behind a
		 * failure of our own making (fail_here): the server went on, and a COMMIT among
		 * them decides what took effect.
		 */
		if (!reply->count || reply->items[reply->count - 1].tag)
			LIST_ADD(arena, reply)->columns = (size_t)PQnfields(result);
		reply->items[reply->count - 1].tag =
			arena_text(arena, PQcmdStatus((PGresult *)(uintptr_t)result));
		return true;
	}
	if (status == PGRES_COPY_IN) {
		reply->copy_ended = true;
		return PQputCopyEnd(connection, no_data) >= 0 ||
		       PQstatus(connection) != CONNECTION_OK;
	}
	if (status == PGRES_COPY_OUT) {
		fail_here(reply, "0A000", no_reader);
		return drain_copy(connection, wait, reply);
	}
	keep_error(result, arena, reply);
	return true;
}

static void keep_row(const PGresult *result, struct arena *arena, struct pg_result *into,
                     size_t *held)
{
	for (size_t column = 0; column < into->columns; column++) {
		const char *cell = NULL;

		if (!PQgetisnull(result, 0, (int)column)) {
			size_t size = (size_t)PQgetlength(result, 0, (int)column);

			cell = arena_copy(arena, PQgetvalue(result, 0, (int)column), size);
			*held += size;
		}
		*LIST_ADD(arena, into) = cell;
	}
}

static bool drain_copy(PGconn *connection, struct wait *wait, struct pg_reply *reply)
{
	char *data = NULL;
	int size;

	while ((size = PQgetCopyData(connection, &data, 1)) >= 0) {
		PQfreemem(data);
		if (!size && !await_io(connection, wait, reply))
			return false;
	}
	return true; /* -1 and -2: the end or an error, which PQgetResult tells */
}

static void keep_error(const PGresult *result, struct arena *arena, struct pg_reply *reply)
{
	static const struct {
		int field;
		size_t offset;
	} rows[] = {
		{PG_DIAG_SQLSTATE, offsetof(struct sql_error, sqlstate)},
		{PG_DIAG_SEVERITY_NONLOCALIZED, offsetof(struct sql_error, severity)},
		{PG_DIAG_MESSAGE_PRIMARY, offsetof(struct sql_error, message)},
		{PG_DIAG_MESSAGE_DETAIL, offsetof(struct sql_error, detail)},
		{PG_DIAG_MESSAGE_HINT, offsetof(struct sql_error, hint)},
		{PG_DIAG_CONTEXT, offsetof(struct sql_error, context)},
		{PG_DIAG_SCHEMA_NAME, offsetof(struct sql_error, schema)},
		{PG_DIAG_TABLE_NAME, offsetof(struct sql_error, table)},
		{PG_DIAG_COLUMN_NAME, offsetof(struct sql_error, column)},
		{PG_DIAG_CONSTRAINT_NAME, offsetof(struct sql_error, constraint)},
		{PG_DIAG_DATATYPE_NAME, offsetof(struct sql_error, type)},
	};
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	uint64_t number;

	if (reply->failed)
		return;
	reply->failed = true;
	/* A half-read result of the statement that failed is none. */
	if (reply->count && !reply->items[reply->count - 1].tag)
		reply->count--;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *field = PQresultErrorField(result, rows[i].field);

		*(const char **)((char *)&reply->error + rows[i].offset) =
			field ? text_valid(arena, arena_text(arena, field)) : NULL;
	}
	if (!reply->error.message)
		reply->error.message = one_line(arena, PQresultErrorMessage(result));
	if (position && parse_number(position, INT32_MAX, &number))
		reply->error.position = (int)number;
}

/* Our own no to something that the server did. */
static void fail_here(struct pg_reply *reply, const char *sqlstate, const char *message)
{
	if (reply->failed)
		return;
	reply->failed = true;
	reply->error =
		(struct sql_error){.sqlstate = sqlstate, .severity = "ERROR", .message = message};
}

static void lose(struct arena *arena, const PGconn *connection, const char *why,
                 struct pg_reply *reply)
{
	reply->lost = true;
	if (reply->failed)
		return;
	reply->failed = true;
	if (!why)
		why = one_line(arena, PQerrorMessage(connection));
	reply->error =
		(struct sql_error){.message = *why ? why : "the server did not answer in time"};
}

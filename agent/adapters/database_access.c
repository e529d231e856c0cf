/*
 * Owns what a connection is made of: the URL's file, the password's command, libpq's parameters. A reader would want the
 * reason why a command failed: only its name and exit status are told, since what it wrote may be half a password.
 */
#include "adapters/database_access.h"

#include <string.h>

#include "adapters/pg.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

static struct error *run_command(struct arena *arena, const struct database_access *access,
                                 uint64_t longest_ms, const struct secret **ret_password);
static struct error *command_error(struct arena *arena, const char *program,
                                   const struct error *error);
static struct error *command_failed(struct arena *arena, const char *program, const char *why);

struct database_access database_access_copy(struct arena *arena,
                                            const struct database_access *access)
{
	struct database_access copy = {
		.url = arena_text(arena, access->url),
		.url_file = arena_text(arena, access->url_file),
		.tls_default = access->tls_default,
	};

	for (size_t i = 0; i < access->password_command.count; i++)
		*LIST_ADD(arena, &copy.password_command) =
			arena_text(arena, access->password_command.items[i]);
	return copy;
}

FALLIBLE database_access_look(struct arena *arena, const struct database_access *access,
                              struct database_url *ret_url)
{
	const char *url = access->url;

	if (access->url_file) {
		struct bytes bytes;

		TRY(file_read_secret(arena, access->url_file, &bytes));
		url = bytes.data;
	}
	return database_url_parse(arena, url ? url : "", access->tls_default, ret_url);
}

FALLIBLE database_access_open(struct arena *arena, const struct database_access *access,
                              uint64_t longest_ms, struct database_url *ret_url)
{
	struct database_url url;

	TRY(database_access_look(arena, access, &url));
	if (access->password_command.count) {
		if (url.password)
			return FAIL(
				arena, DB_URL, .what = "the database has two passwords",
				.why = "there is one in the database URL, and password_command is configured",
				.hint = "Take the password out of the URL, or leave password_command out.");
		TRY(run_command(arena, access, longest_ms, &url.password));
	}
	*ret_url = url;
	return NULL;
}

/* Later pairs win in libpq; pg_connect adds what every connection has. */
void database_access_parameters(struct arena *arena, const struct database_url *url,
                                const char *application_name, struct text_list *ret_keywords,
                                struct text_list *ret_values)
{
	const uint64_t timeout_s =
		url->connect_timeout_s ? url->connect_timeout_s : PG_CONNECT_MS / 1000;
	const struct {
		const char *keyword, *value;
	} rows[] = {
		{"host", url->host},
		{"port", url->port},
		{"dbname", url->database},
		{"user", url->user},
		{"application_name", text_clip(arena, application_name, 63)},
		{"connect_timeout", arena_printf(arena, "%d", (int)timeout_s)},
	};
	struct text_list keywords = {0}, values = {0};

	pg_always(arena, &keywords, &values);
	for (size_t i = 0; i < url->keywords.count; i++) {
		*LIST_ADD(arena, &keywords) = url->keywords.items[i];
		*LIST_ADD(arena, &values) = url->values.items[i];
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		*LIST_ADD(arena, &keywords) = rows[i].keyword;
		*LIST_ADD(arena, &values) = rows[i].value;
	}
	*ret_keywords = keywords;
	*ret_values = values;
}

static struct error *run_command(struct arena *arena, const struct database_access *access,
                                 uint64_t longest_ms, const struct secret **ret_password)
{
	const char *program = access->password_command.items[0];
	struct text_list arguments = {0};
	struct process process = {
		.program = program,
		.output_maximum = PASSWORD_COMMAND_MAXIMUM,
		.deadline_ms = longest_ms < PASSWORD_COMMAND_MS ? longest_ms : PASSWORD_COMMAND_MS};
	struct process_result result;
	struct error *error;
	size_t size;

	if (file_exists(program))
		TRY(file_check_program(arena, program));
	for (size_t i = 1; i < access->password_command.count; i++)
		*LIST_ADD(arena, &arguments) = access->password_command.items[i];
	*LIST_ADD(arena, &arguments) = NULL;
	process.arguments = arguments.items;
	error = process_run(arena, &process, &result);
	if (error)
		return command_error(arena, program, error);
	if (result.status)
		return command_failed(arena, program,
		                      result.status > 128
		                              ? arena_printf(arena, "it was ended by signal %d",
		                                             result.status - 128)
		                              : arena_printf(arena, "it ended with exit status %d",
		                                             result.status));
	size = result.output.size;
	if (size && result.output.data[size - 1] == '\n')
		size--;
	if (!size)
		return command_failed(arena, program, "it printed nothing");
	if (memchr(result.output.data, '\n', size) || memchr(result.output.data, '\0', size))
		return command_failed(arena, program,
		                      "it printed more than one line, or a NUL byte");
	*ret_password = secret_new(arena, arena_bytes(arena, result.output.data, size));
	return NULL;
}

/* An error of a program may quote what it wrote. */
static struct error *command_error(struct arena *arena, const char *program,
                                   const struct error *error)
{
	static const struct {
		enum error_code code;
		const char *why;
	} rows[] = {
		{ERR_PROCESS_TIME, "it did not end in its time"},
		{ERR_PROGRAM_MISSING, "there is no such program, or it may not be executed"},
		{ERR_PROCESS, "it could not be started, or it printed more than 4096 bytes"},
	};

	if (error->row == &error_rows()[ERR_STOPPED])
		return FAIL(arena, STOPPED,
		            .what = arena_printf(arena, "stopped while running '%s'", program),
		            .why = "the agent was asked to stop",
		            .hint = "Start it again to go on.");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (error->row == &error_rows()[rows[i].code])
			return command_failed(arena, program, rows[i].why);
	}
	return command_failed(arena, program, "it could not be run");
}

static struct error *command_failed(struct arena *arena, const char *program, const char *why)
{
	return FAIL(
		arena, DB_PASSWORD,
		.what = arena_printf(arena, "no password for the database came from '%s'", program),
		.why = why,
		.hint = "Run the whole password_command by hand, as the agent's user and with an empty "
			"environment (env -i …). The agent runs it again at each try.");
}

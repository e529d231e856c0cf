/*
 * Owns the use of pg_dump, pg_restore and pg_dumpall. The password goes through the child's environment: a command line
 * can be read by everybody, and a password file would outlive a kill. What the programs say may be shown in public, so
 * only their own first words are kept, never the server's DETAIL or the rows of a failed COPY.
 */
#include "adapters/backup_pgdump_parts.h"

#include "adapters/database_access.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define NEWEST_MAJOR 40 /* where the search for a newer pg_dump ends */
#define VERSION_DEADLINE_MS 10000
#define ROLES_DEADLINE_MS 60000
#define ROLES_MAXIMUM ((size_t)16 * 1024 * 1024)
#define MIB ((uint64_t)1024 * 1024)

struct decoding {
	const struct progress *progress;
	uint64_t size, told;
};

struct reason { /* a part of what a program says, and what it means */
	const char *part;
	enum error_code code;
	const char *hint;
};

static struct database_access access_of(const struct backup_pgdump_options *options);
static FALLIBLE find_programs(struct arena *arena, const struct backup_pgdump_options *options,
                              int major, struct tools *tools);
static bool try_folder(struct arena *arena, const char *folder, struct tools *tools);
static FALLIBLE check_version(struct arena *arena, struct tools *tools, int major);
static FALLIBLE version_refused(struct arena *arena, int major, const char *why);
static const char *connection_string(struct arena *arena, const struct database_url *url);
static const char *const *environment_of(struct arena *arena, const struct tools *tools);
static FALLIBLE dump_once(struct arena *arena, const struct tools *tools,
                          const char *const *schemas, process_sink *sink, void *context,
                          struct process_result *ret_result);
static const char *const *schema_options(struct arena *arena, const struct backup_request *request);
static FALLIBLE dump_failed(struct arena *arena, const struct tools *tools, const char *target,
                            const struct process_result *result);
static struct error *count_bytes(void *context, struct arena *arena, const void *data, size_t size);
static const char *first_words(struct arena *arena, const struct process_result *result);

FALLIBLE tools_find(struct arena *arena, const struct backup_pgdump_options *options,
                    int server_version_num, struct tools *ret_tools)
{
	struct tools tools = {.quiet_ms = options->quiet_ms};
	const struct database_access access = access_of(options);
	int major = server_version_num / 10000;

	TRY(database_access_open(arena, &access, UINT64_MAX, &tools.url));
	TRY(find_programs(arena, options, major, &tools));
	TRY(check_version(arena, &tools, major));
	tools.connection = connection_string(arena, &tools.url);
	tools.environment = environment_of(arena, &tools);
	*ret_tools = tools;
	return NULL;
}

FALLIBLE tools_url(struct arena *arena, const struct backup_pgdump_options *options,
                   struct database_url *ret_url)
{
	const struct database_access access = access_of(options);

	return database_access_look(arena, &access, ret_url);
}

static struct database_access access_of(const struct backup_pgdump_options *options)
{
	return (struct database_access){.url = options->url,
	                                .url_file = options->url_file,
	                                .password_command = options->password_command,
	                                .tls_default = options->tls_default};
}

/* ---- which programs ---- */

/* The server's own major version first: what it writes can be read by the oldest pg_restore. */
static FALLIBLE find_programs(struct arena *arena, const struct backup_pgdump_options *options,
                              int major, struct tools *tools)
{
	/* Debian's, and the one of PostgreSQL's own RPMs. */
	static const char *const layouts[] = {"/usr/lib/postgresql/", "/usr/pgsql-"};
	const char *elsewhere = program_find(arena, "pg_dump");

	if (options->programs) {
		if (try_folder(arena, options->programs, tools))
			return NULL;
		return version_refused(arena, major,
		                       arena_printf(arena, "pg_dump and pg_restore are not in '%s'",
		                                    options->programs));
	}
	for (int version = major; version <= NEWEST_MAJOR; version++) {
		for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
			if (try_folder(arena, arena_printf(arena, "%s%d/bin", layouts[i], version),
			               tools))
				return NULL;
		}
	}
	if (elsewhere && try_folder(arena, path_folder(arena, elsewhere), tools))
		return NULL;
	return version_refused(arena, major,
	                       "no pg_dump of that version, or of a later one, is installed");
}

static bool try_folder(struct arena *arena, const char *folder, struct tools *tools)
{
	const char *dump = path_join(arena, folder, "pg_dump");
	const char *restore = path_join(arena, folder, "pg_restore");
	const char *roles = path_join(arena, folder, "pg_dumpall");

	if (access(dump, X_OK) || access(restore, X_OK))
		return false;
	tools->dump = dump;
	tools->restore = restore;
	tools->roles = access(roles, X_OK) ? NULL : roles;
	return true;
}

/* A folder's name is a promise; what the program says of itself counts. */
static FALLIBLE check_version(struct arena *arena, struct tools *tools, int major)
{
	struct process_result result;
	const char *digits, *version;
	uint64_t found;

	TRY(process_run(arena,
	                &(struct process){.program = tools->dump,
	                                  .arguments = (const char *const[]){"--version", NULL},
	                                  .deadline_ms = VERSION_DEADLINE_MS},
	                &result));
	version = text_trim(arena, text_clip(arena, result.output.data, 100));
	digits = version + strcspn(version, "0123456789");
	if (result.status ||
	    !parse_number(arena_copy(arena, digits, strspn(digits, "0123456789")), 1000, &found))
		return version_refused(
			arena, major,
			arena_printf(arena, "'%s' does not tell its version", tools->dump));
	if (found < (uint64_t)major)
		return version_refused(
			arena, major,
			arena_printf(arena,
		                     "'%s' is of version %d and cannot read a server of version %d",
		                     tools->dump, (int)found, major));
	tools->version = version;
	return NULL;
}

static FALLIBLE version_refused(struct arena *arena, int major, const char *why)
{
	return FAIL(
		arena, BACKUP_VERSION,
		.what = arena_printf(arena, "cannot back up a server of version %d", major),
		.why = why,
		.hint = arena_printf(
			arena, "Install the package: apt-get install postgresql-client-%d", major));
}

/* ---- the way to the server: the same parameters as the agent's own connection ---- */

static const char *connection_string(struct arena *arena, const struct database_url *url)
{
	struct text_list keywords, values;
	struct text text = TEXT_IN(arena);

	database_access_parameters(arena, url, "headgate/backup", &keywords, &values);
	for (size_t i = 0; i < keywords.count; i++) {
		text_printf(&text, "%s%s='", i ? " " : "", keywords.items[i]);
		for (const char *letter = values.items[i]; *letter; letter++) {
			if (*letter == '\'' || *letter == '\\')
				text_add(&text, "\\");
			text_add_bytes(&text, letter, 1);
		}
		text_add(&text, "'");
	}
	return text_get(&text);
}

/* pg_dumpall looks for a pg_dump of its own version where it finds itself, which is by PATH. */
static const char *const *environment_of(struct arena *arena, const struct tools *tools)
{
	const char **list = ARENA_ARRAY(arena, const char *, 3);

	list[0] = arena_printf(arena, "PATH=%s:/usr/bin:/bin", path_folder(arena, tools->dump));
	if (tools->url.password)
		list[1] = arena_printf(arena, "PGPASSWORD=%s", secret_reveal(tools->url.password));
	return list;
}

/* ---- pg_dump ---- */

FALLIBLE tools_dump(struct arena *arena, const struct tools *tools,
                    const struct backup_request *request, process_sink *sink, void *context)
{
	/* Where none of the schemas exists yet pg_dump refuses, although there is nothing to lose: an empty archive. */
	static const char *const nothing[] = {"--exclude-schema=*", NULL};
	struct process_result result;

	TRY(dump_once(arena, tools, schema_options(arena, request), sink, context, &result));
	if (result.status && request->scope == BACKUP_SCHEMA &&
	    strstr(result.complaint, "no matching schemas were found"))
		TRY(dump_once(arena, tools, nothing, sink, context, &result));
	return result.status ? dump_failed(arena, tools, request->target, &result) : NULL;
}

/*
 * --compress=1: measured on rows of text, 30 % faster than the default level for 8 % more bytes; and unlike no
 * compression it carries a check sum of each block, so that decoding finds flipped bits.
 * --lock-wait-timeout: a dump that queues behind somebody's exclusive lock makes no one wait, but must not hang.
 */
static FALLIBLE dump_once(struct arena *arena, const struct tools *tools,
                          const char *const *schemas, process_sink *sink, void *context,
                          struct process_result *ret_result)
{
	struct text_list arguments = {0};

	*LIST_ADD(arena, &arguments) = "--format=custom";
	*LIST_ADD(arena, &arguments) = "--compress=1";
	*LIST_ADD(arena, &arguments) = "--lock-wait-timeout=60s";
	*LIST_ADD(arena, &arguments) = "--no-password";
	for (; *schemas; schemas++)
		*LIST_ADD(arena, &arguments) = *schemas;
	*LIST_ADD(arena, &arguments) = "--dbname";
	*LIST_ADD(arena, &arguments) = tools->connection;
	*LIST_ADD(arena, &arguments) = NULL;
	return process_stream(arena,
	                      &(struct process){.program = tools->dump,
	                                        .arguments = arguments.items,
	                                        .environment = tools->environment,
	                                        .quiet_ms = tools->quiet_ms},
	                      sink, context, ret_result);
}

/* Our own schema goes with the target's, so that the fence is part of what is restored. Quoted: a pattern otherwise. */
static const char *const *schema_options(struct arena *arena, const struct backup_request *request)
{
	struct text_list options = {0};
	struct text_list names = {0};

	for (size_t i = 0; request->scope == BACKUP_SCHEMA && i < request->schemas->count; i++)
		*LIST_ADD(arena, &names) = request->schemas->items[i];
	if (request->scope == BACKUP_SCHEMA) {
		*LIST_ADD(arena, &names) = "headgate";
		*LIST_ADD(arena, &options) =
			"--extension=*"; /* else types of extensions are missing at a restore */
	}
	for (size_t i = 0; i < names.count; i++) {
		struct text option = TEXT_IN(arena);

		text_add(&option, "--schema=\"");
		for (const char *letter = names.items[i]; *letter; letter++) {
			if (*letter == '"')
				text_add(&option, "\"");
			text_add_bytes(&option, letter, 1);
		}
		text_add(&option, "\"");
		*LIST_ADD(arena, &options) = text_get(&option);
	}
	*LIST_ADD(arena, &options) = NULL;
	return options.items;
}

/* clang-format off */
static const struct reason reasons[] = {
	{"server version mismatch", ERR_BACKUP_VERSION, "Install the pg_dump of the server's version, or a later one."},
	{"permission denied", ERR_BACKUP_RIGHTS,
	 "Let the server's administrator run: GRANT pg_read_all_data TO the agent's role; or let the policy say backup: {scope: schema}."},
	{"row-level security policy", ERR_BACKUP_RIGHTS,
	 "Row-level security hides rows from the role, and a backup must hold them all: let the administrator run ALTER ROLE … BYPASSRLS for it."},
	{"", ERR_BACKUP, "The next pass tries again; whether the role can reach and read the database is shown by the same pg_dump, run by hand with --schema-only."},
};
/* clang-format on */

static FALLIBLE dump_failed(struct arena *arena, const struct tools *tools, const char *target,
                            const struct process_result *result)
{
	const struct reason *reason = reasons;

	while (!strstr(result->complaint, reason->part))
		reason++;
	return error_new(arena, reason->code,
	                 &(struct error_text){
				 .what = arena_printf(arena, "cannot back up '%s' from %s", target,
	                                              database_url_public(arena, &tools->url)),
				 .why = first_words(arena, result),
				 .hint = reason->hint,
			 });
}

/* ---- pg_restore: the only proof that a dump can be read is to read all of it; a list of contents proves nothing ---- */

FALLIBLE tools_decode(struct arena *arena, const struct tools *tools, const char *target,
                      const char *path, const struct progress *progress)
{
	struct decoding decoding = {.progress = progress};
	struct process_result result;

	TRY(process_stream(
		arena,
		&(struct process){.program = tools->restore,
	                          .arguments = (const char *const[]){"--file=-", path, NULL},
	                          .quiet_ms = tools->quiet_ms},
		count_bytes, &decoding, &result));
	if (!result.status)
		return NULL;
	return FAIL(arena, BACKUP_DAMAGED,
	            .what = arena_printf(arena, "the backup of '%s' cannot be decoded to its end",
	                                 target),
	            .why = first_words(arena, &result),
	            .hint = arena_printf(
			    arena,
			    "The file was removed. Look for a failing disk (dmesg | tail), "
			    "then: headgate retry --target %s",
			    target));
}

static struct error *count_bytes(void *context, struct arena *arena, const void *data, size_t size)
{
	struct decoding *decoding = context;

	(void)arena;
	(void)data;
	decoding->size += size;
	if (decoding->size - decoding->told >= MIB) {
		decoding->told = decoding->size;
		progress_report(decoding->progress, "check of the backup", PROGRESS_BYTES,
		                decoding->size, 0);
	}
	return NULL;
}

/* ---- pg_dumpall ---- */

FALLIBLE tools_roles(struct arena *arena, const struct tools *tools, struct bytes *ret_sql,
                     const char **ret_why)
{
	struct process_result result;
	struct error *error;

	if (!tools->roles) {
		*ret_why = "pg_dumpall is not installed beside pg_dump";
		return NULL;
	}
	error = process_run(
		arena,
		&(struct process){
			.program = tools->roles,
			.arguments = (const char *const[]){"--roles-only", "--no-role-passwords",
	                                                   "--no-password", "--database",
	                                                   tools->url.database, "--dbname",
	                                                   tools->connection, NULL},
			.environment = tools->environment,
			.output_maximum = ROLES_MAXIMUM,
			.deadline_ms = ROLES_DEADLINE_MS},
		&result);
	if (error && stop_asked())
		return error;
	if (error)
		*ret_why = error_line(arena, error);
	else if (result.status)
		*ret_why = first_words(arena, &result);
	else
		*ret_sql = result.output;
	return NULL;
}

/* "pg_dump: error: query failed: ERROR:  permission denied for table t", and nothing of the lines behind it. */
static const char *first_words(struct arena *arena, const struct process_result *result)
{
	const char *start = strstr(result->complaint, "error: ");
	const char *end = NULL;
	size_t size;

	if (!start)
		return arena_printf(arena, "it ended with status %d", result->status);
	start += strlen("error: ");
	end = strstr(start, " pg_"); /* the next line */
	size = end ? (size_t)(end - start) : strlen(start);
	return text_clip(arena, arena_copy(arena, start, size), 200);
}

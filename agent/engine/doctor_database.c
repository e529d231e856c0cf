/*
 * Checks of a target's database and of the books in it. What a reader gets wrong: the connection is not made for writing,
 * so a pooler or a standby is looked at and named here, where a pass would be refused by it.
 */
#include "engine/doctor_parts.h"

#include "base/clock.h"

#define LOCK_MS 2000
#define STATEMENT_MS 30000
#define TESTED_MAJOR 15
#define OLDEST_MEANT 14
#define NEWEST_MEANT 18
#define CLOCK_WARN_US INT64_C(5000000)
#define CLOCK_FAIL_US INT64_C(60000000)
#define CONNECTIONS_WARN 90 /* per cent of what the server takes */

static const char *quoted(struct arena *arena, const char *name);
static bool is_explained(const struct doctor *doctor, const struct ledger_row *row);

void doctor_check_connection(struct doctor *doctor)
{
	static const struct session_limits limits = {.lock_timeout = LOCK_MS,
	                                             .statement_timeout = STATEMENT_MS,
	                                             .idle_in_transaction_timeout = STATEMENT_MS};
	struct arena *arena = doctor->arena;
	struct error *error = doctor->registry->open_database(
		arena, &doctor->config, doctor->target, &doctor->database, &doctor->schema);

	if (!error)
		error = database_connect(doctor->database, &limits, /* for_writing= */ false, arena,
		                         &doctor->server);
	if (!error) {
		doctor->schemas = target_schemas(arena, doctor->target, doctor->schema);
		error = database_inspect(doctor->database, doctor->schema, &doctor->schemas, arena,
		                         &doctor->inspection);
	}
	if (error)
		doctor_error(doctor, error);
	else
		doctor_pass(doctor,
		            arena_printf(arena, "connected to '%s' as '%s', the ledger is in '%s'",
		                         doctor->server.database, doctor->server.role,
		                         doctor->schema));
}

void doctor_check_tls(struct doctor *doctor)
{
	switch (doctor->inspection.tls) {
	case SESSION_LOCAL:
		doctor_pass(doctor, "the server is on this machine");
		break;
	case SESSION_VERIFIED:
		doctor_pass(doctor,
		            "encrypted, and the server's certificate was checked (verify-full)");
		break;
	case SESSION_ENCRYPTED:
		doctor_warn(
			doctor, "encrypted, but nobody checked who the server is",
			"Write sslmode=verify-full into the database URL, and sslrootcert=FILE when "
			"the server's certificate is by an authority of your own.",
			NULL);
		break;
	case SESSION_PLAIN:
		doctor_warn(doctor,
		            "not encrypted: whoever stands in between may read and change it",
		            "Write sslmode=verify-full into the database URL.", NULL);
		break;
	}
}

void doctor_check_pooler(struct doctor *doctor)
{
	if (!doctor->inspection.is_pooled)
		doctor_pass(doctor, "none stands in between");
	else
		doctor_fail(
			doctor,
			"a pooler stands between us and the server, and through one nothing is applied",
			"Name the server itself in the agent's database URL (with Prisma: its "
			"directUrl), without pgbouncer=true.",
			NULL);
}

void doctor_check_server(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const int major = doctor->server.version_num / 10000;

	if (major == TESTED_MAJOR)
		doctor_pass(doctor, arena_printf(arena, "PostgreSQL %s", doctor->server.version));
	else
		doctor_warn(doctor,
		            arena_printf(arena, "PostgreSQL %s: %s", doctor->server.version,
		                         major >= OLDEST_MEANT && major <= NEWEST_MEANT
		                                 ? "meant to work, and not tested"
		                                 : "later than any that this version knows"),
		            "Try it on a staging database first.", NULL);
	if (doctor->server.in_recovery)
		doctor_warn(doctor,
		            "it is a standby or in recovery: the agent waits until it takes writes",
		            "Name the primary in the database URL, if this is not it.", NULL);
	else if (doctor->inspection.is_read_only)
		doctor_warn(
			doctor,
			"its transactions are read only: the agent waits until they are not",
			"Take the setting back where it was made.",
			arena_printf(
				arena,
				"ALTER ROLE %s IN DATABASE %s RESET default_transaction_read_only;",
				quoted(arena, doctor->server.role),
				quoted(arena, doctor->server.database)));
}

void doctor_check_role(struct doctor *doctor)
{
	const struct {
		bool has;
		const char *what, *mend, *attribute;
	} rows[] = {
		{doctor->inspection.bypasses_row_security, "it goes past row security",
	         "Take that away, unless a backup needs it: pg_dump of tables with row security does.",
	         "NOBYPASSRLS"},
		{doctor->inspection.creates_roles, "it may make and change roles",
	         "Take that away, unless migrations make roles.", "NOCREATEROLE"},
		{doctor->inspection.replicates, "it may replicate, and so read everything",
	         "Take that away: the agent does not need it.", "NOREPLICATION"},
	};
	struct arena *arena = doctor->arena;
	const char *role = doctor->server.role;
	bool told = doctor->inspection.is_superuser;

	if (told && doctor->target->superuser == SUPERUSER_ALLOW)
		doctor_warn(
			doctor,
			arena_printf(arena, "'%s' is a superuser; the target allows it", role),
			"A role that owns its schemas is enough; a migration can then hurt nothing else.",
			NULL);
	else if (told)
		doctor_fail(
			doctor,
			arena_printf(arena,
		                     "'%s' is a superuser: a migration could do anything on that "
		                     "machine",
		                     role),
			"Make a role for the agent, name it in the database URL, and ask again: what "
			"it lacks is then printed. Or write superuser: allow into the target.",
			arena_printf(arena,
		                     "CREATE ROLE headgate LOGIN PASSWORD '…';\n"
		                     "GRANT CONNECT, CREATE ON DATABASE %s TO headgate;",
		                     quoted(arena, doctor->server.database)));
	for (size_t i = 0; !doctor->inspection.is_superuser && i < sizeof rows / sizeof *rows;
	     i++) {
		if (!rows[i].has)
			continue;
		told = true;
		doctor_warn(doctor, arena_printf(arena, "'%s': %s", role, rows[i].what),
		            rows[i].mend,
		            arena_printf(arena, "ALTER ROLE %s %s;", quoted(arena, role),
		                         rows[i].attribute));
	}
	if (!told)
		doctor_pass(doctor, arena_printf(arena, "'%s' is no superuser", role));
}

void doctor_check_rights(struct doctor *doctor)
{
	const struct inspection_notes *lacks = &doctor->inspection.lacks;
	const bool writes = doctor->target->mode == MODE_APPLY;

	for (size_t i = 0; i < lacks->count; i++)
		(writes ? doctor_fail : doctor_warn)(
			doctor, lacks->items[i].what,
			writes ? "Let the owner, or a superuser, run this."
			       : "Not needed in the mode observe. Before the mode apply, let the owner run this.",
			lacks->items[i].sql);
	if (!lacks->count)
		doctor_pass(doctor,
		            "the role may do all that the agent does, and owns what it may alter");
}

void doctor_check_others(struct doctor *doctor)
{
	const struct inspection_notes *others = &doctor->inspection.others;

	for (size_t i = 0; i < others->count; i++)
		doctor_warn(doctor, others->items[i].what,
		            "Take it away, unless that one deploys migrations, too.",
		            others->items[i].sql);
	if (!others->count)
		doctor_pass(doctor, "nobody else may write the ledger or make things beside it");
}

/* Prisma looks for the ledger in one and makes it in the other, when they differ (R15). */
void doctor_check_schema(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const char *current = doctor->inspection.current_schema;

	if (doctor->inspection.is_pooled || !current || text_equal(current, doctor->schema))
		doctor_pass(doctor, arena_printf(arena, "names without a schema mean '%s'",
		                                 doctor->schema));
	else
		doctor_fail(
			doctor,
			arena_printf(
				arena,
				"names without a schema mean '%s', and the ledger is looked for in "
				"'%s'",
				current, doctor->schema),
			arena_printf(
				arena,
				"Say which one is meant: write ?schema=%s (or another) into the "
				"database URL, as Prisma's has it. Or take the setting back.",
				current),
			arena_printf(arena, "ALTER ROLE %s RESET search_path;",
		                     quoted(arena, doctor->server.role)));
}

void doctor_check_clock(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const int64_t ahead = doctor->inspection.clock_ahead_us;
	const int64_t apart = ahead < 0 ? -ahead : ahead;
	const char *what = arena_printf(arena, "the server's clock is %s %s ours",
	                                text_duration(arena, (uint64_t)(apart / 1000)),
	                                ahead < 0 ? "behind" : "ahead of");
	const char *mend =
		"Keep the clocks of both machines by NTP; the time of keys is judged by ours.";

	if (apart > CLOCK_FAIL_US)
		doctor_fail(doctor, what, mend, "timedatectl set-ntp true");
	else if (apart > CLOCK_WARN_US)
		doctor_warn(doctor, what, mend, "timedatectl set-ntp true");
	else
		doctor_pass(doctor, "the server's clock agrees with ours");
}

void doctor_check_connections(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const int64_t used = doctor->inspection.connections;
	const int64_t most = doctor->inspection.connections_maximum;
	const char *what =
		arena_printf(arena, "%lld of %lld are in use", (long long)used, (long long)most);

	if (most > 0 && used * 100 >= most * CONNECTIONS_WARN)
		doctor_warn(
			doctor, what,
			"The agent needs two, and pg_dump one more: let the application hold fewer, or "
			"raise max_connections.",
			NULL);
	else
		doctor_pass(doctor, what);
}

void doctor_check_transactions(struct doctor *doctor)
{
	const struct inspection_notes *lingering = &doctor->inspection.lingering;

	for (size_t i = 0; i < lingering->count; i++)
		doctor_warn(doctor, lingering->items[i].what,
		            "Its locks keep migrations waiting. When nobody needs it, end it.",
		            lingering->items[i].sql);
	if (!lingering->count)
		doctor_pass(doctor, "none stands idle or prepared");
}

void doctor_check_ledger(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	struct error *error =
		database_ledger(doctor->database, doctor->schema, arena, &doctor->ledger);
	size_t applied = 0, open = 0;

	if (!error && doctor->facts & FACT_JOURNAL)
		error = journal_memory(doctor->journal, doctor->target->name, arena,
		                       &doctor->memory);
	if (error) {
		doctor_error(doctor, error);
		return;
	}
	for (size_t i = 0; i < doctor->ledger.count; i++) {
		const struct ledger_row *row = &doctor->ledger.items[i];

		applied += ledger_row_state(row) == ROW_APPLIED;
		if (ledger_row_state(row) != ROW_OPEN)
			continue;
		open++;
		if (is_explained(doctor, row))
			doctor_warn(doctor,
			            arena_printf(arena,
			                         "run %lld is at work on '%s', or was interrupted",
			                         (long long)doctor->memory.open_run->id, row->name),
			            "The next pass settles it by itself.",
			            arena_printf(arena, "headgate status --target %s",
			                         doctor->target->name));
		else
			doctor_fail(
				doctor,
				arena_printf(
					arena,
					"the try of '%s' of %s never finished (Prisma's P3009), and "
					"stops both Prisma and us",
					row->name, clock_human(arena, row->started_us)),
				"Look what it left in the database. Take that back and say the first, or "
				"complete it and say the second.",
				arena_printf(arena,
			                     "headgate resolve --target %s --rolled-back %s\n"
			                     "headgate resolve --target %s --applied %s",
			                     doctor->target->name, text_word(arena, row->name),
			                     doctor->target->name, text_word(arena, row->name)));
	}
	if (open)
		return;
	doctor_pass(doctor, doctor->ledger.has_table
	                            ? arena_printf(arena, "%s applied, none open",
	                                           text_plural(arena, applied, "migration"))
	                            : "there is no ledger yet; the first run makes it");
}

static bool is_explained(const struct doctor *doctor, const struct ledger_row *row)
{
	const struct run_memory *run = doctor->memory.open_run;

	for (size_t i = 0; run && i < run->intents.count; i++)
		if (text_equal(run->intents.items[i].row_id, row->id) ||
		    text_equal(run->intents.items[i].migration, row->name))
			return true;
	return false;
}

void doctor_check_owner(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const struct deployed_row *deployed = &doctor->ledger.deployed;
	const char *journal = journal_identity(doctor->journal);
	const char *target = doctor->target->name;

	if (!doctor->ledger.has_deployed)
		doctor_pass(doctor, "no agent has written here yet");
	else if (!ledger_is_foreign(&doctor->ledger, target, journal))
		doctor_pass(doctor, "the ledger is this agent's own");
	else
		doctor_fail(
			doctor,
			arena_printf(
				arena,
				"the ledger belongs to the target '%s' of the journal %s, and this "
				"is '%s' of %s",
				deployed->target, deployed->journal, target, journal),
			"Is another agent at work there? When it is gone for good, take the ledger over.",
			arena_printf(arena, "headgate baseline --target %s %s", target,
		                     deployed->commit ? text_word(arena, deployed->commit)
		                                      : "COMMIT"));
}

void doctor_check_baseline(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	struct error *error =
		journal_memory(doctor->journal, doctor->target->name, arena, &doctor->memory);

	if (error)
		doctor_error(doctor, error);
	else if (doctor->memory.has_baseline)
		doctor_pass(doctor,
		            arena_printf(arena, "%s; deployed is %s",
		                         commit_short(arena, doctor->memory.baseline),
		                         commit_short(arena, doctor->memory.deployed_commit)));
	else
		doctor_warn(
			doctor, "nobody has said yet which commit the database agrees with",
			"Say so; nothing is executed. On an empty database the migrations of that commit are "
			"trusted as they stand, and the first run applies them.",
			arena_printf(arena, "headgate baseline --target %s %s",
		                     doctor->target->name,
		                     doctor->head ? commit_short(arena, doctor->head) : "COMMIT"));
}

/* As SQL spells a name. */
static const char *quoted(struct arena *arena, const char *name)
{
	struct text text = TEXT_IN(arena);

	if (*name >= 'a' && *name <= 'z' &&
	    !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return name;
	text_add(&text, "\"");
	for (; *name; name++) {
		if (*name == '"')
			text_add(&text, "\"");
		text_add_bytes(&text, name, 1);
	}
	text_add(&text, "\"");
	return text_get(&text);
}

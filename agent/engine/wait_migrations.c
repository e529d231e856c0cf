/*
 * What stands before an application instead of `prisma migrate deploy`: it only looks. What a reader gets wrong: an open
 * row is what a failure leaves and also what a migration at work has; it counts as failed only when nobody held Prisma's
 * lock for a while, so that neither a running deploy nor an agent that was restarted in the middle of one ends the wait.
 */
#include "engine/wait.h"

#include "base/clock.h"

#define OPEN_ROW_MS 5000 /* so long nobody may be at work before an open row counts as failed */
#define LOOK_MS 10000    /* of one statement */
#define NAMES_SHOWN 3

struct migrations_wait {
	struct database *database;
	const char *schema;
	bool is_connected;
	struct migrations folder;
	struct arena *kept; /* what `awaited` points into */
	struct migrations_awaited awaited;
	uint64_t open_since_ms; /* an open row that nobody works on; 0: there is none */
};

static struct error *wait_for(struct migrations_wait *wait, const struct wait_options *options,
                              struct arena *arena);
static struct error *look(void *context, struct arena *arena, struct awaited *ret_awaited);
static struct error *read_rows(struct migrations_wait *wait, struct arena *arena,
                               struct ledger *ret_ledger, bool *ret_locked,
                               const char **ret_obstacle);
static void judge(struct migrations_wait *wait, bool locked, struct arena *arena,
                  struct awaited *awaited);
static bool is_abandoned(struct migrations_wait *wait, bool locked);
static struct error *differs(struct arena *arena, const struct arrival *arrival);
static struct error *open_row(struct arena *arena, const struct arrival *arrival);
static struct error *held(struct arena *arena, const struct migrations_wait *wait);
static const char *names(struct arena *arena, const struct text_list *list);

struct error *engine_wait_migrations(const struct registry *registry, const char *folder,
                                     const char *database_url, const struct wait_options *options,
                                     struct arena *arena, struct migrations_awaited *ret_awaited)
{
	static const struct policy policy = {.trust = TRUST_BRANCH, .backup = BACKUP_NONE};
	static const struct config config;
	const struct target target = {.name = "wait",
	                              .database_url = database_url,
	                              .tls_default = TLS_AS_PRISMA,
	                              .policy = &policy};
	const uint64_t begun = clock_monotonic_ms();
	struct migrations_wait wait = {.kept = arena_new()};
	struct error *error;

	error = wait_read_folder(arena, folder, &wait.folder);
	if (!error)
		error = registry->open_database(arena, &config, &target, &wait.database,
		                                &wait.schema);
	wait.awaited.brought = wait.folder.count;
	if (!error)
		error = wait_for(&wait, options, arena);
	database_close(wait.database);
	*ret_awaited = wait.awaited;
	ret_awaited->arrival = arrival_copy(arena, &wait.awaited.arrival);
	ret_awaited->waited_ms = clock_monotonic_ms() - begun;
	arena_free(wait.kept);
	return error;
}

static struct error *wait_for(struct migrations_wait *wait, const struct wait_options *options,
                              struct arena *arena)
{
	return wait_until(options, look, wait, "the database does not have all migrations", arena);
}

static struct error *look(void *context, struct arena *arena, struct awaited *ret_awaited)
{
	struct migrations_wait *wait = context;
	struct arena *fresh = arena_new();
	const char *obstacle = NULL;
	struct ledger ledger = {0};
	bool locked = false;
	struct error *error = read_rows(wait, fresh, &ledger, &locked, &obstacle);

	if (error)
		error = error_copy(arena, error);
	if (error || obstacle) {
		arena_free(fresh);
		*ret_awaited = (struct awaited){.label = "waiting", .text = obstacle};
		return error;
	}
	arena_free(wait->kept);
	wait->kept = fresh;
	wait->awaited.was_read = true;
	arrival_compare(fresh, &wait->folder, &ledger, &wait->awaited.arrival);
	judge(wait, locked, arena, ret_awaited);
	return NULL;
}

/* One session for all looks, made anew after an error. *ret_obstacle: why the rows say nothing yet. */
static struct error *read_rows(struct migrations_wait *wait, struct arena *arena,
                               struct ledger *ret_ledger, bool *ret_locked,
                               const char **ret_obstacle)
{
	const struct session_limits limits = {.statement_timeout = LOOK_MS,
	                                      .lock_timeout = LOOK_MS};
	struct server server = {0};
	struct error *error = NULL;

	if (!wait->is_connected)
		error = database_connect(wait->database, &limits, /* for_writing= */ false, arena,
		                         &server);
	if (!error && server.in_recovery) {
		database_disconnect(wait->database);
		*ret_obstacle = "the server is a standby, or in recovery";
		return NULL;
	}
	wait->is_connected = !error;
	if (!error)
		error = database_rows(wait->database, wait->schema, arena, ret_ledger, ret_locked);
	if (error) {
		database_disconnect(wait->database);
		wait->is_connected = false;
		return error;
	}
	if (!ret_ledger->has_table && wait->folder.count)
		*ret_obstacle = "there is no _prisma_migrations in the database yet";
	return NULL;
}

static void judge(struct migrations_wait *wait, bool locked, struct arena *arena,
                  struct awaited *awaited)
{
	const struct arrival *arrival = &wait->awaited.arrival;
	const size_t missing = arrival->lacking.count + arrival->held.count;
	const bool is_abandoned_now = is_abandoned(wait, locked);

	awaited->is_over = arrival_is_complete(arrival);
	if (awaited->is_over)
		return;
	if (arrival->differing.count || is_abandoned_now) {
		awaited->is_over = true;
		awaited->outcome = arrival->differing.count ? differs(arena, arrival)
		                                            : open_row(arena, arrival);
	} else if (arrival->open.count) {
		awaited->label = locked ? "applying" : "open";
		awaited->text = arena_printf(
			arena, "%s has an open row in the ledger%s", names(arena, &arrival->open),
			locked ? ""
			       : ", and nobody holds Prisma's lock; looking whether it stays so");
	} else if (arrival->held.count) {
		awaited->label = "held";
		awaited->text = arena_printf(
			arena, "%s rolled back on purpose; %zu of %s missing",
			arrival->held.count == 1
				? arena_printf(arena, "%s was", arrival->held.items[0])
				: arena_printf(arena, "%s were", names(arena, &arrival->held)),
			missing, text_plural(arena, wait->folder.count, "migration"));
	} else {
		awaited->label = "waiting";
		awaited->text = arena_printf(arena, "for %zu of %s: %s", missing,
		                             text_plural(arena, wait->folder.count, "migration"),
		                             names(arena, &arrival->lacking));
	}
	if (arrival->open.count && !locked)
		awaited->at_time_out = open_row(arena, arrival);
	else if (arrival->held.count)
		awaited->at_time_out = held(arena, wait);
}

static bool is_abandoned(struct migrations_wait *wait, bool locked)
{
	const uint64_t now = clock_monotonic_ms();

	if (locked || !wait->awaited.arrival.open.count) {
		wait->open_since_ms = 0;
		return false;
	}
	if (!wait->open_since_ms)
		wait->open_since_ms = now;
	return now - wait->open_since_ms >= OPEN_ROW_MS;
}

static struct error *differs(struct arena *arena, const struct arrival *arrival)
{
	const struct arrival_difference *first = &arrival->differing.items[0];

	return FAIL(
		arena, WAIT_DIFFERS,
		.what = arena_printf(
			arena, "the database has another '%s' than this application%s", first->name,
			arrival->differing.count > 1 ? arena_printf(arena, " (and %zu more)",
	                                                            arrival->differing.count - 1)
						     : ""),
		.why = arena_printf(arena, "applied: %.12s…, brought: %.12s…", first->applied,
	                            first->brought),
		.hint = "Its migration.sql was edited after it was applied. Start an image that has the applied file, or "
			"bring the change as a migration of its own.");
}

static struct error *open_row(struct arena *arena, const struct arrival *arrival)
{
	return FAIL(
		arena, WAIT_OPEN_ROW,
		.what = arena_printf(arena, "%s failed", names(arena, &arrival->open)),
		.why = "an open row stands in the ledger, and nobody is at work; it blocks whatever comes after it (P3009)",
		.hint = "See on the agent's host what happened: headgate status. Then say what became of it: "
			"headgate resolve --target NAME --rolled-back MIGRATION (or --applied)");
}

static struct error *held(struct arena *arena, const struct migrations_wait *wait)
{
	const struct text_list *list = &wait->awaited.arrival.held;

	return FAIL(
		arena, WAIT_HELD,
		.what = arena_printf(arena, "%s %s rolled back, and this application brings %s",
	                             names(arena, list), list->count == 1 ? "was" : "were",
	                             list->count == 1 ? "it" : "them"),
		.why = "the application's image is newer than the database",
		.hint = "Start the image from before it; or bring the migration back by a revert of the revert.");
}

/* "a, b, c and 4 more" */
static const char *names(struct arena *arena, const struct text_list *list)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < list->count && i < NAMES_SHOWN; i++)
		text_printf(&text, "%s%s",
		            !i                                                   ? ""
		            : i + 1 == list->count && list->count <= NAMES_SHOWN ? " and "
		                                                                 : ", ",
		            list->items[i]);
	if (list->count > NAMES_SHOWN)
		text_printf(&text, " and %zu more", list->count - NAMES_SHOWN);
	return text_get(&text);
}

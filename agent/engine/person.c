/*
 * A person's words about a target. What a reader gets wrong: apart from `resolve --applied` and `--rolled-back`
 * nothing here touches the database; the words are records, and the next pass acts upon them through all of its gates.
 */
#include "engine/person.h"

#include <pwd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/person_parts.h"

#define NAMES_SHOWN 5

struct asked { /* one `headgate resolve` at work */
	struct work *work;
	enum resolution resolution;
	const char *name, *reason;
	struct ledger ledger;
	struct tree tree; /* at head */
	struct resolved *resolved;
};

static struct error *resolve(struct asked *asked);
static bool writes_rows(enum resolution resolution);
static struct error *refuse_observed(struct work *work, const char *aim);
static struct error *read_head(struct asked *asked);
static struct error *under_fence(struct asked *asked);
static struct error *resolve_applied(struct asked *asked, const struct fence *fence);
static struct error *resolve_rolled_back(struct asked *asked, const struct fence *fence);
static struct error *take_back_open_rows(struct asked *asked, const struct fence *fence,
                                         size_t *ret_count);
static struct error *accept(struct asked *asked);
static void add_accepted(struct asked *asked, const char *row_id, const char *what,
                         const char *checksum);
static struct error *unfit(struct asked *asked, const char *why, const char *hint);
static struct error *unhold(struct work *work, const char *name, const char *reason);
static struct error *ask_rollback(struct work *work, const char *name, const char *reason);
static struct error *withdraw(struct work *work, const char *name, const struct error *error);
static struct error *suspend(struct work *work, const char *reason, bool *ret_changed);
static const char *person_name(struct arena *arena);

struct error *engine_resolve(const struct engine *engine, const struct target *target,
                             enum resolution resolution, const char *name, const char *reason,
                             struct arena *arena, struct resolved *ret_resolved)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	struct resolved resolved = {0};
	struct asked asked = {.work = &work,
	                      .resolution = resolution,
	                      .name = name,
	                      .reason = reason,
	                      .resolved = &resolved};
	AUTO_FD lock = -1;
	struct error *error = person_check_reason(arena, reason);

	if (!error)
		error = work_lock(&work, &lock);
	if (!error)
		error = resolve(&asked);
	if (!error)
		*ret_resolved = resolved;
	work_close(&work);
	return error;
}

struct error *engine_unhold(const struct engine *engine, const struct target *target,
                            const char *name, const char *reason, struct arena *arena)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	struct error *error = unhold(&work, name, reason);

	work_close(&work);
	return error;
}

struct error *engine_rollback(const struct engine *engine, const struct target *target,
                              const char *name, const char *reason, struct arena *arena,
                              struct pass *ret_pass)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	struct error *error = ask_rollback(&work, name, reason), *unheard;

	work_close(&work);
	*ret_pass = (struct pass){.target = target->name};
	TRY(error);
	error = engine_reconcile(engine, target, arena, ret_pass);
	unheard = withdraw(&work, name, error);
	work_close(&work);
	return error ? error : unheard;
}

struct error *engine_suspend(const struct engine *engine, const struct target *target,
                             const char *reason, struct arena *arena, bool *ret_changed)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	struct error *error = suspend(&work, reason, ret_changed);

	work_close(&work);
	return error;
}

static struct error *resolve(struct asked *asked)
{
	struct work *work = asked->work;
	struct server server = {0};
	const bool writes = writes_rows(asked->resolution);

	TRY(work_begin_run(work));
	if (writes)
		TRY(refuse_observed(work, "resolve"));
	TRY(work_open(work, PORT_SOURCE | PORT_DATABASE));
	if (asked->resolution != RESOLVE_ROLLED_BACK)
		TRY(read_head(asked));
	TRY(work_connect(work, writes, &server));
	if (writes)
		return under_fence(asked);
	TRY(database_ledger(work->ports.database, work->schema, work->arena, &asked->ledger));
	TRY(accept(asked));
	return work_write(work);
}

static bool writes_rows(enum resolution resolution)
{
	switch (resolution) {
	case RESOLVE_APPLIED:
	case RESOLVE_ROLLED_BACK:
		return true;
	case RESOLVE_ACCEPT:
	case RESOLVE_ACCEPT_EDIT:
		return false;
	}
	BUG("no such resolution");
}

static struct error *refuse_observed(struct work *work, const char *aim)
{
	if (work->target->mode == MODE_APPLY)
		return NULL;
	return FAIL(
		work->arena, OBSERVES,
		.what = arena_printf(work->arena, "headgate %s writes to the database of '%s'", aim,
	                             work->target->name),
		.why = "the configuration says mode: observe, so Headgate only looks",
		.hint = "Use Prisma's own command (npx prisma migrate resolve), or set mode: apply.");
}

static struct error *read_head(struct asked *asked)
{
	const char *head = NULL;

	TRY(work_find_commit(asked->work, "HEAD", &head));
	return work_read_tree(asked->work, head, &asked->tree);
}

static struct error *under_fence(struct asked *asked)
{
	struct work *work = asked->work;
	struct fence fence = {0};
	struct error *error;

	TRY(work_take_fence(work, /* take_over= */ false, &fence));
	run_record_fence(&work->run, fence.epoch);
	error = database_ledger(work->ports.database, work->schema, work->arena, &asked->ledger);
	if (!error)
		error = asked->resolution == RESOLVE_APPLIED ? resolve_applied(asked, &fence)
		                                             : resolve_rolled_back(asked, &fence);
	work_leave_fence(work);
	return error;
}

static struct error *resolve_applied(struct asked *asked, const struct fence *fence)
{
	struct work *work = asked->work;
	struct arena *arena = work->arena;
	const struct migration *migration = migration_find(&asked->tree.migrations, asked->name);
	const int64_t now_us = clock_wall_us();
	struct ledger_change change = {.kind = LEDGER_RESOLVED_APPLIED,
	                               .row_id = random_uuid(arena),
	                               .name = asked->name,
	                               .started_us = now_us,
	                               .finished_us = now_us,
	                               .logs = ""};
	size_t taken_back = 0;

	if (!migration || !migration->has_sql)
		return unfit(asked,
		             arena_printf(arena,
		                          "the branch has no %s/%s/migration.sql (Prisma's P3017)",
		                          work->target->migrations, asked->name),
		             "Name a migration of the branch's head.");
	for (size_t i = 0; i < asked->ledger.count; i++)
		if (text_equal(asked->ledger.items[i].name, asked->name) &&
		    asked->ledger.items[i].finished_us)
			return unfit(
				asked,
				"the ledger has a finished row of it already (Prisma's P3008)",
				ledger_applied(&asked->ledger, asked->name)
					? "There is nothing to resolve; headgate status shows what is pending."
					: arena_printf(
						  arena,
						  "It was rolled back on purpose; to have it applied "
						  "again: headgate unhold --target %s %s",
						  work->target->name,
						  text_word(arena, asked->name)));
	change.checksum = migration->checksum;
	add_accepted(asked, change.row_id, "row", NULL);
	TRY(work_write(work)); /* a row that is not there yet explains nothing, and does no harm */
	TRY(take_back_open_rows(asked, fence, &taken_back));
	TRY(database_write(work->ports.database, fence, &change, NULL, arena));
	asked->resolved->did =
		taken_back ? "the failed row is rolled back, and an applied one stands beside it"
			   : "an applied row stands in the ledger";
	return NULL;
}

static struct error *resolve_rolled_back(struct asked *asked, const struct fence *fence)
{
	struct work *work = asked->work;
	size_t rows = 0, finished = 0, count = 0;

	for (size_t i = 0; i < asked->ledger.count; i++) {
		if (!text_equal(asked->ledger.items[i].name, asked->name))
			continue;
		rows++;
		finished += asked->ledger.items[i].finished_us != 0;
	}
	if (!rows)
		return unfit(asked, "the ledger has no row of it (Prisma's P3011)",
		             "Name a migration that failed; headgate status shows it.");
	if (rows == finished)
		return unfit(
			asked, "no try of it failed (Prisma's P3012)",
			arena_printf(
				work->arena,
				"To roll an applied one back with its down script: headgate rollback "
				"--target %s %s",
				work->target->name, asked->name));
	TRY(work_write(work));
	TRY(take_back_open_rows(asked, fence, &count));
	asked->resolved->nothing = !count;
	asked->resolved->did =
		count ? "the failed row is rolled back" : "it was rolled back already";
	return NULL;
}

static struct error *take_back_open_rows(struct asked *asked, const struct fence *fence,
                                         size_t *ret_count)
{
	for (size_t i = 0; i < asked->ledger.count; i++) {
		const struct ledger_row *row = &asked->ledger.items[i];
		const struct ledger_change change = {.kind = LEDGER_RESOLVED_ROLLED_BACK,
		                                     .row_id = row->id,
		                                     .rolled_back_us = clock_wall_us()};

		if (!text_equal(row->name, asked->name) || ledger_row_state(row) != ROW_OPEN)
			continue;
		TRY(database_write(asked->work->ports.database, fence, &change, NULL,
		                   asked->work->arena));
		(*ret_count)++;
	}
	return NULL;
}

static struct error *accept(struct asked *asked)
{
	struct work *work = asked->work;
	struct arena *arena = work->arena;
	const struct ledger_row *row = ledger_applied(&asked->ledger, asked->name);
	const struct migration *migration = migration_find(&asked->tree.migrations, asked->name);
	const struct deployed_migration *deployed = memory_deployed(&work->run.memory, asked->name);
	const bool edit = asked->resolution == RESOLVE_ACCEPT_EDIT;
	const bool has_sql = migration && migration->has_sql;
	const bool agrees =
		row && has_sql && checksum_matches(arena, row->checksum, migration->sql);

	if (!row)
		return unfit(
			asked, "the ledger has no applied row of it",
			"Only what stands in the ledger can be accepted; headgate status shows it.");
	if (edit && (!migration || agrees))
		return unfit(
			asked,
			agrees ? "the branch's file is the one that was applied"
			       : "the branch has no folder of it",
			agrees ? "There is nothing to accept."
			       : arena_printf(
					 arena,
					 "To let its row stand without a folder: headgate resolve "
					 "--target %s --accept %s",
					 work->target->name, text_word(arena, asked->name)));
	if (!edit && has_sql && !agrees)
		return unfit(asked, "the branch's file is not the one that was applied",
		             arena_printf(arena,
		                          "To let the edit stand: headgate resolve --target %s "
		                          "--accept-edit %s",
		                          work->target->name, text_word(arena, asked->name)));
	if (edit || (migration && !has_sql)) /* "" stands for: no migration.sql */
		add_accepted(asked, row->id, "edit", has_sql ? migration->checksum : "");
	else
		add_accepted(asked, row->id,
		             deployed && !migration && text_equal(deployed->row_id, row->id)
		                     ? "gone"
		                     : "row",
		             NULL);
	asked->resolved->did =
		edit ? "the branch's file counts as the one that was applied; nothing runs"
		     : "its row stands as it is; nothing runs";
	return NULL;
}

static void add_accepted(struct asked *asked, const char *row_id, const char *what,
                         const char *checksum)
{
	struct work *work = asked->work;
	struct node *body = person_body(work, asked->reason);
	struct record *record = run_record(&work->run, RECORD_ACCEPTED);

	node_set_text(work->arena, body, "row_id", row_id);
	node_set_text(work->arena, body, "what", what);
	node_set_text(work->arena, body, "checksum", checksum);
	record->run = RUN_NONE;
	record->migration = asked->name;
	record->body = body;
}

static struct error *unfit(struct asked *asked, const char *why, const char *hint)
{
	static const struct {
		const char *before, *after;
	} words[] = {
		[RESOLVE_APPLIED] = {"cannot mark", " as applied"},
		[RESOLVE_ROLLED_BACK] = {"cannot mark", " as rolled back"},
		[RESOLVE_ACCEPT] = {"cannot accept the row of", ""},
		[RESOLVE_ACCEPT_EDIT] = {"cannot accept the edit of", ""},
	};

	return FAIL(asked->work->arena, RESOLVE_UNFIT,
	            .what = arena_printf(asked->work->arena, "%s '%s'%s",
	                                 words[asked->resolution].before, asked->name,
	                                 words[asked->resolution].after),
	            .why = why, .hint = hint);
}

static struct error *unhold(struct work *work, const char *name, const char *reason)
{
	struct arena *arena = work->arena;
	struct text_list names = {0};
	struct record *record;

	TRY(person_check_reason(arena, reason));
	TRY(work_begin_run(work));
	if (!memory_held(&work->run.memory, name)) {
		for (size_t i = 0; i < work->run.memory.held.count && i < NAMES_SHOWN; i++)
			*LIST_ADD(arena, &names) = work->run.memory.held.items[i].name;
		return FAIL(arena, RESOLVE_UNFIT,
		            .what = arena_printf(arena, "'%s' is not held on target '%s'", name,
		                                 work->target->name),
		            .why = names.count ? arena_printf(arena, "held are: %s",
		                                              text_join(arena, &names, ", "))
		                               : "nothing is held there",
		            .hint = "headgate status shows what is held.");
	}
	record = run_record(&work->run, RECORD_RELEASED);
	record->run = RUN_NONE;
	record->migration = name;
	record->body = person_body(work, reason);
	return work_write(work);
}

static struct error *ask_rollback(struct work *work, const char *name, const char *reason)
{
	struct arena *arena = work->arena;
	const struct ledger_row *row;
	struct ledger ledger = {0};
	struct server server = {0};
	struct record *record;
	struct node *body;

	TRY(person_check_reason(arena, reason));
	TRY(work_begin_run(work));
	TRY(refuse_observed(work, "rollback"));
	TRY(work_open(work, PORT_DATABASE));
	TRY(work_connect(work, /* for_writing= */ false, &server));
	TRY(database_ledger(work->ports.database, work->schema, arena, &ledger));
	row = ledger_applied(&ledger, name);
	if (!row)
		return FAIL(
			arena, RESOLVE_UNFIT,
			.what = arena_printf(arena, "cannot roll '%s' back", name),
			.why = memory_held(&work->run.memory, name)
		                       ? "it was rolled back already, and is held"
		                       : "the ledger has no applied row of it",
			.hint = "headgate status shows what is held; what is applied stands in _prisma_migrations.");
	body = person_body(work, reason);
	node_set_text(arena, body, "row_id", row->id);
	record = run_record(&work->run, RECORD_ROLLBACK_ASKED);
	record->run = RUN_NONE;
	record->migration = name;
	record->body = body;
	return work_write(work);
}

/* A "no" ends the ask, so that it does not come true one day when nobody thinks of it any more. */
static struct error *withdraw(struct work *work, const char *name, const struct error *error)
{
	struct record *record;
	struct node *body;

	if (!error || error->row->reaction == REACT_WAIT || error->row->reaction == REACT_RETRY)
		return NULL;
	TRY(work_begin_run(work));
	if (!memory_asked(&work->run.memory, name) || work->run.memory.open_run)
		return NULL;
	body = node_map(work->arena);
	node_set_text(work->arena, body, "why", error_line(work->arena, error));
	record = run_record(&work->run, RECORD_ROLLBACK_WITHDRAWN);
	record->run = RUN_NONE;
	record->migration = name;
	record->body = body;
	return work_write(work);
}

static struct error *suspend(struct work *work, const char *reason, bool *ret_changed)
{
	const struct suspension *suspended;
	struct record *record;

	TRY(person_check_reason(work->arena, reason));
	TRY(work_begin_run(work));
	suspended = work->run.memory.suspended;
	*ret_changed =
		reason ? !suspended || !text_equal(suspended->reason, reason) : suspended != NULL;
	if (!*ret_changed)
		return NULL;
	record = run_record(&work->run, reason ? RECORD_SUSPENDED : RECORD_RESUMED);
	record->run = RUN_NONE;
	record->body = person_body(work, reason);
	return work_write(work);
}

/* It is shown on statuses: one line of UTF-8. */
struct error *person_check_reason(struct arena *arena, const char *reason)
{
	if (!reason || (*reason && text_equal(text_clip(arena, reason, REASON_MAXIMUM), reason)))
		return NULL;
	return FAIL(arena, USAGE, .what = "the reason cannot be used",
	            .why = arena_printf(
			    arena, "it is one line of 1 to %d characters, and statuses show it",
			    REASON_MAXIMUM),
	            .hint = "Write for instance: --reason \"freeze for the release\".");
}

struct node *person_body(struct work *work, const char *reason)
{
	struct node *body = node_map(work->arena);

	node_set_text(work->arena, body, "by", person_name(work->arena));
	node_set_text(work->arena, body, "reason", reason);
	return body;
}

/* Who types: the person behind sudo, if there is one. */
static const char *person_name(struct arena *arena)
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *user = sudo ? NULL : getpwuid(getuid());

	if (sudo && *sudo)
		return text_clip(arena, sudo, 40);
	return user ? arena_text(arena, user->pw_name)
	            : arena_printf(arena, "uid %d", (int)getuid());
}

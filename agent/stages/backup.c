/*
 * Backup: no backup, no apply. The file is named after the run, so a run that was interrupted after its backup finds
 * it again and does not take another. Where the policy allows it, a young one of the same database serves, whichever
 * target it was taken for. What a reader gets wrong: what a dump may not read is asked before it begins.
 */
#include "stages/approvals.h"

static const char *database_id(const struct run *run);
static uint64_t longest_age(const struct config *config);
static struct error *lift_age(struct run *run, uint64_t *age_ms);
static void use_lifted(struct run *run);
static struct error *note_invalid(struct run *run);
static struct error *find_earlier(struct run *run, bool *ret_found);
static struct error *refuse_unreadable(struct run *run);
static void found(struct run *run);

struct error *backup_perform(struct run *run)
{
	struct backup_request request = {
		.target = run->target->name,
		.run = run->id,
		.scope = (enum backup_scope)run->policy->backup_scope,
		.schemas = &run->schemas,
		.server_version_num = run->server.version_num,
		.database_id = database_id(run),
		.max_age_ms = run->policy->max_backup_age,
		.keep_younger_ms = longest_age(run->config),
		.database_size = run->server.database_size,
		.keep = run->policy->backup_keep,
	};
	bool is_there = false;

	TRY(note_invalid(run));
	if (run->policy->backup == BACKUP_NONE) {
		node_set_text(run->arena, run->evidence, "backup", "none: the policy does without");
		return NULL;
	}
	TRY(lift_age(run, &request.max_age_ms));
	if (request.max_age_ms)
		TRY(backup_find_recent(run->ports.backup, &request, run->arena, &is_there,
		                       &run->backup));
	if (!is_there) {
		TRY(refuse_unreadable(run));
		TRY(backup_take(run->ports.backup, &request, run->progress, run->arena,
		                &run->backup));
	} else if (run->backup.age_ms >= run->policy->max_backup_age)
		use_lifted(run);
	found(run);
	return NULL;
}

/* An older backup serves a run when a person lifted that for each of its steps; the shortest of their ages counts. */
static struct error *lift_age(struct run *run, uint64_t *age_ms)
{
	uint64_t shortest = run->plan.count ? UINT64_MAX : 0;

	for (size_t i = 0; i < run->plan.count; i++) {
		const struct standing_override *override = NULL;

		TRY(approvals_find(run, run->plan.items[i].commit, LIFT_BACKUP_AGE, &override));
		if (!override || override->says.backup_age < shortest)
			shortest = override ? override->says.backup_age : 0;
	}
	if (shortest > *age_ms)
		*age_ms = shortest;
	return NULL;
}

static void use_lifted(struct run *run)
{
	const size_t before = run->lifted.count;

	for (size_t i = 0; i < run->plan.count; i++) {
		const struct standing_override *override = NULL;
		struct error *error =
			approvals_find(run, run->plan.items[i].commit, LIFT_BACKUP_AGE, &override);

		if (!error && override)
			approvals_use(run, run->plan.items[i].commit, LIFT_BACKUP_AGE, override);
	}
	for (size_t i = before; i < run->lifted.count; i++) {
		run_record_override(run, &run->lifted.items[i]);
		node_set_text(run->arena, run->evidence, "lifted",
		              run_say_lifted(run->arena, run->lifted.items[i].lifts,
		                             run->lifted.items[i].by));
	}
}

/* A database that was dropped and made anew under its name holds other data. */
static const char *database_id(const struct run *run)
{
	const struct server *server = &run->server;

	return server->system_identifier
	               ? arena_printf(run->arena, "%s/%u", server->system_identifier,
	                              server->database_oid)
	               : NULL;
}

/* Another target may rest on a backup of this one for as long as its own policy says. */
static uint64_t longest_age(const struct config *config)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < config->target_count; i++)
		if (config->targets[i].policy->max_backup_age > longest)
			longest = config->targets[i].policy->max_backup_age;
	return longest;
}

struct error *backup_settle(struct run *run, bool *ret_done)
{
	bool is_there = false;

	TRY(note_invalid(run));
	if (run->policy->backup == BACKUP_NONE)
		return NULL;
	TRY(find_earlier(run, &is_there));
	if (is_there)
		found(run);
	*ret_done = is_there;
	return NULL;
}

/* The one that this run rests on: its own, or the one of another run that it found before it was interrupted. */
static struct error *find_earlier(struct run *run, bool *ret_found)
{
	const struct run_memory *open = run->memory.open_run;
	const struct node *body = open && open->id == run->id ? open->backup : NULL;
	const char *target = body ? node_find_text(body, "from_target") : NULL;
	struct backup_made *made = &run->backup;
	const int64_t of_run = target ? node_find_number(body, "from_run", 0) : run->id;

	TRY(backup_find(run->ports.backup, target ? target : run->target->name, of_run, run->arena,
	                ret_found, made));
	if (*ret_found && target) {
		made->from_target = target;
		made->from_run = of_run;
		made->age_ms = (uint64_t)node_find_number(body, "age_ms", 0);
	}
	return NULL;
}

/* For confirm: indexes that were invalid before this run did anything, also when an earlier pass began it. */
static struct error *note_invalid(struct run *run)
{
	const struct run_memory *open = run->memory.open_run;
	const struct stage_memory *earlier =
		open && open->id == run->id ? run_memory_stage(open, "backup") : NULL;
	const struct node *known =
		earlier && earlier->done ? node_find(earlier->evidence, "invalid_before") : NULL;
	struct text_list names = {0};
	struct node *list;

	if (!known)
		TRY(database_invalid_indexes(run->ports.database, &run->schemas, run->arena,
		                             &names));
	for (const struct node *name = known ? known->child : NULL; name; name = name->next)
		*LIST_ADD(run->arena, &names) = name->text;
	list = node_set(run->arena, run->evidence, "invalid_before", node_list(run->arena));
	for (size_t i = 0; i < names.count; i++)
		node_add(list, node_text(run->arena, names.items[i]));
	run->invalid_before = names;
	return NULL;
}

static struct error *refuse_unreadable(struct run *run)
{
	const bool whole = run->policy->backup_scope == BACKUP_DATABASE;
	struct text_list grants = {0};

	TRY(database_unreadable(run->ports.database, whole ? NULL : &run->schemas, run->arena,
	                        &grants));
	if (!grants.count)
		return NULL;
	return FAIL(
		run->arena, BACKUP_RIGHTS,
		.what = arena_printf(run->arena,
	                             "role '%s' may not read all that a backup of '%s' must hold",
	                             run->server.role, run->target->name),
		.why = arena_printf(run->arena, "%s missing",
	                            text_plural(run->arena, grants.count, "grant")),
		.hint = arena_printf(
			run->arena, "Let the owner run: %s%s", text_join(run->arena, &grants, " "),
			whole ? " — or let the policy say backup: {scope: schema}." : ""));
}

static void found(struct run *run)
{
	const struct backup_made *made = &run->backup;
	struct node *body = node_map(run->arena);
	struct record *record = run_record(run, RECORD_BACKUP);

	run->has_backup = true;
	node_set_text(run->arena, body, "file", made->file);
	node_set_text(run->arena, body, "sha256", made->sha256);
	node_set_number(run->arena, body, "size", (int64_t)made->size);
	node_set_text(run->arena, body, "scope",
	              made->scope == BACKUP_DATABASE ? "database" : "schema");
	node_set_text(run->arena, body, "server_version", run->server.version);
	node_set_text(run->arena, body, "pg_dump", made->tool);
	node_set_number(run->arena, body, "took_ms", (int64_t)made->took_ms);
	node_set_text(run->arena, body, "roles", made->roles);
	node_set_text(run->arena, body, "roles_why", made->roles_why);
	if (made->from_target) {
		node_set_text(run->arena, body, "from_target", made->from_target);
		node_set_number(run->arena, body, "from_run", made->from_run);
		node_set_number(run->arena, body, "age_ms", (int64_t)made->age_ms);
		node_set_text(run->arena, run->evidence, "from",
		              arena_printf(run->arena, "run %lld of '%s', %s before",
		                           (long long)made->from_run, made->from_target,
		                           text_duration(run->arena, made->age_ms)));
	}
	node_set_text(run->arena, body, "restore",
	              backup_restore_line(run->ports.backup, made->file, made->scope, run->arena));
	record->body = body;
	node_set_text(run->arena, run->evidence, "file", made->file);
	node_set_text(run->arena, run->evidence, "sha256", made->sha256);
	node_set_text(run->arena, run->evidence, "size", text_size(run->arena, made->size));
	node_set_bool(run->arena, run->evidence, "proven", false);
}

/*
 * Backup: no backup, no apply. The file is named after the run, so a run that was interrupted after its backup finds
 * it again and does not take another. What a reader gets wrong: what a dump may not read is asked before it begins.
 */
#include "stages/run.h"

static struct error *note_invalid(struct run *run);
static struct error *refuse_unreadable(struct run *run);
static void found(struct run *run);

struct error *backup_perform(struct run *run)
{
	TRY(note_invalid(run));
	if (run->policy->backup == BACKUP_NONE) {
		node_set_text(run->arena, run->evidence, "backup", "none: the policy does without");
		return NULL;
	}
	TRY(refuse_unreadable(run));
	TRY(backup_take(run->ports.backup,
	                &(struct backup_request){
				.target = run->target->name,
				.run = run->id,
				.scope = (enum backup_scope)run->policy->backup_scope,
				.schemas = &run->schemas,
				.server_version_num = run->server.version_num,
				.database_size = run->server.database_size,
				.keep = run->policy->backup_keep,
			},
	                run->progress, run->arena, &run->backup));
	found(run);
	return NULL;
}

struct error *backup_settle(struct run *run, bool *ret_done)
{
	bool is_there = false;

	TRY(note_invalid(run));
	if (run->policy->backup == BACKUP_NONE)
		return NULL;
	TRY(backup_find(run->ports.backup, run->target->name, run->id, run->arena, &is_there,
	                &run->backup));
	if (is_there)
		found(run);
	*ret_done = is_there;
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
	node_set_text(run->arena, body, "restore",
	              backup_restore_line(run->ports.backup, made->file, made->scope, run->arena));
	record->body = body;
	node_set_text(run->arena, run->evidence, "file", made->file);
	node_set_text(run->arena, run->evidence, "sha256", made->sha256);
	node_set_text(run->arena, run->evidence, "size", text_size(run->arena, made->size));
	node_set_bool(run->arena, run->evidence, "proven", false);
}

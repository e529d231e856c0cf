/*
 * The cheap look. An interrupted run and a status whose next try has come are due at once; a refusal by watch, verify,
 * check or lint is decided anew after a time, which the supervisor keeps.
 */
#include "engine/due.h"

#include "base/clock.h"
#include "base/file.h"
#include "model/approval.h"

#define KEY_FILE_MAXIMUM (1024 * 1024)
#define KEY_FILES_MAXIMUM 1000

static struct error *look_at_journal(struct journal *journal, const struct target *target,
                                     struct arena *arena, struct sha256 *sha256, struct due *due);
static void look_at_words(const struct memory *memory, struct sha256 *sha256);
static struct error *look_at_branch(const struct engine *engine, const struct target *target,
                                    bool with_tags, struct arena *arena, struct sha256 *sha256);
static struct error *look_at_tags(struct source *source, const struct target *target,
                                  struct arena *arena, struct sha256 *sha256);
static struct error *look_at_ledger(const struct engine *engine, const struct target *target,
                                    struct arena *arena, struct sha256 *sha256);
static void look_at_file(struct arena *arena, const char *path, struct sha256 *sha256);
static void look_at_folder(struct arena *arena, const char *path, struct sha256 *sha256);
static int compare_entries(const void *a, const void *b);

struct error *due_look(const struct engine *engine, const struct target *target,
                       struct arena *arena, struct due *ret_due)
{
	struct journal *journal = NULL;
	struct due due = {.why = "something changed"};
	struct sha256 *sha256 = sha256_begin();
	struct error *error;

	error = engine->registry->open_journal(arena, engine->config, /* read_only= */ true,
	                                       &journal);
	if (!error)
		error = look_at_journal(journal, target, arena, sha256, &due);
	journal_close(journal);
	if (!error)
		error = look_at_branch(engine, target, due.refused, arena, sha256);
	if (!error)
		error = look_at_ledger(engine, target, arena, sha256);
	look_at_file(arena, engine->config->path, sha256);
	look_at_file(arena, target->policy_path, sha256);
	look_at_file(arena, engine->config->keys.allowed_signers, sha256);
	look_at_file(arena, engine->config->keys.revoked, sha256);
	look_at_folder(arena, engine->config->keys.openpgp, sha256);
	look_at_file(arena, engine->config->keys.openpgp, sha256); /* or it is one file */
	sha256_end(sha256, due.digest);
	*ret_due = due;
	return error;
}

static struct error *look_at_journal(struct journal *journal, const struct target *target,
                                     struct arena *arena, struct sha256 *sha256, struct due *due)
{
	const int64_t now_us = clock_wall_us();
	struct outbox outbox = {0};
	struct memory memory = {0};

	TRY(journal_memory(journal, target->name, arena, &memory));
	TRY(journal_outbox(journal, target->name, now_us, 1, /* all= */ false, arena, &outbox));
	if (outbox.count) {
		due->is_due = true;
		due->why = "a status is to be delivered";
	}
	for (size_t i = 0; i < memory.refusals.count; i++) {
		if (!memory.refusals.items[i].sticky)
			due->refused = true;
		else if (memory.refusals.items[i].at_us > memory.retried_us)
			due->stands = true;
	}
	if (memory.open_run && target->mode == MODE_APPLY) {
		due->is_due = true;
		due->why = "a run is open";
	}
	look_at_words(&memory, sha256);
	return NULL;
}

/* What a person said changes what the next pass does. */
static void look_at_words(const struct memory *memory, struct sha256 *sha256)
{
	const int64_t suspended_us = memory->suspended ? memory->suspended->at_us : 0;

	sha256_add(sha256, &memory->retried_us, sizeof memory->retried_us);
	sha256_add(sha256, &suspended_us, sizeof suspended_us);
	for (size_t i = 0; i < memory->accepted.count; i++)
		sha256_add(sha256, &memory->accepted.items[i].at_us, sizeof(int64_t));
	for (size_t i = 0; i < memory->asked.count; i++)
		sha256_add(sha256, &memory->asked.items[i].at_us, sizeof(int64_t));
	for (size_t i = 0; i < memory->withdrawn.count; i++)
		sha256_add(sha256, &memory->withdrawn.items[i].at_us, sizeof(int64_t));
	for (size_t i = 0; i < memory->held.count; i++)
		sha256_add(sha256, &memory->held.items[i].at_us, sizeof(int64_t));
}

static struct error *look_at_branch(const struct engine *engine, const struct target *target,
                                    bool with_tags, struct arena *arena, struct sha256 *sha256)
{
	struct source *source = NULL;
	const char *branch = NULL, *head = NULL;
	struct error *error = engine->registry->open_source(arena, engine->config, &source);

	if (!error)
		error = source_head(source, target->branch, arena, &branch, &head);
	if (!error)
		sha256_add(sha256, head, strlen(head));
	if (!error && with_tags)
		error = look_at_tags(source, target, arena, sha256);
	source_close(source);
	return error;
}

/* While something stands refused, a person may approve it by a tag: the branch does not move then. */
static struct error *look_at_tags(struct source *source, const struct target *target,
                                  struct arena *arena, struct sha256 *sha256)
{
	struct text_list prefixes = {0};
	struct source_refs refs = {0};

	*LIST_ADD(arena, &prefixes) =
		approval_prefix(arena, APPROVAL_VOUCHES, target->name, /* commit= */ NULL);
	*LIST_ADD(arena, &prefixes) =
		approval_prefix(arena, APPROVAL_OVERRIDES, target->name, /* commit= */ NULL);
	TRY(source_list_refs(source, &prefixes, arena, &refs));
	for (size_t i = 0; i < refs.count; i++)
		sha256_add(sha256, refs.items[i].id, strlen(refs.items[i].id));
	return NULL;
}

static struct error *look_at_ledger(const struct engine *engine, const struct target *target,
                                    struct arena *arena, struct sha256 *sha256)
{
	struct database *database = NULL;
	struct server server = {0};
	struct ledger ledger = {0};
	const char *schema = NULL;
	struct error *error =
		engine->registry->open_database(arena, engine->config, target, &database, &schema);

	if (!error)
		error = database_connect(database,
		                         &(struct session_limits){.statement_timeout = 10000},
		                         /* for_writing= */ false, arena, &server);
	if (!error)
		error = database_ledger(database, schema, arena, &ledger);
	if (!error)
		sha256_add(sha256, &server.in_recovery, sizeof server.in_recovery);
	for (size_t i = 0; !error && i < ledger.count; i++) {
		const enum row_state state = ledger_row_state(&ledger.items[i]);

		sha256_add(sha256, ledger.items[i].id, strlen(ledger.items[i].id) + 1);
		sha256_add(sha256, &state, sizeof state);
	}
	if (!error && ledger.has_deployed)
		sha256_add(sha256, ledger.deployed.journal, strlen(ledger.deployed.journal) + 1);
	database_close(database);
	return error;
}

/* A file that cannot be read counts as another content; the pass says what is wrong with it. */
static void look_at_file(struct arena *arena, const char *path, struct sha256 *sha256)
{
	struct bytes bytes = {0};

	if (path && !file_read(arena, path, KEY_FILE_MAXIMUM, &bytes))
		sha256_add(sha256, bytes.data, bytes.size);
	sha256_add(sha256, &bytes.size, sizeof bytes.size);
}

static void look_at_folder(struct arena *arena, const char *path, struct sha256 *sha256)
{
	struct file_entries entries = {0};

	if (!path || folder_list(arena, path, KEY_FILES_MAXIMUM, &entries) || !entries.count)
		return;
	qsort(entries.items, entries.count, sizeof *entries.items, compare_entries);
	for (size_t i = 0; i < entries.count; i++) {
		const char *name = entries.items[i].name;

		sha256_add(sha256, name, strlen(name) + 1);
		look_at_file(arena, path_join(arena, path, name), sha256);
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct file_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

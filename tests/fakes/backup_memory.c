/* Owns the list of backups. Its digests are true ones, of a text that names target and run. */
#include "fakes/backup_memory.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"

static struct error *take(struct backup *backup, const struct backup_request *request,
                          const struct progress *progress, struct arena *arena,
                          struct backup_made *ret_made);
static struct error *find(struct backup *backup, const char *target, int64_t run,
                          struct arena *arena, bool *ret_found, struct backup_made *ret_made);
static struct error *find_recent(struct backup *backup, const struct backup_request *request,
                                 struct arena *arena, bool *ret_found,
                                 struct backup_made *ret_made);
static bool serves(const struct backup_memory_item *item, const struct backup_request *request);
static bool is_younger(const struct backup_memory_item *item, uint64_t max_age_ms);
static const char *restore_line(struct backup *backup, const char *file, enum backup_scope scope,
                                struct arena *arena);
static struct error *ready(struct backup *backup, int server_version_num, struct arena *arena,
                           const char **ret_tool);
static void close_backup(struct backup *backup);
static struct backup_memory_item *find_item(struct backup_memory *memory, const char *target,
                                            int64_t run);
static void prune(struct backup_memory *memory, const struct backup_request *request);

static const struct backup_ops ops = {
	.name = "memory",
	.take = take,
	.find = find,
	.find_recent = find_recent,
	.restore_line = restore_line,
	.ready = ready,
	.close = close_backup,
};

struct backup_memory *backup_memory_new(struct arena *arena)
{
	struct backup_memory *memory = ARENA_NEW(arena, struct backup_memory);

	memory->base.ops = &ops;
	memory->arena = arena;
	memory->code = ERR_BACKUP;
	memory->size = 1 << 20;
	return memory;
}

static struct error *take(struct backup *backup, const struct backup_request *request,
                          const struct progress *progress, struct arena *arena,
                          struct backup_made *ret_made)
{
	struct backup_memory *memory = (struct backup_memory *)backup;
	struct backup_memory_item *item;
	const char *name;
	bool found = false;

	memory->takes++;
	memory->last = *request;
	TRY(find(backup, request->target, request->run, arena, &found, ret_made));
	if (found)
		return NULL;
	if (memory->failures) {
		memory->failures--;
		return error_new(
			arena, memory->code,
			&(struct error_text){
				.what = arena_printf(arena, "cannot back up '%s'", request->target),
				.why = "the test says so"});
	}
	progress_report(progress, "backup", PROGRESS_BYTES, memory->size / 2, 0);
	progress_report(progress, "backup", PROGRESS_BYTES, memory->size, memory->size);
	name = arena_printf(memory->arena, "/nowhere/%s.%" PRId64 ".dump", request->target,
	                    request->run);
	item = find_item(memory, request->target, request->run);
	if (!item)
		item = LIST_ADD(memory->arena, &memory->taken);
	*item = (struct backup_memory_item){
		.target = arena_text(memory->arena, request->target),
		.run = request->run,
		.made = {.file = name,
	                 .sha256 = sha256_text(memory->arena, name, strlen(name)),
	                 .size = memory->size,
	                 .took_ms = 1,
	                 .tool = "memory 1",
	                 .roles_why = "nothing is written",
	                 .scope = request->scope},
		.database_id = arena_text(memory->arena, request->database_id),
		.finished_us = clock_wall_us(),
	};
	for (size_t i = 0; request->schemas && i < request->schemas->count; i++)
		*LIST_ADD(memory->arena, &item->schemas) =
			arena_text(memory->arena, request->schemas->items[i]);
	*ret_made = item->made;
	prune(memory, request);
	return NULL;
}

static struct error *find(struct backup *backup, const char *target, int64_t run,
                          struct arena *arena, bool *ret_found, struct backup_made *ret_made)
{
	const struct backup_memory_item *item =
		find_item((struct backup_memory *)backup, target, run);

	(void)arena;
	*ret_found = item && !item->damaged;
	if (*ret_found) {
		*ret_made = item->made;
		ret_made->again = true;
	}
	return NULL;
}

static struct error *find_recent(struct backup *backup, const struct backup_request *request,
                                 struct arena *arena, bool *ret_found, struct backup_made *ret_made)
{
	struct backup_memory *memory = (struct backup_memory *)backup;
	const struct backup_memory_item *newest = NULL;

	(void)arena;
	memory->looks++;
	for (size_t i = 0; i < memory->taken.count; i++) {
		const struct backup_memory_item *item = &memory->taken.items[i];

		if (text_equal(item->target, request->target) && item->run == request->run)
			continue;
		if (!item->damaged && serves(item, request) &&
		    is_younger(item, request->max_age_ms) &&
		    (!newest || item->finished_us >= newest->finished_us))
			newest = item;
	}
	*ret_found = newest != NULL;
	if (!newest)
		return NULL;
	*ret_made = newest->made;
	ret_made->from_target = newest->target;
	ret_made->from_run = newest->run;
	ret_made->age_ms = (uint64_t)(clock_wall_us() - newest->finished_us) / 1000;
	return NULL;
}

static bool serves(const struct backup_memory_item *item, const struct backup_request *request)
{
	if (!text_equal(item->database_id, request->database_id))
		return false;
	if (item->made.scope == BACKUP_DATABASE || request->scope == BACKUP_DATABASE)
		return item->made.scope == BACKUP_DATABASE;
	for (size_t i = 0; i < request->schemas->count; i++) {
		size_t k = 0;

		while (k < item->schemas.count &&
		       !text_equal(item->schemas.items[k], request->schemas->items[i]))
			k++;
		if (k == item->schemas.count)
			return false;
	}
	return true;
}

static bool is_younger(const struct backup_memory_item *item, uint64_t max_age_ms)
{
	return (uint64_t)(clock_wall_us() - item->finished_us) / 1000 < max_age_ms;
}

static const char *restore_line(struct backup *backup, const char *file, enum backup_scope scope,
                                struct arena *arena)
{
	(void)backup;
	(void)scope;
	return arena_printf(arena, "pg_restore --dbname=restored %s", file);
}

static struct error *ready(struct backup *backup, int server_version_num, struct arena *arena,
                           const char **ret_tool)
{
	(void)backup;
	if (server_version_num / 10000 > 40)
		return FAIL(arena, BACKUP_VERSION,
		            .what = "cannot back up a server of that version",
		            .why = "memory 1 is too old", .hint = "Install a later memory.");
	*ret_tool = "memory 1";
	return NULL;
}

static void close_backup(struct backup *backup)
{
	((struct backup_memory *)backup)->closed = true;
}

static struct backup_memory_item *find_item(struct backup_memory *memory, const char *target,
                                            int64_t run)
{
	for (size_t i = 0; i < memory->taken.count; i++) {
		if (text_equal(memory->taken.items[i].target, target) &&
		    memory->taken.items[i].run == run)
			return &memory->taken.items[i];
	}
	return NULL;
}

static void prune(struct backup_memory *memory, const struct backup_request *request)
{
	const char *target = request->target;
	const uint64_t keep = request->keep;
	size_t ours = 0, to = 0;

	for (size_t i = 0; i < memory->taken.count; i++)
		ours += text_equal(memory->taken.items[i].target, target);
	for (size_t i = 0; i < memory->taken.count; i++) {
		bool is_old = text_equal(memory->taken.items[i].target, target) &&
		              ours > (keep ? keep : 1) &&
		              !is_younger(&memory->taken.items[i], request->keep_younger_ms);

		ours -= is_old;
		if (!is_old)
			memory->taken.items[to++] = memory->taken.items[i];
	}
	memory->taken.count = to;
}

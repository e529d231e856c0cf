/* Owns the list of backups. Its digests are true ones, of a text that names target and run. */
#include "fakes/backup_memory.h"

#include <inttypes.h>

#include "base/hash.h"
#include "base/text.h"

static struct error *take(struct backup *backup, const struct backup_request *request,
                          const struct progress *progress, struct arena *arena,
                          struct backup_made *ret_made);
static struct error *find(struct backup *backup, const char *target, int64_t run,
                          struct arena *arena, bool *ret_found, struct backup_made *ret_made);
static const char *restore_line(struct backup *backup, const char *file, enum backup_scope scope,
                                struct arena *arena);
static void close_backup(struct backup *backup);
static struct backup_memory_item *find_item(struct backup_memory *memory, const char *target,
                                            int64_t run);
static void prune(struct backup_memory *memory, const char *target, uint64_t keep);

static const struct backup_ops ops = {"memory", take, find, restore_line, close_backup};

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
	};
	*ret_made = item->made;
	prune(memory, request->target, request->keep);
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

static const char *restore_line(struct backup *backup, const char *file, enum backup_scope scope,
                                struct arena *arena)
{
	(void)backup;
	(void)scope;
	return arena_printf(arena, "pg_restore --dbname=restored %s", file);
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

static void prune(struct backup_memory *memory, const char *target, uint64_t keep)
{
	size_t ours = 0, to = 0;

	for (size_t i = 0; i < memory->taken.count; i++)
		ours += text_equal(memory->taken.items[i].target, target);
	for (size_t i = 0; i < memory->taken.count; i++) {
		bool is_old = text_equal(memory->taken.items[i].target, target) &&
		              ours > (keep ? keep : 1);

		ours -= is_old;
		if (!is_old)
			memory->taken.items[to++] = memory->taken.items[i];
	}
	memory->taken.count = to;
}

/* Messages and checklists: ticks and trailers. Only what stands there can be ticked, and no two readings differ. */
#include "fuzz/fuzz.h"
#include "model/checklist.h"
#include "model/commit.h"

static void read_checklist(struct arena *arena, struct bytes text, bool strict)
{
	struct checklist checklist = {0}, again = {0};
	struct error *error = checklist_read(arena, text, "the message", strict, &checklist);

	HOLDS(same_error(error, checklist_read(arena, text, "the message", strict, &again)));
	HOLDS(checklist.ticked == again.ticked && checklist.present == again.present);
	if (error) {
		HOLDS(error->row == &error_rows()[ERR_CHECKLIST_ODD] && is_told(error));
		HOLDS(!checklist.ticked);
		return;
	}
	HOLDS((checklist.ticked & ~checklist.present) == 0);
	HOLDS(checklist.present < 1u << ITEM_COUNT);
	HOLDS(!checklist.ticked || memmem(text.data, text.size, "[x]", 3) ||
	      memmem(text.data, text.size, "[X]", 3));
	HOLDS(!(checklist.ticked & 1u << ITEM_ROLLBACK_PLAN) ||
	      checklist.reasons[ITEM_ROLLBACK_PLAN]);
}

static void read_trailers(struct arena *arena, const char *message)
{
	struct text_list values = {0}, again = {0};

	message_trailers(arena, message, "Headgate-Rollback", &values);
	message_trailers(arena, message, "headgate-rollback", &again);
	HOLDS(values.count == again.count);
	for (size_t i = 0; i < values.count; i++)
		HOLDS(text_equal(values.items[i], again.items[i]));
	HOLDS(!values.count || strcasestr(message, "headgate-rollback"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct bytes text = {(const char *)data, size};

	read_checklist(arena, text, false);
	read_checklist(arena, text, true);
	if (size && !memchr(data, '\0', size))
		read_trailers(arena, arena_copy(arena, data, size));
	arena_free(arena);
	return 0;
}

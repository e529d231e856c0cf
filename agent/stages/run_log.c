/*
 * The run log. What a reader gets wrong: it is the only place where row data may stand, so it has
 * mode 0600 in a folder of mode 0700 and no other file quotes it.
 */
#include "stages/run_log.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define ENTRY_MAXIMUM (1024UL * 1024) /* bytes of one entry: a server may quote a whole row */

const char *run_log_path(const struct run *run)
{
	return arena_printf(run->arena, "%s/runs/%s-%lld.log", run->config->state,
	                    run->target->name, (long long)run->id);
}

struct error *run_log_add(const struct run *run, const char *heading, const char *text)
{
	struct text entry = TEXT_IN(run->arena);
	size_t size = strlen(text);

	text_printf(&entry, "== %s %s\n", clock_iso(run->arena, clock_wall_us()), heading);
	text_add_bytes(&entry, text, size < ENTRY_MAXIMUM ? size : ENTRY_MAXIMUM);
	if (size > ENTRY_MAXIMUM)
		text_printf(&entry, "\n(%zu bytes more were left out)", size - ENTRY_MAXIMUM);
	text_add(&entry, "\n");
	TRY(folder_private(run->arena, arena_printf(run->arena, "%s/runs", run->config->state)));
	return file_append(run->arena, run_log_path(run), text_bytes(&entry), 0600);
}

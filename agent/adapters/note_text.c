/* Builds a note's text. Words from outside are cut to one line here, so that nobody can write a first line. */
#include "adapters/note_text.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define LINE_MAXIMUM 2400 /* code points of a kept line; a link may be 2048 bytes long */
#define INDENT "  "
#define TIME_SIZE (sizeof "2026-11-24 23:32:17 UTC" - 1)

struct note { /* a note of ours, taken apart */
	const char *state, *description;
	const char *time, *details; /* "2026-11-24 23:32:17 UTC", ", run 41" */
	size_t older;               /* index of the first line of earlier words */
};

static const char *details_of(struct arena *arena, const struct status *status);
static bool take_apart(struct arena *arena, const struct text_list *lines, const char *context,
                       struct note *ret_note);
static bool is_time(const char *text);
static bool add_line(struct text *text, const char *line);

const char *note_text_add(struct arena *arena, const char *note, const struct status *status,
                          int64_t wall_us)
{
	const char *state = status_state_name(status->state), *details = details_of(arena, status);
	const char *description = text_clip(arena, status->description, STATUS_DESCRIPTION_MAXIMUM);
	struct text text = TEXT_IN(arena);
	struct text_list lines = {0};
	struct note old = {0};
	bool ours;

	text_split(arena, note, '\n', &lines);
	ours = take_apart(arena, &lines, status->context, &old);
	if (ours && text_equal(old.state, state) && text_equal(old.description, description)) {
		if (text_equal(old.details, details))
			return note;
	} else if (ours) {
		lines.items[--old.older] = arena_printf(arena, INDENT "%s" INDENT "%s" INDENT "%s",
		                                        old.time, old.state, old.description);
	}
	text_printf(&text, "%s %s: %s\n", state, status->context, description);
	text_printf(&text, INDENT "%s%s\n", clock_human(arena, wall_us), details);
	for (size_t i = old.older; i < lines.count; i++)
		if (!add_line(&text, text_clip(arena, lines.items[i], LINE_MAXIMUM)))
			break;
	return text_get(&text);
}

static const char *details_of(struct arena *arena, const struct status *status)
{
	struct text text = TEXT_IN(arena);

	if (status->run)
		text_printf(&text, ", run %lld", (long long)status->run);
	if (status->url)
		text_printf(&text, ", %s", status->url);
	return text_clip(arena, text_get(&text), LINE_MAXIMUM - TIME_SIZE - 2);
}

/* false: not a note of ours; then all its lines count as earlier words. */
static bool take_apart(struct arena *arena, const struct text_list *lines, const char *context,
                       struct note *ret_note)
{
	const char *middle = arena_printf(arena, " %s: ", context), *found;
	enum status_state state;
	struct note note = {.older = 2};

	if (lines->count < 2)
		return false;
	found = strstr(lines->items[0], middle);
	if (!found)
		return false;
	note.state = arena_copy(arena, lines->items[0], (size_t)(found - lines->items[0]));
	note.description = found + strlen(middle);
	if (!status_state_find(note.state, &state))
		return false;
	if (!text_starts(lines->items[1], INDENT) || !is_time(lines->items[1] + strlen(INDENT)))
		return false;
	note.time = arena_copy(arena, lines->items[1] + strlen(INDENT), TIME_SIZE);
	note.details = lines->items[1] + strlen(INDENT) + TIME_SIZE;
	if (*note.details != '\0' && *note.details != ',')
		return false;
	*ret_note = note;
	return true;
}

static bool is_time(const char *text)
{
	static const char pattern[] = "0000-00-00 00:00:00 UTC";

	for (size_t i = 0; i < TIME_SIZE; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (pattern[i] == '0' ? !digit : text[i] != pattern[i])
			return false;
	}
	return true;
}

/* Empty lines are left out: one would end the indented part. false: the note is full. */
static bool add_line(struct text *text, const char *line)
{
	const char *indent = text_starts(line, INDENT) ? "" : INDENT;

	if (*line == '\0')
		return true;
	if (text->size + strlen(indent) + strlen(line) + 1 > NOTE_TEXT_MAXIMUM)
		return false;
	text_printf(text, "%s%s\n", indent, line);
	return true;
}

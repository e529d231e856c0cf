/*
 * What is said of the sessions that block a statement. What a reader gets wrong: their names come
 * from whoever connected, so they are clipped here; and the first of them stands first, since a
 * status has room for little more.
 */
#include "model/blockers.h"

#include "base/text.h"

#define NAME_MAXIMUM 63 /* PostgreSQL's own, in bytes */

static const char *who(struct arena *arena, const struct blocker *blocker);
static const char *state_of(struct arena *arena, const struct blocker *blocker);
static const char *clip(struct arena *arena, const char *name);

const char *blockers_words(struct arena *arena, const struct blockers *blockers)
{
	struct text text = TEXT_IN(arena);

	if (!blockers->count)
		return blockers->unknown
		               ? arena_printf(arena, "blockers not known: %s", blockers->unknown)
		               : NULL;
	text_printf(&text, "blocked by %s", who(arena, &blockers->items[0]));
	if (blockers->relation)
		text_printf(&text, " on '%s'", clip(arena, blockers->relation));
	for (size_t i = 1; i < blockers->count; i++)
		text_printf(&text, "%s%s",
		            i + 1 < blockers->count || blockers->more ? ", " : " and ",
		            who(arena, &blockers->items[i]));
	if (blockers->more)
		text_printf(&text, " and %zu more", blockers->more);
	return text_get(&text);
}

const char *blockers_hint(struct arena *arena, const struct blockers *blockers)
{
	if (!blockers->count)
		return "Long transactions stand in pg_stat_activity.";
	if (!blockers->items[0].pid)
		return "A prepared transaction that nobody ends is in pg_prepared_xacts and is "
		       "ended by ROLLBACK PREPARED.";
	return arena_printf(arena,
	                    "A session that hangs is ended by SELECT pg_terminate_backend(%d).",
	                    blockers->items[0].pid);
}

struct blockers blockers_copy(struct arena *arena, const struct blockers *blockers)
{
	struct blockers copy = {
		.more = blockers->more,
		.relation = arena_text(arena, blockers->relation),
		.unknown = arena_text(arena, blockers->unknown),
	};

	for (size_t i = 0; i < blockers->count; i++) {
		const struct blocker *from = &blockers->items[i];

		*LIST_ADD(arena, &copy) = (struct blocker){
			.pid = from->pid,
			.application = arena_text(arena, from->application),
			.user = arena_text(arena, from->user),
			.state = arena_text(arena, from->state),
			.age_ms = from->age_ms,
		};
	}
	return copy;
}

/* "pid 4711 (app 'psql', user 'ann', idle in transaction for 4 min)" */
static const char *who(struct arena *arena, const struct blocker *blocker)
{
	const char *subject = blocker->pid ? arena_printf(arena, "pid %d", blocker->pid)
	                                   : "a prepared transaction";
	const char *state = state_of(arena, blocker);
	struct text_list details = {0};

	if (blocker->application && *blocker->application)
		*LIST_ADD(arena, &details) =
			arena_printf(arena, "app '%s'", clip(arena, blocker->application));
	if (blocker->user)
		*LIST_ADD(arena, &details) =
			arena_printf(arena, "user '%s'", clip(arena, blocker->user));
	if (state)
		*LIST_ADD(arena, &details) = state;
	if (!details.count)
		return subject;
	return arena_printf(arena, "%s (%s)", subject, text_join(arena, &details, ", "));
}

static const char *state_of(struct arena *arena, const struct blocker *blocker)
{
	const char *age = blocker->age_ms ? text_duration(arena, blocker->age_ms) : NULL;

	if (!blocker->state)
		return age ? arena_printf(arena, "for %s", age) : NULL;
	if (!age)
		return clip(arena, blocker->state);
	return arena_printf(arena, "%s for %s", clip(arena, blocker->state), age);
}

static const char *clip(struct arena *arena, const char *name)
{
	return text_clip(arena, name, NAME_MAXIMUM);
}

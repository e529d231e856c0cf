/*
 * What a person reads on a commit: one line, the verdict first, at most 140 code points. Nothing here may hold row
 * data; the texts of errors are made public-safe where they are made.
 */
#include "engine/work.h"

#define ASK_MAXIMUM 60 /* code points of who asked for a rollback, and why */

static const char *verdict(struct arena *arena, const char *word, const struct error *error,
                           int64_t run);
static const char *sentences(struct arena *arena, const char *text, size_t room);
static const char *clipped(struct arena *arena, const char *text, const char *tail);
static const char *sending(struct arena *arena, size_t applies, size_t rollbacks, const char *apply,
                           const char *roll_back);
static const char *reservations(struct arena *arena, const struct policy *policy);

const char *words_begun(struct arena *arena, size_t applies, size_t rollbacks)
{
	return arena_printf(arena, "planned: %s",
	                    sending(arena, applies, rollbacks, "apply", "roll back"));
}

const char *words_backed_up(struct arena *arena, const struct backup_made *backup, size_t applies,
                            size_t rollbacks)
{
	const char *then = sending(arena, applies, rollbacks, "applying", "rolling back");

	if (!backup->from_target)
		return arena_printf(arena, "backup %s done, %s", text_size(arena, backup->size),
		                    then);
	return text_clip(arena,
	                 arena_printf(arena, "backup of %s ago, %s, from run %lld of '%s', %s",
	                              text_duration(arena, backup->age_ms),
	                              text_size(arena, backup->size), (long long)backup->from_run,
	                              backup->from_target, then),
	                 STATUS_DESCRIPTION_MAXIMUM);
}

const char *words_done(struct arena *arena, const struct policy *policy, const struct tally *tally,
                       size_t adopted)
{
	struct text text = TEXT_IN(arena);

	text_add(&text,
	         sending(arena, tally->applied, tally->rolled_back, "applied", "rolled back"));
	if (tally->by_hand)
		text_printf(&text, " by hand (%s)", text_clip(arena, tally->by_hand, ASK_MAXIMUM));
	if (!tally->is_resumed)
		text_printf(&text, " in %s", text_duration(arena, tally->took_ms));
	if (adopted)
		text_printf(&text, ", %zu already applied by another", adopted);
	if (tally->lifted)
		text_printf(&text, "; %s", tally->lifted);
	text_add(&text, reservations(arena, policy));
	return text_clip(arena, text_get(&text), STATUS_DESCRIPTION_MAXIMUM);
}

const char *words_adopted(struct arena *arena, size_t adopted)
{
	return adopted == 1 ? "already applied by another, unverified"
	                    : arena_printf(arena,
	                                   "%zu migrations already applied by another, unverified",
	                                   adopted);
}

const char *words_refused(struct arena *arena, const struct error *error, int64_t run)
{
	return verdict(arena, error->row->exit_status == 1 ? "failed" : "refused", error, run);
}

const char *words_stopped(struct arena *arena, const struct error *error, int64_t run)
{
	switch (error->row->reaction) {
	case REACT_RETRY:
		return verdict(arena, "trying again", error, run);
	case REACT_WAIT:
		return verdict(arena, "waiting", error, run);
	case REACT_REFUSE:
		return words_refused(arena, error, run);
	case REACT_HALT:
		return verdict(arena, "halted, a person is needed", error, run);
	}
	BUG("no such reaction");
}

const char *words_undone(struct arena *arena, const struct error *error, const char *by)
{
	const char *tail = arena_printf(arena, " (%s)", error->row->code);

	return clipped(arena,
	               arena_printf(arena, "undone by %s; it %s: %s", by,
	                            error->row->reaction == REACT_WAIT ? "waited"
	                                                               : "was refused",
	                            error_line(arena, error)),
	               tail);
}

const char *words_would_do(struct arena *arena, size_t applies, size_t rollbacks)
{
	return arena_printf(arena, "would %s",
	                    sending(arena, applies, rollbacks, "apply", "roll back"));
}

const char *words_would_stop(struct arena *arena, const struct error *error)
{
	return arena_printf(arena, "would %s: %s (%s)", reaction_name(error->row->reaction),
	                    error_line(arena, error), error->row->code);
}

const char *words_observed_stop(struct arena *arena, const struct error *error)
{
	return clipped(arena,
	               arena_printf(arena, "observe: would %s: %s",
	                            reaction_name(error->row->reaction), error_line(arena, error)),
	               arena_printf(arena, " (%s)", error->row->code));
}

const char *words_cannot_look(struct arena *arena, const struct error *error)
{
	return clipped(arena,
	               arena_printf(arena, "observe: cannot look: %s", error_line(arena, error)),
	               arena_printf(arena, " (%s)", error->row->code));
}

const char *words_observed_adopted(struct arena *arena, size_t adopted)
{
	return adopted == 1
	               ? "observe: applied by another"
	               : arena_printf(arena, "observe: %zu migrations applied by another", adopted);
}

/*
 * "refused: commit '1a2b3c4d5e' is not signed (V002). Undo it (git revert -S 1a2b3c4d5e)." The code and the way to the
 * whole story are never cut off; of a refusal, the first sentences of the next action stand there when there is room.
 */
static const char *verdict(struct arena *arena, const char *word, const struct error *error,
                           int64_t run)
{
	const char *code = arena_printf(arena, " (%s)", error->row->code);
	const char *told =
		run ? arena_printf(arena, "%s; `headgate history %lld`", code, (long long)run)
		    : code;
	const char *text =
		clipped(arena, arena_printf(arena, "%s: %s", word, error_line(arena, error)), told);
	const size_t used = strlen(text) + strlen(". ");
	const char *next;

	if (run || error->row->reaction != REACT_REFUSE || used >= STATUS_DESCRIPTION_MAXIMUM)
		return text;
	next = sentences(arena, error->hint, STATUS_DESCRIPTION_MAXIMUM - used);
	return *next ? arena_printf(arena, "%s. %s", text, next) : text;
}

/* As many whole sentences from the start as fit into so many bytes; "" when not even one does. */
static const char *sentences(struct arena *arena, const char *text, size_t room)
{
	size_t fits = 0;

	text = text_clip(arena, text, SIZE_MAX);
	for (size_t i = 0; text[i] && i < room; i++)
		if (strchr(".?", text[i]) && (text[i + 1] == ' ' || !text[i + 1]))
			fits = i + 1;
	return strlen(text) <= room ? text : arena_copy(arena, text, fits);
}

/* The tail is never cut off; the text before it is. */
static const char *clipped(struct arena *arena, const char *text, const char *tail)
{
	return arena_printf(arena, "%s%s",
	                    text_clip(arena, text, STATUS_DESCRIPTION_MAXIMUM - strlen(tail)),
	                    tail);
}

static const char *sending(struct arena *arena, size_t applies, size_t rollbacks, const char *apply,
                           const char *roll_back)
{
	if (!rollbacks)
		return arena_printf(arena, "%s %s", apply,
		                    text_plural(arena, applies, "migration"));
	if (!applies)
		return arena_printf(arena, "%s %s", roll_back,
		                    text_plural(arena, rollbacks, "migration"));
	return arena_printf(arena, "%s %s, %s %zu", roll_back,
	                    text_plural(arena, rollbacks, "migration"), apply, applies);
}

/* What this deploy could not rest on. */
static const char *reservations(struct arena *arena, const struct policy *policy)
{
	return arena_printf(arena, "; not rehearsed%s%s%s",
	                    policy->trust == TRUST_BRANCH ? ", unverified" : "",
	                    policy->backup == BACKUP_NONE ? ", no backup" : "",
	                    policy->checklist ? ", ticked, not measured" : "");
}

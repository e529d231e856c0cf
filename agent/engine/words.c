/*
 * What a person reads on a commit: one line, the verdict first, at most 140 code points. Nothing here may hold row
 * data; the texts of errors are made public-safe where they are made.
 */
#include "engine/work.h"

static const char *clipped(struct arena *arena, const char *text, const char *tail);
static const char *sending(struct arena *arena, size_t applies, size_t rollbacks, const char *apply, const char *roll_back);
static const char *reservations(struct arena *arena, const struct policy *policy);

const char *words_begun(struct arena *arena, size_t applies, size_t rollbacks)
{
	return arena_printf(arena, "planned: %s", sending(arena, applies, rollbacks, "apply", "roll back"));
}

const char *words_backed_up(struct arena *arena, const struct backup_made *backup, size_t applies, size_t rollbacks)
{
	return arena_printf(arena, "backup %s done, %s", text_size(arena, backup->size),
	                    sending(arena, applies, rollbacks, "applying", "rolling back"));
}

const char *words_done(struct arena *arena, const struct policy *policy, const struct tally *tally)
{
	return text_clip(arena,
	                 arena_printf(arena, "%s%s%s%s",
	                              sending(arena, tally->applied, tally->rolled_back, "applied", "rolled back"),
	                              tally->is_resumed ? "" : " in ",
	                              tally->is_resumed ? "" : text_duration(arena, tally->took_ms),
	                              reservations(arena, policy)),
	                 STATUS_DESCRIPTION_MAXIMUM);
}

const char *words_refused(struct arena *arena, const struct error *error, int64_t run)
{
	return clipped(arena, arena_printf(arena, "%s refused: %s", error->row->code, error_line(arena, error)),
	               run ? arena_printf(arena, "; `headgate history %lld`", (long long)run) : "");
}

const char *words_stopped(struct arena *arena, const struct error *error, int64_t run)
{
	static const char *const verbs[] = {
	        [REACT_RETRY] = "trying again: ",
	        [REACT_WAIT] = "waiting: ",
	        [REACT_REFUSE] = "",
	        [REACT_HALT] = "halted, a person is needed: ",
	};

	return clipped(arena,
	               arena_printf(arena, "%s%s %s", verbs[error->row->reaction], error->row->code,
	                            error_line(arena, error)),
	               run ? arena_printf(arena, "; `headgate history %lld`", (long long)run) : "");
}

/* The tail (what to type next) is never cut off; the text before it is. */
static const char *clipped(struct arena *arena, const char *text, const char *tail)
{
	return arena_printf(arena, "%s%s", text_clip(arena, text, STATUS_DESCRIPTION_MAXIMUM - strlen(tail)), tail);
}

static const char *sending(struct arena *arena, size_t applies, size_t rollbacks, const char *apply, const char *roll_back)
{
	if (!rollbacks)
		return arena_printf(arena, "%s %s", apply, text_plural(arena, applies, "migration"));
	if (!applies)
		return arena_printf(arena, "%s %s", roll_back, text_plural(arena, rollbacks, "migration"));
	return arena_printf(arena, "%s %s, %s %zu", roll_back, text_plural(arena, rollbacks, "migration"), apply, applies);
}

/* What this deploy could not rest on. */
static const char *reservations(struct arena *arena, const struct policy *policy)
{
	return arena_printf(arena, "; not rehearsed%s%s%s", policy->trust == TRUST_BRANCH ? ", unverified" : "",
	                    policy->backup == BACKUP_NONE ? ", no backup" : "",
	                    policy->checklist ? ", ticked, not measured" : "");
}

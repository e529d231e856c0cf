/*
 * Which commit gets which word. Every step that changes migrations gets its own (every step, with report: all), also
 * when many land at once; so does a commit that is no step but that migrations of the plan are attributed to (a
 * baseline). What a reader gets wrong: a word that a commit already shows is not written again.
 */
#include "engine/work.h"

#include "base/clock.h"

#define POSTED_MAXIMUM 5000 /* newest statuses looked at, to not repeat them */

struct word {
	bool is_set;
	enum status_state state;
	const char *description;
};

struct moment_words { /* what is going on in this round */
	enum moment moment;
	struct error *error;
	const char *at_fault; /* the commit that the error is about; NULL: the whole target */
};

static struct word word_for_step(struct work *work, const struct moment_words *now,
                                 const struct step *step);
static struct word word_for_items(struct work *work, const struct moment_words *now,
                                  const char *commit);
static struct word word_for_nothing(struct work *work, const struct moment_words *now,
                                    const struct step *step);
static struct word word_observed(struct work *work, const struct moment_words *now,
                                 const char *commit, const struct step *step);
static struct word word_would_stop(struct work *work, const struct error *error);
static struct word word_for_mended(struct work *work, const struct step *step,
                                   const struct status *posted, const char *later);
static struct word word_for_adopted(struct work *work, const char *commit);
static size_t count_adopted(const struct work *work, const char *commit);
static const char *find_edited(const struct work *work, const struct step *step);
static bool is_still_there(const struct work *work, const struct step *step);
static struct word word_stopped(struct work *work, const struct error *error);
static struct word behind(struct work *work, const struct step *step);
static const struct tally *find_tally(const struct work *work, const char *commit);
static void count_items(const struct plan *plan, const char *commit, size_t *ret_applies,
                        size_t *ret_rollbacks);
static bool has_items_left(const struct work *work, const char *commit);
static bool is_beyond_standing(const struct work *work, const struct step *step);
static const char *superseded_by(const struct work *work, const struct step *step);
static bool is_overdue(const struct work *work);
static struct error *add(struct work *work, const char *commit, const struct word *word);
static struct error *read_posted(struct work *work);
static const struct status *find_posted(const struct work *work, const char *commit);

struct error *statuses_add(struct work *work, enum moment moment, struct error *error,
                           const char *at_fault)
{
	const struct moment_words now = {.moment = moment, .error = error, .at_fault = at_fault};
	const struct run *run = &work->run;

	if (!run->steps.count && !run->plan.count && !work->tallies.count &&
	    !run->plan.adopted.count)
		return NULL;
	if (run->plan.by_hand && moment != MOMENT_DONE && moment != MOMENT_STOPPED)
		return NULL; /* the person is told; commits, once it is done */
	TRY(read_posted(work));
	for (size_t i = 0; i < run->steps.count; i++) {
		const struct step *step = &run->steps.items[i];
		struct word word = word_for_step(work, &now, step);

		TRY(add(work, step->id, &word));
	}
	for (size_t i = 0; i < run->plan.count; i++) {
		const char *commit = run->plan.items[i].commit;
		struct word word;

		if (steps_find(&run->steps, commit) ||
		    (i > 0 && text_equal(commit, run->plan.items[i - 1].commit)))
			continue;
		word = word_for_items(work, &now, commit);
		TRY(add(work, commit, &word));
	}
	for (size_t i = 0; moment == MOMENT_ADOPTED && i < run->plan.adopted.count; i++) {
		const char *commit = run->plan.adopted.items[i].commit;
		struct word word = word_for_adopted(work, commit);

		if (!steps_find(&run->steps, commit))
			TRY(add(work, commit, &word));
	}
	for (size_t i = 0; moment == MOMENT_DONE && i < work->tallies.count; i++) {
		struct word word = {0};

		if (!steps_find(&run->steps, work->tallies.items[i].commit))
			word = word_for_items(work, &now, work->tallies.items[i].commit);
		TRY(add(work, work->tallies.items[i].commit, &word));
	}
	return NULL;
}

static struct word word_for_step(struct work *work, const struct moment_words *now,
                                 const struct step *step)
{
	size_t applies = 0, rollbacks = 0;

	if (!step_touches(step)) {
		if (work->target->report == REPORT_ALL && !now->error)
			return (struct word){true, STATUS_SUCCESS, "no migrations changed"};
		return (struct word){0};
	}
	if (work->target->mode == MODE_OBSERVE)
		return word_observed(work, now, step->id, step);
	if (step->refusal && step->undone_by)
		return (struct word){true, STATUS_FAILURE,
		                     words_undone(work->arena, step->refusal,
		                                  commit_short(work->arena, step->undone_by))};
	if (step->refusal) /* whatever run comes by */
		return step->refusal->row->reaction == REACT_WAIT
		               ? (struct word){true, STATUS_PENDING,
		                               words_stopped(work->arena, step->refusal, 0)}
		               : (struct word){true, STATUS_FAILURE,
		                               words_refused(work->arena, step->refusal, 0)};
	if ((size_t)(step - work->run.steps.items) >= work->run.steps.horizon ||
	    is_beyond_standing(work, step))
		return behind(work, step);
	count_items(&work->run.plan, step->id, &applies, &rollbacks);
	return applies + rollbacks ? word_for_items(work, now, step->id)
	                           : word_for_nothing(work, now, step);
}

static struct word word_for_items(struct work *work, const struct moment_words *now,
                                  const char *commit)
{
	struct arena *arena = work->arena;
	const struct tally *tally = find_tally(work, commit);
	const size_t adopted = count_adopted(work, commit);
	size_t applies = 0, rollbacks = 0;

	if (work->target->mode == MODE_OBSERVE)
		return word_observed(work, now, commit, /* step= */ NULL);
	count_items(&work->run.plan, commit, &applies, &rollbacks);
	switch (now->moment) {
	case MOMENT_BEGUN:
		return (struct word){true, STATUS_PENDING, words_begun(arena, applies, rollbacks)};
	case MOMENT_BACKED_UP:
		if (work->run.has_backup)
			return (struct word){
				true, STATUS_PENDING,
				words_backed_up(arena, &work->run.backup, applies, rollbacks)};
		return (struct word){0};
	case MOMENT_DONE:
		if (tally && !has_items_left(work, commit))
			return (struct word){true, STATUS_SUCCESS,
			                     words_done(arena, work->run.policy, tally, adopted)};
		return (struct word){0};
	case MOMENT_STOPPED:
		if (now->at_fault && tally &&
		    tally->applied + tally->rolled_back >= applies + rollbacks)
			return (struct word){true, STATUS_SUCCESS,
			                     words_done(arena, work->run.policy, tally, adopted)};
		if (work->run.plan.by_hand)
			return (struct word){0};
		if (!now->at_fault || text_equal(now->at_fault, commit))
			return word_stopped(work, now->error);
		return (struct word){
			true, STATUS_PENDING,
			arena_printf(arena, "behind %s, %s", commit_short(arena, now->at_fault),
		                     now->error->row->reaction == REACT_REFUSE ? "refused"
		                                                               : "stopped")};
	case MOMENT_LOOKED:
		return now->error ? word_stopped(work, now->error) : (struct word){0};
	case MOMENT_ADOPTED:
		return (struct word){0}; /* once the rest is applied, too */
	case MOMENT_OBSERVED:
	case MOMENT_BLIND:
		break; /* not of a target that is applied to */
	}
	BUG("no such moment");
}

/* A step that changed migrations and leaves nothing to do now. */
static struct word word_for_nothing(struct work *work, const struct moment_words *now,
                                    const struct step *step)
{
	const struct tally *tally = find_tally(work, step->id);
	const struct status *posted = find_posted(work, step->id);
	const char *later = superseded_by(work, step);

	if (has_items_left(work, step->id) || (work->run.plan.by_hand && !tally))
		return (struct word){0};
	if (now->moment == MOMENT_ADOPTED)
		return word_for_adopted(work, step->id);
	if (tally && now->moment == MOMENT_STOPPED && !now->at_fault)
		return word_stopped(work, now->error); /* not confirmed */
	if (tally && now->moment != MOMENT_BEGUN && now->moment != MOMENT_BACKED_UP)
		return (struct word){true, STATUS_SUCCESS,
		                     words_done(work->arena, work->run.policy, tally,
		                                count_adopted(work, step->id))};
	if (now->error && now->moment == MOMENT_LOOKED && !posted)
		return word_stopped(work, now->error);
	if (now->moment != MOMENT_DONE && (now->moment != MOMENT_LOOKED || now->error))
		return (struct word){0};
	if (posted && posted->state == STATUS_SUCCESS)
		return (struct word){0}; /* it had its word when its migrations were carried out */
	if (posted && posted->state == STATUS_FAILURE &&
	    text_starts(posted->description, "undone by "))
		return (struct word){0};
	if (posted && posted->state == STATUS_FAILURE && later)
		return word_for_mended(work, step, posted, later);
	if (later)
		return (struct word){true, STATUS_SUCCESS,
		                     arena_printf(work->arena, "superseded by %s, nothing ran",
		                                  commit_short(work->arena, later))};
	if (count_adopted(work, step->id))
		return word_for_adopted(work, step->id);
	if (find_edited(work, step))
		return (struct word){
			true, STATUS_SUCCESS,
			arena_printf(work->arena,
		                     "nothing to run; '%s' was edited after it was applied",
		                     find_edited(work, step))};
	return (struct word){true, STATUS_SUCCESS, "nothing to run"};
}

/* Of a target that is only observed: what would be done with the commit. Never a failure: nothing was tried. */
static struct word word_observed(struct work *work, const struct moment_words *now,
                                 const char *commit, const struct step *step)
{
	const struct steps *steps = &work->run.steps;
	const struct error *error = step && step->refusal ? step->refusal : now->error;
	size_t applies = 0, rollbacks = 0;
	struct word waits;
	const char *later;

	count_items(&work->run.plan, commit, &applies, &rollbacks);
	if (now->moment == MOMENT_ADOPTED)
		return word_for_adopted(work, commit);
	if (now->moment == MOMENT_BLIND)
		return find_posted(work, commit)
		               ? (struct word){0}
		               : (struct word){true, STATUS_PENDING,
		                               words_cannot_look(work->arena, now->error)};
	if ((step && step->refusal) || (now->at_fault && text_equal(now->at_fault, commit)))
		return word_would_stop(work, error);
	if (step &&
	    ((size_t)(step - steps->items) >= steps->horizon || is_beyond_standing(work, step))) {
		waits = behind(work, step);
		waits.state = STATUS_SUCCESS;
		waits.description =
			arena_printf(work->arena, "observe: would wait %s", waits.description);
		return waits;
	}
	if (now->error && !now->at_fault && (applies + rollbacks || !work->run.plan.count) &&
	    !count_adopted(work, commit))
		return word_would_stop(work, now->error);
	if (applies + rollbacks)
		return (struct word){true, STATUS_SUCCESS,
		                     arena_printf(work->arena, "observe: %s",
		                                  words_would_do(work->arena, applies, rollbacks))};
	if (count_adopted(work, commit))
		return word_for_adopted(work, commit);
	later = step ? superseded_by(work, step) : NULL;
	return (struct word){true, STATUS_SUCCESS,
	                     later ? arena_printf(work->arena, "observe: superseded by %s",
	                                          commit_short(work->arena, later))
	                           : "observe: agrees"};
}

static struct word word_would_stop(struct work *work, const struct error *error)
{
	return (struct word){true, STATUS_SUCCESS, words_observed_stop(work->arena, error)};
}

static struct word word_for_adopted(struct work *work, const char *commit)
{
	const size_t adopted = count_adopted(work, commit);
	size_t applies = 0, rollbacks = 0;

	count_items(&work->run.plan, commit, &applies, &rollbacks);
	if (!adopted || applies + rollbacks)
		return (struct word){0};
	return (struct word){true, STATUS_SUCCESS,
	                     work->target->mode == MODE_OBSERVE
	                             ? words_observed_adopted(work->arena, adopted)
	                             : words_adopted(work->arena, adopted)};
}

/* Of this commit, now or by an earlier pass. */
static size_t count_adopted(const struct work *work, const char *commit)
{
	const struct memory *memory = &work->run.memory;
	const struct plan *plan = &work->run.plan;
	size_t count = 0;

	for (size_t i = 0; i < plan->adopted.count; i++)
		count += text_equal(plan->adopted.items[i].commit, commit);
	for (size_t i = 0; !count && i < memory->deployed.count; i++)
		count += memory->deployed.items[i].adopted &&
		         text_equal(memory->deployed.items[i].commit, commit);
	return count;
}

/* On a disposable target an edited migration is only reported. */
static const char *find_edited(const struct work *work, const struct step *step)
{
	for (size_t i = 0; i < work->run.plan.edited.count; i++)
		for (size_t k = 0; k < step->changes.count; k++)
			if (text_equal(step->changes.items[k].name, work->run.plan.edited.items[i]))
				return work->run.plan.edited.items[i];
	return NULL;
}

/* It was refused or failed, and a later step took that out of the way: what it said before stays readable. */
static struct word word_for_mended(struct work *work, const struct step *step,
                                   const struct status *posted, const char *later)
{
	const bool corrected =
		text_starts(posted->description, "failed") && is_still_there(work, step);

	if (text_starts(posted->description, "undone by") ||
	    text_starts(posted->description, "corrected by"))
		return (struct word){0};
	return (struct word){true, STATUS_FAILURE,
	                     arena_printf(work->arena, "%s by %s; before that: %s",
	                                  corrected ? "corrected" : "undone",
	                                  commit_short(work->arena, later), posted->description)};
}

static bool is_still_there(const struct work *work, const struct step *step)
{
	for (size_t i = 0; i < step->changes.count; i++)
		if (migration_find(&work->run.tree.migrations, step->changes.items[i].name))
			return true;
	return false;
}

static struct word word_stopped(struct work *work, const struct error *error)
{
	struct word word = {.is_set = true,
	                    .description = words_stopped(work->arena, error, work->run.id)};

	switch (error->row->reaction) {
	case REACT_RETRY:
		word.state = is_overdue(work) ? STATUS_ERROR : STATUS_PENDING;
		break;
	case REACT_WAIT:
		word.state = STATUS_PENDING;
		break;
	case REACT_REFUSE:
	case REACT_HALT:
		word.state = STATUS_FAILURE;
		break;
	}
	return word;
}

static struct word behind(struct work *work, const struct step *step)
{
	const struct step *refused = work->run.refused_step;
	const char *commit = refused ? refused->id : work->standing ? work->standing->commit : NULL;

	if (!commit || text_equal(commit, step->id))
		return (struct word){0};
	return (struct word){true, STATUS_PENDING,
	                     arena_printf(work->arena, "behind %s, %s",
	                                  commit_short(work->arena, commit),
	                                  refused && refused->refusal->row->reaction == REACT_WAIT
	                                          ? "which waits"
	                                          : "refused")};
}

static const struct tally *find_tally(const struct work *work, const char *commit)
{
	for (size_t i = 0; i < work->tallies.count; i++)
		if (text_equal(work->tallies.items[i].commit, commit))
			return &work->tallies.items[i];
	return NULL;
}

static void count_items(const struct plan *plan, const char *commit, size_t *ret_applies,
                        size_t *ret_rollbacks)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (!text_equal(plan->items[i].commit, commit))
			continue;
		*ret_applies += plan->items[i].action == PLAN_APPLY;
		*ret_rollbacks += plan->items[i].action == PLAN_ROLL_BACK;
	}
}

/* Another run, after this one, has something to do for it. */
static bool has_items_left(const struct work *work, const char *commit)
{
	const struct plan *plan = &work->run.plan;

	for (size_t i = 0; i < work->left; i++)
		if (text_equal(plan->items[plan->count + i].commit, commit))
			return true;
	return false;
}

/* A refusal from backup on stands: its own commit has its word, later ones are behind it. */
static bool is_beyond_standing(const struct work *work, const struct step *step)
{
	const struct step *stands;

	if (!work->standing || !work->standing->commit)
		return false;
	stands = steps_find(&work->run.steps, work->standing->commit);
	return stands && step >= stands;
}

/* A later passed step that changed the same entries. */
static const char *superseded_by(const struct work *work, const struct step *step)
{
	const struct steps *steps = &work->run.steps;

	for (size_t i = steps->horizon; i-- > (size_t)(step - steps->items) + 1;)
		for (size_t k = 0; k < steps->items[i].changes.count; k++)
			for (size_t n = 0; n < step->changes.count; n++)
				if (steps->items[i].passed &&
				    text_equal(steps->items[i].changes.items[k].name,
				               step->changes.items[n].name))
					return steps->items[i].id;
	return NULL;
}

/* RETRY for over ten minutes is an error that people should see. */
static bool is_overdue(const struct work *work)
{
	const struct refusal *refusal = memory_refusal(&work->run.memory, NULL, NULL);
	const struct run_memory *open = work->run.memory.open_run;
	const int64_t since = refusal ? refusal->at_us : open ? open->begun_us : clock_wall_us();

	return clock_wall_us() - since > INT64_C(600) * 1000 * 1000;
}

static struct error *add(struct work *work, const char *commit, const struct word *word)
{
	struct status status = {
		.target = work->target->name,
		.commit = commit,
		.context = status_context(work->arena, work->target->name),
		.state = word->state,
		.url = work->target->details,
		.run = work->run.id,
	};
	const struct status *posted;
	struct record *record;

	if (!word->is_set || !commit)
		return NULL;
	status.description = text_clip(work->arena, word->description, STATUS_DESCRIPTION_MAXIMUM);
	posted = find_posted(work, commit);
	if (posted && posted->state == status.state &&
	    text_equal(posted->description, status.description))
		return NULL;
	record = run_record(&work->run, RECORD_STATUS);
	record->commit = commit;
	record->body = record_status_body(work->arena, &status, &work->target->forges);
	*LIST_ADD(work->arena, &work->posted) = status;
	return NULL;
}

static struct error *read_posted(struct work *work)
{
	if (work->has_posted)
		return NULL;
	TRY(journal_statuses(work->ports.journal, work->target->name, POSTED_MAXIMUM, work->arena,
	                     &work->posted));
	/* newest first in the journal; here the newest is the last */
	for (size_t i = 0, k = work->posted.count; i + 1 < k; i++) {
		struct status swap = work->posted.items[i];

		work->posted.items[i] = work->posted.items[--k];
		work->posted.items[k] = swap;
	}
	work->has_posted = true;
	return NULL;
}

static const struct status *find_posted(const struct work *work, const char *commit)
{
	for (size_t i = work->posted.count; i-- > 0;)
		if (text_equal(work->posted.items[i].commit, commit))
			return &work->posted.items[i];
	return NULL;
}

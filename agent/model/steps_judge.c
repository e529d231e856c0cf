/*
 * Who vouches for the steps, and which refusals no longer matter. Every decision starts at "no". The subtle part is
 * the horizon: a refusal that is undone at head may still stand in the tree of an earlier step, and the plan is made
 * for such a tree when something between the two stands refused.
 */
#include "model/steps.h"

#include "base/clock.h"

struct record { /* one change of one file by one step */
	const char *path;
	size_t step;
	const struct step_file *file;
};

struct records { /* sorted by path, then by step */
	struct record *items;
	size_t count, room;
};

struct fate {
	size_t by;   /* the newest step that had a hand in what this one changed */
	bool stands; /* something of it is not as persons last left it */
};

/*
 * A line is the first so many steps; it is dirty when a file of its tree is not as persons last left it. `dirty` holds
 * differences: the sum up to an index is the number of reasons why the line of that length is dirty.
 */
struct settling {
	const struct steps *steps;
	int *dirty;
	struct fate *fates;
};

struct excuse { /* what a verdict means for people; the row is indexed by its kind */
	enum error_code code;
	const char *what, *then;
	const char *undo; /* how the hint begins; NULL: "Undo it" */
};

#define SIGN_ANEW "bring the change again in a signed commit (git commit -S)"

static const struct excuse excuses[] = {
	[VERDICT_UNSIGNED] = {ERR_UNSIGNED, "is not signed", SIGN_ANEW, NULL},
	[VERDICT_GOOD] = {ERR_NOT_VOUCHED, "is signed, but its signature counts for nothing here",
                          SIGN_ANEW, NULL},
	[VERDICT_BAD] = {ERR_BAD_SIGNATURE, "has a signature that is not good for it", SIGN_ANEW,
                         NULL},
	[VERDICT_UNTRUSTED] = {ERR_UNTRUSTED, "is signed by a key that is not in the keyring",
                               SIGN_ANEW " by a known key",
                               "Add the key to the agent's keyring (keys.allowed_signers, or "
                               "keys.openpgp), if its owner may deploy; else undo it"},
	[VERDICT_EXPIRED] = {ERR_EXPIRED, "is signed by a key that was no longer valid",
                             SIGN_ANEW " by a key that is valid", NULL},
	[VERDICT_NOT_YET_VALID] = {ERR_EXPIRED, "is signed by a key that was not yet valid",
                                   SIGN_ANEW " by a key that is valid", NULL},
	[VERDICT_REVOKED] = {ERR_REVOKED, "is signed by a key that is revoked",
                             SIGN_ANEW " by another key", NULL},
	[VERDICT_MALFORMED] = {ERR_MALFORMED, "is malformed", SIGN_ANEW " made by git itself",
                               NULL},
	[VERDICT_UNSUPPORTED] = {ERR_UNSUPPORTED, "has a signature of a kind that is not supported",
                                 SIGN_ANEW
                                 " by a key of a kind that counts here (git config gpg.format ssh, "
                                 "or openpgp)",
                                 NULL},
};

static FALLIBLE judge_step(struct arena *arena, struct step *step, steps_judging *judging,
                           void *context);
static void collect_records(struct arena *arena, const struct steps *steps,
                            struct records *ret_records);
static int compare_records(const void *a, const void *b);
static void each_file(struct settling *settling, const struct records *records,
                      void (*look)(struct settling *settling, const struct record *file,
                                   size_t count));
static void mark_dirty(struct settling *settling, const struct record *file, size_t count);
static void mark_lines(struct settling *settling, size_t from, size_t to);
static bool same_state(const struct folder_entry *a, const struct folder_entry *b);
static void mark_unreadable(struct settling *settling);
static void mark_fates(struct settling *settling, const struct record *file, size_t count);

void step_commit_read(struct arena *arena, struct bytes raw, struct step_commit *commit)
{
	struct commit *parsed = ARENA_NEW(arena, struct commit);
	struct error *error = commit_parse(arena, commit->id, raw, parsed);

	commit->parsed = error ? NULL : parsed;
	if (error)
		commit->verdict = (struct verdict){.kind = VERDICT_MALFORMED, .reason = error->why};
}

FALLIBLE steps_judge(struct arena *arena, enum trust trust, struct steps *steps,
                     steps_judging *judging, void *context)
{
	for (size_t i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];

		if (step->refusal)
			continue;
		switch (trust) {
		case TRUST_ALL:
			TRY(judge_step(arena, step, judging, context));
			break;
		case TRUST_BRANCH:
			step->passed = true;
			break;
		case TRUST_SIGNED:
		case TRUST_TAG:
			BUG("trust: %s is judged by its own rule", trust_name(trust));
		}
	}
	return NULL;
}

static FALLIBLE judge_step(struct arena *arena, struct step *step, steps_judging *judging,
                           void *context)
{
	const struct step_commit *first = NULL;
	size_t refused = 0;

	for (size_t i = 0; i < step->brought.count; i++) {
		struct step_commit *commit = &step->brought.items[i];

		TRY(judging(context, arena, commit));
		commit->vouched = commit->parsed && commit->verdict.kind == VERDICT_GOOD &&
		                  commit->verdict.principal && !commit->objection;
		if (commit->vouched) {
			commit->principal = commit->verdict.principal;
			commit->fingerprint = commit->verdict.fingerprint;
			continue;
		}
		if (refused++ == 0)
			first = commit;
	}
	if (!refused) {
		step->passed = true;
		step->verified = step->brought.count > 0;
		return NULL;
	}
	if (step_is_settled(step)) {
		step->passed = step->settled = true;
		return NULL;
	}
	step->refusal = steps_unvouched(arena, step, first, refused - 1);
	step->refused_at = "verify";
	return NULL;
}

struct error *steps_wait_for_dates(struct arena *arena, const struct step *step,
                                   const struct step_commit *other, int64_t latest)
{
	const struct step_commit *ahead = NULL;
	int64_t when;

	for (size_t i = 0; i <= step->brought.count && !ahead; i++) {
		const struct step_commit *commit =
			i < step->brought.count ? &step->brought.items[i] : other;

		if (commit && commit->parsed && commit->parsed->committer.when > latest)
			ahead = commit;
	}
	if (!ahead)
		return NULL;
	when = ahead->parsed->committer.when; /* whatever its writer wrote */
	return FAIL(
		arena, FROM_FUTURE,
		.what = arena_printf(arena, "commit '%s' is dated in the future",
	                             commit_short(arena, ahead->id)),
		.why = arena_printf(
			arena, "its committer's time is %s, and this host's clock is behind that",
			clock_human(arena,
	                            when < INT64_MAX / 1000000 ? when * 1000000 : INT64_MAX)),
		.hint = "Compare the clocks of this host and of who made it. When that time has come, the next pass goes "
			"on; sooner: make the commit again (git commit --amend -S --date=now) and push it anew.");
}

bool step_is_settled(const struct step *step)
{
	for (size_t i = 0; i < step->files.count; i++)
		if (!step->files.items[i].settled)
			return false;
	return step->files.count > 0;
}

struct error *steps_unvouched(struct arena *arena, const struct step *step,
                              const struct step_commit *commit, size_t others)
{
	const struct excuse *excuse = &excuses[commit->verdict.kind];
	struct text why = TEXT_IN(arena);

	if (commit->objection)
		text_printf(&why, "it is %s", commit->objection);
	else if (commit->verdict.reason && commit->verdict.kind != VERDICT_UNSIGNED)
		text_add(&why, commit->verdict.reason);
	if (!text_equal(commit->id, step->id))
		text_printf(&why, "%s'%s' brings it", *text_get(&why) ? "; " : "",
		            commit_short(arena, step->id));
	if (others)
		text_printf(&why, "%s%s that nobody vouches for", *text_get(&why) ? ", and " : "",
		            text_plural(arena, others, "more commit"));
	return error_new(
		arena, excuse->code,
		&(struct error_text){
			.what = arena_printf(arena, "commit '%s' %s",
	                                     commit_short(arena, commit->id), excuse->what),
			.why = text_get(&why),
			.hint = arena_printf(arena, "%s (%s). Then %s.",
	                                     excuse->undo ? excuse->undo : "Undo it",
	                                     step_undo_command(arena, step), excuse->then)});
}

void steps_settle_folder(struct steps *steps, size_t upto, const char *name, bool settled)
{
	const size_t length = strlen(name);

	for (size_t i = 0; i <= upto; i++)
		for (size_t k = 0; k < steps->items[i].files.count; k++) {
			struct step_file *file = &steps->items[i].files.items[k];

			if (text_starts(file->path, name) && file->path[length] == '/')
				file->settled = settled;
		}
}

void steps_settle_undone(struct arena *arena, struct steps *steps)
{
	struct settling settling = {.steps = steps,
	                            .dirty = ARENA_ARRAY(arena, int, steps->count + 2),
	                            .fates = ARENA_ARRAY(arena, struct fate, steps->count)};
	struct records records = {0};
	int dirty = 0;

	collect_records(arena, steps, &records);
	each_file(&settling, &records, mark_dirty);
	mark_unreadable(&settling);
	steps->horizon = 0;
	for (size_t length = 0; length <= steps->count; length++) {
		dirty += settling.dirty[length];
		if (!dirty)
			steps->horizon = length;
	}
	each_file(&settling, &records, mark_fates);
	for (size_t i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];
		size_t by = settling.fates[i].by > i ? settling.fates[i].by : i;

		step->undone_by =
			step->refusal && !settling.fates[i].stands ? steps->items[by].id : NULL;
	}
}

static void collect_records(struct arena *arena, const struct steps *steps,
                            struct records *ret_records)
{
	for (size_t i = 0; i < steps->count; i++)
		for (size_t j = 0; j < steps->items[i].files.count; j++) {
			const struct step_file *file = &steps->items[i].files.items[j];

			*LIST_ADD(arena, ret_records) = (struct record){file->path, i, file};
		}
	if (ret_records->count)
		qsort(ret_records->items, ret_records->count, sizeof *ret_records->items,
		      compare_records);
}

static int compare_records(const void *a, const void *b)
{
	const struct record *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	return order ? order : (left->step > right->step) - (left->step < right->step);
}

/* Calls `look` with the records of each file, in the order of steps. */
static void each_file(struct settling *settling, const struct records *records,
                      void (*look)(struct settling *settling, const struct record *file,
                                   size_t count))
{
	for (size_t i = 0, next; i < records->count; i = next) {
		for (next = i + 1; next < records->count; next++)
			if (!text_equal(records->items[next].path, records->items[i].path))
				break;
		look(settling, &records->items[i], next - i);
	}
}

/* Lines that end between a change and the next one are dirty when the file is not as persons last left it. */
static void mark_dirty(struct settling *settling, const struct record *file, size_t count)
{
	const struct steps *steps = settling->steps;
	const struct folder_entry *vouched = file[0].file->before;

	for (size_t i = 0; i < count; i++) {
		if (steps->items[file[i].step].passed || file[i].file->settled)
			vouched = file[i].file->after;
		if (!same_state(vouched, file[i].file->after))
			mark_lines(settling, file[i].step,
			           i + 1 < count ? file[i + 1].step : steps->count);
	}
}

/* Lines that hold the step `from`, and end before the step `to`. */
static void mark_lines(struct settling *settling, size_t from, size_t to)
{
	settling->dirty[from + 1]++;
	settling->dirty[to + 1]--;
}

static bool same_state(const struct folder_entry *a, const struct folder_entry *b)
{
	if (!a || !b)
		return a == b;
	return a->mode == b->mode && text_equal(a->id, b->id);
}

/* The next readable step stands for all that lies between it and the last readable one. */
static void mark_unreadable(struct settling *settling)
{
	const struct steps *steps = settling->steps;
	size_t readable = steps->count;

	for (size_t i = steps->count; i-- > 0;) {
		if (!steps->items[i].unreadable) {
			readable = i;
			continue;
		}
		mark_lines(settling, i, readable);
		settling->fates[i] = (struct fate){readable, readable == steps->count};
	}
}

/* Up to the horizon everything is clean; behind it, what counts is head. */
static void mark_fates(struct settling *settling, const struct record *file, size_t count)
{
	const struct steps *steps = settling->steps;
	const struct folder_entry *vouched = file[0].file->before;
	size_t within = 0;

	for (size_t i = 0; i < count; i++) {
		if (steps->items[file[i].step].passed || file[i].file->settled)
			vouched = file[i].file->after;
		if (file[i].step < steps->horizon)
			within = file[i].step;
	}
	for (size_t i = 0; i < count; i++) {
		struct fate *fate = &settling->fates[file[i].step];
		size_t by = file[i].step < steps->horizon ? within : file[count - 1].step;

		fate->by = by > fate->by ? by : fate->by;
		if (file[i].step >= steps->horizon &&
		    !same_state(vouched, file[count - 1].file->after))
			fate->stands = true;
	}
}

struct step *steps_first_refused(struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		if (step_stands_refused(&steps->items[i]))
			return &steps->items[i];
	return NULL;
}

bool step_stands_refused(const struct step *step)
{
	return step->refusal && !step->undone_by;
}

struct error *steps_behind(struct arena *arena, struct steps *steps, const struct step *step)
{
	const struct step *refused = steps_first_refused(steps);

	if (!refused || step == refused || !step_touches(step) ||
	    step < steps->items + steps->horizon || step->refusal)
		return NULL;
	return FAIL(arena, BEHIND,
	            .what = arena_printf(arena, "commit '%s' waits behind '%s'",
	                                 commit_short(arena, step->id),
	                                 commit_short(arena, refused->id)),
	            .why = "an earlier commit of the branch stands refused",
	            .hint = arena_printf(arena, "Undo the refused one: %s",
	                                 step_undo_command(arena, refused)));
}

/*
 * Why nobody vouches for a step, in words: file, step, reason, and the way out with the real names. What a reader gets
 * wrong: of many commits that might have vouched, the one that came furthest is told of.
 */
#include "model/trust_parts.h"

static struct error *refuse_plain(struct question *question);
static const char *explain(struct question *question);
static const char *say_why_not(const struct step_commit *commit);

struct error *trust_refuse(struct question *question)
{
	struct arena *arena = question->lore->arena;
	const struct step *step = question->step;
	const char *short_id = commit_short(arena, step->id);
	const char *undo = step_undo_command(arena, step);

	if (question->signer->verdict.kind == VERDICT_BAD ||
	    question->signer->verdict.kind == VERDICT_MALFORMED)
		return steps_unvouched(arena, step, question->signer, 0);
	if (question->flaw.miss == MISS_THRESHOLD)
		return FAIL(
			arena, TOO_FEW_PERSONS,
			.what = arena_printf(arena, "too few persons vouch for commit '%s'",
		                             short_id),
			.why = arena_printf(
				arena,
				"the policy wants %s for each of its files, one of whom set none of them",
				text_plural(arena, question->rule->threshold, "person")),
			.hint = arena_printf(
				arena,
				"Let a second person approve it: %s. Or undo it (%s), bring the change "
				"again, and let a second person sign the merge: git merge --no-ff -S BRANCH.",
				trust_approve_command(arena, question->rule->target, step->id),
				undo));
	if (question->flaw.miss == MISS_NONE && question->heads.count == 0 &&
	    question->step->parents.count == 1 && !question->signer->vouched)
		return refuse_plain(question);
	return FAIL(
		arena, NOT_VOUCHED,
		.what = arena_printf(arena, "nobody vouches for '%s' as commit '%s' has it",
	                             question->flaw.path ? question->flaw.path
	                                                 : step->files.items[0].path,
	                             short_id),
		.why = explain(question),
		.hint = arena_printf(
			arena,
			"Undo it (%s), bring the change again on a branch of signed commits (git "
			"commit -S), and merge that alone. Or let a person who may deploy this approve "
			"it as it is: %s.",
			undo, trust_approve_command(arena, question->rule->target, step->id)));
}

const char *trust_approve_command(struct arena *arena, const char *target, const char *commit)
{
	const char *tag =
		arena_printf(arena, "approve/%s/%s/$(whoami)", target ? target : "TARGET", commit);

	return arena_printf(arena, "git tag -s -m approved %s %s && git push origin %s", tag,
	                    commit, tag);
}

/* A commit with one parent: an unsigned one, or what a forge's squash or rebase left of signed ones. */
static struct error *refuse_plain(struct question *question)
{
	struct arena *arena = question->lore->arena;
	const struct step *step = question->step;
	struct error *error = steps_unvouched(arena, step, question->signer, 0);

	error->hint = arena_printf(
		arena,
		"%s Or let a person who may deploy this approve it as it is: %s. A forge's squash or rebase "
		"of signed commits passes where its pull request is named (#N) and its head can be fetched.",
		error->hint, trust_approve_command(arena, question->rule->target, step->id));
	return error;
}

static const char *explain(struct question *question)
{
	struct arena *arena = question->lore->arena;
	const struct flaw *flaw = &question->flaw;
	const char *candidate = flaw->candidate ? commit_short(arena, flaw->candidate) : NULL;

	switch (flaw->miss) {
	case MISS_NONE:
		break;
	case MISS_WHO:
		return arena_printf(arena, "'%s', which was merged, is %s", candidate,
		                    say_why_not(flaw->commit));
	case MISS_WHOLE:
		return arena_printf(arena, "'%s', which is signed, has '%s' otherwise", candidate,
		                    flaw->path);
	case MISS_FRESH:
		return arena_printf(
			arena, "'%s', which is signed, is older than what was deployed of '%s'",
			candidate, flaw->path);
	case MISS_OWN:
		if (!flaw->commit)
			return arena_printf(
				arena,
				"it was not set on the branch that '%s' ends, only inherited",
				candidate);
		return arena_printf(arena, "commit '%s' set it so on the branch, and is %s",
		                    commit_short(arena, flaw->commit->id),
		                    say_why_not(flaw->commit));
	case MISS_THRESHOLD:
		break;
	}
	if (question->step->parents.count > 2)
		return "it merges several branches at once";
	return question->heads.count
	               ? "no commit of the branch that was merged has it so"
	               : "it is not signed, and merges no branch whose commits could be: a "
	                 "squash or rebase made by a forge";
}

static const char *say_why_not(const struct step_commit *commit)
{
	if (commit->objection)
		return commit->objection;
	return commit->verdict.kind == VERDICT_GOOD
	               ? "signed, but its signer may not deploy this, or signed too long ago"
	               : verdict_kind_name(commit->verdict.kind);
}

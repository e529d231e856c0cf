/* Asks the rule about a drawn history. The same letter gives the same answer, and each is asked for once. */
#include "unit/model/trust_drawing.h"

struct asking {
	const struct trust_scene *scene;
	struct drawing drawing;
	struct trust_past past;
	struct text_list judged;
};

const char *trust_scene_word(struct arena *arena, const char *words, const char *id)
{
	const char *prefix = arena_printf(arena, "%s=", id);

	for (const char *at = words; at && *at; at += strcspn(at, " "), at += *at == ' ')
		if (text_starts(at, prefix))
			return arena_copy(arena, at + strlen(prefix),
			                  strcspn(at, " ") - strlen(prefix));
	return NULL;
}

static struct error *judge(void *context, struct arena *arena, struct step_commit *commit)
{
	struct asking *asking = context;
	const char *who = trust_scene_word(arena, asking->scene->people, commit->id);
	struct commit *parsed = ARENA_NEW(arena, struct commit);

	for (size_t i = 0; i < asking->judged.count; i++)
		if (text_equal(asking->judged.items[i], commit->id))
			BUG("commit '%s' was judged twice", commit->id);
	*LIST_ADD(arena, &asking->judged) = commit->id;
	commit->verdict.kind = drawing_find(&asking->drawing, commit->id)->verdict;
	commit->verdict.principal = commit->verdict.kind == VERDICT_UNSIGNED ? NULL
	                            : who                                    ? who
	                                                                     : "ada";
	commit->seen = asking->scene->old && strchr(asking->scene->old, commit->id[0]) ? 1 : 100;
	parsed->author.email = parsed->committer.email = who;
	parsed->committer.when =
		asking->scene->ahead && strchr(asking->scene->ahead, commit->id[0]) ? 200 : 50;
	commit->parsed = parsed;
	return NULL;
}

static struct error *between(void *context, const char *from, const char *to, struct arena *arena,
                             struct history *ret_history, bool *ret_descends)
{
	struct asking *asking = context;
	struct history all = drawing_history(arena, &asking->drawing, NULL, to);

	*ret_history = drawing_history(arena, &asking->drawing, from, to);
	*ret_descends = !from;
	for (size_t i = 0; i < all.count; i++)
		*ret_descends |= text_equal(all.items[i].id, from);
	return NULL;
}

static struct error *last_passed(void *context, const char *entry, struct arena *arena,
                                 const char **ret_commit)
{
	(void)arena;
	*ret_commit = trust_past_find(&((struct asking *)context)->past, entry);
	return NULL;
}

static bool allows(void *context, const char *principal, const struct change *change)
{
	const struct trust_scene *scene = ((struct asking *)context)->scene;

	return change->kind != CHANGE_REMOVED || !text_equal(principal, scene->may_not);
}

static struct error *taggers(void *context, const char *commit, struct arena *arena,
                             struct text_list *ret_persons)
{
	const char *who = trust_scene_word(arena, ((struct asking *)context)->scene->tags, commit);

	if (who)
		text_split(arena, who, ',', ret_persons);
	return NULL;
}

static struct error *pulls(void *context, const struct step *step, struct arena *arena,
                           struct text_list *ret_heads)
{
	const char *head =
		trust_scene_word(arena, ((struct asking *)context)->scene->pulls, step->id);

	if (head)
		*LIST_ADD(arena, ret_heads) = head;
	return NULL;
}

static struct steps walk(struct arena *arena, struct asking *asking, const char *from,
                         const char *to)
{
	struct steps_reader reader = drawing_reader(&asking->drawing);
	struct history history = drawing_history(arena, &asking->drawing, from, to);
	struct steps steps = {0};

	if (steps_walk(arena, &history, from, &reader, &steps))
		BUG("the history has no line");
	asking->drawing.asked.count = 0;
	return steps;
}

static const char *tell(struct arena *arena, const struct steps *steps)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->items[i];

		if (i == steps->horizon)
			text_add(&text, "| ");
		if (!step_touches(step))
			continue;
		text_printf(&text, "%s", step->id);
		if (step->passed)
			text_printf(&text, "+%s", step->voucher ? step->voucher : "");
		else if (step->undone_by)
			text_printf(&text, "~%s", step->undone_by);
		else
			text_printf(&text, "!%s", step->refusal->row->name);
		text_add(&text, " ");
	}
	if (steps->horizon == steps->count)
		text_add(&text, "|");
	return text_trim(arena, text_get(&text));
}

static struct steps ask(struct arena *arena, const struct trust_scene *scene)
{
	struct asking asking = {.scene = scene, .drawing.items = scene->commits};
	struct steps_reader reader = drawing_reader(&asking.drawing);
	struct trust_rule rule = {.reader = &reader,
	                          .judging = judge,
	                          .between = between,
	                          .last_passed = last_passed,
	                          .allows = allows,
	                          .taggers = taggers,
	                          .pulls = pulls,
	                          .context = &asking,
	                          .threshold = scene->threshold ? scene->threshold : 1,
	                          .oldest = scene->oldest,
	                          .latest = scene->latest ? scene->latest : INT64_MAX,
	                          .target = "shop"};
	const char *deployed = scene->deployed ? scene->deployed : "D";
	struct steps steps;

	while (asking.drawing.count < DRAWN_MAXIMUM && scene->commits[asking.drawing.count].id)
		asking.drawing.count++;
	asking.past.baseline = "D";
	asking.past.line = walk(arena, &asking, "D", deployed);
	if (reader.listing(reader.context, "D", arena, &asking.past.at_baseline))
		BUG("D cannot be listed");
	asking.drawing.asked.count = 0;
	steps = walk(arena, &asking, deployed,
	             scene->head ? scene->head : scene->commits[asking.drawing.count - 1].id);
	if (scene->by_tags ? trust_judge_by_tags(arena, &rule, &steps)
	                   : trust_judge(arena, &rule, &steps))
		BUG("no verdict could be reached");
	steps_settle_undone(arena, &steps);
	return steps;
}

const char *trust_scene_outcome(struct arena *arena, const struct trust_scene *scene)
{
	struct steps steps = ask(arena, scene);

	return tell(arena, &steps);
}

struct error *trust_scene_refusal(struct arena *arena, const struct trust_scene *scene)
{
	struct steps steps = ask(arena, scene);

	return steps.items[steps.count - 1].refusal;
}

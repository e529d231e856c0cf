/*
 * What a squash or rebase left behind: the commits of the pull request's branch that vouch for the step and that the step
 * does not reach. Persons speak in their messages as in those of a merged branch. What a reader gets wrong: only what lies
 * between base and voucher counts, not what came to the branch later.
 */
#include "model/trust_parts.h"

#include "base/map.h"

FALLIBLE trust_find_aside(struct lore *lore, struct step *step, bool tagged)
{
	AUTO_ARENA scratch = arena_new();
	struct map brought = {0};
	struct side side;

	for (size_t i = 0; i < step->brought.count; i++)
		*map_at(&brought, scratch, step->brought.items[i].id) = &step->brought.items[i];
	TRY(side_open(lore, step->base, step->voucher, &side));
	for (size_t i = side.history.count; i-- > 0;) {
		const struct history_commit *commit = &side.history.items[i];
		struct step_commit *own = *map_at(&brought, scratch, commit->id);
		const struct step_commit *judged;
		bool touches;

		if (own) {
			own->tagged = tagged;
			continue;
		}
		TRY(lore_touches(lore, commit->id, &commit->parents, &touches));
		if (!touches)
			continue;
		TRY(lore_judge(lore, commit->id, &judged));
		own = LIST_ADD(lore->arena, &step->aside);
		*own = *judged;
		own->tagged = tagged;
	}
	return NULL;
}

/*
 * Ticks over thousands of small random histories with merges, against the slow and obvious statement: a commit's tick
 * counts when a person signed that commit, it set something of the folder itself, and every file but checklist.md was there
 * as it is in the end. All steps passed.
 */
#include "unit/base/check.h"

#include "model/ticks.h"
#include "unit/model/steps_drawing.h"

#define HISTORIES 4000
#define COMMITS 9

struct state { /* of the folder `a`; 0: the file is not there */
	char checklist, down, sql;
};

struct world {
	struct drawn commits[COMMITS];
	struct state states[COMMITS];
	size_t parents[COMMITS][2], parent_count[COMMITS];
	bool vouched[COMMITS];
	size_t count;
};

static uint64_t seed = 20261125;

static unsigned roll(unsigned sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % sides);
}

static const char *draw_files(struct arena *arena, struct state state)
{
	struct text text = TEXT_IN(arena);

	if (state.checklist)
		text_printf(&text, " a/checklist.md=%c", state.checklist);
	if (state.down)
		text_printf(&text, " a/down.sql=%c", state.down);
	if (state.sql)
		text_printf(&text, " a/migration.sql=%c", state.sql);
	return text_trim(arena, text_get(&text));
}

static struct world draw(struct arena *arena)
{
	static const char checklists[] = {0, 't', 'u'}, downs[] = {0, '1'}, sqls[] = {0, '1', '2'};
	struct world world = {.count = 2 + roll(COMMITS - 1)};

	for (size_t i = 0; i < world.count; i++) {
		struct state *state = &world.states[i];
		struct text parents = TEXT_IN(arena);

		if (i) {
			world.parents[i][0] = roll(2) ? i - 1 : roll((unsigned)i);
			world.parents[i][1] = roll((unsigned)i);
			world.parent_count[i] =
				world.parents[i][0] != world.parents[i][1] && roll(3) == 0 ? 2 : 1;
		}
		for (size_t k = 0; k < world.parent_count[i]; k++) {
			const struct state *other = &world.states[world.parents[i][k]];

			text_printf(&parents, "%c", 'A' + (int)world.parents[i][k]);
			state->checklist = k && roll(2) ? state->checklist : other->checklist;
			state->down = k && roll(2) ? state->down : other->down;
			state->sql = k && roll(2) ? state->sql : other->sql;
		}
		if (roll(3) == 0)
			state->checklist = checklists[roll(3)];
		if (roll(4) == 0)
			state->down = downs[roll(2)];
		if (roll(3) == 0)
			state->sql = sqls[roll(3)];
		world.vouched[i] = roll(4);
		world.commits[i] = (struct drawn){
			.id = arena_printf(arena, "%c", 'A' + (int)i),
			.parents = text_get(&parents),
			.files = draw_files(arena, *state),
			.verdict = world.vouched[i] ? VERDICT_GOOD : VERDICT_UNSIGNED,
		};
	}
	return world;
}

static bool same_others(struct state a, struct state b)
{
	return a.down == b.down && a.sql == b.sql;
}

static unsigned reached(const struct world *world, size_t commit)
{
	unsigned reach = 1u << commit;

	for (size_t k = 0; k < world->parent_count[commit]; k++)
		reach |= reached(world, world->parents[commit][k]);
	return reach;
}

/* A bit set: what came by steps that change the folder; all commits descend from A, so a base is the first parent. */
static unsigned brought(const struct world *world)
{
	unsigned all = 0;

	for (size_t step = world->count - 1; step; step = world->parents[step][0]) {
		const size_t base = world->parents[step][0];
		const struct state before = world->states[base], after = world->states[step];

		if (before.checklist != after.checklist || !same_others(before, after))
			all |= reached(world, step) & ~reached(world, base);
	}
	return all;
}

/* "file@B B …", in the order of the commits; only what a step brings that changes the folder is asked. */
static const char *obvious(struct arena *arena, const struct world *world)
{
	const struct state last = world->states[world->count - 1];
	const unsigned on_the_way = brought(world);
	struct text text = TEXT_IN(arena);

	if (last.checklist && world->states[0].checklist == last.checklist &&
	    same_others(world->states[0], last))
		text_add(&text, "file@A ");
	for (size_t i = 1; i < world->count; i++) {
		const struct state own = world->states[i];
		bool sets = true,
		     sets_checklist = own.checklist == last.checklist && last.checklist;

		for (size_t k = 0; k < world->parent_count[i]; k++) {
			const struct state parent = world->states[world->parents[i][k]];

			sets &= !same_others(parent, own) || parent.checklist != own.checklist;
			sets_checklist &= parent.checklist != own.checklist;
		}
		if (!(on_the_way & 1u << i) || !world->vouched[i] || !sets ||
		    !same_others(own, last))
			continue;
		if (sets_checklist)
			text_printf(&text, "file@%s ", world->commits[i].id);
		text_printf(&text, "%s ", world->commits[i].id);
	}
	return text_get(&text);
}

static void judge(struct arena *arena, const struct world *world, struct step_commit *commit)
{
	struct commit *parsed = ARENA_NEW(arena, struct commit);
	size_t at = (size_t)(commit->id[0] - 'A');

	for (size_t k = 0; k < world->parent_count[at]; k++)
		*LIST_ADD(arena, &parsed->parents) = world->commits[world->parents[at][k]].id;
	commit->parsed = parsed;
	commit->vouched = world->vouched[at];
}

static int compare_places(const void *a, const void *b)
{
	const struct tick_place *left = a, *right = b;

	return left->commit[0] - right->commit[0]
	               ? left->commit[0] - right->commit[0]
	               : (left->message != NULL) - (right->message != NULL);
}

/* Steps pass without a tag: `verified` stays unset for none, so what nobody signed says nothing. */
static const char *asked(struct arena *arena, const struct world *world)
{
	struct drawing drawing = {.items = world->commits, .count = world->count};
	const struct steps_reader reader = drawing_reader(&drawing);
	struct history history =
		drawing_history(arena, &drawing, "A", world->commits[world->count - 1].id);
	struct tick_places places = {0};
	struct steps steps = {0};
	struct text text = TEXT_IN(arena);

	assert_fine(steps_walk(arena, &history, "A", &reader, &steps));
	for (size_t i = 0; i < steps.count; i++) {
		for (size_t k = 0; k < steps.items[i].brought.count; k++)
			judge(arena, world, &steps.items[i].brought.items[k]);
		steps.items[i].passed = steps.items[i].settled = true;
	}
	drawing.asked.count = 0;
	assert_fine(ticks_find(ticks_open(arena, &steps, &reader, "A"), "a", &places));
	if (places.count)
		qsort(places.items, places.count, sizeof *places.items, compare_places);
	for (size_t i = 0; i < places.count; i++)
		if (!places.items[i].stale)
			text_printf(&text, "%s%s ", places.items[i].message ? "" : "file@",
			            places.items[i].commit);
	return text_get(&text);
}

static bool changes_the_folder(const struct world *world)
{
	const struct state first = world->states[0], last = world->states[world->count - 1];

	return first.checklist != last.checklist || !same_others(first, last);
}

static void ticks_are_what_the_obvious_statement_says(void **state)
{
	size_t ticked = 0;

	(void)state;
	for (size_t i = 0; i < HISTORIES; i++) {
		struct arena *arena = arena_new();
		const struct world world = draw(arena);
		const char *expected, *found;

		expected = obvious(arena, &world);
		found = asked(arena, &world);
		if (!text_equal(expected, found)) {
			for (size_t k = 0; k < world.count; k++)
				print_message("%s (%s): %s%s\n", world.commits[k].id,
				              world.commits[k].parents, world.commits[k].files,
				              world.vouched[k] ? "" : " unsigned");
			fail_msg("history %zu: '%s' instead of '%s'", i, found, expected);
		}
		ticked += *found && changes_the_folder(&world);
		arena_free(arena);
	}
	assert_true(ticked > HISTORIES / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_what_the_obvious_statement_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

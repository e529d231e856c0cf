/*
 * Steps against a second reading of the same rules: thousands of random histories, each judged by brute force with bit
 * sets, file by file. The seed of a failing one is printed. And long histories, for the time they take.
 */
#include "unit/base/check.h"

#include "base/clock.h"
#include "unit/model/steps_drawing.h"

#define COMMITS 14
#define FILES 5

struct random_history {
	uint64_t seed;
	struct drawn drawn[COMMITS];
	size_t count;
	unsigned parents[COMMITS]; /* bit sets of indexes */
	int first[COMMITS];        /* first parent, -1 for a root */
	int state[COMMITS][FILES]; /* 0: not there */
	unsigned reach[COMMITS];   /* with itself */
};

static const char *const paths[FILES] = {"a/down.sql", "a/migration.sql", "b/down.sql",
                                         "b/migration.sql", "lock"};

static unsigned draw_number(struct random_history *history, unsigned below)
{
	history->seed = history->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(history->seed >> 33) % below;
}

static const char *files_of(struct arena *arena, const int *state)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < FILES; i++)
		if (state[i])
			text_printf(&text, "%s%s=%d", text.size ? " " : "", paths[i], state[i]);
	return text.size ? text_get(&text) : NULL;
}

static void add_commit(struct arena *arena, struct random_history *history)
{
	size_t i = history->count++;
	size_t wanted = i == 0                          ? 0
	                : draw_number(history, 12) == 0 ? 0
	                : draw_number(history, 3) == 0  ? 2
	                                                : 1;
	struct text letters = TEXT_IN(arena);

	history->first[i] = -1;
	history->reach[i] = 1u << i;
	for (size_t j = 0; j < wanted; j++) {
		size_t near = draw_number(history, 2) ? i - 1 : draw_number(history, (unsigned)i);

		if (history->parents[i] & 1u << near)
			continue;
		if (history->first[i] < 0)
			history->first[i] = (int)near;
		history->parents[i] |= 1u << near;
		history->reach[i] |= history->reach[near];
		text_printf(&letters, "%c", (char)('A' + near));
	}
	for (size_t f = 0; f < FILES; f++) {
		size_t from = i && draw_number(history, 6) == 0 ? draw_number(history, (unsigned)i)
		                                                : (size_t)history->first[i];

		history->state[i][f] = history->first[i] < 0 ? 0 : history->state[from][f];
		if (draw_number(history, 6) == 0)
			history->state[i][f] = (int)draw_number(history, 3);
	}
	history->drawn[i] =
		(struct drawn){arena_printf(arena, "%c", (char)('A' + i)), text_get(&letters),
	                       files_of(arena, history->state[i]),
	                       draw_number(history, 2) ? VERDICT_GOOD : VERDICT_UNSIGNED};
}

static size_t index_of(const char *id)
{
	return (size_t)(id[0] - 'A');
}

static bool same_tree(const struct random_history *history, size_t a, size_t b)
{
	return memcmp(history->state[a], history->state[b], sizeof history->state[a]) == 0;
}

/* Does a commit that the step brings differ from any parent without a person's signature? */
static bool should_pass(const struct random_history *history, size_t step, size_t base)
{
	static const int nothing[FILES];
	unsigned brought = history->reach[step] & ~history->reach[base];

	if (same_tree(history, step, base))
		return true;
	for (size_t i = 0; i < history->count; i++) {
		bool differs = !history->parents[i] &&
		               memcmp(history->state[i], nothing, sizeof nothing) != 0;

		for (size_t j = 0; j < history->count; j++)
			differs = differs ||
			          ((history->parents[i] & 1u << j) && !same_tree(history, i, j));
		if ((brought & 1u << i) && differs && history->drawn[i].verdict != VERDICT_GOOD)
			return false;
	}
	return true;
}

static bool is_clean(const struct random_history *history, const struct steps *steps,
                     size_t deployed, size_t limit)
{
	for (size_t f = 0; f < FILES; f++) {
		int vouched = history->state[deployed][f], now = vouched;

		for (size_t i = 0; i < limit; i++) {
			int next = history->state[index_of(steps->items[i].id)][f];

			if (next != now && steps->items[i].passed)
				vouched = next;
			now = next;
		}
		if (now != vouched)
			return false;
	}
	return true;
}

static void check_history(struct arena *arena, uint64_t seed)
{
	struct random_history history = {.seed = seed};
	struct drawing drawing = {.items = history.drawn};
	struct steps_reader reader = drawing_reader(&drawing);
	struct history line;
	struct steps steps;
	struct error *error;
	size_t head, deployed, limit, base;

	while (history.count < COMMITS)
		add_commit(arena, &history);
	drawing.count = history.count;
	head = history.count - 1;
	do
		deployed = draw_number(&history, (unsigned)head + 1);
	while (!(history.reach[head] & 1u << deployed));

	line = drawing_history(arena, &drawing, history.drawn[deployed].id, history.drawn[head].id);
	error = steps_walk(arena, &line, history.drawn[deployed].id, &reader, &steps);
	assert_fine(error); /* with at most two parents a base is always found */
	assert_fine(steps_judge(arena, TRUST_ALL, &steps, drawing_judge, &drawing));
	steps_settle_undone(arena, &steps);

	base = deployed;
	for (size_t i = 0; i < steps.count; i++) {
		size_t step = index_of(steps.items[i].id);

		if (index_of(steps.items[i].base) != base ||
		    steps.items[i].passed != should_pass(&history, step, base))
			fail_msg("seed %llu: step %s: %s", (unsigned long long)seed,
			         steps.items[i].id, drawing_summary(arena, &steps));
		base = step;
	}
	assert_int_equal(base, head);
	for (limit = steps.count; !is_clean(&history, &steps, deployed, limit);)
		limit--;
	if (limit != steps.horizon)
		fail_msg("seed %llu: horizon %zu instead of %zu: %s", (unsigned long long)seed,
		         steps.horizon, limit, drawing_summary(arena, &steps));
	if ((limit < steps.count) != (steps_first_refused(&steps) != NULL) ||
	    (limit < steps.count && steps_first_refused(&steps) < steps.items + limit))
		fail_msg("seed %llu: who stands in the way? %s", (unsigned long long)seed,
		         drawing_summary(arena, &steps));
}

static void random_histories_come_out_as_by_brute_force(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		AUTO_ARENA arena = arena_new();

		check_history(arena, seed);
	}
}

struct long_line { /* every thousandth commit changes something; all others share a listing */
	struct folder *folders;
	size_t count;
};

static struct error *list_long(void *context, const char *id, struct arena *arena,
                               const struct folder **ret_folder)
{
	const struct long_line *line = context;

	(void)arena;
	*ret_folder = &line->folders[strtoul(id, NULL, 10) / 1000];
	return NULL;
}

static struct error *vouch(void *context, struct arena *arena, struct step_commit *commit)
{
	static const struct commit parsed;

	(void)context;
	(void)arena;
	commit->parsed = &parsed;
	commit->verdict = (struct verdict){.kind = VERDICT_GOOD, .principal = "ada"};
	return NULL;
}

/* Each second commit is a side branch of one commit, merged at once. */
static void a_hundred_thousand_commits_take_seconds(void **state)
{
	struct arena *arena = *state;
	struct history history = {
		.items = ARENA_ARRAY(arena, struct history_commit, HISTORY_MAXIMUM),
		.count = HISTORY_MAXIMUM};
	struct long_line line = {ARENA_ARRAY(arena, struct folder, HISTORY_MAXIMUM / 1000 + 1), 0};
	struct steps_reader reader = {list_long, NULL, &line};
	uint64_t began = clock_monotonic_ms();
	struct steps steps;

	for (size_t i = 0; i <= HISTORY_MAXIMUM / 1000; i++) {
		line.folders[i].tree = arena_printf(arena, "%zu", i);
		*LIST_ADD(arena, &line.folders[i]) =
			(struct folder_entry){"lock", ENTRY_FILE, line.folders[i].tree};
	}
	for (size_t i = 0; i < HISTORY_MAXIMUM; i++) {
		size_t number = HISTORY_MAXIMUM - i;
		struct history_commit *commit = &history.items[i];

		commit->id = arena_printf(arena, "%07zu", number);
		*LIST_ADD(arena, &commit->parents) =
			arena_printf(arena, "%07zu", number - (number % 2 ? 1 : 2));
		if (number % 2 == 0)
			*LIST_ADD(arena, &commit->parents) =
				arena_printf(arena, "%07zu", number - 1);
	}
	assert_fine(steps_walk(arena, &history, "0000000", &reader, &steps));
	assert_int_equal(steps.count, HISTORY_MAXIMUM / 2);
	assert_fine(steps_judge(arena, TRUST_ALL, &steps, vouch, NULL));
	steps.items[500].passed = false;
	steps.items[500].refusal = FAIL(arena, UNSIGNED, .what = "no", .hint = "Sign it.");
	steps_settle_undone(arena, &steps);
	assert_int_equal(steps.horizon, steps.count);
	if (clock_monotonic_ms() - began > 20000)
		fail_msg("it took %llu ms", (unsigned long long)(clock_monotonic_ms() - began));
}

/* All refused, each changing the same file and files of its own, and all undone by the last one. */
static void many_refusals_do_not_take_forever(void **state)
{
	enum { REFUSALS = 20000 };
	struct arena *arena = *state;
	struct steps steps = {.items = ARENA_ARRAY(arena, struct step, REFUSALS),
	                      .count = REFUSALS};
	struct folder_entry *entries = ARENA_ARRAY(arena, struct folder_entry, REFUSALS + 1);
	struct error *refusal = FAIL(arena, UNSIGNED, .what = "no", .hint = "Sign it.");
	uint64_t began = clock_monotonic_ms();

	for (size_t i = 0; i < REFUSALS; i++) {
		struct step *step = &steps.items[i];

		entries[i] =
			(struct folder_entry){"lock", ENTRY_FILE, arena_printf(arena, "%zu", i)};
		step->id = entries[i].id;
		step->refusal = refusal;
		*LIST_ADD(arena, &step->files) =
			(struct step_file){.path = "lock",
		                           .before = i ? &entries[i - 1] : NULL,
		                           .after = i + 1 < REFUSALS ? &entries[i] : NULL};
	}
	steps_settle_undone(arena, &steps);
	assert_int_equal(steps.horizon, REFUSALS);
	steps.items[REFUSALS - 1].files.items[0].after = &entries[REFUSALS - 1];
	steps_settle_undone(arena, &steps);
	assert_int_equal(steps.horizon, 0);
	if (clock_monotonic_ms() - began > 20000)
		fail_msg("it took %llu ms", (unsigned long long)(clock_monotonic_ms() - began));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_histories_come_out_as_by_brute_force),
		TEST(a_hundred_thousand_commits_take_seconds),
		TEST(many_refusals_do_not_take_forever),
	};

	return cmocka_run_group_tests_name("steps, random and long", tests, NULL, NULL);
}

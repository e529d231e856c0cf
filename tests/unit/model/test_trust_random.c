/*
 * The rule `signed` against a second reading of it: thousands of small random histories, each step judged by brute force
 * over bit sets, file by file. Both ways: nothing passes that should not, and nothing is refused that should pass.
 */
#include "unit/base/check.h"

#include "unit/model/trust_drawing.h"

#define COMMITS 12
#define FILES 4
#define ENTRIES 3
#define DEPLOYED 3 /* "D" */

enum person { NOBODY, ADA, BOB, PERSONS };

static const char *const names[PERSONS] = {NULL, "ada", "bob"};
static const char *const paths[FILES] = {"a/down.sql", "a/migration.sql", "b/migration.sql",
                                         "lock"};
static const int entry_of[FILES] = {0, 0, 1, 2};

struct last { /* the newest passed step that changed an entry, and the commit that vouched with the same; -1: none */
	int commit, through;
};

struct vote { /* who vouches for which file, and who set any */
	bool persons[FILES][PERSONS], authors[PERSONS];
};

struct world {
	uint64_t seed;
	unsigned parents[COMMITS], reach[COMMITS]; /* bit sets; reach with itself */
	size_t parent_count[COMMITS];
	int first[COMMITS];
	int state[COMMITS][FILES]; /* 0: not there */
	bool bad[COMMITS];
	enum person signer[COMMITS], named[COMMITS], tag[COMMITS];
	int pull[COMMITS]; /* -1: none */
	unsigned threshold;
	bool bob_may_not_remove;
};

static unsigned number(struct world *world, unsigned below)
{
	world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(world->seed >> 33) % below;
}

static void make(struct world *world)
{
	world->threshold = 1 + (number(world, 3) == 0);
	world->bob_may_not_remove = number(world, 3) == 0;
	for (size_t i = 0; i < COMMITS; i++) {
		size_t wanted = i == 0 ? 0 : 1 + number(world, 2) + (number(world, 20) == 0);

		world->first[i] = world->pull[i] = -1;
		world->reach[i] = 1u << i;
		for (size_t j = 0; j < wanted; j++) {
			size_t parent = number(world, 2) ? i - 1 : number(world, (unsigned)i);

			if (world->parents[i] & 1u << parent)
				continue;
			if (world->first[i] < 0)
				world->first[i] = (int)parent;
			world->parents[i] |= 1u << parent;
			world->parent_count[i]++;
			world->reach[i] |= world->reach[parent];
		}
		for (size_t f = 0; f < FILES; f++) {
			size_t from = (size_t)world->first[i];

			for (size_t j = 0; j < i; j++) /* mostly as a merge would have it */
				if (world->parents[i] & 1u << j && (int)j != world->first[i] &&
				    number(world, 4))
					from = j;
			world->state[i][f] = i ? world->state[from][f] : 0;
			if (number(world, 7) == 0)
				world->state[i][f] = (int)number(world, 3);
		}
		world->signer[i] = number(world, 3) ? 1 + number(world, 2) : NOBODY;
		world->bad[i] = number(world, 25) == 0;
		world->named[i] = world->signer[i] ? world->signer[i] : number(world, PERSONS);
		world->tag[i] = number(world, 8) == 0 ? 1 + number(world, 2) : NOBODY;
		if (i && number(world, 3) == 0)
			world->pull[i] = (int)number(world, (unsigned)i);
		if (world->bad[i])
			world->signer[i] = NOBODY;
	}
}

static bool sets(const struct world *world, size_t commit, size_t file, int state)
{
	if (world->state[commit][file] != state || (!state && !world->parents[commit]))
		return false;
	for (size_t p = 0; p < COMMITS; p++)
		if (world->parents[commit] & 1u << p && world->state[p][file] == state)
			return false;
	return true;
}

static bool entry_same(const struct world *world, size_t a, size_t b, int entry)
{
	for (size_t f = 0; f < FILES; f++)
		if (entry_of[f] == entry && world->state[a][f] != world->state[b][f])
			return false;
	return true;
}

static bool entry_there(const struct world *world, size_t commit, int entry)
{
	for (size_t f = 0; f < FILES; f++)
		if (entry_of[f] == entry && world->state[commit][f])
			return true;
	return false;
}

static bool may(const struct world *world, enum person person, size_t step, unsigned entries)
{
	for (int e = 0; e < ENTRIES; e++)
		if (entries & 1u << e && person == BOB && world->bob_may_not_remove &&
		    !entry_there(world, step, e))
			return false;
	return person != NOBODY;
}

static bool knows(const struct world *world, struct last last, size_t commit)
{
	return last.commit < 0 || world->reach[commit] & 1u << last.commit ||
	       (last.through >= 0 && world->reach[commit] & 1u << last.through);
}

/* Persons and authors among the commits of a set that set one of the files as the step has it. */
static void gather(const struct world *world, size_t step, size_t base, unsigned commits,
                   unsigned entries, const struct last *last, struct vote *vote)
{
	for (size_t c = 0; c < COMMITS; c++)
		for (size_t f = 0; f < FILES; f++) {
			const int e = entry_of[f];

			if (!(commits & 1u << c) || !(entries & 1u << e) ||
			    world->state[step][f] == world->state[base][f] ||
			    !sets(world, c, f, world->state[step][f]))
				continue;
			vote->authors[world->named[c]] = true;
			if (may(world, world->signer[c], step, 1u << e) &&
			    (c == step || knows(world, last[e], c)))
				vote->persons[f][world->signer[c]] = true;
		}
}

static void approve(enum person person, unsigned entries, struct vote *vote)
{
	for (size_t f = 0; f < FILES; f++)
		if (entries & 1u << entry_of[f])
			vote->persons[f][person] = true;
}

/* Each file that differs has enough of them, and one who set none. */
static bool enough(const struct world *world, size_t step, size_t base, const struct vote *vote)
{
	for (size_t f = 0; f < FILES; f++) {
		unsigned count = 0;
		bool other = world->threshold == 1;

		if (world->state[step][f] == world->state[base][f])
			continue;
		for (int p = ADA; p < PERSONS; p++) {
			count += vote->persons[f][p];
			other |= vote->persons[f][p] && !vote->authors[p];
		}
		if (count < world->threshold || !other)
			return false;
	}
	return true;
}

static bool vouches(const struct world *world, size_t step, size_t base, unsigned differ,
                    unsigned open, bool with_tags, const struct last *last, size_t t)
{
	const unsigned own = world->reach[t] & ~world->reach[base];
	const bool tagged = may(world, world->tag[t], step, open);
	const bool is_signed = may(world, world->signer[t], step, open);
	const unsigned common = world->reach[t] & world->reach[base];
	struct vote vote = {0};

	if (world->bad[t] || (!tagged && !is_signed))
		return false; /* who */
	for (int e = 0; e < ENTRIES; e++) {
		const int passed = last[e].commit;
		bool changed = true;

		if (open & 1u << e) {
			if (!entry_same(world, t, step, e))
				return false; /* exactly */
			if (!knows(world, last[e], t))
				return false; /* fresh */
		}
		for (size_t m = 0; m < COMMITS;
		     m++) { /* merge bases: in common, and nobody else of these reaches them */
			bool youngest = common & 1u << m;

			for (size_t n = 0; n < COMMITS; n++)
				if (n != m && common & 1u << n && world->reach[n] & 1u << m)
					youngest = false;
			if (youngest && entry_same(world, m, t, e))
				changed = false;
		}
		if (!common && !entry_there(world, t, e))
			changed = false;
		if (changed && !entry_same(world, t, step, e))
			return false; /* whole */
		if (!entry_same(world, t, step, e) && knows(world, last[e], t) &&
		    (passed < 0 ? !entry_there(world, step, e)
		                : entry_same(world, step, (size_t)passed, e)))
			return false; /* whole: it knew what persons left, and changed it */
	}
	for (size_t f = 0; f < FILES; f++) { /* own */
		bool set = false;

		if (!(open & 1u << entry_of[f]) || world->state[step][f] == world->state[base][f])
			continue;
		for (size_t c = 0; c < COMMITS; c++) {
			if (!(own & 1u << c) || !sets(world, c, f, world->state[step][f]))
				continue;
			set = true;
			if (world->bad[c] ||
			    (!tagged && !may(world, world->signer[c], step, 1u << entry_of[f])))
				return false;
		}
		if (!set)
			return false;
	}
	gather(world, step, base, 1u << step, differ, last, &vote);
	gather(world, step, base, own, open, last, &vote);
	if (tagged)
		approve(world->tag[t], open, &vote);
	if (is_signed)
		approve(world->signer[t], open, &vote);
	if (with_tags && may(world, world->tag[step], step, differ))
		approve(world->tag[step], differ, &vote);
	if (may(world, world->signer[step], step, differ))
		approve(world->signer[step], differ, &vote);
	return enough(world, step, base, &vote);
}

enum way {
	OWN,
	TAGS,
	ALL
}; /* what is closed without a commit of a branch: by the step's signature, by tags, nothing */

static bool passes_by(const struct world *world, size_t step, size_t base, const struct last *last,
                      enum way way)
{
	struct vote vote = {0};
	unsigned differ = 0, open = 0, sides = 0;

	for (int e = 0; e < ENTRIES; e++)
		if (!entry_same(world, step, base, e))
			differ |= 1u << e;
	if (world->bad[step] || (way == TAGS && !may(world, world->tag[step], step, differ)))
		return false;
	for (size_t f = 0; f < FILES && way == OWN; f++)
		if (world->state[step][f] != world->state[base][f] &&
		    (!may(world, world->signer[step], step, 1u << entry_of[f]) ||
		     !sets(world, step, f, world->state[step][f])))
			open |= 1u << entry_of[f];
	if (way == ALL)
		open = differ;
	if (world->parent_count[step] == 2)
		for (size_t p = 0; p < COMMITS; p++)
			if (world->parents[step] & 1u << p && p != base)
				sides |= world->reach[p] & ~world->reach[base];
	if (world->pull[step] >= 0)
		sides |= world->reach[world->pull[step]] & ~world->reach[base];
	if (!open) {
		gather(world, step, base, sides | 1u << step, differ, last, &vote);
		if (way == TAGS)
			approve(world->tag[step], differ, &vote);
		if (may(world, world->signer[step], step, differ))
			approve(world->signer[step], differ, &vote);
		return enough(world, step, base, &vote);
	}
	for (size_t t = 0; t < COMMITS && world->parent_count[step] <= 2; t++)
		if (sides & 1u << t &&
		    vouches(world, step, base, differ, open, way == ALL, last, t))
			return true;
	return false;
}

static bool should_pass(const struct world *world, size_t step, size_t base,
                        const struct last *last)
{
	return passes_by(world, step, base, last, OWN) ||
	       passes_by(world, step, base, last, TAGS) || passes_by(world, step, base, last, ALL);
}

static const char *letter(struct arena *arena, size_t commit)
{
	return arena_printf(arena, "%c", (char)('A' + commit));
}

static void draw(struct arena *arena, const struct world *world, struct trust_scene *scene)
{
	struct text people = TEXT_IN(arena), tags = TEXT_IN(arena), pulls = TEXT_IN(arena);

	for (size_t i = 0; i < COMMITS; i++) {
		struct text files = TEXT_IN(arena), parents = TEXT_IN(arena);

		if (world->first[i] >= 0)
			text_add(&parents, letter(arena, (size_t)world->first[i]));
		for (size_t p = 0; p < COMMITS; p++)
			if (world->parents[i] & 1u << p && (int)p != world->first[i])
				text_add(&parents, letter(arena, p));
		for (size_t f = 0; f < FILES; f++)
			if (world->state[i][f])
				text_printf(&files, "%s%s=%d", files.size ? " " : "", paths[f],
				            world->state[i][f]);
		scene->commits[i] = (struct drawn){letter(arena, i), text_get(&parents),
		                                   files.size ? text_get(&files) : NULL,
		                                   world->bad[i]      ? VERDICT_BAD
		                                   : world->signer[i] ? VERDICT_GOOD
		                                                      : VERDICT_UNSIGNED};
		if (world->named[i])
			text_printf(&people, "%s=%s ", letter(arena, i), names[world->named[i]]);
		if (world->tag[i])
			text_printf(&tags, "%s=%s ", letter(arena, i), names[world->tag[i]]);
		if (world->pull[i] >= 0)
			text_printf(&pulls, "%s=%s ", letter(arena, i),
			            letter(arena, (size_t)world->pull[i]));
	}
	scene->people = text_get(&people);
	scene->tags = text_get(&tags);
	scene->pulls = text_get(&pulls);
	scene->threshold = world->threshold;
	scene->may_not = world->bob_may_not_remove ? "bob" : NULL;
}

/* The line, oldest first; 0: some step has no base. */
static size_t find_line(const struct world *world, size_t *line, size_t *bases)
{
	size_t count = 0, at = COMMITS - 1;

	while (at != DEPLOYED) {
		size_t base = COMMITS, candidates = 0;

		for (size_t p = COMMITS; p-- > 0;)
			if (world->parents[at] & 1u << p && world->reach[p] & 1u << DEPLOYED) {
				candidates++;
				base = p;
			}
		if (world->first[at] >= 0 && world->reach[world->first[at]] & 1u << DEPLOYED)
			base = (size_t)world->first[at];
		else if (candidates != 1)
			return 0;
		line[count] = at;
		bases[count++] = base;
		at = base;
	}
	for (size_t i = 0; i < count / 2; i++) {
		size_t step = line[i], base = bases[i];

		line[i] = line[count - 1 - i], bases[i] = bases[count - 1 - i];
		line[count - 1 - i] = step, bases[count - 1 - i] = base;
	}
	return count;
}

/* true: it passed; the outcome's word for a step begins with its letter. *ret_voucher: -1: none. */
static bool told_passed(const char *outcome, size_t step, uint64_t seed, int *ret_voucher)
{
	for (const char *at = outcome; *at; at += strcspn(at, " "), at += *at == ' ')
		if (*at == (char)('A' + step)) {
			*ret_voucher = at[1] == '+' && at[2] >= 'A' ? at[2] - 'A' : -1;
			return at[1] == '+';
		}
	fail_msg("seed %llu: nothing is told of a step: %s", (unsigned long long)seed, outcome);
	return false;
}

static void random_histories_come_out_as_by_brute_force(void **state)
{
	size_t passed = 0, refused = 0, through_a_side = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 12000; seed++) {
		AUTO_ARENA arena = arena_new();
		struct world world = {.seed = seed};
		struct trust_scene scene = {0};
		size_t line[COMMITS], bases[COMMITS], count;
		struct last last[ENTRIES];
		const char *outcome;

		make(&world);
		if (!(world.reach[COMMITS - 1] & 1u << DEPLOYED))
			continue;
		count = find_line(&world, line, bases);
		if (!count)
			continue;
		draw(arena, &world, &scene);
		outcome = trust_scene_outcome(arena, &scene);
		for (int e = 0; e < ENTRIES; e++)
			last[e] =
				(struct last){entry_there(&world, DEPLOYED, e) ? DEPLOYED : -1, -1};
		for (size_t i = 0; i < count; i++) {
			bool wanted;
			int voucher;

			if (memcmp(world.state[line[i]], world.state[bases[i]],
			           sizeof world.state[0]) == 0)
				continue;
			wanted = should_pass(&world, line[i], bases[i], last);
			if (told_passed(outcome, line[i], seed, &voucher) != wanted)
				fail_msg("seed %llu: step %c should %s: %s",
				         (unsigned long long)seed, (char)('A' + line[i]),
				         wanted ? "pass" : "be refused", outcome);
			passed += wanted;
			refused += !wanted;
			for (int e = 0; e < ENTRIES && wanted; e++)
				if (!entry_same(&world, line[i], bases[i], e))
					last[e] = (struct last){
						(int)line[i],
						voucher >= 0 && entry_same(&world, line[i],
					                                   (size_t)voucher, e)
							? voucher
							: -1};
		}
		for (const char *plus = strchr(outcome, '+'); plus; plus = strchr(plus + 1, '+'))
			through_a_side += plus[1] != ' ';
	}
	print_message(
		"         - %zu passed, %zu of them by a commit of a branch; %zu were refused\n",
		passed, through_a_side, refused);
	assert_true(passed > 2000 && refused > 2000 && through_a_side > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_histories_come_out_as_by_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

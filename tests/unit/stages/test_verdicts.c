/*
 * Verdicts on many commits: each asked once, and their cost grows as their number does. The journal is the real one; the
 * source makes commits out of their numbers, and the keyring counts.
 *   HEADGATE_TEST_VERDICTS  how many the smaller number of commits is (by default 300; 1000 is the size that is promised)
 */
#include "unit/base/check.h"

#include <stdlib.h>
#include <time.h>

#include "adapters/journal_sqlite.h"
#include "base/clock.h"
#include "stages/verdicts.h"

#define SMALL_DEFAULT 300
#define TIMES 10         /* the larger number is so many times the smaller one, */
#define TIMES_MAXIMUM 12 /* and costs at most so many times as much */
#define ROUNDS 8    /* at most; the cheapest counts, since others may be at work on this machine */
#define MALFORMED 7 /* every so-maniest commit is no commit */

struct counting_keyring {
	struct keyring base;
	size_t asked, calls; /* commits; calls of judge and judge_many */
	size_t failures;     /* so many calls from now on fail, … */
	enum error_code code;
};

struct world {
	struct place *place;
	struct counting_keyring keyring;
	struct source source;
	size_t read;
	struct target target;
	struct journal *journal;
	struct run run;
	bool has_malformed;
};

static struct world *world_now; /* the ports get nothing but themselves */

static struct error *judge_many(struct keyring *keyring, const struct keyring_ask *asks,
                                size_t count, struct arena *arena, struct verdict *ret_verdicts)
{
	struct counting_keyring *counting = (struct counting_keyring *)keyring;

	counting->calls++;
	if (counting->failures) {
		counting->failures--;
		return error_new(arena, counting->code,
		                 &(struct error_text){.what = "cannot use the keyring"});
	}
	counting->asked += count;
	for (size_t i = 0; i < count; i++)
		ret_verdicts[i] = (struct verdict){
			.kind = VERDICT_GOOD,
			.principal = arena_printf(arena, "%.8s@example.org", asks[i].seal->id),
			.fingerprint = "SHA256:ada",
			.format = asks[i].seal->format,
		};
	return NULL;
}

static struct error *judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                           struct arena *arena, struct verdict *ret_verdict)
{
	return judge_many(keyring, &(struct keyring_ask){seal, when}, 1, arena, ret_verdict);
}

static const struct keyring_ops counting_ops = {
	.name = "counting", .judge = judge, .judge_many = judge_many};

static bool is_malformed(const char *id)
{
	return world_now->has_malformed && strtoul(id, NULL, 16) % MALFORMED == 0;
}

static struct error *read_commit(struct source *source, const char *id, struct arena *arena,
                                 struct bytes *ret_raw)
{
	const char *raw = arena_printf(
		arena,
		"tree %s\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
		"gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n\nSet %s\n",
		id, id);

	(void)source;
	world_now->read++;
	*ret_raw = (struct bytes){raw, is_malformed(id) ? 20 : strlen(raw)};
	return NULL;
}

static const struct source_ops making_ops = {.name = "making", .commit = read_commit};

static struct world *given_world(struct place *place)
{
	struct world *world = ARENA_NEW(place->arena, struct world);

	*world = (struct world){.place = place,
	                        .keyring.base.ops = &counting_ops,
	                        .source.ops = &making_ops,
	                        .target.name = "shop"};
	assert_fine(journal_sqlite_open(
		place->arena,
		&(struct journal_sqlite_options){.path = path_of(place, "journal.db")},
		&world->journal));
	world_now = world;
	return world;
}

static void begin_run(struct world *world, const char *keys, struct arena *arena)
{
	world->run = (struct run){.arena = arena,
	                          .id = 1,
	                          .target = &world->target,
	                          .keys = keys,
	                          .ports = {.source = &world->source,
	                                    .keyring = &world->keyring.base,
	                                    .journal = world->journal}};
}

static void end_run(struct world *world)
{
	if (world->run.records.count)
		assert_fine(
			journal_write(world->journal, &world->run.records, world->run.arena, NULL));
}

static const char **some_commits(struct arena *arena, size_t first, size_t count)
{
	const char **ids = ARENA_ARRAY(arena, const char *, count);

	for (size_t i = 0; i < count; i++)
		ids[i] = arena_printf(arena, "%040zx", first + i);
	return ids;
}

static struct verdict judged(struct world *world, const char *id)
{
	struct arena *arena = world->run.arena;
	struct verdict verdict = {0};
	struct commit commit;
	struct bytes raw = {0};
	int64_t seen = 0;

	assert_fine(source_commit(&world->source, id, arena, &raw));
	assert_fine(commit_parse(arena, id, raw, &commit));
	assert_fine(verdicts_first_seen(&world->run, id, &seen));
	assert_true(seen > 0);
	assert_fine(verdicts_judge(&world->run, &commit.seal, seen, &verdict));
	return verdict;
}

static void what_was_prepared_is_not_asked_again(void **state)
{
	enum { COUNT = 1200 };
	struct world *world = given_world(*state);
	struct arena *arena = world->place->arena;
	const char **ids = some_commits(arena, 1, COUNT);

	begin_run(world, "k1", arena);
	assert_fine(verdicts_prepare(&world->run, ids, COUNT));
	assert_int_equal(world->keyring.asked, COUNT);
	assert_true(world->keyring.calls < 10);
	assert_int_equal(world->run.records.count, 2 * COUNT); /* seen, and judged */
	for (size_t i = 0; i < COUNT; i++)
		assert_string_equal(judged(world, ids[i]).principal,
		                    arena_printf(arena, "%.8s@example.org", ids[i]));
	assert_fine(verdicts_prepare(&world->run, ids, COUNT));
	assert_int_equal(world->keyring.asked, COUNT);
	assert_int_equal(world->run.records.count, 2 * COUNT);
	end_run(world);

	CASE("nor in the next run, which only reads the journal");
	begin_run(world, "k1", arena);
	world->read = 0;
	assert_fine(verdicts_prepare(&world->run, ids, COUNT));
	assert_int_equal(world->read, 0);
	assert_int_equal(judged(world, ids[5]).kind, VERDICT_GOOD);
	assert_int_equal(world->keyring.asked, COUNT);
	assert_int_equal(world->run.records.count, 0);

	CASE("but by other keys all is asked anew");
	begin_run(world, "k2", arena);
	assert_fine(verdicts_prepare(&world->run, ids, COUNT));
	assert_int_equal(world->keyring.asked, 2 * COUNT);
	assert_int_equal(world->run.records.count, COUNT); /* they were seen before */
	CASE("also when they change while the run goes on");
	world->run.keys = "k3";
	(void)judged(world, ids[0]);
	assert_int_equal(world->keyring.asked, 2 * COUNT + 1);
	journal_close(world->journal);
}

static void the_same_commit_twice_is_asked_once(void **state)
{
	struct world *world = given_world(*state);
	struct arena *arena = world->place->arena;
	const char **ids = some_commits(arena, 1, 3);
	const char *twice[] = {ids[0], arena_text(arena, ids[0]), ids[1], ids[0]};

	begin_run(world, "k1", arena);
	assert_fine(verdicts_prepare(&world->run, twice, ROWS(twice)));
	assert_int_equal(world->keyring.asked, 2);
	assert_int_equal(world->run.records.count, 4);
	CASE("and so is one that was not prepared");
	(void)judged(world, ids[2]);
	(void)judged(world, ids[2]);
	assert_int_equal(world->keyring.asked, 3);
	assert_int_equal(world->run.records.count, 6);
	journal_close(world->journal);
}

static void what_is_no_commit_is_left_for_whoever_asks(void **state)
{
	struct world *world = given_world(*state);
	const char **ids = some_commits(world->place->arena, 1, 2 * MALFORMED);

	world->has_malformed = true;
	begin_run(world, "k1", world->place->arena);
	assert_fine(verdicts_prepare(&world->run, ids, 2 * MALFORMED));
	assert_int_equal(world->keyring.asked, 2 * MALFORMED - 2);
	journal_close(world->journal);
}

/* Preparing is no verdict: whether a commit counts at all is only known later, and then the error is told. */
static void a_keyring_that_fails_is_asked_again_by_whoever_asks(void **state)
{
	struct world *world = given_world(*state);
	struct arena *arena = world->place->arena;
	const char **ids = some_commits(arena, 1, 3);
	struct verdict verdict = {.principal = "untouched"};
	struct seal seal = {.id = ids[0]};

	begin_run(world, "k1", arena);
	world->keyring.code = ERR_KEYRING;
	world->keyring.failures = 2;
	assert_fine(verdicts_prepare(&world->run, ids, 3));
	assert_error(verdicts_judge(&world->run, &seal, 1, &verdict), ERR_KEYRING);
	assert_string_equal(verdict.principal, "untouched");
	assert_int_equal(judged(world, ids[0]).kind, VERDICT_GOOD);

	CASE("but the wish to stop ends it");
	begin_run(world, "k1", arena);
	world->keyring.code = ERR_STOPPED;
	world->keyring.failures = 1;
	assert_error(verdicts_prepare(&world->run, ids, 3), ERR_STOPPED);
	journal_close(world->journal);
}

static double cpu_seconds(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Of new commits, once unknown and once known, with all that the journal does for them. */
static void measure(struct world *world, size_t first, size_t count, double *ret_cold,
                    double *ret_warm)
{
	AUTO_ARENA arena = arena_new();
	const char **ids = some_commits(arena, first, count);
	const size_t asked = world->keyring.asked;
	double began = cpu_seconds();

	begin_run(world, "k1", arena);
	assert_fine(verdicts_prepare(&world->run, ids, count));
	for (size_t i = 0; i < count; i++)
		(void)judged(world, ids[i]);
	end_run(world);
	*ret_cold = cpu_seconds() - began;
	assert_int_equal(world->keyring.asked, asked + count);

	began = cpu_seconds();
	begin_run(world, "k1", arena);
	assert_fine(verdicts_prepare(&world->run, ids, count));
	for (size_t i = 0; i < count; i++)
		(void)judged(world, ids[i]);
	*ret_warm = cpu_seconds() - began;
	assert_int_equal(world->keyring.asked, asked + count);
}

static bool fine(double best[2][2])
{
	return best[1][0] <= TIMES_MAXIMUM * best[0][0] && best[1][1] <= TIMES_MAXIMUM * best[0][1];
}

static void ten_times_as_many_commits_cost_at_most_twelve_times_as_much(void **state)
{
	const char *flag = getenv("HEADGATE_TEST_VERDICTS");
	const size_t small = flag ? strtoul(flag, NULL, 10) : SMALL_DEFAULT;
	double best[2][2] = {{1e9, 1e9}, {1e9, 1e9}}; /* small or large; cold or warm */
	struct world *world = given_world(*state);
	size_t first = 1;

	assert_true(small > 0);
	for (int round = 0; round < ROUNDS && (!round || !fine(best)); round++)
		for (int large = 0; large < 2; large++) {
			const size_t count = large ? TIMES * small : small;
			double times[2];

			measure(world, first, count, &times[0], &times[1]);
			first += count;
			for (int warm = 0; warm < 2; warm++)
				if (times[warm] < best[large][warm])
					best[large][warm] = times[warm];
		}
	for (int warm = 0; warm < 2; warm++)
		print_message(
			"         - %zu commits %s: %.0f ms; %zu: %.0f ms, %.1f times as much\n",
			small, warm ? "known" : "unknown", 1e3 * best[0][warm], TIMES * small,
			1e3 * best[1][warm], best[1][warm] / best[0][warm]);
	assert_true(fine(best));
	journal_close(world->journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_PLACE(what_was_prepared_is_not_asked_again),
		TEST_IN_PLACE(the_same_commit_twice_is_asked_once),
		TEST_IN_PLACE(what_is_no_commit_is_left_for_whoever_asks),
		TEST_IN_PLACE(a_keyring_that_fails_is_asked_again_by_whoever_asks),
		TEST_IN_PLACE(ten_times_as_many_commits_cost_at_most_twelve_times_as_much),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}

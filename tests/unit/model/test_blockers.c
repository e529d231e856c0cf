/* What is said of the sessions that block a statement. */
#include "unit/base/check.h"

#include "base/text.h"
#include "model/blockers.h"

#define ANN                                                                                        \
	{                                                                                          \
		.pid = 4711, .application = "psql", .user = "ann", .state = "idle in transaction", \
		.age_ms = 240000                                                                   \
	}
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static struct blocker one[] = {ANN};
static struct blocker three[] = {ANN, {.pid = 5}, {.pid = 6, .state = "active"}};
static struct blocker hidden[] = {{.pid = 7, .application = "", .user = "ann"}};
static struct blocker aged[] = {{.pid = 7, .age_ms = 1300}};
static struct blocker prepared[] = {{.pid = 0}};
static struct blocker odd[] = {{.pid = 8, .application = "a\nb\033[31m", .user = LONG}};

static void the_first_blocker_stands_first_and_whole(void **state)
{
	static const struct {
		struct blockers blockers;
		const char *words, *hint, *sentence;
	} rows[] = {
		{{.items = one, .count = 1, .relation = "users"},
	         "blocked by pid 4711 (app 'psql', user 'ann', idle in transaction for 4 min) on 'users'",
	         "A session that hangs is ended by SELECT pg_terminate_backend(4711).",
	         "all is known"},
		{{.items = one, .count = 1},
	         "blocked by pid 4711 (app 'psql', user 'ann', idle in transaction for 4 min)",
	         "A session that hangs is ended by SELECT pg_terminate_backend(4711).",
	         "not on a relation: an old transaction"},
		{{.items = three, .count = 2, .relation = "users"},
	         "blocked by pid 4711 (app 'psql', user 'ann', idle in transaction for 4 min) on 'users' and pid 5",
	         "A session that hangs is ended by SELECT pg_terminate_backend(4711).",
	         "two"},
		{{.items = three, .count = 3, .more = 9},
	         "blocked by pid 4711 (app 'psql', user 'ann', idle in transaction for 4 min), pid 5, "
	         "pid 6 (active) and 9 more",
	         "A session that hangs is ended by SELECT pg_terminate_backend(4711).",
	         "more than are named"},
		{{.items = hidden, .count = 1},
	         "blocked by pid 7 (user 'ann')",
	         "A session that hangs is ended by SELECT pg_terminate_backend(7).",
	         "what a plain role may see, of a session without a name"},
		{{.items = aged, .count = 1},
	         "blocked by pid 7 (for 1.3 s)",
	         "A session that hangs is ended by SELECT pg_terminate_backend(7).",
	         "an age alone"},
		{{.items = prepared, .count = 1},
	         "blocked by a prepared transaction",
	         "A prepared transaction that nobody ends is in pg_prepared_xacts and is ended by "
	         "ROLLBACK PREPARED.",
	         "nobody to terminate"},
		{{.unknown = "too many clients"},
	         "blockers not known: too many clients",
	         "Long transactions stand in pg_stat_activity.",
	         "no second session"},
		{{.count = 0},
	         NULL,
	         "Long transactions stand in pg_stat_activity.",
	         "nobody was looked for"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *words = blockers_words(*state, &rows[i].blockers);

		CASE(rows[i].sentence);
		if (rows[i].words)
			assert_string_equal(words, rows[i].words);
		else
			assert_null(words);
		assert_string_equal(blockers_hint(*state, &rows[i].blockers), rows[i].hint);
	}
}

static void names_from_outside_stay_short_and_on_one_line(void **state)
{
	const struct blockers blockers = {.items = odd, .count = 1};
	const char *words = blockers_words(*state, &blockers);

	assert_contains(words, "app 'a b [31m'");
	assert_null(strstr(words, LONG));
	assert_false(text_has_control(words));
}

static void a_copy_outlives_the_first(void **state)
{
	struct arena *short_lived = arena_new();
	const struct blockers from = {.items = three, .count = 3, .more = 1, .relation = "users"};
	const struct blockers middle = blockers_copy(short_lived, &from);
	const struct blockers copy = blockers_copy(*state, &middle);

	arena_free(short_lived);
	assert_string_equal(blockers_words(*state, &copy), blockers_words(*state, &from));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_blocker_stands_first_and_whole),
		TEST(names_from_outside_stay_short_and_on_one_line),
		TEST(a_copy_outlives_the_first),
	};

	return cmocka_run_group_tests_name("blockers", tests, NULL, NULL);
}

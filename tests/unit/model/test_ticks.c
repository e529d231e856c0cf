/*
 * Whose ticks count for the folder `a`, on histories drawn as tables. "file@x" is checklist.md as x set it, "x" the message
 * of x; "!down.sql@y" behind it: stale, since y made that file what it is now. All steps passed; D is deployed.
 */
#include "unit/base/check.h"

#include "model/ticks.h"
#include "unit/model/steps_drawing.h"

#define G VERDICT_GOOD
#define U VERDICT_UNSIGNED
#define SQL "a/migration.sql=1"
#define SQL2 "a/migration.sql=2"
#define TICKED " a/checklist.md=t"

struct scene {
	const char *sentence;
	struct drawn commits[DRAWN_MAXIMUM]; /* the last is head */
	const char *voucher;                 /* of head: a commit of its pull request or branch */
	const char *aside;                   /* of head: letters of that pull request */
	const char *tagged;                  /* letters of commits that a tag stands for */
	bool claims;                         /* nobody was asked */
	const char *places;
};

static struct error *judge(void *context, struct arena *arena, struct step_commit *commit)
{
	struct commit *parsed = ARENA_NEW(arena, struct commit);
	const struct drawn *drawn = drawing_find(context, commit->id);

	for (const char *parent = drawn->parents; *parent; parent++)
		*LIST_ADD(arena, &parsed->parents) = arena_printf(arena, "%c", *parent);
	parsed->message = "";
	commit->parsed = parsed;
	commit->verdict.kind = drawn->verdict;
	commit->verdict.principal = drawn->verdict == VERDICT_GOOD ? "ada" : NULL;
	commit->vouched = commit->verdict.principal;
	return NULL;
}

static void judge_for(const struct scene *scene, struct drawing *drawing, struct arena *arena,
                      struct step_commit *commit)
{
	assert_fine(judge(drawing, arena, commit));
	commit->tagged = scene->tagged && strchr(scene->tagged, *commit->id);
}

static struct steps judged(struct arena *arena, struct drawing *drawing, const struct scene *scene)
{
	const char *head = drawing->items[drawing->count - 1].id;
	struct history history = drawing_history(arena, drawing, "D", head);
	const struct steps_reader reader = drawing_reader(drawing);
	struct steps steps = {0};

	assert_fine(steps_walk(arena, &history, "D", &reader, &steps));
	for (size_t i = 0; i < steps.count; i++) {
		struct step *step = &steps.items[i];

		for (size_t k = 0; k < step->brought.count; k++)
			judge_for(scene, drawing, arena, &step->brought.items[k]);
		step->passed = true;
		step->verified = !scene->claims;
	}
	steps.items[steps.count - 1].voucher = scene->voucher;
	for (const char *letter = scene->aside; letter && *letter; letter++) {
		struct step_commit *commit = LIST_ADD(arena, &steps.items[steps.count - 1].aside);

		commit->id = arena_printf(arena, "%c", *letter);
		judge_for(scene, drawing, arena, commit);
	}
	drawing->asked.count = 0;
	return steps;
}

static struct ticks *drawn_ticks(struct arena *arena, const struct scene *scene,
                                 struct steps **ret_steps)
{
	struct drawing *drawing = ARENA_NEW(arena, struct drawing);
	struct steps_reader *reader = ARENA_NEW(arena, struct steps_reader);

	drawing->items = scene->commits;
	while (drawing->count < DRAWN_MAXIMUM && scene->commits[drawing->count].id)
		drawing->count++;
	*reader = drawing_reader(drawing);
	*ret_steps = ARENA_NEW(arena, struct steps);
	**ret_steps = judged(arena, drawing, scene);
	return ticks_open(arena, *ret_steps, reader, "D");
}

static const char *places_of(struct arena *arena, const struct scene *scene)
{
	struct text text = TEXT_IN(arena);
	struct tick_places places = {0};
	struct steps *steps;

	assert_fine(ticks_find(drawn_ticks(arena, scene, &steps), "a", &places));
	for (size_t i = 0; i < places.count; i++) {
		const struct tick_place *place = &places.items[i];

		text_printf(&text, "%s%s%s", i ? " " : "", place->message ? "" : "file@",
		            place->commit);
		if (place->stale)
			text_printf(&text, "!%s@%s", place->stale,
			            place->stale_in ? place->stale_in : "?");
	}
	return text_get(&text);
}

/* clang-format off */
static void a_tick_is_about_the_folder_as_its_setter_had_it(void **state)
{
	static const struct scene scenes[] = {
		{.sentence = "brought with the SQL",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}},
		 .places = "file@E E"},
		{.sentence = "ticked by a second person",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL, G}, {"F", "E", SQL TICKED, G}},
		 .places = "E file@F F"},
		{.sentence = "then the SQL changed",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}, {"F", "E", SQL2 TICKED, G}},
		 .places = "file@E!migration.sql@F E!migration.sql@F F"},
		{.sentence = "then a down script came",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}, {"F", "E", SQL " a/down.sql=1" TICKED, G}},
		 .places = "file@E!down.sql@F E!down.sql@F F"},
		{.sentence = "then the down script went",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL " a/down.sql=1" TICKED, G}, {"F", "E", SQL TICKED, G}},
		 .places = "file@E!down.sql@F E!down.sql@F F"},
		{.sentence = "then the SQL changed, and was ticked again",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}, {"F", "E", SQL2 TICKED, G}, {"H", "F", SQL2 " a/checklist.md=again", G}},
		 .places = "E!migration.sql@F F file@H H"},
		{.sentence = "then it changed and changed back: it is what was ticked",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}, {"F", "E", SQL2 TICKED, G}, {"H", "F", SQL TICKED, G}},
		 .places = "file@E E F!migration.sql@H H"},
		{.sentence = "another folder changed since",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}, {"F", "E", SQL TICKED " b/migration.sql=1", G}},
		 .places = "file@E E"},
		{.sentence = "only another checklist since: messages still count",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}, {"F", "E", SQL " a/checklist.md=less", G}},
		 .places = "E file@F F"},
		{.sentence = "it stood there when it was deployed, and nothing changed",
		 .commits = {{"D", "", SQL TICKED, U}, {"E", "D", SQL TICKED " b/migration.sql=1", G}},
		 .places = "file@D"},
		{.sentence = "it stood there, and the SQL changed",
		 .commits = {{"D", "", SQL TICKED, U}, {"E", "D", SQL2 TICKED, G}},
		 .places = "file@D!migration.sql@E E"},
	};
	for (size_t i = 0; i < ROWS(scenes); i++) {
		CASE(scenes[i].sentence);
		assert_string_equal(places_of(*state, &scenes[i]), scenes[i].places);
	}
}

static void only_what_a_person_set_counts(void **state)
{
	static const struct scene scenes[] = {
		{.sentence = "merged by a button: the branch says who ticked",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"M", "Dx", SQL TICKED, U}},
		 .voucher = "x", .places = "file@x x"},
		{.sentence = "merged by a person, who says nothing of what the merge inherits",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"M", "Dx", SQL TICKED, G}},
		 .voucher = "x", .places = "file@x x"},
		{.sentence = "ticked and then changed on the branch",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"y", "x", SQL2 TICKED, G}, {"M", "Dy", SQL2 TICKED, U}},
		 .voucher = "y", .places = "file@x!migration.sql@y x!migration.sql@y y"},
		{.sentence = "ticked beside the change, on another branch",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL, G}, {"x", "E", SQL TICKED, G}, {"F", "E", SQL2, G}, {"M", "Fx", SQL2 TICKED, U}},
		 .voucher = "x", .places = "E!migration.sql@F F file@x!migration.sql@F x!migration.sql@F"},
		{.sentence = "squashed: the pull request's branch says who ticked",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"S", "D", SQL TICKED, U}},
		 .voucher = "x", .aside = "x", .places = "file@x x"},
		{.sentence = "squashed: ticked and then changed on that branch",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"y", "x", SQL2 TICKED, G}, {"S", "D", SQL2 TICKED, U}},
		 .voucher = "y", .aside = "xy", .places = "file@x!migration.sql@y x!migration.sql@y y"},
		{.sentence = "squashed by a person: that signature says it anew",
		 .commits = {{"D", "", "", U}, {"S", "D", SQL TICKED, G}},
		 .places = "file@S S"},
		{.sentence = "unsigned, under a tag on the step: the file, never the message",
		 .commits = {{"D", "", "", U}, {"S", "D", SQL TICKED, U}},
		 .tagged = "S", .places = "file@S"},
		{.sentence = "unsigned commits, under a tag on the branch's last one",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, U}, {"y", "x", SQL2 TICKED, U}, {"M", "Dy", SQL2 TICKED, U}},
		 .voucher = "y", .tagged = "xy", .places = "file@y"},
		{.sentence = "a tag on the step does not renew a person's old tick",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"y", "x", SQL2 TICKED, U}, {"M", "Dy", SQL2 TICKED, U}},
		 .tagged = "xyM", .places = "file@x!migration.sql@y x!migration.sql@y"},
		{.sentence = "nor does a tag on a commit of the branch, when nobody's commits behind it take the tick away and set it again",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"y", "x", SQL2 TICKED, G}, {"z", "y", SQL2, U}, {"w", "z", SQL2 TICKED, U}, {"M", "Dw", SQL2 TICKED, U}},
		 .voucher = "y", .tagged = "xy", .places = "file@x!migration.sql@y x!migration.sql@y y"},
		{.sentence = "a person takes the tick away and sets it again",
		 .commits = {{"D", "", "", U}, {"x", "D", SQL TICKED, G}, {"y", "x", SQL2, G}, {"z", "y", SQL2 TICKED, G}, {"M", "Dz", SQL2 TICKED, U}},
		 .voucher = "z", .places = "file@x!migration.sql@y x!migration.sql@y y file@z z"},
		{.sentence = "nobody was asked: claims, and as fresh as any",
		 .commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, U}, {"F", "E", SQL2 TICKED, U}},
		 .claims = true, .places = "file@E!migration.sql@F E!migration.sql@F F"},
	};
	for (size_t i = 0; i < ROWS(scenes); i++) {
		CASE(scenes[i].sentence);
		assert_string_equal(places_of(*state, &scenes[i]), scenes[i].places);
	}
}

static void a_removal_is_the_word_of_who_took_the_folder_away(void **state)
{
	static const struct scene scenes[] = {
		{.sentence = "in a step of its own",
		 .commits = {{"D", "", SQL, U}, {"E", "D", "", G}},
		 .places = "E"},
		{.sentence = "merged by a button",
		 .commits = {{"D", "", SQL, U}, {"x", "D", "", G}, {"M", "Dx", "", U}},
		 .voucher = "x", .places = "x"},
		{.sentence = "squashed",
		 .commits = {{"D", "", SQL, U}, {"x", "D", "", G}, {"S", "D", "", U}},
		 .voucher = "x", .aside = "x", .places = "x"},
		{.sentence = "who only changed it before says nothing of its removal",
		 .commits = {{"D", "", SQL, U}, {"x", "D", SQL2, G}, {"y", "x", "", G}, {"M", "Dy", "", U}},
		 .voucher = "y", .places = "y"},
		{.sentence = "unsigned, under a tag",
		 .commits = {{"D", "", SQL, U}, {"E", "D", "", U}},
		 .places = ""},
		{.sentence = "unsigned, where nobody is asked",
		 .commits = {{"D", "", SQL, U}, {"E", "D", "", U}},
		 .claims = true, .places = "E"},
	};
	for (size_t i = 0; i < ROWS(scenes); i++) {
		struct step_commits removers = {0};
		struct text text = TEXT_IN(*state);
		struct steps *steps;
		struct ticks *ticks = drawn_ticks(*state, &scenes[i], &steps);

		CASE(scenes[i].sentence);
		assert_fine(ticks_find_removers(ticks, &steps->items[steps->count - 1], "a", &removers));
		for (size_t k = 0; k < removers.count; k++)
			text_add(&text, removers.items[k].id);
		assert_string_equal(text_get(&text), scenes[i].places);
	}
}
/* clang-format on */

static void what_lies_beyond_the_horizon_is_not_asked(void **state)
{
	static const struct scene scene = {.commits = {{"D", "", "", U},
	                                               {"E", "D", SQL TICKED, G},
	                                               {"F", "E", SQL2 TICKED, G}}};
	struct tick_places places = {0};
	struct steps *steps;
	struct ticks *ticks = drawn_ticks(*state, &scene, &steps);

	steps->horizon = 1;
	assert_fine(ticks_find(ticks, "a", &places));
	assert_int_equal(places.count, 2);
	assert_null(places.items[0].stale);
	steps->horizon = 0;
	assert_fine(ticks_find(ticks, "a", &places));
	assert_int_equal(places.count, 0);
}

static void a_refused_step_says_nothing(void **state)
{
	static const struct scene scene = {
		.commits = {{"D", "", "", U}, {"E", "D", SQL TICKED, G}, {"F", "E", "", G}}};
	struct tick_places places = {0};
	struct steps *steps;
	struct ticks *ticks = drawn_ticks(*state, &scene, &steps);

	steps->items[0].passed = false;
	assert_fine(ticks_find(ticks, "a", &places));
	assert_int_equal(places.count, 1);
	assert_string_equal(places.items[0].commit, "F");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tick_is_about_the_folder_as_its_setter_had_it),
		TEST(only_what_a_person_set_counts),
		TEST(a_removal_is_the_word_of_who_took_the_folder_away),
		TEST(what_lies_beyond_the_horizon_is_not_asked),
		TEST(a_refused_step_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

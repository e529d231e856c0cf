/*
 * Steps, on histories drawn as tables (steps_drawing.h). D is the deployed commit. The rows that carry an attack are
 * those of the trust rule: each was tried with real git, and passed without any allowed key under a naive rule.
 */
#include "unit/base/check.h"

#include "unit/model/steps_drawing.h"

#define G VERDICT_GOOD
#define U VERDICT_UNSIGNED
#define A1 "a/migration.sql=1"
#define A2 "a/migration.sql=2"
#define B1 "b/migration.sql=1"
#define C1 "c/migration.sql=1"

struct story {
	const char *sentence;
	struct drawn commits[DRAWN_MAXIMUM]; /* the last one is head */
	const char *outcome;
};

static struct drawing draw(const struct drawn *commits)
{
	struct drawing drawing = {.items = commits};

	while (drawing.count < DRAWN_MAXIMUM && commits[drawing.count].id)
		drawing.count++;
	return drawing;
}

static struct steps walk(struct arena *arena, struct drawing *drawing, const char *deployed)
{
	struct history history =
		drawing_history(arena, drawing, deployed, drawing->items[drawing->count - 1].id);
	struct steps_reader reader = drawing_reader(drawing);
	struct steps steps;

	assert_fine(steps_walk(arena, &history, deployed, &reader, &steps));
	return steps;
}

static void tell(struct arena *arena, enum trust trust, const struct story *story)
{
	struct drawing drawing = draw(story->commits);
	struct steps steps = walk(arena, &drawing, "D");

	CASE(story->sentence);
	assert_fine(steps_judge(arena, trust, &steps, drawing_judge, &drawing));
	steps_settle_undone(arena, &steps);
	assert_string_equal(drawing_summary(arena, &steps), story->outcome);
}

static void steps_pass_when_persons_signed_what_they_bring(void **state)
{
	/* clang-format off */
	static const struct story stories[] = {
		{"a signed commit", {{"D", "", A1, U}, {"E", "D", A1 " " B1, G}}, "E(E)+ |"},
		{"an unsigned one", {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}}, "| E(E)!UNSIGNED"},
		{"an unsigned one that touches nothing here",
		  {{"D", "", A1, U}, {"E", "D", A1, U}, {"F", "E", A1 " " B1, G}},
		  "E F(F)+ |"},
		{"an unsigned removal", {{"D", "", A1 " " B1, U}, {"E", "D", A1, U}}, "| E(E)!UNSIGNED"},
		{"an unsigned down script for a signed migration",
		  {{"D", "", A1, U}, {"E", "D", A1 " a/down.sql=1", U}},
		  "| E(E)!UNSIGNED"},
		{"a loose file of the folder counts like a migration",
		  {{"D", "", A1 " lock=1", U}, {"E", "D", A1 " lock=2", U}},
		  "| E(E)!UNSIGNED"},
		{"a signed merge of a signed branch",
		  {{"D", "", A1, U}, {"x", "D", A1 " " B1, G}, {"E", "D", A1, U}, {"M", "Ex", A1 " " B1, G}},
		  "E M(xM)+ |"},
		{"a merge made by a forge's button is not signed by a person",
		  {{"D", "", A1, U}, {"x", "D", A1 " " B1, G}, {"M", "Dx", A1 " " B1, U}},
		  "| M(xM)!UNSIGNED"},
		{"a signed merge of an unsigned branch",
		  {{"D", "", A1, U}, {"x", "D", A1 " " B1, U}, {"M", "Dx", A1 " " B1, G}},
		  "| M(xM)!UNSIGNED"},
		{"an unsigned commit below a signed one that only touches the README",
		  {{"D", "", A1, U}, {"x", "D", A1 " " B1, U}, {"y", "x", A1 " " B1, G}, {"M", "Dy", A1 " " B1, G}},
		  "| M(xM)!UNSIGNED"},
		{"an unsigned draft that the branch took back itself still was brought",
		  {{"D", "", A1, U}, {"x", "D", A1 " " C1, U}, {"y", "x", A1 " " B1, G}, {"M", "Dy", A1 " " B1, G}},
		  "| M(xyM)!UNSIGNED"},
		{"an unsigned change outside the path, on a branch that was merged with main meanwhile",
		  {{"D", "", A1, U},
		   {"x", "D", A1, U},
		   {"E", "D", A1 " " B1, G},
		   {"y", "xE", A1 " " B1, U},
		   {"M", "Ey", A1 " " B1, U}},
		  "E(E)+ M |"},
		{"an evil merge: content that stands in neither parent",
		  {{"D", "", A1, U}, {"x", "D", A1, G}, {"E", "D", A1, U}, {"M", "Ex", A1 " " B1, U}},
		  "E | M(M)!UNSIGNED"},
		{"the same, signed: a person vouches for it",
		  {{"D", "", A1, U}, {"x", "D", A1, G}, {"E", "D", A1, U}, {"M", "Ex", A1 " " B1, G}},
		  "E M(M)+ |"},
		{"an octopus",
		  {{"D", "", A1, U},
		   {"x", "D", A1 " " B1, G},
		   {"y", "D", A1 " " C1, G},
		   {"M", "Dxy", A1 " " B1 " " C1, G}},
		  "M(xyM)+ |"},
		{"a criss-cross of two branches brings each commit once",
		  {{"D", "", A1, U},
		   {"x", "D", A1 " " B1, G},
		   {"y", "D", A1 " " C1, G},
		   {"p", "xy", A1 " " B1 " " C1, G},
		   {"q", "yx", A1 " " B1 " " C1, G},
		   {"M", "pq", A1 " " B1 " " C1, G}},
		  "x(x)+ p(yp)+ M |"},
		{"every way of not being good refuses",
		  {{"D", "", NULL, U},
		   {"E", "D", "a=1", VERDICT_BAD},
		   {"F", "E", "a=2", VERDICT_UNTRUSTED},
		   {"G", "F", "a=3", VERDICT_EXPIRED},
		   {"H", "G", "a=4", VERDICT_NOT_YET_VALID},
		   {"I", "H", "a=5", VERDICT_REVOKED},
		   {"J", "I", "a=6", VERDICT_MALFORMED},
		   {"K", "J", "a=7", VERDICT_UNSUPPORTED}},
		  "| E(E)!BAD_SIGNATURE F(F)!UNTRUSTED G(G)!EXPIRED H(H)!EXPIRED I(I)!REVOKED J(J)!MALFORMED "
		  "K(K)!UNSUPPORTED"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(stories); i++)
		tell(*state, TRUST_ALL, &stories[i]);
}

static void the_base_is_what_descends_from_the_deployed_commit(void **state)
{
	/* clang-format off */
	static const struct story stories[] = {
		{"from an old main, a merge that keeps its own side: newer migrations vanish",
		  {{"O", "", A1, U}, {"D", "O", A1 " " B1, U}, {"x", "O", A1, G}, {"M", "xD", A1, U}},
		  "| M(M)!UNSIGNED"},
		{"the same, when main went on",
		  {{"O", "", A1, U},
		   {"D", "O", A1, U},
		   {"E", "D", A1 " " B1, G},
		   {"x", "O", A1, G},
		   {"M", "xE", A1, U}},
		  "E(E)+ | M(M)!UNSIGNED"},
		{"bringing back unsigned content that a merged side branch had deleted",
		  {{"O", "", A1, U},
		   {"s", "O", A1 " " C1, U},
		   {"t", "s", A1, G},
		   {"D", "Ot", A1, U},
		   {"M", "sD", A1 " " C1, U}},
		  "| M(M)!UNSIGNED"},
		{"a developer's own pull, pushed to main: nothing is new against main",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " " B1, G},
		   {"x", "D", A1, U},
		   {"M", "xE", A1 " " B1, U}},
		  "x | M(EM)!UNSIGNED"},
		{"the same by a signed merge",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, G}, {"x", "D", A1, U}, {"M", "xE", A1 " " B1, G}},
		  "x M(EM)+ |"},
		{"a pull that began before the deployed commit",
		  {{"O", "", A1, U}, {"D", "O", A1 " " B1, U}, {"x", "O", A1, U}, {"M", "xD", A1 " " B1, U}},
		  "M |"},
		{"a person's merge of main with refused content into a branch vouches for nothing",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " " C1, U},
		   {"x", "D", A1 " " B1, G},
		   {"m", "xE", A1 " " B1 " " C1, G},
		   {"M", "Em", A1 " " B1 " " C1, G}},
		  "| E(E)!UNSIGNED M(xmM)+"},
		{"and not when it is pushed as a fast-forward",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " " C1, U},
		   {"x", "D", A1 " " B1, G},
		   {"M", "xE", A1 " " B1 " " C1, G}},
		  "x(x)+ | M(EM)!UNSIGNED"},
		{"a merge of another root brings that root",
		  {{"D", "", A1, U}, {"r", "", B1, U}, {"M", "Dr", A1 " " B1, G}},
		  "| M(rM)!UNSIGNED"},
		{"the same history without migrations brings nothing",
		  {{"D", "", A1, U}, {"r", "", NULL, U}, {"M", "Dr", A1, U}},
		  "M |"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(stories); i++)
		tell(*state, TRUST_ALL, &stories[i]);
}

static void a_refused_step_can_be_undone(void **state)
{
	/* clang-format off */
	static const struct story stories[] = {
		{"by a signed revert",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", A1, G}},
		  "E(E)!UNSIGNED~F F(F)+ |"},
		{"by an unsigned one, since nothing is left of either",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", A1, U}},
		  "E(E)!UNSIGNED~F F(F)!UNSIGNED~F |"},
		{"a bad one, too, for it cannot be cured",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, VERDICT_BAD}, {"F", "E", A1, G}},
		  "E(E)!BAD_SIGNATURE~F F(F)+ |"},
		{"together with other changes",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", A1 " " C1, G}},
		  "E(E)!UNSIGNED~F F(F)+ |"},
		{"an unsigned removal by putting the same back",
		  {{"D", "", A1 " " B1, U}, {"E", "D", A1, U}, {"F", "E", A1 " " B1, G}},
		  "E(E)!UNSIGNED~F F(F)+ |"},
		{"an unsigned removal of a signed migration that waits is no undoing",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, G}, {"F", "E", A1, U}},
		  "E(E)+ | F(F)!UNSIGNED"},
		{"but putting back what a person had set is",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, G}, {"F", "E", A1, U}, {"G", "F", A1 " " B1, U}},
		  "E(E)+ F(F)!UNSIGNED~G G(G)!UNSIGNED~G |"},
		{"one of its two migrations is not enough",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1 " " C1, U}, {"F", "E", A1 " " B1, G}},
		  "| E(E)!UNSIGNED F(F)+"},
		{"by two steps, and then the later one undid it",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1 " " C1, U}, {"F", "E", A1 " " B1, G}, {"G", "F", A1, G}},
		  "E(E)!UNSIGNED~G F(F)+ G(G)+ |"},
		{"by other content of the same name, signed",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " b/migration.sql=evil", U},
		   {"F", "E", A1 " b/migration.sql=good", G}},
		  "E(E)!UNSIGNED~F F(F)+ |"},
		{"removed, then the same name with other content, signed",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " b/migration.sql=evil", U},
		   {"F", "E", A1, G},
		   {"G", "F", A1 " b/migration.sql=good", G}},
		  "E(E)!UNSIGNED~G F(F)+ G(G)+ |"},
		{"a person who only ticks the folder has not taken over its SQL",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " b/migration.sql=evil", U},
		   {"F", "E", A1 " b/checklist.md=1 b/migration.sql=evil", G}},
		  "| E(E)!UNSIGNED F(F)+"},
		{"who replaces the SQL has not taken over the down script",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " b/down.sql=evil b/migration.sql=evil", U},
		   {"F", "E", A1 " b/down.sql=evil b/migration.sql=good", G}},
		  "| E(E)!UNSIGNED F(F)+"},
		{"a rename by a person is that person's",
		  {{"D", "", A1, U}, {"E", "D", A1 " b/migration.sql=evil", U}, {"F", "E", A1 " c/migration.sql=evil",
		    G}},
		  "E(E)!UNSIGNED~F F(F)+ |"},
		{"bringing the content back by another refused step undoes nothing",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", A1, G}, {"G", "F", A1 " " B1, U}},
		  "E(E)!UNSIGNED~F F(F)+ | G(G)!UNSIGNED"},
		{"two refused, one undone",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", A1 " " B1 " " C1, U}, {"G", "F", A1 " " C1,
		    G}},
		  "| E(E)!UNSIGNED~G F(F)!UNSIGNED G(G)+"},
		{"two refused, both undone by one step",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", A1 " " B1 " " C1, U}, {"G", "F", A1, G}},
		  "E(E)!UNSIGNED~G F(F)!UNSIGNED~G G(G)+ |"},
		{"a folder in place of a file, and back",
		  {{"D", "", "a=1", U}, {"E", "D", A1, U}, {"F", "E", "a=1", G}},
		  "E(E)!UNSIGNED~F F(F)+ |"},
		{"a merge is undone like any other step",
		  {{"D", "", A1, U}, {"x", "D", A1 " " B1, U}, {"M", "Dx", A1 " " B1, G}, {"F", "M", A1, G}},
		  "M(xM)!UNSIGNED~F F(F)+ |"},
		{"a merge of its old branch after the undoing brings nothing back by itself",
		  {{"D", "", A1, U},
		   {"x", "D", A1 " " B1, U},
		   {"M", "Dx", A1 " " B1, U},
		   {"F", "M", A1, G},
		   {"y", "x", A1 " " B1, U},
		   {"N", "Fy", A1, U}},
		  "M(xM)!UNSIGNED~F F(F)+ N |"},
		{"but a forced one is refused",
		  {{"D", "", A1, U},
		   {"x", "D", A1 " " B1, U},
		   {"M", "Dx", A1 " " B1, U},
		   {"F", "M", A1, G},
		   {"N", "Fx", A1 " " B1, U}},
		  "M(xM)!UNSIGNED~F F(F)+ | N(N)!UNSIGNED"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(stories); i++)
		tell(*state, TRUST_ALL, &stories[i]);
}

/* The tree that a plan is made for must itself be free of what was refused, not only the one at head. */
static void the_horizon_lies_before_everything_that_is_not_undone_there(void **state)
{
	/* clang-format off */
	static const struct story stories[] = {
		{"passed steps before the refused one go on",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, G}, {"F", "E", A1 " " B1 " " C1, U}, {"G", "F",
		    A1 " " B1 " " C1, U}},
		  "E(E)+ | F(F)!UNSIGNED G"},
		{"what is undone only behind the one that stands keeps the horizon before itself",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " " B1, G},
		   {"F", "E", A1 " " B1 " c/migration.sql=evil", U},
		   {"G", "F", A1 " " B1 " c/migration.sql=evil d/migration.sql=evil", U},
		   {"H", "G", A1 " " B1 " d/migration.sql=evil", G}},
		  "E(E)+ | F(F)!UNSIGNED~H G(G)!UNSIGNED H(H)+"},
		{"what is undone before the one that stands does not",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " " B1, U},
		   {"F", "E", A1, G},
		   {"G", "F", A1 " " C1, U}},
		  "E(E)!UNSIGNED~F F(F)+ | G(G)!UNSIGNED"},
		{"undone, done again and undone again: the farthest clean tree before the one that stands",
		  {{"D", "", A1, U},
		   {"E", "D", A1 " " B1, U},
		   {"F", "E", A1, G},
		   {"G", "F", A1 " " B1, U},
		   {"H", "G", A1 " " B1 " " C1, U},
		   {"I", "H", A1 " " C1, G}},
		  "E(E)!UNSIGNED~F F(F)+ | G(G)!UNSIGNED~I H(H)!UNSIGNED I(I)+"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(stories); i++)
		tell(*state, TRUST_ALL, &stories[i]);
}

static void an_unreadable_step_is_refused_and_counts_with_the_next_one(void **state)
{
	/* clang-format off */
	static const struct story stories[] = {
		{"at head it stands", {{"D", "", A1, U}, {"E", "D", "?", G}}, "| E!FOLDER_ENTRY"},
		{"signed, and mended by a signed step",
		  {{"D", "", A1, U}, {"E", "D", "?", G}, {"F", "E", A1 " " B1, G}},
		  "E!FOLDER_ENTRY~F F(EF)+ |"},
		{"unsigned: whoever mends it does not launder what it brought",
		  {{"D", "", A1, U}, {"E", "D", "?", U}, {"F", "E", A1 " " B1, G}},
		  "| E!FOLDER_ENTRY~F F(EF)!UNSIGNED"},
		{"unsigned, and everything of it taken back",
		  {{"D", "", A1, U}, {"E", "D", "?", U}, {"F", "E", A1, U}},
		  "E!FOLDER_ENTRY~F F |"},
		{"unsigned, kept, and taken back later",
		  {{"D", "", A1, U}, {"E", "D", "?", U}, {"F", "E", A1 " " B1, G}, {"H", "F", A1, G}},
		  "E!FOLDER_ENTRY~F F(EF)!UNSIGNED~H H(H)+ |"},
		{"what was refused before it is not laundered either",
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", "?", G}, {"H", "F", A1 " " B1, G}},
		  "| E(E)!UNSIGNED F!FOLDER_ENTRY~H H"},
		{"a migration's own folder that cannot be listed is the same",
		  {{"D", "", A1, U}, {"E", "D", A1 " b/?=1", U}, {"F", "E", A1 " " B1, G}},
		  "| E!FOLDER_ENTRY~F F(EF)!UNSIGNED"},
		{"a commit of a side branch that cannot be listed needs a signature",
		  {{"D", "", A1, U}, {"x", "D", "?", U}, {"y", "x", A1 " " B1, G}, {"M", "Dy", A1 " " B1, G}},
		  "| M(xyM)!UNSIGNED"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(stories); i++)
		tell(*state, TRUST_ALL, &stories[i]);
}

static void trust_in_the_branch_verifies_nothing(void **state)
{
	/* clang-format off */
	static const struct story story = {
		 "everything passes",
		{{"D", "", A1, U}, {"x", "D", A1 " " B1, U}, {"E", "D", A1 " " C1, VERDICT_BAD}, {"M", "Ex",
		   A1 " " B1 " " C1, U}},
		 "E(E)+ M(xM)+ |"};
		 struct drawing drawing = draw(story.commits);
		 struct steps steps = walk(*state, &drawing, "D");

		 tell(*state, TRUST_BRANCH, &story);
		 CASE("and says that it is unverified");
		 assert_fine(steps_judge(*state, TRUST_BRANCH, &steps, NULL, NULL));
		 assert_true(steps.items[0].passed && !steps.items[0].verified);
		 assert_true(steps.items[1].passed && !steps.items[1].verified);
		 }

		 static void a_step_says_what_it_changes_and_against_what(void **state)
		 {
		 static const struct drawn commits[] = {
		{"D", "", A1 " " B1 " lock=1", U},
		{"x", "D", A1 " " B1 " lock=1", U},
		{"E", "D", "a/down.sql=1 a/migration.sql=1 " C1 " lock=1", G},
		{"M", "xE", "a/down.sql=1 a/migration.sql=1 " C1 " lock=2", G},
		{"N", "M", "a/down.sql=1 a/migration.sql=2 lock=2", G},
		{NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, "D");
		 const struct step *merge = &steps.items[1], *last = &steps.items[2];

		 assert_int_equal(steps.count, 3);
		 assert_string_equal(merge->base, "x");
		 assert_int_equal(merge->base_parent, 1);
		 assert_int_equal(merge->changes.count, 4);
		 assert_string_equal(merge->changes.items[0].name, "a");
		 assert_int_equal(merge->changes.items[0].kind, CHANGE_CHANGED);
		 assert_true(merge->changes.items[0].sql_same);
		 assert_int_equal(merge->changes.items[1].kind, CHANGE_REMOVED);
		 assert_false(merge->changes.items[1].sql_same);
		 assert_int_equal(merge->changes.items[2].kind, CHANGE_ADDED);
		 assert_int_equal(merge->files.count, 4);
		 assert_string_equal(merge->files.items[0].path, "a/down.sql");
		 assert_null(merge->files.items[0].before);
		 assert_string_equal(merge->files.items[1].path, "b/migration.sql");
		 assert_null(merge->files.items[1].after);
		 assert_string_equal(merge->files.items[3].path, "lock");
		 assert_false(last->changes.items[0].sql_same);

		 CASE("the newest passed change of a name can be asked for");
		 assert_fine(steps_judge(*state, TRUST_BRANCH, &steps, NULL, NULL));
		 assert_ptr_equal(steps_last_change(&steps, 9, "a", 1u << CHANGE_CHANGED), last);
		 assert_null(steps_last_change(&steps, 1, "a", 1u << CHANGE_CHANGED)); /* only its down script */
		 assert_ptr_equal(steps_last_change(&steps, 2, "c", 1u << CHANGE_ADDED), merge);
		 assert_null(steps_last_change(&steps, 0, "c", 1u << CHANGE_ADDED));
		 assert_ptr_equal(steps_last_change(&steps, 2, "c", 1u << CHANGE_ADDED | 1u << CHANGE_REMOVED), last);
		 assert_ptr_equal(steps_find(&steps, "M"), merge);
		 assert_null(steps_find(&steps, "E"));
		 }

		 static void the_first_parent_is_preferred_and_a_lost_line_halts(void **state)
		 {
		 static const struct drawn octopus[] = {{"O", "", A1, U},     {"D", "O", A1, U},  {"p", "D", A1, U},
		{"q", "D", A1, U},    {"x", "O", A1, U},  {"M", "xpq", A1, U},
		{NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(octopus);
		 struct history history = drawing_history(*state, &drawing, "D", "M");
		 struct steps_reader reader = drawing_reader(&drawing);
		 struct steps steps = {.count = 77};
		 struct error *error = steps_walk(*state, &history, "D", &reader, &steps);

		 CASE("two others descend from the deployed commit, the first does not");
		 assert_error(error, ERR_NO_BASE);
		 assert_contains(error->hint, "headgate baseline --target NAME M");
		 assert_int_equal(steps.count, 77);
		 CASE("nobody does");
		 history = drawing_history(*state, &drawing, NULL, "x");
		 assert_error(steps_walk(*state, &history, "D", &reader, &steps), ERR_NO_BASE);
		 CASE("nothing lies between");
		 history = drawing_history(*state, &drawing, "D", "D");
		 assert_fine(steps_walk(*state, &history, "D", &reader, &steps));
		 assert_int_equal(steps.count, 0);
		 assert_int_equal(steps.horizon, 0);
		 steps_settle_undone(*state, &steps);
		 assert_null(steps_first_refused(&steps));
		 }

		 static void without_a_deployed_commit_the_root_is_compared_with_nothing(void **state)
		 {
		 static const struct drawn commits[] = {
		{"R", "", A1, G}, {"E", "R", A1 " " B1, U}, {NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, NULL);

		 assert_null(steps.items[0].base);
		 assert_int_equal(steps.items[0].base_parent, 0);
		 assert_fine(steps_judge(*state, TRUST_ALL, &steps, drawing_judge, &drawing));
		 steps_settle_undone(*state, &steps);
		 assert_string_equal(drawing_summary(*state, &steps), "R(R)+ | E(E)!UNSIGNED");
		 }

		 static void trouble_ends_the_walk_and_the_judging(void **state)
		 {
		 static const struct drawn commits[] = {
		{"D", "", A1, U}, {"E", "D", A1 " " B1, G}, {NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct history history = drawing_history(*state, &drawing, "D", "E");
		 struct steps_reader reader = drawing_reader(&drawing);
		 struct steps steps;

		 drawing.fails_at = "E";
		 assert_error(steps_walk(*state, &history, "D", &reader, &steps), ERR_GIT_OBJECT);
		 }

		 static struct error *no_verdict(void *context, struct arena *arena, struct step_commit *commit)
		 {
		 (void)context;
		 (void)commit;
		 return FAIL(arena, KEYRING, .what = "cannot judge", .hint = "Repair it.");
		 }

		 static void no_verdict_means_no_passing(void **state)
		 {
		 static const struct drawn commits[] = {
		{"D", "", A1, U}, {"E", "D", A1 " " B1, G}, {NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, "D");

		 assert_error(steps_judge(*state, TRUST_ALL, &steps, no_verdict, NULL), ERR_KEYRING);
		 assert_false(steps.items[0].passed);
		 }

		 static struct error *good_for_nobody(void *context, struct arena *arena, struct step_commit *commit)
		 {
		 (void)arena;
		 commit->verdict = *(struct verdict *)context;
		 return NULL;
		 }

		 static void a_good_verdict_without_a_person_or_bytes_vouches_for_nothing(void **state)
		 {
		 static const struct drawn commits[] = {
		{"D", "", A1, U}, {"E", "D", A1 " " B1, G}, {NULL, NULL, NULL, U}};
		 struct verdict verdict = {.kind = VERDICT_GOOD, .principal = "ada"};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, "D");

		 assert_fine(steps_judge(*state, TRUST_ALL, &steps, good_for_nobody, &verdict)); /* never parsed */
		 assert_false(steps.items[0].passed || steps.items[0].brought.items[0].vouched);
		 assert_error(steps.items[0].refusal, ERR_NOT_VOUCHED);
		 }

		 static void a_refusal_names_the_commit_and_the_command(void **state)
		 {
		 static const struct drawn commits[] = {{"D", "", A1, U},
		{"x", "D", A1 " " B1, U},
		{"y", "x", A1 " " B1 " " C1, U},
		{"M", "Dy", A1 " " B1 " " C1, G},
		{"N", "M", A1 " " B1, U},
		{"P", "N", A1 " " B1 " " C1, G},
		{NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, "D");
		 struct error *error;

		 assert_fine(steps_judge(*state, TRUST_ALL, &steps, drawing_judge, &drawing));
		 steps_settle_undone(*state, &steps);
		 error = steps.items[0].refusal;
		 assert_string_equal(error->what, "commit 'x' is not signed");
		 assert_string_equal(error->why, "'M' brings it, and 1 more commit that nobody vouches for");
		 assert_contains(error->hint, "git revert -S -m 1 M");
		 assert_string_equal(steps.items[0].refused_at, "verify");
		 error = steps.items[1].refusal;
		 assert_string_equal(error->what, "commit 'N' is not signed");
		 assert_null(error->why);
		 assert_contains(error->hint, "git revert -S N");

		 CASE("and what waits behind it says so");
		 error = steps_behind(*state, &steps, &steps.items[2]);
		 assert_error(error, ERR_BEHIND);
		 assert_string_equal(error->what, "commit 'P' waits behind 'M'");
		 assert_null(steps_behind(*state, &steps, &steps.items[0]));
		 assert_null(steps_behind(*state, &steps, &steps.items[1]));
		 }

		 static void another_stage_may_refuse_and_is_settled_again(void **state)
		 {
		 static const struct drawn commits[] = {{"D", "", A1, U},
		{"E", "D", A1 " " B1, G},
		{"F", "E", A1 " " B1 " " C1, G},
		{NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, "D");

		 assert_fine(steps_judge(*state, TRUST_ALL, &steps, drawing_judge, &drawing));
		 steps_settle_undone(*state, &steps);
		 assert_string_equal(drawing_summary(*state, &steps), "E(E)+ F(F)+ |");
		 steps.items[1].passed = false;
		 steps.items[1].refusal =
		 FAIL((struct arena *)*state, CHECKLIST_MISSING, .what = "cannot accept", .hint = "Tick it.");
		 steps.items[1].refused_at = "check";
		 steps_settle_undone(*state, &steps);
		 assert_string_equal(drawing_summary(*state, &steps), "E(E)+ | F(F)!CHECKLIST_MISSING");
		 assert_fine(steps_judge(*state, TRUST_ALL, &steps, drawing_judge, &drawing));
		 assert_string_equal(steps.items[1].refused_at, "check");
		 }

		 static void what_the_ledger_has_needs_no_voucher(void **state)
		 {
		 static const struct {
			 const char *sentence, *folder;
			 size_t upto;
			 struct drawn commits[4];
			 const char *outcome;
			 bool vouches;
		 } rows[] = {
		{"all that an unsigned step brings", "b", 0,
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1 " b/down.sql=1", U}}, "E(E)+ |", false},
		{"and so does a signed one, which vouches for it", "b", 0,
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, G}}, "E(E)+ |", true},
		{"only a part of it", "b", 0,
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1 " " C1, U}}, "| E(E)!UNSIGNED", false},
		{"only a part of it, and a signed step takes the rest back", "b", 0,
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1 " " C1, U}, {"F", "E", A1 " " B1, G}},
		  "E(E)!UNSIGNED~F F(F)+ |", false},
		{"a folder whose name only begins like it", "b", 0,
		  {{"D", "", A1, U}, {"E", "D", A1 " bb/migration.sql=1", U}}, "| E(E)!UNSIGNED", false},
		{"what a later step changes in it needs one", "b", 0,
		  {{"D", "", A1, U}, {"E", "D", A1 " " B1, U}, {"F", "E", A1 " " B1 " b/down.sql=1", U}},
		  "E(E)+ | F(F)!UNSIGNED", false},
		 };

		 for (size_t i = 0; i < ROWS(rows); i++) {
			 struct drawing drawing = draw(rows[i].commits);
			 struct steps steps;

			 CASE(rows[i].sentence);
			 drawing.count = rows[i].commits[2].id ? 3 : 2;
			 steps = walk(*state, &drawing, "D");
			 steps_settle_folder(&steps, rows[i].upto, rows[i].folder, true);
			 assert_fine(steps_judge(*state, TRUST_ALL, &steps, drawing_judge, &drawing));
			 steps_settle_undone(*state, &steps);
			 assert_string_equal(drawing_summary(*state, &steps), rows[i].outcome);
			 assert_int_equal(step_vouches(&steps.items[0]), rows[i].vouches);
		 }
		 }

		 static void who_set_a_file_last_is_known(void **state)
		 {
		 static const struct drawn commits[] = {
		{"D", "", A1, U}, {"E", "D", A2, G}, {"F", "E", A2 " " B1, G}, {NULL, NULL, NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, "D");
		 const struct step_file *file = NULL;

		 assert_string_equal(steps_last_set(&steps, 2, "a/migration.sql", &file)->id, "E");
		 assert_string_equal(file->path, "a/migration.sql");
		 assert_null(steps_last_set(&steps, 1, "b/migration.sql", &file));
		 assert_string_equal(steps_last_set(&steps, 2, "b/migration.sql", &file)->id, "F");
		 assert_null(steps_last_set(&steps, 2, "a/down.sql", &file));
		 }

		 static void every_commit_is_listed_once_and_only_where_it_matters(void **state)
		 {
		 static const struct drawn commits[] = {
		{"D", "", A1, U},       {"x", "D", A1, U},           {"y", "x", A1, U},     {"E", "Dy", A1, U},
		{"F", "E", A1 " " B1, G}, {"z", "F", A1 " " B1, U}, {"M", "Fz", A1 " " B1 " " C1, G}, {NULL, NULL,
		  NULL, U}};
		 struct drawing drawing = draw(commits);
		 struct steps steps = walk(*state, &drawing, "D");

		 assert_int_equal(steps.count, 3);
		 assert_int_equal(drawing.listed, 5); /* D E F M, and z for what M brings; never x and y */
		 assert_fine(steps_judge(*state, TRUST_ALL, &steps, drawing_judge, &drawing));
		 assert_int_equal(drawing.judged, 2);
		 }

		 int main(void)
		 {
		 const struct CMUnitTest tests[] = {
		 TEST(steps_pass_when_persons_signed_what_they_bring),
		 TEST(the_base_is_what_descends_from_the_deployed_commit),
		 TEST(a_refused_step_can_be_undone),
		 TEST(the_horizon_lies_before_everything_that_is_not_undone_there),
		 TEST(an_unreadable_step_is_refused_and_counts_with_the_next_one),
		 TEST(trust_in_the_branch_verifies_nothing),
		 TEST(a_step_says_what_it_changes_and_against_what),
		 TEST(the_first_parent_is_preferred_and_a_lost_line_halts),
		 TEST(without_a_deployed_commit_the_root_is_compared_with_nothing),
		 TEST(trouble_ends_the_walk_and_the_judging),
		 TEST(no_verdict_means_no_passing),
		 TEST(a_good_verdict_without_a_person_or_bytes_vouches_for_nothing),
		 TEST(a_refusal_names_the_commit_and_the_command),
		 TEST(another_stage_may_refuse_and_is_settled_again),
		 TEST(what_the_ledger_has_needs_no_voucher),
		 TEST(who_set_a_file_last_is_known),
		 TEST(every_commit_is_listed_once_and_only_where_it_matters),
	};
	/* clang-format on */

	return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}

/*
 * Approval and override tags of a run, over a repository and a keyring in memory. What a reader gets wrong: most rows end
 * well, since a tag that is no good is passed over; what shows it is the note.
 */
#include "unit/stages/looking.h"

#include "base/clock.h"
#include "stages/approvals.h"

#define BOB "bob@example.org"
#define ARMOR "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
#define OTHER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct made { /* a tag object; NULL and 0 mean what a good one has */
	const char *name, *object, *type, *message, *armor;
	int64_t when;
	enum verdict_kind kind; /* 0: good */
	const char *principal;  /* NULL: ada */
};

static const char *make_tag(struct pass_world *world, const char *name, const char *commit,
                            const struct made *made)
{
	const char *raw = arena_printf(
		world->arena,
		"object %s\ntype %s\ntag %s\ntagger Ada <ada@example.org> %lld +0000\n\n%s",
		made->object ? made->object : commit, made->type ? made->type : "commit",
		made->name ? made->name : name,
		(long long)(made->when ? made->when : clock_wall() - 60),
		made->message ? made->message : "approved\n");
	const char *id = build_tag(&world->build, (struct bytes){raw, strlen(raw)},
	                           made->armor ? made->armor : ARMOR);

	keyring_memory_script(world->keyring, id, made->kind ? made->kind : VERDICT_GOOD,
	                      made->principal ? made->principal : ADA);
	return id;
}

/* A tag made and pushed under its name. */
static void tag(struct pass_world *world, const char *name, const char *commit,
                const struct made *made)
{
	source_memory_set_ref(world->source, arena_printf(world->arena, "refs/tags/%s", name),
	                      make_tag(world, name, commit, made));
}

static struct run *begun(struct pass_world *world)
{
	struct run *run = pass_world_run(world);

	assert_fine(keyring_digest(run->ports.keyring, run->arena, &run->keys));
	return run;
}

static const char *name_of(struct pass_world *world, const char *kind, const char *commit,
                           const char *end)
{
	return arena_printf(world->arena, "%s/shop/%s/%s", kind, commit, end);
}

static const char *taggers(struct run *run, const char *commit)
{
	struct text_list persons = {0};

	assert_fine(approvals_taggers(run, commit, &persons));
	return text_join(run->arena, &persons, " ");
}

static void persons_who_tagged_a_commit_are_named_once(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = world->head;
	struct run *run;

	tag(world, name_of(world, "approve", commit, "a"), commit, &(struct made){0});
	tag(world, name_of(world, "approve", commit, "b"), commit,
	    &(struct made){.principal = BOB});
	tag(world, name_of(world, "approve", commit, "c"), commit,
	    &(struct made){.message = "again\n"});
	run = begun(world);
	assert_string_equal(taggers(run, commit), ADA " " BOB);
	assert_string_equal(taggers(run, commit), ADA " " BOB);
	assert_string_equal(taggers(run, OTHER), "");
	assert_int_equal(approvals_notes(run, commit)->count, 0);
}

static void a_tag_that_is_no_good_counts_for_nothing_and_says_why(void **state)
{
	static const struct {
		const char *sentence;
		struct made made;
		const char *why;
	} rows[] = {
		{"unsigned", {.armor = "", .kind = VERDICT_UNSIGNED}, "it is unsigned"},
		{"by a stranger", {.kind = VERDICT_UNTRUSTED}, "its signature is untrusted"},
		{"a bad signature", {.kind = VERDICT_BAD}, "its signature is bad"},
		{"a revoked key", {.kind = VERDICT_REVOKED}, "its signature is revoked"},
		{"an expired key", {.kind = VERDICT_EXPIRED}, "its signature is expired"},
		{"x509", {.kind = VERDICT_UNSUPPORTED}, "its signature is unsupported"},
		{"made under another name", {.name = "v1"}, "it was made as 'v1'"},
		{"of another commit", {.object = OTHER}, "it points at another commit"},
		{"of a tag", {.type = "tag"}, "it points at a tag"},
		{"text behind the armor",
	         {.armor = ARMOR "more\n"},
	         "something stands behind its end"},
		{"two armors", {.armor = ARMOR ARMOR}, "more than one armor"},
		{"older than the policy wants", {.when = 1700000000}, "max_signature_age"},
		{"from the future", {.when = 4000000000}, "dated in the future"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *commit = world->head;
		struct run *run;

		CASE(rows[i].sentence);
		world->policy.max_signature_age = 24ull * 3600 * 1000;
		tag(world, name_of(world, "approve", commit, "a"), commit, &rows[i].made);
		tag(world, name_of(world, "approve", commit, "b"), commit,
		    &(struct made){.principal = BOB});
		run = begun(world);
		assert_string_equal(taggers(run, commit), BOB);
		assert_int_equal(approvals_notes(run, commit)->count, 1);
		assert_true(text_starts(
			approvals_notes(run, commit)->items[0],
			arena_printf(world->arena,
		                     "the tag approve/shop/%s/a counts for nothing: ", commit)));
		assert_contains(approvals_notes(run, commit)->items[0], rows[i].why);
	}
}

static void names_of_other_things_count_for_nothing(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = world->head;
	const char *moved = name_of(world, "approve", OTHER, "moved");
	struct run *run;

	source_memory_set_ref(world->source,
	                      arena_printf(world->arena, "refs/tags/%s",
	                                   name_of(world, "approve", commit, "commit")),
	                      commit);
	source_memory_set_ref(world->source,
	                      arena_printf(world->arena, "refs/tags/%s",
	                                   name_of(world, "approve", commit, "file")),
	                      build_blob(&world->build, "no tag"));
	source_memory_set_ref(
		world->source,
		arena_printf(world->arena, "refs/tags/%s", name_of(world, "approve", commit, "x")),
		make_tag(world, moved, commit, &(struct made){0}));
	source_memory_set_ref(world->source,
	                      arena_printf(world->arena, "refs/tags/%s",
	                                   name_of(world, "approve", commit, "gone")),
	                      OTHER);
	source_memory_set_ref(world->source, "refs/tags/approve/shop", commit);
	tag(world, arena_printf(world->arena, "approve/shop-2/%s/a", commit), commit,
	    &(struct made){0});
	tag(world, arena_printf(world->arena, "approve/shop/%s0/a", commit), commit,
	    &(struct made){0});
	tag(world, name_of(world, "override", commit, "a"), commit, &(struct made){0});
	run = begun(world);
	assert_string_equal(taggers(run, commit), "");
	assert_int_equal(approvals_notes(run, commit)->count, 4);
	assert_contains(approvals_notes(run, commit)->items[0], "a plain name of the commit");
}

static void of_many_tags_the_first_64_are_read(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = world->head;
	struct run *run;

	for (int i = 0; i < APPROVALS_MAXIMUM; i++)
		tag(world, name_of(world, "approve", commit, arena_printf(world->arena, "%03d", i)),
		    commit, &(struct made){.kind = VERDICT_UNTRUSTED});
	tag(world, name_of(world, "approve", commit, "zoe"), commit, &(struct made){0});
	run = begun(world);
	assert_string_equal(taggers(run, commit), "");
	assert_int_equal(approvals_notes(run, commit)->count, APPROVALS_MAXIMUM + 1);
	assert_contains(approvals_notes(run, commit)->items[0],
	                "zoe counts for nothing: only the first 64 are read");
}

/* Whoever may push chooses how large tags are, and how many there are. */
static void large_tags_and_many_of_them_cost_little_memory(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = world->head, *long_message;
	char *words = arena_alloc(world->arena, 512 * 1024);
	struct run *run;
	size_t before;

	memset(words, 'x', 512 * 1024 - 1);
	long_message = words;
	for (int i = 0; i < 40; i++)
		tag(world, name_of(world, "approve", commit, arena_printf(world->arena, "%03d", i)),
		    commit, &(struct made){.kind = VERDICT_UNTRUSTED, .message = long_message});
	for (int i = 0; i < 1000; i++)
		source_memory_set_ref(
			world->source,
			arena_printf(world->arena, "refs/tags/approve/shop/%040x/a", (unsigned)i),
			OTHER);
	run = begun(world);
	before = arena_used(run->arena);
	for (int i = 0; i < 500; i++)
		assert_string_equal(
			taggers(run, arena_printf(world->arena, "%040x", 5000 + (unsigned)i)), "");
	assert_in_range(arena_used(run->arena) - before, 1, 4 * 1024 * 1024);
	before = arena_used(run->arena);
	assert_string_equal(taggers(run, commit), "");
	assert_int_equal(approvals_notes(run, commit)->count, 40);
	assert_in_range(arena_used(run->arena) - before, 1, 2 * 1024 * 1024);
}

static void a_remote_that_is_away_is_an_error_that_heals(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = world->head;
	struct text_list persons = {0};
	struct run *run;

	tag(world, name_of(world, "approve", commit, "a"), commit, &(struct made){0});
	run = begun(world);
	source_memory_set_down(world->source, true);
	assert_error(approvals_taggers(run, commit, &persons), ERR_GIT_UNREACHABLE);
	source_memory_set_down(world->source, false);
	assert_string_equal(taggers(run, commit), ADA);
}

static void under_trust_branch_nobody_is_asked(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run = begun(world);

	source_memory_set_down(world->source, true);
	run->ports.keyring = NULL;
	run->keys = NULL;
	assert_string_equal(taggers(run, world->head), "");
}

static void a_withdrawn_commit_has_no_taggers(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = world->head;
	struct run *run;

	tag(world, name_of(world, "approve", commit, "a"), commit, &(struct made){0});
	run = begun(world);
	*LIST_ADD(run->arena, &run->memory.withdrawn) =
		(struct withdrawal){.commit = commit, .by = "ann"};
	assert_string_equal(taggers(run, commit), "");
	assert_contains(approvals_notes(run, commit)->items[0], "the commit was withdrawn");
}

/* Who may override, and a message that lifts until an hour from now. */
static void let_override(struct pass_world *world, const char *person)
{
	struct role *role = LIST_ADD(world->arena, &world->policy.roles);

	role->name = "on-call";
	role->may = 1u << MAY_DEPLOY | 1u << MAY_OVERRIDE;
	*LIST_ADD(world->arena, &role->persons) = person;
}

static const char *lifting(struct pass_world *world, const char *what, int64_t seconds)
{
	return arena_printf(world->arena, "Hotfix\n\nHeadgate-Lift: %s\nHeadgate-Expires: %s\n",
	                    what, clock_iso(world->arena, (clock_wall() + seconds) * 1000000));
}

static void an_override_stands_for_who_may_until_it_expires_or_is_spent(void **state)
{
	static const struct {
		const char *sentence, *person, *may, *lifts;
		int64_t seconds;
		const char *spent_by, *why; /* why NULL: it stands */
	} rows[] = {
		{"it stands", ADA, ADA, "checklist", 3600, NULL, NULL},
		{"nobody may override", ADA, NULL, "checklist", 3600, NULL, ""},
		{"somebody else may", ADA, BOB, "checklist", 3600, NULL,
	         "no role lets 'ada@example.org' override"},
		{"it has expired", ADA, ADA, "checklist", -10, NULL, "it has expired"},
		{"a word of later versions", ADA, ADA, "window", 3600, NULL,
	         "'window' cannot be lifted in this version"},
		{"a run that was done used it", ADA, ADA, "checklist", 3600, "done",
	         "run 7 used it, and it counts once"},
		{"a run that was refused used it", ADA, ADA, "checklist", 3600, "refused",
	         "run 7 used it"},
		{"a run that was superseded used it", ADA, ADA, "checklist", 3600, "superseded",
	         NULL},
		{"an open run uses it", ADA, ADA, "checklist", 3600, "", NULL},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *commit = world->head;
		struct standing_overrides overrides = {0};
		const struct text_list *notes;
		struct run *run;

		CASE(rows[i].sentence);
		if (rows[i].may)
			let_override(world, rows[i].may);
		tag(world, name_of(world, "override", commit, "a"), commit,
		    &(struct made){.principal = rows[i].person,
		                   .message = lifting(world, rows[i].lifts, rows[i].seconds)});
		run = begun(world);
		assert_fine(approvals_overrides(run, commit, &overrides));
		if (rows[i].spent_by) {
			*LIST_ADD(run->arena, &run->memory.overrides_used) = (struct override_used){
				.payload = overrides.items[0].payload,
				.run = 7,
				.outcome = *rows[i].spent_by ? rows[i].spent_by : NULL};
			run->approvals = NULL;
			overrides = (struct standing_overrides){0};
			assert_fine(approvals_overrides(run, commit, &overrides));
		}
		notes = approvals_notes(run, commit);
		assert_int_equal(overrides.count, rows[i].why ? 0 : 1);
		assert_int_equal(notes->count, rows[i].why && *rows[i].why ? 1 : 0);
		if (notes->count)
			assert_contains(notes->items[0], rows[i].why);
		else if (overrides.count)
			assert_string_equal(overrides.items[0].by, rows[i].person);
		assert_string_equal(taggers(run, commit), ""); /* it approves nothing */
	}
}

static void the_checklist_of_a_step_is_lifted_and_said(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit;

	world->policy.checklist = 1u << ITEM_TESTED;
	let_override(world, ADA);
	commit = pass_world_push(world, "a=CREATE a|DROP a", ADA, "Add a");
	assert_error(pass_world_pass(world), ERR_CHECKLIST_MISSING);
	tag(world, name_of(world, "override", commit, "a"), commit,
	    &(struct made){.message = lifting(world, "checklist", 3600)});
	assert_fine(pass_world_pass(world));
	assert_contains(pass_world_status(world, commit), "success: applied 1 migration");
	assert_contains(pass_world_status(world, commit),
	                "; checklist lifted by ada@example.org (override tag)");
	assert_int_equal(pass_world_memory(world).overrides_used.count, 1);
	assert_string_equal(pass_world_memory(world).overrides_used.items[0].outcome, "done");
	assert_string_equal(pass_world_memory(world).overrides_used.items[0].commit, commit);
}

static void an_older_backup_serves_where_every_step_lifts_it(void **state)
{
	static const struct {
		const char *sentence;
		bool first, second; /* of two steps that land together */
		size_t backups;
	} rows[] = {
		{"both steps lift it", true, true, 1},
		{"only one does", true, false, 2},
		{"none does", false, false, 2},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *commits[2];

		CASE(rows[i].sentence);
		let_override(world, ADA);
		pass_world_push(world, "a=CREATE a|DROP a", ADA, "Add a");
		assert_fine(pass_world_pass(world));
		commits[0] =
			pass_world_push(world, "a=CREATE a|DROP a,b=CREATE b|DROP b", ADA, "Add b");
		commits[1] = pass_world_push(
			world, "a=CREATE a|DROP a,b=CREATE b|DROP b,c=CREATE c|DROP c", ADA,
			"Add c");
		for (size_t k = 0; k < 2; k++)
			if (k ? rows[i].second : rows[i].first)
				tag(world, name_of(world, "override", commits[k], "a"), commits[k],
				    &(struct made){.message =
				                           lifting(world, "backup-age=6h", 3600)});
		assert_fine(pass_world_pass(world));
		assert_int_equal(world->backup->takes, rows[i].backups);
		if (rows[i].backups == 1)
			assert_contains(pass_world_status(world, commits[1]),
			                "backup-age=6h lifted by ada@example.org (override tag)");
		assert_int_equal(pass_world_memory(world).overrides_used.count,
		                 rows[i].backups == 1 ? 2 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(persons_who_tagged_a_commit_are_named_once),
		TEST_WORLD(a_tag_that_is_no_good_counts_for_nothing_and_says_why),
		TEST_WORLD(names_of_other_things_count_for_nothing),
		TEST_WORLD(of_many_tags_the_first_64_are_read),
		TEST_WORLD(large_tags_and_many_of_them_cost_little_memory),
		TEST_WORLD(a_remote_that_is_away_is_an_error_that_heals),
		TEST_WORLD(under_trust_branch_nobody_is_asked),
		TEST_WORLD(a_withdrawn_commit_has_no_taggers),
		TEST_WORLD(an_override_stands_for_who_may_until_it_expires_or_is_spent),
		TEST_WORLD(the_checklist_of_a_step_is_lifted_and_said),
		TEST_WORLD(an_older_backup_serves_where_every_step_lifts_it),
	};

	return cmocka_run_group_tests_name("approvals", tests, NULL, NULL);
}

/* Who may do what: roles by pattern, the rule identity, and what a role may not say. */
#include "unit/base/check.h"

#include "adapters/yaml.h"
#include "policy/policy.h"
#include "policy/roles.h"

static struct error *decode(struct arena *arena, const char *text, struct policy *ret_policy)
{
	static const struct document document = {
		.path = "/etc/p.yaml", .folder = "/etc", .noun = "policy"};
	struct node *map = NULL;

	TRY(yaml_read(arena, document.path, (struct bytes){text, strlen(text)}, &map));
	return policy_decode(arena, &document, map, ret_policy);
}

static bool may(const struct policy *policy, const char *person, enum change_kind kind,
                const char *entry)
{
	return roles_allow(policy, person, &(struct change){.kind = kind, .name = entry});
}

static void without_roles_everybody_may_deploy_and_roll_back_and_nobody_override(void **state)
{
	struct policy policy = {0};

	assert_fine(decode(*state, "trust: signed\n", &policy));
	assert_int_equal(policy.roles.count, 0);
	assert_true(may(&policy, "ada", CHANGE_ADDED, "1_a"));
	assert_true(may(&policy, "ada", CHANGE_CHANGED, "1_a"));
	assert_true(may(&policy, "ada", CHANGE_REMOVED, "1_a"));
	assert_false(may(&policy, NULL, CHANGE_ADDED, "1_a"));
	assert_false(roles_may_override(&policy, "ada"));
}

static void the_most_specific_pattern_decides(void **state)
{
	static const char yaml[] = "trust: signed\n"
				   "roles:\n"
				   "  - name: developers\n"
				   "    persons: [ada, bob]\n"
				   "    may: deploy\n"
				   "  - name: lead\n"
				   "    persons: eve\n"
				   "    may: [deploy, rollback, override]\n"
				   "  - name: billing\n"
				   "    persons: [cy]\n"
				   "    paths: [\"*_billing\", \"*_billing_*\"]\n"
				   "  - name: also billing\n"
				   "    persons: [dan]\n"
				   "    may: [rollback]\n"
				   "    paths: [\"*_billing\"]\n"
				   "  - name: lock\n"
				   "    persons: [eve]\n"
				   "    paths: [\"migration_lock.toml\", \"1_?\"]\n";
	static const struct {
		const char *sentence, *person;
		enum change_kind kind;
		const char *entry;
		bool allowed;
	} rows[] = {
		{"a role for all entries", "ada", CHANGE_ADDED, "2_orders", true},
		{"a second person of it", "bob", CHANGE_CHANGED, "2_orders", true},
		{"what the role may not", "ada", CHANGE_REMOVED, "2_orders", false},
		{"another role of the same pattern may", "eve", CHANGE_REMOVED, "2_orders", true},
		{"a person without a role", "zoe", CHANGE_ADDED, "2_orders", false},
		{"a role for other entries", "cy", CHANGE_ADDED, "2_orders", false},
		{"a role for just these", "cy", CHANGE_ADDED, "2_billing", true},
		{"who may all else may not these", "eve", CHANGE_ADDED, "2_billing", false},
		{"of two roles with one pattern each gives", "dan", CHANGE_REMOVED, "2_billing",
	         true},
		{"and no more than it has", "dan", CHANGE_ADDED, "2_billing", false},
		{"the longer pattern of a role", "cy", CHANGE_ADDED, "2_billing_more", true},
		{"the longer pattern takes from the shorter", "dan", CHANGE_REMOVED,
	         "2_billing_more", false},
		{"a loose file by its name", "ada", CHANGE_CHANGED, "migration_lock.toml", false},
		{"whose role names it", "eve", CHANGE_CHANGED, "migration_lock.toml", true},
		{"one character", "eve", CHANGE_ADDED, "1_a", true},
		{"is one, not two", "ada", CHANGE_ADDED, "1_ab", true},
		{"a name is compared byte by byte", "Ada", CHANGE_ADDED, "2_orders", false},
	};
	struct policy policy = {0};

	assert_fine(decode(*state, yaml, &policy));
	assert_int_equal(policy.roles.count, 5);
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_int_equal(may(&policy, rows[i].person, rows[i].kind, rows[i].entry),
		                 rows[i].allowed);
	}
	assert_true(roles_may_override(&policy, "eve"));
	assert_false(roles_may_override(&policy, "ada"));
	assert_false(roles_may_override(&policy, NULL));
}

static void an_entry_that_no_pattern_matches_is_nobodys(void **state)
{
	struct policy policy = {0};

	assert_fine(decode(*state,
	                   "trust: all\nroles: [{name: r, persons: [ada], paths: [\"x*y\"]}]\n",
	                   &policy));
	assert_true(may(&policy, "ada", CHANGE_ADDED, "xy"));
	assert_true(may(&policy, "ada", CHANGE_REMOVED, "x-y-y"));
	assert_false(may(&policy, "ada", CHANGE_ADDED, "x-y-"));
	assert_false(may(&policy, "ada", CHANGE_ADDED, "y"));
}

static void a_role_that_cannot_be_used_is_refused_with_its_line(void **state)
{
#define HEAD "trust: signed\nroles:\n"
	static const struct {
		const char *sentence, *yaml, *says, *line;
	} rows[] = {
		{"an unknown power", HEAD "  - name: r\n    persons: [ada]\n    may: [deplo]\n",
	         "did you mean 'deploy'?", "line 5"},
		{"no persons", HEAD "  - name: r\n    persons: []\n", "has no persons", "line 3"},
		{"persons forgotten", HEAD "  - name: r\n", "missing key 'persons'", ""},
		{"a person that is two words", HEAD "  - name: r\n    persons: [\"ada b\"]\n",
	         "'ada b' is no name of one person", "line 3"},
		{"a wildcard for a person", HEAD "  - name: r\n    persons: [\"*@x.org\"]\n",
	         "is no name of one person", "line 3"},
		{"an empty person", HEAD "  - name: r\n    persons: [\"\"]\n", "shorter", "line 4"},
		{"one name twice",
	         HEAD "  - name: r\n    persons: [a]\n  - name: r\n    persons: [b]\n",
	         "an earlier one has the same name", "line 5"},
		{"nothing that it may", HEAD "  - name: r\n    persons: [a]\n    may: []\n",
	         "it may do nothing", "line 3"},
		{"a path for an entry",
	         HEAD "  - name: r\n    persons: [a]\n    paths: [\"a/b\"]\n",
	         "'a/b' is no pattern", "line 3"},
		{"a set of characters",
	         HEAD "  - name: r\n    persons: [a]\n    paths: [\"[ab]*\"]\n", "is no pattern",
	         "line 3"},
		{"an unknown key", HEAD "  - name: r\n    person: [a]\n    persons: [a]\n",
	         "Did you mean 'persons'?", "line 4"},
		{"a map for a list", "trust: signed\nroles: {name: r}\n", "it is no list",
	         "line 2"},
		{"a word for a role", "trust: signed\nroles: [ada]\n", "entry 1", "line 2"},
		{"where nothing is verified", "trust: branch\nroles: [{name: r, persons: [a]}]\n",
	         "nothing would come of it", "line 2"},
		{"identity where nothing is verified", "trust: branch\nidentity: author\n",
	         "nothing would come of it", "line 2"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct policy policy = {.max_rollback = 99};
		struct error *error = decode(*state, rows[i].yaml, &policy);
		const char *words;

		CASE(rows[i].sentence);
		assert_error(error, ERR_CONFIG);
		words = arena_printf(*state, "%s: %s. %s", error->what,
		                     error->why ? error->why : "", error->hint);
		assert_contains(words, rows[i].says);
		assert_contains(words, rows[i].line);
		assert_contains(words, "/etc/p.yaml");
		assert_int_equal(policy.max_rollback, 99);
	}
}

static const char *roles_yaml(struct arena *arena, size_t roles, size_t persons, size_t paths)
{
	struct text text = TEXT_IN(arena);

	text_add(&text, "trust: signed\nroles:\n");
	for (size_t i = 0; i < roles; i++) {
		text_printf(&text, "  - name: r%zu\n    persons: [", i);
		for (size_t k = 0; k < persons; k++)
			text_printf(&text, "%sp%zu", k ? ", " : "", k);
		text_add(&text, "]\n    paths: [");
		for (size_t k = 0; k < paths; k++)
			text_printf(&text, "%sq%zu", k ? ", " : "", k);
		text_add(&text, "]\n");
	}
	return text_get(&text);
}

static void lists_have_a_maximum(void **state)
{
	static const struct {
		size_t roles, persons, paths;
		const char *says;
	} rows[] = {
		{ROLES_MAXIMUM, 1, 1, NULL},
		{ROLES_MAXIMUM + 1, 1, 1, "more than 100 entries"},
		{1, ROLE_PERSONS_MAXIMUM, 1, NULL},
		{1, ROLE_PERSONS_MAXIMUM + 1, 1, "more than 1000 entries"},
		{1, 1, ROLE_PATTERNS_MAXIMUM, NULL},
		{1, 1, ROLE_PATTERNS_MAXIMUM + 1, "more than 100 paths"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct policy policy = {0};
		struct error *error = decode(
			*state, roles_yaml(*state, rows[i].roles, rows[i].persons, rows[i].paths),
			&policy);

		if (!rows[i].says) {
			assert_fine(error);
			assert_int_equal(policy.roles.count, rows[i].roles);
			assert_int_equal(policy.roles.items[0].persons.count, rows[i].persons);
			continue;
		}
		assert_error(error, ERR_CONFIG);
		assert_contains(error->why, rows[i].says);
	}
}

static void the_signers_name_must_be_the_address_that_the_policy_names(void **state)
{
	static const struct {
		const char *sentence;
		enum identity_rule identity;
		const char *says, *of_tag;
	} rows[] = {
		{"any: the signature is enough", IDENTITY_ANY, NULL, NULL},
		{"the committer's", IDENTITY_COMMITTER,
	         "signed by ada@x, and the committer is bob@x (identity-mismatch)",
	         "signed by ada@x, and the tagger is bob@x (identity-mismatch)"},
		{"the author's", IDENTITY_AUTHOR, NULL,
	         "signed by ada@x, and the tagger is bob@x (identity-mismatch)"},
	};
	const struct commit parsed = {.committer.email = "bob@x", .author.email = "ada@x"};
	const struct step_commit commit = {.parsed = &parsed,
	                                   .verdict = {.kind = VERDICT_GOOD, .principal = "ada@x"}};
	const struct tag tag = {.tagger.email = "bob@x"};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct policy policy = {.identity = rows[i].identity};
		const char *says = roles_identity_objection(*state, &policy, &commit);
		const char *of_tag = roles_tag_objection(*state, &policy, "ada@x", &tag);

		CASE(rows[i].sentence);
		assert_true(text_equal(says, rows[i].says));
		assert_true(text_equal(of_tag, rows[i].of_tag));
		assert_null(roles_tag_objection(*state, &policy, "bob@x", &tag));
	}
}

static void under_all_each_signer_needs_the_role_for_all_of_the_step(void **state)
{
	static const char yaml[] = "trust: all\n"
				   "roles:\n"
				   "  - {name: dev, persons: [ada, bob], may: deploy}\n"
				   "  - {name: lead, persons: [bob]}\n";
	static const struct {
		const char *sentence, *first, *second;
		enum change_kind kind;
		bool passed;
	} rows[] = {
		{"who may", "ada", "bob", CHANGE_ADDED, true},
		{"both may", "bob", "bob", CHANGE_REMOVED, true},
		{"one of two may not", "ada", "bob", CHANGE_REMOVED, false},
		{"a person without a role", "eve", "ada", CHANGE_ADDED, false},
	};
	struct policy policy = {0};

	assert_fine(decode(*state, yaml, &policy));
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct step_commit commits[] = {{.id = "x", .principal = rows[i].first},
		                                {.id = "S", .principal = rows[i].second}};
		struct change change = {.kind = rows[i].kind, .name = "1_a"};
		struct step step = {.id = "S",
		                    .changes = {&change, 1, 1},
		                    .brought = {commits, 2, 2},
		                    .passed = true,
		                    .verified = true};
		struct steps steps = {.items = &step, .count = 1};

		CASE(rows[i].sentence);
		roles_refuse_steps(*state, &policy, &steps);
		assert_int_equal(step.passed, rows[i].passed);
		if (rows[i].passed) {
			assert_null(step.refusal);
			continue;
		}
		assert_error(step.refusal, ERR_NOT_VOUCHED);
		assert_contains(step.refusal->what, rows[i].first);
		assert_string_equal(step.refused_at, "verify");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_roles_everybody_may_deploy_and_roll_back_and_nobody_override),
		TEST(the_most_specific_pattern_decides),
		TEST(an_entry_that_no_pattern_matches_is_nobodys),
		TEST(a_role_that_cannot_be_used_is_refused_with_its_line),
		TEST(lists_have_a_maximum),
		TEST(the_signers_name_must_be_the_address_that_the_policy_names),
		TEST(under_all_each_signer_needs_the_role_for_all_of_the_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

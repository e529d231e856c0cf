/*
 * Policies: the shipped ones say what their comments promise, and what a policy may not say is refused with its line.
 */
#include "unit/base/check.h"

#include "adapters/yaml.h"
#include "base/file.h"
#include "base/hash.h"
#include "model/checklist.h"
#include "policy/policy.h"
#include "ports/backup.h"

#define ALL_ITEMS ((1u << ITEM_COUNT) - 1)

static struct error *decode(struct arena *arena, const char *text, struct policy *ret_policy)
{
	static const struct document document = {
		.path = "/etc/p.yaml", .folder = "/etc", .noun = "policy"};
	struct node *map = NULL;

	TRY(yaml_read(arena, document.path, (struct bytes){text, strlen(text)}, &map));
	return policy_decode(arena, &document, map, ret_policy);
}

static const char *words_of(struct arena *arena, const struct error *error)
{
	return arena_printf(arena, "%s: %s. %s", error->what, error->why ? error->why : "",
	                    error->hint);
}

static struct policy shipped(struct arena *arena, const char *name)
{
	const char *source = getenv("HEADGATE_SOURCE_DIR");
	const char *path = arena_printf(arena, "%s/policies/%s.yaml", source ? source : ".", name);
	struct bytes bytes = {0};
	struct policy policy = {0};

	assert_fine(file_read(arena, path, 65536, &bytes));
	assert_fine(decode(arena, arena_copy(arena, bytes.data, bytes.size), &policy));
	return policy;
}

static void development_asks_for_nothing(void **state)
{
	const struct policy policy = shipped(*state, "development");

	assert_int_equal(policy.trust, TRUST_BRANCH);
	assert_int_equal(policy.backup, BACKUP_NONE);
	assert_int_equal(policy.checklist, 0);
	assert_int_equal(policy.rollback, ROLLBACK_FREE);
	assert_int_equal(policy.late, LATE_ALLOW);
	assert_int_equal(policy.unexplained, UNEXPLAINED_REPORT);
	assert_int_equal(policy.nonatomic, NONATOMIC_ALLOW);
}

static void staging_asks_for_signatures_and_a_backup_but_no_ticks(void **state)
{
	const struct policy policy = shipped(*state, "staging");

	assert_int_equal(policy.trust, TRUST_SIGNED);
	assert_int_equal(policy.threshold, 1);
	assert_int_equal(policy.backup, BACKUP_REQUIRED);
	assert_int_equal(policy.checklist, 0);
	assert_int_equal(policy.rollback, ROLLBACK_FREE);
	assert_int_equal(policy.late, LATE_ALLOW);
	assert_int_equal(policy.nonatomic, NONATOMIC_ALLOW);
}

static void production_asks_for_everything(void **state)
{
	const struct policy policy = shipped(*state, "production");

	assert_int_equal(policy.trust, TRUST_SIGNED);
	assert_int_equal(policy.threshold, 2);
	assert_int_equal(policy.roles.count, 0);
	assert_int_equal(policy.backup, BACKUP_REQUIRED);
	assert_int_equal(policy.backup_scope, BACKUP_DATABASE);
	assert_int_equal(policy.backup_keep, 14);
	assert_int_equal(policy.checklist, ALL_ITEMS);
	assert_int_equal(policy.rollback, ROLLBACK_TRAILER);
	assert_int_equal(policy.max_rollback, 3);
	assert_int_equal(policy.unexplained, UNEXPLAINED_REFUSE);
	assert_int_equal(policy.lock_timeout, 500);
	assert_int_equal(policy.lock_budget, 40 * 60 * 1000);
	assert_int_equal(policy.statement_timeout, 15 * 60 * 1000);
	assert_int_equal(policy.idle_in_transaction_timeout, 60 * 1000);
}

/* Who takes the marks of a comment away has roles that work. */
static void the_roles_in_the_comments_of_production_can_be_used(void **state)
{
	const char *source = getenv("HEADGATE_SOURCE_DIR");
	const char *path =
		arena_printf(*state, "%s/policies/production.yaml", source ? source : ".");
	struct bytes bytes = {0};
	struct text_list lines = {0};
	struct text text = TEXT_IN(*state);
	struct policy policy = {0};
	bool within = false;

	assert_fine(file_read(*state, path, 65536, &bytes));
	text_split(*state, arena_copy(*state, bytes.data, bytes.size), '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];

		within = text_starts(line, "# roles:") || (within && text_starts(line, "#   "));
		text_printf(&text, "%s\n", within ? line + 2 : line);
	}
	assert_fine(decode(*state, text_get(&text), &policy));
	assert_int_equal(policy.roles.count, 3);
	assert_int_equal(policy.roles.items[0].may, 1u << MAY_DEPLOY);
	assert_string_equal(policy.roles.items[2].paths.items[0], "*_billing_*");
}

static void a_policy_that_says_only_its_trust_is_a_careful_one(void **state)
{
	struct policy policy = {0};

	assert_fine(decode(*state, "trust: all\n", &policy));
	assert_int_equal(policy.trust, TRUST_ALL);
	assert_int_equal(policy.backup, BACKUP_REQUIRED);
	assert_int_equal(policy.backup_scope, BACKUP_DATABASE);
	assert_int_equal(policy.backup_keep, 7);
	assert_int_equal(policy.checklist, 0);
	assert_int_equal(policy.late, LATE_ALLOW);
	assert_int_equal(policy.unexplained, UNEXPLAINED_REFUSE);
	assert_int_equal(policy.nonatomic, NONATOMIC_ALLOW);
	assert_int_equal(policy.rollback, ROLLBACK_TRAILER);
	assert_int_equal(policy.max_rollback, 3);
	assert_int_equal(policy.lock_timeout, 500);
	assert_int_equal(policy.lock_budget, 10 * 60 * 1000);
	assert_int_equal(policy.statement_timeout, 15 * 60 * 1000);
	assert_int_equal(policy.idle_in_transaction_timeout, 60 * 1000);
	assert_string_equal(policy.path, "/etc/p.yaml");
}

static void trust_signed_counts_persons_and_forgets_old_signatures(void **state)
{
	struct policy policy = {0};

	assert_fine(
		decode(*state, "trust: signed\nthreshold: 2\nmax_signature_age: 90d\n", &policy));
	assert_int_equal(policy.trust, TRUST_SIGNED);
	assert_int_equal(policy.threshold, 2);
	assert_int_equal(policy.max_signature_age, 90ull * 24 * 60 * 60 * 1000);
	assert_fine(decode(*state, "trust: signed\n", &policy));
	assert_int_equal(policy.threshold, 1);
	assert_int_equal(policy.max_signature_age, 0);
	assert_error(decode(*state, "trust: signed\nthreshold: 0\n", &policy), ERR_CONFIG);
	assert_fine(decode(*state, "trust: tag\nthreshold: 2\nmax_signature_age: 1d\n", &policy));
	assert_int_equal(policy.trust, TRUST_TAG);
	assert_int_equal(policy.threshold, 2);
}

/* Who reads the file would think that two persons are asked. */
static void who_wants_two_persons_must_trust_signed_or_tag(void **state)
{
	struct policy policy = {.max_rollback = 99};

	assert_error(decode(*state, "trust: all\nthreshold: 2\n", &policy), ERR_CONFIG);
	assert_error(decode(*state, "trust: branch\nmax_signature_age: 1d\n", &policy), ERR_CONFIG);
	assert_int_equal(policy.max_rollback, 99);
	assert_fine(decode(*state, "trust: all\nthreshold: 1\n", &policy));
}

static void trust_must_be_written_out(void **state)
{
	struct policy policy = {.max_rollback = 99};
	struct error *error = decode(*state, "late: allow\n", &policy);

	assert_error(error, ERR_CONFIG);
	assert_contains(words_of(*state, error), "missing key 'trust' in policy '/etc/p.yaml'");
	assert_int_equal(policy.max_rollback, 99);
	assert_error(decode(*state, "", &policy), ERR_CONFIG);
}

static void what_a_policy_may_not_say_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *sentence, *yaml, *says, *also;
	} rows[] = {
		{"an unknown key", "trust: all\n\nmax_rolback: 3\n", "line 3", "max_rollback"},
		{"an unknown key of a section", "trust: all\napply:\n  lock_timout: 1s\n", "line 3",
	         "apply.lock_timeout"},
		{"a section that is none", "trust: all\nlate:\n  x: y\n", "line", "late"},
		{"an unknown choice", "trust: al\n", "line 1", "branch"},
		{"an unknown item of the checklist", "trust: all\nchecklist:\n  - testd\n",
	         "line 2", "tested"},
		{"a key without a value", "trust: all\nlate:\n", "late", ""},
		{"a number without digits", "trust: all\nmax_rollback: many\n", "line 2",
	         "0 to 1000"},
		{"a negative number", "trust: all\nmax_rollback: -1\n", "line 2", "0 to 1000"},
		{"more than the maximum", "trust: all\nmax_rollback: 1001\n", "line 2",
	         "0 to 1000"},
		{"no backup to keep", "trust: all\nbackup:\n  keep: 0\n", "line 3", "1 to 10000"},
		{"a duration without a unit", "trust: all\napply:\n  lock_timeout: 500\n", "line 3",
	         "10ms to 1m"},
		{"locks that are waited for too long", "trust: all\napply:\n  lock_timeout: 61s\n",
	         "line 3", "10ms to 1m"},
		{"locks that are not waited for", "trust: all\napply:\n  lock_timeout: 9ms\n",
	         "line 3", "10ms to 1m"},
		{"idle for ever", "trust: all\napply:\n  idle_in_transaction_session_timeout: 0\n",
	         "line 3", "1s to 1h"},
		{"a list where one word belongs", "trust: [all]\n", "line 1", ""},
	};
	struct policy policy;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error = decode(*state, rows[i].yaml, &policy);

		CASE(rows[i].sentence);
		assert_error(error, ERR_CONFIG);
		assert_contains(words_of(*state, error), rows[i].says);
		assert_contains(words_of(*state, error), rows[i].also);
		assert_contains(words_of(*state, error), "/etc/p.yaml");
	}
}

static void the_bounds_themselves_are_allowed(void **state)
{
	static const char *const rows[] = {
		"trust: all\nmax_rollback: 0\n",
		"trust: all\nmax_rollback: 1000\n",
		"trust: all\nbackup: {keep: 10000, rule: none, scope: schema}\n",
		"trust: all\napply: {lock_timeout: 10ms, lock_budget: 1s, statement_timeout: 0}\n",
		"trust: all\napply: {lock_timeout: 1m, lock_budget: 24h, statement_timeout: 24h}\n",
		"trust: branch\nlate: refuse\nunexplained: report\nnonatomic: refuse\nrollback: free\nchecklist: backup\n",
		"trust: all\nbackup:\napply:\n", /* a section without entries is none */
	};
	struct policy policy = {0};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i]);
		assert_fine(decode(*state, rows[i], &policy));
	}
}

static void every_field_can_be_written_as_its_own_reference_says(void **state)
{
	size_t count;
	const struct field *fields = policy_fields(&count);

	for (size_t i = 0; i < count; i++) {
		const char *dot = strchr(fields[i].name, '.');
		const char *value = field_example(&fields[i]);
		const char *line =
			dot ? arena_printf(*state, "%.*s: {%s: %s}\n", (int)(dot - fields[i].name),
		                           fields[i].name, dot + 1, value)
			    : arena_printf(*state, "%s: %s\n", fields[i].name, value);
		struct policy policy = {0};

		CASE(fields[i].name);
		assert_true(strlen(fields[i].sentence) > 20);
		assert_true(text_ends(fields[i].sentence, "."));
		assert_fine(decode(
			*state,
			arena_printf(*state, "%s%s",
		                     text_equal(fields[i].name, "trust") ? "" : "trust: all\n",
		                     line),
			&policy));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(fields[i].name, fields[k].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(development_asks_for_nothing),
		TEST(staging_asks_for_signatures_and_a_backup_but_no_ticks),
		TEST(production_asks_for_everything),
		TEST(the_roles_in_the_comments_of_production_can_be_used),
		TEST(a_policy_that_says_only_its_trust_is_a_careful_one),
		TEST(trust_signed_counts_persons_and_forgets_old_signatures),
		TEST(who_wants_two_persons_must_trust_signed_or_tag),
		TEST(trust_must_be_written_out),
		TEST(what_a_policy_may_not_say_is_refused_with_its_line),
		TEST(the_bounds_themselves_are_allowed),
		TEST(every_field_can_be_written_as_its_own_reference_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

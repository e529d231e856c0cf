/* Targets that have to fit together: ledgers, schemas, and the order that `after` asks for. */
#include "unit/base/check.h"

#include "adapters/yaml.h"
#include "base/text.h"
#include "policy/config.h"

#define TOP "state: state\nrepository: {url: /srv/git/shop}\ntargets:\n"
#define AT(name, url, more)                                                                        \
	"  " name ": {policy: p.yaml, database_url: \"postgresql://agent" url "\"" more "}\n"
#define TARGET(name, more) AT(name, "@db.example/" name, more)

static int setup(void **state)
{
	if (give_place(state))
		return -1;
	write_file(path_of(*state, "p.yaml"), "trust: branch\nbackup: {rule: none}\n", 0644);
	return 0;
}

#define TEST_HERE(name) cmocka_unit_test_setup_teardown(name, setup, take_place)

static struct error *load(struct place *place, const char *yaml, struct config *ret_config)
{
	write_file(path_of(place, "headgate.yaml"), yaml, 0644);
	return config_load(place->arena, path_of(place, "headgate.yaml"), yaml_read, ret_config);
}

static void what_does_not_fit_together_is_refused(void **state)
{
	static const struct {
		const char *sentence, *yaml, *says, *also;
	} rows[] = {
		{"one ledger, spelled in two ways",
	         TOP AT("a", "@db.example/shop", "")
	                 AT("b", "@DB.example:5432/shop?schema=public", ""),
	         "targets 'a' and 'b' have one ledger", "schema 'public' of shop on"},
		{"one ledger, by two names of this machine",
	         TOP AT("a", "@localhost/shop", "") AT("b", "@127.0.0.1/shop", ""),
	         "targets 'a' and 'b' have one ledger", "?schema="},
		{"a schema with two owners",
	         TOP AT("a", "@db.example/shop?schema=a", ", schemas: [a, shared]")
	                 AT("b", "@db.example/shop?schema=b", ", schemas: [b, shared]"),
	         "both own schema 'shared'", "correct 'schemas'"},
		{"the schema of another's ledger",
	         TOP AT("a", "@db.example/shop?schema=a", "")
	                 AT("b", "@db.example/shop?schema=b", ", schemas: [b, a]"),
	         "both own schema 'a'", "line 5"},
		{"after a target that is not there",
	         TOP TARGET("users", "") TARGET("billing", ", after: [user]"),
	         "'billing' comes after 'user', which is no target", "Did you mean 'users'?"},
		{"after a target that is like none",
	         TOP TARGET("users", "") TARGET("billing", ", after: [warehouse]"),
	         "which is no target", "Targets are: users, billing."},
		{"after itself", TOP TARGET("users", ", after: [users]"), "comes after itself",
	         "line 4"},
		{"a ring of two",
	         TOP TARGET("users", ", after: [billing]") TARGET("billing", ", after: [users]"),
	         "users after billing after users", "none of them could ever begin"},
		{"a ring behind one that is not in it",
	         TOP TARGET("a", ", after: [b]") TARGET("b", ", after: [c]")
	                 TARGET("c", ", after: [d]") TARGET("d", ", after: [b]"),
	         "wait for each other: b after c after d after b", ""},
		{"another branch",
	         TOP TARGET("users", ", branch: main")
	                 TARGET("billing", ", branch: next, after: [users]"),
	         "'billing' can never come after 'users'",
	         "'billing' watches branch 'next' and 'users' branch 'main'"},
		{"a branch that is named only once",
	         TOP TARGET("users", ", branch: main") TARGET("billing", ", after: [users]"),
	         "can never come after", "the default branch"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct config config = {0};
		struct error *error;
		const char *words;

		CASE(rows[i].sentence);
		error = load(place, rows[i].yaml, &config);
		assert_error(error, ERR_CONFIG);
		words = arena_printf(place->arena, "%s: %s. %s", error->what,
		                     error->why ? error->why : "", error->hint);
		assert_contains(words, rows[i].says);
		assert_contains(words, rows[i].also);
	}
}

static void the_password_of_a_url_is_in_no_message(void **state)
{
	struct place *place = *state;
	struct config config = {0};
	struct error *error = load(place,
	                           TOP AT("a", ":unheard-of@db.example/shop", "")
	                                   AT("b", "2:unheard-of@db.example/shop", ""),
	                           &config);

	assert_error(error, ERR_CONFIG);
	assert_null(strstr(error_line(place->arena, error), "unheard-of"));
}

static void what_fits_together_is_taken(void **state)
{
	static const struct {
		const char *sentence, *yaml;
	} rows[] = {
		{"two schemas of one database", TOP AT("a", "@db.example/shop?schema=a", "")
	                                                AT("b", "@db.example/shop?schema=b", "")},
		{"one schema in two databases",
	         TOP AT("a", "@db.example/a", "") AT("b", "@db.example/b", "")},
		{"one database on two servers",
	         TOP AT("a", "@one.example/shop", "") AT("b", "@two.example/shop", "")},
		{"one database on two ports",
	         TOP AT("a", "@db.example/shop", "") AT("b", "@db.example:5433/shop", "")},
		{"a URL that cannot be read is somebody else's to tell",
	         TOP AT("a", "@db.example/shop", "") AT("b", "@db.example/shop?sslmode=odd", "")},
		{"a diamond", TOP TARGET("d", ", after: [b, c]") TARGET("b", ", after: [a]")
	                              TARGET("c", ", after: [a]") TARGET("a", "")},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct config config = {0};

		CASE(rows[i].sentence);
		assert_fine(load(*state, rows[i].yaml, &config));
	}
}

static void targets_come_behind_those_that_they_name(void **state)
{
	static const struct {
		const char *sentence, *yaml, *order;
	} rows[] = {
		{"as they are written", TOP TARGET("b", "") TARGET("a", "") TARGET("c", ""),
	         "b a c"},
		{"only who has to moves back",
	         TOP TARGET("billing", ", after: [users]") TARGET("audit", "") TARGET("users", ""),
	         "audit users billing"},
		{"a diamond",
	         TOP TARGET("d", ", after: [b, c]") TARGET("b", ", after: [a]")
	                 TARGET("c", ", after: [a]") TARGET("a", ""),
	         "a b c d"},
		{"a chain, written backwards",
	         TOP TARGET("c", ", after: [b]") TARGET("b", ", after: [a]") TARGET("a", ""),
	         "a b c"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct config config = {0};
		struct text_list names = {0};
		const struct target *const *order;

		CASE(rows[i].sentence);
		assert_fine(load(place, rows[i].yaml, &config));
		order = config_in_order(place->arena, &config);
		for (size_t k = 0; k < config.target_count; k++)
			*LIST_ADD(place->arena, &names) = order[k]->name;
		assert_string_equal(text_join(place->arena, &names, " "), rows[i].order);
	}
}

static void the_example_of_a_monorepo_is_taken(void **state)
{
	struct place *place = *state;
	struct config config = {0};
	const char *source = getenv("HEADGATE_SOURCE_DIR");
	const char *path = arena_printf(place->arena, "%s/deploy/examples/monorepo.yaml",
	                                source ? source : ".");

	assert_fine(config_load(place->arena, path, yaml_read, &config));
	assert_int_equal(config.target_count, 2);
	assert_int_equal(config.targets[1].after.count, 1);
	for (size_t i = 0; i < config.target_count; i++)
		assert_true(config.targets[i].policy->max_backup_age > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_HERE(what_does_not_fit_together_is_refused),
		TEST_HERE(the_password_of_a_url_is_in_no_message),
		TEST_HERE(what_fits_together_is_taken),
		TEST_HERE(targets_come_behind_those_that_they_name),
		TEST_HERE(the_example_of_a_monorepo_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

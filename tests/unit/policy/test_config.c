/*
 * The configuration: one file, its targets and the policies they name. Each test writes real files, since paths, modes
 * and digests are half of it.
 */
#include "unit/base/check.h"

#include "adapters/yaml.h"
#include "base/hash.h"
#include "base/text.h"
#include "policy/config.h"

#define TOP                                                                                        \
	"state: state\nbackups: backups\nrepository: {url: /srv/git/shop}\nkeys: {allowed_signers: keys/signers}\n"
#define SHOP "  shop:\n    database_url: postgresql://localhost/shop\n    policy: p.yaml\n"
#define GOOD TOP "targets:\n" SHOP

static int setup(void **state)
{
	size_t count;
	const struct config_variable *variables = config_variables(&count);

	for (size_t i = 0; i < count; i++)
		(void)unsetenv(variables[i].name);
	if (give_place(state))
		return -1;
	write_file(path_of(*state, "p.yaml"), "trust: all\n", 0644);
	write_file(path_of(*state, "open.yaml"), "trust: branch\nbackup: {rule: none}\n", 0644);
	return 0;
}

#define TEST_HERE(name) cmocka_unit_test_setup_teardown(name, setup, take_place)

static struct error *load(struct place *place, const char *yaml, struct config *ret_config)
{
	write_file(path_of(place, "headgate.yaml"), yaml, 0644);
	return config_load(place->arena, path_of(place, "headgate.yaml"), yaml_read, ret_config);
}

static const char *words_of(struct arena *arena, const struct error *error)
{
	return arena_printf(arena, "%s: %s. %s", error->what, error->why ? error->why : "",
	                    error->hint);
}

static void a_small_configuration_has_good_defaults(void **state)
{
	struct place *place = *state;
	struct config config = {0};
	const struct target *target;

	assert_fine(load(place, GOOD, &config));
	assert_string_equal(config.path, path_of(place, "headgate.yaml"));
	assert_string_equal(config.digest, sha256_text(place->arena, GOOD, strlen(GOOD)));
	assert_string_equal(config.state, path_of(place, "state"));
	assert_string_equal(config.backups, path_of(place, "backups"));
	assert_string_equal(config.keys.allowed_signers, path_of(place, "keys/signers"));
	assert_null(config.keys.revoked);
	assert_int_equal(config.interval, 30000);
	assert_string_equal(config.repository.url, "/srv/git/shop");
	assert_string_equal(config.repository.username, "x-access-token");
	assert_false(config.repository.allow_http);
	assert_string_equal(config.github.api, "https://api.github.com");
	assert_false(config.notes.push);
	assert_int_equal(config.target_count, 1);
	target = config_find_target(&config, "shop");
	assert_non_null(target);
	assert_string_equal(target->database_url, "postgresql://localhost/shop");
	assert_null(target->branch);
	assert_string_equal(target->migrations, "prisma/migrations");
	assert_int_equal(target->schemas.count, 0);
	assert_int_equal(target->report, REPORT_TOUCHED);
	assert_int_equal(target->forges.count, 1);
	assert_string_equal(target->forges.items[0], "notes");
	assert_null(target->details);
	assert_int_equal(target->policy->trust, TRUST_ALL);
	assert_string_equal(target->policy->path, path_of(place, "p.yaml"));
	assert_string_equal(target->policy->digest, sha256_text(place->arena, "trust: all\n", 11));
	assert_null(config_find_target(&config, "sho"));
}

static void many_targets_each_have_their_own_policy(void **state)
{
	struct place *place = *state;
	struct config config = {0};

	assert_fine(load(
		place,
		TOP "targets:\n" SHOP
		    "  shop-dev:\n    database_url_file: dev.url\n    policy: open.yaml\n"
		    "    branch: dev\n    migrations: packages/db/migrations\n    schemas: [a, b]\n"
		    "    report: all\n    forges: []\n    details: https://example.org/x\n",
		&config));
	assert_int_equal(config.target_count, 2);
	assert_string_equal(config.targets[1].name, "shop-dev");
	assert_string_equal(config.targets[1].database_url_file, path_of(place, "dev.url"));
	assert_null(config.targets[1].database_url);
	assert_string_equal(config.targets[1].branch, "dev");
	assert_int_equal(config.targets[1].schemas.count, 2);
	assert_int_equal(config.targets[1].report, REPORT_ALL);
	assert_int_equal(config.targets[1].forges.count, 0);
	assert_int_equal(config.targets[0].policy->trust, TRUST_ALL);
	assert_int_equal(config.targets[1].policy->trust, TRUST_BRANCH);
}

static void what_is_wrong_is_refused_and_says_what_to_write(void **state)
{
	static const struct {
		const char *sentence, *yaml, *says, *also;
	} rows[] = {
		{"an unknown key, with its line", TOP "intervall: 5s\ntargets:\n" SHOP, "line 5",
	         "interval"},
		{"an unknown key of a section", "repository: {ur: x}\n" GOOD, "stands twice", ""},
		{"an unknown key of a target", GOOD "    polcy: x\n", "line 9", "policy"},
		{"'target' for 'targets'", TOP "target:\n" SHOP, "'target'", "targets"},
		{"no state", "repository: {url: /x}\ntargets:\n" SHOP, "state", ""},
		{"no repository", "state: s\ntargets:\n" SHOP, "repository.url", ""},
		{"no targets", TOP, "names no targets", "targets: {"},
		{"an empty list of targets", TOP "targets: {}\n", "names no targets", ""},
		{"targets in a list", TOP "targets:\n  - shop\n", "names no targets", "line 5"},
		{"targets as a word", TOP "targets: shop\n", "names no targets", ""},
		{"a target that is a word", TOP "targets:\n  shop: x\n",
	         "keys with values are expected", "line 6"},
		{"a name with a capital", TOP "targets:\n  Shop: {policy: p.yaml}\n",
	         "'Shop' is no name", "line 6"},
		{"a name with a slash", TOP "targets:\n  a/b: {policy: p.yaml}\n",
	         "no name for a target", ""},
		{"a name that begins with a hyphen", TOP "targets:\n  -a: {policy: p.yaml}\n",
	         "no name for a target", ""},
		{"an empty name", TOP "targets:\n  '': {policy: p.yaml}\n", "no name for a target",
	         ""},
		{"a name of 41 letters",
	         TOP "targets:\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {policy: p.yaml}\n",
	         "no name for a target", "at most 40"},
		{"no database", TOP "targets:\n  shop: {policy: p.yaml}\n",
	         "needs one database URL", "database_url_file"},
		{"two databases", GOOD "    database_url_file: x\n", "needs one database URL",
	         "both given"},
		{"a password command that is looked for",
	         GOOD "    password_command: [vault, read]\n", "'vault' is not an absolute path",
	         "/usr/bin/vault"},
		{"a password command that is no program", GOOD "    password_command: /tmp\n",
	         "password_command of target 'shop'", "/tmp"},
		{"a credential that is a path", GOOD "    database_url_file: credential:a/b\n",
	         "no name of a credential", ""},
		{"no policy", TOP "targets:\n  shop: {database_url: x}\n", "policy", ""},
		{"a policy that is not there",
	         TOP "targets:\n  shop: {database_url: x, policy: q.yaml}\n", "no policy",
	         "q.yaml"},
		{"an absolute path in the repository", GOOD "    migrations: /x\n",
	         "no path in a repository", ""},
		{"a path that climbs", GOOD "    migrations: a/../b\n", "no path in a repository",
	         ""},
		{"a path with an empty part", GOOD "    migrations: a//b\n",
	         "no path in a repository", ""},
		{"a path that ends in a slash", GOOD "    migrations: a/\n",
	         "no path in a repository", ""},
		{"a path that is a dot", GOOD "    migrations: .\n", "no path in a repository", ""},
		{"an unknown forge", GOOD "    forges: [gitlab]\n", "there is no forge 'gitlab'",
	         "notes, github"},
		{"github without its section", GOOD "    forges: github\n", "not configured",
	         "token_file"},
		{"github without a token",
	         "github: {repository: a/b}\n" GOOD "    forges: github\n", "not configured", ""},
		{"an interval that is too short", "interval: 10ms\n" GOOD, "line 1", "1s"},
		{"twins",
	         GOOD "  two:\n    database_url: postgresql://localhost/shop\n    policy: p.yaml\n",
	         "'shop' and 'two' have one database URL", "?schema="},
		{"twins by file",
	         TOP
	         "targets:\n  a: {database_url_file: u, policy: p.yaml}\n  b: {database_url_file: u, policy: p.yaml}\n",
	         "have one database URL", ""},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct config config = {.interval = 77};
		struct error *error = load(place, rows[i].yaml, &config);

		CASE(rows[i].sentence);
		assert_non_null(error);
		assert_int_equal(error->row->exit_status, 64);
		assert_contains(words_of(place->arena, error), rows[i].says);
		assert_contains(words_of(place->arena, error), rows[i].also);
		assert_contains(words_of(place->arena, error), place->folder);
		assert_int_equal(config.interval, 77);
	}
}

static void a_password_command_is_a_program_that_nobody_else_may_write(void **state)
{
	struct place *place = *state;
	const char *program = path_of(place, "vault");
	const char *yaml =
		arena_printf(place->arena, GOOD "    password_command: [%s, a, b c]\n", program);
	struct config config = {0};
	struct error *error;

	assert_fine(load(place, yaml, &config)); /* not installed here: as in CI */
	assert_int_equal(config.targets[0].password_command.count, 3);
	assert_string_equal(config.targets[0].password_command.items[2], "b c");
	write_file(program, "#!/bin/sh\n", 0700);
	assert_fine(load(place, yaml, &config));
	assert_int_equal(chmod(program, 0720), 0);
	error = load(place, yaml, &config);
	assert_error(error, ERR_CONFIG);
	assert_contains(error->why, program);
	assert_contains(error->hint, "chmod go-w");
	assert_int_equal(chmod(program, 0600), 0);
	assert_error(load(place, yaml, &config), ERR_CONFIG); /* it cannot be run */
}

static void a_credential_of_systemd_is_a_file_by_its_name(void **state)
{
	static const char yaml[] =
		"state: s\nkeys: {allowed_signers: 'credential:keys'}\nbackups: b\n"
		"repository: {url: /x, token_file: 'credential:git'}\n"
		"targets:\n  shop:\n    database_url_file: credential:shop.url\n    policy: p.yaml\n";
	struct place *place = *state;
	struct config config = {0};

	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/other.service", 1);
	assert_fine(load(place, yaml, &config));
	assert_string_equal(config.targets[0].database_url_file,
	                    "/run/credentials/other.service/shop.url");
	assert_string_equal(config.repository.token_file, "/run/credentials/other.service/git");
	/* Only what is a secret's file. */
	assert_string_equal(config.keys.allowed_signers, path_of(place, "credential:keys"));
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_fine(load(place, yaml, &config)); /* typed beside the service */
	assert_string_equal(config.targets[0].database_url_file,
	                    "/run/credentials/headgate.service/shop.url");
}

static void a_policy_may_not_ask_for_what_is_not_configured(void **state)
{
	static const struct {
		const char *sentence, *yaml, *says;
	} rows[] = {
		{"trust: all without keys",
	         "state: s\nbackups: b\nrepository: {url: /x}\ntargets:\n" SHOP,
	         "keys: {allowed_signers"},
		{"a backup without a folder",
	         "state: s\nkeys: {allowed_signers: k}\nrepository: {url: /x}\ntargets:\n" SHOP,
	         "backups: FOLDER"},
	};
	struct place *place = *state;
	struct config config = {0};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error = load(place, rows[i].yaml, &config);

		CASE(rows[i].sentence);
		assert_error(error, ERR_CONFIG);
		assert_contains(error->what, "line 5");
		assert_contains(error->hint, rows[i].says);
	}
	assert_fine(load(
		place,
		"state: s\nrepository: {url: /x}\ntargets:\n  dev: {database_url: x, policy: open.yaml}\n",
		&config));
	CASE("OpenPGP keys alone are enough");
	assert_fine(load(
		place,
		"state: s\nkeys: {openpgp: keys/openpgp}\nbackups: b\nrepository: {url: /x}\ntargets:\n" SHOP,
		&config));
	assert_string_equal(config.keys.openpgp, path_of(place, "keys/openpgp"));
	assert_null(config.keys.allowed_signers);
}

static void errors_of_a_policy_name_the_policy(void **state)
{
	struct place *place = *state;
	struct config config = {0};
	struct error *error;

	write_file(path_of(place, "p.yaml"), "trust: all\nlat: allow\n", 0644);
	error = load(place, GOOD, &config);
	assert_error(error, ERR_CONFIG);
	assert_contains(error->what, path_of(place, "p.yaml"));
	assert_contains(error->what, "line 2");
	write_file(path_of(place, "p.yaml"), "trust: all\nroles: [{name: r, persons: []}]\n", 0644);
	assert_contains(words_of(place->arena, load(place, GOOD, &config)), "has no persons");
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	struct place *place = *state;
	struct config config = {0};
	struct error *error;

	assert_fine(load(place, GOOD, &config));
	assert_int_equal(chmod(path_of(place, "p.yaml"), 0646), 0);
	error = load(place, GOOD, &config);
	assert_error(error, ERR_FILE_RIGHTS);
	assert_contains(error->what, path_of(place, "p.yaml"));
	assert_contains(error->hint, "chmod o-w");
	assert_int_equal(chmod(path_of(place, "p.yaml"), 0644), 0);
	assert_int_equal(chmod(path_of(place, "headgate.yaml"), 0602), 0);
	error = config_load(place->arena, path_of(place, "headgate.yaml"), yaml_read, &config);
	assert_error(error, ERR_FILE_RIGHTS);
	assert_contains(error->what, "configuration");
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct place *place = *state;
	struct config config = {0};
	struct error *error =
		config_load(place->arena, path_of(place, "none.yaml"), yaml_read, &config);

	assert_error(error, ERR_CONFIG_MISSING);
	assert_contains(error->what, "none.yaml");
	assert_contains(error->hint, "--config");
}

static void paths_count_from_the_folder_that_the_file_really_lies_in(void **state)
{
	struct place *place = *state;
	struct config config = {0};
	const char *link = path_of(place, "elsewhere/link.yaml");

	write_file(path_of(place, "headgate.yaml"), GOOD, 0644);
	assert_int_equal(mkdir(path_of(place, "elsewhere"), 0755), 0);
	assert_int_equal(symlink(path_of(place, "headgate.yaml"), link), 0);
	assert_fine(config_load(place->arena, link, yaml_read, &config));
	assert_string_equal(config.state, path_of(place, "state"));
}

static void the_environment_overrides_what_is_neither_trust_nor_identity(void **state)
{
	struct place *place = *state;
	struct config config = {0};

	assert_int_equal(setenv("HEADGATE_STATE", "/var/lib/other", 1), 0);
	assert_int_equal(setenv("HEADGATE_INTERVAL", "5s", 1), 0);
	assert_int_equal(setenv("HEADGATE_BACKUPS", "", 1), 0); /* empty counts as not set */
	assert_int_equal(setenv("HEADGATE_REPOSITORY_TOKEN_FILE", "/run/token", 1), 0);
	assert_int_equal(setenv("HEADGATE_GITHUB_TOKEN_FILE", "/run/github", 1), 0);
	assert_int_equal(setenv("HEADGATE_KEYS_ALLOWED_SIGNERS", "/tmp/mine", 1), 0);
	assert_int_equal(setenv("HEADGATE_REPOSITORY_URL", "/tmp/mine", 1), 0);
	assert_fine(load(place, GOOD, &config));
	assert_string_equal(config.state, "/var/lib/other");
	assert_int_equal(config.interval, 5000);
	assert_string_equal(config.backups, path_of(place, "backups"));
	assert_string_equal(config.repository.token_file, "/run/token");
	assert_string_equal(config.repository.url, "/srv/git/shop");
	assert_string_equal(config.github.token_file,
	                    "/run/github"); /* a section that the file has not */
	assert_string_equal(config.keys.allowed_signers, path_of(place, "keys/signers"));
	assert_int_equal(setenv("HEADGATE_INTERVAL", "soon", 1), 0);
	assert_error(load(place, GOOD, &config), ERR_CONFIG);
}

static void a_wrong_variable_names_itself(void **state)
{
	struct place *place = *state;
	struct config config = {0};

	assert_int_equal(setenv("HEADGATE_INTERVAL", "soon", 1), 0);
	assert_contains(words_of(place->arena, load(place, GOOD, &config)), "'soon'");
}

static bool is_field(const char *name)
{
	size_t count;
	const struct field *fields = config_fields(&count);

	for (size_t i = 0; i < count; i++)
		if (text_equal(fields[i].name, name))
			return true;
	return false;
}

static void every_variable_overrides_a_field_and_none_that_decides(void **state)
{
	static const char *const never[] = {"keys.allowed_signers", "keys.revoked", "keys.openpgp",
	                                    "repository.url"};
	size_t count;
	const struct config_variable *variables = config_variables(&count);

	(void)state;
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		CASE(variables[i].name);
		assert_true(text_starts(variables[i].name, "HEADGATE_"));
		assert_true(is_field(variables[i].field));
		for (size_t k = 0; k < ROWS(never); k++)
			assert_string_not_equal(variables[i].field, never[k]);
	}
}

static void check_fields(const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CASE(fields[i].name);
		assert_true(strlen(fields[i].sentence) > 20);
		assert_true(text_ends(fields[i].sentence, "."));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(fields[i].name, fields[k].name);
	}
}

static void every_field_has_a_sentence_and_a_name_of_its_own(void **state)
{
	size_t count;
	const struct field *fields = config_fields(&count);

	(void)state;
	check_fields(fields, count);
	fields = target_fields(&count);
	check_fields(fields, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_HERE(a_small_configuration_has_good_defaults),
		TEST_HERE(many_targets_each_have_their_own_policy),
		TEST_HERE(what_is_wrong_is_refused_and_says_what_to_write),
		TEST_HERE(a_password_command_is_a_program_that_nobody_else_may_write),
		TEST_HERE(a_credential_of_systemd_is_a_file_by_its_name),
		TEST_HERE(a_policy_may_not_ask_for_what_is_not_configured),
		TEST_HERE(errors_of_a_policy_name_the_policy),
		TEST_HERE(a_file_that_others_may_write_is_refused),
		TEST_HERE(a_file_that_is_not_there_is_named),
		TEST_HERE(paths_count_from_the_folder_that_the_file_really_lies_in),
		TEST_HERE(the_environment_overrides_what_is_neither_trust_nor_identity),
		TEST_HERE(a_wrong_variable_names_itself),
		TEST_HERE(every_variable_overrides_a_field_and_none_that_decides),
		TEST_HERE(every_field_has_a_sentence_and_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

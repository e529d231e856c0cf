/*
 * The way into a database without a database: the URL's file, the password's command, and what libpq is given. No error
 * may hold what a command wrote.
 */
#include "unit/base/check.h"

#include "adapters/database_access.h"
#include "base/file.h"
#include "base/text.h"

#define URL "postgresql://u@db.example/shop"

static void script(const struct place *place, const char *text)
{
	write_file(path_of(place, "vault"), arena_printf(place->arena, "#!/bin/sh\n%s\n", text),
	           0700);
}

static struct database_access access_of(const struct place *place, const char *url)
{
	struct database_access access = {.url = url};

	*LIST_ADD(place->arena, &access.password_command) = path_of(place, "vault");
	*LIST_ADD(place->arena, &access.password_command) = "an argument";
	return access;
}

static struct error *open_it(const struct place *place, struct database_url *ret_url)
{
	const struct database_access access = access_of(place, URL);

	return database_access_open(place->arena, &access, UINT64_MAX, ret_url);
}

static void a_command_prints_the_password(void **state)
{
	static const struct {
		const char *text, *password, *sentence;
	} rows[] = {
		{"echo S3CRET", "S3CRET", "one line"},
		{"printf S3CRET", "S3CRET", "without its end"},
		{"printf ' S3C RET \\n'", " S3C RET ", "blanks belong to it"},
		{"printf '%s' \"$1\"", "an argument", "it has its arguments"},
		{"echo ${HOME-none}.${PGPASSWORD-none}", "none.none", "and an empty environment"},
		{"printf 'S3CRET\\r\\n'", "S3CRET\r", "one line end is taken away, and no more"},
	};
	const struct place *place = *state;

	setenv("PGPASSWORD", "x", 1);
	setenv("HOME", "/", 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct database_url url;

		CASE(rows[i].sentence);
		script(place, rows[i].text);
		assert_fine(open_it(place, &url));
		assert_string_equal(secret_reveal(url.password), rows[i].password);
	}
}

static void a_command_that_fails_is_tried_again_and_never_quoted(void **state)
{
	static const struct {
		const char *text, *why, *sentence;
	} rows[] = {
		{"echo S3CRET; echo S3CRET >&2; exit 3", "exit status 3", "it fails"},
		{"kill -SEGV $$", "signal 11", "it crashes"},
		{"true", "printed nothing", "nothing"},
		{"echo", "printed nothing", "an empty line"},
		{"echo S3CRET; echo S3CRET", "more than one line", "two lines"},
		{"printf 'S3C\\0RET'", "NUL", "a NUL byte"},
		{"head -c 5000 /dev/zero | tr '\\0' S", "4096 bytes", "too much"},
	};
	const struct place *place = *state;
	struct database_url url = {.user = "untouched"};
	struct error *error;

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		script(place, rows[i].text);
		error = open_it(place, &url);
		assert_error(error, ERR_DB_PASSWORD);
		assert_int_equal(error->row->reaction, REACT_RETRY);
		assert_contains(error->what, path_of(place, "vault"));
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error_line(place->arena, error), "S3C"));
		assert_null(strstr(error_line(place->arena, error), "argument"));
		assert_string_equal(url.user, "untouched");
	}
	assert_int_equal(unlink(path_of(place, "vault")), 0);
	error = open_it(place, &url);
	assert_error(error, ERR_DB_PASSWORD);
	assert_contains(error->why, "no such program");
}

static void a_command_that_does_not_end_is_given_up(void **state)
{
	const struct place *place = *state;
	const struct database_access access = access_of(place, URL);
	struct database_url url;
	struct error *error;

	script(place, "echo S3CRET; echo S3CRET >&2; exec sleep 30");
	error = database_access_open(place->arena, &access, 300, &url);
	assert_error(error, ERR_DB_PASSWORD);
	assert_contains(error->why, "in its time");
	assert_null(strstr(error_line(place->arena, error), "S3C"));
}

static void a_program_that_others_may_write_is_not_run(void **state)
{
	const struct place *place = *state;
	struct database_url url;

	script(place, "touch \"$0.was_run\"; echo x");
	assert_int_equal(chmod(path_of(place, "vault"), 0702), 0);
	assert_error(open_it(place, &url), ERR_FILE_RIGHTS);
	assert_false(file_exists(path_of(place, "vault.was_run")));
}

static void two_passwords_are_one_too_many(void **state)
{
	const struct place *place = *state;
	const struct database_access access = access_of(place, "postgresql://u:S3CRET@h/d");
	struct database_url url;
	struct error *error;

	script(place, "echo x");
	error = database_access_open(place->arena, &access, UINT64_MAX, &url);
	assert_error(error, ERR_DB_URL);
	assert_contains(error->why, "password_command");
	assert_null(strstr(error_line(place->arena, error), "S3C"));
}

static void looking_runs_no_command(void **state)
{
	const struct place *place = *state;
	const struct database_access access = access_of(place, URL);
	struct database_url url;

	script(place, "touch \"$0.was_run\"; echo x");
	assert_fine(database_access_look(place->arena, &access, &url));
	assert_string_equal(url.database, "shop");
	assert_null(url.password);
	assert_int_equal(access_of(place, URL).password_command.count, 2);
	assert_false(file_exists(path_of(place, "vault.was_run")));
}

static void file_and_command_are_asked_again_each_time(void **state)
{
	const struct place *place = *state;
	struct database_access access = access_of(place, NULL);
	struct database_url url;

	access.url_file = path_of(place, "url");
	script(place, "cat \"${0%/*}/password\"");
	write_file(path_of(place, "url"), URL "\n", 0600);
	write_file(path_of(place, "password"), "one\n", 0600);
	assert_fine(database_access_open(place->arena, &access, UINT64_MAX, &url));
	assert_string_equal(secret_reveal(url.password), "one");
	write_file(path_of(place, "url"), "postgresql://v@h/d\n", 0600);
	write_file(path_of(place, "password"), "two\n", 0600);
	assert_fine(database_access_open(place->arena, &access, UINT64_MAX, &url));
	assert_string_equal(secret_reveal(url.password), "two");
	assert_string_equal(url.user, "v");
	assert_int_equal(chmod(path_of(place, "url"), 0644), 0);
	assert_error(database_access_open(place->arena, &access, UINT64_MAX, &url),
	             ERR_FILE_RIGHTS);
}

/* The last of its pairs, as libpq has it. */
static const char *parameter(const struct text_list *keywords, const struct text_list *values,
                             const char *name)
{
	const char *value = NULL;

	assert_int_equal(keywords->count, values->count);
	for (size_t i = 0; i < keywords->count; i++) {
		if (text_equal(keywords->items[i], name))
			value = values->items[i];
	}
	return value;
}

static void nothing_is_left_to_files_of_the_home_folder(void **state)
{
	static const char *const rows[][2] = {
		{"host", "db.example"},
		{"port", "5432"},
		{"dbname", "shop"},
		{"user", "u"},
		{"application_name", "name"},
		{"connect_timeout", "10"},
		{"sslmode", "verify-full"},
		{"passfile", "/dev/null/none"},
		{"sslcert", "/dev/null/none"},
		{"sslkey", "/dev/null/none"},
		{"sslcrl", "/dev/null/none"},
		{"gssencmode", "disable"},
		{"keepalives_idle", "30"},
		{"tcp_user_timeout", "60000"},
	};
	const struct place *place = *state;
	struct text_list keywords, values;
	struct database_url url;

	assert_fine(database_url_parse(place->arena, URL, TLS_VERIFY, &url));
	database_access_parameters(place->arena, &url, "name", &keywords, &values);
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i][0]);
		assert_string_equal(parameter(&keywords, &values, rows[i][0]), rows[i][1]);
	}
	assert_null(parameter(&keywords, &values, "password"));
	assert_fine(database_url_parse(place->arena, URL "?sslcert=/c&sslkey=/k&connect_timeout=3",
	                               TLS_VERIFY, &url));
	database_access_parameters(place->arena, &url, "name", &keywords, &values);
	assert_string_equal(parameter(&keywords, &values, "sslcert"), "/c");
	assert_string_equal(parameter(&keywords, &values, "sslkey"), "/k");
	assert_string_equal(parameter(&keywords, &values, "connect_timeout"), "3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_PLACE(a_command_prints_the_password),
		TEST_IN_PLACE(a_command_that_fails_is_tried_again_and_never_quoted),
		TEST_IN_PLACE(a_command_that_does_not_end_is_given_up),
		TEST_IN_PLACE(a_program_that_others_may_write_is_not_run),
		TEST_IN_PLACE(two_passwords_are_one_too_many),
		TEST_IN_PLACE(looking_runs_no_command),
		TEST_IN_PLACE(file_and_command_are_asked_again_each_time),
		TEST_IN_PLACE(nothing_is_left_to_files_of_the_home_folder),
	};

	return cmocka_run_group_tests_name("database access", tests, NULL, NULL);
}

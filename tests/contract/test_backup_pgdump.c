/*
 * The real thing: the contract, what comes back when a backup is restored, who may read what, and what is kept. How it
 * fails is in test_backup_pgdump_faults.c.
 */
#include "contract/backup_contract.h"
#include "contract/backup_place.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/node.h"
#include "base/process.h"
#include "base/text.h"
#include "unit/base/check.h"

static struct backup_place place;

static struct backup *open_with(struct arena *arena, const struct backup_pgdump_options *options)
{
	struct backup *backup = NULL;

	assert_fine(backup_pgdump_open(arena, options, &backup));
	return backup;
}

static int start(void **state)
{
	backup_place_reset(&place);
	backup_place_script_off(&place);
	return give_arena(state);
}

static struct backup_made take(struct arena *arena, const struct backup_pgdump_options *options,
                               const struct backup_request *request)
{
	struct backup_made made = {0};

	assert_fine(backup_take(open_with(arena, options), request, NULL, arena, &made));
	return made;
}

/* Runs the line as a person would, with the right programs first in the path. */
static void run_line(struct arena *arena, const char *line)
{
	struct process_result result = {0};
	const char *script = arena_printf(arena, "PATH=%s:$PATH; %s", place.real, line);

	assert_fine(process_run(
		arena,
		&(struct process){.program = "/bin/sh",
	                          .arguments = (const char *const[]){"-c", script, NULL},
	                          .deadline_ms = 60000},
		&result));
	if (result.status)
		fail_msg("%s: %s", line, result.complaint);
}

static const char *restored(struct arena *arena, const struct backup_made *made)
{
	run_line(arena, backup_restore_line(open_with(arena, &place.options), made->file,
	                                    made->scope, arena));
	return arena_printf(arena, "%s_restored", place.database);
}

static void drop(struct arena *arena, const char *database)
{
	(void)backup_place_sql(&place, "postgres",
	                       arena_printf(arena, "DROP DATABASE %s", database));
}

static void the_restore_line_brings_every_row_back(void **state)
{
	static const char sums[] =
		"SELECT count(*), md5(string_agg(i::text, ',' ORDER BY id)) FROM item i";
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(41);
	struct backup_made made = take(arena, &place.options, &request);
	const char *copy = restored(arena, &made);

	assert_string_equal(backup_place_sql(&place, copy, sums),
	                    backup_place_sql(&place, place.database, sums));
	assert_string_equal(backup_place_sql(&place, copy, "SELECT target FROM headgate.deployed"),
	                    "shop");
	assert_string_equal(backup_place_sql(&place, copy, "SELECT id FROM other.item"), "1");
	drop(arena, copy);
}

static void the_scope_schema_holds_those_schemas_and_ours(void **state)
{
	struct arena *arena = *state;
	const char *names[] = {"public", "we\"ird.*"};
	struct text_list schemas = {.items = names, .count = 2, .room = 2};
	struct backup_request request = backup_place_request(41);
	struct backup_made made;
	const char *copy;

	request.scope = BACKUP_SCHEMA;
	request.schemas = &schemas;
	made = take(arena, &place.options, &request);
	copy = restored(arena, &made);
	assert_int_equal(made.scope, BACKUP_SCHEMA);
	assert_string_equal(
		backup_place_sql(
			&place, copy,
			"SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace "
			"WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"),
		"headgate public we\"ird.*");
	assert_string_equal(backup_place_sql(&place, copy, "SELECT count(*) FROM item"), "20000");
	drop(arena, copy);
}

static void schemas_that_are_not_there_yet_are_no_obstacle(void **state)
{
	struct arena *arena = *state;
	const char *names[] = {"not_yet"};
	struct text_list schemas = {.items = names, .count = 1, .room = 1};
	struct backup_request request = backup_place_request(41);

	request.scope = BACKUP_SCHEMA;
	request.schemas = &schemas;
	(void)backup_place_sql(&place, place.database, "ALTER SCHEMA headgate RENAME TO hidden");
	assert_true(take(arena, &place.options, &request).size > 0);
	(void)backup_place_sql(&place, place.database, "ALTER SCHEMA hidden RENAME TO headgate");
}

static void nobody_else_may_read_it(void **state)
{
	static const char *const names[] = {"", "shop.41.dump", "shop.41.roles.sql",
	                                    "shop.41.json"};
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(41);
	struct stat stat_of;
	mode_t before = umask(0);

	(void)take(arena, &place.options, &request);
	(void)umask(before);
	for (size_t i = 0; i < ROWS(names); i++) {
		assert_int_equal(stat(path_join(arena, place.folder, names[i]), &stat_of), 0);
		assert_int_equal(stat_of.st_mode & 0777, S_ISDIR(stat_of.st_mode) ? 0700 : 0600);
	}
}

static void the_manifest_says_what_it_is(void **state)
{
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(41);
	struct backup_made made = take(arena, &place.options, &request);
	struct bytes bytes;
	const struct node *map;
	const char *why;

	assert_fine(
		file_read(arena, path_join(arena, place.folder, "shop.41.json"), 65536, &bytes));
	map = node_from_json(arena, bytes.data, bytes.size, &why);
	assert_string_equal(node_find_text(map, "format"), "headgate backup 1");
	assert_string_equal(node_find_text(map, "target"), "shop");
	assert_int_equal(node_find_number(map, "run", 0), 41);
	assert_string_equal(node_find_text(map, "sha256"), made.sha256);
	assert_string_equal(node_find_text(map, "file"), "shop.41.dump");
	assert_string_equal(node_find_text(map, "scope"), "database");
	assert_contains(node_find_text(map, "database"), place.database);
	assert_contains(node_find_text(map, "tool"), "pg_dump (PostgreSQL) 15.");
	assert_fine(file_read(arena, made.file, 1 << 26, &bytes));
	assert_string_equal(made.sha256, sha256_text(arena, bytes.data, bytes.size));
}

static bool serves(struct arena *arena, const struct backup_pgdump_options *options,
                   const struct backup_request *request)
{
	struct backup_made made = {0};
	bool found = false;

	assert_fine(backup_find_recent(open_with(arena, options), request, arena, &found, &made));
	return found;
}

static void it_serves_nobody_who_may_mean_another_database(void **state)
{
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(41);
	struct backup_pgdump_options other = place.options;
	const char *manifest = path_join(arena, place.folder, "shop.41.json");
	const char *line;
	struct bytes bytes;

	request.database_id = "7001";
	(void)take(arena, &place.options, &request);
	request.run = 42;
	request.max_age_ms = 60000;
	assert_true(serves(arena, &place.options, &request));
	other.url = arena_printf(arena, "%s_2", place.url);
	assert_false(serves(arena, &other, &request)); /* another database of the server */
	other = place.options;
	other.journal = "3f2a9c1b-0000-4000-8000-000000000000";
	assert_false(serves(arena, &other, &request)); /* a run of that number of another journal */

	assert_fine(file_read(arena, manifest, 65536, &bytes));
	line = strstr(bytes.data, "\"identity\"");
	assert_non_null(line);
	write_file(manifest, /* as one that was written before there was such a line */
	           arena_printf(arena, "%.*s\"entity\"%s", (int)(line - bytes.data), bytes.data,
	                        line + strlen("\"identity\"")),
	           0600);
	assert_false(serves(arena, &place.options, &request));
}

static void roles_go_with_it_without_their_passwords(void **state)
{
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(41);
	struct backup_made made;
	struct bytes bytes;

	(void)backup_place_sql(&place, "postgres",
	                       "CREATE ROLE backup_told LOGIN PASSWORD 'unheard-of'");
	made = take(arena, &place.options, &request);
	(void)backup_place_sql(&place, "postgres", "DROP ROLE backup_told");
	assert_non_null(made.roles);
	assert_fine(file_read(arena, made.roles, 1 << 20, &bytes));
	assert_contains(bytes.data, "CREATE ROLE backup_told");
	assert_null(strstr(bytes.data, "PASSWORD '"));
	assert_null(strstr(bytes.data, "SCRAM"));
}

static void without_pg_dumpall_it_says_why_there_are_no_roles(void **state)
{
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(41);
	struct backup_made made;
	const char *path = path_join(arena, place.programs, "pg_dumpall");

	assert_int_equal(rename(path, arena_printf(arena, "%s-away", path)), 0);
	made = take(arena, &place.options, &request);
	assert_int_equal(rename(arena_printf(arena, "%s-away", path), path), 0);
	assert_null(made.roles);
	assert_contains(made.roles_why, "not installed");
}

static void a_password_is_in_no_command_line_and_no_file(void **state)
{
	struct arena *arena = *state;
	const char *url_file = path_join(arena, place.scratch, "url");
	const char *seen_file = path_join(arena, place.programs, "seen");
	struct backup_pgdump_options options = place.options;
	struct backup_request request = backup_place_request(41);
	struct backup_made made = {0};
	struct backup *backup;
	struct bytes seen;

	options.url = NULL;
	options.url_file = url_file;
	backup = open_with(arena, &options);
	(void)backup_place_sql(
		&place, "postgres",
		"DROP ROLE IF EXISTS with_password; CREATE ROLE with_password LOGIN SUPERUSER PASSWORD 'first'");
	backup_place_script(
		&place,
		"echo \"$@\" >>\"$HERE/seen\"; env >>\"$HERE/env\"; exec \"$REAL/pg_dump\" \"$@\"");
	for (int i = 0; i < 2; i++) { /* the password is changed between two backups */
		const char *password = i ? "n@w'one\\" : "first";

		if (i)
			(void)backup_place_sql(&place, "postgres",
			                       "ALTER ROLE with_password PASSWORD E'n@w''one\\\\'");
		write_file(url_file,
		           arena_printf(arena, "postgresql://with_password:%s@127.0.0.1:%s/%s\n",
		                        i ? "n%40w%27one%5C" : "first",
		                        getenv("HEADGATE_TEST_PGPORT"), place.database),
		           0600);
		request.run = 41 + i;
		assert_fine(backup_take(backup, &request, NULL, arena, &made));
		assert_fine(
			file_read(arena, path_join(arena, place.programs, "env"), 1 << 20, &seen));
		assert_contains(seen.data, arena_printf(arena, "PGPASSWORD=%s", password));
	}
	assert_fine(file_read(arena, seen_file, 1 << 20, &seen));
	assert_contains(seen.data, "user='with_password'");
	assert_null(strstr(seen.data, "first"));
	assert_null(strstr(seen.data, "n@w"));
	assert_fine(file_read(arena, path_join(arena, place.folder, "shop.41.json"), 65536, &seen));
	assert_null(strstr(seen.data, "first"));
	assert_null(strstr(backup_restore_line(backup, made.file, made.scope, arena), "n@w"));
	(void)unlink(path_join(arena, place.programs, "env"));
	(void)backup_place_sql(&place, "postgres", "DROP ROLE with_password");
}

static void runs_of_another_journal_are_not_ours(void **state)
{
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(1);
	struct backup_pgdump_options one = place.options, other = place.options;
	bool found = true;
	struct backup_made made = {0};

	one.journal = "3f2a9c1b-0000-4000-8000-000000000000";
	other.journal = "aaaaaaaa-0000-4000-8000-000000000000";
	assert_string_equal(take(arena, &one, &request).file,
	                    path_join(arena, place.folder, "shop.1.3f2a9c1b.dump"));
	assert_fine(backup_find(open_with(arena, &other), "shop", 1, arena, &found, &made));
	assert_false(found);
	assert_false(take(arena, &other, &request).again);
	assert_true(take(arena, &one, &request).again);
}

static void only_what_is_ours_is_swept(void **state)
{
	static const char *const foreign[] = {"shop.txt",           "shop.9.dump.gz",
	                                      "shop.old.dump",      "shop-2.9.dump",
	                                      ".shop-2.9.dump.new", "shop.9.zzzzzzzz.dump"};
	static const char *const left_behind[] = {
		".shop.7.dump.new", "shop.9.dump", "shop.9.roles.sql",
		".shop.8.json.0123456789abcdef.new", "shop.9.01234567.dump"};
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(41);

	assert_fine(folder_private(arena, place.folder));
	for (size_t i = 0; i < ROWS(foreign); i++)
		write_file(path_join(arena, place.folder, foreign[i]), "x", 0600);
	for (size_t i = 0; i < ROWS(left_behind); i++)
		write_file(path_join(arena, place.folder, left_behind[i]), "x", 0600);
	(void)take(arena, &place.options, &request);
	for (size_t i = 0; i < ROWS(foreign); i++) {
		if (!file_exists(path_join(arena, place.folder, foreign[i])))
			fail_msg("'%s' is gone", foreign[i]);
	}
	for (size_t i = 0; i < ROWS(left_behind); i++) {
		if (file_exists(path_join(arena, place.folder, left_behind[i])))
			fail_msg("'%s' is still there", left_behind[i]);
	}
}

static void the_new_one_stays_although_older_runs_have_higher_numbers(void **state)
{
	struct arena *arena = *state;
	struct backup_request request = backup_place_request(900);

	(void)take(arena, &place.options, &request);
	request.run = 901;
	(void)take(arena, &place.options, &request);
	request.run = 1;
	request.keep = 2;
	(void)take(arena, &place.options, &request);
	assert_string_equal(
		backup_place_names(&place),
		"shop.1.dump shop.1.json shop.1.roles.sql shop.901.dump shop.901.json shop.901.roles.sql");
}

static void the_programs_are_found_by_the_servers_version(void **state)
{
	struct arena *arena = *state;
	struct backup_pgdump_options options = place.options;
	struct backup_request request = backup_place_request(41);

	options.programs = NULL;
	assert_contains(take(arena, &options, &request).tool, "pg_dump (PostgreSQL) 15.");
	request.run = 42;
	request.server_version_num = 140005; /* an older server: a newer pg_dump is allowed */
	assert_contains(take(arena, &options, &request).tool, "pg_dump (PostgreSQL) 1");
}

/* ---- the contract ---- */

static struct backup *subject_open(struct backup_subject *subject, struct arena *arena)
{
	(void)subject;
	return open_with(arena, &place.options);
}

static void subject_reset(struct backup_subject *subject)
{
	(void)subject;
	backup_place_reset(&place);
	backup_place_script_off(&place);
}

static void subject_damage(struct backup_subject *subject, const struct backup_made *made)
{
	int fd = open(made->file, O_RDWR | O_CLOEXEC);
	char byte;

	(void)subject;
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)made->size / 2), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)made->size / 2), 1);
	assert_int_equal(close(fd), 0);
}

static void subject_break(struct backup_subject *subject)
{
	(void)subject;
	backup_place_script(
		&place,
		"[ \"$1\" = --version ] || [ -e \"$HERE/broken\" ] || { touch \"$HERE/broken\"; "
		"\"$REAL/pg_dump\" \"$@\" | head -c 1000; exit 1; }\nexec \"$REAL/pg_dump\" \"$@\"");
	(void)unlink(path_join(place.arena, place.programs, "broken"));
}

static bool subject_is_tidy(struct backup_subject *subject, size_t count)
{
	struct text_list names;
	size_t manifests = 0;

	(void)subject;
	text_split(place.arena, backup_place_names(&place), ' ', &names);
	for (size_t i = 0; i < names.count; i++)
		manifests += text_ends(names.items[i], ".json");
	return manifests == count &&
	       names.count == (count ? 3 * count : 1); /* nothing splits into one empty piece */
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct backup_subject subject = {
		.name = "backup contract: pgdump",
		.request = {.server_version_num = 150000},
		.open = subject_open,
		.reset = subject_reset,
		.damage = subject_damage,
		.break_next = subject_break,
		.is_tidy = subject_is_tidy,
	};
#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, start, take_arena)
	const struct CMUnitTest tests[] = {
		PLACE_TEST(the_restore_line_brings_every_row_back),
		PLACE_TEST(the_scope_schema_holds_those_schemas_and_ours),
		PLACE_TEST(schemas_that_are_not_there_yet_are_no_obstacle),
		PLACE_TEST(nobody_else_may_read_it),
		PLACE_TEST(the_manifest_says_what_it_is),
		PLACE_TEST(it_serves_nobody_who_may_mean_another_database),
		PLACE_TEST(roles_go_with_it_without_their_passwords),
		PLACE_TEST(without_pg_dumpall_it_says_why_there_are_no_roles),
		PLACE_TEST(a_password_is_in_no_command_line_and_no_file),
		PLACE_TEST(runs_of_another_journal_are_not_ours),
		PLACE_TEST(only_what_is_ours_is_swept),
		PLACE_TEST(the_new_one_stays_although_older_runs_have_higher_numbers),
		PLACE_TEST(the_programs_are_found_by_the_servers_version),
	};
	int failed = backup_place_open(arena, &place);

	if (failed)
		return failed;
	failed = backup_contract_run(&subject);
	failed += cmocka_run_group_tests_name("backup: pgdump", tests, NULL, NULL);
	backup_place_close(&place);
	return failed;
}

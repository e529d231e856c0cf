/* The journal's file: whose it is, what is refused, and what looking never changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "unit/adapters/journal_place.h"

static unsigned mode_of(const char *path)
{
	struct stat found;

	assert_int_equal(lstat(path, &found), 0);
	return found.st_mode & 07777;
}

static void a_new_journal_is_for_its_owner_alone(void **state)
{
	struct place *place = *state;
	struct journal *journal;

	(void)umask(0); /* the file's rights must not rest on it */
	journal = place_open(place, false);
	place_must(place_see(journal, place->arena, 1));
	assert_int_equal(mode_of(path_folder(place->arena, place->path)), 0700);
	assert_int_equal(mode_of(place->path), 0600);
	assert_int_equal(mode_of(arena_printf(place->arena, "%s-wal", place->path)), 0600);
	assert_int_equal(mode_of(arena_printf(place->arena, "%s-shm", place->path)), 0600);
	journal_close(journal);
	(void)umask(022);
}

static void a_journal_that_is_open_to_others_is_refused(void **state)
{
	struct place *place = *state;
	struct error *error;

	place_must(place_try(place, false));
	assert_int_equal(chmod(place->path, 0640), 0);
	error = place_try(place, true);
	place_expect(error, ERR_FILE_RIGHTS, "0640");
	assert_non_null(
		strstr(error->hint, arena_printf(place->arena, "chmod 600 %s", place->path)));
	place_expect(place_try(place, false), ERR_FILE_RIGHTS, "0640");
}

static void a_journal_of_another_user_is_refused(void **state)
{
	struct place *place = *state;

	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	place_must(place_try(place, false));
	assert_int_equal(chown(place->path, 65534, 65534), 0);
	place_expect(place_try(place, true), ERR_FILE_RIGHTS, "65534");
	place_expect(place_try(place, false), ERR_FILE_RIGHTS, "65534");
}

static void a_link_to_a_journal_is_not_followed(void **state)
{
	struct place *place = *state;
	const char *other = arena_printf(place->arena, "%s.other", place->path);

	place_must(place_try(place, false));
	assert_int_equal(rename(place->path, other), 0);
	assert_int_equal(symlink(other, place->path), 0);
	place_expect(place_try(place, false), ERR_FILE, "not a file");
	place_expect(place_try(place, true), ERR_FILE, "not a file");
}

static void looking_at_no_journal_makes_none(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, true);
	struct memory memory;
	int64_t records;

	place_must(journal_memory(journal, "shop", place->arena, &memory));
	assert_false(memory.has_baseline);
	place_must(journal_check(journal, place->arena, &records));
	assert_int_equal(records, 0);
	assert_string_equal(journal_identity(journal), "");
	place_expect(place_see(journal, place->arena, 1), ERR_JOURNAL, "looking");
	journal_close(journal);
	assert_false(file_exists(path_folder(place->arena, place->path)));
}

static void looking_changes_nothing(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, false);
	const char *before;
	struct memory memory;

	place_fill(journal, place->arena);
	journal_close(journal);
	before = place_digest(place);
	journal = place_open(place, true);
	place_must(journal_memory(journal, "shop", place->arena, &memory));
	assert_int_equal(memory.deployed.count, 1);
	place_expect(place_see(journal, place->arena, 1), ERR_JOURNAL, "looking");
	journal_close(journal);
	assert_string_equal(place_digest(place), before);
}

static void a_look_sees_what_a_writer_has_just_written(void **state)
{
	struct place *place = *state;
	struct journal *writer = place_open(place, false), *reader = place_open(place, true);
	const char *written, *read;

	place_must(place_see(writer, place->arena, 3));
	place_must(journal_chain(writer, place->arena, &written));
	place_must(journal_chain(reader, place->arena, &read));
	assert_string_equal(written, read);
	journal_close(reader);
	journal_close(writer);
}

static void a_newer_journal_is_refused_and_left_alone(void **state)
{
	struct place *place = *state;
	const char *before;

	place_must(place_try(place, false));
	place_execute(place, "PRAGMA user_version = 7");
	before = place_digest(place);
	for (int read_only = 0; read_only < 2; read_only++) {
		struct error *error = place_try(place, read_only);

		place_expect(error, ERR_JOURNAL_NEWER, "version 7");
		assert_non_null(strstr(error->why, "up to 3"));
		assert_non_null(strstr(error->hint, "newer headgate"));
		assert_int_equal(error->row->reaction, REACT_HALT);
	}
	assert_string_equal(place_digest(place), before);
}

static void a_journal_that_became_newer_meanwhile_is_not_written(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, false);

	place_must(place_see(journal, place->arena, 1));
	place_execute(place, "PRAGMA user_version = 4");
	place_expect(place_see(journal, place->arena, 1), ERR_JOURNAL_NEWER, "version 4");
	journal_close(journal);
}

static void an_older_journal_is_brought_forward_by_writers_alone(void **state)
{
	struct place *place = *state;
	struct error *error;

	place_must(place_try(place, false));
	place_execute(place, "PRAGMA user_version = 0");
	error = place_try(place, true);
	place_expect(error, ERR_JOURNAL, "version 0");
	assert_non_null(strstr(error->hint, "headgate reconcile"));
	/* A file of version 0 was never published; what counts is that the upgrade is tried, and all or nothing. */
	place_expect(place_try(place, false), ERR_JOURNAL, "already exists");
	place_execute(place, "PRAGMA user_version = 3");
	place_must(place_try(place, false));
}

static void a_journal_of_version_1_is_brought_to_version_3(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, false);

	place_must(place_see(journal, place->arena, 1));
	journal_close(journal);
	place_execute(place, "ALTER TABLE target DROP COLUMN epoch;"
	                     "ALTER TABLE target DROP COLUMN suspended;"
	                     "ALTER TABLE target DROP COLUMN suspended_by;"
	                     "ALTER TABLE target DROP COLUMN suspended_us;"
	                     "DROP TABLE accepted; DROP TABLE asked; DROP TABLE withdrawn; DROP TABLE override_used;"
	                     "PRAGMA user_version = 1");
	place_expect(place_try(place, true), ERR_JOURNAL, "version 1");
	journal = place_open(place, false);
	place_must(place_see(journal, place->arena, 2));
	place_must(journal_check(journal, place->arena, &(int64_t){0}));
	journal_close(journal);
}

static void records_are_never_changed_or_removed(void **state)
{
	static const struct {
		const char *sql, *words;
	} cases[] = {
		{"UPDATE record SET body = '{}'", "never changed"},
		{"DELETE FROM record", "never removed"},
		{"DELETE FROM record WHERE seq = 2", "never removed"},
		{"REPLACE INTO record SELECT * FROM record WHERE seq = 1", "never replaced"},
		{"INSERT OR REPLACE INTO record SELECT * FROM record WHERE seq = 1",
	         "never replaced"},
		{"UPDATE archive SET bytes = x'00'", "never changed"},
		{"DELETE FROM archive", "never emptied"},
	};
	struct place *place = *state;
	struct journal *journal = place_open(place, false);

	place_must(place_see(journal, place->arena, 2));
	journal_close(journal);
	place_execute(place, "INSERT INTO archive VALUES ('d', x'01')");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *refusal = place_refusal(place, cases[i].sql);

		if (!refusal || !strstr(refusal, cases[i].words))
			fail_msg("%s: %s", cases[i].sql, refusal ? refusal : "done");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_CASE(a_new_journal_is_for_its_owner_alone),
		PLACE_CASE(a_journal_that_is_open_to_others_is_refused),
		PLACE_CASE(a_journal_of_another_user_is_refused),
		PLACE_CASE(a_link_to_a_journal_is_not_followed),
		PLACE_CASE(looking_at_no_journal_makes_none),
		PLACE_CASE(looking_changes_nothing),
		PLACE_CASE(a_look_sees_what_a_writer_has_just_written),
		PLACE_CASE(a_newer_journal_is_refused_and_left_alone),
		PLACE_CASE(a_journal_that_became_newer_meanwhile_is_not_written),
		PLACE_CASE(an_older_journal_is_brought_forward_by_writers_alone),
		PLACE_CASE(a_journal_of_version_1_is_brought_to_version_3),
		PLACE_CASE(records_are_never_changed_or_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

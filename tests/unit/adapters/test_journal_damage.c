/* A journal that is not what was written is never used: a look at each open, and the whole of it by journal_check. */
#include <fcntl.h>
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

#define LAST "(SELECT max(seq) FROM record)"
#define MAY_CHANGE "DROP TRIGGER record_is_not_changed; "
#define MAY_REMOVE "DROP TRIGGER record_is_not_removed; "

static void write_over(struct place *place, off_t offset, const char *text)
{
	int fd = open(place->path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(pwrite(fd, text, strlen(text), offset + i * (off_t)strlen(text)),
		                 strlen(text));
	(void)close(fd);
}

static void make_empty(struct place *place)
{
	assert_int_equal(truncate(place->path, 0), 0);
}

static void make_text(struct place *place)
{
	struct bytes text = {.data = "not a database at all\n", .size = 22};

	place_must(file_save(place->arena, place->path, text, 0600));
}

static void cut_in_half(struct place *place)
{
	struct stat found;

	assert_int_equal(stat(place->path, &found), 0);
	assert_int_equal(truncate(place->path, found.st_size / 2), 0);
}

static void spoil_a_page(struct place *place)
{
	struct stat found;

	assert_int_equal(stat(place->path, &found), 0);
	write_over(place, found.st_size / 4096 / 2 * 4096, "garbage!");
}

static void spoil_the_header(struct place *place)
{
	write_over(place, 0, "garbage!");
}

static const struct damage {
	void (*spoil)(struct place *place); /* NULL: sql */
	const char *sql, *words, *sentence;
} damages[] = {
	{make_empty, NULL, "not a journal", "an empty file: no new journal begins in its place"},
	{make_text, NULL, "not a database", "some text"},
	{cut_in_half, NULL, "malformed", "half a file"},
	{spoil_a_page, NULL, "", "garbage in the middle"},
	{spoil_the_header, NULL, "not a database", "garbage at the start"},
	{NULL, "PRAGMA application_id = 5", "not a journal", "a database of another program"},
	{NULL, MAY_CHANGE "UPDATE record SET body = '{\"x\":1}' WHERE seq = " LAST, "was changed",
         "the last record says something else"},
	{NULL, MAY_CHANGE "UPDATE record SET at_us = at_us - 1 WHERE seq = " LAST, "was changed",
         "the last record has another time"},
	{NULL, MAY_CHANGE "UPDATE record SET digest = previous WHERE seq = " LAST, "was changed",
         "the last record carries another digest"},
	{NULL, "DELETE FROM meta", "who it is", "it says no more who it is"},
};

/* Found by journal_check alone. */
static const struct deep_damage {
	const char *sql, *words, *sentence;
} deep_damages[] = {
	{MAY_CHANGE "UPDATE record SET target = 'stock' WHERE seq = 2", "record 2 was changed",
         "an early record"},
	{MAY_CHANGE "UPDATE record SET digest = previous WHERE seq = 3", "record 3 was changed",
         "an early digest"},
	{MAY_REMOVE "DELETE FROM record WHERE seq = 4", "record 4 is missing", "a record is gone"},
	{MAY_REMOVE "DELETE FROM record WHERE seq = 1", "record 1 is missing",
         "the first record is gone"},
	{MAY_REMOVE "DELETE FROM record WHERE seq = " LAST, "is not what the records make",
         "the last record is gone: the chain is whole, the tables know better"},
	{"UPDATE meta SET value = '00000000-0000-4000-8000-000000000000'",
         "record 1 does not follow", "the journal says that it is another"},
	{"DROP TRIGGER archive_is_not_changed; UPDATE archive SET bytes = x'00'",
         "archive was changed", "an archived script"},
	{"UPDATE target SET baseline = 'x'", "'target'", "target"},
	{"UPDATE run SET outcome = NULL", "'run'", "run"},
	{"UPDATE stage SET done = 0", "'stage'", "stage"},
	{"UPDATE intent SET result = 'applied'", "'intent'", "intent"},
	{"DELETE FROM deployed", "'deployed'", "deployed"},
	{"UPDATE held SET name = 'm9'", "'held'", "held"},
	{"DELETE FROM refusal", "'refusal'", "refusal"},
	{"UPDATE seen SET at_us = at_us + 1", "'seen'", "seen"},
	{"UPDATE verdict SET body = '{}'", "'verdict'", "verdict"},
	{"UPDATE status SET state = 'success'", "'status'", "status"},
	{"UPDATE outbox SET closed = 'delivered'", "'outbox'", "outbox"},
	{"PRAGMA ignore_check_constraints = 1; UPDATE outbox SET closed = 'lost'", "'outbox'",
         "a value that cannot be (SQLite forgets CHECK when it opens read-only)"},
	{"INSERT INTO held VALUES ('shop', 'm7', 1, 'c', 'r', 'x', 1)", "'held'", "a row too many"},
};

static void make_journal(struct place *place)
{
	struct journal *journal;
	int64_t records;

	place_empty(place);
	journal = place_open(place, false);
	place_fill(journal, place->arena);
	place_must(journal_check(journal, place->arena, &records));
	assert_int_equal(records, 11);
	journal_close(journal);
}

static void a_damaged_journal_is_refused_and_left_alone(void **state)
{
	struct place *place = *state;

	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		const char *before;

		make_journal(place);
		if (damages[i].spoil)
			damages[i].spoil(place);
		else
			place_execute(place, damages[i].sql);
		before = place_digest(place);
		for (int read_only = 0; read_only < 2; read_only++) {
			struct error *error = place_try(place, read_only);

			if (!error)
				fail_msg("%s: nobody saw it", damages[i].sentence);
			place_expect(error, ERR_JOURNAL_DAMAGED, damages[i].words);
			assert_non_null(strstr(error->what, place->path));
			assert_non_null(strstr(error->hint, "copy"));
			assert_non_null(strstr(error->hint, "headgate baseline"));
		}
		if (!text_equal(place_digest(place), before))
			fail_msg("%s: the file was changed", damages[i].sentence);
	}
}

static void a_check_finds_what_does_not_fit(void **state)
{
	struct place *place = *state;

	for (size_t i = 0; i < sizeof deep_damages / sizeof *deep_damages; i++) {
		struct journal *journal;
		struct error *error;
		int64_t records = -1;

		make_journal(place);
		place_execute(
			place,
			"INSERT INTO archive VALUES ("
			"'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', x'00')");
		place_execute(
			place,
			text_starts(deep_damages[i].sql, "DROP TRIGGER archive")
				? "DROP TRIGGER archive_is_not_changed; UPDATE archive SET bytes = x'01'"
				: deep_damages[i].sql);
		journal = place_open(place, true);
		error = journal_check(journal, place->arena, &records);
		journal_close(journal);
		if (!error)
			fail_msg("%s: nobody saw it", deep_damages[i].sentence);
		place_expect(error, ERR_JOURNAL_DAMAGED, deep_damages[i].words);
		assert_int_equal(records, -1);
	}
}

static void an_archive_under_a_false_digest_is_not_given(void **state)
{
	struct place *place = *state;
	struct journal *journal;
	struct bytes bytes;

	make_journal(place);
	place_execute(place, "INSERT INTO archive VALUES ('abc', x'00')");
	journal = place_open(place, true);
	place_expect(journal_archive(journal, "abc", place->arena, &bytes), ERR_JOURNAL_DAMAGED,
	             "abc");
	journal_close(journal);
}

static void a_journal_that_is_spoiled_while_open_is_not_written(void **state)
{
	struct place *place = *state;
	struct journal *journal;

	make_journal(place);
	journal = place_open(place, false);
	place_execute(place, MAY_CHANGE "UPDATE record SET body = '[]' WHERE seq = " LAST);
	place_expect(place_see(journal, place->arena, 1), ERR_JOURNAL_DAMAGED, "was changed");
	journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_CASE(a_damaged_journal_is_refused_and_left_alone),
		PLACE_CASE(a_check_finds_what_does_not_fit),
		PLACE_CASE(an_archive_under_a_false_digest_is_not_given),
		PLACE_CASE(a_journal_that_is_spoiled_while_open_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

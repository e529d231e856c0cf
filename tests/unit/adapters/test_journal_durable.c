/*
 * When journal_write returns, the records are on the disk. fsync and fdatasync of this program stand before the C
 * library's, so that the test can count them and let them fail.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "unit/adapters/journal_place.h"

static int syncs;
static bool is_broken;

static int sync_by(long call, int fd)
{
	syncs++;
	if (is_broken) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}

static void each_write_reaches_the_disk_before_it_returns(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, false);

	for (int i = 0; i < 20; i++) {
		syncs = 0;
		place_must(place_see(journal, place->arena, 2));
		assert_true(syncs >= 1);
		assert_true(i == 0 ||
		            syncs <= 3); /* one, and two more when the log is carried over */
	}
	syncs = 0;
	place_must(place_see(journal, place->arena, 0));
	assert_int_equal(syncs, 0);
	journal_close(journal);
}

static void a_new_journal_is_on_the_disk_with_its_name(void **state)
{
	struct place *place = *state;

	syncs = 0;
	place_must(place_try(place, false));
	assert_true(syncs >= 2); /* the file and its folder */
}

static void reading_waits_for_no_disk(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, false);
	struct memory memory;

	place_fill(journal, place->arena);
	syncs = 0;
	place_must(journal_memory(journal, "shop", place->arena, &memory));
	assert_int_equal(syncs, 0);
	journal_close(journal);
}

static void a_disk_that_fails_is_told_and_nothing_was_written(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, false);
	const char *before, *after;
	int64_t records;
	struct error *error;

	place_must(place_see(journal, place->arena, 2));
	place_must(journal_chain(journal, place->arena, &before));
	is_broken = true;
	error = place_see(journal, place->arena, 2);
	is_broken = false;
	place_expect(error, ERR_JOURNAL, "disk I/O error");
	place_must(journal_chain(journal, place->arena, &after));
	assert_string_equal(before, after);
	place_must(place_see(journal, place->arena, 1));
	place_must(journal_check(journal, place->arena, &records));
	assert_int_equal(records, 3);
	journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_CASE(each_write_reaches_the_disk_before_it_returns),
		PLACE_CASE(a_new_journal_is_on_the_disk_with_its_name),
		PLACE_CASE(reading_waits_for_no_disk),
		PLACE_CASE(a_disk_that_fails_is_told_and_nothing_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

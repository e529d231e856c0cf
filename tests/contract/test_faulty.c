/* The wrapper that fails on request hands on everything else, counts what it should, and fails where it should. */
#include "fakes/faulty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "contract/journal_contract.h"
#include "fakes/journal_memory.h"

static struct error *write_one(struct journal *journal, struct arena *arena)
{
	struct record record = {.kind = RECORD_RETRY, .target = "shop"};

	return journal_write(journal, &(struct records){.items = &record, .count = 1}, arena, NULL);
}

static void only_the_call_of_that_number_fails(void **state)
{
	static const struct {
		struct faulty faulty;
		const char *outcome; /* of five calls: . passed, x failed */
		size_t written;
		const char *sentence;
	} cases[] = {
		{{.fail_at = 0}, ".....", 5, "none"},
		{{.fail_at = 1}, "x....", 4, "the first"},
		{{.fail_at = 3}, "..x..", 4, "the third"},
		{{.fail_at = 5}, "....x", 4, "the last"},
		{{.fail_at = 6}, ".....", 5, "one that never comes"},
		{{.fail_at = 2, .times = 3}, ".xxx.", 2, "three in a row"},
		{{.fail_at = 4, .times = SIZE_MAX}, "...xx", 3, "all from there on"},
		{{.fail_at = 2, .after = true}, ".x...", 5, "done, and the answer lost"},
		{{.fail_at = 2, .only = "journal.write"}, ".x...", 4, "counted by name"},
		{{.fail_at = 1, .only = "journal.check"}, ".....", 5, "another call"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ARENA arena = arena_new();
		struct journal_memory *inner = journal_memory_new(arena);
		struct faulty faulty = cases[i].faulty;
		struct journal *journal = faulty_journal(arena, &faulty, &inner->port);
		char outcome[6] = "";

		faulty.code = ERR_JOURNAL;
		for (size_t call = 0; call < 5; call++)
			outcome[call] = write_one(journal, arena) ? 'x' : '.';
		if (!text_equal(outcome, cases[i].outcome) || inner->kept.count != cases[i].written)
			fail_msg("%s: %s, %zu written", cases[i].sentence, outcome,
			         inner->kept.count);
	}
}

static void the_error_is_the_one_that_was_asked_for(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct journal_memory *inner = journal_memory_new(arena);
	struct faulty faulty = {.fail_at = 2, .code = ERR_JOURNAL_NEWER};
	struct journal *journal = faulty_journal(arena, &faulty, &inner->port);
	struct memory memory;
	struct error *error;

	(void)state;
	assert_null(write_one(journal, arena));
	assert_null(faulty.failed);
	error = journal_memory(journal, "shop", arena, &memory);
	assert_non_null(error);
	assert_string_equal(error->row->name, "JOURNAL_NEWER");
	assert_string_equal(faulty.failed, "journal.memory");
	assert_int_equal(faulty.calls, 2);
	assert_string_equal(journal_identity(journal), inner->identity);
	assert_int_equal(faulty.calls, 2); /* what cannot fail is not counted */
	journal_close(journal);
	assert_true(inner->closed);
}

static struct journal *open_wrapped(struct journal_subject *subject, struct arena *arena)
{
	static struct faulty harmless = {.fail_at = 0};
	struct journal_memory **inner = subject->context;

	return faulty_journal(arena, &harmless, &(*inner)->port);
}

static void reset(struct journal_subject *subject)
{
	struct journal_memory **inner = subject->context;

	*inner = journal_memory_new((*inner)->arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_call_of_that_number_fails),
		cmocka_unit_test(the_error_is_the_one_that_was_asked_for),
	};
	AUTO_ARENA arena = arena_new();
	struct journal_memory *inner = journal_memory_new(arena);
	struct journal_subject subject = {
		.name = "journal contract: memory behind a wrapper that never fails",
		.context = &inner,
		.open = open_wrapped,
		.reset = reset,
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + journal_contract_run(&subject);
}

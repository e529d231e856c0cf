/* The journal in a file keeps the contract. */
#include "adapters/journal_sqlite.h"
#include "contract/journal_contract.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

static const char *const names[] = {"journal.db", "journal.db-wal", "journal.db-shm"};

static struct journal *open_again(struct journal_subject *subject, struct arena *arena)
{
	const char *path = arena_printf(arena, "%s/journal.db", (const char *)subject->context);
	struct journal *journal = NULL;
	struct error *error = journal_sqlite_open(
		arena, &(struct journal_sqlite_options){.path = path}, &journal);

	if (error)
		BUG("%s", error_line(arena, error));
	return journal;
}

static void reset(struct journal_subject *subject)
{
	AUTO_ARENA arena = arena_new();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(
			arena_printf(arena, "%s/%s", (const char *)subject->context, names[i]));
}

int main(void)
{
	char folder[] = "/tmp/headgate-journal-XXXXXX";
	struct journal_subject subject = {
		.name = "journal contract: sqlite",
		.context = folder,
		.open = open_again,
		.reset = reset,
	};
	int failed;

	if (!mkdtemp(folder))
		BUG("cannot make a folder");
	failed = journal_contract_run(&subject);
	reset(&subject);
	(void)rmdir(folder);
	return failed;
}

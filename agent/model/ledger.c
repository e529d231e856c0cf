/*
 * Questions to a ledger that was read. A name may have any number of rows, and the newest one need
 * not decide: an applied row speaks for its name even when a later try failed.
 */
#include "model/ledger.h"

#include "base/text.h"

static bool row_is_named(const struct ledger_row *row, const char *name);

enum row_state ledger_row_state(const struct ledger_row *row)
{
	if (row->finished_us)
		return row->rolled_back_us ? ROW_ROLLED_BACK : ROW_APPLIED;
	return row->rolled_back_us ? ROW_FAILED_TRY : ROW_OPEN;
}

const struct ledger_row *ledger_applied(const struct ledger *ledger, const char *name)
{
	for (size_t i = ledger->count; i-- > 0;) {
		const struct ledger_row *row = &ledger->items[i];

		if (row_is_named(row, name) && ledger_row_state(row) == ROW_APPLIED)
			return row;
	}
	return NULL;
}

const struct ledger_row *ledger_newest(const struct ledger *ledger, const char *name)
{
	for (size_t i = ledger->count; i-- > 0;) {
		if (row_is_named(&ledger->items[i], name))
			return &ledger->items[i];
	}
	return NULL;
}

const struct ledger_row *ledger_find(const struct ledger *ledger, const char *row_id)
{
	for (size_t i = 0; i < ledger->count; i++) {
		if (text_equal(ledger->items[i].id, row_id))
			return &ledger->items[i];
	}
	return NULL;
}

const struct ledger_row *ledger_open_row(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger_row_state(&ledger->items[i]) == ROW_OPEN)
			return &ledger->items[i];
	}
	return NULL;
}

static bool row_is_named(const struct ledger_row *row, const char *name)
{
	return text_equal(row->name, name);
}

bool ledger_is_foreign(const struct ledger *ledger, const char *target, const char *journal)
{
	return ledger->has_deployed && (!text_equal(ledger->deployed.journal, journal) ||
	                                !text_equal(ledger->deployed.target, target));
}

/*
 * Owns the comparison of an application's folder with a ledger. Easily got wrong: an applied row speaks for its name
 * whatever came later, so a failed try beside it takes nothing away; but an open row of any name is in everybody's way.
 */
#include "model/arrival.h"

#include "base/text.h"

static void compare_one(struct arena *arena, const struct migration *migration,
                        const struct ledger *ledger, struct arrival *arrival);
static struct text_list copy_texts(struct arena *arena, const struct text_list *list);

void arrival_compare(struct arena *arena, const struct migrations *folder,
                     const struct ledger *ledger, struct arrival *ret_arrival)
{
	struct arrival arrival = {0};

	for (size_t i = 0; i < folder->count; i++)
		compare_one(arena, &folder->items[i], ledger, &arrival);
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_row *row = &ledger->items[i];

		if (ledger_row_state(row) == ROW_OPEN && !text_list_has(&arrival.open, row->name))
			*LIST_ADD(arena, &arrival.open) = row->name;
	}
	*ret_arrival = arrival;
}

static void compare_one(struct arena *arena, const struct migration *migration,
                        const struct ledger *ledger, struct arrival *arrival)
{
	const struct ledger_row *applied = ledger_applied(ledger, migration->name);
	const struct ledger_row *newest = ledger_newest(ledger, migration->name);

	if (applied && (text_equal(applied->checksum, migration->checksum) ||
	                checksum_matches(arena, applied->checksum, migration->sql)))
		*LIST_ADD(arena, &arrival->arrived) = migration->name;
	else if (applied)
		*LIST_ADD(arena, &arrival->differing) =
			(struct arrival_difference){.name = migration->name,
		                                    .brought = migration->checksum,
		                                    .applied = applied->checksum};
	else if (newest && ledger_row_state(newest) == ROW_ROLLED_BACK)
		*LIST_ADD(arena, &arrival->held) = migration->name;
	else
		*LIST_ADD(arena, &arrival->lacking) = migration->name;
}

struct arrival arrival_copy(struct arena *arena, const struct arrival *arrival)
{
	struct arrival copy = {
		.arrived = copy_texts(arena, &arrival->arrived),
		.lacking = copy_texts(arena, &arrival->lacking),
		.held = copy_texts(arena, &arrival->held),
		.open = copy_texts(arena, &arrival->open),
	};

	for (size_t i = 0; i < arrival->differing.count; i++) {
		const struct arrival_difference *difference = &arrival->differing.items[i];

		*LIST_ADD(arena, &copy.differing) = (struct arrival_difference){
			.name = arena_text(arena, difference->name),
			.brought = arena_text(arena, difference->brought),
			.applied = arena_text(arena, difference->applied),
		};
	}
	return copy;
}

static struct text_list copy_texts(struct arena *arena, const struct text_list *list)
{
	struct text_list copy = {0};

	for (size_t i = 0; i < list->count; i++)
		*LIST_ADD(arena, &copy) = arena_text(arena, list->items[i]);
	return copy;
}

bool arrival_is_complete(const struct arrival *arrival)
{
	return !arrival->lacking.count && !arrival->held.count && !arrival->differing.count &&
	       !arrival->open.count;
}

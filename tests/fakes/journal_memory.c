/*
 * Owns the fake journal's port. Easily got wrong: it must not share the real one's statements, or a mistake in them
 * would pass the contract twice; it is slow on purpose.
 */
#include "fakes/journal_memory.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "fakes/journal_memory_told.h"

static const struct journal_ops ops;

static struct journal_memory *self_of(struct journal *journal);
static bool waits_behind(const struct told *told, size_t at);

struct journal_memory *journal_memory_new(struct arena *arena)
{
	struct journal_memory *memory = ARENA_NEW(arena, struct journal_memory);

	memory->port.ops = &ops;
	memory->arena = arena;
	memory->identity = random_uuid(arena);
	return memory;
}

const struct kept_record *journal_memory_find(const struct journal_memory *memory,
                                              enum record_kind kind)
{
	for (size_t i = memory->kept.count; i > 0; i--) {
		if (text_equal(memory->kept.items[i - 1].kind, record_kind_name(kind)))
			return &memory->kept.items[i - 1];
	}
	return NULL;
}

size_t journal_memory_count(const struct journal_memory *memory, enum record_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < memory->kept.count; i++)
		count += text_equal(memory->kept.items[i].kind, record_kind_name(kind));
	return count;
}

static const char *identity(struct journal *journal)
{
	return self_of(journal)->identity;
}

static const char *head(const struct journal_memory *self, struct arena *arena)
{
	if (!self->kept.count)
		return record_chain_start(arena, self->identity);
	return self->kept.items[self->kept.count - 1].digest;
}

static struct error *chain(struct journal *journal, struct arena *arena, const char **ret_digest)
{
	*ret_digest = arena_text(arena, head(self_of(journal), arena));
	return NULL;
}

static void keep(struct journal_memory *self, const struct record *record, int64_t run,
                 int64_t at_us)
{
	struct arena *arena = self->arena;
	struct kept_record kept = {
		.seq = (int64_t)self->kept.count + 1,
		.at_us = at_us,
		.kind = record_kind_name(record->kind),
		.target = arena_text(arena, record->target),
		.run = record->run == RUN_NEW ? run : record->run,
		.stage = arena_text(arena, record->stage),
		.migration = arena_text(arena, record->migration),
		.commit = arena_text(arena, record->commit),
		.body = record->body ? node_to_json(arena, record->body) : "{}",
		.previous = head(self, arena),
	};

	kept.digest = record_digest(arena, &kept);
	*LIST_ADD(arena, &self->kept) = kept;
	if (!record->archive.size)
		return;
	if (!strstr(kept.body, sha256_text(arena, record->archive.data, record->archive.size)))
		BUG("a %s record does not name the digest of its archive", kept.kind);
	*LIST_ADD(arena, &self->archives) =
		arena_bytes(arena, record->archive.data, record->archive.size);
}

static struct error *write_records(struct journal *journal, const struct records *records,
                                   struct arena *arena, int64_t *ret_run)
{
	struct journal_memory *self = self_of(journal);
	int64_t run = RUN_NONE, at_us = self->at_us ? self->at_us : clock_wall_us();
	size_t before = self->kept.count;
	bool opens = false, wants = false;
	struct told told;

	for (size_t i = 0; i < records->count; i++) {
		wants |= records->items[i].run == RUN_NEW;
		opens |= records->items[i].run == RUN_NEW &&
		         records->items[i].kind == RECORD_RUN_BEGUN;
		if (run == RUN_NONE && records->items[i].run != RUN_NEW)
			run = records->items[i].run;
	}
	if (wants && !opens)
		BUG("records belong to a new run that no record opens");
	if (wants) {
		told_init(&told, self, "", arena);
		run = told.runs.count ? told.runs.items[told.runs.count - 1].run.id + 1 : 1;
	}
	for (size_t i = 0; i < records->count; i++)
		keep(self, &records->items[i], run, at_us);
	told_init(&told, self, "", arena);
	if (told.broken) {
		self->kept.count = before;
		return FAIL(arena, JOURNAL, .what = "cannot write the journal in memory",
		            .why = told.broken, .hint = "The next pass tries again.");
	}
	if (ret_run)
		*ret_run = run;
	return NULL;
}

static struct error *memory(struct journal *journal, const char *target, struct arena *arena,
                            struct memory *ret_memory)
{
	struct told told;

	told_init(&told, self_of(journal), target, arena);
	for (size_t i = 0; i < told.runs.count; i++) {
		struct run_memory *run = &told.runs.items[i].run;

		if (!text_equal(run->target, target))
			continue;
		told.memory.last_run = run->id;
		told.memory.open_run = run->ended_us ? NULL : run;
	}
	for (size_t i = 0; i < told.items.count; i++)
		told.memory.undelivered +=
			told.items.items[i].end == WAITS &&
			text_equal(told.items.items[i].item.status.target, target);
	for (size_t i = 0; i < told.downs.count; i++) {
		const struct told_down *down = &told.downs.items[i];

		if (down->down && !memory_deployed(&told.memory, down->name))
			*LIST_ADD(arena, &told.memory.downs) = (struct archived_down){
				down->name, down->checksum, down->down};
	}
	*ret_memory = told.memory;
	return NULL;
}

static struct error *archive(struct journal *journal, const char *digest, struct arena *arena,
                             struct bytes *ret_bytes)
{
	struct journal_memory *self = self_of(journal);

	for (size_t i = 0; i < self->archives.count; i++) {
		struct bytes bytes = self->archives.items[i];

		if (!text_equal(sha256_text(arena, bytes.data, bytes.size), digest))
			continue;
		*ret_bytes = arena_bytes(arena, bytes.data, bytes.size);
		return NULL;
	}
	return FAIL(arena, JOURNAL_DAMAGED, .what = "cannot trust the journal in memory",
	            .why = arena_printf(arena, "the archive has nothing under %s", digest),
	            .hint = "Look at the test.");
}

static struct error *first_seen(struct journal *journal, const char *commit, struct arena *arena,
                                int64_t *ret_seconds)
{
	int64_t seconds = 0;
	struct told told;

	told_init(&told, self_of(journal), "", arena);
	for (size_t i = 0; i < told.seen.count && !seconds; i++) {
		if (text_equal(told.seen.items[i].commit, commit))
			seconds = told.seen.items[i].at_us / 1000000;
	}
	*ret_seconds = seconds;
	return NULL;
}

static struct error *verdict(struct journal *journal, const char *commit, const char *keys,
                             struct arena *arena, const struct node **ret_body)
{
	const struct node *body = NULL;
	struct told told;

	told_init(&told, self_of(journal), "", arena);
	for (size_t i = 0; i < told.verdicts.count; i++) {
		const struct told_verdict *found = &told.verdicts.items[i];

		if (text_equal(found->commit, commit) && text_equal(found->keys, keys))
			body = found->body;
	}
	*ret_body = body;
	return NULL;
}

static struct error *runs(struct journal *journal, const char *target, size_t limit,
                          struct arena *arena, struct runs *ret_runs)
{
	struct runs found = {0};
	struct told told;

	told_init(&told, self_of(journal), "", arena);
	for (size_t i = told.runs.count; i > 0 && found.count < limit; i--) {
		struct run_memory run = told.runs.items[i - 1].run;

		if (target && !text_equal(run.target, target))
			continue;
		memset(&run.stages, 0, sizeof run.stages);
		memset(&run.intents, 0, sizeof run.intents);
		*LIST_ADD(arena, &found) = run;
	}
	*ret_runs = found;
	return NULL;
}

static struct error *run(struct journal *journal, int64_t id, struct arena *arena,
                         struct run_memory *ret_run)
{
	struct told_run *found;
	struct told told;

	told_init(&told, self_of(journal), "", arena);
	found = told_run(&told, id);
	if (!found)
		return FAIL(arena, UNKNOWN_RUN,
		            .what = arena_printf(arena, "cannot show run %" PRId64, id),
		            .why = "the journal has no run of that number",
		            .hint = "Type `headgate history` for the runs that there are.");
	*ret_run = found->run;
	return NULL;
}

static struct error *statuses(struct journal *journal, const char *target, size_t limit,
                              struct arena *arena, struct statuses *ret_statuses)
{
	struct statuses found = {0};
	struct told told;

	told_init(&told, self_of(journal), target, arena);
	for (size_t i = told.statuses.count; i > 0 && found.count < limit; i--)
		*LIST_ADD(arena, &found) = told.statuses.items[i - 1];
	*ret_statuses = found;
	return NULL;
}

static struct error *outbox(struct journal *journal, const char *target, int64_t now_us,
                            size_t limit, bool all, struct arena *arena, struct outbox *ret_outbox)
{
	struct outbox found = {0};
	struct told told;

	told_init(&told, self_of(journal), "", arena);
	for (size_t i = 0; i < told.items.count && found.count < limit; i++) {
		struct told_item *item = &told.items.items[i];
		bool due = item->end == WAITS && item->item.next_us <= now_us &&
		           !waits_behind(&told, i);
		bool shown = all && (item->end == WAITS || item->end == FINAL);

		if ((due || shown) && (!target || text_equal(item->item.status.target, target)))
			*LIST_ADD(arena, &found) = item->item;
	}
	*ret_outbox = found;
	return NULL;
}

static struct error *check(struct journal *journal, struct arena *arena, int64_t *ret_records)
{
	struct journal_memory *self = self_of(journal);
	const char *previous = record_chain_start(arena, self->identity);

	for (size_t i = 0; i < self->kept.count; i++) {
		const struct kept_record *record = &self->kept.items[i];

		if (!text_equal(record->previous, previous) ||
		    !text_equal(record->digest, record_digest(arena, record)))
			return FAIL(arena, JOURNAL_DAMAGED,
			            .what = "cannot trust the journal in memory",
			            .why = arena_printf(arena, "record %" PRId64 " does not fit",
			                                record->seq),
			            .hint = "Look at the test.");
		previous = record->digest;
	}
	*ret_records = (int64_t)self->kept.count;
	return NULL;
}

static void close_journal(struct journal *journal)
{
	self_of(journal)->closed = true;
}

static const struct journal_ops ops = {
	.name = "memory",
	.identity = identity,
	.chain = chain,
	.write = write_records,
	.memory = memory,
	.archive = archive,
	.first_seen = first_seen,
	.verdict = verdict,
	.runs = runs,
	.run = run,
	.statuses = statuses,
	.outbox = outbox,
	.check = check,
	.close = close_journal,
};

static struct journal_memory *self_of(struct journal *journal)
{
	return (struct journal_memory *)journal;
}

static bool waits_behind(const struct told *told, size_t at)
{
	const struct outbox_item *item = &told->items.items[at].item;

	for (size_t i = 0; i < at; i++) {
		const struct outbox_item *earlier = &told->items.items[i].item;

		if (told->items.items[i].end == WAITS && text_equal(earlier->forge, item->forge) &&
		    text_equal(earlier->status.target, item->status.target) &&
		    text_equal(earlier->status.commit, item->status.commit))
			return true;
	}
	return false;
}

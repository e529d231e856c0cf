/*
 * The journal: the agent's own memory, outside the target. Everything that must survive a crash is written here
 * before the agent acts on it, in one transaction per call, durable when the call returns. Statuses are written in
 * the same call as the state change that they speak of. Nothing is kept only in memory.
 *
 * What records do to the memory, beyond the obvious (the newest of a kind counts):
 *   BASELINE         baseline and deployed commit are the record's; the target's deployed migrations, refusals and
 *                    fence are forgotten, held ones and archived downs stay. Adopted rows follow as DEPLOYED.
 *   RUN_BEGUN        ERR_JOURNAL while another run of the target is open. An optional key system_identifier is kept.
 *   STAGE_BEGUN      forgets what the stage of that run said before; its place in the order stays.
 *   STAGE_…, INTENT  of a run that nobody opened: ERR_JOURNAL.
 *   INTENT           one per run, migration, action and statement: sent again, the newest counts, without result.
 *   OUTCOME          closes the newest intent of the migration; with an optional key statement, that one's.
 *   DEPLOYED         ends holding. Without a down, one that was archived for the same name and checksum stays.
 *   HELD             takes the migration out of the deployed ones. RELEASED only ends holding.
 *   REFUSAL, LIFTED  meet by target, commit and migration, all three exactly (NULL is a value).
 *   FENCE            the newest epoch counts.
 *   ACCEPTED         one per row; with what "gone" it also takes the migration out of the deployed ones.
 *   ROLLBACK_ASKED   one per migration, until HELD or ROLLBACK_WITHDRAWN.
 *   OVERRIDE         one per override, run and what it lifts; the run's outcome is told with it.
 *   SUSPENDED        until RESUMED.
 *   WITHDRAWN        one per commit, the newest, until REINSTATED; also over a BASELINE.
 *   SEEN             the first one counts, for all targets.
 *   STATUS           closes older pending ones of its forges, commit and context that were not delivered.
 * Anything else that breaks a record's own contract (a RUN_NEW without RUN_BEGUN, a body that does not name the
 * digest of its archive) is a BUG.
 */
#pragma once

#include "model/memory.h"
#include "model/record.h"

struct outbox_item {
	int64_t id;
	const char *forge; /* name of the adapter: "notes", "github" */
	struct status status;
	int64_t created_us, next_us; /* not before */
	int attempts;
	const char *why; /* of the last failure, or NULL */
	bool final;      /* the forge will never take it: kept visible, not tried again */
};

struct outbox {
	struct outbox_item *items;
	size_t count, room;
};

struct runs {
	struct run_memory *items;
	size_t count, room;
};

struct statuses { /* the newest status of each commit of a target */
	struct status *items;
	size_t count, room;
};

struct journal;

struct journal_ops {
	const char *name;
	/* Who this journal is: a UUID made with it. Lives as long as the journal. */
	const char *(*identity)(struct journal *journal);
	/* Digest of the newest record: the head of the chain (64 hex digits). */
	struct error *(*chain)(struct journal *journal, struct arena *arena,
	                       const char **ret_digest);
	/*
	 * All records or none. A record with RUN_NEW opens a run; the others of the call with RUN_NEW belong to it, and
	 * *ret_run (may be NULL) is its number. ERR_JOURNAL when it could not be written: nothing was.
	 */
	struct error *(*write)(struct journal *journal, const struct records *records,
	                       struct arena *arena, int64_t *ret_run);
	struct error *(*memory)(struct journal *journal, const char *target, struct arena *arena,
	                        struct memory *ret_memory);
	/* Bytes kept under a digest. ERR_JOURNAL_DAMAGED when they are gone or differ from it. */
	struct error *(*archive)(struct journal *journal, const char *digest, struct arena *arena,
	                         struct bytes *ret_bytes);
	/* When was the commit first seen (seconds)? 0: never. */
	struct error *(*first_seen)(struct journal *journal, const char *commit,
	                            struct arena *arena, int64_t *ret_seconds);
	/* The body of the VERDICT record for commit under these keys, or NULL. */
	struct error *(*verdict)(struct journal *journal, const char *commit, const char *keys,
	                         struct arena *arena, const struct node **ret_body);
	/* Newest first, at most `limit`; target NULL: of all. Without stages and intents. */
	struct error *(*runs)(struct journal *journal, const char *target, size_t limit,
	                      struct arena *arena, struct runs *ret_runs);
	/* One run with all its stages. ERR_UNKNOWN_RUN. */
	struct error *(*run)(struct journal *journal, int64_t run, struct arena *arena,
	                     struct run_memory *ret_run);
	/* Newest status per commit, newest first, at most `limit`. */
	struct error *(*statuses)(struct journal *journal, const char *target, size_t limit,
	                          struct arena *arena, struct statuses *ret_statuses);
	/*
	 * What is to be delivered at `now_us`, in the order of writing, at most `limit`; target NULL: of all. An item
	 * stays behind an earlier undelivered one of the same forge, target and commit, unless it supersedes it (a
	 * later status of the same context): then the earlier one is closed as superseded and is not returned; pending
	 * statuses that were never delivered may be skipped so, others not. `all`: also those not yet due and final.
	 */
	struct error *(*outbox)(struct journal *journal, const char *target, int64_t now_us,
	                        size_t limit, bool all, struct arena *arena,
	                        struct outbox *ret_outbox);
	/* Walks the whole chain. ERR_JOURNAL_DAMAGED names the first record that does not fit. */
	struct error *(*check)(struct journal *journal, struct arena *arena, int64_t *ret_records);
	void (*close)(struct journal *journal);
};

struct journal {
	const struct journal_ops *ops;
};

static inline const char *journal_identity(struct journal *journal)
{
	return journal->ops->identity(journal);
}

static inline FALLIBLE journal_chain(struct journal *journal, struct arena *arena,
                                     const char **ret_digest)
{
	return journal->ops->chain(journal, arena, ret_digest);
}

static inline FALLIBLE journal_write(struct journal *journal, const struct records *records,
                                     struct arena *arena, int64_t *ret_run)
{
	return journal->ops->write(journal, records, arena, ret_run);
}

static inline FALLIBLE journal_memory(struct journal *journal, const char *target,
                                      struct arena *arena, struct memory *ret_memory)
{
	return journal->ops->memory(journal, target, arena, ret_memory);
}

static inline FALLIBLE journal_archive(struct journal *journal, const char *digest,
                                       struct arena *arena, struct bytes *ret_bytes)
{
	return journal->ops->archive(journal, digest, arena, ret_bytes);
}

static inline FALLIBLE journal_first_seen(struct journal *journal, const char *commit,
                                          struct arena *arena, int64_t *ret_seconds)
{
	return journal->ops->first_seen(journal, commit, arena, ret_seconds);
}

static inline FALLIBLE journal_verdict(struct journal *journal, const char *commit,
                                       const char *keys, struct arena *arena,
                                       const struct node **ret_body)
{
	return journal->ops->verdict(journal, commit, keys, arena, ret_body);
}

static inline FALLIBLE journal_runs(struct journal *journal, const char *target, size_t limit,
                                    struct arena *arena, struct runs *ret_runs)
{
	return journal->ops->runs(journal, target, limit, arena, ret_runs);
}

static inline FALLIBLE journal_run(struct journal *journal, int64_t run, struct arena *arena,
                                   struct run_memory *ret_run)
{
	return journal->ops->run(journal, run, arena, ret_run);
}

static inline FALLIBLE journal_statuses(struct journal *journal, const char *target, size_t limit,
                                        struct arena *arena, struct statuses *ret_statuses)
{
	return journal->ops->statuses(journal, target, limit, arena, ret_statuses);
}

static inline FALLIBLE journal_outbox(struct journal *journal, const char *target, int64_t now_us,
                                      size_t limit, bool all, struct arena *arena,
                                      struct outbox *ret_outbox)
{
	return journal->ops->outbox(journal, target, now_us, limit, all, arena, ret_outbox);
}

static inline FALLIBLE journal_check(struct journal *journal, struct arena *arena,
                                     int64_t *ret_records)
{
	return journal->ops->check(journal, arena, ret_records);
}

static inline void journal_close(struct journal *journal)
{
	if (journal)
		journal->ops->close(journal);
}

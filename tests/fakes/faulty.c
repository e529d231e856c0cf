/* Owns the wrappers that fail on request: one row per call of a port. A call that fails `after` has taken place. */
#include "fakes/faulty.h"

#include "base/text.h"

struct faulty_journal {
	struct journal port;
	struct faulty *faulty;
	struct journal *inner;
};

struct faulty_source {
	struct source port;
	struct faulty *faulty;
	struct source *inner;
};

struct faulty_database {
	struct database port;
	struct faulty *faulty;
	struct database *inner;
};

static const struct journal_ops journal_faults;
static const struct source_ops source_faults;
static const struct database_ops database_faults;

struct journal *faulty_journal(struct arena *arena, struct faulty *faulty, struct journal *inner)
{
	struct faulty_journal *self = ARENA_NEW(arena, struct faulty_journal);

	*self = (struct faulty_journal){
		.port.ops = &journal_faults, .faulty = faulty, .inner = inner};
	return &self->port;
}

struct source *faulty_source(struct arena *arena, struct faulty *faulty, struct source *inner)
{
	struct faulty_source *self = ARENA_NEW(arena, struct faulty_source);

	*self = (struct faulty_source){
		.port.ops = &source_faults, .faulty = faulty, .inner = inner};
	return &self->port;
}

struct database *faulty_database(struct arena *arena, struct faulty *faulty, struct database *inner)
{
	struct faulty_database *self = ARENA_NEW(arena, struct faulty_database);

	*self = (struct faulty_database){
		.port.ops = &database_faults, .faulty = faulty, .inner = inner};
	return &self->port;
}

static bool is_due(struct faulty *faulty, const char *call)
{
	size_t times = faulty->times ? faulty->times : 1;

	if (faulty->only && !text_equal(faulty->only, call))
		return false;
	faulty->calls++;
	return faulty->fail_at && faulty->calls >= faulty->fail_at &&
	       faulty->calls - faulty->fail_at < times;
}

static struct error *fault(struct faulty *faulty, const char *call, struct arena *arena)
{
	faulty->failed = call;
	return error_new(
		arena, faulty->code,
		&(struct error_text){
			.what = arena_printf(arena, "cannot do '%s'", call),
			.why = arena_printf(arena, "call %zu was made to fail", faulty->calls),
			.hint = "Look at the test.",
		});
}

/* One call of a port: its name, its parameters, and what is handed on. */
#define FAULTY(port, call, parameters, arguments)                                                  \
	static struct error *fail_##port##_##call parameters                                       \
	{                                                                                          \
		struct faulty_##port *self = (struct faulty_##port *)port;                         \
		bool due = is_due(self->faulty, #port "." #call);                                  \
		struct error *error;                                                               \
                                                                                                   \
		if (due && !self->faulty->after)                                                   \
			return fault(self->faulty, #port "." #call, arena);                        \
		error = self->inner->ops->call arguments;                                          \
		return due && !error ? fault(self->faulty, #port "." #call, arena) : error;        \
	}

/* clang-format off */
FAULTY(journal, chain, (struct journal *journal, struct arena *arena, const char **ret_digest),
       (self->inner, arena, ret_digest))
FAULTY(journal, write,
       (struct journal *journal, const struct records *records, struct arena *arena, int64_t *ret_run),
       (self->inner, records, arena, ret_run))
FAULTY(journal, memory,
       (struct journal *journal, const char *target, struct arena *arena, struct memory *ret_memory),
       (self->inner, target, arena, ret_memory))
FAULTY(journal, archive,
       (struct journal *journal, const char *digest, struct arena *arena, struct bytes *ret_bytes),
       (self->inner, digest, arena, ret_bytes))
FAULTY(journal, first_seen,
       (struct journal *journal, const char *commit, struct arena *arena, int64_t *ret_seconds),
       (self->inner, commit, arena, ret_seconds))
FAULTY(journal, verdict,
       (struct journal *journal, const char *commit, const char *keys, struct arena *arena,
        const struct node **ret_body),
       (self->inner, commit, keys, arena, ret_body))
FAULTY(journal, runs,
       (struct journal *journal, const char *target, size_t limit, struct arena *arena, struct runs *ret_runs),
       (self->inner, target, limit, arena, ret_runs))
FAULTY(journal, run, (struct journal *journal, int64_t run, struct arena *arena, struct run_memory *ret_run),
       (self->inner, run, arena, ret_run))
FAULTY(journal, statuses,
       (struct journal *journal, const char *target, size_t limit, struct arena *arena,
        struct statuses *ret_statuses),
       (self->inner, target, limit, arena, ret_statuses))
FAULTY(journal, outbox,
       (struct journal *journal, const char *target, int64_t now_us, size_t limit, bool all, struct arena *arena,
        struct outbox *ret_outbox),
       (self->inner, target, now_us, limit, all, arena, ret_outbox))
FAULTY(journal, check, (struct journal *journal, struct arena *arena, int64_t *ret_records),
       (self->inner, arena, ret_records))

FAULTY(source, head,
       (struct source *source, const char *branch, struct arena *arena, const char **ret_branch,
        const char **ret_commit),
       (self->inner, branch, arena, ret_branch, ret_commit))
FAULTY(source, fetch, (struct source *source, const char *branch, const char *commit, struct arena *arena),
       (self->inner, branch, commit, arena))
FAULTY(source, commit, (struct source *source, const char *id, struct arena *arena, struct bytes *ret_raw),
       (self->inner, id, arena, ret_raw))
FAULTY(source, resolve, (struct source *source, const char *text, struct arena *arena, const char **ret_commit),
       (self->inner, text, arena, ret_commit))
FAULTY(source, history,
       (struct source *source, const char *from, const char *head, struct arena *arena,
        struct history *ret_history, bool *ret_descends),
       (self->inner, from, head, arena, ret_history, ret_descends))
FAULTY(source, folder,
       (struct source *source, const char *commit, const char *path, struct arena *arena, struct folder *ret_folder),
       (self->inner, commit, path, arena, ret_folder))
FAULTY(source, entries,
       (struct source *source, const char *tree, struct arena *arena, struct folder *ret_folder),
       (self->inner, tree, arena, ret_folder))
FAULTY(source, blob,
       (struct source *source, const char *id, size_t maximum, struct arena *arena, struct bytes *ret_bytes),
       (self->inner, id, maximum, arena, ret_bytes))

FAULTY(source, refs,
       (struct source *source, const struct text_list *prefixes, struct arena *arena, struct source_refs *ret_refs),
       (self->inner, prefixes, arena, ret_refs))
FAULTY(source, bring, (struct source *source, const struct source_refs *refs, struct arena *arena),
       (self->inner, refs, arena))
FAULTY(source, tag, (struct source *source, const char *id, struct arena *arena, struct bytes *ret_raw),
       (self->inner, id, arena, ret_raw))

FAULTY(database, connect,
       (struct database *database, const struct session_limits *limits, bool for_writing, struct arena *arena,
        struct server *ret_server),
       (self->inner, limits, for_writing, arena, ret_server))
FAULTY(database, ledger,
       (struct database *database, const char *schema, struct arena *arena, struct ledger *ret_ledger),
       (self->inner, schema, arena, ret_ledger))
FAULTY(database, rows,
       (struct database *database, const char *schema, struct arena *arena, struct ledger *ret_ledger,
        bool *ret_locked),
       (self->inner, schema, arena, ret_ledger, ret_locked))
FAULTY(database, lock, (struct database *database, uint64_t budget_ms, struct arena *arena),
       (self->inner, budget_ms, arena))
FAULTY(database, unlock, (struct database *database, struct arena *arena), (self->inner, arena))
FAULTY(database, take_fence,
       (struct database *database, const char *schema, const char *target, const char *journal, bool take_over,
        struct arena *arena, int64_t *ret_epoch),
       (self->inner, schema, target, journal, take_over, arena, ret_epoch))
FAULTY(database, begin,
       (struct database *database, const struct fence *fence, struct arena *arena, const char **ret_xid),
       (self->inner, fence, arena, ret_xid))
FAULTY(database, send,
       (struct database *database, struct bytes sql, const struct send_options *options, struct arena *arena,
        struct answer *ret_answer),
       (self->inner, sql, options, arena, ret_answer))
FAULTY(database, commit,
       (struct database *database, const struct fence *fence, const char *xid, const struct ledger_change *change,
        const struct deployed_change *deployed, struct arena *arena, bool *ret_lock_kept),
       (self->inner, fence, xid, change, deployed, arena, ret_lock_kept))
FAULTY(database, write,
       (struct database *database, const struct fence *fence, const struct ledger_change *change,
        const struct deployed_change *deployed, struct arena *arena),
       (self->inner, fence, change, deployed, arena))
FAULTY(database, open_row,
       (struct database *database, const struct fence *fence, const struct ledger_change *change, struct arena *arena),
       (self->inner, fence, change, arena))
FAULTY(database, tidy_and_write,
       (struct database *database, const struct fence *fence, const struct ledger_change *change,
        const struct deployed_change *deployed, struct arena *arena, bool *ret_lock_kept),
       (self->inner, fence, change, deployed, arena, ret_lock_kept))
FAULTY(database, rollback, (struct database *database, struct arena *arena), (self->inner, arena))
FAULTY(database, tidy, (struct database *database, struct arena *arena, bool *ret_lock_kept),
       (self->inner, arena, ret_lock_kept))
FAULTY(database, probe,
       (struct database *database, const struct statement *statement, const char *schema, struct arena *arena,
        enum probe_result *ret_result),
       (self->inner, statement, schema, arena, ret_result))
FAULTY(database, clean_up,
       (struct database *database, const struct statement *statement, const char *schema, struct arena *arena),
       (self->inner, statement, schema, arena))
FAULTY(database, transaction_outcome,
       (struct database *database, const char *xid, struct arena *arena, enum transaction_outcome *ret_outcome),
       (self->inner, xid, arena, ret_outcome))
FAULTY(database, fingerprint,
       (struct database *database, const struct text_list *schemas, struct arena *arena,
        struct fingerprint *ret_fingerprint),
       (self->inner, schemas, arena, ret_fingerprint))
FAULTY(database, invalid_indexes,
       (struct database *database, const struct text_list *schemas, struct arena *arena,
        struct text_list *ret_names),
       (self->inner, schemas, arena, ret_names))
FAULTY(database, unreadable,
       (struct database *database, const struct text_list *schemas, struct arena *arena,
        struct text_list *ret_grants),
       (self->inner, schemas, arena, ret_grants))
FAULTY(database, inspect,
       (struct database *database, const char *schema, const struct text_list *schemas,
        struct arena *arena, struct inspection *ret_inspection),
       (self->inner, schema, schemas, arena, ret_inspection))
/* clang-format on */

static const char *pass_identity(struct journal *journal)
{
	return journal_identity(((struct faulty_journal *)journal)->inner);
}

static void pass_close_journal(struct journal *journal)
{
	journal_close(((struct faulty_journal *)journal)->inner);
}

static void pass_close_source(struct source *source)
{
	source_close(((struct faulty_source *)source)->inner);
}

static void pass_disconnect(struct database *database)
{
	database_disconnect(((struct faulty_database *)database)->inner);
}

static void pass_close_database(struct database *database)
{
	database_close(((struct faulty_database *)database)->inner);
}

static const struct journal_ops journal_faults = {
	.name = "faulty",
	.identity = pass_identity,
	.chain = fail_journal_chain,
	.write = fail_journal_write,
	.memory = fail_journal_memory,
	.archive = fail_journal_archive,
	.first_seen = fail_journal_first_seen,
	.verdict = fail_journal_verdict,
	.runs = fail_journal_runs,
	.run = fail_journal_run,
	.statuses = fail_journal_statuses,
	.outbox = fail_journal_outbox,
	.check = fail_journal_check,
	.close = pass_close_journal,
};

static const struct source_ops source_faults = {
	.name = "faulty",
	.head = fail_source_head,
	.fetch = fail_source_fetch,
	.commit = fail_source_commit,
	.resolve = fail_source_resolve,
	.history = fail_source_history,
	.folder = fail_source_folder,
	.entries = fail_source_entries,
	.blob = fail_source_blob,
	.refs = fail_source_refs,
	.bring = fail_source_bring,
	.tag = fail_source_tag,
	.close = pass_close_source,
};

static const struct database_ops database_faults = {
	.name = "faulty",
	.connect = fail_database_connect,
	.ledger = fail_database_ledger,
	.rows = fail_database_rows,
	.lock = fail_database_lock,
	.unlock = fail_database_unlock,
	.take_fence = fail_database_take_fence,
	.begin = fail_database_begin,
	.send = fail_database_send,
	.commit = fail_database_commit,
	.write = fail_database_write,
	.open_row = fail_database_open_row,
	.tidy_and_write = fail_database_tidy_and_write,
	.rollback = fail_database_rollback,
	.tidy = fail_database_tidy,
	.probe = fail_database_probe,
	.clean_up = fail_database_clean_up,
	.transaction_outcome = fail_database_transaction_outcome,
	.fingerprint = fail_database_fingerprint,
	.invalid_indexes = fail_database_invalid_indexes,
	.unreadable = fail_database_unreadable,
	.inspect = fail_database_inspect,
	.disconnect = pass_disconnect,
	.close = pass_close_database,
};

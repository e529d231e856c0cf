/*
 * The target database: one session, on which everything happens that must happen under Prisma's lock. The port knows
 * how to talk to PostgreSQL; what it means, in which order and what a failure leaves is the stages' business.
 * Sources: docs/rules.md R9 to R13 and R15 (rows, lock 72707369); PostgreSQL manual 13.3.5 (advisory locks),
 * 55.2.2 (simple query).
 *
 * Errors that any call may return: ERR_DB_LOST (the connection is gone; database_connect may be called again),
 * ERR_DB_QUERY (a query of our own failed), ERR_STOPPED. Texts of errors hold no row data.
 */
#pragma once

#include "model/blockers.h"
#include "model/fingerprint.h"
#include "model/inspection.h"
#include "model/ledger.h"
#include "model/progress.h"
#include "model/script.h"
#include "model/sql_error.h"

#define PRISMA_LOCK 72707369 /* pg_advisory_lock key of Prisma Migrate */
#define LEDGER_ROWS_MAXIMUM 100000

struct server {
	int version_num;     /* 150018 */
	const char *version; /* "15.18" */
	const char
		*system_identifier; /* pg_control_system(); NULL where the role may not call it */
	const char *database, *role;
	uint32_t database_oid;      /* another one when it was dropped and made anew */
	const char *current_schema; /* NULL: none */
	bool is_superuser;
	bool in_recovery;
	int backend_pid;
	uint64_t database_size; /* bytes; 0: not allowed to know */
};

struct session_limits { /* all in milliseconds; 0: off */
	uint64_t lock_timeout, statement_timeout, idle_in_transaction_timeout;
};

struct fence { /* what each write demands: the row of headgate.deployed is still ours */
	const char *schema; /* of the ledger */
	const char *target, *journal;
	int64_t epoch;
	const char *last_row_id; /* a ledger row that must still be there; NULL: none */
};

struct deployed_change { /* what headgate.deployed shall say after the write; NULL members stay */
	const char *commit, *tree, *chain;
};

enum transaction_state { TRANSACTION_NONE, TRANSACTION_OPEN, TRANSACTION_FAILED };

struct answer {                /* of one simple query */
	struct text_list tags; /* command tags in order, up to the failure */
	bool failed;
	struct sql_error error;             /* when failed */
	struct blockers blockers;           /* when a lock could not be had: who was seen */
	enum transaction_state transaction; /* afterwards */
	bool lost;       /* the connection broke: whether the last part took effect is not known */
	bool copy_ended; /* a COPY … FROM STDIN was met and ended with an error */
};

struct send_options {
	bool leave_running; /* on SIGTERM leave the statement to the server (index builds) instead of cancelling */
	bool no_statement_timeout; /* statement_timeout 0 for this one; bounded by progress */
	struct error *(*meanwhile)(
		void *work); /* called once, before the answer is waited for; NULL: nothing */
	void *work;
	const char *what; /* for progress: "building users_email_idx"; NULL: no progress */
	const struct progress *progress;
};

enum probe_result {
	PROBE_DONE,    /* the effect is there */
	PROBE_NOTHING, /* no trace */
	PROBE_REMNANT, /* a left-over that must be cleaned up first: an invalid index, a pending detach */
	PROBE_RUNNING, /* still being built by another backend */
	PROBE_UNKNOWN, /* nobody can say */
};

enum transaction_outcome {
	OUTCOME_COMMITTED,
	OUTCOME_ABORTED,
	OUTCOME_IN_PROGRESS,
	OUTCOME_TOO_OLD,
	OUTCOME_UNASSIGNED, /* no transaction has that id yet: a crash of the server took it back, or it is another server */
};

struct database;

struct database_ops {
	const char *name;
	/*
	 * Connects (again), makes the session's settings by SET, and looks: ERR_DB_UNREACHABLE, ERR_DB_AUTH, ERR_DB_TLS,
	 * ERR_DB_VERSION (before 14), ERR_DB_POOLER (PQbackendPID differs from pg_backend_pid), ERR_DB_STANDBY (the
	 * database is in recovery and `for_writing`). The secret is read again at each connect. Without `for_writing`
	 * the session's transactions are read only.
	 */
	struct error *(*connect)(struct database *database, const struct session_limits *limits,
	                         bool for_writing, struct arena *arena, struct server *ret_server);
	/* Rows and headgate.deployed as they are now, in one snapshot. No ledger: has_table false. */
	struct error *(*ledger)(struct database *database, const char *schema, struct arena *arena,
	                        struct ledger *ret_ledger);
	/*
	 * The same without headgate.deployed (has_deployed is false), for a role that may read the rows and nothing else.
	 * *ret_locked: does any session hold Prisma's lock? Then an open row may be a migration at work.
	 */
	struct error *(*rows)(struct database *database, const char *schema, struct arena *arena,
	                      struct ledger *ret_ledger, bool *ret_locked);
	/*
	 * Prisma's lock by polling pg_try_advisory_lock (25 ms doubling to 1 s, with jitter), at most `budget_ms`.
	 * ERR_LEDGER_LOCK names the holder (pid, application, user, age). Repeating while held is harmless.
	 */
	struct error *(*lock)(struct database *database, uint64_t budget_ms, struct arena *arena);
	struct error *(*unlock)(struct database *database, struct arena *arena);
	/*
	 * Under the lock: makes the ledger's schema (as Prisma does), `_prisma_migrations` (its exact DDL) and
	 * headgate.deployed where they are missing, refuses a row that belongs to another target or journal
	 * (ERR_JOURNAL_FOREIGN, unless `take_over`), raises the epoch and returns it. ERR_DB_RIGHTS prints the SQL for
	 * the owner when a right is missing.
	 */
	struct error *(*take_fence)(struct database *database, const char *schema,
	                            const char *target, const char *journal, bool take_over,
	                            struct arena *arena, int64_t *ret_epoch);
	/* One round trip: BEGIN, fence, transaction id. ERR_FENCED: nothing is open. */
	struct error *(*begin)(struct database *database, const struct fence *fence,
	                       struct arena *arena, const char **ret_xid);
	/*
	 * One simple query, the bytes as they are, results read one by one; rows are forgotten. An SQL error is in the
	 * answer, not an error; so is a cancel because we were asked to stop (57014). With leave_running a stop is
	 * ERR_STOPPED, and the session is gone. COPY … TO STDOUT has no reader: it fails with 0A000, but the server goes on,
	 * and so do the tags. ERR_FILE_NOT_TEXT: a NUL byte. While it takes long a second session may look who blocks it,
	 * for the answer's blockers; that this cannot be had fails nothing. It ends with the first one at the latest.
	 * What `meanwhile` fails with is the call's error, once the server is done: the query is cancelled, and whether it
	 * took effect is the caller's to undo (it is meant for a query inside of begin and commit).
	 */
	struct error *(*send)(struct database *database, struct bytes sql,
	                      const struct send_options *options, struct arena *arena,
	                      struct answer *ret_answer);
	/*
	 * One round trip at the end of way one: RESET SESSION AUTHORIZATION, RESET ROLE, still the same transaction id,
	 * the ledger's change, headgate.deployed, COMMIT, and then what tidy does. On ERR_DB_LOST (also when it is
	 * committed and cannot be tidied up: the session is closed) ask transaction_outcome(xid). After any other
	 * error nothing is open and nothing took effect: ERR_SQL_FAILED when the file itself is why (a deferred constraint,
	 * a dropped ledger), ERR_FENCED when headgate.deployed is not as begin saw it. ERR_OUTCOME_UNKNOWN: the file ended
	 * our transaction.
	 */
	struct error *(*commit)(struct database *database, const struct fence *fence,
	                        const char *xid, const struct ledger_change *change,
	                        const struct deployed_change *deployed, struct arena *arena,
	                        bool *ret_lock_kept);
	/*
	 * The same change in a transaction of its own, under the fence. `change` NULL: headgate.deployed alone. ERR_FENCED
	 * also when the row of an update is not in the state that the change starts from.
	 */
	struct error *(*write)(struct database *database, const struct fence *fence,
	                       const struct ledger_change *change,
	                       const struct deployed_change *deployed, struct arena *arena);
	/*
	 * As write, without waiting until the disk has it: for a row that is opened before a statement that commits by
	 * itself, whose own commit takes the row along. A crash of the server before that may lose the row, but never the
	 * row alone: what was committed later is lost, too.
	 */
	struct error *(*open_row)(struct database *database, const struct fence *fence,
	                          const struct ledger_change *change, struct arena *arena);
	/* tidy, then write, in one round trip. Is the lock not kept, nothing was written. */
	struct error *(*tidy_and_write)(struct database *database, const struct fence *fence,
	                                const struct ledger_change *change,
	                                const struct deployed_change *deployed, struct arena *arena,
	                                bool *ret_lock_kept);
	struct error *(*rollback)(struct database *database, struct arena *arena);
	/*
	 * After each file: RESET SESSION AUTHORIZATION, RESET ROLE, RESET ALL, DEALLOCATE ALL, CLOSE ALL, UNLISTEN *,
	 * DISCARD TEMP, DISCARD SEQUENCES, our own settings again. *ret_lock_kept: does pg_locks still show Prisma's
	 * lock as ours?
	 */
	struct error *(*tidy)(struct database *database, struct arena *arena, bool *ret_lock_kept);
	/* An unqualified name is looked for as this session would (a file may set its search_path), else in `schema`. */
	struct error *(*probe)(struct database *database, const struct statement *statement,
	                       const char *schema, struct arena *arena,
	                       enum probe_result *ret_result);
	/*
	 * Removes the remnant of a statement (drops its invalid index CONCURRENTLY, finalizes its detach). Nothing to remove,
	 * or still being built: nothing happens. ERR_LOCKS_BUSY, which names the blockers: the locks for it could not be had.
	 */
	struct error *(*clean_up)(struct database *database, const struct statement *statement,
	                          const char *schema, struct arena *arena);
	struct error *(*transaction_outcome)(struct database *database, const char *xid,
	                                     struct arena *arena,
	                                     enum transaction_outcome *ret_outcome);
	struct error *(*fingerprint)(struct database *database, const struct text_list *schemas,
	                             struct arena *arena, struct fingerprint *ret_fingerprint);
	/* Names ("schema.index") of indexes in these schemas that are not valid and not being built. */
	struct error *(*invalid_indexes)(struct database *database, const struct text_list *schemas,
	                                 struct arena *arena, struct text_list *ret_names);
	/* What the role may not read, as the GRANTs that would mend it; empty: a dump of that scope will be whole.
	 * schemas NULL: the whole database. */
	struct error *(*unreadable)(struct database *database, const struct text_list *schemas,
	                            struct arena *arena, struct text_list *ret_grants);
	/*
	 * Looks whether the agent can work here: `schema` is the ledger's, `schemas` those that the target owns. Wants a
	 * connection that was not made for writing, so that poolers and standbys can be looked at, too. Writes nothing.
	 */
	struct error *(*inspect)(struct database *database, const char *schema,
	                         const struct text_list *schemas, struct arena *arena,
	                         struct inspection *ret_inspection);
	void (*disconnect)(struct database *database);
	void (*close)(struct database *database);
};

struct database {
	const struct database_ops *ops;
};

static inline FALLIBLE database_connect(struct database *database,
                                        const struct session_limits *limits, bool for_writing,
                                        struct arena *arena, struct server *ret_server)
{
	return database->ops->connect(database, limits, for_writing, arena, ret_server);
}

static inline FALLIBLE database_ledger(struct database *database, const char *schema,
                                       struct arena *arena, struct ledger *ret_ledger)
{
	return database->ops->ledger(database, schema, arena, ret_ledger);
}

static inline FALLIBLE database_rows(struct database *database, const char *schema,
                                     struct arena *arena, struct ledger *ret_ledger,
                                     bool *ret_locked)
{
	return database->ops->rows(database, schema, arena, ret_ledger, ret_locked);
}

static inline FALLIBLE database_lock(struct database *database, uint64_t budget_ms,
                                     struct arena *arena)
{
	return database->ops->lock(database, budget_ms, arena);
}

static inline FALLIBLE database_unlock(struct database *database, struct arena *arena)
{
	return database->ops->unlock(database, arena);
}

static inline FALLIBLE database_take_fence(struct database *database, const char *schema,
                                           const char *target, const char *journal, bool take_over,
                                           struct arena *arena, int64_t *ret_epoch)
{
	return database->ops->take_fence(database, schema, target, journal, take_over, arena,
	                                 ret_epoch);
}

static inline FALLIBLE database_begin(struct database *database, const struct fence *fence,
                                      struct arena *arena, const char **ret_xid)
{
	return database->ops->begin(database, fence, arena, ret_xid);
}

static inline FALLIBLE database_send(struct database *database, struct bytes sql,
                                     const struct send_options *options, struct arena *arena,
                                     struct answer *ret_answer)
{
	return database->ops->send(database, sql, options, arena, ret_answer);
}

static inline FALLIBLE database_commit(struct database *database, const struct fence *fence,
                                       const char *xid, const struct ledger_change *change,
                                       const struct deployed_change *deployed, struct arena *arena,
                                       bool *ret_lock_kept)
{
	return database->ops->commit(database, fence, xid, change, deployed, arena, ret_lock_kept);
}

static inline FALLIBLE database_write(struct database *database, const struct fence *fence,
                                      const struct ledger_change *change,
                                      const struct deployed_change *deployed, struct arena *arena)
{
	return database->ops->write(database, fence, change, deployed, arena);
}

static inline FALLIBLE database_open_row(struct database *database, const struct fence *fence,
                                         const struct ledger_change *change, struct arena *arena)
{
	return database->ops->open_row(database, fence, change, arena);
}

static inline FALLIBLE database_tidy_and_write(struct database *database, const struct fence *fence,
                                               const struct ledger_change *change,
                                               const struct deployed_change *deployed,
                                               struct arena *arena, bool *ret_lock_kept)
{
	return database->ops->tidy_and_write(database, fence, change, deployed, arena,
	                                     ret_lock_kept);
}

static inline FALLIBLE database_rollback(struct database *database, struct arena *arena)
{
	return database->ops->rollback(database, arena);
}

static inline FALLIBLE database_tidy(struct database *database, struct arena *arena,
                                     bool *ret_lock_kept)
{
	return database->ops->tidy(database, arena, ret_lock_kept);
}

static inline FALLIBLE database_probe(struct database *database, const struct statement *statement,
                                      const char *schema, struct arena *arena,
                                      enum probe_result *ret_result)
{
	return database->ops->probe(database, statement, schema, arena, ret_result);
}

static inline FALLIBLE database_clean_up(struct database *database,
                                         const struct statement *statement, const char *schema,
                                         struct arena *arena)
{
	return database->ops->clean_up(database, statement, schema, arena);
}

static inline FALLIBLE database_transaction_outcome(struct database *database, const char *xid,
                                                    struct arena *arena,
                                                    enum transaction_outcome *ret_outcome)
{
	return database->ops->transaction_outcome(database, xid, arena, ret_outcome);
}

static inline FALLIBLE database_fingerprint(struct database *database,
                                            const struct text_list *schemas, struct arena *arena,
                                            struct fingerprint *ret_fingerprint)
{
	return database->ops->fingerprint(database, schemas, arena, ret_fingerprint);
}

static inline FALLIBLE database_invalid_indexes(struct database *database,
                                                const struct text_list *schemas,
                                                struct arena *arena, struct text_list *ret_names)
{
	return database->ops->invalid_indexes(database, schemas, arena, ret_names);
}

static inline FALLIBLE database_unreadable(struct database *database,
                                           const struct text_list *schemas, struct arena *arena,
                                           struct text_list *ret_grants)
{
	return database->ops->unreadable(database, schemas, arena, ret_grants);
}

static inline FALLIBLE database_inspect(struct database *database, const char *schema,
                                        const struct text_list *schemas, struct arena *arena,
                                        struct inspection *ret_inspection)
{
	return database->ops->inspect(database, schema, schemas, arena, ret_inspection);
}

static inline void database_disconnect(struct database *database)
{
	database->ops->disconnect(database);
}

static inline void database_close(struct database *database)
{
	if (database)
		database->ops->close(database);
}

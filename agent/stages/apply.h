/*
 * One SQL file on its way into the target, shared by apply, settle and the three ways to send it
 * (R9). Private to the stages. What a reader gets wrong: ways two and three number what
 * they send from 1; number 0 is the file.
 *
 *   way one:         BEGIN, fence, xid -> file, and INTENT 0 meanwhile -> ledger row, COMMIT
 *   ways two, three: INTENT 0 -> open row -> ( INTENT n -> unit n )… -> the row is closed
 *
 * A unit is what goes out in one query: the whole file in way two, one statement in way three.
 */
#pragma once

#include "stages/run.h"

struct file {
	struct run *run;
	enum plan_action action;
	const char *name, *checksum;
	const char *commit; /* the step it is attributed to */
	struct bytes sql;
	const struct script *script;
	enum way way;
	const char *way_note; /* why it was not sent in the way that was planned; NULL: it was */
	const char *row_id;
	int64_t started_us;
	int64_t finished_us; /* of a down: finished_at of its row, to be written back */
	struct bytes down;   /* of an apply: kept with the deployed migration; size 0: none */
	bool is_last;        /* of the run: headgate.deployed moves on to the horizon */
	bool is_announced;   /* the first unit's intent is durable, and its probe saw nothing */
	bool landed;         /* its work is done and its row says so, and the records, too */
	size_t next;         /* first unit that did not take effect for certain */
	struct text_list effects; /* what took effect, for people: "CREATE TABLE (line 3)" */
	uint64_t began_ms;
	uint64_t give_up_ms; /* monotonic: the end of tries for locks; 0: none failed yet */
	uint64_t pause_ms;   /* before the next try */
};

/* apply.c: under Prisma's lock */
FALLIBLE apply_connect(struct run *run);
FALLIBLE apply_lock(struct run *run);
FALLIBLE apply_fence(struct run *run);
/* ERR_FENCED when the ledger holds other rows, or other states, than run->ledger. */
FALLIBLE apply_same_ledger(struct run *run, const char *meanwhile);
/* Tidies the session up; a lock that the file dropped is taken again, and all is read again. */
FALLIBLE apply_tidy(struct run *run);
FALLIBLE apply_lock_kept(struct run *run, bool kept); /* the same after somebody else tidied up */
/* Our own change to the ledger, so that apply_same_ledger finds only those of others. */
void apply_expect(struct run *run, const struct file *file, enum row_state state);

/* apply_ways.c */
FALLIBLE file_send(struct file *file);
/* Way one, a connection was lost: did it commit? Transaction id and ledger row must agree. */
FALLIBLE file_ask_outcome(struct file *file, const char *xid, bool *ret_landed);
/* A lock could not be had: waits, or says that it was tried long enough. ERR_STOPPED. */
FALLIBLE file_pause(struct file *file, bool *ret_again);

/* apply_rows.c: ways two and three */
FALLIBLE file_open_row(struct file *file);
FALLIBLE file_close_row(struct file *file);
/* The row becomes a failed try (of a down: applied as before). Returns `why_not`. */
FALLIBLE file_withdraw(struct file *file, const char *result, struct error *why_not);
/* The row stays open; its logs say why, as Prisma's would, if that can be written. Returns `why`. */
struct error *file_leave_open(struct file *file, struct error *why);

/* apply_units.c: ways two and three, from file->next on */
FALLIBLE file_send_units(struct file *file);
/* Way three: a session that is new gets the settings of the units before file->next again. */
FALLIBLE file_replay_session(struct file *file);
void file_note_effect(struct file *file, const struct statement *statement);
/* "statement 2 of 3, CREATE INDEX (line 5)" */
const char *file_place(const struct file *file, size_t unit);
size_t file_unit_count(const struct file *file);
/* Of the whole file sent in one: the line of the statement that its tags end before; 0: not known. */
int file_line_after(const struct file *file, const struct answer *answer);
/* NULL in way two. */
const struct statement *file_statement(const struct file *file, size_t unit);

/* What a statement may have left behind. */
enum trace {
	TRACE_NONE,
	TRACE_IN_CATALOG, /* a probe tells */
	TRACE_UNKNOWN,
};
/* When it gave an error outside a transaction; when its answer was never read. */
enum trace statement_trace_failed(const struct statement *statement);
enum trace statement_trace_interrupted(const struct statement *statement);
bool statement_sets_session(const struct statement *statement); /* SET, RESET */
bool statement_commits(const struct statement *statement);      /* COMMIT, PREPARE TRANSACTION */
/* Probes; removes a remnant and probes again. ERR_LOCKS_BUSY while another backend builds it. */
FALLIBLE file_probe(struct file *file, const struct statement *statement,
                    enum probe_result *ret_result);

/* apply_records.c: what the journal is told; kept in run->records until apply_write */
void record_intent(struct file *file, size_t unit, const char *xid); /* unit 0: the file */
void record_outcome(struct file *file, size_t unit, const char *result, const char *sqlstate);
/* OUTCOME of the file, DEPLOYED or HELD; sets file->landed. */
void record_landed(struct file *file);
void record_deployed(struct file *file);
FALLIBLE apply_write(struct run *run); /* durable when it returns */
FALLIBLE file_deployed(const struct file *file, struct deployed_change *ret_change);

/* apply_errors.c */
struct file_failure {
	const struct sql_error *error; /* NULL: no SQL error */
	struct bytes sent;             /* what its position counts in */
	int first_line;                /* of `sent` in the file */
	int line;          /* of the statement, when there is no position; 0: not known */
	const char *where; /* file_place; NULL: the whole file */
	const char *why;   /* instead of an SQL error */
};
/* What everybody may read; and all of it, in the run log. */
const char *failure_words(const struct file *file, const struct file_failure *failure);
void failure_log(const struct file *file, const struct file_failure *failure);
struct error *error_failed(const struct file *file, const char *why)
	__attribute__((returns_nonnull));
struct error *error_partly(const struct file *file, const char *why)
	__attribute__((returns_nonnull));
struct error *error_left_open(const struct file *file) __attribute__((returns_nonnull));
/* `blockers` NULL: it is known without them who is in the way. */
struct error *error_locks(const struct file *file, const char *why, const struct blockers *blockers)
	__attribute__((returns_nonnull));
struct error *error_nonatomic(const struct file *file, const char *why)
	__attribute__((returns_nonnull));
struct error *error_unknown(const struct file *file, const char *why, const char *look_for)
	__attribute__((returns_nonnull));
struct error *error_later(const struct file *file, const char *why)
	__attribute__((returns_nonnull));
struct error *error_stopped(const struct file *file) __attribute__((returns_nonnull));

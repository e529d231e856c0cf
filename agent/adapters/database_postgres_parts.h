/*
 * What the files of the PostgreSQL adapter share: the session and the one way in which a query of
 * our own is sent. A query of our own never ends inside a transaction that it did not find open.
 */
#pragma once

#include "adapters/database_access.h"
#include "adapters/database_postgres.h"
#include "adapters/pg.h"

#define OWN_QUERY_MS                                                                               \
	60000 /* a look of ours that takes longer counts as lost; commits have no limit */

struct postgres {
	struct database database;
	struct arena *arena; /* the one it was opened in */
	struct database_access access;
	const char *target;   /* for application_name */
	struct pg *pg;        /* NULL: not connected */
	struct pg *side;      /* for looks during a wait; NULL until it is needed */
	const char *where;    /* "shop on db.example:5432" */
	const char *settings; /* "set_config(…), …": what a session has of ours */
	bool says_pooler;     /* the URL: pgbouncer=true */
	struct session_limits limits;
	bool lock_held; /* as far as we know: a file may have dropped it */
	bool longer;    /* the time limits are those of a long statement */
};

/* FROM …: the rows of pg_locks that are Prisma's lock in this database, granted; everybody may see them. */
#define LOCK_ROWS                                                                                  \
	"pg_catalog.pg_locks l WHERE l.locktype = 'advisory' AND l.classid = 0"                    \
	" AND l.objid = 72707369 AND l.objsubid = 1 AND l.granted AND l.database ="                \
	" (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"

/* One of our own queries, in constant SQL; `aim` is "cannot …", for the message. */
struct own_query {
	const char *aim;
	const char *sql;
	const char *const *values;
	size_t count;
	enum pg_stop stop;
	uint64_t deadline_ms; /* 0: none */
};

static inline struct postgres *postgres_of(struct database *database)
{
	return (struct postgres *)database;
}

/*
 * Errors: ERR_DB_LOST (then the session is closed), ERR_STOPPED, ERR_DB_RIGHTS, ERR_DB_QUERY. After
 * a failure a transaction that the query had opened is rolled back.
 */
FALLIBLE postgres_query(struct postgres *postgres, const struct own_query *query,
                        struct arena *arena, struct pg_reply *ret_reply);
/*
 * The same for looks: cancelled when asked to stop, at most OWN_QUERY_MS. Values end at the first
 * NULL pointer.
 */
FALLIBLE postgres_look(struct postgres *postgres, struct arena *arena, const char *aim,
                       const char *sql, const char *const *values, size_t count,
                       struct pg_reply *ret_reply);
/*
 * What a failed reply to one of our own queries means; NULL when it did not fail. Closes a lost
 * session.
 */
FALLIBLE postgres_judge(struct postgres *postgres, struct arena *arena, const char *aim,
                        const struct pg_reply *reply);
FALLIBLE postgres_connected(struct postgres *postgres, struct arena *arena, const char *aim);
void postgres_forget(struct postgres *postgres); /* closes the session */
void postgres_end_transaction(struct postgres *postgres,
                              struct arena *arena); /* ROLLBACK where one is open */
FALLIBLE postgres_pooler(struct postgres *postgres, struct arena *arena,
                         const char *aim); /* ERR_DB_POOLER, always */
/* Makes postgres->side. The secret is read again. */
FALLIBLE postgres_connect_side(struct postgres *postgres, uint64_t longest_ms, struct arena *arena);

/*
 * Tidying up: what a file may have set or left behind goes, and then our settings come back. The
 * row of the second one says whether Prisma's lock is still ours; postgres_restored reads it. With
 * `demands_lock` the server stops there (22012) when it is not.
 */
#define POSTGRES_DISCARD                                                                           \
	"RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; DEALLOCATE ALL; CLOSE ALL;"           \
	" UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES"
#define POSTGRES_DISCARDS 8 /* statements of it */
const char *postgres_restore_sql(const struct postgres *postgres, bool demands_lock,
                                 struct arena *arena);
bool postgres_restored(struct postgres *postgres, const struct pg_reply *reply, size_t result);

static inline void postgres_ignore(struct error *error) /* the caller says why */
{
	(void)error;
}

/* "{a,b}" as one value for $n::text[]. */
const char *postgres_array(struct arena *arena, const struct text_list *list);
bool postgres_true(const char *cell);      /* 't' */
int64_t postgres_number(const char *cell); /* 0 for NULL */
const char *postgres_timestamp(struct arena *arena,
                               int64_t us); /* '2026-11-24 23:32:15.123456+00', quoted */

/* database_postgres_ledger.c */
FALLIBLE postgres_ledger(struct database *database, const char *schema, struct arena *arena,
                         struct ledger *ret_ledger);
FALLIBLE postgres_rows(struct database *database, const char *schema, struct arena *arena,
                       struct ledger *ret_ledger, bool *ret_locked);
FALLIBLE postgres_take_fence(struct database *database, const char *schema, const char *target,
                             const char *journal, bool take_over, struct arena *arena,
                             int64_t *ret_epoch);
/* database_postgres_write.c */
FALLIBLE postgres_begin(struct database *database, const struct fence *fence, struct arena *arena,
                        const char **ret_xid);
FALLIBLE postgres_commit(struct database *database, const struct fence *fence, const char *xid,
                         const struct ledger_change *change, const struct deployed_change *deployed,
                         struct arena *arena, bool *ret_lock_kept);
FALLIBLE postgres_write(struct database *database, const struct fence *fence,
                        const struct ledger_change *change, const struct deployed_change *deployed,
                        struct arena *arena);
FALLIBLE postgres_open_row(struct database *database, const struct fence *fence,
                           const struct ledger_change *change, struct arena *arena);
FALLIBLE postgres_tidy_and_write(struct database *database, const struct fence *fence,
                                 const struct ledger_change *change,
                                 const struct deployed_change *deployed, struct arena *arena,
                                 bool *ret_lock_kept);
FALLIBLE postgres_rollback(struct database *database, struct arena *arena);
/* database_postgres_send.c */
FALLIBLE postgres_send(struct database *database, struct bytes sql,
                       const struct send_options *options, struct arena *arena,
                       struct answer *ret_answer);
/* The time limits of a long statement go back to the usual ones. */
FALLIBLE postgres_usual_timeouts(struct postgres *postgres, struct arena *arena);
/* database_postgres_blockers.c */
/*
 * Like pg_exchange on the first session; while it lasts, the side session looks who blocks it.
 * *ret_blockers is empty unless a lock could not be had.
 */
void postgres_exchange(struct postgres *postgres, const struct pg_query *query,
                       uint64_t lock_timeout, struct arena *arena, struct pg_reply *ret_reply,
                       struct blockers *ret_blockers);
/*
 * One look from the side session, which is made when there is none, in about budget_ms. After a
 * failure there is none. The first session is never touched.
 */
FALLIBLE postgres_side_look(struct postgres *postgres, uint64_t budget_ms, struct arena *arena,
                            const char *sql, const char *const *values, size_t count,
                            struct pg_reply *ret_reply);
/* database_postgres_probe.c */
FALLIBLE postgres_probe(struct database *database, const struct statement *statement,
                        const char *schema, struct arena *arena, enum probe_result *ret_result);
FALLIBLE postgres_clean_up(struct database *database, const struct statement *statement,
                           const char *schema, struct arena *arena);
/* database_postgres_catalog.c */
FALLIBLE postgres_transaction_outcome(struct database *database, const char *xid,
                                      struct arena *arena, enum transaction_outcome *ret_outcome);
FALLIBLE postgres_invalid_indexes(struct database *database, const struct text_list *schemas,
                                  struct arena *arena, struct text_list *ret_names);
FALLIBLE postgres_unreadable(struct database *database, const struct text_list *schemas,
                             struct arena *arena, struct text_list *ret_grants);
/* database_postgres_fingerprint.c */
FALLIBLE postgres_fingerprint(struct database *database, const struct text_list *schemas,
                              struct arena *arena, struct fingerprint *ret_fingerprint);
/* database_postgres_inspect.c */
FALLIBLE postgres_inspect(struct database *database, const char *schema,
                          const struct text_list *schemas, struct arena *arena,
                          struct inspection *ret_inspection);

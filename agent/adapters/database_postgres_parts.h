/*
 * What the files of the PostgreSQL adapter share: the session and the one way in which a query of
 * our own is sent. A query of our own never ends inside a transaction that it did not find open.
 */
#pragma once

#include "adapters/database_postgres.h"
#include "adapters/pg.h"

#define OWN_QUERY_MS                                                                               \
	60000 /* a look of ours that takes longer counts as lost; commits have no limit */

struct postgres {
	struct database database;
	struct arena *arena; /* the one it was opened in */
	struct database_postgres_options options;
	struct pg *pg;        /* NULL: not connected */
	struct pg *side;      /* for progress; NULL until it is needed */
	const char *where;    /* "shop on db.example:5432" */
	const char *settings; /* "set_config(…), …": what a session has of ours */
	struct session_limits limits;
	bool lock_held; /* as far as we know: a file may have dropped it */
};

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
/* A second session beside the first, or NULL. */
struct pg *postgres_side(struct postgres *postgres, struct arena *arena);

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
FALLIBLE postgres_take_fence(struct database *database, const char *schema, const char *target,
                             const char *journal, bool take_over, struct arena *arena,
                             int64_t *ret_epoch);
/* database_postgres_write.c */
FALLIBLE postgres_begin(struct database *database, const struct fence *fence, struct arena *arena,
                        const char **ret_xid);
FALLIBLE postgres_commit(struct database *database, const struct fence *fence, const char *xid,
                         const struct ledger_change *change, const struct deployed_change *deployed,
                         struct arena *arena);
FALLIBLE postgres_write(struct database *database, const struct fence *fence,
                        const struct ledger_change *change, const struct deployed_change *deployed,
                        struct arena *arena);
FALLIBLE postgres_rollback(struct database *database, struct arena *arena);
/* database_postgres_send.c */
FALLIBLE postgres_send(struct database *database, struct bytes sql,
                       const struct send_options *options, struct arena *arena,
                       struct answer *ret_answer);
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

/*
 * Owns nothing: every commit was seen at one given time, and was never judged. What a reader gets wrong: an operation
 * that is not answered here is a NULL, so a stage that asks more of its journal must not be performed on this one.
 */
#include "engine/no_journal.h"

struct no_journal {
	struct journal journal;
	int64_t seen;
};

static struct error *first_seen(struct journal *journal, const char *commit, struct arena *arena,
                                int64_t *ret_seconds);
static struct error *verdict(struct journal *journal, const char *commit, const char *keys,
                             struct arena *arena, const struct node **ret_body);
static void close_nothing(struct journal *journal);

static const struct journal_ops ops = {
	.name = "none",
	.first_seen = first_seen,
	.verdict = verdict,
	.close = close_nothing,
};

struct journal *no_journal(struct arena *arena, int64_t seen)
{
	struct no_journal *none = ARENA_NEW(arena, struct no_journal);

	*none = (struct no_journal){{&ops}, seen};
	return &none->journal;
}

static struct error *first_seen(struct journal *journal, const char *commit, struct arena *arena,
                                int64_t *ret_seconds)
{
	(void)commit;
	(void)arena;
	*ret_seconds = ((struct no_journal *)journal)->seen;
	return NULL;
}

static struct error *verdict(struct journal *journal, const char *commit, const char *keys,
                             struct arena *arena, const struct node **ret_body)
{
	(void)journal;
	(void)commit;
	(void)keys;
	(void)arena;
	*ret_body = NULL;
	return NULL;
}

static void close_nothing(struct journal *journal)
{
	(void)journal;
}

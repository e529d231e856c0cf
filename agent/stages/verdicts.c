/*
 * Verdicts on signed objects, each reached once. They are remembered by object and by the digest of keys and
 * revocations, so that a changed key file asks again. What a reader gets wrong: the time that counts is when the agent
 * first saw the object, never a time that it claims.
 */
#include "stages/verdicts.h"

#include "base/clock.h"
#include "base/map.h"

#define TOGETHER 512                      /* commits that are read and judged at once */
#define BYTES_TOGETHER (64 * 1024 * 1024) /* and of these, about: a commit may be large */

struct known { /* about one object */
	const char *id;
	int64_t seen; /* seconds; 0: not asked yet */
	bool is_judged;
	struct verdict verdict;
};

struct verdicts { /* of one run, for one digest of keys */
	const char *keys;
	struct map objects; /* struct known */
};

struct batch { /* what is read for it is gone when it is judged */
	struct run *run;
	struct arena *arena;
	struct known *knowns[TOGETHER];
	struct keyring_ask asks[TOGETHER];
	size_t count;
};

static FALLIBLE prepare_one(struct batch *batch, const char *id);
static FALLIBLE judge_batch(struct batch *batch);
static FALLIBLE find_seen(struct run *run, struct known *known);
static struct known *find_known(struct run *run, const char *id);
static FALLIBLE recall(struct run *run, struct known *known);
static enum verdict_kind find_kind(const char *name);
static enum signature_format find_format(const char *name);
static void keep(struct run *run, struct known *known, const struct verdict *verdict);
static void remember(struct run *run, const char *object, const struct verdict *verdict);

FALLIBLE verdicts_prepare_steps(struct run *run, const struct steps *steps)
{
	struct text_list ids = {0};

	for (size_t i = 0; i < steps->count; i++)
		for (size_t k = 0; !steps->items[i].refusal && k < steps->items[i].brought.count;
		     k++)
			*LIST_ADD(run->arena, &ids) = steps->items[i].brought.items[k].id;
	return verdicts_prepare(run, ids.items, ids.count);
}

FALLIBLE verdicts_prepare(struct run *run, const char *const *commits, size_t count)
{
	for (size_t i = 0; i < count;) {
		AUTO_ARENA arena = arena_new();
		struct batch *batch = ARENA_NEW(arena, struct batch);

		*batch = (struct batch){.run = run, .arena = arena};
		while (i < count && batch->count < TOGETHER && arena_used(arena) < BYTES_TOGETHER)
			TRY(prepare_one(batch, commits[i++]));
		TRY(judge_batch(batch));
	}
	return NULL;
}

static FALLIBLE prepare_one(struct batch *batch, const char *id)
{
	struct run *run = batch->run;
	struct known *known = find_known(run, id);
	struct commit *commit;
	struct bytes raw = {0};

	TRY(find_seen(run, known));
	TRY(recall(run, known));
	for (size_t i = 0; i < batch->count; i++)
		if (batch->knowns[i] == known)
			return NULL;
	if (known->is_judged || source_commit(run->ports.source, id, batch->arena, &raw))
		return NULL;
	commit = ARENA_NEW(batch->arena, struct commit);
	if (commit_parse(batch->arena, id, raw, commit))
		return NULL;
	batch->knowns[batch->count] = known;
	batch->asks[batch->count++] = (struct keyring_ask){&commit->seal, known->seen};
	return NULL;
}

static FALLIBLE judge_batch(struct batch *batch)
{
	struct run *run = batch->run;
	struct verdict *verdicts = ARENA_ARRAY(batch->arena, struct verdict, batch->count);
	struct error *error = keyring_judge_many(run->ports.keyring, batch->asks, batch->count,
	                                         run->arena, verdicts);

	if (error)
		return error->row == &error_rows()[ERR_STOPPED] ? error : NULL;
	for (size_t i = 0; i < batch->count; i++)
		keep(run, batch->knowns[i], &verdicts[i]);
	return NULL;
}

FALLIBLE verdicts_first_seen(struct run *run, const char *object, int64_t *ret_seconds)
{
	struct known *known = find_known(run, object);

	TRY(find_seen(run, known));
	*ret_seconds = known->seen;
	return NULL;
}

FALLIBLE verdicts_judge(struct run *run, const struct seal *seal, int64_t seen,
                        struct verdict *ret_verdict)
{
	struct known *known = find_known(run, seal->id);
	struct verdict verdict;

	TRY(recall(run, known));
	if (!known->is_judged) {
		TRY(keyring_judge(run->ports.keyring, seal, seen, run->arena, &verdict));
		keep(run, known, &verdict);
	}
	*ret_verdict = known->verdict;
	return NULL;
}

static FALLIBLE find_seen(struct run *run, struct known *known)
{
	int64_t seen = known->seen;

	if (!seen)
		TRY(journal_first_seen(run->ports.journal, known->id, run->arena, &seen));
	if (!seen) {
		seen = clock_wall();
		run_record(run, RECORD_SEEN)->commit = known->id;
	}
	known->seen = seen;
	return NULL;
}

/* Verdicts of other keys are forgotten. */
static struct known *find_known(struct run *run, const char *id)
{
	struct verdicts *verdicts = run->verdicts;
	struct known *known;
	void **place;

	if (!verdicts || !text_equal(verdicts->keys, run->keys)) {
		run->verdicts = verdicts = ARENA_NEW(run->arena, struct verdicts);
		verdicts->keys = run->keys;
	}
	place = map_at(&verdicts->objects, run->arena, id);
	if (!*place) {
		known = ARENA_NEW(run->arena, struct known);
		known->id = arena_text(run->arena, id);
		*place = known;
	}
	return *place;
}

static FALLIBLE recall(struct run *run, struct known *known)
{
	const struct node *body = NULL;

	if (known->is_judged)
		return NULL;
	TRY(journal_verdict(run->ports.journal, known->id, run->keys, run->arena, &body));
	known->is_judged = body;
	if (body)
		known->verdict = (struct verdict){
			.kind = find_kind(node_find_text(body, "kind")),
			.principal = node_find_text(body, "principal"),
			.fingerprint = node_find_text(body, "fingerprint"),
			.format = find_format(node_find_text(body, "format")),
			.reason = node_find_text(body, "reason"),
		};
	return NULL;
}

/* A name that is not known is no voucher. */
static enum verdict_kind find_kind(const char *name)
{
	for (int kind = VERDICT_UNSIGNED; kind <= VERDICT_UNSUPPORTED; kind++)
		if (text_equal(verdict_kind_name((enum verdict_kind)kind), name))
			return (enum verdict_kind)kind;
	return VERDICT_UNSUPPORTED;
}

static enum signature_format find_format(const char *name)
{
	for (int format = SIGNATURE_NONE; format < SIGNATURE_UNKNOWN; format++)
		if (text_equal(signature_format_name((enum signature_format)format), name))
			return (enum signature_format)format;
	return SIGNATURE_UNKNOWN;
}

static void keep(struct run *run, struct known *known, const struct verdict *verdict)
{
	known->verdict = *verdict;
	known->is_judged = true;
	remember(run, known->id, verdict);
}

static void remember(struct run *run, const char *object, const struct verdict *verdict)
{
	struct node *body = node_map(run->arena);
	struct record *record = run_record(run, RECORD_VERDICT);

	node_set_text(run->arena, body, "keys", run->keys);
	node_set_text(run->arena, body, "kind", verdict_kind_name(verdict->kind));
	node_set_text(run->arena, body, "principal", verdict->principal);
	node_set_text(run->arena, body, "fingerprint", verdict->fingerprint);
	node_set_text(run->arena, body, "format", signature_format_name(verdict->format));
	node_set_text(run->arena, body, "reason", verdict->reason);
	record->commit = object;
	record->body = body;
}

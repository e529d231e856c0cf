/*
 * Verdicts on signed objects, each reached once. They are remembered by object and by the digest of keys and
 * revocations, so that a changed key file asks again. What a reader gets wrong: the time that counts is when the agent
 * first saw the object, never a time that it claims.
 */
#include "stages/verdicts.h"

#include "base/clock.h"

static FALLIBLE recall(struct run *run, const char *object, struct verdict *ret_verdict,
                       bool *ret_known);
static enum verdict_kind find_kind(const char *name);
static enum signature_format find_format(const char *name);
static void remember(struct run *run, const char *object, const struct verdict *verdict);

FALLIBLE verdicts_first_seen(struct run *run, const char *object, int64_t *ret_seconds)
{
	TRY(journal_first_seen(run->ports.journal, object, run->arena, ret_seconds));
	if (*ret_seconds)
		return NULL;
	*ret_seconds = clock_wall();
	run_record(run, RECORD_SEEN)->commit = object;
	return NULL;
}

FALLIBLE verdicts_judge(struct run *run, const struct seal *seal, int64_t seen,
                        struct verdict *ret_verdict)
{
	bool known = false;

	TRY(recall(run, seal->id, ret_verdict, &known));
	if (known)
		return NULL;
	TRY(keyring_judge(run->ports.keyring, seal, seen, run->arena, ret_verdict));
	remember(run, seal->id, ret_verdict);
	return NULL;
}

static FALLIBLE recall(struct run *run, const char *object, struct verdict *ret_verdict,
                       bool *ret_known)
{
	const struct node *body = NULL;

	TRY(journal_verdict(run->ports.journal, object, run->keys, run->arena, &body));
	*ret_known = body;
	if (body)
		*ret_verdict = (struct verdict){
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

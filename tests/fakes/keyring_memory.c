/*
 * A keyring in memory. It keeps the order of the real one: revoked before expired, both before anything that the
 * signature itself says.
 */
#include "fakes/keyring_memory.h"

#include "base/hash.h"

static struct error *judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                           struct arena *arena, struct verdict *ret_verdict);
static struct error *digest(struct keyring *keyring, struct arena *arena, const char **ret_digest);
static struct error *list_keys(struct keyring *keyring, struct arena *arena,
                               struct keyring_keys *ret_keys);
static void close_keyring(struct keyring *keyring);
static FALLIBLE fail_on_request(struct keyring_memory *memory, struct arena *arena);
static struct keyring_memory_line *find_line(struct keyring_memory *memory, const char *commit);
static void refuse(struct arena *arena, struct verdict *verdict, enum verdict_kind kind);

static const struct keyring_ops keyring_memory_ops = {.name = "memory",
                                                      .judge = judge,
                                                      .digest = digest,
                                                      .keys = list_keys,
                                                      .close = close_keyring};

struct keyring_memory *keyring_memory_new(struct arena *arena)
{
	struct keyring_memory *memory = ARENA_NEW(arena, struct keyring_memory);

	memory->base.ops = &keyring_memory_ops;
	memory->arena = arena;
	memory->code = ERR_KEYRING;
	return memory;
}

struct keyring_memory_line *keyring_memory_script(struct keyring_memory *memory, const char *commit,
                                                  enum verdict_kind kind, const char *principal)
{
	struct keyring_memory_line *line = find_line(memory, commit);

	if (!line)
		line = LIST_ADD(memory->arena, &memory->lines);
	*line = (struct keyring_memory_line){
		.commit = arena_text(memory->arena, commit),
		.verdict = {.kind = kind,
	                    .principal = arena_text(memory->arena, principal),
	                    .fingerprint = arena_printf(memory->arena, "SHA256:%s",
	                                                principal ? principal : commit),
	                    .format = SIGNATURE_SSH},
		.valid_after = INT64_MIN,
		.valid_before = INT64_MAX,
	};
	return line;
}

static struct error *judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                           struct arena *arena, struct verdict *ret_verdict)
{
	struct keyring_memory *memory = (struct keyring_memory *)keyring;
	const struct keyring_memory_line *line = find_line(memory, seal->id);
	struct verdict verdict = line ? line->verdict
	                              : (struct verdict){.kind = VERDICT_UNTRUSTED,
	                                                 .fingerprint = "SHA256:stranger"};

	memory->judged++;
	TRY(fail_on_request(memory, arena));
	if (seal->format == SIGNATURE_NONE)
		verdict = (struct verdict){.kind = VERDICT_UNSIGNED};
	else if (seal->format != SIGNATURE_SSH)
		verdict = (struct verdict){.kind = VERDICT_UNSUPPORTED};
	else if (line && line->revoked)
		verdict.kind = VERDICT_REVOKED;
	else if (line && when < line->valid_after)
		verdict.kind = VERDICT_NOT_YET_VALID;
	else if (line && when > line->valid_before)
		verdict.kind = VERDICT_EXPIRED;
	verdict.format = seal->format;
	if (verdict.kind != VERDICT_GOOD)
		refuse(arena, &verdict, verdict.kind);
	*ret_verdict = verdict;
	return NULL;
}

static void refuse(struct arena *arena, struct verdict *verdict, enum verdict_kind kind)
{
	verdict->kind = kind;
	verdict->reason = arena_printf(arena, "the script says %s", verdict_kind_name(kind));
}

static struct error *digest(struct keyring *keyring, struct arena *arena, const char **ret_digest)
{
	struct keyring_memory *memory = (struct keyring_memory *)keyring;
	struct text text = TEXT_IN(arena);

	TRY(fail_on_request(memory, arena));
	for (size_t i = 0; i < memory->lines.count; i++) {
		const struct keyring_memory_line *line = &memory->lines.items[i];

		text_printf(&text, "%s %d %lld %lld %d\n", line->commit, (int)line->verdict.kind,
		            (long long)line->valid_after, (long long)line->valid_before,
		            line->revoked);
	}
	*ret_digest = sha256_text(arena, text_get(&text), text.size);
	return NULL;
}

/* Whoever stands in the script as a signer has a key. */
static struct error *list_keys(struct keyring *keyring, struct arena *arena,
                               struct keyring_keys *ret_keys)
{
	struct keyring_memory *memory = (struct keyring_memory *)keyring;
	struct keyring_keys keys = {0};

	TRY(fail_on_request(memory, arena));
	for (size_t i = 0; i < memory->lines.count; i++) {
		const struct keyring_memory_line *line = &memory->lines.items[i];

		if (!line->verdict.principal)
			continue;
		*LIST_ADD(arena, &keys) = (struct keyring_key){
			.principal = line->verdict.principal,
			.fingerprint = line->verdict.fingerprint,
			.valid_after = line->valid_after,
			.valid_before = line->valid_before,
			.revoked = line->revoked,
		};
	}
	*ret_keys = keys;
	return NULL;
}

static FALLIBLE fail_on_request(struct keyring_memory *memory, struct arena *arena)
{
	if (!memory->failures)
		return NULL;
	memory->failures--;
	return error_new(arena, memory->code,
	                 &(struct error_text){.what = "cannot use the keyring",
	                                      .why = "the test asked for it",
	                                      .hint = "Let the test ask for less."});
}

static struct keyring_memory_line *find_line(struct keyring_memory *memory, const char *commit)
{
	for (size_t i = 0; i < memory->lines.count; i++)
		if (text_equal(memory->lines.items[i].commit, commit))
			return &memory->lines.items[i];
	return NULL;
}

static void close_keyring(struct keyring *keyring)
{
	((struct keyring_memory *)keyring)->closed = true;
}

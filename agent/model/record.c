/*
 * Owns the names of records and the digest that chains them. Easily got wrong: record_digest must never change for
 * rows that exist, or every journal in the world reads as damaged; a new column needs a new first line.
 */
#include "model/record.h"

#include <inttypes.h>

#include "base/hash.h"
#include "base/text.h"

#define DIGEST_FORM "headgate record 1\n"
#define CHAIN_FORM "headgate journal 1\n"

static const char *const kind_names[RECORD_KIND_COUNT] = {
#define RECORD(name, text, sentence) [RECORD_##name] = text,
#include "model/records.def"
#undef RECORD
};

static void add_text(struct sha256 *sha256, const char *text);
static void add_number(struct sha256 *sha256, int64_t number);

const char *record_kind_name(enum record_kind kind)
{
	return kind_names[kind];
}

bool record_kind_find(const char *name, enum record_kind *ret_kind)
{
	for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
		if (text_equal(kind_names[kind], name)) {
			*ret_kind = (enum record_kind)kind;
			return true;
		}
	}
	return false;
}

const char *record_digest(struct arena *arena, const struct kept_record *record)
{
	char *hex = arena_alloc(arena, SHA256_HEX);
	struct sha256 *sha256 = sha256_begin();

	sha256_add(sha256, DIGEST_FORM, strlen(DIGEST_FORM));
	add_text(sha256, record->previous);
	add_number(sha256, record->seq);
	add_number(sha256, record->at_us);
	add_text(sha256, record->kind);
	add_text(sha256, record->target);
	add_number(sha256, record->run);
	add_text(sha256, record->stage);
	add_text(sha256, record->migration);
	add_text(sha256, record->commit);
	add_text(sha256, record->body);
	sha256_end(sha256, hex);
	return hex;
}

const char *record_chain_start(struct arena *arena, const char *identity)
{
	const char *text = arena_printf(arena, CHAIN_FORM "%s", identity);

	return sha256_text(arena, text, strlen(text));
}

struct node *record_status_body(struct arena *arena, const struct status *status,
                                const struct text_list *forges)
{
	struct node *body = node_map(arena);
	struct node *list = node_list(arena);

	for (size_t i = 0; i < forges->count; i++)
		node_add(list, node_text(arena, forges->items[i]));
	node_set_text(arena, body, "context", status->context);
	node_set_text(arena, body, "state", status_state_name(status->state));
	node_set_text(arena, body, "description", status->description);
	node_set_text(arena, body, "url", status->url);
	node_set(arena, body, "forges", list);
	return body;
}

/* The length in front makes every text unlike its neighbours; NULL is unlike "". */
static void add_text(struct sha256 *sha256, const char *text)
{
	char length[32];
	int size;

	if (!text) {
		sha256_add(sha256, "-,", 2);
		return;
	}
	size = snprintf(length, sizeof length, "%zu:", strlen(text));
	sha256_add(sha256, length, (size_t)size);
	sha256_add(sha256, text, strlen(text));
	sha256_add(sha256, ",", 1);
}

static void add_number(struct sha256 *sha256, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%" PRId64, number);
	add_text(sha256, text);
}

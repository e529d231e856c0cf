/*
 * A commit, parsed from its raw bytes by our own strict parser. Message, trailers and ticks are only ever taken from
 * these bytes, so that what was read is what was signed (git's and libgit2's own extraction can be tricked).
 * Format: git's commit object, git-cat-file(1); signatures in the header `gpgsig`, gitformat-signature(5).
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define COMMIT_ID_SIZE 40
#define COMMIT_MAXIMUM (1024 * 1024)  /* bytes of one commit object */
#define SIGNATURE_MAXIMUM (64 * 1024) /* bytes of its armor */
#define COMMIT_PARENTS_MAXIMUM 64

enum signature_format {
	SIGNATURE_NONE,
	SIGNATURE_SSH,
	SIGNATURE_OPENPGP,
	SIGNATURE_X509,
	SIGNATURE_UNKNOWN
};

struct seal {           /* a signature, and the bytes that it covers */
	const char *id; /* of the object that it is in: commit or tag */
	enum signature_format format;
	struct bytes signature; /* the armor, header indentation removed */
	struct bytes payload;   /* the object without its signature headers: what was signed */
};

struct ident {
	const char *name, *email;
	int64_t when;     /* seconds since 1970, the writer's own claim */
	const char *zone; /* "+0200" */
};

struct commit {
	const char *id; /* 40 hex digits */
	const char *tree;
	struct text_list parents;
	struct ident author, committer;
	const char *subject; /* first line of the message */
	const char *message; /* all of it */
	struct seal seal;
};

/*
 * `raw` is the object's content without git's type header. Everything returned lives in the arena. ERR_MALFORMED:
 * NUL anywhere; another order than tree, parent*, author, committer, extras; a repeated standard header; more than
 * one gpgsig; any other header that starts with gpgsig but gpgsig-sha256; < > or control characters inside an ident;
 * a time that is no number; no blank line; above the maxima; more than one armor, or bytes behind its end.
 * Unknown extra headers are allowed.
 */
FALLIBLE commit_parse(struct arena *arena, const char *id, struct bytes raw,
                      struct commit *ret_commit);

/* Without the bytes of its seal, and with at most so many of its message: what is kept once it was judged. */
struct commit *commit_copy(struct arena *arena, const struct commit *commit, size_t message);

/* Trailers: the last paragraph of the message, `Key: value` by git-interpret-trailers(1); keys without case. */
void message_trailers(struct arena *arena, const char *message, const char *key,
                      struct text_list *ret_values);

const char *commit_short(struct arena *arena, const char *id); /* the first ten digits */
bool commit_id_is_valid(const char *id);
const char *signature_format_name(
	enum signature_format format); /* "none", "ssh", "openpgp", "x509", "unknown" */

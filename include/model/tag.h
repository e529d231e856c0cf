/*
 * An annotated tag, parsed from its raw bytes by our own strict parser: what was read is what was signed. Format:
 * git-mktag(1), gitformat-signature(5); the signature stands at the end of the message.
 */
#pragma once

#include "model/commit.h"

#define TAG_MAXIMUM COMMIT_MAXIMUM /* bytes of one tag object */

struct tag {
	const char *id;     /* 40 hex digits */
	const char *object; /* what it points at */
	const char *type;   /* of that: "commit", "tag", "tree", "blob" */
	const char *name;   /* as the header says, which is what was signed */
	struct ident tagger;
	const char *message; /* without the signature */
	struct seal seal;
};

/*
 * `raw` is the object's content without git's type header. Everything returned lives in the arena. ERR_MALFORMED: NUL
 * anywhere; another order than object, type, tag, tagger; another header behind them (a gpgsig… header above all); < >
 * or control characters inside an ident; a time that is no number; no blank line; above the maxima; more than one
 * armor, or bytes behind its end.
 */
FALLIBLE tag_parse(struct arena *arena, const char *id, struct bytes raw, struct tag *ret_tag);

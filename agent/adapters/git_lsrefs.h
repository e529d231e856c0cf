/*
 * The refs of a remote: the names that are let in, and version 2 of git's protocol as far as it lists them (protocol-v2(5),
 * ls-refs; protocol-common(5), pkt-lines). Pure; git_watch.h has the conversation. What a reader would get wrong: a
 * ref-prefix is only a wish. A server may answer with more, so every name is compared with the prefixes again.
 */
#pragma once

#include "base/error.h"
#include "ports/source.h"

#define GIT_REF_NAME_MAXIMUM 1024 /* bytes; a longer one is passed over */
#define LSREFS_PREFIXES_MAXIMUM 20000
#define LSREFS_CAPABILITIES_MAXIMUM                                                                \
	(128 * 1024) /* bytes of the answer that tells what a server can */
#define LSREFS_ANSWER_MAXIMUM (4 * 1024 * 1024) /* bytes of the answer that lists refs */

struct git_refs {
	struct source_ref *items;
	size_t count, room;
	/* The branch that the remote's HEAD names, "refs/heads/main"; NULL: unborn, detached, or not asked for. */
	const char *head;
	bool is_cut; /* the answer was longer than its maximum: these are not all */
};

/* Is this a name that was asked for, and no peeled value, no line of control characters, not too long? */
bool git_ref_is_wanted(const char *name, const struct text_list *prefixes);
int git_refs_order(const void *a, const void *b); /* of struct source_ref, by name, for qsort */
void git_refs_settle(struct source_refs *refs);   /* sorted, each once, cut at the maximum */

enum packet { /* what stands at the beginning of some bytes */
	      PACKET_DATA,
	      PACKET_FLUSH,
	      PACKET_DELIMITER,
	      PACKET_RESPONSE_END,
	      PACKET_NONE,  /* no byte is left */
	      PACKET_CUT,   /* it says that it is longer than what is there */
	      PACKET_BROKEN /* no length in four hex digits */
};

/* Takes one packet off the front of *bytes; *ret_line: its payload without the line feed at its end, borrowed. */
enum packet lsrefs_packet(struct bytes *bytes, struct bytes *ret_line);

enum lsrefs_answer {
	LSREFS_GOOD,
	LSREFS_OLDER,  /* the server speaks, but not version 2 with ls-refs */
	LSREFS_FORMAT, /* its ids are no SHA-1 */
	LSREFS_SAYS,   /* it refuses in its own words */
	LSREFS_BROKEN  /* no git protocol, or an end is missing */
};

struct lsrefs_server {
	bool has_object_format; /* it must be told ours */
};

/* The answer to GET info/refs. *ret_words only for LSREFS_FORMAT, LSREFS_SAYS and LSREFS_BROKEN. */
enum lsrefs_answer lsrefs_read_server(struct arena *arena, struct bytes answer,
                                      struct lsrefs_server *ret_server, const char **ret_words);
/* Can these be asked for? No control characters, none longer than a name, not too many. */
bool lsrefs_may_ask(const struct text_list *prefixes);
/* The request. lsrefs_may_ask holds. */
struct bytes lsrefs_write(struct arena *arena, const struct lsrefs_server *server,
                          const struct text_list *prefixes);
/* The answer to it. `is_cut`: these are only its first bytes; then whole lines count, and the refs are cut. */
enum lsrefs_answer lsrefs_read(struct arena *arena, struct bytes answer, bool is_cut,
                               const struct text_list *prefixes, struct git_refs *ret_refs,
                               const char **ret_words);

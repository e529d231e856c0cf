/*
 * Reading headers and armor of a raw commit or tag: the rules that both share. Private to the model. What a reader gets
 * wrong: whatever is read is also added to the payload, but for the signature, which is the caller's matter.
 */
#pragma once

#include "model/commit.h"

struct object_reader {
	struct arena *arena;
	const char *id;
	const char *noun;     /* "commit", "tag" */
	const char *hint;     /* how to make it anew */
	const char *at, *end; /* what is still to be read; *end is NUL */
	unsigned line;        /* 1-based number of the line at `at` */
	struct text payload;
};

struct object_header {
	unsigned line;
	struct bytes whole; /* with continuation lines and newlines */
	const char *name;
	const char *value; /* of the first line */
	bool folded;
};

/* Begins to read; refuses what is too large or holds a NUL. `noun` and `hint` are set already. */
FALLIBLE object_begin(struct object_reader *reader, struct bytes raw, size_t maximum);
/* The next header, with its continuation lines. */
FALLIBLE object_take(struct object_reader *reader, struct object_header *ret_header);
bool object_at_blank_line(const struct object_reader *reader);
/* The header must be `name`, on one line. */
FALLIBLE object_expect(struct object_reader *reader, const struct object_header *header,
                       const char *name);
FALLIBLE object_read_id(struct object_reader *reader, const struct object_header *header,
                        const char *name, const char **ret_id);
FALLIBLE object_read_ident(struct object_reader *reader, const struct object_header *header,
                           const char *name, struct ident *ret_ident);
/* `armor` is all of a signature that begins in that line; of another kind than those of git it is SIGNATURE_UNKNOWN. */
FALLIBLE object_read_armor(struct object_reader *reader, unsigned line, struct bytes armor,
                           enum signature_format *ret_format);
/* Would git take this line for the begin of a signature, whatever stands behind? */
bool object_begins_armor(const char *line);

struct error *object_malformed(struct object_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

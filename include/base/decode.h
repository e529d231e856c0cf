/*
 * Decoding by a table of fields: the same rows decode a document into a struct, give its defaults, refuse unknown
 * keys with the nearest known name and the line, and print the reference (`headgate explain`, the manual pages).
 */
#pragma once

#include "base/node.h"

enum field_kind {
	FIELD_TEXT,     /* const char * */
	FIELD_TEXTS,    /* struct text_list; a single text counts as a list of one */
	FIELD_CHOICE,   /* int: index into choices */
	FIELD_CHOICES,  /* unsigned: bit set of indexes into choices */
	FIELD_NUMBER,   /* uint64_t, minimum..maximum */
	FIELD_DURATION, /* uint64_t milliseconds, minimum..maximum */
	FIELD_SIZE,     /* uint64_t bytes, minimum..maximum */
	FIELD_BOOL,     /* bool */
	FIELD_PATH,     /* const char *, made absolute against the document's folder; of a …_file,
	                 * "credential:NAME" is one in $CREDENTIALS_DIRECTORY, as systemd's LoadCredential= makes it */
	FIELD_MAPS,     /* struct { … *items; size_t count, room; }: a list of maps, each decoded by the rows of `of` */
};

struct field {
	const char *name; /* "apply.lock_timeout": a dot steps into a nested map */
	enum field_kind kind;
	size_t offset;
	const char *
		otherwise; /* the default as a person would write it; NULL: none. Of a list: "a, b"; "[]": empty */
	bool required;
	uint64_t minimum,
		maximum; /* of a text or path, and of each in a list of texts: its bytes (default 4096); of a list of maps:
	                  * its entries (default 1000); of others, maximum 0: no limit */
	const char *const *choices; /* NULL-terminated */
	const char *sentence;       /* the manual's text */
	const struct field *of;     /* rows of a list of maps, offsets from the beginning of an item */
	size_t of_count, of_size;   /* how many rows; bytes of an item */
};

struct document {           /* where a decoded tree came from; for messages and relative paths */
	const char *path;   /* "/etc/headgate/headgate.yaml" */
	const char *folder; /* absolute folder of path */
	const char *noun;   /* "configuration", "policy" */
};

/*
 * Fills `into` (already zeroed) from `map`; every field without a value gets its default. Errors: ERR_CONFIG.
 * A section without entries ("apply:") counts as absent; a key without a value is refused. A list holds at most 1000.
 */
FALLIBLE decode_fields(struct arena *arena, const struct document *document, const struct node *map,
                       const struct field *fields, size_t count, void *into);
const char *field_kind_name(enum field_kind kind); /* "text", "duration", … for the reference */
/* "a duration from 10ms to 1h" */
const char *field_range(struct arena *arena, const struct field *field);
/* "a duration from 10ms to 1h, such as 30s" */
const char *field_allowed(struct arena *arena, const struct field *field);
const char *field_example(
	const struct field *field); /* its default, or what a person could write */

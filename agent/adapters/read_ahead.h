/*
 * Objects that the process apart handed over before anybody asked (source_apart.c): a question costs two switches between
 * processes, and a pass reads each folder and each file of all migrations in their order. What a reader would get wrong:
 * nothing here is trusted yet; whoever takes an object compares it with its id.
 */
#pragma once

#include "adapters/git_objects.h"
#include "adapters/source_wire.h"

#define AHEAD_BYTES (512 * 1024) /* of what is handed over in one answer beyond the first object */
#define AHEAD_BLOB_MAXIMUM 65536 /* bytes of a file that is handed over with its folder */
#define AHEAD_FOLDERS 64         /* folders in one answer */
#define AHEAD_COMMITS 32         /* commits in one answer, along the first parents */
#define AHEAD_OBJECTS_MAXIMUM 2000 /* in one answer */

struct read_ahead;

struct read_ahead *read_ahead_new(struct arena *arena);
void read_ahead_end(struct read_ahead *ahead); /* the arena keeps an empty one */

/* A folder was listed: its sub-folders are what will be asked for next. One without any changes nothing. */
void read_ahead_listed(struct read_ahead *ahead, const struct folder *folder);
/* The ids to ask for instead of `id` alone: it and those that follow in its folder; items[0] is `id`. */
struct text_list read_ahead_wish(const struct read_ahead *ahead, const char *id, enum git_kind kind,
                                 struct arena *arena);
/* Keeps the objects of an answer (id, kind, size for each in its texts, the bytes in its data). false: it is broken. */
bool read_ahead_keep(struct read_ahead *ahead, const struct wire_message *answer);
/* The object, copied into the arena; false: it is not here, or is longer than the maximum. */
bool read_ahead_take(struct read_ahead *ahead, const char *id, enum git_kind kind, size_t maximum,
                     struct arena *arena, struct bytes *ret_bytes);

/* As git writes it into an object: "commit". */
const char *git_kind_name(enum git_kind kind);
/* The other side: adds an object to an answer. */
void read_ahead_add(struct wire_message *answer, struct text *data, const char *id,
                    enum git_kind kind, struct bytes bytes);

/*
 * What source_apart.c and its child say to each other: frames of a length and one message. Pure. A reader might take the
 * other side for a friend, since it is this very program; but it read a stranger's repository, so nothing that it says is
 * believed before it was measured: every length has a maximum, texts hold no NUL, and nothing may be left over.
 *
 * A frame is 4 bytes of length (the lowest first) and that many bytes: kind (1), number (8), maximum (8), count of the
 * texts (4), each text (length + 1 in 4 bytes, 0: NULL; its bytes; a NUL), length of the data (4), the data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define WIRE_HEADER 4
#define WIRE_REQUEST_MAXIMUM (16 * 1024 * 1024) /* bytes of a frame: the names of 10,000 refs */
#define WIRE_ANSWER_MAXIMUM (16 * 1024 * 1024)  /* the same, without data */
#define WIRE_DATA_MAXIMUM (64 * 1024 * 1024)    /* bytes of one object */
#define WIRE_READ_WALKS 0x100u                  /* hand over the first parents, too */
#define WIRE_TEXTS_MAXIMUM 20000                /* in one message */
#define WIRE_TEXT_MAXIMUM (64 * 1024)           /* bytes of one text */
#define WIRE_WORDS_MAXIMUM 2000                 /* code points of each text of an error */

/*
 * Asked: OPEN (url, token, username, mirror, ca_file, ssh_key_file, known_hosts; number: allow_http); HEAD (branch ->
 * branch, commit); FETCH (branch, commit); RESOLVE (text -> commit); READ (id, and what may be asked for next; number: the
 * kind, with WIRE_READ_WALKS; maximum: of the first -> id, kind and size of each object, and their bytes as data);
 * REFS (prefixes -> name, id, name, id, …; number: is_cut); BRING (name, id, name, id, …). Answered: DONE, or ERROR (code,
 * what, why, hint).
 */
enum wire_kind {
	WIRE_OPEN,
	WIRE_HEAD,
	WIRE_FETCH,
	WIRE_RESOLVE,
	WIRE_READ,
	WIRE_REFS,
	WIRE_BRING,
	WIRE_DONE,
	WIRE_ERROR,
	WIRE_KINDS
};

struct wire_message {
	enum wire_kind kind;
	uint64_t number, maximum;
	struct text_list texts; /* items may be NULL */
	struct bytes data;
};

/* The whole frame. A message above the maxima is a BUG of the caller. */
struct bytes wire_encode(struct arena *arena, const struct wire_message *message);
/* The length of the frame that follows. */
size_t wire_length(const unsigned char header[WIRE_HEADER]);
/*
 * The message in the bytes after the header, which it borrows and which a NUL must follow. false: it is not one, and
 * ret_message is untouched.
 */
bool wire_decode(struct arena *arena, struct bytes payload, struct wire_message *ret_message);

struct wire_message wire_of_error(struct arena *arena, const struct error *error);
/*
 * The error that a message tells, with its row; an unknown code becomes ERR_GIT_APART. Control characters become spaces,
 * for what is shown to people may have been written by a stranger. NULL: the message is no error.
 */
struct error *wire_error(struct arena *arena, const struct wire_message *message)
	__attribute__((warn_unused_result));

/*
 * libgit2 behind a few verbs; git.c alone includes it. A `struct git` is the agent's private
 * mirror: a bare repository that only this machine's agent writes. No configuration of a user or of
 * the system is read, nothing is ever checked out, every object is verified against its id when it
 * is read. Several may have one mirror open at once. A checkout is the one exception: it is somebody
 * else's, and nothing is ever written to it.
 */
#pragma once

#include "adapters/git_address.h"
#include "adapters/git_lsrefs.h"
#include "adapters/git_objects.h"
#include "adapters/git_ssh.h"
#include "base/secret.h"

#define GIT_RECEIVED_MAXIMUM ((size_t)2 * 1024 * 1024 * 1024) /* bytes of one fetch */
#define GIT_OBJECTS_MAXIMUM 10000000                          /* objects of one fetch */
#define GIT_FETCH_MS (600 * 1000)                             /* one fetch or push */
#define GIT_STILL_MS (60 * 1000)                              /* without any progress */
/* Bytes that a delta may unpack to: git makes none of a larger file (core.bigFileThreshold). */
#define GIT_DELTA_MAXIMUM (512 * 1024 * 1024)
/* Of packs and objects in memory, to fit into what the process that reads a repository may have (source_apart.h). */
#define GIT_WINDOW (32 * 1024 * 1024)
#define GIT_WINDOWS_MAXIMUM (256 * 1024 * 1024)
#define GIT_CACHE_MAXIMUM (64 * 1024 * 1024)
#define GIT_NOTE_MAXIMUM (1024 * 1024) /* bytes of one note */

/* Refs of the mirror: the watched branches, and objects kept by their ids. */
#define GIT_WATCHED "refs/headgate/"
#define GIT_KEPT "refs/headgate-kept/"

struct git;

/* How a remote is reached; borrowed for the time of a call. */
struct git_access {
	struct git_address address;
	const char *username;       /* sent with the token */
	const struct secret *token; /* NULL: none */
	/* PEM; NULL: the system's. Holds for the whole process: libgit2 knows no other way. */
	const char *ca_file;
	struct git_ssh_keys ssh; /* for ssh remotes */
};

/*
 * Opens the mirror in `folder` (an absolute path), and makes it when the folder is absent or empty.
 * ERR_GIT_MIRROR: it is damaged, belongs to another user or holds other things; the hint says how
 * to have it rebuilt.
 */
FALLIBLE git_open(struct arena *arena, const char *folder, struct git **ret_git);
/*
 * Opens the repository that the folder `path` lies in, as a person checked it out: bare, a work tree of several, a
 * shallow or partial clone too. It is only read. Unlike for a mirror, git's own list safe.directory counts, since a
 * container often runs as another user than the one who cloned. ERR_GIT_CHECKOUT.
 */
FALLIBLE git_open_checkout(struct arena *arena, const char *path, struct git **ret_git);
void git_close(struct git *git); /* accepts NULL */

/*
 * The bytes of an object, after its header told kind and size. ERR_GIT_LIMIT above `maximum`;
 * ERR_UNKNOWN_COMMIT and ERR_GIT_OBJECT when it is not there or of another kind; ERR_GIT_MIRROR
 * when it is damaged.
 */
FALLIBLE git_read(struct git *git, const char *id, enum git_kind kind, size_t maximum,
                  struct arena *arena, struct bytes *ret_bytes);
/* The objects of the repository, for git_objects_…; they live as long as it. */
struct git_objects git_objects_of(struct git *git);
/*
 * Full id of the only object that begins with `digits` (4 to 40, hex). ERR_UNKNOWN_COMMIT: none, or
 * several.
 */
FALLIBLE git_find_prefix(struct git *git, const char *digits, struct arena *arena,
                         const char **ret_id);
/* The commit that a text names, as git rev-parse reads it ("origin/main", "HEAD~2", an id); NULL: none, or several. */
FALLIBLE git_find_revision(struct git *git, const char *text, struct arena *arena,
                           const char **ret_id);
bool git_is_shallow(const struct git *git);    /* cut off: some commits lack their parents */
const char *git_folder(const struct git *git); /* where it lies */
/* Where a ref of the mirror points; NULL when it has no such ref. */
FALLIBLE git_find_ref(struct git *git, const char *name, struct arena *arena, const char **ret_id);
/* ERR_GIT_MIRROR when the object is not there that the ref names (a pack was lost or cut off). */
FALLIBLE git_check_ref(struct git *git, const char *name, const char *id, struct arena *arena);
FALLIBLE git_list_refs(struct git *git, const char *prefix, struct arena *arena,
                       struct text_list *ret_names);

/*
 * The remote's refs whose names begin with one of the prefixes. ERR_GIT_UNREACHABLE, ERR_GIT_AUTH,
 * ERR_GIT_HOST_KEY, ERR_GIT_FORMAT. May be repeated.
 */
FALLIBLE git_peek(struct git *git, const struct git_access *access,
                  const struct text_list *prefixes, struct arena *arena, struct git_refs *ret_refs);
/* The repository's own refs, as source_refs promises. */
FALLIBLE git_list_prefixed(struct git *git, const struct text_list *prefixes, struct arena *arena,
                           struct source_refs *ret_refs);
/* As source_bring: each object that the mirror lacks, kept as GIT_KEPT<id>. One fetch for all. */
FALLIBLE git_keep(struct git *git, const struct git_access *access, const struct source_refs *refs,
                  struct arena *arena);
/*
 * Brings what the remote's ref `from` names and points the mirror's ref `to` at it, whatever it was
 * before. No tags. *ret_found: false when the remote has no such ref; then nothing changed. One
 * fetch at a time per mirror.
 */
FALLIBLE git_fetch_ref(struct git *git, const struct git_access *access, const char *from,
                       const char *to, struct arena *arena, bool *ret_found);
/*
 * Pushes one ref under its own name, never by force. *ret_rejected: the remote has something there
 * that the mirror has not. Fetch that ref, write on top of it, push again. ERR_FORGE_REFUSED: the
 * remote's own rules say no.
 */
FALLIBLE git_push_ref(struct git *git, const struct git_access *access, const char *ref,
                      struct arena *arena, bool *ret_rejected);

/* The note of a commit under `ref` ("refs/notes/headgate/shop"); size 0: none. */
FALLIBLE git_notes_read(struct git *git, const char *ref, const char *commit, struct arena *arena,
                        struct bytes *ret_note);
/* Replaces the note, as headgate <headgate@localhost>. Local until it is pushed. */
FALLIBLE git_notes_write(struct git *git, const char *ref, const char *commit, const char *text,
                         struct arena *arena);

struct git_note {
	const char *commit, *text;
};

struct git_note_list {
	struct git_note *items;
	size_t count, room;
};

/* Many at once, each of another commit: one commit of `ref` for all of them. An empty list writes nothing. */
FALLIBLE git_notes_write_all(struct git *git, const char *ref, const struct git_note_list *notes,
                             struct arena *arena);

struct git_file { /* to be written into a tree */
	const char *path, *text;
};

/*
 * Commits files, each with another path, on top of what `ref` names (nothing, when there is no such
 * ref) and moves the ref. ERR_GIT_MIRROR also when somebody moved it meanwhile.
 */
FALLIBLE git_commit_files(struct git *git, const char *ref, const struct git_file *files,
                          size_t count, const char *message, struct arena *arena);

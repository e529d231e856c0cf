/*
 * What git's raw objects say: the parents and the tree of a commit, the entries of a tree, the
 * commits between two. Pure; the bytes come through a reader, so that the mirror and the tests'
 * memory share one set of rules. libgit2's own parsers are not used: they read an object of any
 * size and hide what does not suit them. Formats: git-cat-file(1); trees: "<octal mode> <name>\0<20
 * bytes>".
 */
#pragma once

#include "model/folder.h"
#include "ports/source.h"

#define TREE_MAXIMUM (8 * 1024 * 1024) /* bytes of one tree object */
/*
 * Bytes of a commit of which only tree and parents are wanted. Above COMMIT_MAXIMUM it is malformed to whoever judges it,
 * but whoever may push can make one, and it must not end the way past it.
 */
#define COMMIT_PASSED_MAXIMUM (32 * 1024 * 1024)
#define ENTRY_NAME_MAXIMUM 255 /* bytes */

enum git_kind { GIT_KIND_COMMIT, GIT_KIND_TREE, GIT_KIND_BLOB, GIT_KIND_TAG };

/*
 * ERR_UNKNOWN_COMMIT for a commit, ERR_GIT_OBJECT for the others that are not there; ERR_GIT_LIMIT
 * above `maximum`.
 */
struct git_objects {
	struct error *(*read)(void *context, const char *id, enum git_kind kind, size_t maximum,
	                      struct arena *arena, struct bytes *ret_bytes);
	void *context;
};

/* As source_history, source_folder and source_entries promise (ports/source.h). */
FALLIBLE git_objects_history(const struct git_objects *objects, const char *from, const char *head,
                             struct arena *arena, struct history *ret_history, bool *ret_descends);
FALLIBLE git_objects_folder(const struct git_objects *objects, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder);
/* `path`: for messages; NULL: the tree's id. */
FALLIBLE git_objects_entries(const struct git_objects *objects, const char *tree, const char *path,
                             struct arena *arena, struct folder *ret_folder);

/* The links of a commit, without judging the rest. ERR_GIT_OBJECT when they cannot be read. */
struct commit_links {
	const char *tree;
	struct text_list parents;
	int64_t when; /* the committer's claim, 0 when unreadable; only an order hangs on it */
};
FALLIBLE git_objects_links(struct arena *arena, const char *id, struct bytes raw,
                           struct commit_links *ret_links);

/*
 * The entry `name` of a raw tree, borrowing its bytes; false when there is none. For paths, which
 * are walked without listing.
 */
FALLIBLE git_objects_find(struct arena *arena, const char *tree, struct bytes raw, const char *name,
                          bool *ret_found, struct folder_entry *ret_entry);

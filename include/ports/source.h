/*
 * The watched repository. Nothing is ever checked out: everything is read by object id from a private mirror, with
 * stated maxima, after the object's header told its size. All calls may be repeated. What is returned lives in the
 * arena that was passed.
 */
#pragma once

#include "model/commit.h"
#include "model/folder.h"
#include "model/history.h"

#define SOURCE_REFS_MAXIMUM 10000 /* of one answer */

struct source;

struct source_ref {
	const char *name; /* "refs/tags/approve/shop/…", "refs/pull/7/head" */
	const char
		*id; /* the object that it names: of an annotated tag the tag's, not the commit's */
};

struct source_refs { /* in the bytes' order of their names */
	struct source_ref *items;
	size_t count, room;
	bool is_cut; /* there are more than SOURCE_REFS_MAXIMUM: ask by a longer prefix */
};

struct source_ops {
	const char *name;
	/*
	 * Which commit the remote's branch names now, without fetching objects. `branch` NULL: the remote's default
	 * branch. *ret_branch: the branch's short name. ERR_GIT_UNREACHABLE, ERR_GIT_AUTH; ERR_GIT_EMPTY: no commits at
	 * all; ERR_GIT_NO_BRANCH: other branches, but not this one (the message names them).
	 */
	struct error *(*head)(struct source *source, const char *branch, struct arena *arena,
	                      const char **ret_branch, const char **ret_commit);
	/* Brings the objects of that branch when the mirror lacks `commit`; fetches nothing when it has it. */
	struct error *(*fetch)(struct source *source, const char *branch, const char *commit,
	                       struct arena *arena);
	/* Raw bytes of a commit object. ERR_GIT_OBJECT, ERR_GIT_LIMIT, ERR_UNKNOWN_COMMIT. */
	struct error *(*commit)(struct source *source, const char *id, struct arena *arena,
	                        struct bytes *ret_raw);
	/* Full id of what a person typed (a branch, a short id, HEAD of the watched branch). ERR_UNKNOWN_COMMIT. */
	struct error *(*resolve)(struct source *source, const char *text, struct arena *arena,
	                         const char **ret_commit);
	/*
	 * Commits reachable from `head` and not from `from`, newest first. `from` NULL: all. *ret_descends: is `from`
	 * equal to head or one of its ancestors?
	 */
	struct error *(*history)(struct source *source, const char *from, const char *head,
	                         struct arena *arena, struct history *ret_history,
	                         bool *ret_descends);
	/* The folder `path` of a commit. Not there: success with ret_folder->tree NULL. A file in its place:
	 * ERR_FOLDER_ENTRY. */
	struct error *(*folder)(struct source *source, const char *commit, const char *path,
	                        struct arena *arena, struct folder *ret_folder);
	/* The entries of a tree object by its id. */
	struct error *(*entries)(struct source *source, const char *tree, struct arena *arena,
	                         struct folder *ret_folder);
	/* The bytes of a blob by its id; refused above `maximum` before it is read. */
	struct error *(*blob)(struct source *source, const char *id, size_t maximum,
	                      struct arena *arena, struct bytes *ret_bytes);
	/*
	 * The remote's refs whose names begin with one of the prefixes, as they are now; fetches nothing. Errors as head.
	 * Where the remote allows it only these are asked for.
	 */
	struct error *(*refs)(struct source *source, const struct text_list *prefixes,
	                      struct arena *arena, struct source_refs *ret_refs);
	/*
	 * Brings the objects that these refs named, where the mirror lacks them, and keeps them for good under names made
	 * of their object ids, never under the remote's. A ref that was moved or removed meanwhile is no error: its object
	 * is then not there. ERR_GIT_…, as fetch.
	 */
	struct error *(*bring)(struct source *source, const struct source_refs *refs,
	                       struct arena *arena);
	/* Raw bytes of an annotated tag's object. ERR_GIT_OBJECT (also for a commit), ERR_GIT_LIMIT. */
	struct error *(*tag)(struct source *source, const char *id, struct arena *arena,
	                     struct bytes *ret_raw);
	void (*close)(struct source *source);
};

struct source {
	const struct source_ops *ops;
};

static inline FALLIBLE source_head(struct source *source, const char *branch, struct arena *arena,
                                   const char **ret_branch, const char **ret_commit)
{
	return source->ops->head(source, branch, arena, ret_branch, ret_commit);
}

static inline FALLIBLE source_fetch(struct source *source, const char *branch, const char *commit,
                                    struct arena *arena)
{
	return source->ops->fetch(source, branch, commit, arena);
}

static inline FALLIBLE source_commit(struct source *source, const char *id, struct arena *arena,
                                     struct bytes *ret_raw)
{
	return source->ops->commit(source, id, arena, ret_raw);
}

static inline FALLIBLE source_resolve(struct source *source, const char *text, struct arena *arena,
                                      const char **ret_commit)
{
	return source->ops->resolve(source, text, arena, ret_commit);
}

static inline FALLIBLE source_history(struct source *source, const char *from, const char *head,
                                      struct arena *arena, struct history *ret_history,
                                      bool *ret_descends)
{
	return source->ops->history(source, from, head, arena, ret_history, ret_descends);
}

static inline FALLIBLE source_folder(struct source *source, const char *commit, const char *path,
                                     struct arena *arena, struct folder *ret_folder)
{
	return source->ops->folder(source, commit, path, arena, ret_folder);
}

static inline FALLIBLE source_entries(struct source *source, const char *tree, struct arena *arena,
                                      struct folder *ret_folder)
{
	return source->ops->entries(source, tree, arena, ret_folder);
}

static inline FALLIBLE source_blob(struct source *source, const char *id, size_t maximum,
                                   struct arena *arena, struct bytes *ret_bytes)
{
	return source->ops->blob(source, id, maximum, arena, ret_bytes);
}

static inline FALLIBLE source_list_refs(struct source *source, const struct text_list *prefixes,
                                        struct arena *arena, struct source_refs *ret_refs)
{
	return source->ops->refs(source, prefixes, arena, ret_refs);
}

static inline FALLIBLE source_bring(struct source *source, const struct source_refs *refs,
                                    struct arena *arena)
{
	return source->ops->bring(source, refs, arena);
}

static inline FALLIBLE source_tag(struct source *source, const char *id, struct arena *arena,
                                  struct bytes *ret_raw)
{
	return source->ops->tag(source, id, arena, ret_raw);
}

static inline void source_close(struct source *source)
{
	if (source)
		source->ops->close(source);
}

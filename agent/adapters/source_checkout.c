/*
 * A checked-out repository as a source. What a reader gets wrong: it is somebody's work, not our mirror. So nothing is
 * fetched, and what is missing is asked for in words that fit a clone of CI: cut off (shallow), or without this branch.
 */
#include "adapters/source_checkout.h"

#include <sys/stat.h>

#include "adapters/git.h"
#include "adapters/git_mirror.h"
#include "base/file.h"
#include "base/text.h"
#include "model/tag.h"

#define BRANCHES "refs/heads/"

struct source_checkout {
	struct source source;
	struct git *git;
	struct git_objects objects;
};

static struct error *head(struct source *source, const char *branch, struct arena *arena,
                          const char **ret_branch, const char **ret_commit);
static struct error *fetch(struct source *source, const char *branch, const char *commit,
                           struct arena *arena);
static struct error *commit_raw(struct source *source, const char *id, struct arena *arena,
                                struct bytes *ret_raw);
static struct error *resolve(struct source *source, const char *text, struct arena *arena,
                             const char **ret_commit);
static struct error *history(struct source *source, const char *from, const char *to,
                             struct arena *arena, struct history *ret_history, bool *ret_descends);
static struct error *refuse_cut_off(const struct source_checkout *self, struct arena *arena,
                                    struct error *error);
static struct error *folder(struct source *source, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder);
static struct error *entries(struct source *source, const char *tree, struct arena *arena,
                             struct folder *ret_folder);
static struct error *blob(struct source *source, const char *id, size_t maximum,
                          struct arena *arena, struct bytes *ret_bytes);
static struct error *list_refs(struct source *source, const struct text_list *prefixes,
                               struct arena *arena, struct source_refs *ret_refs);
static struct error *bring(struct source *source, const struct source_refs *refs,
                           struct arena *arena);
static struct error *tag_raw(struct source *source, const char *id, struct arena *arena,
                             struct bytes *ret_raw);
static void close_checkout(struct source *source);

static bool is_in(const struct git *git, const char *path);
static struct error *mirror_head(struct source *source, const char *branch, struct arena *arena,
                                 const char **ret_branch, const char **ret_commit);
static struct error *mirror_resolve(struct source *source, const char *text, struct arena *arena,
                                    const char **ret_commit);
static struct error *mirror_refs(struct source *source, const struct text_list *prefixes,
                                 struct arena *arena, struct source_refs *ret_refs);

static const struct source_ops ops = {
	.name = "checkout",
	.head = head,
	.fetch = fetch,
	.commit = commit_raw,
	.resolve = resolve,
	.history = history,
	.folder = folder,
	.entries = entries,
	.blob = blob,
	.refs = list_refs,
	.bring = bring,
	.tag = tag_raw,
	.close = close_checkout,
};

FALLIBLE source_checkout_open(struct arena *arena, const char *path, struct source **ret_source)
{
	struct source_checkout *self = ARENA_NEW(arena, struct source_checkout);

	self->source.ops = &ops;
	TRY(git_open_checkout(arena, path, &self->git));
	self->objects = git_objects_of(self->git);
	*ret_source = &self->source;
	return NULL;
}

static const struct source_ops mirror_ops = {
	.name = "mirror",
	.head = mirror_head,
	.fetch = fetch,
	.commit = commit_raw,
	.resolve = mirror_resolve,
	.history = history,
	.folder = folder,
	.entries = entries,
	.blob = blob,
	.refs = mirror_refs,
	.bring = bring,
	.tag = tag_raw,
	.close = close_checkout,
};

FALLIBLE source_mirror_open(struct arena *arena, const char *path, struct source **ret_source)
{
	struct source *source = NULL;

	if (!file_exists(path))
		return FAIL(arena, UNKNOWN_COMMIT,
		            .what = arena_printf(arena, "there is no mirror '%s' yet", path),
		            .why = "nothing was fetched yet",
		            .hint = "Let a pass look first: headgate reconcile");
	TRY(source_checkout_open(arena, path, &source));
	if (!is_in(((struct source_checkout *)source)->git, path)) {
		source_close(source);
		return git_mirror_failed(arena, path, "open", "it is no repository");
	}
	source->ops = &mirror_ops;
	*ret_source = source;
	return NULL;
}

/* A damaged one must not be answered for by a repository that it lies in. */
static bool is_in(const struct git *git, const char *path)
{
	struct stat found, wanted;

	return !stat(git_folder(git), &found) && !stat(path, &wanted) &&
	       found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino;
}

/* As it was fetched last. Without a name, the only one. */
static struct error *mirror_head(struct source *source, const char *branch, struct arena *arena,
                                 const char **ret_branch, const char **ret_commit)
{
	struct source_checkout *self = (struct source_checkout *)source;
	struct text_list names = {0};
	const char *name, *id = NULL;

	if (branch)
		*LIST_ADD(arena, &names) = arena_printf(arena, GIT_WATCHED "%s", branch);
	else
		TRY(git_list_refs(self->git, GIT_WATCHED, arena, &names));
	name = names.count == 1 ? names.items[0] : NULL;
	if (name)
		TRY(git_find_ref(self->git, name, arena, &id));
	if (!id)
		return FAIL(
			arena, GIT_NO_BRANCH,
			.what = arena_printf(arena, "cannot find the branch '%s' in the mirror",
		                             branch ? branch : "HEAD"),
			.why = names.count > 1 ? "several branches are watched"
		                               : "it was not fetched yet",
			.hint = "Name it as the target's branch, or let a pass look first: headgate "
				"reconcile");
	*ret_branch = name + strlen(GIT_WATCHED);
	*ret_commit = id;
	return NULL;
}

static struct error *mirror_resolve(struct source *source, const char *text, struct arena *arena,
                                    const char **ret_commit)
{
	struct source_checkout *self = (struct source_checkout *)source;
	const char *branch, *id = NULL;

	if (text_equal(text, "HEAD"))
		return mirror_head(source, NULL, arena, &branch, ret_commit);
	TRY(git_find_ref(self->git, arena_printf(arena, GIT_WATCHED "%s", text), arena, &id));
	if (!id)
		return resolve(source, text, arena, ret_commit);
	*ret_commit = id;
	return NULL;
}

/*
 * The mirror knows objects and not the names that they had. A tag says its own; a kept commit, which may have been the
 * head of any pull request, is called by its id.
 */
static struct error *mirror_refs(struct source *source, const struct text_list *prefixes,
                                 struct arena *arena, struct source_refs *ret_refs)
{
	struct source_checkout *self = (struct source_checkout *)source;
	struct source_refs refs = {0};
	struct text_list kept = {0};

	TRY(git_list_refs(self->git, GIT_KEPT, arena, &kept));
	for (size_t i = 0; i < kept.count; i++) {
		const char *id = arena_text(arena, kept.items[i] + strlen(GIT_KEPT)), *name;
		struct bytes raw = {0};
		struct tag tag;

		if (!git_read(self->git, id, GIT_KIND_TAG, TAG_MAXIMUM, arena, &raw) &&
		    !tag_parse(arena, id, raw, &tag))
			name = arena_printf(arena, "refs/tags/%s", tag.name);
		else
			name = arena_printf(arena, "refs/pull/%s", id);
		if (git_ref_is_wanted(name, prefixes))
			*LIST_ADD(arena, &refs) = (struct source_ref){name, id};
	}
	if (refs.count) /* a tag that was made anew stands here twice: either may be the good one */
		qsort(refs.items, refs.count, sizeof *refs.items, git_refs_order);
	*ret_refs = refs;
	return NULL;
}

/* Of the branches that stand here; without a name, whatever is checked out. */
static struct error *head(struct source *source, const char *branch, struct arena *arena,
                          const char **ret_branch, const char **ret_commit)
{
	struct source_checkout *self = (struct source_checkout *)source;
	const char *id = NULL;

	TRY(git_find_ref(self->git, branch ? arena_printf(arena, BRANCHES "%s", branch) : "HEAD",
	                 arena, &id));
	if (!id)
		return FAIL(arena, GIT_NO_BRANCH,
		            .what = arena_printf(arena, "there is no branch '%s' in '%s'",
		                                 branch ? branch : "HEAD", git_folder(self->git)),
		            .hint = "See those that there are: git branch --all");
	*ret_branch = branch ? branch : "HEAD";
	*ret_commit = id;
	return NULL;
}

static struct error *fetch(struct source *source, const char *branch, const char *commit,
                           struct arena *arena)
{
	(void)source;
	(void)branch;
	(void)commit;
	(void)arena;
	return NULL; /* what is not here stays away */
}

static struct error *commit_raw(struct source *source, const char *id, struct arena *arena,
                                struct bytes *ret_raw)
{
	return git_read(((struct source_checkout *)source)->git, id, GIT_KIND_COMMIT,
	                COMMIT_MAXIMUM, arena, ret_raw);
}

static struct error *resolve(struct source *source, const char *text, struct arena *arena,
                             const char **ret_commit)
{
	struct source_checkout *self = (struct source_checkout *)source;
	const char *id = NULL;

	TRY(git_find_revision(self->git, text, arena, &id));
	if (id) {
		*ret_commit = id;
		return NULL;
	}
	if (git_is_shallow(self->git))
		return refuse_cut_off(
			self, arena,
			FAIL(arena, UNKNOWN_COMMIT, /* not shown as it is */
		             .what = arena_printf(arena, "cannot find commit '%s'", text)));
	return FAIL(
		arena, UNKNOWN_COMMIT, .what = arena_printf(arena, "cannot find commit '%s'", text),
		.why = arena_printf(
			arena,
			"in '%s' it is neither a branch, a tag nor an id that names one commit",
			git_folder(self->git)),
		.hint = "See what there is: git branch --all. A branch that was not cloned is brought by: git fetch origin "
			"main:refs/remotes/origin/main");
}

static struct error *history(struct source *source, const char *from, const char *to,
                             struct arena *arena, struct history *ret_history, bool *ret_descends)
{
	struct source_checkout *self = (struct source_checkout *)source;

	return refuse_cut_off(
		self, arena,
		git_objects_history(&self->objects, from, to, arena, ret_history, ret_descends));
}

/* What a clone of one commit deep, the default in CI, lacks. */
static struct error *refuse_cut_off(const struct source_checkout *self, struct arena *arena,
                                    struct error *error)
{
	const struct error_row *row = error ? error->row : NULL;

	if ((row != &error_rows()[ERR_GIT_FORMAT] && row != &error_rows()[ERR_UNKNOWN_COMMIT]) ||
	    !git_is_shallow(self->git))
		return error;
	return FAIL(
		arena, GIT_SHALLOW, .what = error->what,
		.why = arena_printf(arena, "'%s' is a shallow clone: its history was cut off%s%s",
	                            git_folder(self->git), error->why ? "; " : "",
	                            error->why ? error->why : ""),
		.hint = "Bring all of it: git fetch --unshallow. In GitHub Actions write fetch-depth: 0 for "
			"actions/checkout, in GitLab CI the variable GIT_DEPTH: \"0\".");
}

static struct error *folder(struct source *source, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder)
{
	struct source_checkout *self = (struct source_checkout *)source;

	return refuse_cut_off(self, arena,
	                      git_objects_folder(&self->objects, commit, path, arena, ret_folder));
}

static struct error *entries(struct source *source, const char *tree, struct arena *arena,
                             struct folder *ret_folder)
{
	return git_objects_entries(&((struct source_checkout *)source)->objects, tree, NULL, arena,
	                           ret_folder);
}

static struct error *blob(struct source *source, const char *id, size_t maximum,
                          struct arena *arena, struct bytes *ret_bytes)
{
	return git_read(((struct source_checkout *)source)->git, id, GIT_KIND_BLOB, maximum, arena,
	                ret_bytes);
}

static struct error *list_refs(struct source *source, const struct text_list *prefixes,
                               struct arena *arena, struct source_refs *ret_refs)
{
	return git_list_prefixed(((struct source_checkout *)source)->git, prefixes, arena,
	                         ret_refs);
}

static struct error *bring(struct source *source, const struct source_refs *refs,
                           struct arena *arena)
{
	(void)source;
	(void)refs;
	(void)arena;
	return NULL; /* as fetch */
}

static struct error *tag_raw(struct source *source, const char *id, struct arena *arena,
                             struct bytes *ret_raw)
{
	return git_read(((struct source_checkout *)source)->git, id, GIT_KIND_TAG, TAG_MAXIMUM,
	                arena, ret_raw);
}

static void close_checkout(struct source *source)
{
	git_close(((struct source_checkout *)source)->git);
}

/*
 * The watched repository as a git remote. Each branch that any target watches has its own ref in
 * the mirror, refs/headgate/<branch>; it is the only thing that keeps objects, so a commit counts
 * as there when the ref names it.
 */
#include "adapters/source_git.h"

#include "adapters/git.h"
#include "adapters/git_watch.h"
#include "base/file.h"
#include "base/text.h"
#include "model/tag.h"

#define BRANCHES_NAMED 10 /* in a message */
#define PREFIX_MINIMUM 4  /* digits */

struct source_git {
	struct source source;
	struct git *git;
	struct git_access access;
	struct git_objects objects;
	struct git_watch *watch; /* NULL: not over HTTP */
	const char *branch;      /* the one asked for last; NULL: none yet */
	struct arena *arena;
};

static const struct source_ops ops;

static struct error *head(struct source *source, const char *branch, struct arena *arena,
                          const char **ret_branch, const char **ret_commit);
static struct error *peek(struct source_git *self, const struct text_list *prefixes,
                          const struct text_list *older, struct arena *arena,
                          struct git_refs *ret_refs);
static bool find_branch(struct source_git *self, const char *branch, const struct git_refs *refs,
                        const char **ret_branch, const char **ret_commit);
static struct error *refuse_branch(struct arena *arena, const struct source_git *git,
                                   const char *branch, const struct git_refs *refs);
static struct error *fetch(struct source *source, const char *branch, const char *commit,
                           struct arena *arena);
static struct error *commit_raw(struct source *source, const char *id, struct arena *arena,
                                struct bytes *ret_raw);
static struct error *resolve(struct source *source, const char *text, struct arena *arena,
                             const char **ret_commit);
static struct error *watched_head(struct source_git *self, struct arena *arena,
                                  const char **ret_commit);
static struct error *history(struct source *source, const char *from, const char *to,
                             struct arena *arena, struct history *ret_history, bool *ret_descends);
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
static void close_git(struct source *source);
static void remember(struct source_git *self, const char *branch);

FALLIBLE source_git_open(struct arena *arena, const struct source_git_options *options,
                         struct source **ret_source)
{
	struct source_git *self = ARENA_NEW(arena, struct source_git);

	self->source.ops = &ops;
	self->arena = arena;
	self->access.token = options->token;
	self->access.username =
		arena_text(arena, options->username ? options->username : "x-access-token");
	self->access.ca_file = arena_text(arena, options->ca_file);
	TRY(git_address_parse(arena, options->url, options->token != NULL, options->allow_http,
	                      &self->access.address));
	self->access.ssh = (struct git_ssh_keys){
		.key_file = options->ssh_key_file,
		.known_hosts = options->known_hosts,
		.setting = "repository.ssh_key_file",
	};
	if (self->access.address.place == GIT_PLACE_SSH)
		TRY(git_ssh_check(arena, &self->access.address, &self->access.ssh));
	TRY(git_open(arena, options->mirror, &self->git));
	self->objects = git_objects_of(self->git);
	self->watch = git_watch_new(arena, &self->access);
	*ret_source = &self->source;
	return NULL;
}

struct git_objects source_git_objects(struct source *source)
{
	return ((struct source_git *)source)->objects;
}

static const struct source_ops ops = {
	.name = "git",
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
	.close = close_git,
};

static struct error *head(struct source *source, const char *branch, struct arena *arena,
                          const char **ret_branch, const char **ret_commit)
{
	struct source_git *self = (struct source_git *)source;
	const char *wanted = branch ? arena_printf(arena, "refs/heads/%s", branch) : "HEAD";
	const struct text_list one = {.items = &wanted, .count = 1};
	const char *every = "refs/heads/";
	const struct text_list all = {.items = &every, .count = 1};
	struct git_refs refs;

	if (self->access.address.url[0] == '/' && !file_exists(self->access.address.url))
		return FAIL(
			arena, GIT_UNREACHABLE,
			.what = arena_printf(arena, "cannot watch '%s'", self->access.address.url),
			.why = "there is no such folder",
			.hint = "Correct repository.url in the configuration, or mount what should be there; the next "
				"pass looks again.");
	TRY(peek(self, &one, &all, arena, &refs));
	if (find_branch(self, branch, &refs, ret_branch, ret_commit))
		return NULL;
	if (self->watch) /* for the message; or it came meanwhile */
		TRY(peek(self, &all, &all, arena, &refs));
	if (find_branch(self, branch, &refs, ret_branch, ret_commit))
		return NULL;
	if (!refs.count)
		return FAIL(
			arena, GIT_EMPTY,
			.what = arena_printf(arena, "cannot watch '%s'", self->access.address.url),
			.why = "it has no commits yet",
			.hint = "Push a first commit; the next pass looks again.");
	return refuse_branch(arena, self, branch, &refs);
}

/* The cheap way, where there is one; in the older way everything is sent anyway, so `older` may be more. */
static struct error *peek(struct source_git *self, const struct text_list *prefixes,
                          const struct text_list *older, struct arena *arena,
                          struct git_refs *ret_refs)
{
	bool is_answered = false;

	if (self->watch)
		TRY(git_watch_list(self->watch, prefixes, arena, &is_answered, ret_refs));
	return is_answered ? NULL : git_peek(self->git, &self->access, older, arena, ret_refs);
}

static bool find_branch(struct source_git *self, const char *branch, const struct git_refs *refs,
                        const char **ret_branch, const char **ret_commit)
{
	for (size_t i = 0; i < refs->count; i++) {
		const char *name = refs->items[i].name;

		if (!text_starts(name, "refs/heads/") ||
		    !text_equal(branch ? name + strlen("refs/heads/") : name,
		                branch ? branch : refs->head))
			continue;
		*ret_branch = name + strlen("refs/heads/");
		*ret_commit = refs->items[i].id;
		remember(self, *ret_branch);
		return true;
	}
	return false;
}

static struct error *refuse_branch(struct arena *arena, const struct source_git *self,
                                   const char *branch, const struct git_refs *refs)
{
	struct text names = TEXT_IN(arena);

	for (size_t i = 0; i < refs->count && i < BRANCHES_NAMED; i++)
		text_printf(&names, "%s'%s'", i ? ", " : "",
		            text_clip(arena, refs->items[i].name + strlen("refs/heads/"), 60));
	if (refs->count > BRANCHES_NAMED)
		text_printf(&names, " and %zu more%s", refs->count - BRANCHES_NAMED,
		            refs->is_cut ? ", at least" : "");
	return FAIL(
		arena, GIT_NO_BRANCH,
		.what = branch ? arena_printf(arena, "cannot find the branch '%s' in '%s'", branch,
	                                      self->access.address.url)
	                       : arena_printf(arena, "cannot find the default branch of '%s'",
	                                      self->access.address.url),
		.why = arena_printf(arena, "its branches are %s", text_get(&names)),
		.hint = "Name one of them as the target's branch in the configuration, or push the branch.");
}

static struct error *fetch(struct source *source, const char *branch, const char *commit,
                           struct arena *arena)
{
	struct source_git *self = (struct source_git *)source;
	const char *watched = arena_printf(arena, GIT_WATCHED "%s", branch), *id;
	struct error *error;
	bool found;

	remember(self, branch);
	TRY(git_find_ref(self->git, watched, arena, &id));
	if (text_equal(id, commit))
		return git_check_ref(self->git, watched, id, arena);
	TRY(git_fetch_ref(self->git, &self->access, arena_printf(arena, "refs/heads/%s", branch),
	                  watched, arena, &found));
	if (!found)
		return FAIL(arena, GIT_NO_BRANCH,
		            .what = arena_printf(arena, "cannot fetch the branch '%s'", branch),
		            .why = "the remote has no such branch any more",
		            .hint = "Push the branch, or name another one in the configuration.");
	error = git_find_prefix(self->git, commit, arena, &id);
	if (error && error->row == &error_rows()[ERR_UNKNOWN_COMMIT])
		return FAIL(arena, GIT_OBJECT,
		            .what = arena_printf(arena, "cannot fetch commit '%s'", commit),
		            .why = arena_printf(
				    arena, "the branch '%s' does not lead to it any more", branch),
		            .hint = "It was moved meanwhile; the next pass looks again.");
	return error;
}

static struct error *commit_raw(struct source *source, const char *id, struct arena *arena,
                                struct bytes *ret_raw)
{
	struct source_git *self = (struct source_git *)source;

	return git_read(self->git, id, GIT_KIND_COMMIT, COMMIT_MAXIMUM, arena, ret_raw);
}

/* A full id first, as git does; then a branch; then the beginning of an id. */
static struct error *resolve(struct source *source, const char *text, struct arena *arena,
                             const char **ret_commit)
{
	struct source_git *self = (struct source_git *)source;
	const char *id = NULL;
	struct bytes raw;

	if (text_equal(text, "HEAD"))
		return watched_head(self, arena, ret_commit);
	if (!text_is_hex(text, COMMIT_ID_SIZE)) {
		TRY(git_find_ref(self->git, arena_printf(arena, GIT_WATCHED "%s", text), arena,
		                 &id));
		if (!id && (strlen(text) < PREFIX_MINIMUM ||
		            strspn(text, "0123456789abcdefABCDEF") < strlen(text)))
			return FAIL(
				arena, UNKNOWN_COMMIT,
				.what = arena_printf(arena, "cannot find commit '%s'", text),
				.why = "it is neither a watched branch nor an id of at least four digits",
				.hint = "See the ids with: git log --oneline <branch>");
		if (!id)
			TRY(git_find_prefix(self->git, text, arena, &id));
	}
	id = id ? id : arena_text(arena, text);
	TRY(git_read(self->git, id, GIT_KIND_COMMIT, COMMIT_PASSED_MAXIMUM, arena, &raw));
	*ret_commit = id;
	return NULL;
}

static struct error *watched_head(struct source_git *self, struct arena *arena,
                                  const char **ret_commit)
{
	struct text_list refs = {0};
	const char *name, *id = NULL;

	if (self->branch) {
		name = arena_printf(arena, GIT_WATCHED "%s", self->branch);
	} else {
		TRY(git_list_refs(self->git, GIT_WATCHED, arena, &refs));
		name = refs.count == 1 ? refs.items[0] : NULL;
	}
	if (name)
		TRY(git_find_ref(self->git, name, arena, &id));
	if (!id)
		return FAIL(arena, UNKNOWN_COMMIT, .what = "cannot find commit 'HEAD'",
		            .why = refs.count > 1 ? "several branches are watched"
		                                  : "nothing was fetched yet",
		            .hint = "Name the branch, or fetch it by a pass: headgate reconcile");
	*ret_commit = id;
	return NULL;
}

static struct error *history(struct source *source, const char *from, const char *to,
                             struct arena *arena, struct history *ret_history, bool *ret_descends)
{
	return git_objects_history(&((struct source_git *)source)->objects, from, to, arena,
	                           ret_history, ret_descends);
}

static struct error *folder(struct source *source, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder)
{
	return git_objects_folder(&((struct source_git *)source)->objects, commit, path, arena,
	                          ret_folder);
}

static struct error *entries(struct source *source, const char *tree, struct arena *arena,
                             struct folder *ret_folder)
{
	return git_objects_entries(&((struct source_git *)source)->objects, tree, NULL, arena,
	                           ret_folder);
}

static struct error *blob(struct source *source, const char *id, size_t maximum,
                          struct arena *arena, struct bytes *ret_bytes)
{
	return git_read(((struct source_git *)source)->git, id, GIT_KIND_BLOB, maximum, arena,
	                ret_bytes);
}

static struct error *list_refs(struct source *source, const struct text_list *prefixes,
                               struct arena *arena, struct source_refs *ret_refs)
{
	struct source_git *self = (struct source_git *)source;
	struct source_refs refs = {0};
	struct git_refs seen;

	TRY(peek(self, prefixes, prefixes, arena, &seen));
	for (size_t i = 0; i < seen.count; i++)
		if (git_ref_is_wanted(seen.items[i].name, prefixes))
			*LIST_ADD(arena, &refs) = seen.items[i];
	refs.is_cut = seen.is_cut;
	git_refs_settle(&refs);
	*ret_refs = refs;
	return NULL;
}

static struct error *bring(struct source *source, const struct source_refs *refs,
                           struct arena *arena)
{
	struct source_git *self = (struct source_git *)source;

	return git_keep(self->git, &self->access, refs, arena);
}

static struct error *tag_raw(struct source *source, const char *id, struct arena *arena,
                             struct bytes *ret_raw)
{
	return git_read(((struct source_git *)source)->git, id, GIT_KIND_TAG, TAG_MAXIMUM, arena,
	                ret_raw);
}

static void close_git(struct source *source)
{
	struct source_git *self = (struct source_git *)source;

	git_watch_close(self->watch);
	git_close(self->git);
}

static void remember(struct source_git *self, const char *branch)
{
	if (!text_equal(self->branch, branch))
		self->branch = arena_text(self->arena, branch);
}

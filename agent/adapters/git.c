/*
 * The mirror and its remote, through libgit2 1.5. What a reader would get wrong: the obvious calls
 * are traps. git_repository_open_bare skips owner and extension checks,
 * git_commit_extract_signature can be tricked, git_blob_lookup reads a blob of any size, and a
 * credential callback is asked again forever.
 */
#include "adapters/git.h"

#include <git2.h>

#include "adapters/git_mirror.h"
#include "adapters/git_patience.h"
#include "adapters/git_road.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "model/tag.h"

#define TAGS_NESTED_MAXIMUM 16 /* tags of tags */

struct git {
	git_repository *repository;
	git_odb *odb;
	const char *folder;
	bool is_checkout; /* a person's, not our mirror: no message may tell to remove it */
};

struct connection { /* one conversation with a remote; its callbacks share this */
	const struct git_access *access;
	git_remote *remote;
	struct git_patience patience;
	struct arena *arena;
	unsigned asked;       /* how often for a credential */
	size_t moved;         /* sum of the progress counters, to see that it grew */
	const char *limit;    /* the limit that ended it; NULL: none */
	const char *rejected; /* the remote's word on a pushed ref; NULL: accepted */
	struct git_ssh *ssh;  /* of an ssh remote, as is the road; else NULL */
	struct git_road *road;
};

/* Each handle of the library that belongs to a scope: how it is freed, and the AUTO_… that does it. */
#define FREED_BY(free_handle, type)                                                                \
	static inline void free_handle##_at(type **handle)                                         \
	{                                                                                          \
		free_handle(*handle);                                                              \
	}
FREED_BY(git_reference_iterator_free, git_reference_iterator)
FREED_BY(git_odb_object_free, git_odb_object)
FREED_BY(git_object_free, git_object)
FREED_BY(git_tag_free, git_tag)
FREED_BY(git_config_free, git_config)
FREED_BY(git_config_iterator_free, git_config_iterator)
FREED_BY(git_signature_free, git_signature)
FREED_BY(git_commit_free, git_commit)
FREED_BY(git_tree_free, git_tree)

#define AUTO_REFERENCE_ITERATOR CLEANUP(git_reference_iterator_free_at) git_reference_iterator *
#define AUTO_ODB_OBJECT CLEANUP(git_odb_object_free_at) git_odb_object *
#define AUTO_OBJECT CLEANUP(git_object_free_at) git_object *
#define AUTO_TAG CLEANUP(git_tag_free_at) git_tag *
#define AUTO_CONFIG CLEANUP(git_config_free_at) git_config *
#define AUTO_CONFIG_ITERATOR CLEANUP(git_config_iterator_free_at) git_config_iterator *
#define AUTO_SIGNATURE CLEANUP(git_signature_free_at) git_signature *
#define AUTO_COMMIT CLEANUP(git_commit_free_at) git_commit *
#define AUTO_TREE CLEANUP(git_tree_free_at) git_tree *

static void connection_end(struct connection *connection);
#define AUTO_CONNECTION CLEANUP(connection_end) struct connection

static void isolate(void);
static struct error *open_checkout(struct git *git, const char *path, struct arena *arena);
static bool is_foreign(int code);
static bool every_folder_is_safe(void);
static struct error *checkout_failed(struct arena *arena, const char *folder, const char *aim,
                                     int code);
static struct error *open_mirror(struct git *git, struct arena *arena);
static struct error *mirror_failed(const struct git *git, struct arena *arena, const char *aim);
static struct error *object_failed(const struct git *git, struct arena *arena, enum git_kind kind,
                                   const char *id, int code);
static struct error *object_is_absent(const struct git *git, struct arena *arena,
                                      enum git_kind kind, const char *id, const char *why);
static const char *reason(struct arena *arena);
static bool is_no_commit(struct git *git, const char *id);
static git_fetch_options fetch_options(struct connection *connection);
static struct error *find_head(struct connection *connection, const char *name,
                               const git_remote_head **ret_head);
static struct error *connection_begin(struct connection *connection, struct git *git,
                                      git_direction direction);
static git_remote_callbacks callbacks_of(struct connection *connection);
static int make_road(git_transport **transport, git_remote *remote, void *payload);
static int look_at_time(void *payload);
static int give_credential(git_credential **credential, const char *url, const char *username,
                           unsigned allowed, void *payload);
static int count_transfer(const git_indexer_progress *stats, void *payload);
static int count_words(const char *text, int size, void *payload);
static int count_packing(int stage, uint32_t current, uint32_t total, void *payload);
static int count_push(unsigned current, unsigned total, size_t bytes, void *payload);
static int note_update(const char *ref, const char *status, void *payload);
static int go_on(struct connection *connection, size_t moved);
static struct error *remote_failed(struct connection *connection, const char *aim, int code);
static const char *refusal(const struct connection *connection);

/* Not even one from the environment. */
static const git_proxy_options no_proxy = {.version = GIT_PROXY_OPTIONS_VERSION,
                                           .type = GIT_PROXY_NONE};

static const struct {
	const char *name, *article;
	git_object_t type;
	enum error_code absent;
} kinds[] = {
	[GIT_KIND_COMMIT] = {"commit", "a commit", GIT_OBJECT_COMMIT, ERR_UNKNOWN_COMMIT},
	[GIT_KIND_TREE] = {"tree", "a tree", GIT_OBJECT_TREE, ERR_GIT_OBJECT},
	[GIT_KIND_BLOB] = {"file", "a file", GIT_OBJECT_BLOB, ERR_GIT_OBJECT},
	[GIT_KIND_TAG] = {"tag", "a tag", GIT_OBJECT_TAG, ERR_GIT_OBJECT},
};

FALLIBLE git_open(struct arena *arena, const char *folder, struct git **ret_git)
{
	struct git *git = ARENA_NEW(arena, struct git);
	struct error *error;

	git->folder = arena_text(arena, folder);
	isolate();
	error = open_mirror(git, arena);
	if (error) {
		git_close(git);
		return error;
	}
	*ret_git = git;
	return NULL;
}

FALLIBLE git_open_checkout(struct arena *arena, const char *path, struct git **ret_git)
{
	struct git *git = ARENA_NEW(arena, struct git);
	struct error *error;

	git->is_checkout = true;
	isolate();
	error = open_checkout(git, path, arena);
	if (error) {
		git_close(git);
		return error;
	}
	*ret_git = git;
	return NULL;
}

static struct error *open_checkout(struct git *git, const char *path, struct arena *arena)
{
	/* Only how a clone is laid out; what is missing in it is said when it is asked for. */
	static const char *extensions[] = {"partialclone", "worktreeconfig"};
	static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
	                             GIT_CONFIG_LEVEL_GLOBAL};
	const char *folder;
	int code;

	(void)git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
	                       sizeof extensions / sizeof *extensions);
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		(void)git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i],
		                       NULL); /* where git has safe.directory */
	code = git_repository_open_ext(&git->repository, path, 0, NULL);
	if (is_foreign(code))
		code = GIT_EOWNER;
	if (code == GIT_EOWNER && every_folder_is_safe()) {
		(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
		code = git_repository_open_ext(&git->repository, path, 0, NULL);
	}
	if (!code)
		code = git_repository_odb(&git->odb, git->repository);
	if (code)
		return checkout_failed(arena, path, "open", code);
	folder = git_repository_workdir(git->repository);
	git->folder = arena_text(arena, folder ? folder : git_repository_path(git->repository));
	return NULL;
}

/* Where safe.directory is set nowhere, libgit2 1.5 forgets over that what it was about to say. */
static bool is_foreign(int code)
{
	const git_error *last = git_error_last();

	return code == GIT_EOWNER || (code == GIT_ENOTFOUND && last && last->message &&
	                              strstr(last->message, "safe.directory"));
}

/* A line that libgit2 1.5 does not know, but git does, and CI often has: safe.directory = *. */
static bool every_folder_is_safe(void)
{
	AUTO_CONFIG config = NULL;
	AUTO_CONFIG_ITERATOR iterator = NULL;
	git_config_entry *entry;
	bool is_safe = false;

	if (git_config_open_default(&config) ||
	    git_config_multivar_iterator_new(&iterator, config, "safe.directory", NULL))
		return false;
	while (!is_safe && git_config_next(&entry, iterator) == 0)
		is_safe = text_equal(entry->value, "*");
	return is_safe;
}

static struct error *checkout_failed(struct arena *arena, const char *folder, const char *aim,
                                     int code)
{
	const char *what = arena_printf(arena, "cannot %s the repository '%s'", aim, folder);

	if (code == GIT_ENOTFOUND)
		return FAIL(arena, GIT_CHECKOUT, .what = what,
		            .why = "neither this folder nor one above it is a git repository",
		            .hint = "Name the folder of the clone: --repository DIR.");
	if (code == GIT_EOWNER)
		return FAIL(
			arena, GIT_CHECKOUT, .what = what,
			.why = arena_printf(
				arena,
				"it belongs to another user than the one who looks (user id %u)",
				(unsigned)geteuid()),
			.hint = arena_printf(
				arena,
				"Run as its owner; or, where the clone can be trusted, as in a CI job: git "
				"config --global --add safe.directory '%s'",
				folder));
	return FAIL(arena, GIT_CHECKOUT, .what = what, .why = reason(arena),
	            .hint = arena_printf(arena, "See what git says about it: git -C '%s' fsck",
	                                 folder));
}

void git_close(struct git *git)
{
	if (!git)
		return;
	git_odb_free(git->odb);
	git_repository_free(git->repository);
	git->odb = NULL;
	git->repository = NULL;
	(void)git_libgit2_shutdown(); /* counted: one for each init */
}

static void isolate(void)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
	                             GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};

	if (git_libgit2_init() < 0)
		BUG("libgit2 does not start");
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		(void)git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], ""); /* nowhere */
	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	(void)git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
	(void)git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	(void)git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)GIT_WINDOW);
	(void)git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)GIT_WINDOWS_MAXIMUM);
	(void)git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)GIT_CACHE_MAXIMUM);
	(void)git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, (size_t)GIT_DELTA_MAXIMUM);
	(void)git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)GIT_OBJECTS_MAXIMUM);
}

static struct error *open_mirror(struct git *git, struct arena *arena)
{
	git_repository_init_options options = {.version = GIT_REPOSITORY_INIT_OPTIONS_VERSION};
	AUTO_FD lock = -1;
	bool is_new;

	TRY(git_mirror_prepare(arena, git->folder, &is_new, &lock));
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_DOTGIT_DIR;
	options.initial_head = "headgate/none"; /* a mirror has no HEAD of its own */
	if (is_new) {
		if (git_repository_init_ext(&git->repository, git->folder, &options))
			return mirror_failed(git, arena, "make");
		git_repository_free(git->repository);
		git->repository = NULL;
	}
	if (git_repository_open_ext(&git->repository, git->folder,
	                            GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE,
	                            NULL) ||
	    git_repository_odb(&git->odb, git->repository))
		return mirror_failed(git, arena, "open");
	return NULL;
}

static struct error *mirror_failed(const struct git *git, struct arena *arena, const char *aim)
{
	if (git->is_checkout)
		return checkout_failed(arena, git->folder, aim, 0);
	return git_mirror_failed(arena, git->folder, aim, reason(arena));
}

static const char *reason(struct arena *arena)
{
	const git_error *last = git_error_last();

	return last && last->message ? arena_text(arena, last->message) : "libgit2 gives no reason";
}

FALLIBLE git_read(struct git *git, const char *id, enum git_kind kind, size_t maximum,
                  struct arena *arena, struct bytes *ret_bytes)
{
	AUTO_ODB_OBJECT object = NULL;
	git_object_t type;
	git_oid oid;
	size_t size;
	int code;

	if (git_oid_fromstr(&oid, id))
		return object_is_absent(git, arena, kind, id, "this is no object id");
	code = git_odb_read_header(&size, &type, git->odb, &oid);
	if (code)
		return object_failed(git, arena, kind, id, code);
	if (size > maximum && type == kinds[kind].type)
		return FAIL(
			arena, GIT_LIMIT,
			.what = arena_printf(arena, "cannot read %s '%s'", kinds[kind].name, id),
			.why = arena_printf(arena, "it has %zu bytes, and %zu are allowed", size,
		                            maximum),
			.hint = "Bring a smaller one with a new commit.");
	if (size <= maximum) {
		code = git_odb_read(&object, git->odb,
		                    &oid); /* verifies the bytes against the id */
		if (code)
			return object_failed(git, arena, kind, id, code);
		type = git_odb_object_type(object); /* a damaged header may have told another */
	}
	if (type != kinds[kind].type)
		return object_is_absent(git, arena, kind, id,
		                        arena_printf(arena, "it is not %s but a %s",
		                                     kinds[kind].article,
		                                     git_object_type2string(type)));
	*ret_bytes = arena_bytes(arena, git_odb_object_data(object), git_odb_object_size(object));
	return NULL;
}

static struct error *read_object(void *context, const char *id, enum git_kind kind, size_t maximum,
                                 struct arena *arena, struct bytes *ret_bytes)
{
	return git_read(context, id, kind, maximum, arena, ret_bytes);
}

struct git_objects git_objects_of(struct git *git)
{
	return (struct git_objects){.read = read_object, .context = git};
}

static struct error *object_failed(const struct git *git, struct arena *arena, enum git_kind kind,
                                   const char *id, int code)
{
	if (code == GIT_ENOTFOUND)
		return object_is_absent(git, arena, kind, id,
		                        git->is_checkout ? "the repository does not have it"
		                                         : "the mirror does not have it");
	return mirror_failed(git, arena,
	                     arena_printf(arena, "read %s '%s' from", kinds[kind].name, id));
}

static struct error *object_is_absent(const struct git *git, struct arena *arena,
                                      enum git_kind kind, const char *id, const char *why)
{
	if (git->is_checkout)
		return error_new(
			arena, kinds[kind].absent,
			&(struct error_text){
				.what = arena_printf(arena, "cannot find %s '%s'", kinds[kind].name,
		                                     id),
				.why = why,
				.hint = "Is the clone one without files (--filter), or cut off (--depth)? Bring the "
					"rest: git fetch --refetch --no-filter, or git fetch --unshallow.",
			});
	return error_new(
		arena, kinds[kind].absent,
		&(struct error_text){
			.what = arena_printf(arena, "cannot find %s '%s'", kinds[kind].name, id),
			.why = why,
			.hint = "Look whether it is on the watched branch: git log <branch>. If it is, remove "
				"the mirror's folder; the next pass fetches it anew.",
		});
}

FALLIBLE git_find_prefix(struct git *git, const char *digits, struct arena *arena,
                         const char **ret_id)
{
	git_oid start, oid;
	int code;

	if (git_oid_fromstrn(&start, digits, strlen(digits)))
		return object_is_absent(git, arena, GIT_KIND_COMMIT, digits,
		                        "this is no object id");
	code = git_odb_exists_prefix(&oid, git->odb, &start, strlen(digits));
	if (code == GIT_EAMBIGUOUS)
		return FAIL(arena, UNKNOWN_COMMIT,
		            .what = arena_printf(arena, "cannot find commit '%s'", digits),
		            .why = "more than one object begins so",
		            .hint = "Give more digits of it.");
	if (code)
		return object_failed(git, arena, GIT_KIND_COMMIT, digits, code);
	*ret_id = arena_text(arena, git_oid_tostr_s(&oid));
	return NULL;
}

FALLIBLE git_find_ref(struct git *git, const char *name, struct arena *arena, const char **ret_id)
{
	git_oid oid;
	int code = git_reference_name_to_id(&oid, git->repository, name);

	if (code && code != GIT_ENOTFOUND && code != GIT_EINVALIDSPEC)
		return mirror_failed(git, arena, arena_printf(arena, "read '%s' from", name));
	*ret_id = code ? NULL : arena_text(arena, git_oid_tostr_s(&oid));
	return NULL;
}

FALLIBLE git_find_revision(struct git *git, const char *text, struct arena *arena,
                           const char **ret_id)
{
	AUTO_OBJECT object = NULL;
	AUTO_OBJECT commit = NULL;
	int code = git_revparse_single(&object, git->repository, text);

	if (!code)
		code = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (code && code != GIT_ENOTFOUND && code != GIT_EAMBIGUOUS && code != GIT_EINVALIDSPEC &&
	    code != GIT_EPEEL)
		return mirror_failed(git, arena, arena_printf(arena, "read '%s' from", text));
	*ret_id = code ? NULL : arena_text(arena, git_oid_tostr_s(git_object_id(commit)));
	return NULL;
}

bool git_is_shallow(const struct git *git)
{
	return git_repository_is_shallow(git->repository) == 1;
}

const char *git_folder(const struct git *git)
{
	return git->folder;
}

FALLIBLE git_check_ref(struct git *git, const char *name, const char *id, struct arena *arena)
{
	git_oid oid;

	if (git_oid_fromstr(&oid, id) || !git_odb_exists(git->odb, &oid))
		return git_mirror_failed(
			arena, git->folder, "use",
			arena_printf(arena, "'%s' names '%s', which is not in it", name, id));
	return NULL;
}

FALLIBLE git_list_refs(struct git *git, const char *prefix, struct arena *arena,
                       struct text_list *ret_names)
{
	AUTO_REFERENCE_ITERATOR iterator = NULL;
	struct text_list names = {0};
	const char *name;
	int code = git_reference_iterator_new(&iterator, git->repository);

	while (!code && !(code = git_reference_next_name(&name, iterator)))
		if (text_starts(name, prefix))
			*LIST_ADD(arena, &names) = arena_text(arena, name);
	if (code != GIT_ITEROVER)
		return mirror_failed(git, arena, "list the refs of");
	*ret_names = names;
	return NULL;
}

FALLIBLE git_peek(struct git *git, const struct git_access *access,
                  const struct text_list *prefixes, struct arena *arena, struct git_refs *ret_refs)
{
	AUTO_CONNECTION connection = {.access = access, .arena = arena};
	const git_remote_head **heads;
	struct git_refs refs = {0};
	size_t count;
	int code;

	TRY(connection_begin(&connection, git, GIT_DIRECTION_FETCH));
	code = git_remote_ls(&heads, &count, connection.remote);
	if (code)
		return remote_failed(&connection, "list the refs of", code);
	for (size_t i = 0; i < count; i++) {
		if (text_equal(heads[i]->name, "HEAD"))
			refs.head = arena_text(arena, heads[i]->symref_target);
		else if (git_ref_is_wanted(heads[i]->name, prefixes))
			*LIST_ADD(arena, &refs) = (struct source_ref){
				.name = arena_text(arena, heads[i]->name),
				.id = arena_text(arena, git_oid_tostr_s(&heads[i]->oid)),
			};
	}
	*ret_refs = refs;
	return NULL;
}

FALLIBLE git_list_prefixed(struct git *git, const struct text_list *prefixes, struct arena *arena,
                           struct source_refs *ret_refs)
{
	struct source_refs refs = {0};

	for (size_t i = 0; i < prefixes->count; i++) {
		struct text_list names = {0};

		TRY(git_list_refs(git, prefixes->items[i], arena, &names));
		for (size_t k = 0; k < names.count; k++) {
			const char *id = NULL;

			TRY(git_find_ref(git, names.items[k], arena, &id));
			if (id && git_ref_is_wanted(names.items[k], prefixes))
				*LIST_ADD(arena, &refs) = (struct source_ref){names.items[k], id};
		}
	}
	git_refs_settle(&refs);
	*ret_refs = refs;
	return NULL;
}

/*
 * A ref that moved since it was listed leaves another object under the kept name: that is taken back. One that went is
 * passed over by libgit2.
 */
FALLIBLE git_keep(struct git *git, const struct git_access *access, const struct source_refs *refs,
                  struct arena *arena)
{
	AUTO_CONNECTION connection = {.access = access, .arena = arena};
	git_fetch_options options = fetch_options(&connection);
	struct text_list specs = {0}, kept = {0}, ids = {0};
	AUTO_FD lock = -1;
	int code;

	for (size_t i = 0; i < refs->count; i++) {
		const char *name = arena_printf(arena, GIT_KEPT "%s", refs->items[i].id),
			   *id = NULL;
		int is_valid = 0;

		TRY(git_find_ref(git, name, arena, &id));
		if (text_equal(id, refs->items[i].id) || is_no_commit(git, refs->items[i].id) ||
		    git_reference_name_is_valid(&is_valid, refs->items[i].name) || !is_valid)
			continue;
		*LIST_ADD(arena, &specs) = arena_printf(arena, "+%s:%s", refs->items[i].name, name);
		*LIST_ADD(arena, &kept) = name;
		*LIST_ADD(arena, &ids) = refs->items[i].id;
	}
	if (!specs.count)
		return NULL;
	TRY(git_mirror_lock(arena, git->folder, &lock));
	TRY(connection_begin(&connection, git, GIT_DIRECTION_FETCH));
	code = git_remote_fetch(connection.remote,
	                        &(git_strarray){(char **)specs.items, specs.count}, &options, NULL);
	if (code)
		return remote_failed(&connection, "fetch tags or pull requests from", code);
	for (size_t i = 0; i < kept.count; i++) {
		const char *id = NULL;

		TRY(git_find_ref(git, kept.items[i], arena, &id));
		if (id && (!text_equal(id, ids.items[i]) || is_no_commit(git, id)))
			(void)git_reference_remove(git->repository, kept.items[i]);
	}
	return NULL;
}

/*
 * It is there, and leads to no commit: whoever may push could name a file so. A ref to such a thing in the mirror would
 * let every later fetch from a folder fail. Only tags are read, for the file may be as large as it likes.
 */
static bool is_no_commit(struct git *git, const char *id)
{
	git_object_t type;
	git_oid oid;
	size_t size;

	if (git_oid_fromstr(&oid, id))
		return false;
	for (int depth = 0; depth < TAGS_NESTED_MAXIMUM; depth++) {
		AUTO_TAG tag = NULL;

		if (git_odb_read_header(&size, &type, git->odb, &oid))
			return depth > 0;
		if (type == GIT_OBJECT_COMMIT)
			return false;
		if (type != GIT_OBJECT_TAG || size > TAG_MAXIMUM ||
		    git_tag_lookup(&tag, git->repository, &oid))
			return true;
		(void)git_oid_cpy(&oid, git_tag_target_id(tag));
	}
	return true;
}

static git_fetch_options fetch_options(struct connection *connection)
{
	return (git_fetch_options){
		.version = GIT_FETCH_OPTIONS_VERSION,
		.callbacks = callbacks_of(connection),
		.prune = GIT_FETCH_NO_PRUNE,
		.update_fetchhead = 0,
		.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE,
		.proxy_opts = no_proxy,
		.follow_redirects = GIT_REMOTE_REDIRECT_NONE,
	};
}

FALLIBLE git_fetch_ref(struct git *git, const struct git_access *access, const char *from,
                       const char *to, struct arena *arena, bool *ret_found)
{
	AUTO_CONNECTION connection = {.access = access, .arena = arena};
	git_fetch_options options = fetch_options(&connection);
	char *refspec = arena_printf(arena, "+%s:%s", from, to);
	const git_remote_head *head = NULL;
	AUTO_FD lock = -1;
	int code;

	TRY(git_mirror_lock(arena, git->folder, &lock));
	TRY(connection_begin(&connection, git, GIT_DIRECTION_FETCH));
	TRY(find_head(&connection, from,
	              &head)); /* also keeps a '*' in the name from being a pattern */
	if (!head) {
		*ret_found = false;
		return NULL;
	}
	code = git_remote_fetch(connection.remote, &(git_strarray){&refspec, 1}, &options, NULL);
	if (code)
		return remote_failed(&connection, arena_printf(arena, "fetch '%s' from", from),
		                     code);
	*ret_found = true;
	return NULL;
}

static struct error *find_head(struct connection *connection, const char *name,
                               const git_remote_head **ret_head)
{
	const git_remote_head **heads;
	size_t count;
	int code = git_remote_ls(&heads, &count, connection->remote);

	if (code)
		return remote_failed(connection, "list the refs of", code);
	*ret_head = NULL;
	for (size_t i = 0; i < count && !*ret_head; i++)
		if (text_equal(heads[i]->name, name))
			*ret_head = heads[i];
	return NULL;
}

FALLIBLE git_push_ref(struct git *git, const struct git_access *access, const char *ref,
                      struct arena *arena, bool *ret_rejected)
{
	/*
	 * What servers answer when another was there first; any other answer is a rule of theirs.
	 */
	static const char *const races[] = {"fast-forward",         "fetch first",
	                                    "stale info",           "lock",
	                                    "failed to update ref", "already exists"};
	AUTO_CONNECTION connection = {.access = access, .arena = arena};
	git_push_options options = {
		.version = GIT_PUSH_OPTIONS_VERSION,
		.pb_parallelism = 1,
		.callbacks = callbacks_of(&connection),
		.proxy_opts = no_proxy,
		.follow_redirects = GIT_REMOTE_REDIRECT_NONE,
	};
	char *refspec = arena_printf(arena, "%s:%s", ref, ref);
	bool rejected;
	int code;

	TRY(connection_begin(&connection, git, GIT_DIRECTION_PUSH));
	code = git_remote_push(connection.remote, &(git_strarray){&refspec, 1}, &options);
	rejected = code == GIT_ENONFASTFORWARD;
	for (size_t i = 0; connection.rejected && i < sizeof races / sizeof *races; i++)
		rejected |= strstr(connection.rejected, races[i]) != NULL;
	if (!rejected && connection.rejected)
		return FAIL(
			arena, FORGE_REFUSED, .what = arena_printf(arena, "cannot push '%s'", ref),
			.why = connection.rejected,
			.hint = "Let the token's owner write refs/notes/ in the remote's rules.");
	if (!rejected && code)
		return remote_failed(&connection, arena_printf(arena, "push '%s' to", ref), code);
	*ret_rejected = rejected;
	return NULL;
}

FALLIBLE git_commit_files(struct git *git, const char *ref, const struct git_file *files,
                          size_t count, const char *message, struct arena *arena)
{
	git_tree_update *updates = ARENA_ARRAY(arena, git_tree_update, count);
	AUTO_SIGNATURE signature = NULL;
	AUTO_COMMIT parent = NULL;
	AUTO_TREE before = NULL;
	AUTO_TREE after = NULL;
	const git_commit *parents[1];
	git_oid oid;
	int code = git_reference_name_to_id(&oid, git->repository, ref);

	if (!code)
		code = git_commit_lookup(&parent, git->repository, &oid);
	else if (code == GIT_ENOTFOUND)
		code = 0;
	if (!code && parent)
		code = git_commit_tree(&before, parent);
	for (size_t i = 0; !code && i < count; i++) {
		updates[i] = (git_tree_update){.action = GIT_TREE_UPDATE_UPSERT,
		                               .filemode = GIT_FILEMODE_BLOB,
		                               .path = files[i].path};
		code = git_blob_create_from_buffer(&updates[i].id, git->repository, files[i].text,
		                                   strlen(files[i].text));
	}
	if (!code)
		code = git_tree_create_updated(&oid, git->repository, before, count, updates);
	if (!code)
		code = git_tree_lookup(&after, git->repository, &oid);
	if (!code)
		code = git_signature_new(&signature, "headgate", "headgate@localhost",
		                         (git_time_t)clock_wall(), 0);
	parents[0] = parent;
	if (!code)
		code = git_commit_create(&oid, git->repository, ref, signature, signature, NULL,
		                         message, after, parent ? 1 : 0, parents);
	return code ? mirror_failed(git, arena, arena_printf(arena, "write '%s' into", ref)) : NULL;
}

static struct error *connection_begin(struct connection *connection, struct git *git,
                                      git_direction direction)
{
	const struct git_access *access = connection->access;
	bool is_local = access->address.place == GIT_PLACE_LOCAL;
	git_remote_connect_options options = {
		.version = GIT_REMOTE_CONNECT_OPTIONS_VERSION,
		.callbacks = callbacks_of(connection),
		.proxy_opts = no_proxy,
		.follow_redirects = GIT_REMOTE_REDIRECT_NONE,
	};
	git_remote_create_options creation = {
		.version = GIT_REMOTE_CREATE_OPTIONS_VERSION,
		.repository = git->repository,
		.flags =
			GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC,
	};
	int code;

	if (access->address.place == GIT_PLACE_SSH) {
		TRY(git_ssh_prepare(connection->arena, &access->address, &access->ssh, git->folder,
		                    &connection->ssh));
		connection->road = git_road_new(connection->arena, connection->ssh,
		                                &connection->patience, look_at_time, connection);
	}
	git_patience_begin(&connection->patience, GIT_FETCH_MS, GIT_STILL_MS);
	if (access->ca_file &&
	    git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, access->ca_file, NULL))
		return git_no_authorities(connection->arena, access->ca_file,
		                          reason(connection->arena));

	/*
	 * The site named this very folder, which may well belong to the user git; libgit2 runs
	 * nothing from it.
	 */
	if (is_local)
		(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	code = git_remote_create_with_opts(&connection->remote, access->address.url, &creation);
	if (!code)
		code = git_remote_connect_ext(connection->remote, direction, &options);
	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	return code ? remote_failed(connection, "reach", code) : NULL;
}

static void connection_end(struct connection *connection)
{
	git_remote_free(connection->remote); /* disconnects */
	if (connection->ssh)
		git_ssh_end(connection->ssh); /* when nobody took the road */
	if (connection->patience.total_ms)
		git_patience_end(&connection->patience);
}

static git_remote_callbacks callbacks_of(struct connection *connection)
{
	return (git_remote_callbacks){
		.version = GIT_REMOTE_CALLBACKS_VERSION,
		.transport = connection->access->address.place == GIT_PLACE_SSH ? make_road : NULL,
		.credentials = give_credential,
		.transfer_progress = count_transfer,
		.sideband_progress = count_words,
		.pack_progress = count_packing,
		.push_transfer_progress = count_push,
		.push_update_reference = note_update,
		.payload = connection,
	};
}

static int make_road(git_transport **transport, git_remote *remote, void *payload)
{
	struct connection *connection = payload;

	return git_road_make(connection->road, transport, remote);
}

static int look_at_time(void *payload)
{
	struct connection *connection = payload;

	return go_on(connection, connection->moved);
}

static int give_credential(git_credential **credential, const char *url, const char *username,
                           unsigned allowed, void *payload)
{
	struct connection *connection = payload;
	const struct git_access *access = connection->access;

	(void)username; /* a URL with one was refused */
	if (!access->token || connection->asked++ ||
	    !(allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) ||
	    !git_address_covers(&access->address, url))
		return GIT_EAUTH;
	return git_credential_userpass_plaintext_new(credential, access->username,
	                                             secret_reveal(access->token));
}

static int count_transfer(const git_indexer_progress *stats, void *payload)
{
	struct connection *connection = payload;

	if (stats->received_bytes > GIT_RECEIVED_MAXIMUM)
		connection->limit = "it sends more than 2 GiB at once";
	if (stats->total_objects > GIT_OBJECTS_MAXIMUM)
		connection->limit = "it sends more than 10 million objects at once";
	return go_on(connection,
	             stats->received_bytes + stats->indexed_objects + stats->indexed_deltas);
}

static int count_words(const char *text, int size, void *payload)
{
	struct connection *connection = payload;

	(void)text;
	return go_on(connection, connection->moved + (size_t)size);
}

static int count_packing(int stage, uint32_t current, uint32_t total, void *payload)
{
	struct connection *connection = payload;

	(void)stage, (void)current, (void)total;
	return go_on(connection, connection->moved + 1);
}

static int count_push(unsigned current, unsigned total, size_t bytes, void *payload)
{
	(void)total;
	return go_on(payload, bytes + current);
}

static int note_update(const char *ref, const char *status, void *payload)
{
	struct connection *connection = payload;

	(void)ref; /* one at a time */
	connection->rejected = arena_text(connection->arena, status);
	return 0;
}

static int go_on(struct connection *connection, size_t moved)
{
	if (moved != connection->moved)
		git_patience_moved(&connection->patience);
	connection->moved = moved;
	return connection->limit || stop_asked() || git_patience_is_over(&connection->patience)
	               ? GIT_EUSER
	               : 0;
}

/* libgit2 tells most kinds of failure apart only in its text; the first row that fits is taken. */
static const struct {
	int code; /* 0: any */
	const char *fragment;
	enum error_code error;
	const char *hint;
} failures[] = {
	{GIT_EAUTH, "", ERR_GIT_AUTH, GIT_HINT_TOKEN},
	{0, "status code: 401", ERR_GIT_AUTH, GIT_HINT_TOKEN},
	{0, "status code: 403", ERR_GIT_AUTH, GIT_HINT_TOKEN},
	{0, "status code: 404", ERR_GIT_UNREACHABLE, GIT_HINT_NOT_FOUND},
	{0, "status code: 30", ERR_GIT_UNREACHABLE, GIT_HINT_REDIRECT},
	{0, "objectformat", ERR_GIT_FORMAT, GIT_HINT_SHA256},
	{0, "parsing REF pkt-line", ERR_GIT_FORMAT,
         "SHA-256 and shallow repositories are not supported. There: git rev-parse --show-object-format "
         "--is-shallow-repository"},
	{0, "overly large object", ERR_GIT_LIMIT,
         "A file of more than 512 MiB is packed as a difference, which no git does by itself. Take it out of the history, or "
         "watch a repository of its own for the migrations."},
	{0, "no match for id", ERR_GIT_FORMAT,
         "It lacks objects, as a shallow repository does. There: git fetch --unshallow, or see what git fsck says."},
	{GIT_ECERTIFICATE, "", ERR_GIT_UNREACHABLE, GIT_HINT_CERTIFICATE},
};

static struct error *remote_failed(struct connection *connection, const char *aim, int code)
{
	struct arena *arena = connection->arena;
	const char *what =
		arena_printf(arena, "cannot %s '%s'", aim, connection->access->address.url);
	const char *why = code == GIT_EAUTH ? refusal(connection) : reason(arena);

	if (connection->road && git_road_error(connection->road))
		return git_road_error(connection->road);
	if (connection->limit)
		return FAIL(arena, GIT_LIMIT, .what = what, .why = connection->limit,
		            .hint = "Watch a repository of its own for the migrations.");
	if (stop_asked())
		return FAIL(arena, STOPPED, .what = what, .why = "the agent was asked to stop",
		            .hint = "The next pass begins it again.");
	if (git_patience_is_over(&connection->patience))
		return FAIL(arena, GIT_UNREACHABLE, .what = what,
		            .why = "nothing moved for a minute, or it took longer than ten",
		            .hint = GIT_HINT_ADDRESS);
	if (connection->ssh)
		TRY(git_ssh_failure(connection->ssh, arena, what));
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if ((!failures[i].code || failures[i].code == code) &&
		    strstr(why, failures[i].fragment))
			return error_new(arena, failures[i].error,
			                 &(struct error_text){what, why, failures[i].hint});
	return FAIL(arena, GIT_UNREACHABLE, .what = what, .why = why, .hint = GIT_HINT_ADDRESS);
}

/* The library's own words are empty when the callback said no. */
static const char *refusal(const struct connection *connection)
{
	if (!connection->access->token)
		return "it asks for a token, and none is configured";
	return connection->asked > 1
	               ? "it does not accept the token"
	               : "it asks in a way that a token cannot answer, or for another host";
}

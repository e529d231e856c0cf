/*
 * The child's side of source_apart.h: a source_git that answers questions on standard input. A reader would expect it to
 * check what it reads; the caller does that. Here are the limits.
 */
#include "adapters/source_apart.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "adapters/read_ahead.h"
#include "adapters/source_wire.h"
#include "base/secret.h"
#include "base/text.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER true
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER false /* it maps terabytes */
#endif

#define STATUS_USAGE 64 /* sysexits.h */

struct child { /* what lives as long as the process */
	struct arena *arena;
	struct source *source; /* NULL: not opened yet */
	struct git_objects objects;
};

static void limit(void);
static void limit_one(int resource, size_t maximum);
static int answer_next(struct child *child, bool *ret_is_over);
static bool take(char *buffer, size_t size);
static bool give(struct bytes bytes);
static struct error *answer(struct child *child, const struct wire_message *asked,
                            struct arena *arena, struct wire_message *ret_answer);
static struct error *open_source(struct child *child, const struct wire_message *asked,
                                 struct arena *arena, struct wire_message *ret_answer);
static struct error *head(struct child *child, const struct wire_message *asked,
                          struct arena *arena, struct wire_message *ret_answer);
static struct error *fetch(struct child *child, const struct wire_message *asked,
                           struct arena *arena, struct wire_message *ret_answer);
static struct error *resolve(struct child *child, const struct wire_message *asked,
                             struct arena *arena, struct wire_message *ret_answer);
static struct error *read_object(struct child *child, const struct wire_message *asked,
                                 struct arena *arena, struct wire_message *ret_answer);
static void add_parents(struct child *child, struct bytes raw, struct wire_message *answer,
                        struct text *data);
static void add_folders(struct child *child, const struct text_list *trees,
                        struct wire_message *answer, struct text *data);
static bool add_files(struct child *child, const char *tree, struct bytes raw,
                      struct wire_message *answer, struct text *data);
static bool has_room(const struct wire_message *answer);
static struct error *give_raw(void *context, const char *id, enum git_kind kind, size_t maximum,
                              struct arena *arena, struct bytes *ret_bytes);
static struct error *refs(struct child *child, const struct wire_message *asked,
                          struct arena *arena, struct wire_message *ret_answer);
static struct error *bring(struct child *child, const struct wire_message *asked,
                           struct arena *arena, struct wire_message *ret_answer);

int source_apart_serve(void)
{
	AUTO_ARENA arena = arena_new();
	struct child child = {.arena = arena};
	bool is_over = false;
	int status = 0;

	limit();
	while (!is_over)
		status = answer_next(&child, &is_over);
	source_close(child.source);
	return status;
}

/* The caller's end is our end: PR_SET_PDEATHSIG was set before we were executed (process_child.c). */
static void limit(void)
{
	if (!HAS_SANITIZER)
		limit_one(RLIMIT_AS, APART_MEMORY);
	limit_one(RLIMIT_CPU, APART_CPU_S);
	limit_one(RLIMIT_FSIZE, APART_FILE);
	limit_one(RLIMIT_NOFILE, APART_FILES_OPEN);
	secrets_guard();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L))
		BUG("a process cannot give up new rights: error %d", errno);
}

/* Never above what is set already. The hard limit is higher where a signal before it says more. */
static void limit_one(int resource, size_t maximum)
{
	const rlim_t hard = resource == RLIMIT_CPU ? maximum + 5 : maximum;
	struct rlimit limits;

	if (getrlimit(resource, &limits))
		BUG("limit %d cannot be read: error %d", resource, errno);
	if (limits.rlim_cur > maximum)
		limits.rlim_cur = maximum;
	if (limits.rlim_max > hard)
		limits.rlim_max = hard;
	if (setrlimit(resource, &limits))
		BUG("limit %d cannot be set: error %d", resource, errno);
}

static int answer_next(struct child *child, bool *ret_is_over)
{
	AUTO_ARENA arena = arena_new();
	struct wire_message asked, told = {.kind = WIRE_DONE};
	unsigned char header[WIRE_HEADER];
	struct error *error;
	size_t length;
	char *payload;

	*ret_is_over = true;
	if (!take((char *)header, sizeof header))
		return 0; /* the caller closed the source */
	length = wire_length(header);
	if (length > WIRE_REQUEST_MAXIMUM)
		return STATUS_USAGE;
	payload = arena_alloc(arena, length + 1);
	if (!take(payload, length) || !wire_decode(arena, (struct bytes){payload, length}, &asked))
		return STATUS_USAGE;
	error = answer(child, &asked, arena, &told);
	if (error)
		told = wire_of_error(arena, error);
	*ret_is_over = !give(wire_encode(arena, &told));
	return 0;
}

static bool take(char *buffer, size_t size)
{
	while (size) {
		const ssize_t got = read(STDIN_FILENO, buffer, size);

		if (!got || (got < 0 && errno != EINTR))
			return false;
		if (got > 0) {
			buffer += got;
			size -= (size_t)got;
		}
	}
	return true;
}

static bool give(struct bytes bytes)
{
	while (bytes.size) {
		const ssize_t gone = write(STDOUT_FILENO, bytes.data, bytes.size);

		if (gone < 0 && errno != EINTR)
			return false;
		if (gone > 0) {
			bytes.data += gone;
			bytes.size -= (size_t)gone;
		}
	}
	return true;
}

static const struct {
	struct error *(*answer)(struct child *child, const struct wire_message *asked,
	                        struct arena *arena, struct wire_message *ret_answer);
	size_t texts; /* how many it needs; SIZE_MAX: any */
} rows[WIRE_KINDS] = {
	[WIRE_OPEN] = {open_source, 7},
	[WIRE_HEAD] = {head, 1},
	[WIRE_FETCH] = {fetch, 2},
	[WIRE_RESOLVE] = {resolve, 1},
	[WIRE_READ] = {read_object, SIZE_MAX},
	[WIRE_REFS] = {refs, SIZE_MAX},
	[WIRE_BRING] = {bring, SIZE_MAX},
};

static struct error *answer(struct child *child, const struct wire_message *asked,
                            struct arena *arena, struct wire_message *ret_answer)
{
	if (!rows[asked->kind].answer ||
	    (rows[asked->kind].texts != SIZE_MAX &&
	     rows[asked->kind].texts != asked->texts.count) ||
	    !child->source != (asked->kind == WIRE_OPEN))
		BUG("a question of kind %d with %zu texts", (int)asked->kind, asked->texts.count);
	return rows[asked->kind].answer(child, asked, arena, ret_answer);
}

static struct error *open_source(struct child *child, const struct wire_message *asked,
                                 struct arena *arena, struct wire_message *ret_answer)
{
	struct source_git_options *options = ARENA_NEW(child->arena, struct source_git_options);
	const char *texts[7];

	(void)ret_answer;
	for (size_t i = 0; i < 7; i++)
		texts[i] = arena_text(child->arena, asked->texts.items[i]);
	*options = (struct source_git_options){
		.url = texts[0],
		.username = texts[2],
		.mirror = texts[3],
		.ca_file = texts[4],
		.ssh_key_file = texts[5],
		.known_hosts = texts[6],
		.allow_http = asked->number != 0,
	};
	if (texts[1])
		options->token =
			secret_new(child->arena, (struct bytes){texts[1], strlen(texts[1])});
	TRY(error_copy(arena, source_git_open(child->arena, options, &child->source)));
	child->objects = source_git_objects(child->source);
	return NULL;
}

static struct error *head(struct child *child, const struct wire_message *asked,
                          struct arena *arena, struct wire_message *ret_answer)
{
	const char *branch, *commit;

	TRY(source_head(child->source, asked->texts.items[0], arena, &branch, &commit));
	*LIST_ADD(arena, &ret_answer->texts) = branch;
	*LIST_ADD(arena, &ret_answer->texts) = commit;
	return NULL;
}

static struct error *fetch(struct child *child, const struct wire_message *asked,
                           struct arena *arena, struct wire_message *ret_answer)
{
	(void)ret_answer;
	return source_fetch(child->source, asked->texts.items[0], asked->texts.items[1], arena);
}

static struct error *resolve(struct child *child, const struct wire_message *asked,
                             struct arena *arena, struct wire_message *ret_answer)
{
	const char *commit;

	TRY(source_resolve(child->source, asked->texts.items[0], arena, &commit));
	*LIST_ADD(arena, &ret_answer->texts) = commit;
	return NULL;
}

static struct error *read_object(struct child *child, const struct wire_message *asked,
                                 struct arena *arena, struct wire_message *ret_answer)
{
	const enum git_kind kind = (enum git_kind)(asked->number & ~(uint64_t)WIRE_READ_WALKS);
	const char *id = asked->texts.count ? asked->texts.items[0] : NULL;
	struct text data = TEXT_IN(arena);
	struct bytes raw;

	if (!id || kind > GIT_KIND_TAG || asked->maximum > WIRE_DATA_MAXIMUM)
		BUG("an object of kind %d", (int)kind);
	TRY(child->objects.read(child->objects.context, id, kind, (size_t)asked->maximum, arena,
	                        &raw));
	read_ahead_add(ret_answer, &data, id, kind, raw);
	if (asked->number & WIRE_READ_WALKS)
		add_parents(child, raw, ret_answer, &data);
	if (kind == GIT_KIND_TREE && asked->texts.count > 1 &&
	    add_files(child, id, raw, ret_answer, &data))
		add_folders(child, &asked->texts, ret_answer, &data);
	ret_answer->data = text_bytes(&data);
	return NULL;
}

/* What cannot be read ends it: it is told when it is asked for. */
static void add_parents(struct child *child, struct bytes raw, struct wire_message *answer,
                        struct text *data)
{
	const size_t begun = data->size;
	struct commit_links links;

	for (int i = 0; i < AHEAD_COMMITS && data->size - begun < AHEAD_BYTES / 2; i++) {
		if (git_objects_links(data->arena, "", raw, &links) || !links.parents.count ||
		    child->objects.read(child->objects.context, links.parents.items[0],
		                        GIT_KIND_COMMIT, AHEAD_BYTES / 2, data->arena, &raw))
			return;
		read_ahead_add(answer, data, links.parents.items[0], GIT_KIND_COMMIT, raw);
	}
}

static void add_folders(struct child *child, const struct text_list *trees,
                        struct wire_message *answer, struct text *data)
{
	const size_t begun = data->size;

	for (size_t i = 1; i < trees->count && data->size - begun < AHEAD_BYTES / 4; i++) {
		const char *tree = trees->items[i];
		struct bytes raw;

		if (!tree || !has_room(answer) ||
		    child->objects.read(child->objects.context, tree, GIT_KIND_TREE,
		                        AHEAD_BLOB_MAXIMUM, data->arena, &raw))
			return;
		read_ahead_add(answer, data, tree, GIT_KIND_TREE, raw);
		if (!add_files(child, tree, raw, answer, data))
			return;
	}
}

/* The small files of a folder. false: there is no room for more. */
static bool add_files(struct child *child, const char *tree, struct bytes raw,
                      struct wire_message *answer, struct text *data)
{
	const struct git_objects here = {.read = give_raw, .context = &raw};
	const size_t begun = data->size;
	struct folder folder;
	struct bytes file;

	if (git_objects_entries(&here, tree, NULL, data->arena, &folder))
		return false;
	for (size_t i = 0; i < folder.count; i++) {
		if (folder.items[i].mode == ENTRY_FOLDER)
			continue;
		if (data->size - begun > AHEAD_BYTES / 8 || !has_room(answer))
			return false;
		if (!child->objects.read(child->objects.context, folder.items[i].id, GIT_KIND_BLOB,
		                         AHEAD_BLOB_MAXIMUM, data->arena, &file))
			read_ahead_add(answer, data, folder.items[i].id, GIT_KIND_BLOB, file);
	}
	return true;
}

static bool has_room(const struct wire_message *answer)
{
	return answer->texts.count / 3 < AHEAD_OBJECTS_MAXIMUM;
}

static struct error *give_raw(void *context, const char *id, enum git_kind kind, size_t maximum,
                              struct arena *arena, struct bytes *ret_bytes)
{
	(void)id;
	(void)kind;
	(void)maximum;
	(void)arena;
	*ret_bytes = *(const struct bytes *)context;
	return NULL;
}

static struct error *refs(struct child *child, const struct wire_message *asked,
                          struct arena *arena, struct wire_message *ret_answer)
{
	struct source_refs list = {0};

	TRY(source_list_refs(child->source, &asked->texts, arena, &list));
	for (size_t i = 0; i < list.count; i++) {
		*LIST_ADD(arena, &ret_answer->texts) = list.items[i].name;
		*LIST_ADD(arena, &ret_answer->texts) = list.items[i].id;
	}
	ret_answer->number = list.is_cut;
	return NULL;
}

static struct error *bring(struct child *child, const struct wire_message *asked,
                           struct arena *arena, struct wire_message *ret_answer)
{
	struct source_refs list = {0};

	(void)ret_answer;
	for (size_t i = 0; i + 1 < asked->texts.count; i += 2)
		*LIST_ADD(arena, &list) = (struct source_ref){.name = asked->texts.items[i],
		                                              .id = asked->texts.items[i + 1]};
	return source_bring(child->source, &list, arena);
}

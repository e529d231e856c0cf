/*
 * The caller's side of source_apart.h. Easily got wrong: after an error of the conversation the child may still write, so
 * it is ended before anything else is asked.
 */
#include "adapters/source_apart.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>

#include "adapters/git_lsrefs.h"
#include "adapters/read_ahead.h"
#include "adapters/source_wire.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/text.h"
#include "model/commit.h"
#include "model/tag.h"

#define PROGRAM "/proc/self/exe"
#define COMPLAINT_MAXIMUM 4096
#define CHUNK (64 * 1024) /* a pipe holds no more */

struct source_apart {
	struct source source;
	struct source_git_options options;
	struct git_objects objects;
	struct read_ahead *ahead;
	bool is_walking;          /* through a history: the parents will be asked for next */
	struct process_pipe pipe; /* pid 0: no child */
	bool is_open;             /* it answered to WIRE_OPEN */
	unsigned starts;
	char complaint[COMPLAINT_MAXIMUM]; /* its first words on standard error */
	size_t complained;
	char chunk[CHUNK];
};

struct question {
	struct wire_message message;
	const char *aim; /* for an error: "fetch from" */
	size_t data_maximum;
	bool is_remote; /* it may take long, and a stop ends it */
};

static const struct source_ops ops;

static struct error *start(struct source_apart *self, struct arena *arena);
static struct error *ask(struct source_apart *self, const struct question *question,
                         struct arena *arena, struct wire_message *ret_answer);
static struct error *tell(struct source_apart *self, const struct question *question,
                          struct arena *arena);
static struct error *hear(struct source_apart *self, const struct question *question,
                          struct arena *arena, struct wire_message *ret_answer);
static struct error *take(struct source_apart *self, const struct question *question,
                          uint64_t until_ms, struct arena *arena, char *buffer, size_t least,
                          size_t room, size_t *ret_size);
static struct error *wait_for(struct source_apart *self, const struct question *question, int fd,
                              short events, uint64_t until_ms, struct arena *arena);
static void hear_complaint(struct source_apart *self);
static struct error *ended(struct source_apart *self, const struct question *question,
                           struct arena *arena);
static const char *why_ended(const struct source_apart *self, int status, struct arena *arena,
                             bool *ret_is_limit);
static struct error *refuse_answer(struct source_apart *self, const struct question *question,
                                   struct arena *arena, const char *why);
static struct error *is_out_of_memory(struct arena *arena, struct error *error);
static void end_child(struct source_apart *self);

static struct error *head(struct source *source, const char *branch, struct arena *arena,
                          const char **ret_branch, const char **ret_commit);
static struct error *fetch(struct source *source, const char *branch, const char *commit,
                           struct arena *arena);
static struct error *commit_raw(struct source *source, const char *id, struct arena *arena,
                                struct bytes *ret_raw);
static struct error *resolve(struct source *source, const char *text, struct arena *arena,
                             const char **ret_commit);
static bool may_name(const char *text, const char *commit);
static struct error *history(struct source *source, const char *from, const char *to,
                             struct arena *arena, struct history *ret_history, bool *ret_descends);
static struct error *folder(struct source *source, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder);
static struct error *entries(struct source *source, const char *tree, struct arena *arena,
                             struct folder *ret_folder);
static struct error *blob(struct source *source, const char *id, size_t maximum,
                          struct arena *arena, struct bytes *ret_bytes);
static struct error *refs(struct source *source, const struct text_list *prefixes,
                          struct arena *arena, struct source_refs *ret_refs);
static struct error *bring(struct source *source, const struct source_refs *list,
                           struct arena *arena);
static struct error *tag(struct source *source, const char *id, struct arena *arena,
                         struct bytes *ret_raw);
static struct error *read_object(void *context, const char *id, enum git_kind kind, size_t maximum,
                                 struct arena *arena, struct bytes *ret_bytes);
static struct error *ask_object(struct source_apart *self, const struct question *question,
                                const char *id, enum git_kind kind, struct arena *arena,
                                struct bytes *ret_bytes);
static void close_apart(struct source *source);

FALLIBLE source_apart_open(struct arena *arena, const struct source_git_options *options,
                           struct source **ret_source)
{
	struct source_apart *self = ARENA_NEW(arena, struct source_apart);

	self->source.ops = &ops;
	self->options = (struct source_git_options){
		.url = arena_text(arena, options->url),
		.token = options->token,
		.username = arena_text(arena, options->username),
		.mirror = arena_text(arena, options->mirror),
		.ca_file = arena_text(arena, options->ca_file),
		.allow_http = options->allow_http,
		.ssh_key_file = arena_text(arena, options->ssh_key_file),
		.known_hosts = arena_text(arena, options->known_hosts),
	};
	self->ahead = read_ahead_new(arena);
	self->objects = (struct git_objects){.read = read_object, .context = self};
	TRY(start(self, arena));
	*ret_source = &self->source;
	return NULL;
}

static const struct source_ops ops = {
	.name = "git, apart",
	.head = head,
	.fetch = fetch,
	.commit = commit_raw,
	.resolve = resolve,
	.history = history,
	.folder = folder,
	.entries = entries,
	.blob = blob,
	.refs = refs,
	.bring = bring,
	.tag = tag,
	.close = close_apart,
};

/* Its answer is awaited by the first question: meanwhile it gets ready beside us. */
static struct error *start(struct source_apart *self, struct arena *arena)
{
	static const char *const arguments[] = {SOURCE_APART_ARGUMENT, NULL};
	const struct process process = {.program = PROGRAM, .arguments = arguments};
	const struct source_git_options *options = &self->options;
	struct question question = {
		.message = {.kind = WIRE_OPEN, .number = options->allow_http},
		.aim = "open",
	};
	const char *texts[] = {
		options->url,         options->token ? secret_reveal(options->token) : NULL,
		options->username,    options->mirror,
		options->ca_file,     options->ssh_key_file,
		options->known_hosts,
	};

	question.message.texts =
		(struct text_list){.items = texts, .count = sizeof texts / sizeof *texts};
	if (self->starts == APART_STARTS_MAXIMUM)
		return FAIL(
			arena, GIT_APART,
			.what = arena_printf(arena, "cannot go on reading '%s'", options->url),
			.why = arena_printf(arena, "the process that reads it ended %d times",
		                            APART_STARTS_MAXIMUM),
			.hint = "The next pass tries again; the messages before this one say what "
				"ended it.");
	TRY(process_pipe_open(arena, &process, &self->pipe));
	self->starts++;
	self->is_open = false;
	self->complained = 0;
	self->complaint[0] = '\0';
	return tell(self, &question, arena);
}

static struct error *ask(struct source_apart *self, const struct question *question,
                         struct arena *arena, struct wire_message *ret_answer)
{
	struct wire_message answer;
	struct error *error;

	if (!self->pipe.pid)
		TRY(start(self, arena));
	if (!self->is_open) {
		TRY(hear(self, question, arena, &answer));
		error = is_out_of_memory(arena, wire_error(arena, &answer));
		if (error) {
			self->starts--; /* it did as it should, and says the same each time */
			end_child(self);
			return error;
		}
		self->is_open = true;
	}
	TRY(tell(self, question, arena));
	TRY(hear(self, question, arena, &answer));
	TRY(is_out_of_memory(arena, wire_error(arena, &answer)));
	if (answer.kind != WIRE_DONE)
		return refuse_answer(self, question, arena, "it is no answer");
	*ret_answer = answer;
	return NULL;
}

static struct error *tell(struct source_apart *self, const struct question *question,
                          struct arena *arena)
{
	const struct bytes frame = wire_encode(arena, &question->message);
	const uint64_t until_ms = clock_monotonic_ms() + APART_READ_MS;
	size_t sent = 0;

	while (sent < frame.size) {
		const ssize_t size =
			process_pipe_write(&self->pipe, frame.data + sent, frame.size - sent);

		if (size < 0)
			return ended(self, question, arena);
		sent += (size_t)size;
		if (!size)
			TRY(wait_for(self, question, self->pipe.input, POLLOUT, until_ms, arena));
	}
	return NULL;
}

static struct error *hear(struct source_apart *self, const struct question *question,
                          struct arena *arena, struct wire_message *ret_answer)
{
	const uint64_t until_ms =
		clock_monotonic_ms() + (question->is_remote ? APART_REMOTE_MS : APART_READ_MS);
	size_t size = 0, length;
	char *payload;

	TRY(take(self, question, until_ms, arena, self->chunk, WIRE_HEADER, CHUNK, &size));
	length = wire_length((const unsigned char *)self->chunk);
	if (length > WIRE_ANSWER_MAXIMUM + question->data_maximum || size > WIRE_HEADER + length)
		return refuse_answer(self, question, arena, "it is longer than what was asked for");
	payload = arena_alloc(arena, length + 1);
	if (size > WIRE_HEADER)
		memcpy(payload, self->chunk + WIRE_HEADER, size - WIRE_HEADER);
	size -= WIRE_HEADER;
	if (size < length)
		TRY(take(self, question, until_ms, arena, payload + size, length - size,
		         length - size, &size));
	if (!wire_decode(arena, (struct bytes){payload, length}, ret_answer))
		return refuse_answer(self, question, arena, "it is not written as an answer is");
	return NULL;
}

/* At least so many bytes, at most as many as there is room. */
static struct error *take(struct source_apart *self, const struct question *question,
                          uint64_t until_ms, struct arena *arena, char *buffer, size_t least,
                          size_t room, size_t *ret_size)
{
	size_t taken = 0;

	while (taken < least) {
		ssize_t size;

		TRY(wait_for(self, question, self->pipe.output, POLLIN, until_ms, arena));
		size = read(self->pipe.output, buffer + taken, room - taken);
		if (!size || (size < 0 && errno != EINTR && errno != EAGAIN))
			return ended(self, question, arena);
		if (size > 0)
			taken += (size_t)size;
	}
	*ret_size = taken;
	return NULL;
}

static struct error *wait_for(struct source_apart *self, const struct question *question, int fd,
                              short events, uint64_t until_ms, struct arena *arena)
{
	struct pollfd fds[] = {{.fd = fd, .events = events},
	                       {.fd = self->pipe.complaint, .events = POLLIN}};

	for (;;) {
		const uint64_t now_ms = clock_monotonic_ms();
		const int left_ms = now_ms < until_ms ? (int)(until_ms - now_ms) : 0;

		fds[1].fd = self->pipe.complaint;
		if (question->is_remote)
			(void)clock_poll(fds, 2, left_ms);
		else if (poll(fds, 2, left_ms) < 0)
			continue; /* a signal: a run that was asked to stop still reads what it needs */
		if (fds[0].revents)
			return NULL;
		if (fds[1].revents)
			hear_complaint(self);
		if (question->is_remote && stop_asked()) {
			end_child(self);
			return FAIL(arena, STOPPED,
			            .what = arena_printf(arena, "cannot %s '%s'", question->aim,
			                                 self->options.url),
			            .why = "the agent was asked to stop",
			            .hint = "The next pass begins it again.");
		}
		if (!left_ms)
			return refuse_answer(
				self, question, arena,
				arena_printf(arena, "it gave none in %s",
			                     text_duration(arena, question->is_remote
			                                                  ? APART_REMOTE_MS
			                                                  : APART_READ_MS)));
	}
}

static void hear_complaint(struct source_apart *self)
{
	char lost[1024];
	const bool is_full = self->complained == COMPLAINT_MAXIMUM - 1;
	const ssize_t size =
		is_full ? read(self->pipe.complaint, lost, sizeof lost)
			: read(self->pipe.complaint, self->complaint + self->complained,
	                       COMPLAINT_MAXIMUM - 1 - self->complained);

	if (!size) {
		fd_cleanup(&self->pipe.complaint);
		self->pipe.complaint = -1; /* poll passes over it */
	} else if (size > 0 && !is_full) {
		self->complained += (size_t)size;
	}
	self->complaint[self->complained] = '\0';
}

/* It closed its side: say what ended it. */
static struct error *ended(struct source_apart *self, const struct question *question,
                           struct arena *arena)
{
	const char *what = arena_printf(arena, "cannot %s '%s'", question->aim, self->options.url);
	const char *why;
	bool is_limit;
	int status;

	if (self->pipe.complaint >= 0 &&
	    poll(&(struct pollfd){.fd = self->pipe.complaint, .events = POLLIN}, 1, 0) > 0)
		hear_complaint(self);
	status = process_pipe_close(&self->pipe, APART_ENDS_MS);
	why = why_ended(self, status, arena, &is_limit);
	if (is_limit)
		return FAIL(
			arena, GIT_LIMIT, .what = what, .why = why,
			.hint = "See what is so large: git rev-list --objects --all --disk-usage. Take it "
				"out, or watch a repository of its own for the migrations.");
	return FAIL(arena, GIT_APART, .what = what, .why = why,
	            .hint = "It is tried again. If it stays so, look for what ended it: journalctl "
	                    "-u headgate, and dmesg for processes out of memory.");
}

static const char *why_ended(const struct source_apart *self, int status, struct arena *arena,
                             bool *ret_is_limit)
{
	const char *words = text_clip(arena, text_trim(arena, self->complaint), 300);

	*ret_is_limit = true;
	if (status == 128 + SIGXCPU)
		return arena_printf(arena,
		                    "the process that reads it used %d seconds of processor time, "
		                    "and no more is allowed",
		                    APART_CPU_S);
	if (status == 128 + SIGXFSZ)
		return arena_printf(
			arena,
			"the process that reads it would have written a file of more than "
			"%s",
			text_size(arena, APART_FILE));
	if (status == 128 + SIGABRT && strstr(self->complaint, "out of memory"))
		return arena_printf(arena,
		                    "the process that reads it needed more than %s of memory",
		                    text_size(arena, APART_MEMORY));
	*ret_is_limit = false;
	if (status > 128)
		return arena_printf(arena, "signal %d (%s) ended the process that reads it%s%s",
		                    status - 128, strsignal(status - 128), *words ? ": " : "",
		                    words);
	return arena_printf(arena, "the process that reads it ended with status %d%s%s", status,
	                    *words ? ": " : "", words);
}

static struct error *refuse_answer(struct source_apart *self, const struct question *question,
                                   struct arena *arena, const char *why)
{
	end_child(self);
	return FAIL(
		arena, GIT_APART,
		.what = arena_printf(arena, "cannot %s '%s'", question->aim, self->options.url),
		.why = arena_printf(arena, "the answer of the process that reads it: %s", why),
		.hint = "It is tried again. If it stays so, remove the mirror's folder; the next pass "
			"fetches it anew.");
}

/* libgit2 lives on when memory runs out at the limit, and blames the mirror. */
static struct error *is_out_of_memory(struct arena *arena, struct error *error)
{
	static const char *const words[] = {"ut of memory", "annot allocate memory",
	                                    "failed to mmap"};

	for (size_t i = 0; error && i < sizeof words / sizeof *words; i++)
		if (error->why && strstr(error->why, words[i]))
			return FAIL(
				arena, GIT_LIMIT, .what = error->what,
				.why = arena_printf(arena, "it needs more than %s of memory (%s)",
			                            text_size(arena, APART_MEMORY), error->why),
				.hint = "See what is so large: git rev-list --objects --all --disk-usage. "
					"Take it out, or watch a repository of its own for the "
					"migrations.");
	return error;
}

/* What it handed over early goes with it: it may have lied. */
static void end_child(struct source_apart *self)
{
	(void)process_pipe_close(&self->pipe, 0);
	read_ahead_end(self->ahead);
}

static struct error *head(struct source *source, const char *branch, struct arena *arena,
                          const char **ret_branch, const char **ret_commit)
{
	struct source_apart *self = (struct source_apart *)source;
	const struct question question = {
		.message = {.kind = WIRE_HEAD, .texts = {.items = &branch, .count = 1}},
		.aim = "watch",
		.is_remote = true,
	};
	struct wire_message answer;
	const char *const *texts;

	TRY(ask(self, &question, arena, &answer));
	texts = answer.texts.items;
	if (answer.texts.count != 2 || !texts[0] || !texts[1] || text_has_control(texts[0]) ||
	    !text_is_utf8(texts[0], strlen(texts[0])) ||
	    (branch && !text_equal(branch, texts[0])) || !text_is_hex(texts[1], COMMIT_ID_SIZE))
		return refuse_answer(self, &question, arena, "it names no branch and commit");
	*ret_branch = texts[0];
	*ret_commit = texts[1];
	return NULL;
}

static struct error *fetch(struct source *source, const char *branch, const char *commit,
                           struct arena *arena)
{
	const char *texts[] = {branch, commit};
	struct wire_message answer;

	return ask((struct source_apart *)source,
	           &(struct question){
			   .message = {.kind = WIRE_FETCH, .texts = {.items = texts, .count = 2}},
			   .aim = "fetch from",
			   .is_remote = true,
		   },
	           arena, &answer);
}

static struct error *commit_raw(struct source *source, const char *id, struct arena *arena,
                                struct bytes *ret_raw)
{
	return read_object(source, id, GIT_KIND_COMMIT, COMMIT_MAXIMUM, arena, ret_raw);
}

static struct error *resolve(struct source *source, const char *text, struct arena *arena,
                             const char **ret_commit)
{
	struct source_apart *self = (struct source_apart *)source;
	const struct question question = {
		.message = {.kind = WIRE_RESOLVE, .texts = {.items = &text, .count = 1}},
		.aim = "find a commit in the mirror of",
	};
	struct wire_message answer;
	const char *commit;

	if (strlen(text) > WIRE_TEXT_MAXIMUM)
		return FAIL(arena, UNKNOWN_COMMIT,
		            .what = arena_printf(arena, "cannot find commit '%s'",
		                                 text_clip(arena, text, 60)),
		            .why = "no branch and no id is so long",
		            .hint = "See the ids with: git log --oneline <branch>");
	TRY(ask(self, &question, arena, &answer));
	commit = answer.texts.count == 1 ? answer.texts.items[0] : NULL;
	if (!commit || !text_is_hex(commit, COMMIT_ID_SIZE) || !may_name(text, commit))
		return refuse_answer(self, &question, arena, "it names no such commit");
	*ret_commit = commit;
	return NULL;
}

/* Of a full id: is it the same? What else a person typed may be a branch. */
static bool may_name(const char *text, const char *commit)
{
	return !text_is_hex(text, COMMIT_ID_SIZE) || text_equal(text, commit);
}

static struct error *history(struct source *source, const char *from, const char *to,
                             struct arena *arena, struct history *ret_history, bool *ret_descends)
{
	struct source_apart *self = (struct source_apart *)source;
	struct error *error;

	self->is_walking = true;
	error = git_objects_history(&self->objects, from, to, arena, ret_history, ret_descends);
	self->is_walking = false;
	return error;
}

static struct error *folder(struct source *source, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder)
{
	struct source_apart *self = (struct source_apart *)source;

	TRY(git_objects_folder(&self->objects, commit, path, arena, ret_folder));
	read_ahead_listed(self->ahead, ret_folder);
	return NULL;
}

static struct error *entries(struct source *source, const char *tree, struct arena *arena,
                             struct folder *ret_folder)
{
	struct source_apart *self = (struct source_apart *)source;

	TRY(git_objects_entries(&self->objects, tree, NULL, arena, ret_folder));
	read_ahead_listed(self->ahead, ret_folder);
	return NULL;
}

static struct error *blob(struct source *source, const char *id, size_t maximum,
                          struct arena *arena, struct bytes *ret_bytes)
{
	return read_object(source, id, GIT_KIND_BLOB, maximum, arena, ret_bytes);
}

static struct error *refs(struct source *source, const struct text_list *prefixes,
                          struct arena *arena, struct source_refs *ret_refs)
{
	struct source_apart *self = (struct source_apart *)source;
	const struct question question = {
		.message = {.kind = WIRE_REFS, .texts = *prefixes},
		.aim = "list the refs of",
		.is_remote = true,
	};
	struct source_refs list = {0};
	struct wire_message answer;

	TRY(ask(self, &question, arena, &answer));
	if (answer.texts.count % 2 || answer.texts.count > 2 * SOURCE_REFS_MAXIMUM)
		return refuse_answer(self, &question, arena, "it is no list of refs");
	for (size_t i = 0; i < answer.texts.count; i += 2) {
		const char *name = answer.texts.items[i], *id = answer.texts.items[i + 1];

		if (!name || !id || !git_ref_is_wanted(name, prefixes) ||
		    !text_is_hex(id, COMMIT_ID_SIZE) ||
		    (i && strcmp(answer.texts.items[i - 2], name) >= 0))
			return refuse_answer(self, &question, arena, "it is no list of refs");
		*LIST_ADD(arena, &list) = (struct source_ref){.name = name, .id = id};
	}
	list.is_cut = answer.number != 0;
	*ret_refs = list;
	return NULL;
}

static struct error *bring(struct source *source, const struct source_refs *list,
                           struct arena *arena)
{
	struct question question = {
		.message = {.kind = WIRE_BRING}, .aim = "fetch from", .is_remote = true};
	struct wire_message answer;

	for (size_t i = 0; i < list->count; i++) {
		*LIST_ADD(arena, &question.message.texts) = list->items[i].name;
		*LIST_ADD(arena, &question.message.texts) = list->items[i].id;
	}
	return ask((struct source_apart *)source, &question, arena, &answer);
}

static struct error *tag(struct source *source, const char *id, struct arena *arena,
                         struct bytes *ret_raw)
{
	return read_object(source, id, GIT_KIND_TAG, TAG_MAXIMUM, arena, ret_raw);
}

/* Bytes that are not those of the id are no object, whoever says so. */
static struct error *read_object(void *context, const char *id, enum git_kind kind, size_t maximum,
                                 struct arena *arena, struct bytes *ret_bytes)
{
	struct source_apart *self = context;
	const size_t room = maximum < WIRE_DATA_MAXIMUM ? maximum : WIRE_DATA_MAXIMUM - AHEAD_BYTES;
	const struct question question = {
		.message = {.kind = WIRE_READ,
	                    .number = kind | (self->is_walking ? WIRE_READ_WALKS : 0),
	                    .maximum = room,
	                    .texts = read_ahead_wish(self->ahead, id, kind, arena)},
		.aim = "read from the mirror of",
		.data_maximum = room + AHEAD_BYTES,
	};
	struct bytes bytes;
	char hash[GIT_ID_HEX];

	if (!read_ahead_take(self->ahead, id, kind, room, arena, &bytes))
		TRY(ask_object(self, &question, id, kind, arena, &bytes));
	git_id_hex(git_kind_name(kind), bytes, hash);
	if (!text_equal(hash, id))
		return refuse_answer(self, &question, arena,
		                     arena_printf(arena,
		                                  "it holds other bytes than those of %s '%s'",
		                                  git_kind_name(kind), id));
	*ret_bytes = bytes;
	return NULL;
}

/* What came along is kept for later. */
static struct error *ask_object(struct source_apart *self, const struct question *question,
                                const char *id, enum git_kind kind, struct arena *arena,
                                struct bytes *ret_bytes)
{
	AUTO_ARENA scratch = arena_new();
	struct wire_message answer;

	TRY(error_copy(arena, ask(self, question, scratch, &answer)));
	if (!read_ahead_keep(self->ahead, &answer) ||
	    !read_ahead_take(self->ahead, id, kind, (size_t)question->message.maximum, arena,
	                     ret_bytes))
		return refuse_answer(self, question, arena,
		                     "it does not hold the object that was asked for");
	return NULL;
}

/* It ends when its input does; who does not is killed. */
static void close_apart(struct source *source)
{
	struct source_apart *self = (struct source_apart *)source;
	const uint64_t until_ms = clock_monotonic_ms() + APART_ENDS_MS;

	read_ahead_end(self->ahead);
	if (!self->pipe.pid)
		return;
	fd_cleanup(&self->pipe.input);
	self->pipe.input = -1;
	while (clock_monotonic_ms() < until_ms) {
		const ssize_t size = read(self->pipe.output, self->chunk, CHUNK);

		if (!size)
			break;
		if (size < 0)
			(void)poll(&(struct pollfd){.fd = self->pipe.output, .events = POLLIN}, 1,
			           APART_ENDS_MS);
	}
	end_child(self);
}

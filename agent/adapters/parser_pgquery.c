/*
 * Owns the child process in which foreign SQL is parsed. One fork (and no exec: the text is inherited) serves a batch;
 * the child sends statement after statement through a pipe. When it dies, the file at hand is refused, and a new child
 * goes on behind it. What comes through the pipe is judged like any other foreign input.
 */
#include "adapters/parser_pgquery.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "adapters/parser_pgquery_tree.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define FILE_DEADLINE_MS 30000
#define CPU_MAXIMUM_S 20                            /* for one file */
#define MEMORY_MAXIMUM ((rlim_t)1024 * 1024 * 1024) /* address space, the agent's own included */
#define STACK_MAXIMUM ((rlim_t)64 * 1024 * 1024)
#define TEXT_MAXIMUM 1024 /* bytes of one text in a record */
#define PIPE_IN_CHILD 3

enum wire_tag { WIRE_STATEMENT, WIRE_PARSED, WIRE_REFUSED };
enum wire_text { TEXT_VERB, TEXT_SCHEMA, TEXT_NAME, TEXT_TABLE, TEXT_DETAIL, TEXT_COUNT };

struct wire { /* a record; its texts follow, without NUL */
	enum wire_tag tag;
	enum statement_kind kind;
	bool if_exists;
	int line; /* WIRE_REFUSED: the position in characters */
	uint64_t start, size;
	int32_t lengths[TEXT_COUNT]; /* -1: NULL */
};

struct parser_pgquery {
	struct parser parser;
	uint64_t file_ms;
};

struct child {
	pid_t pid;
	int fd;
	uint64_t deadline_ms; /* monotonic, for the file at hand */
	size_t used, read;    /* of the buffer */
	char buffer[64 * 1024];
};

enum got { GOT_ALL, GOT_END, GOT_LATE, GOT_STOP };

struct sender { /* in the child */
	uint64_t statements;
	size_t used;
	char buffer[64 * 1024];
};

static struct error *parse(struct parser *parser, struct parser_file *files, size_t count,
                           struct arena *arena);
static void close_parser(struct parser *parser);
static FALLIBLE parse_in_child(const struct parser_pgquery *self, struct parser_file *files,
                               size_t count, struct arena *arena, size_t *next);
static FALLIBLE child_start(struct arena *arena, const struct parser_file *files, size_t count,
                            struct child *child);
static const char *child_end(struct arena *arena, struct child *child, enum got got,
                             uint64_t file_ms);
static enum got receive_file(struct child *child, struct parser_file *file, struct arena *arena);
static bool add_statement(struct arena *arena, const struct wire *wire,
                          const char *texts[TEXT_COUNT], struct bytes sql, struct script *script);
static enum got receive_record(struct child *child, struct arena *arena, struct wire *ret_wire,
                               const char *ret_texts[TEXT_COUNT]);
static enum got receive(struct child *child, void *data, size_t size);
static struct error *syntax_error(struct arena *arena, const struct parser_file *file,
                                  const char *message, int position);
static const char *syntax_hint(struct bytes sql, size_t offset);
static bool has_word(struct bytes sql, const char *word);
static size_t byte_offset(struct bytes sql, int position);
static void child_run(const struct parser_file *files, size_t count) __attribute__((noreturn));
static void child_bounds(void);
static void child_cpu(void);
static void child_file(struct sender *sender, const struct parser_file *file);
static void send_statement(void *context, const struct statement *statement);
static void send_record(struct sender *sender, struct wire *wire,
                        const char *const texts[TEXT_COUNT]);
static void send_bytes(struct sender *sender, const void *data, size_t size);
static void send_flush(struct sender *sender);

static const struct parser_ops ops = {"pgquery", parse, close_parser};

FALLIBLE parser_pgquery_open(struct arena *arena, struct parser **ret_parser)
{
	return parser_pgquery_open_with(arena, NULL, ret_parser);
}

FALLIBLE parser_pgquery_open_with(struct arena *arena, const struct parser_pgquery_limits *limits,
                                  struct parser **ret_parser)
{
	struct parser_pgquery *self = ARENA_NEW(arena, struct parser_pgquery);

	self->parser.ops = &ops;
	self->file_ms = limits && limits->file_ms ? limits->file_ms : FILE_DEADLINE_MS;
	*ret_parser = &self->parser;
	return NULL;
}

static void close_parser(struct parser *parser)
{
	(void)parser; /* a child never outlives its batch */
}

static struct error *parse(struct parser *parser, struct parser_file *files, size_t count,
                           struct arena *arena)
{
	const struct parser_pgquery *self = (const struct parser_pgquery *)parser;

	for (size_t next = 0; next < count;)
		TRY(parse_in_child(self, files, count, arena, &next));
	return NULL;
}

/* ---- the agent's side ---- */

/* One child, from files[*next] on; moves *next behind the last file that has an outcome, by one at least. */
static FALLIBLE parse_in_child(const struct parser_pgquery *self, struct parser_file *files,
                               size_t count, struct arena *arena, size_t *next)
{
	struct child *child = ARENA_NEW(arena, struct child);
	enum got got = GOT_ALL;
	const char *why;

	TRY(child_start(arena, files + *next, count - *next, child));
	for (; *next < count; (*next)++) {
		child->deadline_ms = clock_monotonic_ms() + self->file_ms;
		got = receive_file(child, &files[*next], arena);
		if (got != GOT_ALL)
			break;
	}
	why = child_end(arena, child, got, self->file_ms);
	if (got == GOT_ALL)
		return NULL;
	if (got == GOT_STOP)
		return FAIL(arena, STOPPED,
		            .what = arena_printf(arena, "stopped before '%s' was parsed",
		                                 files[*next].name),
		            .hint = "Nothing was changed; the next pass parses it again.");
	files[*next].ret_error = FAIL(
		arena, SQL_REFUSED,
		.what = arena_printf(arena, "'%s' cannot be parsed safely", files[*next].name),
		.why = why,
		.hint = "Split the file, or write its largest statement more simply, in a new commit.");
	(*next)++;
	return NULL;
}

static FALLIBLE child_start(struct arena *arena, const struct parser_file *files, size_t count,
                            struct child *child)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return FAIL(
			arena, PARSER, .what = "cannot start the SQL parser",
			.why = errno_text(arena, errno),
			.hint = "The agent tries again by itself. Is a limit of processes or memory "
				"reached? See: ulimit -a");
	child->pid = fork();
	if (child->pid < 0) {
		int number = errno;

		(void)close(ends[0]);
		(void)close(ends[1]);
		return FAIL(
			arena, PARSER, .what = "cannot start the SQL parser",
			.why = errno_text(arena, number),
			.hint = "The agent tries again by itself. Is a limit of processes or memory "
				"reached? See: ulimit -a");
	}
	if (child->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || dup2(ends[1], STDIN_FILENO) < 0)
			_exit(1);
		child_run(files, count);
	}
	(void)close(ends[1]);
	child->fd = ends[0];
	return NULL;
}

/* The child is gone afterwards. Says in one clause why it did not finish; NULL when it did. */
static const char *child_end(struct arena *arena, struct child *child, enum got got,
                             uint64_t file_ms)
{
	int status;

	(void)close(child->fd);
	if (got !=
	    GOT_END) /* one that closed its pipe is dying by itself, and its signal is the reason */
		(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (got == GOT_ALL)
		return NULL;
	if (got == GOT_LATE)
		return arena_printf(arena, "the parser was not done after %s",
		                    text_duration(arena, file_ms));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return arena_printf(arena, "the parser used %d seconds of processor time",
		                    CPU_MAXIMUM_S);
	if (WIFSIGNALED(status))
		return arena_printf(arena, "the parser died of signal %d (%s)", WTERMSIG(status),
		                    sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status))
		                                                   : "?");
	return "the parser ended too early";
}

static enum got receive_file(struct child *child, struct parser_file *file, struct arena *arena)
{
	struct script *script = ARENA_NEW(arena, struct script);
	const char *texts[TEXT_COUNT];
	struct wire wire;

	for (;;) {
		enum got got = receive_record(child, arena, &wire, texts);

		if (got != GOT_ALL)
			return got;
		switch (wire.tag) {
		case WIRE_STATEMENT:
			if (!add_statement(arena, &wire, texts, file->sql, script))
				return GOT_END;
			break;
		case WIRE_PARSED:
			file->ret_script = script;
			return GOT_ALL;
		case WIRE_REFUSED:
			file->ret_error = syntax_error(arena, file, texts[TEXT_DETAIL], wire.line);
			return GOT_ALL;
		}
	}
}

static bool add_statement(struct arena *arena, const struct wire *wire,
                          const char *texts[TEXT_COUNT], struct bytes sql, struct script *script)
{
	const struct statement *before = script->count ? &script->items[script->count - 1] : NULL;
	size_t earliest = before ? before->start + before->size : 0;

	if (script->count >= PARSER_STATEMENTS_MAXIMUM || !texts[TEXT_VERB] || wire->line < 1 ||
	    wire->start < earliest || wire->start > sql.size || wire->size > sql.size - wire->start)
		return false;
	*LIST_ADD(arena, script) = (struct statement){
		.kind = wire->kind,
		.start = wire->start,
		.size = wire->size,
		.line = wire->line,
		.verb = texts[TEXT_VERB],
		.schema = texts[TEXT_SCHEMA],
		.name = texts[TEXT_NAME],
		.table = texts[TEXT_TABLE],
		.detail = texts[TEXT_DETAIL],
		.if_exists = wire->if_exists,
	};
	return true;
}

/* A record that cannot be right counts as the end: whoever sends such a thing is not trusted with another. */
static enum got receive_record(struct child *child, struct arena *arena, struct wire *ret_wire,
                               const char *ret_texts[TEXT_COUNT])
{
	unsigned char raw[sizeof(struct wire)];
	char text[TEXT_MAXIMUM];
	enum got got = receive(child, raw, sizeof raw);
	uint32_t tag, kind;
	uint8_t flag;

	if (got != GOT_ALL)
		return got;
	memcpy(&tag, raw + offsetof(struct wire, tag), sizeof tag);
	memcpy(&kind, raw + offsetof(struct wire, kind), sizeof kind);
	memcpy(&flag, raw + offsetof(struct wire, if_exists), sizeof flag);
	if (tag > WIRE_REFUSED || kind > STATEMENT_COPY_STDIN || flag > 1)
		return GOT_END;
	memcpy(ret_wire, raw, sizeof raw);
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		int32_t length = ret_wire->lengths[i];

		ret_texts[i] = NULL;
		if (length == -1)
			continue;
		if (length < 0 || length > TEXT_MAXIMUM)
			return GOT_END;
		got = receive(child, text, (size_t)length);
		if (got != GOT_ALL)
			return got;
		ret_texts[i] = text_valid(arena, arena_copy(arena, text, (size_t)length));
	}
	return GOT_ALL;
}

static enum got receive(struct child *child, void *data, size_t size)
{
	char *to = data;

	while (size) {
		size_t piece = child->used - child->read < size ? child->used - child->read : size;
		uint64_t now;

		memcpy(to, child->buffer + child->read, piece);
		child->read += piece;
		to += piece;
		size -= piece;
		if (!size)
			break;
		now = clock_monotonic_ms();
		if (stop_asked())
			return GOT_STOP;
		if (now >= child->deadline_ms)
			return GOT_LATE;
		if (clock_poll(&(struct pollfd){.fd = child->fd, .events = POLLIN}, 1,
		               (int64_t)(child->deadline_ms - now)) > 0) {
			ssize_t got = read(child->fd, child->buffer, sizeof child->buffer);

			if (got == 0 || (got < 0 && errno != EINTR))
				return GOT_END;
			child->used = got > 0 ? (size_t)got : 0;
			child->read = 0;
		}
	}
	return GOT_ALL;
}

static struct error *syntax_error(struct arena *arena, const struct parser_file *file,
                                  const char *message, int position)
{
	size_t offset = byte_offset(file->sql, position);
	const char *clipped = text_clip(arena, message ? message : "no reason was given", 200);

	return FAIL(arena, SQL_REFUSED, .what = arena_printf(arena, "cannot read '%s'", file->name),
	            .why = position ? arena_printf(arena, "line %d: %s",
	                                           script_line(file->sql, offset), clipped)
	                            : clipped,
	            .hint = syntax_hint(file->sql, offset));
}

static const char *syntax_hint(struct bytes sql, size_t offset)
{
	size_t line = offset < sql.size ? offset : sql.size;

	if (sql.size >= 3 && !memcmp(sql.data, "\xEF\xBB\xBF", 3))
		return "The file begins with a byte order mark, which PostgreSQL does not accept: save it as UTF-8 "
		       "without one, in a new commit.";
	while (line > 0 && sql.data[line - 1] != '\n')
		line--;
	while (line < sql.size && (sql.data[line] == ' ' || sql.data[line] == '\t'))
		line++;
	if (line < sql.size && sql.data[line] == '\\')
		return "Commands that begin with a backslash are psql's own, and the server does not know them: write "
		       "the SQL itself, in a new commit.";
	if (sql.size - line >= 7 &&
	    (!memcmp(sql.data + line, "<<<<<<<", 7) || !memcmp(sql.data + line, "=======", 7) ||
	     !memcmp(sql.data + line, ">>>>>>>", 7)))
		return "The file holds the markers of an unresolved merge: resolve it, in a new commit.";
	if (has_word((struct bytes){sql.data, line}, "from stdin"))
		return "The rows of COPY … FROM STDIN cannot stand in a migration: write them as INSERT statements, in a "
		       "new commit.";
	return "Correct the file in a new commit. It is read with the grammar of " TREE_GRAMMAR
	       ": syntax that came "
	       "later must be written in the older way.";
}

static bool has_word(struct bytes sql, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= sql.size; i++) {
		if (!strncasecmp(sql.data + i, word, length))
			return true;
	}
	return false;
}

/* `position` counts code points from 1, as the parser does. */
static size_t byte_offset(struct bytes sql, int position)
{
	size_t offset = 0;

	for (int seen = 1; seen < position && offset < sql.size; seen++) {
		offset++;
		while (offset < sql.size && ((unsigned char)sql.data[offset] & 0xC0) == 0x80)
			offset++;
	}
	return offset;
}

/* ---- the child's side: the pipe is its standard input until child_bounds has moved it ---- */

static void child_run(const struct parser_file *files, size_t count)
{
	struct sender *sender;

	child_bounds();
	sender = calloc(1, sizeof *sender);
	if (!sender)
		_exit(1);
	for (size_t i = 0; i < count; i++) {
		child_cpu();
		FAULT_POINT(parser_file);
		child_file(sender, &files[i]);
		send_flush(sender);
	}
	_exit(0); /* and nothing of what the agent registered for its own end */
}

/* No file, no program, no memory beyond the maximum; signals for the agent's group do not end it early. */
static void child_bounds(void)
{
	static const struct {
		int resource;
		rlim_t limit;
		bool also_sanitized;
	} limits[] = {
		{RLIMIT_CORE, 0, true},
		{RLIMIT_FSIZE, 0, true},
		{RLIMIT_NOFILE, 0, false},
		{RLIMIT_STACK, STACK_MAXIMUM, true},
		{RLIMIT_AS, MEMORY_MAXIMUM,
	         false}, /* the sanitizer's shadow is larger than any limit */
	};
	sigset_t none;

	if (dup2(STDIN_FILENO, PIPE_IN_CHILD) < 0 || close_range(PIPE_IN_CHILD + 1, ~0U, 0))
		_exit(1);
	(void)close_range(STDIN_FILENO, SANITIZED ? STDOUT_FILENO : STDERR_FILENO,
	                  0); /* a sanitizer may complain */
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct rlimit limit;

		if ((SANITIZED && !limits[i].also_sanitized) ||
		    getrlimit((unsigned)limits[i].resource, &limit))
			continue;
		if (limit.rlim_max == RLIM_INFINITY || limits[i].limit < limit.rlim_max)
			limit.rlim_max = limits[i].limit;
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit((unsigned)limits[i].resource,
		                &limit); /* lowering cannot be refused */
	}
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXCPU, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The next file may use CPU_MAXIMUM_S from here on. */
static void child_cpu(void)
{
	struct rusage usage;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &usage) || getrlimit(RLIMIT_CPU, &limit))
		return;
	limit.rlim_cur =
		(rlim_t)usage.ru_utime.tv_sec + (rlim_t)usage.ru_stime.tv_sec + 1 + CPU_MAXIMUM_S;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_CPU, &limit);
}

static void child_file(struct sender *sender, const struct parser_file *file)
{
	AUTO_ARENA arena = arena_new();
	struct bytes sql =
		arena_bytes(arena, file->sql.data, file->sql.size); /* with a NUL behind it */
	const char *texts[TEXT_COUNT] = {0};
	struct wire wire = {.tag = WIRE_PARSED};
	struct tree_refusal refusal;

	sender->statements = 0;
	if (memchr(sql.data, 0, sql.size)) {
		wire.tag = WIRE_REFUSED;
		texts[TEXT_DETAIL] = "the file holds a NUL byte";
	} else if (!tree_parse(arena, sql, send_statement, sender, &refusal)) {
		wire.tag = WIRE_REFUSED;
		wire.line = refusal.position;
		texts[TEXT_DETAIL] = refusal.message;
	} else if (sender->statements > PARSER_STATEMENTS_MAXIMUM) {
		wire.tag = WIRE_REFUSED;
		texts[TEXT_DETAIL] = arena_printf(arena, "the file holds more than %d statements",
		                                  PARSER_STATEMENTS_MAXIMUM);
	}
	send_record(sender, &wire, texts);
}

static void send_statement(void *context, const struct statement *statement)
{
	struct sender *sender = context;
	struct wire wire = {
		.tag = WIRE_STATEMENT,
		.kind = statement->kind,
		.if_exists = statement->if_exists,
		.line = statement->line,
		.start = statement->start,
		.size = statement->size,
	};
	const char *const texts[TEXT_COUNT] = {
		[TEXT_VERB] = statement->verb,     [TEXT_SCHEMA] = statement->schema,
		[TEXT_NAME] = statement->name,     [TEXT_TABLE] = statement->table,
		[TEXT_DETAIL] = statement->detail,
	};

	if (++sender->statements <= PARSER_STATEMENTS_MAXIMUM)
		send_record(sender, &wire, texts);
}

static void send_record(struct sender *sender, struct wire *wire,
                        const char *const texts[TEXT_COUNT])
{
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		size_t length = texts[i] ? strlen(texts[i]) : 0;

		wire->lengths[i] =
			texts[i] ? (int32_t)(length < TEXT_MAXIMUM ? length : TEXT_MAXIMUM) : -1;
	}
	send_bytes(sender, wire, sizeof *wire);
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		if (wire->lengths[i] > 0)
			send_bytes(sender, texts[i], (size_t)wire->lengths[i]);
	}
}

static void send_bytes(struct sender *sender, const void *data, size_t size)
{
	if (size > sizeof sender->buffer - sender->used)
		send_flush(sender);
	memcpy(sender->buffer + sender->used, data,
	       size); /* a record is far smaller than the buffer */
	sender->used += size;
}

static void send_flush(struct sender *sender)
{
	for (size_t done = 0; done < sender->used;) {
		ssize_t written = write(PIPE_IN_CHILD, sender->buffer + done, sender->used - done);

		if (written < 0 && errno != EINTR)
			_exit(1);
		done += written > 0 ? (size_t)written : 0;
	}
	sender->used = 0;
}

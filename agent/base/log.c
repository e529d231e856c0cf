/*
 * Owns the lines on standard error. One line is one write(2), so lines of two processes never mix; whatever a value
 * holds, it cannot begin a new line.
 */
#include "base/log.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/node.h"
#include "base/text.h"

#define VALUE_MAXIMUM 3000 /* bytes of one value; what is behind is cut */

static enum log_level least = LOG_LEVEL_INFO;
static bool as_json;

static const struct {
	const char *name;
	int priority; /* syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

static const char *const events[] = {
#define LOG_EVENT(name, text) [EVENT_##name] = (text),
#include "base/log_events.def"
#undef LOG_EVENT
};

static struct node *line_node(struct arena *arena, enum log_level level, enum log_event event,
                              const struct log_line *line);
static void put_text(struct arena *arena, struct node *node, const char *key, const char *text);
static void put_number(struct arena *arena, struct node *node, const char *key, int64_t number);
static const char *print_text(struct arena *arena, const struct node *node);
static void add_value(struct text *text, const char *value);
static bool under_systemd(void);

void log_configure(enum log_level level, bool json)
{
	least = level;
	as_json = json;
}

bool log_is_on(enum log_level level)
{
	return level <= least;
}

void log_line(enum log_level level, enum log_event event, const struct log_line *line)
{
	AUTO_ARENA arena = arena_new();
	struct text text = TEXT_IN(arena);
	struct node *node;

	if (level > least)
		return;
	node = line_node(arena, level, event, line);
	if (under_systemd())
		text_printf(&text, "<%d>", levels[level].priority);
	else if (isatty(STDERR_FILENO))
		text_add(&text, "\r\033[K"); /* a line of progress may stand there */
	text_add(&text, as_json ? node_to_json(arena, node) : print_text(arena, node));
	text_add(&text, "\n");
	(void)!write(STDERR_FILENO, text.data, text.size); /* there is nowhere to complain */
}

const char *log_event_name(enum log_event event)
{
	return events[event];
}

bool log_level_parse(const char *text, enum log_level *ret_level)
{
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		if (text_equal(text, levels[i].name)) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static struct node *line_node(struct arena *arena, enum log_level level, enum log_event event,
                              const struct log_line *line)
{
	struct node *node = node_map(arena);

	put_text(arena, node, "ts", clock_iso(arena, clock_wall_us()));
	put_text(arena, node, "level", levels[level].name);
	put_text(arena, node, "event", events[event]);
	put_text(arena, node, "target", line->target);
	put_number(arena, node, "run", line->run);
	put_text(arena, node, "commit", line->commit);
	put_text(arena, node, "stage", line->stage);
	put_number(arena, node, "attempt", line->attempt);
	put_number(arena, node, "took_ms", line->took_ms);
	put_text(arena, node, "outcome", line->outcome);
	put_text(arena, node, "code", line->code);
	put_text(arena, node, "msg", line->msg);
	return node;
}

static void put_text(struct arena *arena, struct node *node, const char *key, const char *text)
{
	size_t size = VALUE_MAXIMUM;

	if (!text)
		return;
	if (strlen(text) > size) {
		while (((unsigned char)text[size] & 0xc0) == 0x80 && size > VALUE_MAXIMUM - 4)
			size--;
		text = arena_printf(arena, "%.*s…", (int)size, text);
	}
	(void)node_set_text(arena, node, key, text_valid(arena, text));
}

static void put_number(struct arena *arena, struct node *node, const char *key, int64_t number)
{
	if (number > 0)
		(void)node_set_number(arena, node, key, number);
}

/* The time and the level stand bare, the rest as key=value. */
static const char *print_text(struct arena *arena, const struct node *node)
{
	struct text text = TEXT_IN(arena);

	for (const struct node *child = node->child; child; child = child->next) {
		bool bare = text_equal(child->key, "ts") || text_equal(child->key, "level");

		if (text.size)
			text_add(&text, " ");
		if (!bare)
			text_printf(&text, "%s=", child->key);
		if (child->kind == NODE_NUMBER)
			text_printf(&text, "%" PRId64, child->number);
		else
			add_value(&text, child->text);
	}
	return text_get(&text);
}

/* Quoted when it holds anything that could be taken for the end of the value; C0, DEL and C1 are never let through. */
static void add_value(struct text *text, const char *value)
{
	static const char *const named[] = {
		['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\"};
	const unsigned char *at = (const unsigned char *)value;
	bool plain = value[0] && !text_has_control(value) && !strpbrk(value, " \"\\=") &&
	             !strstr(value, "\xC2");

	if (plain) {
		text_add(text, value);
		return;
	}
	text_add(text, "\"");
	for (; *at; at++) {
		if (*at < sizeof named / sizeof named[0] && named[*at]) {
			text_add(text, named[*at]);
		} else if (*at < 0x20 || *at == 0x7f) {
			text_printf(text, "\\x%02x", *at);
		} else if (*at == 0xc2 && at[1] < 0xa0) {
			text_printf(text, "\\x%02x", at[1]);
			at++;
		} else {
			text_add_bytes(text, at, 1);
		}
	}
	text_add(text, "\"");
}

/* systemd.exec(5), JOURNAL_STREAM: the variable is inherited, so it counts only if it names our standard error. */
static bool under_systemd(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat stat;
	char ours[64];

	if (!stream || fstat(STDERR_FILENO, &stat))
		return false;
	(void)snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)stat.st_dev,
	               (uintmax_t)stat.st_ino);
	return text_equal(stream, ours);
}

/*
 * The checklist as GitHub-flavoured Markdown. What a reader would get wrong: only what a person sees as a box counts.
 * Text in code, quotes, comments and raw HTML may look like a tick and is none.
 */
#include "model/checklist.h"

#include <ctype.h>
#include <strings.h>

#include "base/text.h"

struct item_row {
	const char *name;
	const char *sentence; /* its long form */
	const char *line;     /* what a person adds */
};

/* clang-format off */
static const struct item_row item_rows[ITEM_COUNT] = {
	[ITEM_TESTED] =
	{ "tested", "All migrations tested in development", "- [x] tested" },
	[ITEM_BACKWARD_COMPATIBLE] =
	{ "backward-compatible", "Migration is backward compatible", "- [x] backward-compatible" },
	[ITEM_BACKUP] =
	{ "backup", "Database backup created", "- [x] backup" },
	[ITEM_ROLLBACK_PLAN] =
	{ "rollback-plan", "Migration rollback plan documented",
	  "- [x] rollback-plan: how to go back, and how long it takes" },
	[ITEM_TEAM_NOTIFIED] =
	{ "team-notified", "Team notified of deployment", "- [x] team-notified" },
};

const char *const checklist_item_names[ITEM_COUNT + 1] = {
	"tested", "backward-compatible", "backup", "rollback-plan", "team-notified", NULL
};

/* Raw HTML of CommonMark 0.30, section 4.6, kinds 1 to 3 and 5: never Markdown, up to the closing words. */
static const struct { const char *begin, *end; } raw_blocks[] = {
	{ "<!--", "-->" }, { "<script", "</script>" }, { "<style", "</style>" }, { "<pre", "</pre>" },
	{ "<textarea", "</textarea>" }, { "<?", "?>" }, { "<![CDATA[", "]]>" },
};
/* clang-format on */

struct page {
	struct arena *arena;
	const char *where;
	unsigned line;
	const char *raw_end; /* inside raw HTML: what ends it */
	char fence;          /* inside a code fence: its character */
	size_t fence_size;
	bool in_list;          /* an indented line belongs to a list, else it is code */
	unsigned ticked, open; /* items of this text */
	const char *reasons[ITEM_COUNT];
};

struct task {
	bool ticked;
	const char *id;   /* from <!-- id:… -->, or NULL */
	const char *text; /* behind the box, without comments and emphasis */
};

static bool is_code(struct page *page, const char *line);
static bool opens_fence(struct page *page, const char *text);
static bool closes_fence(const struct page *page, const char *text);
static const char *skip_marker(const char *text);
static bool is_raw(struct page *page, const char *line);
static bool opens_raw(struct page *page, const char *text);
static const char *without_comments(struct page *page, const char *line, const char **ret_id);
static const char *comment_id(struct arena *arena, const char *comment, const char *end);
static bool parse_task(struct page *page, const char *line, struct task *ret_task);
static FALLIBLE take_task(struct page *page, const struct task *task, bool strict);
static int find_item(const struct task *task, const char **ret_rest);
static int find_name(const char *word, size_t size);
static const char *tidy_reason(struct arena *arena, const char *rest);
static struct error *odd(const struct page *page, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static const char *first_word(struct arena *arena, const char *text);

FALLIBLE checklist_read(struct arena *arena, struct bytes text, const char *where, bool strict,
                        struct checklist *checklist)
{
	struct page page = {.arena = arena, .where = where};
	const char *at = text.data, *end = text.data + text.size;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);
		struct task task = {0};
		const char *line;

		page.line++;
		if (memchr(at, '\0', size))
			return odd(&page, "Write plain text.", "it holds a NUL byte");
		if (size && at[size - 1] == '\r')
			size--;
		line = arena_copy(arena, at, size);
		at = newline ? newline + 1 : end;
		if (is_code(&page, line) || is_raw(&page, line))
			continue;
		if (parse_task(&page, without_comments(&page, line, &task.id), &task))
			TRY(take_task(&page, &task, strict));
	}
	checklist->ticked |= page.ticked;
	checklist->present |= page.ticked | page.open;
	for (int i = 0; i < ITEM_COUNT; i++)
		if (page.reasons[i])
			checklist->reasons[i] = page.reasons[i];
	return NULL;
}

static bool is_code(struct page *page, const char *line)
{
	const char *text = line + strspn(line, " \t");

	if (page->raw_end)
		return false; /* a fence inside a comment is part of the comment */
	if (page->fence) {
		if (closes_fence(page, text))
			page->fence = '\0';
		return true;
	}
	return opens_fence(page, text) || opens_fence(page, skip_marker(text));
}

static bool opens_fence(struct page *page, const char *text)
{
	size_t size = strspn(text, "`");

	if (size < 3 || strchr(text + size, '`'))
		size = strspn(text, "~");
	if (size < 3)
		return false;
	page->fence = text[0];
	page->fence_size = size;
	return true;
}

static bool closes_fence(const struct page *page, const char *text)
{
	const char characters[] = {page->fence, '\0'};
	size_t size = strspn(text, characters);

	return size >= page->fence_size && !text[size + strspn(text + size, " \t")];
}

/* Behind a list's marker ("-", "*", "+", "1.", "2)") and its space; the text itself when there is none. */
static const char *skip_marker(const char *text)
{
	const char *at = text + strspn(text, "0123456789");

	if (at == text ? !(*at == '-' || *at == '*' || *at == '+')
	               : !((*at == '.' || *at == ')') && at - text <= 9))
		return text;
	at++;
	return *at == ' ' || *at == '\t' ? at + strspn(at, " \t") : text;
}

/* A block begins where a line's or a list item's text begins, and ends with the line that holds its closing words. */
static bool is_raw(struct page *page, const char *line)
{
	const char *text = line + strspn(line, " \t");

	if (page->raw_end) {
		if (strcasestr(line, page->raw_end))
			page->raw_end = NULL;
		return true;
	}
	return opens_raw(page, text) || opens_raw(page, skip_marker(text));
}

static bool opens_raw(struct page *page, const char *text)
{
	for (size_t i = 0; i < sizeof raw_blocks / sizeof *raw_blocks; i++) {
		size_t size = strlen(raw_blocks[i].begin);

		if (strncasecmp(text, raw_blocks[i].begin, size) != 0)
			continue;
		if (!strcasestr(text + size, raw_blocks[i].end))
			page->raw_end = raw_blocks[i].end;
		return true;
	}
	return false;
}

/* A comment inside a line may name the item. One that is not closed there is no comment and hides no later item. */
static const char *without_comments(struct page *page, const char *line, const char **ret_id)
{
	struct text shown = TEXT_IN(page->arena);
	const char *begin, *end;

	while ((begin = strstr(line, "<!--")) && (end = strstr(begin + 4, "-->"))) {
		text_add_bytes(&shown, line, (size_t)(begin - line));
		if (!*ret_id)
			*ret_id = comment_id(page->arena, begin + 4, end);
		line = end + 3;
	}
	text_add(&shown, line);
	return text_get(&shown);
}

static const char *comment_id(struct arena *arena, const char *comment, const char *end)
{
	const char *text = text_trim(arena, arena_copy(arena, comment, (size_t)(end - comment)));

	return strncasecmp(text, "id:", 3) == 0 ? text_trim(arena, text + 3) : NULL;
}

/* "  - [x] text", "1. [ ] text" */
static bool parse_task(struct page *page, const char *line, struct task *ret_task)
{
	const char *text = line + strspn(line, " \t"), *box = skip_marker(text);
	bool is_indented = text - line >= 4 || memchr(line, '\t', (size_t)(text - line));
	struct text plain = TEXT_IN(page->arena);

	if (!*text)
		return false;
	if (is_indented && !page->in_list)
		return false;
	if (!is_indented)
		page->in_list = box != text || (page->in_list && text > line);
	if (box == text || box[0] != '[' || !strchr(" xX", box[1]) || !box[1] || box[2] != ']' ||
	    (box[3] != ' ' && box[3] != '\t'))
		return false;
	ret_task->ticked = box[1] != ' ';
	for (const char *c = box + 4; *c; c++)
		if (*c != '*' && *c != '`')
			text_add_bytes(&plain, c, 1);
	ret_task->text = text_trim(page->arena, text_get(&plain));
	return true;
}

static FALLIBLE take_task(struct page *page, const struct task *task, bool strict)
{
	const char *rest = "";
	int item = find_item(task, &rest);
	unsigned bit;

	if (item < 0) {
		const char *word = task->id ? task->id : first_word(page->arena, task->text);
		const char *near = text_nearest(word, checklist_item_names, ITEM_COUNT);

		if (!strict && !task->id)
			return NULL; /* a list of something else */
		return odd(
			page,
			arena_printf(
				page->arena,
				"%s%s%sItems are tested, backward-compatible, backup, rollback-plan and "
				"team-notified; other lists stand without boxes.",
				near ? "Did you mean '" : "", near ? near : "", near ? "'? " : ""),
			"'%s' is no item of the checklist", text_clip(page->arena, word, 40));
	}
	bit = 1u << item;
	if ((task->ticked ? page->open : page->ticked) & bit)
		return odd(page, "Keep one of the two lines.",
		           "the item '%s' stands twice, with and without a tick",
		           checklist_item_names[item]);
	rest = tidy_reason(page->arena, rest);
	if (task->ticked && item == ITEM_ROLLBACK_PLAN && !*rest)
		return odd(page,
		           arena_printf(page->arena, "Say how, in the same line: %s",
		                        item_rows[ITEM_ROLLBACK_PLAN].line),
		           "the item 'rollback-plan' is ticked without saying how to go back");
	if (task->ticked)
		page->ticked |= bit;
	else
		page->open |= bit;
	if (*rest)
		page->reasons[item] = rest;
	return NULL;
}

/* By its comment, else by the document's sentence, else by its first word. *ret_rest: what follows the name. */
static int find_item(const struct task *task, const char **ret_rest)
{
	size_t size;
	int item;

	for (item = 0; item < ITEM_COUNT; item++) {
		size = strlen(item_rows[item].sentence);
		if (strncasecmp(task->text, item_rows[item].sentence, size) == 0 &&
		    !isalnum((unsigned char)task->text[size])) {
			*ret_rest = task->text + size;
			return task->id && find_name(task->id, strlen(task->id)) != item ? -1
			                                                                 : item;
		}
	}
	size = strcspn(task->text, " \t:,;.(");
	item = find_name(task->text, size);
	if (item >= 0)
		*ret_rest = task->text + size;
	if (!task->id)
		return item;
	if (item < 0) {
		const char *colon = strchr(task->text, ':');

		*ret_rest = colon ? colon : "";
	}
	return find_name(task->id, strlen(task->id));
}

static int find_name(const char *word, size_t size)
{
	for (int i = 0; i < ITEM_COUNT; i++)
		if (strlen(item_rows[i].name) == size &&
		    strncasecmp(item_rows[i].name, word, size) == 0)
			return i;
	return -1;
}

/* ": restore takes 4 min." -> "restore takes 4 min." */
static const char *tidy_reason(struct arena *arena, const char *rest)
{
	static const char dash[] = "\xE2\x80\x94", half_dash[] = "\xE2\x80\x93";

	for (;;) {
		size_t size = strspn(rest, " \t:;,.-");

		if (text_starts(rest + size, dash) || text_starts(rest + size, half_dash))
			size += strlen(dash);
		if (!size)
			break;
		rest += size;
	}
	return text_trim(arena, rest);
}

static const char *first_word(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strcspn(text, " \t:,;"));
}

static struct error *odd(const struct page *page, const char *hint, const char *format, ...)
{
	const char *why;
	va_list args;

	va_start(args, format);
	why = arena_vprintf(page->arena, format, args);
	va_end(args);
	return FAIL(page->arena, CHECKLIST_ODD,
	            .what = arena_printf(page->arena, "cannot use line %u of %s", page->line,
	                                 page->where),
	            .why = why, .hint = hint);
}

const char *checklist_line_to_add(enum checklist_item item)
{
	return item_rows[item].line;
}

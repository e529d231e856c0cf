/*
 * As git_lsrefs.h says. What a reader would get wrong: over HTTP a server of version 2 may or may not begin with the line
 * "# service=git-upload-pack" of the older versions, so both are read.
 */
#include "adapters/git_lsrefs.h"

#include <string.h>

#include "base/text.h"
#include "model/commit.h"

#define PACKET_HEADER 4      /* bytes, themselves counted */
#define PACKET_MAXIMUM 65520 /* protocol-common(5) */
#define SYMREF "symref-target:"
#define WORDS_MAXIMUM 200 /* code points of what a server says */

static bool read_length(const char *digits, size_t *ret_length);
static bool line_starts(struct bytes line, const char *prefix);
static enum lsrefs_answer read_error(struct arena *arena, struct bytes line,
                                     const char **ret_words);
static enum lsrefs_answer read_capabilities(struct arena *arena, struct bytes rest,
                                            struct lsrefs_server *ret_server,
                                            const char **ret_words);
static void add_packet(struct text *text, const char *line);
static enum lsrefs_answer read_ref(struct arena *arena, struct bytes line,
                                   const struct text_list *prefixes, struct git_refs *refs,
                                   const char **ret_words);
static const char *cut_word(char *text);

bool git_ref_is_wanted(const char *name, const struct text_list *prefixes)
{
	for (size_t i = 0; i < prefixes->count; i++)
		if (text_starts(name, prefixes->items[i]))
			return strlen(name) <= GIT_REF_NAME_MAXIMUM && !text_ends(name, "^{}") &&
			       !text_has_control(name) && text_is_utf8(name, strlen(name));
	return false;
}

void git_refs_settle(struct source_refs *refs)
{
	size_t kept = 0;

	if (refs->count)
		qsort(refs->items, refs->count, sizeof *refs->items, git_refs_order);
	for (size_t i = 0; i < refs->count; i++)
		if (!kept || !text_equal(refs->items[kept - 1].name, refs->items[i].name))
			refs->items[kept++] = refs->items[i];
	refs->is_cut |= kept > SOURCE_REFS_MAXIMUM;
	refs->count = kept > SOURCE_REFS_MAXIMUM ? SOURCE_REFS_MAXIMUM : kept;
}

int git_refs_order(const void *a, const void *b)
{
	const struct source_ref *left = a, *right = b;

	return strcmp(left->name, right->name);
}

enum packet lsrefs_packet(struct bytes *bytes, struct bytes *ret_line)
{
	static const enum packet special[PACKET_HEADER] = {PACKET_FLUSH, PACKET_DELIMITER,
	                                                   PACKET_RESPONSE_END, PACKET_BROKEN};
	struct bytes line = {0};
	size_t length;

	if (!bytes->size)
		return PACKET_NONE;
	if (bytes->size < PACKET_HEADER)
		return PACKET_CUT;
	if (!read_length(bytes->data, &length) || length > PACKET_MAXIMUM)
		return PACKET_BROKEN;
	if (length >= PACKET_HEADER && length > bytes->size)
		return PACKET_CUT;
	if (length >= PACKET_HEADER) {
		line = (struct bytes){bytes->data + PACKET_HEADER, length - PACKET_HEADER};
		if (line.size && line.data[line.size - 1] == '\n')
			line.size--;
	}
	*ret_line = line;
	bytes->data += length < PACKET_HEADER ? PACKET_HEADER : length;
	bytes->size -= length < PACKET_HEADER ? PACKET_HEADER : length;
	return length < PACKET_HEADER ? special[length] : PACKET_DATA;
}

static bool read_length(const char *digits, size_t *ret_length)
{
	static const char hex[] = "0123456789abcdef";
	size_t length = 0;

	for (size_t i = 0; i < PACKET_HEADER; i++) {
		const char digit =
			digits[i] >= 'A' && digits[i] <= 'F' ? (char)(digits[i] | 0x20) : digits[i];
		const char *found = digit ? strchr(hex, digit) : NULL;

		if (!found)
			return false;
		length = length * 16 + (size_t)(found - hex);
	}
	*ret_length = length;
	return true;
}

enum lsrefs_answer lsrefs_read_server(struct arena *arena, struct bytes answer,
                                      struct lsrefs_server *ret_server, const char **ret_words)
{
	struct bytes line;
	enum packet packet = lsrefs_packet(&answer, &line);

	if (packet == PACKET_DATA && line_starts(line, "# service=")) {
		if (lsrefs_packet(&answer, &line) != PACKET_FLUSH) {
			*ret_words = "git's protocol is not what it answers";
			return LSREFS_BROKEN;
		}
		packet = lsrefs_packet(&answer, &line);
	}
	if (packet == PACKET_FLUSH)
		return LSREFS_OLDER; /* without a ref, as some servers show an empty repository */
	if (packet != PACKET_DATA) {
		*ret_words = packet == PACKET_BROKEN ? "git's protocol is not what it answers"
		                                     : "its answer ends too early";
		return LSREFS_BROKEN;
	}
	if (line_starts(line, "ERR "))
		return read_error(arena, line, ret_words);
	if (line.size != strlen("version 2") || !line_starts(line, "version 2"))
		return LSREFS_OLDER;
	return read_capabilities(arena, answer, ret_server, ret_words);
}

static bool line_starts(struct bytes line, const char *prefix)
{
	size_t size = strlen(prefix);

	return line.size >= size && memcmp(line.data, prefix, size) == 0;
}

static enum lsrefs_answer read_error(struct arena *arena, struct bytes line, const char **ret_words)
{
	*ret_words =
		text_clip(arena, arena_copy(arena, line.data + 4, line.size - 4), WORDS_MAXIMUM);
	return LSREFS_SAYS;
}

static enum lsrefs_answer read_capabilities(struct arena *arena, struct bytes rest,
                                            struct lsrefs_server *ret_server,
                                            const char **ret_words)
{
	struct lsrefs_server server = {0};
	bool lists_refs = false;
	enum packet packet;
	struct bytes line;

	while ((packet = lsrefs_packet(&rest, &line)) == PACKET_DATA) {
		const char *text = arena_copy(arena, line.data, line.size);

		lists_refs |= text_equal(text, "ls-refs") || text_starts(text, "ls-refs=");
		if (!text_starts(text, "object-format="))
			continue;
		server.has_object_format = true;
		if (!text_equal(text, "object-format=sha1")) {
			*ret_words = arena_printf(arena, "its %s", text_clip(arena, text, 40));
			return LSREFS_FORMAT;
		}
	}
	if (packet != PACKET_FLUSH) {
		*ret_words = "its answer ends too early";
		return LSREFS_BROKEN;
	}
	*ret_server = server;
	return lists_refs ? LSREFS_GOOD : LSREFS_OLDER;
}

bool lsrefs_may_ask(const struct text_list *prefixes)
{
	for (size_t i = 0; i < prefixes->count; i++)
		if (strlen(prefixes->items[i]) > GIT_REF_NAME_MAXIMUM ||
		    text_has_control(prefixes->items[i]))
			return false;
	return prefixes->count <= LSREFS_PREFIXES_MAXIMUM;
}

struct bytes lsrefs_write(struct arena *arena, const struct lsrefs_server *server,
                          const struct text_list *prefixes)
{
	struct text text = TEXT_IN(arena);

	add_packet(&text, "command=ls-refs\n");
	if (server->has_object_format)
		add_packet(&text, "object-format=sha1\n");
	text_add(&text, "0001");
	add_packet(&text, "symrefs\n");
	for (size_t i = 0; i < prefixes->count; i++)
		add_packet(&text, arena_printf(arena, "ref-prefix %s\n", prefixes->items[i]));
	text_add(&text, "0000");
	return text_bytes(&text);
}

static void add_packet(struct text *text, const char *line)
{
	text_printf(text, "%04zx%s", strlen(line) + PACKET_HEADER, line);
}

enum lsrefs_answer lsrefs_read(struct arena *arena, struct bytes answer, bool is_cut,
                               const struct text_list *prefixes, struct git_refs *ret_refs,
                               const char **ret_words)
{
	struct git_refs refs = {.is_cut = is_cut};
	enum lsrefs_answer verdict = LSREFS_GOOD;
	enum packet packet;
	struct bytes line;

	while ((packet = lsrefs_packet(&answer, &line)) == PACKET_DATA && verdict == LSREFS_GOOD)
		verdict = read_ref(arena, line, prefixes, &refs, ret_words);
	if (verdict != LSREFS_GOOD)
		return verdict;
	if (packet != PACKET_FLUSH &&
	    !(is_cut && (packet == PACKET_CUT || packet == PACKET_NONE))) {
		*ret_words = packet == PACKET_CUT || packet == PACKET_NONE
		                     ? "its answer ends too early"
		                     : "git's protocol is not what it answers";
		return LSREFS_BROKEN;
	}
	*ret_refs = refs;
	return LSREFS_GOOD;
}

/* "<id> <name>", then attributes, each behind a space. A HEAD that names no commit has "unborn" for its id. */
static enum lsrefs_answer read_ref(struct arena *arena, struct bytes line,
                                   const struct text_list *prefixes, struct git_refs *refs,
                                   const char **ret_words)
{
	static const char *every = "refs/heads/";
	const struct text_list branches = {.items = &every, .count = 1};
	const char *name, *attributes, *target;
	char *text;
	size_t digits;

	if (line_starts(line, "ERR "))
		return read_error(arena, line, ret_words);
	if (line_starts(line, "unborn "))
		return LSREFS_GOOD;
	if (line.size && memchr(line.data, '\0', line.size))
		return LSREFS_GOOD; /* a name that no git makes */
	text = arena_copy(arena, line.data, line.size);
	digits = strspn(text, "0123456789abcdef");
	if (digits != COMMIT_ID_SIZE || text[digits] != ' ') {
		*ret_words = digits > COMMIT_ID_SIZE ? "its ids are longer than those of SHA-1"
		                                     : "git's protocol is not what it answers";
		return digits > COMMIT_ID_SIZE ? LSREFS_FORMAT : LSREFS_BROKEN;
	}
	text[digits] = '\0';
	name = text + digits + 1;
	attributes = cut_word(text + digits + 1);
	if (text_equal(name, "HEAD")) {
		target = strstr(attributes, SYMREF);
		if (!target)
			return LSREFS_GOOD;
		target += strlen(SYMREF);
		/* The same commit under the branch's name, which was not asked for. */
		name = arena_copy(arena, target, strcspn(target, " "));
		refs->head = name;
		if (!git_ref_is_wanted(name, &branches))
			return LSREFS_GOOD;
	} else if (!git_ref_is_wanted(name, prefixes)) {
		return LSREFS_GOOD;
	}
	*LIST_ADD(arena, refs) = (struct source_ref){name, text};
	return LSREFS_GOOD;
}

/* Ends the text at its first space, and returns what stood behind it. */
static const char *cut_word(char *text)
{
	size_t size = strcspn(text, " ");

	if (!text[size])
		return text + size;
	text[size] = '\0';
	return text + size + 1;
}

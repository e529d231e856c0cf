/*
 * The strict parser of raw commit objects, and trailers. It owns the one reading of a commit that the agent believes:
 * what is shown, matched or ticked comes from the bytes that the signature covers. It would be easy to "be liberal"
 * here; each thing that is refused below was once used to make one signature cover two meanings.
 */
#include "model/commit.h"

#include <ctype.h>
#include <strings.h>

struct reader {
	struct arena *arena;
	const char *id;
	const char *at, *end; /* what is still to be read */
	unsigned line;        /* 1-based number of the line at `at` */
	struct text payload;
	bool has_encoding, has_signature, has_other_signature;
};

struct header {
	unsigned line;
	struct bytes whole; /* with continuation lines and newlines */
	const char *name;
	const char *value; /* of the first line */
	bool folded;
};

struct armor {
	enum signature_format format;
	const char *begin, *end;
	bool padded; /* may one empty line follow? GitHub writes one */
};

static const struct armor armors[] = {
	{SIGNATURE_SSH, "-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n", false},
	{SIGNATURE_OPENPGP, "-----BEGIN PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----\n",
         true},
	{SIGNATURE_OPENPGP, "-----BEGIN PGP MESSAGE-----\n", "-----END PGP MESSAGE-----\n", true},
	{SIGNATURE_X509, "-----BEGIN SIGNED MESSAGE-----\n", "-----END SIGNED MESSAGE-----\n",
         true},
};

static FALLIBLE parse_headers(struct reader *reader, struct commit *commit);
static FALLIBLE parse_object_id(struct reader *reader, const struct header *header,
                                const char *name, const char **ret_id);
static FALLIBLE parse_ident(struct reader *reader, const struct header *header, const char *name,
                            struct ident *ret_ident);
static bool parse_time_and_zone(struct arena *arena, const char *text, struct ident *ident);
static FALLIBLE parse_extra(struct reader *reader, const struct header *header,
                            struct commit *commit);
static bool is_standard(const char *name);
static FALLIBLE parse_signature(struct reader *reader, const struct header *header,
                                struct commit *commit);
static struct bytes unfold(struct arena *arena, const struct header *header);
static FALLIBLE parse_armor(struct reader *reader, const struct header *header, struct bytes armor,
                            enum signature_format *ret_format);
static FALLIBLE parse_message(struct reader *reader, struct commit *commit);
static bool at_blank_line(const struct reader *reader);
static FALLIBLE take_header(struct reader *reader, struct header *ret_header);
static struct error *malformed(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static const char *trailers_begin(const char *message);
static bool is_key_line(const char *line, const char *end, size_t *ret_key_size);
static bool is_blank(const char *line, const char *end);
static const char *line_end(const char *line);

FALLIBLE commit_parse(struct arena *arena, const char *id, struct bytes raw,
                      struct commit *ret_commit)
{
	struct reader reader = {.arena = arena, .id = id, .line = 1, .payload = TEXT_IN(arena)};
	struct commit commit = {.id = arena_text(arena, id)};

	if (raw.size > COMMIT_MAXIMUM)
		return malformed(&reader, "it is larger than %d bytes", COMMIT_MAXIMUM);
	if (raw.size && memchr(raw.data, '\0', raw.size))
		return malformed(&reader, "it holds a NUL byte");
	reader.at = arena_copy(arena, raw.data, raw.size);
	reader.end = reader.at + raw.size;

	TRY(parse_headers(&reader, &commit));
	TRY(parse_message(&reader, &commit));
	commit.seal.id = commit.id;
	commit.seal.payload = text_bytes(&reader.payload);
	*ret_commit = commit;
	return NULL;
}

static FALLIBLE parse_headers(struct reader *reader, struct commit *commit)
{
	struct header header;

	TRY(take_header(reader, &header));
	TRY(parse_object_id(reader, &header, "tree", &commit->tree));
	TRY(take_header(reader, &header));
	while (text_equal(header.name, "parent")) {
		if (commit->parents.count == COMMIT_PARENTS_MAXIMUM)
			return malformed(reader, "it has more than %d parents",
			                 COMMIT_PARENTS_MAXIMUM);
		TRY(parse_object_id(reader, &header, "parent",
		                    LIST_ADD(reader->arena, &commit->parents)));
		TRY(take_header(reader, &header));
	}
	TRY(parse_ident(reader, &header, "author", &commit->author));
	TRY(take_header(reader, &header));
	TRY(parse_ident(reader, &header, "committer", &commit->committer));
	while (!at_blank_line(reader)) {
		TRY(take_header(reader, &header));
		TRY(parse_extra(reader, &header, commit));
	}
	return NULL;
}

static FALLIBLE parse_object_id(struct reader *reader, const struct header *header,
                                const char *name, const char **ret_id)
{
	if (!text_equal(header->name, name))
		return malformed(reader, "line %u is '%s' where '%s' belongs", header->line,
		                 header->name, name);
	if (header->folded || !commit_id_is_valid(header->value))
		return malformed(reader,
		                 "'%s' in line %u is not one object id of 40 lower-case hex digits",
		                 name, header->line);
	text_add_bytes(&reader->payload, header->whole.data, header->whole.size);
	*ret_id = header->value;
	return NULL;
}

/* "Ada Example <ada@example.org> 1764000000 +0100" */
static FALLIBLE parse_ident(struct reader *reader, const struct header *header, const char *name,
                            struct ident *ret_ident)
{
	struct ident ident = {0};
	const char *open = strchr(header->value, '<');
	const char *close = strchr(header->value, '>');

	if (!text_equal(header->name, name))
		return malformed(reader, "line %u is '%s' where '%s' belongs", header->line,
		                 header->name, name);
	if (header->folded || text_has_control(header->value))
		return malformed(reader, "'%s' in line %u holds control characters", name,
		                 header->line);
	if (!open || !close || close < open || strchr(open + 1, '<') || strchr(close + 1, '>') ||
	    (open > header->value && open[-1] != ' '))
		return malformed(reader,
		                 "'%s' in line %u is not written 'Name <address> time zone'", name,
		                 header->line);
	ident.name = arena_printf(reader->arena, "%.*s",
	                          open > header->value ? (int)(open - header->value - 1) : 0,
	                          header->value);
	ident.email = arena_printf(reader->arena, "%.*s", (int)(close - open - 1), open + 1);
	if (!parse_time_and_zone(reader->arena, close + 1, &ident))
		return malformed(
			reader, "'%s' in line %u has no time as git writes it ('1764000000 +0100')",
			name, header->line);
	text_add_bytes(&reader->payload, header->whole.data, header->whole.size);
	*ret_ident = ident;
	return NULL;
}

static bool parse_time_and_zone(struct arena *arena, const char *text, struct ident *ident)
{
	const char *zone = text[0] == ' ' ? strchr(text + 1, ' ') : NULL;
	uint64_t when;

	if (!zone)
		return false;
	if (!parse_number(arena_printf(arena, "%.*s", (int)(zone - text - 1), text + 1), INT64_MAX,
	                  &when))
		return false;
	zone++;
	if (zone[0] != '+' && zone[0] != '-')
		return false;
	if (strspn(zone + 1, "0123456789") != 4 || zone[5])
		return false;
	ident->when = (int64_t)when;
	ident->zone = zone;
	return true;
}

static FALLIBLE parse_extra(struct reader *reader, const struct header *header,
                            struct commit *commit)
{
	if (is_standard(header->name))
		return malformed(reader, "'%s' stands again, or too late, in line %u", header->name,
		                 header->line);
	if (text_equal(header->name, "encoding")) {
		if (reader->has_encoding)
			return malformed(reader, "a second 'encoding' stands in line %u",
			                 header->line);
		reader->has_encoding = true;
	}
	if (text_starts(header->name, "gpgsig"))
		return parse_signature(reader, header, commit);
	text_add_bytes(&reader->payload, header->whole.data, header->whole.size);
	return NULL;
}

static bool is_standard(const char *name)
{
	static const char *const standard[] = {"tree", "parent", "author", "committer"};

	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++)
		if (text_equal(name, standard[i]))
			return true;
	return false;
}

/*
 * Signature headers are the only bytes that no signature covers. `gpgsig-sha256` signs the object's other form, in
 * repositories that have one; it is left out of the payload as git does, and never read.
 */
static FALLIBLE parse_signature(struct reader *reader, const struct header *header,
                                struct commit *commit)
{
	bool is_ours = text_equal(header->name, "gpgsig");
	bool *seen = is_ours ? &reader->has_signature : &reader->has_other_signature;

	if (!is_ours && !text_equal(header->name, "gpgsig-sha256"))
		return malformed(reader, "line %u is a header '%s', which no git writes",
		                 header->line, header->name);
	if (*seen)
		return malformed(reader, "a second '%s' stands in line %u", header->name,
		                 header->line);
	*seen = true;
	if (header->whole.size > SIGNATURE_MAXIMUM)
		return malformed(reader, "its signature is larger than %d bytes",
		                 SIGNATURE_MAXIMUM);
	if (!is_ours)
		return NULL;
	commit->seal.signature = unfold(reader->arena, header);
	return parse_armor(reader, header, commit->seal.signature, &commit->seal.format);
}

static struct bytes unfold(struct arena *arena, const struct header *header)
{
	struct text text = TEXT_IN(arena);
	const char *line =
		header->whole.data + strlen(header->name); /* the space in front of the value */
	const char *end = header->whole.data + header->whole.size;

	while (line < end) {
		const char *next = line_end(line) + 1;

		text_add_bytes(&text, line + 1, (size_t)(next - line - 1));
		line = next;
	}
	return text_bytes(&text);
}

static FALLIBLE parse_armor(struct reader *reader, const struct header *header, struct bytes armor,
                            enum signature_format *ret_format)
{
	const struct armor *kind = NULL;
	size_t body, end;

	for (size_t i = 0; i < armor.size; i++)
		if (((unsigned char)armor.data[i] < ' ' && armor.data[i] != '\n') ||
		    armor.data[i] == 0x7f)
			return malformed(reader,
			                 "the signature in line %u holds control characters",
			                 header->line);
	if (armor.data[0] == '\n')
		return malformed(reader, "the signature in line %u is empty", header->line);
	for (size_t i = 0; i < sizeof armors / sizeof *armors && !kind; i++)
		if (text_starts(armor.data, armors[i].begin))
			kind = &armors[i];
	if (!kind) {
		*ret_format = SIGNATURE_UNKNOWN;
		return NULL;
	}

	if (kind->padded && text_ends(armor.data, "-\n\n"))
		armor.size--;
	body = strlen(kind->begin);
	end = strlen(kind->end);
	if (armor.size < body + end || memcmp(armor.data + armor.size - end, kind->end, end) != 0)
		return malformed(
			reader,
			"the signature in line %u is cut off, or something stands behind its end",
			header->line);
	if (armor.size == body + end)
		return malformed(reader, "the signature in line %u is empty", header->line);
	if (memmem(armor.data + body - 1, armor.size - body - end + 1, "\n-----", 6))
		return malformed(reader, "the signature in line %u holds more than one armor",
		                 header->line);
	*ret_format = kind->format;
	return NULL;
}

static FALLIBLE parse_message(struct reader *reader, struct commit *commit)
{
	const char *subject;

	text_add_bytes(&reader->payload, reader->at, (size_t)(reader->end - reader->at));
	commit->message = reader->at + 1; /* behind the blank line; the arena's copy ends in NUL */
	subject = commit->message + strspn(commit->message, "\n");
	commit->subject =
		arena_printf(reader->arena, "%.*s", (int)(line_end(subject) - subject), subject);
	return NULL;
}

static bool at_blank_line(const struct reader *reader)
{
	return reader->at < reader->end && *reader->at == '\n';
}

static FALLIBLE take_header(struct reader *reader, struct header *ret_header)
{
	struct header header = {.line = reader->line, .whole = {reader->at, 0}};
	const char *newline, *space;

	if (at_blank_line(reader))
		return malformed(reader, "its header ends too early, in line %u", reader->line);
	newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	if (!newline)
		return malformed(reader, "no blank line stands between its header and its message");
	space = memchr(reader->at, ' ', (size_t)(newline - reader->at));
	if (!space || space == reader->at)
		return malformed(reader, "line %u is not a header ('name value')", reader->line);
	for (const char *c = reader->at; c < space; c++)
		if (*c <= ' ' || *c > '~')
			return malformed(reader,
			                 "the name of the header in line %u holds odd characters",
			                 reader->line);
	header.name = arena_printf(reader->arena, "%.*s", (int)(space - reader->at), reader->at);
	header.value = arena_printf(reader->arena, "%.*s", (int)(newline - space - 1), space + 1);
	reader->at = newline + 1;
	reader->line++;

	while (reader->at < reader->end && *reader->at == ' ') {
		newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
		if (!newline)
			return malformed(reader,
			                 "no blank line stands between its header and its message");
		header.folded = true;
		reader->at = newline + 1;
		reader->line++;
	}
	header.whole.size = (size_t)(reader->at - header.whole.data);
	*ret_header = header;
	return NULL;
}

static struct error *malformed(struct reader *reader, const char *format, ...)
{
	const char *name = commit_short(reader->arena, reader->id);
	const char *why;
	va_list args;

	va_start(args, format);
	why = arena_vprintf(reader->arena, format, args);
	va_end(args);
	return FAIL(
		reader->arena, MALFORMED,
		.what = arena_printf(reader->arena, "cannot read commit '%s'", name), .why = why,
		.hint = arena_printf(
			reader->arena,
			"Make the commit anew with git itself on a new branch, and undo this one: "
			"git revert -S %s",
			name));
}

/*
 * git-interpret-trailers(1), as `git log --format=%(trailers)` reads a message (no "---" divider): the last paragraph,
 * but never the first, when all its lines are trailers, or when one was made by git and a quarter of them are.
 */
void message_trailers(struct arena *arena, const char *message, const char *key,
                      struct text_list *ret_values)
{
	struct text_list values = {0};
	struct text value = TEXT_IN(arena);
	const char *line = trailers_begin(message);
	bool open = false;
	size_t size;

	for (const char *end; *line; line = *end ? end + 1 : end) {
		end = line_end(line);
		if (*line == '#')
			continue;
		if (open && isspace((unsigned char)*line)) {
			text_printf(
				&value, " %s",
				text_trim(arena, arena_copy(arena, line, (size_t)(end - line))));
			continue;
		}
		if (open)
			*LIST_ADD(arena, &values) = text_trim(arena, text_get(&value));
		open = is_key_line(line, end, &size) && size == strlen(key) &&
		       strncasecmp(line, key, size) == 0;
		if (!open)
			continue;
		value = TEXT_IN(arena);
		line = memchr(line, ':', (size_t)(end - line));
		text_add_bytes(&value, line + 1, (size_t)(end - line - 1));
	}
	if (open)
		*LIST_ADD(arena, &values) = text_trim(arena, text_get(&value));
	*ret_values = values;
}

/* The first line of the trailers, or the end of the message. */
static const char *trailers_begin(const char *message)
{
	const char *end = message + strlen(message);
	const char *body = message; /* the first paragraph is the title */
	const char *line = end;
	size_t trailers = 0, others = 0, folded = 0;
	bool made_by_git = false, seen = false;
	size_t size;

	while (*body && (*body == '#' || !is_blank(body, line_end(body))))
		body = *line_end(body) ? line_end(body) + 1 : line_end(body);

	while (line > body) {
		const char *stop = line[-1] == '\n' ? line - 1 : line; /* walk to the line before */

		line = stop;
		while (line > message && line[-1] != '\n')
			line--;
		if (*line == '#') {
			others += folded;
			folded = 0;
			continue;
		}
		if (is_blank(line, stop)) {
			if (!seen)
				continue;
			others += folded;
			if ((made_by_git && trailers * 3 >= others) || (trailers && !others))
				return *stop ? stop + 1 : stop;
			return end;
		}
		seen = true;
		if (text_starts(line, "Signed-off-by: ") ||
		    text_starts(line, "(cherry picked from commit ")) {
			trailers++;
			folded = 0;
			made_by_git = true;
		} else if (is_key_line(line, stop, &size)) {
			trailers++;
			folded = 0;
		} else if (isspace((unsigned char)*line)) {
			folded++;
		} else {
			others += folded + 1;
			folded = 0;
		}
	}
	return end;
}

/* "Key: value", "Key : value"; letters, digits and hyphens. */
static bool is_key_line(const char *line, const char *end, size_t *ret_key_size)
{
	const char *c = line;

	while (c < end && (isalnum((unsigned char)*c) || *c == '-'))
		c++;
	if (c == line)
		return false;
	*ret_key_size = (size_t)(c - line);
	while (c < end && (*c == ' ' || *c == '\t'))
		c++;
	return c < end && *c == ':';
}

static bool is_blank(const char *line, const char *end)
{
	while (line < end && isspace((unsigned char)*line))
		line++;
	return line >= end;
}

static const char *line_end(const char *line)
{
	return line + strcspn(line, "\n");
}

const char *commit_short(struct arena *arena, const char *id)
{
	return arena_printf(arena, "%.10s", id);
}

bool commit_id_is_valid(const char *id)
{
	return text_is_hex(id, COMMIT_ID_SIZE);
}

const char *signature_format_name(enum signature_format format)
{
	static const char *const names[] = {
		[SIGNATURE_NONE] = "none",       [SIGNATURE_SSH] = "ssh",
		[SIGNATURE_OPENPGP] = "openpgp", [SIGNATURE_X509] = "x509",
		[SIGNATURE_UNKNOWN] = "unknown",
	};

	return names[format];
}

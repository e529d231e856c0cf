/*
 * The strict parser of raw commit objects, and trailers. It owns the one reading of a commit that the agent believes:
 * what is shown, matched or ticked comes from the bytes that the signature covers. It would be easy to "be liberal"
 * here; each thing that is refused below was once used to make one signature cover two meanings.
 */
#include "model/object_reader.h"

#include <ctype.h>
#include <strings.h>

struct reader {
	struct object_reader object;
	bool has_encoding, has_signature, has_other_signature;
};

static struct ident copy_ident(struct arena *arena, const struct ident *ident);
static FALLIBLE parse_headers(struct reader *reader, struct commit *commit);
static FALLIBLE parse_extra(struct reader *reader, const struct object_header *header,
                            struct commit *commit);
static bool is_standard(const char *name);
static FALLIBLE parse_signature(struct reader *reader, const struct object_header *header,
                                struct commit *commit);
static struct bytes unfold(struct arena *arena, const struct object_header *header);
static FALLIBLE parse_message(struct reader *reader, struct commit *commit);
static const char *trailers_begin(const char *message);
static bool is_key_line(const char *line, const char *end, size_t *ret_key_size);
static bool is_blank(const char *line, const char *end);
static const char *line_end(const char *line);

FALLIBLE commit_parse(struct arena *arena, const char *id, struct bytes raw,
                      struct commit *ret_commit)
{
	struct reader reader = {.object = {.arena = arena, .id = id, .noun = "commit"}};
	struct commit commit = {.id = arena_text(arena, id)};

	reader.object.hint = arena_printf(
		arena,
		"Make the commit anew with git itself on a new branch, and undo this one: "
		"git revert -S %s",
		commit_short(arena, id));
	TRY(object_begin(&reader.object, raw, COMMIT_MAXIMUM));
	TRY(parse_headers(&reader, &commit));
	TRY(parse_message(&reader, &commit));
	commit.seal.id = commit.id;
	commit.seal.payload = text_bytes(&reader.object.payload);
	*ret_commit = commit;
	return NULL;
}

struct commit *commit_copy(struct arena *arena, const struct commit *commit, size_t message)
{
	struct commit *copy = ARENA_NEW(arena, struct commit);

	*copy = (struct commit){
		.id = arena_text(arena, commit->id),
		.tree = arena_text(arena, commit->tree),
		.author = copy_ident(arena, &commit->author),
		.committer = copy_ident(arena, &commit->committer),
		.subject = arena_copy(arena, commit->subject, strnlen(commit->subject, message)),
		.message = arena_copy(arena, commit->message, strnlen(commit->message, message)),
		.seal = {.format = commit->seal.format},
	};
	copy->seal.id = copy->id;
	for (size_t i = 0; i < commit->parents.count; i++)
		*LIST_ADD(arena, &copy->parents) = arena_text(arena, commit->parents.items[i]);
	return copy;
}

static struct ident copy_ident(struct arena *arena, const struct ident *ident)
{
	return (struct ident){
		.name = arena_text(arena, ident->name),
		.email = arena_text(arena, ident->email),
		.when = ident->when,
		.zone = arena_text(arena, ident->zone),
	};
}

static FALLIBLE parse_headers(struct reader *reader, struct commit *commit)
{
	struct object_header header;

	TRY(object_take(&reader->object, &header));
	TRY(object_read_id(&reader->object, &header, "tree", &commit->tree));
	TRY(object_take(&reader->object, &header));
	while (text_equal(header.name, "parent")) {
		if (commit->parents.count == COMMIT_PARENTS_MAXIMUM)
			return object_malformed(&reader->object, "it has more than %d parents",
			                        COMMIT_PARENTS_MAXIMUM);
		TRY(object_read_id(&reader->object, &header, "parent",
		                   LIST_ADD(reader->object.arena, &commit->parents)));
		TRY(object_take(&reader->object, &header));
	}
	TRY(object_read_ident(&reader->object, &header, "author", &commit->author));
	TRY(object_take(&reader->object, &header));
	TRY(object_read_ident(&reader->object, &header, "committer", &commit->committer));
	while (!object_at_blank_line(&reader->object)) {
		TRY(object_take(&reader->object, &header));
		TRY(parse_extra(reader, &header, commit));
	}
	return NULL;
}

static FALLIBLE parse_extra(struct reader *reader, const struct object_header *header,
                            struct commit *commit)
{
	if (is_standard(header->name))
		return object_malformed(&reader->object,
		                        "'%s' stands again, or too late, in line %u", header->name,
		                        header->line);
	if (text_equal(header->name, "encoding")) {
		if (reader->has_encoding)
			return object_malformed(&reader->object,
			                        "a second 'encoding' stands in line %u",
			                        header->line);
		reader->has_encoding = true;
	}
	if (text_starts(header->name, "gpgsig"))
		return parse_signature(reader, header, commit);
	text_add_bytes(&reader->object.payload, header->whole.data, header->whole.size);
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
static FALLIBLE parse_signature(struct reader *reader, const struct object_header *header,
                                struct commit *commit)
{
	bool is_ours = text_equal(header->name, "gpgsig");
	bool *seen = is_ours ? &reader->has_signature : &reader->has_other_signature;

	if (!is_ours && !text_equal(header->name, "gpgsig-sha256"))
		return object_malformed(&reader->object,
		                        "line %u is a header '%s', which no git writes",
		                        header->line, header->name);
	if (*seen)
		return object_malformed(&reader->object, "a second '%s' stands in line %u",
		                        header->name, header->line);
	*seen = true;
	if (header->whole.size > SIGNATURE_MAXIMUM)
		return object_malformed(&reader->object, "its signature is larger than %d bytes",
		                        SIGNATURE_MAXIMUM);
	if (!is_ours)
		return NULL;
	commit->seal.signature = unfold(reader->object.arena, header);
	return object_read_armor(&reader->object, header->line, commit->seal.signature,
	                         &commit->seal.format);
}

static struct bytes unfold(struct arena *arena, const struct object_header *header)
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

static FALLIBLE parse_message(struct reader *reader, struct commit *commit)
{
	const char *subject;

	text_add_bytes(&reader->object.payload, reader->object.at,
	               (size_t)(reader->object.end - reader->object.at));
	commit->message =
		reader->object.at + 1; /* behind the blank line; the arena's copy ends in NUL */
	subject = commit->message + strspn(commit->message, "\n");
	commit->subject = arena_printf(reader->object.arena, "%.*s",
	                               (int)(line_end(subject) - subject), subject);
	return NULL;
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

/*
 * The strict reading of raw git objects: headers, idents, armor. It would be easy to "be liberal" here; each thing that
 * is refused below was once used to make one signature cover two meanings.
 */
#include "model/object_reader.h"

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

static bool parse_time_and_zone(struct arena *arena, const char *text, struct ident *ident);

FALLIBLE object_begin(struct object_reader *reader, struct bytes raw, size_t maximum)
{
	reader->line = 1;
	reader->payload = TEXT_IN(reader->arena);
	if (raw.size > maximum)
		return object_malformed(reader, "it is larger than %zu bytes", maximum);
	if (raw.size && memchr(raw.data, '\0', raw.size))
		return object_malformed(reader, "it holds a NUL byte");
	reader->at = arena_copy(reader->arena, raw.data, raw.size);
	reader->end = reader->at + raw.size;
	return NULL;
}

FALLIBLE object_expect(struct object_reader *reader, const struct object_header *header,
                       const char *name)
{
	if (!text_equal(header->name, name))
		return object_malformed(reader, "line %u is '%s' where '%s' belongs", header->line,
		                        header->name, name);
	if (header->folded)
		return object_malformed(reader, "'%s' in line %u goes on in the next line", name,
		                        header->line);
	return NULL;
}

FALLIBLE object_read_id(struct object_reader *reader, const struct object_header *header,
                        const char *name, const char **ret_id)
{
	TRY(object_expect(reader, header, name));
	if (!commit_id_is_valid(header->value))
		return object_malformed(
			reader, "'%s' in line %u is not one object id of 40 lower-case hex digits",
			name, header->line);
	text_add_bytes(&reader->payload, header->whole.data, header->whole.size);
	*ret_id = header->value;
	return NULL;
}

/* "Ada Example <ada@example.org> 1764000000 +0100" */
FALLIBLE object_read_ident(struct object_reader *reader, const struct object_header *header,
                           const char *name, struct ident *ret_ident)
{
	struct ident ident = {0};
	const char *open = strchr(header->value, '<');
	const char *close = strchr(header->value, '>');

	TRY(object_expect(reader, header, name));
	if (text_has_control(header->value))
		return object_malformed(reader, "'%s' in line %u holds control characters", name,
		                        header->line);
	if (!open || !close || close < open || strchr(open + 1, '<') || strchr(close + 1, '>') ||
	    (open > header->value && open[-1] != ' '))
		return object_malformed(reader,
		                        "'%s' in line %u is not written 'Name <address> time zone'",
		                        name, header->line);
	ident.name = arena_printf(reader->arena, "%.*s",
	                          open > header->value ? (int)(open - header->value - 1) : 0,
	                          header->value);
	ident.email = arena_printf(reader->arena, "%.*s", (int)(close - open - 1), open + 1);
	if (!parse_time_and_zone(reader->arena, close + 1, &ident))
		return object_malformed(
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

FALLIBLE object_read_armor(struct object_reader *reader, unsigned line, struct bytes armor,
                           enum signature_format *ret_format)
{
	const struct armor *kind = NULL;
	size_t body, end;

	for (size_t i = 0; i < armor.size; i++)
		if (((unsigned char)armor.data[i] < ' ' && armor.data[i] != '\n') ||
		    armor.data[i] == 0x7f)
			return object_malformed(
				reader, "the signature in line %u holds control characters", line);
	if (armor.data[0] == '\n')
		return object_malformed(reader, "the signature in line %u is empty", line);
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
		return object_malformed(
			reader,
			"the signature in line %u is cut off, or something stands behind its end",
			line);
	if (armor.size == body + end)
		return object_malformed(reader, "the signature in line %u is empty", line);
	if (memmem(armor.data + body - 1, armor.size - body - end + 1, "\n-----", 6))
		return object_malformed(reader,
		                        "the signature in line %u holds more than one armor", line);
	*ret_format = kind->format;
	return NULL;
}

bool object_begins_armor(const char *line)
{
	for (size_t i = 0; i < sizeof armors / sizeof *armors; i++)
		if (strncmp(line, armors[i].begin, strlen(armors[i].begin) - 1) == 0)
			return true;
	return false;
}

bool object_at_blank_line(const struct object_reader *reader)
{
	return reader->at < reader->end && *reader->at == '\n';
}

FALLIBLE object_take(struct object_reader *reader, struct object_header *ret_header)
{
	struct object_header header = {.line = reader->line, .whole = {reader->at, 0}};
	const char *newline, *space;

	if (object_at_blank_line(reader))
		return object_malformed(reader, "its header ends too early, in line %u",
		                        reader->line);
	newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	if (!newline)
		return object_malformed(reader,
		                        "no blank line stands between its header and its message");
	space = memchr(reader->at, ' ', (size_t)(newline - reader->at));
	if (!space || space == reader->at)
		return object_malformed(reader, "line %u is not a header ('name value')",
		                        reader->line);
	for (const char *c = reader->at; c < space; c++)
		if (*c <= ' ' || *c > '~')
			return object_malformed(
				reader, "the name of the header in line %u holds odd characters",
				reader->line);
	header.name = arena_printf(reader->arena, "%.*s", (int)(space - reader->at), reader->at);
	header.value = arena_printf(reader->arena, "%.*s", (int)(newline - space - 1), space + 1);
	reader->at = newline + 1;
	reader->line++;

	while (reader->at < reader->end && *reader->at == ' ') {
		newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
		if (!newline)
			return object_malformed(
				reader, "no blank line stands between its header and its message");
		header.folded = true;
		reader->at = newline + 1;
		reader->line++;
	}
	header.whole.size = (size_t)(reader->at - header.whole.data);
	*ret_header = header;
	return NULL;
}

struct error *object_malformed(struct object_reader *reader, const char *format, ...)
{
	const char *why;
	va_list args;

	va_start(args, format);
	why = arena_vprintf(reader->arena, format, args);
	va_end(args);
	return FAIL(reader->arena, MALFORMED,
	            .what = arena_printf(reader->arena, "cannot read %s '%s'", reader->noun,
	                                 commit_short(reader->arena, reader->id)),
	            .why = why, .hint = reader->hint);
}

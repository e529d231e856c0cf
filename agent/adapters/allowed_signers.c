/*
 * Strict reading of allowed_signers. The format is OpenSSH's, so that one file serves git and the agent; what is
 * refused here is what OpenSSH would read in another way than its writer meant.
 */
#include "adapters/allowed_signers.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>
#include <sys/stat.h>

#include "adapters/ssh_lines.h"
#include "base/file.h"

#define PATTERN_MAXIMUM 1000 /* bytes; OpenSSH has room for 1023 */

struct line_reader {
	struct arena *arena;
	const char *path;
	struct ssh_lines lines;
	struct key_problems *problems; /* NULL: the first problem ends it */
};

static FALLIBLE read_lines(struct line_reader *reader, struct bytes bytes, void *list,
                           struct error *(*read_line)(struct line_reader *reader, void *list));
static FALLIBLE tell_problem(struct line_reader *reader, struct error *error);
static FALLIBLE read_signer(struct line_reader *reader, void *list);
static FALLIBLE read_principal(struct line_reader *reader, const char **ret_principal);
static FALLIBLE check_person(struct line_reader *reader, const char *principal);
static FALLIBLE check_patterns(struct line_reader *reader, const char *patterns);
static FALLIBLE read_options(struct line_reader *reader, const char *text,
                             struct allowed_signer *signer);
static FALLIBLE read_option(struct line_reader *reader, const char *name, const char *value,
                            struct allowed_signer *signer, bool *is_for_git);
static FALLIBLE read_namespaces(struct line_reader *reader, const char *value, bool *is_for_git);
static FALLIBLE read_time(struct line_reader *reader, const char *name, const char *value,
                          int64_t *ret_time);
static FALLIBLE check_new(struct line_reader *reader, const struct allowed_signers *signers,
                          const struct allowed_signer *signer);
static bool pattern_matches(const char *pattern, const char *end, const char *name);
static FALLIBLE read_revoked(struct line_reader *reader, void *list);
static FALLIBLE read_key(struct line_reader *reader, const char *type, struct ssh_key *ret_key);
static void add_end(struct arena *arena, const char *line, int64_t valid_before,
                    struct text *edited);
static const char *take_field(struct line_reader *reader);
static struct error *wrong_line(struct line_reader *reader, const char *hint, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

FALLIBLE trust_file_read(struct arena *arena, const char *path, size_t maximum,
                         struct bytes *ret_bytes)
{
	const char *what = arena_printf(arena, "cannot use the keyring file '%s'", path);
	const char *why;
	struct stat status;
	struct error *error;

	if (stat(path, &status) != 0)
		return FAIL(
			arena, KEYRING, .what = what, .why = arena_text(arena, strerror(errno)),
			.hint = "Nothing is accepted until the file can be read; put it back, or correct its path "
				"in the configuration (keys).");
	if (!S_ISREG(status.st_mode))
		return FAIL(arena, KEYRING, .what = what, .why = "it is not a regular file",
		            .hint = "Name a regular file in the configuration (keys).");
	why = file_distrust(arena, &status, "let in anybody");
	if (why)
		return FAIL(arena, KEYRING, .what = what, .why = why,
		            .hint = file_distrust_mend(arena, &status, path));
	error = file_read(arena, path, maximum, ret_bytes);
	if (error)
		return FAIL(arena, KEYRING, .what = what, .why = error_line(arena, error),
		            .hint = error->hint);
	return NULL;
}

FALLIBLE allowed_signers_parse(struct arena *arena, const char *path, struct bytes bytes,
                               struct allowed_signers *ret_signers)
{
	struct line_reader reader = {.arena = arena, .path = path};
	struct allowed_signers signers = {0};

	TRY(read_lines(&reader, bytes, &signers, read_signer));
	if (!signers.count)
		return FAIL(
			arena, KEYRING,
			.what = arena_printf(arena, "cannot use the keyring file '%s'", path),
			.why = "it lists nobody",
			.hint = "Add a line for each person who may sign: ada@example.org namespaces=\"git\" "
				"ssh-ed25519 AAAA…");
	*ret_signers = signers;
	return NULL;
}

void allowed_signers_check(struct arena *arena, const char *path, struct bytes bytes,
                           struct allowed_signers *ret_signers, struct key_problems *problems)
{
	struct line_reader reader = {.arena = arena, .path = path, .problems = problems};

	*ret_signers = (struct allowed_signers){0};
	if (read_lines(&reader, bytes, ret_signers, read_signer))
		return; /* as many as are told were told */
}

static FALLIBLE read_lines(struct line_reader *reader, struct bytes bytes, void *list,
                           struct error *(*read_line)(struct line_reader *reader, void *list))
{
	bool is_text;

	reader->lines = ssh_lines_of(reader->arena, bytes);
	while (ssh_lines_next(&reader->lines, &is_text))
		TRY(tell_problem(reader,
		                 is_text ? read_line(reader, list)
		                         : wrong_line(reader, "Write one key a line.",
		                                      "it is too long, or holds a NUL byte")));
	return NULL;
}

/* The error again when the reading ends with it. */
static FALLIBLE tell_problem(struct line_reader *reader, struct error *error)
{
	if (!error || !reader->problems)
		return error;
	if (reader->problems->count >= KEY_PROBLEMS_MAXIMUM)
		return error;
	*LIST_ADD(reader->arena, reader->problems) =
		(struct key_problem){reader->lines.number, error};
	return NULL;
}

/* principal [options] type key [comment] */
static FALLIBLE read_signer(struct line_reader *reader, void *list)
{
	struct allowed_signers *signers = list;
	struct allowed_signer signer = {
		.valid_after = INT64_MIN, .valid_before = INT64_MAX, .line = reader->lines.number};
	const char *field;

	TRY(read_principal(reader, &signer.principal));
	field = take_field(reader);
	if (ssh_key_type_is_known(field)) {
		TRY(check_person(reader, signer.principal));
		return wrong_line(
			reader,
			arena_printf(reader->arena, "Write: %s namespaces=\"git\" %s …",
		                     signer.principal, field),
			"it has no namespaces=\"git\", so a signature over anything would count");
	}
	TRY(read_options(reader, field, &signer));
	TRY(signer.is_authority ? check_patterns(reader, signer.principal)
	                        : check_person(reader, signer.principal));
	TRY(read_key(reader, ssh_lines_word(&reader->lines), &signer.key));
	signer.comment = reader->lines.at;
	TRY(check_new(reader, signers, &signer));
	*LIST_ADD(reader->arena, signers) = signer;
	return NULL;
}

static FALLIBLE read_principal(struct line_reader *reader, const char **ret_principal)
{
	const char *principal = take_field(reader);
	size_t size = strlen(principal);

	if (size >= 2 && principal[0] == '"' && principal[size - 1] == '"')
		principal = arena_printf(reader->arena, "%.*s", (int)size - 2, principal + 1);
	if (!*principal || strpbrk(principal, "\" \t"))
		return wrong_line(reader, "Begin the line with one name, such as ada@example.org.",
		                  "it does not begin with the name of a person");
	if (text_has_control(principal) || !text_is_utf8(principal, strlen(principal)))
		return wrong_line(reader, "Write the name in plain text.",
		                  "its principal holds odd bytes");
	*ret_principal = principal;
	return NULL;
}

static FALLIBLE check_person(struct line_reader *reader, const char *principal)
{
	if (strpbrk(principal, "*?!"))
		return wrong_line(
			reader,
			"Write the person's full name, such as ada@example.org; a key belongs to one person.",
			"its principal '%s' is a pattern", principal);
	if (strchr(principal, ','))
		return wrong_line(reader, "Keep one name; a key belongs to one person.",
		                  "it gives one key to several principals ('%s')", principal);
	return NULL;
}

/* OpenSSH cuts a list at an empty pattern, and matches nothing with one that is too long. */
static FALLIBLE check_patterns(struct line_reader *reader, const char *patterns)
{
	struct text_list list = {0};
	bool lets_in = false;

	text_split(reader->arena, patterns, ',', &list);
	for (size_t i = 0; i < list.count; i++) {
		const char *pattern = list.items[i] + (*list.items[i] == '!');

		if (!*pattern || strchr(pattern, '!') || strlen(pattern) > PATTERN_MAXIMUM)
			return wrong_line(
				reader,
				"Write patterns with commas between them: *@example.org,!eve@example.org",
				"one of its patterns is empty, too long, or has '!' in it ('%s')",
				text_clip(reader->arena, list.items[i], 60));
		lets_in = lets_in || pattern == list.items[i];
	}
	if (!lets_in)
		return wrong_line(reader, "Name those whom it may certify first: *@example.org,…",
		                  "its patterns ('%s') let nobody in",
		                  text_clip(reader->arena, patterns, 60));
	return NULL;
}

/* name[="value"], separated by commas; a comma or a space inside quotes is part of the value. */
static FALLIBLE read_options(struct line_reader *reader, const char *text,
                             struct allowed_signer *signer)
{
	bool is_for_git = false;

	while (*text) {
		size_t size = strcspn(text, "=,");
		const char *name = arena_printf(reader->arena, "%.*s", (int)size, text);
		const char *value = NULL;

		text += size;
		if (*text == '=') {
			const char *quote = text[1] == '"' ? strchr(text + 2, '"') : NULL;

			if (!quote || (quote[1] && quote[1] != ','))
				return wrong_line(
					reader,
					arena_printf(reader->arena, "Write %s=\"…\".", name),
					"the value of '%s' is not in double quotes", name);
			value = arena_printf(reader->arena, "%.*s", (int)(quote - text - 2),
			                     text + 2);
			text = quote + 1;
		}
		TRY(read_option(reader, name, value, signer, &is_for_git));
		if (*text == ',' && *++text == '\0')
			return wrong_line(reader, "Take the last comma away.",
			                  "its options end in a comma");
	}
	if (!is_for_git)
		return wrong_line(
			reader, "Add the option namespaces=\"git\".",
			"it has no namespaces=\"git\", so a signature over anything would count");
	if (signer->valid_after > signer->valid_before)
		return wrong_line(reader, "Let valid-after be the earlier time.",
		                  "its valid-after is later than its "
		                  "valid-before");
	return NULL;
}

static FALLIBLE read_option(struct line_reader *reader, const char *name, const char *value,
                            struct allowed_signer *signer, bool *is_for_git)
{
	if (strcasecmp(name, "cert-authority") == 0 && !value && !signer->is_authority) {
		signer->is_authority = true;
		return NULL;
	}
	if (strcasecmp(name, "namespaces") == 0 && value && !*is_for_git)
		return read_namespaces(reader, value, is_for_git);
	if (strcasecmp(name, "valid-after") == 0 && value && signer->valid_after == INT64_MIN)
		return read_time(reader, name, value, &signer->valid_after);
	if (strcasecmp(name, "valid-before") == 0 && value && signer->valid_before == INT64_MAX)
		return read_time(reader, name, value, &signer->valid_before);
	return wrong_line(
		reader,
		"Known options are namespaces=\"git\", valid-after=\"…\", valid-before=\"…\" and cert-authority, "
		"each once.",
		"it has an option, or a kind of key, that is not known or stands twice: '%s'",
		text_clip(reader->arena, name, 60));
}

static FALLIBLE read_namespaces(struct line_reader *reader, const char *value, bool *is_for_git)
{
	struct text_list names = {0};

	text_split(reader->arena, value, ',', &names);
	for (size_t i = 0; i < names.count; i++)
		if (text_equal(names.items[i], "git"))
			*is_for_git = true;
	if (strpbrk(value, "*?!") || !*is_for_git)
		return wrong_line(reader, "Write namespaces=\"git\".",
		                  "its namespaces (\"%s\") do not simply name git",
		                  text_clip(reader->arena, value, 60));
	return NULL;
}

static FALLIBLE read_time(struct line_reader *reader, const char *name, const char *value,
                          int64_t *ret_time)
{
	if (!signer_time_parse(value, ret_time))
		return wrong_line(
			reader,
			arena_printf(reader->arena,
		                     "Write %s=\"20261231Z\" or \"20261231235959Z\".", name),
			"its %s is not a time: \"%s\"", name, text_clip(reader->arena, value, 40));
	return NULL;
}

static FALLIBLE check_new(struct line_reader *reader, const struct allowed_signers *signers,
                          const struct allowed_signer *signer)
{
	const struct allowed_signer *known = allowed_signers_find(signers, &signer->key);

	if (!known)
		return NULL;
	if (text_equal(known->principal, signer->principal) &&
	    known->is_authority == signer->is_authority)
		return wrong_line(reader, "Keep one of the two lines.",
		                  "its key stands already in line %zu", known->line);
	if (known->is_authority || signer->is_authority)
		return wrong_line(
			reader,
			"Give the authority a key of its own, and one line with all patterns.",
			"its key stands already in line %zu, and an authority's key stands in one line alone",
			known->line);
	return wrong_line(
		reader,
		"Keep the line of the person who holds the key; give the other one a key of their own.",
		"its key stands already in line %zu, for '%s'", known->line, known->principal);
}

const struct allowed_signer *allowed_signers_find(const struct allowed_signers *signers,
                                                  const struct ssh_key *key)
{
	for (size_t i = 0; i < signers->count; i++)
		if (ssh_key_equal(&signers->items[i].key, key))
			return &signers->items[i];
	return NULL;
}

bool ssh_patterns_match(const char *patterns, const char *name)
{
	bool matches = false;

	for (const char *at = patterns; *at;) {
		const size_t size = strcspn(at, ",");
		const size_t negated = *at == '!';

		if (pattern_matches(at + negated, at + size, name)) {
			if (negated)
				return false;
			matches = true;
		}
		at += size + (at[size] == ',');
	}
	return matches;
}

static bool pattern_matches(const char *pattern, const char *end, const char *name)
{
	const char *star = NULL, *retry = NULL;

	while (*name) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (pattern < end && (*pattern == '?' || *pattern == *name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

FALLIBLE revoked_keys_parse(struct arena *arena, const char *path, struct bytes bytes,
                            struct ssh_keys *ret_keys)
{
	struct line_reader reader = {.arena = arena, .path = path};
	struct ssh_keys keys = {0};

	TRY(read_lines(&reader, bytes, &keys, read_revoked));
	*ret_keys = keys;
	return NULL;
}

void revoked_keys_check(struct arena *arena, const char *path, struct bytes bytes,
                        struct ssh_keys *ret_keys, struct key_problems *problems)
{
	struct line_reader reader = {.arena = arena, .path = path, .problems = problems};

	*ret_keys = (struct ssh_keys){0};
	if (read_lines(&reader, bytes, ret_keys, read_revoked))
		return; /* as many as are told were told */
}

bool revoked_keys_are_krl(struct bytes bytes)
{
	static const char magic[] = {'S', 'S', 'H', 'K', 'R', 'L', '\n', '\0'};

	return bytes.size >= sizeof magic && memcmp(bytes.data, magic, sizeof magic) == 0;
}

FALLIBLE allowed_signers_expire(struct arena *arena, const char *path, struct bytes bytes,
                                const char *principal, int64_t valid_before,
                                struct bytes *ret_bytes, size_t *ret_changed)
{
	const char *at = bytes.data, *end = bytes.data + bytes.size;
	struct allowed_signers signers;
	struct text edited = TEXT_IN(arena);
	size_t changed = 0;

	TRY(allowed_signers_parse(arena, path, bytes, &signers));
	for (size_t line = 1, next = 0; at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *behind = newline ? newline + 1 : end;
		const struct allowed_signer *signer =
			next < signers.count && signers.items[next].line == line
				? &signers.items[next++]
				: NULL;

		if (signer && text_equal(signer->principal, principal) &&
		    signer->valid_before > valid_before) {
			add_end(arena, arena_copy(arena, at, (size_t)(behind - at)), valid_before,
			        &edited);
			changed++;
		} else {
			text_add_bytes(&edited, at, (size_t)(behind - at));
		}
		at = behind;
	}
	TRY(allowed_signers_parse(arena, path, text_bytes(&edited), &signers));
	*ret_bytes = text_bytes(&edited);
	*ret_changed = changed;
	return NULL;
}

/* The line was read before, so its second field is options in order; only the old end is taken out of them. */
static void add_end(struct arena *arena, const char *line, int64_t valid_before,
                    struct text *edited)
{
	struct line_reader reader = {.arena = arena, .lines.at = line + strspn(line, " \t")};
	const char *options;
	bool first = true;

	text_add_bytes(edited, line, (size_t)(reader.lines.at - line));
	text_printf(edited, "%s ", take_field(&reader));
	options = take_field(&reader);
	while (*options) {
		const size_t name = strcspn(options, "=,");
		const char *quote = options[name] == '=' ? strchr(options + name + 2, '"') : NULL;
		const size_t size = quote ? (size_t)(quote + 1 - options) : name;

		if (strncasecmp(options, "valid-before=", name + 1) != 0) {
			text_add(edited, first ? "" : ",");
			text_add_bytes(edited, options, size);
			first = false;
		}
		options += size + (options[size] == ',');
	}
	text_printf(edited, ",valid-before=\"%s\" %s", signer_time(arena, valid_before),
	            reader.lines.at);
}

static FALLIBLE read_revoked(struct line_reader *reader, void *list)
{
	struct ssh_key key;

	TRY(read_key(reader, ssh_lines_word(&reader->lines), &key));
	*LIST_ADD(reader->arena, (struct ssh_keys *)list) = key;
	return NULL;
}

static FALLIBLE read_key(struct line_reader *reader, const char *type, struct ssh_key *ret_key)
{
	const char *digits = ssh_lines_word(&reader->lines), *why;
	struct bytes blob;
	bool supported;

	if (!base64_decode(reader->arena, digits, strlen(digits), &blob))
		return wrong_line(
			reader, "Copy type and key from the person's .pub file: ssh-ed25519 AAAA…",
			"it holds no public key where one belongs ('%s')",
			text_clip(reader->arena, type, 40));
	why = ssh_key_parse(reader->arena, blob, ret_key, &supported);
	if (why)
		return wrong_line(
			reader, "Copy type and key from the person's .pub file: ssh-ed25519 AAAA…",
			"its key cannot be used: %s", why);
	if (!text_equal(ret_key->type->name, type))
		return wrong_line(reader, "Copy the whole line of the person's .pub file.",
		                  "it says '%s' before a key of the kind '%s'",
		                  text_clip(reader->arena, type, 40), ret_key->type->name);
	return NULL;
}

/* Up to white space that is not inside double quotes. */
static const char *take_field(struct line_reader *reader)
{
	const char *at = reader->lines.at;
	bool quoted = false;
	const char *field;

	for (; *at && (quoted || (*at != ' ' && *at != '\t')); at++)
		if (*at == '"')
			quoted = !quoted;
	field = arena_copy(reader->arena, reader->lines.at, (size_t)(at - reader->lines.at));
	reader->lines.at = at + strspn(at, " \t");
	return field;
}

static struct error *wrong_line(struct line_reader *reader, const char *hint, const char *format,
                                ...)
{
	const char *why;
	va_list args;

	va_start(args, format);
	why = arena_vprintf(reader->arena, format, args);
	va_end(args);
	return FAIL(reader->arena, KEYRING,
	            .what = arena_printf(reader->arena,
	                                 "cannot use line %zu of the keyring file '%s'",
	                                 reader->lines.number, reader->path),
	            .why = why, .hint = hint);
}

bool signer_time_parse(const char *text, int64_t *ret_seconds)
{
	size_t size = strlen(text), digits = strspn(text, "0123456789");
	bool is_utc = size == digits + 1 && text[digits] == 'Z';
	struct tm broken = {.tm_isdst = -1}, again;
	int part[6] = {0};
	time_t seconds;

	if ((digits != 8 && digits != 12 && digits != 14) || (size != digits && !is_utc))
		return false;
	for (size_t i = 0, at = 0; at < digits; i++)
		for (size_t width = i == 0 ? 4 : 2; width > 0; width--)
			part[i] = part[i] * 10 + (text[at++] - '0');
	broken.tm_year = part[0] - 1900;
	broken.tm_mon = part[1] - 1;
	broken.tm_mday = part[2];
	broken.tm_hour = part[3];
	broken.tm_min = part[4];
	broken.tm_sec = part[5];
	again = broken;
	seconds = is_utc ? timegm(&again) : mktime(&again);
	if (again.tm_mday != broken.tm_mday || again.tm_mon != broken.tm_mon ||
	    again.tm_min != broken.tm_min || again.tm_sec != broken.tm_sec || broken.tm_hour > 23 ||
	    seconds < 0)
		return false; /* the calendar knows no such time: "20260231" */
	*ret_seconds = seconds;
	return true;
}

const char *signer_time(struct arena *arena, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm broken;

	if (!gmtime_r(&when, &broken))
		BUG("no calendar knows the time %lld", (long long)seconds);
	return arena_printf(arena, "%04d%02d%02d%02d%02d%02dZ", broken.tm_year + 1900,
	                    broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min,
	                    broken.tm_sec);
}

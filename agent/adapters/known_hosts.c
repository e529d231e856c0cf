/*
 * Strict reading of known_hosts. Names may be hashed (|1|salt|hash, HMAC-SHA-1): the writer of the file hides which
 * hosts it knows, so all that can be asked is whether a name is one of them.
 */
#include "adapters/known_hosts.h"

#include <errno.h>
#include <strings.h>
#include <sys/stat.h>

#include "adapters/ssh_lines.h"
#include "base/file.h"
#include "base/hash.h"

#define SSH_PORT 22

struct line_reader {
	struct arena *arena;
	const char *path;
	struct ssh_lines lines;
	const char *name; /* of the host that is looked for */
};

static struct error *read_line(struct line_reader *reader, struct known_hosts *hosts);
static struct error *read_marker(struct line_reader *reader, bool *ret_is_revoked);
static struct error *read_names(struct line_reader *reader, bool *ret_matches);
static struct error *read_hashed(struct line_reader *reader, const char *field, bool *ret_matches);
static struct error *read_key(struct line_reader *reader, struct ssh_key *ret_key);
static struct error *wrong_line(struct line_reader *reader, const char *why, const char *hint);

#define HINT_COPY "Copy the line as ssh-keyscan prints it: host ssh-ed25519 AAAA…"

FALLIBLE known_hosts_read(struct arena *arena, const char *path, struct bytes *ret_bytes)
{
	const char *what = arena_printf(arena, "cannot use the pinned host keys in '%s'", path);
	const char *why;
	struct stat status;
	struct error *error;

	if (stat(path, &status) != 0)
		return FAIL(
			arena, GIT_HOST_KEY, .what = what,
			.why = arena_text(arena, strerror(errno)),
			.hint = "Put the file back, or correct repository.known_hosts in the configuration.");
	if (!S_ISREG(status.st_mode))
		return FAIL(arena, GIT_HOST_KEY, .what = what, .why = "it is not a regular file",
		            .hint = "Name a regular file in repository.known_hosts.");
	why = file_distrust(arena, &status, "pin any server");
	if (why)
		return FAIL(arena, FILE_RIGHTS, .what = what, .why = why,
		            .hint = file_distrust_mend(arena, &status, path));
	error = file_read(arena, path, KNOWN_HOSTS_MAXIMUM, ret_bytes);
	if (error)
		return FAIL(arena, GIT_HOST_KEY, .what = what, .why = error_line(arena, error),
		            .hint = "Keep only the lines of the forge in it.");
	return NULL;
}

FALLIBLE known_hosts_parse(struct arena *arena, const char *path, struct bytes bytes,
                           const char *host, unsigned port, struct known_hosts *ret_hosts)
{
	struct line_reader reader = {.arena = arena,
	                             .path = path,
	                             .lines = ssh_lines_of(arena, bytes),
	                             .name = known_hosts_name(arena, host, port)};
	struct known_hosts hosts = {0};
	bool is_text;

	while (ssh_lines_next(&reader.lines, &is_text)) {
		if (!is_text)
			return wrong_line(&reader, "it is too long, or holds a NUL byte",
			                  HINT_COPY);
		TRY(read_line(&reader, &hosts));
	}
	*ret_hosts = hosts;
	return NULL;
}

const char *known_hosts_name(struct arena *arena, const char *host, unsigned port)
{
	return port == SSH_PORT ? host : arena_printf(arena, "[%s]:%u", host, port);
}

/* [marker] names type key [comment] */
static struct error *read_line(struct line_reader *reader, struct known_hosts *hosts)
{
	struct known_host host = {.line = reader->lines.number};
	bool matches;

	TRY(read_marker(reader, &host.is_revoked));
	TRY(read_names(reader, &matches));
	TRY(read_key(reader, &host.key));
	if (matches)
		*LIST_ADD(reader->arena, hosts) = host;
	return NULL;
}

static struct error *read_marker(struct line_reader *reader, bool *ret_is_revoked)
{
	const char *marker;

	*ret_is_revoked = false;
	if (*reader->lines.at != '@')
		return NULL;
	marker = ssh_lines_word(&reader->lines);
	if (text_equal(marker, "@cert-authority"))
		return wrong_line(
			reader,
			"'@cert-authority' is not supported: it would let in every host that an authority signs",
			"Pin the host's own key: host ssh-ed25519 AAAA…");
	if (!text_equal(marker, "@revoked"))
		return wrong_line(reader,
		                  arena_printf(reader->arena,
		                               "it begins with an unknown marker '%s'",
		                               text_clip(reader->arena, marker, 40)),
		                  HINT_COPY);
	*ret_is_revoked = true;
	return NULL;
}

static struct error *read_names(struct line_reader *reader, bool *ret_matches)
{
	const char *field = ssh_lines_word(&reader->lines);
	struct text_list names = {0};

	*ret_matches = false;
	if (*field == '|')
		return read_hashed(reader, field, ret_matches);
	text_split(reader->arena, field, ',', &names);
	for (size_t i = 0; i < names.count; i++) {
		if (strpbrk(names.items[i], "*?!"))
			return wrong_line(reader, "it names hosts by a pattern",
			                  "Write the host's whole name; a pin is for one host.");
		if (!*names.items[i] || strchr(names.items[i], '|') ||
		    text_has_control(names.items[i]))
			return wrong_line(reader, "a name in it is empty or odd", HINT_COPY);
		if (!strcasecmp(names.items[i], reader->name))
			*ret_matches = true;
	}
	return NULL;
}

static struct error *read_hashed(struct line_reader *reader, const char *field, bool *ret_matches)
{
	unsigned char digest[HMAC_SHA1_SIZE];
	struct text_list parts = {0};
	struct bytes salt, hash;

	text_split(reader->arena, field, '|', &parts);
	if (parts.count != 4 || !text_equal(parts.items[1], "1") ||
	    !base64_decode(reader->arena, parts.items[2], strlen(parts.items[2]), &salt) ||
	    !base64_decode(reader->arena, parts.items[3], strlen(parts.items[3]), &hash) ||
	    salt.size != sizeof digest || hash.size != sizeof digest)
		return wrong_line(reader, "its hashed name is not written as |1|salt|hash",
		                  "Copy the line as ssh-keygen -H wrote it.");
	hmac_sha1(salt, (struct bytes){reader->name, strlen(reader->name)}, digest);
	*ret_matches = !memcmp(digest, hash.data, sizeof digest);
	return NULL;
}

static struct error *read_key(struct line_reader *reader, struct ssh_key *ret_key)
{
	const char *type = ssh_lines_word(&reader->lines), *digits = ssh_lines_word(&reader->lines),
		   *why;
	struct bytes blob;
	bool supported;

	if (!*digits || !base64_decode(reader->arena, digits, strlen(digits), &blob))
		return wrong_line(reader, "it holds no public key where one belongs", HINT_COPY);
	why = ssh_key_parse(reader->arena, blob, ret_key, &supported);
	if (why)
		return wrong_line(
			reader, arena_printf(reader->arena, "its key cannot be used: %s", why),
			supported
				? HINT_COPY
				: "Pin another key of the host: ssh-keyscan -t ed25519,ecdsa,rsa <host>");
	if (!text_equal(ret_key->type->name, type))
		return wrong_line(
			reader,
			arena_printf(reader->arena, "it says '%s' before a key of the kind '%s'",
		                     text_clip(reader->arena, type, 40), ret_key->type->name),
			HINT_COPY);
	return NULL;
}

/* Up to white space. */

static struct error *wrong_line(struct line_reader *reader, const char *why, const char *hint)
{
	return FAIL(reader->arena, GIT_HOST_KEY,
	            .what = arena_printf(reader->arena,
	                                 "cannot use line %zu of the pinned host keys in '%s'",
	                                 reader->lines.number, reader->path),
	            .why = why, .hint = hint);
}

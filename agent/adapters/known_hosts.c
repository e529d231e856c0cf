/*
 * Strict reading of known_hosts. Names may be hashed (|1|salt|hash, HMAC-SHA-1): the writer of the file hides which
 * hosts it knows, so all that can be asked is whether a name is one of them.
 */
#include "adapters/known_hosts.h"

#include <errno.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"

#define LINE_MAXIMUM 16384 /* bytes */
#define SSH_PORT 22

struct line_reader {
	struct arena *arena;
	const char *path;
	size_t line;
	const char *at;   /* in the line */
	const char *name; /* of the host that is looked for */
};

static struct error *read_line(struct line_reader *reader, struct known_hosts *hosts);
static struct error *read_marker(struct line_reader *reader, bool *ret_is_revoked);
static struct error *read_names(struct line_reader *reader, bool *ret_matches);
static struct error *read_hashed(struct line_reader *reader, const char *field, bool *ret_matches);
static struct error *read_key(struct line_reader *reader, struct ssh_key *ret_key);
static const char *take_word(struct line_reader *reader);
static struct error *wrong_line(struct line_reader *reader, const char *why, const char *hint);

#define HINT_COPY "Copy the line as ssh-keyscan prints it: host ssh-ed25519 AAAA…"

FALLIBLE known_hosts_read(struct arena *arena, const char *path, struct bytes *ret_bytes)
{
	const char *what = arena_printf(arena, "cannot use the pinned host keys in '%s'", path);
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
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return FAIL(arena, FILE_RIGHTS, .what = what,
		            .why = arena_printf(arena,
		                                "it belongs to user %u, who could pin any server",
		                                (unsigned)status.st_uid),
		            .hint = arena_printf(
				    arena, "Give it to the agent's user or to root: chown root %s",
				    path));
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return FAIL(
			arena, FILE_RIGHTS, .what = what,
			.why = "others than its owner may write it",
			.hint = arena_printf(arena, "Take that right away: chmod go-w %s", path));
	error = file_read(arena, path, KNOWN_HOSTS_MAXIMUM, ret_bytes);
	if (error)
		return FAIL(arena, GIT_HOST_KEY, .what = what, .why = error_line(arena, error),
		            .hint = "Keep only the lines of the forge in it.");
	return NULL;
}

FALLIBLE known_hosts_parse(struct arena *arena, const char *path, struct bytes bytes,
                           const char *host, unsigned port, struct known_hosts *ret_hosts)
{
	struct line_reader reader = {
		.arena = arena, .path = path, .name = known_hosts_name(arena, host, port)};
	const char *at = bytes.data, *end = bytes.data + bytes.size;
	struct known_hosts hosts = {0};

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);

		reader.line++;
		if (size > LINE_MAXIMUM || memchr(at, '\0', size))
			return wrong_line(&reader, "it is too long, or holds a NUL byte",
			                  HINT_COPY);
		if (size && at[size - 1] == '\r')
			size--;
		reader.at = arena_copy(arena, at, size);
		reader.at += strspn(reader.at, " \t");
		if (*reader.at && *reader.at != '#')
			TRY(read_line(&reader, &hosts));
		at = newline ? newline + 1 : end;
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
	struct known_host host = {.line = reader->line};
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
	if (*reader->at != '@')
		return NULL;
	marker = take_word(reader);
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
	const char *field = take_word(reader);
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
	const char *type = take_word(reader), *digits = take_word(reader), *why;
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
static const char *take_word(struct line_reader *reader)
{
	size_t size = strcspn(reader->at, " \t");
	const char *word = arena_copy(reader->arena, reader->at, size);

	reader->at += size;
	reader->at += strspn(reader->at, " \t");
	return word;
}

static struct error *wrong_line(struct line_reader *reader, const char *why, const char *hint)
{
	return FAIL(reader->arena, GIT_HOST_KEY,
	            .what = arena_printf(reader->arena,
	                                 "cannot use line %zu of the pinned host keys in '%s'",
	                                 reader->line, reader->path),
	            .why = why, .hint = hint);
}

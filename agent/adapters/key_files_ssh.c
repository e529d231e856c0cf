/*
 * Keyring files for people. What a reader gets wrong: nothing that stands beside a key in a file from outside (a comment,
 * a title) ever gets into a line of ours; a line is composed of a name that was typed and a key that was parsed.
 */
#include "adapters/key_files_ssh.h"

#include "adapters/allowed_signers.h"
#include "base/file.h"
#include "base/node.h"

#define NOTE_MAXIMUM 60 /* code points of a comment or title that are shown */

static FALLIBLE read_trusted(struct arena *arena, const char *path, struct bytes *ret_bytes);
static void read_signers(struct arena *arena, const char *path, struct bytes bytes,
                         struct key_entries *entries, struct key_problems *problems);
static void read_revoked(struct arena *arena, const char *path, struct bytes bytes,
                         struct key_entries *entries, struct key_problems *problems,
                         bool *ret_binary);
static FALLIBLE read_offered(struct arena *arena, const char *path, enum key_source source,
                             struct key_entries *ret_entries);
static FALLIBLE read_public_file(struct arena *arena, const char *path, struct bytes bytes,
                                 struct key_entries *entries);
static FALLIBLE read_github(struct arena *arena, const char *path, struct bytes bytes,
                            struct key_entries *entries);
static FALLIBLE add_key(struct arena *arena, const char *path, const char *noun, size_t place,
                        const char *text, struct key_entries *entries, struct key_entry **ret_key);
static FALLIBLE unusable(struct arena *arena, const char *path, const char *why, const char *hint);
static FALLIBLE signer_line(struct arena *arena, const char *principal, const char *key,
                            int64_t valid_before, const char **ret_line);
static bool read_time(const char *text, int64_t *ret_seconds);

const struct key_files key_files_ssh = {
	.read = read_trusted,
	.signers = read_signers,
	.revoked = read_revoked,
	.offered = read_offered,
	.signer_line = signer_line,
	.expire = allowed_signers_expire,
	.time = read_time,
};

static FALLIBLE read_trusted(struct arena *arena, const char *path, struct bytes *ret_bytes)
{
	return trust_file_read(arena, path, REVOKED_MAXIMUM, ret_bytes);
}

static void read_signers(struct arena *arena, const char *path, struct bytes bytes,
                         struct key_entries *entries, struct key_problems *problems)
{
	struct allowed_signers signers;

	if (bytes.size > ALLOWED_SIGNERS_MAXIMUM) {
		*LIST_ADD(arena, problems) = (struct key_problem){
			.error = FAIL(
				arena, KEYRING,
				.what = arena_printf(arena, "cannot use the keyring file '%s'",
		                                     path),
				.why = arena_printf(arena, "it is larger than %s",
		                                    text_size(arena, ALLOWED_SIGNERS_MAXIMUM)),
				.hint = "Name the right file in the configuration (keys); it holds one line for each key.")};
		return;
	}
	allowed_signers_check(arena, path, bytes, &signers, problems);
	for (size_t i = 0; i < signers.count; i++) {
		const struct allowed_signer *signer = &signers.items[i];

		*LIST_ADD(arena, entries) = (struct key_entry){
			.principal = signer->principal,
			.authority = signer->is_authority,
			.kind = signer->key.type->name,
			.fingerprint = signer->key.fingerprint,
			.key = ssh_key_line(arena, &signer->key),
			.note = *signer->comment ? text_clip(arena, signer->comment, NOTE_MAXIMUM)
		                                 : NULL,
			.valid_after = signer->valid_after,
			.valid_before = signer->valid_before,
			.line = signer->line,
		};
	}
}

static void read_revoked(struct arena *arena, const char *path, struct bytes bytes,
                         struct key_entries *entries, struct key_problems *problems,
                         bool *ret_binary)
{
	struct ssh_keys keys;

	*ret_binary = revoked_keys_are_krl(bytes);
	if (*ret_binary)
		return;
	revoked_keys_check(arena, path, bytes, &keys, problems);
	for (size_t i = 0; i < keys.count; i++)
		*LIST_ADD(arena, entries) = (struct key_entry){
			.kind = keys.items[i].type->name,
			.fingerprint = keys.items[i].fingerprint,
			.key = ssh_key_line(arena, &keys.items[i]),
			.valid_after = INT64_MIN,
			.valid_before = INT64_MAX,
		};
}

static FALLIBLE read_offered(struct arena *arena, const char *path, enum key_source source,
                             struct key_entries *ret_entries)
{
	struct key_entries entries = {0};
	struct bytes bytes;

	TRY(file_read(arena, path, PUBLIC_KEYS_BYTES, &bytes));
	switch (source) {
	case KEYS_OF_PUBLIC_FILE:
		TRY(read_public_file(arena, path, bytes, &entries));
		break;
	case KEYS_OF_GITHUB:
		TRY(read_github(arena, path, bytes, &entries));
		break;
	}
	if (!entries.count)
		return unusable(
			arena, path, "it holds no key",
			source == KEYS_OF_GITHUB
				? "Has the person added a signing key? Authentication keys are listed elsewhere: "
				  "Settings, SSH and GPG keys, New SSH key, Key type: Signing Key."
				: "Name the person's .pub file, such as id_ed25519.pub.");
	*ret_entries = entries;
	return NULL;
}

static FALLIBLE read_public_file(struct arena *arena, const char *path, struct bytes bytes,
                                 struct key_entries *entries)
{
	struct text_list lines = {0};
	struct key_entry *key;

	if (memchr(bytes.data, '\0', bytes.size) || !text_is_utf8(bytes.data, bytes.size))
		return unusable(arena, path, "it is no text",
		                "Name the person's .pub file, such as id_ed25519.pub.");
	if (strstr(bytes.data, "PRIVATE KEY-----"))
		return unusable(arena, path, "it is a private key, which stays with its owner",
		                arena_printf(arena,
		                             "Name the public half, which stands beside it: "
		                             "%s.pub",
		                             path));
	text_split(arena, bytes.data, '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = text_trim(arena, lines.items[i]);

		if (!*line || *line == '#')
			continue;
		TRY(add_key(arena, path, "line", i + 1, line, entries, &key));
	}
	return NULL;
}

/* An array of {id, key, title, created_at}; an error of the API is a map with a message. */
static FALLIBLE read_github(struct arena *arena, const char *path, struct bytes bytes,
                            struct key_entries *entries)
{
	const char *hint =
		"Save the forge's answer: curl -fsS https://api.github.com/users/NAME/ssh_signing_keys";
	const char *why = NULL;
	const struct node *list = node_from_json(arena, bytes.data, bytes.size, &why);
	size_t place = 0;

	if (!list)
		return unusable(arena, path, arena_printf(arena, "it is no JSON: %s", why), hint);
	if (node_find_text(list, "message"))
		return unusable(arena, path,
		                arena_printf(arena, "the forge answered: %s",
		                             text_clip(arena, node_find_text(list, "message"),
		                                       NOTE_MAXIMUM)),
		                hint);
	if (list->kind != NODE_LIST)
		return unusable(arena, path, "it is not a list of keys", hint);
	for (const struct node *node = list->child; node; node = node->next) {
		const char *text = node_find_text(node, "key");
		const char *title = node_find_text(node, "title");
		struct key_entry *key;

		place++;
		if (!text)
			return unusable(
				arena, path,
				arena_printf(arena, "entry %zu of the list has no 'key'", place),
				hint);
		TRY(add_key(arena, path, "entry", place, text, entries, &key));
		if (title && *title)
			key->note = text_clip(arena, title, NOTE_MAXIMUM);
	}
	return NULL;
}

/* "kind base64 [comment]". What is no key at all ends the reading; a key that cannot vouch says why. */
static FALLIBLE add_key(struct arena *arena, const char *path, const char *noun, size_t place,
                        const char *text, struct key_entries *entries, struct key_entry **ret_key)
{
	const size_t kind_size = strcspn(text, " \t");
	const char *digits = text + kind_size + strspn(text + kind_size, " \t");
	const size_t digits_size = strcspn(digits, " \t\r\n");
	const char *comment = text_trim(arena, digits + digits_size);
	const char *kind = arena_copy(arena, text, kind_size);
	struct key_entry entry = {
		.valid_after = INT64_MIN, .valid_before = INT64_MAX, .line = place};
	struct bytes blob = {0};
	struct ssh_key key;
	bool supported = false;

	if (entries->count >= PUBLIC_KEYS_MAXIMUM)
		return FAIL(
			arena, FILE_LIMIT,
			.what = arena_printf(arena, "cannot take keys over from '%s'", path),
			.why = arena_printf(arena, "it holds more than %d keys",
		                            PUBLIC_KEYS_MAXIMUM),
			.hint = "A person has a few keys: take over only those that they sign with.");
	if (strpbrk(text, "\r\n") || !base64_decode(arena, digits, digits_size, &blob))
		return unusable(
			arena, path, arena_printf(arena, "%s %zu is no public key", noun, place),
			"Ask the person for the .pub file; a key is one line: ssh-ed25519 AAAA… comment");
	entry.kind = text_clip(arena, kind, NOTE_MAXIMUM);
	entry.note = *comment ? text_clip(arena, comment, NOTE_MAXIMUM) : NULL;
	entry.why = ssh_key_parse(arena, blob, &key, &supported);
	if (entry.why && supported)
		return unusable(arena, path,
		                arena_printf(arena, "%s %zu: %s", noun, place, entry.why),
		                "Ask the person for the file again; it may have been cut off.");
	if (!entry.why && !text_equal(key.type->name, kind))
		return unusable(
			arena, path,
			arena_printf(arena, "%s %zu says '%s' before a key of the kind '%s'", noun,
		                     place, entry.kind, key.type->name),
			"Ask the person for the file again; somebody has changed this one.");
	if (!entry.why) {
		entry.fingerprint = key.fingerprint;
		entry.key = ssh_key_line(arena, &key);
	}
	*ret_key = LIST_ADD(arena, entries);
	**ret_key = entry;
	return NULL;
}

static FALLIBLE unusable(struct arena *arena, const char *path, const char *why, const char *hint)
{
	return FAIL(arena, KEY_FILE,
	            .what = arena_printf(arena, "cannot take keys over from '%s'", path),
	            .why = why, .hint = hint);
}

/* The line is read again as the keyring would: what comes out must be what went in, whatever stands in the name. */
static FALLIBLE signer_line(struct arena *arena, const char *principal, const char *key,
                            int64_t valid_before, const char **ret_line)
{
	struct text line = TEXT_IN(arena);
	struct allowed_signers signers = {0};
	struct error *error = NULL;

	text_printf(&line, "%s namespaces=\"git\"", principal);
	if (valid_before != INT64_MAX)
		text_printf(&line, ",valid-before=\"%s\"", signer_time(arena, valid_before));
	text_printf(&line, " %s", key);
	if (!text_has_control(principal))
		error = allowed_signers_parse(arena, "the new line", text_bytes(&line), &signers);
	if (!error && signers.count == 1 && text_equal(signers.items[0].principal, principal) &&
	    text_equal(ssh_key_line(arena, &signers.items[0].key), key)) {
		*ret_line = text_get(&line);
		return NULL;
	}
	return FAIL(arena, USAGE,
	            .what = arena_printf(arena, "'%s' is no name for a person",
	                                 text_clip(arena, principal, NOTE_MAXIMUM)),
	            .why = error ? error->why : "it holds what would be read as something else",
	            .hint = "Write one full name without blanks: --principal ada@example.org");
}

static bool read_time(const char *text, int64_t *ret_seconds)
{
	char digits[] = "YYYYMMDDZ";

	if (strlen(text) == 10 && text[4] == '-' && text[7] == '-') {
		memcpy(digits, text, 4);
		memcpy(digits + 4, text + 5, 2);
		memcpy(digits + 6, text + 8, 2);
		return signer_time_parse(digits, ret_seconds);
	}
	return signer_time_parse(text, ret_seconds);
}

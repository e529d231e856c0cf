/*
 * The folder of OpenPGP keys. Nothing is understood of the keys here, only of the files; a line outside of the armor
 * that gpg would pass over is an error, because somebody meant something by it.
 */
#include "adapters/pgp_folder.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "adapters/allowed_signers.h"
#include "base/file.h"
#include "base/hash.h"

#define SUFFIX ".asc"
#define ARMOR_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define ARMOR_END "-----END PGP PUBLIC KEY BLOCK-----"
#define PRINCIPAL_MAXIMUM 200 /* bytes */
#define ODD "*?!,\" \t"       /* in a name: wildcards, lists and what would have to be quoted */
#define FINGERPRINT_LABEL "fingerprint:"
#define FINGERPRINT_DIGITS 40

static bool is_file(const char *path);
static FALLIBLE read_alone(struct arena *arena, const char *path, struct pgp_files *files,
                           struct sha256 *sha256);
static FALLIBLE read_all(struct arena *arena, const char *folder, struct pgp_files *files,
                         struct sha256 *sha256);
static FALLIBLE check_folder(struct arena *arena, const char *folder);
static int compare_entries(const void *a, const void *b);
static FALLIBLE read_file(struct arena *arena, const char *name, struct pgp_file *file,
                          struct sha256 *sha256);
static FALLIBLE check_name(struct arena *arena, const char *path, const char *name,
                           const char **ret_principal);
static FALLIBLE read_text(struct arena *arena, struct bytes bytes, struct pgp_file *file);
static FALLIBLE read_outside(struct arena *arena, struct pgp_file *file, const char *line,
                             size_t number);
static FALLIBLE add_fingerprint(struct arena *arena, struct pgp_file *file, const char *text,
                                size_t number);
static FALLIBLE wrong_line(struct arena *arena, const struct pgp_file *file, size_t number,
                           const char *why, const char *hint);

FALLIBLE pgp_folder_read(struct arena *arena, const char *folder, struct pgp_files *ret_files,
                         const char **ret_digest)
{
	struct pgp_files files = {0};
	struct sha256 *sha256 = sha256_begin();
	char hex[SHA256_HEX];
	struct error *error = is_file(folder) ? read_alone(arena, folder, &files, sha256)
	                                      : read_all(arena, folder, &files, sha256);

	sha256_end(sha256, hex);
	if (error)
		return error;
	if (!files.count)
		return pgp_file_refused(
			arena, folder, "it holds nobody's key",
			"Add a file for each person who may sign: gpg --armor --export "
			"ada@example.org > ada@example.org.asc");
	*ret_files = files;
	*ret_digest = arena_text(arena, hex);
	return NULL;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static FALLIBLE read_alone(struct arena *arena, const char *path, struct pgp_files *files,
                           struct sha256 *sha256)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct pgp_file file = {.path = path};

	if (strchr(name, '@'))
		TRY(check_name(arena, path, name, &file.principal));
	TRY(read_file(arena, name, &file, sha256));
	*LIST_ADD(arena, files) = file;
	return NULL;
}

static FALLIBLE read_all(struct arena *arena, const char *folder, struct pgp_files *files,
                         struct sha256 *sha256)
{
	struct file_entries entries = {0};
	struct error *error;

	TRY(check_folder(arena, folder));
	error = folder_list(arena, folder, PGP_FILES_MAXIMUM, &entries);
	if (error)
		return pgp_file_refused(arena, folder, error_line(arena, error), error->hint);
	if (entries.count)
		qsort(entries.items, entries.count, sizeof *entries.items, compare_entries);
	for (size_t i = 0; i < entries.count; i++) {
		const char *name = entries.items[i].name;
		struct pgp_file file = {.path = path_join(arena, folder, name)};

		if (name[0] == '.')
			continue;
		TRY(check_name(arena, file.path, name, &file.principal));
		TRY(read_file(arena, name, &file, sha256));
		*LIST_ADD(arena, files) = file;
	}
	return NULL;
}

static FALLIBLE check_folder(struct arena *arena, const char *folder)
{
	const char *why;
	struct stat status;

	if (stat(folder, &status) != 0)
		return pgp_file_refused(
			arena, folder, errno_text(arena, errno),
			"Nothing is accepted until the folder can be read; put it back, or correct "
			"its path in the configuration (keys.openpgp).");
	if (!S_ISDIR(status.st_mode))
		return pgp_file_refused(arena, folder, "it is not a folder",
		                        "Name a folder with one file PRINCIPAL.asc a person in the "
		                        "configuration (keys.openpgp).");
	why = file_distrust(arena, &status, "let in anybody");
	if (why)
		return pgp_file_refused(arena, folder, why,
		                        file_distrust_mend(arena, &status, folder));
	return NULL;
}

static int compare_entries(const void *a, const void *b)
{
	const struct file_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static FALLIBLE read_file(struct arena *arena, const char *name, struct pgp_file *file,
                          struct sha256 *sha256)
{
	struct bytes bytes;
	const char *row;

	TRY(trust_file_read(arena, file->path, PGP_FILE_MAXIMUM, &bytes));
	row = arena_printf(arena, "%s %s\n", sha256_text(arena, bytes.data, bytes.size), name);
	sha256_add(sha256, row, strlen(row));
	return read_text(arena, bytes, file);
}

static FALLIBLE check_name(struct arena *arena, const char *path, const char *name,
                           const char **ret_principal)
{
	size_t size = strlen(name);

	if (!text_ends(name, SUFFIX) || size == strlen(SUFFIX))
		return pgp_file_refused(
			arena, path, "its name is not a person's with .asc behind it",
			arena_printf(arena,
		                     "Name it PRINCIPAL.asc, such as ada@example.org.asc, or take "
		                     "it away: mv '%s' /somewhere/else",
		                     path));
	size -= strlen(SUFFIX);
	if (size > PRINCIPAL_MAXIMUM || text_has_control(name) || !text_is_utf8(name, size) ||
	    strpbrk(name, ODD))
		return pgp_file_refused(
			arena, path,
			"its name is no person's: wildcards, commas, quotes, spaces "
			"and control characters are none",
			"Name it PRINCIPAL.asc, such as ada@example.org.asc.");
	*ret_principal = arena_copy(arena, name, size);
	return NULL;
}

bool pgp_principal_is_name(const char *principal)
{
	const size_t size = strlen(principal);

	return size && size <= PRINCIPAL_MAXIMUM && *principal != '.' && !strchr(principal, '/') &&
	       !text_has_control(principal) && text_is_utf8(principal, size) &&
	       !strpbrk(principal, ODD);
}

FALLIBLE pgp_file_parse(struct arena *arena, const char *path, const char *principal,
                        struct bytes bytes, struct pgp_file *ret_file)
{
	struct pgp_file file = {.path = path, .principal = principal};

	TRY(read_text(arena, bytes, &file));
	*ret_file = file;
	return NULL;
}

static FALLIBLE read_text(struct arena *arena, struct bytes bytes, struct pgp_file *file)
{
	const char *at = bytes.data, *end = bytes.data + bytes.size;
	struct text armor = TEXT_IN(arena);
	bool inside = false;

	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);
		const char *line = arena_copy(arena, at, size);

		at += size + (newline ? 1 : 0);
		if (strlen(line) != size)
			return wrong_line(
				arena, file, number, "it holds a NUL byte",
				"The file must be in ASCII armor: gpg --armor --export KEY");
		line = text_trim(arena, line);
		if (!inside && !text_equal(line, ARMOR_BEGIN)) {
			TRY(read_outside(arena, file, line, number));
			continue;
		}
		inside = !text_equal(line, ARMOR_END);
		text_printf(&armor, "%s\n", line);
	}
	if (inside)
		return pgp_file_refused(arena, file->path,
		                        "its last key has no end: '" ARMOR_END "' is missing",
		                        "Write it anew: gpg --armor --export KEY");
	if (!armor.size)
		return pgp_file_refused(
			arena, file->path, "it holds no key in ASCII armor",
			arena_printf(arena,
		                     "Write the person's public key into it: gpg --armor "
		                     "--export %s",
		                     file->principal ? file->principal : "KEY"));
	file->armor = text_bytes(&armor);
	return NULL;
}

static FALLIBLE read_outside(struct arena *arena, struct pgp_file *file, const char *line,
                             size_t number)
{
	if (!*line || *line == '#')
		return NULL;
	if (strncasecmp(line, FINGERPRINT_LABEL, strlen(FINGERPRINT_LABEL)) == 0)
		return add_fingerprint(arena, file, line + strlen(FINGERPRINT_LABEL), number);
	if (strstr(line, "PRIVATE KEY"))
		return wrong_line(arena, file, number, "it is a private key",
		                  "Take it off this machine, and write the public key here: gpg "
		                  "--armor --export KEY");
	return wrong_line(arena, file, number,
	                  "it is no comment (#), no fingerprint, and not within a key",
	                  "Write a # before the line, or take it away.");
}

static FALLIBLE add_fingerprint(struct arena *arena, struct pgp_file *file, const char *text,
                                size_t number)
{
	char digits[FINGERPRINT_DIGITS + 1] = "";
	size_t count = 0;

	for (; *text; text++) {
		if (*text == ' ' || *text == '\t')
			continue;
		if (!isxdigit((unsigned char)*text) || count == FINGERPRINT_DIGITS) {
			count = 0;
			break;
		}
		digits[count++] = (char)toupper((unsigned char)*text);
	}
	if (count != FINGERPRINT_DIGITS)
		return wrong_line(arena, file, number,
		                  "a fingerprint has 40 hex digits; a key id can be forged",
		                  "Write all of it: gpg --fingerprint KEY");
	*LIST_ADD(arena, &file->named) = arena_text(arena, digits);
	return NULL;
}

static FALLIBLE wrong_line(struct arena *arena, const struct pgp_file *file, size_t number,
                           const char *why, const char *hint)
{
	return pgp_file_refused(arena, file->path, arena_printf(arena, "line %zu: %s", number, why),
	                        hint);
}

FALLIBLE pgp_file_refused(struct arena *arena, const char *path, const char *why, const char *hint)
{
	return FAIL(arena, KEYRING,
	            .what = arena_printf(arena, "cannot use the keyring file '%s'", path),
	            .why = why, .hint = hint);
}

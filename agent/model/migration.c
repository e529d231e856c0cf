/*
 * Names, order, checksums and the lock file of migrations, as Prisma sees them (R14,
 * R15). Easily got wrong: the order is not that of the bytes. Prisma sorts with localeCompare,
 * where `_` comes before `-`, both before digits, and `a` before `A` before `b`.
 */
#include "model/migration.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static unsigned weight(unsigned char byte);
static int compare_migrations(const void *a, const void *b);
static void hash_with(struct bytes sql, const char *from, const char *to, char ret_hex[SHA256_HEX]);
static bool equals_stored(const char *stored, const char hex[SHA256_HEX]);
static size_t line_of(struct bytes bytes, size_t at);
static size_t first_not_utf8(struct bytes bytes);
static const char *provider_of(struct arena *arena, struct bytes toml);

const struct migration *migration_find(const struct migrations *migrations, const char *name)
{
	for (size_t i = 0; i < migrations->count; i++)
		if (text_equal(migrations->items[i].name, name))
			return &migrations->items[i];
	return NULL;
}

const struct migration *migration_find_checksum(const struct migrations *migrations,
                                                const char *checksum)
{
	for (size_t i = 0; i < migrations->count; i++)
		if (migrations->items[i].has_sql &&
		    text_equal(migrations->items[i].checksum, checksum))
			return &migrations->items[i];
	return NULL;
}

/*
 * The root collation of Unicode (UTS #10, DUCET as CLDR tailors it), cut down to printable ASCII.
 * First all characters by weight, then, at the first letter that differs in case, the lower one
 * first.
 */
int migration_name_order(const char *a, const char *b)
{
	const unsigned char *left = (const unsigned char *)a, *right = (const unsigned char *)b;
	int by_case = 0;

	for (; *left && *right; left++, right++) {
		unsigned here = weight(*left), there = weight(*right);

		if (here != there)
			return here < there ? -1 : 1;
		if (!by_case && *left != *right)
			by_case = islower(*left) ? -1 : 1;
	}
	if (*left || *right)
		return *left ? 1 : -1;
	return by_case;
}

static unsigned weight(unsigned char byte)
{
	static const char order[] =
		" _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";
	const char *found = byte < 0x80 ? strchr(order, tolower(byte)) : NULL;

	if (found)
		return 0x80 + (unsigned)(found - order);
	return byte < 0x80 ? byte
	                   : 0x100u + byte; /* control characters before, other bytes after */
}

void migrations_sort(struct migrations *migrations)
{
	if (migrations->count)
		qsort(migrations->items, migrations->count, sizeof *migrations->items,
		      compare_migrations);
}

static int compare_migrations(const void *a, const void *b)
{
	const struct migration *left = a, *right = b;

	return migration_name_order(left->name, right->name);
}

bool migration_name_is_ascii(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name >= 0x80)
			return false;
	return true;
}

bool migration_name_is_regular(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits == 14 && name[14] == '_' && name[15] &&
	       !name[15 + strspn(name + 15, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

bool checksum_matches(struct arena *arena, const char *stored, struct bytes sql)
{
	static const struct {
		const char *from, *to;
	} endings[] = {{"", ""}, {"\r\n", "\n"}, {"\n", "\r\n"}};
	char hex[SHA256_HEX];

	(void)arena; /* nothing is copied: the hash takes pieces */
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		hash_with(sql, endings[i].from, endings[i].to, hex);
		if (equals_stored(stored, hex))
			return true;
	}
	return false;
}

/* The hash of the bytes with each `from` replaced by `to`; as they are when `from` is empty. */
static void hash_with(struct bytes sql, const char *from, const char *to, char ret_hex[SHA256_HEX])
{
	struct sha256 *sha256 = sha256_begin();
	const char *at = sql.data, *end = sql.data + sql.size, *found;

	while (*from && at < end && (found = memmem(at, (size_t)(end - at), from, strlen(from)))) {
		sha256_add(sha256, at, (size_t)(found - at));
		sha256_add(sha256, to, strlen(to));
		at = found + strlen(from);
	}
	if (at < end)
		sha256_add(sha256, at, (size_t)(end - at));
	sha256_end(sha256, ret_hex);
}

/*
 * Early versions of Prisma wrote each byte without its leading zero (prisma/prisma-engines#1887).
 */
static bool equals_stored(const char *stored, const char hex[SHA256_HEX])
{
	if (strlen(stored) == SHA256_HEX - 1)
		return !strcmp(stored, hex);
	for (; *hex; hex += 2) {
		if (hex[0] != '0' && *stored++ != hex[0])
			return false;
		if (*stored++ != hex[1])
			return false;
	}
	return !*stored;
}

FALLIBLE migration_check_text(struct arena *arena, const char *file, struct bytes bytes)
{
	const char *nul = bytes.size ? memchr(bytes.data, 0, bytes.size) : NULL;

	if (nul)
		return FAIL(
			arena, FILE_NOT_TEXT,
			.what = arena_printf(arena, "cannot accept '%s'", file),
			.why = arena_printf(
				arena, "line %zu holds a NUL byte, and PostgreSQL would stop there",
				line_of(bytes, (size_t)(nul - bytes.data))),
			.hint = "Save the file as UTF-8 (an editor may have written UTF-16), in a new commit.");
	if (!text_is_utf8(bytes.data, bytes.size))
		return FAIL(
			arena, FILE_NOT_TEXT,
			.what = arena_printf(arena, "cannot accept '%s'", file),
			.why = arena_printf(
				arena, "line %zu is not valid UTF-8, and Prisma would change it",
				line_of(bytes, first_not_utf8(bytes))),
			.hint = "Save the file as UTF-8, in a new commit: iconv -f <encoding> -t UTF-8");
	return NULL;
}

static size_t line_of(struct bytes bytes, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += bytes.data[i] == '\n';
	return line;
}

/* A line break never stands inside a character, so whole lines may be judged apart. */
static size_t first_not_utf8(struct bytes bytes)
{
	const char *at = bytes.data, *end = bytes.data + bytes.size;

	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t size = line ? (size_t)(line - at) + 1 : (size_t)(end - at);

		if (!text_is_utf8(at, size))
			break;
		at += size;
	}
	return (size_t)(at - bytes.data);
}

FALLIBLE migration_lock_check(struct arena *arena, bool has_file, struct bytes toml)
{
	const char *provider;

	if (!has_file)
		return NULL;
	provider = provider_of(arena, toml);
	if (text_equal(provider, "postgresql"))
		return NULL;
	return FAIL(
		arena, LOCK_PROVIDER, .what = "cannot accept 'migration_lock.toml'",
		.why = provider ? arena_printf(arena,
	                                       "its provider is read as '%s', not 'postgresql'",
	                                       text_clip(arena, provider, 60))
	                        : "no line of it begins with provider",
		.hint = "Give it this line, as Prisma writes it, in a new commit: provider = \"postgresql\"");
}

/*
 * As Prisma reads it, which is not as TOML: the first line that starts so, cut off as it stands
 * (P3019 otherwise).
 */
static const char *provider_of(struct arena *arena, struct bytes toml)
{
	struct text_list lines = {0};

	text_split(arena, toml.size ? arena_copy(arena, toml.data, toml.size) : "", '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const char *at = lines.items[i];
		size_t size;

		if (!text_starts(at, "provider"))
			continue;
		while (text_starts(at, "provider = "))
			at += strlen("provider = ");
		size = strlen(at);
		if (size && at[size - 1] == '\r')
			size--;
		for (; size && *at == '"'; at++)
			size--;
		while (size && at[size - 1] == '"')
			size--;
		return arena_copy(arena, at, size);
	}
	return NULL;
}

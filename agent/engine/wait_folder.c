/*
 * The migrations folder that an application brings, read from disk. What a reader gets wrong: Prisma skips a symbolic
 * link without a word, and an application that waits for less than it needs would start too early; so a link is refused.
 */
#include "engine/wait.h"

#include "base/file.h"

#define LOCK_FILE "migration_lock.toml"
#define FOLDER_BYTES_MAXIMUM (512u * 1024 * 1024) /* of all files together */

static struct error *read_lock_file(struct arena *arena, const char *path, bool *ret_has_file);
static struct error *read_migration(struct arena *arena, const char *path, const char *name,
                                    struct migration *migration);

struct error *wait_read_folder(struct arena *arena, const char *path,
                               struct migrations *ret_migrations)
{
	struct migrations migrations = {0};
	struct file_entries entries = {0};
	bool has_lock_file = false;
	size_t size = 0;

	if (!file_exists(path))
		return FAIL(
			arena, USAGE, .what = arena_printf(arena, "there is no folder '%s'", path),
			.hint = "Name the folder that holds migration_lock.toml: headgate wait --migrations prisma/migrations");
	TRY(folder_list(arena, path, FOLDER_ENTRIES_MAXIMUM, &entries));
	TRY(read_lock_file(arena, path, &has_lock_file));
	for (size_t i = 0; i < entries.count; i++) {
		const struct file_entry *entry = &entries.items[i];
		struct migration *migration;

		if (entry->kind == ENTRY_IS_LINK && !text_equal(entry->name, LOCK_FILE))
			return FAIL(
				arena, FOLDER_ENTRY,
				.what = arena_printf(arena, "'%s' is a symbolic link",
			                             path_join(arena, path, entry->name)),
				.why = "Prisma skips links, so it is not known whether this one counts",
				.hint = "Copy the folder itself into the image: cp -rL");
		if (entry->kind != ENTRY_IS_FOLDER)
			continue;
		migration = LIST_ADD(arena, &migrations);
		TRY(read_migration(arena, path, entry->name, migration));
		size += migration->sql.size;
		if (size > FOLDER_BYTES_MAXIMUM)
			return FAIL(arena, FILE_LIMIT,
			            .what = arena_printf(arena, "cannot read all of '%s'", path),
			            .why = arena_printf(arena, "its files are larger than %s",
			                                text_size(arena, FOLDER_BYTES_MAXIMUM)),
			            .hint = arena_printf(arena, "Look at what is there: du -h '%s'",
			                                 path));
	}
	if (!migrations.count && !has_lock_file)
		return FAIL(
			arena, FOLDER_MISSING,
			.what = arena_printf(arena, "'%s' holds no migrations", path),
			.why = "neither a folder with a migration.sql nor migration_lock.toml is there",
			.hint = "Name the folder that the image has them in, or copy them into the image.");
	migrations_sort(&migrations);
	*ret_migrations = migrations;
	return NULL;
}

static struct error *read_lock_file(struct arena *arena, const char *path, bool *ret_has_file)
{
	const char *file = path_join(arena, path, LOCK_FILE);
	struct bytes toml = {0};

	if (!file_exists(file))
		return NULL;
	TRY(file_read(arena, file, MIGRATION_FILE_MAXIMUM, &toml));
	*ret_has_file = true;
	return migration_lock_check(arena, true, toml);
}

/* As Prisma does, a link in the place of migration.sql is followed. */
static struct error *read_migration(struct arena *arena, const char *path, const char *name,
                                    struct migration *migration)
{
	const char *folder = path_join(arena, path, name);
	const char *file = path_join(arena, folder, "migration.sql");

	if (strlen(name) > MIGRATION_NAME_MAXIMUM)
		return FAIL(arena, FOLDER_ENTRY,
		            .what = arena_printf(arena, "the name '%.40s…' is longer than %d bytes",
		                                 name, MIGRATION_NAME_MAXIMUM),
		            .why = "the ledger's column migration_name holds no more",
		            .hint = "Give the folder a shorter name.");
	if (!file_exists(file))
		return FAIL(
			arena, FILE_MISSING,
			.what = arena_printf(arena, "'%s' has no migration.sql", folder),
			.why = "each folder there is a migration, and this one would never be applied",
			.hint = "Take the folder out of the image, or bring its migration.sql.");
	migration->name = name;
	TRY(file_read(arena, file, MIGRATION_FILE_MAXIMUM, &migration->sql));
	sha256_hex(migration->sql.data, migration->sql.size, migration->checksum);
	migration->has_sql = true;
	return NULL;
}

/*
 * The migrations folder of one commit, as git has it: entries with mode and object id, not yet read. Two listings are
 * compared to learn what a step changes.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define FOLDER_ENTRIES_MAXIMUM 20000

enum entry_mode {
	ENTRY_FILE,
	ENTRY_PROGRAM,
	ENTRY_FOLDER,
	ENTRY_LINK,
	ENTRY_SUBMODULE,
	ENTRY_OTHER
};

struct folder_entry {
	const char *name;
	enum entry_mode mode;
	const char *id; /* object id, 40 hex digits */
};

struct folder {
	const char *tree; /* object id of the listing; NULL: the folder is not there */
	struct folder_entry *items;
	size_t count, room;
};

enum change_kind { CHANGE_ADDED, CHANGE_CHANGED, CHANGE_REMOVED };

struct change {
	enum change_kind kind;
	const char *name;
	const struct folder_entry *before, *after; /* NULL when added, removed */
	bool sql_same; /* set by watch: a changed folder whose migration.sql is still the same object */
};

struct changes {
	struct change *items;
	size_t count, room;
};

const struct folder_entry *folder_find(const struct folder *folder, const char *name);
struct folder *folder_copy(struct arena *arena, const struct folder *folder);
/* Entries that differ in mode or object, in the order of their names (bytes). Equal trees give none at once. */
void folder_compare(struct arena *arena, const struct folder *before, const struct folder *after,
                    struct changes *ret_changes);

/*
 * Reading a note (git-notes(1)): the tree behind a notes ref holds one blob per commit, named by
 * its id, the first digits perhaps cut off into folders. Not by git_note_read(): the remote may
 * send a note of any size.
 */
#include "adapters/git.h"
#include "base/text.h"
#include "model/commit.h"

static struct error *find_note(struct git *git, const char *tree, const char *name,
                               struct arena *arena, const char **ret_blob);

FALLIBLE git_notes_read(struct git *git, const char *ref, const char *commit, struct arena *arena,
                        struct bytes *ret_note)
{
	struct commit_links links;
	const char *notes, *blob = NULL;
	struct bytes raw;

	TRY(git_find_ref(git, ref, arena, &notes));
	if (notes) {
		TRY(git_read(git, notes, GIT_KIND_COMMIT, COMMIT_MAXIMUM, arena, &raw));
		TRY(git_objects_links(arena, notes, raw, &links));
		TRY(find_note(git, links.tree, commit, arena, &blob));
	}
	if (!blob) {
		*ret_note = (struct bytes){.data = "", .size = 0};
		return NULL;
	}
	return git_read(git, blob, GIT_KIND_BLOB, GIT_NOTE_MAXIMUM, arena, ret_note);
}

static struct error *find_note(struct git *git, const char *tree, const char *name,
                               struct arena *arena, const char **ret_blob)
{
	*ret_blob = NULL;
	while (*name) {
		struct folder_entry entry;
		struct bytes raw;
		bool found;

		TRY(git_read(git, tree, GIT_KIND_TREE, TREE_MAXIMUM, arena, &raw));
		TRY(git_objects_find(arena, tree, raw, name, &found, &entry));
		if (found) {
			*ret_blob = entry.mode == ENTRY_FOLDER ? NULL : entry.id;
			return NULL;
		}
		TRY(git_objects_find(arena, tree, raw, arena_copy(arena, name, 2), &found, &entry));
		if (!found || entry.mode != ENTRY_FOLDER)
			return NULL;
		tree = entry.id;
		name += 2;
	}
	return NULL;
}

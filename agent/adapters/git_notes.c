/*
 * Notes (git-notes(1)): the tree behind a notes ref holds one blob per commit, named by its id, the
 * first digits perhaps cut off into folders. Not by git_note_read(): the remote may send a note of
 * any size. Not by git_note_create(): it makes a commit, and the whole tree anew, for each note.
 */
#include "adapters/git.h"
#include "base/text.h"
#include "model/commit.h"

static struct error *find_tree(struct git *git, const char *ref, struct arena *arena,
                               const char **ret_tree);
static struct error *find_note(struct git *git, const char *tree, const char *commit,
                               struct arena *arena, const char **ret_path, const char **ret_blob);

FALLIBLE git_notes_read(struct git *git, const char *ref, const char *commit, struct arena *arena,
                        struct bytes *ret_note)
{
	const char *tree, *path, *blob;

	TRY(find_tree(git, ref, arena, &tree));
	TRY(find_note(git, tree, commit, arena, &path, &blob));
	if (!blob) {
		*ret_note = (struct bytes){.data = "", .size = 0};
		return NULL;
	}
	return git_read(git, blob, GIT_KIND_BLOB, GIT_NOTE_MAXIMUM, arena, ret_note);
}

FALLIBLE git_notes_write(struct git *git, const char *ref, const char *commit, const char *text,
                         struct arena *arena)
{
	struct git_note note = {commit, text};

	return git_notes_write_all(git, ref, &(struct git_note_list){.items = &note, .count = 1},
	                           arena);
}

FALLIBLE git_notes_write_all(struct git *git, const char *ref, const struct git_note_list *notes,
                             struct arena *arena)
{
	struct git_file *files = ARENA_ARRAY(arena, struct git_file, notes->count);
	const char *tree, *blob;

	if (!notes->count)
		return NULL;
	TRY(find_tree(git, ref, arena, &tree));
	for (size_t i = 0; i < notes->count; i++) {
		TRY(find_note(git, tree, notes->items[i].commit, arena, &files[i].path, &blob));
		files[i].text = notes->items[i].text;
	}
	return git_commit_files(git, ref, files, notes->count, "Notes of headgate\n", arena);
}

/* NULL: nothing was noted yet. */
static struct error *find_tree(struct git *git, const char *ref, struct arena *arena,
                               const char **ret_tree)
{
	struct commit_links links = {0};
	const char *notes;
	struct bytes raw;

	TRY(git_find_ref(git, ref, arena, &notes));
	if (notes) {
		TRY(git_read(git, notes, GIT_KIND_COMMIT, COMMIT_MAXIMUM, arena, &raw));
		TRY(git_objects_links(arena, notes, raw, &links));
	}
	*ret_tree = links.tree;
	return NULL;
}

/* *ret_path: where it is or, *ret_blob being NULL, where it belongs: as deep as there are folders for it. */
static struct error *find_note(struct git *git, const char *tree, const char *commit,
                               struct arena *arena, const char **ret_path, const char **ret_blob)
{
	const char *folders = "", *name = commit;

	*ret_blob = NULL;
	while (tree && *name) {
		struct folder_entry entry;
		struct bytes raw;
		bool found;

		TRY(git_read(git, tree, GIT_KIND_TREE, TREE_MAXIMUM, arena, &raw));
		TRY(git_objects_find(arena, tree, raw, name, &found, &entry));
		if (found) {
			*ret_blob = entry.mode == ENTRY_FOLDER ? NULL : entry.id;
			break;
		}
		TRY(git_objects_find(arena, tree, raw, arena_copy(arena, name, 2), &found, &entry));
		if (!found || entry.mode != ENTRY_FOLDER)
			break;
		tree = entry.id;
		folders = arena_printf(arena, "%s%.2s/", folders, name);
		name += 2;
	}
	*ret_path = arena_printf(arena, "%s%s", folders, name);
	return NULL;
}

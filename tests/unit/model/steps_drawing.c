/* Histories drawn as small tables. An object's id is its own content, so that equal content has equal ids. */
#include "unit/model/steps_drawing.h"

static const struct folder *folder_of(struct arena *arena, const char *files);
static struct folder_entry take_entry(struct arena *arena, const char **at);
static const char *inner_files(struct arena *arena, const char **at, const char *name);

const struct drawn *drawing_find(const struct drawing *drawing, const char *id)
{
	for (size_t i = drawing->count; i-- > 0;)
		if (text_equal(drawing->items[i].id, id))
			return &drawing->items[i];
	BUG("no commit '%s' is drawn", id);
}

static const char *letter(struct arena *arena, char c)
{
	return arena_printf(arena, "%c", c);
}

struct history drawing_history(struct arena *arena, const struct drawing *drawing,
                               const char *deployed, const char *head)
{
	bool *from_head = ARENA_ARRAY(arena, bool, drawing->count);
	bool *from_deployed = ARENA_ARRAY(arena, bool, drawing->count);
	struct history history = {0};

	from_head[drawing_find(drawing, head) - drawing->items] = true;
	if (deployed)
		from_deployed[drawing_find(drawing, deployed) - drawing->items] = true;
	for (size_t i = drawing->count; i-- > 0;) {
		const struct drawn *drawn = &drawing->items[i];
		struct history_commit *commit = NULL;

		if (from_head[i] && !from_deployed[i]) {
			commit = LIST_ADD(arena, &history);
			commit->id = drawn->id;
		}
		for (const char *parent = drawn->parents; *parent; parent++) {
			const struct drawn *above = drawing_find(drawing, letter(arena, *parent));

			from_head[above - drawing->items] |= from_head[i];
			from_deployed[above - drawing->items] |= from_deployed[i];
			if (commit)
				*LIST_ADD(arena, &commit->parents) = above->id;
		}
	}
	return history;
}

static struct error *list_commit(void *context, const char *id, struct arena *arena,
                                 const struct folder **ret_folder)
{
	struct drawing *drawing = context;
	const char *files = drawing_find(drawing, id)->files;

	drawing->listed++;
	for (size_t i = 0; i < drawing->asked.count; i++)
		if (text_equal(drawing->asked.items[i], id))
			BUG("commit '%s' was listed twice", id);
	*LIST_ADD(arena, &drawing->asked) = id;
	if (text_equal(id, drawing->fails_at))
		return FAIL(arena, GIT_OBJECT, .what = "cannot read an object",
		            .hint = "Try again.");
	if (text_equal(files, "?"))
		return FAIL(arena, FOLDER_ENTRY, .what = "cannot list", .hint = "Remove it.");
	*ret_folder = folder_of(arena, files);
	return NULL;
}

/* The id of a folder is what stands in its braces: "migration.sql=1 down.sql=2". */
static struct error *list_tree(void *context, const char *id, struct arena *arena,
                               const struct folder **ret_folder)
{
	((struct drawing *)context)->entered++;
	if (strchr(id, '?'))
		return FAIL(arena, FOLDER_ENTRY, .what = "cannot list", .hint = "Remove it.");
	*ret_folder = folder_of(arena, id);
	return NULL;
}

struct steps_reader drawing_reader(struct drawing *drawing)
{
	return (struct steps_reader){list_commit, list_tree, drawing};
}

static const struct folder *folder_of(struct arena *arena, const char *files)
{
	struct folder *folder = ARENA_NEW(arena, struct folder);
	const char *at = files;

	folder->tree = files;
	while (at && *at)
		*LIST_ADD(arena, folder) = take_entry(arena, &at);
	return folder;
}

static struct folder_entry take_entry(struct arena *arena, const char **at)
{
	size_t size = strcspn(*at, " /=");
	struct folder_entry entry = {.name = arena_copy(arena, *at, size), .mode = ENTRY_FILE};

	if ((*at)[size] == '/') {
		entry.mode = ENTRY_FOLDER;
		entry.id = inner_files(arena, at, entry.name);
		return entry;
	}
	*at += size;
	size = strcspn(*at, " ");
	entry.id = arena_copy(arena, *at, size);
	*at += size + strspn(*at + size, " ");
	return entry;
}

/* "a/x=1 a/y=2 b=3" -> "x=1 y=2", for a */
static const char *inner_files(struct arena *arena, const char **at, const char *name)
{
	const char *prefix = arena_printf(arena, "%s/", name);
	struct text inner = TEXT_IN(arena);

	while (text_starts(*at, prefix)) {
		size_t size = strcspn(*at += strlen(prefix), " ");

		if (inner.size)
			text_add(&inner, " ");
		text_add_bytes(&inner, *at, size);
		*at += size + strspn(*at + size, " ");
	}
	return text_get(&inner);
}

struct error *drawing_judge(void *context, struct arena *arena, struct step_commit *commit)
{
	static const struct commit parsed;
	struct drawing *drawing = context;

	(void)arena;
	drawing->judged++;
	commit->parsed = &parsed;
	commit->verdict.kind = drawing_find(drawing, commit->id)->verdict;
	commit->verdict.principal = commit->verdict.kind == VERDICT_UNSIGNED ? NULL : "ada";
	return NULL;
}

const char *drawing_summary(struct arena *arena, const struct steps *steps)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i <= steps->count; i++) {
		const struct step *step = &steps->items[i];

		if (i == steps->horizon)
			text_add(&text, text.size ? " |" : "|");
		if (i == steps->count)
			break;
		text_printf(&text, "%s%s", text.size ? " " : "", step->id);
		if (step->brought.count) {
			text_add(&text, "(");
			for (size_t j = 0; j < step->brought.count; j++)
				text_add(&text, step->brought.items[j].id);
			text_add(&text, ")");
		}
		if (step->passed && step_touches(step))
			text_add(&text, "+");
		if (step->refusal)
			text_printf(&text, "!%s", step->refusal->row->name);
		if (step->undone_by)
			text_printf(&text, "~%s", step->undone_by);
	}
	return text_get(&text);
}

/* Reads the words of plan_drawing.h. A word that it does not know is a BUG, so that a typing error cannot pass. */
#include "unit/model/plan_drawing.h"

struct word { /* "a=1:open" */
	const char *name, *value, *state;
};

static void read_words(struct arena *arena, const char *text, struct text_list *ret_words);
static struct word read_word(struct arena *arena, const char *text);
static void draw_tree(struct arena *arena, const char *text, struct migrations *tree);
static void draw_ledger(struct arena *arena, const char *text, struct ledger *ledger,
                        struct memory *memory);
static void draw_words_of_persons(struct arena *arena, const struct drawn_plan *drawn,
                                  const struct ledger *ledger, struct memory *memory);
static void draw_step(struct arena *arena, const char *text, struct steps *steps);
static void draw_change(struct arena *arena, const char *text, struct changes *changes);

struct plan_input *plan_draw(struct arena *arena, const struct policy *policy,
                             const struct drawn_plan *drawn)
{
	struct plan_input *input = ARENA_NEW(arena, struct plan_input);
	struct memory *memory = ARENA_NEW(arena, struct memory);
	struct ledger *ledger = ARENA_NEW(arena, struct ledger);
	struct migrations *tree = ARENA_NEW(arena, struct migrations), *head = tree;
	struct steps *steps = ARENA_NEW(arena, struct steps);
	struct text_list words = {0};
	size_t upto, to_head;

	*memory = (struct memory){.target = "shop", .has_baseline = true, .deployed_commit = "D"};
	draw_tree(arena, drawn->tree, tree);
	if (drawn->head) {
		head = ARENA_NEW(arena, struct migrations);
		draw_tree(arena, drawn->head, head);
	}
	draw_ledger(arena, drawn->ledger, ledger, memory);
	read_words(arena, drawn->held, &words);
	for (size_t i = 0; i < words.count; i++) {
		const char *at = strchr(words.items[i], '@');

		*LIST_ADD(arena, &memory->held) = (struct held_migration){
			.name = arena_copy(arena, words.items[i], (size_t)(at - words.items[i])),
			.commit = at + 1};
	}
	draw_words_of_persons(arena, drawn, ledger, memory);
	read_words(arena, drawn->steps, &words);
	for (size_t i = 0; i < words.count; i++)
		draw_step(arena, words.items[i], steps);
	upto = steps->count;
	read_words(arena, drawn->ahead, &words);
	for (size_t i = 0; i < words.count; i++)
		draw_step(arena, words.items[i], steps);
	to_head = steps->count;
	steps->count = steps->horizon = upto;
	*input = (struct plan_input){
		.policy = policy,
		.memory = memory,
		.ledger = ledger,
		.tree = tree,
		.head = head,
		.tree_exists = !text_equal(drawn->tree, "-"),
		.migrations_path = "prisma/migrations",
		.disposable = drawn->disposable,
		.steps = steps,
		.steps_to_head = to_head,
		.horizon = steps->count ? steps->items[steps->count - 1].id : "D",
	};
	return input;
}

const char *plan_words(struct arena *arena, const struct plan *plan)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];

		text_printf(&text, "%s%c%s@%s%s", i ? " " : "",
		            item->action == PLAN_APPLY ? '+' : '-', item->name, item->commit,
		            item->late ? "*" : "");
		if (item->released_by)
			text_printf(&text, "^%s", item->released_by);
	}
	for (size_t i = 0; i < plan->adopted.count; i++)
		text_printf(&text, "%s=%s@%s", text.size ? " " : "", plan->adopted.items[i].name,
		            plan->adopted.items[i].commit);
	return text_get(&text);
}

const char *error_words(struct arena *arena, const struct error *error)
{
	return arena_printf(arena, "%s: %s. %s", error->what, error->why ? error->why : "",
	                    error->hint);
}

static void read_words(struct arena *arena, const char *text, struct text_list *ret_words)
{
	struct text_list words = {0};

	if (text && *text && !text_equal(text, "-"))
		text_split(arena, text, ' ', &words);
	*ret_words = words;
}

static struct word read_word(struct arena *arena, const char *text)
{
	const char *colon = strchr(text, ':'), *equals = strchr(text, '=');
	const char *end = colon ? colon : text + strlen(text);

	return (struct word){
		.name = arena_copy(arena, text, (size_t)((equals ? equals : end) - text)),
		.value = equals ? arena_copy(arena, equals + 1, (size_t)(end - equals - 1)) : NULL,
		.state = colon ? colon + 1 : "",
	};
}

static void draw_tree(struct arena *arena, const char *text, struct migrations *tree)
{
	struct text_list words;

	read_words(arena, text, &words);
	for (size_t i = 0; i < words.count; i++) {
		const struct word word = read_word(arena, words.items[i]);
		struct migration *migration = LIST_ADD(arena, tree);

		migration->name = word.name;
		migration->has_sql = word.value;
		if (!word.value)
			continue;
		migration->sql = (struct bytes){word.value, strlen(word.value)};
		sha256_hex(word.value, strlen(word.value), migration->checksum);
	}
	migrations_sort(tree);
}

static void draw_ledger(struct arena *arena, const char *text, struct ledger *ledger,
                        struct memory *memory)
{
	static const char *const states[] = {"",       "other", "open",  "rolled",
	                                     "failed", "lost",  "undone"};
	struct text_list words;

	read_words(arena, text, &words);
	for (size_t i = 0; i < words.count; i++) {
		const struct word word = read_word(arena, words.items[i]);
		const char *id = arena_printf(arena, "row-%zu-%s", i, word.name);
		const char *checksum = sha256_text(arena, word.value, strlen(word.value));
		const bool lost = text_equal(word.state, "lost");

		if (!*word.state || lost)
			*LIST_ADD(arena, &memory->deployed) =
				(struct deployed_migration){.name = word.name,
			                                    .checksum = checksum,
			                                    .row_id = id,
			                                    .commit = "B"};
		if (text_equal(word.state,
		               "undone")) /* ours, and another hand set rolled_back_at */
			*LIST_ADD(arena, &memory->deployed) = (struct deployed_migration){
				.name = word.name, .checksum = checksum, .row_id = id};
		if (!lost)
			*LIST_ADD(arena, ledger) = (struct ledger_row){
				.id = id,
				.name = word.name,
				.checksum = checksum,
				.started_us = (int64_t)i + 1,
				.finished_us = !text_equal(word.state, "open") &&
			                       !text_equal(word.state, "failed"),
				.rolled_back_us = *word.state && !text_equal(word.state, "open") &&
			                          !text_equal(word.state, "other"),
			};
		for (size_t k = 0; !text_equal(states[k], word.state); k++)
			if (k + 1 == sizeof states / sizeof *states)
				BUG("no such state: '%s'", word.state);
	}
}

static void draw_words_of_persons(struct arena *arena, const struct drawn_plan *drawn,
                                  const struct ledger *ledger, struct memory *memory)
{
	struct text_list words;

	read_words(arena, drawn->accepted, &words);
	for (size_t i = 0; i < words.count; i++) {
		const struct word word = read_word(arena, words.items[i]);

		*LIST_ADD(arena, &memory->accepted) = (struct accepted_row){
			.name = word.name,
			.row_id = ledger_newest(ledger, word.name)->id,
			.checksum = word.value ? sha256_text(arena, word.value, strlen(word.value))
		                               : NULL};
	}
	read_words(arena, drawn->asked, &words);
	for (size_t i = 0; i < words.count; i++)
		*LIST_ADD(arena, &memory->asked) =
			(struct asked_rollback){.name = words.items[i],
		                                .row_id = ledger_newest(ledger, words.items[i])->id,
		                                .by = "ann"};
	read_words(arena, drawn->downs, &words);
	for (size_t i = 0; i < words.count; i++) {
		const struct word word = read_word(arena, words.items[i]);

		*LIST_ADD(arena, &memory->downs) = (struct archived_down){
			word.name, sha256_text(arena, word.value, strlen(word.value)), "down"};
	}
}

static void draw_step(struct arena *arena, const char *text, struct steps *steps)
{
	const bool refused = *text == '!';
	const char *colon = strchr(text, ':');
	struct step *step = LIST_ADD(arena, steps);
	struct text_list changes = {0};

	text += refused;
	*step = (struct step){.id = arena_copy(arena, text, (size_t)(colon - text)),
	                      .passed = !refused,
	                      .parents.count = 1,
	                      .base_parent = 1};
	text_split(arena, colon + 1, ',', &changes);
	for (size_t i = 0; colon[1] && i < changes.count; i++)
		draw_change(arena, changes.items[i], &step->changes);
	steps->horizon = steps->count;
}

static void draw_change(struct arena *arena, const char *text, struct changes *changes)
{
	const bool is_file = text[1] == '.';
	struct folder_entry *entry = ARENA_NEW(arena, struct folder_entry);
	struct change *change = LIST_ADD(arena, changes);

	*entry = (struct folder_entry){.name = text + 1 + is_file,
	                               .mode = is_file ? ENTRY_FILE : ENTRY_FOLDER};
	change->name = entry->name;
	change->before = *text == '+' ? NULL : entry;
	change->after = *text == '-' ? NULL : entry;
	change->sql_same = *text == '=';
	switch (*text) {
	case '+':
		change->kind = CHANGE_ADDED;
		break;
	case '-':
		change->kind = CHANGE_REMOVED;
		break;
	case '~':
	case '=':
		change->kind = CHANGE_CHANGED;
		break;
	default:
		BUG("no such change: '%s'", text);
	}
}

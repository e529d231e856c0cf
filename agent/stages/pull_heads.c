/*
 * Owns the way from a step to the heads of its pull requests. What a reader gets wrong: a number in a message is written
 * by whoever made the commit. It may name any pull request, and nothing follows from that but one more place to look.
 */
#include "stages/pull_heads.h"

#include <ctype.h>

#define NUMBER_DIGITS_MAXIMUM 9
#define PULLS_ASKED_MAXIMUM 10 /* of the numbers that a forge answers */

static void add_number(const char *digits, const char *behind, struct pull_numbers *numbers);
static void take_given(const struct run *run, const struct pull_numbers *numbers,
                       struct text_list *heads);
static FALLIBLE ask_forges(struct run *run, const struct step *step, struct text_list *prefixes);
static void add_prefixes(struct arena *arena, uint64_t number, struct text_list *prefixes);
static bool is_there(struct run *run, const char *commit);

struct pull_numbers pull_numbers_of(struct arena *arena, const struct commit *commit)
{
	static const char button[] = "Merge pull request #", request[] = "See merge request ";
	struct pull_numbers numbers = {0};
	struct text_list lines = {0};

	if (text_starts(commit->subject, button))
		add_number(commit->subject + sizeof button - 1, "", &numbers);
	for (const char *at = strrchr(commit->subject, '('); at; at = NULL)
		if (at[1] == '#')
			add_number(at + 2, ")", &numbers);
	text_split(arena, commit->message, '\n', &lines);
	for (size_t i = 0; i < lines.count; i++)
		if (text_starts(lines.items[i], request) && strrchr(lines.items[i], '!'))
			add_number(strrchr(lines.items[i], '!') + 1, "", &numbers);
	return numbers;
}

static void add_number(const char *digits, const char *behind, struct pull_numbers *numbers)
{
	uint64_t number = 0;
	size_t count = 0;

	for (; isdigit((unsigned char)digits[count]) && count <= NUMBER_DIGITS_MAXIMUM; count++)
		number = number * 10 + (uint64_t)(digits[count] - '0');
	if (!number || count > NUMBER_DIGITS_MAXIMUM || !text_starts(digits + count, behind) ||
	    numbers->count == PULLS_OF_STEP_MAXIMUM)
		return;
	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->items[i] == number)
			return;
	numbers->items[numbers->count++] = number;
}

FALLIBLE pull_heads(struct run *run, const struct step *step, struct text_list *ret_heads)
{
	struct text_list prefixes = {0}, heads = {0};
	struct source_refs refs = {0}, found = {0};
	struct pull_numbers numbers = {0};

	for (size_t i = 0; i < step->brought.count; i++)
		if (step->brought.items[i].parsed &&
		    text_equal(step->brought.items[i].id, step->id))
			numbers = pull_numbers_of(run->arena, step->brought.items[i].parsed);
	if (run->given_pulls) {
		take_given(run, &numbers, ret_heads);
		return NULL;
	}
	for (size_t i = 0; i < numbers.count; i++)
		add_prefixes(run->arena, numbers.items[i], &prefixes);
	if (!prefixes.count)
		TRY(ask_forges(run, step, &prefixes));
	if (!prefixes.count)
		return NULL;
	TRY(source_list_refs(run->ports.source, &prefixes, run->arena, &refs));
	for (size_t i = 0; i < refs.count; i++)
		if (text_list_has(&prefixes, refs.items[i].name))
			*LIST_ADD(run->arena, &found) = refs.items[i];
	TRY(run_bring(run, &found, &run->notes));
	for (size_t i = 0; i < found.count; i++)
		if (is_there(run, found.items[i].id))
			*LIST_ADD(run->arena, &heads) = found.items[i].id;
	*ret_heads = heads;
	return NULL;
}

/* Those that the message names; without a number, all: the person stands for the forge's answer. */
static void take_given(const struct run *run, const struct pull_numbers *numbers,
                       struct text_list *heads)
{
	for (size_t i = 0; i < run->given_pulls->count; i++) {
		bool named = !numbers->count || !run->given_pulls->items[i].number;

		for (size_t k = 0; k < numbers->count; k++)
			named |= numbers->items[k] == run->given_pulls->items[i].number;
		if (named)
			*LIST_ADD(run->arena, heads) = run->given_pulls->items[i].commit;
	}
}

/* A rebase leaves no number behind: only the forge knows. It is a hint like any other. */
static FALLIBLE ask_forges(struct run *run, const struct step *step, struct text_list *prefixes)
{
	for (size_t i = 0; i < run->ports.forge_count; i++) {
		struct forge_pulls pulls = {0};
		struct error *error =
			forge_ask_pulls(run->ports.forges[i], step->id, run->arena, &pulls);

		if (error && error->row->reaction == REACT_RETRY)
			return error;
		if (error)
			*LIST_ADD(run->arena, &run->notes) = arena_printf(
				run->arena, "%s: %s", error_line(run->arena, error), error->hint);
		for (size_t k = 0; !error && k < pulls.count && k < PULLS_ASKED_MAXIMUM; k++)
			add_prefixes(run->arena, pulls.items[k], prefixes);
	}
	return NULL;
}

static void add_prefixes(struct arena *arena, uint64_t number, struct text_list *prefixes)
{
	*LIST_ADD(arena, prefixes) =
		arena_printf(arena, "refs/pull/%llu/head", (unsigned long long)number);
	*LIST_ADD(arena, prefixes) =
		arena_printf(arena, "refs/merge-requests/%llu/head", (unsigned long long)number);
}

/* It may have moved between the listing and the fetch, or be no commit at all. */
static bool is_there(struct run *run, const char *commit)
{
	struct bytes raw;

	return !source_commit(run->ports.source, commit, run->arena, &raw);
}

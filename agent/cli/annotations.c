/*
 * Findings as GitHub and GitLab want them. What a reader gets wrong: on GitHub any line that begins with `::` is an
 * order to the runner, and values of properties need more escaping than the message behind them.
 */
#include "cli/annotations.h"

#include "base/hash.h"

#define MESSAGE_MAXIMUM                                                                            \
	2000 /* code points; a forge cuts longer ones by itself, in the middle of nothing */

static void add_escaped(struct text *text, const char *value, bool is_property);
static const char *message_of(struct arena *arena, const struct error *error, const char *between);
static const char *title_of(struct arena *arena, const struct preflight_finding *finding);
static struct node *quality_row(struct arena *arena, const char *code, const char *what,
                                const char *description, const char *path, int line,
                                const char *severity);
static const char *one_line(struct arena *arena, const char *text);

const char *annotations_verdict(struct arena *arena, const struct preflight *found)
{
	const size_t rollbacks = found->plan.rollbacks, applies = found->plan.count - rollbacks;

	if (found->findings.count)
		return arena_printf(arena, "%s, this would be refused",
		                    text_plural(arena, found->findings.count, "finding"));
	if (!found->plan.count)
		return "nothing to apply, nothing to roll back";
	return arena_printf(arena, "would %s%s, %s%s", applies ? "apply " : "apply none",
	                    applies ? text_plural(arena, applies, "migration") : "",
	                    rollbacks ? "roll back " : "roll back none",
	                    !rollbacks ? ""
	                    : applies  ? arena_printf(arena, "%zu", rollbacks)
	                               : text_plural(arena, rollbacks, "migration"));
}

const char *annotations_github(struct arena *arena, const struct preflight *found)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < found->findings.count; i++) {
		const struct preflight_finding *finding = &found->findings.items[i];

		text_add(&text, "::error file=");
		add_escaped(&text, finding->path, true);
		text_printf(&text, ",line=%d,title=", finding->line);
		add_escaped(&text, title_of(arena, finding), true);
		text_add(&text, "::");
		add_escaped(&text, message_of(arena, finding->error, "\n"), false);
		text_add(&text, "\n");
	}
	for (size_t i = 0; i < found->notes.count; i++) {
		text_add(&text, "::notice title=headgate::");
		add_escaped(&text, one_line(arena, found->notes.items[i]), false);
		text_add(&text, "\n");
	}
	return text_get(&text);
}

/* As the runner reads it: percent signs first, line ends always, and in a property what ends one. Other control
 * characters would reach a terminal. */
static void add_escaped(struct text *text, const char *value, bool is_property)
{
	for (; *value; value++) {
		const unsigned char c = (unsigned char)*value;

		if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ',')))
			text_printf(text, "%%%02X", c);
		else if (c < 0x20 || c == 0x7f)
			text_add(text, "?");
		else
			text_add_bytes(text, value, 1);
	}
}

static const char *message_of(struct arena *arena, const struct error *error, const char *between)
{
	const bool has_why = error->why && *error->why;
	const char *why = has_why ? one_line(arena, error->why) : "";

	return arena_printf(arena, "%s%s%s%s%s%s", one_line(arena, error->what),
	                    has_why ? ": " : "", why, text_ends(why, "…") ? "" : ".", between,
	                    one_line(arena, error->hint));
}

static const char *one_line(struct arena *arena, const char *text)
{
	return text_clip(arena, text, MESSAGE_MAXIMUM);
}

static const char *title_of(struct arena *arena, const struct preflight_finding *finding)
{
	return arena_printf(arena, "headgate %s: %s", finding->error->row->code,
	                    finding->error->row->sentence);
}

struct node *annotations_gitlab(struct arena *arena, const struct preflight *found)
{
	struct node *list = node_list(arena);

	for (size_t i = 0; i < found->findings.count; i++) {
		const struct preflight_finding *finding = &found->findings.items[i];

		node_add(list, quality_row(arena, finding->error->row->code, finding->error->what,
		                           message_of(arena, finding->error, " "), finding->path,
		                           finding->line, "blocker"));
	}
	for (size_t i = 0; i < found->notes.count; i++)
		node_add(list, quality_row(arena, "note", found->notes.items[i],
		                           one_line(arena, found->notes.items[i]),
		                           found->migrations, 1, "info"));
	return list;
}

static struct node *quality_row(struct arena *arena, const char *code, const char *what,
                                const char *description, const char *path, int line,
                                const char *severity)
{
	struct node *row = node_map(arena), *location, *lines;
	/* Without the line, which the reason names: what moves in its file is still the same finding. */
	const char *identity = arena_printf(arena, "%s\n%s\n%s", code, path, what);

	node_set_text(arena, row, "description", description);
	node_set_text(arena, row, "check_name", arena_printf(arena, "headgate-%s", code));
	node_set_text(arena, row, "fingerprint", sha256_text(arena, identity, strlen(identity)));
	node_set_text(arena, row, "severity", severity);
	location = node_set(arena, row, "location", node_map(arena));
	node_set_text(arena, location, "path", path);
	lines = node_set(arena, location, "lines", node_map(arena));
	node_set_number(arena, lines, "begin", line);
	return row;
}

struct node *annotations_json(struct arena *arena, const struct preflight *found, const char *words)
{
	struct node *node = node_map(arena), *list;

	node_set_text(arena, node, "verdict", found->findings.count ? "refused" : "passed");
	node_set_text(arena, node, "words", words);
	node_set_text(arena, node, "base", found->base);
	node_set_text(arena, node, "head", found->head);
	node_set_text(arena, node, "merge_base", found->fork);
	node_set_number(arena, node, "commits", (int64_t)found->commits);
	node_set_number(arena, node, "commits_with_migrations", (int64_t)found->judged);
	node_set_bool(arena, node, "signatures_verified", found->verified);
	list = node_set(arena, node, "findings", node_list(arena));
	for (size_t i = 0; i < found->findings.count; i++) {
		const struct preflight_finding *finding = &found->findings.items[i];
		struct node *row = node_add(list, node_map(arena));

		node_set_text(arena, row, "code", finding->error->row->code);
		node_set_text(arena, row, "stage", finding->stage);
		node_set_text(arena, row, "commit", finding->commit);
		node_set_text(arena, row, "migration", finding->migration);
		node_set_text(arena, row, "path", finding->path);
		node_set_number(arena, row, "line", finding->line);
		node_set_text(arena, row, "what", finding->error->what);
		node_set_text(arena, row, "why", finding->error->why);
		node_set_text(arena, row, "next", finding->error->hint);
	}
	list = node_set(arena, node, "items", node_list(arena));
	for (size_t i = 0; i < found->plan.count; i++) {
		const struct plan_item *item = &found->plan.items[i];
		struct node *row = node_add(list, node_map(arena));

		node_set_text(arena, row, "action", plan_action_name(item->action));
		node_set_text(arena, row, "name", item->name);
		node_set_text(arena, row, "commit", item->commit);
		node_set_number(arena, row, "way", item->script.way);
		node_set_text(arena, row, "why", item->script.why);
		node_set_number(arena, row, "statements", (int64_t)item->script.count);
		node_set_bool(arena, row, "late", item->late);
	}
	list = node_set(arena, node, "notes", node_list(arena));
	for (size_t i = 0; i < found->notes.count; i++)
		node_add(list, node_text(arena, found->notes.items[i]));
	return node;
}

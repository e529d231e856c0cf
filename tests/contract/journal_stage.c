/* Owns what the journal's tests share. */
#include "contract/journal_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static struct journal_subject *running; /* cmocka hands a setup nothing but a state of its own */

void stage_use(struct journal_subject *subject)
{
	running = subject;
}

int stage_set_up(void **state)
{
	struct arena *arena = arena_new();
	struct stage *stage = ARENA_NEW(arena, struct stage);

	running->reset(running);
	*stage = (struct stage){
		.subject = running, .arena = arena, .journal = running->open(running, arena)};
	*state = stage;
	return 0;
}

int stage_tear_down(void **state)
{
	struct stage *stage = *state;

	journal_close(stage->journal);
	arena_free(stage->arena);
	return 0;
}

void stage_must(struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->code, error->what, error->why ? error->why : "");
}

const struct node *stage_body(struct stage *stage, const char *format, ...)
{
	const char *why = NULL;
	const struct node *body;
	char *json;
	va_list args;

	va_start(args, format);
	json = arena_vprintf(stage->arena, format, args);
	va_end(args);
	for (char *letter = json; *letter; letter++) {
		if (*letter == '\'')
			*letter = '"';
	}
	body = node_from_json(stage->arena, json, strlen(json), &why);
	if (!body)
		fail_msg("%s: %s", json, why);
	return body;
}

void stage_add(struct stage *stage, struct record record)
{
	*LIST_ADD(stage->arena, &stage->records) = record;
}

int64_t stage_write(struct stage *stage)
{
	int64_t run = -2;

	stage_must(journal_write(stage->journal, &stage->records, stage->arena, &run));
	stage->records.count = 0;
	return run;
}

void stage_write_fails(struct stage *stage, enum error_code code)
{
	const char *before, *after;
	struct error *error;
	int64_t run = -2;

	stage_must(journal_chain(stage->journal, stage->arena, &before));
	error = journal_write(stage->journal, &stage->records, stage->arena, &run);
	stage->records.count = 0;
	assert_non_null(error);
	assert_string_equal(error->row->name, error_rows()[code].name);
	assert_int_equal(run, -2);
	stage_must(journal_chain(stage->journal, stage->arena, &after));
	assert_string_equal(before, after);
}

const struct memory *stage_look(struct stage *stage, const char *target)
{
	stage_must(journal_memory(stage->journal, target, stage->arena, &stage->memory));
	return &stage->memory;
}

void stage_reopen(struct stage *stage)
{
	journal_close(stage->journal);
	stage->journal = stage->subject->open(stage->subject, stage->arena);
}

int64_t stage_open_run(struct stage *stage, const char *target)
{
	stage_add(stage,
	          (struct record){.kind = RECORD_RUN_BEGUN,
	                          .target = target,
	                          .run = RUN_NEW,
	                          .body = stage_body(stage, "{'direction': 'deploy', 'head': '%s'}",
	                                             COMMIT_1)});
	return stage_write(stage);
}

void stage_end_run(struct stage *stage, const char *target, int64_t run, const char *outcome)
{
	stage_add(stage,
	          (struct record){
			  .kind = RECORD_RUN_ENDED,
			  .target = target,
			  .run = run,
			  .body = stage_body(stage, "{'outcome': '%s', 'took_ms': 12}", outcome)});
	stage_write(stage);
}

void stage_say(struct stage *stage, const char *commit, enum status_state state,
               const char *description, const char *forge)
{
	struct text_list forges = {.items = &forge, .count = 1};
	struct status status = {
		.target = SHOP,
		.commit = commit,
		.context = "headgate/" SHOP,
		.state = state,
		.description = description,
	};

	stage_add(stage,
	          (struct record){.kind = RECORD_STATUS,
	                          .target = SHOP,
	                          .commit = commit,
	                          .body = record_status_body(stage->arena, &status, &forges)});
	stage_write(stage);
}

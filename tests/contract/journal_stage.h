/* What the journal's tests share: one journal, the records of the next call, and bodies that read like JSON. */
#pragma once

#include "contract/journal_contract.h"

struct stage { /* of one test */
	struct journal_subject *subject;
	struct arena *arena;
	struct journal *journal;
	struct records records; /* of the next write */
	struct memory memory;   /* as of the last look */
};

#define SHOP "shop"
#define STOCK "stock"
#define COMMIT_1 "1111111111111111111111111111111111111111"
#define COMMIT_2 "2222222222222222222222222222222222222222"

/* A body, with ' for ". */
const struct node *stage_body(struct stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void stage_add(struct stage *stage, struct record record);
/* Writes what was added; the test fails when that fails. Gives the run's number. */
int64_t stage_write(struct stage *stage);
/* Writes what was added, which must fail with this code and leave no trace. */
void stage_write_fails(struct stage *stage, enum error_code code);
const struct memory *stage_look(struct stage *stage, const char *target);
/* Closes the journal and opens it again: nothing is kept only in memory. */
void stage_reopen(struct stage *stage);
void stage_must(struct error *error);

/* Shorthands for one write each. */
int64_t stage_open_run(struct stage *stage, const char *target);
void stage_end_run(struct stage *stage, const char *target, int64_t run, const char *outcome);
void stage_say(struct stage *stage, const char *commit, enum status_state state,
               const char *description, const char *forge);

/* For cmocka. The subject of the suite that runs: */
void stage_use(struct journal_subject *subject);
int stage_set_up(void **state);
int stage_tear_down(void **state);
#define STAGE_CASE(test) cmocka_unit_test_setup_teardown(test, stage_set_up, stage_tear_down)

/* The other parts of the contract, in files of their names; journal_contract_run runs them too. */
int journal_target_contract_run(struct journal_subject *subject);
int journal_outbox_contract_run(struct journal_subject *subject);

/*
 * The scripted target as a port. It asserts what a server would punish: sending without the lock,
 * writing a row inside a transaction or under the role that a file has set.
 */
#include "unit/stages/apply_world.h"

#include "base/text.h"

static struct error *answer_to(struct world *world, const char *sql, struct answer *answer);

static struct world *world_of(struct database *database)
{
	return (struct world *)database;
}

static void end_session(struct database *database)
{
	struct world *world = world_of(database);

	if (world->in_transaction)
		world->outcomes[world->xid] = "aborted";
	world->in_transaction = world->locked = false;
	world->pending.count = 0;
	world->role = NULL;
}

static struct error *connect(struct database *database, const struct session_limits *limits,
                             bool for_writing, struct arena *arena, struct server *ret_server)
{
	struct world *world = world_of(database);

	(void)limits;
	(void)arena;
	assert_true(for_writing);
	end_session(database);
	world->connects++;
	*ret_server =
		(struct server){.version = "15.18", .system_identifier = world->system_identifier};
	return NULL;
}

static struct error *read_ledger(struct database *database, const char *schema, struct arena *arena,
                                 struct ledger *ret_ledger)
{
	struct world *world = world_of(database);
	struct ledger ledger = world->ledger;

	assert_string_equal(schema, "public");
	ledger.items = arena_copy(arena, ledger.items, ledger.count * sizeof *ledger.items);
	ledger.room = ledger.count;
	*ret_ledger = ledger;
	return NULL;
}

static struct error *lock(struct database *database, uint64_t budget_ms, struct arena *arena)
{
	(void)budget_ms;
	(void)arena;
	world_of(database)->locked = true;
	world_of(database)->locks++;
	return NULL;
}

static struct error *unlock(struct database *database, struct arena *arena)
{
	(void)arena;
	world_of(database)->locked = false;
	world_of(database)->unlocks++;
	return NULL;
}

static struct error *take_fence(struct database *database, const char *schema, const char *target,
                                const char *journal, bool take_over, struct arena *arena,
                                int64_t *ret_epoch)
{
	struct world *world = world_of(database);

	(void)arena;
	assert_string_equal(schema, "public");
	assert_string_equal(target, "shop");
	assert_string_equal(journal, journal_identity(&world->journal->port));
	assert_false(take_over);
	assert_true(world->locked);
	*ret_epoch = ++world->epoch;
	return NULL;
}

static struct error *demand_fence(struct world *world, const struct fence *fence,
                                  struct arena *arena)
{
	if (fence->epoch == world->epoch &&
	    (!fence->last_row_id || ledger_find(&world->ledger, fence->last_row_id)))
		return NULL;
	return FAIL(arena, FENCED, .what = "the fence moved", .hint = "Look at the test.");
}

static struct error *begin(struct database *database, const struct fence *fence,
                           struct arena *arena, const char **ret_xid)
{
	struct world *world = world_of(database);

	assert_true(world->locked);
	assert_false(world->in_transaction);
	assert_null(world->role);
	TRY(demand_fence(world, fence, arena));
	world->in_transaction = true;
	world->xid++;
	world->outcomes[world->xid] = "in progress";
	*ret_xid = arena_printf(arena, "%zu", world->xid);
	return NULL;
}

static struct error *send(struct database *database, struct bytes sql,
                          const struct send_options *options, struct arena *arena,
                          struct answer *ret_answer)
{
	struct world *world = world_of(database);
	const char *text = arena_copy(arena, sql.data, sql.size);

	assert_true(world->locked);
	if (options->meanwhile)
		TRY(options->meanwhile(options->work));
	*LIST_ADD(world->arena, &world->sent) = text;
	*ret_answer = (struct answer){.transaction = world->in_transaction ? TRANSACTION_OPEN
	                                                                   : TRANSACTION_NONE};
	if (text_starts(text, "SET "))
		world->role = text;
	if (text_equal(text, world->drops_lock))
		world->locked = false;
	if (text_equal(text, world->ends_transaction)) {
		world->in_transaction = false;
		world->outcomes[world->xid] = "committed";
		ret_answer->transaction = TRANSACTION_NONE;
	}
	return answer_to(world, text, ret_answer);
}

static struct error *answer_to(struct world *world, const char *sql, struct answer *answer)
{
	struct scripted_answer *script = NULL;

	for (size_t i = 0; i < world->answers.count && !script; i++)
		if (text_equal(world->answers.items[i].sql, sql))
			script = &world->answers.items[i];
	if (script && script->times) {
		if (!--script->times)
			script->sql = "used up";
	}
	if (!script || !script->sqlstate || script->took_effect)
		*LIST_ADD(world->arena, world->in_transaction ? &world->pending : &world->effects) =
			sql;
	if (!script)
		return NULL;
	if (script->tags)
		text_split(world->arena, script->tags, ',', &answer->tags);
	answer->failed = script->sqlstate != NULL;
	answer->error = (struct sql_error){.sqlstate = script->sqlstate,
	                                   .message = script->message,
	                                   .context = script->context,
	                                   .position = 1};
	answer->blockers = script->blockers;
	answer->copy_ended = script->copy_ended;
	answer->lost = script->lost;
	if (!world->in_transaction || script->transaction)
		answer->transaction = script->transaction;
	else
		answer->transaction = answer->failed ? TRANSACTION_FAILED : TRANSACTION_OPEN;
	if (script->lost)
		end_session(&world->database);
	return NULL;
}

static struct ledger_row *row_of(struct world *world, const char *id)
{
	struct ledger_row *row = (struct ledger_row *)(uintptr_t)ledger_find(&world->ledger, id);

	assert_non_null(row);
	return row;
}

static void change_ledger(struct world *world, const struct ledger_change *change)
{
	struct ledger_row fresh = {.id = change->row_id,
	                           .checksum = change->checksum,
	                           .name = change->name,
	                           .started_us = change->started_us};
	struct ledger_row *row;

	switch (change->kind) {
	case LEDGER_APPLIED:
		fresh.finished_us = change->finished_us;
		*LIST_ADD(world->arena, &world->ledger) = fresh;
		return;
	case LEDGER_FAILED_TRY:
		assert_non_null(change->logs);
		fresh.rolled_back_us = change->rolled_back_us;
		*LIST_ADD(world->arena, &world->ledger) = fresh;
		return;
	case LEDGER_OPENED:
		*LIST_ADD(world->arena, &world->ledger) = fresh;
		return;
	case LEDGER_FINISHED:
	case LEDGER_FAILED:
	case LEDGER_DOWN_FINISHED:
	case LEDGER_DOWN_WITHDRAWN:
		row = row_of(world, change->row_id);
		assert_int_equal(ledger_row_state(row), ROW_OPEN);
		row->finished_us = change->finished_us;
		row->rolled_back_us = change->rolled_back_us;
		assert_int_not_equal(ledger_row_state(row), ROW_OPEN);
		return;
	case LEDGER_ROLLED_BACK:
		row_of(world, change->row_id)->rolled_back_us = change->rolled_back_us;
		return;
	case LEDGER_REOPENED:
		assert_int_equal(ledger_row_state(row_of(world, change->row_id)), ROW_APPLIED);
		row_of(world, change->row_id)->finished_us = 0;
		return;
	case LEDGER_LOGGED:
		assert_non_null(change->logs);
		assert_int_equal(ledger_row_state(row_of(world, change->row_id)), ROW_OPEN);
		return;
	case LEDGER_RESOLVED_APPLIED:
		if (!world->person_resolves)
			fail_msg("only a person resolves");
		fresh.finished_us = change->finished_us;
		*LIST_ADD(world->arena, &world->ledger) = fresh;
		return;
	case LEDGER_RESOLVED_ROLLED_BACK:
		fail_msg("only a person resolves");
	}
}

static void change_deployed(struct world *world, const struct deployed_change *deployed)
{
	if (deployed && deployed->commit)
		world->deployed_commit = deployed->commit;
	if (deployed && deployed->tree)
		world->deployed_tree = deployed->tree;
}

static struct error *commit(struct database *database, const struct fence *fence, const char *xid,
                            const struct ledger_change *change,
                            const struct deployed_change *deployed, struct arena *arena,
                            bool *ret_lock_kept)
{
	struct world *world = world_of(database);

	assert_true(world->in_transaction);
	assert_string_equal(xid, arena_printf(arena, "%zu", world->xid));
	assert_int_equal(fence->epoch, world->epoch);
	if (world->commit_fails)
		return FAIL(arena, SQL_FAILED, .what = "cannot commit", .why = world->commit_fails,
		            .hint = "Look at the test.");
	world->in_transaction = false;
	world->outcomes[world->xid] = "committed";
	for (size_t i = 0; i < world->pending.count; i++)
		*LIST_ADD(world->arena, &world->effects) = world->pending.items[i];
	world->pending.count = 0;
	world->role = NULL;
	change_ledger(world, change);
	change_deployed(world, deployed);
	*ret_lock_kept = world->locked;
	return NULL;
}

static struct error *write_row(struct database *database, const struct fence *fence,
                               const struct ledger_change *change,
                               const struct deployed_change *deployed, struct arena *arena)
{
	struct world *world = world_of(database);

	assert_true(world->locked);
	assert_false(world->in_transaction);
	assert_null(world->role);
	TRY(demand_fence(world, fence, arena));
	if (change)
		change_ledger(world, change);
	change_deployed(world, deployed);
	return NULL;
}

static struct error *open_row(struct database *database, const struct fence *fence,
                              const struct ledger_change *change, struct arena *arena)
{
	return write_row(database, fence, change, NULL, arena);
}

static struct error *rollback(struct database *database, struct arena *arena)
{
	struct world *world = world_of(database);

	(void)arena;
	if (world->in_transaction)
		world->outcomes[world->xid] = "aborted";
	world->in_transaction = false;
	world->pending.count = 0;
	world->role = NULL;
	return NULL;
}

static struct error *tidy(struct database *database, struct arena *arena, bool *ret_lock_kept)
{
	struct world *world = world_of(database);

	(void)arena;
	assert_false(world->in_transaction);
	world->role = NULL;
	*ret_lock_kept = world->locked;
	return NULL;
}

static struct error *tidy_and_write(struct database *database, const struct fence *fence,
                                    const struct ledger_change *change,
                                    const struct deployed_change *deployed, struct arena *arena,
                                    bool *ret_lock_kept)
{
	TRY(tidy(database, arena, ret_lock_kept));
	return *ret_lock_kept ? write_row(database, fence, change, deployed, arena) : NULL;
}

static struct error *probe(struct database *database, const struct statement *statement,
                           const char *schema, struct arena *arena, enum probe_result *ret_result)
{
	struct world *world = world_of(database);

	(void)arena;
	assert_string_equal(schema, "public");
	*ret_result = PROBE_UNKNOWN;
	for (size_t i = 0; i < world->probes.count; i++) {
		struct scripted_probe *script = &world->probes.items[i];

		if (!text_equal(script->name, statement->name))
			continue;
		*ret_result = script->results[0];
		if (script->count > 1)
			memmove(script->results, script->results + 1,
			        --script->count * sizeof *script->results);
	}
	return NULL;
}

static struct error *clean_up(struct database *database, const struct statement *statement,
                              const char *schema, struct arena *arena)
{
	(void)schema;
	(void)arena;
	*LIST_ADD(world_of(database)->arena, &world_of(database)->cleaned) = statement->name;
	return NULL;
}

static struct error *transaction_outcome(struct database *database, const char *xid,
                                         struct arena *arena, enum transaction_outcome *ret_outcome)
{
	struct world *world = world_of(database);
	const char *said =
		world->outcome_said ? world->outcome_said : world->outcomes[strtoul(xid, NULL, 10)];

	(void)arena;
	*ret_outcome = text_equal(said, "committed")     ? OUTCOME_COMMITTED
	               : text_equal(said, "aborted")     ? OUTCOME_ABORTED
	               : text_equal(said, "in progress") ? OUTCOME_IN_PROGRESS
	                                                 : OUTCOME_TOO_OLD;
	return NULL;
}

static void close_database(struct database *database)
{
	end_session(database);
}

const struct database_ops world_ops = {
	.name = "world",
	.connect = connect,
	.ledger = read_ledger,
	.lock = lock,
	.unlock = unlock,
	.take_fence = take_fence,
	.begin = begin,
	.send = send,
	.commit = commit,
	.write = write_row,
	.open_row = open_row,
	.tidy_and_write = tidy_and_write,
	.rollback = rollback,
	.tidy = tidy,
	.probe = probe,
	.clean_up = clean_up,
	.transaction_outcome = transaction_outcome,
	.disconnect = end_session,
	.close = close_database,
};

/* The scripted target of the apply tests. Times stand still where they mean nothing. */
#include "unit/stages/apply_world.h"

#include "base/clock.h"
#include "base/text.h"

struct world *world_new(struct arena *arena)
{
	struct world *world = ARENA_NEW(arena, struct world);

	world->database.ops = &world_ops;
	world->arena = arena;
	world->journal = journal_memory_new(arena);
	world->parser = parser_scripted_new(arena);
	world->policy = (struct policy){
		.lock_budget = 300, .lock_timeout = 50, .nonatomic = NONATOMIC_ALLOW};
	world->target = (struct target){
		.name = "shop", .migrations = "prisma/migrations", .policy = &world->policy};
	world->config = (struct config){.state = "/nonexistent"};
	world->ledger =
		(struct ledger){.schema = "public", .schema_exists = true, .has_table = true};
	world->run = (struct run){
		.arena = arena,
		.config = &world->config,
		.target = &world->target,
		.policy = &world->policy,
		.schema = "public",
		.horizon = "head",
		.tree = {.id = "tree"},
		.evidence = node_map(arena),
	};
	world->faulty.code = ERR_DB_LOST;
	world->run.ports = (struct ports){
		.database = faulty_database(arena, &world->faulty, &world->database),
		.journal = &world->journal->port,
		.parser = &world->parser->base,
	};
	return world;
}

static struct plan_item *add_item(struct world *world, const char *name, const char *sql)
{
	struct plan_item *item = LIST_ADD(world->arena, &world->run.plan);

	*item = (struct plan_item){
		.name = name,
		.commit = arena_printf(world->arena, "commit of %s", name),
		.sql = arena_bytes(world->arena, sql, strlen(sql)),
		.has_sql = true,
		.script = {.way = WAY_ONE},
	};
	*LIST_ADD(world->arena, &item->script) = (struct statement){
		.kind = STATEMENT_PLAIN, .size = strlen(sql), .line = 1, .verb = "CREATE TABLE"};
	return item;
}

struct plan_item *world_apply(struct world *world, const char *name, const char *sql)
{
	struct plan_item *item = add_item(world, name, sql);

	item->action = PLAN_APPLY;
	item->checksum = sha256_text(world->arena, sql, strlen(sql));
	item->migration = ARENA_NEW(world->arena, struct migration);
	return item;
}

struct plan_item *world_revert(struct world *world, const char *name, const char *down)
{
	struct plan_item *item = add_item(world, name, down);

	item->action = PLAN_ROLL_BACK;
	item->checksum = sha256_text(world->arena, name, strlen(name));
	item->row_id = arena_printf(world->arena, "row of %s", name);
	item->finished_us = 1000;
	item->down_digest = sha256_text(world->arena, down, strlen(down));
	*LIST_ADD(world->arena, &world->ledger) = (struct ledger_row){.id = item->row_id,
	                                                              .checksum = item->checksum,
	                                                              .name = name,
	                                                              .started_us = 1,
	                                                              .finished_us = 1000};
	world->run.plan.rollbacks++;
	return item;
}

struct scripted_answer *world_answer(struct world *world, const char *sql)
{
	struct scripted_answer *answer = LIST_ADD(world->arena, &world->answers);

	answer->sql = sql;
	return answer;
}

void world_probe(struct world *world, const char *name, const enum probe_result *results,
                 size_t count)
{
	struct scripted_probe *probe = LIST_ADD(world->arena, &world->probes);

	probe->name = name;
	probe->count = count;
	memcpy(probe->results, results, count * sizeof *results);
}

static const struct {
	const char *start, *verb;
	enum statement_kind kind;
} words[] = {
	{"CREATE INDEX CONCURRENTLY ", "CREATE INDEX CONCURRENTLY",
         STATEMENT_CREATE_INDEX_CONCURRENTLY},
	{"DROP INDEX CONCURRENTLY ", "DROP INDEX CONCURRENTLY", STATEMENT_DROP_INDEX_CONCURRENTLY},
	{"VACUUM", "VACUUM", STATEMENT_VACUUM},
	{"BEGIN", "BEGIN", STATEMENT_TRANSACTION},
	{"COMMIT", "COMMIT", STATEMENT_TRANSACTION},
	{"SET ", "SET", STATEMENT_PLAIN},
	{"DO ", "DO", STATEMENT_PLAIN},
	{"", "CREATE TABLE", STATEMENT_PLAIN},
};

void world_statements(struct world *world, struct plan_item *item, enum way way, ...)
{
	const char *text;
	va_list args;
	int line = 1;

	item->script = (struct script){.way = way};
	va_start(args, way);
	while ((text = va_arg(args, const char *))) {
		struct statement *statement = LIST_ADD(world->arena, &item->script);
		size_t i = 0;

		while (!text_starts(text, words[i].start))
			i++;
		*statement = (struct statement){
			.kind = words[i].kind,
			.verb = words[i].verb,
			.start = (size_t)(strstr(item->sql.data, text) - item->sql.data),
			.size = strlen(text),
			.line = line++,
			.name = words[i].kind > STATEMENT_TRANSACTION
		                        ? text + strlen(words[i].start)
		                        : NULL,
		};
	}
	va_end(args);
	parser_scripted_add(world->parser,
	                    &(struct parser_scripted_answer){.sql = item->sql.data,
	                                                     .statements = item->script.items,
	                                                     .count = item->script.count});
}

static void add_record(struct world *world, struct records *records, enum record_kind kind,
                       const char *migration, struct node *body)
{
	*LIST_ADD(world->arena, records) = (struct record){
		.kind = kind,
		.target = "shop",
		.run = RUN_NEW,
		.stage = kind == RECORD_STAGE_BEGUN ? "apply" : NULL,
		.migration = migration,
		.commit = "old",
		.body = body,
	};
}

void world_begin(struct world *world)
{
	const struct plan *plan = &world->run.plan;
	struct arena *arena = world->arena;
	struct records records = {0};
	struct node *body = node_map(arena),
		    *items = node_set(arena, body, "items", node_list(arena));

	node_set_text(arena, body, "direction", plan->rollbacks ? "rollback" : "deploy");
	for (size_t i = 0; i < plan->count; i++) {
		struct node *item = node_add(items, node_map(arena));

		node_set_text(arena, item, "name", plan->items[i].name);
		node_set_text(arena, item, "checksum", plan->items[i].checksum);
		node_set_text(arena, item, "commit", plan->items[i].commit);
		if (plan->items[i].migration && plan->items[i].migration->down.size)
			node_set_text(arena, item, "down",
			              sha256_text(arena, plan->items[i].migration->down.data,
			                          plan->items[i].migration->down.size));
	}
	add_record(world, &records, RECORD_RUN_BEGUN, NULL, body);
	add_record(world, &records, RECORD_STAGE_BEGUN, NULL, NULL);
	for (size_t i = 0; i < plan->rollbacks; i++) {
		body = node_map(arena);
		node_set_text(arena, body, "checksum", plan->items[i].checksum);
		node_set_text(arena, body, "row_id", plan->items[i].row_id);
		node_set_text(arena, body, "down", plan->items[i].down_digest);
		add_record(world, &records, RECORD_DEPLOYED, plan->items[i].name, body);
		records.items[records.count - 1].archive = plan->items[i].sql;
	}
	assert_fine(journal_write(&world->journal->port, &records, arena, &world->run.id));
	assert_fine(database_ledger(&world->database, "public", arena, &world->run.ledger));
	assert_fine(journal_memory(&world->journal->port, "shop", arena, &world->run.memory));
}

void world_remember(struct world *world)
{
	if (world->run.records.count)
		assert_fine(journal_write(&world->journal->port, &world->run.records, world->arena,
		                          NULL));
	world_crash(world);
}

void world_crash(struct world *world)
{
	database_disconnect(&world->database);
	world->run.records = (struct records){0};
	world->run.evidence = node_map(world->arena);
	world->run.carried_out = 0;
	world->run.ledger = (struct ledger){0};
	assert_fine(
		journal_memory(&world->journal->port, "shop", world->arena, &world->run.memory));
}

size_t world_times_effective(const struct world *world, const char *sql)
{
	size_t count = 0;

	for (size_t i = 0; i < world->effects.count; i++)
		count += text_equal(world->effects.items[i], sql);
	return count;
}

bool world_has_effect(const struct world *world, const char *sql)
{
	return world_times_effective(world, sql) > 0;
}

size_t world_times_sent(const struct world *world, const char *sql)
{
	size_t count = 0;

	for (size_t i = 0; i < world->sent.count; i++)
		count += text_equal(world->sent.items[i], sql);
	return count;
}

const struct ledger_row *world_row(const struct world *world, const char *name)
{
	return ledger_newest(&world->ledger, name);
}

size_t world_rows(const struct world *world, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < world->ledger.count; i++)
		count += text_equal(world->ledger.items[i].name, name);
	return count;
}

const char *world_result(struct world *world, const char *name)
{
	struct memory memory = {0};

	assert_fine(journal_memory(&world->journal->port, "shop", world->arena, &memory));
	for (size_t i = 0; memory.open_run && i < memory.open_run->intents.count; i++)
		if (!memory.open_run->intents.items[i].statement &&
		    text_equal(memory.open_run->intents.items[i].migration, name))
			return memory.open_run->intents.items[i].result;
	return "no intent";
}

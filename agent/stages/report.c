/*
 * Report: delivers the outbox. What a reader gets wrong: a delivery that fails is not a failure of the run. The item
 * stays in the journal with the time of its next try, and a dead forge never keeps a pass from ending.
 */
#include "stages/run.h"

#include "base/clock.h"
#include "base/fault.h"

#define BATCH 64
#define REPORT_BUDGET_MS 30000
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS (15 * 60 * 1000)

struct delivery { /* to one forge, of one batch */
	struct forge *forge;
	struct outbox_item *items[BATCH];
	size_t count;
	struct error *error; /* the forge is not to be tried further in this batch */
	uint64_t wait_ms;
};

static struct error *deliver_batch(struct run *run, const struct outbox *outbox, uint64_t until,
                                   size_t *delivered, struct error **failed);
static struct delivery *find_delivery(struct delivery *deliveries, size_t count, const char *forge);
static struct error *no_such_forge(struct run *run, const struct outbox_item *item);
static struct error *post(struct run *run, struct delivery *delivery, struct outbox_item *item,
                          struct records *records);
static void close_delivery(struct run *run, struct delivery *delivery, struct records *records,
                           size_t *delivered, struct error **failed);
static void record_delivered(struct run *run, const struct outbox_item *item,
                             struct records *records);
static void record_failed(struct run *run, const struct outbox_item *item,
                          const struct error *error, uint64_t wait_ms, struct records *records);

struct error *report_perform(struct run *run)
{
	struct error *failed = NULL;
	size_t delivered = 0;

	TRY(report_deliver(run, REPORT_BUDGET_MS, &delivered, &failed));
	node_set_number(run->arena, run->evidence, "delivered", (int64_t)delivered);
	if (failed)
		node_set_text(run->arena, run->evidence, "delayed", error_line(run->arena, failed));
	return NULL;
}

struct error *report_deliver(struct run *run, uint64_t budget_ms, size_t *ret_delivered,
                             struct error **ret_failed)
{
	const uint64_t until = clock_monotonic_ms() + budget_ms;
	struct error *failed = NULL;
	size_t delivered = 0;

	do { /* each item of a batch is delivered or put off, so the next batch holds others */
		struct outbox outbox = {0};

		TRY(journal_outbox(run->ports.journal, run->target->name, clock_wall_us(), BATCH,
		                   /* all= */ false, run->arena, &outbox));
		if (!outbox.count)
			break;
		TRY(deliver_batch(run, &outbox, until, &delivered, &failed));
	} while (clock_monotonic_ms() < until);
	*ret_delivered = delivered;
	if (ret_failed)
		*ret_failed = failed;
	return NULL;
}

static struct error *deliver_batch(struct run *run, const struct outbox *outbox, uint64_t until,
                                   size_t *delivered, struct error **failed)
{
	struct delivery deliveries[FORGES_MAXIMUM] = {0};
	struct records records = {0};

	for (size_t i = 0; i < run->ports.forge_count; i++)
		deliveries[i].forge = run->ports.forges[i];
	for (size_t i = 0; i < outbox->count && clock_monotonic_ms() < until; i++) {
		struct outbox_item *item = &outbox->items[i];
		struct delivery *delivery =
			find_delivery(deliveries, run->ports.forge_count, item->forge);

		if (!delivery)
			record_failed(run, item, no_such_forge(run, item), 0, &records);
		else if (delivery->error)
			record_failed(run, item, delivery->error, delivery->wait_ms, &records);
		else
			TRY(post(run, delivery, item, &records));
	}
	for (size_t i = 0; i < run->ports.forge_count; i++)
		close_delivery(run, &deliveries[i], &records, delivered, failed);
	return records.count ? journal_write(run->ports.journal, &records, run->arena, NULL) : NULL;
}

static struct delivery *find_delivery(struct delivery *deliveries, size_t count, const char *forge)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(deliveries[i].forge->ops->name, forge))
			return &deliveries[i];
	return NULL;
}

/* It was taken out of the configuration while a status for it waited. */
static struct error *no_such_forge(struct run *run, const struct outbox_item *item)
{
	return FAIL(
		run->arena, FORGE_REFUSED,
		.what = arena_printf(run->arena, "target '%s' no longer reports to '%s'",
	                             run->target->name, item->forge),
		.hint = "Nothing has to be done: its statuses stay in the journal, and new ones go to the forges that are configured.");
}

static struct error *post(struct run *run, struct delivery *delivery, struct outbox_item *item,
                          struct records *records)
{
	uint64_t wait_ms = 0;
	struct error *error;

	item->status.retried = item->attempts > 0;
	error = forge_post(delivery->forge, &item->status, run->arena, &wait_ms);

	FAULT_POINT(status_posted);
	if (!error) {
		delivery->items[delivery->count++] = item;
		return NULL;
	}
	record_failed(run, item, error, wait_ms, records);
	if (error->row == &error_rows()[ERR_FORGE_REFUSED])
		return NULL;
	delivery->error = error; /* the forge, not this status: leave it alone for now */
	delivery->wait_ms = wait_ms;
	return NULL;
}

static void close_delivery(struct run *run, struct delivery *delivery, struct records *records,
                           size_t *delivered, struct error **failed)
{
	uint64_t wait_ms = 0;
	struct error *error;

	if (delivery->error)
		*failed = delivery->error;
	if (!delivery->count)
		return;
	error = forge_flush(delivery->forge, run->arena, &wait_ms);
	if (error)
		*failed = error;
	for (size_t i = 0; i < delivery->count; i++)
		if (error)
			record_failed(run, delivery->items[i], error, wait_ms, records);
		else
			record_delivered(run, delivery->items[i], records);
	*delivered += error ? 0 : delivery->count;
}

static void record_delivered(struct run *run, const struct outbox_item *item,
                             struct records *records)
{
	struct node *body = node_map(run->arena);

	node_set_number(run->arena, body, "outbox", item->id);
	*LIST_ADD(run->arena, records) = (struct record){.kind = RECORD_DELIVERED,
	                                                 .target = run->target->name,
	                                                 .commit = item->status.commit,
	                                                 .body = body};
}

static void record_failed(struct run *run, const struct outbox_item *item,
                          const struct error *error, uint64_t wait_ms, struct records *records)
{
	const bool final = error->row == &error_rows()[ERR_FORGE_REFUSED];
	uint64_t backoff_ms = BACKOFF_FIRST_MS;
	struct node *body = node_map(run->arena);

	for (int i = 0; i < item->attempts && backoff_ms < BACKOFF_LAST_MS; i++)
		backoff_ms *= 2;
	backoff_ms = jitter(backoff_ms < BACKOFF_LAST_MS ? backoff_ms : BACKOFF_LAST_MS);
	node_set_number(run->arena, body, "outbox", item->id);
	node_set_text(run->arena, body, "why", error_line(run->arena, error));
	node_set_number(run->arena, body, "next_us",
	                clock_wall_us() +
	                        (int64_t)(wait_ms > backoff_ms ? wait_ms : backoff_ms) * 1000);
	node_set_bool(run->arena, body, "final", final);
	*LIST_ADD(run->arena, records) = (struct record){.kind = RECORD_UNDELIVERED,
	                                                 .target = run->target->name,
	                                                 .commit = item->status.commit,
	                                                 .body = body};
}

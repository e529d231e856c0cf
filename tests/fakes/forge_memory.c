/* The fake forge. Texts are copied, since the poster's arena may be gone when a test looks. */
#include "fakes/forge_memory.h"

#include "base/text.h"

static struct error *post(struct forge *forge, const struct status *status, struct arena *arena,
                          uint64_t *ret_wait_ms);
static bool is_known(const struct forge_memory *memory, const char *commit);
static bool is_shown(const struct forge_memory *memory, const struct status *status);
static void store(struct forge_memory *memory, const struct status *status);
static struct error *scripted_failure(struct forge_memory *memory, struct arena *arena,
                                      uint64_t *ret_wait_ms);
static struct error *flush(struct forge *forge, struct arena *arena, uint64_t *ret_wait_ms);
static struct error *check(struct forge *forge, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *ret_health);
static struct error *pulls(struct forge *forge, const char *commit, struct arena *arena,
                           struct forge_pulls *ret_pulls);
static void close_forge(struct forge *forge);

static const struct forge_ops ops = {.name = "memory",
                                     .post = post,
                                     .flush = flush,
                                     .check = check,
                                     .pulls = pulls,
                                     .close = close_forge};

struct forge_memory *forge_memory_new(struct arena *arena)
{
	struct forge_memory *memory = ARENA_NEW(arena, struct forge_memory);

	memory->base.ops = &ops;
	memory->arena = arena;
	memory->code = ERR_FORGE_UNREACHABLE;
	return memory;
}

const struct status *forge_memory_find(const struct forge_memory *memory, const char *commit,
                                       const char *context)
{
	for (size_t i = memory->posted.count; i-- > 0;) {
		const struct status *status = &memory->posted.items[i];

		if (text_equal(status->commit, commit) && text_equal(status->context, context))
			return status;
	}
	return NULL;
}

static struct error *post(struct forge *forge, const struct status *status, struct arena *arena,
                          uint64_t *ret_wait_ms)
{
	struct forge_memory *memory = (struct forge_memory *)forge;

	memory->posts++;
	if (memory->failures > 0) {
		memory->failures--;
		if (memory->stored_nevertheless)
			store(memory, status);
		return scripted_failure(memory, arena, ret_wait_ms);
	}
	if (!is_known(memory, status->commit))
		return FAIL(arena, FORGE_REFUSED,
		            .what = arena_printf(arena, "cannot post the status of '%.12s'",
		                                 status->commit),
		            .why = "no such commit", .hint = "Was the commit pushed?");
	if (!status->retried || !is_shown(memory, status))
		store(memory, status);
	return NULL;
}

static bool is_known(const struct forge_memory *memory, const char *commit)
{
	for (size_t i = 0; i < memory->commits.count; i++)
		if (text_equal(memory->commits.items[i], commit))
			return true;
	return memory->commits.count == 0;
}

/* Did an earlier try arrive after all? */
static bool is_shown(const struct forge_memory *memory, const struct status *status)
{
	const struct status *newest = forge_memory_find(memory, status->commit, status->context);

	return newest && newest->state == status->state &&
	       text_equal(newest->description, status->description);
}

static void store(struct forge_memory *memory, const struct status *status)
{
	struct status *kept;

	kept = LIST_ADD(memory->arena, &memory->posted);
	*kept = *status;
	kept->target = arena_text(memory->arena, status->target);
	kept->commit = arena_text(memory->arena, status->commit);
	kept->context = arena_text(memory->arena, status->context);
	kept->description =
		text_clip(memory->arena, status->description, STATUS_DESCRIPTION_MAXIMUM);
	kept->url = arena_text(memory->arena, status->url);
}

static struct error *scripted_failure(struct forge_memory *memory, struct arena *arena,
                                      uint64_t *ret_wait_ms)
{
	struct error_text text = {
		.what = "cannot post to the forge in memory",
		.why = "the test says so",
		.hint = "The agent tries again by itself.",
	};

	*ret_wait_ms = memory->wait_ms;
	return error_new(arena, memory->code, &text);
}

static struct error *flush(struct forge *forge, struct arena *arena, uint64_t *ret_wait_ms)
{
	struct forge_memory *memory = (struct forge_memory *)forge;

	memory->flushes++;
	if (memory->flush_failures == 0)
		return NULL;
	memory->flush_failures--;
	return scripted_failure(memory, arena, ret_wait_ms);
}

static struct error *check(struct forge *forge, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *ret_health)
{
	struct forge_memory *memory = (struct forge_memory *)forge;
	uint64_t wait_ms = 0;

	(void)context;
	(void)branch;
	if (memory->failures > 0) {
		memory->failures--;
		return scripted_failure(memory, arena, &wait_ms);
	}
	*ret_health = (struct forge_health){
		.place = "memory",
		.may_post = FORGE_YES,
		.may_post_why = "it takes everything",
		.is_required = memory->required ? FORGE_YES : FORGE_NO,
		.is_required_why = "the test says so",
	};
	return NULL;
}

static struct error *pulls(struct forge *forge, const char *commit, struct arena *arena,
                           struct forge_pulls *ret_pulls)
{
	struct forge_memory *memory = (struct forge_memory *)forge;
	struct forge_pulls found = {0};
	uint64_t wait_ms = 0;

	memory->asked++;
	if (memory->failures > 0) {
		memory->failures--;
		return scripted_failure(memory, arena, &wait_ms);
	}
	for (size_t i = 0; i < memory->pulls.count && found.count < 10; i++)
		if (text_equal(memory->pulls.items[i].commit, commit))
			*LIST_ADD(arena, &found) = memory->pulls.items[i].number;
	*ret_pulls = found;
	return NULL;
}

static void close_forge(struct forge *forge)
{
	((struct forge_memory *)forge)->closed = true;
}

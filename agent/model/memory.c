/* Owns looking things up in what the journal remembers. NULL matches only NULL, so a refusal of a whole step is not
 * found under one of its migrations. */
#include "model/memory.h"

#include "base/text.h"

const struct deployed_migration *memory_deployed(const struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->deployed.count; i++) {
		if (text_equal(memory->deployed.items[i].name, name))
			return &memory->deployed.items[i];
	}
	return NULL;
}

const struct held_migration *memory_held(const struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->held.count; i++) {
		if (text_equal(memory->held.items[i].name, name))
			return &memory->held.items[i];
	}
	return NULL;
}

const char *memory_down(const struct memory *memory, const char *name, const char *checksum)
{
	const struct deployed_migration *deployed = memory_deployed(memory, name);

	if (deployed && text_equal(deployed->checksum, checksum))
		return deployed->down_digest;
	for (size_t i = 0; i < memory->downs.count; i++) {
		if (text_equal(memory->downs.items[i].name, name) &&
		    text_equal(memory->downs.items[i].checksum, checksum))
			return memory->downs.items[i].digest;
	}
	return NULL;
}

const struct accepted_row *memory_accepted(const struct memory *memory, const char *row_id)
{
	for (size_t i = 0; i < memory->accepted.count; i++) {
		if (text_equal(memory->accepted.items[i].row_id, row_id))
			return &memory->accepted.items[i];
	}
	return NULL;
}

const struct asked_rollback *memory_asked(const struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->asked.count; i++) {
		if (text_equal(memory->asked.items[i].name, name))
			return &memory->asked.items[i];
	}
	return NULL;
}

const struct withdrawal *memory_withdrawn(const struct memory *memory, const char *commit)
{
	for (size_t i = 0; i < memory->withdrawn.count; i++) {
		if (text_equal(memory->withdrawn.items[i].commit, commit))
			return &memory->withdrawn.items[i];
	}
	return NULL;
}

int64_t memory_spent(const struct memory *memory, const char *payload)
{
	for (size_t i = 0; i < memory->overrides_used.count; i++) {
		const struct override_used *used = &memory->overrides_used.items[i];

		if (text_equal(used->payload, payload) && used->outcome &&
		    !text_equal(used->outcome, "superseded"))
			return used->run;
	}
	return 0;
}

const struct refusal *memory_refusal(const struct memory *memory, const char *commit,
                                     const char *migration)
{
	for (size_t i = 0; i < memory->refusals.count; i++) {
		const struct refusal *refusal = &memory->refusals.items[i];

		if (text_equal(refusal->commit, commit) &&
		    text_equal(refusal->migration, migration))
			return refusal;
	}
	return NULL;
}

const struct intent *run_memory_unsettled(const struct run_memory *run)
{
	for (size_t i = 0; run && i < run->intents.count; i++) {
		const struct intent *intent = &run->intents.items[i];

		if (!intent->result || text_equal(intent->result, "partly"))
			return intent;
	}
	return NULL;
}

const struct stage_memory *run_memory_stage(const struct run_memory *run, const char *stage)
{
	for (size_t i = 0; i < run->stages.count; i++) {
		if (text_equal(run->stages.items[i].name, stage))
			return &run->stages.items[i];
	}
	return NULL;
}

/* The fake source keeps the contract of the real one. */
#include "contract/source_contract.h"
#include "fakes/source_memory.h"

static struct source_memory *memory_of(struct source_subject *subject)
{
	return subject->context;
}

static void reset(struct source_subject *subject, struct arena *arena)
{
	subject->context = source_memory_new(arena);
}

static struct source *open_memory(struct source_subject *subject, struct arena *arena)
{
	(void)arena;
	return source_memory_source(memory_of(subject));
}

static const char *put(void *subject, enum git_kind kind, struct bytes bytes)
{
	struct git_build build = source_memory_build(memory_of(subject));

	return build.put(build.context, kind, bytes);
}

static void set_branch(struct source_subject *subject, const char *name, const char *commit)
{
	source_memory_set_branch(memory_of(subject), name, commit);
}

static void set_ref(struct source_subject *subject, const char *name, const char *id)
{
	source_memory_set_ref(memory_of(subject), name, id);
}

static void set_down(struct source_subject *subject, bool down)
{
	source_memory_set_down(memory_of(subject), down);
}

int main(void)
{
	return source_contract_run(&(struct source_subject){
		.name = "source_memory",
		.reset = reset,
		.open = open_memory,
		.put = put,
		.set_branch = set_branch,
		.set_ref = set_ref,
		.set_down = set_down,
	});
}

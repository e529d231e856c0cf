/*
 * Looking without touching: the same stages that a pass begins with, for `headgate plan`. Nothing is written but the
 * mirror; what the stages would have recorded is dropped.
 */
#include "engine/gates.h"

static void note_gate(struct work *work);
static struct error *look_at_keys(struct work *work);

struct error *engine_look(const struct engine *engine, const struct target *target,
                          struct arena *arena, struct run *ret_run)
{
	struct work work = {.engine = engine,
	                    .target = target,
	                    .arena = arena,
	                    .looks = true,
	                    .run.target = target};
	struct error *error = engine->registry->open_journal(
		arena, engine->config, /* read_only= */ true, &work.ports.journal);

	if (!error)
		error = work_begin_run(&work);
	if (!error)
		error = work_look(&work);
	if (!error)
		error = look_at_keys(&work);
	if (work.run.plan.count)
		note_gate(&work);
	*ret_run = work.run;
	ret_run->records = (struct records){0};
	work_close(&work);
	return error;
}

/* What the next pass would wait for is no error of the look. */
static void note_gate(struct work *work)
{
	const struct error *gate = gates_after(work);

	if (gate)
		*LIST_ADD(work->arena, &work->run.plan.notes) = arena_printf(
			work->arena, "%s (%s)", error_line(work->arena, gate), gate->row->code);
}

/* A keyring that cannot be used refuses everything to come: whoever looks shall see it before that. */
static struct error *look_at_keys(struct work *work)
{
	TRY(work_open(work, PORT_KEYRING));
	return work->ports.keyring
	               ? keyring_digest(work->ports.keyring, work->arena, &work->run.keys)
	               : NULL;
}

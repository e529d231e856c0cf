/* One scratch repository at a time; what the contract asks of it is done by git itself. */
#include "contract/git_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/git_scratch.h"

static struct git_scratch place;
static git_subject_open *opener;

static void reset(struct source_subject *subject, struct arena *arena)
{
	(void)subject;
	if (place.folder)
		git_scratch_remove_folder(subject->context);
	place = git_scratch_new(arena);
	free(subject->context);
	subject->context = strdup(place.folder); /* outlives the test's arena */
}

static struct source *open_git(struct source_subject *subject, struct arena *arena)
{
	struct source *source = NULL;
	struct error *error = opener(
		arena, &(struct source_git_options){.url = place.remote, .mirror = place.mirror},
		&source);

	(void)subject;
	if (error)
		fail_msg("%s: %s", error->what, error->why);
	return source;
}

static const char *put(void *subject, enum git_kind kind, struct bytes bytes)
{
	(void)subject;
	return git_scratch_put(&place, kind, bytes);
}

static void set_branch(struct source_subject *subject, const char *name, const char *commit)
{
	(void)subject;
	git_scratch_set_branch(&place, name, commit);
}

static void set_ref(struct source_subject *subject, const char *name, const char *id)
{
	(void)subject;
	git_scratch_set_ref(&place, name, id);
}

static void set_down(struct source_subject *subject, bool down)
{
	char *away = arena_printf(place.arena, "%s/away.git", place.folder);

	(void)subject;
	assert_int_equal(down ? rename(place.remote, away) : rename(away, place.remote), 0);
}

int git_subject_run(const char *name, git_subject_open *open)
{
	struct source_subject subject = {
		.name = name,
		.reset = reset,
		.open = open_git,
		.put = put,
		.set_branch = set_branch,
		.set_ref = set_ref,
		.set_down = set_down,
	};
	int failed;

	opener = open;
	failed = source_contract_run(&subject);
	if (subject.context)
		git_scratch_remove_folder(subject.context);
	free(subject.context);
	return failed;
}

/*
 * The forge "notes". A post only remembers; a flush writes all of its batch as one commit into the mirror and pushes
 * that. The remote's notes are the truth when both differ (another agent, a mirror that was made anew): they are
 * fetched over ours, and what this batch said is written again on top. So nothing is ever pushed by force, and a
 * rebuilt mirror loses no history.
 */
#include "adapters/forge_notes.h"

#include <string.h>

#include "adapters/git.h"
#include "adapters/note_text.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/commit.h"

#define REF_PREFIX "refs/notes/headgate/"
#define PUSH_TRIES 3 /* of one flush: who loses the race so often waits for the next pass */

struct forge_notes {
	struct forge base;
	struct arena *arena;
	const char *folder;
	bool push;
	struct git_access remote;
	struct git *mirror; /* NULL until the first post */
	struct {
		struct status *items;
		size_t count, room;
	} batch; /* posted since the last flush */
};

/* What an error of git's means for a status. Any other heals, or is told by the source, which shares the mirror. */
static const struct {
	enum error_code git, forge;
	const char *hint;
} meanings[] = {
	{ERR_UNKNOWN_COMMIT, ERR_FORGE_REFUSED, "The status stays in `headgate history`."},
	{ERR_GIT_AUTH, ERR_FORGE_AUTH, "Let the agent's credential push to refs/notes/headgate/*."},
	{ERR_FORGE_REFUSED, ERR_FORGE_AUTH,
         "Let the remote's rules allow the agent to push to refs/notes/headgate/*."},
};

static struct error *post(struct forge *forge, const struct status *status, struct arena *arena,
                          uint64_t *ret_wait_ms);
static bool is_target(const char *target);
static struct error *look_at_note(struct forge_notes *notes, const struct status *status,
                                  struct arena *arena);
static const char *ref_of(struct arena *arena, const char *target);
static void remember(struct forge_notes *notes, const struct status *status);
static struct error *flush(struct forge *forge, struct arena *arena, uint64_t *ret_wait_ms);
static bool is_first_of_target(const struct forge_notes *notes, size_t index);
static struct error *write_target(struct forge_notes *notes, const char *target,
                                  struct arena *arena);
static struct git_note *find_written(const struct git_note_list *written, const char *commit);
static struct error *push_target(struct forge_notes *notes, const char *target,
                                 struct arena *arena);
static struct error *translate(struct arena *arena, const struct error *error, const char *what);
static struct error *check(struct forge *forge, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *ret_health);
static void close_forge(struct forge *forge);

static const struct forge_ops ops = {
	.name = "notes", .post = post, .flush = flush, .check = check, .close = close_forge};

FALLIBLE forge_notes_open(struct arena *arena, const struct forge_notes_options *options,
                          struct forge **ret_forge)
{
	struct forge_notes *notes = ARENA_NEW(arena, struct forge_notes);

	if (options->push)
		TRY(git_address_parse(arena, options->remote, options->token != NULL,
		                      options->allow_http, &notes->remote.address));
	notes->base.ops = &ops;
	notes->arena = arena;
	notes->folder = options->mirror;
	notes->push = options->push;
	notes->remote.username = options->username;
	notes->remote.token = options->token;
	notes->remote.ca_file = options->ca_file;
	notes->remote.ssh = (struct git_ssh_keys){
		.key_file = options->ssh_key_file,
		.known_hosts = options->known_hosts,
		.setting = "notes.ssh_key_file",
	};
	if (notes->remote.address.place == GIT_PLACE_SSH)
		TRY(git_ssh_check(arena, &notes->remote.address, &notes->remote.ssh));
	*ret_forge = &notes->base;
	return NULL;
}

static struct error *post(struct forge *forge, const struct status *status, struct arena *arena,
                          uint64_t *ret_wait_ms)
{
	struct forge_notes *notes = (struct forge_notes *)forge;
	struct error *error = NULL;

	if (!is_target(status->target))
		return FAIL(arena, FORGE_REFUSED,
		            .what = arena_printf(arena, "cannot note '%s'", status->context),
		            .why = "the target's name cannot stand in a ref",
		            .hint = "Name the target with a-z, 0-9 and hyphens.");
	if (!notes->mirror)
		error = git_open(notes->arena, notes->folder, &notes->mirror);
	if (!error)
		error = look_at_note(notes, status, arena);
	if (error) {
		*ret_wait_ms = 0;
		return translate(arena, error,
		                 arena_printf(arena, "cannot note the status of '%.12s' for '%s'",
		                              status->commit, status->target));
	}
	remember(notes, status);
	return NULL;
}

static bool is_target(const char *target)
{
	return *target != '-' && *target != '\0' &&
	       target[strspn(target, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* What could never be written must not keep the rest of its batch from being written. */
static struct error *look_at_note(struct forge_notes *notes, const struct status *status,
                                  struct arena *arena)
{
	struct bytes raw, note;

	TRY(git_read(notes->mirror, status->commit, GIT_KIND_COMMIT, COMMIT_PASSED_MAXIMUM, arena,
	             &raw)); /* does it exist? */
	return git_notes_read(notes->mirror, ref_of(arena, status->target), status->commit, arena,
	                      &note);
}

static const char *ref_of(struct arena *arena, const char *target)
{
	return arena_printf(arena, REF_PREFIX "%s", target);
}

static void remember(struct forge_notes *notes, const struct status *status)
{
	struct status *kept;

	kept = LIST_ADD(notes->arena, &notes->batch);
	*kept = *status;
	kept->target = arena_text(notes->arena, status->target);
	kept->commit = arena_text(notes->arena, status->commit);
	kept->context = arena_text(notes->arena, status->context);
	kept->description = arena_text(notes->arena, status->description);
	kept->url = arena_text(notes->arena, status->url);
}

static struct error *flush(struct forge *forge, struct arena *arena, uint64_t *ret_wait_ms)
{
	struct forge_notes *notes = (struct forge_notes *)forge;
	struct error *error = NULL;

	for (size_t i = 0; i < notes->batch.count && !error; i++) {
		const char *target = notes->batch.items[i].target;

		if (!is_first_of_target(notes, i))
			continue;
		error = write_target(notes, target, arena);
		if (!error && notes->push)
			error = push_target(notes, target, arena);
	}
	notes->batch.count = 0; /* after a failure, all of it comes again */
	if (!error)
		return NULL;
	*ret_wait_ms = 0;
	return translate(arena, error, notes->push ? "cannot push the notes" : "cannot write the notes");
}

static bool is_first_of_target(const struct forge_notes *notes, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (text_equal(notes->batch.items[i].target, notes->batch.items[index].target))
			return false;
	return true;
}

/* The note there may hold a later word of another agent: ours then follows it. */
static struct error *write_target(struct forge_notes *notes, const char *target,
                                  struct arena *arena)
{
	const char *ref = ref_of(arena, target);
	struct git_note_list written = {0};

	for (size_t i = 0; i < notes->batch.count; i++) {
		const struct status *status = &notes->batch.items[i];
		struct git_note *earlier = find_written(&written, status->commit);
		const char *text;
		struct bytes note;

		if (!text_equal(status->target, target))
			continue;
		TRY(git_notes_read(notes->mirror, ref, status->commit, arena, &note));
		if (earlier)
			note.data = earlier->text;
		text = note_text_add(arena, note.data, status, clock_wall_us());
		if (text == note.data)
			continue;
		if (!earlier)
			earlier = LIST_ADD(arena, &written);
		*earlier = (struct git_note){status->commit, text};
	}
	return git_notes_write_all(notes->mirror, ref, &written, arena);
}

static struct git_note *find_written(const struct git_note_list *written, const char *commit)
{
	for (size_t i = 0; i < written->count; i++)
		if (text_equal(written->items[i].commit, commit))
			return &written->items[i];
	return NULL;
}

static struct error *push_target(struct forge_notes *notes, const char *target, struct arena *arena)
{
	const char *ref = ref_of(arena, target);

	for (int tries = 0; tries < PUSH_TRIES; tries++) {
		bool rejected = false, found;

		TRY(git_push_ref(notes->mirror, &notes->remote, ref, arena, &rejected));
		if (!rejected)
			return NULL;
		TRY(git_fetch_ref(notes->mirror, &notes->remote, ref, ref, arena, &found));
		TRY(write_target(notes, target, arena));
	}
	return FAIL(
		arena, FORGE_UNREACHABLE, .what = arena_printf(arena, "cannot push '%s'", ref),
		.why = "somebody else pushes there at the same time",
		.hint = "The agent tries again by itself. Is a second agent at work on this target?");
}

static struct error *translate(struct arena *arena, const struct error *error, const char *what)
{
	struct error_text text = {
		.what = what,
		.why = error_line(arena, error),
		.hint = error->hint,
	};

	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		if (error->row != &error_rows()[meanings[i].git])
			continue;
		text.hint = meanings[i].hint;
		return error_new(arena, meanings[i].forge, &text);
	}
	return error_new(arena, ERR_FORGE_UNREACHABLE, &text);
}

/* Whether a push would be taken is known only by pushing: rules of the remote may differ by ref. */
static struct error *check(struct forge *forge, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *ret_health)
{
	const struct forge_notes *notes = (struct forge_notes *)forge;

	(void)context;
	(void)branch;
	*ret_health = (struct forge_health){
		.place = notes->push ? arena_printf(arena, REF_PREFIX "* of %s",
	                                            notes->remote.address.url)
	                             : "the mirror",
		.may_post = notes->push ? FORGE_NOT_KNOWN : FORGE_YES,
		.may_post_why = notes->push ? "a push was not tried: it would leave a mark"
	                                    : "they stay here, as notes.push is false",
		.is_required = FORGE_NO,
	};
	return NULL;
}

static void close_forge(struct forge *forge)
{
	struct forge_notes *notes = (struct forge_notes *)forge;

	git_close(notes->mirror);
	notes->mirror = NULL;
}

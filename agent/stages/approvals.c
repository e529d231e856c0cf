/*
 * Tags by which persons speak, on a run. What a reader gets wrong: whoever may push chooses how many there are, their
 * names and what they point at. So a bounded number is read for each commit, by the ids that the listing gave, and one
 * that cannot be had or read takes no other with it.
 */
#include "stages/approvals.h"

#include "policy/roles.h"
#include "stages/verify_signed.h"

#define TAGS "refs/tags/"
#define NOTE_BEGINS "the tag "
#define NOTES_TOLD_MAXIMUM 3 /* in one sentence: whoever may push chooses how many tags there are */
#define NAME_TOLD_MAXIMUM 160 /* code points of a tag's name in a note */

struct reading { /* of the tags of one kind on one commit */
	bool done;
	struct text_list persons; /* who approve; of overrides nobody */
	struct standing_overrides overrides;
};

struct on_commit {
	struct reading kinds[2]; /* by enum approval_kind */
	struct text_list notes;
};

struct approvals {
	bool listed;
	struct source_refs refs;
	struct map commits; /* struct on_commit */
};

static struct on_commit *find_commit(struct run *run, const char *commit);
static FALLIBLE read_tags(struct run *run, const char *commit, enum approval_kind kind,
                          struct on_commit *on);
static FALLIBLE list_tags(struct run *run, const char *commit, enum approval_kind kind,
                          struct source_refs *ret_refs);
static FALLIBLE list_target(struct run *run);
static struct source_refs choose(struct run *run, const struct source_refs *refs,
                                 const char *commit, enum approval_kind kind, struct on_commit *on);
static size_t find_first(const struct source_refs *refs, const char *prefix);
static FALLIBLE read_tag(struct run *run, const struct source_ref *ref, const char *commit,
                         enum approval_kind kind, struct on_commit *on);
static FALLIBLE judge(struct run *run, const struct tag *tag, const char **ret_person,
                      const char **ret_flaw);
static const char *find_age(struct run *run, const struct tag *tag, int64_t seen);
static const char *say(struct arena *arena, const struct verdict *verdict);
static const char *add_override(struct run *run, const struct tag *tag, const char *person,
                                struct standing_overrides *overrides);
static const char *say_lift(struct arena *arena, enum lift lift,
                            const struct standing_override *override);
static void note(struct run *run, struct on_commit *on, const char *ref, const char *why);

FALLIBLE approvals_taggers(struct run *run, const char *commit, struct text_list *ret_persons)
{
	struct on_commit *on = find_commit(run, commit);

	TRY(read_tags(run, commit, APPROVAL_VOUCHES, on));
	*ret_persons = on->kinds[APPROVAL_VOUCHES].persons;
	return NULL;
}

FALLIBLE approvals_overrides(struct run *run, const char *commit,
                             struct standing_overrides *ret_overrides)
{
	struct on_commit *on = find_commit(run, commit);

	if (run->policy->roles.count)
		TRY(read_tags(run, commit, APPROVAL_OVERRIDES, on));
	*ret_overrides = on->kinds[APPROVAL_OVERRIDES].overrides;
	return NULL;
}

FALLIBLE approvals_find(struct run *run, const char *commit, enum lift lift,
                        const struct standing_override **ret_override)
{
	const struct standing_override *found = NULL;
	struct standing_overrides overrides = {0};

	TRY(approvals_overrides(run, commit, &overrides));
	for (size_t i = 0; i < overrides.count; i++) {
		const struct standing_override *one = &overrides.items[i];

		if (one->says.lifts[lift] &&
		    (!found || one->says.backup_age > found->says.backup_age))
			found = one;
	}
	*ret_override = found;
	return NULL;
}

void approvals_use(struct run *run, const char *commit, enum lift lift,
                   const struct standing_override *override)
{
	const char *lifts = say_lift(run->arena, lift, override);

	for (size_t i = 0; i < run->lifted.count; i++)
		if (text_equal(run->lifted.items[i].commit, commit) &&
		    text_equal(run->lifted.items[i].lifts, lifts))
			return;
	*LIST_ADD(run->arena, &run->lifted) = (struct lifted){
		.commit = commit,
		.lifts = lifts,
		.tag = override->tag,
		.payload = override->payload,
		.by = override->by,
		.expires = override->says.expires,
	};
}

static const char *say_lift(struct arena *arena, enum lift lift,
                            const struct standing_override *override)
{
	const uint64_t minutes = override->says.backup_age / 60000;

	switch (lift) {
	case LIFT_CHECKLIST:
		return "checklist";
	case LIFT_BACKUP_AGE:
		return arena_printf(arena, "backup-age=%llu%s",
		                    (unsigned long long)(minutes % 60 ? minutes : minutes / 60),
		                    minutes % 60 ? "m" : "h");
	case LIFT_COUNT:
		break;
	}
	BUG("no such lift");
}

const char *approvals_override_command(struct run *run, const char *commit, const char *lifts)
{
	const char *tag = arena_printf(run->arena, "override/%s/%s/$(whoami)-$(date +%%s)",
	                               run->target->name, commit);
	bool anybody = false;

	for (size_t i = 0; i < run->policy->roles.count; i++)
		anybody |= run->policy->roles.items[i].may & 1u << MAY_OVERRIDE;
	if (!anybody)
		return NULL;
	return arena_printf(run->arena,
	                    "T=%s; printf 'WHY\\n\\nHeadgate-Lift: %s\\nHeadgate-Expires: "
	                    "%%s\\n' $(date -u -d +1day +%%FT%%TZ) | git tag -s -F - $T %s && git "
	                    "push origin $T",
	                    tag, lifts, commit);
}

const struct text_list *approvals_notes(struct run *run, const char *commit)
{
	return &find_commit(run, commit)->notes;
}

void approvals_tell(struct run *run, const char *commit, enum approval_kind kind, struct text *text,
                    size_t *told)
{
	static const char *const begins[] = {[APPROVAL_VOUCHES] = NOTE_BEGINS "approve/",
	                                     [APPROVAL_OVERRIDES] = NOTE_BEGINS "override/"};
	const struct text_list *notes = approvals_notes(run, commit);

	for (size_t i = 0; i < notes->count && *told < NOTES_TOLD_MAXIMUM; i++)
		if (text_starts(notes->items[i], begins[kind])) {
			text_printf(text, "; %s", notes->items[i]);
			++*told;
		}
}

static struct on_commit *find_commit(struct run *run, const char *commit)
{
	void **place;

	if (!run->approvals)
		run->approvals = ARENA_NEW(run->arena, struct approvals);
	place = map_at(&run->approvals->commits, run->arena, commit);
	if (!*place)
		*place = ARENA_NEW(run->arena, struct on_commit);
	return *place;
}

static FALLIBLE read_tags(struct run *run, const char *commit, enum approval_kind kind,
                          struct on_commit *on)
{
	struct source_refs listed = {0}, refs;
	struct error *error;

	if (on->kinds[kind].done || !run->ports.keyring || !run->keys)
		return NULL;
	error = list_tags(run, commit, kind, &listed);
	if (error && !run_is_of_object(error))
		return error;
	refs = choose(run, &listed, commit, kind, on);
	TRY(run_bring(run, &refs, NULL));
	on->kinds[kind] = (struct reading){0}; /* what an interrupted reading left */
	for (size_t i = 0; i < refs.count; i++)
		TRY(read_tag(run, &refs.items[i], commit, kind, on));
	on->kinds[kind].done = true;
	return NULL;
}

/* Both kinds and all commits at once; where there are too many, only those of the commit. */
static FALLIBLE list_tags(struct run *run, const char *commit, enum approval_kind kind,
                          struct source_refs *ret_refs)
{
	struct text_list prefixes = {0};

	TRY(list_target(run));
	if (!run->approvals->refs.is_cut) {
		*ret_refs = run->approvals->refs;
		return NULL;
	}
	*LIST_ADD(run->arena, &prefixes) =
		approval_prefix(run->arena, kind, run->target->name, commit);
	return source_list_refs(run->ports.source, &prefixes, run->arena, ret_refs);
}

static FALLIBLE list_target(struct run *run)
{
	struct approvals *approvals = run->approvals;
	struct text_list prefixes = {0};

	if (approvals->listed)
		return NULL;
	*LIST_ADD(run->arena, &prefixes) =
		approval_prefix(run->arena, APPROVAL_VOUCHES, run->target->name, NULL);
	*LIST_ADD(run->arena, &prefixes) =
		approval_prefix(run->arena, APPROVAL_OVERRIDES, run->target->name, NULL);
	TRY(source_list_refs(run->ports.source, &prefixes, run->arena, &approvals->refs));
	approvals->listed = true;
	return NULL;
}

/*
 * A lightweight tag is told from the listing alone: it names the commit itself. The listing may be long, and many commits
 * are asked about: the refs of one stand together in it.
 */
static struct source_refs choose(struct run *run, const struct source_refs *refs,
                                 const char *commit, enum approval_kind kind, struct on_commit *on)
{
	const char *prefix = approval_prefix(run->arena, kind, run->target->name, commit);
	struct source_refs chosen = {0};

	for (size_t i = find_first(refs, prefix);
	     i < refs->count && text_starts(refs->items[i].name, prefix); i++) {
		const struct source_ref *ref = &refs->items[i];

		if (chosen.count == APPROVALS_MAXIMUM) {
			note(run, on, ref->name,
			     arena_printf(run->arena, "only the first %d are read",
			                  APPROVALS_MAXIMUM));
			break;
		}
		if (text_equal(ref->id, commit))
			note(run, on, ref->name,
			     "it is a plain name of the commit, nobody signed it");
		else
			*LIST_ADD(run->arena, &chosen) = *ref;
	}
	return chosen;
}

/* The first ref whose name is not before the prefix: they are in the order of their names. */
static size_t find_first(const struct source_refs *refs, const char *prefix)
{
	size_t low = 0, high = refs->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(refs->items[middle].name, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A tag may be large, and nothing of it is needed when it was read. */
static FALLIBLE read_tag(struct run *run, const struct source_ref *ref, const char *commit,
                         enum approval_kind kind, struct on_commit *on)
{
	AUTO_ARENA scratch = arena_new();
	const char *flaw = NULL, *person = NULL;
	struct bytes raw = {0};
	struct tag tag;
	struct error *error = source_tag(run->ports.source, ref->id, scratch, &raw);

	if (error && !run_is_of_object(error))
		return error_copy(run->arena, error);
	if (!error)
		error = tag_parse(scratch, ref->id, raw, &tag);
	if (error) {
		note(run, on, ref->name, error_line(scratch, error));
		return NULL;
	}
	flaw = approval_flaw(scratch, ref->name, commit, &tag);
	if (!flaw && memory_withdrawn(&run->memory, commit))
		flaw = "the commit was withdrawn";
	if (!flaw)
		TRY(judge(run, &tag, &person, &flaw));
	if (!flaw && kind == APPROVAL_OVERRIDES)
		flaw = add_override(run, &tag, person, &on->kinds[kind].overrides);
	else if (!flaw)
		text_list_add_once(run->arena, &on->kinds[kind].persons, person);
	if (flaw)
		note(run, on, ref->name, flaw);
	return NULL;
}

static FALLIBLE judge(struct run *run, const struct tag *tag, const char **ret_person,
                      const char **ret_flaw)
{
	struct verdict verdict = {0};
	int64_t seen = 0;

	TRY(verify_tag(run, tag, &seen, &verdict));
	if (verdict.kind != VERDICT_GOOD || !verdict.principal) {
		*ret_flaw = say(run->arena, &verdict);
		return NULL;
	}
	*ret_flaw = roles_tag_objection(run->arena, run->policy, verdict.principal, tag);
	if (!*ret_flaw)
		*ret_flaw = find_age(run, tag, seen);
	*ret_person = verdict.principal;
	return NULL;
}

/* A tag's own date can only make it older. */
static const char *find_age(struct run *run, const struct tag *tag, int64_t seen)
{
	const int64_t age = (int64_t)(run->policy->max_signature_age / 1000);
	const int64_t made = tag->tagger.when < seen ? tag->tagger.when : seen;

	if (tag->tagger.when > run->now + CLOCK_SKEW_S)
		return "it is dated in the future";
	return age && made < run->now - age ? "it is older than the policy's max_signature_age"
	                                    : NULL;
}

static const char *say(struct arena *arena, const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_UNSIGNED:
		return "it is unsigned";
	case VERDICT_GOOD:
	case VERDICT_BAD:
	case VERDICT_UNTRUSTED:
	case VERDICT_EXPIRED:
	case VERDICT_NOT_YET_VALID:
	case VERDICT_REVOKED:
	case VERDICT_MALFORMED:
	case VERDICT_UNSUPPORTED:
		break;
	}
	return arena_printf(arena, "its signature is %s%s%s", verdict_kind_name(verdict->kind),
	                    verdict->reason ? ": " : "", verdict->reason ? verdict->reason : "");
}

static const char *add_override(struct run *run, const struct tag *tag, const char *person,
                                struct standing_overrides *overrides)
{
	const struct bytes *payload = &tag->seal.payload;
	struct standing_override one = {
		.tag = arena_text(run->arena, tag->name),
		.payload = sha256_text(run->arena, payload->data, payload->size),
		.by = person,
	};
	const char *flaw = override_read(run->arena, tag, &one.says);
	int64_t spent;

	if (flaw)
		return flaw;
	if (!roles_may_override(run->policy, person))
		return arena_printf(run->arena, "no role lets '%s' override", person);
	if (one.says.expires <= run->now)
		return "it has expired";
	spent = memory_spent(&run->memory, one.payload);
	if (spent)
		return arena_printf(run->arena, "run %lld used it, and it counts once",
		                    (long long)spent);
	*LIST_ADD(run->arena, overrides) = one;
	return NULL;
}

static void note(struct run *run, struct on_commit *on, const char *ref, const char *why)
{
	*LIST_ADD(run->arena, &on->notes) =
		arena_printf(run->arena, NOTE_BEGINS "%s counts for nothing: %s",
	                     text_clip(run->arena, ref + strlen(TAGS), NAME_TOLD_MAXIMUM), why);
}

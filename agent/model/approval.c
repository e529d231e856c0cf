/*
 * What approval and override tags say, by their names and messages. What a reader gets wrong: a ref's name is chosen by
 * whoever may push and moves a signed tag to another place; so it counts only where the tag itself names that place.
 */
#include "model/approval.h"

#define TAGS "refs/tags/"
#define AGE "backup-age="
#define AGE_MAXIMUM_MS (365ull * 24 * 3600 * 1000)

static const char *lift_one(struct arena *arena, const char *word, struct override *override);
static const char *read_expiry(struct arena *arena, const struct tag *tag, int64_t *ret_expires);

static const char *const kinds[] = {
	[APPROVAL_VOUCHES] = "approve",
	[APPROVAL_OVERRIDES] = "override",
};

const char *approval_prefix(struct arena *arena, enum approval_kind kind, const char *target,
                            const char *commit)
{
	return arena_printf(arena, TAGS "%s/%s/%s%s", kinds[kind], target, commit ? commit : "",
	                    commit ? "/" : "");
}

const char *approval_flaw(struct arena *arena, const char *ref, const char *commit,
                          const struct tag *tag)
{
	if (!text_starts(ref, TAGS) || !text_equal(ref + strlen(TAGS), tag->name))
		return arena_printf(arena, "it was made as '%s' and pushed under another name",
		                    text_clip(arena, tag->name, 200));
	if (!text_equal(tag->type, "commit"))
		return arena_printf(arena, "it points at a %s, not at a commit", tag->type);
	if (!text_equal(tag->object, commit))
		return arena_printf(arena, "it points at another commit, %s",
		                    commit_short(arena, tag->object));
	return NULL;
}

const char *override_read(struct arena *arena, const struct tag *tag, struct override *ret_override)
{
	struct override override = {0};
	struct text_list words = {0};
	const char *flaw;

	message_trailers(arena, tag->message, "Headgate-Lift", &words);
	if (!words.count)
		return "it has no trailer 'Headgate-Lift: …' in the last paragraph of its message";
	for (size_t i = 0; i < words.count; i++) {
		flaw = lift_one(arena, words.items[i], &override);
		if (flaw)
			return flaw;
	}
	flaw = read_expiry(arena, tag, &override.expires);
	if (flaw)
		return flaw;
	*ret_override = override;
	return NULL;
}

static const char *lift_one(struct arena *arena, const char *word, struct override *override)
{
	static const char *const later[] = {"window", "promotion", "notice", "rehearsal"};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (text_equal(word, later[i]))
			return arena_printf(arena, "'%s' cannot be lifted in this version", word);
	if (text_equal(word, "checklist") && !override->lifts[LIFT_CHECKLIST]) {
		override->lifts[LIFT_CHECKLIST] = true;
		return NULL;
	}
	if (text_starts(word, AGE) && !override->lifts[LIFT_BACKUP_AGE]) {
		override->lifts[LIFT_BACKUP_AGE] = true;
		if (parse_duration(word + strlen(AGE), AGE_MAXIMUM_MS, &override->backup_age) &&
		    override->backup_age)
			return NULL;
		return arena_printf(arena, "'%s' names no duration such as 6h",
		                    text_clip(arena, word, 60));
	}
	return arena_printf(arena,
	                    "'Headgate-Lift: %s' is no word of ours, or stands there twice; there "
	                    "are 'checklist' and 'backup-age=6h'",
	                    text_clip(arena, word, 60));
}

/* One form only, so that nobody is mistaken about a time zone. */
static const char *read_expiry(struct arena *arena, const struct tag *tag, int64_t *ret_expires)
{
	struct text_list times = {0};
	int64_t expires;

	message_trailers(arena, tag->message, "Headgate-Expires", &times);
	if (times.count != 1)
		return times.count ? "it has more than one trailer 'Headgate-Expires'"
		                   : "it has no trailer 'Headgate-Expires: 2026-11-24T18:00:00Z'";
	if (strlen(times.items[0]) != strlen("2026-11-24T18:00:00Z") ||
	    !text_ends(times.items[0], "Z") || !parse_time(times.items[0], &expires))
		return arena_printf(arena,
		                    "its expiry '%s' is not written like 2026-11-24T18:00:00Z",
		                    text_clip(arena, times.items[0], 60));
	if (expires <= tag->tagger.when)
		return "it had expired when it was made";
	if (expires - OVERRIDE_LONGEST_S > tag->tagger.when)
		return arena_printf(arena, "it would expire more than %lld days after it was made",
		                    OVERRIDE_LONGEST_S / (24 * 3600));
	*ret_expires = expires;
	return NULL;
}

/*
 * Tags by which persons speak (R6.12): refs/tags/approve/<target>/<full commit id>/<anything> vouches for that commit;
 * refs/tags/override/<target>/<full commit id>/<anything> lifts for it what its message names. Annotated, signed, the
 * tag header equal to the ref's name behind refs/tags/, pointing at that commit. Pure.
 */
#pragma once

#include "model/tag.h"
#include "model/verdict.h"

#define APPROVALS_MAXIMUM 64 /* tags that are read for one commit */

enum approval_kind { APPROVAL_VOUCHES, APPROVAL_OVERRIDES };

/* "refs/tags/approve/shop/"; commit NULL: for all commits, else "…/<commit>/". */
const char *approval_prefix(struct arena *arena, enum approval_kind kind, const char *target,
                            const char *commit);
/* Does the tag say what its ref says? NULL, or why it counts for nothing (a sentence without full stop). */
const char *approval_flaw(struct arena *arena, const char *ref, const char *commit,
                          const struct tag *tag);

enum lift { LIFT_CHECKLIST, LIFT_BACKUP_AGE, LIFT_COUNT };

/*
 * What an override tag lifts, from its message: a trailer `Headgate-Lift: checklist` or `Headgate-Lift: backup-age=6h`
 * for each (the rules of message_trailers), and one `Headgate-Expires: 2026-11-24T18:00:00Z`, at most
 * OVERRIDE_LONGEST_S behind the tagger's time.
 */
#define OVERRIDE_LONGEST_S (30ll * 24 * 3600)

struct override {
	bool lifts[LIFT_COUNT];
	uint64_t backup_age; /* ms, under LIFT_BACKUP_AGE: a backup that is younger serves */
	int64_t expires;     /* seconds, exclusive */
};

/* NULL: *ret_override is set. Else why the tag lifts nothing: nothing named, a word that is not known, a wrong expiry. */
const char *override_read(struct arena *arena, const struct tag *tag,
                          struct override *ret_override);

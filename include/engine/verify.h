/*
 * Who vouches and why not, for people who ask. Either of a target, by its policy, the journal and the mirror as they are;
 * or of any clone and key files alone, without agent, journal or configuration: for a second look by others, and for whoever
 * wants to try the rule on a history of his own. Nothing is fetched or written.
 */
#pragma once

#include "engine/engine.h"

#define VERIFY_PULLS_MAXIMUM 64

struct verify_keys {
	const char *repository;                          /* the clone, or a folder in it */
	const char *allowed_signers, *revoked, *openpgp; /* at least the first or the last */
	int64_t at; /* seconds: when everything was first seen; revocation is tested as of now */
};

struct verified_object { /* a commit or an annotated tag */
	const char *id;
	const char *subject; /* of a commit that could be parsed, else NULL */
	struct verdict verdict;
	const char
		*objection; /* why a good signature counts for nothing on the target; NULL: none */
	struct error
		*error; /* no verdict could be reached, and the rest is not set; NULL: one was */
};

/* One answer a name, in their order, each a verdict or ERR_NOT_CHECKED. An error is about all: no keys, no clone. */
FALLIBLE engine_verify_objects(const struct registry *registry, const struct verify_keys *keys,
                               const struct text_list *names, struct arena *arena,
                               struct verified_object **ret_objects);

struct verify_range {
	const char *deployed, *head, *baseline; /* as typed */
	const char *path;                       /* of the migrations, in the repository */
	const char *target; /* whose approval tags count, as the clone has them; NULL: none */
	uint64_t threshold;
	struct given_pulls pulls;
};

enum step_outcome { STEP_PASS, STEP_UNDONE, STEP_REFUSE, STEP_WAIT, STEP_HALT };

struct verified_step {
	const char *id, *base; /* base NULL: none, or a root commit */
	enum step_outcome outcome;
	struct text_list vouched_by;
	const char *
		voucher; /* on the branch that was merged; NULL: the step's own signature, or tags */
	const char *undone_by;
	const struct error *refusal; /* NULL when it passed */
	const char *
		taints; /* a passed step in a folder that this refused step brought too; NULL: none */
};

struct verified_steps {
	struct verified_step *items;
	size_t count, room;
};

const char *step_outcome_name(enum step_outcome outcome);

/*
 * The rule `signed` on the steps of DEPLOYED..HEAD, oldest first; every step from the baseline to DEPLOYED counts as
 * passed. ERR_NOT_CHECKED, ERR_USAGE.
 */
FALLIBLE engine_verify_steps(const struct registry *registry, const struct verify_keys *keys,
                             const struct verify_range *range, struct arena *arena,
                             struct verified_steps *ret_steps);

/*
 * The same for a target: the objects that were named, and the steps from its deployed commit to head as they were fetched
 * last, by its own rule. ERR_KEYRING, ERR_UNKNOWN_COMMIT, ERR_JOURNAL.
 */
FALLIBLE engine_verify(const struct engine *engine, const struct target *target,
                       const struct text_list *names, struct arena *arena,
                       struct verified_object **ret_objects, struct verified_steps *ret_steps);

/*
 * Who may do what (R6.14). Pure. A principal is a person's name in the keyring, compared byte by byte; a pattern is
 * over an entry of the migrations path (a migration's folder or a loose file), with * and ? only.
 *
 * Without any role every person of the keyring may deploy and roll back, and nobody may override. With roles, the
 * pattern with the most literal characters that matches an entry decides: only the roles that have it count there, and
 * an entry that no pattern matches is nobody's.
 */
#pragma once

#include "model/folder.h"
#include "model/steps.h"
#include "model/tag.h"
#include "model/target.h"

#define ROLES_MAXIMUM 100
#define ROLE_PERSONS_MAXIMUM 1000
#define ROLE_PATTERNS_MAXIMUM 100

/* An entry that is added or changed needs `deploy`, one that is removed `rollback`. */
bool roles_allow(const struct policy *policy, const char *principal, const struct change *change);
/* In any role: what an override tag lifts is of the whole run, not of an entry. */
bool roles_may_override(const struct policy *policy, const char *principal);

/*
 * Under trust `all`, after steps_judge: a step that passed is refused (ERR_NOT_VOUCHED) when a person who signed a commit
 * that it brings may not do all that it changes. Simple and strict, as that rule is.
 */
void roles_refuse_steps(struct arena *arena, const struct policy *policy, struct steps *steps);

/*
 * The policy's rule `identity`: NULL when the commit's good signature may count, else why it does not, behind "it is": "signed
 * by X, and the committer is Y (identity-mismatch)". Only of a commit that was parsed; others give NULL.
 */
const char *roles_identity_objection(struct arena *arena, const struct policy *policy,
                                     const struct step_commit *commit);
/* The same for a tag, which has one e-mail address, its tagger's. */
const char *roles_tag_objection(struct arena *arena, const struct policy *policy,
                                const char *principal, const struct tag *tag);

/* "deploy", "rollback", "override"; NULL-terminated, indexed by enum role_power. */
extern const char *const role_powers[];

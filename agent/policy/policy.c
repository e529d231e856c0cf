/* The policy's table of fields. What a reader gets wrong: there is no default for `trust`; who leaves it out is told. */
#include "policy/policy.h"

#include "base/text.h"
#include "model/checklist.h"

#include <stddef.h>

static const char *const trust_choices[] = {
	[TRUST_ALL] = "all", [TRUST_BRANCH] = "branch", [TRUST_SIGNED] = "signed", NULL};
static const char *const backup_choices[] = {
	[BACKUP_REQUIRED] = "required", [BACKUP_NONE] = "none", NULL};
static const char *const scope_choices[] = {"database", "schema", NULL};
static const char *const late_choices[] = {[LATE_ALLOW] = "allow", [LATE_REFUSE] = "refuse", NULL};
static const char *const unexplained_choices[] = {
	[UNEXPLAINED_REFUSE] = "refuse", [UNEXPLAINED_REPORT] = "report", NULL};
static const char *const elsewhere_choices[] = {
	[ELSEWHERE_ADOPT] = "adopt", [ELSEWHERE_REFUSE] = "refuse", NULL};
static const char *const nonatomic_choices[] = {
	[NONATOMIC_ALLOW] = "allow", [NONATOMIC_REFUSE] = "refuse", NULL};
static const char *const rollback_choices[] = {
	[ROLLBACK_TRAILER] = "trailer", [ROLLBACK_FREE] = "free", NULL};

#define MS_MINUTE (60 * 1000)
#define MS_HOUR (60 * MS_MINUTE)

/* clang-format off */
static const struct field fields[] = {
	{ .name = "trust", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, trust), .required = true, .choices = trust_choices,
	  .sentence = "Who may deploy. all: every commit that changes migrations must be signed by a key of the keyring. signed: the commits of a branch must be, and then any merge commit may bring it, also one that a forge's button made; a squash or rebase by a forge does not pass. branch: nothing is verified, whoever may push may deploy, and every status says so." },
	{ .name = "threshold", .kind = FIELD_NUMBER, .offset = offsetof(struct policy, threshold), .otherwise = "1", .minimum = 1, .maximum = 10,
	  .sentence = "Under trust: signed, how many distinct persons must vouch for a step. 1: to sign is to release, also a draft. Above 1, one of them must have set none of its files: who signs the merge, or a commit on top of the branch." },
	{ .name = "max_signature_age", .kind = FIELD_DURATION, .offset = offsetof(struct policy, max_signature_age), .otherwise = "0", .maximum = 3650ull * 24 * MS_HOUR,
	  .sentence = "Under trust: signed, a commit that was made longer ago, by its own date, or first seen longer ago, vouches for nothing; 0: no limit." },
	{ .name = "checklist", .kind = FIELD_CHOICES, .offset = offsetof(struct policy, checklist), .otherwise = "[]", .choices = checklist_item_names,
	  .sentence = "Items of the pre-deployment checklist that must be ticked in checklist.md or in the signed message. backup is answered by the run's own backup." },
	{ .name = "backup.rule", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, backup), .otherwise = "required", .choices = backup_choices,
	  .sentence = "required: no backup, no apply. none: for databases that may be lost; every status says so." },
	{ .name = "backup.scope", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, backup_scope), .otherwise = "database", .choices = scope_choices,
	  .sentence = "What the dump holds: the whole database, or only the schemas that the target owns." },
	{ .name = "backup.keep", .kind = FIELD_NUMBER, .offset = offsetof(struct policy, backup_keep), .otherwise = "7", .minimum = 1, .maximum = 10000,
	  .sentence = "How many finished backups of the target stay; older ones are removed when a new one is complete." },
	{ .name = "max_backup_age", .kind = FIELD_DURATION, .offset = offsetof(struct policy, max_backup_age), .otherwise = "0", .maximum = 7 * 24 * MS_HOUR,
	  .sentence = "A backup of the same database and scope that is younger than this serves as well; 0: each run takes its own." },
	{ .name = "late", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, late), .otherwise = "allow", .choices = late_choices,
	  .sentence = "A migration named older than the newest applied one: apply it, as Prisma does, or refuse." },
	{ .name = "unexplained", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, unexplained), .otherwise = "refuse", .choices = unexplained_choices,
	  .sentence = "An applied row that is neither in the branch nor Headgate's own: refuse to go on, or only report it." },
	{ .name = "elsewhere", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, elsewhere), .otherwise = "adopt", .choices = elsewhere_choices,
	  .sentence = "A migration of the branch that another program applied as it stands: adopt the row (nothing runs), or refuse until headgate resolve --accept NAME." },
	{ .name = "nonatomic", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, nonatomic), .otherwise = "allow", .choices = nonatomic_choices,
	  .sentence = "Files that cannot be sent in one transaction (CONCURRENTLY, their own BEGIN and COMMIT)." },
	{ .name = "max_rollback", .kind = FIELD_NUMBER, .offset = offsetof(struct policy, max_rollback), .otherwise = "3", .minimum = 0, .maximum = 1000,
	  .sentence = "How many deployed migrations one look at the branch may roll back; more of them gone is a halt." },
	{ .name = "rollback", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, rollback), .otherwise = "trailer", .choices = rollback_choices,
	  .sentence = "What a revert needs to run its down script. trailer: 'Headgate-Rollback: down' in the signed revert. free: nothing more." },
	{ .name = "apply.lock_timeout", .kind = FIELD_DURATION, .offset = offsetof(struct policy, lock_timeout), .otherwise = "500ms", .minimum = 10, .maximum = MS_MINUTE,
	  .sentence = "Give up waiting for a lock after this long, then try again. No query waits longer because of us." },
	{ .name = "apply.lock_budget", .kind = FIELD_DURATION, .offset = offsetof(struct policy, lock_budget), .otherwise = "10m", .minimum = 1000, .maximum = 24 * MS_HOUR,
	  .sentence = "How long to go on trying for locks, Prisma's included, before the run waits for the next pass." },
	{ .name = "apply.statement_timeout", .kind = FIELD_DURATION, .offset = offsetof(struct policy, statement_timeout), .otherwise = "15m", .maximum = 24 * MS_HOUR,
	  .sentence = "The longest that one statement may run; 0: no limit. Concurrent index builds have none." },
	{ .name = "apply.idle_in_transaction_session_timeout", .kind = FIELD_DURATION, .offset = offsetof(struct policy, idle_in_transaction_timeout), .otherwise = "1m", .minimum = 1000, .maximum = MS_HOUR,
	  .sentence = "The server ends our transaction when it hears nothing from us for this long: a lost link lets go of its locks." },
};
/* clang-format on */

static const struct {
	const char *value, *why;
} later[] = {
	{"tag", "trust: tag is not supported"},
};

const struct field *policy_fields(size_t *ret_count)
{
	*ret_count = sizeof fields / sizeof *fields;
	return fields;
}

struct error *policy_decode(struct arena *arena, const struct document *document,
                            const struct node *map, struct policy *ret_policy)
{
	const char *trust = node_find_text(map, "trust");
	struct policy policy = {.path = document->path};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (text_equal(trust, later[i].value))
			return FAIL(
				arena, CONFIG,
				.what = arena_printf(arena, "policy '%s' asks for trust: %s",
			                             document->path, trust),
				.why = later[i].why,
				.hint = "Write trust: all (every commit that changes migrations is signed by a known person).");
	TRY(decode_fields(arena, document, map, fields, sizeof fields / sizeof *fields, &policy));
	if (policy.trust != TRUST_SIGNED && (policy.threshold > 1 || policy.max_signature_age))
		return FAIL(arena, CONFIG,
		            .what = arena_printf(
				    arena, "policy '%s' asks for '%s' without trust: signed",
				    document->path,
				    policy.threshold > 1 ? "threshold" : "max_signature_age"),
		            .why = arena_printf(arena, "under trust: %s nothing would come of it",
		                                trust_name((enum trust)policy.trust)),
		            .hint = "Write trust: signed, or leave the line out.");
	*ret_policy = policy;
	return NULL;
}

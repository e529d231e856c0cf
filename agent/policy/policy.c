/* The policy's table of fields. What a reader gets wrong: there is no default for `trust`; who leaves it out is told. */
#include "policy/policy.h"

#include "base/text.h"
#include "model/checklist.h"
#include "policy/roles.h"

#include <stddef.h>

static const char *const trust_choices[] = {[TRUST_ALL] = "all",
                                            [TRUST_BRANCH] = "branch",
                                            [TRUST_SIGNED] = "signed",
                                            [TRUST_TAG] = "tag",
                                            NULL};
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

static const char *const identity_choices[] = {[IDENTITY_ANY] = "any",
                                               [IDENTITY_COMMITTER] = "committer",
                                               [IDENTITY_AUTHOR] = "author",
                                               NULL};

#define MS_MINUTE (60 * 1000)
#define MS_HOUR (60 * MS_MINUTE)

#define ROLE_NAME_MAXIMUM 60

/* clang-format off */
static const struct field of_role[] = {
	{ .name = "name", .kind = FIELD_TEXT, .offset = offsetof(struct role, name), .required = true, .minimum = 1, .maximum = ROLE_NAME_MAXIMUM,
	  .sentence = "What the role is called, each one once." },
	{ .name = "persons", .kind = FIELD_TEXTS, .offset = offsetof(struct role, persons), .required = true, .minimum = 1, .maximum = 320,
	  .sentence = "Who has it, by the names that the keys have in the keyring, such as ada@example.com." },
	{ .name = "may", .kind = FIELD_CHOICES, .offset = offsetof(struct role, may), .otherwise = "deploy, rollback", .choices = role_powers,
	  .sentence = "deploy: vouch for what is added or changed. rollback: for what is removed. override: lift a gate by an override tag." },
	{ .name = "paths", .kind = FIELD_TEXTS, .offset = offsetof(struct role, paths), .otherwise = "[]", .minimum = 1, .maximum = 255,
	  .sentence = "For which entries of the migrations folder: names with * and ?, of a migration's folder or a loose file; default: all. The pattern with the most other characters decides, so that a role for *_billing takes these from the roles without it." },
};

static const struct field fields[] = {
	{ .name = "trust", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, trust), .required = true, .choices = trust_choices,
	  .sentence = "Who may deploy. all: every commit that changes migrations must be signed by a key of the keyring. signed: what persons signed passes through any button of a forge, the rest by their approval tags. tag: what approval tags cover passes, the rest waits for them. branch: nothing is verified, whoever may push may deploy, and every status says so." },
	{ .name = "threshold", .kind = FIELD_NUMBER, .offset = offsetof(struct policy, threshold), .otherwise = "1", .minimum = 1, .maximum = 10,
	  .sentence = "Under trust: signed and tag, how many distinct persons must vouch for a step. 1: to sign is to release, also a draft. Above 1, under signed, one of them must have set none of its files: who signs the merge, or a commit on top of the branch, or an approval tag." },
	{ .name = "max_signature_age", .kind = FIELD_DURATION, .offset = offsetof(struct policy, max_signature_age), .otherwise = "0", .maximum = 3650ull * 24 * MS_HOUR,
	  .sentence = "Under trust: signed and tag, a signature that was made longer ago, by its own date, or first seen longer ago, vouches for nothing; 0: no limit." },
	{ .name = "identity", .kind = FIELD_CHOICE, .offset = offsetof(struct policy, identity), .otherwise = "any", .choices = identity_choices,
	  .sentence = "Whose e-mail address of a commit the signer's name in the keyring must be, byte by byte; of an approval tag it is the tagger's. any: the signature is enough." },
	{ .name = "roles", .kind = FIELD_MAPS, .offset = offsetof(struct policy, roles), .otherwise = "[]", .maximum = ROLES_MAXIMUM,
	  .of = of_role, .of_count = sizeof of_role / sizeof *of_role, .of_size = sizeof(struct role),
	  .sentence = "Who may do what. Without any, every person of the keyring may deploy and roll back, and nobody may override; with some, nobody else may do anything." },
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

struct decoding {
	struct arena *arena;
	const struct document *document;
	const struct node *map;
	struct policy *policy;
};

static struct error *check_trust(const struct decoding *decoding);
static struct error *check_roles(const struct decoding *decoding);
static struct error *check_role(const struct decoding *decoding, const struct role *role,
                                const struct node *node);
static const char *wrong_person(struct arena *arena, const struct role *role);
static const char *wrong_pattern(struct arena *arena, const struct role *role);
static bool has_control(const char *text);
static struct error *refuse_role(const struct decoding *decoding, const struct role *role,
                                 const struct node *node, const char *why, const char *hint);

const struct field *policy_fields(size_t *ret_count)
{
	*ret_count = sizeof fields / sizeof *fields;
	return fields;
}

struct error *policy_decode(struct arena *arena, const struct document *document,
                            const struct node *map, struct policy *ret_policy)
{
	struct policy policy = {.path = document->path};
	const struct decoding decoding = {
		.arena = arena, .document = document, .map = map, .policy = &policy};

	TRY(decode_fields(arena, document, map, fields, sizeof fields / sizeof *fields, &policy));
	TRY(check_trust(&decoding));
	TRY(check_roles(&decoding));
	*ret_policy = policy;
	return NULL;
}

/* Who reads the file would think that it is asked for. */
static struct error *check_trust(const struct decoding *decoding)
{
	const struct policy *policy = decoding->policy;
	const bool counts = policy->trust == TRUST_SIGNED || policy->trust == TRUST_TAG;
	const bool verifies = policy->trust != TRUST_BRANCH;
	const struct {
		const char *field;
		bool given, good;
		const char *hint;
	} rows[] = {
		{"threshold", policy->threshold > 1, counts,
	         "Write trust: signed, or leave the line out."},
		{"max_signature_age", policy->max_signature_age, counts,
	         "Write trust: signed, or leave the line out."},
		{"identity", policy->identity != IDENTITY_ANY, verifies,
	         "Write trust: signed, tag or all, or leave the line out."},
		{"roles", policy->roles.count, verifies,
	         "Write trust: signed, tag or all, or leave the roles out."},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].given && !rows[i].good)
			return FAIL(
				decoding->arena, CONFIG,
				.what = arena_printf(decoding->arena,
			                             "cannot use '%s' in policy '%s', line %d",
			                             rows[i].field, decoding->document->path,
			                             node_find(decoding->map, rows[i].field)->line),
				.why = arena_printf(decoding->arena,
			                            "under trust: %s nothing would come of it",
			                            trust_name((enum trust)policy->trust)),
				.hint = rows[i].hint);
	return NULL;
}

static struct error *check_roles(const struct decoding *decoding)
{
	const struct roles *roles = &decoding->policy->roles;
	const struct node *list = node_find(decoding->map, "roles");
	const struct node *node = list ? list->child : NULL;

	for (size_t i = 0; i < roles->count; i++, node = node->next) {
		TRY(check_role(decoding, &roles->items[i], node));
		for (size_t k = 0; k < i; k++)
			if (text_equal(roles->items[k].name, roles->items[i].name))
				return refuse_role(decoding, &roles->items[i], node,
				                   "an earlier one has the same name",
				                   "Give each role a name of its own.");
	}
	return NULL;
}

static struct error *check_role(const struct decoding *decoding, const struct role *role,
                                const struct node *node)
{
	struct arena *arena = decoding->arena;
	const char *person = wrong_person(arena, role), *pattern = wrong_pattern(arena, role);

	if (has_control(role->name))
		return refuse_role(decoding, role, node, "its name is more than one line",
		                   "Write a word or two.");
	if (!role->persons.count)
		return refuse_role(decoding, role, node, "it has no persons",
		                   "Write for instance persons: [ada@example.com].");
	if (person)
		return refuse_role(decoding, role, node, person,
		                   "Write each name as the key file has it (headgate keys list).");
	if (!role->may)
		return refuse_role(decoding, role, node, "it may do nothing",
		                   "Write any of deploy, rollback, override, or leave 'may' out.");
	if (role->paths.count > ROLE_PATTERNS_MAXIMUM)
		return refuse_role(
			decoding, role, node,
			arena_printf(arena, "it has more than %d paths", ROLE_PATTERNS_MAXIMUM),
			"Use * and ?, or two roles.");
	if (pattern)
		return refuse_role(
			decoding, role, node, pattern,
			"Write the name of a folder or file below the migrations folder, with * and ? "
			"only: paths: [\"*_billing\"].");
	return NULL;
}

/* What no key file can have as one person's name. */
static const char *wrong_person(struct arena *arena, const struct role *role)
{
	for (size_t i = 0; i < role->persons.count; i++) {
		const char *person = role->persons.items[i];

		if (has_control(person) || strpbrk(person, " *?!,\"'#<>"))
			return arena_printf(arena, "'%s' is no name of one person",
			                    text_clip(arena, person, 60));
	}
	return NULL;
}

static const char *wrong_pattern(struct arena *arena, const struct role *role)
{
	for (size_t i = 0; i < role->paths.count; i++) {
		const char *pattern = role->paths.items[i];

		if (has_control(pattern) || strpbrk(pattern, "/\\[]{}") || *pattern == '!')
			return arena_printf(arena, "'%s' is no pattern of an entry",
			                    text_clip(arena, pattern, 60));
	}
	return NULL;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static struct error *refuse_role(const struct decoding *decoding, const struct role *role,
                                 const struct node *node, const char *why, const char *hint)
{
	return FAIL(decoding->arena, CONFIG,
	            .what = arena_printf(decoding->arena,
	                                 "cannot use the role '%s' in policy '%s', line %d",
	                                 text_clip(decoding->arena, role->name, 60),
	                                 decoding->document->path, node->line),
	            .why = why, .hint = hint);
}

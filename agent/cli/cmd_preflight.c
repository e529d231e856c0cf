/*
 * headgate preflight BASE..HEAD: what the gate would refuse of a branch, for CI. What a reader gets wrong: findings
 * are the result and not an error, so the command prints them itself and chooses the exit status.
 */
#include "base/file.h"
#include "cli/annotations.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/preflight.h"
#include "policy/policy.h"

#define POLICY_MAXIMUM (1024 * 1024) /* bytes */
#define EXIT_POLICY 3
#define EXIT_SIGNATURE 4

static struct error *read_request(struct invocation *invocation,
                                  struct preflight_request *ret_request);
static struct error *split_range(struct invocation *invocation, struct preflight_request *request);
static struct error *check_path(struct invocation *invocation, const char *path);
static struct error *load_policy(struct invocation *invocation, const char *path,
                                 struct policy *ret_policy);
static const char *policy_name(struct arena *arena, const char *path);
static int exit_status(const struct preflight *found);
static void print_text(struct invocation *invocation, const struct preflight_request *request,
                       const struct preflight *found, const char *verdict);
static void print_group(struct invocation *invocation, const struct preflight *found, size_t first,
                        bool *is_printed);
static bool is_one_group(const struct preflight_finding *a, const struct preflight_finding *b);
static void print_finding(struct arena *arena, const struct preflight_finding *finding);
static void print_item(struct arena *arena, const struct plan_item *item, bool has_findings);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const char *output = invocation_option(invocation, "output");
	struct preflight_request request = {0};
	struct preflight found = {0};
	const char *verdict;

	TRY(read_request(invocation, &request));
	TRY(engine_preflight(invocation->registry, &request, arena, &found));
	verdict = arena_printf(arena, "preflight: %s", annotations_verdict(arena, &found));
	*ret_status = exit_status(&found);
	if (invocation->json) {
		terminal_json(arena, annotations_json(arena, &found, verdict));
	} else if (text_equal(output, "github")) {
		terminal_print(COLOUR_NONE, "%s\n", verdict);
		terminal_print(COLOUR_NONE, "%s", annotations_github(arena, &found));
	} else if (text_equal(output, "gitlab")) {
		(void)fprintf(stderr, "%s\n", verdict); /* the report alone goes into the file */
		terminal_json(arena, annotations_gitlab(arena, &found));
	} else {
		print_text(invocation, &request, &found, verdict);
	}
	return NULL;
}

/* ---- what was asked ---- */

static struct error *read_request(struct invocation *invocation,
                                  struct preflight_request *ret_request)
{
	struct arena *arena = invocation->arena;
	struct policy *policy = ARENA_NEW(arena, struct policy);
	const char *path = invocation_option(invocation, "policy");
	const char *migrations = invocation_option(invocation, "migrations");
	const char *repository = invocation_option(invocation, "repository");
	struct preflight_request request = {
		.repository = repository ? repository : ".",
		.migrations = migrations ? migrations : "prisma/migrations",
		.allowed_signers = invocation_option(invocation, "allowed-signers"),
		.revoked = invocation_option(invocation, "revoked"),
		.openpgp = invocation_option(invocation, "openpgp-keys"),
		.policy = policy,
	};

	TRY(split_range(invocation, &request));
	TRY(check_path(invocation, request.migrations));
	if (!path)
		return FAIL(
			arena, USAGE, .what = "headgate preflight needs a policy",
			.hint = "Write headgate preflight --policy policies/production.yaml BASE..HEAD.");
	TRY(load_policy(invocation, path, policy));
	request.name = policy_name(arena, path);
	if (policy->trust != TRUST_BRANCH && !request.allowed_signers && !request.openpgp)
		return FAIL(
			arena, USAGE,
			.what = arena_printf(arena, "policy '%s' verifies signatures", path),
			.why = "nobody said whose count",
			.hint = "Add --allowed-signers FILE, the file that the agent has, or --openpgp-keys DIR.");
	*ret_request = request;
	return NULL;
}

/* "A..B" and "A...B" mean the same here; "A.." is up to HEAD. */
static struct error *split_range(struct invocation *invocation, struct preflight_request *request)
{
	const char *range = invocation->operands.items[0], *dots = strstr(range, "..");

	if (!dots || dots == range)
		return FAIL(
			invocation->arena, USAGE,
			.what = arena_printf(invocation->arena, "'%s' is no range of commits",
		                             range),
			.why = "it takes two names with two dots between them: the branch to be merged into, and "
			       "what is to be merged",
			.hint = "Write for instance headgate preflight --policy FILE origin/main..HEAD.");
	request->base = arena_copy(invocation->arena, range, (size_t)(dots - range));
	request->head = dots + strspn(dots, ".");
	if (!*request->head)
		request->head = "HEAD";
	return NULL;
}

/* A path inside the repository, as git spells it. */
static struct error *check_path(struct invocation *invocation, const char *path)
{
	struct text_list parts = {0};

	text_split(invocation->arena, path, '/', &parts);
	for (size_t i = 0; i < parts.count; i++)
		if (!*parts.items[i] || text_equal(parts.items[i], ".") ||
		    text_equal(parts.items[i], ".."))
			return FAIL(invocation->arena, USAGE,
			            .what = arena_printf(invocation->arena,
			                                 "'%s' is no path in a repository", path),
			            .why = "it must be relative, without empty parts, '.' and '..'",
			            .hint = "Write for instance --migrations prisma/migrations.");
	return NULL;
}

/* Unlike the agent's, it may lie in a clone that everybody may write: what is said here decides nothing. */
static struct error *load_policy(struct invocation *invocation, const char *path,
                                 struct policy *ret_policy)
{
	struct arena *arena = invocation->arena;
	const struct document document = {
		.path = path, .folder = path_folder(arena, path), .noun = "policy"};
	struct bytes bytes = {0};
	struct node *root = NULL;

	if (!file_exists(path))
		return FAIL(
			arena, CONFIG_MISSING,
			.what = arena_printf(arena, "there is no policy '%s'", path),
			.hint = "Correct --policy; the shipped ones are in the folder policies.");
	TRY(file_read(arena, path, POLICY_MAXIMUM, &bytes));
	TRY(invocation->registry->read_yaml(arena, path, bytes, &root));
	TRY(policy_decode(arena, &document, root, ret_policy));
	ret_policy->digest = sha256_text(arena, bytes.data, bytes.size);
	return NULL;
}

/* "policies/production.yaml" -> "production" */
static const char *policy_name(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strchr(name, '.');

	return dot && dot != name ? arena_copy(arena, name, (size_t)(dot - name)) : name;
}

/* A signature that is refused outweighs the rest, as it comes first in a pass. */
static int exit_status(const struct preflight *found)
{
	int status = found->findings.count ? EXIT_POLICY : EXIT_DONE;

	for (size_t i = 0; i < found->findings.count; i++)
		if (found->findings.items[i].error->row->exit_status == EXIT_SIGNATURE)
			status = EXIT_SIGNATURE;
	return status;
}

/* ---- for people ---- */

static void print_text(struct invocation *invocation, const struct preflight_request *request,
                       const struct preflight *found, const char *verdict)
{
	struct arena *arena = invocation->arena;
	bool *is_printed = ARENA_ARRAY(arena, bool, found->findings.count);

	terminal_print(found->findings.count ? COLOUR_BAD : COLOUR_GOOD, "%s\n", verdict);
	terminal_field(COLOUR_NONE, "range",
	               arena_printf(arena, "%s..%s: %s since %s, %zu with migrations",
	                            request->base, request->head,
	                            text_plural(arena, found->commits, "commit"),
	                            commit_short(arena, found->fork), found->judged));
	terminal_field(COLOUR_NONE, "policy", request->name);
	terminal_field(
		found->verified ? COLOUR_NONE : COLOUR_CARE, "signed",
		found->verified
			? request->policy->trust == TRUST_SIGNED
	                          ? "verified; any merge commit may bring it, but no squash or rebase of a forge"
	                          : "verified; the merge itself must be signed by a person, too (no merge button)"
			: "not verified (the policy says trust: branch)");
	for (size_t i = 0; i < found->findings.count; i++)
		if (!is_printed[i])
			print_group(invocation, found, i, is_printed);
	if (found->plan.count)
		terminal_print(COLOUR_NONE, "\n");
	for (size_t i = 0; i < found->plan.count; i++)
		print_item(arena, &found->plan.items[i], found->findings.count > 0);
	for (size_t i = 0; i < found->notes.count; i++)
		terminal_field(COLOUR_CARE, "note", found->notes.items[i]);
}

/* All that concerns one migration, else one commit, under one headline. */
static void print_group(struct invocation *invocation, const struct preflight *found, size_t first,
                        bool *is_printed)
{
	const struct preflight_finding *head = &found->findings.items[first];

	if (head->migration)
		terminal_print(COLOUR_STRONG, "\n%s\n", head->migration);
	else if (head->commit)
		terminal_print(
			COLOUR_STRONG, "\ncommit %s%s%s\n",
			commit_short(invocation->arena, head->commit), head->subject ? "  " : "",
			head->subject ? text_clip(invocation->arena, head->subject, 60) : "");
	else
		terminal_print(COLOUR_STRONG, "\n%s\n", head->path);
	for (size_t i = first; i < found->findings.count; i++)
		if (!is_printed[i] && is_one_group(head, &found->findings.items[i])) {
			print_finding(invocation->arena, &found->findings.items[i]);
			is_printed[i] = true;
		}
}

static bool is_one_group(const struct preflight_finding *a, const struct preflight_finding *b)
{
	if (a->migration || b->migration)
		return text_equal(a->migration, b->migration);
	return text_equal(a->commit, b->commit) && text_equal(a->path, b->path);
}

static void print_finding(struct arena *arena, const struct preflight_finding *finding)
{
	const struct error *error = finding->error;

	terminal_field(COLOUR_BAD, error->row->code, error->what);
	if (error->why && *error->why)
		terminal_field(COLOUR_NONE, "why", error->why);
	if (finding->migration)
		terminal_field(COLOUR_NONE, "at",
		               arena_printf(arena, "%s:%d", finding->path, finding->line));
	terminal_field(COLOUR_CARE, "next", error->hint);
}

static void print_item(struct arena *arena, const struct plan_item *item, bool has_findings)
{
	const struct script *script = &item->script;
	struct text line = TEXT_IN(arena);

	text_printf(&line, "would %s %s  (%s", plan_action_name(item->action), item->name,
	            script->way ? text_plural(arena, script->count, "statement")
	                        : "its SQL as it stands cannot be sent");
	if (script->way > WAY_ONE)
		text_printf(&line, "; %s: %s", way_name(script->way), script->why);
	if (item->late)
		text_add(&line, "; late");
	text_add(&line, ")");
	terminal_field(item->action == PLAN_APPLY ? COLOUR_GOOD : COLOUR_CARE,
	               has_findings ? "mended" : "then", text_get(&line));
}

static const struct option options[] = {
	{"policy", "FILE", "the policy of the target; needed"},
	{"migrations", "PATH", "the folder in the repository; default: prisma/migrations"},
	{"allowed-signers", "FILE", "who may sign; needed by a policy that verifies signatures"},
	{"revoked", "FILE", "revoked keys: a KRL or a list of public keys"},
	{"openpgp-keys", "DIR", "the folder of OpenPGP keys, one PRINCIPAL.asc a person"},
	{"repository", "DIR", "the clone, or a folder in it; default: the current folder"},
	{NULL, NULL, NULL},
};

static const char *const outputs[] = {"github", "gitlab", NULL};

const struct command cmd_preflight = {
	.name = "preflight",
	.sentence = "what the gate would refuse, before the merge",
	.operands = "BASE..HEAD",
	.operands_minimum = 1,
	.operands_maximum = 1,
	.options = options,
	.outputs = outputs,
	.perform = perform,
	.description =
		"For CI: judges what HEAD brings against its merge base with BASE (signatures, names, edited and removed "
		"migrations, checklist, SQL) in a clone, without agent, database, journal or configuration. What stands at "
		"BASE is presumed to be deployed. --output may also be github (annotations) or gitlab (a Code Quality "
		"report). Exit status 0 when nothing would be refused, 3 or 4 when the policy or a signature refuses.",
	.example =
		"headgate preflight --policy policies/staging.yaml --allowed-signers keys/allowed_signers "
		"origin/main..HEAD",
};

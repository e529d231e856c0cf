/*
 * headgate verify: who vouches, and why not. What a reader gets wrong: with --repository it needs no configuration and
 * answers for everything that it was asked, so "no" is a result, printed here, and not an error.
 */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/verify.h"

#define EXIT_NOT_VOUCHED 4
#define EXIT_WAITS 5
#define THRESHOLD_MAXIMUM 10

static FALLIBLE verify_configured(struct invocation *invocation, int *ret_status);
static FALLIBLE read_keys(struct invocation *invocation, struct verify_keys *ret_keys);
static FALLIBLE verify_objects(struct invocation *invocation, const struct verify_keys *keys,
                               int *ret_status);
static FALLIBLE verify_steps_of(struct invocation *invocation, const struct verify_keys *keys,
                                int *ret_status);
static FALLIBLE read_range(struct invocation *invocation, struct verify_range *ret_range);
static FALLIBLE read_pulls(struct invocation *invocation, struct verify_range *range);
static void show_object(struct invocation *invocation, const struct verified_object *object,
                        const struct verified_steps *steps, int *ret_status);
static void show_steps(struct invocation *invocation, const struct verified_steps *steps,
                       int *ret_status);
static struct node *object_node(struct arena *arena, const struct verified_object *object);
static struct node *step_node(struct arena *arena, const struct verified_step *step);
static void print_object(struct arena *arena, const struct verified_object *object);
static void print_step(struct arena *arena, const struct verified_step *step);
static void list_reasons(struct arena *arena, const struct verified_step *step,
                         struct text_list *ret_reasons);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct verify_keys keys;

	if (!invocation_option(invocation, "repository"))
		return verify_configured(invocation, ret_status);
	TRY(read_keys(invocation, &keys));
	return invocation_option(invocation, "steps")
	               ? verify_steps_of(invocation, &keys, ret_status)
	               : verify_objects(invocation, &keys, ret_status);
}

static FALLIBLE verify_configured(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	struct verified_object *objects = NULL;
	struct verified_steps steps = {0};

	TRY(engine_verify(&invocation->engine, invocation->target, &invocation->operands, arena,
	                  &objects, &steps));
	if (!invocation->operands.count) {
		if (!steps.count && !invocation->json)
			terminal_print(COLOUR_GOOD, "nothing waits: %s is at head\n",
			               invocation->target->name);
		show_steps(invocation, &steps, ret_status);
	}
	for (size_t i = 0; i < invocation->operands.count; i++)
		show_object(invocation, &objects[i], &steps, ret_status);
	return NULL;
}

/* ---- without a configuration ---- */

static FALLIBLE read_keys(struct invocation *invocation, struct verify_keys *ret_keys)
{
	const char *at = invocation_option(invocation, "at");
	struct verify_keys keys = {
		.repository = invocation_option(invocation, "repository"),
		.allowed_signers = invocation_option(invocation, "allowed-signers"),
		.revoked = invocation_option(invocation, "revoked"),
		.openpgp = invocation_option(invocation, "openpgp-keys"),
		.at = clock_wall(),
	};

	if (!keys.allowed_signers && !keys.openpgp)
		return FAIL(invocation->arena, USAGE, .what = "nobody said whose signatures count",
		            .hint = "Add --allowed-signers FILE, the file that the agent has, or "
		                    "--openpgp-keys DIR.");
	if (at && !parse_time(at, &keys.at))
		return FAIL(
			invocation->arena, USAGE,
			.what = arena_printf(invocation->arena, "'%s' is no time", at),
			.hint = "Write --at 2026-11-24T18:00:00Z, a day, or seconds since 1970.");
	*ret_keys = keys;
	return NULL;
}

static FALLIBLE verify_objects(struct invocation *invocation, const struct verify_keys *keys,
                               int *ret_status)
{
	static const char *const of_steps[] = {"baseline", "path", "threshold", "pull"};
	struct arena *arena = invocation->arena;
	struct verified_object *objects = NULL;
	struct error *first = NULL;

	for (size_t i = 0; i < sizeof of_steps / sizeof *of_steps; i++)
		if (invocation_option(invocation, of_steps[i]))
			return FAIL(arena, USAGE,
			            .what = arena_printf(arena, "--%s is for steps", of_steps[i]),
			            .hint = "Add --steps DEPLOYED..HEAD, or leave it out.");
	if (!invocation->operands.count)
		return FAIL(
			arena, USAGE, .what = "nothing was named that could be verified",
			.hint = "Name commits or tags, or a line of steps: --steps DEPLOYED..HEAD.");
	TRY(engine_verify_objects(invocation->registry, keys, &invocation->operands, arena,
	                          &objects));
	for (size_t i = 0; i < invocation->operands.count; i++) {
		if (!objects[i].error)
			show_object(invocation, &objects[i], &(struct verified_steps){0},
			            ret_status);
		else if (first)
			terminal_error(objects[i].error); /* the first is told of at the end */
		else
			first = objects[i].error;
	}
	return first;
}

static FALLIBLE verify_steps_of(struct invocation *invocation, const struct verify_keys *keys,
                                int *ret_status)
{
	struct arena *arena = invocation->arena;
	struct verified_steps steps = {0};
	struct verify_range range = {0};

	TRY(read_range(invocation, &range));
	TRY(engine_verify_steps(invocation->registry, keys, &range, arena, &steps));
	show_steps(invocation, &steps, ret_status);
	return NULL;
}

static FALLIBLE read_range(struct invocation *invocation, struct verify_range *ret_range)
{
	struct arena *arena = invocation->arena;
	const char *steps = invocation_option(invocation, "steps"), *dots = strstr(steps, "..");
	const char *path = invocation_option(invocation, "path");
	const char *threshold = invocation_option(invocation, "threshold");
	struct verify_range range = {
		.baseline = invocation_option(invocation, "baseline"),
		.path = path ? path : "prisma/migrations",
		.target = invocation_option(invocation, "target"),
		.threshold = 1,
	};

	if (!dots || dots == steps || !dots[2] || dots[2] == '.')
		return FAIL(
			arena, USAGE,
			.what = arena_printf(arena, "'%s' is no line of steps", steps),
			.why = "it takes the deployed commit and head, with two dots between them",
			.hint = "Write for instance --steps v1..main.");
	if (!range.baseline)
		return FAIL(
			arena, USAGE, .what = "--steps needs --baseline",
			.why = "what was passed before decides which signatures are fresh",
			.hint = "Name the commit from which on the branch was trusted: --baseline REV.");
	if (invocation->operands.count)
		return FAIL(arena, USAGE,
		            .what = arena_printf(arena, "--steps does not go with '%s'",
		                                 invocation->operands.items[0]),
		            .hint = "Ask for one of the two.");
	if (threshold &&
	    (!parse_number(threshold, THRESHOLD_MAXIMUM, &range.threshold) || !range.threshold))
		return FAIL(arena, USAGE,
		            .what = arena_printf(arena, "'%s' is no threshold", threshold),
		            .hint = "Write how many distinct persons must vouch, 1 to 10.");
	range.deployed = arena_copy(arena, steps, (size_t)(dots - steps));
	range.head = dots + 2;
	TRY(read_pulls(invocation, &range));
	*ret_range = range;
	return NULL;
}

static FALLIBLE read_pulls(struct invocation *invocation, struct verify_range *range)
{
	struct arena *arena = invocation->arena;

	for (size_t i = 0; i < invocation->given_count; i++) {
		const char *value = invocation->given[i].value;
		const char *equals = strchr(value, '=');
		uint64_t number = 0;

		if (!text_equal(invocation->given[i].name, "pull"))
			continue;
		if (!equals ||
		    !parse_number(arena_copy(arena, value, (size_t)(equals - value)), UINT32_MAX,
		                  &number) ||
		    !text_is_hex(equals + 1, COMMIT_ID_SIZE))
			return FAIL(arena, USAGE,
			            .what = arena_printf(arena, "'%s' is no pull request", value),
			            .hint = "Write its number and the full id of its head: --pull "
			                    "7=1a2b….");
		LIST_ADD(arena, &range->pulls)->number = number;
		range->pulls.items[range->pulls.count - 1].commit = equals + 1;
	}
	return NULL;
}

/* ---- what a person or a program sees ---- */

/* The step that it is, if any, says more than its own signature. */
static void show_object(struct invocation *invocation, const struct verified_object *object,
                        const struct verified_steps *steps, int *ret_status)
{
	struct arena *arena = invocation->arena;

	if ((object->verdict.kind != VERDICT_GOOD || object->objection) &&
	    *ret_status < EXIT_NOT_VOUCHED)
		*ret_status = EXIT_NOT_VOUCHED;
	if (invocation->json)
		terminal_json_line(arena, object_node(arena, object));
	else
		print_object(arena, object);
	for (size_t i = 0; i < steps->count && !invocation->json; i++)
		if (text_equal(steps->items[i].id, object->id))
			print_step(arena, &steps->items[i]);
}

static void show_steps(struct invocation *invocation, const struct verified_steps *steps,
                       int *ret_status)
{
	static const int statuses[] = {
		[STEP_PASS] = EXIT_DONE,   [STEP_UNDONE] = EXIT_DONE,
		[STEP_WAIT] = EXIT_WAITS,  [STEP_REFUSE] = EXIT_NOT_VOUCHED,
		[STEP_HALT] = EXIT_PERSON,
	};
	for (size_t i = 0; i < steps->count; i++) {
		const struct verified_step *step = &steps->items[i];

		if (statuses[step->outcome] > *ret_status)
			*ret_status = statuses[step->outcome];
		if (invocation->json)
			terminal_json_line(invocation->arena, step_node(invocation->arena, step));
		else
			print_step(invocation->arena, step);
	}
}

static struct node *object_node(struct arena *arena, const struct verified_object *object)
{
	const struct verdict *verdict = &object->verdict;
	struct node *node = node_map(arena), *reasons = node_list(arena);

	node_set_text(arena, node, "object", object->id);
	node_set_text(arena, node, "verdict", verdict_kind_name(verdict->kind));
	node_set_text(arena, node, "principal", verdict->principal);
	node_set_text(arena, node, "fingerprint", verdict->fingerprint);
	node_set_text(arena, node, "format", signature_format_name(verdict->format));
	if (verdict->reason)
		node_add(reasons, node_text(arena, verdict->reason));
	if (object->objection)
		node_add(reasons, node_text(arena, object->objection));
	node_set(arena, node, "reasons", reasons);
	return node;
}

static struct node *step_node(struct arena *arena, const struct verified_step *step)
{
	struct node *node = node_map(arena), *persons = node_list(arena);
	struct node *reasons = node_list(arena);
	struct text_list why = {0};

	list_reasons(arena, step, &why);
	for (size_t i = 0; i < step->vouched_by.count; i++)
		node_add(persons, node_text(arena, step->vouched_by.items[i]));
	for (size_t i = 0; i < why.count; i++)
		node_add(reasons, node_text(arena, why.items[i]));
	node_set_text(arena, node, "step", step->id);
	node_set_text(arena, node, "base", step->base);
	node_set_text(arena, node, "outcome", step_outcome_name(step->outcome));
	node_set(arena, node, "vouched_by", persons);
	node_set_text(arena, node, "by", step->voucher);
	node_set_text(arena, node, "undone_by", step->undone_by);
	node_set_text(arena, node, "code", step->refusal ? step->refusal->row->code : NULL);
	node_set(arena, node, "reasons", reasons);
	node_set_text(arena, node, "next", step->refusal ? step->refusal->hint : NULL);
	return node;
}

static void list_reasons(struct arena *arena, const struct verified_step *step,
                         struct text_list *ret_reasons)
{
	if (step->refusal) {
		*LIST_ADD(arena, ret_reasons) = step->refusal->what;
		if (step->refusal->why && *step->refusal->why)
			*LIST_ADD(arena, ret_reasons) = step->refusal->why;
	}
	if (step->undone_by)
		*LIST_ADD(arena, ret_reasons) =
			arena_printf(arena, "undone by '%s'", commit_short(arena, step->undone_by));
	if (step->taints)
		*LIST_ADD(arena, ret_reasons) = arena_printf(
			arena, "it changes what the refused step '%s' brought, which still stands",
			commit_short(arena, step->taints));
}

static void print_object(struct arena *arena, const struct verified_object *object)
{
	const struct verdict *verdict = &object->verdict;

	terminal_print(COLOUR_STRONG, "%s", commit_short(arena, object->id));
	terminal_print(verdict->kind == VERDICT_GOOD && !object->objection ? COLOUR_GOOD
	                                                                   : COLOUR_BAD,
	               "  %s", verdict_kind_name(verdict->kind));
	if (object->subject)
		terminal_print(COLOUR_FAINT, "  %s", text_clip(arena, object->subject, 60));
	terminal_print(COLOUR_NONE, "\n");
	if (verdict->principal)
		terminal_field(COLOUR_NONE, "person", verdict->principal);
	if (verdict->fingerprint)
		terminal_field(COLOUR_NONE, "key", verdict->fingerprint);
	if (verdict->reason)
		terminal_field(COLOUR_CARE, "because", verdict->reason);
	if (object->objection)
		terminal_field(COLOUR_CARE, "but", object->objection);
}

static void print_step(struct arena *arena, const struct verified_step *step)
{
	const bool is_fine = step->outcome == STEP_PASS || step->outcome == STEP_UNDONE;
	struct text_list reasons = {0};

	list_reasons(arena, step, &reasons);
	terminal_print(COLOUR_STRONG, "%s", commit_short(arena, step->id));
	terminal_print(is_fine ? COLOUR_GOOD : COLOUR_BAD, "  %s\n",
	               step_outcome_name(step->outcome));
	if (step->vouched_by.count)
		terminal_field(COLOUR_NONE, "persons", text_join(arena, &step->vouched_by, ", "));
	if (step->voucher)
		terminal_field(COLOUR_NONE, "by", commit_short(arena, step->voucher));
	for (size_t i = 0; i < reasons.count; i++)
		terminal_field(COLOUR_CARE, i ? "" : "because", reasons.items[i]);
	if (step->refusal && !is_fine)
		terminal_field(COLOUR_CARE, "next", step->refusal->hint);
}

static const struct option options[] = {
	{"repository", "DIR", "a clone: needs no configuration, fetches and changes nothing"},
	{"allowed-signers", "FILE", "who may sign, as the agent has it"},
	{"revoked", "FILE", "revoked keys: a KRL or a list of public keys"},
	{"openpgp-keys", "PATH",
         "the folder of OpenPGP keys, one PRINCIPAL.asc a person, or one such file"},
	{"at", "TIME",
         "when everything was first seen; default: now. Revocation is tested as of now"},
	{"steps", "DEPLOYED..HEAD", "the rule signed on each step of the branch"},
	{"baseline", "REV", "with --steps: from there on to DEPLOYED every step counts as passed"},
	{"path", "PATH", "with --steps: of the migrations; default: prisma/migrations"},
	{"threshold", "N", "with --steps: how many distinct persons; default: 1"},
	{"pull", "N=OID", "with --steps: the head of pull request N; may be repeated"},
	{NULL, NULL, NULL},
};

const struct command cmd_verify = {
	.name = "verify",
	.sentence = "who vouches for a commit, a tag or a step",
	.operands = "[REV...]",
	.operands_minimum = 0,
	.operands_maximum = 1000,
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.needs_unless = "repository",
	.options = options,
	.perform = perform,
	.description =
		"Without operands: each step that waits for the target, whether it passes, and why not, by the mirror and the journal "
		"as the last pass left them. With operands: prints the verdict on the signatures of commits and annotated tags: good, unsigned, bad, untrusted, expired, "
		"not-yet-valid, revoked, malformed or unsupported, with person and key. With --repository it asks a clone and "
		"key files alone, and --steps asks the rule signed of each step between two commits; then --target names whose "
		"approval tags count, as the clone has them. With --output json one object a line. Exit status 0 when all is "
		"good, passed or undone, 4 when something is not, 5 when something must wait, 6 when a person is needed, 1 "
		"when no verdict could be reached.",
	.example = "headgate verify 1a2b3c4d5e",
};

/* headgate verify COMMIT: who vouches for a commit, by the cryptographic check alone. */
#include "cli/command.h"
#include "cli/terminal.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	struct step_commit commit = {0};
	struct error *refusal = NULL;

	(void)ret_status;
	TRY(engine_verify(&invocation->engine, invocation->target, invocation->operands.items[0],
	                  arena, &commit, &refusal));
	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_text(arena, node, "commit", commit.id);
		node_set_text(arena, node, "verdict", verdict_kind_name(commit.verdict.kind));
		node_set_text(arena, node, "principal", commit.verdict.principal);
		node_set_text(arena, node, "fingerprint", commit.verdict.fingerprint);
		node_set_text(arena, node, "format", signature_format_name(commit.verdict.format));
		node_set_text(arena, node, "reason", commit.verdict.reason);
		terminal_json(arena, node);
	} else {
		terminal_print(COLOUR_STRONG, "%s", commit_short(arena, commit.id));
		terminal_print(refusal ? COLOUR_BAD : COLOUR_GOOD, "  %s",
		               verdict_kind_name(commit.verdict.kind));
		if (commit.parsed)
			terminal_print(COLOUR_FAINT, "  %s",
			               text_clip(arena, commit.parsed->subject, 60));
		terminal_print(COLOUR_NONE, "\n");
		if (commit.verdict.principal)
			terminal_field(COLOUR_NONE, "person", commit.verdict.principal);
		if (commit.verdict.fingerprint)
			terminal_field(COLOUR_NONE, "key", commit.verdict.fingerprint);
		if (commit.verdict.reason)
			terminal_field(COLOUR_CARE, "because", commit.verdict.reason);
	}
	return refusal;
}

const struct command cmd_verify = {
	.name = "verify",
	.sentence = "who vouches for a commit",
	.operands = "COMMIT",
	.operands_minimum = 1,
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.perform = perform,
	.description =
		"Prints the verdict on the commit's signature: good, unsigned, bad, untrusted, expired, not-yet-valid, "
		"revoked, malformed or unsupported, with person and key. Exit status 4 unless it is good.",
	.example = "headgate verify 1a2b3c4d5e",
};

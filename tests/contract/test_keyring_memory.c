/* The fake keeps the contract, so that stages tested on it are tested on something true. */
#include "contract/keyring_contract.h"
#include "fakes/keyring_memory.h"

#define PERSON "ada@example.org"

static const char *const ids[SAMPLE_COUNT] = {
	[SAMPLE_GOOD] = "0000000000000000000000000000000000000001",
	[SAMPLE_DATED] = "0000000000000000000000000000000000000002",
	[SAMPLE_TAMPERED] = "0000000000000000000000000000000000000003",
	[SAMPLE_UNSIGNED] = "0000000000000000000000000000000000000004",
	[SAMPLE_STRANGER] = "0000000000000000000000000000000000000005",
	[SAMPLE_FOREIGN] = "0000000000000000000000000000000000000006",
};

static struct keyring_memory *memory_of(struct keyring_subject *subject)
{
	return subject->context;
}

static struct keyring *open_again(struct keyring_subject *subject, struct arena *arena)
{
	(void)arena;
	memory_of(subject)->closed = false;
	return &memory_of(subject)->base;
}

static void revoke_good(struct keyring_subject *subject)
{
	keyring_memory_script(memory_of(subject), ids[SAMPLE_GOOD], VERDICT_GOOD, PERSON)->revoked =
		true;
}

static void break_it(struct keyring_subject *subject)
{
	memory_of(subject)->failures = SIZE_MAX;
}

static void reset(struct keyring_subject *subject)
{
	struct keyring_memory *memory = memory_of(subject);
	struct keyring_memory_line *dated;

	memory->failures = 0;
	memory->lines.count = 0;
	keyring_memory_script(memory, ids[SAMPLE_GOOD], VERDICT_GOOD, PERSON);
	keyring_memory_script(memory, ids[SAMPLE_TAMPERED], VERDICT_BAD, PERSON);
	dated = keyring_memory_script(memory, ids[SAMPLE_DATED], VERDICT_GOOD, PERSON);
	dated->valid_after = subject->from;
	dated->valid_before = subject->until;
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct keyring_subject subject = {
		.name = "keyring contract: memory",
		.person = PERSON,
		.fingerprints = "SHA256:",
		.from = 1764000000,
		.until = 1764086399,
		.context = keyring_memory_new(arena),
		.open = open_again,
		.revoke = revoke_good,
		.break_it = break_it,
		.reset = reset,
	};

	for (int sample = 0; sample < SAMPLE_COUNT; sample++)
		subject.samples[sample] =
			(struct commit){.seal = {.id = ids[sample], .format = SIGNATURE_SSH}};
	subject.samples[SAMPLE_UNSIGNED].seal.format = SIGNATURE_NONE;
	subject.samples[SAMPLE_FOREIGN].seal.format = SIGNATURE_OPENPGP;
	return keyring_contract_run(&subject);
}

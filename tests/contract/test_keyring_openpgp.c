/* The keyring of OpenPGP keys keeps the contract, with keys and signatures of the real gpg and commits of the real git. */
#include "contract/keyring_contract.h"
#include "contract/pgp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "adapters/keyring_openpgp.h"

#define PERSON "ada@example.org"
#define FILE_OF_PERSON "keys/" PERSON ".asc"
#define FROM "20251124T160000"
#define FROM_SECONDS 1764000000
#define UNTIL_SECONDS 1764086399
#define EXPIRES "20251125T160000"

struct place {
	struct ssh_world world;
	const char *sound, *revoked; /* the file of the person */
};

static const char *path_in(struct keyring_subject *subject, const char *name)
{
	struct place *place = subject->context;

	return ssh_world_path(&place->world, name);
}

static struct keyring *open_again(struct keyring_subject *subject, struct arena *arena)
{
	struct keyring *keyring = NULL;
	struct error *error = keyring_openpgp_open(
		arena,
		&(struct keyring_openpgp_options){.folder = path_in(subject, "keys"),
	                                          .scratch = path_in(subject, "scratch")},
		&keyring);

	if (error)
		fail_msg("%s: %s", error->what, error->why);
	return keyring;
}

static void revoke_good(struct keyring_subject *subject)
{
	struct place *place = subject->context;

	ssh_world_write(&place->world, FILE_OF_PERSON, place->revoked);
}

static void break_it(struct keyring_subject *subject)
{
	assert_int_equal(unlink(path_in(subject, FILE_OF_PERSON)), 0);
}

static void reset(struct keyring_subject *subject)
{
	struct place *place = subject->context;

	ssh_world_write(&place->world, FILE_OF_PERSON, place->sound);
}

static const char *file_of(struct place *place, const char *good, const char *dated,
                           const char *good_armor)
{
	return arena_printf(place->world.arena,
	                    "# two keys\nfingerprint: %s\nFingerprint: %s\n\n%s\n%s", good, dated,
	                    good_armor, pgp_world_public(&place->world, dated));
}

static void make_place(struct place *place, struct keyring_subject *subject)
{
	struct ssh_world *world = &place->world;
	const char *good = pgp_world_key(world, PERSON, "ed25519", "20200101T000000", "never");
	const char *dated = pgp_world_key(world, PERSON, "ed25519", FROM, EXPIRES);
	const char *stranger =
		pgp_world_key(world, "eve@example.org", "ed25519", "20200101T000000", "never");
	struct bytes payload = ssh_world_commit(world, NULL, "add a table"), changed;
	char *message;

	assert_int_equal(mkdir(ssh_world_path(world, "keys"), 0755), 0);
	place->sound = file_of(place, good, dated, pgp_world_public(world, good));
	place->revoked = file_of(place, good, dated, pgp_world_revoked(world, good));
	subject->samples[SAMPLE_GOOD] = pgp_world_signed(world, good, NULL, payload);
	subject->samples[SAMPLE_DATED] = pgp_world_signed(world, dated, "20251124T170000", payload);
	subject->samples[SAMPLE_STRANGER] = pgp_world_signed(world, stranger, NULL, payload);
	subject->samples[SAMPLE_UNSIGNED] = ssh_world_parse(world, payload);
	ssh_world_key(world, "ssh", "ed25519", NULL);
	subject->samples[SAMPLE_FOREIGN] =
		ssh_world_parse(world, ssh_world_commit(world, "ssh", "add a column"));
	changed =
		(struct bytes){arena_copy(world->arena, payload.data, payload.size), payload.size};
	message = strstr(changed.data, "table");
	assert_non_null(message);
	message[0] = 'f';
	subject->samples[SAMPLE_TAMPERED] = ssh_world_parse(
		world, ssh_world_with_signature(world, changed,
	                                        subject->samples[SAMPLE_GOOD].seal.signature));
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct place place = {0};
	struct keyring_subject subject = {
		.name = "keyring contract: openpgp",
		.person = PERSON,
		.fingerprints = "",
		.from = FROM_SECONDS,
		.until = UNTIL_SECONDS,
		.context = &place,
		.open = open_again,
		.revoke = revoke_good,
		.break_it = break_it,
		.reset = reset,
	};
	int failed;

	pgp_world_begin(&place.world, arena);
	make_place(&place, &subject);
	failed = keyring_contract_run(&subject);
	pgp_world_end(&place.world);
	return failed;
}

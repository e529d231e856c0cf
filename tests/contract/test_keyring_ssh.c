/* The keyring of SSH keys keeps the contract, with keys of the real ssh-keygen and commits of the real git. */
#include "contract/keyring_contract.h"
#include "contract/ssh_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapters/keyring_ssh.h"

#define PERSON "ada@example.org"
#define FROM "20251124160000Z"
#define FROM_SECONDS 1764000000
#define UNTIL "20251125155959Z"
#define UNTIL_SECONDS 1764086399

static struct ssh_world *world_of(struct keyring_subject *subject)
{
	return subject->context;
}

static struct keyring *open_again(struct keyring_subject *subject, struct arena *arena)
{
	struct ssh_world *world = world_of(subject);
	struct keyring *keyring = NULL;
	struct error *error = keyring_ssh_open(
		arena,
		&(struct keyring_ssh_options){.allowed_signers =
	                                              ssh_world_path(world, "allowed_signers"),
	                                      .revoked = ssh_world_path(world, "revoked"),
	                                      .scratch = ssh_world_path(world, "scratch")},
		&keyring);

	if (error)
		fail_msg("%s: %s", error->what, error->why);
	return keyring;
}

static void revoke_key(struct ssh_world *world, const char *key)
{
	ssh_world_write(world, "revoked",
	                arena_printf(world->arena, "%s\n", ssh_world_public(world, key)));
}

static void revoke_good(struct keyring_subject *subject)
{
	revoke_key(world_of(subject), "good");
}

/* The authority's key, as it is that which stands in the keyring. */
static void revoke_authority(struct keyring_subject *subject)
{
	revoke_key(world_of(subject), "authority");
}

static void break_it(struct keyring_subject *subject)
{
	assert_int_equal(unlink(ssh_world_path(world_of(subject), "revoked")), 0);
}

static void reset(struct keyring_subject *subject)
{
	ssh_world_write(world_of(subject), "revoked", "# nothing yet\n");
}

/* What signs: the key itself, or its certificate. */
struct signing {
	const char *good, *dated, *stranger, *allowed_signers;
};

static void make_keys(struct ssh_world *world, struct signing *ret_signing)
{
	ssh_world_key(world, "good", "ed25519", NULL);
	ssh_world_key(world, "dated", "ed25519", NULL);
	ssh_world_key(world, "stranger", "ed25519", NULL);
	*ret_signing = (struct signing){
		.good = "good",
		.dated = "dated",
		.stranger = "stranger",
		.allowed_signers = arena_printf(
			world->arena,
			"# who may sign\n\n" PERSON " namespaces=\"git\" %s\n" PERSON
			" namespaces=\"git\",valid-after=\"" FROM "\",valid-before=\"" UNTIL
			"\" %s dated key\n",
			ssh_world_public(world, "good"), ssh_world_public(world, "dated")),
	};
}

static void make_certificates(struct ssh_world *world, struct signing *ret_signing)
{
	static const struct {
		const char *name, *authority;
	} rows[] = {{"good", "authority"}, {"dated", "ending"}, {"stranger", "foreign"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ssh_world_key(world, rows[i].authority, "ed25519", NULL);
		ssh_world_certify(world, rows[i].authority, rows[i].name,
		                  (const char *const[]){"-n", PERSON, NULL});
	}
	*ret_signing = (struct signing){
		.good = "good-cert",
		.dated = "dated-cert",
		.stranger = "stranger-cert",
		.allowed_signers = arena_printf(
			world->arena,
			PERSON " cert-authority,namespaces=\"git\" %s\n" PERSON
			       " cert-authority,namespaces=\"git\",valid-after=\"" FROM
			       "\",valid-before=\"" UNTIL "\" %s ends\n",
			ssh_world_public(world, "authority"), ssh_world_public(world, "ending")),
	};
}

static void make_world(struct ssh_world *world, struct keyring_subject *subject,
                       const struct signing *signing)
{
	static const char openpgp[] =
		"-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n";
	struct bytes unsigned_commit, changed;
	struct commit good;
	char *message;

	ssh_world_write(world, "allowed_signers", signing->allowed_signers);
	good = ssh_world_parse(world, ssh_world_commit(world, signing->good, "add a table"));
	subject->samples[SAMPLE_GOOD] = good;
	subject->samples[SAMPLE_DATED] =
		ssh_world_parse(world, ssh_world_commit(world, signing->dated, "add a column"));
	subject->samples[SAMPLE_STRANGER] =
		ssh_world_parse(world, ssh_world_commit(world, signing->stranger, "add an index"));
	unsigned_commit = ssh_world_commit(world, NULL, "drop it all");
	subject->samples[SAMPLE_UNSIGNED] = ssh_world_parse(world, unsigned_commit);
	subject->samples[SAMPLE_FOREIGN] = ssh_world_parse(
		world, ssh_world_with_signature(world, unsigned_commit,
	                                        (struct bytes){openpgp, strlen(openpgp)}));
	changed = (struct bytes){
		arena_copy(world->arena, good.seal.payload.data, good.seal.payload.size),
		good.seal.payload.size};
	message = strstr(changed.data, "table");
	assert_non_null(message);
	message[0] = 'f';
	subject->samples[SAMPLE_TAMPERED] = ssh_world_parse(
		world, ssh_world_with_signature(world, changed, good.seal.signature));
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct ssh_world world;
	struct keyring_subject subject = {
		.name = "keyring contract: ssh",
		.person = PERSON,
		.fingerprints = "SHA256:",
		.from = FROM_SECONDS,
		.until = UNTIL_SECONDS,
		.context = &world,
		.open = open_again,
		.revoke = revoke_good,
		.break_it = break_it,
		.reset = reset,
	};
	struct signing signing;
	int failed;

	ssh_world_begin(&world, arena);
	make_keys(&world, &signing);
	make_world(&world, &subject, &signing);
	failed = keyring_contract_run(&subject);

	subject.name = "keyring contract: ssh certificates";
	subject.revoke = revoke_authority;
	make_certificates(&world, &signing);
	make_world(&world, &subject, &signing);
	failed += keyring_contract_run(&subject);
	ssh_world_end(&world);
	return failed;
}

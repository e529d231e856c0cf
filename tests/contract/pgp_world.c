/* Keys and signatures by the real gpg. Its agent is told to end with the world. */
#include "contract/pgp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "base/file.h"

#define NOTHING ((struct bytes){NULL, 0})

static const char *fingerprint_in(struct ssh_world *world, const char *key, size_t which);
static struct bytes read_whole(struct ssh_world *world, const char *path);

void pgp_world_begin(struct ssh_world *world, struct arena *arena)
{
	ssh_world_begin(world, arena);
	assert_int_equal(mkdir(ssh_world_path(world, "gnupg"), 0700), 0);
	assert_int_equal(mkdir(ssh_world_path(world, "other"), 0700), 0);
}

void pgp_world_end(struct ssh_world *world)
{
	ssh_world_run(world, "gpgconf",
	              (const char *const[]){"--homedir", ssh_world_path(world, "gnupg"), "--kill",
	                                    "all", NULL},
	              NOTHING);
	ssh_world_end(world);
}

struct bytes pgp_world_run(struct ssh_world *world, const char *const *arguments,
                           struct bytes input)
{
	const char *all[32] = {"--homedir",
	                       ssh_world_path(world, "gnupg"),
	                       "--batch",
	                       "--quiet",
	                       "--no-tty",
	                       "--pinentry-mode",
	                       "loopback",
	                       "--passphrase",
	                       "",
	                       "--allow-weak-digest-algos",
	                       "--trust-model",
	                       "always"};
	size_t count = 12;

	for (size_t i = 0; arguments[i]; i++) {
		assert_true(count < 31);
		all[count++] = arguments[i];
	}
	return ssh_world_run(world, "gpg", all, input);
}

const char *pgp_world_key(struct ssh_world *world, const char *person, const char *algorithm,
                          const char *created, const char *expires)
{
	const char *script = arena_printf(
		world->arena,
		"Key-Type: %s\n%s%s\nKey-Usage: sign,cert\nName-Email: %s\nExpire-Date: %s\n"
		"Creation-Date: %s\n%%no-protection\n%%commit\n",
		text_starts(algorithm, "rsa")   ? "RSA"
		: text_starts(algorithm, "dsa") ? "DSA"
						: "EDDSA",
		text_starts(algorithm, "rsa") || text_starts(algorithm, "dsa") ? "Key-Length: "
									       : "Key-Curve: ",
		text_starts(algorithm, "rsa") || text_starts(algorithm, "dsa") ? algorithm + 3
									       : algorithm,
		person, text_equal(expires, "never") ? "0" : expires, created);
	struct text_list words;
	struct bytes status =
		GPG(world, ((struct bytes){script, strlen(script)}), "--status-fd", "1",
	            "--faked-system-time", arena_printf(world->arena, "%s!", created), "--gen-key");
	const char *said = strstr(status.data, "KEY_CREATED ");

	assert_non_null(said);
	text_split(world->arena, said, ' ', &words);
	return text_trim(world->arena, arena_copy(world->arena, words.items[2], 40));
}

const char *pgp_world_subkey(struct ssh_world *world, const char *primary, const char *algorithm,
                             const char *created, const char *expires)
{
	size_t before = 0;

	while (fingerprint_in(world, primary, before))
		before++;
	GPG(world, NOTHING, "--faked-system-time", arena_printf(world->arena, "%s!", created),
	    "--quick-add-key", primary, algorithm, "sign", expires);
	return fingerprint_in(world, primary, before);
}

static const char *fingerprint_in(struct ssh_world *world, const char *key, size_t which)
{
	struct bytes listing = GPG(world, NOTHING, "--with-colons", "--with-subkey-fingerprint",
	                           "--list-keys", key);
	const char *at = listing.data;

	for (size_t i = 0; (at = strstr(at, "\nfpr:::::::::")); i++, at++)
		if (i == which)
			return arena_copy(world->arena, at + strlen("\nfpr:::::::::"), 40);
	return NULL;
}

const char *pgp_world_public(struct ssh_world *world, const char *fingerprint)
{
	struct bytes armor = GPG(world, NOTHING, "--armor", "--export", fingerprint);

	return arena_copy(world->arena, armor.data, armor.size);
}

/* gpg writes a revocation for each new key, with a colon before it so that nobody imports it by mistake. */
const char *pgp_world_revoked(struct ssh_world *world, const char *fingerprint)
{
	const char *other = ssh_world_path(world, "other");
	const char *key = pgp_world_public(world, fingerprint);
	struct bytes file =
		read_whole(world, arena_printf(world->arena, "%s/openpgp-revocs.d/%s.rev",
	                                       ssh_world_path(world, "gnupg"), fingerprint));
	const char *armor = strstr(file.data, ":-----BEGIN");
	const char *both;
	struct bytes revoked;

	assert_non_null(armor);
	both = arena_printf(world->arena, "%s%s", key, armor + 1);
	ssh_world_run(world, "gpg",
	              (const char *const[]){"--homedir", other, "--batch", "--quiet",
	                                    "--no-autostart", "--import", NULL},
	              (struct bytes){both, strlen(both)});
	revoked = ssh_world_run(world, "gpg",
	                        (const char *const[]){"--homedir", other, "--batch", "--quiet",
	                                              "--no-autostart", "--armor", "--export",
	                                              fingerprint, NULL},
	                        NOTHING);
	return arena_copy(world->arena, revoked.data, revoked.size);
}

static struct bytes read_whole(struct ssh_world *world, const char *path)
{
	struct bytes bytes = {0};
	const struct error *error = file_read(world->arena, path, 65536, &bytes);

	if (error)
		fail_msg("%s: %s", error->what, error->why);
	return bytes;
}

struct commit pgp_world_signed(struct ssh_world *world, const char *key, const char *when,
                               struct bytes payload)
{
	const char *exactly = arena_printf(world->arena, "%s!", key);
	struct bytes armor = when ? GPG(world, payload, "--faked-system-time",
	                                arena_printf(world->arena, "%s!", when), "-u", exactly,
	                                "--armor", "--detach-sign")
	                          : GPG(world, payload, "-u", exactly, "--armor", "--detach-sign");

	return ssh_world_parse(world, ssh_world_with_signature(world, payload, armor));
}

/* Raw commits and signatures for the attacks. What git's porcelain refuses to write is put together from bytes here. */
#include "contract/attack_objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "adapters/ssh_key.h"
#include "base/file.h"
#include "base/process.h"

#define CREATED "20200101T000000"
#define NOTHING ((struct bytes){NULL, 0})
#define RUN(world, program, input, ...)                                                            \
	ssh_world_run((world), (program), (const char *const[]){__VA_ARGS__, NULL}, (input))

static struct bytes armored(struct ssh_world *world, struct bytes key, const char *type,
                            struct bytes signature, struct bytes behind);
static struct bytes to_be_signed(struct ssh_world *world, struct bytes payload);
static void add_string(struct text *text, struct bytes bytes);
static struct bytes of(const char *text);
static struct bytes read_whole(struct ssh_world *world, const char *name);
static struct bytes sk_by(struct ssh_world *world, const char *public, unsigned char flags,
                          struct bytes payload);
static struct bytes key_in(struct ssh_world *world, const char *public);

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FOR_ADA "-n", "ada@example.org"

static const struct {                 /* by ssh-keygen -s */
	const char *name, *authority; /* a key that is not there yet is Ed25519 */
	const char *const *arguments;
} certificates[] = {
	{"holder", "ca", WITH(FOR_ADA, "-z", "4")},
	{"elsewhere", "ca", WITH("-n", "eve@elsewhere.org")},
	{"nobody", "ca", WITH("-z", "5")},
	{"both", "ca", WITH("-n", "ada@example.org,bob@example.org")},
	{"twin", "ca", WITH("-n", "root,ada@example.org")},
	{"odd", "ca", WITH("-n", "*@example.org")},
	{"ended", "ca", WITH(FOR_ADA, "-V", "20200101:20200201")},
	{"future", "ca", WITH(FOR_ADA, "-V", "20900101:20910101")},
	{"withdrawn", "ca", WITH(FOR_ADA, "-z", "3")},
	{"host", "ca", WITH(FOR_ADA, "-h")},
	{"stranger", "eve", WITH(FOR_ADA)},
	{"limited", "ca", WITH(FOR_ADA, "-O", "source-address=10.0.0.0/8")},
	{"pinned", "ca", WITH(FOR_ADA, "-O", "verify-required")},
	{"weak", "ca", WITH(FOR_ADA)},
	{"sha1", "rsa2048", WITH(FOR_ADA, "-t", "ssh-rsa")},
	{"second", "ca", WITH(FOR_ADA)},
	{"rsa2048", "ca", WITH(FOR_ADA)},
};

void attack_world_begin(struct ssh_world *world, struct arena *arena, struct attack_keys *ret_keys)
{
	pgp_world_begin(world, arena);
	ssh_world_key(world, "ed25519", "ed25519", NULL);
	ssh_world_key(world, "second", "ed25519", NULL);
	ssh_world_key(world, "eve", "ed25519", NULL);
	ssh_world_key(world, "rsa1024", "rsa", "1024");
	ssh_world_key(world, "rsa2048", "rsa", "2048");
	ssh_world_key(world, "ca", "ed25519", NULL);
	ssh_world_key(world, "weak", "rsa", "1024");
	for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
		if (access(ssh_world_path(world, certificates[i].name), F_OK) != 0)
			ssh_world_key(world, certificates[i].name, "ed25519", NULL);
		ssh_world_certify(world, certificates[i].authority, certificates[i].name,
		                  certificates[i].arguments);
	}
	*ret_keys = (struct attack_keys){
		.ada = pgp_world_key(world, "ada@example.org", "ed25519", CREATED, "never"),
		.eve = pgp_world_key(world, "eve@example.org", "ed25519", CREATED, "never"),
	};
}

struct bytes attack_plain(struct ssh_world *world)
{
	static const char *tree, *parent;

	if (!parent) {
		(void)ssh_world_commit(world, NULL, "Start");
		(void)ssh_world_commit(world, NULL, "Go on");
		tree = RUN(world, "git", NOTHING, "-C", ssh_world_path(world, "repository"),
		           "rev-parse", "HEAD^{tree}")
		               .data;
		parent = RUN(world, "git", NOTHING, "-C", ssh_world_path(world, "repository"),
		             "rev-parse", "HEAD")
		                 .data;
	}
	return attack_bytes(world, arena_printf(world->arena,
	                                        "tree %.40s\nparent %.40s\n"
	                                        "author Ada <ada@example.org> 1763000000 +0000\n"
	                                        "committer Ada <ada@example.org> 1763000000 +0000\n"
	                                        "\nAdd a table\n\n- [ ] tested\n",
	                                        tree, parent));
}

struct bytes attack_bytes(struct ssh_world *world, const char *text)
{
	return arena_bytes(world->arena, text, strlen(text));
}

struct bytes attack_replace(struct ssh_world *world, struct bytes raw, const char *part,
                            const char *other)
{
	const char *at = memmem(raw.data, raw.size, part, strlen(part));
	struct text text = TEXT_IN(world->arena);

	assert_non_null(at);
	text_add_bytes(&text, raw.data, (size_t)(at - raw.data));
	text_add(&text, other);
	at += strlen(part);
	text_add_bytes(&text, at, (size_t)(raw.data + raw.size - at));
	return text_bytes(&text);
}

struct bytes attack_ssh(struct ssh_world *world, const char *key, struct bytes payload)
{
	return ssh_world_with_signature(world, payload,
	                                ssh_world_sign(world, key, "git", "sha512", payload));
}

struct bytes attack_gpg(struct ssh_world *world, const char *key, const char *option,
                        const char *value, const char *command, struct bytes payload)
{
	const char *exactly = arena_printf(world->arena, "%s!", key);
	struct bytes armor =
		option ? GPG(world, payload, "-u", exactly, option, value, "--armor", command)
		       : GPG(world, payload, "-u", exactly, "--armor", command);

	return ssh_world_with_signature(world, payload, armor);
}

/* openssl signs, since ssh-keygen has not made such signatures for years. */
struct bytes attack_rsa_sha1(struct ssh_world *world, struct bytes payload)
{
	const char *public = ssh_world_public(world, "rsa2048");
	const char *digits = strchr(public, ' ') + 1;
	const char *pem = ssh_world_path(world, "rsa.pem");
	struct bytes key, signature, file = read_whole(world, "rsa2048");

	ssh_world_write(world, "rsa.pem", arena_copy(world->arena, file.data, file.size));
	assert_int_equal(chmod(pem, 0600), 0);
	RUN(world, "ssh-keygen", NOTHING, "-q", "-p", "-m", "PEM", "-P", "", "-N", "", "-f", pem);
	signature =
		RUN(world, "openssl", to_be_signed(world, payload), "dgst", "-sha1", "-sign", pem);
	assert_true(base64_decode(world->arena, digits, strlen(digits), &key));
	return ssh_world_with_signature(world, payload,
	                                armored(world, key, "ssh-rsa", signature, NOTHING));
}

/* What a security key would do, with its private key in a file (PROTOCOL.u2f). */
struct bytes attack_sk(struct ssh_world *world, unsigned char flags, struct bytes payload)
{
	const char *pem = ssh_world_path(world, "sk.pem");
	struct text key = TEXT_IN(world->arena);
	struct bytes public;

	if (access(pem, F_OK) != 0)
		RUN(world, "openssl", NOTHING, "genpkey", "-algorithm", "ed25519", "-out", pem);
	public = RUN(world, "openssl", NOTHING, "pkey", "-in", pem, "-pubout", "-outform", "DER");
	add_string(&key, of("sk-ssh-ed25519@openssh.com"));
	add_string(&key, (struct bytes){public.data + public.size - 32, 32});
	add_string(&key, of("ssh:"));
	ssh_world_write(world, "sk.pub",
	                arena_printf(world->arena, "sk-ssh-ed25519@openssh.com %s sk\n",
	                             base64_encode(world->arena, key.data, key.size)));
	return sk_by(world, "sk.pub", flags, payload);
}

struct bytes attack_sk_certified(struct ssh_world *world, unsigned char flags, struct bytes payload)
{
	(void)attack_sk(world, flags, payload);
	ssh_world_certify(world, "ca", "sk", WITH(FOR_ADA));
	return sk_by(world, "sk-cert.pub", flags, payload);
}

static struct bytes sk_by(struct ssh_world *world, const char *public, unsigned char flags,
                          struct bytes payload)
{
	const char *pem = ssh_world_path(world, "sk.pem");
	const unsigned char behind[5] = {flags, 0, 0, 0, 7};
	struct text message = TEXT_IN(world->arena);
	struct bytes digest;

	digest = RUN(world, "openssl", of("ssh:"), "dgst", "-sha256", "-binary");
	text_add_bytes(&message, digest.data, digest.size);
	text_add_bytes(&message, (const char *)behind, sizeof behind);
	digest = RUN(world, "openssl", to_be_signed(world, payload), "dgst", "-sha256", "-binary");
	text_add_bytes(&message, digest.data, digest.size);
	assert_null(file_save(world->arena, ssh_world_path(world, "sk.message"),
	                      text_bytes(&message), 0644));
	return ssh_world_with_signature(
		world, payload,
		armored(world, key_in(world, public), "sk-ssh-ed25519@openssh.com",
	                RUN(world, "openssl", NOTHING, "pkeyutl", "-sign", "-rawin", "-inkey", pem,
	                    "-in", ssh_world_path(world, "sk.message")),
	                (struct bytes){(const char *)behind, sizeof behind}));
}

/* The key of a .pub file, or its certificate. */
static struct bytes key_in(struct ssh_world *world, const char *public)
{
	struct bytes key, file = read_whole(world, public);
	const char *digits = strchr(file.data, ' ') + 1;

	assert_true(base64_decode(world->arena, digits, strcspn(digits, " \n"), &key));
	return key;
}

struct bytes attack_certificate(struct ssh_world *world, const char *name, const char *part,
                                const char *other)
{
	const char *public = arena_printf(world->arena, "%s-cert.pub", name);
	struct bytes payload = attack_plain(world);
	struct bytes armor = ssh_world_sign(world, public, "git", "sha512", payload);
	struct text digits = TEXT_IN(world->arena), changed = TEXT_IN(world->arena);
	struct text_list lines = {0};
	struct bytes blob;
	const char *encoded;

	text_split(world->arena, armor.data, '\n', &lines);
	for (size_t i = 1; i + 2 < lines.count; i++)
		text_add(&digits, lines.items[i]);
	assert_true(base64_decode(world->arena, text_get(&digits), digits.size, &blob));
	assert_int_equal(strlen(part), strlen(other));
	blob = attack_replace(world, blob, part, other);
	encoded = base64_encode(world->arena, blob.data, blob.size);
	text_printf(&changed, "%s\n", lines.items[0]);
	for (size_t i = 0; i < strlen(encoded); i += 70)
		text_printf(&changed, "%.70s\n", encoded + i);
	text_printf(&changed, "%s\n", lines.items[lines.count - 2]);
	return ssh_world_with_signature(world, payload, text_bytes(&changed));
}

struct bytes attack_key_type(struct ssh_world *world, const char *type)
{
	struct text key = TEXT_IN(world->arena);

	add_string(&key, of(type));
	add_string(&key, of("0123456789abcdef0123456789abcdef"));
	return ssh_world_with_signature(
		world, attack_plain(world),
		armored(world, text_bytes(&key), type, of("0123456789abcdef"), NOTHING));
}

static struct bytes armored(struct ssh_world *world, struct bytes key, const char *type,
                            struct bytes signature, struct bytes behind)
{
	struct text inner = TEXT_IN(world->arena), blob = TEXT_IN(world->arena),
		    armor = TEXT_IN(world->arena);
	const char *digits;

	add_string(&inner, of(type));
	add_string(&inner, signature);
	text_add_bytes(&inner, behind.data, behind.size);
	text_add_bytes(&blob, "SSHSIG\0\0\0\1", 10);
	add_string(&blob, key);
	add_string(&blob, of("git"));
	add_string(&blob, NOTHING);
	add_string(&blob, of("sha512"));
	add_string(&blob, text_bytes(&inner));
	digits = base64_encode(world->arena, blob.data, blob.size);
	text_add(&armor, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t i = 0; i < strlen(digits); i += 70)
		text_printf(&armor, "%.70s\n", digits + i);
	text_add(&armor, "-----END SSH SIGNATURE-----\n");
	return text_bytes(&armor);
}

static struct bytes to_be_signed(struct ssh_world *world, struct bytes payload)
{
	struct text text = TEXT_IN(world->arena);

	text_add(&text, "SSHSIG");
	add_string(&text, of("git"));
	add_string(&text, NOTHING);
	add_string(&text, of("sha512"));
	add_string(&text, RUN(world, "openssl", payload, "dgst", "-sha512", "-binary"));
	return text_bytes(&text);
}

static void add_string(struct text *text, struct bytes bytes)
{
	const unsigned char size[4] = {(unsigned char)(bytes.size >> 24),
	                               (unsigned char)(bytes.size >> 16),
	                               (unsigned char)(bytes.size >> 8), (unsigned char)bytes.size};

	text_add_bytes(text, (const char *)size, sizeof size);
	if (bytes.size)
		text_add_bytes(text, bytes.data, bytes.size);
}

static struct bytes of(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

static struct bytes read_whole(struct ssh_world *world, const char *name)
{
	struct bytes bytes = {0};

	assert_null(file_read(world->arena, ssh_world_path(world, name), 65536, &bytes));
	return bytes;
}

const char *attack_store(struct ssh_world *world, struct bytes raw)
{
	struct bytes id = RUN(world, "git", raw, "-C", ssh_world_path(world, "repository"),
	                      "hash-object", "-t", "commit", "-w", "--literally", "--stdin");

	return arena_printf(world->arena, "%.40s", id.data);
}

bool attack_git_accepts(struct ssh_world *world, const char *id, const char *gpg_home)
{
	const char *revoked = ssh_world_path(world, "revoked");
	const char *signers = arena_printf(world->arena, "gpg.ssh.allowedSignersFile=%s",
	                                   ssh_world_path(world, "allowed_signers"));
	const char *revocation = arena_printf(world->arena, "gpg.ssh.revocationFile=%s", revoked);
	const char *const arguments[] = {"-C",
	                                 ssh_world_path(world, "repository"),
	                                 "-c",
	                                 signers,
	                                 "-c",
	                                 revocation,
	                                 "verify-commit",
	                                 id,
	                                 NULL};
	const char *const environment[] = {
		arena_printf(world->arena, "HOME=%s", world->folder),
		"GIT_CONFIG_NOSYSTEM=1",
		arena_printf(world->arena, "GNUPGHOME=%s", ssh_world_path(world, gpg_home)),
		"PATH=/usr/bin:/bin",
		"TZ=UTC",
		NULL};
	struct process_result result;

	assert_null(process_run(world->arena,
	                        &(struct process){.program = program_find(world->arena, "git"),
	                                          .arguments = arguments,
	                                          .environment = environment,
	                                          .deadline_ms = 60000},
	                        &result));
	return result.status == 0;
}

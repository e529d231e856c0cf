/*
 * Wires everything: the registry of constructors, handed to the command line. This is the only file that knows the
 * adapters' names. Secrets are read here, when an adapter that needs one is opened.
 */
#include <signal.h>

#include "adapters/backup_pgdump.h"
#include "adapters/database_postgres.h"
#include "adapters/forge_github.h"
#include "adapters/forge_notes.h"
#include "adapters/journal_sqlite.h"
#include "adapters/key_files_openpgp.h"
#include "adapters/key_files_ssh.h"
#include "adapters/keyring_by_format.h"
#include "adapters/keyring_openpgp.h"
#include "adapters/keyring_ssh.h"
#include "adapters/parser_pgquery.h"
#include "adapters/source_apart.h"
#include "adapters/source_checkout.h"
#include "adapters/yaml.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "cli/cli.h"

#define GITHUB_DEADLINE_MS                                                                         \
	2000 /* one request; the outbox is tried after each stage and must not hold it up */

static struct error *open_journal(struct arena *arena, const struct config *config, bool read_only,
                                  struct journal **ret_journal);
static struct error *open_source(struct arena *arena, const struct config *config,
                                 struct source **ret_source);
static struct error *open_mirror(struct arena *arena, const struct config *config,
                                 struct source **ret_source);
static struct error *open_keyring(struct arena *arena, const struct config *config,
                                  struct keyring **ret_keyring);
static struct error *open_database(struct arena *arena, const struct config *config,
                                   const struct target *target, struct database **ret_database,
                                   const char **ret_schema);
static struct error *open_parser(struct arena *arena, struct parser **ret_parser);
static struct error *open_backup(struct arena *arena, const struct config *config,
                                 const struct target *target, const char *journal,
                                 struct backup **ret_backup);
static struct error *open_github(struct arena *arena, const struct config *config,
                                 const struct target *target, struct forge **ret_forge);
static struct error *open_notes(struct arena *arena, const struct config *config,
                                const struct target *target, struct forge **ret_forge);
static struct error *read_token(struct arena *arena, const char *path,
                                const struct secret **ret_secret);
static const char *mirror_path(struct arena *arena, const struct config *config);

static const struct forge_row forges[] = {
	{"notes", open_notes},
	{"github", open_github},
	{NULL, NULL},
};

static const struct registry registry = {
	.read_yaml = yaml_read,
	.open_journal = open_journal,
	.open_source = open_source,
	.open_checkout = source_checkout_open,
	.open_mirror = open_mirror,
	.open_keyring = open_keyring,
	.key_files = &key_files_ssh,
	.openpgp_files = &key_files_openpgp,
	.open_database = open_database,
	.open_parser = open_parser,
	.open_backup = open_backup,
	.forges = forges,
};

int main(int argc, char **argv)
{
	if (argc == 2 && text_equal(argv[1], SOURCE_APART_ARGUMENT))
		return source_apart_serve();
	secrets_guard();
	(void)signal(SIGCHLD,
	             SIG_DFL); /* ignored by who started us, our own could not be waited for */
	return cli_main(argc, argv, &registry);
}

static struct error *open_journal(struct arena *arena, const struct config *config, bool read_only,
                                  struct journal **ret_journal)
{
	const struct journal_sqlite_options options = {
		.path = path_join(arena, config->state, "journal.db"),
		.read_only = read_only,
	};

	return journal_sqlite_open(arena, &options, ret_journal);
}

static struct error *open_source(struct arena *arena, const struct config *config,
                                 struct source **ret_source)
{
	struct source_git_options *options = ARENA_NEW(arena, struct source_git_options);

	*options = (struct source_git_options){
		.url = config->repository.url,
		.username = config->repository.username,
		.mirror = mirror_path(arena, config),
		.ca_file = config->repository.ca_file,
		.allow_http = config->repository.allow_http,
		.ssh_key_file = config->repository.ssh_key_file,
		.known_hosts = config->repository.known_hosts,
	};
	TRY(read_token(arena, config->repository.token_file, &options->token));
	return source_apart_open(arena, options, ret_source);
}

static struct error *open_mirror(struct arena *arena, const struct config *config,
                                 struct source **ret_source)
{
	return source_mirror_open(arena, mirror_path(arena, config), ret_source);
}

static struct error *open_keyring(struct arena *arena, const struct config *config,
                                  struct keyring **ret_keyring)
{
	const char *scratch = path_join(arena, config->state, "scratch");
	const struct keyring_ssh_options of_ssh = {
		.allowed_signers = config->keys.allowed_signers,
		.revoked = config->keys.revoked,
		.scratch = scratch,
	};
	const struct keyring_openpgp_options of_openpgp = {
		.folder = config->keys.openpgp,
		.scratch = scratch,
	};
	struct keyring *ssh = NULL, *openpgp = NULL;
	struct error *error = NULL;

	if (config->keys.allowed_signers)
		TRY(keyring_ssh_open(arena, &of_ssh, &ssh));
	if (config->keys.openpgp)
		error = keyring_openpgp_open(arena, &of_openpgp, &openpgp);
	if (error) {
		keyring_close(ssh);
		return error;
	}
	*ret_keyring = ssh && openpgp ? keyring_by_format(arena, ssh, openpgp)
	               : ssh          ? ssh
	                              : openpgp;
	return NULL;
}

static struct error *open_database(struct arena *arena, const struct config *config,
                                   const struct target *target, struct database **ret_database,
                                   const char **ret_schema)
{
	const struct database_postgres_options options = {
		.url = target->database_url,
		.url_file = target->database_url_file,
		.target = target->name,
		.password_command = target->password_command,
		.tls_default = (enum tls_default)target->tls_default,
	};
	struct database_url url = {0};
	struct database *database = NULL;
	struct error *error;

	(void)config;
	TRY(database_postgres_open(arena, &options, &database));
	error = database_postgres_url(database, arena, &url);
	if (error) {
		database_close(database);
		return error;
	}
	*ret_database = database;
	*ret_schema = url.schema;
	return NULL;
}

static struct error *open_parser(struct arena *arena, struct parser **ret_parser)
{
	return parser_pgquery_open(arena, ret_parser);
}

static struct error *open_backup(struct arena *arena, const struct config *config,
                                 const struct target *target, const char *journal,
                                 struct backup **ret_backup)
{
	const struct backup_pgdump_options options = {
		.folder = config->backups,
		.url = target->database_url,
		.url_file = target->database_url_file,
		.password_command = target->password_command,
		.tls_default = (enum tls_default)target->tls_default,
		.journal = journal,
	};

	return backup_pgdump_open(arena, &options, ret_backup);
}

static struct error *open_github(struct arena *arena, const struct config *config,
                                 const struct target *target, struct forge **ret_forge)
{
	struct forge_github_options *options = ARENA_NEW(arena, struct forge_github_options);

	(void)target;
	*options = (struct forge_github_options){
		.api = config->github.api,
		.repository = config->github.repository,
		.ca_file = config->github.ca_file,
		.allow_http = config->github.allow_http,
		.deadline_ms = GITHUB_DEADLINE_MS,
	};
	TRY(read_token(arena, config->github.token_file, &options->token));
	return forge_github_open(arena, options, ret_forge);
}

static struct error *open_notes(struct arena *arena, const struct config *config,
                                const struct target *target, struct forge **ret_forge)
{
	struct forge_notes_options *options = ARENA_NEW(arena, struct forge_notes_options);

	(void)target;
	*options = (struct forge_notes_options){
		.mirror = mirror_path(arena, config),
		.push = config->notes.push,
		.remote = config->repository.url,
		.username = config->repository.username,
		.ca_file = config->repository.ca_file,
		.allow_http = config->repository.allow_http,
		.ssh_key_file = config->notes.ssh_key_file,
		.known_hosts = config->repository.known_hosts,
	};
	TRY(read_token(arena, config->notes.token_file, &options->token));
	return forge_notes_open(arena, options, ret_forge);
}

static struct error *read_token(struct arena *arena, const char *path,
                                const struct secret **ret_secret)
{
	struct bytes bytes = {0};

	if (!path)
		return NULL;
	TRY(file_read_secret(arena, path, &bytes));
	*ret_secret = secret_new(arena, bytes);
	return NULL;
}

static const char *mirror_path(struct arena *arena, const struct config *config)
{
	return path_join(arena, config->state, "mirror.git");
}

/*
 * What a site configured: the repository, the keys, and the targets, each with its policy. Filled from YAML by the
 * tables in policy/ (headgate.yaml(5), headgate-policy(5)); everything lives in the arena of the one who loaded it.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

enum trust { TRUST_ALL, TRUST_BRANCH, TRUST_SIGNED, TRUST_TAG };

static inline const char *trust_name(enum trust trust)
{
	static const char *const names[] = {
		[TRUST_ALL] = "all",
		[TRUST_BRANCH] = "branch",
		[TRUST_SIGNED] = "signed",
		[TRUST_TAG] = "tag"};

	return names[trust];
}

/* Whose e-mail address of a commit the signer must be. */
enum identity_rule { IDENTITY_ANY, IDENTITY_COMMITTER, IDENTITY_AUTHOR };

enum role_power { MAY_DEPLOY, MAY_ROLLBACK, MAY_OVERRIDE };

struct role {
	const char *name;
	struct text_list persons; /* principals of the keyring, at least one */
	unsigned may;             /* bit set of enum role_power */
	struct text_list paths;   /* patterns over entries of the migrations path; empty: all */
};

struct roles {
	struct role *items;
	size_t count, room;
};

enum backup_rule { BACKUP_REQUIRED, BACKUP_NONE };
enum late_rule { LATE_ALLOW, LATE_REFUSE };
enum unexplained_rule { UNEXPLAINED_REFUSE, UNEXPLAINED_REPORT };
enum nonatomic_rule { NONATOMIC_ALLOW, NONATOMIC_REFUSE };
enum rollback_rule {
	ROLLBACK_TRAILER,
	ROLLBACK_FREE
}; /* `Headgate-Rollback: down` demanded, or not */
enum report_rule { REPORT_TOUCHED, REPORT_ALL };
enum elsewhere_rule { ELSEWHERE_ADOPT, ELSEWHERE_REFUSE };
enum superuser_rule { SUPERUSER_REFUSE, SUPERUSER_ALLOW };
enum target_mode { MODE_APPLY, MODE_OBSERVE };
enum tls_default {
	TLS_VERIFY,
	TLS_AS_PRISMA
}; /* what a URL without sslmode means: verify-full for a
                                                   remote host, or Prisma's `prefer` */

struct policy {
	const char *path;
	const char *digest; /* SHA-256 of the file's bytes */
	int trust;          /* enum trust; no default: it must be written out */
	uint64_t
		threshold; /* distinct persons that vouch for a step; only under TRUST_SIGNED and TRUST_TAG */
	uint64_t
		max_signature_age; /* ms since a signature was made or first seen; 0: no limit; likewise */
	int identity;              /* enum identity_rule */
	struct roles roles;        /* none: see policy/roles.h */
	unsigned checklist; /* bit set of enum checklist_item that must be satisfied */
	int backup;         /* enum backup_rule */
	int backup_scope;   /* enum backup_scope */
	uint64_t backup_keep;
	uint64_t
		max_backup_age; /* ms: use a backup of the same database that is younger; 0: always take one */
	int late, unexplained, elsewhere, nonatomic, rollback;
	uint64_t max_rollback;
	uint64_t lock_timeout; /* ms: longest wait for one lock, and so for any query behind us */
	uint64_t lock_budget;  /* ms: how long to go on trying before WAIT */
	uint64_t statement_timeout;           /* ms */
	uint64_t idle_in_transaction_timeout; /* ms */
};

struct target {
	const char *name;         /* [a-z0-9][a-z0-9-]*, at most 40 */
	const char *database_url; /* one of the two */
	const char *database_url_file;
	struct text_list
		password_command; /* program (absolute) and arguments that print the password; run
	                                      again at each connect */
	int tls_default;          /* enum tls_default; not configured: `wait` sets it */
	int mode;                 /* enum target_mode */
	int superuser;            /* enum superuser_rule */
	bool disposable; /* may be reset at will: baselined anew by itself when it went back */
	struct text_list after; /* targets that must be at the same commit first */
	const char *branch;     /* NULL: the repository's default branch */
	const char *migrations; /* path in the repository, "prisma/migrations" */
	const char *policy_path;
	struct text_list schemas; /* owned; empty: the schema of the ledger */
	int report;               /* enum report_rule */
	struct text_list forges;  /* names of forge adapters: "notes", "github" */
	const char *details;      /* address of the agent's pages for the status link, or NULL */
	const struct policy *policy;
};

struct config {
	const char *path;
	const char *digest; /* SHA-256 of the file's bytes */
	const char *state;  /* folder of journal, mirror, run logs */
	uint64_t interval;  /* ms between two looks of `headgate run` */
	struct {
		const char *url, *token_file, *username, *ca_file;
		const char *ssh_key_file, *known_hosts; /* for ssh remotes */
		bool allow_http;
	} repository;
	struct {
		const char *allowed_signers, *revoked;
		const char *openpgp; /* folder; this or allowed_signers, but under trust: branch */
	} keys;
	const char *backups; /* folder */
	struct {
		const char *api, *repository, *token_file, *ca_file;
		bool allow_http;
	} github;
	struct {
		bool push;
		const char *token_file, *ssh_key_file;
	} notes;
	struct target *targets;
	size_t target_count;
};

/* The schemas that a target owns: those that it names, else the one of its ledger (NULL: not known yet). */
struct text_list target_schemas(struct arena *arena, const struct target *target,
                                const char *ledger_schema);
const struct target *config_find_target(const struct config *config,
                                        const char *name); /* NULL: none */
/* The targets, each behind those that its `after` names; otherwise as they are written. config->target_count of them. */
const struct target *const *config_in_order(struct arena *arena, const struct config *config);

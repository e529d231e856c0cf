/*
 * Preflight: what the gate would refuse of the commits that a branch brings, before they are merged. No agent, no
 * database, no journal and no configuration: the migrations at BASE are presumed to be deployed, and the stages verify,
 * check and lint judge what HEAD adds to that. Advice only; the agent decides anew, with its own policy and keys.
 */
#pragma once

#include "ports/registry.h"
#include "stages/run.h"

struct preflight_request {
	const char *repository;  /* the checked-out repository, or a folder in it */
	const char *base, *head; /* as a person typed them: branches, ids, HEAD~2 */
	const char *migrations;  /* path of the folder in the repository */
	const char *name;        /* of the policy, for messages */
	const struct policy *policy;
	const char *allowed_signers, *revoked; /* files; NULL: none */
	const char *openpgp; /* folder; NULL: none. This or allowed_signers under trust: all */
};

struct preflight_finding {
	const char *commit;    /* full id; NULL when it concerns no single commit */
	const char *subject;   /* of that commit; NULL when it cannot be read */
	const char *migration; /* NULL when it concerns the commit or the whole */
	const char *path; /* in the repository; never NULL, but it may be one that HEAD took away */
	int line;         /* 1-based */
	const char *stage; /* "watch", "verify", "check", "lint" */
	const struct error *error;
};

struct preflight_findings { /* in the order of the stages */
	struct preflight_finding *items;
	size_t count, room;
};

struct preflight {
	const char *base, *head; /* full ids */
	const char *fork;        /* their merge base: what HEAD adds is compared with this */
	const char *migrations;  /* as asked for */
	bool verified;           /* signatures were; false under trust: branch */
	size_t commits;          /* that HEAD brings */
	size_t judged;           /* those of them that change migrations */
	struct plan plan;        /* with the findings mended: what would be done */
	struct preflight_findings findings;
	struct text_list notes; /* sentences worth telling that refuse nothing */
};

/*
 * Findings are no errors: NULL is returned with them. Errors mean that nothing can be said: ERR_GIT_CHECKOUT,
 * ERR_GIT_SHALLOW, ERR_UNKNOWN_COMMIT, ERR_USAGE (no such folder), ERR_KEYRING, ERR_PARSER. May be repeated; leaves
 * nothing behind.
 */
FALLIBLE engine_preflight(const struct registry *registry, const struct preflight_request *request,
                          struct arena *arena, struct preflight *ret_preflight);

/*
 * The made-up site that preflight's stages look at: a run whose ledger and memory hold every migration at BASE as
 * deployed, and whose tree is that of a merge. Private to preflight.
 */
#pragma once

#include "stages/run.h"

struct preflight_site {
	struct run *run;        /* ledger, memory and head_tree are the site's */
	struct tree fork, base; /* the migrations folder at the merge base, and at BASE */
};

/* Reads the three trees. *ret_exists: false when neither BASE nor HEAD has the folder. */
FALLIBLE preflight_site_read(struct preflight_site *site, const char *fork, const char *base,
                             bool *ret_exists);
/* Did it stand there before HEAD came? */
bool preflight_site_had(const struct preflight_site *site, const struct tree_problem *problem);
/* The merge, and the deploys. What cannot be read as a migration is left out. */
void preflight_site_make(struct preflight_site *site);
/* Is the folder after the merge another than at BASE? */
bool preflight_site_brings(const struct preflight_site *site, const char *name);
/*
 * Takes out what plan_make refused, so that it can be asked about the rest. `culprit` as plan_make said; NULL: all that
 * is gone from the tree. false: there was nothing left to take.
 */
bool preflight_site_set_aside(struct preflight_site *site, const struct error *error,
                              const char *culprit);
/* The way back of the plan's rollbacks. */
void preflight_site_load_downs(struct preflight_site *site);

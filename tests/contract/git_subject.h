/*
 * The subject of the source contract on a bare repository that the git program made: whatever reads a remote into a
 * mirror is opened on the same one. What the opener is given lives as long as the test.
 */
#pragma once

#include "adapters/source_git.h"
#include "contract/source_contract.h"

typedef struct error *git_subject_open(struct arena *arena,
                                       const struct source_git_options *options,
                                       struct source **ret_source);

/* Number of failed tests. */
int git_subject_run(const char *name, git_subject_open *open);

/* Trust `signed` for a run: model/trust.h asked about the watched repository. Private to the stage verify. */
#pragma once

#include "stages/run.h"

#define CLOCK_SKEW_S 600 /* how far a commit's own date may lie ahead of this host's clock */

/* `judging`: with the run as its context. Adds who vouched for each step to the evidence. */
FALLIBLE verify_signed(struct run *run, steps_judging *judging);

/* Trust `signed` for a run: model/trust.h asked about the watched repository. Private to the stage verify. */
#pragma once

#include "stages/run.h"

/* `judging`: with the run as its context. Adds who vouched for each step to the evidence. */
FALLIBLE verify_signed(struct run *run, steps_judging *judging);

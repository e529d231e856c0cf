/* Progress of long work for whoever watches: one line on a terminal, rewritten; now and then a log line elsewhere. */
#pragma once

#include "model/progress.h"

const struct progress *progress_start(void); /* one per process; lives for ever */
void progress_end(void);                     /* clears the line */

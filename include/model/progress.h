/* Progress of long work, told to whoever watches. `total` 0: not known. May be called often; the watcher thins out. */
#pragma once

#include <stdint.h>

enum progress_unit { PROGRESS_BYTES, PROGRESS_BLOCKS, PROGRESS_ITEMS };

struct progress {
	void (*report)(void *context, const char *what, enum progress_unit unit, uint64_t done,
	               uint64_t total);
	void *context;
};

static inline void progress_report(const struct progress *progress, const char *what,
                                   enum progress_unit unit, uint64_t done, uint64_t total)
{
	if (progress && progress->report)
		progress->report(progress->context, what, unit, done, total);
}

/*
 * Named moments at which a test may end the process or make a call fail: FAULT_POINT(apply_after_commit).
 * HEADGATE_FAULT=name kills the process (SIGKILL) there; HEADGATE_FAULT=name:n at the n-th passage;
 * HEADGATE_FAULT=name:stop raises SIGSTOP instead. Names are rows of fault_points.def; release builds hold none of it.
 */
#pragma once

#ifdef HEADGATE_FAULTS
enum fault_point {
#define FAULT(name) FAULT_##name,
#include "base/fault_points.def"
#undef FAULT
	FAULT_COUNT
};
void fault_point_passed(enum fault_point point);
const char *fault_point_name(enum fault_point point);
void fault_points_forget(
	void); /* passages are counted from here on: for a test's child that inherits its parent's */
#define FAULT_POINT(name) fault_point_passed(FAULT_##name)
#else
#define FAULT_POINT(name) ((void)0)
#endif

/*
 * Owns the moments at which a crash test strikes. The variable is read at each passage, so a test may set it late;
 * a name that is no row is a BUG, since a test that strikes nowhere proves nothing.
 */
#include "base/fault.h"

#ifdef HEADGATE_FAULTS
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

struct strike {
	enum fault_point point;
	uint64_t passage;
	int signal;
};

static const char *const names[] = {
#define FAULT(name) [FAULT_##name] = #name,
#include "base/fault_points.def"
#undef FAULT
};

static uint64_t passages[FAULT_COUNT];

static bool read_strike(struct strike *ret_strike);

void fault_point_passed(enum fault_point point)
{
	struct strike strike;

	passages[point]++;
	if (read_strike(&strike) && strike.point == point && strike.passage == passages[point])
		(void)kill(getpid(), strike.signal);
}

const char *fault_point_name(enum fault_point point)
{
	return names[point];
}

void fault_points_forget(void)
{
	memset(passages, 0, sizeof passages);
}

static bool read_strike(struct strike *ret_strike)
{
	const char *asked = getenv("HEADGATE_FAULT");
	AUTO_ARENA arena = arena_new();
	struct text_list words;

	if (!asked || !asked[0])
		return false;
	text_split(arena, asked, ':', &words);
	*ret_strike = (struct strike){.point = FAULT_COUNT, .passage = 1, .signal = SIGKILL};
	for (unsigned i = 0; i < FAULT_COUNT; i++) {
		if (text_equal(words.items[0], names[i]))
			ret_strike->point = (enum fault_point)i;
	}
	if (ret_strike->point == FAULT_COUNT)
		BUG("HEADGATE_FAULT names '%s', which is not in fault_points.def", words.items[0]);
	for (size_t i = 1; i < words.count; i++) {
		if (text_equal(words.items[i], "stop"))
			ret_strike->signal = SIGSTOP;
		else if (!parse_number(words.items[i], UINT64_MAX, &ret_strike->passage))
			BUG("HEADGATE_FAULT: '%s' is neither a number nor 'stop'", words.items[i]);
	}
	return true;
}
#endif

/*
 * The log: one line per event, fixed keys in a fixed order (ts level event target run commit stage attempt took_ms
 * outcome code msg). Only engine and cli call it; lower floors return errors. Text for people goes last, in msg.
 * Format text or json; under systemd each line starts with its syslog priority ("<6>").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_NONE = -1,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum log_event {
#define LOG_EVENT(name, text) EVENT_##name,
#include "base/log_events.def"
#undef LOG_EVENT
	EVENT_COUNT
};

struct log_line { /* unset members are left out */
	const char *target;
	int64_t run;
	const char *commit;
	const char *stage;
	int attempt;
	int64_t took_ms; /* -1 or 0: left out */
	const char *outcome;
	const char *code;
	const char *msg;
};

void log_configure(enum log_level level, bool json);
bool log_is_on(enum log_level level); /* would a line of this level be written? */
void log_line(enum log_level level, enum log_event event, const struct log_line *line);
#define LOG(LEVEL, NAME, ...)                                                                      \
	log_line(LOG_LEVEL_##LEVEL, EVENT_##NAME, &(struct log_line){__VA_ARGS__})

const char *log_event_name(enum log_event event);
bool log_level_parse(const char *text, enum log_level *ret_level);

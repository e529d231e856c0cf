/*
 * headgate doctor: is everything there that the agent needs, and how is it mended? It looks only: nothing is written to a
 * database, the watched repository or the journal (the agent's own mirror may be fetched). A broken part never ends it;
 * what rests on that part is then said not to have been looked at.
 */
#pragma once

#include "ports/registry.h"

enum diagnosis_level { DIAGNOSIS_PASS, DIAGNOSIS_WARN, DIAGNOSIS_FAIL, DIAGNOSIS_NOT_LOOKED };

struct diagnosis {
	const char *area;   /* "database" */
	const char *target; /* NULL: it concerns the agent as a whole */
	const char *check;  /* "rights" */
	enum diagnosis_level level;
	const char *what;
	const char *mend; /* a sentence; NULL where nothing is to be mended */
	const char *type; /* what to type, a line each, as it stands; NULL: nothing */
	const char *code; /* of the error behind it, or NULL */
};

struct diagnoses { /* by area, those of the whole agent first */
	struct diagnosis *items;
	size_t count, room;
};

/* `target` NULL: all. ERR_UNKNOWN_TARGET, ERR_STOPPED; every other trouble is a diagnosis. */
FALLIBLE engine_doctor(const struct registry *registry, const char *config_path, const char *target,
                       struct arena *arena, struct diagnoses *ret_diagnoses);

const char *diagnosis_level_name(
	enum diagnosis_level level); /* "pass", "warn", "fail", "not looked at" */
size_t diagnoses_count(const struct diagnoses *diagnoses, enum diagnosis_level level);

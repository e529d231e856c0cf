/*
 * What a look at a database says about whether the agent can work there: the way to it, the role, its rights, who else
 * may write what the agent relies on. For `headgate doctor`; no decision of a run rests on it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum session_tls {
	SESSION_LOCAL,     /* a socket, or this machine itself: nobody in between */
	SESSION_PLAIN,     /* everybody in between may read and change it */
	SESSION_ENCRYPTED, /* encrypted, but to whom was not checked */
	SESSION_VERIFIED,  /* encrypted, and the server's name was checked */
};

struct inspection_note { /* something to mend, and the SQL that does it */
	const char *what;
	const char *sql; /* one or more statements, a line each; NULL: SQL does not mend it */
};

struct inspection_notes {
	struct inspection_note *items;
	size_t count, room;
};

struct inspection {
	enum session_tls tls;
	bool is_pooled; /* somebody between us and the server answers; what follows is then less sure */
	bool is_read_only;
	bool is_superuser, bypasses_row_security, creates_roles, replicates;
	const char *current_schema;    /* NULL: none */
	int64_t clock_ahead_us;        /* the server's clock against ours */
	int64_t connections;           /* of clients, to the whole server */
	int64_t connections_maximum;   /* without those kept for superusers */
	struct inspection_notes lacks; /* rights that the agent's role needs and has not */
	struct inspection_notes
		others; /* who else may write the ledger or make things in its schema */
	struct inspection_notes
		lingering; /* transactions that stand idle or prepared for over a minute */
};

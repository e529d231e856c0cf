/* What the words of a person share. Private to engine/person.c and engine/withdraw.c. */
#pragma once

#include "engine/work.h"

/* It is shown on statuses: one line of UTF-8, at most REASON_MAXIMUM characters. NULL is good. ERR_USAGE. */
FALLIBLE person_check_reason(struct arena *arena, const char *reason);
/* {by, reason} of a record. */
struct node *person_body(struct work *work, const char *reason);

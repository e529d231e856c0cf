/* Between decode.c (the walk and its messages) and decode_value.c (one value at a time). */
#pragma once

#include "base/decode.h"

#define DECODE_LIST_MAXIMUM 1000

/*
 * Reads a value into the member that `field` names. On failure *ret_why says what is wrong with it ("'5x' is not a
 * duration"), false is returned and `into` is untouched.
 */
bool decode_value(struct arena *arena, const struct document *document, const struct field *field,
                  const struct node *value, void *into, const char **ret_why);
bool decode_default(struct arena *arena, const struct document *document, const struct field *field,
                    void *into, const char **ret_why);

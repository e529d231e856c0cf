/*
 * What a person sees: columns, colours only on a terminal (and not with NO_COLOR), errors with what, why and next.
 * Everything for people goes through here, so that control characters from outside never reach a terminal.
 */
#pragma once

#include "base/node.h"
#include "base/text.h"

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_BAD, COLOUR_CARE, COLOUR_FAINT, COLOUR_STRONG };

void terminal_print(enum colour colour, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "  label     text", the text wrapped under itself at the terminal's width (100 when it is none). */
void terminal_field(enum colour colour, const char *label, const char *text);
/* "  label<width>text": the row of a table. Wrapped on a terminal, one line elsewhere, so that it can be searched. */
void terminal_row(enum colour colour, size_t width, const char *label, const char *text);
/* A field, to standard error. */
void terminal_aside(enum colour colour, const char *label, const char *text);
void terminal_paragraph(const char *text); /* wrapped like a field, at the margin of labels */
void terminal_json(struct arena *arena, const struct node *node);
void terminal_json_line(struct arena *arena,
                        const struct node *node); /* one of several documents */
bool terminal_json_printed(void); /* since the program began: a document is one whole thing */
void terminal_error(const struct error *error); /* to standard error */
bool terminal_is_watched(void);                 /* is standard error a terminal? */

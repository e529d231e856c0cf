/*
 * The screen. What a reader gets wrong: texts of commits, files and servers are foreign; their control characters are
 * replaced here, whatever they went through before.
 */
#include "cli/terminal.h"

#include <sys/ioctl.h>

#define MARGIN 2
#define LABEL_WIDTH 10
#define WIDTH_OTHERWISE 100
#define WIDTH_MINIMUM 60

static void print_to(FILE *stream, enum colour colour, const char *text);
static void print_field(FILE *stream, enum colour colour, const char *label, const char *text);
static void print_row(FILE *stream, enum colour colour, const char *label, size_t label_width,
                      size_t screen, const char *text);
static size_t columns_of(const char *text);
static size_t screen_width(FILE *stream);
static bool is_coloured(FILE *stream);
static void put_clean(FILE *stream, const char *text, size_t size);

void terminal_print(enum colour colour, const char *format, ...)
{
	AUTO_ARENA arena = arena_new();
	va_list args;

	va_start(args, format);
	print_to(stdout, colour, arena_vprintf(arena, format, args));
	va_end(args);
}

void terminal_field(enum colour colour, const char *label, const char *text)
{
	print_field(stdout, colour, label, text);
}

/* Flushed at once: whoever waits reads along. */
void terminal_aside(enum colour colour, const char *label, const char *text)
{
	print_field(stderr, colour, label, text);
	(void)fflush(stderr);
}

void terminal_row(enum colour colour, size_t width, const char *label, const char *text)
{
	print_row(stdout, colour, label, width,
	          isatty(fileno(stdout)) ? screen_width(stdout) : SIZE_MAX, text);
}

void terminal_paragraph(const char *text)
{
	print_row(stdout, COLOUR_NONE, "", 0, screen_width(stdout), text);
}

static bool is_json_printed;

void terminal_json_line(struct arena *arena, const struct node *node)
{
	is_json_printed = true;
	(void)fputs(node_to_json(arena, node), stdout);
	(void)fputc('\n', stdout);
}

bool terminal_json_printed(void)
{
	return is_json_printed;
}

void terminal_json(struct arena *arena, const struct node *node)
{
	is_json_printed = true;
	(void)fputs(node_to_json_pretty(arena, node), stdout);
	(void)fputc('\n', stdout);
}

void terminal_error(const struct error *error)
{
	AUTO_ARENA arena = arena_new();

	print_to(stderr, COLOUR_BAD, "headgate: ");
	print_to(stderr, COLOUR_STRONG, arena_printf(arena, "%s", error->what));
	print_to(stderr, COLOUR_FAINT, arena_printf(arena, "  [%s]\n", error->row->code));
	if (error->why)
		print_field(stderr, COLOUR_NONE, "why", error->why);
	print_field(stderr, COLOUR_CARE, "next", error->hint);
}

bool terminal_is_watched(void)
{
	return isatty(STDERR_FILENO);
}

static void print_to(FILE *stream, enum colour colour, const char *text)
{
	static const char *const codes[] = {
		[COLOUR_NONE] = "",         [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[31m",
		[COLOUR_CARE] = "\033[33m", [COLOUR_FAINT] = "\033[2m", [COLOUR_STRONG] = "\033[1m",
	};
	const bool coloured = colour != COLOUR_NONE && is_coloured(stream);

	if (coloured)
		(void)fputs(codes[colour], stream);
	put_clean(stream, text, strlen(text));
	if (coloured)
		(void)fputs("\033[0m", stream);
}

static void print_field(FILE *stream, enum colour colour, const char *label, const char *text)
{
	print_row(stream, colour, label, LABEL_WIDTH, screen_width(stream), text);
}

static void print_row(FILE *stream, enum colour colour, const char *label, size_t label_width,
                      size_t screen, const char *text)
{
	const size_t width = screen - label_width - MARGIN;
	const size_t used = columns_of(label);
	bool first = true;

	do {
		const size_t left = strcspn(
			text, "\n"); /* a line that came from outside stays below its label */
		size_t size = left;

		if (left > width) {
			for (size = width; size > 0 && text[size] != ' '; size--)
				;
			if (text[size] != ' ')
				for (size = width; size < left && text[size] != ' '; size++)
					;
		}
		(void)fprintf(stream, "%*s", MARGIN, "");
		if (first && used)
			print_to(stream, colour == COLOUR_NONE ? COLOUR_FAINT : colour, label);
		(void)fprintf(stream, "%*s",
		              (int)(!first               ? label_width
		                    : used < label_width ? label_width - used
		                                         : used > 0),
		              "");
		put_clean(stream, text, size);
		(void)fputc('\n', stream);
		text += size;
		text += strspn(text, " ");
		text += *text == '\n';
		first = false;
	} while (*text);
}

/* A character of UTF-8 takes one column, whatever its bytes; a mark in front must not shift the text. */
static size_t columns_of(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

static size_t screen_width(FILE *stream)
{
	struct winsize size = {0};

	if (!isatty(fileno(stream)) || ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 ||
	    size.ws_col < WIDTH_MINIMUM)
		return WIDTH_OTHERWISE;
	return size.ws_col;
}

static bool is_coloured(FILE *stream)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(stream)) && !(no_colour && *no_colour) &&
	       !(term && strcmp(term, "dumb") == 0);
}

/* Without C0 (but line ends), DEL and C1, which a terminal may take for orders. */
static void put_clean(FILE *stream, const char *text, size_t size)
{
	AUTO_ARENA arena = arena_new();

	text = text_valid(arena, arena_copy(arena, text, size));
	for (; *text; text++) {
		const unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];

		if (c == 0xc2 && next < 0xa0) {
			(void)fputc('?', stream);
			text++;
		} else {
			(void)fputc((c < 0x20 && c != '\n') || c == 0x7f ? '?' : c, stream);
		}
	}
}

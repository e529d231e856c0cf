/*
 * Owns the making of errors. Texts are copied, so an error may be made from a buffer that is about to go; what is
 * easily got wrong: an error must be copied (error_copy) before the arena it was made in is freed.
 */
#include "base/error.h"

#include <stdint.h>

#include "base/text.h"

static const struct error_row rows[ERR_COUNT] = {
#define ERROR(error_name, error_code, error_reaction, status, words)                               \
	[ERR_##error_name] = {                                                                     \
		.name = #error_name,                                                               \
		.code = (error_code),                                                              \
		.reaction = REACT_##error_reaction,                                                \
		.exit_status = (status),                                                           \
		.sentence = (words),                                                               \
	},
#include "base/errors.def"
#undef ERROR
};

static const char *const reactions[] = {
	[REACT_RETRY] = "retry",
	[REACT_WAIT] = "wait",
	[REACT_REFUSE] = "refuse",
	[REACT_HALT] = "halt",
};

const struct error_row *error_rows(void)
{
	return rows;
}

const struct error_row *error_find(const char *code)
{
	for (size_t i = 0; i < ERR_COUNT; i++) {
		if (text_equal(rows[i].code, code))
			return &rows[i];
	}
	return NULL;
}

const char *reaction_name(enum reaction reaction)
{
	return reactions[reaction];
}

struct error *error_new(struct arena *arena, enum error_code code, const struct error_text *text)
{
	struct error *error = ARENA_NEW(arena, struct error);

	if ((unsigned)code >= ERR_COUNT)
		BUG("there is no error %u", (unsigned)code);
	error->row = &rows[code];
	error->what = arena_text(arena, text->what ? text->what : error->row->sentence);
	error->why = arena_text(arena, text->why && text->why[0] ? text->why : NULL);
	error->hint = text->hint ? arena_text(arena, text->hint)
	                         : arena_printf(arena,
	                                        "Type 'headgate explain %s' to read what it means.",
	                                        error->row->code);
	return error;
}

struct error *error_wrap(struct arena *arena, struct error *error, const char *format, ...)
{
	va_list args;

	if (!error)
		return NULL;
	va_start(args, format);
	const char *noun = arena_vprintf(arena, format, args);
	va_end(args);

	struct error *wrapped = error_copy(arena, error);

	wrapped->what = arena_printf(arena, "%s: %s", noun, error->what);
	return wrapped;
}

struct error *error_copy(struct arena *arena, const struct error *error)
{
	struct error *copy;

	if (!error)
		return NULL;
	copy = ARENA_NEW(arena, struct error);
	copy->row = error->row;
	copy->what = arena_text(arena, error->what);
	copy->why = arena_text(arena, error->why);
	copy->hint = arena_text(arena, error->hint);
	return copy;
}

const char *error_line(struct arena *arena, const struct error *error)
{
	const char *line =
		error->why ? arena_printf(arena, "%s: %s", error->what, error->why) : error->what;

	return text_clip(arena, text_trim(arena, line), SIZE_MAX);
}

const char *errno_text(struct arena *arena, int number)
{
#ifdef __GLIBC__
	const char *name = strerrorname_np(number);
	const char *words = strerrordesc_np(number);

	if (name && words)
		return arena_printf(arena, "%s (%s)", words, name);
#endif
	return arena_printf(arena, "system error %d", number);
}

void bug_at(const char *file, int line, const char *format, ...)
{
	va_list args;

	(void)fprintf(stderr, "headgate: BUG at %s:%d: ", file, line);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	abort();
}

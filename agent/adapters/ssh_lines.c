/* Lines and words of OpenSSH's text files. Easily got wrong: a line may end with CR LF, and the last one with nothing. */
#include "adapters/ssh_lines.h"

#include <string.h>

struct ssh_lines ssh_lines_of(struct arena *arena, struct bytes bytes)
{
	return (struct ssh_lines){
		.arena = arena, .next = bytes.data, .end = bytes.data + bytes.size};
}

bool ssh_lines_next(struct ssh_lines *lines, bool *ret_is_text)
{
	while (lines->next < lines->end) {
		const char *from = lines->next;
		const char *newline = memchr(from, '\n', (size_t)(lines->end - from));
		size_t size = (size_t)((newline ? newline : lines->end) - from);

		lines->number++;
		lines->next = newline ? newline + 1 : lines->end;
		lines->at = "";
		*ret_is_text = size <= SSH_LINE_MAXIMUM && !memchr(from, '\0', size);
		if (!*ret_is_text)
			return true;
		if (size && from[size - 1] == '\r')
			size--;
		lines->at = arena_copy(lines->arena, from, size);
		lines->at += strspn(lines->at, " \t");
		if (*lines->at && *lines->at != '#')
			return true;
	}
	return false;
}

const char *ssh_lines_word(struct ssh_lines *lines)
{
	const size_t size = strcspn(lines->at, " \t");
	const char *word = arena_copy(lines->arena, lines->at, size);

	lines->at += size;
	lines->at += strspn(lines->at, " \t");
	return word;
}

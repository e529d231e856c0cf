/* Owns the two files. Easily got wrong: what stdio still holds back belongs to whoever printed it. */
#include "unit/cli/capture.h"

#include "base/file.h"

static const char *const names[] = {"stdout", "stderr"};

struct capture capture_begin(struct place *place)
{
	struct capture capture = {.place = place};

	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		AUTO_FD fd = open(path_of(place, names[i]), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		                  0600);

		assert_true(fd >= 0);
		capture.kept[i] = dup(i + 1);
		assert_true(dup2(fd, i + 1) == i + 1);
	}
	return capture;
}

struct captured capture_end(struct capture *capture)
{
	struct bytes bytes[2] = {0};

	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		(void)dup2(capture->kept[i], i + 1);
		(void)close(capture->kept[i]);
		assert_fine(file_read(capture->place->arena, path_of(capture->place, names[i]),
		                      1 << 22, &bytes[i]));
	}
	return (struct captured){bytes[0].data ? bytes[0].data : "",
	                         bytes[1].data ? bytes[1].data : ""};
}

/* Reads every file of a corpus folder to the target that it is linked with: libFuzzer's findings as an ordinary test. */
#include <dirent.h>
#include <errno.h>

#include "fuzz/fuzz.h"

#define INPUT_MAXIMUM (8 * 1024 * 1024)

static size_t read_input(const char *path, uint8_t **ret_data)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAXIMUM);
	size_t size;

	if (!file || !data) {
		fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
		exit(1);
	}
	size = fread(data, 1, INPUT_MAXIMUM, file);
	fclose(file);
	*ret_data = data;
	return size;
}

/* The bytes end where the allocation ends, so that reading behind them is found. */
static void replay(const char *path)
{
	uint8_t *data, *exact;
	size_t size = read_input(path, &data);

	exact = malloc(size ? size : 1);
	if (!exact)
		abort();
	memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

int main(int count, char **arguments)
{
	DIR *folder = count == 2 ? opendir(arguments[1]) : NULL;
	const struct dirent *entry;
	struct arena *arena = arena_new();
	size_t replayed = 0;

	if (!folder) {
		fprintf(stderr, "usage: %s CORPUS\n", arguments[0]);
		return 64;
	}
	while ((entry = readdir(folder))) {
		const char *path = arena_printf(arena, "%s/%s", arguments[1], entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		fprintf(stderr, "%s\n", path); /* the last one is the one that fails */
		replay(path);
		replayed++;
	}
	closedir(folder);
	arena_free(arena);
	printf("%zu inputs\n", replayed);
	return replayed ? 0 : 1;
}

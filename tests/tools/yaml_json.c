/* yaml_json FILE: a YAML file as JSON, by the agent's own reader, for scenarios that look into the examples with jq. */
#include "adapters/yaml.h"
#include "base/file.h"

static struct error *print(struct arena *arena, const char *path)
{
	struct node *node = NULL;
	struct bytes bytes = {0};

	TRY(file_read(arena, path, YAML_MAXIMUM, &bytes));
	TRY(yaml_read(arena, path, bytes, &node));
	(void)puts(node_to_json(arena, node));
	return NULL;
}

int main(int argc, char **argv)
{
	AUTO_ARENA arena = arena_new();
	const struct error *error;

	if (argc != 2) {
		(void)fputs("usage: yaml_json FILE\n", stderr);
		return 64;
	}
	error = print(arena, argv[1]);
	if (!error)
		return 0;
	(void)fprintf(stderr, "yaml_json: %s\n", error_line(arena, error));
	return 1;
}

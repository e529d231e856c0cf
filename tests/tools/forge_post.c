/*
 * Posts one status by the agent's own adapter, for shell tests against other people's servers:
 *     forge_post API OWNER/NAME TOKEN COMMIT TARGET STATE WORDS [URL [retried]]
 * Prints "taken", or the error as "code what: why". Exit status 0: taken; 1: an error; 64: not understood.
 */
#include "adapters/forge_github.h"
#include "base/text.h"

int main(int count, char **arguments)
{
	AUTO_ARENA arena = arena_new();
	struct forge_github_options options = {0};
	struct status status = {0};
	struct forge *forge = NULL;
	struct error *error;
	uint64_t wait_ms = 0;

	if (count < 8 || count > 10 || !status_state_find(arguments[6], &status.state)) {
		(void)fprintf(
			stderr,
			"usage: forge_post API OWNER/NAME TOKEN COMMIT TARGET STATE WORDS [URL [retried]]\n");
		return 64;
	}
	options.api = arguments[1];
	options.repository = arguments[2];
	options.token = secret_new(arena, (struct bytes){arguments[3], strlen(arguments[3])});
	status.commit = arguments[4];
	status.target = arguments[5];
	status.context = status_context(arena, status.target);
	status.description = arguments[7];
	status.url = count > 8 && *arguments[8] ? arguments[8] : NULL;
	status.retried = count > 9 && text_equal(arguments[9], "retried");
	error = forge_github_open(arena, &options, &forge);
	if (!error)
		error = forge_post(forge, &status, arena, &wait_ms);
	if (!error)
		error = forge_flush(forge, arena, &wait_ms);
	forge_close(forge);
	if (error)
		printf("%s %s\n", error->row->code, error_line(arena, error));
	else
		puts("taken");
	return error != NULL;
}

/*
 * peak_memory FILE COMMAND…: runs the command and writes the largest RSS in KiB of it and all that it waited for into the
 * file. Ends as the command did; 128 and the signal's number after a signal. It stays small itself: a child's first RSS is
 * its parent's.
 */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

int main(int count, char **arguments)
{
	extern char **environ;
	struct rusage usage;
	int status, failure;
	pid_t child;
	FILE *file;

	if (count < 3) {
		fprintf(stderr, "usage: peak_memory FILE COMMAND…\n");
		return 64;
	}
	failure = posix_spawnp(&child, arguments[2], NULL, NULL, arguments + 2, environ);
	if (failure) {
		fprintf(stderr, "peak_memory: '%s': %s\n", arguments[2], strerror(failure));
		return 127;
	}
	if (wait4(child, &status, 0, &usage) != child || getrusage(RUSAGE_CHILDREN, &usage) ||
	    !(file = fopen(arguments[1], "w")))
		return 1;
	fprintf(file, "%ld\n", usage.ru_maxrss);
	if (fclose(file))
		return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

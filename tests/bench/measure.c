/*
 * measure TIMES COMMAND…: runs the command so often and prints "<median wall ms> <CPU ms per run> <largest RSS in MiB>".
 * What a reader gets wrong: a child's first RSS is its parent's, so this program stays small, and bash, which would be
 * the parent otherwise, is not.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define TIMES_MAXIMUM 1000

static double now_ms(void);
static double run_once(char *const *command, struct rusage *usage);
static int compare(const void *a, const void *b);

int main(int count, char **arguments)
{
	static double walls[TIMES_MAXIMUM];
	struct rusage usage;
	double cpu_ms = 0;
	long rss_kib = 0, times;

	if (count < 3 || (times = strtol(arguments[1], NULL, 10)) < 1 || times > TIMES_MAXIMUM) {
		fprintf(stderr, "usage: measure TIMES COMMAND…\n");
		return 64;
	}
	for (long i = 0; i < times; i++) {
		walls[i] = run_once(arguments + 2, &usage);
		cpu_ms += 1e3 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		          1e-3 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
		if (usage.ru_maxrss > rss_kib)
			rss_kib = usage.ru_maxrss;
	}
	qsort(walls, (size_t)times, sizeof *walls, compare);
	printf("%.1f %.1f %.1f\n", walls[times / 2], cpu_ms / (double)times, (double)rss_kib / 1024);
	return 0;
}

static double run_once(char *const *command, struct rusage *usage)
{
	extern char **environ;
	const double started = now_ms();
	posix_spawn_file_actions_t actions;
	int status, failure;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	failure = posix_spawnp(&child, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failure) {
		fprintf(stderr, "measure: '%s': %s\n", command[0], strerror(failure));
		exit(1);
	}
	if (wait4(child, &status, 0, usage) != child || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "measure: '%s' ended with status %d\n", command[0], status);
		exit(1);
	}
	return now_ms() - started;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

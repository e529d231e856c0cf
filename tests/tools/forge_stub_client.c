/* Starts, steers and reads tools/forge_stub. The certificate is made by openssl's program, for 127.0.0.1. */
#include "tools/forge_stub_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/node.h"
#include "base/process.h"
#include "base/text.h"

#define START_DEADLINE_MS 20000
#define LOG_MAXIMUM (16 * 1024 * 1024)

static void must(struct error *error);
static void save(const char *path, const char *text);
static void make_certificate(struct arena *arena, struct forge_stub *stub);
static void wait_for_port(struct arena *arena, struct forge_stub *stub, bool tls);
static const char *in(struct arena *arena, const struct forge_stub *stub, const char *name);

struct forge_stub *forge_stub_start(struct arena *arena, const struct forge_stub_options *options)
{
	const char *binaries = getenv("HEADGATE_BINARY_DIR"), *temporary = getenv("TMPDIR");
	struct forge_stub *stub = ARENA_NEW(arena, struct forge_stub);
	char *folder =
		arena_printf(arena, "%s/headgate-stub-XXXXXX", temporary ? temporary : "/tmp");
	const char *arguments[20] = {NULL};
	size_t count = 0;

	if (!binaries)
		fail_msg("HEADGATE_BINARY_DIR is not set: run the test by ctest");
	assert_non_null(mkdtemp(folder));
	stub->folder = folder;
	save(in(arena, stub, "control"), "");
	arguments[count++] = arena_printf(arena, "%s/tests/tools/forge_stub", binaries);
	arguments[count++] = "--port-file";
	arguments[count++] = in(arena, stub, "port");
	arguments[count++] = "--log";
	arguments[count++] = in(arena, stub, "log");
	arguments[count++] = "--control";
	arguments[count++] = in(arena, stub, "control");
	arguments[count++] = "--pulls";
	arguments[count++] = in(arena, stub, "pulls");
	if (options->token) {
		arguments[count++] = "--token";
		arguments[count++] = options->token;
	}
	if (options->commits) {
		save(in(arena, stub, "commits"), text_join(arena, options->commits, "\n"));
		arguments[count++] = "--commits";
		arguments[count++] = in(arena, stub, "commits");
	}
	if (options->tls) {
		make_certificate(arena, stub);
		arguments[count++] = "--certificate";
		arguments[count++] = stub->ca_file;
		arguments[count++] = "--key";
		arguments[count++] = in(arena, stub, "key.pem");
	}
	stub->pid = fork();
	if (stub->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	assert_true(stub->pid > 0);
	wait_for_port(arena, stub, options->tls);
	return stub;
}

void forge_stub_stop(struct forge_stub *stub)
{
	static const char *const files[] = {"control",  "port",    "log",  "commits",
	                                    "cert.pem", "key.pem", "pulls"};
	struct arena *arena = arena_new();

	forge_stub_kill(stub);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		(void)unlink(in(arena, stub, files[i])); /* not every one is there */
	(void)rmdir(stub->folder);
	arena_free(arena);
}

void forge_stub_kill(struct forge_stub *stub)
{
	if (stub->pid <= 0)
		return;
	(void)kill(stub->pid, SIGTERM);
	(void)waitpid(stub->pid, NULL, 0);
	stub->pid = 0;
}

void forge_stub_mode(struct forge_stub *stub, const char *mode)
{
	struct arena *arena = arena_new();

	save(in(arena, stub, "control"), mode);
	arena_free(arena);
}

void forge_stub_pulls(struct forge_stub *stub, const char *lines)
{
	struct arena *arena = arena_new();

	save(in(arena, stub, "pulls"), lines);
	arena_free(arena);
}

size_t forge_stub_count(struct forge_stub *stub, const char *method, int answer)
{
	struct arena *arena = arena_new();
	struct text_list lines = {0};
	size_t count = 0;

	text_split(arena, forge_stub_log(stub, arena), '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		const char *why = NULL;
		const struct node *line =
			node_from_json(arena, lines.items[i], strlen(lines.items[i]), &why);

		count += node_find_number(line, "answer", 0) == answer &&
		         text_equal(node_find_text(line, "method"), method);
	}
	arena_free(arena);
	return count;
}

const char *forge_stub_log(struct forge_stub *stub, struct arena *arena)
{
	const char *path = in(arena, stub, "log");
	struct bytes bytes;

	if (!file_exists(path))
		return "";
	must(file_read(arena, path, LOG_MAXIMUM, &bytes));
	return bytes.data;
}

static void must(struct error *error)
{
	if (error)
		fail_msg("%s: %s", error->what, error->why ? error->why : "");
}

static void save(const char *path, const char *text)
{
	struct arena *arena = arena_new();
	struct error *error = file_save(arena, path, (struct bytes){text, strlen(text)}, 0600);

	must(error);
	arena_free(arena);
}

static void make_certificate(struct arena *arena, struct forge_stub *stub)
{
	const char *key = in(arena, stub, "key.pem"), *certificate = in(arena, stub, "cert.pem");
	const char *const arguments[] = {
		"req",
		"-x509",
		"-newkey",
		"ec",
		"-pkeyopt",
		"ec_paramgen_curve:prime256v1",
		"-nodes",
		"-days",
		"2",
		"-subj",
		"/CN=127.0.0.1",
		"-addext",
		"subjectAltName=IP:127.0.0.1",
		"-keyout",
		key,
		"-out",
		certificate,
		NULL,
	};
	struct process process = {.program = program_find(arena, "openssl"),
	                          .arguments = arguments,
	                          .deadline_ms = 20000};
	struct process_result result;

	assert_non_null(process.program);
	must(process_run(arena, &process, &result));
	if (result.status != 0)
		fail_msg("openssl: %s", result.complaint);
	stub->ca_file = certificate;
}

static void wait_for_port(struct arena *arena, struct forge_stub *stub, bool tls)
{
	uint64_t end = clock_monotonic_ms() + START_DEADLINE_MS;
	const char *path = in(arena, stub, "port");
	struct bytes port;

	while (!file_exists(path)) {
		if (waitpid(stub->pid, NULL, WNOHANG) != 0 || clock_monotonic_ms() > end)
			fail_msg("forge_stub did not start");
		clock_sleep_ms(5);
	}
	must(file_read(arena, path, 64, &port));
	stub->address = arena_printf(arena, "%s://127.0.0.1:%s", tls ? "https" : "http",
	                             text_trim(arena, port.data));
}

static const char *in(struct arena *arena, const struct forge_stub *stub, const char *name)
{
	return path_join(arena, stub->folder, name);
}

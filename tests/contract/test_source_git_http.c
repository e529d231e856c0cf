/*
 * Servers that answer in odd ways, each a child that gives one canned answer to every request and
 * counts what it was asked. Real smart HTTP is tested by the scenarios; here are the answers that a
 * good server never gives.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/source_git.h"
#include "base/text.h"
#include "contract/git_scratch.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define ID "0123456789012345678901234567890123456789"
#define SHA256_ID ID "012345678901234567890123"
#define HEADER(status) "HTTP/1.1 " status "\r\nConnection: close\r\n"
#define ADVERTISEMENT                                                                              \
	HEADER("200 OK")                                                                           \
	"Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n"                        \
	"001e# service=git-upload-pack\n0000"

#define GOOD ADVERTISEMENT "0048" ID " refs/heads/main\0 ofs-delta\n0000"
#define NOTHING "Content-Length: 0\r\n\r\n"
#define EMPTY(status) HEADER(status) NOTHING
#define UNAUTHORIZED(way) HEADER("401 No") "WWW-Authenticate: " way "\r\n" NOTHING
#define REDIRECT(to)                                                                               \
	HEADER("301 Moved")                                                                        \
	"Location: http://" to "/shop.git/info/refs?service=git-upload-pack\r\n" NOTHING
#define TEXT(text) ((struct bytes){(text), sizeof(text) - 1})

struct tally { /* shared with the server */
	int requests, credentials;
};

static void serve(int listener, struct bytes answer, struct tally *tally)
{
	for (;;) {
		char request[8192];
		size_t size = 0;
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			_exit(1);
		while (size < sizeof request - 1) {
			ssize_t got = recv(client, request + size, sizeof request - 1 - size, 0);

			if (got <= 0)
				break;
			size += (size_t)got;
			request[size] = 0;
			if (strstr(request, "\r\n\r\n"))
				break;
		}
		request[size] = 0;
		tally->requests += size > 0;
		tally->credentials += strstr(request, "Authorization:") != NULL;
		(void)send(client, answer.data, answer.size, MSG_NOSIGNAL);
		(void)shutdown(client, SHUT_WR);
		while (recv(client, request, sizeof request, 0) > 0)
			;
		(void)close(client);
	}
}

/* The child's id; *ret_port is where it listens on this machine alone. */
static pid_t start(struct bytes answer, struct tally *tally, int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t child;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener, answer, tally);
	}
	(void)close(listener);
	*ret_port = ntohs(address.sin_port);
	return child;
}

struct
try {
	const char *sentence;
	struct bytes answer;
	bool has_token;
	enum error_code code; /* ERR_COUNT: it succeeds */
	const char *part;
	int requests, credentials;
};

static void check(struct arena *arena, const struct try *try, struct tally *tally)
{
	struct git_scratch place = git_scratch_new(arena);
	struct source *source = NULL;
	struct error *error;
	const char *branch, *commit;
	int port;
	pid_t child;

	*tally = (struct tally){0};
	child = start(try->answer, tally, &port);
	error = source_git_open(
		arena,
		&(struct source_git_options){
			.url = arena_printf(arena, "http://127.0.0.1:%d/shop.git", port),
			.mirror = place.mirror,
			.token = try->has_token ? secret_new(arena, (struct bytes){"geheim", 6})
	                                        : NULL,
		},
		&source);
	assert_null(error);
	error = source_head(source, "main", arena, &branch, &commit);
	source_close(source);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	git_scratch_remove(&place);

	if ((error ? error->row : NULL) !=
	    (try->code == ERR_COUNT ? NULL : &error_rows()[try->code]))
		fail_msg("%s", error ? error_line(arena, error) : "it passed");
	if (error && !strstr(error_line(arena, error), try->part) &&
	    !strstr(error->hint, try->part))
		fail_msg("'%s. %s' does not hold '%s'", error_line(arena, error), error->hint,
		         try->part);
	if (error)
		assert_null(strstr(error_line(arena, error), "geheim"));
	assert_int_equal(tally->requests, try->requests);
	assert_int_equal(tally->credentials, try->credentials);
}

static void odd_answers_have_their_error_and_a_token_is_sent_once(void **state)
{
	const struct try tries[] = {
		{"a good one", TEXT(GOOD), false, ERR_COUNT, NULL, 1, 0},
		{"a good one, and a token is not sent unasked", TEXT(GOOD), true, ERR_COUNT, NULL,
	         1, 0},
		{"a token is wanted, and there is none", TEXT(UNAUTHORIZED("Basic realm=\"x\"")),
	         false, ERR_GIT_AUTH, "none is configured", 1, 0},
		{"a token is refused", TEXT(UNAUTHORIZED("Basic realm=\"x\"")), true, ERR_GIT_AUTH,
	         "does not accept the token", 2, 1},
		{"it asks in another way", TEXT(UNAUTHORIZED("Fancy")), true, ERR_GIT_AUTH, "", 1,
	         0},
		{"forbidden", TEXT(EMPTY("403 No")), false, ERR_GIT_AUTH, "403", 1, 0},
		{"not found", TEXT(EMPTY("404 No")), false, ERR_GIT_UNREACHABLE, "404", 1, 0},
		{"broken", TEXT(EMPTY("500 No")), false, ERR_GIT_UNREACHABLE, "500", 1, 0},
		{"a redirect to another host is not followed", TEXT(REDIRECT("localhost:1")), true,
	         ERR_GIT_UNREACHABLE, "edirect", 1, 0},
		{"a page",
	         TEXT(HEADER(
			 "200 OK") "Content-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"),
	         false, ERR_GIT_UNREACHABLE, "content", 1, 0},
		{"nothing", TEXT(""), false, ERR_GIT_UNREACHABLE, "", 1, 0},
		{"an answer cut off", TEXT(ADVERTISEMENT "0048" ID " refs"), false,
	         ERR_GIT_UNREACHABLE, "", 1, 0},
		{"a SHA-256 repository",
	         TEXT(ADVERTISEMENT "006b" SHA256_ID
	                            " refs/heads/main\0 object-format=sha256\n0000"),
	         false, ERR_GIT_FORMAT, "SHA-256", 1, 0},
	};
	struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(tally != MAP_FAILED);
	for (size_t i = 0; i < ROWS(tries); i++) {
		AUTO_ARENA arena = arena_new();

		print_message("         - %s\n", tries[i].sentence);
		check(arena, &tries[i], tally);
	}
	(void)munmap(tally, sizeof *tally);
}

/*
 * libgit2 follows a redirect within a host whatever it is told. The credential must not go along.
 */
static void a_token_does_not_follow_to_another_port(void **state)
{
	struct tally *tallies = mmap(NULL, 2 * sizeof *tallies, PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	AUTO_ARENA arena = arena_new();
	const char *redirect;
	pid_t child;
	int port;

	(void)state;
	assert_true(tallies != MAP_FAILED);
	child = start(TEXT(UNAUTHORIZED("Basic realm=\"x\"")), &tallies[1], &port);
	redirect = arena_printf(arena, REDIRECT("127.0.0.1:%d"), port);
	check(arena,
	      &(struct try){"", {redirect, strlen(redirect)}, true, ERR_GIT_AUTH, "host", 1, 0},
	      &tallies[0]);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	assert_int_equal(tallies[1].requests, 1);
	assert_int_equal(tallies[1].credentials, 0);
	(void)munmap(tallies, 2 * sizeof *tallies);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_does_not_follow_to_another_port),
		cmocka_unit_test(odd_answers_have_their_error_and_a_token_is_sent_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

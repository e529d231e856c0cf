/*
 * Servers that answer in odd ways, each a child that gives one canned answer to every request and
 * counts what it was asked. Real smart HTTP is tested by the scenarios; here are the answers that a
 * good server never gives.
 */
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/source_git.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "contract/git_scratch.h"
#include "tools/forge_stub_client.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define ID "0123456789012345678901234567890123456789"
#define SHA256_ID ID "012345678901234567890123"
#define HEADER(status) "HTTP/1.1 " status "\r\nConnection: close\r\n"
#define ADVERTISEMENT                                                                              \
	HEADER("200 OK")                                                                           \
	"Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n"                        \
	"001e# service=git-upload-pack\n0000"

#define V2 "000eversion 2\n000cls-refs\n0017object-format=sha1\n0000"
#define RESULT HEADER("200 OK") "Content-Type: application/x-git-upload-pack-result\r\n\r\n"
#define SERVER                                                                                     \
	HEADER("200 OK") "Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n" V2
#define GOOD ADVERTISEMENT "0048" ID " refs/heads/main\0 ofs-delta\n0000"
#define NOTHING "Content-Length: 0\r\n\r\n"
#define EMPTY(status) HEADER(status) NOTHING
#define UNAUTHORIZED(way) HEADER("401 No") "WWW-Authenticate: " way "\r\n" NOTHING
#define REDIRECT(to)                                                                               \
	HEADER("301 Moved")                                                                        \
	"Location: http://" to "/shop.git/info/refs?service=git-upload-pack\r\n" NOTHING
#define TEXT(text) ((struct bytes){(text), sizeof(text) - 1})

struct tally { /* shared with the server */
	int requests, credentials, posts;
	bool is_off; /* a POST finds nothing from now on */
};

static void serve(int listener, struct bytes answer, struct bytes posted, struct tally *tally)
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
		if (posted.size && strncmp(request, "POST ", 5) == 0) {
			const struct bytes reply = tally->is_off ? TEXT(EMPTY("404 No")) : posted;

			tally->posts++;
			(void)send(client, reply.data, reply.size, MSG_NOSIGNAL);
		} else {
			(void)send(client, answer.data, answer.size, MSG_NOSIGNAL);
		}
		(void)shutdown(client, SHUT_WR);
		while (recv(client, request, sizeof request, 0) > 0)
			;
		(void)close(client);
	}
}

/* The child's id; *ret_port is where it listens on this machine alone. */
static pid_t start(struct bytes answer, struct bytes posted, struct tally *tally, int *ret_port)
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
		serve(listener, answer, posted, tally);
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

/* `posted`: the answer to a POST; size 0: as to any other request. */
static void check(struct arena *arena, const struct try *try, struct bytes posted,
                  struct tally *tally)
{
	struct git_scratch place = git_scratch_new(arena);
	struct source *source = NULL;
	struct error *error;
	const char *branch, *commit;
	int port;
	pid_t child;

	*tally = (struct tally){0};
	child = start(try->answer, posted, tally, &port);
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
		/* A remote that speaks only the oldest version is asked in that again. */
		{"a good one", TEXT(GOOD), false, ERR_COUNT, NULL, 2, 0},
		{"a good one, and a token is not sent unasked", TEXT(GOOD), true, ERR_COUNT, NULL,
	         2, 0},
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
	         false, ERR_GIT_FORMAT, "SHA-256", 2, 0},
	};
	struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(tally != MAP_FAILED);
	for (size_t i = 0; i < ROWS(tries); i++) {
		AUTO_ARENA arena = arena_new();

		print_message("         - %s\n", tries[i].sentence);
		check(arena, &tries[i], (struct bytes){0}, tally);
	}
	(void)munmap(tally, sizeof *tally);
}

static void odd_answers_of_version_2_have_their_error(void **state)
{
	const struct {
		struct bytes posted;
		struct try try;
	} tries[] = {
		{TEXT(RESULT "003d" ID " refs/heads/main\n0000"),
	         {"a good one", TEXT(SERVER), false, ERR_COUNT, NULL, 2, 0}},
		{{0},
	         {"a SHA-256 repository",
	          TEXT(HEADER(
			  "200 OK") "Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n"
	                            "000eversion 2\n000cls-refs\n0019object-format=sha256\n0000"),
	          true, ERR_GIT_FORMAT, "SHA-256", 1, 0}},
		{TEXT(RESULT "0000"),
	         {"one without a commit", TEXT(SERVER), true, ERR_GIT_EMPTY, "no commits", 3, 0}},
		{TEXT(RESULT "003d" ID " refs/heads/main\n"),
	         {"refs that end too early", TEXT(SERVER), true, ERR_GIT_UNREACHABLE, "too early",
	          2, 0}},
		{TEXT(HEADER("200 OK") "Content-Type: text/html\r\n\r\n0000"),
	         {"a page instead of refs", TEXT(SERVER), true, ERR_GIT_UNREACHABLE, "content", 2,
	          0}},
		{TEXT(RESULT "0011ERR not yours0000"),
	         {"a refusal in its own words", TEXT(SERVER), true, ERR_GIT_UNREACHABLE,
	          "not yours", 2, 0}},
		{TEXT(REDIRECT("localhost:1")),
	         {"the request is sent elsewhere", TEXT(SERVER), true, ERR_GIT_UNREACHABLE,
	          "edirect", 2, 0}},
		{TEXT(UNAUTHORIZED("Basic realm=\"x\"")),
	         {"a token is wanted only then, and refused", TEXT(SERVER), true, ERR_GIT_AUTH,
	          "does not accept the token", 3, 1}},
	};
	struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(tally != MAP_FAILED);
	for (size_t i = 0; i < ROWS(tries); i++) {
		AUTO_ARENA arena = arena_new();

		print_message("         - %s\n", tries[i].try.sentence);
		check(arena, &tries[i].try, tries[i].posted, tally);
	}
	(void)munmap(tally, sizeof *tally);
}

/*
 * libgit2 would follow a redirect within a host whatever it is told, so it must not be asked.
 */
static void a_redirect_to_another_port_is_not_followed(void **state)
{
	struct tally *tallies = mmap(NULL, 2 * sizeof *tallies, PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	AUTO_ARENA arena = arena_new();
	const char *redirect;
	pid_t child;
	int port;

	(void)state;
	assert_true(tallies != MAP_FAILED);
	child = start(TEXT(UNAUTHORIZED("Basic realm=\"x\"")), (struct bytes){0}, &tallies[1],
	              &port);
	redirect = arena_printf(arena, REDIRECT("127.0.0.1:%d"), port);
	check(arena,
	      &(struct try){
		      "", {redirect, strlen(redirect)}, true, ERR_GIT_UNREACHABLE, "edirect", 1, 0},
	      (struct bytes){0}, &tallies[0]);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	assert_int_equal(tallies[1].requests, 0);
	assert_int_equal(tallies[1].credentials, 0);
	(void)munmap(tallies, 2 * sizeof *tallies);
}

/*
 * What is fetched still comes through libgit2, which follows a redirect within a host whatever it is told. The credential
 * must not go along.
 */
static void a_token_does_not_follow_a_fetch_to_another_port(void **state)
{
	struct tally *tallies = mmap(NULL, 2 * sizeof *tallies, PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	AUTO_ARENA arena = arena_new();
	struct git_scratch place = git_scratch_new(arena);
	struct source *source = NULL;
	struct error *error;
	const char *redirect;
	pid_t children[2];
	int ports[2];

	(void)state;
	assert_true(tallies != MAP_FAILED);
	children[1] = start(TEXT(UNAUTHORIZED("Basic realm=\"x\"")), (struct bytes){0}, &tallies[1],
	                    &ports[1]);
	redirect = arena_printf(arena, REDIRECT("127.0.0.1:%d"), ports[1]);
	children[0] = start((struct bytes){redirect, strlen(redirect)}, (struct bytes){0},
	                    &tallies[0], &ports[0]);
	assert_null(source_git_open(
		arena,
		&(struct source_git_options){
			.url = arena_printf(arena, "http://127.0.0.1:%d/shop.git", ports[0]),
			.mirror = place.mirror,
			.token = secret_new(arena, (struct bytes){"geheim", 6}),
		},
		&source));
	error = source_fetch(source, "main", ID, arena);
	source_close(source);
	for (size_t i = 0; i < ROWS(children); i++) {
		(void)kill(children[i], SIGKILL);
		(void)waitpid(children[i], NULL, 0);
	}
	git_scratch_remove(&place);
	assert_non_null(error);
	assert_ptr_equal(error->row, &error_rows()[ERR_GIT_AUTH]);
	assert_non_null(strstr(error->why, "host"));
	assert_int_equal(tallies[0].credentials, 0);
	assert_int_equal(tallies[1].requests, 1);
	assert_int_equal(tallies[1].credentials, 0);
	(void)munmap(tallies, 2 * sizeof *tallies);
}

/* The connection is new for each request here, so the requests count all that was said. */
static void the_next_look_is_one_request(void **state)
{
	struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	AUTO_ARENA arena = arena_new();
	struct git_scratch place = git_scratch_new(arena);
	struct source *source = NULL;
	struct error *error;
	const char *branch, *commit;
	int port;
	pid_t child;

	(void)state;
	assert_true(tally != MAP_FAILED);
	*tally = (struct tally){0};
	child = start(TEXT(SERVER), TEXT(RESULT "003d" ID " refs/heads/main\n0000"), tally, &port);
	assert_null(source_git_open(
		arena,
		&(struct source_git_options){
			.url = arena_printf(arena, "http://127.0.0.1:%d/shop.git/", port),
			.mirror = place.mirror,
		},
		&source));
	for (int look = 1; look <= 3; look++) {
		assert_null(source_head(source, "main", arena, &branch, &commit));
		assert_string_equal(branch, "main");
		assert_string_equal(commit, ID);
		assert_int_equal(tally->posts, look);
		assert_int_equal(tally->requests, look + 1);
	}
	tally->is_off = true; /* what was remembered is asked for anew, once */
	error = source_head(source, "main", arena, &branch, &commit);
	assert_non_null(error);
	assert_ptr_equal(error->row, &error_rows()[ERR_GIT_UNREACHABLE]);
	assert_int_equal(tally->posts, 5);
	assert_int_equal(tally->requests, 7);
	tally->is_off = false;
	assert_null(source_head(source, "main", arena, &branch, &commit));
	source_close(source);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	git_scratch_remove(&place);
	(void)munmap(tally, sizeof *tally);
}

/* The stub is no git server: that it answers at all means that its certificate was accepted. */
static void a_certificate_is_only_accepted_from_a_known_authority(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct forge_stub *stub =
		forge_stub_start(arena, &(struct forge_stub_options){.token = "x", .tls = true});
	const char *junk = arena_printf(arena, "%s/junk.pem", stub->folder);
	FILE *file = fopen(junk, "w");
	const struct {
		const char *sentence, *ca_file;
		enum error_code code;
		const char *part; /* of the line or the hint */
	} rows[] = {
		{"its own", stub->ca_file, ERR_GIT_AUTH, "token"},
		{"the system's", NULL, ERR_GIT_UNREACHABLE, "ca_file"},
		{"a file without one", junk, ERR_FILE, "PEM"},
		{"a file that is not there", "/nowhere/ca.pem", ERR_FILE, "PEM"},
	};

	(void)state;
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct git_scratch place = git_scratch_new(arena);
		struct source *source = NULL;
		const char *branch, *commit;
		struct error *error;

		print_message("         - %s\n", rows[i].sentence);
		assert_null(source_git_open(
			arena,
			&(struct source_git_options){
				.url = arena_printf(arena, "%s/shop.git", stub->address),
				.mirror = place.mirror,
				.ca_file = rows[i].ca_file,
			},
			&source));
		error = source_head(source, "main", arena, &branch, &commit);
		source_close(source);
		git_scratch_remove(&place);
		if (!error || error->row != &error_rows()[rows[i].code] ||
		    (!strstr(error_line(arena, error), rows[i].part) &&
		     !strstr(error->hint, rows[i].part)))
			fail_msg("%s. %s", error ? error_line(arena, error) : "it passed",
			         error ? error->hint : "");
	}
	forge_stub_stop(stub);
}

#define NO_SUCH_MACHINE 77
#define OPENSSL(arena, ...) run_openssl((arena), (const char *const[]){__VA_ARGS__, NULL})

static void run_openssl(struct arena *arena, const char *const *arguments)
{
	const struct process process = {.program = program_find(arena, "openssl"),
	                                .arguments = arguments,
	                                .deadline_ms = 20000};
	struct process_result result;

	assert_non_null(process.program);
	assert_null(process_run(arena, &process, &result));
	assert_int_equal(result.status, 0);
}

/* In a process of its own, whose machine trusts what lies in `system`; the others' machine stays as it is. */
static int look_from_machine(struct arena *arena, const char *system, const char *url,
                             const char *ca_file)
{
	struct git_scratch place;
	struct source *source = NULL;
	const char *branch, *commit;
	struct error *error;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(system, "/etc/ssl/certs", NULL, MS_BIND, NULL))
		return NO_SUCH_MACHINE;
	place = git_scratch_new(arena);
	error = source_git_open(arena,
	                        &(struct source_git_options){
					.url = url, .mirror = place.mirror, .ca_file = ca_file},
	                        &source);
	if (!error)
		error = source_head(source, "main", arena, &branch, &commit);
	git_scratch_remove(&place);
	return error && strstr(error->hint, "ca_file") ? 0 : 1;
}

static void a_named_authority_stands_instead_of_the_systems(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct forge_stub *stub =
		forge_stub_start(arena, &(struct forge_stub_options){.token = "x", .tls = true});
	const char *system = arena_printf(arena, "%s/system", stub->folder);
	const char *url = arena_printf(arena, "%s/shop.git", stub->address);
	const char *ca_file = arena_printf(arena, "%s/other.pem", stub->folder);
	int status;
	pid_t child;

	(void)state;
	assert_null(folder_private(arena, system));
	OPENSSL(arena, "x509", "-in", stub->ca_file, "-out",
	        arena_printf(arena, "%s/stub.pem", system));
	OPENSSL(arena, "rehash", system);
	OPENSSL(arena, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
	        "/CN=other", "-keyout", arena_printf(arena, "%s/other.key", stub->folder), "-out",
	        ca_file);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(look_from_machine(arena, system, url, ca_file));
	assert_int_equal(waitpid(child, &status, 0), child);
	git_scratch_remove_folder(stub->folder);
	forge_stub_stop(stub);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SUCH_MACHINE)
		skip(); /* only root can make one, and not in every container */
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_redirect_to_another_port_is_not_followed),
		cmocka_unit_test(odd_answers_of_version_2_have_their_error),
		cmocka_unit_test(a_token_does_not_follow_a_fetch_to_another_port),
		cmocka_unit_test(the_next_look_is_one_request),
		cmocka_unit_test(a_certificate_is_only_accepted_from_a_known_authority),
		cmocka_unit_test(a_named_authority_stands_instead_of_the_systems),
		cmocka_unit_test(odd_answers_have_their_error_and_a_token_is_sent_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

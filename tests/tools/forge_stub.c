/*
 * A small GitHub for tests: it remembers commit statuses, checks requests as strictly as GitHub (and refuses unknown
 * fields, which GitHub does not), and misbehaves on request. For C tests through tools/forge_stub_client.h, for
 * shell scenarios as
 *     forge_stub --port-file FILE --log FILE --control FILE [--token T] [--commits FILE] [--pulls FILE]
 *         [--certificate PEM --key PEM]
 * The port file appears when it listens (on 127.0.0.1). The log gets one JSON line per request, `answer` first; what
 * was stored has "answer":201, also when the reply was then lost. The control file is read again for every request:
 * a word of `modes` below, perhaps with a number; empty or absent: behave. The commits file holds the ids that
 * exist, one a line; absent: all do but the one of zeros. The modes "required" and "protected" say that the context
 * headgate/shop is demanded by a ruleset or by the branch's protection, "reader" that the token may only read. It ends
 * by SIGTERM. The pulls file is read again for every request: one pull request a line, as
 *     COMMIT NUMBER merged|open MERGE_COMMIT
 * or, behind a first word "raw", what to answer for every commit.
 */
#include <getopt.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/node.h"
#include "base/text.h"
#include "model/status.h"

#define STATUSES_PER_CONTEXT 1000
#define REQUEST_MAXIMUM (64 * 1024)
#define HUGE_REPLY (2 * 1024 * 1024)

enum mode {
	MODE_BEHAVE,
	MODE_DOWN,      /* 503 */
	MODE_BROKEN,    /* 502 */
	MODE_LIMIT,     /* 429, Retry-After: the number */
	MODE_DATE,      /* 429, Retry-After: a date that many seconds from now */
	MODE_PRIMARY,   /* 403, nothing remains, reset that many seconds from now */
	MODE_SECONDARY, /* 403, only its words tell */
	MODE_FORBID,    /* 403, a missing right */
	MODE_MISSING,   /* 404 */
	MODE_MOVED,     /* 301 to the same path with /moved in front */
	MODE_ECHO,      /* 422, repeats the credential, with control characters */
	MODE_HUGE,      /* stored, then a reply of two MiB */
	MODE_GARBAGE,   /* stored, then a reply that is no JSON */
	MODE_LOSE,      /* stored, then the connection is closed */
	MODE_HANG,      /* stored, then silence */
	MODE_REQUIRED,  /* a ruleset demands the context headgate/shop */
	MODE_PROTECTED, /* the branch's protection does */
	MODE_READER, /* the token may read the repository, but neither write statuses nor see rules */
	MODE_ARCHIVED, /* the repository is archived */
	MODE_COUNT
};

static const char *const modes[MODE_COUNT] = {
	"behave", "down",     "broken",    "limit",  "date",     "primary", "secondary",
	"forbid", "missing",  "moved",     "echo",   "huge",     "garbage", "lose",
	"hang",   "required", "protected", "reader", "archived",
};

struct answer {
	int status;
	const char *body;
	const char *retry_after, *remaining, *reset, *location;
};

struct stored {
	int64_t id;
	const char *repository, *sha;
	const char *state, *context, *description, *target_url;
};

static struct {
	const char *port_file, *log, *control, *commits, *pulls, *token, *certificate, *key;
	pthread_mutex_t lock; /* one request at a time; only sleeping happens without it */
	struct arena *arena;  /* of what is remembered */
	struct {
		struct stored *items;
		size_t count, room;
	} statuses;
} stub = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct request {
	struct arena *arena;
	struct MHD_Connection *connection;
	const char *method, *path;
	struct text body;
	const char *repository, *sha; /* from the path */
	struct node *entry;           /* of the log */
};

static void parse_options(int count, char **arguments);
static struct MHD_Daemon *listen_locally(void);
static char *read_text(const char *path, bool needed);
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state);
static void forget(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code);
static enum mode read_mode(struct request *request, uint64_t *ret_number);
static struct answer misbehave(struct request *request, enum mode mode, uint64_t number);
static struct answer serve(struct request *request, enum mode mode);
static struct answer describe(struct request *request, enum mode mode);
static bool split_path(struct request *request, const char *noun, const char *end);
static struct answer store(struct request *request);
static const char *status_fault(const struct node *document);
static bool commit_exists(struct request *request);
static struct answer list(struct request *request);
static struct answer list_pulls(struct request *request);
static struct node *stored_node(struct arena *arena, const struct stored *stored);
static struct answer refusal(struct request *request, int status, const char *message,
                             const char *detail);
static void write_log(const struct request *request, int status);
static enum MHD_Result reply(const struct request *request, const struct answer *answer);
static void die(const char *what, const char *why) __attribute__((noreturn));

int main(int count, char **arguments)
{
	const char *port;
	struct MHD_Daemon *server;
	sigset_t ends;
	int received;

	stub.arena = arena_new();
	parse_options(count, arguments);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
	server = listen_locally();
	port = arena_printf(stub.arena, "%u\n",
	                    (unsigned)MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
	if (file_save(stub.arena, stub.port_file, (struct bytes){port, strlen(port)}, 0644))
		die("cannot write", stub.port_file);
	(void)sigwait(&ends, &received);
	_exit(0); /* threads that hang on purpose are never joined */
}

static void parse_options(int count, char **arguments)
{
	static const struct option known[] = {
		{"port-file", required_argument, NULL, 'p'},
		{"log", required_argument, NULL, 'l'},
		{"control", required_argument, NULL, 'c'},
		{"commits", required_argument, NULL, 'C'},
		{"pulls", required_argument, NULL, 'P'},
		{"token", required_argument, NULL, 't'},
		{"certificate", required_argument, NULL, 'x'},
		{"key", required_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	int letter;

	while ((letter = getopt_long(count, arguments, "", known, NULL)) != -1) {
		switch (letter) {
		case 'p':
			stub.port_file = optarg;
			break;
		case 'l':
			stub.log = optarg;
			break;
		case 'c':
			stub.control = optarg;
			break;
		case 'C':
			stub.commits = optarg;
			break;
		case 'P':
			stub.pulls = optarg;
			break;
		case 't':
			stub.token = optarg;
			break;
		case 'x':
			stub.certificate = read_text(optarg, true);
			break;
		case 'k':
			stub.key = read_text(optarg, true);
			break;
		default:
			exit(64);
		}
	}
	if (!stub.port_file || !stub.log || !stub.control || optind != count)
		die("usage", "forge_stub --port-file FILE --log FILE --control FILE [option…]");
}

static struct MHD_Daemon *listen_locally(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)stub.certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)stub.key},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_Daemon *server;

	if (stub.certificate)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	server = MHD_start_daemon(flags, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
	                          &address, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL,
	                          MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (!server)
		die("cannot listen", "127.0.0.1");
	return server;
}

/* "" for a file that is absent and may be. */
static char *read_text(const char *path, bool needed)
{
	struct bytes bytes = {.data = "", .size = 0};

	if ((needed || (path && file_exists(path))) &&
	    file_read(stub.arena, path, 16 * 1024 * 1024, &bytes))
		die("cannot read", path);
	return arena_copy(stub.arena, bytes.data, bytes.size);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state)
{
	struct request *request = *state;
	struct answer answer;
	enum mode mode;
	uint64_t number = 0;

	(void)context;
	(void)version;
	if (!request) {
		struct arena *arena = arena_new();

		request = ARENA_NEW(arena, struct request);
		*request = (struct request){
			.arena = arena, .connection = connection, .body = TEXT_IN(arena)};
		request->path = arena_text(arena, path);
		request->method = arena_text(arena, method);
		request->entry = node_map(arena);
		*state = request;
		return MHD_YES;
	}
	if (*size > 0) {
		if (request->body.size + *size > REQUEST_MAXIMUM)
			return MHD_NO;
		text_add_bytes(&request->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	(void)pthread_mutex_lock(&stub.lock);
	mode = read_mode(request, &number);
	answer = misbehave(request, mode, number);
	if (!answer.status)
		answer = serve(request, mode);
	write_log(request, answer.status);
	(void)pthread_mutex_unlock(&stub.lock);

	if (mode == MODE_LOSE)
		return MHD_NO;
	if (mode == MODE_HANG)
		for (;;)
			pause();
	if (mode == MODE_GARBAGE)
		answer.body = "<html>all is well</html>";
	if (mode == MODE_HUGE) {
		char *huge = arena_alloc(request->arena, HUGE_REPLY + 1);

		memset(huge, ' ', HUGE_REPLY);
		answer.body = huge;
	}
	return reply(request, &answer);
}

static void forget(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
	struct request *request = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (request)
		arena_free(request->arena);
}

static enum mode read_mode(struct request *request, uint64_t *ret_number)
{
	const char *line = text_trim(request->arena, read_text(stub.control, false));
	struct text_list words = {0};

	if (*line == '\0')
		return MODE_BEHAVE;
	text_split(request->arena, line, ' ', &words);
	if (words.count > 1 && !parse_number(words.items[1], UINT32_MAX, ret_number))
		die("not a number in the control file", words.items[1]);
	for (int mode = 0; mode < MODE_COUNT; mode++)
		if (text_equal(words.items[0], modes[mode]))
			return (enum mode)mode;
	die("not a mode", words.items[0]);
}

/* status 0: the request is served first; what then becomes of the reply is decided by handle(). */
static struct answer misbehave(struct request *request, enum mode mode, uint64_t number)
{
	static const char limit[] =
		"You have exceeded a secondary rate limit. Please wait a few minutes.";
	const char *credential =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Authorization");
	struct answer answer = {0};
	time_t moment = (time_t)clock_wall() + (time_t)number;
	struct tm parts;
	char date[64];

	switch (mode) {
	case MODE_BEHAVE:
	case MODE_HUGE:
	case MODE_GARBAGE:
	case MODE_LOSE:
	case MODE_HANG:
	case MODE_REQUIRED:
	case MODE_PROTECTED:
	case MODE_ARCHIVED:
	case MODE_COUNT:
		return answer;
	case MODE_READER:
		if (text_equal(request->method, "POST"))
			return refusal(request, 403,
			               "Resource not accessible by personal access token", NULL);
		if (strstr(request->path, "/branches/"))
			return refusal(request, 404, "Not Found", NULL);
		return answer;
	case MODE_DOWN:
		return refusal(request, 503, "No server is currently available", NULL);
	case MODE_BROKEN:
		return refusal(request, 502, "Server Error", NULL);
	case MODE_LIMIT:
		answer = refusal(request, 429, limit, NULL);
		answer.retry_after = arena_printf(request->arena, "%lu", (unsigned long)number);
		return answer;
	case MODE_DATE:
		answer = refusal(request, 429, limit, NULL);
		(void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT",
		               gmtime_r(&moment, &parts));
		answer.retry_after = arena_text(request->arena, date);
		return answer;
	case MODE_PRIMARY:
		answer = refusal(request, 403, "API rate limit exceeded for user ID 1.", NULL);
		answer.remaining = "0";
		answer.reset = arena_printf(request->arena, "%lld", (long long)moment);
		return answer;
	case MODE_SECONDARY:
		return refusal(request, 403, limit, NULL);
	case MODE_FORBID:
		answer = refusal(request, 403, "Resource not accessible by personal access token",
		                 NULL);
		answer.remaining = "4999";
		return answer;
	case MODE_MISSING:
		return refusal(request, 404, "Not Found", NULL);
	case MODE_MOVED:
		answer = refusal(request, 301, "Moved Permanently", NULL);
		answer.location = arena_printf(request->arena, "/moved%s", request->path);
		return answer;
	case MODE_ECHO:
		return refusal(request, 422,
		               arena_printf(request->arena, "\x1b[31mno\r\n%s", credential),
		               "twice\tno");
	}
	return answer;
}

static struct answer serve(struct request *request, enum mode mode)
{
	const char *credential =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Authorization");
	const char *agent =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "User-Agent");
	const char *version = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
	                                                  "X-GitHub-Api-Version");

	if (!agent || !*agent)
		return refusal(
			request, 403,
			"Request forbidden by administrative rules. Send a User-Agent header.",
			NULL);
	if (!credential || !text_starts(credential, "Bearer ") ||
	    (stub.token && !text_equal(credential + 7, stub.token)))
		return refusal(request, 401,
		               credential ? "Bad credentials" : "Requires authentication", NULL);
	if (version && !text_equal(version, "2022-11-28"))
		return refusal(request, 400, "This API version does not exist", NULL);
	if (text_equal(request->method, "POST") && split_path(request, "statuses", ""))
		return store(request);
	if (text_equal(request->method, "GET") && split_path(request, "commits", "/statuses"))
		return list(request);
	if (text_equal(request->method, "GET") && split_path(request, "commits", "/pulls"))
		return list_pulls(request);
	if (text_equal(request->method, "GET"))
		return describe(request, mode);
	return refusal(request, 404, "Not Found", NULL);
}

/* /repos/OWNER/NAME, and the rules of a branch in their two forms */
static struct answer describe(struct request *request, enum mode mode)
{
	struct text_list parts = {0};
	const char *body = NULL;

	text_split(request->arena, request->path, '/', &parts);
	if (parts.count == 4 && text_equal(parts.items[1], "repos"))
		body = arena_printf(request->arena, "{\"full_name\":\"%s/%s\",\"archived\":%s}",
		                    parts.items[2], parts.items[3],
		                    mode == MODE_ARCHIVED ? "true" : "false");
	else if (parts.count == 7 && text_equal(parts.items[4], "rules") &&
	         text_equal(parts.items[5], "branches"))
		body = mode == MODE_REQUIRED
		               ? "[{\"type\":\"deletion\"},{\"type\":\"required_status_checks\","
		                 "\"parameters\":{\"required_status_checks\":"
		                 "[{\"context\":\"Headgate/Shop\"}]}}]"
		               : "[]";
	else if (parts.count == 6 && text_equal(parts.items[4], "branches"))
		body = mode == MODE_PROTECTED ? "{\"protection\":{\"required_status_checks\":"
		                                "{\"contexts\":[\"build\",\"headgate/shop\"]}}}"
		                              : "{\"protection\":{\"enabled\":false}}";
	if (!body)
		return refusal(request, 404, "Not Found", NULL);
	return (struct answer){.status = 200, .body = body, .remaining = "4999"};
}

/* /repos/OWNER/NAME/<noun>/SHA<end> */
static bool split_path(struct request *request, const char *noun, const char *end)
{
	struct text_list parts = {0};
	const char *whole;

	text_split(request->arena, request->path, '/', &parts);
	if (parts.count < 6 || !text_equal(parts.items[1], "repos"))
		return false;
	request->repository = arena_printf(request->arena, "%s/%s", parts.items[2], parts.items[3]);
	request->sha = parts.items[5];
	whole = arena_printf(request->arena, "/repos/%s/%s/%s%s", request->repository, noun,
	                     request->sha, end);
	return text_equal(request->path, whole);
}

static struct answer store(struct request *request)
{
	const char *why = NULL, *fault;
	struct node *document =
		node_from_json(request->arena, request->body.data, request->body.size, &why);
	struct stored stored = {.id = (int64_t)stub.statuses.count + 1};
	size_t same = 0;

	if (!document)
		return refusal(request, 400, "Problems parsing JSON", why);
	node_set(request->arena, request->entry, "status", document);
	fault = status_fault(document);
	if (fault)
		return refusal(request, 422, "Validation Failed", fault);
	if (!text_is_hex(request->sha, 40) && !text_is_hex(request->sha, 64))
		return refusal(request, 422, "The SHA must be a full commit id", NULL);
	if (!commit_exists(request))
		return refusal(
			request, 422,
			arena_printf(request->arena, "No commit found for SHA: %s", request->sha),
			NULL);
	stored.repository = arena_text(stub.arena, request->repository);
	stored.sha = arena_text(stub.arena, request->sha);
	stored.state = arena_text(stub.arena, node_find_text(document, "state"));
	stored.context = arena_text(stub.arena, node_find_text(document, "context"));
	stored.description = arena_text(stub.arena, node_find_text(document, "description"));
	stored.target_url = arena_text(stub.arena, node_find_text(document, "target_url"));
	for (size_t i = 0; i < stub.statuses.count; i++)
		same += text_equal(stub.statuses.items[i].sha, stored.sha) &&
		        strcasecmp(stub.statuses.items[i].context, stored.context) == 0;
	if (same >= STATUSES_PER_CONTEXT)
		return refusal(request, 422, "Validation Failed",
		               "This SHA and context has reached the maximum number of statuses.");
	*LIST_ADD(stub.arena, &stub.statuses) = stored;
	return (struct answer){
		.status = 201,
		.body = node_to_json(request->arena, stored_node(request->arena, &stored)),
		.remaining = "4999"};
}

/* NULL: GitHub would take it. */
static const char *status_fault(const struct node *document)
{
	const char *state = node_find_text(document, "state"),
		   *context = node_find_text(document, "context");
	const char *description = node_find_text(document, "description"),
		   *url = node_find_text(document, "target_url");
	enum status_state known;
	size_t code_points = 0;

	if (document->kind != NODE_MAP)
		return "not an object";
	for (const struct node *field = document->child; field; field = field->next) {
		if (!text_equal(field->key, "state") && !text_equal(field->key, "context") &&
		    !text_equal(field->key, "description") && !text_equal(field->key, "target_url"))
			return "an unknown field";
		if (field->kind != NODE_TEXT)
			return "a field is not a string";
	}
	if (!state || !status_state_find(state, &known))
		return "State is not included in the list";
	if (!context || !*context || strlen(context) > STATUS_CONTEXT_MAXIMUM)
		return "Context is missing or too long (maximum is 255 characters)";
	for (const char *byte = description ? description : ""; *byte; byte++)
		code_points += (*byte & 0xc0) != 0x80;
	if (code_points > STATUS_DESCRIPTION_MAXIMUM)
		return "Description is too long (maximum is 140 characters)";
	if (url && !text_starts(url, "https://") && !text_starts(url, "http://"))
		return "Target url must use http(s) scheme";
	return NULL;
}

static bool commit_exists(struct request *request)
{
	struct text_list lines = {0};

	if (request->sha[strspn(request->sha, "0")] == '\0')
		return false;
	if (!stub.commits || !file_exists(stub.commits))
		return true;
	text_split(request->arena, read_text(stub.commits, true), '\n', &lines);
	for (size_t i = 0; i < lines.count; i++)
		if (text_equal(lines.items[i], request->sha))
			return true;
	return false;
}

static struct answer list(struct request *request)
{
	const char *size =
		MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "per_page");
	struct node *all = node_list(request->arena);
	uint64_t per_page = 30, added = 0;

	if (size && (!parse_number(size, 100, &per_page) || per_page == 0))
		per_page = 30;
	for (size_t i = stub.statuses.count; i-- > 0 && added < per_page;) {
		const struct stored *stored = &stub.statuses.items[i];

		if (!text_equal(stored->sha, request->sha) ||
		    !text_equal(stored->repository, request->repository))
			continue;
		node_add(all, stored_node(request->arena, stored));
		added++;
	}
	return (struct answer){
		.status = 200, .body = node_to_json(request->arena, all), .remaining = "4999"};
}

static struct answer list_pulls(struct request *request)
{
	const char *file = stub.pulls ? read_text(stub.pulls, false) : "";
	struct node *all = node_list(request->arena);
	struct text_list lines = {0};

	if (text_starts(file, "raw "))
		return (struct answer){.status = 200, .body = file + 4, .remaining = "4999"};
	if (!commit_exists(request))
		return refusal(
			request, 422,
			arena_printf(request->arena, "No commit found for SHA: %s", request->sha),
			NULL);
	text_split(request->arena, file, '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		struct text_list words = {0};
		struct node *pull;
		uint64_t number;

		text_split(request->arena, lines.items[i], ' ', &words);
		if (words.count != 4 || !text_equal(words.items[0], request->sha) ||
		    !parse_number(words.items[1], UINT32_MAX, &number))
			continue;
		pull = node_add(all, node_map(request->arena));
		node_set_number(request->arena, pull, "number", (int64_t)number);
		node_set_text(request->arena, pull, "state",
		              text_equal(words.items[2], "open") ? "open" : "closed");
		node_set_text(request->arena, pull, "merged_at",
		              text_equal(words.items[2], "merged") ? "2026-11-24T18:00:00Z" : NULL);
		node_set_text(request->arena, pull, "merge_commit_sha", words.items[3]);
	}
	return (struct answer){
		.status = 200, .body = node_to_json(request->arena, all), .remaining = "4999"};
}

static struct node *stored_node(struct arena *arena, const struct stored *stored)
{
	struct node *map = node_map(arena);

	node_set_number(arena, map, "id", stored->id);
	node_set_text(arena, map, "state", stored->state);
	node_set_text(arena, map, "context", stored->context);
	node_set_text(arena, map, "description", stored->description);
	node_set_text(arena, map, "target_url", stored->target_url);
	return map;
}

static struct answer refusal(struct request *request, int status, const char *message,
                             const char *detail)
{
	struct node *map = node_map(request->arena), *error;

	node_set_text(request->arena, map, "message", message);
	if (detail) {
		error = node_add(node_set(request->arena, map, "errors", node_list(request->arena)),
		                 node_map(request->arena));
		node_set_text(request->arena, error, "message", detail);
	}
	node_set_text(request->arena, map, "documentation_url", "https://docs.github.com/rest");
	return (struct answer){.status = status, .body = node_to_json(request->arena, map)};
}

static void write_log(const struct request *request, int status)
{
	struct arena *arena = request->arena;
	struct node *line = node_map(arena);
	const struct node *body = node_find(request->entry, "status");
	const char *text;

	node_set_number(arena, line, "answer", status);
	node_set_text(arena, line, "method", request->method);
	node_set_text(arena, line, "path", request->path);
	node_set_text(arena, line, "sha", request->sha);
	for (const struct node *field = body ? body->child : NULL; field; field = field->next)
		if (field->kind == NODE_TEXT)
			node_set_text(arena, line, field->key, field->text);
	text = arena_printf(arena, "%s\n", node_to_json(arena, line));
	if (file_append(arena, stub.log, (struct bytes){text, strlen(text)}, 0644))
		die("cannot write", stub.log);
}

static enum MHD_Result reply(const struct request *request, const struct answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(answer->body), (void *)(uintptr_t)answer->body, MHD_RESPMEM_MUST_COPY);
	const struct {
		const char *name, *value;
	} headers[] = {
		{"Content-Type", "application/json; charset=utf-8"},
		{"Retry-After", answer->retry_after},
		{"X-RateLimit-Remaining", answer->remaining},
		{"X-RateLimit-Reset", answer->reset},
		{"Location", answer->location},
	};
	enum MHD_Result queued;

	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (headers[i].value)
			(void)MHD_add_response_header(response, headers[i].name, headers[i].value);
	queued = MHD_queue_response(request->connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return queued;
}

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "forge_stub: %s: %s\n", what, why);
	_exit(1);
}

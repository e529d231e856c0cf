/*
 * The forge "github": POST /repos/{owner}/{repo}/statuses/{sha}. GitHub appends and shows the newest per context, so
 * a double is harmless but counts towards 1000 per commit and context; a status that was tried before is therefore
 * looked for first. 403 has two meanings: marked by headers or words it is a limit, without them a missing right.
 */
#include "adapters/forge_github.h"

#include <string.h>
#include <strings.h>

#include "adapters/http.h"
#include "base/clock.h"
#include "base/node.h"
#include "base/text.h"

#define WAIT_MAXIMUM_MS (15 * 60 * 1000)
#define LIMIT_WAIT_MS (60 * 1000)         /* GitHub's advice for a limit that names no time */
#define RESET_MAXIMUM ((uint64_t)1 << 40) /* seconds since 1970; more is nonsense */
#define MESSAGE_MAXIMUM 200               /* code points of GitHub's own words in an error */
#define URL_MAXIMUM 2048                  /* a longer link is left out */
#define COMMIT_OF_NOBODY "0000000000000000000000000000000000000000"
#define STATUSES_PER_PAGE "100" /* the largest page there is */
#define PULLS_PER_PAGE "20"     /* each with a description of its author's, of up to 256 KiB */
#define PULLS_REPLY_MAXIMUM (4 * 1024 * 1024) /* bytes */
#define PULLS_MAXIMUM 10                      /* ports/forge.h */

struct forge_github {
	struct forge base;
	const char *api, *repository;
	struct http *http;
};

enum verdict {
	VERDICT_TAKEN,
	VERDICT_LIMIT_OR_RIGHT,
	VERDICT_BUSY,
	VERDICT_BROKEN,
	VERDICT_CREDENTIAL,
	VERDICT_REFUSED
};

struct answer { /* a range of HTTP statuses; the first row that fits holds */
	int first, last;
	enum verdict verdict;
	const char *why, *hint;
};

#define HINT_REPOSITORY                                                                            \
	"Is the repository's name right, and may the token see it? The agent tries again by itself."
#define HINT_API "Is the configured address that of the API? The agent tries again by itself."
#define HINT_RIGHT                                                                                 \
	"Give the token the right 'Commit statuses: write' on this repository (classic: repo:status)."
#define HINT_PULLS                                                                                 \
	"Give the token the right 'Pull requests: read' on this repository (classic: repo)."
#define HINT_LATER "Nothing has to be done: the agent tries again by itself."
#define HINT_COMMIT                                                                                \
	"Was the commit pushed to this repository? The status stays in `headgate history`."

/* clang-format off */
static const struct answer answers[] = {
	{200, 201, VERDICT_TAKEN,          NULL, NULL},
	{300, 399, VERDICT_CREDENTIAL,     "it was moved, and redirects are not followed", HINT_REPOSITORY},
	{401, 401, VERDICT_CREDENTIAL,     "the token is not valid or has expired", HINT_RIGHT},
	{403, 403, VERDICT_LIMIT_OR_RIGHT, "the token lacks a right", HINT_RIGHT},
	{404, 404, VERDICT_CREDENTIAL,     "no such repository, or the token may not see it", HINT_REPOSITORY},
	{408, 408, VERDICT_BROKEN,         NULL, HINT_LATER},
	{425, 425, VERDICT_BROKEN,         NULL, HINT_LATER},
	{429, 429, VERDICT_LIMIT_OR_RIGHT, NULL, HINT_LATER},
	{400, 400, VERDICT_REFUSED,        NULL, HINT_COMMIT},
	{422, 422, VERDICT_REFUSED,        NULL, HINT_COMMIT},
	{400, 499, VERDICT_CREDENTIAL,     "that is no answer of GitHub's API", HINT_API},
	{503, 503, VERDICT_BUSY,           NULL, HINT_LATER},
	{500, 599, VERDICT_BROKEN,         NULL, HINT_LATER},
	{0,   999, VERDICT_BROKEN,         NULL, HINT_LATER}, /* no HTTP that anybody knows */
};
/* clang-format on */

/* Of a pull request to be the way by which a commit came to its branch. */
enum likeliness { LIKELY_ITS_MERGE, LIKELY_MERGED, LIKELY_NOT, LIKELY_COUNT };

static bool is_repository(const char *name);
static struct error *post(struct forge *forge, const struct status *status, struct arena *arena,
                          uint64_t *ret_wait_ms);
static struct error *check_status(const struct forge_github *github, const struct status *status,
                                  struct arena *arena);
static bool is_link(const char *url);
static struct error *look(struct forge_github *github, const struct status *status,
                          struct arena *arena, uint64_t *ret_wait_ms, bool *ret_there);
static bool is_same(const struct node *found, const struct status *status, struct arena *arena);
static struct bytes body_of(const struct status *status, struct arena *arena);
static struct error *send_request(struct forge_github *github, const struct status *status,
                                  const char *method, const char *url, struct bytes body,
                                  struct arena *arena, uint64_t *ret_wait_ms,
                                  struct http_reply *ret_reply);
static struct error *judge(const char *what, const struct http_reply *reply, struct arena *arena,
                           uint64_t *ret_wait_ms);
static const char *aim_of(const struct forge_github *github, const struct status *status,
                          struct arena *arena);
static bool is_limit(const struct http_reply *reply, const char *message);
static uint64_t limit_wait_ms(const struct http_reply *reply);
static const char *github_message(const struct http_reply *reply, struct arena *arena);
static struct error *failure(const char *what, enum error_code code, const char *why,
                             const char *hint, struct arena *arena);
static struct error *check(struct forge *forge, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *ret_health);
static struct http_reply ask(struct forge_github *github, const char *method, const char *path,
                             struct bytes body, struct arena *arena);
static struct error *check_repository(struct forge_github *github, struct arena *arena);
static struct error *check_right(struct forge_github *github, const char *context,
                                 struct arena *arena);
static struct error *judge_check(const struct forge_github *github, const struct http_reply *reply,
                                 struct arena *arena);
static void check_required(struct forge_github *github, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *health);
static bool names_context(const struct node *list, const char *key, const char *context);
static const char *escape_path(struct arena *arena, const char *text);
static struct error *pulls(struct forge *forge, const char *commit, struct arena *arena,
                           struct forge_pulls *ret_pulls);
static struct error *judge_pulls(const char *what, const struct http_reply *reply,
                                 struct arena *arena);
static void add_pulls(const struct node *list, enum likeliness wanted, const char *commit,
                      struct arena *arena, struct forge_pulls *found);
static enum likeliness likeliness_of(const struct node *pull, const char *commit);
static void close_forge(struct forge *forge);

static const char *const request_headers[] = {
	"Accept: application/json", /* what the published description names; GitHub's own type is the same */
	"X-GitHub-Api-Version: 2022-11-28",
	"Content-Type: application/json",
	NULL,
};

static const struct forge_ops ops = {
	.name = "github", .post = post, .check = check, .pulls = pulls, .close = close_forge};

FALLIBLE forge_github_open(struct arena *arena, const struct forge_github_options *options,
                           struct forge **ret_forge)
{
	const char *api = options->api ? options->api : "https://api.github.com";
	struct http_options http = {
		.ca_file = options->ca_file,
		.proxy = options->proxy,
		.bearer = options->token,
		.allow_http = options->allow_http,
		.deadline_ms = options->deadline_ms,
	};
	struct forge_github *github;
	size_t size = strlen(api);

	TRY(http_check(arena, api, &http));
	if (!options->token)
		return FAIL(arena, CONFIG, .what = "cannot post statuses to GitHub",
		            .why = "no token is configured", .hint = HINT_RIGHT);
	if (!is_repository(options->repository))
		return FAIL(arena, CONFIG, .what = "cannot post statuses to GitHub",
		            .why = arena_printf(arena, "'%s' is not the name of a repository",
		                                options->repository),
		            .hint = "Write it as owner/name.");
	while (size > 0 && api[size - 1] == '/')
		size--;
	github = ARENA_NEW(arena, struct forge_github);
	github->base.ops = &ops;
	github->api = arena_copy(arena, api, size);
	github->repository = options->repository;
	github->http = http_new(arena, &http);
	*ret_forge = &github->base;
	return NULL;
}

/* owner/name of the characters that GitHub allows; they go into a path, so "." and ".." are none. */
static bool is_repository(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t owner = strspn(name, allowed);
	const char *rest = name + owner + 1;

	if (owner == 0 || name[owner] != '/' || *rest == '\0' || strlen(name) > 255)
		return false;
	if (name[0] == '.' || text_equal(rest, ".") || text_equal(rest, ".."))
		return false;
	return rest[strspn(rest, allowed)] == '\0';
}

static struct error *post(struct forge *forge, const struct status *status, struct arena *arena,
                          uint64_t *ret_wait_ms)
{
	struct forge_github *github = (struct forge_github *)forge;
	struct http_reply reply;
	bool there = false;
	const char *url;

	TRY(check_status(github, status, arena));
	if (status->retried)
		TRY(look(github, status, arena, ret_wait_ms, &there));
	if (there)
		return NULL;
	url = arena_printf(arena, "%s/repos/%s/statuses/%s", github->api, github->repository,
	                   status->commit);
	return send_request(github, status, "POST", url, body_of(status, arena), arena, ret_wait_ms,
	                    &reply);
}

/* What GitHub would answer with 422, or worse, with another commit's status. */
static struct error *check_status(const struct forge_github *github, const struct status *status,
                                  struct arena *arena)
{
	if (!text_is_hex(status->commit, 40) && !text_is_hex(status->commit, 64))
		return failure(aim_of(github, status, arena), ERR_FORGE_REFUSED,
		               "that is not the full id of a commit", HINT_COMMIT, arena);
	if (strlen(status->context) > STATUS_CONTEXT_MAXIMUM)
		return failure(aim_of(github, status, arena), ERR_FORGE_REFUSED,
		               "the context is longer than 255 characters",
		               "Give the target a shorter name.", arena);
	return NULL;
}

/* Looks whether an earlier try arrived after all. */
static struct error *look(struct forge_github *github, const struct status *status,
                          struct arena *arena, uint64_t *ret_wait_ms, bool *ret_there)
{
	const char *url =
		arena_printf(arena, "%s/repos/%s/commits/%s/statuses?per_page=" STATUSES_PER_PAGE,
	                     github->api, github->repository, status->commit);
	const char *why = NULL;
	struct http_reply reply;
	const struct node *list;

	TRY(send_request(github, status, "GET", url, (struct bytes){0}, arena, ret_wait_ms,
	                 &reply));
	list = node_from_json(arena, reply.body.data, reply.body.size, &why);
	if (!list || list->kind != NODE_LIST)
		return failure(aim_of(github, status, arena), ERR_FORGE_UNREACHABLE,
		               why ? why : "the list of statuses is none", HINT_LATER, arena);
	for (const struct node *found = list->child; found; found = found->next) {
		const char *context = node_find_text(found, "context");

		if (!context || strcasecmp(context, status->context) != 0)
			continue;
		*ret_there =
			is_same(found, status, arena); /* newest first: only the first one counts */
		return NULL;
	}
	*ret_there = false;
	return NULL;
}

static bool is_same(const struct node *found, const struct status *status, struct arena *arena)
{
	const char *state = node_find_text(found, "state");
	const char *description = node_find_text(found, "description");
	const char *url = node_find_text(found, "target_url");

	return text_equal(state, status_state_name(status->state)) &&
	       text_equal(description,
	                  text_clip(arena, status->description, STATUS_DESCRIPTION_MAXIMUM)) &&
	       text_equal(url, is_link(status->url) ? status->url : NULL);
}

static struct bytes body_of(const struct status *status, struct arena *arena)
{
	struct node *map = node_map(arena);
	const char *json;

	node_set_text(arena, map, "state", status_state_name(status->state));
	node_set_text(arena, map, "context", status->context);
	node_set_text(arena, map, "description",
	              text_clip(arena, status->description, STATUS_DESCRIPTION_MAXIMUM));
	if (is_link(status->url))
		node_set_text(arena, map, "target_url", status->url);
	json = node_to_json(arena, map);
	return (struct bytes){json, strlen(json)};
}

/* Only what GitHub takes as a link; a status without one is better than none. */
static bool is_link(const char *url)
{
	return url && strlen(url) <= URL_MAXIMUM && !text_has_control(url) &&
	       (text_starts(url, "https://") || text_starts(url, "http://"));
}

static struct error *send_request(struct forge_github *github, const struct status *status,
                                  const char *method, const char *url, struct bytes body,
                                  struct arena *arena, uint64_t *ret_wait_ms,
                                  struct http_reply *ret_reply)
{
	struct http_request request = {
		.method = method, .url = url, .headers = request_headers, .body = body};
	struct http_reply reply;

	http_send(github->http, &request, arena, &reply);
	TRY(judge(aim_of(github, status, arena), &reply, arena, ret_wait_ms));
	*ret_reply = reply;
	return NULL;
}

static struct error *judge(const char *what, const struct http_reply *reply, struct arena *arena,
                           uint64_t *ret_wait_ms)
{
	const struct answer *answer = answers;
	const char *message, *why;

	if (reply->status == 0) {
		*ret_wait_ms = 0;
		return failure(what, ERR_FORGE_UNREACHABLE, reply->why, HINT_LATER, arena);
	}
	while (reply->status < answer->first || reply->status > answer->last)
		answer++;
	message = github_message(reply, arena);
	why = answer->why ? arena_printf(arena, "%s (%d: %s)", answer->why, reply->status, message)
	                  : arena_printf(arena, "it answered %d: %s", reply->status, message);
	switch (answer->verdict) {
	case VERDICT_TAKEN:
		return NULL;
	case VERDICT_LIMIT_OR_RIGHT:
		if (!is_limit(reply, message))
			return failure(what, ERR_FORGE_AUTH, why, answer->hint, arena);
		*ret_wait_ms = limit_wait_ms(reply);
		why = arena_printf(arena, "a rate limit is reached (%d: %s)", reply->status,
		                   message);
		return failure(what, ERR_FORGE_BUSY, why, HINT_LATER, arena);
	case VERDICT_BUSY:
	case VERDICT_BROKEN:
		*ret_wait_ms = http_wait_ms(reply);
		if (*ret_wait_ms > WAIT_MAXIMUM_MS)
			*ret_wait_ms = WAIT_MAXIMUM_MS;
		return failure(what,
		               answer->verdict == VERDICT_BUSY ? ERR_FORGE_BUSY
		                                               : ERR_FORGE_UNREACHABLE,
		               why, answer->hint, arena);
	case VERDICT_CREDENTIAL:
		return failure(what, ERR_FORGE_AUTH, why, answer->hint, arena);
	case VERDICT_REFUSED:
		return failure(what, ERR_FORGE_REFUSED, why, answer->hint, arena);
	}
	BUG("a verdict without a case");
}

/* 429 always; 403 when a header or, as the secondary limit often comes without one, the words say so. */
static bool is_limit(const struct http_reply *reply, const char *message)
{
	return reply->status == 429 || reply->retry_after ||
	       text_equal(reply->rate_remaining, "0") || strcasestr(message, "rate limit") ||
	       strcasestr(message, "abuse detection");
}

static uint64_t limit_wait_ms(const struct http_reply *reply)
{
	uint64_t wait_ms = http_wait_ms(reply), reset;
	int64_t now = clock_wall();

	if (!wait_ms && text_equal(reply->rate_remaining, "0") && reply->rate_reset &&
	    parse_number(reply->rate_reset, RESET_MAXIMUM, &reset))
		wait_ms = (int64_t)reset > now ? (reset - (uint64_t)now) * 1000 : 1000;
	if (!wait_ms)
		wait_ms = LIMIT_WAIT_MS;
	return wait_ms < WAIT_MAXIMUM_MS ? wait_ms : WAIT_MAXIMUM_MS;
}

/* GitHub's own words: "Validation Failed: This SHA and context has reached …". Never NULL. */
static const char *github_message(const struct http_reply *reply, struct arena *arena)
{
	const char *why, *message = NULL, *detail = NULL;
	const struct node *document = NULL, *errors;

	if (reply->body.size > 0)
		document = node_from_json(arena, reply->body.data, reply->body.size, &why);
	message = node_find_text(document, "message");
	errors = node_find(document, "errors");
	if (errors && errors->child)
		detail = errors->child->kind == NODE_TEXT
		                 ? errors->child->text
		                 : node_find_text(errors->child, "message");
	if (message && detail)
		message = arena_printf(arena, "%s: %s", message, detail);
	return message ? text_clip(arena, message, MESSAGE_MAXIMUM) : "no reason was given";
}

static const char *aim_of(const struct forge_github *github, const struct status *status,
                          struct arena *arena)
{
	return arena_printf(arena, "cannot post the status of '%.12s' to '%s'", status->commit,
	                    github->repository);
}

static struct error *failure(const char *what, enum error_code code, const char *why,
                             const char *hint, struct arena *arena)
{
	struct error_text text = {.what = what, .why = why, .hint = hint};

	return error_new(arena, code, &text);
}

/*
 * A status on a commit that cannot exist is the cheapest true answer: 422 says that only the commit was wrong, 403 or
 * 404 that the right is missing. What the repository's description says of rights is not known for all tokens.
 */
static struct error *check(struct forge *forge, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *ret_health)
{
	struct forge_github *github = (struct forge_github *)forge;
	struct forge_health health = {
		.place = arena_printf(arena, "%s on %s", github->repository, github->api),
		.may_post = FORGE_YES,
		.may_post_why = "tried with a commit that cannot exist",
	};

	TRY(check_repository(github, arena));
	TRY(check_right(github, context, arena));
	check_required(github, context, branch, arena, &health);
	*ret_health = health;
	return NULL;
}

static struct http_reply ask(struct forge_github *github, const char *method, const char *path,
                             struct bytes body, struct arena *arena)
{
	const struct http_request request = {
		.method = method,
		.url = arena_printf(arena, "%s/repos/%s%s", github->api, github->repository, path),
		.headers = request_headers,
		.body = body,
	};
	struct http_reply reply;

	http_send(github->http, &request, arena, &reply);
	return reply;
}

static struct error *check_repository(struct forge_github *github, struct arena *arena)
{
	const struct http_reply reply = ask(github, "GET", "", (struct bytes){0}, arena);
	const struct node *document;
	const char *why = NULL;

	TRY(judge_check(github, &reply, arena));
	document = node_from_json(arena, reply.body.data, reply.body.size, &why);
	if (!document || document->kind != NODE_MAP)
		return failure(arena_printf(arena, "cannot look at '%s'", github->repository),
		               ERR_FORGE_UNREACHABLE, "it answered no description of a repository",
		               HINT_API, arena);
	if (!node_find_bool(document, "archived", false))
		return NULL;
	return failure(arena_printf(arena, "cannot post statuses to '%s'", github->repository),
	               ERR_FORGE_AUTH, "the repository is archived and takes nothing",
	               HINT_REPOSITORY, arena);
}

static struct error *check_right(struct forge_github *github, const char *context,
                                 struct arena *arena)
{
	const struct status nothing = {.context = context,
	                               .state = STATUS_PENDING,
	                               .description = "never shown: a look at the rights"};
	const struct http_reply reply =
		ask(github, "POST", "/statuses/" COMMIT_OF_NOBODY, body_of(&nothing, arena), arena);

	if (reply.status == 422)
		return NULL;
	if (reply.status == 404)
		return failure(
			arena_printf(arena, "cannot post statuses to '%s'", github->repository),
			ERR_FORGE_AUTH, "the token may see the repository and not write statuses",
			HINT_RIGHT, arena);
	return judge_check(github, &reply, arena);
}

static struct error *judge_check(const struct forge_github *github, const struct http_reply *reply,
                                 struct arena *arena)
{
	uint64_t wait_ms = 0;

	return judge(arena_printf(arena, "cannot post statuses to '%s'", github->repository), reply,
	             arena, &wait_ms);
}

/* Rulesets can be read by whoever sees the repository; the older branch protection by those who may push. */
static void check_required(struct forge_github *github, const char *context, const char *branch,
                           struct arena *arena, struct forge_health *health)
{
	const char *name = branch ? escape_path(arena, branch) : NULL, *why = NULL;
	struct http_reply rules, protection;
	const struct node *list, *map;

	health->is_required_why = "no branch is known to look at";
	if (!name)
		return;
	rules = ask(github, "GET", arena_printf(arena, "/rules/branches/%s?per_page=100", name),
	            (struct bytes){0}, arena);
	list = rules.status == 200 ? node_from_json(arena, rules.body.data, rules.body.size, &why)
	                           : NULL;
	for (const struct node *rule = list ? list->child : NULL; rule; rule = rule->next) {
		const struct node *parameters = node_find(rule, "parameters");

		if (!text_equal(node_find_text(rule, "type"), "required_status_checks") ||
		    !names_context(node_find(parameters, "required_status_checks"), "context",
		                   context))
			continue;
		health->is_required = FORGE_YES;
		health->is_required_why = "a ruleset of the repository demands it";
		return;
	}
	protection = ask(github, "GET", arena_printf(arena, "/branches/%s", name),
	                 (struct bytes){0}, arena);
	map = protection.status == 200
	              ? node_from_json(arena, protection.body.data, protection.body.size, &why)
	              : NULL;
	map = node_find(node_find(map, "protection"), "required_status_checks");
	if (names_context(node_find(map, "contexts"), NULL, context)) {
		health->is_required = FORGE_YES;
		health->is_required_why = "the branch's protection demands it";
	} else if (list && protection.status == 200) {
		health->is_required = FORGE_NO;
		health->is_required_why = "neither rulesets nor the branch's protection name it";
	} else {
		health->is_required_why = "the token may not read the branch's rules";
	}
}

/* A list of texts, or of maps that hold the text under `key`. GitHub compares contexts without letter case. */
static bool names_context(const struct node *list, const char *key, const char *context)
{
	for (const struct node *item = list ? list->child : NULL; item; item = item->next) {
		const char *name = key                       ? node_find_text(item, key)
		                   : item->kind == NODE_TEXT ? item->text
		                                             : NULL;

		if (name && strcasecmp(name, context) == 0)
			return true;
	}
	return false;
}

/* A branch's name in an address; its slashes stay, as GitHub has them. */
static const char *escape_path(struct arena *arena, const char *text)
{
	struct text escaped = TEXT_IN(arena);

	for (; *text; text++) {
		const unsigned char byte = (unsigned char)*text;

		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/",
		           byte))
			text_add_bytes(&escaped, text, 1);
		else
			text_printf(&escaped, "%%%02X", byte);
	}
	return text_get(&escaped);
}

/* GitHub answers with those that are merged, or, before any is, with the open ones; in no order that is promised. */
static struct error *pulls(struct forge *forge, const char *commit, struct arena *arena,
                           struct forge_pulls *ret_pulls)
{
	struct forge_github *github = (struct forge_github *)forge;
	const char *what =
		arena_printf(arena, "cannot ask for the pull requests of '%.12s' in '%s'", commit,
	                     github->repository);
	struct http_request request = {
		.method = "GET",
		.url = arena_printf(arena, "%s/repos/%s/commits/%s/pulls?per_page=" PULLS_PER_PAGE,
	                            github->api, github->repository, commit),
		.headers = request_headers,
		.reply_maximum = PULLS_REPLY_MAXIMUM,
	};
	struct forge_pulls found = {0};
	const char *why = NULL;
	const struct node *list;
	struct http_reply reply;

	if (!text_is_hex(commit, 40) && !text_is_hex(commit, 64))
		return failure(what, ERR_FORGE_REFUSED, "that is not the full id of a commit",
		               HINT_COMMIT, arena);
	http_send(github->http, &request, arena, &reply);
	if (reply.status == 404 || reply.status == 422) { /* it does not know the commit */
		*ret_pulls = found;
		return NULL;
	}
	TRY(judge_pulls(what, &reply, arena));
	list = node_from_json(arena, reply.body.data, reply.body.size, &why);
	if (!list || list->kind != NODE_LIST)
		return failure(what, ERR_FORGE_UNREACHABLE,
		               why ? why : "the list of pull requests is none", HINT_API, arena);
	for (int wanted = 0; wanted < LIKELY_COUNT; wanted++)
		add_pulls(list, (enum likeliness)wanted, commit, arena, &found);
	*ret_pulls = found;
	return NULL;
}

static struct error *judge_pulls(const char *what, const struct http_reply *reply,
                                 struct arena *arena)
{
	const char *message = github_message(reply, arena);
	uint64_t wait_ms = 0;

	if (reply->status == 403 && !is_limit(reply, message))
		return failure(what, ERR_FORGE_AUTH,
		               arena_printf(arena, "the token lacks a right (403: %s)", message),
		               HINT_PULLS, arena);
	return judge(what, reply, arena, &wait_ms);
}

static void add_pulls(const struct node *list, enum likeliness wanted, const char *commit,
                      struct arena *arena, struct forge_pulls *found)
{
	for (const struct node *pull = list->child; pull; pull = pull->next) {
		const int64_t number = node_find_number(pull, "number", 0);
		bool is_new = number > 0 && likeliness_of(pull, commit) == wanted;

		for (size_t i = 0; i < found->count; i++)
			is_new &= found->items[i] != (uint64_t)number;
		if (is_new && found->count < PULLS_MAXIMUM)
			*LIST_ADD(arena, found) = (uint64_t)number;
	}
}

/* An open one has a merge_commit_sha, too: that of a merge for trial, which no branch holds. */
static enum likeliness likeliness_of(const struct node *pull, const char *commit)
{
	if (!node_find_text(pull, "merged_at"))
		return LIKELY_NOT;
	return text_equal(node_find_text(pull, "merge_commit_sha"), commit) ? LIKELY_ITS_MERGE
	                                                                    : LIKELY_MERGED;
}

static void close_forge(struct forge *forge)
{
	http_close(((struct forge_github *)forge)->http);
}

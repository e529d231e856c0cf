/*
 * As git_watch.h says. What a reader would get wrong: that the remote speaks version 2 is remembered, so the next look is
 * one request; an answer to it that is not as it should be means nothing until the remote was asked anew what it can.
 */
#include "adapters/git_watch.h"

#include "adapters/http.h"
#include "base/clock.h"
#include "base/text.h"

/* One request. A look makes up to five, and the service manager's patience with us is five minutes. */
#define WATCH_REQUEST_MS (30 * 1000)
#define TYPE_SERVER "application/x-git-upload-pack-advertisement"
#define TYPE_REQUEST "application/x-git-upload-pack-request"
#define TYPE_ANSWER "application/x-git-upload-pack-result"

enum known { KNOWN_NOTHING, KNOWN_V2, KNOWN_OLDER };

struct git_watch {
	const struct git_access *access;
	struct http *http;
	const char *base; /* the address without slashes at its end */
	struct lsrefs_server server;
	enum known known;
	bool is_signed_on; /* the remote wanted the token, and took it */
};

static struct error *ask_server(struct git_watch *watch, struct arena *arena);
static struct error *ask_refs(struct git_watch *watch, const struct text_list *prefixes,
                              struct arena *arena, bool *ret_is_odd, struct git_refs *ret_refs);
static struct error *send_request(struct git_watch *watch, struct http_request *request,
                                  const char *type, struct arena *arena,
                                  struct http_reply *ret_reply);
static struct error *judge(const struct git_watch *watch, const struct http_reply *reply,
                           bool was_signed_on, const char *type, struct arena *arena);
static const char *sign_on_fault(const struct git_watch *watch, bool was_signed_on);
static struct error *no_reply(const struct git_watch *watch, const struct http_reply *reply,
                              struct arena *arena);
static struct error *refuse(const struct git_watch *watch, enum lsrefs_answer answer,
                            const char *words, struct arena *arena);
static struct error *failed(const struct git_watch *watch, struct arena *arena,
                            enum error_code code, const char *why, const char *hint);

struct git_watch *git_watch_new(struct arena *arena, const struct git_access *access)
{
	const struct http_options options = {
		.ca_file = access->ca_file,
		.user = access->username,
		.password = access->token,
		.allow_http = true, /* git_address_parse said whether a token may go there */
		.may_stop = true,
		.deadline_ms = WATCH_REQUEST_MS,
	};
	const char *url = access->address.url;
	size_t size = strlen(url);
	struct git_watch *watch;

	if ((access->address.place != GIT_PLACE_HTTP && access->address.place != GIT_PLACE_HTTPS) ||
	    strpbrk(url, "?#"))
		return NULL;
	while (size > 0 && url[size - 1] == '/')
		size--;
	watch = ARENA_NEW(arena, struct git_watch);
	watch->access = access;
	watch->base = arena_copy(arena, url, size);
	watch->http = http_new(arena, &options);
	return watch;
}

void git_watch_close(struct git_watch *watch)
{
	if (watch)
		http_close(watch->http);
}

FALLIBLE git_watch_list(struct git_watch *watch, const struct text_list *prefixes,
                        struct arena *arena, bool *ret_is_answered, struct git_refs *ret_refs)
{
	bool was_known = watch->known == KNOWN_V2, is_odd = false;
	struct error *error;

	*ret_is_answered = false;
	if (watch->known == KNOWN_OLDER || !lsrefs_may_ask(prefixes))
		return NULL;
	if (!was_known)
		TRY(ask_server(watch, arena));
	if (watch->known == KNOWN_OLDER)
		return NULL;
	error = ask_refs(watch, prefixes, arena, &is_odd, ret_refs);
	if (error && is_odd && was_known) {
		watch->known = KNOWN_NOTHING;
		return git_watch_list(watch, prefixes, arena, ret_is_answered, ret_refs);
	}
	*ret_is_answered = !error;
	return error;
}

static struct error *ask_server(struct git_watch *watch, struct arena *arena)
{
	static const char *const headers[] = {"Git-Protocol: version=2", "Accept: */*", NULL};
	struct http_request request = {
		.method = "GET",
		.url = arena_printf(arena, "%s/info/refs?service=git-upload-pack", watch->base),
		.headers = headers,
		.reply_maximum = LSREFS_CAPABILITIES_MAXIMUM,
	};
	struct http_reply reply;
	enum lsrefs_answer answer;
	const char *words = NULL;

	TRY(send_request(watch, &request, TYPE_SERVER, arena, &reply));
	answer = lsrefs_read_server(arena, reply.body, &watch->server, &words);
	if (answer != LSREFS_GOOD && answer != LSREFS_OLDER)
		return refuse(watch, answer, words, arena);
	watch->known = answer == LSREFS_GOOD ? KNOWN_V2 : KNOWN_OLDER;
	return NULL;
}

/* *ret_is_odd: something answered, and not as a server of version 2 does. */
static struct error *ask_refs(struct git_watch *watch, const struct text_list *prefixes,
                              struct arena *arena, bool *ret_is_odd, struct git_refs *ret_refs)
{
	static const char *const headers[] = {"Git-Protocol: version=2",
	                                      "Content-Type: " TYPE_REQUEST, "Accept: " TYPE_ANSWER,
	                                      "Expect:", NULL};
	struct http_request request = {
		.method = "POST",
		.url = arena_printf(arena, "%s/git-upload-pack", watch->base),
		.headers = headers,
		.body = lsrefs_write(arena, &watch->server, prefixes),
		.reply_maximum = LSREFS_ANSWER_MAXIMUM,
	};
	struct http_reply reply = {0};
	enum lsrefs_answer answer;
	const char *words = NULL;
	struct error *error = send_request(watch, &request, TYPE_ANSWER, arena, &reply);

	*ret_is_odd = reply.status != 0;
	TRY(error);
	*ret_is_odd = true;
	answer = lsrefs_read(arena, reply.body, reply.is_cut, prefixes, ret_refs, &words);
	return answer == LSREFS_GOOD ? NULL : refuse(watch, answer, words, arena);
}

/* The token only when the remote asks for it, and once. */
static struct error *send_request(struct git_watch *watch, struct http_request *request,
                                  const char *type, struct arena *arena,
                                  struct http_reply *ret_reply)
{
	request->is_signed_on = watch->is_signed_on;
	http_send(watch->http, request, arena, ret_reply);
	if (ret_reply->status == 401 && !request->is_signed_on && watch->access->token &&
	    ret_reply->asks_basic) {
		request->is_signed_on = true;
		http_send(watch->http, request, arena, ret_reply);
	}
	TRY(judge(watch, ret_reply, request->is_signed_on, type, arena));
	watch->is_signed_on = request->is_signed_on;
	return NULL;
}

static struct error *judge(const struct git_watch *watch, const struct http_reply *reply,
                           bool was_signed_on, const char *type, struct arena *arena)
{
	const int status = reply->is_cut ? reply->cut_status : reply->status;
	const char *why = arena_printf(arena, "it answers with the HTTP status code %d", status);

	if (!status)
		return no_reply(watch, reply, arena);
	if (status >= 300 && status < 400)
		return failed(
			watch, arena, ERR_GIT_UNREACHABLE,
			arena_printf(arena, "%s: a redirect%s%s", why,
		                     reply->location ? " to " : "",
		                     reply->location ? text_clip(arena, reply->location, 200) : ""),
			GIT_HINT_REDIRECT);
	if (status == 401)
		return failed(watch, arena, ERR_GIT_AUTH, sign_on_fault(watch, was_signed_on),
		              GIT_HINT_TOKEN);
	if (status == 403)
		return failed(watch, arena, ERR_GIT_AUTH, why, GIT_HINT_TOKEN);
	if (status == 404 || status == 410)
		return failed(watch, arena, ERR_GIT_UNREACHABLE, why, GIT_HINT_NOT_FOUND);
	if (status != 200)
		return failed(watch, arena, ERR_GIT_UNREACHABLE, why, GIT_HINT_ADDRESS);
	if (!reply->content_type || strcasecmp(reply->content_type, type) != 0)
		return failed(
			watch, arena, ERR_GIT_UNREACHABLE,
			arena_printf(arena, "its answer has the content type '%s', not that of git",
		                     reply->content_type ? text_clip(arena, reply->content_type, 60)
		                                         : ""),
			GIT_HINT_ADDRESS);
	return NULL;
}

static const char *sign_on_fault(const struct git_watch *watch, bool was_signed_on)
{
	if (!watch->access->token)
		return "it asks for a token, and none is configured";
	return was_signed_on ? "it does not accept the token"
	                     : "it asks in a way that a token cannot answer";
}

static struct error *no_reply(const struct git_watch *watch, const struct http_reply *reply,
                              struct arena *arena)
{
	if (stop_asked())
		return failed(watch, arena, ERR_STOPPED, "the agent was asked to stop",
		              "The next pass begins it again.");
	if (reply->lacks_authorities)
		return git_no_authorities(arena, watch->access->ca_file, reply->why);
	return failed(watch, arena, ERR_GIT_UNREACHABLE, reply->why,
	              reply->is_distrusted ? GIT_HINT_CERTIFICATE : GIT_HINT_ADDRESS);
}

static struct error *refuse(const struct git_watch *watch, enum lsrefs_answer answer,
                            const char *words, struct arena *arena)
{
	switch (answer) {
	case LSREFS_FORMAT:
		return failed(watch, arena, ERR_GIT_FORMAT, words, GIT_HINT_SHA256);
	case LSREFS_SAYS:
		return failed(watch, arena, ERR_GIT_UNREACHABLE,
		              arena_printf(arena, "it says: %s", words), GIT_HINT_NOT_FOUND);
	case LSREFS_BROKEN:
		return failed(watch, arena, ERR_GIT_UNREACHABLE, words, GIT_HINT_ADDRESS);
	case LSREFS_GOOD:
	case LSREFS_OLDER:
		break;
	}
	BUG("an answer that is no refusal");
}

static struct error *failed(const struct git_watch *watch, struct arena *arena,
                            enum error_code code, const char *why, const char *hint)
{
	return error_new(arena, code,
	                 &(struct error_text){
				 .what = arena_printf(arena, "cannot list the refs of '%s'",
	                                              watch->access->address.url),
				 .why = why,
				 .hint = hint,
			 });
}

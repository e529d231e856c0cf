/*
 * HTTP by libcurl. A reader would look for curl_global_init: curl_easy_init calls it the first time, which is what
 * we want, since a pass with nothing to say must not pay for TLS. CURLOPT_NOSIGNAL stays off on purpose: with it
 * libcurl no longer shields us from SIGPIPE, and Debian's build looks names up in a thread, without alarms.
 */
#include "adapters/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define CONNECT_DEADLINE_MS 5000
#define HEADER_MAXIMUM 256 /* of a header that we read; a longer one is ignored */
#define WHY_MAXIMUM 200    /* code points of a failure's text */

struct http {
	struct http_options options;
	CURL *curl; /* NULL until the first request */
};

struct body_sink {
	struct text text;
	size_t maximum;
	bool overflowed;
};

static const char *address_fault(const char *url, bool allow_http, bool configured);
static bool has_part(CURLU *parts, CURLUPart part);
static bool is_this_machine(const char *host);
static bool is_bearer(const char *token);
static CURLcode prepare(struct http *http, const struct http_request *request,
                        struct curl_slist *headers, struct body_sink *sink, char *complaint);
static size_t collect(char *data, size_t size, size_t count, void *context);
static int look_at_stop(void *context, curl_off_t coming, curl_off_t came, curl_off_t going,
                        curl_off_t went);
static void read_headers(CURL *curl, struct arena *arena, struct http_reply *reply);
static const char *header_find(CURL *curl, struct arena *arena, const char *name);
static bool asks_basic(CURL *curl);
static void hide(const struct secret *secret, struct bytes body);
static const char *failure_text(struct arena *arena, CURLcode code, const char *complaint);

static void url_cleanup(CURLU **parts)
{
	curl_url_cleanup(*parts);
}
#define AUTO_URL CLEANUP(url_cleanup) CURLU *

static void slist_cleanup(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}
#define AUTO_SLIST CLEANUP(slist_cleanup) struct curl_slist *

static void part_cleanup(char **part)
{
	curl_free(*part);
}
#define AUTO_PART CLEANUP(part_cleanup) char *

FALLIBLE http_check(struct arena *arena, const char *address, const struct http_options *options)
{
	const char *fault = address_fault(address, options->allow_http, true);

	if (fault) /* the address is not repeated: a password may stand in it */
		return FAIL(
			arena, CONFIG, .what = "cannot use the configured address of a forge",
			.why = fault,
			.hint = "Write it as https://host/path and keep the credential in a file of its own.");
	if (options->ca_file && !file_exists(options->ca_file))
		return FAIL(
			arena, CONFIG,
			.what = arena_printf(arena, "cannot use '%s'", options->ca_file),
			.why = "the file with certificates is not there",
			.hint = "Name a PEM file with the certificate that signed the forge's.");
	if (options->bearer && !is_bearer(secret_reveal(options->bearer)))
		return FAIL(arena, CONFIG, .what = "cannot use the credential of a forge",
		            .why = "it is empty or holds other than printable characters",
		            .hint = "Write the token alone into its file, in one line.");
	return NULL;
}

struct http *http_new(struct arena *arena, const struct http_options *options)
{
	struct http *http = ARENA_NEW(arena, struct http);

	http->options = *options;
	if (!http->options.deadline_ms)
		http->options.deadline_ms = HTTP_DEADLINE_MS;
	return http;
}

void http_close(struct http *http)
{
	if (!http || !http->curl)
		return;
	curl_easy_cleanup(http->curl);
	http->curl = NULL;
}

void http_send(struct http *http, const struct http_request *request, struct arena *arena,
               struct http_reply *ret_reply)
{
	struct body_sink sink = {.text = TEXT_IN(arena),
	                         .maximum = request->reply_maximum ? request->reply_maximum
	                                                           : HTTP_REPLY_MAXIMUM};
	char complaint[CURL_ERROR_SIZE] = "";
	const char *fault = address_fault(request->url, http->options.allow_http, false);
	struct http_reply reply = {.why = fault};
	AUTO_SLIST headers = NULL;
	long status = 0, sent = 0;
	CURLcode code;

	if (fault) {
		*ret_reply = reply;
		return;
	}
	if (!http->curl)
		http->curl = curl_easy_init();
	if (!http->curl)
		BUG("curl_easy_init failed");
	for (const char *const *line = request->headers; line && *line; line++) {
		struct curl_slist *longer = curl_slist_append(headers, *line);

		if (!longer)
			BUG("out of memory");
		headers = longer;
	}
	code = prepare(http, request, headers, &sink, complaint);
	if (code == CURLE_OK)
		code = curl_easy_perform(http->curl);
	(void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(http->curl, CURLINFO_REQUEST_SIZE, &sent);
	reply.sent = sent > 0;
	reply.body = text_bytes(&sink.text);
	hide(http->options.bearer, reply.body);
	hide(http->options.password, reply.body);
	read_headers(http->curl, arena, &reply);
	if (sink.overflowed) {
		reply.is_cut = true;
		reply.cut_status = (int)status;
		reply.why = arena_printf(arena, "the reply is longer than %s",
		                         text_size(arena, sink.maximum));
	} else if (code != CURLE_OK) {
		reply.body = (struct bytes){0};
		reply.is_distrusted = code == CURLE_PEER_FAILED_VERIFICATION;
		reply.lacks_authorities = code == CURLE_SSL_CACERT_BADFILE;
		reply.why = failure_text(arena, code, complaint);
	} else {
		reply.status = (int)status;
	}
	curl_easy_reset(http->curl); /* the options point into this frame; connections are kept */
	*ret_reply = reply;
}

uint64_t http_wait_ms(const struct http_reply *reply)
{
	uint64_t seconds;
	int64_t moment, now;

	if (!reply->retry_after)
		return 0;
	if (parse_number(reply->retry_after, UINT32_MAX, &seconds))
		return seconds * 1000;
	moment = (int64_t)curl_getdate(reply->retry_after, NULL);
	now = clock_wall();
	return moment > now ? (uint64_t)(moment - now) * 1000 : 0;
}

/* NULL: nothing is wrong with it. */
static const char *address_fault(const char *url, bool allow_http, bool configured)
{
	AUTO_URL parts = curl_url();
	AUTO_PART scheme = NULL;
	AUTO_PART host = NULL;

	if (!parts)
		BUG("out of memory");
	if (text_has_control(url) ||
	    curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0))
		return "it is not a whole address with https:// and a host";
	if (has_part(parts, CURLUPART_USER) || has_part(parts, CURLUPART_PASSWORD))
		return "it holds a user or a password";
	if (configured && (has_part(parts, CURLUPART_QUERY) || has_part(parts, CURLUPART_FRAGMENT)))
		return "it holds a query or a fragment";
	if (strcasecmp(scheme, "https") == 0)
		return NULL;
	if (strcasecmp(scheme, "http") != 0)
		return "only https:// addresses are used";
	if (allow_http || is_this_machine(host))
		return NULL;
	return "http:// would send the credential in the clear to another machine";
}

static bool has_part(CURLU *parts, CURLUPart part)
{
	AUTO_PART value = NULL;

	return curl_url_get(parts, part, &value, 0) == CURLUE_OK;
}

static bool is_this_machine(const char *host)
{
	struct in_addr address;

	if (strcasecmp(host, "localhost") == 0 || text_equal(host, "[::1]"))
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* Anything else could end the header's line. */
static bool is_bearer(const char *token)
{
	for (const char *byte = token; *byte; byte++)
		if (*byte <= ' ' || *byte > '~')
			return false;
	return *token != '\0';
}

#define SET(option, value)                                                                         \
	do {                                                                                       \
		CURLcode set_code_ = curl_easy_setopt(http->curl, option, value);                  \
		if (set_code_ != CURLE_OK)                                                         \
			return set_code_;                                                          \
	} while (0)

static CURLcode prepare(struct http *http, const struct http_request *request,
                        struct curl_slist *headers, struct body_sink *sink, char *complaint)
{
	const struct http_options *options = &http->options;
	long deadline = (long)options->deadline_ms;

	SET(CURLOPT_ERRORBUFFER, complaint);
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PROXY,
	    options->proxy ? options->proxy : ""); /* "": not the environment's either */
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_USERAGENT, "headgate/" HEADGATE_VERSION);
	SET(CURLOPT_TIMEOUT_MS, deadline);
	SET(CURLOPT_CONNECTTIMEOUT_MS,
	    deadline < CONNECT_DEADLINE_MS ? deadline : (long)CONNECT_DEADLINE_MS);
	SET(CURLOPT_WRITEFUNCTION, collect);
	SET(CURLOPT_WRITEDATA, sink);
	SET(CURLOPT_HTTPHEADER, headers);
	if (options->ca_file) {
		SET(CURLOPT_CAINFO, options->ca_file);
		SET(CURLOPT_CAPATH, NULL); /* else the system's count, too */
	}
	if (options->may_stop) {
		SET(CURLOPT_NOPROGRESS, 0L);
		SET(CURLOPT_XFERINFOFUNCTION, look_at_stop);
	}
	if (options->bearer) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(CURLOPT_XOAUTH2_BEARER, secret_reveal(options->bearer));
	} else if (request->is_signed_on && options->password) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, options->user);
		SET(CURLOPT_PASSWORD, secret_reveal(options->password));
	}
	if (request->body.data) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
		SET(CURLOPT_POSTFIELDS, request->body.data);
	}
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	return CURLE_OK;
}

static size_t collect(char *data, size_t size, size_t count, void *context)
{
	struct body_sink *sink = context;

	if (size * count > sink->maximum - sink->text.size) {
		text_add_bytes(&sink->text, data, sink->maximum - sink->text.size);
		sink->overflowed = true;
		return 0; /* ends the transfer */
	}
	text_add_bytes(&sink->text, data, size * count);
	return size * count;
}

static int look_at_stop(void *context, curl_off_t coming, curl_off_t came, curl_off_t going,
                        curl_off_t went)
{
	(void)context, (void)coming, (void)came, (void)going, (void)went;
	return stop_asked() ? 1 : 0;
}

static void read_headers(CURL *curl, struct arena *arena, struct http_reply *reply)
{
	reply->retry_after = header_find(curl, arena, "Retry-After");
	reply->rate_remaining = header_find(curl, arena, "X-RateLimit-Remaining");
	reply->rate_reset = header_find(curl, arena, "X-RateLimit-Reset");
	reply->content_type = header_find(curl, arena, "Content-Type");
	reply->location = header_find(curl, arena, "Location");
	reply->asks_basic = asks_basic(curl);
}

static const char *header_find(CURL *curl, struct arena *arena, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return strlen(header->value) <= HEADER_MAXIMUM ? arena_text(arena, header->value) : NULL;
}

/* One header for each way in, or one with all of them: RFC 9110, 11.6.1. */
static bool asks_basic(CURL *curl)
{
	struct curl_header *header;

	for (size_t i = 0;
	     curl_easy_header(curl, "WWW-Authenticate", i, CURLH_HEADER, -1, &header) == CURLHE_OK;
	     i++)
		if (strcasestr(header->value, "basic"))
			return true;
	return false;
}

/* In place: the body is ours and ends up in messages. */
static void hide(const struct secret *secret, struct bytes body)
{
	const char *token = secret ? secret_reveal(secret) : "";
	size_t size = strlen(token), passed = 0;

	while (size > 0 && passed < body.size) {
		char *found = memmem(body.data + passed, body.size - passed, token, size);

		if (!found)
			return;
		memset(found, '*', size);
		passed = (size_t)(found - body.data) + size;
	}
}

static const char *failure_text(struct arena *arena, CURLcode code, const char *complaint)
{
	return text_clip(arena, complaint[0] ? complaint : curl_easy_strerror(code), WHY_MAXIMUM);
}

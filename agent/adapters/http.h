/*
 * One HTTP request at a time, by libcurl; http.c alone includes it. What a server does (also: nothing at all) is an
 * answer and not an error, because only the caller knows what it means for its own work. Certificates are always
 * verified, redirects are never followed, and neither .netrc nor the environment's proxies are looked at.
 * Private to adapters.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"

/* bytes of a body, when the request names no other; a longer one counts as no reply */
#define HTTP_REPLY_MAXIMUM (1024 * 1024)
#define HTTP_DEADLINE_MS 10000 /* when the options name none */

struct http;

struct http_options {
	const char *ca_file; /* PEM; NULL: the system's certificates */
	const char *proxy;   /* NULL: none */
	const struct secret *
		bearer; /* NULL: no Authorization header. Only ever sent to the host of the request */
	/* For requests that are `is_signed_on` (basic authentication). NULL: none */
	const char *user;
	const struct secret *password;
	bool allow_http;      /* http:// also to other hosts than this machine */
	bool may_stop;        /* a request ends when the program was asked to stop */
	uint64_t deadline_ms; /* of a whole request, name lookup included; 0: HTTP_DEADLINE_MS */
};

struct http_request {
	const char *method;
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	struct bytes body;          /* data NULL: none */
	size_t reply_maximum;       /* 0: HTTP_REPLY_MAXIMUM */
	bool is_signed_on;          /* with the options' user and password, unasked */
};

struct http_reply {
	int status;      /* 0: no whole reply came, see why */
	const char *why; /* one line, only when status is 0 */
	bool sent; /* the request, or a part of it, left this machine: it may have been carried out */
	/* The credential, should the server echo it, is replaced by asterisks. Of a reply that is_cut: its beginning. */
	struct bytes body;
	bool is_cut;            /* status is 0 because the body is longer than its maximum */
	int cut_status;         /* the status of a reply that is_cut */
	bool is_distrusted;     /* status is 0 because the server's certificate was not accepted */
	bool lacks_authorities; /* status is 0 because the options' ca_file cannot be used */
	bool asks_basic;        /* it names basic authentication as a way in */
	/* headers as they came; NULL: none */
	const char *retry_after, *rate_remaining, *rate_reset, *content_type, *location;
};

/*
 * Can requests to this configured address be made with these options? https; http only for this machine or with
 * allow_http; no user, password, query or fragment in it; a certificate file that is there; a credential of printable
 * characters. ERR_CONFIG, without a word of the credential.
 */
FALLIBLE http_check(struct arena *arena, const char *address, const struct http_options *options);

/*
 * Costs nothing: the library is set up by the first request, and the connection is kept for the next one. The
 * options' texts and secret are borrowed and must outlive it. Lives in the arena, but needs http_close.
 */
struct http *http_new(struct arena *arena, const struct http_options *options);
void http_close(struct http *http); /* accepts NULL */

void http_send(struct http *http, const struct http_request *request, struct arena *arena,
               struct http_reply *ret_reply);

/* How long the server wishes us to wait: Retry-After in seconds or as a date (RFC 9110, 10.2.3). 0: no wish. */
uint64_t http_wait_ms(const struct http_reply *reply);

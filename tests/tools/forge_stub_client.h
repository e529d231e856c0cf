/* Runs tools/forge_stub for a C test: a process of its own with a scratch folder, both gone after stop. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"

struct forge_stub {
	pid_t pid;
	const char *folder;
	const char *address; /* "http://127.0.0.1:40123" or with https */
	const char *ca_file; /* NULL without tls */
};

struct forge_stub_options {
	const char *token;
	const struct text_list *commits; /* NULL: every commit exists */
	bool tls;                        /* with a certificate made for this run */
};

/* Fails the test when it does not start. Lives in the arena. */
struct forge_stub *forge_stub_start(struct arena *arena, const struct forge_stub_options *options);
void forge_stub_stop(struct forge_stub *stub);
void forge_stub_kill(
	struct forge_stub *stub); /* nobody listens there any more; stop is still needed */
void forge_stub_mode(struct forge_stub *stub,
                     const char *mode); /* see forge_stub.c; "" is well behaved */
void forge_stub_pulls(struct forge_stub *stub, const char *lines); /* see forge_stub.c */
/* How many requests with this method got this answer so far. */
size_t forge_stub_count(struct forge_stub *stub, const char *method, int answer);
const char *forge_stub_log(struct forge_stub *stub, struct arena *arena);

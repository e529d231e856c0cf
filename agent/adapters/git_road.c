/*
 * A transport for libgit2 over the program ssh. libgit2's own is not used: a server that stays silent could not be left
 * (libssh2 waits without end, whatever interrupts it), and it cannot sign with RSA keys as servers want it today.
 */
#include "adapters/git_road.h"

#include <git2/sys/transport.h>

#define FAILED (-1)   /* GIT_ERROR of git2/errors.h */
#define GLANCE_MS 500 /* how long a silent ssh is waited for before the deadlines are looked at */

struct git_road {
	git_smart_subtransport base; /* first: what libgit2 hands back is it */
	git_smart_subtransport_stream stream;
	struct git_ssh *ssh;
	struct git_patience *patience;
	int (*look)(void *context);
	void *context;
	struct error *error;
	bool is_open;
};

static int lend(git_smart_subtransport **base, git_transport *owner, void *payload);
static int open_stream(git_smart_subtransport_stream **stream, git_smart_subtransport *base,
                       const char *url, git_smart_service_t service);
static int read_stream(git_smart_subtransport_stream *stream, char *buffer, size_t room,
                       size_t *ret_size);
static int write_stream(git_smart_subtransport_stream *stream, const char *data, size_t size);
static void close_stream(git_smart_subtransport_stream *stream);
static int close_base(git_smart_subtransport *base);
static void free_base(git_smart_subtransport *base);

struct git_road *git_road_new(struct arena *arena, struct git_ssh *ssh,
                              struct git_patience *patience, int (*look)(void *context),
                              void *context)
{
	struct git_road *road = ARENA_NEW(arena, struct git_road);

	road->base = (git_smart_subtransport){open_stream, close_base, free_base};
	road->stream = (git_smart_subtransport_stream){&road->base, read_stream, write_stream,
	                                               close_stream};
	road->ssh = ssh;
	road->patience = patience;
	road->look = look;
	road->context = context;
	return road;
}

int git_road_make(struct git_road *road, git_transport **ret_transport, git_remote *remote)
{
	git_smart_subtransport_definition definition = {.callback = lend, .param = road};

	return git_transport_smart(ret_transport, remote, &definition);
}

struct error *git_road_error(const struct git_road *road)
{
	return road->error;
}

static int lend(git_smart_subtransport **base, git_transport *owner, void *payload)
{
	struct git_road *road = payload;

	(void)owner;
	*base = &road->base;
	return 0;
}

/* Asked for the list of refs, and then again for the rest of the same conversation. */
static int open_stream(git_smart_subtransport_stream **stream, git_smart_subtransport *base,
                       const char *url, git_smart_service_t service)
{
	struct git_road *road = (struct git_road *)base;
	bool is_push = service == GIT_SERVICE_RECEIVEPACK_LS || service == GIT_SERVICE_RECEIVEPACK;

	(void)url; /* the address was taken apart before */
	if (!road->is_open)
		road->error =
			git_ssh_start(road->ssh, is_push ? "git-receive-pack" : "git-upload-pack");
	if (road->error)
		return FAILED;
	road->is_open = true;
	*stream = &road->stream;
	return 0;
}

static int read_stream(git_smart_subtransport_stream *stream, char *buffer, size_t room,
                       size_t *ret_size)
{
	struct git_road *road = (struct git_road *)stream->subtransport;
	int code = 0;

	*ret_size = 0;
	while (!code) {
		switch (git_ssh_read(road->ssh, buffer, room, GLANCE_MS, ret_size)) {
		case GIT_SSH_MOVED:
			git_patience_moved(road->patience);
			return 0;
		case GIT_SSH_ENDED:
			return 0; /* libgit2 sees that it came too early */
		case GIT_SSH_QUIET:
			code = road->look(road->context);
		}
	}
	return code;
}

static int write_stream(git_smart_subtransport_stream *stream, const char *data, size_t size)
{
	struct git_road *road = (struct git_road *)stream->subtransport;
	int code = 0;

	while (size && !code) {
		size_t written = 0;

		switch (git_ssh_write(road->ssh, data, size, GLANCE_MS, &written)) {
		case GIT_SSH_MOVED:
			git_patience_moved(road->patience);
			data += written;
			size -= written;
			break;
		case GIT_SSH_ENDED:
			return FAILED;
		case GIT_SSH_QUIET:
			code = road->look(road->context);
		}
	}
	return code;
}

static void close_stream(git_smart_subtransport_stream *stream)
{
	struct git_road *road = (struct git_road *)stream->subtransport;

	road->is_open = false;
	git_ssh_end(road->ssh);
}

static int close_base(git_smart_subtransport *base)
{
	(void)base; /* the stream is closed by itself */
	return 0;
}

static void free_base(git_smart_subtransport *base)
{
	(void)base; /* it lives in an arena */
}

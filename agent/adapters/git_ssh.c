/*
 * Git over ssh by OpenSSH's own program. Easily got wrong: ssh takes settings from many places, so every one that could
 * bring in a user's file, an agent, a question or another host key is named here. The pins are handed over in a file of
 * our own making, under one fixed name, so that ssh looks up what we looked up and in what we read.
 */
#include "adapters/git_ssh.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "adapters/known_hosts.h"
#include "adapters/ssh_key_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#define PINS "headgate.known_hosts" /* in the folder */
#define ALIAS "headgate"            /* the one name in it */
#define END_WAIT_MS 2000            /* to say why, after it closed its output */
#define LINE_ROOM 1024              /* bytes of a line that are looked at */
#define WORDS_MAXIMUM 1500

struct git_ssh {
	struct arena *arena;
	const struct git_address *address;
	const struct git_ssh_keys *keys;
	struct known_hosts pins;
	const char *folder;
	const char *program;
	struct process_pipe pipe;
	bool broke_off;   /* it ended before we wanted it to */
	int status;       /* then */
	bool is_stranger; /* it showed a host key that is not pinned */
	/* What it said on standard error: */
	char line[LINE_ROOM];
	size_t line_size;
	char shown[LINE_ROOM]; /* the server's key: "ssh-ed25519 SHA256:…" */
	struct text words;
};

static struct error *write_pins(struct git_ssh *ssh);
static const char *keyscan(struct arena *arena, const struct git_address *address);
static const char *pin_hint(struct arena *arena, const struct git_address *address,
                            const char *file);
static const char *escaped(struct arena *arena, const char *path);
static enum git_ssh_moved wait_for(struct git_ssh *ssh, short events, uint64_t wait_ms);
static void listen_to(struct git_ssh *ssh);
static void take_line(struct git_ssh *ssh);
static void break_off(struct git_ssh *ssh);
static struct error *host_key_failure(const struct git_ssh *ssh, struct arena *arena);

FALLIBLE git_ssh_check(struct arena *arena, const struct git_address *address,
                       const struct git_ssh_keys *keys)
{
	if (!keys->known_hosts)
		return FAIL(
			arena, GIT_HOST_KEY,
			.what = arena_printf(arena, "cannot know the host '%s'",
		                             address->authority),
			.why = "repository.known_hosts is not set, and no key is trusted at first sight",
			.hint = pin_hint(arena, address, "known_hosts"));
	if (!keys->key_file)
		return FAIL(
			arena, CONFIG,
			.what = arena_printf(arena, "cannot log in at '%s'", address->authority),
			.why = arena_printf(arena, "%s is not set", keys->setting),
			.hint = arena_printf(
				arena,
				"Make a key for the agent (ssh-keygen -t ed25519 -N '' -f <file>), give its public half to the "
				"forge, and write the file's name as %s.",
				keys->setting));
	return NULL;
}

FALLIBLE git_ssh_prepare(struct arena *arena, const struct git_address *address,
                         const struct git_ssh_keys *keys, const char *folder,
                         struct git_ssh **ret_ssh)
{
	struct git_ssh *ssh = ARENA_NEW(arena, struct git_ssh);
	struct bytes bytes;
	bool is_pinned = false;

	TRY(git_ssh_check(arena, address, keys));
	TRY(ssh_key_file_check(arena, keys->key_file));
	TRY(known_hosts_read(arena, keys->known_hosts, &bytes));
	TRY(known_hosts_parse(arena, keys->known_hosts, bytes, address->host, address->port,
	                      &ssh->pins));
	for (size_t i = 0; i < ssh->pins.count; i++)
		is_pinned |= !ssh->pins.items[i].is_revoked;
	if (!is_pinned)
		return FAIL(
			arena, GIT_HOST_KEY,
			.what = arena_printf(arena, "cannot know the host '%s'",
		                             address->authority),
			.why = arena_printf(arena, "'%s' pins no key for '%s'", keys->known_hosts,
		                            known_hosts_name(arena, address->host, address->port)),
			.hint = pin_hint(arena, address, keys->known_hosts));
	ssh->program = program_find(arena, "ssh");
	if (!ssh->program)
		return FAIL(arena, PROGRAM_MISSING,
		            .what = arena_printf(arena, "cannot reach '%s'", address->url),
		            .why = "the program 'ssh' is not there",
		            .hint = "Install OpenSSH's client: apt-get install openssh-client");
	ssh->arena = arena;
	ssh->address = address;
	ssh->keys = keys;
	ssh->folder = folder;
	ssh->words = TEXT_IN(arena);
	TRY(write_pins(ssh));
	*ret_ssh = ssh;
	return NULL;
}

/* Under a fixed name, because ssh would look up another one for a port, and because names in the file may be hashed. */
static struct error *write_pins(struct git_ssh *ssh)
{
	const char *path = path_join(ssh->arena, ssh->folder, PINS);
	struct text text = TEXT_IN(ssh->arena);
	struct bytes before;

	for (size_t i = 0; i < ssh->pins.count; i++)
		text_printf(&text, "%s" ALIAS " %s\n",
		            ssh->pins.items[i].is_revoked ? "@revoked " : "",
		            ssh_key_line(ssh->arena, &ssh->pins.items[i].key));
	if (file_exists(path) && !file_read(ssh->arena, path, KNOWN_HOSTS_MAXIMUM, &before) &&
	    text_equal(before.data, text_get(&text)))
		return NULL;
	return file_save(ssh->arena, path, text_bytes(&text), 0600);
}

static const char *pin_hint(struct arena *arena, const struct git_address *address,
                            const char *file)
{
	return arena_printf(
		arena,
		"Ask for its keys: %s >new; compare what ssh-keygen -lf new prints with the fingerprints that the forge "
		"publishes, and only when they agree add the lines to '%s' (repository.known_hosts).",
		keyscan(arena, address), file);
}

static const char *keyscan(struct arena *arena, const struct git_address *address)
{
	return address->port == GIT_SSH_PORT
	               ? arena_printf(arena, "ssh-keyscan %s", address->host)
	               : arena_printf(arena, "ssh-keyscan -p %u %s", address->port, address->host);
}

FALLIBLE git_ssh_start(struct git_ssh *ssh, const char *service)
{
	struct arena *arena = ssh->arena;
	/* clang-format off */
	const char *const arguments[] = {
		"-F", "none", "-T", "-x", "-a",
		"-i", escaped(arena, ssh->keys->key_file),
		"-p", arena_printf(arena, "%u", ssh->address->port),
		"-l", ssh->address->user,
		/* who the server is */
		"-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile=" PINS, /* in its working directory */
		"-o", "GlobalKnownHostsFile=/dev/null",
		"-o", "HostKeyAlias=" ALIAS,
		"-o", "CheckHostIP=no",
		"-o", "UpdateHostKeys=no",
		"-o", "VerifyHostKeyDNS=no",
		/* who we are */
		"-o", "IdentitiesOnly=yes",
		"-o", "IdentityAgent=none",
		"-o", "PreferredAuthentications=publickey",
		"-o", "BatchMode=yes",
		/* how */
		"-o", arena_printf(arena, "ConnectTimeout=%d", GIT_SSH_CONNECT_S),
		"-o", "ControlPath=none",
		"-o", "ClearAllForwardings=yes",
		"-o", "LogLevel=DEBUG1", /* the least that tells the server's key */
		"--", ssh->address->host,
		arena_printf(arena, "%s '%s'", service, ssh->address->path),
		NULL,
	};
	/* clang-format on */
	const struct process process = {
		.program = ssh->program, .arguments = arguments, .folder = ssh->folder};

	return process_pipe_open(arena, &process, &ssh->pipe);
}

/* ssh replaces %h and the like in names of files. */
static const char *escaped(struct arena *arena, const char *path)
{
	struct text text = TEXT_IN(arena);

	for (; *path; path++)
		text_add(&text, *path == '%' ? "%%" : (char[]){*path, '\0'});
	return text_get(&text);
}

enum git_ssh_moved git_ssh_read(struct git_ssh *ssh, void *buffer, size_t room, uint64_t wait_ms,
                                size_t *ret_size)
{
	enum git_ssh_moved moved = wait_for(ssh, POLLIN, wait_ms);
	ssize_t size;

	if (moved != GIT_SSH_MOVED)
		return moved;
	size = read(ssh->pipe.output, buffer, room);
	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return GIT_SSH_QUIET;
	if (size <= 0) {
		break_off(ssh);
		return GIT_SSH_ENDED;
	}
	*ret_size = (size_t)size;
	return GIT_SSH_MOVED;
}

enum git_ssh_moved git_ssh_write(struct git_ssh *ssh, const void *data, size_t size,
                                 uint64_t wait_ms, size_t *ret_size)
{
	enum git_ssh_moved moved = wait_for(ssh, POLLOUT, wait_ms);
	ssize_t written;

	if (moved != GIT_SSH_MOVED)
		return moved;
	written = process_pipe_write(&ssh->pipe, data, size);
	if (written < 0) {
		break_off(ssh);
		return GIT_SSH_ENDED;
	}
	*ret_size = (size_t)written;
	return written ? GIT_SSH_MOVED : GIT_SSH_QUIET;
}

/* What it says on standard error is taken meanwhile, or it would wait for us to. */
static enum git_ssh_moved wait_for(struct git_ssh *ssh, short events, uint64_t wait_ms)
{
	struct pollfd fds[] = {
		{.fd = events == POLLIN ? ssh->pipe.output : ssh->pipe.input, .events = events},
		{.fd = ssh->pipe.complaint, .events = POLLIN},
	};

	if (!ssh->pipe.pid)
		return GIT_SSH_ENDED;
	(void)clock_poll(fds, sizeof fds / sizeof *fds, (int64_t)wait_ms);
	if (fds[1].revents)
		listen_to(ssh);
	return fds[0].revents ? GIT_SSH_MOVED : GIT_SSH_QUIET;
}

static void listen_to(struct git_ssh *ssh)
{
	char piece[4096];
	ssize_t size = read(ssh->pipe.complaint, piece, sizeof piece);

	if (size == 0) {
		fd_cleanup(&ssh->pipe.complaint);
		ssh->pipe.complaint = -1;
	}
	for (ssize_t i = 0; i < size; i++) {
		if (piece[i] == '\n')
			take_line(ssh);
		else if (piece[i] != '\r' && ssh->line_size < sizeof ssh->line - 1)
			ssh->line[ssh->line_size++] = piece[i];
	}
}

/* The first mention of a host key comes before anything that the other side could write here. */
static void take_line(struct git_ssh *ssh)
{
	static const char key[] = "debug1: Server host key: ";
	static const char *const chatter[] = {
		"debug",         "OpenSSH_",           "Authenticated to ",
		"Transferred: ", "Bytes per second: ", "@@@"};

	ssh->line[ssh->line_size] = '\0';
	ssh->line_size = 0;
	if (text_starts(ssh->line, key) && !*ssh->shown)
		memcpy(ssh->shown, ssh->line + strlen(key), strlen(ssh->line + strlen(key)) + 1);
	for (size_t i = 0; i < sizeof chatter / sizeof *chatter; i++)
		if (text_starts(ssh->line, chatter[i]))
			return;
	if (text_equal(ssh->line, "Host key verification failed."))
		ssh->is_stranger = true;
	if (ssh->words.size > WORDS_MAXIMUM) /* the end says why */
		ssh->words = TEXT_IN(ssh->arena);
	if (*ssh->line)
		text_printf(&ssh->words, "%s%s", ssh->words.size ? " " : "", ssh->line);
}

static void break_off(struct git_ssh *ssh)
{
	uint64_t until = clock_monotonic_ms() + END_WAIT_MS;

	while (ssh->pipe.complaint >= 0 && clock_monotonic_ms() < until && !stop_asked()) {
		struct pollfd fd = {.fd = ssh->pipe.complaint, .events = POLLIN};

		if (clock_poll(&fd, 1, 100) > 0)
			listen_to(ssh);
	}
	take_line(ssh);
	ssh->broke_off = true;
	ssh->status = process_pipe_close(&ssh->pipe, END_WAIT_MS);
}

void git_ssh_end(struct git_ssh *ssh)
{
	(void)process_pipe_close(&ssh->pipe, 0);
}

#define SSH_ITSELF 255 /* its exit status when it failed, and not the command over there: ssh(1) */
#define HINT_KEY                                                                                                              \
	"Give the public half of the key to the forge, with the right to read the repository (and to write, for notes); the " \
	"next pass tries again."
#define HINT_PATH                                                                                  \
	"See whether the path is right and the key may read it; many servers hide what a key may not see."
#define HINT_HOST                                                                                  \
	"See whether this machine reaches the host and port. The agent tries again by itself."

/* What ssh and the forges say; the first row that fits is taken. */
static const struct {
	bool is_ssh; /* its own words, and not those of the other side */
	const char *fragment;
	enum error_code code;
	const char *hint;
} failures[] = {
	{true, "Permission denied", ERR_GIT_AUTH, HINT_KEY},
	{true, "Too many authentication failures", ERR_GIT_AUTH, HINT_KEY},
	{true, "", ERR_GIT_UNREACHABLE, HINT_HOST},
	{false, "read only", ERR_GIT_AUTH, HINT_KEY},
	{false, "denied", ERR_GIT_AUTH, HINT_KEY},
	{false, "not allowed", ERR_GIT_AUTH, HINT_KEY},
	{false, "", ERR_GIT_UNREACHABLE, HINT_PATH},
};

FALLIBLE git_ssh_failure(const struct git_ssh *ssh, struct arena *arena, const char *what)
{
	const char *said = text_trim(arena, text_get(&ssh->words));
	bool is_ssh = ssh->status == SSH_ITSELF;
	size_t i = 0;

	if (!ssh->broke_off || (!ssh->status && !*said))
		return NULL;
	if (is_ssh && ssh->is_stranger)
		return host_key_failure(ssh, arena);
	while (failures[i].is_ssh != is_ssh || !strstr(said, failures[i].fragment))
		i++;
	said = text_clip(arena, said, 300);
	if (!*said)
		said = arena_printf(arena, "the program 'ssh' ended with status %d", ssh->status);
	return error_new(arena, failures[i].code,
	                 &(struct error_text){what, said, failures[i].hint});
}

static struct error *host_key_failure(const struct git_ssh *ssh, struct arena *arena)
{
	const char *shown = *ssh->shown ? text_clip(arena, ssh->shown, 120) : "a key";
	struct text pins = TEXT_IN(arena);
	bool is_revoked = false;

	for (size_t i = 0; i < ssh->pins.count; i++) {
		const struct ssh_key *key = &ssh->pins.items[i].key;

		if (!ssh->pins.items[i].is_revoked)
			text_printf(&pins, "%s%s %s", pins.size ? ", " : "", key->type->name,
			            key->fingerprint);
		else if (text_ends(shown, key->fingerprint))
			is_revoked = true;
	}
	return FAIL(
		arena, GIT_HOST_KEY,
		.what = arena_printf(arena, "cannot trust the host '%s'", ssh->address->authority),
		.why = is_revoked ? arena_printf(arena, "it shows %s, which '%s' revokes", shown,
	                                         ssh->keys->known_hosts)
	                          : arena_printf(arena, "it shows %s, and pinned is %s", shown,
	                                         text_get(&pins)),
		.hint = arena_printf(
			arena,
			"Somebody may stand in between: nothing was sent. Compare with the fingerprints that the forge "
			"publishes. Only when it announced a new key, put that in the place of the old one in '%s': %s",
			ssh->keys->known_hosts, keyscan(arena, ssh->address)));
}

/* Owns the datagrams to the service manager. Easily got wrong: a name that begins with '@' is an abstract socket, whose
 * first byte is NUL and whose length counts. */
#include "base/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

void service_notify(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t length = name ? strlen(name) : 0;
	socklen_t size;
	int fd;

	if (!length || (name[0] != '/' && name[0] != '@') || length >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
	(void)close(fd);
}

uint64_t service_watchdog_ms(void)
{
	const char *microseconds = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us = 0, id = 0;

	if (!microseconds || !parse_number(microseconds, INT64_MAX, &us))
		return 0;
	if (pid && (!parse_number(pid, INT32_MAX, &id) || id != (uint64_t)getpid()))
		return 0;
	return us / 2000;
}

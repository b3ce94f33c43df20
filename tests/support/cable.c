/* A cable that breaks when told (see the header). One thread passes on for all connections. */
#include "support/cable.h"

#include "support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mmsync/attr.h"
#include "mmsync/clock.h"

enum { MAX_LINKS = 64, CLIENT = 0, SERVER = 1 };

struct link {
	int fds[2];      /* -1: free */
	size_t answered; /* bytes */
};

static void
close_link(struct link *l)
{
	for (size_t i = 0; i < 2; i++) {
		if (l->fds[i] >= 0)
			(void)close(l->fds[i]);
	}
	*l = (struct link){ .fds = { -1, -1 } };
}

static bool
send_all(int fd, const char *from, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = send(fd, from + at, n - at, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		at += (size_t)put;
	}
	return true;
}

static void
count_cut(struct cable *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->n_cuts++;
	(void)pthread_mutex_unlock(&c->lock);
}

/* Answers on their way back, as many as are let through. False: it is cut. */
static bool
answer(struct cable *c, struct link *l, const char *bytes, size_t n, enum cable_mode mode,
       size_t limit)
{
	bool is_cut = mode == CABLE_CUT && l->answered + n > limit;

	if (is_cut)
		n = limit > l->answered ? limit - l->answered : 0;
	for (size_t at = 0, piece; at < n; at += piece) {
		piece = mode == CABLE_SLOW && limit < n - at ? limit : n - at;
		if (!send_all(l->fds[CLIENT], bytes + at, piece))
			return false;
		if (mode == CABLE_SLOW)
			mms_clock_sleep_ms(1);
	}
	l->answered += n;
	if (is_cut)
		count_cut(c);
	return !is_cut;
}

static void
pass_on(struct cable *c, struct link *l, int from, enum cable_mode mode, size_t limit)
{
	char buffer[65536];
	ssize_t n = read(l->fds[from], buffer, sizeof buffer);
	bool is_whole =
		n > 0 && (from == CLIENT ? send_all(l->fds[SERVER], buffer, (size_t)n)
					 : answer(c, l, buffer, (size_t)n, mode, limit));

	if (!is_whole)
		close_link(l);
}

static int
connect_on(const struct cable *c)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons((unsigned short)c->to_port) };
	bool is_unix = c->to_port == 0;
	int fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof un.sun_path, "%s", c->socket);
	const struct sockaddr *to = is_unix ? (struct sockaddr *)&un : (struct sockaddr *)&in;
	if (fd >= 0 && connect(fd, to, is_unix ? sizeof un : sizeof in) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static void
accept_link(struct cable *c, struct link *links, enum cable_mode mode, size_t limit)
{
	struct link l = { .fds = { accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC), -1 } };
	size_t i = 0;

	(void)pthread_mutex_lock(&c->lock);
	c->n_links++;
	(void)pthread_mutex_unlock(&c->lock);
	while (i < MAX_LINKS && links[i].fds[CLIENT] >= 0)
		i++;
	if (mode == CABLE_CUT && limit == 0)
		count_cut(c);
	else if (i < MAX_LINKS)
		l.fds[SERVER] = connect_on(c);
	if (l.fds[SERVER] >= 0)
		links[i] = l;
	else
		close_link(&l);
}

/* What it is told to be; false: to end. Takes what woke it. */
static bool
look(struct cable *c, enum cable_mode *mode, size_t *bytes)
{
	char word[64];

	while (read(c->told_fd, word, sizeof word) > 0)
		continue;
	(void)pthread_mutex_lock(&c->lock);
	*mode = c->mode;
	*bytes = c->bytes;
	bool is_over = c->is_over;
	(void)pthread_mutex_unlock(&c->lock);
	return !is_over;
}

static void
pass_all(struct cable *c, struct link *links, const struct pollfd *fds, enum cable_mode mode,
	 size_t limit)
{
	for (size_t i = 0; i < MAX_LINKS; i++) {
		for (int side = 0; side < 2; side++) {
			if (links[i].fds[CLIENT] >= 0 && fds[2 * i + (size_t)side].revents != 0)
				pass_on(c, &links[i], side, mode, limit);
		}
	}
}

static void *
serve(void *arg)
{
	struct cable *c = arg;
	struct link links[MAX_LINKS];
	struct pollfd fds[2 + 2 * MAX_LINKS];
	enum cable_mode mode;
	size_t limit;

	for (size_t i = 0; i < MAX_LINKS; i++)
		links[i] = (struct link){ .fds = { -1, -1 } };
	while (look(c, &mode, &limit)) {
		bool is_black = mode == CABLE_BLACK;

		fds[0] = (struct pollfd){ .fd = c->told_fd, .events = POLLIN };
		fds[1] = (struct pollfd){ is_black ? -1 : c->listen_fd, POLLIN, 0 };
		for (size_t i = 0; i < 2 * (size_t)MAX_LINKS; i++)
			fds[2 + i] = (struct pollfd){ is_black ? -1 : links[i / 2].fds[i % 2],
						      POLLIN, 0 };
		if (poll(fds, MMS_COUNT(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents != 0)
			continue; /* it may be another from now on */
		pass_all(c, links, fds + 2, mode, limit);
		if (fds[1].revents != 0)
			accept_link(c, links, mode, limit);
	}
	for (size_t i = 0; i < MAX_LINKS; i++)
		close_link(&links[i]);
	return NULL;
}

void
cable_start(struct cable *c, unsigned to_port, const char *socket_path)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int ends[2];

	*c = (struct cable){ .to_port = to_port };
	(void)snprintf(c->socket, sizeof c->socket, "%s",
		       socket_path != NULL ? socket_path : "");
	c->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(c->listen_fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(c->listen_fd, 64) != 0 ||
	    getsockname(c->listen_fd, (struct sockaddr *)&at, &len) != 0 ||
	    pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		fail_msg("cable: %s", strerror(errno));
	c->port = ntohs(at.sin_port);
	(void)snprintf(c->host, sizeof c->host, "127.0.0.1:%u", c->port);
	c->told_fd = ends[0];
	c->tell_fd = ends[1];
	(void)pthread_mutex_init(&c->lock, NULL);
	if (pthread_create(&c->thread, NULL, serve, c) != 0)
		fail_msg("cable: no thread");
}

static void
tell(struct cable *c, enum cable_mode mode, size_t bytes, bool is_over)
{
	(void)pthread_mutex_lock(&c->lock);
	c->mode = mode;
	c->bytes = bytes;
	c->is_over = is_over;
	(void)pthread_mutex_unlock(&c->lock);
	if (write(c->tell_fd, "x", 1) != 1)
		fail_msg("cable: %s", strerror(errno));
}

void
cable_stop(struct cable *c)
{
	if (c->port == 0)
		return;
	tell(c, CABLE_WHOLE, 0, true);
	(void)pthread_join(c->thread, NULL);
	(void)close(c->listen_fd);
	(void)close(c->tell_fd);
	(void)close(c->told_fd);
	(void)pthread_mutex_destroy(&c->lock);
	*c = (struct cable){ 0 };
}

void
cable_set(struct cable *c, enum cable_mode mode, size_t bytes)
{
	tell(c, mode, bytes, false);
}

unsigned
cable_n_cuts(struct cable *c)
{
	(void)pthread_mutex_lock(&c->lock);
	unsigned n = c->n_cuts;
	(void)pthread_mutex_unlock(&c->lock);
	return n;
}

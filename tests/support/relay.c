/* A misbehaving relay in front of MariaDB (see the header). One thread serves all connections. */
#include "support/relay.h"

#include "support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_LINKS = 32, HEAD = 4, IN_TRANS = 1 };

struct link {
	int client, server; /* -1: free, or (server) hung */
};

static bool
read_all(int fd, unsigned char *to, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, to + at, n - at);
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static bool
write_all(int fd, const unsigned char *from, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = send(fd, from + at, n - at, MSG_NOSIGNAL);
		if (put <= 0)
			return false;
		at += (size_t)put;
	}
	return true;
}

/* One packet with its head. Owns: the result, free(); NULL: the peer is gone. */
static unsigned char *
read_packet(int fd, size_t *n)
{
	unsigned char head[HEAD];

	if (!read_all(fd, head, HEAD))
		return NULL;
	size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
	unsigned char *packet = malloc(HEAD + len + 1);
	if (packet == NULL || !read_all(fd, packet + HEAD, len)) {
		free(packet);
		return NULL;
	}
	memcpy(packet, head, HEAD);
	packet[HEAD + len] = '\0';
	*n = HEAD + len;
	return packet;
}

static void
close_link(struct link *l)
{
	(void)close(l->client);
	if (l->server >= 0)
		(void)close(l->server);
	*l = (struct link){ -1, -1 };
}

/* Skip one length-encoded number of an OK packet. */
static size_t
skip_number(const unsigned char *p)
{
	return *p < 0xfb ? 1 : *p == 0xfc ? 3 : *p == 0xfd ? 4 : 9;
}

/* The bulk has been done; undo the transaction and tell the client nothing but OK. */
static bool
undo(struct link *l, unsigned char *ok, size_t n)
{
	static const unsigned char rollback[] = "\x09\0\0\0\x03ROLLBACK";
	size_t ignored;

	if (ok[HEAD] != 0x00 || !write_all(l->server, rollback, sizeof rollback - 1))
		return false;
	unsigned char *answer = read_packet(l->server, &ignored);
	if (answer == NULL || answer[HEAD] != 0x00) {
		free(answer);
		return false;
	}
	free(answer);
	unsigned char *p = ok + HEAD + 1;
	p += skip_number(p);
	p += skip_number(p);
	*p &= (unsigned char)~IN_TRANS;
	return write_all(l->client, ok, n);
}

static enum mms_relay_action
choose(struct mms_relay *r, const unsigned char *packet, size_t n)
{
	enum mms_relay_action action = MMS_RELAY_PASS;

	(void)pthread_mutex_lock(&r->lock);
	if (r->action != MMS_RELAY_PASS && n > HEAD && packet[3] == 0 &&
	    packet[HEAD] == r->command &&
	    (r->text == NULL ||
	     strncmp((const char *)packet + HEAD + 1, r->text, strlen(r->text)) == 0) &&
	    r->after-- == 0) {
		action = r->action;
		r->action = MMS_RELAY_PASS;
		r->n_hits++;
	}
	(void)pthread_mutex_unlock(&r->lock);
	return action;
}

/* A text that is cut by the end of a read is not found: what is asked for here is short. */
static void
replace_text(struct mms_relay *r, unsigned char *bytes, size_t n)
{
	(void)pthread_mutex_lock(&r->lock);
	size_t len = r->from != NULL ? strlen(r->from) : 0;
	for (size_t i = 0; len > 0 && i + len <= n; i++) {
		if (memcmp(bytes + i, r->from, len) == 0)
			memcpy(bytes + i, r->to, len);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

static void
from_client(struct mms_relay *r, struct link *l)
{
	size_t n, n_answer = 0;
	unsigned char *packet = read_packet(l->client, &n), *answer = NULL;

	if (packet == NULL) {
		close_link(l);
		return;
	}
	enum mms_relay_action action = choose(r, packet, n);
	bool is_ok = action != MMS_RELAY_CUT_BEFORE;
	if (n > HEAD && packet[HEAD] == MMS_RELAY_QUERY)
		replace_text(r, packet + HEAD, n - HEAD);
	if (is_ok && action != MMS_RELAY_HANG)
		is_ok = write_all(l->server, packet, n);
	if (is_ok && (action == MMS_RELAY_CUT_AFTER || action == MMS_RELAY_UNDO))
		answer = read_packet(l->server, &n_answer);
	if (action == MMS_RELAY_CUT_AFTER)
		is_ok = false;
	if (is_ok && action == MMS_RELAY_UNDO)
		is_ok = answer != NULL && undo(l, answer, n_answer);
	free(packet);
	free(answer);
	if (!is_ok)
		close_link(l);
}

static void
from_server(struct mms_relay *r, struct link *l)
{
	unsigned char buffer[65536];
	ssize_t n = read(l->server, buffer, sizeof buffer);

	if (n > 0)
		replace_text(r, buffer, (size_t)n);
	if (n <= 0 || !write_all(l->client, buffer, (size_t)n))
		close_link(l);
}

static void
accept_link(struct mms_relay *r, struct link *links)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct link l = { accept(r->listen_fd, NULL, NULL), socket(AF_UNIX, SOCK_STREAM, 0) };

	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s", r->upstream);
	for (size_t i = 0; i < MAX_LINKS; i++) {
		if (links[i].client >= 0)
			continue;
		if (connect(l.server, (struct sockaddr *)&to, sizeof to) != 0)
			break;
		links[i] = l;
		return;
	}
	close_link(&l);
}

static void *
serve(void *arg)
{
	struct mms_relay *r = arg;
	struct link links[MAX_LINKS];
	struct pollfd fds[2 + 2 * MAX_LINKS];

	for (size_t i = 0; i < MAX_LINKS; i++)
		links[i] = (struct link){ -1, -1 };
	for (;;) {
		fds[0] = (struct pollfd){ .fd = r->stop_reader, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = r->listen_fd, .events = POLLIN };
		for (size_t i = 0; i < MAX_LINKS; i++) {
			fds[2 + 2 * i] = (struct pollfd){ links[i].client, POLLIN, 0 };
			fds[3 + 2 * i] = (struct pollfd){ links[i].server, POLLIN, 0 };
		}
		if (poll(fds, 2 + 2 * MAX_LINKS, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents != 0)
			break;
		for (size_t i = 0; i < MAX_LINKS; i++) {
			if (links[i].client >= 0 && fds[3 + 2 * i].revents != 0)
				from_server(r, &links[i]);
			if (links[i].client >= 0 && fds[2 + 2 * i].revents != 0)
				from_client(r, &links[i]);
		}
		if (fds[1].revents != 0)
			accept_link(r, links);
	}
	for (size_t i = 0; i < MAX_LINKS; i++) {
		if (links[i].client >= 0)
			close_link(&links[i]);
	}
	return NULL;
}

void
mms_relay_start(struct mms_relay *r, const char *upstream)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int pipe_fds[2];

	*r = (struct mms_relay){ .upstream = upstream };
	r->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(r->listen_fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(r->listen_fd, 16) != 0 ||
	    getsockname(r->listen_fd, (struct sockaddr *)&at, &len) != 0 ||
	    pipe2(pipe_fds, O_CLOEXEC) != 0)
		fail_msg("relay: %s", strerror(errno));
	r->port = ntohs(at.sin_port);
	(void)snprintf(r->host, sizeof r->host, "127.0.0.1:%u", r->port);
	r->stop_reader = pipe_fds[0];
	r->stop_fd = pipe_fds[1];
	(void)pthread_mutex_init(&r->lock, NULL);
	if (pthread_create(&r->thread, NULL, serve, r) != 0)
		fail_msg("relay: no thread");
}

void
mms_relay_stop(struct mms_relay *r)
{
	if (r->upstream == NULL)
		return;
	(void)close(r->stop_fd);
	(void)pthread_join(r->thread, NULL);
	(void)close(r->stop_reader);
	(void)close(r->listen_fd);
	(void)pthread_mutex_destroy(&r->lock);
	*r = (struct mms_relay){ 0 };
}

void
mms_relay_arm(struct mms_relay *r, enum mms_relay_action action, int command, const char *text,
	      int after)
{
	(void)pthread_mutex_lock(&r->lock);
	r->action = action;
	r->command = command;
	r->text = text;
	r->after = after;
	r->n_hits = 0;
	(void)pthread_mutex_unlock(&r->lock);
}

void
mms_relay_replace(struct mms_relay *r, const char *from, const char *to)
{
	(void)pthread_mutex_lock(&r->lock);
	r->from = from;
	r->to = to;
	(void)pthread_mutex_unlock(&r->lock);
}

int
mms_relay_n_hits(struct mms_relay *r)
{
	(void)pthread_mutex_lock(&r->lock);
	int n = r->n_hits;
	(void)pthread_mutex_unlock(&r->lock);
	return n;
}

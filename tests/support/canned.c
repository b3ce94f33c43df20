/* A server that answers what it was given (see the header). */
#include "support/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/canned.h"

/* A request whole: its headers, and the body that they announce. */
static void
read_request(int fd, struct mms_str *asked)
{
	size_t begin = asked->len, wanted = 0;
	char buf[4096];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof buf);
		if (n <= 0)
			return;
		mms_str_addn(asked, buf, (size_t)n);
		const char *head = mms_str_get(asked) + begin, *end = strstr(head, "\r\n\r\n");
		if (end == NULL)
			continue;
		const char *length = strcasestr(head, "\r\nContent-Length:");
		wanted = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
		if (asked->len - begin >= (size_t)(end + 4 - head) + wanted)
			return;
	}
}

/* "=404 {...}" is an answer with another status; it is cut off the body. */
static unsigned long
take_status(const char **body)
{
	char *end = NULL;

	if (**body != '=')
		return 200;
	unsigned long status = strtoul(*body + 1, &end, 10);
	*body = end + (*end == ' ');
	return status;
}

static void *
serve(void *aux)
{
	struct canned *canned = aux;

	for (int fd; (fd = accept(canned->fd, NULL, NULL)) >= 0; close(fd)) {
		const char *body = canned->bodies[canned->n_served];
		MMS_AUTO(mms_str) answer = { 0 };

		read_request(fd, &canned->asked);
		if (body == NULL)
			continue;
		canned->n_served++;
		unsigned long status = take_status(&body);
		mms_str_addf(&answer,
			     "HTTP/1.1 %lu Canned\r\nContent-Type: %s\r\nContent-Length: %zu"
			     "\r\nConnection: close\r\n\r\n%s",
			     status, canned->type, strlen(body), body);
		for (size_t at = 0; at < answer.len;) {
			ssize_t n = send(fd, answer.ptr + at, answer.len - at, MSG_NOSIGNAL);
			if (n <= 0)
				break;
			at += (size_t)n;
		}
	}
	return NULL;
}

void
canned_start(struct canned *canned, const char *type, const char *const *bodies)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;

	*canned = (struct canned){ .type = type, .bodies = bodies };
	canned->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(canned->fd >= 0);
	assert_int_equal(bind(canned->fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(canned->fd, 8), 0);
	assert_int_equal(getsockname(canned->fd, (struct sockaddr *)&address, &len), 0);
	canned->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&canned->thread, NULL, serve, canned), 0);
}

void
canned_stop(struct canned *canned)
{
	if (canned->port == 0)
		return;
	(void)shutdown(canned->fd, SHUT_RDWR);
	(void)pthread_join(canned->thread, NULL);
	(void)close(canned->fd);
	canned->port = 0;
}

void
canned_release(struct canned *canned)
{
	canned_stop(canned);
	mms_str_release(&canned->asked);
}

/*
 * An HTTP client against a fake, with small limits. Every address it asks for holds a secret in
 * its user, password, path and query; every failure is checked not to tell one of them.
 */
#ifndef SUPPORT_CLIENT_H
#define SUPPORT_CLIENT_H

#include "mmsync/http.h"
#include "support/fake.h"

/* The file that the fake serves in these tests, and the word that no error may hold. */
#define CLIENT_FEED   "s3cret-path.ics"
#define CLIENT_SECRET "s3cret"

/* All zero is closed. */
struct client {
	struct fake *fake; /* borrowed */
	struct mms_http_limits limits;
	char host[64];
	const char *allowed[1];
	struct mms_http *http;
};

/* Small limits, the fake's host and port allowed; change client->limits, then open. */
void client_init(struct client *client, struct fake *fake);
void client_open(struct client *client);
void client_close(struct client *client);

/* "http://s3cret-user:s3cret-word@127.0.0.1:PORT/s3cret-path.ics?s3cret-query=1" */
char *client_url(const struct client *client, char *out, size_t size);

/* A feed's GET of client_url(); a failure is checked for secrets. */
mms_rc
client_get(const struct client *client, struct mms_http_answer *answer, struct mms_err *err);
/* The same for a request; its url NULL: client_url(). */
mms_rc client_run(const struct client *client, struct mms_http_request request,
		  struct mms_http_answer *answer, struct mms_err *err);

/* A GET that must fail with rc, its text holding `text`, within max_ms. */
void client_expect(const struct client *client, mms_rc rc, const char *text, int64_t max_ms);

/* Set the fake's behaviour for CLIENT_FEED, printf-like. */
void client_conf(const struct client *client, const char *fmt, ...) MMS_PRINTF(2, 3);

#endif

/*
 * A server that answers what it was given, in that order, whatever it is asked: for answers that no
 * service should give. One request a connection.
 */
#ifndef SUPPORT_CANNED_H
#define SUPPORT_CANNED_H

#include <pthread.h>
#include <stddef.h>

#include "mmsync/str.h"

/* All zero is not started. */
struct canned {
	int fd;
	unsigned port;
	pthread_t thread;
	const char *type, *const *bodies; /* NULL-ended; borrowed */
	size_t n_served;
	struct mms_str asked; /* the requests as they came, one behind the other */
};

/* Answer with status 200 ("=404 ...": 404), this content type and these bodies; then no more. */
void canned_start(struct canned *canned, const char *type, const char *const *bodies);
/* End it; what was asked may be read until it is released. */
void canned_stop(struct canned *canned);
void canned_release(struct canned *canned);

#endif

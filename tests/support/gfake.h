/*
 * The fake calendar service (Google's face and Microsoft Graph's) for a test: started and stopped as every fake (support/fake.h), told what
 * happens in lines of its language (tests/fakes/README.md), asked for what it has and what it saw.
 */
#ifndef SUPPORT_GFAKE_H
#define SUPPORT_GFAKE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "mmsync/attr.h"
#include "mmsync/str.h"
#include "support/fake.h"

/* The OAuth client that it knows until it is told another. */
#define GFAKE_CLIENT_ID     "client-1"
#define GFAKE_CLIENT_SECRET "secret-1"

void gfake_start(struct fake *fake);

/* Lines of its language; what is wrong with them fails the test. */
void gfake_control(const struct fake *fake, const char *fmt, ...) MMS_PRINTF(2, 3);
/* The same; false with the reason in wrong. */
bool gfake_try(const struct fake *fake, const char *script, char *wrong, size_t size);

/* All events of a calendar (NULL: of all), also deleted ones, as an array. Owns: json_decref(). */
json_t *gfake_events(const struct fake *fake, const char *calendar);
/* One of them by its id, NULL where there is none. Owns: json_decref(). */
json_t *gfake_event(const struct fake *fake, const char *calendar, const char *id);
/* The most requests to Graph's face that an account has had under way at one time. */
unsigned gfake_most_at_once(const struct fake *fake, const char *account);
/* Members on a path, "private.mmsync_kind", "graph.showAs" or "start"; times as instants, days as days; "" is none. */
void gfake_value(const json_t *event, const char *path, char *out, size_t size);
/* Is it that word? */
bool gfake_is(const json_t *event, const char *path, const char *want);

/*
 * Requests it took since the log was cleared: of a method (NULL: any) whose path holds part (NULL:
 * any). Those inside a batch count where a method is asked for; else the batch alone does.
 */
size_t gfake_count(const struct fake *fake, const char *method, const char *part);
/* The last such line of the log; NULL: none. Owns: json_decref(). */
json_t *gfake_last(const struct fake *fake, const char *method, const char *part);

/* One request with a body and header lines ("If-Match: x\r\n"); NULL: none. */
struct gfake_answer {
	unsigned status;
	struct mms_str head, body;
	json_t *doc; /* the body where it is JSON; NULL */
};
void gfake_answer_release(struct gfake_answer *answer);
/* False: the connection ended without a whole answer. */
bool gfake_ask(const struct fake *fake, const char *method, const char *address,
	       const char *headers, const char *body, struct gfake_answer *answer);

#endif

/*
 * Tables of requests to the fake service and what it must answer: rows in order, each beginning with
 * a label a new, empty service.
 */
#ifndef SUPPORT_GTABLE_H
#define SUPPORT_GTABLE_H

#include <stddef.h>

#include "support/gfake.h"

/*
 * In address, headers and body: $E is /calendar/v3/calendars/ann%40example.com/events, $sync, $page
 * and $etag are the last nextSyncToken, nextPageToken (encoded) and ETag. Of Graph: $ME is /v1.0/me, $VIEW
 * her calendarView's delta with a window (March 2026), $PREFER all that a client of ours prefers, $next and
 * $delta where the last links lead, $id the last id (encoded). Requests are Ann's, with JSON, unless headers
 * say otherwise ("-": none at all).
 */
struct gtable_row {
	const char *label;  /* NULL: it goes on where the last row was           */
	const char *script; /* control lines before the request; NULL            */
	const char *method; /* NULL: only the script                             */
	const char *address, *headers, *body;
	unsigned status; /* 0: no answer at all                               */
	/*
	 * ';'-separated: path=value of the JSON, path (is there), !path (is not), path#n (so many), path~text
	 * (holds it).
	 */
	const char *wants;
};
/* A group's set-up and tear-down: the one service that its tests ask. */
int gtable_start(void **state);
int gtable_stop(void **state);
const struct fake *gtable_fake(void);
/* What fails fails the test, with the label. */
void gtable_play(const struct gtable_row *rows, size_t n);
#define PLAY(rows) gtable_play(rows, MMS_COUNT(rows))

/* The text of a member, "error.errors.0.reason"; texts as they stand. False: not there. */
bool gtable_member(const json_t *doc, const char *path, char *out, size_t size);

/* Ann's account and her calendar, which every new service of a table has. */
#define GTABLE_ANN                                                                      \
	"reset\nnow 2026-03-02T08:00:00Z\naccount ann@example.com access=A refresh=R\n" \
	"calendar ann@example.com owner=ann@example.com zone=Europe/Berlin\n"

#endif

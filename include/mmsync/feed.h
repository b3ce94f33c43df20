/*
 * An iCal feed's bytes to events: index it, expand it inside a window, hand the occurrences up
 * one by one. Pure but for reading its file; memory grows with the number of components (about
 * 64 bytes each), not with the size of the feed.
 *
 * Source: RFC 5545, RFC 7986 and what feeds really hold (docs/feeds.md).
 * Layer: provider.
 */
#ifndef MMSYNC_FEED_H
#define MMSYNC_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/event.h"
#include "mmsync/zone.h"

struct mms_feed;

struct mms_feed_options {
	struct mms_zones *zones; /* where zones are found; must outlive the feed   */
	const struct mms_zone
		*floating_zone; /* NULL: X-WR-TIMEZONE, else default_zone         */
	const struct mms_zone
		*default_zone;           /* floating where nothing better; NULL: UTC       */
	const struct mms_zone *day_zone; /* all-day events; NULL: the floating zone's rule
						 without X-WR-TIMEZONE (floating_zone,
						 default_zone, UTC)                             */
	const char *charset;     /* as the transport told; of texts that are no UTF-8; NULL */
	const char *owner_email; /* whose PARTSTAT=DECLINED counts; NULL: nobody's */
	int64_t from_ms, to_ms;  /* window, Unix ms, [from, to), by overlap        */
	bool with_outside; /* also single events and moved instances outside the window         */
	size_t max_occurrences; /* ceiling for one series in the window; 0: a built-in one      */
};

/*
 * Read a whole feed from a file descriptor (seekable; positions are not moved) and check that
 * it is one: BEGIN:VCALENDAR, and each VCALENDAR ended.
 * Owns: *out, mms_feed_free(). Keeps: fd (borrowed, must stay open) and the options' pointers.
 * Errors: RETRY (truncated, HTML, not a calendar: a failure, never an emptiness), ITEM (too
 * many components), CONFIG (the tz database cannot be read), NOMEM.
 */
mms_rc mms_feed_open(struct mms_feed **out, int fd, const struct mms_feed_options *options,
		     struct mms_err *err) MMS_MUST_CHECK;
void mms_feed_free(struct mms_feed *feed);

/*
 * The next occurrence, in the order of the feed's components, then of time. *has is false at
 * the end. An event that cannot be read comes with `problem` set and is no error of the call.
 * Owns: *out's texts, mms_event_release(). Errors: NOMEM, RETRY (the file cannot be read),
 * CONFIG.
 */
mms_rc mms_feed_next(struct mms_feed *feed, struct mms_event *out, bool *has,
		     struct mms_err *err) MMS_MUST_CHECK;

/*
 * After the last mms_feed_next(): the earliest start of an occurrence that lies behind the
 * window's end, Unix ms, MMS_NO_TIME when there is none. Until the window's end reaches it an
 * unchanged feed means unchanged events.
 */
int64_t mms_feed_next_entry_ms(const struct mms_feed *feed);

/* Things said about the feed as a whole, for people. Borrows: as long as the feed. */
size_t mms_feed_n_warnings(const struct mms_feed *feed);
const char *mms_feed_warning(const struct mms_feed *feed, size_t i);

#endif

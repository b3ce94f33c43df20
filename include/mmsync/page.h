/*
 * A page of events as a provider hands it up, and what it tells of the calendar.
 *
 * Layer: provider.
 */
#ifndef MMSYNC_PAGE_H
#define MMSYNC_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/event.h"

/* What we may do in a calendar, as the service says. */
enum mms_calendar_role {
	MMS_ROLE_UNKNOWN,
	MMS_ROLE_NONE,
	MMS_ROLE_FREE_BUSY,
	MMS_ROLE_READER,
	MMS_ROLE_WRITER,
	MMS_ROLE_OWNER,
};
/* Borrows: static ("unknown", "none", "freeBusyReader", "reader", "writer", "owner"). */
const char *mms_calendar_role_name(enum mms_calendar_role role);
enum mms_calendar_role mms_calendar_role_parse(const char *text);
/* Unknown may: the service will say. */
bool mms_calendar_role_may_write(enum mms_calendar_role role);

/* One page. All zero is empty. */
struct mms_page {
	struct mms_event *events; /* owned */
	size_t n, cap;
	bool is_last;
	/* Of the last page: */
	bool is_unchanged;     /* nothing changed since the cursor; there are no events       */
	bool is_full;          /* the listing showed everything of the window                 */
	char *cursor;          /* owned: where this listing ended; NULL: none                 */
	int64_t next_entry_ms; /* start of the first event behind the window; MMS_NO_TIME; see
				  mms_feed_next_entry_ms()                                    */
	int64_t n_warnings;    /* things doubtful about the listing as a whole                */
	enum mms_calendar_role role; /* what we may do there; UNKNOWN: not said               */
	/*
	 * Of any page: series of which the listing has now shown everything in the window, though
	 * it is no full one: what is known of them and was not shown is gone. Owned texts.
	 */
	char **whole_series;
	size_t n_whole_series, cap_whole_series;
};
void mms_page_release(struct mms_page *page);
/* Empty it for the next page, its memory kept. */
void mms_page_clear(struct mms_page *page);
/* Room for one more event, zeroed; NULL: out of memory. Borrows: until the next call. */
struct mms_event *mms_page_add(struct mms_page *page);
/* Note a series as shown whole; the text is copied. Errors: NOMEM. */
mms_rc mms_page_add_series(struct mms_page *page, const char *series_id,
			   struct mms_err *err) MMS_MUST_CHECK;

#endif

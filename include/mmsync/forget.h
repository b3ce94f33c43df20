/*
 * What is remembered of one calendar, forgotten: its cursor, what the person's own events were like. The events'
 * rows stay, and so do their states with their UUIDs: busy blocks in other calendars come from those.
 *
 * Layer: store.
 */
#ifndef MMSYNC_FORGET_H
#define MMSYNC_FORGET_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/cursors.h"
#include "mmsync/db.h"
#include "mmsync/err.h"

/* What there is to forget of one calendar. All zero: nothing. */
struct mms_forget_counts {
	bool has_token;
	int64_t events;   /* states of the person's own events that say what they were like */
	int64_t bookings; /* live events of bookings, which are kept */
	int64_t letters;  /* dead letters of the person's own events, but for discarded ones */
};
/* One statement. Errors: GONE (there is no such cursor), RETRY. */
mms_rc mms_forget_look(struct mms_db *db, uint64_t cursor_id, struct mms_forget_counts *out,
		       struct mms_err *err) MMS_MUST_CHECK;

/*
 * The cursor, in a transaction under its lease: the next turn reads everything. What the rows cover (the window) stays
 * known, unless it makes no sense itself; so does how old what is stored is.
 */
mms_rc mms_forget_cursor(struct mms_tx *tx, uint64_t cursor_id, bool is_window_bad,
			 struct mms_err *err) MMS_MUST_CHECK;
/*
 * A reset's part of the cursor: sync --due takes it at once, and the busy blocks of its person are planned anew. With it
 * goes how often time slots in the calendar were filled anew.
 */
mms_rc
mms_forget_plans(struct mms_tx *tx, uint64_t cursor_id, struct mms_err *err) MMS_MUST_CHECK;
/* Of at most max of the person's own events what they were like; *n is of how many. */
mms_rc mms_forget_events(struct mms_tx *tx, uint64_t cursor_id, int64_t now_ms, int64_t max,
			 int64_t *n, struct mms_err *err) MMS_MUST_CHECK;
/* Their dead letters. What a person discarded stays discarded. */
mms_rc mms_forget_letters(struct mms_tx *tx, uint64_t cursor_id, int64_t *n,
			  struct mms_err *err) MMS_MUST_CHECK;

#endif

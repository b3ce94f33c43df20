/*
 * What the database knows of a person's time: active calendars and how far they were read, the
 * events that block in them, the bookings. Reads only; every function is one round trip unless it
 * says otherwise.
 *
 * Layer: store.
 */
#ifndef MMSYNC_BUSY_H
#define MMSYNC_BUSY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/columns.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/longest.h"
#include "mmsync/taken.h"

/* An active integration and what is remembered of it. Texts are owned. */
struct mms_busy_calendar {
	char *name, *title;
	char *owner;
	int64_t creation_us; /* site wall time; with owner it outlives a rename           */
	int64_t interval_minutes;
	int64_t last_sync_us;    /* site wall time of the last good sync, as Frappe has it    */
	bool has_cursor;         /* what follows is known                                     */
	int64_t last_success_ms; /* MMS_NO_TIME: never                                        */
	uint64_t cursor_id;
	struct mms_longest longest; /* of its events; has_bound: it is known               */
	bool has_bound;
	int64_t watermark_us, stamp_us; /* rows modified later, but for this, may be longer   */
	int64_t fence, batch_no; /* under which all of this was read                    */
	bool needs_reauth;
	int64_t n_letters; /* events that could not be read or written                  */
	int64_t window_start_ms, window_end_ms; /* what its events cover; MMS_NO_TIME     */
	bool has_zone; /* in which zone its events are stored is known */
	unsigned char zone[MMS_ZONE_MARK_BYTES]; /* mms_zone_mark() of it                   */
};

/* All zero is empty; texts are owned. */
struct mms_busy_person {
	char *user; /* as the database has it                                          */
	char *zone; /* of MM User Settings, else of User; NULL: nobody has said        */
	struct mms_busy_calendar *calendars; /* active ones, by name                   */
	size_t n, cap;
};
void mms_busy_person_release(struct mms_busy_person *person);

/*
 * A person and the active calendars, each with the cursor that is its own: that of its name, or
 * where the names were changed since the last sync (one more round trip each) of its creation and
 * owner. Errors: GONE (there is no such user), RETRY, DB, NOMEM.
 */
mms_rc
mms_busy_load_person(struct mms_db *db, const struct mms_columns *columns, const char *user,
		     struct mms_busy_person *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * busy_events.c: add the rows of these calendars that are live and whose times reach into (from_us,
 * to_us), stored times, those whose sync has failed among them: one round trip for 8 calendars,
 * one more where a sync has written to one of them since the person was read. No row is missed
 * that another program made longer than any before.
 */
mms_rc mms_busy_load_events(struct mms_db *db, const struct mms_busy_person *person,
			    int64_t from_us, int64_t to_us, struct mms_taken_list *out,
			    struct mms_err *err) MMS_MUST_CHECK;

/*
 * Add the bookings of the person, confirmed, pending and rescheduled, that reach into it; one may
 * be there twice.
 */
mms_rc mms_busy_load_bookings(struct mms_db *db, const struct mms_columns *columns,
			      const char *user, int64_t from_us, int64_t to_us,
			      struct mms_taken_list *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * A booking's name as the database has it, and its calendar_event (NULL: none).
 * Owns: *name_out, *event_out. Errors: GONE (there is none), RETRY, DB, NOMEM.
 */
mms_rc mms_busy_find_booking(struct mms_db *db, const char *name, char **name_out,
			     char **event_out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * The names nearest to a mistyped one, for a hint. Owns: *out; NULL: none is near. Of bookings the
 * 10000 that were changed last.
 */
mms_rc mms_busy_near_user(struct mms_db *db, const char *user, char **out,
			  struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_busy_near_booking(struct mms_db *db, const char *name, char **out,
			     struct mms_err *err) MMS_MUST_CHECK;

#endif

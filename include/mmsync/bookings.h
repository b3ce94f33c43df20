/*
 * Rows of MM Meeting Booking with their people, read whole and written as Frappe would write them:
 * guarded by `modified`, with history and Version.
 *
 * Layer: store.
 */
#ifndef MMSYNC_BOOKINGS_H
#define MMSYNC_BOOKINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/columns.h"
#include "mmsync/cursors.h"
#include "mmsync/db.h"
#include "mmsync/err.h"

/* An assigned user; of a site with the column assigned_user, that one. */
struct mms_booking_user {
	char *user;
	bool is_host; /* is_primary_host */
};
struct mms_booking_participant {
	char *email, *name, *user; /* name and user may be NULL */
};

/* All zero is empty; texts are owned, NULL where the column is NULL. Times are wall times. */
struct mms_booking {
	char *name, *owner;
	int64_t creation_us, modified_us; /* site time                */
	int64_t start_us, end_us;         /* of the event time zone   */
	int64_t duration_min;
	char *status, *title, *description, *location_type, *location, *video_url;
	char *customer_name, *customer_email, *customer_notes;
	char *calendar_event, *link;    /* external_calendar_link */
	bool is_synced;                 /* calendar_event_synced   */
	struct mms_booking_user *users; /* the primary host first, else in their order */
	size_t n_users;
	struct mms_booking_participant *participants;
	size_t n_participants;
	bool is_narrow; /* the site has no columns for place and cancellation */
};
void mms_booking_release(struct mms_booking *booking);

/* Three round trips. Errors: GONE (there is none of this name), RETRY, DB, NOMEM. */
mms_rc mms_booking_load(struct mms_db *db, const struct mms_columns *columns, const char *name,
			struct mms_booking *out, struct mms_err *err) MMS_MUST_CHECK;

/* Names of bookings. All zero is empty; texts are owned. */
struct mms_names_list {
	char **items;
	size_t n, cap;
};
void mms_names_list_release(struct mms_names_list *list);

/* Which bookings are to be looked at; what both ask for is listed once. */
struct mms_bookings_query {
	/*
	 * Those modified after this, site wall time, that no state was planned from as they are now
	 * (mmsync_event_state.booking_modified); MMS_NO_TIME: all of them, planned from or not.
	 */
	int64_t since_us;
	int64_t ends_after_us; /* only those that end later, event wall time; MMS_NO_TIME: all */
	const char *user;      /* only those of this user; NULL: everybody's */
};
mms_rc mms_bookings_find(struct mms_db *db, const struct mms_columns *columns,
			 const struct mms_bookings_query *query, struct mms_names_list *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/*
 * Bookings that live states name and that are no more, by the name that the states have. Those that
 * were renamed in Frappe (same creation, and the state's row now names the new one; or the only
 * booking of that creation that no state knows) are followed first: their states take the new name.
 * So do those of a booking whose creation alone was changed. Where another booking has the name of
 * one that is gone, the states of that one are called "<NAME>", which no booking can be, and listed so.
 * is_dry: nothing is written, and of what would be followed nothing is listed.
 */
mms_rc mms_bookings_find_gone(struct mms_db *db, bool is_dry, struct mms_names_list *out,
			      struct mms_err *err) MMS_MUST_CHECK;

/* How far bookings were looked at (mmsync_installation.bookings_seen); MMS_NO_TIME: not yet. */
mms_rc
mms_bookings_seen(struct mms_db *db, int64_t *out_us, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_bookings_put_seen(struct mms_db *db, int64_t us, struct mms_err *err) MMS_MUST_CHECK;
/*
 * All bookings were compared with these calendars as their last full readings left them (bookings_full_ms). Nothing is noted of one
 * that was read in full once more since it was loaded: that reading has its own comparison.
 */
mms_rc mms_bookings_put_compared(struct mms_db *db, struct mms_cursor *const *cursors, size_t n,
				 struct mms_err *err) MMS_MUST_CHECK;

/* What is written to a booking. Texts are borrowed; all of them are written, changed or not. */
struct mms_booking_change {
	const char *name;
	int64_t modified_us, new_modified_us; /* only if it still is the first */
	const char *by;                       /* modified_by                   */
	int64_t start_us, end_us, duration_min;
	const char *status, *title, *location, *video_url, *calendar_event, *link;
	bool is_synced;
	int64_t cancelled_at_us;         /* site time; MMS_NO_TIME: left as it is */
	const char *cancellation_reason; /* NULL: left as it is                   */
	bool is_narrow; /* the booking's: location, video_url, cancellation are not written */
};
/* The change that leaves a booking as it is; the caller then sets what changes. Borrows: booking. */
struct mms_booking_change mms_booking_same(const struct mms_booking *booking);
/*
 * Hold its row until the transaction ends: who renames or deletes it finds what names it, or nothing
 * is written. Errors: GONE (renamed or deleted), RETRY.
 */
mms_rc
mms_booking_hold(struct mms_tx *tx, const char *name, struct mms_err *err) MMS_MUST_CHECK;
/* Errors: CONFLICT (somebody else changed it since), GONE, ITEM, RETRY. */
mms_rc mms_booking_write(struct mms_tx *tx, const struct mms_booking_change *change,
			 struct mms_err *err) MMS_MUST_CHECK;

/* A row of booking_history. Texts are borrowed. */
struct mms_booking_history {
	const char *booking, *event_type, *text, *by;
	int64_t at_us; /* site time */
};
/*
 * Append it (after the last idx), with the parent's creation and owner. Errors: GONE (no such
 * booking), RETRY, ITEM. name_out: its name, 10 of [0-9a-v], NUL-terminated; a taken one is
 * tried again. Its idx into *idx_out.
 */
#define MMS_HASH_NAME 11
mms_rc mms_booking_add_history(struct mms_tx *tx, const struct mms_booking_history *history,
			       char name_out[MMS_HASH_NAME], int64_t *idx_out,
			       struct mms_err *err) MMS_MUST_CHECK;

/*
 * The Version row of a change as Frappe's save would have written it: what differs between booking
 * and change (but modified), and the history rows that were added. Nothing is written where nothing
 * differs. Times are printed as Frappe prints them, cut to seconds.
 */
struct mms_booking_version {
	const struct mms_booking *before;
	const struct mms_booking_change *after;
	struct {
		struct mms_booking_history row;
		char name[MMS_HASH_NAME];
		int64_t idx;
	} added[4];
	size_t n_added;
};
mms_rc mms_booking_add_version(struct mms_tx *tx, const struct mms_booking_version *version,
			       int64_t now_us, struct mms_err *err) MMS_MUST_CHECK;

/* ---- whose calendar takes it ---------------------------------------------------------------- */

/* An integration of a user, as far as a booking needs it. Texts are owned. */
struct mms_target {
	char *integration, *title, *user, *type, *direction, *owner;
	int64_t creation_us;
	bool is_active, is_primary, is_auto;
	uint64_t cursor_id; /* its cursor, of the same creation and owner; 0: none yet */
	int64_t role;       /* enum mms_calendar_role                                  */
	bool needs_reauth;
};
struct mms_targets {
	struct mms_target *items;
	size_t n, cap;
};
void mms_targets_release(struct mms_targets *targets);
/*
 * Add the integrations of the user whose calendar this cursor is of; nothing where that does not
 * exist any more.
 */
mms_rc mms_targets_add_of(struct mms_db *db, uint64_t cursor_id, struct mms_targets *out,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Add the integrations of a user, active or not, by name. */
mms_rc mms_targets_add(struct mms_db *db, const char *user, struct mms_targets *out,
		       struct mms_err *err) MMS_MUST_CHECK;

#endif

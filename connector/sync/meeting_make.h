/* A booking as a meeting, and the row that its event has: pure. Private to sync/. */
#ifndef SYNC_MEETING_MAKE_H
#define SYNC_MEETING_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/bookings.h"
#include "mmsync/email.h"
#include "mmsync/event_row.h"
#include "mmsync/meeting.h"
#include "mmsync/zone.h"

/* Where guests stand: some services mail whoever is one. */
enum mms_guests_stand { MMS_GUESTS_NOWHERE, MMS_GUESTS_INVITED, MMS_GUESTS_IN_TEXT };

/*
 * What a booking says. Title: meeting_title, else "No Title". Text: meeting_description as it is,
 * then the customer's name and notes, escaped. Place: the video URL of a Video Call, else the
 * location. Guests, where they are wanted: customer and participants whose addresses the DocType
 * would take, without those of hosts_left_out (the assigned users'; NULL-ended); or named in the text.
 * Owns: *out. Errors: ITEM (it has no start), NOMEM.
 */
mms_rc mms_meeting_of_booking(const struct mms_booking *b, const struct mms_zone *event_zone,
			      enum mms_guests_stand guests, const char *const *hosts_left_out,
			      const struct mms_email *email, struct mms_meeting *out,
			      struct mms_err *err) MMS_MUST_CHECK;

/*
 * The row of MM Calendar Event Sync of a booking's event: type Meeting Booking, Synced, blocking.
 * modified_ms: last change outside; MMS_NO_TIME: not told. Owns: *out. Errors: ITEM, NOMEM.
 */
mms_rc
mms_booking_event_row(const struct mms_meeting *meeting, const char *external_id,
		      int64_t modified_ms, const struct mms_row_rules *rules, int64_t now_ms,
		      struct mms_event_row *out, struct mms_err *err) MMS_MUST_CHECK;

#endif

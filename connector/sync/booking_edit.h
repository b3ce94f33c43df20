/*
 * What a settle writes into the booking: the fields that a person changed outside, our notes of the event,
 * and the history that tells of it. Pure but for the clock that it is given. Private to sync/.
 */
#ifndef SYNC_BOOKING_EDIT_H
#define SYNC_BOOKING_EDIT_H

#include "outward.h"

#define MMS_EDIT_HISTORY 4

/* All zero is empty. Texts that the change borrows are owned here or by the booking. */
struct mms_booking_edit {
	struct mms_booking_change change;
	bool is_changed; /* something is to be written */
	struct {
		const char *event_type;
		struct mms_str text;
	} history[MMS_EDIT_HISTORY];
	size_t n_history;
	struct mms_event_row taken; /* words of the event that the change borrows */
	struct mms_event_row row;   /* of the event, after the change */
	struct mms_base base;       /* what both sides are then       */
};
void mms_booking_edit_release(struct mms_booking_edit *edit);

/*
 * row_name: of the event's row, as it will be. Nothing is written here. Errors: NOMEM, ITEM.
 */
mms_rc mms_booking_edit_make(const struct mms_outward *o, const struct mms_settlement *s,
			     const char *row_name, struct mms_booking_edit *out,
			     struct mms_err *err) MMS_MUST_CHECK;

#endif

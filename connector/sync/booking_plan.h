/*
 * What should exist outside for a booking: pure decisions from facts. fixtures/plan/bookings.txt
 * has every case as a row. Private to sync/.
 */
#ifndef SYNC_BOOKING_PLAN_H
#define SYNC_BOOKING_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/bookings.h"
#include "mmsync/events.h"
#include "mmsync/outbox.h"
#include "mmsync/uuid.h"

/* What a booking wants of the calendars of its people. */
enum mms_wish {
	MMS_WISH_PRESENT, /* Confirmed, Rescheduled                             */
	MMS_WISH_AS_IS,   /* Pending, Completed, No-Show, and what we do not know */
	MMS_WISH_ABSENT,  /* Cancelled, or the booking is gone                  */
};
/* NULL: the booking is gone. A booking whose status is NULL has "". */
enum mms_wish mms_booking_wish(const char *status);

/*
 * Which of a user's integrations takes bookings: the primary two-way one, else the only one; an
 * index into targets (which may hold those of others, too), or -1 and why there is none. Two-way:
 * active, of that direction, of a service that this build can write to, and our role there may.
 * Borrows: *why, static, NULL where there is one.
 */
long mms_booking_choose_target(const struct mms_targets *targets, const char *user,
			       const char **why);
/* Could this one, as far as it goes by itself? */
bool mms_booking_takes(const struct mms_target *target);
/* The same with another word on which services can be written to. */
typedef bool mms_type_may_write(const char *integration_type);
long mms_booking_choose_among(const struct mms_targets *targets, const char *user,
			      mms_type_may_write *may_write, const char **why);

/* A booking in one calendar: what is wanted, and what is known. */
struct mms_event_plan_input {
	bool is_wanted; /* the wish is PRESENT, and this calendar is the target of an assigned user */
	/*
	 * The wish is AS_IS, or this calendar cannot be written to any more, or the booking ended
	 * before the window and nobody asked for it by name.
	 */
	bool is_kept;
	bool has_state;
	enum mms_state_status status;
	enum mms_removed_by removed_by;
	bool content_differs; /* from the base of the last settle, or that is not known      */
	bool has_outbox;      /* something is waiting for it, or on its way                  */
	bool is_unlinked;     /* the booking should point to this event, and does not         */
	/* Given up for what is wanted now; a letter of a change is none of a removal. */
	bool is_given_up_same;
};

enum mms_event_step {
	MMS_STEP_NOTHING,
	MMS_STEP_CREATE, /* a new state, and with it a new event                    */
	MMS_STEP_SETTLE, /* it was announced: find out what became of it, and finish */
	MMS_STEP_UPDATE,
	/* Of an announced one: after asking whether it exists, which the executor does. */
	MMS_STEP_DELETE,
};
/* "nothing", "create", "settle", "update", "delete". Borrows: static. */
const char *mms_event_step_name(enum mms_event_step step);

/* What the outbox calls it; NULL: nothing is put there. Borrows: static. */
const char *mms_event_step_operation(enum mms_event_step step);

struct mms_event_plan {
	enum mms_event_step step;
	const char *why; /* static: for a dry run */
};
struct mms_event_plan mms_plan_booking_event(const struct mms_event_plan_input *in);

/*
 * The correlation UUID of a booking's event in a calendar: the same for whoever plans it, so that
 * two who do it at once make one event. incarnation: how many events of it there were before in
 * that calendar. Version 8. Source: RFC 9562 section 5.8. Errors: NOMEM.
 */
mms_rc
mms_booking_event_uuid(const unsigned char site_uuid[MMS_UUID_BYTES], const char *booking,
		       int64_t booking_creation_us, uint64_t cursor_id, unsigned incarnation,
		       unsigned char out[MMS_UUID_BYTES], struct mms_err *err) MMS_MUST_CHECK;

#endif

/*
 * Single rows that a person asks for: dead letters, one event, the events of one booking.
 *
 * Layer: store.
 */
#ifndef MMSYNC_LETTERS_H
#define MMSYNC_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/events.h"
#include "mmsync/pool.h"

/* A dead letter as its row has it. Texts are owned; NULL where there is none. */
struct mms_letter {
	uint64_t id, cursor_id; /* cursor_id 0: of no integration                         */
	char *integration;      /* the name that its cursor has                           */
	char *operation;        /* "apply", an outward one, or "quarantine"               */
	char *external_id; /* NULL: the service has not named it yet                          */
	char *payload;     /* what could not be sent, without secrets                         */
	char *code;        /* "unreadable", "refused", "conflict"                             */
	char *text;        /* in a list only its first line                                   */
	int64_t attempts, first_at_ms, last_at_ms;
	enum mms_letter_state state;
	unsigned char print[MMS_PRINT_BYTES];
	bool has_print;
	char *row_name, *row_title, *row_status; /* of its MM Calendar Event Sync         */
	char *booking;                           /* whose event it is; NULL: of none      */
	/* Of a busy block: what it should say, and the calendar that it comes from. */
	bool is_block;
	unsigned char block[16]; /* of a quarantine also where the block got another id since */
	uint64_t source_id; /* a cursor's                                                 */
	char *source;       /* the name that this cursor has; NULL: none                  */
	char *block_title;
	int64_t start_ms, end_ms;
};
void mms_letter_release(struct mms_letter *letter);
/* "open", "given_up", "discarded". Borrows: static. */
const char *mms_letter_state_name(enum mms_letter_state state);
/*
 * Is it about a busy block that is left alone because it was written again and again? Nothing has failed: it is not
 * tried again, and not discarded, but released.
 */
bool mms_letter_is_quarantine(const struct mms_letter *letter);

/* All zero is empty. */
struct mms_letters {
	struct mms_letter *items;
	size_t n, cap;
};
void mms_letters_release(struct mms_letters *letters);

/* All of them by id, without payload. */
mms_rc mms_letters_load(struct mms_db *db, bool with_discarded, struct mms_letters *out,
			struct mms_err *err) MMS_MUST_CHECK;
/* One of them, whole. Errors: GONE (there is none, or no more). */
mms_rc mms_letters_load_one(struct mms_db *db, uint64_t id, struct mms_letter *out,
			    struct mms_err *err) MMS_MUST_CHECK;
/* The letter of an event whose row could not be brought up to date. Errors: GONE (none). */
mms_rc mms_letters_load_of(struct mms_db *db, const char *integration, const char *stored_id,
			   struct mms_letter *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Open it anew, or discard it, if it still is as it was read. No lease is asked for: a turn on its
 * way may write the letter after this, and what is written here holds all the same (LETTER_PUT).
 * Errors: CONFLICT (it is not as it was read: read it again), RETRY.
 */
mms_rc mms_letters_open(struct mms_db *db, const struct mms_letter *letter,
			struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_letters_discard(struct mms_db *db, const struct mms_letter *letter,
			   struct mms_err *err) MMS_MUST_CHECK;

/*
 * End a quarantine: all blocks from its source's calendar in its calendar at its time are made and changed as if
 * they never had been, their letters go, and the events that they come from are due. One that was never made is dead:
 * it is planned anew. One transaction. Errors: GONE (there is no such letter, or no more), RETRY, CONFLICT.
 */
mms_rc mms_letters_end_quarantine(struct mms_db *db, const struct mms_letter *letter,
				  int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;

/* A row of MM Calendar Event Sync and the integration that it is of. Texts are owned. */
struct mms_event_ref {
	char *name, *integration, *external_id, *status, *direction, *event_type, *booking;
	char *error_log;
	int64_t last_synced_us; /* site wall time; MMS_NO_TIME: never                      */
	bool has_integration;   /* it exists                                               */
	bool is_active;
	char *integration_type;
};
void mms_event_ref_release(struct mms_event_ref *ref);
/* Errors: USAGE (there is no such row, with the nearest name). */
mms_rc mms_event_ref_load(struct mms_db *db, const char *name, struct mms_event_ref *out,
			  struct mms_err *err) MMS_MUST_CHECK;

/* The events of one booking: those that name it, and the one that it names. */
struct mms_booking_events {
	char *booking;   /* owned: its name as its row spells it                            */
	bool is_deleted; /* there is no such booking any more, only events of it             */
	struct mms_event_ref *items; /* owned; without the integration's facts               */
	size_t n, cap;
};
void mms_booking_events_release(struct mms_booking_events *events);
/* Errors: USAGE (nobody knows such a booking, with the nearest name). */
mms_rc
mms_booking_events_load(struct mms_db *db, const char *booking, struct mms_booking_events *out,
			struct mms_err *err) MMS_MUST_CHECK;
/* How many of them have this status. */
size_t
mms_booking_events_count(const struct mms_booking_events *events, enum mms_row_status status);
/* Is the booking in its calendars: one event is Synced, none failed or waits? */
bool mms_booking_is_synced(const struct mms_booking_events *events);

#endif

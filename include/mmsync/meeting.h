/*
 * A meeting as a booking and a calendar's event both have it, and what to do when they differ:
 * three-way by field against what both were at the last settle. Pure.
 *
 * Layer: model.
 */
#ifndef MMSYNC_MEETING_H
#define MMSYNC_MEETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/digest.h"
#include "mmsync/err.h"
#include "mmsync/event.h"

/* Fields of an event that we write; a set of them is their OR. */
enum mms_meeting_field {
	MMS_FIELD_TIMES = 1 << 0,
	MMS_FIELD_TITLE = 1 << 1,
	MMS_FIELD_PLACE = 1 << 2,
	MMS_FIELD_TEXT = 1 << 3, /* description, HTML */
	MMS_FIELD_GUESTS = 1 << 4,
	MMS_FIELD_ALL = (1 << 5) - 1,
	/* Of a write, beside those: the mark of an event that is there already. */
	MMS_FIELD_MARK = 1 << 5,
};

struct mms_guest {
	char *email; /* owned; a valid address, as it was typed */
	char *name;  /* owned; NULL: unknown                    */
};

/* All zero is empty. Texts are owned, well-formed UTF-8, NULL where there is nothing. */
struct mms_meeting {
	int64_t start_ms, end_ms; /* Unix ms; MMS_NO_TIME: unknown */
	char *title, *place;
	char *text;               /* description, HTML as the service takes it */
	struct mms_guest *guests; /* sorted (mms_meeting_sort_guests())        */
	size_t n_guests;
};
void mms_meeting_release(struct mms_meeting *meeting);
/* Guests by address, case ignored; of those with the same address one stays. */
void mms_meeting_sort_guests(struct mms_meeting *meeting);
/* Is this address one of its guests? Case is ignored. */
bool mms_meeting_has_guest(const struct mms_meeting *meeting, const char *email);

/* A side of the meeting as it was at the last settle: long texts only as digests. All zero: unknown. */
struct mms_meeting_base {
	bool is_known;
	int64_t start_ms, end_ms;
	char *title, *place; /* owned; NULL: nothing */
	unsigned char text[MMS_SHA256_BYTES], guests[MMS_SHA256_BYTES];
};

void mms_meeting_base_release(struct mms_meeting_base *base);

/* What both sides were, and what else a settle remembers. All zero is empty. */
struct mms_base {
	char *status; /* owned; booking_status then                               */
	struct mms_meeting_base booking, outside;
	char *link;     /* owned; where a person opens the event, whole; NULL: unknown */
	char *calendar; /* owned; the calendar_id of its integration then; NULL: none */
	char *service;  /* owned; the provider's name then; NULL: from before there were two */
	/* Owned; addresses that we put there as guests, a line each; NULL: none, or not known. */
	char *invited;
};
void mms_base_release(struct mms_base *base);

/*
 * What an event's content is, as a meeting: a side to compare. Guests by address, sorted, without
 * the organizer's own entry where the service adds one. Owns: *out. Errors: NOMEM.
 */
mms_rc mms_meeting_of_event(const struct mms_event *event, struct mms_meeting *out,
			    struct mms_err *err) MMS_MUST_CHECK;

/* Errors: NOMEM. Owns: *out. */
mms_rc mms_meeting_base_make(const struct mms_meeting *meeting, struct mms_meeting_base *out,
			     struct mms_err *err) MMS_MUST_CHECK;

/* The addresses of a meeting's guests, a line each. Owns: *out; NULL: none. Errors: NOMEM. */
mms_rc mms_meeting_list_guests(const struct mms_meeting *meeting, char **out,
			       struct mms_err *err) MMS_MUST_CHECK;
/*
 * The meeting with the guests of its event whom we did not put there (invited: those whom we did): a
 * person has added them, and a list of guests is written as a whole. Owns: *out. Errors: NOMEM.
 */
mms_rc mms_meeting_with_guests(const struct mms_meeting *meeting, const struct mms_event *event,
			       const char *invited, struct mms_meeting *out,
			       struct mms_err *err) MMS_MUST_CHECK;

/* JSON of mmsync_event_state.base_content, and back. Errors: NOMEM; of read also ITEM (it is none). */
mms_rc mms_base_write(const struct mms_base *base, struct mms_str *out,
		      struct mms_err *err) MMS_MUST_CHECK;
mms_rc
mms_base_read(const char *text, struct mms_base *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Fields (enum mms_meeting_field) in which a meeting is not what it was; all where it is not known.
 * NULL is as good as "", guests are the same by their addresses, case ignored.
 */
mms_rc mms_meeting_differs(const struct mms_meeting *now, const struct mms_meeting_base *base,
			   unsigned *fields, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Does a text, HTML as we write it, say what a service shows of it: the same words, as HTML or as plain text,
 * whatever its blanks and tags? NULL is as good as "".
 */
bool mms_meeting_reads_same(const char *html, const char *other);

/* Fields of an event that can be taken over into a booking. */
#define MMS_FIELDS_BACK (MMS_FIELD_TIMES | MMS_FIELD_TITLE | MMS_FIELD_PLACE)

/* What changed on either side; fields are sets of enum mms_meeting_field. */
struct mms_merge_input {
	unsigned booking_changed, outside_changed;
	unsigned differs; /* the two sides say different things now */
	bool is_outside_later;
};
/* What follows. Fields in both lost_* sets were changed on both sides. */
struct mms_merge {
	unsigned to_outside;                 /* send the booking's           */
	unsigned to_booking;                 /* take the event's             */
	unsigned lost_outside, lost_booking; /* whose value is overwritten: goes into history */
};
/*
 * Changed on one side: that side. On both, and not to the same: the later one. What cannot be taken
 * into a booking (text, guests) stays as the person has it outside, until the booking's is changed
 * later.
 */
struct mms_merge mms_meeting_merge(const struct mms_merge_input *in);

#endif

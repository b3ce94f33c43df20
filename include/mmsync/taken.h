/*
 * What takes somebody's time, events and bookings: a booking and its event in a calendar are one
 * thing. Pure.
 *
 * Layer: model.
 */
#ifndef MMSYNC_TAKEN_H
#define MMSYNC_TAKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/spans.h"

/* Why nobody can be sure of a row. */
enum mms_doubt {
	MMS_DOUBT_NONE,
	MMS_DOUBT_FAILED, /* Sync Failed: it does not block                               */
	MMS_DOUBT_NO_END, /* its end is missing or not after its start: it blocks a minute */
};

/* One event or booking. All zero is empty; texts are owned, NULL where there is none. */
struct mms_taken {
	char *name, *title, *event_type, *location;
	char *integration; /* of an event, or of the booking's event                       */
	char *link;        /* an event's meeting_booking, a booking's calendar_event       */
	bool is_booking;
	bool is_failed;           /* sync_status is Sync Failed                           */
	int64_t start_us, end_us; /* as stored; MMS_NO_TIME: NULL                         */
	struct mms_span span;     /* what they mean; mms_taken_settle() fills it          */
	enum mms_doubt doubt;     /* the same                                             */
	bool blocks;              /* the same                                             */
};

void mms_taken_release(struct mms_taken *item);

/* All zero is empty. */
struct mms_taken_list {
	struct mms_taken *items;
	size_t n, cap;
};
void mms_taken_list_release(struct mms_taken_list *list);
/* A new item at the end, empty. NULL: no memory. Borrows: until the next. */
struct mms_taken *mms_taken_list_add(struct mms_taken_list *list);

/* What is asked of a list. */
struct mms_taken_question {
	struct mms_span_zones zones;
	struct mms_span span;
	/* This booking and the events that are its own do not count; NULL: all do. */
	const char *excluded_booking, *excluded_event;
};

/*
 * Keep what overlaps the span, each with its meaning: a booking and its own event that overlap or
 * touch become one, the booking with the event's calendar and the time of both. Those that lie
 * apart (moved on one side) stay two. A booking that is there twice counts once. In order of start, end, name. Errors: NOMEM.
 */
mms_rc mms_taken_settle(struct mms_taken_list *list, const struct mms_taken_question *question,
			struct mms_err *err) MMS_MUST_CHECK;

/* For people and for JSON: "sync_failed", "no_end"; "" for none. Static. */
const char *mms_doubt_name(enum mms_doubt doubt);

#endif

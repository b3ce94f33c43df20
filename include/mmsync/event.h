/*
 * A calendar event as every provider hands it up: the service's facts, in our words, with
 * instants instead of zones. What becomes of it in the database is decided in sync/.
 *
 * Layer: model.
 */
#ifndef MMSYNC_EVENT_H
#define MMSYNC_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/timetext.h"

enum mms_event_kind {
	MMS_EVENT_DEFAULT,
	MMS_EVENT_OUT_OF_OFFICE,
	MMS_EVENT_FOCUS,
	MMS_EVENT_WORKING_LOCATION,
	MMS_EVENT_BIRTHDAY,
};

/* How the time is shown to others; says whether it blocks. */
enum mms_event_show {
	MMS_SHOW_BUSY,
	MMS_SHOW_FREE,
	MMS_SHOW_TENTATIVE,
	MMS_SHOW_OUT_OF_OFFICE,
	MMS_SHOW_ELSEWHERE, /* working elsewhere */
};

enum mms_event_status { MMS_EVENT_CONFIRMED, MMS_EVENT_TENTATIVE, MMS_EVENT_CANCELLED };

/* The names are Google's for every service (mms_response_name). */
enum mms_response {
	MMS_RESPONSE_UNKNOWN,
	MMS_RESPONSE_NEEDS_ACTION,
	MMS_RESPONSE_ACCEPTED,
	MMS_RESPONSE_TENTATIVE,
	MMS_RESPONSE_DECLINED,
};

/* As what somebody is invited; a resource is a room or another thing that is booked. */
enum mms_attendee_type {
	MMS_ATTENDEE_REQUIRED,
	MMS_ATTENDEE_OPTIONAL,
	MMS_ATTENDEE_RESOURCE,
};

struct mms_attendee {
	char *email;        /* owned; without "mailto:"; not yet judged */
	char *display_name; /* owned; NULL = unknown                    */
	enum mms_response response;
	enum mms_attendee_type type; /* of services that tell it        */
};

/* What stands on an event that an installation of mmsync has made or tagged. */
enum mms_mark_kind {
	MMS_MARK_NONE,
	MMS_MARK_BOOKING,
	MMS_MARK_BUSY_BLOCK,
	MMS_MARK_USER_EVENT,
	MMS_MARK_OTHER, /* a kind that this version does not know */
};
/*
 * The correlation ids of an event (mmsync_id, mmsync_kind, mmsync_source, mmsync_site at the
 * service). All zero: none. An event whose mark cannot be read has none.
 */
struct mms_mark {
	enum mms_mark_kind kind;
	bool has_source;
	unsigned char id[16], source[16]; /* UUIDs; source of busy blocks only */
	unsigned char site[16];           /* which installation made it        */
};
/* "booking", "busy_block", "user_event", and back. Borrows: static; NULL for others. */
const char *mms_mark_kind_name(enum mms_mark_kind kind);
enum mms_mark_kind mms_mark_kind_parse(const char *text, size_t len);

/* All zero is an empty event. Texts are well-formed UTF-8, owned, NULL where absent. */
struct mms_event {
	char *external_id;   /* exact id in the service, or "UID/RECURRENCE-ID" of a feed   */
	char *series_id;     /* of an instance: the series it belongs to                    */
	char *recurrence_id; /* feeds: "20260323T080000Z" or "20260310"; NULL for a single  */
	char *ical_uid;
	char *version; /* etag or change key                                          */
	char *title, *description, *location;
	char *organizer_email; /* not yet judged                                       */
	char *link;            /* where a person opens it in a browser                 */
	struct mms_attendee *attendees;
	size_t n_attendees;

	bool is_all_day;
	int64_t start_ms, end_ms;   /* Unix ms, UTC, end exclusive; MMS_NO_TIME = unknown. Of an
				     all-day event: as its zone (of the reader) has them     */
	int64_t first_day, end_day; /* all-day: days since 1970-01-01, end exclusive        */
	int64_t modified_ms;        /* last change outside; MMS_NO_TIME = not told          */

	enum mms_event_kind kind;
	enum mms_event_show show;
	enum mms_event_status status;
	bool is_private;  /* details are not for others                                 */
	bool is_declined; /* the calendar's owner said no                               */
	bool is_gone;     /* a tombstone: only external_id is sure                      */
	bool is_outside;  /* does not overlap the window that was asked for             */
	/*
	 * A master: asked for by its id, or shown (then is_outside, too) to say that what was known of it
	 * as a single event is over.
	 */
	bool is_series;
	bool is_partial; /* the service left guests out: attendees are not all         */
	struct mms_mark mark;
	/* The UUID that whoever made it told the service (transactionId of Graph), where it is one. */
	bool has_made_with;
	unsigned char made_with[16];

	char *problem; /* why it cannot be read, for a person; NULL = it could be       */
	char *warning; /* what was doubtful but read all the same; NULL = nothing       */
};

void mms_event_release(struct mms_event *event);
/* Deep. Owns: *out, written on success only. Errors: NOMEM. */
mms_rc mms_event_copy(const struct mms_event *event, struct mms_event *out,
		      struct mms_err *err) MMS_MUST_CHECK;

/* needsAction, accepted, tentative, declined; NULL for unknown. Borrows: static text. */
const char *mms_response_name(enum mms_response response);
/* confirmed, tentative, cancelled. */
const char *mms_event_status_name(enum mms_event_status status);

/* What the site decides about kinds of time that may or may not block. */
struct mms_blocking_rules {
	bool tentative, focus_time, all_day; /* true: such time blocks */
};

/*
 * Does this event make its owner busy? Cancelled, declined, free, working elsewhere, working
 * location and birthday never do; out of office always does.
 */
bool
mms_event_is_blocking(const struct mms_event *event, const struct mms_blocking_rules *rules);

/*
 * The form of the external id that a column of max_chars holds: the id itself, or "sha256:" and
 * the hex digest of it when it is longer, or when it is a single feed event whose UID ends like
 * an instance's id ("/20260323T080000Z", "/20260310").
 * Owns: *out. Errors: NOMEM.
 */
mms_rc mms_event_stored_id(const char *exact_id, bool is_instance, size_t max_chars, char **out,
			   struct mms_err *err) MMS_MUST_CHECK;

/*
 * Some services name an event only when it is made. Until we have been told it goes by a
 * provisional id: "mmsync:" and its UUID, which no service gives. Owns: *out. Errors: NOMEM.
 */
mms_rc mms_provisional_id_make(const unsigned char uuid[16], char **out,
			       struct mms_err *err) MMS_MUST_CHECK;
/* Is it one; then whose (uuid may be NULL)? */
bool mms_provisional_id_read(const char *id, unsigned char uuid[16]);

#endif

/*
 * What the files of the Google provider share; nobody else includes it. The way of a page: its
 * bytes checked whole (google_wire), its items to events one by one (google_item, google_time), what is sent
 * (google_body, google_batch), what an answer that is no success means (google_error), and who
 * asks when (google_listing, google_put, google).
 */
#ifndef PROVIDER_GOOGLE_PARTS_H
#define PROVIDER_GOOGLE_PARTS_H

#include "mmsync/json_scan.h"
#include "service.h"
#include "wire.h"

/* ---- items (google_item.c) ----------------------------------------------------------------- */

/* With what items are read. Borrows. */
struct google_reader {
	struct mms_zones *zones;
	const struct mms_zone
		*day_zone; /* of all-day events, and of times without a zone      */
	bool has_window;
	int64_t from_ms,
		to_ms; /* what does not overlap is_outside                             */
};

/*
 * One event whose opening brace has just been read. An item that is no event has no external_id
 * afterwards; one whose times cannot be read has a problem. Owns: *out, written on success only.
 * Errors: NOMEM, RETRY (the JSON ends in the middle).
 */
mms_rc google_item_read(const struct google_reader *reader, struct mms_jscan *s,
			const struct mms_jvalue *value, struct mms_event *out,
			struct mms_err *err) MMS_MUST_CHECK;
/* A whole answer that is one event. Errors: RETRY (it is none), NOMEM. */
mms_rc google_event_read(const struct google_reader *reader, const char *text, size_t len,
			 struct mms_event *out, struct mms_err *err) MMS_MUST_CHECK;

/* ---- times (google_time.c) ----------------------------------------------------------------- */

/* start or end as it stands. */
struct google_when {
	struct mms_jvalue date, date_time, zone;
};
struct google_span {
	struct google_when start, end;
	bool is_open_ended; /* the service says itself that the end means nothing */
};
/*
 * Fill the event's times and is_outside, or its problem; what is doubtful is appended to doubts.
 * Errors: NOMEM, CONFIG (the tz database is missing).
 */
mms_rc google_set_times(const struct google_reader *reader, const struct google_span *from,
			struct mms_event *event, struct mms_str *doubts,
			struct mms_err *err) MMS_MUST_CHECK;

/* ---- pages (google_wire.c) ----------------------------------------------------------------- */

/* A page, and what it says of its calendar. All zero is none. */
struct google_page {
	struct wire_page wire;
	const struct mms_zone *zone; /* its timeZone, where the system knows it */
	enum mms_calendar_role role;
};
void google_page_release(struct google_page *page);

/*
 * Check an answer whole and take it over. Owns: *text, moved on success. Errors: RETRY (cut off, or
 * no list of events), NOMEM, CONFIG (the tz database is missing).
 */
mms_rc google_page_open(struct mms_zones *zones, struct mms_str *text, struct google_page *out,
			struct mms_err *err) MMS_MUST_CHECK;
/*
 * The next item. *has false: there is none left. Of what has no id *out is empty (external_id NULL).
 * Owns: *out. Errors: NOMEM.
 */
mms_rc google_page_next(struct google_page *page, const struct google_reader *reader,
			struct mms_event *out, bool *has, struct mms_err *err) MMS_MUST_CHECK;
/* accessRole as we name it. */
enum mms_calendar_role google_role(const struct mms_jvalue *value);

/* ---- what is sent (google_body.c) ---------------------------------------------------------- */

/* The id that an event created with this UUID has: 32 lower-case hex digits. */
void google_id_print(const unsigned char uuid[16], char out[33]);
/* "none", "all", "externalOnly"; of a busy block always none. */
const char *google_send_updates(const struct mms_write *write);
/* The body of a CREATE or CHANGE. Errors: ITEM (a meeting without times), NOMEM. */
mms_rc google_body(const struct mms_write *write, struct mms_str *out,
		   struct mms_err *err) MMS_MUST_CHECK;
/* "GET", "POST" ...; and what comes after the calendar's own address: "/events/ID?sendUpdates=none". */
const char *google_method(const struct mms_write *write);
void google_add_tail(struct mms_str *out, const struct mms_write *write);

/* ---- many at once (google_batch.c) --------------------------------------------------------- */

#define GOOGLE_BATCH_MAX      ((size_t)50)
#define GOOGLE_BATCH_BOUNDARY "mmsync-part"

/* One request within another. Borrows. */
struct google_call {
	const char *method, *path, *version; /* version NULL: no If-Match */
	const char *body;                    /* NULL: none                */
	size_t body_len;
};
/* Append part number i (from 0); then the end. */
void google_batch_add(struct mms_str *out, size_t i, const struct google_call *call);
void google_batch_end(struct mms_str *out);

/*
 * The answers by number; calls without one keep status 0. Errors: RETRY (no such answer at all).
 */
mms_rc
google_batch_read(const char *content_type, const char *text, size_t len,
		  struct service_reply *replies, size_t n, struct mms_err *err) MMS_MUST_CHECK;

/* ---- what is no success (google_error.c) --------------------------------------------------- */

enum google_asked {
	GOOGLE_LIST,    /* everything of the window  */
	GOOGLE_CHANGES, /* with a sync token         */
	GOOGLE_SERIES,  /* the instances of a series */
	GOOGLE_LOOK,
	GOOGLE_GET,
	GOOGLE_CREATE,
	GOOGLE_CHANGE,
	GOOGLE_DELETE,
	GOOGLE_BATCH,
};

/* What an answer says of itself. All zero: nothing. */
struct google_fault {
	char reason[64], location[64], message[256]; /* NUL-terminated, printable */
	bool names_sync_token;
};
void google_fault_read(const char *body, size_t len, struct google_fault *out);
/* A limit of requests that passes by itself within a minute or so. */
bool google_is_rate_limit(long status, const struct google_fault *fault);
/* For mms_request_run_judged(): rate limits that come as 403. */
bool google_is_passing(const struct mms_http_answer *answer);

/* service_kind.judge; s->id and s->calendar say whose calendar. */
mms_rc google_judge(const struct service *s, int asked, long status, const char *body,
		    size_t len, struct mms_err *err);

/* ---- the session (google.c) ---------------------------------------------------------------- */

struct google_session {
	struct service service; /* its root is the calendar's own address              */
	char *batch_url;        /* owned                                               */
	const char *path;       /* of the root, what comes after the host              */

	/* A listing. */
	bool is_listing;
	int64_t from_ms, to_ms;
	char *cursor;           /* owned: the sync token; NULL: a full listing             */
	struct service_way way; /* page tokens, and the sync token that it ends with       */
	bool is_read;           /* its last page has been fetched                          */
	struct google_page page;
	bool has_page;
	const struct mms_zone *zone; /* the calendar's, once told; kept between listings */
	bool has_looked;
	enum mms_calendar_role role;
	int64_t n_warnings;

	/* Series of which an instance changed: shown whole at the end. */
	char **series; /* owned */
	size_t n_series, cap_series, series_at;
	/* A bit for each: an instance that lives was listed as changed; the series showed one. */
	uint32_t series_live, series_shown;
	enum google_asked asked; /* of what the page in hand is: SERIES, of series[series_at] */
};

extern const struct service_kind google_kind;
struct google_reader google_reader(const struct google_session *s);

bool google_is_cursor(const char *text);
mms_rc google_start(struct mms_session *session, const struct mms_listing *listing,
		    struct mms_err *err);
mms_rc google_next(struct mms_session *session, size_t max_events, struct mms_page *page,
		   struct mms_err *err);
void google_listing_release(struct google_session *s);

/* ---- writes (google_put.c): service_kind's part of them ------------------------------------- */

int google_asked_of(const struct mms_write *write);
mms_rc google_prepare(struct service *s, struct service_job *job, struct mms_err *err);
mms_rc google_make_batch(const struct service *s, struct service_job *const *jobs, size_t n,
			 struct mms_str *out, struct mms_err *err);
mms_rc google_read_batch(const struct mms_http_answer *answer, struct service_reply *replies,
			 size_t n, struct mms_err *err);

#endif

/*
 * What the files of the Outlook provider share; nobody else includes it. The way of a page: its bytes
 * checked whole (outlook_wire), its items to events one by one (outlook_item, outlook_time), what is sent
 * (outlook_body, outlook_batch), what an answer that is no success means (outlook_error), and who asks
 * when (outlook_listing, outlook_complete, outlook_put, outlook).
 *
 * Source: Microsoft Graph REST API v1.0, event, calendarView/delta, errors, json-batching.
 */
#ifndef PROVIDER_OUTLOOK_PARTS_H
#define PROVIDER_OUTLOOK_PARTS_H

#include "service.h"
#include "wire.h"

/* Single-value extended properties of ours: "String {GUID} Name mmsync_id" and so on. */
#define OUTLOOK_PROPERTY_SET "{6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a10}"

/* ---- items (outlook_item.c, outlook_sparse.c, outlook_time.c) --------------------------------- */

/* With what items are read. Borrows. */
struct outlook_reader {
	struct mms_zones *zones;
	const struct mms_zone *day_zone; /* of all-day events, and of times without a zone */
	bool has_window;
	int64_t from_ms, to_ms; /* what does not overlap is_outside                      */
};

enum outlook_type { OUTLOOK_SINGLE, OUTLOOK_OCCURRENCE, OUTLOOK_EXCEPTION, OUTLOOK_MASTER };

/* An item of a page. All zero is empty. */
struct outlook_item {
	struct mms_event event; /* no external_id: it is no event                          */
	enum outlook_type type;
	bool is_sparse; /* an occurrence that has only its times: the rest is its master's */
	bool is_online; /* it has a meeting link that belongs to the service               */
};
void outlook_item_release(struct outlook_item *item);

/*
 * One item whose opening brace has just been read. One that is no event has no external_id afterwards;
 * one whose times cannot be read has a problem; "@removed" is_gone. Owns: *out, written on success only.
 * Errors: NOMEM, RETRY (the JSON ends in the middle), CONFIG (the tz database is missing).
 */
mms_rc outlook_item_read(const struct outlook_reader *reader, struct mms_jscan *s,
			 const struct mms_jvalue *value, struct outlook_item *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/* A whole answer that is one event. Errors: RETRY (it is none), NOMEM, CONFIG. */
mms_rc outlook_event_read(const struct outlook_reader *reader, const char *text, size_t len,
			  struct outlook_item *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * All that a sparse occurrence lacks is its master's, also whether it is all day (its first_day and end_day hold
 * the days until then), so that its times are set anew and is_outside is. Its marks and its iCalUId are not:
 * the service gives each occurrence an iCalUId of its own. Errors: NOMEM.
 */
mms_rc outlook_item_fill(const struct outlook_reader *reader, struct mms_event *occurrence,
			 const struct mms_event *master, struct mms_err *err) MMS_MUST_CHECK;

/* start or end as it stands: {dateTime, timeZone}. */
struct outlook_when {
	struct mms_jvalue date_time, zone;
};
/*
 * Fill the event's times (is_all_day is set) and is_outside, or its problem; what is doubtful is appended to
 * doubts. Seven digits of fractions, no offset, the zone beside it by a Windows or an IANA name; of an all-day
 * event only the days count. Errors: NOMEM, CONFIG (the tz database is missing).
 */
mms_rc outlook_set_times(const struct outlook_reader *reader, const struct outlook_when *start,
			 const struct outlook_when *end, struct mms_event *event,
			 struct mms_str *doubts, struct mms_err *err) MMS_MUST_CHECK;

/* ---- pages (outlook_wire.c) ------------------------------------------------------------------- */

/*
 * Check an answer whole and take it over. Owns: *text, moved on success. Errors: RETRY (cut off, no list of
 * events, or both links), NOMEM.
 */
mms_rc outlook_page_open(struct mms_str *text, struct wire_page *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/* The next item; *has false: there is none left. Owns: *out. Errors: as outlook_item_read(). */
mms_rc
outlook_page_next(struct wire_page *page, const struct outlook_reader *reader,
		  struct outlook_item *out, bool *has, struct mms_err *err) MMS_MUST_CHECK;
/* What GET of a calendar says: our role there. Errors: RETRY (it is no calendar). */
mms_rc outlook_calendar_read(const char *text, size_t len, enum mms_calendar_role *role,
			     struct mms_err *err) MMS_MUST_CHECK;

/* ---- what is sent (outlook_body.c) ------------------------------------------------------------ */

/* Fields of a change that are really sent: no guests while some are left out, no text of an online meeting. */
unsigned outlook_fields(const struct mms_write *write, bool is_online);
/*
 * The body of a CREATE (transactionId, extended properties, all fields) or CHANGE (`fields`). Times in UTC, text
 * as HTML. Errors: ITEM (a meeting without times), NOMEM.
 */
mms_rc outlook_body(const struct mms_write *write, unsigned fields, struct mms_str *out,
		    struct mms_err *err) MMS_MUST_CHECK;
/* "$expand=singleValueExtendedProperties($filter=...)" of our four, percent-encoded. */
void outlook_add_expand(struct mms_str *out);
/* "$filter=singleValueExtendedProperties/Any(...)": which have this value, percent-encoded. */
void outlook_add_filter(struct mms_str *out, const char *name, const char *value);
/* `W/"CHANGEKEY"` is what If-Match wants; versions are kept in that form. */

/* ---- many at once (outlook_batch.c) ----------------------------------------------------------- */

/* Headers of all requests (page size, UTC, immutable ids, bodies as text); NULL-ended. */
extern const char *const outlook_headers[];

#define OUTLOOK_BATCH_MAX ((size_t)20)

/* One request within another. Borrows. */
struct outlook_call {
	const char *method, *path,
		*version; /* path: "/me/events/..."; version NULL: no If-Match */
	const char *body; /* NULL: none                                      */
	size_t body_len;
};
/* Append number i (from 0), with the headers of every request; then the end. */
void outlook_batch_add(struct mms_str *out, size_t i, const struct outlook_call *call);
void outlook_batch_end(struct mms_str *out);
/*
 * The answers by number; calls without one keep status 0. Each body is a piece of the text. Errors: RETRY (no such
 * answer at all).
 */
mms_rc outlook_batch_read(const char *text, size_t len, struct service_reply *replies, size_t n,
			  struct mms_err *err) MMS_MUST_CHECK;

/* ---- what is no success (outlook_error.c) ----------------------------------------------------- */

enum outlook_asked {
	OUTLOOK_LIST,    /* everything of the window, also a further page */
	OUTLOOK_CHANGES, /* with a delta link                             */
	OUTLOOK_SERIES,  /* the instances of a series                     */
	OUTLOOK_FIND,    /* by a property                                 */
	OUTLOOK_LOOK,    /* the calendar itself                           */
	OUTLOOK_GET,
	OUTLOOK_CREATE,
	OUTLOOK_CHANGE,
	OUTLOOK_DELETE,
	OUTLOOK_BATCH,
};

/* What an answer says of itself. All zero: nothing. */
struct outlook_fault {
	char code[96], message[256]; /* NUL-terminated, printable */
};
void outlook_fault_read(const char *body, size_t len, struct outlook_fault *out);
/* Codes are compared without regard to case. */
bool outlook_is_code(const struct outlook_fault *fault, const char *code);
bool outlook_is_passing(const struct mms_http_answer *answer);
/* service_kind.judge; s->id and s->calendar say whose calendar. */
mms_rc outlook_judge(const struct service *s, int asked, long status, const char *body,
		     size_t len, struct mms_err *err);

/* ---- the session (outlook.c) ------------------------------------------------------------------ */

/* What of one listing is not handed up at once: outlook_series.h. */
struct outlook_series;

struct outlook_session {
	struct service
		service;    /* its root: "https://HOST/v1.0"                               */
	char *calendar_url; /* owned: ".../me/calendars/ID" or ".../me/calendar"           */
	char *view_url;  /* owned: ".../calendarView", without /delta                       */
	char *batch_url; /* owned                                                           */
	char *origin;    /* owned: scheme, host and port that links must have               */
	enum mms_calendar_role role;

	/* A listing. */
	bool is_listing, is_full, is_read, has_page;
	int64_t from_ms, to_ms;
	struct service_way
		way; /* links: the delta link to begin with, and the one that it ends with */
	struct wire_page page;
	struct outlook_series *series; /* owned */
	int64_t n_warnings;
	struct mms_keymap *
		marked; /* owned: ids of events with our mark, of a full listing; NULL: not asked */

	/* Writes under way (outlook_put.c). */
	const struct mms_write *writes;
	struct outlook_item
		*looked; /* owned: of each write the event as it stands; NULL: none */
};
struct outlook_reader outlook_reader(const struct outlook_session *s, bool has_window);
extern const struct service_kind outlook_kind;

/*
 * Is this link on that scheme, host and port ("https://graph.microsoft.com")? Nothing that two readers of addresses
 * could read in two ways is (outlook_link.c).
 */
bool outlook_link_is_own(const char *origin, const char *link);
/* May it be followed, with our token? Errors: CONFIG. */
mms_rc outlook_check_link(const struct outlook_session *s, const char *link,
			  struct mms_err *err) MMS_MUST_CHECK;

/* outlook_link.c */
bool outlook_is_cursor(const char *text);
mms_rc outlook_start(struct mms_session *session, const struct mms_listing *listing,
		     struct mms_err *err);
mms_rc outlook_next(struct mms_session *session, size_t max_events, struct mms_page *page,
		    struct mms_err *err);
void outlook_listing_release(struct outlook_session *s);
mms_rc outlook_complete(struct mms_session *session, struct mms_event *const *events, size_t n,
			struct mms_err *err);

/* ---- single events (outlook_get.c) -------------------------------------------------------------- */

mms_rc outlook_get(struct mms_session *session, const char *external_id, struct mms_event *out,
		   struct mms_err *err);
/*
 * GET of events by their ids, OUTLOOK_BATCH_MAX in one request; of what is gone items[i].event.is_gone, of what
 * the service will not show its problem. Owns: the items, zeroed by the caller. Errors: as start() of
 * mmsync/provider.h.
 */
mms_rc
outlook_get_many(struct outlook_session *s, const char *const *ids, size_t n, bool has_window,
		 struct outlook_item *items, struct mms_err *err) MMS_MUST_CHECK;

/* Who takes what is found. The event has its id and status only, and is borrowed. */
struct outlook_found {
	void *aux;
	mms_rc (*take)(void *aux, const struct mms_event *event, struct mms_err *err);
};
/* All events of the mailbox whose property of ours has this value. Errors: as start() of mmsync/provider.h. */
mms_rc outlook_find(struct outlook_session *s, const char *name, const char *value,
		    const struct outlook_found *to, struct mms_err *err) MMS_MUST_CHECK;

/* ---- writes (outlook_put.c) --------------------------------------------------------------------- */

mms_rc outlook_put(struct mms_session *session, const struct mms_write *write, size_t n,
		   struct mms_write_result *result, struct mms_err *err);
/* service_kind's part of them. */
int outlook_asked_of(const struct mms_write *write);
mms_rc outlook_prepare(struct service *s, struct service_job *job, struct mms_err *err);
bool outlook_other_way(struct service_job *job, long status);
mms_rc outlook_make_batch(const struct service *s, struct service_job *const *jobs, size_t n,
			  struct mms_str *out, struct mms_err *err);
mms_rc outlook_read_batch(const struct mms_http_answer *answer, struct service_reply *replies,
			  size_t n, struct mms_err *err);

#endif

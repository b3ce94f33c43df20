/*
 * Microsoft Graph's face of the fake (private to graph*.c): calendars, calendarView and its delta,
 * events, $batch, under /v1.0/. The events are those of Google's face: g_event.doc has the names of
 * Google, and what only Graph knows stands in g_event.graph: members as Graph shows them, and
 * "_body" ({contentType, content} as it was sent), "_properties" (of other property sets than ours),
 * "_made" (of which request it came), "_mailed" (addresses that the service has written to),
 * "_join_lost" (a link to join was overwritten).
 *
 * Source: Microsoft Graph REST API v1.0: event, calendarView/delta, errors, json-batching.
 */
#ifndef FAKES_GOOGLE_GRAPH_H
#define FAKES_GOOGLE_GRAPH_H

#include "service.h"

/* Extended properties of this set are the private ones of Google's face. */
#define GRAPH_SET    "{6F9B1D0E-5A57-4C1E-9D1A-2F8E3C7B4A10}"
#define GRAPH_ID_MAX 1400

/* What a request prefers. */
struct graph_prefer {
	size_t page_size;
	const struct mms_zone *zone; /* NULL: not said */
	char zone_name[80];
	bool is_immutable, is_text;
};

/* One request on its way. Borrows. */
struct graph_call {
	struct g_service *g;
	struct g_account *account;
	const struct g_request *r;
	struct g_answer *a;
	struct graph_prefer prefer;
};

/* What of events is wanted: $select and $expand. All zero: everything but properties. */
struct graph_shape {
	const char *select; /* borrowed; NULL: all */
	char **properties;  /* owned: canonical ids */
	size_t n_properties;
};

/* ---- graph.c ---------------------------------------------------------------------------------- */
/* The calendar of an id (NULL: the default one); NULL: answered. */
struct g_calendar *graph_calendar(const struct graph_call *k, const char *id);
/* The live event of an id in all calendars of the account; NULL: answered. */
struct g_event *graph_event(const struct graph_call *k, const char *id, struct g_calendar **c);
/* False: answered. */
bool graph_check_write(const struct graph_call *k, const struct g_calendar *c);
/* A parameter by its name, in whatever case; NULL: not there. */
const char *graph_param(const struct g_request *r, const char *name);
/* startDateTime and endDateTime. False: answered. */
bool graph_read_window(const struct graph_call *k, int64_t *from_ms, int64_t *to_ms);
void graph_add_context(json_t *doc, const char *what);
/* "http://HOST". */
void graph_add_origin(const struct graph_call *k, struct mms_str *out);

/* ---- graph_select.c --------------------------------------------------------------------------- */
/* False: answered. */
bool graph_read_shape(const struct graph_call *k, struct graph_shape *out);
void graph_shape_release(struct graph_shape *shape);
/* Leave out what is not selected, add the properties that are asked for. */
void graph_apply_shape(const struct graph_shape *shape, const struct g_event *e, json_t *doc);
/* A canonical "String {GUID} Name x". Owns: free(); NULL: it is none. */
char *graph_property_id(const char *text, size_t len);
/* Its value; NULL: the event has none. Borrows. */
const char *graph_property(const struct g_event *e, const char *id);
/* $filter of one property. Owns both, free(). False: answered. */
bool graph_read_filter(const struct graph_call *k, const char *text, char **id, char **value);

/* ---- graph_render.c --------------------------------------------------------------------------- */
enum graph_kind { GRAPH_WHOLE, GRAPH_SPARSE, GRAPH_REMOVED };
json_t *graph_render(const struct graph_call *k, const struct g_calendar *c,
		     const struct g_event *e, enum graph_kind kind);
json_t *graph_render_calendar(const struct graph_call *k, const struct g_calendar *c);
/* As this request names it. Returns out. */
char *graph_print_id(const struct graph_call *k, const struct g_calendar *c, const char *id,
		     char out[GRAPH_ID_MAX]);
/* The id behind one of the other form, where it is of this calendar; NULL: it is of another. */
const char *graph_bare_id(const struct g_calendar *c, const char *id);
char *graph_etag(const struct g_event *e, char out[64]);
/* "2026-03-02T08:00:00.1230007Z": no two writes have the same. */
char *graph_print_stamp(const struct g_event *e, char out[MMS_TIME_TEXT_MAX]);
/* The organizer's own copy? */
bool graph_is_organizer(const struct g_calendar *c, const struct g_event *e);
/* A zone by a Windows or an IANA name; NULL: there is none. */
const struct mms_zone *graph_zone(struct g_service *g, const char *name);
/* Members of g_event.graph; NULL: not there. */
const char *graph_fact(const struct g_event *e, const char *name);
void graph_set_fact(struct g_event *e, const char *name, json_t *value); /* takes it */

/* ---- graph_text.c ----------------------------------------------------------------------------- */
/* What a person reads in it, lines ending as told; and back. */
void graph_html_to_text(const char *html, const char *line_end, struct mms_str *out);
void graph_text_to_html(const char *text, struct mms_str *out);
/* RRULE to Graph's form, NULL: there is no such form; and back. Owns both. */
json_t *graph_recurrence(const struct g_event *e, const char *rrule);
char *graph_rrule(const json_t *recurrence);

/* ---- graph_view.c, graph_list.c --------------------------------------------------------------- */
struct graph_entry {
	enum graph_kind kind;
	struct g_event event; /* a copy */
};
struct graph_found {
	struct graph_entry *entries;
	size_t n, cap;
};
void graph_add(struct graph_found *found, enum graph_kind kind, const struct g_event *e);
void graph_found_release(struct graph_found *found);
/* Times of a series' instances that touch a window and are not events of their own. */
void graph_add_occurrences(const struct graph_call *k, const struct g_calendar *c,
			   const struct g_event *master, int64_t from_ms, int64_t to_ms,
			   enum graph_kind kind, struct graph_found *found);
bool graph_touches(const struct g_event *e, int64_t from_ms, int64_t to_ms);

void graph_delta(const struct graph_call *k, struct g_calendar *c);
void graph_calendar_view(const struct graph_call *k, struct g_calendar *c);
/* c NULL: all calendars of the account. */
void graph_list_events(const struct graph_call *k, struct g_calendar *c);
void graph_instances(const struct graph_call *k, struct g_calendar *c, struct g_event *master);

/* ---- graph_write.c, graph_body.c, graph_batch.c ------------------------------------------------- */
/* What is wrong with a body; all zero: nothing. */
struct graph_wrong {
	const char *code, *message;
};
/* The members of a body into an event that is there or new. False: *wrong says why. */
bool graph_put(const struct graph_call *k, struct g_calendar *c, struct g_event *e,
	       const json_t *body, bool is_new, struct graph_wrong *wrong);
void graph_answer_event(const struct graph_call *k, const struct g_calendar *c,
			const struct g_event *e, unsigned status);
void graph_create(const struct graph_call *k, struct g_calendar *c);
void graph_change(const struct graph_call *k, struct g_calendar *c, struct g_event *e);
void graph_remove(const struct graph_call *k, struct g_calendar *c, struct g_event *e);
void graph_cancel(const struct graph_call *k, struct g_calendar *c, struct g_event *e);
void graph_batch(const struct graph_call *k, g_log log, void *aux);
/* How many requests a batch does at once. */
unsigned graph_batch_width(const struct g_request *r);

#endif

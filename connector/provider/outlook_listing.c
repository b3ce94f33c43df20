/*
 * A listing: page after page of calendarView/delta. Where everything is listed, occurrences wait for their
 * masters until all has been read; where only changes are, each series of which something changed is shown
 * whole, for a delta says nothing of the instances that fall away.
 */
#include <string.h>

#include "mmsync/keymap.h"
#include "mmsync/mem.h"
#include "outlook_series.h"

/*
 * With more occurrences waiting than this, their masters are asked for before the listing goes on; with more
 * tombstones, each of which might have to be asked for, everything is read sooner.
 */
#define WAITING_MAX ((size_t)20000)

/* What reading pages needs; what is known of the listing beyond them is kept. */
static void
end_reading(struct outlook_session *s)
{
	wire_page_release(&s->page);
	s->has_page = s->is_read = s->is_listing = false;
	service_way_release(&s->way);
	if (s->series != NULL)
		outlook_series_release(s->series);
	mms_free(s->series);
	s->series = NULL;
	s->n_warnings = 0;
}

void
outlook_listing_release(struct outlook_session *s)
{
	end_reading(s);
	if (s->marked != NULL)
		mms_keymap_release(s->marked);
	mms_free(s->marked);
	s->marked = NULL;
}

static const char *
integration_of(const struct outlook_session *s)
{
	return s->service.calendar->integration;
}

mms_rc
outlook_start(struct mms_session *session, const struct mms_listing *listing,
	      struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)session;
	bool has_cursor =
		!listing->is_full && listing->cursor != NULL && listing->cursor[0] != '\0';

	outlook_listing_release(s);
	s->from_ms = listing->from_ms;
	s->to_ms = listing->to_ms;
	s->is_full = !has_cursor;
	/* The cursor of another server: somebody has changed the setting. */
	if (has_cursor && !outlook_link_is_own(s->origin, listing->cursor))
		return mms_fail(err, MMS_E_RESYNC,
				"calendar '%s' of '%s': the last sync ended at another server: "
				"everything is read again",
				s->service.id, integration_of(s));
	s->series = mms_alloc(sizeof *s->series);
	s->way.next = has_cursor ? mms_text_copy(listing->cursor) : NULL;
	if (s->series == NULL || (has_cursor && s->way.next == NULL))
		return mms_fail_nomem(err);
	s->is_listing = true;
	return MMS_OK;
}

/* ---- pages -------------------------------------------------------------------------------- */

static void
add_window(struct mms_str *url, const struct outlook_session *s)
{
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];

	wire_print_window(s->from_ms, s->to_ms, from, to);
	mms_str_add(url, "?startDateTime=");
	wire_add_escaped(url, from);
	mms_str_add(url, "&endDateTime=");
	wire_add_escaped(url, to);
}

/* Links as they stand; addresses of our own only where a listing, or a series, begins. */
static mms_rc
make_url(const struct outlook_session *s, enum outlook_asked asked, struct mms_str *url,
	 struct mms_err *err)
{
	if (s->way.next != NULL) {
		mms_str_add(url, s->way.next);
	} else if (asked == OUTLOOK_SERIES) {
		mms_str_addf(url, "%s/me/events/", s->service.root);
		wire_add_escaped(url, outlook_series_current(s->series)->id);
		mms_str_add(url, "/instances");
		add_window(url, s);
	} else {
		mms_str_addf(url, "%s/delta", s->view_url);
		add_window(url, s);
	}
	return mms_str_check(url, err);
}

/* What a page says about how the listing goes on; the link that it ends with, too, must be our own. */
static mms_rc
take_links(struct outlook_session *s, enum outlook_asked asked, struct mms_err *err)
{
	struct wire_page *page = &s->page;
	bool is_of_series = asked == OUTLOOK_SERIES;
	const char *link = page->next == NULL && !is_of_series ? page->cursor : page->next;

	mms_rc rc = link != NULL ? outlook_check_link(s, link, err) : MMS_OK;
	if (rc == MMS_OK)
		rc = service_go_on(&s->service, &s->way, page, is_of_series, err);
	s->is_read = s->is_read || s->way.cursor != NULL;
	return rc;
}

static mms_rc
fetch(struct outlook_session *s, enum outlook_asked asked, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	struct service_request request = { .asked = (int)asked, .n = 1 };

	s->series->is_of_series = false;
	mms_rc rc = make_url(s, asked, &url, err);
	request.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = service_ask(&s->service, &request, &answer, err);
	if (rc == MMS_OK)
		rc = outlook_page_open(&answer.body, &s->page, err);
	if (rc != MMS_OK)
		return rc;
	s->service.base.counts.pages++;
	s->service.is_seen = s->service.is_seen || asked != OUTLOOK_SERIES;
	s->series->is_of_series = asked == OUTLOOK_SERIES;
	rc = take_links(s, asked, err);
	s->has_page = rc == MMS_OK;
	if (rc != MMS_OK)
		wire_page_release(&s->page);
	return rc;
}

/* The next page of the listing; the link that it begins with is the first on its way. */
static mms_rc
fetch_listing(struct outlook_session *s, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (!s->is_full && s->way.trail.n == 0) {
		rc = outlook_check_link(s, s->way.next, err);
		if (rc == MMS_OK)
			rc = service_follow(&s->service, &s->way.trail, s->way.next, err);
	}
	return rc == MMS_OK ? fetch(s, s->is_full ? OUTLOOK_LIST : OUTLOOK_CHANGES, err) : rc;
}

/* ---- items -------------------------------------------------------------------------------- */

/* Owns: *event, moved. */
static mms_rc
hand_up(struct mms_page *out, struct mms_event *event, struct mms_err *err)
{
	struct mms_event *place = mms_page_add(out);

	if (place == NULL)
		return mms_fail_nomem(err);
	*place = *event;
	*event = (struct mms_event){ 0 };
	return MMS_OK;
}

/* A master as a listing shows it: what was known of it as a single event is over. Owns: *event, moved. */
static mms_rc
hand_up_master(struct mms_page *out, struct mms_event *event, struct mms_err *err)
{
	event->is_series = event->is_outside = true;
	return hand_up(out, event, err);
}

/* Of everything: one that came as a single event before is no such any more. */
static mms_rc
take_listed_master(struct outlook_session *s, struct mms_event *event, bool is_new,
		   struct mms_page *out, struct mms_err *err)
{
	MMS_AUTO(mms_event) copy = { 0 };

	mms_rc rc = mms_event_copy(event, &copy, err);
	if (rc == MMS_OK)
		rc = outlook_series_put_master(s->series, copy.external_id, event, err);
	return rc == MMS_OK && !is_new ? hand_up_master(out, &copy, err) : rc;
}

/*
 * Of everything: what this listing has not shown is missed by it anyway, so that only tombstones of what it has
 * shown mean something. A master that is told to be gone, or no master any more, is asked for, for a replay may
 * tell what is long over.
 */
static mms_rc
take_listed(struct outlook_session *s, struct outlook_item *item, bool is_new,
	    struct mms_page *out, struct mms_err *err)
{
	struct mms_event *event = &item->event;

	if (item->type == OUTLOOK_MASTER && !event->is_gone)
		return take_listed_master(s, event, is_new, out, err);
	bool was_master = !is_new && outlook_series_doubt_master(s->series, event->external_id);
	if (event->is_gone && (is_new || was_master))
		return MMS_OK;
	if (!event->is_gone && item->is_sparse && event->series_id != NULL)
		return outlook_series_hold(s->series, event, err);
	return hand_up(out, event, err);
}

static mms_rc
note_change(struct outlook_session *s, const char *series_id, bool is_live, struct mms_err *err)
{
	mms_rc rc = service_is_id(series_id)
			    ? outlook_series_change(s->series, series_id, is_live, err)
			    : MMS_OK;

	return rc == MMS_E_RESYNC ? mms_fail_in(err, "calendar '%s' of '%s'", s->service.id,
						integration_of(s))
				  : rc;
}

/* Of changes: series are read whole afterwards, tombstones count when all has been read. */
static mms_rc
take_change(struct outlook_session *s, struct outlook_item *item, struct mms_page *out,
	    struct mms_err *err)
{
	struct mms_event *event = &item->event;
	mms_rc rc = MMS_OK;

	if (!event->is_gone && item->type == OUTLOOK_MASTER) {
		rc = note_change(s, event->external_id, false, err);
		return rc == MMS_OK ? hand_up_master(out, event, err) : rc;
	}
	if (!event->is_gone && event->series_id != NULL)
		return note_change(s, event->series_id, !event->is_outside, err);
	/* It may have been a series. */
	outlook_series_end(s->series, event->external_id);
	if (event->is_gone)
		return outlook_series_hold(s->series, event, err);
	rc = mms_page_add_series(out, event->external_id, err);
	return rc == MMS_OK ? hand_up(out, event, err) : rc;
}

/* An instance of the series that is shown whole. */
static mms_rc
take_instance(struct outlook_session *s, struct outlook_item *item, struct mms_page *out,
	      struct mms_err *err)
{
	struct outlook_changed *series = outlook_series_current(s->series);

	if (item->event.is_gone || item->type == OUTLOOK_MASTER)
		return MMS_OK;
	series->is_shown = true;
	if (item->event.series_id == NULL) {
		item->event.series_id = mms_text_copy(series->id);
		if (item->event.series_id == NULL)
			return mms_fail_nomem(err);
	}
	outlook_series_cancel(s->series, item->event.external_id);
	return hand_up(out, &item->event, err);
}

/*
 * What is said of a series does not go with an instance of it that was just listed, or it cannot be asked: a
 * full reading tells, within its budget.
 */
static mms_rc
contradict(struct outlook_session *s, struct mms_err *err)
{
	mms_err_release(err);
	return mms_fail(err, MMS_E_RESYNC,
			"calendar '%s' of '%s': a series does not show the instance of it that "
			"has changed: everything is read again",
			s->service.id, integration_of(s));
}

/* The page in hand is used up; when it was the last of a series, that one is whole. */
static mms_rc
end_items(struct outlook_session *s, struct mms_page *out, struct mms_err *err)
{
	wire_page_release(&s->page);
	s->has_page = false;
	if (!s->series->is_of_series || s->way.next != NULL)
		return MMS_OK;
	struct outlook_changed *series = outlook_series_current(s->series);
	if (series->is_live && !series->is_shown)
		return contradict(s, err);
	s->series->changed_at++;
	return mms_page_add_series(out, series->id, err);
}

static mms_rc
take_item(struct outlook_session *s, struct mms_page *out, struct mms_err *err)
{
	const struct outlook_reader reader = outlook_reader(s, true);
	MMS_AUTO(outlook_item) item = { 0 };
	enum outlook_news news;
	bool has = false;

	mms_rc rc = outlook_page_next(&s->page, &reader, &item, &has, err);
	if (rc != MMS_OK || !has)
		return rc == MMS_OK ? end_items(s, out, err) : rc;
	if (item.event.external_id == NULL) { /* nothing that a row could be kept under */
		s->n_warnings++;
		return MMS_OK;
	}
	if (s->series->is_of_series)
		return take_instance(s, &item, out, err);
	rc = outlook_series_see(s->series, &item.event, &news, err);
	if (rc != MMS_OK || news == OUTLOOK_OLD)
		return rc;
	return s->is_full ? take_listed(s, &item, news == OUTLOOK_NEW, out, err)
			  : take_change(s, &item, out, err);
}

/* ---- series ------------------------------------------------------------------------------- */

/* The next page of a series; of one that is gone a tombstone stands for all of it. */
static mms_rc
fetch_series(struct outlook_session *s, struct mms_page *out, struct mms_err *err)
{
	MMS_AUTO(mms_event) gone = { 0 };
	struct outlook_changed *series = outlook_series_current(s->series);

	mms_rc rc = fetch(s, OUTLOOK_SERIES, err);
	bool is_refused = rc == MMS_E_CONFIG && !s->series->is_of_series;
	if (is_refused || (rc == MMS_E_GONE && series->is_live))
		return contradict(s, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	service_way_restart(&s->way);
	rc = service_tombstone(series->id, &gone, err);
	if (rc == MMS_OK)
		rc = hand_up(out, &gone, err);
	s->series->changed_at++;
	return rc;
}

/* Masters that nobody has shown, as many as go in one request. */
static mms_rc
fetch_masters(struct outlook_session *s, const char *const *ids, size_t n, struct mms_err *err)
{
	struct outlook_item items[OUTLOOK_BATCH_MAX] = { 0 };

	mms_rc rc = outlook_get_many(s, ids, n, false, items, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		struct mms_event *event = &items[i].event;
		/* One that cannot be shown is there all the same: its occurrences keep their times. */
		bool is_hidden = !event->is_gone && event->problem != NULL;
		bool is_there =
			is_hidden || (!event->is_gone && items[i].type == OUTLOOK_MASTER);

		s->n_warnings += is_hidden;
		rc = outlook_series_put_master(s->series, ids[i], is_there ? event : NULL, err);
	}
	for (size_t i = 0; i < n; i++)
		outlook_item_release(&items[i]);
	return rc;
}

/* Hand up what waits, once all that it waits for is there. */
static mms_rc
drain(struct outlook_session *s, struct mms_page *out, struct mms_err *err)
{
	const struct outlook_reader reader = outlook_reader(s, true);
	const char *ids[OUTLOOK_BATCH_MAX];
	MMS_AUTO(mms_event) event = { 0 };

	size_t n = outlook_series_missing(s->series, ids, OUTLOOK_BATCH_MAX);
	if (n > 0)
		return fetch_masters(s, ids, n, err);
	mms_rc rc =
		outlook_series_take(s->series, &reader, &event, &s->series->is_draining, err);
	return rc == MMS_OK && s->series->is_draining ? hand_up(out, &event, err) : rc;
}

/* ---- the listing -------------------------------------------------------------------------- */

/* A delta says nothing of the calendar itself: it is asked once while everything is read. */
static mms_rc
end_listing(struct outlook_session *s, struct mms_page *out, struct mms_err *err)
{
	enum mms_calendar_role role = MMS_ROLE_UNKNOWN;

	if (s->is_full) {
		mms_rc rc = mms_outlook_provider_ops.look((struct mms_session *)s, &role, err);
		if (rc != MMS_OK)
			return rc;
	}
	out->is_last = true;
	out->is_full = s->is_full;
	out->role = role;
	out->cursor = s->way.cursor;
	s->way.cursor = NULL;
	out->n_warnings = s->n_warnings;
	end_reading(s);
	return MMS_OK;
}

static mms_rc
fail_too_many(const struct outlook_session *s, struct mms_err *err)
{
	return mms_fail(err, MMS_E_RESYNC,
			"calendar '%s' of '%s': many events are gone: everything is read again",
			s->service.id, integration_of(s));
}

static mms_rc
go_on(struct outlook_session *s, struct mms_page *page, struct mms_err *err)
{
	struct outlook_series *series = s->series;

	if (series->n_left >= WAITING_MAX && !s->is_full && !s->is_read)
		return fail_too_many(s, err);
	if (series->n_left >= WAITING_MAX && s->is_full)
		series->is_draining = true;
	if (series->is_draining)
		return drain(s, page, err);
	if (s->has_page)
		return take_item(s, page, err);
	if (!s->is_read)
		return fetch_listing(s, err);
	if (outlook_series_current(series) != NULL)
		return fetch_series(s, page, err);
	series->is_draining = series->n_left > 0;
	return series->is_draining ? MMS_OK : end_listing(s, page, err);
}

mms_rc
outlook_next(struct mms_session *session, size_t max_events, struct mms_page *page,
	     struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)session;
	mms_rc rc = MMS_OK;

	mms_page_clear(page);
	if (!s->is_listing)
		return mms_fail(err, MMS_E_BUG, "a page without a listing");
	while (rc == MMS_OK && page->n < max_events && !page->is_last)
		rc = go_on(s, page, err);
	return rc;
}

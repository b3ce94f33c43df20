/*
 * A listing: page after page of events.list; then, where only changes were listed, each series of
 * which an instance changed, shown whole: "this and following" shortens a series without a word
 * about the instances that fall away.
 */
#include <string.h>

#include "google_parts.h"
#include "mmsync/mem.h"

/* The most that the service puts on a page. */
#define PAGE_ITEMS 2500
/* With more series changed than this, everything is read again instead. */
#define SERIES_MAX ((size_t)20)
/* Real ones have some dozens: it goes into an address. */
#define CURSOR_BYTES ((size_t)4096)

void
google_listing_release(struct google_session *s)
{
	google_page_release(&s->page);
	s->has_page = s->is_read = s->is_listing = false;
	mms_free(s->cursor);
	s->cursor = NULL;
	service_way_release(&s->way);
	for (size_t i = 0; i < s->n_series; i++)
		mms_free(s->series[i]);
	mms_free(s->series);
	s->series = NULL;
	s->n_series = s->cap_series = s->series_at = 0;
	s->series_live = s->series_shown = 0;
	s->n_warnings = 0;
}

/* Opaque, but never an address, nor anything that would have to be escaped beyond a few signs. */
bool
google_is_cursor(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > CURSOR_BYTES || strstr(text, "://") != NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f)
			return false;
	}
	return true;
}

mms_rc
google_start(struct mms_session *session, const struct mms_listing *listing,
	     struct mms_err *err)
{
	struct google_session *s = (struct google_session *)session;
	bool has_cursor =
		!listing->is_full && listing->cursor != NULL && listing->cursor[0] != '\0';

	google_listing_release(s);
	s->from_ms = listing->from_ms;
	s->to_ms = listing->to_ms;
	s->is_listing = true;
	if (!has_cursor)
		return MMS_OK;
	s->cursor = mms_text_copy(listing->cursor);
	return s->cursor != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* ---- addresses ---------------------------------------------------------------------------- */

static void
add_parameter(struct mms_str *url, const char *name, const char *value)
{
	mms_str_addf(url, "&%s=", name);
	wire_add_escaped(url, value);
}

static void
add_window(struct mms_str *url, const struct google_session *s)
{
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];

	wire_print_window(s->from_ms, s->to_ms, from, to);
	add_parameter(url, "timeMin", from);
	add_parameter(url, "timeMax", to);
}

static mms_rc
make_url(const struct google_session *s, enum google_asked asked, struct mms_str *url,
	 struct mms_err *err)
{
	mms_str_addf(url, "%s/events", s->service.root);
	if (asked == GOOGLE_SERIES) {
		mms_str_addc(url, '/');
		wire_add_escaped(url, s->series[s->series_at]);
		mms_str_addf(url, "/instances?maxResults=%d", PAGE_ITEMS);
	} else {
		mms_str_addf(url, "?singleEvents=true&maxResults=%d", PAGE_ITEMS);
	}
	if (asked == GOOGLE_CHANGES)
		add_parameter(url, "syncToken", s->cursor);
	else
		add_window(url, s);
	if (s->way.next != NULL)
		add_parameter(url, "pageToken", s->way.next);
	return mms_str_check(url, err);
}

/* ---- pages -------------------------------------------------------------------------------- */

static mms_rc
fetch(struct google_session *s, enum google_asked asked, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	struct service_request request = { .asked = (int)asked, .n = 1 };

	mms_rc rc = make_url(s, asked, &url, err);
	request.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = service_ask(&s->service, &request, &answer, err);
	if (rc == MMS_OK)
		rc = google_page_open(s->service.env->zones, &answer.body, &s->page, err);
	if (rc != MMS_OK)
		return rc;
	s->service.base.counts.pages++;
	if (asked != GOOGLE_SERIES && s->page.zone != NULL)
		s->zone = s->page.zone;
	s->service.is_seen = true;
	if (s->page.role != MMS_ROLE_UNKNOWN)
		s->role = s->page.role;
	rc = service_go_on(&s->service, &s->way, &s->page.wire, asked == GOOGLE_SERIES, err);
	s->is_read = s->is_read || s->way.cursor != NULL;
	s->has_page = rc == MMS_OK;
	s->asked = asked;
	if (rc != MMS_OK)
		google_page_release(&s->page);
	return rc;
}

/*
 * What is said of a series does not go with an instance of it that was just listed (one to which the
 * person alone was invited), or it cannot be asked: a full reading tells, within its budget.
 */
static mms_rc
contradict(struct google_session *s, struct mms_err *err)
{
	mms_err_release(err);
	return mms_fail(
		err, MMS_E_RESYNC,
		"calendar '%s' of '%s': a series does not show the instance of it that has "
		"changed: everything is read again",
		s->service.id, s->service.calendar->integration);
}

/* The next page of a series; of one that is gone a tombstone stands for all of it. */
static mms_rc
fetch_series(struct google_session *s, struct mms_page *out, struct mms_err *err)
{
	mms_rc rc = fetch(s, GOOGLE_SERIES, err);

	bool is_live = (s->series_live & (1U << s->series_at)) != 0;
	if (rc == MMS_E_CONFIG || (rc == MMS_E_GONE && is_live))
		return contradict(s, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	service_way_restart(&s->way);
	struct mms_event *event = mms_page_add(out);
	if (event == NULL)
		return mms_fail_nomem(err);
	rc = service_tombstone(s->series[s->series_at], event, err);
	if (rc != MMS_OK)
		out->n--;
	s->series_at++;
	return rc;
}

/* ---- items -------------------------------------------------------------------------------- */

/* A series of which something changed. */
static mms_rc
note_series(struct google_session *s, const char *id, bool is_live, struct mms_err *err)
{
	for (size_t i = 0; i < s->n_series; i++) {
		if (strcmp(s->series[i], id) != 0)
			continue;
		s->series_live |= (uint32_t)is_live << i;
		return MMS_OK;
	}
	if (!service_is_id(id))
		return MMS_OK;
	if (s->n_series >= SERIES_MAX)
		return mms_fail(err, MMS_E_RESYNC,
				"calendar '%s' of '%s': many series changed: everything is "
				"read again",
				s->service.id, s->service.calendar->integration);
	char **moved = mms_grow(s->series, s->n_series, &s->cap_series, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	s->series = moved;
	moved[s->n_series] = mms_text_copy(id);
	if (moved[s->n_series] == NULL)
		return mms_fail_nomem(err);
	s->series_live |= (uint32_t)is_live << s->n_series;
	s->n_series++;
	return MMS_OK;
}

/* The page in hand is used up; when it was the last of a series, that one is whole. */
static mms_rc
end_items(struct google_session *s, struct mms_page *out, struct mms_err *err)
{
	google_page_release(&s->page);
	s->has_page = false;
	if (s->asked != GOOGLE_SERIES || s->way.next != NULL)
		return MMS_OK;
	if (s->series_live & ~s->series_shown & (1U << s->series_at))
		return contradict(s, err);
	return mms_page_add_series(out, s->series[s->series_at++], err);
}

static mms_rc
take_item(struct google_session *s, struct mms_page *out, struct mms_err *err)
{
	struct google_reader reader = google_reader(s);
	struct mms_event *event = mms_page_add(out);
	bool has = false;

	if (event == NULL)
		return mms_fail_nomem(err);
	reader.has_window = true;
	reader.from_ms = s->from_ms;
	reader.to_ms = s->to_ms;
	mms_rc rc = google_page_next(&s->page, &reader, event, &has, err);
	if (rc != MMS_OK || !has) {
		out->n--;
		return rc == MMS_OK ? end_items(s, out, err) : rc;
	}
	if (event->external_id == NULL) { /* nothing that a row could be kept under */
		mms_event_release(event);
		out->n--;
		s->n_warnings++;
		return MMS_OK;
	}
	if (s->asked == GOOGLE_CHANGES && event->series_id != NULL)
		return note_series(s, event->series_id, !event->is_gone && !event->is_outside,
				   err);
	if (s->asked == GOOGLE_SERIES)
		s->series_shown |= 1U << s->series_at;
	return MMS_OK;
}

static void
end_listing(struct google_session *s, struct mms_page *out)
{
	out->is_last = true;
	out->is_full = s->cursor == NULL;
	out->cursor = s->way.cursor;
	s->way.cursor = NULL;
	out->n_warnings = s->n_warnings;
	google_listing_release(s);
}

mms_rc
google_next(struct mms_session *session, size_t max_events, struct mms_page *page,
	    struct mms_err *err)
{
	struct google_session *s = (struct google_session *)session;
	mms_rc rc = MMS_OK;

	mms_page_clear(page);
	if (!s->is_listing)
		return mms_fail(err, MMS_E_BUG, "a page without a listing");
	while (rc == MMS_OK && page->n < max_events) {
		if (s->has_page) {
			rc = take_item(s, page, err);
		} else if (!s->is_read) {
			rc = fetch(s, s->cursor != NULL ? GOOGLE_CHANGES : GOOGLE_LIST, err);
		} else if (s->series_at < s->n_series) {
			rc = fetch_series(s, page, err);
		} else {
			end_listing(s, page);
			break;
		}
	}
	page->role = s->role;
	return rc;
}

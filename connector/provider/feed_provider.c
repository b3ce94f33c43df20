/* The iCal feed as a provider: one address, read whole or not at all, never written. */
#include "mmsync/feed.h"

#include <string.h>

#include "feed_cache.h"
#include "mmsync/mem.h"

struct session {
	struct mms_session_base base;
	const struct mms_provider_env *env;
	const struct mms_calendar *calendar;
	char *old_cursor; /* owned: of an unchanged feed, handed on */
	struct mms_feed_body body;
	struct mms_feed *feed; /* owned: while a listing goes on     */
};

static mms_rc
open_session(struct mms_session **out, const struct mms_provider_env *env,
	     const struct mms_calendar *calendar, struct mms_err *err)
{
	if (calendar->url == NULL || calendar->url[0] == '\0') {
		mms_fail(err, MMS_E_CONFIG, "the integration has no iCal URL");
		return mms_hint(err, "enter the feed's address in '%s'", calendar->integration);
	}
	struct session *s = mms_alloc(sizeof *s);
	if (s == NULL)
		return mms_fail_nomem(err);
	s->env = env;
	s->calendar = calendar;
	*out = (struct mms_session *)s;
	return MMS_OK;
}

static void
end_listing(struct session *s)
{
	mms_feed_free(s->feed);
	s->feed = NULL;
	mms_feed_body_release(&s->body);
	mms_free(s->old_cursor);
	s->old_cursor = NULL;
}

static mms_rc
start_listing(struct mms_session *session, const struct mms_listing *listing,
	      struct mms_err *err)
{
	struct session *s = (struct session *)session;
	const char *cursor = listing->is_full ? NULL : listing->cursor;
	struct mms_feed_options options = {
		.zones = s->env->zones,
		.default_zone = s->calendar->day_zone,
		.day_zone = s->calendar->day_zone,
		.owner_email = s->calendar->user,
		.from_ms = listing->from_ms,
		.to_ms = listing->to_ms,
		.with_outside = true,
	};

	end_listing(s);
	if (cursor != NULL && cursor[0] == '\0')
		cursor = NULL;
	mms_rc rc = mms_feed_cache_get(s->env->feeds, s->env, s->calendar->url, cursor,
				       &s->base.counts, &s->body, err);
	options.charset = s->body.charset;
	if (rc == MMS_OK && !s->body.is_same)
		return mms_feed_open(&s->feed, s->body.fd, &options, err);
	if (rc == MMS_OK) {
		s->old_cursor = mms_text_copy(cursor);
		if (s->old_cursor == NULL && cursor != NULL)
			return mms_fail_nomem(err);
	}
	return rc;
}

/* The last page: what the listing as a whole has to say. */
static void
end_page(struct session *s, struct mms_page *page)
{
	page->is_last = true;
	page->is_full = true;
	page->cursor = s->body.cursor;
	s->body.cursor = NULL;
	page->next_entry_ms = mms_feed_next_entry_ms(s->feed);
	page->n_warnings = (int64_t)mms_feed_n_warnings(s->feed);
	end_listing(s);
}

static mms_rc
next_page(struct mms_session *session, size_t max_events, struct mms_page *page,
	  struct mms_err *err)
{
	struct session *s = (struct session *)session;

	mms_page_clear(page);
	s->base.counts.pages++;
	if (s->feed == NULL) {
		page->is_last = page->is_unchanged = true;
		page->cursor = s->old_cursor;
		s->old_cursor = NULL;
		return MMS_OK;
	}
	while (page->n < max_events) {
		bool has = false;
		struct mms_event *event = mms_page_add(page);

		if (event == NULL)
			return mms_fail_nomem(err);
		mms_rc rc = mms_feed_next(s->feed, event, &has, err);
		if (rc != MMS_OK || !has)
			page->n--;
		if (rc != MMS_OK)
			return rc;
		if (!has) {
			end_page(s, page);
			return MMS_OK;
		}
	}
	return MMS_OK;
}

static void
close_session(struct mms_session *session)
{
	struct session *s = (struct session *)session;

	if (s == NULL)
		return;
	end_listing(s);
	mms_free(s);
}

const struct mms_provider_ops mms_feed_provider_ops = {
	.open = open_session,
	.start = start_listing,
	.next = next_page,
	.close = close_session,
	.is_cursor = feed_cursor_is_whole,
};

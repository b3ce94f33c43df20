/* A feed opened, its groups expanded one after the other, its events handed up (see the header). */
#include "mmsync/feed.h"

#include <string.h>

#include "feed_parts.h"

/* Sentences about one feed or one event; more are counted, not kept. */
#define WARNINGS_MAX ((size_t)50)
#define DOUBTS_MAX   ((size_t)500)
/* Work for all rules of one feed: about a second and a half. */
#define FEED_STEPS INT64_C(50000000)
/* Every occurrence has the texts of its series: some seconds of copying. */
#define FEED_BYTES (INT64_C(1) << 30)

void
feed_doubt(struct mms_feed *feed, const char *fmt, ...)
{
	MMS_AUTO(mms_str) text = { 0 };
	va_list ap;

	if (feed->doubts.len > DOUBTS_MAX)
		return;
	va_start(ap, fmt);
	mms_str_addv(&text, fmt, ap);
	va_end(ap);
	/* DTSTART and DTEND often share what is doubtful. */
	if (strstr(mms_str_get(&feed->doubts), mms_str_get(&text)) != NULL)
		return;
	if (feed->doubts.len > 0)
		mms_str_add(&feed->doubts, "; ");
	/* A name out of the feed may be in any charset. */
	mms_ical_decode((struct mms_span){ mms_str_get(&text), text.len }, NULL, &feed->doubts);
}

mms_rc
feed_warn(struct mms_feed *feed, struct mms_err *err, const char *fmt, ...)
{
	MMS_AUTO(mms_str) raw = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	va_list ap;

	if (feed->n_warnings == WARNINGS_MAX) {
		feed->n_more_warnings++;
		return MMS_OK;
	}
	va_start(ap, fmt);
	mms_str_addv(&raw, fmt, ap);
	va_end(ap);
	mms_rc rc = mms_str_check(&raw, err);
	mms_ical_decode((struct mms_span){ mms_str_get(&raw), raw.len }, NULL, &text);
	if (rc == MMS_OK)
		rc = mms_str_check(&text, err);
	char **moved = rc == MMS_OK ? mms_grow(feed->warnings, feed->n_warnings,
					       &feed->warnings_cap, sizeof *feed->warnings)
				    : NULL;
	if (moved == NULL)
		return rc != MMS_OK ? rc : mms_fail_nomem(err);
	feed->warnings = moved;
	feed->warnings[feed->n_warnings++] = mms_str_take(&text);
	return MMS_OK;
}

static mms_rc
open_feed(struct mms_feed *feed, int fd, struct mms_err *err)
{
	mms_rc rc = feed_source_open(&feed->source, fd, err);

	if (rc == MMS_OK)
		rc = mms_ical_open(&feed->reader, feed_source_read, &feed->source, err);
	if (rc == MMS_OK)
		rc = feed_index_read(feed, err);
	if (rc == MMS_OK)
		rc = feed_check_wr_zones(feed, err);
	return rc;
}

mms_rc
mms_feed_open(struct mms_feed **out, int fd, const struct mms_feed_options *options,
	      struct mms_err *err)
{
	struct mms_feed *feed = mms_alloc(sizeof *feed);

	if (feed == NULL)
		return mms_fail_nomem(err);
	feed->options = *options;
	feed->master.item = FEED_NONE;
	feed->other.item = FEED_NONE;
	feed->sample_item = FEED_NONE;
	feed->steps = FEED_STEPS;
	feed->bytes_left = FEED_BYTES;
	feed->next_entry_ms = MMS_NO_TIME;
	mms_rc rc = open_feed(feed, fd, err);
	if (rc != MMS_OK) {
		mms_feed_free(feed);
		return rc;
	}
	*out = feed;
	return MMS_OK;
}

void
mms_feed_free(struct mms_feed *feed)
{
	if (feed == NULL)
		return;
	for (size_t i = feed->queue_at; i < feed->n_queue; i++)
		mms_free(feed->queue[i].problem);
	for (size_t i = 0; i < feed->n_warnings; i++)
		mms_free(feed->warnings[i]);
	for (size_t i = 0; i < feed->n_zones; i++)
		mms_zone_free(feed->zones[i].own);
	mms_free(feed->queue);
	mms_free(feed->warnings);
	mms_free(feed->zones);
	mms_free(feed->overrides);
	mms_str_release(&feed->doubts);
	mms_str_release(&feed->series_doubts);
	mms_event_release(&feed->sample);
	mms_recur_release(&feed->set);
	feed_block_release(&feed->master);
	feed_block_release(&feed->other);
	feed_index_release(&feed->index);
	mms_ical_release(&feed->reader);
	feed_source_close(&feed->source);
	mms_free(feed);
}

/* After the last event: how much was not told. */
static mms_rc
tell_rest(struct mms_feed *feed, struct mms_err *err)
{
	size_t n = feed->n_more_warnings;

	if (n == 0)
		return MMS_OK;
	feed->n_more_warnings = 0;
	mms_free(feed->warnings[--feed->n_warnings]);
	return feed_warn(feed, err, "and %zu more of the kind", n + 1);
}

mms_rc
mms_feed_next(struct mms_feed *feed, struct mms_event *out, bool *has, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && feed->queue_at == feed->n_queue && feed->item < feed->index.n) {
		uint32_t i = (uint32_t)feed->item++;
		if ((feed->index.items[i].flags & FEED_IS_FIRST) != 0)
			rc = feed_expand(feed, i, err);
	}
	*has = rc == MMS_OK && feed->queue_at < feed->n_queue;
	if (!*has)
		return rc == MMS_OK ? tell_rest(feed, err) : rc;
	struct feed_occurrence *o = &feed->queue[feed->queue_at++];
	bool is_last = feed->queue_at == feed->n_queue || o[1].item != o->item;
	rc = feed_event(feed, o, is_last, out, err);
	mms_free(o->problem);
	o->problem = NULL;
	return rc;
}

int64_t
mms_feed_next_entry_ms(const struct mms_feed *feed)
{
	return feed->next_entry_ms;
}

size_t
mms_feed_n_warnings(const struct mms_feed *feed)
{
	return feed->n_warnings;
}

const char *
mms_feed_warning(const struct mms_feed *feed, size_t i)
{
	return feed->warnings[i];
}

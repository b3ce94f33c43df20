/*
 * Several components of one UID: which of them is the master, which override which instance,
 * and which of two that say the same is to be believed.
 */
#include <stdlib.h>

#include "feed_parts.h"

bool
feed_is_cancelled(const struct mms_feed *feed, uint32_t item)
{
	const struct feed_item *it = &feed->index.items[item];

	return (it->flags & FEED_IS_CANCELLED) != 0 ||
	       feed->index.calendars[it->calendar].is_cancel;
}

/* Highest SEQUENCE, newest LAST-MODIFIED, newest DTSTAMP, last in the file. */
bool
feed_is_newer(const struct mms_feed *feed, uint32_t a, uint32_t b)
{
	const struct feed_item *x = &feed->index.items[a], *y = &feed->index.items[b];

	if (x->sequence != y->sequence)
		return x->sequence > y->sequence;
	if (x->modified_s != y->modified_s && x->modified_s != MMS_NO_TIME &&
	    y->modified_s != MMS_NO_TIME)
		return x->modified_s > y->modified_s;
	if (x->stamp_s != y->stamp_s)
		return x->stamp_s > y->stamp_s;
	return a > b;
}

/* RECURRENCE-ID to what identifies an instance in the master's terms. */
static void
set_id(const struct mms_feed *feed, const struct feed_when *id, const struct feed_times *master,
       struct feed_override *out)
{
	out->id_is_date = id->is_date || (master != NULL && master->start.is_date);
	out->id_ms = out->id_is_date ? feed_day_ms(feed, id) : id->ms;
	if (master == NULL || master->start.is_date || !id->is_date)
		return;
	/* A date for a series of times: the instance that begins at the usual time that day. */
	int64_t in_day = master->start.wall_s % 86400;
	in_day = in_day < 0 ? in_day + 86400 : in_day;
	out->id_ms = mms_zone_to_utc(master->start.zone, (id->wall_s + in_day) * 1000000);
	out->id_is_date = false;
}

/* A cancelled instance may come without times: then it is where it was. */
static void
take_usual_times(const struct feed_times *master, struct feed_override *o)
{
	if (master == NULL) {
		o->times.start = (struct feed_when){ .zone = mms_zone_utc(),
						     .is_utc = true,
						     .is_date = o->id_is_date,
						     .wall_s = o->id_ms / 1000,
						     .ms = o->id_ms };
		o->times.length.wall_s = o->id_is_date ? 86400 : 0;
	} else {
		o->times = *master;
		o->times.start.ms = o->id_ms;
	}
	o->times.end_ms = feed_end(&o->times.start, &o->times.length, o->id_ms);
	o->is_shown = true;
}

/* What an override is for, and its times. *is_good false: its RECURRENCE-ID cannot be read. */
static mms_rc
read_override(struct mms_feed *feed, uint32_t item, const struct feed_times *master,
	      struct feed_override *out, bool *is_good, struct mms_err *err)
{
	struct feed_block *block = &feed->other;
	struct mms_span range;
	struct feed_when id;
	char *problem = NULL;

	*out = (struct feed_override){ .item = item };
	mms_rc rc = feed_load(feed, block, item, err);
	if (rc != MMS_OK)
		return rc;
	const struct feed_prop *prop = feed_find(block, MMS_ICAL_RECURRENCE_ID);
	*is_good = prop != NULL;
	if (prop == NULL) /* only when the file changed under us */
		return MMS_OK;
	struct mms_span params = feed_params(block, prop);
	rc = feed_when(feed, feed->index.items[item].calendar, feed_value(block, prop), params,
		       master != NULL && !master->start.is_date ? master->start.zone : NULL,
		       &id, is_good, err);
	if (rc != MMS_OK || !*is_good)
		return rc;
	set_id(feed, &id, master, out);
	out->is_range =
		mms_ical_param(params, "RANGE", &range) && mms_span_is(range, "THISANDFUTURE");
	out->is_cancelled = feed_is_cancelled(feed, item);
	rc = feed_times(feed, block, &out->times, &problem, err);
	out->is_shown = rc == MMS_OK && problem == NULL;
	mms_free(problem);
	if (rc == MMS_OK && !out->is_shown && out->is_cancelled)
		take_usual_times(master, out);
	mms_str_clear(&feed->doubts); /* told again when it is handed up */
	return rc;
}

/* By instance; of one instance the one to believe last. */
static int
compare(const void *a, const void *b, void *feed)
{
	const struct feed_override *x = a, *y = b;

	if (x->id_ms != y->id_ms)
		return x->id_ms < y->id_ms ? -1 : 1;
	if (x->item == y->item)
		return 0;
	return feed_is_newer(feed, x->item, y->item) ? 1 : -1;
}

mms_rc
feed_collect_overrides(struct mms_feed *feed, uint32_t first, const struct feed_times *master,
		       struct mms_err *err)
{
	mms_rc rc = MMS_OK;
	size_t n = 0;

	feed->n_overrides = 0;
	for (uint32_t i = first; i != FEED_NONE && rc == MMS_OK;
	     i = feed->index.items[i].next) {
		struct feed_override o;
		bool is_good = true;
		if ((feed->index.items[i].flags & FEED_HAS_RECURRENCE_ID) == 0)
			continue;
		rc = read_override(feed, i, master, &o, &is_good, err);
		if (rc != MMS_OK)
			break;
		struct feed_override *moved =
			mms_grow(feed->overrides, feed->n_overrides, &feed->overrides_cap,
				 sizeof *feed->overrides);
		if (moved == NULL)
			return mms_fail_nomem(err);
		feed->overrides = moved;
		if (!is_good)
			o.id_ms = MMS_NO_TIME;
		feed->overrides[feed->n_overrides++] = o;
	}
	if (rc != MMS_OK || feed->n_overrides < 2)
		return rc;
	qsort_r(feed->overrides, feed->n_overrides, sizeof *feed->overrides, compare, feed);
	for (size_t i = 0; i < feed->n_overrides; i++) {
		bool is_beaten = i + 1 < feed->n_overrides &&
				 feed->overrides[i].id_ms != MMS_NO_TIME &&
				 feed->overrides[i + 1].id_ms == feed->overrides[i].id_ms;
		if (!is_beaten)
			feed->overrides[n++] = feed->overrides[i];
	}
	feed->n_overrides = n;
	return MMS_OK;
}

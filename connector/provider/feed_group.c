/* All occurrences of one UID inside the window (and, when asked, moved and single ones beside). */
#include <inttypes.h>
#include <stdlib.h>

#include "feed_parts.h"

#define DAY_MS INT64_C(86400000)
/* Occurrences of one series in the window, unless the options say otherwise. */
#define SERIES_MAX ((size_t)10000)
/* Of a whole feed. */
#define FEED_MAX ((size_t)1000000)
/* Work for one series; a rule that is walked from 1990 in hours needs a third of it. */
#define SERIES_STEPS INT64_C(1000000)
/* How far behind the window the next entry is looked for. */
#define HORIZON_MS (400 * DAY_MS)

/* A group while it is expanded. */
struct group {
	struct mms_feed *feed;
	uint32_t first;
	uint32_t master;  /* the one to believe; FEED_NONE: only overrides      */
	uint32_t content; /* whose times and texts count: of a cancellation, of
			   * what it cancels                                     */
	bool is_cancelled, is_series;
	struct feed_times times;
	size_t range_at; /* overrides before it were looked at for a range */
	const struct feed_override *range;
};

static int64_t
floor_day(int64_t ms)
{
	return ms / DAY_MS - (ms % DAY_MS < 0 ? 1 : 0);
}

/* An all-day occurrence is kept in midnights UTC; its instants are those of the reader's day. */
static void
place(const struct mms_feed *feed, struct feed_occurrence *o, bool is_all_day, int64_t start_ms,
      int64_t end_ms)
{
	/* Lengths are added up; what lies behind the calendars ends with them. */
	if (end_ms > FEED_LAST_MS)
		end_ms = is_all_day ? FEED_LAST_MS + 1 : FEED_LAST_MS;
	o->is_all_day = is_all_day;
	o->start_ms = start_ms;
	o->end_ms = end_ms;
	if (!is_all_day)
		return;
	o->first_day = floor_day(start_ms);
	o->end_day = floor_day(end_ms);
	o->start_ms = mms_zone_day_start(feed_day_zone(feed), o->first_day);
	o->end_ms = mms_zone_day_start(feed_day_zone(feed), o->end_day);
}

static bool
overlaps(const struct mms_feed *feed, const struct feed_occurrence *o)
{
	int64_t from = feed->options.from_ms;

	return o->start_ms < feed->options.to_ms &&
	       (o->end_ms > from || (o->end_ms == o->start_ms && o->start_ms >= from));
}

static void
note_entry(struct mms_feed *feed, int64_t start_ms)
{
	if (start_ms < feed->options.to_ms)
		return;
	if (feed->next_entry_ms == MMS_NO_TIME || start_ms < feed->next_entry_ms)
		feed->next_entry_ms = start_ms;
}

static mms_rc
push(struct mms_feed *feed, const struct feed_occurrence *o, struct mms_err *err)
{
	struct feed_occurrence *moved =
		mms_grow(feed->queue, feed->n_queue, &feed->queue_cap, sizeof *feed->queue);

	if (moved == NULL)
		return mms_fail_nomem(err);
	feed->queue = moved;
	feed->queue[feed->n_queue++] = *o;
	return MMS_OK;
}

/* Into the queue when it is to be seen. */
static mms_rc
offer(struct mms_feed *feed, struct feed_occurrence *o, bool may_be_outside,
      struct mms_err *err)
{
	bool is_inside = overlaps(feed, o);

	note_entry(feed, o->start_ms);
	o->is_outside = !is_inside;
	if (!is_inside && !(may_be_outside && feed->options.with_outside))
		return MMS_OK;
	return push(feed, o, err);
}

/* Takes: problem. */
static mms_rc
offer_problem(struct mms_feed *feed, uint32_t item, const struct feed_occurrence *known,
	      char *problem, struct mms_err *err)
{
	struct feed_occurrence o = { .item = item,
				     .start_ms = MMS_NO_TIME,
				     .end_ms = MMS_NO_TIME,
				     .id_ms = MMS_NO_TIME };

	if (known != NULL)
		o = *known;
	o.problem = problem;
	mms_rc rc = push(feed, &o, err);
	if (rc != MMS_OK)
		mms_free(problem);
	return rc;
}

/* The better of two candidates that is the newer, or the only one. */
static void
prefer(const struct mms_feed *feed, uint32_t item, uint32_t *best)
{
	if (*best == FEED_NONE || feed_is_newer(feed, item, *best))
		*best = item;
}

static mms_rc
choose_master(struct group *g, struct mms_err *err)
{
	const struct feed_index *index = &g->feed->index;
	uint32_t lively = FEED_NONE; /* neither cancelled nor without times */
	size_t n = 0;

	g->master = FEED_NONE;
	for (uint32_t i = g->first; i != FEED_NONE; i = index->items[i].next) {
		if ((index->items[i].flags & FEED_HAS_RECURRENCE_ID) != 0) {
			g->is_series = true;
			continue;
		}
		prefer(g->feed, i, &g->master);
		if (feed_is_cancelled(g->feed, i))
			continue;
		n++;
		if ((index->items[i].flags & FEED_HAS_START) != 0)
			prefer(g->feed, i, &lively);
	}
	g->content = g->master;
	if (g->master != FEED_NONE && feed_is_cancelled(g->feed, g->master)) {
		g->is_cancelled = true;
		if (lively != FEED_NONE)
			g->content = lively;
	}
	if (n < 2)
		return MMS_OK;
	return feed_warn(g->feed, err,
			 "%zu events have the UID of the one in line %u; the one in line %u is "
			 "taken",
			 n, index->items[g->first].line, index->items[g->master].line);
}

/* The override of exactly this instance; NULL: none. */
static const struct feed_override *
find_override(const struct mms_feed *feed, int64_t id_ms)
{
	size_t low = 0, high = feed->n_overrides;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (feed->overrides[middle].id_ms < id_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low < feed->n_overrides && feed->overrides[low].id_ms == id_ms
		       ? &feed->overrides[low]
		       : NULL;
}

/* The last THISANDFUTURE at or before an instance; NULL: none. Asked in ascending order. */
static const struct feed_override *
find_range(struct group *g, int64_t id_ms)
{
	const struct mms_feed *feed = g->feed;

	for (; g->range_at < feed->n_overrides && feed->overrides[g->range_at].id_ms <= id_ms;
	     g->range_at++) {
		const struct feed_override *o = &feed->overrides[g->range_at];
		if (o->is_range && o->is_shown && o->id_ms != MMS_NO_TIME)
			g->range = o;
	}
	return g->range;
}

/* An instance under a THISANDFUTURE: moved as that one was, with its length and content. */
static void
place_shifted(const struct group *g, const struct feed_override *range, int64_t id_ms,
	      struct feed_occurrence *o)
{
	const struct feed_when *own = &g->times.start, *new = &range->times.start;
	bool is_date = new->is_date;
	int64_t start_ms;

	if (own->is_date || is_date) {
		/* By whole days; into or out of all-day the new time of day is kept. */
		int64_t days = floor_day(id_ms) - floor_day(range->id_ms);
		start_ms = is_date ? new->ms + days *DAY_MS
				   : mms_zone_to_utc(new->zone,
						     new->wall_s * 1000000 + days *MMS_DAY_US);
	} else {
		/* The same shift of the wall clock, so that it survives a change of offset. */
		int64_t shift_us =
			new->wall_s * 1000000 - mms_zone_to_wall(new->zone, range->id_ms);
		start_ms = mms_zone_to_utc(new->zone,
					   mms_zone_to_wall(new->zone, id_ms) + shift_us);
	}
	place(g->feed, o, is_date, start_ms, feed_end(new, &range->times.length, start_ms));
	o->item = range->item;
	o->is_cancelled = range->is_cancelled;
}

static void
place_instance(struct group *g, const struct mms_recur_date *date, struct feed_occurrence *o)
{
	const struct feed_override *range = find_range(g, date->at_ms);

	*o = (struct feed_occurrence){ .item = g->content,
				       .id_ms = date->at_ms,
				       .id_is_date = g->times.start.is_date,
				       .is_cancelled = g->is_cancelled };
	if (range != NULL) {
		place_shifted(g, range, date->at_ms, o);
		return;
	}
	int64_t end_ms = date->end_ms != MMS_NO_TIME ? date->end_ms
			 : date->at_ms == g->times.start.ms
				 ? g->times.end_ms
				 : feed_end(&g->times.start, &g->times.length, date->at_ms);
	place(g->feed, o, g->times.start.is_date, date->at_ms, end_ms);
}

/* How much earlier and later than its id an instance may lie: lengths and shifts. */
static int64_t
reach_of(const struct group *g)
{
	int64_t reach = g->times.length.wall_s * 1000 + g->times.length.ms + 2 * DAY_MS;
	int64_t most = g->times.end_ms - g->times.start.ms;

	if (most + 2 * DAY_MS > reach)
		reach = most + 2 * DAY_MS;
	for (size_t i = 0; i < g->feed->n_overrides; i++) {
		const struct feed_override *o = &g->feed->overrides[i];
		if (!o->is_range || !o->is_shown)
			continue;
		int64_t shift = o->times.start.ms - o->id_ms;
		int64_t own = (shift < 0 ? -shift : shift) + o->times.length.wall_s * 1000 +
			      o->times.length.ms + 2 * DAY_MS;
		reach = own > reach ? own : reach;
	}
	for (size_t i = 0; i < g->feed->set.n_dates; i++) {
		const struct mms_recur_date *d = &g->feed->set.dates[i];
		if (d->end_ms != MMS_NO_TIME && d->end_ms - d->at_ms + DAY_MS > reach)
			reach = d->end_ms - d->at_ms + DAY_MS;
	}
	return reach;
}

/* A master that cannot be expanded: its start is known, its instances are not. */
static mms_rc
tell_master(struct group *g, bool has_times, char *problem, struct mms_err *err)
{
	struct feed_occurrence o = { .item = g->content, .id_ms = MMS_NO_TIME };

	if (!has_times)
		return offer_problem(g->feed, g->content, NULL, problem, err);
	place(g->feed, &o, g->times.start.is_date, g->times.start.ms, g->times.end_ms);
	o.is_cancelled = g->is_cancelled;
	return offer_problem(g->feed, g->content, &o, problem, err);
}

/* A series while it is expanded. */
struct series {
	size_t queued; /* what stood in the queue before it */
	size_t max;    /* occurrences that it may have      */
	int64_t given; /* steps that it may take            */
	int64_t bytes; /* of text that it hands up          */
};

/* What is too much of a series, as a sentence; NULL: nothing. Owns: the result. */
static char *
too_much(const struct group *g, const struct series *s)
{
	const struct mms_feed *feed = g->feed;
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_addf(&text, "the series (line %u) ", feed->index.items[g->content].line);
	if (feed->n_queue - s->queued > s->max) {
		mms_str_addf(&text, "has more than %zu occurrences in the window", s->max);
	} else if (feed->n_occurrences + feed->n_queue > FEED_MAX) {
		mms_str_addf(&text, "is left out: the feed has more than %zu occurrences",
			     FEED_MAX);
	} else if (feed->set.is_out_of_steps) {
		mms_str_addf(&text, "has a rule that takes more than %" PRId64 " steps",
			     s->given);
	} else {
		mms_str_addf(&text, "is left out: its texts would be %" PRId64 " bytes",
			     s->bytes);
	}
	return mms_str_take(&text);
}

/* Refuse a series whole when anything of it is too much: half would be taken for all. */
static mms_rc
check_series(struct group *g, struct series *s, bool *is_refused, struct mms_err *err)
{
	struct mms_feed *feed = g->feed;

	s->bytes = (int64_t)(feed->n_queue - s->queued) * (int64_t)feed->master.bytes.len;
	*is_refused = feed->n_queue - s->queued > s->max ||
		      feed->n_occurrences + feed->n_queue > FEED_MAX ||
		      feed->set.is_out_of_steps || s->bytes > feed->bytes_left;
	if (!*is_refused) {
		feed->bytes_left -= s->bytes;
		return MMS_OK;
	}
	char *problem = too_much(g, s);
	if (problem == NULL)
		return mms_fail_nomem(err);
	feed->n_queue = s->queued;
	return tell_master(g, true, problem, err);
}

static mms_rc
expand_set(struct group *g, struct mms_err *err)
{
	struct mms_feed *feed = g->feed;
	const struct mms_feed_options *options = &feed->options;
	struct series s = { .queued = feed->n_queue,
			    .max = options->max_occurrences > 0 ? options->max_occurrences
								: SERIES_MAX,
			    .given = feed->steps < SERIES_STEPS ? feed->steps : SERIES_STEPS };
	int64_t reach = reach_of(g), horizon_ms = options->to_ms + HORIZON_MS;
	int64_t steps = s.given;
	bool is_next_known = false, is_refused = false;
	struct mms_recur_date date;
	mms_rc rc = MMS_OK;

	mms_recur_start(&feed->set, options->from_ms - reach, horizon_ms + reach, &steps);
	while (rc == MMS_OK && !is_next_known && mms_recur_next(&feed->set, &date)) {
		struct feed_occurrence o;
		if (find_override(feed, date.at_ms) != NULL)
			continue;
		place_instance(g, &date, &o);
		if (!g->is_series)
			o.id_ms = MMS_NO_TIME;
		rc = offer(feed, &o, !g->is_series, err);
		/* Shifted instances may lie before this one: look a reach further. */
		is_next_known = date.at_ms >= options->to_ms + reach;
		if (feed->n_queue - s.queued > s.max ||
		    feed->n_occurrences + feed->n_queue > FEED_MAX)
			break;
	}
	feed->steps -= s.given - steps;
	if (rc == MMS_OK)
		rc = check_series(g, &s, &is_refused, err);
	if (rc == MMS_OK && !is_refused && !is_next_known && feed->set.may_go_on)
		note_entry(feed, horizon_ms);
	return rc;
}

static bool
has_rules(const struct mms_feed *feed)
{
	if (feed->set.n_dates > 1)
		return true;
	return feed->set.n_rules > 0;
}

static mms_rc
expand_master(struct group *g, struct mms_err *err)
{
	struct mms_feed *feed = g->feed;
	bool has_set = (feed->index.items[g->content].flags & FEED_HAS_RULES) != 0;
	char *problem = NULL;
	mms_rc rc = MMS_OK;

	if (!has_set && !g->is_series) {
		struct feed_occurrence o = { .item = g->content,
					     .id_ms = MMS_NO_TIME,
					     .is_cancelled = g->is_cancelled };
		place(feed, &o, g->times.start.is_date, g->times.start.ms, g->times.end_ms);
		return offer(feed, &o, true, err);
	}
	mms_str_clear(&feed->doubts);
	rc = feed_set(feed, &feed->master, &g->times, &problem, err);
	if (rc != MMS_OK)
		return rc;
	mms_str_addn(&feed->series_doubts, mms_str_get(&feed->doubts), feed->doubts.len);
	if (problem != NULL) {
		mms_recur_release(&feed->set);
		return tell_master(g, true, problem, err);
	}
	g->is_series = g->is_series || has_rules(feed);
	return expand_set(g, err);
}

/* An override whose times or whose instance cannot be read. */
static mms_rc
tell_override(struct mms_feed *feed, const struct feed_override *v, struct feed_occurrence *o,
	      struct mms_err *err)
{
	char *problem = NULL;
	struct feed_times times;

	mms_rc rc = feed_load(feed, &feed->other, v->item, err);
	if (rc == MMS_OK)
		rc = feed_times(feed, &feed->other, &times, &problem, err);
	if (rc != MMS_OK)
		return rc;
	if (problem == NULL) {
		problem = feed_problem(&feed->other,
				       feed_find(&feed->other, MMS_ICAL_RECURRENCE_ID),
				       "RECURRENCE-ID", "is not a time");
	}
	if (problem == NULL)
		return mms_fail_nomem(err);
	o->start_ms = MMS_NO_TIME;
	o->end_ms = MMS_NO_TIME;
	return offer_problem(feed, v->item, o, problem, err);
}

static mms_rc
expand_overrides(struct group *g, struct mms_err *err)
{
	struct mms_feed *feed = g->feed;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < feed->n_overrides && rc == MMS_OK; i++) {
		const struct feed_override *v = &feed->overrides[i];
		struct feed_occurrence o = { .item = v->item,
					     .id_ms = v->id_ms,
					     .id_is_date = v->id_is_date,
					     .is_cancelled = v->is_cancelled };
		if (!v->is_shown) {
			rc = tell_override(feed, v, &o, err);
			continue;
		}
		/* What the master excludes stays excluded. */
		if (g->content != FEED_NONE && mms_recur_is_excluded(&feed->set, v->id_ms))
			continue;
		/* A cancelled series takes its instances along, unless one was revived later. */
		if (g->is_cancelled && feed->index.items[v->item].sequence <=
					       feed->index.items[g->master].sequence)
			o.is_cancelled = true;
		place(feed, &o, v->times.start.is_date, v->times.start.ms, v->times.end_ms);
		rc = offer(feed, &o, true, err);
	}
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const struct feed_occurrence *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	if (x->id_ms != y->id_ms)
		return x->id_ms < y->id_ms ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

mms_rc
feed_expand(struct mms_feed *feed, uint32_t first, struct mms_err *err)
{
	struct group g = { .feed = feed, .first = first };
	char *problem = NULL;
	bool has_master = false;

	feed->n_queue = 0;
	feed->queue_at = 0;
	feed->n_overrides = 0;
	mms_recur_release(&feed->set);
	mms_str_clear(&feed->doubts);
	mms_str_clear(&feed->series_doubts);
	mms_rc rc = choose_master(&g, err);
	if (rc == MMS_OK && g.master != FEED_NONE) {
		rc = feed_load(feed, &feed->master, g.content, err);
		if (rc == MMS_OK)
			rc = feed_times(feed, &feed->master, &g.times, &problem, err);
		has_master = rc == MMS_OK && problem == NULL;
		if (rc == MMS_OK && problem != NULL)
			rc = tell_master(&g, false, problem, err);
	}
	if (rc == MMS_OK && g.is_series)
		rc = feed_collect_overrides(feed, first, has_master ? &g.times : NULL, err);
	if (rc == MMS_OK && has_master)
		rc = expand_master(&g, err);
	if (rc == MMS_OK)
		rc = expand_overrides(&g, err);
	if (rc == MMS_OK && feed->n_queue > 1)
		qsort(feed->queue, feed->n_queue, sizeof *feed->queue, compare);
	feed->n_occurrences += feed->n_queue;
	return rc;
}

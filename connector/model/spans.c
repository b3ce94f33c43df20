/* Stretches of time, and the times of rows read as such (see the header). */
#include "mmsync/spans.h"

#include <stdlib.h>

#include "mmsync/timetext.h"

#define SECOND_US INT64_C(1000000)
/* How long a row counts whose end says nothing. */
#define SHORTEST_US (60 * SECOND_US)
/* No zone's clock reads the same again, or leaves a hole, further than this from a change. */
#define NEAR_MS (2 * MMS_DAY_MS)
/* What a DATETIME column holds. */
#define FIRST_YEAR 1000
#define LAST_YEAR  9999

bool
mms_span_overlaps(const struct mms_span *a, const struct mms_span *b)
{
	return a->start_ms < b->end_ms && b->start_ms < a->end_ms;
}

static int
compare_spans(const void *a, const void *b)
{
	const struct mms_span *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->end_ms < y->end_ms ? -1 : x->end_ms > y->end_ms;
}

size_t
mms_spans_merge(struct mms_span *spans, size_t n)
{
	size_t kept = 0;

	if (n > 1)
		qsort(spans, n, sizeof *spans, compare_spans);
	for (size_t i = 0; i < n; i++) {
		struct mms_span *last = kept > 0 ? &spans[kept - 1] : NULL;
		if (spans[i].end_ms <= spans[i].start_ms)
			continue;
		if (last == NULL || spans[i].start_ms > last->end_ms)
			spans[kept++] = spans[i];
		else if (spans[i].end_ms > last->end_ms)
			last->end_ms = spans[i].end_ms;
	}
	return kept;
}

/* ---- clock readings to instants ------------------------------------------------------------- */

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t
mms_span_day(const struct mms_zone *zone, int64_t utc_ms)
{
	return floor_div(mms_zone_to_wall(zone, utc_ms), MMS_DAY_US);
}

/* The earlier of the instants that a clock reading means; of one that is skipped, the change. */
static int64_t
to_earliest(const struct mms_zone *zone, int64_t wall_us)
{
	int64_t at_ms = mms_zone_to_utc(zone, wall_us);
	int64_t skipped_ms = (mms_zone_to_wall(zone, at_ms) - wall_us) / 1000;
	struct mms_zone_change change;

	if (skipped_ms > 0 && mms_zone_next_change(zone, at_ms - skipped_ms, &change) &&
	    change.at_ms < at_ms)
		return change.at_ms;
	return at_ms;
}

/* The later of the instants that a clock reading means. */
static int64_t
to_latest(const struct mms_zone *zone, int64_t wall_us)
{
	int64_t first_ms = mms_zone_to_utc(zone, wall_us);
	struct mms_zone_change change;

	if (!mms_zone_next_change(zone, first_ms, &change) || change.at_ms - first_ms > NEAR_MS)
		return first_ms;
	int64_t again_ms = floor_div(wall_us, 1000) - change.offset * INT64_C(1000);
	return again_ms >= change.at_ms ? again_ms : first_ms;
}

static bool
is_midnight(int64_t wall_us)
{
	return wall_us % MMS_DAY_US == 0;
}

/* An end that means the midnight behind it, as that midnight. */
static int64_t
to_day_end(int64_t wall_us)
{
	return is_midnight(wall_us + SECOND_US) ? wall_us + SECOND_US : wall_us;
}

/* The days [first, end) as a stretch of the person's time. */
static struct mms_span
days_of(const struct mms_zone *person, int64_t first, int64_t end)
{
	return (struct mms_span){ mms_zone_day_start(person, first),
				  mms_zone_day_start(person, end > first ? end : first + 1) };
}

/* The days whose dates the clock readings name. */
static struct mms_span
named_days(const struct mms_zone *person, int64_t start_us, int64_t end_us)
{
	int64_t end = floor_div(to_day_end(end_us) + MMS_DAY_US - 1, MMS_DAY_US);

	return days_of(person, floor_div(start_us, MMS_DAY_US), end);
}

/* The person's days that a stretch lies in. */
static struct mms_span
whole_days(const struct mms_zone *person, const struct mms_span *span)
{
	return days_of(person, mms_span_day(person, span->start_ms),
		       mms_span_day(person, span->end_ms - 1) + 1);
}

static struct mms_span
join(const struct mms_span *a, const struct mms_span *b)
{
	return (struct mms_span){ a->start_ms < b->start_ms ? a->start_ms : b->start_ms,
				  a->end_ms > b->end_ms ? a->end_ms : b->end_ms };
}

/* By its times, outwards where a reading means two instants. */
static struct mms_span
read_times(const struct mms_zone *stored, int64_t start_us, int64_t end_us)
{
	struct mms_span span = { to_earliest(stored, start_us), to_latest(stored, end_us) };

	if (span.end_ms <= span.start_ms)
		span.end_ms = span.start_ms + SHORTEST_US / 1000;
	return span;
}

struct mms_span
mms_span_read(const struct mms_span_zones *zones, int64_t start_us, int64_t end_us,
	      enum mms_span_kind kind)
{
	if (end_us == MMS_NO_TIME || end_us <= start_us)
		end_us = start_us + SHORTEST_US;
	struct mms_span span = read_times(zones->stored, start_us, end_us), own = span;
	if (kind == MMS_SPAN_TIMED)
		return span;
	/* A midnight that comes twice ends its day the first time. */
	if (is_midnight(end_us) && mms_zone_to_utc(zones->stored, end_us) > own.start_ms)
		own.end_ms = mms_zone_to_utc(zones->stored, end_us);
	struct mms_span days = whole_days(zones->person, &own);
	bool is_own_midnight = days.start_ms == span.start_ms;
	if (kind == MMS_SPAN_DAYS && !is_own_midnight && is_midnight(start_us))
		return named_days(zones->person, start_us, end_us);
	if (kind == MMS_SPAN_DAYS)
		return days;
	if (is_own_midnight && days.end_ms - own.end_ms <= 1000)
		return join(&span, &days); /* to 23:59:59 of its last day */
	if (!is_midnight(start_us) || !is_midnight(to_day_end(end_us)))
		return span;
	/* Whoever typed dates in the Desk meant days; whoever synced a shift meant its hours. */
	days = named_days(zones->person, start_us, end_us);
	return join(&span, &days);
}

/* ---- bounds for the database ----------------------------------------------------------------- */

/* The smallest and the largest offset of a zone about an instant, ms. */
static void
offsets_about(const struct mms_zone *zone, int64_t at_ms, int64_t *least, int64_t *most)
{
	struct mms_zone_change change = { .at_ms = at_ms - NEAR_MS,
					  .offset = mms_zone_offset_at(zone, at_ms - NEAR_MS) };

	*least = *most = change.offset * INT64_C(1000);
	while (mms_zone_next_change(zone, change.at_ms, &change) &&
	       change.at_ms <= at_ms + NEAR_MS) {
		int64_t offset = change.offset * INT64_C(1000);
		*least = offset < *least ? offset : *least;
		*most = offset > *most ? offset : *most;
	}
}

/* Within what the column holds. */
static int64_t
clamp(int64_t wall_us)
{
	int64_t first = mms_days_from_civil(FIRST_YEAR, 1, 1) * MMS_DAY_US;
	int64_t last = mms_days_from_civil(LAST_YEAR, 12, 31) * MMS_DAY_US;

	return wall_us < first ? first : wall_us > last ? last : wall_us;
}

void
mms_span_bounds(const struct mms_span_zones *zones, const struct mms_span *span,
		int64_t *from_us, int64_t *to_us)
{
	int64_t first = mms_span_day(zones->person, span->start_ms);
	int64_t last = mms_span_day(zones->person, span->end_ms - 1);
	struct mms_span days = days_of(zones->person, first, last + 1);
	int64_t least, most;

	days = join(&days, span);
	offsets_about(zones->stored, days.start_ms, &least, &most);
	*from_us = (days.start_ms + least) * 1000;
	offsets_about(zones->stored, days.end_ms, &least, &most);
	*to_us = (days.end_ms + most) * 1000;
	/* Dates that are read as the person's days, whatever the hours between the zones. */
	if (*from_us > first * MMS_DAY_US)
		*from_us = first * MMS_DAY_US;
	if (*to_us <= last * MMS_DAY_US)
		*to_us = last * MMS_DAY_US + 1;
	*from_us = clamp(*from_us);
	*to_us = clamp(*to_us);
}

/*
 * When somebody is taken: stretches of time, and how the times that a row holds are read as such.
 * Pure.
 *
 * A row holds clock readings of the stored zone (mmsync.event_time_zone). Where a reading means
 * two instants (the hour that comes twice), the stretch goes outwards: from the earlier start to
 * the later end, so that nobody seems free who is not.
 *
 * Layer: model.
 */
#ifndef MMSYNC_SPANS_H
#define MMSYNC_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/zone.h"

/* From start up to, and without, end; Unix ms. */
struct mms_span {
	int64_t start_ms, end_ms;
};

/* Do they share an instant? Those that only touch do not. */
bool mms_span_overlaps(const struct mms_span *a, const struct mms_span *b);

/*
 * Sort, and join those that overlap or touch, in place; those without any length fall away.
 * Returns how many are left.
 */
size_t mms_spans_merge(struct mms_span *spans, size_t n);

/* In which zones rows are read. */
struct mms_span_zones {
	const struct mms_zone *stored; /* of the columns                     */
	const struct mms_zone *person; /* whose days an all-day event takes  */
};

enum mms_span_kind {
	MMS_SPAN_TIMED, /* by its times: a booking                                     */
	MMS_SPAN_EVENT, /* by its times; from midnight to midnight also by its days    */
	MMS_SPAN_DAYS,  /* an all-day event: whole days of the person                  */
};

/*
 * What a row's times mean. An end that is missing (MMS_NO_TIME) or not after the start is read as
 * a minute after the start; 23:59:59 as an end is the midnight that follows, where the row is read
 * by days.
 *
 * Whole days: a start at midnight in the person's zone names that day; else one at midnight in the
 * stored zone (typed in the Desk) names the day of that date; else both ends go outwards to the
 * person's midnights. A day is as long as it is: 23 and 25 hours, too.
 */
struct mms_span mms_span_read(const struct mms_span_zones *zones, int64_t start_us,
			      int64_t end_us, enum mms_span_kind kind);

/*
 * Between which clock readings a row must lie to overlap a span however it is read: its start
 * before *to_us, its end after *from_us. A little too wide, never too narrow.
 */
void mms_span_bounds(const struct mms_span_zones *zones, const struct mms_span *span,
		     int64_t *from_us, int64_t *to_us);

/* The day (days since 1970-01-01) that an instant lies in, in a zone. */
int64_t mms_span_day(const struct mms_zone *zone, int64_t utc_ms);

#endif

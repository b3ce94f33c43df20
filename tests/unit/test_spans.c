/* Stretches of time, and the times of rows read as such: days of 23 and 25 hours, zones apart. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/attr.h"
#include "mmsync/mem.h"
#include "mmsync/spans.h"
#include "mmsync/timetext.h"

static struct mms_zones *zones;

static int
start(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	return mms_zones_new(&zones, &err) == MMS_OK ? 0 : 1;
}

static int
stop(void **state)
{
	(void)state;
	mms_zones_free(zones);
	return 0;
}

static const struct mms_zone *
zone(const char *name)
{
	const struct mms_zone *found = NULL;
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_zones_find(zones, name, &found, &err) != MMS_OK)
		fail_msg("%s: %s", name, mms_err_text(&err));
	return found;
}

static int64_t
instant(const char *text)
{
	int64_t ms = 0;
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_time_parse(text, strlen(text), &ms, &err) != MMS_OK)
		fail_msg("%s: %s", text, mms_err_text(&err));
	return ms;
}

static int64_t
wall(const char *text)
{
	int64_t us = MMS_NO_TIME;

	if (text != NULL && !mms_wall_parse(text, strlen(text), &us))
		fail_msg("%s is no time", text);
	return us;
}

/* ---- merging -------------------------------------------------------------------------------- */

static void
spans_are_sorted_and_joined(void **state)
{
	static const struct {
		const char *label;
		struct mms_span in[5];
		size_t n;
		const char *want;
	} cases[] = {
		{ "none", { { 0, 0 } }, 0, "" },
		{ "one", { { 1, 2 } }, 1, "1-2 " },
		{ "apart, in the wrong order", { { 5, 6 }, { 1, 2 } }, 2, "1-2 5-6 " },
		{ "touching", { { 1, 2 }, { 2, 3 } }, 2, "1-3 " },
		{ "overlapping", { { 1, 4 }, { 2, 6 } }, 2, "1-6 " },
		{ "one within another", { { 1, 9 }, { 2, 3 }, { 4, 5 } }, 3, "1-9 " },
		{ "twice", { { 1, 2 }, { 1, 2 } }, 2, "1-2 " },
		{ "a chain", { { 4, 5 }, { 1, 2 }, { 3, 4 }, { 2, 3 } }, 4, "1-5 " },
		{ "without length", { { 3, 3 }, { 1, 2 } }, 2, "1-2 " },
		{ "backwards", { { 9, 3 }, { 1, 2 } }, 2, "1-2 " },
		{ "a long one first, then short ones behind it",
		  { { 1, 10 }, { 2, 3 }, { 10, 11 }, { 13, 14 } },
		  4,
		  "1-11 13-14 " },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		struct mms_span spans[5];
		MMS_AUTO(mms_str) got = { 0 };
		memcpy(spans, cases[i].in, sizeof spans);
		size_t n = mms_spans_merge(spans, cases[i].n);
		for (size_t k = 0; k < n; k++)
			mms_str_addf(&got, "%d-%d ", (int)spans[k].start_ms,
				     (int)spans[k].end_ms);
		if (strcmp(mms_str_get(&got), cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].label, mms_str_get(&got),
				 cases[i].want);
	}
}

static void
what_touches_does_not_overlap(void **state)
{
	const struct mms_span nine = { 9, 10 }, ten = { 10, 11 }, both = { 9, 11 };

	(void)state;
	assert_false(mms_span_overlaps(&nine, &ten));
	assert_false(mms_span_overlaps(&ten, &nine));
	assert_true(mms_span_overlaps(&nine, &both));
	assert_true(mms_span_overlaps(&both, &ten));
}

/* ---- reading rows --------------------------------------------------------------------------- */

struct reading {
	const char *label, *stored, *person;
	enum mms_span_kind kind;
	const char *start, *end, *want_start, *want_end;
};

static const struct reading readings[] = {
	{ "UTC", "UTC", "UTC", MMS_SPAN_EVENT, "2026-03-02 09:00:00", "2026-03-02 10:00:00",
	  "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z" },
	{ "the zone of the columns counts", "Asia/Kolkata", "UTC", MMS_SPAN_EVENT,
	  "2026-03-02 09:00:00", "2026-03-02 10:00:00", "2026-03-02T03:30:00Z",
	  "2026-03-02T04:30:00Z" },
	{ "no end", "UTC", "UTC", MMS_SPAN_EVENT, "2026-03-02 09:00:00", NULL,
	  "2026-03-02T09:00:00Z", "2026-03-02T09:01:00Z" },
	{ "an end before the start", "UTC", "UTC", MMS_SPAN_TIMED, "2026-03-02 09:00:00",
	  "2026-03-01 09:00:00", "2026-03-02T09:00:00Z", "2026-03-02T09:01:00Z" },
	{ "no length", "UTC", "UTC", MMS_SPAN_EVENT, "2026-03-02 09:00:00",
	  "2026-03-02 09:00:00", "2026-03-02T09:00:00Z", "2026-03-02T09:01:00Z" },

	/* whole days of the person */
	{ "as mmsync writes it, UTC", "UTC", "UTC", MMS_SPAN_DAYS, "2026-03-02 00:00:00",
	  "2026-03-02 23:59:59", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z" },
	{ "as mmsync writes it, Berlin", "UTC", "Europe/Berlin", MMS_SPAN_DAYS,
	  "2026-03-01 23:00:00", "2026-03-02 22:59:59", "2026-03-01T23:00:00Z",
	  "2026-03-02T23:00:00Z" },
	{ "typed in the Desk of a site in UTC", "UTC", "Europe/Berlin", MMS_SPAN_DAYS,
	  "2026-03-02 00:00:00", "2026-03-02 23:59:59", "2026-03-01T23:00:00Z",
	  "2026-03-02T23:00:00Z" },
	{ "midnight to midnight", "UTC", "Europe/Berlin", MMS_SPAN_DAYS, "2026-03-02 00:00:00",
	  "2026-03-04 00:00:00", "2026-03-01T23:00:00Z", "2026-03-03T23:00:00Z" },
	{ "neither's midnight goes outwards", "UTC", "Europe/Berlin", MMS_SPAN_DAYS,
	  "2026-03-02 09:00:00", "2026-03-02 17:00:00", "2026-03-01T23:00:00Z",
	  "2026-03-02T23:00:00Z" },
	{ "a typed start, an end in the day", "UTC", "Europe/Berlin", MMS_SPAN_DAYS,
	  "2026-03-02 00:00:00", "2026-03-03 12:00:00", "2026-03-01T23:00:00Z",
	  "2026-03-03T23:00:00Z" },
	{ "no end: its day", "UTC", "UTC", MMS_SPAN_DAYS, "2026-03-02 00:00:00", NULL,
	  "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z" },
	{ "a day of 23 hours", "UTC", "Europe/Berlin", MMS_SPAN_DAYS, "2026-03-28 23:00:00",
	  "2026-03-29 21:59:59", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z" },
	{ "a day of 23 hours, typed", "UTC", "Europe/Berlin", MMS_SPAN_DAYS,
	  "2026-03-29 00:00:00", "2026-03-29 23:59:59", "2026-03-28T23:00:00Z",
	  "2026-03-29T22:00:00Z" },
	{ "a day of 25 hours", "UTC", "Europe/Berlin", MMS_SPAN_DAYS, "2026-10-24 22:00:00",
	  "2026-10-25 22:59:59", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z" },
	{ "a day of 25 hours in the site's zone", "Europe/Berlin", "Europe/Berlin",
	  MMS_SPAN_DAYS, "2026-10-25 00:00:00", "2026-10-26 00:00:00", "2026-10-24T22:00:00Z",
	  "2026-10-25T23:00:00Z" },
	{ "Kiritimati, fourteen hours ahead", "UTC", "Pacific/Kiritimati", MMS_SPAN_DAYS,
	  "2026-03-01 10:00:00", "2026-03-02 09:59:59", "2026-03-01T10:00:00Z",
	  "2026-03-02T10:00:00Z" },
	{ "Kiritimati, typed", "UTC", "Pacific/Kiritimati", MMS_SPAN_DAYS,
	  "2026-03-02 00:00:00", "2026-03-02 23:59:59", "2026-03-01T10:00:00Z",
	  "2026-03-02T10:00:00Z" },
	{ "St John's, half an hour off", "UTC", "America/St_Johns", MMS_SPAN_DAYS,
	  "2026-03-02 03:30:00", "2026-03-03 03:29:59", "2026-03-02T03:30:00Z",
	  "2026-03-03T03:30:00Z" },
	{ "Kolkata, on a site in Kolkata", "Asia/Kolkata", "Asia/Kolkata", MMS_SPAN_DAYS,
	  "2026-03-02 00:00:00", "2026-03-02 23:59:59", "2026-03-01T18:30:00Z",
	  "2026-03-02T18:30:00Z" },
	{ "Lord Howe goes back by half an hour", "UTC", "Australia/Lord_Howe", MMS_SPAN_DAYS,
	  "2026-04-05 00:00:00", "2026-04-05 23:59:59", "2026-04-04T13:00:00Z",
	  "2026-04-05T13:30:00Z" },
	{ "a midnight that comes twice ends its day the first time", "America/Havana",
	  "America/Havana", MMS_SPAN_DAYS, "2026-10-31 00:00:00", "2026-11-01 00:00:00",
	  "2026-10-31T04:00:00Z", "2026-11-01T04:00:00Z" },
	{ "a day that begins at one o'clock", "UTC", "Africa/Cairo", MMS_SPAN_DAYS,
	  "2026-04-24 00:00:00", "2026-04-24 23:59:59", "2026-04-23T22:00:00Z",
	  "2026-04-24T21:00:00Z" },
	{ "a typed end in the small hours, further west", "UTC", "America/New_York",
	  MMS_SPAN_DAYS, "2026-03-01 00:00:00", "2026-03-02 03:00:00", "2026-03-01T05:00:00Z",
	  "2026-03-03T05:00:00Z" },
	{ "typed where it is more than a day earlier", "Pacific/Niue", "Pacific/Kiritimati",
	  MMS_SPAN_DAYS, "2026-03-02 00:00:00", "2026-03-02 23:59:59", "2026-03-01T10:00:00Z",
	  "2026-03-02T10:00:00Z" },

	/* times that look like days */
	{ "to the last second of a day of the person", "UTC", "UTC", MMS_SPAN_EVENT,
	  "2026-03-02 00:00:00", "2026-03-02 23:59:59", "2026-03-02T00:00:00Z",
	  "2026-03-03T00:00:00Z" },
	{ "dates or hours, nobody knows: both", "UTC", "Asia/Tokyo", MMS_SPAN_EVENT,
	  "2026-03-02 00:00:00", "2026-03-03 00:00:00", "2026-03-01T15:00:00Z",
	  "2026-03-03T00:00:00Z" },
	{ "a booking from midnight to midnight is its hours", "UTC", "Asia/Tokyo",
	  MMS_SPAN_TIMED, "2026-03-02 00:00:00", "2026-03-03 00:00:00", "2026-03-02T00:00:00Z",
	  "2026-03-03T00:00:00Z" },
	{ "half a day from midnight", "UTC", "Asia/Tokyo", MMS_SPAN_EVENT,
	  "2026-03-02 00:00:00", "2026-03-02 12:00:00", "2026-03-02T00:00:00Z",
	  "2026-03-02T12:00:00Z" },

	/* clocks that go back and forth, in the zone of the columns */
	{ "from the first to the second two o'clock", "Europe/Berlin", "UTC", MMS_SPAN_EVENT,
	  "2026-10-25 02:30:00", "2026-10-25 02:45:00", "2026-10-25T00:30:00Z",
	  "2026-10-25T01:45:00Z" },
	{ "an end in the hour that comes twice", "Europe/Berlin", "UTC", MMS_SPAN_TIMED,
	  "2026-10-25 01:30:00", "2026-10-25 02:30:00", "2026-10-24T23:30:00Z",
	  "2026-10-25T01:30:00Z" },
	{ "a start in the hour that is skipped", "Europe/Berlin", "UTC", MMS_SPAN_TIMED,
	  "2026-03-29 02:30:00", "2026-03-29 03:30:00", "2026-03-29T01:00:00Z",
	  "2026-03-29T01:30:00Z" },
	{ "all of it in the hour that is skipped", "Europe/Berlin", "UTC", MMS_SPAN_TIMED,
	  "2026-03-29 02:10:00", "2026-03-29 02:20:00", "2026-03-29T01:00:00Z",
	  "2026-03-29T01:20:00Z" },
	{ "the half hour that comes twice on Lord Howe", "Australia/Lord_Howe", "UTC",
	  MMS_SPAN_TIMED, "2026-04-05 01:40:00", "2026-04-05 01:50:00", "2026-04-04T14:40:00Z",
	  "2026-04-04T15:20:00Z" },
};

static void
rows_are_read_in_the_persons_days(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(readings); i++) {
		const struct reading *r = &readings[i];
		const struct mms_span_zones in = { zone(r->stored), zone(r->person) };
		struct mms_span got = mms_span_read(&in, wall(r->start), wall(r->end), r->kind);
		char a[MMS_TIME_TEXT_MAX], b[MMS_TIME_TEXT_MAX];
		mms_time_print(got.start_ms, a);
		mms_time_print(got.end_ms, b);
		if (strcmp(a, r->want_start) != 0 || strcmp(b, r->want_end) != 0)
			fail_msg("%s: %s to %s, not %s to %s", r->label, a, b, r->want_start,
				 r->want_end);
	}
}

static void
a_row_that_overlaps_lies_within_the_bounds(void **state)
{
	/* Slots of ten minutes all through the rows' two days before and behind. */
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(readings); i++) {
		const struct reading *r = &readings[i];
		const struct mms_span_zones in = { zone(r->stored), zone(r->person) };
		int64_t start_us = wall(r->start), end_us = wall(r->end);
		struct mms_span got = mms_span_read(&in, start_us, end_us, r->kind);
		if (end_us == MMS_NO_TIME || end_us <= start_us)
			end_us = start_us + 60000000;
		for (int64_t at = got.start_ms - 2 * MMS_DAY_MS;
		     at < got.end_ms + 2 * MMS_DAY_MS; at += 600000) {
			const struct mms_span slot = { at, at + 600000 };
			int64_t from_us, to_us;
			mms_span_bounds(&in, &slot, &from_us, &to_us);
			if (mms_span_overlaps(&got, &slot) &&
			    (start_us >= to_us || end_us <= from_us))
				fail_msg("%s: out of bounds", r->label);
			/* and they are no further away than two days and the zones' hours */
			assert_true(to_us - from_us <= 4 * MMS_DAY_US);
		}
	}
}

static void
bounds_stay_within_what_a_column_holds(void **state)
{
	const struct mms_span_zones in = { zone("Pacific/Kiritimati"), zone("Pacific/Niue") };
	const struct mms_span spans[] = {
		{ instant("0001-01-01T00:00:00Z"), instant("0001-01-02T00:00:00Z") },
		{ instant("9999-12-30T00:00:00Z"), instant("9999-12-31T23:59:59Z") },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(spans); i++) {
		int64_t from_us, to_us;
		mms_span_bounds(&in, &spans[i], &from_us, &to_us);
		assert_true(from_us >= wall("1000-01-01") && to_us <= wall("9999-12-31"));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_are_sorted_and_joined),
		cmocka_unit_test(what_touches_does_not_overlap),
		cmocka_unit_test(rows_are_read_in_the_persons_days),
		cmocka_unit_test(a_row_that_overlaps_lies_within_the_bounds),
		cmocka_unit_test(bounds_stay_within_what_a_column_holds),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

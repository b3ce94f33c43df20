/* Recurrence sets: what is in, what is out, where they begin and end. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/attr.h"
#include "mmsync/recur.h"
#include "mmsync/timetext.h"

static int
open_zones(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	return mms_zones_new((struct mms_zones **)state, &err) == MMS_OK ? 0 : -1;
}

static int
close_zones(void **state)
{
	mms_zones_free(*state);
	return 0;
}

static int64_t
ms(const char *text)
{
	MMS_AUTO(mms_err) err = { 0 };
	int64_t out = 0;

	assert_int_equal(mms_time_parse(text, strlen(text), &out, &err), MMS_OK);
	return out;
}

/* "R rule", "X exrule", "D date", "P start end", "E instant excluded", "Y day excluded" */
static void
add(struct mms_recur *set, const char *what)
{
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_str) doubts = { 0 };
	struct mms_rrule rule;
	const char *text = what + 2;
	mms_rc rc = MMS_OK;

	switch (what[0]) {
	case 'R':
	case 'X':
		rc = mms_rrule_parse(mms_span_make(text), &rule, &doubts, &err);
		if (rc == MMS_OK)
			rc = mms_recur_add_rule(set, &rule, what[0] == 'X', &err);
		break;
	case 'D':
		rc = mms_recur_add_date(set, ms(text), MMS_NO_TIME, &err);
		break;
	case 'P':
		rc = mms_recur_add_date(set, ms(text), ms(text) + 60000, &err);
		break;
	case 'E':
		rc = mms_recur_exclude(set, ms(text), &err);
		break;
	default:
		rc = mms_recur_exclude_day(set, ms(text) / MMS_DAY_MS, &err);
	}
	assert_int_equal(rc, MMS_OK);
}

static const struct set_row {
	const char *label, *zone, *start; /* the start as if it were UTC */
	bool is_all_day;
	const char *parts[6];
	const char *from, *until, *want; /* instants, each followed by a blank */
	bool may_go_on;
} rows[] = {
	{ "DTSTART alone",
	  "Europe/Berlin",
	  "2026-03-02T09:00:00Z",
	  false,
	  { NULL },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-02T08:00:00Z ",
	  false },
	{ "over a change of offset",
	  "Europe/Berlin",
	  "2026-03-28T09:00:00Z",
	  false,
	  { "R FREQ=DAILY;COUNT=3" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-28T08:00:00Z 2026-03-29T07:00:00Z 2026-03-30T07:00:00Z ",
	  false },
	{ "clipped",
	  "UTC",
	  "2026-03-02T09:00:00Z",
	  false,
	  { "R FREQ=DAILY" },
	  "2026-03-05T09:00:00Z",
	  "2026-03-07T09:00:00Z",
	  "2026-03-05T09:00:00Z 2026-03-06T09:00:00Z 2026-03-07T09:00:00Z ",
	  true },
	{ "UNTIL is exact to the second",
	  "America/New_York",
	  "2026-03-02T09:00:00Z",
	  false,
	  { "R FREQ=DAILY;UNTIL=20260304T135959Z" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-02T14:00:00Z 2026-03-03T14:00:00Z ",
	  false },
	{ "nothing, when its rules end before it begins",
	  "Europe/Berlin",
	  "2026-03-02T09:00:00Z",
	  false,
	  { "R FREQ=DAILY;UNTIL=20260302T075959Z", "R FREQ=WEEKLY;UNTIL=20260301",
	    "X FREQ=YEARLY;UNTIL=20270101", "D 2026-03-05T12:00:00Z" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-05T12:00:00Z ",
	  false },
	{ "its beginning, when a rule ends on it",
	  "Europe/Berlin",
	  "2026-03-02T09:00:00Z",
	  false,
	  { "R FREQ=DAILY;UNTIL=20260302T080000Z", "R FREQ=WEEKLY;UNTIL=20260301" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-02T08:00:00Z ",
	  false },
	{ "its beginning, when a rule ends on its day",
	  "UTC",
	  "2026-03-02T00:00:00Z",
	  true,
	  { "R FREQ=DAILY;UNTIL=20260302" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-02T00:00:00Z ",
	  false },
	{ "doubles once",
	  "UTC",
	  "2026-03-02T09:00:00Z",
	  false,
	  { "R FREQ=DAILY;COUNT=2", "R FREQ=WEEKLY;COUNT=2", "D 2026-03-03T09:00:00Z",
	    "D 2026-03-02T09:00:00Z" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-02T09:00:00Z 2026-03-03T09:00:00Z 2026-03-09T09:00:00Z ",
	  false },
	{ "a date keeps its own end",
	  "UTC",
	  "2026-03-02T09:00:00Z",
	  false,
	  { "R FREQ=DAILY;COUNT=2", "P 2026-03-03T09:00:00Z", "D 2026-03-03T09:00:00Z" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-02T09:00:00Z 2026-03-03T09:00:00Z! ",
	  false },
	{ "less what is excluded",
	  "Europe/Berlin",
	  "2026-03-02T00:30:00Z",
	  false,
	  { "R FREQ=DAILY;COUNT=5", "E 2026-03-02T23:30:00Z", "Y 2026-03-05T00:00:00Z",
	    "D 2026-03-05T12:00:00Z", "X FREQ=DAILY;COUNT=1" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-03T23:30:00Z 2026-03-05T23:30:00Z ",
	  false },
	{ "days",
	  "UTC",
	  "2026-03-02T00:00:00Z",
	  true,
	  { "R FREQ=WEEKLY;UNTIL=20260316T170000Z", "E 2026-03-09T00:00:00Z" },
	  "2026-01-01T00:00:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-02T00:00:00Z 2026-03-16T00:00:00Z ",
	  false },
	{ "an hour that is skipped",
	  "Europe/Berlin",
	  "2026-03-29T00:30:00Z",
	  false,
	  { "R FREQ=MINUTELY;INTERVAL=30;COUNT=10" },
	  "2026-03-29T00:30:00Z",
	  "2027-01-01T00:00:00Z",
	  "2026-03-29T00:30:00Z 2026-03-29T01:00:00Z 2026-03-29T01:30:00Z "
	  "2026-03-29T02:00:00Z 2026-03-29T02:30:00Z 2026-03-29T03:00:00Z ",
	  false },
};

static void
sets_hold_what_their_parts_say(void **state)
{
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct set_row *r = &rows[i];
		MMS_AUTO(mms_recur) set = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) got = { 0 };
		const struct mms_zone *zone = NULL;
		struct mms_recur_date date;
		char buf[MMS_TIME_TEXT_MAX];
		int64_t steps = 100000;

		assert_int_equal(mms_zones_find(*state, r->zone, &zone, &err), MMS_OK);
		assert_int_equal(mms_recur_open(&set, zone, NULL, r->is_all_day,
						ms(r->start) / 1000, &err),
				 MMS_OK);
		for (size_t k = 0; k < MMS_COUNT(r->parts) && r->parts[k] != NULL; k++)
			add(&set, r->parts[k]);
		mms_recur_start(&set, ms(r->from), ms(r->until), &steps);
		while (mms_recur_next(&set, &date))
			mms_str_addf(&got, "%s%s ", mms_time_print(date.at_ms, buf),
				     date.end_ms != MMS_NO_TIME ? "!" : "");
		if (strcmp(mms_str_get(&got), r->want) != 0 || set.may_go_on != r->may_go_on)
			fail_msg("row '%s': %s%s", r->label, mms_str_get(&got),
				 set.may_go_on ? "and on" : "");
	}
}

static void
a_set_that_takes_too_many_steps_says_so(void **state)
{
	MMS_AUTO(mms_recur) set = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_recur_date date;
	int64_t steps = 1000;

	(void)state;
	assert_int_equal(mms_recur_open(&set, mms_zone_utc(), NULL, false, 0, &err), MMS_OK);
	add(&set, "R FREQ=SECONDLY;COUNT=999999999");
	mms_recur_start(&set, ms("2026-01-01T00:00:00Z"), ms("2027-01-01T00:00:00Z"), &steps);
	assert_false(mms_recur_next(&set, &date));
	assert_true(set.is_out_of_steps);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_hold_what_their_parts_say),
		cmocka_unit_test(a_set_that_takes_too_many_steps_says_so),
	};

	return cmocka_run_group_tests(tests, open_zones, close_zones);
}

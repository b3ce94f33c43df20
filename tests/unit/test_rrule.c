/* Recurrence rules: their text, their instances, their bounds. */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libical/ical.h>

#include "mmsync/rrule.h"
#include "mmsync/timetext.h"

#define MANY INT64_C(100000000)

static int64_t
wall(const char *text)
{
	struct mms_ical_time t;

	if (!mms_ical_time_parse(mms_span_make(text), &t))
		fail_msg("'%s' is no time", text);
	return t.wall_s;
}

static void
print(int64_t wall_s, char out[32])
{
	struct mms_civil c;

	mms_civil_from_wall(wall_s * 1000000, &c);
	(void)snprintf(out, 32, "%04d%02d%02dT%02d%02d%02d", c.year % 10000, c.month % 100,
		       c.day % 100, c.hour, c.minute, c.second);
}

static struct mms_rrule
parse(const char *text)
{
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_str) doubts = { 0 };
	struct mms_rrule rule = { 0 };

	if (mms_rrule_parse(mms_span_make(text), &rule, &doubts, &err) != MMS_OK)
		fail_msg("'%s': %s", text, mms_err_text(&err));
	return rule;
}

/* The first instances as text, each followed by a blank. */
static void
list(const char *start, const char *text, size_t most, struct mms_str *out)
{
	struct mms_rrule rule = parse(text);
	struct mms_rrule_walk walk;
	int64_t steps = MANY, s;
	char buf[32];

	mms_rrule_begin(&walk, &rule, wall(start), INT64_MAX, &steps);
	for (size_t i = 0; i < most && mms_rrule_next(&walk, &s); i++) {
		print(s, buf);
		mms_str_addf(out, "%s ", buf);
	}
}

static void
check_random(char *line)
{
	char *words[4], *save = NULL, buf[32];
	uint64_t hash = UINT64_C(0xCBF29CE484222325);
	int64_t steps = MANY, last = INT64_MIN, middle = INT64_MAX, s;
	long found = 0;

	for (size_t i = 0; i < 4; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, " \n", &save);
		assert_non_null(words[i]);
	}
	long want = strtol(words[2], NULL, 10);
	struct mms_rrule rule = parse(words[1]);
	struct mms_rrule_walk walk;
	mms_rrule_begin(&walk, &rule, wall(words[0]), wall("20601231T235959"), &steps);
	while (found < 60 && mms_rrule_next(&walk, &s)) {
		assert_true(s > last);
		last = s;
		print(s, buf);
		for (const char *p = buf; *p != '\0'; p++)
			hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001B3);
		if (++found == want / 2)
			middle = s;
	}
	(void)snprintf(buf, sizeof buf, "%016" PRIx64, hash);
	if (found != want || strcmp(buf, words[3]) != 0) {
		MMS_AUTO(mms_str) got = { 0 };
		list(words[0], words[1], 5, &got);
		fail_msg("%s %s: %ld of %ld, %s", words[0], words[1], found, want,
			 mms_str_get(&got));
	}
	/* Entered in the middle it gives there what it gave when it was walked. */
	if (middle == INT64_MAX)
		return;
	mms_rrule_begin(&walk, &rule, wall(words[0]), wall("20601231T235959"), &steps);
	mms_rrule_skip_to(&walk, middle);
	assert_true(mms_rrule_next(&walk, &s));
	if (s != middle)
		fail_msg("%s %s: entered in the middle", words[0], words[1]);
	while (found > want / 2 && mms_rrule_next(&walk, &s) && s < last)
		found--;
	assert_int_equal(found, want / 2 < want ? want / 2 + 1 : want);
}

static void
random_rules_agree_with_an_independent_expansion(void **state)
{
	FILE *file = fopen("fixtures/rrule/random.txt", "re");
	char *line = NULL;
	size_t cap = 0, checked = 0;

	(void)state;
	assert_non_null(file);
	while (getline(&line, &cap, file) > 0) {
		if (line[0] == '#')
			continue;
		check_random(line);
		checked++;
	}
	free(line);
	fclose(file);
	assert_true(checked == 1600);
}

/* Rules of the shapes that calendars write, at starts that match them, where libical is right. */
static void
ordinary_rules_agree_with_libical(void **state)
{
	static const char *const rules[] = {
		"FREQ=DAILY",
		"FREQ=DAILY;INTERVAL=3;COUNT=9",
		"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
		"FREQ=WEEKLY",
		"FREQ=WEEKLY;INTERVAL=2;WKST=SU",
		"FREQ=WEEKLY;BYDAY=TH",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,FR;WKST=MO",
		"FREQ=MONTHLY",
		"FREQ=MONTHLY;BYMONTHDAY=5,-1",
		"FREQ=MONTHLY;BYDAY=1TH",
		"FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR",
		"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
		"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
		"FREQ=YEARLY",
		"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
		"FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
		"FREQ=YEARLY;BYDAY=20MO",
		"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
		"FREQ=YEARLY;BYYEARDAY=1,100,200",
		"FREQ=HOURLY;INTERVAL=3;COUNT=20",
		"FREQ=MINUTELY;INTERVAL=90;COUNT=20",
		"FREQ=DAILY;BYHOUR=9,10,11;BYMINUTE=0,20,40",
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rules); i++) {
		MMS_AUTO(mms_str) want = { 0 };
		MMS_AUTO(mms_str) got = { 0 };
		/* Thursday 5 January 2023, 09:00 */
		struct icalrecurrencetype recur = icalrecurrencetype_from_string(rules[i]);
		icalrecur_iterator *it =
			icalrecur_iterator_new(recur, icaltime_from_string("20230105T090000"));
		assert_non_null(it);
		for (int k = 0; k < 25; k++) {
			struct icaltimetype t = icalrecur_iterator_next(it);
			if (icaltime_is_null_time(t))
				break;
			mms_str_addf(&want, "%04d%02d%02dT%02d%02d%02d ", t.year, t.month,
				     t.day, t.hour, t.minute, t.second);
		}
		icalrecur_iterator_free(it);
		list("20230105T090000", rules[i], 25, &got);
		if (strcmp(mms_str_get(&want), mms_str_get(&got)) != 0)
			fail_msg("%s:\n%s\n%s", rules[i], mms_str_get(&want),
				 mms_str_get(&got));
	}
}

/* Where the named libraries go wrong, and what the RFC's words make of COUNT and DTSTART. */
static void
hard_rules_are_expanded_as_the_rfc_says(void **state)
{
	static const struct {
		const char *start, *rule, *want;
	} rows[] = {
		/* libical 3.0.16 gives 11 and 25 January: a week off. */
		{ "20260103T090000", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
		  "20260104T090000 20260118T090000 20260201T090000 " },
		/* libical 3.0.16 gives nothing. */
		{ "20261120T000000", "FREQ=DAILY;BYMONTHDAY=-1",
		  "20261130T000000 20261231T000000 20270131T000000 " },
		/* RFC 5545 table of section 3.3.10: BYMONTHDAY expands a year to all months. */
		{ "20261123T000000", "FREQ=YEARLY;BYMONTHDAY=23",
		  "20261123T000000 20261223T000000 20270123T000000 " },
		/* dateutil finds no day that is both bare and numbered. */
		{ "20260101T000000", "FREQ=MONTHLY;BYDAY=TU,1FR",
		  "20260102T000000 20260106T000000 20260113T000000 " },
		/* Week numbers alone: the weekday is DTSTART's (a Wednesday). */
		{ "20260513T000000", "FREQ=YEARLY;BYWEEKNO=20,-1",
		  "20260513T000000 20261230T000000 20270519T000000 " },
		/* RFC 5545 section 3.3.10, the example of WKST. */
		{ "19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
		  "19970805T090000 19970810T090000 19970819T090000 " },
		{ "19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
		  "19970805T090000 19970817T090000 19970819T090000 " },
		/* 30 February and the like are left out. */
		{ "20260131T000000", "FREQ=MONTHLY",
		  "20260131T000000 20260331T000000 20260531T000000 " },
		{ "20240229T000000", "FREQ=YEARLY",
		  "20240229T000000 20280229T000000 20320229T000000 " },
		/* A DTSTART that does not match is the first of COUNT and not given here. */
		{ "20260101T000000", "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
		  "20260105T000000 20260112T000000 " },
		{ "20260105T000000", "FREQ=WEEKLY;BYDAY=MO;COUNT=2",
		  "20260105T000000 20260112T000000 " },
		{ "20260101T000000", "FREQ=WEEKLY;BYDAY=MO;COUNT=1", "" },
		{ "20260101T000000", "FREQ=YEARLY;COUNT=1", "20260101T000000 " },
		/* Numbers have no meaning in a week. */
		{ "20260105T000000", "FREQ=WEEKLY;BYDAY=1MO",
		  "20260105T000000 20260112T000000 20260119T000000 " },
		{ "99991230T000000", "FREQ=DAILY", "99991230T000000 99991231T000000 " },
		{ "99990101T000000", "FREQ=YEARLY", "99990101T000000 " },
		{ "00010101T000000", "FREQ=WEEKLY;BYDAY=SU,MO;WKST=SU",
		  "00010101T000000 00010107T000000 00010108T000000 " },
		{ "20260101T000000", "FREQ=YEARLY;INTERVAL=100000000", "20260101T000000 " },
		{ "20261231T235959", "FREQ=MINUTELY;BYSECOND=60",
		  "20261231T235959 20270101T000059 20270101T000159 " },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) got = { 0 };

		list(rows[i].start, rows[i].rule, 3, &got);
		if (strcmp(mms_str_get(&got), rows[i].want) != 0)
			fail_msg("%s %s: %s", rows[i].start, rows[i].rule, mms_str_get(&got));
	}
}

static void
texts_of_rules_are_forgiven_what_does_no_harm(void **state)
{
	static const struct {
		const char *text, *problem, *doubts; /* part of the text; NULL: none */
	} rows[] = {
		{ "FREQ=DAILY", NULL, NULL },
		{ " freq=daily ; interval=2;;", NULL, NULL },
		{ "FREQ=DAILY;COUNT=0", NULL, "COUNT=0 is ignored" },
		{ "FREQ=DAILY;COUNT=-1", NULL, "COUNT=-1 is ignored" },
		{ "FREQ=DAILY;COUNT=99999999999999999999", NULL, "COUNT=" },
		{ "FREQ=DAILY;INTERVAL=0", NULL, "INTERVAL=0 is read as 1" },
		{ "FREQ=DAILY;UNTIL=never", NULL, "UNTIL=never is no time" },
		{ "FREQ=DAILY;UNTIL=20260101;BYDAY=", NULL, "BYDAY= is empty" },
		{ "FREQ=DAILY;X-NOTE=1;WKST=XX", NULL, "X-NOTE=1 is not known" },
		{ "FREQ=WEEKLY;BYDAY= MO , TU,", NULL, NULL },
		{ "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT", NULL, NULL },
		{ "", "no FREQ", NULL },
		{ "INTERVAL=2", "no FREQ", NULL },
		{ "FREQ=FORTNIGHTLY", "FREQ=FORTNIGHTLY is not a frequency", NULL },
		{ "FREQ=DAILY;BYDAY=MONDAY", "BYDAY=MONDAY is not", NULL },
		{ "FREQ=MONTHLY;BYDAY=0MO", "out of its range", NULL },
		{ "FREQ=MONTHLY;BYDAY=54MO", "out of its range", NULL },
		{ "FREQ=MONTHLY;BYMONTHDAY=32", "out of its range", NULL },
		{ "FREQ=MONTHLY;BYMONTHDAY=0", "out of its range", NULL },
		{ "FREQ=DAILY;BYHOUR=-1", "out of its range", NULL },
		{ "FREQ=DAILY;BYHOUR=24", "out of its range", NULL },
		{ "FREQ=DAILY;BYMINUTE=x", "is not a list of numbers", NULL },
		{ "FREQ=YEARLY;BYSETPOS=367", "out of its range", NULL },
		{ "RSCALE=CHINESE;FREQ=YEARLY", "RSCALE=CHINESE is not supported", NULL },
		{ "FREQ=MONTHLY;SKIP=FORWARD", "SKIP=FORWARD is not supported", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) doubts = { 0 };
		struct mms_rrule rule;
		mms_rc rc = mms_rrule_parse(mms_span_make(rows[i].text), &rule, &doubts, &err);

		if ((rc == MMS_OK) != (rows[i].problem == NULL) ||
		    (rc != MMS_OK && strstr(mms_err_text(&err), rows[i].problem) == NULL))
			fail_msg("'%s': %s", rows[i].text, mms_err_text(&err));
		if ((doubts.len > 0) != (rows[i].doubts != NULL) ||
		    (rows[i].doubts != NULL &&
		     strstr(mms_str_get(&doubts), rows[i].doubts) == NULL))
			fail_msg("'%s' is doubted: '%s'", rows[i].text, mms_str_get(&doubts));
	}
}

/* Each of these stops libical or dateutil for seconds to centuries. */
static void
rules_without_instances_end_soon(void **state)
{
	static const char *const rules[] = {
		"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=YEARLY;BYMONTH=1;BYSETPOS=2",
		"FREQ=YEARLY;BYWEEKNO=20;BYYEARDAY=1;BYDAY=MO",
		"FREQ=MONTHLY;INTERVAL=12;BYMONTH=3",
		"FREQ=SECONDLY;INTERVAL=2;BYSECOND=1",
		"FREQ=YEARLY;BYHOUR=0,1,2,3;BYMINUTE=1,2,3;BYDAY=MO;BYSETPOS=366",
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rules); i++) {
		struct mms_rrule rule = parse(rules[i]);
		struct mms_rrule_walk walk;
		/* In a window of 120 days, and to the end of time. */
		for (int k = 0; k < 2; k++) {
			int64_t steps = 300000, s, start = wall("20260101T000000");
			mms_rrule_begin(&walk, &rule, start,
					k == 0 ? start + 120 * 86400 : INT64_MAX, &steps);
			while (mms_rrule_next(&walk, &s) && steps > 0)
				;
			assert_true(walk.is_done || steps <= 0);
			assert_true(steps > -100);
		}
	}
}

static void
work_is_bounded_by_steps(void **state)
{
	struct mms_rrule rule = parse("FREQ=SECONDLY;COUNT=100000000");
	struct mms_rrule_walk walk;
	int64_t steps = 1000, s, n = 0;

	(void)state;
	mms_rrule_begin(&walk, &rule, 0, INT64_MAX, &steps);
	mms_rrule_skip_to(&walk, 5000);
	while (mms_rrule_next(&walk, &s))
		n++;
	assert_int_equal(n, 0);
	assert_true(walk.is_out_of_steps);
	/* Without COUNT the same place is reached at once. */
	rule = parse("FREQ=SECONDLY");
	steps = 1000;
	mms_rrule_begin(&walk, &rule, 0, INT64_MAX, &steps);
	mms_rrule_skip_to(&walk, INT64_C(4102444800));
	assert_true(mms_rrule_next(&walk, &s));
	assert_int_equal(s, INT64_C(4102444800));
	assert_true(steps > 900);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_rules_agree_with_an_independent_expansion),
		cmocka_unit_test(ordinary_rules_agree_with_libical),
		cmocka_unit_test(hard_rules_are_expanded_as_the_rfc_says),
		cmocka_unit_test(texts_of_rules_are_forgiven_what_does_no_harm),
		cmocka_unit_test(rules_without_instances_end_soon),
		cmocka_unit_test(work_is_bounded_by_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The TZ text of POSIX as TZif footers have it (mmsync/tzif.h). */
#include <string.h>

#include "mmsync/timetext.h"
#include "mmsync/tzif.h"

#define HOUR_S 3600
/* RFC 9636 section 3.3.1: hours of a rule's time run from -167 to 167. */
#define RULE_HOURS_MAX 167

struct scan {
	const char *p, *end;
	bool is_bad;
};

static bool
take(struct scan *s, char c)
{
	if (s->p >= s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* CET or <+03>. */
static void
take_name(struct scan *s)
{
	const char *start = s->p;

	if (take(s, '<')) {
		while (s->p < s->end && *s->p != '>')
			s->p++;
		if (!take(s, '>') || s->p - start < 5)
			s->is_bad = true;
		return;
	}
	while (s->p < s->end && is_letter(*s->p))
		s->p++;
	if (s->p - start < 3)
		s->is_bad = true;
}

static int
take_number(struct scan *s, int max)
{
	int value = 0, digits = 0;

	while (s->p < s->end && is_digit(*s->p) && digits < 4) {
		value = value * 10 + (*s->p++ - '0');
		digits++;
	}
	if (digits == 0 || value > max)
		s->is_bad = true;
	return value;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t
take_clock(struct scan *s, int max_hours)
{
	int sign = take(s, '-') ? -1 : 1;

	if (sign > 0)
		(void)take(s, '+');
	int seconds = take_number(s, max_hours) * HOUR_S;
	if (take(s, ':'))
		seconds += take_number(s, 59) * 60;
	if (take(s, ':'))
		seconds += take_number(s, 59);
	return sign * seconds;
}

static void
take_day(struct scan *s, struct mms_tz_day *day)
{
	*day = (struct mms_tz_day){ .form = 'N', .second = 2 * HOUR_S };
	if (!take(s, ',')) {
		s->is_bad = true;
	} else if (take(s, 'M')) {
		day->form = 'M';
		day->month = take_number(s, 12);
		s->is_bad = s->is_bad || !take(s, '.');
		day->week = take_number(s, 5);
		s->is_bad = s->is_bad || !take(s, '.');
		day->weekday = take_number(s, 6);
		s->is_bad = s->is_bad || day->month == 0 || day->week == 0;
	} else if (take(s, 'J')) {
		day->form = 'J';
		day->day = take_number(s, 365);
		s->is_bad = s->is_bad || day->day == 0;
	} else {
		day->day = take_number(s, 365);
	}
	if (take(s, '/'))
		day->second = take_clock(s, RULE_HOURS_MAX);
}

bool
mms_tz_rule_parse(const char *text, size_t len, struct mms_tz_rule *out)
{
	struct scan s = { .p = text, .end = text + len };
	struct mms_tz_rule rule = { 0 };

	take_name(&s);
	rule.standard = -take_clock(&s, 24);
	rule.daylight = rule.standard + HOUR_S;
	rule.has_daylight = !s.is_bad && s.p < s.end;
	if (rule.has_daylight) {
		take_name(&s);
		if (s.p < s.end && *s.p != ',')
			rule.daylight = -take_clock(&s, 24);
		take_day(&s, &rule.start);
		take_day(&s, &rule.end);
	}
	if (s.is_bad || s.p != s.end)
		return false;
	*out = rule;
	return true;
}

/* Days since 1970-01-01 of a rule's day in a year. */
static int64_t
day_of(const struct mms_tz_day *day, int year)
{
	bool is_leap = mms_days_in_month(year, 2) == 29;
	int64_t new_year = mms_days_from_civil(year, 1, 1);

	if (day->form == 'N')
		return new_year + day->day;
	if (day->form == 'J') /* 60 is always 1 March */
		return new_year + day->day - (is_leap && day->day >= 60 ? 0 : 1);
	int64_t first = mms_days_from_civil(year, day->month, 1);
	int until = (day->weekday - mms_weekday(first) + 7) % 7;
	int in_month = until + (day->week - 1) * 7;
	while (in_month >= mms_days_in_month(year, day->month))
		in_month -= 7;
	return first + in_month;
}

void
mms_tz_rule_year(const struct mms_tz_rule *rule, int year, int64_t *start_s, int64_t *end_s)
{
	*start_s = day_of(&rule->start, year) * 86400 + rule->start.second - rule->standard;
	*end_s = day_of(&rule->end, year) * 86400 + rule->end.second - rule->daylight;
}

/* Civil time arithmetic and its texts (see the header). No locale, no zone, no libc calendar. */
#include "mmsync/timetext.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t
mms_days_from_civil(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;                                            /* 0..399 */
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1; /* 0..365 */
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

void
mms_civil_from_days(int64_t days, struct mms_civil *out)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*out = (struct mms_civil){ 0 };
	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = (int)(yoe + era * 400 + (out->month <= 2 ? 1 : 0));
}

int
mms_days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && is_leap ? 29 : days[month - 1];
}

int
mms_weekday(int64_t days)
{
	int64_t w = (days + 4) % 7; /* 1970-01-01 was a Thursday */

	return (int)(w < 0 ? w + 7 : w);
}

bool
mms_civil_is_valid(const struct mms_civil *c)
{
	return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 &&
	       c->day >= 1 && c->day <= mms_days_in_month(c->year, c->month) && c->hour >= 0 &&
	       c->hour <= 23 && c->minute >= 0 && c->minute <= 59 && c->second >= 0 &&
	       c->second <= 59 && c->usec >= 0 && c->usec <= 999999;
}

int64_t
mms_wall_from_civil(const struct mms_civil *c)
{
	int64_t seconds = c->hour * INT64_C(3600) + c->minute * INT64_C(60) + c->second;

	return mms_days_from_civil(c->year, c->month, c->day) * MMS_DAY_US + seconds * 1000000 +
	       c->usec;
}

void
mms_civil_from_wall(int64_t wall_us, struct mms_civil *out)
{
	int64_t days = wall_us / MMS_DAY_US;
	int64_t rest = wall_us % MMS_DAY_US;

	if (rest < 0) {
		days--;
		rest += MMS_DAY_US;
	}
	mms_civil_from_days(days, out);
	out->usec = (int)(rest % 1000000);
	rest /= 1000000;
	out->second = (int)(rest % 60);
	out->minute = (int)(rest / 60 % 60);
	out->hour = (int)(rest / 3600);
}

/* A reader over a text: each step takes what it wants or marks the text as bad. */
struct scan {
	const char *p, *end;
	bool is_bad;
};

static int
take_digits(struct scan *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (s->p >= s->end || *s->p < '0' || *s->p > '9') {
			s->is_bad = true;
			return 0;
		}
		value = value * 10 + (*s->p++ - '0');
	}
	return value;
}

static bool
take_char(struct scan *s, const char *any_of)
{
	if (s->p < s->end && *s->p != '\0' && strchr(any_of, *s->p) != NULL) {
		s->p++;
		return true;
	}
	return false;
}

static void
want_char(struct scan *s, const char *any_of)
{
	if (!take_char(s, any_of))
		s->is_bad = true;
}

/* ".123" as microseconds; digits past the sixth are read and dropped. */
static int
take_fraction(struct scan *s)
{
	int usec = 0, digits = 0;

	if (!take_char(s, ".,"))
		return 0;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
		if (digits++ < 6)
			usec = usec * 10 + (*s->p - '0');
		s->p++;
	}
	if (digits == 0)
		s->is_bad = true;
	for (; digits < 6; digits++)
		usec *= 10;
	return usec;
}

static void
take_date(struct scan *s, struct mms_civil *c)
{
	c->year = take_digits(s, 4);
	want_char(s, "-");
	c->month = take_digits(s, 2);
	want_char(s, "-");
	c->day = take_digits(s, 2);
}

static void
take_clock(struct scan *s, struct mms_civil *c)
{
	c->hour = take_digits(s, 2);
	want_char(s, ":");
	c->minute = take_digits(s, 2);
	want_char(s, ":");
	c->second = take_digits(s, 2);
	c->usec = take_fraction(s);
}

/* Minutes east of UTC; nothing there means UTC. */
static int
take_offset(struct scan *s)
{
	if (s->p == s->end || take_char(s, "Zz"))
		return 0;
	int sign = s->p < s->end && *s->p == '-' ? -1 : 1;
	want_char(s, "+-");
	int hours = take_digits(s, 2);
	want_char(s, ":");
	int minutes = take_digits(s, 2);
	if (hours > 23 || minutes > 59)
		s->is_bad = true;
	return sign * (hours * 60 + minutes);
}

mms_rc
mms_time_parse(const char *text, size_t len, int64_t *out_ms, struct mms_err *err)
{
	struct scan s = { .p = text, .end = text + len };
	struct mms_civil c = { 0 };

	take_date(&s, &c);
	want_char(&s, "Tt ");
	take_clock(&s, &c);
	bool is_leap = c.second == 60;
	if (is_leap)
		c.second = 59;
	int offset = take_offset(&s);
	if (s.is_bad || s.p != s.end || !mms_civil_is_valid(&c)) {
		mms_fail(err, MMS_E_ITEM, "'%.*s' is not a time", (int)(len < 64 ? len : 64),
			 text);
		return mms_hint(err, "write RFC 3339, for example 2026-01-05T10:00:00Z or "
				     "2026-01-05T11:00:00+01:00");
	}
	*out_ms = mms_wall_from_civil(&c) / 1000 - (mms_wall_from_civil(&c) % 1000 < 0) +
		  (is_leap ? 1000 : 0) - offset * INT64_C(60000);
	return MMS_OK;
}

char *
mms_time_print(int64_t ms, char buf[MMS_TIME_TEXT_MAX])
{
	struct mms_civil c;
	char fraction[8] = "";

	mms_civil_from_wall(ms * 1000, &c);
	if (c.usec != 0)
		(void)snprintf(fraction, sizeof fraction, ".%03d", c.usec / 1000 % 1000);
	(void)snprintf(buf, MMS_TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%sZ",
		       c.year % 10000, c.month, c.day, c.hour, c.minute, c.second, fraction);
	return buf;
}

bool
mms_wall_parse(const char *text, size_t len, int64_t *out_wall_us)
{
	struct scan s = { .p = text, .end = text + len };
	struct mms_civil c = { 0 };

	take_date(&s, &c);
	if (s.p != s.end) {
		want_char(&s, "Tt ");
		take_clock(&s, &c);
	}
	if (s.is_bad || s.p != s.end || !mms_civil_is_valid(&c))
		return false;
	*out_wall_us = mms_wall_from_civil(&c);
	return true;
}

char *
mms_wall_print(int64_t wall_us, char buf[MMS_TIME_TEXT_MAX])
{
	struct mms_civil c;
	char fraction[12] = "";

	mms_civil_from_wall(wall_us, &c);
	if (c.usec != 0)
		(void)snprintf(fraction, sizeof fraction, ".%06d", c.usec % 1000000);
	(void)snprintf(buf, MMS_TIME_TEXT_MAX, "%04d-%02d-%02d %02d:%02d:%02d%s",
		       c.year % 10000, c.month, c.day, c.hour, c.minute, c.second, fraction);
	return buf;
}

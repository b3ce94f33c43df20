/* The values of content lines: times, durations, periods, offsets (mmsync/ical.h). */
#include <string.h>

#include "mmsync/ical.h"
#include "mmsync/timetext.h"

#define DAY_S INT64_C(86400)
/* Longer than any event is; keeps sums far from overflow. */
#define DURATION_MAX_DAYS INT64_C(366000)
/* RFC 5545 has no bound; the tz database knows nothing beyond a day and some. */
#define OFFSET_MAX_S 93600

/* A reader over a text: each step takes what it wants or marks the text as bad. */
struct scan {
	const char *p, *end;
	bool is_bad;
};

static struct scan
scan_of(struct mms_span text)
{
	text = mms_span_trim(text);
	return (struct scan){ .p = text.ptr, .end = text.ptr + text.len };
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
at_digit(const struct scan *s)
{
	return s->p < s->end && is_digit(*s->p);
}

static int
take_digits(struct scan *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!at_digit(s)) {
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

/* 20260310, also 2026-03-10. */
static void
take_date(struct scan *s, struct mms_civil *c)
{
	c->year = take_digits(s, 4);
	(void)take_char(s, "-");
	c->month = take_digits(s, 2);
	(void)take_char(s, "-");
	c->day = take_digits(s, 2);
}

/* 080000, also 0800, 08:00:00 and fractions, which are dropped. */
static void
take_clock(struct scan *s, struct mms_civil *c)
{
	c->hour = take_digits(s, 2);
	(void)take_char(s, ":");
	c->minute = take_digits(s, 2);
	(void)take_char(s, ":");
	if (at_digit(s))
		c->second = take_digits(s, 2);
	if (take_char(s, ".,"))
		while (at_digit(s))
			s->p++;
}

/* Z or a numeric offset; true when there is one. */
static bool
take_zone(struct scan *s, int32_t *offset)
{
	*offset = 0;
	if (take_char(s, "Zz"))
		return true;
	if (s->p == s->end || (*s->p != '+' && *s->p != '-'))
		return false;
	struct mms_span rest = { s->p, (size_t)(s->end - s->p) };
	s->is_bad = s->is_bad || !mms_ical_offset_parse(rest, offset);
	s->p = s->end;
	return true;
}

bool
mms_ical_time_parse(struct mms_span text, struct mms_ical_time *out)
{
	struct scan s = scan_of(text);
	struct mms_civil c = { 0 };
	struct mms_ical_time time = { 0 };
	int32_t offset = 0;

	take_date(&s, &c);
	time.is_date = !take_char(&s, "Tt ") || s.p == s.end;
	if (!time.is_date) {
		take_clock(&s, &c);
		time.is_utc = take_zone(&s, &offset);
	} else {
		/* 20260310Z: a day is no instant, the Z says nothing. */
		(void)take_char(&s, "Zz");
	}
	/* 24:00 is the next midnight, a leap second the next second: as clocks would go on. */
	int64_t more = 0;
	if (c.hour == 24 && c.minute == 0 && c.second == 0) {
		c.hour = 0;
		more = DAY_S;
	}
	if (c.second == 60) {
		c.second = 59;
		more++;
	}
	if (s.is_bad || s.p != s.end || !mms_civil_is_valid(&c))
		return false;
	time.wall_s = mms_wall_from_civil(&c) / 1000000 + more - offset;
	/* At the end of the year 9999 the sum may lie where no calendar of ours reaches. */
	if (time.wall_s >= mms_days_from_civil(10000, 1, 1) * DAY_S)
		return false;
	*out = time;
	return true;
}

/* A number of any length; *is_huge tells that it means for ever. */
static int64_t
take_number(struct scan *s, bool *is_huge)
{
	int64_t value = 0;

	if (!at_digit(s))
		s->is_bad = true;
	while (at_digit(s)) {
		if (value > DURATION_MAX_DAYS * DAY_S)
			*is_huge = true;
		else
			value = value * 10 + (*s->p - '0');
		s->p++;
	}
	return value;
}

/* One "3H": adds it to out. A month that stands before the T is a minute whose T was lost. */
static void
take_part(struct scan *s, struct mms_ical_duration *out, bool *is_huge)
{
	int64_t n = take_number(s, is_huge);

	if (n > DURATION_MAX_DAYS * DAY_S)
		*is_huge = true;
	if (*is_huge)
		n = 0;
	if (take_char(s, "Ww"))
		out->days += n <= DURATION_MAX_DAYS / 7 ? n * 7 : DURATION_MAX_DAYS;
	else if (take_char(s, "Dd"))
		out->days += n <= DURATION_MAX_DAYS ? n : DURATION_MAX_DAYS;
	else if (take_char(s, "Hh"))
		out->seconds +=
			n <= DURATION_MAX_DAYS * 24 ? n * 3600 : DURATION_MAX_DAYS * DAY_S;
	else if (take_char(s, "Mm"))
		out->seconds +=
			n <= DURATION_MAX_DAYS * 1440 ? n * 60 : DURATION_MAX_DAYS * DAY_S;
	else if (take_char(s, "Ss"))
		out->seconds += n;
	else
		s->is_bad = true;
}

bool
mms_ical_duration_parse(struct mms_span text, struct mms_ical_duration *out)
{
	struct scan s = scan_of(text);
	struct mms_ical_duration d = { 0 };
	bool is_huge = false;
	bool is_negative = take_char(&s, "-");

	if (!is_negative)
		(void)take_char(&s, "+");
	if (!take_char(&s, "Pp"))
		return false;
	/* Each letter once would be 5 parts; more is nonsense that could go on for ever. */
	for (int parts = 0; s.p < s.end && !s.is_bad; parts++) {
		if (take_char(&s, "Tt"))
			continue;
		take_part(&s, &d, &is_huge);
		if (parts > 8)
			s.is_bad = true;
	}
	if (s.is_bad)
		return false;
	if (is_huge || d.days > DURATION_MAX_DAYS || d.seconds > DURATION_MAX_DAYS * DAY_S)
		d = (struct mms_ical_duration){ .days = DURATION_MAX_DAYS };
	*out = is_negative ? (struct mms_ical_duration){ -d.days, -d.seconds } : d;
	return true;
}

bool
mms_ical_period_parse(struct mms_span text, struct mms_ical_period *out)
{
	struct mms_ical_period period = { 0 };
	const char *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
	struct mms_span start = text, end = { 0 };

	if (slash != NULL) {
		start.len = (size_t)(slash - text.ptr);
		end = (struct mms_span){ slash + 1, text.len - start.len - 1 };
		end = mms_span_trim(end);
	}
	if (!mms_ical_time_parse(start, &period.start))
		return false;
	if (end.len > 0) {
		period.has_end = mms_ical_time_parse(end, &period.end);
		period.has_duration =
			!period.has_end && mms_ical_duration_parse(end, &period.duration);
		if (!period.has_end && !period.has_duration)
			return false;
	}
	*out = period;
	return true;
}

bool
mms_ical_offset_parse(struct mms_span text, int32_t *out)
{
	struct scan s = scan_of(text);
	int sign = take_char(&s, "-") ? -1 : 1;
	int part[3] = { 0 };

	if (sign > 0)
		(void)take_char(&s, "+");
	/* 1, 01, 100, 0100, 010000, 01:00, 01:00:00 */
	size_t digits = 0;
	while (s.p + digits < s.end && is_digit(s.p[digits]))
		digits++;
	part[0] = take_digits(&s, digits == 1 || digits == 3 ? 1 : 2);
	for (int i = 1; i < 3 && s.p < s.end; i++) {
		(void)take_char(&s, ":.");
		part[i] = take_digits(&s, 2);
	}
	int32_t seconds = part[0] * 3600 + part[1] * 60 + part[2];
	if (s.is_bad || s.p != s.end || part[1] > 59 || part[2] > 59 || seconds > OFFSET_MAX_S)
		return false;
	*out = sign * seconds;
	return true;
}

/*
 * Datetimes as Frappe and the column read them. frappe.utils.get_datetime() takes whatever
 * dateutil makes sense of ("Dec 1, 9am"); a DATETIME column takes far less. Here a text is good
 * when both take it, and take it for the same time: a date (2026-12-01, also with / or . and
 * with one-digit months and days, or 20261201), alone or with a clock (9:00, 09:00:00, a
 * fraction; 090000 after a compact date). What only Python takes cannot be saved either way.
 */
#include <string.h>

#include "mmsync/rules.h"
#include "mmsync/timetext.h"

struct reader {
	const char *p, *end;
	bool has_clock; /* a zone may follow */
};

/* Between min and max digits. */
static bool
take_number(struct reader *r, int min, int max, int *out)
{
	int n = 0;

	*out = 0;
	while (n < max && r->p < r->end && *r->p >= '0' && *r->p <= '9') {
		*out = *out * 10 + (*r->p++ - '0');
		n++;
	}
	return n >= min;
}

static bool
take(struct reader *r, char c)
{
	if (r->p >= r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static size_t
count_digits(const struct reader *r)
{
	const char *p = r->p;

	while (p < r->end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - r->p);
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ".123": what is past the microseconds is dropped. */
static bool
take_fraction(struct reader *r, struct mms_civil *c)
{
	int digits = 0;

	if (!take(r, '.'))
		return true;
	for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
		if (digits++ < 6)
			c->usec = c->usec * 10 + (*r->p - '0');
	}
	for (int i = digits; i < 6; i++)
		c->usec *= 10;
	return digits > 0;
}

static bool
take_compact_clock(struct reader *r, struct mms_civil *c)
{
	r->has_clock = true;
	return take_number(r, 2, 2, &c->hour) && take_number(r, 2, 2, &c->minute) &&
	       take_number(r, 2, 2, &c->second) && take_fraction(r, c);
}

/* 09, 9:00, 09:00:00.123 */
static bool
take_clock(struct reader *r, struct mms_civil *c)
{
	const char *start = r->p;

	r->has_clock = true;
	if (!take_number(r, 1, 2, &c->hour))
		return false;
	if (!take(r, ':'))
		return r->p == start + 2;
	if (!take_number(r, 1, 2, &c->minute))
		return false;
	if (!take(r, ':'))
		return true;
	return take_number(r, 1, 2, &c->second) && take_fraction(r, c);
}

/* Z, UTC, +02:00, -0500, +2: seconds east of UTC. False: none of these. */
static bool
take_zone(struct reader *r, int *out_s)
{
	static const char *const names[] = { "Z", "z", "UTC", "GMT" };
	size_t left = (size_t)(r->end - r->p);
	int hours, minutes = 0;

	*out_s = 0;
	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		size_t len = strlen(names[i]);
		if (left == len && memcmp(r->p, names[i], len) == 0) {
			r->p += len;
			return true;
		}
	}
	int sign = take(r, '-') ? -1 : 1;
	if (sign == 1 && !take(r, '+'))
		return false;
	if (!take_number(r, 1, 2, &hours))
		return false;
	bool has_colon = take(r, ':');
	if ((has_colon || r->p < r->end) && !take_number(r, 2, 2, &minutes))
		return false;
	*out_s = sign * (hours * 3600 + minutes * 60);
	return hours < 24;
}

/* 2026-12-01, with one separator throughout; the year was read. */
static bool
take_rest_of_date(struct reader *r, struct mms_civil *c)
{
	char sep = '\0';

	if (r->p < r->end)
		sep = *r->p;
	if (sep != '-' && sep != '/' && sep != '.')
		return false;
	r->p++;
	return take_number(r, 1, 2, &c->month) && take(r, sep) && take_number(r, 1, 2, &c->day);
}

/* The T or the blanks between date and clock. */
static bool
take_gap(struct reader *r)
{
	if (take(r, 'T'))
		return true;
	if (!is_blank(*r->p))
		return false;
	while (is_blank(*r->p)) /* the text does not end with a blank */
		r->p++;
	return true;
}

/* 20261201, 20261201T090000, 20261201090000 */
static bool
take_compact(struct reader *r, struct mms_civil *c, bool has_clock)
{
	if (!take_number(r, 4, 4, &c->year) || !take_number(r, 2, 2, &c->month) ||
	    !take_number(r, 2, 2, &c->day))
		return false;
	return (!has_clock && !take(r, 'T')) || take_compact_clock(r, c);
}

static bool
take_date_and_clock(struct reader *r, struct mms_civil *c)
{
	size_t digits = count_digits(r);

	if (digits == 8 || digits == 14)
		return take_compact(r, c, digits == 14);
	if (digits != 4 || !take_number(r, 4, 4, &c->year) || !take_rest_of_date(r, c))
		return false;
	return r->p == r->end || (take_gap(r) && take_clock(r, c));
}

static enum mms_doctime
read_text(struct mms_text text, int64_t *out_us)
{
	struct reader r = { .p = text.ptr, .end = text.ptr + text.len };
	struct mms_civil c = { 0 };
	int offset_s;

	while (r.p < r.end && is_blank(*r.p))
		r.p++;
	while (r.end > r.p && is_blank(r.end[-1]))
		r.end--;
	if (!take_date_and_clock(&r, &c) || !mms_civil_is_valid(&c))
		return MMS_DOCTIME_BAD;
	/* get_datetime() gives None for this day, and the controllers trip over it. */
	if (c.year == 1 && c.month == 1 && c.day == 1)
		return MMS_DOCTIME_BAD;
	*out_us = mms_wall_from_civil(&c);
	if (r.p == r.end)
		return MMS_DOCTIME_NAIVE;
	while (r.p < r.end && is_blank(*r.p))
		r.p++;
	if (!r.has_clock || !take_zone(&r, &offset_s) || r.p != r.end)
		return MMS_DOCTIME_BAD;
	*out_us -= offset_s * INT64_C(1000000);
	return MMS_DOCTIME_AWARE;
}

enum mms_doctime
mms_doctime_read(const struct mms_field *field, int64_t *out_us)
{
	/* 0001-01-01 and 9999-12-31 23:59:59.999999: what a Python datetime can be */
	const int64_t first = -62135596800 * INT64_C(1000000);
	const int64_t last = 253402300800 * INT64_C(1000000) - 1;

	if (field->type == MMS_F_TEXT)
		return read_text(field->text, out_us);
	if (field->type != MMS_F_TIME || field->i < first || field->i > last)
		return MMS_DOCTIME_BAD;
	*out_us = field->i;
	return MMS_DOCTIME_NAIVE;
}

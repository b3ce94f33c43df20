/*
 * The instances of a rule (mmsync/rrule.h). A period's candidates are its days that pass every
 * day part, times the hours, minutes and seconds; BYSETPOS then picks among them by position.
 */
#include <string.h>

#include "mmsync/rrule.h"
#include "mmsync/timetext.h"

#define DAY_S  INT64_C(86400)
#define HOUR_S INT64_C(3600)
/* 1 January 10000: what calendars can write ends before it. */
#define END_DAY INT64_C(2932897)

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

static int64_t
ceil_div(int64_t a, int64_t b)
{
	return -floor_div(-a, b);
}

/* A day and what the parts of a rule ask about it. */
struct day {
	int64_t day; /* since 1970-01-01 */
	int year, month, month_day, month_len, year_day, year_len, weekday;
};

static void
look_at(int64_t day, struct day *out)
{
	struct mms_civil c;

	mms_civil_from_days(day, &c);
	out->day = day;
	out->year = c.year;
	out->month = c.month;
	out->month_day = c.day;
	out->month_len = mms_days_in_month(c.year, c.month);
	out->year_day = (int)(day - mms_days_from_civil(c.year, 1, 1)) + 1;
	out->year_len = mms_days_in_month(c.year, 2) == 29 ? 366 : 365;
	out->weekday = mms_weekday(day);
}

static bool
has_bit(const struct mms_bits *bits, int64_t n)
{
	return n > 0 && n < 384 && (bits->word[n / 64] >> (n % 64) & 1) != 0;
}

/* The week of a year begins on week_start; week 1 is the first with four days in the year. */
static bool
week_matches(const struct mms_rrule *rule, const struct day *d)
{
	int64_t start = d->day - (d->weekday - rule->week_start + 7) % 7;
	struct day middle, last;

	look_at(start + 3, &middle);
	int64_t number = (middle.year_day - 1) / 7 + 1;
	/* 28 December lies in the last week of its year, whatever day weeks begin on. */
	look_at(mms_days_from_civil(middle.year, 12, 28), &last);
	int64_t last_start = last.day - (last.weekday - rule->week_start + 7) % 7;
	int64_t back = (last_start - start) / 7 + 1;
	return (rule->weeks >> number & 1) != 0 || (rule->weeks_back >> back & 1) != 0;
}

/* BYDAY: every such weekday, or the n-th of the month or year. */
static bool
weekday_matches(const struct mms_rrule *rule, const struct day *d)
{
	if ((rule->weekdays >> d->weekday & 1) != 0)
		return true;
	if (!rule->has_nth)
		return false;
	bool in_month = rule->freq == MMS_MONTHLY || rule->months != 0;
	int at = in_month ? d->month_day : d->year_day;
	int len = in_month ? d->month_len : d->year_len;
	return (rule->nth[d->weekday] >> ((at - 1) / 7 + 1) & 1) != 0 ||
	       (rule->nth_back[d->weekday] >> ((len - at) / 7 + 1) & 1) != 0;
}

static bool
day_matches(const struct mms_rrule *rule, const struct day *d)
{
	if (rule->months != 0 && (rule->months >> d->month & 1) == 0)
		return false;
	if ((rule->weekdays != 0 || rule->has_nth) && !weekday_matches(rule, d))
		return false;
	if ((rule->month_days | rule->month_days_back) != 0 &&
	    (rule->month_days >> d->month_day & 1) == 0 &&
	    (rule->month_days_back >> (d->month_len - d->month_day + 1) & 1) == 0)
		return false;
	if (rule->has_year_days && !has_bit(&rule->year_days, d->year_day) &&
	    !has_bit(&rule->year_days_back, d->year_len - d->year_day + 1))
		return false;
	return !rule->has_weeks || week_matches(rule, d);
}

/* The days of a month that match, appended. */
static void
add_month(struct mms_rrule_walk *w, int year, int month)
{
	struct day d;
	int64_t first = mms_days_from_civil(year, month, 1);

	look_at(first, &d);
	for (int n = 1; n <= d.month_len; n++) {
		if (day_matches(&w->rule, &d))
			w->days[w->n_days++] = (int32_t)d.day;
		d.day++;
		d.month_day++;
		d.year_day++;
		d.weekday = d.weekday == 6 ? 0 : d.weekday + 1;
	}
}

static void
add_week(struct mms_rrule_walk *w, int64_t first)
{
	struct day d;

	for (int64_t day = first; day < first + 7 && day < END_DAY; day++) {
		look_at(day, &d);
		if (day_matches(&w->rule, &d))
			w->days[w->n_days++] = (int32_t)day;
	}
}

static bool
spend(struct mms_rrule_walk *w, int64_t steps)
{
	*w->steps -= steps;
	if (*w->steps > 0)
		return true;
	w->is_out_of_steps = true;
	w->is_done = true;
	return false;
}

/* One value in place of a list, for the parts that a short period fixes. */
static void
fix(unsigned char *list, size_t *n, int64_t value)
{
	list[0] = (unsigned char)value;
	*n = 1;
}

/* How long a period of less than a day is, seconds. */
static int64_t
unit_s(enum mms_freq freq)
{
	return freq == MMS_HOURLY ? HOUR_S : freq == MMS_MINUTELY ? 60 : 1;
}

/* The first period that does not begin before a wall time. */
static int64_t
period_from(const struct mms_rrule_walk *w, int64_t wall_s)
{
	return ceil_div(wall_s - w->base, unit_s(w->rule.freq) * w->rule.interval);
}

/*
 * A period of less than a day. What no instance can lie in is leapt over: a day, an hour or a
 * minute at a time. Returns false when this period has none (and w->period is where to go on).
 */
static bool
expand_short(struct mms_rrule_walk *w)
{
	const struct mms_rrule *rule = &w->rule;
	int64_t s = w->base + w->period * unit_s(rule->freq) * rule->interval;
	int64_t day = floor_div(s, DAY_S), in_day = s - day * DAY_S;
	struct day d;

	if (day >= END_DAY || s > w->until_s) {
		w->is_done = true;
		return false;
	}
	look_at(day, &d);
	if (!day_matches(rule, &d)) {
		w->period = period_from(w, (day + 1) * DAY_S);
		return false;
	}
	int64_t hour = in_day / HOUR_S, minute = in_day / 60 % 60;
	if (rule->hours != 0 && (rule->hours >> hour & 1) == 0) {
		w->period = period_from(w, day * DAY_S + (hour + 1) * HOUR_S);
		return false;
	}
	fix(w->hours, &w->n_hours, hour);
	if (rule->freq == MMS_MINUTELY || rule->freq == MMS_SECONDLY) {
		if (rule->minutes != 0 && (rule->minutes >> minute & 1) == 0) {
			w->period = period_from(w, day * DAY_S + (in_day / 60 + 1) * 60);
			return false;
		}
		fix(w->minutes, &w->n_minutes, minute);
	}
	w->period++;
	if (rule->freq == MMS_SECONDLY) {
		if (rule->seconds != 0 && (rule->seconds >> in_day % 60 & 1) == 0)
			return false;
		fix(w->seconds, &w->n_seconds, in_day % 60);
	}
	w->days[w->n_days++] = (int32_t)day;
	return true;
}

/* The first day of a period of days or more; END_DAY when it lies behind all calendars. */
static int64_t
first_day(const struct mms_rrule_walk *w)
{
	const struct mms_rrule *rule = &w->rule;
	int64_t at = w->base + w->period * rule->interval * (rule->freq == MMS_WEEKLY ? 7 : 1);
	int64_t year = rule->freq == MMS_MONTHLY ? floor_div(at, 12) : at;

	if (rule->freq == MMS_WEEKLY || rule->freq == MMS_DAILY)
		return at < END_DAY ? at : END_DAY;
	if (year > 9999)
		return END_DAY;
	int month = rule->freq == MMS_MONTHLY ? (int)(at - year * 12) + 1 : 1;
	return mms_days_from_civil((int)year, month, 1);
}

/* A period of days. */
static void
expand_long(struct mms_rrule_walk *w)
{
	const struct mms_rrule *rule = &w->rule;
	int64_t first = first_day(w);
	struct day d;

	w->period++;
	if (first >= END_DAY || (w->until_s < INT64_MAX && first * DAY_S > w->until_s)) {
		w->is_done = true;
		return;
	}
	look_at(first, &d);
	if (rule->freq == MMS_YEARLY) {
		for (int month = 1; month <= 12; month++) {
			if (rule->months == 0 || (rule->months >> month & 1) != 0)
				add_month(w, d.year, month);
		}
	} else if (rule->freq == MMS_MONTHLY) {
		if (rule->months == 0 || (rule->months >> d.month & 1) != 0)
			add_month(w, d.year, d.month);
	} else if (rule->freq == MMS_WEEKLY) {
		add_week(w, first);
	} else if (day_matches(rule, &d)) {
		w->days[w->n_days++] = (int32_t)first;
	}
}

/* Compute periods until one has candidates. */
static bool
next_period(struct mms_rrule_walk *w)
{
	int64_t cost = w->rule.freq == MMS_YEARLY ? 8 : 1;

	w->n_days = 0;
	while (!w->is_done && w->n_days == 0) {
		if (!spend(w, cost))
			return false;
		if (w->rule.freq < MMS_DAILY)
			(void)expand_short(w);
		else
			expand_long(w);
	}
	w->at = 0;
	w->n = w->n_days * w->n_hours * w->n_minutes * w->n_seconds;
	return !w->is_done;
}

static int64_t
candidate(const struct mms_rrule_walk *w, size_t i)
{
	int64_t second = w->seconds[i % w->n_seconds];
	i /= w->n_seconds;
	int64_t minute = w->minutes[i % w->n_minutes];
	i /= w->n_minutes;
	int64_t hour = w->hours[i % w->n_hours];

	return w->days[i / w->n_hours] * DAY_S + hour * HOUR_S + minute * 60 + second;
}

/* Without COUNT and BYSETPOS, whole days before from_s need no look. */
static void
leap_days(struct mms_rrule_walk *w)
{
	size_t a_day = w->n_hours * w->n_minutes * w->n_seconds, i = 0;

	while (i < w->n_days && (w->days[i] + 1) * DAY_S <= w->from_s)
		i++;
	w->at = i * a_day;
}

/* BYSETPOS: is this candidate one of those that are picked? */
static bool
position_matches(const struct mms_rrule_walk *w, size_t i)
{
	const struct mms_rrule *rule = &w->rule;

	return !rule->has_positions || has_bit(&rule->positions, (int64_t)i + 1) ||
	       has_bit(&rule->positions_back, (int64_t)(w->n - i));
}

bool
mms_rrule_next(struct mms_rrule_walk *w, int64_t *wall_s)
{
	const struct mms_rrule *rule = &w->rule;

	while (!w->is_done) {
		if (w->at == w->n) {
			if (!next_period(w))
				return false;
			if (w->left < 0 && !rule->has_positions)
				leap_days(w);
			continue;
		}
		if (!spend(w, 1))
			return false;
		int64_t s = candidate(w, w->at);
		bool is_picked = position_matches(w, w->at);
		w->at++;
		if (!is_picked || s < w->start_s)
			continue;
		if (s > w->until_s || (w->left == 0 && s != w->start_s)) {
			w->is_done = true;
			return false;
		}
		/* DTSTART was counted when the walk began. */
		if (w->left > 0 && s != w->start_s)
			w->left--;
		if (s < w->from_s)
			continue;
		*wall_s = s;
		return true;
	}
	return false;
}

/* The numbers of a set of bits, ascending; or the one that DTSTART implies. */
static void
list_bits(uint64_t bits, int64_t implied, unsigned char *list, size_t *n)
{
	*n = 0;
	for (unsigned i = 0; bits >> i != 0 && i < 63; i++) {
		if ((bits >> i & 1) != 0)
			list[(*n)++] = (unsigned char)i;
	}
	if (*n == 0)
		fix(list, n, implied);
}

/* "Information, not contained in the rule, [is] derived from the Start Time" (RFC 5545). */
static void
imply(struct mms_rrule *rule, const struct day *start)
{
	bool has_month_days = (rule->month_days | rule->month_days_back) != 0;
	bool has_weekdays = rule->weekdays != 0 || rule->has_nth;

	/* The n-th weekday has a meaning in months and years; and not beside week numbers. */
	if (rule->has_nth &&
	    ((rule->freq != MMS_MONTHLY && rule->freq != MMS_YEARLY) || rule->has_weeks)) {
		for (int i = 0; i < 7; i++) {
			if ((rule->nth[i] | rule->nth_back[i]) != 0)
				rule->weekdays |= 1U << i;
		}
		rule->has_nth = false;
	}
	if (has_month_days || has_weekdays || rule->has_year_days)
		return;
	if (rule->has_weeks || rule->freq == MMS_WEEKLY) {
		rule->weekdays = 1U << start->weekday;
	} else if (rule->freq == MMS_MONTHLY || rule->freq == MMS_YEARLY) {
		rule->month_days = UINT32_C(1) << start->month_day;
		if (rule->freq == MMS_YEARLY && rule->months == 0)
			rule->months = UINT32_C(1) << start->month;
	}
}

static int64_t
base_of(const struct mms_rrule *rule, int64_t start_s, const struct day *start)
{
	switch (rule->freq) {
	case MMS_YEARLY:
		return start->year;
	case MMS_MONTHLY:
		return start->year * INT64_C(12) + start->month - 1;
	case MMS_WEEKLY:
		return start->day - (start->weekday - rule->week_start + 7) % 7;
	case MMS_DAILY:
		return start->day;
	case MMS_HOURLY:
		return floor_div(start_s, HOUR_S) * HOUR_S;
	case MMS_MINUTELY:
		return floor_div(start_s, 60) * 60;
	case MMS_SECONDLY:
		break;
	}
	return start_s;
}

/* NOLINTBEGIN(readability-non-const-parameter): the walk counts steps down */
void
mms_rrule_begin(struct mms_rrule_walk *walk, const struct mms_rrule *rule, int64_t start_s,
		int64_t until_s, int64_t *steps)
/* NOLINTEND(readability-non-const-parameter) */
{
	struct day start;
	int64_t in_day = start_s - floor_div(start_s, DAY_S) * DAY_S;

	look_at(floor_div(start_s, DAY_S), &start);
	*walk = (struct mms_rrule_walk){ .rule = *rule,
					 .start_s = start_s,
					 .from_s = start_s,
					 .until_s = until_s,
					 .left = rule->count > 0 ? rule->count - 1 : -1,
					 .steps = steps };
	imply(&walk->rule, &start);
	list_bits(rule->hours, in_day / HOUR_S, walk->hours, &walk->n_hours);
	list_bits(rule->minutes, in_day / 60 % 60, walk->minutes, &walk->n_minutes);
	list_bits(rule->seconds, in_day % 60, walk->seconds, &walk->n_seconds);
	walk->base = base_of(&walk->rule, start_s, &start);
}

void
mms_rrule_skip_to(struct mms_rrule_walk *walk, int64_t wall_s)
{
	const struct mms_rrule *rule = &walk->rule;

	if (wall_s <= walk->start_s)
		return;
	walk->from_s = wall_s;
	/* Instances that COUNT counts have to be counted one by one. */
	if (walk->left >= 0)
		return;
	int64_t day = floor_div(wall_s, DAY_S), period = 0;
	struct day d;
	look_at(day, &d);
	switch (rule->freq) {
	case MMS_YEARLY:
		period = (d.year - walk->base) / rule->interval;
		break;
	case MMS_MONTHLY:
		period = (d.year * INT64_C(12) + d.month - 1 - walk->base) / rule->interval;
		break;
	case MMS_WEEKLY:
		period = (day - walk->base) / (INT64_C(7) * rule->interval);
		break;
	case MMS_DAILY:
		period = (day - walk->base) / rule->interval;
		break;
	case MMS_HOURLY:
	case MMS_MINUTELY:
	case MMS_SECONDLY:
		period = (wall_s - walk->base) / (unit_s(rule->freq) * rule->interval);
		break;
	}
	walk->period = period > 0 ? period : 0;
}

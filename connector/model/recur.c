/* The recurrence set (see the header): several ordered sources, merged. */
#include "mmsync/recur.h"

#include <stdlib.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/* An instance may lie this far from its wall time read as UTC, and a change of offset with it. */
#define ZONE_SLACK_S (2 * INT64_C(86400))

struct mms_recur_rule {
	struct mms_rrule rule;
	bool is_ex;
	int64_t until_ms; /* exact bound, INT64_MAX: none */
	bool may_outlast; /* its own end is behind the walk's */
	struct mms_rrule_walk walk;
	int64_t head_ms; /* the next instance */
	bool has_head;
};

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

mms_rc
mms_recur_open(struct mms_recur *set, const struct mms_zone *zone,
	       const struct mms_zone *day_zone, bool is_all_day, int64_t start_wall_s,
	       struct mms_err *err)
{
	*set = (struct mms_recur){ .zone = zone,
				   .day_zone = day_zone,
				   .is_all_day = is_all_day,
				   .start_s = start_wall_s };
	return mms_recur_add_date(set, mms_zone_to_utc(zone, start_wall_s * 1000000),
				  MMS_NO_TIME, err);
}

void
mms_recur_release(struct mms_recur *set)
{
	if (set == NULL)
		return;
	mms_free(set->rules);
	mms_free(set->dates);
	mms_free(set->not_at);
	mms_free(set->not_on);
	*set = (struct mms_recur){ 0 };
}

/* UNTIL of an all-day series is a day, however it is written. */
static int64_t
until_day_s(const struct mms_recur *set, const struct mms_ical_time *until)
{
	int64_t day_s = floor_div(until->wall_s, 86400) * 86400;

	if (until->is_date || !until->is_utc || set->day_zone == NULL)
		return day_s;
	/* Exchange writes the UTC instant at which the last day begins for its user. */
	int64_t wall_s = mms_zone_to_wall(set->day_zone, until->wall_s * 1000) / 1000000;
	return wall_s % 86400 == 0 ? wall_s : day_s;
}

/* Where a rule ends: an instant, or a wall time (*wall_s). Both are inclusive. */
static void
find_until(const struct mms_recur *set, struct mms_recur_rule *r, int64_t *wall_s)
{
	const struct mms_ical_time *until = &r->rule.until;

	r->until_ms = INT64_MAX;
	*wall_s = INT64_MAX;
	if (!r->rule.has_until)
		return;
	if (set->is_all_day) {
		*wall_s = until_day_s(set, until);
	} else if (until->is_date) { /* through that day */
		*wall_s = until->wall_s + 86399;
	} else if (until->is_utc) {
		r->until_ms = until->wall_s * 1000;
		*wall_s = until->wall_s + ZONE_SLACK_S;
	} else {
		*wall_s = until->wall_s;
	}
}

mms_rc
mms_recur_add_rule(struct mms_recur *set, const struct mms_rrule *rule, bool is_ex,
		   struct mms_err *err)
{
	struct mms_recur_rule *moved =
		mms_grow(set->rules, set->n_rules, &set->rules_cap, sizeof *set->rules);

	if (moved == NULL)
		return mms_fail_nomem(err);
	set->rules = moved;
	set->rules[set->n_rules++] = (struct mms_recur_rule){ .rule = *rule, .is_ex = is_ex };
	return MMS_OK;
}

mms_rc
mms_recur_add_date(struct mms_recur *set, int64_t at_ms, int64_t end_ms, struct mms_err *err)
{
	struct mms_recur_date *moved =
		mms_grow(set->dates, set->n_dates, &set->dates_cap, sizeof *set->dates);

	if (moved == NULL)
		return mms_fail_nomem(err);
	set->dates = moved;
	set->dates[set->n_dates++] = (struct mms_recur_date){ at_ms, end_ms };
	return MMS_OK;
}

static mms_rc
add_number(int64_t **list, size_t *n, size_t *cap, int64_t value, struct mms_err *err)
{
	int64_t *moved = mms_grow(*list, *n, cap, sizeof **list);

	if (moved == NULL)
		return mms_fail_nomem(err);
	*list = moved;
	moved[(*n)++] = value;
	return MMS_OK;
}

mms_rc
mms_recur_exclude(struct mms_recur *set, int64_t at_ms, struct mms_err *err)
{
	return add_number(&set->not_at, &set->n_not_at, &set->not_at_cap, at_ms, err);
}

mms_rc
mms_recur_exclude_day(struct mms_recur *set, int64_t day, struct mms_err *err)
{
	return add_number(&set->not_on, &set->n_not_on, &set->not_on_cap, day, err);
}

static int
compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static bool
has_number(const int64_t *list, size_t n, int64_t value)
{
	return n > 0 && bsearch(&value, list, n, sizeof *list, compare_numbers) != NULL;
}

bool
mms_recur_is_excluded(const struct mms_recur *set, int64_t at_ms)
{
	if (has_number(set->not_at, set->n_not_at, at_ms))
		return true;
	if (set->n_not_on == 0)
		return false;
	int64_t wall_us = mms_zone_to_wall(set->zone, at_ms);
	return has_number(set->not_on, set->n_not_on, floor_div(wall_us, MMS_DAY_US));
}

/* A date with an end of its own before one without, so that the end is not lost. */
static int
compare_dates(const void *a, const void *b)
{
	const struct mms_recur_date *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->end_ms > y->end_ms ? -1 : x->end_ms < y->end_ms;
}

static void
advance(struct mms_recur *set, struct mms_recur_rule *r)
{
	int64_t wall_s;

	r->has_head = mms_rrule_next(&r->walk, &wall_s);
	if (r->has_head) {
		r->head_ms = mms_zone_to_utc(set->zone, wall_s * 1000000);
		r->has_head = r->head_ms <= r->until_ms;
	}
	if (r->walk.is_out_of_steps)
		set->is_out_of_steps = true;
}

/* Can a rule have instances behind the end of this walk? */
static bool
outlasts(const struct mms_recur *set, const struct mms_recur_rule *r, int64_t until_s)
{
	if (r->is_ex || r->until_ms <= set->until_ms)
		return false;
	return until_s == INT64_MAX || until_s + ZONE_SLACK_S > floor_div(set->until_ms, 1000);
}

/* A rule that ends before DTSTART: nothing is left of it, DTSTART neither. */
static bool
ends_before_start(const struct mms_recur *set, const struct mms_recur_rule *r, int64_t until_s)
{
	int64_t start_ms = mms_zone_to_utc(set->zone, set->start_s * 1000000);

	return until_s < set->start_s || r->until_ms < start_ms;
}

void
mms_recur_start(struct mms_recur *set, int64_t from_ms, int64_t until_ms, int64_t *steps)
{
	int64_t walk_until_s = floor_div(until_ms, 1000) + ZONE_SLACK_S;
	size_t n_over = 0, n_ex = 0;

	if (set->n_not_at > 1)
		qsort(set->not_at, set->n_not_at, sizeof *set->not_at, compare_numbers);
	if (set->n_not_on > 1)
		qsort(set->not_on, set->n_not_on, sizeof *set->not_on, compare_numbers);
	if (set->n_dates > 1)
		qsort(set->dates, set->n_dates, sizeof *set->dates, compare_dates);
	set->from_ms = from_ms;
	set->last_ms = INT64_MIN;
	set->next_date = 0;
	set->is_out_of_steps = false;
	set->may_go_on = false;
	set->until_ms = until_ms;
	while (set->next_date < set->n_dates && set->dates[set->next_date].at_ms < from_ms)
		set->next_date++;
	for (size_t i = 0; i < set->n_rules; i++) {
		struct mms_recur_rule *r = &set->rules[i];
		int64_t until_s;
		find_until(set, r, &until_s);
		r->may_outlast = outlasts(set, r, until_s);
		if (r->is_ex)
			n_ex++;
		else if (ends_before_start(set, r, until_s))
			n_over++;
		mms_rrule_begin(&r->walk, &r->rule, set->start_s,
				until_s < walk_until_s ? until_s : walk_until_s, steps);
		mms_rrule_skip_to(&r->walk, floor_div(from_ms, 1000) - ZONE_SLACK_S);
		advance(set, r);
	}
	set->is_over = n_over > 0 && n_over + n_ex == set->n_rules;
}

/* The earliest of all sources, taken out of each that has it. False: there is none. */
static bool
take_earliest(struct mms_recur *set, struct mms_recur_date *out)
{
	bool has = set->next_date < set->n_dates;

	if (has)
		*out = set->dates[set->next_date];
	for (size_t i = 0; i < set->n_rules; i++) {
		const struct mms_recur_rule *r = &set->rules[i];
		if (r->is_ex || !r->has_head || (has && r->head_ms >= out->at_ms))
			continue;
		*out = (struct mms_recur_date){ r->head_ms, MMS_NO_TIME };
		has = true;
	}
	if (!has)
		return false;
	while (set->next_date < set->n_dates && set->dates[set->next_date].at_ms == out->at_ms)
		set->next_date++;
	for (size_t i = 0; i < set->n_rules; i++) {
		struct mms_recur_rule *r = &set->rules[i];
		while (!r->is_ex && r->has_head && r->head_ms <= out->at_ms)
			advance(set, r);
	}
	return true;
}

static bool
is_excluded_by_rule(struct mms_recur *set, int64_t at_ms)
{
	bool is_excluded = false;

	for (size_t i = 0; i < set->n_rules; i++) {
		struct mms_recur_rule *r = &set->rules[i];
		while (r->is_ex && r->has_head && r->head_ms < at_ms)
			advance(set, r);
		is_excluded = is_excluded || (r->is_ex && r->has_head && r->head_ms == at_ms);
	}
	return is_excluded;
}

/* At the end of the walks: is there one that only the walk's own end ended? */
static bool
any_goes_on(const struct mms_recur *set)
{
	for (size_t i = 0; i < set->n_rules; i++) {
		if (set->rules[i].may_outlast && set->rules[i].walk.left != 0)
			return true;
	}
	return false;
}

bool
mms_recur_next(struct mms_recur *set, struct mms_recur_date *out)
{
	struct mms_recur_date date = { 0 };

	while (take_earliest(set, &date)) {
		/* A wall time in a gap may become an instant that was given before. */
		if (date.at_ms < set->from_ms || date.at_ms <= set->last_ms)
			continue;
		if (set->is_over &&
		    date.at_ms == mms_zone_to_utc(set->zone, set->start_s * 1000000))
			continue;
		if (date.at_ms > set->until_ms) {
			set->may_go_on = true;
			return false;
		}
		if (mms_recur_is_excluded(set, date.at_ms) ||
		    is_excluded_by_rule(set, date.at_ms))
			continue;
		set->last_ms = date.at_ms;
		*out = date;
		return true;
	}
	set->may_go_on = any_goes_on(set);
	return false;
}

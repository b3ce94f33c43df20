/*
 * One recurrence rule: its text taken apart, and its instances as wall times, in order. Each
 * period (a year, a month, a week ...) is computed by itself from the rule's beginning, so a
 * rule without COUNT can be entered anywhere and gives there what it gives when it is walked.
 *
 * Source: RFC 5545 section 3.3.10 (RECUR); docs/decisions/0003-recurrence.md.
 * Layer: model.
 */
#ifndef MMSYNC_RRULE_H
#define MMSYNC_RRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/ical.h"

enum mms_freq {
	MMS_SECONDLY,
	MMS_MINUTELY,
	MMS_HOURLY,
	MMS_DAILY,
	MMS_WEEKLY,
	MMS_MONTHLY,
	MMS_YEARLY
};

/* A set of whole numbers from 1 to 383 (days of a year, positions); bit n is the number n. */
struct mms_bits {
	uint64_t word[6];
};

/* Numbers of BY parts as bits; "back" ones count from the end (-1 is bit 1). */
struct mms_rrule {
	enum mms_freq freq;
	int32_t interval; /* at least 1 */
	int64_t count;    /* 0: none    */
	bool has_until;
	struct mms_ical_time until;
	int week_start; /* 0 = Sunday */
	bool has_positions, has_year_days, has_nth, has_weeks;
	uint32_t months, month_days, month_days_back, hours;
	uint64_t weeks, weeks_back, minutes, seconds;
	struct mms_bits year_days, year_days_back, positions, positions_back;
	unsigned weekdays;            /* every one of these       */
	uint64_t nth[7], nth_back[7]; /* the n-th of month or year */
};

/*
 * doubts gets a sentence for each thing that was ignored (COUNT=0, an unknown part).
 * Errors: ITEM (the rhythm cannot be known: no FREQ, a value out of its range, a calendar other
 * than the Gregorian), NOMEM.
 */
mms_rc mms_rrule_parse(struct mms_span text, struct mms_rrule *out, struct mms_str *doubts,
		       struct mms_err *err) MMS_MUST_CHECK;

/* A walk along the instances of a rule. Made by mms_rrule_begin(). */
struct mms_rrule_walk {
	struct mms_rrule rule; /* with what DTSTART implies filled in         */
	int64_t start_s;       /* DTSTART, wall seconds                       */
	int64_t from_s;        /* earlier instances are counted and not given */
	int64_t until_s;       /* the last one may be here                    */
	int64_t left;          /* of COUNT, -1: no COUNT                      */
	int64_t *steps;        /* borrowed: how much work may still be done   */
	int64_t base;          /* where period 0 lies, in its own unit        */
	int64_t period;        /* the next one to compute                     */
	bool is_done, is_out_of_steps;
	/* The current period: days since 1970 and times of day, each ascending. */
	int32_t days[366];
	unsigned char hours[24], minutes[60], seconds[60];
	size_t n_days, n_hours, n_minutes, n_seconds;
	size_t at, n; /* the next candidate of days x times, their number */
};

/*
 * Begin at DTSTART (wall seconds). until_s is the last wall time that may be given, INT64_MAX
 * for none; steps is the work that may be done (about one a candidate or empty period), shared
 * between walks. DTSTART counts as the first of COUNT whether it matches the rule or not.
 * Keeps: steps.
 */
void mms_rrule_begin(struct mms_rrule_walk *walk, const struct mms_rrule *rule, int64_t start_s,
		     int64_t until_s, int64_t *steps);
/* Give nothing before this wall time. Only directly after mms_rrule_begin(). */
void mms_rrule_skip_to(struct mms_rrule_walk *walk, int64_t wall_s);
/* The next instance; false at the end, or when the steps are used up (is_out_of_steps). */
bool mms_rrule_next(struct mms_rrule_walk *walk, int64_t *wall_s);

#endif

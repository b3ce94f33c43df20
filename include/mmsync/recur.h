/*
 * A recurrence set: DTSTART, rules and dates, less what is excluded, in order and without
 * doubles. Rules run on the wall clock of the event's zone; the set is kept in instants.
 *
 * An all-day series lives in UTC: its days are midnights there.
 *
 * Source: RFC 5545 sections 3.8.5.1 to 3.8.5.3; EXRULE: RFC 2445 section 4.8.5.2.
 * Layer: model.
 */
#ifndef MMSYNC_RECUR_H
#define MMSYNC_RECUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/rrule.h"
#include "mmsync/zone.h"

/* An instance: Unix ms; end_ms is MMS_NO_TIME unless the date brought its own. */
struct mms_recur_date {
	int64_t at_ms, end_ms;
};

struct mms_recur_rule; /* a walk and its next instance */

/* All zero is closed. */
struct mms_recur {
	const struct mms_zone *zone; /* borrowed: the wall clock of the rules              */
	const struct mms_zone *day_zone; /* borrowed: reads a UTC UNTIL of an all-day series;
					  * NULL: as written                                   */
	bool is_all_day;
	int64_t start_s; /* DTSTART, wall seconds */
	struct mms_recur_rule *rules;
	size_t n_rules, rules_cap;
	struct mms_recur_date *dates;
	size_t n_dates, dates_cap, next_date;
	int64_t *not_at;
	size_t n_not_at, not_at_cap;
	int64_t *not_on;
	size_t n_not_on, not_on_cap;
	int64_t from_ms, until_ms, last_ms;
	bool is_over; /* all rules end before DTSTART, which is then no instance either */
	bool is_out_of_steps, may_go_on;
};

/* The set that holds DTSTART alone. Errors: NOMEM. */
mms_rc mms_recur_open(struct mms_recur *set, const struct mms_zone *zone,
		      const struct mms_zone *day_zone, bool is_all_day, int64_t start_wall_s,
		      struct mms_err *err) MMS_MUST_CHECK;
void mms_recur_release(struct mms_recur *set);

/* is_ex: its instances are excluded. Errors: NOMEM. */
mms_rc mms_recur_add_rule(struct mms_recur *set, const struct mms_rrule *rule, bool is_ex,
			  struct mms_err *err) MMS_MUST_CHECK;
/* end_ms MMS_NO_TIME: as long as the others. Errors: NOMEM. */
mms_rc mms_recur_add_date(struct mms_recur *set, int64_t at_ms, int64_t end_ms,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Exclude an instant, or whatever begins on a day of the event's zone. Errors: NOMEM. */
mms_rc
mms_recur_exclude(struct mms_recur *set, int64_t at_ms, struct mms_err *err) MMS_MUST_CHECK;
mms_rc
mms_recur_exclude_day(struct mms_recur *set, int64_t day, struct mms_err *err) MMS_MUST_CHECK;

/* Is this instant excluded by a date? (Valid after mms_recur_start().) */
bool mms_recur_is_excluded(const struct mms_recur *set, int64_t at_ms);

/*
 * Begin to give instances from one instant to another, both inclusive. steps: the work that may
 * be done (rrule.h). Keeps: steps.
 */
void mms_recur_start(struct mms_recur *set, int64_t from_ms, int64_t until_ms, int64_t *steps);
/*
 * The next instance; false at the end or when steps are used up (is_out_of_steps). At the end
 * may_go_on tells whether there may be instances behind until_ms.
 */
bool mms_recur_next(struct mms_recur *set, struct mms_recur_date *out);

#endif

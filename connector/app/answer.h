/* What availability, check-slot and blocking-events share: the question, and words for answers. */
#ifndef APP_ANSWER_H
#define APP_ANSWER_H

#include "mmsync/app.h"
#include "mmsync/availability.h"

/* An answer being told. All zero is empty. */
struct answer {
	struct mms_app *app;
	struct mms_zones *zones;     /* owned                                             */
	const struct mms_zone *zone; /* of the times told: --zone, for people the person's */
	bool has_zone;               /* --zone was given                                  */
	struct mms_availability a;
};
void answer_release(struct answer *answer);

/* Names of the options that say which times are asked about; days 0: both are needed. */
struct answer_options {
	const char *start, *end;
	int64_t days;     /* how long from now on, where nothing is said */
	bool only_events; /* bookings are not asked about */
};
/*
 * Read the options, ask, and warn on stderr. Errors: USAGE, and as mms_availability_load().
 */
mms_rc answer_open(struct answer *answer, struct mms_app *app,
		   const struct answer_options *options, struct mms_err *err) MMS_MUST_CHECK;

/* RFC 3339, in UTC unless --zone was given. Returns buf. */
char *answer_print_time(const struct answer *answer, int64_t ms, char buf[MMS_TIME_TEXT_MAX]);
/* Members of the object that is being written: stale, unreadable, doubtful, warnings. */
void answer_put_trust(const struct answer *answer, struct mms_json *j);

/* What blocks, as a table; nothing is printed where nothing does. */
mms_rc answer_print_taken(const struct answer *answer, struct mms_err *err) MMS_MUST_CHECK;
/* The calendars and how old what is known of them is. */
mms_rc answer_print_calendars(const struct answer *answer, struct mms_err *err) MMS_MUST_CHECK;
/* Below an answer for people: what it is not sure of. */
void answer_print_trust(const struct answer *answer);
/* The last line of it: rows that nobody can be sure of. */
void answer_print_doubts(const struct answer *answer);

/* bars.c: each day as a bar of 48 half hours. */
#define ANSWER_BAR_DAYS 31
void answer_print_bars(const struct answer *answer);
/* How many days of its zone the question is about. */
int64_t answer_n_days(const struct answer *answer);

#endif

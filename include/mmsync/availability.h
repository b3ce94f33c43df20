/*
 * Is somebody free? The question answered: what takes the person's time, in which calendars, how
 * far each of them may be believed. Reads only, in two or three round trips: the person with the
 * calendars, the events, the bookings.
 *
 * Layer: serve.
 */
#ifndef MMSYNC_AVAILABILITY_H
#define MMSYNC_AVAILABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/columns.h"
#include "mmsync/config.h"
#include "mmsync/err.h"
#include "mmsync/freshness.h"
#include "mmsync/settings.h"
#include "mmsync/spans.h"
#include "mmsync/taken.h"
#include "mmsync/zone.h"

/* Five years: more is no question of somebody who plans. */
#define MMS_AVAILABILITY_MAX_DAYS 1827

struct mms_db;

/* What the answer is found with; all borrowed for the call, zones as long as the answer. */
struct mms_availability_env {
	struct mms_db *db;
	const struct mms_columns *columns;
	const struct mms_settings *settings;
	const struct mms_config *config;
	struct mms_zones *zones;
	int64_t now_ms;
};

struct mms_availability_question {
	const char *user;
	struct mms_span span;
	const char *excluded_booking; /* does not count, nor do its events; NULL: all do */
	bool only_events;             /* bookings are not read                         */
};

/* An active calendar of the person. */
struct mms_availability_calendar {
	char *name, *title; /* owned; title may be NULL                         */
	int64_t as_of_ms;   /* last good read; MMS_NO_TIME: none                */
	struct mms_freshness freshness;
	int64_t n_failed_events; /* that could not be read or written           */
	/* What its events cover, Unix ms; MMS_NO_TIME: nobody knows. */
	int64_t window_start_ms, window_end_ms;
};

/* All zero is empty. */
struct mms_availability {
	char *user;                  /* owned; as the database has it                      */
	const struct mms_zone *zone; /* the person's; borrows the zones of the question    */
	struct mms_span span;        /* what was asked                                     */
	int64_t now_ms;              /* when                                               */
	struct mms_availability_calendar *calendars; /* owned; by name                        */
	size_t n_calendars;
	struct mms_taken_list taken; /* what overlaps, doubtful rows that do not block, too   */
	struct mms_span *busy;       /* owned; merged, within the span                        */
	size_t n_busy;
	size_t n_known_busy; /* of known_busy: without what an unreadable calendar might hold */
	struct mms_span *known_busy; /* owned                                                 */
	bool is_unknown;   /* a calendar is unreadable, and the policy takes all for busy     */
	bool is_available; /* nothing blocks, and nothing is unknown                          */
	char **warnings;   /* owned                                                           */
	size_t n_warnings, warnings_cap;
};
void mms_availability_release(struct mms_availability *answer);

/*
 * Is it a span that can be asked for? The names are those of the two times, for the sentence.
 * Errors: USAGE.
 */
mms_rc mms_availability_check_span(const struct mms_span *span, const char *start_name,
				   const char *end_name, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Answer. Errors: USAGE (no such user or booking, with the nearest that there is), CONFIG (a zone
 * that does not exist), RETRY, DB, NOMEM.
 */
mms_rc mms_availability_load(const struct mms_availability_env *env,
			     const struct mms_availability_question *question,
			     struct mms_availability *out, struct mms_err *err) MMS_MUST_CHECK;

/* When what is known of a thing that takes time was last read: its calendar's, of bookings now. */
int64_t
mms_availability_as_of(const struct mms_availability *answer, const struct mms_taken *item);

#endif

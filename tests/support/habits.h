/*
 * What people do to their calendars, by chance (support/walk.h): events of their own, series, copies of a meeting, and
 * what somebody else publishes as a feed. Days follow from walk->first_ms.
 */
#ifndef SUPPORT_HABITS_H
#define SUPPORT_HABITS_H

#include <jansson.h>

#include "support/oracle.h"
#include "support/walk.h"

#define HABIT_FEED 4

/* An event of a feed. */
struct feed_event {
	bool is_there, is_free;
	int64_t start_ms, end_ms;
};

/* Which events of a calendar are meant; GONE: in the bin. */
enum habit_what {
	HABIT_EVENT,
	HABIT_GONE,
	HABIT_SERIES,
	HABIT_BLOCK,
	HABIT_GONE_BLOCK,
	HABIT_BOOKING
};
/* One of a calendar's that begins at walk->since_ms or later. NULL: there is none. Owns: json_decref(). */
json_t *habit_pick(struct walk *w, const char *calendar, enum habit_what what);

/* "START END"; of a change " start=START end=END". Few hours, so that events meet. */
const char *habit_time(struct walk *w, bool is_change, char out[120]);

void habit_make_event(struct walk *w, const char *calendar);
void habit_change_event(struct walk *w, const char *calendar);
void habit_change_series(struct walk *w, const char *calendar);
/* The same meeting in another calendar, under another id. */
void habit_copy_event(struct walk *w, const char *calendar, const char *to);

/* One event of the feed is published, moved, freed or taken away; and the file as it is now. */
void habit_change_feed(struct walk *w, struct feed_event feed[HABIT_FEED], const char *name);
void
habit_write_feed(struct walk *w, const struct feed_event feed[HABIT_FEED], const char *name);
/* Add what blocks in it. */
void habit_read_feed(const struct feed_event feed[HABIT_FEED], const char *name,
		     struct oracle_events *events);

/* The next requests of some kind go wrong at the service. */
void habit_make_trouble(struct walk *w);

#endif

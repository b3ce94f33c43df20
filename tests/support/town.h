/*
 * A town: many people, each with a calendar at Google, one at Outlook and a feed, and bookings of one or two of them. Edits on both
 * sides by chance, several programs at once, and a judge who looks at the calendars outside alone (support/town_judge.h).
 */
#ifndef SUPPORT_TOWN_H
#define SUPPORT_TOWN_H

#include "support/block_judge.h"
#include "support/habits.h"
#include "support/program.h"

#define TOWN_CALENDARS 3 /* of each person */
#define TOWN_NAME      40

/* All zero but w.seed and w.noise is new. */
struct town {
	struct walk w;
	unsigned n_people, n_bookings, n_edits;
	unsigned
		n_lively; /* of the people, the first so many do something; town_begin(): all */
	struct feed_event (*feeds)[HABIT_FEED]; /* owned: of each person */
	struct deeds deeds;
	struct mms_str
		removed;  /* " B7 ann3@example.com ": who deleted the event of a booking */
	unsigned touched; /* the booking that was saved last; 0: none since it was asked */
};

/* An empty site with these people, their calendars filled; nothing is synced yet. config: members, or "". */
void town_begin(struct town *town, struct world *world, unsigned n_people, const char *config);
void town_release(struct town *town);

/* Their names: "ann3@example.com", which is also the calendar at Google; the one at Outlook; the feed. */
char *town_email(unsigned person, char out[TOWN_NAME]);
char *town_home(unsigned person, char out[TOWN_NAME]);
char *town_feed(unsigned person, char out[TOWN_NAME]);

/* Somebody does something: to an event, a series, a feed, a block, a booking, the event of a booking. */
void town_edit(struct town *town);
/* The clock goes on, and with it the days that people plan for. */
void town_advance(struct town *town, unsigned minutes);

/* A program beside others. All zero but arguments and fault (NULL: none) is ready. */
struct town_job {
	char arguments[160], fault[48];
	struct mms_test_run run;
};
void town_start(struct town *town, struct town_job *job);
/* To its end, which is one of these: " 0 1 5 "; returns its status. */
int town_finish(struct town *town, struct town_job *job, const char *allowed);
/* One alone. */
int town_run(struct town *town, const char *arguments, const char *allowed);

/*
 * Faults are over: a few syncs, hours between them, and then two that write nothing and send nothing but one poll for each
 * calendar. Returns the most memory that one of these took, in kB.
 */
long town_rest(struct town *town);

#endif

/*
 * Random walks over one person's calendars (support/walk.h): two at Google, one at Outlook, a feed. What people do
 * there by chance, and what they have done to our blocks, which the judge has to know.
 */
#ifndef SUPPORT_BLOCK_WALK_H
#define SUPPORT_BLOCK_WALK_H

#include "support/block_judge.h"
#include "support/habits.h"

#define BLOCK_WALK_CALENDARS 3

/* A calendar of the service. */
struct block_calendar {
	const char *integration, *id;
};
extern const struct block_calendar block_calendars[BLOCK_WALK_CALENDARS];

/* All zero but w.service, w.seed and w.noise is new. */
struct block_walk {
	struct walk w;
	struct feed_event feed[HABIT_FEED];
	struct deeds deeds;
	unsigned n_bookings;
};

/* An empty site with these calendars, read once. */
void block_walk_begin(struct block_walk *b, struct world *world);
/* One thing that somebody does, or one run. */
void block_walk_step(struct block_walk *b);
/* Every event that is not of a series, a quarter of an hour later. */
void block_walk_move_all(struct block_walk *b);
/* The program; with a fault it may be killed. */
void block_walk_run(struct block_walk *b, const char *arguments, const char *fault);

#endif

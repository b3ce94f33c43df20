/*
 * Random walks: lines of a story made by chance from a seed, each played as it is made. What goes wrong fails the
 * running test, which is told all lines so far.
 */
#ifndef SUPPORT_WALK_H
#define SUPPORT_WALK_H

#include "mmsync/attr.h"
#include "support/scenario.h"

struct walk {
	const char *service;
	uint64_t seed, noise;
	struct scenario s;
	struct mms_str journal, strays; /* its lines; " ID " of what people copied or fetched */
	unsigned word;                  /* so that no two texts are the same */
	bool is_in_trouble;             /* answers were lost: runs may fail */
	/* Of support/habits.h: the day that events are made from, and before which nobody looks. */
	int64_t first_ms, since_ms;
};

void walk_fail(struct walk *w, const char *fmt, ...) MMS_PRINTF(2, 3) __attribute__((noreturn));

/* A number of the environment, "MMS_SEED". */
uint64_t walk_number(const char *name, uint64_t otherwise);

/* By chance: below n; one of n words. */
unsigned walk_any(struct walk *w, unsigned n);
const char *walk_any_of(struct walk *w, const char *const *words, unsigned n);

/* A line of the story. */
void walk_tell(struct walk *w, const char *fmt, ...) MMS_PRINTF(2, 3);
/* The program; it may fail while answers are lost. */
void walk_run(struct walk *w, const char *arguments);

/*
 * One of the events in a calendar, by chance: of a booking ("" of none). NEAR: one in the window, for what goes
 * beyond it unseen is not missed; DELETED: one in the bin, and nowhere else. False: there is none.
 */
enum walk_wanted { WALK_LIVE, WALK_NEAR, WALK_DELETED };
bool walk_find(struct walk *w, const char *calendar, const char *booking,
	       enum walk_wanted wanted, char *id, size_t size);

#endif

/*
 * What must be true of a town (support/town.h) at rest: each blocking event has its blocks and there are no others, each booking that is
 * wanted has its event at each of its people and no other is left; both sides say the same. Decided from the calendars outside
 * and the bookings alone; then our tables are held against it.
 */
#ifndef SUPPORT_TOWN_JUDGE_H
#define SUPPORT_TOWN_JUDGE_H

#include "support/town.h"

/* What it has counted. */
struct town_count {
	size_t events, blocks, bookings, booked; /* booked: live events of bookings */
};
/* What is wrong fails the test. */
void town_judge(struct town *town, struct town_count *out);

#endif

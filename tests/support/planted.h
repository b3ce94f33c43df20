/*
 * Busy blocks of one calendar of Google or Outlook put into the tables of a story, as a plan announces them, and what
 * became of them. What is wrong fails the running test. A block is told by its number, of two hexadecimal digits.
 */
#ifndef SUPPORT_PLANTED_H
#define SUPPORT_PLANTED_H

#include "support/race.h"

#define PLANTED_UUID  "aaaaaaaa-0000-7000-8000-0000000000%02x"
#define PLANTED_WHERE " WHERE uuid = UNHEX(REPLACE('" PLANTED_UUID "', '-', ''))"
/* Behind a statement of one block: its end, and its argument. */
#define PLANTED(n) PLANTED_WHERE, (unsigned)(n)

/* Ann's calendar, "anns", with a lunch that all blocks come from, and so many blocks that are announced. */
void planted_begin(struct race *race, const char *service, unsigned n_blocks);
/* The same with blocks that stand. */
void planted_begin_made(struct race *race, const char *service, unsigned n_blocks);
/* One more; it says half an hour of 4 March from minute n on. */
void planted_add(struct race *race, unsigned n, const char *operation);
/* Another entry, as what was planned since puts it: "update" with another title, an hour later. */
void planted_ask(struct race *race, unsigned n, const char *operation);
/* As a killed process leaves it: made, and nothing here tells of it. */
void planted_forget(struct race *race, unsigned n);
/* A person deletes it there. */
void planted_delete(struct race *race, unsigned n);

bool planted_is_outlook(const struct race *race);
/* Its id as the state has it. Owns: free(). */
char *planted_id(const struct race *race, unsigned n);
/* What is there of it, as behind the word "outside" of stories. */
void planted_outside(struct race *race, unsigned n, const char *what);
/*
 * Its state: status, removed_by, was what it should say sent last ("sent", "otherwise", "never"), has it a version
 * ("v", "-").
 */
void planted_state(const struct race *race, const char *when, unsigned n, const char *want);
/* So many events are due. */
void planted_dues(struct race *race, int n);
/* Nothing waits, and nothing was given up. */
void planted_is_done(struct race *race);

/* A test for each service. */
void planted_for_both(void (*play)(const char *service));

#endif

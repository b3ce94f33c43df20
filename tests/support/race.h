/*
 * Races: the program run beside others of its kind, stopped and woken at chosen moments, while
 * somebody else writes to the same database. A moment is a step of the program (mmsync/fault.h)
 * or a fact in the database, never a time. What goes wrong here fails the running test.
 */
#ifndef SUPPORT_RACE_H
#define SUPPORT_RACE_H

#include "support/program.h"
#include "support/scenario.h"

/* Sleeps at every step until it is told to run on. */
#define RACE_AT_EVERY_STEP "pause:1:sticky"

/* One site with integrations cal1, cal2, ... of feeds cal1.ics, ...; all zero but world is new. */
struct race {
	struct world *world;
	struct scenario scenario; /* for its configuration and its questions */
	const char *config_dir;   /* another site folder than the world's; NULL: that */
	int n_integrations;
};

/* An empty site with so many integrations, whose feeds have n_events each ("Old 1", "Old 2", ...). */
void race_begin(struct race *race, int n_integrations, int n_events);
void race_end(struct race *race);
/* A site as these lines of a story leave it, and nothing of an earlier race; service: of struct scenario. */
void race_begin_story(struct race *race, const char *service, const char *lines);
/* One more line of it. */
void race_tell(struct race *race, const char *fmt, ...) MMS_PRINTF(2, 3);
/* Members of the mmsync object of its configuration. */
void race_configure(struct race *race, const char *members);
/*
 * The feed of an integration: events `from` to `to` with titles "WORD 1", ... and ids
 * "e1@example.com", ...; with another series than "e" the same events under other ids.
 */
void race_feed(struct race *race, int integration, const char *series, int from, int to,
	       const char *word);

/* Start `mmsync ARGUMENTS --json` (words of one text) with a fault; NULL: none. */
void race_start(struct race *race, struct mms_test_run *run, const char *arguments,
		const char *fault);
/* Wait until it sleeps at a step. False: it has ended instead. */
bool race_sleeps(struct mms_test_run *run);
/* Wake it from step to step until a question answers `want`; it must not end before. */
void race_step_until(struct race *race, struct mms_test_run *run, int64_t want, const char *fmt,
		     ...) MMS_PRINTF(4, 5);
void race_wake(struct mms_test_run *run);
/* Let it run to its end, past whatever steps it sleeps at; within a minute. Returns its status. */
int race_finish(struct mms_test_run *run);
/* All of it: start, and run to the end. */
int race_run(struct race *race, const char *arguments, const char *fault);

/*
 * Another one beside a sleeper, to its end; within a transaction the sleeper is woken first, for what it
 * locks others wait for.
 */
void race_beside(struct race *race, struct mms_test_run *sleeper, struct mms_test_run *other,
		 const char *arguments);
/* The same as if a minute had passed: the sleeper's lease is over. False: it holds none. */
bool race_take_over(struct race *race, struct mms_test_run *sleeper, struct mms_test_run *other,
		    const char *arguments);
/* It has ended with one of these: " 0 5 ". */
void race_expect_status(const struct mms_test_run *run, const char *allowed, const char *when);

/*
 * So many steps from one play to the next: `every`, times MMS_STRIDE (1). A build that is slow has a larger one;
 * where steps are looked at one by one, 1 plays them all.
 */
long race_stride(long every);
/* How many steps the run of these arguments has, by running it. */
long race_n_steps(struct race *race, const char *arguments);

/*
 * Somebody else's SQL, one transaction, while the program sleeps or runs. Blocked by what the
 * program holds, it goes on when that is woken; it is done again when it is the victim of a
 * deadlock, and a duplicate key is its own affair. True: it was done while the program slept.
 */
bool race_meddle(struct race *race, struct mms_test_run *run, const char *sql);

/* A member of the JSON that it wrote, "integrations.0.status"; "absent". Owns: free(). */
char *race_json(const struct mms_test_run *run, const char *path);

/* Live events of ours in a calendar of the service. */
int race_n_ours(const struct race *race, const char *calendar);
/* What is in the database, as text: with history also the log of runs. */
void race_state(struct race *race, bool with_history, struct mms_str *out);
/* Every query of schema/invariants.sql answers nothing, no lease is held, nothing is In Progress. */
void race_check(struct race *race, const char *when);
/* One more sync ends with 0 and changes nothing. */
void race_is_quiet(struct race *race, const char *when);

#endif

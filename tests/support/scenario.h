/*
 * Stories: a scenario is a file of fixtures/scenarios that says what people, calendars and
 * services do and what must then be true, played against a private MariaDB, the fake feed server,
 * the fake service (Google and Outlook in one) and the program itself. docs/testing.md describes the language;
 * torture plays the same files with faults.
 */
#ifndef SUPPORT_SCENARIO_H
#define SUPPORT_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/str.h"
#include "support/fake.h"
#include "support/mariadb.h"

#define SCENARIO_MAX_FEEDS 16
/* The site's own, for tokens. */
#define SCENARIO_ENCRYPTION_KEY "dGhlIHN0b3JpZXMgc2lnbmFuZCBlbmNyeXB0Li4uLi4="

/* Everything a story happens in; made once for a test program. */
struct world {
	struct mms_test_server server;
	struct fake feeds, service;
	char site_dir[160];  /* sites/<site> with site_config.json        */
	char program[512];   /* the mmsync of this build                  */
	const char *db_host; /* borrowed: "host:port" in place of the socket; NULL: that */
};
void world_start(struct world *world);
/* The same with options of the server (support/mariadb.h). */
void world_start_with(struct world *world, const char *const *server_args);
void world_stop(struct world *world);

/*
 * Faults for one of the story's syncs (mmsync/fault.h), for torture; what a person asks for with
 * `run event sync` or `run failures retry` is counted with them, unless it is to be refused.
 */
struct scenario_fault {
	int sync_number; /* which of them, from 1; 0: none                        */
	/* MMSYNC_FAULT of runs before the whole one, or "libNAME:N"; NULL-ended */
	const char *texts[3];
};

/* One playing of one story. All zero but world and path is ready. */
struct scenario {
	struct world *world;
	const char *path;
	/* "google", "outlook" (support/stories.h); NULL: the first of those that it is told of. */
	const char *service;
	struct scenario_fault fault;
	const char *sabotage; /* MMSYNC_SABOTAGE of every run; NULL: none */
	bool is_brief; /* nothing is expected before the chosen sync; the end is the quiet behind */
	/*
	 * After each run of the chosen sync, the faulted ones and the whole one (fault NULL);
	 * false with failure filled ends the story. NULL: nobody looks.
	 */
	bool (*on_run)(struct scenario *scenario, const char *fault, void *aux);
	/* While the program sleeps at a pause. NULL: it is woken at once. */
	bool (*on_pause)(struct scenario *scenario, pid_t pid, void *aux);
	void *aux;

	/* while it plays */
	int line_number, n_syncs;
	int64_t now_ms;
	int64_t service_now_ms;   /* what the fake takes for now                              */
	bool is_over;             /* what is left of the story is not played                  */
	bool has_strays;          /* people leave events with our marks behind */
	bool is_healing;          /* a fault was played: counters may differ, the end may not */
	bool is_again;            /* the line under way was run with a fault before this */
	int exit_status;          /* of the last program                                      */
	struct mms_str out, err;  /* of the last program                                 */
	struct mms_str last_sync; /* its arguments                                      */
	struct mms_str config;    /* members of the mmsync object                       */
	struct mms_str site_keys; /* further keys of site_config.json */
	struct mms_str planted;   /* scenario_invariants() before the faulted sync */
	struct mms_str flaws;     /* rules that audit finds broken when it is over */
	char failure[4096];       /* why it failed; "" = it did not                     */
};

/* Play it. Returns 0, or 1 with scenario->failure filled. */
int scenario_play(struct scenario *scenario);
/* One more line (no feed) behind those that were played. False: failure is filled. */
bool scenario_tell(struct scenario *scenario, const char *line);
void scenario_release(struct scenario *scenario);

/* For the commands (private to scenario*.c). */
bool scenario_fail(struct scenario *s, const char *fmt, ...) MMS_PRINTF(2, 3);
/* Does a `run` line with these arguments count as a sync, for torture? */
bool scenario_is_asked_for(const char *arguments);
/* "@work.ics@" in a line is that feed's address. */
void scenario_put_addresses(struct scenario *s, char *text, size_t size);
/* Run the program with the given arguments (words of one text). */
bool scenario_run(struct scenario *s, const char *arguments, const char *fault);
/* Expectations: false and failure filled when they do not hold. */
bool scenario_expect(struct scenario *s, const char *what, const char *rest);
/* Words of a text, "quoted" ones whole. Owns: free(); they point into text. NULL: no memory. */
char **scenario_words(char *text, size_t *n);
void scenario_write_config(struct scenario *s);
/* Empty the database and the feeds of what an earlier story left. */
void scenario_reset(struct scenario *s);
/* How often the last program passed a kind of fault point ("stmt-before", "alloc"); -1: unknown. */
long scenario_count(const struct scenario *s, const char *kind);
/* Allocations of the library that the last fault of the kind "libNAME:N" was for; -1: unknown. */
long scenario_count_library(const struct scenario *s);
/* A digest of every row that a quiet sync must not touch. */
bool scenario_digest(struct scenario *s, char *out, size_t size);
/*
 * What syncs have left, as text: every row with every column that is not random (names, UUIDs).
 * Without history: what two ways to the same end must agree in; with it also the log of runs
 * and how often things were tried.
 */
void scenario_state(struct scenario *s, bool with_history, struct mms_str *out);
/*
 * Rows that each query of schema/invariants.sql answers, "0,0,0,...", then how many live events of
 * calendars outside are one too many for their booking or source, how many are of nothing we know, how many
 * that we know to be there are not, and how many are known as somebody else's or are blocks of a block.
 */
void scenario_invariants(struct scenario *s, struct mms_str *out);

/* What the consistency rules of audit find, "rule name: message" a line; nothing where audit cannot be run. */
bool scenario_flaws(struct scenario *s, struct mms_str *out);
/* Is that what the story says? */
bool scenario_is_consistent(struct scenario *s);

/* ---- bookings and services (scenario_booking.c, scenario_service.c, scenario_outside.c) ------- */
struct words;
bool scenario_booking(struct scenario *s, const struct words *w);
bool scenario_rebook(struct scenario *s, const struct words *w);
bool scenario_assign(struct scenario *s, const struct words *w);
bool scenario_unbook(struct scenario *s, const struct words *w);
/* The story's present in the site's zone, as a column has it. */
void scenario_site_now(const struct scenario *s, char *out, size_t size);
/* *is_known: is it one of theirs? */
bool scenario_service_command(struct scenario *s, const char *word, const char *rest,
			      bool *is_known);
bool
scenario_expect_service(struct scenario *s, const char *word, const char *rest, bool *is_known);
/* Tokens of an integration, and its calendar at the fake: the same for both services. */
bool scenario_connect(struct scenario *s, const struct words *w, const char *user);
/* Let the fake have the story's time. */
void scenario_service_clock(struct scenario *s);
/* Requests to it that change something, since its log was cleared. */
size_t scenario_service_writes(const struct scenario *s);
/* Of an event as the fake tells it (gfake_events()). */
struct json_t;
bool scenario_is_live(const struct json_t *event);
bool scenario_is_ours(const struct json_t *event);
/* Its live events, without what is random. */
void scenario_outside_state(struct scenario *s, struct mms_str *out);
void scenario_outside_invariants(struct scenario *s, struct mms_str *out);

/* ---- busy blocks (scenario_blocks.c) ------------------------------------------------------------- */

/*
 * The outside id of the block that an event ("@BOOKING", an id or a title) has in a calendar, of the live one
 * before all others; NULL: failed. Owns: free().
 */
char *scenario_block_id(struct scenario *s, const char *calendar, const char *source);
/* CAL N: so many live blocks of ours. */
bool scenario_expect_blocks(struct scenario *s, const char *rest);
/* A VEVENT of each live event in "CAL", as its own feed has them; "CAL busy": one
 * without details, with UIDs of no event. */
void scenario_feed_of(struct scenario *s, const char *rest, struct mms_str *out);
/* What scenario_invariants() counts outside. */
struct scenario_outside {
	size_t n_twice, n_unknown, n_lost, n_taken;
};
/* Add those that are blocks. */
void scenario_block_faults(struct scenario *s, const struct json_t *all,
			   struct scenario_outside *out);

#endif

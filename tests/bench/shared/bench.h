/*
 * What the benches share: one run's folder, samples and their medians, rows of the report,
 * measured child processes, SQL, and feeds made to measure. What goes wrong ends the bench with
 * status 1 and a word on stderr.
 */
#ifndef BENCH_SHARED_BENCH_H
#define BENCH_SHARED_BENCH_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mmsync/attr.h"

#define BENCH_ROUNDS_MAX 64
/* The clock of every measured sync: windows, and so the rows, are the same each time. */
#define BENCH_NOW    "2026-03-02T08:00:00Z"
#define BENCH_NOW_MS INT64_C(1772438400000)
/* The window of a calendar, days; the DocType's defaults. */
#define BENCH_PAST_DAYS   30
#define BENCH_FUTURE_DAYS 90
#define BENCH_USER        "ann@example.com"

/* Print what went wrong and end. */
_Noreturn void bench_die(const char *fmt, ...) MMS_PRINTF(1, 2);

/* ---- the run ------------------------------------------------------------------------------- */

/*
 * A run as tests/bench/run sets it up. Its folder holds db/s (the server's socket),
 * sites/bench (the site folder), feeds/ (what the feed server serves), log (what children say),
 * notes (what each row measured).
 */
struct bench {
	char dir[96], site[128], socket[112];
	char program[512]; /* mmsync of the build that the bench belongs to */
	char root[512];    /* of the repository                             */
	unsigned port;     /* of the feed server                            */
	size_t rounds;
	FILE *out;   /* rows as JSON, one a line        */
	FILE *notes; /* what each row measured, one a line */
	char **names;
	size_t n_names; /* chosen rows; none: all */
};

/* From main's arguments: DIR PORT ROUNDS OUT [NAME...]. */
void bench_open(struct bench *bench, int argc, char **argv);
/* Returns main's status: 1 when the report could not be written. */
int bench_close(struct bench *bench);
/* Is this row chosen? Who chooses "start" has chosen "start_due" with it. */
bool bench_wants(const struct bench *bench, const char *name);
/* A word to whoever waits, on stderr: "store: round 3 of 6". */
void bench_say(const char *fmt, ...) MMS_PRINTF(1, 2);

/* ---- samples and rows ---------------------------------------------------------------------- */

/* All zero is none. */
struct bench_samples {
	double values[BENCH_ROUNDS_MAX];
	size_t n;
};
void bench_add(struct bench_samples *samples, double value);
double bench_median(const struct bench_samples *samples);
double bench_min(const struct bench_samples *samples);
double bench_max(const struct bench_samples *samples);

/* Seconds of the monotonic clock. */
double bench_now(void);

/* A row of the report. */
struct bench_row {
	const char *name;
	double goal;
	const char *direction; /* ">=" or "<=" */
	const char *unit;      /* "ratio", "MiB", "ms" */
	int decimals;
};
/*
 * Print it, and put it into the run's files; nothing when it is not chosen. The context says what was
 * measured, with numbers of the last round.
 */
void bench_report(const struct bench *bench, const struct bench_row *row,
		  const struct bench_samples *samples, const char *fmt, ...) MMS_PRINTF(4, 5);

/* ---- children ------------------------------------------------------------------------------ */

struct bench_child {
	double seconds; /* from before its start to its end */
	double cpu_s;   /* user and system                  */
	double peak_mib;
};
/*
 * Run a program to its end: stdout into a file (NULL: nowhere), stderr into the run's log. It must
 * end with status 0, or with 1 where may_find. The caller is small: a child's peak is never less
 * than its parent's memory (see getrusage(2) and exec).
 */
void bench_child(const struct bench *bench, const char *const *argv, const char *stdout_path,
		 bool may_find, struct bench_child *out);

/* ---- SQL ----------------------------------------------------------------------------------- */

MYSQL *bench_connect(const struct bench *bench);
void bench_sql(MYSQL *m, const char *fmt, ...) MMS_PRINTF(2, 3);
/* The first column of the first row as text; NULL is "". */
void bench_ask(MYSQL *m, char *out, size_t size, const char *fmt, ...) MMS_PRINTF(4, 5);
int64_t bench_ask_i64(MYSQL *m, const char *fmt, ...) MMS_PRINTF(2, 3);
/*
 * Events, states, runs, cursors, integrations, people: all gone; names count from one again. The
 * files keep their size: a table of a site is not new, and that a new one's file grows is the disk's
 * cost, which made a calendar of 1,000 look dear.
 */
void bench_empty(MYSQL *m);
/* An integration that reads URL, of BENCH_USER. */
void bench_add_integration(MYSQL *m, const char *name, const char *url);
/*
 * Let the server catch up with what earlier statements left to it: old versions of rows and pages
 * that are not written yet are nobody's cost but theirs.
 */
void bench_settle(MYSQL *m);
/* Processor time that the server has used so far, seconds: what a noisy machine does not change. */
double bench_server_cpu(const struct bench *bench);
/* Rows of the events' table, and a sum over what a reader sees of them. */
void bench_digest(MYSQL *m, char *out, size_t size);

/* ---- feeds --------------------------------------------------------------------------------- */

struct bench_feed {
	size_t n_events; /* VEVENTs                                               */
	size_t n_series; /* of them weekly without end, since 2024                */
	unsigned n_days; /* over which the single ones are spread, the window in the middle; 118
			     is all of it but its first and last day                */
	bool is_long;    /* about 980 bytes an event, else 500                     */
	unsigned
		edition; /* in another one every event has other texts, half of them other times */
};
/* Write feeds/NAME; the same description gives the same bytes. Returns their number. */
size_t
bench_feed_write(const struct bench *bench, const char *name, const struct bench_feed *feed);
/* How it is served: lines of feed_server's language. */
void bench_feed_conf(const struct bench *bench, const char *name, const char *conf);

#endif

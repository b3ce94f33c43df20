/*
 * One run over the integrations of a site: choose, lease, read, apply, report. Workers are
 * threads that take one integration at a time; what a turn does is in sync/turn.c.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_SYNC_H
#define MMSYNC_SYNC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/clock.h"
#include "mmsync/columns.h"
#include "mmsync/err.h"
#include "mmsync/log.h"
#include "mmsync/runs.h"
#include "mmsync/settings.h"
#include "mmsync/site.h"

/* What a run works with. Everything is borrowed and must outlive it. */
struct mms_sync_env {
	struct mms_pool *pool;
	const struct mms_site *site;
	const struct mms_columns *columns;
	const struct mms_settings *settings;
	const struct mms_clock *clock;
	struct mms_log *log;
	const atomic_bool *is_stopped;
	const char *spool_dir; /* $TMPDIR; NULL: the default */
	/* Called by workers after each turn, under a lock; NULL: nobody listens. */
	void (*on_turn)(void *aux, size_t n_done, size_t n_all);
	void *on_turn_aux;
};

struct mms_sync_options {
	const char *const *integrations; /* NULL or none: not chosen by name      */
	size_t n_integrations;
	const char *const *users;
	size_t n_users;
	bool only_due, is_full, is_dry, may_delete;
	/*
	 * The external id of one row, as the row holds it: of the one integration that is named
	 * only this event is brought up to date. What is known of the calendar as a whole
	 * (cursor, age, status) stays as it is. With is_full. NULL: everything.
	 */
	const char *only_event;
	int64_t jobs;             /* 0: the site's setting                        */
	int64_t deadline_mono_ms; /* 0: none                                      */
};

/* Something that a dry run would have done. */
struct mms_planned {
	const char *op;                  /* static: "create", "update", "delete", "fail" */
	char *event, *external_event_id; /* owned; one of them may be NULL               */
	char *booking;                   /* owned; NULL: of no booking                   */
	const char *why;                 /* static                                       */
	bool is_block;                   /* of a busy block that is to be made or changed */
	int64_t start_ms, end_ms;        /* what that is to say                           */
};

/* How one integration's turn went. */
struct mms_turn {
	char *name;           /* owned */
	const char *provider; /* static: "google", "outlook", "ical" */
	const char *mode;     /* static: "full", "incremental", "window" */
	const char *status;   /* static: "success", "failed", "skipped" */
	struct mms_err err;   /* code MMS_OK: none */
	struct mms_event_counts events;
	struct mms_block_counts blocks;
	int64_t pages, requests, retries, warnings, duration_ms;
	const char *
		damage; /* static: what of its cursor made no sense and was forgotten; NULL: none */
	int64_t bookings_taken; /* bookings that follow what people did to their events here */
	bool is_asked_again;    /* another turn was asked for while it was under way */
	bool is_unlisted; /* of only_event: the calendar did not show it                   */
	struct mms_planned *planned;
	size_t n_planned, cap_planned;
};

/* Bookings' events that were brought to their calendars after the turns. */
struct mms_booking_counts {
	int64_t created, updated, deleted, failed;
	int64_t requests, retries;
};

/* What could not be done outside: in which calendar, or for whom. */
struct mms_outward_trouble {
	char *name; /* owned: the integration's, the user's, or "bookings", "busy blocks" */
	struct mms_err err;
};
/* All zero is empty. */
struct mms_troubles {
	struct mms_outward_trouble *items; /* owned */
	size_t n, cap;
	size_t n_untold; /* there was no memory to tell of them */
};
void mms_troubles_release(struct mms_troubles *troubles);
/* How a run ends by them: 0 there are none, 4 the database went away, else 1. */
int mms_troubles_exit_status(const struct mms_troubles *troubles);

struct mms_sync_report {
	unsigned char run[16];
	int64_t started_ms, finished_ms;
	bool is_dry;
	struct mms_turn *turns;
	size_t n;
	struct mms_booking_counts bookings;
	struct mms_block_counts blocks; /* in calendars that had no turn */
	struct mms_troubles troubles;
	uint64_t statements; /* of the whole run, for exact counts */
};
void mms_sync_report_release(struct mms_sync_report *report);

/* Does this integration take part in busy blocks: its own setting, else the site's? Are blocks made in it? */
bool mms_block_takes_part(const struct mms_config *config, const struct mms_source *source);
bool mms_block_is_filled(const struct mms_config *config, const struct mms_source *source);

/*
 * Do the run. The report is filled also when the result is not MMS_OK.
 * Errors: USAGE (an unknown integration or user, with the nearest name), CONFIG (the time zone of
 * stored events is not settled), HELD (others hold every chosen lease, nothing was done),
 * STOPPED (interrupted or out of time, progress kept), DB, NOMEM. A turn that failed is no
 * error of the run: see its status.
 */
mms_rc mms_sync_run(const struct mms_sync_env *env, const struct mms_sync_options *options,
		    struct mms_sync_report *report, struct mms_err *err) MMS_MUST_CHECK;

#endif

/*
 * What the tables say against what the services show now: a full listing of each calendar is compared with its
 * rows and states, as a full sync would compare them, and nothing is written. What an incremental sync would bring anyhow
 * is on its way, and no flaw; what is left was missed, lost, or changed by something else.
 *
 * Layer: audit.
 */
#ifndef MMSYNC_REMOTE_H
#define MMSYNC_REMOTE_H

#include "mmsync/flaws.h"

/* A calendar after the other, so that requests follow each other and the services' budgets are kept. */
struct mms_remote_options {
	const char *user,
		*integration; /* as mms_flaw_choice; NULL: all active ones that are synced */
	size_t sample; /* so many of them, chosen at random; 0: all                                */
	/* Called after each calendar; NULL: nobody listens. */
	void (*on_calendar)(void *aux, size_t n_done, size_t n_all);
	void *aux;
};

/* What was compared. */
struct mms_remote_totals {
	int64_t calendars, compared,
		skipped; /* skipped: a sync came between, or it was never read */
	int64_t events,
		requests; /* listed; sent, retries included                             */
};

/*
 * Compare. Findings are of the rules remote_row_missing (the calendar shows an event that has no row), remote_differs,
 * remote_gone (a row, or an event of ours, that the calendar does not have) and remote_unread (it could not be compared).
 * Errors: DB, NOMEM, STOPPED, those of take.
 */
mms_rc mms_remote_find(const struct mms_sync_env *env, const struct mms_remote_options *options,
		       mms_flaw_taker *take, void *aux, struct mms_remote_totals *out,
		       struct mms_err *err) MMS_MUST_CHECK;

#endif

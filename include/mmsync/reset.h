/*
 * A calendar that begins anew: its cursor and what is known of the person's own events are forgotten, busy blocks of ours in
 * it are removed, and the next sync reads all of it. Rows, UUIDs, events of bookings and what a person deleted or discarded stay.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_RESET_H
#define MMSYNC_RESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/forget.h"
#include "mmsync/sync.h"

struct mms_reset_options {
	const char *integration; /* its name */
	bool is_dry;             /* only say what there is: nothing is asked of the service */
	int64_t deadline_mono_ms;
	void (*tell)(void *aux, int64_t n_done,
		     int64_t n_all); /* blocks; NULL: nobody listens */
	void *aux;
};

/* A busy block that stays. */
struct mms_reset_kept {
	char *external_id; /* owned */
	char *why;         /* owned */
};

/* What was done. All zero is empty. */
struct mms_reset_report {
	char *integration;    /* owned; as its row spells it */
	const char *provider; /* static */
	bool is_dry, is_active;
	/* Forgotten (of a dry run: what there is to forget). bookings: kept. */
	struct mms_forget_counts counts;
	int64_t blocks;  /* live ones in the calendar */
	int64_t removed; /* of these: they are gone outside and here */
	int64_t waiting; /* their removal stands in the outbox: a sync does it */
	int64_t failed;  /* writes that the service refused */
	int64_t missing; /* not there already: the full reading says whose doing that was */
	struct mms_reset_kept *kept; /* owned: not proven to be ours */
	size_t n_kept, cap_kept;
	struct mms_err err; /* why blocks could not be looked at or removed; code OK: none */
	int64_t requests;
};
void mms_reset_report_release(struct mms_reset_report *report);

/*
 * Do it. Whatever ends it early is finished by the next reset or sync; done twice it changes nothing more. The report is
 * filled as far as it came, and says by itself what could not be done at the service: that is no error here.
 * Errors: USAGE (no such integration, with the nearest name), HELD (another run has the calendar; nothing was done),
 * CONFIG (a restored copy of the site; zones), STOPPED, DB, RETRY, NOMEM.
 */
mms_rc mms_reset_run(const struct mms_sync_env *env, const struct mms_reset_options *options,
		     struct mms_reset_report *report, struct mms_err *err) MMS_MUST_CHECK;

#endif

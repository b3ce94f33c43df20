/*
 * Busy blocks of an older generation, which only their text tells: those whose tag names an event that is known here
 * become blocks of this one, with a mark and a state; the others are listed.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_MIGRATE_H
#define MMSYNC_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/sync.h"

struct mms_migrate_options {
	const char *integration; /* only blocks in this one; NULL: all */
	bool is_dry;
	int64_t deadline_mono_ms;
};

/* One event that looks like such a block. Texts are owned. */
struct mms_migrated {
	char *integration, *event, *external_id; /* where it is, and its row */
	char *source_integration,
		*source_event; /* what it is of; NULL: unsure, or without a row */
	const char *action;    /* static: "migrated", "planned", "unsure", "failed" */
	const char *why;       /* static: why it is not sure; else NULL              */
	struct mms_err err;    /* code OK: none                                      */
};
/* All zero is empty. */
struct mms_migrate_report {
	struct mms_migrated *items;
	size_t n, cap;
	bool is_dry;
};
void mms_migrate_report_release(struct mms_migrate_report *report);

/*
 * Do it; what is done is not found again, so that it may be stopped and repeated. The report is filled as far as it came.
 * Errors: USAGE (no such integration, with the nearest name), HELD (others have the calendars, and nothing was
 * done), CONFIG (a restored copy of the site; zones), STOPPED, DB, NOMEM.
 */
mms_rc
mms_migrate_run(const struct mms_sync_env *env, const struct mms_migrate_options *options,
		struct mms_migrate_report *report, struct mms_err *err) MMS_MUST_CHECK;

#endif

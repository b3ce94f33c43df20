/*
 * One row of MM Calendar Event Sync, brought up to date from its source because a person asks.
 *
 * Its integration is read in a turn of its own, under its lease; only this row, its state and its
 * dead letter are written. Cursor, age and status of the integration stay as they are.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_ONE_EVENT_H
#define MMSYNC_ONE_EVENT_H

#include "mmsync/err.h"
#include "mmsync/letters.h"
#include "mmsync/str.h"
#include "mmsync/sync.h"

/* All zero is empty. */
struct mms_one_event {
	struct mms_event_ref row; /* as it is now                                     */
	const char *status;       /* static: "success", "failed", "skipped"           */
	struct mms_str message;   /* for a person                                     */
	struct mms_err why;       /* why its calendar could not be read; MMS_OK: it was */
};
void mms_one_event_release(struct mms_one_event *one);

/*
 * Of the options only the deadline counts. Owns: *out.
 * Errors: USAGE (no such row, with the nearest name), HELD (another worker has the integration),
 * STOPPED, CONFIG (the zone of stored times), DB, RETRY, NOMEM.
 */
mms_rc mms_event_sync(const struct mms_sync_env *env, const char *name,
		      const struct mms_sync_options *options, struct mms_one_event *out,
		      struct mms_err *err) MMS_MUST_CHECK;

#endif

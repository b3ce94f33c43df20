/*
 * The integration's visible status and the log of runs.
 *
 * Layer: store.
 */
#ifndef MMSYNC_RUNS_H
#define MMSYNC_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/cursors.h"
#include "mmsync/err.h"
#include "mmsync/pool.h"

/*
 * In Progress, or after a turn that was stopped what it was before: written only while the lease
 * is ours, without touching `modified` (a person may have the form open).
 */
mms_rc mms_integrations_put_status(struct mms_db *db, const struct mms_lease *lease,
				   const char *integration, const char *status,
				   struct mms_err *err) MMS_MUST_CHECK;
/*
 * Hold the integration's row until the transaction ends: who renames or deletes it in Frappe finds
 * all rows of the batch, or the batch is not written. Errors: GONE (renamed or deleted), RETRY.
 */
mms_rc mms_integrations_hold(struct mms_tx *tx, const char *integration,
			     struct mms_err *err) MMS_MUST_CHECK;
/* Success with last_sync (site wall time) and no error text, or Failed with one. */
mms_rc
mms_integrations_put_ended(struct mms_tx *tx, const char *integration, int64_t last_sync_us,
			   const char *error_text, struct mms_err *err) MMS_MUST_CHECK;

/* Counters of one turn; the names are those of the JSON. */
struct mms_event_counts {
	int64_t seen, created, updated, unchanged, deleted, declined, ours, foreign, failed;
};
struct mms_block_counts {
	int64_t created, updated, deleted, failed;
};
/* One row of mmsync_run. Texts are borrowed. */
struct mms_run_row {
	unsigned char run[16];
	uint64_t cursor_id;
	const char *integration, *mode, *status;
	int64_t started_ms, finished_ms;
	struct mms_event_counts events;
	struct mms_block_counts blocks;
	int64_t pages, requests, retries;
	const char *error_code, *error_text; /* NULL: none */
};
mms_rc mms_runs_put(struct mms_tx *tx, const struct mms_run_row *row,
		    struct mms_err *err) MMS_MUST_CHECK;

/* Busy blocks that a run wrote in a calendar after its turn there, which began at since_ms or later. One statement. */
mms_rc mms_runs_add_blocks(struct mms_db *db, const unsigned char run[16], uint64_t cursor_id,
			   int64_t since_ms, const struct mms_block_counts *blocks,
			   struct mms_err *err) MMS_MUST_CHECK;

/* Is the row of this run and integration there? It tells whether a commit in doubt happened. */
mms_rc mms_runs_find(struct mms_db *db, const unsigned char run[16], uint64_t cursor_id,
		     bool *out, struct mms_err *err) MMS_MUST_CHECK;

/* Unknown-name hints: is there such a user? GONE when not. */
mms_rc mms_users_find(struct mms_db *db, const char *email, struct mms_err *err) MMS_MUST_CHECK;

#endif

/*
 * Entries of the outbox that are of busy blocks: a handful at a time, settled in one transaction. Private to sync/.
 */
#ifndef SYNC_BLOCK_JOB_H
#define SYNC_BLOCK_JOB_H

#include "mmsync/blocks.h"
#include "outward_job.h"

/*
 * Bring the blocks of these entries (type MMS_STATE_BUSY_BLOCK, as many as go in one request) to what they should
 * say, and write down what became of them. `confirm` is called before something leaves (the lease is ours).
 *
 * - A state that is deleted or unknown: the entry goes.
 * - "delete": removed; where the state is `creating` or its id provisional the service is asked first. Gone already: the same.
 *   Dead then, removed_by BY_US.
 * - never sent (`creating`, or no version): created, with the mark; the id is taken already: looked at. What is there is
 *   ours: settled, and changed where it says something else. What is gone: removed by a person if it was made after
 *   the state was announced (then dead, removed_by OUTSIDE, sent_print what it should have said), else of an earlier life
 *   of these tables (dead, BY_US); its source is planned anew. Like outward_job.c, a service that says `there` and shows nothing is
 *   waited for ten minutes.
 * - else changed: times, title, and that it is private and busy, whatever version it has. Gone: searched by its mark where
 *   ids change (outward_job.c, look_by_mark); else dead, removed_by OUTSIDE, its source planned anew.
 * - OK: `created` after a creation, else `synced`; version, id, sent_print, outside_print (mms_block_seen_print() of
 *   the answer), calendar_id and provider; dead letters go.
 * - One that fails is put off, or given up: as mms_settle_entry() does it for bookings, but in the one transaction.
 *
 * Counts go to *counts (created, updated, deleted, failed); a failed one is no error. Errors: those that end the work at
 * this integration (AUTH, WAIT, HELD, STOPPED, NOMEM, DB, CONFIG); what was done before is settled.
 */
mms_rc mms_block_jobs(const struct mms_job_env *env, const struct mms_outbox_entry *entries,
		      size_t n, mms_rc (*confirm)(void *aux, struct mms_err *err), void *aux,
		      struct mms_block_counts *counts, struct mms_err *err) MMS_MUST_CHECK;

/* ---- block_seen.c ---------------------------------------------------------------------------- */

/*
 * Digest of what a service shows of a block: times, title, and whether it is busy. Whatever else a person writes there
 * is theirs.
 */
mms_rc
mms_block_seen_print(struct mms_digest *digest, const struct mms_event *event,
		     unsigned char out[MMS_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;
/* Does an event say what the block should: times, title, that it is private and busy? */
bool mms_block_says_it(const struct mms_block *block, const struct mms_event *event);
/* Was it made in another calendar, or at another service, than its integration has now? */
bool mms_block_has_moved_house(const struct mms_source *source, const struct mms_block *block);

#endif

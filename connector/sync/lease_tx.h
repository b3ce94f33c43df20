/* One transaction under a lease, begun by its touch and asked for when its answer is lost. Private to sync/. */
#ifndef SYNC_LEASE_TX_H
#define SYNC_LEASE_TX_H

#include "turn.h"

/* What is written between the touch and the commit. */
typedef mms_rc mms_lease_body(struct mms_tx *tx, void *aux, struct mms_err *err);

/*
 * Touch the lease (raising the integration's longest event to longest_ms), write, commit; the lease is
 * advanced when it happened, also where only its answer was lost. *was_in_doubt is kept from try to try of
 * the same transaction, and begins false: what an earlier try left open may show as a lost lease. body NULL:
 * only the touch.
 * Errors: RETRY (it did not happen: try again), HELD (the lease is lost), and what body returns.
 */
mms_rc mms_lease_tx(struct mms_db *db, struct mms_lease *lease, int64_t longest_ms,
		    mms_lease_body *body, void *aux, bool *was_in_doubt,
		    struct mms_err *err) MMS_MUST_CHECK;
/*
 * The same over a connection of the worker's pool, with pauses between some tries of what did not happen.
 * Errors: as above; STOPPED.
 */
mms_rc mms_lease_tx_run(const struct mms_worker *w, struct mms_lease *lease,
			mms_lease_body *body, void *aux, struct mms_err *err) MMS_MUST_CHECK;

#endif

/* What cleanup and its way back share: a worker that takes leases, and calendars that are passed by. Private to sync/. */
#ifndef SYNC_CLEANING_H
#define SYNC_CLEANING_H

#include "errand.h"
#include "heartbeat.h"
#include "lease_tx.h"
#include "mmsync/cleanup.h"

/* All zero is empty; it must not move once it is begun. */
struct mms_cleaning {
	const struct mms_cleanup_options *options;
	struct mms_worker worker;
	struct mms_outward o;
	struct mms_sources sources;
	struct mms_heartbeat *heartbeat;
	bool works_on_gone; /* a calendar without a cursor, which nobody can hold, needs no lease */
};
void mms_cleaning_release(struct mms_cleaning *c);
/* cleanup.c: zones, calendars and, if not dry, a heartbeat for leases. Errors: CONFIG, DB, RETRY, NOMEM. */
mms_rc mms_cleaning_begin(struct mms_cleaning *c, const struct mms_sync_env *env,
			  const struct mms_cleanup_options *options,
			  struct mms_err *err) MMS_MUST_CHECK;

/* What is done with a calendar while its lease is held; lease NULL: it needs none. */
typedef mms_rc mms_cleaning_work(void *aux, struct mms_lease *lease, struct mms_err *err);
/*
 * cleanup.c: take the lease of a cursor (0: none is needed), work, give it back. *is_held: somebody else has it, the reason
 * stays in err. A calendar that is no more is passed over, or worked on without (works_on_gone).
 */
mms_rc mms_cleaning_visit(struct mms_cleaning *c, uint64_t cursor_id, mms_cleaning_work *work,
			  void *aux, bool *is_held, struct mms_err *err) MMS_MUST_CHECK;
/* cleanup.c: one transaction, under the lease if there is one, tried again while the database is busy. */
mms_rc mms_cleaning_tx(struct mms_cleaning *c, struct mms_lease *lease, mms_lease_body *body,
		       void *aux, struct mms_err *err) MMS_MUST_CHECK;
/* cleanup.c: told once for each calendar. Takes: *why. */
mms_rc mms_cleaning_skip(struct mms_cleaning *c, uint64_t cursor_id,
			 struct mms_cleanup_skipped **list, size_t *n, size_t *cap,
			 struct mms_err *why, struct mms_err *err) MMS_MUST_CHECK;
void mms_cleaning_skipped_release(struct mms_cleanup_skipped *list, size_t n);

#endif

/*
 * What the files of remedies share. Private to sync/.
 *
 *   mend.c          the mender, its transactions, remedies of single rows
 *   mend_blocks.c   busy blocks, the outbox, what is known of an event
 *   mend_bookings.c bookings and their events
 */
#ifndef SYNC_MEND_PARTS_H
#define SYNC_MEND_PARTS_H

#include "block_world.h"
#include "lease_tx.h"
#include "mmsync/mend.h"
#include "mmsync/mends.h"
#include "outward_kit.h"

/* Others write the same rows: they are read again so often. */
#define MMS_MEND_TRIES 5

struct mms_mender {
	struct mms_outward_kit kit;
	struct mms_block_people people;
	bool has_people;
};

/* One remedy on its way. */
struct mms_mending {
	struct mms_mender *m;
	const struct mms_mend *mend;
	struct mms_lent
		lent; /* while it is looked at; a transaction under a lease has its own */
	bool did;
};
/* mend.c: lent.db, if there is none; and given back, before somebody else needs one. */
mms_rc mms_mending_connect(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
void mms_mending_let_go(struct mms_mending *x);

/*
 * mend.c: a transaction that needs no lease, done again where it did not happen: what is written is guarded, so that a try whose
 * answer was lost is found done.
 */
mms_rc mms_mending_run(struct mms_mending *x, mms_lease_body *body,
		       struct mms_err *err) MMS_MUST_CHECK;
/*
 * mend.c: a transaction under the lease of this calendar; of one that is no more, without. body's aux is the mending.
 */
mms_rc mms_mending_run_leased(struct mms_mending *x, uint64_t cursor_id, mms_lease_body *body,
			      struct mms_err *err) MMS_MUST_CHECK;

/* mend.c: whose calendar this is; NULL: nobody's any more. Errors: NOMEM. */
mms_rc mms_mender_whom(struct mms_mender *m, uint64_t cursor_id, struct mms_block_whom **out,
		       struct mms_err *err) MMS_MUST_CHECK;
/* mend.c: the integration of this cursor; NULL: there is none any more. */
struct mms_source *mms_mender_source(struct mms_mender *m, uint64_t cursor_id);

/* mend_blocks.c */
mms_rc mms_mend_plan_event(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_mend_plan_person(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_mend_remove_block(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_mend_send_event(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_mend_forget_state(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_mend_pair_meeting(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
/* mend_bookings.c */
mms_rc mms_mend_push_booking(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_mend_link_booking(struct mms_mending *x, struct mms_err *err) MMS_MUST_CHECK;

#endif

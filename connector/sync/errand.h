/*
 * A calendar's lease for something that is not its turn: taken as it is found, and given back so. Private to
 * sync/.
 */
#ifndef SYNC_ERRAND_H
#define SYNC_ERRAND_H

#include "outward.h"

/* Errors: HELD (somebody else has it), RETRY, DB, NOMEM. */
mms_rc mms_errand_claim(const struct mms_outward *o, const struct mms_source *source,
			struct mms_lease *lease, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Given back: an errand is no read of the calendar. why: what ended it (code OK: nothing); a wait that the service asked
 * for is kept. One that cannot be given back is free when this process ends, and that is worth telling.
 */
mms_rc mms_errand_leave(const struct mms_outward *o, struct mms_lease *lease,
			const struct mms_err *why, struct mms_err *err) MMS_MUST_CHECK;
/*
 * The same of an errand whose requests say whether the calendar's service is well: its own circuit is as that is. counts are
 * theirs. What a turn of this run has counted already is not counted twice.
 */
mms_rc mms_errand_leave_judged(const struct mms_outward *o, struct mms_source *source,
			       struct mms_lease *lease, const struct mms_request_counts *counts,
			       const struct mms_err *why, struct mms_err *err) MMS_MUST_CHECK;

#endif

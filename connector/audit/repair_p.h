/* What the files of repair share. */
#ifndef AUDIT_REPAIR_P_H
#define AUDIT_REPAIR_P_H

#include "mmsync/mend.h"
#include "mmsync/repair.h"

/* repair.c: one more at the end of the list; NULL: out of memory. Borrows: until the next. */
struct mms_repair *mms_repairs_next(struct mms_repairs *repairs, struct mms_err *err);

/* repair_work.c: what remedies have put down, for syncs and pushes to do, and how these fared. All zero is empty. */
struct mms_repair_trouble {
	char *of; /* owned: an integration or a booking; NULL: all of them */
	struct mms_err err;
};
struct mms_repair_work {
	char **calendars, **bookings; /* owned: names, each once */
	size_t n_calendars, cap_calendars, n_bookings, cap_bookings;
	struct mms_repair_trouble *troubles; /* owned */
	size_t n_troubles, cap_troubles;
};
void mms_repair_work_release(struct mms_repair_work *work);

/* A remedy was done: what has to run behind it. */
mms_rc mms_repair_work_add(struct mms_repair_work *work, struct mms_mender *mender,
			   const struct mms_mend *mend, struct mms_err *err) MMS_MUST_CHECK;
/* Run it; nothing is left to be run then. Errors: STOPPED, DB, NOMEM, BUG; others are troubles. */
mms_rc mms_repair_work_run(struct mms_repair_work *work, const struct mms_sync_env *env,
			   int64_t deadline_mono_ms, struct mms_err *err) MMS_MUST_CHECK;
/* What a run met that this repair needed; NULL: nothing. Borrows. */
const struct mms_err *
mms_repair_work_trouble(const struct mms_repair_work *work, const struct mms_repair *repair);

#endif

/* Workers as threads: each with what it needs for itself, all doing the same work. Private to sync/. */
#ifndef SYNC_CREW_H
#define SYNC_CREW_H

#include "turn.h"

/* Takes jobs from wherever aux has them until there are none. */
typedef void mms_crew_work(struct mms_worker *worker, void *aux);

/*
 * n workers made after a pattern do the work; the first is this thread itself. A helper that could not
 * start is no harm as long as somebody did the work: who counts the jobs decides about the error, which is
 * the first one's. Errors: CONFIG, NOMEM.
 */
mms_rc mms_crew_run(const struct mms_worker *pattern, size_t n, mms_crew_work *work, void *aux,
		    struct mms_err *err) MMS_MUST_CHECK;

#endif

/*
 * Remedies, done: each a small change of the tables, or work that is put down for a sync or push to do. Each looks
 * first whether it is still needed, and once more in its transaction: done twice it writes nothing the second
 * time, and killed anywhere it is done by the next.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_MEND_H
#define MMSYNC_MEND_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/remedy.h"
#include "mmsync/sync.h"

/* A worker that mends, with what it needs for leases. One thread uses it. */
struct mms_mender;
/*
 * Owns: *out, mms_mender_free(). Keeps: env. Errors: CONFIG (a restored copy of the site; the zone of stored times),
 * DB, NOMEM.
 */
mms_rc mms_mender_new(struct mms_mender **out, const struct mms_sync_env *env,
		      int64_t deadline_mono_ms, struct mms_err *err) MMS_MUST_CHECK;
void mms_mender_free(struct mms_mender *mender);

/*
 * Do it. *did: something was written; false: it was done already, or is not needed any more. What a person does
 * (NONE, APPLY_SCHEMA) is refused. Errors: HELD (another run is at work in this calendar), ITEM (it cannot be
 * done; the text says why), CONFLICT, RETRY (others were faster again and again), STOPPED, DB, NOMEM.
 */
mms_rc mms_mend_apply(struct mms_mender *mender, const struct mms_mend *mend, bool *did,
		      struct mms_err *err) MMS_MUST_CHECK;

/* What it is about, in words and numbers, as far as its remedy needs: two of the same text are one. */
void mms_mend_print(const struct mms_mend *mend, struct mms_str *out);

/* What has to run before it is of use: a sync of these calendars, a push of this booking. */
enum mms_mend_run { MMS_MEND_RUN_NONE, MMS_MEND_RUN_SYNC, MMS_MEND_RUN_PUSH };
enum mms_mend_run mms_mend_run_of(enum mms_remedy remedy);

/*
 * The calendar whose sync does what was put down, by the name of its integration. Owns: *out; NULL: there is none
 * (any more). Errors: DB, RETRY, NOMEM.
 */
mms_rc mms_mend_calendar(struct mms_mender *mender, const struct mms_mend *mend, char **out,
			 struct mms_err *err) MMS_MUST_CHECK;

#endif

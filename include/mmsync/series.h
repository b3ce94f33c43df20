/*
 * Numbers for new names from Frappe's `tabSeries`, in blocks. The one counter of every
 * "format:...{####}" DocType of the site has the empty text as its key.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_SERIES_H
#define MMSYNC_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"

/*
 * Take n numbers: first .. first + n - 1 are the caller's alone. A short transaction of its
 * own on a connection that has none open; gaps are harmless. One try: on RETRY (somebody held
 * the counter too long, a commit is in doubt) the caller asks again, for another block.
 * Errors: RETRY, DB (the counter is exhausted), NOMEM.
 */
mms_rc mms_series_take(struct mms_db *db, int64_t n, int64_t *first,
		       struct mms_err *err) MMS_MUST_CHECK;

/*
 * A counter that was lost or restored gives numbers that names of this integration have already:
 * move it past the highest of them. Left alone where that would be a jump of more than a million
 * (somebody's own naming, not the counter's).
 * Errors: RETRY, DB, NOMEM.
 */
mms_rc mms_series_catch_up(struct mms_db *db, const char *integration,
			   struct mms_err *err) MMS_MUST_CHECK;

/*
 * The same for the events of all integrations, and where the counter's row is lost. *did: it was raised. Errors: ITEM (such a
 * jump: nothing was done), RETRY, DB, NOMEM.
 */
mms_rc mms_series_raise(struct mms_db *db, bool *did, struct mms_err *err) MMS_MUST_CHECK;

/*
 * The name Frappe gives an event of an integration: "MM-CES-{integration}-{####}". Where that is longer
 * than the 140 characters of a name, the integration's part is cut and a digest of it follows.
 * Owns: *out.
 */
mms_rc mms_series_event_name(const char *integration, int64_t number, char **out,
			     struct mms_err *err) MMS_MUST_CHECK;

#endif

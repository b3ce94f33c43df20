/*
 * Numbers for new names from Frappe's `tabSeries`, in blocks. The one counter of every
 * "format:...{####}" DocType of the site has the empty text as its key.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_SERIES_H
#define MMSYNC_SERIES_H

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
 * The name Frappe gives an event of an integration: "MM-CES-{integration}-{####}". Where that is longer
 * than the 140 characters of a name, the integration's part is cut and a digest of it follows.
 * Owns: *out.
 */
mms_rc mms_series_event_name(const char *integration, int64_t number, char **out,
			     struct mms_err *err) MMS_MUST_CHECK;

#endif

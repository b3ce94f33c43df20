/*
 * Is this site set up right? Everything about the database and what stands in it; the files are
 * judged by mms_site_load_all().
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_DOCTOR_H
#define MMSYNC_DOCTOR_H

#include "mmsync/clock.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/findings.h"
#include "mmsync/site.h"

/*
 * Look at everything and change nothing. Each finding is OK, NOTE or PROBLEM, with the command
 * that mends it. What cannot be looked at is a PROBLEM of its own and ends nothing.
 * Errors: RETRY (the connection was lost), NOMEM.
 */
mms_rc mms_doctor_look(struct mms_db *db, const struct mms_site *site, struct mms_findings *out,
		       struct mms_err *err) MMS_MUST_CHECK;

/* The part that needs no database: the settings of a site that was read. */
mms_rc mms_doctor_look_at_settings(const struct mms_site *site, struct mms_findings *out,
				   struct mms_err *err) MMS_MUST_CHECK;

#endif

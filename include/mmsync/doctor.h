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

/* Active integrations of one type that are read at one server. Texts are owned. */
struct mms_calendar_group {
	char *type;    /* "iCal"; NULL: the row has none                            */
	char *address; /* scheme and server of ical_url, never its path; NULL: none.
			  A user and a password may stand in it: not to be shown     */
	char *name;    /* the first of them by name                                 */
	int64_t n;
};
/* All zero is empty. */
struct mms_calendar_groups {
	struct mms_calendar_group *items;
	size_t n, cap;
};
void mms_calendar_groups_release(struct mms_calendar_groups *groups);

/*
 * Which kinds of calendars the site has, and where they are; at most 1000 groups, the largest
 * ones. Empty where there is no such table. Owns: *out. Errors: DB, RETRY, NOMEM.
 */
mms_rc mms_doctor_load_calendars(struct mms_db *db, struct mms_calendar_groups *out,
				 struct mms_err *err) MMS_MUST_CHECK;

#endif

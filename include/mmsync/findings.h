/*
 * What a check found: a list of things looked at, each with its state and what to do about it.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_FINDINGS_H
#define MMSYNC_FINDINGS_H

#include <stddef.h>

#include "mmsync/err.h"

enum mms_finding_state {
	MMS_FINDING_OK,      /* as it should be                                  */
	MMS_FINDING_MISSING, /* apply brings it                                  */
	MMS_FINDING_DIFFERS, /* apply changes it                                 */
	MMS_FINDING_BLOCKED, /* rows or objects stand in the way: listed first   */
	MMS_FINDING_DONE,    /* was just brought                                 */
	MMS_FINDING_NOTE,    /* worth knowing; nothing is wrong                  */
	MMS_FINDING_PROBLEM, /* a person must act                                */
};

/* "ok", "missing", ... for JSON and tables. Borrows: static text. */
const char *mms_finding_state_name(enum mms_finding_state state);

/* One thing that was looked at. Texts are owned. */
struct mms_finding {
	enum mms_finding_state state;
	char *object; /* "table mmsync_cursor", "index ..."          */
	char *detail; /* what it is, what it should be; may be NULL  */
	char *remedy; /* what to do; may be NULL                     */
};

/* All zero is empty. */
struct mms_findings {
	struct mms_finding *items;
	size_t n, cap;
};
void mms_findings_release(struct mms_findings *findings);

/* Errors: NOMEM. */
mms_rc mms_findings_add(struct mms_findings *findings, enum mms_finding_state state,
			const char *object, const char *detail, const char *remedy,
			struct mms_err *err) MMS_MUST_CHECK;

/* An error as a finding: its text is the detail, its hint the remedy. Errors: NOMEM. */
mms_rc mms_findings_add_err(struct mms_findings *findings, enum mms_finding_state state,
			    const char *object, const struct mms_err *what,
			    struct mms_err *err) MMS_MUST_CHECK;

/* How many have this state. */
size_t mms_findings_count(const struct mms_findings *findings, enum mms_finding_state state);

#endif

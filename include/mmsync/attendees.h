/*
 * The attendees of an event: a JSON text, judged as the DocType judges it, with the verdicts of
 * Python's json.loads() (mmsync/json_scan.h). One pass and no memory where nothing is wrong.
 *
 * Layer: model.
 */
#ifndef MMSYNC_ATTENDEES_H
#define MMSYNC_ATTENDEES_H

#include <stddef.h>

#include "mmsync/email.h"
#include "mmsync/err.h"
#include "mmsync/verdict.h"

/* What the whole text is. */
enum mms_attendees {
	MMS_ATTENDEES_GOOD,
	MMS_ATTENDEES_BAD,       /* an array with findings  */
	MMS_ATTENDEES_NO_ARRAY,  /* JSON, but no array      */
	MMS_ATTENDEES_NOT_JSON,  /* json.loads() refuses it */
	MMS_ATTENDEES_TOO_DEEP,  /* MMS_JSON_MAX_DEPTH      */
	MMS_ATTENDEES_TOO_LARGE, /* a number Python does not convert */
};

/* Judge the text and add what is wrong to v. text is well-formed UTF-8. Errors: NOMEM. */
mms_rc mms_attendees_judge(const struct mms_email *email, const char *text, size_t len,
			   struct mms_verdict *v, enum mms_attendees *out,
			   struct mms_err *err) MMS_MUST_CHECK;

#endif

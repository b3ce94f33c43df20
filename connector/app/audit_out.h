/* What audit prints: a table, one object of JSON, or one a line. */
#ifndef APP_AUDIT_OUT_H
#define APP_AUDIT_OUT_H

#include "mmsync/app.h"
#include "mmsync/audit.h"
#include "mmsync/remote.h"
#include "mmsync/str.h"

enum mms_audit_format { MMS_AUDIT_TABLE, MMS_AUDIT_JSON, MMS_AUDIT_NDJSON };

/* All zero but app, format and doctypes is ready. */
struct mms_audit_out {
	struct mms_app *app;
	enum mms_audit_format format;
	bool fails_on_warning, has_head;
	const bool *doctypes; /* MMS_DT_PARENTS: which were judged; borrowed        */
	bool has_flaws;       /* the consistency rules were asked for, too          */
	const struct mms_remote_totals *remote; /* borrowed; NULL: no service was asked */
	struct mms_str out; /* what was printed, on its way to stdout             */
	struct mms_json json;
	struct mms_progress progress;
	int64_t counts[MMS_RULE_COUNT];
};
void mms_audit_out_release(struct mms_audit_out *o);

mms_rc mms_audit_out_begin(struct mms_audit_out *o, struct mms_err *err) MMS_MUST_CHECK;
/* Errors: STOPPED (nobody takes it), NOMEM. */
mms_rc mms_audit_out_add(struct mms_audit_out *o, const struct mms_violation *violation,
			 struct mms_err *err) MMS_MUST_CHECK;
/* What was printed goes to stdout. */
mms_rc mms_audit_out_write(struct mms_audit_out *o, struct mms_err *err) MMS_MUST_CHECK;
/* Of an audit that failed the object ends all the same, with the error in it. */
mms_rc mms_audit_out_end(struct mms_audit_out *o, const struct mms_audit_totals *totals,
			 mms_rc audited, struct mms_err *err) MMS_MUST_CHECK;

#endif

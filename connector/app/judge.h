/* What validate and audit share: the site they judge by, names of DocTypes, plain text. */
#ifndef APP_JUDGE_H
#define APP_JUDGE_H

#include "mmsync/app.h"
#include "mmsync/db.h"
#include "mmsync/doctype.h"
#include "mmsync/str.h"

/* Connections of a reading command, and the site's clock. All zero is closed. */
struct mms_bench {
	struct mms_db_settings
		settings;              /* the site's, its texts borrowed, with more patience */
	struct mms_db *rows, *lookups; /* owned                                              */
	int64_t now_us;                /* Frappe's now_datetime()                            */
};
/*
 * out stays where it is while it is open. Connect, read which columns the site has and its settings; a second connection when asked.
 * Says so when nobody has said in which zone event times are. Errors: DB, CONFIG, NOMEM.
 */
mms_rc mms_bench_open(struct mms_app *app, bool needs_two, struct mms_bench *out,
		      struct mms_err *err) MMS_MUST_CHECK;
void mms_bench_release(struct mms_bench *bench);

/* The DocType of this name. Errors: USAGE, with the nearest one. */
mms_rc mms_judge_doctype(const char *name, enum mms_doctype_id *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/* The value of --fail-on: does a warning count? Errors: USAGE. */
mms_rc mms_judge_fail_on(const struct mms_app *app, bool *out_on_warning,
			 struct mms_err *err) MMS_MUST_CHECK;

#endif

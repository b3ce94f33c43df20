/* Plans of repairs as files. */
#ifndef APP_PLAN_FILE_H
#define APP_PLAN_FILE_H

#include "mmsync/app.h"
#include "mmsync/repair.h"

/* A path that a plan may be written to (NULL: none is)? "-" is none: stdout is taken. Errors: USAGE. */
mms_rc mms_plan_file_check(const char *path, struct mms_err *err) MMS_MUST_CHECK;
/*
 * What repair would do for this choice, found now and written to the file, whole or not at all; for the eyes of its
 * owner alone. Says how much it is. Errors: USAGE (it cannot be written), and as mms_repair_plan_make().
 */
mms_rc mms_plan_file_write(struct mms_app *app, const struct mms_sync_env *env,
			   const struct mms_flaw_choice *choice, const char *path,
			   struct mms_err *err) MMS_MUST_CHECK;
/* Read one; "-": stdin. Errors: USAGE (it cannot be read, is too long, is no plan), NOMEM. */
mms_rc mms_plan_file_read(const char *path, struct mms_repair_plan *out,
			  struct mms_err *err) MMS_MUST_CHECK;

#endif

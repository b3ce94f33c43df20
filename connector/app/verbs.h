/* What the files of the verbs share: each gives its options, its help and its function. */
#ifndef APP_VERBS_H
#define APP_VERBS_H

#include <stdio.h>
#include <string.h>

#include "mmsync/app.h"

extern const struct mms_opt mms_sync_opts[];
extern const char mms_sync_more[];
mms_rc mms_sync_verb(struct mms_app *app, struct mms_err *err);

extern const struct mms_opt mms_demo_opts[];
extern const char mms_demo_more[];
mms_rc mms_demo_verb(struct mms_app *app, struct mms_err *err);

#endif

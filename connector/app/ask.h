/* A question before something is done that cannot be taken back. */
#ifndef APP_ASK_H
#define APP_ASK_H

#include "mmsync/app.h"

/* Can a person be asked: does one sit at a terminal, and is no program waiting for JSON? */
bool mms_ask_is_possible(const struct mms_app *app);

/*
 * --confirm must hold this very name. Where it is not given a person at a terminal is asked for it; else nothing is done.
 * what: what is about to be done, for the error: "reset". Errors: USAGE.
 */
mms_rc mms_ask_confirm(const struct mms_app *app, const char *what, const char *name,
		       const char *confirm, struct mms_err *err) MMS_MUST_CHECK;

#endif

/* A question before something is done that cannot be taken back (see the header). */
#include "ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The longest name that Frappe has is 140 characters. */
#define LINE_MAX_BYTES 1024

bool
mms_ask_is_possible(const struct mms_app *app)
{
	return !app->is_json && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

static mms_rc
refuse(const char *what, const char *name, const char *given, struct mms_err *err)
{
	if (given == NULL)
		mms_fail(err, MMS_E_USAGE, "nothing was done: %s needs --confirm '%s'", what,
			 name);
	else
		mms_fail(err, MMS_E_USAGE, "nothing was done: '%s' is not '%s'", given, name);
	return mms_hint(err,
			"give the very same name twice (see first what there is with "
			"--dry-run): mmsync %s --integration '%s' --confirm '%s'",
			what, name, name);
}

mms_rc
mms_ask_confirm(const struct mms_app *app, const char *what, const char *name,
		const char *confirm, struct mms_err *err)
{
	char line[LINE_MAX_BYTES];

	if (confirm != NULL)
		return strcmp(confirm, name) == 0 ? MMS_OK : refuse(what, name, confirm, err);
	if (!mms_ask_is_possible(app))
		return refuse(what, name, NULL, err);
	fprintf(stderr, "Type the name of the integration to go on: ");
	fflush(stderr);
	if (fgets(line, sizeof line, stdin) == NULL)
		return refuse(what, name, NULL, err);
	line[strcspn(line, "\r\n")] = '\0';
	return strcmp(line, name) == 0 ? MMS_OK : refuse(what, name, line, err);
}

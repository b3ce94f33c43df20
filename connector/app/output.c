/* What goes to a person beside a verb's own result: errors, notes, and what JSON begins with. */
#include "mmsync/app.h"

#include <poll.h>
#include <unistd.h>

void
mms_app_json_put_err(struct mms_json *j, const struct mms_err *err)
{
	const char *hint = mms_err_hint(err);

	mms_json_key(j, "error");
	mms_json_map(j);
	mms_json_put_text(j, "code", mms_rc_name(err->code));
	mms_json_put_text(j, "message", mms_err_text(err));
	mms_json_put_text(j, "hint", hint[0] != '\0' ? hint : NULL);
	mms_json_map_end(j);
}

static void
print_json_err(const struct mms_app *app, const struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) ignored = { 0 };

	if (mms_json_open_file(&j, stdout, app->is_stdout_terminal, &ignored) != MMS_OK)
		return;
	mms_json_map(&j);
	mms_app_json_put_err(&j, err);
	mms_json_map_end(&j);
	mms_json_done(&j);
}

void
mms_app_print_err(const struct mms_app *app, const struct mms_err *err)
{
	const char *hint = mms_err_hint(err);

	if (app->is_json) {
		print_json_err(app, err);
		return;
	}
	fprintf(stderr, "%smmsync: %s%s\n", app->has_err_color ? "\033[31m" : "",
		mms_err_text(err), app->has_err_color ? "\033[0m" : "");
	if (hint[0] != '\0')
		fprintf(stderr, "  hint: %s\n", hint);
}

mms_rc
mms_app_json(struct mms_app *app, struct mms_json *j, struct mms_err *err)
{
	return mms_json_open_file(j, stdout, app->is_stdout_terminal, err);
}

void
mms_app_note(const struct mms_app *app, const char *fmt, ...)
{
	MMS_AUTO(mms_str) line = { 0 };
	va_list ap;

	if (app->is_quiet)
		return;
	va_start(ap, fmt);
	mms_str_addv(&line, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s\n", mms_str_get(&line));
}

bool
mms_app_has_lost_reader(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

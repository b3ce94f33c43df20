/* Help and errors for people, made from the tables of verbs and options. */
#include "mmsync/app.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
print_opts(const struct mms_opt *opts)
{
	for (const struct mms_opt *o = opts; o != NULL && o->name != NULL; o++) {
		MMS_AUTO(mms_str) left = { 0 };

		mms_str_addf(&left, "--%s", o->name);
		if (o->arg != NULL)
			mms_str_addf(&left, " %s", o->arg);
		if (left.len > 26)
			printf("  %s\n  %-26s %s\n", mms_str_get(&left), "", o->help);
		else
			printf("  %-26s %s\n", mms_str_get(&left), o->help);
	}
}

void
mms_app_print_help(const struct mms_app *app, const struct mms_verb *verb)
{
	size_t n;
	const struct mms_verb *verbs = mms_verbs(&n);

	(void)app;
	if (verb != NULL) {
		printf("usage: mmsync [global options] %s%s%s%s\n\n%s\n", verb->name,
		       verb->opts != NULL ? " [options]" : "", verb->args[0] != '\0' ? " " : "",
		       verb->args, verb->help);
		if (verb->more != NULL)
			printf("\n%s\n", verb->more);
		if (verb->opts != NULL) {
			printf("\noptions:\n");
			print_opts(verb->opts);
		}
		printf("\nglobal options: mmsync help\n");
		return;
	}
	printf("usage: mmsync [global options] COMMAND [options]\n\n"
	       "Keeps a Frappe site's meeting tables and people's calendars in step.\n\n"
	       "commands:\n");
	for (size_t i = 0; i < n; i++)
		printf("  %-26s %s\n", verbs[i].name, verbs[i].help);
	printf("\nglobal options:\n");
	print_opts(mms_global_opts());
	printf("\nmmsync help COMMAND shows one command; man mmsync has it all.\n");
}

void
mms_app_print_err(const struct mms_app *app, const struct mms_err *err)
{
	const char *hint = mms_err_hint(err);

	if (app->is_json) {
		MMS_AUTO(mms_json) j = { 0 };
		MMS_AUTO(mms_err) ignored = { 0 };

		if (mms_json_open_file(&j, stdout, app->is_stdout_terminal, &ignored) != MMS_OK)
			return;
		mms_json_map(&j);
		mms_json_key(&j, "error");
		mms_json_map(&j);
		mms_json_put_text(&j, "code", mms_rc_name(err->code));
		mms_json_put_text(&j, "message", mms_err_text(err));
		mms_json_put_text(&j, "hint", hint[0] != '\0' ? hint : NULL);
		mms_json_map_end(&j);
		mms_json_map_end(&j);
		mms_json_done(&j);
		return;
	}
	bool has_color = app->has_color && isatty(STDERR_FILENO);
	fprintf(stderr, "%smmsync: %s%s\n", has_color ? "\033[31m" : "", mms_err_text(err),
		has_color ? "\033[0m" : "");
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

/* The program: parse, make true what the verb needs, run it, exit with the contract's status. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/app.h"
#include "mmsync/fault.h"
#include "mmsync/timetext.h"

/* A descriptor that is closed would be the database's next: then a message goes into its protocol. */
static void
hold_standard_files(void)
{
	for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR)) {
		if (fd > STDERR_FILENO) {
			(void)close(fd);
			return;
		}
	}
}

static void
look_at_terminal(struct mms_app *app)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	bool is_dumb = term == NULL || strcmp(term, "dumb") == 0;
	bool may_color = !is_dumb && (no_color == NULL || no_color[0] == '\0');
	bool is_stderr_terminal = isatty(STDERR_FILENO) == 1;

	app->is_stdout_terminal = isatty(STDOUT_FILENO) == 1;
	app->has_color = app->is_stdout_terminal && may_color;
	app->has_err_color = is_stderr_terminal && may_color;
	app->has_progress = is_stderr_terminal && !is_dumb;
}

static mms_rc
set_clock(struct mms_app *app, struct mms_err *err)
{
	const char *now = getenv("MMSYNC_NOW");

	if (now == NULL || now[0] == '\0')
		return MMS_OK;
	if (mms_time_parse(now, strlen(now), &app->clock.fixed_ms, err) != MMS_OK) {
		err->code = MMS_E_USAGE;
		return mms_fail_in(err, "MMSYNC_NOW");
	}
	app->clock.is_fixed = true;
	mms_app_note(app, "mmsync: the clock of this run stands at %s (MMSYNC_NOW)", now);
	return MMS_OK;
}

static mms_rc
arm_faults(struct mms_err *err)
{
	const char *fault = getenv("MMSYNC_FAULT");
	const char *sabotage = getenv("MMSYNC_SABOTAGE");

	if (sabotage != NULL && sabotage[0] != '\0' && !mms_fault_sabotage_text(sabotage))
		mms_fail(err, MMS_E_USAGE, "MMSYNC_SABOTAGE '%s' is no sabotage of this build",
			 sabotage);
	else if (fault != NULL && fault[0] != '\0' && !mms_fault_arm_text(fault))
		mms_fail(err, MMS_E_USAGE, "MMSYNC_FAULT '%s' is not a fault of this build",
			 fault);
	else
		return MMS_OK;
	return mms_hint(err, "it is for tests: unset it, or use a build with fault points");
}

static void
print_fault_counts(void)
{
	const char *path = getenv("MMSYNC_FAULT_COUNTS");
	FILE *file = path != NULL ? fopen(path, "we") : NULL;

	if (file == NULL)
		return;
	for (int k = 0; k < MMS_FAULT_KINDS; k++)
		fprintf(file, "%s %lu\n", mms_fault_name((enum mms_fault_kind)k),
			mms_fault_count((enum mms_fault_kind)k));
	(void)fclose(file);
}

static void
print_version(const struct mms_app *app)
{
	if (app->is_json)
		printf("{\"version\":\"%s\"}\n", MMS_VERSION);
	else
		printf("mmsync %s\n", MMS_VERSION);
}

static mms_rc
run(struct mms_app *app, int argc, char **argv, struct mms_err *err)
{
	mms_rc rc = mms_app_parse(app, argc, argv, err);

	if (rc != MMS_OK)
		return rc;
	if (mms_app_flag(app, "version")) {
		print_version(app);
		return MMS_OK;
	}
	if (mms_app_flag(app, "help")) {
		(void)mms_app_print_help(app, stdout,
					 app->verb != NULL ? app->verb->name : app->family);
		return MMS_OK;
	}
	if (app->verb == NULL) {
		if (!app->is_json && !app->is_quiet)
			(void)mms_app_print_help(app, stderr, NULL);
		return mms_fail(err, MMS_E_USAGE, "no command was given");
	}
	rc = set_clock(app, err);
	if (rc == MMS_OK)
		rc = mms_app_make_ready(app, err);
	if (rc == MMS_OK)
		rc = app->verb->run(app, err);
	return rc;
}

/* What was found counts more than that it could not be told; a reader that left is no fault. */
static int
end_output(int status, bool is_told)
{
	bool has_failed = ferror(stdout) != 0;

	errno = 0;
	has_failed = fflush(stdout) != 0 || has_failed;
	if (!has_failed)
		return status;
	if (mms_app_has_lost_reader())
		return status != 0 ? status : mms_rc_exit_status(MMS_E_STOPPED);
	if (!is_told)
		fprintf(stderr, "mmsync: the output cannot be written%s%s\n",
			errno != 0 ? ": " : "", errno != 0 ? strerrordesc_np(errno) : "");
	return status != 0 ? status : 1;
}

int
main(int argc, char **argv)
{
	struct mms_app app = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	hold_standard_files();
	mms_app_catch_signals();
	mms_site_setup();
	look_at_terminal(&app);
	mms_rc rc = arm_faults(&err);
	if (rc == MMS_OK)
		rc = run(&app, argc, argv, &err);
	bool has_lost_reader = mms_app_has_lost_reader();
	bool is_untold = rc == MMS_E_STOPPED && has_lost_reader;
	if (rc != MMS_OK && !is_untold)
		mms_app_print_err(&app, &err);
	int status = rc != MMS_OK ? mms_rc_exit_status(rc) : app.exit_status;
	/* Stopped by a full disk is no interruption that the next run goes on from. */
	if (rc == MMS_E_STOPPED && ferror(stdout) != 0 && !has_lost_reader)
		status = 1;
	mms_app_close(&app);
	print_fault_counts();
	return end_output(status, rc != MMS_OK && !app.is_json);
}

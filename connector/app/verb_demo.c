/* mmsync demo: all of it working in a minute, on nothing but an installed MariaDB. */
#include "demo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs.h"

const struct mms_opt mms_demo_opts[] = {
	{ "feed", MMS_OPT_TEXT, "URL", "use your own iCal feed for the first person" },
	{ "stop", MMS_OPT_FLAG, NULL, "end the demonstration and remove all it made" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_demo_more[] =
	"Starts a private MariaDB on a socket in a folder of its own, with Frappe's tables, "
	"three people and their feeds, and shows a first sync, a change, an outage and an "
	"audit. Where the fake of Google and Outlook that the tests have stands beside the "
	"program (make demo builds it) two more people have calendars there, and a booking "
	"goes into each, is moved there, and comes back; one of them has three calendars, "
	"and is busy in all when busy in one. It touches nothing else, needs no site, and "
	"removes all it made after half an hour or with --stop. The folder is mmsync-demo-UID "
	"in $TMPDIR, else in /tmp.\n"
	"  mmsync demo\n"
	"  mmsync demo --feed https://calendar.example.com/my.ics";

/* The socket's path must fit into 107 bytes. */
#define TMPDIR_MAX 60

static void
fill_paths(struct demo *demo)
{
	const char *tmp = getenv("TMPDIR");

	/* mariadb-install-db takes no path with a blank */
	if (tmp == NULL || tmp[0] != '/' || strlen(tmp) > TMPDIR_MAX ||
	    strpbrk(tmp, " \t\n\"'") != NULL)
		tmp = "/tmp";
	(void)snprintf(demo->dir, sizeof demo->dir, "%s/mmsync-demo-%lu", tmp,
		       (unsigned long)geteuid());
	(void)snprintf(demo->site, sizeof demo->site, "%s/sites/demo.example", demo->dir);
	(void)snprintf(demo->feeds, sizeof demo->feeds, "%s/feeds", demo->dir);
	(void)snprintf(demo->socket, sizeof demo->socket, "%s/mariadb.sock", demo->dir);
	ssize_t n = readlink("/proc/self/exe", demo->self, sizeof demo->self - 1);
	demo->self[n > 0 ? n : 0] = '\0';
	/* A program that was built here has the fake services of its tests beside it. */
	const char *slash = strrchr(demo->self, '/');
	(void)snprintf(demo->fake, sizeof demo->fake, "%.*s/tests/fakes/google_server",
		       slash != NULL ? (int)(slash - demo->self) : 0, demo->self);
	if (access(demo->fake, X_OK) != 0)
		demo->fake[0] = '\0';
}

/* The folder is everybody's: what stands there under our name must be ours before we remove it. */
static mms_rc
check_owner(const struct demo *demo, struct mms_err *err)
{
	struct stat st;

	if (lstat(demo->dir, &st) != 0)
		return errno == ENOENT ? MMS_OK
				       : mms_fail(err, MMS_E_CONFIG, "%s: %s", demo->dir,
						  strerrordesc_np(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return mms_fail(err, MMS_E_CONFIG, "%s is there and belongs to somebody else",
				demo->dir);
	return MMS_OK;
}

/* The end of a log of the folder, which is removed: nobody can look there afterwards. */
static void
show_log(const struct demo *demo, const char *name)
{
	char log[160];
	int status = 0;
	MMS_AUTO(mms_err) ignored = { 0 };
	const char *const tail[] = { "tail", "-n", "15", log, NULL };

	(void)snprintf(log, sizeof log, "%s/%s", demo->dir, name);
	if (access(log, R_OK) != 0)
		return;
	mms_app_note(demo->app, "the demonstration did not work; the end of %s:", name);
	(void)!mms_demo_spawn(tail, NULL, &status, &ignored);
}

mms_rc
mms_verb_demo(struct mms_app *app, struct mms_err *err)
{
	struct demo demo = { .app = app, .own_feed = mms_app_text(app, "feed") };
	bool was_there = false;

	if (app->is_json) {
		mms_fail(err, MMS_E_USAGE, "demo tells a story and has no JSON form");
		return mms_hint(err, "the commands that it shows all have one");
	}
	fill_paths(&demo);
	mms_rc rc = check_owner(&demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_stop(&demo, &was_there, err);
	if (rc != MMS_OK)
		return rc;
	if (mms_app_flag(app, "stop")) {
		printf("%s\n", was_there ? "the demonstration is ended and removed"
					 : "there is no demonstration to end");
		return MMS_OK;
	}
	rc = mms_demo_tell(&demo, err);
	if (rc != MMS_OK) {
		MMS_AUTO(mms_err) ignored = { 0 };
		show_log(&demo, "install.log");
		show_log(&demo, "keeper.log");
		(void)!mms_demo_stop(&demo, &was_there, &ignored);
	}
	return rc;
}

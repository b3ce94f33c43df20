/* mmsync demo: all of it working in a minute, on nothing but an installed MariaDB. */
#include "demo.h"

#include <errno.h>
#include <stdio.h>
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
	"three\n"
	"people and their feeds, and shows a first sync, a change, an outage and an audit. It\n"
	"touches nothing else, and removes everything after half an hour or with --stop.";

static void
fill_paths(struct demo *demo)
{
	(void)snprintf(demo->dir, sizeof demo->dir, "/tmp/mmsync-demo-%lu",
		       (unsigned long)geteuid());
	(void)snprintf(demo->site, sizeof demo->site, "%s/sites/demo.example", demo->dir);
	(void)snprintf(demo->feeds, sizeof demo->feeds, "%s/feeds", demo->dir);
	(void)snprintf(demo->socket, sizeof demo->socket, "%s/mariadb.sock", demo->dir);
	ssize_t n = readlink("/proc/self/exe", demo->self, sizeof demo->self - 1);
	demo->self[n > 0 ? n : 0] = '\0';
}

/* /tmp is everybody's: what stands there under our name must be ours before we remove it. */
static mms_rc
check_owner(const struct demo *demo, struct mms_err *err)
{
	struct stat st;

	if (lstat(demo->dir, &st) != 0)
		return errno == ENOENT ? MMS_OK
				       : mms_fail(err, MMS_E_CONFIG, "%s: %s", demo->dir,
						  strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return mms_fail(err, MMS_E_CONFIG, "%s is there and belongs to somebody else",
				demo->dir);
	return MMS_OK;
}

mms_rc
mms_verb_demo(struct mms_app *app, struct mms_err *err)
{
	struct demo demo = { .app = app, .own_feed = mms_app_text(app, "feed") };
	bool was_there = false;

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
		mms_app_note(app, "the demonstration did not work; its server's log:");
		char log[128];
		(void)snprintf(log, sizeof log, "%s/keeper.log", demo.dir);
		const char *const tail[] = { "tail", "-n", "15", log, NULL };
		int status = 0;
		(void)!mms_demo_spawn(tail, NULL, &status, &ignored);
		(void)!mms_demo_stop(&demo, &was_there, &ignored);
	}
	return rc;
}

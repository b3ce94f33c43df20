/* What the files of the demonstration share. */
#ifndef APP_DEMO_H
#define APP_DEMO_H

#include <sys/types.h>

#include "mmsync/app.h"

/* Where the demonstration lives; all of it is under dir. */
struct demo {
	struct mms_app *app;
	char dir[96];         /* $TMPDIR or /tmp, /mmsync-demo-UID       */
	char site[128];       /* dir/sites/demo.example                  */
	char feeds[128];      /* dir/feeds                               */
	char socket[128];     /* of its MariaDB                          */
	char self[512];       /* this program                            */
	unsigned port;        /* of the feed stand                       */
	const char *own_feed; /* --feed URL; NULL: none              */
};

/* demo_keeper.c: the background process that holds MariaDB and the feeds. */
/* Start it and wait until both answer. Errors: CONFIG (no MariaDB server installed, ...). */
mms_rc mms_demo_start(struct demo *demo, struct mms_err *err) MMS_MUST_CHECK;
/* End an earlier demonstration and remove all of it; *was_there tells whether there was one. */
mms_rc
mms_demo_stop(const struct demo *demo, bool *was_there, struct mms_err *err) MMS_MUST_CHECK;

/* demo_story.c: what is shown. */
mms_rc mms_demo_tell(struct demo *demo, struct mms_err *err) MMS_MUST_CHECK;

/* demo_feeds.c: a file of the feeds' folder, by name and version of the story. */
mms_rc
mms_demo_put_feeds(const struct demo *demo, int version, struct mms_err *err) MMS_MUST_CHECK;

/* The Monday on which the story's week begins, days since 1970. */
int64_t mms_demo_monday(const struct mms_app *app);

/* Write a small file. Errors: CONFIG. */
mms_rc mms_demo_write(const char *path, const char *text, struct mms_err *err) MMS_MUST_CHECK;

/* Run a program and wait; its exit status is in *status. Errors: CONFIG (cannot be run). */
mms_rc mms_demo_spawn(const char *const *argv, const char *log, int *status,
		      struct mms_err *err) MMS_MUST_CHECK;

#endif

/* What the files of the demonstration share. */
#ifndef APP_DEMO_H
#define APP_DEMO_H

#include <sys/types.h>

#include "mmsync/app.h"
#include "mmsync/db.h"
#include "mmsync/str.h"

/* Of the demonstration's site alone; Frappe makes one of its own. */
#define MMS_DEMO_KEY "bW1zeW5jLWRlbW9uc3RyYXRpb24ta2V5LTMyLWJ5dGU="

/* Where the demonstration lives; all of it is under dir. */
struct demo {
	struct mms_app *app;
	char dir[96];         /* $TMPDIR or /tmp, /mmsync-demo-UID       */
	char site[128];       /* dir/sites/demo.example                  */
	char feeds[128];      /* dir/feeds                               */
	char socket[128];     /* of its MariaDB                          */
	char self[512];       /* this program                            */
	char fake[560];       /* of Google and Outlook, beside the program; "": not there */
	unsigned port;        /* of the feed stand                       */
	unsigned fake_port;   /* of that fake; 0: not there              */
	const char *own_feed; /* --feed URL; NULL: none                  */
};

/* demo_keeper.c: the background process that holds MariaDB and the feeds. */
/* Start it and wait until both answer. Errors: CONFIG (no MariaDB server installed, ...). */
mms_rc mms_demo_start(struct demo *demo, struct mms_err *err) MMS_MUST_CHECK;
/* End an earlier demonstration and remove all of it; *was_there tells whether there was one. */
mms_rc
mms_demo_stop(const struct demo *demo, bool *was_there, struct mms_err *err) MMS_MUST_CHECK;

/* demo_story.c: what is shown. */
mms_rc mms_demo_tell(struct demo *demo, struct mms_err *err) MMS_MUST_CHECK;
/* A paragraph of the story. */
void mms_demo_say(const char *fmt, ...) MMS_PRINTF(1, 2);
/* Show a command as a reader would type it, and run it. */
mms_rc mms_demo_show(const struct demo *demo, const char *const *words, int *status,
		     struct mms_err *err) MMS_MUST_CHECK;
mms_rc
mms_demo_expect(int status, int want, const char *what, struct mms_err *err) MMS_MUST_CHECK;
/* The rows of a statement as a table. */
mms_rc mms_demo_show_rows(const struct demo *demo, const char *const *heads, size_t n_heads,
			  const char *sql, struct mms_err *err) MMS_MUST_CHECK;
/* The events as a person would look at them; where: of e (the event) and i (its integration). */
mms_rc mms_demo_show_events(const struct demo *demo, const char *where,
			    struct mms_err *err) MMS_MUST_CHECK;
/* What somebody else does to the database. */
mms_rc mms_demo_run_sql(const struct demo *demo, const char *const *statements, size_t n,
			struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_demo_open_db(const struct demo *demo, struct mms_db **out,
			struct mms_err *err) MMS_MUST_CHECK;
/* A time of the story's week, as it is typed and as a row has it. */
struct demo_time {
	char typed[40], stored[40];
};
struct demo_time mms_demo_time_at(const struct demo *demo, int day, int hour, int minute);

/* Write the site's site_config.json. */
mms_rc mms_demo_put_config(const struct demo *demo, bool has_busy_blocks,
			   struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_demo_add_user(const struct demo *demo, const char *email, const char *zone,
			 struct mms_err *err) MMS_MUST_CHECK;
/* The feed of a user, and what they call it. feed: a name in the feeds' folder, or an address. */
mms_rc
mms_demo_add_feed(const struct demo *demo, const char *email, const char *integration,
		  const char *title, const char *feed, struct mms_err *err) MMS_MUST_CHECK;

/* demo_google.c: a calendar at Google, both ways. The fake is there. */
mms_rc mms_demo_tell_google(const struct demo *demo, struct mms_err *err) MMS_MUST_CHECK;
/* demo_outlook.c: the same in Outlook. */
mms_rc mms_demo_tell_outlook(const struct demo *demo, struct mms_err *err) MMS_MUST_CHECK;
/* demo_busy.c: busy blocks in several calendars of one person, who was told of before. */
mms_rc mms_demo_tell_busy(const struct demo *demo, struct mms_err *err) MMS_MUST_CHECK;
/* demo_calendar.c: members of the `mmsync` object that lead to the fake; nothing without it. */
void mms_demo_add_calendar_settings(const struct demo *demo, struct mms_str *out);

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

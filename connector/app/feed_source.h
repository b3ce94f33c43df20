/* Where feed preview takes its feed from. Private to app/. */
#ifndef APP_FEED_SOURCE_H
#define APP_FEED_SOURCE_H

#include "mmsync/app.h"
#include "mmsync/zone.h"

/* The bytes of a feed, readable by offset. All zero is none. */
struct mms_feed_source {
	int fd;        /* owned; 0: none                                  */
	char *charset; /* owned: as a server told it; NULL: not told      */
};
void mms_feed_source_release(struct mms_feed_source *source);

/*
 * From the command line: a file, an address, standard input ("-": the feed, or one line with
 * its address), or the address of an integration.
 * Errors: USAGE (no such file or integration), and as a provider's start() has them.
 */
mms_rc mms_feed_source_open(struct mms_app *app, struct mms_zones *zones,
			    struct mms_feed_source *out, struct mms_err *err) MMS_MUST_CHECK;

#endif

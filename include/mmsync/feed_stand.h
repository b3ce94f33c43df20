/*
 * A small web server for the feeds of the demonstration: the .ics files of one folder, on
 * loopback, with ETag and 304. While NAME.down stands beside NAME, a log-in page is served in
 * its place, as real services do on a bad day.
 *
 * Layer: serve.
 */
#ifndef MMSYNC_FEED_STAND_H
#define MMSYNC_FEED_STAND_H

#include "mmsync/err.h"

struct mms_feed_stand;

/*
 * Serve http://127.0.0.1:*port/NAME.ics from a thread of its own.
 * Owns: *out, mms_feed_stand_close(). Errors: CONFIG (no port to be had), NOMEM.
 */
mms_rc mms_feed_stand_open(struct mms_feed_stand **out, const char *dir, unsigned *port,
			   struct mms_err *err) MMS_MUST_CHECK;
void mms_feed_stand_close(struct mms_feed_stand *stand);

#endif

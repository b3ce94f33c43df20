/* What the two files of the feed provider share. */
#ifndef PROVIDER_FEED_CACHE_H
#define PROVIDER_FEED_CACHE_H

#include "mmsync/provider.h"

/* A fetched feed, or the word that it is the same as before. All zero is empty. */
struct mms_feed_body {
	bool is_same;
	int fd;        /* spool file; 0: none                                   */
	bool owns_fd;  /* else another reader still needs it, and the cache has it */
	char *cursor;  /* owned: the validators of this version                 */
	char *charset; /* owned: as its Content-Type has it; NULL: not told */
};
void mms_feed_body_release(struct mms_feed_body *body);

/* Get a feed through the cache; cursor NULL wants the body whatever the server knows. */
mms_rc
mms_feed_cache_get(struct mms_feed_cache *cache, const struct mms_provider_env *env,
		   const char *url, const char *cursor, struct mms_request_counts *counts,
		   struct mms_feed_body *out, struct mms_err *err) MMS_MUST_CHECK;

/* Has a text the form of a feed's cursor? */
bool feed_cursor_is_whole(const char *text);

#endif

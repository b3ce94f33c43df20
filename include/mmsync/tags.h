/*
 * People's own events that are to bear our tag (tag_user_events), and that do.
 *
 * Layer: store.
 */
#ifndef MMSYNC_TAGS_H
#define MMSYNC_TAGS_H

#include <stddef.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"

/* One such event. All zero is empty; texts are owned. */
struct mms_tag {
	unsigned char uuid[16]; /* of its state: the tag                        */
	char *external_id;      /* exact                                        */
	bool is_done;           /* of put: not to be tried again                */
};
struct mms_tags {
	struct mms_tag *items;
	size_t n, cap;
};
void mms_tags_release(struct mms_tags *tags);

/*
 * At most max of a calendar's events that were never tagged: single ones that the user (by that address, or by
 * the calendar's; NULL: none) or nobody organizes, and that no block is. One statement.
 */
mms_rc mms_tags_wanted(struct mms_db *db, uint64_t cursor_id, const char *user,
		       const char *calendar_id, int64_t max, struct mms_tags *out,
		       struct mms_err *err) MMS_MUST_CHECK;
/* Those that are done are not wanted again. One statement. */
mms_rc mms_tags_put(struct mms_tx *tx, const struct mms_tag *tags, size_t n,
		    struct mms_err *err) MMS_MUST_CHECK;

#endif

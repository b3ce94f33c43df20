/* What the files of a review share. Private to sync/. */
#ifndef SYNC_REVIEW_PARTS_H
#define SYNC_REVIEW_PARTS_H

#include "block_world.h"
#include "mmsync/review.h"

struct mms_review {
	struct mms_sync_options options; /* none */
	struct mms_worker worker;
	struct mms_outward o;
	struct mms_sources sources;
	struct mms_block_people people;
	uint64_t *filled; /* owned: calendars with blocks, in order */
	size_t n_filled;
	uint64_t *replanned; /* owned: those of people who are to be planned anew, in order */
	size_t n_replanned;
};

/* review.c: is, or was, there a block in this calendar? */
bool mms_review_is_filled(const struct mms_review *review, uint64_t cursor_id);
/* review.c: the zones that plans need, once. Errors: CONFIG, NOMEM. */
mms_rc mms_review_make_zones(struct mms_review *review, struct mms_err *err) MMS_MUST_CHECK;

#endif

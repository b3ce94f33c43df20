/*
 * The busy blocks of a run: whose are to be planned, planned, and announced. Private to sync/.
 *
 *   block_plan.c   what should be (pure)
 *   block_phase.c  whose, when
 *   block_read.c   what is known of a person, read
 *   block_put.c    a plan, committed
 *   block_job.c    the outbox's entries, done
 *   block_inward.c what people did to blocks
 */
#ifndef SYNC_BLOCK_PHASE_H
#define SYNC_BLOCK_PHASE_H

#include "block_plan.h"
#include "outward.h"

/*
 * Before the turns: source->makes_blocks for each that takes part and has another calendar of its person's
 * to fill. What it changes is due (store/events.c). No statement, one where the site has the field with which integrations say so.
 */
mms_rc mms_block_mark_sources(const struct mms_sync_env *env, struct mms_db *db,
			      struct mms_sources *sources, struct mms_err *err) MMS_MUST_CHECK;

enum mms_block_extent {
	MMS_BLOCKS_OF_ALL, /* everything of people whose calendars or settings are others than their blocks were planned under, too */
	MMS_BLOCKS_DUE,    /* only what is due: a push is about one booking */
};
/*
 * Plan and announce. In a dry run it is told (o->plan). Trouble with one person is noted and stops no other. No
 * statement where nothing is or was ever switched on.
 */
mms_rc mms_block_phase(const struct mms_outward *o, struct mms_sources *sources,
		       enum mms_block_extent extent, struct mms_troubles *troubles,
		       struct mms_err *err) MMS_MUST_CHECK;

/* The UUID of a source's n-th block in a calendar. */
mms_rc
mms_block_uuid(const unsigned char site[16], const unsigned char source[16], uint64_t cursor_id,
	       unsigned incarnation, unsigned char out[16], struct mms_err *err) MMS_MUST_CHECK;

#endif

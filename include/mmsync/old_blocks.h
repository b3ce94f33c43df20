/*
 * Busy blocks that an older generation made, known by their text alone.
 *
 * Layer: store.
 */
#ifndef MMSYNC_OLD_BLOCKS_H
#define MMSYNC_OLD_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/blocks.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/events.h"

/* An event that may be one: it is kept as a user's. All zero is empty; texts are owned. */
struct mms_old_block {
	uint64_t cursor_id;
	unsigned char key[MMS_PRINT_BYTES], uuid[16];
	char *external_id, *row_name, *title, *text;
	bool is_instance; /* of a series */
	bool is_private;  /* its row does not show title and text: the service does */
};
struct mms_old_blocks {
	struct mms_old_block *items;
	size_t n, cap;
};
void mms_old_blocks_release(struct mms_old_blocks *blocks);
/* All live ones whose title or text may be such a block's, or are hidden and no source of blocks, by calendar. One statement. */
mms_rc mms_old_blocks_load(struct mms_db *db, struct mms_old_blocks *out,
			   struct mms_err *err) MMS_MUST_CHECK;

/* What such a block says that it is of. Text owned. */
struct mms_old_source {
	bool is_known; /* else nothing is here of that id */
	unsigned char uuid[16];
	enum mms_state_type type;
	unsigned flags; /* enum mms_state_flags */
	char *row_name; /* NULL: none */
};
void mms_old_source_release(struct mms_old_source *source);
/* By calendar and key. One statement. Owns: *out. */
mms_rc mms_old_source_find(struct mms_db *db, uint64_t cursor_id,
			   const unsigned char key[MMS_PRINT_BYTES], struct mms_old_source *out,
			   struct mms_err *err) MMS_MUST_CHECK;

/* How one is taken over. Borrowed. */
struct mms_old_block_end {
	const struct mms_old_block *old;
	const struct mms_block *block; /* as mms_block_restore() takes it           */
	const unsigned char
		*print;  /* its person is planned anew, as a whole: a print that nothing has */
	const char *by;  /* modified_by of its row                    */
	int64_t site_us; /* and modified, site time                   */
};
/*
 * It is ours from now on: the state of the user's event goes, and one of a busy block comes; its row is Deleted Locally.
 * Errors: CONFLICT (it is known otherwise by now), RETRY.
 */
mms_rc mms_old_block_take(struct mms_tx *tx, const struct mms_old_block_end *end,
			  int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;

#endif

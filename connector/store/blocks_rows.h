/* Rows that plans of busy blocks and what became of them share. Private to store/. */
#ifndef STORE_BLOCKS_ROWS_H
#define STORE_BLOCKS_ROWS_H

#include "mmsync/db.h"
#include "outbox_rows.h"

/* The state of a new block. Borrowed. */
struct mms_block_state {
	struct mms_entry_of of;
	enum mms_state_status status;
	const char *version, *ical_uid; /* NULL: none */
};

enum { MMS_BLOCK_STATE_VALUES = 18 };

/* Values of OWN_STATE_INSERT. */
void mms_block_state_values(const struct mms_block_state *state, int64_t now_ms,
			    struct mms_value out[MMS_BLOCK_STATE_VALUES]);

#endif

/*
 * Statements of busy blocks: where they come from, what they should say, what became of them.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BLOCKS_H
#define MMSYNC_STMT_BLOCKS_H

#define MMS_STMTS_BLOCKS(X)                                                                   \
	X(BLOCK_DUES_WAITING,                                                                 \
	  "SELECT DISTINCT integration_id FROM mmsync_block_due ORDER BY integration_id", "", \
	  "u")

#endif

/*
 * What remedies ask of the tables, and change in them. Each change is made only where its reason is still there.
 *
 * Layer: store.
 */
#ifndef MMSYNC_MENDS_H
#define MMSYNC_MENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/event_row.h"
#include "mmsync/events.h"
#include "mmsync/outbox.h"

/* Kinds of rows that are in nobody's way but should not be there. */
enum mms_stray {
	MMS_STRAY_BLOCK,  /* of mmsync_busy_block without a state: uuid                     */
	MMS_STRAY_LETTER, /* of a calendar, or of a change of an event, that is no more: id */
	MMS_STRAY_ENTRY,  /* of the outbox, of an event that is not there: id               */
	MMS_STRAY_DUE,    /* due, of a calendar that is no more: cursor_id, key              */
};
/* Which row. Borrowed. */
struct mms_stray_row {
	enum mms_stray kind;
	uint64_t id, cursor_id;
	const unsigned char *uuid, *key;
};
/* Is it there, and a stray? Then *cursor_id is the calendar that it names. One statement. */
mms_rc mms_stray_look(struct mms_db *db, const struct mms_stray_row *row, bool *is_there,
		      uint64_t *cursor_id, struct mms_err *err) MMS_MUST_CHECK;
/* It goes, if it still is one. */
mms_rc mms_stray_drop(struct mms_tx *tx, const struct mms_stray_row *row, bool *did,
		      struct mms_err *err) MMS_MUST_CHECK;

/* Is there such an event, and not due? */
mms_rc mms_mends_may_be_due(struct mms_db *db, uint64_t cursor_id,
			    const unsigned char key[MMS_PRINT_BYTES], bool *out,
			    struct mms_err *err) MMS_MUST_CHECK;
/* It is due, unless it is already. */
mms_rc mms_mends_put_due(struct mms_tx *tx, uint64_t cursor_id,
			 const unsigned char key[MMS_PRINT_BYTES], bool *did,
			 struct mms_err *err) MMS_MUST_CHECK;

/* How a block stands. */
struct mms_mends_block {
	bool is_known; /* it has a state of a block */
	uint64_t cursor_id;
	enum mms_state_status status;
	enum mms_removed_by removed_by;
	bool has_row, is_fit; /* its row of mmsync_busy_block; that could be worked off */
	bool is_quarantined;
	bool has_entry, is_going; /* something of it is in the outbox; its removal */
};
mms_rc mms_mends_block_look(struct mms_db *db, const unsigned char uuid[16],
			    struct mms_mends_block *out, struct mms_err *err) MMS_MUST_CHECK;
/* It gets a row with which it can be removed. */
mms_rc mms_mends_block_fit(struct mms_tx *tx, const unsigned char uuid[16], int64_t now_ms,
			   struct mms_err *err) MMS_MUST_CHECK;

/* The UUID of an event. *is_known false: there is none under this key. */
mms_rc
mms_mends_state(struct mms_db *db, uint64_t cursor_id, const unsigned char key[MMS_PRINT_BYTES],
		unsigned char uuid[16], bool *is_known, struct mms_err *err) MMS_MUST_CHECK;
/*
 * What is remembered of it goes: its state, which meetings it is the same as, that it is due, what it should say (a block),
 * what of it waits in the outbox or was given up.
 */
mms_rc mms_mends_state_forget(struct mms_tx *tx, uint64_t cursor_id,
			      const unsigned char key[MMS_PRINT_BYTES],
			      const unsigned char uuid[16], struct mms_err *err) MMS_MUST_CHECK;

/* Is it known what the calendar's rows were made under? If not, the next sync reads it in full. */
mms_rc mms_mends_is_read(struct mms_db *db, uint64_t cursor_id, bool *out,
			 struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_mends_forget_read(struct mms_tx *tx, uint64_t cursor_id, bool *did,
			     struct mms_err *err) MMS_MUST_CHECK;

/* A settled event of a booking is looked at again, whatever was sent of it. */
mms_rc mms_mends_look_again(struct mms_tx *tx, const struct mms_own_state *state,
			    int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;
/* Does its row say what the booking says: whose it is, when, that it blocks? */
mms_rc mms_mends_row_says(struct mms_db *db, const char *row, const char *booking, bool *out,
			  struct mms_err *err) MMS_MUST_CHECK;

/* A row of MM Calendar Event Sync that may block though its event is gone. */
struct mms_mends_row {
	bool is_there;
	uint64_t cursor_id; /* 0: of no calendar that is known */
	int64_t modified_us;
	enum mms_row_status status, wanted; /* wanted: what it should be */
	bool is_blocking;
};
mms_rc mms_mends_row_look(struct mms_db *db, const char *name, struct mms_mends_row *out,
			  struct mms_err *err) MMS_MUST_CHECK;
/* It blocks no more. Errors: CONFLICT (somebody changed it). */
mms_rc mms_mends_row_free(struct mms_tx *tx, const char *name, const struct mms_mends_row *row,
			  const char *by, int64_t now_us, struct mms_err *err) MMS_MUST_CHECK;

/* Is the event one of a pair that is known one way alone? */
mms_rc mms_mends_is_half(struct mms_db *db, const unsigned char uuid[16], bool *out,
			 struct mms_err *err) MMS_MUST_CHECK;
/* Both ways, or, where one of the two is no more, none. with_due: its blocks are planned anew. */
mms_rc mms_mends_pair(struct mms_tx *tx, const unsigned char uuid[16], bool with_due, bool *did,
		      struct mms_err *err) MMS_MUST_CHECK;

/* The calendar of the event of this UUID; 0: nobody knows it. */
mms_rc mms_mends_cursor_of(struct mms_db *db, const unsigned char uuid[16], uint64_t *out,
			   struct mms_err *err) MMS_MUST_CHECK;

#endif

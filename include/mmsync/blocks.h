/*
 * Busy blocks as the database has them: the events they come from, what each should say, and the
 * bulk writers of plans and of what became of them.
 *
 * A block has a state of type MMS_STATE_BUSY_BLOCK (mmsync_event_state, the authority on whether it is
 * there) and a row of mmsync_busy_block (what it should say). It has no row in MM Calendar Event Sync.
 *
 * Layer: store.
 */
#ifndef MMSYNC_BLOCKS_H
#define MMSYNC_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/block_sources.h"
#include "mmsync/cursors.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/event_row.h"
#include "mmsync/events.h"
#include "mmsync/outbox.h"

/* ---- blocks ----------------------------------------------------------------------------------- */

/* A block with its state. All zero is empty; texts are owned. */
struct mms_block {
	unsigned char uuid[16], key[MMS_PRINT_BYTES], source_uuid[16];
	uint64_t cursor_id, source_id; /* the calendar it is in, and that of its source */
	enum mms_state_status status;
	enum mms_removed_by
		removed_by; /* of a deleted one; of a live one BY_US: a removal was planned */
	int64_t start_ms, end_ms; /* what it should say */
	char *title;
	unsigned char print[MMS_PRINT_BYTES], sent_print[MMS_PRINT_BYTES],
		outside_print[MMS_PRINT_BYTES]; /* all zero: none */
	int64_t put_backs, rounds, rounds_ms;
	bool is_quarantined;
	int64_t created_at_ms; /* of its state: when it was announced */
	char *external_id, *version;
	char *calendar_id, *provider; /* where it was made; NULL: not yet */
	char *ical_uid;               /* as the service told it; NULL: not yet           */
};
void mms_block_release(struct mms_block *block);
struct mms_blocks {
	struct mms_block *items;
	size_t n, cap;
};
void mms_blocks_release(struct mms_blocks *blocks);

/* Add the blocks of these sources, dead ones too, oldest first. One statement; none for n 0. */
mms_rc mms_blocks_of_sources(struct mms_db *db, const unsigned char (*sources)[16], size_t n,
			     struct mms_blocks *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Add all blocks in, or from, the person's calendars, oldest first. Dead ones only where the person removed them
 * outside, or where something else of the same source and calendar is live. One statement, a stream.
 */
mms_rc mms_blocks_of_person(struct mms_db *db, const struct mms_block_person *person,
			    struct mms_blocks *out, struct mms_err *err) MMS_MUST_CHECK;
/* Add those in one calendar that are not dead. One statement, a stream. */
mms_rc mms_blocks_of_calendar(struct mms_db *db, uint64_t cursor_id, struct mms_blocks *out,
			      struct mms_err *err) MMS_MUST_CHECK;
/* Add those in one calendar with these keys, dead or not. One statement; none for n 0. */
mms_rc mms_blocks_by_key(struct mms_db *db, uint64_t cursor_id,
			 const unsigned char (*keys)[MMS_PRINT_BYTES], size_t n,
			 struct mms_blocks *out, struct mms_err *err) MMS_MUST_CHECK;
/* Add by UUID, in no order; unknown ones are not there. One statement; none for n 0. */
mms_rc mms_blocks_find(struct mms_db *db, const unsigned char (*uuids)[16], size_t n,
		       struct mms_blocks *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * How many states there ever were for a source in a calendar: the incarnation of the next one. By
 * mmsync_event_state.source_uuid, which an ADOPT or UPDATE leaves: it says what a block was made for.
 */
mms_rc
mms_blocks_count(struct mms_db *db, const unsigned char (*sources)[16], const uint64_t *cursors,
		 size_t n, int64_t *counts, struct mms_err *err) MMS_MUST_CHECK;

/* ---- time slots that are filled again and again ------------------------------------------------- */

/* Blocks from one calendar in another at the same time. */
struct mms_block_slot {
	uint64_t source_id, cursor_id;
	int64_t start_ms, end_ms;
	int64_t n_runs; /* runs since then that made one; those not counted any more are not */
};
/* Fill n_runs of n slots: runs since since_ms. One statement. */
mms_rc mms_block_slots_count(struct mms_db *db, struct mms_block_slot *slots, size_t n,
			     int64_t since_ms, struct mms_err *err) MMS_MUST_CHECK;

/* ---- plans ---------------------------------------------------------------------------------------- */

enum mms_block_step {
	MMS_BLOCK_CREATE, /* a new one: state `creating`, its row, an outbox entry          */
	MMS_BLOCK_UPDATE, /* what it should say is another now: put_backs 0, a round more, outbox */
	MMS_BLOCK_DELETE, /* removed_by BY_US, outbox                                        */
	MMS_BLOCK_LOSE,  /* it was in a calendar that is no more here: dead, nothing is sent  */
	MMS_BLOCK_ADOPT, /* it has another source now, and says the same: nothing is sent     */
	MMS_BLOCK_QUARANTINE, /* left alone until released: its row is marked, a dead letter says why  */
	MMS_BLOCK_QUARANTINE_NEW, /* the same of a new one: state `failed`, row, dead letter, no outbox */
};
/* One change of the plan. Borrowed but for what is in place. */
struct mms_block_change {
	enum mms_block_step step;
	unsigned char uuid[16], key[MMS_PRINT_BYTES], source_uuid[16];
	uint64_t cursor_id, source_id;
	const char *
		external_id; /* CREATE, QUARANTINE_NEW: as make_id() says (maybe provisional); the others: as known */
	int64_t start_ms, end_ms;
	const char *title;
	unsigned char print[MMS_PRINT_BYTES];
	int64_t rounds, rounds_ms; /* UPDATE: as they will be            */
	const char *reason;        /* QUARANTINE*: the letter's text     */
};
/* All of one transaction: bulk statements, one for each kind of write. Errors: CONFLICT, RETRY, NOMEM. */
mms_rc mms_blocks_announce(struct mms_tx *tx, const struct mms_block_change *changes, size_t n,
			   const unsigned char run[16], int64_t now_ms,
			   struct mms_err *err) MMS_MUST_CHECK;

/*
 * How many plans of this person were committed (of the first of the person's cursors), and what they were planned
 * under (all zero: there are none). Errors: GONE.
 */
mms_rc
mms_block_plans(struct mms_db *db, uint64_t cursor_id, int64_t *out,
		unsigned char print[MMS_READ_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;
/*
 * First statement of a transaction that commits a plan: one more, if there were so many when the
 * planning began. Errors: CONFLICT (somebody else has planned since: begin again), RETRY.
 */
mms_rc mms_block_plans_touch(struct mms_tx *tx, uint64_t cursor_id, int64_t before,
			     struct mms_err *err) MMS_MUST_CHECK;
/* These events were planned as they were read: they are not due any more, unless asked for anew since. */
mms_rc mms_block_dues_done(struct mms_tx *tx, const struct mms_block_source *sources, size_t n,
			   struct mms_err *err) MMS_MUST_CHECK;
/* All pairs of these events go; then these pairs are put, both ways. No statement where there are none of either. */
mms_rc mms_block_twins_put(struct mms_tx *tx, const struct mms_block_twin *gone, size_t n_gone,
			   const struct mms_block_twin *put, size_t n_put,
			   struct mms_err *err) MMS_MUST_CHECK;
/* What the person's blocks were planned under, on each of the person's cursors; NULL: there are none. */
mms_rc mms_block_prints_put(struct mms_tx *tx, const struct mms_block_person *person,
			    const unsigned char print[MMS_PRINT_BYTES],
			    struct mms_err *err) MMS_MUST_CHECK;

/* An event changed: its blocks are to be planned anew. In the transaction of the change. */
mms_rc
mms_block_due_put(struct mms_tx *tx, uint64_t cursor_id,
		  const unsigned char key[MMS_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;

/* ---- what became of blocks -------------------------------------------------------------------------- */

/* What is written of one block. Borrowed. */
struct mms_block_end {
	const struct mms_block *block; /* as it was read */
	/* Its state and row as they will be. is_state false: they stay as they are. */
	bool is_state;
	enum mms_state_status status;
	enum mms_removed_by removed_by;
	const char *external_id; /* it has this id now, of this key; NULL: as before */
	unsigned char key[MMS_PRINT_BYTES];
	bool takes_id; /* with external_id: what of a person's has it, has it no more (after a CONFLICT) */
	const char *version;
	unsigned char sent_print[MMS_PRINT_BYTES], outside_print[MMS_PRINT_BYTES];
	int64_t put_backs;
	const char *calendar_id, *provider;
	const char *ical_uid; /* NULL: not told, as before; what has it elsewhere is a copy */
	/* Its source is to be planned anew. */
	bool is_source_due;
	/* The outbox. */
	const struct mms_outbox_entry *done;    /* goes, unless asked for anew; NULL: none */
	const struct mms_outbox_entry *put_off; /* counted, not before next_ms             */
	const struct mms_outbox_entry
		*given_up;  /* goes; a dead letter with print, the state failed */
	bool asks_outbox;   /* an entry "update" is put                 */
	bool asks_removal;  /* an entry "delete" is put                 */
	bool drops_letters; /* it fared well: its dead letters go       */
	const char *error_code, *error_text;
	int64_t next_ms;
};
/* All of one transaction: bulk statements, one for each kind of write that there is. */
mms_rc mms_blocks_settle(struct mms_tx *tx, const struct mms_block_end *ends, size_t n,
			 int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;
/*
 * One that bears our mark and that no state knows (tables put back from a backup): it gets its state
 * (`synced`) and row back, as the mark says. block: uuid, source_uuid, key, external_id, version, cursor_id,
 * start and end as the service shows them, title, ical_uid, outside_print. Errors: CONFLICT (it is known by now), RETRY.
 */
mms_rc mms_block_restore(struct mms_tx *tx, const struct mms_block *block, int64_t now_ms,
			 struct mms_err *err) MMS_MUST_CHECK;
/*
 * Entries of blocks in a calendar that cannot be reached: all put off to next_ms.
 */
mms_rc mms_blocks_put_off(struct mms_db *db, uint64_t cursor_id, int64_t next_ms,
			  int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;

#endif

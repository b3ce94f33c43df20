/*
 * Our own events outside: their states, their rows in MM Calendar Event Sync, and the outbox of what
 * must still leave.
 *
 * Layer: store.
 */
#ifndef MMSYNC_OUTBOX_H
#define MMSYNC_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/cursors.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/event_row.h"
#include "mmsync/events.h"

/* mmsync_event_state.removed_by, of a deleted one */
enum mms_removed_by { MMS_REMOVED_UNKNOWN, MMS_REMOVED_BY_US, MMS_REMOVED_OUTSIDE };

/* The state of one event of ours, and its row. All zero is empty; texts are owned. */
struct mms_own_state {
	uint64_t cursor_id;
	char *integration; /* name of the cursor                                        */
	unsigned char key[MMS_PRINT_BYTES], uuid[16], source_uuid[16];
	bool has_source;
	char *external_id; /* exact                                                     */
	char *ical_uid;
	char *row_name, *booking;
	int64_t booking_creation_us, booking_modified_us; /* site time; MMS_NO_TIME     */
	enum mms_state_type type;
	enum mms_state_status status;
	enum mms_removed_by removed_by;
	char *version; /* etag at the last settle                                       */
	char *base;    /* base_content, JSON (mmsync/meeting.h)                         */
	int64_t attempts;
	int64_t created_at_ms; /* when it was announced; set by a load            */
	/* its row, where there is one */
	bool has_row;
	int64_t row_modified_us;
	enum mms_row_status row_status;
};
void mms_own_state_release(struct mms_own_state *state);
struct mms_own_states {
	struct mms_own_state *items;
	size_t n, cap;
};
void mms_own_states_release(struct mms_own_states *states);

/*
 * All states of one booking, in all integrations, dead ones too, oldest first. One round trip, and
 * one more for each row that the state names and Frappe does not have: it may have been renamed
 * there, and row_name is then its present one.
 */
mms_rc
mms_own_states_of_booking(struct mms_db *db, const char *booking, struct mms_own_states *out,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Those of bookings in one integration that are not deleted. One round trip. */
mms_rc
mms_own_states_of_integration(struct mms_db *db, uint64_t cursor_id, struct mms_own_states *out,
			      struct mms_err *err) MMS_MUST_CHECK;
/* One by its UUID. Errors: GONE. */
mms_rc mms_own_state_load(struct mms_db *db, const unsigned char uuid[16],
			  struct mms_own_state *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Whose event is this UUID. All zero: nobody knows it. user and calendar (calendar_id as it stands) are NULL
 * where the integration is no more.
 */
struct mms_own_owner {
	uint64_t cursor_id;
	char *user, *calendar, *external_id;
	enum mms_state_type type;
	bool is_live; /* its state is not deleted */
};
void mms_own_owner_release(struct mms_own_owner *owner);
mms_rc mms_own_state_owner(struct mms_db *db, const unsigned char uuid[16],
			   struct mms_own_owner *out, struct mms_err *err) MMS_MUST_CHECK;
/* Is this id that of an event which is known in the integration, a person's own or one of ours? */
mms_rc mms_own_state_is_taken(struct mms_db *db, uint64_t cursor_id,
			      const unsigned char key[MMS_PRINT_BYTES], bool *out,
			      struct mms_err *err) MMS_MUST_CHECK;

/* Make one (announce). Errors: CONFLICT (the UUID or its id is known: somebody was faster). */
mms_rc mms_own_state_insert(struct mms_tx *tx, const struct mms_own_state *state,
			    int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;
/* Write everything but its identity (uuid, integration, key, external id, type). */
mms_rc mms_own_state_write(struct mms_tx *tx, const struct mms_own_state *state, int64_t now_ms,
			   struct mms_err *err) MMS_MUST_CHECK;
/* The service knows it by another id now. Errors: CONFLICT, RETRY. */
mms_rc mms_own_state_rename(struct mms_tx *tx, const struct mms_own_state *state,
			    const char *external_id, const unsigned char key[MMS_PRINT_BYTES],
			    struct mms_err *err) MMS_MUST_CHECK;
/*
 * Where a person's event has this key it has it no more: it was taken for theirs, and is ours. Its row
 * stays, to be found by its id.
 */
mms_rc mms_own_state_clear_key(struct mms_tx *tx, uint64_t cursor_id,
			       const unsigned char key[MMS_PRINT_BYTES],
			       struct mms_err *err) MMS_MUST_CHECK;
/* The row that has this id, as rows hold it, becomes the state's. There may be none. */
mms_rc mms_own_state_find_row(struct mms_db *db, struct mms_own_state *state,
			      const char *stored_id, struct mms_err *err) MMS_MUST_CHECK;
/*
 * We are about to remove it: when it is found gone, a live state that says so (removed_by) tells that
 * this was us, though no answer came. The next settle of it says otherwise.
 */
mms_rc mms_own_state_removing(struct mms_tx *tx, const struct mms_own_state *state,
			      struct mms_err *err) MMS_MUST_CHECK;
/*
 * All states of a booking were planned from it as it is now: booking_modified of those that have
 * another one. before_us MMS_NO_TIME: whatever they have; else only those that have that one.
 */
mms_rc mms_own_states_planned(struct mms_tx *tx, const char *booking, int64_t before_us,
			      int64_t modified_us, struct mms_err *err) MMS_MUST_CHECK;

/* ---- rows of bookings' events ----------------------------------------------------------------- */

/* A row of type Meeting Booking, direction Bidirectional. Texts are borrowed. */
struct mms_own_row {
	const char *name, *integration, *external_id, *booking;
	const struct mms_event_row *row; /* title, times, description, ...; status */
	int64_t modified_us,
		new_modified_us; /* site time; of an update: only if it still is that */
	const char *by;
	int64_t synced_us; /* last_synced; MMS_NO_TIME: left as it is (NULL of a new one)  */
};
mms_rc mms_own_row_insert(struct mms_tx *tx, const struct mms_own_row *row,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Errors: CONFLICT (somebody else changed it). */
mms_rc mms_own_row_update(struct mms_tx *tx, const struct mms_own_row *row,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Only status, error text and modified, where status and error are not that already. */
mms_rc mms_own_row_mark(struct mms_tx *tx, const char *name, enum mms_row_status status,
			const char *error_log, const char *by, int64_t now_us,
			struct mms_err *err) MMS_MUST_CHECK;

/* ---- the outbox -------------------------------------------------------------------------------- */

struct mms_outbox_entry {
	uint64_t id, cursor_id;
	int64_t version;
	char operation[8]; /* "create", "update", "delete": what it was when it was put here */
	unsigned char uuid[16];
	enum mms_state_type type;
	char *booking; /* owned */
	int64_t attempts, next_attempt_ms;
	char *error_code, *error_text; /* owned; of the last attempt */
};
void mms_outbox_entry_release(struct mms_outbox_entry *entry);
struct mms_outbox {
	struct mms_outbox_entry *items;
	size_t n, cap;
};
void mms_outbox_release(struct mms_outbox *outbox);

/*
 * Ask for an event to be brought up to date: a new entry, or the one that waits, due at once and
 * with all its attempts before it.
 */
mms_rc
mms_outbox_put(struct mms_tx *tx, const struct mms_own_state *state, const char *operation,
	       int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;
/* Entries of one integration that are due, by id, at most max. */
mms_rc mms_outbox_due(struct mms_db *db, uint64_t cursor_id, int64_t now_ms, int64_t max,
		      struct mms_outbox *out, struct mms_err *err) MMS_MUST_CHECK;
/* Those of busy blocks alone. */
mms_rc mms_outbox_due_blocks(struct mms_db *db, uint64_t cursor_id, int64_t now_ms, int64_t max,
			     struct mms_outbox *out, struct mms_err *err) MMS_MUST_CHECK;
/* Entries of one booking. */
mms_rc mms_outbox_of_booking(struct mms_db *db, const char *booking, struct mms_outbox *out,
			     struct mms_err *err) MMS_MUST_CHECK;
/* Does something wait for the event of this UUID? */
mms_rc mms_outbox_has(struct mms_db *db, const unsigned char uuid[16], bool *out,
		      struct mms_err *err) MMS_MUST_CHECK;
/* Cursor ids of integrations with an entry that is due. Owns: *ids, mms_free(). */
mms_rc mms_outbox_waiting(struct mms_db *db, int64_t now_ms, uint64_t **ids, size_t *n,
			  struct mms_err *err) MMS_MUST_CHECK;
/* Done: it goes, unless it was asked for anew since it was read. */
mms_rc mms_outbox_done(struct mms_tx *tx, const struct mms_outbox_entry *entry,
		       struct mms_err *err) MMS_MUST_CHECK;
/* It failed: counted, and tried again not before next_ms, unless it was asked for anew. */
mms_rc mms_outbox_put_off(struct mms_tx *tx, const struct mms_outbox_entry *entry,
			  const char *code, const char *text, int64_t next_ms, int64_t now_ms,
			  struct mms_err *err) MMS_MUST_CHECK;

/*
 * The dead letter of an outward change that is given up; operation is the entry's, which goes as by
 * mms_outbox_done(). One that a person discarded for the same content stays discarded.
 */
mms_rc mms_outbox_give_up(struct mms_tx *tx, const struct mms_outbox_entry *entry,
			  const struct mms_own_state *state, const char *code, const char *text,
			  const unsigned char print[MMS_PRINT_BYTES], int64_t now_ms,
			  struct mms_err *err) MMS_MUST_CHECK;
/* The last letter of an event's outward changes: is it given up (or discarded), for which content. */
mms_rc
mms_outbox_letter(struct mms_db *db, uint64_t cursor_id,
		  const unsigned char key[MMS_PRINT_BYTES], bool *is_given_up,
		  unsigned char print[MMS_PRINT_BYTES], struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_outbox_drop_letters(struct mms_tx *tx, uint64_t cursor_id,
			       const unsigned char key[MMS_PRINT_BYTES],
			       struct mms_err *err) MMS_MUST_CHECK;

/*
 * A dead letter of an outward change was opened: its event is asked for again, due at once. Nothing
 * happens where the event has no state any more. Errors: RETRY, NOMEM.
 */
mms_rc
mms_outbox_reopen(struct mms_db *db, uint64_t letter_id, struct mms_err *err) MMS_MUST_CHECK;

/*
 * How the entry fares that a letter was opened to: attempts since, and the text of the last one's
 * failure. 0 where there is none. Owns: *text; NULL: none. Errors: RETRY, NOMEM.
 */
mms_rc mms_outbox_of_letter(struct mms_db *db, uint64_t letter_id, int64_t *attempts,
			    char **text, struct mms_err *err) MMS_MUST_CHECK;

#endif

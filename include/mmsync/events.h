/*
 * Rows of MM Calendar Event Sync and our states beside them: what is known of an integration,
 * kept small, and the bulk writers.
 *
 * Layer: store.
 */
#ifndef MMSYNC_EVENTS_H
#define MMSYNC_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/event_row.h"
#include "mmsync/longest.h"
#include "mmsync/pool.h"

/* What an event is to us (mmsync_event_state.type). */
enum mms_state_type {
	MMS_STATE_USER_EVENT = 1,
	MMS_STATE_BOOKING = 2,
	MMS_STATE_BUSY_BLOCK = 3
};
/* mmsync_event_state.status */
enum mms_state_status {
	MMS_STATE_CREATING = 1,
	MMS_STATE_CREATED = 2,
	MMS_STATE_SYNCED = 3,
	MMS_STATE_FAILED = 4,
	MMS_STATE_DELETED = 5,
};

enum mms_known_flags {
	MMS_KNOWN_ROW = 1 << 0,        /* there is a row                              */
	MMS_KNOWN_STATE = 1 << 1,      /* there is a state                            */
	MMS_KNOWN_IN_WINDOW = 1 << 2,  /* the row's times overlap the window          */
	MMS_KNOWN_SEEN = 1 << 3,       /* this run's listing showed it                */
	MMS_KNOWN_LETTER = 1 << 4,     /* there is a dead letter                      */
	MMS_KNOWN_NOT_LISTED = 1 << 5, /* a booking's or an outbound row: no listing shows it */
	MMS_KNOWN_LIVE = 1 << 6,       /* its state says that there is a row to it    */
	MMS_KNOWN_PLANNED = 1 << 7,    /* a change of this batch is about it          */
	MMS_KNOWN_BEHIND = 1 << 8,     /* the state names another row (renamed, or gone) */
	MMS_KNOWN_NO_SOURCE = 1 << 9,  /* mmsync_event_state.flags (mmsync/blocks.h)      */
	MMS_KNOWN_PRIVATE = 1 << 10,
	MMS_KNOWN_BLANK = 1 << 11, /* a reset has forgotten what it was like              */
};

/* One event of an integration, about 80 bytes. */
struct mms_known_event {
	unsigned char key[MMS_PRINT_BYTES];
	struct mms_prints prints; /* of the row as it stands                           */
	int64_t modified_us;      /* MMS_NO_TIME: NULL                                 */
	uint32_t name_at;         /* the row's name, in struct mms_known               */
	uint32_t letter_at;       /* its dead letter, in struct mms_known                  */
	uint8_t status; /* enum mms_row_status of the row                             */
	uint8_t type;   /* enum mms_state_type; user event where there is no state    */
	uint16_t flags;
	uint32_t next_same; /* index + 1 of the next with the same content, 0: none      */
};

/* mmsync_dead_letter.given_up */
enum mms_letter_state {
	MMS_LETTER_OPEN = 0,      /* tried again by itself                            */
	MMS_LETTER_GIVEN_UP = 1,  /* only with other content, or when a person asks   */
	MMS_LETTER_DISCARDED = 2, /* only with other content, and no failure any more */
};

/* What is known of a dead letter: given up, it is tried again only with other content. */
struct mms_known_letter {
	unsigned char print[MMS_PRINT_BYTES]; /* whole print of the row that it was about */
	int64_t attempts;
	bool is_given_up, is_discarded;
};

/* All zero is empty. */
struct mms_known {
	struct mms_known_event *items;
	size_t n, cap;
	uint32_t *by_key;     /* index + 1, open addressing */
	uint32_t *by_content; /* index + 1 of the first     */
	size_t n_slots;
	struct mms_str names;
	struct mms_known_letter *letters;
	size_t n_letters, cap_letters;
	int64_t n_live; /* live rows in the window when loaded */
	/* Of those that may block; whoever writes rows notes them here, too. */
	struct mms_longest longest;
	int64_t longest_gone_us; /* of those that would block if they were not deleted */
	int64_t n_stamped;       /* rows whose modified is the stamp that was asked for */
};
void mms_known_release(struct mms_known *known);

/* What of an integration is to be read. */
struct mms_known_query {
	const char *integration; /* borrowed                                      */
	uint64_t cursor_id;      /* 0: none                                       */
	int64_t from_us, to_us;  /* the window, wall time                         */
	int64_t stamp_us;        /* rows of this modified are counted; MMS_NO_TIME: none */
};
/* Everything of one integration: two or three streams. */
mms_rc mms_known_load(struct mms_db *db, const struct mms_known_query *query,
		      struct mms_known *out, struct mms_err *err) MMS_MUST_CHECK;

/* NULL when unknown. Borrows: until the next load, add or release. */
struct mms_known_event *
mms_known_find(struct mms_known *known, const unsigned char key[MMS_PRINT_BYTES]);
/* A live row of the window with this content that the listing has not shown; NULL: none. */
struct mms_known_event *
mms_known_find_twin(struct mms_known *known, const unsigned char content[MMS_PRINT_BYTES]);
/* The event's dead letter, NULL: none. Borrows: until the next load or release. */
const struct mms_known_letter *
mms_known_find_letter(const struct mms_known *known, const struct mms_known_event *event);
/* Does a state name a row that Frappe has deleted? */
bool mms_known_is_forgotten(const struct mms_known_event *event);
const char *mms_known_name(const struct mms_known *known, const struct mms_known_event *event);
mms_rc mms_known_add(struct mms_known *known, const struct mms_known_event *event,
		     const char *name, struct mms_err *err) MMS_MUST_CHECK;
/* After a write: the event at this index has this row now (and a state). Errors: NOMEM. */
struct mms_change;
mms_rc mms_known_note(struct mms_known *known, const struct mms_change *change,
		      struct mms_err *err) MMS_MUST_CHECK;

/* What is done to one event. */
enum mms_change_kind {
	MMS_CHANGE_INSERT, /* the row is new, its state too unless has_state         */
	MMS_CHANGE_UPDATE, /* all fields of the row                                  */
	MMS_CHANGE_RENAME, /* as update, and the event has a new external id         */
	MMS_CHANGE_MARK,   /* the row's status and error text (soft deletion, trouble) */
	MMS_CHANGE_STATE,  /* the row is right, only its state is missing or behind  */
	MMS_CHANGE_FOLLOW, /* only its state: the row is gone, or has another name   */
	MMS_CHANGE_LETTER, /* only the dead letter                                   */
};

/* The dead letter that goes with a change. */
enum mms_letter_kind { MMS_LETTER_NONE, MMS_LETTER_PUT, MMS_LETTER_REMOVE };

/* All zero is empty; it owns its texts. */
struct mms_change {
	enum mms_change_kind kind;
	uint32_t known_at; /* index in struct mms_known                             */
	uint8_t count;     /* which counter it goes to when it is written (sync/plan.h) */
	const char *why;   /* static, for a dry run                                 */
	enum mms_letter_kind letter;
	bool letter_is_given_up;
	char *letter_code, *letter_text; /* owned                                    */
	uint16_t letter_attempts;        /* as it will be                            */
	unsigned char key[MMS_PRINT_BYTES];
	unsigned char old_key[MMS_PRINT_BYTES]; /* RENAME                            */
	bool is_under_old; /* MARK: of a RENAME that was refused, the row's state has old_key */
	struct mms_event_row row; /* INSERT, UPDATE, RENAME: whole; MARK: status, error_log  */
	struct mms_prints prints;
	char *name;          /* of the row; INSERT: filled before it is written       */
	int64_t modified_us; /* the row's when it was read; MMS_NO_TIME: NULL          */
	int64_t new_modified_us;
	uint8_t state_type; /* enum mms_state_type                                  */
	uint8_t flags;      /* of the state: enum mms_state_flags (mmsync/blocks.h)  */
	bool has_state;
	unsigned char uuid[16]; /* of a new state                                      */
	char *exact_id, *series_id, *ical_uid, *version;
};
void mms_change_release(struct mms_change *change);

/* Who writes, when, where. */
struct mms_write_stamp {
	const char *integration;
	uint64_t cursor_id;
	const char *user; /* owner and modified_by                 */
	int64_t site_us;  /* now, site wall time                   */
	int64_t now_ms;   /* now, Unix ms                          */
	bool makes_dues;  /* what changes is due for busy blocks (mmsync_block_due) */
};

/* Buffers for bulk writing, reused from batch to batch. All zero is closed. */
struct mms_event_writer {
	struct mms_bulk insert_rows, update_rows, mark_rows;
	struct mms_bulk insert_states, update_states, mark_states, rename_states;
	struct mms_bulk put_letters, remove_letters;
	struct mms_bulk put_dues; /* made when it is first needed */
	bool is_open;
};
mms_rc mms_event_writer_open(struct mms_event_writer *w, size_t max_rows,
			     struct mms_err *err) MMS_MUST_CHECK;
void mms_event_writer_release(struct mms_event_writer *w);

/*
 * Write changes in one transaction: rows by bulk INSERT, or bulk UPDATE guarded by name and
 * modified; states and dead letters with them. Where the stamp makes dues, each event but of LETTER and
 * FOLLOW is then due for busy blocks.
 * Errors: CONFLICT (a duplicate key, or a row changed since it was read: read again, plan
 * again), ITEM (a value is refused: bisect), BUG (not each row would have its state: nothing may be committed), RETRY,
 * NOMEM.
 */
mms_rc
mms_event_writer_run(struct mms_event_writer *w, struct mms_tx *tx,
		     const struct mms_write_stamp *stamp, struct mms_change *const *changes,
		     size_t n, struct mms_err *err) MMS_MUST_CHECK;

#endif

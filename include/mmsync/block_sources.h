/*
 * Where busy blocks come from: the events of a person as they are stored, what of them is due, which are the same
 * meeting.
 *
 * Layer: store.
 */
#ifndef MMSYNC_BLOCK_SOURCES_H
#define MMSYNC_BLOCK_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/event_row.h"
#include "mmsync/events.h"

/* mmsync_event_state.flags of a user event */
enum mms_state_flags {
	MMS_STATE_NO_SOURCE =
		1 << 0, /* no blocks are made from it: it is somebody's block already */
	MMS_STATE_PRIVATE =
		1 << 1, /* its title is not copied                                    */
};

/* The cursors of one person's integrations. Borrowed. */
struct mms_block_person {
	const uint64_t *cursors;
	size_t n;
};

/* ---- where blocks come from ----------------------------------------------------------------- */

/* An event of a person, with its row. All zero is empty; texts are owned. */
struct mms_block_source {
	uint64_t cursor_id;
	unsigned char uuid[16], key[MMS_PRINT_BYTES];
	enum mms_state_type type; /* user event or booking */
	/*
	 * enum mms_state_flags: as they are stored, and NO_SOURCE where its iCalUID is that of a block of this
	 * installation, live or dead, in whatever calendar.
	 */
	unsigned flags;
	bool is_instance; /* of a series           */
	bool has_state;   /* false: due, but no state knows it: nothing comes from it      */
	bool is_deleted;  /* its state says so     */
	/* Its row; status MMS_ROW_OTHER where there is none. */
	enum mms_row_status status;
	bool is_blocking, is_all_day;
	int64_t start_us, end_us; /* wall time of the stored zone; MMS_NO_TIME */
	char *title, *organizer, *ical_uid, *booking, *external_id;
	int64_t due; /* version of its mmsync_block_due as it was read; 0: it is not due */
};
void mms_block_source_release(struct mms_block_source *source);
struct mms_block_sources {
	struct mms_block_source *items;
	size_t n, cap;
};
void mms_block_sources_release(struct mms_block_sources *sources);

/* Cursor ids of integrations with an event that is due. Owns: *ids, mms_free(). One statement. */
mms_rc mms_block_dues_waiting(struct mms_db *db, uint64_t **ids, size_t *n,
			      struct mms_err *err) MMS_MUST_CHECK;
/* Those in which there is, or was, a block. In order. Owns: *ids, mms_free(). One statement. */
mms_rc mms_block_calendars(struct mms_db *db, uint64_t **ids, size_t *n,
			   struct mms_err *err) MMS_MUST_CHECK;
/* Add the person's events that are due, at most max, as they are now. One statement. */
mms_rc
mms_block_sources_due(struct mms_db *db, const struct mms_block_person *person, int64_t max,
		      struct mms_block_sources *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Add all events of the person's calendars that are live and block, or are Sync Failed, and end after
 * from_us (wall time of the stored zone), due or not. One statement, a stream.
 */
mms_rc
mms_block_sources_all(struct mms_db *db, const struct mms_block_person *person, int64_t from_us,
		      struct mms_block_sources *out, struct mms_err *err) MMS_MUST_CHECK;
/* Add events by UUID, those that have a state. One statement; none for n 0. */
mms_rc
mms_block_sources_find(struct mms_db *db, const unsigned char (*uuids)[16], size_t n,
		       struct mms_block_sources *out, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Add the person's live blocking events that start at one of these (wall time of the stored zone): what may
 * be the same meeting. One statement; none for n 0.
 */
mms_rc mms_block_sources_at(struct mms_db *db, const struct mms_block_person *person,
			    const int64_t *starts_us, size_t n, struct mms_block_sources *out,
			    struct mms_err *err) MMS_MUST_CHECK;

/* Two events that were the same meeting when they were planned. */
struct mms_block_twin {
	unsigned char uuid[16], twin[16];
};
struct mms_block_twins {
	struct mms_block_twin *items;
	size_t n, cap;
};
void mms_block_twins_release(struct mms_block_twins *twins);
/* Add the pairs that these events are the first of. One statement; none for n 0. */
mms_rc mms_block_twins_find(struct mms_db *db, const unsigned char (*uuids)[16], size_t n,
			    struct mms_block_twins *out, struct mms_err *err) MMS_MUST_CHECK;

#endif

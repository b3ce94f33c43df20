/*
 * A look at what a sync would decide now, for those who only want to know: the planner of busy blocks over one person
 * after the other, and that of bookings. Nothing is written, nothing is sent.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_REVIEW_H
#define MMSYNC_REVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/blocks.h"
#include "mmsync/err.h"
#include "mmsync/sync.h"

struct mms_review;
/* Reads the site's calendars. Owns: *out, mms_review_free(). Keeps: env. Errors: RETRY, DB, NOMEM. */
mms_rc mms_review_new(struct mms_review **out, const struct mms_sync_env *env,
		      struct mms_err *err) MMS_MUST_CHECK;
void mms_review_free(struct mms_review *review);

/*
 * Are all blocks of the person of this calendar to be planned anew, because calendars or settings have changed
 * since? Then what is wrong with them is about to be mended.
 */
bool mms_review_is_replanned(const struct mms_review *review, uint64_t cursor_id);

/* How many people's blocks a review of all would look at. */
size_t mms_review_n_people(const struct mms_review *review);

/* Whose blocks, and which. All zero: everybody's, whenever. */
struct mms_review_choice {
	const char *user,
		*integration; /* that person; the person of that calendar; NULL: all */
	int64_t from_ms;      /* what ends before is passed over: that is over               */
	int64_t to_ms;        /* blocks that are missing are told of what starts before this */
};

/* What is known of a decision's source. */
enum mms_review_source {
	MMS_REVIEW_SOURCE_UNKNOWN, /* no event is known by its UUID                              */
	MMS_REVIEW_SOURCE_OTHER, /* it is of a calendar that is not the person's               */
	MMS_REVIEW_SOURCE_OFF,  /* its calendar is inactive, or takes no part                 */
	MMS_REVIEW_SOURCE_IDLE, /* it takes no time (any more)                                */
	MMS_REVIEW_SOURCE_BUSY,
};

/* A step that a plan of a person would have, though nothing is due. Borrowed for the call. */
struct mms_review_block {
	enum mms_block_step
		step;   /* CREATE, UPDATE, DELETE, LOSE, ADOPT                        */
	bool is_extra;  /* DELETE: another block is there for its meeting             */
	bool is_target; /* its calendar gets blocks                                   */
	uint64_t cursor_id;
	const char
		*integration; /* of cursor_id                                               */
	bool has_block;
	unsigned char block_uuid[16];
	enum mms_review_source source;
	uint64_t
		source_id; /* cursor of the source, and its key; 0: it is not known           */
	unsigned char source_uuid[16], source_key[MMS_PRINT_BYTES];
	int64_t start_ms, end_ms;
	const char *why; /* static */
};
typedef mms_rc
mms_review_taker(void *aux, const struct mms_review_block *block, struct mms_err *err);
/*
 * Plan, person by person, and tell what would be done although nothing is due and nothing of it in the outbox. Of
 * people of whom something is due, or all is to be planned anew, nothing is told. What was found is looked for a second
 * time, so that what a run does meanwhile is not told. Errors: CONFIG (the zone of stored times is not
 * settled), STOPPED, RETRY, DB, NOMEM, and those of take.
 */
mms_rc mms_review_blocks(struct mms_review *review, const struct mms_review_choice *choice,
			 mms_review_taker *take, void *aux, struct mms_err *err) MMS_MUST_CHECK;

/* A calendar in which a booking is wanted and not known. Borrowed for the call. */
struct mms_review_booking {
	const char *booking, *integration;
	uint64_t cursor_id;
	const char *why; /* static */
};
typedef mms_rc mms_review_booking_taker(void *aux, const struct mms_review_booking *missing,
					struct mms_err *err);
/* Plan one booking, twice where something is missing. Errors: as above. */
mms_rc mms_review_one_booking(struct mms_review *review, const char *booking,
			      mms_review_booking_taker *take, void *aux,
			      struct mms_err *err) MMS_MUST_CHECK;

/*
 * Are two stored times the same instant, to the minute? An hour that clocks leave out is written in two ways. Errors:
 * CONFIG, NOMEM.
 */
mms_rc mms_review_is_same_time(struct mms_review *review, int64_t a_us, int64_t b_us, bool *out,
			       struct mms_err *err) MMS_MUST_CHECK;

#endif

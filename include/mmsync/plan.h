/*
 * What is done about one event of a listing: a pure decision from what is known and what was
 * listed. fixtures/plan/inbound.txt has every case as a row.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_PLAN_H
#define MMSYNC_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/events.h"

/* What the listing says, and what is known, as far as the decision needs it. */
struct mms_plan_input {
	/* known */
	bool has_row, has_state, is_behind, has_letter, is_given_up;
	bool has_old_flags;         /* the state says otherwise what blocks may be made of it */
	bool is_discarded;          /* the letter: a person lives without this content        */
	enum mms_row_status status; /* of the row */
	enum mms_state_type type;
	int64_t attempts;    /* of the dead letter                            */
	bool is_letter_same; /* it is about the very row that is wanted now   */
	/* listed */
	bool is_gone;     /* tombstone or cancelled                       */
	bool is_declined; /* by the calendar's owner                      */
	bool is_outside;  /* not in the window                            */
	bool has_problem; /* could not be read                            */
	bool is_ours;     /* made by this installation, though no state here says so */
	bool is_same;     /* the row that it wants is the row that stands  */
	bool has_twin;    /* an unseen row has this very content           */
	int64_t max_attempts;
};

enum mms_plan_action {
	MMS_PLAN_NOTHING,
	MMS_PLAN_INSERT,
	MMS_PLAN_DEFER, /* new, but perhaps a known one under a new id: decide at the end */
	MMS_PLAN_UPDATE,
	MMS_PLAN_DELETE, /* soft */
	MMS_PLAN_NOTE,   /* keep the row's good values, write why its update failed        */
	MMS_PLAN_FAIL,   /* the row becomes Sync Failed                                    */
	MMS_PLAN_STATE,  /* only our state                                                 */
	MMS_PLAN_LETTER, /* only the dead letter                                           */
};

/* Which counter it goes to. */
enum mms_plan_count {
	MMS_COUNT_NONE,
	MMS_COUNT_CREATED,
	MMS_COUNT_UPDATED,
	MMS_COUNT_UNCHANGED, /* also what was discarded and is the same            */
	MMS_COUNT_DELETED,
	MMS_COUNT_DECLINED,
	MMS_COUNT_OURS,
	MMS_COUNT_FOREIGN,
	MMS_COUNT_FAILED,
};

struct mms_plan {
	enum mms_plan_action action;
	enum mms_letter_kind letter;
	bool gives_up;    /* with MMS_LETTER_PUT  */
	int64_t attempts; /* with MMS_LETTER_PUT  */
	enum mms_plan_count count;
	const char *why; /* static: for a dry run */
};

struct mms_plan mms_plan_inbound(const struct mms_plan_input *in);

/* Names for tests and dry runs. Borrows: static. */
const char *mms_plan_action_name(enum mms_plan_action action);

#endif

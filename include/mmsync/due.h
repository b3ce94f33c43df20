/*
 * When sync --due takes an integration next, or why it does not. Pure: the run that chooses and
 * the pages that tell ask the same function.
 *
 * Layer: sync.
 */
#ifndef MMSYNC_DUE_H
#define MMSYNC_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/cursors.h"

enum mms_due {
	MMS_DUE_NOW,      /* the next scheduled run takes it                         */
	MMS_DUE_LATER,    /* its interval has not passed                             */
	MMS_DUE_WAITING,  /* the service asked to be left alone                      */
	MMS_DUE_CIRCUIT,  /* its interval has passed, but its circuit is open        */
	MMS_DUE_INACTIVE, /* is_active is 0                                          */
	MMS_DUE_MANUAL,   /* auto_sync_enabled is 0: only by name, or without --due  */
};

/* A service may ask for patience, but silences no calendar for longer than circuit.max_open_s allows at most. */
#define MMS_WAIT_MOST_MS (INT64_C(31) * MMS_DAY_MS)
/* Until when the service wants no request; MMS_NO_TIME: it wants them now, or what it is said to want makes no sense. */
int64_t mms_due_wait_ms(const struct mms_cursor *cursor, int64_t now_ms);

/* For people and for JSON: "now", "later", "waiting", "circuit", "inactive", "manual". Static. */
const char *mms_due_name(enum mms_due due);

/*
 * Judged at an instant, Unix ms. *at_ms is when it is due: now_ms for NOW, a later time for LATER,
 * WAITING and CIRCUIT, MMS_NO_TIME else.
 */
enum mms_due mms_due_find(const struct mms_source *source, int64_t now_ms, int64_t *at_ms);

#endif

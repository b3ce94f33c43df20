/*
 * An error as it travels up: a code that names the caller's next move, a sentence for a
 * person, and a hint that says what to do. Whoever first understands the failure fills it;
 * callers above only add context. Text and hint never hold a secret.
 *
 * Layer: base.
 */
#ifndef MMSYNC_ERR_H
#define MMSYNC_ERR_H

#include <stdint.h>

#include "mmsync/attr.h"
#include "mmsync/rc.h"
#include "mmsync/str.h"

/* Whose doing a failure is, as far as whoever filled it could tell: what circuits count (mmsync/circuit.h). */
enum mms_blame {
	MMS_BLAME_UNSAID,   /* ours, the database's, or nobody can tell                  */
	MMS_BLAME_CALENDAR, /* the service answers, but not well for this user or address */
	MMS_BLAME_SERVICE,  /* the service as a whole, or the way to it                  */
};

/* All zero is a valid start: MMS_AUTO(mms_err) err = { 0 }; */
struct mms_err {
	mms_rc code;
	enum mms_blame blame;
	int64_t retry_at_ms; /* wall clock, Unix ms, UTC; 0 = not set     */
	struct mms_str text; /* what went wrong, with values              */
	struct mms_str hint; /* what the person can do; may be empty      */
};

/* Forget the error and its texts; NULL is fine. The struct is all zero afterwards. */
void mms_err_release(struct mms_err *err);

/* Each returns the code, so that `return mms_fail(...)` is one line. They replace what was there. */
mms_rc mms_fail(struct mms_err *err, mms_rc code, const char *fmt, ...) MMS_PRINTF(3, 4);
mms_rc mms_fail_nomem(struct mms_err *err);
/* WAIT with its time: not before at_ms (Unix ms). */
mms_rc mms_fail_wait(struct mms_err *err, int64_t at_ms, const char *fmt, ...) MMS_PRINTF(3, 4);
/* Add what was being done in front: "context: text". Returns the code that is already there. */
mms_rc mms_fail_in(struct mms_err *err, const char *fmt, ...) MMS_PRINTF(2, 3);
/* Say what to do about it; replaces an earlier hint. Returns the code that is already there. */
mms_rc mms_hint(struct mms_err *err, const char *fmt, ...) MMS_PRINTF(2, 3);

/* Say whose doing it is; mms_fail() forgets it again. Returns the code that is already there. */
mms_rc mms_blame(struct mms_err *err, enum mms_blame blame);
/* The same of an answer's HTTP status: 408 and 500 up are the service's, others from 400 on the calendar's. */
mms_rc mms_blame_status(struct mms_err *err, long status);

/* Sentence and hint, never NULL ("out of memory" when there was none left to write it). */
const char *mms_err_text(const struct mms_err *err);
const char *mms_err_hint(const struct mms_err *err);

/* Move *from into *to; *from is empty afterwards. */
void mms_err_move(struct mms_err *to, struct mms_err *from);

#endif

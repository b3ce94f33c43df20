/* Is what is remembered of how far a calendar was read possible at all? Private to sync/. */
#ifndef SYNC_CURSOR_CHECK_H
#define SYNC_CURSOR_CHECK_H

#include "turn.h"

/* What of a cursor makes no sense, as bits. */
enum mms_cursor_flaw {
	MMS_CURSOR_TOKEN = 1 << 0,  /* no token of this service                             */
	MMS_CURSOR_WINDOW = 1 << 1, /* a window that ends before it starts, or beyond any    */
	MMS_CURSOR_FUTURE = 1 << 2, /* read in full at a time that has not come              */
	MMS_CURSOR_WAIT = 1 << 3,   /* a wait longer than any service is granted             */
};
/*
 * Pure; 0: nothing is wrong with it. Clocks of machines may differ by hours, and a site's may have been set
 * back: that is no flaw.
 */
unsigned mms_cursor_check(const struct mms_cursor *cursor, const struct mms_provider *provider,
			  int64_t now_ms);
/* The first of these flaws, for logs. Static. */
const char *mms_cursor_flaw_name(unsigned flaws);
/*
 * Before a cursor is used: what makes no sense is forgotten, in a transaction of its own, and the turn reads
 * everything. A dry run forgets it in memory.
 */
mms_rc mms_cursor_heal(struct mms_turn_state *t, struct mms_err *err) MMS_MUST_CHECK;

#endif

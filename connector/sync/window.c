/* Which window a turn reads, and whether it must read everything. */
#include "turn.h"

#define WEEK_MS (7 * MMS_DAY_MS)

/*
 * Once a week each calendar is read in full, at a time of the week of its own, so that a
 * thousand calendars do not come due together.
 */
static bool
is_weekly_due(uint64_t cursor_id, int64_t last_full_ms, int64_t now_ms)
{
	/* Knuth's multiplicative hash spreads neighbouring ids over the week. */
	int64_t offset = (int64_t)(cursor_id * UINT64_C(11400714819323198485) >> 34) % WEEK_MS;

	return (now_ms - offset) / WEEK_MS != (last_full_ms - offset) / WEEK_MS;
}

bool
mms_window_wants_full(const struct mms_cursor *cursor, int64_t from_ms, int64_t to_ms,
		      int64_t now_ms)
{
	if (cursor->token == NULL || cursor->token[0] == '\0' ||
	    cursor->last_full_ms == MMS_NO_TIME || cursor->window_start_ms == MMS_NO_TIME)
		return true;
	if (from_ms < cursor->window_start_ms)
		return true; /* the window was widened into the past */
	if (cursor->next_entry_ms != MMS_NO_TIME && to_ms > cursor->next_entry_ms)
		return true; /* the far edge reached an event that was not stored yet */
	return is_weekly_due(cursor->id, cursor->last_full_ms, now_ms);
}

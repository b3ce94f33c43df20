/* Which window a turn reads, and whether it must read everything. */
#include <string.h>

#include "turn.h"

/* One more when a version of mmsync makes other rows of the same events. */
#define ROW_FORMAT 1

#define WEEK_MS (7 * MMS_DAY_MS)
/*
 * Frappe sets modified when a save begins, and commits at the end of the request or job: 25
 * minutes later at most (a "long" job). Twenty more for clocks that differ.
 */
#define UNDER_WAY_MS (INT64_C(45) * 60000)
/* No clock is set back by more than this. */
#define SET_BACK_MS (INT64_C(3) * 3600000)

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

/*
 * A token tells of changes, not of what enters the window because time passes. So a full listing of a
 * service reaches this much further than its window: to the next one, a week later, and a day more.
 */
#define AHEAD_MS (8 * MMS_DAY_MS)

bool
mms_window_is_passed(const struct mms_cursor *cursor, int64_t to_ms)
{
	return cursor->window_end_ms == MMS_NO_TIME || to_ms > cursor->window_end_ms;
}

int64_t
mms_window_end(const struct mms_cursor *cursor, int64_t to_ms, bool is_full)
{
	return is_full ? to_ms + AHEAD_MS : cursor->window_end_ms;
}

/* What else makes other rows of a service's events; a feed's digest stays what it was. */
static void
add_service(struct mms_digest *digest, const struct mms_integration *integration,
	    const struct mms_calendar *calendar)
{
	bool is_two_way = integration->direction != NULL &&
			  strcmp(integration->direction, "Two-way (Read & Write)") == 0;

	mms_digest_add_i64(digest, calendar->is_day_zone_own);
	mms_digest_add_text(digest, calendar->calendar_id);
	/* A calendar that bookings go to from now on may hold events of theirs. */
	mms_digest_add_i64(digest,
			   is_two_way && integration->is_active && integration->is_primary);
}

/*
 * What the rows of a turn are made under, beside the events: where it changes (event_time_zone,
 * the person's zone, what blocks, a widened column), an unchanged calendar makes other rows. In
 * the site's zone stands the watermark of what was measured: in another it must be measured anew.
 */
mms_rc
mms_window_print(struct mms_digest *digest, const struct mms_row_rules *rules,
		 const struct mms_zone *site_zone, const struct mms_source *source,
		 const struct mms_calendar *calendar, const struct mms_provider *provider,
		 unsigned char out[MMS_READ_PRINT_BYTES], struct mms_err *err)
{
	unsigned char whole[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_i64(digest, ROW_FORMAT);
	mms_digest_add_text(digest, mms_zone_name(rules->event_zone));
	mms_digest_add_text(digest, mms_zone_name(calendar->day_zone));
	mms_digest_add_text(digest, mms_zone_name(site_zone));
	mms_digest_add_i64(digest, rules->blocking.tentative);
	mms_digest_add_i64(digest, rules->blocking.focus_time);
	mms_digest_add_i64(digest, rules->blocking.all_day);
	mms_digest_add_i64(digest, (int64_t)rules->id_chars);
	mms_digest_add_i64(digest, (int64_t)rules->title_chars);
	mms_digest_add_i64(digest, (int64_t)rules->location_chars);
	mms_digest_add_i64(digest, (int64_t)rules->organizer_chars);
	if (provider->caps & MMS_CAP_WRITE)
		add_service(digest, &source->integration, calendar);
	rc = mms_digest_end(digest, whole, err);
	if (rc != MMS_OK)
		return rc;
	/* It begins with the zone of the rows: availability cannot read them in another. */
	memcpy(out, whole, MMS_READ_PRINT_BYTES);
	mms_zone_mark(rules->event_zone, out);
	return MMS_OK;
}

bool
mms_window_wants_full(const struct mms_cursor *cursor, const unsigned char *read_print,
		      int64_t from_ms, int64_t to_ms, int64_t now_ms)
{
	if (memcmp(cursor->read_print, read_print, sizeof cursor->read_print) != 0)
		return true; /* what is stored was made under other rules */
	if (cursor->open_letters > 0)
		return true; /* an event waits for another try */
	if (cursor->last_success_ms == MMS_NO_TIME)
		return true; /* nobody has read this calendar yet: that was another's token */
	if (cursor->token == NULL || cursor->token[0] == '\0' ||
	    cursor->last_full_ms == MMS_NO_TIME || cursor->window_start_ms == MMS_NO_TIME)
		return true;
	if (from_ms < cursor->window_start_ms)
		return true; /* the window was widened into the past */
	if (cursor->next_entry_ms != MMS_NO_TIME && to_ms > cursor->next_entry_ms)
		return true; /* the far edge reached an event that was not stored yet */
	return is_weekly_due(cursor->id, cursor->last_full_ms, now_ms);
}

int64_t
mms_window_watermark(const struct mms_zone *site_zone, int64_t now_ms)
{
	int64_t from_ms = now_ms - UNDER_WAY_MS;
	int64_t before = mms_zone_offset_at(site_zone, from_ms),
		after = mms_zone_offset_at(site_zone, now_ms + SET_BACK_MS);
	int64_t back_us = before > after ? (before - after) * 1000000 : 0;

	return mms_zone_to_wall(site_zone, from_ms) - back_us;
}

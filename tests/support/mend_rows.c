/* What may be broken, and its remedies (see the header). */
#include "support/mend_rows.h"

#include "support/unit.h"

#include "mmsync/mend.h"

static const struct mend_row rows[] = {
	{ "an event's blocks",
	  { .remedy = MMS_REMEDY_PLAN_EVENT,
	    .cursor = OF_BLOCK("s.integration_id"),
	    .key = OF_BLOCK("HEX(s.ext_key)") },
	  "UPDATE mmsync_busy_block SET start_ms = start_ms - 3600000, print = REPEAT('x', 16),"
	  " sent_print = print ORDER BY id DESC LIMIT 1",
	  "SELECT COUNT(*) FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid = "
	  "b.uuid WHERE b.print = REPEAT('x', 16) AND s.status <> 5",
	  true,
	  "busy_block_differs" },
	{ "a person's blocks",
	  { .remedy = MMS_REMEDY_PLAN_PERSON, .cursor = TEAM },
	  "UPDATE mmsync_busy_block SET start_ms = start_ms - 3600000, print = REPEAT('x', 16),"
	  " sent_print = print WHERE uuid IN (SELECT uuid FROM mmsync_event_state WHERE type = "
	  "3"
	  " AND status <> 5)",
	  "SELECT COUNT(*) FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid = "
	  "b.uuid WHERE b.print = REPEAT('x', 16) AND s.status <> 5",
	  true,
	  "busy_block_differs" },
	{ "a block's row without a state",
	  { .remedy = MMS_REMEDY_FORGET_BLOCK,
	    .uuid = "SELECT '0123456789ABCDEF0123456789ABCDEF'" },
	  "INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id, "
	  "start_ms,"
	  " end_ms, title, print, planned_run, planned_ms) SELECT"
	  " UNHEX('0123456789ABCDEF0123456789ABCDEF'), integration_id, source_uuid, source_id,"
	  " start_ms, end_ms, title, print, planned_run, planned_ms " A_BLOCK,
	  "SELECT COUNT(*) FROM mmsync_busy_block WHERE uuid ="
	  " UNHEX('0123456789ABCDEF0123456789ABCDEF')",
	  false,
	  "busy_block_without_state" },
	{ "a block of which nothing was sent",
	  { .remedy = MMS_REMEDY_SEND_EVENT, .uuid = "SELECT HEX(uuid) " A_BLOCK },
	  "UPDATE mmsync_busy_block SET sent_print = NULL ORDER BY id DESC LIMIT 1",
	  "SELECT COUNT(*) FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid = "
	  "b.uuid WHERE b.sent_print IS NULL AND s.status <> 5",
	  true,
	  "busy_block_unsent" },
	{ "a booking's event that was announced",
	  { .remedy = MMS_REMEDY_SEND_EVENT, .uuid = "SELECT HEX(uuid) " B1_ANN },
	  "UPDATE mmsync_event_state SET status = 1, external_version = NULL, created_at_ms = "
	  "0 WHERE type = 2"
	  " AND booking = 'B1' AND integration_id = (" CURSOR("work") ")",
	  "SELECT COUNT(*) FROM mmsync_event_state WHERE status = 1",
	  true,
	  "creation_forgotten" },
	{ "a state whose row is gone",
	  { .remedy = MMS_REMEDY_FORGET_STATE,
	    .cursor = TEAM,
	    .key = "SELECT HEX(ext_key) " TEAM_EVENT },
	  "DELETE FROM " ROWS
	  " WHERE name = (SELECT row_name COLLATE utf8mb4_unicode_ci " TEAM_EVENT ")",
	  "SELECT 3 - COUNT(*) FROM " ROWS
	  " WHERE calendar_integration = 'team' AND external_event_id LIKE 'm%@example.com'",
	  true,
	  "state_without_event" },
	{ "a booking's event under another's key",
	  { .remedy = MMS_REMEDY_FORGET_STATE,
	    .cursor = CURSOR("work"),
	    .key = "SELECT HEX(REPEAT('w', 16))" },
	  "UPDATE mmsync_event_state SET ext_key = REPEAT('w', 16) WHERE type = 2 AND booking ="
	  " 'B1' AND integration_id = (" CURSOR("work") ")",
	  "SELECT COUNT(*) FROM mmsync_event_state WHERE ext_key = REPEAT('w', 16)",
	  true,
	  "state_key" },
	{ "a block of which is not known what it says",
	  { .remedy = MMS_REMEDY_FORGET_STATE,
	    .cursor = CURSOR("work"),
	    .key = "SELECT HEX(s.ext_key) FROM mmsync_event_state s LEFT JOIN "
		   "mmsync_busy_block b"
		   " ON b.uuid = s.uuid WHERE s.type = 3 AND s.integration_id ="
		   " (" CURSOR("work") ") AND s.status <> 5 AND b.uuid IS NULL" },
	  "DELETE FROM mmsync_busy_block WHERE uuid IN (SELECT uuid FROM mmsync_event_state"
	  " WHERE type = 3 AND status <> 5) ORDER BY id DESC LIMIT 1",
	  "SELECT 3 - COUNT(*) FROM mmsync_event_state s JOIN mmsync_busy_block b ON b.uuid ="
	  " s.uuid WHERE s.type = 3 AND s.status <> 5",
	  true,
	  "busy_block_without_row" },
	{ "a calendar that was read wrongly",
	  { .remedy = MMS_REMEDY_READ_CALENDAR, .cursor = TEAM },
	  "UPDATE " ROWS " SET event_title = 'wrong' WHERE calendar_integration = 'team'",
	  "SELECT COUNT(*) FROM " ROWS " WHERE event_title = 'wrong'",
	  true,
	  NULL },
	{ "a booking's event whose row is at another time",
	  { .remedy = MMS_REMEDY_SEND_EVENT,
	    .uuid = "SELECT HEX(uuid) FROM mmsync_event_state WHERE type = 2 AND booking = "
		    "'B2'" },
	  "UPDATE " ROWS " SET end_datetime = end_datetime + INTERVAL 1 HOUR"
	  " WHERE meeting_booking = 'B2'",
	  "SELECT COUNT(*) FROM " ROWS " e JOIN " BOOKINGS
	  " b ON b.name = e.meeting_booking WHERE e.end_datetime <> b.end_datetime",
	  true,
	  "booking_event_times" },
	{ "a booking's row at another time",
	  { .remedy = MMS_REMEDY_PUSH_BOOKING, .booking = "B2" },
	  "UPDATE " ROWS " SET start_datetime = start_datetime - INTERVAL 1 HOUR"
	  " WHERE meeting_booking = 'B2'",
	  "SELECT COUNT(*) FROM " ROWS " e JOIN " BOOKINGS
	  " b ON b.name = e.meeting_booking WHERE e.start_datetime <> b.start_datetime",
	  true,
	  "booking_event_times" },
	{ "a booking's row of another booking",
	  { .remedy = MMS_REMEDY_PUSH_BOOKING, .booking = "B2" },
	  "UPDATE " ROWS " SET meeting_booking = 'B1' WHERE meeting_booking = 'B2'",
	  "SELECT 1 - COUNT(*) FROM " ROWS " WHERE meeting_booking = 'B2'",
	  true,
	  "booking_event_unlinked" },
	{ "a booking's rows that were deleted",
	  { .remedy = MMS_REMEDY_PUSH_BOOKING, .booking = "B1" },
	  "DELETE FROM " ROWS " WHERE meeting_booking = 'B1'",
	  "SELECT 2 - COUNT(*) FROM " ROWS " WHERE meeting_booking = 'B1'",
	  true,
	  "state_without_event" },
	{ "a link to no row",
	  { .remedy = MMS_REMEDY_LINK_BOOKING, .booking = "B1" },
	  "UPDATE " BOOKINGS
	  " SET calendar_event = 'MM-CES-none', external_calendar_link = NULL"
	  " WHERE name = 'B1'",
	  "SELECT 2 - COUNT(*) FROM " BOOKINGS " b JOIN " ROWS
	  " e ON e.name = b.calendar_event AND e.meeting_booking = b.name WHERE"
	  " b.calendar_event_synced = 1 AND b.external_calendar_link > ''",
	  false,
	  NULL },
	{ "a booking that is synced and does not know it",
	  { .remedy = MMS_REMEDY_LINK_BOOKING, .booking = "B2" },
	  "UPDATE " BOOKINGS " SET calendar_event = NULL, calendar_event_synced = 0"
	  " WHERE name = 'B2'",
	  "SELECT COUNT(*) FROM " BOOKINGS " WHERE calendar_event IS NULL",
	  false,
	  "booking_link" },
	{ "a deleted row that blocks",
	  { .remedy = MMS_REMEDY_FREE_ROW,
	    .row = "SELECT name FROM " ROWS " WHERE external_event_id = 'gone@example.com'" },
	  "INSERT INTO " ROWS " (name, creation, modified, modified_by, owner,"
	  " calendar_integration, external_event_id, event_title, event_type, sync_status,"
	  " start_datetime, end_datetime, is_blocking_availability, sync_direction) VALUES"
	  " ('old-1', '2026-01-01', '2026-01-01', 'Administrator', 'Administrator', 'team',"
	  " 'gone@example.com', 'Old', 'External Event', 'Deleted Externally', '2026-01-01"
	  " 10:00:00', '2026-01-01 11:00:00', 1, 'Inbound')",
	  "SELECT COUNT(*) FROM " ROWS " WHERE name = 'old-1' AND is_blocking_availability = 1",
	  false,
	  NULL },
	{ "a letter of nobody's calendar",
	  { .remedy = MMS_REMEDY_DROP_LETTER,
	    .id = "SELECT id FROM mmsync_dead_letter WHERE integration_id = 777" },
	  "INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation, error_code,"
	  " error_text, first_at_ms, last_at_ms, given_up) VALUES (777, REPEAT('k', 16), "
	  "'apply',"
	  " 'unreadable', 'no', 0, 0, 0)",
	  "SELECT COUNT(*) FROM mmsync_dead_letter",
	  false,
	  "dead_letter_orphaned" },
	{ "a letter of an event that nobody knows",
	  { .remedy = MMS_REMEDY_DROP_LETTER, .id = "SELECT id FROM mmsync_dead_letter" },
	  "INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation, error_code,"
	  " error_text, first_at_ms, last_at_ms, given_up) SELECT id, REPEAT('k', 16), "
	  "'update',"
	  " 'refused', 'no', 0, 0, 1 FROM mmsync_cursor WHERE name = 'work'",
	  "SELECT COUNT(*) FROM mmsync_dead_letter",
	  false,
	  "dead_letter_orphaned" },
	{ "an entry of an event that nobody knows",
	  { .remedy = MMS_REMEDY_DROP_ENTRY, .id = "SELECT id FROM mmsync_outbox" },
	  "INSERT INTO mmsync_outbox (integration_id, operation, uuid, type, created_at_ms,"
	  " changed_at_ms) SELECT id, 'update', REPEAT('u', 16), 2, 0, 0 FROM mmsync_cursor"
	  " WHERE name = 'work'",
	  "SELECT COUNT(*) FROM mmsync_outbox",
	  false,
	  "outbox_orphaned" },
	{ "what is due of nobody's calendar",
	  { .remedy = MMS_REMEDY_DROP_DUE,
	    .cursor = "SELECT 777",
	    .key = "SELECT HEX(REPEAT('k', 16))" },
	  "INSERT INTO mmsync_block_due (integration_id, ext_key) VALUES (777, REPEAT('k', "
	  "16))",
	  "SELECT COUNT(*) FROM mmsync_block_due",
	  false,
	  "busy_block_due_orphaned" },
	{ "half a pair",
	  { .remedy = MMS_REMEDY_PAIR_MEETING,
	    .uuid = "SELECT HEX(uuid) FROM mmsync_same_meeting" },
	  "INSERT INTO mmsync_same_meeting (uuid, twin) SELECT MIN(uuid), MAX(uuid) FROM"
	  " mmsync_event_state WHERE type = 1 AND integration_id = (" TEAM ")",
	  "SELECT COUNT(*) FROM mmsync_same_meeting",
	  true,
	  "same_meeting_one_way" },
	{ "half a pair with nobody",
	  { .remedy = MMS_REMEDY_PAIR_MEETING,
	    .uuid = "SELECT HEX(uuid) FROM mmsync_same_meeting" },
	  "INSERT INTO mmsync_same_meeting (uuid, twin) SELECT MIN(uuid), REPEAT('t', 16) FROM"
	  " mmsync_event_state WHERE type = 1",
	  "SELECT COUNT(*) FROM mmsync_same_meeting",
	  true,
	  "same_meeting_one_way" },
	{ "a counter that went back",
	  { .remedy = MMS_REMEDY_RAISE_COUNTER },
	  "UPDATE tabSeries SET current = 0 WHERE name = ''",
	  "SELECT COUNT(*) FROM tabSeries WHERE name = '' AND current < (SELECT"
	  " MAX(CAST(SUBSTRING_INDEX(name, '-', -1) AS UNSIGNED)) FROM " ROWS
	  " WHERE name LIKE 'MM-CES-%')",
	  false,
	  "counter_behind" },
	{ "a counter that is lost",
	  { .remedy = MMS_REMEDY_RAISE_COUNTER },
	  "DELETE FROM tabSeries WHERE name = ''",
	  "SELECT 1 - COUNT(*) FROM tabSeries WHERE name = '' AND current > 0",
	  false,
	  "counter_behind" },
	{ "a cursor that knows of no reading",
	  { .remedy = MMS_REMEDY_READ_CALENDAR, .cursor = TEAM },
	  "UPDATE mmsync_cursor SET last_full_ms = NULL WHERE name = 'team'",
	  "SELECT COUNT(*) FROM mmsync_cursor WHERE last_full_ms IS NULL AND sync_token > ''",
	  true,
	  "cursor_without_sync" },
	{ "a booking of whose event nothing is known",
	  { .remedy = MMS_REMEDY_PUSH_BOOKING, .booking = "B2" },
	  "DELETE FROM mmsync_event_state WHERE type = 2 AND booking = 'B2'",
	  "SELECT 1 - COUNT(*) FROM mmsync_event_state WHERE type = 2 AND booking = 'B2' AND"
	  " status = 3",
	  true,
	  "booking_event_unknown" },
	/* The last: its event has no block until it is planned anew. */
	{ "a block of nobody's event",
	  { .remedy = MMS_REMEDY_REMOVE_BLOCK,
	    .uuid = "SELECT HEX(b.uuid) FROM mmsync_busy_block b JOIN mmsync_event_state s ON"
		    " s.uuid = b.uuid WHERE b.source_uuid = REPEAT('s', 16) AND s.status <> "
		    "5" },
	  "UPDATE mmsync_busy_block SET source_uuid = REPEAT('s', 16) ORDER BY id DESC LIMIT 1",
	  "SELECT COUNT(*) FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid = "
	  "b.uuid"
	  " WHERE b.source_uuid = REPEAT('s', 16) AND s.status <> 5",
	  true,
	  "busy_block_source_missing" },
};

const struct mend_row *
mend_rows(size_t *n)
{
	*n = MMS_COUNT(rows);
	return rows;
}

void
mend_row_break(struct mend_site *m, const struct mend_row *row)
{
	if (mend_site_ask(m, row->wrong) != 0)
		fail_msg("%s: wrong before it is broken", row->label);
	mend_site_break(m, row->broken);
	if (mend_site_ask(m, row->wrong) == 0)
		fail_msg("%s: it was not broken", row->label);
}

void
mend_row_expect_right(struct mend_site *m, const struct mend_row *row, const char *when)
{
	int64_t n = mend_site_ask(m, row->wrong);

	if (n != 0)
		fail_msg("%s, %s: still %lld wrong\n%s%s", row->label, when, (long long)n,
			 mms_str_get(&m->race->scenario.out),
			 mms_str_get(&m->race->scenario.err));
}

bool
mend_row_apply(struct mend_site *m, const struct mms_mend *mend, mms_rc *rc,
	       struct mms_err *err)
{
	struct mms_mender *mender = NULL;
	bool did = false;

	*rc = mms_mender_new(&mender, &m->env, 0, err);
	if (*rc == MMS_OK)
		*rc = mms_mend_apply(mender, mend, &did, err);
	mms_mender_free(mender);
	return did;
}

bool
mend_row_apply_well(struct mend_site *m, const struct mend_row *row,
		    const struct mms_mend *mend)
{
	MMS_AUTO(mms_err) err = { 0 };
	mms_rc rc;
	bool did = mend_row_apply(m, mend, &rc, &err);

	if (rc != MMS_OK)
		fail_msg("%s: %s", row->label, mms_err_text(&err));
	return did;
}

/* The consistency rules: a site that is clean, what breaks each rule, and what is then found, that and no more. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/mem.h"
#include "support/dbcheck.h"
#include "support/flaw_site.h"
#include "support/frappe_site.h"

static struct flaw_site site;

static int
start(void **state)
{
	(void)state;
	return flaw_site_start(&site);
}

static int
stop(void **state)
{
	(void)state;
	return flaw_site_stop(&site);
}

static int
clean(void **state)
{
	(void)state;
	flaw_site_clean(&site);
	return 0;
}

static void
a_clean_site_has_none(void **state)
{
	const struct mms_flaw_choice all = { 0 };
	MMS_AUTO(mms_str) is = { 0 };

	(void)state;
	flaw_site_find(&site, &all, &is);
	assert_string_equal(mms_str_get(&is), "");
}

/* ---- what breaks each rule ------------------------------------------------------------------------- */

#define BLOCKS   "mmsync_busy_block"
#define STATES   "mmsync_event_state"
#define CALENDAR "`tabMM Calendar Integration`"
#define B1       FLAW_NAME_OF("b1")
#define B2       FLAW_NAME_OF("b2")

/* A further block of the first event, as its first one. */
#define ADD_BLOCK(n, sets)                                                                    \
	"CREATE TEMPORARY TABLE x1 SELECT * FROM " STATES " WHERE uuid = " FLAW_U_BLOCK       \
	"; UPDATE x1 SET uuid = " FLAW_UUID(n) ", ext_key = " FLAW_KEY_OF(                    \
		"id-" n) ", external_id = 'id-" n "', ical_uid = 'uid-" n                     \
			 "', created_at_ms = 2; INSERT INTO " STATES                          \
			 " SELECT * FROM x1; CREATE TEMPORARY TABLE x2 SELECT * FROM " BLOCKS \
			 " WHERE uuid = " FLAW_U_BLOCK "; UPDATE x2 SET uuid = " FLAW_UUID(   \
				 n) ", id = id + 1000" sets "; INSERT INTO " BLOCKS           \
				    " SELECT * FROM x2; DROP TEMPORARY TABLE x1, x2"
/* A copy of a row, and of its state; `sets` begin with a comma. */
#define ADD_EVENT(row, n, sets)                                                             \
	"CREATE TEMPORARY TABLE x1 SELECT * FROM " EVENTS " WHERE name = '" FLAW_BOBS_EVENT \
	"'; UPDATE x1 SET name = '" row "', external_event_id = 'id-" n "'" sets            \
	"; INSERT INTO " EVENTS " SELECT * FROM x1; DROP TEMPORARY TABLE x1"
#define ADD_STATE(row, n, sets)                                                        \
	"CREATE TEMPORARY TABLE x1 SELECT * FROM " STATES " WHERE uuid = " FLAW_U_BOBS \
	"; UPDATE x1 SET row_name = '" row                                             \
	"', uuid = " FLAW_UUID(n) ", ext_key = " FLAW_KEY_OF(                          \
		"id-" n) ", external_id = 'id-" n "'" sets "; INSERT INTO " STATES     \
			 " SELECT * FROM x1; DROP TEMPORARY TABLE x1"
/* Nobody has blocks, and everybody was planned so. */
#define NO_BLOCKS                                                                             \
	"DELETE FROM " BLOCKS "; DELETE FROM " STATES " WHERE type = 3; UPDATE " CALENDAR     \
	" SET sync_direction = 'One-way (Read Only)'; UPDATE mmsync_cursor SET blocks_print " \
	"= NULL"

static const struct flaw_case {
	const char *label, *sql, *want;
	/* By whom it is found, by which calendar, by which event; NULL: by none. */
	const char *user, *calendar, *event;
} cases[] = {
	/* blocks */
	{ "its source is not known",
	  "UPDATE " BLOCKS
	  " SET source_uuid = " FLAW_UUID("77") " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " STATES
						" SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_source_missing " B1 " home remove_block\n", "ann", "home", NULL },
	{ "its source was forgotten, and is over",
	  "UPDATE " BLOCKS " SET source_uuid = " FLAW_UUID(
		  "77") ", start_ms = 1, end_ms = 2,"
			" sent_print = print WHERE uuid = " FLAW_U_BLOCK "; UPDATE " STATES
			" SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "", NULL, NULL, NULL },
	{ "its source is a block",
	  "UPDATE " BLOCKS " SET source_uuid = " FLAW_U_BOOKED_BLOCK
	  " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " STATES
	  " SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_source_is_block " B1 " home remove_block\n", "ann", "home", NULL },
	{ "it is its own source",
	  "UPDATE " BLOCKS " SET source_uuid = uuid WHERE uuid = " FLAW_U_BLOCK
	  "; UPDATE " STATES " SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_circle " B1 " home remove_block\n", "ann", "home", NULL },
	{ "two are each other's source",
	  "UPDATE " BLOCKS " SET source_uuid = IF(uuid = " FLAW_U_BLOCK ", " FLAW_U_BOOKED_BLOCK
	  ", " FLAW_U_BLOCK "); UPDATE " STATES " SET flags = 1 WHERE type <> 3",
	  "busy_block_circle " B1 " home remove_block\n"
	  "busy_block_circle " B2 " home remove_block\n",
	  "ann", "home", NULL },
	{ "its source is another person's",
	  "UPDATE " BLOCKS " SET source_uuid = " FLAW_U_BOBS
	  ", source_id = 3 WHERE uuid = " FLAW_U_BLOCK "; UPDATE " STATES
	  " SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_source_of_other " B1 " home remove_block\n", "ann", "home",
	  FLAW_BOBS_EVENT },
	{ "one is missing",
	  "DELETE FROM " BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " STATES
	  " WHERE uuid = " FLAW_U_BLOCK,
	  "busy_block_missing " FLAW_EVENT " home plan_event\n", "ann", "home", FLAW_EVENT },
	{ "one is missing, and due",
	  "DELETE FROM " BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " STATES
	  " WHERE uuid = " FLAW_U_BLOCK "; INSERT INTO mmsync_block_due SELECT integration_id,"
	  " ext_key, 1 FROM " STATES " WHERE uuid = " FLAW_U_EVENT,
	  "", NULL, NULL, NULL },
	{ "one is missing, and everything is to be planned",
	  "DELETE FROM " BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " STATES
	  " WHERE uuid = " FLAW_U_BLOCK "; UPDATE mmsync_cursor SET blocks_print = NULL",
	  "", NULL, NULL, NULL },
	{ "one is missing in a hundred days",
	  "DELETE FROM " BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " STATES
	  " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " EVENTS " SET start_datetime ="
	  " start_datetime + INTERVAL 100 DAY, end_datetime = end_datetime + INTERVAL 100 DAY"
	  " WHERE name = '" FLAW_EVENT "'",
	  "", NULL, NULL, NULL },
	{ "blocks of who takes no part",
	  "UPDATE " CALENDAR
	  " SET sync_direction = 'One-way (Read Only)'; UPDATE mmsync_cursor SET blocks_print"
	  " = NULL",
	  "busy_block_inactive " B1 " home plan_person\n"
	  "busy_block_inactive " B2 " home plan_person\n",
	  "ann", "home", FLAW_EVENT },
	{ "two of one event", ADD_BLOCK("B3", ""),
	  "busy_block_twice " FLAW_NAME_OF("b3") " home plan_event\n", "ann", "home",
	  FLAW_EVENT },
	{ "two of one event, one about to go",
	  ADD_BLOCK("B3", "") "; UPDATE " STATES " SET removed_by = 1 WHERE uuid = " FLAW_UUID(
		  "B3") "; INSERT INTO mmsync_outbox (integration_id, operation, uuid, type,"
			" created_at_ms, changed_at_ms) VALUES (2, 'delete', " FLAW_UUID(
				"B3") ", 3, 1, 1)",
	  "", NULL, NULL, NULL },
	{ "its event does not block",
	  "UPDATE " EVENTS " SET is_blocking_availability = 0 WHERE name = '" FLAW_EVENT "'",
	  "busy_block_unwanted " B1 " home plan_event\n", "ann", "home", FLAW_EVENT },
	{ "its event has moved",
	  "UPDATE " EVENTS " SET start_datetime = start_datetime + INTERVAL 5 MINUTE WHERE"
	  " name = '" FLAW_EVENT "'",
	  "busy_block_differs " B1 " home plan_event\n", "ann", "home", FLAW_EVENT },
	{ "its event has moved, and it is sent",
	  "UPDATE " EVENTS " SET start_datetime = start_datetime + INTERVAL 5 MINUTE WHERE"
	  " name = '" FLAW_EVENT
	  "'; INSERT INTO mmsync_outbox (integration_id, operation, uuid,"
	  " type, created_at_ms, changed_at_ms) VALUES (2, 'update', " FLAW_U_BLOCK
	  ", 3, 1, 1)",
	  "", NULL, NULL, NULL },
	{ "it was not sent",
	  "UPDATE " BLOCKS " SET sent_print = NULL WHERE uuid = " FLAW_U_BLOCK,
	  "busy_block_unsent " B1 " home send_event\n", "ann", "home", FLAW_EVENT },
	{ "it was given up",
	  "UPDATE " BLOCKS " SET sent_print = NULL WHERE uuid = " FLAW_U_BLOCK "; INSERT INTO"
	  " mmsync_dead_letter (integration_id, ext_key, operation, error_code, error_text,"
	  " first_at_ms, last_at_ms) VALUES (2, " FLAW_KEY_OF("id-B1") ", 'update', 'x', 'x',"
								       " 1, 1)",
	  "", NULL, NULL, NULL },
	{ "it has no state",
	  "DELETE FROM " STATES " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " EVENTS
	  " SET is_blocking_availability = 0 WHERE name = '" FLAW_EVENT "'",
	  "busy_block_without_state " B1 " home forget_block\n", "ann", "home", FLAW_EVENT },
	{ "only a state is there of it",
	  "DELETE FROM " BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " EVENTS
	  " SET is_blocking_availability = 0 WHERE name = '" FLAW_EVENT "'",
	  "busy_block_without_row " B1 " home forget_state\n", "ann", "home", FLAW_EVENT },
	{ "it has a row",
	  "UPDATE " STATES " SET row_name = '" FLAW_BOBS_EVENT "' WHERE uuid = " FLAW_U_BLOCK
	  "; UPDATE " STATES " SET row_name = NULL WHERE uuid = " FLAW_U_BOBS,
	  "busy_block_as_event " FLAW_BOBS_EVENT " home none\n", "ann", "home",
	  FLAW_BOBS_EVENT },
	{ "it has a row of its id",
	  ADD_EVENT("MM-CES-home-0005", "B1",
		    ", calendar_integration = 'home',"
		    " is_blocking_availability = 0"),
	  "busy_block_as_event MM-CES-home-0005 home none\n", "ann", "home",
	  "MM-CES-home-0005" },
	{ "due of no calendar",
	  "INSERT INTO mmsync_block_due VALUES (9, " FLAW_KEY_OF("x") ", 1)",
	  "busy_block_due_orphaned 2d711642b726b04401627ca9fbac32f5 - drop_due\n", NULL, NULL,
	  NULL },
	{ "due of what no state knows",
	  "INSERT INTO mmsync_block_due VALUES (1, " FLAW_KEY_OF("x") ", 1)", "", NULL, NULL,
	  NULL },
	{ "the same meeting one way",
	  "INSERT INTO mmsync_same_meeting VALUES (" FLAW_U_EVENT ", " FLAW_U_BOBS
	  "), (" FLAW_U_EVENT ", " FLAW_U_BOOKED "), (" FLAW_U_BOOKED ", " FLAW_U_EVENT ")",
	  "same_meeting_one_way " FLAW_EVENT " work pair_meeting\n", "ann", "work",
	  FLAW_EVENT },
	/* rows and states */
	{ "a row without a state", ADD_EVENT("MM-CES-bobs-0005", "5", ""),
	  "event_without_state MM-CES-bobs-0005 bobs read_calendar\n", "bob", "bobs",
	  "MM-CES-bobs-0005" },
	{ "a row without a state, newer than the last full reading",
	  ADD_EVENT("MM-CES-bobs-0005", "5", ", creation = '2026-03-01 08:30'"), "", NULL, NULL,
	  NULL },
	{ "a row without a state, beyond the window",
	  ADD_EVENT("MM-CES-bobs-0005", "5",
		    ", start_datetime = '2026-08-01', end_datetime ="
		    " '2026-08-02'"),
	  "", NULL, NULL, NULL },
	{ "a row without a state, a person's", ADD_EVENT("by-hand", "5", ""), "", NULL, NULL,
	  NULL },
	{ "a row without a state, with a letter",
	  ADD_EVENT("MM-CES-bobs-0005", "5", "") "; INSERT INTO mmsync_dead_letter"
						 " (integration_id, ext_key, operation, "
						 "error_code, error_text, first_at_ms,"
						 " last_at_ms) VALUES (3, " FLAW_KEY_OF(
							 "id-5") ", 'apply', 'x', 'x', 1, 1)",
	  "", NULL, NULL, NULL },
	{ "a calendar that was not read in full",
	  ADD_EVENT("MM-CES-bobs-0005", "5", "") "; UPDATE mmsync_cursor SET last_full_ms ="
						 " NULL, sync_token = NULL WHERE id = 3",
	  "", NULL, NULL, NULL },
	{ "a state without a row", "DELETE FROM " EVENTS " WHERE name = '" FLAW_BOBS_EVENT "'",
	  "state_without_event " FLAW_BOBS_EVENT " bobs read_calendar\n", "bob", "bobs",
	  FLAW_BOBS_EVENT },
	{ "a state whose row was renamed",
	  "UPDATE " EVENTS " SET name = 'renamed' WHERE name = '" FLAW_BOBS_EVENT "'", "", NULL,
	  NULL, NULL },
	{ "a booking's state without a row",
	  "DELETE FROM " EVENTS " WHERE name = '" FLAW_BOOKED_EVENT "'; DELETE FROM " BLOCKS
	  " WHERE uuid = " FLAW_U_BOOKED_BLOCK "; DELETE FROM " STATES
	  " WHERE uuid = " FLAW_U_BOOKED_BLOCK,
	  "state_without_event " FLAW_BOOKED_EVENT " work send_event\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "two states of a row", ADD_STATE(FLAW_BOBS_EVENT, "A5", ", ical_uid = 'other'"),
	  "event_with_two_states " FLAW_BOBS_EVENT " bobs forget_state\n", "bob", "bobs",
	  FLAW_BOBS_EVENT },
	{ "a state under another key",
	  "UPDATE " STATES " SET ext_key = " FLAW_KEY_OF(
		  "x") " WHERE uuid = " FLAW_U_BOBS
		       "; UPDATE mmsync_cursor SET last_full_ms = 1 WHERE id = 3",
	  "state_key " FLAW_BOBS_EVENT " bobs forget_state\n", "bob", "bobs", FLAW_BOBS_EVENT },
	{ "one iCalUID twice at a time",
	  ADD_EVENT("MM-CES-bobs-0005", "5", "") "; " ADD_STATE("MM-CES-bobs-0005", "5", ""),
	  "event_twice " FLAW_BOBS_EVENT " bobs read_calendar\n", "bob", "bobs",
	  "MM-CES-bobs-0005" },
	{ "one iCalUID twice at another time",
	  ADD_EVENT("MM-CES-bobs-0005", "5",
		    ", start_datetime = start_datetime - INTERVAL 1"
		    " HOUR") "; " ADD_STATE("MM-CES-bobs-0005", "5", ""),
	  "", NULL, NULL, NULL },
	{ "an event that is gone", "UPDATE " STATES " SET status = 5 WHERE uuid = " FLAW_U_BOBS,
	  "event_gone_blocks " FLAW_BOBS_EVENT " bobs read_calendar\n", "bob", "bobs",
	  FLAW_BOBS_EVENT },
	{ "a booking's event that is gone",
	  "DELETE FROM " BLOCKS " WHERE uuid = " FLAW_U_BOOKED_BLOCK "; DELETE FROM " STATES
	  " WHERE uuid = " FLAW_U_BOOKED_BLOCK "; UPDATE " STATES
	  " SET status = 5, removed_by = 2 WHERE uuid = " FLAW_U_BOOKED,
	  "event_gone_blocks " FLAW_BOOKED_EVENT " work free_row\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "a softly deleted one that has its flag",
	  "UPDATE " EVENTS
	  " SET sync_status = 'Deleted Externally' WHERE name = '" FLAW_BOBS_EVENT
	  "'; UPDATE " STATES " SET status = 5 WHERE uuid = " FLAW_U_BOBS,
	  "", NULL, NULL, NULL },
	/* bookings */
	{ "wanted, and not known",
	  "INSERT INTO " BOOKING " (name, creation, modified, booking_status, start_datetime,"
	  " end_datetime, meeting_title) VALUES ('MM-MB-9', '2026-02-01', '2026-02-01',"
	  " 'Confirmed', '2026-03-05 10:00', '2026-03-05 11:00', 'x'); INSERT INTO " PEOPLE
	  " (name, parent, parenttype, parentfield, idx, user, is_primary_host) VALUES ('p',"
	  " 'MM-MB-9', 'MM Meeting Booking', 'assigned_users', 1, 'bob@example.com', 1)",
	  "booking_event_missing MM-MB-9 bobs push_booking\n", "bob", "bobs", NULL },
	{ "wanted, and not yet looked at",
	  "INSERT INTO " BOOKING " (name, creation, modified, booking_status, start_datetime,"
	  " end_datetime, meeting_title) VALUES ('MM-MB-9', '2026-02-01', '2026-03-01 08:30',"
	  " 'Confirmed', '2026-03-05 10:00', '2026-03-05 11:00', 'x'); INSERT INTO " PEOPLE
	  " (name, parent, parenttype, parentfield, idx, user, is_primary_host) VALUES ('p',"
	  " 'MM-MB-9', 'MM Meeting Booking', 'assigned_users', 1, 'bob@example.com', 1)",
	  "", NULL, NULL, NULL },
	{ "cancelled, and there", "UPDATE " BOOKING " SET booking_status = 'Cancelled'",
	  "booking_event_unwanted " FLAW_BOOKED_EVENT " work push_booking\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "cancelled since",
	  "UPDATE " BOOKING " SET booking_status = 'Cancelled', modified = '2026-03-01 08:59'",
	  "", NULL, NULL, NULL },
	{ "cancelled, and about to go",
	  "UPDATE " BOOKING " SET booking_status = 'Cancelled'; INSERT INTO mmsync_outbox"
	  " (integration_id, operation, uuid, type, booking, created_at_ms, changed_at_ms)"
	  " VALUES (1, 'delete', " FLAW_U_BOOKED ", 2, '" FLAW_BOOKING "', 1, 1)",
	  "", NULL, NULL, NULL },
	{ "deleted, and there", "DELETE FROM " BOOKING,
	  "booking_event_unwanted " FLAW_BOOKED_EVENT " work push_booking\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "renamed", "UPDATE " BOOKING " SET name = 'renamed'", "", NULL, NULL, NULL },
	{ "two events of one booking",
	  ADD_STATE("MM-CES-work-0005", "A5",
		    ", integration_id = 1, type = 2, booking = '" FLAW_BOOKING
		    "', booking_modified = '2026-02-02', booking_creation ="
		    " '2026-02-01', status = 4, row_name = NULL"),
	  "booking_event_twice " FLAW_BOOKING " work push_booking\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "a booking's row without a state",
	  ADD_EVENT("MM-CES-bobs-0005", "5",
		    ", event_type = 'Meeting Booking', sync_direction ="
		    " 'Bidirectional', meeting_booking = '" FLAW_BOOKING "'"),
	  "booking_event_unknown MM-CES-bobs-0005 bobs push_booking\n", "bob", "bobs",
	  "MM-CES-bobs-0005" },
	{ "at another time",
	  NO_BLOCKS "; UPDATE " EVENTS " SET start_datetime = start_datetime - INTERVAL 1 HOUR "
		    "WHERE name = '" FLAW_BOOKED_EVENT "'",
	  "booking_event_times " FLAW_BOOKED_EVENT " work send_event\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "at another time since",
	  NO_BLOCKS
	  "; UPDATE " BOOKING
	  " SET start_datetime = start_datetime - INTERVAL 1 HOUR, modified = '2026-03-01'",
	  "", NULL, NULL, NULL },
	{ "its row names none",
	  NO_BLOCKS "; UPDATE " EVENTS
		    " SET meeting_booking = NULL WHERE name = '" FLAW_BOOKED_EVENT "'",
	  "booking_event_unlinked " FLAW_BOOKED_EVENT " work send_event\n"
	  "booking_link " FLAW_BOOKING " work link_booking\n",
	  "ann", "work", FLAW_BOOKED_EVENT },
	{ "it names none",
	  "UPDATE " BOOKING " SET calendar_event = NULL, calendar_event_synced = 0",
	  "booking_link " FLAW_BOOKING " work link_booking\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "it names another's", "UPDATE " BOOKING " SET calendar_event = '" FLAW_BOBS_EVENT "'",
	  "booking_link " FLAW_BOOKING " work link_booking\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "not ticked", "UPDATE " BOOKING " SET calendar_event_synced = 0",
	  "booking_synced " FLAW_BOOKING " work link_booking\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	/* ours */
	{ "announced, and forgotten",
	  ADD_STATE("", "A5", ", row_name = NULL, type = 2, status = 1, created_at_ms = 1"),
	  "creation_forgotten " FLAW_NAME_OF("a5") " bobs send_event\n", "bob", "bobs", NULL },
	{ "announced a moment ago",
	  ADD_STATE("", "A5",
		    ", row_name = NULL, type = 2, status = 1, created_at_ms ="
		    " 1772355500000"),
	  "", NULL, NULL, NULL },
	{ "waiting for nothing",
	  "INSERT INTO mmsync_outbox (id, integration_id, operation, uuid, type, created_at_ms,"
	  " changed_at_ms) VALUES (7, 3, 'update', " FLAW_UUID("77") ", 2, 1, 1)",
	  "outbox_orphaned " FLAW_NAME_OF("77") " bobs drop_entry\n", "bob", "bobs", NULL },
	{ "waiting in another calendar",
	  "INSERT INTO mmsync_outbox (id, integration_id, operation, uuid, type, created_at_ms,"
	  " changed_at_ms) VALUES (7, 1, 'update', " FLAW_U_BOBS ", 2, 1, 1)",
	  "outbox_orphaned " FLAW_NAME_OF("a3") " work drop_entry\n", "ann", "work",
	  FLAW_BOBS_EVENT },
	{ "a letter of nothing",
	  "INSERT INTO mmsync_dead_letter (id, integration_id, ext_key, operation, error_code,"
	  " error_text, first_at_ms, last_at_ms) VALUES (7, 3, " FLAW_KEY_OF(
		  "x") ", 'update', 'x', 'x', 1, 1), (8, 3, " FLAW_KEY_OF("y") ", 'apply', "
									       "'x', 'x', 1, "
									       "1)",
	  "dead_letter_orphaned 7 bobs drop_letter\n", "bob", "bobs", NULL },
	{ "states of no calendar",
	  "UPDATE " STATES " SET integration_id = 9 WHERE uuid = " FLAW_U_BOBS
	  "; DELETE FROM " EVENTS " WHERE name = '" FLAW_BOBS_EVENT "'",
	  "state_orphaned 9 - none\n", NULL, NULL, NULL },
	{ "a calendar that is gone",
	  "DELETE FROM " CALENDAR " WHERE name = 'bobs'; DELETE FROM " EVENTS
	  " WHERE name = '" FLAW_BOBS_EVENT "'",
	  "cursor_orphaned bobs bobs none\n", NULL, NULL, NULL },
	{ "a calendar that was renamed",
	  "UPDATE " CALENDAR " SET name = 'renamed', creation = '2026-01-01 00:00:01' WHERE"
	  " name = 'bobs'; UPDATE mmsync_cursor SET frappe_creation = '2026-01-01 00:00:01'"
	  " WHERE id = 3; UPDATE " EVENTS
	  " SET calendar_integration = 'renamed' WHERE name = '" FLAW_BOBS_EVENT "'",
	  "", NULL, NULL, NULL },
	{ "a token of no reading",
	  "UPDATE mmsync_cursor SET last_success_ms = NULL WHERE id = 3",
	  "cursor_without_sync bobs bobs read_calendar\n", "bob", "bobs", NULL },
	{ "too short a window",
	  "UPDATE mmsync_cursor SET window_end_ms = window_end_ms - 20 * 86400000 WHERE id = 3",
	  "window_gap bobs bobs read_calendar\n", "bob", "bobs", NULL },
	{ "too late a start",
	  "UPDATE mmsync_cursor SET window_start_ms = window_start_ms + 3 * 86400000 WHERE id ="
	  " 3",
	  "window_gap bobs bobs read_calendar\n", "bob", "bobs", NULL },
	{ "a window that was asked for since",
	  "UPDATE " CALENDAR " SET sync_future_days = 300, modified = '2026-03-01 08:58' WHERE"
	  " name = 'bobs'",
	  "", NULL, NULL, NULL },
	{ "a number that will be given again",
	  "UPDATE tabSeries SET current = 2 WHERE name = ''",
	  "counter_behind " FLAW_BOBS_EVENT " - raise_counter\n", NULL, NULL, NULL },
};

static const char *
address_of(const char *who)
{
	return strcmp(who, "ann") == 0 ? "ann@example.com" : "bob@example.com";
}

static void
expect(const struct flaw_case *c, const char *how, const struct mms_flaw_choice *choice,
       const char *want)
{
	MMS_AUTO(mms_str) is = { 0 };

	flaw_site_find(&site, choice, &is);
	if (strcmp(mms_str_get(&is), want) != 0)
		fail_msg("%s, %s: is\n%swant\n%s", c->label, how, mms_str_get(&is), want);
}

/* By each person, calendar and event it is found, or is not. */
static void
expect_filtered(const struct flaw_case *c)
{
	static const char *const people[] = { "ann", "bob" };
	static const char *const calendars[] = { "work", "home", "bobs" };

	for (size_t i = 0; i < MMS_COUNT(people); i++) {
		const struct mms_flaw_choice choice = { .user = address_of(people[i]) };
		bool is_found = c->user != NULL && strcmp(c->user, people[i]) == 0;
		expect(c, people[i], &choice, is_found ? c->want : "");
	}
	for (size_t i = 0; i < MMS_COUNT(calendars); i++) {
		const struct mms_flaw_choice choice = { .integration = calendars[i] };
		bool is_found = c->calendar != NULL && strcmp(c->calendar, calendars[i]) == 0;
		expect(c, calendars[i], &choice, is_found ? c->want : "");
	}
}

static void
each_rule_finds_what_breaks_it_and_no_other_does(void **state)
{
	const struct mms_flaw_choice all = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		flaw_site_clean(&site);
		mms_test_sql(&site.store.server, "%s", cases[i].sql);
		expect(&cases[i], "all", &all, cases[i].want);
		if (cases[i].want[0] != '\0')
			expect_filtered(&cases[i]);
	}
}

/* What is about one event is found by it; where several are found, those of one. */
static void
one_event_is_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		const struct flaw_case *c = &cases[i];
		const struct mms_flaw_choice own = { .event = c->event };
		const struct mms_flaw_choice other = { .event = "no-such-row" };
		MMS_AUTO(mms_str) is = { 0 };

		if (c->want[0] == '\0')
			continue;
		flaw_site_clean(&site);
		mms_test_sql(&site.store.server, "%s", c->sql);
		expect(c, "another event", &other, "");
		if (c->event == NULL)
			continue;
		flaw_site_find(&site, &own, &is);
		if (is.len == 0 || strstr(c->want, mms_str_get(&is)) == NULL)
			fail_msg("%s: by event %s\n%s", c->label, c->event, mms_str_get(&is));
	}
}

/* ---- rules that are no statement's ----------------------------------------------------------------- */

static void
expect_all(const char *want)
{
	const struct mms_flaw_choice all = { 0 };
	const struct flaw_case c = { .label = "all of the site" };

	expect(&c, "all", &all, want);
}

static void
tokens_of_another_key_are_found(void **state)
{
	static char key[] = "dGhlIHN0b3JpZXMgc2lnbmFuZCBlbmNyeXB0Li4uLi4=";
	const struct mms_flaw_choice bobs = { .user = "bob@example.com" };
	const struct mms_flaw_choice anns = { .user = "ann@example.com" };
	const struct flaw_case c = { .label = "tokens" };
	char *own = site.site.encryption_key;

	(void)state;
	site.site.encryption_key = key;
	mms_test_sql(&site.store.server,
		     "INSERT INTO __Auth (doctype, name, fieldname, password, encrypted) VALUES"
		     " ('MM Calendar Integration', 'bobs', 'refresh_token', 'not ours', 1);"
		     " UPDATE " CALENDAR " SET refresh_token = '********' WHERE name = 'bobs'");
	expect_all("tokens_unreadable bobs bobs none\n");
	expect(&c, "bob", &bobs, "tokens_unreadable bobs bobs none\n");
	expect(&c, "ann", &anns, "");
	mms_test_sql(&site.store.server,
		     "UPDATE " CALENDAR " SET is_active = 0 WHERE name = 'bobs'");
	expect_all("");
	site.site.encryption_key = own;
}

static void
a_series_beyond_the_window_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		mms_test_sql(
			&site.store.server,
			ADD_EVENT(
				"MM-CES-bobs-%d", "%d",
				", start_datetime = '2026-09-01' + INTERVAL %d DAY,"
				" end_datetime = '2026-09-02' + INTERVAL %d DAY") ";" ADD_STATE("MM-CES-bobs-%d",
												"C%d",
												", ext_key = LEFT(UNHEX(SHA2("
												"'id-%d', 256)), 16), external_id = 'id-%d', series_id"
												" = 's', ical_uid = NULL"),
			1000 + i, i, i, i, 1000 + i, i, i, i, i, i);
	mms_test_sql(&site.store.server, "UPDATE tabSeries SET current = 2000");
	expect_all("series_beyond_window MM-CES-bobs-1000 bobs none\n");
	mms_test_sql(&site.store.server, "UPDATE " STATES " SET series_id = NULL LIMIT 1000;"
					 " UPDATE " STATES " SET series_id = 's' WHERE row_name"
					 " LIKE '%%-100_' AND row_name <> 'MM-CES-bobs-1003'");
	expect_all("");
}

static void
what_a_migrate_took_away_is_found(void **state)
{
	MMS_AUTO(mms_str) is = { 0 };
	const struct mms_flaw_choice cheap = { .only_cheap = true };

	(void)state;
	mms_test_sql(&site.store.server,
		     "ALTER TABLE " CALENDAR " DROP INDEX user_is_active_index");
	flaw_site_find(&site, &cheap, &is);
	mms_test_schema_apply(site.store.db, &site.site);
	assert_non_null(strstr(mms_str_get(&is), "schema_lost "));
	assert_non_null(strstr(mms_str_get(&is), "user_is_active_index"));
	assert_non_null(strstr(mms_str_get(&is), " - apply_schema\n"));
	assert_ptr_equal(strchr(mms_str_get(&is), '\n'), mms_str_get(&is) + is.len - 1);
	expect_all("");
}

/* A choice of tables, and of what is cheap, leaves out the others. */
static void
only_what_is_asked_for_is_looked_at(void **state)
{
	static const char *const events[] = { "MM Calendar Event Sync" };
	const struct mms_flaw_choice of_events = { .tables = events, .n_tables = 1 };
	const struct mms_flaw_choice cheap = { .only_cheap = true };
	const struct flaw_case c = { .label = "chosen" };

	(void)state;
	mms_test_sql(&site.store.server,
		     ADD_EVENT("MM-CES-bobs-0005", "5",
			       "") "; UPDATE " BLOCKS " SET sent_print"
				   " = NULL; INSERT INTO mmsync_outbox (id, integration_id, "
				   "operation, uuid,"
				   " type, created_at_ms, changed_at_ms) VALUES (7, 3, "
				   "'update', " FLAW_UUID("77") ", 2, 1, 1)");
	expect(&c, "events", &of_events,
	       "event_without_state MM-CES-bobs-0005 bobs read_calendar\n");
	expect(&c, "cheap", &cheap, "outbox_orphaned " FLAW_NAME_OF("77") " bobs drop_entry\n");
}

/* Facts that are others have another digest; the same ones the same. */
static mms_rc
keep_print(void *aux, const struct mms_flaw *flaw, struct mms_err *err)
{
	(void)err;
	memcpy(aux, flaw->mend.print, sizeof flaw->mend.print);
	return MMS_OK;
}

static void
the_digest_of_a_flaw_follows_its_facts(void **state)
{
	const struct mms_flaw_choice all = { 0 };
	unsigned char first[MMS_PRINT_BYTES] = { 0 }, again[MMS_PRINT_BYTES] = { 0 };

	(void)state;
	mms_test_sql(&site.store.server, "UPDATE tabSeries SET current = 2");
	OK(mms_flaws_find(&site.env, &all, keep_print, first, &err));
	OK(mms_flaws_find(&site.env, &all, keep_print, again, &err));
	assert_memory_equal(first, again, sizeof first);
	mms_test_sql(&site.store.server, "UPDATE tabSeries SET current = 1");
	OK(mms_flaws_find(&site.env, &all, keep_print, again, &err));
	assert_memory_not_equal(first, again, sizeof first);
}

/* ---- the program ----------------------------------------------------------------------------------- */

static int
run_audit(struct mms_test_run *run, const char *const *args)
{
	static const char *const env[] = { "MMSYNC_NOW=2026-03-01T09:00:00Z", NULL };
	const char *all[12] = { "--site", site.dir, "audit" };

	for (size_t i = 0; args[i] != NULL; i++)
		all[3 + i] = args[i];
	return mms_test_program(run, env, all);
}

static void
audit_tells_them_and_needs_no_right_but_to_read(void **state)
{
	static const struct {
		const char *args[8];
		int status;
		const char *want, *not ;
	} rows[] = {
		{ { "--format=ndjson", NULL },
		  1,
		  "{\"doctype\":null,\"name\":\"" B1 "\",\"severity\":\"error\",\"rule\":"
		  "\"busy_block_unsent\",\"message\":\"This busy block should say something"
		  " else, or go, and nothing in the outbox does it.\",\"repair\":\"it is put"
		  " into the outbox\",\"remedy\":\"send_event\",\"table\":"
		  "\"mmsync_busy_block\",\"integration\":\"home\"}\n",
		  NULL },
		{ { "--format=ndjson", NULL },
		  1,
		  "\"counts\":{\"busy_block_unsent\":2,\"event_without_state\":1},"
		  "\"consistency\":true}\n",
		  NULL },
		{ { NULL },
		  1,
		  "\nbusy_block_unsent              2\nevent_without_state"
		  "            1\n\nMM Calendar Integration  3 checked\n",
		  NULL },
		{ { NULL }, 1, "nothing in the outbox does it. [home]\n", NULL },
		{ { "--doctype", "MM Calendar Event Sync", NULL },
		  1,
		  "event_without_state",
		  "busy_block_unsent" },
		{ { "--doctype", "MM Calendar Integration", NULL },
		  0,
		  "0 errors, 0 warnings",
		  "event_without_state" },
		{ { "--event", FLAW_EVENT, NULL },
		  1,
		  "1 error, 0 warnings",
		  "event_without_state" },
		{ { "--event", FLAW_EVENT, NULL },
		  1,
		  "MM Calendar Event Sync   1 checked",
		  "MM Meeting Booking" },
		{ { "--event", FLAW_EVENT, "--doctype", "MM Meeting Booking", NULL },
		  0,
		  "0 errors, 0 warnings",
		  "busy_block_unsent" },
		{ { "--event", "MM-CES-bobs-0005", NULL },
		  1,
		  "event_without_state",
		  "busy_block_unsent" },
		{ { "--user", "bob@example.com", NULL },
		  1,
		  "event_without_state",
		  "busy_block_unsent" },
		{ { "--integration", "home", NULL },
		  1,
		  "busy_block_unsent",
		  "event_without_state" },
		{ { "--event", "MM-CES-bobs-0006", NULL },
		  2,
		  "did you mean 'MM-CES-bobs-0005'?",
		  "SEVERITY" },
	};
	MMS_AUTO(mms_test_run) run = { 0 };
	const char *database = site.store.server.database;

	(void)state;
	mms_test_sql(&site.store.server,
		     "REVOKE ALL PRIVILEGES ON `%s`.* FROM '%s'@'%%'; GRANT SELECT ON `%s`.* TO"
		     " '%s'@'%%'",
		     database, database, database, database);
	mms_test_sql(&site.store.server,
		     ADD_EVENT("MM-CES-bobs-0005", "5", "") "; UPDATE " BLOCKS
							    " SET sent_print = NULL");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		int status = run_audit(&run, rows[i].args);
		if (status != rows[i].status ||
		    (strstr(run.out, rows[i].want) == NULL &&
		     strstr(run.err, rows[i].want) == NULL) ||
		    (rows[i].not != NULL && strstr(run.out, rows[i].not ) != NULL))
			fail_msg("row %zu: status %d\n%s%s", i, status, run.out, run.err);
	}
	mms_test_sql(&site.store.server, "GRANT ALL PRIVILEGES ON `%s`.* TO '%s'@'%%'",
		     database, database);
}

/* Every rule has a case, but for those with a test of their own. */
static void
no_rule_is_left_out(void **state)
{
	static const enum mms_rule apart[] = { MMS_RULE_TOKENS_UNREADABLE, MMS_RULE_SCHEMA_LOST,
					       MMS_RULE_SERIES_BEYOND_WINDOW };

	(void)state;
	for (int r = MMS_RULE_FLAWS; r < MMS_RULE_FLAWS_END; r++) {
		const char *name = mms_rule_name((enum mms_rule)r);
		bool is_found = false;

		for (size_t i = 0; i < MMS_COUNT(cases); i++)
			is_found = is_found || strncmp(cases[i].want, name, strlen(name)) == 0;
		for (size_t i = 0; i < MMS_COUNT(apart); i++)
			is_found = is_found || (int)apart[i] == r;
		if (!is_found)
			fail_msg("no case breaks %s", name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_clean_site_has_none, clean),
		cmocka_unit_test(each_rule_finds_what_breaks_it_and_no_other_does),
		cmocka_unit_test(one_event_is_asked_for),
		cmocka_unit_test_setup(tokens_of_another_key_are_found, clean),
		cmocka_unit_test_setup(a_series_beyond_the_window_is_found, clean),
		cmocka_unit_test_setup(what_a_migrate_took_away_is_found, clean),
		cmocka_unit_test_setup(only_what_is_asked_for_is_looked_at, clean),
		cmocka_unit_test_setup(the_digest_of_a_flaw_follows_its_facts, clean),
		cmocka_unit_test_setup(audit_tells_them_and_needs_no_right_but_to_read, clean),
		cmocka_unit_test(no_rule_is_left_out),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

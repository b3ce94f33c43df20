/* The consistency rules: a site that is clean, what breaks each rule, and what is then found, that and no more. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/mem.h"
#include "support/flaw_site.h"

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

static const struct flaw_case {
	const char *label, *sql, *want;
	/* By whom it is found, by which calendar, by which event; NULL: by none. */
	const char *user, *calendar, *event;
} cases[] = {
	/* blocks */
	{ "its source is not known",
	  "UPDATE " FLAW_BLOCKS " SET source_uuid = " FLAW_UUID(
		  "77") " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " FLAW_STATES
			" SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_source_missing " B1 " home remove_block\n", "ann", "home", NULL },
	{ "its source was forgotten, and is over",
	  "UPDATE " FLAW_BLOCKS " SET source_uuid = " FLAW_UUID(
		  "77") ", start_ms = 1, end_ms = 2,"
			" sent_print = print WHERE uuid = " FLAW_U_BLOCK "; UPDATE " FLAW_STATES
			" SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "", NULL, NULL, NULL },
	{ "its source is a block",
	  "UPDATE " FLAW_BLOCKS " SET source_uuid = " FLAW_U_BOOKED_BLOCK
	  " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " FLAW_STATES
	  " SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_source_is_block " B1 " home remove_block\n", "ann", "home", NULL },
	{ "it is its own source",
	  "UPDATE " FLAW_BLOCKS " SET source_uuid = uuid WHERE uuid = " FLAW_U_BLOCK
	  "; UPDATE " FLAW_STATES " SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_circle " B1 " home remove_block\n", "ann", "home", NULL },
	{ "two are each other's source",
	  "UPDATE " FLAW_BLOCKS " SET source_uuid = IF(uuid = " FLAW_U_BLOCK
	  ", " FLAW_U_BOOKED_BLOCK ", " FLAW_U_BLOCK "); UPDATE " FLAW_STATES
	  " SET flags = 1 WHERE type <> 3",
	  "busy_block_circle " B1 " home remove_block\n"
	  "busy_block_circle " B2 " home remove_block\n",
	  "ann", "home", NULL },
	{ "its source is another person's",
	  "UPDATE " FLAW_BLOCKS " SET source_uuid = " FLAW_U_BOBS
	  ", source_id = 3 WHERE uuid = " FLAW_U_BLOCK "; UPDATE " FLAW_STATES
	  " SET flags = 1 WHERE uuid = " FLAW_U_EVENT,
	  "busy_block_source_of_other " B1 " home remove_block\n", "ann", "home",
	  FLAW_BOBS_EVENT },
	{ "one is missing",
	  "DELETE FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " FLAW_STATES
	  " WHERE uuid = " FLAW_U_BLOCK,
	  "busy_block_missing " FLAW_EVENT " home plan_event\n", "ann", "home", FLAW_EVENT },
	{ "one is missing, and due",
	  "DELETE FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " FLAW_STATES
	  " WHERE uuid = " FLAW_U_BLOCK "; INSERT INTO mmsync_block_due SELECT integration_id,"
	  " ext_key, 1 FROM " FLAW_STATES " WHERE uuid = " FLAW_U_EVENT,
	  "", NULL, NULL, NULL },
	{ "one is missing, and everything is to be planned",
	  "DELETE FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " FLAW_STATES
	  " WHERE uuid = " FLAW_U_BLOCK "; UPDATE mmsync_cursor SET blocks_print = NULL",
	  "", NULL, NULL, NULL },
	{ "one is missing in a hundred days",
	  "DELETE FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; DELETE FROM " FLAW_STATES
	  " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " EVENTS " SET start_datetime ="
	  " start_datetime + INTERVAL 100 DAY, end_datetime = end_datetime + INTERVAL 100 DAY"
	  " WHERE name = '" FLAW_EVENT "'",
	  "", NULL, NULL, NULL },
	{ "blocks of who takes no part",
	  "UPDATE " FLAW_CALENDAR
	  " SET sync_direction = 'One-way (Read Only)'; UPDATE mmsync_cursor SET blocks_print"
	  " = NULL",
	  "busy_block_inactive " B1 " home plan_person\n"
	  "busy_block_inactive " B2 " home plan_person\n",
	  "ann", "home", FLAW_EVENT },
	{ "two of one event", ADD_BLOCK("B3", ""),
	  "busy_block_twice " FLAW_NAME_OF("b3") " home plan_event\n", "ann", "home",
	  FLAW_EVENT },
	{ "two of one event, one about to go",
	  ADD_BLOCK("B3", "") "; UPDATE " FLAW_STATES
			      " SET removed_by = 1 WHERE uuid = " FLAW_UUID(
				      "B3") "; INSERT INTO mmsync_outbox (integration_id, "
					    "operation, uuid, type,"
					    " created_at_ms, changed_at_ms) VALUES (2, "
					    "'delete', " FLAW_UUID("B3") ", 3, 1, 1)",
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
	  "UPDATE " FLAW_BLOCKS " SET sent_print = NULL WHERE uuid = " FLAW_U_BLOCK,
	  "busy_block_unsent " B1 " home send_event\n", "ann", "home", FLAW_EVENT },
	{ "it was given up",
	  "UPDATE " FLAW_BLOCKS " SET sent_print = NULL WHERE uuid = " FLAW_U_BLOCK
	  "; INSERT INTO"
	  " mmsync_dead_letter (integration_id, ext_key, operation, error_code, error_text,"
	  " first_at_ms, last_at_ms) VALUES (2, " FLAW_KEY_OF("id-B1") ", 'update', 'x', 'x',"
								       " 1, 1)",
	  "", NULL, NULL, NULL },
	{ "it has no state",
	  "DELETE FROM " FLAW_STATES " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " EVENTS
	  " SET is_blocking_availability = 0 WHERE name = '" FLAW_EVENT "'",
	  "busy_block_without_state " B1 " home forget_block\n", "ann", "home", FLAW_EVENT },
	{ "only a state is there of it",
	  "DELETE FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BLOCK "; UPDATE " EVENTS
	  " SET is_blocking_availability = 0 WHERE name = '" FLAW_EVENT "'",
	  "busy_block_without_row " B1 " home forget_state\n", "ann", "home", FLAW_EVENT },
	{ "it has a row",
	  "UPDATE " FLAW_STATES " SET row_name = '" FLAW_BOBS_EVENT
	  "' WHERE uuid = " FLAW_U_BLOCK "; UPDATE " FLAW_STATES
	  " SET row_name = NULL WHERE uuid = " FLAW_U_BOBS,
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
	  "DELETE FROM " EVENTS " WHERE name = '" FLAW_BOOKED_EVENT
	  "'; DELETE FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BOOKED_BLOCK
	  "; DELETE FROM " FLAW_STATES " WHERE uuid = " FLAW_U_BOOKED_BLOCK,
	  "state_without_event " FLAW_BOOKED_EVENT " work send_event\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "two states of a row", ADD_STATE(FLAW_BOBS_EVENT, "A5", ", ical_uid = 'other'"),
	  "event_with_two_states " FLAW_BOBS_EVENT " bobs forget_state\n", "bob", "bobs",
	  FLAW_BOBS_EVENT },
	{ "a state under another key",
	  "UPDATE " FLAW_STATES " SET ext_key = " FLAW_KEY_OF(
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
	{ "an event that is gone",
	  "UPDATE " FLAW_STATES " SET status = 5 WHERE uuid = " FLAW_U_BOBS,
	  "event_gone_blocks " FLAW_BOBS_EVENT " bobs read_calendar\n", "bob", "bobs",
	  FLAW_BOBS_EVENT },
	{ "a booking's event that is gone",
	  "DELETE FROM " FLAW_BLOCKS " WHERE uuid = " FLAW_U_BOOKED_BLOCK
	  "; DELETE FROM " FLAW_STATES " WHERE uuid = " FLAW_U_BOOKED_BLOCK
	  "; UPDATE " FLAW_STATES " SET status = 5, removed_by = 2 WHERE uuid = " FLAW_U_BOOKED,
	  "event_gone_blocks " FLAW_BOOKED_EVENT " work free_row\n", "ann", "work",
	  FLAW_BOOKED_EVENT },
	{ "a softly deleted one that has its flag",
	  "UPDATE " EVENTS
	  " SET sync_status = 'Deleted Externally' WHERE name = '" FLAW_BOBS_EVENT
	  "'; UPDATE " FLAW_STATES " SET status = 5 WHERE uuid = " FLAW_U_BOBS,
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
	  "UPDATE " FLAW_STATES " SET integration_id = 9 WHERE uuid = " FLAW_U_BOBS
	  "; DELETE FROM " EVENTS " WHERE name = '" FLAW_BOBS_EVENT "'",
	  "state_orphaned 9 - none\n", NULL, NULL, NULL },
	{ "a calendar that is gone",
	  "DELETE FROM " FLAW_CALENDAR " WHERE name = 'bobs'; DELETE FROM " EVENTS
	  " WHERE name = '" FLAW_BOBS_EVENT "'",
	  "cursor_orphaned bobs bobs none\n", NULL, NULL, NULL },
	{ "a calendar that was renamed",
	  "UPDATE " FLAW_CALENDAR
	  " SET name = 'renamed', creation = '2026-01-01 00:00:01' WHERE"
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
	{ "a window that no sync reads",
	  "UPDATE mmsync_cursor c JOIN " FLAW_CALENDAR
	  " i ON i.name = 'bobs' SET i.sync_past_days = 400, i.modified = '2026-02-01',"
	  " c.window_start_ms = c.last_success_ms - 365 * 86400000 WHERE c.id = 3",
	  "", NULL, NULL, NULL },
	{ "a window that was asked for since",
	  "UPDATE " FLAW_CALENDAR
	  " SET sync_future_days = 300, modified = '2026-03-01 08:58' WHERE"
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

/* By each person, calendar and event it is found, or is not. */
static void
expect_filtered(const struct flaw_case *c)
{
	static const char *const people[] = { "ann", "bob" };
	static const char *const calendars[] = { "work", "home", "bobs" };

	for (size_t i = 0; i < MMS_COUNT(people); i++) {
		const struct mms_flaw_choice choice = { .user = address_of(people[i]) };
		bool is_found = c->user != NULL && strcmp(c->user, people[i]) == 0;
		flaw_site_expect(&site, c->label, &choice, is_found ? c->want : "");
	}
	for (size_t i = 0; i < MMS_COUNT(calendars); i++) {
		const struct mms_flaw_choice choice = { .integration = calendars[i] };
		bool is_found = c->calendar != NULL && strcmp(c->calendar, calendars[i]) == 0;
		flaw_site_expect(&site, c->label, &choice, is_found ? c->want : "");
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
		flaw_site_expect(&site, cases[i].label, &all, cases[i].want);
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
		flaw_site_expect(&site, c->label, &other, "");
		if (c->event == NULL)
			continue;
		flaw_site_find(&site, &own, &is);
		if (is.len == 0 || strstr(c->want, mms_str_get(&is)) == NULL)
			fail_msg("%s: by event %s\n%s", c->label, c->event, mms_str_get(&is));
	}
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
		cmocka_unit_test(no_rule_is_left_out),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

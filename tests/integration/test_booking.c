/*
 * A booking read whole and written beside Frappe: guards, history and Version, its people's
 * calendars, and sites whose tables are others.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/bookings.h"
#include "mmsync/mem.h"
#include "support/dbcheck.h"
#include "support/store_site.h"

static struct store_site site;

static int
start(void **state)
{
	(void)state;
	return store_site_start(&site);
}

static int
stop(void **state)
{
	(void)state;
	return store_site_stop(&site);
}

static int
clean(void **state)
{
	(void)state;
	store_site_clean(&site);
	return 0;
}

static void
expect_text(const char *want, const char *sql)
{
	store_site_expect(&site, want, sql);
}

static void
add_booking(const char *name, const char *creation, const char *modified, const char *begins)
{
	store_site_add_booking(&site, name, creation, modified, begins);
}

static void
assign(const char *booking, const char *user, int idx, bool is_host)
{
	store_site_assign(&site, booking, user, idx, is_host);
}

/* ---- reading one ----------------------------------------------------------------------------- */

static void
a_booking_is_read_whole(void **state)
{
	MMS_AUTO(mms_booking) b = { 0 };

	(void)state;
	add_booking("b1", "2026-01-01 10:00:00.5", "2026-03-01 11:00:00.25",
		    "2026-04-01 09:00:00");
	mms_test_sql(
		&site.server,
		"UPDATE " BOOKING " SET meeting_description = '<p>Hi</p>', location_type ="
		" 'Video Call', meeting_location = 'Room', video_meeting_url ="
		" 'https://meet.example.com/x', customer_name = 'Cäthe', customer_email ="
		" 'c@example.com', customer_notes = 'a\nb', calendar_event = 'E1',"
		" external_calendar_link = 'https://cal.example.com/', calendar_event_synced"
		" = 1");
	assign("b1", "ann@example.com", 1, false);
	assign("b1", "bob@example.com", 2, true);
	assign("b1", "ANN@example.com", 3, false);
	assign("b1", "", 4, false);
	assign("b2", "eve@example.com", 1, true);
	mms_test_sql(&site.server,
		     "INSERT INTO " GUESTS
		     " (name, parent, parenttype, idx, email, name1, user)"
		     " VALUES ('p2', 'b1', 'MM Meeting Booking', 2, 'q@example.com', NULL,"
		     " 'q@example.com'), ('p1', 'b1', 'MM Meeting Booking', 1, 'p@example.com',"
		     " 'Paul', NULL), ('p3', 'b1', 'Other', 3, 'x@example.com', NULL, NULL)");
	OK(mms_booking_load(site.db, site.columns, "B1", &b, &err));
	assert_string_equal(b.name, "b1");
	assert_string_equal(b.owner, "maker@example.com");
	assert_true(b.creation_us == wall("2026-01-01 10:00:00.5"));
	assert_true(b.modified_us == wall("2026-03-01 11:00:00.25"));
	assert_true(b.start_us == wall("2026-04-01 09:00:00"));
	assert_true(b.end_us == wall("2026-04-01 10:00:00"));
	assert_int_equal(b.duration_min, 60);
	assert_string_equal(b.status, "Confirmed");
	assert_string_equal(b.title, "Title of b1");
	assert_string_equal(b.description, "<p>Hi</p>");
	assert_string_equal(b.location_type, "Video Call");
	assert_string_equal(b.location, "Room");
	assert_string_equal(b.video_url, "https://meet.example.com/x");
	assert_string_equal(b.customer_name, "C\xC3\xA4the");
	assert_string_equal(b.customer_email, "c@example.com");
	assert_string_equal(b.customer_notes, "a\nb");
	assert_string_equal(b.calendar_event, "E1");
	assert_string_equal(b.link, "https://cal.example.com/");
	assert_true(b.is_synced);
	assert_false(b.is_narrow);
	assert_int_equal(b.n_users, 2);
	assert_string_equal(b.users[0].user, "bob@example.com");
	assert_true(b.users[0].is_host);
	assert_string_equal(b.users[1].user, "ann@example.com");
	assert_false(b.users[1].is_host);
	assert_int_equal(b.n_participants, 2);
	assert_string_equal(b.participants[0].email, "p@example.com");
	assert_string_equal(b.participants[0].name, "Paul");
	assert_null(b.participants[0].user);
	assert_string_equal(b.participants[1].email, "q@example.com");
	assert_null(b.participants[1].name);
}

static void
a_booking_of_nulls_is_read_too(void **state)
{
	MMS_AUTO(mms_booking) b = { 0 };

	(void)state;
	mms_test_sql(&site.server,
		     "INSERT INTO " BOOKING " (name, booking_status) VALUES ('n', NULL)");
	FAILS(MMS_E_GONE, "there is no booking 'none'",
	      mms_booking_load(site.db, site.columns, "none", &b, &err));
	assert_null(b.name);
	OK(mms_booking_load(site.db, site.columns, "n", &b, &err));
	assert_null(b.status);
	assert_null(b.title);
	assert_null(b.owner);
	assert_true(b.start_us == MMS_NO_TIME && b.creation_us == MMS_NO_TIME);
	assert_int_equal(b.n_users + b.n_participants, 0);
	/* and it can be written */
	struct mms_booking_change change = mms_booking_same(&b);
	MMS_AUTO(mms_tx) tx = { 0 };
	change.new_modified_us = wall("2026-03-01 10:00:00");
	change.by = "me@example.com";
	change.title = "T";
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_booking_write(&tx, &change, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("T 2026-03-01 10:00:00.000000 me@example.com",
		    "SELECT CONCAT_WS(' ', meeting_title, booking_status, start_datetime,"
		    " modified, modified_by) FROM " BOOKING);
}

/* ---- writing --------------------------------------------------------------------------------- */

#define WHOLE                                                                                  \
	"SELECT CONCAT_WS('|', modified, modified_by, start_datetime, end_datetime, duration," \
	" booking_status, meeting_title, meeting_location, video_meeting_url, calendar_event," \
	" external_calendar_link, calendar_event_synced, cancelled_at, cancellation_reason)"   \
	" FROM " BOOKING " WHERE name = 'b1'"

static void
load_b1(struct mms_booking *b)
{
	add_booking("b1", "2026-01-01 10:00:00.5", "2026-03-01 11:00:00.25",
		    "2026-04-01 09:00:00");
	mms_test_sql(&site.server, "UPDATE " BOOKING " SET calendar_event = 'E1',"
				   " external_calendar_link = 'l', calendar_event_synced = 1");
	OK(mms_booking_load(site.db, site.columns, "b1", b, &err));
}

static struct mms_booking_change
move_b1(const struct mms_booking *b)
{
	struct mms_booking_change change = mms_booking_same(b);

	change.new_modified_us = wall("2026-03-02 08:00:00.000001");
	change.by = "sync@example.com";
	change.start_us = wall("2026-04-02 09:30:00.75");
	change.end_us = wall("2026-04-02 10:00:00");
	change.duration_min = 30;
	change.title = "Moved \"there\"";
	return change;
}

static void
a_change_is_written_where_nobody_was_faster(void **state)
{
	MMS_AUTO(mms_booking) b = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	load_b1(&b);
	struct mms_booking_change change = move_b1(&b);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_booking_write(&tx, &change, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("2026-03-02 08:00:00.000001|sync@example.com|2026-04-02 09:30:00.750000|"
		    "2026-04-02 10:00:00.000000|30|Confirmed|Moved \"there\"|E1|l|1",
		    WHOLE);
	OK(mms_tx_begin(&tx, site.db, &err));
	FAILS(MMS_E_CONFLICT, "write booking 'b1': booking 'b1' was changed by someone else",
	      mms_booking_write(&tx, &change, &err));
	change.name = "b9";
	FAILS(MMS_E_GONE, "there is no booking 'b9'", mms_booking_write(&tx, &change, &err));
	change.name = "b1";
	change.modified_us = change.new_modified_us;
	change.new_modified_us++;
	change.status = "Cancelled";
	change.calendar_event = change.link = NULL;
	change.is_synced = false;
	change.location = "Room";
	change.cancelled_at_us = wall("2026-03-02 08:00:00");
	change.cancellation_reason = "gone";
	OK(mms_booking_write(&tx, &change, &err));
	change.modified_us++;
	change.new_modified_us++;
	change.cancelled_at_us = MMS_NO_TIME;
	change.cancellation_reason = NULL;
	OK(mms_booking_write(&tx, &change, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("2026-03-02 08:00:00.000003|sync@example.com|2026-04-02 09:30:00.750000|"
		    "2026-04-02 10:00:00.000000|30|Cancelled|Moved \"there\"|Room|0|"
		    "2026-03-02 08:00:00.000000|gone",
		    WHOLE);
}

static void
a_save_meanwhile_is_not_overwritten(void **state)
{
	MMS_AUTO(mms_booking) b = { 0 };
	MMS_AUTO(mms_tx) theirs = { 0 };
	MMS_AUTO(mms_tx) ours = { 0 };

	(void)state;
	load_b1(&b);
	struct mms_booking_change change = move_b1(&b), their_change = move_b1(&b);
	their_change.title = "Theirs";
	their_change.new_modified_us--;
	OK(mms_tx_begin(&theirs, site.other, &err));
	OK(mms_tx_begin(&ours, site.db, &err));
	OK(mms_booking_write(&theirs, &their_change, &err));
	OK(mms_tx_commit(&theirs, &err));
	FAILS(MMS_E_CONFLICT, "someone else", mms_booking_write(&ours, &change, &err));
	mms_tx_release(&ours);
	expect_text("Theirs", "SELECT meeting_title FROM " BOOKING);
}

static void
what_a_column_cannot_hold_is_refused(void **state)
{
	MMS_AUTO(mms_booking) b = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	char link[142] = { 0 };

	(void)state;
	load_b1(&b);
	struct mms_booking_change change = move_b1(&b);
	memset(link, 'x', sizeof link - 1);
	change.link = link;
	OK(mms_tx_begin(&tx, site.db, &err));
	FAILS(MMS_E_ITEM, "external_calendar_link", mms_booking_write(&tx, &change, &err));
	change.link = link + 1;
	OK(mms_booking_write(&tx, &change, &err));
	OK(mms_tx_commit(&tx, &err));
}

/* ---- history and Version --------------------------------------------------------------------- */

static const char *
add_history(struct mms_tx *tx, const char *event_type, int64_t want_idx,
	    char name[MMS_HASH_NAME])
{
	const struct mms_booking_history history = { .booking = "b1",
						     .event_type = event_type,
						     .text = "As \"told\"",
						     .by = "sync@example.com",
						     .at_us = wall("2026-03-02 08:00:00.5") };
	int64_t idx = 0;

	OK(mms_booking_add_history(tx, &history, name, &idx, &err));
	assert_int_equal(idx, want_idx);
	assert_int_equal(strlen(name), 10);
	assert_int_equal(strspn(name, "0123456789abcdefghijklmnopqrstuv"), 10);
	return name;
}

static void
history_is_appended_as_frappe_does(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_booking) b = { 0 };
	char first[MMS_HASH_NAME], second[MMS_HASH_NAME];
	struct mms_booking_history nobodys = { .booking = "b9", .event_type = "Rescheduled" };
	int64_t idx = 0;

	(void)state;
	load_b1(&b);
	mms_test_sql(&site.server,
		     "INSERT INTO " HISTORY
		     " (name, parent, parenttype, parentfield, idx) VALUES"
		     " ('h1', 'b1', 'MM Meeting Booking', 'booking_history', 4),"
		     " ('h2', 'b1', 'MM Meeting Booking', 'assignment_history', 9),"
		     " ('h3', 'b2', 'MM Meeting Booking', 'booking_history', 8)");
	OK(mms_tx_begin(&tx, site.db, &err));
	(void)add_history(&tx, "Rescheduled", 5, first);
	(void)add_history(&tx, "Calendar Synced", 6, second);
	nobodys.by = "sync@example.com";
	nobodys.at_us = 0;
	FAILS(MMS_E_GONE, "there is no booking 'b9'",
	      mms_booking_add_history(&tx, &nobodys, first, &idx, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("2026-01-01 10:00:00.500000|2026-03-02 08:00:00.500000|sync@example.com|"
		    "maker@example.com|0|5|Rescheduled|2026-03-02 08:00:00.500000|"
		    "sync@example.com|As \"told\"|b1|booking_history|MM Meeting Booking",
		    "SELECT CONCAT_WS('|', creation, modified, modified_by, owner, docstatus,"
		    " idx, event_type, event_datetime, event_by, event_description, parent,"
		    " parentfield, parenttype) FROM " HISTORY " WHERE idx = 5");
	assert_int_equal(mms_test_ask_i64(&site.server, "SELECT COUNT(*) FROM " HISTORY), 5);
}

/* The first two names that a connection takes are taken already. */
static void
a_taken_name_is_tried_again(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_booking) b = { 0 };
	char name[MMS_HASH_NAME];

	(void)state;
	load_b1(&b);
	mms_test_sql(&site.server,
		     "INSERT INTO " HISTORY " (name) VALUES ('taken');"
		     "CREATE TRIGGER taken BEFORE INSERT ON " HISTORY " FOR EACH ROW "
		     "SET NEW.name = IF((@n := COALESCE(@n, 0) + 1) <= 2, 'taken', "
		     "NEW.name)");
	OK(mms_tx_begin(&tx, site.db, &err));
	(void)add_history(&tx, "Rescheduled", 1, name);
	OK(mms_tx_commit(&tx, &err));
	mms_test_sql(&site.server, "DROP TRIGGER taken");
	assert_int_equal(mms_test_ask_i64(&site.server,
					  "SELECT COUNT(*) FROM " HISTORY " WHERE name = '%s'",
					  name),
			 1);
}

#define DATA "SELECT data FROM tabVersion"

static void
a_version_says_what_differs(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_booking) b = { 0 };
	MMS_AUTO(mms_str) want = { 0 };
	struct mms_booking_version version = { .n_added = 1 };

	(void)state;
	load_b1(&b);
	struct mms_booking_change change = move_b1(&b);
	change.calendar_event = "";
	change.is_synced = false;
	version.before = &b;
	version.after = &change;
	version.added[0].row =
		(struct mms_booking_history){ .booking = "b1",
					      .event_type = "Rescheduled",
					      .text = "As \"told\"",
					      .by = "sync@example.com",
					      .at_us = wall("2026-03-02 08:00:00.5") };
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_booking_add_history(&tx, &version.added[0].row, version.added[0].name,
				   &version.added[0].idx, &err));
	OK(mms_booking_add_version(&tx, &version, change.new_modified_us, &err));
	OK(mms_tx_commit(&tx, &err));
	mms_str_addf(
		&want,
		"{\"added\":[[\"booking_history\",{\"creation\":\"2026-01-01 10:00:00.500000\","
		"\"docstatus\":0,\"doctype\":\"MM Meeting Booking History\","
		"\"event_by\":\"sync@example.com\","
		"\"event_datetime\":\"2026-03-02 08:00:00.500000\","
		"\"event_description\":\"As \\\"told\\\"\",\"event_type\":\"Rescheduled\","
		"\"idx\":1,\"modified\":\"2026-03-02 08:00:00.500000\","
		"\"modified_by\":\"sync@example.com\",\"name\":\"%s\","
		"\"owner\":\"maker@example.com\",\"parent\":\"b1\","
		"\"parentfield\":\"booking_history\",\"parenttype\":\"MM Meeting Booking\"}]],"
		"\"changed\":[[\"meeting_title\",\"Title of b1\",\"Moved \\\"there\\\"\"],"
		"[\"start_datetime\",\"2026-04-01 09:00:00\",\"2026-04-02 09:30:00\"],"
		"[\"end_datetime\",\"2026-04-01 10:00:00\",\"2026-04-02 10:00:00\"],"
		"[\"duration\",60,30],[\"calendar_event_synced\",1,0],"
		"[\"calendar_event\",\"E1\",\"\"]],\"data_import\":null,\"removed\":[],"
		"\"row_changed\":[],\"updater_reference\":null}",
		version.added[0].name);
	expect_text(mms_str_get(&want), DATA);
	expect_text("2026-03-02 08:00:00.000001|2026-03-02 08:00:00.000001|sync@example.com|"
		    "sync@example.com|0|0|MM Meeting Booking|b1",
		    "SELECT CONCAT_WS('|', creation, modified, modified_by, owner, docstatus,"
		    " idx, ref_doctype, docname) FROM tabVersion");
}

static void
where_nothing_differs_there_is_no_version(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_booking) b = { 0 };
	struct mms_booking_version version = { 0 };

	(void)state;
	load_b1(&b);
	struct mms_booking_change change = mms_booking_same(&b);
	change.by = "sync@example.com";
	change.new_modified_us++;
	change.location = "";      /* as good as NULL */
	change.start_us += 999999; /* the same second: nobody would see it */
	version.before = &b;
	version.after = &change;
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_booking_add_version(&tx, &version, change.new_modified_us, &err));
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(mms_test_ask_i64(&site.server, "SELECT COUNT(*) FROM tabVersion"), 0);
	change.cancellation_reason = "so";
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_booking_add_version(&tx, &version, change.new_modified_us, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("{\"added\":[],\"changed\":[[\"cancellation_reason\",null,\"so\"]],"
		    "\"data_import\":null,\"removed\":[],\"row_changed\":[],"
		    "\"updater_reference\":null}",
		    DATA);
}

/* ---- whose calendar takes it ----------------------------------------------------------------- */

static void
a_persons_integrations_come_with_their_cursors(void **state)
{
	MMS_AUTO(mms_targets) targets = { 0 };

	(void)state;
	mms_test_sql(
		&site.server,
		"INSERT INTO `tabMM Calendar Integration` (name, integration_name, user,"
		" integration_type, sync_direction, owner, creation, is_active, is_primary,"
		" auto_sync_enabled) VALUES"
		" ('i1', 'Work', 'ann@example.com', 'Google Calendar', 'Two-way (Read & "
		"Write)',"
		"  'o@example.com', '2026-01-01', 1, 1, 1),"
		" ('i2', 'Renamed', 'ann@example.com', 'iCal', NULL, NULL, '2026-01-02', 0, 0, "
		"0),"
		" ('i3', 'New', 'ANN@example.com', NULL, NULL, NULL, '2026-01-03', 1, 0, 1),"
		" ('i4', 'Other', 'bob@example.com', NULL, NULL, NULL, '2026-01-04', 1, 0, 1);"
		"INSERT INTO mmsync_cursor (id, name, frappe_creation, frappe_owner, provider,"
		" role, reauth_token_sha256) VALUES"
		" (7, 'i1', '2026-01-01', 'o@example.com', 'google', 5, UNHEX(SHA2('t', 256))),"
		" (8, 'old name', '2026-01-02', NULL, 'ical', 3, NULL),"
		" (9, 'i3', '2026-05-05', NULL, 'ical', 4, NULL)");
	OK(mms_targets_add(site.db, "ann@example.com", &targets, &err));
	assert_int_equal(targets.n, 3);
	const struct mms_target *t = targets.items;
	assert_string_equal(t[0].integration, "i1");
	assert_string_equal(t[0].title, "Work");
	assert_string_equal(t[0].type, "Google Calendar");
	assert_string_equal(t[0].direction, "Two-way (Read & Write)");
	assert_true(t[0].is_active && t[0].is_primary && t[0].is_auto && t[0].needs_reauth);
	assert_int_equal(t[0].cursor_id, 7);
	assert_int_equal(t[0].role, 5);
	assert_int_equal(t[1].cursor_id, 8);
	assert_int_equal(t[1].role, 3);
	assert_false(t[1].is_active || t[1].is_primary || t[1].is_auto || t[1].needs_reauth);
	assert_int_equal(t[2].cursor_id, 0);
	assert_int_equal(t[2].role, 0);
	OK(mms_targets_add(site.db, "bob@example.com", &targets, &err));
	assert_int_equal(targets.n, 4);
	assert_string_equal(targets.items[3].integration, "i4");
	mms_test_sql(&site.server,
		     "INSERT INTO __Auth (doctype, name, fieldname, password, encrypted)"
		     " VALUES ('MM Calendar Integration', 'i1', 'refresh_token', 'u', 1)");
	mms_targets_release(&targets);
	OK(mms_targets_add(site.db, "ann@example.com", &targets, &err));
	assert_false(targets.items[0].needs_reauth);
}

/* ---- other sites ----------------------------------------------------------------------------- */

static void
join(const struct mms_names_list *list, struct mms_str *out)
{
	for (size_t i = 0; i < list->n; i++)
		mms_str_addf(out, "%s%s", i > 0 ? " " : "", list->items[i]);
}

static void
finds(const char *want, const struct mms_bookings_query *query)
{
	MMS_AUTO(mms_names_list) list = { 0 };
	MMS_AUTO(mms_str) is = { 0 };

	OK(mms_bookings_find(site.db, site.columns, query, &list, &err));
	join(&list, &is);
	assert_string_equal(mms_str_get(&is), want);
}

/* An older version: one user in a column, no child tables, fewer columns. */
static void
a_site_with_the_column_alone_serves_as_well(void **state)
{
	const struct mms_bookings_query query = { .since_us = MMS_NO_TIME,
						  .ends_after_us = MMS_NO_TIME,
						  .user = "ann@example.com" };
	MMS_AUTO(mms_booking) b = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	mms_test_sql(&site.server, "ALTER TABLE " BOOKING " ADD assigned_user varchar(140)");
	add_booking("b1", "2026-01-01", "2026-03-01", "2026-04-01 09:00:00");
	add_booking("b2", "2026-01-01", "2026-03-01", "2026-04-01 09:00:00");
	mms_test_sql(&site.server, "UPDATE " BOOKING " SET assigned_user = 'ann@example.com'"
				   " WHERE name = 'b1'");
	assign("b1", "bob@example.com", 1, true);
	assign("b2", "ann@example.com", 1, true);
	store_site_reread(&site);
	finds("b1 b2", &query);
	OK(mms_booking_load(site.db, site.columns, "b1", &b, &err));
	assert_int_equal(b.n_users, 2);
	assert_string_equal(b.users[0].user, "bob@example.com");
	assert_string_equal(b.users[1].user, "ann@example.com");
	assert_false(b.users[1].is_host);
	mms_booking_release(&b);

	mms_test_sql(&site.server, "DROP TABLE " PEOPLE ", " GUESTS "; ALTER TABLE " BOOKING
				   " DROP COLUMN meeting_location, DROP COLUMN customer_notes,"
				   " DROP COLUMN meeting_description, DROP KEY modified");
	store_site_reread(&site);
	finds("b1", &query);
	OK(mms_booking_load(site.db, site.columns, "b1", &b, &err));
	assert_int_equal(b.n_users, 1);
	assert_string_equal(b.users[0].user, "ann@example.com");
	assert_true(b.users[0].is_host);
	assert_int_equal(b.n_participants, 0);
	assert_null(b.location);
	assert_true(b.is_narrow);
	struct mms_booking_change change = move_b1(&b);
	assert_true(change.is_narrow);
	change.location = "nowhere";
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_booking_write(&tx, &change, &err));
	const struct mms_booking_version version = { .before = &b, .after = &change };
	OK(mms_booking_add_version(&tx, &version, change.new_modified_us, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("Moved \"there\" 30",
		    "SELECT CONCAT_WS(' ', meeting_title, duration) FROM " BOOKING
		    " WHERE name = 'b1'");
	assert_int_equal(mms_test_ask_i64(&site.server,
					  "SELECT COUNT(*) FROM tabVersion WHERE data"
					  " LIKE '%%meeting_location%%'"),
			 0);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup(test, clean)
	static const struct CMUnitTest tests[] = {
		T(a_booking_is_read_whole),
		T(a_booking_of_nulls_is_read_too),
		T(a_change_is_written_where_nobody_was_faster),
		T(a_save_meanwhile_is_not_overwritten),
		T(what_a_column_cannot_hold_is_refused),
		T(history_is_appended_as_frappe_does),
		T(a_taken_name_is_tried_again),
		T(a_version_says_what_differs),
		T(where_nothing_differs_there_is_no_version),
		T(a_persons_integrations_come_with_their_cursors),
		T(a_site_with_the_column_alone_serves_as_well),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

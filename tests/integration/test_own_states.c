/* States and rows of our own events outside, with two workers at once. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/outbox.h"
#include "support/dbcheck.h"
#include "support/store_site.h"

#define NOW INT64_C(1772355600000)

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
	mms_test_sql(&site.server, "INSERT INTO mmsync_cursor (id, name, provider) VALUES"
				   " (1, 'cal1', 'google'), (2, 'cal2', 'google')");
	return 0;
}

static void
expect_text(const char *want, const char *sql)
{
	store_site_expect(&site, want, sql);
}

/* A state whose ids are made of its number; texts are copies. */
static void
make_state(struct mms_own_state *s, unsigned number, uint64_t cursor_id, const char *booking)
{
	char id[2] = { (char)('a' + number), '\0' };

	*s = (struct mms_own_state){ .cursor_id = cursor_id,
				     .type = MMS_STATE_BOOKING,
				     .status = MMS_STATE_CREATING,
				     .booking_creation_us = wall("2026-01-01 10:00:00.5"),
				     .booking_modified_us = MMS_NO_TIME };
	memset(s->key, (int)number, sizeof s->key);
	memset(s->uuid, (int)(0x40 + number), sizeof s->uuid);
	s->external_id = mms_text_copy(id);
	s->booking = mms_text_copy(booking);
	assert_true(s->external_id != NULL && (booking == NULL || s->booking != NULL));
}

static void
insert_state(const struct mms_own_state *s, int64_t now_ms)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_own_state_insert(&tx, s, now_ms, &err));
	OK(mms_tx_commit(&tx, &err));
}

/* One that is put, by the shortest way. */
static void
add_state(unsigned number, uint64_t cursor_id, const char *booking)
{
	MMS_AUTO(mms_own_state) s = { 0 };

	make_state(&s, number, cursor_id, booking);
	insert_state(&s, NOW + (int64_t)number);
}

/* ---- states ---------------------------------------------------------------------------------- */

static void
a_new_state_comes_back_as_it_was_put(void **state)
{
	MMS_AUTO(mms_own_state) s = { 0 };
	MMS_AUTO(mms_own_state) back = { 0 };

	(void)state;
	make_state(&s, 1, 1, "b1");
	insert_state(&s, NOW);
	expect_text("1 1772355600000 1772355600000",
		    "SELECT CONCAT_WS(' ', created_by_us, created_at_ms, changed_at_ms)"
		    " FROM mmsync_event_state");
	FAILS(MMS_E_GONE, "no state", mms_own_state_load(site.db, s.key, &back, &err));
	OK(mms_own_state_load(site.db, s.uuid, &back, &err));
	assert_string_equal(back.integration, "cal1");
	assert_memory_equal(back.key, s.key, sizeof s.key);
	assert_string_equal(back.external_id, "b");
	assert_string_equal(back.booking, "b1");
	assert_int_equal(back.type, MMS_STATE_BOOKING);
	assert_int_equal(back.status, MMS_STATE_CREATING);
	assert_int_equal(back.removed_by, MMS_REMOVED_UNKNOWN);
	assert_true(back.booking_creation_us == s.booking_creation_us);
	assert_true(back.booking_modified_us == MMS_NO_TIME);
	assert_true(back.row_name == NULL && back.base == NULL && back.version == NULL);
	assert_false(back.has_source || back.has_row);
}

static void
what_is_written_to_a_state_comes_back(void **state)
{
	MMS_AUTO(mms_own_state) s = { 0 };
	MMS_AUTO(mms_own_state) back = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	make_state(&s, 1, 1, "b1");
	insert_state(&s, NOW);
	s.row_name = mms_text_copy("row1");
	s.version = mms_text_copy("\"etag\"");
	s.base = mms_text_copy("{\"v\":1}");
	s.ical_uid = mms_text_copy("uid@example.com");
	s.booking_modified_us = wall("2026-03-01 10:00:00.25");
	s.status = MMS_STATE_DELETED;
	s.removed_by = MMS_REMOVED_OUTSIDE;
	s.attempts = 3;
	s.has_source = true;
	memset(s.source_uuid, 9, sizeof s.source_uuid);
	mms_test_sql(&site.server, "INSERT INTO " EVENTS " (name, modified, sync_status) VALUES"
				   " ('row1', '2026-03-01 12:00:00.125', 'Sync Failed')");
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_own_state_write(&tx, &s, NOW + 5, &err));
	OK(mms_tx_commit(&tx, &err));
	OK(mms_own_state_load(site.db, s.uuid, &back, &err));
	assert_string_equal(back.row_name, "row1");
	assert_string_equal(back.version, "\"etag\"");
	assert_string_equal(back.base, "{\"v\":1}");
	assert_string_equal(back.ical_uid, "uid@example.com");
	assert_true(back.booking_modified_us == s.booking_modified_us);
	assert_int_equal(back.status, MMS_STATE_DELETED);
	assert_int_equal(back.removed_by, MMS_REMOVED_OUTSIDE);
	assert_int_equal(back.attempts, 3);
	assert_true(back.has_source);
	assert_memory_equal(back.source_uuid, s.source_uuid, sizeof s.source_uuid);
	assert_true(back.has_row);
	assert_int_equal(back.row_status, MMS_ROW_FAILED);
	assert_true(back.row_modified_us == wall("2026-03-01 12:00:00.125"));
	expect_text("1772355600000 1772355600005",
		    "SELECT CONCAT_WS(' ', created_at_ms, changed_at_ms)"
		    " FROM mmsync_event_state");
}

static void
who_announces_second_is_told(void **state)
{
	MMS_AUTO(mms_own_state) s = { 0 };
	MMS_AUTO(mms_tx) ours = { 0 };
	MMS_AUTO(mms_tx) theirs = { 0 };

	(void)state;
	make_state(&s, 1, 1, "b1");
	OK(mms_tx_begin(&theirs, site.other, &err));
	OK(mms_own_state_insert(&theirs, &s, NOW, &err));
	OK(mms_tx_commit(&theirs, &err));
	OK(mms_tx_begin(&ours, site.db, &err));
	FAILS(MMS_E_CONFLICT, "announce an event", mms_own_state_insert(&ours, &s, NOW, &err));
	s.uuid[0]++; /* another UUID for the same id in the same integration */
	FAILS(MMS_E_CONFLICT, "announce an event", mms_own_state_insert(&ours, &s, NOW, &err));
	s.cursor_id = 2;
	OK(mms_own_state_insert(&ours, &s, NOW, &err));
	OK(mms_tx_commit(&ours, &err));
	assert_int_equal(
		mms_test_ask_i64(&site.server, "SELECT COUNT(*) FROM mmsync_event_state"), 2);
}

static void
states_are_found_by_booking_and_by_integration(void **state)
{
	MMS_AUTO(mms_own_states) of_booking = { 0 };
	MMS_AUTO(mms_own_states) of_cal = { 0 };

	(void)state;
	add_state(3, 1, "b1");
	add_state(2, 2, "b1");
	add_state(1, 1, "b2");
	add_state(4, 1, "B1"); /* another booking: names of ours are exact */
	add_state(5, 1, NULL);
	mms_test_sql(
		&site.server,
		"UPDATE mmsync_event_state SET type = 3 WHERE external_id = 'f';"
		"UPDATE mmsync_event_state SET status = 5 WHERE external_id = 'd';"
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" type, status, created_at_ms, changed_at_ms) VALUES (1, 'x', 'user', 'x', 1,"
		" 3, 0, 0)");
	OK(mms_own_states_of_booking(site.db, "b1", &of_booking, &err));
	assert_int_equal(of_booking.n, 2);
	assert_string_equal(of_booking.items[0].external_id, "c");
	assert_string_equal(of_booking.items[0].integration, "cal2");
	assert_string_equal(of_booking.items[1].external_id, "d");
	assert_int_equal(of_booking.items[1].status, MMS_STATE_DELETED);
	OK(mms_own_states_of_integration(site.db, 1, &of_cal, &err));
	assert_int_equal(of_cal.n, 2); /* busy blocks have readers of their own */
	assert_string_equal(of_cal.items[0].external_id, "b");
	assert_string_equal(of_cal.items[1].external_id, "e");
}

static void
of_many_rows_only_its_own_is_read(void **state)
{
	MMS_AUTO(mms_own_states) states = { 0 };

	(void)state;
	add_state(1, 1, "b1");
	add_state(2, 2, "b1");
	mms_test_sql(
		&site.server,
		"UPDATE mmsync_event_state SET row_name = 'E7';"
		"INSERT INTO " EVENTS " (name, calendar_integration, external_event_id)"
		" SELECT CONCAT('e', seq), 'cal1', seq FROM seq_1_to_2000;"
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" type, status, created_at_ms, changed_at_ms) SELECT 1, UNHEX(MD5(seq)), seq,"
		" UNHEX(MD5(seq)), 1, 3, 0, 0 FROM seq_1_to_2000;"
		"ANALYZE TABLE " EVENTS ", mmsync_event_state");
	int64_t before = store_site_rows_read(&site),
		own = store_site_rows_read(&site) - before;
	before = store_site_rows_read(&site);
	OK(mms_own_states_of_booking(site.db, "b1", &states, &err));
	assert_int_equal(states.n, 2);
	assert_true(states.items[0].has_row);
	assert_in_range(store_site_rows_read(&site) - before - own, 0, 100);
}

static void
a_row_renamed_in_frappe_is_found_by_its_id(void **state)
{
	MMS_AUTO(mms_own_states) states = { 0 };

	(void)state;
	add_state(1, 1, "b1");
	add_state(2, 2, "b1");
	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET row_name = CONCAT('old', uuid);"
		     "INSERT INTO " EVENTS " (name, calendar_integration,"
		     " external_event_id, modified, sync_status) VALUES"
		     " ('new', 'cal1', 'b', '2026-03-01', 'Pending Sync'),"
		     " ('no', 'cal2', 'b', '2026-03-01', 'Pending Sync')");
	OK(mms_own_states_of_booking(site.db, "b1", &states, &err));
	assert_string_equal(states.items[0].row_name, "new");
	assert_true(states.items[0].has_row);
	assert_int_equal(states.items[0].row_status, MMS_ROW_PENDING);
	assert_false(states.items[1].has_row);
	assert_string_not_equal(states.items[1].row_name, "no");
}

static void
the_owner_of_a_uuid_is_the_integrations_user(void **state)
{
	MMS_AUTO(mms_own_state) s = { 0 };
	MMS_AUTO(mms_own_owner) owner = { 0 };

	(void)state;
	make_state(&s, 1, 1, "b1");
	OK(mms_own_state_owner(site.db, s.uuid, &owner, &err));
	assert_null(owner.user);
	assert_null(owner.external_id);
	assert_false(owner.is_live);
	insert_state(&s, NOW);
	OK(mms_own_state_owner(site.db, s.uuid, &owner, &err)); /* its integration is gone */
	assert_null(owner.user);
	assert_null(owner.calendar);
	assert_string_equal(owner.external_id, "b");
	mms_own_owner_release(&owner);
	mms_test_sql(&site.server,
		     "INSERT INTO `tabMM Calendar Integration` (name, user) VALUES"
		     " ('cal1', 'ann@example.com')");
	OK(mms_own_state_owner(site.db, s.uuid, &owner, &err));
	assert_string_equal(owner.user, "ann@example.com");
	assert_null(owner.calendar); /* the user's own */
	assert_string_equal(owner.external_id, "b");
	assert_int_equal(owner.cursor_id, s.cursor_id);
	assert_true(owner.is_live);
	mms_own_owner_release(&owner);
	mms_test_sql(&site.server, "UPDATE `tabMM Calendar Integration` SET calendar_id ="
				   " 'home@example.com'; UPDATE mmsync_event_state SET"
				   " status = 5");
	OK(mms_own_state_owner(site.db, s.uuid, &owner, &err));
	assert_string_equal(owner.calendar, "home@example.com");
	assert_false(owner.is_live);
}

#define PLANNED                                                                   \
	"SELECT GROUP_CONCAT(COALESCE(DATE(booking_modified), '-') ORDER BY uuid" \
	" SEPARATOR ' ') FROM mmsync_event_state"

static void
a_plan_is_noted_where_nothing_newer_was(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	add_state(1, 1, "b1");
	add_state(2, 2, "b1");
	add_state(3, 1, "b2");
	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET booking_modified = '2026-01-02'"
		     " WHERE external_id = 'c'");
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_own_states_planned(&tx, "b1", wall("2026-01-02"), wall("2026-01-03"), &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("- 2026-01-03 -", PLANNED);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_own_states_planned(&tx, "b1", wall("2026-01-02"), wall("2026-01-04"), &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("- 2026-01-03 -", PLANNED);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_own_states_planned(&tx, "b1", MMS_NO_TIME, wall("2026-01-04"), &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("2026-01-04 2026-01-04 -", PLANNED);
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define ROW                                                                                    \
	"SELECT CONCAT_WS('|', name, creation, modified, modified_by, owner, docstatus,"       \
	" calendar_integration, CONVERT(external_event_id USING ascii), event_title, "         \
	"event_type, sync_status,"                                                             \
	" start_datetime, end_datetime, COALESCE(description, '-'), COALESCE(location, '-'),"  \
	" CONVERT(COALESCE(attendees_json, '-') USING ascii), COALESCE(organizer_email, '-')," \
	" is_blocking_availability, COALESCE(last_synced, '-'),"                               \
	" COALESCE(external_last_modified, '-'), sync_direction, COALESCE(sync_error_log,"     \
	" '-'), meeting_booking) FROM " EVENTS

static struct mms_event_row
event_row(void)
{
	static char title[] = "Title", place[] = "Room",
		    json[] = "[{\"email\":\"a@example.com\"}]";

	return (struct mms_event_row){ .title = title,
				       .event_type = "Meeting Booking",
				       .location = place,
				       .attendees_json = json,
				       .is_blocking = true,
				       .start_us = wall("2026-04-01 09:00:00"),
				       .end_us = wall("2026-04-01 10:00:00"),
				       .external_modified_us = MMS_NO_TIME };
}

static void
a_row_is_written_where_nobody_was_faster(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_tx) theirs = { 0 };
	struct mms_event_row r = event_row();
	struct mms_own_row row = { .name = "MM-CES-cal1-0001",
				   .integration = "cal1",
				   .external_id = "x",
				   .booking = "b1",
				   .row = &r,
				   .new_modified_us = wall("2026-03-01 10:00:00.5"),
				   .by = "sync@example.com",
				   .synced_us = MMS_NO_TIME };

	(void)state;
	r.status = MMS_ROW_PENDING;
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_own_row_insert(&tx, &row, &err));
	FAILS(MMS_E_CONFLICT, "write the event of 'b1'", mms_own_row_insert(&tx, &row, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("MM-CES-cal1-0001|2026-03-01 10:00:00.500000|2026-03-01 10:00:00.500000|"
		    "sync@example.com|sync@example.com|0|cal1|x|Title|Meeting Booking|"
		    "Pending Sync|2026-04-01 09:00:00.000000|2026-04-01 10:00:00.000000|-|Room|"
		    "[{\"email\":\"a@example.com\"}]|-|1|-|-|Bidirectional|-|b1",
		    ROW);
	r.status = MMS_ROW_SYNCED;
	r.location = NULL;
	r.external_modified_us = wall("2026-03-01 11:00:00");
	row.modified_us = row.new_modified_us;
	row.new_modified_us++;
	row.external_id = "y";
	row.booking = "b2";
	row.by = "other@example.com";
	row.synced_us = wall("2026-03-01 12:00:00");
	mms_test_sql(&site.server, "UPDATE " EVENTS " SET sync_direction = 'Inbound'");
	OK(mms_tx_begin(&theirs, site.other, &err));
	OK(mms_own_row_update(&theirs, &row, &err));
	OK(mms_tx_commit(&theirs, &err));
	OK(mms_tx_begin(&tx, site.db, &err));
	FAILS(MMS_E_CONFLICT, "someone else", mms_own_row_update(&tx, &row, &err));
	row.modified_us = row.new_modified_us;
	row.new_modified_us++;
	row.synced_us = MMS_NO_TIME;
	OK(mms_own_row_update(&tx, &row, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("MM-CES-cal1-0001|2026-03-01 10:00:00.500000|2026-03-01 10:00:00.500002|"
		    "other@example.com|sync@example.com|0|cal1|y|Title|Meeting Booking|"
		    "Synced|2026-04-01 09:00:00.000000|2026-04-01 10:00:00.000000|-|-|"
		    "[{\"email\":\"a@example.com\"}]|-|1|2026-03-01 12:00:00.000000|"
		    "2026-03-01 11:00:00.000000|Bidirectional|-|b2",
		    ROW);
}

static void
mark(enum mms_row_status status, const char *why, const char *now)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_own_row_mark(&tx, "r", status, why, "sync@example.com", wall(now), &err));
	OK(mms_tx_commit(&tx, &err));
}

#define MARKED                                                                     \
	"SELECT CONCAT_WS('|', modified, COALESCE(modified_by, '-'), sync_status," \
	" COALESCE(sync_error_log, '-')) FROM " EVENTS

static void
a_mark_is_written_once_and_always_moves_modified(void **state)
{
	(void)state;
	mms_test_sql(&site.server,
		     "INSERT INTO " EVENTS " (name, sync_status) VALUES ('r', 'Synced')");
	mark(MMS_ROW_SYNCED, NULL, "2026-03-01 10:00:00");
	mark(MMS_ROW_SYNCED, "", "2026-03-01 10:00:00");
	expect_text("-|Synced|-", MARKED);
	mark(MMS_ROW_SYNCED, "why", "2026-03-01 10:00:00");
	expect_text("2026-03-01 10:00:00.000000|sync@example.com|Synced|why", MARKED);
	mark(MMS_ROW_SYNCED, "why", "2026-03-01 11:00:00");
	expect_text("2026-03-01 10:00:00.000000|sync@example.com|Synced|why", MARKED);
	/* the clock was set back an hour */
	mark(MMS_ROW_DELETED_LOCALLY, NULL, "2026-03-01 09:00:00");
	expect_text("2026-03-01 10:00:00.000001|sync@example.com|Deleted Locally|-", MARKED);
	mark(MMS_ROW_FAILED, NULL, "2026-03-01 12:00:00");
	expect_text("2026-03-01 12:00:00.000000|sync@example.com|Sync Failed|-", MARKED);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup(test, clean)
	static const struct CMUnitTest tests[] = {
		T(a_new_state_comes_back_as_it_was_put),
		T(what_is_written_to_a_state_comes_back),
		T(who_announces_second_is_told),
		T(states_are_found_by_booking_and_by_integration),
		T(of_many_rows_only_its_own_is_read),
		T(a_row_renamed_in_frappe_is_found_by_its_id),
		T(the_owner_of_a_uuid_is_the_integrations_user),
		T(a_plan_is_noted_where_nothing_newer_was),
		T(a_row_is_written_where_nobody_was_faster),
		T(a_mark_is_written_once_and_always_moves_modified),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

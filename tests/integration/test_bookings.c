/*
 * Which bookings are looked at, and which are gone: renamed, deleted, given the name of another.
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

/* A state of type `type` whose row, where there is one, is called as the state's number. */
static void
add_state(int number, const char *booking, const char *creation, const char *planned,
	  int status, int removed_by)
{
	mms_test_sql(
		&site.server,
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" row_name, booking, booking_creation, booking_modified, type, status,"
		" removed_by, created_at_ms, changed_at_ms) VALUES (1,"
		" UNHEX(MD5('%d')), '%d', UNHEX(MD5('%d')), 'row%d', '%s', %s%s%s, %s%s%s,"
		" 2, %d, %d, 0, 0)",
		number, number, number, number, booking, creation != NULL ? "'" : "",
		creation != NULL ? creation : "NULL", creation != NULL ? "'" : "",
		planned != NULL ? "'" : "", planned != NULL ? planned : "NULL",
		planned != NULL ? "'" : "", status, removed_by);
}

static void
add_row(int number, const char *booking)
{
	mms_test_sql(&site.server,
		     "INSERT INTO " EVENTS " (name, meeting_booking) VALUES ('row%d', '%s')",
		     number, booking);
}

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

static void
finds_gone(const char *want)
{
	MMS_AUTO(mms_names_list) list = { 0 };
	MMS_AUTO(mms_str) is = { 0 };

	OK(mms_bookings_find_gone(site.db, false, &list, &err));
	join(&list, &is);
	assert_string_equal(mms_str_get(&is), want);
}

/* ---- which are looked at --------------------------------------------------------------------- */

static void
a_booking_is_found_until_it_was_planned_from(void **state)
{
	const struct mms_bookings_query since = { .since_us = wall("2026-03-01 10:00:00"),
						  .ends_after_us = MMS_NO_TIME };
	const struct mms_bookings_query all = { .since_us = MMS_NO_TIME,
						.ends_after_us = MMS_NO_TIME };
	const struct mms_bookings_query late = { .since_us = MMS_NO_TIME,
						 .ends_after_us = wall("2026-04-02 10:00:00") };

	(void)state;
	add_booking("old", "2026-01-01", "2026-03-01 09:59:59.999999", "2026-04-01 09:00:00");
	add_booking("same", "2026-01-02", "2026-03-01 10:00:00", "2026-04-01 09:00:00");
	add_booking("new", "2026-01-03", "2026-03-01 10:00:00.000001", "2026-04-02 09:00:01");
	add_booking("done", "2026-01-04", "2026-03-01 12:00:00.5", "2026-04-02 09:00:00");
	add_booking("behind", "2026-01-05", "2026-03-01 13:00:00", "2026-04-02 09:00:00");
	add_state(1, "done", "2026-01-04", "2026-03-01 12:00:00.5", 3, 0);
	add_state(2, "behind", "2026-01-05", "2026-03-01 12:00:00", 3, 0);
	add_state(3, "BEHIND", "2026-01-05", "2026-03-01 13:00:00", 3, 0); /* another's name */
	finds("new behind", &since);
	finds("old same new done behind", &all);
	finds("new", &late);
	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET status = 5, booking_modified ="
		     " '2026-03-01 13:00:00' WHERE booking = 'behind'");
	finds("new", &since);
}

static void
only_bookings_of_a_person_are_found(void **state)
{
	struct mms_bookings_query query = { .since_us = MMS_NO_TIME,
					    .ends_after_us = MMS_NO_TIME,
					    .user = "Ann@Example.com" };

	(void)state;
	add_booking("b1", "2026-01-01", "2026-03-01", "2026-04-01 09:00:00");
	add_booking("b2", "2026-01-01", "2026-03-02", "2026-04-01 09:00:00");
	assign("b1", "ann@example.com", 1, false);
	assign("b1", "bob@example.com", 2, true);
	assign("b2", "bob@example.com", 1, true);
	finds("b1", &query);
	query.user = "bob@example.com";
	finds("b1 b2", &query);
	query.since_us = wall("2026-03-01 00:00:00");
	finds("b2", &query);
	query.user = "nobody@example.com";
	finds("", &query);
}

static void
what_did_not_change_is_not_read(void **state)
{
	const struct mms_bookings_query query = { .since_us = wall("2026-03-02 00:00:00"),
						  .ends_after_us = MMS_NO_TIME };
	MMS_AUTO(mms_names_list) list = { 0 };

	(void)state;
	mms_test_sql(
		&site.server,
		"INSERT INTO " BOOKING " (name, creation, modified, end_datetime) SELECT"
		" CONCAT('b', seq), '2026-01-01', IF(seq > 10, '2026-03-01', '2026-03-03'),"
		" '2026-04-01' FROM seq_1_to_2000");
	mms_test_sql(
		&site.server,
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" booking, booking_creation, booking_modified, type, status, created_at_ms,"
		" changed_at_ms) SELECT 1, UNHEX(MD5(seq)), seq, UNHEX(MD5(seq)),"
		" CONCAT('b', seq), '2026-01-01', '2026-03-01', 2, 3, 0, 0"
		" FROM seq_1_to_2000");
	mms_test_sql(&site.server, "ANALYZE TABLE " BOOKING ", mmsync_event_state");
	int64_t before = store_site_rows_read(&site),
		own = store_site_rows_read(&site) - before;
	before = store_site_rows_read(&site);
	OK(mms_bookings_find(site.db, site.columns, &query, &list, &err));
	assert_int_equal(list.n, 10);
	assert_in_range(store_site_rows_read(&site) - before - own, 0, 200);
	/* Of all states one look each, by the booking's key. */
	before = store_site_rows_read(&site);
	finds_gone("");
	assert_in_range(store_site_rows_read(&site) - before - own, 2000, 9000);
}

static void
how_far_was_looked_is_kept(void **state)
{
	int64_t us = 0;

	(void)state;
	OK(mms_bookings_seen(site.db, &us, &err));
	assert_true(us == MMS_NO_TIME);
	OK(mms_bookings_put_seen(site.db, wall("2026-03-01 10:00:00.123456"), &err));
	OK(mms_bookings_seen(site.db, &us, &err));
	assert_true(us == wall("2026-03-01 10:00:00.123456"));
	OK(mms_bookings_put_seen(site.db, MMS_NO_TIME, &err));
	OK(mms_bookings_seen(site.db, &us, &err));
	assert_true(us == MMS_NO_TIME);
}

/* ---- gone and renamed ------------------------------------------------------------------------ */

#define NAMES                                                                            \
	"SELECT GROUP_CONCAT(CONCAT(external_id COLLATE utf8mb4_bin, ':', booking, '/'," \
	" COALESCE(DATE(booking_creation), '-')) ORDER BY external_id SEPARATOR ' ')"    \
	" FROM mmsync_event_state"

static void
deleted_bookings_are_gone_while_their_events_live(void **state)
{
	(void)state;
	add_booking("here", "2026-01-01", "2026-03-01", "2026-04-01 09:00:00");
	add_state(1, "here", "2026-01-01", NULL, 3, 0);
	add_state(2, "away", "2026-01-02", NULL, 3, 0);
	add_state(3, "away", "2026-01-02", NULL, 1, 0);
	add_state(4, "long away", "2026-01-03", NULL, 5, 1);
	add_state(5, "far away", "2026-01-04", NULL, 5, 2);
	add_state(6, "undated", NULL, NULL, 4, 0);
	finds_gone("away undated");
	expect_text("1:here/2026-01-01 2:away/2026-01-02 3:away/2026-01-02 "
		    "4:long away/2026-01-03 5:far away/2026-01-04 6:undated/-",
		    NAMES);
}

static void
a_renamed_booking_is_followed_by_its_states(void **state)
{
	(void)state;
	add_booking("new name", "2026-01-01 10:00:00.123456", "2026-03-01", "2026-04-01");
	add_state(1, "old name", "2026-01-01 10:00:00.123456", NULL, 3, 0);
	add_state(2, "old name", "2026-01-01 10:00:00.123456", NULL, 5, 2);
	add_state(3, "old name", "2026-01-01 10:00:00.123457", NULL, 3, 0); /* another */
	mms_test_sql(&site.server,
		     "INSERT INTO mmsync_outbox (integration_id, operation, uuid, type,"
		     " booking, created_at_ms, changed_at_ms) SELECT 1, 'update', uuid,"
		     " 2, booking, 0, 0 FROM mmsync_event_state");
	finds_gone("old name");
	expect_text("1:new name/2026-01-01 2:new name/2026-01-01 3:old name/2026-01-01", NAMES);
	expect_text("new name,new name,old name",
		    "SELECT GROUP_CONCAT(o.booking ORDER BY s.external_id) FROM mmsync_outbox o"
		    " JOIN mmsync_event_state s ON s.uuid = o.uuid");
	finds_gone("old name");
}

static void
a_booking_whose_event_was_removed_outside_is_followed_too(void **state)
{
	(void)state;
	add_booking("new name", "2026-01-01", "2026-03-01", "2026-04-01");
	add_state(1, "old name", "2026-01-01", NULL, 5, 2);
	finds_gone("");
	expect_text("1:new name/2026-01-01", NAMES);
}

static void
of_several_bookings_of_a_creation_the_row_says_which(void **state)
{
	(void)state;
	add_booking("n1", "2026-01-01", "2026-03-01", "2026-04-01");
	add_booking("n2", "2026-01-01", "2026-03-01", "2026-04-01");
	add_booking("n3", "2026-01-01", "2026-03-01", "2026-04-01");
	add_state(1, "o1", "2026-01-01", NULL, 3, 0);
	add_state(2, "o2", "2026-01-01", NULL, 3, 0);
	add_state(3, "o3", "2026-01-01", NULL, 3, 0);
	add_row(1, "n2");
	add_row(2, "n1");
	add_row(3, "o3"); /* it was deleted, and its event's link stands */
	finds_gone("o3");
	expect_text("1:n2/2026-01-01 2:n1/2026-01-01 3:o3/2026-01-01", NAMES);
}

static void
a_booking_that_a_state_knows_is_nobodys_new_name(void **state)
{
	(void)state;
	add_booking("here", "2026-01-01", "2026-03-01", "2026-04-01");
	add_state(1, "here", "2026-01-01", NULL, 3, 0);
	add_state(2, "away", "2026-01-01", NULL, 3, 0);
	finds_gone("away");
	expect_text("1:here/2026-01-01 2:away/2026-01-01", NAMES);
}

static void
names_that_changed_hands_are_sorted_out(void **state)
{
	(void)state;
	/* a and b swapped their names; c was deleted, and d took its name; e changed its case. */
	add_booking("b", "2026-01-01", "2026-03-01", "2026-04-01");
	add_booking("a", "2026-01-02", "2026-03-01", "2026-04-01");
	add_booking("c", "2026-01-04", "2026-03-01", "2026-04-01");
	add_booking("E", "2026-01-05", "2026-03-01", "2026-04-01");
	add_state(1, "a", "2026-01-01", NULL, 3, 0);
	add_state(2, "b", "2026-01-02", NULL, 3, 0);
	add_state(3, "c", "2026-01-03", NULL, 3, 0);
	add_state(4, "d", "2026-01-04", NULL, 3, 0);
	add_state(5, "e", "2026-01-05", NULL, 3, 0);
	finds_gone("<c>");
	expect_text("1:b/2026-01-01 2:a/2026-01-02 3:<c>/2026-01-03 4:c/2026-01-04 "
		    "5:E/2026-01-05",
		    NAMES);
	finds_gone("<c>");
}

static void
a_booking_whose_creation_was_changed_keeps_its_states(void **state)
{
	(void)state;
	add_booking("b", "2026-02-02", "2026-03-01", "2026-04-01");
	add_state(1, "b", "2026-01-01", NULL, 3, 0);
	finds_gone("");
	expect_text("1:b/2026-02-02", NAMES);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup(test, clean)
	static const struct CMUnitTest tests[] = {
		T(a_booking_is_found_until_it_was_planned_from),
		T(only_bookings_of_a_person_are_found),
		T(what_did_not_change_is_not_read),
		T(how_far_was_looked_is_kept),
		T(deleted_bookings_are_gone_while_their_events_live),
		T(a_renamed_booking_is_followed_by_its_states),
		T(a_booking_whose_event_was_removed_outside_is_followed_too),
		T(of_several_bookings_of_a_creation_the_row_says_which),
		T(a_booking_that_a_state_knows_is_nobodys_new_name),
		T(names_that_changed_hands_are_sorted_out),
		T(a_booking_whose_creation_was_changed_keeps_its_states),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

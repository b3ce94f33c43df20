/* A booking as a meeting: texts, times in zones, guests; and the row that its event has. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "../../connector/sync/meeting_make.h"
#include "mmsync/mem.h"

#define OK(call)                                                       \
	do {                                                           \
		MMS_AUTO(mms_err) err = { 0 };                         \
		if ((call) != MMS_OK)                                  \
			fail_msg("%s: %s", #call, mms_err_text(&err)); \
	} while (0)

static struct mms_email *email;
static struct mms_zones *zones;
static const struct mms_zone *berlin;

static int
start(void **state)
{
	(void)state;
	OK(mms_email_new(&email, true, &err));
	OK(mms_zones_new(&zones, &err));
	OK(mms_zones_find(zones, "Europe/Berlin", &berlin, &err));
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mms_email_free(email);
	mms_zones_free(zones);
	return 0;
}

static int64_t
wall(const char *text)
{
	int64_t us = MMS_NO_TIME;

	if (text != NULL && !mms_wall_parse(text, strlen(text), &us))
		fail_msg("'%s' is no time", text);
	return us;
}

/* Bookings of constants: nothing of them is released. */
static char *
fixed(const char *text)
{
	union {
		const char *in;
		char *out;
	} u = { .in = text };

	return u.out;
}

static struct mms_booking
plain_booking(void)
{
	return (struct mms_booking){ .name = fixed("b1"),
				     .title = fixed("Title"),
				     .start_us = wall("2026-03-02 09:00:00"),
				     .end_us = wall("2026-03-02 10:00:00") };
}

static void
make(const struct mms_booking *b, struct mms_meeting *out)
{
	static const char *const hosts[] = { "host@example.com", NULL };

	mms_meeting_release(out);
	OK(mms_meeting_of_booking(b, mms_zone_utc(), MMS_GUESTS_INVITED, hosts, email, out,
				  &err));
}

static void
texts_are_taken_as_they_are_and_what_a_customer_wrote_is_escaped(void **state)
{
	static const struct {
		const char *description, *name, *notes, *want;
	} rows[] = {
		{ NULL, NULL, NULL, NULL },
		{ "", " ", "\n", NULL },
		{ "<p>A &amp; b</p>", NULL, NULL, "<p>A &amp; b</p>" },
		{ NULL, "Ann", NULL, "<p>Customer: Ann</p>" },
		{ "<p>A</p>", "Ann <i>", "a & b\r\n\"c\"",
		  "<p>A</p><p>Customer: Ann &lt;i&gt;</p><p>Notes: a &amp; b<br>&quot;c&quot;"
		  "</p>" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_meeting) m = { 0 };
		struct mms_booking b = plain_booking();
		b.description = fixed(rows[i].description);
		b.customer_name = fixed(rows[i].name);
		b.customer_notes = fixed(rows[i].notes);
		make(&b, &m);
		if ((m.text == NULL) != (rows[i].want == NULL) ||
		    (m.text != NULL && strcmp(m.text, rows[i].want) != 0))
			fail_msg("row %zu: %s", i, m.text != NULL ? m.text : "NULL");
	}
}

static void
a_title_is_never_empty_and_a_place_is_where_it_is(void **state)
{
	static const struct {
		const char *title, *type, *location, *url, *want_title, *want_place;
	} rows[] = {
		{ NULL, NULL, NULL, NULL, "No Title", NULL },
		{ " \n", "Video Call", "", " ", "No Title", NULL },
		{ " T ", "Video Call", "Room", "https://v", " T ", "https://v" },
		{ "T", "Video Call", "Room", NULL, "T", "Room" },
		{ "T", "Video Call", "Room", "", "T", "Room" },
		{ "T", "Physical Location", "Room", "https://v", "T", "Room" },
		{ "T", NULL, "Room", "https://v", "T", "Room" },
		{ "T", "Physical Location", NULL, "https://v", "T", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_meeting) m = { 0 };
		struct mms_booking b = plain_booking();
		b.title = fixed(rows[i].title);
		b.location_type = fixed(rows[i].type);
		b.location = fixed(rows[i].location);
		b.video_url = fixed(rows[i].url);
		make(&b, &m);
		assert_string_equal(m.title, rows[i].want_title);
		if ((m.place == NULL) != (rows[i].want_place == NULL) ||
		    (m.place != NULL && strcmp(m.place, rows[i].want_place) != 0))
			fail_msg("row %zu: %s", i, m.place != NULL ? m.place : "NULL");
	}
}

static void
guests_are_valid_once_and_never_hosts(void **state)
{
	struct mms_booking_participant people[] = {
		{ .email = fixed("zoe@example.com"), .name = fixed("Zoe") },
		{ .email = fixed(" Bob@example.com\n"), .name = fixed(" ") },
		{ .email = fixed("bob@example.com") },
		{ .email = fixed("Host@Example.com"), .name = fixed("Host") },
		{ .email = fixed("room 7") },
		{ .email = NULL },
		{ .email = fixed("") },
	};
	struct mms_booking b = plain_booking();
	MMS_AUTO(mms_meeting) m = { 0 };

	(void)state;
	b.customer_email = fixed("ann@example.com");
	b.customer_name = fixed("Ann");
	b.participants = people;
	b.n_participants = MMS_COUNT(people);
	make(&b, &m);
	assert_int_equal(m.n_guests, 3);
	assert_string_equal(m.guests[0].email, "ann@example.com");
	assert_string_equal(m.guests[0].name, "Ann");
	assert_int_equal(strcasecmp(m.guests[1].email, "bob@example.com"), 0);
	assert_null(m.guests[1].name);
	assert_string_equal(m.guests[2].email, "zoe@example.com");
	assert_string_equal(m.guests[2].name, "Zoe");
	mms_meeting_release(&m);
	OK(mms_meeting_of_booking(&b, mms_zone_utc(), MMS_GUESTS_NOWHERE, NULL, email, &m,
				  &err));
	assert_int_equal(m.n_guests, 0);
	mms_meeting_release(&m);
	OK(mms_meeting_of_booking(&b, mms_zone_utc(), MMS_GUESTS_INVITED, NULL, email, &m,
				  &err));
	assert_int_equal(m.n_guests, 4);
	mms_meeting_release(&m);
	/* A service that would mail them has them in the text only. */
	OK(mms_meeting_of_booking(&b, mms_zone_utc(), MMS_GUESTS_IN_TEXT, NULL, email, &m,
				  &err));
	assert_int_equal(m.n_guests, 0);
	assert_non_null(strstr(m.text, "<p>Guests: Ann &lt;ann@example.com&gt;, "));
	assert_non_null(strstr(m.text, "Zoe &lt;zoe@example.com&gt;"));
}

static void
wall_times_become_instants_that_end_after_they_start(void **state)
{
	static const struct {
		const char *label, *start, *end;
		int64_t duration;
		const char *want_start, *want_end;
	} rows[] = {
		{ "winter", "2026-03-02 09:00:00", "2026-03-02 10:00:00", 0,
		  "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z" },
		{ "summer", "2026-07-02 09:00:00", "2026-07-02 10:00:00.5", 0,
		  "2026-07-02T07:00:00Z", "2026-07-02T08:00:00.500Z" },
		{ "no length", "2026-03-02 09:00:00", "2026-03-02 09:00:00", 30,
		  "2026-03-02T08:00:00Z", "2026-03-02T08:01:00Z" },
		{ "backwards", "2026-03-02 09:00:00", "2026-03-02 08:00:00", 30,
		  "2026-03-02T08:00:00Z", "2026-03-02T08:01:00Z" },
		{ "no end", "2026-03-02 09:00:00", NULL, 45, "2026-03-02T08:00:00Z",
		  "2026-03-02T08:45:00Z" },
		{ "neither end nor duration", "2026-03-02 09:00:00", NULL, 0,
		  "2026-03-02T08:00:00Z", "2026-03-02T08:01:00Z" },
		{ "a start that does not exist", "2026-03-29 02:30:00", "2026-03-29 03:15:00",
		  0, "2026-03-29T01:30:00Z", "2026-03-29T02:15:00Z" },
		{ "over the change", "2026-03-29 01:30:00", "2026-03-29 03:30:00", 0,
		  "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_booking b = plain_booking();
		MMS_AUTO(mms_meeting) m = { 0 };
		char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];
		b.start_us = wall(rows[i].start);
		b.end_us = wall(rows[i].end);
		b.duration_min = rows[i].duration;
		OK(mms_meeting_of_booking(&b, berlin, MMS_GUESTS_NOWHERE, NULL, email, &m,
					  &err));
		if (strcmp(mms_time_print(m.start_ms, from), rows[i].want_start) != 0 ||
		    strcmp(mms_time_print(m.end_ms, to), rows[i].want_end) != 0)
			fail_msg("%s: %s %s", rows[i].label, from,
				 mms_time_print(m.end_ms, to));
	}
}

static void
without_a_start_there_is_no_meeting(void **state)
{
	struct mms_booking b = plain_booking();
	MMS_AUTO(mms_meeting) m = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	b.start_us = MMS_NO_TIME;
	assert_int_equal(
		mms_meeting_of_booking(&b, berlin, MMS_GUESTS_INVITED, NULL, email, &m, &err),
		MMS_E_ITEM);
	assert_string_equal(mms_err_text(&err), "booking 'b1' has no start");
}

static void
the_row_is_a_blocking_meeting_booking_that_fits_its_columns(void **state)
{
	const struct mms_row_rules rules = { .event_zone = berlin,
					     .email = email,
					     .id_chars = 140,
					     .title_chars = 8,
					     .location_chars = 6,
					     .organizer_chars = 140 };
	struct mms_guest guests[] = { { fixed("ann@example.com"), fixed("Ann") },
				      { fixed("bob@example.com"), NULL } };
	const struct mms_meeting meeting = { .start_ms = INT64_C(1772355600000),
					     .end_ms = INT64_C(1772359200000),
					     .title = fixed("A  long title"),
					     .place = fixed("A place"),
					     .text = fixed("<p>x</p>"),
					     .guests = guests,
					     .n_guests = 2 };
	MMS_AUTO(mms_event_row) row = { 0 };

	(void)state;
	OK(mms_booking_event_row(&meeting, "0123abcd", MMS_NO_TIME, &rules, 0, &row, &err));
	assert_string_equal(row.external_event_id, "0123abcd");
	assert_string_equal(row.title, "A long t");
	assert_string_equal(row.event_type, "Meeting Booking");
	assert_int_equal(row.status, MMS_ROW_SYNCED);
	assert_string_equal(row.location, "A plac");
	assert_string_equal(row.description, "&lt;p&gt;x&lt;/p&gt;");
	assert_string_equal(row.attendees_json,
			    "[{\"email\":\"ann@example.com\",\"display_name\":\"Ann\"},"
			    "{\"email\":\"bob@example.com\"}]");
	assert_null(row.organizer_email);
	assert_true(row.is_blocking);
	assert_true(row.start_us == wall("2026-03-01 10:00:00"));
	assert_true(row.end_us == wall("2026-03-01 11:00:00"));
	assert_true(row.external_modified_us == MMS_NO_TIME);
	mms_event_row_release(&row);
	OK(mms_booking_event_row(&meeting, "x", INT64_C(1772355600000), &rules, 0, &row, &err));
	assert_true(row.external_modified_us == wall("2026-03-01 10:00:00"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			texts_are_taken_as_they_are_and_what_a_customer_wrote_is_escaped),
		cmocka_unit_test(a_title_is_never_empty_and_a_place_is_where_it_is),
		cmocka_unit_test(guests_are_valid_once_and_never_hosts),
		cmocka_unit_test(wall_times_become_instants_that_end_after_they_start),
		cmocka_unit_test(without_a_start_there_is_no_meeting),
		cmocka_unit_test(the_row_is_a_blocking_meeting_booking_that_fits_its_columns),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

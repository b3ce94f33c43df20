/* When a turn reads everything, how far, and under which rules; which instances are of which series. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../connector/sync/turn.h"
#include "mmsync/mem.h"

/* Shows the error's own words when a call fails. */
#define OK(call)                                            \
	do {                                                \
		if ((call) != MMS_OK)                       \
			fail_msg("%s", mms_err_text(&err)); \
	} while (0)
#define HOUR_MS INT64_C(3600000)
#define NOW_MS  (INT64_C(20000) * MMS_DAY_MS)

static char one_way[] = "One-way (Read Only)", two_way[] = "Two-way (Read & Write)",
	    other_id[] = "team@example.com";

/* What a digest is made of. */
struct facts {
	struct mms_source source;
	struct mms_calendar calendar;
	const char *type;
};

static void
print_of(const struct facts *facts, char hex[2 * MMS_READ_PRINT_BYTES + 1])
{
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_digest) digest = { 0 };
	struct mms_zones *zones = NULL;
	const struct mms_zone *utc = NULL, *berlin = NULL;
	unsigned char print[MMS_READ_PRINT_BYTES];

	OK(mms_zones_new(&zones, &err));
	OK(mms_zones_find(zones, "UTC", &utc, &err));
	OK(mms_zones_find(zones, "Europe/Berlin", &berlin, &err));
	const struct mms_row_rules rules = {
		.event_zone = utc,
		.blocking = { .tentative = true, .focus_time = true, .all_day = true },
		.id_chars = 512,
		.title_chars = 140,
		.location_chars = 140,
		.organizer_chars = 140,
	};
	struct mms_calendar calendar = facts->calendar;
	calendar.day_zone = berlin;
	OK(mms_window_print(&digest, &rules, berlin, &facts->source, &calendar,
			    mms_provider_find(facts->type), print, &err));
	(void)mms_hex_print(print, sizeof print, hex);
	mms_zones_free(zones);
}

/* Another one would make an upgrade read every feed of a site in full. */
static void
the_digest_of_a_feed_is_what_it_always_was(void **state)
{
	const struct facts rows[] = {
		{ .type = "iCal" },
		{ .type = "iCal", .calendar.is_day_zone_own = true },
		{ .type = "iCal", .calendar.calendar_id = "x" },
		{ .type = "iCal",
		  .source.integration = { .direction = two_way,
					  .is_active = true,
					  .is_primary = true } },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char hex[2 * MMS_READ_PRINT_BYTES + 1];

		print_of(&rows[i], hex);
		assert_string_equal(hex, "7d566ec022ed0de7aaefcfca0a27ac99");
	}
}

static void
what_makes_other_rows_of_a_service_makes_another_digest(void **state)
{
	const struct facts rows[] = {
		{ .type = "Google Calendar",
		  .source.integration = { .direction = one_way, .is_active = true } },
		{ .type = "Google Calendar",
		  .source.integration = { .direction = one_way, .is_active = true },
		  .calendar.is_day_zone_own = true },
		{ .type = "Google Calendar",
		  .source.integration = { .direction = one_way, .is_active = true },
		  .calendar.calendar_id = other_id },
		{ .type = "Google Calendar",
		  .source.integration = { .direction = two_way,
					  .is_active = true,
					  .is_primary = true } },
	};
	/* Only a target of bookings is another calendar. */
	const struct facts same[] = {
		{ .type = "Google Calendar",
		  .source.integration = { .direction = two_way, .is_active = true } },
		{ .type = "Google Calendar",
		  .source.integration = { .direction = one_way,
					  .is_active = true,
					  .is_primary = true } },
	};
	char hex[MMS_COUNT(rows)][2 * MMS_READ_PRINT_BYTES + 1], is[sizeof hex[0]];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		print_of(&rows[i], hex[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(hex[i], hex[k]);
	}
	for (size_t i = 0; i < MMS_COUNT(same); i++) {
		print_of(&same[i], is);
		assert_string_equal(is, hex[0]);
	}
}

static void
a_full_listing_reaches_further_than_its_window(void **state)
{
	struct mms_cursor cursor = { .window_end_ms = MMS_NO_TIME };

	(void)state;
	assert_true(mms_window_is_passed(&cursor, NOW_MS));
	cursor.window_end_ms = mms_window_end(&cursor, NOW_MS, true);
	assert_int_equal(cursor.window_end_ms, NOW_MS + 8 * MMS_DAY_MS);
	assert_int_equal(mms_window_end(&cursor, NOW_MS + MMS_DAY_MS, false),
			 cursor.window_end_ms);
	assert_false(mms_window_is_passed(&cursor, cursor.window_end_ms));
	assert_true(mms_window_is_passed(&cursor, cursor.window_end_ms + 1));
}

/*
 * Runs every six hours for ten weeks, of many calendars: what enters the window is always there,
 * and it is the week that asks for a full read, never the window's end.
 */
static void
the_weekly_read_comes_before_the_window_is_passed(void **state)
{
	const int64_t ahead_ms = 90 * MMS_DAY_MS;
	int64_t first_ms[70] = { 0 };

	(void)state;
	for (uint64_t id = 1; id <= 500; id++) {
		char token[] = "t";
		unsigned char print[MMS_READ_PRINT_BYTES] = { 0 };
		struct mms_cursor cursor = { .id = id,
					     .token = token,
					     .window_start_ms = 0,
					     .next_entry_ms = MMS_NO_TIME,
					     .last_success_ms = NOW_MS,
					     .last_full_ms = NOW_MS };
		int n_full = 0;

		cursor.window_end_ms = mms_window_end(&cursor, NOW_MS + ahead_ms, true);
		for (int64_t t = NOW_MS; t < NOW_MS + 70 * MMS_DAY_MS; t += 6 * HOUR_MS) {
			assert_false(mms_window_is_passed(&cursor, t + ahead_ms));
			bool is_full =
				mms_window_wants_full(&cursor, print, t, t + ahead_ms, t);
			cursor.window_end_ms = mms_window_end(&cursor, t + ahead_ms, is_full);
			if (!is_full)
				continue;
			n_full++;
			cursor.last_full_ms = t;
			first_ms[(t - NOW_MS) / MMS_DAY_MS]++;
		}
		assert_in_range(n_full, 9, 11);
	}
	/* Staggered: no day has more than a third of a week's reads. */
	for (size_t i = 0; i < MMS_COUNT(first_ms); i++)
		assert_in_range(first_ms[i], 1, 170);
}

/* ---- instances ------------------------------------------------------------------------------ */

static void
add(struct mms_instances *instances, char series, char key)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_instance instance;

	memset(instance.series, series, sizeof instance.series);
	memset(instance.key, key, sizeof instance.key);
	OK(mms_instances_add(instances, &instance, &err));
}

static void
instances_are_found_by_their_series(void **state)
{
	static const struct {
		const char *sorted, *added; /* pairs of series and key */
		char series;
		const char *want;
	} rows[] = {
		{ "", "", 'a', "" },
		{ "a1", "", 'a', "1" },
		{ "a1a2a3", "", 'a', "123" },
		{ "a1b1b2c1", "", 'a', "1" },
		{ "a1b1b2c1", "", 'b', "12" },
		{ "a1b1b2c1", "", 'c', "1" },
		{ "b1c1", "", 'a', "" },
		{ "a1c1", "", 'b', "" },
		{ "a1b1", "", 'c', "" },
		{ "", "b1a1b2", 'b', "12" },
		{ "a1b1c1", "c2b2a2b3", 'b', "123" },
		{ "a1b1c1", "c2b2a2b3", 'a', "12" },
		{ "a1b1c1", "c2b2a2b3", 'c', "12" },
		{ "a1b1c1", "c2b2a2b3", 'd', "" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_instances) instances = { 0 };
		unsigned char series[MMS_PRINT_BYTES];
		const struct mms_instance *found;
		char is[16] = "";
		size_t at = 0, n = 0;

		for (const char *p = rows[i].sorted; *p != '\0'; p += 2)
			add(&instances, p[0], p[1]);
		instances.n_sorted = instances.n;
		for (const char *p = rows[i].added; *p != '\0'; p += 2)
			add(&instances, p[0], p[1]);
		memset(series, rows[i].series, sizeof series);
		while ((found = mms_instances_next(&instances, series, &at)) != NULL &&
		       n + 1 < sizeof is)
			is[n++] = (char)found->key[0];
		if (strcmp(is, rows[i].want) != 0)
			fail_msg("row %zu: %s, not %s", i, is, rows[i].want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digest_of_a_feed_is_what_it_always_was),
		cmocka_unit_test(what_makes_other_rows_of_a_service_makes_another_digest),
		cmocka_unit_test(a_full_listing_reaches_further_than_its_window),
		cmocka_unit_test(the_weekly_read_comes_before_the_window_is_passed),
		cmocka_unit_test(instances_are_found_by_their_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Is she free, asked while a sync writes: nobody waits for it, and nobody is told of a time that
 * never was.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/race.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_test_run writer, reader;

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

static int
end_runs(void **state)
{
	(void)state;
	mms_test_run_release(&writer);
	mms_test_run_release(&reader);
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

#define EVENTS "`tabMM Calendar Event Sync`"
/* Rows of events that nobody holds a lock on. */
#define FREE_ROWS "SELECT COUNT(*) FROM " EVENTS " FOR UPDATE SKIP LOCKED"
/* The time of "e1" of race_feed(). */
#define SLOT "--start 2026-03-04T00:00:00Z --end 2026-03-04T00:30:00Z"
#define ASK  "check-slot --user ann@example.com " SLOT

enum { READERS = 100, ROWS = 300 };

static int64_t
lock_waits(void)
{
	return mms_test_ask_i64(&world.server,
				"SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
				"WHERE VARIABLE_NAME = 'INNODB_ROW_LOCK_WAITS'");
}

/* A hundred at once; each must be answered, with this. */
static void
ask_by_a_hundred(const char *available, const char *title)
{
	static struct mms_test_run runs[READERS];

	for (size_t i = 0; i < READERS; i++)
		race_start(&race, &runs[i], ASK, NULL);
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(race_finish(&runs[i]), 0);
		char *is = race_json(&runs[i], "available");
		char *first = race_json(&runs[i], "conflicts.0.event_title");
		if (strcmp(is, available) != 0 || (title != NULL && strcmp(first, title) != 0))
			fail_msg("reader %zu: %s%s", i, runs[i].out, runs[i].err);
		free(is);
		free(first);
		mms_test_run_release(&runs[i]);
	}
}

/* ---- nobody waits ---------------------------------------------------------------------------- */

/* The sync sleeps before its commit, with every row locked, and its own, and the integration's. */
static void
a_hundred_are_answered_while_a_sync_holds_every_row(void **state)
{
	(void)state;
	race_begin(&race, 1, ROWS);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_feed(&race, 1, "e", 1, ROWS, "New");
	race_start(&race, &writer, "sync --force-full", RACE_AT_EVERY_STEP);
	race_step_until(&race, &writer, 0, FREE_ROWS);
	int64_t before = lock_waits();
	ask_by_a_hundred("false", "Old 1");
	assert_int_equal(mms_test_ask_i64(&world.server, FREE_ROWS), 0);
	assert_int_equal(lock_waits(), before);
	assert_int_equal(race_finish(&writer), 0);
	ask_by_a_hundred("false", "New 1");
}

static void
a_hundred_are_answered_while_a_sync_runs(void **state)
{
	(void)state;
	race_begin(&race, 1, ROWS);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	int64_t before = lock_waits();
	race_feed(&race, 1, "e", 1, ROWS, "New");
	race_start(&race, &writer, "sync --force-full", NULL);
	ask_by_a_hundred("false", NULL);
	assert_int_equal(race_finish(&writer), 0);
	assert_int_equal(lock_waits(), before);
}

/* ---- nothing that never was ------------------------------------------------------------------ */

/* The short meeting in the slot, or a month's leave in its place that began long before. */
static void
write_feed(bool has_leave)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_addf(&text,
		     "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//race//EN\r\n"
		     "BEGIN:VEVENT\r\nUID:short@example.com\r\nSUMMARY:Short\r\n"
		     "DTSTART:202603%sT000000Z\r\nDTEND:202603%sT003000Z\r\nEND:VEVENT\r\n",
		     has_leave ? "20" : "04", has_leave ? "20" : "04");
	if (has_leave)
		mms_str_add(&text, "BEGIN:VEVENT\r\nUID:leave@example.com\r\nSUMMARY:Leave\r\n"
				   "DTSTART:20260210T000000Z\r\nDTEND:20260310T000000Z\r\n"
				   "END:VEVENT\r\n");
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&world.feeds, "cal1.ics", mms_str_get(&text));
}

/*
 * One transaction moves what is in the slot away, and puts a longer event there than there ever
 * was. Whenever it comes between a reader's questions, the slot is taken.
 */
static void
a_longer_event_between_two_questions_is_seen(void **state)
{
	long n_steps = 2;

	(void)state;
	for (long n = 1; n <= n_steps; n++) {
		char fault[40];

		race_begin(&race, 1, 0);
		write_feed(false);
		assert_int_equal(race_run(&race, "sync", NULL), 0);
		if (n == 1)
			n_steps = race_n_steps(&race, ASK);
		assert_true(n_steps > 4);
		(void)snprintf(fault, sizeof fault, "pause:%ld", n);
		race_start(&race, &reader, ASK, fault);
		assert_true(race_sleeps(&reader));
		write_feed(true);
		assert_int_equal(race_run(&race, "sync", NULL), 0);
		race_wake(&reader);
		assert_int_equal(race_finish(&reader), 0);
		char *is = race_json(&reader, "available");
		if (strcmp(is, "false") != 0)
			fail_msg("step %ld of %ld: %s", n, n_steps, reader.out);
		free(is);
		mms_test_run_release(&reader);
		race_end(&race);
		race = (struct race){ .world = &world };
	}
}

/* What another program writes is looked at whatever its length, from the moment it is there. */
static void
a_longer_event_of_another_program_is_seen(void **state)
{
	(void)state;
	race_begin(&race, 1, 3);
	write_feed(false);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	mms_test_sql(&world.server, "DELETE FROM " EVENTS);
	assert_int_equal(race_run(&race, ASK, NULL), 0);
	mms_test_sql(
		&world.server,
		"INSERT INTO " EVENTS " (name, creation, modified, calendar_integration,"
		" external_event_id, event_title, event_type, sync_status, start_datetime,"
		" end_datetime, is_blocking_availability) VALUES ('theirs', NOW(6), NOW(6),"
		" 'cal1', 'theirs', 'Theirs', 'External Event', 'Synced', '2024-01-01',"
		" '2026-12-01', 1)");
	race_start(&race, &reader, ASK, NULL);
	assert_int_equal(race_finish(&reader), 0);
	char *title = race_json(&reader, "conflicts.0.event_title");
	assert_string_equal(title, "Theirs");
	free(title);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end_runs)
	static const struct CMUnitTest tests[] = {
		TEST(a_hundred_are_answered_while_a_sync_holds_every_row),
		TEST(a_hundred_are_answered_while_a_sync_runs),
		TEST(a_longer_event_between_two_questions_is_seen),
		TEST(a_longer_event_of_another_program_is_seen),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * Bookings on their way out, and others at the same moment: two who plan the same one, a worker that
 * sleeps past its lease, people who save and delete, a server that dies (docs/reliability.md).
 */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/race.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_test_run a, b, c;

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
	mms_test_run_release(&a);
	mms_test_run_release(&b);
	mms_test_run_release(&c);
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

#define ANNS                       \
	"person ann@example.com\n" \
	"integration anns type=google user=ann@example.com primary=1\n"
#define BOOKING "booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z\n"
/* One that is there already, and was moved since. */
#define MOVED                 \
	ANNS BOOKING "sync\n" \
		     "rebook B1 start=2026-03-05T10:00:00Z end=2026-03-05T10:30:00Z\n"
#define LEASES "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

static void
begin(const char *lines)
{
	race_begin_story(&race, NULL, lines);
}

static int
n_events(void)
{
	return race_n_ours(&race, "ann@example.com");
}

static void
expect_events(int want, const char *when)
{
	int n = n_events();

	if (n != want)
		fail_msg("%s: %d events, not %d:\n%s%s\n%s%s", when, n, want, a.out, a.err,
			 b.out != NULL ? b.out : "", b.err != NULL ? b.err : "");
}

static const char *
at_step(long n)
{
	static char text[40];

	(void)snprintf(text, sizeof text, "pause:%ld", n);
	return text;
}

/* How many steps a run has in a site set up so, and what it leaves once a sync has followed. */
static long
measure(const char *lines, const char *arguments, struct mms_str *left)
{
	begin(lines);
	long n = race_n_steps(&race, arguments);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_state(&race, false, left);
	return n;
}

static void
expect_left(const struct mms_str *want, const char *when)
{
	MMS_AUTO(mms_str) is = { 0 };

	race_state(&race, false, &is);
	if (strcmp(mms_str_get(&is), mms_str_get(want)) != 0)
		fail_msg("%s: there is\n%s\nand not\n%s", when, mms_str_get(&is),
			 mms_str_get(want));
}

/* At every so manieth step of a push, and once more for each: a site, the push asleep, then act(). */
static int
at_steps(const char *lines, long every,
	 void (*act)(const char *when, const struct mms_str *want))
{
	MMS_AUTO(mms_str) want = { 0 };
	long n_steps = measure(lines, "push --booking B1", &want);
	int n = 0;

	for (long step = 1; step <= n_steps; step += race_stride(every), n++) {
		char when[64];

		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", step, n_steps);
		begin(lines);
		race_start(&race, &a, "push --booking B1", at_step(step));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		act(when, &want);
	}
	return n;
}

/* ---- two at once ---------------------------------------------------------------------------- */

static void
sync_beside(const char *when, const struct mms_str *want)
{
	race_beside(&race, &a, &b, "sync");
	race_expect_status(&b, " 0 5 ", when);
	if (a.pid != 0)
		(void)race_finish(&a);
	race_expect_status(&a, " 0 ", when);
	expect_events(1, when);
	race_start(&race, &b, "sync", NULL);
	(void)race_finish(&b);
	race_expect_status(&b, " 0 ", when);
	expect_events(1, when);
	expect_left(want, when);
	race_is_quiet(&race, when);
}

static void
a_push_and_a_sweep_that_plan_the_same_booking_make_one_event(void **state)
{
	(void)state;
	assert_true(at_steps(ANNS BOOKING, 3, sync_beside) > 10 / race_stride(1));
	assert_true(at_steps(MOVED, 5, sync_beside) > 5 / race_stride(1));
}

static void
pushes_at_once_make_one_event(void **state)
{
	(void)state;
	for (int round = 0; round < 4; round++) {
		struct mms_test_run *const runs[] = { &a, &b, &c };

		begin(ANNS BOOKING);
		for (size_t i = 0; i < MMS_COUNT(runs); i++)
			race_start(&race, runs[i], "push --booking B1", NULL);
		for (size_t i = 0; i < MMS_COUNT(runs); i++) {
			(void)race_finish(runs[i]);
			race_expect_status(runs[i], " 0 ", "pushes at once");
		}
		expect_events(1, "pushes at once");
		assert_int_equal(race_run(&race, "sync", NULL), 0);
		expect_events(1, "after pushes at once");
		race_is_quiet(&race, "after pushes at once");
	}
}

static void
a_push_beside_a_sync_is_queued_and_done_by_that_sync(void **state)
{
	(void)state;
	begin(ANNS "at ann@example.com event lunch \"Lunch\" 2026-03-03T12:00:00Z "
		   "2026-03-03T13:00:00Z\n" BOOKING);
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1, LEASES);
	race_start(&race, &b, "push --booking B1", NULL);
	assert_int_equal(race_finish(&b), 0);
	char *status = race_json(&b, "bookings.0.status");
	assert_string_equal(status, "queued");
	free(status);
	assert_int_equal(n_events(), 0);
	assert_int_equal(race_finish(&a), 0);
	expect_events(1, "served by the sync");
	/* Its own event is news to the first listing after it. */
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_is_quiet(&race, "after the sync");
}

/* ---- fencing -------------------------------------------------------------------------------- */

static int n_fenced;

static void
take_over(const char *when, const struct mms_str *want)
{
	bool is_held = race_take_over(&race, &a, &b, "push --booking B1");

	race_expect_status(&b, " 0 ", when);
	if (is_held)
		expect_events(1, when);
	if (a.pid != 0)
		(void)race_finish(&a);
	n_fenced += is_held && b.out != NULL && strstr(b.out, "\"queued\"") == NULL;
	race_expect_status(&a, " 0 1 5 ", when);
	expect_events(1, when);
	race_start(&race, &b, "sync", NULL);
	(void)race_finish(&b);
	race_expect_status(&b, " 0 ", when);
	expect_events(1, when);
	expect_left(want, when);
	race_is_quiet(&race, when);
}

static void
a_push_that_slept_past_its_lease_is_settled_by_the_other_alone(void **state)
{
	(void)state;
	n_fenced = 0;
	assert_true(at_steps(ANNS BOOKING, 3, take_over) > 10 / race_stride(1));
	assert_true(n_fenced > 3);
	assert_true(at_steps(MOVED, 5, take_over) > 5 / race_stride(1));
}

/* ---- what people do meanwhile --------------------------------------------------------------- */

static const char *meanwhile_sql;
static int meanwhile_events;

/* Somebody's transaction while the push sleeps; then the push and a sync to their ends. */
static void
meddle(const char *when, const struct mms_str *want)
{
	(void)want;
	(void)race_meddle(&race, &a, meanwhile_sql);
	(void)race_finish(&a);
	race_expect_status(&a, " 0 1 2 ", when);
	for (int i = 0; i < 2; i++) {
		race_start(&race, &b, "sync", NULL);
		(void)race_finish(&b);
		race_expect_status(&b, " 0 ", when);
	}
	expect_events(meanwhile_events, when);
	race_is_quiet(&race, when);
}

static void
meddle_at_steps(const char *sql, int n)
{
	meanwhile_sql = sql;
	meanwhile_events = n;
	assert_true(at_steps(ANNS BOOKING, 5, meddle) > 5 / race_stride(1));
	assert_true(at_steps(MOVED, 9, meddle) > 3 / race_stride(1));
}

static void
a_booking_that_is_deleted_meanwhile_leaves_no_event(void **state)
{
	(void)state;
	meddle_at_steps("DELETE FROM `tabMM Meeting Booking` WHERE name = 'B1';"
			"DELETE FROM `tabMM Meeting Booking Assigned User` WHERE parent = 'B1';"
			"DELETE FROM `tabMM Meeting Booking History` WHERE parent = 'B1'",
			0);
}

/* As frappe.rename_doc() does it. */
static void
a_booking_that_is_renamed_meanwhile_keeps_one_event(void **state)
{
	(void)state;
	meddle_at_steps(
		"START TRANSACTION;"
		"UPDATE `tabMM Meeting Booking` SET name = 'B9' WHERE name = 'B1';"
		"UPDATE `tabMM Meeting Booking Assigned User` SET parent = 'B9' WHERE parent = "
		"'B1';"
		"UPDATE `tabMM Meeting Booking History` SET parent = 'B9' WHERE parent = 'B1';"
		"UPDATE `tabMM Calendar Event Sync` SET meeting_booking = 'B9' WHERE "
		"meeting_booking = 'B1';"
		"COMMIT",
		1);
}

static void
a_booking_that_is_cancelled_meanwhile_leaves_no_event(void **state)
{
	(void)state;
	meddle_at_steps("UPDATE `tabMM Meeting Booking` SET booking_status = 'Cancelled', "
			"modified = modified + INTERVAL 1 SECOND WHERE name = 'B1'",
			0);
}

static void
an_integration_that_is_renamed_meanwhile_has_one_event(void **state)
{
	(void)state;
	meddle_at_steps(
		"START TRANSACTION;"
		"UPDATE `tabMM Calendar Integration` SET name = 'other' WHERE name = 'anns';"
		"UPDATE __Auth SET name = 'other' WHERE doctype = 'MM Calendar Integration';"
		"UPDATE `tabMM Calendar Event Sync` SET calendar_integration = 'other' WHERE "
		"calendar_integration = 'anns';"
		"COMMIT",
		1);
}

/* What is there already stays; what was announced waits for the way back. */
static void
switch_and_back(const char *when, const struct mms_str *want)
{
	(void)want;
	(void)race_meddle(&race, &a,
			  "UPDATE `tabMM Calendar Integration` SET sync_direction = 'One-way "
			  "(Read Only)', modified = modified + INTERVAL 1 SECOND");
	(void)race_finish(&a);
	race_expect_status(&a, " 0 1 ", when);
	race_start(&race, &b, "sync", NULL);
	(void)race_finish(&b);
	race_expect_status(&b, " 0 ", when);
	if (n_events() > 1)
		fail_msg("%s: twice", when);
	mms_test_sql(&world.server,
		     "UPDATE `tabMM Calendar Integration` SET sync_direction = 'Two-way (Read "
		     "& Write)', modified = modified + INTERVAL 1 SECOND");
	for (int i = 0; i < 2; i++)
		assert_int_equal(race_run(&race, "sync --force-full", NULL), 0);
	expect_events(1, when);
	race_is_quiet(&race, when);
}

static void
an_integration_that_is_switched_to_one_way_and_back_has_one_event(void **state)
{
	(void)state;
	assert_true(at_steps(ANNS BOOKING, 5, switch_and_back) > 5 / race_stride(1));
}

/* Nobody can take an event away any more; nothing may go on as if it were ours. */
static void
delete_integration(const char *when, const struct mms_str *want)
{
	(void)want;
	(void)race_meddle(&race, &a,
			  "DELETE FROM `tabMM Calendar Integration`;"
			  "DELETE FROM `tabMM Calendar Event Sync`;"
			  "UPDATE `tabMM Meeting Booking` SET calendar_event = NULL;"
			  "DELETE FROM __Auth");
	(void)race_finish(&a);
	race_expect_status(&a, " 0 1 2 3 ", when);
	race_start(&race, &b, "sync", NULL);
	(void)race_finish(&b);
	if (ask("SELECT COUNT(*) FROM `tabMM Calendar Event Sync`") != 0)
		fail_msg("%s: a row of no integration", when);
	if (n_events() > 1)
		fail_msg("%s: twice", when);
}

static void
an_integration_that_is_deleted_meanwhile_gets_no_row(void **state)
{
	(void)state;
	assert_true(at_steps(ANNS BOOKING, 5, delete_integration) > 5 / race_stride(1));
}

/* A sync that loses an answer cannot be played twice: the story is none of torture's. */
static void
what_we_have_removed_ourselves_is_no_persons_doing(void **state)
{
	struct scenario s = { .world = &world, .path = "fixtures/watch/our-own-removal.scn" };

	(void)state;
	if (scenario_play(&s) != 0)
		fail_msg("%s", s.failure);
	scenario_release(&s);
}

/* ---- the database goes ---------------------------------------------------------------------- */

static void
lose_server(const char *when, const struct mms_str *want)
{
	mms_test_server_kill(&world.server);
	(void)race_finish(&a);
	mms_test_server_restart(&world.server, NULL);
	race_expect_status(&a, " 4 ", when);
	race_start(&race, &b, "push --booking B1", NULL);
	(void)race_finish(&b);
	race_expect_status(&b, " 0 ", when);
	expect_events(1, when);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	expect_events(1, when);
	expect_left(want, when);
	race_is_quiet(&race, when);
}

static void
a_server_that_dies_in_the_middle_of_a_push_heals_with_the_next(void **state)
{
	(void)state;
	assert_true(at_steps(ANNS BOOKING, 9, lose_server) > 3 / race_stride(1));
	assert_true(at_steps(MOVED, 13, lose_server) > 2 / race_stride(1));
}

#define RACE(test) cmocka_unit_test_teardown(test, end_runs)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		RACE(a_push_and_a_sweep_that_plan_the_same_booking_make_one_event),
		RACE(pushes_at_once_make_one_event),
		RACE(a_push_beside_a_sync_is_queued_and_done_by_that_sync),
		RACE(a_push_that_slept_past_its_lease_is_settled_by_the_other_alone),
		RACE(a_booking_that_is_deleted_meanwhile_leaves_no_event),
		RACE(a_booking_that_is_renamed_meanwhile_keeps_one_event),
		RACE(a_booking_that_is_cancelled_meanwhile_leaves_no_event),
		RACE(an_integration_that_is_renamed_meanwhile_has_one_event),
		RACE(an_integration_that_is_switched_to_one_way_and_back_has_one_event),
		RACE(an_integration_that_is_deleted_meanwhile_gets_no_row),
		RACE(what_we_have_removed_ourselves_is_no_persons_doing),
		RACE(a_server_that_dies_in_the_middle_of_a_push_heals_with_the_next),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

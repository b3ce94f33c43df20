/*
 * Hosts beside each other where calendars are written to: clocks that are hours apart, a lease that is taken
 * while a request waits to be sent again, a calendar that is asked for while it is read (docs/reliability.md).
 */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/clock.h"
#include "mmsync/fault.h"
#include "support/race.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_test_run a, b;

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
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

#define HOUR_MS INT64_C(3600000)
#define ANNS                                                                       \
	"person ann@example.com\n"                                                 \
	"integration work type=service calendar=ann@example.com primary=1 past=7 " \
	"future=30 expires=8640000\n"                                              \
	"integration home type=service calendar=home past=7 future=30 "            \
	"expires=8640000\n"                                                        \
	"config \"busy_blocks\":{\"enabled\":true}\n"                              \
	"at ann@example.com event lunch \"Lunch\" 2026-03-03T12:00:00Z "           \
	"2026-03-03T13:00:00Z\n"
#define BOOKING "booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z\n"
#define HELD    "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

static void
run_to_end(struct mms_test_run *run, const char *arguments, const char *allowed,
	   const char *when)
{
	race_start(&race, run, arguments, NULL);
	(void)race_finish(run);
	race_expect_status(run, allowed, when);
}

/* What a person sees when all is done: one event of the booking, one block of each of both, and no more. */
static void
expect_world(const char *hour, const char *when)
{
	run_to_end(&b, "sync", " 0 ", when);
	race_tell(&race, "ours ann@example.com 1");
	race_tell(&race, "blocks home 2");
	race_tell(&race, "blocks ann@example.com 0");
	race_tell(&race, "outside home %%lunch start=2026-03-03T%s:00:00Z", hour);
	race_is_quiet(&race, when);
}

/* ---- clocks ----------------------------------------------------------------------------------- */

static int64_t
now_ms(void)
{
	return race.scenario.now_ms;
}

/* The host whose clock is so far off. */
static void
on_host(int64_t base_ms, int64_t off_ms)
{
	race.scenario.now_ms = base_ms + off_ms;
}

/* How often the sleeper held a lease that was taken. */
static int
clocks_apart(const char *service, int64_t off_ms, bool is_stolen, long every)
{
	long n_steps;
	int n_held = 0;

	race_begin_story(&race, service, ANNS BOOKING);
	n_steps = race_n_steps(&race, "sync");
	for (long step = 1; step <= n_steps; step += race_stride(every)) {
		char when[96], fault[32];
		int64_t base_ms;

		(void)snprintf(when, sizeof when, "%s: %+d h, asleep at step %ld", service,
			       (int)(off_ms / HOUR_MS), step);
		(void)snprintf(fault, sizeof fault, "pause:%ld", step);
		race_begin_story(&race, service, ANNS BOOKING);
		base_ms = now_ms();
		race_start(&race, &a, "sync", fault);
		if (!race_sleeps(&a)) /* answers came in another order */
			continue;
		on_host(base_ms, off_ms);
		if (is_stolen)
			n_held += race_take_over(&race, &a, &b, "sync");
		else
			race_beside(&race, &a, &b, "sync");
		race_expect_status(&b, " 0 5 ", when);
		if (a.pid != 0)
			(void)race_finish(&a);
		race_expect_status(&a, is_stolen ? " 0 1 5 " : " 0 ", when);
		/* No calendar is passed by: a change is found by the next scheduled run, of whichever host. */
		for (int host = 0; host < 2; host++) {
			on_host(base_ms, (host == 0 ? 0 : off_ms) + (host + 1) * HOUR_MS);
			race_tell(&race,
				  "at ann@example.com change lunch start=2026-03-03T1%d:00:00Z "
				  "end=2026-03-03T1%d:00:00Z",
				  4 + host, 5 + host);
			run_to_end(&b, "sync --due", " 0 ", when);
			race_tell(&race, "outside home %%lunch start=2026-03-03T1%d:00:00Z",
				  4 + host);
		}
		on_host(base_ms, (off_ms > 0 ? off_ms : 0) + 3 * HOUR_MS);
		expect_world("15", when);
	}
	return n_held;
}

static void
hosts_whose_clocks_are_hours_apart_write_once_and_pass_nothing_by(void **state)
{
	(void)state;
	(void)clocks_apart("google", 5 * HOUR_MS, false, 127);
	(void)clocks_apart("outlook", -7 * HOUR_MS, false, 131);
}

static void
so_do_they_where_one_has_slept_past_its_lease(void **state)
{
	(void)state;
	int n_held = clocks_apart("google", -5 * HOUR_MS, true, 53);

	n_held += clocks_apart("outlook", 7 * HOUR_MS, true, 61);
	assert_true(n_held > 0 || race_stride(1) > 1);
}

/* ---- a lease that is taken while a request waits --------------------------------------------------- */

static bool
is_posted(int n)
{
	char line[64];

	(void)snprintf(line, sizeof line, "requests %d POST /events", n);
	bool is_it = scenario_tell(&race.scenario, line);
	race.scenario.failure[0] = '\0';
	return is_it;
}

#define STEAL                                                                                  \
	"UPDATE mmsync_cursor SET fence = fence + 1, lease_owner = 'another', lease_server = " \
	"NULL, lease_until = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND WHERE name = 'anns'"
#define GIVE_BACK                                                                        \
	"UPDATE mmsync_cursor SET lease_owner = NULL, lease_until = '2000-01-01' WHERE " \
	"lease_owner = 'another'"

/* A push whose first request is refused for a while; in that while another takes the calendar. How many left in all? */
static int
n_sent_by_a_robbed_push(const char *service)
{
	int64_t until = mms_clock_mono_ms() + 20000;

	race_begin_story(&race, service,
			 "person ann@example.com\n"
			 "integration anns type=service calendar=ann@example.com primary=1 "
			 "expires=8640000\n" BOOKING);
	race_tell(&race, "config \"retry\":{\"max_attempts\":5,\"base_ms\":10,\"max_s\":30}");
	race_tell(&race, "fault 1 POST /events error 503 backendError; retry-after 3");
	race_start(&race, &a, "push --booking B1", NULL);
	while (!is_posted(1) && mms_clock_mono_ms() < until)
		mms_clock_sleep_ms(20);
	assert_true(is_posted(1));
	mms_test_sql(&world.server, "%s", STEAL);
	(void)race_finish(&a);
	int n = is_posted(1) ? 1 : 2;
	assert_true(is_posted(n));
	return n;
}

static void
who_waits_to_try_again_sends_nothing_once_another_has_the_calendar(void **state)
{
	static const char *const services[] = { "google", "outlook" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(services); i++) {
		assert_int_equal(n_sent_by_a_robbed_push(services[i]), 1);
		race_expect_status(&a, " 0 1 5 ", services[i]);
		race_tell(&race, "ours ann@example.com 0");
		/* Its entry waits for whoever has the calendar. */
		assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_outbox"), 1);
		mms_test_sql(&world.server, "%s", GIVE_BACK);
		race_tell(&race, "advance 2h");
		run_to_end(&b, "sync", " 0 ", services[i]);
		race_tell(&race, "ours ann@example.com 1");
		run_to_end(&b, "sync", " 0 ", services[i]);
		race_is_quiet(&race, services[i]);
	}
}

static void
who_would_not_ask_would_send_it(void **state)
{
	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	(void)setenv("MMSYNC_SABOTAGE", mms_fault_sabotage_name(MMS_SABOTAGE_LEASE_TRUSTED), 1);
	int n = n_sent_by_a_robbed_push("google");
	(void)unsetenv("MMSYNC_SABOTAGE");
	assert_int_equal(n, 2);
}

/* ---- asked for while it is read --------------------------------------------------------------------- */

#define NEW_ROWS                                                                \
	"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE sync_status = " \
	"'Synced' AND event_title LIKE 'New%'"

/* At every so manieth step of a sync its feed changes, and somebody asks for it. */
static int
asked_for_at_steps(const char *arguments, int *n_missed)
{
	int n_again = 0;

	race_begin(&race, 1, 4);
	long n_steps = race_n_steps(&race, "sync");
	*n_missed = 0;
	for (long step = 1; step <= n_steps; step += race_stride(5)) {
		char fault[32], when[64];

		(void)snprintf(fault, sizeof fault, "pause:%ld", step);
		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", step, n_steps);
		race_begin(&race, 1, 4);
		race_start(&race, &a, "sync", fault);
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		race_feed(&race, 1, "e", 2, 6, "New");
		race_beside(&race, &a, &b, arguments);
		race_expect_status(&b, " 0 5 ", when);
		if (a.pid != 0)
			(void)race_finish(&a);
		race_expect_status(&a, " 0 ", when);
		race_check(&race, when);
		n_again += ask("SELECT COUNT(*) FROM mmsync_run") > 1 && b.status == 5;
		if (ask(NEW_ROWS) != 5) {
			++*n_missed;
			run_to_end(&b, "sync", " 0 ", when);
		}
		race_is_quiet(&race, when);
	}
	return n_again;
}

/* What is in the calendar when it is asked for is here when both have ended: no further sync is needed. */
static void
who_asks_for_a_calendar_that_is_being_read_has_it_read_once_more(void **state)
{
	int n_missed;

	(void)state;
	assert_true(asked_for_at_steps("sync --integration cal1", &n_missed) > 0);
	assert_int_equal(n_missed, 0);
	/* A scheduled run comes again by itself, and asks nobody to. */
	assert_int_equal(asked_for_at_steps("sync --due", &n_missed), 0);
	assert_true(n_missed > 0);
}

/* The mark outlives whoever was to see it. */
static void
what_was_asked_for_beside_a_run_that_died_is_due_at_once(void **state)
{
	(void)state;
	race_begin(&race, 1, 4);
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1, HELD);
	run_to_end(&b, "sync --integration cal1", " 5 ", "beside");
	assert_int_equal(ask("SELECT dirty FROM mmsync_cursor"), 1);
	(void)kill(a.pid, SIGKILL);
	(void)race_finish(&a);
	mms_test_sql(&world.server,
		     "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until = "
		     "'2000-01-01'");
	race_tell(&race, "advance 1m");
	run_to_end(&b, "sync --due", " 0 ", "afterwards");
	char *name = race_json(&b, "integrations.0.name");
	assert_string_equal(name, "cal1");
	free(name);
	assert_int_equal(ask("SELECT dirty FROM mmsync_cursor"), 0);
	assert_int_equal(ask("SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"), 4);
	race_is_quiet(&race, "afterwards");
}

#define RACE(test) cmocka_unit_test_teardown(test, end_runs)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		RACE(hosts_whose_clocks_are_hours_apart_write_once_and_pass_nothing_by),
		RACE(so_do_they_where_one_has_slept_past_its_lease),
		RACE(who_waits_to_try_again_sends_nothing_once_another_has_the_calendar),
		RACE(who_would_not_ask_would_send_it),
		RACE(who_asks_for_a_calendar_that_is_being_read_has_it_read_once_more),
		RACE(what_was_asked_for_beside_a_run_that_died_is_due_at_once),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

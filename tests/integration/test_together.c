/*
 * Hosts, people and servers beside each other where calendars are written to: clocks that are hours apart, a lease that is taken
 * while a request waits to be sent again, a calendar that is asked for while it is read, Frappe's saves of whole rows, and
 * servers with other isolation (docs/reliability.md).
 */
#include "support/unit.h"

#include <glob.h>
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

static void
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
	if (is_stolen && race_stride(1) == 1)
		assert_true(n_held > 0);
}

static void
hosts_whose_clocks_are_hours_apart_write_once_and_pass_nothing_by(void **state)
{
	(void)state;
	clocks_apart("google", 5 * HOUR_MS, false, 41);
	clocks_apart("outlook", -7 * HOUR_MS, false, 43);
}

static void
so_do_they_where_one_has_slept_past_its_lease(void **state)
{
	(void)state;
	clocks_apart("google", -5 * HOUR_MS, true, 37);
	clocks_apart("outlook", 7 * HOUR_MS, true, 47);
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
	for (long step = 1; step <= n_steps; step += race_stride(3)) {
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

/* ---- Frappe's saves --------------------------------------------------------------------------------- */

/* A document in somebody's form, and what is changed in it there. */
struct form {
	const char *table, *name_is; /* which row: a condition */
	const char *column, *value;
};

/*
 * As frappe.model.document saves: the row is loaded, later every column is written as it was loaded, with what was typed;
 * but not where `modified` is another one by then.
 */
static void
open_form(const struct form *f)
{
	mms_test_sql(&world.server, "DROP TABLE IF EXISTS open_form");
	mms_test_sql(&world.server, "CREATE TABLE open_form AS SELECT * FROM `%s` WHERE %s",
		     f->table, f->name_is);
}

static void
make_save(const struct form *f, char *sql, size_t size)
{
	char *columns = mms_test_ask_text(
		&world.server,
		"SELECT GROUP_CONCAT('t.`', column_name, '` = ', IF(column_name = '%s', "
		"'''%s''',"
		" IF(column_name = 'modified', 'f.modified + INTERVAL 1 MINUTE', CONCAT('f.`', "
		"column_name, '`')))) FROM information_schema.columns WHERE table_schema = "
		"DATABASE() AND table_name = '%s' AND column_name <> 'name'",
		f->column, f->value, f->table);

	assert_non_null(columns);
	(void)snprintf(
		sql, size,
		"UPDATE `%s` t JOIN open_form f ON f.name = t.name SET %s WHERE t.modified = "
		"f.modified",
		f->table, columns);
	free(columns);
}

static bool
is_saved(const struct form *f)
{
	return mms_test_ask_i64(&world.server, "SELECT COUNT(*) FROM `%s` WHERE `%s` = '%s'",
				f->table, f->column, f->value) == 1;
}

/* While a run sleeps at every so manieth step the form, opened before it began, is saved. */
static int
saved_at_steps(const char *lines, const char *arguments, const struct form *f, long every,
	       void (*expect)(const char *when, bool was_saved))
{
	int n_saved = 0;

	race_begin_story(&race, "google", lines);
	long n_steps = race_n_steps(&race, arguments);
	for (long step = 1; step <= n_steps; step += race_stride(every)) {
		char fault[32], when[96], sql[8192];

		(void)snprintf(fault, sizeof fault, "pause:%ld", step);
		(void)snprintf(when, sizeof when, "%s: %s saved at step %ld of %ld", arguments,
			       f->table, step, n_steps);
		race_begin_story(&race, "google", lines);
		open_form(f);
		make_save(f, sql, sizeof sql);
		race_start(&race, &a, arguments, fault);
		if (!race_sleeps(&a))
			continue;
		(void)race_meddle(&race, &a, sql);
		bool was_saved = is_saved(f);
		n_saved += was_saved;
		(void)race_finish(&a);
		race_expect_status(&a, " 0 1 ", when);
		if (was_saved && !is_saved(f))
			fail_msg("%s: what was typed is gone", when);
		race_tell(&race, "advance 20m");
		run_to_end(&b, "sync", " 0 ", when);
		expect(when, was_saved);
	}
	mms_test_sql(&world.server, "DROP TABLE IF EXISTS open_form");
	return n_saved;
}

static void
expect_booking(const char *when, bool was_saved)
{
	race_tell(&race, "ours ann@example.com 1");
	race_tell(&race, "outside ann@example.com @B1 title=%s start=2026-03-05T10:00:00Z",
		  was_saved ? "Typed" : "Demo");
	/* Our notes in it are not lost by the save, or are made again. */
	if (ask("SELECT COUNT(*) FROM `tabMM Meeting Booking` b JOIN `tabMM Calendar Event "
		"Sync` e ON"
		" e.name = b.calendar_event WHERE b.calendar_event_synced = 1 AND "
		"e.meeting_booking = b.name AND e.sync_status = 'Synced'") != 1)
		fail_msg("%s: the booking has lost its event", when);
	race_tell(&race, "blocks home 2");
	race_is_quiet(&race, when);
}

static void
a_booking_that_a_form_saves_whole_loses_nothing_of_either(void **state)
{
	static const struct form form = { "tabMM Meeting Booking", "name = 'B1'",
					  "meeting_title", "Typed" };
	static const char lines[] =
		ANNS BOOKING "sync\nadvance 20m\n"
			     "rebook B1 start=2026-03-05T10:00:00Z end=2026-03-05T10:30:00Z\n";

	(void)state;
	assert_true(saved_at_steps(lines, "push --booking B1", &form, 9, expect_booking) > 0);
	assert_true(saved_at_steps(lines, "sync", &form, 31, expect_booking) > 0);
}

static void
expect_row(const char *when, bool was_saved)
{
	(void)was_saved;
	race_tell(&race,
		  "row \"Lunch\" start_datetime=\"2026-03-03 14:00:00\" sync_status=Synced");
	race_tell(&race, "outside home %%lunch start=2026-03-03T14:00:00Z");
	race_tell(&race, "blocks home 1");
	race_is_quiet(&race, when);
}

static void
an_event_that_a_form_saves_whole_is_as_its_calendar_has_it(void **state)
{
	/* A column that no calendar has: what is typed there stays. */
	static const struct form form = { "tabMM Calendar Event Sync", "event_title = 'Lunch'",
					  "idx", "7" };
	static const char lines[] =
		ANNS "sync\nadvance 20m\n"
		     "at ann@example.com change lunch start=2026-03-03T14:00:00Z "
		     "end=2026-03-03T15:00:00Z\n";

	(void)state;
	assert_true(saved_at_steps(lines, "sync", &form, 29, expect_row) > 0);
}

static void
expect_integration(const char *when, bool was_saved)
{
	race_tell(&race, "outside home %%lunch start=2026-03-03T14:00:00Z");
	race_tell(&race, "blocks home 1");
	if (was_saved &&
	    ask("SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE name = 'home' AND "
		"sync_interval_minutes = 45 AND sync_status = 'Success'") != 1)
		fail_msg("%s: its setting, or its status, is lost", when);
	race_is_quiet(&race, when);
}

static void
an_integration_that_a_form_saves_whole_keeps_what_was_typed(void **state)
{
	static const struct form form = { "tabMM Calendar Integration", "name = 'home'",
					  "sync_interval_minutes", "45" };
	static const char lines[] =
		ANNS "sync\nadvance 20m\n"
		     "at ann@example.com change lunch start=2026-03-03T14:00:00Z "
		     "end=2026-03-03T15:00:00Z\n";

	(void)state;
	assert_true(saved_at_steps(lines, "sync", &form, 37, expect_integration) > 0);
}

/* ---- other servers ----------------------------------------------------------------------------------- */

static void
play(struct world *in, const char *path, const char *service, const char *with)
{
	struct scenario s = { .world = in, .path = path, .service = service };

	if (scenario_play(&s) != 0)
		fail_msg("%s: %s", with, s.failure);
	scenario_release(&s);
}

/* Bookings out and back, blocks made, moved, deleted and of a booking, a reset. */
static void
play_stories(const char *const *args)
{
	static const char *const stories[] = { "98-torture-out",
					       "99-torture-back",
					       "95-both-sides",
					       "150-busy-everywhere",
					       "155-busy-by-bookings",
					       "159-deleted-by-hand",
					       "190-reset" };
	struct world other = { .program = "" };

	world_start_with(&other, args);
	for (size_t i = 0; i < MMS_COUNT(stories); i++) {
		char path[96];

		(void)snprintf(path, sizeof path, "fixtures/scenarios/%s.scn", stories[i]);
		play(&other, path, i % 2 == 0 ? "google" : "outlook", args[0]);
	}
	world_stop(&other);
}

static void
bookings_and_blocks_hold_where_the_server_defaults_to_read_committed(void **state)
{
	static const char *const args[] = { "--transaction-isolation=READ-COMMITTED",
					    "--innodb-snapshot-isolation=ON", NULL };

	(void)state;
	play_stories(args);
}

static void
bookings_and_blocks_hold_with_snapshot_isolation_and_a_log_by_statement(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", "--log-bin",
					    "--binlog-format=STATEMENT", "--server-id=1",
					    NULL };

	(void)state;
	play_stories(args);
}

/* A push and a sync at the same steps, on a server where who reads an old row may not write it. */
static void
so_do_a_push_and_a_sync_at_once(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", "--log-bin",
					    "--binlog-format=STATEMENT", "--server-id=1",
					    NULL };
	struct world other = { .program = "" };

	(void)state;
	world_start_with(&other, args);
	race.world = &other;
	race_begin_story(&race, "google", ANNS BOOKING);
	long n_steps = race_n_steps(&race, "push --booking B1");
	for (long step = 1; step <= n_steps; step += race_stride(17)) {
		char fault[32], when[64];

		(void)snprintf(fault, sizeof fault, "pause:%ld", step);
		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", step, n_steps);
		race_begin_story(&race, "google", ANNS BOOKING);
		race_start(&race, &a, "push --booking B1", fault);
		if (!race_sleeps(&a))
			continue;
		race_beside(&race, &a, &b, "sync");
		race_expect_status(&b, " 0 5 ", when);
		if (a.pid != 0)
			(void)race_finish(&a);
		race_expect_status(&a, " 0 ", when);
		expect_world("12", when);
	}
	end_runs(state);
	world_stop(&other);
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
		RACE(a_booking_that_a_form_saves_whole_loses_nothing_of_either),
		RACE(an_event_that_a_form_saves_whole_is_as_its_calendar_has_it),
		RACE(an_integration_that_a_form_saves_whole_keeps_what_was_typed),
		RACE(bookings_and_blocks_hold_where_the_server_defaults_to_read_committed),
		RACE(bookings_and_blocks_hold_with_snapshot_isolation_and_a_log_by_statement),
		RACE(so_do_a_push_and_a_sync_at_once),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

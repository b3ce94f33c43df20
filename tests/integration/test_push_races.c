/*
 * Bookings pushed beside runs and other pushes, at every step of these: whoever is told that its
 * work is queued is served by the run that has the calendar's lease, and no booking has two events.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/race.h"
#include "support/scenario_words.h"

/* Every so many steps of a push, which has some sixty. */
#define STRIDE 6

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

static void
expect(const char *when, const char *what, const char *rest)
{
	race.scenario.failure[0] = '\0';
	if (!scenario_expect(&race.scenario, what, rest))
		fail_msg("%s: %s", when, race.scenario.failure);
}

/* A line of a story. */
static void tell(const char *word, const char *fmt, ...) MMS_PRINTF(2, 3);
static void
tell(const char *word, const char *fmt, ...)
{
	char text[300];
	bool is_known;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	race.scenario.line_number++;
	if (!scenario_service_command(&race.scenario, word, text, &is_known) || !is_known)
		fail_msg("%s %s: %s", word, text, race.scenario.failure);
}

static void
book(const char *name)
{
	tell("booking",
	     "%s \"%s\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z users=ann@example.com", name,
	     name);
}

/* ann's Google calendar, listed once, so that it is read as changes from there. */
static void
begin(void)
{
	struct words w = { 0 };

	race_begin(&race, 0, 0);
	mms_test_sql(
		&world.server,
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" modified_by, user, integration_name, integration_type, sync_direction,"
		" is_primary) VALUES ('work', '2026-01-01', '2026-01-01',"
		" 'Administrator', 'Administrator', 'ann@example.com', 'work',"
		" 'Google Calendar', 'Two-way (Read & Write)', 1)");
	words_split(&w, "work");
	bool is_good = scenario_connect(&race.scenario, &w, "ann@example.com");
	words_release(&w);
	if (!is_good)
		fail_msg("%s", race.scenario.failure);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
}

/* All of this happens within a minute of one person's allowance. */
static void
forget_budget(void)
{
	mms_test_sql(&world.server, "DELETE FROM mmsync_budget");
}

static const char *
at_step(long n)
{
	static char text[40];

	(void)snprintf(text, sizeof text, "pause:%ld", n);
	return text;
}

static bool
is_json(const struct mms_test_run *run, const char *path, const char *want)
{
	char *is = race_json(run, path);
	bool is_same = strcmp(is, want) == 0;

	free(is);
	return is_same;
}

static void
expect_settled(const char *when, long n_events)
{
	char text[80];

	(void)snprintf(text, sizeof text, "ann@example.com %ld", n_events);
	expect(when, "ours", text);
	expect(when, "ask", "0 SELECT COUNT(*) FROM mmsync_outbox");
	expect(when, "ask",
	       "0 SELECT COUNT(*) FROM mmsync_event_state WHERE type = 2 AND status < 3");
	race_check(&race, when);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void
what_is_pushed_while_a_run_has_the_calendar_is_done_by_that_run(void **state)
{
	int n_queued = 0, n_done = 0;

	(void)state;
	begin();
	long n_steps = race_n_steps(&race, "sync");
	for (long n = 1; n <= n_steps; n++) {
		char when[64], name[24], push[64];

		forget_budget();
		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", n, n_steps);
		(void)snprintf(name, sizeof name, "B%ld", n);
		(void)snprintf(push, sizeof push, "push --booking %s", name);
		race_start(&race, &a, "sync", at_step(n));
		bool is_asleep = race_sleeps(&a);
		book(name);
		race_start(&race, &b, push, NULL);
		if (race_finish(&b) != 0)
			fail_msg("%s: push ended with %d: %s%s", when, b.status, b.out, b.err);
		bool is_queued = is_json(&b, "bookings.0.status", "queued");
		if (!is_queued && !is_json(&b, "bookings.0.events.0.action", "created"))
			fail_msg("%s: %s", when, b.out);
		n_queued += is_queued;
		n_done += is_asleep && !is_queued;
		int status = race_finish(&a);
		if (status != 0)
			fail_msg("%s: sync ended with %d: %s%s", when, status, a.out, a.err);
		expect_settled(when, n);
	}
	assert_true(n_queued > 3 && n_done > 3);
	assert_int_equal(race_run(&race, "sync", NULL), 0); /* bookings are noted as planned */
	race_is_quiet(&race, "after the last");
}

static void
a_booking_pushed_twice_at_once_has_one_event(void **state)
{
	(void)state;
	long n_events = 1;

	begin();
	book("B0");
	long n_steps = race_n_steps(&race, "push --booking B0");
	assert_true(n_steps > 5);
	for (long n = 1; n <= n_steps; n += STRIDE) {
		char when[64], name[24], push[64];

		forget_budget();
		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", n, n_steps);
		(void)snprintf(name, sizeof name, "B%ld", n);
		(void)snprintf(push, sizeof push, "push --booking %s", name);
		book(name);
		race_start(&race, &a, push, at_step(n));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		race_start(&race, &b, push, NULL);
		int other = race_finish(&b), status = race_finish(&a);
		if (other != 0 || status != 0)
			fail_msg("%s: they ended with %d and %d: %s%s\n%s%s", when, status,
				 other, a.out, a.err, b.out, b.err);
		expect_settled(when, ++n_events);
	}
	assert_int_equal(race_run(&race, "sync", NULL), 0); /* bookings are noted as planned */
	race_is_quiet(&race, "after the last");
}

/* What was put down for it when it was confirmed must not win. */
static void
a_booking_cancelled_while_its_event_is_made_has_none(void **state)
{
	(void)state;
	begin();
	book("B0");
	long n_steps = race_n_steps(&race, "push --booking B0");
	for (long n = 2; n <= n_steps; n += STRIDE) {
		char when[64], name[24], push[64], cancel[200];

		forget_budget();
		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", n, n_steps);
		(void)snprintf(name, sizeof name, "B%ld", n);
		(void)snprintf(push, sizeof push, "push --booking %s", name);
		(void)snprintf(cancel, sizeof cancel,
			       "UPDATE `tabMM Meeting Booking` SET booking_status ="
			       " 'Cancelled', modified = modified + INTERVAL 1 SECOND"
			       " WHERE name = '%s'",
			       name);
		book(name);
		race_start(&race, &a, push, at_step(n));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		/* In the settling transaction the booking's row is held: then it comes after. */
		(void)race_meddle(&race, &a, cancel);
		race_start(&race, &b, push, NULL);
		int other = race_finish(&b), status = race_finish(&a);
		if (other != 0 || status != 0)
			fail_msg("%s: they ended with %d and %d: %s%s\n%s%s", when, status,
				 other, a.out, a.err, b.out, b.err);
		expect_settled(when, 1);
	}
	assert_int_equal(race_run(&race, "sync", NULL), 0); /* bookings are noted as planned */
	race_is_quiet(&race, "after the last");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			what_is_pushed_while_a_run_has_the_calendar_is_done_by_that_run,
			end_runs),
		cmocka_unit_test_teardown(a_booking_pushed_twice_at_once_has_one_event,
					  end_runs),
		cmocka_unit_test_teardown(a_booking_cancelled_while_its_event_is_made_has_none,
					  end_runs),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

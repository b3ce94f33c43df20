/*
 * What is a risk of Outlook's own: its ids are known only when an event was made, its listings carry no marks,
 * an id may become another, a refresh token is used up. Two who make the same event, listings and people between
 * a request and the note of it, processes killed there: one event, which is never taken for its person's own.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
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

/* Two calendars of one mailbox, and an event that is nobody's but Ann's. */
#define ANNS                                                                 \
	"person ann@example.com\n"                                           \
	"integration anns type=outlook user=ann@example.com primary=1\n"     \
	"integration home type=outlook user=ann@example.com calendar=home\n" \
	"at ann@example.com event AAlunch \"Lunch\" 2026-03-03T12:00:00Z"    \
	" 2026-03-03T13:00:00Z\n"                                            \
	"sync\n"
#define BOOKING "booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z\n"
/* One that is there already, and was moved since. */
#define MOVED                              \
	ANNS BOOKING "sync\nadvance 10m\n" \
		     "rebook B1 start=2026-03-05T10:00:00Z end=2026-03-05T10:30:00Z\n"

static void
begin(const char *lines, const char *ways)
{
	race_begin_story(&race, "outlook", lines);
	if (ways[0] != '\0')
		race_tell(&race, "set %s", ways);
}

static const char *
at_step(const char *kind, long n)
{
	static char text[40];

	(void)snprintf(text, sizeof text, "%s:%ld", kind, n);
	return text;
}

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

/* Our event as it is in a calendar now. False: there is none. */
static bool
find_ours(const char *calendar, char *id, size_t size)
{
	json_t *all = gfake_events(&world.service, calendar), *one;
	bool is_there = false;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (!scenario_is_ours(one) || !scenario_is_live(one))
			continue;
		gfake_value(one, "id", id, size);
		is_there = true;
	}
	json_decref(all);
	return is_there;
}

/* No row and no state says that an event of ours in that calendar is its person's own. */
static void
expect_nobody_takes_it(const char *when)
{
	int64_t n_rows =
		ask("SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE"
		    " calendar_integration = 'anns' AND event_type <> 'Meeting Booking'"
		    " AND external_event_id <> 'AAlunch'");
	int64_t n_states =
		ask("SELECT COUNT(*) FROM mmsync_event_state s JOIN mmsync_cursor c ON"
		    " c.id = s.integration_id WHERE c.name = 'anns' AND s.type = 1 AND"
		    " s.external_id <> 'AAlunch'");

	if (n_rows != 0 || n_states != 0)
		fail_msg("%s: an event of ours has %lld rows and %lld states of a user's: %s%s",
			 when, (long long)n_rows, (long long)n_states,
			 a.out != NULL ? a.out : "", a.err != NULL ? a.err : "");
}

static void
expect_events(int want, const char *when)
{
	int n = race_n_ours(&race, "ann@example.com");

	if (n != want)
		fail_msg("%s: %d events, not %d:\n%s%s\n%s%s", when, n, want,
			 a.out != NULL ? a.out : "", a.err != NULL ? a.err : "",
			 b.out != NULL ? b.out : "", b.err != NULL ? b.err : "");
	expect_nobody_takes_it(when);
}

static void
sync_twice(const char *when)
{
	for (int i = 0; i < 2; i++) {
		mms_test_run_release(&b);
		race_start(&race, &b, "sync", NULL);
		(void)race_finish(&b);
		race_expect_status(&b, " 0 ", when);
		expect_nobody_takes_it(when);
	}
}

/* Live events there are those that we know of, and the booking says the same. */
static void
expect_agreement(const char *when)
{
	int64_t n =
		ask("SELECT COUNT(*) FROM mmsync_event_state WHERE type = 2 AND status = 3");

	expect_events((int)n, when);
	if (ask("SELECT calendar_event_synced FROM `tabMM Meeting Booking`") != n ||
	    ask("SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE meeting_booking = 'B1'"
		" AND sync_status = 'Synced'") != n)
		fail_msg("%s: the booking does not say that it has %lld events", when,
			 (long long)n);
	race_is_quiet(&race, when);
}

/* ---- two at once ---------------------------------------------------------------------------- */

static const struct beside {
	const char *what, *ways, *arguments;
	long every;
} besides[] = {
	{ "another push", "transaction same", "push --booking B1", 6 },
	{ "another push, refused as a duplicate", "transaction duplicate", "push --booking B1",
	  6 },
	{ "a listing of changes", "", "sync", 7 },
	{ "a full listing", "", "sync --force-full", 7 },
	{ "a listing that shows no transaction", "transaction-id off", "sync --force-full", 7 },
};

/* The push sleeps past its lease at one step after the other, and another one does the same. */
static void
what_comes_between_a_request_and_its_note_leaves_one_event(void **state)
{
	const struct beside *row = *state;
	int n_taken = 0;

	begin(ANNS BOOKING, row->ways);
	long n_steps = race_n_steps(&race, "push --booking B1");
	for (long step = 1; step <= n_steps; step += race_stride(2 * row->every)) {
		char when[120];

		(void)snprintf(when, sizeof when, "%s, asleep at step %ld of %ld", row->what,
			       step, n_steps);
		end_runs(NULL);
		begin(ANNS BOOKING, row->ways);
		race_start(&race, &a, "push --booking B1", at_step("pause", step));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		n_taken += race_take_over(&race, &a, &b, row->arguments);
		race_expect_status(&b, " 0 1 5 ", when);
		if (a.pid != 0)
			(void)race_finish(&a);
		race_expect_status(&a, " 0 1 5 ", when);
		expect_nobody_takes_it(when);
		sync_twice(when);
		expect_events(1, when);
		expect_agreement(when);
	}
	assert_true(n_taken > 0);
}

/* ---- people between a request and its note -------------------------------------------------- */

/* What a person, or the service, does to our event while the push sleeps; how many there are then. */
static const struct deed {
	const char *what, *verb, *rest;
	int events;
} deeds[] = {
	{ "deleted", "delete", "", 0 },
	{ "changed", "change",
	  " title=Other start=2026-03-09T10:00:00Z end=2026-03-09T11:00:00Z", 1 },
	{ "under another id", "reid", " AAnew", 1 },
	{ "in another calendar", "move", " home", 0 },
	{ "in another calendar, under another id", "move", " home AAnew", 0 },
};

static void
play_deed(const struct deed *row, const char *lines, long every)
{
	int n_done = 0;

	bool is_moved = strcmp(row->verb, "move") == 0;
	begin(lines, "");
	long n_steps = race_n_steps(&race, "push --booking B1");
	/* One that is not made yet is there in the second half at the earliest. */
	long from = strstr(lines, "rebook") != NULL ? 1 : n_steps / 2;
	for (long step = from; step <= n_steps; step += race_stride(2 * every)) {
		char when[120], id[1100];

		(void)snprintf(when, sizeof when, "%s, asleep at step %ld of %ld", row->what,
			       step, n_steps);
		end_runs(NULL);
		begin(lines, "");
		race_start(&race, &a, "push --booking B1", at_step("pause", step));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		bool is_there = find_ours("ann@example.com", id, sizeof id);
		race_tell(&race, "advance 1m");
		if (is_there)
			race_tell(&race, "at ann@example.com %s %s%s", row->verb, id,
				  row->rest);
		n_done += is_there;
		(void)race_finish(&a);
		race_expect_status(&a, " 0 1 ", when);
		sync_twice(when);
		if (is_moved) {
			race_tell(
				&race,
				"advance 1h"); /* found by its id there; only a full listing tells that it is not here */
			assert_int_equal(race_run(&race, "sync --force-full", NULL), 0);
			race_tell(&race, "strays");
		}
		/* A booking that was changed meanwhile may be made anew. */
		if (strstr(lines, "rebook") == NULL || !is_there || row->events == 1)
			expect_events(is_there ? row->events : 1, when);
		expect_agreement(when);
	}
	assert_true(n_done > 0);
}

static void
what_happens_to_an_event_before_we_have_noted_it_is_found(void **state)
{
	play_deed(*state, ANNS BOOKING, 3);
}

static void
what_happens_to_an_event_while_it_is_changed_is_found(void **state)
{
	play_deed(*state, MOVED, 6);
}

/* ---- tokens --------------------------------------------------------------------------------- */

/* Access is over, and a renewal uses its token up: who comes second takes what the first has stored. */
static void
two_that_renew_at_once_leave_a_consent_that_lives(void **state)
{
	const char *rotation = *state;
	long n_steps;

	begin(ANNS, "");
	race_tell(&race, "token ann@example.com expire");
	n_steps = race_n_steps(&race, "sync --integration anns");
	for (long step = 1; step <= n_steps; step += race_stride(14)) {
		char when[80];

		(void)snprintf(when, sizeof when, "%s, asleep at step %ld of %ld", rotation,
			       step, n_steps);
		end_runs(NULL);
		begin(ANNS, "");
		race_tell(&race, "token ann@example.com expire");
		race_tell(&race, "token ann@example.com %s", rotation);
		race_start(&race, &a, "sync --integration anns", at_step("pause", step));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		(void)race_take_over(&race, &a, &b, "sync --integration anns");
		race_expect_status(&b, " 0 1 5 ", when);
		if (a.pid != 0)
			(void)race_finish(&a);
		race_expect_status(&a, " 0 1 5 ", when);
		mms_test_run_release(&b);
		race_start(&race, &b, "sync --integration anns", NULL);
		(void)race_finish(&b);
		race_expect_status(&b, " 0 ", when);
		race_tell(&race, "token ann@example.com expire");
		mms_test_run_release(&b);
		race_start(&race, &b, "sync --integration anns", NULL);
		(void)race_finish(&b);
		race_expect_status(&b, " 0 ", when);
		race_check(&race, when);
	}
}

/* ---- killed --------------------------------------------------------------------------------- */

/* The push is dead; what the next run makes of it. */
static void
heal(const char *when)
{
	expect_nobody_takes_it(when);
	sync_twice(when);
	expect_events(1, when);
	expect_agreement(when);
}

/* Was it made, and nothing here knows its id? */
static bool
is_between(void)
{
	return race_n_ours(&race, "ann@example.com") == 1 &&
	       ask("SELECT COUNT(*) FROM mmsync_event_state WHERE type = 2 AND status = 3") ==
		       0;
}

static void
no_event_of_ours_is_taken_for_a_users_wherever_a_push_is_killed(void **state)
{
	int n_between = 0;

	(void)state;
	begin(ANNS BOOKING, "");
	long n_steps = race_n_steps(&race, "push --booking B1");
	for (long step = 1; step <= n_steps; step += race_stride(step < n_steps / 2 ? 8 : 2)) {
		char when[80];

		(void)snprintf(when, sizeof when, "killed at step %ld of %ld", step, n_steps);
		end_runs(NULL);
		begin(ANNS BOOKING, step % 2 == 0 ? "transaction-id off" : "");
		race_start(&race, &a, "push --booking B1", at_step("step", step));
		(void)race_finish(&a);
		race_expect_status(&a, " 137 ", when);
		n_between += is_between();
		heal(when);
	}
	assert_true(n_between > 0);
}

/* The one after it, too: between the listing that shows the event and the note of it. */
static void
no_event_of_ours_is_taken_for_a_users_wherever_the_sync_after_it_is_killed(void **state)
{
	const char *const syncs[] = { "sync", "sync --force-full" };
	int n = 0;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(syncs); i++) {
		for (long step = 1 + (long)i;; step += race_stride(8), n++) {
			char when[80];

			(void)snprintf(when, sizeof when, "%s killed at step %ld", syncs[i],
				       step);
			end_runs(NULL);
			begin(ANNS BOOKING, step % 2 == 0 ? "transaction-id off" : "");
			race_tell(&race, "fault 9 POST /events drop after");
			assert_int_equal(race_run(&race, "push --booking B1", NULL), 1);
			race_tell(&race, "fault clear");
			assert_true(is_between());
			race_start(&race, &a, syncs[i], at_step("step", step));
			(void)race_finish(&a);
			race_expect_status(&a, " 0 137 ", when);
			if (a.status == 0)
				break;
			heal(when);
		}
	}
	assert_true(n > 3);
}

#define RACE(test, row)                                               \
	{                                                             \
#test, test, NULL, end_runs, (void *)(uintptr_t)(row) \
	}

int
main(int argc, char **argv)
{
	static char rotate[] = "rotate", rotate_hard[] = "rotate-hard";
	const struct CMUnitTest tests[] = {
		RACE(what_comes_between_a_request_and_its_note_leaves_one_event, &besides[0]),
		RACE(what_comes_between_a_request_and_its_note_leaves_one_event, &besides[1]),
		RACE(what_comes_between_a_request_and_its_note_leaves_one_event, &besides[2]),
		RACE(what_comes_between_a_request_and_its_note_leaves_one_event, &besides[3]),
		RACE(what_comes_between_a_request_and_its_note_leaves_one_event, &besides[4]),
		RACE(what_happens_to_an_event_before_we_have_noted_it_is_found, &deeds[0]),
		RACE(what_happens_to_an_event_before_we_have_noted_it_is_found, &deeds[1]),
		RACE(what_happens_to_an_event_before_we_have_noted_it_is_found, &deeds[2]),
		RACE(what_happens_to_an_event_before_we_have_noted_it_is_found, &deeds[3]),
		RACE(what_happens_to_an_event_before_we_have_noted_it_is_found, &deeds[4]),
		RACE(what_happens_to_an_event_while_it_is_changed_is_found, &deeds[0]),
		RACE(what_happens_to_an_event_while_it_is_changed_is_found, &deeds[1]),
		RACE(what_happens_to_an_event_while_it_is_changed_is_found, &deeds[2]),
		RACE(what_happens_to_an_event_while_it_is_changed_is_found, &deeds[3]),
		RACE(what_happens_to_an_event_while_it_is_changed_is_found, &deeds[4]),
		RACE(two_that_renew_at_once_leave_a_consent_that_lives, rotate),
		RACE(two_that_renew_at_once_leave_a_consent_that_lives, rotate_hard),
		RACE(no_event_of_ours_is_taken_for_a_users_wherever_a_push_is_killed, NULL),
		RACE(no_event_of_ours_is_taken_for_a_users_wherever_the_sync_after_it_is_killed,
		     NULL),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

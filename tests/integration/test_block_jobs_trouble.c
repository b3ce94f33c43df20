/*
 * Entries of busy blocks and what goes wrong with them: refusals, killed processes, calendars that are switched off or
 * out of reach; and what a handful of them costs.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/planted.h"

static struct world world;
static struct race race = { .world = &world };

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
end_race(void **state)
{
	(void)state;
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

/* ---- failures ---------------------------------------------------------------------------------- */

/* One refused for good, one for now, one well: all told in one transaction. */
static void
play_mixed(const char *service)
{
	planted_begin_made(&race, service, 3);
	for (unsigned n = 1; n <= 3; n++)
		planted_ask(&race, n, "update");
	char *first = planted_id(&race, 1), *second = planted_id(&race, 2);
	first[strcspn(first, "=")] = second[strcspn(second, "=")] = '\0';
	race_tell(&race, "fault 1 PATCH %s error 400 %s", first,
		  planted_is_outlook(&race) ? "ErrorBadThing" : "invalid");
	race_tell(&race, "fault 9 PATCH %s error 503 %s", second,
		  planted_is_outlook(&race) ? "ErrorInternalServerError" : "backendError");
	free(first);
	free(second);
	race_tell(&race, "push --pending");
	race_tell(&race, "requests 3 PATCH");
	planted_state(&race, "refused", 1, "4 0 otherwise v");
	planted_state(&race, "not now", 2, "2 0 otherwise v");
	planted_state(&race, "well", 3, "3 0 sent v");
	race_tell(&race, "ask 1 SELECT COUNT(*) FROM mmsync_dead_letter WHERE given_up = 1 AND"
			 " operation = 'update' AND content_print = REPEAT('z', 16)");
	race_tell(&race, "ask 1 SELECT COUNT(*) FROM mmsync_outbox WHERE attempts = 1 AND"
			 " error_code = 'retry'");
	race_tell(&race, "fault clear");
	planted_ask(&race, 1, "update"); /* what is wanted now may be taken */
	race_tell(&race, "advance 1m");
	race_tell(&race, "push --pending");
	planted_state(&race, "taken", 1, "3 0 sent v");
	planted_state(&race, "taken", 2, "3 0 sent v");
	planted_is_done(&race); /* and its letter is gone */
}

static void
each_of_a_handful_fails_for_itself(void **state)
{
	(void)state;
	planted_for_both(play_mixed);
}

/* The last of many attempts. */
static void
play_given_up(const char *service)
{
	planted_begin_made(&race, service, 1);
	planted_ask(&race, 1, "update");
	race_tell(&race, "sql UPDATE mmsync_outbox SET attempts = 19");
	race_tell(&race, "fault 9 PATCH API error 503 %s",
		  planted_is_outlook(&race) ? "ErrorInternalServerError" : "backendError");
	race_tell(&race, "push --pending");
	planted_state(&race, "given up", 1, "4 0 otherwise v");
	race_tell(&race, "ask 20 SELECT attempts FROM mmsync_dead_letter");
	race_tell(&race, "ask 0 SELECT COUNT(*) FROM mmsync_outbox");
}

static void
what_fails_again_and_again_is_given_up(void **state)
{
	(void)state;
	planted_for_both(play_given_up);
}

/* Killed at each step; then as if nothing had been. */
static void
play_killed(const char *service)
{
	planted_begin_made(&race, service, 2);
	long n_steps = 1;
	for (long step = 1; step <= n_steps; step += race_stride(1)) {
		char when[64], fault[32];

		(void)snprintf(when, sizeof when, "killed at step %ld of %ld", step, n_steps);
		planted_begin_made(&race, service, 2);
		planted_ask(&race, 1, "update");
		planted_ask(&race, 2, "delete");
		planted_add(&race, 3, "create");
		if (step == 1) {
			n_steps = race_n_steps(&race, "push --pending");
			assert_true(n_steps > 5);
			continue;
		}
		(void)snprintf(fault, sizeof fault, "step:%ld", step);
		assert_int_equal(race_run(&race, "push --pending", fault), 128 + 9);
		race_tell(&race, "advance 2m");
		race_tell(&race, "push --pending");
		planted_state(&race, when, 1, "3 0 sent v");
		planted_state(&race, when, 2, "5 1 sent v");
		planted_state(&race, when, 3, "2 0 sent v");
		race_tell(&race, "ours ann@example.com 2");
		planted_dues(&race, 0);
		planted_is_done(&race);
	}
}

static void
killed_anywhere_nothing_is_lost_or_made_twice(void **state)
{
	(void)state;
	planted_for_both(play_killed);
}

/* ---- costs ------------------------------------------------------------------------------------- */

/* Statements and commits of a visit with so many creations. */
static long
cost(const char *service, unsigned n, long *commits)
{
	planted_begin(&race, service, n);
	race_tell(&race, "push --pending");
	race_tell(&race, "ours ann@example.com %u", n);
	planted_is_done(&race);
	race_tell(&race, "requests %u POST /events", n > 1 ? n : 1);
	race_tell(&race, "requests %d POST batch", n > 1);
	*commits = scenario_count(&race.scenario, "commit-before");
	return scenario_count(&race.scenario, "stmt-before");
}

static void
play_cost(const char *service)
{
	long commits_two, commits, two = cost(service, 2, &commits_two),
				   twenty = cost(service, 20, &commits);

	/* Of Outlook the ids are noted, and a place in the mailbox is taken. */
	if (two != twenty || commits_two != commits ||
	    twenty != (planted_is_outlook(&race) ? 30 : 27) || commits != 2)
		fail_msg("%s: two blocks cost %ld statements and %ld commits, twenty %ld and "
			 "%ld",
			 service, two, commits_two, twenty, commits);
}

static void
twenty_blocks_cost_what_two_do(void **state)
{
	(void)state;
	planted_for_both(play_cost);
}

/* ---- whose turn it is ----------------------------------------------------------------------------- */

/* Bookings and blocks of one calendar. */
static void
play_both_kinds(const char *service)
{
	planted_begin(&race, service, 30);
	race_tell(&race, "booking B1 \"Demo\" 2026-03-05T10:00:00Z 2026-03-05T10:30:00Z");
	race_tell(&race, "push --booking B1");
	race_tell(&race, "ours ann@example.com 31");
	planted_is_done(&race);
	race_tell(&race, "rebook B1 title=Later");
	planted_ask(&race, 7, "delete");
	race_tell(&race, "push --booking B1");
	race_tell(&race, "outside ann@example.com @B1 title=Later");
	race_tell(&race, "ours ann@example.com 30");
	planted_is_done(&race);
}

static void
bookings_and_blocks_leave_in_one_visit(void **state)
{
	(void)state;
	planted_for_both(play_both_kinds);
}

static void
play_switched_off(const char *service)
{
	planted_begin_made(&race, service, 2);
	race_tell(&race, "booking B1 \"Demo\" 2026-03-05T10:00:00Z 2026-03-05T10:30:00Z");
	race_tell(&race, "push --booking B1");
	race_tell(&race, "rebook B1 title=Later");
	race_tell(&race, "fault 9 PATCH API drop before");
	race_tell(&race, "push --booking B1 -> 1");
	race_tell(&race, "fault clear");
	race_tell(&race, "sql UPDATE `tabMM Calendar Integration` SET is_active = 0");
	planted_ask(&race, 1, "delete");
	race_tell(&race, "push --pending");
	planted_state(&race, "removed", 1, "5 1 sent v");
	race_tell(&race, "outside ann@example.com @B1 title=Demo");
	race_tell(&race, "ask 1 SELECT COUNT(*) FROM mmsync_outbox");
	race_tell(&race, "ours ann@example.com 2");
}

static void
of_a_calendar_that_is_switched_off_only_blocks_are_worked_at(void **state)
{
	(void)state;
	planted_for_both(play_switched_off);
}

/* It cannot be reached for good: nobody is nagged. */
static void
play_unreachable(const char *service, const char *trouble, const char *before)
{
	planted_begin_made(&race, service, 2);
	race_tell(&race, "%s", before);
	race_tell(&race, "%s", trouble);
	planted_ask(&race, 1, "delete");
	race_tell(&race, "push --pending");
	planted_state(&race, trouble, 1, "2 1 sent v");
	race_tell(&race,
		  "ask 1 SELECT COUNT(*) FROM mmsync_outbox WHERE attempts = 0 AND"
		  " next_attempt_ms = %lld",
		  (long long)race.scenario.now_ms + 86400000);
	race_tell(&race, "ask 0 SELECT COUNT(*) FROM mmsync_dead_letter");
	race_tell(&race, "push --pending");
	race_tell(&race, "requests 0");
}

static void
what_is_switched_off_and_out_of_reach_waits_a_day(void **state)
{
	static const char *const services[] = { "google", "outlook" };
	static const char *const troubles[] = {
		"token ann@example.com revoke",
		"at ann@example.com role reader",
		"fault 9 GET API error 404 notFound",
	};
	static const char *const offs[] = {
		"sql UPDATE `tabMM Calendar Integration` SET is_active = 0",
		"sql UPDATE `tabMM Calendar Integration` SET sync_direction ="
		" 'One-way (Read Only)'",
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(troubles); i++) {
		for (size_t k = 0; k < MMS_COUNT(services); k++)
			play_unreachable(services[k], troubles[i], offs[i % 2]);
	}
}

/* Where it is written to the same trouble is trouble. */
static void
play_active_trouble(const char *service)
{
	planted_begin_made(&race, service, 1);
	race_tell(&race, "token ann@example.com revoke");
	planted_ask(&race, 1, "update");
	race_tell(&race, "push --pending");
	planted_state(&race, "no token", 1, "2 0 otherwise v");
	race_tell(&race, "ask 1 SELECT COUNT(*) FROM mmsync_outbox WHERE next_attempt_ms = 0");
}

static void
an_active_calendar_puts_nothing_off(void **state)
{
	(void)state;
	planted_for_both(play_active_trouble);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_of_a_handful_fails_for_itself, end_race),
		cmocka_unit_test_teardown(what_fails_again_and_again_is_given_up, end_race),
		cmocka_unit_test_teardown(killed_anywhere_nothing_is_lost_or_made_twice,
					  end_race),
		cmocka_unit_test_teardown(twenty_blocks_cost_what_two_do, end_race),
		cmocka_unit_test_teardown(bookings_and_blocks_leave_in_one_visit, end_race),
		cmocka_unit_test_teardown(
			of_a_calendar_that_is_switched_off_only_blocks_are_worked_at, end_race),
		cmocka_unit_test_teardown(what_is_switched_off_and_out_of_reach_waits_a_day,
					  end_race),
		cmocka_unit_test_teardown(an_active_calendar_puts_nothing_off, end_race),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

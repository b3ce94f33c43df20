/*
 * Two installations at the same calendars of one person, each with busy blocks: neither makes one from the other's, or
 * because of it, and both come to rest, whoever runs first and whatever people do in between.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/oracle.h"
#include "support/scenario.h"

/* Runs of both until neither has anything to send. */
#define ROUNDS 4

static struct world worlds[2];
static struct scenario sites[2];

static int
start(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		world_start(&worlds[i]);
	fake_stop(&worlds[1].service);
	worlds[1].service = worlds[0].service;
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	worlds[1].service = (struct fake){ 0 };
	for (size_t i = 0; i < 2; i++)
		world_stop(&worlds[i]);
	return 0;
}

/* ---- telling and running -------------------------------------------------------------------- */

static void
tell(struct scenario *s, const char *line)
{
	if (!scenario_tell(s, line))
		fail_msg("%s: %s", line, s->failure);
}

static void
tell_both(const char *line)
{
	for (size_t i = 0; i < 2; i++)
		tell(&sites[i], line);
}

static void
begin(const char *settings)
{
	static const char *const lines[] = {
		"now 2026-03-02T08:00:00Z",
		"person ann@example.com",
		"integration work type=google calendar=ann@example.com primary=1"
		" expires=864000",
		"integration home type=google calendar=home expires=864000",
		"integration club type=outlook account=ann.club@example.com calendar=club"
		" expires=864000",
	};

	for (size_t i = 0; i < 2; i++) {
		scenario_release(&sites[i]);
		sites[i] = (struct scenario){ .world = &worlds[i],
					      .path = "mesh",
					      .service = "google" };
		scenario_reset(&sites[i]);
	}
	for (size_t i = 0; i < MMS_COUNT(lines); i++)
		tell_both(lines[i]);
	tell_both(settings);
}

/* What one more run of a site sends. */
static size_t
run(struct scenario *s, const char *arguments)
{
	fake_clear_log(&s->world->service);
	if (!scenario_run(s, arguments, NULL) || s->exit_status != 0)
		fail_msg("mmsync %s ended with %d: %s%s%s", arguments, s->exit_status,
			 s->failure, mms_str_get(&s->out), mms_str_get(&s->err));
	return scenario_service_writes(s);
}

/* Both by turns, `first` before the other. */
static void
settle(size_t first, const char *arguments, const char *when)
{
	size_t n = 1;

	for (int round = 0; round < ROUNDS && n > 0; round++) {
		tell_both("advance 15m");
		n = run(&sites[first], arguments);
		n += run(&sites[1 - first], arguments);
	}
	if (n > 0)
		fail_msg("%s: after %d rounds %zu changes are sent", when, ROUNDS, n);
}

/* ---- what must be true ---------------------------------------------------------------------- */

static void
expect_block(const struct oracle_blocks *wanted, struct oracle_block *block, size_t site,
	     const char *when)
{
	for (size_t i = 0; i < wanted->n; i++) {
		struct oracle_block *w = &wanted->at[i];

		if (w->is_met || strcmp(w->calendar, block->calendar) != 0 ||
		    w->start_ms != block->start_ms || w->end_ms != block->end_ms)
			continue;
		w->is_met = block->is_met = true;
		return;
	}
	fail_msg("%s: site %zu has made a block too many in %s", when, site, block->calendar);
}

/* A site's blocks are those that people's own events want, and those of its bookings. */
static void
check_site(size_t site, const char *when)
{
	static const char *const calendars[] = { "ann@example.com", "home", "club" };
	json_t *all = gfake_events(&worlds[0].service, NULL);
	char *uuid = mms_test_ask_text(&worlds[site].server,
				       "SELECT site_uuid FROM mmsync_installation");
	struct oracle_events events = { 0 };
	struct oracle_blocks wanted = { 0 }, there = { 0 };
	MMS_AUTO(mms_str) broken = { 0 };

	for (size_t i = 0; i < MMS_COUNT(calendars); i++)
		oracle_read(&events, all, calendars[i], uuid);
	oracle_decide(&events, calendars, MMS_COUNT(calendars), &wanted);
	oracle_find(all, uuid, &there);
	for (size_t i = 0; i < there.n; i++)
		expect_block(&wanted, &there.at[i], site, when);
	if (there.n != wanted.n)
		fail_msg("%s: site %zu has %zu blocks, not %zu", when, site, there.n, wanted.n);
	scenario_invariants(&sites[site], &broken);
	if (strspn(mms_str_get(&broken), "0,") != broken.len)
		fail_msg("%s: site %zu: schema/invariants.sql answers %s", when, site,
			 mms_str_get(&broken));
	oracle_events_release(&events);
	oracle_blocks_release(&wanted);
	oracle_blocks_release(&there);
	json_decref(all);
	free(uuid);
}

static void
check(const char *when)
{
	for (size_t site = 0; site < 2; site++)
		check_site(site, when);
}

/* ---- the tests -------------------------------------------------------------------------------- */

/* What happens one after the other; a line begins with whose site it is told to, 0 or 1. */
static const struct chapter {
	const char *what, *lines[4];
} chapters[] = {
	{ "events in each calendar",
	  { "0at ann@example.com event lunch1 \"Lunch\" 2026-03-04T12:00:00Z "
	    "2026-03-04T13:00:00Z",
	    "0at home event gym1 \"Gym\" 2026-03-05T17:00:00Z 2026-03-05T18:00:00Z",
	    "0at club event match1 \"Match\" 2026-03-06T17:00:00Z 2026-03-06T18:00:00Z" } },
	{ "one is moved",
	  { "0at home change gym1 start=2026-03-05T16:00:00Z end=2026-03-05T17:00:00Z" } },
	{ "one is moved onto another",
	  { "0at home change gym1 start=2026-03-04T12:00:00Z end=2026-03-04T13:00:00Z" } },
	{ "and away again",
	  { "0at home change gym1 start=2026-03-07T12:00:00Z end=2026-03-07T13:00:00Z" } },
	{ "a series",
	  { "0at club series round1 \"Round\" 2026-03-09T09:00:00Z 2026-03-09T09:15:00Z "
	    "FREQ=DAILY;COUNT=4" } },
	{ "of which one moves and one goes",
	  { "0at club delete round1_20260310T090000Z",
	    "0at club change round1_20260311T090000Z start=2026-03-11T10:00:00Z "
	    "end=2026-03-11T10:15:00Z" } },
	{ "a booking of each site",
	  { "0booking B1 \"Demo\" 2026-03-12T10:00:00Z 2026-03-12T10:30:00Z",
	    "1booking B2 \"Talk\" 2026-03-13T10:00:00Z 2026-03-13T10:30:00Z" } },
	{ "one is cancelled, one is moved outside",
	  { "0rebook B1 status=Cancelled",
	    "1at ann@example.com change @B2 start=2026-03-14T10:00:00Z "
	    "end=2026-03-14T10:30:00Z" } },
	{ "a block of one site is moved by hand",
	  { "0at club change %lunch1 start=2026-03-15T10:00:00Z end=2026-03-15T11:00:00Z" } },
	{ "all are listed anew",
	  { "0expire home", "0expire club", "0expire ann@example.com" } },
	{ "an event is free, one declined",
	  { "0at ann@example.com change lunch1 transparency=transparent",
	    "0at home change gym1 self=declined" } },
	{ "all are gone",
	  { "0at ann@example.com delete lunch1", "0at home delete gym1",
	    "0at club delete match1", "0at club delete round1" } },
};

static void
play(const char *settings, size_t first)
{
	begin(settings);
	for (size_t i = 0; i < MMS_COUNT(chapters); i++) {
		const struct chapter *c = &chapters[i];

		for (size_t k = 0; k < MMS_COUNT(c->lines) && c->lines[k] != NULL; k++)
			tell(&sites[c->lines[k][0] - '0'], c->lines[k] + 1);
		settle((first + i) % 2, "sync", c->what);
		check(c->what);
	}
	settle(0, "sync --force-full", "read in full");
	check("read in full");
}

static void
neither_site_makes_a_block_because_of_the_others(void **state)
{
	(void)state;
	play("config \"busy_blocks\":{\"enabled\":true}", 0);
}

/* Titles, organizers and times are then those of the events. */
static void
nor_where_blocks_bear_the_titles_of_events(void **state)
{
	(void)state;
	play("config \"busy_blocks\":{\"enabled\":true,\"privacy\":\"title\"}", 1);
}

static void
what_one_switches_off_is_its_own(void **state)
{
	(void)state;
	begin("config \"busy_blocks\":{\"enabled\":true}");
	tell(&sites[0], chapters[0].lines[0] + 1);
	tell(&sites[0], chapters[0].lines[1] + 1);
	settle(0, "sync", "both on");
	check("both on");
	tell(&sites[0], "config \"busy_blocks\":{\"enabled\":false}");
	settle(0, "sync", "one off");
	tell(&sites[0], "blocks club 0");
	tell(&sites[0], "blocks home 0");
	tell(&sites[0], "blocks ann@example.com 0");
	check_site(1, "one off");
	tell(&sites[0], "config \"busy_blocks\":{\"enabled\":true}");
	settle(0, "sync", "on again");
	check("on again");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neither_site_makes_a_block_because_of_the_others),
		cmocka_unit_test(nor_where_blocks_bear_the_titles_of_events),
		cmocka_unit_test(what_one_switches_off_is_its_own),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * Walks over one person's calendars at Google, at Outlook and in a feed: people make, move, decline and delete events
 * at random, also our blocks, switch calendars off and on, bookings come and go, answers are lost, runs are killed.
 * When all is quiet every blocking event has its blocks and there are no others, as support/oracle.h decides from what
 * is outside alone; further syncs ask and change nothing. Then every event is moved once, and it is so again.
 *
 * A walk is made of a seed: MMS_WALK=SEED plays that one alone and tells its lines; MMS_SEED=N is the first,
 * MMS_STEPS=N goes on until so many steps were made.
 */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/block_walk.h"
#include "support/gfake.h"
#include "support/oracle.h"

#define WALKS 6
#define STEPS 40

static struct world world;

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

/* ---- coming to rest --------------------------------------------------------------------------- */

static void
expect_quiet(struct block_walk *b)
{
	struct walk *w = &b->w;
	size_t n_polls = (size_t)mms_test_ask_i64(
		&world.server, "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE"
			       " is_active AND integration_type <> 'iCal'");

	for (int i = 0; i < 3; i++) {
		char before[65], after[65];

		if (!scenario_digest(&w->s, before, sizeof before))
			walk_fail(w, "%s", w->s.failure);
		walk_run(w, "sync");
		if (!scenario_digest(&w->s, after, sizeof after))
			walk_fail(w, "%s", w->s.failure);
		if (strcmp(before, after) != 0)
			walk_fail(w, "one more sync is not quiet: %s", mms_str_get(&w->s.out));
		if (scenario_service_writes(&w->s) != 0 ||
		    gfake_count(&world.service, NULL, NULL) != n_polls)
			walk_fail(w, "one more sync made %zu requests for %zu calendars",
				  gfake_count(&world.service, NULL, NULL), n_polls);
	}
	if (!scenario_is_consistent(&w->s))
		walk_fail(w, "%s", w->s.failure);
}

static void
come_to_rest(struct block_walk *b)
{
	struct walk *w = &b->w;

	walk_tell(w, "fault clear");
	block_walk_run(b, "sync", NULL);
	walk_tell(w, "advance 61m");
	block_walk_run(b, "failures retry --all", NULL);
	walk_tell(w, "advance 61m");
	w->is_in_trouble = false;
	for (int i = 0; i < 3; i++)
		walk_run(w, w->seed % 2 == 1 && i == 0 ? "sync --force-full" : "sync");
	expect_quiet(b);
}

/* ---- what must be true ------------------------------------------------------------------------- */

static bool
is_active(const char *integration)
{
	return mms_test_ask_i64(&world.server,
				"SELECT is_active FROM `tabMM Calendar Integration` WHERE name"
				" = '%s'",
				integration) != 0;
}

static void
tell_block(struct walk *w, const char *what, const struct oracle_block *block)
{
	char start_text[MMS_TIME_TEXT_MAX], end_text[MMS_TIME_TEXT_MAX];
	MMS_AUTO(mms_str) all = { 0 };

	if (getenv("MMS_WALK") != NULL) {
		scenario_state(&w->s, true, &all);
		(void)fputs(mms_str_get(&all), stderr);
	}
	walk_fail(w, "%s has %s: %s to %s, %s", block->calendar, what,
		  mms_time_print(block->start_ms, start_text),
		  mms_time_print(block->end_ms, end_text), block->id);
}

/* Back from the bin of a calendar that was switched off before anybody has read that? */
static bool
is_unseen(const void *aux, const struct oracle_block *block)
{
	const struct block_walk *b = aux;

	return mms_test_ask_i64(&world.server,
				"SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE"
				" is_active AND calendar_id = '%s'",
				block->calendar) == 0 &&
	       strstr(mms_str_get(&b->w.strays), block->uuid) != NULL;
}

static void
check_walk(struct block_walk *b)
{
	json_t *all = gfake_events(&world.service, NULL);
	char *site =
		mms_test_ask_text(&world.server, "SELECT site_uuid FROM mmsync_installation");
	struct oracle_events events = { 0 };
	struct oracle_blocks wanted = { 0 }, there = { 0 };
	const char *targets[BLOCK_WALK_CALENDARS];
	size_t n = 0;

	for (size_t i = 0; i < BLOCK_WALK_CALENDARS; i++) {
		const struct block_calendar *c = &block_calendars[i];

		if (!is_active(c->integration))
			continue;
		targets[n++] = c->id;
		oracle_read(&events, all, c->id, site);
	}
	if (is_active("team"))
		habit_read_feed(b->feed, "team.ics", &events);
	oracle_decide(&events, targets, n, &wanted);
	oracle_find(all, site, &there);
	const char *what = NULL;
	const struct oracle_block *wrong =
		block_judge(&b->deeds, &wanted, &there, is_unseen, b, &what);
	if (wrong != NULL)
		tell_block(&b->w, what, wrong);
	if (mms_test_ask_i64(&world.server, "SELECT COUNT(*) FROM mmsync_busy_block WHERE"
					    " quarantined <> 0") != 0)
		walk_fail(&b->w, "something is in quarantine");
	MMS_AUTO(mms_str) broken = { 0 };
	scenario_invariants(&b->w.s, &broken);
	if (strspn(mms_str_get(&broken), "0,") != broken.len)
		walk_fail(&b->w, "schema/invariants.sql answers %s", mms_str_get(&broken));
	oracle_events_release(&events);
	oracle_blocks_release(&wanted);
	oracle_blocks_release(&there);
	json_decref(all);
	free(site);
}

static void
walk(uint64_t seed)
{
	struct block_walk b = { .w = { .service = "google",
				       .seed = seed,
				       .noise = seed * 2654435761u + 88172645463325252u } };

	block_walk_begin(&b, &world);
	for (int i = 0; i < STEPS; i++)
		block_walk_step(&b);
	come_to_rest(&b);
	check_walk(&b);
	block_walk_move_all(&b);
	come_to_rest(&b);
	check_walk(&b);
	if (getenv("MMS_WALK") != NULL)
		print_message("%s", mms_str_get(&b.w.journal));
	scenario_release(&b.w.s);
	mms_str_release(&b.w.journal);
	mms_str_release(&b.w.strays);
	deeds_release(&b.deeds);
}

static void
every_blocking_event_has_its_blocks_when_all_is_quiet(void **state)
{
	uint64_t only = walk_number("MMS_WALK", 0), first = walk_number("MMS_SEED", 1);
	uint64_t n = (walk_number("MMS_STEPS", WALKS * STEPS) + STEPS - 1) / STEPS;

	(void)state;
	if (only != 0) {
		walk(only);
		return;
	}
	print_message("%" PRIu64 " walks from seed %" PRIu64 "\n", n, first);
	for (uint64_t seed = first; seed < first + n; seed++)
		walk(seed);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_blocking_event_has_its_blocks_when_all_is_quiet),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

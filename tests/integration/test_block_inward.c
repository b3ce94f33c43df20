/*
 * What people do to busy blocks, and what becomes of it: deleted, moved, brought back, copied, under another id, lost by
 * our tables, all at once. For both services, with the program, the fakes and a database.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/block_site.h"
#include "support/gfake.h"

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
end(void **state)
{
	(void)state;
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

static const char *const services[] = { "google", "outlook" };

/* ---- what a listing says of a block ----------------------------------------------------------- */

static void
an_echo_of_our_own_write_costs_one_statement_and_writes_nothing(void **state)
{
	const char *service = *state;
	long n[3];

	race_begin_story(&race, service, ANN);
	block_site_feed(&race, 1, 10);
	race_tell(&race, "sync");
	block_site_expect(&race, 1);
	struct block_digest before = block_site_digest(&race);
	/* The first one lists our block, the next one nothing. */
	for (int i = 0; i < 2; i++) {
		race_tell(&race, "sync --integration work");
		n[i] = scenario_count(&race.scenario, "stmt-before");
		block_site_no_write(&race);
	}
	struct block_digest after = block_site_digest(&race);
	assert_string_equal(before.digest, after.digest);
	/* What is known is read in three streams (of Outlook's series, too), and the block. */
	if (n[0] != n[1] + 4 + block_site_is_outlook(&race))
		fail_msg("%s: %ld statements with the echo, %ld without", service, n[0], n[1]);
	race_tell(&race, "quiet");
}

static void
many_that_were_changed_are_settled_as_one_is(void **state)
{
	const char *service = *state;
	long n[2], commits[2];

	for (int i = 0; i < 2; i++) {
		json_t *all, *one;
		char id[1100], kind[80];
		size_t k;

		block_site_begin(&race, service, ANN, i == 0 ? 1 : 25);
		all = gfake_events(&world.service, WORK);
		json_array_foreach(all, k, one)
		{
			gfake_value(one, "private.mmsync_kind", kind, sizeof kind);
			gfake_value(one, "id", id, sizeof id);
			if (strcmp(kind, "busy_block") == 0)
				race_tell(&race, "at " WORK " change %s text=mine", id);
		}
		json_decref(all);
		struct block_digest before = block_site_digest(&race);
		race_tell(&race, "sync --integration work");
		struct block_digest after = block_site_digest(&race);
		assert_string_not_equal(before.digest, after.digest); /* their versions */
		n[i] = scenario_count(&race.scenario, "stmt-before");
		commits[i] = scenario_count(&race.scenario, "commit-before");
		block_site_no_write(&race);
		race_tell(&race, "quiet");
	}
	if (n[0] != n[1] || commits[0] != commits[1])
		fail_msg("%s: %ld statements, %ld commits of one; %ld, %ld of many", service,
			 n[0], commits[0], n[1], commits[1]);
}

static void
deleted_by_a_person_it_stays_away_until_its_source_changes(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	block_site_deed(&race, "delete", "");
	block_site_sync(&race);
	block_site_expect(&race, 0);
	block_site_ask(&race, 1, BLOCKS " AND s.status = 5 AND s.removed_by = 2");
	race_tell(&race, "sync --force-full");
	block_site_expect(&race, 0);
	block_site_feed(&race, 1, 12);
	block_site_sync(&race);
	block_site_expect(&race, 1);
	block_site_outside(&race, "start=2026-03-03T12:00:00Z");
}

static void
moved_by_a_person_it_is_put_back_once(void **state)
{
	static const struct {
		const char *once, *again, *then;
	} rows[] = {
		{ " start=2026-03-03T14:00:00Z end=2026-03-03T15:00:00Z",
		  " start=2026-03-03T16:00:00Z end=2026-03-03T17:00:00Z",
		  "start=2026-03-03T16:00:00Z" },
		{ " title=Mine", " title=Mine", "title=Mine" },
	};

	for (size_t i = 0; i < 2; i++) {
		block_site_begin(&race, *state, ANN, 1);
		block_site_deed(&race, "change", rows[i].once);
		block_site_sync(&race);
		block_site_outside(&race, "start=2026-03-03T10:00:00Z title=Busy");
		block_site_ask(&race, 1, "SELECT put_backs FROM mmsync_busy_block");
		/* From then on it is theirs, until its source changes. */
		block_site_deed(&race, "change", rows[i].again);
		race_tell(&race, "sync");
		block_site_no_write(&race);
		race_tell(&race, "quiet");
		block_site_outside(&race, rows[i].then);
		block_site_expect(&race, 1);
		block_site_feed(&race, 1, 12);
		block_site_sync(&race);
		block_site_outside(&race, "start=2026-03-03T12:00:00Z title=Busy");
		block_site_ask(&race, 0, "SELECT put_backs FROM mmsync_busy_block");
		block_site_deed(&race, "change", rows[i].once);
		block_site_sync(&race);
		block_site_outside(&race, "start=2026-03-03T12:00:00Z title=Busy");
	}
}

static void
what_is_not_ours_to_say_of_it_is_left_as_a_person_has_it(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	block_site_deed(&race, "change", " text=mine");
	race_tell(&race, "sync");
	block_site_no_write(&race);
	race_tell(&race, "quiet");
	block_site_ask(&race, 0, "SELECT put_backs FROM mmsync_busy_block");
	block_site_outside(&race, "text=mine");
}

static void
shown_as_free_it_is_made_busy_once(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	block_site_deed(&race, "change",
			block_site_is_outlook(&race) ? " graph.showAs=\"free\""
						     : " transparency=transparent");
	race_tell(&race, "sync");
	race_tell(&race, "requests 1 PATCH");
	block_site_sync(&race);
	block_site_ask(&race, 1, "SELECT put_backs FROM mmsync_busy_block");
}

static void
back_from_the_bin_it_lives_again(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	block_site_deed(&race, "delete", "");
	block_site_sync(&race);
	block_site_deed(&race, "change", " status=confirmed");
	block_site_sync(&race);
	block_site_expect(&race, 1);
	block_site_ask(&race, 1, BLOCKS);
}

static void
back_from_the_bin_without_a_source_it_goes(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	block_site_deed(&race, "delete", "");
	block_site_sync(&race);
	block_site_feed(&race, 0, 10);
	race_tell(&race, "sync --integration team --confirm-deletes");
	race_tell(&race, "sync");
	mms_test_sql(&world.server, "DELETE FROM mmsync_event_state WHERE type = 1");
	mms_test_sql(&world.server, "DELETE FROM `tabMM Calendar Event Sync`");
	block_site_deed(&race, "change", " status=confirmed");
	block_site_sync(&race);
	block_site_expect(&race, 0);
	block_site_ask(&race, 1, BLOCKS " AND s.status = 5 AND s.removed_by = 1");
}

/* ---- what a full listing does not say ----------------------------------------------------------- */

static void
gone_unseen_it_is_found_by_a_full_listing(void **state)
{
	block_site_begin(&race, *state, ANN, 2);
	block_site_expect(&race, 2);
	block_site_deed(&race, "vanish", "");
	race_tell(&race, "sync");
	block_site_ask(&race, 2, BLOCKS " AND s.status <> 5");
	race_tell(&race, "sync --force-full");
	block_site_expect(&race, 1);
	block_site_ask(&race, 1, BLOCKS " AND s.status = 5 AND s.removed_by = 2");
	block_site_sync(&race);
	block_site_expect(&race, 1);
}

static void
vanish_all(void)
{
	json_t *all = gfake_events(&world.service, WORK), *one;
	char id[1100];
	size_t i;

	json_array_foreach(all, i, one)
	{
		gfake_value(one, "id", id, sizeof id);
		race_tell(&race, "at " WORK " vanish %s", id);
	}
	json_decref(all);
}

static void
many_that_are_gone_at_once_are_not_believed(void **state)
{
	block_site_begin(&race, *state, ANN, 12);
	block_site_expect(&race, 12);
	vanish_all();
	race_tell(&race, "sync --force-full -> 1");
	race_tell(&race, "says of 12 busy blocks: nothing was changed");
	block_site_ask(&race, 12, BLOCKS " AND s.status <> 5");
	block_site_ask(&race, 0, "SELECT COUNT(*) FROM mmsync_outbox");
	race_tell(&race, "sync --integration work --force-full --confirm-deletes");
	block_site_ask(&race, 12, BLOCKS " AND s.status = 5 AND s.removed_by = 2");
	block_site_sync(&race);
	block_site_expect(&race, 0);
}

static void
what_left_the_window_is_not_missed(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	race_tell(&race, "advance 40d");
	race_tell(&race, "sync --force-full");
	race_tell(&race, "sync --force-full");
	race_tell(&race, "requests 0 GET /events/"); /* nor asked for */
	block_site_no_write(&race);
	block_site_expect(&race, 1);
}

/* ---- what no state knows ------------------------------------------------------------------------ */

static void
one_that_our_tables_have_lost_is_taken_up_again(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	block_site_forget(&race);
	race_tell(&race, "sync --force-full");
	block_site_expect(&race, 1);
	block_site_ask(
		&race, 0,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE calendar_integration"
		" = 'work'");
	block_site_sync(&race);
	block_site_expect(&race, 1);
	/* It is one like any other. */
	block_site_feed(&race, 1, 12);
	block_site_sync(&race);
	block_site_expect(&race, 1);
	block_site_outside(&race, "start=2026-03-03T12:00:00Z");
}

static void
a_lost_one_whose_source_nobody_knows_goes(void **state)
{
	block_site_begin(&race, *state, ANN, 1);
	block_site_forget(&race);
	mms_test_sql(&world.server, "UPDATE mmsync_event_state SET uuid = UNHEX(REVERSE("
				    "HEX(uuid))) WHERE type = 1");
	race_tell(&race, "sync --force-full");
	block_site_sync(&race);
	block_site_ask(&race, 1, BLOCKS " AND s.status = 5 AND s.removed_by = 1");
	block_site_ask(
		&race, 0,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE calendar_integration"
		" = 'work'");
	assert_int_equal(race_n_ours(&race, WORK),
			 (int)mms_test_ask_i64(&world.server, BLOCKS " AND s.status <> 5"));
}

static void
a_copy_of_a_live_one_is_the_persons_and_no_source(void **state)
{
	block_site_begin(&race, *state,
			 ANN "integration home type=service user=ann@example.com calendar=home"
			     " direction=two expires=86400\n",
			 1);
	block_site_ask(&race, 2, BLOCKS " AND s.status <> 5");
	block_site_deed(&race, "copy", " " WORK " AAcopy01");
	race_tell(&race, "at " WORK " change AAcopy01 start=2026-03-05T14:00:00Z"
			 " end=2026-03-05T15:00:00Z");
	race_tell(&race, "strays");
	block_site_sync(&race);
	block_site_ask(
		&race, 1,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE calendar_integration"
		" = 'work' AND sync_status = 'Synced' AND external_event_id = 'AAcopy01'");
	block_site_ask(
		&race, 1,
		"SELECT flags & 1 FROM mmsync_event_state WHERE external_id = 'AAcopy01'");
	block_site_ask(&race, 2, BLOCKS " AND s.status <> 5");
	/* It stays theirs when the block goes. */
	block_site_feed(&race, 0, 10);
	race_tell(&race, "sync");
	block_site_sync(&race);
	block_site_ask(&race, 0, BLOCKS " AND s.status <> 5");
	block_site_ask(
		&race, 1,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE calendar_integration"
		" = 'work' AND sync_status = 'Synced'");
}

static void
under_a_new_id_it_is_the_same_block(void **state)
{
	(void)state;
	block_site_begin(&race, "outlook", ANN, 1);
	block_site_deed(&race, "reid", " AAnew");
	race_tell(&race, "sync");
	block_site_no_write(&race);
	block_site_expect(&race, 1);
	block_site_ask(&race, 1, BLOCKS " AND s.external_id = 'AAnew' AND s.status <> 5");
	block_site_ask(&race, 1, BLOCKS);
	block_site_sync(&race);
	block_site_feed(&race, 1, 12);
	block_site_sync(&race);
	block_site_expect(&race, 1);
	block_site_outside(&race, "start=2026-03-03T12:00:00Z");
	/* And when it was deleted before its new id is shown. */
	mms_test_sql(&world.server, "UPDATE mmsync_event_state SET status = 5, removed_by = 2"
				    " WHERE type = 3");
	block_site_deed(&race, "reid", " AAnewer");
	block_site_sync(&race);
	block_site_expect(&race, 1);
	block_site_ask(&race, 1, BLOCKS " AND s.external_id = 'AAnewer' AND s.status <> 5");
}

/* ---- a dry run ------------------------------------------------------------------------------------ */

static void
a_dry_run_tells_and_writes_nothing(void **state)
{
	static const struct {
		const char *verb, *rest, *says;
	} rows[] = {
		{ "delete", "", "the busy block was deleted outside" },
		{ "change", " title=Mine",
		  "the busy block was changed outside: it is put back" },
		{ "vanish", "", "the busy block was deleted outside" },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		block_site_begin(&race, *state, ANN, 1);
		block_site_deed(&race, rows[i].verb, rows[i].rest);
		struct block_digest before = block_site_digest(&race);
		race_tell(&race, "sync --dry-run%s",
			  strcmp(rows[i].verb, "vanish") == 0 ? " --force-full" : "");
		race_tell(&race, "says %s", rows[i].says);
		block_site_no_write(&race);
		struct block_digest after = block_site_digest(&race);
		assert_string_equal(before.digest, after.digest);
	}
	block_site_begin(&race, *state, ANN, 1);
	block_site_forget(&race);
	race_tell(&race, "sync --dry-run --force-full");
	race_tell(&race, "says a busy block of ours that was not known here");
	block_site_ask(&race, 0, BLOCKS);
}

#define FOR_EACH(f)                                                           \
	{ #f " [google]", f, NULL, end, (void *)(uintptr_t)services[0] },     \
	{                                                                     \
#f " [outlook]", f, NULL, end, (void *)(uintptr_t)services[1] \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_EACH(an_echo_of_our_own_write_costs_one_statement_and_writes_nothing),
		FOR_EACH(many_that_were_changed_are_settled_as_one_is),
		FOR_EACH(deleted_by_a_person_it_stays_away_until_its_source_changes),
		FOR_EACH(moved_by_a_person_it_is_put_back_once),
		FOR_EACH(what_is_not_ours_to_say_of_it_is_left_as_a_person_has_it),
		FOR_EACH(shown_as_free_it_is_made_busy_once),
		FOR_EACH(back_from_the_bin_it_lives_again),
		FOR_EACH(back_from_the_bin_without_a_source_it_goes),
		FOR_EACH(gone_unseen_it_is_found_by_a_full_listing),
		FOR_EACH(many_that_are_gone_at_once_are_not_believed),
		FOR_EACH(what_left_the_window_is_not_missed),
		FOR_EACH(one_that_our_tables_have_lost_is_taken_up_again),
		FOR_EACH(a_lost_one_whose_source_nobody_knows_goes),
		FOR_EACH(a_copy_of_a_live_one_is_the_persons_and_no_source),
		cmocka_unit_test_teardown(under_a_new_id_it_is_the_same_block, end),
		FOR_EACH(a_dry_run_tells_and_writes_nothing),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

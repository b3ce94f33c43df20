/*
 * Entries of the outbox that are of busy blocks, worked off with the fake service: what is sent, what became of
 * it, in how many requests and statements, and what a killed process or another's hand leaves behind.
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

/* ---- what is sent ---------------------------------------------------------------------------- */

static void
play_made(const char *service)
{
	planted_begin(&race, service, 2);
	race_tell(&race, "push --pending");
	race_tell(&race, "ours ann@example.com 2");
	planted_outside(&race, 1,
			"title=Busy start=2026-03-04T00:01:00Z end=2026-03-04T00:31:00Z"
			" private.mmsync_kind=busy_block visibility=private"
			" guests= text= place=");
	planted_outside(&race, 1,
			planted_is_outlook(&race) ? "graph.showAs=busy"
						  : "transparency=opaque");
	race_tell(&race, "ask 2 SELECT COUNT(*) FROM mmsync_event_state WHERE type = 3 AND"
			 " external_id NOT LIKE 'mmsync:%%' AND"
			 " ext_key = LEFT(UNHEX(SHA2(external_id, 256)), 16)");
	planted_state(&race, "made", 1, "2 0 sent v");
	race_tell(&race, "ask %s SELECT provider FROM mmsync_busy_block LIMIT 1", service);
	race_tell(&race,
		  "ask 1 SELECT COUNT(DISTINCT outside_print) = 2 FROM mmsync_busy_block");
	race_tell(&race, "ask 2 SELECT COUNT(DISTINCT s.ical_uid) FROM mmsync_busy_block b JOIN"
			 " mmsync_event_state s USING (uuid) WHERE b.uid_key = LEFT(UNHEX("
			 "SHA2(UPPER(s.ical_uid), 256)), 16)");
	planted_dues(&race, 0);
	planted_is_done(&race);
	race_tell(&race, "push --pending");
	race_tell(&race, "requests 0 POST API");
}

static void
a_block_is_made_private_and_busy(void **state)
{
	(void)state;
	planted_for_both(play_made);
}

/* A person has changed it meanwhile: what the row says goes before, whatever version it has. */
static void
play_changed(const char *service)
{
	planted_begin_made(&race, service, 1);
	char *id = planted_id(&race, 1);
	race_tell(&race, "at ann@example.com change %s title=Mine %s", id,
		  planted_is_outlook(&race) ? "graph.showAs=\"free\""
					    : "transparency=transparent");
	free(id);
	planted_ask(&race, 1, "update");
	race_tell(&race, "push --pending");
	planted_outside(&race, 1,
			"title=\"Busy, moved\" start=2026-03-04T01:01:00Z"
			" end=2026-03-04T01:31:00Z visibility=private");
	planted_outside(&race, 1,
			planted_is_outlook(&race) ? "graph.showAs=busy"
						  : "transparency=opaque");
	planted_state(&race, "changed", 1, "3 0 sent v");
	race_tell(&race, "requests 1 PATCH");
	planted_is_done(&race);
}

static void
a_change_brings_it_to_what_its_row_says(void **state)
{
	(void)state;
	planted_for_both(play_changed);
}

static void
play_deleted(const char *service)
{
	planted_begin_made(&race, service, 3);
	char *id = planted_id(&race, 2);
	race_tell(&race, "at ann@example.com delete %s", id);
	free(id);
	planted_ask(&race, 1, "delete");
	planted_ask(&race, 2, "delete"); /* gone already */
	planted_add(&race, 4, "delete"); /* announced, never made: the service is asked */
	race_tell(&race, "push --pending");
	race_tell(&race, "requests 2 DELETE");
	race_tell(&race, "ours ann@example.com 1");
	planted_state(&race, "removed", 1, "5 1 sent v");
	planted_state(&race, "gone already", 2, "5 1 sent v");
	planted_state(&race, "stands", 3, "2 0 sent v");
	planted_state(&race, "never made", 4, "5 1 never -");
	planted_dues(&race, 0);
	planted_is_done(&race);
}

static void
a_removal_is_one_whoever_has_removed_it(void **state)
{
	(void)state;
	planted_for_both(play_deleted);
}

/* What nobody wants any more, or nobody knows, asks the service for nothing. */
static void
play_dropped(const char *service)
{
	planted_begin_made(&race, service, 3);
	race_tell(&race,
		  "sql UPDATE mmsync_event_state SET status = 5, removed_by = 2" PLANTED(1));
	planted_ask(&race, 1,
		    "update"); /* wanted again while it died: its source is planned anew */
	planted_ask(&race, 2, "update");
	race_tell(&race, "sql DELETE FROM mmsync_busy_block" PLANTED(2));
	planted_ask(&race, 3, "update");
	race_tell(&race, "sql UPDATE mmsync_busy_block SET end_ms = start_ms - 1" PLANTED(3));
	race_tell(&race, "push --pending");
	race_tell(&race, "requests 0 PATCH");
	planted_state(&race, "dead", 1, "5 2 otherwise v");
	planted_state(&race, "nonsense", 3, "2 0 otherwise v");
	planted_dues(&race, 1);
	planted_is_done(&race);
}

static void
entries_of_dead_and_unknown_blocks_go(void **state)
{
	(void)state;
	planted_for_both(play_dropped);
}

/* ---- what has happened meanwhile --------------------------------------------------------------- */

static void
play_lost_answer(const char *service)
{
	planted_begin(&race, service, 1);
	race_tell(&race, "fault 9 POST API drop after");
	race_tell(&race, "push --pending");
	planted_state(&race, "no answer", 1, "1 0 never -");
	race_tell(&race, "ask 1 SELECT attempts FROM mmsync_outbox");
	race_tell(&race, "fault clear");
	race_tell(&race, "advance 1m");
	race_tell(&race, "push --pending");
	race_tell(&race, "ours ann@example.com 1");
	planted_state(&race, "asked for", 1, "2 0 sent v");
	planted_is_done(&race);
}

static void
a_create_whose_answer_was_lost_makes_one(void **state)
{
	(void)state;
	planted_for_both(play_lost_answer);
}

/* Its id is taken: what is there says something else by now. */
static void
play_taken(const char *service)
{
	planted_begin_made(&race, service, 2);
	planted_forget(&race, 1);
	planted_forget(&race, 2);
	race_tell(&race, "sql UPDATE mmsync_busy_block SET title = 'Other'" PLANTED(2));
	race_tell(&race, "push --pending");
	race_tell(&race, "ours ann@example.com 2");
	race_tell(&race, "requests 1 PATCH");
	planted_state(&race, "as it should be", 1, "2 0 sent v");
	planted_state(&race, "changed", 2, "3 0 sent v");
	planted_outside(&race, 2, "title=Other");
	race_tell(&race, "ask 0 SELECT COUNT(*) FROM mmsync_event_state WHERE external_id LIKE "
			 "'mmsync:%%'");
	planted_dues(&race, 0);
	planted_is_done(&race);
}

static void
what_is_there_already_is_ours(void **state)
{
	(void)state;
	planted_for_both(play_taken);
}

/* Made, and deleted by a person before anybody here knew of it. */
static void
play_taken_and_gone(const char *service)
{
	planted_begin_made(&race, service, 2);
	race_tell(&race, "advance 2m");
	planted_delete(&race, 1);
	planted_delete(&race, 2);
	planted_forget(&race, 1);
	planted_forget(&race, 2);
	/* This one was gone before it was announced. */
	race_tell(&race, "sql UPDATE mmsync_event_state SET created_at_ms = %lld" PLANTED_WHERE,
		  (long long)race.scenario.now_ms + 60000, 2U);
	race_tell(&race, "push --pending");
	if (planted_is_outlook(&race)) {
		/* It may only be slow to show what it says is there. */
		planted_state(&race, "slow", 1, "1 0 never -");
		race_tell(&race, "ask 2 SELECT COUNT(*) FROM mmsync_outbox WHERE attempts = 1");
		race_tell(&race, "advance 12m");
		race_tell(&race, "push --pending");
		/* What is found by its mark alone tells no time of its end. */
		planted_state(&race, "of an earlier life", 1, "5 1 never -");
	} else {
		planted_state(&race, "deleted by a person", 1, "5 2 sent -");
	}
	planted_state(&race, "of an earlier life", 2, "5 1 never -");
	planted_dues(&race, 1);
	race_tell(&race, "ours ann@example.com 0");
	planted_is_done(&race);
}

static void
what_was_deleted_before_it_was_known_stays_away(void **state)
{
	(void)state;
	planted_for_both(play_taken_and_gone);
}

static void
play_changed_gone(const char *service)
{
	planted_begin_made(&race, service, 1);
	planted_delete(&race, 1);
	planted_ask(&race, 1, "update");
	race_tell(&race, "push --pending");
	race_tell(&race, "ours ann@example.com 0");
	planted_state(&race, "gone", 1, "5 2 otherwise v");
	planted_dues(&race, 1);
	planted_is_done(&race);
}

static void
a_change_of_what_a_person_deleted_makes_nothing(void **state)
{
	(void)state;
	planted_for_both(play_changed_gone);
}

/* The mailbox was moved: all have other ids. */
static void
what_has_another_id_is_found_by_its_mark(void **state)
{
	(void)state;
	planted_begin_made(&race, "outlook", 2);
	for (unsigned n = 1; n <= 2; n++) {
		char *id = planted_id(&race, n);
		race_tell(&race, "at ann@example.com reid %s new%u", id, n);
		free(id);
	}
	planted_ask(&race, 1, "update");
	planted_ask(&race, 2, "delete");
	race_tell(&race, "push --pending");
	race_tell(&race, "ours ann@example.com 1");
	race_tell(&race, "outside ann@example.com new1 title=\"Busy, moved\"");
	planted_state(&race, "changed", 1, "3 0 sent v");
	planted_state(&race, "removed", 2, "5 1 sent v");
	race_tell(&race,
		  "ask new1 SELECT external_id FROM mmsync_event_state WHERE type = 3 AND"
		  " status = 3 AND ext_key = LEFT(UNHEX(SHA2('new1', 256)), 16)");
	planted_dues(&race, 0);
	planted_is_done(&race);
}

/* Listed before anybody here knew of it: a state of a user's event has its id. */
static void
what_was_taken_for_a_persons_own_is_a_block(void **state)
{
	(void)state;
	planted_begin_made(&race, "outlook", 2);
	char *id = planted_id(&race, 1);
	planted_forget(&race, 1);
	race_tell(&race,
		  "sql INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, "
		  "uuid,"
		  " type, created_by_us, status, removed_by, attempts, created_at_ms, "
		  "changed_at_ms)"
		  " SELECT id, LEFT(UNHEX(SHA2('%s', 256)), 16), '%s', REPEAT('u', 16), 1, 0, "
		  "3, 0,"
		  " 0, 0, 0 FROM mmsync_cursor WHERE name = 'anns'",
		  id, id);
	planted_ask(&race, 2, "update");
	race_tell(&race, "push --pending");
	race_tell(&race, "ask 3 SELECT type FROM mmsync_event_state WHERE external_id = '%s'",
		  id);
	free(id);
	planted_state(&race, "found", 1, "2 0 sent v");
	planted_state(&race, "beside it", 2, "3 0 sent v");
	planted_is_done(&race);
}

/* Its integration has another calendar now: nothing is sent, for it would go to where nobody reads. */
static void
play_moved_house(const char *service)
{
	planted_begin_made(&race, service, 1);
	race_tell(&race, "sql UPDATE mmsync_busy_block SET calendar_id = 'elsewhere'");
	planted_ask(&race, 1, "update");
	race_tell(&race, "push --pending");
	race_tell(&race, "requests 0 PATCH");
	planted_state(&race, "lost", 1, "5 1 otherwise v");
	planted_dues(&race, 1);
	planted_is_done(&race);
}

static void
a_block_of_another_calendar_is_lost(void **state)
{
	(void)state;
	planted_for_both(play_moved_house);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_block_is_made_private_and_busy, end_race),
		cmocka_unit_test_teardown(a_change_brings_it_to_what_its_row_says, end_race),
		cmocka_unit_test_teardown(a_removal_is_one_whoever_has_removed_it, end_race),
		cmocka_unit_test_teardown(entries_of_dead_and_unknown_blocks_go, end_race),
		cmocka_unit_test_teardown(a_create_whose_answer_was_lost_makes_one, end_race),
		cmocka_unit_test_teardown(what_is_there_already_is_ours, end_race),
		cmocka_unit_test_teardown(what_was_deleted_before_it_was_known_stays_away,
					  end_race),
		cmocka_unit_test_teardown(a_change_of_what_a_person_deleted_makes_nothing,
					  end_race),
		cmocka_unit_test_teardown(what_has_another_id_is_found_by_its_mark, end_race),
		cmocka_unit_test_teardown(what_was_taken_for_a_persons_own_is_a_block,
					  end_race),
		cmocka_unit_test_teardown(a_block_of_another_calendar_is_lost, end_race),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

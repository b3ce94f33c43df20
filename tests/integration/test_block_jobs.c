/*
 * Entries of the outbox that are of busy blocks, worked off with the fake service: what is sent, what became of
 * it, in how many requests and statements, and what a killed process or another's hand leaves behind.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/race.h"

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

/* ---- helpers -------------------------------------------------------------------------------- */

/* Lunch is what the blocks come from: that it is in the same calendar is no matter here. */
#define ANNS                                                              \
	"person ann@example.com\n"                                        \
	"integration anns type=service user=ann@example.com primary=1\n"  \
	"at ann@example.com event lunch01 \"Lunch\" 2026-03-03T12:00:00Z" \
	" 2026-03-03T13:00:00Z\n"                                         \
	"sync\n"

#define UUID "aaaaaaaa-0000-7000-8000-0000000000%02x"
/* That of number n. */
#define WHERE " WHERE uuid = UNHEX(REPLACE('" UUID "', '-', ''))"
#define OF(n) WHERE, (unsigned)(n)

static void tell(const char *fmt, ...) MMS_PRINTF(1, 2);
static void
tell(const char *fmt, ...)
{
	char line[1600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	race_tell(&race, "%s", line);
}

static bool
is_outlook(void)
{
	return strcmp(race.scenario.service, "outlook") == 0;
}

/* A block as a plan announces it, or as one that stands; it says half an hour of 4 March from minute n on. */
static void
plant(unsigned n, const char *operation)
{
	char id[64], uuid[40];

	(void)snprintf(uuid, sizeof uuid, UUID, n);
	if (is_outlook()) {
		(void)snprintf(id, sizeof id, "mmsync:%s", uuid);
	} else {
		size_t k = 0;
		for (const char *p = uuid; *p != '\0'; p++) {
			if (*p != '-')
				id[k++] = *p;
		}
		id[k] = '\0';
	}
	tell("sql INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
	     " type, created_by_us, source_uuid, status, removed_by, attempts, created_at_ms,"
	     " changed_at_ms) SELECT c.id, LEFT(UNHEX(SHA2('%s', 256)), 16), '%s',"
	     " UNHEX(REPLACE('%s', '-', '')), 3, 1, s.uuid, 1, 0, 0, %lld, 0"
	     " FROM mmsync_cursor c JOIN mmsync_event_state s ON s.integration_id = c.id"
	     " AND s.type = 1 WHERE c.name = 'anns'",
	     id, id, uuid, (long long)race.scenario.now_ms);
	tell("sql INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id,"
	     " start_ms, end_ms, title, print, planned_run, planned_ms) SELECT uuid,"
	     " integration_id, source_uuid, integration_id, 1772582400000 + %u * 60000,"
	     " 1772584200000 + %u * 60000, 'Busy', REPEAT(CHAR(%u), 16), uuid, 0"
	     " FROM mmsync_event_state WHERE uuid = UNHEX(REPLACE('%s', '-', ''))",
	     n, n, 65 + n % 60, uuid);
	tell("sql INSERT INTO mmsync_outbox (integration_id, operation, uuid, external_id, "
	     "type,"
	     " source_uuid, created_at_ms, changed_at_ms) SELECT integration_id, '%s', uuid,"
	     " external_id, 3, source_uuid, 0, 0 FROM mmsync_event_state"
	     " WHERE uuid = UNHEX(REPLACE('%s', '-', ''))",
	     operation, uuid);
}

/* Another entry, as what was planned since puts it. */
static void
ask_for(unsigned n, const char *operation)
{
	char uuid[40];

	(void)snprintf(uuid, sizeof uuid, UUID, n);
	tell("sql INSERT INTO mmsync_outbox (integration_id, operation, uuid, external_id, "
	     "type,"
	     " source_uuid, created_at_ms, changed_at_ms) SELECT integration_id, '%s', uuid,"
	     " external_id, 3, source_uuid, 0, 0 FROM mmsync_event_state"
	     " WHERE uuid = UNHEX(REPLACE('%s', '-', '')) ON DUPLICATE KEY UPDATE"
	     " version = version + 1, operation = VALUES(operation)",
	     operation, uuid);
	if (strcmp(operation, "delete") == 0)
		tell("sql UPDATE mmsync_event_state SET removed_by = 1" OF(n));
	if (strcmp(operation, "update") == 0)
		tell("sql UPDATE mmsync_busy_block SET title = 'Busy, moved', print ="
		     " REPEAT('z', 16), start_ms = start_ms + 3600000,"
		     " end_ms = end_ms + 3600000" OF(n));
}

static void
begin(const char *service, unsigned n_blocks)
{
	race_begin_story(&race, service, ANNS);
	for (unsigned n = 1; n <= n_blocks; n++)
		plant(n, "create");
}

/* The same with blocks that stand. */
static void
begin_made(const char *service, unsigned n_blocks)
{
	begin(service, n_blocks);
	tell("push --pending");
	tell("ours ann@example.com %u", n_blocks);
}

/* Its id as the state has it. Owns: free(). */
static char *
id_of(unsigned n)
{
	char *id = mms_test_ask_text(&world.server,
				     "SELECT external_id FROM mmsync_event_state" OF(n));

	assert_non_null(id);
	return id;
}

static void
expect_outside(unsigned n, const char *what)
{
	char *id = id_of(n);

	tell("outside ann@example.com %s %s", id, what);
	free(id);
}

/* status removed_by, and whether what was sent last is what it should say. */
static void
expect_state(const char *when, unsigned n, const char *want)
{
	char *is = mms_test_ask_text(
		&world.server,
		"SELECT CONCAT(s.status, ' ', s.removed_by, IF(b.sent_print <=> b.print, ' "
		"sent',"
		" IF(b.sent_print IS NULL, ' never', ' otherwise')),"
		" IF(s.external_version IS NULL, ' -', ' v'))"
		" FROM mmsync_event_state s JOIN mmsync_busy_block b USING (uuid)" OF(n));

	if (strcmp(is, want) != 0)
		fail_msg("%s, %s: block %u is '%s', not '%s'", race.scenario.service, when, n,
			 is, want);
	free(is);
}

static void
expect_due(int n)
{
	tell("ask %d SELECT COUNT(*) FROM mmsync_block_due", n);
}

static void
expect_done(void)
{
	tell("ask 0 SELECT COUNT(*) FROM mmsync_outbox");
	tell("ask 0 SELECT COUNT(*) FROM mmsync_dead_letter");
}

/* Each test for both services. */
static const char *const services[] = { "google", "outlook" };
static void
for_both(void (*play)(const char *service))
{
	for (size_t i = 0; i < MMS_COUNT(services); i++)
		play(services[i]);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static void
play_made(const char *service)
{
	begin(service, 2);
	tell("push --pending");
	tell("ours ann@example.com 2");
	expect_outside(1, "title=Busy start=2026-03-04T00:01:00Z end=2026-03-04T00:31:00Z"
			  " private.mmsync_kind=busy_block visibility=private"
			  " guests= text= place=");
	expect_outside(1, is_outlook() ? "graph.showAs=busy" : "transparency=opaque");
	tell("ask 2 SELECT COUNT(*) FROM mmsync_event_state WHERE type = 3 AND"
	     " external_id NOT LIKE 'mmsync:%%' AND"
	     " ext_key = LEFT(UNHEX(SHA2(external_id, 256)), 16)");
	expect_state("made", 1, "2 0 sent v");
	tell("ask %s SELECT provider FROM mmsync_busy_block LIMIT 1", service);
	tell("ask 1 SELECT COUNT(DISTINCT outside_print) = 2 FROM mmsync_busy_block");
	expect_due(0);
	expect_done();
	tell("push --pending");
	tell("requests 0 POST API");
}

static void
a_block_is_made_private_and_busy(void **state)
{
	(void)state;
	for_both(play_made);
}

/* A person has changed it meanwhile: what the row says goes before, whatever version it has. */
static void
play_changed(const char *service)
{
	begin_made(service, 1);
	char *id = id_of(1);
	tell("at ann@example.com change %s title=Mine %s", id,
	     is_outlook() ? "graph.showAs=\"free\"" : "transparency=transparent");
	free(id);
	ask_for(1, "update");
	tell("push --pending");
	expect_outside(1, "title=\"Busy, moved\" start=2026-03-04T01:01:00Z"
			  " end=2026-03-04T01:31:00Z visibility=private");
	expect_outside(1, is_outlook() ? "graph.showAs=busy" : "transparency=opaque");
	expect_state("changed", 1, "3 0 sent v");
	tell("requests 1 PATCH");
	expect_done();
}

static void
a_change_brings_it_to_what_its_row_says(void **state)
{
	(void)state;
	for_both(play_changed);
}

static void
play_deleted(const char *service)
{
	begin_made(service, 3);
	char *id = id_of(2);
	tell("at ann@example.com delete %s", id);
	free(id);
	ask_for(1, "delete");
	ask_for(2, "delete"); /* gone already */
	plant(4, "delete");   /* announced, never made: the service is asked */
	tell("push --pending");
	tell("requests 2 DELETE");
	tell("ours ann@example.com 1");
	expect_state("removed", 1, "5 1 sent v");
	expect_state("gone already", 2, "5 1 sent v");
	expect_state("stands", 3, "2 0 sent v");
	expect_state("never made", 4, "5 1 never -");
	expect_due(0);
	expect_done();
}

static void
a_removal_is_one_whoever_has_removed_it(void **state)
{
	(void)state;
	for_both(play_deleted);
}

/* What nobody wants any more, or nobody knows, asks the service for nothing. */
static void
play_dropped(const char *service)
{
	begin_made(service, 3);
	tell("sql UPDATE mmsync_event_state SET status = 5, removed_by = 2" OF(1));
	ask_for(1, "update"); /* wanted again while it died: its source is planned anew */
	ask_for(2, "update");
	tell("sql DELETE FROM mmsync_busy_block" OF(2));
	ask_for(3, "update");
	tell("sql UPDATE mmsync_busy_block SET end_ms = start_ms - 1" OF(3));
	tell("push --pending");
	tell("requests 0 PATCH");
	expect_state("dead", 1, "5 2 otherwise v");
	expect_state("nonsense", 3, "2 0 otherwise v");
	expect_due(1);
	expect_done();
}

static void
entries_of_dead_and_unknown_blocks_go(void **state)
{
	(void)state;
	for_both(play_dropped);
}

/* ---- what has happened meanwhile --------------------------------------------------------------- */

static void
play_lost_answer(const char *service)
{
	begin(service, 1);
	tell("fault 9 POST API drop after");
	tell("push --pending");
	expect_state("no answer", 1, "1 0 never -");
	tell("ask 1 SELECT attempts FROM mmsync_outbox");
	tell("fault clear");
	tell("advance 1m");
	tell("push --pending");
	tell("ours ann@example.com 1");
	expect_state("asked for", 1, "2 0 sent v");
	expect_done();
}

static void
a_create_whose_answer_was_lost_makes_one(void **state)
{
	(void)state;
	for_both(play_lost_answer);
}

/* As a killed process leaves it: made, and nothing here tells of it. */
static void
forget(unsigned n)
{
	char provisional[60];

	(void)snprintf(provisional, sizeof provisional, "mmsync:" UUID, n);
	if (is_outlook()) {
		tell("sql UPDATE mmsync_event_state SET external_id = '%s', ext_key ="
		     " LEFT(UNHEX(SHA2('%s', 256)), 16)" WHERE,
		     provisional, provisional, n);
		/* Its transaction id is of another content then: it says 409. */
		tell("set transaction duplicate");
	}
	tell("sql UPDATE mmsync_event_state SET status = 1, external_version = NULL" OF(n));
	tell("sql UPDATE mmsync_busy_block SET sent_print = NULL, outside_print = NULL,"
	     " calendar_id = NULL, provider = NULL" OF(n));
	ask_for(n, "create");
}

static void
delete_outside(unsigned n)
{
	char *id = id_of(n);

	tell("at ann@example.com delete %s", id);
	free(id);
}

/* Its id is taken: what is there says something else by now. */
static void
play_taken(const char *service)
{
	begin_made(service, 2);
	forget(1);
	forget(2);
	tell("sql UPDATE mmsync_busy_block SET title = 'Other'" OF(2));
	tell("push --pending");
	tell("ours ann@example.com 2");
	tell("requests 1 PATCH");
	expect_state("as it should be", 1, "2 0 sent v");
	expect_state("changed", 2, "3 0 sent v");
	expect_outside(2, "title=Other");
	tell("ask 0 SELECT COUNT(*) FROM mmsync_event_state WHERE external_id LIKE "
	     "'mmsync:%%'");
	expect_due(0);
	expect_done();
}

static void
what_is_there_already_is_ours(void **state)
{
	(void)state;
	for_both(play_taken);
}

/* Made, and deleted by a person before anybody here knew of it. */
static void
play_taken_and_gone(const char *service)
{
	begin_made(service, 2);
	tell("advance 2m");
	delete_outside(1);
	delete_outside(2);
	forget(1);
	forget(2);
	/* This one was gone before it was announced. */
	tell("sql UPDATE mmsync_event_state SET created_at_ms = %lld" WHERE,
	     (long long)race.scenario.now_ms + 60000, 2U);
	tell("push --pending");
	if (is_outlook()) {
		/* It may only be slow to show what it says is there. */
		expect_state("slow", 1, "1 0 never -");
		tell("ask 2 SELECT COUNT(*) FROM mmsync_outbox WHERE attempts = 1");
		tell("advance 12m");
		tell("push --pending");
		/* What is found by its mark alone tells no time of its end. */
		expect_state("of an earlier life", 1, "5 1 never -");
	} else {
		expect_state("deleted by a person", 1, "5 2 sent -");
	}
	expect_state("of an earlier life", 2, "5 1 never -");
	expect_due(1);
	tell("ours ann@example.com 0");
	expect_done();
}

static void
what_was_deleted_before_it_was_known_stays_away(void **state)
{
	(void)state;
	for_both(play_taken_and_gone);
}

static void
play_changed_gone(const char *service)
{
	begin_made(service, 1);
	delete_outside(1);
	ask_for(1, "update");
	tell("push --pending");
	tell("ours ann@example.com 0");
	expect_state("gone", 1, "5 2 otherwise v");
	expect_due(1);
	expect_done();
}

static void
a_change_of_what_a_person_deleted_makes_nothing(void **state)
{
	(void)state;
	for_both(play_changed_gone);
}

/* The mailbox was moved: all have other ids. */
static void
what_has_another_id_is_found_by_its_mark(void **state)
{
	(void)state;
	begin_made("outlook", 2);
	for (unsigned n = 1; n <= 2; n++) {
		char *id = id_of(n);
		tell("at ann@example.com reid %s new%u", id, n);
		free(id);
	}
	ask_for(1, "update");
	ask_for(2, "delete");
	tell("push --pending");
	tell("ours ann@example.com 1");
	tell("outside ann@example.com new1 title=\"Busy, moved\"");
	expect_state("changed", 1, "3 0 sent v");
	expect_state("removed", 2, "5 1 sent v");
	tell("ask new1 SELECT external_id FROM mmsync_event_state WHERE type = 3 AND"
	     " status = 3 AND ext_key = LEFT(UNHEX(SHA2('new1', 256)), 16)");
	expect_due(0);
	expect_done();
}

/* Listed before anybody here knew of it: a state of a user's event has its id. */
static void
what_was_taken_for_a_persons_own_is_a_block(void **state)
{
	(void)state;
	begin_made("outlook", 2);
	char *id = id_of(1);
	forget(1);
	tell("sql INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
	     " type, created_by_us, status, removed_by, attempts, created_at_ms, changed_at_ms)"
	     " SELECT id, LEFT(UNHEX(SHA2('%s', 256)), 16), '%s', REPEAT('u', 16), 1, 0, 3, 0,"
	     " 0, 0, 0 FROM mmsync_cursor WHERE name = 'anns'",
	     id, id);
	ask_for(2, "update");
	tell("push --pending");
	tell("ask 3 SELECT type FROM mmsync_event_state WHERE external_id = '%s'", id);
	free(id);
	expect_state("found", 1, "2 0 sent v");
	expect_state("beside it", 2, "3 0 sent v");
	expect_done();
}

/* Its integration has another calendar now: nothing is sent, for it would go to where nobody reads. */
static void
play_moved_house(const char *service)
{
	begin_made(service, 1);
	tell("sql UPDATE mmsync_busy_block SET calendar_id = 'elsewhere'");
	ask_for(1, "update");
	tell("push --pending");
	tell("requests 0 PATCH");
	expect_state("lost", 1, "5 1 otherwise v");
	expect_due(1);
	expect_done();
}

static void
a_block_of_another_calendar_is_lost(void **state)
{
	(void)state;
	for_both(play_moved_house);
}

/* ---- failures ---------------------------------------------------------------------------------- */

/* One refused for good, one for now, one well: all told in one transaction. */
static void
play_mixed(const char *service)
{
	begin_made(service, 3);
	for (unsigned n = 1; n <= 3; n++)
		ask_for(n, "update");
	char *first = id_of(1), *second = id_of(2);
	first[strcspn(first, "=")] = second[strcspn(second, "=")] = '\0';
	tell("fault 1 PATCH %s error 400 %s", first,
	     is_outlook() ? "ErrorBadThing" : "invalid");
	tell("fault 9 PATCH %s error 503 %s", second,
	     is_outlook() ? "ErrorInternalServerError" : "backendError");
	free(first);
	free(second);
	tell("push --pending");
	tell("requests 3 PATCH");
	expect_state("refused", 1, "4 0 otherwise v");
	expect_state("not now", 2, "2 0 otherwise v");
	expect_state("well", 3, "3 0 sent v");
	tell("ask 1 SELECT COUNT(*) FROM mmsync_dead_letter WHERE given_up = 1 AND"
	     " operation = 'update' AND content_print = REPEAT('z', 16)");
	tell("ask 1 SELECT COUNT(*) FROM mmsync_outbox WHERE attempts = 1 AND"
	     " error_code = 'retry'");
	tell("fault clear");
	ask_for(1, "update"); /* what is wanted now may be taken */
	tell("advance 1m");
	tell("push --pending");
	expect_state("taken", 1, "3 0 sent v");
	expect_state("taken", 2, "3 0 sent v");
	expect_done(); /* and its letter is gone */
}

static void
each_of_a_handful_fails_for_itself(void **state)
{
	(void)state;
	for_both(play_mixed);
}

/* The last of many attempts. */
static void
play_given_up(const char *service)
{
	begin_made(service, 1);
	ask_for(1, "update");
	tell("sql UPDATE mmsync_outbox SET attempts = 19");
	tell("fault 9 PATCH API error 503 %s",
	     is_outlook() ? "ErrorInternalServerError" : "backendError");
	tell("push --pending");
	expect_state("given up", 1, "4 0 otherwise v");
	tell("ask 20 SELECT attempts FROM mmsync_dead_letter");
	tell("ask 0 SELECT COUNT(*) FROM mmsync_outbox");
}

static void
what_fails_again_and_again_is_given_up(void **state)
{
	(void)state;
	for_both(play_given_up);
}

/* Killed at each step; then as if nothing had been. */
static void
play_killed(const char *service)
{
	begin_made(service, 2);
	long n_steps = 1;
	for (long step = 1; step <= n_steps; step += race_stride(1)) {
		char when[64], fault[32];

		(void)snprintf(when, sizeof when, "killed at step %ld of %ld", step, n_steps);
		begin_made(service, 2);
		ask_for(1, "update");
		ask_for(2, "delete");
		plant(3, "create");
		if (step == 1) {
			n_steps = race_n_steps(&race, "push --pending");
			assert_true(n_steps > 5);
			continue;
		}
		(void)snprintf(fault, sizeof fault, "step:%ld", step);
		assert_int_equal(race_run(&race, "push --pending", fault), 128 + 9);
		tell("advance 2m");
		tell("push --pending");
		expect_state(when, 1, "3 0 sent v");
		expect_state(when, 2, "5 1 sent v");
		expect_state(when, 3, "2 0 sent v");
		tell("ours ann@example.com 2");
		expect_due(0);
		expect_done();
	}
}

static void
killed_anywhere_nothing_is_lost_or_made_twice(void **state)
{
	(void)state;
	for_both(play_killed);
}

/* ---- costs ------------------------------------------------------------------------------------- */

/* Statements and commits of a visit with so many creations. */
static long
cost(const char *service, unsigned n, long *commits)
{
	begin(service, n);
	tell("push --pending");
	tell("ours ann@example.com %u", n);
	expect_done();
	tell("requests %u POST /events", n > 1 ? n : 1);
	tell("requests %d POST batch", n > 1);
	*commits = scenario_count(&race.scenario, "commit-before");
	return scenario_count(&race.scenario, "stmt-before");
}

static void
play_cost(const char *service)
{
	long commits_two, commits, two = cost(service, 2, &commits_two),
				   twenty = cost(service, 20, &commits);

	/* Outlook's ids are noted, too. */
	if (two != twenty || commits_two != commits || twenty != (is_outlook() ? 24 : 23) ||
	    commits != 2)
		fail_msg("%s: two blocks cost %ld statements and %ld commits, twenty %ld and "
			 "%ld",
			 service, two, commits_two, twenty, commits);
}

static void
twenty_blocks_cost_what_two_do(void **state)
{
	(void)state;
	for_both(play_cost);
}

/* ---- whose turn it is ----------------------------------------------------------------------------- */

/* Bookings and blocks of one calendar. */
static void
play_both_kinds(const char *service)
{
	begin(service, 30);
	tell("booking B1 \"Demo\" 2026-03-05T10:00:00Z 2026-03-05T10:30:00Z");
	tell("push --booking B1");
	tell("ours ann@example.com 31");
	expect_done();
	tell("rebook B1 title=Later");
	ask_for(7, "delete");
	tell("push --booking B1");
	tell("outside ann@example.com @B1 title=Later");
	tell("ours ann@example.com 30");
	expect_done();
}

static void
bookings_and_blocks_leave_in_one_visit(void **state)
{
	(void)state;
	for_both(play_both_kinds);
}

static void
play_switched_off(const char *service)
{
	begin_made(service, 2);
	tell("booking B1 \"Demo\" 2026-03-05T10:00:00Z 2026-03-05T10:30:00Z");
	tell("push --booking B1");
	tell("rebook B1 title=Later");
	tell("fault 9 PATCH API drop before");
	tell("push --booking B1 -> 1");
	tell("fault clear");
	tell("sql UPDATE `tabMM Calendar Integration` SET is_active = 0");
	ask_for(1, "delete");
	tell("push --pending");
	expect_state("removed", 1, "5 1 sent v");
	tell("outside ann@example.com @B1 title=Demo");
	tell("ask 1 SELECT COUNT(*) FROM mmsync_outbox");
	tell("ours ann@example.com 2");
}

static void
of_a_calendar_that_is_switched_off_only_blocks_are_worked_at(void **state)
{
	(void)state;
	for_both(play_switched_off);
}

/* It cannot be reached for good: nobody is nagged. */
static void
play_unreachable(const char *service, const char *trouble, const char *before)
{
	begin_made(service, 2);
	tell("%s", before);
	tell("%s", trouble);
	ask_for(1, "delete");
	tell("push --pending");
	expect_state(trouble, 1, "2 1 sent v");
	tell("ask 1 SELECT COUNT(*) FROM mmsync_outbox WHERE attempts = 0 AND"
	     " next_attempt_ms = %lld",
	     (long long)race.scenario.now_ms + 86400000);
	tell("ask 0 SELECT COUNT(*) FROM mmsync_dead_letter");
	tell("push --pending");
	tell("requests 0");
}

static void
what_is_switched_off_and_out_of_reach_waits_a_day(void **state)
{
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
	begin_made(service, 1);
	tell("token ann@example.com revoke");
	ask_for(1, "update");
	tell("push --pending");
	expect_state("no token", 1, "2 0 otherwise v");
	tell("ask 1 SELECT COUNT(*) FROM mmsync_outbox WHERE next_attempt_ms = 0");
}

static void
an_active_calendar_puts_nothing_off(void **state)
{
	(void)state;
	for_both(play_active_trouble);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end_race)
	const struct CMUnitTest tests[] = {
		TEST(a_block_is_made_private_and_busy),
		TEST(a_change_brings_it_to_what_its_row_says),
		TEST(a_removal_is_one_whoever_has_removed_it),
		TEST(entries_of_dead_and_unknown_blocks_go),
		TEST(a_create_whose_answer_was_lost_makes_one),
		TEST(what_is_there_already_is_ours),
		TEST(what_was_deleted_before_it_was_known_stays_away),
		TEST(a_change_of_what_a_person_deleted_makes_nothing),
		TEST(what_has_another_id_is_found_by_its_mark),
		TEST(what_was_taken_for_a_persons_own_is_a_block),
		TEST(a_block_of_another_calendar_is_lost),
		TEST(each_of_a_handful_fails_for_itself),
		TEST(what_fails_again_and_again_is_given_up),
		TEST(killed_anywhere_nothing_is_lost_or_made_twice),
		TEST(twenty_blocks_cost_what_two_do),
		TEST(bookings_and_blocks_leave_in_one_visit),
		TEST(of_a_calendar_that_is_switched_off_only_blocks_are_worked_at),
		TEST(what_is_switched_off_and_out_of_reach_waits_a_day),
		TEST(an_active_calendar_puts_nothing_off),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

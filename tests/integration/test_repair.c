/*
 * mmsync repair, with the program itself: a site that is broken in each way that audit knows and something mends is whole
 * after it, and a further repair and sync write nothing; plans, exactly; others at work, kills.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/mem.h"
#include "support/block_site.h"
#include "support/mend_rows.h"

static struct world world;
static struct race race = { .world = &world };
static struct mend_site site = { .race = &race };
static struct mms_test_run run;

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	mend_site_begin(&site, "google");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mend_site_end(&site);
	mms_test_run_release(&run);
	race_end(&race);
	world_stop(&world);
	return 0;
}

/* Run it, to its end. */
static int
program(const char *arguments, const char *fault)
{
	mms_test_run_release(&run);
	race_start(&race, &run, arguments, fault);
	return race_finish(&run);
}

static void
expect_status(int want, const char *arguments, const char *when)
{
	int status = program(arguments, NULL);

	if (status != want)
		fail_msg("%s: %s ended with %d: %s%s", when, arguments, status, run.out,
			 run.err);
}

static void
expect_said(const char *text, const char *when)
{
	if (strstr(run.out, text) == NULL && strstr(run.err, text) == NULL)
		fail_msg("%s: it did not say %s: %s%s", when, text, run.out, run.err);
}

/* The command writes nothing. */
static void
expect_nothing_written(int want, const char *arguments, const char *when)
{
	struct mend_digest before = mend_site_digest(&site);
	expect_status(want, arguments, when);
	struct mend_digest after = mend_site_digest(&site);

	if (strcmp(before.text, after.text) != 0)
		fail_msg("%s: %s wrote something: %s", when, arguments, run.out);
}

/* Whole, and nothing is left to be done. */
static void
expect_whole(const char *when)
{
	race_check(&race, when);
	race_tell(&race, "sync");
	race_tell(&race, "quiet");
	expect_nothing_written(0, "repair", when);
	expect_said("\"repairs\":[],\"left\":[]", when);
}

static const struct mend_row *
row_of(const char *label)
{
	size_t n;
	const struct mend_row *rows = mend_rows(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].label, label) == 0)
			return &rows[i];
	}
	fail_msg("there is no row '%s'", label);
	return NULL;
}

/* ---- each way ---------------------------------------------------------------------------------------- */

static void
each_way_in_which_a_site_is_broken_is_mended(void **state)
{
	size_t n, n_found = 0;
	const struct mend_row *rows = mend_rows(&n);
	char said[120];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct mend_row *row = &rows[i];

		if (row->rule == NULL)
			continue;
		mend_row_break(&site, row);
		expect_nothing_written(0, "repair --dry-run", row->label);
		(void)snprintf(said, sizeof said, "\"rule\":\"%s\"", row->rule);
		expect_said(said, row->label);
		expect_said("\"status\":\"planned\"", row->label);
		expect_status(0, "repair", row->label);
		expect_said(said, row->label);
		expect_said("\"status\":\"done\"", row->label);
		expect_said("\"left\":[],\"errors\":0,\"warnings\":0", row->label);
		mend_row_expect_right(&site, row, "repaired");
		race_check(&race, row->label);
		expect_nothing_written(0, "repair", row->label);
		n_found++;
	}
	assert_true(n_found > 15);
	expect_whole("all of them");
}

static const char *const at_once[] = {
	"an event's blocks",
	"a block's row without a state",
	"a state whose row is gone",
	"a booking's row of another booking",
	"an entry of an event that nobody knows",
	"what is due of nobody's calendar",
	"half a pair with nobody",
	"a counter that went back",
};

static void
break_at_once(void)
{
	for (size_t i = 0; i < MMS_COUNT(at_once); i++)
		mend_row_break(&site, row_of(at_once[i]));
}

static void
expect_all_right(const char *when)
{
	for (size_t i = 0; i < MMS_COUNT(at_once); i++)
		mend_row_expect_right(&site, row_of(at_once[i]), when);
}

static void
what_is_broken_in_many_ways_at_once_is_mended_by_one(void **state)
{
	(void)state;
	break_at_once();
	expect_status(0, "repair", "at once");
	expect_all_right("at once");
	expect_whole("at once");
}

/* ---- whose ------------------------------------------------------------------------------------------- */

static void
only_what_belongs_to_whom_was_named_is_mended(void **state)
{
	const struct mend_row *row = row_of("a booking's row at another time");

	(void)state;
	mend_row_break(&site, row);
	expect_nothing_written(0, "repair --user bob@example.com", "bob's");
	expect_nothing_written(0, "repair --integration team", "another's");
	expect_status(0, "repair --integration work --user ann@example.com", "hers");
	mend_row_expect_right(&site, row, "hers");
	expect_status(2, "repair --user bop@example.com", "nobody");
	expect_said("bob@example.com", "nobody");
	expect_status(2, "repair --integration wrok", "none");
	expect_status(2, "repair --integration work --user bob@example.com", "not his");
}

/* What another run holds stays as it is, and is said to. */
static void
what_another_run_holds_is_left_and_said(void **state)
{
	const struct mend_row *row = row_of("a state whose row is gone");

	(void)state;
	mend_row_break(&site, row);
	mend_site_break(&site,
			"UPDATE mmsync_cursor SET lease_owner = 'another', lease_server ="
			" NULL, lease_until = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND"
			" WHERE name = 'team'");
	expect_status(1, "repair --integration team", "held");
	expect_said("\"status\":\"failed\"", "held");
	expect_said("\"code\":\"held\"", "held");
	mend_site_break(&site, "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until ="
			       " '2000-01-01' WHERE name = 'team'");
	expect_status(0, "repair", "no more");
	mend_row_expect_right(&site, row, "no more");
	expect_whole("held");
}

/* What nobody mends is told, and is no failure of repair. */
static void
what_nothing_mends_is_left(void **state)
{
	(void)state;
	mend_site_break(&site,
			"INSERT INTO mmsync_cursor (name, provider) VALUES ('none', 'google')");
	expect_nothing_written(0, "repair", "an orphan");
	expect_said("\"rule\":\"cursor_orphaned\"", "an orphan");
	expect_said("\"repair\":null,\"remedy\":null", "an orphan");
	mend_site_break(&site, "DELETE FROM mmsync_cursor WHERE name = 'none'");
}

/* ---- killed ------------------------------------------------------------------------------------------ */

static void
what_was_killed_is_gone_on_with_by_the_next(void **state)
{
	int n_killed = 0;
	char fault[40];

	(void)state;
	break_at_once();
	expect_status(0, "repair", "to count");
	long n_steps = scenario_count(&race.scenario, "step");
	expect_whole("to count");
	assert_true(n_steps > 20);
	for (long at = 1; at <= n_steps; at += race_stride(n_steps / 8 + 1)) {
		(void)snprintf(fault, sizeof fault, "step:%ld", at);
		race_tell(&race, "advance 2h"); /* what changes again and again is left alone */
		race_tell(&race, "sync");
		break_at_once();
		n_killed += program("repair", fault) > 128;
		expect_status(0, "repair", fault);
		race_tell(&race, "sync"); /* what was put down is no flaw any more */
		expect_all_right(fault);
		race_check(&race, fault);
	}
	assert_true(n_killed > 3);
	expect_whole("killed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_in_which_a_site_is_broken_is_mended),
		cmocka_unit_test(what_is_broken_in_many_ways_at_once_is_mended_by_one),
		cmocka_unit_test(only_what_belongs_to_whom_was_named_is_mended),
		cmocka_unit_test(what_another_run_holds_is_left_and_said),
		cmocka_unit_test(what_nothing_mends_is_left),
		cmocka_unit_test(what_was_killed_is_gone_on_with_by_the_next),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

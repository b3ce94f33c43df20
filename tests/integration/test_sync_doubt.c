/*
 * Answers that are lost, locks that others hold, and servers with other settings, for whole syncs
 * with the program itself (docs/reliability.md).
 */
#include "support/unit.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dbcheck.h"
#include "support/race.h"
#include "support/relay.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_relay relay;
static struct mms_test_run a, b;

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	mms_relay_start(&relay, world.server.socket);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mms_relay_stop(&relay);
	world_stop(&world);
	return 0;
}

static int
end_runs(void **state)
{
	(void)state;
	mms_test_run_release(&a);
	mms_test_run_release(&b);
	mms_relay_arm(&relay, MMS_RELAY_PASS, 0, NULL, 0);
	mms_relay_replace(&relay, NULL, NULL);
	world.db_host = NULL;
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

#define ROWS "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

/* One event gone, three changed, two new; small batches, so that there are several transactions. */
static void
begin_changed(void)
{
	race_begin(&race, 1, 4);
	race_configure(&race, "\"batch_rows\":2");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_feed(&race, 1, "e", 2, 6, "New");
}

static void
expect_same(const struct mms_str *is, const struct mms_str *want, const char *when)
{
	if (strcmp(mms_str_get(is), mms_str_get(want)) != 0)
		fail_msg("%s: there is\n%s\nand not\n%s", when, mms_str_get(is),
			 mms_str_get(want));
}

static void
expect_says(const struct mms_test_run *run, const char *text)
{
	if (strstr(run->out, text) == NULL && strstr(run->err, text) == NULL)
		fail_msg("'%s' is not said:\n%s%s", text, run->out, run->err);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* The answer to the n-th COMMIT of the run is lost on its way, for every n. */
static void
lose_every_commit(enum mms_relay_action action, const char *what)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	int n = 0;

	world.db_host = relay.host;
	begin_changed();
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_state(&race, true, &want);
	for (;; n++) {
		char when[64];

		(void)snprintf(when, sizeof when, "%s, COMMIT %d", what, n + 1);
		begin_changed();
		mms_relay_arm(&relay, action, MMS_RELAY_QUERY, "COMMIT", n);
		race_start(&race, &a, "sync", NULL);
		if (race_finish(&a) != 0)
			fail_msg("%s: it ended with %d: %s%s", when, a.status, a.out, a.err);
		if (mms_relay_n_hits(&relay) == 0)
			break;
		race_state(&race, true, &is);
		expect_same(&is, &want, when);
		race_check(&race, when);
	}
	assert_true(n >= 4); /* names, two batches and the end */
	mms_relay_arm(&relay, MMS_RELAY_PASS, 0, NULL, 0);
	race_is_quiet(&race, "after the last");
}

static void
a_commit_whose_answer_is_lost_is_asked_for_and_not_done_twice(void **state)
{
	(void)state;
	lose_every_commit(MMS_RELAY_CUT_AFTER, "done, answer lost");
}

static void
a_commit_that_never_arrived_is_done_again(void **state)
{
	(void)state;
	lose_every_commit(MMS_RELAY_CUT_BEFORE, "never arrived");
}

static void
a_bulk_write_that_the_server_undid_in_silence_is_done_again(void **state)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	int n = 0;

	(void)state;
	world.db_host = relay.host;
	begin_changed();
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_state(&race, true, &want);
	for (;; n++) {
		char when[64];

		(void)snprintf(when, sizeof when, "undone, bulk %d", n + 1);
		begin_changed();
		mms_relay_arm(&relay, MMS_RELAY_UNDO, MMS_RELAY_BULK, NULL, n);
		race_start(&race, &a, "sync", NULL);
		if (race_finish(&a) != 0)
			fail_msg("%s: it ended with %d: %s%s", when, a.status, a.out, a.err);
		if (mms_relay_n_hits(&relay) == 0)
			break;
		race_state(&race, true, &is);
		expect_same(&is, &want, when);
		race_check(&race, when);
	}
	if (ask("SELECT @@log_bin AND @@binlog_format = 'STATEMENT'") == 0)
		assert_true(n >= 4); /* (such a server has no bulk) */
}

/* ---- locks ---------------------------------------------------------------------------------- */

/* clang-format off */
#define STATEMENTS(X) \
	X(TAKE_NUMBERS, "UPDATE tabSeries SET current = current + 100 WHERE name = ''", "", "") \
	X(EDIT, "UPDATE `tabMM Calendar Event Sync` SET event_title = 'Edited', _comments = 'mine'," \
		" modified = modified + INTERVAL 30 SECOND WHERE external_event_id = 'e2@example.com'", "", "") \
	X(SAVE, "UPDATE `tabMM Calendar Integration` SET _comments = 'mine'", "", "")
/* clang-format on */
STMT_TABLE(STATEMENTS);

/* Somebody's transaction that is open for a while. */
static struct mms_db *holder;
static struct mms_tx held;

static void
hold(enum mms_stmt stmt)
{
	holder = open_with(&world.server.settings, defs, N_STMTS);
	OK(mms_tx_begin(&held, holder, &err));
	OK(mms_tx_run(&held, stmt, NULL, NULL, &err));
}

static void
let_go(void)
{
	OK(mms_tx_commit(&held, &err));
	mms_db_close(holder);
	holder = NULL;
}

/* A statement on this table has been waiting for more than a second. */
static void
wait_until_it_waits(const char *table)
{
	mms_test_wait_i64(&world.server, 1, 20,
			  "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE user = "
			  "'%s' AND info LIKE '%%%s%%' AND time_ms > 1000",
			  world.server.settings.user, table);
}

static void
play_held(enum mms_stmt stmt, const char *table)
{
	begin_changed();
	hold(stmt);
	race_start(&race, &a, "sync", NULL);
	wait_until_it_waits(table);
	let_go();
	if (race_finish(&a) != 0)
		fail_msg("%s: it ended with %d: %s%s", table, a.status, a.out, a.err);
	assert_int_equal(ask(ROWS " WHERE sync_status = 'Synced' AND event_title LIKE 'New%'"),
			 5);
	assert_int_equal(ask(ROWS), 6);
	race_is_quiet(&race, table);
}

static void
a_long_import_that_holds_the_counter_of_names_is_waited_for(void **state)
{
	(void)state;
	play_held(STMT(TAKE_NUMBERS), "tabSeries");
	assert_int_equal(ask("SELECT current FROM tabSeries WHERE name = ''"), 106);
}

static void
a_row_that_somebody_is_saving_is_waited_for_and_read_again(void **state)
{
	(void)state;
	play_held(STMT(EDIT), "tabMM Calendar Event Sync");
	assert_int_equal(ask(ROWS " WHERE _comments = 'mine'"), 1);
}

static void
an_integration_that_somebody_is_saving_is_waited_for(void **state)
{
	(void)state;
	play_held(STMT(SAVE), "tabMM Calendar Integration");
	assert_int_equal(ask("SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE "
			     "_comments = 'mine' AND sync_status = 'Success'"),
			 1);
}

/* The server's patience is made 0 s instead of 10: what is seen is that ours ends, too. */
static void
a_counter_that_is_held_for_too_long_fails_the_turn_and_loses_nothing(void **state)
{
	(void)state;
	world.db_host = relay.host;
	mms_relay_replace(&relay, "innodb_lock_wait_timeout = 10",
			  "innodb_lock_wait_timeout = 00");
	begin_changed();
	hold(STMT(TAKE_NUMBERS));
	race_start(&race, &a, "sync", NULL);
	assert_int_equal(race_finish(&a), 1);
	expect_says(&a, "tabSeries");
	expect_says(&a, "Lock wait timeout");
	race_check(&race, "held");
	assert_int_equal(ask("SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE "
			     "sync_status = 'Failed' AND sync_error_log LIKE '%tabSeries%'"),
			 1);
	let_go();
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	assert_int_equal(ask(ROWS " WHERE sync_status = 'Synced' AND event_title LIKE 'New%'"),
			 5);
	race_is_quiet(&race, "after the next");
}

/* Asleep within a transaction it would lock the site out; the server ends that in seconds. */
static void
a_run_that_sleeps_in_a_transaction_locks_nothing_for_long(void **state)
{
	(void)state;
	world.db_host = relay.host;
	mms_relay_replace(&relay, "idle_write_transaction_timeout = LEAST(20",
			  "idle_write_transaction_timeout = LEAST(01");
	begin_changed();
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 0, "SELECT COUNT(*) FROM tabSeries FOR UPDATE SKIP LOCKED");
	mms_test_wait_i64(&world.server, 1, 20,
			  "SELECT COUNT(*) FROM tabSeries FOR UPDATE SKIP LOCKED");
	assert_int_equal(race_finish(&a), 0);
	assert_int_equal(ask(ROWS " WHERE sync_status = 'Synced' AND event_title LIKE 'New%'"),
			 5);
	race_is_quiet(&race, "woken");
}

/* ---- other servers -------------------------------------------------------------------------- */

/* The stories that change, delete, rename and conflict, on a server with these settings. */
static void
play_stories(const char *const *args)
{
	static const char *const stories[] = { "01-", "02-", "05-", "06-", "08-",
					       "09-", "10-", "14-", "15-" };
	struct world other = { .program = "" };
	glob_t files = { 0 };

	world_start_with(&other, args);
	for (size_t i = 0; i < MMS_COUNT(stories); i++) {
		char pattern[64];

		(void)snprintf(pattern, sizeof pattern, "fixtures/scenarios/%s*.scn",
			       stories[i]);
		assert_int_equal(glob(pattern, 0, NULL, &files), 0);
		for (size_t k = 0; k < files.gl_pathc; k++) {
			struct scenario s = { .world = &other, .path = files.gl_pathv[k] };
			if (scenario_play(&s) != 0)
				fail_msg("%s: %s", args[0], s.failure);
			scenario_release(&s);
		}
		globfree(&files);
	}
	world_stop(&other);
}

static void
the_stories_hold_where_the_server_defaults_to_read_committed(void **state)
{
	static const char *const args[] = { "--transaction-isolation=READ-COMMITTED",
					    "--innodb-snapshot-isolation=ON", NULL };

	(void)state;
	play_stories(args);
}

/* With a binary log by statement our sessions are at REPEATABLE READ: then the setting counts. */
static void
the_stories_hold_with_snapshot_isolation_and_a_log_by_statement(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", "--log-bin",
					    "--binlog-format=STATEMENT", "--server-id=1",
					    NULL };

	(void)state;
	play_stories(args);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			a_commit_whose_answer_is_lost_is_asked_for_and_not_done_twice,
			end_runs),
		cmocka_unit_test_teardown(a_commit_that_never_arrived_is_done_again, end_runs),
		cmocka_unit_test_teardown(
			a_bulk_write_that_the_server_undid_in_silence_is_done_again, end_runs),
		cmocka_unit_test_teardown(
			a_long_import_that_holds_the_counter_of_names_is_waited_for, end_runs),
		cmocka_unit_test_teardown(
			a_row_that_somebody_is_saving_is_waited_for_and_read_again, end_runs),
		cmocka_unit_test_teardown(an_integration_that_somebody_is_saving_is_waited_for,
					  end_runs),
		cmocka_unit_test_teardown(
			a_counter_that_is_held_for_too_long_fails_the_turn_and_loses_nothing,
			end_runs),
		cmocka_unit_test_teardown(
			a_run_that_sleeps_in_a_transaction_locks_nothing_for_long, end_runs),
		cmocka_unit_test_teardown(
			the_stories_hold_where_the_server_defaults_to_read_committed, end_runs),
		cmocka_unit_test_teardown(
			the_stories_hold_with_snapshot_isolation_and_a_log_by_statement,
			end_runs),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

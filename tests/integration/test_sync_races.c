/*
 * Leases, fencing, crashes, signals and the loss of the database: what docs/reliability.md
 * promises about one run beside another, with the program itself.
 */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/clock.h"
#include "support/race.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_test_run a, b, c;

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
	mms_test_run_release(&c);
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

#define ROWS   "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"
#define LEASES "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL"
/* One of the program's, except the one that renews leases. */
#define OTHER_CONNECTIONS                                                                   \
	"SELECT COALESCE(MAX(id), 0) FROM information_schema.PROCESSLIST WHERE user = "     \
	"'" MMS_TEST_DATABASE "' AND id NOT IN (SELECT lease_connection FROM mmsync_cursor" \
	" WHERE lease_connection IS NOT NULL)"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

/*
 * As if a minute had passed without the holder: the server has ended a transaction that it left
 * open (idle_write_transaction_timeout), and the lease has not been renewed.
 */
static void
let_leases_run_out(void)
{
	/* (INNODB_TRX would tell, but is not made anew for who asks often.) */
	bool is_locked = ask("SELECT (SELECT COUNT(*) FROM mmsync_cursor) + (SELECT COUNT(*) "
			     "FROM tabSeries)") !=
			 ask("SELECT COUNT(*) FROM mmsync_cursor FOR UPDATE SKIP LOCKED") +
				 ask("SELECT COUNT(*) FROM tabSeries FOR UPDATE SKIP LOCKED");
	int64_t id = 0;

	while (is_locked && (id = ask(OTHER_CONNECTIONS)) != 0) {
		mms_test_sql(&world.server, "KILL %d", (int)id);
		mms_test_wait_i64(
			&world.server, 0, 20,
			"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE id = %d",
			(int)id);
	}
	mms_test_sql(&world.server,
		     "UPDATE mmsync_cursor SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 10 "
		     "SECOND WHERE lease_owner IS NOT NULL");
}

static void
expect_json(const struct mms_test_run *run, const char *path, const char *want)
{
	char *is = race_json(run, path);

	if (strcmp(is, want) != 0)
		fail_msg("%s is %s, not %s: %s%s", path, is, want, run->out, run->err);
	free(is);
}

static void
expect_says(const struct mms_test_run *run, const char *text)
{
	if (strstr(run->out, text) == NULL && strstr(run->err, text) == NULL)
		fail_msg("'%s' is not said:\n%s%s", text, run->out, run->err);
}

static void
expect_same(const struct mms_str *is, const struct mms_str *want, const char *when)
{
	if (strcmp(mms_str_get(is), mms_str_get(want)) != 0)
		fail_msg("%s: there is\n%s\nand not\n%s", when, mms_str_get(is),
			 mms_str_get(want));
}

/* One integration in step with its feed, which then has changed: a change, a new event, a gone one. */
static void
begin_changed(void)
{
	race_begin(&race, 1, 4);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_feed(&race, 1, "e", 2, 6, "New");
}

/* What a sync of the changed feed leaves that nobody disturbs. */
static long
measure_changed(bool with_history, struct mms_str *out)
{
	begin_changed();
	long n = race_n_steps(&race, "sync");
	race_state(&race, with_history, out);
	return n;
}

static const char *
at_step(const char *kind, long n)
{
	static char text[40];

	(void)snprintf(text, sizeof text, "%s:%ld", kind, n);
	return text;
}

/* ---- two at once ---------------------------------------------------------------------------- */

static void
runs_at_once_share_the_integrations_and_double_nothing(void **state)
{
	(void)state;
	for (int round = 0; round < 4; round++) {
		race_begin(&race, 6, 10);
		race_start(&race, &a, "sync --jobs 2", NULL);
		race_start(&race, &b, "sync --jobs 2", NULL);
		race_start(&race, &c, "sync --jobs 1", NULL);
		struct mms_test_run *const runs[] = { &a, &b, &c };
		for (size_t i = 0; i < MMS_COUNT(runs); i++) {
			int status = race_finish(runs[i]);
			if (status != 0 && status != 5)
				fail_msg("run %zu of round %d ended with %d: %s%s", i, round,
					 status, runs[i]->out, runs[i]->err);
		}
		assert_int_equal(ask(ROWS), 60);
		assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_cursor"), 6);
		/* Each was filled by one turn of one run. */
		assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_run WHERE created = 10"), 6);
		assert_int_equal(ask("SELECT SUM(created) FROM mmsync_run"), 60);
		race_is_quiet(&race, "after runs at once");
	}
}

static void
what_another_run_holds_is_passed_by_and_the_rest_is_done(void **state)
{
	(void)state;
	race_begin(&race, 3, 5);
	race_start(&race, &a, "sync --jobs 1", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1,
			"SELECT COUNT(*) FROM mmsync_cursor WHERE name = 'cal1' "
			"AND lease_owner IS NOT NULL");
	race_start(&race, &b, "sync", NULL);
	assert_int_equal(race_finish(&b), 0);
	expect_json(&b, "integrations.0.status", "skipped");
	expect_json(&b, "integrations.0.error.code", "held");
	expect_json(&b, "integrations.0.error.retryable", "true");
	expect_json(&b, "integrations.1.events.created", "5");
	expect_json(&b, "integrations.2.events.created", "5");
	assert_int_equal(ask(ROWS), 10);
	/* Nothing left to do is an answer of its own. */
	race_start(&race, &b, "sync --integration cal1", NULL);
	assert_int_equal(race_finish(&b), 5);
	expect_says(&b, "is syncing this integration");
	assert_int_equal(ask(ROWS), 10);
	assert_int_equal(race_finish(&a), 0);
	expect_json(&a, "integrations.0.events.created", "5");
	expect_json(&a, "totals.events.created", "5");
	assert_int_equal(ask(ROWS), 15);
	race_is_quiet(&race, "after both");
}

/*
 * At every step of a sync it sleeps while another one reads the changed feed and moves the cursor:
 * once woken it goes on from there, and asks for nothing that has been read.
 */
static void
a_run_that_another_has_overtaken_goes_on_from_its_cursor(void **state)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	int n_overtaken = 0, n_held = 0;

	(void)state;
	begin_changed();
	fake_write(&world.feeds, "cal1.ics.conf", "etag \"v2\"\n");
	long n_steps = race_n_steps(&race, "sync");
	race_state(&race, false, &want);
	for (long n = 1; n <= n_steps; n++) {
		char when[64];

		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", n, n_steps);
		begin_changed();
		fake_write(&world.feeds, "cal1.ics.conf", "etag \"v2\"\n");
		race_start(&race, &a, "sync", at_step("pause", n));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		race_start(&race, &b, "sync", NULL);
		int other = race_finish(&b);
		int status = race_finish(&a);
		if (status != 0)
			fail_msg("%s: it ended with %d: %s%s", when, status, a.out, a.err);
		n_held += other == 5;
		if (other == 0 && strstr(a.out, "\"mode\":\"full\"") == NULL)
			n_overtaken++;
		else if (other == 0 && strstr(b.out, "\"mode\":\"full\"") != NULL)
			fail_msg("%s: both have read all of it", when);
		race_state(&race, false, &is);
		expect_same(&is, &want, when);
		race_check(&race, when);
	}
	assert_true(n_overtaken > 5 && n_held > 5);
}

/* ---- fencing -------------------------------------------------------------------------------- */

/*
 * At every step of a sync: the process sleeps until its lease has run out, another run takes
 * over and finishes; the first wakes up and must leave everything as it is.
 */
static void
a_run_that_slept_past_its_lease_writes_nothing_more(void **state)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) before = { 0 };
	MMS_AUTO(mms_str) after = { 0 };
	int n_fenced = 0;

	(void)state;
	long n_steps = measure_changed(false, &want);
	for (long n = 1; n <= n_steps; n++) {
		char when[64];

		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", n, n_steps);
		begin_changed();
		race_start(&race, &a, "sync", at_step("pause", n));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		bool is_held = ask(LEASES) > 0;
		let_leases_run_out();
		race_start(&race, &b, "sync", NULL);
		if (race_finish(&b) != 0)
			fail_msg("%s: the other ended with %d: %s%s", when, b.status, b.out,
				 b.err);
		race_state(&race, true, &before);
		int status = race_finish(&a);
		race_state(&race, true, &after);
		if (is_held) {
			n_fenced++;
			if (status != 1 && status != 5)
				fail_msg("%s: it ended with %d: %s%s", when, status, a.out,
					 a.err);
			expect_says(&a, "was taken over");
			expect_same(&after, &before, when);
		} else if (status != 0) {
			fail_msg("%s: it ended with %d: %s%s", when, status, a.out, a.err);
		}
		race_state(&race, false, &after);
		expect_same(&after, &want, when);
		race_check(&race, when);
	}
	assert_true(n_fenced > 5);
	race_is_quiet(&race, "after the last");
}

static void
a_run_that_slept_and_was_not_missed_goes_on(void **state)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };

	(void)state;
	(void)measure_changed(true, &want);
	begin_changed();
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1, LEASES);
	let_leases_run_out();
	assert_int_equal(race_finish(&a), 0);
	race_state(&race, true, &is);
	expect_same(&is, &want, "woken");
}

/* ---- death ---------------------------------------------------------------------------------- */

static void
a_killed_run_gives_its_leases_up_at_once(void **state)
{
	(void)state;
	race_begin(&race, 2, 5);
	race_start(&race, &a, "sync --jobs 1", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1, LEASES);
	(void)kill(a.pid, SIGKILL);
	assert_int_equal(race_finish(&a), 128 + SIGKILL);
	assert_int_equal(ask(LEASES " AND lease_until > UTC_TIMESTAMP(6) + INTERVAL 30 SECOND"),
			 1);
	race_start(&race, &b, "sync", NULL);
	assert_int_equal(race_finish(&b), 0);
	expect_json(&b, "totals.events.created", "10");
	race_is_quiet(&race, "after the heir");
}

/* A lease from before a restart names a connection; its number may be somebody else's by now. */
static void
a_lease_from_before_a_restart_is_free_whoever_has_its_connection_number(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_db *other = NULL;

	(void)state;
	race_begin(&race, 1, 5);
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1, LEASES);
	(void)kill(a.pid, SIGKILL);
	(void)race_finish(&a);
	mms_test_server_kill(&world.server);
	mms_test_server_restart(&world.server, NULL);
	assert_int_equal(mms_db_open(&other, &world.server.settings, &err), MMS_OK);
	mms_test_sql(&world.server,
		     "UPDATE mmsync_cursor SET lease_until = lease_until - INTERVAL 5 SECOND,"
		     " lease_connection = %lu",
		     mms_db_connection_id(other));
	int status = race_run(&race, "sync", NULL);
	mms_db_close(other);
	assert_int_equal(status, 0);
	race_is_quiet(&race, "after the heir");
}

/* Idle connections are ended after a second, the one that renews leases is not. */
static void
an_impatient_server_does_not_make_a_living_run_look_dead(void **state)
{
	(void)state;
	race_begin(&race, 1, 5);
	mms_test_sql(&world.server, "SET GLOBAL wait_timeout = 1");
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1, LEASES);
	mms_test_wait_i64(&world.server, 0, 20, OTHER_CONNECTIONS);
	int status = race_run(&race, "sync", NULL);
	mms_test_sql(&world.server, "SET GLOBAL wait_timeout = 28800");
	assert_int_equal(status, 5);
	assert_int_equal(race_finish(&a), 0);
	assert_int_equal(ask(ROWS), 5);
	race_is_quiet(&race, "woken");
}

/* ---- signals and time-outs ------------------------------------------------------------------ */

/* At every k-th step of a sync: whatever it is at, it ends in order, and the next run does the rest. */
static void
play_signal(int signo, long every)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	int n_stopped = 0;

	long n_steps = measure_changed(false, &want);
	for (long n = 1; n <= n_steps; n += every) {
		char when[64];

		(void)snprintf(when, sizeof when, "signal %d at step %ld of %ld", signo, n,
			       n_steps);
		begin_changed();
		race_start(&race, &a, "sync", at_step("pause", n));
		if (!race_sleeps(&a))
			fail_msg("%s: it did not sleep", when);
		(void)kill(a.pid, signo);
		int status = race_finish(&a);
		if (status != 0 && status != 6)
			fail_msg("%s: it ended with %d: %s%s", when, status, a.out, a.err);
		n_stopped += status == 6;
		race_check(&race, when);
		race_state(&race, false, &is);
		if (status == 6 && race_run(&race, "sync", NULL) != 0)
			fail_msg("%s: the next run did not end well", when);
		race_state(&race, false, &is);
		expect_same(&is, &want, when);
	}
	assert_true(n_stopped > 1);
	race_is_quiet(&race, "after the last");
}

static void
a_terminated_run_finishes_its_transaction_and_gives_its_lease_back(void **state)
{
	(void)state;
	play_signal(SIGTERM, 2);
}

static void
an_interrupted_run_finishes_its_transaction_and_gives_its_lease_back(void **state)
{
	(void)state;
	play_signal(SIGINT, 7);
}

/* A calendar service that does not answer is not waited for. */
static void
a_run_that_waits_for_a_feed_stops_at_once(void **state)
{
	(void)state;
	race_begin(&race, 2, 5);
	char host[64], members[160];
	(void)snprintf(members, sizeof members,
		       "\"http\":{\"allow_hosts\":[\"%s\"],\"timeout_s\":60}",
		       fake_host(&world.feeds, host, sizeof host));
	race_configure(&race, members);
	fake_conf(&world.feeds, "cal1.ics", "stall 50000\n");
	int64_t began = mms_clock_mono_ms();
	race_start(&race, &a, "sync --jobs 1", NULL);
	int64_t until = began + 20000;
	while (fake_count(&world.feeds, "/cal1.ics") == 0 && mms_clock_mono_ms() < until)
		mms_clock_sleep_ms(2);
	(void)kill(a.pid, SIGTERM);
	assert_int_equal(race_finish(&a), 6);
	expect_json(&a, "integrations.0.error.code", "stopped");
	expect_json(&a, "integrations.1.error.code", "stopped");
	race_check(&race, "stopped while it waited");
	race_start(&race, &a, "sync --jobs 1 --timeout 1", NULL);
	assert_int_equal(race_finish(&a), 6);
	expect_says(&a, "stopped");
	race_check(&race, "timed out while it waited");
	assert_true(mms_clock_mono_ms() - began < 20000);
	assert_int_equal(ask(ROWS), 0);
	fake_conf(&world.feeds, "cal1.ics", "");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	assert_int_equal(ask(ROWS), 10);
	race_is_quiet(&race, "after the next");
}

/* ---- the database goes ---------------------------------------------------------------------- */

static void
a_database_that_is_down_is_said_plainly_and_ends_with_4(void **state)
{
	(void)state;
	race_begin(&race, 1, 5);
	mms_test_server_kill(&world.server);
	race_start(&race, &a, "sync", NULL);
	int status = race_finish(&a);
	mms_test_server_restart(&world.server, NULL);
	assert_int_equal(status, 4);
	expect_says(&a, "\"code\":\"database\"");
	expect_says(&a, world.server.socket);
	expect_says(&a, "is the server running");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_is_quiet(&race, "after the next");
}

/* The server dies at this moment; it is back only after the run has ended, or before it goes on. */
static void
lose_server(const char *fault, bool is_back_at_once)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	char when[96];

	(void)snprintf(when, sizeof when, "the server dies at %s%s", fault,
		       is_back_at_once ? " and is back" : "");
	(void)measure_changed(false, &want);
	begin_changed();
	race_start(&race, &a, "sync", fault);
	assert_true(race_sleeps(&a));
	mms_test_server_kill(&world.server);
	if (is_back_at_once)
		mms_test_server_restart(&world.server, NULL);
	int status = race_finish(&a);
	if (!is_back_at_once)
		mms_test_server_restart(&world.server, NULL);
	race_state(&race, false, &is);
	bool is_done = strcmp(mms_str_get(&is), mms_str_get(&want)) == 0;
	if (status != (is_back_at_once ? 0 : 4) || (status == 0 && !is_done))
		fail_msg("%s: it ended with %d: %s%s", when, status, a.out, a.err);
	if (status != 0)
		expect_says(&a, "connecting");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	race_state(&race, false, &is);
	expect_same(&is, &want, when);
	race_is_quiet(&race, when);
}

static void
a_database_that_dies_in_the_middle_ends_the_run_with_4_and_the_next_heals(void **state)
{
	MMS_AUTO(mms_str) ignored = { 0 };
	long n_steps;

	(void)state;
	n_steps = measure_changed(false, &ignored);
	for (int quarter = 1; quarter <= 3; quarter++)
		lose_server(at_step("pause", n_steps * quarter / 4), false);
}

static void
a_database_that_is_back_at_once_is_gone_on_with(void **state)
{
	MMS_AUTO(mms_str) ignored = { 0 };
	long n_steps;

	(void)state;
	n_steps = measure_changed(false, &ignored);
	lose_server(at_step("pause", n_steps * 2 / 3), true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			runs_at_once_share_the_integrations_and_double_nothing, end_runs),
		cmocka_unit_test_teardown(
			what_another_run_holds_is_passed_by_and_the_rest_is_done, end_runs),
		cmocka_unit_test_teardown(
			a_run_that_another_has_overtaken_goes_on_from_its_cursor, end_runs),
		cmocka_unit_test_teardown(a_run_that_slept_past_its_lease_writes_nothing_more,
					  end_runs),
		cmocka_unit_test_teardown(a_run_that_slept_and_was_not_missed_goes_on,
					  end_runs),
		cmocka_unit_test_teardown(a_killed_run_gives_its_leases_up_at_once, end_runs),
		cmocka_unit_test_teardown(
			a_lease_from_before_a_restart_is_free_whoever_has_its_connection_number,
			end_runs),
		cmocka_unit_test_teardown(
			an_impatient_server_does_not_make_a_living_run_look_dead, end_runs),
		cmocka_unit_test_teardown(
			a_terminated_run_finishes_its_transaction_and_gives_its_lease_back,
			end_runs),
		cmocka_unit_test_teardown(
			an_interrupted_run_finishes_its_transaction_and_gives_its_lease_back,
			end_runs),
		cmocka_unit_test_teardown(a_run_that_waits_for_a_feed_stops_at_once, end_runs),
		cmocka_unit_test_teardown(
			a_database_that_is_down_is_said_plainly_and_ends_with_4, end_runs),
		cmocka_unit_test_teardown(
			a_database_that_dies_in_the_middle_ends_the_run_with_4_and_the_next_heals,
			end_runs),
		cmocka_unit_test_teardown(a_database_that_is_back_at_once_is_gone_on_with,
					  end_runs),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

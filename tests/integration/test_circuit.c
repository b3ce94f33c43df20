/*
 * Services that fail for hours: their integrations are passed by, one of them asks now and then, and all are
 * read again as soon as that goes well; whoever asks at the same time, or dies over it.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/race.h"

#define MINUTE INT64_C(60000)

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

/* ---- helpers ------------------------------------------------------------------------------- */

#define DOWN "fault 99999 * * error 503 backendError"

/* Six people with a calendar each, all read once. */
static void
begin_six(const char *service)
{
	race_begin_story(&race, service,
			 "config \"retry\":{\"max_attempts\":3,\"base_ms\":1,\"max_s\":1}\n");
	for (int i = 1; i <= 6; i++) {
		race_tell(&race, "person p%d@example.com", i);
		race_tell(&race,
			  "integration c%d user=p%d@example.com type=service "
			  "calendar=p%d@example.com interval=5 expires=90000",
			  i, i, i);
	}
	race_tell(&race, "sync");
	fake_clear_log(&world.service);
}

static void
advance(int64_t ms)
{
	race.scenario.now_ms += ms;
}

/* How the turns of the last run ended. */
static int
count_turns(const struct mms_test_run *run, const char *status)
{
	char want[60];
	int n = 0;

	(void)snprintf(want, sizeof want, "\"status\":\"%s\"", status);
	for (const char *at = run->out; (at = strstr(at, want)) != NULL; at++)
		n++;
	return n;
}

static int
run_once(const char *arguments)
{
	mms_test_run_release(&a);
	race_start(&race, &a, arguments, NULL);
	return race_finish(&a);
}

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

static int64_t
until_ms(void)
{
	return ask("SELECT until_ms FROM mmsync_circuit");
}

/* The service fails until its circuit is open, and goes on failing. */
static void
bring_down(const char *service)
{
	begin_six(service);
	race_tell(&race, DOWN);
	advance(5 * MINUTE);
	assert_int_equal(run_once("sync --due"), 1);
	assert_int_equal(ask("SELECT state FROM mmsync_circuit"), 1);
	fake_clear_log(&world.service);
}

/* ---- hours --------------------------------------------------------------------------------- */

static void
outlast(const char *service, int hours)
{
	size_t n_requests = 0, n_probes = 0;

	begin_six(service);
	race_tell(&race, DOWN);
	for (int i = 0; i < 12 * hours; i++) {
		advance(5 * MINUTE);
		fake_clear_log(&world.service);
		int status = run_once("sync --due");
		size_t n = gfake_count(&world.service, NULL, NULL);
		/* in the first, all that were under way at the same time */
		if (i > 0 && n > 1)
			fail_msg("run %d: %zu requests\n%s", i, n, a.out);
		assert_int_equal(status, n > 0 ? 1 : 0);
		assert_int_equal(count_turns(&a, "success"), 0);
		n_requests += n;
		n_probes += i > 0 && n > 0;
	}
	if (n_requests > 60 || (int)n_probes < 3 * hours / 2 || (int)n_probes > 3 * hours + 3)
		fail_msg("%zu requests, of them %zu probes", n_requests, n_probes);
	/* the other five were not harmed by what the first one tried */
	assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_cursor WHERE circuit_state <> 0"), 0);
	race_tell(&race, "fault clear");
	int n_runs = 0;
	do {
		advance(5 * MINUTE);
		assert_int_equal(run_once("sync --due"), 0);
		n_runs++;
	} while (count_turns(&a, "success") == 0);
	assert_in_range(n_runs, 1, 7); /* half an hour */
	assert_int_equal(count_turns(&a, "success"), 6);
	assert_int_equal(
		ask("SELECT COUNT(*) FROM mmsync_circuit WHERE state <> 0 OR failures <> 0"
		    " OR opens <> 0"),
		0);
	race_check(&race, "well again");
	race_is_quiet(&race, "well again");
}

static void
twelve_hours_of_google_cost_a_few_dozen_requests(void **state)
{
	(void)state;
	outlast("google", 12);
}

static void
hours_of_outlook_cost_no_more(void **state)
{
	(void)state;
	outlast("outlook", 3);
}

/* ---- what is nobody else's ----------------------------------------------------------------- */

static void
one_users_refusal_is_no_trouble_of_the_service(void **state)
{
	static const char *const refusals[] = { "error 403 forbidden", "error 404 notFound",
						"error 429 rateLimitExceeded",
						"error 400 badRequest" };

	(void)state;
	begin_six("google");
	for (size_t i = 0; i < MMS_COUNT(refusals); i++) {
		race_tell(&race, "fault 99999 GET LIST %s", refusals[i]);
		for (int k = 0; k < 2; k++) {
			advance(5 * MINUTE);
			assert_int_equal(run_once("sync --due"), 1);
		}
		assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_circuit"), 0);
	}
}

/* Two hosts: one under each name of this machine. */
static void
one_bad_host_closes_no_other(void **state)
{
	char port[64];

	(void)state;
	race_begin(&race, 6, 2);
	race_configure(&race, "\"http\":{\"allow_private_hosts\":true},"
			      "\"retry\":{\"max_attempts\":1,\"base_ms\":1,\"max_s\":1}");
	(void)fake_host(&world.feeds, port, sizeof port);
	mms_test_sql(&world.server,
		     "UPDATE `tabMM Calendar Integration` SET sync_interval_minutes = 5");
	mms_test_sql(&world.server,
		     "UPDATE `tabMM Calendar Integration` SET ical_url = REPLACE(ical_url,"
		     " '127.0.0.1', 'localhost') WHERE name = 'cal6'");
	assert_int_equal(run_once("sync"), 0);
	for (int i = 1; i <= 5; i++) {
		char name[20];
		(void)snprintf(name, sizeof name, "cal%d.ics", i);
		fake_conf(&world.feeds, name, "status 503\n");
	}
	advance(5 * MINUTE);
	assert_int_equal(run_once("sync --due"), 1);
	assert_int_equal(count_turns(&a, "success"), 1);
	assert_int_equal(
		ask("SELECT COUNT(*) FROM mmsync_circuit WHERE scope = 'http://127.0.0.1'"
		    " AND state = 1 AND failures = 5"),
		1);
	fake_clear_log(&world.feeds);
	advance(MINUTE);
	assert_int_equal(run_once("sync"), 0);
	assert_int_equal(count_turns(&a, "skipped"), 5);
	assert_int_equal(count_turns(&a, "success"), 1);
	assert_int_equal(fake_count(&world.feeds, NULL), 1);
}

static void
feeds_of_one_address_count_once(void **state)
{
	(void)state;
	race_begin(&race, 6, 2);
	mms_test_sql(&world.server,
		     "UPDATE `tabMM Calendar Integration` a JOIN `tabMM Calendar Integration` b"
		     " ON b.name = 'cal1' SET a.ical_url = b.ical_url");
	fake_conf(&world.feeds, "cal1.ics", "status 503\n");
	race_configure(&race, "\"http\":{\"allow_private_hosts\":true},"
			      "\"retry\":{\"max_attempts\":1,\"base_ms\":1,\"max_s\":1}");
	assert_int_equal(run_once("sync"), 1);
	assert_int_equal(ask("SELECT state * 100 + failures FROM mmsync_circuit"), 1);
}

/* ---- several at once ----------------------------------------------------------------------- */

static void
of_two_processes_one_tries(void **state)
{
	(void)state;
	for (long step = 1;; step += race_stride(9)) {
		char pause[40];

		bring_down("google");
		race.scenario.now_ms = until_ms();
		(void)snprintf(pause, sizeof pause, "pause:%ld", step);
		race_start(&race, &a, "sync --due --jobs 1", pause);
		bool is_asleep = race_sleeps(&a);
		race_start(&race, &b, "sync --due --jobs 1", NULL);
		int second = race_finish(&b);
		int first = race_finish(&a);
		size_t n = gfake_count(&world.service, NULL, NULL);
		if (n != 1)
			fail_msg("step %ld: %zu requests, %d and %d\n%s%s", step, n, first,
				 second, a.out, b.out);
		assert_int_equal(ask("SELECT opens FROM mmsync_circuit"), 2);
		assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_circuit WHERE probe IS NOT "
				     "NULL OR state <> 1"),
				 0);
		mms_test_run_release(&a);
		mms_test_run_release(&b);
		if (!is_asleep)
			return;
	}
}

static void
wherever_who_tries_is_killed_another_tries(void **state)
{
	long step = 1;

	(void)state;
	for (;; step += race_stride(11)) {
		char kill_at[40];

		bring_down("google");
		race_tell(&race, "fault clear");
		race.scenario.now_ms = until_ms();
		(void)snprintf(kill_at, sizeof kill_at, "step:%ld", step);
		int status = race_run(&race, "sync --due --jobs 1", kill_at);
		/* its two minutes are over, and so is its lease, wherever it died */
		mms_test_sql(
			&world.server,
			"UPDATE mmsync_circuit SET probe_until = probe_until - INTERVAL 120 "
			"SECOND WHERE probe_until IS NOT NULL");
		advance(5 * MINUTE);
		if (run_once("sync --due") != 0 || count_turns(&a, "failed") > 0 ||
		    count_turns(&a, "skipped") > 0)
			fail_msg("killed at step %ld:\n%s", step, a.out);
		assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_circuit WHERE state <> 0 OR "
				     "failures <> 0 OR probe IS NOT NULL"),
				 0);
		race_check(&race, "tried again");
		if (status == 0)
			return;
	}
}

static void
a_probe_that_died_frees_itself_by_the_databases_clock(void **state)
{
	(void)state;
	bring_down("google");
	race_tell(&race, "fault clear");
	race.scenario.now_ms = until_ms();
	mms_test_sql(&world.server, "UPDATE mmsync_circuit SET state = 2, probe = 'who died', "
				    "probe_until = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND");
	assert_int_equal(run_once("sync --due"), 0);
	assert_int_equal(count_turns(&a, "skipped"), 6);
	assert_int_equal(gfake_count(&world.service, NULL, NULL), 0);
	mms_test_sql(&world.server, "UPDATE mmsync_circuit SET probe_until = UTC_TIMESTAMP(6)");
	assert_int_equal(run_once("sync --due"), 0);
	assert_int_equal(count_turns(&a, "success"), 6);
}

/* It counts for nothing that one ends badly which began before another ended well. */
static void
a_failure_from_before_a_good_result_counts_for_nothing(void **state)
{
	(void)state;
	begin_six("google");
	race_tell(&race, DOWN);
	assert_int_equal(run_once("sync --integration c2"), 1);
	assert_int_equal(ask("SELECT failures FROM mmsync_circuit"), 1);
	race_start(&race, &b, "sync --integration c1", "pause:1:sticky");
	race_step_until(&race, &b, 1,
			"SELECT COUNT(*) FROM mmsync_cursor WHERE name = 'c1' AND lease_owner "
			"IS NOT NULL");
	race_tell(&race, "fault clear");
	assert_int_equal(run_once("sync --integration c3"), 0);
	race_tell(&race, DOWN);
	assert_int_equal(race_finish(&b), 1);
	assert_int_equal(ask("SELECT closings * 100 + failures FROM mmsync_circuit"), 100);
	/* what begins now counts */
	assert_int_equal(run_once("sync --integration c4"), 1);
	assert_int_equal(ask("SELECT closings * 100 + failures FROM mmsync_circuit"), 101);
}

/* A run that began before the service was well again ends badly after it. */
static void
a_late_failure_undoes_no_good_result(void **state)
{
	(void)state;
	bring_down("google");
	/* c1 is tried by name, and sleeps over a failure */
	race_start(&race, &a, "sync --integration c1", "pause:1:sticky");
	race_step_until(&race, &a, 1,
			"SELECT COUNT(*) FROM mmsync_cursor WHERE name = 'c1' AND lease_owner "
			"IS NOT NULL");
	race.scenario.now_ms = until_ms();
	race_tell(&race, "fault clear");
	mms_test_run_release(&b);
	race_start(&race, &b, "sync", NULL);
	(void)race_finish(&b);
	if (count_turns(&b, "success") != 5)
		fail_msg("%s", b.out);
	assert_int_equal(ask("SELECT state FROM mmsync_circuit"), 0);
	race_tell(&race, DOWN);
	(void)race_finish(&a);
	assert_int_equal(count_turns(&a, "failed"), 1);
	assert_int_equal(ask("SELECT state * 100 + failures FROM mmsync_circuit"), 0);
}

/* A person's try by name closes the circuit for everybody. */
static void
a_try_by_name_that_goes_well_frees_all(void **state)
{
	(void)state;
	bring_down("google");
	advance(MINUTE);
	race_tell(&race, "fault clear");
	assert_int_equal(run_once("sync --integration c4"), 0);
	assert_int_equal(ask("SELECT state * 100 + failures FROM mmsync_circuit"), 0);
	assert_int_equal(run_once("sync"), 0);
	if (count_turns(&a, "success") != 6)
		fail_msg("%s", a.out);
}

/* ---- what is told -------------------------------------------------------------------------- */

static void
status_health_and_metrics_tell_of_a_service(void **state)
{
	(void)state;
	bring_down("google");
	assert_int_equal(run_once("status"), 0);
	assert_non_null(
		strstr(a.out, "\"circuits\":[{\"scope\":\"google\",\"state\":\"open\""));
	assert_int_equal(run_once("health"), 1);
	assert_non_null(strstr(a.out, "\"code\":\"circuit_open\""));
	assert_non_null(strstr(a.out, "google"));
	(void)run_once("metrics");
	assert_non_null(strstr(a.out, "mmsync_circuit_state"));
	(void)run_once("doctor --offline");
	assert_non_null(strstr(a.out, "google failed its calendars one after the other"));
	race.scenario.now_ms = until_ms();
	assert_int_equal(run_once("status"), 0);
	assert_non_null(strstr(a.out, "\"state\":\"half_open\""));
}

/* ---- an integration by itself -------------------------------------------------------------- */

/* ann's calendar, a booking that is to be sent there, and a service that takes nothing. */
static void
begin_one(const char *fault)
{
	race_begin_story(&race, "google",
			 "config \"retry\":{\"max_attempts\":1,\"base_ms\":1,\"max_s\":1}\n"
			 "person ann@example.com\n"
			 "integration work type=service calendar=ann@example.com primary=1 "
			 "direction=two expires=900000\n"
			 "sync\n"
			 "booking B1 \"Demo\" 2026-03-12T10:00:00Z 2026-03-12T10:30:00Z "
			 "users=ann@example.com\n");
	race_tell(&race, "%s", fault);
	fake_clear_log(&world.service);
}

static void
what_is_sent_in_vain_counts_too(void **state)
{
	(void)state;
	begin_one("fault 99999 POST * error 503 backendError");
	for (int i = 1; i <= 5; i++) {
		advance(120 * MINUTE);
		assert_int_equal(run_once("push --pending --booking B1"), 1);
		assert_int_equal(ask("SELECT circuit_failures FROM mmsync_cursor"), i);
	}
	assert_int_equal(ask("SELECT circuit_state FROM mmsync_cursor"), 1);
	/* the entry waits as it is: no request, no attempt, no lease */
	mms_test_sql(&world.server, "UPDATE mmsync_outbox SET next_attempt_ms = 0");
	int64_t attempts = ask("SELECT attempts * 1000 + version FROM mmsync_outbox"),
		fence = ask("SELECT fence FROM mmsync_cursor");
	fake_clear_log(&world.service);
	advance(MINUTE);
	assert_int_equal(run_once("push --pending"), 0);
	assert_int_equal(ask("SELECT attempts * 1000 + version FROM mmsync_outbox"), attempts);
	assert_int_equal(run_once("push --booking B1"), 0);
	assert_non_null(strstr(a.out, "\"status\":\"queued\""));
	assert_non_null(strstr(a.out, "circuit_open"));
	assert_int_equal(gfake_count(&world.service, NULL, NULL), 0);
	assert_int_equal(ask("SELECT fence FROM mmsync_cursor"), fence);
	/* well again */
	race_tell(&race, "fault clear");
	advance(5 * MINUTE);
	assert_int_equal(run_once("push --booking B1"), 0);
	assert_non_null(strstr(a.out, "\"action\":\"created\""));
	assert_int_equal(
		ask("SELECT circuit_state * 100 + circuit_failures FROM mmsync_cursor"), 0);
}

static void
a_run_counts_once_for_both_of_its_sides(void **state)
{
	(void)state;
	begin_one(DOWN);
	assert_int_equal(run_once("sync"), 1);
	assert_int_equal(ask("SELECT circuit_failures FROM mmsync_cursor"), 1);
	assert_int_equal(ask("SELECT failures FROM mmsync_circuit"), 1);
}

static void
of_two_processes_one_tries_an_integration(void **state)
{
	(void)state;
	for (long step = 1;; step += race_stride(9)) {
		char pause[40];

		begin_one(DOWN);
		mms_test_sql(&world.server,
			     "UPDATE mmsync_cursor SET failures = 5, circuit_failures = 5, "
			     "circuit_state = 1, circuit_opens = 1, circuit_until_ms = 0; "
			     "DELETE FROM `tabMM Meeting Booking`");
		(void)snprintf(pause, sizeof pause, "pause:%ld", step);
		race_start(&race, &a, "sync", pause);
		bool is_asleep = race_sleeps(&a);
		race_start(&race, &b, "sync", NULL);
		(void)race_finish(&b);
		(void)race_finish(&a);
		size_t n = gfake_count(&world.service, NULL, NULL);
		if (n != 1)
			fail_msg("step %ld: %zu requests\n%s%s", step, n, a.out, b.out);
		assert_int_equal(ask("SELECT circuit_opens FROM mmsync_cursor"), 2);
		mms_test_run_release(&a);
		mms_test_run_release(&b);
		if (!is_asleep)
			return;
	}
}

/* ---- what it costs ------------------------------------------------------------------------- */

/* Statements and commits of a run, as the program counts them itself. */
static long
cost(const char *arguments, int status)
{
	assert_int_equal(run_once(arguments), status);
	return scenario_count(&race.scenario, "stmt-before");
}

static void
what_circuits_cost(void **state)
{
	(void)state;
	race_begin(&race, 1, 2);
	race_configure(&race, "\"http\":{\"allow_private_hosts\":true},"
			      "\"retry\":{\"max_attempts\":1,\"base_ms\":1,\"max_s\":1}");
	assert_int_equal(run_once("sync"), 0);
	fake_conf(&world.feeds, "cal1.ics", "etag \"1\"\n");
	assert_int_equal(run_once("sync"), 0);
	long well = cost("sync", 0);
	mms_test_sql(&world.server, "INSERT INTO mmsync_circuit (scope, changed_ms) VALUES "
				    "('google', 0)");
	assert_int_equal(cost("sync", 0), well);
	fake_conf(&world.feeds, "cal1.ics", "status 403\n");
	long refused = cost("sync", 1);
	assert_int_equal(cost("sync", 1), refused + 1); /* the circuits are read */
	fake_conf(&world.feeds, "cal1.ics", "status 503\n");
	mms_test_sql(&world.server, "UPDATE mmsync_cursor SET failures = 0");
	assert_int_equal(cost("sync", 1), refused + 2); /* counted, and read back */
	assert_int_equal(cost("sync", 1), refused + 1);
	fake_conf(&world.feeds, "cal1.ics", "etag \"1\"\n");
	assert_int_equal(cost("sync", 0), well + 2); /* read, and closed */
	assert_int_equal(cost("sync", 0), well);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(twelve_hours_of_google_cost_a_few_dozen_requests,
					  end_runs),
		cmocka_unit_test_teardown(hours_of_outlook_cost_no_more, end_runs),
		cmocka_unit_test_teardown(one_users_refusal_is_no_trouble_of_the_service,
					  end_runs),
		cmocka_unit_test_teardown(one_bad_host_closes_no_other, end_runs),
		cmocka_unit_test_teardown(feeds_of_one_address_count_once, end_runs),
		cmocka_unit_test_teardown(of_two_processes_one_tries, end_runs),
		cmocka_unit_test_teardown(wherever_who_tries_is_killed_another_tries, end_runs),
		cmocka_unit_test_teardown(a_probe_that_died_frees_itself_by_the_databases_clock,
					  end_runs),
		cmocka_unit_test_teardown(
			a_failure_from_before_a_good_result_counts_for_nothing, end_runs),
		cmocka_unit_test_teardown(a_late_failure_undoes_no_good_result, end_runs),
		cmocka_unit_test_teardown(a_try_by_name_that_goes_well_frees_all, end_runs),
		cmocka_unit_test_teardown(what_is_sent_in_vain_counts_too, end_runs),
		cmocka_unit_test_teardown(a_run_counts_once_for_both_of_its_sides, end_runs),
		cmocka_unit_test_teardown(of_two_processes_one_tries_an_integration, end_runs),
		cmocka_unit_test_teardown(what_circuits_cost, end_runs),
		cmocka_unit_test_teardown(status_health_and_metrics_tell_of_a_service,
					  end_runs),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

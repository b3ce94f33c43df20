/*
 * status, health and metrics, the program itself: what they print of a site with everything wrong
 * (golden files of fixtures/cli, MMS_GOLDEN=update writes them), what they cost, and that they
 * write nothing, wait for nobody and never crash.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/exposition.h"
#include "support/scenario.h"

static struct world world;
static struct scenario s;

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

/* The site of a story, as it is at the story's end. */
static void
play(const char *path)
{
	scenario_release(&s);
	s = (struct scenario){ .world = &world, .path = path };
	if (scenario_play(&s) != 0)
		fail_msg("%s", s.failure);
}

static int
play_site(void **state)
{
	(void)state;
	play("fixtures/watch/site.scn");
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	scenario_release(&s);
	s = (struct scenario){ 0 };
	return 0;
}

static int
run(const char *arguments)
{
	if (!scenario_run(&s, arguments, NULL))
		fail_msg("%s", s.failure);
	return s.exit_status;
}

static const char *
out(void)
{
	return mms_str_get(&s.out);
}

static void
expect(const char *what, const char *rest)
{
	if (!scenario_expect(&s, what, rest))
		fail_msg("%s", s.failure);
}

/* ---- what is printed ------------------------------------------------------------------------------ */

static bool
is_golden(const char *name, const char *arguments)
{
	MMS_AUTO(mms_str) is = { 0 };
	const char *mode = getenv("MMS_GOLDEN");
	char path[128], want[65536] = "";

	mms_str_addf(&is, "$ mmsync %s\n%s", arguments, "");
	(void)run(arguments);
	mms_str_addf(&is, "%sstatus %d\n", out(), s.exit_status);
	(void)snprintf(path, sizeof path, "fixtures/cli/%s.txt", name);
	bool is_update = mode != NULL && strcmp(mode, "update") == 0;
	FILE *file = fopen(path, is_update ? "w+e" : "re");
	if (file != NULL && is_update)
		fputs(mms_str_get(&is), file);
	if (file != NULL && !is_update)
		want[fread(want, 1, sizeof want - 1, file)] = '\0';
	if (file != NULL)
		(void)fclose(file);
	if (is_update || strcmp(want, mms_str_get(&is)) == 0)
		return true;
	print_message("# %s gives\n%s\n# and not\n%s\n", name, mms_str_get(&is), want);
	return false;
}

static void
a_site_where_much_is_wrong_is_told_as_its_golden_files_say(void **state)
{
	static const struct {
		const char *name, *arguments;
	} rows[] = {
		{ "status-all", "status" },
		{ "status-quiet", "--quiet status" },
		{ "status-person", "status --user ann@example.com" },
		{ "status-json",
		  "status --json --integration ann-work --integration "
		  "bob-failing --integration bob-died --integration cleo-google" },
		{ "health-degraded", "health" },
		{ "health-degraded-quiet", "health --quiet" },
		{ "health-degraded-json", "health --json" },
	};
	size_t n_bad = 0;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++)
		n_bad += !is_golden(rows[i].name, rows[i].arguments);
	assert_int_equal(n_bad, 0);
}

static void
a_site_where_all_is_well_is_told_as_its_golden_files_say(void **state)
{
	(void)state;
	play("fixtures/scenarios/01-first-sync.scn");
	assert_true(is_golden("health-healthy", "health"));
	assert_true(is_golden("health-healthy-json", "health --json"));
	assert_true(is_golden("health-healthy-quiet", "--quiet health"));
	assert_int_equal(run("--quiet status"), 0);
	assert_string_equal(out(), "");
}

static void
a_calendar_that_has_become_empty_is_told_for_a_week(void **state)
{
	(void)state;
	play("fixtures/watch/empty.scn");
}

static void
a_calendar_whose_events_have_passed_is_not_suddenly_empty(void **state)
{
	(void)state;
	play("fixtures/watch/passed.scn");
}

static void
a_site_without_integrations_is_healthy(void **state)
{
	(void)state;
	play("/dev/null");
	assert_int_equal(run("health --json"), 0);
	expect("json", "checked.active 0");
	assert_int_equal(run("status"), 0);
	assert_string_equal(out(), "there is no integration\n");
	assert_int_equal(run("metrics"), 0);
	assert_string_equal(exposition_value(out(), "mmsync_integrations{state=\"active\"}"),
			    "0");
}

static void
metrics_are_what_prometheus_reads_and_agree_with_status(void **state)
{
	static const struct {
		const char *sample, *value;
	} rows[] = {
		{ "mmsync_health_status{status=\"degraded\"}", "1" },
		{ "mmsync_integrations{state=\"active\"}", "15" },
		{ "mmsync_integrations{state=\"inactive\"}", "1" },
		{ "mmsync_calendars{state=\"new\"}", "1" },
		{ "mmsync_tracked_events{type=\"booking\",origin=\"ours\"}", "6" },
		{ "mmsync_stuck_creations", "6" },
		{ "mmsync_outbox_entries", "1" },
		{ "mmsync_outbox_oldest_age_seconds", "1860.000" },
		{ "mmsync_dead_letters{state=\"open\"}", "1" },
		{ "mmsync_dead_letters{state=\"given_up\"}", "2" },
		{ "mmsync_integration_info{integration=\"cleo-google\",provider=\"google\"}",
		  "1" },
		{ "mmsync_integration_active{integration=\"bob-old\"}", "0" },
		{ "mmsync_integration_fresh{integration=\"ann-work\"}", "1" },
		{ "mmsync_integration_fresh{integration=\"bob-stale\"}", "0" },
		{ "mmsync_integration_stale_after_seconds{integration=\"bob-hourly\"}",
		  "10800.000" },
		{ "mmsync_integration_failures_in_a_row{integration=\"bob-failing\"}", "1" },
		{ "mmsync_integration_circuit_state{integration=\"bob-circuit\"}", "1" },
		{ "mmsync_integration_needs_reauth{integration=\"bob-sign-in\"}", "1" },
		{ "mmsync_integration_events{integration=\"ann-home\"}", "2" },
		{ "mmsync_integration_last_success_timestamp_seconds{integration=\"ann-work\"}",
		  "1772438400.000" },
		{ "mmsync_integration_last_success_timestamp_seconds{integration="
		  "\"cleo-never\"}",
		  "absent" },
		{ "mmsync_runs_total{integration=\"bob-failing\",status=\"failed\"}", "1" },
		{ "mmsync_run_duration_seconds_count{integration=\"bob-failing\"}", "2" },
		{ "mmsync_requests_total{integration=\"cleo-never\"}", "0" },
		{ "mmsync_events_created_total{integration=\"ann-work\"}", "2" },
	};

	char version[64];

	(void)state;
	assert_int_equal(run("metrics"), 0);
	const char *wrong = exposition_check(out());
	if (wrong != NULL)
		fail_msg("%s\n%s", wrong, out());
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const char *is = exposition_value(out(), rows[i].sample);
		if (strcmp(is, rows[i].value) != 0)
			fail_msg("%s is %s, want %s\n%s", rows[i].sample, is, rows[i].value,
				 out());
	}
	assert_int_equal(run("metrics --json"), 0);
	expect("json", "metrics.0.name mmsync_build_info");
	(void)snprintf(version, sizeof version, "metrics.1.samples.0.value %lld",
		       (long long)mms_test_ask_i64(&world.server, "SELECT MAX(number) FROM "
								  "mmsync_schema_version"));
	expect("json", version);
}

/* ---- what it costs -------------------------------------------------------------------------------- */

static void
five_hundred_integrations_cost_the_statements_of_one(void **state)
{
	static const char *const commands[] = { "status --json", "health --json",
						"metrics --json" };
	long few[MMS_COUNT(commands)];

	(void)state;
	play("fixtures/scenarios/01-first-sync.scn");
	for (size_t i = 0; i < MMS_COUNT(commands); i++) {
		(void)run(commands[i]);
		few[i] = scenario_count(&s, "stmt-before");
		assert_int_equal(scenario_count(&s, "commit-before"), 0);
	}
	mms_test_sql(
		&world.server,
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" user, integration_name, integration_type, is_active, auto_sync_enabled,"
		" sync_interval_minutes) SELECT CONCAT('cal-', seq), '2026-03-02 08:00',"
		" '2026-03-02', 'Administrator', 'x@example.com', seq, 'iCal', 1, 1, 15"
		" FROM seq_1_to_500;"
		"INSERT INTO mmsync_cursor (name, frappe_creation, frappe_owner, provider,"
		" last_success_ms) SELECT name, creation, owner, 'ical', 1772438400000 FROM"
		" `tabMM Calendar Integration` WHERE name LIKE 'cal-%%'");
	for (size_t i = 0; i < MMS_COUNT(commands); i++) {
		assert_int_equal(run(commands[i]), 0);
		assert_int_equal(scenario_count(&s, "stmt-before"), few[i]);
		print_message("# %s: %ld statements\n", commands[i], few[i]);
	}
	assert_int_equal(run("health --json"), 0);
	expect("json", "checked.fresh 501");
	assert_int_equal(run("metrics"), 0);
	assert_null(exposition_check(out()));
	assert_true(exposition_count(out()) > 8000);
}

/* Its user may only read: whatever else it tried would fail. */
static void
nothing_is_written(void **state)
{
	static const char *const commands[] = { "status", "health", "metrics", "status --json",
						"--quiet health" };
	const char *db = world.server.database;

	(void)state;
	mms_test_sql(&world.server, "REVOKE ALL PRIVILEGES ON `%s`.* FROM '%s'@'%%'", db, db);
	mms_test_sql(&world.server, "GRANT SELECT ON `%s`.* TO '%s'@'%%'", db, db);
	for (size_t i = 0; i < MMS_COUNT(commands); i++) {
		int status = run(commands[i]);
		if (status != (strstr(commands[i], "health") != NULL))
			fail_msg("%s: %d %s", commands[i], status, mms_str_get(&s.err));
	}
	mms_test_sql(&world.server, "GRANT ALL ON `%s`.* TO '%s'@'%%'", db, db);
}

static void
maintenance_stops_neither(void **state)
{
	(void)state;
	mms_str_addf(&s.site_keys, "\"maintenance_mode\":1,");
	scenario_write_config(&s);
	assert_int_equal(run("status"), 0);
	assert_int_equal(run("metrics"), 0);
	assert_int_equal(run("health"), 1);
	expect("says", "note      maintenance: the site is in maintenance mode");
}

/* ---- where it cannot be looked at ------------------------------------------------------------------ */

static void
expect_critical(int status, const char *code, const char *message)
{
	char rest[256];

	if (run("health --json") != status)
		fail_msg("exit %d, expected %d: %s", s.exit_status, status, out());
	expect("json", "status critical");
	(void)snprintf(rest, sizeof rest, "reasons.0.code %s", code);
	expect("json", rest);
	expect("json", "reasons.0.severity critical");
	expect("says", message);
	assert_int_equal(run("health --quiet"), status);
	(void)snprintf(rest, sizeof rest, "mmsync critical: %s", code);
	expect("says", rest);
}

static void
what_cannot_be_looked_at_is_critical_and_said_in_its_own_object(void **state)
{
	(void)state;
	mms_test_sql(&world.server,
		     "UPDATE tabSingles SET value = 'Asia/Kolkata' WHERE field = 'time_zone'");
	expect_critical(1, "time_zone", "mmsync.event_time_zone is not set");
	mms_test_sql(&world.server,
		     "UPDATE tabSingles SET value = 'Mars/Olympus' WHERE field = 'time_zone'");
	expect_critical(1, "time_zone", "Mars/Olympus");
	mms_test_sql(&world.server,
		     "UPDATE tabSingles SET value = 'UTC' WHERE field = 'time_zone'");
	mms_test_sql(&world.server, "RENAME TABLE mmsync_outbox TO hidden");
	expect_critical(4, "database", "mmsync_outbox");
	mms_test_sql(&world.server, "RENAME TABLE hidden TO mmsync_outbox");
	mms_test_sql(&world.server, "ALTER TABLE `tabMM Calendar Event Sync` DROP INDEX "
				    "unique_calendar_integration_external_event_id");
	expect_critical(4, "schema", "mmsync schema apply");
	assert_int_equal(run("schema apply"), 0);
	mms_test_sql(&world.server, "CREATE TABLE kept AS SELECT * FROM mmsync_schema_version "
				    "ORDER BY number DESC LIMIT 1; DELETE FROM "
				    "mmsync_schema_version ORDER BY number DESC LIMIT 1");
	expect_critical(4, "schema", "lacks migration 0");
	mms_test_sql(&world.server,
		     "INSERT INTO mmsync_schema_version SELECT * FROM kept; DROP TABLE kept");
	mms_str_add(&s.config, "\"jops\":3");
	scenario_write_config(&s);
	expect_critical(3, "configuration", "jops");
	assert_int_equal(run("health"), 3);
	assert_null(strstr(out(), "mmsync.jops: ")); /* said once */
	mms_str_clear(&s.config);
	scenario_write_config(&s);
	mms_test_server_end(&world.server);
	expect_critical(4, "database", "is the server running");
	assert_int_equal(run("status"), 4);
	assert_int_equal(run("metrics"), 4);
	mms_test_server_restart(&world.server, NULL);
	assert_int_equal(run("health --json"), 1);
	expect("json", "status degraded");
	expect("json", "reasons.0.code calendar_unreadable");
}

/* ---- faults ----------------------------------------------------------------------------------------- */

/* Each n-th visit of a kind of fault point, at most so many of them. */
static void
torment(const char *command, const char *kind, long most)
{
	MMS_AUTO(mms_str) whole = { 0 };
	bool is_timed = strstr(command, "metrics") != NULL; /* it says how long it took */
	char fault[64];

	int status = run(command);
	mms_str_add(&whole, out());
	long n = scenario_count(&s, kind);
	long step = n > most ? n / most + 1 : 1;
	for (long i = 1; i <= n; i += step) {
		(void)snprintf(fault, sizeof fault, "%s:%ld", kind, i);
		if (!scenario_run(&s, command, fault))
			fail_msg("%s", s.failure);
		bool is_whole = s.exit_status == status;
		if (!is_whole && s.exit_status != 1 && s.exit_status != 3 &&
		    s.exit_status != 4 && s.exit_status != 70)
			fail_msg("%s, %s: exit %d", command, fault, s.exit_status);
		if (is_whole && !is_timed && strcmp(out(), mms_str_get(&whole)) != 0)
			fail_msg("%s, %s: not whole, and ended as if it were:\n%s", command,
				 fault, out());
	}
}

static void
faults_end_in_an_error_or_change_nothing(void **state)
{
	static const char *const commands[] = { "status --json",  "health --json",
						"metrics --json", "status",
						"health",         "metrics" };
	static const char *const kinds[] = { "alloc",   "stmt-before", "stmt-after",
					     "prepare", "fetch",       "connect" };

	(void)state;
	for (size_t c = 0; c < MMS_COUNT(commands); c++) {
		for (size_t k = 0; k < MMS_COUNT(kinds); k++)
			torment(commands[c], kinds[k], c < 3 ? 40 : 15);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, play_site, forget)
	const struct CMUnitTest tests[] = {
		TEST(a_site_where_much_is_wrong_is_told_as_its_golden_files_say),
		TEST(a_site_where_all_is_well_is_told_as_its_golden_files_say),
		TEST(a_calendar_that_has_become_empty_is_told_for_a_week),
		TEST(a_calendar_whose_events_have_passed_is_not_suddenly_empty),
		TEST(a_site_without_integrations_is_healthy),
		TEST(metrics_are_what_prometheus_reads_and_agree_with_status),
		TEST(five_hundred_integrations_cost_the_statements_of_one),
		TEST(nothing_is_written),
		TEST(maintenance_stops_neither),
		TEST(what_cannot_be_looked_at_is_critical_and_said_in_its_own_object),
		TEST(faults_end_in_an_error_or_change_nothing),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * What failures, event sync and booking status print: golden files of fixtures/cli
 * (MMS_GOLDEN=update writes them); and who only reads, writes nothing.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	race_end(&race);
	world_stop(&world);
	return 0;
}

/* In this order: each call finds what those before it have left. */
static const struct call {
	const char *name, *arguments; /* name: of the golden file */
} calls[] = {
	{ "failures-list", "failures list" },
	{ "failures-list-json", "failures list --json" },
	{ "failures-show", "failures show 1" },
	{ "failures-show-json", "failures show 2 --json" },
	{ "failures-unknown", "failures show 9" },
	{ "failures-retry-planned", "failures retry --all --dry-run" },
	{ "failures-retry-json", "failures retry 1 --json" },
	{ "failures-retry", "failures retry --all" },
	{ "failures-discard", "failures discard 1" },
	{ "failures-discard-json", "failures discard 1 2 --dry-run --json" },
	{ "failures-list-all", "failures list --all" },
	{ "event-sync", "event sync ROW-1" },
	{ "event-sync-json", "event sync ROW-1 --json" },
	{ "event-sync-skipped", "event sync ROW-2" },
	{ "event-sync-unknown", "event sync ROW-8" },
	{ "booking-status", "booking status BOOKING-1" },
	{ "booking-status-json", "booking status BOOKING-1 --json" },
	{ "booking-status-unknown", "booking status BOKING-1" },
};

/* What is in quarantine, in a site of its own. */
static const struct call quarantine[] = {
	{ "quarantine-list", "failures list" },
	{ "quarantine-list-json", "failures list --json" },
	{ "quarantine-show", "failures show 1" },
	{ "quarantine-show-json", "failures show 1 --json" },
	{ "quarantine-show-refused", "failures show 3" },
	{ "quarantine-health", "health" },
	{ "quarantine-retry", "failures retry 1" },
	{ "quarantine-retry-all", "failures retry --all --dry-run" },
	{ "quarantine-discard", "failures discard 1 --json" },
	{ "quarantine-neither", "failures release" },
	{ "quarantine-release-other", "failures release 3" },
	{ "quarantine-release-planned", "failures release --all --dry-run --json" },
	{ "quarantine-release-narrow", "failures release --all --integration cal1" },
	{ "quarantine-release", "failures release 1" },
	{ "quarantine-release-json", "failures release --all --json" },
	{ "quarantine-list-after", "failures list" },
};

/* Blocks of cal1's event in cal2: one rewritten again and again, one never made, one refused. */
static void
begin_quarantine(void)
{
	race_begin(&race, 2, 1);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	mms_test_sql(
		&world.server,
		"SET @a = (SELECT id FROM mmsync_cursor WHERE name = 'cal1');"
		"SET @b = (SELECT id FROM mmsync_cursor WHERE name = 'cal2');"
		"SET @s = (SELECT uuid FROM mmsync_event_state WHERE integration_id = @a);"
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" type, created_by_us, source_uuid, status, external_version, created_at_ms,"
		" changed_at_ms) SELECT @b, LEFT(UNHEX(SHA2(CONCAT('b', seq), 256)), 16),"
		" CONCAT('b', seq), REPEAT(CHAR(seq), 16), 3, 1, @s, IF(seq = 1, 3, 4),"
		" IF(seq = 1, 'v', NULL), 0, 0 FROM seq_1_to_3;"
		"INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id,"
		" start_ms, end_ms, title, print, quarantined, rounds, planned_run, planned_ms)"
		" SELECT uuid, @b, @s, @a, 1772528400000, 1772532000000, 'Busy', uuid,"
		" external_id <> 'b3', IF(external_id = 'b1', 5, 0), uuid, 0"
		" FROM mmsync_event_state WHERE type = 3;"
		"INSERT INTO mmsync_dead_letter (id, integration_id, ext_key, operation,"
		" external_id, error_code, error_text, attempts, first_at_ms, last_at_ms,"
		" given_up) SELECT SUBSTR(external_id, 2), @b, ext_key,"
		" IF(external_id = 'b3', 'create', 'quarantine'), external_id,"
		" IF(external_id = 'b3', 'refused', 'quarantine'),"
		" IF(external_id = 'b3', 'the calendar may only be read', 'it was changed by"
		" one run after the other'), 6, 1772434800000, 1772438400000, 1"
		" FROM mmsync_event_state WHERE type = 3");
}

/* Two events that can be read, one of them refused by the database; one that cannot. */
static void
begin(void)
{
	MMS_AUTO(mms_str) text = { 0 };
	static const char *const starts[] = { "20260303T090000Z", "tomorrow",
					      "20260304T090000Z" };
	static const char *const titles[] = { "Good", "A \033[31mred one", "Poison" };

	race_begin(&race, 1, 1);
	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//letters//EN\r\n");
	for (int i = 0; i < 3; i++)
		mms_str_addf(&text,
			     "BEGIN:VEVENT\r\nUID:e%d@example.com\r\nSUMMARY:%s\r\n"
			     "DTSTART:%s\r\nEND:VEVENT\r\n",
			     i + 1, titles[i], starts[i]);
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&world.feeds, "cal1.ics", mms_str_get(&text));
	mms_test_sql(&world.server,
		     "ALTER TABLE `tabMM Calendar Event Sync` ADD CONSTRAINT poison CHECK "
		     "(event_title NOT LIKE '%%Poison%%')");
	assert_int_equal(race_run(&race, "sync", NULL), 1);
	mms_test_sql(
		&world.server,
		"UPDATE mmsync_dead_letter SET id = id + 1000000000;"
		"UPDATE mmsync_dead_letter SET id = IF(external_id = 'e2@example.com', 1, 2);"
		"UPDATE mmsync_event_state SET row_name = CONCAT('ROW-', SUBSTR(external_id, "
		"2, 1));"
		"UPDATE `tabMM Calendar Event Sync` SET name = CONCAT('ROW-', "
		"SUBSTR(external_event_id, 2, 1));"
		"INSERT INTO `tabMM Meeting Booking` (name, creation, modified, "
		"calendar_event) VALUES ('BOOKING-1', NOW(6), NOW(6), 'ROW-1')");
}

static bool
check(const struct call *c)
{
	struct scenario *s = &race.scenario;
	MMS_AUTO(mms_str) got = { 0 };
	char path[256], want[16384] = "";
	const char *mode = getenv("MMS_GOLDEN");

	if (!scenario_run(s, c->arguments, NULL))
		fail_msg("%s", s->failure);
	mms_str_addf(&got, "$ mmsync %s\nstatus %d\n--- stdout\n%s--- stderr\n%s", c->arguments,
		     s->exit_status, mms_str_get(&s->out), mms_str_get(&s->err));
	(void)snprintf(path, sizeof path, "fixtures/cli/%s.txt", c->name);
	FILE *file = fopen(path, "re");
	if (file != NULL) {
		want[fread(want, 1, sizeof want - 1, file)] = '\0';
		(void)fclose(file);
	}
	if (strcmp(mms_str_get(&got), want) == 0)
		return true;
	if (mode != NULL && strcmp(mode, "update") == 0) {
		file = fopen(path, "we");
		assert_non_null(file);
		fputs(mms_str_get(&got), file);
		return fclose(file) == 0;
	}
	printf("# %s gives\n%s\n# and not\n%s\n", c->name, mms_str_get(&got), want);
	return false;
}

static void
each_call_prints_what_its_golden_file_says(void **state)
{
	size_t n_bad = 0;

	(void)state;
	begin();
	for (size_t i = 0; i < MMS_COUNT(calls); i++)
		n_bad += !check(&calls[i]);
	assert_int_equal(n_bad, 0);
}

static void
what_is_in_quarantine_is_told_and_released_by_command(void **state)
{
	size_t n_bad = 0;

	(void)state;
	begin_quarantine();
	for (size_t i = 0; i < MMS_COUNT(quarantine); i++)
		n_bad += !check(&quarantine[i]);
	assert_int_equal(n_bad, 0);
}

static int64_t
n_writes(void)
{
	return mms_test_ask_i64(&world.server,
				"SELECT SUM(VARIABLE_VALUE) FROM "
				"information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN "
				"('COM_INSERT', 'COM_UPDATE', 'COM_DELETE', 'COM_REPLACE', "
				"'COM_UPDATE_MULTI', 'COM_DELETE_MULTI', 'COM_BEGIN', "
				"'COM_LOCK_TABLES')");
}

static void
who_reads_or_tries_dry_writes_nothing(void **state)
{
	static const char *const arguments[] = {
		"failures list --all",          "failures show 1",
		"failures list --json",         "failures retry --all --dry-run",
		"failures discard 2 --dry-run", "booking status BOOKING-1",
	};

	(void)state;
	int64_t before = n_writes();
	for (size_t i = 0; i < MMS_COUNT(arguments); i++) {
		assert_true(scenario_run(&race.scenario, arguments[i], NULL));
		assert_int_equal(race.scenario.exit_status, 0);
	}
	assert_int_equal(n_writes(), before);
	assert_true(scenario_run(&race.scenario, "failures discard 2", NULL));
	assert_int_equal(n_writes(), before + 1); /* it would be seen */
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_prints_what_its_golden_file_says),
		cmocka_unit_test(who_reads_or_tries_dry_writes_nothing),
		cmocka_unit_test(what_is_in_quarantine_is_told_and_released_by_command),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

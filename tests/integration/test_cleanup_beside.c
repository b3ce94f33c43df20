/*
 * cleanup in company and in trouble: killed at every step, refused by the database, beside a sync and a person; and of many
 * rows.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "support/cleaned.h"

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

/* So many events of an integration that were deleted long ago, with their states: "OLD-1-1", ... */
static void
plant(int integration, int n)
{
	mms_test_sql(
		&world.server,
		"INSERT INTO `tabMM Calendar Event Sync` (name, creation, modified, owner,"
		" modified_by, docstatus, idx, calendar_integration, external_event_id,"
		" event_title, event_type, sync_status, start_datetime, end_datetime,"
		" is_blocking_availability) SELECT CONCAT('OLD-%d-', seq), '2024-01-01',"
		" '2024-01-01', 'Administrator', 'Administrator', 0, 0, 'cal%d', CONCAT('old',"
		" seq), 'Old', 'External Event', 'Deleted Externally', '2024-01-01 10:00',"
		" '2024-01-01 11:00', 0 FROM seq_1_to_%d;"
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" row_name, type, status, created_at_ms, changed_at_ms) SELECT c.id,"
		" LEFT(UNHEX(SHA2(e.external_event_id, 256)), 16), e.external_event_id,"
		" LEFT(UNHEX(SHA2(e.name, 256)), 16), e.name, 1, 5, 0, 0 FROM"
		" `tabMM Calendar Event Sync` e JOIN mmsync_cursor c ON c.name = 'cal%d'"
		" WHERE e.calendar_integration = 'cal%d' AND e.event_title = 'Old'",
		integration, integration, n, integration, integration);
}

static void
begin(int n_integrations, int n_old)
{
	race_begin(&race, n_integrations, 2);
	race_configure(&race, "");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	for (int i = 1; i <= n_integrations; i++)
		plant(i, n_old);
}

#define OLD "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE event_title = 'Old'"

static void
undo_all(void)
{
	char path[40];

	for (int i = 0;; i++) {
		(void)snprintf(path, sizeof path, "runs.%d.run", i);
		char *run = cleaned_answer(&race, "cleanup --list", 0, path);
		bool is_last = strcmp(run, "absent") == 0;
		if (!is_last) {
			char undo[80];
			(void)snprintf(undo, sizeof undo, "cleanup --undo %s", run);
			free(cleaned_answer(&race, undo, 0, "put_back"));
		}
		free(run);
		if (is_last)
			break;
	}
	mms_test_sql(&world.server, "DELETE FROM mmsync_removed");
}

/* ---- trouble ------------------------------------------------------------------------------- */

/* A minute has passed: leases of the dead are over. */
static void
lapse(void)
{
	mms_test_sql(&world.server,
		     "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until = '2000-01-01'");
}

/* A run with a fault, the next one heals it, the one after finds nothing, and all of it can be undone. */
static void
play_one(const char *fault, const struct cleaned *before, const struct cleaned *after)
{
	struct mms_test_run run = { 0 };

	race_start(&race, &run, "cleanup --confirm", fault);
	(void)race_finish(&run);
	race_expect_status(&run, " 0 1 4 70 137 ", fault);
	mms_test_run_release(&run);
	lapse();
	free(cleaned_answer(&race, "cleanup --confirm", 0, "total"));
	race_check(&race, fault);
	cleaned_is_as(&race, after, fault);
	cleaned_expect(&race, "cleanup --confirm", 0, "total", "0");
	undo_all();
	cleaned_is_as(&race, before, fault);
}

/* At most so many of the points of a kind, spread over a run. */
static void
play(const char *kind, long max, const struct cleaned *before, const struct cleaned *after)
{
	char fault[40];

	assert_int_equal(race_run(&race, "cleanup --confirm", NULL), 0);
	long n = scenario_count(&race.scenario, kind);
	undo_all();
	assert_true(n > 0);
	long stride = race_stride(n / max > 1 ? n / max : 1);
	for (long at = 1; at <= n; at += stride) {
		(void)snprintf(fault, sizeof fault, "%s:%ld", kind, at);
		play_one(fault, before, after);
	}
}

static void
killed_or_refused_anywhere_the_next_one_goes_on(void **state)
{
	struct cleaned before, after;

	(void)state;
	begin(2, 3);
	mms_test_sql(&world.server,
		     "DELETE FROM `tabMM Calendar Integration` WHERE name = 'cal2'");
	race_tell(&race, "advance 8d");
	cleaned_look(&race, &before);
	assert_int_equal(race_run(&race, "cleanup --confirm", NULL), 0);
	cleaned_look(&race, &after);
	undo_all();
	cleaned_is_as(&race, &before, "no fault");
	play("step", 8, &before, &after);
	play("stmt-before", 8, &before, &after);
	play("stmt-after", 4, &before, &after);
	play("commit-before", 4, &before, &after);
	play("commit-after", 4, &before, &after);
	play("alloc", 4, &before, &after);
}

/* The way back, killed and refused: it is repeated, and everything is back once. */
static void
a_way_back_that_was_stopped_is_gone_again(void **state)
{
	static const char *const kinds[] = { "step", "stmt-before", "commit-before",
					     "commit-after" };
	struct cleaned before;
	char undo[80], fault[40];

	(void)state;
	begin(2, 3);
	cleaned_look(&race, &before);
	for (size_t i = 0; i < MMS_COUNT(kinds); i++) {
		for (long n = 1; n < 40; n += race_stride(9)) {
			struct mms_test_run run = { 0 };
			char *id = cleaned_answer(&race, "cleanup --confirm", 0, "run");
			(void)snprintf(undo, sizeof undo, "cleanup --undo %s", id);
			(void)snprintf(fault, sizeof fault, "%s:%ld", kinds[i], n);
			race_start(&race, &run, undo, fault);
			(void)race_finish(&run);
			race_expect_status(&run, " 0 1 4 70 137 ", fault);
			mms_test_run_release(&run);
			lapse();
			free(cleaned_answer(&race, undo, 0, "put_back"));
			race_check(&race, fault);
			cleaned_is_as(&race, &before, fault);
			free(id);
		}
	}
}

/* ---- company ------------------------------------------------------------------------------- */

#define HELD "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL"

/* A sync holds one calendar: that one is passed by and named, the other is cleaned. */
static void
a_calendar_that_is_held_is_passed_by(void **state)
{
	struct mms_test_run sync = { 0 }, other = { 0 };

	(void)state;
	begin(2, 3);
	race_start(&race, &sync, "sync --integration cal1", RACE_AT_EVERY_STEP);
	race_step_until(&race, &sync, 1, HELD);
	race_beside(&race, &sync, &other, "cleanup --confirm");
	race_expect_status(&other, " 0 ", "beside a sync");
	char *name = race_json(&other, "skipped.0.integration");
	char *code = race_json(&other, "skipped.0.error.code");
	assert_string_equal(name, "cal1");
	assert_string_equal(code, "held");
	free(name);
	free(code);
	mms_test_run_release(&other);
	cleaned_ask(&race, 3, OLD, "those of the calendar that is held");
	race_beside(&race, &sync, &other, "cleanup --confirm");
	race_expect_status(&other, " 5 ", "nothing else to do");
	mms_test_run_release(&other);
	(void)race_finish(&sync);
	race_expect_status(&sync, " 0 ", "the sync");
	mms_test_run_release(&sync);
	cleaned_expect(&race, "cleanup --confirm", 0, "total", "6");
	race_check(&race, "after it");
	race_is_quiet(&race, "after it");
}

/*
 * Somebody saves a row, at each step of the run: it is gone before, with its state and kept as it was, or it stays with its
 * state and says what was saved.
 */
static bool
save_at(long step, const char *sql)
{
	struct mms_test_run run = { 0 };

	begin(1, 3);
	race_start(&race, &run, "cleanup --confirm", RACE_AT_EVERY_STEP);
	for (long i = 0; i < step && race_sleeps(&run); i++)
		race_wake(&run);
	if (race_sleeps(&run))
		(void)race_meddle(&race, &run, sql);
	(void)race_finish(&run);
	race_expect_status(&run, " 0 ", sql);
	mms_test_run_release(&run);
	int64_t n = mms_test_ask_i64(&world.server, "%s", OLD " AND name = 'OLD-1-2'");
	cleaned_ask(&race, n,
		    OLD " AND name = 'OLD-1-2' AND (sync_status = 'Synced' OR _assign <> '')",
		    "what stays says what was saved");
	cleaned_ask(&race, n,
		    "SELECT COUNT(*) FROM mmsync_event_state WHERE row_name = 'OLD-1-2'", sql);
	cleaned_ask(&race, 1 - n,
		    "SELECT COUNT(*) FROM mmsync_removed WHERE row_key = 'OLD-1-2' AND"
		    " JSON_VALUE(content, '$.sync_status') = 'Deleted Externally'",
		    "what is gone is kept");
	race_check(&race, sql);
	return n > 0;
}

static void
what_a_person_saves_meanwhile_stays(void **state)
{
	static const char *const saves[] = {
		"UPDATE `tabMM Calendar Event Sync` SET sync_status = 'Synced', end_datetime = "
		"'2027-01-01'"
		" WHERE name = 'OLD-1-2'",
		"UPDATE `tabMM Calendar Event Sync` SET _assign = '[\"ann@example.com\"]' WHERE"
		" name = 'OLD-1-2'",
	};

	(void)state;
	begin(1, 3);
	long n_steps = race_n_steps(&race, "cleanup --confirm");
	for (size_t i = 0; i < MMS_COUNT(saves); i++) {
		long n_stay = 0, n_plays = 0;
		for (long step = 1; step <= n_steps; step += race_stride(23), n_plays++)
			n_stay += save_at(step, saves[i]);
		assert_true(n_stay > 0 && n_stay < n_plays);
	}
}

/* ---- many ---------------------------------------------------------------------------------- */

/* Statements of a whole run: the same for one row and for a thousand. */
static void
statements_follow_transactions_and_not_rows(void **state)
{
	long n[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		begin(1, i == 0 ? 1 : i == 1 ? 1000 : 1001);
		assert_int_equal(race_run(&race, "cleanup --confirm", NULL), 0);
		n[i] = scenario_count(&race.scenario, "stmt-before");
		cleaned_ask(&race, 0, OLD, "all of them");
	}
	if (n[1] != n[0] || n[2] <= n[0])
		fail_msg("%ld, %ld and %ld statements", n[0], n[1], n[2]);
	/* BEGIN, the touch, 7 for the log, 6 that remove; COMMIT is not counted. */
	assert_int_equal(n[2] - n[0], 15);
}

/* Keys are read ten thousand at a time; MMS_WHOLE=1: of a hundred thousand. */
static void
many_rows_take_many_transactions_and_little_memory(void **state)
{
	int n = getenv("MMS_WHOLE") != NULL ? 100000 : 12000;
	char program[PATH_MAX];
	struct rusage used;

	(void)state;
	begin(1, n);
	assert_int_equal(race_run(&race, "cleanup --confirm", NULL), 0);
	cleaned_ask(&race, 0, OLD, "all of them");
	cleaned_ask(
		&race, 1000,
		"SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM mmsync_removed WHERE table_name"
		" <> 'mmsync_event_state' GROUP BY batch) b",
		"rows of one transaction");
	cleaned_ask(&race, 2 * n, "SELECT COUNT(*) FROM mmsync_removed", "the log");
	assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
	print_message("peak of the program: %ld KiB\n", used.ru_maxrss);
	mms_test_program_path(program);
	/* A sanitizer keeps what is freed. */
	assert_true(used.ru_maxrss < 64 * 1024 || strstr(program, "/asan") != NULL);
	undo_all();
	cleaned_ask(&race, n, OLD, "all of them are back");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_or_refused_anywhere_the_next_one_goes_on),
		cmocka_unit_test(a_way_back_that_was_stopped_is_gone_again),
		cmocka_unit_test(a_calendar_that_is_held_is_passed_by),
		cmocka_unit_test(what_a_person_saves_meanwhile_stays),
		cmocka_unit_test(statements_follow_transactions_and_not_rows),
		cmocka_unit_test(many_rows_take_many_transactions_and_little_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

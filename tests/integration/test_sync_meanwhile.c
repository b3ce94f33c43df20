/*
 * What others write while a sync runs: saves, deletions and renames in Frappe, rows with our ids
 * and names, locks that are held. Each is done at one step of the sync after the other
 * (docs/reliability.md).
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dbcheck.h"
#include "support/race.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_test_run a;

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
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

/* ---- the moments ---------------------------------------------------------------------------- */

#define ROWS  "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"
#define TABLE "`tabMM Calendar Event Sync`"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

static void
expect(const char *when, int64_t want, const char *sql)
{
	int64_t is = ask(sql);

	if (is == want)
		return;
	char *rows = mms_test_ask_text(
		&world.server,
		"SELECT GROUP_CONCAT(CONCAT_WS(' ', name, calendar_integration, "
		"external_event_id, event_title, sync_status, modified, COALESCE(_comments, "
		"'')) ORDER BY external_event_id SEPARATOR '\n') FROM " TABLE);
	fail_msg("%s: %lld and not %lld: %s\n%s\n%s%s", when, (long long)is, (long long)want,
		 sql, rows, a.out != NULL ? a.out : "", a.err != NULL ? a.err : "");
}

/* What somebody else does while a sync is at work, and what must be true after it. */
struct meanwhile {
	const char *what;
	const char *config;    /* members of the mmsync object; NULL: none            */
	const char *arguments; /* of the sync; NULL: "sync"                             */
	void (*set_up)(void);
	const char *sql;
	void (*check)(const char *when); /* after it, before the next sync; NULL: nothing */
	bool may_fail; /* the disturbed sync may end with 1                             */
	bool is_open;  /* even noticed it leaves work for the next sync                 */
	bool is_late;  /* what the sync does not notice any more is for the next one    */
	long every;    /* a step is skipped for each over 1             */
};

/* In step with its feed, which then has changed: one event gone, three changed, two new. */
static void
change_feed(void)
{
	race_feed(&race, 1, "e", 2, 6, "New");
}

/* Steps before the lease is taken are nobody's: the sync has not begun. */
static long
first_step(const char *arguments)
{
	long n = 0;

	race_start(&race, &a, arguments, RACE_AT_EVERY_STEP);
	while (race_sleeps(&a)) {
		n++;
		if (ask("SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL") > 0)
			break;
		race_wake(&a);
	}
	(void)race_finish(&a);
	return n;
}

static void
prepare(const struct meanwhile *m)
{
	race_begin(&race, 1, 4);
	if (m->config != NULL)
		race_configure(&race, m->config);
	if (race_run(&race, "sync", NULL) != 0)
		fail_msg("the first sync");
	m->set_up();
}

static void
play_at(const struct meanwhile *m, const char *arguments, long n, const char *when)
{
	char fault[40];

	prepare(m);
	(void)snprintf(fault, sizeof fault, "pause:%ld", n);
	race_start(&race, &a, arguments, fault);
	if (!race_sleeps(&a))
		fail_msg("%s: it did not sleep", when);
	bool is_noticed =
		ask("SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL") > 0;
	is_noticed = race_meddle(&race, &a, m->sql) && is_noticed;
	int status = race_finish(&a);
	if (status != 0 && !(status == 1 && m->may_fail))
		fail_msg("%s: it ended with %d: %s%s", when, status, a.out, a.err);
	if (!m->is_open && (is_noticed || !m->is_late))
		race_check(&race, when);
	if (m->check != NULL)
		m->check(when);
}

/* At every k-th step; then what a full sync makes of it, which is quiet. */
static void
play(const struct meanwhile *m, void (*check_end)(const char *when))
{
	const char *arguments = m->arguments != NULL ? m->arguments : "sync";
	const char *every = getenv("MMS_TEST_EVERY");
	long k = every != NULL ? strtol(every, NULL, 10) : m->every;

	prepare(m);
	long first = first_step(arguments);
	prepare(m);
	long n_steps = race_n_steps(&race, arguments);
	for (long n = first; n <= n_steps; n += k) {
		char when[128];

		(void)snprintf(when, sizeof when, "%s at step %ld of %ld", m->what, n, n_steps);
		play_at(m, arguments, n, when);
		if (race_run(&race, "sync --force-full", NULL) != 0)
			fail_msg("%s: the next sync did not end well", when);
		check_end(when);
		race_is_quiet(&race, when);
	}
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* What the changed feed must end as, whatever happened on the way. */
static void
check_changed(const char *when)
{
	expect(when, 6, ROWS);
	expect(when, 1,
	       ROWS " WHERE external_event_id = 'e1@example.com' AND sync_status = 'Deleted "
		    "Externally'");
	expect(when, 5,
	       ROWS " WHERE sync_status = 'Synced' AND event_title = CONCAT('New ',"
		    " SUBSTR(external_event_id, 2, 1))");
	expect(when, 6, "SELECT COUNT(*) FROM mmsync_event_state");
	expect(when, 0, "SELECT COUNT(*) FROM mmsync_dead_letter");
}

static void
check_commented(const char *when)
{
	expect(when, 1,
	       ROWS " WHERE external_event_id = 'e2@example.com' AND _comments = 'mine'");
	check_changed(when);
}

static void
check_comment(const char *when)
{
	expect(when, 1,
	       ROWS " WHERE external_event_id = 'e2@example.com' AND _comments = 'mine' AND"
		    " event_title IN ('Edited', 'New 2')");
}

static void
a_row_saved_in_the_desk_meanwhile_is_never_overwritten_unread(void **state)
{
	const struct meanwhile m = {
		.what = "an edit",
		.set_up = change_feed,
		.sql = "UPDATE " TABLE
		       " SET event_title = 'Edited', _comments = 'mine', description = "
		       "description, start_datetime = start_datetime, modified_by = "
		       "'ann@example.com', modified = modified + INTERVAL 30 SECOND WHERE "
		       "external_event_id = 'e2@example.com'",
		.check = check_comment,
		.every = 4,
	};

	(void)state;
	play(&m, check_commented);
}

static void
check_all_once(const char *when)
{
	expect(when, 0,
	       "SELECT COUNT(*) FROM (SELECT 1 FROM " TABLE
	       " GROUP BY external_event_id HAVING COUNT(*) > 1) t");
}

static void
check_deleted_rows(const char *when)
{
	/* e1 is gone from both sides: nobody makes it anew. */
	expect(when, 0, ROWS " WHERE external_event_id = 'e1@example.com'");
	expect(when, 5,
	       ROWS " WHERE sync_status = 'Synced' AND event_title = CONCAT('New ',"
		    " SUBSTR(external_event_id, 2, 1))");
	expect(when, 5, ROWS);
}

static void
rows_deleted_in_the_desk_meanwhile_come_back_once_while_their_event_is_there(void **state)
{
	const struct meanwhile m = {
		.what = "a deletion",
		.set_up = change_feed,
		.sql = "DELETE FROM " TABLE
		       " WHERE external_event_id IN ('e1@example.com', 'e2@example.com')",
		.check = check_all_once,
		.is_late = true,
		.every = 5,
	};

	(void)state;
	play(&m, check_deleted_rows);
}

static void
check_adopted(const char *when)
{
	expect(when, 1, ROWS " WHERE external_event_id = 'e5@example.com'");
	if (ask(ROWS " WHERE name = 'by hand'") == 1)
		expect(when, 1,
		       ROWS " WHERE name = 'by hand' AND _comments = 'mine' AND "
			    "external_event_id = 'e5@example.com'");
	check_changed(when);
}

static void
a_row_that_another_writer_makes_for_a_new_event_is_adopted(void **state)
{
	const struct meanwhile m = {
		.what = "a row for e5",
		.set_up = change_feed,
		.sql = "INSERT INTO " TABLE
		       " (name, creation, modified, calendar_integration, external_event_id,"
		       " event_title, start_datetime, end_datetime, sync_status, _comments)"
		       " VALUES ('by hand', '2026-01-01', '2026-01-01', 'cal1',"
		       " 'e5@example.com', 'Mine', '2026-03-08', '2026-03-09', 'Synced',"
		       " 'mine')",
		.check = check_all_once,
		.every = 5,
	};

	(void)state;
	play(&m, check_adopted);
}

static void
check_names(const char *when)
{
	expect(when, 0, ROWS " WHERE event_title = 'Not ours' AND calendar_integration <> 'x'");
	expect(when, 0, ROWS " WHERE calendar_integration = 'x' AND event_title <> 'Not ours'");
	mms_test_sql(&world.server, "DELETE FROM " TABLE " WHERE calendar_integration = 'x'");
	check_changed(when);
}

static void
names_that_another_writer_takes_meanwhile_are_left_to_it(void **state)
{
	const struct meanwhile m = {
		.what = "names",
		.set_up = change_feed,
		/* without the counter, as an import with names of its own does */
		.sql = "INSERT IGNORE INTO " TABLE
		       " (name, modified, calendar_integration, external_event_id, event_title,"
		       " start_datetime, end_datetime)"
		       " SELECT CONCAT('MM-CES-cal1-000', n), '2026-01-01', 'x', n, 'Not ours',"
		       " '2026-01-01', '2026-01-02' FROM (SELECT 5 n UNION SELECT 6) t",
		.every = 5,
	};

	(void)state;
	play(&m, check_names);
}

/* Conflicts in the middle of a sweep: rows of many small batches, one of them edited. */
static void
set_up_cleared(void)
{
	race_begin(&race, 1, 8);
	race_configure(&race, "\"batch_rows\":2");
	if (race_run(&race, "sync", NULL) != 0)
		fail_msg("the first sync");
	race_feed(&race, 1, "e", 8, 8, "Old");
}

static void
check_cleared_rows(const char *when, int64_t n)
{
	expect(when, 1, ROWS " WHERE sync_status <> 'Deleted Externally'");
	expect(when, 1, ROWS " WHERE sync_status = 'Synced'");
	expect(when, n, ROWS);
}

static void
check_cleared(const char *when)
{
	check_cleared_rows(when, 6); /* two were deleted for good */
}

static void
an_edit_during_a_sweep_keeps_no_row_that_is_gone(void **state)
{
	const struct meanwhile m = {
		.what = "an edit",
		.config = "\"batch_rows\":2",
		.arguments = "sync --integration cal1 --confirm-deletes",
		.set_up = set_up_cleared,
		/* two that have had their turn, perhaps, and one that has not */
		.sql = "START TRANSACTION; DELETE FROM " TABLE
		       " WHERE external_event_id IN ('e1@example.com', 'e2@example.com');"
		       " UPDATE " TABLE " SET _comments = 'mine', modified = modified + "
		       "INTERVAL 30 SECOND WHERE "
		       "external_event_id = 'e5@example.com'; COMMIT",
		.check = check_cleared,
		.is_late = true,
		.every = 6,
	};

	(void)state;
	play(&m, check_cleared);
}

/* Somebody's trigger puts every change of them back: whatever is done about it ends. */
static void
rows_that_can_never_be_changed_do_not_hold_the_others_up(void **state)
{
	(void)state;
	set_up_cleared();
	mms_test_sql(&world.server,
		     "CREATE TRIGGER stubborn BEFORE UPDATE ON " TABLE
		     " FOR EACH ROW BEGIN IF OLD.event_title IN ('Old 3', 'Old 4') THEN SET "
		     "NEW.modified = OLD.modified, NEW.sync_status = OLD.sync_status, "
		     "NEW.sync_error_log = OLD.sync_error_log; END IF; END");
	race_start(&race, &a, "sync --integration cal1 --confirm-deletes", NULL);
	int status = race_finish(&a);
	mms_test_sql(&world.server, "DROP TRIGGER stubborn");
	assert_int_equal(status, 1);
	expect("stubborn", 5, ROWS " WHERE sync_status = 'Deleted Externally'");
	expect("stubborn", 2,
	       "SELECT COUNT(*) FROM mmsync_dead_letter WHERE external_id IS NULL OR "
	       "error_code = 'conflict'");
	race_check(&race, "stubborn");
	assert_int_equal(
		race_run(&race, "sync --integration cal1 --confirm-deletes --force-full", NULL),
		0);
	check_cleared_rows("stubborn", 8);
	race_is_quiet(&race, "stubborn");
}

/* All events under other ids, in small batches. */
static void
set_up_renamed_ids(void)
{
	race_begin(&race, 1, 8);
	race_configure(&race, "\"batch_rows\":2");
	if (race_run(&race, "sync", NULL) != 0)
		fail_msg("the first sync");
	race_feed(&race, 1, "f", 1, 8, "Old");
}

static void
check_renamed_ids(const char *when)
{
	expect(when, 8, ROWS);
	expect(when, 8, ROWS " WHERE sync_status = 'Synced' AND external_event_id LIKE 'f%'");
	expect(when, 2, ROWS " WHERE _comments = 'mine'");
}

static void
an_edit_while_ids_change_keeps_every_row_in_its_place(void **state)
{
	const struct meanwhile m = {
		.what = "an edit",
		.config = "\"batch_rows\":2",
		.set_up = set_up_renamed_ids,
		.sql = "UPDATE " TABLE " SET _comments = 'mine', modified = modified + "
		       "INTERVAL 30 SECOND WHERE "
		       "event_title IN ('Old 3', 'Old 6')",
		.check = check_renamed_ids,
		.every = 5,
	};

	(void)state;
	play(&m, check_renamed_ids);
}

/* ---- the integration ------------------------------------------------------------------------ */

static void
check_settings(const char *when)
{
	expect(when, 1,
	       "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE sync_future_days = 120"
	       " AND _comments = 'mine' AND modified = '2026-03-02 08:00:30'");
}

static void
check_settings_end(const char *when)
{
	check_settings(when);
	expect(when, 1,
	       "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE sync_status = "
	       "'Success' AND last_sync = '2026-03-02 08:00:00'");
	check_changed(when);
}

static void
settings_saved_in_the_desk_meanwhile_stay_as_they_were_saved(void **state)
{
	const struct meanwhile m = {
		.what = "settings",
		.set_up = change_feed,
		/* a form that was opened before the sync writes all its fields */
		.sql = "UPDATE `tabMM Calendar Integration` SET sync_future_days = 120,"
		       " _comments = 'mine', sync_status = 'Success', last_sync = NULL,"
		       " sync_error_log = NULL, modified = '2026-03-02 08:00:30'",
		.check = check_settings,
		.every = 7,
	};

	(void)state;
	play(&m, check_settings_end);
}

static void
check_office(const char *when)
{
	expect(when, 0, ROWS " WHERE calendar_integration <> 'office'");
	expect(when, 1, "SELECT COUNT(*) FROM mmsync_cursor WHERE name = 'office'");
	expect(when, 1, "SELECT COUNT(*) FROM mmsync_cursor");
	check_changed(when);
}

static void
check_no_orphans(const char *when)
{
	expect(when, 0, ROWS " WHERE calendar_integration <> 'office'");
}

static void
an_integration_renamed_meanwhile_leaves_no_row_under_its_old_name(void **state)
{
	const struct meanwhile m = {
		.what = "a rename",
		.set_up = change_feed,
		/* in Frappe's order: the document, then what links to it */
		.sql = "START TRANSACTION;"
		       "UPDATE `tabMM Calendar Integration` SET name = 'office' WHERE name = "
		       "'cal1';"
		       "UPDATE " TABLE
		       " SET calendar_integration = 'office' WHERE calendar_integration = "
		       "'cal1'; COMMIT",
		.check = check_no_orphans,
		.may_fail = true,
		.is_open = true,
		.every = 4,
	};

	(void)state;
	play(&m, check_office);
}

static void
check_no_new_orphans(const char *when)
{
	expect(when, 0,
	       "SELECT (SELECT COUNT(*) FROM " TABLE
	       ") - (SELECT value FROM tabSingles WHERE doctype = 'race')");
}

static void
an_integration_deleted_meanwhile_gets_no_more_rows(void **state)
{
	const struct meanwhile m = {
		.what = "a deletion",
		.set_up = change_feed,
		.sql = "START TRANSACTION;"
		       "DELETE FROM `tabMM Calendar Integration`;"
		       "INSERT INTO tabSingles (doctype, field, value) SELECT 'race', 'n', "
		       "COUNT(*) FROM " TABLE "; COMMIT",
		.check = check_no_new_orphans,
		.may_fail = true,
		.every = 7,
	};

	(void)state;
	play(&m, check_no_new_orphans);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			a_row_saved_in_the_desk_meanwhile_is_never_overwritten_unread,
			end_runs),
		cmocka_unit_test_teardown(
			rows_deleted_in_the_desk_meanwhile_come_back_once_while_their_event_is_there,
			end_runs),
		cmocka_unit_test_teardown(
			a_row_that_another_writer_makes_for_a_new_event_is_adopted, end_runs),
		cmocka_unit_test_teardown(
			names_that_another_writer_takes_meanwhile_are_left_to_it, end_runs),
		cmocka_unit_test_teardown(an_edit_during_a_sweep_keeps_no_row_that_is_gone,
					  end_runs),
		cmocka_unit_test_teardown(
			rows_that_can_never_be_changed_do_not_hold_the_others_up, end_runs),
		cmocka_unit_test_teardown(an_edit_while_ids_change_keeps_every_row_in_its_place,
					  end_runs),
		cmocka_unit_test_teardown(
			settings_saved_in_the_desk_meanwhile_stay_as_they_were_saved, end_runs),
		cmocka_unit_test_teardown(
			an_integration_renamed_meanwhile_leaves_no_row_under_its_old_name,
			end_runs),
		cmocka_unit_test_teardown(an_integration_deleted_meanwhile_gets_no_more_rows,
					  end_runs),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * Frappe's saves of whole rows beside syncs and pushes with busy blocks on: a form that was opened before a run began is saved at
 * each of its steps, and nothing of either side is lost (docs/reliability.md).
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/race.h"

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

/* ---- helpers -------------------------------------------------------------------------------- */

#define ANNS                                                                       \
	"person ann@example.com\n"                                                 \
	"integration work type=service calendar=ann@example.com primary=1 past=7 " \
	"future=30 expires=8640000\n"                                              \
	"integration home type=service calendar=home past=7 future=30 "            \
	"expires=8640000\n"                                                        \
	"config \"busy_blocks\":{\"enabled\":true}\n"                              \
	"at ann@example.com event lunch \"Lunch\" 2026-03-03T12:00:00Z "           \
	"2026-03-03T13:00:00Z\n"
#define BOOKING "booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z\n"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

static void
run_to_end(struct mms_test_run *run, const char *arguments, const char *allowed,
	   const char *when)
{
	race_start(&race, run, arguments, NULL);
	(void)race_finish(run);
	race_expect_status(run, allowed, when);
}

/* ---- Frappe's saves --------------------------------------------------------------------------------- */

/* A document in somebody's form, and what is changed in it there. */
struct form {
	const char *table, *name_is; /* which row: a condition */
	const char *column, *value;
};

/*
 * As frappe.model.document saves: the row is loaded, later every column is written as it was loaded, with what was typed;
 * but not where `modified` is another one by then.
 */
static void
open_form(const struct form *f)
{
	mms_test_sql(&world.server, "DROP TABLE IF EXISTS open_form");
	mms_test_sql(&world.server, "CREATE TABLE open_form AS SELECT * FROM `%s` WHERE %s",
		     f->table, f->name_is);
}

static void
make_save(const struct form *f, char *sql, size_t size)
{
	char *columns = mms_test_ask_text(
		&world.server,
		"SELECT GROUP_CONCAT('t.`', column_name, '` = ', IF(column_name = '%s', "
		"'''%s''',"
		" IF(column_name = 'modified', 'f.modified + INTERVAL 1 MINUTE', CONCAT('f.`', "
		"column_name, '`')))) FROM information_schema.columns WHERE table_schema = "
		"DATABASE() AND table_name = '%s' AND column_name <> 'name'",
		f->column, f->value, f->table);

	assert_non_null(columns);
	(void)snprintf(
		sql, size,
		"UPDATE `%s` t JOIN open_form f ON f.name = t.name SET %s WHERE t.modified = "
		"f.modified",
		f->table, columns);
	free(columns);
}

static bool
is_saved(const struct form *f)
{
	return mms_test_ask_i64(&world.server, "SELECT COUNT(*) FROM `%s` WHERE `%s` = '%s'",
				f->table, f->column, f->value) == 1;
}

/* While a run sleeps at every so manieth step the form, opened before it began, is saved. */
static int
saved_at_steps(const char *lines, const char *arguments, const struct form *f, long every,
	       void (*expect)(const char *when, bool was_saved))
{
	int n_saved = 0;

	race_begin_story(&race, "google", lines);
	long n_steps = race_n_steps(&race, arguments);
	for (long step = 1; step <= n_steps; step += race_stride(every)) {
		char fault[32], when[96], sql[8192];

		(void)snprintf(fault, sizeof fault, "pause:%ld", step);
		(void)snprintf(when, sizeof when, "%s: %s saved at step %ld of %ld", arguments,
			       f->table, step, n_steps);
		race_begin_story(&race, "google", lines);
		open_form(f);
		make_save(f, sql, sizeof sql);
		race_start(&race, &a, arguments, fault);
		if (!race_sleeps(&a))
			continue;
		(void)race_meddle(&race, &a, sql);
		bool was_saved = is_saved(f);
		n_saved += was_saved;
		(void)race_finish(&a);
		race_expect_status(&a, " 0 1 ", when);
		if (was_saved && !is_saved(f))
			fail_msg("%s: what was typed is gone", when);
		race_tell(&race, "advance 20m");
		run_to_end(&b, "sync", " 0 ", when);
		expect(when, was_saved);
	}
	mms_test_sql(&world.server, "DROP TABLE IF EXISTS open_form");
	return n_saved;
}

static void
expect_booking(const char *when, bool was_saved)
{
	race_tell(&race, "ours ann@example.com 1");
	race_tell(&race, "outside ann@example.com @B1 title=%s start=2026-03-05T10:00:00Z",
		  was_saved ? "Typed" : "Demo");
	/* Our notes in it are not lost by the save, or are made again. */
	if (ask("SELECT COUNT(*) FROM `tabMM Meeting Booking` b JOIN `tabMM Calendar Event "
		"Sync` e ON"
		" e.name = b.calendar_event WHERE b.calendar_event_synced = 1 AND "
		"e.meeting_booking = b.name AND e.sync_status = 'Synced'") != 1)
		fail_msg("%s: the booking has lost its event", when);
	race_tell(&race, "blocks home 2");
	race_is_quiet(&race, when);
}

static void
a_booking_that_a_form_saves_whole_loses_nothing_of_either(void **state)
{
	static const struct form form = { "tabMM Meeting Booking", "name = 'B1'",
					  "meeting_title", "Typed" };
	static const char lines[] =
		ANNS BOOKING "sync\nadvance 20m\n"
			     "rebook B1 start=2026-03-05T10:00:00Z end=2026-03-05T10:30:00Z\n";

	(void)state;
	assert_true(saved_at_steps(lines, "push --booking B1", &form, 9, expect_booking) > 0);
	assert_true(saved_at_steps(lines, "sync", &form, 31, expect_booking) > 0);
}

static void
expect_row(const char *when, bool was_saved)
{
	(void)was_saved;
	race_tell(&race, "row \"Lunch\" start_datetime=\"2026-03-03 14:00:00.000000\" "
			 "sync_status=Synced");
	race_tell(&race, "outside home %%lunch start=2026-03-03T14:00:00Z");
	race_tell(&race, "blocks home 1");
	race_is_quiet(&race, when);
}

static void
an_event_that_a_form_saves_whole_is_as_its_calendar_has_it(void **state)
{
	/* A column that no calendar has: what is typed there stays. */
	static const struct form form = { "tabMM Calendar Event Sync", "event_title = 'Lunch'",
					  "idx", "7" };
	static const char lines[] =
		ANNS "sync\nadvance 20m\n"
		     "at ann@example.com change lunch start=2026-03-03T14:00:00Z "
		     "end=2026-03-03T15:00:00Z\n";

	(void)state;
	assert_true(saved_at_steps(lines, "sync", &form, 29, expect_row) > 0);
}

static void
expect_integration(const char *when, bool was_saved)
{
	race_tell(&race, "outside home %%lunch start=2026-03-03T14:00:00Z");
	race_tell(&race, "blocks home 1");
	if (was_saved &&
	    ask("SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE name = 'home' AND "
		"sync_interval_minutes = 45 AND sync_status = 'Success'") != 1)
		fail_msg("%s: its setting, or its status, is lost", when);
	race_is_quiet(&race, when);
}

static void
an_integration_that_a_form_saves_whole_keeps_what_was_typed(void **state)
{
	static const struct form form = { "tabMM Calendar Integration", "name = 'home'",
					  "sync_interval_minutes", "45" };
	static const char lines[] =
		ANNS "sync\nadvance 20m\n"
		     "at ann@example.com change lunch start=2026-03-03T14:00:00Z "
		     "end=2026-03-03T15:00:00Z\n";

	(void)state;
	assert_true(saved_at_steps(lines, "sync", &form, 37, expect_integration) > 0);
}

#define RACE(test) cmocka_unit_test_teardown(test, end_runs)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		RACE(a_booking_that_a_form_saves_whole_loses_nothing_of_either),
		RACE(an_event_that_a_form_saves_whole_is_as_its_calendar_has_it),
		RACE(an_integration_that_a_form_saves_whole_keeps_what_was_typed),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

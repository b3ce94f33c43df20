/*
 * A calendar begins anew while others are at work: a sync that holds it, one that plans the same person's busy blocks, another
 * worker that takes its lease; what is damaged; and the question to whoever sits at the terminal (docs/reliability.md).
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/clock.h"
#include "support/race.h"
#include "support/terminal.h"

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

#define RESET "reset --integration home --confirm home"
#define ANNS                                                                       \
	"person ann@example.com\n"                                                 \
	"integration work type=service calendar=ann@example.com primary=1 past=7 " \
	"future=30 expires=8640000\n"                                              \
	"integration home type=service calendar=home past=7 future=30 "            \
	"expires=8640000\n"                                                        \
	"config \"busy_blocks\":{\"enabled\":true}\n"                              \
	"at ann@example.com event lunch \"Lunch\" 2026-03-03T12:00:00Z "           \
	"2026-03-03T13:00:00Z\n"                                                   \
	"at ann@example.com event tea \"Tea\" 2026-03-04T15:00:00Z "               \
	"2026-03-04T16:00:00Z\n"                                                   \
	"at home event nap \"Nap\" 2026-03-05T13:00:00Z 2026-03-05T14:00:00Z\n"    \
	"sync\nadvance 20m\n"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

/* Whatever came between, one sync later each event has its one block, and the person's own are untouched. */
static void
expect_world(const char *when)
{
	race_start(&race, &b, "sync", NULL);
	(void)race_finish(&b);
	race_expect_status(&b, " 0 ", when);
	race_tell(&race, "blocks ann@example.com 1");
	race_tell(&race, "outside home %%lunch start=2026-03-03T12:00:00Z");
	race_tell(&race, "outside home nap title=Nap");
	race_tell(&race, "rows 3 Synced");
	race_tell(&race, "advance 20m");
	race_start(&race, &b, "sync", NULL);
	(void)race_finish(&b);
	race_expect_status(&b, " 0 ", when);
	race_is_quiet(&race, when);
}

static int
at_steps(const char *service, long every, void (*act)(const char *when))
{
	int n = 0;

	race_begin_story(&race, service, ANNS);
	for (long step = 1, n_steps = race_n_steps(&race, RESET); step <= n_steps;
	     step += race_stride(every), n++) {
		char fault[32], when[80];

		(void)snprintf(fault, sizeof fault, "pause:%ld", step);
		(void)snprintf(when, sizeof when, "%s: asleep at step %ld of %ld", service,
			       step, n_steps);
		race_begin_story(&race, service, ANNS);
		race_start(&race, &a, RESET, fault);
		if (!race_sleeps(&a))
			continue;
		act(when);
	}
	return n;
}

/* ---- others at work ---------------------------------------------------------------------------- */

static void
a_reset_beside_a_sync_of_its_calendar_does_nothing(void **state)
{
	(void)state;
	race_begin_story(&race, "google", ANNS);
	race_start(&race, &a, "sync --integration home", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1,
			"SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL");
	race_start(&race, &b, RESET, NULL);
	assert_int_equal(race_finish(&b), 5);
	assert_int_equal(ask("SELECT COUNT(*) FROM mmsync_cursor WHERE sync_token IS NULL"), 0);
	race_tell(&race, "blocks home 2");
	assert_int_equal(race_finish(&a), 0);
	expect_world("after both");
}

static void
sync_beside(const char *when)
{
	/* Asleep it may hold all the places that the mailbox has. */
	race_beside(&race, &a, &b, "sync");
	race_expect_status(&b, " 0 1 5 ", when);
	if (a.pid != 0)
		(void)race_finish(&a);
	race_expect_status(&a, " 0 ", when);
	expect_world(when);
}

static void
a_sync_beside_a_reset_at_any_step_leaves_one_block_of_each(void **state)
{
	(void)state;
	assert_true(at_steps("google", 23, sync_beside) > 1 / race_stride(1));
	assert_true(at_steps("outlook", 29, sync_beside) > 1 / race_stride(1));
}

static int n_fenced, n_late;

/* Who stops in the very instant between asking and sending does send: nothing can be done about that. */
static void
take_over(const char *when)
{
	bool is_held = race_take_over(&race, &a, &b, "sync");

	race_expect_status(&b, " 0 5 ", when);
	fake_clear_log(&world.service);
	mms_clock_sleep_ms(1100); /* who slept so long asks before it sends */
	if (a.pid != 0)
		(void)race_finish(&a);
	race_expect_status(&a, " 0 1 5 ", when);
	n_fenced += is_held;
	if (is_held && scenario_service_writes(&race.scenario) > 0)
		n_late++;
	else
		expect_world(when);
}

static void
who_slept_over_a_reset_past_its_lease_harms_nothing(void **state)
{
	(void)state;
	n_fenced = n_late = 0;
	(void)at_steps("google", 17, take_over);
	assert_true(n_fenced > 0);
	assert_true(n_late <= 1);
}

/* ---- damage -------------------------------------------------------------------------------------- */

static void
a_block_that_points_to_a_persons_event_removes_nothing(void **state)
{
	(void)state;
	race_begin_story(&race, "google", ANNS);
	mms_test_sql(&world.server, "DELETE FROM mmsync_event_state WHERE external_id = 'nap'");
	mms_test_sql(&world.server,
		     "UPDATE mmsync_event_state SET external_id = 'nap', ext_key = "
		     "LEFT(UNHEX(SHA2('nap', 256)), 16) WHERE type = 3 AND integration_id = "
		     "(SELECT id FROM mmsync_cursor WHERE name = 'home') LIMIT 1");
	race_start(&race, &a, RESET, NULL);
	assert_int_equal(race_finish(&a), 1);
	char *kept = race_json(&a, "kept.0.external_event_id"),
	     *removed = race_json(&a, "busy_blocks.removed");
	assert_string_equal(kept, "nap");
	assert_string_equal(removed, "1");
	free(kept);
	free(removed);
	race_tell(&race, "outside home nap title=Nap");
}

/* ---- the question --------------------------------------------------------------------------------- */

static void
a_person_is_asked_for_the_name(void **state)
{
	static const struct {
		const char *typed, *says;
		int status;
		bool is_done;
	} rows[] = {
		{ "hom\n", "'hom' is not 'home'", 2, false },
		{ "\n", "'' is not 'home'", 2, false },
		{ "y\n", "'y' is not 'home'", 2, false },
		{ "home\n", "forgotten", 0, true },
	};
	const char *const env[] = { "MMSYNC_NOW=2026-03-02T08:20:00Z", "TERM=dumb", NULL };
	const char *const args[] = { "--site",        world.site_dir, "reset",
				     "--integration", "home",         NULL };

	(void)state;
	race_begin_story(&race, "google", ANNS);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		__attribute__((cleanup(terminal_run_release))) struct terminal_run run = {
			.typed = rows[i].typed
		};

		if (!terminal_program(&run, OUT_TERMINAL, env, args))
			skip();
		if (run.status != rows[i].status || strstr(run.out, rows[i].says) == NULL ||
		    strstr(run.out, "to be forgotten") == NULL ||
		    strstr(run.out, "Type the name") == NULL)
			fail_msg("'%s': exit %d: %s", rows[i].typed, run.status, run.out);
		assert_int_equal(
			ask("SELECT COUNT(*) FROM mmsync_cursor WHERE sync_token IS NULL"),
			rows[i].is_done);
	}
}

#define RACE(test) cmocka_unit_test_teardown(test, end_runs)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		RACE(a_reset_beside_a_sync_of_its_calendar_does_nothing),
		RACE(a_sync_beside_a_reset_at_any_step_leaves_one_block_of_each),
		RACE(who_slept_over_a_reset_past_its_lease_harms_nothing),
		RACE(a_block_that_points_to_a_persons_event_removes_nothing),
		RACE(a_person_is_asked_for_the_name),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

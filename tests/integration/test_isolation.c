/*
 * Bookings on their way out and back, busy blocks and resets on servers with other isolation (docs/reliability.md).
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

static void
run_to_end(struct mms_test_run *run, const char *arguments, const char *allowed,
	   const char *when)
{
	race_start(&race, run, arguments, NULL);
	(void)race_finish(run);
	race_expect_status(run, allowed, when);
}

/* What a person sees when all is done: one event of the booking, one block of each of both, and no more. */
static void
expect_world(const char *hour, const char *when)
{
	run_to_end(&b, "sync", " 0 ", when);
	race_tell(&race, "ours ann@example.com 1");
	race_tell(&race, "blocks home 2");
	race_tell(&race, "blocks ann@example.com 0");
	race_tell(&race, "outside home %%lunch start=2026-03-03T%s:00:00Z", hour);
	race_is_quiet(&race, when);
}

/* ---- other servers ----------------------------------------------------------------------------------- */

static void
play(struct world *in, const char *path, const char *service, const char *with)
{
	struct scenario s = { .world = in, .path = path, .service = service };

	if (scenario_play(&s) != 0)
		fail_msg("%s: %s", with, s.failure);
	scenario_release(&s);
}

/* Bookings out and back, blocks made, moved, deleted and of a booking, a reset. */
static void
play_stories(const char *const *args)
{
	static const char *const stories[] = { "98-torture-out", "99-torture-back",
					       "169-torture-blocks", "192-torture-reset" };
	struct world other = { .program = "" };

	world_start_with(&other, args);
	for (size_t i = 0; i < MMS_COUNT(stories); i++) {
		char path[96];

		(void)snprintf(path, sizeof path, "fixtures/scenarios/%s.scn", stories[i]);
		play(&other, path, i % 2 == 0 ? "google" : "outlook", args[0]);
	}
	world_stop(&other);
}

static void
bookings_and_blocks_hold_where_the_server_defaults_to_read_committed(void **state)
{
	static const char *const args[] = { "--transaction-isolation=READ-COMMITTED",
					    "--innodb-snapshot-isolation=ON", NULL };

	(void)state;
	play_stories(args);
}

static void
bookings_and_blocks_hold_with_snapshot_isolation_and_a_log_by_statement(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", "--log-bin",
					    "--binlog-format=STATEMENT", "--server-id=1",
					    NULL };

	(void)state;
	play_stories(args);
}

/* A push and a sync at the same steps, on a server where who reads an old row may not write it. */
static void
so_do_a_push_and_a_sync_at_once(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", "--log-bin",
					    "--binlog-format=STATEMENT", "--server-id=1",
					    NULL };
	struct world other = { .program = "" };

	(void)state;
	world_start_with(&other, args);
	race.world = &other;
	race_begin_story(&race, "google", ANNS BOOKING);
	long n_steps = race_n_steps(&race, "push --booking B1");
	for (long step = 1; step <= n_steps; step += race_stride(29)) {
		char fault[32], when[64];

		(void)snprintf(fault, sizeof fault, "pause:%ld", step);
		(void)snprintf(when, sizeof when, "asleep at step %ld of %ld", step, n_steps);
		race_begin_story(&race, "google", ANNS BOOKING);
		race_start(&race, &a, "push --booking B1", fault);
		if (!race_sleeps(&a))
			continue;
		race_beside(&race, &a, &b, "sync");
		race_expect_status(&b, " 0 5 ", when);
		if (a.pid != 0)
			(void)race_finish(&a);
		race_expect_status(&a, " 0 ", when);
		expect_world("12", when);
	}
	end_runs(state);
	world_stop(&other);
}

#define RACE(test) cmocka_unit_test_teardown(test, end_runs)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		RACE(bookings_and_blocks_hold_where_the_server_defaults_to_read_committed),
		RACE(bookings_and_blocks_hold_with_snapshot_isolation_and_a_log_by_statement),
		RACE(so_do_a_push_and_a_sync_at_once),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * audit --remote beside others: what changes in a calendar while it is compared, and is synced by somebody else at the same
 * time, is no finding, at whatever step of the comparison that was.
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

#define LINES                                                               \
	"person ann@example.com\n"                                          \
	"integration anns type=google user=ann@example.com primary=1\n"     \
	"at ann@example.com event lunch1 \"Lunch\" 2026-03-04T12:00:00Z "   \
	"2026-03-04T13:00:00Z\n"                                            \
	"at ann@example.com event swim1 \"Swimming\" 2026-03-06T08:00:00Z " \
	"2026-03-06T09:00:00Z\n"                                            \
	"sync\n"

static void
change_all(void)
{
	race_tell(&race, "at ann@example.com change lunch1 start=2026-03-04T12:15:00Z");
	race_tell(&race, "at ann@example.com delete swim1");
	race_tell(&race, "at ann@example.com event tea1 \"Tea\" 2026-03-07T15:00:00Z "
			 "2026-03-07T16:00:00Z");
}

static void
expect(const struct mms_test_run *run, const char *path, const char *want, const char *when)
{
	char *is = race_json(run, path);

	if (strcmp(is, want) != 0)
		fail_msg("%s: %s is %s, and not %s\n%s%s", when, path, is, want, run->out,
			 run->err);
	free(is);
}

/* Asleep at a step, the calendar changes; with a sync of somebody else, or without one. False: there is no such step. */
static bool
play(long step, bool with_sync)
{
	static const char *const counts[] = { "counts.remote_row_missing",
					      "counts.remote_differs", "counts.remote_gone",
					      "counts.remote_unread" };
	struct mms_test_run audit = { 0 }, other = { 0 };
	char fault[40], when[80];

	race_begin_story(&race, NULL, LINES);
	(void)snprintf(fault, sizeof fault, "pause:%ld", step);
	(void)snprintf(when, sizeof when, "asleep at step %ld, %s sync", step,
		       with_sync ? "a" : "no");
	race_start(&race, &audit, "audit --remote", fault);
	bool is_asleep = race_sleeps(&audit);
	if (is_asleep) {
		change_all();
		if (with_sync)
			race_beside(&race, &audit, &other, "sync");
		race_wake(&audit);
		assert_int_equal(race_finish(&audit), 0);
		for (size_t i = 0; i < MMS_COUNT(counts); i++)
			expect(&audit, counts[i], "absent", when);
		expect(&audit, "remote.compared", "1", when);
	} else {
		(void)race_finish(&audit);
	}
	mms_test_run_release(&audit);
	mms_test_run_release(&other);
	return is_asleep;
}

/* The tables are judged first: what is compared comes in the second half. There is one step between both listings at which it matters. */
static void
what_changes_meanwhile_is_no_finding(void **state)
{
	(void)state;
	race_begin_story(&race, NULL, LINES);
	long n = race_n_steps(&race, "audit --remote");
	assert_true(n > 20);
	assert_true(play(n / 2, false));
	for (long step = n / 2; step <= n; step++)
		assert_true(play(step, true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_meanwhile_is_no_finding),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

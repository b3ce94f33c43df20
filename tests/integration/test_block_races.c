/*
 * Busy blocks of one person, planned by two programs at once: what one has read is not what it commits any more. A
 * moment is a step between the reading of a plan and its commit, or one before what it is about is known.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "support/race.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_test_run a, b, c, d;
static const char *const services[] = { "google", "outlook" };
static enum mms_sabotage broken; /* the rule that a sleeper does not keep */

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
	mms_test_run_release(&d);
	broken = MMS_SABOTAGE_NONE;
	race_end(&race);
	race = (struct race){ .world = &world };
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

#define LUNCH                                       \
	"at ann@example.com event lunch \"Lunch\" " \
	"2026-03-03T12:00:00Z 2026-03-03T13:00:00Z\n"
#define ANNS                                                      \
	"person ann@example.com\n"                                \
	"integration work type=service calendar=ann@example.com " \
	"primary=1 past=7 future=30\n"                            \
	"integration home type=service calendar=home past=7 "     \
	"future=30\n"                                             \
	"config \"busy_blocks\":{\"enabled\":true}\n" LUNCH
#define MOVE(hour, end)                    \
	"at ann@example.com change lunch " \
	"start=2026-03-03T" hour ":00:00Z end=2026-03-03T" end ":00:00Z"
/* Its block is there, and is to follow it. */
#define MOVED ANNS "sync\n" MOVE("13", "14") "\n"

#define PLANS "SELECT SUM(blocks_no) FROM mmsync_cursor"
/* All calendars are read, what changed is to be planned, and nothing is held that others would wait for. */
#define IS_READ                                                                        \
	"SELECT (SELECT COUNT(*) FROM mmsync_block_due) > 0 AND (SELECT COUNT(*) FROM" \
	" mmsync_cursor WHERE lease_owner IS NOT NULL) + (SELECT COUNT(*) FROM"        \
	" mmsync_slot WHERE holder IS NOT NULL) = 0"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

/* It ended so, and said nothing of what the others' locks did to it. */
static void
expect_ended(const struct mms_test_run *run, const char *allowed, const char *when)
{
	race_expect_status(run, allowed, when);
	if (strstr(run->err, "eadlock") != NULL || strstr(run->out, "eadlock") != NULL)
		fail_msg("%s: it tells of a deadlock: %s%s", when, run->out, run->err);
}

static void
finish(struct mms_test_run *run, const char *allowed, const char *when)
{
	if (run->pid != 0)
		(void)race_finish(run);
	expect_ended(run, allowed, when);
}

/* One more run, after which there is one block, at that hour, and nothing is left to do. */
static void
expect_block_at(const char *hour, const char *when)
{
	race_start(&race, &b, "sync", NULL);
	finish(&b, " 0 ", when);
	race_tell(&race, "blocks home 1");
	race_tell(&race, "blocks ann@example.com 0");
	race_tell(&race, "outside home %%lunch start=2026-03-03T%s:00:00Z", hour);
	race_is_quiet(&race, when);
}

/*
 * At every so manieth step from where a sync has read all calendars to where its plan is committed: a site, the
 * sync asleep, then act(). Returns how often.
 */
static int
at_plan_steps(const char *service, const char *lines, long every, void (*act)(const char *when))
{
	bool is_over = false;
	int n = 0;

	for (long step = 1; !is_over; step += race_stride(every), n++) {
		char when[64];

		(void)snprintf(when, sizeof when, "%s: asleep at step %ld of a plan", service,
			       step);
		race_begin_story(&race, service, lines);
		int64_t before = ask("SELECT COALESCE((" PLANS "), 0)");
		if (broken != MMS_SABOTAGE_NONE)
			(void)setenv("MMSYNC_SABOTAGE", mms_fault_sabotage_name(broken), 1);
		race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
		(void)unsetenv("MMSYNC_SABOTAGE");
		race_step_until(&race, &a, 1, "%s", IS_READ);
		for (long i = 1; i < step && ask(PLANS) == before; i++) {
			race_wake(&a);
			if (!race_sleeps(&a))
				fail_msg("%s: it has ended", when);
		}
		is_over = ask(PLANS) != before;
		act(when);
	}
	return n;
}

/* ---- two at once ---------------------------------------------------------------------------- */

static const char *hour_after;

static void
sync_beside(const char *when)
{
	race_beside(&race, &a, &b, "sync");
	expect_ended(&b, " 0 5 ", when);
	finish(&a, " 0 ", when);
	expect_block_at(hour_after, when);
}

static void
who_plans_for_the_same_person_at_any_step_makes_one_block(void **state)
{
	(void)state;
	hour_after = "12";
	assert_true(at_plan_steps("google", ANNS, 6, sync_beside) > 1);
	hour_after = "13";
	assert_true(at_plan_steps("outlook", MOVED, 6, sync_beside) > 1);
}

/* What the sleeper has read is old by the time that it plans. */
static void
move_beside(const char *when)
{
	race_tell(&race, MOVE("16", "17"));
	sync_beside(when);
}

static void
a_source_that_moves_between_a_plan_and_its_commit_has_the_newest_block(void **state)
{
	(void)state;
	hour_after = "16";
	assert_true(at_plan_steps("google", MOVED, 5, move_beside) > 1);
	assert_true(at_plan_steps("outlook", ANNS, 6, move_beside) > 1);
}

static int n_harmed;

/* As above, and whether the block is where its event is. */
static void
count_harm(const char *when)
{
	race_tell(&race, MOVE("16", "17"));
	race_beside(&race, &a, &b, "sync");
	finish(&a, " 0 ", when);
	race_start(&race, &b, "sync", NULL);
	finish(&b, " 0 ", when);
	n_harmed +=
		ask("SELECT COUNT(*) FROM mmsync_busy_block WHERE start_ms <> "
		    "TIMESTAMPDIFF(SECOND, '1970-01-01', '2026-03-03 16:00:00') * 1000") > 0;
}

static void
who_plans_without_asking_for_others_undoes_a_newer_plan(void **state)
{
	(void)state;
	n_harmed = 0;
	broken = MMS_SABOTAGE_PLANS_UNTOUCHED;
	(void)at_plan_steps("google", MOVED, 4, count_harm);
	broken = MMS_SABOTAGE_NONE;
	assert_true(n_harmed > 0);
}

/* A push and a sync, each with what the other has changed. */
static void
push_beside(const char *when)
{
	race_tell(&race, "booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z");
	race_beside(&race, &a, &b, "push --booking B1");
	expect_ended(&b, " 0 ", when);
	finish(&a, " 0 ", when);
	race_start(&race, &b, "sync", NULL);
	finish(&b, " 0 ", when);
	race_tell(&race, "ours ann@example.com 1");
	race_tell(&race, "blocks home 2");
	race_tell(&race, "blocks ann@example.com 0");
	race_tell(&race, "outside home %%lunch start=2026-03-03T13:00:00Z");
	race_is_quiet(&race, when);
}

static void
a_push_beside_a_plan_loses_nothing_that_is_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(services); i++)
		assert_true(at_plan_steps(services[i], MOVED, 12, push_beside) > 1);
}

/* ---- many at once --------------------------------------------------------------------------- */

#define MANY 12

static void
begin_many(const char *service)
{
	race_begin_story(&race, service, ANNS "sync\n");
	for (int i = 0; i < MANY; i++)
		race_tell(&race,
			  "at ann@example.com event e%d \"Event %d\" "
			  "2026-03-%02dT10:00:00Z 2026-03-%02dT11:00:00Z",
			  i, i, 5 + i, 5 + i);
	race_tell(&race, "booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z");
}

static void
pushes_and_syncs_at_once_make_each_block_once(void **state)
{
	struct mms_test_run *const runs[] = { &a, &b, &c, &d };

	(void)state;
	for (size_t round = 0; round < MMS_COUNT(services); round++) {
		const char *service = services[round];

		begin_many(service);
		for (size_t i = 0; i < MMS_COUNT(runs); i++)
			race_start(&race, runs[i], i % 2 == 0 ? "sync" : "push --booking B1",
				   NULL);
		for (size_t i = 0; i < MMS_COUNT(runs); i++)
			finish(runs[i], " 0 5 ", service);
		race_start(&race, &a, "sync", NULL);
		finish(&a, " 0 ", service);
		race_tell(&race, "blocks home %d", MANY + 2);
		race_tell(&race, "blocks ann@example.com 0");
		race_tell(&race, "ours ann@example.com 1");
		race_is_quiet(&race, service);
	}
}

/* At each of its steps somebody else has just planned. */
static void
who_never_gets_to_plan_says_so_and_the_next_does(void **state)
{
	(void)state;
	race_begin_story(&race, "google", MOVED);
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	while (race_sleeps(&a)) {
		if (ask(IS_READ) == 1)
			mms_test_sql(&world.server,
				     "UPDATE mmsync_cursor SET blocks_no = blocks_no + 1");
		race_wake(&a);
	}
	finish(&a, " 1 ", "nobody lets it plan");
	if (strstr(a.out, "\"troubles\":[{\"name\":\"ann@example.com\",\"error\":{\"code\":"
			  "\"conflict\"") == NULL ||
	    strstr(a.out, "\"retryable\":true") == NULL)
		fail_msg("%s", a.out);
	expect_block_at("13", "alone again");
}

/* ---- other settings ------------------------------------------------------------------------- */

static void
who_still_believes_that_blocks_are_on_makes_none_that_stay(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(services); i++) {
		race_begin_story(&race, services[i], ANNS "sync\n");
		race_tell(&race, "at ann@example.com event late \"Late\" "
				 "2026-03-05T12:00:00Z 2026-03-05T13:00:00Z");
		race_start(&race, &a, "sync --integration work", RACE_AT_EVERY_STEP);
		race_step_until(&race, &a, 1,
				"SELECT COUNT(*) > 0 FROM mmsync_cursor WHERE lease_owner IS "
				"NOT NULL");
		race_tell(&race, "config \"busy_blocks\":{\"enabled\":false}");
		for (int n = 0; n < 2; n++) { /* until none is there any more */
			race_beside(&race, &a, &b, "sync");
			expect_ended(&b, " 0 5 ", services[i]);
		}
		race_tell(&race, "blocks home 0");
		finish(&a, " 0 ", services[i]);
		race_start(&race, &b, "sync", NULL);
		finish(&b, " 0 ", services[i]);
		race_tell(&race, "blocks home 0");
		race_is_quiet(&race, services[i]);
	}
}

#define RACE(test) cmocka_unit_test_teardown(test, end_runs)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		RACE(who_plans_for_the_same_person_at_any_step_makes_one_block),
		RACE(a_source_that_moves_between_a_plan_and_its_commit_has_the_newest_block),
		RACE(who_plans_without_asking_for_others_undoes_a_newer_plan),
		RACE(a_push_beside_a_plan_loses_nothing_that_is_due),
		RACE(pushes_and_syncs_at_once_make_each_block_once),
		RACE(who_never_gets_to_plan_says_so_and_the_next_does),
		RACE(who_still_believes_that_blocks_are_on_makes_none_that_stay),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

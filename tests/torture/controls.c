/*
 * Negative controls: the rules that crash safety rests on, each broken on purpose (mmsync/fault.h).
 * The same plays that pass a whole program must catch every one of them. docs/testing.md,
 * "Torture".
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/clock.h"
#include "support/program.h"
#include "support/stories.h"
#include "support/torment.h"

static struct world world;

static int
start(void **state)
{
	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000")) {
		print_message("this build has no fault points\n");
		return 0;
	}
	world_start(&world);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	if (world.program[0] != '\0')
		world_stop(&world);
	return 0;
}

/* ---- broken rules under faults -------------------------------------------------------------- */

/*
 * Where breaking a rule shows, in each play of that story: faults of that kind in that sync, "" for a story without
 * any.
 */
static const struct control {
	enum mms_sabotage what;
	const char *story;
	int sync_number;
	const char *kind;
	bool is_sticky;
} controls[] = {
	{ MMS_SABOTAGE_CURSOR_FIRST, "20-versions", 2, "step", false },
	{ MMS_SABOTAGE_DOUBT_DONE, "20-versions", 2, "commit-before", false },
	{ MMS_SABOTAGE_DOUBT_REDONE, "20-versions", 2, "commit-after", false },
	{ MMS_SABOTAGE_NAMES_REUSED, "20-versions", 1, "", false },
	{ MMS_SABOTAGE_NO_BUDGET, "05-deletion-budget", 2, "", false },
	{ MMS_SABOTAGE_ALWAYS_WRITES, "02-change-and-delete", 2, "", false },
	{ MMS_SABOTAGE_ALL_WELL, "02-change-and-delete", 1, "stmt-before", true },
	{ MMS_SABOTAGE_TORN_LISTING, "02-change-and-delete", 2, "request-before", true },
	{ MMS_SABOTAGE_ANNOUNCE_LATE, "98-torture-out", 1, "step", false },
	{ MMS_SABOTAGE_OUTBOX_FIRST, "98-torture-out", 1, "step", false },
	{ MMS_SABOTAGE_CREATE_ANEW, "98-torture-out", 1, "request-after", true },
	/* Outlook answers a create that is repeated with the event itself, or refuses it. */
	{ MMS_SABOTAGE_TAKEN_FAILS, "98-torture-out[google]", 1, "request-after", false },
	{ MMS_SABOTAGE_TAKEN_FAILS, "131-torture-outlook", 3, "", false },
	{ MMS_SABOTAGE_NO_IF_MATCH, "99-torture-back", 5, "", false },
	{ MMS_SABOTAGE_SENT_IS_BASE, "99-torture-back", 3, "", false },
	{ MMS_SABOTAGE_MARKS_UNASKED, "131-torture-outlook", 3, "", false },
	{ MMS_SABOTAGE_ID_UNSTORED, "131-torture-outlook", 1, "", false },
	{ MMS_SABOTAGE_TOKEN_UNSTORED, "131-torture-outlook", 4, "", false },
	{ MMS_SABOTAGE_ANNOUNCE_LATE, "169-torture-blocks[outlook]", 2, "commit-before", true },
	{ MMS_SABOTAGE_DUE_FIRST, "169-torture-blocks[google]", 2, "commit-before", false },
	{ MMS_SABOTAGE_DUE_KEPT, "169-torture-blocks[outlook]", 2, "", false },
	{ MMS_SABOTAGE_REMOVER_FORGOTTEN, "169-torture-blocks[google]", 2, "", false },
};

static enum mms_fault_kind
kind_of(const char *name)
{
	int k = 0;

	while (k < MMS_FAULT_KINDS && strcmp(mms_fault_name((enum mms_fault_kind)k), name) != 0)
		k++;
	return (enum mms_fault_kind)k;
}

/* Does the play with the n-th fault of that kind fail? */
static bool
is_caught(struct torment *t, const struct control *c, bool is_broken, long n, char *fault,
	  size_t size)
{
	if (c->kind[0] != '\0')
		(void)snprintf(fault, size, "%s:%ld%s", c->kind, n,
			       c->is_sticky ? ":sticky" : "");
	else
		(void)snprintf(fault, size, "alloc:1000000000");
	t->sabotage = is_broken ? mms_fault_sabotage_name(c->what) : NULL;
	return torment_play(t, (const char *const[]){ fault, NULL }) != 0;
}

/* One play of the control's story. */
static void
catch_in(const struct control *c, const struct story *story)
{
	char fault[64] = "";
	bool is_found = false;
	const char *path = story->path;
	struct torment t = { .world = &world,
			     .path = path,
			     .service = story->service,
			     .sync_number = c->sync_number };

	if (torment_measure(&t) != 0)
		fail_msg("%s", t.failure);
	long visits = c->kind[0] != '\0' ? t.visits[kind_of(c->kind)] : 1;
	assert_true(visits > 0);
	/* From the end: what is torn, is torn late. */
	for (long n = visits; n >= 1 && !is_found; n--)
		is_found = is_caught(&t, c, true, n, fault, sizeof fault);
	if (!is_found)
		fail_msg("'%s' is noticed by no %s in sync %d of %s",
			 mms_fault_sabotage_name(c->what), c->kind, c->sync_number,
			 story->name);
	print_message("# %s: %s: %s: %s\n", story->name, mms_fault_sabotage_name(c->what),
		      fault, t.failure);
	/* ... and it is the rule that was noticed, not the fault. */
	long n = strtol(fault + strcspn(fault, ":") + 1, NULL, 10);
	if (is_caught(&t, c, false, n, fault, sizeof fault))
		fail_msg("%s fails with the rule unbroken: %s", fault, t.failure);
	torment_release(&t);
}

static void
a_broken_rule_is_caught(void **state)
{
	const struct control *c = *state;
	struct stories stories;

	if (world.program[0] == '\0')
		skip();
	stories_find(&stories, c->story);
	assert_int_not_equal(stories.n, 0);
	for (size_t i = 0; i < stories.n; i++)
		catch_in(c, &stories.at[i]);
	stories_release(&stories);
}

/* ---- broken rules and somebody else --------------------------------------------------------- */

/* While a run sleeps at a step: does what somebody else could do then; false: is locked. */
struct meanwhile {
	const char *path;
	bool (*act)(struct mms_test_server *server, const char *sabotage);
	/* Is the database as it must be, after a run that ended with this status? */
	bool (*is_good)(struct mms_test_server *server, int status);
	int sync_number;
	int stride; /* each so manieth step: outward runs have many */
	bool has_acted, is_good_after;
};

/* Somebody saves the event that is about to change. */
static bool
edit(struct mms_test_server *server, const char *sabotage)
{
	(void)sabotage;
	char *name = mms_test_ask_text(
		server, "SELECT MAX(name) FROM `tabMM Calendar Event Sync` WHERE "
			"external_event_id = 'e2@example.com' FOR UPDATE SKIP LOCKED");
	bool is_free = name != NULL;

	if (is_free)
		mms_test_sql(server,
			     "SET STATEMENT innodb_lock_wait_timeout = 2 FOR UPDATE `tabMM "
			     "Calendar Event Sync` SET modified = modified + INTERVAL 1 SECOND "
			     "WHERE name = '%s'",
			     name);
	free(name);
	return is_free;
}

/* A run that says it went well has written the event's new time all the same. */
static bool
is_changed_if_well(struct mms_test_server *server, int status)
{
	return status != 0 ||
	       mms_test_ask_i64(server, "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` "
					"WHERE external_event_id = 'e2@example.com' AND "
					"start_datetime = '2026-03-03 10:00:00'") == 1;
}

/* Another worker takes the lease over; it has written everything, and one row of its own. */
static bool
take_over(struct mms_test_server *server, const char *sabotage)
{
	(void)sabotage;
	if (mms_test_ask_i64(server, "SELECT MAX(id) FROM mmsync_cursor FOR UPDATE SKIP "
				     "LOCKED") == 0)
		return false;
	mms_test_sql(server, "SET STATEMENT innodb_lock_wait_timeout = 2 FOR UPDATE "
			     "mmsync_cursor SET fence = fence + 1, lease_owner = "
			     "'another', lease_server = NULL, lease_until = UTC_TIMESTAMP(6) + "
			     "INTERVAL 60 SECOND, sync_token = CONCAT('taken over by ', "
			     "(SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE "
			     "start_datetime = '2026-03-03 10:00:00'))");
	return true;
}

/* Nothing was written behind its back. */
static bool
is_left_alone(struct mms_test_server *server, int status)
{
	(void)status;
	return mms_test_ask_i64(
		       server,
		       "SELECT COUNT(*) FROM mmsync_cursor WHERE sync_token = "
		       "CONCAT('taken over by ', (SELECT COUNT(*) FROM `tabMM Calendar "
		       "Event Sync` WHERE start_datetime = '2026-03-03 10:00:00'))") == 1;
}

/* Another worker takes the calendars over while events are brought up to date. */
#define VERSIONS "(SELECT GROUP_CONCAT(external_version ORDER BY uuid) FROM mmsync_event_state)"

static bool
take_calendars_over(struct mms_test_server *server, const char *sabotage)
{
	static const char *const tables[] = { "mmsync_cursor", "mmsync_event_state" };

	(void)sabotage;
	for (size_t i = 0; i < MMS_COUNT(tables); i++) {
		if (mms_test_ask_i64(server, "SELECT COUNT(*) FROM %s", tables[i]) !=
		    mms_test_ask_i64(server,
				     "SELECT COUNT(*) FROM (SELECT 1 FROM %s FOR UPDATE SKIP "
				     "LOCKED) t",
				     tables[i]))
			return false;
	}
	mms_test_sql(server, "SET STATEMENT innodb_lock_wait_timeout = 2 FOR UPDATE "
			     "mmsync_cursor SET fence = fence + 1, lease_owner = "
			     "'another', lease_server = NULL, lease_until = UTC_TIMESTAMP(6) + "
			     "INTERVAL 60 SECOND, sync_token = " VERSIONS);
	return true;
}

static bool
are_calendars_left_alone(struct mms_test_server *server, int status)
{
	(void)status;
	return mms_test_ask_i64(server, "SELECT COUNT(*) FROM mmsync_cursor WHERE NOT "
					"sync_token <=> " VERSIONS) == 0;
}

/* Somebody saves the booking whose event was moved outside. */
static bool
save_booking(struct mms_test_server *server, const char *sabotage)
{
	(void)sabotage;
	if (mms_test_ask_i64(server,
			     "SELECT COUNT(*) FROM (SELECT name FROM `tabMM Meeting "
			     "Booking` WHERE name = 'B1' FOR UPDATE SKIP LOCKED) t") == 0)
		return false;
	mms_test_sql(server, "SET STATEMENT innodb_lock_wait_timeout = 2 FOR UPDATE `tabMM "
			     "Meeting Booking` SET modified = modified + INTERVAL 1 SECOND, "
			     "meeting_title = 'Saved' WHERE name = 'B1'");
	return true;
}

static bool
is_booking_whole(struct mms_test_server *server, int status)
{
	return status != 0 ||
	       mms_test_ask_i64(server, "SELECT COUNT(*) FROM `tabMM Meeting Booking` WHERE "
					"name = 'B1' AND meeting_title = 'Saved' AND "
					"start_datetime = '2026-03-05 10:00:00'") == 1;
}

/* The hook's push and the sweep plan the same booking at once. */
static bool
plan_it_too(struct mms_test_server *server, const char *sabotage)
{
	struct mms_test_run run = { 0 };
	const char *const env[] = { "MMSYNC_NOW=2026-03-02T08:00:00Z",
				    sabotage != NULL ? "MMSYNC_SABOTAGE=random-uuid" : NULL,
				    NULL };
	const char *const args[] = { "--site",    world.site_dir, "push", "--json",
				     "--booking", "B1",           NULL };

	mms_clock_sleep_ms(120); /* INNODB_TRX is not made anew for who asks often */
	if (mms_test_ask_i64(server, "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE "
				     "trx_rows_locked > 0 OR trx_rows_modified > 0") != 0)
		return false;
	(void)mms_test_program(&run, env, args);
	mms_test_run_release(&run);
	return true;
}

static bool
is_in_each_calendar_once(struct mms_test_server *server, int status)
{
	(void)status;
	return mms_test_ask_i64(server, "SELECT COUNT(*) FROM (SELECT 1 FROM "
					"mmsync_event_state WHERE type = 2 AND status <> 5 "
					"GROUP BY integration_id, booking HAVING COUNT(*) > 1)"
					" t") == 0;
}

static bool
act_meanwhile(struct scenario *s, pid_t pid, void *aux)
{
	struct meanwhile *m = aux;

	(void)pid;
	m->has_acted = m->act(&s->world->server, s->sabotage);
	return true;
}

/* The story ends here. */
static bool
look_after(struct scenario *s, const char *fault, void *aux)
{
	struct meanwhile *m = aux;

	(void)fault;
	m->is_good_after = !m->has_acted || m->is_good(&s->world->server, s->exit_status);
	return scenario_fail(s, "enough");
}

/* At which step of sync 2 does it harm; 0: at none. *n_acted: at how many it was done. */
static long
find_harm(struct meanwhile *m, const char *sabotage, long *n_acted)
{
	bool is_slow = strstr(world.program, "/asan") != NULL ||
		       strstr(world.program, "/tsan") != NULL;
	long harm = 0, stride = m->stride * (is_slow && sabotage == NULL ? 4 : 1);

	*n_acted = 0;
	for (long n = 1; harm == 0; n += stride) {
		char fault[32];
		struct scenario s = { .world = &world,
				      .path = m->path,
				      .fault = { .sync_number = m->sync_number,
						 .texts = { fault } },
				      .is_brief = true,
				      .sabotage = sabotage,
				      .on_run = look_after,
				      .on_pause = act_meanwhile,
				      .aux = m };

		(void)snprintf(fault, sizeof fault, "pause:%ld", n);
		m->has_acted = false;
		m->is_good_after = false;
		(void)scenario_play(&s);
		bool is_over = scenario_count(&s, "pause") < n;
		if (strstr(s.failure, "enough") == NULL)
			fail_msg("%s: %s", fault, s.failure);
		scenario_release(&s);
		*n_acted += m->has_acted;
		if (!m->is_good_after)
			harm = n;
		if (is_over)
			break;
	}
	return harm;
}

static void
harms_only_when_broken(struct meanwhile *m, enum mms_sabotage what)
{
	const char *name = mms_fault_sabotage_name(what);
	long n_acted = 0, harm;

	if (world.program[0] == '\0')
		skip();
	harm = find_harm(m, NULL, &n_acted);
	if (harm != 0)
		fail_msg("at step %ld, with the rule unbroken", harm);
	assert_true(n_acted > 3);
	if (find_harm(m, name, &n_acted) == 0)
		fail_msg("'%s' is noticed at no step", name);
}

static void
an_edit_at_any_step_is_not_passed_over(void **state)
{
	struct meanwhile m = { .path = "fixtures/scenarios/20-versions.scn",
			       .sync_number = 2,
			       .stride = 1,
			       .act = edit,
			       .is_good = is_changed_if_well };

	(void)state;
	harms_only_when_broken(&m, MMS_SABOTAGE_NO_GUARD);
}

static void
who_lost_the_lease_at_any_step_writes_no_more(void **state)
{
	struct meanwhile m = { .path = "fixtures/scenarios/20-versions.scn",
			       .sync_number = 2,
			       .stride = 1,
			       .act = take_over,
			       .is_good = is_left_alone };

	(void)state;
	harms_only_when_broken(&m, MMS_SABOTAGE_NO_TOUCH);
}

static void
who_lost_the_lease_while_it_sent_settles_nothing(void **state)
{
	struct meanwhile m = { .path = "fixtures/scenarios/98-torture-out.scn",
			       .sync_number = 3,
			       .stride = 3,
			       .act = take_calendars_over,
			       .is_good = are_calendars_left_alone };

	(void)state;
	harms_only_when_broken(&m, MMS_SABOTAGE_NO_TOUCH);
}

static void
a_booking_saved_at_any_step_is_not_passed_over(void **state)
{
	struct meanwhile m = { .path = "fixtures/scenarios/99-torture-back.scn",
			       .sync_number = 3,
			       .stride = 3,
			       .act = save_booking,
			       .is_good = is_booking_whole };

	(void)state;
	harms_only_when_broken(&m, MMS_SABOTAGE_BOOKING_LOST);
}

static void
who_plans_a_booking_at_any_step_makes_no_second_event(void **state)
{
	struct meanwhile m = { .path = "fixtures/scenarios/98-torture-out.scn",
			       .sync_number = 1,
			       .stride = 3,
			       .act = plan_it_too,
			       .is_good = is_in_each_calendar_once };

	(void)state;
	harms_only_when_broken(&m, MMS_SABOTAGE_RANDOM_UUID);
}

static void
every_rule_has_its_control(void **state)
{
	bool has[MMS_SABOTAGES] = { [MMS_SABOTAGE_NONE] = true,
				    [MMS_SABOTAGE_NO_GUARD] = true,
				    [MMS_SABOTAGE_NO_TOUCH] = true,
				    [MMS_SABOTAGE_BOOKING_LOST] = true,
				    [MMS_SABOTAGE_RANDOM_UUID] = true,
				    /* tests/integration/test_block_races.c */
				    [MMS_SABOTAGE_PLANS_UNTOUCHED] = true,
				    /* tests/integration/test_inconsistent.c */
				    [MMS_SABOTAGE_STATE_LOST] = true,
				    [MMS_SABOTAGE_STATE_ASTRAY] = true,
				    [MMS_SABOTAGE_COUNT_LOST] = true,
				    /* tests/integration/test_together.c */
				    [MMS_SABOTAGE_LEASE_TRUSTED] = true };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(controls); i++)
		has[controls[i].what] = true;
	for (int i = 0; i < MMS_SABOTAGES; i++) {
		if (!has[i])
			fail_msg("no control for '%s'",
				 mms_fault_sabotage_name((enum mms_sabotage)i));
	}
}

int
main(int argc, char **argv)
{
	/* A build with sanitizers looks at memory: that rules have teeth the other one shows. */
	bool is_slow = argc > 0 &&
		       (strstr(argv[0], "/asan") != NULL || strstr(argv[0], "/tsan") != NULL);
	const char *stride = getenv("MMS_STRIDE"); /* not all of them in make test */
	size_t n = is_slow ? 2 : 6, step = is_slow ? 4 : stride != NULL ? 2 : 1;
	struct CMUnitTest tests[MMS_COUNT(controls) + 6] = {
		cmocka_unit_test(every_rule_has_its_control),
		cmocka_unit_test(an_edit_at_any_step_is_not_passed_over),
		cmocka_unit_test(who_lost_the_lease_at_any_step_writes_no_more),
		cmocka_unit_test(who_lost_the_lease_while_it_sent_settles_nothing),
		cmocka_unit_test(a_booking_saved_at_any_step_is_not_passed_over),
		cmocka_unit_test(who_plans_a_booking_at_any_step_makes_no_second_event),
	};

	for (size_t i = 0; i < MMS_COUNT(controls); i += step)
		tests[n++] = (struct CMUnitTest){
			.name = mms_fault_sabotage_name(controls[i].what),
			.test_func = a_broken_rule_is_caught,
			.initial_state = (void *)(uintptr_t)&controls[i],
		};
	return _cmocka_run_group_tests("controls", tests, n, start, stop);
}

/*
 * failures retry, failures discard and event sync beside a running sync, killed at every step, and
 * with things that fail: with the program itself.
 */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "mmsync/clock.h"
#include "mmsync/fault.h"
#include "support/race.h"

static struct world world;
static struct race race = { .world = &world };
static struct mms_test_run a, b;
static bool is_slow; /* a build with sanitizers: every few steps only */

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	is_slow = strstr(world.program, "/asan") != NULL ||
		  strstr(world.program, "/tsan") != NULL;
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

#define LETTERS "SELECT COUNT(*) FROM mmsync_dead_letter"
#define LEASES  "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL"

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

static void
expect(const char *when, int64_t want, const char *sql)
{
	int64_t is = ask(sql);

	if (is != want)
		fail_msg("%s: %lld, not %lld: %s\n%s%s\n%s%s", when, (long long)is,
			 (long long)want, sql, a.out != NULL ? a.out : "",
			 a.err != NULL ? a.err : "", b.out != NULL ? b.out : "",
			 b.err != NULL ? b.err : "");
}

static const char *
at(const char *kind, long n)
{
	static char text[40];

	(void)snprintf(text, sizeof text, "%s:%ld", kind, n);
	return text;
}

/* Three events; the second has this title and start. */
static void
put_feed(const char *title, const char *start)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//letters//EN\r\n");
	for (int i = 1; i <= 3; i++)
		mms_str_addf(&text,
			     "BEGIN:VEVENT\r\nUID:e%d@example.com\r\nSUMMARY:%s\r\n"
			     "DTSTART:%s\r\nEND:VEVENT\r\n",
			     i, i == 2 ? title : "Event", i == 2 ? start : "20260303T090000Z");
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&world.feeds, "cal1.ics", mms_str_get(&text));
}

/* Three events, of which the second cannot be read. */
static void
write_feed(bool is_readable)
{
	put_feed("Event 2", is_readable ? "20260303T090000Z" : "tomorrow");
}

/* One integration with one letter, id 9, as after so many syncs; five are the most. */
static void
begin_with_letter(int n_syncs)
{
	race_begin(&race, 1, 1);
	write_feed(false);
	assert_int_equal(race_run(&race, "sync", NULL), 1);
	mms_test_sql(&world.server, "UPDATE mmsync_dead_letter SET id = 9, attempts = %d",
		     n_syncs);
}

static int
finish(struct mms_test_run *run)
{
	int status = race_finish(run);

	if (status != 0 && status != 1 && status != 4 && status != 5 && status != 70 &&
	    status != 128 + SIGKILL)
		fail_msg("it ended with %d: %s%s", status, run->out, run->err);
	return status;
}

static int
run_b(const char *arguments)
{
	race_start(&race, &b, arguments, NULL);
	return finish(&b);
}

/*
 * Run it beside a sleeper. What waits for a lock of the sleeper for a while is taken to need it:
 * then that one is woken.
 */
static int
run_beside(const char *arguments, struct mms_test_run *sleeper)
{
	int64_t until = mms_clock_mono_ms() + 400;
	siginfo_t info = { 0 };

	race_start(&race, &b, arguments, NULL);
	while (info.si_pid == 0 && mms_clock_mono_ms() < until) {
		mms_clock_sleep_ms(2);
		(void)waitid(P_PID, (id_t)b.pid, &info, WEXITED | WNOWAIT | WNOHANG);
	}
	if (info.si_pid == 0)
		race_wake(sleeper);
	return finish(&b);
}

/* ---- beside a running sync ------------------------------------------------------------------ */

/*
 * A sync that is about to give an event up sleeps at each of its steps; somebody asks for a retry
 * then. Whatever the sync writes afterwards, the event is not given up.
 */
static void
a_retry_beside_a_running_sync_is_not_lost(void **state)
{
	int n_queued = 0, n_tried = 0;

	(void)state;
	begin_with_letter(4);
	race_start(&race, &a, "sync", NULL);
	assert_int_equal(finish(&a), 1);
	assert_int_equal(ask(LETTERS " WHERE given_up = 1"), 1);
	long n_steps = scenario_count(&race.scenario, "step");
	assert_true(n_steps > 10);
	for (long n = 1; n <= n_steps; n += is_slow ? 8 : 2) {
		const char *when = at("pause", n);

		begin_with_letter(4);
		race_start(&race, &a, "sync", when);
		assert_true(race_sleeps(&a));
		int status = run_beside("failures retry 9", &a);
		char *said = race_json(&b, "failures.0.status");
		if (strcmp(said, "queued") == 0 && status == 0)
			n_queued++;
		else if (strcmp(said, "failed") == 0 && status == 1)
			n_tried++;
		else
			fail_msg("%s: %s, exit %d: %s%s", when, said, status, b.out, b.err);
		free(said);
		(void)finish(&a);
		expect(when, 0, LETTERS " WHERE given_up <> 0");
		expect(when, 1, LETTERS " WHERE attempts <= 2");
		write_feed(true);
		assert_int_equal(run_b("sync"), 0);
		expect(when, 0, LETTERS);
		race_is_quiet(&race, when);
	}
	assert_true(n_queued > 3 || is_slow);
	assert_true(n_tried > 0);
}

/* A sync that fails the event again does not undo what a person has decided meanwhile. */
static void
a_discard_beside_a_running_sync_holds(void **state)
{
	(void)state;
	begin_with_letter(1);
	assert_int_equal(race_run(&race, "sync", NULL), 1);
	long n_steps = scenario_count(&race.scenario, "step");
	for (long n = 1; n <= n_steps; n += is_slow ? 8 : 2) {
		const char *when = at("pause", n);

		begin_with_letter(1);
		race_start(&race, &a, "sync", when);
		assert_true(race_sleeps(&a));
		assert_int_equal(run_beside("failures discard 9", &a), 0);
		(void)finish(&a);
		expect(when, 1, LETTERS " WHERE given_up = 2");
		assert_int_equal(run_b("sync"), 0);
		expect(when, 0,
		       "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE "
		       "sync_error_log IS NOT NULL OR sync_status <> 'Success'");
		race_is_quiet(&race, when);
	}
}

/* ... unless the event is another by now: then it is a new failure, with one try. */
static void
a_discard_beside_a_sync_of_other_content_is_no_end_of_it(void **state)
{
	int n_open = 0;

	(void)state;
	begin_with_letter(4);
	put_feed("Event 2, changed", "yesterday");
	race_start(&race, &a, "sync", NULL);
	assert_int_equal(finish(&a), 1);
	assert_int_equal(ask(LETTERS " WHERE given_up = 1"), 1);
	long n_steps = scenario_count(&race.scenario, "step");
	for (long n = 1; n <= n_steps; n += is_slow ? 8 : 2) {
		const char *when = at("pause", n);

		begin_with_letter(4);
		put_feed("Event 2, changed", "yesterday");
		race_start(&race, &a, "sync", when);
		assert_true(race_sleeps(&a));
		assert_int_equal(run_beside("failures discard 9", &a), 0);
		(void)finish(&a);
		/* Before its write: that is about other content. After it: that is discarded. */
		expect(when, 1,
		       LETTERS " WHERE given_up = 2 OR (given_up = 0 AND attempts = 1)");
		n_open += ask(LETTERS " WHERE given_up = 0") == 1;
	}
	assert_true(n_open > 0);
}

/* A retry sleeps at each of its steps while a sync runs: the event is stored once, by one of them. */
static void
a_sync_beside_a_retry_stores_it_once(void **state)
{
	(void)state;
	begin_with_letter(1);
	write_feed(true);
	assert_int_equal(race_run(&race, "failures retry --all", NULL), 0);
	long n_steps = scenario_count(&race.scenario, "step");
	for (long n = 1; n <= n_steps; n += is_slow ? 8 : 2) {
		const char *when = at("pause", n);

		begin_with_letter(1);
		write_feed(true);
		race_start(&race, &a, "failures retry --all", when);
		assert_true(race_sleeps(&a));
		int status = run_beside("sync", &a);
		assert_true(status == 0 || status == 5);
		assert_int_equal(finish(&a), 0);
		expect(when, 0, LETTERS);
		expect(when, 3,
		       "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE sync_status = "
		       "'Synced'");
		race_is_quiet(&race, when);
	}
}

/* ---- one event ------------------------------------------------------------------------------ */

#define ONE "event sync ROW2"

/* Three events in step; all of them change; the second row is ROW2. */
static void
begin_changed(void)
{
	race_begin(&race, 1, 3);
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	mms_test_sql(&world.server,
		     "UPDATE mmsync_event_state SET row_name = 'ROW2' WHERE external_id = "
		     "'e2@example.com'; UPDATE `tabMM Calendar Event Sync` SET name = 'ROW2' "
		     "WHERE external_event_id = 'e2@example.com'");
	race_feed(&race, 1, "e", 1, 3, "New");
}

/* The lease of the sleeper has run out; not while it holds the row of it. */
static bool
let_lease_run_out(void)
{
	if (ask("SELECT COUNT(*) FROM mmsync_cursor FOR UPDATE SKIP LOCKED") == 0)
		return false;
	mms_test_sql(&world.server,
		     "UPDATE mmsync_cursor SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 10 "
		     "SECOND WHERE lease_owner IS NOT NULL");
	return true;
}

static void
an_event_whose_integration_is_held_is_left_to_the_other(void **state)
{
	(void)state;
	begin_changed();
	race_start(&race, &a, "sync", RACE_AT_EVERY_STEP);
	race_step_until(&race, &a, 1, LEASES);
	assert_int_equal(run_b(ONE), 5);
	char *code = race_json(&b, "error.code");
	assert_string_equal(code, "held");
	free(code);
	assert_int_equal(finish(&a), 0);
	race_is_quiet(&race, "after the other");
}

static void
who_slept_over_one_event_past_its_lease_writes_nothing_more(void **state)
{
	MMS_AUTO(mms_str) before = { 0 };
	MMS_AUTO(mms_str) after = { 0 };
	int n_fenced = 0;

	(void)state;
	begin_changed();
	long n_steps = race_n_steps(&race, ONE);
	for (long n = 1; n <= n_steps; n += is_slow ? 8 : 2) {
		const char *when = at("pause", n);

		begin_changed();
		race_start(&race, &a, ONE, when);
		assert_true(race_sleeps(&a));
		bool is_held = ask(LEASES) > 0;
		if (is_held && let_lease_run_out()) {
			assert_int_equal(run_b("sync"), 0);
			race_state(&race, true, &before);
			int status = finish(&a);
			race_state(&race, true, &after);
			if (status != 0 && status != 1 && status != 5)
				fail_msg("%s: it ended with %d: %s%s", when, status, a.out,
					 a.err);
			if (strcmp(mms_str_get(&before), mms_str_get(&after)) != 0)
				fail_msg("%s: there is\n%s\nand not\n%s", when,
					 mms_str_get(&after), mms_str_get(&before));
			n_fenced++;
		} else {
			assert_int_equal(finish(&a), 0);
		}
		assert_int_equal(run_b("sync"), 0);
		race_is_quiet(&race, when);
	}
	assert_true(n_fenced > 3 || is_slow);
}

static void
a_row_that_is_deleted_meanwhile_is_an_answer(void **state)
{
	(void)state;
	begin_changed();
	long n_steps = race_n_steps(&race, ONE);
	for (long n = 1; n <= n_steps; n += is_slow ? 8 : 4) {
		const char *when = at("pause", n);

		begin_changed();
		race_start(&race, &a, ONE, when);
		assert_true(race_sleeps(&a));
		(void)race_meddle(&race, &a,
				  "DELETE FROM `tabMM Calendar Event Sync` WHERE name = "
				  "'ROW2'");
		int status = race_finish(&a);
		if (status > 2)
			fail_msg("%s: it ended with %d: %s%s", when, status, a.out, a.err);
		assert_int_equal(run_b("sync"), 0);
		race_is_quiet(&race, when);
	}
}

/* ---- killed, and with faults ---------------------------------------------------------------- */

static void
begin_letter_mended(void)
{
	begin_with_letter(1);
	write_feed(true);
}

static void
begin_letter(void)
{
	begin_with_letter(1);
}

static const struct command {
	const char *arguments;
	void (*begin)(void);
	bool only_reads;
} commands[] = {
	{ ONE, begin_changed, false },
	{ "failures retry --all", begin_letter_mended, false },
	{ "failures discard 9", begin_letter, false },
	{ "failures list --all", begin_letter, true },
	{ "failures show 9", begin_letter, true },
	{ "booking status B1", begin_changed, true },
};

static void
begin_command(const struct command *c)
{
	c->begin();
	mms_test_sql(&world.server,
		     "DELETE FROM `tabMM Meeting Booking`; INSERT INTO `tabMM Meeting Booking` "
		     "(name, creation, modified, calendar_event) VALUES ('B1', '2026-01-01', "
		     "'2026-01-01', "
		     "(SELECT MAX(name) FROM `tabMM Calendar Event Sync`))");
}

static void
state_of(struct mms_str *out)
{
	MMS_AUTO(mms_str) rows = { 0 };

	race_state(&race, false, &rows);
	mms_str_clear(out);
	mms_str_addf(out, "%s%lld discarded", mms_str_get(&rows),
		     (long long)ask(LETTERS " WHERE given_up = 2"));
}

/* Run with a fault, then whole: what is left is what the whole one alone leaves. */
static void
play(const struct command *c, const char *fault, const struct mms_str *want)
{
	MMS_AUTO(mms_str) is = { 0 };
	bool may_die = strncmp(fault, "step", 4) == 0;

	begin_command(c);
	race_start(&race, &a, c->arguments, fault);
	int status = finish(&a);
	if (status == 128 + SIGKILL && !may_die)
		fail_msg("mmsync %s with %s was killed", c->arguments, fault);
	race_start(&race, &b, c->arguments, NULL);
	if (finish(&b) != 0)
		fail_msg("after %s: mmsync %s ended with %d: %s%s", fault, c->arguments,
			 b.status, b.out, b.err);
	state_of(&is);
	if (strcmp(mms_str_get(&is), mms_str_get(want)) != 0)
		fail_msg("mmsync %s with %s leaves\n%s\nand not\n%s", c->arguments, fault,
			 mms_str_get(&is), mms_str_get(want));
	race_check(&race, fault);
}

static void
a_command_that_is_killed_or_fails_is_done_by_the_next(void **state)
{
	static const struct {
		enum mms_fault_kind kind;
		long most; /* plays of it, evenly spread */
	} kinds[] = {
		{ MMS_FAULT_STEP, 1000 },      { MMS_FAULT_COMMIT_BEFORE, 3 },
		{ MMS_FAULT_COMMIT_AFTER, 3 }, { MMS_FAULT_STMT_BEFORE, 10 },
		{ MMS_FAULT_STMT_AFTER, 10 },  { MMS_FAULT_REQUEST_BEFORE, 2 },
		{ MMS_FAULT_CONNECT, 2 },      { MMS_FAULT_PREPARE, 3 },
		{ MMS_FAULT_FETCH, 4 },        { MMS_FAULT_ALLOC, 10 },
	};
	const struct command *c = *state;

	MMS_AUTO(mms_str) want = { 0 };

	begin_command(c);
	assert_int_equal(race_run(&race, c->arguments, NULL), 0);
	state_of(&want);
	long visits[MMS_COUNT(kinds)];
	for (size_t k = 0; k < MMS_COUNT(kinds); k++)
		visits[k] = scenario_count(&race.scenario, mms_fault_name(kinds[k].kind));
	for (size_t k = 0; k < MMS_COUNT(kinds); k++) {
		long stride = (visits[k] + kinds[k].most - 1) / kinds[k].most;

		/* Who only reads leaves nothing half done. */
		if (c->only_reads && kinds[k].kind == MMS_FAULT_STEP)
			continue;
		for (long n = 1; n <= visits[k]; n += is_slow ? 4 * stride : stride) {
			play(c, at(mms_fault_name(kinds[k].kind), n), &want);
			mms_test_run_release(&a);
			mms_test_run_release(&b);
		}
	}
}

int
main(void)
{
	struct CMUnitTest tests[6 + MMS_COUNT(commands)] = {
		cmocka_unit_test_teardown(a_retry_beside_a_running_sync_is_not_lost, end_runs),
		cmocka_unit_test_teardown(a_discard_beside_a_running_sync_holds, end_runs),
		cmocka_unit_test_teardown(
			a_discard_beside_a_sync_of_other_content_is_no_end_of_it, end_runs),
		cmocka_unit_test_teardown(a_sync_beside_a_retry_stores_it_once, end_runs),
		cmocka_unit_test_teardown(
			an_event_whose_integration_is_held_is_left_to_the_other, end_runs),
		cmocka_unit_test_teardown(
			who_slept_over_one_event_past_its_lease_writes_nothing_more, end_runs),
		cmocka_unit_test_teardown(a_row_that_is_deleted_meanwhile_is_an_answer,
					  end_runs),
	};

	if (!mms_fault_arm_text("alloc:1000000000")) {
		print_message("1..1\nok 1 # SKIP this build has no fault points\n");
		return 0;
	}
	for (size_t i = 0; i < MMS_COUNT(commands); i++)
		tests[6 + i] = (struct CMUnitTest){
			.name = commands[i].arguments,
			.test_func = a_command_that_is_killed_or_fails_is_done_by_the_next,
			.teardown_func = end_runs,
			.initial_state = (void *)(uintptr_t)&commands[i],
		};
	return _cmocka_run_group_tests("letters", tests, MMS_COUNT(tests), start, stop);
}

/*
 * The soak: weeks of a town (support/town.h) on a clock that is told, with edits on both sides, faults, kills, and several programs at
 * once. Now and then all comes to rest and is judged; at the end nothing has grown but what lives, and the audit finds nothing.
 *
 * MMS_SOAK_MINUTES=N (3), MMS_SOAK_PEOPLE=N (67: 201 calendars), MMS_SEED=N (of the time): told at its begin. What programs
 * at once make of a seed is not the same twice; what people and faults do is.
 */
#include "support/unit.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "mmsync/clock.h"
#include "mmsync/timetext.h"
#include "support/gfake.h"
#include "support/town_judge.h"

#define MINUTES  3
#define PEOPLE   67
#define BEATS    10 /* from one rest to the next */
#define JOBS     4
#define RESTS    2000
#define GROWTH   110 /* percent, that memory may differ by from the first quarter to the last */
#define LEEWAY   2048 /* kB */
#define STATUSES " 0 1 4 5 6 70 137 143 "

static struct world world;
static struct town town;

/* What was done, and how it was at each rest. */
static struct soak {
	uint64_t seed;
	int64_t began_mono_ms, until_mono_ms, began_now_ms;
	unsigned n_runs, n_faults, n_kills, n_troubles, n_outages, n_statuses[256];
	size_t n_rests;
	long peaks_kb[RESTS];
	struct town_count count;
	char temp_dir[128];
} soak;

static unsigned
any(unsigned n)
{
	return walk_any(&town.w, n);
}

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	/* What the program leaves behind would be seen here. */
	temp_dir_make(soak.temp_dir, sizeof soak.temp_dir);
	(void)setenv("TMPDIR", soak.temp_dir, 1);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	town_release(&town);
	temp_dir_remove(soak.temp_dir);
	world_stop(&world);
	return 0;
}

/* ---- a beat -------------------------------------------------------------------------------------------- */

/* A fault of the program itself, or none. */
static void
choose_fault(struct town_job *job)
{
	static const struct {
		const char *kind;
		unsigned most;
	} kinds[] = { { "step", 2000 },        { "step", 200 },         { "stmt-before", 600 },
		      { "stmt-after", 600 },   { "commit-before", 60 }, { "commit-after", 60 },
		      { "request-after", 60 }, { "alloc", 40000 },      { "fetch", 200 },
		      { "connect", 6 } };
	unsigned kind = any(MMS_COUNT(kinds)), n = 1 + any(kinds[kind].most);

	job->fault[0] = '\0';
	if (any(3) != 0)
		return;
	soak.n_faults++;
	(void)snprintf(job->fault, sizeof job->fault, "%s:%u", kinds[kind].kind, n);
}

static void
choose_job(struct town_job *job)
{
	char email[TOWN_NAME];
	unsigned dice = any(8);

	*job = (struct town_job){ .arguments = "sync --due" };
	if (dice < 1)
		(void)snprintf(job->arguments, sizeof job->arguments, "sync --user %s",
			       town_email(1 + any(town.n_people), email));
	else if (dice < 3)
		(void)snprintf(job->arguments, sizeof job->arguments, "push --pending");
	else if (dice < 5 && town.touched != 0)
		(void)snprintf(job->arguments, sizeof job->arguments, "push --booking B%u",
			       town.touched);
	choose_fault(job);
}

/* A feed that behaves badly; until the next rest. */
static void
spoil_feed(void)
{
	static const char *const confs[] = { "status 503\n",  "truncate 100\n", "html\n",
					     "drop before\n", "status 404\n",   "drop after\n",
					     "gzip\n" };
	char feed[TOWN_NAME];

	fake_conf(&world.feeds, town_feed(1 + any(town.n_people), feed),
		  walk_any_of(&town.w, confs, MMS_COUNT(confs)));
}

static void
beat(void)
{
	struct town_job jobs[JOBS];
	unsigned n_edits = 5 + any(town.n_people / 2 + 5), n_jobs = 1 + any(JOBS);

	for (unsigned i = 0; i < n_edits; i++)
		town_edit(&town);
	if (any(3) == 0) {
		soak.n_troubles++;
		habit_make_trouble(&town.w);
		spoil_feed();
	}
	town_advance(&town, 20 + any(400));
	for (unsigned i = 0; i < n_jobs; i++) {
		choose_job(&jobs[i]);
		town_start(&town, &jobs[i]);
	}
	if (any(6) == 0) { /* kill -9, or the end of a service's time */
		mms_clock_sleep_ms(1 + any(700));
		(void)kill(jobs[0].run.pid, any(3) == 0 ? SIGTERM : SIGKILL);
		soak.n_kills++;
	}
	if (any(20) == 0) {
		mms_clock_sleep_ms(1 + any(700));
		mms_test_server_kill(&world.server);
		mms_test_server_restart(&world.server, NULL);
		soak.n_outages++;
	}
	for (unsigned i = 0; i < n_jobs; i++) {
		int status = town_finish(&town, &jobs[i], STATUSES);

		soak.n_runs++;
		soak.n_statuses[status & 255]++;
		mms_test_run_release(&jobs[i].run);
	}
}

/* ---- rest ------------------------------------------------------------------------------------------------ */

static int64_t
ask(const char *sql)
{
	return mms_test_ask_i64(&world.server, "%s", sql);
}

/* Nobody is there any more who could have one. */
static void
expect_no_connection(void)
{
	mms_test_wait_i64(&world.server, 0, 20,
			  "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE user = "
			  "'%s'",
			  world.server.database);
}

static void
tell_rest(void)
{
	char now[MMS_TIME_TEXT_MAX];

	print_message("# %s: %u edits, %u runs, %u faults, %u kills, %u of "
		      "MariaDB, %u troubles; %zu events, "
		      "%zu blocks, %zu events of bookings; rows: %" PRId64 " states, %" PRId64
		      " of them live, %" PRId64 " blocks, %" PRId64 " meetings, %" PRId64
		      " runs; %ld kB\n",
		      mms_time_print(town.w.s.now_ms, now), town.n_edits, soak.n_runs,
		      soak.n_faults, soak.n_kills, soak.n_outages, soak.n_troubles,
		      soak.count.events, soak.count.blocks, soak.count.booked,
		      ask("SELECT COUNT(*) FROM mmsync_event_state"),
		      ask("SELECT COUNT(*) FROM mmsync_event_state WHERE status <> 5"),
		      ask("SELECT COUNT(*) FROM mmsync_busy_block"),
		      ask("SELECT COUNT(*) FROM mmsync_same_meeting"),
		      ask("SELECT COUNT(*) FROM mmsync_run"), soak.peaks_kb[soak.n_rests - 1]);
	(void)fflush(stdout);
}

/*
 * What the DocType itself finds in what people have done: bookings without a type, a meeting of two days, one that was copied twice, a booking of two people, one that is over and stays
 * as it was, the soft-deleted row of a booking that somebody has deleted.
 */
static bool
is_peoples_doing(const json_t *violation)
{
	static const char *const of_bookings[] = {
		"meeting_type_exists", "customer_details", "location_settings",
		"participants",        "timing",           "assigned_users",
		"approval_workflow",   "booking_status",   "link"
	};
	const char *rule = json_string_value(json_object_get(violation, "rule"));
	const char *message = json_string_value(json_object_get(violation, "message"));
	const char *severity = json_string_value(json_object_get(violation, "severity"));
	bool is_warning = strcmp(severity, "warning") == 0;

	for (size_t i = 0; i < MMS_COUNT(of_bookings); i++) {
		if (strcmp(rule, of_bookings[i]) == 0)
			return true;
	}
	if (strcmp(rule, "event_timing") == 0 || strcmp(rule, "event_twice") == 0)
		return is_warning;
	return strcmp(rule, "meeting_booking_link") == 0 &&
	       (is_warning || strstr(message, "does not exist") != NULL);
}

static void
expect_clean_audit(void)
{
	struct town_job job = { .arguments = "audit" };
	json_t *one;
	size_t i;

	town_start(&town, &job);
	(void)town_finish(&town, &job, " 0 1 ");
	json_t *root = json_loads(job.run.out, 0, NULL);
	json_t *all = json_object_get(root, "violations");
	assert_non_null(all);
	json_array_foreach(all, i, one)
	{
		char *text = json_dumps(one, JSON_COMPACT);

		if (!is_peoples_doing(one))
			walk_fail(&town.w, "the audit finds %s", text);
		free(text);
	}
	json_decref(root);
	mms_test_run_release(&job.run);
}

static void
rest(void)
{
	long peak_kb = town_rest(&town);

	if (soak.n_rests < RESTS)
		soak.peaks_kb[soak.n_rests++] = peak_kb;
	town_judge(&town, &soak.count);
	expect_clean_audit();
	expect_no_connection();
	fake_clear_log(&world.feeds);
	tell_rest();
	mms_str_clear(&town.w.journal); /* what was right is not told */
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

static long
peak_of(size_t from, size_t to)
{
	long peak_kb = 0;

	for (size_t i = from; i < to; i++)
		peak_kb = soak.peaks_kb[i] > peak_kb ? soak.peaks_kb[i] : peak_kb;
	return peak_kb;
}

static void
expect_flat_memory(void)
{
	size_t quarter = soak.n_rests / 4 > 0 ? soak.n_rests / 4 : 1;
	long first = peak_of(0, quarter), last = peak_of(soak.n_rests - quarter, soak.n_rests);

	print_message("# memory of a sync: %ld kB at most in the first quarter, %ld kB in the "
		      "last\n",
		      first, last);
	if (last > first * GROWTH / 100 + LEEWAY)
		fail_msg("memory grows");
}

static void
tell_all(void)
{
	MMS_AUTO(mms_str) statuses = { 0 };
	int64_t simulated_h = (town.w.s.now_ms - soak.began_now_ms) / 3600000;

	for (unsigned i = 0; i < MMS_COUNT(soak.n_statuses); i++) {
		if (soak.n_statuses[i] > 0)
			mms_str_addf(&statuses, " %u:%u", i, soak.n_statuses[i]);
	}
	print_message("# soak: seed %" PRIu64 ", %u calendars, %" PRId64 " days and %" PRId64
		      " hours in %" PRId64 " s; ended with (status:runs)%s; %zu rests without "
		      "a finding\n",
		      soak.seed, town.n_people * TOWN_CALENDARS, simulated_h / 24,
		      simulated_h % 24, (mms_clock_mono_ms() - soak.began_mono_ms) / 1000,
		      mms_str_get(&statuses), soak.n_rests);
}

static void
weeks_of_edits_faults_and_kills_end_without_a_finding(void **state)
{
	uint64_t people = walk_number("MMS_SOAK_PEOPLE", PEOPLE);

	(void)state;
	soak.seed = walk_number("MMS_SEED", (uint64_t)time(NULL));
	soak.began_mono_ms = mms_clock_mono_ms();
	soak.until_mono_ms = soak.began_mono_ms +
			     (int64_t)walk_number("MMS_SOAK_MINUTES", MINUTES) * INT64_C(60000);
	print_message("# MMS_SEED=%" PRIu64 "\n", soak.seed);
	town.w.seed = soak.seed;
	town.w.noise = soak.seed * 2654435761u + 88172645463325252u;
	town_begin(&town, &world, (unsigned)people, "");
	soak.began_now_ms = town.w.s.now_ms;
	(void)town_run(&town, "sync", " 0 ");
	do {
		for (int i = 0; i < BEATS; i++)
			beat();
		rest();
	} while (mms_clock_mono_ms() < soak.until_mono_ms);
	tell_all();
	expect_flat_memory();
	assert_int_equal(temp_dir_count(soak.temp_dir), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weeks_of_edits_faults_and_kills_end_without_a_finding),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * What goes away while several programs work: MariaDB (killed, its disk full), the network to it and to the calendars (cut in
 * the middle of answers, black, slow), and services for hours. Every program ends as documented, nothing is half done or deleted, all
 * that people did meanwhile arrives, and then a further sync writes nothing. A town (support/town.h) is judged at rest.
 *
 * MMS_SEED=N: another town. The seed is told.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "support/cable.h"
#include "support/gfake.h"
#include "support/town_judge.h"

static struct world world;
static struct town town;
static struct cable to_service, to_feeds, to_db;

/* Under the sanitizers a program takes three times as long. */
static unsigned
fewer(unsigned n)
{
	return strstr(world.program, "/asan") != NULL ? (n + 2) / 3 : n;
}

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	cable_start(&to_service, world.service.port, NULL);
	cable_start(&to_feeds, world.feeds.port, NULL);
	cable_start(&to_db, 0, world.server.socket);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	cable_stop(&to_service);
	cable_stop(&to_feeds);
	cable_stop(&to_db);
	world_stop(&world);
	return 0;
}

/* Nothing of it is left for the next test. */
static int
end_town(void **state)
{
	(void)state;
	town_release(&town);
	world.db_host = NULL;
	cable_set(&to_service, CABLE_WHOLE, 0);
	cable_set(&to_feeds, CABLE_WHOLE, 0);
	cable_set(&to_db, CABLE_WHOLE, 0);
	return 0;
}

/* A town that is synced. What is told to the fakes goes past the cables. */
static void
begin_town(unsigned n_people, uint64_t salt, const char *more)
{
	uint64_t seed = walk_number("MMS_SEED", 1);
	unsigned service = world.service.port, feeds = world.feeds.port;
	char config[200];

	town.w.seed = seed;
	town.w.noise = (seed + salt) * 2654435761u + 88172645463325252u;
	world.service.port = to_service.port;
	world.feeds.port = to_feeds.port;
	(void)snprintf(config, sizeof config, "\"circuit\":{\"threshold\":1000}%s", more);
	town_begin(&town, &world, n_people, config);
	world.service.port = service;
	world.feeds.port = feeds;
	(void)town_run(&town, "sync", " 0 ");
}

static void
edit(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		town_edit(&town);
	town_advance(&town, 16);
}

static void
come_to_rest(const char *what)
{
	struct town_count count;

	(void)town_rest(&town);
	town_judge(&town, &count);
	print_message("# %s: seed %" PRIu64 ", %u edits: %zu events, %zu blocks, %zu bookings "
		      "hold\n",
		      what, town.w.seed, town.n_edits, count.events, count.blocks,
		      count.booked);
}

/* ---- the database goes -------------------------------------------------------------------------------- */

/* What a site has running at one time. */
static size_t
start_several(struct town_job jobs[4])
{
	size_t n = 3;

	jobs[0] = (struct town_job){ .arguments = "sync" };
	jobs[1] = (struct town_job){ .arguments = "sync --due" };
	jobs[2] = (struct town_job){ .arguments = "push --pending" };
	jobs[3] = (struct town_job){ 0 };
	if (town.touched != 0)
		(void)snprintf(jobs[n++].arguments, sizeof jobs[3].arguments,
			       "push --booking B%u", town.touched);
	for (size_t i = 0; i < n; i++)
		town_start(&town, &jobs[i]);
	return n;
}

/* Returns how many of them did not come to their end well. */
static size_t
finish_several(struct town_job jobs[4], size_t n)
{
	size_t n_bad = 0;

	for (size_t i = 0; i < n; i++) {
		n_bad += town_finish(&town, &jobs[i], " 0 1 4 5 6 ") != 0;
		mms_test_run_release(&jobs[i].run);
	}
	return n_bad;
}

static void
a_server_that_is_killed_and_comes_back_under_load_loses_nothing(void **state)
{
	struct town_job jobs[4];
	size_t n_bad = 0;
	unsigned n_rounds = fewer(6);

	(void)state;
	begin_town(4, 1, "");
	walk_tell(&town.w, "set slow 10");
	for (unsigned round = 0; round < n_rounds; round++) {
		edit(12);
		size_t n = start_several(jobs);
		mms_clock_sleep_ms(20 + (int64_t)walk_any(&town.w, 300));
		mms_test_server_kill(&world.server);
		if (round % 3 == 2) /* ... or only when all have given up */
			n_bad += finish_several(jobs, n);
		mms_test_server_restart(&world.server, NULL);
		if (round % 3 != 2)
			n_bad += finish_several(jobs, n);
	}
	walk_tell(&town.w, "set slow 0");
	print_message("# %u kills of MariaDB, %zu programs ended with another status than 0\n",
		      n_rounds, n_bad);
	assert_true(n_bad > 0);
	come_to_rest("MariaDB killed under load");
}

/* ---- the network -------------------------------------------------------------------------------------- */

static void
set_cables(enum cable_mode mode, size_t bytes)
{
	cable_set(&to_service, mode, bytes);
	cable_set(&to_feeds, mode, bytes);
}

static void
answers_of_calendars_that_are_cut_anywhere_cost_nothing(void **state)
{
	static const size_t cuts[] = { 0, 40, 300, 700, 1500, 4000, 12000 };

	(void)state;
	begin_town(3, 2, "");
	for (size_t i = 0; i < MMS_COUNT(cuts); i++) {
		edit(8);
		set_cables(CABLE_CUT, cuts[i]);
		(void)town_run(&town, "sync", " 0 1 ");
		set_cables(CABLE_WHOLE, 0);
	}
	edit(8);
	set_cables(CABLE_SLOW, 200);
	(void)town_run(&town, "sync", " 0 1 ");
	set_cables(CABLE_WHOLE, 0);
	unsigned n_cuts = cable_n_cuts(&to_service);
	print_message("# %u connections to the calendars were cut\n", n_cuts);
	assert_true(n_cuts > 10);
	come_to_rest("the network to the calendars cut");
}

/* No answer, and no end of the connection either. */
static void
calendars_that_fall_silent_are_waited_for_no_longer_than_allowed(void **state)
{
	struct town_job job = { .arguments = "sync" };

	(void)state;
	begin_town(3, 3, "");
	edit(10);
	set_cables(CABLE_BLACK, 0);
	int64_t began = mms_clock_mono_ms();
	(void)town_run(&town, "sync --timeout 1", " 6 ");
	assert_true(mms_clock_mono_ms() - began < 8000);
	set_cables(CABLE_WHOLE, 0);
	edit(10);
	town_start(&town, &job);
	mms_clock_sleep_ms(60);
	set_cables(CABLE_BLACK, 0);
	mms_clock_sleep_ms(1200);
	set_cables(CABLE_WHOLE, 0);
	(void)town_finish(&town, &job, " 0 1 ");
	mms_test_run_release(&job.run);
	come_to_rest("the calendars silent");
}

/* Until somebody was hit; or it is over, before the limit came. */
static void
wait_for_cut(struct town_job *job, unsigned before)
{
	for (int i = 0; i < 2000 && cable_n_cuts(&to_db) == before; i++) {
		siginfo_t info = { 0 };

		(void)waitid(P_PID, (id_t)job->run.pid, &info, WEXITED | WNOWAIT | WNOHANG);
		if (info.si_pid != 0)
			return;
		mms_clock_sleep_ms(1);
	}
}

static void
connections_to_the_database_that_are_cut_anywhere_cost_nothing(void **state)
{
	static const size_t cuts[] = { 0, 60, 600, 1200, 2500, 5000, 9000, 20000, 60000 };

	(void)state;
	world.db_host = to_db.host;
	begin_town(3, 4, "");
	for (size_t i = 0; i < MMS_COUNT(cuts); i++) {
		struct town_job job = { .arguments = "sync" };
		unsigned before = cable_n_cuts(&to_db);

		edit(8);
		cable_set(&to_db, CABLE_CUT, cuts[i]);
		town_start(&town, &job);
		wait_for_cut(&job, before);
		cable_set(&to_db, CABLE_WHOLE, 0);
		(void)town_finish(&town, &job, " 0 1 4 ");
		mms_test_run_release(&job.run);
	}
	print_message("# %u connections to MariaDB were cut\n", cable_n_cuts(&to_db));
	assert_true(cable_n_cuts(&to_db) >= 5);
	come_to_rest("the network to MariaDB cut");
}

static void
a_network_to_the_database_that_is_slow_or_stands_still_is_waited_for(void **state)
{
	struct town_job job = { .arguments = "sync" };

	(void)state;
	world.db_host = to_db.host;
	begin_town(2, 5, "");
	edit(8);
	cable_set(&to_db, CABLE_SLOW, 2000);
	(void)town_run(&town, "sync", " 0 ");
	cable_set(&to_db, CABLE_WHOLE, 0);
	edit(8);
	town_start(&town, &job);
	mms_clock_sleep_ms(40);
	cable_set(&to_db, CABLE_BLACK, 0);
	mms_clock_sleep_ms(1500);
	cable_set(&to_db, CABLE_WHOLE, 0);
	(void)town_finish(&town, &job, " 0 ");
	mms_test_run_release(&job.run);
	come_to_rest("the network to MariaDB slow");
}

/* ---- a service is away for hours ------------------------------------------------------------------------ */

#define OUTAGE_HOURS 12
#define GOOGLE_DOWN  "fault 1000000 * calendar/v3 error 503 backendError"
#define OUTLOOK_DOWN "fault 1000000 * /v1.0 drop before"

static int64_t
n_deleted(const char *calendars)
{
	return mms_test_ask_i64(&world.server,
				"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE"
				" sync_status = 'Deleted Externally' AND calendar_integration"
				" LIKE '%s'",
				calendars);
}

/* What both sides do to one booking while nobody can tell the other. */
static void
edit_both_sides(unsigned person)
{
	struct walk *w = &town.w;
	char email[TOWN_NAME], id[200];
	json_t *event = habit_pick(w, town_email(person, email), HABIT_BOOKING);

	assert_non_null(event);
	gfake_value(event, "id", id, sizeof id);
	json_decref(event);
	walk_tell(w, "at %s change %s start=2026-03-12T15:00:00Z end=2026-03-12T16:00:00Z",
		  email, id);
	walk_tell(w, "rebook M1 title=\"M1 Named here\" place=\"Room 9\"");
}

/* The third and the seventh hour bring a second outage, of Outlook, and its end. */
static void
pass_hour(int hour, unsigned step)
{
	struct walk *w = &town.w;

	if (hour == 3)
		walk_tell(w, OUTLOOK_DOWN);
	if (hour == 7) {
		walk_tell(w, "fault clear");
		walk_tell(w, GOOGLE_DOWN);
	}
	for (unsigned minute = 0; minute < 60; minute += step) {
		town_advance(&town, step);
		if (minute % 30 == 0)
			town_edit(&town);
		(void)town_run(&town, "sync --due", " 0 1 ");
	}
}

static void
services_that_are_away_for_hours_cost_nothing_but_time(void **state)
{
	struct walk *w = &town.w;
	unsigned step = fewer(15) == 15 ? 5 : 15, n_people = 3;
	char feed[TOWN_NAME];

	(void)state;
	begin_town(n_people, 6, ",\"retry\":{\"max_attempts\":2,\"base_ms\":1,\"max_s\":1}");
	town.n_lively = n_people - 1; /* nobody meddles with what is looked at below */
	walk_tell(w, "booking M1 \"M1 Plain\" 2026-03-10T10:00:00Z 2026-03-10T11:00:00Z "
		     "users=ann3@example.com");
	(void)town_run(&town, "push --booking M1", " 0 ");
	int64_t deleted = n_deleted("work%"), of_feed = n_deleted("team1");
	fake_clear_log(&world.service);
	walk_tell(w, GOOGLE_DOWN);
	fake_conf(&world.feeds, town_feed(1, feed), "status 503\n");
	for (int hour = 0; hour < OUTAGE_HOURS; hour++) {
		if (hour == 1)
			edit_both_sides(n_people);
		pass_hour(hour, step);
	}
	print_message("# %d hours without Google, 4 of them without Outlook, every %u minutes "
		      "a run: %zu requests to Google, %zu to Outlook\n",
		      OUTAGE_HOURS, step, gfake_count(&world.service, NULL, "calendar/v3"),
		      gfake_count(&world.service, NULL, "/v1.0"));
	assert_int_equal(n_deleted("work%"), deleted);
	assert_int_equal(n_deleted("team1"), of_feed);
	come_to_rest("services away for hours");
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Meeting Booking` WHERE"
					  " name = 'M1' AND meeting_title = 'M1 Named here'"
					  " AND meeting_location = 'Room 9' AND"
					  " start_datetime = '2026-03-12 15:00:00'"),
			 1);
}

/* ---- the disk is full ----------------------------------------------------------------------------------- */

#define DISK_MB 200
/* What tables may still grow by: with much of it one of them is full, with little not even that can be undone. */
#define MUCH_KB   4200
#define LITTLE_KB 256
#define BIG_FEED  "team1.ics"
#define BIG_EVENT 6000

/* In a namespace of mounts of our own: what is mounted is gone with us. */
static bool
may_mount(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void run_command(const char *fmt, ...) MMS_PRINTF(1, 2);

static void
run_command(const char *fmt, ...)
{
	char command[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* The server's data on a small disk of its own. */
static void
move_to_small_disk(char data[100])
{
	char size[40];

	(void)snprintf(data, 100, "%s/data", world.server.dir);
	(void)snprintf(size, sizeof size, "size=%dm,mode=0700", DISK_MB);
	mms_test_server_end(&world.server);
	run_command("mv '%s' '%s.away' && mkdir '%s'", data, data, data);
	if (mount("none", data, "tmpfs", 0, size) != 0)
		fail_msg("tmpfs: %s", strerror(errno));
	run_command("cp -a --sparse=never '%s.away/.' '%s/' && rm -rf '%s.away'", data, data,
		    data);
	mms_test_server_restart(&world.server, NULL);
}

/* All but so many kB. */
static void
fill_disk(const char *data, long left_kb)
{
	static const char zeros[65536];
	char path[120];

	(void)snprintf(path, sizeof path, "%s/filler", data);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	off_t size = 0;
	ssize_t n;

	while (fd >= 0 && (n = write(fd, zeros, sizeof zeros)) > 0)
		size += n;
	if (fd < 0 || errno != ENOSPC || ftruncate(fd, size - left_kb * 1024) != 0)
		fail_msg("%s: %s", path, strerror(errno));
	(void)close(fd);
}

static void
free_disk(const char *data)
{
	char path[120];

	(void)snprintf(path, sizeof path, "%s/filler", data);
	(void)unlink(path);
}

static void
write_big_feed(unsigned n)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//big//EN\r\n");
	for (unsigned i = 0; i < n; i++)
		mms_str_addf(&text,
			     "BEGIN:VEVENT\r\nUID:big%u@example.com\r\nSUMMARY:Big %u\r\n"
			     "DESCRIPTION:A text that takes room in the table of events, "
			     "number %u of many\r\nTRANSP:TRANSPARENT\r\n"
			     "DTSTART:202603%02uT%02u%02u00Z\r\nDTEND:202603%02uT235900Z\r\n"
			     "END:VEVENT\r\n",
			     i, i, i, 3 + i % 25, i % 23, i % 60, 3 + i % 25);
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&world.feeds, BIG_FEED, mms_str_get(&text));
}

static bool
is_alive(void)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)world.server.pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
	       info.si_pid == 0;
}

/* The sync of a calendar for which there is no room. Returns whether the server has lived through it. */
static bool
sync_without_room(const char *data, long left_kb)
{
	struct town_job job = { .arguments = "sync" };
	MMS_AUTO(mms_str) broken = { 0 };

	fill_disk(data, left_kb);
	town_start(&town, &job);
	int status = town_finish(&town, &job, " 1 4 ");
	bool was_alive = is_alive(), is_said = strstr(job.run.out, "full") != NULL;
	if (was_alive && !is_said)
		fail_msg("it does not say that there is no room: %s%s", job.run.out,
			 job.run.err);
	print_message("# with room for %ld kB it ends with %d; MariaDB %s\n", left_kb, status,
		      was_alive ? "says that a table is full" : "gives up itself");
	mms_test_run_release(&job.run);
	free_disk(data);
	if (!was_alive) {
		mms_test_server_kill(&world.server);
		mms_test_server_restart(&world.server, NULL);
	}
	scenario_invariants(&town.w.s, &broken);
	assert_int_equal(strspn(mms_str_get(&broken), "0,"), broken.len);
	return was_alive;
}

static void
a_disk_that_is_full_is_said_and_once_there_is_room_all_is_done(void **state)
{
	char data[100], feed[TOWN_NAME];

	(void)state;
	if (!may_mount()) {
		print_message("# skipped: only root can make a small disk\n");
		skip();
	}
	begin_town(2, 7, "");
	town.n_lively = 1;
	move_to_small_disk(data);
	edit(10);
	write_big_feed(BIG_EVENT);
	(void)sync_without_room(data, LITTLE_KB);
	assert_true(sync_without_room(data, MUCH_KB));
	assert_int_equal(town_run(&town, "sync", " 0 "), 0);
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"
					  " WHERE external_event_id LIKE 'big%%'"),
			 BIG_EVENT);
	/* ... and as it was before, so that the town can be judged. */
	town_advance(&town, 61);
	habit_write_feed(&town.w, town.feeds[0], town_feed(1, feed));
	(void)town_run(&town, "sync --integration team1 --confirm-deletes", " 0 ");
	come_to_rest("the disk of MariaDB full");
	mms_test_server_end(&world.server);
	(void)umount2(data, MNT_DETACH);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			a_server_that_is_killed_and_comes_back_under_load_loses_nothing,
			end_town),
		cmocka_unit_test_teardown(
			answers_of_calendars_that_are_cut_anywhere_cost_nothing, end_town),
		cmocka_unit_test_teardown(
			calendars_that_fall_silent_are_waited_for_no_longer_than_allowed,
			end_town),
		cmocka_unit_test_teardown(
			connections_to_the_database_that_are_cut_anywhere_cost_nothing,
			end_town),
		cmocka_unit_test_teardown(
			a_network_to_the_database_that_is_slow_or_stands_still_is_waited_for,
			end_town),
		cmocka_unit_test_teardown(
			services_that_are_away_for_hours_cost_nothing_but_time, end_town),
		/* The last: the server stays on its small disk. */
		cmocka_unit_test_teardown(
			a_disk_that_is_full_is_said_and_once_there_is_room_all_is_done,
			end_town),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}

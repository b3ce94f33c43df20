/*
 * A person with eight calendars full of events, three of them written to: what one changed event costs has to do with
 * its targets, and not with how many events and blocks there are. MMS_EVENTS=N puts so many into each calendar.
 */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/scenario.h"

#define FEW     8
#define MANY    120
#define FEEDS   5
#define TARGETS 2 /* calendars that are written to, without that of the event */

static struct world world;
static struct scenario s;

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
	scenario_release(&s);
	world_stop(&world);
	return 0;
}

static void
tell(const char *line)
{
	if (!scenario_tell(&s, line))
		fail_msg("%s: %s", line, s.failure);
}

/* ---- a full site ------------------------------------------------------------------------------ */

/*
 * The n-th event of a calendar: its day and its minute, from eight in the morning, an hour for each calendar so that
 * no two are at the same time.
 */
static void
time_of(unsigned calendar, unsigned n, unsigned *day, unsigned *hour, unsigned *minute)
{
	*day = n % 60;
	*hour = 8 + calendar;
	*minute = n / 60 % 55;
}

static void
add_events(const char *calendar, unsigned number, unsigned n_events)
{
	MMS_AUTO(mms_str) script = { 0 };
	unsigned day, hour, minute;

	for (unsigned i = 0; i < n_events; i++) {
		time_of(number, i, &day, &hour, &minute);
		mms_str_addf(&script,
			     "event %s AAe%u \"Event %u\" 2026-%02u-%02uT%02u:%02u:00Z"
			     " 2026-%02u-%02uT%02u:%02u:00Z\n",
			     calendar, i, i, 3 + day / 28, 1 + day % 28, hour, minute,
			     3 + day / 28, 1 + day % 28, hour, minute + 5);
	}
	gfake_control(&world.service, "%s", mms_str_get(&script));
}

static void
write_feed(const char *name, unsigned number, unsigned n_events)
{
	MMS_AUTO(mms_str) text = { 0 };
	unsigned day, hour, minute;

	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//scale//EN\r\n");
	for (unsigned i = 0; i < n_events; i++) {
		time_of(number, i, &day, &hour, &minute);
		mms_str_addf(&text,
			     "BEGIN:VEVENT\r\nUID:%u@f%u.example.com\r\nSUMMARY:Feed %u\r\n"
			     "DTSTART:2026%02u%02uT%02u%02u00Z\r\nDURATION:PT5M\r\n"
			     "END:VEVENT\r\n",
			     i, number, i, 3 + day / 28, 1 + day % 28, hour, minute);
	}
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&world.feeds, name, mms_str_get(&text));
}

/* All of it, with its blocks; who writes so much at once waits now and then. */
static void
begin(unsigned n_events)
{
	static const struct {
		const char *line, *calendar;
	} written[] = {
		{ "integration work type=google calendar=ann@example.com expires=8640000"
		  " primary=1",
		  "ann@example.com" },
		{ "integration home type=google calendar=home expires=8640000", "home" },
		{ "integration club type=outlook account=ann.club@example.com calendar=club"
		  " expires=8640000",
		  "club" },
	};
	char line[200], name[40];
	size_t i;

	scenario_release(&s);
	s = (struct scenario){ .world = &world, .path = "scale", .service = "google" };
	scenario_reset(&s);
	tell("now 2026-03-02T08:00:00Z");
	tell("person ann@example.com");
	for (i = 0; i < MMS_COUNT(written); i++) {
		tell(written[i].line);
		add_events(written[i].calendar, (unsigned)i, n_events);
	}
	for (i = 0; i < FEEDS; i++) {
		(void)snprintf(name, sizeof name, "feed%zu.ics", i);
		(void)snprintf(line, sizeof line, "integration f%zu feed=%s", i, name);
		tell(line);
		write_feed(name, (unsigned)(MMS_COUNT(written) + i), n_events);
	}
	tell("config \"busy_blocks\":{\"enabled\":true}");
	bool is_done = false; /* the last run has heard of what the others have written, too */
	for (i = 0; i < 1000; i++) {
		/* A minute is over for the database's clock, too. */
		tell("sql DELETE FROM mmsync_budget");
		tell("advance 15m");
		if (!scenario_run(&s, "sync --json", NULL) || s.exit_status > 1)
			fail_msg("%s%s", s.failure, mms_str_get(&s.err));
		if (is_done)
			break;
		is_done = s.exit_status == 0 &&
			  mms_test_ask_i64(&world.server,
					   "SELECT COUNT(*) FROM mmsync_outbox") == 0;
	}
	int64_t n = mms_test_ask_i64(&world.server, "SELECT COUNT(*) FROM mmsync_event_state"
						    " WHERE type = 3 AND status <> 5");
	int64_t want = (int64_t)n_events * (3 * TARGETS + FEEDS * (TARGETS + 1));
	if (n != want)
		fail_msg("%" PRId64 " blocks, not %" PRId64, n, want);
}

/* ---- what a change costs ---------------------------------------------------------------------- */

struct cost {
	long statements;
	size_t requests, writes;
	int64_t rows; /* read, without what a turn knows of its own calendar */
};

/* Rows that the server has handed up since it began. */
static int64_t
rows_read(void)
{
	return mms_test_ask_i64(&world.server, "SELECT VARIABLE_VALUE FROM"
					       " information_schema.GLOBAL_STATUS WHERE"
					       " VARIABLE_NAME = 'ROWS_READ'");
}

static const struct deed {
	const char *what, *line;
	bool is_listed; /* the calendar's listing shows something */
	size_t writes;  /* requests that change something         */
} deeds[] = {
	{ "nothing", "advance 1m", false, 0 },
	{ "one is moved",
	  "at ann@example.com change AAe1 start=2026-03-09T19:00:00Z end=2026-03-09T19:30:00Z",
	  true, TARGETS },
	{ "one is new",
	  "at ann@example.com event AAnew \"New\" 2026-03-10T20:00:00Z 2026-03-10T20:30:00Z",
	  true, TARGETS },
	{ "one is free", "at ann@example.com change AAe2 transparency=transparent", true,
	  TARGETS },
	{ "one is gone", "at ann@example.com delete AAe3", true, TARGETS },
	{ "a title is another", "at ann@example.com change AAe4 title=Other", true, 0 },
};

/* A listing that shows anything is judged against all that is known of its calendar. */
static int64_t
n_known(void)
{
	return mms_test_ask_i64(
		&world.server,
		"SELECT (SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE"
		" calendar_integration = 'work') + (SELECT COUNT(*) FROM mmsync_event_state"
		" s JOIN mmsync_cursor c ON c.id = s.integration_id WHERE c.name = 'work')");
}

/* What somebody does in the calendar `work`, and one sync of that. */
static void
measure(const struct deed *deed, struct cost *out)
{
	int64_t known = deed->is_listed ? n_known() : 0;

	tell("sql DELETE FROM mmsync_budget");
	tell("advance 15m");
	tell(deed->line);
	fake_clear_log(&world.service);
	int64_t before = rows_read();
	if (!scenario_run(&s, "sync --integration work --json", NULL) || s.exit_status != 0)
		fail_msg("%s%s", s.failure, mms_str_get(&s.out));
	out->rows = rows_read() - before - known;
	out->statements = scenario_count(&s, "stmt-before");
	out->requests = gfake_count(&world.service, NULL, NULL);
	out->writes = scenario_service_writes(&s);
}

static unsigned
n_many(void)
{
	const char *text = getenv("MMS_EVENTS");

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : MANY;
}

/* Of the run's own pages, and of an optimizer that is not told how full tables are. */
#define MORE_ROWS       12
#define MORE_STATEMENTS 2

static void
what_one_change_costs_has_nothing_to_do_with_how_many_events_there_are(void **state)
{
	struct cost costs[2][MMS_COUNT(deeds)];
	const unsigned sizes[2] = { FEW, n_many() };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		begin(sizes[k]);
		for (size_t i = 0; i < MMS_COUNT(deeds); i++)
			measure(&deeds[i], &costs[k][i]);
	}
	for (size_t i = 0; i < MMS_COUNT(deeds); i++) {
		const struct cost *few = &costs[0][i], *many = &costs[1][i];

		print_message("%-20s %zu and %zu requests, %ld and %ld statements, %" PRId64
			      " and %" PRId64 " rows read\n",
			      deeds[i].what, few->requests, many->requests, few->statements,
			      many->statements, few->rows, many->rows);
		if (few->writes != deeds[i].writes || many->writes != deeds[i].writes)
			fail_msg("%s: %zu and %zu requests that change something, not %zu",
				 deeds[i].what, few->writes, many->writes, deeds[i].writes);
		if (many->statements > few->statements + MORE_STATEMENTS)
			fail_msg("%s: %ld statements with %u events, %ld with %u",
				 deeds[i].what, few->statements, sizes[0], many->statements,
				 sizes[1]);
		if (many->rows > few->rows + MORE_ROWS)
			fail_msg("%s: %" PRId64 " rows read with %u events, %" PRId64
				 " with %u",
				 deeds[i].what, few->rows, sizes[0], many->rows, sizes[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_one_change_costs_has_nothing_to_do_with_how_many_events_there_are),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

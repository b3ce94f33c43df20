/*
 * The look for busy times against the whole table: random calendars with short and long events,
 * some kept apart, some that another program wrote, bounds measured as a sync measures them.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/busy.h"
#include "mmsync/columns.h"
#include "mmsync/events.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

#define EVENTS "`tabMM Calendar Event Sync`"
#define HOUR   3600
#define DAY    (24 * HOUR)
/* Wall times of the test are seconds from here: 2026-01-01. */
#define ZERO_S INT64_C(1767225600)
/* Rows are changed at MEASURED at the latest when lengths are measured; others write at LATER. */
#define MEASURED "'2026-06-01 10:00:00'"
#define STAMP    "'2026-06-01 10:30:00'"
#define LATER    "'2026-06-01 11:00:00'"

static struct mms_test_server server;
static struct mms_db *db;
static struct mms_columns *columns;
static uint64_t noise;

static int
start(void **state)
{
	struct mms_site site;
	char dir[MMS_TEST_DIR_MAX];

	(void)state;
	mms_site_setup();
	(void)mms_test_server_start(&server, NULL);
	mms_test_make_frappe(&server);
	OK(mms_db_open(&db, &server.settings, &err));
	mms_test_site_make(&server, "site1", ", \"mmsync\": {\"event_time_zone\": \"UTC\"}",
			   dir);
	mms_test_site_load(dir, &site);
	mms_test_schema_apply(db, &site);
	mms_site_release(&site);
	OK(mms_columns_load(db, &columns, &err));
	mms_db_use_columns(db, mms_columns_has_port, columns);
	mms_test_sql(&server, "INSERT INTO tabUser (name, email) VALUES ('ann@example.com', "
			      "'ann@example.com')");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mms_columns_free(columns);
	mms_db_close(db);
	return mms_test_server_stop(&server);
}

static unsigned
random_below(unsigned n)
{
	noise = noise * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(noise >> 33) % n;
}

/* ---- random calendars ------------------------------------------------------------------------ */

/* Seconds: mostly hours; in some rounds many of weeks and months over the same time. */
static int
random_length(unsigned long_share)
{
	if (random_below(100) >= long_share)
		return (int)(1 + random_below(48)) * HOUR / 2;
	return (int)(1 + random_below(random_below(2) ? 10 : 200)) * DAY + HOUR;
}

static void
add_event(struct mms_str *sql, unsigned calendar, unsigned id, unsigned long_share,
	  const char *modified)
{
	static const char *const statuses[] = { "Synced",         "Synced",
						"Synced",         "Pending Sync",
						"Sync Failed",    "Deleted Externally",
						"Deleted Locally" };
	int64_t start = ZERO_S + (int64_t)random_below(365 * 24) * HOUR;

	mms_str_addf(sql,
		     "%s('c%u-%u', " MEASURED ", %s, 'cal%u', 'id%u', 'External Event', '%s', "
		     "FROM_UNIXTIME(%lld), FROM_UNIXTIME(%lld), %d)",
		     sql->len > 0 ? ", " : "", calendar, id, modified, calendar, id,
		     statuses[random_below(MMS_COUNT(statuses))], (long long)start,
		     (long long)(start + random_length(long_share)), random_below(10) != 0);
}

static void
insert(struct mms_str *values)
{
	if (values->len > 0)
		mms_test_sql(
			&server,
			"SET time_zone = '+00:00'; INSERT INTO " EVENTS
			" (name, creation, modified, calendar_integration, external_event_id,"
			" event_type, sync_status, start_datetime, end_datetime,"
			" is_blocking_availability) VALUES %s",
			mms_str_get(values));
	mms_str_clear(values);
}

/* What a turn that has read all rows writes into the cursor. */
static void
measure(unsigned calendar)
{
	MMS_AUTO(mms_known) known = { 0 };
	MMS_AUTO(mms_str) apart = { 0 };
	char name[16];

	(void)snprintf(name, sizeof name, "cal%u", calendar);
	const struct mms_known_query query = { .integration = name, .stamp_us = MMS_NO_TIME };
	OK(mms_known_load(db, &query, &known, &err));
	OK(mms_longest_write(&known.longest, &apart, &err));
	mms_test_sql(&server,
		     "INSERT INTO mmsync_cursor (name, frappe_creation, frappe_owner, provider,"
		     " longest_event_ms, longest_apart, longest_watermark, longest_stamp)"
		     " SELECT name, creation, owner, 'ical', %lld, '%s', " MEASURED ", %s"
		     " FROM `tabMM Calendar Integration` WHERE name = '%s'",
		     (long long)((known.longest.bound_us + 999) / 1000), mms_str_get(&apart),
		     random_below(2) ? STAMP : "NULL", name);
}

/* Some calendars have no cursor yet, or one that nobody has measured for. */
static void
make_calendar(unsigned calendar, unsigned *n_events)
{
	MMS_AUTO(mms_str) values = { 0 };
	unsigned n = random_below(3) == 0 ? random_below(5) : random_below(250);
	unsigned long_share = random_below(3) == 0 ? 70 : random_below(8);

	mms_test_sql(
		&server,
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" user, integration_type, is_active) VALUES ('cal%u', '2026-01-01 00:00:%02u',"
		" '2026-01-01', 'Administrator', 'ann@example.com', 'iCal', %d)",
		calendar, calendar, random_below(6) != 0);
	for (unsigned i = 0; i < n; i++)
		add_event(&values, calendar, (*n_events)++, long_share,
			  random_below(2) ? MEASURED : STAMP);
	insert(&values);
	if (random_below(8) == 0)
		return;
	measure(calendar);
	if (random_below(8) == 0)
		mms_test_sql(&server,
			     "UPDATE mmsync_cursor SET longest_watermark = NULL WHERE name = "
			     "'cal%u'",
			     calendar);
}

/*
 * New rows, and rows that are moved or made longer, as Frappe does it; some by hand, without a
 * modified.
 */
static void
let_others_write(unsigned n_calendars, unsigned n_events)
{
	MMS_AUTO(mms_str) values = { 0 };

	for (unsigned i = random_below(20); i > 0; i--)
		add_event(&values, random_below(n_calendars), 100000 + i, 50,
			  random_below(5) ? LATER : "NULL");
	insert(&values);
	for (unsigned i = random_below(20); i > 0 && n_events > 0; i--)
		mms_test_sql(
			&server,
			"UPDATE " EVENTS " SET start_datetime = start_datetime - INTERVAL %u "
			"DAY, end_datetime = end_datetime + INTERVAL %u DAY, modified = " LATER
			" WHERE external_event_id = 'id%u'",
			random_below(300), random_below(300), random_below(n_events));
}

/* ---- the answers ----------------------------------------------------------------------------- */

static int
by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void
names_of(const struct mms_taken_list *list, struct mms_str *out)
{
	const char **names = calloc(list->n + 1, sizeof *names);

	assert_non_null(names);
	for (size_t i = 0; i < list->n; i++)
		names[i] = list->items[i].name;
	qsort(names, list->n, sizeof *names, by_text);
	for (size_t i = 0; i < list->n; i++)
		mms_str_addf(out, "%s\n", names[i]);
	free(names);
}

static void
compare(const struct mms_busy_person *person, int64_t from_s, int64_t to_s, unsigned round)
{
	MMS_AUTO(mms_taken_list) list = { 0 };
	MMS_AUTO(mms_str) is = { 0 };

	OK(mms_busy_load_events(db, person, from_s * 1000000, to_s * 1000000, &list, &err));
	names_of(&list, &is);
	char *want = mms_test_ask_text(
		&server,
		"SELECT COALESCE(GROUP_CONCAT(e.name, '\\n' ORDER BY e.name COLLATE "
		"utf8mb4_bin "
		"SEPARATOR ''), '') FROM " EVENTS " e JOIN `tabMM Calendar Integration` i ON "
		"i.name = e.calendar_integration AND i.is_active = 1 WHERE "
		"e.is_blocking_availability = 1 AND e.sync_status IN ('Synced', 'Pending Sync',"
		" 'Sync Failed') AND e.start_datetime < '1970-01-01' + INTERVAL %lld SECOND "
		"AND "
		"e.end_datetime > '1970-01-01' + INTERVAL %lld SECOND",
		(long long)to_s, (long long)from_s);
	if (strcmp(mms_str_get(&is), want) != 0)
		fail_msg("round %u, %lld to %lld: there is\n%s\nand not\n%s", round,
			 (long long)from_s, (long long)to_s, mms_str_get(&is), want);
	free(want);
}

static void
every_answer_is_that_of_the_whole_table(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		MMS_AUTO(mms_busy_person) person = { 0 };
		unsigned n_events = 0;

		noise = round;
		unsigned n_calendars = 1 + random_below(random_below(2) ? 4 : 12);
		mms_test_sql(&server,
			     "DELETE FROM " EVENTS "; DELETE FROM mmsync_cursor; DELETE FROM "
			     "`tabMM Calendar Integration`");
		for (unsigned c = 0; c < n_calendars; c++)
			make_calendar(c, &n_events);
		let_others_write(n_calendars, n_events);
		OK(mms_busy_load_person(db, columns, "ann@example.com", &person, &err));
		for (unsigned k = 0; k < 40; k++) {
			int64_t from_s = ZERO_S + (int64_t)random_below(400 * 24) * HOUR;
			int64_t span_s = random_below(4)
						 ? HOUR / 2
						 : (int64_t)(1 + random_below(60)) * DAY;
			compare(&person, from_s, from_s + span_s, round);
		}
	}
}

/* A list that nobody can read is no bound. */
static void
a_list_that_is_broken_bounds_nothing(void **state)
{
	MMS_AUTO(mms_busy_person) person = { 0 };

	(void)state;
	mms_test_sql(
		&server,
		"DELETE FROM " EVENTS "; DELETE FROM mmsync_cursor; DELETE FROM `tabMM "
		"Calendar Integration`; INSERT INTO `tabMM Calendar Integration` (name, "
		"creation, owner, user, is_active) VALUES ('cal0', '2026-01-01', "
		"'Administrator', 'ann@example.com', 1);"
		"INSERT INTO " EVENTS " (name, modified, calendar_integration, "
		"external_event_id, sync_status, start_datetime, end_datetime, "
		"is_blocking_availability) VALUES ('long', " MEASURED ", 'cal0', 'x', "
		"'Synced', '2026-01-01', '2026-12-31', 1);"
		"INSERT INTO mmsync_cursor (name, frappe_creation, frappe_owner, provider, "
		"longest_watermark, longest_apart) VALUES ('cal0', '2026-01-01', "
		"'Administrator', 'ical', " MEASURED ", '[[1,2')");
	OK(mms_busy_load_person(db, columns, "ann@example.com", &person, &err));
	compare(&person, ZERO_S + 100 * DAY, ZERO_S + 100 * DAY + HOUR, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_that_of_the_whole_table),
		cmocka_unit_test(a_list_that_is_broken_bounds_nothing),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

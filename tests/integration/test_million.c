/*
 * Availability over a table of a million events: the answers are those of the whole table, and of
 * the table only what may overlap is looked at. Counted in index entries, not in time.
 */
#include "support/unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/busy.h"
#include "mmsync/columns.h"
#include "mmsync/events.h"
#include "mmsync/longest.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

enum { CALENDARS = 10000, EACH = 98, HEAVY = 20000 };
#define EVENTS       "`tabMM Calendar Event Sync`"
#define INTEGRATIONS "`tabMM Calendar Integration`"
#define LONG_AGO     "'2026-06-01 12:00:00'"
/* 2026-09-01: nine tenths of the large calendar are past. */
#define NOW_S INT64_C(1788220800)

static struct mms_test_server server;
static struct mms_db *db;
static struct mms_columns *columns;

/* Seconds that event number n lasts: hours; 1.5 % days, weeks, months. */
#define LENGTH(n)                                                                  \
	"IF(" n " %% 1000 < 985, 1800 * (1 + " n " %% 5), IF(" n " %% 1000 < 993," \
	" 86400 * (1 + " n " %% 5), IF(" n " %% 1000 < 998, 86400 * (5 + " n       \
	" %% 11), 86400 * (30 + " n " %% 61))))"
#define COLUMNS                                                                            \
	"(name, creation, modified, calendar_integration, external_event_id, event_title," \
	" event_type, sync_status, start_datetime, end_datetime, is_blocking_availability)"

static void
fill(void)
{
	mms_test_sql(&server,
		     "INSERT INTO tabUser (name) SELECT CONCAT('u', seq, '@example.com') FROM "
		     "seq_0_to_%d; INSERT INTO " INTEGRATIONS
		     " (name, creation, owner, user, integration_type, is_active) SELECT "
		     "CONCAT('cal', seq), " LONG_AGO ", 'Administrator', CONCAT('u', seq, "
		     "'@example.com'), 'iCal', 1 FROM seq_0_to_%d",
		     CALENDARS, CALENDARS);
	mms_test_sql(
		&server,
		"INSERT INTO " EVENTS " " COLUMNS " SELECT CONCAT('h', seq), " LONG_AGO
		", " LONG_AGO ", 'cal0', CONCAT('h', seq), CONCAT('Event ', seq), "
		"'External Event', IF(seq %% 50 = 0, 'Deleted Externally', 'Synced'), "
		"'2022-03-03' + INTERVAL seq * 7884 SECOND, '2022-03-03' + INTERVAL seq * "
		"7884 + " LENGTH("(seq * 7919)") " SECOND, seq %% 10 <> 0 FROM seq_1_to_%d",
		HEAVY);
	mms_test_sql(
		&server,
		"INSERT INTO " EVENTS " " COLUMNS " SELECT CONCAT('n', seq), " LONG_AGO
		", " LONG_AGO ", CONCAT('cal', 1 + seq %% %d), CONCAT('n', seq), "
		"CONCAT('Event ', seq), 'External Event', 'Synced', '2026-01-01' + INTERVAL "
		"FLOOR(seq / %d) * 320000 SECOND, '2026-01-01' + INTERVAL FLOOR(seq / %d) * "
		"320000 + " LENGTH("(seq * 7919)") " SECOND, seq %% 10 <> 0 FROM seq_1_to_%d",
		CALENDARS, CALENDARS, CALENDARS, CALENDARS * EACH);
	mms_test_sql(&server, "ANALYZE TABLE " EVENTS);
}

/* What a turn that has read the calendar writes into its cursor. */
static void
measure(const char *calendar)
{
	const struct mms_known_query query = { .integration = calendar,
					       .stamp_us = MMS_NO_TIME };
	MMS_AUTO(mms_known) known = { 0 };
	MMS_AUTO(mms_str) apart = { 0 };

	OK(mms_known_load(db, &query, &known, &err));
	OK(mms_longest_write(&known.longest, &apart, &err));
	mms_test_sql(
		&server,
		"INSERT INTO mmsync_cursor (name, frappe_creation, frappe_owner, provider,"
		" longest_event_ms, longest_apart, longest_watermark) SELECT name, creation,"
		" owner, 'ical', %lld, '%s', " LONG_AGO " FROM " INTEGRATIONS
		" WHERE name = '%s'",
		(long long)(known.longest.bound_us / 1000), mms_str_get(&apart), calendar);
}

static int
start(void **state)
{
	struct mms_site site;
	char dir[MMS_TEST_DIR_MAX];
	/* room for the table: what is tested is what is looked at, not the disk */
	static const char *const args[] = { "--innodb-buffer-pool-size=1G",
					    "--innodb-log-file-size=256M", NULL };

	(void)state;
	mms_site_setup();
	(void)mms_test_server_start(&server, args);
	mms_test_make_frappe(&server);
	OK(mms_db_open(&db, &server.settings, &err));
	mms_test_site_make(&server, "site1", ", \"mmsync\": {\"event_time_zone\": \"UTC\"}",
			   dir);
	mms_test_site_load(dir, &site);
	mms_test_schema_apply(db, &site);
	mms_site_release(&site);
	OK(mms_columns_load(db, &columns, &err));
	mms_db_use_columns(db, mms_columns_has_port, columns);
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

/* ---- questions ------------------------------------------------------------------------------- */

/* Entries of indexes and rows that all connections have read so far. */
static int64_t
n_read(void)
{
	return mms_test_ask_i64(
		&server, "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS "
			 "WHERE VARIABLE_NAME IN ('HANDLER_READ_NEXT', 'HANDLER_READ_KEY', "
			 "'HANDLER_READ_RND_NEXT', 'HANDLER_READ_FIRST', "
			 "'HANDLER_ICP_ATTEMPTS')");
}

/* How much of it the counting itself is. */
static int64_t
n_read_by_counting(void)
{
	int64_t first = n_read();

	return n_read() - first;
}

static int64_t
ask_table(const char *calendar, int64_t from_s, int64_t to_s)
{
	return mms_test_ask_i64(
		&server,
		"SELECT COUNT(*) FROM " EVENTS " WHERE calendar_integration = "
		"'%s' AND is_blocking_availability = 1 AND sync_status = 'Synced'"
		" AND start_datetime < '1970-01-01' + INTERVAL %lld SECOND AND "
		"end_datetime > '1970-01-01' + INTERVAL %lld SECOND",
		calendar, (long long)to_s, (long long)from_s);
}

/* Returns the most entries that one answer has cost. */
static int64_t
ask_often(const char *user, const char *calendar, unsigned n, int64_t span_s)
{
	MMS_AUTO(mms_busy_person) person = { 0 };
	int64_t most = 0, overhead = n_read_by_counting();

	OK(mms_busy_load_person(db, columns, user, &person, &err));
	for (unsigned i = 0; i < n; i++) {
		MMS_AUTO(mms_taken_list) list = { 0 };
		int64_t from_s = NOW_S + (int64_t)(i * 7919 % 2880) * 1800;
		int64_t before = n_read();
		OK(mms_busy_load_events(db, &person, from_s * 1000000,
					(from_s + span_s) * 1000000, &list, &err));
		int64_t cost = n_read() - before - overhead;
		most = cost > most ? cost : most;
		assert_int_equal(list.n, ask_table(calendar, from_s, from_s + span_s));
	}
	return most;
}

static void
of_a_million_events_few_are_looked_at(void **state)
{
	char path[PATH_MAX];

	(void)state;
	mms_test_program_path(path);
	if (strstr(path, "/asan/") != NULL) {
		print_message("the server is the same without sanitizers\n");
		skip();
	}
	fill();
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM " EVENTS), 1000000);
	measure("cal0");
	measure("cal77");
	/* without a bound it would be all that ever began: 18,000 */
	int64_t slot = ask_often("u0@example.com", "cal0", 60, 1800);
	int64_t week = ask_often("u0@example.com", "cal0", 30, 7 * 86400);
	int64_t small = ask_often("u77@example.com", "cal77", 30, 7 * 86400);
	print_message("entries for half an hour %lld, a week %lld, a week of a small calendar "
		      "%lld\n",
		      (long long)slot, (long long)week, (long long)small);
	assert_in_range(slot, 1, 200);
	assert_in_range(week, 1, 400);
	assert_in_range(small, 1, 40);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_million_events_few_are_looked_at),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * cleanup: which rows go and which stay, that all of them can be put back as they were, and that a sync neither misses what
 * went nor brings it back.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/cleaned.h"

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

/* ---- the rules ----------------------------------------------------------------------------- */

/* An event of cal1. The present is 2 March 2026; what is older than 365 days may go. */
static const struct event {
	const char *label, *status, *modified, *end;
	int type, state;  /* of its state; 0: none */
	const char *more; /* SQL about it, @NAME@ its name; NULL */
	bool goes;
} events[] = {
	{ "deleted outside, long ago", "Deleted Externally", "2025-03-01", "2025-02-01", 1, 5,
	  NULL, true },
	{ "deleted here, long ago", "Deleted Locally", "2025-03-01", "2025-02-01", 1, 5, NULL,
	  true },
	{ "deleted within the retention", "Deleted Externally", "2025-03-03", "2025-02-01", 1,
	  5, NULL, false },
	{ "deleted long ago, in the future", "Deleted Externally", "2025-03-01", "2027-02-01",
	  1, 5, NULL, true },
	{ "deleted, and nothing is known of it", "Deleted Externally", "2025-03-01",
	  "2025-02-01", 0, 0, NULL, true },
	{ "deleted in Frappe alone", "Deleted Locally", "2025-03-01", "2025-02-01", 1, 3, NULL,
	  false },
	{ "a booking points to it", "Deleted Externally", "2025-03-01", "2025-02-01", 1, 5,
	  "INSERT INTO `tabMM Meeting Booking` (name, creation, modified, calendar_event)"
	  " VALUES ('B-@NAME@', '2025-01-01', '2025-01-01', '@NAME@')",
	  false },
	{ "it points to a booking", "Deleted Externally", "2025-03-01", "2025-02-01", 2, 5,
	  "INSERT INTO `tabMM Meeting Booking` (name, creation, modified)"
	  " VALUES ('B-@NAME@', '2025-01-01', '2025-01-01');"
	  "UPDATE `tabMM Calendar Event Sync` SET meeting_booking = 'B-@NAME@' WHERE name ="
	  " '@NAME@'",
	  false },
	{ "of a booking that is gone", "Deleted Locally", "2025-03-01", "2025-02-01", 2, 5,
	  "UPDATE `tabMM Calendar Event Sync` SET meeting_booking = 'B-@NAME@' WHERE name ="
	  " '@NAME@'; UPDATE mmsync_event_state SET booking = 'B-@NAME@', booking_creation ="
	  " '2025-01-05', removed_by = 1 WHERE row_name = '@NAME@'",
	  true },
	{ "of a booking that was renamed", "Deleted Locally", "2025-03-01", "2025-02-01", 2, 5,
	  "INSERT INTO `tabMM Meeting Booking` (name, creation, modified)"
	  " VALUES ('R-@NAME@', '2025-01-07', '2025-01-01');"
	  "UPDATE mmsync_event_state SET booking = 'B-@NAME@', booking_creation ="
	  " '2025-01-07', removed_by = 1 WHERE row_name = '@NAME@'",
	  false },
	{ "commented", "Deleted Externally", "2025-03-01", "2025-02-01", 1, 5,
	  "UPDATE `tabMM Calendar Event Sync` SET _comments = '[{\"comment\": \"so\"}]'"
	  " WHERE name = '@NAME@'",
	  false },
	{ "its comment was removed", "Deleted Externally", "2025-03-01", "2025-02-01", 1, 5,
	  "UPDATE `tabMM Calendar Event Sync` SET _comments = '[]' WHERE name = '@NAME@'",
	  true },
	{ "assigned to somebody", "Deleted Externally", "2025-03-01", "2025-02-01", 1, 5,
	  "UPDATE `tabMM Calendar Event Sync` SET _assign = '[\"ann@example.com\"]'"
	  " WHERE name = '@NAME@'",
	  false },
	{ "something is to be sent of it", "Deleted Externally", "2025-03-01", "2025-02-01", 2,
	  5,
	  "INSERT INTO mmsync_outbox (integration_id, operation, uuid, type, created_at_ms,"
	  " changed_at_ms) SELECT integration_id, 'delete', uuid, 2, 0, 0 FROM"
	  " mmsync_event_state WHERE row_name = '@NAME@'",
	  false },
	{ "its blocks are to be planned", "Deleted Externally", "2025-03-01", "2025-02-01", 1,
	  5,
	  "INSERT INTO mmsync_block_due (integration_id, ext_key) SELECT integration_id,"
	  " ext_key FROM mmsync_event_state WHERE row_name = '@NAME@'",
	  false },
	{ "an open letter", "Sync Failed", "2025-01-01", "2025-01-30", 1, 4,
	  "INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation, error_code,"
	  " error_text, first_at_ms, last_at_ms) SELECT integration_id, ext_key, 'apply',"
	  " 'item', 'x', 0, 0 FROM mmsync_event_state WHERE row_name = '@NAME@'",
	  false },
	{ "a letter that was given up", "Sync Failed", "2025-01-01", "2025-01-30", 1, 4,
	  "INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation, error_code,"
	  " error_text, first_at_ms, last_at_ms, given_up) SELECT integration_id, ext_key,"
	  " 'apply', 'item', 'x', 0, 0, 1 FROM mmsync_event_state WHERE row_name = '@NAME@'",
	  true },
	{ "ended long ago", "Synced", "2024-01-01", "2025-03-01", 1, 3, NULL, true },
	{ "ended within the retention", "Synced", "2024-01-01", "2025-03-03", 1, 3, NULL,
	  false },
	{ "lasts until now", "Synced", "2024-01-01", "2027-03-03", 1, 3, NULL, false },
	{ "ended, and nothing is known of it", "Synced", "2024-01-01", "2025-03-01", 0, 0, NULL,
	  false },
	{ "ended, a booking's", "Synced", "2024-01-01", "2025-03-01", 2, 3, NULL, false },
	{ "ended, and waits", "Pending Sync", "2024-01-01", "2025-03-01", 1, 3, NULL, false },
};

static void
plant(size_t i, const char *integration)
{
	const struct event *e = &events[i];

	mms_test_sql(&world.server,
		     "INSERT INTO `tabMM Calendar Event Sync` (name, creation, modified, owner,"
		     " modified_by, docstatus, idx, calendar_integration, external_event_id,"
		     " event_title, event_type, sync_status, start_datetime, end_datetime,"
		     " is_blocking_availability) VALUES ('ROW-%zu', '%s', '%s',"
		     " 'Administrator', 'Administrator', 0, 0, '%s', 'ext-%zu', 'T',"
		     " 'External Event', '%s', '%s' - INTERVAL 1 HOUR, '%s', 0)",
		     i, e->modified, e->modified, integration, i, e->status, e->end, e->end);
	if (e->type != 0)
		mms_test_sql(
			&world.server,
			"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id,"
			" uuid, row_name, type, status, removed_by, created_at_ms, "
			"changed_at_ms)"
			" SELECT id, LEFT(UNHEX(SHA2('ext-%zu', 256)), 16), 'ext-%zu',"
			" LEFT(UNHEX(SHA2('uuid-%zu', 256)), 16), 'ROW-%zu', %d, %d, 1, 0, 0"
			" FROM mmsync_cursor WHERE name = '%s'",
			i, i, i, i, e->type, e->state, integration);
	if (e->more != NULL) {
		MMS_AUTO(mms_str) sql = { 0 };
		static const char place[] = "@NAME@";
		const char *p = e->more;
		for (const char *at; (at = strstr(p, place)) != NULL; p = at + strlen(place)) {
			mms_str_addn(&sql, p, (size_t)(at - p));
			mms_str_addf(&sql, "ROW-%zu", i);
		}
		mms_str_add(&sql, p);
		mms_test_sql(&world.server, "%s", mms_str_get(&sql));
	}
}

/* A site with two feeds that were read. */
static void
begin(void)
{
	race_begin(&race, 2, 2);
	race_configure(&race, "");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
}

/* Columns that a site or another app may have added, of every kind. */
static void
add_columns(void)
{
	mms_test_sql(
		&world.server,
		"ALTER TABLE `tabMM Calendar Event Sync` ADD COLUMN IF NOT EXISTS c_blob BLOB,"
		" ADD COLUMN IF NOT EXISTS c_bin VARBINARY(20), ADD COLUMN IF NOT EXISTS c_bit"
		" BIT(9), ADD COLUMN IF NOT EXISTS c_double DOUBLE, ADD COLUMN IF NOT EXISTS"
		" c_float FLOAT, ADD COLUMN IF NOT EXISTS c_dec DECIMAL(21,9), ADD COLUMN IF "
		"NOT"
		" EXISTS c_time TIME(6), ADD COLUMN IF NOT EXISTS c_date DATE, ADD COLUMN IF "
		"NOT"
		" EXISTS c_json JSON, ADD COLUMN IF NOT EXISTS c_latin VARCHAR(20) CHARACTER "
		"SET"
		" latin1, ADD COLUMN IF NOT EXISTS c_big BIGINT UNSIGNED, ADD COLUMN IF NOT"
		" EXISTS c_made DOUBLE GENERATED ALWAYS AS (c_float * 1e9) VIRTUAL, ADD COLUMN "
		"IF NOT"
		" EXISTS `odd \"na'me` INT, ADD COLUMN IF NOT EXISTS c_enum ENUM('a', 'b')");
	mms_test_sql(
		&world.server,
		"UPDATE `tabMM Calendar Event Sync` SET c_blob = X'00FF0A2200', c_bin = '', "
		"c_bit"
		" = b'101010101', c_double = 0.1 + 0.2, c_float = 0.1, c_dec ="
		" 123456789012.123456789, c_time = '-12:34:56.123456', c_date = '2024-02-29',"
		" c_json = '{\"a\":   [1, 2.50], \"b\": \"\\\\u00e9\"}', c_latin = "
		"'caf\xc3\xa9',"
		" c_big = 18446744073709551615, `odd \"na'me` = 7, c_enum = 'b', event_title ="
		" CONCAT('\xf0\x9f\x93\x85 \"q\" \\\\ / ', CHAR(9), CHAR(1), CHAR(10), ' "
		"\xc3\xa9'),"
		" attendees_json = '[ {\"email\": \"a@example.com\"} ]', description = '',"
		" modified = modified + INTERVAL 123456 MICROSECOND, location = NULL"
		" WHERE name LIKE 'ROW-%%' AND MOD(SUBSTR(name, 5), 2) = 0");
}

static void
drop_columns(void)
{
	mms_test_sql(
		&world.server,
		"ALTER TABLE `tabMM Calendar Event Sync` DROP COLUMN c_blob, DROP COLUMN"
		" c_bin, DROP COLUMN c_bit, DROP COLUMN c_double, DROP COLUMN c_float, DROP"
		" COLUMN c_dec, DROP COLUMN c_time, DROP COLUMN c_date, DROP COLUMN c_json,"
		" DROP COLUMN c_latin, DROP COLUMN c_big, DROP COLUMN c_made, DROP COLUMN"
		" `odd \"na'me`, DROP COLUMN c_enum");
}

/* What goes does so with its state, and comes back with it as it was. */
static void
events_go_by_their_rules_and_come_back(void **state)
{
	struct cleaned before;
	char n_rows[24];
	size_t n = 0;

	(void)state;
	begin();
	for (size_t i = 0; i < MMS_COUNT(events); i++) {
		plant(i, "cal1");
		n += events[i].goes;
	}
	add_columns();
	cleaned_look(&race, &before);
	(void)snprintf(n_rows, sizeof n_rows, "%zu", n);
	char *found = cleaned_answer(&race, "cleanup --dry-run", 0, "total");
	if (strcmp(found, n_rows) != 0)
		fail_msg("%s rows found, not %s", found, n_rows);
	free(found);
	cleaned_is_as(&race, &before, "a dry run");
	char *run = cleaned_answer(&race, "cleanup --confirm", 0, "run");
	for (size_t i = 0; i < MMS_COUNT(events); i++) {
		char sql[400];
		(void)snprintf(sql, sizeof sql,
			       "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE name ="
			       " 'ROW-%zu'",
			       i);
		cleaned_ask(&race, !events[i].goes, sql, events[i].label);
		(void)snprintf(sql, sizeof sql,
			       "SELECT COUNT(*) FROM mmsync_event_state WHERE row_name ="
			       " 'ROW-%zu'",
			       i);
		cleaned_ask(&race, !events[i].goes && events[i].type != 0, sql,
			    events[i].label);
	}
	cleaned_ask(&race, 1, "SELECT COUNT(*) FROM mmsync_dead_letter",
		    "the open letter stays");
	cleaned_expect(&race, "cleanup --confirm", 0, "total", "0");
	char undo[80];
	(void)snprintf(undo, sizeof undo, "cleanup --undo %s", run);
	char *back = cleaned_answer(&race, undo, 0, "put_back");
	char *logged = mms_test_ask_text(&world.server, "SELECT COUNT(*) FROM mmsync_removed");
	assert_string_equal(back, logged);
	cleaned_is_as(&race, &before, "the undo");
	cleaned_expect(&race, undo, 0, "put_back", "0");
	cleaned_is_as(&race, &before, "a second undo");
	free(run);
	free(back);
	free(logged);
	drop_columns();
}

/* A row of the same name, or the same id, has come meanwhile: it stays, and the others come back. */
static void
what_would_collide_is_told_and_left_out(void **state)
{
	char undo[80];

	(void)state;
	begin();
	for (size_t i = 0; i < 4; i++)
		plant(i, "cal1");
	char *run = cleaned_answer(&race, "cleanup --confirm", 0, "run");
	(void)snprintf(undo, sizeof undo, "cleanup --undo %s", run);
	/* ROW-0's name for another event, and ROW-1's id under another name with a state. */
	mms_test_sql(
		&world.server,
		"INSERT INTO `tabMM Calendar Event Sync` (name, calendar_integration,"
		" external_event_id, event_title, sync_status, start_datetime, end_datetime)"
		" VALUES ('ROW-0', 'cal2', 'other', 'mine', 'Synced', '2026-01-01',"
		" '2026-01-02'), ('NEW-1', 'cal1', 'ext-1', 'mine', 'Synced', '2026-01-01',"
		" '2026-01-02')");
	cleaned_expect(&race, undo, 1, "refused.0.table", "tabMM Calendar Event Sync");
	cleaned_ask(
		&race, 2,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE event_title = 'mine'",
		"what is there is not overwritten");
	cleaned_ask(&race, 1,
		    "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE name = 'ROW-3'",
		    "the others come back");
	cleaned_ask(
		&race, 0,
		"SELECT COUNT(*) FROM mmsync_event_state WHERE row_name IN ('ROW-0', 'ROW-1')",
		"nor does the state of one that stays out");
	mms_test_sql(&world.server,
		     "DELETE FROM `tabMM Calendar Event Sync` WHERE event_title = 'mine'");
	cleaned_expect(&race, undo, 0, "put_back", "4");
	cleaned_ask(&race, 1,
		    "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE name = 'ROW-1'",
		    "it comes back when nothing is in its way any more");
	free(run);
}

/* Without a terminal and without --confirm nothing goes; too short a retention is refused. */
static void
it_is_asked_and_not_too_early(void **state)
{
	static const struct {
		const char *arguments, *part;
	} cases[] = {
		{ "cleanup", "without --confirm" },
		{ "cleanup --confirm --older-than 29", "younger than 30 days" },
		{ "cleanup --confirm --older-than 31", "reads 30 days back" },
		{ "cleanup --undo 01934a3e-7c1d-7aaa-8d1e-0123456789ab",
		  "there is no cleanup" },
		{ "cleanup --undo nonsense", "is not the id" },
		{ "cleanup --undo 01934a3e-7c1d-7aaa-8d1e-0123456789ab --dry-run", "not with" },
	};
	struct cleaned before;

	(void)state;
	begin();
	plant(0, "cal1");
	cleaned_look(&race, &before);
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		char *message = cleaned_answer(&race, cases[i].arguments, 2, "error.message");
		if (strstr(message, cases[i].part) == NULL)
			fail_msg("%s: %s", cases[i].arguments, message);
		free(message);
		cleaned_is_as(&race, &before, cases[i].arguments);
	}
	cleaned_expect(&race, "cleanup --confirm --older-than 32", 0, "rules.deleted_events",
		       "2");
	char *at = cleaned_answer(&race, "cleanup --list", 0, "runs.0.removed");
	assert_string_equal(at, "2");
	free(at);
}

/* ---- all else ------------------------------------------------------------------------------ */

/* What is left of each kind. */
static const struct {
	const char *label, *where;
	int64_t n;
} left[] = {
	{ "the newest run of each stays", "mmsync_run WHERE started_ms < 10", 2 },
	{ "letters", "mmsync_dead_letter WHERE error_text IN ('goes')", 0 },
	{ "letters that stay", "mmsync_dead_letter WHERE error_text = 'stays'", 5 },
	{ "pairs go both ways", "mmsync_same_meeting", 2 },
	{ "what is due of nothing", "mmsync_block_due WHERE version = 7", 0 },
	{ "what is due of something", "mmsync_block_due WHERE version = 8", 1 },
	{ "budgets", "mmsync_budget WHERE scope = 'old'", 0 },
	{ "budgets in use", "mmsync_budget WHERE scope IN ('new', 'waits')", 2 },
	{ "slots", "mmsync_slot WHERE scope = 'old'", 0 },
	{ "slots in use", "mmsync_slot WHERE scope IN ('new', 'held')", 2 },
	{ "the log", "mmsync_removed WHERE rule = 'old'", 0 },
	{ "the log's young rows", "mmsync_removed WHERE rule = 'new'", 1 },
};

static void
plant_rest(void)
{
	mms_test_sql(
		&world.server,
		"SET @a = (SELECT id FROM mmsync_cursor WHERE name = 'cal1');"
		"SET @k = (SELECT ext_key FROM mmsync_event_state WHERE row_name = 'ROW-18');"
		"SET @d = (SELECT ext_key FROM mmsync_event_state WHERE row_name = 'ROW-2');"
		"SET @u = (SELECT uuid FROM mmsync_event_state WHERE row_name = 'ROW-18');"
		"SET @v = (SELECT uuid FROM mmsync_event_state WHERE row_name = 'ROW-2');"
		"SET @x = REPEAT('x', 16), @old = 1740000000000, @new = 1772000000000;"
		"DELETE FROM mmsync_run; INSERT INTO mmsync_run (run, integration_id, mode, "
		"status, started_ms)"
		" VALUES ('old', @a, 'full', 'success', 1), ('old', @a, 'full', 'success', 2),"
		" ('old', 0, 'full', 'success', 2), ('old', 0, 'full', 'success', 1),"
		" ('old', 99, 'full', 'success', 1);"
		"INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation, "
		"error_code,"
		" given_up, error_text, first_at_ms, last_at_ms) VALUES"
		" (@a, @d, 'apply', 'x', 1, 'goes', 0, @old),"  /* its event is deleted */
		" (@a, @x, 'create', 'x', 1, 'goes', 0, @old)," /* nothing is known of it */
		" (@a, @x, 'update', 'x', 2, 'goes', 0, @old),"
		" (99, @x, 'apply', 'x', 0, 'goes', 0, @new)," /* of a calendar that never was */
		" (@a, @d, 'create', 'x', 0, 'stays', 0, @old)," /* open */
		" (@a, @d, 'update', 'x', 1, 'stays', 0, @new)," /* young */
		" (@a, @k, 'apply', 'x', 1, 'stays', 0, @old),"  /* its event is there */
		" (@a, @x, 'apply', 'x', 1, 'stays', 0, @old),"  /* it may still be listed */
		" (0, @x, 'apply', 'x', 1, 'stays', 0, @old);"   /* of no calendar */
		"INSERT INTO mmsync_same_meeting VALUES (@u, @v), (@v, @u), (@u, @x), (@x, @u);"
		"INSERT INTO mmsync_block_due VALUES (@a, @x, 7), (@a, @k, 8);"
		"INSERT INTO mmsync_budget VALUES ('google', 'old', @old, 1, NULL), ('google',"
		" 'new', @new, 1, NULL), ('google', 'waits', @old, 1, 1999000000000);"
		"INSERT INTO mmsync_slot (provider, scope, slot, holder) VALUES ('google', "
		"'old',"
		" 1, NULL), ('google', 'old', 2, NULL), ('google', 'new', 1, NULL), ('google',"
		" 'held', 1, 'somebody');"
		"INSERT INTO mmsync_removed (run, batch, rule, table_name, row_key, content,"
		" removed_ms) VALUES ('o', 1, 'old', 't', 'k', '{}', @old), ('n', 1, 'new', "
		"'t',"
		" 'k', '{}', @new)");
}

/* Of what hangs on no event: one of each that goes, and one that stays for each reason there is. */
static void
what_is_of_no_calendar_goes_by_its_age(void **state)
{
	struct cleaned before;
	char undo[80];

	(void)state;
	begin();
	plant(18, "cal1"); /* one that stays */
	plant(2, "cal1");  /* deleted, not long ago */
	plant_rest();
	cleaned_look(&race, &before);
	char *run = cleaned_answer(&race, "cleanup --confirm", 0, "run");
	for (size_t i = 0; i < MMS_COUNT(left); i++) {
		char sql[200];
		(void)snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", left[i].where);
		cleaned_ask(&race, left[i].n, sql, left[i].label);
	}
	cleaned_expect(&race, "cleanup --confirm", 0, "total", "0");
	(void)snprintf(undo, sizeof undo, "cleanup --undo %s", run);
	free(cleaned_answer(&race, undo, 0, "put_back"));
	cleaned_is_as(&race, &before, "the undo");
	free(run);
}

/* The integration comes back: everything is read anew. */
static void
it_is_read_in_full_again(void)
{
	mms_test_sql(&world.server,
		     "INSERT INTO `tabMM Calendar Integration` SELECT * FROM test_gone; DROP"
		     " TABLE test_gone");
	race_tell(&race, "now 2026-03-02T09:00:00Z");
	assert_int_equal(race_run(&race, "sync", NULL), 0);
	cleaned_ask(
		&race, 2,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE calendar_integration"
		" = 'cal1'",
		"the calendar is read in full");
	race_is_quiet(&race, "after it came back");
}

/* Of an integration that is gone for a week everything goes, and a new one of its name is read in full. */
static void
of_a_calendar_without_integration_nothing_is_left(void **state)
{
	struct cleaned before;
	char undo[80];

	(void)state;
	begin();
	plant(18, "cal1");
	plant(5, "cal1");
	mms_test_sql(&world.server,
		     "CREATE OR REPLACE TABLE test_gone AS SELECT * FROM"
		     " `tabMM Calendar Integration` WHERE name = 'cal1';"
		     "DELETE FROM `tabMM Calendar Integration` WHERE name = 'cal1'");
	cleaned_look(&race, &before);
	race_tell(&race, "advance 6d");
	cleaned_expect(&race, "cleanup --confirm", 0, "total", "0");
	cleaned_is_as(&race, &before, "within a week");
	race_tell(&race, "advance 2d");
	/* A booking points to one of its rows: that one stays, with what is known of it. */
	mms_test_sql(&world.server,
		     "INSERT INTO `tabMM Meeting Booking` (name, creation, modified,"
		     " calendar_event) VALUES ('B', '2025-01-01', '2025-01-01', 'ROW-5')");
	char *first = cleaned_answer(&race, "cleanup --confirm", 0, "run");
	cleaned_ask(
		&race, 1,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE calendar_integration"
		" = 'cal1'",
		"what a booking points to");
	cleaned_ask(&race, 1, "SELECT COUNT(*) FROM mmsync_cursor WHERE name = 'cal1'",
		    "its cursor");
	mms_test_sql(&world.server, "DELETE FROM `tabMM Meeting Booking`");
	char *second = cleaned_answer(&race, "cleanup --confirm", 0, "run");
	cleaned_ask(
		&race, 0,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE calendar_integration"
		" = 'cal1'",
		"rows");
	cleaned_ask(
		&race, 0,
		"SELECT COUNT(*) FROM mmsync_event_state s LEFT JOIN mmsync_cursor c ON c.id ="
		" s.integration_id WHERE c.id IS NULL OR c.name = 'cal1'",
		"states");
	cleaned_ask(&race, 0, "SELECT COUNT(*) FROM mmsync_cursor WHERE name = 'cal1'",
		    "the cursor");
	cleaned_expect(&race, "cleanup --confirm", 0, "total", "0");
	race_check(&race, "after both");
	(void)snprintf(undo, sizeof undo, "cleanup --undo %s", second);
	free(cleaned_answer(&race, undo, 0, "put_back"));
	(void)snprintf(undo, sizeof undo, "cleanup --undo %s", first);
	free(cleaned_answer(&race, undo, 0, "put_back"));
	cleaned_is_as(&race, &before, "the undo of both");
	free(cleaned_answer(&race, "cleanup --confirm", 0, "run"));
	it_is_read_in_full_again();
	free(first);
	free(second);
}

/* Fields of a site's own DocTypes that name an event keep it, and so do its files. */
static void
what_the_site_itself_points_to_stays(void **state)
{
	static const struct {
		const char *label, *sql;
		int64_t n;
	} cases[] = {
		{ "nothing", "DO 1", 0 },
		{ "a Custom Field of a DocType of the site's",
		  "CREATE TABLE `tabMy Note` (name varchar(140), `what for` varchar(140) "
		  "COLLATE"
		  " utf8mb4_unicode_ci); INSERT INTO `tabMy Note` VALUES ('N', 'ROW-0'), ('M',"
		  " NULL); INSERT INTO `tabCustom Field` (name, dt, fieldname, fieldtype, "
		  "options)"
		  " VALUES ('x', 'My Note', 'what for', 'Link', 'MM Calendar Event Sync'), "
		  "('y',"
		  " 'No Table', 'f', 'Link', 'MM Calendar Event Sync')",
		  1 },
		{ "a file",
		  "DELETE FROM `tabCustom Field`; CREATE TABLE `tabFile` (name varchar(140),"
		  " attached_to_doctype varchar(140), attached_to_name varchar(140)) COLLATE"
		  " utf8mb4_unicode_ci; INSERT INTO `tabFile` VALUES ('F', 'MM Calendar Event"
		  " Sync', 'ROW-0')",
		  1 },
		{ "a file of something else",
		  "UPDATE `tabFile` SET attached_to_doctype = 'MM Meeting Booking'", 0 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		begin();
		plant(0, "cal1");
		mms_test_sql(&world.server, "%s", cases[i].sql);
		free(cleaned_answer(&race, "cleanup --confirm", 0, "total"));
		cleaned_ask(&race, cases[i].n,
			    "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE name ="
			    " 'ROW-0'",
			    cases[i].label);
	}
	mms_test_sql(&world.server, "DROP TABLE `tabMy Note`, `tabFile`");
}

/* A long event that comes back is found again by who asks for busy times: the bound is raised with it. */
static void
what_comes_back_may_be_the_longest(void **state)
{
	char undo[80];

	(void)state;
	begin();
	plant(17, "cal1");
	mms_test_sql(&world.server, "UPDATE `tabMM Calendar Event Sync` SET start_datetime ="
				    " end_datetime - INTERVAL 40 DAY WHERE name = 'ROW-17'");
	char *run = cleaned_answer(&race, "cleanup --confirm", 0, "run");
	cleaned_ask(&race, 0,
		    "SELECT longest_event_ms >= 3456000000 FROM mmsync_cursor WHERE name ="
		    " 'cal1'",
		    "measured without it");
	(void)snprintf(undo, sizeof undo, "cleanup --undo %s", run);
	cleaned_expect(&race, undo, 0, "put_back", "2");
	cleaned_ask(&race, 3456000000,
		    "SELECT longest_event_ms FROM mmsync_cursor WHERE name = 'cal1'",
		    "measured with it");
	free(run);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_go_by_their_rules_and_come_back),
		cmocka_unit_test(what_would_collide_is_told_and_left_out),
		cmocka_unit_test(it_is_asked_and_not_too_early),
		cmocka_unit_test(what_is_of_no_calendar_goes_by_its_age),
		cmocka_unit_test(what_comes_back_may_be_the_longest),
		cmocka_unit_test(what_the_site_itself_points_to_stays),
		cmocka_unit_test(of_a_calendar_without_integration_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

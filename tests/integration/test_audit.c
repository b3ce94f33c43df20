/* audit, the program, on a real database that it may only read: a row planted for each rule. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "mmsync/json_scan.h"
#include "mmsync/mem.h"
#include "mmsync/rules.h"
#include "mmsync/timetext.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/rules_site.h"
#include "support/rules_world.h"

#define SQL(...) mms_test_sql(rules_site_server(), __VA_ARGS__)

/* A good row, and what is set in it; each row's name says what is wrong. */
struct plant {
	const char *name, *set, *want; /* "rule severity", several with a blank and a plus */
};

static const struct plant integrations[] = {
	{ "ci", "user = user", "" },
	{ "ci no user", "user = NULL", "user_exists error" },
	{ "ci unknown user", "user = 'x@example.com'", "user_exists error" },
	{ "ci name twice a", "integration_name = 'Twice'", "integration_name_unique error" },
	{ "ci name twice b", "integration_name = 'TWICE '", "integration_name_unique error" },
	{ "ci type", "integration_type = NULL", "integration_type_requirements error" },
	{ "ci address", "ical_url = 'x'", "integration_type_requirements error" },
	{ "ci two-way", "sync_direction = 'Two-way (Read & Write)'",
	  "integration_type_requirements warning" },
	{ "ci token", "integration_type = 'Google Calendar', calendar_id = 'x'",
	  "integration_type_requirements error" },
	{ "ci token there",
	  "integration_type = 'Google Calendar', calendar_id = 'x', access_token = '*'", "" },
	{ "ci days", "sync_past_days = -1", "sync_settings error" },
	{ "ci expired", "token_expiry = '2026-11-20 11:59:59'", "token_expiry warning" },
	{ "ci primary a", "is_primary = 1, user = 'bob@example.com'",
	  "primary_calendar error" },
	{ "ci primary b", "is_primary = 1, user = 'BOB@example.com'",
	  "primary_calendar error" },
	{ "ci primary of another", "is_primary = 1, user = 'Administrator'", "" },
	{ "ci inactive", "is_active = 0", "" },
	{ "ci status", "sync_status = 'Broken'", "select_option error" },
};

static const struct plant events[] = {
	{ "ev", "user = user", "" },
	{ "ev no integration", "calendar_integration = NULL",
	  "calendar_integration_exists error" },
	{ "ev orphan", "calendar_integration = 'gone'", "calendar_integration_exists error" },
	{ "ev inactive", "calendar_integration = 'CI INACTIVE'",
	  "calendar_integration_exists warning" },
	{ "ev no id", "external_event_id = ''", "external_event_id_unique error" },
	{ "ev twin a", "external_event_id = 'twin'", "external_event_id_unique error" },
	{ "ev twin b", "external_event_id = 'TWIN'", "external_event_id_unique error" },
	{ "ev twin elsewhere", "external_event_id = 'twin', calendar_integration = 'ci days'",
	  "" },
	{ "ev no start", "start_datetime = NULL", "event_timing error" },
	{ "ev zero date", "start_datetime = '0000-00-00'", "event_timing error" },
	{ "ev no length", "end_datetime = start_datetime", "event_timing error" },
	{ "ev long", "end_datetime = start_datetime + INTERVAL 30 HOUR",
	  "event_timing warning" },
	{ "ev old", "start_datetime = '2020-01-01', end_datetime = '2020-01-01 01:00'",
	  "event_timing warning" },
	{ "ev attendees", "attendees_json = '[\"x\", 5]'",
	  "attendees_json error + attendees_json error" },
	{ "ev no array", "attendees_json = '{}'", "attendees_json error" },
	{ "ev no json", "attendees_json = '[1,'", "attendees_json error" },
	{ "ev organizer", "organizer_email = 'x'", "organizer_email error" },
	{ "ev no booking", "meeting_booking = 'gone'", "meeting_booking_link error" },
	{ "ev booking", "meeting_booking = 'MB'", "" },
	{ "ev booking a", "meeting_booking = 'mb shared'", "meeting_booking_link warning" },
	{ "ev booking b", "meeting_booking = 'MB SHARED'", "meeting_booking_link warning" },
	{ "ev booking late",
	  "meeting_booking = 'mb other', start_datetime = '2026-12-05 09:06', end_datetime = "
	  "'2026-12-05 10:00'",
	  "meeting_booking_link warning" },
	{ "ev type", "event_type = 'Foo'", "select_option error" },
};

static const struct plant bookings[] = {
	{ "mb", "user = user", "" },
	{ "mb shared", "user = user", "" },
	{ "mb other", "user = user", "" },
	{ "mb no type", "meeting_type = 'gone'", "meeting_type_exists error" },
	{ "mb inactive type", "meeting_type = 'Gone'", "meeting_type_exists error" },
	{ "mb time", "end_datetime = start_datetime", "timing error" },
	{ "mb past", "start_datetime = '2020-01-01'", "" },
	{ "mb customer", "customer_email = 'x'", "customer_details error" },
	{ "mb nobody", "user = user", "assigned_users error" },
	{ "mb unknown user", "user = user", "assigned_users error" },
	{ "mb two hosts", "user = user", "assigned_users warning" },
	{ "mb guest", "user = user", "participants error" },
	{ "mb colleague", "user = user", "" },
	{ "mb history", "user = user", "select_option error + link error" },
	{ "mb assignments", "user = user", "booking_status error" },
	{ "mb rejected", "requires_approval = 1, approval_status = 'Rejected'",
	  "approval_workflow error + booking_status warning" },
	{ "mb unlinked", "calendar_event_synced = 1", "calendar_sync warning" },
	{ "mb event", "calendar_event = 'EV'", "" },
	{ "mb no event", "calendar_event = 'gone'", "calendar_sync error" },
	{ "mb url", "video_meeting_url = 'x'", "location_settings error" },
	{ "mb place", "location_type = 'Physical Location'", "location_settings warning" },
	{ "mb done", "booking_status = 'Completed'", "booking_status error" },
	{ "mb creator", "created_by = 'x@example.com'", "link error" },
};

/* "user = user" changes nothing, in tables without such a column too. */
static void
plant(const char *table, const struct plant *rows, size_t n, const char *columns,
      const char *values)
{
	for (size_t i = 0; i < n; i++) {
		SQL("INSERT INTO `%s` (name, %s) VALUES ('%s', %s)", table, columns,
		    rows[i].name, values);
		if (strcmp(rows[i].set, "user = user") != 0)
			SQL("SET sql_mode = ''; UPDATE `%s` SET %s WHERE name = '%s'; SET "
			    "sql_mode = "
			    "DEFAULT",
			    table, rows[i].set, rows[i].name);
	}
}

static void
plant_children(void)
{
	SQL("INSERT INTO `tabMM Meeting Booking Assigned User` (name, idx, parent, parenttype, "
	    "parentfield, user, is_primary_host) SELECT CONCAT('au', name), 1, UPPER(name), "
	    "'MM Meeting Booking', 'assigned_users', 'alice@example.com', 1 FROM "
	    "`tabMM Meeting Booking` WHERE name <> 'mb nobody'");
	SQL("UPDATE `tabMM Meeting Booking Assigned User` SET user = 'x@example.com' WHERE "
	    "parent = "
	    "'mb unknown user'");
	SQL("INSERT INTO `tabMM Meeting Booking Assigned User` (name, idx, parent, parenttype, "
	    "user, "
	    "is_primary_host) VALUES ('b', 2, 'mb two hosts', 'MM Meeting Booking', "
	    "'bob@example.com', 1), ('orphan', 1, 'mb no such', 'MM Meeting Booking', 'x', 1)");
	SQL("INSERT INTO `tabMM Meeting Booking Participant` (name, idx, parent, parenttype, "
	    "email, "
	    "name1, participant_type, user) VALUES "
	    "('p1', 1, 'mb guest', 'MM Meeting Booking', 'x', 'X', 'External', NULL), "
	    "('p2', 1, 'mb colleague', 'MM Meeting Booking', 'bob@example.com', NULL, "
	    "'Internal', "
	    "'BOB@example.com')");
	SQL("INSERT INTO `tabMM Meeting Booking History` (name, idx, parent, parenttype, "
	    "parentfield, "
	    "event_type, event_by) VALUES ('h1', 3, 'mb history', 'MM Meeting Booking', "
	    "'booking_history', 'Pending', 'x@example.com'), ('h2', 1, 'mb assignments', "
	    "'MM Meeting Booking', 'assignment_history', NULL, 'Administrator')");
}

static int
make_site(void **state)
{
	(void)rules_site_empty(state);
	SQL("INSERT INTO tabUser (name) VALUES ('alice@example.com'), ('bob@example.com'), "
	    "('Administrator')");
	SQL("INSERT INTO `tabMM Meeting Type` (name, is_internal) VALUES ('Intro', 1)");
	SQL("INSERT INTO `tabMM Meeting Type` (name, is_active) VALUES ('Gone', 0)");
	SQL("ALTER TABLE `tabMM Meeting Booking` ADD requires_approval TINYINT NOT NULL "
	    "DEFAULT 0, "
	    "ADD approval_status VARCHAR(140), ADD rejection_reason TEXT");
	/* MariaDB checks JSON where Frappe has made the column; older rows are as they are. */
	SQL("ALTER TABLE `tabMM Calendar Event Sync` MODIFY attendees_json LONGTEXT");
	plant("tabMM Calendar Integration", integrations, MMS_COUNT(integrations),
	      "user, integration_type, integration_name, ical_url, sync_direction",
	      "'alice@example.com', 'iCal', UUID(), 'https://example.com/a.ics', "
	      "'One-way (Read Only)'");
	plant("tabMM Meeting Booking", bookings, MMS_COUNT(bookings),
	      "meeting_type, meeting_title, start_datetime, end_datetime, customer_name, "
	      "customer_email, location_type",
	      "'Intro', 'T', '2026-12-05 09:00', '2026-12-05 10:00', 'C', 'c@example.com', "
	      "'Custom'");
	plant_children();
	plant("tabMM Calendar Event Sync", events, MMS_COUNT(events),
	      "calendar_integration, external_event_id, event_title, start_datetime, "
	      "end_datetime",
	      "'ci', UUID(), 'T', '2026-12-05 09:00', '2026-12-05 10:00'");
	rules_site_read_only();
	return 0;
}

/* "rule severity + ..." of a row in the lines of ndjson. */
static void
found_for(const char *out, const char *name, struct mms_str *found)
{
	char wanted[160];

	(void)snprintf(wanted, sizeof wanted, "\"name\":\"%s\",", name);
	for (; *out != '\0'; out += strcspn(out, "\n") + 1) {
		const char *end = out + strcspn(out, "\n");
		const char *at = strstr(out, wanted);
		if (at == NULL || at > end)
			continue;
		const char *severity = strstr(out, "\"severity\":\"") + 12;
		const char *rule = strstr(out, "\"rule\":\"") + 8;
		mms_str_addf(found, "%s%.*s %.*s", found->len > 0 ? " + " : "",
			     (int)strcspn(rule, "\""), rule, (int)strcspn(severity, "\""),
			     severity);
	}
}

static size_t
check_plants(const char *out, const struct plant *rows, size_t n)
{
	size_t n_found = 0;

	for (size_t i = 0; i < n; i++) {
		MMS_AUTO(mms_str) found = { 0 };
		found_for(out, rows[i].name, &found);
		if (strcmp(mms_str_get(&found), rows[i].want) != 0)
			fail_msg("'%s': %s, want %s\n%s", rows[i].name, mms_str_get(&found),
				 rows[i].want, out);
		for (const char *p = rows[i].want; *p != '\0'; p++)
			n_found += *p == '+' || p == rows[i].want;
	}
	return n_found;
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void
a_row_planted_for_each_rule_is_found_and_no_other(void **state)
{
	const char *const args[] = { "audit", "--format", "ndjson", NULL };
	struct mms_test_run run = { 0 };
	size_t n = 0;

	(void)state;
	assert_int_equal(rules_site_run(&run, NULL, 0, args), 1);
	n += check_plants(run.out, integrations, MMS_COUNT(integrations));
	n += check_plants(run.out, events, MMS_COUNT(events));
	n += check_plants(run.out, bookings, MMS_COUNT(bookings));
	assert_int_equal(count_lines(run.out), n + 1);
	const char *sums = strstr(run.out, "{\"checked\":");
	assert_non_null(sums);
	assert_string_equal(
		sums,
		"{\"checked\":{\"MM Calendar Integration\":17,\"MM Calendar Event Sync\":23,"
		"\"MM Meeting Booking\":23},\"errors\":41,\"warnings\":12,\"counts\":{"
		"\"calendar_integration_exists\":3,\"external_event_id_unique\":3,"
		"\"event_timing\":5,\"attendees_json\":4,\"organizer_email\":1,"
		"\"meeting_booking_link\":4,\"user_exists\":2,\"integration_name_unique\":2,"
		"\"integration_type_requirements\":4,\"sync_settings\":1,\"token_expiry\":1,"
		"\"primary_calendar\":2,\"meeting_type_exists\":2,\"timing\":1,"
		"\"customer_details\":1,\"assigned_users\":3,\"participants\":1,"
		"\"approval_workflow\":1,\"calendar_sync\":2,\"location_settings\":2,"
		"\"booking_status\":3,\"select_option\":3,\"link\":2},"
		"\"consistency\":false}\n");
	assert_non_null(strstr(run.out,
			       "\"message\":\"A primary calendar integration already exists "
			       "for user 'bob@example.com': '"));
	mms_test_run_release(&run);
}

/* The same under our unique index and collation, where 'twin' and 'TWIN' are two ids. */
static void
ids_that_differ_in_case_are_no_twins_under_our_collation(void **state)
{
	const char *const args[] = { "audit", "--format=ndjson", "--doctype",
				     "MM Calendar Event Sync", NULL };
	struct mms_test_run run = { 0 };
	struct mms_site site = { 0 };
	struct mms_db *db = NULL;

	(void)state;
	SQL("GRANT ALL ON `%s`.* TO '%s'@'%%'", rules_site_server()->database,
	    rules_site_server()->database);
	SQL("DELETE FROM `tabMM Calendar Event Sync` WHERE name IN ('ev no id', 'ev no "
	    "integration')");
	mms_test_site_load(rules_site_dir(), &site);
	OK(mms_db_open(&db, &rules_site_server()->settings, &err));
	mms_test_schema_apply(db, &site);
	mms_db_close(db);
	mms_site_release(&site);
	assert_int_equal(rules_site_run(&run, NULL, 0, args), 1);
	assert_null(strstr(run.out, "external_event_id_unique"));
	assert_non_null(strstr(run.out, "{\"checked\":{\"MM Calendar Event Sync\":21}"));
	mms_test_run_release(&run);
}

static void
filters_leave_out_what_belongs_to_others(void **state)
{
	static const struct {
		const char *args[8], *want;
	} rows[] = {
		{ { "audit", "--format=ndjson", "--user", "bob@example.com", NULL },
		  "{\"checked\":{\"MM Calendar Integration\":2,\"MM Calendar Event "
		  "Sync\":0,\"MM "
		  "Meeting Booking\":1},\"errors\":2,\"warnings\":1," },
		{ { "audit", "--format=ndjson", "--integration", "CI DAYS", NULL },
		  "{\"checked\":{\"MM Calendar Integration\":1,\"MM Calendar Event "
		  "Sync\":1,\"MM "
		  "Meeting Booking\":0},\"errors\":1,\"warnings\":0," },
		{ { "audit", "--format=ndjson", "--integration", "ci", "--doctype",
		    "MM Meeting Booking", NULL },
		  "{\"checked\":{\"MM Meeting Booking\":1},\"errors\":0,\"warnings\":0," },
	};
	struct mms_test_run run = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		(void)rules_site_run(&run, NULL, 0, rows[i].args);
		const char *sums = strstr(run.out, "{\"checked\":");
		if (sums == NULL || strncmp(sums, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row %zu: %s%s", i, run.out, run.err);
	}
	mms_test_run_release(&run);
}

static void
names_that_nobody_has_are_refused_with_the_nearest(void **state)
{
	static const struct {
		const char *args[4], *want;
	} rows[] = {
		{ { "audit", "--user", "alise@example.com", NULL },
		  "did you mean 'alice@example.com'?" },
		{ { "audit", "--integration", "ci primry a", NULL },
		  "did you mean 'ci primary a'?" },
		{ { "audit", "--user", "zzz", NULL }, "e-mail address" },
		{ { "audit", "--doctype", "Meeting Booking", NULL },
		  "did you mean 'MM Meeting Booking'?" },
		{ { "audit", "--format", "xml", NULL }, "one of: table, json, ndjson" },
	};
	struct mms_test_run run = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		int status = rules_site_run(&run, NULL, 0, rows[i].args);
		if (status != 2 || strstr(run.err, rows[i].want) == NULL)
			fail_msg("row %zu: status %d, %s", i, status, run.err);
	}
	mms_test_run_release(&run);
}

static void
a_table_is_for_people_and_an_object_for_programs(void **state)
{
	const char *const table[] = { "audit", "--doctype", "MM Meeting Booking", NULL };
	const char *const object[] = { "--json", "audit", "--doctype", "MM Meeting Booking",
				       NULL };
	struct mms_test_run run = { 0 };

	(void)state;
	assert_int_equal(rules_site_run(&run, NULL, 0, table), 1);
	assert_int_equal(strncmp(run.out, "SEVERITY  RULE ", 15), 0);
	assert_non_null(strstr(run.out, "error     location_settings              mb url "));
	assert_non_null(strstr(
		run.out, "\n\nMM Meeting Booking       23 checked\n15 errors, 4 warnings\n"));
	assert_int_equal(rules_site_run(&run, NULL, 0, object), 1);
	assert_ptr_equal(
		strstr(run.out, "{\"violations\":[{\"doctype\":\"MM Meeting Booking\","),
		run.out);
	assert_int_equal(count_lines(run.out), 1);
	assert_non_null(strstr(run.out,
			       "\"integration\":null}],\"checked\":{\"MM Meeting Booking\":"
			       "23},\"errors\":15,\"warnings\":4,\"counts\":{"));
	assert_non_null(strstr(run.out, "},\"consistency\":false}\n"));
	mms_test_run_release(&run);
}

static void
warnings_count_only_when_asked_to(void **state)
{
	const char *const args[] = { "audit",     "--integration",           "ci two-way",
				     "--doctype", "MM Calendar Integration", NULL,
				     NULL };
	const char *strict[MMS_COUNT(args)];
	struct mms_test_run run = { 0 };

	(void)state;
	memcpy(strict, args, sizeof args);
	strict[5] = "--fail-on=warning";
	assert_int_equal(rules_site_run(&run, NULL, 0, args), 0);
	assert_int_equal(rules_site_run(&run, NULL, 0, strict), 1);
	mms_test_run_release(&run);
}

static void
a_terminal_is_not_controlled_by_a_row(void **state)
{
	const char *const args[] = { "audit", "--doctype", "MM Calendar Event Sync", NULL };
	struct mms_test_run run = { 0 };

	(void)state;
	SQL("UPDATE `tabMM Calendar Event Sync` SET organizer_email = '\x1b[2J\n\xC2\x9B' "
	    "WHERE "
	    "name = 'ev organizer'");
	assert_int_equal(rules_site_run(&run, NULL, 0, args), 1);
	assert_null(strchr(run.out, '\x1b'));
	assert_null(strstr(run.out, "\xC2\x9B"));
	assert_non_null(strstr(run.out, "Organizer Email: ' [2J  '\n"));
	mms_test_run_release(&run);
}

/* ---- large tables -------------------------------------------------------------------------- */

/* Peak memory of the largest child so far, KiB. */
static long
peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
	return usage.ru_maxrss;
}

static void
memory_does_not_grow_with_the_table(void **state)
{
	const char *const args[] = { "audit", "--format=ndjson", NULL };
	struct mms_test_run run = { 0 };

	(void)state;
	(void)rules_site_empty(state);
	SQL("INSERT INTO tabUser (name) VALUES ('alice@example.com')");
	SQL("INSERT INTO `tabMM Calendar Integration` (name, user, integration_type, "
	    "integration_name, ical_url, sync_direction) VALUES ('ci', 'alice@example.com', "
	    "'iCal', "
	    "'x', 'https://example.com', 'One-way (Read Only)')");
	SQL("INSERT INTO `tabMM Calendar Event Sync` (name, calendar_integration, "
	    "external_event_id, "
	    "event_title, start_datetime, end_datetime, attendees_json) SELECT CONCAT('ev', "
	    "seq), "
	    "'ci', seq, 'T', '2026-12-05 09:00', '2026-12-05 10:00', CONCAT('[{\"email\": "
	    "\"a', seq, "
	    "'@example.com\"}]') FROM seq_1_to_20000");
	assert_int_equal(rules_site_run(&run, NULL, 0, args), 0);
	long small = peak_kib();
	SQL("INSERT INTO `tabMM Calendar Event Sync` (name, calendar_integration, "
	    "external_event_id, "
	    "event_title, start_datetime, end_datetime, attendees_json) SELECT CONCAT('ev', "
	    "seq), "
	    "'ci', seq, 'T', '2026-12-05 09:00', '2026-12-05 10:00', CONCAT('[{\"email\": "
	    "\"a', seq, "
	    "'@example.com\"}]') FROM seq_20001_to_300000");
	SQL("UPDATE `tabMM Calendar Event Sync` SET organizer_email = 'x' WHERE name LIKE "
	    "'ev%%7'");
	int status = rules_site_run(&run, NULL, 0, args);
	if (status != 1)
		fail_msg("status %d: %s", status, run.err);
	assert_non_null(strstr(
		run.out, "{\"checked\":{\"MM Calendar Integration\":1,\"MM Calendar "
			 "Event Sync\":300000,\"MM Meeting Booking\":0},\"errors\":30000,"));
	assert_in_range(peak_kib(), 0, small + 4096);
	mms_test_run_release(&run);
}

static void
bookings_beyond_one_page_keep_their_children(void **state)
{
	const char *const args[] = { "audit", "--format=ndjson", NULL };
	struct mms_test_run run = { 0 };

	(void)state;
	(void)rules_site_empty(state);
	SQL("INSERT INTO tabUser (name) VALUES ('alice@example.com')");
	SQL("INSERT INTO `tabMM Meeting Type` (name, is_internal) VALUES ('Intro', 1)");
	SQL("INSERT INTO `tabMM Meeting Booking` (name, meeting_type, is_internal, "
	    "location_type, "
	    "start_datetime, end_datetime) SELECT CONCAT('mb', seq), 'Intro', 1, 'Custom', "
	    "'2026-12-05 09:00', '2026-12-05 10:00' FROM seq_1_to_1501");
	SQL("INSERT INTO `tabMM Meeting Booking Assigned User` (name, idx, parent, parenttype, "
	    "user, "
	    "is_primary_host) SELECT CONCAT('au', seq), 1, CONCAT('mb', seq), 'MM Meeting "
	    "Booking', "
	    "'alice@example.com', 1 FROM seq_1_to_1501 WHERE seq <> 1000");
	assert_int_equal(rules_site_run(&run, NULL, 0, args), 1);
	assert_int_equal(count_lines(run.out), 2);
	assert_non_null(strstr(run.out, "\"name\":\"mb1000\",\"severity\":\"error\",\"rule\":"
					"\"assigned_users\""));
	assert_non_null(strstr(run.out, "\"MM Meeting Booking\":1501}"));
	mms_test_run_release(&run);
}

/* What a failing audit has printed is one JSON object all the same. */
static void
is_one_object(const char *fault, const struct mms_test_run *run)
{
	struct mms_jscan scan;
	struct mms_jvalue value;

	if (run->out[0] == '\0')
		return;
	mms_jscan_start(&scan, run->out, strlen(run->out));
	if (!mms_jscan_value(&scan, &value) || !mms_jscan_skip(&scan, &value) ||
	    !mms_jscan_done(&scan))
		fail_msg("%s: %s", fault, run->out);
}

static void
memory_and_statements_may_fail_anywhere(void **state)
{
	const char *const args[] = { "--json", "audit", NULL };

	(void)state;
	rules_site_torture("alloc", NULL, args, 1, is_one_object);
	rules_site_torture("stmt-before", NULL, args, 1, is_one_object);
	rules_site_torture("stmt-after", NULL, args, 1, is_one_object);
}

/* ---- datetimes ----------------------------------------------------------------------------- */

/* What the rules read as a time, the column takes, for the same time. */
static void
the_column_takes_every_datetime_that_is_good(void **state)
{
	size_t len, n = 0;
	char *file = world_read_file(world_path("datetime.txt"), &len);

	(void)state;
	(void)rules_site_empty(state);
	SQL("CREATE TABLE t (given VARCHAR(140), want DATETIME(6), d DATETIME(6))");
	for (char *line = file; *line != '\0';) {
		char *end = strchr(line, '\n'), *hex = strchr(line, ' ');
		char want[MMS_TIME_TEXT_MAX];
		int64_t us = 0;
		*end = *hex++ = '\0';
		struct mms_field field = mms_field_text(hex, world_unhex(hex));
		if (mms_doctime_read(&field, &us) == MMS_DOCTIME_NAIVE) {
			SQL("INSERT INTO t VALUES ('%.*s', '%s', '%.*s')", (int)field.text.len,
			    field.text.ptr, mms_wall_print(us, want), (int)field.text.len,
			    field.text.ptr);
			n++;
		}
		line = end + 1;
	}
	assert_in_range(n, 100, 10000);
	assert_int_equal(
		mms_test_ask_i64(rules_site_server(),
				 "SELECT COUNT(*) FROM t WHERE d <> want OR d IS NULL"),
		0);
	mms_free(file);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_does_not_grow_with_the_table),
		cmocka_unit_test_setup(a_row_planted_for_each_rule_is_found_and_no_other,
				       make_site),
		cmocka_unit_test_setup(filters_leave_out_what_belongs_to_others, make_site),
		cmocka_unit_test(names_that_nobody_has_are_refused_with_the_nearest),
		cmocka_unit_test(a_table_is_for_people_and_an_object_for_programs),
		cmocka_unit_test(warnings_count_only_when_asked_to),
		cmocka_unit_test(a_terminal_is_not_controlled_by_a_row),
		cmocka_unit_test(memory_and_statements_may_fail_anywhere),
		cmocka_unit_test(ids_that_differ_in_case_are_no_twins_under_our_collation),
		cmocka_unit_test(bookings_beyond_one_page_keep_their_children),
		cmocka_unit_test(the_column_takes_every_datetime_that_is_good),
	};

	return cmocka_run_group_tests(tests, rules_site_start, rules_site_stop);
}

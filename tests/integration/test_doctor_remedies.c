/*
 * doctor: a thing is broken, doctor finds it and names the remedy, the remedy is carried out, and
 * doctor is content again.
 */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "mmsync/clock.h"
#include "support/dbcheck.h"
#include "support/fake.h"
#include "support/frappe_site.h"
#include "support/program.h"

static struct mms_test_server server;
static char dir[MMS_TEST_DIR_MAX];

static int
start(void **state)
{
	(void)state;
	return mms_test_server_start(&server, NULL);
}

static int
stop(void **state)
{
	(void)state;
	return mms_test_server_stop(&server);
}

static void
run_program(struct mms_test_run *run, const char *one, const char *two, const char *three)
{
	const char *const args[] = { "--site", dir, one, two, three, NULL };

	(void)mms_test_program(run, NULL, args);
}

/* A healthy site with these keys of its site_config.json beside the usual ones. */
static void
make_site(const char *more)
{
	char text[1024];

	(void)snprintf(text, sizeof text, ", \"mmsync\": {\"event_time_zone\": \"site\"}%s",
		       more);
	mms_test_site_make(&server, "site1", text, dir);
}

static int
fresh_site(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	mms_test_reset(&server);
	mms_test_make_frappe(&server);
	make_site("");
	run_program(&run, "schema", "apply", NULL);
	assert_int_equal(run.status, 0);
	return 0;
}

/* The finding of an object in a state, as "detail (remedy)"; NULL: there is none. Owns: free(). */
static char *
finding(const char *state, const char *object, int *status)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char *text = NULL;
	size_t size = 0;

	run_program(&run, "doctor", "--offline", "--json");
	*status = run.status;
	json_t *root = json_loads(run.out, 0, NULL);
	if (!json_is_object(root))
		fail_msg("%s%s", run.out, run.err);
	const json_t *all = json_object_get(root, "findings");
	for (size_t i = 0; i < json_array_size(all) && text == NULL; i++) {
		const json_t *f = json_array_get(all, i);
		const char *detail = json_string_value(json_object_get(f, "detail"));
		const char *remedy = json_string_value(json_object_get(f, "remedy"));

		if (strcmp(json_string_value(json_object_get(f, "state")), state) != 0 ||
		    strcmp(json_string_value(json_object_get(f, "object")), object) != 0)
			continue;
		FILE *out = open_memstream(&text, &size);
		fprintf(out, "%s (%s)", detail, remedy != NULL ? remedy : "");
		fclose(out);
	}
	json_decref(root);
	return text;
}

static void
must_find(const char *label, const char *state, const char *object, const char *part,
	  const char *remedy)
{
	int status;
	char *text = finding(state, object, &status);

	if (text == NULL || strstr(text, part) == NULL || strstr(text, remedy) == NULL ||
	    status != (strcmp(state, "problem") == 0))
		fail_msg("%s: status %d: %s", label, status, text != NULL ? text : "nothing");
	free(text);
}

static void
must_be_content(const char *label, const char *state, const char *object)
{
	int status;
	char *text = finding(state, object, &status);

	if (text != NULL || status != 0)
		fail_msg("%s: status %d: %s", label, status, text != NULL ? text : "");
	free(text);
}

/* What is done in the database, and what mends it: SQL, or a schema apply. */
static const struct {
	const char *label, *damage, *state, *object, *part, *remedy, *mend; /* NULL: apply */
} rows[] = {
	{ "a migrate that resets the collation",
	  "ALTER TABLE `tabMM Calendar Event Sync` MODIFY external_event_id varchar(512)",
	  "problem", "column tabMM Calendar Event Sync.external_event_id", "utf8mb4_unicode_ci",
	  "mmsync schema apply", NULL },
	{ "a migrate that narrows a column",
	  "ALTER TABLE `tabMM Calendar Integration` MODIFY ical_url varchar(140)", "problem",
	  "column tabMM Calendar Integration.ical_url", "140", "mmsync schema apply", NULL },
	{ "an index that is gone",
	  "DROP INDEX unique_calendar_integration_external_event_id ON"
	  " `tabMM Calendar Event Sync`",
	  "problem", "index unique_calendar_integration_external_event_id", "missing",
	  "mmsync schema apply", NULL },
	{ "a table of ours that is gone", "DROP TABLE mmsync_run", "problem",
	  "table mmsync_run", "", "mmsync schema apply", NULL },
	{ "the app's own job",
	  "INSERT INTO `tabScheduled Job Type` (name, method, stopped) VALUES "
	  "('calendar_sync.sync_all_users_calendars', 'meeting_manager.meeting_manager."
	  "services.calendar_sync.sync_all_users_calendars', 0)",
	  "problem", "the app's own sync job", "overwrites what mmsync reports",
	  "[\"Scheduled Job Type\", \"calendar_sync.sync_all_users_calendars\", \"stopped\", "
	  "1]",
	  "UPDATE `tabScheduled Job Type` SET stopped = 1" },
	{ "the scheduler of System Settings",
	  "INSERT INTO tabSingles VALUES ('System Settings', 'enable_scheduler', '0')",
	  "problem", "enable_scheduler", "sync --due does nothing",
	  "bench --site site1 scheduler enable",
	  "UPDATE tabSingles SET value = '1' WHERE field = 'enable_scheduler'" },
	{ "a zone that nobody knows",
	  "UPDATE tabSingles SET value = 'Moon/Base' WHERE field = 'time_zone'", "problem",
	  "time zone", "Moon/Base", "tzdata",
	  "UPDATE tabSingles SET value = 'Europe/Berlin' WHERE field = 'time_zone'" },
	{ "names ahead of their counter",
	  "INSERT INTO tabSeries VALUES ('', 17); INSERT INTO `tabMM Calendar Event Sync` "
	  "(name, calendar_integration, external_event_id) VALUES ('MM-CES-c-0402', 'c', '3')",
	  "problem", "tabSeries", "stands at 17",
	  "INSERT INTO tabSeries (name, current) VALUES ('', 402) ON DUPLICATE KEY UPDATE "
	  "current = GREATEST(current, 402);",
	  "INSERT INTO tabSeries (name, current) VALUES ('', 402) ON DUPLICATE KEY UPDATE "
	  "current = GREATEST(current, 402);" },
	{ "tokens without a key",
	  "INSERT INTO `tabMM Calendar Integration` (name, is_active, integration_type) VALUES"
	  " ('g', 1, 'Google Calendar')",
	  "problem", "encryption_key", "the tokens of 1 Google and Outlook calendars",
	  "execute frappe.utils.password.get_encryption_key",
	  "UPDATE `tabMM Calendar Integration` SET is_active = 0" },
	{ "a read-only server", "SET GLOBAL read_only = 1", "problem", "read_only",
	  "takes no writes", "SET GLOBAL read_only = 0", "SET GLOBAL read_only = 0" },
	{ "few connections", "SET GLOBAL max_connections = 12", "note", "connections",
	  "up to 9 of the 12", "max_connections", "SET GLOBAL max_connections = 151" },
	{ "few connections of the user",
	  "GRANT USAGE ON *.* TO mms_test WITH MAX_USER_CONNECTIONS 5", "problem",
	  "connections", "one run opens up to 9, and the user may have 5",
	  "WITH MAX_USER_CONNECTIONS 0",
	  "GRANT USAGE ON *.* TO mms_test WITH MAX_USER_CONNECTIONS 0" },
};

static void
what_is_broken_in_the_database_is_mended_by_its_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_test_run) run = { 0 };

		fresh_site(NULL);
		must_be_content(rows[i].label, rows[i].state, rows[i].object);
		mms_test_sql(&server, "%s", rows[i].damage);
		must_find(rows[i].label, rows[i].state, rows[i].object, rows[i].part,
			  rows[i].remedy);
		if (rows[i].mend != NULL)
			mms_test_sql(&server, "%s", rows[i].mend);
		else
			run_program(&run, "schema", "apply", NULL);
		must_be_content(rows[i].label, rows[i].state, rows[i].object);
	}
}

static void
what_is_wrong_in_the_configuration_is_told(void **state)
{
	static const struct {
		const char *more, *state, *object, *part, *remedy;
	} settings[] = {
		{ ", \"maintenance_mode\": 1", "problem", "maintenance_mode",
		  "no command writes", "bench --site site1 set-maintenance-mode off" },
		{ ", \"pause_scheduler\": 1", "problem", "scheduler", "sync --due does nothing",
		  "bench --site site1 scheduler resume" },
		{ ", \"disable_scheduler\": \"yes\"", "problem", "scheduler",
		  "sync --due does nothing", "set-config -p disable_scheduler 0" },
		{ ", \"encryption_key\": \"short\"", "problem", "encryption_key",
		  "is no key of Frappe's", "site_config_backup.json" },
		/* 44 characters, one of them a stranger */
		{ ", \"encryption_key\": \"0123456789012345678901234567890123456789!12=\"",
		  "problem", "encryption_key", "is no key", "backup" },
		{ ", \"encryption_key\": \"01234567890123456789012345678901234567890123\"",
		  "problem", "encryption_key", "is no key", "backup" },
		{ ", \"encryption_key\": \"aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_ABCDE=\"",
		  "ok", "encryption_key", "has the form of a key", "" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(settings); i++) {
		make_site(settings[i].more);
		must_find(settings[i].more, settings[i].state, settings[i].object,
			  settings[i].part, settings[i].remedy);
	}
	make_site("");
	must_be_content("none", "problem", "encryption_key");
	must_find("blocks", "note", "mmsync.busy_blocks.enabled",
		  "nobody's calendar is written to unasked",
		  "schema apply --with-busy-blocks-field");
}

/* Rows of __Auth are made with the key of the configuration, or not. */
static void
tokens_that_cannot_be_used_are_told(void **state)
{
#define KEY ", \"encryption_key\": \"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=\""
#define CLIENT                                                                       \
	", \"mmsync\": {\"event_time_zone\": \"site\", \"google\": {\"client_id\": " \
	"\"a\", \"client_secret\": \"b\"}}"
#define STORED                                                       \
	"'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_" \
	"5CV9dOPmrhuVUPgJobwOz7JcbmrR6"                              \
	"4jVmpU4IwqDA=='"
	static const struct {
		const char *more, *sql, *state, *object, *part, *remedy;
	} cases[] = {
		{ KEY CLIENT, "DELETE FROM __Auth", "problem", "tokens",
		  "1 active Google calendar (g) not connected",
		  "connect google --integration g" },
		{ KEY CLIENT,
		  "INSERT INTO __Auth VALUES ('MM Calendar Integration', 'g', "
		  "'access_token', " STORED
		  ", 1); UPDATE `tabMM Calendar Integration` SET access_token = '*****'",
		  "ok", "tokens", "of 1 active Google calendars can be read", "" },
		{ KEY CLIENT, "UPDATE `tabMM Calendar Integration` SET access_token = NULL",
		  "problem", "tokens", "has not its asterisks", "connect google" },
		{ KEY CLIENT, "UPDATE `tabMM Calendar Integration` SET access_token = 'ya29.x'",
		  "problem", "tokens", "has not its asterisks", "connect google" },
		{ KEY CLIENT,
		  "UPDATE `tabMM Calendar Integration` SET access_token = '*****'; UPDATE "
		  "__Auth "
		  "SET password = CONCAT('gB', SUBSTR(password, 3))",
		  "problem", "tokens", "another encryption_key",
		  "put back the encryption_key" },
		{ KEY, "DO 0", "problem", "mmsync.google.client_id", "cannot be renewed",
		  "docs/google.md" },
		{ KEY, "INSERT INTO tabSingles VALUES ('Google Settings', 'client_id', 'a')",
		  "problem", "mmsync.google.client_secret", "cannot be renewed",
		  "Google Settings" },
	};

	(void)state;
	fresh_site(NULL);
	mms_test_sql(&server, "INSERT INTO `tabMM Calendar Integration` (name, is_active, "
			      "integration_type) VALUES ('g', 1, 'Google Calendar')");
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		make_site(cases[i].more);
		mms_test_sql(&server, "%s", cases[i].sql);
		must_find(cases[i].sql, cases[i].state, cases[i].object, cases[i].part,
			  cases[i].remedy);
	}
	mms_test_sql(&server,
		     "INSERT INTO __Auth VALUES ('Google Settings', 'Google Settings', "
		     "'client_secret', " STORED ", 1); UPDATE __Auth SET password = " STORED);
	make_site(KEY ", \"mmsync\": {\"event_time_zone\": \"site\"}");
	must_be_content("in Google Settings", "problem", "mmsync.google.client_secret");
	mms_test_sql(&server, "DELETE FROM `tabMM Calendar Integration`");
	make_site("");
	must_be_content("no Google calendar", "problem", "tokens");
	must_be_content("no Google calendar", "problem", "mmsync.google.client_id");
}

static void
outlook_calendars_are_judged_like_googles(void **state)
{
#define MICROSOFT(more) \
	KEY ", \"mmsync\": {\"event_time_zone\": \"site\", \"microsoft\": {" more "}}"
	static const struct {
		const char *more, *sql, *state, *object, *part, *remedy;
	} cases[] = {
		{ MICROSOFT("\"client_id\": \"a\""), "DELETE FROM __Auth", "problem", "tokens",
		  "1 active Outlook calendar (o) not connected",
		  "connect outlook --integration o" },
		{ MICROSOFT("\"client_id\": \"a\", \"client_secret\": \"b\""),
		  "INSERT INTO __Auth VALUES ('MM Calendar Integration', 'o', "
		  "'access_token', " STORED
		  ", 1); UPDATE `tabMM Calendar Integration` SET access_token = '*****'",
		  "ok", "tokens", "of 1 active Outlook calendars can be read", "" },
		{ MICROSOFT("\"client_id\": \"a\""),
		  "INSERT INTO mmsync_cursor (name, provider, reauth_token_sha256) SELECT 'o', "
		  "'outlook', UNHEX(SHA2(password, 256)) FROM __Auth",
		  "problem", "tokens", "whose consent Microsoft has refused",
		  "connect outlook --integration o" },
		{ MICROSOFT(""), "DO 0", "problem", "mmsync.microsoft.client_id",
		  "cannot be renewed", "docs/outlook.md" },
		{ MICROSOFT("\"client_id\": \"a\", \"tenant\": \"a/../b\""), "DO 0", "problem",
		  "mmsync.microsoft.tenant", "neither an id nor a domain",
		  "Directory (tenant) ID" },
	};

	(void)state;
	fresh_site(NULL);
	mms_test_sql(&server, "INSERT INTO `tabMM Calendar Integration` (name, is_active, "
			      "integration_type) VALUES ('o', 1, 'Outlook Calendar')");
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		make_site(cases[i].more);
		mms_test_sql(&server, "%s", cases[i].sql);
		must_find(cases[i].sql, cases[i].state, cases[i].object, cases[i].part,
			  cases[i].remedy);
	}
	mms_test_sql(&server, "DELETE FROM mmsync_cursor");
	make_site(MICROSOFT("\"client_id\": \"a\""));
	must_be_content("a public client", "problem", "mmsync.microsoft.client_id");
	must_be_content("common", "problem", "mmsync.microsoft.tenant");
	mms_test_sql(&server, "UPDATE `tabMM Calendar Integration` SET is_active = 0");
	make_site("");
	must_be_content("no active one", "problem", "tokens");
	must_be_content("no active one", "problem", "mmsync.microsoft.client_id");
}

/* Open to all only where every folder above is. */
static void
a_password_that_everybody_may_read_is_told(void **state)
{
	char file[MMS_TEST_DIR_MAX + 30], remedy[MMS_TEST_DIR_MAX + 60];
	struct stat st;

	(void)state;
	(void)snprintf(file, sizeof file, "%s/site_config.json", dir);
	(void)snprintf(remedy, sizeof remedy, "chmod o-r %s", file);
	assert_int_equal(chmod(file, 0644), 0);
	must_be_content("a closed folder above", "note", "site_config.json");
	assert_int_equal(stat(server.dir, &st), 0);
	assert_int_equal(chmod(server.dir, 0755), 0);
	char sites[MMS_TEST_DIR_MAX];
	for (const char *part = "/bench\0/bench/sites\0/bench/sites/site1\0"; *part != '\0';
	     part += strlen(part) + 1) {
		(void)snprintf(sites, sizeof sites, "%s%s", server.dir, part);
		assert_int_equal(chmod(sites, 0755), 0);
	}
	/* The tests' own folder may stand below a closed one ($TMPDIR). */
	int status;
	char *text = finding("note", "site_config.json", &status);
	if (text != NULL) {
		assert_non_null(strstr(text, remedy));
		assert_int_equal(status, 0);
		assert_int_equal(chmod(file, 0640), 0);
		must_be_content("closed by the remedy", "note", "site_config.json");
	} else {
		print_message("# skipped: the tests' folder is not open to others\n");
	}
	free(text);
	assert_int_equal(chmod(server.dir, st.st_mode & 07777), 0);
}

/* ---- leases -------------------------------------------------------------------------------- */

static void
hold_lease(const char *owner, const char *connection, const char *until, int64_t held_s)
{
	mms_test_sql(
		&server,
		"DELETE FROM mmsync_cursor; INSERT INTO mmsync_cursor (name, provider, "
		"frappe_creation, frappe_owner, lease_owner, lease_server, "
		"lease_connection, lease_until, last_attempt_ms) VALUES ('CI-1', 'ical', "
		"NOW(6), "
		"'a', %s, CONCAT(@@hostname, ':', @@port, ':', @@server_id), %s, %s, %lld)",
		owner, connection, until, (long long)(mms_clock_now_ms(NULL) - held_s * 1000));
}

#define OWNER "'host.example.com:4711:00112233'"
#define SOON  "UTC_TIMESTAMP(6) + INTERVAL 40 SECOND"

static void
leases_are_told_by_what_became_of_their_holder(void **state)
{
	static const struct {
		const char *label, *owner, *connection, *until;
		int64_t held_s;
		const char *state, *part, *remedy;
	} leases[] = {
		{ "nobody", "NULL", "NULL", "'2000-01-01'", 10, "ok", "no run is under way",
		  "" },
		{ "a run", OWNER, "0", SOON, 10, "ok",
		  "process 4711 on host.example.com has been syncing CI-1 for ", "" },
		{ "a dead connection", OWNER, "4000000000", SOON, 10, "note",
		  "process 4711 on host.example.com ended without giving back CI-1",
		  "mmsync sync --integration CI-1" },
		{ "on another node", OWNER, "NULL", SOON, 10, "ok", "syncing CI-1", "" },
		{ "expired long ago", OWNER, "4000000000",
		  "UTC_TIMESTAMP(6) - INTERVAL 3 HOUR - INTERVAL 1 MINUTE", 11000, "note",
		  "ended 3 hours ago without giving back CI-1",
		  "nothing: the next run takes it" },
		{ "an owner of another form", "'cd'", "NULL",
		  "UTC_TIMESTAMP(6) - INTERVAL 90 SECOND", 300, "note",
		  "process unknown on unknown ended 1 minute ago", "" },
	};

	struct mms_db *db = NULL; /* the worker that lives */

	(void)state;
	OK(mms_db_open(&db, &server.settings, &err));
	for (size_t i = 0; i < MMS_COUNT(leases); i++) {
		hold_lease(leases[i].owner, leases[i].connection, leases[i].until,
			   leases[i].held_s);
		if (strcmp(leases[i].connection, "0") == 0)
			mms_test_sql(&server, "UPDATE mmsync_cursor SET lease_connection = %lu",
				     mms_db_connection_id(db));
		must_find(leases[i].label, leases[i].state, "leases", leases[i].part,
			  leases[i].remedy);
	}
	mms_db_close(db);
}

/* A process that renews a lease for hours: it is stopped, told, and killed as the remedy says. */
static void
a_stuck_process_is_named_and_its_end_frees_the_lease(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	MMS_AUTO(mms_test_run) again = { 0 };
	struct fake fake;
	char url[100], more[200], pid[40];

	(void)state;
	fake_start(&fake, "feed_server", NULL);
	fake_write(&fake, "a.ics",
		   "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nEND:VCALENDAR\r\n");
	fake_conf(&fake, "a.ics", "stall 60000\n");
	mms_test_sql(
		&server,
		"INSERT INTO tabUser (name, enabled) VALUES ('ann@example.com', 1); "
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" user, integration_name, integration_type, is_active, ical_url,"
		" sync_past_days, sync_future_days) VALUES ('CI-1', NOW(6), NOW(6), "
		"'a',"
		" 'ann@example.com', 'n', 'iCal', 1, '%s', 30, 90)",
		fake_url(&fake, "/a.ics", url, sizeof url));
	(void)snprintf(
		more, sizeof more,
		", \"mmsync\": {\"event_time_zone\": \"site\", \"http\": {\"timeout_s\": "
		"120, \"allow_hosts\": [\"127.0.0.1:%u\"]}}",
		fake.port);
	mms_test_site_make(&server, "site1", more, dir);
	mms_test_program_start(&run, NULL,
			       (const char *const[]){ "--site", dir, "sync", NULL });
	mms_test_wait_i64(&server, 1, 20,
			  "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL");
	(void)snprintf(pid, sizeof pid, "process %d on ", (int)run.pid);
	must_find("a run", "ok", "leases", pid, "");
	/* as if it had begun two hours ago */
	mms_test_sql(&server,
		     "UPDATE mmsync_cursor SET last_attempt_ms = last_attempt_ms - 7200000");
	must_find("stuck", "problem", "leases", "has been holding CI-1 for 2 hours and lives",
		  "etime,stat,wchan,args -p ");
	(void)kill(run.pid, SIGKILL);
	mms_test_program_end(&run);
	mms_test_wait_i64(&server, 0, 20,
			  "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE id = "
			  "(SELECT lease_connection FROM mmsync_cursor)");
	must_find("killed", "note", "leases", "ended without giving back CI-1",
		  "mmsync sync --integration CI-1");
	fake_conf(&fake, "a.ics", "");
	run_program(&again, "sync", "--integration", "CI-1");
	assert_int_equal(again.status, 0);
	must_find("healed", "ok", "leases", "no run is under way", "");
	fake_stop(&fake);
}

/* Statements that write, by the server's own count. */
static int64_t
count_writes(void)
{
	return mms_test_ask_i64(&server,
				"SELECT SUM(VARIABLE_VALUE) FROM "
				"information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN "
				"('COM_INSERT', 'COM_UPDATE', 'COM_DELETE', 'COM_REPLACE', "
				"'COM_ALTER_TABLE', 'COM_CREATE_TABLE', 'COM_DROP_TABLE', "
				"'COM_INSERT_SELECT', 'COM_TRUNCATE', 'COM_LOCK_TABLES')");
}

static void
doctor_writes_nothing_and_asks_little(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	static const char asked[] = "SELECT VARIABLE_VALUE FROM "
				    "information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = "
				    "'COM_SELECT'";

	(void)state;
	mms_test_sql(&server, "INSERT INTO `tabMM Calendar Integration` (name, is_active, "
			      "integration_type) VALUES ('it''s; $(x)', 1, 'iCal'); "
			      "INSERT INTO mmsync_cursor (name, provider, frappe_creation, "
			      "frappe_owner, lease_owner) VALUES ('it''s; $(x)', 'ical', "
			      "NOW(6), 'a', 'h:1:2')");
	int64_t writes = count_writes(), reads = mms_test_ask_i64(&server, "%s", asked);
	run_program(&run, "doctor", "--offline", NULL);
	assert_int_equal(run.status, 0);
	assert_int_equal(count_writes(), writes);
	reads = mms_test_ask_i64(&server, "%s", asked) - reads;
	print_message("# doctor: %d SELECTs\n", (int)reads);
	assert_true(reads < 80);
	/* a name that would do something in a shell stands in no command */
	assert_non_null(strstr(run.out, "without giving back it's; $(x)"));
	assert_null(strstr(run.out, "--integration it's"));
}

/* What docs/operations.md says of the database for whoever gives mmsync up. */
static void
what_the_page_removes_is_brought_again_by_apply(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	MMS_AUTO(mms_str) sql = { 0 };
	char path[PATH_MAX], line[512];
	bool is_inside = false;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/docs/operations.md", mms_test_root());
	FILE *page = fopen(path, "re");
	assert_non_null(page);
	while (fgets(line, sizeof line, page) != NULL) {
		if (strstr(line, "```") != NULL)
			is_inside = strstr(line, "```sql") != NULL;
		else if (is_inside)
			mms_str_add(&sql, line);
	}
	fclose(page);
	assert_true(sql.len > 0);
	mms_test_sql(&server, "%s", mms_str_get(&sql));
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM information_schema.tables WHERE"
					  " table_schema = '%s' AND table_name LIKE 'mmsync%%'",
					  server.database),
			 0);
	run_program(&run, "schema", "apply", NULL);
	assert_int_equal(run.status, 0);
	must_be_content("apply", "problem", "schema");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, fresh_site)
		TEST(what_is_broken_in_the_database_is_mended_by_its_remedy),
		TEST(what_is_wrong_in_the_configuration_is_told),
		TEST(tokens_that_cannot_be_used_are_told),
		TEST(outlook_calendars_are_judged_like_googles),
		TEST(a_password_that_everybody_may_read_is_told),
		TEST(leases_are_told_by_what_became_of_their_holder),
		TEST(a_stuck_process_is_named_and_its_end_frees_the_lease),
		TEST(doctor_writes_nothing_and_asks_little),
		TEST(what_the_page_removes_is_brought_again_by_apply),
#undef TEST
	};

	return cmocka_run_group_tests(tests, start, stop);
}

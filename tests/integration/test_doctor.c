/* The program itself: schema verbs, doctor, and what must be true before a verb runs. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "mmsync/migration.h"
#include "support/dbcheck.h"
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

static int
fresh_site(void **state)
{
	(void)state;
	mms_test_reset(&server);
	mms_test_make_frappe(&server);
	mms_test_site_make(&server, "site1", "", dir);
	return 0;
}

/* Run with --site and the words given (up to 6), NULL-ended; must end with this status. */
static void
run_as(struct mms_test_run *run, int want, const char *const *words)
{
	const char *args[10] = { "--site", dir };

	for (size_t i = 0; words[i] != NULL && i < 6; i++)
		args[i + 2] = words[i];
	if (mms_test_program(run, NULL, args) != want)
		fail_msg("%s %s: status %d, not %d: %s%s", words[0],
			 words[1] != NULL ? words[1] : "", run->status, want, run->out,
			 run->err);
}

#define RUN(run, want, ...) run_as((run), (want), (const char *const[]){ __VA_ARGS__, NULL })

static void
must_hold(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in: %s", part, text);
}

/* stdout as exactly one JSON object. Owns: json_decref(). */
static json_t *
parse(const struct mms_test_run *run)
{
	json_error_t fault;
	json_t *root = json_loads(run->out, 0, &fault);

	if (!json_is_object(root))
		fail_msg("line %d: %s in: %s", fault.line, fault.text, run->out);
	return root;
}

/* The state of a finding in a JSON answer, "" when there is none. Borrows. */
static const char *
state_of(const json_t *root, const char *object)
{
	const json_t *findings = json_object_get(root, "findings");

	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *f = json_array_get(findings, i);
		if (strcmp(json_string_value(json_object_get(f, "object")), object) == 0)
			return json_string_value(json_object_get(f, "state"));
	}
	return "";
}

static void
schema_verbs_answer_people_and_programs(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	RUN(&run, 1, "schema", "check");
	must_hold(run.out, "missing  table mmsync_cursor");
	RUN(&run, 0, "schema", "apply", "--dry-run");
	must_hold(run.out, "nothing has been changed");
	RUN(&run, 0, "schema", "apply");
	must_hold(run.out, "now let Frappe see it: bench --site site1 clear-cache\n");
	assert_string_equal(strrchr(run.out, ':'), ": bench --site site1 clear-cache\n");
	RUN(&run, 0, "schema", "apply");
	must_hold(run.out, "nothing to do");
	RUN(&run, 0, "schema", "check");
	RUN(&run, 0, "schema", "show");
	must_hold(run.out, "migration 0001_installation: applied 20");
	RUN(&run, 0, "schema", "show", "--json");
	json_t *root = parse(&run);
	size_t n_migrations;
	(void)mms_migrations(&n_migrations);
	assert_int_equal(json_array_size(json_object_get(root, "migrations")), n_migrations);
	assert_int_equal(json_array_size(json_object_get(root, "tables")), 14);
	json_decref(root);
	RUN(&run, 0, "--json", "schema", "check");
	root = parse(&run);
	assert_true(json_is_true(json_object_get(root, "ok")));
	assert_string_equal(state_of(root, "table mmsync_run"), "ok");
	json_decref(root);
}

static void
rows_in_the_way_are_an_answer_with_status_1(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	mms_test_sql(&server, "INSERT INTO `tabMM Calendar Event Sync` (name) VALUES ('lost')");
	RUN(&run, 1, "schema", "apply");
	must_hold(run.out, "blocked  MM Calendar Event Sync lost");
	must_hold(run.err, "1 thing stands in the way");
	RUN(&run, 1, "schema", "apply", "--json");
	json_t *root = parse(&run);
	assert_true(json_is_false(json_object_get(root, "ok")));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(root, "error"), "code")),
		"conflict");
	assert_string_equal(state_of(root, "MM Calendar Event Sync lost"), "blocked");
	json_decref(root);
}

static void
each_failure_has_its_exit_status(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	assert_int_equal(
		mms_test_program(&run, NULL, (const char *const[]){ "schema", "show", NULL }),
		2);
	must_hold(run.err, "needs a site");
	assert_int_equal(mms_test_program(&run, NULL,
					  (const char *const[]){ "--site", "/nowhere", "schema",
								 "show", NULL }),
			 3);
	must_hold(run.err, "no site folder /nowhere");
	assert_int_equal(mms_test_program(&run, NULL,
					  (const char *const[]){ "--site", server.dir, "schema",
								 "show", NULL }),
			 3);
	must_hold(run.err, "there is no ");
	RUN(&run, 2, "schema", "adopt");
	RUN(&run, 2, "schema", "adopt", "--copy", "--moved");
	RUN(&run, 4, "schema", "adopt", "--moved");
	must_hold(run.err, "run mmsync schema apply");
	RUN(&run, 4, "schema", "apply", "--with-frappe");
	must_hold(run.err, "the database of a Frappe site");
	mms_test_site_make(&server, "site1", ", \"mmsync\": {\"jobz\": 3}", dir);
	RUN(&run, 3, "schema", "show");
	must_hold(run.err, "site_config.json: \"mmsync.jobz\" is not a setting of mmsync");
	must_hold(run.err, "did you mean \"jobs\"?");
	RUN(&run, 3, "--json", "schema", "show");
	json_t *root = parse(&run);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(root, "error"), "code")),
		"config");
	json_decref(root);
	mms_test_site_make(&server, "site1", ", \"db_name\": \"nothing_here\"", dir);
	RUN(&run, 4, "schema", "show");
	mms_test_site_make(&server, "site1", ", \"db_socket\": \"/nowhere/s\"", dir);
	RUN(&run, 4, "schema", "show");
	RUN(&run, 4, "doctor");
	must_hold(run.out, "/nowhere/s");
}

static void
the_environment_names_site_and_database(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char variable[MMS_TEST_DIR_MAX + 20];
	const char *const env[] = { variable, NULL };
	const char *const args[] = { "schema", "show", NULL };
	const char *const wrong[] = { variable, "FRAPPE_DB_SOCKET=/nowhere/s", NULL };

	(void)state;
	(void)snprintf(variable, sizeof variable, "MMSYNC_SITE=%s", dir);
	assert_int_equal(mms_test_program(&run, env, args), 0);
	assert_int_equal(mms_test_program(&run, wrong, args), 4);
}

/* A folder, a link to it, the bench, its sites folder. */
static void
a_site_is_found_by_the_ways_people_name_it(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	char path[MMS_TEST_DIR_MAX + 40], link[MMS_TEST_DIR_MAX + 40];

	(void)state;
	(void)snprintf(path, sizeof path, "%s/bench/sites/common_site_config.json", server.dir);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "{\"mmsync\": {\"jobs\": \"many\"}}\n");
	(void)fclose(file);
	RUN(&run, 3, "schema", "show");
	must_hold(run.err, "common_site_config.json: \"mmsync.jobs\"");
	/* The bench of a linked site is the one where the link stands. */
	(void)snprintf(link, sizeof link, "%s/elsewhere", server.dir);
	(void)unlink(link);
	assert_int_equal(symlink(dir, link), 0);
	assert_int_equal(mms_test_program(&run, NULL,
					  (const char *const[]){ "--site", link, "schema",
								 "show", NULL }),
			 0);
	(void)snprintf(path, sizeof path, "%s/bench/sites", server.dir);
	assert_int_equal(mms_test_program(&run, NULL,
					  (const char *const[]){ "--site", path, "schema",
								 "show", NULL }),
			 3);
	must_hold(run.err, "holds sites: name one of them");
	(void)snprintf(path, sizeof path, "%s/bench", server.dir);
	assert_int_equal(mms_test_program(&run, NULL,
					  (const char *const[]){ "--site", path, "schema",
								 "show", NULL }),
			 3);
	must_hold(run.err, "is a bench: name one of its sites");
	(void)snprintf(path, sizeof path, "%s/bench/sites/common_site_config.json", server.dir);
	(void)unlink(path);
}

static void
in_maintenance_mode_nothing_is_written(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	mms_test_site_make(&server, "site1", ", \"maintenance_mode\": 1", dir);
	char *before = mms_test_snapshot(&server);
	RUN(&run, 3, "schema", "apply");
	must_hold(run.err, "site site1 is in maintenance mode");
	RUN(&run, 3, "schema", "adopt", "--moved");
	RUN(&run, 0, "schema", "apply", "--dry-run");
	RUN(&run, 1, "schema", "check");
	char *after = mms_test_snapshot(&server);
	assert_string_equal(before, after);
	free(before);
	free(after);
	RUN(&run, 1, "doctor");
	must_hold(run.out, "bench --site site1 set-maintenance-mode off");
}

static void
a_restored_copy_is_known_and_adopted(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	RUN(&run, 0, "schema", "apply");
	mms_test_site_make(&server, "site2", ", \"mmsync\": {\"event_time_zone\": \"site\"}",
			   dir);
	RUN(&run, 1, "doctor");
	must_hold(run.out, "nothing is written to anybody's calendar");
	RUN(&run, 0, "schema", "show");
	must_hold(run.out, "another one than this");
	RUN(&run, 0, "schema", "apply");
	must_hold(run.out, "restored copy");
	RUN(&run, 0, "schema", "adopt", "--copy", "--json");
	json_t *root = parse(&run);
	assert_string_equal(json_string_value(json_object_get(root, "adopted_as")), "copy");
	json_decref(root);
	RUN(&run, 0, "doctor");
}

/* What is done to a site, and what doctor then says of it. */
static const struct {
	const char *damage, *object, *state, *word;
} damages[] = {
	{ "INSERT INTO `tabScheduled Job Type` (name, method, stopped) VALUES "
	  "('calendar_sync.sync_all_users_calendars', "
	  "'meeting_manager.meeting_manager.services.calendar_sync."
	  "sync_all_users_calendars', 0)",
	  "the app's own sync job", "problem",
	  "bench --site site1 execute frappe.db.set_value --args '[\"Scheduled Job "
	  "Type\", "
	  "\"calendar_sync.sync_all_users_calendars\", \"stopped\", 1]'" },
	{ "UPDATE `tabScheduled Job Type` SET stopped = 1", "the app's own sync job", "ok",
	  "is stopped" },
	{ "CREATE TABLE `tabDocument Naming Rule` (name varchar(140) PRIMARY KEY, "
	  "document_type varchar(140), disabled int); INSERT INTO `tabDocument Naming "
	  "Rule` VALUES ('r1', 'MM Calendar Event Sync', 0), ('r2', 'Task', 0), ('r3', "
	  "'MM Meeting Booking', 1)",
	  "Document Naming Rule r1", "note", "MM Calendar Event Sync" },
	{ "INSERT INTO `tabProperty Setter` (name, doc_type, property, value) VALUES "
	  "('MM Meeting Booking-main-autoname', 'MM Meeting Booking', 'autoname', "
	  "'hash')",
	  "MM Meeting Booking-main-autoname", "note", "by hash" },
	{ "ALTER TABLE `tabMM Calendar Event Sync` MODIFY external_event_id "
	  "varchar(512)",
	  "column tabMM Calendar Event Sync.external_event_id", "problem",
	  "mmsync schema apply" },
	{ "INSERT INTO `tabMM Calendar Integration` (name, is_active, "
	  "integration_type) "
	  "VALUES ('c', 1, 'Google Calendar')",
	  "encryption_key", "problem",
	  "bench --site site1 execute frappe.utils.password.get_encryption_key" },
	{ "INSERT INTO tabSeries VALUES ('', 17), ('MM-CES-', 999); INSERT INTO "
	  "`tabMM Calendar Event Sync` (name, calendar_integration, external_event_id) "
	  "VALUES ('MM-CES-c-0017', 'c', '1'), ('MM-CES-c-0018', 'c', '2'), "
	  "('MM-CES-c-0402', 'c', '3'), ('MM-CES-c-x0999', 'c', '4'), ('c-0999', 'c', "
	  "'5')",
	  "tabSeries", "problem",
	  "stands at 17, but 2 events have names with higher numbers, up to 402" },
	{ "DELETE FROM tabSeries WHERE name = ''", "tabSeries", "problem",
	  "VALUES ('', 402) ON DUPLICATE KEY UPDATE current = GREATEST(current, "
	  "402);" },
};

static void
doctor_finds_each_thing_and_names_its_remedy(void **state)
{
	(void)state;
	MMS_AUTO(mms_test_run) run = { 0 };
	mms_test_site_make(&server, "site1", ", \"mmsync\": {\"event_time_zone\": \"site\"}",
			   dir);
	RUN(&run, 0, "schema", "apply");
	RUN(&run, 0, "doctor");
	must_hold(run.out, "0 problems, ");
	for (size_t i = 0; i < MMS_COUNT(damages); i++) {
		mms_test_sql(&server, "%s", damages[i].damage);
		RUN(&run, i == 0 || i >= 4, "--json", "doctor");
		json_t *root = parse(&run);
		if (strcmp(state_of(root, damages[i].object), damages[i].state) != 0)
			fail_msg("row %zu: %s", i, run.out);
		json_decref(root);
		RUN(&run, i == 0 || i >= 4, "doctor");
		must_hold(run.out, damages[i].word);
	}
}

static void
doctor_lists_all_problems_of_the_configuration(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	RUN(&run, 0, "schema", "apply");
	mms_test_site_make(&server, "site1",
			   ", \"mmsync\": {\"jobs\": 0, \"htpp\": {}, \"sync_user\": \"nobody@"
			   "example.com\", \"http\": {\"ca_file\": \"/nowhere.pem\"}, "
			   "\"busy_blocks\": {\"enabled\": true}}, "
			   "\"pause_scheduler\": 1",
			   dir);
	RUN(&run, 3, "doctor");
	must_hold(run.out, "\"mmsync.jobs\" must be a whole number from 1 to 256, not 0");
	must_hold(run.out, "did you mean \"http\"?");
	must_hold(run.out, "/nowhere.pem cannot be read");
	must_hold(run.out, "there is no user nobody@example.com");
	must_hold(run.out, "scheduler resume");
	must_hold(run.out, "mmsync.event_time_zone is not set");
	must_hold(run.out, "a meeting in one of a person's calendars blocks the others");
}

static void
doctor_knows_what_the_user_may_not_do(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	mms_test_site_make(
		&server, "site1",
		", \"mmsync\": {\"event_time_zone\": \"site\"}, \"db_user\": \"weak\", "
		"\"db_password\": \"pw\"",
		dir);
	mms_test_sql(&server,
		     "CREATE OR REPLACE USER weak IDENTIFIED BY 'pw'; GRANT SELECT, INSERT, "
		     "UPDATE, DELETE ON `%s`.* TO weak",
		     server.database);
	RUN(&run, 1, "doctor");
	must_hold(run.out, "lacks CREATE, ALTER, INDEX");
	must_hold(run.out, "GRANT CREATE, ALTER, INDEX ON `mms_test`.* TO 'weak'@");
	/* Rights by a role, and those on a pattern of names. */
	mms_test_sql(&server,
		     "CREATE OR REPLACE ROLE builder; GRANT CREATE, ALTER ON `%s`.* TO "
		     "builder; GRANT builder TO weak; SET DEFAULT ROLE builder FOR "
		     "weak; GRANT INDEX ON `mms\\_t%%`.* TO weak",
		     server.database);
	RUN(&run, 0, "schema", "apply");
	RUN(&run, 0, "doctor");
	must_hold(run.out, "may do what mmsync does");
}

static void
help_shows_the_verbs(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	assert_int_equal(
		mms_test_program(&run, NULL, (const char *const[]){ "help", "schema", NULL }),
		0);
	must_hold(run.out, "schema apply");
	must_hold(run.out, "schema adopt");
	assert_int_equal(
		mms_test_program(&run, NULL,
				 (const char *const[]){ "help", "schema", "apply", NULL }),
		0);
	must_hold(run.out, "--with-frappe");
	assert_int_equal(
		mms_test_program(&run, NULL, (const char *const[]){ "help", "doctor", NULL }),
		0);
	must_hold(run.out, "Changes nothing");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, fresh_site)
		TEST(schema_verbs_answer_people_and_programs),
		TEST(rows_in_the_way_are_an_answer_with_status_1),
		TEST(each_failure_has_its_exit_status),
		TEST(the_environment_names_site_and_database),
		TEST(a_site_is_found_by_the_ways_people_name_it),
		TEST(in_maintenance_mode_nothing_is_written),
		TEST(a_restored_copy_is_known_and_adopted),
		TEST(doctor_finds_each_thing_and_names_its_remedy),
		TEST(doctor_lists_all_problems_of_the_configuration),
		TEST(doctor_knows_what_the_user_may_not_do),
		TEST(help_shows_the_verbs),
#undef TEST
	};

	return cmocka_run_group_tests(tests, start, stop);
}

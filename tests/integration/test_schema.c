/* frappe: the schema on databases of many kinds, against a real server. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/ddl.h"
#include "mmsync/frappe_ddl.h"
#include "mmsync/mem.h"
#include "mmsync/migration.h"
#include "mmsync/schema.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

#define EVENTS       "`tabMM Calendar Event Sync`"
#define INTEGRATIONS "`tabMM Calendar Integration`"
#define UNIQUE_NAME  "unique_calendar_integration_external_event_id"

static struct mms_test_server server;
static struct mms_site site;
static struct mms_db *db;

static int
start(void **state)
{
	static const char *const args[] = { "--log-output=TABLE", NULL };
	char dir[MMS_TEST_DIR_MAX];

	(void)state;
	mms_site_setup();
	(void)mms_test_server_start(&server, args);
	mms_test_site_make(&server, "site1", "", dir);
	mms_test_site_load(dir, &site);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mms_site_release(&site);
	return mms_test_server_stop(&server);
}

static int
open_db(void **state)
{
	(void)state;
	mms_test_reset(&server);
	OK(mms_db_open(&db, &server.settings, &err));
	return 0;
}

static int
close_db(void **state)
{
	(void)state;
	mms_db_close(db);
	db = NULL;
	return 0;
}

static mms_rc
apply_with(const struct mms_schema_options *options, struct mms_findings *found,
	   struct mms_err *err)
{
	return mms_schema_apply(db, &site, options, found, err);
}

static mms_rc
apply(struct mms_findings *found, struct mms_err *err)
{
	static const struct mms_schema_options options = { 0 };

	return apply_with(&options, found, err);
}

static void
apply_well(void)
{
	mms_test_schema_apply(db, &site);
}

static enum mms_finding_state
state_of(const struct mms_findings *found, const char *object)
{
	return mms_test_finding(found, object)->state;
}

static void
make_with_frappe(void)
{
	static const struct mms_schema_options options = { .with_frappe = true };
	MMS_AUTO(mms_findings) found = { 0 };

	OK(apply_with(&options, &found, &err));
}

/* ---- an empty database --------------------------------------------------------------------- */

static void
on_an_empty_database_everything_is_made(void **state)
{
	size_t n_migrations;

	(void)state;
	(void)mms_migrations(&n_migrations);
	make_with_frappe();
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	assert_int_equal(
		mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_schema_version"),
		n_migrations);
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM mmsync_installation WHERE id = 1 "
				 "AND bound_database = DATABASE()"),
		1);
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM `tabProperty Setter` WHERE "
					  "is_system_generated = 1 AND property = 'length'"),
			 3);
}

/* Column by column and index by index, against what real Frappe made. */
static void
frappes_tables_are_those_that_frappe_makes(void **state)
{
	const char *dump = mms_test_frappe_ddl();

	(void)state;
	if (dump == NULL) {
		print_message("# skipped: frappe_ddl.sql is not here (see MMS_CORPUS)\n");
		skip();
	}
	for (size_t i = 0; i < mms_frappe_n_tables(); i++) {
		MMS_AUTO(mms_str) sql = { 0 };

		mms_frappe_add_ddl(&sql, i);
		mms_test_sql(&server, "%s", mms_str_get(&sql));
	}
	char *ours = mms_test_snapshot(&server);
	mms_test_reset(&server);
	mms_test_sql_file(&server, dump);
	char *theirs = mms_test_snapshot(&server);
	size_t at = 0;
	while (ours[at] != '\0' && ours[at] == theirs[at])
		at++;
	if (ours[at] != theirs[at])
		fail_msg("ours ...%.200s\ntheirs ...%.200s", ours + (at > 60 ? at - 60 : 0),
			 theirs + (at > 60 ? at - 60 : 0));
	free(ours);
	free(theirs);
}

static void
with_frappe_is_refused_where_frappe_is(void **state)
{
	static const struct mms_schema_options options = { .with_frappe = true };
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_sql(&server, "CREATE TABLE tabUser (name varchar(140) PRIMARY KEY)");
	FAILS(MMS_E_DB, "already has the table `tabUser`", apply_with(&options, &found, &err));
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM "
						   "information_schema.tables WHERE "
						   "table_schema = DATABASE()"),
			 1);
	mms_test_reset(&server);
	mms_test_make_frappe(&server);
	FAILS(MMS_E_DB, "the database of a Frappe site", apply_with(&options, &found, &err));
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM "
						   "information_schema.tables WHERE "
						   "table_schema = DATABASE() AND "
						   "table_name LIKE 'mmsync%%'"),
			 0);
}

static void
without_frappe_there_is_nothing_to_bring(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	FAILS(MMS_E_DB, "no table `tabMM Calendar Integration`", apply(&found, &err));
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM "
						   "information_schema.tables WHERE "
						   "table_schema = DATABASE()"),
			 0);
	FAILS(MMS_E_DB, "lacks migration 0001_installation", mms_schema_require(db, &err));
}

/* schema/invariants.sql: each query can be asked, and answers no row on a database that is right. */
static void
no_invariant_is_broken_on_a_new_database(void **state)
{
	char path[600], line[4096];
	MMS_AUTO(mms_str) sql = { 0 };
	int n = 0;

	(void)state;
	make_with_frappe();
	(void)snprintf(path, sizeof path, "%s/schema/invariants.sql", mms_test_root());
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		MMS_AUTO(mms_text_rows) rows = { 0 };
		size_t len = strlen(line);

		if (strncmp(line, "--", 2) == 0 || len < 2)
			continue;
		mms_str_addn(&sql, line, len);
		if (line[len - 2] != ';')
			continue;
		mms_str_cut(&sql, sql.len - 2);
		OK(mms_text_rows_load(&rows, db, mms_str_get(&sql), &err));
		if (rows.n != 0)
			fail_msg("%s", mms_str_get(&sql));
		mms_str_clear(&sql);
		n++;
	}
	(void)fclose(file);
	assert_true(n >= 10);
}

/* ---- a site -------------------------------------------------------------------------------- */

static void
a_site_gets_widths_setters_and_indexes(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_make_frappe(&server);
	OK(apply(&found, &err));
	assert_int_equal(state_of(&found, "column tabMM Calendar Event Sync.external_event_id"),
			 MMS_FINDING_DONE);
	assert_int_equal(state_of(&found, "index " UNIQUE_NAME), MMS_FINDING_DONE);
	assert_int_equal(state_of(&found, "table mmsync_cursor"), MMS_FINDING_DONE);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	/* Ids are exact now: case and trailing blanks count. */
	mms_test_sql(&server, "INSERT INTO " EVENTS
			      " (name, calendar_integration, external_event_id) VALUES "
			      "('1', 'c', 'AAMk'), ('2', 'c', 'AAmk'), ('3', 'c', 'AAMk ')");
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM `tabProperty Setter` WHERE name "
				 "= 'MM Calendar Integration-ical_url-length' AND value "
				 "= '1000' AND doctype_or_field = 'DocField' AND "
				 "property_type = 'Int'"),
		1);
	/* The site's clock stands in Frappe's own columns: Berlin is never UTC. */
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT MIN(TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(6), "
					  "creation)) >= 59 FROM `tabProperty Setter`"),
			 1);
}

static void
a_second_run_changes_nothing(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_make_frappe(&server);
	apply_well();
	char *before = mms_test_snapshot(&server);
	char *setters =
		mms_test_ask_text(&server, "SELECT GROUP_CONCAT(name, value, modified) FROM "
					   "`tabProperty Setter`");
	mms_test_sql(&server, "TRUNCATE mysql.general_log; SET GLOBAL general_log = 1");
	OK(apply(&found, &err));
	mms_test_sql(&server, "SET GLOBAL general_log = 0");
	assert_int_equal(mms_findings_count(&found, MMS_FINDING_OK) +
				 mms_findings_count(&found, MMS_FINDING_NOTE),
			 found.n);
	char *after = mms_test_snapshot(&server);
	char *setters_after =
		mms_test_ask_text(&server, "SELECT GROUP_CONCAT(name, value, modified) FROM "
					   "`tabProperty Setter`");
	assert_string_equal(before, after);
	assert_string_equal(setters, setters_after);
	assert_true(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mysql.general_log") > 5);
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM mysql.general_log WHERE argument "
				 "REGEXP '^ *(ALTER|CREATE|DROP|INSERT|UPDATE|DELETE|"
				 "START)' AND user_host NOT LIKE 'root%%'"),
		0);
	free(before);
	free(after);
	free(setters);
	free(setters_after);
}

static void
a_dry_run_changes_nothing_and_says_what_it_would(void **state)
{
	static const struct mms_schema_options options = { .is_dry_run = true };
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_make_frappe(&server);
	char *before = mms_test_snapshot(&server);
	OK(apply_with(&options, &found, &err));
	char *after = mms_test_snapshot(&server);
	assert_string_equal(before, after);
	assert_int_equal(state_of(&found, "index " UNIQUE_NAME), MMS_FINDING_MISSING);
	assert_int_equal(state_of(&found, "binding to the site"), MMS_FINDING_MISSING);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM `tabProperty Setter`"),
			 0);
	free(before);
	free(after);
}

static void
rows_in_the_way_are_listed_and_nothing_is_changed(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_make_frappe(&server);
	mms_test_sql(&server,
		     "INSERT INTO " EVENTS
		     " (name, modified, calendar_integration, external_event_id) VALUES "
		     "('old', '2026-01-01', 'c', 'x'), ('new', '2026-01-02', 'c', 'x'),"
		     "('other case', '2026-01-02', 'c', 'X'), ('other one', NULL, 'd', 'x'),"
		     "('null', NULL, 'c', NULL), ('empty', NULL, 'c', ''),"
		     "('nowhere', NULL, NULL, 'y')");
	char *before = mms_test_snapshot(&server);
	FAILS(MMS_E_CONFLICT, "4 things stand in the way", apply(&found, &err));
	char *after = mms_test_snapshot(&server);
	assert_string_equal(before, after);
	assert_int_equal(mms_findings_count(&found, MMS_FINDING_BLOCKED), 4);
	assert_int_equal(state_of(&found, "MM Calendar Event Sync null"), MMS_FINDING_BLOCKED);
	assert_int_equal(state_of(&found, "MM Calendar Event Sync empty"), MMS_FINDING_BLOCKED);
	assert_int_equal(state_of(&found, "MM Calendar Event Sync nowhere"),
			 MMS_FINDING_BLOCKED);
	assert_int_equal(state_of(&found, "MM Calendar Event Sync new"), MMS_FINDING_BLOCKED);
	assert_non_null(strstr(mms_test_finding(&found, "MM Calendar Event Sync new")->remedy,
			       "bench --site site1 execute frappe.delete_doc "
			       "--args '[\"MM Calendar Event Sync\", \"old\"]'"));
	mms_test_sql(&server, "DELETE FROM " EVENTS
			      " WHERE name IN ('old', 'null', 'empty', 'nowhere')");
	apply_well();
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	free(before);
	free(after);
}

static void
what_a_migrate_undoes_is_found_and_mended(void **state)
{
	static const char *const damages[] = {
		"ALTER TABLE " EVENTS " MODIFY external_event_id varchar(512)",
		"ALTER TABLE " EVENTS " MODIFY external_event_id varchar(140)",
		"ALTER TABLE " EVENTS " DROP INDEX " UNIQUE_NAME,
		"ALTER TABLE " EVENTS " DROP INDEX meeting_booking_calendar_integration_index",
		"ALTER TABLE " EVENTS " DROP INDEX " UNIQUE_NAME ", ADD INDEX " UNIQUE_NAME
		" (calendar_integration)",
		"ALTER TABLE " INTEGRATIONS " MODIFY ical_url varchar(140)",
		"DELETE FROM `tabProperty Setter` WHERE field_name = 'calendar_id'",
		"UPDATE `tabProperty Setter` SET value = '200'",
		"DROP TABLE mmsync_budget",
		"DELETE FROM mmsync_schema_version WHERE number = 3",
	};

	(void)state;
	mms_test_make_frappe(&server);
	apply_well();
	for (size_t i = 0; i < MMS_COUNT(damages); i++) {
		mms_test_sql(&server, "%s", damages[i]);
		if (mms_test_schema_n_wrong(db) == 0)
			fail_msg("not found: %s", damages[i]);
		apply_well();
		if (mms_test_schema_n_wrong(db) != 0)
			fail_msg("not mended: %s", damages[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_db, close_db)
		TEST(on_an_empty_database_everything_is_made),
		TEST(frappes_tables_are_those_that_frappe_makes),
		TEST(with_frappe_is_refused_where_frappe_is),
		TEST(without_frappe_there_is_nothing_to_bring),
		TEST(no_invariant_is_broken_on_a_new_database),
		TEST(a_site_gets_widths_setters_and_indexes),
		TEST(a_second_run_changes_nothing),
		TEST(a_dry_run_changes_nothing_and_says_what_it_would),
		TEST(rows_in_the_way_are_listed_and_nothing_is_changed),
		TEST(what_a_migrate_undoes_is_found_and_mended),
#undef TEST
	};

	return cmocka_run_group_tests(tests, start, stop);
}

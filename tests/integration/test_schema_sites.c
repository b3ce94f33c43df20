/* frappe: the schema on sites that differ, that are in use, and that are cut off in the middle. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

#define EVENTS       "`tabMM Calendar Event Sync`"
#define INTEGRATIONS "`tabMM Calendar Integration`"

static struct mms_test_server server;
static struct mms_site site;
static char dir[MMS_TEST_DIR_MAX];
static struct mms_db *db;

static int
start(void **state)
{
	(void)state;
	mms_site_setup();
	(void)mms_test_server_start(&server, NULL);
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
open_site(void **state)
{
	(void)state;
	mms_test_reset(&server);
	mms_test_make_frappe(&server);
	OK(mms_db_open(&db, &server.settings, &err));
	return 0;
}

static int
close_site(void **state)
{
	(void)state;
	mms_db_close(db);
	db = NULL;
	return 0;
}

static mms_rc
apply(struct mms_findings *found, struct mms_err *err)
{
	static const struct mms_schema_options options = { 0 };

	return mms_schema_apply(db, &site, &options, found, err);
}

static int64_t
column_chars(const char *table, const char *column)
{
	return mms_test_ask_i64(&server,
				"SELECT character_maximum_length FROM "
				"information_schema.columns WHERE table_schema = DATABASE() "
				"AND table_name = '%s' AND column_name = '%s'",
				table, column);
}

/* ---- kinds of sites ------------------------------------------------------------------------ */

/* A later Frappe: tinyint and int, an index on creation in place of modified. */
static void
a_site_of_frappe_16_is_as_good(void **state)
{
	struct mms_columns *columns = NULL;

	(void)state;
	mms_test_sql(&server,
		     "ALTER TABLE " EVENTS
		     " MODIFY docstatus tinyint NOT NULL DEFAULT 0, MODIFY idx int NOT NULL "
		     "DEFAULT 0, MODIFY is_blocking_availability tinyint NOT NULL DEFAULT 1,"
		     " DROP INDEX modified, ADD INDEX creation (creation)");
	mms_test_schema_apply(db, &site);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	OK(mms_columns_load(db, &columns, &err));
	OK(mms_schema_require_site(db, columns, &err));
	mms_db_use_columns(db, mms_columns_has_port, columns);
	mms_db_use_pieces(db, mms_columns_add_piece, columns);
	for (size_t i = 0; i < MMS_STMT_COUNT; i++)
		OK(mms_db_check_stmt(db, (enum mms_stmt)i, &err));
	mms_db_use_columns(db, NULL, NULL);
	mms_db_use_pieces(db, NULL, NULL);
	mms_columns_free(columns);
}

static void
leftover_and_unknown_columns_do_not_matter(void **state)
{
	(void)state;
	mms_test_sql(
		&server,
		"ALTER TABLE `tabMM Meeting Booking` ADD requires_approval int(1) NOT NULL "
		"DEFAULT 0, ADD approval_status varchar(140), ADD approved_by varchar(140),"
		" ADD assigned_user varchar(140), ADD `_ours` text");
	mms_test_sql(&server, "DROP TABLE `tabMM Meeting Booking Assigned User`");
	mms_test_schema_apply(db, &site);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
}

static void
an_index_that_serves_is_good_under_any_name(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_sql(&server,
		     "ALTER TABLE " EVENTS " MODIFY external_event_id varchar(512) COLLATE "
		     "utf8mb4_nopad_bin, ADD UNIQUE KEY theirs (calendar_integration, "
		     "external_event_id), ADD KEY also (meeting_booking, calendar_integration, "
		     "sync_status)");
	OK(apply(&found, &err));
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM information_schema.statistics "
					  "WHERE table_schema = DATABASE() AND index_name IN "
					  "('unique_calendar_integration_external_event_id', "
					  "'meeting_booking_calendar_integration_index')"),
			 0);
	assert_string_equal(
		mms_test_finding(&found, "index unique_calendar_integration_external_event_id")
			->detail,
		"(calendar_integration,external_event_id) as theirs");
}

/* Statements name two of the indexes: one that serves gets that name, one of it that does not goes. */
static void
an_index_that_statements_name_gets_its_name(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_sql(
		&server,
		"ALTER TABLE " EVENTS " ADD KEY theirs (calendar_integration, "
		"is_blocking_availability, start_datetime, end_datetime, sync_status, name),"
		" ADD KEY calendar_integration_modified_index (calendar_integration)");
	assert_int_equal(mms_test_schema_n_wrong(db) > 0, true);
	OK(apply(&found, &err));
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM information_schema.statistics "
					  "WHERE table_schema = DATABASE() AND index_name IN "
					  "('calendar_integration_availability_index', "
					  "'calendar_integration_modified_index')"),
			 6 + 2);
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM information_schema.statistics "
					  "WHERE table_schema = DATABASE() AND index_name = "
					  "'theirs'"),
			 0);
}

/* Somebody else's Property Setter is widened, never narrowed; a wider column stays wide. */
static void
lengths_of_another_app_are_widened_and_never_narrowed(void **state)
{
	(void)state;
	mms_test_sql(
		&server,
		"INSERT INTO `tabProperty Setter` (name, doc_type, field_name, property, "
		"property_type, value) VALUES "
		"('a', 'MM Calendar Event Sync', 'external_event_id', 'length', 'Int', '200'),"
		"('b', 'MM Calendar Integration', 'calendar_id', 'length', 'Int', '900'),"
		"('c', 'MM Calendar Integration', 'calendar_id', 'length', 'Int', '7')");
	mms_test_sql(&server, "ALTER TABLE " INTEGRATIONS
			      " MODIFY ical_url varchar(1200) NOT NULL DEFAULT 'x'");
	mms_test_schema_apply(db, &site);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	assert_int_equal(column_chars("tabMM Calendar Event Sync", "external_event_id"), 512);
	assert_int_equal(column_chars("tabMM Calendar Integration", "calendar_id"), 900);
	assert_int_equal(column_chars("tabMM Calendar Integration", "ical_url"), 1200);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM `tabProperty Setter`"),
			 4);
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM `tabProperty Setter` WHERE "
				 "(name = 'a' AND value = '512') OR (name = 'b' AND value "
				 "= '900') OR (name = 'c' AND value = '900') OR "
				 "(field_name = 'ical_url' AND value = '1200')"),
		4);
}

static void
a_column_keeps_its_default_and_not_null(void **state)
{
	(void)state;
	mms_test_sql(&server,
		     "ALTER TABLE " EVENTS
		     " MODIFY external_event_id varchar(140) NOT NULL DEFAULT 'it''s'");
	mms_test_schema_apply(db, &site);
	mms_test_sql(&server, "INSERT INTO " EVENTS " (name) VALUES ('1')");
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM " EVENTS
						   " WHERE external_event_id = 'it''s'"),
			 1);
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM information_schema.columns WHERE "
				 "table_schema = DATABASE() AND column_name = "
				 "'external_event_id' AND is_nullable = 'NO' AND "
				 "collation_name = 'utf8mb4_nopad_bin'"),
		1);
}

static void
what_cannot_be_brought_is_told_before_anything_is_changed(void **state)
{
	static const struct {
		const char *damage, *object, *word, *undo;
	} rows[] = {
		{ "INSERT INTO `tabProperty Setter` (name, doc_type, field_name, property, "
		  "value) "
		  "VALUES ('a', 'MM Calendar Event Sync', 'external_event_id', 'length', "
		  "'700')",
		  "column tabMM Calendar Event Sync.external_event_id",
		  "do not fit one unique key", "DELETE FROM `tabProperty Setter`" },
		{ "INSERT INTO `tabProperty Setter` (name, doc_type, field_name, property, "
		  "value) "
		  "VALUES ('a', 'MM Calendar Event Sync', 'external_event_id', 'fieldtype', "
		  "'Small Text')",
		  "column tabMM Calendar Event Sync.external_event_id", "a Small Text",
		  "DELETE FROM `tabProperty Setter`" },
		{ "ALTER TABLE " EVENTS " ENGINE=MyISAM", "table tabMM Calendar Event Sync",
		  "is MyISAM", "ALTER TABLE " EVENTS " ENGINE=InnoDB ROW_FORMAT=DYNAMIC" },
		{ "SET innodb_strict_mode = 0; ALTER TABLE " EVENTS " ROW_FORMAT=COMPACT",
		  "table tabMM Calendar Event Sync", "row format Compact",
		  "ALTER TABLE " EVENTS " ROW_FORMAT=DYNAMIC" },
		{ "ALTER TABLE " EVENTS " MODIFY external_event_id text; INSERT INTO " EVENTS
		  " (name, calendar_integration, external_event_id) VALUES ('long', 'c', "
		  "REPEAT('x', 513))",
		  "MM Calendar Event Sync long", "513 characters does not fit",
		  "DELETE FROM " EVENTS },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_findings) found = { 0 };

		mms_test_sql(&server, "%s", rows[i].damage);
		char *before = mms_test_snapshot(&server);
		FAILS(MMS_E_CONFLICT, "1 thing stands in the way", apply(&found, &err));
		const struct mms_finding *f = mms_test_finding(&found, rows[i].object);
		for (size_t k = 0; k < found.n && f->state != MMS_FINDING_BLOCKED; k++)
			f = &found.items[k];
		if (strstr(f->detail, rows[i].word) == NULL || f->remedy == NULL)
			fail_msg("row '%s': %s", rows[i].damage, f->detail);
		char *after = mms_test_snapshot(&server);
		assert_string_equal(before, after);
		free(before);
		free(after);
		mms_test_sql(&server, "%s", rows[i].undo);
	}
	mms_test_schema_apply(db, &site);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	assert_int_equal(column_chars("tabMM Calendar Event Sync", "external_event_id"), 512);
}

/* ---- our own tables ------------------------------------------------------------------------ */

static void
a_newer_or_another_schema_is_refused(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_schema_apply(db, &site);
	OK(mms_schema_require(db, &err));
	mms_test_sql(&server, "INSERT INTO mmsync_schema_version VALUES (99, 'later', "
			      "REPEAT('x', 32), 0)");
	FAILS(MMS_E_DB, "migration 99", mms_schema_require(db, &err));
	FAILS(MMS_E_DB, "migration 99", apply(&found, &err));
	FAILS(MMS_E_DB, "migration 99", mms_schema_check(db, &found, &err));
	mms_test_sql(&server,
		     "DELETE FROM mmsync_schema_version WHERE number = 99; UPDATE "
		     "mmsync_schema_version SET sha256 = REPEAT('x', 32) WHERE number = "
		     "2");
	FAILS(MMS_E_DB, "0002_integrations was applied", mms_schema_require(db, &err));
	FAILS(MMS_E_DB, "0002_integrations was applied", apply(&found, &err));
	mms_test_sql(&server, "DELETE FROM mmsync_schema_version WHERE number = 2");
	FAILS(MMS_E_DB, "lacks migration 0002_integrations", mms_schema_require(db, &err));
	mms_test_schema_apply(db, &site);
	OK(mms_schema_require(db, &err));
}

static void
a_column_of_ours_that_was_changed_is_not_mended_silently(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	mms_test_schema_apply(db, &site);
	mms_test_sql(&server, "ALTER TABLE mmsync_cursor DROP COLUMN dirty, MODIFY fence int; "
			      "ALTER TABLE mmsync_run DROP COLUMN `foreign`, DROP COLUMN "
			      "error_text");
	FAILS(MMS_E_CONFLICT, "4 things stand in the way", apply(&found, &err));
	assert_string_equal(mms_test_finding(&found, "column mmsync_cursor.dirty")->detail,
			    "is missing, must be tinyint(4)");
	assert_string_equal(mms_test_finding(&found, "column mmsync_cursor.fence")->detail,
			    "int(11), must be bigint(20)");
}

static void
a_column_that_a_migration_added_is_looked_at_too(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_findings) later = { 0 };

	(void)state;
	mms_test_schema_apply(db, &site);
	mms_test_sql(&server, "ALTER TABLE mmsync_cursor DROP COLUMN read_print, DROP COLUMN "
			      "events_failed, MODIFY requests int, MODIFY longest_stamp "
			      "datetime");
	OK(mms_schema_check(db, &found, &err));
	const struct mms_finding *f =
		mms_test_finding(&found, "column mmsync_cursor.read_print");
	assert_int_equal(f->state, MMS_FINDING_MISSING);
	assert_string_equal(f->detail, "is missing, must be binary(16)");
	f = mms_test_finding(&found, "column mmsync_cursor.events_failed");
	assert_int_equal(f->state, MMS_FINDING_MISSING);
	f = mms_test_finding(&found, "column mmsync_cursor.requests");
	assert_int_equal(f->state, MMS_FINDING_BLOCKED);
	assert_string_equal(f->detail, "int(11), must be bigint(20)");
	f = mms_test_finding(&found, "column mmsync_cursor.longest_stamp");
	assert_string_equal(f->detail, "datetime, must be datetime(6)");
	FAILS(MMS_E_CONFLICT, "2 things stand in the way", apply(&later, &err));

	mms_test_sql(&server, "ALTER TABLE mmsync_cursor MODIFY requests bigint NOT NULL "
			      "DEFAULT 0, MODIFY longest_stamp datetime(6)");
	mms_test_schema_apply(db, &site);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
}

static void
a_table_of_ours_that_is_gone_comes_back_with_all_that_was_added_to_it(void **state)
{
	(void)state;
	mms_test_schema_apply(db, &site);
	mms_test_sql(&server, "DROP TABLE mmsync_cursor");
	mms_test_schema_apply(db, &site);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM information_schema.columns WHERE "
				 "table_schema = DATABASE() AND table_name = "
				 "'mmsync_cursor' AND column_name IN ('read_print', "
				 "'longest_apart', 'last_seen_ms', 'events_failed')"),
		4);
}

static void
every_table_and_column_of_ours_has_a_comment(void **state)
{
	(void)state;
	mms_test_schema_apply(db, &site);
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM information_schema.columns WHERE "
				 "table_schema = DATABASE() AND table_name LIKE "
				 "'mmsync\\_%%' AND column_comment = ''"),
		0);
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM information_schema.tables WHERE "
				 "table_schema = DATABASE() AND table_name LIKE "
				 "'mmsync\\_%%' AND (table_comment = '' OR engine <> "
				 "'InnoDB' OR row_format <> 'Dynamic')"),
		0);
}

/* ---- rights, use, interruption ------------------------------------------------------------- */

static void
a_user_without_the_right_to_alter_is_told_so(void **state)
{
	struct mms_db_settings settings = server.settings;
	struct mms_db *weak = NULL;
	MMS_AUTO(mms_findings) found = { 0 };
	static const struct mms_schema_options options = { 0 };
	char name[] = "weak", password[] = "pw";

	(void)state;
	mms_test_sql(&server,
		     "CREATE OR REPLACE USER weak IDENTIFIED BY 'pw'; GRANT SELECT, "
		     "INSERT, UPDATE, DELETE, CREATE ON `%s`.* TO weak",
		     server.database);
	settings.user = name;
	settings.password = password;
	OK(mms_db_open(&weak, &settings, &err));
	FAILS(MMS_E_DB, "ALTER command denied",
	      mms_schema_apply(weak, &site, &options, &found, &err));
	mms_db_close(weak);
	/* What it could do is finished by one who has the right. */
	mms_test_schema_apply(db, &site);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
}

static void
a_table_in_use_is_waited_for(void **state)
{
	const char *const args[] = { "--site", dir, "schema", "apply", NULL };
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)state;
	{
		MMS_AUTO(mms_tx) tx = { 0 };
		MMS_AUTO(mms_rows) rows = { 0 };
		const struct mms_value *row = NULL;

		OK(mms_tx_begin(&tx, db, &err));
		OK(mms_rows_open(&rows, db, MMS_STMT_EVENTS_WITHOUT_ID, NULL, &err));
		OK(mms_rows_next(&rows, &row, &err));
		mms_test_program_start(&run, NULL, args);
		mms_test_wait_i64(&server, 1, 60,
				  "SELECT COUNT(*) FROM information_schema.processlist WHERE "
				  "state LIKE '%%metadata lock%%'");
	}
	mms_test_program_end(&run);
	if (run.status != 0)
		fail_msg("status %d: %s", run.status, run.err);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
}

static void
two_at_the_same_time_both_succeed(void **state)
{
	const char *const args[] = { "--site", dir, "schema", "apply", NULL };

	(void)state;
	for (int i = 0; i < 5; i++) {
		MMS_AUTO(mms_test_run) one = { 0 };
		MMS_AUTO(mms_test_run) two = { 0 };

		mms_test_reset(&server);
		mms_test_make_frappe(&server);
		mms_test_program_start(&one, NULL, args);
		mms_test_program_start(&two, NULL, args);
		mms_test_program_end(&one);
		mms_test_program_end(&two);
		if (one.status != 0 || two.status != 0)
			fail_msg("status %d, %d: %s %s", one.status, two.status, one.err,
				 two.err);
		assert_int_equal(mms_test_schema_n_wrong(db), 0);
	}
}

/* How often a whole apply visits a kind of fault point. */
static int
count_visits(const char *kind, const char *const *args)
{
	char counts[MMS_TEST_DIR_MAX + 40], variable[sizeof counts + 40], name[32];
	const char *const env[] = { variable, NULL };
	MMS_AUTO(mms_test_run) run = { 0 };
	int n = 0, found = 0;

	(void)snprintf(counts, sizeof counts, "%s/counts", dir);
	(void)snprintf(variable, sizeof variable, "MMSYNC_FAULT_COUNTS=%s", counts);
	if (mms_test_program(&run, env, args) != 0)
		fail_msg("status %d: %s", run.status, run.err);
	FILE *file = fopen(counts, "re");
	if (file == NULL) {
		fail_msg("%s was not written", counts);
		return 0;
	}
	while (found == 0 && fscanf(file, "%31s %d", name, &n) == 2)
		found = strcmp(name, kind) == 0 ? n : 0;
	(void)fclose(file);
	return found;
}

static void
cut_off_at(const char *kind, int n, bool with_frappe, const char *const *args)
{
	char fault[64];
	const char *const env[] = { fault, NULL };
	MMS_AUTO(mms_test_run) run = { 0 };

	(void)snprintf(fault, sizeof fault, "MMSYNC_FAULT=%s:%d", kind, n);
	mms_test_reset(&server);
	if (!with_frappe)
		mms_test_make_frappe(&server);
	(void)mms_test_program(&run, env, args);
	if (run.status > 4 && run.status != 70 && run.status != 128 + 9)
		fail_msg("%s: status %d: %s", fault, run.status, run.err);
	if (mms_test_program(&run, NULL, args) != 0)
		fail_msg("after %s: %d: %s %s", fault, run.status, run.out, run.err);
	if (mms_test_schema_n_wrong(db) != 0)
		fail_msg("after %s: not all is there", fault);
}

/*
 * Fail or die at one visit after the other: the next run finishes the work. All visits with
 * MMS_TEST_FULL set, else some, spread over the whole.
 */
static void
cut_off_by(const char *kind, bool with_frappe)
{
	const char *const args[] = {
		"--site", dir, "schema", "apply", with_frappe ? "--with-frappe" : NULL, NULL
	};
	enum { SOME = 12 };

	mms_test_reset(&server);
	if (!with_frappe)
		mms_test_make_frappe(&server);
	int total = count_visits(kind, args);
	int step = total > SOME && getenv("MMS_TEST_FULL") == NULL ? total / SOME : 1;
	assert_true(total > 0);
	for (int n = 1; n <= total; n += step)
		cut_off_at(kind, n, with_frappe, args);
}

static void
killed_at_any_step_the_next_run_finishes(void **state)
{
	(void)state;
	if (!mms_fault_arm_text("step:1000000")) {
		print_message("this build has no fault points\n");
		skip();
	}
	cut_off_by("step", false);
	cut_off_by("step", true);
}

static void
cut_off_at_any_statement_the_next_run_finishes(void **state)
{
	(void)state;
	if (!mms_fault_arm_text("step:1000000"))
		skip();
	cut_off_by("stmt-before", false);
	cut_off_by("stmt-after", false);
	cut_off_by("commit-after", false);
	cut_off_by("alloc", false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_site, close_site)
		TEST(a_site_of_frappe_16_is_as_good),
		TEST(leftover_and_unknown_columns_do_not_matter),
		TEST(an_index_that_serves_is_good_under_any_name),
		TEST(an_index_that_statements_name_gets_its_name),
		TEST(lengths_of_another_app_are_widened_and_never_narrowed),
		TEST(a_column_keeps_its_default_and_not_null),
		TEST(what_cannot_be_brought_is_told_before_anything_is_changed),
		TEST(a_newer_or_another_schema_is_refused),
		TEST(a_column_of_ours_that_was_changed_is_not_mended_silently),
		TEST(a_column_that_a_migration_added_is_looked_at_too),
		TEST(a_table_of_ours_that_is_gone_comes_back_with_all_that_was_added_to_it),
		TEST(every_table_and_column_of_ours_has_a_comment),
		TEST(a_user_without_the_right_to_alter_is_told_so),
		TEST(a_table_in_use_is_waited_for),
		TEST(two_at_the_same_time_both_succeed),
		TEST(killed_at_any_step_the_next_run_finishes),
		TEST(cut_off_at_any_statement_the_next_run_finishes),
#undef TEST
	};

	return cmocka_run_group_tests(tests, start, stop);
}

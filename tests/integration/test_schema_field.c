/*
 * frappe: the Custom Field of busy blocks is offered, made as Frappe makes one, looked after, and read.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/cursors.h"
#include "mmsync/fault.h"
#include "mmsync/schema.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

#define INTEGRATIONS "`tabMM Calendar Integration`"
#define FIELDS       "`tabCustom Field`"
#define OBJECT       "Custom Field MM Calendar Integration-mmsync_busy_blocks"

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
	mms_test_schema_apply(db, &site);
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
apply(bool with_field, struct mms_findings *found, struct mms_err *err)
{
	const struct mms_schema_options options = { .with_blocks_field = with_field };

	return mms_schema_apply(db, &site, &options, found, err);
}

static void
add_field(void)
{
	MMS_AUTO(mms_findings) found = { 0 };

	OK(apply(true, &found, &err));
}

static int64_t
n_columns(void)
{
	return mms_test_ask_i64(&server,
				"SELECT COUNT(*) FROM information_schema.columns WHERE "
				"table_schema = DATABASE() AND table_name = "
				"'tabMM Calendar Integration' AND column_name = "
				"'mmsync_busy_blocks' AND column_type = 'varchar(140)' "
				"AND is_nullable = 'YES' AND COALESCE(column_default, "
				"'NULL') = 'NULL' AND collation_name = "
				"'utf8mb4_unicode_ci'");
}

static int64_t
n_fields(void)
{
	return mms_test_ask_i64(&server,
				"SELECT COUNT(*) FROM " FIELDS " WHERE name = 'MM Calendar "
				"Integration-mmsync_busy_blocks'");
}

static void
must_be(const char *label, enum mms_finding_state state, const char *part)
{
	MMS_AUTO(mms_findings) found = { 0 };

	OK(mms_schema_check(db, &found, &err));
	const struct mms_finding *f = mms_test_finding(&found, OBJECT);
	if (f->state != state || strstr(f->detail, part) == NULL)
		fail_msg("%s: %s: %s", label, mms_finding_state_name(f->state), f->detail);
}

static void
it_is_offered_and_not_forced_on_anybody(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	must_be("without", MMS_FINDING_NOTE, "busy_blocks.enabled in site_config.json holds");
	OK(apply(false, &found, &err));
	assert_int_equal(mms_findings_count(&found, MMS_FINDING_DONE), 0);
	assert_non_null(strstr(mms_test_finding(&found, OBJECT)->remedy,
			       "schema apply --with-busy-blocks-field"));
	assert_int_equal(n_columns() + n_fields(), 0);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
}

static void
it_is_made_as_frappe_makes_one_and_once(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };
	MMS_AUTO(mms_findings) again = { 0 };

	(void)state;
	mms_test_sql(&server, "CREATE TABLE tabDocField (parent varchar(140), parenttype "
			      "varchar(140), fieldname varchar(140), idx int);"
			      "INSERT INTO tabDocField VALUES "
			      "('MM Calendar Integration', 'DocType', 'sync_direction', 17),"
			      "('Other', 'DocType', 'sync_direction', 3)");
	OK(apply(true, &found, &err));
	assert_int_equal(mms_test_finding(&found, OBJECT)->state, MMS_FINDING_DONE);
	assert_int_equal(n_columns(), 1);
	assert_int_equal(
		mms_test_ask_i64(
			&server,
			"SELECT COUNT(*) FROM " FIELDS " WHERE name = "
			"'MM Calendar Integration-mmsync_busy_blocks' AND dt = 'MM Calendar "
			"Integration' AND fieldname = 'mmsync_busy_blocks' AND label = 'Busy "
			"Blocks' AND fieldtype = 'Select' AND options = '\\nOn\\nOff' AND "
			"insert_after = 'sync_direction' AND idx = 17 AND owner = "
			"'Administrator' AND modified_by = owner AND creation = modified AND "
			"docstatus = 0 AND is_system_generated = 1 AND description <> '' AND "
			"hidden = 0 AND permlevel = 0 AND reqd = 0 AND `default` IS NULL"),
		1);
	char *before = mms_test_snapshot(&server);
	mms_test_sql(&server, "UPDATE " FIELDS " SET label = 'Ours', modified = '2020-01-01'");
	OK(apply(true, &again, &err));
	assert_int_equal(mms_findings_count(&again, MMS_FINDING_DONE), 0);
	char *after = mms_test_snapshot(&server);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM " FIELDS
						   " WHERE label = 'Ours' AND modified = "
						   "'2020-01-01'"),
			 1);
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
}

/* A column whose record is gone counts; a record whose column is gone gets it back, unasked. */
static void
what_is_half_there_is_told_and_mended(void **state)
{
	MMS_AUTO(mms_findings) found = { 0 };

	(void)state;
	add_field();
	mms_test_sql(&server, "ALTER TABLE " INTEGRATIONS " DROP COLUMN mmsync_busy_blocks");
	must_be("no column", MMS_FINDING_DIFFERS, "it has no column");
	OK(apply(false, &found, &err));
	assert_int_equal(mms_test_finding(&found, OBJECT)->state, MMS_FINDING_DONE);
	assert_int_equal(n_columns(), 1);
	mms_test_sql(&server, "DELETE FROM " FIELDS);
	must_be("no record", MMS_FINDING_NOTE, "still counts");
	add_field();
	assert_int_equal(n_fields(), 1);
	must_be("both", MMS_FINDING_OK, "varchar(140)");
}

static void
somebody_elses_field_of_this_name_is_left_alone(void **state)
{
	static const struct {
		const char *damage, *word, *undo;
	} rows[] = {
		{ "ALTER TABLE " INTEGRATIONS " ADD mmsync_busy_blocks int NOT NULL DEFAULT 0",
		  "is int(11), and must be text",
		  "ALTER TABLE " INTEGRATIONS " DROP COLUMN mmsync_busy_blocks" },
		{ "INSERT INTO " FIELDS " (name, dt, fieldname, fieldtype) VALUES ('theirs', "
		  "'MM Calendar Integration', 'mmsync_busy_blocks', 'Data')",
		  "no Select with the options On and Off", "DELETE FROM " FIELDS },
		{ "INSERT INTO " FIELDS " (name, dt, fieldname, fieldtype, options) VALUES "
		  "('theirs', 'MM Calendar Integration', 'mmsync_busy_blocks', 'Select', "
		  "'\\nOnly\\nOff')",
		  "no Select with the options On and Off", "DELETE FROM " FIELDS },
		{ "DROP TABLE " FIELDS, "has no table `tabCustom Field`", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_findings) found = { 0 };

		mms_test_sql(&server, "%s", rows[i].damage);
		char *before = mms_test_snapshot(&server);
		FAILS(MMS_E_CONFLICT, "1 thing stands in the way", apply(true, &found, &err));
		const struct mms_finding *f = mms_test_finding(&found, OBJECT);
		if (f->state != MMS_FINDING_BLOCKED ||
		    strstr(f->detail, rows[i].word) == NULL || f->remedy == NULL)
			fail_msg("row '%s': %s", rows[i].damage, f->detail);
		char *after = mms_test_snapshot(&server);
		assert_string_equal(before, after);
		free(before);
		free(after);
		if (rows[i].undo != NULL)
			mms_test_sql(&server, "%s", rows[i].undo);
	}
	/* Not asked for, its table is no matter. */
	assert_int_equal(mms_test_schema_n_wrong(db), 0);
	mms_test_schema_apply(db, &site);
}

/* The same command finishes what was cut off; before that nothing is there that Frappe cannot save. */
static void
cut_off_anywhere_the_same_command_finishes(void **state)
{
	static const char *const kinds[] = { "step", "stmt-before", "stmt-after",
					     "commit-after", "alloc" };
	const char *const args[] = {
		"--site", dir, "schema", "apply", "--with-busy-blocks-field", NULL
	};
	int n_died = 0;

	(void)state;
	if (!mms_fault_arm_text("step:1000000"))
		skip();
	for (size_t k = 0; k < MMS_COUNT(kinds); k++) {
		int stride = strcmp(kinds[k], "alloc") == 0 ? 97 : 3;
		for (int n = 1;; n += stride) {
			MMS_AUTO(mms_test_run) run = { 0 };
			char fault[64];
			const char *const env[] = { fault, NULL };

			(void)snprintf(fault, sizeof fault, "MMSYNC_FAULT=%s:%d", kinds[k], n);
			mms_test_sql(&server,
				     "DELETE FROM " FIELDS "; ALTER TABLE " INTEGRATIONS
				     " DROP COLUMN IF EXISTS mmsync_busy_blocks");
			if (mms_test_program(&run, env, args) == 0)
				break;
			n_died++;
			if (n_fields() > n_columns())
				fail_msg("%s: a record without its column", fault);
			if (mms_test_program(&run, NULL, args) != 0)
				fail_msg("after %s: %s", fault, run.err);
			if (n_fields() != 1 || n_columns() != 1)
				fail_msg("after %s: not all is there", fault);
		}
	}
	assert_true(n_died > 10);
}

static void
the_program_says_so_and_what_to_do_next(void **state)
{
	static const char *const runs[][2] = {
		{ "--with-busy-blocks-field", "now let Frappe see it: bench --site site1 "
					      "clear-cache" },
		{ "--with-busy-blocks-field", "nothing to do" },
		{ NULL, "nothing to do" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(runs); i++) {
		MMS_AUTO(mms_test_run) run = { 0 };
		const char *const args[] = {
			"--site", dir, "schema", "apply", runs[i][0], NULL
		};

		assert_int_equal(mms_test_program(&run, NULL, args), 0);
		if (strstr(run.out, runs[i][1]) == NULL)
			fail_msg("run %zu: %s", i, run.out);
	}
}

/* ---- what stands in it ---------------------------------------------------------------------------- */

static void
load_choices(struct mms_columns **columns, struct mms_sources *sources)
{
	OK(mms_columns_load(db, columns, &err));
	mms_db_use_columns(db, mms_columns_has_port, *columns);
	OK(mms_sources_load(db, sources, &err));
	OK(mms_sources_load_choices(db, sources, &err));
	mms_db_use_columns(db, NULL, NULL);
}

static void
on_off_empty_and_absent_come_out_right(void **state)
{
	static const struct {
		const char *name, *value;
		enum mms_blocks_choice want;
	} rows[] = {
		{ "a", "'On'", MMS_BLOCKS_ON },      { "b", "'Off'", MMS_BLOCKS_OFF },
		{ "c", "''", MMS_BLOCKS_AS_SITE },   { "d", "NULL", MMS_BLOCKS_AS_SITE },
		{ "e", "'on'", MMS_BLOCKS_AS_SITE }, { "f", "'Often'", MMS_BLOCKS_AS_SITE },
		{ "g", "'Off'", MMS_BLOCKS_OFF },
	};
	struct mms_columns *columns = NULL;
	MMS_AUTO(mms_sources) before = { 0 };
	MMS_AUTO(mms_sources) sources = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++)
		mms_test_sql(&server,
			     "INSERT INTO " INTEGRATIONS " (name, creation, owner) VALUES "
			     "('%s', '2026-01-01', 'x')",
			     rows[i].name);
	load_choices(&columns, &before);
	assert_int_equal(before.n, MMS_COUNT(rows));
	for (size_t i = 0; i < before.n; i++)
		assert_int_equal(before.items[i].integration.blocks, MMS_BLOCKS_AS_SITE);
	mms_columns_free(columns);
	add_field();
	for (size_t i = 0; i < MMS_COUNT(rows); i++)
		mms_test_sql(&server,
			     "UPDATE " INTEGRATIONS " SET mmsync_busy_blocks = %s WHERE name = "
			     "'%s'",
			     rows[i].value, rows[i].name);
	load_choices(&columns, &sources);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_integration *in = &sources.items[i].integration;
		if (strcmp(in->name, rows[i].name) != 0 || in->blocks != rows[i].want)
			fail_msg("%s %s: %s %d", rows[i].name, rows[i].value, in->name,
				 (int)in->blocks);
	}
	mms_columns_free(columns);
}

/* What doctor makes of it. */
static void
doctor_counts_by_what_calendars_say(void **state)
{
	static const struct {
		const char *choice, *want;
	} rows[] = {
		{ "NULL", "is off, as long as a site has not opted in" },
		{ "'On'", "2 calendars of 1 person take part; blocks are made in 1 of them" },
		{ "IF(name = 'a', 'On', 'Off')", "of whom one calendar takes part" },
	};

	(void)state;
	add_field();
	mms_test_site_make(&server, "site1", ", \"mmsync\": {\"event_time_zone\": \"site\"}",
			   dir);
	mms_test_sql(&server,
		     "INSERT INTO " INTEGRATIONS
		     " (name, creation, owner, user, integration_type, is_active, "
		     "sync_direction) VALUES "
		     "('a', '2026-01-01', 'x', 'ann@example.com', 'Google Calendar', 1, "
		     "'Two-way (Read & Write)'), "
		     "('b', '2026-01-02', 'x', 'ann@example.com', 'iCal', 1, "
		     "'One-way (Read Only)')");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_test_run) run = { 0 };
		const char *const args[] = { "--site", dir, "doctor", "--offline", NULL };

		mms_test_sql(&server, "UPDATE " INTEGRATIONS " SET mmsync_busy_blocks = %s",
			     rows[i].choice);
		(void)mms_test_program(&run, NULL, args);
		if (strstr(run.out, rows[i].want) == NULL ||
		    (i == 0) != (strstr(run.out, "busy blocks  ") == NULL))
			fail_msg("%s: %s%s", rows[i].choice, run.out, run.err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_site, close_site)
		TEST(it_is_offered_and_not_forced_on_anybody),
		TEST(it_is_made_as_frappe_makes_one_and_once),
		TEST(what_is_half_there_is_told_and_mended),
		TEST(somebody_elses_field_of_this_name_is_left_alone),
		TEST(cut_off_anywhere_the_same_command_finishes),
		TEST(the_program_says_so_and_what_to_do_next),
		TEST(doctor_counts_by_what_calendars_say),
		TEST(on_off_empty_and_absent_come_out_right),
#undef TEST
	};

	return cmocka_run_group_tests(tests, start, stop);
}

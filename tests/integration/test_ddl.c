/* db: SQL outside of the statement table, for the schema code. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/ddl.h"
#include "mmsync/fault.h"
#include "support/dbcheck.h"

static struct mms_test_server server;
static struct mms_db *db;

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

static void
tables_are_made_and_looked_at(void **state)
{
	MMS_AUTO(mms_text_rows) rows = { 0 };
	const char *const *row;

	(void)state;
	OK(mms_db_run_text(db, "CREATE TABLE `a ``b` (id INT PRIMARY KEY, t TEXT) COMMENT 'x'",
			   &err));
	OK(mms_db_run_text(db, "INSERT INTO `a ``b` VALUES (1, 'one'), (2, NULL), (3, '')",
			   &err));
	OK(mms_text_rows_load(&rows, db, "SELECT id, t FROM `a ``b` ORDER BY id", &err));
	assert_int_equal(rows.n, 3);
	assert_int_equal(rows.n_columns, 2);
	row = mms_text_rows_find_next(&rows);
	assert_string_equal(row[0], "1");
	assert_string_equal(row[1], "one");
	row = mms_text_rows_find_next(&rows);
	assert_null(row[1]);
	row = mms_text_rows_find_next(&rows);
	assert_string_equal(row[1], "");
	assert_null(mms_text_rows_find_next(&rows));
	assert_null(mms_text_rows_find_next(&rows));
	mms_text_rows_release(&rows);
	assert_null(mms_text_rows_find_next(&rows));
}

static void
quoted_texts_arrive_as_they_are(void **state)
{
	static const char *const texts[] = { "plain",      "it's",   "back\\slash",      "\\",
					     "''",         "a\"b`c", "\xF0\x9F\x98\x80", "%s",
					     "\n\r\t\x1a", "" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		MMS_AUTO(mms_text_rows) rows = { 0 };
		MMS_AUTO(mms_str) sql = { 0 };

		mms_str_add(&sql, "SELECT ");
		mms_sql_add_text(&sql, texts[i]);
		mms_str_add(&sql, " AS ");
		mms_sql_add_ident(&sql, "a `name`");
		OK(mms_text_rows_load(&rows, db, mms_str_get(&sql), &err));
		assert_string_equal(mms_text_rows_find_next(&rows)[0], texts[i]);
	}
}

static void
a_statement_may_take_longer_than_the_connection_allows(void **state)
{
	struct mms_db_settings hasty = server.settings;
	struct mms_db *own = NULL;

	(void)state;
	hasty.timeout_ms = 1000;
	OK(mms_db_open(&own, &hasty, &err));
	OK(mms_db_run_text(own, "CREATE TABLE slow SELECT SLEEP(1.5) AS x", &err));
	assert_int_equal(mms_db_n_reconnects(own), 0);
	mms_db_close(own);
}

static void
a_table_in_use_is_not_waited_for_long(void **state)
{
	struct mms_db *other = NULL;

	(void)state;
	OK(mms_db_open(&other, &server.settings, &err));
	OK(mms_db_run_text(db, "CREATE TABLE busy (id INT PRIMARY KEY)", &err));
	OK(mms_db_run_text(db, "SET lock_wait_timeout = 1", &err));
	OK(mms_db_run_text(other, "LOCK TABLES busy WRITE", &err));
	FAILS(MMS_E_RETRY, "1205", mms_db_run_text(db, "ALTER TABLE busy ADD n INT", &err));
	mms_db_close(other);
}

static void
wrong_uses_are_told(void **state)
{
	MMS_AUTO(mms_text_rows) rows = { 0 };

	(void)state;
	FAILS(MMS_E_BUG, "nobody reads them", mms_db_run_text(db, "SELECT 1", &err));
	FAILS(MMS_E_BUG, "answers no rows", mms_text_rows_load(&rows, db, "SET @a = 1", &err));
	FAILS(MMS_E_BUG, "1064", mms_db_run_text(db, "SET @a = 1; SET @b = 2", &err));
	FAILS(MMS_E_DB, "1051", mms_db_run_text(db, "DROP TABLE nowhere_at_all", &err));
	FAILS(MMS_E_DB, "CREATE TABLE a_name_that_is_so_long_that_nobody_wants_to_rea...: ",
	      mms_db_run_text(
		      db,
		      "CREATE TABLE a_name_that_is_so_long_that_nobody_wants_to_read_all_"
		      "of_it_in_an_error (id INT, id INT)",
		      &err));
	OK(mms_text_rows_load(&rows, db, "SELECT 1", &err)); /* still usable */
}

static void
faults_reach_it(void **state)
{
	char arm[40];

	(void)state;
	if (!mms_fault_arm_text("stmt-before:1000000000"))
		skip();
	(void)snprintf(arm, sizeof arm, "stmt-before:%lu",
		       mms_fault_count(MMS_FAULT_STMT_BEFORE) + 1);
	assert_true(mms_fault_arm_text(arm));
	FAILS(MMS_E_RETRY, "connection lost",
	      mms_db_run_text(db, "CREATE TABLE f (id INT PRIMARY KEY)", &err));
	OK(mms_db_run_text(db, "CREATE TABLE f (id INT PRIMARY KEY)", &err));
	(void)snprintf(arm, sizeof arm, "stmt-after:%lu",
		       mms_fault_count(MMS_FAULT_STMT_AFTER) + 1);
	assert_true(mms_fault_arm_text(arm));
	FAILS(MMS_E_RETRY, "connection lost", mms_db_run_text(db, "DROP TABLE f", &err));
	OK(mms_db_run_text(db, "CREATE TABLE f (id INT PRIMARY KEY)", &err));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
		TEST(tables_are_made_and_looked_at),
		TEST(quoted_texts_arrive_as_they_are),
		TEST(a_statement_may_take_longer_than_the_connection_allows),
		TEST(a_table_in_use_is_not_waited_for_long),
		TEST(wrong_uses_are_told),
		TEST(faults_reach_it),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

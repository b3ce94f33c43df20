/*
 * The statement table against a real server and the program's own schema: every statement can be
 * prepared, and its parameters and columns are what its row declares.
 */
#include "support/unit.h"

#include <string.h>

#include "mmsync/columns.h"
#include "support/dbcheck.h"
#include "support/schema.h"

static struct mms_test_server server;

/* Declarations that are wrong, each in its own way: the check must see them. */
/* clang-format off */
#define STATEMENTS(X) \
	X(RIGHT, "SELECT id, u, s, b, t, d, n, e FROM k WHERE id = ? AND s = ?", "is", "iusBTTIS") \
	X(RIGHT_WRITE, "INSERT INTO k (id, u, s, b, t) VALUES (?, ?, ?, ?, ?)", "iusBT", "") \
	X(COUNTS, "SELECT COUNT(*), CAST(COUNT(*) AS UNSIGNED), COALESCE(MAX(n), 0) FROM k", "", "iUI") \
	X(ABSENT, "SELECT {?k.gone} FROM k", "", "S") \
	X(FEW_PARAMETERS, "SELECT id FROM k WHERE id = ? AND u = ?", "i", "i") \
	X(FEW_COLUMNS, "SELECT id, u FROM k", "", "i") \
	X(MANY_COLUMNS, "SELECT id FROM k", "", "ii") \
	X(NULLABLE, "SELECT n FROM k", "", "i") \
	X(SIGNED, "SELECT id FROM k", "", "u") \
	X(UNSIGNED, "SELECT u FROM k", "", "i") \
	X(TEXT_AS_NUMBER, "SELECT s FROM k", "", "i") \
	X(NUMBER_AS_TEXT, "SELECT id FROM k", "", "s") \
	X(BYTES_AS_TEXT, "SELECT b FROM k", "", "S") \
	X(TEXT_AS_BYTES, "SELECT s FROM k", "", "b") \
	X(TIME_AS_TEXT, "SELECT t FROM k", "", "S") \
	X(TEXT_AS_TIME, "SELECT s FROM k", "", "t") \
	X(DECIMAL, "SELECT SUM(id) FROM k", "", "I") \
	X(LETTER, "SELECT id FROM k WHERE s = ?", "x", "i") \
	X(NO_TABLE, "SELECT id FROM nowhere", "", "i") \
	X(NO_COLUMN, "SELECT nothing FROM k", "", "i") \
	X(SYNTAX, "SELEKT id FROM k", "", "i")
/* clang-format on */
STMT_TABLE(STATEMENTS);

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
check_all(mms_has_column *has)
{
	struct mms_columns *columns = NULL;
	struct mms_db *db = NULL;

	OK(mms_db_open(&db, &server.settings, &err));
	OK(mms_columns_load_any(db, &columns, &err));
	mms_db_use_columns(db, has, &server);
	FAILS(MMS_E_BUG, "before the site's columns are known",
	      mms_db_check_stmt(db, MMS_STMT_REMOVED_LOG_STATES, &err));
	mms_db_use_pieces(db, mms_columns_add_piece, columns);
	for (int i = 0; i < MMS_STMT_COUNT; i++)
		OK(mms_db_check_stmt(db, (enum mms_stmt)i, &err));
	mms_db_close(db);
	mms_columns_free(columns);
}

static void
every_statement_agrees_with_the_schema(void **state)
{
	(void)state;
	mms_test_make_schema(&server);
	check_all(mms_test_has_column);
}

static void
every_statement_does_without_its_optional_columns(void **state)
{
	(void)state;
	mms_test_make_schema(&server);
	check_all(mms_test_has_no_column);
}

static void
names_of_statements_stand_once_and_no_text_is_twice(void **state)
{
	(void)state;
	for (int i = 0; i < MMS_STMT_COUNT; i++) {
		const struct mms_stmt_def *a = mms_stmt_def((enum mms_stmt)i);
		for (int k = i + 1; k < MMS_STMT_COUNT; k++) {
			const struct mms_stmt_def *b = mms_stmt_def((enum mms_stmt)k);
			if (strcmp(a->name, b->name) == 0 || strcmp(a->sql, b->sql) == 0)
				fail_msg("%s and %s", a->name, b->name);
		}
	}
}

static void
the_check_sees_what_is_wrong(void **state)
{
	static const struct {
		int stmt;
		mms_rc want;
		const char *part;
	} cases[] = {
		{ FEW_PARAMETERS, MMS_E_BUG, "1 parameters and 1 columns, and has 2 and 1" },
		{ FEW_COLUMNS, MMS_E_BUG, "0 parameters and 1 columns, and has 0 and 2" },
		{ MANY_COLUMNS, MMS_E_BUG, "2 columns, and has 0 and 1" },
		{ NULLABLE, MMS_E_BUG, "NULLABLE: column 1 (n), declared 'i', may be NULL" },
		{ SIGNED, MMS_E_BUG, "is signed" },
		{ UNSIGNED, MMS_E_BUG, "does not fit a signed integer" },
		{ TEXT_AS_NUMBER, MMS_E_BUG, "is not an integer" },
		{ NUMBER_AS_TEXT, MMS_E_BUG, "is not a text" },
		{ BYTES_AS_TEXT, MMS_E_BUG, "is bytes, not a text" },
		{ TEXT_AS_BYTES, MMS_E_BUG, "is a text, not bytes" },
		{ TIME_AS_TEXT, MMS_E_BUG, "is not a text" },
		{ TEXT_AS_TIME, MMS_E_BUG, "is not a date or time" },
		{ DECIMAL, MMS_E_BUG, "is not an integer" },
		{ LETTER, MMS_E_BUG, "'x' holds a letter" },
		{ NO_TABLE, MMS_E_DB, "1146" },
		{ NO_COLUMN, MMS_E_DB, "1054" },
		{ SYNTAX, MMS_E_BUG, "1064" },
	};

	(void)state;
	mms_test_reset(&server);
	mms_test_sql(
		&server,
		"CREATE TABLE k (id BIGINT NOT NULL PRIMARY KEY, u BIGINT UNSIGNED NOT NULL, "
		"s VARCHAR(140) NOT NULL, b LONGBLOB, t DATETIME(6), d DATE, n INT, "
		"e ENUM('a'))");
	struct mms_db *db = open_with(&server.settings, defs, N_STMTS);
	mms_db_use_columns(db, mms_test_has_column, &server);
	OK(mms_db_check_stmt(db, STMT(RIGHT), &err));
	OK(mms_db_check_stmt(db, STMT(RIGHT_WRITE), &err));
	OK(mms_db_check_stmt(db, STMT(COUNTS), &err));
	OK(mms_db_check_stmt(db, STMT(ABSENT), &err));
	for (size_t i = 0; i < MMS_COUNT(cases); i++)
		FAILS(cases[i].want, cases[i].part,
		      mms_db_check_stmt(db, STMT(cases[i].stmt), &err));
	assert_int_equal(MMS_COUNT(cases) + 4, N_STMTS);
	mms_db_close(db);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_agrees_with_the_schema),
		cmocka_unit_test(every_statement_does_without_its_optional_columns),
		cmocka_unit_test(names_of_statements_stand_once_and_no_text_is_twice),
		cmocka_unit_test(the_check_sees_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

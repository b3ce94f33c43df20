/* db: values in and out of prepared statements against a real server. */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/mariadb.h"

static struct mms_test_server server;

/* clang-format off */
#define STATEMENTS(X) \
	X(PUT, "INSERT INTO v (i, u, s, l, b, t, d) VALUES (?, ?, ?, ?, ?, ?, ?)", "IUSSBTT", "") \
	X(GET, "SELECT id, i, u, s, l, b, t, d FROM v ORDER BY id", "", "iIUSSBTT") \
	X(GET_NARROW, "SELECT tiny, utiny, y, small, stamp FROM n ORDER BY id", "", "IUUIT") \
	X(CLEAR, "DELETE FROM v", "", "") \
	X(COUNT, "SELECT COUNT(*) FROM v", "", "i") \
	X(MANY, "SELECT a.seq, REPEAT('x', 100) FROM seq_1_to_1000 a, seq_1_to_100 b", "", "uS") \
	X(FEW, "SELECT seq FROM seq_1_to_5 WHERE seq > ?", "i", "u") \
	X(OPTIONAL, "SELECT id, {?v.s}, {?x:v.gone}, {?x:v.l} FROM v AS x WHERE id = ?", "i", "iSSS") \
	X(SET_TEXT, "UPDATE v SET l = ? WHERE id = ?", "Si", "") \
	X(NO_NULL, "SELECT ?", "s", "S")
/* clang-format on */
enum {
#define X(name, sql, in, out) name,
	STATEMENTS(X)
#undef X
};
static const struct mms_stmt_def defs[] = {
#define X(name, sql, in, out) { #name, sql, in, out },
	STATEMENTS(X)
#undef X
};

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
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	mms_test_reset(&server);
	mms_test_sql(
		&server,
		"CREATE TABLE v (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, i BIGINT, "
		"u BIGINT UNSIGNED, s VARCHAR(140), l LONGTEXT, b LONGBLOB, t DATETIME(6), "
		"d DATE);"
		"CREATE TABLE n (id INT PRIMARY KEY, tiny TINYINT, utiny TINYINT UNSIGNED, "
		"y YEAR, small SMALLINT, stamp TIMESTAMP(6) NULL)");
	if (mms_db_open(&db, &server.settings, &err) != MMS_OK ||
	    mms_db_use_statements(db, defs, MMS_COUNT(defs), &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
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

#define OK(call)                                            \
	do {                                                \
		MMS_AUTO(mms_err) err = { 0 };              \
		if ((call) != MMS_OK)                       \
			fail_msg("%s", mms_err_text(&err)); \
	} while (0)

static void
a_connection_answers(void **state)
{
	int64_t n = -1;

	(void)state;
	OK(mms_db_ask_i64(db, (enum mms_stmt)COUNT, NULL, &n, &err));
	assert_int_equal(n, 0);
	assert_true(mms_db_server_version(db) >= 100600);
	assert_int_equal(mms_db_connection_id(db),
			 mms_test_ask_i64(&server,
					  "SELECT id FROM information_schema.processlist WHERE "
					  "user = '%s'",
					  server.settings.user));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_connection_answers, open_db, close_db),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

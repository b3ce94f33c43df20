/* db: values in and out of prepared statements, and streams of rows, against a real server. */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/timetext.h"
#include "support/dbcheck.h"

static struct mms_test_server server;

/* clang-format off */
#define STATEMENTS(X) \
	X(PUT, "INSERT INTO v (i, u, s, l, b, t, d) VALUES (?, ?, ?, ?, ?, ?, ?)", "IUSSBTT", "") \
	X(GET, "SELECT i, u, s, l, b, t, d FROM v ORDER BY id DESC LIMIT 1", "", "IUSSBTT") \
	X(ALL_TEXTS, "SELECT l FROM v ORDER BY id", "", "S") \
	X(NARROW, "SELECT tiny, utiny, y, small, stamp, enu, js, bin FROM n", "", "IUUITSSB") \
	X(ZERO_DATES, "SELECT t, d FROM z ORDER BY id", "", "TT") \
	X(CLEAR, "DELETE FROM v", "", "") \
	X(COUNT, "SELECT COUNT(*) FROM v", "", "i") \
	X(MANY, "SELECT seq, REPEAT('x', 100) FROM seq_1_to_100000", "", "uS") \
	X(FEW, "SELECT seq FROM seq_1_to_5 WHERE seq > ? ORDER BY seq", "i", "u") \
	X(NOTHING, "SELECT seq FROM seq_1_to_5 WHERE seq > 100", "", "u") \
	X(A_NULL, "SELECT CAST(NULL AS SIGNED)", "", "I") \
	X(OPTIONAL, "SELECT {?v.i}, {?v.gone}, {?x:v.s}, {?x:v.gone} FROM v AS x", "", "ISSS") \
	X(BAD_OPTIONAL, "SELECT {?nothing}", "", "S") \
	X(STRICT, "SELECT ?", "s", "S") \
	X(TOO_LARGE, "SELECT CAST(18446744073709551615 AS UNSIGNED)", "", "i") \
	X(WRONG_COUNT, "SELECT ?, ?", "i", "II") \
	X(NO_TABLE, "SELECT a FROM nowhere", "", "I")
/* clang-format on */
STMT_TABLE(STATEMENTS);

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
	mms_test_sql(
		&server,
		"CREATE TABLE v (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, i BIGINT, "
		"u BIGINT UNSIGNED, s VARCHAR(140), l LONGTEXT, b LONGBLOB, t DATETIME(6), "
		"d DATE);"
		"CREATE TABLE n (id INT PRIMARY KEY, tiny TINYINT, utiny TINYINT UNSIGNED, "
		"y YEAR, small SMALLINT, stamp TIMESTAMP(6) NULL, enu ENUM('a', 'bc'), "
		"js JSON, bin VARBINARY(10));"
		"CREATE TABLE z (id INT PRIMARY KEY, t DATETIME(6) NOT NULL, d DATE)");
	db = open_with(&server.settings, defs, N_STMTS);
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
check_same(const char *label, const struct mms_value *got, const struct mms_value *want)
{
	bool is_same = got->type == want->type;

	if (is_same && (want->type == 's' || want->type == 'b'))
		is_same = got->len == want->len &&
			  memcmp(got->ptr, want->ptr, want->len) == 0 &&
			  got->ptr[got->len] == '\0';
	else if (is_same && want->type != '\0')
		is_same = got->i == want->i;
	if (!is_same)
		fail_msg("%s: got '%c' %" PRId64 " of %zu bytes, want '%c' %" PRId64 " of %zu",
			 label, got->type, got->i, got->len, want->type, want->i, want->len);
}

static int64_t
wall(const char *text)
{
	int64_t us;

	if (!mms_wall_parse(text, strlen(text), &us))
		fail_msg("'%s'", text);
	return us;
}

static void
values_come_back_as_they_went(void **state)
{
	static char long_text[8193], very_long[300001];
	struct mms_value rows[][7] = {
		{ mms_v_i64(0), mms_v_u64(0), mms_v_text(""), mms_v_text(""),
		  mms_v_bytes("", 0), mms_v_wall(0), mms_v_wall(0) },
		{ mms_v_i64(INT64_MAX), mms_v_u64(UINT64_MAX), mms_v_text("plain"),
		  mms_v_text(long_text), mms_v_bytes("a\0b\0", 4),
		  mms_v_wall(wall("2026-03-29 02:30:00.000001")),
		  mms_v_wall(wall("2026-03-29")) },
		{ mms_v_i64(INT64_MIN), mms_v_u64(1), mms_v_text("\xF0\x9F\x98\x80 \xC3\xA5"),
		  mms_v_text(very_long), mms_v_bytes("\xFF\xFE\x00\x01", 4),
		  mms_v_wall(wall("1000-01-01 00:00:00")), mms_v_wall(wall("1000-01-01")) },
		{ mms_v_null(), mms_v_null(), mms_v_null(), mms_v_null(), mms_v_null(),
		  mms_v_null(), mms_v_null() },
		{ mms_v_i64(-1), mms_v_u64(UINT64_C(1) << 63),
		  mms_v_text("it's \"q\" \\ %s `b`"), mms_v_textn("cut here", 3),
		  mms_v_bytes(very_long, sizeof very_long),
		  mms_v_wall(wall("9999-12-31 23:59:59.999999")),
		  mms_v_wall(wall("9999-12-31")) },
		{ mms_v_i64(7), mms_v_u64(7), mms_v_text("  blanks stay  "),
		  mms_v_text("\n\t\r"), mms_v_bytes("\0", 1),
		  mms_v_wall(wall("1969-12-31 23:59:59.5")), mms_v_wall(wall("1969-12-31")) },
	};

	(void)state;
	memset(long_text, 'y', sizeof long_text - 1);
	memset(very_long, 'z', sizeof very_long - 1);
	rows[1][3] = mms_v_text(long_text);
	rows[2][3] = mms_v_text(very_long);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_rows) got = { 0 };
		const struct mms_value *row;
		uint64_t affected = 0;
		char label[40];

		OK(mms_db_run(db, STMT(PUT), rows[i], &affected, &err));
		assert_int_equal(affected, 1);
		OK(mms_rows_open(&got, db, STMT(GET), NULL, &err));
		OK(mms_rows_next(&got, &row, &err));
		assert_non_null(row);
		for (size_t k = 0; k < 7; k++) {
			(void)snprintf(label, sizeof label, "row %zu column %zu", i, k);
			check_same(label, &row[k], &rows[i][k]);
		}
		OK(mms_rows_next(&got, &row, &err));
		assert_null(row);
	}
	/* What the server itself thinks of what came in. */
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM v WHERE t = '9999-12-31 "
					  "23:59:59.999999' AND s = 'it''s \"q\" \\\\ "
					  "%%s `b`' AND i = -1 AND l = 'cut'"),
			 1);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT CHAR_LENGTH(s) FROM v WHERE u = 1"),
			 3);
}

static void
texts_of_all_lengths_pass_one_stream(void **state)
{
	static const size_t lengths[] = { 0, 255, 256, 257, 10, 511, 512, 8192, 3, 70000, 1 };
	static char text[70001];

	(void)state;
	memset(text, 'q', sizeof text - 1);
	for (size_t i = 0; i < MMS_COUNT(lengths); i++) {
		struct mms_value row[7] = { [3] = mms_v_textn(text, lengths[i]) };
		OK(mms_db_run(db, STMT(PUT), row, NULL, &err));
	}
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row;
	OK(mms_rows_open(&rows, db, STMT(ALL_TEXTS), NULL, &err));
	for (size_t i = 0; i < MMS_COUNT(lengths); i++) {
		OK(mms_rows_next(&rows, &row, &err));
		assert_non_null(row);
		assert_int_equal(row[0].len, lengths[i]);
		assert_int_equal(strlen(row[0].ptr), lengths[i]);
	}
}

static void
narrow_and_odd_types_are_widened(void **state)
{
	const struct mms_value *row;

	(void)state;
	mms_test_sql(&server,
		     "SET time_zone = '+05:30';"
		     "INSERT INTO n VALUES (1, -128, 255, 2026, -3, '2026-01-05 10:00:00', "
		     "'bc', '[1]', x'00ff00')");
	MMS_AUTO(mms_rows) rows = { 0 };
	OK(mms_rows_open(&rows, db, STMT(NARROW), NULL, &err));
	OK(mms_rows_next(&rows, &row, &err));
	struct mms_value want[] = { mms_v_i64(-128),
				    mms_v_u64(255),
				    mms_v_u64(2026),
				    mms_v_i64(-3),
				    mms_v_wall(wall("2026-01-05 04:30:00")),
				    mms_v_text("bc"),
				    mms_v_text("[1]"),
				    mms_v_bytes("\0\xFF\0", 3) };
	for (size_t i = 0; i < MMS_COUNT(want); i++)
		check_same("narrow", &row[i], &want[i]);
}

static void
zero_dates_are_no_time(void **state)
{
	const struct mms_value *row;

	(void)state;
	mms_test_sql(&server,
		     "SET sql_mode = '';"
		     "INSERT INTO z VALUES (1, '0000-00-00', '0000-00-00'), "
		     "(2, '2026-00-00 10:00:00', '2026-01-00'), (3, '2026-01-02', NULL)");
	MMS_AUTO(mms_rows) rows = { 0 };
	OK(mms_rows_open(&rows, db, STMT(ZERO_DATES), NULL, &err));
	for (int i = 0; i < 3; i++) {
		OK(mms_rows_next(&rows, &row, &err));
		assert_int_equal(row[0].type, i < 2 ? 0 : 't');
		assert_int_equal(row[1].type, 0);
		if (i < 2)
			assert_true(row[0].wall_us == MMS_NO_TIME);
		assert_true(row[1].wall_us == MMS_NO_TIME);
	}
}

static void
questions_have_one_answer(void **state)
{
	int64_t n = -1;

	(void)state;
	OK(mms_db_ask_i64(db, STMT(COUNT), NULL, &n, &err));
	assert_int_equal(n, 0);
	OK(mms_db_ask_i64(db, STMT(FEW), (struct mms_value[]){ mms_v_i64(3) }, &n, &err));
	assert_int_equal(n, 4);
	OK(mms_db_ask_i64(db, STMT(A_NULL), NULL, &n, &err));
	assert_int_equal(n, 0);
	FAILS(MMS_E_GONE, "NOTHING: no row", mms_db_ask_i64(db, STMT(NOTHING), NULL, &n, &err));
	FAILS(MMS_E_BUG, "not answer a number",
	      mms_db_ask_i64(db, STMT(STRICT), (struct mms_value[]){ mms_v_text("1") }, &n,
			     &err));
}

static void
an_abandoned_stream_leaves_the_connection_usable(void **state)
{
	static const struct {
		const char *label;
		int read;
		bool in_tx;
		unsigned reconnects;
	} cases[] = {
		{ "nothing read of few", 0, false, 0 },
		{ "some read of few", 2, false, 0 },
		{ "much left in a transaction is drained", 1, true, 0 },
		{ "much left outside is cut", 1, false, 1 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_tx) tx = { 0 };
		const struct mms_value *row;
		int64_t n = 0;

		if (cases[i].in_tx)
			OK(mms_tx_begin(&tx, db, &err));
		struct mms_rows rows = { 0 };
		bool is_few = cases[i].reconnects == 0 && !cases[i].in_tx;
		OK(mms_rows_open(&rows, db, is_few ? STMT(FEW) : STMT(MANY),
				 (struct mms_value[]){ mms_v_i64(0) }, &err));
		for (int k = 0; k < cases[i].read; k++)
			OK(mms_rows_next(&rows, &row, &err));
		FAILS(MMS_E_BUG, "are being read",
		      mms_db_run(db, STMT(CLEAR), NULL, NULL, &err));
		mms_rows_release(&rows);
		OK(mms_db_ask_i64(db, STMT(COUNT), NULL, &n, &err));
		if (mms_db_n_reconnects(db) != cases[i].reconnects)
			fail_msg("%s: %u reconnects", cases[i].label, mms_db_n_reconnects(db));
		if (cases[i].in_tx)
			OK(mms_tx_commit(&tx, &err));
	}
}

static void
a_long_stream_arrives_whole(void **state)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row;
	uint64_t n = 0;

	(void)state;
	OK(mms_rows_open(&rows, db, STMT(MANY), NULL, &err));
	for (;;) {
		OK(mms_rows_next(&rows, &row, &err));
		if (row == NULL)
			break;
		assert_int_equal(row[0].u, ++n);
		assert_int_equal(row[1].len, 100);
	}
	assert_int_equal(n, 100000);
	OK(mms_rows_next(&rows, &row, &err));
	assert_null(row);
}

static bool
has_all_but_gone(void *aux, const char *table, const char *column)
{
	(*(int *)aux)++;
	return strcmp(table, "v") == 0 && strcmp(column, "gone") != 0;
}

static void
optional_columns_are_asked_for(void **state)
{
	const struct mms_value *row;
	int asked = 0;

	(void)state;
	mms_test_sql(&server, "INSERT INTO v (i, s) VALUES (5, 'five')");
	MMS_AUTO(mms_rows) rows = { 0 };
	FAILS(MMS_E_BUG, "before the site's columns are known",
	      mms_rows_open(&rows, db, STMT(OPTIONAL), NULL, &err));
	mms_db_use_columns(db, has_all_but_gone, &asked);
	OK(mms_rows_open(&rows, db, STMT(OPTIONAL), NULL, &err));
	OK(mms_rows_next(&rows, &row, &err));
	assert_int_equal(row[0].i, 5);
	assert_int_equal(row[1].type, 0);
	assert_string_equal(row[2].ptr, "five");
	assert_int_equal(row[3].type, 0);
	mms_rows_release(&rows);
	OK(mms_rows_open(&rows, db, STMT(OPTIONAL), NULL, &err));
	assert_int_equal(asked, 4); /* prepared once */
	mms_rows_release(&rows);
	FAILS(MMS_E_BUG, "'{?nothing}' is no column",
	      mms_rows_open(&rows, db, STMT(BAD_OPTIONAL), NULL, &err));
}

static void
wrong_uses_are_told(void **state)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row;
	struct mms_value put[7] = { [5] = mms_v_wall(INT64_C(253402300800000000)) };

	(void)state;
	FAILS(MMS_E_BUG, "parameter 1 is NULL",
	      mms_db_run(db, STMT(STRICT), (struct mms_value[]){ mms_v_null() }, NULL, &err));
	FAILS(MMS_E_BUG, "parameter 1 is 'i' and not 's'",
	      mms_db_run(db, STMT(STRICT), (struct mms_value[]){ mms_v_i64(1) }, NULL, &err));
	FAILS(MMS_E_BUG, "STRICT answers rows",
	      mms_db_run(db, STMT(STRICT), (struct mms_value[]){ mms_v_text("") }, NULL, &err));
	FAILS(MMS_E_BUG, "CLEAR answers no rows",
	      mms_rows_open(&rows, db, STMT(CLEAR), NULL, &err));
	FAILS(MMS_E_BUG, "1 parameters and 2 columns, and has 2 and 2",
	      mms_db_run(db, STMT(WRONG_COUNT), NULL, NULL, &err));
	FAILS(MMS_E_BUG, "no statement", mms_db_run(db, STMT(N_STMTS), NULL, NULL, &err));
	FAILS(MMS_E_ITEM, "years", mms_db_run(db, STMT(PUT), put, NULL, &err));
	FAILS(MMS_E_DB, "1146", mms_db_run(db, STMT(NO_TABLE), NULL, NULL, &err));
	OK(mms_rows_open(&rows, db, STMT(TOO_LARGE), NULL, &err));
	FAILS(MMS_E_ITEM, "does not fit", mms_rows_next(&rows, &row, &err));
}

static void
every_nth_allocation_may_fail(void **state)
{
	struct mms_value put[7] = { mms_v_i64(1), mms_v_u64(1), mms_v_text("x") };
	static char text[5000];
	unsigned long n = 0;
	bool is_done = false;

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	memset(text, 't', sizeof text - 1);
	put[3] = mms_v_text(text);
	for (; !is_done && n < 1000; n++) {
		MMS_AUTO(mms_rows) rows = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const struct mms_value *row = NULL;
		struct mms_db *own = NULL;
		char arm[40];

		(void)snprintf(arm, sizeof arm, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n + 1);
		assert_true(mms_fault_arm_text(arm));
		mms_rc rc = mms_db_open(&own, &server.settings, &err);
		if (rc == MMS_OK)
			rc = mms_db_use_statements(own, defs, N_STMTS, &err);
		if (rc == MMS_OK)
			rc = mms_db_run(own, STMT(PUT), put, NULL, &err);
		if (rc == MMS_OK)
			rc = mms_rows_open(&rows, own, STMT(GET), NULL, &err);
		if (rc == MMS_OK)
			rc = mms_rows_next(&rows, &row, &err);
		is_done = rc == MMS_OK;
		if (rc != MMS_OK && rc != MMS_E_NOMEM)
			fail_msg("allocation %lu: %s", n + 1, mms_err_text(&err));
		mms_rows_release(&rows);
		mms_db_close(own);
	}
	assert_true(mms_fault_arm_text("alloc:1000000000"));
	assert_in_range(n, 10, 200);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_come_back_as_they_went, open_db,
						close_db),
		cmocka_unit_test_setup_teardown(texts_of_all_lengths_pass_one_stream, open_db,
						close_db),
		cmocka_unit_test_setup_teardown(narrow_and_odd_types_are_widened, open_db,
						close_db),
		cmocka_unit_test_setup_teardown(zero_dates_are_no_time, open_db, close_db),
		cmocka_unit_test_setup_teardown(questions_have_one_answer, open_db, close_db),
		cmocka_unit_test_setup_teardown(
			an_abandoned_stream_leaves_the_connection_usable, open_db, close_db),
		cmocka_unit_test_setup_teardown(a_long_stream_arrives_whole, open_db, close_db),
		cmocka_unit_test_setup_teardown(optional_columns_are_asked_for, open_db,
						close_db),
		cmocka_unit_test_setup_teardown(wrong_uses_are_told, open_db, close_db),
		cmocka_unit_test_setup_teardown(every_nth_allocation_may_fail, open_db,
						close_db),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

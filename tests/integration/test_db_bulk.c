/* db: many rows in one statement, all of them or none. */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "support/dbcheck.h"
#include "support/relay.h"

static struct mms_test_server server;
static struct mms_relay relay;

/* clang-format off */
#define STATEMENTS(X) \
	X(ADD, "INSERT INTO e (id, title, start, size, note, raw) VALUES (?, ?, ?, ?, ?, ?)", "iSTUSB", "") \
	X(CHANGE, "UPDATE e SET title = ?, start = ? WHERE id = ? AND title <> 'kept'", "STi", "") \
	X(DROP, "DELETE FROM e WHERE id = ?", "i", "") \
	X(MARK, "UPDATE m SET n = n + 1 WHERE id = ?", "i", "") \
	X(COUNT, "SELECT COUNT(*) FROM e", "", "i") \
	X(NO_PARAMETERS, "DELETE FROM e", "", "")
/* clang-format on */
STMT_TABLE(STATEMENTS);

static struct mms_db *db;

static const char *const server_args[] = { "--max-allowed-packet=1M", NULL };

static int
start(void **state)
{
	(void)state;
	return mms_test_server_start(&server, server_args);
}

static int
stop(void **state)
{
	(void)state;
	mms_relay_stop(&relay);
	return mms_test_server_stop(&server);
}

static int
open_db(void **state)
{
	(void)state;
	mms_test_reset(&server);
	mms_test_sql(
		&server,
		"CREATE TABLE e (id BIGINT PRIMARY KEY, title VARCHAR(20), start DATETIME(6), "
		"size BIGINT UNSIGNED, note LONGTEXT CHECK (note IS NULL OR "
		"json_valid(note)), raw LONGBLOB, UNIQUE KEY by_title_size (title, size));"
		"CREATE TABLE m (id INT PRIMARY KEY, n INT NOT NULL);"
		"INSERT INTO m VALUES (1, 0)");
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

/* Row k of a test; every third value of a column is NULL. */
static void
add_row(struct mms_bulk *bulk, int64_t k)
{
	char title[24];

	(void)snprintf(title, sizeof title, "t%" PRId64, k);
	/* Texts are borrowed until the run: those of this test are few and stay. */
	static char titles[6001][24];
	memcpy(titles[k], title, sizeof title);
	struct mms_value row[] = {
		mms_v_i64(k),
		k % 3 == 0 ? mms_v_null() : mms_v_text(titles[k]),
		k % 3 == 1 ? mms_v_null() : mms_v_wall(k * 1000001),
		k % 3 == 2 ? mms_v_null() : mms_v_u64((uint64_t)k),
		k % 2 == 0 ? mms_v_null() : mms_v_text("{\"a\":1}"),
		k % 2 == 1 ? mms_v_null() : mms_v_bytes("\0\xFF", 2),
	};
	OK(mms_bulk_add(bulk, row, &err));
}

static void
bulks_of_every_size_arrive(void **state)
{
	static const size_t sizes[] = { 1, 2, 500, 5000 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(sizes); i++) {
		MMS_AUTO(mms_bulk) bulk = { 0 };
		MMS_AUTO(mms_tx) tx = { 0 };
		uint64_t affected = 0;
		int64_t n = (int64_t)sizes[i];

		mms_test_sql(&server, "TRUNCATE e");
		OK(mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], sizes[i], &err));
		for (int64_t k = 1; k <= n; k++)
			add_row(&bulk, k);
		OK(mms_tx_begin(&tx, db, &err));
		OK(mms_bulk_run(&bulk, &tx, &affected, &err));
		assert_int_equal(affected, n);
		assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM e"), 0);
		OK(mms_tx_commit(&tx, &err));
		assert_int_equal(
			mms_test_ask_i64(
				&server,
				"SELECT COUNT(*) FROM e WHERE "
				"title <=> IF(id %% 3 = 0, NULL, CONCAT('t', id)) AND "
				"start <=> IF(id %% 3 = 1, NULL, '1970-01-01' + INTERVAL id * "
				"1000001 MICROSECOND) AND "
				"size <=> IF(id %% 3 = 2, NULL, id) AND "
				"note <=> IF(id %% 2 = 0, NULL, '{\"a\":1}') AND "
				"raw <=> IF(id %% 2 = 1, NULL, x'00ff')"),
			n);
		FAILS(MMS_E_BUG, "takes no more",
		      mms_bulk_add(&bulk, (struct mms_value[6]){ mms_v_i64(0) }, &err));
		mms_bulk_clear(&bulk);
		OK(mms_tx_begin(&tx, db, &err));
		uint64_t sent = mms_db_n_statements(db);
		OK(mms_bulk_run(&bulk, &tx, &affected, &err));
		assert_int_equal(affected, 0);
		assert_int_equal(mms_db_n_statements(db), sent); /* no rows, no statement */
	}
}

static void
changed_rows_are_counted_once_each(void **state)
{
	MMS_AUTO(mms_bulk) bulk = { 0 }, drop = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	uint64_t affected = 0;

	(void)state;
	mms_test_sql(&server,
		     "INSERT INTO e (id, title) SELECT seq, IF(seq <= 10, 'kept', seq) "
		     "FROM seq_1_to_1000");
	OK(mms_bulk_init_as(&bulk, STMT(CHANGE), &defs[CHANGE], 1100, &err));
	for (int64_t k = 1; k <= 1100; k++) {
		struct mms_value row[] = { mms_v_text("new"), mms_v_wall(k), mms_v_i64(k) };
		OK(mms_bulk_add(&bulk, row, &err));
	}
	OK(mms_tx_begin(&tx, db, &err));
	OK(mms_bulk_run(&bulk, &tx, &affected, &err));
	assert_int_equal(affected, 990); /* ten are kept, a hundred are not there */
	OK(mms_bulk_init_as(&drop, STMT(DROP), &defs[DROP], 20, &err));
	for (int64_t k = 991; k <= 1010; k++)
		OK(mms_bulk_add(&drop, (struct mms_value[]){ mms_v_i64(k) }, &err));
	OK(mms_bulk_run(&drop, &tx, &affected, &err));
	assert_int_equal(affected, 10);
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(
		mms_test_ask_i64(&server, "SELECT COUNT(*) FROM e WHERE title = 'new'"), 980);
}

static void
a_refused_row_takes_the_whole_transaction_with_it(void **state)
{
	static const struct {
		const char *label, *title, *note;
		int64_t id;
		mms_rc want;
		const char *part;
	} cases[] = {
		{ "too long", "123456789012345678901", NULL, 300, MMS_E_ITEM, "1406" },
		{ "not JSON", "x", "secret {", 300, MMS_E_ITEM, "4025" },
		{ "primary key", "x", NULL, 7, MMS_E_CONFLICT, "for key 'PRIMARY'" },
		{ "not UTF-8", "secret\xE9", NULL, 300, MMS_E_ITEM, "1366" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_bulk) bulk = { 0 };
		MMS_AUTO(mms_tx) tx = { 0 };
		MMS_AUTO(mms_err) told = { 0 };
		uint64_t affected = 77;
		struct mms_value one = mms_v_i64(1);

		OK(mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], 500, &err));
		for (int64_t k = 1; k <= 299; k++)
			add_row(&bulk, k);
		struct mms_value bad[6] = {
			mms_v_i64(cases[i].id),
			mms_v_text(cases[i].title), [4] = mms_v_text(cases[i].note)
		};
		OK(mms_bulk_add(&bulk, bad, &err));
		for (int64_t k = 301; k <= 500; k++)
			add_row(&bulk, k);
		OK(mms_tx_begin(&tx, db, &err));
		OK(mms_tx_run(&tx, STMT(MARK), &one, NULL, &err));
		mms_rc rc = mms_bulk_run(&bulk, &tx, &affected, &told);
		if (rc != cases[i].want || strstr(mms_err_text(&told), cases[i].part) == NULL ||
		    strstr(mms_err_text(&told), "secret") != NULL)
			fail_msg("%s: %s: %s", cases[i].label, mms_rc_name(rc),
				 mms_err_text(&told));
		assert_int_equal(affected, 77); /* written on success only */
		/* Nobody can commit half of a batch by mistake. */
		FAILS(MMS_E_RETRY, "rolled back", mms_tx_commit(&tx, &err));
		assert_false(tx.is_in_doubt);
		mms_tx_release(&tx);
		assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM e"), 0);
		assert_int_equal(mms_test_ask_i64(&server, "SELECT n FROM m"), 0);
	}
	assert_int_equal(mms_db_n_reconnects(db), 0);
}

static void
a_bulk_is_cut_to_what_the_server_takes(void **state)
{
	static char text[300001];
	static const struct {
		const char *label;
		size_t rows, bytes, statements;
	} cases[] = {
		{ "one packet", 10, 10000, 1 },
		{ "three to a packet", 10, 300000, 4 },
		{ "a full packet and a bit", 105, 10000, 2 },
	};

	(void)state;
	memset(text, 'r', sizeof text - 1);
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_bulk) bulk = { 0 };
		MMS_AUTO(mms_tx) tx = { 0 };
		uint64_t affected = 0;

		mms_test_sql(&server, "TRUNCATE e");
		OK(mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], cases[i].rows, &err));
		for (size_t k = 0; k < cases[i].rows; k++) {
			struct mms_value row[6] = {
				mms_v_i64((int64_t)k), [5] = mms_v_bytes(text, cases[i].bytes)
			};
			OK(mms_bulk_add(&bulk, row, &err));
		}
		OK(mms_tx_begin(&tx, db, &err));
		uint64_t before = mms_db_n_statements(db);
		OK(mms_bulk_run(&bulk, &tx, &affected, &err));
		if (affected != cases[i].rows ||
		    mms_db_n_statements(db) - before != cases[i].statements)
			fail_msg("%s: %" PRIu64 " rows in %" PRIu64 " statements",
				 cases[i].label, affected, mms_db_n_statements(db) - before);
		OK(mms_tx_commit(&tx, &err));
		assert_int_equal(mms_test_ask_i64(&server, "SELECT SUM(LENGTH(raw)) FROM e"),
				 (int64_t)(cases[i].rows * cases[i].bytes));
	}
}

static void
a_row_larger_than_the_server_takes_is_refused_before_it_is_sent(void **state)
{
	static char text[1100000];
	MMS_AUTO(mms_bulk) bulk = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	struct mms_value row[6] = { mms_v_i64(1), [5] = mms_v_bytes(text, sizeof text) };

	(void)state;
	OK(mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], 2, &err));
	add_row(&bulk, 2);
	OK(mms_bulk_add(&bulk, row, &err));
	OK(mms_tx_begin(&tx, db, &err));
	FAILS(MMS_E_ITEM, "row 2 has 11", mms_bulk_run(&bulk, &tx, NULL, &err));
	mms_tx_release(&tx);
	FAILS(MMS_E_ITEM, "the server takes 1048576",
	      mms_db_run(db, STMT(ADD), row, NULL, &err));
	int64_t n = -1;
	OK(mms_db_ask_i64(db, STMT(COUNT), NULL, &n, &err));
	assert_int_equal(n, 0);
	assert_int_equal(mms_db_n_reconnects(db), 0);
}

/* Through a relay: undo silently at a bulk. `after` lets so many executions pass. */
static void
check_undo(int after, size_t rows, size_t bytes)
{
	static char text[300001];
	MMS_AUTO(mms_bulk) bulk = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	struct mms_db_settings settings = server.settings;
	struct mms_value one = mms_v_i64(1);
	uint64_t affected = 77;

	memset(text, 'r', sizeof text - 1);
	settings.socket = NULL;
	settings.host = relay.host;
	struct mms_db *own = open_with(&settings, defs, N_STMTS);
	OK(mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], rows, &err));
	for (size_t k = 0; k < rows; k++) {
		struct mms_value row[6] = { mms_v_i64((int64_t)k), [5] = mms_v_bytes(text,
										     bytes) };
		OK(mms_bulk_add(&bulk, row, &err));
	}
	OK(mms_tx_begin(&tx, own, &err));
	OK(mms_tx_run(&tx, STMT(MARK), &one, NULL, &err));
	mms_relay_arm(&relay, MMS_RELAY_UNDO, MMS_RELAY_BULK, NULL, after);
	FAILS(MMS_E_RETRY, "has undone the transaction",
	      mms_bulk_run(&bulk, &tx, &affected, &err));
	assert_int_equal(mms_relay_n_hits(&relay), 1);
	assert_int_equal(affected, 77);
	/* What would follow in autocommit does not follow. */
	FAILS(MMS_E_RETRY, "rolled back", mms_tx_run(&tx, STMT(MARK), &one, NULL, &err));
	FAILS(MMS_E_RETRY, "rolled back", mms_bulk_run(&bulk, &tx, &affected, &err));
	FAILS(MMS_E_RETRY, "rolled back", mms_tx_commit(&tx, &err));
	assert_false(tx.is_in_doubt);
	mms_tx_release(&tx);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM e"), 0);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT n FROM m"), 0);
	/* The same transaction once more, on the same connection. */
	OK(mms_tx_begin(&tx, own, &err));
	OK(mms_tx_run(&tx, STMT(MARK), &one, NULL, &err));
	OK(mms_bulk_run(&bulk, &tx, &affected, &err));
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(affected, rows);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT n FROM m"), 1);
	assert_int_equal(mms_db_n_reconnects(own), 0);
	mms_db_close(own);
}

static void
a_silent_rollback_is_seen_and_the_transaction_can_be_run_again(void **state)
{
	(void)state;
	mms_relay_start(&relay, server.socket);
	check_undo(0, 50, 100);
	mms_test_sql(&server, "TRUNCATE e; UPDATE m SET n = 0");
	check_undo(2, 10, 300000); /* in the third of four packets */
	mms_relay_stop(&relay);
}

static void
wrong_uses_are_told(void **state)
{
	MMS_AUTO(mms_bulk) bulk = { 0 };
	struct mms_tx none = { 0 };

	(void)state;
	FAILS(MMS_E_BUG, "NO_PARAMETERS cannot",
	      mms_bulk_init_as(&bulk, STMT(NO_PARAMETERS), &defs[NO_PARAMETERS], 5, &err));
	FAILS(MMS_E_BUG, "COUNT cannot",
	      mms_bulk_init_as(&bulk, STMT(COUNT), &defs[COUNT], 5, &err));
	OK(mms_bulk_init_as(&bulk, STMT(MARK), &defs[MARK], 5, &err));
	FAILS(MMS_E_BUG, "is NULL", mms_bulk_add(&bulk, (struct mms_value[1]){ { 0 } }, &err));
	FAILS(MMS_E_BUG, "is 's' and not 'i'",
	      mms_bulk_add(&bulk, (struct mms_value[]){ mms_v_text("1") }, &err));
	assert_int_equal(bulk.n, 0);
	OK(mms_bulk_add(&bulk, (struct mms_value[]){ mms_v_i64(1) }, &err));
	FAILS(MMS_E_BUG, "outside a transaction", mms_bulk_run(&bulk, &none, NULL, &err));
}

static void
every_nth_allocation_may_fail(void **state)
{
	unsigned long n = 0;
	bool is_done = false;

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (; !is_done && n < 1000; n++) {
		MMS_AUTO(mms_bulk) bulk = { 0 };
		MMS_AUTO(mms_tx) tx = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_value row[6] = { mms_v_i64((int64_t)n), mms_v_text("t") };
		char arm[40];
		struct mms_db *own = open_with(&server.settings, defs, N_STMTS);

		(void)snprintf(arm, sizeof arm, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n + 1);
		assert_true(mms_fault_arm_text(arm));
		mms_rc rc = mms_tx_begin(&tx, own, &err);
		if (rc == MMS_OK)
			rc = mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], 5, &err);
		if (rc == MMS_OK)
			rc = mms_bulk_add(&bulk, row, &err);
		if (rc == MMS_OK)
			rc = mms_bulk_run(&bulk, &tx, NULL, &err);
		if (rc == MMS_OK)
			rc = mms_tx_commit(&tx, &err);
		is_done = rc == MMS_OK;
		if (rc != MMS_OK && rc != MMS_E_NOMEM)
			fail_msg("allocation %lu: %s", n + 1, mms_err_text(&err));
		mms_tx_release(&tx);
		mms_db_close(own);
		assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM e"), is_done);
	}
	assert_true(mms_fault_arm_text("alloc:1000000000"));
	assert_in_range(n, 10, 200);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bulks_of_every_size_arrive, open_db, close_db),
		cmocka_unit_test_setup_teardown(changed_rows_are_counted_once_each, open_db,
						close_db),
		cmocka_unit_test_setup_teardown(
			a_refused_row_takes_the_whole_transaction_with_it, open_db, close_db),
		cmocka_unit_test_setup_teardown(a_bulk_is_cut_to_what_the_server_takes, open_db,
						close_db),
		cmocka_unit_test_setup_teardown(
			a_row_larger_than_the_server_takes_is_refused_before_it_is_sent,
			open_db, close_db),
		cmocka_unit_test_setup_teardown(
			a_silent_rollback_is_seen_and_the_transaction_can_be_run_again, open_db,
			close_db),
		cmocka_unit_test_setup_teardown(wrong_uses_are_told, open_db, close_db),
		cmocka_unit_test_setup_teardown(every_nth_allocation_may_fail, open_db,
						close_db),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

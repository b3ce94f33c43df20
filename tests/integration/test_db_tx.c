/* db: transactions under deadlocks, time-outs, lost connections and faults. */
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/clock.h"
#include "mmsync/ddl.h"
#include "mmsync/fault.h"
#include "support/dbcheck.h"
#include "support/relay.h"

static struct mms_test_server server;
static struct mms_relay relay;

/* clang-format off */
#define STATEMENTS(X) \
	X(ADD, "INSERT INTO t (id, n) VALUES (?, ?)", "ii", "") \
	X(BUMP, "UPDATE t SET n = n + 1 WHERE id = ?", "i", "") \
	X(GET, "SELECT n FROM t WHERE id = ?", "i", "i") \
	X(ALL, "SELECT id, n FROM t ORDER BY id", "", "ii") \
	X(COUNT, "SELECT COUNT(*) FROM t", "", "i") \
	X(SLOW, "SELECT SLEEP(30)", "", "i")
/* clang-format on */
STMT_TABLE(STATEMENTS);

static struct mms_db *db, *other;

static int
start(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", NULL };

	(void)state;
	mms_test_server_start(&server, args);
	mms_relay_start(&relay, server.socket);
	return 0;
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
	mms_test_sql(&server, "CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT NOT NULL) "
			      "ENGINE=InnoDB; INSERT INTO t VALUES (1, 0), (2, 0)");
	db = open_with(&server.settings, defs, N_STMTS);
	other = open_with(&server.settings, defs, N_STMTS);
	return 0;
}

static int
close_db(void **state)
{
	(void)state;
	mms_db_close(db);
	mms_db_close(other);
	db = other = NULL;
	return 0;
}

static struct mms_value *
v1(int64_t i)
{
	static struct mms_value in[1];

	in[0] = mms_v_i64(i);
	return in;
}

static int64_t
n_of(int64_t id)
{
	return mms_test_ask_i64(&server, "SELECT COALESCE(SUM(n), -1) FROM t WHERE id = %d",
				(int)id);
}

/* End the server's side of a connection and wait until it is gone. */
static void
kill_connection(unsigned long id)
{
	mms_test_sql(&server, "KILL %lu", id);
	mms_test_wait_i64(&server, 0, 20,
			  "SELECT COUNT(*) FROM information_schema.processlist WHERE id = %lu",
			  id);
}

static void
a_transaction_is_whole_or_not_at_all(void **state)
{
	struct mms_tx tx = { 0 };
	int64_t n = 0;

	(void)state;
	OK(mms_tx_begin(&tx, db, &err));
	FAILS(MMS_E_BUG, "within a transaction", mms_tx_begin(&tx, db, &err));
	OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	OK(mms_db_ask_i64(db, STMT(GET), v1(1), &n, &err));
	assert_int_equal(n, 1); /* reads in it see it */
	FAILS(MMS_E_BUG, "inside a transaction",
	      mms_db_run_text(db, "CREATE TABLE x (id INT PRIMARY KEY)", &err));
	OK(mms_db_ask_i64(other, STMT(GET), v1(1), &n, &err));
	assert_int_equal(n, 0); /* others do not */
	mms_tx_release(&tx);
	assert_int_equal(n_of(1), 0);
	FAILS(MMS_E_BUG, "not open", mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	FAILS(MMS_E_BUG, "without a transaction", mms_tx_commit(&tx, &err));
	OK(mms_tx_begin(&tx, db, &err));
	OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	/* A refused statement is undone alone: the transaction goes on. */
	FAILS(MMS_E_CONFLICT, "Duplicate entry (value) for key 'PRIMARY'",
	      mms_tx_run(&tx, STMT(ADD), (struct mms_value[]){ mms_v_i64(1), mms_v_i64(5) },
			 NULL, &err));
	OK(mms_tx_run(&tx, STMT(BUMP), v1(2), NULL, &err));
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(n_of(1) * 10 + n_of(2), 11);
	mms_tx_release(&tx);                               /* after a commit it does nothing */
	OK(mms_db_run(db, STMT(BUMP), v1(1), NULL, &err)); /* autocommit again */
	assert_int_equal(n_of(1), 2);
}

static void
statements_are_counted(void **state)
{
	uint64_t before = mms_db_n_statements(db);
	struct mms_tx tx = { 0 };

	(void)state;
	OK(mms_tx_begin(&tx, db, &err));
	OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(mms_db_n_statements(db) - before, 3);
}

/* One side of a deadlock: has row 1 (or 2), wants the other; retried until it is done. */
struct side {
	struct mms_db *db;
	int64_t first, second;
	int n_retries;
	struct side *peer;
	pthread_barrier_t *barrier;
};

static void *
take_both(void *arg)
{
	struct side *side = arg;

	for (int attempt = 0; attempt < 5; attempt++) {
		MMS_AUTO(mms_tx) tx = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_value first = mms_v_i64(side->first),
				 second = mms_v_i64(side->second);
		mms_rc rc = mms_tx_begin(&tx, side->db, &err);
		if (rc == MMS_OK)
			rc = mms_tx_run(&tx, STMT(BUMP), &first, NULL, &err);
		if (attempt == 0)
			(void)pthread_barrier_wait(side->barrier); /* both hold one row */
		if (rc == MMS_OK)
			rc = mms_tx_run(&tx, STMT(BUMP), &second, NULL, &err);
		if (rc == MMS_OK)
			rc = mms_tx_commit(&tx, &err);
		if (rc == MMS_OK)
			return NULL;
		if (rc != MMS_E_RETRY)
			break;
		side->n_retries++;
	}
	side->n_retries = 100;
	return NULL;
}

static void
a_deadlock_is_retried_by_one_side(void **state)
{
	pthread_barrier_t barrier;
	struct side a = { .db = db, .first = 1, .second = 2, .barrier = &barrier };
	struct side b = { .db = other, .first = 2, .second = 1, .barrier = &barrier };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, take_both, &a), 0);
	(void)take_both(&b);
	(void)pthread_join(thread, NULL);
	(void)pthread_barrier_destroy(&barrier);
	assert_int_equal(a.n_retries + b.n_retries, 1);
	assert_int_equal(n_of(1), 2);
	assert_int_equal(n_of(2), 2);
	assert_int_equal(mms_db_n_reconnects(db) + mms_db_n_reconnects(other), 0);
}

static void
a_lock_wait_ends_and_takes_the_transaction_with_it(void **state)
{
	MMS_AUTO(mms_tx) holder = { 0 }, waiter = { 0 };

	(void)state;
	OK(mms_db_run_text(other, "SET innodb_lock_wait_timeout = 1", &err));
	OK(mms_tx_begin(&holder, db, &err));
	OK(mms_tx_run(&holder, STMT(BUMP), v1(1), NULL, &err));
	OK(mms_tx_begin(&waiter, other, &err));
	OK(mms_tx_run(&waiter, STMT(BUMP), v1(2), NULL, &err));
	FAILS(MMS_E_RETRY, "1205", mms_tx_run(&waiter, STMT(BUMP), v1(1), NULL, &err));
	/* The server undid only the statement; half of a transaction is not offered. */
	FAILS(MMS_E_RETRY, "rolled back", mms_tx_run(&waiter, STMT(BUMP), v1(2), NULL, &err));
	FAILS(MMS_E_RETRY, "rolled back", mms_tx_commit(&waiter, &err));
	mms_tx_release(&waiter);
	OK(mms_tx_commit(&holder, &err));
	assert_int_equal(n_of(2), 0);
	OK(mms_db_run(other, STMT(BUMP), v1(1), NULL, &err));
	assert_int_equal(n_of(1), 2);
}

static void
a_row_changed_under_a_snapshot_is_a_retry(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	int64_t n;

	(void)state; /* READ COMMITTED sees the new row, innodb_snapshot_isolation or not */
	OK(mms_tx_begin(&tx, db, &err));
	OK(mms_db_ask_i64(db, STMT(GET), v1(1), &n, &err));
	mms_test_sql(&server, "UPDATE t SET n = 5 WHERE id = 1");
	OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(n_of(1), 6);
	/* REPEATABLE READ, where a binary log by statement asks for it */
	OK(mms_db_run_text(db, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
			   &err));
	OK(mms_tx_begin(&tx, db, &err));
	OK(mms_db_ask_i64(db, STMT(GET), v1(1), &n, &err));
	mms_test_sql(&server, "UPDATE t SET n = 7 WHERE id = 1");
	FAILS(MMS_E_RETRY, "1020", mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	mms_tx_release(&tx);
	assert_int_equal(n_of(1), 7);
}

static void
an_idle_connection_that_was_killed_is_made_anew(void **state)
{
	int64_t n;

	(void)state; /* each kind of first use */
	for (int i = 0; i < 4; i++) {
		MMS_AUTO(mms_tx) tx = { 0 };

		OK(mms_db_ask_i64(db, STMT(COUNT), NULL, &n, &err)); /* is prepared there */
		kill_connection(mms_db_connection_id(db));
		if (i == 0)
			OK(mms_db_ask_i64(db, STMT(COUNT), NULL, &n, &err));
		else if (i == 1)
			OK(mms_db_run(db, STMT(BUMP), v1(1), NULL, &err));
		else if (i == 2)
			OK(mms_tx_begin(&tx, db, &err));
		else
			OK(mms_db_run_text(db, "SET @x = 1", &err));
		assert_int_equal(mms_db_n_reconnects(db), i + 1);
	}
	assert_int_equal(n_of(1), 1);
}

static void
a_connection_killed_in_a_transaction_never_goes_on_in_another_session(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		MMS_AUTO(mms_tx) tx = { 0 };
		MMS_AUTO(mms_rows) rows = { 0 };

		OK(mms_tx_begin(&tx, db, &err));
		OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
		kill_connection(mms_db_connection_id(db));
		if (i == 0) {
			FAILS(MMS_E_RETRY, "", mms_tx_run(&tx, STMT(BUMP), v1(2), NULL, &err));
		} else if (i == 1) {
			FAILS(MMS_E_RETRY, "", mms_rows_open(&rows, db, STMT(ALL), NULL, &err));
		} else {
			FAILS(MMS_E_RETRY, "COMMIT", mms_tx_commit(&tx, &err));
			assert_true(tx.is_in_doubt); /* as far as a client can know */
		}
		bool was_in_doubt = tx.is_in_doubt;
		FAILS(MMS_E_RETRY, "rolled back",
		      mms_tx_run(&tx, STMT(BUMP), v1(2), NULL, &err));
		FAILS(MMS_E_RETRY, "rolled back", mms_tx_commit(&tx, &err));
		assert_int_equal(tx.is_in_doubt, was_in_doubt);
		assert_int_equal(mms_db_n_reconnects(db), i);
		mms_tx_release(&tx);
		OK(mms_tx_begin(&tx, db, &err)); /* the whole of it again */
		OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
		OK(mms_tx_commit(&tx, &err));
		assert_int_equal(n_of(1), i + 1);
	}
	assert_int_equal(n_of(2), 0);
}

static void *
kill_when_busy(void *arg)
{
	unsigned long id = *(unsigned long *)arg;

	mms_test_wait_i64(
		&server, 1, 20,
		"SELECT COUNT(*) FROM information_schema.processlist WHERE id = %lu AND "
		"info LIKE '%%SLEEP%%'",
		id);
	mms_test_sql(&server, "KILL %lu", id);
	return NULL;
}

static void
a_connection_killed_within_a_statement_is_a_retry(void **state)
{
	unsigned long id = mms_db_connection_id(db);
	pthread_t thread;
	int64_t n;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, kill_when_busy, &id), 0);
	FAILS(MMS_E_RETRY, "SLOW", mms_db_ask_i64(db, STMT(SLOW), NULL, &n, &err));
	(void)pthread_join(thread, NULL);
	OK(mms_db_ask_i64(db, STMT(COUNT), NULL, &n, &err));
	assert_int_equal(n, 2);
}

/* A transaction through the relay, which does this to its COMMIT. */
static void
lose_commit(enum mms_relay_action action, int64_t want)
{
	struct mms_db_settings settings = server.settings;
	struct mms_tx tx = { 0 };

	settings.socket = NULL;
	settings.host = relay.host;
	struct mms_db *own = open_with(&settings, defs, N_STMTS);
	OK(mms_tx_begin(&tx, own, &err));
	OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	mms_relay_arm(&relay, action, MMS_RELAY_QUERY, "COMMIT", 0);
	FAILS(MMS_E_RETRY, "COMMIT", mms_tx_commit(&tx, &err));
	assert_int_equal(mms_relay_n_hits(&relay), 1);
	assert_true(tx.is_in_doubt);
	mms_tx_release(&tx);
	int64_t n = -1;
	OK(mms_db_ask_i64(own, STMT(GET), v1(1), &n,
			  &err)); /* the marker, on a new connection */
	assert_int_equal(n, want);
	assert_int_equal(mms_db_n_reconnects(own), 1);
	mms_db_close(own);
}

static void
a_commit_whose_answer_was_lost_is_in_doubt_both_ways(void **state)
{
	(void)state;
	lose_commit(MMS_RELAY_CUT_AFTER, 1);
	lose_commit(MMS_RELAY_CUT_BEFORE, 1);
}

static void
a_dead_server_is_a_retry_and_then_unusable_and_heals(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	int64_t n;

	(void)state;
	OK(mms_tx_begin(&tx, db, &err));
	OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	OK(mms_db_run(other, STMT(BUMP), v1(2), NULL, &err));
	mms_test_server_kill(&server);
	FAILS(MMS_E_RETRY, "", mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
	mms_tx_release(&tx);
	FAILS(MMS_E_DB, "connecting", mms_tx_begin(&tx, db, &err));
	FAILS(MMS_E_DB, "connecting", mms_db_ask_i64(other, STMT(COUNT), NULL, &n, &err));
	mms_test_server_restart(&server, NULL);
	OK(mms_db_ask_i64(db, STMT(GET), v1(1), &n, &err));
	assert_int_equal(n, 0);
	OK(mms_db_ask_i64(other, STMT(GET), v1(2), &n, &err));
	assert_int_equal(n, 1);
}

static void
a_connection_that_the_server_found_idle_is_made_anew(void **state)
{
	static const char *const impatient[] = { "--wait-timeout=1", NULL };
	static const char *const plain[] = { "--innodb-snapshot-isolation=ON", NULL };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	mms_test_server_restart(&server, impatient);
	OK(mms_db_run(db, STMT(BUMP), v1(1), NULL, &err));
	OK(mms_tx_begin(&tx, other, &err));
	OK(mms_tx_run(&tx, STMT(BUMP), v1(2), NULL, &err));
	mms_test_wait_i64(
		&server, 0, 20,
		"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '%s'",
		server.settings.user);
	OK(mms_db_run(db, STMT(BUMP), v1(1), NULL, &err));
	assert_int_equal(mms_db_n_reconnects(db), 2); /* the restart, and this */
	FAILS(MMS_E_RETRY, "", mms_tx_commit(&tx, &err));
	mms_tx_release(&tx);
	assert_int_equal(n_of(1), 2);
	assert_int_equal(n_of(2), 0);
	mms_test_server_restart(&server, plain);
}

/* ---- fault points ------------------------------------------------------------------------- */

enum use { RUN, ROWS, ASK, BULK, BEGIN, TEXT, USES };

static mms_rc
use_once(enum use use, struct mms_tx *tx, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	MMS_AUTO(mms_bulk) bulk = { 0 };
	struct mms_tx begun = { 0 };
	int64_t n;
	mms_rc rc;

	switch (use) {
	case RUN:
		return mms_db_run(db, STMT(BUMP), v1(1), NULL, err);
	case ROWS:
		return mms_rows_open(&rows, db, STMT(ALL), NULL, err);
	case ASK:
		return mms_db_ask_i64(db, STMT(COUNT), NULL, &n, err);
	case BULK:
		rc = mms_bulk_init_as(&bulk, STMT(BUMP), &defs[BUMP], 1, err);
		if (rc == MMS_OK)
			rc = mms_bulk_add(&bulk, v1(1), err);
		return rc == MMS_OK ? mms_bulk_run(&bulk, tx, NULL, err) : rc;
	case BEGIN:
		rc = mms_tx_begin(&begun, db, err);
		mms_tx_release(&begun);
		return rc;
	case TEXT:
		return mms_db_run_text(db, "UPDATE t SET n = n + 1 WHERE id = 1", err);
	case USES:
	default:
		return MMS_E_BUG;
	}
}

static void
arm_next(enum mms_fault_kind kind)
{
	char arm[60];

	(void)snprintf(arm, sizeof arm, "%s:%lu", mms_fault_name(kind),
		       mms_fault_count(kind) + 1);
	assert_true(mms_fault_arm_text(arm));
}

static void
fault_points_stand_at_every_kind_of_statement(void **state)
{
	static const struct {
		enum mms_fault_kind kind;
		enum use use;
		bool in_tx;
		int changed; /* outside a transaction */
	} cases[] = {
		{ MMS_FAULT_STMT_BEFORE, RUN, false, 0 },
		{ MMS_FAULT_STMT_AFTER, RUN, false, 1 },
		{ MMS_FAULT_STMT_BEFORE, RUN, true, 0 },
		{ MMS_FAULT_STMT_AFTER, RUN, true, 0 },
		{ MMS_FAULT_STMT_BEFORE, ROWS, false, 0 },
		{ MMS_FAULT_STMT_AFTER, ROWS, true, 0 },
		{ MMS_FAULT_STMT_BEFORE, ASK, true, 0 },
		{ MMS_FAULT_STMT_AFTER, ASK, false, 0 },
		{ MMS_FAULT_STMT_BEFORE, BULK, true, 0 },
		{ MMS_FAULT_STMT_AFTER, BULK, true, 0 },
		{ MMS_FAULT_STMT_BEFORE, BEGIN, false, 0 },
		{ MMS_FAULT_STMT_AFTER, BEGIN, false, 0 },
		{ MMS_FAULT_STMT_BEFORE, TEXT, false, 0 },
		{ MMS_FAULT_STMT_AFTER, TEXT, false, 1 },
	};

	(void)state;
	if (!mms_fault_arm_text("stmt-before:1000000000"))
		skip();
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_tx) tx = { 0 };
		int64_t before = n_of(1);
		unsigned reconnects = mms_db_n_reconnects(db);

		if (cases[i].in_tx) {
			OK(mms_tx_begin(&tx, db, &err));
			OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
		}
		arm_next(cases[i].kind);
		FAILS(MMS_E_RETRY, "connection lost", use_once(cases[i].use, &tx, &err));
		if (cases[i].in_tx)
			FAILS(MMS_E_RETRY, "rolled back", mms_tx_commit(&tx, &err));
		assert_false(tx.is_in_doubt);
		mms_tx_release(&tx);
		/* The server rolls a lost connection back when it sees the end of it. */
		mms_test_wait_i64(&server, 0, 20,
				  "SELECT COUNT(*) FROM information_schema.innodb_trx");
		if (n_of(1) != before + cases[i].changed)
			fail_msg("case %zu: from %d to %d", i, (int)before, (int)n_of(1));
		OK(use_once(cases[i].use == BULK ? RUN : cases[i].use, &tx, &err));
		assert_int_equal(mms_db_n_reconnects(db), reconnects + 1);
	}
}

static void
fault_points_stand_around_the_commit(void **state)
{
	static const struct {
		enum mms_fault_kind kind;
		int changed;
	} cases[] = { { MMS_FAULT_COMMIT_BEFORE, 0 }, { MMS_FAULT_COMMIT_AFTER, 1 } };

	(void)state;
	if (!mms_fault_arm_text("commit-before:1000000000"))
		skip();
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_tx) tx = { 0 };
		int64_t before = n_of(1);

		OK(mms_tx_begin(&tx, db, &err));
		OK(mms_tx_run(&tx, STMT(BUMP), v1(1), NULL, &err));
		arm_next(cases[i].kind);
		FAILS(MMS_E_RETRY, "connection lost", mms_tx_commit(&tx, &err));
		assert_true(tx.is_in_doubt);
		mms_tx_release(&tx);
		mms_test_wait_i64(&server, 0, 20,
				  "SELECT COUNT(*) FROM information_schema.innodb_trx");
		assert_int_equal(n_of(1), before + cases[i].changed);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
		TEST(a_transaction_is_whole_or_not_at_all),
		TEST(statements_are_counted),
		TEST(a_deadlock_is_retried_by_one_side),
		TEST(a_lock_wait_ends_and_takes_the_transaction_with_it),
		TEST(a_row_changed_under_a_snapshot_is_a_retry),
		TEST(an_idle_connection_that_was_killed_is_made_anew),
		TEST(a_connection_killed_in_a_transaction_never_goes_on_in_another_session),
		TEST(a_connection_killed_within_a_statement_is_a_retry),
		TEST(a_commit_whose_answer_was_lost_is_in_doubt_both_ways),
		TEST(a_dead_server_is_a_retry_and_then_unusable_and_heals),
		TEST(a_connection_that_the_server_found_idle_is_made_anew),
		TEST(fault_points_stand_at_every_kind_of_statement),
		TEST(fault_points_stand_around_the_commit),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

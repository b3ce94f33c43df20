/* db: a small pool of connections for many workers. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/clock.h"
#include "mmsync/fault.h"
#include "mmsync/pool.h"
#include "support/dbcheck.h"

enum { CONNECTIONS = 3, WORKERS = 8, TURNS = 60 };

static struct mms_test_server server;

/* clang-format off */
#define STATEMENTS(X) \
	X(BUMP, "UPDATE c SET n = n + 1 WHERE id = ?", "i", "") \
	X(NOTE, "INSERT INTO done (worker, turn) VALUES (?, ?)", "ii", "") \
	X(IS_DONE, "SELECT COUNT(*) FROM done WHERE worker = ? AND turn = ?", "ii", "i") \
	X(OPTIONAL, "SELECT {?c.n} FROM c", "", "I")
/* clang-format on */
STMT_TABLE(STATEMENTS);

static struct mms_pool *pool;

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
open_pool(void **state)
{
	(void)state;
	mms_test_reset(&server);
	mms_test_sql(&server,
		     "CREATE TABLE c (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);"
		     "INSERT INTO c VALUES (1, 0);"
		     "CREATE TABLE done (worker INT, turn INT, PRIMARY KEY (worker, turn))");
	OK(mms_pool_open(&pool, &server.settings, CONNECTIONS, &err));
	return 0;
}

static int
close_pool(void **state)
{
	(void)state;
	mms_pool_close(pool);
	pool = NULL;
	return 0;
}

/* A connection of the pool with our statement table; a lent one may have it already. */
static mms_rc
lend(struct mms_lent *out, struct mms_err *err)
{
	mms_rc rc = mms_pool_lend(pool, out, err);

	return rc == MMS_OK ? mms_db_use_statements(out->db, defs, N_STMTS, err) : rc;
}

static int64_t
n_connections(void)
{
	return mms_test_ask_i64(
		&server,
		"SELECT COUNT(*) FROM information_schema.processlist WHERE user = "
		"'%s'",
		server.settings.user);
}

struct worker {
	int number;
	int n_retries;
	mms_rc bad; /* an end that no worker should meet */
	char text[200];
	atomic_int *turns; /* all workers' so far; may be NULL */
};

/* One turn: a marker and a counter in one transaction; *is_in_doubt as of its commit. */
static mms_rc
take_turn(const struct worker *w, int turn, bool *is_in_doubt, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	struct mms_value who[] = { mms_v_i64(w->number), mms_v_i64(turn) };
	struct mms_value one = mms_v_i64(1);
	int64_t n = 0;
	mms_rc rc = lend(&lent, err);

	if (rc == MMS_OK && *is_in_doubt) {
		rc = mms_db_ask_i64(lent.db, STMT(IS_DONE), who, &n, err);
		if (rc == MMS_OK && n == 1)
			return MMS_OK;
	}
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, lent.db, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(&tx, STMT(NOTE), who, NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(&tx, STMT(BUMP), &one, NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_commit(&tx, err);
	*is_in_doubt = *is_in_doubt || tx.is_in_doubt;
	return rc;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	int64_t deadline = mms_clock_mono_ms() + 60000;

	for (int turn = 0; turn < TURNS; turn++) {
		bool is_in_doubt = false;
		for (;;) {
			MMS_AUTO(mms_err) err = { 0 };
			mms_rc rc = take_turn(w, turn, &is_in_doubt, &err);
			if (rc == MMS_OK)
				break;
			bool may_pass = (rc == MMS_E_RETRY || rc == MMS_E_DB) &&
					w->turns != NULL && mms_clock_mono_ms() < deadline;
			if (!may_pass) {
				w->bad = rc;
				(void)snprintf(w->text, sizeof w->text, "%s",
					       mms_err_text(&err));
				return NULL;
			}
			w->n_retries++;
			mms_clock_sleep_ms(2);
		}
		if (w->turns != NULL)
			atomic_fetch_add(w->turns, 1);
	}
	return NULL;
}

static void
run_workers(struct worker *workers, pthread_t *threads, atomic_int *turns)
{
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .number = i, .turns = turns };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
}

static void
join_workers(const struct worker *workers, const pthread_t *threads)
{
	for (int i = 0; i < WORKERS; i++)
		(void)pthread_join(threads[i], NULL);
	for (int i = 0; i < WORKERS; i++) {
		if (workers[i].bad != MMS_OK)
			fail_msg("worker %d: %s: %s", i, mms_rc_name(workers[i].bad),
				 workers[i].text);
	}
	assert_int_equal(mms_test_ask_i64(&server, "SELECT n FROM c"), WORKERS * TURNS);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM done"),
			 WORKERS * TURNS);
}

static void
many_workers_share_few_connections(void **state)
{
	struct worker workers[WORKERS];
	pthread_t threads[WORKERS];

	(void)state;
	assert_int_equal(n_connections(), 0); /* none before it is needed */
	run_workers(workers, threads, NULL);
	join_workers(workers, threads);
	assert_in_range(n_connections(), 1, CONNECTIONS);
	assert_int_equal(mms_pool_n_statements(pool), WORKERS * TURNS * 4);
}

static void
workers_outlive_a_killed_server_and_do_everything_once(void **state)
{
	struct worker workers[WORKERS];
	pthread_t threads[WORKERS];
	atomic_int turns = 0;
	int retries = 0;

	(void)state;
	run_workers(workers, threads, &turns);
	while (atomic_load(&turns) < WORKERS * TURNS / 4)
		mms_clock_sleep_ms(1);
	mms_test_server_kill(&server);
	mms_test_server_restart(&server, NULL);
	join_workers(workers, threads);
	for (int i = 0; i < WORKERS; i++)
		retries += workers[i].n_retries;
	assert_in_range(retries, 1, 1000000);
}

static void
broken_connections_are_replaced(void **state)
{
	struct mms_lent lent[CONNECTIONS] = { { 0 } };

	(void)state;
	for (int i = 0; i < CONNECTIONS; i++)
		OK(lend(&lent[i], &err));
	for (int i = 0; i < CONNECTIONS; i++)
		mms_lent_release(&lent[i]);
	mms_test_sql(&server, "KILL USER '%s'", server.settings.user);
	mms_test_wait_i64(
		&server, 0, 20,
		"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '%s'",
		server.settings.user);
	for (int i = 0; i < CONNECTIONS; i++) {
		OK(lend(&lent[i], &err));
		OK(mms_db_run(lent[i].db, STMT(BUMP), (struct mms_value[]){ mms_v_i64(1) },
			      NULL, &err));
	}
	for (int i = 0; i < CONNECTIONS; i++)
		mms_lent_release(&lent[i]);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT n FROM c"), CONNECTIONS);
}

static void
a_server_that_is_away_costs_no_place(void **state)
{
	struct mms_lent lent[CONNECTIONS] = { { 0 } };

	(void)state;
	OK(lend(&lent[0], &err));
	mms_lent_release(&lent[0]);
	mms_test_server_kill(&server);
	for (int i = 0; i < 2 * CONNECTIONS; i++)
		FAILS(MMS_E_DB, "connecting", mms_pool_lend(pool, &lent[0], &err));
	mms_test_server_restart(&server, NULL);
	for (int i = 0; i < CONNECTIONS; i++)
		OK(lend(&lent[i], &err));
	for (int i = 0; i < CONNECTIONS; i++)
		mms_lent_release(&lent[i]);
}

static void
what_a_borrower_leaves_open_is_undone(void **state)
{
	struct mms_lent lent = { 0 };
	struct mms_tx forgotten = { 0 };
	struct mms_rows rows = { 0 };
	struct mms_value one = mms_v_i64(1);
	int64_t n = -1;

	(void)state;
	OK(lend(&lent, &err));
	OK(mms_tx_begin(&forgotten, lent.db, &err));
	OK(mms_tx_run(&forgotten, STMT(BUMP), &one, NULL, &err));
	OK(mms_rows_open(&rows, lent.db, STMT(IS_DONE),
			 (struct mms_value[]){ mms_v_i64(1), mms_v_i64(1) }, &err));
	mms_lent_release(&lent);
	OK(lend(&lent, &err));
	OK(mms_tx_begin(&forgotten, lent.db, &err));
	OK(mms_db_ask_i64(lent.db, STMT(IS_DONE),
			  (struct mms_value[]){ mms_v_i64(1), mms_v_i64(1) }, &n, &err));
	OK(mms_tx_commit(&forgotten, &err));
	mms_lent_release(&lent);
	mms_lent_release(&lent); /* twice is fine */
	assert_int_equal(mms_test_ask_i64(&server, "SELECT n FROM c"), 0);
}

static bool
has_column(void *aux, const char *table, const char *column)
{
	(void)table;
	(void)column;
	return *(bool *)aux;
}

static void
columns_become_known_to_all_connections(void **state)
{
	struct mms_lent lent = { 0 };
	bool yes = true;
	int64_t n = -1;

	(void)state;
	OK(lend(&lent, &err));
	FAILS(MMS_E_BUG, "columns are known",
	      mms_db_ask_i64(lent.db, STMT(OPTIONAL), NULL, &n, &err));
	mms_lent_release(&lent);
	mms_pool_use_columns(pool, has_column, &yes);
	OK(lend(&lent, &err)); /* the one that is open already */
	OK(mms_db_ask_i64(lent.db, STMT(OPTIONAL), NULL, &n, &err));
	assert_int_equal(n, 0);
	mms_lent_release(&lent);
}

static void *
release_when_awaited(void *arg)
{
	mms_clock_sleep_ms(50);
	mms_lent_release(arg);
	return NULL;
}

static void
a_borrower_waits_for_another(void **state)
{
	struct mms_lent all[CONNECTIONS] = { { 0 } }, late = { 0 };
	pthread_t thread;

	(void)state;
	for (int i = 0; i < CONNECTIONS; i++)
		OK(lend(&all[i], &err));
	struct mms_db *first = all[0].db;
	assert_int_equal(pthread_create(&thread, NULL, release_when_awaited, &all[0]), 0);
	OK(mms_pool_lend(pool, &late, &err));
	assert_ptr_equal(late.db, first);
	(void)pthread_join(thread, NULL);
	mms_lent_release(&late);
	for (int i = 1; i < CONNECTIONS; i++)
		mms_lent_release(&all[i]);
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
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_pool *own = NULL;
		struct mms_lent lent = { 0 };
		char arm[40];

		(void)snprintf(arm, sizeof arm, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n + 1);
		assert_true(mms_fault_arm_text(arm));
		mms_rc rc = mms_pool_open(&own, &server.settings, 2, &err);
		if (rc == MMS_OK)
			rc = mms_pool_lend(own, &lent, &err);
		is_done = rc == MMS_OK;
		if (rc != MMS_OK && rc != MMS_E_NOMEM)
			fail_msg("allocation %lu: %s", n + 1, mms_err_text(&err));
		mms_lent_release(&lent);
		mms_pool_close(own);
	}
	assert_true(mms_fault_arm_text("alloc:1000000000"));
	assert_in_range(n, 4, 200);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pool, close_pool)
		TEST(many_workers_share_few_connections),
		TEST(workers_outlive_a_killed_server_and_do_everything_once),
		TEST(broken_connections_are_replaced),
		TEST(a_server_that_is_away_costs_no_place),
		TEST(what_a_borrower_leaves_open_is_undone),
		TEST(columns_become_known_to_all_connections),
		TEST(a_borrower_waits_for_another),
		TEST(every_nth_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/* Request budgets that many workers share: no minute has more than its limit, a pause is everybody's. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../connector/sync/budget.h"
#include "mmsync/budget.h"
#include "support/dbcheck.h"
#include "support/schema.h"

enum { TAKERS = 8 };

static struct mms_test_server server;
static struct mms_pool *pool;
static const struct mms_budget_scope ann = { "google", "user:ann@example.com", 60 },
				     bob = { "google", "user:bob@example.com", 60 },
				     project = { "google", "project:c", 100 };

static int
start(void **state)
{
	(void)state;
	(void)mms_test_server_start(&server, NULL);
	mms_test_make_schema(&server);
	return 0;
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
	mms_test_sql(&server, "DELETE FROM mmsync_budget");
	OK(mms_pool_open(&pool, &server.settings, TAKERS, &err));
	return 0;
}

static int
close_pool(void **state)
{
	(void)state;
	mms_pool_close(pool);
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------- */

static int64_t
take(const struct mms_budget_scope *user, int64_t n)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	int64_t wait_ms = -1;

	OK(mms_pool_lend(pool, &lent, &err));
	OK(mms_budget_take(lent.db, user, &project, n, &wait_ms, &err));
	return wait_ms;
}

static int64_t
look(const struct mms_budget_scope *user, int64_t n)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	int64_t wait_ms = -1;

	OK(mms_pool_lend(pool, &lent, &err));
	OK(mms_budget_look(lent.db, user, &project, n, &wait_ms, &err));
	return wait_ms;
}

static void
pause_for(const struct mms_budget_scope *scope, int64_t ms)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	OK(mms_pool_lend(pool, &lent, &err));
	OK(mms_budget_pause(lent.db, scope, ms, &err));
}

static void
expect_wait(const char *label, int64_t is, int64_t min, int64_t max)
{
	if (is < min || is > max)
		fail_msg("%s: %lld ms, not %lld to %lld", label, (long long)is, (long long)min,
			 (long long)max);
}

static int64_t
used(const char *scope)
{
	return mms_test_ask_i64(&server, "SELECT used FROM mmsync_budget WHERE scope = '%s'",
				scope);
}

/* ---- the store ------------------------------------------------------------------------------ */

static void
rows_are_made_on_first_use_and_count_both_scopes(void **state)
{
	(void)state;
	assert_int_equal(take(&ann, 10), 0);
	assert_int_equal(take(&bob, 5), 0);
	assert_int_equal(take(&ann, 10), 0);
	assert_int_equal(used("user:ann@example.com"), 20);
	assert_int_equal(used("user:bob@example.com"), 5);
	/* Bob's first five were the project's before Bob had a row: they are lost. */
	assert_int_equal(used("project:c"), 30);
}

static void
what_goes_well_is_one_statement(void **state)
{
	(void)state;
	assert_int_equal(take(&ann, 1), 0);
	uint64_t before = mms_pool_n_statements(pool);
	assert_int_equal(take(&ann, 1), 0);
	assert_int_equal(mms_pool_n_statements(pool) - before, 1);
}

/* Columns are set as a row says, then 10 are asked for; the first wait is within min and max. */
static void
a_minute_a_limit_and_a_pause_are_kept(void **state)
{
#define SET(scope, what) "UPDATE mmsync_budget SET " what " WHERE scope = '" scope "'"
#define NOW              "UNIX_TIMESTAMP(UTC_TIMESTAMP(3)) * 1000"
#define ANN              "user:ann@example.com"
	static const struct {
		const char *label, *sql;
		int64_t min, max;
	} rows[] = {
		{ "nothing used", "DO 0", 0, 0 },
		{ "just enough left", SET(ANN, "used = 50"), 0, 0 },
		{ "one too few", SET(ANN, "used = 51"), 50000, 60000 },
		{ "one too few for the project", SET("project:c", "used = 91"), 50000, 60000 },
		{ "used up, half a minute ago",
		  SET(ANN, "used = 60, window_start_ms = " NOW " - 30000"), 25000, 30000 },
		{ "used up, a minute ago",
		  SET(ANN, "used = 60, window_start_ms = " NOW " - 60000"), 0, 0 },
		{ "used up by a clock that is ahead",
		  SET(ANN, "used = 60, window_start_ms = " NOW " + 600000"), 0, 0 },
		{ "paused", SET(ANN, "wait_until_ms = " NOW " + 5000"), 1000, 5000 },
		{ "paused until now", SET(ANN, "wait_until_ms = " NOW), 0, 0 },
		{ "the project is paused",
		  SET("project:c", "wait_until_ms = " NOW " + 7200000"), 7190000, 7200000 },
		{ "both: the longer",
		  SET(ANN, "used = 60") ";" SET("project:c", "wait_until_ms = " NOW " + 70000"),
		  61000, 70000 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		mms_test_sql(&server, "DELETE FROM mmsync_budget");
		assert_int_equal(take(&ann, 0), 0);
		mms_test_sql(&server, "%s", rows[i].sql);
		expect_wait(rows[i].label, look(&ann, 10), rows[i].min, rows[i].max);
		expect_wait(rows[i].label, take(&ann, 10), rows[i].min, rows[i].max);
	}
}

static void
a_new_minute_counts_from_nothing(void **state)
{
	(void)state;
	assert_int_equal(take(&ann, 60), 0);
	mms_test_sql(&server, "UPDATE mmsync_budget SET window_start_ms = window_start_ms - "
			      "60001");
	assert_int_equal(take(&ann, 10), 0);
	assert_int_equal(used(ANN), 10);
	assert_int_equal(used("project:c"), 10);
}

static void
a_look_writes_nothing(void **state)
{
	(void)state;
	assert_int_equal(look(&ann, 10), 0);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_budget"), 0);
	assert_int_equal(take(&ann, 10), 0);
	assert_int_equal(look(&ann, 10), 0);
	assert_int_equal(used(ANN), 10);
}

static void
a_pause_is_seen_by_whom_it_concerns_and_never_cut_short(void **state)
{
	(void)state;
	pause_for(&ann, 3600000); /* before anybody has asked for anything */
	expect_wait("hers", take(&ann, 10), 3590000, 3600000);
	assert_int_equal(take(&bob, 10), 0);
	pause_for(&ann, 1000);
	expect_wait("a shorter one later", take(&ann, 10), 3590000, 3600000);
	pause_for(&project, 60000);
	expect_wait("everybody's", take(&bob, 10), 50000, 60000);
}

struct taker {
	const struct mms_budget_scope *user;
	int64_t granted;
	bool is_failed;
};

/* Portions of three until there is no more. */
static void *
take_all(void *aux)
{
	struct taker *t = aux;

	for (int i = 0; i < 200; i++) {
		MMS_AUTO(mms_lent) lent = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		int64_t wait_ms = 0;

		mms_rc rc = mms_pool_lend(pool, &lent, &err);
		if (rc == MMS_OK)
			rc = mms_budget_take(lent.db, t->user, &project, 3, &wait_ms, &err);
		if (rc == MMS_E_RETRY)
			continue;
		t->is_failed = t->is_failed || rc != MMS_OK;
		if (rc != MMS_OK || wait_ms > 0)
			return NULL;
		t->granted += 3;
	}
	return NULL;
}

static void
takers_beside_each_other_never_exceed_a_limit(void **state)
{
	struct taker takers[TAKERS];
	pthread_t threads[TAKERS];
	int64_t of_ann = 0, of_bob = 0;

	(void)state;
	for (int i = 0; i < TAKERS; i++) {
		takers[i] = (struct taker){ .user = i % 2 == 0 ? &ann : &bob };
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, &takers[i]), 0);
	}
	for (int i = 0; i < TAKERS; i++) {
		(void)pthread_join(threads[i], NULL);
		assert_false(takers[i].is_failed);
		*(i % 2 == 0 ? &of_ann : &of_bob) += takers[i].granted;
	}
	assert_true(of_ann <= 60 && of_bob <= 60 && of_ann + of_bob <= 100);
	/* Nobody stops before the project has no three left, but for what a partial grant lost. */
	assert_true(of_ann + of_bob >= 60);
	assert_true(used("project:c") <= 100);
}

/* ---- the keeper ----------------------------------------------------------------------------- */

/* A session's keeper with what it needs of a worker. */
struct world {
	struct mms_site site;
	struct mms_sync_env env;
	struct mms_worker worker;
	struct mms_source source;
	struct mms_budget_keeper keeper;
	struct mms_clock clock;
	atomic_bool is_stopped;
};

static void
open_keeper(struct world *w, bool is_dry)
{
	static char user[] = "ann@example.com";
	const struct mms_provider *google = mms_provider_find("Google Calendar");

	*w = (struct world){ .source.integration.user = user,
			     .clock = { .is_fixed = true, .fixed_ms = 1000000 } };
	w->env = (struct mms_sync_env){ .pool = pool, .site = &w->site, .clock = &w->clock };
	w->worker.env = &w->env;
	w->worker.provider_env =
		(struct mms_provider_env){ .max_ms = 2000, .is_stopped = &w->is_stopped };
	OK(mms_budget_keeper_open(&w->keeper, &w->worker, &w->source, google, is_dry, &err));
}

static mms_rc
ask(struct world *w, int64_t n, struct mms_err *err)
{
	const struct mms_budget_port *port = mms_budget_keeper_port(&w->keeper);

	return port->ask(port->aux, n, err);
}

static void
a_keeper_takes_portions_and_uses_them_up(void **state)
{
	struct world w;

	(void)state;
	open_keeper(&w, false);
	for (int i = 0; i < 2; i++) /* who needs no more takes no more */
		OK(ask(&w, 1, &err));
	assert_int_equal(used(ANN), 2);
	for (int i = 0; i < 10; i++)
		OK(ask(&w, 1, &err));
	assert_int_equal(used(ANN), 12);
	assert_int_equal(used("project:frappe"), 12);
	OK(ask(&w, 1, &err));
	assert_int_equal(used(ANN), 22);
	OK(ask(&w, 50, &err)); /* a batch */
	assert_int_equal(used(ANN), 72);
	mms_digest_release(&w.worker.digest);
}

static void
a_short_wait_is_waited_for_a_long_one_is_said(void **state)
{
	struct world w;

	(void)state;
	open_keeper(&w, false);
	OK(ask(&w, 10, &err));
	mms_test_sql(&server, "UPDATE mmsync_budget SET wait_until_ms = " NOW " + 700");
	int64_t before = mms_clock_mono_ms();
	OK(ask(&w, 1, &err));
	expect_wait("waited", mms_clock_mono_ms() - before, 300, 10000);
	w.keeper.left = 0;
	mms_test_sql(&server, "UPDATE mmsync_budget SET wait_until_ms = " NOW " + 3600000");
	before = mms_clock_mono_ms();
	MMS_AUTO(mms_err) err = { 0 };
	assert_int_equal(ask(&w, 1, &err), MMS_E_WAIT);
	expect_wait("not waited", mms_clock_mono_ms() - before, 0, 1500);
	expect_wait("not before", err.retry_at_ms, 1000000 + 3590000, 1000000 + 3660000);
	assert_int_equal(err.retry_at_ms % 60000, 0);
	assert_non_null(strstr(mms_err_text(&err), "ann@example.com"));
	mms_digest_release(&w.worker.digest);
}

static void
who_waits_can_be_stopped(void **state)
{
	struct world w;

	(void)state;
	open_keeper(&w, false);
	OK(ask(&w, 10, &err));
	mms_test_sql(&server, "UPDATE mmsync_budget SET wait_until_ms = " NOW " + 1900");
	atomic_store(&w.is_stopped, true);
	FAILS(MMS_E_STOPPED, "stopped", ask(&w, 1, &err));
	atomic_store(&w.is_stopped, false);
	w.worker.provider_env.deadline_mono_ms = mms_clock_mono_ms() + 100;
	FAILS(MMS_E_STOPPED, "stopped", ask(&w, 1, &err));
	mms_digest_release(&w.worker.digest);
}

/* The instant is that of the run's clock; what is stored is of the database's. */
static void
what_one_is_told_all_others_hear(void **state)
{
	struct world a, b;

	(void)state;
	open_keeper(&a, false);
	open_keeper(&b, false);
	OK(ask(&a, 1, &err));
	a.keeper.port.tell(a.keeper.port.aux, false, 1000000 + 60000);
	FAILS(MMS_E_WAIT, "no more requests", ask(&b, 1, &err));
	FAILS(MMS_E_WAIT, "no more requests", ask(&a, 1, &err)); /* what was left is not used */
	mms_test_sql(&server, "UPDATE mmsync_budget SET wait_until_ms = NULL");
	a.keeper.port.tell(a.keeper.port.aux, true, 1000000 + 60000);
	assert_true(mms_test_ask_i64(&server, "SELECT wait_until_ms IS NOT NULL FROM "
					      "mmsync_budget WHERE scope = 'project:frappe'"));
	FAILS(MMS_E_WAIT, "no more requests", ask(&b, 1, &err));
	mms_digest_release(&a.worker.digest);
	mms_digest_release(&b.worker.digest);
}

static void
a_dry_run_keeps_pauses_and_writes_nothing(void **state)
{
	struct world w;

	(void)state;
	open_keeper(&w, true);
	OK(ask(&w, 1, &err));
	w.keeper.port.tell(w.keeper.port.aux, false, 2000000);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_budget"), 0);
	pause_for(&ann, 60000);
	FAILS(MMS_E_WAIT, "no more requests", ask(&w, 1, &err));
	mms_digest_release(&w.worker.digest);
}

/* Frappe's names have 140 characters of up to four bytes, the column takes 200 bytes of ours. */
static void
a_long_name_has_a_budget_of_its_own(void **state)
{
	struct world w, v;
	char names[2][256] = { "", "" };

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)strcat(names[0], "ä");
		(void)strcat(names[1], "ä");
	}
	(void)strcat(names[1], "b");
	open_keeper(&w, false);
	open_keeper(&v, false);
	w.source.integration.user = names[0];
	v.source.integration.user = names[1];
	const struct mms_provider *google = mms_provider_find("Google Calendar");
	OK(mms_budget_keeper_open(&w.keeper, &w.worker, &w.source, google, false, &err));
	OK(mms_budget_keeper_open(&v.keeper, &v.worker, &v.source, google, false, &err));
	OK(ask(&w, 1, &err));
	OK(ask(&v, 1, &err));
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_budget WHERE "
						   "scope LIKE 'user:sha256:%%'"),
			 2);
	mms_digest_release(&w.worker.digest);
	mms_digest_release(&v.worker.digest);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_pool, close_pool)
	static const struct CMUnitTest tests[] = {
		T(rows_are_made_on_first_use_and_count_both_scopes),
		T(what_goes_well_is_one_statement),
		T(a_minute_a_limit_and_a_pause_are_kept),
		T(a_new_minute_counts_from_nothing),
		T(a_look_writes_nothing),
		T(a_pause_is_seen_by_whom_it_concerns_and_never_cut_short),
		T(takers_beside_each_other_never_exceed_a_limit),
		T(a_keeper_takes_portions_and_uses_them_up),
		T(a_short_wait_is_waited_for_a_long_one_is_said),
		T(who_waits_can_be_stopped),
		T(what_one_is_told_all_others_hear),
		T(a_dry_run_keeps_pauses_and_writes_nothing),
		T(a_long_name_has_a_budget_of_its_own),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/*
 * Requests at the same time: never more for one mailbox than its service takes, however many threads, processes
 * and hosts there are, and nobody waits forever.
 */
#include "support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../connector/sync/budget.h"
#include "mmsync/fault.h"
#include "support/dbcheck.h"
#include "support/schema.h"

enum { PROCESSES = 3, WORKERS = 4, CONNECTIONS = 16, LIMIT = 4 };

#define ANN  "ann@example.com"
#define BOB  "bob@example.com"
#define HELD "SELECT COUNT(*) FROM mmsync_slot WHERE held_until > UTC_TIMESTAMP(6)"

#define STMTS(X) X(HELD_BY, HELD " AND holder = ?", "s", "i")
STMT_TABLE(STMTS);

static struct mms_test_server server;
static struct mms_pool *pool;

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
	mms_test_sql(&server, "DELETE FROM mmsync_slot; DELETE FROM mmsync_budget");
	OK(mms_pool_open(&pool, &server.settings, CONNECTIONS, &err));
	return 0;
}

static int
close_pool(void **state)
{
	(void)state;
	mms_pool_close(pool);
	return 0;
}

static int64_t
n_held(void)
{
	return mms_test_ask_i64(&server, HELD);
}

/* As if so much time had passed. */
static void
age(int seconds)
{
	mms_test_sql(&server,
		     "UPDATE mmsync_slot SET held_until = held_until - INTERVAL %d SECOND, "
		     "heir_since = heir_since - INTERVAL %d SECOND, "
		     "heir_until = heir_until - INTERVAL %d SECOND",
		     seconds, seconds, seconds);
}

static void
expect_between(const char *label, int64_t is, int64_t min, int64_t max)
{
	if (is < min || is > max)
		fail_msg("%s: %lld, not %lld to %lld", label, (long long)is, (long long)min,
			 (long long)max);
}

/* ---- the store ------------------------------------------------------------------------------ */

static struct mms_slot_claim
claim(const char *holder, unsigned limit)
{
	return (struct mms_slot_claim){ "outlook", "user:" ANN, holder, limit };
}

static unsigned
take(const char *holder, unsigned total)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_slot_claim c = claim(holder, LIMIT);
	unsigned n = 99;

	OK(mms_pool_lend(pool, &lent, &err));
	OK(mms_slots_add(lent.db, &c, &err));
	OK(mms_slots_take(lent.db, &c, total, &n, &err));
	return n;
}

static bool
wish(const char *holder, int64_t waited_ms)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_slot_claim c = claim(holder, LIMIT);
	bool is_heir = false;

	OK(mms_pool_lend(pool, &lent, &err));
	OK(mms_slots_wish(lent.db, &c, waited_ms, &is_heir, &err));
	return is_heir;
}

static void
four_are_given_and_no_more_and_twice_the_same_is_once(void **state)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_slot_claim a = claim("a", LIMIT);

	(void)state;
	assert_int_equal(take("a", 1), 1);
	assert_int_equal(take("a", 1), 1);
	assert_int_equal(n_held(), 1);
	assert_int_equal(take("b", 4), 3);
	assert_int_equal(take("a", 2), 1); /* its own, and nothing else is free */
	assert_int_equal(n_held(), 4);
	OK(mms_pool_lend(pool, &lent, &err));
	OK(mms_slots_give(lent.db, &a, 4, &err));
	assert_int_equal(n_held(), 3); /* nobody else's */
	assert_int_equal(take("c", 4), 1);
}

static void
a_lower_limit_is_kept(void **state)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_slot_claim c = claim("a", 2);
	unsigned n = 0;

	(void)state;
	OK(mms_pool_lend(pool, &lent, &err));
	OK(mms_slots_add(lent.db, &c, &err));
	OK(mms_slots_take(lent.db, &c, 4, &n, &err));
	assert_int_equal(n, 2);
}

/* A lease of a minute, and five seconds that clocks of a cluster may differ. */
static void
the_databases_clock_ends_what_nobody_renews(void **state)
{
	static const struct {
		const char *label;
		int seconds;
		unsigned others;
	} rows[] = {
		{ "at once", 0, 0 },
		{ "before the end", 58, 0 },
		{ "after the end, by another clock perhaps before", 63, 0 },
		{ "after the end by any clock", 66, 4 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		mms_test_sql(&server, "DELETE FROM mmsync_slot");
		assert_int_equal(take("dead", 4), 4);
		age(rows[i].seconds);
		expect_between(rows[i].label, take("next", 4), rows[i].others, rows[i].others);
	}
}

static void
who_waits_longest_is_the_heir_until_it_is_silent(void **state)
{
	(void)state;
	assert_int_equal(take("a", 3), 3);
	assert_true(wish("young", 1000));
	assert_true(wish("old", 5000)); /* goes before who came later */
	assert_false(wish("young", 1100));
	assert_true(wish("old", 5100));
	assert_int_equal(take("young", 1), 0);
	assert_int_equal(take("a", 3), 0); /* nor may others just hold on */
	assert_int_equal(take("old", 1), 1);
	age(3);
	assert_true(wish("young", 1200));
	age(3);
	assert_int_equal(take("a", 3), 3);
}

/* ---- processes ------------------------------------------------------------------------------ */

/* One as others see it: a token of its own, and a clock of its own. */
struct process {
	struct mms_site site;
	struct mms_sync_env env;
	struct mms_clock clock;
	struct mms_gates *gates;
	const char *holder;
	struct mms_worker worker;
	struct mms_source source;
	atomic_bool is_stopped;
};

static void
begin(struct process *p, const char *holder, const char *user)
{
	*p = (struct process){ .source.integration.user = (char *)(uintptr_t)user,
			       .holder = holder,
			       .clock = { .is_fixed = true, .fixed_ms = 1000000 } };
	p->env = (struct mms_sync_env){ .pool = pool, .site = &p->site, .clock = &p->clock };
	p->worker.env = &p->env;
	p->worker.provider_env =
		(struct mms_provider_env){ .max_ms = 30000, .is_stopped = &p->is_stopped };
	OK(mms_gates_new(&p->gates, pool, holder, &err));
	p->worker.gates = p->gates;
}

static void
end(struct process *p)
{
	mms_digest_release(&p->worker.digest);
	mms_gates_free(p->gates);
}

static void
open_keeper(struct process *p, struct mms_budget_keeper *k)
{
	OK(mms_budget_keeper_open(k, &p->worker, &p->source,
				  mms_provider_find("Outlook Calendar"), false, &err));
}

static mms_rc
enter(struct mms_budget_keeper *k, unsigned n, struct mms_err *err)
{
	return k->port.enter(k->port.aux, n, err);
}

static void
leave(struct mms_budget_keeper *k)
{
	k->port.leave(k->port.aux);
}

static void
beat(struct process *p)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	OK(mms_pool_lend(pool, &lent, &err));
	mms_gates_beat(p->gates, lent.db);
}

static void
a_service_without_the_limit_is_not_held_up(void **state)
{
	struct mms_budget_keeper k;
	struct process p;

	(void)state;
	begin(&p, "p", ANN);
	OK(mms_budget_keeper_open(&k, &p.worker, &p.source,
				  mms_provider_find("Google Calendar"), false, &err));
	assert_null(k.port.enter);
	mms_budget_keeper_release(&k);
	end(&p);
}

static void
a_session_costs_two_statements_however_many_requests(void **state)
{
	static const struct {
		const char *label;
		unsigned n_requests, width;
		uint64_t statements;
	} rows[] = {
		{ "the first of a mailbox: it gets its rows", 1, 1, 4 },
		{ "none", 0, 1, 0 },
		{ "one", 1, 1, 2 },
		{ "many", 50, 1, 2 },
		{ "a batch gives all back at once", 1, 4, 2 },
		{ "each of them", 3, 4, 6 },
		{ "wider than the limit", 1, 20, 2 },
	};
	struct process p;

	(void)state;
	begin(&p, "p", ANN);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_budget_keeper k;
		uint64_t before = mms_pool_n_statements(pool);

		open_keeper(&p, &k);
		for (unsigned n = 0; n < rows[i].n_requests; n++) {
			OK(enter(&k, rows[i].width, &err));
			leave(&k);
		}
		mms_budget_keeper_release(&k);
		uint64_t is = mms_pool_n_statements(pool) - before;
		expect_between(rows[i].label, (int64_t)is, (int64_t)rows[i].statements,
			       (int64_t)rows[i].statements);
		assert_int_equal(n_held(), 0);
	}
	end(&p);
}

static void
a_session_that_fails_within_a_request_holds_nothing(void **state)
{
	struct mms_budget_keeper k;
	struct process p;

	(void)state;
	begin(&p, "p", ANN);
	open_keeper(&p, &k);
	OK(enter(&k, 4, &err));
	assert_int_equal(n_held(), 4);
	mms_budget_keeper_release(&k);
	assert_int_equal(n_held(), 0);
	end(&p);
}

static void
mailboxes_do_not_hold_each_other_up(void **state)
{
	struct mms_budget_keeper k, other;
	struct process p, q;

	(void)state;
	begin(&p, "p", ANN);
	begin(&q, "q", BOB);
	q.worker.provider_env.max_ms = 0;
	open_keeper(&p, &k);
	open_keeper(&q, &other);
	OK(enter(&k, 4, &err));
	OK(enter(&other, 4, &err));
	assert_int_equal(n_held(), 8);
	mms_budget_keeper_release(&k);
	mms_budget_keeper_release(&other);
	end(&p);
	end(&q);
}

static void
a_long_wait_is_said_a_stop_is_noticed(void **state)
{
	struct mms_budget_keeper k, other;
	struct process p, q;

	(void)state;
	begin(&p, "p", ANN);
	begin(&q, "q", ANN);
	open_keeper(&p, &k);
	open_keeper(&q, &other);
	OK(enter(&k, 1, &err));
	q.worker.provider_env.max_ms = 300;
	MMS_AUTO(mms_err) said = { 0 };
	assert_int_equal(enter(&other, 4, &said), MMS_E_WAIT);
	expect_between("not before", said.retry_at_ms, 1000000 + 60000, 1000000 + 120000);
	assert_non_null(strstr(mms_err_text(&said), ANN));
	assert_int_equal(n_held(), 1); /* of four no three are kept */
	assert_int_equal(
		mms_test_ask_i64(&server,
				 "SELECT COUNT(*) FROM mmsync_slot WHERE heir IS NOT NULL"),
		0);
	q.worker.provider_env.max_ms = 30000;
	q.worker.provider_env.deadline_mono_ms = mms_clock_mono_ms() + 300;
	FAILS(MMS_E_STOPPED, "stopped", enter(&other, 4, &err));
	q.worker.provider_env.deadline_mono_ms = 0;
	atomic_store(&q.is_stopped, true);
	FAILS(MMS_E_STOPPED, "stopped", enter(&other, 4, &err));
	atomic_store(&q.is_stopped, false);
	leave(&k);
	mms_budget_keeper_release(&k);
	OK(enter(&other, 4, &err));
	mms_budget_keeper_release(&other);
	end(&p);
	end(&q);
}

static void
a_dry_run_counts_its_own_and_writes_nothing(void **state)
{
	struct mms_budget_keeper k, other;
	struct process p;

	(void)state;
	begin(&p, NULL, ANN);
	p.worker.provider_env.max_ms = 200;
	open_keeper(&p, &k);
	open_keeper(&p, &other);
	uint64_t before = mms_pool_n_statements(pool);
	OK(enter(&k, 3, &err));
	FAILS(MMS_E_WAIT, "at the same time", enter(&other, 2, &err));
	OK(enter(&other, 1, &err));
	mms_budget_keeper_release(&k);
	mms_budget_keeper_release(&other);
	beat(&p);
	assert_int_equal(mms_pool_n_statements(pool) - before, 0);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_slot"), 0);
	end(&p);
}

/* ---- many at once --------------------------------------------------------------------------- */

/* What the service would see. */
static atomic_int n_now, n_most;

struct sender {
	struct process *process;
	unsigned width;
	int n_requests, request_ms;
	int64_t longest_ms;    /* wait for one */
	int n_done, n_lacking; /* requests; those without a slot in the database */
	mms_rc rc;
};

static void
note_requests(int n)
{
	int now = atomic_fetch_add(&n_now, n) + n, most = atomic_load(&n_most);

	while (now > most && !atomic_compare_exchange_weak(&n_most, &most, now))
		;
}

/* The database, too, says that this process has as many as it sends. */
static bool
has_slots(struct mms_db *db, const struct sender *s)
{
	const struct mms_value in[] = { mms_v_text(s->process->holder) };
	MMS_AUTO(mms_err) err = { 0 };
	int64_t n = 0;

	return mms_db_ask_i64(db, STMT(HELD_BY), in, &n, &err) == MMS_OK && n >= s->width;
}

/* A session of its own with its requests, as a worker has it. */
static void *
send(void *aux)
{
	struct sender *s = aux;
	struct mms_worker worker = s->process->worker; /* each thread has its own */
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_budget_keeper k;
	struct mms_db *watcher = open_with(&server.settings, defs, N_STMTS);

	worker.digest = (struct mms_digest){ 0 };
	s->rc = mms_budget_keeper_open(&k, &worker, &s->process->source,
				       mms_provider_find("Outlook Calendar"), false, &err);
	for (int i = 0; s->rc == MMS_OK && i < s->n_requests; i++) {
		int64_t before = mms_clock_mono_ms();
		s->rc = enter(&k, s->width, &err);
		if (s->rc != MMS_OK)
			break;
		int64_t waited = mms_clock_mono_ms() - before;
		s->longest_ms = waited > s->longest_ms ? waited : s->longest_ms;
		note_requests((int)s->width);
		s->n_lacking += i % 8 == 0 && !has_slots(watcher, s) ? 1 : 0;
		mms_clock_sleep_ms(s->request_ms);
		(void)atomic_fetch_sub(&n_now, (int)s->width);
		leave(&k);
		s->n_done++;
	}
	mms_budget_keeper_release(&k);
	mms_digest_release(&worker.digest);
	mms_db_close(watcher);
	return NULL;
}

static void
send_all(struct sender *senders, size_t n)
{
	pthread_t threads[PROCESSES * WORKERS];

	atomic_store(&n_now, 0);
	atomic_store(&n_most, 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send, &senders[i]), 0);
	for (size_t i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	for (size_t i = 0; i < n; i++) {
		if (senders[i].rc != MMS_OK || senders[i].n_done < senders[i].n_requests)
			fail_msg("sender %zu: %s after %d requests", i,
				 mms_rc_name(senders[i].rc), senders[i].n_done);
		assert_int_equal(senders[i].n_lacking, 0);
	}
	assert_true(atomic_load(&n_most) <= LIMIT);
	assert_int_equal(n_held(), 0);
}

/* The clocks of hosts are centuries apart; of each process one worker sends batches. */
static void
twelve_workers_of_three_processes_are_never_more_than_four(void **state)
{
	static const char *const holders[] = { "host1:1:a", "host2:1:b", "host3:1:c" };
	static const int64_t clocks[] = { 0, INT64_C(1772438400000), INT64_C(9000000000000) };
	struct sender senders[PROCESSES * WORKERS];
	struct process p[PROCESSES];

	(void)state;
	for (size_t i = 0; i < PROCESSES; i++) {
		begin(&p[i], holders[i], ANN);
		p[i].clock.fixed_ms = clocks[i];
	}
	for (size_t i = 0; i < MMS_COUNT(senders); i++)
		senders[i] = (struct sender){ .process = &p[i % PROCESSES],
					      .width = i < PROCESSES ? LIMIT : 1,
					      .n_requests = 20,
					      .request_ms = 2 + (int)i };
	send_all(senders, MMS_COUNT(senders));
	assert_int_equal(atomic_load(&n_most), LIMIT); /* but four they are */
	for (size_t i = 0; i < PROCESSES; i++)
		end(&p[i]);
}

static void
the_same_under_repeatable_read_and_snapshot_isolation(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", "--log-bin",
					    "--binlog-format=STATEMENT", "--server-id=1",
					    NULL };

	close_pool(state);
	mms_test_server_kill(&server);
	mms_test_server_restart(&server, args);
	open_pool(state);
	twelve_workers_of_three_processes_are_never_more_than_four(state);
	close_pool(state);
	mms_test_server_kill(&server);
	mms_test_server_restart(&server, NULL);
	open_pool(state);
}

/* Four busy workers never leave all slots free by themselves. */
static void
a_batch_gets_its_turn_beside_workers_that_never_rest(void **state)
{
	static const struct {
		const char *label;
		bool is_same_process;
		int64_t most_ms; /* of the batch's waits */
	} rows[] = {
		{ "of the same process", true, 1500 },
		{ "of another one", false, 6000 },
	};
	struct sender senders[LIMIT + 1];
	struct process p, q;

	(void)state;
	begin(&p, "p", ANN);
	begin(&q, "q", ANN);
	for (size_t row = 0; row < MMS_COUNT(rows); row++) {
		for (size_t i = 0; i < LIMIT; i++)
			senders[i] = (struct sender){
				.process = &p, .width = 1, .n_requests = 200, .request_ms = 30
			};
		senders[LIMIT] =
			(struct sender){ .process = rows[row].is_same_process ? &p : &q,
					 .width = LIMIT,
					 .n_requests = 2,
					 .request_ms = 20 };
		send_all(senders, MMS_COUNT(senders));
		expect_between(rows[row].label, senders[LIMIT].longest_ms, 0,
			       rows[row].most_ms);
	}
	end(&p);
	end(&q);
}

/* More processes than slots, each with one worker that never rests. */
static void
every_process_gets_its_turn(void **state)
{
	enum { N = 9 };
	static const char *const holders[N] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
	struct sender senders[N];
	struct process p[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		begin(&p[i], holders[i], ANN);
		senders[i] = (struct sender){ .process = &p[i],
					      .width = i % 3 == 0 ? LIMIT : 1,
					      .n_requests = i % 3 == 0 ? 3 : 60,
					      .request_ms = 25 };
	}
	send_all(senders, N);
	for (size_t i = 0; i < N; i++) {
		expect_between("the longest wait", senders[i].longest_ms, 0, 15000);
		end(&p[i]);
	}
}

/* ---- what goes wrong ------------------------------------------------------------------------ */

/* In a process of its own: takes all four and never gives them back. */
static pid_t
start_taker(int *ready)
{
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_budget_keeper k;
		struct process p;

		if (mms_pool_open(&pool, &server.settings, 2, &err) != MMS_OK)
			_exit(1);
		begin(&p, "killed", ANN);
		open_keeper(&p, &k);
		if (enter(&k, 4, &err) != MMS_OK)
			_exit(1);
		(void)!write(pipe_fds[1], "x", 1);
		for (;;)
			(void)pause();
	}
	(void)close(pipe_fds[1]);
	*ready = pipe_fds[0];
	return pid;
}

static void
a_killed_process_frees_its_slots_after_a_minute(void **state)
{
	struct mms_budget_keeper k;
	struct process p;
	int ready;
	char x;

	(void)state;
	begin(&p, "p", ANN);
	p.worker.provider_env.max_ms = 500;
	pid_t pid = start_taker(&ready);
	assert_int_equal(read(ready, &x, 1), 1);
	(void)close(ready);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(n_held(), 4);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_slot WHERE "
						   "held_until <= UTC_TIMESTAMP(6) + "
						   "INTERVAL 60 SECOND"),
			 4);
	open_keeper(&p, &k);
	FAILS(MMS_E_WAIT, "others have them", enter(&k, 1, &err));
	age(66);
	OK(enter(&k, 4, &err));
	mms_budget_keeper_release(&k);
	end(&p);
}

static void
a_beat_keeps_what_a_long_request_holds(void **state)
{
	struct mms_budget_keeper k, idle;
	struct process p;

	(void)state;
	begin(&p, "p", ANN);
	open_keeper(&p, &k);
	OK(enter(&k, 1, &err));
	age(58);
	beat(&p);
	age(58);
	beat(&p);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_slot WHERE "
						   "held_until > UTC_TIMESTAMP(6) + INTERVAL "
						   "55 SECOND AND holder = 'p'"),
			 1);
	/* What an unanswered statement took is not kept for good ... */
	mms_test_sql(&server, "UPDATE mmsync_slot SET holder = 'p', held_until = "
			      "UTC_TIMESTAMP(6) + INTERVAL 50 SECOND WHERE slot > 2");
	beat(&p);
	assert_int_equal(n_held(), 1);
	/* ... nor what a session holds that has nothing to ask. */
	leave(&k);
	assert_int_equal(n_held(), 1);
	beat(&p);
	assert_int_equal(n_held(), 1);
	mms_clock_sleep_ms(2100);
	beat(&p);
	assert_int_equal(n_held(), 0);
	open_keeper(&p, &idle);
	OK(enter(&idle, 1, &err));
	assert_int_equal(n_held(), 1);
	mms_budget_keeper_release(&idle);
	mms_budget_keeper_release(&k);
	assert_int_equal(n_held(), 0);
	end(&p);
}

/* A process that slept for too long has lost its slots: others may send, and it waits as all do. */
static void
what_was_lost_is_taken_again(void **state)
{
	struct mms_budget_keeper k;
	struct process p;

	(void)state;
	begin(&p, "p", ANN);
	p.worker.provider_env.max_ms = 300;
	open_keeper(&p, &k);
	OK(enter(&k, 1, &err));
	leave(&k);
	mms_test_sql(&server, "UPDATE mmsync_slot SET holder = 'q', held_until = "
			      "UTC_TIMESTAMP(6) + INTERVAL 50 SECOND");
	beat(&p);
	FAILS(MMS_E_WAIT, "others have them", enter(&k, 1, &err));
	assert_int_equal(mms_test_ask_i64(&server, HELD " AND holder = 'q'"), 4);
	age(66);
	OK(enter(&k, 1, &err));
	mms_budget_keeper_release(&k);
	end(&p);
}

/* A session of a single request and a batch, with the n-th visit of a fault point failing. */
static void
play_with_fault(enum mms_fault_kind kind, unsigned long n)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_budget_keeper k;
	struct process p;
	char fault[64], never[64];

	(void)snprintf(fault, sizeof fault, "%s:%lu", mms_fault_name(kind),
		       mms_fault_count(kind) + n);
	(void)snprintf(never, sizeof never, "%s:1000000000", mms_fault_name(kind));
	begin(&p, "p", ANN);
	open_keeper(&p, &k);
	assert_true(mms_fault_arm_text(fault));
	for (unsigned width = 1; width <= LIMIT; width += LIMIT - 1) {
		mms_rc rc = enter(&k, width, &err);
		mms_err_release(&err);
		if (rc == MMS_OK)
			leave(&k);
		else if (rc != MMS_E_RETRY && rc != MMS_E_DB)
			fail_msg("%s: %s", fault, mms_rc_name(rc));
	}
	mms_budget_keeper_release(&k);
	assert_true(mms_fault_arm_text(never));
	if (n_held() != 0)
		fail_msg("%s %lu: %lld slots are still held", mms_fault_name(kind), n,
			 (long long)n_held());
	end(&p);
}

/* Each statement of a session fails in each way: nothing is held that nobody knows of. */
static void
no_fault_leaves_a_slot_held(void **state)
{
	static const enum mms_fault_kind kinds[] = {
		MMS_FAULT_STMT_BEFORE, MMS_FAULT_STMT_AFTER,    MMS_FAULT_PREPARE,
		MMS_FAULT_CONNECT,     MMS_FAULT_COMMIT_BEFORE, MMS_FAULT_COMMIT_AFTER,
	};

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (size_t i = 0; i < MMS_COUNT(kinds); i++) {
		for (unsigned long n = 1; n <= 8; n++) {
			(void)close_pool(state); /* what was prepared is prepared anew */
			(void)open_pool(state);
			play_with_fault(kinds[i], n);
		}
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_pool, close_pool)
	static const struct CMUnitTest tests[] = {
		T(four_are_given_and_no_more_and_twice_the_same_is_once),
		T(a_lower_limit_is_kept),
		T(the_databases_clock_ends_what_nobody_renews),
		T(who_waits_longest_is_the_heir_until_it_is_silent),
		T(a_service_without_the_limit_is_not_held_up),
		T(a_session_costs_two_statements_however_many_requests),
		T(a_session_that_fails_within_a_request_holds_nothing),
		T(mailboxes_do_not_hold_each_other_up),
		T(a_long_wait_is_said_a_stop_is_noticed),
		T(a_dry_run_counts_its_own_and_writes_nothing),
		T(twelve_workers_of_three_processes_are_never_more_than_four),
		T(a_batch_gets_its_turn_beside_workers_that_never_rest),
		T(every_process_gets_its_turn),
		T(a_killed_process_frees_its_slots_after_a_minute),
		T(a_beat_keeps_what_a_long_request_holds),
		T(what_was_lost_is_taken_again),
		T(no_fault_leaves_a_slot_held),
		T(the_same_under_repeatable_read_and_snapshot_isolation),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

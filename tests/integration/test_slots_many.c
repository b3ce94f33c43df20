/*
 * Requests at the same time: never more for one mailbox than its service takes, however many threads, processes
 * and hosts there are, and nobody waits forever.
 */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "support/dbcheck.h"
#include "support/mailbox.h"

enum { PROCESSES = 3, WORKERS = 4 };

#define STMTS(X) X(HELD_BY, HELD " AND holder = ?", "s", "i")
STMT_TABLE(STMTS);

/* What the service would see. */
static atomic_int n_now, n_most;

struct sender {
	struct mailbox_process *process;
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
	const struct mms_value in[] = { mms_v_text(s->process->owner.token) };
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
	struct mms_db *watcher = open_with(&mailbox_site()->server.settings, defs, N_STMTS);

	worker.digest = (struct mms_digest){ 0 };
	s->rc = mms_budget_keeper_open(&k, &worker, &s->process->source,
				       mms_provider_find("Outlook Calendar"), false, &err);
	for (int i = 0; s->rc == MMS_OK && i < s->n_requests; i++) {
		int64_t before = mms_clock_mono_ms();
		s->rc = mailbox_enter(&k, s->width, &err);
		if (s->rc != MMS_OK)
			break;
		int64_t waited = mms_clock_mono_ms() - before;
		s->longest_ms = waited > s->longest_ms ? waited : s->longest_ms;
		note_requests((int)s->width);
		s->n_lacking += i % 8 == 0 && !has_slots(watcher, s) ? 1 : 0;
		mms_clock_sleep_ms(s->request_ms);
		(void)atomic_fetch_sub(&n_now, (int)s->width);
		mailbox_leave(&k);
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
	assert_int_equal(mailbox_n_held(), 0);
}

/* The clocks of hosts are centuries apart; of each process one worker sends batches. */
static void
twelve_workers_of_three_processes_are_never_more_than_four(void **state)
{
	static const char *const holders[] = { "host1:1:a", "host2:1:b", "host3:1:c" };
	static const int64_t clocks[] = { 0, INT64_C(1772438400000), INT64_C(9000000000000) };
	struct sender senders[PROCESSES * WORKERS];
	struct mailbox_process p[PROCESSES];

	(void)state;
	for (size_t i = 0; i < PROCESSES; i++) {
		mailbox_begin(&p[i], holders[i], ANN);
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
		mailbox_end(&p[i]);
}

static void
the_same_under_repeatable_read_and_snapshot_isolation(void **state)
{
	static const char *const args[] = { "--innodb-snapshot-isolation=ON", "--log-bin",
					    "--binlog-format=STATEMENT", "--server-id=1",
					    NULL };

	mailbox_close_pool(state);
	mms_test_server_kill(&mailbox_site()->server);
	mms_test_server_restart(&mailbox_site()->server, args);
	mailbox_open_pool(state);
	twelve_workers_of_three_processes_are_never_more_than_four(state);
	mailbox_close_pool(state);
	mms_test_server_kill(&mailbox_site()->server);
	mms_test_server_restart(&mailbox_site()->server, NULL);
	mailbox_open_pool(state);
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
	struct mailbox_process p, q;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	mailbox_begin(&q, "q", ANN);
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
		mailbox_expect(rows[row].label, senders[LIMIT].longest_ms, 0,
			       rows[row].most_ms);
	}
	mailbox_end(&p);
	mailbox_end(&q);
}

/* More processes than slots, each with one worker that never rests. */
static void
every_process_gets_its_turn(void **state)
{
	enum { N = 9 };
	static const char *const holders[N] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
	struct sender senders[N];
	struct mailbox_process p[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		mailbox_begin(&p[i], holders[i], ANN);
		senders[i] = (struct sender){ .process = &p[i],
					      .width = i % 3 == 0 ? LIMIT : 1,
					      .n_requests = i % 3 == 0 ? 3 : 60,
					      .request_ms = 25 };
	}
	send_all(senders, N);
	for (size_t i = 0; i < N; i++) {
		mailbox_expect("the longest wait", senders[i].longest_ms, 0, 15000);
		mailbox_end(&p[i]);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, mailbox_open_pool, mailbox_close_pool)
	static const struct CMUnitTest tests[] = {
		T(twelve_workers_of_three_processes_are_never_more_than_four),
		T(a_batch_gets_its_turn_beside_workers_that_never_rest),
		T(every_process_gets_its_turn),
		T(the_same_under_repeatable_read_and_snapshot_isolation),
	};

	return cmocka_run_group_tests(tests, mailbox_start, mailbox_stop);
}

/* What becomes of the slots of processes that died, or seem to have. */
#include "support/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/dbcheck.h"
#include "support/mailbox.h"

/* The connection that renews what a process holds: here one of its pool, which it keeps. */
static void
name_connection(struct mailbox_process *p)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_pool_lend(mailbox_site()->pool, &lent, &err) != MMS_OK ||
	    mms_lease_owner_make(lent.db, &p->owner, &err) != MMS_OK)
		abort();
}

/*
 * In a process of its own: takes all four and never gives them back. has_server: it says which connection renews
 * them.
 */
static pid_t
start_taker(bool has_server, int *ready)
{
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_budget_keeper k;
		struct mailbox_process p;

		if (mms_pool_open(&mailbox_site()->pool, &mailbox_site()->server.settings, 2,
				  &err) != MMS_OK)
			_exit(1);
		mailbox_begin(&p, "killed", ANN);
		if (has_server)
			name_connection(&p);
		mailbox_open_keeper(&p, &k);
		if (mailbox_enter(&k, 4, &err) != MMS_OK)
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
kill_taker(bool has_server)
{
	int ready;
	char x;
	pid_t pid = start_taker(has_server, &ready);

	assert_int_equal(read(ready, &x, 1), 1);
	(void)close(ready);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* On a cluster nobody can see whose connections live. */
static void
a_killed_process_frees_its_slots_after_a_minute(void **state)
{
	struct mms_budget_keeper k;
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	p.worker.provider_env.max_ms = 500;
	name_connection(&p);
	kill_taker(false);
	assert_int_equal(mailbox_n_held(), 4);
	assert_int_equal(mms_test_ask_i64(&mailbox_site()->server,
					  "SELECT COUNT(*) FROM mmsync_slot WHERE "
					  "held_until <= UTC_TIMESTAMP(6) + "
					  "INTERVAL 60 SECOND"),
			 4);
	mailbox_open_keeper(&p, &k);
	FAILS(MMS_E_WAIT, "others have them", mailbox_enter(&k, 1, &err));
	mailbox_age(66);
	OK(mailbox_enter(&k, 4, &err));
	mms_budget_keeper_release(&k);
	mailbox_end(&p);
}

static void
a_killed_process_frees_its_slots_at_once_where_its_connection_is_seen(void **state)
{
	struct mms_budget_keeper k;
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	name_connection(&p);
	kill_taker(true);
	mailbox_open_keeper(&p, &k);
	int64_t before_mono_ms = mms_clock_mono_ms();
	OK(mailbox_enter(&k, 4, &err));
	mailbox_expect("ms", mms_clock_mono_ms() - before_mono_ms, 0, 5000);
	mms_budget_keeper_release(&k);
	mailbox_end(&p);
}

/* Who lives on another server may live there; a number of before the server's start is another's by now. */
static void
whose_connection_is_gone_is_dead_at_once(void **state)
{
	static const struct {
		const char *label;
		bool has_server, is_elsewhere, is_connected;
		int age_s;
		unsigned n_dead;
	} rows[] = {
		{ "connected", true, false, true, 0, 0 },
		{ "gone", true, false, false, 0, 1 },
		{ "gone, on another server", true, true, false, 0, 0 },
		{ "gone, of a server that is not known", false, false, false, 0, 0 },
		{ "from before the start", true, false, true, 100000, 1 },
	};
	struct mms_lease_owner self;
	MMS_AUTO(mms_lent) lent = { 0 };

	(void)state;
	OK(mms_pool_lend(mailbox_site()->pool, &lent, &err));
	OK(mms_lease_owner_make(lent.db, &self, &err));
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_slot_claim old = { "outlook", "user:" ANN, "old", LIMIT, NULL, 0 };
		struct mms_slot_claim next = { "outlook", "user:" ANN, "next", LIMIT, NULL, 0 };
		unsigned n = 0;

		old.server = rows[i].is_elsewhere ? "elsewhere:1:1" : self.server;
		old.server = rows[i].has_server ? old.server : NULL;
		old.connection =
			rows[i].is_connected ? atomic_load(&self.connection) : 999999999;
		next.server = self.server;
		mms_test_sql(&mailbox_site()->server, "DELETE FROM mmsync_slot");
		OK(mms_slots_add(lent.db, &old, &err));
		OK(mms_slots_take(lent.db, &old, LIMIT, &n, &err));
		assert_int_equal(n, LIMIT);
		mms_test_sql(
			&mailbox_site()->server,
			"UPDATE mmsync_slot SET held_until = held_until - INTERVAL %d SECOND",
			rows[i].age_s);
		OK(mms_slots_bury(lent.db, &next, &n, &err));
		mailbox_expect(rows[i].label, n, rows[i].n_dead, rows[i].n_dead);
		mailbox_expect(
			rows[i].label,
			mms_test_ask_i64(&mailbox_site()->server,
					 "SELECT COUNT(*) FROM mmsync_slot WHERE holder = "
					 "'old'"),
			n > 0 ? 0 : LIMIT, n > 0 ? 0 : LIMIT);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, mailbox_open_pool, mailbox_close_pool)
	static const struct CMUnitTest tests[] = {
		T(whose_connection_is_gone_is_dead_at_once),
		T(a_killed_process_frees_its_slots_at_once_where_its_connection_is_seen),
		T(a_killed_process_frees_its_slots_after_a_minute),
	};

	return cmocka_run_group_tests(tests, mailbox_start, mailbox_stop);
}

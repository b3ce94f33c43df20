/*
 * Slots of a mailbox, one process after the other: who gets them, what they cost, and what becomes of them
 * when something fails.
 */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/fault.h"
#include "support/dbcheck.h"
#include "support/mailbox.h"

/* ---- the store ------------------------------------------------------------------------------ */

static struct mms_slot_claim
claim(const char *holder, unsigned limit)
{
	return (struct mms_slot_claim){
		.provider = "outlook", .scope = "user:" ANN, .holder = holder, .limit = limit
	};
}

static unsigned
take(const char *holder, unsigned total)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_slot_claim c = claim(holder, LIMIT);
	unsigned n = 99;

	OK(mms_pool_lend(mailbox_site()->pool, &lent, &err));
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

	OK(mms_pool_lend(mailbox_site()->pool, &lent, &err));
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
	assert_int_equal(mailbox_n_held(), 1);
	assert_int_equal(take("b", 4), 3);
	assert_int_equal(take("a", 2), 1); /* its own, and nothing else is free */
	assert_int_equal(mailbox_n_held(), 4);
	OK(mms_pool_lend(mailbox_site()->pool, &lent, &err));
	OK(mms_slots_give(lent.db, &a, 4, &err));
	assert_int_equal(mailbox_n_held(), 3); /* nobody else's */
	assert_int_equal(take("c", 4), 1);
}

static void
a_lower_limit_is_kept(void **state)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_slot_claim c = claim("a", 2);
	unsigned n = 0;

	(void)state;
	OK(mms_pool_lend(mailbox_site()->pool, &lent, &err));
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
		mms_test_sql(&mailbox_site()->server, "DELETE FROM mmsync_slot");
		assert_int_equal(take("dead", 4), 4);
		mailbox_age(rows[i].seconds);
		mailbox_expect(rows[i].label, take("next", 4), rows[i].others, rows[i].others);
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
	mailbox_age(3);
	assert_true(wish("young", 1200));
	mailbox_age(3);
	assert_int_equal(take("a", 3), 3);
}

/* ---- processes ------------------------------------------------------------------------------ */

static void
beat(struct mailbox_process *p)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	OK(mms_pool_lend(mailbox_site()->pool, &lent, &err));
	mms_gates_beat(p->gates, lent.db);
}

static void
each_service_has_its_own_limits(void **state)
{
	static char of_google[] = "g", of_microsoft[] = "m";
	static const struct {
		const char *type, *project;
		int64_t user_per_minute, project_per_minute;
		bool has_enter;
	} rows[] = {
		{ "Google Calendar", "project:g", 600, 10000, false },
		{ "Outlook Calendar", "project:m", 1000, 60000, true },
	};
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	p.site.config.google.client_id = of_google;
	p.site.config.microsoft.client_id = of_microsoft;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_budget_keeper k;

		OK(mms_budget_keeper_open(&k, &p.worker, &p.source,
					  mms_provider_find(rows[i].type), false, &err));
		assert_string_equal(k.project.name, rows[i].project);
		assert_int_equal(k.user.per_minute, rows[i].user_per_minute);
		assert_int_equal(k.project.per_minute, rows[i].project_per_minute);
		assert_int_equal(k.port.enter != NULL, rows[i].has_enter);
		assert_int_equal(k.port.leave != NULL, rows[i].has_enter);
		mms_budget_keeper_release(&k);
	}
	mailbox_end(&p);
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
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_budget_keeper k;
		uint64_t before = mms_pool_n_statements(mailbox_site()->pool);

		mailbox_open_keeper(&p, &k);
		for (unsigned n = 0; n < rows[i].n_requests; n++) {
			OK(mailbox_enter(&k, rows[i].width, &err));
			mailbox_leave(&k);
		}
		mms_budget_keeper_release(&k);
		uint64_t is = mms_pool_n_statements(mailbox_site()->pool) - before;
		mailbox_expect(rows[i].label, (int64_t)is, (int64_t)rows[i].statements,
			       (int64_t)rows[i].statements);
		assert_int_equal(mailbox_n_held(), 0);
	}
	mailbox_end(&p);
}

static void
a_session_that_fails_within_a_request_holds_nothing(void **state)
{
	struct mms_budget_keeper k;
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	mailbox_open_keeper(&p, &k);
	OK(mailbox_enter(&k, 4, &err));
	assert_int_equal(mailbox_n_held(), 4);
	mms_budget_keeper_release(&k);
	assert_int_equal(mailbox_n_held(), 0);
	mailbox_end(&p);
}

static void
mailboxes_do_not_hold_each_other_up(void **state)
{
	struct mms_budget_keeper k, other;
	struct mailbox_process p, q;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	mailbox_begin(&q, "q", BOB);
	q.worker.provider_env.max_ms = 0;
	mailbox_open_keeper(&p, &k);
	mailbox_open_keeper(&q, &other);
	OK(mailbox_enter(&k, 4, &err));
	OK(mailbox_enter(&other, 4, &err));
	assert_int_equal(mailbox_n_held(), 8);
	mms_budget_keeper_release(&k);
	mms_budget_keeper_release(&other);
	mailbox_end(&p);
	mailbox_end(&q);
}

static void
a_long_wait_is_said_a_stop_is_noticed(void **state)
{
	struct mms_budget_keeper k, other;
	struct mailbox_process p, q;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	mailbox_begin(&q, "q", ANN);
	mailbox_open_keeper(&p, &k);
	mailbox_open_keeper(&q, &other);
	OK(mailbox_enter(&k, 1, &err));
	q.worker.provider_env.max_ms = 300;
	MMS_AUTO(mms_err) said = { 0 };
	assert_int_equal(mailbox_enter(&other, 4, &said), MMS_E_WAIT);
	mailbox_expect("not before", said.retry_at_ms, 1000000 + 60000, 1000000 + 120000);
	assert_non_null(strstr(mms_err_text(&said), ANN));
	assert_int_equal(mailbox_n_held(), 1); /* of four no three are kept */
	assert_int_equal(
		mms_test_ask_i64(&mailbox_site()->server,
				 "SELECT COUNT(*) FROM mmsync_slot WHERE heir IS NOT NULL"),
		0);
	q.worker.provider_env.max_ms = 30000;
	q.worker.provider_env.deadline_mono_ms = mms_clock_mono_ms() + 300;
	FAILS(MMS_E_STOPPED, "stopped", mailbox_enter(&other, 4, &err));
	q.worker.provider_env.deadline_mono_ms = 0;
	atomic_store(&q.is_stopped, true);
	FAILS(MMS_E_STOPPED, "stopped", mailbox_enter(&other, 4, &err));
	atomic_store(&q.is_stopped, false);
	mailbox_leave(&k);
	mms_budget_keeper_release(&k);
	OK(mailbox_enter(&other, 4, &err));
	mms_budget_keeper_release(&other);
	mailbox_end(&p);
	mailbox_end(&q);
}

static void
a_dry_run_counts_its_own_and_writes_nothing(void **state)
{
	struct mms_budget_keeper k, other;
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, NULL, ANN);
	p.worker.provider_env.max_ms = 200;
	mailbox_open_keeper(&p, &k);
	mailbox_open_keeper(&p, &other);
	uint64_t before = mms_pool_n_statements(mailbox_site()->pool);
	OK(mailbox_enter(&k, 3, &err));
	FAILS(MMS_E_WAIT, "at the same time", mailbox_enter(&other, 2, &err));
	OK(mailbox_enter(&other, 1, &err));
	mms_budget_keeper_release(&k);
	mms_budget_keeper_release(&other);
	beat(&p);
	assert_int_equal(mms_pool_n_statements(mailbox_site()->pool) - before, 0);
	assert_int_equal(
		mms_test_ask_i64(&mailbox_site()->server, "SELECT COUNT(*) FROM mmsync_slot"),
		0);
	mailbox_end(&p);
}

/* ---- what goes wrong ------------------------------------------------------------------------ */

static void
a_beat_keeps_what_a_long_request_holds(void **state)
{
	struct mms_budget_keeper k, idle;
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	mailbox_open_keeper(&p, &k);
	OK(mailbox_enter(&k, 1, &err));
	mailbox_age(58);
	beat(&p);
	mailbox_age(58);
	beat(&p);
	assert_int_equal(mms_test_ask_i64(&mailbox_site()->server,
					  "SELECT COUNT(*) FROM mmsync_slot WHERE "
					  "held_until > UTC_TIMESTAMP(6) + INTERVAL "
					  "55 SECOND AND holder = 'p'"),
			 1);
	/* What an unanswered statement took is not kept for good ... */
	mms_test_sql(&mailbox_site()->server,
		     "UPDATE mmsync_slot SET holder = 'p', held_until = "
		     "UTC_TIMESTAMP(6) + INTERVAL 50 SECOND WHERE slot > 2");
	beat(&p);
	assert_int_equal(mailbox_n_held(), 1);
	/* ... nor what a session holds that has nothing to ask. */
	mailbox_leave(&k);
	assert_int_equal(mailbox_n_held(), 1);
	beat(&p);
	assert_int_equal(mailbox_n_held(), 1);
	mms_clock_sleep_ms(2100);
	beat(&p);
	assert_int_equal(mailbox_n_held(), 0);
	mailbox_open_keeper(&p, &idle);
	OK(mailbox_enter(&idle, 1, &err));
	assert_int_equal(mailbox_n_held(), 1);
	mms_budget_keeper_release(&idle);
	mms_budget_keeper_release(&k);
	assert_int_equal(mailbox_n_held(), 0);
	mailbox_end(&p);
}

/* A process that slept for too long has lost its slots: others may send, and it waits as all do. */
static void
what_was_lost_is_taken_again(void **state)
{
	struct mms_budget_keeper k;
	struct mailbox_process p;

	(void)state;
	mailbox_begin(&p, "p", ANN);
	p.worker.provider_env.max_ms = 300;
	mailbox_open_keeper(&p, &k);
	OK(mailbox_enter(&k, 1, &err));
	mailbox_leave(&k);
	mms_test_sql(&mailbox_site()->server,
		     "UPDATE mmsync_slot SET holder = 'q', held_until = "
		     "UTC_TIMESTAMP(6) + INTERVAL 50 SECOND");
	beat(&p);
	FAILS(MMS_E_WAIT, "others have them", mailbox_enter(&k, 1, &err));
	assert_int_equal(mms_test_ask_i64(&mailbox_site()->server, HELD " AND holder = 'q'"),
			 4);
	mailbox_age(66);
	OK(mailbox_enter(&k, 1, &err));
	mms_budget_keeper_release(&k);
	mailbox_end(&p);
}

/* A session of a single request and a batch, with the n-th visit of a fault point failing. */
static void
play_with_fault(enum mms_fault_kind kind, unsigned long n)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_budget_keeper k;
	struct mailbox_process p;
	char fault[64], never[64];

	(void)snprintf(fault, sizeof fault, "%s:%lu", mms_fault_name(kind),
		       mms_fault_count(kind) + n);
	(void)snprintf(never, sizeof never, "%s:1000000000", mms_fault_name(kind));
	mailbox_begin(&p, "p", ANN);
	mailbox_open_keeper(&p, &k);
	assert_true(mms_fault_arm_text(fault));
	for (unsigned width = 1; width <= LIMIT; width += LIMIT - 1) {
		mms_rc rc = mailbox_enter(&k, width, &err);
		mms_err_release(&err);
		if (rc == MMS_OK)
			mailbox_leave(&k);
		else if (rc != MMS_E_RETRY && rc != MMS_E_DB)
			fail_msg("%s: %s", fault, mms_rc_name(rc));
	}
	mms_budget_keeper_release(&k);
	assert_true(mms_fault_arm_text(never));
	if (mailbox_n_held() != 0)
		fail_msg("%s %lu: %lld slots are still held", mms_fault_name(kind), n,
			 (long long)mailbox_n_held());
	mailbox_end(&p);
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
			(void)mailbox_close_pool(
				state); /* what was prepared is prepared anew */
			(void)mailbox_open_pool(state);
			play_with_fault(kinds[i], n);
		}
	}
}

/* The database did it each time, and never said so. */
static void
what_was_taken_without_an_answer_is_given_back(void **state)
{
	struct mms_budget_keeper k;
	struct mailbox_process p;
	char fault[64];

	(void)state;
	if (!mms_fault_arm_text("stmt-after:1000000000"))
		skip();
	mailbox_begin(&p, "p", ANN);
	mailbox_open_keeper(&p, &k);
	OK(mailbox_enter(&k, LIMIT, &err)); /* the mailbox gets its rows */
	mailbox_leave(&k);
	assert_int_equal(mailbox_n_held(), 0);
	(void)snprintf(fault, sizeof fault, "stmt-after:%lu:sticky",
		       mms_fault_count(MMS_FAULT_STMT_AFTER) + 1);
	assert_true(mms_fault_arm_text(fault));
	FAILS(MMS_E_RETRY, "", mailbox_enter(&k, 3, &err));
	assert_true(mms_fault_arm_text("stmt-after:1000000000"));
	assert_int_equal(mailbox_n_held(), 3);
	mms_budget_keeper_release(&k);
	assert_int_equal(mailbox_n_held(), 0);
	mailbox_end(&p);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, mailbox_open_pool, mailbox_close_pool)
	static const struct CMUnitTest tests[] = {
		T(four_are_given_and_no_more_and_twice_the_same_is_once),
		T(a_lower_limit_is_kept),
		T(the_databases_clock_ends_what_nobody_renews),
		T(who_waits_longest_is_the_heir_until_it_is_silent),
		T(each_service_has_its_own_limits),
		T(a_session_costs_two_statements_however_many_requests),
		T(a_session_that_fails_within_a_request_holds_nothing),
		T(mailboxes_do_not_hold_each_other_up),
		T(a_long_wait_is_said_a_stop_is_noticed),
		T(a_dry_run_counts_its_own_and_writes_nothing),
		T(a_beat_keeps_what_a_long_request_holds),
		T(what_was_lost_is_taken_again),
		T(no_fault_leaves_a_slot_held),
		T(what_was_taken_without_an_answer_is_given_back),
	};

	return cmocka_run_group_tests(tests, mailbox_start, mailbox_stop);
}

/* Processes that share a mailbox (see the header). */
#include "support/mailbox.h"

#include "support/unit.h"

#include <stdio.h>

#include "support/dbcheck.h"
#include "support/schema.h"

struct mailbox_site *
mailbox_site(void)
{
	static struct mailbox_site site;

	return &site;
}

int
mailbox_start(void **state)
{
	(void)state;
	(void)mms_test_server_start(&mailbox_site()->server, NULL);
	mms_test_make_schema(&mailbox_site()->server);
	return 0;
}

int
mailbox_stop(void **state)
{
	(void)state;
	return mms_test_server_stop(&mailbox_site()->server);
}

int
mailbox_open_pool(void **state)
{
	struct mailbox_site *site = mailbox_site();

	(void)state;
	mms_test_sql(&site->server, "DELETE FROM mmsync_slot; DELETE FROM mmsync_budget");
	OK(mms_pool_open(&site->pool, &site->server.settings, 16, &err));
	return 0;
}

int
mailbox_close_pool(void **state)
{
	struct mailbox_site *site = mailbox_site();

	(void)state;
	mms_pool_close(site->pool);
	site->pool = NULL;
	return 0;
}

int64_t
mailbox_n_held(void)
{
	return mms_test_ask_i64(&mailbox_site()->server, HELD);
}

void
mailbox_age(int seconds)
{
	mms_test_sql(&mailbox_site()->server,
		     "UPDATE mmsync_slot SET held_until = held_until - INTERVAL %d SECOND, "
		     "heir_since = heir_since - INTERVAL %d SECOND, "
		     "heir_until = heir_until - INTERVAL %d SECOND",
		     seconds, seconds, seconds);
}

void
mailbox_begin(struct mailbox_process *p, const char *holder, const char *user)
{
	struct mms_pool *pool = mailbox_site()->pool;

	*p = (struct mailbox_process){
		.source.integration.user = (char *)(uintptr_t)user,
		.clock = { .is_fixed = true, .fixed_ms = 1000000 },
	};
	p->env = (struct mms_sync_env){ .pool = pool, .site = &p->site, .clock = &p->clock };
	p->worker.env = &p->env;
	p->worker.provider_env =
		(struct mms_provider_env){ .max_ms = 30000, .is_stopped = &p->is_stopped };
	if (holder != NULL)
		(void)snprintf(p->owner.token, sizeof p->owner.token, "%s", holder);
	OK(mms_gates_new(&p->gates, pool, holder != NULL ? &p->owner : NULL, &err));
	p->worker.gates = p->gates;
}

void
mailbox_end(struct mailbox_process *p)
{
	mms_digest_release(&p->worker.digest);
	mms_gates_free(p->gates);
}

void
mailbox_open_keeper(struct mailbox_process *p, struct mms_budget_keeper *k)
{
	OK(mms_budget_keeper_open(k, &p->worker, &p->source,
				  mms_provider_find("Outlook Calendar"), false, &err));
}

mms_rc
mailbox_enter(struct mms_budget_keeper *k, unsigned n, struct mms_err *err)
{
	return k->port.enter(k->port.aux, n, err);
}

void
mailbox_leave(struct mms_budget_keeper *k)
{
	k->port.leave(k->port.aux);
}

void
mailbox_expect(const char *label, int64_t is, int64_t min, int64_t max)
{
	if (is < min || is > max)
		fail_msg("%s: %lld, not %lld to %lld", label, (long long)is, (long long)min,
			 (long long)max);
}

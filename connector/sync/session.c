/* Sessions as turns and the outbox need them (see the header). */
#include "session.h"

#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"

/* The zone of the integration's owner, for all-day and floating times. */
static mms_rc
find_day_zone(struct mms_worker *w, const struct mms_source *source,
	      struct mms_calendar *calendar, struct mms_err *err)
{
	const struct mms_sync_env *env = w->env;
	MMS_AUTO(mms_lent) lent = { 0 };
	char *name = NULL;

	calendar->day_zone = w->site_zone;
	if (source->integration.user == NULL)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_settings_load_user_zone(lent.db, env->columns, env->settings,
						 source->integration.user, &name,
						 &calendar->is_day_zone_own, err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_zones_find(w->zones, name, &calendar->day_zone, err);
	mms_free(name);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err); /* a zone that does not exist: the site's stands in */
	calendar->day_zone = w->site_zone;
	calendar->is_day_zone_own = false;
	return MMS_OK;
}

/* What a service needs that a feed does not. */
static mms_rc
open_keepers(struct mms_worker *w, struct mms_source *source, struct mms_lease *lease,
	     struct mms_open_session *s, struct mms_err *err)
{
	const struct mms_config *config = &w->env->site->config;

	if (!(s->provider->caps & MMS_CAP_WRITE))
		return MMS_OK;
	const struct mms_config_client *service = mms_config_service(config, s->provider->name);
	s->calendar.api_base = service != NULL ? service->api_base : NULL;
	mms_rc rc =
		mms_budget_keeper_open(&s->budget, w, source, s->provider, lease == NULL, err);
	if (rc == MMS_OK)
		rc = mms_token_keeper_open(&s->tokens, w, source, lease, s->provider, err);
	s->calendar.budget = mms_budget_keeper_port(&s->budget);
	s->calendar.tokens = mms_token_keeper_port(&s->tokens);
	return rc;
}

/* A lease is believed to be ours so long after it was renewed: a request may take its time of what is left. */
static int64_t
trusted_ms(const struct mms_worker *w)
{
	int64_t left_ms = (MMS_LEASE_S - w->env->site->config.http_timeout_s) * INT64_C(1000);

	return left_ms > 0 ? left_ms : 0;
}

/*
 * Before something leaves that may change a calendar. The thread that renews leases tells how old this one is; who
 * has stood still since, or has waited before it tries again, asks the database: another may have the calendar by now.
 */
static mms_rc
ask_lease(void *aux, bool is_again, struct mms_err *err)
{
	struct mms_open_session *s = aux;
	const struct mms_lease_owner *owner = s->lease->owner;
	unsigned long gaps = atomic_load(&owner->gaps);
	int64_t renewed_ms = atomic_load(&owner->renewed_boot_ms), now_ms = mms_clock_boot_ms();

	if (s->asked_boot_ms > renewed_ms)
		renewed_ms = s->asked_boot_ms;
	if (mms_fault_is_sabotaged(MMS_SABOTAGE_LEASE_TRUSTED) ||
	    (!is_again && gaps == s->gaps && now_ms - renewed_ms < trusted_ms(s->worker)))
		return MMS_OK;
	mms_rc rc = mms_lease_tx_run(s->worker, s->lease, NULL, NULL, err);
	if (rc == MMS_OK) {
		s->gaps = gaps;
		s->asked_boot_ms = now_ms;
	}
	return rc;
}

/* The lease is as good as its last renewal, which the claim is or comes after. */
static void
guard_writes(struct mms_open_session *s, struct mms_worker *w, struct mms_lease *lease)
{
	s->worker = w;
	s->lease = lease;
	if (lease == NULL)
		return;
	s->gaps = atomic_load(&lease->owner->gaps);
	w->provider_env.guard = (struct mms_write_guard){ .ask = ask_lease, .aux = s };
}

mms_rc
mms_session_open(struct mms_worker *w, struct mms_source *source, struct mms_lease *lease,
		 struct mms_open_session *out, struct mms_err *err)
{
	const struct mms_integration *in = &source->integration;

	*out = (struct mms_open_session){ .provider = mms_provider_find(in->type),
					  .calendar = { .integration = in->name,
							.user = in->user,
							.calendar_id = in->calendar_id,
							.url = in->ical_url,
							.site = w->has_site ? w->site
									    : NULL } };
	if (out->provider == NULL || out->provider->ops == NULL)
		return mms_fail(err, MMS_E_CONFIG,
				"'%s' is not a kind of calendar that this version syncs",
				in->type != NULL ? in->type : "");
	mms_rc rc = find_day_zone(w, source, &out->calendar, err);
	if (rc == MMS_OK)
		rc = open_keepers(w, source, lease, out, err);
	guard_writes(out, w, lease);
	if (rc == MMS_OK)
		rc = out->provider->ops->open(&out->session, &w->provider_env, &out->calendar,
					      err);
	if (rc != MMS_OK) {
		mms_session_close(out);
		return rc;
	}
	((struct mms_session_base *)out->session)->provider = out->provider;
	return MMS_OK;
}

void
mms_session_close(struct mms_open_session *s)
{
	if (s == NULL || s->provider == NULL)
		return;
	if (s->session != NULL)
		s->provider->ops->close(s->session);
	mms_token_keeper_release(&s->tokens);
	mms_budget_keeper_release(&s->budget);
	if (s->worker != NULL)
		s->worker->provider_env.guard = (struct mms_write_guard){ 0 };
	*s = (struct mms_open_session){ 0 };
}

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

/* Who has asked so lately need not ask again: what comes between is not worth a statement. */
#define TRUSTED_MS 1000

/*
 * Before something leaves that may change a calendar. Who has stood still since the lease was asked for, or has waited
 * before it tries again, asks the database: another may have the calendar by now.
 */
static mms_rc
ask_lease(void *aux, bool is_again, struct mms_err *err)
{
	struct mms_open_session *s = aux;
	int64_t age_ms = mms_clock_boot_ms() - s->lease->touched_boot_ms;

	if (mms_fault_is_sabotaged(MMS_SABOTAGE_LEASE_TRUSTED) ||
	    (!is_again && age_ms >= 0 && age_ms < TRUSTED_MS))
		return MMS_OK;
	return mms_lease_tx_run(s->worker, s->lease, NULL, NULL, err);
}

static void
guard_writes(struct mms_open_session *s, struct mms_worker *w, struct mms_lease *lease)
{
	s->worker = w;
	s->lease = lease;
	if (lease != NULL)
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

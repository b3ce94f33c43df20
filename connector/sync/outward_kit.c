/* A worker and its calendars for commands that are no sync (see the header). */
#include "outward_kit.h"

#include <string.h>

#include "block_phase.h"
#include "breaker.h"
#include "choose.h"
#include "gates.h"
#include "mmsync/schema.h"
#include "mmsync/uuid.h"

void
mms_outward_kit_release(struct mms_outward_kit *kit)
{
	if (kit == NULL)
		return;
	mms_heartbeat_stop(kit->heartbeat);
	mms_breakers_free(kit->breakers);
	mms_gates_free(kit->gates);
	mms_sources_release(&kit->sources);
	mms_digest_release(&kit->worker.digest);
	mms_email_free(kit->worker.email);
	mms_provider_env_release(&kit->worker.provider_env);
	mms_zones_free(kit->worker.zones);
}

mms_rc
mms_outward_site(const struct mms_sync_env *env, unsigned char out[16], struct mms_err *err)
{
	MMS_AUTO(mms_installation) installation = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_installation_load(lent.db, env->site, &installation, err);
	if (rc != MMS_OK)
		return rc;
	if (installation.is_elsewhere) {
		mms_fail(err, MMS_E_CONFIG,
			 "this site is a copy, or was moved: it was set up in database %s, "
			 "folder %s; nothing is written to people's calendars from here",
			 installation.bound_database, installation.bound_dir);
		return mms_hint(err, "say which it is: mmsync --site %s schema adopt --help",
				env->site->dir);
	}
	if (!mms_uuid_parse(installation.site_uuid, out))
		return mms_fail(err, MMS_E_DB, "mmsync_installation.site_uuid is not a UUID");
	return MMS_OK;
}

mms_rc
mms_outward_kit_begin(struct mms_outward_kit *kit, const struct mms_sync_env *env,
		      const struct mms_sync_options *options, struct mms_err *err)
{
	struct mms_worker *w = &kit->worker;

	kit->options = *options;
	w->env = env;
	w->options = &kit->options;
	kit->o = (struct mms_outward){ .worker = w, .now_ms = mms_clock_now_ms(env->clock) };
	mms_rc rc = mms_zones_new(&w->zones, err);
	if (rc == MMS_OK)
		rc = mms_choose_zones(env, w->zones, &w->event_zone, &w->site_zone, err);
	if (rc == MMS_OK)
		rc = mms_outward_site(env, kit->o.site_uuid, err);
	if (rc == MMS_OK)
		rc = mms_email_new(&w->email, true, err);
	if (rc == MMS_OK)
		rc = mms_uuid_new(kit->o.now_ms, w->run, err);
	memcpy(w->site, kit->o.site_uuid, sizeof w->site);
	w->has_site = rc == MMS_OK;
	return rc;
}

/* In a dry run nothing of them is written. */
static mms_rc
load_sources(struct mms_outward_kit *kit, struct mms_err *err)
{
	const struct mms_sync_env *env = kit->worker.env;
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_sources_load(lent.db, &kit->sources, err);
	if (rc == MMS_OK && !kit->options.is_dry)
		rc = mms_sources_settle(lent.db, &kit->sources, err);
	kit->o.sources = &kit->sources;
	return rc == MMS_OK ? mms_block_mark_sources(env, lent.db, &kit->sources, err) : rc;
}

mms_rc
mms_outward_kit_connect(struct mms_outward_kit *kit, struct mms_err *err)
{
	struct mms_worker *w = &kit->worker;
	const struct mms_sync_env *env = w->env;

	w->provider_env = (struct mms_provider_env){
		.zones = w->zones,
		.clock = env->clock,
		.is_stopped = env->is_stopped,
		.spool_dir = env->spool_dir,
		.deadline_mono_ms = kit->options.deadline_mono_ms,
	};
	mms_rc rc = mms_provider_env_open(&w->provider_env, &env->site->config, err);
	if (rc == MMS_OK && !kit->options.is_dry)
		rc = mms_heartbeat_start(&kit->heartbeat, &env->site->db, err);
	if (rc == MMS_OK)
		rc = mms_gates_start(&kit->gates, env->pool, kit->heartbeat, err);
	if (rc != MMS_OK)
		return rc;
	w->gates = kit->gates;
	w->owner = kit->options.is_dry ? NULL : mms_heartbeat_owner(kit->heartbeat);
	return load_sources(kit, err);
}

mms_rc
mms_outward_kit_watch(struct mms_outward_kit *kit, struct mms_err *err)
{
	mms_rc rc = mms_breakers_new(&kit->breakers, kit->worker.env->pool, &kit->sources, err);

	kit->worker.breakers = kit->breakers;
	return rc;
}

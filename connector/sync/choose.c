/* Which integrations a run is about, and in which zones it reads and writes. */
#include "choose.h"

#include <string.h>

#include "mmsync/due.h"

/* ---- the zone of stored times -------------------------------------------------------------- */

mms_rc
mms_choose_zones(const struct mms_sync_env *env, struct mms_zones *zones,
		 const struct mms_zone **event_zone, const struct mms_zone **site_zone,
		 struct mms_err *err)
{
	const char *site_name = env->settings->time_zone;
	const char *setting = env->site->config.event_time_zone;
	const char *event_name = strcmp(setting, "site") == 0 ? site_name : setting;

	mms_rc rc = mms_settings_check_zone(env->settings, &env->site->config, err);
	if (rc == MMS_OK)
		rc = mms_zones_find(zones, event_name, event_zone, err);
	if (rc == MMS_OK)
		rc = mms_zones_find(zones, site_name, site_zone, err);
	if (rc != MMS_E_GONE)
		return rc;
	err->code = MMS_E_CONFIG;
	return mms_hint(err, "check System Settings.time_zone and mmsync.event_time_zone");
}

/* ---- choosing ------------------------------------------------------------------------------ */

mms_rc
mms_choose_check(const struct mms_sync_env *env, const struct mms_sync_options *o,
		 struct mms_sources *sources, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	const struct mms_names names = { .integrations = o->integrations,
					 .n_integrations = o->n_integrations,
					 .users = o->users,
					 .n_users = o->n_users };
	mms_rc rc = MMS_OK;

	if (o->n_integrations + o->n_users > 0)
		rc = mms_pool_lend(env->pool, &lent, err);
	return rc == MMS_OK ? mms_sources_choose(lent.db, sources, &names, err) : rc;
}

bool
mms_choose_is_wanted(const struct mms_sync_options *o, const struct mms_source *source,
		     int64_t now_ms)
{
	if (o->n_integrations > 0 && !source->is_named)
		return false;
	if (o->n_users > 0 && !source->is_of_user)
		return false;
	if (!source->integration.is_active)
		return o->n_integrations > 0; /* named: it is told that it is not active */
	int64_t at_ms;
	enum mms_due due = mms_due_find(source, now_ms, &at_ms);
	/* What a circuit keeps from its turn is told. */
	return !o->only_due || due == MMS_DUE_NOW || due == MMS_DUE_CIRCUIT;
}

/* Which integrations a run is about, and in which zones it reads and writes. */
#include "choose.h"

#include <string.h>

#include "mmsync/near.h"

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

static mms_rc
unknown_name(const char *what, const char *name, const struct mms_sources *sources,
	     bool is_user, struct mms_err *err)
{
	const char *best = NULL;
	size_t best_distance = 99;

	for (size_t i = 0; i < sources->n; i++) {
		const struct mms_integration *in = &sources->items[i].integration;
		const char *known = is_user ? in->user : in->name;
		size_t d = known != NULL ? mms_near_distance(name, known) : 99;
		if (d < best_distance && mms_near_enough(name, known)) {
			best = known;
			best_distance = d;
		}
	}
	mms_fail(err, MMS_E_USAGE, "there is no %s '%s'", what, name);
	return best != NULL ? mms_hint(err, "did you mean '%s'?", best) : MMS_E_USAGE;
}

static mms_rc
wrong_user(const struct mms_integration *in, struct mms_err *err)
{
	mms_fail(err, MMS_E_USAGE, "integration %s belongs to %s, not to a user that is named",
		 in->name, in->user != NULL ? in->user : "nobody");
	return mms_hint(err, "give --integration or --user, not both");
}

/* Every name that was asked for must exist; a user without any integration does, too. */
mms_rc
mms_choose_check(const struct mms_sync_env *env, const struct mms_sync_options *o,
		 struct mms_sources *sources, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	size_t n_found = 0;
	mms_rc rc = MMS_OK;

	if (o->n_integrations + o->n_users > 0)
		rc = mms_pool_lend(env->pool, &lent, err);
	for (size_t k = 0; rc == MMS_OK && k < o->n_integrations; k++) {
		rc = mms_sources_choose_name(lent.db, sources, o->integrations[k], &n_found,
					     err);
		if (rc == MMS_OK && n_found == 0)
			rc = unknown_name("integration", o->integrations[k], sources, false,
					  err);
	}
	for (size_t k = 0; rc == MMS_OK && k < o->n_users; k++) {
		rc = mms_sources_choose_user(lent.db, sources, o->users[k], &n_found, err);
		if (rc == MMS_OK && n_found == 0)
			rc = mms_users_find(lent.db, o->users[k], err);
		if (rc == MMS_E_GONE)
			rc = unknown_name("user", o->users[k], sources, true, err);
	}
	for (size_t i = 0; rc == MMS_OK && o->n_users > 0 && i < sources->n; i++) {
		if (sources->items[i].is_named && !sources->items[i].is_of_user)
			rc = wrong_user(&sources->items[i].integration, err);
	}
	return rc;
}

bool
mms_choose_is_wanted(const struct mms_sync_options *o, const struct mms_source *source,
		     int64_t now_ms)
{
	const struct mms_integration *in = &source->integration;
	const struct mms_cursor *c = &source->cursor;

	if (o->n_integrations > 0 && !source->is_named)
		return false;
	if (o->n_users > 0 && !source->is_of_user)
		return false;
	if (!in->is_active)
		return o->n_integrations > 0; /* named: it is told that it is not active */
	if (!o->only_due)
		return true;
	if (!in->is_auto ||
	    (c->id != 0 && c->wait_until_ms != MMS_NO_TIME && c->wait_until_ms > now_ms))
		return false;
	/* What a worker died over is gone on with at once. */
	return c->is_abandoned ||
	       mms_integration_is_due(in, c->id != 0 ? c->last_attempt_ms : MMS_NO_TIME,
				      now_ms);
}

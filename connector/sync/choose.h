/* Choosing what a run is about. Private to sync/. */
#ifndef SYNC_CHOOSE_H
#define SYNC_CHOOSE_H

#include "mmsync/cursors.h"
#include "mmsync/sync.h"
#include "mmsync/zone.h"

/*
 * The zone of stored times and the site's. Errors: CONFIG (not settled, or no such zone).
 * Borrows: from zones.
 */
mms_rc mms_choose_zones(const struct mms_sync_env *env, struct mms_zones *zones,
			const struct mms_zone **event_zone, const struct mms_zone **site_zone,
			struct mms_err *err) MMS_MUST_CHECK;

/*
 * Mark what was asked for by name. Every name must exist, as the database compares names.
 * Errors: USAGE, with the nearest known name.
 */
mms_rc mms_choose_check(const struct mms_sync_env *env, const struct mms_sync_options *o,
			struct mms_sources *sources, struct mms_err *err) MMS_MUST_CHECK;

/* Is this integration part of the run? */
bool mms_choose_is_wanted(const struct mms_sync_options *options,
			  const struct mms_source *source, int64_t now_ms);

#endif

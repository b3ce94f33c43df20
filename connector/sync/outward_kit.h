/*
 * What a command needs that writes to calendars and is no sync: a worker, the site's calendars, connections.
 * Private to sync/.
 */
#ifndef SYNC_OUTWARD_KIT_H
#define SYNC_OUTWARD_KIT_H

#include "heartbeat.h"
#include "outward.h"

/* All zero is empty. Its parts know each other: it must not move once it is begun. */
struct mms_outward_kit {
	struct mms_sync_options options; /* what sessions ask of their worker */
	struct mms_worker worker;
	struct mms_outward o;
	struct mms_sources sources;
	struct mms_heartbeat *heartbeat;
	struct mms_gates *gates;
	struct mms_breakers *breakers; /* mms_outward_kit_watch() */
};
void mms_outward_kit_release(struct mms_outward_kit *kit);

/* A worker and the site that it is of; nothing is asked of the calendars. Errors: CONFIG (a restored copy; zones), DB, NOMEM. */
mms_rc mms_outward_kit_begin(struct mms_outward_kit *kit, const struct mms_sync_env *env,
			     const struct mms_sync_options *options,
			     struct mms_err *err) MMS_MUST_CHECK;
/* Connections to services, the site's calendars and, but in a dry run, a heartbeat for leases. */
mms_rc mms_outward_kit_connect(struct mms_outward_kit *kit, struct mms_err *err) MMS_MUST_CHECK;
/* After it: calendars whose circuits are open are passed by, failures are counted. */
mms_rc mms_outward_kit_watch(struct mms_outward_kit *kit, struct mms_err *err) MMS_MUST_CHECK;

#endif

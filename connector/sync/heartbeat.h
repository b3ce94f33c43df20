/* The thread that renews a process's leases and slots. Private to sync/. */
#ifndef SYNC_HEARTBEAT_H
#define SYNC_HEARTBEAT_H

#include "mmsync/cursors.h"
#include "gates.h"

struct mms_heartbeat;

/*
 * Open a connection of its own, make the owner of all leases of this run, and renew them every
 * third of a lease until it is stopped. Owns: *out, mms_heartbeat_stop(). Keeps: settings.
 * Errors: DB, RETRY, NOMEM.
 */
mms_rc mms_heartbeat_start(struct mms_heartbeat **out, const struct mms_db_settings *settings,
			   struct mms_err *err) MMS_MUST_CHECK;
void mms_heartbeat_stop(struct mms_heartbeat *heartbeat);
/*
 * The gates of the process, whose slots are renewed with its leases; without a heartbeat those of a dry run.
 * Owns: *out, to be freed after the heartbeat was stopped. Errors: NOMEM.
 */
mms_rc mms_gates_start(struct mms_gates **out, struct mms_pool *pool,
		       struct mms_heartbeat *heartbeat, struct mms_err *err) MMS_MUST_CHECK;
/* Borrows: as long as the heartbeat. */
struct mms_lease_owner *mms_heartbeat_owner(struct mms_heartbeat *heartbeat);

#endif

/*
 * Leases are renewed from a thread with a connection of its own: a worker may wait for a
 * calendar service as long as it must. When this process dies, the connection goes with it,
 * and other workers see at once that its leases are free.
 */
#include "heartbeat.h"

#include <pthread.h>

#include "mmsync/clock.h"
#include "mmsync/mem.h"
#include "patience.h"

struct mms_heartbeat {
	pthread_t thread;
	struct mms_wake wake; /* the lock of the next two */
	bool is_stopping;
	struct mms_gates *gates;         /* NULL: none yet */
	struct mms_db_settings settings; /* texts are borrowed */
	struct mms_db *db;
	struct mms_lease_owner owner;
};

/* Wait a third of a lease; true when it is time to stop. */
static bool
wait_for_beat(struct mms_heartbeat *h)
{
	int64_t at_ms = mms_clock_mono_ms() + MMS_LEASE_S * 1000 / 3;

	mms_wake_lock(&h->wake);
	while (!h->is_stopping && mms_clock_mono_ms() < at_ms)
		mms_wake_wait(&h->wake, at_ms);
	bool is_stopping = h->is_stopping;
	mms_wake_unlock(&h->wake);
	return is_stopping;
}

static void *
beat(void *aux)
{
	struct mms_heartbeat *h = aux;

	while (!wait_for_beat(h)) {
		MMS_AUTO(mms_err) ignored = { 0 };
		/* A beat that fails is made up by the next: a lease lasts three of them, and a
		 * worker whose lease is lost finds out at its next write. */
		if (mms_lease_renew(h->db, &h->owner, &ignored) == MMS_OK &&
		    atomic_load(&h->owner.connection) != 0)
			atomic_store(&h->owner.connection, mms_db_connection_id(h->db));
		mms_wake_lock(&h->wake);
		struct mms_gates *gates = h->gates;
		mms_wake_unlock(&h->wake);
		if (gates != NULL)
			mms_gates_beat(gates, h->db);
	}
	return NULL;
}

mms_rc
mms_heartbeat_start(struct mms_heartbeat **out, const struct mms_db_settings *settings,
		    struct mms_err *err)
{
	struct mms_heartbeat *h = mms_alloc(sizeof *h);

	if (h == NULL)
		return mms_fail_nomem(err);
	h->settings = *settings;
	h->settings.is_watched = true;
	mms_rc rc = mms_wake_init(&h->wake, err);
	if (rc != MMS_OK) {
		mms_free(h);
		return rc;
	}
	rc = mms_db_open(&h->db, &h->settings, err);
	if (rc == MMS_OK)
		rc = mms_lease_owner_make(h->db, &h->owner, err);
	if (rc == MMS_OK && pthread_create(&h->thread, NULL, beat, h) != 0)
		rc = mms_fail(err, MMS_E_NOMEM, "no thread for the heartbeat");
	if (rc != MMS_OK) {
		mms_db_close(h->db);
		mms_wake_release(&h->wake);
		mms_free(h);
		return rc;
	}
	*out = h;
	return MMS_OK;
}

void
mms_heartbeat_stop(struct mms_heartbeat *heartbeat)
{
	if (heartbeat == NULL)
		return;
	mms_wake_lock(&heartbeat->wake);
	heartbeat->is_stopping = true;
	mms_wake_all(&heartbeat->wake);
	mms_wake_unlock(&heartbeat->wake);
	(void)pthread_join(heartbeat->thread, NULL);
	mms_db_close(heartbeat->db);
	mms_wake_release(&heartbeat->wake);
	mms_free(heartbeat);
}

mms_rc
mms_gates_start(struct mms_gates **out, struct mms_pool *pool, struct mms_heartbeat *heartbeat,
		struct mms_err *err)
{
	mms_rc rc = mms_gates_new(out, pool, heartbeat != NULL ? &heartbeat->owner : NULL, err);

	if (rc != MMS_OK || heartbeat == NULL)
		return rc;
	mms_wake_lock(&heartbeat->wake);
	heartbeat->gates = *out;
	mms_wake_unlock(&heartbeat->wake);
	return MMS_OK;
}

struct mms_lease_owner *
mms_heartbeat_owner(struct mms_heartbeat *heartbeat)
{
	return &heartbeat->owner;
}

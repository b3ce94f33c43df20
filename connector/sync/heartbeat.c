/*
 * Leases are renewed from a thread with a connection of its own: a worker may wait for a
 * calendar service as long as it must. When this process dies, the connection goes with it,
 * and other workers see at once that its leases are free.
 */
#include "heartbeat.h"

#include <pthread.h>
#include <time.h>

#include "mmsync/clock.h"
#include "mmsync/mem.h"

struct mms_heartbeat {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_stopping;
	struct mms_db_settings settings; /* texts are borrowed */
	struct mms_db *db;
	struct mms_lease_owner owner;
};

/* Wait a third of a lease; true when it is time to stop. */
static bool
wait_for_beat(struct mms_heartbeat *h)
{
	int64_t at_ms = mms_clock_mono_ms() + MMS_LEASE_S * 1000 / 3;
	struct timespec until = { .tv_sec = (time_t)(at_ms / 1000),
				  .tv_nsec = (long)(at_ms % 1000) * 1000000L };

	(void)pthread_mutex_lock(&h->lock);
	while (!h->is_stopping && mms_clock_mono_ms() < at_ms)
		(void)pthread_cond_timedwait(&h->wake, &h->lock, &until);
	bool is_stopping = h->is_stopping;
	(void)pthread_mutex_unlock(&h->lock);
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
	}
	return NULL;
}

static mms_rc
init_wake(struct mms_heartbeat *h, struct mms_err *err)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr) != 0)
		return mms_fail_nomem(err);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	int failed = pthread_mutex_init(&h->lock, NULL) | pthread_cond_init(&h->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	return failed != 0 ? mms_fail_nomem(err) : MMS_OK;
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
	mms_rc rc = init_wake(h, err);
	if (rc == MMS_OK)
		rc = mms_db_open(&h->db, &h->settings, err);
	if (rc == MMS_OK)
		rc = mms_lease_owner_make(h->db, &h->owner, err);
	if (rc == MMS_OK && pthread_create(&h->thread, NULL, beat, h) != 0)
		rc = mms_fail(err, MMS_E_NOMEM, "no thread for the heartbeat");
	if (rc != MMS_OK) {
		mms_db_close(h->db);
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
	(void)pthread_mutex_lock(&heartbeat->lock);
	heartbeat->is_stopping = true;
	(void)pthread_cond_signal(&heartbeat->wake);
	(void)pthread_mutex_unlock(&heartbeat->lock);
	(void)pthread_join(heartbeat->thread, NULL);
	mms_db_close(heartbeat->db);
	(void)pthread_mutex_destroy(&heartbeat->lock);
	(void)pthread_cond_destroy(&heartbeat->wake);
	mms_free(heartbeat);
}

struct mms_lease_owner *
mms_heartbeat_owner(struct mms_heartbeat *heartbeat)
{
	return &heartbeat->owner;
}

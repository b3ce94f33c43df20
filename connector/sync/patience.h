/* Waiting that notices a stop, ends in time, and is the same for all who wait. Private to sync/. */
#ifndef SYNC_PATIENCE_H
#define SYNC_PATIENCE_H

#include <pthread.h>

#include "turn.h"

/* Sleep in slices; what is waited for stands in the text. Errors: STOPPED. */
mms_rc mms_patience_sleep(const struct mms_provider_env *env, int64_t ms, const char *what,
			  struct mms_err *err) MMS_MUST_CHECK;
/* A random number, so that those who wait for the same do not come back together. */
uint32_t mms_patience_noise(void);
/*
 * The instant to come back at, Unix ms, after a wait that is too long: to the minute, for people read
 * it, and two who ask in a row are told the same.
 */
int64_t mms_patience_end_ms(const struct mms_worker *worker, int64_t wait_ms);

/* A lock, and waiting under it by the monotonic clock. */
struct mms_wake {
	pthread_mutex_t lock;
	pthread_cond_t cond;
};
/* Errors: NOMEM. Release only what was made. */
mms_rc mms_wake_init(struct mms_wake *wake, struct mms_err *err) MMS_MUST_CHECK;
void mms_wake_release(struct mms_wake *wake);
void mms_wake_lock(struct mms_wake *wake);
void mms_wake_unlock(struct mms_wake *wake);
/* Under the lock: wait until the monotonic clock's instant, or until somebody says mms_wake_all(). */
void mms_wake_wait(struct mms_wake *wake, int64_t until_mono_ms);
void mms_wake_all(struct mms_wake *wake);

#endif

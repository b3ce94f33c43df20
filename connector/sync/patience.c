/* Waiting (see the header). */
#include "patience.h"

#include <time.h>

#include "mmsync/uuid.h"

#define SLICE_MS  200
#define MINUTE_MS INT64_C(60000)

mms_rc
mms_patience_sleep(const struct mms_provider_env *env, int64_t ms, const char *what,
		   struct mms_err *err)
{
	int64_t until = mms_clock_mono_ms() + ms;

	for (int64_t now = mms_clock_mono_ms(); now < until; now = mms_clock_mono_ms()) {
		if (mms_provider_is_stopped(env))
			return mms_fail(err, MMS_E_STOPPED, "stopped while waiting for %s",
					what);
		mms_clock_sleep_ms(until - now < SLICE_MS ? until - now : SLICE_MS);
	}
	return MMS_OK;
}

uint32_t
mms_patience_noise(void)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	uint32_t n = 0;

	(void)!mms_random(&n, sizeof n, &ignored);
	return n;
}

int64_t
mms_patience_end_ms(const struct mms_worker *worker, int64_t wait_ms)
{
	return (mms_clock_now_ms(worker->env->clock) + wait_ms + MINUTE_MS - 1) / MINUTE_MS *
	       MINUTE_MS;
}

mms_rc
mms_wake_init(struct mms_wake *wake, struct mms_err *err)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr) != 0)
		return mms_fail_nomem(err);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	int failed =
		pthread_mutex_init(&wake->lock, NULL) | pthread_cond_init(&wake->cond, &attr);
	(void)pthread_condattr_destroy(&attr);
	return failed != 0 ? mms_fail_nomem(err) : MMS_OK;
}

void
mms_wake_release(struct mms_wake *wake)
{
	(void)pthread_mutex_destroy(&wake->lock);
	(void)pthread_cond_destroy(&wake->cond);
}

void
mms_wake_lock(struct mms_wake *wake)
{
	(void)pthread_mutex_lock(&wake->lock);
}

void
mms_wake_unlock(struct mms_wake *wake)
{
	(void)pthread_mutex_unlock(&wake->lock);
}

void
mms_wake_wait(struct mms_wake *wake, int64_t until_mono_ms)
{
	struct timespec until = { .tv_sec = (time_t)(until_mono_ms / 1000),
				  .tv_nsec = (long)(until_mono_ms % 1000) * 1000000L };

	(void)pthread_cond_timedwait(&wake->cond, &wake->lock, &until);
}

void
mms_wake_all(struct mms_wake *wake)
{
	(void)pthread_cond_broadcast(&wake->cond);
}

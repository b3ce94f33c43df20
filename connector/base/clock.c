/* The clocks: the one place that asks the kernel for the time. */
#include "mmsync/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
mms_clock_now_ms(const struct mms_clock *clock)
{
	if (clock != NULL && clock->is_fixed)
		return clock->fixed_ms;
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
mms_clock_real_us(void)
{
	return read_us(CLOCK_REALTIME);
}

int64_t
mms_clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
mms_clock_boot_ms(void)
{
	return read_us(CLOCK_BOOTTIME) / 1000;
}

void
mms_clock_sleep_ms(int64_t ms)
{
	if (ms <= 0)
		return;
	struct timespec ts = { .tv_sec = (time_t)(ms / 1000),
			       .tv_nsec = (long)(ms % 1000) * 1000000L };
	(void)nanosleep(&ts, NULL);
}

/*
 * The two clocks. The wall clock can be replaced for one run (tests, replays); the monotonic
 * one never. Names tell them apart: _ms is wall time, _mono_ms is monotonic.
 *
 * Layer: base.
 */
#ifndef MMSYNC_CLOCK_H
#define MMSYNC_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is the real clock. */
struct mms_clock {
	bool is_fixed;    /* the wall clock stands still at fixed_ms */
	int64_t fixed_ms; /* Unix ms, UTC                            */
};

/* Wall clock, Unix ms, UTC. clock NULL is the real one. */
int64_t mms_clock_now_ms(const struct mms_clock *clock);

/* The real wall clock in microseconds; for stamps of logs only. */
int64_t mms_clock_real_us(void);

/* Monotonic milliseconds since some start; for waiting, time-outs and durations. */
int64_t mms_clock_mono_ms(void);

/* The same, counting also the time in which the machine was suspended; for leases of others' clocks. */
int64_t mms_clock_boot_ms(void);

/* Sleep, at most ms; returns early when a signal arrives. */
void mms_clock_sleep_ms(int64_t ms);

#endif

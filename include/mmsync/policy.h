/*
 * When to try again, and how many deletions are believed: arithmetic without clocks.
 *
 * Layer: base.
 */
#ifndef MMSYNC_POLICY_H
#define MMSYNC_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The wait before try n + 1 after n failures in a row (n from 0).
 *
 * Full jitter: uniform in [0, min(max_ms, base_ms * 2^n)], never before the server's
 * Retry-After. random is 32 random bits, so that tests can choose.
 *
 * Units:  ms everywhere; retry_after_ms < 0 means absent.
 * Source: RFC 9110 section 10.2.3 (Retry-After); "full jitter" as in the AWS architecture
 *         blog, "Exponential Backoff And Jitter".
 */
int64_t mms_policy_delay_ms(unsigned n, int64_t base_ms, int64_t max_ms, int64_t retry_after_ms,
			    uint32_t random);

/* What a full listing that no longer shows some live rows may delete by itself. */
struct mms_delete_budget {
	int64_t count;   /* this many are always believed                   */
	int64_t percent; /* and up to this share of the live rows in window */
};

/*
 * May n_missing of n_live rows be deleted? n_listed is what the listing showed at all: a
 * listing without any event may take at most 2 rows.
 */
bool mms_policy_may_delete(const struct mms_delete_budget *budget, int64_t n_missing,
			   int64_t n_live, int64_t n_listed);

#endif

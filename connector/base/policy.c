/* Backoff and deletion budgets as arithmetic (see the header). */
#include "mmsync/policy.h"

int64_t
mms_policy_delay_ms(unsigned n, int64_t base_ms, int64_t max_ms, int64_t retry_after_ms,
		    uint32_t random)
{
	int64_t ceiling = base_ms;

	for (unsigned i = 0; i < n && ceiling < max_ms; i++)
		ceiling *= 2;
	if (ceiling > max_ms)
		ceiling = max_ms;
	/* 0 .. ceiling inclusive, without the bias of a modulus. */
	int64_t delay = (int64_t)(((uint64_t)random * ((uint64_t)ceiling + 1)) >> 32);
	return delay < retry_after_ms ? retry_after_ms : delay;
}

bool
mms_policy_may_delete(const struct mms_delete_budget *budget, int64_t n_missing, int64_t n_live,
		      int64_t n_listed)
{
	if (n_listed == 0 && n_missing > 2)
		return false;
	return n_missing <= budget->count || n_missing * 100 <= budget->percent * n_live;
}

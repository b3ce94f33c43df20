/* A calendar's lease outside its turn (see the header). */
#include "errand.h"

mms_rc
mms_errand_claim(const struct mms_outward *o, const struct mms_source *source,
		 struct mms_lease *lease, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_lease_claim(lent.db, source->cursor.id, o->worker->owner,
					      MMS_NO_TIME, lease, err)
			    : rc;
}

/* Until when the service is left alone: it may ask for patience, but not silence a calendar for good. */
static int64_t
wait_until(const struct mms_outward *o, const struct mms_err *why)
{
	int64_t max_s = o->worker->env->site->config.circuit_max_open_s,
		most_ms = o->now_ms + max_s * INT64_C(1000);

	if (why->code != MMS_E_WAIT)
		return MMS_NO_TIME;
	return why->retry_at_ms < most_ms ? why->retry_at_ms : most_ms;
}

mms_rc
mms_errand_leave(const struct mms_outward *o, struct mms_lease *lease,
		 const struct mms_err *why, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	for (unsigned attempt = 0; rc == MMS_OK; attempt++) {
		rc = mms_lease_leave(lent.db, lease, wait_until(o, why), err);
		if (rc != MMS_E_RETRY || attempt >= 3)
			return rc;
		mms_err_release(err);
		rc = mms_worker_pause(o->worker, attempt, err);
	}
	return rc;
}

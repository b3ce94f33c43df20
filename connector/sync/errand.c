/* A calendar's lease outside its turn (see the header). */
#include "errand.h"

#include "breaker.h"

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

static mms_rc
leave(const struct mms_outward *o, struct mms_lease *lease,
      const struct mms_circuit_state *circuit, const struct mms_err *why, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	for (unsigned attempt = 0; rc == MMS_OK; attempt++) {
		rc = mms_lease_leave(lent.db, lease, wait_until(o, why), circuit, err);
		if (rc != MMS_E_RETRY || attempt >= 3)
			return rc;
		mms_err_release(err);
		rc = mms_worker_pause(o->worker, attempt, err);
	}
	return rc;
}

mms_rc
mms_errand_leave(const struct mms_outward *o, struct mms_lease *lease,
		 const struct mms_err *why, struct mms_err *err)
{
	return leave(o, lease, NULL, why, err);
}

/* Another may have had the lease since the cursor was read. */
static void
read_circuit(const struct mms_outward *o, struct mms_source *source,
	     const struct mms_lease *lease)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	if (mms_pool_lend(o->worker->env->pool, &lent, &ignored) == MMS_OK)
		(void)!mms_cursor_read_again(lent.db, lease, &source->cursor, &ignored);
}

mms_rc
mms_errand_leave_judged(const struct mms_outward *o, struct mms_source *source,
			struct mms_lease *lease, const struct mms_request_counts *counts,
			const struct mms_err *why, struct mms_err *err)
{
	struct mms_circuit_state *own = &source->cursor.circuit, next = { 0 };
	MMS_AUTO(mms_err) bad = { .code = MMS_E_RETRY, .blame = MMS_BLAME_SERVICE };
	bool is_bad = counts->troubles > 0 && counts->answers == 0,
	     is_good = counts->answers > 0 && counts->troubles == 0;

	if (source->is_judged || o->worker->pass.is_probe || (!is_bad && !is_good))
		return leave(o, lease, NULL, why, err);
	if (is_good && own->state == MMS_CIRCUIT_CLOSED && own->failures == 0)
		return leave(o, lease, NULL, why, err);
	if (is_bad) {
		read_circuit(o, source, lease);
		next = mms_breaker_own_after(o->worker, source, &bad, o->now_ms);
		source->is_judged = true;
	}
	mms_rc rc = leave(o, lease, &next, why, err);
	if (rc == MMS_OK)
		*own = next;
	return rc;
}

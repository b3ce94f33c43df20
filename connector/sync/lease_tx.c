/* One transaction under a lease (see the header). */
#include "lease_tx.h"

#define TRIES 6

static mms_rc
run(struct mms_tx *tx, struct mms_db *db, const struct mms_lease *lease, int64_t longest_ms,
    mms_lease_body *body, void *aux, struct mms_err *err)
{
	mms_rc rc = mms_tx_begin(tx, db, err);

	if (rc == MMS_OK)
		rc = mms_lease_touch(tx, lease, longest_ms, err);
	if (rc == MMS_OK && body != NULL)
		rc = body(tx, aux, err);
	return rc == MMS_OK ? mms_tx_commit(tx, err) : rc;
}

mms_rc
mms_lease_tx(struct mms_db *db, struct mms_lease *lease, int64_t longest_ms,
	     mms_lease_body *body, void *aux, bool *was_in_doubt, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_err) asked = { 0 };
	bool has_happened = false;

	mms_rc rc = run(&tx, db, lease, longest_ms, body, aux, err);
	if (rc == MMS_OK) {
		mms_lease_advance(lease);
		return MMS_OK;
	}
	*was_in_doubt = *was_in_doubt || tx.is_in_doubt;
	bool must_ask = tx.is_in_doubt || (rc == MMS_E_HELD && *was_in_doubt);
	mms_tx_release(&tx);
	if (!must_ask)
		return rc;
	mms_rc answer = mms_lease_ask(db, lease, &has_happened, &asked);
	if (answer == MMS_OK && has_happened) {
		mms_err_release(err);
		return MMS_OK;
	}
	if (answer == MMS_E_HELD)
		mms_err_move(err, &asked);
	return answer == MMS_E_HELD ? MMS_E_HELD : rc;
}

mms_rc
mms_lease_tx_run(const struct mms_worker *w, struct mms_lease *lease, mms_lease_body *body,
		 void *aux, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	bool was_in_doubt = false;

	mms_rc rc = mms_pool_lend(w->env->pool, &lent, err);
	for (unsigned attempt = 0; rc == MMS_OK; attempt++) {
		rc = mms_lease_tx(lent.db, lease, 0, body, aux, &was_in_doubt, err);
		if (rc != MMS_E_RETRY || attempt + 1 >= TRIES)
			return rc;
		rc = mms_worker_pause(w, attempt, err);
	}
	return rc;
}

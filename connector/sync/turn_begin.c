/* How a turn gets its calendar: the lease, the cursor as it is then, In Progress. */
#include "breaker.h"
#include "turn.h"

#define TRIES 4

static mms_rc
try_begin(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_lease_claim(lent.db, t->source->cursor.id, t->worker->owner,
				     t->started_ms, &t->lease, err);
	if (rc == MMS_OK)
		rc = mms_cursor_refresh(lent.db, &t->lease, &t->source->cursor, err);
	if (rc == MMS_OK) /* another may have tried it meanwhile */
		rc = mms_breaker_enter_own(t->worker, t->source, err);
	if (rc == MMS_OK && t->worker->options->only_event == NULL)
		rc = mms_integrations_put_status(lent.db, &t->lease, t->stamp.integration,
						 "In Progress", err);
	return rc;
}

/*
 * Lease and In Progress; a dry run takes neither. A person's save may hold the integration's row
 * for a while.
 */
static mms_rc
begin_turn(struct mms_turn_state *t, struct mms_err *err)
{
	const char *only = t->worker->options->only_event;
	mms_rc rc = MMS_OK;

	if (only != NULL)
		rc = mms_row_key(&t->worker->digest, only, t->only_key, err);
	for (unsigned attempt = 0; rc == MMS_OK && t->worker->owner != NULL; attempt++) {
		rc = try_begin(t, err);
		if (rc != MMS_E_RETRY || attempt + 1 >= TRIES)
			return rc;
		rc = mms_worker_pause(t->worker, attempt, err);
		if (rc != MMS_OK)
			return rc;
	}
	return rc;
}

/*
 * Somebody has asked for this very calendar while another run is at it, which may have read it already: that one goes once
 * more. Where it has just come to its end this run does it itself.
 */
static mms_rc
ask_again(struct mms_turn_state *t, struct mms_err *err)
{
	const struct mms_sync_options *o = t->worker->options;
	MMS_AUTO(mms_err) own = { 0 };
	bool is_left = false;

	if (t->worker->owner == NULL || o->only_event != NULL || o->only_due ||
	    o->n_integrations == 0)
		return MMS_E_HELD;
	MMS_AUTO(mms_lent) lent = { 0 };
	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, &own);
	if (rc == MMS_OK)
		rc = mms_lease_ask_again(lent.db, t->source->cursor.id, &is_left, &own);
	mms_lent_release(&lent);
	if (rc != MMS_OK || is_left)
		return MMS_E_HELD;
	mms_err_release(err);
	return begin_turn(t, err);
}

mms_rc
mms_turn_begin(struct mms_turn_state *t, struct mms_err *err)
{
	mms_rc rc = begin_turn(t, err);

	return rc == MMS_E_HELD ? ask_again(t, err) : rc;
}

/* Leases and transactions of cleanup and of its way back (see the header). */
#include "cleaning.h"

#include <string.h>

#include "choose.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"

#define TRIES 6

void
mms_cleaning_release(struct mms_cleaning *c)
{
	if (c == NULL)
		return;
	mms_heartbeat_stop(c->heartbeat);
	mms_sources_release(&c->sources);
	mms_zones_free(c->worker.zones);
}

mms_rc
mms_cleaning_begin(struct mms_cleaning *c, const struct mms_sync_env *env,
		   const struct mms_cleanup_options *options, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_worker *w = &c->worker;

	c->options = options;
	w->env = env;
	w->provider_env.is_stopped = env->is_stopped;
	w->provider_env.deadline_mono_ms = options->deadline_mono_ms;
	c->o = (struct mms_outward){ .worker = w, .now_ms = mms_clock_now_ms(env->clock) };
	mms_rc rc = mms_zones_new(&w->zones, err);
	if (rc == MMS_OK)
		rc = mms_choose_zones(env, w->zones, &w->event_zone, &w->site_zone, err);
	if (rc == MMS_OK)
		rc = mms_uuid_new(c->o.now_ms, w->run, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_sources_load(lent.db, &c->sources, err);
	if (rc == MMS_OK && !options->is_dry)
		rc = mms_heartbeat_start(&c->heartbeat, &env->site->db, err);
	if (rc == MMS_OK && !options->is_dry)
		w->owner = mms_heartbeat_owner(c->heartbeat);
	return rc;
}

/* ---- calendars ----------------------------------------------------------------------------- */

static const char *
name_of(const struct mms_cleaning *c, uint64_t cursor_id)
{
	for (size_t i = 0; i < c->sources.n; i++) {
		if (c->sources.items[i].cursor.id == cursor_id)
			return c->sources.items[i].integration.name;
	}
	return NULL;
}

mms_rc
mms_cleaning_skip(struct mms_cleaning *c, uint64_t cursor_id, struct mms_cleanup_skipped **list,
		  size_t *n, size_t *cap, struct mms_err *why, struct mms_err *err)
{
	const char *name = name_of(c, cursor_id);

	for (size_t i = 0; i < *n; i++) {
		const char *known = (*list)[i].integration;
		if (name != NULL && known != NULL && strcmp(name, known) == 0)
			return MMS_OK;
	}
	struct mms_cleanup_skipped *moved = mms_grow(*list, *n, cap, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	*list = moved;
	moved[*n] = (struct mms_cleanup_skipped){ 0 };
	if (name != NULL) {
		moved[*n].integration = mms_text_copy(name);
		if (moved[*n].integration == NULL)
			return mms_fail_nomem(err);
	}
	mms_err_move(&moved[(*n)++].err, why);
	return MMS_OK;
}

void
mms_cleaning_skipped_release(struct mms_cleanup_skipped *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		mms_free(list[i].integration);
		mms_err_release(&list[i].err);
	}
	mms_free(list);
}

mms_rc
mms_cleaning_visit(struct mms_cleaning *c, uint64_t cursor_id, mms_cleaning_work *work,
		   void *aux, bool *is_held, struct mms_err *err)
{
	const struct mms_source source = { .cursor.id = cursor_id };
	const struct mms_err none = { 0 };
	struct mms_lease lease = { 0 };
	MMS_AUTO(mms_err) own = { 0 };

	*is_held = false;
	if (cursor_id == 0)
		return work(aux, NULL, err);
	mms_rc rc = mms_errand_claim(&c->o, &source, &lease, err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		return c->works_on_gone ? work(aux, NULL, err) : MMS_OK;
	}
	if (rc == MMS_OK) {
		rc = work(aux, &lease, err);
		mms_rc given = rc == MMS_E_HELD ? MMS_OK
						: mms_errand_leave(&c->o, &lease, &none, &own);
		if (rc == MMS_OK && given != MMS_OK) {
			mms_err_move(err, &own);
			rc = given;
		}
	}
	*is_held = rc == MMS_E_HELD;
	return rc;
}

/* Without a lease nothing tells whether a commit has happened whose answer was lost: what went is not found again. */
static mms_rc
tx_alone(struct mms_db *db, mms_lease_body *body, void *aux, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = body(&tx, aux, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

mms_rc
mms_cleaning_tx(struct mms_cleaning *c, struct mms_lease *lease, mms_lease_body *body,
		void *aux, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (mms_provider_is_stopped(&c->worker.provider_env))
		return mms_fail(err, MMS_E_STOPPED, "stopped; the next cleanup goes on");
	if (lease != NULL)
		return mms_lease_tx_run(&c->worker, lease, body, aux, err);
	mms_rc rc = mms_pool_lend(c->worker.env->pool, &lent, err);
	for (unsigned attempt = 0; rc == MMS_OK; attempt++) {
		rc = tx_alone(lent.db, body, aux, err);
		if (rc != MMS_E_RETRY || attempt + 1 >= TRIES)
			return rc;
		mms_err_release(err);
		rc = mms_worker_pause(&c->worker, attempt, err);
	}
	return rc;
}

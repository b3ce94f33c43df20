/* What became of a handful of busy blocks, in one transaction under the lease (see block_work.h). */
#include <string.h>

#include "block_work.h"
#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "outward_entry.h"

void
mms_block_work_release(struct mms_block_work *work)
{
	if (work == NULL)
		return;
	mms_event_release(&work->seen);
	mms_str_release(&work->text);
	*work = (struct mms_block_work){ 0 };
}

void
mms_block_end_begin(struct mms_block_work *w)
{
	const struct mms_block *b = w->block;

	if (b == NULL) {
		w->nobody.cursor_id = w->entry->cursor_id;
		memcpy(w->nobody.uuid, w->entry->uuid, sizeof w->nobody.uuid);
		b = &w->nobody;
	}
	w->end = (struct mms_block_end){ .block = b,
					 .status = b->status,
					 .removed_by = b->removed_by,
					 .version = b->version,
					 .put_backs = b->put_backs,
					 .calendar_id = b->calendar_id,
					 .provider = b->provider };
	memcpy(w->end.key, b->key, sizeof w->end.key);
	memcpy(w->end.sent_print, b->sent_print, sizeof w->end.sent_print);
	memcpy(w->end.outside_print, b->outside_print, sizeof w->end.outside_print);
	w->count = NULL;
	w->is_over = true;
}

mms_rc
mms_block_end_fail(const struct mms_job_env *env, struct mms_block_work *w,
		   const struct mms_err *why, struct mms_err *err)
{
	mms_block_end_begin(w);
	if (mms_entry_failed(w->entry, why) == MMS_ENTRY_GIVEN_UP)
		w->end.given_up = w->entry;
	else
		w->end.put_off = w->entry;
	w->end.next_ms = mms_entry_next_try_ms(env->o, w->entry, why);
	w->end.error_code = mms_rc_name(why->code);
	mms_str_clear(&w->text);
	mms_rc rc = mms_entry_tell_why(why, &w->text, err);
	w->end.error_text = mms_str_get(&w->text);
	w->is_over = rc == MMS_OK;
	return rc;
}

/* ---- the transaction ------------------------------------------------------------------------- */

struct settle {
	const struct mms_job_env *env;
	const struct mms_block_end *ends;
	size_t n;
};

static mms_rc
write_ends(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	const struct settle *s = aux;

	return mms_blocks_settle(tx, s->ends, s->n, s->env->o->now_ms, err);
}

/* All of them or none. Errors: as mms_block_ends_settle(); CONFLICT, ITEM (one of them cannot be written). */
static mms_rc
settle_all(const struct mms_job_env *env, struct mms_block_work *const *works, size_t n,
	   struct mms_err *err)
{
	struct mms_block_end *ends = mms_alloc((n + 1) * sizeof *ends);
	struct settle s = { .env = env, .ends = ends, .n = n };

	if (ends == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < n; i++)
		ends[i] = works[i]->end;
	mms_fault_step();
	mms_rc rc = mms_lease_tx_run(env->o->worker, env->lease, write_ends, &s, err);
	if (rc == MMS_E_CONFLICT) {
		/* It was listed before anybody here knew of it, and was taken for the person's own. */
		for (size_t i = 0; i < n; i++)
			ends[i].takes_id = ends[i].external_id != NULL;
		mms_err_release(err);
		rc = mms_lease_tx_run(env->o->worker, env->lease, write_ends, &s, err);
	}
	mms_free(ends);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		works[i]->is_settled = true;
		if (works[i]->count != NULL)
			(*works[i]->count)++;
	}
	return rc;
}

/* One cannot be written: what the service has done with it is done, only our note of it is not. */
static mms_rc
put_off(const struct mms_job_env *env, struct mms_block_work *w, int64_t *n_failed,
	struct mms_err *err)
{
	MMS_AUTO(mms_err) why = { 0 };

	mms_err_move(&why, err);
	why.code = MMS_E_RETRY;
	mms_rc rc = mms_block_end_fail(env, w, &why, err);
	w->count = n_failed;
	return rc == MMS_OK ? settle_all(env, &w, 1, err) : rc;
}

mms_rc
mms_block_ends_settle(const struct mms_job_env *env, struct mms_block_work *works, size_t n,
		      int64_t *n_failed, struct mms_err *err)
{
	struct mms_block_work **open = mms_alloc((n + 1) * sizeof *open);
	size_t n_open = 0;

	if (open == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < n; i++) {
		if (works[i].is_over && !works[i].is_settled)
			open[n_open++] = &works[i];
	}
	mms_rc rc = n_open > 0 ? settle_all(env, open, n_open, err) : MMS_OK;
	bool is_split = rc == MMS_E_CONFLICT || rc == MMS_E_ITEM;
	for (size_t i = 0; is_split && i < n_open; i++) {
		mms_err_release(err);
		rc = settle_all(env, &open[i], 1, err);
		if (rc == MMS_E_CONFLICT || rc == MMS_E_ITEM)
			rc = put_off(env, open[i], n_failed, err);
		is_split = rc == MMS_OK;
	}
	mms_free(open);
	return rc;
}

/* ---- negative controls ----------------------------------------------------------------------- */

mms_rc
mms_block_ends_undo(const struct mms_job_env *env, const struct mms_block_work *works, size_t n,
		    struct mms_blocks *blocks, struct mms_err *err)
{
	bool is_late = mms_fault_is_sabotaged(MMS_SABOTAGE_ANNOUNCE_LATE);
	struct settle s = { .env = env };

	if (!is_late && !mms_fault_is_sabotaged(MMS_SABOTAGE_OUTBOX_FIRST))
		return MMS_OK;
	struct mms_block_end *ends = mms_alloc((n + 1) * sizeof *ends);
	if (ends == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < n; i++) {
		if (!works[i].is_over)
			ends[s.n++] = (struct mms_block_end){
				.block = works[i].block,
				.done = works[i].entry,
				.is_state = is_late && works[i].write.kind == MMS_WRITE_CREATE,
				.status = MMS_STATE_DELETED,
				.removed_by = MMS_REMOVED_BY_US,
			};
	}
	s.ends = ends;
	mms_rc rc = mms_lease_tx_run(env->o->worker, env->lease, write_ends, &s, err);
	/* As it would have been read: so its answer makes it live. */
	for (size_t i = 0; rc == MMS_OK && i < s.n; i++) {
		struct mms_block *b = &blocks->items[ends[i].block - blocks->items];
		b->status = ends[i].is_state ? MMS_STATE_DELETED : b->status;
		b->removed_by = ends[i].is_state ? MMS_REMOVED_BY_US : b->removed_by;
	}
	mms_free(ends);
	return rc;
}

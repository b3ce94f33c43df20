/*
 * Entries of busy blocks (see block_job.h): what is sent is what the block's row says now, and an answer that is
 * lost is asked for, never guessed.
 */
#include <string.h>

#include "block_work.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "outward_entry.h"

/* One handful. Borrowed. */
struct handful {
	const struct mms_job_env *env;
	struct mms_block_counts *counts;
	struct mms_blocks *blocks; /* those of the entries */
};

static mms_rc
fail(const struct handful *h, struct mms_block_work *w, const struct mms_err *why,
     struct mms_err *err)
{
	mms_rc rc = mms_block_end_fail(h->env, w, why, err);

	w->count = &h->counts->failed;
	return rc;
}

/* A failure in *err: of this block alone, or of all. */
static mms_rc
fail_alone(const struct handful *h, struct mms_block_work *w, mms_rc rc, struct mms_err *err)
{
	MMS_AUTO(mms_err) why = { 0 };

	if (!mms_entry_fails_alone(rc))
		return rc;
	mms_err_move(&why, err);
	return fail(h, w, &why, err);
}

/*
 * Its entry goes, and nothing else changes. Where it is dead and was wanted again while it died, its source
 * is planned anew.
 */
static void
drop(struct mms_block_work *w)
{
	mms_block_end_begin(w);
	w->end.done = w->entry;
	w->end.is_source_due = w->block != NULL && w->block->status == MMS_STATE_DELETED &&
			       strcmp(w->entry->operation, "delete") != 0;
}

static bool
is_new(const struct mms_block *block)
{
	return block->status == MMS_STATE_CREATING || block->version == NULL;
}

/* It is there, and says what it should: `seen`. */
static mms_rc
end_well(const struct handful *h, struct mms_block_work *w, bool is_made, struct mms_err *err)
{
	const struct mms_block *b = w->block;
	struct mms_worker *worker = h->env->o->worker;
	struct mms_block_end *end = &w->end;

	mms_block_end_begin(w);
	end->done = w->entry;
	end->is_state = true;
	end->status = is_made ? MMS_STATE_CREATED : MMS_STATE_SYNCED;
	end->removed_by = MMS_REMOVED_UNKNOWN;
	end->version = w->seen.version;
	end->ical_uid = w->seen.ical_uid;
	memcpy(end->sent_print, b->print, sizeof end->sent_print);
	end->calendar_id = h->env->source->integration.calendar_id;
	end->provider = h->env->provider->name;
	end->drops_letters = b->status == MMS_STATE_FAILED;
	w->count = is_new(b) ? &h->counts->created : &h->counts->updated;
	if (w->seen.external_id != NULL && strcmp(w->seen.external_id, b->external_id) != 0 &&
	    !mms_fault_is_sabotaged(MMS_SABOTAGE_ID_UNSTORED))
		end->external_id = w->seen.external_id;
	mms_rc rc = mms_block_seen_print(&worker->digest, &w->seen, end->outside_print, err);
	if (rc == MMS_OK && end->external_id != NULL)
		rc = mms_outward_key(worker, end->external_id, end->key, err);
	w->is_over = rc == MMS_OK;
	return rc;
}

static void
end_dead(struct mms_block_work *w, enum mms_removed_by by)
{
	mms_block_end_begin(w);
	w->end.done = w->entry;
	w->end.is_state = true;
	w->end.status = MMS_STATE_DELETED;
	w->end.removed_by = by;
	w->end.drops_letters = w->block->status == MMS_STATE_FAILED || w->block->is_quarantined;
}

/* We have removed it, or there was nothing to remove. */
static void
end_removed(const struct handful *h, struct mms_block_work *w)
{
	end_dead(w, MMS_REMOVED_BY_US);
	w->end.drops_letters = w->block->status == MMS_STATE_FAILED || w->block->is_quarantined;
	/* One that was never settled is told it here: copies of it may be on their way. */
	w->end.ical_uid = w->seen.ical_uid;
	w->count = &h->counts->deleted;
}

/* It is gone, and was to be there: its source is planned anew, which may make another. */
static void
end_lost(struct mms_block_work *w, enum mms_removed_by by)
{
	end_dead(w, by);
	w->end.is_source_due = true;
}

static mms_rc
end_gone(const struct handful *h, struct mms_block_work *w, struct mms_err *err)
{
	const struct mms_block *b = w->block;
	bool is_create = w->write.kind == MMS_WRITE_CREATE;
	const struct mms_entry_announced was = { .status = b->status,
						 .removed_by = b->removed_by,
						 .created_at_ms = b->created_at_ms,
						 .external_id = b->external_id };

	if (is_create && w->rounds > 0 && mms_entry_is_slow(h->env->o, &was)) {
		MMS_AUTO(mms_err) why = { 0 };
		mms_entry_fail_slow(&why);
		return fail(h, w, &why, err);
	}
	if (mms_block_has_moved_house(h->env->source, b) ||
	    mms_entry_is_of_earlier_life(&was, &w->seen)) {
		end_lost(w, MMS_REMOVED_BY_US);
		return MMS_OK;
	}
	end_lost(w, MMS_REMOVED_OUTSIDE);
	if (is_create) /* what the person did away with */
		memcpy(w->end.sent_print, b->print, sizeof w->end.sent_print);
	return MMS_OK;
}

/* The event as the service has it; by a provisional id it is found by its mark. */
static mms_rc
look(const struct handful *h, struct mms_block_work *w, struct mms_err *err)
{
	mms_event_release(&w->seen);
	mms_fault_step();
	mms_rc rc = h->env->provider->ops->get(h->env->session, w->block->external_id, &w->seen,
					       err);
	return rc == MMS_OK ? rc : fail_alone(h, w, rc, err);
}

/* ---- what to send ---------------------------------------------------------------------------- */

static void
set_change(struct mms_block_work *w, const char *external_id)
{
	w->write.kind = MMS_WRITE_CHANGE;
	w->write.external_id = external_id;
	w->write.fields = MMS_FIELD_TIMES | MMS_FIELD_TITLE;
}

static mms_rc
prepare_removal(const struct handful *h, struct mms_block_work *w, struct mms_err *err)
{
	const struct mms_block *b = w->block;
	bool is_doubtful = b->status == MMS_STATE_CREATING ||
			   mms_provisional_id_read(b->external_id, NULL);

	w->write.kind = MMS_WRITE_DELETE;
	w->write.external_id = b->external_id;
	if (b->provider != NULL && strcmp(b->provider, h->env->provider->name) != 0) {
		end_removed(h, w); /* that service is not asked by another's ids */
		return MMS_OK;
	}
	if (!is_doubtful)
		return MMS_OK;
	/* Announced, and perhaps never made: there may be nothing to delete. */
	mms_rc rc = look(h, w, err);
	if (rc != MMS_OK || w->is_over)
		return rc;
	if (w->seen.is_gone)
		end_removed(h, w);
	else
		w->write.external_id = w->seen.external_id;
	return MMS_OK;
}

static mms_rc
prepare(const struct handful *h, struct mms_block_work *w, struct mms_err *err)
{
	const struct mms_block *b = w->block;

	if (b == NULL || b->status == MMS_STATE_DELETED ||
	    b->cursor_id != h->env->source->cursor.id || b->end_ms < b->start_ms) {
		drop(w);
		return MMS_OK;
	}
	w->meeting = (struct mms_meeting){ .start_ms = b->start_ms,
					   .end_ms = b->end_ms,
					   .title = b->title };
	w->write = (struct mms_write){ .meeting = &w->meeting, .is_busy_block = true };
	w->write.mark.kind = MMS_MARK_BUSY_BLOCK;
	w->write.mark.has_source = true;
	memcpy(w->write.mark.id, b->uuid, sizeof w->write.mark.id);
	memcpy(w->write.mark.source, b->source_uuid, sizeof w->write.mark.source);
	memcpy(w->write.mark.site, h->env->o->site_uuid, sizeof w->write.mark.site);
	if (b->removed_by == MMS_REMOVED_BY_US || strcmp(w->entry->operation, "delete") == 0)
		return prepare_removal(h, w, err);
	if (mms_block_has_moved_house(h->env->source, b))
		end_lost(w, MMS_REMOVED_BY_US);
	else if (is_new(b))
		w->write.kind = MMS_WRITE_CREATE;
	else
		set_change(w, b->external_id);
	return MMS_OK;
}

/* ---- what its answer means ------------------------------------------------------------------- */

/* It was made before, or is not as it was. */
static mms_rc
look_again(const struct handful *h, struct mms_block_work *w, const struct mms_err *why,
	   struct mms_err *err)
{
	if (w->rounds >= MMS_ENTRY_ROUNDS)
		return fail(h, w, why, err);
	mms_rc rc = look(h, w, err);
	if (rc != MMS_OK || w->is_over)
		return rc;
	if (w->seen.is_gone)
		return end_gone(h, w, err);
	if (mms_block_says_it(w->block, &w->seen))
		return end_well(h, w, w->write.kind == MMS_WRITE_CREATE, err);
	set_change(w, w->seen.external_id);
	return MMS_OK;
}

/* What was to be changed or deleted is not there under the id that we know: under another, perhaps. */
static mms_rc
look_for_gone(const struct handful *h, struct mms_block_work *w, struct mms_err *err)
{
	bool is_delete = w->write.kind == MMS_WRITE_DELETE, is_found = false;

	mms_event_release(&w->seen);
	mms_rc rc =
		w->rounds < MMS_ENTRY_ROUNDS
			? mms_entry_look_by_mark(h->env, w->block->uuid, w->block->external_id,
						 &w->seen, &is_found, err)
			: MMS_OK;
	if (rc != MMS_OK)
		return fail_alone(h, w, rc, err);
	if (is_found) {
		w->write.external_id = w->seen.external_id;
		return MMS_OK;
	}
	if (!is_delete)
		return end_gone(h, w, err);
	end_removed(h, w);
	return MMS_OK;
}

static mms_rc
finish_done(const struct handful *h, struct mms_block_work *w, struct mms_write_result *result,
	    struct mms_err *err)
{
	bool is_gone = result->event.is_gone;

	if (w->write.kind == MMS_WRITE_DELETE) {
		if (is_gone)
			return look_for_gone(h, w, err);
		end_removed(h, w);
		return MMS_OK;
	}
	mms_event_release(&w->seen);
	w->seen = result->event;
	result->event = (struct mms_event){ 0 };
	/* Some services take a change of what was deleted, and leave it so. */
	return is_gone ? end_gone(h, w, err)
		       : end_well(h, w, w->write.kind == MMS_WRITE_CREATE, err);
}

static mms_rc
finish(const struct handful *h, struct mms_block_work *w, struct mms_write_result *result,
       struct mms_err *err)
{
	enum mms_write_kind kind = w->write.kind;
	mms_rc code = result->err.code;

	w->rounds++;
	if (code == MMS_OK)
		return finish_done(h, w, result, err);
	if (kind == MMS_WRITE_CREATE && code == MMS_E_RETRY &&
	    mms_fault_is_sabotaged(MMS_SABOTAGE_CREATE_ANEW)) {
		end_lost(w, MMS_REMOVED_BY_US);
		return MMS_OK;
	}
	if (code == MMS_E_CONFLICT && kind != MMS_WRITE_DELETE &&
	    !(kind == MMS_WRITE_CREATE && mms_fault_is_sabotaged(MMS_SABOTAGE_TAKEN_FAILS)))
		return look_again(h, w, &result->err, err);
	if (code == MMS_E_GONE && kind == MMS_WRITE_CHANGE)
		return look_for_gone(h, w, err);
	if (mms_entry_fails_alone(code))
		return fail(h, w, &result->err, err);
	mms_err_move(err, &result->err);
	return code;
}

/* ---- the handful ----------------------------------------------------------------------------- */

/* The answers to what was sent. Also when the rest was not tried: what was done is settled. */
static mms_rc
finish_all(const struct handful *h, struct mms_block_work *works, size_t n,
	   struct mms_write_result *results, bool is_put, struct mms_err *err)
{
	size_t at = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < n; i++) {
		MMS_AUTO(mms_err) own = { 0 };

		if (works[i].is_over)
			continue;
		struct mms_write_result *result = &results[at++];
		bool is_good = result->err.code == MMS_OK;
		if (is_put && rc == MMS_OK)
			rc = finish(h, &works[i], result, err);
		else if (is_good) /* nothing more can be asked for */
			(void)!finish(h, &works[i], result, &own);
	}
	return rc;
}

static mms_rc
put_writes(const struct handful *h, struct mms_block_work *works, size_t n,
	   mms_rc (*confirm)(void *aux, struct mms_err *err), void *aux, struct mms_err *err)
{
	const struct mms_job_env *env = h->env;
	struct mms_write *writes = mms_alloc((n + 1) * sizeof *writes);
	struct mms_write_result *results = mms_alloc((n + 1) * sizeof *results);
	size_t k = 0;

	mms_rc rc = writes == NULL || results == NULL ? mms_fail_nomem(err) : confirm(aux, err);
	if (rc == MMS_OK)
		rc = mms_block_ends_undo(env, works, n, h->blocks, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		if (!works[i].is_over)
			writes[k++] = works[i].write;
	}
	if (rc == MMS_OK) {
		mms_fault_step();
		rc = env->provider->ops->put(env->session, writes, k, results, err);
		mms_fault_step();
		bool is_put = rc == MMS_OK;
		mms_rc finished = finish_all(h, works, n, results, is_put, err);
		rc = is_put ? finished : rc;
	}
	for (size_t i = 0; results != NULL && i < k; i++)
		mms_write_result_release(&results[i]);
	mms_free(results);
	mms_free(writes);
	return rc;
}

static bool
is_any_left(const struct mms_block_work *works, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!works[i].is_over)
			return true;
	}
	return false;
}

/* What is written of those that are over, whatever ended the work. */
static mms_rc
settle(const struct handful *h, struct mms_block_work *works, size_t n, mms_rc rc,
       struct mms_err *err)
{
	MMS_AUTO(mms_err) own = { 0 };

	if (rc == MMS_E_NOMEM || rc == MMS_E_HELD)
		return rc;
	mms_rc settled = mms_block_ends_settle(h->env, works, n, &h->counts->failed, &own);
	if (settled == MMS_OK || (rc != MMS_OK && settled != MMS_E_HELD))
		return rc;
	mms_err_move(err, &own);
	return settled;
}

static mms_rc
load(const struct mms_job_env *env, const struct mms_outbox_entry *entries, size_t n,
     struct mms_block_work *works, struct mms_blocks *blocks, struct mms_err *err)
{
	unsigned char(*uuids)[16] = mms_alloc((n + 1) * sizeof *uuids);
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = uuids == NULL ? mms_fail_nomem(err)
				  : mms_pool_lend(env->o->worker->env->pool, &lent, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		memcpy(uuids[i], entries[i].uuid, sizeof uuids[i]);
	if (rc == MMS_OK)
		rc = mms_blocks_find(lent.db, (const unsigned char(*)[16])uuids, n, blocks,
				     err);
	mms_free(uuids);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		works[i].entry = &entries[i];
		for (size_t k = 0; k < blocks->n; k++) {
			if (memcmp(blocks->items[k].uuid, entries[i].uuid, 16) == 0)
				works[i].block = &blocks->items[k];
		}
	}
	return rc;
}

mms_rc
mms_block_jobs(const struct mms_job_env *env, const struct mms_outbox_entry *entries, size_t n,
	       mms_rc (*confirm)(void *aux, struct mms_err *err), void *aux,
	       struct mms_block_counts *counts, struct mms_err *err)
{
	MMS_AUTO(mms_blocks) blocks = { 0 };
	const struct handful h = { .env = env, .counts = counts, .blocks = &blocks };
	struct mms_block_work *works = mms_alloc((n + 1) * sizeof *works);

	mms_rc rc = works == NULL ? mms_fail_nomem(err)
				  : load(env, entries, n, works, &blocks, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		rc = prepare(&h, &works[i], err);
	/* Rounds end: each write of an entry counts, and none has more than so many. */
	do {
		if (rc == MMS_OK && is_any_left(works, n))
			rc = put_writes(&h, works, n, confirm, aux, err);
		if (works != NULL)
			rc = settle(&h, works, n, rc, err);
	} while (rc == MMS_OK && is_any_left(works, n));
	for (size_t i = 0; works != NULL && i < n; i++)
		mms_block_work_release(&works[i]);
	mms_free(works);
	return rc;
}

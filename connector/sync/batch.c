/*
 * One transaction of a turn: names first, then the lease's row, the rows, and with the last one the
 * turn's end. What a lost answer to COMMIT left open is asked of the lease's batch number, at the
 * end of the run's row.
 */
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/runs.h"
#include "mmsync/series.h"
#include "turn.h"

/* Names for the rows that have none yet: one block of numbers for the batch. */
static mms_rc
name_rows(struct mms_turn_state *t, struct mms_db *db, const struct mms_batch *b,
	  struct mms_err *err)
{
	int64_t n = 0, next = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < b->n; i++)
		n += b->items[i]->kind == MMS_CHANGE_INSERT && b->items[i]->name == NULL;
	if (n > 0)
		rc = mms_series_take(db, n, &next, err);
	for (size_t i = 0; rc == MMS_OK && n > 0 && i < b->n; i++) {
		struct mms_change *c = b->items[i];
		if (c->kind == MMS_CHANGE_INSERT && c->name == NULL)
			rc = mms_series_event_name(t->stamp.integration, next++, &c->name, err);
	}
	return rc;
}

/* Does the change write a row that may block? */
static bool
writes_blocking(const struct mms_change *c)
{
	return (c->kind == MMS_CHANGE_INSERT || c->kind == MMS_CHANGE_UPDATE ||
		c->kind == MMS_CHANGE_RENAME) &&
	       c->row.is_blocking && mms_row_status_is_live(c->row.status);
}

/* Does it make a deleted row live again, at a time and of a length that nobody has kept? */
static bool
revives(const struct mms_turn_state *t, const struct mms_change *c)
{
	const struct mms_known_event *k = &t->known.items[c->known_at];

	return c->kind == MMS_CHANGE_MARK && mms_row_status_is_live(c->row.status) &&
	       !mms_row_status_is_live((enum mms_row_status)k->status);
}

static int64_t
ms_at_least(int64_t us)
{
	return (us + 999) / 1000;
}

/* Longest event of the batch, ms: until the turn's end availability looks back no further. */
static int64_t
longest(const struct mms_turn_state *t, const struct mms_batch *b)
{
	int64_t longest_us = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct mms_change *c = b->items[i];
		int64_t length_us = writes_blocking(c) ? c->row.end_us - c->row.start_us
				    : revives(t, c)    ? t->known.longest_gone_us
						       : 0;
		if (length_us > longest_us)
			longest_us = length_us;
	}
	return ms_at_least(longest_us);
}

/* The batch's rows beside those that were read. A batch that is tried twice says the same. */
static mms_rc
note_lengths(struct mms_turn_state *t, const struct mms_batch *b, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < b->n; i++) {
		const struct mms_event_row *row = &b->items[i]->row;
		if (writes_blocking(b->items[i]))
			rc = mms_longest_note(&t->known.longest, row->external_event_id,
					      row->start_us, row->end_us, err);
		else if (revives(t, b->items[i]))
			rc = mms_longest_note(&t->known.longest, NULL, 0,
					      t->known.longest_gone_us, err);
	}
	return rc;
}

/*
 * What the turn's end says of lengths. The stamp is that of whoever wrote more rows: this turn,
 * or the one before whose rows have not passed the watermark.
 */
static mms_rc
measure(const struct mms_turn_state *t, const struct mms_batch *b, struct mms_str *apart,
	struct mms_lengths *out, struct mms_err *err)
{
	const struct mms_known *known = &t->known;
	int64_t old_us = t->source->cursor.longest_stamp_us;
	bool keeps_old = old_us != MMS_NO_TIME && old_us > t->watermark_us &&
			 known->n_stamped > t->n_written + (int64_t)b->n;

	if (!t->has_known)
		return MMS_OK;
	*out = (struct mms_lengths){
		.is_measured = true,
		.bound_ms = ms_at_least(known->longest.bound_us),
		.watermark_us = t->watermark_us,
		.stamp_us = keeps_old ? old_us : t->stamp.site_us,
	};
	if (known->longest.n_apart == 0)
		return MMS_OK;
	mms_rc rc = mms_longest_write(&known->longest, apart, err);
	out->apart = mms_str_get(apart);
	return rc;
}

/* The turn's counters as they are once this batch is written. */
static struct mms_event_counts
counts_after(const struct mms_turn_state *t, const struct mms_batch *b)
{
	struct mms_event_counts counts = t->out->events;

	for (size_t i = 0; i < b->n; i++)
		mms_inbound_count(&counts, (enum mms_plan_count)b->items[i]->count, 1);
	return counts;
}

/*
 * The turn's end with what it came to, this batch included: counted in the statement that gives
 * the lease back, so that a turn is counted once or, undone, not at all.
 */
static struct mms_turn_end
end_counted(const struct mms_turn_state *t, const struct mms_batch *b)
{
	struct mms_event_counts counts = counts_after(t, b);
	struct mms_turn_end end = b->finish->end;

	end.is_asked_again = &t->out->is_asked_again;
	end.tally = (struct mms_turn_tally){
		.run_ms = mms_clock_mono_ms() - t->started_mono_ms,
		.requests = t->out->requests,
		.retries = t->out->retries,
		.seen = counts.seen,
		.created = counts.created,
		.updated = counts.updated,
		.deleted = counts.deleted,
		.failed = counts.failed,
	};
	return end;
}

/* What the integration and the run's row say of the end; empty: all is well. */
static mms_rc
tell_end(const struct mms_turn_state *t, const struct mms_batch *b, struct mms_str *out,
	 struct mms_err *err)
{
	int64_t failed = counts_after(t, b).failed;

	if (b->finish->error_text != NULL)
		mms_str_add(out, b->finish->error_text);
	else if (failed > 0)
		mms_str_addf(out,
			     "%lld event%s of this calendar could not be read or written; see "
			     "the Sync Error Log of %s",
			     (long long)failed, failed == 1 ? "" : "s",
			     failed == 1 ? "its row" : "their rows");
	return mms_str_check(out, err);
}

/* The run's row counts this batch, too, though it is not written yet: both are, or neither. */
static mms_rc
put_run(struct mms_turn_state *t, struct mms_tx *tx, const struct mms_batch *b,
	const char *text, struct mms_err *err)
{
	const struct mms_turn_finish *f = b->finish;
	const struct mms_turn *out = t->out;
	struct mms_run_row row = {
		.cursor_id = t->source->cursor.id,
		.integration = t->stamp.integration,
		.mode = out->mode,
		.status = f->end.is_good ? "success" : "failed",
		.started_ms = t->started_ms,
		.finished_ms = mms_clock_now_ms(t->worker->env->clock),
		.events = counts_after(t, b),
		.blocks = out->blocks,
		.pages = out->pages,
		.requests = out->requests,
		.retries = out->retries,
		.error_code = out->err.code != MMS_OK ? mms_rc_name(out->err.code) : NULL,
		.error_text = text,
	};

	memcpy(row.run, t->worker->run, sizeof row.run);
	return mms_runs_put(tx, &row, err);
}

/* The turn's end beside its cursor: what the integration says, and the run's row. */
static mms_rc
put_end(struct mms_turn_state *t, struct mms_tx *tx, const struct mms_batch *b,
	struct mms_err *err)
{
	MMS_AUTO(mms_str) told = { 0 };
	const struct mms_turn_finish *f = b->finish;

	mms_rc rc = tell_end(t, b, &told, err);
	const char *text = told.len > 0 ? mms_str_get(&told) : NULL;
	if (rc == MMS_OK)
		rc = mms_integrations_put_ended(tx, t->stamp.integration,
						f->end.is_good ? t->stamp.site_us : MMS_NO_TIME,
						text, err);
	return rc == MMS_OK ? put_run(t, tx, b, text, err) : rc;
}

/* The end of a whole listing: does it add up? */
static mms_rc
check_end(const struct mms_turn_state *t, const struct mms_batch *b, struct mms_err *err)
{
	struct mms_event_counts counts = counts_after(t, b);

	return b->finish->is_whole ? mms_counts_check(t, &counts, err) : MMS_OK;
}

/* A rule broken for a test: what was changed so far is committed before the rest. */
static mms_rc
commit_early(struct mms_tx *tx, struct mms_db *db, struct mms_err *err)
{
	mms_rc rc = mms_tx_commit(tx, err);

	return rc == MMS_OK ? mms_tx_begin(tx, db, err) : rc;
}

/* The statements of one try; the commit's answer may be lost (tx->is_in_doubt). */
static mms_rc
run_tx(struct mms_turn_state *t, struct mms_tx *tx, struct mms_db *db,
       const struct mms_batch *b, struct mms_err *err)
{
	const struct mms_turn_finish *f = b->finish;
	MMS_AUTO(mms_str) apart = { 0 };
	struct mms_turn_end end = f != NULL ? end_counted(t, b) : (struct mms_turn_end){ 0 };

	mms_rc rc = note_lengths(t, b, err);
	if (rc == MMS_OK && f != NULL) {
		rc = check_end(t, b, err);
		rc = rc == MMS_OK ? measure(t, b, &apart, &end.lengths, err) : rc;
	}
	if (rc == MMS_OK)
		rc = mms_tx_begin(tx, db, err);
	if (rc == MMS_OK)
		rc = f != NULL ? mms_lease_end(tx, &t->lease, longest(t, b), &end, err)
			       : mms_lease_touch(tx, &t->lease, longest(t, b), err);
	if (rc == MMS_OK && b->n > 0)
		rc = mms_integrations_hold(tx, t->stamp.integration, err);
	if (rc == MMS_OK && mms_fault_is_sabotaged(MMS_SABOTAGE_CURSOR_FIRST))
		rc = commit_early(tx, db, err);
	if (rc == MMS_OK && b->n > 0)
		rc = mms_event_writer_run(&t->worker->writer, tx, &t->stamp, b->items, b->n,
					  err);
	if (rc == MMS_OK && f != NULL)
		rc = put_end(t, tx, b, err);
	if (rc == MMS_OK)
		rc = mms_tx_commit(tx, err);
	return rc;
}

mms_rc
mms_batch_try(struct mms_turn_state *t, const struct mms_batch *b, bool *was_in_doubt,
	      struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	bool has_happened = false;

	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = name_rows(t, lent.db, b, err);
	if (rc != MMS_OK)
		return rc;
	rc = run_tx(t, &tx, lent.db, b, err);
	if (rc == MMS_OK ||
	    (tx.is_in_doubt && mms_fault_is_sabotaged(MMS_SABOTAGE_DOUBT_DONE))) {
		mms_lease_advance(&t->lease);
		t->n_written += (int64_t)b->n;
		return MMS_OK;
	}
	*was_in_doubt = *was_in_doubt || tx.is_in_doubt;
	bool must_ask = tx.is_in_doubt || (rc == MMS_E_HELD && *was_in_doubt);
	mms_tx_release(&tx);
	if (!must_ask || mms_fault_is_sabotaged(MMS_SABOTAGE_DOUBT_REDONE))
		return rc;
	MMS_AUTO(mms_err) asked = { 0 };
	mms_rc answer = b->finish != NULL
				? mms_runs_find(lent.db, t->worker->run, t->source->cursor.id,
						&has_happened, &asked)
				: mms_lease_ask(lent.db, &t->lease, &has_happened, &asked);
	if (answer == MMS_OK && has_happened) {
		t->n_written += (int64_t)b->n;
		return MMS_OK;
	}
	if (answer == MMS_E_HELD)
		mms_err_move(err, &asked);
	return answer == MMS_E_HELD ? MMS_E_HELD : rc;
}

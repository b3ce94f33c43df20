/*
 * Pending changes to the database: one transaction, tried again when it was only unlucky, split
 * when the server refuses something in it, down to the row at fault. Its first statement is the
 * lease's; what a lost answer to COMMIT left open is asked of the lease's batch number.
 */
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/policy.h"
#include "mmsync/runs.h"
#include "mmsync/series.h"
#include "mmsync/uuid.h"
#include "turn.h"

/*
 * A batch is tried so often, names and transaction together; what fails at once is tried again
 * after a little wait, a lock that others hold is waited for by the server (10 s each time).
 * No try begins after the patience is over: who holds a lock so long is no passing trouble.
 */
#define TX_TRIES    6
#define PATIENCE_MS 60000
/* Rows changed by someone else are read again this often before they are taken one by one. */
#define CONFLICT_TRIES 3

/* A run of changes that goes into one transaction. */
struct batch {
	struct mms_change **items;
	size_t n;
	const struct mms_turn_finish *finish; /* NULL: the turn goes on */
};

/* Names for the rows that have none yet: one block of numbers for the batch. */
static mms_rc
name_rows(struct mms_turn_state *t, struct mms_db *db, const struct batch *b,
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

/* Longest event of the batch, ms: availability looks back no further. */
static int64_t
longest(const struct batch *b)
{
	int64_t longest_us = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct mms_event_row *row = &b->items[i]->row;
		int64_t length_us = row->end_us - row->start_us;
		if (b->items[i]->kind != MMS_CHANGE_MARK && length_us > longest_us)
			longest_us = length_us;
	}
	return (longest_us + 999) / 1000;
}

/* The turn's counters as they are once this batch is written. */
static struct mms_event_counts
counts_after(const struct mms_turn_state *t, const struct batch *b)
{
	struct mms_event_counts counts = t->out->events;

	for (size_t i = 0; i < b->n; i++)
		mms_inbound_count(&counts, (enum mms_plan_count)b->items[i]->count, 1);
	return counts;
}

/* What the integration and the run's row say of the end; empty: all is well. */
static mms_rc
tell_end(const struct mms_turn_state *t, const struct batch *b, struct mms_str *out,
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
put_run(struct mms_turn_state *t, struct mms_tx *tx, const struct batch *b, const char *text,
	struct mms_err *err)
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
put_end(struct mms_turn_state *t, struct mms_tx *tx, const struct batch *b, struct mms_err *err)
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

/* A rule broken for a test: what was changed so far is committed before the rest. */
static mms_rc
commit_early(struct mms_tx *tx, struct mms_db *db, struct mms_err *err)
{
	mms_rc rc = mms_tx_commit(tx, err);

	return rc == MMS_OK ? mms_tx_begin(tx, db, err) : rc;
}

/* The statements of one try; the commit's answer may be lost (tx->is_in_doubt). */
static mms_rc
run_tx(struct mms_turn_state *t, struct mms_tx *tx, struct mms_db *db, const struct batch *b,
       struct mms_err *err)
{
	const struct mms_turn_finish *f = b->finish;

	mms_rc rc = mms_tx_begin(tx, db, err);
	if (rc == MMS_OK)
		rc = f != NULL ? mms_lease_end(tx, &t->lease, longest(b), &f->end, err)
			       : mms_lease_touch(tx, &t->lease, longest(b), err);
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

/*
 * One try. A batch that was committed although its answer was lost is MMS_OK. The last one
 * gives its lease away: another worker may have it already, so the run row is asked.
 */
static mms_rc
try_batch(struct mms_turn_state *t, const struct batch *b, bool *was_in_doubt,
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
	if (answer == MMS_OK && has_happened)
		return MMS_OK;
	if (answer == MMS_E_HELD)
		mms_err_move(err, &asked);
	return answer == MMS_E_HELD ? MMS_E_HELD : rc;
}

static int
by_name(const void *a, const void *b)
{
	const struct mms_change *const *x = a, *const *y = b;
	const char *m = (*x)->name != NULL ? (*x)->name : "",
		   *n = (*y)->name != NULL ? (*y)->name : "";

	return strcmp(m, n);
}

/* The event's place in the map that was read again; a place is made for an unknown one. */
static struct mms_known_event *
place_again(struct mms_turn_state *t, struct mms_change *c, struct mms_err *err)
{
	struct mms_known_event *k = mms_known_find(&t->known, c->key);
	struct mms_known_event fresh = { .type = MMS_STATE_USER_EVENT,
					 .modified_us = MMS_NO_TIME,
					 .status = MMS_ROW_OTHER };

	if (c->kind == MMS_CHANGE_RENAME &&
	    (k == NULL || !(k->flags & (MMS_KNOWN_ROW | MMS_KNOWN_STATE)))) {
		struct mms_known_event *old = mms_known_find(&t->known, c->old_key);
		k = old != NULL ? old : k; /* its row still has the old id */
	}
	if (k != NULL)
		return k;
	memcpy(fresh.key, c->key, sizeof fresh.key);
	if (mms_known_add(&t->known, &fresh, NULL, err) != MMS_OK)
		return NULL;
	return &t->known.items[t->known.n - 1];
}

/* What a change has become, now that its row stands as it does. */
static enum mms_change_kind
kind_again(const struct mms_change *c, const struct mms_known_event *k)
{
	bool has_row = (k->flags & MMS_KNOWN_ROW) != 0;
	bool is_whole = c->kind == MMS_CHANGE_INSERT || c->kind == MMS_CHANGE_UPDATE ||
			c->kind == MMS_CHANGE_RENAME;

	if (c->kind == MMS_CHANGE_MARK && !has_row && (k->flags & MMS_KNOWN_STATE) &&
	    !mms_row_status_is_live(c->row.status))
		return MMS_CHANGE_FORGET;
	if (!is_whole)
		return has_row || c->kind == MMS_CHANGE_FORGET ? c->kind : MMS_CHANGE_LETTER;
	if (!has_row)
		return MMS_CHANGE_INSERT;
	if (memcmp(k->key, c->key, MMS_PRINT_BYTES) != 0)
		return MMS_CHANGE_RENAME;
	return memcmp(k->prints.whole, c->prints.whole, MMS_PRINT_BYTES) == 0
		       ? MMS_CHANGE_STATE
		       : MMS_CHANGE_UPDATE;
}

/* A change after its row was read again. */
static mms_rc
rebase(struct mms_turn_state *t, struct mms_change *c, struct mms_err *err)
{
	struct mms_known_event *k = place_again(t, c, err);

	if (k == NULL)
		return err->code;
	k->flags |= MMS_KNOWN_SEEN;
	c->kind = kind_again(c, k);
	c->known_at = (uint32_t)(k - t->known.items);
	c->has_state = (k->flags & MMS_KNOWN_STATE) != 0;
	c->modified_us = k->modified_us;
	if (k->modified_us != MMS_NO_TIME && c->new_modified_us <= k->modified_us)
		c->new_modified_us = k->modified_us + 1;
	mms_free(
		c->name); /* a new row gets another number: the old name may have been the trouble */
	c->name = mms_text_copy(mms_known_name(&t->known, k));
	return (k->flags & MMS_KNOWN_ROW) && c->name == NULL ? mms_fail_nomem(err) : MMS_OK;
}

static mms_rc
rebase_all(struct mms_turn_state *t, const struct mms_changes *changes, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < changes->n; i++) {
		if (changes->items[i] != NULL) /* NULL: the sweep has settled it */
			rc = rebase(t, changes->items[i], err);
	}
	return rc;
}

/*
 * Someone else wrote to this integration: read all of it again, keep what the listing showed,
 * and set every change that is still held on the rows as they are now.
 */
static mms_rc
read_again(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_known) old = t->known;

	t->known = (struct mms_known){ 0 };
	mms_rc rc = mms_turn_load_known(t, err);
	if (rc != MMS_OK) {
		/* What was seen is in the old one only: without it the sweep would delete. */
		mms_known_release(&t->known);
		t->known = old;
		old = (struct mms_known){ 0 };
		return rc;
	}
	t->known.n_live = old.n_live;
	for (size_t i = 0; i < old.n; i++) {
		struct mms_known_event *k = mms_known_find(&t->known, old.items[i].key);
		if (k != NULL)
			k->flags |= old.items[i].flags & MMS_KNOWN_SEEN;
	}
	rc = rebase_all(t, &t->pending, err);
	return rc == MMS_OK ? rebase_all(t, &t->deferred, err) : rc;
}

/* New rows that clash again, though all is read anew: their numbers may be taken. */
static mms_rc
catch_up(struct mms_turn_state *t, const struct batch *b, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	bool has_new = false;

	for (size_t i = 0; i < b->n; i++)
		has_new = has_new || b->items[i]->kind == MMS_CHANGE_INSERT;
	if (!has_new)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_series_catch_up(lent.db, t->stamp.integration, err) : rc;
}

/*
 * One batch to its end: the one place that tries again, for its names, its transaction and what
 * must be read anew alike.
 */
static mms_rc
write_batch(struct mms_turn_state *t, struct batch *b, struct mms_err *err)
{
	int64_t until_mono_ms = mms_clock_mono_ms() + PATIENCE_MS;
	unsigned conflicts = 0;
	bool was_in_doubt = false;

	for (unsigned attempt = 0;; attempt++) {
		if (b->n > 1)
			qsort(b->items, b->n, sizeof *b->items, by_name);
		mms_rc rc = try_batch(t, b, &was_in_doubt, err);
		if (rc == MMS_E_CONFLICT && conflicts++ < CONFLICT_TRIES) {
			rc = read_again(t, err);
			if (rc == MMS_OK && conflicts > 1)
				rc = catch_up(t, b, err); /* not a writer's row: its names? */
			if (rc == MMS_OK)
				continue;
		}
		if (rc != MMS_E_RETRY)
			return rc;
		if (attempt + 1 >= TX_TRIES || mms_clock_mono_ms() >= until_mono_ms)
			return rc;
		rc = mms_turn_pause(t, attempt, err);
		if (rc != MMS_OK)
			return rc;
	}
}

/* A new row that the server refuses: one that only says so, at the same time. */
static mms_rc
make_bare(struct mms_change *c, struct mms_err *err)
{
	char **const texts[] = { &c->row.title,           &c->row.description,
				 &c->row.location,        &c->row.attendees_json,
				 &c->row.organizer_email, &c->row.error_log };

	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		mms_free(*texts[i]);
		*texts[i] = NULL;
	}
	c->row.title = mms_text_copy("No Title");
	c->row.error_log = mms_text_copy(c->letter_text);
	c->row.status = MMS_ROW_FAILED;
	c->row.is_blocking = false;
	return c->row.title != NULL && c->row.error_log != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* What could not be written is kept as a dead letter; a row says so. */
static mms_rc
turn_into_letter(struct mms_turn_state *t, struct mms_change *c, const struct mms_err *why,
		 struct mms_err *err)
{
	struct mms_known_event *k = &t->known.items[c->known_at];
	int64_t max = t->worker->env->site->config.retry_max_attempts;

	k->flags |= MMS_KNOWN_SEEN; /* it has had its turn: a sweep does not come back to it */
	mms_free(c->letter_code);
	mms_free(c->letter_text);
	c->letter_code = mms_text_copy(why->code == MMS_E_CONFLICT ? "conflict" : "refused");
	c->letter_text = mms_text_copy(mms_err_text(why));
	if (c->letter_code == NULL || c->letter_text == NULL)
		return mms_fail_nomem(err);
	c->letter = MMS_LETTER_PUT;
	/* A renamed event's letter is kept under its new id. */
	const struct mms_known_event *own = mms_known_find(&t->known, c->key);
	const struct mms_known_letter *letter =
		own != NULL ? mms_known_find_letter(&t->known, own) : NULL;
	bool is_again =
		letter != NULL && memcmp(letter->print, c->prints.whole, MMS_PRINT_BYTES) == 0;
	c->letter_attempts =
		(uint16_t)(is_again && letter->attempts < UINT16_MAX ? letter->attempts + 1
								     : 1);
	/* A clash with another writer's row is over when that row is: it is always tried again. */
	c->letter_is_given_up = c->letter_attempts >= max && why->code != MMS_E_CONFLICT;
	c->count = MMS_COUNT_FAILED;
	bool is_told = is_again && !c->letter_is_given_up; /* the row says so already */
	if (c->kind == MMS_CHANGE_INSERT && why->code == MMS_E_ITEM && !is_again)
		return make_bare(c, err);
	if (is_told || (c->kind != MMS_CHANGE_UPDATE && c->kind != MMS_CHANGE_RENAME)) {
		c->kind = MMS_CHANGE_LETTER;
		return MMS_OK;
	}
	enum mms_row_status status = (enum mms_row_status)k->status;
	c->kind = MMS_CHANGE_MARK;
	c->row.status = c->letter_is_given_up ? MMS_ROW_FAILED : status;
	mms_free(c->row.error_log);
	c->row.error_log = mms_text_copy(c->letter_text);
	return c->row.error_log != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
note_written(struct mms_turn_state *t, const struct batch *b, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < b->n; i++) {
		mms_inbound_count(&t->out->events, (enum mms_plan_count)b->items[i]->count, 1);
		rc = mms_known_note(&t->known, b->items[i], err);
	}
	return rc;
}

/* A single change that is refused: once as what it was meant to be, then as a dead letter. */
static mms_rc
write_one(struct mms_turn_state *t, struct batch *b, struct mms_err *err)
{
	MMS_AUTO(mms_err) why = { 0 };

	mms_err_move(&why, err);
	mms_rc rc = turn_into_letter(t, b->items[0], &why, err);
	if (rc == MMS_OK)
		rc = write_batch(t, b, err);
	if (rc != MMS_E_ITEM && rc != MMS_E_CONFLICT)
		return rc;
	b->items[0]->kind = MMS_CHANGE_LETTER;
	return write_batch(t, b, err);
}

/*
 * Write a run of changes, bisecting what the server refuses. The stack of halves is explicit:
 * at most one for each bit of the batch's size.
 */
static mms_rc
write_all(struct mms_turn_state *t, struct mms_change **items, size_t n,
	  const struct mms_turn_finish *finish, struct mms_err *err)
{
	struct batch stack[64], whole = { items, n, finish };
	size_t depth = 0;

	mms_rc rc = write_batch(t, &whole, err);
	if (rc != MMS_E_ITEM && rc != MMS_E_CONFLICT)
		return rc == MMS_OK ? note_written(t, &whole, err) : rc;
	stack[depth++] = (struct batch){ whole.items, whole.n, NULL };
	while (depth > 0) {
		struct batch b = stack[--depth];

		if (b.n > 1) {
			size_t half = b.n / 2;
			stack[depth++] = (struct batch){ b.items + half, b.n - half, NULL };
			stack[depth++] = (struct batch){ b.items, half, NULL };
			continue;
		}
		rc = write_batch(t, &b, err);
		if (rc == MMS_E_ITEM || rc == MMS_E_CONFLICT)
			rc = write_one(t, &b, err);
		if (rc == MMS_OK)
			rc = note_written(t, &b, err);
		if (rc != MMS_OK)
			return rc;
	}
	if (finish == NULL)
		return MMS_OK;
	whole = (struct batch){ NULL, 0, finish };
	return write_batch(t, &whole, err);
}

/* One change that a dry run would have made. */
static mms_rc
keep_one(struct mms_turn *out, const struct mms_change *c, struct mms_err *err)
{
	static const char *const ops[] = {
		[MMS_CHANGE_INSERT] = "create", [MMS_CHANGE_UPDATE] = "update",
		[MMS_CHANGE_RENAME] = "update", [MMS_CHANGE_MARK] = "delete",
		[MMS_CHANGE_STATE] = NULL,      [MMS_CHANGE_FORGET] = NULL,
		[MMS_CHANGE_LETTER] = NULL,
	};
	const char *op = c->letter == MMS_LETTER_PUT ? "fail" : ops[c->kind];
	const char *id =
		c->row.external_event_id != NULL ? c->row.external_event_id : c->exact_id;

	if (op == NULL)
		return MMS_OK;
	struct mms_planned *moved =
		mms_grow(out->planned, out->n_planned, &out->cap_planned, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	out->planned = moved;
	struct mms_planned *p = &out->planned[out->n_planned++];
	*p = (struct mms_planned){ .op = op, .why = c->why };
	p->event = mms_text_copy(c->name);
	p->external_event_id = mms_text_copy(id);
	return (c->name != NULL && p->event == NULL) ||
			       (id != NULL && p->external_event_id == NULL)
		       ? mms_fail_nomem(err)
		       : MMS_OK;
}

/* A dry run keeps what it would have done, and goes on as if it had been done. */
static mms_rc
keep_planned(struct mms_turn_state *t, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < t->pending.n; i++) {
		struct mms_change *c = t->pending.items[i];

		mms_inbound_count(&t->out->events, (enum mms_plan_count)c->count, 1);
		rc = keep_one(t->out, c, err);
		if (rc == MMS_OK && c->name == NULL) {
			c->name = mms_text_copy(""); /* a name is given by a run that writes */
			rc = c->name != NULL ? MMS_OK : mms_fail_nomem(err);
		}
		if (rc == MMS_OK)
			rc = mms_known_note(&t->known, c, err);
	}
	return rc;
}

mms_rc
mms_apply(struct mms_turn_state *t, const struct mms_turn_finish *finish, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (t->worker->owner == NULL)
		rc = keep_planned(t, err);
	else if (t->pending.n > 0 || finish != NULL)
		rc = write_all(t, t->pending.items, t->pending.n, finish, err);
	mms_changes_clear(&t->pending);
	t->pending_bytes = 0;
	return rc;
}

/*
 * Pending changes to the database: a batch is tried again when it was only unlucky, set on other
 * rows when somebody else wrote them, and split when the server refuses something in it, down to
 * the row at fault.
 */
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/series.h"
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

static int
by_name(const void *a, const void *b)
{
	const struct mms_change *const *x = a, *const *y = b;
	const char *m = (*x)->name != NULL ? (*x)->name : "",
		   *n = (*y)->name != NULL ? (*y)->name : "";

	return strcmp(m, n);
}

/* New rows that clash again, though all is read anew: their numbers may be taken. */
static mms_rc
catch_up(struct mms_turn_state *t, const struct mms_batch *b, struct mms_err *err)
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
write_batch(struct mms_turn_state *t, struct mms_batch *b, struct mms_err *err)
{
	int64_t until_mono_ms = mms_clock_mono_ms() + PATIENCE_MS;
	unsigned conflicts = 0;
	bool was_in_doubt = false;

	for (unsigned attempt = 0;; attempt++) {
		if (b->n > 1)
			qsort(b->items, b->n, sizeof(struct mms_change *), by_name);
		mms_rc rc = mms_batch_try(t, b, &was_in_doubt, err);
		if (rc == MMS_E_CONFLICT && conflicts++ < CONFLICT_TRIES) {
			rc = mms_turn_read_again(t, err);
			if (rc == MMS_OK && conflicts > 1)
				rc = catch_up(t, b, err); /* not a writer's row: its names? */
			if (rc == MMS_OK)
				continue;
		}
		if (rc != MMS_E_RETRY)
			return rc;
		if (attempt + 1 >= TX_TRIES || mms_clock_mono_ms() >= until_mono_ms)
			return rc;
		rc = mms_worker_pause(t->worker, attempt, err);
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

/* The dead letter of what could not be written. *is_again: it was about this content before. */
static mms_rc
fill_letter(struct mms_turn_state *t, struct mms_change *c, const struct mms_err *why,
	    bool *is_again, struct mms_err *err)
{
	int64_t max = t->worker->env->site->config.retry_max_attempts;
	/* A renamed event's letter is kept under its new id. */
	const struct mms_known_event *own = mms_known_find(&t->known, c->key);
	const struct mms_known_letter *old =
		own != NULL ? mms_known_find_letter(&t->known, own) : NULL;

	*is_again = old != NULL && memcmp(old->print, c->prints.whole, MMS_PRINT_BYTES) == 0;
	c->letter_attempts =
		(uint16_t)(*is_again && old->attempts < UINT16_MAX ? old->attempts + 1 : 1);
	/*
	 * A clash with another writer's row is over when that row is, and where only its new id
	 * keeps an event from its row that row is right but for the id: both are always tried again.
	 */
	c->letter_is_given_up = c->letter_attempts >= max && why->code != MMS_E_CONFLICT &&
				c->kind != MMS_CHANGE_RENAME;
	c->letter = MMS_LETTER_PUT;
	mms_free(c->letter_code);
	mms_free(c->letter_text);
	c->letter_code = mms_text_copy(why->code == MMS_E_CONFLICT ? "conflict" : "refused");
	c->letter_text = mms_text_copy(mms_err_text(why));
	return c->letter_code != NULL && c->letter_text != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* The event whose row a change is about: that of a rename is known under its old id. */
static struct mms_known_event *
event_of_row(struct mms_turn_state *t, struct mms_change *c)
{
	struct mms_known_event *old =
		c->kind == MMS_CHANGE_RENAME ? mms_known_find(&t->known, c->old_key) : NULL;

	c->is_under_old = old != NULL;
	return old != NULL ? old : &t->known.items[c->known_at];
}

/* What could not be written is kept as a dead letter; a row says so. */
static mms_rc
turn_into_letter(struct mms_turn_state *t, struct mms_change *c, const struct mms_err *why,
		 struct mms_err *err)
{
	struct mms_known_event *k = event_of_row(t, c);
	bool is_again;

	/* It has had its turn: a sweep does not come back to it. */
	t->known.items[c->known_at].flags |= MMS_KNOWN_SEEN;
	mms_rc rc = fill_letter(t, c, why, &is_again, err);
	if (rc != MMS_OK)
		return rc;
	if (c->count == MMS_COUNT_NONE)
		mms_counts_decide(t, MMS_COUNT_FAILED, 1);
	c->count = MMS_COUNT_FAILED;
	bool is_told = is_again && !c->letter_is_given_up; /* the row says so already */
	if (c->kind == MMS_CHANGE_INSERT && why->code == MMS_E_ITEM && !is_again)
		return make_bare(c, err);
	if (is_told || (c->kind != MMS_CHANGE_UPDATE && c->kind != MMS_CHANGE_RENAME)) {
		c->kind = mms_known_is_forgotten(k) ? MMS_CHANGE_FOLLOW : MMS_CHANGE_LETTER;
		c->row.status = MMS_ROW_DELETED_EXTERNALLY; /* of a row that is no more */
		return MMS_OK;
	}
	c->kind = MMS_CHANGE_MARK;
	c->known_at = (uint32_t)(k - t->known.items);
	c->row.status = c->letter_is_given_up ? MMS_ROW_FAILED : (enum mms_row_status)k->status;
	mms_free(c->row.error_log);
	c->row.error_log = mms_text_copy(c->letter_text);
	return c->row.error_log != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
note_written(struct mms_turn_state *t, const struct mms_batch *b, struct mms_err *err)
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
write_one(struct mms_turn_state *t, struct mms_batch *b, struct mms_err *err)
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
	struct mms_batch stack[64], whole = { items, n, finish };
	size_t depth = 0;

	mms_rc rc = write_batch(t, &whole, err);
	if (rc != MMS_E_ITEM && rc != MMS_E_CONFLICT)
		return rc == MMS_OK ? note_written(t, &whole, err) : rc;
	stack[depth++] = (struct mms_batch){ whole.items, whole.n, NULL };
	while (depth > 0) {
		struct mms_batch b = stack[--depth];

		if (b.n > 1) {
			size_t half = b.n / 2;
			stack[depth++] = (struct mms_batch){ b.items + half, b.n - half, NULL };
			stack[depth++] = (struct mms_batch){ b.items, half, NULL };
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
	whole = (struct mms_batch){ NULL, 0, finish };
	return write_batch(t, &whole, err);
}

mms_rc
mms_turn_add_planned(struct mms_turn *out, const char *op, const char *event,
		     const char *external_id, const char *why, struct mms_err *err)
{
	struct mms_planned *moved =
		mms_grow(out->planned, out->n_planned, &out->cap_planned, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	out->planned = moved;
	struct mms_planned *p = &out->planned[out->n_planned++];
	*p = (struct mms_planned){ .op = op, .why = why };
	p->event = mms_text_copy(event);
	p->external_event_id = mms_text_copy(external_id);
	return (event != NULL && p->event == NULL) ||
			       (external_id != NULL && p->external_event_id == NULL)
		       ? mms_fail_nomem(err)
		       : MMS_OK;
}

/* One change that a dry run would have made. */
static mms_rc
keep_one(struct mms_turn *out, const struct mms_change *c, struct mms_err *err)
{
	static const char *const ops[] = {
		[MMS_CHANGE_INSERT] = "create", [MMS_CHANGE_UPDATE] = "update",
		[MMS_CHANGE_RENAME] = "update", [MMS_CHANGE_MARK] = "delete",
		[MMS_CHANGE_STATE] = NULL,      [MMS_CHANGE_FOLLOW] = NULL,
		[MMS_CHANGE_LETTER] = NULL,
	};
	const char *op = c->letter == MMS_LETTER_PUT ? "fail" : ops[c->kind];
	const char *id =
		c->row.external_event_id != NULL ? c->row.external_event_id : c->exact_id;

	if (op == NULL)
		return MMS_OK;
	return mms_turn_add_planned(out, op, c->name, id, c->why, err);
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

/* Bulk writers of event rows, their states and dead letters (see the header). */
#include "mmsync/events.h"

#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"

void
mms_change_release(struct mms_change *change)
{
	if (change == NULL)
		return;
	mms_event_row_release(&change->row);
	mms_free(change->letter_code);
	mms_free(change->letter_text);
	mms_free(change->name);
	mms_free(change->exact_id);
	mms_free(change->series_id);
	mms_free(change->ical_uid);
	mms_free(change->version);
	*change = (struct mms_change){ 0 };
}

#define N_BULKS 10

/* Each bulk of a writer with its statement. */
static size_t
list_bulks(struct mms_event_writer *w, struct mms_bulk *bulks[N_BULKS],
	   enum mms_stmt stmts[N_BULKS])
{
	struct mms_bulk *all[] = { &w->insert_rows,   &w->update_rows,   &w->mark_rows,
				   &w->insert_states, &w->update_states, &w->mark_states,
				   &w->rename_states, &w->put_letters,   &w->remove_letters,
				   &w->put_dues };
	static const enum mms_stmt names[] = { MMS_STMT_EVENT_INSERT,  MMS_STMT_EVENT_UPDATE,
					       MMS_STMT_EVENT_MARK,    MMS_STMT_STATE_INSERT,
					       MMS_STMT_STATE_UPDATE,  MMS_STMT_STATE_MARK,
					       MMS_STMT_STATE_RENAME,  MMS_STMT_LETTER_PUT,
					       MMS_STMT_LETTER_REMOVE, MMS_STMT_BLOCK_DUE_PUT };

	memcpy(bulks, all, sizeof all);
	memcpy(stmts, names, sizeof names);
	return MMS_COUNT(all);
}

mms_rc
mms_event_writer_open(struct mms_event_writer *w, size_t max_rows, struct mms_err *err)
{
	struct mms_bulk *bulks[N_BULKS];
	enum mms_stmt stmts[N_BULKS];
	mms_rc rc = MMS_OK;
	size_t n = list_bulks(w, bulks, stmts);

	w->is_open = true;
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		if (bulks[i] != &w->put_dues)
			rc = mms_bulk_init(bulks[i], stmts[i], max_rows, err);
	}
	return rc;
}

void
mms_event_writer_release(struct mms_event_writer *w)
{
	struct mms_bulk *bulks[N_BULKS];
	enum mms_stmt stmts[N_BULKS];

	if (w == NULL || !w->is_open)
		return;
	size_t n = list_bulks(w, bulks, stmts);
	for (size_t i = 0; i < n; i++)
		mms_bulk_release(bulks[i]);
	*w = (struct mms_event_writer){ 0 };
}

static mms_rc
add_insert(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	   const struct mms_change *c, struct mms_err *err)
{
	const struct mms_event_row *r = &c->row;
	const struct mms_value in[] = {
		mms_v_text(c->name),
		mms_v_wall(c->new_modified_us),
		mms_v_wall(c->new_modified_us),
		mms_v_text(stamp->user),
		mms_v_text(stamp->user),
		mms_v_text(stamp->integration),
		mms_v_text(r->external_event_id),
		mms_v_text(r->title),
		mms_v_text(r->event_type),
		mms_v_text(mms_row_status_name(r->status)),
		mms_v_wall(r->start_us),
		mms_v_wall(r->end_us),
		mms_v_text(r->description),
		mms_v_text(r->location),
		mms_v_text(r->attendees_json),
		mms_v_text(r->organizer_email),
		mms_v_i64(r->is_blocking),
		r->status == MMS_ROW_SYNCED ? mms_v_wall(stamp->site_us) : mms_v_null(),
		mms_v_wall(r->external_modified_us),
		mms_v_text(r->error_log),
	};

	return mms_bulk_add(&w->insert_rows, in, err);
}

static mms_rc
add_update(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	   const struct mms_change *c, struct mms_err *err)
{
	const struct mms_event_row *r = &c->row;
	const struct mms_value in[] = {
		mms_v_text(r->external_event_id),
		mms_v_text(r->title),
		mms_v_text(r->event_type),
		mms_v_text(mms_row_status_name(r->status)),
		mms_v_wall(r->start_us),
		mms_v_wall(r->end_us),
		mms_v_text(r->description),
		mms_v_text(r->location),
		mms_v_text(r->attendees_json),
		mms_v_text(r->organizer_email),
		mms_v_i64(r->is_blocking),
		r->status == MMS_ROW_SYNCED ? mms_v_wall(stamp->site_us) : mms_v_null(),
		mms_v_wall(r->external_modified_us),
		mms_v_text(r->error_log),
		mms_v_wall(c->new_modified_us),
		mms_v_text(stamp->user),
		mms_v_text(c->name),
		mms_v_wall(c->modified_us),
	};

	return mms_bulk_add(&w->update_rows, in, err);
}

static mms_rc
add_mark(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	 const struct mms_change *c, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_text(mms_row_status_name(c->row.status)),
		mms_v_text(c->row.error_log),
		mms_v_wall(c->new_modified_us),
		mms_v_text(stamp->user),
		mms_v_text(c->name),
		mms_v_wall(c->modified_us),
	};

	return mms_bulk_add(&w->mark_rows, in, err);
}

static enum mms_state_status
state_status(const struct mms_change *c)
{
	if (c->kind == MMS_CHANGE_STATE || mms_row_status_is_live(c->row.status))
		return c->row.status == MMS_ROW_FAILED ? MMS_STATE_FAILED : MMS_STATE_SYNCED;
	return MMS_STATE_DELETED;
}

static mms_rc
add_state_insert(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
		 const struct mms_change *c, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_u64(stamp->cursor_id), mms_v_bytes(c->key, sizeof c->key),
		mms_v_text(c->exact_id),     mms_v_bytes(c->uuid, sizeof c->uuid),
		mms_v_text(c->series_id),    mms_v_text(c->ical_uid),
		mms_v_text(c->name),         mms_v_i64(c->state_type),
		mms_v_i64(c->flags),         mms_v_i64(state_status(c)),
		mms_v_text(c->version),      mms_v_bytes(&c->prints, sizeof c->prints),
		mms_v_i64(stamp->now_ms),    mms_v_i64(stamp->now_ms),
	};

	return mms_bulk_add(&w->insert_states, in, err);
}

static mms_rc
add_state_update(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
		 const struct mms_change *c, struct mms_err *err)
{
	bool is_astray = mms_fault_is_sabotaged(MMS_SABOTAGE_STATE_ASTRAY);
	const struct mms_value in[] = {
		mms_v_text(c->name),
		mms_v_i64(state_status(c)),
		mms_v_text(c->version),
		mms_v_bytes(&c->prints, sizeof c->prints),
		mms_v_i64(c->flags),
		mms_v_i64(stamp->now_ms),
		mms_v_u64(stamp->cursor_id),
		mms_v_bytes(is_astray ? c->old_key : c->key, sizeof c->key),
	};

	return mms_bulk_add(&w->update_states, in, err);
}

/* What the event's state is found by, once the change is written. */
static const unsigned char *
state_key(const struct mms_change *c)
{
	return c->is_under_old ? c->old_key : c->key;
}

static mms_rc
add_state_mark(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	       const struct mms_change *c, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_text(c->name),
		mms_v_i64(state_status(c)),
		mms_v_i64(stamp->now_ms),
		mms_v_u64(stamp->cursor_id),
		mms_v_bytes(state_key(c), sizeof c->key),
	};

	return mms_bulk_add(&w->mark_states, in, err);
}

static mms_rc
add_state_rename(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
		 const struct mms_change *c, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_bytes(c->key, sizeof c->key),
		mms_v_text(c->exact_id),
		mms_v_text(c->series_id),
		mms_v_text(c->ical_uid),
		mms_v_text(c->name),
		mms_v_i64(state_status(c)),
		mms_v_text(c->version),
		mms_v_bytes(&c->prints, sizeof c->prints),
		mms_v_i64(c->flags),
		mms_v_i64(stamp->now_ms),
		mms_v_u64(stamp->cursor_id),
		mms_v_bytes(c->old_key, sizeof c->old_key),
	};

	return mms_bulk_add(&w->rename_states, in, err);
}

static mms_rc
add_letter(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	   const struct mms_change *c, struct mms_err *err)
{
	if (c->letter == MMS_LETTER_NONE)
		return MMS_OK;
	if (c->letter == MMS_LETTER_REMOVE) {
		const struct mms_value in[] = { mms_v_u64(stamp->cursor_id),
						mms_v_bytes(c->key, sizeof c->key) };
		return mms_bulk_add(&w->remove_letters, in, err);
	}
	const struct mms_value in[] = {
		mms_v_u64(stamp->cursor_id),
		mms_v_bytes(c->key, sizeof c->key),
		mms_v_text(c->exact_id),
		mms_v_bytes(c->prints.whole, sizeof c->prints.whole),
		mms_v_text(c->letter_code),
		mms_v_text(c->letter_text),
		mms_v_i64(c->letter_attempts),
		mms_v_i64(stamp->now_ms),
		mms_v_i64(stamp->now_ms),
		mms_v_i64(c->letter_is_given_up),
	};
	return mms_bulk_add(&w->put_letters, in, err);
}

static mms_rc
add_due(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	const struct mms_change *c, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(stamp->cursor_id),
					mms_v_bytes(state_key(c), MMS_PRINT_BYTES) };
	mms_rc rc = MMS_OK;

	if (!stamp->makes_dues || c->kind == MMS_CHANGE_LETTER || c->kind == MMS_CHANGE_FOLLOW)
		return MMS_OK;
	if (w->put_dues.max == 0)
		rc = mms_bulk_init(&w->put_dues, MMS_STMT_BLOCK_DUE_PUT, w->insert_rows.max,
				   err);
	return rc == MMS_OK ? mms_bulk_add(&w->put_dues, in, err) : rc;
}

/* The state that goes with it. */
static mms_rc
add_state(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	  const struct mms_change *c, struct mms_err *err)
{
	if (c->kind == MMS_CHANGE_FOLLOW || (c->kind == MMS_CHANGE_MARK && c->has_state))
		return add_state_mark(w, stamp, c, err);
	if (c->kind == MMS_CHANGE_RENAME && c->has_state)
		return add_state_rename(w, stamp, c, err);
	if (c->kind != MMS_CHANGE_LETTER && c->has_state)
		return add_state_update(w, stamp, c, err);
	if (c->kind != MMS_CHANGE_LETTER && c->exact_id != NULL && !c->is_under_old &&
	    !mms_fault_is_sabotaged(MMS_SABOTAGE_STATE_LOST))
		return add_state_insert(w, stamp, c, err);
	return MMS_OK;
}

static mms_rc
add_change(struct mms_event_writer *w, const struct mms_write_stamp *stamp,
	   const struct mms_change *c, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (c->kind == MMS_CHANGE_INSERT)
		rc = add_insert(w, stamp, c, err);
	else if (c->kind == MMS_CHANGE_UPDATE || c->kind == MMS_CHANGE_RENAME)
		rc = add_update(w, stamp, c, err);
	else if (c->kind == MMS_CHANGE_MARK)
		rc = add_mark(w, stamp, c, err);
	if (rc != MMS_OK)
		return rc;
	rc = add_state(w, stamp, c, err);
	if (rc == MMS_OK)
		rc = add_due(w, stamp, c, err);
	return rc == MMS_OK ? add_letter(w, stamp, c, err) : rc;
}

/* Must it write a state? What is made or changed of a row has one; a mark, where there is one or it can be made. */
static bool
must_have_state(const struct mms_change *c)
{
	if (c->kind == MMS_CHANGE_MARK)
		return c->has_state || (c->exact_id != NULL && !c->is_under_old);
	return c->kind != MMS_CHANGE_LETTER;
}

static mms_rc
fail_inconsistent(size_t n, uint64_t is, const char *what, struct mms_err *err)
{
	mms_fail(err, MMS_E_BUG,
		 "inconsistent: %zu %s were to be written with their rows, %llu were", n, what,
		 (unsigned long long)is);
	return mms_hint(
		err,
		"nothing of it was stored, and the next sync tries again; if it says so again, "
		"something else writes to mmsync's tables, or it is a fault of mmsync: "
		"please report it");
}

/* No row without its state, before anything is sent. */
static mms_rc
check_states(const struct mms_event_writer *w, struct mms_change *const *changes, size_t n,
	     struct mms_err *err)
{
	size_t queued = w->insert_states.n + w->update_states.n + w->mark_states.n +
			w->rename_states.n,
	       wanted = 0;

	for (size_t i = 0; i < n; i++)
		wanted += must_have_state(changes[i]);
	return wanted == queued ? MMS_OK : fail_inconsistent(wanted, queued, "states", err);
}

/* One statement of the batch. Rows may have been changed by others; states are changed by nobody but who holds the lease. */
static mms_rc
run_bulk(const struct mms_event_writer *w, struct mms_bulk *bulk, struct mms_tx *tx,
	 struct mms_err *err)
{
	bool is_row =
		bulk == &w->insert_rows || bulk == &w->update_rows || bulk == &w->mark_rows;
	bool is_state = bulk == &w->insert_states || bulk == &w->update_states ||
			bulk == &w->mark_states || bulk == &w->rename_states;
	uint64_t affected = 0;

	mms_rc rc = mms_bulk_run(bulk, tx, &affected, err);
	if (rc != MMS_OK || affected == bulk->n)
		return rc;
	if (is_row && !mms_fault_is_sabotaged(MMS_SABOTAGE_NO_GUARD))
		return mms_fail(err, MMS_E_CONFLICT,
				"%zu of %zu rows were changed by someone else",
				bulk->n - (size_t)affected, bulk->n);
	return is_state ? fail_inconsistent(bulk->n, affected, "states", err) : MMS_OK;
}

mms_rc
mms_event_writer_run(struct mms_event_writer *w, struct mms_tx *tx,
		     const struct mms_write_stamp *stamp, struct mms_change *const *changes,
		     size_t n, struct mms_err *err)
{
	struct mms_bulk *bulks[N_BULKS];
	enum mms_stmt stmts[N_BULKS];
	size_t n_bulks = list_bulks(w, bulks, stmts);
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < n_bulks; i++)
		mms_bulk_clear(bulks[i]);
	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		rc = add_change(w, stamp, changes[i], err);
	if (rc == MMS_OK)
		rc = check_states(w, changes, n, err);
	for (size_t i = 0; rc == MMS_OK && i < n_bulks; i++) {
		if (bulks[i]->n > 0)
			rc = run_bulk(w, bulks[i], tx, err);
	}
	return rc;
}

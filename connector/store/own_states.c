/* States of our own events outside (see the header). */
#include <string.h>

#include "lists.h"
#include "mmsync/mem.h"
#include "mmsync/outbox.h"

void
mms_own_state_release(struct mms_own_state *state)
{
	if (state == NULL)
		return;
	mms_free(state->integration);
	mms_free(state->external_id);
	mms_free(state->ical_uid);
	mms_free(state->row_name);
	mms_free(state->booking);
	mms_free(state->version);
	mms_free(state->base);
	*state = (struct mms_own_state){ 0 };
}

void
mms_own_states_release(struct mms_own_states *states)
{
	if (states == NULL)
		return;
	for (size_t i = 0; i < states->n; i++)
		mms_own_state_release(&states->items[i]);
	mms_free(states->items);
	*states = (struct mms_own_states){ 0 };
}

static int64_t
wall_of(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->wall_us;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The columns of MMS_SQL_OWN_STATE. */
static mms_rc
read_state(const struct mms_value *row, struct mms_own_state *out, struct mms_err *err)
{
	const struct mms_value *const from[] = { &row[1], &row[5],  &row[6], &row[7],
						 &row[8], &row[14], &row[15] };
	char **const to[] = { &out->integration, &out->external_id, &out->ical_uid,
			      &out->row_name,    &out->booking,     &out->version,
			      &out->base };

	out->cursor_id = row[0].u;
	(void)mms_list_read_bytes(&row[2], out->key);
	(void)mms_list_read_bytes(&row[3], out->uuid);
	out->has_source = mms_list_read_bytes(&row[4], out->source_uuid);
	out->booking_creation_us = wall_of(&row[9]);
	out->booking_modified_us = wall_of(&row[10]);
	out->type = (enum mms_state_type)row[11].i;
	out->status = (enum mms_state_status)row[12].i;
	out->removed_by = (enum mms_removed_by)row[13].i;
	out->attempts = row[16].i;
	out->created_at_ms = row[20].i;
	out->has_row = row[17].i != 0;
	out->row_modified_us = wall_of(&row[18]);
	out->row_status = mms_row_status_parse(row[19].type == 0 ? NULL : row[19].ptr);
	for (size_t i = 0; i < MMS_COUNT(from); i++) {
		if (!mms_value_copy_text(from[i], to[i]))
			return mms_fail_nomem(err);
	}
	return MMS_OK;
}

static mms_rc
load_states(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	    struct mms_own_states *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_own_state *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		out->items[out->n] = (struct mms_own_state){ 0 };
		rc = read_state(row, &out->items[out->n++], err);
	}
	return rc;
}

mms_rc
mms_own_state_find_row(struct mms_db *db, struct mms_own_state *state, const char *stored_id,
		       struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(state->integration), mms_v_text(stored_id) };
	char *name = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_OWN_ROW_OF_ID, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	if (!mms_value_copy_text(&row[0], &name))
		return mms_fail_nomem(err);
	mms_free(state->row_name);
	state->row_name = name;
	state->has_row = true;
	state->row_modified_us = wall_of(&row[1]);
	state->row_status = mms_row_status_parse(row[2].type == 0 ? NULL : row[2].ptr);
	return MMS_OK;
}

static mms_rc
load_whole(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	   struct mms_own_states *out, struct mms_err *err)
{
	MMS_AUTO(mms_own_states) states = { 0 };

	mms_rc rc = load_states(db, stmt, in, &states, err);
	for (size_t i = 0; rc == MMS_OK && i < states.n; i++) {
		struct mms_own_state *state = &states.items[i];

		/* A row that was renamed in Frappe is found by its event's id. */
		if (!state->has_row && state->row_name != NULL)
			rc = mms_own_state_find_row(db, state, state->external_id, err);
	}
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the states of our events");
	*out = states;
	states = (struct mms_own_states){ 0 };
	return MMS_OK;
}

mms_rc
mms_own_states_of_booking(struct mms_db *db, const char *booking, struct mms_own_states *out,
			  struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(booking) };

	return load_whole(db, MMS_STMT_OWN_STATES_OF_BOOKING, in, out, err);
}

mms_rc
mms_own_states_of_integration(struct mms_db *db, uint64_t cursor_id, struct mms_own_states *out,
			      struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	return load_whole(db, MMS_STMT_OWN_STATES_OF_INTEGRATION, in, out, err);
}

mms_rc
mms_own_state_load(struct mms_db *db, const unsigned char uuid[16], struct mms_own_state *out,
		   struct mms_err *err)
{
	MMS_AUTO(mms_own_states) states = { 0 };
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };

	mms_rc rc = load_whole(db, MMS_STMT_OWN_STATE, in, &states, err);
	if (rc == MMS_OK && states.n == 0)
		return mms_fail(err, MMS_E_GONE, "there is no state of this event any more");
	if (rc != MMS_OK)
		return rc;
	*out = states.items[0];
	states.items[0] = (struct mms_own_state){ 0 };
	return MMS_OK;
}

void
mms_own_owner_release(struct mms_own_owner *owner)
{
	if (owner == NULL)
		return;
	mms_free(owner->user);
	mms_free(owner->calendar);
	mms_free(owner->external_id);
	*owner = (struct mms_own_owner){ 0 };
}

mms_rc
mms_own_state_owner(struct mms_db *db, const unsigned char uuid[16], struct mms_own_owner *out,
		    struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	MMS_AUTO(mms_own_owner) owner = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_OWN_STATE_OWNER, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	if (row != NULL && (!mms_value_copy_text(&row[0], &owner.user) ||
			    !mms_value_copy_text(&row[1], &owner.external_id) ||
			    !mms_value_copy_text(&row[2], &owner.calendar)))
		return mms_fail_nomem(err);
	owner.is_live = row != NULL && row[3].i != 0;
	owner.cursor_id = row != NULL ? row[4].u : 0;
	owner.type = row != NULL ? (enum mms_state_type)row[5].i : MMS_STATE_USER_EVENT;
	*out = owner;
	owner = (struct mms_own_owner){ 0 };
	return MMS_OK;
}

mms_rc
mms_own_state_is_taken(struct mms_db *db, uint64_t cursor_id,
		       const unsigned char key[MMS_PRINT_BYTES], bool *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_OWN_STATE_IS_TAKEN, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK)
		*out = row != NULL && row[0].i != 0;
	return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct mms_value
source_of(const struct mms_own_state *state)
{
	return state->has_source ? mms_v_bytes(state->source_uuid, sizeof state->source_uuid)
				 : mms_v_null();
}

mms_rc
mms_own_state_insert(struct mms_tx *tx, const struct mms_own_state *state, int64_t now_ms,
		     struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_u64(state->cursor_id),
		mms_v_bytes(state->key, sizeof state->key),
		mms_v_text(state->external_id),
		mms_v_bytes(state->uuid, sizeof state->uuid),
		mms_v_text(state->ical_uid),
		mms_v_text(state->row_name),
		mms_v_text(state->booking),
		mms_v_wall(state->booking_creation_us),
		mms_v_wall(state->booking_modified_us),
		mms_v_i64(state->type),
		source_of(state),
		mms_v_i64(state->status),
		mms_v_i64(state->removed_by),
		mms_v_text(state->version),
		mms_v_text(state->base),
		mms_v_i64(state->attempts),
		mms_v_i64(now_ms),
		mms_v_i64(now_ms),
	};

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_STATE_INSERT, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "announce an event");
}

mms_rc
mms_own_state_write(struct mms_tx *tx, const struct mms_own_state *state, int64_t now_ms,
		    struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_text(state->ical_uid),
		mms_v_text(state->row_name),
		mms_v_text(state->booking),
		mms_v_wall(state->booking_creation_us),
		mms_v_wall(state->booking_modified_us),
		source_of(state),
		mms_v_i64(state->status),
		mms_v_i64(state->removed_by),
		mms_v_text(state->version),
		mms_v_text(state->base),
		mms_v_i64(state->attempts),
		mms_v_i64(now_ms),
		mms_v_bytes(state->uuid, sizeof state->uuid),
	};

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_STATE_WRITE, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "write the state of an event");
}

mms_rc
mms_own_state_rename(struct mms_tx *tx, const struct mms_own_state *state,
		     const char *external_id, const unsigned char key[MMS_PRINT_BYTES],
		     struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(key, MMS_PRINT_BYTES),
					mms_v_text(external_id),
					mms_v_bytes(state->uuid, sizeof state->uuid) };

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_STATE_RENAME, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "note the id of an event");
}

mms_rc
mms_own_state_clear_key(struct mms_tx *tx, uint64_t cursor_id,
			const unsigned char key[MMS_PRINT_BYTES], struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };

	uint64_t n_gone = 0;

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_STATE_CLEAR_KEY, in, &n_gone, err);
	/* Busy blocks that came from it as a person's event have no source any more: all are planned anew. */
	if (rc == MMS_OK && n_gone > 0)
		rc = mms_tx_run(tx, MMS_STMT_CURSOR_FORGET_BLOCKS, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "take an event over as one of ours");
}

mms_rc
mms_own_state_removing(struct mms_tx *tx, const struct mms_own_state *state,
		       struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(state->uuid, sizeof state->uuid) };

	return mms_tx_run(tx, MMS_STMT_OWN_STATE_REMOVING, in, NULL, err);
}

mms_rc
mms_own_states_planned(struct mms_tx *tx, const char *booking, int64_t before_us,
		       int64_t modified_us, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_wall(modified_us), mms_v_text(booking),
		mms_v_wall(modified_us), mms_v_i64(before_us == MMS_NO_TIME),
		mms_v_wall(before_us),
	};

	return mms_tx_run(tx, MMS_STMT_OWN_STATES_PLANNED, in, NULL, err);
}

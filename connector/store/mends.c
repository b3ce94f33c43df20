/* What remedies ask of the tables, and change in them (see the header). */
#include "mmsync/mends.h"

#include <string.h>

#include "mmsync/mem.h"

/* One row of one number; *is_there false: there is none. */
static mms_rc
find_u64(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in, bool *is_there,
	 uint64_t *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	*is_there = rc == MMS_OK && row != NULL;
	if (*is_there)
		*out = row[0].u;
	return rc;
}

static mms_rc
ask(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in, bool *out,
    struct mms_err *err)
{
	int64_t n = 0;

	mms_rc rc = mms_db_ask_i64(db, stmt, in, &n, err);
	*out = rc == MMS_OK && n > 0;
	return rc;
}

static mms_rc
change(struct mms_tx *tx, enum mms_stmt stmt, const struct mms_value *in, bool *did,
       struct mms_err *err)
{
	uint64_t n = 0;

	mms_rc rc = mms_tx_run(tx, stmt, in, &n, err);
	*did = rc == MMS_OK && n > 0;
	return rc;
}

/* ---- strays ------------------------------------------------------------------------------------ */

static const struct {
	enum mms_stmt look, drop;
} strays[] = {
	[MMS_STRAY_BLOCK] = { MMS_STMT_MEND_NO_STATE, MMS_STMT_MEND_NO_STATE_DROP },
	[MMS_STRAY_LETTER] = { MMS_STMT_MEND_LETTER, MMS_STMT_MEND_LETTER_DROP },
	[MMS_STRAY_ENTRY] = { MMS_STMT_MEND_ENTRY, MMS_STMT_MEND_ENTRY_DROP },
	[MMS_STRAY_DUE] = { MMS_STMT_MEND_DUE, MMS_STMT_MEND_DUE_DROP },
};

/* The parameters that name it. */
static void
name_stray(const struct mms_stray_row *row, struct mms_value in[2])
{
	in[0] = mms_v_u64(row->kind == MMS_STRAY_DUE ? row->cursor_id : row->id);
	if (row->kind == MMS_STRAY_BLOCK)
		in[0] = mms_v_bytes(row->uuid, 16);
	if (row->kind == MMS_STRAY_DUE)
		in[1] = mms_v_bytes(row->key, MMS_PRINT_BYTES);
}

mms_rc
mms_stray_look(struct mms_db *db, const struct mms_stray_row *row, bool *is_there,
	       uint64_t *cursor_id, struct mms_err *err)
{
	struct mms_value in[2];

	name_stray(row, in);
	return find_u64(db, strays[row->kind].look, in, is_there, cursor_id, err);
}

mms_rc
mms_stray_drop(struct mms_tx *tx, const struct mms_stray_row *row, bool *did,
	       struct mms_err *err)
{
	struct mms_value in[2];

	name_stray(row, in);
	return change(tx, strays[row->kind].drop, in, did, err);
}

/* ---- busy blocks ------------------------------------------------------------------------------- */

mms_rc
mms_mends_may_be_due(struct mms_db *db, uint64_t cursor_id,
		     const unsigned char key[MMS_PRINT_BYTES], bool *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };

	return ask(db, MMS_STMT_MEND_EVENT, in, out, err);
}

mms_rc
mms_mends_put_due(struct mms_tx *tx, uint64_t cursor_id,
		  const unsigned char key[MMS_PRINT_BYTES], bool *did, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };

	return change(tx, MMS_STMT_MEND_EVENT_DUE, in, did, err);
}

mms_rc
mms_mends_block_look(struct mms_db *db, const unsigned char uuid[16],
		     struct mms_mends_block *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };

	*out = (struct mms_mends_block){ 0 };
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_MEND_BLOCK, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	*out = (struct mms_mends_block){
		.is_known = true,
		.cursor_id = row[0].u,
		.status = (enum mms_state_status)row[1].i,
		.removed_by = (enum mms_removed_by)row[2].i,
		.has_row = row[3].i != 0,
		.is_fit = row[4].i != 0,
		.is_quarantined = row[5].i != 0,
		.has_entry = row[6].type != 0,
	};
	out->is_going = out->has_entry && strcmp(row[6].ptr, "delete") == 0;
	return MMS_OK;
}

mms_rc
mms_mends_block_fit(struct mms_tx *tx, const unsigned char uuid[16], int64_t now_ms,
		    struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(now_ms), mms_v_bytes(uuid, 16) };

	mms_rc rc = mms_tx_run(tx, MMS_STMT_MEND_BLOCK_ROW, in, NULL, err);
	return rc == MMS_OK ? mms_tx_run(tx, MMS_STMT_MEND_BLOCK_FIT, &in[1], NULL, err) : rc;
}

/* ---- states and cursors ------------------------------------------------------------------------ */

mms_rc
mms_mends_state(struct mms_db *db, uint64_t cursor_id, const unsigned char key[MMS_PRINT_BYTES],
		unsigned char uuid[16], bool *is_known, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_MEND_STATE, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	*is_known = rc == MMS_OK && row != NULL && row[0].len == 16;
	if (*is_known)
		memcpy(uuid, row[0].ptr, 16);
	return rc;
}

mms_rc
mms_mends_state_forget(struct mms_tx *tx, uint64_t cursor_id,
		       const unsigned char key[MMS_PRINT_BYTES], const unsigned char uuid[16],
		       struct mms_err *err)
{
	static const enum mms_stmt of_uuid[] = { MMS_STMT_MEND_STATE_TWINS_BACK,
						 MMS_STMT_MEND_STATE_TWINS,
						 MMS_STMT_BLOCK_OUTBOX_DROP,
						 MMS_STMT_MEND_STATE_BLOCK };
	const struct mms_value in[] = { mms_v_u64(cursor_id), mms_v_bytes(key, MMS_PRINT_BYTES),
					mms_v_bytes(uuid, 16) };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(of_uuid); i++)
		rc = mms_tx_run(tx, of_uuid[i], &in[2], NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(tx, MMS_STMT_MEND_STATE_DUE, in, NULL, err);
	if (rc == MMS_OK)
		rc = mms_outbox_drop_letters(tx, cursor_id, key, err);
	return rc == MMS_OK ? mms_tx_run(tx, MMS_STMT_MEND_STATE_DROP, in, NULL, err) : rc;
}

mms_rc
mms_mends_is_read(struct mms_db *db, uint64_t cursor_id, bool *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	return ask(db, MMS_STMT_MEND_IS_READ, in, out, err);
}

mms_rc
mms_mends_forget_read(struct mms_tx *tx, uint64_t cursor_id, bool *did, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	return change(tx, MMS_STMT_CURSOR_FORGET_PRINT, in, did, err);
}

mms_rc
mms_mends_cursor_of(struct mms_db *db, const unsigned char uuid[16], uint64_t *out,
		    struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };
	bool is_there = false;

	*out = 0;
	return find_u64(db, MMS_STMT_MEND_STATE_OF, in, &is_there, out, err);
}

/* ---- rows of events ---------------------------------------------------------------------------- */

mms_rc
mms_mends_look_again(struct mms_tx *tx, const struct mms_own_state *state, int64_t now_ms,
		     struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(now_ms),
					mms_v_bytes(state->uuid, sizeof state->uuid) };

	return mms_tx_run(tx, MMS_STMT_MEND_LOOK_AGAIN, in, NULL, err);
}

mms_rc
mms_mends_row_says(struct mms_db *db, const char *row, const char *booking, bool *out,
		   struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(row), mms_v_text(booking) };

	return ask(db, MMS_STMT_MEND_ROW_SAYS, in, out, err);
}

/* What a row should be whose event's state is that. */
static enum mms_row_status
wanted_status(const struct mms_value *row, enum mms_row_status is)
{
	bool is_gone = row[4].i == MMS_STATE_DELETED;

	if (!is_gone || !mms_row_status_is_live(is))
		return is;
	return row[5].i != MMS_STATE_USER_EVENT && row[6].i == MMS_REMOVED_BY_US
		       ? MMS_ROW_DELETED_LOCALLY
		       : MMS_ROW_DELETED_EXTERNALLY;
}

mms_rc
mms_mends_row_look(struct mms_db *db, const char *name, struct mms_mends_row *out,
		   struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(name) };

	*out = (struct mms_mends_row){ 0 };
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_MEND_ROW, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	enum mms_row_status status = mms_row_status_parse(row[2].type != 0 ? row[2].ptr : NULL);
	*out = (struct mms_mends_row){
		.is_there = true,
		.cursor_id = row[0].type != 0 ? row[0].u : 0,
		.modified_us = row[1].type != 0 ? row[1].wall_us : MMS_NO_TIME,
		.status = status,
		.wanted = wanted_status(row, status),
		.is_blocking = row[3].i != 0,
	};
	return MMS_OK;
}

mms_rc
mms_mends_row_free(struct mms_tx *tx, const char *name, const struct mms_mends_row *row,
		   const char *by, int64_t now_us, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_wall(now_us), mms_v_wall(now_us),
		mms_v_text(by),     mms_v_text(mms_row_status_name(row->wanted)),
		mms_v_text(name),   mms_v_wall(row->modified_us),
	};
	bool did = false;

	mms_rc rc = change(tx, MMS_STMT_MEND_ROW_FREE, in, &did, err);
	return rc != MMS_OK || did
		       ? rc
		       : mms_fail(err, MMS_E_CONFLICT, "somebody saved %s meanwhile", name);
}

/* ---- the same meeting -------------------------------------------------------------------------- */

mms_rc
mms_mends_is_half(struct mms_db *db, const unsigned char uuid[16], bool *out,
		  struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };

	return ask(db, MMS_STMT_MEND_TWIN, in, out, err);
}

mms_rc
mms_mends_pair(struct mms_tx *tx, const unsigned char uuid[16], bool with_due, bool *did,
	       struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };
	bool has_dropped = false, has_put = false;

	mms_rc rc = change(tx, MMS_STMT_MEND_TWIN_DROP, in, &has_dropped, err);
	if (rc == MMS_OK)
		rc = change(tx, MMS_STMT_MEND_TWIN_PUT, in, &has_put, err);
	*did = has_dropped || has_put;
	return rc == MMS_OK && with_due && *did
		       ? mms_tx_run(tx, MMS_STMT_MEND_TWIN_DUE, in, NULL, err)
		       : rc;
}

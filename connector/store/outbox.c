/*
 * The outbox: what must still leave (see the header). An entry counts `version` up each time it is
 * asked for anew; whoever has done or failed what an older one asked for leaves it alone.
 */
#include "mmsync/outbox.h"

#include <stdio.h>
#include <string.h>

#include "lists.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"
#include "outbox_rows.h"

/* What our columns hold: bytes of a TEXT, characters of error_code. */
#define TEXT_BYTES 65535
#define CODE_CHARS 32

void
mms_outbox_entry_release(struct mms_outbox_entry *entry)
{
	if (entry == NULL)
		return;
	mms_free(entry->booking);
	mms_free(entry->error_code);
	mms_free(entry->error_text);
	*entry = (struct mms_outbox_entry){ 0 };
}

void
mms_outbox_release(struct mms_outbox *outbox)
{
	if (outbox == NULL)
		return;
	for (size_t i = 0; i < outbox->n; i++)
		mms_outbox_entry_release(&outbox->items[i]);
	mms_free(outbox->items);
	*outbox = (struct mms_outbox){ 0 };
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The columns of MMS_SQL_OUTBOX. */
static mms_rc
read_entry(const struct mms_value *row, struct mms_outbox_entry *out, struct mms_err *err)
{
	out->id = row[0].u;
	out->cursor_id = row[1].u;
	out->version = row[2].i;
	(void)snprintf(out->operation, sizeof out->operation, "%s", row[3].ptr);
	if (row[4].len == sizeof out->uuid)
		memcpy(out->uuid, row[4].ptr, sizeof out->uuid);
	out->type = (enum mms_state_type)row[5].i;
	out->attempts = row[7].i;
	out->next_attempt_ms = row[8].i;
	if (!mms_value_copy_text(&row[6], &out->booking) ||
	    !mms_value_copy_text(&row[9], &out->error_code) ||
	    !mms_value_copy_text(&row[10], &out->error_text))
		return mms_fail_nomem(err);
	return MMS_OK;
}

static mms_rc
load_entries(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	     struct mms_outbox *out, struct mms_err *err)
{
	MMS_AUTO(mms_outbox) all = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_outbox_entry *moved =
			mms_grow(all.items, all.n, &all.cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		all.items = moved;
		all.items[all.n] = (struct mms_outbox_entry){ 0 };
		rc = read_entry(row, &all.items[all.n++], err);
	}
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the outbox");
	*out = all;
	all = (struct mms_outbox){ 0 };
	return MMS_OK;
}

mms_rc
mms_outbox_due(struct mms_db *db, uint64_t cursor_id, int64_t now_ms, int64_t max,
	       struct mms_outbox *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id), mms_v_i64(now_ms),
					mms_v_i64(max) };

	return load_entries(db, MMS_STMT_OUTBOX_DUE, in, out, err);
}

mms_rc
mms_outbox_due_blocks(struct mms_db *db, uint64_t cursor_id, int64_t now_ms, int64_t max,
		      struct mms_outbox *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id), mms_v_i64(now_ms),
					mms_v_i64(max) };

	return load_entries(db, MMS_STMT_OUTBOX_DUE_BLOCKS, in, out, err);
}

mms_rc
mms_outbox_of_booking(struct mms_db *db, const char *booking, struct mms_outbox *out,
		      struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(booking) };

	return load_entries(db, MMS_STMT_OUTBOX_OF_BOOKING, in, out, err);
}

mms_rc
mms_outbox_has(struct mms_db *db, const unsigned char uuid[16], bool *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };
	int64_t n = 0;

	mms_rc rc = mms_db_ask_i64(db, MMS_STMT_OUTBOX_HAS, in, &n, err);
	*out = n > 0;
	return rc;
}

mms_rc
mms_outbox_waiting(struct mms_db *db, int64_t now_ms, uint64_t **ids, size_t *n,
		   struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(now_ms) };

	return mms_list_load_ids(db, MMS_STMT_OUTBOX_WAITING, in, ids, n, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct mms_entry_of
entry_of(const struct mms_own_state *state)
{
	return (struct mms_entry_of){
		.cursor_id = state->cursor_id,
		.key = state->key,
		.uuid = state->uuid,
		.source_uuid = state->has_source ? state->source_uuid : NULL,
		.external_id = state->external_id,
		.booking = state->booking,
		.type = state->type,
	};
}

void
mms_outbox_put_values(const struct mms_entry_of *of, const char *operation, int64_t now_ms,
		      struct mms_value out[MMS_OUTBOX_PUT_VALUES])
{
	const struct mms_value in[MMS_OUTBOX_PUT_VALUES] = {
		mms_v_u64(of->cursor_id),
		mms_v_text(operation),
		mms_v_bytes(of->uuid, 16),
		mms_v_text(of->external_id),
		mms_v_i64(of->type),
		mms_v_text(of->booking),
		of->source_uuid != NULL ? mms_v_bytes(of->source_uuid, 16) : mms_v_null(),
		mms_v_i64(now_ms),
		mms_v_i64(now_ms),
	};

	memcpy(out, in, sizeof in);
}

mms_rc
mms_outbox_put(struct mms_tx *tx, const struct mms_own_state *state, const char *operation,
	       int64_t now_ms, struct mms_err *err)
{
	struct mms_entry_of of = entry_of(state);
	struct mms_value in[MMS_OUTBOX_PUT_VALUES];

	mms_outbox_put_values(&of, operation, now_ms, in);
	mms_rc rc = mms_tx_run(tx, MMS_STMT_OUTBOX_PUT, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "write the outbox");
}

mms_rc
mms_outbox_done(struct mms_tx *tx, const struct mms_outbox_entry *entry, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(entry->id), mms_v_i64(entry->version) };

	return mms_tx_run(tx, MMS_STMT_OUTBOX_DONE, in, NULL, err);
}

static struct mms_value
cut(const char *text, size_t max_chars, size_t max_bytes)
{
	return mms_v_textn(text, mms_utf8_prefix(text, strlen(text), max_chars, max_bytes));
}

void
mms_outbox_put_off_values(const struct mms_outbox_entry *entry, const char *code,
			  const char *text, int64_t next_ms, int64_t now_ms,
			  struct mms_value out[MMS_OUTBOX_PUT_OFF_VALUES])
{
	const struct mms_value in[MMS_OUTBOX_PUT_OFF_VALUES] = {
		mms_v_i64(next_ms),
		cut(code, CODE_CHARS, SIZE_MAX),
		cut(text, SIZE_MAX, TEXT_BYTES),
		mms_v_i64(now_ms),
		mms_v_u64(entry->id),
		mms_v_i64(entry->version),
	};

	memcpy(out, in, sizeof in);
}

mms_rc
mms_outbox_put_off(struct mms_tx *tx, const struct mms_outbox_entry *entry, const char *code,
		   const char *text, int64_t next_ms, int64_t now_ms, struct mms_err *err)
{
	struct mms_value in[MMS_OUTBOX_PUT_OFF_VALUES];

	mms_outbox_put_off_values(entry, code, text, next_ms, now_ms, in);
	return mms_tx_run(tx, MMS_STMT_OUTBOX_PUT_OFF, in, NULL, err);
}

/* ---- what was given up ----------------------------------------------------------------------- */

void
mms_outbox_letter_values(const struct mms_entry_of *of,
			 const struct mms_outbox_trouble *trouble, int64_t now_ms,
			 struct mms_value out[MMS_OUTBOX_LETTER_VALUES])
{
	const struct mms_value in[MMS_OUTBOX_LETTER_VALUES] = {
		mms_v_u64(of->cursor_id),
		mms_v_bytes(of->key, MMS_PRINT_BYTES),
		mms_v_text(trouble->operation),
		mms_v_text(of->external_id),
		mms_v_bytes(trouble->print, MMS_PRINT_BYTES),
		cut(trouble->code, CODE_CHARS, SIZE_MAX),
		cut(trouble->text, SIZE_MAX, TEXT_BYTES),
		mms_v_i64(trouble->attempts),
		mms_v_i64(now_ms),
		mms_v_i64(now_ms),
	};

	memcpy(out, in, sizeof in);
}

mms_rc
mms_outbox_give_up(struct mms_tx *tx, const struct mms_outbox_entry *entry,
		   const struct mms_own_state *state, const char *code, const char *text,
		   const unsigned char print[MMS_PRINT_BYTES], int64_t now_ms,
		   struct mms_err *err)
{
	struct mms_entry_of of = entry_of(state);
	struct mms_outbox_trouble trouble = {
		.operation = entry->operation,
		.code = code,
		.text = text,
		.print = print,
		.attempts = entry->attempts + 1,
	};
	struct mms_value in[MMS_OUTBOX_LETTER_VALUES];

	mms_outbox_letter_values(&of, &trouble, now_ms, in);
	mms_rc rc = mms_tx_run(tx, MMS_STMT_OUTWARD_LETTER_PUT, in, NULL, err);
	if (rc == MMS_OK)
		rc = mms_outbox_done(tx, entry, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "give up an outward change");
}

mms_rc
mms_outbox_letter(struct mms_db *db, uint64_t cursor_id,
		  const unsigned char key[MMS_PRINT_BYTES], bool *is_given_up,
		  unsigned char print[MMS_PRINT_BYTES], struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_OUTWARD_LETTER, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	memset(print, 0, MMS_PRINT_BYTES);
	*is_given_up = row != NULL && row[0].i != MMS_LETTER_OPEN;
	if (row != NULL && row[1].type != 0 && row[1].len == MMS_PRINT_BYTES)
		memcpy(print, row[1].ptr, MMS_PRINT_BYTES);
	return MMS_OK;
}

mms_rc
mms_outbox_drop_letters(struct mms_tx *tx, uint64_t cursor_id,
			const unsigned char key[MMS_PRINT_BYTES], struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };

	return mms_tx_run(tx, MMS_STMT_OUTWARD_LETTERS_DROP, in, NULL, err);
}

mms_rc
mms_outbox_reopen(struct mms_db *db, uint64_t letter_id, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(letter_id) };

	return mms_db_run(db, MMS_STMT_OUTBOX_REOPEN, in, NULL, err);
}

mms_rc
mms_outbox_of_letter(struct mms_db *db, uint64_t letter_id, int64_t *attempts, char **text,
		     struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(letter_id) };

	*attempts = 0;
	*text = NULL;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_OUTBOX_OF_LETTER, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	*attempts = row[0].i;
	if (row[1].type != 0)
		*text = mms_text_copy_n(row[1].ptr, row[1].len);
	return row[1].type == 0 || *text != NULL ? MMS_OK : mms_fail_nomem(err);
}

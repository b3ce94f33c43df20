/* Busy blocks of an older generation (see the header). */
#include "mmsync/old_blocks.h"

#include <string.h>

#include "lists.h"
#include "mmsync/mem.h"
#include "mmsync/outbox.h"

static void
block_release(struct mms_old_block *block)
{
	mms_free(block->external_id);
	mms_free(block->row_name);
	mms_free(block->title);
	mms_free(block->text);
}

void
mms_old_blocks_release(struct mms_old_blocks *blocks)
{
	if (blocks == NULL)
		return;
	for (size_t i = 0; i < blocks->n; i++)
		block_release(&blocks->items[i]);
	mms_free(blocks->items);
	*blocks = (struct mms_old_blocks){ 0 };
}

void
mms_old_source_release(struct mms_old_source *source)
{
	if (source == NULL)
		return;
	mms_free(source->row_name);
	*source = (struct mms_old_source){ 0 };
}

static mms_rc
add(const struct mms_value *row, struct mms_old_blocks *out, struct mms_err *err)
{
	struct mms_old_block *moved = mms_grow(out->items, out->n, &out->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	out->items = moved;
	struct mms_old_block *b = &moved[out->n];
	*b = (struct mms_old_block){ .cursor_id = row[0].u,
				     .is_instance = row[4].i != 0,
				     .is_private = row[8].i != 0 };
	(void)mms_list_read_bytes(&row[1], b->key);
	(void)mms_list_read_bytes(&row[2], b->uuid);
	out->n++;
	return mms_value_copy_text(&row[3], &b->external_id) &&
			       mms_value_copy_text(&row[5], &b->row_name) &&
			       mms_value_copy_text(&row[6], &b->title) &&
			       mms_value_copy_text(&row[7], &b->text)
		       ? MMS_OK
		       : mms_fail_nomem(err);
}

mms_rc
mms_old_blocks_load(struct mms_db *db, struct mms_old_blocks *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_OLD_BLOCKS, NULL, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add(row, out, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "read busy blocks of an older generation");
}

mms_rc
mms_old_source_find(struct mms_db *db, uint64_t cursor_id,
		    const unsigned char key[MMS_PRINT_BYTES], struct mms_old_source *out,
		    struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_OLD_BLOCK_SOURCE, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	*out = (struct mms_old_source){ 0 };
	if (rc != MMS_OK || row == NULL)
		return rc;
	out->is_known = mms_list_read_bytes(&row[0], out->uuid);
	out->type = (enum mms_state_type)row[1].i;
	out->flags = (unsigned)row[2].i;
	return mms_value_copy_text(&row[3], &out->row_name) ? MMS_OK : mms_fail_nomem(err);
}

mms_rc
mms_old_block_take(struct mms_tx *tx, const struct mms_old_block_end *end, int64_t now_ms,
		   struct mms_err *err)
{
	const struct mms_old_block *old = end->old;
	const struct mms_value key[] = { mms_v_u64(old->cursor_id),
					 mms_v_bytes(old->key, sizeof old->key) };
	const struct mms_block_person calendar = { &old->cursor_id, 1 };

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_STATE_CLEAR_KEY, key, NULL, err);
	if (rc == MMS_OK)
		rc = mms_block_restore(tx, end->block, now_ms, err);
	if (rc == MMS_OK)
		rc = mms_own_row_mark(tx, old->row_name, MMS_ROW_DELETED_LOCALLY, NULL, end->by,
				      end->site_us, err);
	if (rc == MMS_OK)
		rc = mms_block_prints_put(tx, &calendar, end->print, err);
	return rc;
}

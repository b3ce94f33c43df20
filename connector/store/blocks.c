/* Busy blocks with their states (see the header). */
#include "mmsync/blocks.h"

#include <inttypes.h>
#include <string.h>

#include "lists.h"
#include "mmsync/mem.h"

void
mms_block_release(struct mms_block *block)
{
	if (block == NULL)
		return;
	mms_free(block->title);
	mms_free(block->external_id);
	mms_free(block->version);
	mms_free(block->calendar_id);
	mms_free(block->provider);
	mms_free(block->ical_uid);
	*block = (struct mms_block){ 0 };
}

void
mms_blocks_release(struct mms_blocks *blocks)
{
	if (blocks == NULL)
		return;
	for (size_t i = 0; i < blocks->n; i++)
		mms_block_release(&blocks->items[i]);
	mms_free(blocks->items);
	*blocks = (struct mms_blocks){ 0 };
}

/* ---- blocks ------------------------------------------------------------------------------------ */

/* The columns of MMS_SQL_BLOCK. */
static mms_rc
read_block(const struct mms_value *row, struct mms_block *out, struct mms_err *err)
{
	const struct mms_value *const from[] = { &row[9],  &row[18], &row[19],
						 &row[20], &row[21], &row[22] };
	char **const to[] = { &out->title,       &out->external_id, &out->version,
			      &out->calendar_id, &out->provider,    &out->ical_uid };

	(void)mms_list_read_bytes(&row[0], out->uuid);
	(void)mms_list_read_bytes(&row[1], out->key);
	(void)mms_list_read_bytes(&row[2], out->source_uuid);
	out->cursor_id = row[3].u;
	out->source_id = row[4].u;
	out->status = (enum mms_state_status)row[5].i;
	out->removed_by = (enum mms_removed_by)row[6].i;
	out->start_ms = row[7].i;
	out->end_ms = row[8].i;
	(void)mms_list_read_bytes(&row[10], out->print);
	(void)mms_list_read_bytes(&row[11], out->sent_print);
	(void)mms_list_read_bytes(&row[12], out->outside_print);
	out->put_backs = row[13].i;
	out->rounds = row[14].i;
	out->rounds_ms = row[15].i;
	out->is_quarantined = row[16].i != 0;
	out->created_at_ms = row[17].i;
	for (size_t i = 0; i < MMS_COUNT(from); i++) {
		if (!mms_value_copy_text(from[i], to[i]))
			return mms_fail_nomem(err);
	}
	return MMS_OK;
}

static mms_rc
add_blocks(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	   struct mms_blocks *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_block *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		out->items[out->n] = (struct mms_block){ 0 };
		rc = read_block(row, &out->items[out->n++], err);
	}
	return rc == MMS_OK ? rc : mms_fail_in(err, "read busy blocks");
}

/* By UUIDs, of blocks or of their sources. */
static mms_rc
add_of_list(struct mms_db *db, enum mms_stmt stmt, const unsigned char (*uuids)[16], size_t n,
	    struct mms_blocks *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };

	if (n == 0)
		return MMS_OK;
	mms_list_add_bytes(&list, uuids, n);
	const struct mms_value in[] = { mms_list_value(&list) };
	mms_rc rc = mms_str_check(&list, err);
	return rc == MMS_OK ? add_blocks(db, stmt, in, out, err) : rc;
}

mms_rc
mms_blocks_of_sources(struct mms_db *db, const unsigned char (*sources)[16], size_t n,
		      struct mms_blocks *out, struct mms_err *err)
{
	return add_of_list(db, MMS_STMT_BLOCKS_OF_SOURCES, sources, n, out, err);
}

mms_rc
mms_blocks_find(struct mms_db *db, const unsigned char (*uuids)[16], size_t n,
		struct mms_blocks *out, struct mms_err *err)
{
	return add_of_list(db, MMS_STMT_BLOCKS_FIND, uuids, n, out, err);
}

mms_rc
mms_blocks_of_person(struct mms_db *db, const struct mms_block_person *person,
		     struct mms_blocks *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) cursors = { 0 };

	mms_list_add_ids(&cursors, person->cursors, person->n);
	const struct mms_value in[] = { mms_list_value(&cursors), mms_list_value(&cursors) };
	mms_rc rc = mms_str_check(&cursors, err);
	return rc == MMS_OK ? add_blocks(db, MMS_STMT_BLOCKS_OF_PERSON, in, out, err) : rc;
}

mms_rc
mms_blocks_of_calendar(struct mms_db *db, uint64_t cursor_id, struct mms_blocks *out,
		       struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	return add_blocks(db, MMS_STMT_BLOCKS_OF_CALENDAR, in, out, err);
}

mms_rc
mms_blocks_by_key(struct mms_db *db, uint64_t cursor_id,
		  const unsigned char (*keys)[MMS_PRINT_BYTES], size_t n,
		  struct mms_blocks *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };

	if (n == 0)
		return MMS_OK;
	mms_list_add_bytes(&list, keys, n);
	const struct mms_value in[] = { mms_list_value(&list), mms_v_u64(cursor_id) };
	mms_rc rc = mms_str_check(&list, err);
	return rc == MMS_OK ? add_blocks(db, MMS_STMT_BLOCKS_BY_KEY, in, out, err) : rc;
}

/* ---- counts ------------------------------------------------------------------------------------ */

/* Answers: the number of a list's member, from 1, and its count. */
static mms_rc
read_counts(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	    int64_t *(*slot)(void *aux, size_t i), void *aux, size_t n, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		if (row[0].i >= 1 && (uint64_t)row[0].i <= n)
			*slot(aux, (size_t)row[0].i - 1) = row[1].i;
	}
	return rc;
}

static int64_t *
count_at(void *aux, size_t i)
{
	return (int64_t *)aux + i;
}

static int64_t *
runs_at(void *aux, size_t i)
{
	return &((struct mms_block_slot *)aux)[i].n_runs;
}

mms_rc
mms_blocks_count(struct mms_db *db, const unsigned char (*sources)[16], const uint64_t *cursors,
		 size_t n, int64_t *counts, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };

	if (n == 0)
		return MMS_OK;
	mms_str_addc(&list, '[');
	for (size_t i = 0; i < n; i++) {
		mms_list_next(&list, i);
		mms_str_addc(&list, '[');
		mms_list_add_hex(&list, sources[i]);
		mms_str_addf(&list, ",%" PRIu64 "]", cursors[i]);
	}
	mms_str_addc(&list, ']');
	const struct mms_value in[] = { mms_list_value(&list) };
	mms_rc rc = mms_str_check(&list, err);
	return rc == MMS_OK
		       ? read_counts(db, MMS_STMT_BLOCKS_COUNT, in, count_at, counts, n, err)
		       : rc;
}

mms_rc
mms_block_slots_count(struct mms_db *db, struct mms_block_slot *slots, size_t n,
		      int64_t since_ms, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };

	if (n == 0)
		return MMS_OK;
	mms_str_addc(&list, '[');
	for (size_t i = 0; i < n; i++) {
		mms_list_next(&list, i);
		mms_str_addf(&list, "[%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%" PRId64 "]",
			     slots[i].source_id, slots[i].cursor_id, slots[i].start_ms,
			     slots[i].end_ms);
	}
	mms_str_addc(&list, ']');
	const struct mms_value in[] = { mms_v_i64(since_ms), mms_list_value(&list) };
	mms_rc rc = mms_str_check(&list, err);
	return rc == MMS_OK ? read_counts(db, MMS_STMT_BLOCK_SLOTS, in, runs_at, slots, n, err)
			    : rc;
}

mms_rc
mms_block_plans(struct mms_db *db, uint64_t cursor_id, int64_t *out,
		unsigned char print[MMS_READ_PRINT_BYTES], struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BLOCK_PLANS, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	if (row == NULL)
		return mms_fail(err, MMS_E_GONE, "a calendar is not known any more");
	*out = row[0].i;
	memset(print, 0, MMS_READ_PRINT_BYTES);
	if (row[1].type != '\0' && row[1].len == MMS_READ_PRINT_BYTES)
		memcpy(print, row[1].ptr, MMS_READ_PRINT_BYTES);
	return MMS_OK;
}

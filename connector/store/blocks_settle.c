/* What became of busy blocks, written (see the header). */
#include <string.h>

#include "blocks_rows.h"
#include "bulks.h"
#include "lists.h"
#include "mmsync/blocks.h"
#include "mmsync/mem.h"

/* A removal is given up for no content; a print that there is not. */
static const unsigned char no_print[MMS_PRINT_BYTES];

static struct mms_value
print_or_null(const unsigned char print[MMS_PRINT_BYTES])
{
	return memcmp(print, no_print, MMS_PRINT_BYTES) != 0
		       ? mms_v_bytes(print, MMS_PRINT_BYTES)
		       : mms_v_null();
}

/* Under the id that it has from now on. */
static struct mms_entry_of
entry_of(const struct mms_block_end *end)
{
	const struct mms_block *b = end->block;
	bool is_renamed = end->external_id != NULL;

	return (struct mms_entry_of){
		.cursor_id = b->cursor_id,
		.key = is_renamed ? end->key : b->key,
		.uuid = b->uuid,
		.source_uuid = b->source_uuid,
		.external_id = is_renamed ? end->external_id : b->external_id,
		.type = MMS_STATE_BUSY_BLOCK,
	};
}

static bool
is_dead(const struct mms_block_end *end)
{
	return end->is_state && end->status == MMS_STATE_DELETED;
}

/* ---- the state and the row ----------------------------------------------------------------------- */

static mms_rc
add_id(struct mms_bulks *bulks, const struct mms_block_end *end, struct mms_err *err)
{
	const struct mms_value key[] = { mms_v_u64(end->block->cursor_id),
					 mms_v_bytes(end->key, sizeof end->key) };
	const struct mms_value id[] = {
		mms_v_bytes(end->key, sizeof end->key),
		mms_v_text(end->external_id),
		mms_v_bytes(end->block->uuid, sizeof end->block->uuid),
	};
	mms_rc rc = MMS_OK;

	if (end->takes_id)
		rc = mms_bulks_add(bulks, MMS_STMT_OWN_STATE_CLEAR_KEY, key, err);
	return rc == MMS_OK ? mms_bulks_add(bulks, MMS_STMT_OWN_STATE_RENAME, id, err) : rc;
}

static mms_rc
add_state(struct mms_bulks *bulks, const struct mms_block_end *end, int64_t now_ms,
	  struct mms_err *err)
{
	const struct mms_block *b = end->block;
	const struct mms_value state[] = {
		mms_v_i64(end->status),     mms_v_i64(b->removed_by),
		mms_v_i64(end->removed_by), mms_v_i64(end->status),
		mms_v_text(end->version),   mms_v_text(end->ical_uid),
		mms_v_i64(now_ms),          mms_v_bytes(b->uuid, sizeof b->uuid),
		mms_v_i64(b->status),
	};
	const struct mms_value row[] = {
		print_or_null(end->sent_print),
		print_or_null(end->outside_print),
		mms_v_bytes(b->print, sizeof b->print),
		mms_v_i64(end->put_backs),
		mms_v_text(end->calendar_id),
		mms_v_text(end->provider),
		mms_v_text(end->ical_uid),
		mms_v_bytes(b->uuid, sizeof b->uuid),
	};

	mms_rc rc = mms_bulks_add(bulks, MMS_STMT_BLOCK_STATE_SETTLE, state, err);
	if (rc == MMS_OK)
		rc = mms_bulks_add(bulks, MMS_STMT_BLOCK_SETTLE, row, err);
	if (rc == MMS_OK && end->external_id != NULL)
		rc = add_id(bulks, end, err);
	return rc;
}

/* ---- the outbox and its letters ------------------------------------------------------------------- */

static mms_rc
add_done(struct mms_bulks *bulks, const struct mms_outbox_entry *entry, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(entry->id), mms_v_i64(entry->version) };

	return mms_bulks_add(bulks, MMS_STMT_OUTBOX_DONE, in, err);
}

static mms_rc
add_given_up(struct mms_bulks *bulks, const struct mms_block_end *end, int64_t now_ms,
	     struct mms_err *err)
{
	const struct mms_outbox_entry *entry = end->given_up;
	bool is_removal = strcmp(entry->operation, "delete") == 0;
	struct mms_entry_of of = entry_of(end);
	struct mms_outbox_trouble trouble = {
		.operation = entry->operation,
		.code = end->error_code,
		.text = end->error_text,
		.print = is_removal ? no_print : end->block->print,
		.attempts = entry->attempts + 1,
	};
	const struct mms_value failed[] = { mms_v_i64(now_ms),
					    mms_v_bytes(end->block->uuid, 16) };
	struct mms_value letter[MMS_OUTBOX_LETTER_VALUES];

	mms_outbox_letter_values(&of, &trouble, now_ms, letter);
	mms_rc rc = mms_bulks_add(bulks, MMS_STMT_OUTWARD_LETTER_PUT, letter, err);
	if (rc == MMS_OK)
		rc = mms_bulks_add(bulks, MMS_STMT_BLOCK_STATE_FAILED, failed, err);
	return rc == MMS_OK ? add_done(bulks, entry, err) : rc;
}

static mms_rc
add_outbox(struct mms_bulks *bulks, const struct mms_block_end *end, int64_t now_ms,
	   struct mms_err *err)
{
	struct mms_value off[MMS_OUTBOX_PUT_OFF_VALUES], put[MMS_OUTBOX_PUT_VALUES];
	struct mms_entry_of of = entry_of(end);
	mms_rc rc = MMS_OK;

	if (end->done != NULL)
		rc = add_done(bulks, end->done, err);
	if (rc == MMS_OK && end->put_off != NULL) {
		mms_outbox_put_off_values(end->put_off, end->error_code, end->error_text,
					  end->next_ms, now_ms, off);
		rc = mms_bulks_add(bulks, MMS_STMT_OUTBOX_PUT_OFF, off, err);
	}
	if (rc == MMS_OK && end->given_up != NULL)
		rc = add_given_up(bulks, end, now_ms, err);
	if (rc != MMS_OK || (!end->asks_outbox && !end->asks_removal))
		return rc;
	mms_outbox_put_values(&of, end->asks_removal ? "delete" : "update", now_ms, put);
	return mms_bulks_add(bulks, MMS_STMT_OUTBOX_PUT, put, err);
}

/* Its letters are under the id that it had; that of its quarantine goes with the block only. */
static mms_rc
add_letters_drop(struct mms_bulks *bulks, const struct mms_block_end *end, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_u64(end->block->cursor_id),
		mms_v_bytes(end->block->key, sizeof end->block->key),
		mms_v_i64(is_dead(end)),
	};

	return mms_bulks_add(bulks, MMS_STMT_BLOCK_LETTERS_DROP, in, err);
}

/* ---- all of it ------------------------------------------------------------------------------------- */

static mms_rc
add_end(struct mms_bulks *bulks, const struct mms_block_end *end, int64_t now_ms,
	struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (end->is_state)
		rc = add_state(bulks, end, now_ms, err);
	if (rc == MMS_OK && end->drops_letters)
		rc = add_letters_drop(bulks, end, err);
	return rc == MMS_OK ? add_outbox(bulks, end, now_ms, err) : rc;
}

/*
 * The sources that are to be planned anew. Where an entry was asked for anew (is_anew) while its block was
 * removed, it asks for one that is dead now, and whoever planned that has to plan again. Which entries these are is
 * not told: the sources of all that are dead are due.
 */
static mms_rc
put_sources(struct mms_tx *tx, const struct mms_block_end *ends, size_t n, bool is_anew,
	    struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };
	size_t n_due = 0;

	mms_str_add(&list, "[");
	for (size_t i = 0; i < n; i++) {
		const struct mms_block_end *end = &ends[i];

		if (!end->is_source_due && !(is_anew && is_dead(end) && end->done != NULL))
			continue;
		mms_list_next(&list, n_due++);
		mms_list_add_hex(&list, end->block->source_uuid);
	}
	mms_str_add(&list, "]");
	mms_rc rc = mms_str_check(&list, err);
	if (rc != MMS_OK || n_due == 0)
		return rc;
	const struct mms_value in[] = { mms_list_value(&list) };
	return mms_tx_run(tx, MMS_STMT_BLOCK_SOURCES_DUE_PUT, in, NULL, err);
}

mms_rc
mms_blocks_settle(struct mms_tx *tx, const struct mms_block_end *ends, size_t n, int64_t now_ms,
		  struct mms_err *err)
{
	static const enum mms_stmt before[] = {
		MMS_STMT_BLOCK_STATE_SETTLE,  MMS_STMT_BLOCK_STATE_FAILED,
		MMS_STMT_OWN_STATE_CLEAR_KEY, MMS_STMT_OWN_STATE_RENAME,
		MMS_STMT_BLOCK_SETTLE,        MMS_STMT_BLOCK_LETTERS_DROP,
		MMS_STMT_OUTWARD_LETTER_PUT,
	};
	static const enum mms_stmt after[] = { MMS_STMT_OUTBOX_PUT_OFF, MMS_STMT_OUTBOX_PUT };
	MMS_AUTO(mms_bulks) bulks = { .max = n };
	uint64_t n_anew = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		rc = add_end(&bulks, &ends[i], now_ms, err);
	if (rc == MMS_OK)
		rc = mms_bulks_run(&bulks, tx, before, MMS_COUNT(before), err);
	if (rc == MMS_OK)
		rc = mms_bulks_run_guarded(&bulks, tx, MMS_STMT_OUTBOX_DONE, &n_anew, err);
	if (rc == MMS_OK)
		rc = mms_bulks_run(&bulks, tx, after, MMS_COUNT(after), err);
	if (rc == MMS_OK)
		rc = put_sources(tx, ends, n, n_anew > 0, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "settle busy blocks");
}

mms_rc
mms_block_restore(struct mms_tx *tx, const struct mms_block *block, int64_t now_ms,
		  struct mms_err *err)
{
	static const unsigned char no_run[16];
	const struct mms_block_state state = {
		.of = { .cursor_id = block->cursor_id,
			.key = block->key,
			.uuid = block->uuid,
			.source_uuid = block->source_uuid,
			.external_id = block->external_id },
		.status = MMS_STATE_SYNCED,
		.version = block->version,
		.ical_uid = block->ical_uid,
	};
	const struct mms_value row[] = {
		mms_v_bytes(block->uuid, sizeof block->uuid),
		mms_v_u64(block->cursor_id),
		mms_v_bytes(block->source_uuid, sizeof block->source_uuid),
		mms_v_bytes(block->source_uuid, sizeof block->source_uuid),
		mms_v_u64(block->source_id),
		mms_v_i64(block->start_ms),
		mms_v_i64(block->end_ms),
		mms_v_text(block->title != NULL ? block->title : ""),
		mms_v_bytes(block->print, sizeof block->print),
		print_or_null(block->outside_print),
		mms_v_bytes(no_run, sizeof no_run),
		mms_v_i64(now_ms),
		mms_v_text(block->calendar_id),
		mms_v_text(block->provider),
		mms_v_text(block->ical_uid),
	};
	struct mms_value in[MMS_BLOCK_STATE_VALUES];

	mms_block_state_values(&state, now_ms, in);
	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_STATE_INSERT, in, NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(tx, MMS_STMT_BLOCK_RESTORE, row, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "take a busy block up again");
}

mms_rc
mms_blocks_put_off(struct mms_db *db, uint64_t cursor_id, int64_t next_ms, int64_t now_ms,
		   struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(next_ms), mms_v_i64(now_ms),
					mms_v_u64(cursor_id), mms_v_i64(next_ms) };

	mms_rc rc = mms_db_run(db, MMS_STMT_BLOCK_OUTBOX_PUT_OFF, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "put busy blocks off");
}

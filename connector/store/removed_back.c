/* What cleanup removed comes back (see mmsync/removed.h). */
#include <string.h>

#include "lists.h"
#include "mmsync/mem.h"
#include "mmsync/removed.h"

static const struct {
	enum mms_stmt look, put;
} tables[] = {
#define X(name, text) { MMS_STMT_REMOVED_##name##_LOOK, MMS_STMT_REMOVED_##name##_PUT },
	MMS_REMOVED_TABLES(X)
#undef X
};

void
mms_removed_runs_release(struct mms_removed_runs *runs)
{
	if (runs == NULL)
		return;
	mms_free(runs->items);
	*runs = (struct mms_removed_runs){ 0 };
}

mms_rc
mms_removed_runs_find(struct mms_db *db, int64_t max, struct mms_removed_runs *out,
		      struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_i64(max) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_REMOVED_RUNS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_removed_run *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		moved[out->n] = (struct mms_removed_run){ .at_ms = row[1].i,
							  .n = row[2].i,
							  .n_put_back = row[3].i };
		(void)mms_list_read_bytes(&row[0], moved[out->n++].run);
	}
	return rc;
}

void
mms_removed_batches_release(struct mms_removed_batches *batches)
{
	if (batches == NULL)
		return;
	mms_free(batches->items);
	*batches = (struct mms_removed_batches){ 0 };
}

mms_rc
mms_removed_batches_find(struct mms_db *db, const unsigned char run[16],
			 struct mms_removed_batches *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_bytes(run, 16) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_REMOVED_BATCHES, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_removed_batch *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		moved[out->n++] = (struct mms_removed_batch){ .number = row[0].i,
							      .cursor_id = row[1].u,
							      .n = row[2].i };
	}
	return rc;
}

/* ---- one table of a batch ------------------------------------------------------------------ */

/* Those of its rows that nothing stands in the way of. */
struct back {
	struct mms_tx *tx;
	enum mms_removed_table table;
	int64_t now_ms;
	mms_removed_refusal *refuse;
	void *aux;
	uint64_t *ids; /* owned */
	char **keys;   /* owned, and each */
	size_t n, cap, cap_keys;
	int64_t *n_back; /* added to */
};

static void
back_release(struct back *b)
{
	for (size_t i = 0; b->keys != NULL && i < b->n; i++)
		mms_free(b->keys[i]);
	mms_free(b->keys);
	mms_free(b->ids);
}

static mms_rc
add(struct back *b, const struct mms_value *row, struct mms_err *err)
{
	uint64_t *ids = mms_grow(b->ids, b->n, &b->cap, sizeof *ids);
	char **keys = NULL;

	if (ids != NULL) {
		b->ids = ids;
		keys = mms_grow(b->keys, b->n, &b->cap_keys, sizeof *keys);
	}
	if (keys == NULL)
		return mms_fail_nomem(err);
	b->keys = keys;
	keys[b->n] = NULL;
	if (!mms_value_copy_text(&row[1], &keys[b->n]))
		return mms_fail_nomem(err);
	ids[b->n++] = row[0].u;
	return MMS_OK;
}

/* Locks what there is of it in the log. */
static mms_rc
look(struct back *b, const struct mms_value *in, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, b->tx->db, tables[b->table].look, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = row[2].i != 0 ? b->refuse(b->aux, b->table, row[1].ptr, err)
				   : add(b, row, err);
	return rc;
}

static mms_rc
put(struct back *b, const uint64_t *ids, size_t n, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };
	uint64_t affected = 0;

	mms_list_add_ids(&list, ids, n);
	const struct mms_value in[] = { mms_list_value(&list), mms_v_i64(b->now_ms) };
	mms_rc rc = mms_str_check(&list, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(b->tx, tables[b->table].put, in, &affected, err);
	if (rc == MMS_OK && affected != n)
		return mms_fail(err, MMS_E_BUG, "%s: %zu rows would come back as %llu",
				mms_removed_table_name(b->table), n,
				(unsigned long long)affected);
	if (rc == MMS_OK)
		rc = mms_tx_run(b->tx, MMS_STMT_REMOVED_PUT_BACK, in, NULL, err);
	if (rc == MMS_OK)
		*b->n_back += (int64_t)n;
	return rc;
}

/* One of them is refused by the server, for a key of the site's own or a value: which? */
static mms_rc
put_each(struct back *b, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < b->n; i++) {
		mms_err_release(err);
		rc = put(b, &b->ids[i], 1, err);
		if (rc == MMS_E_CONFLICT || rc == MMS_E_ITEM) {
			mms_err_release(err);
			rc = b->refuse(b->aux, b->table, b->keys[i], err);
		}
	}
	return rc;
}

mms_rc
mms_removed_put_back(struct mms_tx *tx, const unsigned char run[16],
		     const struct mms_removed_batch *batch, int64_t now_ms,
		     mms_removed_refusal *refuse, void *aux, int64_t *n, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_bytes(run, 16), mms_v_i64(batch->number),
					mms_v_u64(batch->cursor_id) };
	mms_rc rc = MMS_OK;

	*n = 0;
	for (unsigned t = 0; rc == MMS_OK && t < MMS_REMOVED_TABLE_COUNT; t++) {
		struct back b __attribute__((cleanup(back_release))) = {
			.tx = tx,
			.table = (enum mms_removed_table)t,
			.now_ms = now_ms,
			.refuse = refuse,
			.aux = aux,
			.n_back = n,
		};

		rc = look(&b, in, err);
		if (rc == MMS_OK && b.n > 0)
			rc = put(&b, b.ids, b.n, err);
		if (rc == MMS_E_CONFLICT || rc == MMS_E_ITEM)
			rc = put_each(&b, err);
		if (rc == MMS_OK && b.n > 0 && b.table == MMS_REMOVED_EVENT)
			rc = mms_tx_run(tx, MMS_STMT_REMOVED_LONGEST, in, NULL, err);
	}
	return rc;
}

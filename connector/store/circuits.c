/* The rows of mmsync_circuit (see the header). */
#include "mmsync/circuits.h"

#include "mmsync/mem.h"

void
mms_circuit_row_release(struct mms_circuit_row *row)
{
	if (row == NULL)
		return;
	mms_free(row->scope);
	mms_free(row->error);
	*row = (struct mms_circuit_row){ 0 };
}

void
mms_circuits_release(struct mms_circuits *circuits)
{
	if (circuits == NULL)
		return;
	for (size_t i = 0; i < circuits->n; i++)
		mms_circuit_row_release(&circuits->items[i]);
	mms_free(circuits->items);
	*circuits = (struct mms_circuits){ 0 };
}

static bool
read_row(const struct mms_value *row, struct mms_circuit_row *out)
{
	int64_t state = row[1].i;

	*out = (struct mms_circuit_row){
		.circuit = { .state = state == 0   ? MMS_CIRCUIT_CLOSED
				      : state == 1 ? MMS_CIRCUIT_OPEN
						   : MMS_CIRCUIT_HALF_OPEN,
			     .failures = row[2].i,
			     .opens = row[3].i,
			     .until_ms = row[4].i },
		.last_key = row[5].u,
		.closings = row[6].i,
		.version = row[7].i,
		.is_probed = row[8].i != 0,
		.changed_ms = row[9].i,
	};
	if (mms_value_copy_text(&row[0], &out->scope) &&
	    mms_value_copy_text(&row[10], &out->error))
		return true;
	mms_circuit_row_release(out);
	return false;
}

mms_rc
mms_circuits_load(struct mms_db *db, struct mms_circuits *out, struct mms_err *err)
{
	MMS_AUTO(mms_circuits) list = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_CIRCUITS, NULL, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_circuit_row *moved =
			mms_grow(list.items, list.n, &list.cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		list.items = moved;
		if (!read_row(row, &moved[list.n]))
			return mms_fail_nomem(err);
		list.n++;
	}
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the circuits");
	*out = list;
	list = (struct mms_circuits){ 0 };
	return MMS_OK;
}

mms_rc
mms_circuit_load(struct mms_db *db, const char *scope, struct mms_circuit_row *out,
		 bool *is_there, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(scope) };

	*out = (struct mms_circuit_row){ 0 };
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_CIRCUIT, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	*is_there = rc == MMS_OK && row != NULL;
	if (*is_there && !read_row(row, out))
		return mms_fail_nomem(err);
	return rc;
}

mms_rc
mms_circuit_add(struct mms_db *db, const struct mms_circuit_row *row, bool *is_new,
		struct mms_err *err)
{
	uint64_t affected = 0;
	const struct mms_value in[] = { mms_v_text(row->scope), mms_v_u64(row->last_key),
					mms_v_i64(row->changed_ms), mms_v_text(row->error) };

	mms_rc rc = mms_db_run(db, MMS_STMT_CIRCUIT_ADD, in, &affected, err);
	*is_new = rc == MMS_OK && affected == 1;
	return rc;
}

mms_rc
mms_circuit_put(struct mms_db *db, const struct mms_circuit_row *row, bool *is_done,
		struct mms_err *err)
{
	uint64_t affected = 0;
	const struct mms_value in[] = {
		mms_v_i64((int64_t)row->circuit.state),
		mms_v_i64(row->circuit.failures),
		mms_v_i64(row->circuit.opens),
		mms_v_i64(row->circuit.until_ms),
		mms_v_u64(row->last_key),
		mms_v_i64(row->closings),
		mms_v_i64(row->changed_ms),
		mms_v_text(row->error),
		mms_v_text(row->scope),
		mms_v_i64(row->version),
	};

	mms_rc rc = mms_db_run(db, MMS_STMT_CIRCUIT_PUT, in, &affected, err);
	*is_done = rc == MMS_OK && affected == 1;
	return rc;
}

mms_rc
mms_circuit_probe(struct mms_db *db, const struct mms_circuit_row *row, const char *who,
		  int64_t now_ms, bool *is_done, struct mms_err *err)
{
	uint64_t affected = 0;
	const struct mms_value in[] = { mms_v_text(who), mms_v_i64(now_ms),
					mms_v_text(row->scope), mms_v_i64(row->version) };

	mms_rc rc = mms_db_run(db, MMS_STMT_CIRCUIT_PROBE, in, &affected, err);
	*is_done = rc == MMS_OK && affected == 1;
	return rc;
}

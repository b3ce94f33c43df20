/* What is remembered of one calendar, forgotten (see the header). */
#include "mmsync/forget.h"

mms_rc
mms_forget_look(struct mms_db *db, uint64_t cursor_id, struct mms_forget_counts *out,
		struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_RESET_LOOK, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "count what is known of a calendar");
	if (row == NULL)
		return mms_fail(err, MMS_E_GONE, "the integration's cursor is gone");
	*out = (struct mms_forget_counts){ .has_token = row[0].i != 0,
					   .events = row[1].i,
					   .bookings = row[2].i,
					   .letters = row[3].i };
	return MMS_OK;
}

mms_rc
mms_forget_cursor(struct mms_tx *tx, uint64_t cursor_id, bool is_window_bad,
		  struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(is_window_bad), mms_v_i64(is_window_bad),
					mms_v_u64(cursor_id) };

	mms_rc rc = mms_tx_run(tx, MMS_STMT_CURSOR_FORGET, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "forget a cursor");
}

mms_rc
mms_forget_plans(struct mms_tx *tx, uint64_t cursor_id, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	mms_rc rc = mms_tx_run(tx, MMS_STMT_RESET_CURSOR, in, NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(tx, MMS_STMT_RESET_ROUNDS, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "ask for busy blocks to be planned anew");
}

mms_rc
mms_forget_events(struct mms_tx *tx, uint64_t cursor_id, int64_t now_ms, int64_t max,
		  int64_t *n, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(now_ms), mms_v_u64(cursor_id),
					mms_v_i64(max) };
	uint64_t affected = 0;

	mms_rc rc = mms_tx_run(tx, MMS_STMT_RESET_STATES, in, &affected, err);
	*n = (int64_t)affected;
	return rc == MMS_OK ? rc : mms_fail_in(err, "forget what events were like");
}

mms_rc
mms_forget_letters(struct mms_tx *tx, uint64_t cursor_id, int64_t *n, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };
	uint64_t affected = 0;

	mms_rc rc = mms_tx_run(tx, MMS_STMT_RESET_LETTERS, in, &affected, err);
	*n = (int64_t)affected;
	return rc == MMS_OK ? rc : mms_fail_in(err, "forget what could not be stored");
}

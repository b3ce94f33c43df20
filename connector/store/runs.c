/* Visible status of integrations, and the log of runs. */
#include "mmsync/runs.h"

#include <string.h>

#include "mmsync/utf8.h"

/* sync_error_log and our error columns are TEXT. */
#define TEXT_BYTES 65535

/* A text that fits a TEXT column; borrows. */
static struct mms_value
fitting(const char *text)
{
	if (text == NULL)
		return mms_v_null();
	return mms_v_textn(text, mms_utf8_prefix(text, strlen(text), SIZE_MAX, TEXT_BYTES));
}

mms_rc
mms_integrations_put_status(struct mms_db *db, const struct mms_lease *lease,
			    const char *integration, const char *status, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(integration), mms_v_text(status),
					mms_v_u64(lease->cursor_id), mms_v_i64(lease->fence),
					mms_v_text(lease->owner->token) };

	return mms_db_run(db, MMS_STMT_INTEGRATION_STATUS, in, NULL, err);
}

mms_rc
mms_integrations_hold(struct mms_tx *tx, const char *integration, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(integration) };
	int64_t n = 0;

	mms_rc rc = mms_db_ask_i64(tx->db, MMS_STMT_INTEGRATION_HOLD, in, &n, err);
	if (rc != MMS_OK || n > 0)
		return rc;
	mms_fail(err, MMS_E_GONE,
		 "the integration was renamed or deleted while it was being synced");
	return mms_hint(err, "what is not written yet is for the next run, which knows its new "
			     "name");
}

mms_rc
mms_integrations_put_ended(struct mms_tx *tx, const char *integration, int64_t last_sync_us,
			   const char *error_text, struct mms_err *err)
{
	if (last_sync_us == MMS_NO_TIME) {
		const struct mms_value in[] = { fitting(error_text), mms_v_text(integration) };
		return mms_tx_run(tx, MMS_STMT_INTEGRATION_ENDED_BAD, in, NULL, err);
	}
	const struct mms_value in[] = { mms_v_wall(last_sync_us), fitting(error_text),
					mms_v_text(integration) };
	return mms_tx_run(tx, MMS_STMT_INTEGRATION_ENDED_GOOD, in, NULL, err);
}

mms_rc
mms_runs_put(struct mms_tx *tx, const struct mms_run_row *row, struct mms_err *err)
{
	const struct mms_event_counts *e = &row->events;
	const struct mms_block_counts *b = &row->blocks;
	const struct mms_value in[] = {
		mms_v_bytes(row->run, sizeof row->run),
		mms_v_u64(row->cursor_id),
		mms_v_text(row->integration),
		mms_v_text(row->mode),
		mms_v_text(row->status),
		mms_v_i64(row->started_ms),
		mms_v_i64(row->finished_ms),
		mms_v_i64(e->seen),
		mms_v_i64(e->created),
		mms_v_i64(e->updated),
		mms_v_i64(e->unchanged),
		mms_v_i64(e->deleted),
		mms_v_i64(e->declined),
		mms_v_i64(e->ours),
		mms_v_i64(e->foreign),
		mms_v_i64(e->failed),
		mms_v_i64(b->created),
		mms_v_i64(b->updated),
		mms_v_i64(b->deleted),
		mms_v_i64(b->failed),
		mms_v_i64(row->pages),
		mms_v_i64(row->requests),
		mms_v_i64(row->retries),
		mms_v_text(row->error_code),
		fitting(row->error_text),
	};

	return mms_tx_run(tx, MMS_STMT_RUN_PUT, in, NULL, err);
}

mms_rc
mms_runs_add_blocks(struct mms_db *db, const unsigned char run[16], uint64_t cursor_id,
		    int64_t since_ms, const struct mms_block_counts *b, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(b->created), mms_v_i64(b->updated),
					mms_v_i64(b->deleted), mms_v_i64(b->failed),
					mms_v_u64(cursor_id),  mms_v_i64(since_ms),
					mms_v_bytes(run, 16) };

	return mms_db_run(db, MMS_STMT_RUN_ADD_BLOCKS, in, NULL, err);
}

mms_rc
mms_runs_find(struct mms_db *db, const unsigned char run[16], uint64_t cursor_id, bool *out,
	      struct mms_err *err)
{
	int64_t n = 0;
	const struct mms_value in[] = { mms_v_bytes(run, 16), mms_v_u64(cursor_id) };

	mms_rc rc = mms_db_ask_i64(db, MMS_STMT_RUN_EXISTS, in, &n, err);
	*out = rc == MMS_OK && n > 0;
	return rc;
}

mms_rc
mms_users_find(struct mms_db *db, const char *email, struct mms_err *err)
{
	int64_t n = 0;
	const struct mms_value in[] = { mms_v_text(email) };

	mms_rc rc = mms_db_ask_i64(db, MMS_STMT_USER_EXISTS, in, &n, err);
	if (rc == MMS_OK && n == 0)
		return mms_fail(err, MMS_E_GONE, "there is no user '%s'", email);
	return rc;
}

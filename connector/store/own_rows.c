/* Rows of bookings' events in MM Calendar Event Sync (see the header). */
#include "mmsync/outbox.h"

mms_rc
mms_own_row_insert(struct mms_tx *tx, const struct mms_own_row *row, struct mms_err *err)
{
	const struct mms_event_row *r = row->row;
	const struct mms_value in[] = {
		mms_v_text(row->name),
		mms_v_wall(row->new_modified_us),
		mms_v_wall(row->new_modified_us),
		mms_v_text(row->by),
		mms_v_text(row->by),
		mms_v_text(row->integration),
		mms_v_text(row->external_id),
		mms_v_text(r->title),
		mms_v_text(r->event_type),
		mms_v_text(mms_row_status_name(r->status)),
		mms_v_wall(r->start_us),
		mms_v_wall(r->end_us),
		mms_v_text(r->description),
		mms_v_text(r->location),
		mms_v_text(r->attendees_json),
		mms_v_text(r->organizer_email),
		mms_v_i64(r->is_blocking),
		mms_v_wall(row->synced_us),
		mms_v_wall(r->external_modified_us),
		mms_v_text(r->error_log),
		mms_v_text(row->booking),
	};

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_ROW_INSERT, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "write the event of '%s'", row->booking);
}

mms_rc
mms_own_row_update(struct mms_tx *tx, const struct mms_own_row *row, struct mms_err *err)
{
	const struct mms_event_row *r = row->row;
	const struct mms_value in[] = {
		mms_v_text(row->external_id),
		mms_v_text(r->title),
		mms_v_text(r->event_type),
		mms_v_text(mms_row_status_name(r->status)),
		mms_v_wall(r->start_us),
		mms_v_wall(r->end_us),
		mms_v_text(r->description),
		mms_v_text(r->location),
		mms_v_text(r->attendees_json),
		mms_v_text(r->organizer_email),
		mms_v_i64(r->is_blocking),
		mms_v_wall(row->synced_us),
		mms_v_wall(r->external_modified_us),
		mms_v_text(r->error_log),
		mms_v_text(row->booking),
		mms_v_wall(row->new_modified_us),
		mms_v_text(row->by),
		mms_v_text(row->name),
		mms_v_wall(row->modified_us),
	};
	uint64_t affected = 0;

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_ROW_UPDATE, in, &affected, err);
	if (rc == MMS_OK && affected != 1)
		rc = mms_fail(err, MMS_E_CONFLICT, "event '%s' was changed by someone else",
			      row->name);
	return rc == MMS_OK ? rc : mms_fail_in(err, "write the event of '%s'", row->booking);
}

mms_rc
mms_own_row_mark(struct mms_tx *tx, const char *name, enum mms_row_status status,
		 const char *error_log, const char *by, int64_t now_us, struct mms_err *err)
{
	const char *status_name = mms_row_status_name(status);
	const struct mms_value in[] = {
		mms_v_wall(now_us),      mms_v_wall(now_us),    mms_v_text(by),
		mms_v_text(status_name), mms_v_text(error_log), mms_v_text(name),
		mms_v_text(status_name), mms_v_text(error_log),
	};

	mms_rc rc = mms_tx_run(tx, MMS_STMT_OWN_ROW_MARK, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "mark event '%s'", name);
}

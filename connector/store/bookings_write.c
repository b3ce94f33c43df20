/* What is written to a booking: as Frappe's save would, guarded by modified (see the header). */
#include <string.h>

#include "mmsync/bookings.h"
#include "mmsync/fault.h"
#include "mmsync/json.h"
#include "mmsync/uuid.h"

/* A taken name is one of 2^50: more often than this it is no accident. */
#define NAME_TRIES 5

/* ---- the row --------------------------------------------------------------------------------- */

static mms_rc
why_not_written(struct mms_tx *tx, const struct mms_booking_change *change, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(change->name) };
	int64_t n = 0;

	mms_rc rc = mms_db_ask_i64(tx->db, MMS_STMT_BOOKING_EXISTS, in, &n, err);
	if (rc != MMS_OK)
		return rc;
	if (n == 0)
		return mms_fail(err, MMS_E_GONE, "there is no booking '%s'", change->name);
	return mms_fail(err, MMS_E_CONFLICT, "booking '%s' was changed by someone else",
			change->name);
}

mms_rc
mms_booking_hold(struct mms_tx *tx, const char *name, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(name) };
	int64_t n = 0;

	mms_rc rc = mms_db_ask_i64(tx->db, MMS_STMT_BOOKING_HOLD, in, &n, err);
	if (rc != MMS_OK || n > 0)
		return rc;
	mms_fail(err, MMS_E_GONE, "booking '%s' was renamed or deleted meanwhile", name);
	return mms_hint(err, "its event is brought up to date by the next run");
}

mms_rc
mms_booking_write(struct mms_tx *tx, const struct mms_booking_change *change,
		  struct mms_err *err)
{
	struct mms_value in[20] = {
		mms_v_wall(change->start_us),    mms_v_wall(change->end_us),
		mms_v_i64(change->duration_min), mms_v_text(change->status),
		mms_v_text(change->title),       mms_v_text(change->calendar_event),
		mms_v_text(change->link),        mms_v_i64(change->is_synced),
	};
	size_t n = 8;
	uint64_t affected = 0;

	if (!change->is_narrow) {
		in[n++] = mms_v_text(change->location);
		in[n++] = mms_v_text(change->video_url);
		in[n++] = mms_v_wall(change->cancelled_at_us);
		in[n++] = mms_v_text(change->cancellation_reason);
	}
	in[n++] = mms_v_wall(change->new_modified_us);
	in[n++] = mms_v_text(change->by);
	in[n++] = mms_v_text(change->name);
	in[n++] = mms_v_wall(change->modified_us);
	mms_rc rc = mms_tx_run(
		tx, change->is_narrow ? MMS_STMT_BOOKING_WRITE_NARROW : MMS_STMT_BOOKING_WRITE,
		in, &affected, err);
	if (rc == MMS_OK && affected != 1 && !mms_fault_is_sabotaged(MMS_SABOTAGE_BOOKING_LOST))
		rc = why_not_written(tx, change, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "write booking '%s'", change->name);
}

/* ---- history --------------------------------------------------------------------------------- */

/* Ten characters as Frappe's own, lower case: its primary keys do not tell cases apart. */
static mms_rc
make_name(char out[MMS_HASH_NAME], struct mms_err *err)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
	unsigned char noise[MMS_HASH_NAME - 1];

	mms_rc rc = mms_random(noise, sizeof noise, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; i < sizeof noise; i++)
		out[i] = letters[noise[i] & 31];
	out[sizeof noise] = '\0';
	return MMS_OK;
}

/* Insert under a new name, in[0]; a taken one is tried again. */
static mms_rc
insert_named(struct mms_tx *tx, enum mms_stmt stmt, struct mms_value *in,
	     char name[MMS_HASH_NAME], uint64_t *affected, struct mms_err *err)
{
	mms_rc rc = MMS_E_CONFLICT;

	for (int i = 0; rc == MMS_E_CONFLICT && i < NAME_TRIES; i++) {
		rc = make_name(name, err);
		in[0] = mms_v_text(name);
		if (rc == MMS_OK)
			rc = mms_tx_run(tx, stmt, in, affected, err);
	}
	return rc;
}

mms_rc
mms_booking_add_history(struct mms_tx *tx, const struct mms_booking_history *history,
			char name_out[MMS_HASH_NAME], int64_t *idx_out, struct mms_err *err)
{
	const struct mms_value parent[] = { mms_v_text(history->booking) };
	char name[MMS_HASH_NAME];
	int64_t last = 0;
	uint64_t affected = 0;

	mms_rc rc = mms_db_ask_i64(tx->db, MMS_STMT_BOOKING_HISTORY_LAST, parent, &last, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the history of '%s'", history->booking);
	struct mms_value in[] = {
		mms_v_null(),
		mms_v_wall(history->at_us),
		mms_v_text(history->by),
		mms_v_i64(last + 1),
		mms_v_text(history->event_type),
		mms_v_wall(history->at_us),
		mms_v_text(history->by),
		mms_v_text(history->text),
		mms_v_text(history->booking),
	};
	rc = insert_named(tx, MMS_STMT_BOOKING_HISTORY_ADD, in, name, &affected, err);
	if (rc == MMS_OK && affected != 1)
		rc = mms_fail(err, MMS_E_GONE, "there is no booking '%s'", history->booking);
	if (rc != MMS_OK)
		return mms_fail_in(err, "write the history of '%s'", history->booking);
	memcpy(name_out, name, sizeof name);
	*idx_out = last + 1;
	return MMS_OK;
}

/* ---- Version --------------------------------------------------------------------------------- */

/* As Frappe shows a Datetime in its default form: cut to seconds. */
static char *
print_seconds(int64_t wall_us, char buf[MMS_TIME_TEXT_MAX])
{
	int64_t rest = wall_us % 1000000;

	return mms_wall_print(wall_us - (rest < 0 ? rest + 1000000 : rest), buf);
}

/* A list of [field, old, new]; n is how many there are. */
struct diff {
	struct mms_json *json;
	size_t n;
};

static bool
is_same_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static void
add_text(struct diff *diff, const char *field, const char *old, const char *new)
{
	if (is_same_text(old, new))
		return;
	diff->n++;
	mms_json_array(diff->json);
	mms_json_text(diff->json, field);
	mms_json_text(diff->json, old);
	mms_json_text(diff->json, new);
	mms_json_array_end(diff->json);
}

static void
add_time(struct diff *diff, const char *field, int64_t old_us, int64_t new_us)
{
	char old[MMS_TIME_TEXT_MAX], new[MMS_TIME_TEXT_MAX];

	add_text(diff, field, old_us != MMS_NO_TIME ? print_seconds(old_us, old) : NULL,
		 new_us != MMS_NO_TIME ? print_seconds(new_us, new) : NULL);
}

static void
add_number(struct diff *diff, const char *field, int64_t old, int64_t new)
{
	if (old == new)
		return;
	diff->n++;
	mms_json_array(diff->json);
	mms_json_text(diff->json, field);
	mms_json_i64(diff->json, old);
	mms_json_i64(diff->json, new);
	mms_json_array_end(diff->json);
}

/* In the order of the DocType's fields. */
static void
add_changed(struct diff *diff, const struct mms_booking *before,
	    const struct mms_booking_change *after)
{
	add_text(diff, "booking_status", before->status, after->status);
	add_text(diff, "meeting_title", before->title, after->title);
	if (!after->is_narrow) {
		add_text(diff, "meeting_location", before->location, after->location);
		add_text(diff, "video_meeting_url", before->video_url, after->video_url);
	}
	add_time(diff, "start_datetime", before->start_us, after->start_us);
	add_time(diff, "end_datetime", before->end_us, after->end_us);
	add_number(diff, "duration", before->duration_min, after->duration_min);
	add_number(diff, "calendar_event_synced", before->is_synced, after->is_synced);
	add_text(diff, "calendar_event", before->calendar_event, after->calendar_event);
	add_text(diff, "external_calendar_link", before->link, after->link);
	if (after->is_narrow)
		return;
	/* What they were is not read: whoever cancels finds a booking that is not cancelled. */
	add_time(diff, "cancelled_at", MMS_NO_TIME, after->cancelled_at_us);
	add_text(diff, "cancellation_reason", NULL, after->cancellation_reason);
}

/* A row of history as Frappe dumps a child, its keys sorted. */
static void
add_child(struct mms_json *j, const struct mms_booking_version *version, size_t at)
{
	const struct mms_booking_history *row = &version->added[at].row;
	char creation[MMS_TIME_TEXT_MAX], time[MMS_TIME_TEXT_MAX];
	bool has_creation = version->before->creation_us != MMS_NO_TIME;
	const struct {
		const char *key, *text;
		int64_t number;
		bool is_number;
	} fields[] = {
		{ .key = "creation",
		  .text = has_creation ? mms_wall_print(version->before->creation_us, creation)
				       : NULL },
		{ .key = "docstatus", .is_number = true },
		{ .key = "doctype", .text = "MM Meeting Booking History" },
		{ .key = "event_by", .text = row->by },
		{ .key = "event_datetime", .text = mms_wall_print(row->at_us, time) },
		{ .key = "event_description", .text = row->text },
		{ .key = "event_type", .text = row->event_type },
		{ .key = "idx", .number = version->added[at].idx, .is_number = true },
		{ .key = "modified", .text = time },
		{ .key = "modified_by", .text = row->by },
		{ .key = "name", .text = version->added[at].name },
		{ .key = "owner", .text = version->before->owner },
		{ .key = "parent", .text = row->booking },
		{ .key = "parentfield", .text = "booking_history" },
		{ .key = "parenttype", .text = "MM Meeting Booking" },
	};

	mms_json_array(j);
	mms_json_text(j, "booking_history");
	mms_json_map(j);
	for (size_t i = 0; i < MMS_COUNT(fields); i++) {
		mms_json_key(j, fields[i].key);
		if (fields[i].is_number)
			mms_json_i64(j, fields[i].number);
		else
			mms_json_text(j, fields[i].text);
	}
	mms_json_map_end(j);
	mms_json_array_end(j);
}

static void
add_empty(struct mms_json *j, const char *key, bool is_list)
{
	mms_json_key(j, key);
	if (!is_list) {
		mms_json_null(j);
		return;
	}
	mms_json_array(j);
	mms_json_array_end(j);
}

static void
begin_list(struct mms_json *j, const char *key)
{
	mms_json_key(j, key);
	mms_json_array(j);
}

/* *is_empty: there is nothing to tell. */
static mms_rc
write_data(const struct mms_booking_version *version, struct mms_str *out, bool *is_empty,
	   struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	struct diff diff = { .json = &j };

	mms_rc rc = mms_json_open_str(&j, out, false, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	begin_list(&j, "added");
	for (size_t i = 0; i < version->n_added; i++)
		add_child(&j, version, i);
	mms_json_array_end(&j);
	begin_list(&j, "changed");
	add_changed(&diff, version->before, version->after);
	mms_json_array_end(&j);
	add_empty(&j, "data_import", false);
	add_empty(&j, "removed", true);
	add_empty(&j, "row_changed", true);
	add_empty(&j, "updater_reference", false);
	mms_json_map_end(&j);
	*is_empty = diff.n == 0 && version->n_added == 0;
	return mms_json_check(&j, err);
}

mms_rc
mms_booking_add_version(struct mms_tx *tx, const struct mms_booking_version *version,
			int64_t now_us, struct mms_err *err)
{
	MMS_AUTO(mms_str) data = { 0 };
	char name[MMS_HASH_NAME];
	const char *by = version->after->by;
	bool is_empty = false;

	mms_rc rc = write_data(version, &data, &is_empty, err);
	if (rc != MMS_OK || is_empty)
		return rc;
	struct mms_value in[] = {
		mms_v_null(),
		mms_v_wall(now_us),
		mms_v_wall(now_us),
		mms_v_text(by),
		mms_v_text(by),
		mms_v_text(version->after->name),
		mms_v_textn(mms_str_get(&data), data.len),
	};
	rc = insert_named(tx, MMS_STMT_VERSION_ADD, in, name, NULL, err);
	return rc == MMS_OK ? rc
			    : mms_fail_in(err, "write the version of booking '%s'",
					  version->after->name);
}

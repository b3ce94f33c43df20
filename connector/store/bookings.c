/* Bookings as they stand, and the calendars that may take them (see the header). */
#include "mmsync/bookings.h"

#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

static int64_t
wall_of(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->wall_us;
}

void
mms_booking_release(struct mms_booking *booking)
{
	if (booking == NULL)
		return;
	char *texts[] = { booking->name,
			  booking->owner,
			  booking->status,
			  booking->title,
			  booking->description,
			  booking->location_type,
			  booking->location,
			  booking->video_url,
			  booking->customer_name,
			  booking->customer_email,
			  booking->customer_notes,
			  booking->calendar_event,
			  booking->link };

	for (size_t i = 0; i < MMS_COUNT(texts); i++)
		mms_free(texts[i]);
	for (size_t i = 0; i < booking->n_users; i++)
		mms_free(booking->users[i].user);
	mms_free(booking->users);
	for (size_t i = 0; i < booking->n_participants; i++) {
		mms_free(booking->participants[i].email);
		mms_free(booking->participants[i].name);
		mms_free(booking->participants[i].user);
	}
	mms_free(booking->participants);
	*booking = (struct mms_booking){ 0 };
}

/* ---- one booking ----------------------------------------------------------------------------- */

/* A person is assigned once, as Frappe compares names. */
static mms_rc
add_user(struct mms_booking *booking, size_t *cap, const struct mms_value *user, bool is_host,
	 struct mms_err *err)
{
	for (size_t i = 0; i < booking->n_users; i++) {
		if (strcasecmp(booking->users[i].user, user->ptr) == 0)
			return MMS_OK;
	}
	struct mms_booking_user *moved =
		mms_grow(booking->users, booking->n_users, cap, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	booking->users = moved;
	moved[booking->n_users] = (struct mms_booking_user){ .is_host = is_host };
	if (!mms_value_copy_text(user, &moved[booking->n_users].user))
		return mms_fail_nomem(err);
	booking->n_users++;
	return MMS_OK;
}

static mms_rc
load_row(struct mms_db *db, const char *name, struct mms_booking *out, char **assigned,
	 struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(name) };
	/* By their columns; what stands between them is no text. */
	char **const texts[] = { &out->name,
				 &out->owner,
				 NULL,
				 NULL,
				 NULL,
				 NULL,
				 NULL,
				 &out->status,
				 &out->title,
				 &out->description,
				 &out->location_type,
				 &out->location,
				 &out->video_url,
				 &out->customer_name,
				 &out->customer_email,
				 &out->customer_notes,
				 &out->calendar_event,
				 &out->link,
				 NULL,
				 assigned };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BOOKING_LOAD, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row == NULL)
		return mms_fail(err, MMS_E_GONE, "there is no booking '%s'", name);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		if (texts[i] != NULL && !mms_value_copy_text(&row[i], texts[i]))
			return mms_fail_nomem(err);
	}
	out->creation_us = wall_of(&row[2]);
	out->modified_us = wall_of(&row[3]);
	out->start_us = wall_of(&row[4]);
	out->end_us = wall_of(&row[5]);
	out->duration_min = row[6].i;
	out->is_synced = row[18].i != 0;
	return MMS_OK;
}

static mms_rc
load_users(struct mms_db *db, const struct mms_columns *columns, const char *assigned,
	   struct mms_booking *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(out->name) };
	size_t cap = 0;
	mms_rc rc = MMS_OK;

	if (mms_columns_has(columns, "tabMM Meeting Booking Assigned User", "user"))
		rc = mms_rows_open(&rows, db, MMS_STMT_BOOKING_USERS, in, err);
	while (rc == MMS_OK && rows.handle != NULL &&
	       (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add_user(out, &cap, &row[0], row[1].type != 0 && row[1].i != 0, err);
	if (rc != MMS_OK || assigned == NULL || assigned[0] == '\0')
		return rc;
	/* Where there are both, the child table came later and says who the host is. */
	const struct mms_value user = mms_v_text(assigned);
	return add_user(out, &cap, &user, out->n_users == 0, err);
}

static mms_rc
load_participants(struct mms_db *db, struct mms_booking *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(out->name) };
	size_t cap = 0;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BOOKING_PARTICIPANTS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_booking_participant *moved =
			mms_grow(out->participants, out->n_participants, &cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->participants = moved;
		moved += out->n_participants++;
		*moved = (struct mms_booking_participant){ 0 };
		if (!mms_value_copy_text(&row[0], &moved->email) ||
		    !mms_value_copy_text(&row[1], &moved->name) ||
		    !mms_value_copy_text(&row[2], &moved->user))
			return mms_fail_nomem(err);
	}
	return rc;
}

/* What BOOKING_WRITE sets beyond the columns that every site must have. */
static bool
is_narrow(const struct mms_columns *columns)
{
	static const char *const names[] = { "meeting_location", "video_meeting_url",
					     "cancelled_at", "cancellation_reason" };
	bool has_all = true;

	for (size_t i = 0; i < MMS_COUNT(names); i++)
		has_all =
			has_all && mms_columns_has(columns, "tabMM Meeting Booking", names[i]);
	return !has_all;
}

mms_rc
mms_booking_load(struct mms_db *db, const struct mms_columns *columns, const char *name,
		 struct mms_booking *out, struct mms_err *err)
{
	MMS_AUTO(mms_booking) booking = { 0 };
	char *assigned = NULL;

	mms_rc rc = load_row(db, name, &booking, &assigned, err);
	if (rc == MMS_OK)
		rc = load_users(db, columns, assigned, &booking, err);
	mms_free(assigned);
	if (rc == MMS_OK &&
	    mms_columns_has(columns, "tabMM Meeting Booking Participant", "email"))
		rc = load_participants(db, &booking, err);
	if (rc != MMS_OK)
		return rc;
	booking.is_narrow = is_narrow(columns);
	*out = booking;
	booking = (struct mms_booking){ 0 };
	return MMS_OK;
}

struct mms_booking_change
mms_booking_same(const struct mms_booking *booking)
{
	return (struct mms_booking_change){
		.name = booking->name,
		.modified_us = booking->modified_us,
		.new_modified_us = booking->modified_us,
		.start_us = booking->start_us,
		.end_us = booking->end_us,
		.duration_min = booking->duration_min,
		.status = booking->status,
		.title = booking->title,
		.location = booking->location,
		.video_url = booking->video_url,
		.calendar_event = booking->calendar_event,
		.link = booking->link,
		.is_synced = booking->is_synced,
		.cancelled_at_us = MMS_NO_TIME,
		.is_narrow = booking->is_narrow,
	};
}

/* ---- whose calendar takes it ----------------------------------------------------------------- */

static void
release_target(struct mms_target *target)
{
	mms_free(target->integration);
	mms_free(target->title);
	mms_free(target->user);
	mms_free(target->type);
	mms_free(target->direction);
	mms_free(target->owner);
}

void
mms_targets_release(struct mms_targets *targets)
{
	if (targets == NULL)
		return;
	for (size_t i = 0; i < targets->n; i++)
		release_target(&targets->items[i]);
	mms_free(targets->items);
	*targets = (struct mms_targets){ 0 };
}

/* Columns id, role, needs_reauth of a cursor. */
static void
take_cursor(struct mms_target *target, const struct mms_value *row)
{
	target->cursor_id = row[0].u;
	target->role = row[1].type == 0 ? 0 : row[1].i;
	target->needs_reauth = row[2].type != 0 && row[2].i != 0;
}

static mms_rc
add_target(struct mms_targets *out, const struct mms_value *row, struct mms_err *err)
{
	struct mms_target *moved = mms_grow(out->items, out->n, &out->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	out->items = moved;
	struct mms_target *t = &moved[out->n++];
	*t = (struct mms_target){ 0 };
	char **const texts[] = { &t->integration, &t->title,     &t->user,
				 &t->type,        &t->direction, &t->owner };
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		if (!mms_value_copy_text(&row[i], texts[i]))
			return mms_fail_nomem(err);
	}
	t->creation_us = wall_of(&row[6]);
	t->is_active = row[7].i != 0;
	t->is_primary = row[8].i != 0;
	t->is_auto = row[9].i != 0;
	if (row[10].type != 0 && row[13].i != 0)
		take_cursor(t, &row[10]);
	return MMS_OK;
}

/* That of a renamed one. A cursor that has the name, but is of another document, is not its. */
static mms_rc
find_cursor(struct mms_db *db, struct mms_target *target, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_wall(target->creation_us),
					mms_v_text(target->owner) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_TARGET_CURSOR, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row != NULL)
		take_cursor(target, row);
	return rc;
}

static mms_rc
load_targets(struct mms_db *db, const char *user, struct mms_targets *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(user) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_TARGETS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add_target(out, row, err);
	return rc;
}

mms_rc
mms_targets_add(struct mms_db *db, const char *user, struct mms_targets *out,
		struct mms_err *err)
{
	size_t before = out->n;

	mms_rc rc = load_targets(db, user, out, err);
	for (size_t i = before; rc == MMS_OK && i < out->n; i++) {
		if (out->items[i].cursor_id == 0 && out->items[i].creation_us != MMS_NO_TIME)
			rc = find_cursor(db, &out->items[i], err);
	}
	return rc;
}

mms_rc
mms_targets_add_of(struct mms_db *db, uint64_t cursor_id, struct mms_targets *out,
		   struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id) };
	char *user = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_TARGET_USER, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row != NULL && !mms_value_copy_text(&row[0], &user))
		rc = mms_fail_nomem(err);
	mms_rows_release(&rows);
	if (rc == MMS_OK && user != NULL)
		rc = mms_targets_add(db, user, out, err);
	mms_free(user);
	return rc;
}

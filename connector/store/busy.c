/* What the database knows of a person's time (see the header). */
#include "mmsync/busy.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/near.h"

static void
release_calendar(struct mms_busy_calendar *calendar)
{
	mms_free(calendar->name);
	mms_free(calendar->title);
	mms_free(calendar->owner);
	mms_longest_release(&calendar->longest);
}

void
mms_busy_person_release(struct mms_busy_person *person)
{
	if (person == NULL)
		return;
	for (size_t i = 0; i < person->n; i++)
		release_calendar(&person->calendars[i]);
	mms_free(person->calendars);
	mms_free(person->user);
	mms_free(person->zone);
	*person = (struct mms_busy_person){ 0 };
}

static int64_t
wall_of(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->wall_us;
}

/* ---- the person and the calendars ----------------------------------------------------------- */

/* The columns of MMS_SQL_BUSY_CURSOR. */
static mms_rc
read_cursor(const struct mms_value *row, struct mms_busy_calendar *out, struct mms_err *err)
{
	out->has_cursor = row[0].type != 0;
	if (!out->has_cursor)
		return MMS_OK;
	out->cursor_id = row[0].u;
	out->last_success_ms = row[1].type == 0 ? MMS_NO_TIME : row[1].i;
	out->longest.bound_us = row[2].i * 1000;
	out->watermark_us = wall_of(&row[4]);
	out->stamp_us = wall_of(&row[5]);
	out->fence = row[6].i;
	out->batch_no = row[7].i;
	out->needs_reauth = row[8].type != 0 && row[8].i != 0;
	out->n_letters = row[9].type == 0 ? 0 : row[9].i;
	out->window_start_ms = row[10].type == 0 ? MMS_NO_TIME : row[10].i;
	out->window_end_ms = row[11].type == 0 ? MMS_NO_TIME : row[11].i;
	out->has_zone = row[12].type != 0 && row[12].len >= sizeof out->zone;
	if (out->has_zone)
		memcpy(out->zone, row[12].ptr, sizeof out->zone);
	out->has_bound = out->watermark_us != MMS_NO_TIME;
	if (row[3].type == 0 || !out->has_bound)
		return MMS_OK;
	mms_rc rc = mms_longest_read(&out->longest, row[3].ptr, row[3].len, err);
	if (rc != MMS_E_ITEM)
		return rc;
	mms_err_release(err); /* then there is no bound, and all is looked at */
	out->has_bound = false;
	return MMS_OK;
}

/* *is_own: the cursor of its name is its own, or there is none. */
static mms_rc
add_calendar(struct mms_busy_person *person, const struct mms_value *row, bool *is_own,
	     struct mms_err *err)
{
	struct mms_busy_calendar *moved =
		mms_grow(person->calendars, person->n, &person->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	person->calendars = moved;
	struct mms_busy_calendar *c = &moved[person->n++];
	*c = (struct mms_busy_calendar){ 0 };
	if (!mms_value_copy_text(&row[3], &c->name) ||
	    !mms_value_copy_text(&row[4], &c->title) ||
	    !mms_value_copy_text(&row[8], &c->owner))
		return mms_fail_nomem(err);
	c->interval_minutes = row[5].type == 0 ? 0 : row[5].i;
	c->last_sync_us = wall_of(&row[6]);
	c->creation_us = wall_of(&row[7]);
	c->last_success_ms = c->watermark_us = c->stamp_us = MMS_NO_TIME;
	c->window_start_ms = c->window_end_ms = MMS_NO_TIME;
	*is_own = row[10].type != 0 && row[9].i != 0;
	return *is_own ? read_cursor(row + 10, c, err) : MMS_OK;
}

/* The zone of MM User Settings, else of User. */
static bool
take_zone(const struct mms_value *row, char **out)
{
	const struct mms_value *v = row[1].type != 0 && row[1].len > 0 ? &row[1] : &row[2];

	return v->len == 0 || mms_value_copy_text(v, out);
}

/* A renamed one's. A cursor that has the name, but is of another document, says nothing of it. */
static mms_rc
find_cursor(struct mms_db *db, struct mms_busy_calendar *calendar, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_wall(calendar->creation_us),
					mms_v_text(calendar->owner) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BUSY_CURSOR, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row != NULL)
		rc = read_cursor(row, calendar, err);
	return rc;
}

static mms_rc
read_person(struct mms_db *db, enum mms_stmt stmt, const char *user,
	    struct mms_busy_person *out, bool *are_own, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(user) };

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		bool is_own = true;
		if (out->user == NULL &&
		    (!mms_value_copy_text(&row[0], &out->user) || !take_zone(row, &out->zone)))
			return mms_fail_nomem(err);
		if (row[3].type != 0)
			rc = add_calendar(out, row, &is_own, err);
		*are_own = *are_own && is_own;
	}
	if (rc == MMS_OK && out->user == NULL)
		return mms_fail(err, MMS_E_GONE, "there is no user '%s'", user);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	const struct mms_busy_calendar *x = a, *y = b;

	return strcmp(x->name, y->name);
}

mms_rc
mms_busy_load_person(struct mms_db *db, const struct mms_columns *columns, const char *user,
		     struct mms_busy_person *out, struct mms_err *err)
{
	MMS_AUTO(mms_busy_person) person = { 0 };
	bool are_own = true;
	enum mms_stmt stmt = mms_columns_has(columns, "tabMM User Settings", "timezone")
				     ? MMS_STMT_BUSY_PERSON
				     : MMS_STMT_BUSY_PERSON_PLAIN;

	mms_rc rc = read_person(db, stmt, user, &person, &are_own, err);
	if (rc == MMS_OK && person.n > 1)
		qsort(person.calendars, person.n, sizeof *person.calendars, by_name);
	for (size_t i = 0; rc == MMS_OK && !are_own && i < person.n; i++) {
		if (!person.calendars[i].has_cursor)
			rc = find_cursor(db, &person.calendars[i], err);
	}
	if (rc != MMS_OK)
		return rc;
	*out = person;
	person = (struct mms_busy_person){ 0 };
	return MMS_OK;
}

/* ---- bookings ------------------------------------------------------------------------------- */

static mms_rc
add_booking(struct mms_taken_list *out, const struct mms_value *row, struct mms_err *err)
{
	struct mms_taken *item = mms_taken_list_add(out);

	if (item == NULL || !mms_value_copy_text(&row[0], &item->name) ||
	    !mms_value_copy_text(&row[1], &item->title) ||
	    !mms_value_copy_text(&row[2], &item->location) ||
	    !mms_value_copy_text(&row[5], &item->link))
		return mms_fail_nomem(err);
	item->event_type = mms_text_copy("Meeting Booking");
	if (item->event_type == NULL)
		return mms_fail_nomem(err);
	item->is_booking = true;
	item->start_us = wall_of(&row[3]);
	item->end_us = wall_of(&row[4]);
	return MMS_OK;
}

mms_rc
mms_busy_load_bookings(struct mms_db *db, const struct mms_columns *columns, const char *user,
		       int64_t from_us, int64_t to_us, struct mms_taken_list *out,
		       struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	bool has_table =
		mms_columns_has(columns, "tabMM Meeting Booking Assigned User", "user");
	bool has_column = mms_columns_has(columns, "tabMM Meeting Booking", "assigned_user");
	enum mms_stmt stmt = has_table && has_column ? MMS_STMT_BUSY_BOOKINGS
			     : has_table             ? MMS_STMT_BUSY_BOOKINGS_TABLE
						     : MMS_STMT_BUSY_BOOKINGS_COLUMN;
	const struct mms_value to = mms_v_wall(to_us), from = mms_v_wall(from_us),
			       person = mms_v_text(user);
	const struct mms_value in[] = { to, from, person, to, from, person };

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add_booking(out, row, err);
	return rc;
}

mms_rc
mms_busy_find_booking(struct mms_db *db, const char *name, char **name_out, char **event_out,
		      struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(name) };
	char *found = NULL, *event = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BUSY_BOOKING, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row == NULL)
		return mms_fail(err, MMS_E_GONE, "there is no booking '%s'", name);
	if (rc != MMS_OK)
		return rc;
	if (!mms_value_copy_text(&row[0], &found) || !mms_value_copy_text(&row[1], &event)) {
		mms_free(found);
		return mms_fail_nomem(err);
	}
	*name_out = found;
	*event_out = event;
	return MMS_OK;
}

/* ---- names that nobody has ------------------------------------------------------------------ */

static mms_rc
find_near(struct mms_db *db, enum mms_stmt stmt, const char *name, char **out,
	  struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	size_t best_distance = SIZE_MAX;

	*out = NULL;
	mms_rc rc = mms_rows_open(&rows, db, stmt, NULL, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		size_t distance = mms_near_distance(name, row[0].ptr);
		if (distance >= best_distance || !mms_near_enough(name, row[0].ptr))
			continue;
		mms_free(*out);
		*out = mms_text_copy_n(row[0].ptr, row[0].len);
		if (*out == NULL)
			return mms_fail_nomem(err);
		best_distance = distance;
	}
	return rc;
}

mms_rc
mms_busy_near_user(struct mms_db *db, const char *user, char **out, struct mms_err *err)
{
	return find_near(db, MMS_STMT_LOOK_USER_NAMES, user, out, err);
}

mms_rc
mms_busy_near_booking(struct mms_db *db, const char *name, char **out, struct mms_err *err)
{
	return find_near(db, MMS_STMT_BUSY_BOOKING_NAMES, name, out, err);
}

/* What the database knows of a person's time (see the header). */
#include "mmsync/busy.h"

#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/near.h"

/* Calendars that one statement is about; a person with more is asked again. */
#define NAMES_MAX ((size_t)16)
/* A row whose end says nothing lasts so long (model/spans.c): the shortest longest event. */
#define SHORTEST_MS INT64_C(60000)
/* What stands for "from the beginning" and "at the end" in a DATETIME. */
#define FIRST_YEAR 1000
#define LAST_YEAR  9999

static void
release_calendar(struct mms_busy_calendar *calendar)
{
	mms_free(calendar->name);
	mms_free(calendar->title);
	mms_free(calendar->owner);
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

/* Copy a text column; NULL stays NULL. */
static bool
take_text(const struct mms_value *v, char **out)
{
	if (v->type == 0)
		return true;
	*out = mms_text_copy_n(v->ptr, v->len);
	return *out != NULL;
}

static int64_t
wall_of(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->wall_us;
}

/* ---- the person and the calendars ----------------------------------------------------------- */

/* The columns of MMS_SQL_BUSY_CURSOR. */
static void
read_cursor(const struct mms_value *row, struct mms_busy_calendar *out)
{
	out->has_cursor = row[0].type != 0;
	out->last_success_ms = row[1].type == 0 ? MMS_NO_TIME : row[1].i;
	out->longest_ms = row[2].type == 0 ? 0 : row[2].i;
	out->watermark_us = wall_of(&row[3]);
	out->needs_reauth = row[4].type != 0 && row[4].i != 0;
	out->n_letters = row[5].type == 0 ? 0 : row[5].i;
	out->window_start_ms = row[6].type == 0 ? MMS_NO_TIME : row[6].i;
	out->window_end_ms = row[7].type == 0 ? MMS_NO_TIME : row[7].i;
}

/* No cursor: nothing is known. */
static void
forget_cursor(struct mms_busy_calendar *out)
{
	out->has_cursor = out->needs_reauth = false;
	out->last_success_ms = out->watermark_us = MMS_NO_TIME;
	out->window_start_ms = out->window_end_ms = MMS_NO_TIME;
	out->longest_ms = out->n_letters = 0;
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
	if (!take_text(&row[3], &c->name) || !take_text(&row[4], &c->title) ||
	    !take_text(&row[8], &c->owner))
		return mms_fail_nomem(err);
	c->interval_minutes = row[5].type == 0 ? 0 : row[5].i;
	c->last_sync_us = wall_of(&row[6]);
	c->creation_us = wall_of(&row[7]);
	*is_own = row[10].type != 0 && row[9].i != 0;
	read_cursor(row + 10, c);
	if (!*is_own)
		forget_cursor(c);
	return MMS_OK;
}

/* The zone of MM User Settings, else of User. */
static bool
take_zone(const struct mms_value *row, char **out)
{
	const struct mms_value *v = row[1].type != 0 && row[1].len > 0 ? &row[1] : &row[2];

	return v->len == 0 || take_text(v, out);
}

static mms_rc
find_cursor(struct mms_db *db, struct mms_busy_calendar *calendar, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_wall(calendar->creation_us),
					mms_v_text(calendar->owner), mms_v_text(calendar->name),
					mms_v_text(calendar->name) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BUSY_CURSOR, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row != NULL)
		read_cursor(row, calendar);
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
		    (!take_text(&row[0], &out->user) || !take_zone(row, &out->zone)))
			return mms_fail_nomem(err);
		if (row[3].type != 0)
			rc = add_calendar(out, row, &is_own, err);
		*are_own = *are_own && is_own;
	}
	if (rc == MMS_OK && out->user == NULL)
		return mms_fail(err, MMS_E_GONE, "there is no user '%s'", user);
	return rc;
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

/* ---- events --------------------------------------------------------------------------------- */

/* From where on a row must start to reach a time: known as of when a row was changed last. */
struct reach {
	int64_t first_us, changed_us;
};

static int64_t
year_start(int year)
{
	return mms_days_from_civil(year, 1, 1) * MMS_DAY_US;
}

/*
 * The longest event of all, and the earliest time at which it was known: stored times, and their
 * differences, as the sync keeps them. A calendar of which nobody has kept it has no bound.
 */
static struct reach
reach_of(const struct mms_busy_calendar *calendars, size_t n, int64_t from_us)
{
	struct reach all = { year_start(FIRST_YEAR), year_start(LAST_YEAR) }, out = all;
	int64_t longest_ms = SHORTEST_MS;

	for (size_t i = 0; i < n; i++) {
		const struct mms_busy_calendar *c = &calendars[i];
		if (!c->has_cursor || c->watermark_us == MMS_NO_TIME)
			return all;
		if (c->longest_ms > longest_ms)
			longest_ms = c->longest_ms;
		if (c->watermark_us < out.changed_us)
			out.changed_us = c->watermark_us;
	}
	if (longest_ms > (from_us - all.first_us) / 1000)
		return all;
	out.first_us = from_us - longest_ms * 1000;
	return out;
}

static mms_rc
add_event(struct mms_taken_list *out, const struct mms_value *row, struct mms_err *err)
{
	struct mms_taken *item = mms_taken_list_add(out);

	if (item == NULL || !take_text(&row[0], &item->name) ||
	    !take_text(&row[1], &item->title) || !take_text(&row[2], &item->event_type) ||
	    !take_text(&row[3], &item->location) || !take_text(&row[6], &item->integration) ||
	    !take_text(&row[7], &item->link))
		return mms_fail_nomem(err);
	item->start_us = wall_of(&row[4]);
	item->end_us = wall_of(&row[5]);
	item->is_failed = row[8].i != 0;
	return MMS_OK;
}

static mms_rc
read_events(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	    struct mms_taken_list *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add_event(out, row, err);
	return rc;
}

/* The names of n calendars in width places, the last repeated, and three more values. */
static size_t
put_branch(struct mms_value *in, const struct mms_busy_calendar *calendars, size_t n,
	   size_t width, const int64_t walls[3])
{
	size_t k = 0;

	while (k < width) {
		in[k] = mms_v_text(calendars[k < n ? k : n - 1].name);
		k++;
	}
	for (size_t i = 0; i < 3; i++)
		in[k++] = mms_v_wall(walls[i]);
	return k;
}

/* At most NAMES_MAX calendars. */
static mms_rc
load_some(struct mms_db *db, const struct mms_busy_calendar *calendars, size_t n,
	  int64_t from_us, int64_t to_us, struct mms_taken_list *out, struct mms_err *err)
{
	struct mms_value in[2 * (NAMES_MAX + 3)];
	struct reach reach = reach_of(calendars, n, from_us);
	const int64_t near[] = { reach.first_us, to_us, from_us };
	const int64_t far[] = { reach.changed_us, reach.first_us, from_us };
	size_t width = n <= 1 ? 1 : n <= 4 ? 4 : NAMES_MAX;
	enum mms_stmt stmt = n <= 1   ? MMS_STMT_BUSY_EVENTS_1
			     : n <= 4 ? MMS_STMT_BUSY_EVENTS_4
				      : MMS_STMT_BUSY_EVENTS_16;
	size_t before = out->n, k = put_branch(in, calendars, n, width, near);

	(void)put_branch(in + k, calendars, n, width, far);
	mms_rc rc = read_events(db, stmt, in, out, err);
	if (rc != MMS_E_DB || out->n != before)
		return rc;
	/* A site whose index has another name, or that has none yet: slower, and as right. */
	MMS_AUTO(mms_err) first = { 0 };
	mms_err_move(&first, err);
	k = put_branch(in, calendars, n, NAMES_MAX, near);
	(void)put_branch(in + k, calendars, n, NAMES_MAX, far);
	return read_events(db, MMS_STMT_BUSY_EVENTS_PLAIN, in, out, err);
}

mms_rc
mms_busy_load_events(struct mms_db *db, const struct mms_busy_person *person, int64_t from_us,
		     int64_t to_us, struct mms_taken_list *out, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < person->n; i += NAMES_MAX) {
		size_t n = person->n - i < NAMES_MAX ? person->n - i : NAMES_MAX;
		rc = load_some(db, person->calendars + i, n, from_us, to_us, out, err);
	}
	return rc;
}

/* ---- bookings ------------------------------------------------------------------------------- */

static mms_rc
add_booking(struct mms_taken_list *out, const struct mms_value *row, struct mms_err *err)
{
	struct mms_taken *item = mms_taken_list_add(out);

	if (item == NULL || !take_text(&row[0], &item->name) ||
	    !take_text(&row[1], &item->title) || !take_text(&row[2], &item->location) ||
	    !take_text(&row[5], &item->link))
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
	if (!take_text(&row[0], &found) || !take_text(&row[1], &event)) {
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

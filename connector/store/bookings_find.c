/*
 * Which bookings are to be looked at, and which are gone (see the header).
 *
 * Frappe renames by giving the row another name: what stays is its creation, and the links to it
 * follow, that of our event's row among them. Two bookings may share a creation (an import), and a
 * name that is free again may be given to another booking.
 */
#include <stdlib.h>
#include <string.h>

#include "mmsync/bookings.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* What our columns of names hold. */
#define NAME_CHARS 140

void
mms_names_list_release(struct mms_names_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->n; i++)
		mms_free(list->items[i]);
	mms_free(list->items);
	*list = (struct mms_names_list){ 0 };
}

static mms_rc
add_name(struct mms_names_list *list, const char *name, struct mms_err *err)
{
	char **moved = mms_grow(list->items, list->n, &list->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	list->items = moved;
	moved[list->n] = mms_text_copy(name);
	if (moved[list->n] == NULL)
		return mms_fail_nomem(err);
	list->n++;
	return MMS_OK;
}

static enum mms_stmt
find_stmt(const struct mms_columns *columns, const char *user)
{
	bool has_table =
		mms_columns_has(columns, "tabMM Meeting Booking Assigned User", "user");
	bool has_column = mms_columns_has(columns, "tabMM Meeting Booking", "assigned_user");

	if (user == NULL)
		return MMS_STMT_BOOKINGS_FIND;
	if (has_table && has_column)
		return MMS_STMT_BOOKINGS_FIND_BOTH;
	return has_table ? MMS_STMT_BOOKINGS_FIND_TABLE : MMS_STMT_BOOKINGS_FIND_COLUMN;
}

mms_rc
mms_bookings_find(struct mms_db *db, const struct mms_columns *columns,
		  const struct mms_bookings_query *query, struct mms_names_list *out,
		  struct mms_err *err)
{
	MMS_AUTO(mms_names_list) found = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	bool is_all = query->since_us == MMS_NO_TIME;
	bool is_any_end = query->ends_after_us == MMS_NO_TIME;
	const struct mms_value in[] = {
		mms_v_i64(is_all),       mms_v_wall(is_all ? 0 : query->since_us),
		mms_v_i64(is_any_end),   mms_v_wall(is_any_end ? 0 : query->ends_after_us),
		mms_v_text(query->user), mms_v_text(query->user)
	};

	mms_rc rc = mms_rows_open(&rows, db, find_stmt(columns, query->user), in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add_name(&found, row[0].ptr, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "look for changed bookings");
	*out = found;
	found = (struct mms_names_list){ 0 };
	return MMS_OK;
}

mms_rc
mms_bookings_seen(struct mms_db *db, int64_t *out_us, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BOOKINGS_SEEN, NULL, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK)
		*out_us = row == NULL || row[0].type == 0 ? MMS_NO_TIME : row[0].wall_us;
	return rc;
}

mms_rc
mms_bookings_put_compared(struct mms_db *db, struct mms_cursor *const *cursors, size_t n,
			  struct mms_err *err)
{
	MMS_AUTO(mms_bulk) bulk = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = mms_bulk_init(&bulk, MMS_STMT_CURSOR_PUT_COMPARED, n, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		const struct mms_value row[] = { mms_v_u64(cursors[i]->id),
						 mms_v_i64(cursors[i]->last_full_ms) };
		rc = mms_bulk_add(&bulk, row, err);
	}
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_bulk_run(&bulk, &tx, NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_commit(&tx, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		cursors[i]->bookings_full_ms = cursors[i]->last_full_ms;
	return rc;
}

mms_rc
mms_bookings_put_seen(struct mms_db *db, int64_t us, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_wall(us) };

	return mms_db_run(db, MMS_STMT_BOOKINGS_PUT_SEEN, in, NULL, err);
}

/* ---- those that are gone --------------------------------------------------------------------- */

/* A name that states have, with which creation, where no booking is both. Texts are owned. */
struct astray {
	char *name, *row_booking; /* the row of one of its states names this booking        */
	int64_t creation_us;
	bool is_live;
	char *same_name; /* a booking of this name, but of another creation; NULL: none     */
	int64_t same_creation_us;
	char *new_name; /* it was renamed to this; NULL: not                                */
	bool has_several, is_adopted;
};
struct astrays {
	struct astray *items;
	size_t n, cap;
};

static void
astrays_release(struct astrays *list)
{
	for (size_t i = 0; i < list->n; i++) {
		mms_free(list->items[i].name);
		mms_free(list->items[i].row_booking);
		mms_free(list->items[i].same_name);
		mms_free(list->items[i].new_name);
	}
	mms_free(list->items);
	*list = (struct astrays){ 0 };
}

static mms_rc
load_astrays(struct mms_db *db, struct astrays *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BOOKINGS_ASTRAY, NULL, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct astray *moved = mms_grow(out->items, out->n, &out->cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		moved += out->n++;
		*moved = (struct astray){ .creation_us = row[1].wall_us,
					  .is_live = row[2].i != 0,
					  .same_creation_us = row[5].wall_us };
		if (!mms_value_copy_text(&row[0], &moved->name) ||
		    !mms_value_copy_text(&row[3], &moved->row_booking) ||
		    !mms_value_copy_text(&row[4], &moved->same_name))
			return mms_fail_nomem(err);
	}
	return rc;
}

static mms_rc
put_text(char **to, const char *text, struct mms_err *err)
{
	char *copy = mms_text_copy(text);

	if (copy == NULL)
		return mms_fail_nomem(err);
	mms_free(*to);
	*to = copy;
	return MMS_OK;
}

/* A booking that no state knows: is it one of those, under another name, or of another creation? */
static mms_rc
try_unknown(struct astrays *list, const char *name, int64_t creation_us, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < list->n; i++) {
		struct astray *a = &list->items[i];
		if (a->creation_us == MMS_NO_TIME || a->creation_us != creation_us)
			continue;
		bool is_the_linked =
			a->row_booking != NULL && strcmp(a->row_booking, name) == 0;
		a->has_several = a->has_several || a->new_name != NULL;
		if (a->new_name == NULL || is_the_linked)
			rc = put_text(&a->new_name, name, err);
	}
	return rc;
}

/*
 * All bookings of the time of those that are astray, in one read however many are gone: Frappe has
 * no index on creation everywhere.
 */
static mms_rc
find_new_names(struct mms_db *db, struct astrays *list, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	int64_t first_us = INT64_MAX, last_us = MMS_NO_TIME;

	for (size_t i = 0; i < list->n; i++) {
		int64_t us = list->items[i].creation_us;
		if (us == MMS_NO_TIME)
			continue;
		first_us = us < first_us ? us : first_us;
		last_us = us > last_us ? us : last_us;
	}
	if (last_us == MMS_NO_TIME)
		return MMS_OK;
	const struct mms_value in[] = { mms_v_wall(first_us), mms_v_wall(last_us) };
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BOOKINGS_UNKNOWN, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = try_unknown(list, row[0].ptr, row[1].wall_us, err);
	return rc;
}

static bool
is_linked(const struct astray *a)
{
	return a->row_booking != NULL && a->new_name != NULL &&
	       strcmp(a->row_booking, a->new_name) == 0;
}

/* Its new name is sure: its row says so, or nobody else can be meant. */
static bool
is_renamed(const struct astrays *list, size_t at)
{
	const struct astray *a = &list->items[at];

	if (a->new_name == NULL || is_linked(a))
		return a->new_name != NULL;
	for (size_t i = 0; i < list->n; i++) {
		const struct astray *other = &list->items[i];
		if (i != at && other->new_name != NULL &&
		    strcmp(other->new_name, a->new_name) == 0)
			return false;
	}
	return !a->has_several;
}

static mms_rc
follow(struct mms_tx *tx, struct astray *a, const char *name, int64_t creation_us,
       struct mms_err *err)
{
	const struct mms_value states[] = { mms_v_text(name), mms_v_wall(creation_us),
					    mms_v_text(a->name), mms_v_wall(a->creation_us) };
	const struct mms_value outbox[] = { mms_v_text(a->name), mms_v_text(name),
					    mms_v_wall(creation_us) };

	mms_rc rc = mms_tx_run(tx, MMS_STMT_BOOKING_FOLLOW_STATES, states, NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(tx, MMS_STMT_BOOKING_FOLLOW_OUTBOX, outbox, NULL, err);
	return rc;
}

/* The name of one whose own is another's now: Frappe refuses < and > in names. */
static mms_rc
park(struct mms_tx *tx, struct astray *a, struct mms_err *err)
{
	MMS_AUTO(mms_str) name = { 0 };

	mms_str_addc(&name, '<');
	mms_str_addn(&name, a->name,
		     mms_utf8_prefix(a->name, strlen(a->name), NAME_CHARS - 2, SIZE_MAX));
	mms_str_addc(&name, '>');
	mms_rc rc = mms_str_check(&name, err);
	if (rc == MMS_OK)
		rc = follow(tx, a, mms_str_get(&name), a->creation_us, err);
	return rc == MMS_OK ? put_text(&a->name, mms_str_get(&name), err) : rc;
}

/* A booking has its name, but not its creation: that was changed, or it is another one. */
static mms_rc
settle_same_name(struct mms_tx *tx, struct astray *a, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(a->same_name),
					mms_v_wall(a->same_creation_us) };
	int64_t n_known = 0;

	mms_rc rc = mms_db_ask_i64(tx->db, MMS_STMT_BOOKING_IS_KNOWN, in, &n_known, err);
	if (rc != MMS_OK)
		return rc;
	if (n_known > 0)
		return park(tx, a, err);
	a->is_adopted = true;
	return follow(tx, a, a->same_name, a->same_creation_us, err);
}

static mms_rc
find_adopted(struct mms_db *db, struct astrays *list, struct mms_err *err)
{
	mms_rc rc = find_new_names(db, list, err);

	for (size_t i = 0; rc == MMS_OK && i < list->n; i++)
		list->items[i].is_adopted = is_renamed(list, i);
	return rc;
}

/* Without writing: what would be followed is nobody's that is gone. */
static mms_rc
find_dry(struct mms_db *db, struct astrays *list, struct mms_err *err)
{
	mms_rc rc = find_adopted(db, list, err);

	for (size_t i = 0; rc == MMS_OK && i < list->n; i++)
		list->items[i].is_adopted |= list->items[i].same_name != NULL;
	return rc;
}

/* Those that have a new name go first: a name that they take is known to the others. */
static mms_rc
settle_all(struct mms_db *db, struct astrays *list, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = find_adopted(db, list, err);
	for (size_t i = 0; rc == MMS_OK && i < list->n; i++) {
		struct astray *a = &list->items[i];
		if (a->is_adopted)
			rc = follow(&tx, a, a->new_name, a->creation_us, err);
	}
	for (size_t i = 0; rc == MMS_OK && i < list->n; i++) {
		struct astray *a = &list->items[i];
		if (!a->is_adopted && a->same_name != NULL)
			rc = settle_same_name(&tx, a, err);
	}
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

mms_rc
mms_bookings_find_gone(struct mms_db *db, bool is_dry, struct mms_names_list *out,
		       struct mms_err *err)
{
	MMS_AUTO(mms_names_list) gone = { 0 };
	MMS_AUTO(astrays) list = { 0 };

	mms_rc rc = load_astrays(db, &list, err);
	if (rc == MMS_OK && list.n > 0)
		rc = is_dry ? find_dry(db, &list, err) : settle_all(db, &list, err);
	for (size_t i = 0; rc == MMS_OK && i < list.n; i++) {
		const struct astray *a = &list.items[i];
		bool is_listed = gone.n > 0 && strcmp(gone.items[gone.n - 1], a->name) == 0;
		if (!a->is_adopted && a->is_live && !is_listed)
			rc = add_name(&gone, a->name, err);
	}
	if (rc != MMS_OK)
		return mms_fail_in(err, "look for deleted bookings");
	*out = gone;
	gone = (struct mms_names_list){ 0 };
	return MMS_OK;
}

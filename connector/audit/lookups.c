/* Look-ups over the database (see the header). */
#include "mmsync/lookups.h"

#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/near.h"

static void
forget(struct mms_kept *kept)
{
	while (kept->n > 0)
		mms_free(kept->items[--kept->n]);
}

void
mms_site_lookups_release(struct mms_site_lookups *lookups)
{
	if (lookups == NULL)
		return;
	forget(&lookups->kept);
	mms_free(lookups->kept.items);
	*lookups = (struct mms_site_lookups){ 0 };
}

static void
begin(void *aux)
{
	struct mms_site_lookups *l = aux;

	forget(&l->kept);
}

/* Copy a column's text, so that it outlives the row. */
static mms_rc
keep(struct mms_site_lookups *l, const struct mms_value *value, struct mms_text *out,
     struct mms_err *err)
{
	*out = (struct mms_text){ 0 };
	if (value->type == '\0')
		return MMS_OK;
	char **items = mms_grow(l->kept.items, l->kept.n, &l->kept.cap, sizeof *items);
	if (items == NULL)
		return mms_fail_nomem(err);
	l->kept.items = items;
	char *copy = mms_text_copy_n(value->ptr, value->len);
	if (copy == NULL)
		return mms_fail_nomem(err);
	items[l->kept.n++] = copy;
	*out = (struct mms_text){ copy, value->len };
	return MMS_OK;
}

static struct mms_value
param(struct mms_text text)
{
	return mms_v_textn(text.ptr != NULL ? text.ptr : "", text.len);
}

/* The first row of a question with one text; *row NULL: there is none. The rows stay open. */
static mms_rc
ask(struct mms_site_lookups *l, enum mms_stmt stmt, struct mms_text name, struct mms_rows *rows,
    const struct mms_value **row, struct mms_err *err)
{
	const struct mms_value in[] = { param(name) };

	mms_rc rc = mms_rows_open(rows, l->db, stmt, in, err);
	return rc == MMS_OK ? mms_rows_next(rows, row, err) : rc;
}

/* A question whose answer is the name alone. */
static mms_rc
ask_name(struct mms_site_lookups *l, enum mms_stmt stmt, struct mms_text name, bool *found,
	 struct mms_text *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*found = false;
	mms_rc rc = ask(l, stmt, name, &rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	*found = true;
	return keep(l, &row[0], out, err);
}

static mms_rc
user(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	return ask_name(aux, MMS_STMT_LOOK_USER, name, found, out, err);
}

static mms_rc
event(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	return ask_name(aux, MMS_STMT_LOOK_EVENT, name, found, out, err);
}

static mms_rc
integration(void *aux, struct mms_text name, bool *found, struct mms_known_integration *out,
	    struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*found = false;
	mms_rc rc = ask(aux, MMS_STMT_LOOK_INTEGRATION, name, &rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	*found = true;
	out->is_active = row[1].i != 0;
	return keep(aux, &row[0], &out->name, err);
}

static mms_rc
booking(void *aux, struct mms_text name, bool *found, struct mms_known_booking *out,
	struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*found = false;
	mms_rc rc = ask(aux, MMS_STMT_LOOK_BOOKING, name, &rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	*found = true;
	out->start_us = row[2].wall_us;
	out->end_us = row[3].wall_us;
	rc = keep(aux, &row[0], &out->name, err);
	return rc == MMS_OK ? keep(aux, &row[1], &out->status, err) : rc;
}

static mms_rc
meeting_type(void *aux, struct mms_text name, bool *found, struct mms_known_meeting_type *out,
	     struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*found = false;
	mms_rc rc = ask(aux, MMS_STMT_LOOK_MEETING_TYPE, name, &rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	*found = true;
	out->is_active = row[1].i != 0;
	out->is_internal = row[2].i != 0;
	out->is_public = row[3].i != 0;
	out->requires_approval = row[4].type != '\0' && row[4].i != 0;
	rc = keep(aux, &row[0], &out->name, err);
	if (rc == MMS_OK)
		rc = keep(aux, &row[5], &out->location_type, err);
	return rc == MMS_OK ? keep(aux, &row[6], &out->custom_location, err) : rc;
}

static mms_rc
availability(void *aux, struct mms_text name, bool *found, struct mms_known_availability *out,
	     struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*found = false;
	mms_rc rc = ask(aux, MMS_STMT_LOOK_AVAILABILITY, name, &rows, &row, err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	*found = true;
	*out = (struct mms_known_availability){ row[0].i, row[1].i };
	return MMS_OK;
}

/*
 * Is there a row that counts among those of a question whose first column is a name? *second
 * (may be NULL) is its second column.
 */
static mms_rc
any_visible(struct mms_site_lookups *l, enum mms_stmt stmt, const struct mms_value *in,
	    enum mms_doctype_id doctype, bool *out, struct mms_text *second,
	    struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*out = false;
	mms_rc rc = mms_rows_open(&rows, l->db, stmt, in, err);
	while (rc == MMS_OK && !*out) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		struct mms_text name = { row[0].ptr, row[0].len };
		*out = l->is_hidden == NULL || !l->is_hidden(l->hidden_aux, doctype, name);
		if (*out && second != NULL)
			rc = keep(l, &row[1], second, err);
	}
	return rc;
}

static mms_rc
name_taken(void *aux, struct mms_text owner, struct mms_text integration_name,
	   struct mms_text except, bool *out, struct mms_err *err)
{
	const struct mms_value in[] = { param(owner), param(integration_name), param(except) };

	return any_visible(aux, MMS_STMT_LOOK_NAME_TAKEN, in, MMS_DT_INTEGRATION, out, NULL,
			   err);
}

static mms_rc
other_primary(void *aux, struct mms_text owner, struct mms_text except, bool *found,
	      struct mms_text *out, struct mms_err *err)
{
	const struct mms_value in[] = { param(owner), param(except) };

	return any_visible(aux, MMS_STMT_LOOK_PRIMARY, in, MMS_DT_INTEGRATION, found, out, err);
}

static mms_rc
external_id_taken(void *aux, struct mms_text owner, struct mms_text id, struct mms_text except,
		  bool *out, struct mms_err *err)
{
	const struct mms_value in[] = { param(owner), param(id), param(except) };

	return any_visible(aux, MMS_STMT_LOOK_ID_TAKEN, in, MMS_DT_EVENT, out, NULL, err);
}

static mms_rc
booking_linked(void *aux, struct mms_text name, struct mms_text except, bool *out,
	       struct mms_err *err)
{
	const struct mms_value in[] = { param(name), param(except) };

	return any_visible(aux, MMS_STMT_LOOK_BOOKING_LINKED, in, MMS_DT_EVENT, out, NULL, err);
}

const struct mms_lookups *
mms_site_lookups(void)
{
	static const struct mms_lookups lookups = {
		.begin = begin,
		.user = user,
		.integration = integration,
		.name_taken = name_taken,
		.other_primary = other_primary,
		.event = event,
		.external_id_taken = external_id_taken,
		.booking = booking,
		.booking_linked = booking_linked,
		.meeting_type = meeting_type,
		.availability = availability,
	};

	return &lookups;
}

/* ---- names that a person typed ------------------------------------------------------------ */

/* The nearest of the names that a question answers; empty: none is near. */
static mms_rc
find_nearest(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	     const char *name, struct mms_str *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	size_t best = 99;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		size_t distance = mms_near_distance(name, row[0].ptr);
		if (distance >= best || !mms_near_enough(name, row[0].ptr))
			continue;
		best = distance;
		mms_str_clear(out);
		mms_str_addn(out, row[0].ptr, row[0].len);
	}
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}

static mms_rc
unknown_name(struct mms_db *db, const char *what, const char *name, enum mms_stmt stmt,
	     const struct mms_value *in, const char *hint, struct mms_err *err)
{
	MMS_AUTO(mms_str) near = { 0 };

	mms_rc rc = find_nearest(db, stmt, in, name, &near, err);
	if (rc != MMS_OK)
		return rc;
	mms_fail(err, MMS_E_USAGE, "there is no %s '%s'", what, name);
	return near.len > 0 ? mms_hint(err, "did you mean '%s'?", mms_str_get(&near))
			    : mms_hint(err, "%s", hint);
}

/* The name as its row spells it; GONE: no such row. */
static mms_rc
find_name(struct mms_db *db, enum mms_stmt stmt, const char *name, char **out,
	  struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value in[] = { mms_v_text(name) };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	if (row == NULL)
		return mms_fail(err, MMS_E_GONE, "no row '%s'", name);
	*out = mms_text_copy_n(row[0].ptr, row[0].len);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

mms_rc
mms_lookup_user(struct mms_db *db, const char *email, char **out, struct mms_err *err)
{
	mms_rc rc = find_name(db, MMS_STMT_LOOK_USER, email, out, err);

	if (rc != MMS_E_GONE)
		return rc;
	return unknown_name(db, "user", email, MMS_STMT_LOOK_USER_NAMES, NULL,
			    "users are named by their e-mail address, as in Frappe's User list",
			    err);
}

mms_rc
mms_lookup_integration(struct mms_db *db, const char *name, char **out, struct mms_err *err)
{
	const struct mms_value any[] = { mms_v_text(""), mms_v_text("") };
	mms_rc rc = find_name(db, MMS_STMT_LOOK_INTEGRATION, name, out, err);

	if (rc != MMS_E_GONE)
		return rc;
	return unknown_name(db, "integration", name, MMS_STMT_LOOK_INTEGRATION_NAMES, any,
			    "integrations are named as in the list of MM Calendar Integration, "
			    "for example MM-CI-someone@example.com-0001",
			    err);
}

mms_rc
mms_lookup_belongs(struct mms_db *db, const char *integration, const char *user,
		   struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value in[] = { mms_v_text(user), mms_v_text(integration) };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_LOOK_INTEGRATION_USER, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL || (row[1].type != '\0' && row[1].i != 0))
		return rc;
	mms_fail(err, MMS_E_USAGE, "integration %s belongs to %s, not to %s", integration,
		 row[0].type != '\0' ? row[0].ptr : "nobody", user);
	return mms_hint(err, "give --integration or --user, not both");
}

/* Integrations with their cursors, and renames followed (see the header). */
#include "mmsync/cursors.h"

#include <string.h>

#include "mmsync/mem.h"

#define ADD_TRIES 3

void
mms_cursor_release(struct mms_cursor *cursor)
{
	if (cursor == NULL)
		return;
	mms_free(cursor->token);
	mms_free(cursor->name);
	mms_free(cursor->owner);
	*cursor = (struct mms_cursor){ 0 };
}

void
mms_sources_release(struct mms_sources *sources)
{
	if (sources == NULL)
		return;
	for (size_t i = 0; i < sources->n; i++) {
		mms_integration_release(&sources->items[i].integration);
		mms_cursor_release(&sources->items[i].cursor);
	}
	mms_free(sources->items);
	*sources = (struct mms_sources){ 0 };
}

static int64_t
time_or_none(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->i;
}

static bool
read_integration(const struct mms_value *row, struct mms_integration *out)
{
	char **texts[] = { &out->name,      &out->title,       &out->user,
			   &out->type,      &out->calendar_id, &out->ical_url,
			   &out->direction, &out->status,      &out->owner };

	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		if (!mms_value_copy_text(&row[i], texts[i]))
			return false;
	}
	out->creation_us = row[9].type == 0 ? MMS_NO_TIME : row[9].wall_us;
	out->is_active = row[10].i != 0;
	out->is_primary = row[11].i != 0;
	out->is_auto = row[12].i != 0;
	out->past_days = row[13].i;
	out->future_days = row[14].i;
	out->interval_minutes = row[15].i;
	return true;
}

static void
read_circuit(const struct mms_value *row, struct mms_circuit_state *out)
{
	if (row[0].type == 0)
		return;
	*out = (struct mms_circuit_state){
		.state = row[0].i == 0 ? MMS_CIRCUIT_CLOSED : MMS_CIRCUIT_OPEN,
		.failures = row[1].i,
		.opens = row[2].i,
		.until_ms = row[3].type == 0 ? 0 : row[3].i,
	};
}

/* The columns of MMS_SQL_CURSOR. */
static bool
read_cursor(const struct mms_value *row, struct mms_cursor *out)
{
	out->id = row[0].type == 0 ? 0 : row[0].u;
	out->creation_us = row[3].type == 0 ? MMS_NO_TIME : row[3].wall_us;
	if (!mms_value_copy_text(&row[1], &out->token) ||
	    !mms_value_copy_text(&row[2], &out->name) ||
	    !mms_value_copy_text(&row[4], &out->owner))
		return false;
	out->window_start_ms = time_or_none(&row[5]);
	out->window_end_ms = time_or_none(&row[6]);
	out->next_entry_ms = time_or_none(&row[7]);
	out->last_full_ms = time_or_none(&row[8]);
	out->last_success_ms = time_or_none(&row[9]);
	out->last_attempt_ms = time_or_none(&row[10]);
	out->wait_until_ms = time_or_none(&row[11]);
	out->failures = row[12].type == 0 ? 0 : row[12].i;
	if (row[13].type != 0 && row[13].len == sizeof out->read_print)
		memcpy(out->read_print, row[13].ptr, sizeof out->read_print);
	out->is_abandoned = row[14].type != 0 && row[14].i != 0;
	out->letters = row[15].type == 0 ? 0 : row[15].i;
	out->open_letters = row[16].type == 0 ? 0 : row[16].i;
	out->longest_stamp_us = row[17].type == 0 ? MMS_NO_TIME : row[17].wall_us;
	out->fence = row[18].type == 0 ? 0 : row[18].i;
	out->role = row[19].type == 0 ? 0 : row[19].i;
	if (row[20].type != 0 && row[20].len == sizeof out->blocks_print)
		memcpy(out->blocks_print, row[20].ptr, sizeof out->blocks_print);
	out->is_asked_for = row[21].type != 0 && row[21].i != 0;
	read_circuit(row + 22, &out->circuit);
	out->bookings_full_ms = time_or_none(&row[26]);
	return true;
}

/* A new entry of the list, empty; NULL: no memory. */
static struct mms_source *
add_source(struct mms_sources *list)
{
	struct mms_source *moved = mms_grow(list->items, list->n, &list->cap, sizeof *moved);

	if (moved == NULL)
		return NULL;
	list->items = moved;
	moved[list->n] = (struct mms_source){ 0 };
	return &moved[list->n++];
}

/* ---- which cursor is whose ----------------------------------------------------------------- */

static bool
is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
has_name_of(const struct mms_cursor *cursor, const struct mms_integration *integration)
{
	return strcmp(cursor->name, integration->name) == 0;
}

static bool
has_identity_of(const struct mms_cursor *cursor, const struct mms_integration *integration)
{
	return cursor->creation_us == integration->creation_us &&
	       is_same_text(cursor->owner, integration->owner);
}

/* The same document under whatever name; nobody knows it of one without a creation. */
static bool
is_of_document(const struct mms_cursor *cursor, const struct mms_integration *integration)
{
	return cursor->creation_us != MMS_NO_TIME && has_identity_of(cursor, integration);
}

/* Does the cursor's row say what it is of? */
static bool
is_settled(const struct mms_source *source)
{
	return source->cursor.id != 0 && has_name_of(&source->cursor, &source->integration) &&
	       has_identity_of(&source->cursor, &source->integration);
}

/* Give each integration without a cursor the first spare one that fits. */
static void
deal(struct mms_sources *list, struct mms_sources *spare,
     bool (*fits)(const struct mms_cursor *, const struct mms_integration *))
{
	for (size_t i = 0; i < list->n; i++) {
		struct mms_source *source = &list->items[i];
		for (size_t k = 0; k < spare->n && source->cursor.id == 0; k++) {
			struct mms_cursor *cursor = &spare->items[k].cursor;
			if (cursor->id == 0 || !fits(cursor, &source->integration))
				continue;
			mms_cursor_release(&source->cursor);
			source->cursor = *cursor;
			*cursor = (struct mms_cursor){ 0 };
		}
	}
}

/* Cursors whose name no integration has. */
static mms_rc
load_orphans(struct mms_db *db, struct mms_sources *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_CURSORS_WITHOUT_INTEGRATION, NULL, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_source *source = add_source(out);
		if (source == NULL || !read_cursor(row, &source->cursor))
			return mms_fail_nomem(err);
	}
	return rc;
}

/* The rows join by name; a name may have become another's. */
static mms_rc
match(struct mms_db *db, struct mms_sources *list, struct mms_err *err)
{
	MMS_AUTO(mms_sources) spare = { 0 };
	bool is_all_settled = true;

	for (size_t i = 0; i < list->n; i++)
		is_all_settled = is_all_settled && is_settled(&list->items[i]);
	if (is_all_settled)
		return MMS_OK;
	mms_rc rc = load_orphans(db, &spare, err);
	for (size_t i = 0; rc == MMS_OK && i < list->n; i++) {
		struct mms_source *source = &list->items[i];
		if (source->cursor.id == 0 || is_settled(source))
			continue;
		struct mms_source *other = add_source(&spare);
		if (other == NULL)
			return mms_fail_nomem(err);
		other->cursor = source->cursor;
		source->cursor = (struct mms_cursor){ 0 };
	}
	deal(list, &spare, is_of_document);
	deal(list, &spare, has_name_of);
	return rc;
}

mms_rc
mms_sources_load(struct mms_db *db, struct mms_sources *out, struct mms_err *err)
{
	MMS_AUTO(mms_sources) list = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_SOURCES, NULL, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_source *source = add_source(&list);
		if (source == NULL || !read_integration(row, &source->integration) ||
		    !read_cursor(row + 16, &source->cursor))
			return mms_fail_nomem(err);
	}
	mms_rows_release(&rows);
	if (rc == MMS_OK)
		rc = match(db, &list, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the integrations");
	*out = list;
	list = (struct mms_sources){ 0 };
	return MMS_OK;
}

bool
mms_sources_are_failing(const struct mms_sources *sources)
{
	bool is_any = false;

	for (size_t i = 0; i < sources->n; i++) {
		const struct mms_cursor *c = &sources->items[i].cursor;
		is_any = is_any || c->failures > 0 || c->circuit.failures > 0;
	}
	return is_any;
}

mms_rc
mms_cursor_read_again(struct mms_db *db, const struct mms_lease *lease,
		      struct mms_cursor *cursor, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(lease->cursor_id) };
	MMS_AUTO(mms_cursor) fresh = { 0 };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_CURSOR_LOAD, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the cursor again");
	if (row == NULL)
		return mms_fail(err, MMS_E_GONE, "the integration's cursor is gone");
	if (!read_cursor(row, &fresh))
		return mms_fail_nomem(err);
	fresh.last_attempt_ms = cursor->last_attempt_ms;
	mms_cursor_release(cursor);
	*cursor = fresh;
	fresh = (struct mms_cursor){ 0 };
	return MMS_OK;
}

mms_rc
mms_cursor_refresh(struct mms_db *db, const struct mms_lease *lease, struct mms_cursor *cursor,
		   struct mms_err *err)
{
	return lease->fence == cursor->fence + 1
		       ? MMS_OK
		       : mms_cursor_read_again(db, lease, cursor, err);
}

/* ---- names that a person typed ------------------------------------------------------------- */

/* Mark each integration that a statement's first column names: for its user, or its name. */
static mms_rc
mark(struct mms_db *db, struct mms_sources *sources, enum mms_stmt stmt,
     const struct mms_value *in, bool is_user, size_t *n_found, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*n_found = 0;
	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		for (size_t i = 0; i < sources->n; i++) {
			struct mms_source *source = &sources->items[i];
			if (strcmp(source->integration.name, row[0].ptr) != 0)
				continue;
			*(is_user ? &source->is_of_user : &source->is_named) = true;
			++*n_found;
		}
	}
	return rc;
}

mms_rc
mms_sources_choose_name(struct mms_db *db, struct mms_sources *sources, const char *name,
			size_t *n_found, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(name) };

	return mark(db, sources, MMS_STMT_LOOK_INTEGRATION, in, false, n_found, err);
}

mms_rc
mms_sources_choose_user(struct mms_db *db, struct mms_sources *sources, const char *user,
			size_t *n_found, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(user), mms_v_text(user) };

	*n_found = 0;
	if (user[0] == '\0') /* to the statement that means everybody */
		return MMS_OK;
	return mark(db, sources, MMS_STMT_LOOK_INTEGRATION_NAMES, in, true, n_found, err);
}

/* ---- new and renamed ones ------------------------------------------------------------------- */

/*
 * First every name that is needed is made free: two may have changed theirs for each other's. A
 * name that has come back with another creation is of a document made anew, whose calendar nobody
 * has read yet.
 */
static mms_rc
follow_renames(struct mms_db *db, const struct mms_sources *sources, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = mms_tx_begin(&tx, db, err);
	for (size_t i = 0; rc == MMS_OK && i < sources->n; i++) {
		const struct mms_source *source = &sources->items[i];
		const struct mms_value in[] = { mms_v_text(source->integration.name),
						mms_v_u64(source->cursor.id) };
		if (!is_settled(source))
			rc = mms_tx_run(&tx, MMS_STMT_CURSOR_PARK, in, NULL, err);
	}
	for (size_t i = 0; rc == MMS_OK && i < sources->n; i++) {
		const struct mms_source *source = &sources->items[i];
		const struct mms_value creation = mms_v_wall(source->integration.creation_us);
		const struct mms_value in[] = { creation,
						mms_v_text(source->integration.name),
						creation,
						mms_v_text(source->integration.owner),
						mms_v_u64(source->cursor.id),
						mms_v_text(source->cursor.name) };
		if (source->cursor.id != 0 && !is_settled(source))
			rc = mms_tx_run(&tx, MMS_STMT_CURSOR_FOLLOW, in, NULL, err);
	}
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

/* integration_type to the short name that our tables and JSON have. */
static const char *
provider_of(const char *type)
{
	if (type != NULL && strcmp(type, "Google Calendar") == 0)
		return "google";
	if (type != NULL && strcmp(type, "Outlook Calendar") == 0)
		return "outlook";
	return "ical";
}

/* All at once: a site may have a thousand when it is connected. Who has them already keeps them. */
static mms_rc
try_add(struct mms_db *db, const struct mms_sources *sources, struct mms_err *err)
{
	MMS_AUTO(mms_bulk) bulk = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = mms_bulk_init(&bulk, MMS_STMT_CURSOR_ADD, sources->n, err);
	for (size_t i = 0; rc == MMS_OK && i < sources->n; i++) {
		const struct mms_integration *integration = &sources->items[i].integration;
		const struct mms_value in[] = { mms_v_text(integration->name),
						mms_v_wall(integration->creation_us),
						mms_v_text(integration->owner),
						mms_v_text(provider_of(integration->type)) };
		if (sources->items[i].cursor.id == 0)
			rc = mms_bulk_add(&bulk, in, err);
	}
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_bulk_run(&bulk, &tx, NULL, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

/* Runs that begin at the same time may stand in each other's way. */
static mms_rc
add_cursors(struct mms_db *db, const struct mms_sources *sources, struct mms_err *err)
{
	for (int i = 1;; i++) {
		mms_rc rc = try_add(db, sources, err);
		if (rc != MMS_E_RETRY || i == ADD_TRIES)
			return rc;
		mms_err_release(err);
	}
}

static enum mms_blocks_choice
read_choice(const struct mms_value *v)
{
	if (v->type == 0)
		return MMS_BLOCKS_AS_SITE;
	if (strcmp(v->ptr, "On") == 0)
		return MMS_BLOCKS_ON;
	return strcmp(v->ptr, "Off") == 0 ? MMS_BLOCKS_OFF : MMS_BLOCKS_AS_SITE;
}

mms_rc
mms_sources_load_choices(struct mms_db *db, struct mms_sources *sources, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	size_t at = 0;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_SOURCE_CHOICES, NULL, err);
	/* Both are in the order of names. */
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		size_t i = at;
		while (i < sources->n &&
		       strcmp(sources->items[i].integration.name, row[0].ptr) != 0)
			i++;
		if (i == sources->n)
			continue;
		sources->items[i].integration.blocks = read_choice(&row[1]);
		at = i + 1;
	}
	return rc;
}

mms_rc
mms_sources_settle(struct mms_db *db, struct mms_sources *sources, struct mms_err *err)
{
	bool has_renames = false, has_new = false;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < sources->n; i++) {
		has_new = has_new || sources->items[i].cursor.id == 0;
		has_renames = has_renames || (sources->items[i].cursor.id != 0 &&
					      !is_settled(&sources->items[i]));
	}
	if (!has_new && !has_renames)
		return MMS_OK;
	if (has_renames)
		rc = follow_renames(db, sources, err);
	if (rc == MMS_OK && has_new)
		rc = add_cursors(db, sources, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "make cursors for new integrations");
	MMS_AUTO(mms_sources) again = { 0 };
	rc = mms_sources_load(db, &again, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_sources old = *sources;
	*sources = again;
	again = old;
	return MMS_OK;
}

mms_rc
mms_cursor_forget_print(struct mms_db *db, struct mms_cursor *cursor, struct mms_err *err)
{
	static const unsigned char nothing[MMS_READ_PRINT_BYTES] = { 0 };
	const struct mms_value in[] = { mms_v_u64(cursor->id) };

	if (cursor->id == 0 || memcmp(cursor->read_print, nothing, sizeof nothing) == 0)
		return MMS_OK;
	memset(cursor->read_print, 0, sizeof cursor->read_print);
	return mms_db_run(db, MMS_STMT_CURSOR_FORGET_PRINT, in, NULL, err);
}

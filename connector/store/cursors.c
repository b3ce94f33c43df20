/* Integrations with their cursors, and renames followed (see the header). */
#include "mmsync/cursors.h"

#include <string.h>

#include "mmsync/mem.h"

void
mms_cursor_release(struct mms_cursor *cursor)
{
	if (cursor == NULL)
		return;
	mms_free(cursor->token);
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
		if (!take_text(&row[i], texts[i]))
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

static bool
read_cursor(const struct mms_value *row, struct mms_cursor *out)
{
	out->id = row[0].type == 0 ? 0 : row[0].u;
	if (!take_text(&row[1], &out->token))
		return false;
	out->window_start_ms = time_or_none(&row[2]);
	out->window_end_ms = time_or_none(&row[3]);
	out->next_entry_ms = time_or_none(&row[4]);
	out->last_full_ms = time_or_none(&row[5]);
	out->last_success_ms = time_or_none(&row[6]);
	out->last_attempt_ms = time_or_none(&row[7]);
	out->wait_until_ms = time_or_none(&row[8]);
	out->failures = row[9].type == 0 ? 0 : row[9].i;
	return true;
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
		struct mms_source *moved =
			mms_grow(list.items, list.n, &list.cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		list.items = moved;
		struct mms_source *source = &list.items[list.n++];
		*source = (struct mms_source){ 0 };
		if (!read_integration(row, &source->integration) ||
		    !read_cursor(row + 16, &source->cursor))
			return mms_fail_nomem(err);
	}
	if (rc != MMS_OK)
		return mms_fail_in(err, "read the integrations");
	*out = list;
	list = (struct mms_sources){ 0 };
	return MMS_OK;
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

/* ---- renames ------------------------------------------------------------------------------- */

/* A cursor whose integration is not there under its name any more. */
struct orphan {
	uint64_t id;
	char *name, *owner;
	int64_t creation_us;
};
struct orphans {
	struct orphan *items;
	size_t n, cap;
};

static void
orphans_release(struct orphans *orphans)
{
	for (size_t i = 0; i < orphans->n; i++) {
		mms_free(orphans->items[i].name);
		mms_free(orphans->items[i].owner);
	}
	mms_free(orphans->items);
	*orphans = (struct orphans){ 0 };
}

static mms_rc
load_orphans(struct mms_db *db, struct orphans *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_CURSORS_WITHOUT_INTEGRATION, NULL, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct orphan *moved = mms_grow(out->items, out->n, &out->cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		struct orphan *orphan = &out->items[out->n++];
		*orphan = (struct orphan){ .id = row[0].u };
		orphan->creation_us = row[2].type == 0 ? MMS_NO_TIME : row[2].wall_us;
		if (!take_text(&row[1], &orphan->name) || !take_text(&row[3], &orphan->owner))
			return mms_fail_nomem(err);
	}
	return rc;
}

static bool
is_same_document(const struct orphan *orphan, const struct mms_integration *integration)
{
	return orphan->creation_us != MMS_NO_TIME &&
	       orphan->creation_us == integration->creation_us && orphan->owner != NULL &&
	       integration->owner != NULL && strcmp(orphan->owner, integration->owner) == 0;
}

/* The cursor of a renamed integration gets its new name; which one moved is told by id. */
static mms_rc
follow_rename(struct mms_db *db, const struct orphans *orphans, const struct mms_source *source,
	      bool *is_followed, struct mms_err *err)
{
	for (size_t i = 0; i < orphans->n; i++) {
		if (!is_same_document(&orphans->items[i], &source->integration))
			continue;
		const struct mms_value in[] = { mms_v_text(source->integration.name),
						mms_v_u64(orphans->items[i].id),
						mms_v_text(orphans->items[i].name) };
		*is_followed = true;
		return mms_db_run(db, MMS_STMT_CURSOR_RENAME, in, NULL, err);
	}
	return MMS_OK;
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

static mms_rc
add_cursor(struct mms_db *db, const struct mms_integration *integration, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(integration->name),
					mms_v_wall(integration->creation_us),
					mms_v_text(integration->owner),
					mms_v_text(provider_of(integration->type)) };

	return mms_db_run(db, MMS_STMT_CURSOR_ADD, in, NULL, err);
}

mms_rc
mms_sources_settle(struct mms_db *db, struct mms_sources *sources, struct mms_err *err)
{
	struct orphans orphans __attribute__((cleanup(orphans_release))) = { 0 };
	size_t n_new = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < sources->n; i++)
		n_new += sources->items[i].cursor.id == 0;
	if (n_new == 0)
		return MMS_OK;
	rc = load_orphans(db, &orphans, err);
	for (size_t i = 0; rc == MMS_OK && i < sources->n; i++) {
		struct mms_source *source = &sources->items[i];
		bool is_followed = false;

		if (source->cursor.id != 0)
			continue;
		rc = follow_rename(db, &orphans, source, &is_followed, err);
		if (rc == MMS_OK && !is_followed)
			rc = add_cursor(db, &source->integration, err);
	}
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

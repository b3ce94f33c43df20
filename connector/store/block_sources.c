/* Events that busy blocks come from: states with their rows (see the header). */
#include "mmsync/block_sources.h"
#include "lists.h"

#include "mmsync/blocks.h"
#include "mmsync/mem.h"

void
mms_block_source_release(struct mms_block_source *source)
{
	if (source == NULL)
		return;
	mms_free(source->title);
	mms_free(source->organizer);
	mms_free(source->ical_uid);
	mms_free(source->booking);
	mms_free(source->external_id);
	*source = (struct mms_block_source){ 0 };
}

void
mms_block_sources_release(struct mms_block_sources *sources)
{
	if (sources == NULL)
		return;
	for (size_t i = 0; i < sources->n; i++)
		mms_block_source_release(&sources->items[i]);
	mms_free(sources->items);
	*sources = (struct mms_block_sources){ 0 };
}

void
mms_block_twins_release(struct mms_block_twins *twins)
{
	if (twins == NULL)
		return;
	mms_free(twins->items);
	*twins = (struct mms_block_twins){ 0 };
}

mms_rc
mms_block_dues_waiting(struct mms_db *db, uint64_t **ids, size_t *n, struct mms_err *err)
{
	return mms_list_load_ids(db, MMS_STMT_BLOCK_DUES_WAITING, NULL, ids, n, err);
}

mms_rc
mms_block_calendars(struct mms_db *db, uint64_t **ids, size_t *n, struct mms_err *err)
{
	return mms_list_load_ids(db, MMS_STMT_BLOCK_CALENDARS, NULL, ids, n, err);
}

/* ---- events ------------------------------------------------------------------------------------ */

static int64_t
wall_of(const struct mms_value *v)
{
	return v->type == 0 ? MMS_NO_TIME : v->wall_us;
}

/* The columns of MMS_SQL_BLOCK_SOURCE. */
static mms_rc
read_source(const struct mms_value *row, struct mms_block_source *out, struct mms_err *err)
{
	const struct mms_value *const from[] = { &row[13], &row[14], &row[15], &row[16],
						 &row[17] };
	char **const to[] = { &out->title, &out->organizer, &out->ical_uid, &out->booking,
			      &out->external_id };

	out->cursor_id = row[0].u;
	(void)mms_list_read_bytes(&row[1], out->uuid);
	(void)mms_list_read_bytes(&row[2], out->key);
	out->type = (enum mms_state_type)row[3].i;
	out->flags = (unsigned)row[4].i;
	out->is_instance = row[5].i != 0;
	out->has_state = row[6].i != 0;
	out->is_deleted = row[7].i != 0;
	out->status = mms_row_status_parse(row[8].type == 0 ? NULL : row[8].ptr);
	out->is_blocking = row[9].i != 0;
	out->is_all_day = row[10].i != 0;
	out->start_us = wall_of(&row[11]);
	out->end_us = wall_of(&row[12]);
	out->due = row[18].i;
	for (size_t i = 0; i < MMS_COUNT(from); i++) {
		if (!mms_value_copy_text(from[i], to[i]))
			return mms_fail_nomem(err);
	}
	mms_row_read_text(out->title); /* blocks may show it: services escape nothing */
	return MMS_OK;
}

static mms_rc
add_sources(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	    struct mms_block_sources *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_block_source *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		out->items[out->n] = (struct mms_block_source){ 0 };
		rc = read_source(row, &out->items[out->n++], err);
	}
	return rc == MMS_OK ? rc : mms_fail_in(err, "read the events of busy blocks");
}

mms_rc
mms_block_sources_due(struct mms_db *db, const struct mms_block_person *person, int64_t max,
		      struct mms_block_sources *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) cursors = { 0 };

	mms_list_add_ids(&cursors, person->cursors, person->n);
	const struct mms_value in[] = { mms_list_value(&cursors), mms_v_i64(max) };
	mms_rc rc = mms_str_check(&cursors, err);
	return rc == MMS_OK ? add_sources(db, MMS_STMT_BLOCK_SOURCES_DUE, in, out, err) : rc;
}

mms_rc
mms_block_sources_all(struct mms_db *db, const struct mms_block_person *person, int64_t from_us,
		      struct mms_block_sources *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) cursors = { 0 };

	mms_list_add_ids(&cursors, person->cursors, person->n);
	const struct mms_value in[] = { mms_list_value(&cursors), mms_v_wall(from_us) };
	mms_rc rc = mms_str_check(&cursors, err);
	return rc == MMS_OK ? add_sources(db, MMS_STMT_BLOCK_SOURCES_ALL, in, out, err) : rc;
}

mms_rc
mms_block_sources_find(struct mms_db *db, const unsigned char (*uuids)[16], size_t n,
		       struct mms_block_sources *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };

	if (n == 0)
		return MMS_OK;
	mms_list_add_bytes(&list, uuids, n);
	const struct mms_value in[] = { mms_list_value(&list) };
	mms_rc rc = mms_str_check(&list, err);
	return rc == MMS_OK ? add_sources(db, MMS_STMT_BLOCK_SOURCES_FIND, in, out, err) : rc;
}

mms_rc
mms_block_sources_at(struct mms_db *db, const struct mms_block_person *person,
		     const int64_t *starts_us, size_t n, struct mms_block_sources *out,
		     struct mms_err *err)
{
	MMS_AUTO(mms_str) cursors = { 0 };
	MMS_AUTO(mms_str) starts = { 0 };
	char text[MMS_TIME_TEXT_MAX];

	if (n == 0)
		return MMS_OK;
	mms_list_add_ids(&cursors, person->cursors, person->n);
	mms_str_addc(&starts, '[');
	for (size_t i = 0; i < n; i++) {
		mms_list_next(&starts, i);
		mms_str_addf(&starts, "\"%s\"", mms_wall_print(starts_us[i], text));
	}
	mms_str_addc(&starts, ']');
	const struct mms_value in[] = { mms_list_value(&cursors), mms_list_value(&starts) };
	mms_rc rc = mms_str_check(&cursors, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&starts, err);
	size_t before = out->n;
	if (rc == MMS_OK)
		rc = add_sources(db, MMS_STMT_BLOCK_SOURCES_AT, in, out, err);
	if (rc != MMS_E_DB || out->n != before)
		return rc;
	/* A site that has lost the index, or has none yet: slower, and as right. */
	MMS_AUTO(mms_err) first = { 0 };
	mms_err_move(&first, err);
	return add_sources(db, MMS_STMT_BLOCK_SOURCES_AT_PLAIN, in, out, err);
}

/* ---- pairs --------------------------------------------------------------------------------------- */

mms_rc
mms_block_twins_find(struct mms_db *db, const unsigned char (*uuids)[16], size_t n,
		     struct mms_block_twins *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) list = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	if (n == 0)
		return MMS_OK;
	mms_list_add_bytes(&list, uuids, n);
	const struct mms_value in[] = { mms_list_value(&list) };
	mms_rc rc = mms_str_check(&list, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, db, MMS_STMT_BLOCK_TWINS, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		struct mms_block_twin *moved =
			mms_grow(out->items, out->n, &out->cap, sizeof *moved);

		if (moved == NULL)
			return mms_fail_nomem(err);
		out->items = moved;
		out->items[out->n] = (struct mms_block_twin){ 0 };
		(void)mms_list_read_bytes(&row[0], out->items[out->n].uuid);
		(void)mms_list_read_bytes(&row[1], out->items[out->n++].twin);
	}
	return rc == MMS_OK ? rc : mms_fail_in(err, "read which events are the same meeting");
}

/* Tags on people's own events (see the header). */
#include "mmsync/tags.h"

#include <string.h>

#include "bulks.h"
#include "lists.h"
#include "mmsync/mem.h"

void
mms_tags_release(struct mms_tags *tags)
{
	if (tags == NULL)
		return;
	for (size_t i = 0; i < tags->n; i++)
		mms_free(tags->items[i].external_id);
	mms_free(tags->items);
	*tags = (struct mms_tags){ 0 };
}

static mms_rc
add(const struct mms_value *row, struct mms_tags *out, struct mms_err *err)
{
	struct mms_tag *moved = mms_grow(out->items, out->n, &out->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	out->items = moved;
	moved[out->n] = (struct mms_tag){ 0 };
	if (!mms_value_copy_text(&row[1], &moved[out->n].external_id))
		return mms_fail_nomem(err);
	(void)mms_list_read_bytes(&row[0], moved[out->n++].uuid);
	return MMS_OK;
}

mms_rc
mms_tags_wanted(struct mms_db *db, uint64_t cursor_id, const char *user,
		const char *calendar_id, int64_t max, struct mms_tags *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id), mms_v_text(user),
					mms_v_text(calendar_id != NULL ? calendar_id : ""),
					mms_v_i64(max) };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_TAGS_WANTED, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add(row, out, err);
	return rc;
}

mms_rc
mms_tags_put(struct mms_tx *tx, const struct mms_tag *tags, size_t n, struct mms_err *err)
{
	static const enum mms_stmt order[] = { MMS_STMT_TAG_DONE };
	struct mms_bulks bulks __attribute__((cleanup(mms_bulks_release))) = { .max = n };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		const struct mms_value row[] = { mms_v_bytes(tags[i].uuid, 16) };
		if (tags[i].is_done)
			rc = mms_bulks_add(&bulks, MMS_STMT_TAG_DONE, row, err);
	}
	return rc == MMS_OK ? mms_bulks_run(&bulks, tx, order, MMS_COUNT(order), err) : rc;
}

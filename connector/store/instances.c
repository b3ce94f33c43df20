/* Instances by their series (see the header). */
#include "mmsync/instances.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"

void
mms_instances_release(struct mms_instances *instances)
{
	if (instances == NULL)
		return;
	mms_free(instances->items);
	*instances = (struct mms_instances){ 0 };
}

static int
by_series(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mms_instance));
}

mms_rc
mms_instances_add(struct mms_instances *instances, const struct mms_instance *instance,
		  struct mms_err *err)
{
	struct mms_instance *moved =
		mms_grow(instances->items, instances->n, &instances->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	instances->items = moved;
	instances->items[instances->n++] = *instance;
	return MMS_OK;
}

static mms_rc
add_row(struct mms_instances *out, struct mms_digest *digest, const struct mms_value *row,
	struct mms_err *err)
{
	struct mms_instance instance;

	if (row[0].len != sizeof instance.key)
		return MMS_OK;
	memcpy(instance.key, row[0].ptr, sizeof instance.key);
	mms_rc rc = mms_row_key(digest, row[1].ptr, instance.series, err);
	return rc == MMS_OK ? mms_instances_add(out, &instance, err) : rc;
}

mms_rc
mms_instances_load(struct mms_db *db, uint64_t cursor_id, struct mms_instances *out,
		   struct mms_err *err)
{
	MMS_AUTO(mms_digest) digest = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	if (out->is_loaded)
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_STATE_SERIES, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = add_row(out, &digest, row, err);
	if (rc != MMS_OK)
		return mms_fail_in(err, "read which events are of which series");
	if (out->n > 1)
		qsort(out->items, out->n, sizeof *out->items, by_series);
	out->n_sorted = out->n;
	out->is_loaded = true;
	return MMS_OK;
}

/* The first in order that is not before a series. */
static size_t
lower_bound(const struct mms_instances *instances, const unsigned char *series)
{
	size_t low = 0, high = instances->n_sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(instances->items[middle].series, series, MMS_PRINT_BYTES) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct mms_instance *
mms_instances_next(const struct mms_instances *instances,
		   const unsigned char series[MMS_PRINT_BYTES], size_t *at)
{
	if (*at == 0)
		*at = lower_bound(instances, series);
	for (; *at < instances->n; ++*at) {
		const struct mms_instance *item = &instances->items[*at];

		if (memcmp(item->series, series, MMS_PRINT_BYTES) == 0) {
			++*at;
			return item;
		}
		if (*at < instances->n_sorted)
			*at = instances->n_sorted -
			      1; /* in order: only the added ones are left */
	}
	return NULL;
}

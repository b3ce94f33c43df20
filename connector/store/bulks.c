/* Bulk statements made as they are needed (see the header). */
#include "bulks.h"

void
mms_bulks_release(struct mms_bulks *bulks)
{
	if (bulks == NULL)
		return;
	for (size_t i = 0; i < bulks->n; i++)
		mms_bulk_release(&bulks->items[i]);
	*bulks = (struct mms_bulks){ 0 };
}

struct mms_bulk *
mms_bulks_find(struct mms_bulks *bulks, enum mms_stmt stmt)
{
	for (size_t i = 0; i < bulks->n; i++) {
		if (bulks->items[i].stmt == stmt)
			return &bulks->items[i];
	}
	return NULL;
}

mms_rc
mms_bulks_add(struct mms_bulks *bulks, enum mms_stmt stmt, const struct mms_value *row,
	      struct mms_err *err)
{
	struct mms_bulk *bulk = mms_bulks_find(bulks, stmt);
	mms_rc rc = MMS_OK;

	if (bulk == NULL) {
		if (bulks->n >= MMS_BULKS_KINDS)
			return mms_fail(err, MMS_E_BUG, "more than %d kinds of write at once",
					MMS_BULKS_KINDS);
		bulk = &bulks->items[bulks->n];
		rc = mms_bulk_init(bulk, stmt, bulks->max, err);
		if (rc == MMS_OK)
			bulks->n++;
	}
	return rc == MMS_OK ? mms_bulk_add(bulk, row, err) : rc;
}

mms_rc
mms_bulks_run(struct mms_bulks *bulks, struct mms_tx *tx, const enum mms_stmt *order, size_t n,
	      struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		struct mms_bulk *bulk = mms_bulks_find(bulks, order[i]);
		if (bulk != NULL)
			rc = mms_bulk_run(bulk, tx, NULL, err);
	}
	return rc;
}

mms_rc
mms_bulks_run_guarded(struct mms_bulks *bulks, struct mms_tx *tx, enum mms_stmt stmt,
		      uint64_t *n_missed, struct mms_err *err)
{
	struct mms_bulk *bulk = mms_bulks_find(bulks, stmt);
	uint64_t affected = 0;

	*n_missed = 0;
	if (bulk == NULL)
		return MMS_OK;
	mms_rc rc = mms_bulk_run(bulk, tx, &affected, err);
	if (rc == MMS_OK && affected < bulk->n)
		*n_missed = bulk->n - affected;
	return rc;
}

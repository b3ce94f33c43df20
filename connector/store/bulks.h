/* Several kinds of write in one transaction, each as one bulk statement. Private to store/. */
#ifndef STORE_BULKS_H
#define STORE_BULKS_H

#include <stddef.h>
#include <stdint.h>

#include "mmsync/db.h"
#include "mmsync/err.h"

#define MMS_BULKS_KINDS 12

/* All zero but max (the most rows of one kind) is empty. */
struct mms_bulks {
	size_t max, n;
	struct mms_bulk items[MMS_BULKS_KINDS];
};
void mms_bulks_release(struct mms_bulks *bulks);

/* One row more of this kind; its texts are borrowed until the bulks are run. */
mms_rc mms_bulks_add(struct mms_bulks *bulks, enum mms_stmt stmt, const struct mms_value *row,
		     struct mms_err *err) MMS_MUST_CHECK;
/* The rows of one kind. NULL: there are none. Borrows. */
struct mms_bulk *mms_bulks_find(struct mms_bulks *bulks, enum mms_stmt stmt);
/* One bulk statement for each of these kinds that has rows, in this order. */
mms_rc mms_bulks_run(struct mms_bulks *bulks, struct mms_tx *tx, const enum mms_stmt *order,
		     size_t n, struct mms_err *err) MMS_MUST_CHECK;
/* Of one kind: how many of its rows did not find what they are for. 0 where there are none. */
mms_rc mms_bulks_run_guarded(struct mms_bulks *bulks, struct mms_tx *tx, enum mms_stmt stmt,
			     uint64_t *n_missed, struct mms_err *err) MMS_MUST_CHECK;

#endif

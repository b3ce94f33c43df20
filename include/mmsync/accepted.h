/*
 * Documents that were accepted earlier in one input and count as saved: the look-ups of the rules
 * over the site's database as it would be then. Nothing is written. Texts are equal when the
 * collation of their column says so: the server is asked for their sort keys (WEIGHT_STRING), and
 * where the collation pads, the weights of blanks at the end are taken off.
 *
 * Layer: audit.
 */
#ifndef MMSYNC_ACCEPTED_H
#define MMSYNC_ACCEPTED_H

#include "mmsync/columns.h"
#include "mmsync/db.h"
#include "mmsync/doc.h"
#include "mmsync/err.h"
#include "mmsync/rules.h"

struct mms_accepted;

/*
 * Owns: *out, mms_accepted_free(). Keeps: db, which nobody else uses meanwhile.
 * Errors: RETRY, DB, NOMEM.
 */
mms_rc mms_accepted_new(struct mms_accepted **out, struct mms_db *db,
			const struct mms_columns *columns, struct mms_err *err) MMS_MUST_CHECK;
void mms_accepted_free(struct mms_accepted *a);

/* For struct mms_rules, with the struct mms_accepted as aux. Borrows: static. */
const struct mms_lookups *mms_accepted_lookups(void);

/*
 * From now on this document counts as saved: one more row, or the new contents of the row of its
 * name. It was judged, so that its links are spelled as their rows are.
 */
mms_rc mms_accepted_add(struct mms_accepted *a, const struct mms_doc *doc,
			struct mms_err *err) MMS_MUST_CHECK;

#endif

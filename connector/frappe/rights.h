/* What the database user may do, read from SHOW GRANTS. */
#ifndef FRAPPE_RIGHTS_H
#define FRAPPE_RIGHTS_H

#include "mmsync/db.h"

/* Append what mmsync needs on a site's database and the user lacks, parted by commas. Errors: DB, RETRY, NOMEM. */
mms_rc mms_rights_add_missing(struct mms_str *out, struct mms_db *db, const char *database,
			      struct mms_err *err) MMS_MUST_CHECK;

#endif

/*
 * Our tables and what we bring to Frappe's: numbered migrations, indexes, widths, collations.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_SCHEMA_H
#define MMSYNC_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "mmsync/columns.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/findings.h"
#include "mmsync/site.h"

/* What is there and what is not; changes nothing. */
mms_rc mms_schema_check(struct mms_db *db, struct mms_findings *out,
			struct mms_err *err) MMS_MUST_CHECK;

struct mms_schema_options {
	bool with_frappe; /* also Frappe's tables, on a database that has none of them */
};
/*
 * Bring everything. First it looks for rows in the way; when there are any, they are in *out as
 * BLOCKED, nothing is changed and the result is CONFLICT. A second run changes nothing.
 */
mms_rc mms_schema_apply(struct mms_db *db, const struct mms_site *site,
			const struct mms_schema_options *options, struct mms_findings *out,
			struct mms_err *err) MMS_MUST_CHECK;

/* Is the schema the one this program was built for? Errors: DB, with the command that mends it. */
mms_rc mms_schema_require(struct mms_db *db, struct mms_err *err) MMS_MUST_CHECK;

/* Which installation this database belongs to. All zero is empty. */
struct mms_installation {
	char site_uuid[37];
	bool is_elsewhere; /* bound to another database name or site folder: a restored copy  */
	char *bound_database,
		*bound_dir; /* owned: what it is bound to                        */
};
mms_rc mms_installation_load(struct mms_db *db, const struct mms_site *site,
			     struct mms_installation *out, struct mms_err *err) MMS_MUST_CHECK;
void mms_installation_release(struct mms_installation *installation);

/* What a site that was copied or moved is from now on. */
enum mms_adopt {
	MMS_ADOPT_MOVED, /* the original in a new place: keeps its UUID                       */
	MMS_ADOPT_COPY,  /* a copy: a new UUID; what the original made outside is not ours    */
};
mms_rc mms_installation_adopt(struct mms_db *db, const struct mms_site *site,
			      enum mms_adopt how, struct mms_err *err) MMS_MUST_CHECK;

#endif

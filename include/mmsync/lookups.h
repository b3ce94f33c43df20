/*
 * The look-ups of the rules (mmsync/rules.h) over a site's database, one question each, compared
 * as the database compares; and what a site has changed of the fields.
 *
 * Layer: audit.
 */
#ifndef MMSYNC_LOOKUPS_H
#define MMSYNC_LOOKUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "mmsync/columns.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/rules.h"

/*
 * Does this row of the database not count, because something else stands for it? name is
 * spelled as the row has it.
 */
typedef bool mms_is_hidden(void *aux, enum mms_doctype_id doctype, struct mms_text name);

/* The aux of mms_site_lookups(). All zero but db is ready. */
struct mms_site_lookups {
	struct mms_db *db;        /* borrowed; used by nobody else meanwhile */
	mms_is_hidden *is_hidden; /* NULL: nothing is                        */
	void *hidden_aux;
	struct mms_kept { /* texts of answers, until the next begin() */
		char **items;
		size_t n, cap;
	} kept;
};
void mms_site_lookups_release(struct mms_site_lookups *lookups);

/* Borrows: static. */
const struct mms_lookups *mms_site_lookups(void);

/*
 * Lengths and options of the fields: the Property Setters where there are any, and never more
 * than the column holds. Errors: RETRY, DB, NOMEM.
 */
mms_rc mms_field_limits_load(struct mms_db *db, const struct mms_columns *columns,
			     struct mms_field_limits *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Errors: USAGE (no such user or integration; the hint names the nearest one), RETRY, DB. *out
 * is the name as its row spells it; owned, mms_free().
 */
mms_rc mms_lookup_user(struct mms_db *db, const char *email, char **out,
		       struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_lookup_integration(struct mms_db *db, const char *name, char **out,
			      struct mms_err *err) MMS_MUST_CHECK;
/* Errors: USAGE (the integration is another user's), RETRY, DB. */
mms_rc mms_lookup_belongs(struct mms_db *db, const char *integration, const char *user,
			  struct mms_err *err) MMS_MUST_CHECK;

#endif

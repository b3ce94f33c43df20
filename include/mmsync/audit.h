/*
 * Audit: every row of the three DocTypes judged by its rules, read-only, in constant memory.
 * Rows are read in pages by name; between pages no statement is open and no read view held.
 *
 * Layer: audit.
 */
#ifndef MMSYNC_AUDIT_H
#define MMSYNC_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/columns.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/verdict.h"

/* One thing that is wrong. Texts are borrowed for the call. */
struct mms_violation {
	const char *doctype; /* static; NULL: it is about a table of ours            */
	const char *table;   /* static: that table; NULL: it is about a DocType      */
	struct mms_text name, message;
	struct mms_text integration; /* whose calendar; none: not said               */
	enum mms_severity severity;
	enum mms_rule rule;
	const char *repair; /* static: what would mend it; NULL: nothing is known to */
	const char *remedy; /* static: that by its name in plans; NULL              */
};

/* Where it goes. aux is passed on. */
struct mms_audit_output {
	/* Called while rows are being read: keep it short. */
	mms_rc (*violation)(void *aux, const struct mms_violation *violation,
			    struct mms_err *err);
	/* After each page, the rows of this DocType so far: time to write. STOPPED ends it. */
	mms_rc (*page)(void *aux, enum mms_doctype_id doctype, int64_t done,
		       struct mms_err *err);
	void *aux;
};

/* All zero audits nothing. */
struct mms_audit_options {
	bool doctypes[MMS_DT_PARENTS];
	const char *user,
		*integration, /* names that exist, as their rows spell them; NULL: all */
		*event;       /* of MM Calendar Event Sync only this row; NULL: all    */
	int64_t now_us;       /* the site's clock, wall time */
};

struct mms_audit_totals {
	int64_t checked[MMS_DT_PARENTS];
	int64_t errors, warnings;
};

/*
 * Judge. rows reads the tables and lookups asks about single rows; both are used by nobody else
 * meanwhile, and know the site's columns. *out counts also what was done before an error.
 * Errors: RETRY, DB, NOMEM, BUG, and those of the output.
 */
mms_rc
mms_audit_run(struct mms_db *rows, struct mms_db *lookups, const struct mms_columns *columns,
	      const struct mms_audit_options *options, const struct mms_audit_output *output,
	      struct mms_audit_totals *out, struct mms_err *err) MMS_MUST_CHECK;

/* Rows of a DocType's table, roughly; for a progress bar. */
mms_rc mms_audit_estimate(struct mms_db *db, enum mms_doctype_id doctype, int64_t *out,
			  struct mms_err *err) MMS_MUST_CHECK;

#endif

/*
 * Our tables and what we bring to Frappe's: numbered migrations, indexes, widths, collations.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_SCHEMA_H
#define MMSYNC_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/clock.h"
#include "mmsync/columns.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/findings.h"
#include "mmsync/site.h"

/* What is there and what is not; changes nothing. Errors: DB (a newer or another schema), RETRY, NOMEM. */
mms_rc mms_schema_check(struct mms_db *db, struct mms_findings *out,
			struct mms_err *err) MMS_MUST_CHECK;

/* Told before each step that may take long. what is a sentence without a full stop. */
typedef void mms_schema_tell(void *aux, const char *what);

/* All zero: the tables of mmsync and what it brings to Frappe's, now, silently. */
struct mms_schema_options {
	bool with_frappe; /* also Frappe's tables, on a database that has none of them */
	bool with_blocks_field; /* also the Custom Field by which a calendar has its own word on busy blocks */
	bool is_dry_run; /* only say what would be done                              */
	const struct mms_clock *clock; /* borrowed; NULL: the real one                */
	mms_schema_tell *tell;         /* NULL: nobody listens                        */
	void *tell_aux;
};
/*
 * Bring everything. First it looks for rows in the way; when there are any, they are in *out as
 * BLOCKED, nothing is changed and the result is CONFLICT. A second run changes nothing, and a run
 * that was cut off is finished by the next. Statements may take long on a large table: db should
 * have been opened with a long time-out.
 * Errors: CONFLICT (rows in the way), DB (another or a newer schema, no rights, not a site;
 * with_frappe on a database that has tables of Frappe's), RETRY (a table was in use all the
 * time), NOMEM.
 */
mms_rc mms_schema_apply(struct mms_db *db, const struct mms_site *site,
			const struct mms_schema_options *options, struct mms_findings *out,
			struct mms_err *err) MMS_MUST_CHECK;

/* Are our tables the ones this program was built for? Errors: DB, with the command that mends it. */
mms_rc mms_schema_require(struct mms_db *db, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Is Frappe's event table fit to be written to: the width and collation of external_event_id and
 * the unique index on it? A migrate may have undone them. Errors: DB, with the command that mends it.
 */
mms_rc mms_schema_require_site(struct mms_db *db, const struct mms_columns *columns,
			       struct mms_err *err) MMS_MUST_CHECK;

/* One of our tables, for schema show. All zero is empty. */
struct mms_schema_table {
	char *name, *comment; /* owned                          */
	uint64_t rows, bytes; /* the server's estimates         */
};
/* One migration of the program, and when this database got it. */
struct mms_schema_version {
	int number;
	const char *name;      /* static                      */
	char sha256[65];       /* hex                         */
	int64_t applied_at_ms; /* MMS_NO_TIME: not yet        */
};
struct mms_schema_list {
	struct mms_schema_table *tables;
	size_t n_tables, tables_cap;
	struct mms_schema_version *versions;
	size_t n_versions;
};
mms_rc mms_schema_list_load(struct mms_db *db, struct mms_schema_list *out,
			    struct mms_err *err) MMS_MUST_CHECK;
void mms_schema_list_release(struct mms_schema_list *list);

/* Which installation this database belongs to. All zero is empty. */
struct mms_installation {
	char site_uuid[37];
	bool is_elsewhere; /* bound to another database name or site folder: a restored copy  */
	char *bound_database, *bound_dir; /* owned: what it is bound to               */
};
/* Errors: DB (not bound yet: schema apply does it), RETRY, NOMEM. */
mms_rc mms_installation_load(struct mms_db *db, const struct mms_site *site,
			     struct mms_installation *out, struct mms_err *err) MMS_MUST_CHECK;
void mms_installation_release(struct mms_installation *installation);

/* What a site that was copied or moved is from now on. */
enum mms_adopt {
	MMS_ADOPT_MOVED, /* the original in a new place: keeps its UUID                       */
	MMS_ADOPT_COPY,  /* a copy: a new UUID; what the original made outside is not ours    */
};
mms_rc
mms_installation_adopt(struct mms_db *db, const struct mms_site *site, enum mms_adopt how,
		       int64_t now_ms, struct mms_err *err) MMS_MUST_CHECK;

#endif

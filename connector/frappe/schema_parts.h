/* What the files of the schema share: findings with formatted texts, and the parts of an apply. */
#ifndef FRAPPE_SCHEMA_PARTS_H
#define FRAPPE_SCHEMA_PARTS_H

#include "mmsync/schema.h"

/* What to do about what is merely not there yet. */
#define MMS_SCHEMA_REMEDY "mmsync schema apply brings it"

/* One run of check or apply. */
struct mms_schema_run {
	struct mms_db *db;
	const struct mms_schema_options *options; /* never NULL                        */
	const struct mms_columns *columns;        /* as they were when the run began   */
	struct mms_findings *out;
	struct mms_err *err;
	int64_t now_ms;
	int64_t now_wall_us;   /* the site's clock, for Frappe's own columns */
	const char *site_name; /* for commands that are named; "SITE" when unknown */
};

/* A finding whose detail is formatted; remedy NULL: none. */
mms_rc
mms_schema_found(struct mms_schema_run *run, enum mms_finding_state state, const char *object,
		 const char *remedy, const char *fmt, ...) MMS_PRINTF(5, 6);

/* Tell options->tell, if there is somebody. */
void mms_schema_say(const struct mms_schema_run *run, const char *fmt, ...) MMS_PRINTF(2, 3);

/* ALTER TABLE `table` <changes>, the way that disturbs least first, waiting for its turn in short steps. */
mms_rc mms_schema_alter(struct mms_schema_run *run, const char *table,
			const char *changes) MMS_MUST_CHECK;

/* ---- schema_own.c ---- */
/* Are the recorded migrations those of the program? Errors: DB (another text, a newer number). */
mms_rc mms_schema_own_check(struct mms_schema_run *run) MMS_MUST_CHECK;
mms_rc mms_schema_own_apply(struct mms_schema_run *run) MMS_MUST_CHECK;

/* ---- schema_frappe.c: --with-frappe ---- */
/* May Frappe's tables be made here? Finds those that are missing. Errors: DB (they may not). */
mms_rc mms_schema_frappe_check(struct mms_schema_run *run, bool *is_missing) MMS_MUST_CHECK;
mms_rc mms_schema_frappe_apply(struct mms_schema_run *run) MMS_MUST_CHECK;

/* ---- schema_site.c: widths, collation, Property Setters, indexes ---- */
mms_rc mms_schema_site_check(struct mms_schema_run *run) MMS_MUST_CHECK;
mms_rc mms_schema_site_apply(struct mms_schema_run *run) MMS_MUST_CHECK;

/* ---- schema_field.c: the Custom Field of busy blocks, where it is wanted ---- */
mms_rc mms_schema_field_check(struct mms_schema_run *run) MMS_MUST_CHECK;
mms_rc mms_schema_field_apply(struct mms_schema_run *run) MMS_MUST_CHECK;

/* ---- schema_index.c ---- */
/* *has_unique: an id is unique within its integration. */
mms_rc mms_schema_index_check(struct mms_schema_run *run, bool *has_unique) MMS_MUST_CHECK;
mms_rc mms_schema_index_apply(struct mms_schema_run *run) MMS_MUST_CHECK;
/* Errors: DB (no unique index, without which nothing is written), RETRY, NOMEM. */
mms_rc mms_schema_index_require(struct mms_schema_run *run) MMS_MUST_CHECK;

/* ---- schema_rows.c ---- */
/* Rows that a unique index on exact ids, of max_chars at most, would refuse; as BLOCKED. */
mms_rc mms_schema_rows_check(struct mms_schema_run *run, size_t max_chars) MMS_MUST_CHECK;

/* ---- installation.c ---- */
mms_rc mms_installation_bind(struct mms_db *db, const struct mms_site *site, int64_t now_ms,
			     struct mms_err *err) MMS_MUST_CHECK;

#endif

/*
 * SQL that is not in the statement table: for the schema code alone (CREATE, ALTER, looks into
 * information_schema), because such statements cannot be prepared or are made from what a
 * site's tables are. It is the only way to run a text, it refuses to work inside a transaction
 * (DDL would end it), and what goes into a text goes through the two quoting functions.
 *
 * Layer: db.
 */
#ifndef MMSYNC_DDL_H
#define MMSYNC_DDL_H

#include <stddef.h>

#include "mmsync/db.h"
#include "mmsync/str.h"

/*
 * One statement without a result. It may take hours (an index on a large table): the time limit
 * of the connection does not apply, only MMS_DDL_PATIENCE_MS. Waiting for a lock on a table is
 * bounded as everywhere. Errors: as of a statement.
 */
mms_rc mms_db_run_text(struct mms_db *db, const char *sql, struct mms_err *err) MMS_MUST_CHECK;
#define MMS_DDL_PATIENCE_MS INT64_C(21600000)

/* The rows of one statement, all of them in memory, as texts. All zero is empty. */
struct mms_text_rows {
	void *result; /* owned                     */
	size_t n;     /* rows                      */
	size_t n_columns;
};
mms_rc mms_text_rows_load(struct mms_text_rows *rows, struct mms_db *db, const char *sql,
			  struct mms_err *err) MMS_MUST_CHECK;
/* The next row: n_columns texts, NULL where NULL. NULL at the end. Borrows: until release. */
const char *const *mms_text_rows_find_next(struct mms_text_rows *rows);
void mms_text_rows_release(struct mms_text_rows *rows);

/* `name`, with backticks inside doubled. */
void mms_sql_add_ident(struct mms_str *out, const char *name);
/* 'text', safe under our session's sql_mode and character set; NULL for NULL. */
void mms_sql_add_text(struct mms_str *out, const char *text);

#endif

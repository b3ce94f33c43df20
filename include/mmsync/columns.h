/*
 * What columns the site's tables really have: read once from information_schema. Sites differ
 * (Frappe versions, leftover columns, assigned_user or the assigned_users child table).
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_COLUMNS_H
#define MMSYNC_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/str.h"

struct mms_columns;

/* One column as information_schema has it. Texts live as long as the columns. */
struct mms_column {
	char *table, *name;
	char *type;         /* "varchar(140)", "int(1)", "tinyint(4)"                   */
	char *default_text; /* as SQL: "'Synced'", "NULL"; NULL: none                   */
	char *collation;    /* NULL: not a text                                         */
	size_t max_chars;   /* 0: not a text                                            */
	bool is_nullable;
	bool is_generated; /* computed from others: it is never written                */
};

/*
 * Owns: *out, mms_columns_free(). Errors: DB (a table or column that mmsync cannot do without
 * is missing; the text names it), RETRY, NOMEM.
 */
mms_rc mms_columns_load(struct mms_db *db, struct mms_columns **out,
			struct mms_err *err) MMS_MUST_CHECK;
void mms_columns_free(struct mms_columns *columns);

/*
 * The same without the demand that anything is there: for a database that is looked at or made.
 * Errors: RETRY, DB, NOMEM.
 */
mms_rc mms_columns_load_any(struct mms_db *db, struct mms_columns **out,
			    struct mms_err *err) MMS_MUST_CHECK;
/* Is all there that mmsync cannot do without? Errors: DB, naming the first that is missing. */
mms_rc
mms_columns_require(const struct mms_columns *columns, struct mms_err *err) MMS_MUST_CHECK;

/* NULL: there is none. Borrows: as long as the columns. */
const struct mms_column *
mms_columns_find(const struct mms_columns *columns, const char *table, const char *column);

/* All columns of a table, by name; NULL and n 0: there is no such table. Borrows: as long as the columns. */
const struct mms_column *
mms_columns_of_table(const struct mms_columns *columns, const char *table, size_t *n);

bool mms_columns_has_table(const struct mms_columns *columns, const char *table);
bool mms_columns_has(const struct mms_columns *columns, const char *table, const char *column);
/* Characters that a text column holds (65535 bytes count as 65535); 0 when there is no such column. */
size_t
mms_columns_max_chars(const struct mms_columns *columns, const char *table, const char *column);
/* Collation of a text column ("utf8mb4_unicode_ci"), NULL when it has none. Borrows. */
const char *
mms_columns_collation(const struct mms_columns *columns, const char *table, const char *column);
/* For mms_db_use_columns(): aux is the struct mms_columns. */
bool mms_columns_has_port(void *aux, const char *table, const char *column);

/*
 * Pieces of statements for mms_db_use_pieces(): aux is the struct mms_columns. A whole row travels as a JSON object with
 * a member for each column, a text or null; bytes are hexadecimal.
 *
 *   "row t:TABLE"      the row of alias t as such an object
 *   "names TABLE"      the columns' names, parted by commas
 *   "values r:TABLE"   what stands in r.content for each of these, in their order
 *   "untouched e"      AND ...: nobody has commented, assigned or tagged the row of alias e, and nothing that
 *                      mms_columns_load_links() has found points to it
 */
bool mms_columns_add_piece(void *aux, const char *words, struct mms_str *out);
/*
 * Find what of the site may point to rows of MM Calendar Event Sync: Link fields of whatever DocType, its Custom Fields, files
 * and mails. Before a statement with the piece is first used; not in a transaction. Errors: RETRY, DB, NOMEM.
 */
mms_rc mms_columns_load_links(struct mms_db *db, struct mms_columns *columns,
			      struct mms_err *err) MMS_MUST_CHECK;
/* What was found, as the piece adds it for an alias. */
void mms_columns_add_links(const struct mms_columns *columns, const char *alias,
			   struct mms_str *out);

#endif

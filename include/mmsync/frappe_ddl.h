/*
 * Frappe's tables as Frappe's own rules make them from its DocTypes, for databases without
 * Frappe (demo, tests).
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_FRAPPE_DDL_H
#define MMSYNC_FRAPPE_DDL_H

#include <stddef.h>

#include "mmsync/err.h"
#include "mmsync/str.h"

/* The comment of every table made here: by it a later run knows its own tables. */
#define MMS_FRAPPE_COMMENT "made by mmsync schema apply --with-frappe"

size_t mms_frappe_n_tables(void);

/* "tabMM Calendar Event Sync". Errors: NOMEM in out's state. */
void mms_frappe_add_name(struct mms_str *out, size_t i);

/* CREATE TABLE IF NOT EXISTS of table i. Errors: NOMEM in out's state. */
void mms_frappe_add_ddl(struct mms_str *out, size_t i);

#endif

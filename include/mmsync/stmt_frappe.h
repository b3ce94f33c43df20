/*
 * Statements on Frappe's own tables: settings, series, columns, installation.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_FRAPPE_H
#define MMSYNC_STMT_FRAPPE_H

#define MMS_STMTS_FRAPPE(X)

#endif

/*
 * Statements of validate and audit: look-ups of the DocType rules, streams of whole tables.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_AUDIT_H
#define MMSYNC_STMT_AUDIT_H

#define MMS_STMTS_AUDIT(X)

#endif

/*
 * Statements of the operator's view: status, health and metrics.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_WATCH_H
#define MMSYNC_STMT_WATCH_H

#define MMS_STMTS_WATCH(X)

#endif

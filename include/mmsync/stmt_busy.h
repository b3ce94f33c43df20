/*
 * Statements of availability: a person's calendars, and what blocks in them.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BUSY_H
#define MMSYNC_STMT_BUSY_H

#define MMS_STMTS_BUSY(X)

#endif

/*
 * Statements of bookings, our own events outside, the outbox.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_OUTWARD_H
#define MMSYNC_STMT_OUTWARD_H

#define MMS_STMTS_OUTWARD(X)

#endif

/*
 * Statements of the gateways in store/: integrations, events, and the tables of our own.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_STORE_H
#define MMSYNC_STMT_STORE_H

#define MMS_STMTS_STORE(X)

#endif

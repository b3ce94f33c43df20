/*
 * Statements of OAuth tokens in __Auth.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_TOKENS_H
#define MMSYNC_STMT_TOKENS_H

#define MMS_STMTS_TOKENS(X)

#endif

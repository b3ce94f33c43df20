/*
 * Statements of request budgets.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BUDGET_H
#define MMSYNC_STMT_BUDGET_H

#define MMS_STMTS_BUDGET(X)

#endif

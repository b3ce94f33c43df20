/*
 * Statements of single rows that a person asks for: dead letters, one event, one booking's events.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_LETTERS_H
#define MMSYNC_STMT_LETTERS_H

#define MMS_STMTS_LETTERS(X)

#endif

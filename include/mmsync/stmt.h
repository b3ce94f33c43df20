/*
 * All SQL of the program as one typed table: name, text, parameter types, column types.
 *
 *   i int64   u uint64   s text   b bytes   t DATETIME(6) or DATE as wall time (microseconds)
 *   a capital letter: may be NULL
 *
 * "{?table.column}" in a text is an optional column: `column`, or NULL where a site does not have
 * it; "{?alias:table.column}" becomes `alias`.`column`. Its letter is a capital. "{!words}" is a piece
 * that is made of the columns that a table has (mmsync/columns.h says which). A test prepares
 * every row against a real server and compares the declared types with its answer.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_H
#define MMSYNC_STMT_H

#include "mmsync/stmt_audit.h"
#include "mmsync/stmt_blocks.h"
#include "mmsync/stmt_blocks_put.h"
#include "mmsync/stmt_bookings.h"
#include "mmsync/stmt_budget.h"
#include "mmsync/stmt_busy.h"
#include "mmsync/stmt_circuits.h"
#include "mmsync/stmt_cleanup.h"
#include "mmsync/stmt_cursors.h"
#include "mmsync/stmt_flaws.h"
#include "mmsync/stmt_frappe.h"
#include "mmsync/stmt_letters.h"
#include "mmsync/stmt_mends.h"
#include "mmsync/stmt_outward.h"
#include "mmsync/stmt_removed.h"
#include "mmsync/stmt_reset.h"
#include "mmsync/stmt_slots.h"
#include "mmsync/stmt_store.h"
#include "mmsync/stmt_tokens.h"
#include "mmsync/stmt_watch.h"

#define MMS_STMTS(X)                 \
	X(PING, "SELECT 1", "", "i") \
	MMS_STMTS_FRAPPE(X)          \
	MMS_STMTS_CURSOR(X)          \
	MMS_STMTS_EVENT(X)           \
	MMS_STMTS_AUDIT(X)           \
	MMS_STMTS_BUSY(X)            \
	MMS_STMTS_LETTERS(X)         \
	MMS_STMTS_WATCH(X)           \
	MMS_STMTS_BOOKINGS(X)        \
	MMS_STMTS_OUTWARD(X)         \
	MMS_STMTS_TOKENS(X)          \
	MMS_STMTS_BUDGET(X)          \
	MMS_STMTS_SLOTS(X)           \
	MMS_STMTS_CIRCUITS(X)        \
	MMS_STMTS_BLOCKS(X)          \
	MMS_STMTS_BLOCKS_PUT(X)      \
	MMS_STMTS_FLAWS(X)           \
	MMS_STMTS_MENDS(X)           \
	MMS_STMTS_CLEANUP(X)         \
	MMS_STMTS_REMOVED(X)         \
	MMS_STMTS_RESET(X)

enum mms_stmt {
#define X(name, sql, in, out) MMS_STMT_##name,
	MMS_STMTS(X)
#undef X
		MMS_STMT_COUNT
};

struct mms_stmt_def {
	const char *name, *sql, *in, *out;
};

/* The row of a statement. Borrows: static. */
const struct mms_stmt_def *mms_stmt_def(enum mms_stmt stmt);

#endif

/*
 * MariaDB through Connector/C: connections, prepared statements by name, rows, bulk arrays,
 * transactions. The home of <mysql.h>. Error numbers are translated here, once:
 *
 *   RETRY     deadlock, lock time-out, record changed (1020), connection lost: the transaction
 *             is gone for sure, run it again
 *   CONFLICT  duplicate key (1062), with the key's name in the text; of DDL: it is there already
 *   ITEM      the server refuses a value: too long, not JSON, out of range, wrong character
 *   DB        cannot be used: not reached, refused, no such table or column, read-only
 *   BUG       a statement that cannot be right
 *
 * A session is set up alike everywhere: utf8mb4, strict mode, time_zone +00:00, READ COMMITTED
 * (REPEATABLE READ where the server's binary log needs it), autocommit outside transactions,
 * short lock waits. A lost connection is made anew at the next use outside a transaction.
 *
 * Layer: db.
 */
#ifndef MMSYNC_DB_H
#define MMSYNC_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/stmt.h"
#include "mmsync/str.h"
#include "mmsync/timetext.h"

/* All zero is empty; texts are owned by whoever filled them. */
struct mms_db_settings {
	char *host, *socket; /* socket wins; host may be a list "a:3306,b:3306"  */
	unsigned port;
	char *user, *password, *database;
	char *ssl_ca, *ssl_cert, *ssl_key; /* all or none                                */
	/*
	 * 0: 3 s, 30 s. The second is the longest silence of the server within a statement; below
	 * 15 s the nodes of a cluster that agree on who is gone look dead themselves.
	 */
	int64_t connect_timeout_ms, timeout_ms;
	int64_t lock_wait_s; /* 0: 10 s; longest wait for a lock of somebody else          */
	bool is_watched; /* its end tells others that we are dead: the server may not end it idle */
};
void mms_db_settings_release(struct mms_db_settings *settings);

/*
 * Which columns a site really has: asked when a statement with optional columns ("{?table.column}"
 * becomes the column, or NULL; mmsync/stmt.h) is prepared. Until it is known such a statement is
 * a BUG.
 */
typedef bool mms_has_column(void *aux, const char *table, const char *column);

struct mms_db;

/*
 * Owns: *out, mms_db_close(). Keeps: settings. Errors: DB, NOMEM. The process's first
 * mms_db_open() or mms_pool_open() must not run beside another: the library sets itself up.
 */
mms_rc mms_db_open(struct mms_db **out, const struct mms_db_settings *settings,
		   struct mms_err *err) MMS_MUST_CHECK;
void mms_db_close(struct mms_db *db);
/* From now on optional columns are asked of has(aux, ...); both must outlive the connection. */
void mms_db_use_columns(struct mms_db *db, mms_has_column *has, void *aux);

/*
 * Pieces of statements that follow from what columns a site has ("{!words}"; mmsync/stmt.h): add what the words mean.
 * False: they mean nothing. Until it is set a statement with one is a BUG.
 */
typedef bool mms_add_piece(void *aux, const char *words, struct mms_str *out);
/* From now on they are asked of add(aux, ...); both must outlive the connection. */
void mms_db_use_pieces(struct mms_db *db, mms_add_piece *add, void *aux);

/* The server's id of this connection; 0 when it is not connected. */
unsigned long mms_db_connection_id(const struct mms_db *db);
/* Server version as a number (101119 for 10.11.19). */
unsigned long mms_db_server_version(const struct mms_db *db);
/* Statements sent so far (BEGIN, COMMIT and bulk executions count as one each). */
uint64_t mms_db_n_statements(const struct mms_db *db);
/* Has the connection been lost and made anew since it was opened? Counts up. */
unsigned mms_db_n_reconnects(const struct mms_db *db);

/*
 * One value in or out. type 0 is NULL. Out: ptr borrows until the next row; a zero date is NULL,
 * and the wall_us of a NULL time is MMS_NO_TIME. In: type is the declared letter, or NULL where
 * it is a capital; anything else is a BUG.
 */
struct mms_value {
	char type; /* 'i' int64, 'u' uint64, 's' text, 'b' bytes, 't' wall time (us)  */
	union {
		int64_t i;
		uint64_t u;
		int64_t wall_us;
	};
	const char *ptr; /* 's' (also NUL-terminated when it comes out), 'b'          */
	size_t len;
};
struct mms_value mms_v_i64(int64_t i);
struct mms_value mms_v_u64(uint64_t u);
struct mms_value mms_v_text(const char *text); /* NULL: NULL */
struct mms_value mms_v_textn(const char *text, size_t len);
struct mms_value mms_v_bytes(const void *bytes, size_t len);
struct mms_value mms_v_wall(int64_t wall_us); /* MMS_NO_TIME: NULL */
struct mms_value mms_v_null(void);

/* Copy a text that came out to *to; NULL stays as it was. Owns: *to. False: no memory. */
bool mms_value_copy_text(const struct mms_value *value, char **to) MMS_MUST_CHECK;

/*
 * Prepare a statement and compare what is declared with what the server says of it. Errors: DB
 * (a table or column is missing), BUG (the declaration is wrong; the text says where).
 */
mms_rc
mms_db_check_stmt(struct mms_db *db, enum mms_stmt stmt, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Use another statement table from now on: tests and benches of this layer have tables of their
 * own. An enum mms_stmt is then an index into it. Keeps: defs.
 */
mms_rc mms_db_use_statements(struct mms_db *db, const struct mms_stmt_def *defs, size_t n,
			     struct mms_err *err) MMS_MUST_CHECK;

/* Execute; affected (may be NULL) is the number of rows changed. */
mms_rc mms_db_run(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
		  uint64_t *affected, struct mms_err *err) MMS_MUST_CHECK;

/*
 * A result, streamed. All zero is closed. While one is open its connection runs nothing else.
 * Released early, a short rest is read to its end; of a long one outside a transaction the
 * connection is given up, which is cheaper.
 */
struct mms_rows {
	struct mms_db *db;
	struct mms_stmt_handle *handle;
};
mms_rc mms_rows_open(struct mms_rows *rows, struct mms_db *db, enum mms_stmt stmt,
		     const struct mms_value *in, struct mms_err *err) MMS_MUST_CHECK;
/* The next row: *row borrows an array of the statement's columns; NULL at the end. */
mms_rc mms_rows_next(struct mms_rows *rows, const struct mms_value **row,
		     struct mms_err *err) MMS_MUST_CHECK;
void mms_rows_release(struct mms_rows *rows);

/* The first row's first column, for questions with one answer. MMS_E_GONE: no row. NULL reads as 0. */
mms_rc mms_db_ask_i64(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
		      int64_t *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * A transaction. Rolled back by release unless committed first. All zero is not open.
 *
 * After a RETRY within it (deadlock, lost connection, a silent rollback of a cluster), after a
 * lock time-out and after any error of a bulk only release is left: every other call answers
 * RETRY, so that nothing of it is continued in another session or in autocommit, and half of a
 * bulk is never committed. A CONFLICT or ITEM of a single statement undoes that statement alone.
 */
struct mms_tx {
	struct mms_db *db;
	bool is_in_doubt; /* after a failed commit: it may have happened; ask the marker */
};
mms_rc mms_tx_begin(struct mms_tx *tx, struct mms_db *db, struct mms_err *err) MMS_MUST_CHECK;
/*
 * Errors: RETRY, NOMEM. tx->is_in_doubt says whether the commit may have happened all the same
 * (any error but a deadlock: its answer was lost, or a cluster broke up meanwhile); otherwise it
 * has not. Read it before release.
 */
mms_rc mms_tx_commit(struct mms_tx *tx, struct mms_err *err) MMS_MUST_CHECK;
void mms_tx_release(struct mms_tx *tx);
mms_rc mms_tx_run(struct mms_tx *tx, enum mms_stmt stmt, const struct mms_value *in,
		  uint64_t *affected, struct mms_err *err) MMS_MUST_CHECK;

/*
 * Rows for one bulk execution. Texts are borrowed until the bulk is run or cleared. All zero
 * is empty; init reserves.
 */
struct mms_bulk {
	enum mms_stmt stmt;
	const struct mms_stmt_def *def; /* borrowed */
	size_t n, max;                  /* rows                       */
	size_t bytes;                   /* of all values, for packets */
	struct mms_bulk_column *columns;
	size_t n_columns;
};
mms_rc mms_bulk_init(struct mms_bulk *bulk, enum mms_stmt stmt, size_t max,
		     struct mms_err *err) MMS_MUST_CHECK;
/* The same for a table of one's own (mms_db_use_statements()). Keeps: def. */
mms_rc
mms_bulk_init_as(struct mms_bulk *bulk, enum mms_stmt stmt, const struct mms_stmt_def *def,
		 size_t max, struct mms_err *err) MMS_MUST_CHECK;
void mms_bulk_release(struct mms_bulk *bulk);
void mms_bulk_clear(struct mms_bulk *bulk);
/* Add one row (the statement's parameters in order). Errors: BUG when full. */
mms_rc mms_bulk_add(struct mms_bulk *bulk, const struct mms_value *row,
		    struct mms_err *err) MMS_MUST_CHECK;
/*
 * Execute all rows as one array, inside a transaction only; the server's in-transaction flag is
 * checked afterwards (a cluster may roll back silently), so that MMS_OK means it is still open.
 * *affected is the sum over all rows. With no rows nothing is sent. What the server does not take
 * in one packet goes in several statements. Errors: as of a statement; ITEM also for a row that
 * is larger than the server's max_allowed_packet; the transaction can then only be released.
 */
mms_rc mms_bulk_run(struct mms_bulk *bulk, struct mms_tx *tx, uint64_t *affected,
		    struct mms_err *err) MMS_MUST_CHECK;

#endif

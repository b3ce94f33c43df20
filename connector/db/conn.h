/* What the files of db/ share: a connection, its prepared statements, its transaction. */
#ifndef DB_CONN_H
#define DB_CONN_H

#include <mysql.h>
#include <stdatomic.h>

#include "mmsync/db.h"

/* A value larger than this is refused when it is read, bytes. */
#define MMS_DB_VALUE_MAX MMS_STR_DEFAULT_MAX

/* What a packet holds beside its values: its head, and two bytes of type for each parameter. */
#define MMS_DB_PACKET_HEAD ((size_t)4096)

enum mms_tx_state {
	MMS_TX_NONE, /* autocommit                                                      */
	MMS_TX_OPEN,
	MMS_TX_DEAD, /* the server has, or may have, undone it: only a rollback is left */
};

/* What one number of the server or of the library means to us. */
struct mms_db_error {
	unsigned number;
	mms_rc rc;
	unsigned flags;   /* OR of MMS_DBE_*                        */
	const char *hint; /* what a person can do; NULL: nothing    */
};
enum {
	MMS_DBE_LOST = 1,    /* the connection can not be used any more                 */
	MMS_DBE_ROLLED = 2,  /* the transaction is gone, or must be given up            */
	MMS_DBE_VALUE = 4,   /* the server's text quotes a value: it is cut out         */
	MMS_DBE_REFUSED = 8, /* at connect: another host would say the same             */
};

/* Never NULL: the last row, of number 0, is for what is not listed. */
const struct mms_db_error *mms_db_error_find(unsigned number);
/* All rows, for the test. */
const struct mms_db_error *mms_db_error_rows(size_t *n);
/* The server's text without the values that it quotes. */
void
mms_db_error_add_text(struct mms_str *out, const struct mms_db_error *error, const char *text);

struct mms_db {
	const struct mms_db_settings *settings; /* borrowed                                  */
	MYSQL *mysql;                           /* NULL: not connected                       */
	const struct mms_stmt_def *defs;        /* borrowed: the statement table             */
	size_t n_defs;
	struct mms_stmt_handle *handles; /* owned, one for each definition            */
	mms_has_column *has;             /* NULL: not known yet                       */
	void *has_aux;
	mms_add_piece *add_piece; /* NULL: not known yet                       */
	void *piece_aux;
	struct mms_stmt_handle *streaming; /* whose rows are open                       */
	enum mms_tx_state tx;
	size_t max_packet; /* bytes the server takes at once              */
	bool has_no_bulk;  /* it refuses arrays: rows are sent one by one */
	unsigned long version, connection_id;
	unsigned n_connects;
	atomic_uint_fast64_t n_statements;
};

/* A prepared statement with the memory that its values pass through. All zero is not prepared. */
struct mms_stmt_handle {
	MYSQL_STMT *stmt; /* NULL: not prepared on this connection */
	const struct mms_stmt_def *def;
	size_t n_in, n_out;
	MYSQL_BIND *binds_in, *binds_out;
	struct mms_cell *in, *out;
	struct mms_value *row;
};

/* ---- conn.c: the session ---- */

/*
 * Before any statement: connected, nothing else streaming, the transaction alive. Outside a
 * transaction a connection that the server has closed meanwhile is made anew.
 */
mms_rc mms_conn_ready(struct mms_db *db, struct mms_err *err) MMS_MUST_CHECK;
/* Close; statements are prepared again on the next connection. */
void mms_conn_drop(struct mms_db *db);
/* Tell an error of the server or the library about `what`; marks the transaction, may drop. */
mms_rc mms_conn_fail(struct mms_db *db, const char *what, unsigned number, const char *text,
		     struct mms_err *err);
/* A fault point fired: act as if the network had gone. */
mms_rc mms_conn_cut(struct mms_db *db, const char *what, struct mms_err *err);
/* After a statement in a transaction: is it still open? A cluster may undo it silently. */
mms_rc
mms_conn_check_tx(struct mms_db *db, const char *what, struct mms_err *err) MMS_MUST_CHECK;
/* Send a text without a result: BEGIN, DDL. Counted, with the fault points of a statement. */
mms_rc mms_conn_text(struct mms_db *db, const char *what, const char *sql,
		     struct mms_err *err) MMS_MUST_CHECK;

/* ---- connect.c: one of the hosts ---- */

/* A new session on the first host that serves, set up as the header of db.h says. */
mms_rc mms_connect(struct mms_db *db, struct mms_err *err) MMS_MUST_CHECK;

/* ---- stmt.c, bind.c ---- */

/* The handle, prepared and checked against its definition. */
mms_rc mms_handle_ready(struct mms_db *db, enum mms_stmt stmt, struct mms_stmt_handle **out,
			struct mms_err *err) MMS_MUST_CHECK;
/* Forget the server's side; the memory stays. */
void mms_handle_forget(struct mms_stmt_handle *handle);
void mms_handle_release(struct mms_stmt_handle *handle);
/* Tell an error of the statement; it is prepared anew where that may matter. */
mms_rc mms_handle_fail(struct mms_db *db, struct mms_stmt_handle *handle, struct mms_err *err);
/* Memory for the values of handle->n_in and n_out; false: none left. */
bool mms_cells_make(struct mms_stmt_handle *handle);
void mms_cells_release(struct mms_stmt_handle *handle);
enum enum_field_types mms_bind_type(char letter);

/* The text with its optional columns resolved. Errors: BUG, NOMEM. */
mms_rc mms_stmt_add_sql(struct mms_str *out, const struct mms_db *db,
			const struct mms_stmt_def *def, struct mms_err *err) MMS_MUST_CHECK;

/* Does the value fit the declared letter? Errors: BUG, ITEM (a time outside years 1..9999). */
mms_rc mms_value_check(const struct mms_stmt_def *def, size_t at, const struct mms_value *value,
		       struct mms_err *err) MMS_MUST_CHECK;
void mms_time_from_wall(int64_t wall_us, MYSQL_TIME *out);

/* Errors: BUG, ITEM (more than the server takes at once). */
mms_rc mms_bind_in(const struct mms_db *db, struct mms_stmt_handle *handle,
		   const struct mms_value *in, struct mms_err *err) MMS_MUST_CHECK;
/* Where results go; before the first fetch and after a buffer has grown. */
mms_rc mms_bind_out(struct mms_db *db, struct mms_stmt_handle *handle,
		    struct mms_err *err) MMS_MUST_CHECK;
/* After a fetch: fill handle->row, growing buffers that were too small. */
mms_rc mms_read_row(struct mms_db *db, struct mms_stmt_handle *handle,
		    struct mms_err *err) MMS_MUST_CHECK;

#endif

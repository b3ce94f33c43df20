/* A connection as the layers above see it: open, run, rows. */
#include "mmsync/db.h"

#include <string.h>

#include "conn.h"
#include "mmsync/fault.h"

/*
 * Rows that nobody reads any more are drained up to this many; beyond it a new connection is
 * cheaper.
 */
enum { DRAIN_ROWS = 1000 };

void
mms_db_settings_release(struct mms_db_settings *settings)
{
	struct mms_db_settings *s = settings;

	if (s == NULL)
		return;
	mms_free(s->host);
	mms_free(s->socket);
	mms_free(s->user);
	mms_free(s->password);
	mms_free(s->database);
	mms_free(s->ssl_ca);
	mms_free(s->ssl_cert);
	mms_free(s->ssl_key);
	*s = (struct mms_db_settings){ 0 };
}

static void
release_handles(struct mms_db *db)
{
	for (size_t i = 0; i < db->n_defs; i++)
		mms_handle_release(&db->handles[i]);
	mms_free(db->handles);
	db->handles = NULL;
	db->n_defs = 0;
}

mms_rc
mms_db_use_statements(struct mms_db *db, const struct mms_stmt_def *defs, size_t n,
		      struct mms_err *err)
{
	struct mms_stmt_handle *handles = mms_alloc(n * sizeof *handles);

	if (handles == NULL)
		return mms_fail_nomem(err);
	release_handles(db);
	db->handles = handles;
	db->defs = defs;
	db->n_defs = n;
	return MMS_OK;
}

mms_rc
mms_db_open(struct mms_db **out, const struct mms_db_settings *settings, struct mms_err *err)
{
	struct mms_db *db = mms_alloc(sizeof *db);

	if (db == NULL)
		return mms_fail_nomem(err);
	db->settings = settings;
	mms_rc rc =
		mms_db_use_statements(db, mms_stmt_def((enum mms_stmt)0), MMS_STMT_COUNT, err);
	if (rc == MMS_OK)
		rc = mms_connect(db, err);
	if (rc != MMS_OK) {
		mms_db_close(db);
		return rc;
	}
	*out = db;
	return MMS_OK;
}

void
mms_db_close(struct mms_db *db)
{
	if (db == NULL)
		return;
	mms_conn_drop(db);
	release_handles(db);
	mms_free(db);
}

void
mms_db_use_columns(struct mms_db *db, mms_has_column *has, void *aux)
{
	if (db->has == has && db->has_aux == aux)
		return;
	for (size_t i = 0; i < db->n_defs; i++)
		mms_handle_forget(&db->handles[i]);
	db->has = has;
	db->has_aux = aux;
}

void
mms_db_use_pieces(struct mms_db *db, mms_add_piece *add, void *aux)
{
	if (db->add_piece == add && db->piece_aux == aux)
		return;
	for (size_t i = 0; i < db->n_defs; i++)
		mms_handle_forget(&db->handles[i]);
	db->add_piece = add;
	db->piece_aux = aux;
}

unsigned long
mms_db_connection_id(const struct mms_db *db)
{
	return db->connection_id;
}

unsigned long
mms_db_server_version(const struct mms_db *db)
{
	return db->version;
}

uint64_t
mms_db_n_statements(const struct mms_db *db)
{
	return atomic_load(&db->n_statements);
}

unsigned
mms_db_n_reconnects(const struct mms_db *db)
{
	return db->n_connects > 0 ? db->n_connects - 1 : 0;
}

/* Prepare, bind, send; the fault points of a statement are here. NULL: failed, as err says. */
static struct mms_stmt_handle *
execute(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in, struct mms_err *err)
{
	struct mms_stmt_handle *handle = NULL;
	unsigned one_row = 0;

	if (mms_conn_ready(db, err) != MMS_OK ||
	    mms_handle_ready(db, stmt, &handle, err) != MMS_OK || handle == NULL ||
	    mms_bind_in(db, handle, in, err) != MMS_OK)
		return NULL;
	if (mms_fault_hit(MMS_FAULT_STMT_BEFORE)) {
		(void)mms_conn_cut(db, handle->def->name, err);
		return NULL;
	}
	db->n_statements++;
	if (mysql_stmt_attr_set(handle->stmt, STMT_ATTR_ARRAY_SIZE, &one_row) != 0 ||
	    (handle->n_in > 0 && mysql_stmt_bind_param(handle->stmt, handle->binds_in) != 0) ||
	    mysql_stmt_execute(handle->stmt) != 0) {
		(void)mms_handle_fail(db, handle, err);
		return NULL;
	}
	if (mms_fault_hit(MMS_FAULT_STMT_AFTER)) {
		(void)mms_conn_cut(db, handle->def->name, err);
		return NULL;
	}
	mms_fault_step();
	return handle;
}

mms_rc
mms_db_run(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
	   uint64_t *affected, struct mms_err *err)
{
	struct mms_stmt_handle *handle = execute(db, stmt, in, err);

	if (handle == NULL)
		return err->code;
	if (handle->n_out > 0) {
		(void)mysql_stmt_free_result(handle->stmt);
		return mms_fail(err, MMS_E_BUG, "%s answers rows, and nobody reads them",
				handle->def->name);
	}
	mms_rc rc = mms_conn_check_tx(db, handle->def->name, err);
	if (rc == MMS_OK && affected != NULL)
		*affected = mysql_stmt_affected_rows(handle->stmt);
	return rc;
}

mms_rc
mms_rows_open(struct mms_rows *rows, struct mms_db *db, enum mms_stmt stmt,
	      const struct mms_value *in, struct mms_err *err)
{
	struct mms_stmt_handle *handle = execute(db, stmt, in, err);

	if (handle == NULL)
		return err->code;
	if (handle->n_out == 0)
		return mms_fail(err, MMS_E_BUG, "%s answers no rows", handle->def->name);
	db->streaming = handle;
	*rows = (struct mms_rows){ .db = db, .handle = handle };
	return MMS_OK;
}

/* All rows have been read, or none will be: the connection is free again. */
static void
close_rows(struct mms_rows *rows)
{
	rows->db->streaming = NULL;
	*rows = (struct mms_rows){ 0 };
}

mms_rc
mms_rows_next(struct mms_rows *rows, const struct mms_value **row, struct mms_err *err)
{
	struct mms_db *db = rows->db;
	struct mms_stmt_handle *handle = rows->handle;

	if (handle == NULL) {
		*row = NULL;
		return MMS_OK;
	}
	if (handle->stmt == NULL)
		return mms_fail(err, MMS_E_RETRY, "%s: the connection was lost",
				handle->def->name);
	if (mms_fault_hit(MMS_FAULT_FETCH)) {
		close_rows(rows);
		return mms_conn_cut(db, handle->def->name, err);
	}
	int answer = mysql_stmt_fetch(handle->stmt);
	if (answer == 0 || answer == MYSQL_DATA_TRUNCATED) {
		mms_rc rc = mms_read_row(db, handle, err);
		if (rc == MMS_OK)
			*row = handle->row;
		return rc;
	}
	if (answer == MYSQL_NO_DATA) {
		(void)mysql_stmt_free_result(handle->stmt);
		close_rows(rows);
		*row = NULL;
		return mms_conn_check_tx(db, handle->def->name, err);
	}
	mms_rc rc = mms_handle_fail(db, handle, err);
	close_rows(rows);
	return rc;
}

void
mms_rows_release(struct mms_rows *rows)
{
	if (rows == NULL || rows->handle == NULL)
		return;
	struct mms_db *db = rows->db;
	MYSQL_STMT *stmt = rows->handle->stmt;
	int n = 0, answer = 0;

	while (stmt != NULL && (db->tx != MMS_TX_NONE || n < DRAIN_ROWS)) {
		answer = mysql_stmt_fetch(stmt);
		if (answer != 0 && answer != MYSQL_DATA_TRUNCATED)
			break;
		n++;
	}
	close_rows(rows);
	if (answer == MYSQL_NO_DATA)
		(void)mysql_stmt_free_result(stmt);
	else
		mms_conn_drop(db);
}

mms_rc
mms_db_ask_i64(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in, int64_t *out,
	       struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);

	if (rc != MMS_OK)
		return rc;
	const char *name = db->defs[(size_t)stmt].name;
	rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	if (row == NULL)
		return mms_fail(err, MMS_E_GONE, "%s: no row", name);
	if (row[0].type != '\0' && row[0].type != 'i' && row[0].type != 'u')
		return mms_fail(err, MMS_E_BUG, "%s does not answer a number", name);
	*out = row[0].type == '\0' ? 0 : row[0].i;
	return MMS_OK;
}

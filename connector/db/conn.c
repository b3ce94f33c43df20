/* A session: is it usable, what became of its transaction, how its errors are told. */
#include "conn.h"

#include <poll.h>
#include <string.h>

#include "mmsync/fault.h"

void
mms_conn_drop(struct mms_db *db)
{
	/* The connection first: a statement closed on a live one would read its rows to the end. */
	if (db->mysql != NULL)
		mysql_close(db->mysql);
	db->mysql = NULL;
	for (size_t i = 0; i < db->n_defs; i++)
		mms_handle_forget(&db->handles[i]);
	db->connection_id = 0;
	db->streaming = NULL;
	if (db->tx == MMS_TX_OPEN)
		db->tx = MMS_TX_DEAD;
}

/*
 * A session that waits for us sends nothing: something to read means that the server has said
 * farewell (time-out, KILL, shutdown) or that the connection is broken.
 */
static bool
has_been_closed(struct mms_db *db)
{
	struct pollfd p = { .fd = mysql_get_socket(db->mysql), .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

mms_rc
mms_conn_ready(struct mms_db *db, struct mms_err *err)
{
	if (db->streaming != NULL)
		return mms_fail(err, MMS_E_BUG,
				"a statement while the rows of %s are being read",
				db->streaming->def->name);
	if (db->tx == MMS_TX_DEAD)
		return mms_fail(err, MMS_E_RETRY, "the transaction has been rolled back");
	if (db->tx == MMS_TX_OPEN)
		return MMS_OK;
	if (db->mysql != NULL && has_been_closed(db))
		mms_conn_drop(db);
	return db->mysql != NULL ? MMS_OK : mms_connect(db, err);
}

mms_rc
mms_conn_fail(struct mms_db *db, const char *what, unsigned number, const char *text,
	      struct mms_err *err)
{
	const struct mms_db_error *error = mms_db_error_find(number);
	MMS_AUTO(mms_str) shown = { 0 };

	mms_db_error_add_text(&shown, error, text);
	mms_fail(err, error->rc, "%s: %s (MariaDB error %u)", what, mms_str_get(&shown),
		 number);
	if (error->rc == MMS_E_NOMEM)
		mms_fail_nomem(err);
	if (error->hint != NULL)
		mms_hint(err, "%s", error->hint);
	if (error->flags & MMS_DBE_LOST)
		mms_conn_drop(db);
	if ((error->flags & MMS_DBE_ROLLED) && db->tx == MMS_TX_OPEN)
		db->tx = MMS_TX_DEAD;
	return error->rc;
}

mms_rc
mms_conn_cut(struct mms_db *db, const char *what, struct mms_err *err)
{
	mms_conn_drop(db);
	return mms_fail(err, MMS_E_RETRY, "%s: connection lost (by a fault point)", what);
}

mms_rc
mms_conn_check_tx(struct mms_db *db, const char *what, struct mms_err *err)
{
	if (db->tx != MMS_TX_OPEN || (db->mysql->server_status & SERVER_STATUS_IN_TRANS))
		return MMS_OK;
	db->tx = MMS_TX_DEAD;
	return mms_fail(err, MMS_E_RETRY, "%s: the server has undone the transaction", what);
}

mms_rc
mms_conn_text(struct mms_db *db, const char *what, const char *sql, struct mms_err *err)
{
	if (mms_fault_hit(MMS_FAULT_STMT_BEFORE))
		return mms_conn_cut(db, what, err);
	db->n_statements++;
	if (mysql_real_query(db->mysql, sql, (unsigned long)strlen(sql)) != 0)
		return mms_conn_fail(db, what, mysql_errno(db->mysql), mysql_error(db->mysql),
				     err);
	if (mms_fault_hit(MMS_FAULT_STMT_AFTER))
		return mms_conn_cut(db, what, err);
	mms_fault_step();
	return MMS_OK;
}

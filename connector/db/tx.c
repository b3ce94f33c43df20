/* Transactions: they end as the caller said, or are rolled back, never half of each. */
#include <mysqld_error.h>
#include <string.h>

#include "conn.h"
#include "mmsync/fault.h"

mms_rc
mms_tx_begin(struct mms_tx *tx, struct mms_db *db, struct mms_err *err)
{
	if (db->tx != MMS_TX_NONE)
		return mms_fail(err, MMS_E_BUG, "a transaction within a transaction");
	mms_rc rc = mms_conn_ready(db, err);
	if (rc == MMS_OK)
		rc = mms_conn_text(db, "BEGIN", "START TRANSACTION", err);
	if (rc != MMS_OK)
		return rc;
	db->tx = MMS_TX_OPEN;
	*tx = (struct mms_tx){ .db = db };
	return MMS_OK;
}

mms_rc
mms_tx_run(struct mms_tx *tx, enum mms_stmt stmt, const struct mms_value *in,
	   uint64_t *affected, struct mms_err *err)
{
	if (tx->db == NULL)
		return mms_fail(err, MMS_E_BUG,
				"a statement in a transaction that is not open");
	return mms_db_run(tx->db, stmt, in, affected, err);
}

/*
 * Only a deadlock is known not to have committed: any other error may have come after the
 * server had done it, and of a cluster several do.
 */
static mms_rc
fail_commit(struct mms_tx *tx, struct mms_err *err)
{
	struct mms_db *db = tx->db;
	unsigned number = mysql_errno(db->mysql);

	tx->is_in_doubt = number != ER_LOCK_DEADLOCK;
	(void)mms_conn_fail(db, "COMMIT", number, mysql_error(db->mysql), err);
	db->tx = MMS_TX_DEAD;
	err->code = err->code == MMS_E_NOMEM ? MMS_E_NOMEM : MMS_E_RETRY;
	return err->code;
}

mms_rc
mms_tx_commit(struct mms_tx *tx, struct mms_err *err)
{
	struct mms_db *db = tx->db;

	if (db == NULL || db->tx == MMS_TX_NONE)
		return mms_fail(err, MMS_E_BUG, "COMMIT without a transaction");
	mms_rc rc = mms_conn_ready(db, err);
	if (rc != MMS_OK)
		return rc;
	if (mms_fault_hit(MMS_FAULT_COMMIT_BEFORE)) {
		tx->is_in_doubt = true; /* as far as a client could know */
		return mms_conn_cut(db, "COMMIT", err);
	}
	mms_fault_step();
	db->n_statements++;
	if (mysql_real_query(db->mysql, "COMMIT", 6) != 0)
		return fail_commit(tx, err);
	if (mms_fault_hit(MMS_FAULT_COMMIT_AFTER)) {
		tx->is_in_doubt = true;
		return mms_conn_cut(db, "COMMIT", err);
	}
	mms_fault_step();
	db->tx = MMS_TX_NONE;
	tx->db = NULL;
	return MMS_OK;
}

void
mms_tx_release(struct mms_tx *tx)
{
	if (tx == NULL || tx->db == NULL)
		return;
	struct mms_db *db = tx->db;

	tx->db = NULL;
	if (db->mysql != NULL) {
		db->n_statements++;
		/* A cluster may answer even this with a deadlock: then it is undone already. */
		if (mysql_real_query(db->mysql, "ROLLBACK", 8) != 0 &&
		    mysql_errno(db->mysql) != ER_LOCK_DEADLOCK)
			mms_conn_drop(db);
	}
	db->tx = MMS_TX_NONE;
}

/* Unprepared statements for the schema code (see the header). */
#include "mmsync/ddl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "conn.h"
#include "mmsync/clock.h"
#include "mmsync/fault.h"

/* How much of a text an error shows. */
enum { SHOWN = 60 };

static void
name_text(const char *sql, char name[SHOWN + 4])
{
	size_t len = strlen(sql);

	memcpy(name, sql, len < SHOWN ? len : SHOWN);
	memcpy(name + (len < SHOWN ? len : SHOWN), len < SHOWN ? "" : "...",
	       len < SHOWN ? 1 : 4);
}

/* Until the server has begun to answer: the library itself would give up much earlier. */
static bool
wait_for_answer(MYSQL *m)
{
	int64_t until = mms_clock_mono_ms() + MMS_DDL_PATIENCE_MS;
	struct pollfd p = { .fd = mysql_get_socket(m), .events = POLLIN };
	int ready;

	do {
		int64_t left = until - mms_clock_mono_ms();
		ready = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static mms_rc
send_text(struct mms_db *db, const char *name, const char *sql, struct mms_err *err)
{
	mms_rc rc = db->tx == MMS_TX_NONE
			    ? mms_conn_ready(db, err)
			    : mms_fail(err, MMS_E_BUG, "%s: inside a transaction", name);

	if (rc != MMS_OK)
		return rc;
	if (mms_fault_hit(MMS_FAULT_STMT_BEFORE))
		return mms_conn_cut(db, name, err);
	db->n_statements++;
	int bad = mysql_send_query(db->mysql, sql, (unsigned long)strlen(sql));
	if (bad == 0 && !wait_for_answer(db->mysql)) {
		mms_conn_drop(db);
		return mms_fail(err, MMS_E_RETRY, "%s: no answer", name);
	}
	if (bad == 0)
		bad = mysql_read_query_result(db->mysql) != 0;
	if (bad != 0)
		return mms_conn_fail(db, name, mysql_errno(db->mysql), mysql_error(db->mysql),
				     err);
	return mms_fault_hit(MMS_FAULT_STMT_AFTER) ? mms_conn_cut(db, name, err) : MMS_OK;
}

mms_rc
mms_db_run_text(struct mms_db *db, const char *sql, struct mms_err *err)
{
	char name[SHOWN + 4];

	name_text(sql, name);
	mms_rc rc = send_text(db, name, sql, err);
	if (rc != MMS_OK || mysql_field_count(db->mysql) == 0)
		return rc;
	mysql_free_result(mysql_use_result(db->mysql));
	return mms_fail(err, MMS_E_BUG, "%s: answers rows, and nobody reads them", name);
}

mms_rc
mms_text_rows_load(struct mms_text_rows *rows, struct mms_db *db, const char *sql,
		   struct mms_err *err)
{
	char name[SHOWN + 4];

	name_text(sql, name);
	mms_rc rc = send_text(db, name, sql, err);
	if (rc != MMS_OK)
		return rc;
	if (mysql_field_count(db->mysql) == 0)
		return mms_fail(err, MMS_E_BUG, "%s: answers no rows", name);
	MYSQL_RES *result = mysql_store_result(db->mysql);
	if (result == NULL)
		return mms_conn_fail(db, name, mysql_errno(db->mysql), mysql_error(db->mysql),
				     err);
	*rows = (struct mms_text_rows){ .result = result,
					.n = (size_t)mysql_num_rows(result),
					.n_columns = mysql_num_fields(result) };
	return MMS_OK;
}

const char *const *
mms_text_rows_find_next(struct mms_text_rows *rows)
{
	union {
		MYSQL_ROW in;
		const char *const *out;
	} row = { .in = NULL };

	if (rows->result != NULL)
		row.in = mysql_fetch_row(rows->result);
	return row.in != NULL ? row.out : NULL;
}

void
mms_text_rows_release(struct mms_text_rows *rows)
{
	if (rows == NULL)
		return;
	mysql_free_result(rows->result);
	*rows = (struct mms_text_rows){ 0 };
}

void
mms_sql_add_ident(struct mms_str *out, const char *name)
{
	mms_str_addc(out, '`');
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '`')
			mms_str_addc(out, '`');
		mms_str_addc(out, *p);
	}
	mms_str_addc(out, '`');
}

void
mms_sql_add_text(struct mms_str *out, const char *text)
{
	if (text == NULL) {
		mms_str_add(out, "NULL");
		return;
	}
	mms_str_addc(out, '\'');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\'' || *p == '\\')
			mms_str_addc(out, *p);
		mms_str_addc(out, *p);
	}
	mms_str_addc(out, '\'');
}

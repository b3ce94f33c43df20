/*
 * Many rows in one statement: Connector/C's array binding, column by column.
 *
 * A cluster may undo the transaction during such a statement and answer OK all the same, with
 * nothing but the in-transaction flag cleared. That flag is looked at before anything else.
 */
#include <limits.h>
#include <string.h>

#include "conn.h"
#include "mmsync/fault.h"

/* The values of one parameter, row after row; only the arrays that its type needs exist. */
struct mms_bulk_column {
	char letter;         /* 'i', 'u', 's', 'b', 't'                              */
	int64_t *numbers;    /* i, u                                                 */
	MYSQL_TIME *times;   /* t                                                    */
	const void **where;  /* s, b: the caller's bytes; t: into times              */
	unsigned long *lens; /* s, b                                                 */
	char *nulls;         /* STMT_INDICATOR_NULL or _NONE                         */
};

/* One execution is built in memory: no more than this, however much the server would take. */
#define PART_MAX ((size_t)16 * 1024 * 1024)

static bool
make_column(struct mms_bulk_column *c, char letter, size_t max)
{
	bool is_number = letter == 'i' || letter == 'u';

	c->letter = letter;
	c->nulls = mms_alloc(max);
	if (is_number)
		c->numbers = mms_alloc(max * sizeof c->numbers[0]);
	else
		c->where = mms_alloc(max * sizeof c->where[0]);
	if (letter == 't')
		c->times = mms_alloc(max * sizeof c->times[0]);
	else if (!is_number)
		c->lens = mms_alloc(max * sizeof c->lens[0]);
	return c->nulls != NULL && (is_number ? c->numbers != NULL : c->where != NULL) &&
	       (letter != 't' || c->times != NULL) &&
	       (is_number || letter == 't' || c->lens != NULL);
}

mms_rc
mms_bulk_init_as(struct mms_bulk *bulk, enum mms_stmt stmt, const struct mms_stmt_def *def,
		 size_t max, struct mms_err *err)
{
	size_t n = strlen(def->in);

	if (n == 0 || def->out[0] != '\0' || max == 0 || max > UINT_MAX / sizeof(MYSQL_TIME))
		return mms_fail(err, MMS_E_BUG, "%s cannot be run in bulk of %zu", def->name,
				max);
	*bulk = (struct mms_bulk){ .stmt = stmt, .def = def, .max = max };
	bulk->columns = mms_alloc(n * sizeof bulk->columns[0]);
	if (bulk->columns == NULL)
		return mms_fail_nomem(err);
	bulk->n_columns = n;
	for (size_t i = 0; i < n; i++) {
		if (make_column(&bulk->columns[i], (char)(def->in[i] | 0x20), max))
			continue;
		mms_bulk_release(bulk);
		return mms_fail_nomem(err);
	}
	return MMS_OK;
}

mms_rc
mms_bulk_init(struct mms_bulk *bulk, enum mms_stmt stmt, size_t max, struct mms_err *err)
{
	return mms_bulk_init_as(bulk, stmt, mms_stmt_def(stmt), max, err);
}

void
mms_bulk_release(struct mms_bulk *bulk)
{
	if (bulk == NULL)
		return;
	for (size_t i = 0; i < bulk->n_columns; i++) {
		struct mms_bulk_column *c = &bulk->columns[i];
		mms_free(c->numbers);
		mms_free(c->times);
		mms_free(c->where);
		mms_free(c->lens);
		mms_free(c->nulls);
	}
	mms_free(bulk->columns);
	*bulk = (struct mms_bulk){ 0 };
}

void
mms_bulk_clear(struct mms_bulk *bulk)
{
	bulk->n = 0;
	bulk->bytes = 0;
}

/* Bytes of one value on the wire, its indicator included; lengths take up to nine. */
static size_t
wire_bytes(const struct mms_bulk_column *c, size_t row)
{
	if (c->nulls[row] == STMT_INDICATOR_NULL)
		return 1;
	return 1 + (c->numbers != NULL ? 8 : c->times != NULL ? 12 : 9 + (size_t)c->lens[row]);
}

static size_t
row_bytes(const struct mms_bulk *bulk, size_t row)
{
	size_t bytes = 0;

	for (size_t i = 0; i < bulk->n_columns; i++)
		bytes += wire_bytes(&bulk->columns[i], row);
	return bytes;
}

mms_rc
mms_bulk_add(struct mms_bulk *bulk, const struct mms_value *row, struct mms_err *err)
{
	size_t at = bulk->n;

	if (at >= bulk->max)
		return mms_fail(err, MMS_E_BUG, "a bulk of %zu rows takes no more", bulk->max);
	for (size_t i = 0; i < bulk->n_columns; i++) {
		struct mms_bulk_column *c = &bulk->columns[i];
		mms_rc rc = mms_value_check(bulk->def, i, &row[i], err);
		if (rc != MMS_OK)
			return rc;
		c->nulls[at] = row[i].type == '\0' ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
		if (c->numbers != NULL) {
			c->numbers[at] = row[i].i;
		} else if (c->times != NULL) {
			if (row[i].type != '\0')
				mms_time_from_wall(row[i].wall_us, &c->times[at]);
			c->where[at] = &c->times[at];
		} else {
			/* A NULL has no bytes, but the library wants a place all the same. */
			c->where[at] = row[i].ptr != NULL ? row[i].ptr : "";
			c->lens[at] = (unsigned long)row[i].len;
		}
	}
	bulk->n++;
	bulk->bytes += row_bytes(bulk, at);
	return MMS_OK;
}

/* How many rows from `from` on go into one packet; 0: the server does not even take one. */
static size_t
count_fitting(const struct mms_bulk *bulk, size_t from, size_t max_packet)
{
	size_t bytes = MMS_DB_PACKET_HEAD, n = 0;

	while (from + n < bulk->n) {
		bytes += row_bytes(bulk, from + n);
		if (bytes > max_packet || (n > 0 && bytes > PART_MAX))
			break;
		n++;
	}
	return n;
}

static void
bind_columns(struct mms_stmt_handle *handle, const struct mms_bulk *bulk, size_t from)
{
	for (size_t i = 0; i < bulk->n_columns; i++) {
		const struct mms_bulk_column *c = &bulk->columns[i];
		handle->binds_in[i] = (MYSQL_BIND){
			.buffer_type = mms_bind_type(c->letter),
			.buffer = c->numbers != NULL ? (void *)(c->numbers + from)
						     : (void *)(c->where + from),
			.length = c->lens != NULL ? c->lens + from : NULL,
			.u.indicator = c->nulls + from,
			.is_unsigned = (my_bool)(c->letter == 'u'),
		};
	}
}

/* One row alone, without an array. */
static void
bind_row(struct mms_stmt_handle *handle, const struct mms_bulk *bulk, size_t row)
{
	for (size_t i = 0; i < bulk->n_columns; i++) {
		const struct mms_bulk_column *c = &bulk->columns[i];
		union {
			const void *in;
			void *out;
		} bytes = { .in = c->numbers != NULL ? NULL : c->where[row] };
		bool is_null = c->nulls[row] == STMT_INDICATOR_NULL;
		handle->binds_in[i] = (MYSQL_BIND){
			.buffer_type = is_null ? MYSQL_TYPE_NULL : mms_bind_type(c->letter),
			.buffer = c->numbers != NULL ? (void *)(c->numbers + row) : bytes.out,
			.length = c->lens != NULL ? c->lens + row : NULL,
			.is_unsigned = (my_bool)(c->letter == 'u'),
		};
	}
}

/* Rows from .. from + n one by one, for a server that has no bulk: a binary log by statement. */
static mms_rc
run_rows(struct mms_db *db, struct mms_stmt_handle *handle, const struct mms_bulk *bulk,
	 size_t from, size_t n, uint64_t *affected, struct mms_err *err)
{
	unsigned none = 0;
	mms_rc rc = MMS_OK;

	for (size_t row = from; rc == MMS_OK && row < from + n; row++) {
		bind_row(handle, bulk, row);
		if (mysql_stmt_attr_set(handle->stmt, STMT_ATTR_ARRAY_SIZE, &none) != 0 ||
		    mysql_stmt_bind_param(handle->stmt, handle->binds_in) != 0 ||
		    mysql_stmt_execute(handle->stmt) != 0)
			return mms_handle_fail(db, handle, err);
		*affected += mysql_stmt_affected_rows(handle->stmt);
		rc = mms_conn_check_tx(db, handle->def->name, err);
	}
	return rc;
}

/* One execution: rows from .. from + n. */
static mms_rc
run_array(struct mms_db *db, struct mms_stmt_handle *handle, const struct mms_bulk *bulk,
	  size_t from, size_t n, uint64_t *affected, struct mms_err *err)
{
	unsigned array = (unsigned)n;

	bind_columns(handle, bulk, from);
	if (mysql_stmt_attr_set(handle->stmt, STMT_ATTR_ARRAY_SIZE, &array) != 0 ||
	    mysql_stmt_bind_param(handle->stmt, handle->binds_in) != 0 ||
	    mysql_stmt_execute(handle->stmt) != 0)
		return mms_handle_fail(db, handle, err);
	mms_rc rc = mms_conn_check_tx(db, handle->def->name, err);
	if (rc == MMS_OK)
		*affected += mysql_stmt_affected_rows(handle->stmt);
	return rc;
}

/* Rows from .. from + n, as the server takes them. */
static mms_rc
run_part(struct mms_db *db, struct mms_stmt_handle *handle, const struct mms_bulk *bulk,
	 size_t from, size_t n, uint64_t *affected, struct mms_err *err)
{
	const char *what = handle->def->name;

	if (mms_fault_hit(MMS_FAULT_STMT_BEFORE))
		return mms_conn_cut(db, what, err);
	db->n_statements++;
	mms_rc rc = db->has_no_bulk ? run_rows(db, handle, bulk, from, n, affected, err)
				    : run_array(db, handle, bulk, from, n, affected, err);
	if (rc != MMS_OK)
		return rc;
	if (mms_fault_hit(MMS_FAULT_STMT_AFTER))
		return mms_conn_cut(db, what, err);
	mms_fault_step();
	return MMS_OK;
}

mms_rc
mms_bulk_run(struct mms_bulk *bulk, struct mms_tx *tx, uint64_t *affected, struct mms_err *err)
{
	struct mms_db *db = tx->db;
	struct mms_stmt_handle *handle = NULL;
	uint64_t sum = 0;

	if (db == NULL || db->tx == MMS_TX_NONE)
		return mms_fail(err, MMS_E_BUG, "a bulk outside a transaction");
	mms_rc rc = mms_conn_ready(db, err);
	if (rc == MMS_OK)
		rc = mms_handle_ready(db, bulk->stmt, &handle, err);
	if (rc == MMS_OK && handle->def != bulk->def)
		rc = mms_fail(err, MMS_E_BUG, "the bulk of %s is not of this table",
			      bulk->def->name);
	for (size_t from = 0, n; rc == MMS_OK && from < bulk->n; from += n) {
		n = count_fitting(bulk, from, db->max_packet);
		if (n == 0) {
			rc = mms_fail(err, MMS_E_ITEM,
				      "%s: row %zu has %zu bytes, the server takes %zu at once",
				      bulk->def->name, from + 1, row_bytes(bulk, from),
				      db->max_packet);
		} else {
			rc = run_part(db, handle, bulk, from, n, &sum, err);
		}
	}
	/* Some rows may be in, others not: whoever commits that commits half a batch. */
	if (rc != MMS_OK && db->tx == MMS_TX_OPEN)
		db->tx = MMS_TX_DEAD;
	if (rc == MMS_OK && affected != NULL)
		*affected = sum;
	return rc;
}

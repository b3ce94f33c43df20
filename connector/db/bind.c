/* Values on their way into and out of prepared statements, in the server's own types. */
#include <inttypes.h>
#include <string.h>

#include "conn.h"

/* One parameter or one column of a result. */
struct mms_cell {
	int64_t number;
	MYSQL_TIME time;
	char *bytes; /* owned; columns only                                */
	size_t cap;  /* bytes allocated; a text is ended by us within it   */
	unsigned long len;
	my_bool is_null, is_cut;
};

enum { FIRST_CAP = 256 };

/* ---- values ------------------------------------------------------------------------------- */

struct mms_value
mms_v_i64(int64_t i)
{
	return (struct mms_value){ .type = 'i', .i = i };
}

struct mms_value
mms_v_u64(uint64_t u)
{
	return (struct mms_value){ .type = 'u', .u = u };
}

struct mms_value
mms_v_textn(const char *text, size_t len)
{
	return text == NULL ? mms_v_null()
			    : (struct mms_value){ .type = 's', .ptr = text, .len = len };
}

struct mms_value
mms_v_text(const char *text)
{
	return mms_v_textn(text, text != NULL ? strlen(text) : 0);
}

bool
mms_value_copy_text(const struct mms_value *value, char **to)
{
	if (value->type == 0)
		return true;
	*to = mms_text_copy_n(value->ptr, value->len);
	return *to != NULL;
}

struct mms_value
mms_v_bytes(const void *bytes, size_t len)
{
	return bytes == NULL ? mms_v_null()
			     : (struct mms_value){ .type = 'b', .ptr = bytes, .len = len };
}

struct mms_value
mms_v_wall(int64_t wall_us)
{
	return wall_us == MMS_NO_TIME ? mms_v_null()
				      : (struct mms_value){ .type = 't', .wall_us = wall_us };
}

struct mms_value
mms_v_null(void)
{
	return (struct mms_value){ 0 };
}

/* ---- in ----------------------------------------------------------------------------------- */

mms_rc
mms_value_check(const struct mms_stmt_def *def, size_t at, const struct mms_value *value,
		struct mms_err *err)
{
	static const int64_t first = INT64_C(-62135596800000000); /* 0001-01-01 00:00:00 */
	static const int64_t last =
		INT64_C(253402300799999999); /* 9999-12-31 23:59:59.999999 */
	char letter = def->in[at];
	bool may_be_null = letter < 'a';

	if (value->type == '\0') {
		if (may_be_null)
			return MMS_OK;
		return mms_fail(err, MMS_E_BUG, "%s: parameter %zu is NULL", def->name, at + 1);
	}
	if (value->type != (letter | 0x20))
		return mms_fail(err, MMS_E_BUG, "%s: parameter %zu is '%c' and not '%c'",
				def->name, at + 1, value->type, letter);
	if (value->type == 't' && (value->wall_us < first || value->wall_us > last))
		return mms_fail(err, MMS_E_ITEM, "%s: a time outside of the years 1 to 9999",
				def->name);
	return MMS_OK;
}

void
mms_time_from_wall(int64_t wall_us, MYSQL_TIME *out)
{
	struct mms_civil c;

	mms_civil_from_wall(wall_us, &c);
	*out = (MYSQL_TIME){ .year = (unsigned)c.year,
			     .month = (unsigned)c.month,
			     .day = (unsigned)c.day,
			     .hour = (unsigned)c.hour,
			     .minute = (unsigned)c.minute,
			     .second = (unsigned)c.second,
			     .second_part = (unsigned long)c.usec,
			     .time_type = MYSQL_TIMESTAMP_DATETIME };
}

enum enum_field_types
mms_bind_type(char letter)
{
	switch (letter | 0x20) {
	case 'i':
	case 'u':
		return MYSQL_TYPE_LONGLONG;
	case 't':
		return MYSQL_TYPE_DATETIME;
	case 'b':
		return MYSQL_TYPE_BLOB;
	default:
		return MYSQL_TYPE_STRING;
	}
}

mms_rc
mms_bind_in(const struct mms_db *db, struct mms_stmt_handle *handle, const struct mms_value *in,
	    struct mms_err *err)
{
	size_t bytes = MMS_DB_PACKET_HEAD;

	for (size_t i = 0; i < handle->n_in; i++) {
		struct mms_cell *cell = &handle->in[i];
		char letter = handle->def->in[i];
		union {
			const char *in;
			void *out;
		} ptr = { .in = in[i].ptr }; /* the library only reads it */
		mms_rc rc = mms_value_check(handle->def, i, &in[i], err);
		if (rc != MMS_OK)
			return rc;
		cell->is_null = (my_bool)(in[i].type == '\0');
		cell->number = in[i].i;
		cell->len = (unsigned long)in[i].len;
		bytes += in[i].len;
		if (in[i].type == 't')
			mms_time_from_wall(in[i].wall_us, &cell->time);
		handle->binds_in[i] = (MYSQL_BIND){
			.buffer_type = mms_bind_type(letter),
			.buffer = ptr.out,
			.buffer_length = cell->len,
			.length = &cell->len,
			.is_null = &cell->is_null,
			.is_unsigned = (my_bool)((letter | 0x20) == 'u'),
		};
		if (handle->binds_in[i].buffer_type == MYSQL_TYPE_LONGLONG)
			handle->binds_in[i].buffer = &cell->number;
		else if (handle->binds_in[i].buffer_type == MYSQL_TYPE_DATETIME)
			handle->binds_in[i].buffer = &cell->time;
	}
	/* The server would hang up in the middle of it, which looks like a passing fault. */
	if (bytes > db->max_packet)
		return mms_fail(err, MMS_E_ITEM, "%s: %zu bytes, the server takes %zu at once",
				handle->def->name, bytes, db->max_packet);
	return MMS_OK;
}

/* ---- out ---------------------------------------------------------------------------------- */

static bool
is_bytes(const struct mms_stmt_def *def, size_t at)
{
	return (def->out[at] | 0x20) == 's' || (def->out[at] | 0x20) == 'b';
}

bool
mms_cells_make(struct mms_stmt_handle *handle)
{
	handle->in = mms_alloc((handle->n_in + 1) * sizeof handle->in[0]);
	handle->out = mms_alloc((handle->n_out + 1) * sizeof handle->out[0]);
	return handle->in != NULL && handle->out != NULL;
}

void
mms_cells_release(struct mms_stmt_handle *handle)
{
	for (size_t i = 0; handle->out != NULL && i < handle->n_out; i++)
		mms_free(handle->out[i].bytes);
	mms_free(handle->in);
	mms_free(handle->out);
}

static bool
grow(struct mms_cell *cell, size_t need)
{
	size_t cap = cell->cap > 0 ? cell->cap : FIRST_CAP;

	while (cap < need)
		cap *= 2;
	char *moved = mms_resize(cell->bytes, cap, 1);
	if (moved == NULL)
		return false;
	cell->bytes = moved;
	cell->cap = cap;
	return true;
}

mms_rc
mms_bind_out(struct mms_db *db, struct mms_stmt_handle *handle, struct mms_err *err)
{
	for (size_t i = 0; i < handle->n_out; i++) {
		struct mms_cell *cell = &handle->out[i];
		MYSQL_BIND bind = {
			.buffer_type = mms_bind_type(handle->def->out[i]),
			.length = &cell->len,
			.is_null = &cell->is_null,
			.error = &cell->is_cut,
			.is_unsigned = (my_bool)((handle->def->out[i] | 0x20) == 'u'),
		};
		if (bind.buffer_type == MYSQL_TYPE_LONGLONG) {
			bind.buffer = &cell->number;
		} else if (bind.buffer_type == MYSQL_TYPE_DATETIME) {
			bind.buffer = &cell->time;
		} else {
			if (cell->cap == 0 && !grow(cell, FIRST_CAP))
				return mms_fail_nomem(err);
			bind.buffer = cell->bytes;
			bind.buffer_length = (unsigned long)(cell->cap - 1);
		}
		handle->binds_out[i] = bind;
	}
	if (mysql_stmt_bind_result(handle->stmt, handle->binds_out) != 0)
		return mms_conn_fail(db, handle->def->name, mysql_stmt_errno(handle->stmt),
				     mysql_stmt_error(handle->stmt), err);
	return MMS_OK;
}

/* A text longer than its buffer: make room, fetch this column again, whole. */
static mms_rc
fetch_whole(struct mms_db *db, struct mms_stmt_handle *handle, size_t at, struct mms_err *err)
{
	struct mms_cell *cell = &handle->out[at];
	size_t len = cell->len;

	if (len > MMS_DB_VALUE_MAX)
		return mms_fail(err, MMS_E_ITEM,
				"%s: column %zu holds %zu bytes, more than %zu",
				handle->def->name, at + 1, len, MMS_DB_VALUE_MAX);
	if (!grow(cell, len + 1))
		return mms_fail_nomem(err);
	MYSQL_BIND bind = handle->binds_out[at];
	bind.buffer = cell->bytes;
	bind.buffer_length = (unsigned long)(cell->cap - 1);
	if (mysql_stmt_fetch_column(handle->stmt, &bind, (unsigned)at, 0) != 0)
		return mms_conn_fail(db, handle->def->name, mysql_stmt_errno(handle->stmt),
				     mysql_stmt_error(handle->stmt), err);
	return MMS_OK;
}

static void
read_time(const MYSQL_TIME *time, struct mms_value *out)
{
	struct mms_civil c = { .year = (int)time->year,
			       .month = (int)time->month,
			       .day = (int)time->day,
			       .hour = (int)time->hour,
			       .minute = (int)time->minute,
			       .second = (int)time->second,
			       .usec = (int)time->second_part };

	/* 0000-00-00 and 2026-00-00 exist in tables of sites; they say "no time". */
	*out = mms_civil_is_valid(&c) ? mms_v_wall(mms_wall_from_civil(&c)) : mms_v_null();
	if (out->type == '\0')
		out->wall_us = MMS_NO_TIME;
}

mms_rc
mms_read_row(struct mms_db *db, struct mms_stmt_handle *handle, struct mms_err *err)
{
	bool has_grown = false;

	for (size_t i = 0; i < handle->n_out; i++) {
		struct mms_cell *cell = &handle->out[i];
		struct mms_value *value = &handle->row[i];
		char type = (char)(handle->def->out[i] | 0x20);

		*value = mms_v_null();
		if (cell->is_null) {
			if (type == 't')
				value->wall_us = MMS_NO_TIME;
			continue;
		}
		if (is_bytes(handle->def, i)) {
			if (cell->len >= cell->cap) {
				mms_rc rc = fetch_whole(db, handle, i, err);
				if (rc != MMS_OK)
					return rc;
				has_grown = true;
			}
			cell->bytes[cell->len] = '\0';
			*value = (struct mms_value){ .type = type,
						     .ptr = cell->bytes,
						     .len = cell->len };
		} else if (type == 't') {
			read_time(&cell->time, value);
		} else if (cell->is_cut) {
			return mms_fail(err, MMS_E_ITEM, "%s: column %zu does not fit its type",
					handle->def->name, i + 1);
		} else {
			*value = mms_v_i64(cell->number);
			value->type = type;
		}
	}
	return has_grown ? mms_bind_out(db, handle, err) : MMS_OK;
}

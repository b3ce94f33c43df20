/* The statement table, and a connection's prepared form of its rows. */
#include "mmsync/stmt.h"

#include <string.h>

#include "conn.h"
#include "mmsync/fault.h"

static const struct mms_stmt_def defs[] = {
#define X(name, sql, in, out) { #name, sql, in, out },
	MMS_STMTS(X)
#undef X
};

const struct mms_stmt_def *
mms_stmt_def(enum mms_stmt stmt)
{
	return &defs[stmt];
}

/*
 * "{?table.column}" becomes `column`, "{?alias:table.column}" becomes `alias`.`column`; NULL
 * where the site has no such column. p is behind "{?"; returns what follows "}", NULL: bad form.
 */
static const char *
add_optional(struct mms_str *out, const struct mms_db *db, const char *p)
{
	const char *end = strchr(p, '}');
	const char *dot = NULL;
	char table[65 * 4], column[65 * 4];

	if (end == NULL)
		return NULL;
	const char *colon = memchr(p, ':', (size_t)(end - p));
	const char *name = colon != NULL ? colon + 1 : p;
	for (const char *q = name; q < end; q++) {
		if (*q == '.')
			dot = q;
	}
	if (dot == NULL || (size_t)(dot - name) >= sizeof table ||
	    (size_t)(end - dot) > sizeof column)
		return NULL;
	memcpy(table, name, (size_t)(dot - name));
	table[dot - name] = '\0';
	memcpy(column, dot + 1, (size_t)(end - dot - 1));
	column[end - dot - 1] = '\0';
	if (!db->has(db->has_aux, table, column))
		mms_str_add(out, "NULL");
	else if (colon != NULL)
		mms_str_addf(out, "`%.*s`.`%s`", (int)(colon - p), p, column);
	else
		mms_str_addf(out, "`%s`", column);
	return end + 1;
}

/* A piece of its own: p is behind "{!"; returns what follows "}", NULL: nobody knows it. */
static const char *
add_piece(struct mms_str *out, const struct mms_db *db, const char *p)
{
	const char *end = strchr(p, '}');
	char words[128];

	if (end == NULL || (size_t)(end - p) >= sizeof words)
		return NULL;
	memcpy(words, p, (size_t)(end - p));
	words[end - p] = '\0';
	return db->add_piece(db->piece_aux, words, out) ? end + 1 : NULL;
}

/* The next "{?" or "{!" of a text; NULL: none. */
static const char *
find_open(const char *p)
{
	const char *column = strstr(p, "{?"), *piece = strstr(p, "{!");

	if (column == NULL || piece == NULL)
		return column != NULL ? column : piece;
	return column < piece ? column : piece;
}

mms_rc
mms_stmt_add_sql(struct mms_str *out, const struct mms_db *db, const struct mms_stmt_def *def,
		 struct mms_err *err)
{
	const char *p = def->sql, *open;

	while ((open = find_open(p)) != NULL) {
		bool is_piece = open[1] == '!';

		mms_str_addn(out, p, (size_t)(open - p));
		if (is_piece ? db->add_piece == NULL : db->has == NULL) {
			return mms_fail(
				err, MMS_E_BUG,
				"statement %s is used before the site's columns are known",
				def->name);
		}
		p = is_piece ? add_piece(out, db, open + 2) : add_optional(out, db, open + 2);
		if (p == NULL)
			return mms_fail(err, MMS_E_BUG, "statement %s: '%.40s' is no column",
					def->name, open);
	}
	mms_str_add(out, p);
	return mms_str_check(out, err);
}

void
mms_handle_forget(struct mms_stmt_handle *handle)
{
	if (handle->stmt != NULL)
		(void)mysql_stmt_close(handle->stmt);
	handle->stmt = NULL;
}

static mms_rc
make_handle(struct mms_stmt_handle *handle, const struct mms_stmt_def *def, struct mms_err *err)
{
	handle->n_in = strlen(def->in);
	handle->n_out = strlen(def->out);
	handle->binds_in = mms_alloc((handle->n_in + 1) * sizeof handle->binds_in[0]);
	handle->binds_out = mms_alloc((handle->n_out + 1) * sizeof handle->binds_out[0]);
	handle->row = mms_alloc((handle->n_out + 1) * sizeof handle->row[0]);
	if (handle->binds_in == NULL || handle->binds_out == NULL || handle->row == NULL ||
	    !mms_cells_make(handle)) {
		mms_handle_release(handle);
		return mms_fail_nomem(err);
	}
	handle->def = def;
	return MMS_OK;
}

void
mms_handle_release(struct mms_stmt_handle *handle)
{
	mms_handle_forget(handle);
	mms_cells_release(handle);
	mms_free(handle->binds_in);
	mms_free(handle->binds_out);
	mms_free(handle->row);
	*handle = (struct mms_stmt_handle){ 0 };
}

mms_rc
mms_handle_fail(struct mms_db *db, struct mms_stmt_handle *handle, struct mms_err *err)
{
	unsigned number = mysql_stmt_errno(handle->stmt);
	const char *text = mysql_stmt_error(handle->stmt);

	/* An error in the middle of unbuffered rows is noted with the connection only. */
	if (number == 0) {
		number = mysql_errno(db->mysql);
		text = mysql_error(db->mysql);
	}
	mms_rc rc = mms_conn_fail(db, handle->def->name, number, text, err);

	/* What the server or the library now thinks of the statement is not worth knowing. */
	if (rc != MMS_E_CONFLICT && rc != MMS_E_ITEM)
		mms_handle_forget(handle);
	return rc;
}

static mms_rc
prepare(struct mms_db *db, struct mms_stmt_handle *handle, const struct mms_stmt_def *def,
	struct mms_err *err)
{
	MMS_AUTO(mms_str) sql = { 0 };
	mms_rc rc = mms_stmt_add_sql(&sql, db, def, err);

	if (rc != MMS_OK)
		return rc;
	handle->stmt = mysql_stmt_init(db->mysql);
	if (handle->stmt == NULL)
		return mms_fail_nomem(err);
	if (mysql_stmt_prepare(handle->stmt, mms_str_get(&sql), (unsigned long)sql.len) != 0)
		return mms_conn_fail(db, def->name, mysql_stmt_errno(handle->stmt),
				     mysql_stmt_error(handle->stmt), err);
	if (mysql_stmt_param_count(handle->stmt) != handle->n_in ||
	    mysql_stmt_field_count(handle->stmt) != handle->n_out) {
		return mms_fail(err, MMS_E_BUG,
				"statement %s is declared with %zu parameters and %zu columns, "
				"and has %lu and %u",
				def->name, handle->n_in, handle->n_out,
				mysql_stmt_param_count(handle->stmt),
				mysql_stmt_field_count(handle->stmt));
	}
	return handle->n_out > 0 ? mms_bind_out(db, handle, err) : MMS_OK;
}

mms_rc
mms_handle_ready(struct mms_db *db, enum mms_stmt stmt, struct mms_stmt_handle **out,
		 struct mms_err *err)
{
	size_t at = (size_t)stmt;

	if (at >= db->n_defs)
		return mms_fail(err, MMS_E_BUG, "there is no statement %zu", at);
	struct mms_stmt_handle *handle = &db->handles[at];
	const struct mms_stmt_def *def = &db->defs[at];
	mms_rc rc = handle->def != NULL ? MMS_OK : make_handle(handle, def, err);
	if (rc == MMS_OK && handle->stmt == NULL && mms_fault_hit(MMS_FAULT_PREPARE))
		return mms_conn_cut(db, def->name, err);
	if (rc == MMS_OK && handle->stmt == NULL) {
		rc = prepare(db, handle, def, err);
		if (rc != MMS_OK)
			mms_handle_forget(handle);
	}
	if (rc == MMS_OK)
		*out = handle;
	return rc;
}

/* ---- does a declaration agree with the server? -------------------------------------------- */

static bool
is_integer(enum enum_field_types type)
{
	return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT ||
	       type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_LONG ||
	       type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_YEAR;
}

static bool
is_text(enum enum_field_types type)
{
	return type == MYSQL_TYPE_VARCHAR || type == MYSQL_TYPE_VAR_STRING ||
	       type == MYSQL_TYPE_STRING || type == MYSQL_TYPE_ENUM || type == MYSQL_TYPE_SET ||
	       type == MYSQL_TYPE_TINY_BLOB || type == MYSQL_TYPE_MEDIUM_BLOB ||
	       type == MYSQL_TYPE_LONG_BLOB || type == MYSQL_TYPE_BLOB ||
	       type == MYSQL_TYPE_JSON;
}

static bool
is_time(enum enum_field_types type)
{
	return type == MYSQL_TYPE_DATETIME || type == MYSQL_TYPE_DATETIME2 ||
	       type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_NEWDATE ||
	       type == MYSQL_TYPE_TIMESTAMP || type == MYSQL_TYPE_TIMESTAMP2;
}

/* What a letter promises of a column: NULL when it holds. */
static const char *
judge_integer(const MYSQL_FIELD *field, bool want_unsigned)
{
	bool is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;

	if (!is_integer(field->type))
		return "is not an integer";
	if (want_unsigned)
		return is_unsigned ? NULL : "is signed";
	return is_unsigned && field->type == MYSQL_TYPE_LONGLONG
		       ? "does not fit a signed integer"
		       : NULL;
}

static const char *
judge_bytes(const MYSQL_FIELD *field, bool want_text)
{
	enum { BINARY_CHARSET = 63 };
	bool is_binary = field->charsetnr == BINARY_CHARSET;

	if (!is_text(field->type))
		return want_text ? "is not a text" : "is not bytes";
	if (want_text)
		return is_binary ? "is bytes, not a text" : NULL;
	return is_binary ? NULL : "is a text, not bytes";
}

static const char *
judge(char letter, const MYSQL_FIELD *field)
{
	if (letter >= 'a' && (field->flags & NOT_NULL_FLAG) == 0)
		return "may be NULL";
	if (field->type == MYSQL_TYPE_NULL)
		return NULL; /* an optional column that the site does not have */
	switch (letter | 0x20) {
	case 'i':
	case 'u':
		return judge_integer(field, (letter | 0x20) == 'u');
	case 's':
	case 'b':
		return judge_bytes(field, (letter | 0x20) == 's');
	case 't':
		return is_time(field->type) ? NULL : "is not a date or time";
	default:
		return "has no type that exists";
	}
}

mms_rc
mms_db_check_stmt(struct mms_db *db, enum mms_stmt stmt, struct mms_err *err)
{
	struct mms_stmt_handle *handle = NULL;
	mms_rc rc = mms_conn_ready(db, err);

	if (rc == MMS_OK)
		rc = mms_handle_ready(db, stmt, &handle, err);
	if (rc != MMS_OK || handle == NULL)
		return rc;
	const struct mms_stmt_def *def = handle->def;
	if (strspn(def->in, "iusbtIUSBT") != handle->n_in)
		return mms_fail(err, MMS_E_BUG,
				"statement %s: '%s' holds a letter that is no type", def->name,
				def->in);
	for (size_t i = 0; i < handle->n_out; i++) {
		const MYSQL_FIELD *field = &handle->stmt->fields[i];
		const char *why = judge(def->out[i], field);
		if (why != NULL)
			return mms_fail(err, MMS_E_BUG,
					"statement %s: column %zu (%s), declared '%c', %s",
					def->name, i + 1, field->name, def->out[i], why);
	}
	return MMS_OK;
}

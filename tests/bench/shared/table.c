/* Rows in memory, written in the ways that mmsync is compared with (see the header). */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/str.h"

static void *
allocate(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	if (p == NULL)
		bench_die("out of memory");
	return p;
}

static enum enum_field_types
bound_type(const MYSQL_FIELD *field)
{
	enum { BINARY_CHARSET = 63 };
	bool is_number = field->type == MYSQL_TYPE_TINY || field->type == MYSQL_TYPE_LONG ||
			 field->type == MYSQL_TYPE_LONGLONG;
	bool is_time =
		field->type == MYSQL_TYPE_DATETIME || field->type == MYSQL_TYPE_TIMESTAMP;

	if (is_number)
		return MYSQL_TYPE_LONGLONG;
	if (is_time)
		return MYSQL_TYPE_DATETIME;
	return field->charsetnr == BINARY_CHARSET ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
}

/* "2026-03-02 08:00:00.000000" */
static MYSQL_TIME
parse_time(const char *text)
{
	unsigned part[7] = { 0 };
	const char *p = text;

	for (size_t i = 0; i < 7 && *p != '\0'; i++) {
		char *end;
		part[i] = (unsigned)strtoul(p, &end, 10);
		p = *end != '\0' ? end + 1 : end;
	}
	return (MYSQL_TIME){ .year = part[0],
			     .month = part[1],
			     .day = part[2],
			     .hour = part[3],
			     .minute = part[4],
			     .second = part[5],
			     .second_part = part[6],
			     .time_type = MYSQL_TIMESTAMP_DATETIME };
}

static void
make_column(struct bench_column *c, const MYSQL_FIELD *field, size_t n)
{
	(void)snprintf(c->name, sizeof c->name, "%s", field->name);
	c->type = bound_type(field);
	c->nulls = allocate(n, 1);
	if (c->type == MYSQL_TYPE_LONGLONG) {
		c->numbers = allocate(n, sizeof *c->numbers);
	} else if (c->type == MYSQL_TYPE_DATETIME) {
		c->times = allocate(n, sizeof *c->times);
		c->where = allocate(n, sizeof *c->where);
	} else {
		c->texts = allocate(n, sizeof *c->texts);
		c->lens = allocate(n, sizeof *c->lens);
	}
}

static void
set_cell(struct bench_column *c, size_t at, char *text, unsigned long len)
{
	static char none[] = "";

	c->nulls[at] = text == NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
	if (c->type == MYSQL_TYPE_LONGLONG) {
		c->numbers[at] = text != NULL ? strtoll(text, NULL, 10) : 0;
	} else if (c->type == MYSQL_TYPE_DATETIME) {
		if (text != NULL)
			c->times[at] = parse_time(text);
		c->where[at] = &c->times[at];
	} else {
		c->texts[at] = text != NULL ? text : none;
		c->lens[at] = len;
	}
}

static void
free_column(struct bench_column *c)
{
	free(c->nulls);
	free(c->texts);
	free(c->lens);
	free(c->numbers);
	free(c->times);
	free(c->where);
	*c = (struct bench_column){ 0 };
}

static void
add_cell(struct mms_str *out, const char *text, unsigned long len)
{
	if (text == NULL) {
		mms_str_add(out, "\\N");
		return;
	}
	for (unsigned long i = 0; i < len; i++) {
		char c = text[i];
		if (c == '\\' || c == '\t' || c == '\n' || c == '\0')
			mms_str_addc(out, '\\');
		mms_str_addc(out, c == '\0' ? '0' : c);
	}
}

/* The text of LOAD DATA, of the columns that are kept. */
static void
make_lines(struct bench_table *t, const bool *is_kept)
{
	MMS_AUTO(mms_str) lines = mms_str_make((size_t)2 << 30);
	unsigned n_fields = mysql_num_fields(t->result);
	MYSQL_ROW row;

	mysql_data_seek(t->result, 0);
	while ((row = mysql_fetch_row(t->result)) != NULL) {
		unsigned long *lens = mysql_fetch_lengths(t->result);
		bool is_first = true;
		for (unsigned i = 0; i < n_fields; i++) {
			if (!is_kept[i])
				continue;
			if (!is_first)
				mms_str_addc(&lines, '\t');
			is_first = false;
			add_cell(&lines, row[i], lens[i]);
		}
		mms_str_addc(&lines, '\n');
	}
	t->n_lines = lines.len;
	t->lines = mms_str_take(&lines);
	if (t->lines == NULL)
		bench_die("out of memory");
}

/* Leave out the columns that no row has a value in. */
static void
drop_empty(struct bench_table *t, bool *is_kept)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_columns; i++) {
		struct bench_column *c = &t->columns[i];
		for (size_t at = 0; at < t->n_rows && !is_kept[i]; at++)
			is_kept[i] = c->nulls[at] == STMT_INDICATOR_NONE;
		if (!is_kept[i]) {
			free_column(c);
			continue;
		}
		t->is_bytes = t->is_bytes || c->type == MYSQL_TYPE_BLOB;
		t->columns[n++] = *c;
	}
	t->n_columns = n;
}

void
bench_table_read(MYSQL *m, const char *name, const char *order, struct bench_table *out)
{
	struct bench_table t = { .name = name };
	bool is_kept[64] = { false };
	char sql[256];
	MYSQL_ROW row;

	(void)snprintf(sql, sizeof sql, "SELECT * FROM `%s` ORDER BY %s", name, order);
	t.result = mysql_query(m, sql) == 0 ? mysql_store_result(m) : NULL;
	if (t.result == NULL || mysql_num_fields(t.result) > sizeof is_kept)
		bench_die("%s: %s", sql, mysql_error(m));
	t.n_rows = (size_t)mysql_num_rows(t.result);
	t.n_columns = mysql_num_fields(t.result);
	t.columns = allocate(t.n_columns, sizeof *t.columns);
	for (size_t i = 0; i < t.n_columns; i++)
		make_column(&t.columns[i], mysql_fetch_field_direct(t.result, (unsigned)i),
			    t.n_rows);
	for (size_t at = 0; (row = mysql_fetch_row(t.result)) != NULL; at++) {
		unsigned long *lens = mysql_fetch_lengths(t.result);
		for (size_t i = 0; i < t.n_columns; i++)
			set_cell(&t.columns[i], at, row[i], lens[i]);
	}
	drop_empty(&t, is_kept);
	make_lines(&t, is_kept);
	*out = t;
}

void
bench_table_free(struct bench_table *t)
{
	for (size_t i = 0; i < t->n_columns; i++)
		free_column(&t->columns[i]);
	free(t->columns);
	mysql_free_result(t->result);
	mms_free(t->lines);
	*t = (struct bench_table){ 0 };
}

/* ---- LOAD DATA LOCAL ------------------------------------------------------------------------ */

static int
infile_init(void **state, const char *name, void *aux)
{
	(void)name;
	((struct bench_table *)aux)->at = 0;
	*state = aux;
	return 0;
}

static int
infile_read(void *state, char *buffer, unsigned n)
{
	struct bench_table *t = state;
	size_t left = t->n_lines - t->at;
	size_t take = left < n ? left : n;

	memcpy(buffer, t->lines + t->at, take);
	t->at += take;
	return (int)take;
}

static void
infile_end(void *state)
{
	(void)state;
}

static int
infile_error(void *state, char *text, unsigned n)
{
	(void)state;
	(void)snprintf(text, n, "the rows cannot be read");
	return 1;
}

void
bench_table_load(MYSQL *m, struct bench_table *t, const char *how)
{
	MMS_AUTO(mms_str) sql = { 0 };

	mms_str_addf(&sql,
		     "LOAD DATA LOCAL INFILE 'rows' %s INTO TABLE `%s` CHARACTER SET %s (", how,
		     t->name, t->is_bytes ? "binary" : "utf8mb4");
	for (size_t i = 0; i < t->n_columns; i++)
		mms_str_addf(&sql, "%s`%s`", i > 0 ? ", " : "", t->columns[i].name);
	mms_str_addc(&sql, ')');
	mysql_set_local_infile_handler(m, infile_init, infile_read, infile_end, infile_error,
				       t);
	bench_sql(m, "%s", mms_str_get(&sql));
	if (mysql_warning_count(m) > 0)
		bench_die("%s: %u warnings", mms_str_get(&sql), mysql_warning_count(m));
}

/* ---- a blind upsert ------------------------------------------------------------------------- */

static MYSQL_STMT *
prepare_upsert(MYSQL *m, const struct bench_table *t)
{
	MMS_AUTO(mms_str) sql = { 0 };
	MYSQL_STMT *stmt = mysql_stmt_init(m);

	mms_str_addf(&sql, "INSERT INTO `%s` (", t->name);
	for (size_t i = 0; i < t->n_columns; i++)
		mms_str_addf(&sql, "%s`%s`", i > 0 ? ", " : "", t->columns[i].name);
	mms_str_add(&sql, ") VALUES (");
	for (size_t i = 0; i < t->n_columns; i++)
		mms_str_add(&sql, i > 0 ? ", ?" : "?");
	mms_str_add(&sql, ") ON DUPLICATE KEY UPDATE ");
	for (size_t i = 0; i < t->n_columns; i++)
		mms_str_addf(&sql, "%s`%s` = VALUES(`%s`)", i > 0 ? ", " : "",
			     t->columns[i].name, t->columns[i].name);
	if (stmt == NULL ||
	    mysql_stmt_prepare(stmt, mms_str_get(&sql), (unsigned long)sql.len) != 0)
		bench_die("%s: %s", t->name, stmt != NULL ? mysql_stmt_error(stmt) : "memory");
	return stmt;
}

static void
run_part(MYSQL_STMT *stmt, const struct bench_table *t, size_t from, size_t n)
{
	MYSQL_BIND binds[64] = { { 0 } };
	unsigned size = (unsigned)n;

	for (size_t i = 0; i < t->n_columns; i++) {
		const struct bench_column *c = &t->columns[i];
		binds[i].buffer_type = c->type;
		binds[i].u.indicator = c->nulls + from;
		if (c->numbers != NULL) {
			binds[i].buffer = c->numbers + from;
		} else if (c->times != NULL) {
			binds[i].buffer = c->where + from;
		} else {
			binds[i].buffer = c->texts + from;
			binds[i].length = c->lens + from;
		}
	}
	if (mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &size) != 0 ||
	    mysql_stmt_bind_param(stmt, binds) != 0 || mysql_stmt_execute(stmt) != 0)
		bench_die("%s: %s", t->name, mysql_stmt_error(stmt));
}

void
bench_table_upsert(MYSQL *m, const struct bench_table tables[2], size_t batch)
{
	MYSQL_STMT *stmts[2] = { NULL, NULL };
	size_t n = tables[0].n_rows;

	if (tables[1].n_rows != n)
		bench_die("%zu and %zu rows", n, tables[1].n_rows);
	for (int k = 0; k < 2; k++)
		stmts[k] = prepare_upsert(m, &tables[k]);
	for (size_t from = 0; from < n; from += batch) {
		bench_sql(m, "START TRANSACTION");
		for (int k = 0; k < 2; k++)
			run_part(stmts[k], &tables[k], from,
				 n - from < batch ? n - from : batch);
		bench_sql(m, "COMMIT");
	}
	for (int k = 0; k < 2; k++)
		(void)mysql_stmt_close(stmts[k]);
}

/* A document from a line of JSON: one pass, in place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/doc.h"
#include "mmsync/json_scan.h"
#include "mmsync/utf8.h"

/* The keys of a document that are no field of its DocType. */
enum special_key { KEY_NONE, KEY_DOCTYPE, KEY_IS_LOCAL, KEY_IDX };

struct reader {
	struct mms_jscan scan;
	char *line; /* the text of scan, writable */
	struct mms_str *problem;
	bool is_short; /* of memory */
};

/* Longer numbers are not what an int64 holds anyway. */
#define NUMBER_MAX 400

static void
read_number(const struct mms_jvalue *v, struct mms_field *out)
{
	char buf[NUMBER_MAX + 1];
	size_t len = v->len < NUMBER_MAX ? v->len : NUMBER_MAX;

	memcpy(buf, v->ptr, len);
	buf[len] = '\0';
	if (v->type == MMS_J_INT) {
		errno = 0;
		out->type = MMS_F_INT;
		out->i = strtoll(buf, NULL, 10);
		if (errno == 0 && len == v->len)
			return;
	}
	/* "NaN" and "Infinity" are words of strtod() too; so is no locale in this program. */
	out->type = MMS_F_REAL;
	out->real = strtod(buf, NULL);
}

/* Fill a field from a value whose start was read; containers are read to their end. */
static bool
read_field(struct reader *r, const struct mms_jvalue *v, struct mms_field *out)
{
	struct mms_jvalue inner;

	*out = (struct mms_field){ .text = { v->ptr, v->len } };
	switch (v->type) {
	case MMS_J_NULL:
		*out = (struct mms_field){ 0 };
		return true;
	case MMS_J_FALSE:
	case MMS_J_TRUE:
		out->type = MMS_F_BOOL;
		out->i = v->type == MMS_J_TRUE;
		return true;
	case MMS_J_INT:
	case MMS_J_REAL:
		read_number(v, out);
		return true;
	case MMS_J_TEXT:
		out->type = MMS_F_TEXT;
		out->text.len = mms_jscan_decode(v, r->line + (v->ptr - r->scan.begin));
		return true;
	case MMS_J_ARRAY:
	case MMS_J_MAP:
		break;
	}
	out->type = v->type == MMS_J_ARRAY ? MMS_F_LIST : MMS_F_MAP;
	out->i = 0;
	while (mms_jscan_more(&r->scan, NULL)) {
		if (!mms_jscan_value(&r->scan, &inner) || !mms_jscan_skip(&r->scan, &inner))
			return false;
		out->i++;
	}
	out->text.len = (size_t)(r->scan.p - v->ptr);
	return r->scan.why == NULL;
}

/* The key's escapes are resolved in place, so that it compares as Python has it. */
static enum special_key
read_key(struct reader *r, const struct mms_doctype *doctype, struct mms_jvalue *key,
	 size_t *field)
{
	key->len = mms_jscan_decode(key, r->line + (key->ptr - r->scan.begin));
	key->has_escape = false;
	*field = mms_doctype_find_field(doctype, key->ptr, key->len);
	if (mms_jscan_is(key, "doctype", 7))
		return KEY_DOCTYPE;
	if (mms_jscan_is(key, "__islocal", 9))
		return KEY_IS_LOCAL;
	if (mms_jscan_is(key, "idx", 3))
		return KEY_IDX;
	return KEY_NONE;
}

static bool
read_row(struct reader *r, const struct mms_doctype *doctype, struct mms_doc_row *row)
{
	struct mms_field is_local = { 0 }, idx = { 0 }, ignored;
	struct mms_jvalue key, v;
	size_t i;

	while (mms_jscan_more(&r->scan, &key)) {
		enum special_key special = read_key(r, doctype, &key, &i);
		struct mms_field *target = i < doctype->n_fields     ? &row->f[i]
					   : special == KEY_IS_LOCAL ? &is_local
					   : special == KEY_IDX      ? &idx
								     : &ignored;
		if (!mms_jscan_value(&r->scan, &v) || !read_field(r, &v, target))
			return false;
	}
	row->is_new = mms_field_is_set(&is_local) || !mms_field_is_set(&row->f[MMS_DOC_NAME]);
	if (idx.type == MMS_F_INT && idx.i > 0)
		row->idx = idx.i;
	return r->scan.why == NULL;
}

static void
blame_row(struct reader *r, const struct mms_child_table_def *def, enum mms_jtype type)
{
	if (r->problem->len > 0)
		return; /* once is enough */
	if (type != MMS_J_MAP)
		mms_str_addf(r->problem, "%s must be an array of objects", def->key);
	else
		mms_str_addf(r->problem, "%s has more than %d rows", def->key,
			     MMS_DOC_MAX_ROWS);
}

/* A child table; its opening was read. */
static bool
read_table(struct reader *r, struct mms_doc *doc, enum mms_child_table table,
	   const struct mms_jvalue *v)
{
	const struct mms_child_table_def *def = mms_child_table_get(table);
	struct mms_jvalue item;

	doc->tables[table].n = 0; /* the last of two equal keys counts */
	if (v->type == MMS_J_NULL)
		return true;
	if (v->type != MMS_J_ARRAY) {
		blame_row(r, def, v->type == MMS_J_MAP ? MMS_J_TEXT : v->type);
		return mms_jscan_skip(&r->scan, v);
	}
	while (mms_jscan_more(&r->scan, NULL)) {
		if (!mms_jscan_value(&r->scan, &item))
			return false;
		if (item.type != MMS_J_MAP || doc->tables[table].n >= MMS_DOC_MAX_ROWS) {
			blame_row(r, def, item.type);
			if (!mms_jscan_skip(&r->scan, &item))
				return false;
			continue;
		}
		struct mms_doc_row *row = mms_doc_add_row(doc, table);
		if (row == NULL) {
			r->is_short = true;
			return false;
		}
		if (!read_row(r, mms_doctype_get(def->doctype), row))
			return false;
	}
	return r->scan.why == NULL;
}

static unsigned
find_table(const struct mms_doc *doc, const struct mms_jvalue *key)
{
	unsigned t = MMS_TABLE_ASSIGNED_USERS;

	if (doc->type != MMS_DT_BOOKING)
		return MMS_TABLE_COUNT;
	while (t < MMS_TABLE_COUNT) {
		const char *name = mms_child_table_get((enum mms_child_table)t)->key;
		if (mms_jscan_is(key, name, strlen(name)))
			break;
		t++;
	}
	return t;
}

static bool
read_object(struct reader *r, struct mms_doc *doc, struct mms_field *doctype_name)
{
	const struct mms_doctype *doctype = mms_doctype_get(doc->type);
	struct mms_field is_local = { 0 }, ignored;
	struct mms_jvalue key, v;
	size_t i;

	while (mms_jscan_more(&r->scan, &key)) {
		enum special_key special = read_key(r, doctype, &key, &i);
		unsigned table = find_table(doc, &key);

		if (!mms_jscan_value(&r->scan, &v))
			return false;
		if (table < MMS_TABLE_COUNT) {
			if (!read_table(r, doc, (enum mms_child_table)table, &v))
				return false;
			continue;
		}
		struct mms_field *target = i < doctype->n_fields     ? &doc->f[i]
					   : special == KEY_DOCTYPE  ? doctype_name
					   : special == KEY_IS_LOCAL ? &is_local
								     : &ignored;
		if (!read_field(r, &v, target))
			return false;
	}
	doc->is_new = mms_field_is_set(&is_local) || !mms_field_is_set(&doc->f[MMS_DOC_NAME]);
	return r->scan.why == NULL;
}

/* Is the line one JSON object? Judged before anything in it is changed. */
static bool
check_line(struct reader *r, size_t len)
{
	struct mms_jvalue v;

	if (!mms_utf8_is_valid(r->line, len)) {
		mms_str_add(r->problem, "not JSON: not UTF-8");
		return false;
	}
	mms_jscan_start(&r->scan, r->line, len);
	if (!mms_jscan_value(&r->scan, &v) || !mms_jscan_skip(&r->scan, &v) ||
	    !mms_jscan_done(&r->scan)) {
		mms_str_addf(r->problem, "not JSON: %s at column %zu", r->scan.why,
			     mms_jscan_column(&r->scan));
		return false;
	}
	if (v.type != MMS_J_MAP)
		mms_str_add(r->problem, "a JSON object is expected");
	return v.type == MMS_J_MAP;
}

mms_rc
mms_doc_read_json(struct mms_doc *doc, enum mms_doctype_id type, char *line, size_t len,
		  struct mms_str *problem, struct mms_err *err)
{
	struct reader r = { .line = line, .problem = problem };
	struct mms_field doctype_name = { 0 };
	struct mms_jvalue v;

	mms_doc_clear(doc, type);
	mms_str_clear(problem);
	if (!check_line(&r, len))
		return mms_str_check(problem, err);
	mms_jscan_start(&r.scan, line, len);
	if ((!mms_jscan_value(&r.scan, &v) || !read_object(&r, doc, &doctype_name)) &&
	    r.is_short)
		return mms_fail_nomem(err);
	const char *want = mms_doctype_get(type)->name;
	if (problem->len == 0 && mms_field_is_set(&doctype_name) &&
	    !mms_field_is(&doctype_name, want)) {
		mms_str_add(problem, "the document is of DocType '");
		mms_field_print(&doctype_name, problem);
		mms_str_addf(problem, "', not '%s'", want);
	}
	return mms_str_check(problem, err);
}

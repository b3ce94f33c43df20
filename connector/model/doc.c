/* Documents and their fields (see the header). */
#include "mmsync/doc.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"

void
mms_doc_clear(struct mms_doc *doc, enum mms_doctype_id type)
{
	memset(doc->f, 0, sizeof doc->f);
	for (size_t t = 0; t < MMS_TABLE_COUNT; t++)
		doc->tables[t].n = 0;
	doc->type = type;
	doc->is_new = doc->is_row = false;
}

void
mms_doc_release(struct mms_doc *doc)
{
	if (doc == NULL)
		return;
	for (size_t t = 0; t < MMS_TABLE_COUNT; t++)
		mms_free(doc->tables[t].rows);
	*doc = (struct mms_doc){ 0 };
}

struct mms_doc_row *
mms_doc_add_row(struct mms_doc *doc, enum mms_child_table table)
{
	struct mms_doc_table *t = &doc->tables[table];
	struct mms_doc_row *rows = mms_grow(t->rows, t->n, &t->cap, sizeof *t->rows);

	if (rows == NULL)
		return NULL;
	t->rows = rows;
	rows[t->n] = (struct mms_doc_row){ .idx = (int64_t)t->n + 1 };
	return &rows[t->n++];
}

struct mms_field
mms_field_text(const char *ptr, size_t len)
{
	return (struct mms_field){ .type = ptr != NULL ? MMS_F_TEXT : MMS_F_NONE,
				   .text = { ptr, len } };
}

struct mms_field
mms_field_int(int64_t i)
{
	return (struct mms_field){ .type = MMS_F_INT, .i = i };
}

struct mms_field
mms_field_time(int64_t wall_us)
{
	return (struct mms_field){ .type = wall_us != MMS_NO_TIME ? MMS_F_TIME : MMS_F_NONE,
				   .i = wall_us };
}

bool
mms_field_is_set(const struct mms_field *field)
{
	switch (field->type) {
	case MMS_F_NONE:
		return false;
	case MMS_F_TEXT:
		return field->text.len > 0;
	case MMS_F_REAL:
		return fpclassify(field->real) != FP_ZERO;
	case MMS_F_TIME:
		return true;
	case MMS_F_INT:
	case MMS_F_BOOL:
	case MMS_F_LIST:
	case MMS_F_MAP:
		return field->i != 0;
	}
	return false;
}

bool
mms_field_is(const struct mms_field *field, const char *text)
{
	return field->type == MMS_F_TEXT && field->text.len == strlen(text) &&
	       memcmp(field->text.ptr, text, field->text.len) == 0;
}

void
mms_field_print(const struct mms_field *field, struct mms_str *out)
{
	char buf[MMS_TIME_TEXT_MAX];

	if (field->type == MMS_F_NONE)
		mms_str_add(out, "None");
	else if (field->type == MMS_F_BOOL)
		mms_str_add(out, field->i != 0 ? "True" : "False");
	else if (field->type == MMS_F_TIME)
		mms_str_add(out, mms_wall_print(field->i, buf));
	else if (field->text.ptr != NULL)
		mms_str_addn(out, field->text.ptr, field->text.len);
	else
		mms_str_addf(out, "%" PRId64, field->i);
}

const char *
mms_field_type_name(const struct mms_field *field)
{
	switch (field->type) {
	case MMS_F_NONE:
		return "NoneType";
	case MMS_F_TEXT:
		return "str";
	case MMS_F_INT:
		return "int";
	case MMS_F_REAL:
		return "float";
	case MMS_F_BOOL:
		return "bool";
	case MMS_F_TIME:
		return "datetime.datetime";
	case MMS_F_LIST:
		return "list";
	case MMS_F_MAP:
		return "dict";
	}
	return "object";
}

/* What a site has changed of the DocTypes' fields: lengths, options. */
#include <stdlib.h>
#include <string.h>

#include "mmsync/lookups.h"
#include "mmsync/mem.h"

static bool
is_text(const struct mms_value *value, const char *text)
{
	return value->type != '\0' && value->len == strlen(text) &&
	       memcmp(value->ptr, text, value->len) == 0;
}

/* The DocType and field of a Property Setter; false: none of ours. */
static bool
find_field(const struct mms_value *row, size_t *doctype, size_t *field)
{
	for (*doctype = 0; *doctype < MMS_DT_COUNT; ++*doctype) {
		const struct mms_doctype *d = mms_doctype_get((enum mms_doctype_id) * doctype);
		if (!is_text(&row[0], d->name) || row[1].type == '\0')
			continue;
		*field = mms_doctype_find_field(d, row[1].ptr, row[1].len);
		return *field < d->n_fields;
	}
	return false;
}

static mms_rc
take_setter(const struct mms_value *row, struct mms_field_limits *out, struct mms_err *err)
{
	size_t d, i;

	if (row[3].type == '\0' || row[3].len == 0 || !find_field(row, &d, &i))
		return MMS_OK;
	if (is_text(&row[2], "length")) {
		unsigned long long length = strtoull(row[3].ptr, NULL, 10);
		out->max_chars[d][i] = length <= UINT32_MAX ? (uint32_t)length : 0;
		return MMS_OK;
	}
	mms_free(out->options[d][i]);
	out->options[d][i] = mms_text_copy_n(row[3].ptr, row[3].len);
	return out->options[d][i] != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* No field holds more than its column. */
static void
bound_by_columns(const struct mms_columns *columns, struct mms_field_limits *out)
{
	for (size_t d = 0; d < MMS_DT_COUNT; d++) {
		const struct mms_doctype *doctype = mms_doctype_get((enum mms_doctype_id)d);
		for (size_t i = 0; i < doctype->n_fields; i++) {
			size_t width = mms_columns_max_chars(columns, doctype->table,
							     doctype->fields[i].key);
			uint32_t *max = &out->max_chars[d][i];
			if (width > 0 && width <= UINT32_MAX && (*max == 0 || *max > width))
				*max = (uint32_t)width;
		}
	}
}

mms_rc
mms_field_limits_load(struct mms_db *db, const struct mms_columns *columns,
		      struct mms_field_limits *out, struct mms_err *err)
{
	MMS_AUTO(mms_field_limits) limits = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_LOOK_FIELDS, NULL, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = take_setter(row, &limits, err);
	}
	if (rc != MMS_OK)
		return rc;
	bound_by_columns(columns, &limits);
	*out = limits;
	limits = (struct mms_field_limits){ 0 };
	return MMS_OK;
}

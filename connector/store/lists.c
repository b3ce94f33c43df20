/* Lists to and from statements (see the header). */
#include "lists.h"

#include <inttypes.h>
#include <string.h>

#include "mmsync/digest.h"
#include "mmsync/mem.h"

void
mms_list_next(struct mms_str *out, size_t i)
{
	if (i > 0)
		mms_str_addc(out, ',');
}

void
mms_list_add_hex(struct mms_str *out, const unsigned char bytes[16])
{
	char hex[33];

	mms_str_addf(out, "\"%s\"", mms_hex_print(bytes, 16, hex));
}

void
mms_list_add_ids(struct mms_str *out, const uint64_t *ids, size_t n)
{
	mms_str_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		mms_list_next(out, i);
		mms_str_addf(out, "%" PRIu64, ids[i]);
	}
	mms_str_addc(out, ']');
}

void
mms_list_add_bytes(struct mms_str *out, const unsigned char (*bytes)[16], size_t n)
{
	mms_str_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		mms_list_next(out, i);
		mms_list_add_hex(out, bytes[i]);
	}
	mms_str_addc(out, ']');
}

struct mms_value
mms_list_value(const struct mms_str *list)
{
	return mms_v_textn(mms_str_get(list), list->len);
}

bool
mms_list_read_bytes(const struct mms_value *v, unsigned char to[16])
{
	bool is_whole = v->type != 0 && v->len == 16;

	if (is_whole)
		memcpy(to, v->ptr, 16);
	return is_whole;
}

mms_rc
mms_list_load_ids(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in,
		  uint64_t **ids, size_t *n, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	uint64_t *all = NULL, *moved = NULL;
	size_t n_all = 0, cap = 0;

	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		moved = mms_grow(all, n_all, &cap, sizeof *moved);
		if (moved == NULL) {
			rc = mms_fail_nomem(err);
			break;
		}
		all = moved;
		all[n_all++] = row[0].u;
	}
	if (rc != MMS_OK) {
		mms_free(all);
		return rc;
	}
	*ids = all;
	*n = n_all;
	return MMS_OK;
}

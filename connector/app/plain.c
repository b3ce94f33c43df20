/* Foreign text for people (see the header). */
#include "plain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/utf8.h"

void
mms_plain_add(struct mms_str *out, const char *text, size_t len)
{
	MMS_AUTO(mms_str) good = { 0 };

	mms_utf8_add_repaired(&good, text, len);
	const char *p = mms_str_get(&good);
	for (size_t i = 0; i < good.len; i++) {
		unsigned char c = (unsigned char)p[i];
		/* U+0080 to U+009F are controls of terminals, too */
		bool is_c1 = c == 0xC2 && i + 1 < good.len && (unsigned char)p[i + 1] < 0xA0;
		if (c < 0x20 || c == 0x7F || is_c1)
			mms_str_addc(out, ' ');
		else
			mms_str_addc(out, p[i]);
		i += is_c1;
	}
	if (good.state != MMS_OK && out->state == MMS_OK)
		out->state = good.state;
}

void
mms_plain_add_cut(struct mms_str *out, const char *text, size_t max)
{
	size_t len = strlen(text), cut = mms_utf8_prefix(text, len, max, SIZE_MAX);
	bool is_cut = cut < len;

	if (is_cut && max > 3)
		cut = mms_utf8_prefix(text, len, max - 3, SIZE_MAX);
	mms_plain_add(out, text, cut);
	if (is_cut)
		mms_str_add(out, "...");
}

mms_rc
mms_plain_add_cell(struct mms_table *table, const char *text, struct mms_err *err)
{
	MMS_AUTO(mms_str) plain = { 0 };

	if (text != NULL)
		mms_plain_add(&plain, text, strlen(text));
	mms_rc rc = mms_str_check(&plain, err);
	return rc == MMS_OK ? mms_table_add(table, mms_str_get(&plain), err) : rc;
}

void
mms_plain_put_error(struct mms_json *j, const struct mms_err *err)
{
	mms_json_key(j, "error");
	if (err->code == MMS_OK) {
		mms_json_null(j);
		return;
	}
	const char *hint = mms_err_hint(err);
	mms_json_map(j);
	mms_json_put_text(j, "code", mms_rc_name(err->code));
	mms_json_put_text(j, "message", mms_err_text(err));
	mms_json_put_text(j, "hint", hint[0] != '\0' ? hint : NULL);
	mms_json_put_bool(j, "retryable",
			  err->code == MMS_E_RETRY || err->code == MMS_E_WAIT ||
				  err->code == MMS_E_HELD || err->code == MMS_E_STOPPED ||
				  err->code == MMS_E_OPEN || err->code == MMS_E_CONFLICT);
	if (err->code == MMS_E_OPEN)
		mms_json_put_time(j, "until", err->retry_at_ms);
	mms_json_map_end(j);
}

void
mms_plain_put_troubles(struct mms_json *j, const struct mms_troubles *troubles)
{
	mms_json_key(j, "troubles");
	mms_json_array(j);
	for (size_t i = 0; i < troubles->n; i++) {
		mms_json_map(j);
		mms_json_put_text(j, "name", troubles->items[i].name);
		mms_plain_put_error(j, &troubles->items[i].err);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}

void
mms_plain_print_blocks(const struct mms_app *app, const struct mms_block_counts *blocks)
{
	if (!app->is_quiet && blocks->created + blocks->updated + blocks->deleted > 0)
		printf("busy blocks: %" PRId64 " created, %" PRId64 " updated, %" PRId64
		       " deleted\n",
		       blocks->created, blocks->updated, blocks->deleted);
	if (blocks->failed > 0)
		printf("%" PRId64 " busy block%s could not be written; see mmsync failures "
		       "list\n",
		       blocks->failed, blocks->failed == 1 ? "" : "s");
}

void
mms_plain_print_troubles(const struct mms_troubles *troubles)
{
	for (size_t i = 0; i < troubles->n; i++) {
		const struct mms_outward_trouble *t = &troubles->items[i];
		const char *hint = mms_err_hint(&t->err);

		printf("%s: %s\n", t->name != NULL ? t->name : "bookings",
		       mms_err_text(&t->err));
		if (hint[0] != '\0')
			printf("  hint: %s\n", hint);
	}
	if (troubles->n_untold > 0)
		printf("there was no memory to tell what else went wrong\n");
}

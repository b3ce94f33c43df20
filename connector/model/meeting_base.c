/* What both sides of a meeting were, as JSON and back (see the header). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/json.h"
#include "mmsync/json_scan.h"
#include "mmsync/meeting.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "mmsync/utf8.h"

/* Of another version nothing is known. */
#define BASE_VERSION 1
/* Digits and sign of an int64. */
#define NUMBER_CHARS 20

void
mms_meeting_base_release(struct mms_meeting_base *base)
{
	if (base == NULL)
		return;
	mms_free(base->title);
	mms_free(base->place);
	*base = (struct mms_meeting_base){ 0 };
}

void
mms_base_release(struct mms_base *base)
{
	if (base == NULL)
		return;
	mms_free(base->status);
	mms_free(base->link);
	mms_free(base->invited);
	mms_free(base->calendar);
	mms_free(base->service);
	mms_meeting_base_release(&base->booking);
	mms_meeting_base_release(&base->outside);
	*base = (struct mms_base){ 0 };
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
write_number(struct mms_json *j, const char *key, int64_t number)
{
	mms_json_key(j, key);
	if (number == MMS_NO_TIME)
		mms_json_null(j);
	else
		mms_json_i64(j, number);
}

static void
write_text(struct mms_json *j, const char *key, const char *text)
{
	mms_json_key(j, key);
	mms_json_text(j, text);
}

static void
write_side(struct mms_json *j, const char *key, const struct mms_meeting_base *side)
{
	char hex[MMS_SHA256_TEXT];

	mms_json_key(j, key);
	if (!side->is_known) {
		mms_json_null(j);
		return;
	}
	mms_json_map(j);
	write_number(j, "start", side->start_ms);
	write_number(j, "end", side->end_ms);
	write_text(j, "title", side->title);
	write_text(j, "place", side->place);
	write_text(j, "text", mms_hex_print(side->text, sizeof side->text, hex));
	write_text(j, "guests", mms_hex_print(side->guests, sizeof side->guests, hex));
	mms_json_map_end(j);
}

mms_rc
mms_base_write(const struct mms_base *base, struct mms_str *out, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_json_open_str(&j, out, false, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	write_number(&j, "v", BASE_VERSION);
	write_text(&j, "status", base->status);
	write_side(&j, "booking", &base->booking);
	write_side(&j, "outside", &base->outside);
	write_text(&j, "link", base->link);
	write_text(&j, "invited", base->invited);
	write_text(&j, "calendar", base->calendar);
	write_text(&j, "service", base->service);
	mms_json_map_end(&j);
	return mms_json_check(&j, err);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A text being read; is_bad: this is no base. is_short: there was no memory. */
struct reader {
	struct mms_jscan s;
	bool is_bad, is_short;
};

/* A member's value. False: it is a container. */
static bool
read_scalar(struct reader *r, struct mms_jvalue *v)
{
	if (!mms_jscan_value(&r->s, v) || v->type == MMS_J_ARRAY || v->type == MMS_J_MAP) {
		r->is_bad = true;
		return false;
	}
	return true;
}

/* A text or null. A key that comes twice: the last one counts. */
static void
read_text(struct reader *r, char **to)
{
	struct mms_jvalue v;

	if (!read_scalar(r, &v))
		return;
	mms_free(*to);
	*to = NULL;
	if (v.type == MMS_J_NULL)
		return;
	if (v.type != MMS_J_TEXT) {
		r->is_bad = true;
		return;
	}
	*to = mms_alloc(v.len + 1);
	if (*to == NULL) {
		r->is_short = r->is_bad = true;
		return;
	}
	size_t len = mms_jscan_decode(&v, *to);
	(*to)[len] = '\0';
}

static void
read_number(struct reader *r, int64_t *to)
{
	struct mms_jvalue v;
	char digits[NUMBER_CHARS + 1];

	if (!read_scalar(r, &v))
		return;
	*to = MMS_NO_TIME;
	if (v.type == MMS_J_NULL)
		return;
	if (v.type != MMS_J_INT || v.len > NUMBER_CHARS) {
		r->is_bad = true;
		return;
	}
	memcpy(digits, v.ptr, v.len);
	digits[v.len] = '\0';
	errno = 0;
	*to = strtoll(digits, NULL, 10);
	r->is_bad = r->is_bad || errno != 0;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
read_digest(struct reader *r, unsigned char to[MMS_SHA256_BYTES], bool *is_there)
{
	struct mms_jvalue v;

	if (!read_scalar(r, &v))
		return;
	*is_there = v.type == MMS_J_TEXT && v.len == 2 * MMS_SHA256_BYTES;
	for (size_t i = 0; *is_there && i < MMS_SHA256_BYTES; i++) {
		int high = hex_value(v.ptr[2 * i]), low = hex_value(v.ptr[2 * i + 1]);
		*is_there = high >= 0 && low >= 0;
		if (*is_there)
			to[i] = (unsigned char)(high * 16 + low);
	}
	r->is_bad = r->is_bad || !*is_there;
}

static void
skip(struct reader *r)
{
	struct mms_jvalue v;

	if (!mms_jscan_value(&r->s, &v) || !mms_jscan_skip(&r->s, &v))
		r->is_bad = true;
}

#define KEY_IS(key, word) mms_jscan_is(key, word, sizeof(word) - 1)

static void
read_side(struct reader *r, struct mms_meeting_base *side)
{
	struct mms_jvalue v, key;
	bool has_text = false, has_guests = false;

	mms_meeting_base_release(side);
	*side = (struct mms_meeting_base){ .start_ms = MMS_NO_TIME, .end_ms = MMS_NO_TIME };
	if (!mms_jscan_value(&r->s, &v) || (v.type != MMS_J_MAP && v.type != MMS_J_NULL)) {
		r->is_bad = true;
		return;
	}
	if (v.type == MMS_J_NULL)
		return;
	while (!r->is_bad && mms_jscan_more(&r->s, &key)) {
		if (KEY_IS(&key, "start"))
			read_number(r, &side->start_ms);
		else if (KEY_IS(&key, "end"))
			read_number(r, &side->end_ms);
		else if (KEY_IS(&key, "title"))
			read_text(r, &side->title);
		else if (KEY_IS(&key, "place"))
			read_text(r, &side->place);
		else if (KEY_IS(&key, "text"))
			read_digest(r, side->text, &has_text);
		else if (KEY_IS(&key, "guests"))
			read_digest(r, side->guests, &has_guests);
		else
			skip(r);
	}
	side->is_known = has_text && has_guests;
	r->is_bad = r->is_bad || !side->is_known;
}

static void
read_base(struct reader *r, struct mms_base *base)
{
	struct mms_jvalue v, key;
	int64_t version = MMS_NO_TIME;

	if (!mms_jscan_value(&r->s, &v) || v.type != MMS_J_MAP) {
		r->is_bad = true;
		return;
	}
	while (!r->is_bad && mms_jscan_more(&r->s, &key)) {
		if (KEY_IS(&key, "v"))
			read_number(r, &version);
		else if (KEY_IS(&key, "status"))
			read_text(r, &base->status);
		else if (KEY_IS(&key, "booking"))
			read_side(r, &base->booking);
		else if (KEY_IS(&key, "outside"))
			read_side(r, &base->outside);
		else if (KEY_IS(&key, "link"))
			read_text(r, &base->link);
		else if (KEY_IS(&key, "invited"))
			read_text(r, &base->invited);
		else if (KEY_IS(&key, "calendar"))
			read_text(r, &base->calendar);
		else if (KEY_IS(&key, "service"))
			read_text(r, &base->service);
		else
			skip(r);
	}
	r->is_bad = r->is_bad || version != BASE_VERSION || !mms_jscan_done(&r->s);
}

mms_rc
mms_base_read(const char *text, struct mms_base *out, struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };
	struct reader r = { 0 };
	size_t len = strlen(text);

	mms_jscan_start(&r.s, text, len);
	r.is_bad = !mms_utf8_is_valid(text, len);
	if (!r.is_bad)
		read_base(&r, &base);
	if (r.is_short)
		return mms_fail_nomem(err);
	if (r.is_bad)
		return mms_fail(err, MMS_E_ITEM, "this is no content of a last settle");
	*out = base;
	base = (struct mms_base){ 0 };
	return MMS_OK;
}

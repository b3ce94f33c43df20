/* JSON read in place, and texts for addresses: what all services share (see wire.h). */
#include "wire.h"

#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* ---- JSON in place ------------------------------------------------------------------------ */

static const struct wire_slot *
find_slot(const struct wire_slot *slots, size_t n, const struct mms_jvalue *key)
{
	for (size_t i = 0; i < n; i++) {
		if ((key->has_escape || key->len == slots[i].len) &&
		    mms_jscan_is(key, slots[i].name, slots[i].len))
			return &slots[i];
	}
	return NULL;
}

bool
wire_read_map(struct mms_jscan *s, const struct mms_jvalue *value,
	      const struct wire_slot *slots, size_t n)
{
	struct mms_jvalue key, inner;

	if (value->type != MMS_J_MAP)
		return mms_jscan_skip(s, value);
	while (mms_jscan_more(s, &key)) {
		const struct wire_slot *slot = find_slot(slots, n, &key);
		if (!mms_jscan_value(s, &inner) || !mms_jscan_skip(s, &inner))
			return false;
		if (slot != NULL)
			*slot->out = inner;
	}
	return s->why == NULL;
}

/* Leave NULs out: they would end a text before its end. Returns the new length. */
static size_t
squeeze(char *text, size_t len)
{
	const char *nul = memchr(text, '\0', len);
	size_t n = nul != NULL ? (size_t)(nul - text) : len;

	for (size_t i = n; i < len; i++) {
		if (text[i] != '\0')
			text[n++] = text[i];
	}
	return n;
}

mms_rc
wire_take_text(const struct mms_jvalue *value, char **out, struct mms_err *err)
{
	mms_free(*out);
	*out = NULL;
	if (value->type != MMS_J_TEXT || value->len == 0)
		return MMS_OK;
	char *text = mms_text_copy_n(value->ptr, value->len);
	if (text == NULL)
		return mms_fail_nomem(err);
	size_t len = value->len;
	if (value->has_escape)
		len = squeeze(text, mms_jscan_decode(value, text));
	text[len] = '\0';
	if (len > 0)
		*out = text;
	else
		mms_free(text);
	return MMS_OK;
}

size_t
wire_print_text(const struct mms_jvalue *value, char *buf, size_t size)
{
	size_t len = 0;

	if (value->type == MMS_J_TEXT && value->len < size)
		len = squeeze(buf, mms_jscan_decode(value, buf));
	buf[len] = '\0';
	return len;
}

bool
wire_is_true(const struct mms_jvalue *value)
{
	return value->type == MMS_J_TRUE;
}

bool
wire_is_word(const struct mms_jvalue *value, const char *word)
{
	return value->type == MMS_J_TEXT && mms_jscan_is(value, word, strlen(word));
}

mms_rc
wire_repair(struct mms_str *text, struct mms_err *err)
{
	MMS_AUTO(mms_str) good = { 0 };

	if (text->len == 0 || mms_utf8_is_valid(text->ptr, text->len))
		return MMS_OK;
	mms_utf8_add_repaired(&good, text->ptr, text->len);
	mms_rc rc = mms_str_check(&good, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_str old = *text;
	*text = good;
	good = old;
	return MMS_OK;
}

void
wire_copy_clean(const struct mms_jvalue *value, char *out, size_t size)
{
	char text[1024];
	struct mms_jvalue head = *value;
	size_t n = 0;

	out[0] = '\0';
	if (value->type != MMS_J_TEXT)
		return;
	if (head.len >= sizeof text) {
		/* An escape may be cut in two: such a text is only shown up to the first one. */
		const char *escape = memchr(head.ptr, '\\', head.len);
		head.len = sizeof text - 1;
		if (escape != NULL && (size_t)(escape - head.ptr) < head.len)
			head.len = (size_t)(escape - head.ptr);
		head.has_escape = false;
	}
	size_t len = wire_print_text(&head, text, sizeof text);
	for (size_t i = 0; i < len && n + 1 < size; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '\n' || c == '\r' || c == '\t')
			out[n++] = ' ';
		else if (c >= 0x20 && c < 0x7f)
			out[n++] = (char)c;
	}
	out[n] = '\0';
}

/* ---- addresses ---------------------------------------------------------------------------- */

void
wire_add_escaped(struct mms_str *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		bool is_plain = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
				(*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL;
		if (is_plain) {
			mms_str_addc(out, (char)*p);
			continue;
		}
		mms_str_addc(out, '%');
		mms_str_addc(out, hex[*p >> 4]);
		mms_str_addc(out, hex[*p & 15]);
	}
}

void
wire_print_window(int64_t from_ms, int64_t to_ms, char from[MMS_TIME_TEXT_MAX],
		  char to[MMS_TIME_TEXT_MAX])
{
	int64_t from_s = from_ms / 1000 - (from_ms % 1000 < 0) - 1,
		to_s = to_ms / 1000 + (to_ms % 1000 > 0);

	mms_time_print(from_s * 1000, from);
	mms_time_print(to_s * 1000, to);
}

/* ---- the way through a listing ------------------------------------------------------------ */

/* A listing that goes on longer than this goes in a circle. */
#define PAGES_MAX ((size_t)2000)

void
wire_trail_release(struct wire_trail *trail)
{
	if (trail == NULL)
		return;
	mms_free(trail->prints);
	*trail = (struct wire_trail){ 0 };
}

static uint64_t
print_of(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

mms_rc
wire_trail_add(struct wire_trail *trail, const char *text, bool *is_circle, struct mms_err *err)
{
	uint64_t print = print_of(text);

	*is_circle = trail->n >= PAGES_MAX;
	for (size_t i = 0; i < trail->n && !*is_circle; i++)
		*is_circle = trail->prints[i] == print;
	if (*is_circle)
		return MMS_OK;
	uint64_t *moved = mms_grow(trail->prints, trail->n, &trail->cap, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	trail->prints = moved;
	trail->prints[trail->n++] = print;
	return MMS_OK;
}

/* A reader of JSON with Python's verdicts (see the header). */
#include "mmsync/json_scan.h"

#include <stdint.h>
#include <string.h>

#include "mmsync/utf8.h"

void
mms_jscan_start(struct mms_jscan *s, const char *text, size_t len)
{
	s->begin = s->p = text;
	s->end = text + len;
	s->why = NULL;
	s->depth = 0;
	s->is_first = false;
	s->is_too_deep = false;
	s->has_huge_int = false;
}

static bool
wrong(struct mms_jscan *s, const char *at, const char *why)
{
	s->p = at;
	s->why = why;
	return false;
}

static void
skip_space(struct mms_jscan *s)
{
	while (s->p < s->end &&
	       (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static bool
is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* A word of the grammar: null, true, NaN ... */
static bool
take_word(struct mms_jscan *s, const char *word, size_t len, enum mms_jtype type,
	  struct mms_jvalue *out)
{
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return wrong(s, s->p, "a value is expected");
	*out = (struct mms_jvalue){ .type = type, .ptr = s->p, .len = len };
	s->p += len;
	return true;
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (is_digit(p, end))
		p++;
	return p;
}

/* The fraction and the exponent at p, as far as they are whole. */
static const char *
skip_real_part(const char *p, const char *end)
{
	if (p < end && *p == '.' && is_digit(p + 1, end))
		p = skip_digits(p + 1, end);
	if (p < end && (*p == 'e' || *p == 'E')) {
		const char *q = p + 1;
		if (q < end && (*q == '+' || *q == '-'))
			q++;
		if (is_digit(q, end))
			p = skip_digits(q, end);
	}
	return p;
}

/*
 * -?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?  What does not belong to it is left for the
 * next step to refuse, as Python does.
 */
static bool
take_number(struct mms_jscan *s, struct mms_jvalue *out)
{
	const char *start = s->p, *p = s->p + (*s->p == '-');

	if (!is_digit(p, s->end)) {
		if (p < s->end && *p == 'I')
			return take_word(s, "-Infinity", 9, MMS_J_REAL, out);
		return wrong(s, start, "a value is expected");
	}
	const char *whole = *p == '0' ? p + 1 : skip_digits(p, s->end);
	s->p = skip_real_part(whole, s->end);
	*out = (struct mms_jvalue){ .type = s->p == whole ? MMS_J_INT : MMS_J_REAL,
				    .ptr = start,
				    .len = (size_t)(s->p - start) };
	if (s->p == whole && whole - p > MMS_JSON_MAX_INT)
		s->has_huge_int = true;
	return true;
}

/* Value of four hex digits, -1 when they are not. */
static int32_t
hex4(const char *p, const char *end)
{
	int32_t value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* The backslash is at p; returns what follows the escape, NULL when there is none. */
static const char *
escape_end(const char *p, const char *end)
{
	if (end - p < 2)
		return NULL;
	if (p[1] == 'u')
		return hex4(p + 2, end) >= 0 ? p + 6 : NULL;
	return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL ? p + 2 : NULL;
}

/* Are eight bytes neither quotes nor backslashes nor control characters? Bits, not branches. */
static bool
is_plain(const char *p)
{
	const uint64_t ones = 0x0101010101010101U, high = 0x8080808080808080U;
	uint64_t w;

	memcpy(&w, p, sizeof w);
	uint64_t quote = w ^ ones * '"', backslash = w ^ ones * '\\';
	uint64_t found = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
			 ((w - ones * 0x20) & ~w);
	return (found & high) == 0;
}

/* The opening quote is at s->p. */
static bool
take_text(struct mms_jscan *s, struct mms_jvalue *out)
{
	const char *start = s->p + 1, *p = start, *end = s->end;
	bool has_escape = false;

	for (;;) {
		while (end - p >= 8 && is_plain(p))
			p += 8;
		while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
			p++;
		if (p >= end)
			return wrong(s, s->p, "this text does not end");
		if (*p == '"')
			break;
		if (*p != '\\')
			return wrong(s, p, "a control character stands in a text");
		const char *next = escape_end(p, end);
		if (next == NULL)
			return wrong(s, p, "no such escape");
		has_escape = true;
		p = next;
	}
	*out = (struct mms_jvalue){ .type = MMS_J_TEXT,
				    .ptr = start,
				    .len = (size_t)(p - start),
				    .has_escape = has_escape };
	s->p = p + 1;
	return true;
}

static bool
open_container(struct mms_jscan *s, enum mms_jtype type, struct mms_jvalue *out)
{
	unsigned char bit = (unsigned char)(1U << (s->depth % 8));

	if (s->depth >= MMS_JSON_MAX_DEPTH) {
		s->is_too_deep = true;
		return wrong(s, s->p, "nested too deep");
	}
	if (type == MMS_J_MAP)
		s->is_map[s->depth / 8] |= bit;
	else
		s->is_map[s->depth / 8] &= (unsigned char)~bit;
	s->depth++;
	s->is_first = true;
	*out = (struct mms_jvalue){ .type = type, .ptr = s->p, .len = 1 };
	s->p++;
	return true;
}

bool
mms_jscan_value(struct mms_jscan *s, struct mms_jvalue *out)
{
	skip_space(s);
	if (s->p >= s->end)
		return wrong(s, s->p, "a value is expected");
	switch (*s->p) {
	case '"':
		return take_text(s, out);
	case '{':
		return open_container(s, MMS_J_MAP, out);
	case '[':
		return open_container(s, MMS_J_ARRAY, out);
	case 'n':
		return take_word(s, "null", 4, MMS_J_NULL, out);
	case 't':
		return take_word(s, "true", 4, MMS_J_TRUE, out);
	case 'f':
		return take_word(s, "false", 5, MMS_J_FALSE, out);
	case 'N':
		return take_word(s, "NaN", 3, MMS_J_REAL, out);
	case 'I':
		return take_word(s, "Infinity", 8, MMS_J_REAL, out);
	default:
		return take_number(s, out);
	}
}

static bool
take_key(struct mms_jscan *s, struct mms_jvalue *key)
{
	skip_space(s);
	if (s->p >= s->end || *s->p != '"')
		return wrong(s, s->p, "a name in double quotes is expected");
	if (!take_text(s, key))
		return false;
	skip_space(s);
	if (s->p >= s->end || *s->p != ':')
		return wrong(s, s->p, "a colon is expected");
	s->p++;
	return true;
}

bool
mms_jscan_more(struct mms_jscan *s, struct mms_jvalue *key)
{
	struct mms_jvalue ignored;

	if (s->why != NULL || s->depth == 0)
		return false;
	bool is_map = (s->is_map[(s->depth - 1) / 8] >> ((s->depth - 1) % 8) & 1) != 0;
	skip_space(s);
	if (s->p < s->end && *s->p == (is_map ? '}' : ']')) {
		s->p++;
		s->depth--;
		s->is_first = false;
		return false;
	}
	if (!s->is_first) {
		if (s->p >= s->end || *s->p != ',')
			return wrong(s, s->p, "a comma is expected");
		s->p++;
	}
	s->is_first = false;
	return is_map ? take_key(s, key != NULL ? key : &ignored) : true;
}

bool
mms_jscan_skip(struct mms_jscan *s, const struct mms_jvalue *value)
{
	struct mms_jvalue inner;

	if (value->type != MMS_J_ARRAY && value->type != MMS_J_MAP)
		return s->why == NULL;
	for (size_t floor = s->depth - 1; s->depth > floor;) {
		if (mms_jscan_more(s, NULL) && !mms_jscan_value(s, &inner))
			return false;
		if (s->why != NULL)
			return false;
	}
	return true;
}

bool
mms_jscan_done(struct mms_jscan *s)
{
	if (s->why != NULL)
		return false;
	skip_space(s);
	return s->p == s->end || wrong(s, s->p, "something follows the value");
}

size_t
mms_jscan_column(const struct mms_jscan *s)
{
	return mms_utf8_count(s->begin, (size_t)(s->p - s->begin)) + 1;
}

static size_t
put_char(char *out, int32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* The escape at *p, a checked one; moves *p behind it. */
static int32_t
take_escape(const char **p, const char *end)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	char c = (*p)[1];

	if (c != 'u') {
		const char *found = strchr(letters, c);
		*p += 2;
		return found != NULL ? values[found - letters] : c;
	}
	int32_t high = hex4(*p + 2, end);
	*p += 6;
	if (high >= 0xD800 && high <= 0xDBFF && end - *p >= 6 && (*p)[0] == '\\' &&
	    (*p)[1] == 'u') {
		int32_t low = hex4(*p + 2, end);
		if (low >= 0xDC00 && low <= 0xDFFF) {
			*p += 6;
			return 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00);
		}
	}
	return high >= 0xD800 && high <= 0xDFFF ? 0xFFFD : high;
}

size_t
mms_jscan_decode(const struct mms_jvalue *value, char *out)
{
	const char *p = value->ptr, *end = value->ptr + value->len;
	size_t n = 0;

	if (!value->has_escape) {
		if (value->len > 0)
			memmove(out, value->ptr, value->len);
		return value->len;
	}
	while (p < end) {
		if (*p == '\\')
			n += put_char(out + n, take_escape(&p, end));
		else
			out[n++] = *p++;
	}
	return n;
}

bool
mms_jscan_is(const struct mms_jvalue *value, const char *word, size_t len)
{
	const char *p = value->ptr, *end = value->ptr + value->len;

	if (!value->has_escape)
		return value->len == len && memcmp(value->ptr, word, len) == 0;
	for (size_t i = 0; i < len; i++) {
		if (p >= end)
			return false;
		int32_t c = *p == '\\' ? take_escape(&p, end) : *p++;
		if (c != word[i])
			return false;
	}
	return p == end;
}

/* UTF-8 that may be wrong (see the header). */
#include "mmsync/utf8.h"

#include <string.h>

/*
 * Length of the well-formed character at p, 0 when there is none. The table of RFC 3629
 * section 4: the second byte's range depends on the first.
 */
static size_t
char_len(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t len;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF) {
		len = 2;
	} else if ((p[0] & 0xF0) == 0xE0) {
		len = 3;
		low = p[0] == 0xE0 ? 0xA0 : 0x80;
		high = p[0] == 0xED ? 0x9F : 0xBF;
	} else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
		len = 4;
		low = p[0] == 0xF0 ? 0x90 : 0x80;
		high = p[0] == 0xF4 ? 0x8F : 0xBF;
	} else {
		return 0;
	}
	if (n < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	return len;
}

/* How many bytes from p on are ASCII but NUL, eight at a time: most text is nothing else. */
static size_t
plain_run(const unsigned char *p, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t i = 0;

	for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
		memcpy(&word, p + i, sizeof word);
		/* A byte of NUL borrows into its top bit; any other ASCII byte leaves it clear. */
		if (((word | (word - ones)) & tops) != 0)
			break;
	}
	return i;
}

bool
mms_utf8_is_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		i += plain_run(p + i, len - i);
		if (i == len)
			break;
		size_t n = char_len(p + i, len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

void
mms_utf8_add_repaired(struct mms_str *out, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t good = 0; /* start of the run not yet appended */

	for (size_t i = 0; i < len;) {
		i += plain_run(p + i, len - i);
		if (i == len)
			break;
		size_t n = p[i] == 0 ? 0 : char_len(p + i, len - i);
		if (n > 0) {
			i += n;
			continue;
		}
		mms_str_addn(out, text + good, i - good);
		if (p[i] != 0)
			mms_str_add(out, "\xEF\xBF\xBD");
		good = ++i;
	}
	if (good < len)
		mms_str_addn(out, text + good, len - good);
}

void
mms_utf8_add_char(struct mms_str *out, uint32_t c)
{
	char b[4];

	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = 0xFFFD;
	if (c < 0x80) {
		b[0] = (char)c;
		mms_str_addn(out, b, 1);
	} else if (c < 0x800) {
		b[0] = (char)(0xC0 | c >> 6);
		b[1] = (char)(0x80 | (c & 0x3F));
		mms_str_addn(out, b, 2);
	} else if (c < 0x10000) {
		b[0] = (char)(0xE0 | c >> 12);
		b[1] = (char)(0x80 | (c >> 6 & 0x3F));
		b[2] = (char)(0x80 | (c & 0x3F));
		mms_str_addn(out, b, 3);
	} else {
		b[0] = (char)(0xF0 | c >> 18);
		b[1] = (char)(0x80 | (c >> 12 & 0x3F));
		b[2] = (char)(0x80 | (c >> 6 & 0x3F));
		b[3] = (char)(0x80 | (c & 0x3F));
		mms_str_addn(out, b, 4);
	}
}

size_t
mms_utf8_count(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xC0) != 0x80;
	return n;
}

static uint32_t
decode(const unsigned char *p, size_t len)
{
	static const unsigned char first_mask[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	uint32_t c = p[0] & first_mask[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3F);
	return c;
}

/* Does this character belong to the one before it? The common cases, not all of UAX 29. */
static bool
is_extension(uint32_t c)
{
	return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
	       (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) || c == 0x200D ||
	       (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFE20 && c <= 0xFE2F) ||
	       (c >= 0x1F3FB && c <= 0x1F3FF) || (c >= 0xE0020 && c <= 0xE007F);
}

size_t
mms_utf8_prefix(const char *text, size_t len, size_t max_chars, size_t max_bytes)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t cut = 0; /* the last place where the text may end */
	bool is_joined = false;
	size_t chars = 0, i = 0;

	if (len <= max_chars && len <= max_bytes)
		return len; /* there are no more characters than bytes */
	while (i < len) {
		size_t n = char_len(p + i, len - i);
		uint32_t c;

		if (n == 0)
			n = 1; /* ill-formed: a character by itself */
		c = n == 1 ? p[i] : decode(p + i, n);
		if (!is_extension(c) && !is_joined)
			cut = i;
		if (chars + 1 > max_chars || i + n > max_bytes)
			return cut > 0 ? cut : i; /* one endless cluster: cut at a character */
		is_joined = c == 0x200D;
		chars++;
		i += n;
	}
	return len;
}

/* Bytes of content lines to UTF-8 text: charsets, escapes, parameter values (mmsync/ical.h). */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "mmsync/ical.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* Longest name of a charset that iconv knows is far shorter. */
#define CHARSET_MAX 40

/* Windows-1252 from 0x80 to 0x9F; 0 where it has nothing (WHATWG keeps the control there). */
static const uint16_t cp1252[32] = {
	0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178,
};

static void
add_cp1252(struct mms_str *out, struct mms_span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		if (c >= 0x80 && c < 0xA0)
			mms_utf8_add_char(out, cp1252[c - 0x80]);
		else if (c != 0)
			mms_utf8_add_char(out, c);
	}
}

/* Is there a well-formed character of several bytes? Then the rest is broken UTF-8. */
static bool
has_utf8(struct mms_span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
		if (c >= 0xC2 && i + n <= bytes.len && mms_utf8_is_valid(bytes.ptr + i, n))
			return true;
	}
	return false;
}

static bool
is_western(struct mms_span charset)
{
	static const char *const names[] = { "",        "UTF-8",        "UTF8",      "US-ASCII",
					     "ASCII",   "ISO-8859-1",   "ISO8859-1", "LATIN1",
					     "LATIN-1", "WINDOWS-1252", "CP1252" };

	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		if (mms_span_is(charset, names[i]))
			return true;
	}
	return false;
}

/* Through iconv; false when it does not know the charset or the bytes are none of it. */
static bool
add_converted(struct mms_str *out, struct mms_span bytes, struct mms_span charset)
{
	char name[CHARSET_MAX + 1], buf[512];
	size_t start = out->len, in_left = bytes.len;
	bool is_good = true;

	if (charset.len > CHARSET_MAX)
		return false;
	for (size_t i = 0; i < charset.len; i++) {
		/* A slash would speak to iconv, not to a table of signs. */
		if (charset.ptr[i] == '/' || charset.ptr[i] == '\0')
			return false;
		name[i] = charset.ptr[i];
	}
	name[charset.len] = '\0';
	iconv_t cd = iconv_open("UTF-8", name);
	if (cd == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): so POSIX says */
		return false;
	/* iconv takes char ** and changes nothing in it. */
	union {
		const char *from;
		char *in;
	} u = { .from = bytes.ptr };
	while (in_left > 0 && is_good && out->state == MMS_OK) {
		char *to = buf;
		size_t to_left = sizeof buf;
		size_t rc = iconv(cd, &u.in, &in_left, &to, &to_left);
		is_good = rc != (size_t)-1 || errno == E2BIG;
		mms_utf8_add_repaired(out, buf, sizeof buf - to_left);
	}
	(void)iconv_close(cd);
	if (!is_good)
		mms_str_cut(out, start);
	return is_good;
}

/* UTF-8 as it stands, which nearly all texts are? */
static bool
is_plain(struct mms_span bytes, struct mms_span charset)
{
	/* The 7-bit charsets of Japan look like UTF-8 until they are read. */
	bool is_escaped = charset.len > 9 && strncasecmp(charset.ptr, "ISO-2022-", 9) == 0;
	uint64_t eight, all = 0;
	size_t i = 0;

	for (; i + 8 <= bytes.len; i += 8) {
		memcpy(&eight, bytes.ptr + i, 8);
		all |= eight;
	}
	for (; i < bytes.len; i++)
		all |= (unsigned char)bytes.ptr[i];
	bool is_ascii = (all & UINT64_C(0x8080808080808080)) == 0;
	return !is_escaped && (is_ascii || mms_utf8_is_valid(bytes.ptr, bytes.len));
}

static void
decode(struct mms_span bytes, struct mms_span charset, struct mms_str *out)
{
	if (is_plain(bytes, charset)) {
		mms_utf8_add_repaired(out, bytes.ptr, bytes.len);
		return;
	}
	if (!is_western(charset) && add_converted(out, bytes, charset))
		return;
	if (has_utf8(bytes))
		mms_utf8_add_repaired(out, bytes.ptr, bytes.len);
	else
		add_cp1252(out, bytes);
}

void
mms_ical_decode(struct mms_span bytes, const char *charset, struct mms_str *out)
{
	decode(bytes, mms_span_make(charset != NULL ? charset : ""), out);
}

/* Escapes in place; the text only gets shorter. */
static size_t
unescape(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		char next = '\0';
		if (c == '\\' && i + 1 < len)
			next = text[i + 1];
		if (next == 'n' || next == 'N')
			text[n++] = '\n';
		else if (next == ',' || next == ';' || next == '\\' || next == ':' ||
			 next == '"')
			text[n++] = next;
		else {
			/* Not an escape: a path of Windows that nobody escaped. */
			text[n++] = c;
			continue;
		}
		i++;
	}
	return n;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2045 section 6.7, as vCalendar 1.0 used it. */
static void
add_quoted_printable(struct mms_str *out, struct mms_span value)
{
	for (size_t i = 0; i < value.len; i++) {
		int high = value.ptr[i] == '=' && i + 2 < value.len
				   ? hex_digit(value.ptr[i + 1])
				   : -1;
		int low = high >= 0 ? hex_digit(value.ptr[i + 2]) : -1;
		if (low < 0) {
			mms_str_addc(out, value.ptr[i]);
			continue;
		}
		mms_str_addc(out, (char)(high * 16 + low));
		i += 2;
	}
}

/* The text with its final length as memory of its own. */
static mms_rc
take_text(struct mms_str *text, char **out, struct mms_err *err)
{
	mms_rc rc = mms_str_check(text, err);

	if (rc != MMS_OK)
		return rc;
	char *copy = mms_text_copy_n(mms_str_get(text), text->len);
	if (copy == NULL)
		return mms_fail_nomem(err);
	*out = copy;
	return MMS_OK;
}

mms_rc
mms_ical_text(struct mms_span value, struct mms_span params, const char *charset, char **out,
	      struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) bytes = { 0 };
	struct mms_span own = mms_span_make(charset != NULL ? charset : "");
	struct mms_span encoding;

	if (params.len > 0) {
		(void)mms_ical_param(params, "CHARSET", &own);
		if (mms_ical_param(params, "ENCODING", &encoding) &&
		    mms_span_is(encoding, "QUOTED-PRINTABLE")) {
			add_quoted_printable(&bytes, value);
			mms_rc rc = mms_str_check(&bytes, err);
			if (rc != MMS_OK)
				return rc;
			value = (struct mms_span){ mms_str_get(&bytes), bytes.len };
		}
	}
	/* Nearly every text: one copy, escapes undone in it. */
	if (is_plain(value, own) &&
	    (value.len == 0 || memchr(value.ptr, 0, value.len) == NULL)) {
		char *copy = mms_text_copy_n(value.len > 0 ? value.ptr : "", value.len);
		if (copy == NULL)
			return mms_fail_nomem(err);
		if (memchr(copy, '\\', value.len) != NULL)
			copy[unescape(copy, value.len)] = '\0';
		*out = copy;
		return MMS_OK;
	}
	decode(value, own, &text);
	if (text.state == MMS_OK && text.cap > 0)
		mms_str_cut(&text, unescape(text.ptr, text.len));
	return take_text(&text, out, err);
}

/* RFC 6868: ^n is a line break, ^^ a caret, ^' a quote. */
static size_t
uncaret(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char next = '\0', means = text[i];
		if (text[i] == '^' && i + 1 < len)
			next = text[i + 1];
		if (next == 'n')
			means = '\n';
		else if (next == '\'')
			means = '"';
		i += next == 'n' || next == '\'' || next == '^';
		text[n++] = means;
	}
	return n;
}

mms_rc
mms_ical_param_text(struct mms_span params, const char *name, const char *charset, char **out,
		    struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	struct mms_span value;

	if (!mms_ical_param(params, name, &value)) {
		*out = NULL;
		return MMS_OK;
	}
	mms_ical_decode(value, charset, &text);
	if (text.state == MMS_OK && text.cap > 0)
		mms_str_cut(&text, uncaret(text.ptr, text.len));
	return take_text(&text, out, err);
}

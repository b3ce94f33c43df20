/* Base64, url-safe (see the header). */
#include "mmsync/base64.h"

size_t
mms_base64_print(const unsigned char *bytes, size_t n, bool is_bare, char *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i < 3 ? n - i : 3;
		unsigned group = (unsigned)bytes[i] << 16;

		if (left > 1)
			group |= (unsigned)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		for (size_t k = 0; k < 4; k++) {
			if (k <= left)
				out[len++] = alphabet[group >> (18 - 6 * k) & 63];
			else if (!is_bare)
				out[len++] = '=';
		}
	}
	out[len] = '\0';
	return len;
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	return c == '_' || c == '/' ? 63 : -1;
}

bool
mms_base64_parse(const char *text, size_t len, unsigned char *out, size_t *n)
{
	size_t fill = 0, done = 0;

	if (len % 4 != 0)
		return false;
	while (fill < 2 && fill < len && text[len - 1 - fill] == '=')
		fill++;
	for (size_t i = 0; i < len; i += 4) {
		size_t chars = i + 4 == len ? 4 - fill : 4;
		unsigned group = 0;

		for (size_t k = 0; k < 4; k++) {
			int value = k < chars ? value_of(text[i + k]) : 0;
			if (value < 0)
				return false;
			group = group << 6 | (unsigned)value;
		}
		for (size_t k = 0; k + 1 < chars; k++)
			out[done++] = (unsigned char)(group >> (16 - 8 * k) & 0xFF);
	}
	*n = done;
	return true;
}

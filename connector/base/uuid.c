/* Random identifiers. */
#include "mmsync/uuid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

mms_rc
mms_random(void *out, size_t n, struct mms_err *err)
{
	unsigned char *p = out;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return mms_fail(err, MMS_E_BUG, "the kernel gives no random bytes: %s",
					strerrordesc_np(errno));
		p += got;
		n -= (size_t)got;
	}
	return MMS_OK;
}

mms_rc
mms_uuid_new(int64_t now_ms, unsigned char out[MMS_UUID_BYTES], struct mms_err *err)
{
	mms_rc rc = mms_random(out, MMS_UUID_BYTES, err);
	if (rc != MMS_OK)
		return rc;
	for (int i = 0; i < 6; i++)
		out[i] = (unsigned char)((uint64_t)now_ms >> (40 - 8 * i) & 0xFF);
	out[6] = (unsigned char)(0x70 | (out[6] & 0x0F));
	out[8] = (unsigned char)(0x80 | (out[8] & 0x3F));
	return MMS_OK;
}

void
mms_uuid_of_hash(const unsigned char *hash, unsigned char out[MMS_UUID_BYTES])
{
	memcpy(out, hash, MMS_UUID_BYTES);
	out[6] = (unsigned char)(0x80 | (out[6] & 0x0F));
	out[8] = (unsigned char)(0x80 | (out[8] & 0x3F));
}

char *
mms_uuid_print(const unsigned char uuid[MMS_UUID_BYTES], char buf[MMS_UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *p = buf;

	for (int i = 0; i < MMS_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[uuid[i] >> 4];
		*p++ = hex[uuid[i] & 15];
	}
	*p = '\0';
	return buf;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
mms_uuid_parse(const char *text, unsigned char out[MMS_UUID_BYTES])
{
	unsigned char bytes[MMS_UUID_BYTES] = { 0 };
	int n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		int v = hex_value(*p);
		if (v < 0 && *p == '-')
			continue;
		if (v < 0 || n >= 2 * MMS_UUID_BYTES)
			return false;
		bytes[n / 2] = (unsigned char)(bytes[n / 2] << 4 | v);
		n++;
	}
	if (n != 2 * MMS_UUID_BYTES)
		return false;
	memcpy(out, bytes, sizeof bytes);
	return true;
}

/* SHA-256 through OpenSSL's EVP, its context reused from digest to digest. */
#include "mmsync/digest.h"

#include <string.h>

#include <openssl/evp.h>

mms_rc
mms_digest_begin(struct mms_digest *d, struct mms_err *err)
{
	if (d->md == NULL)
		d->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (d->ctx == NULL)
		d->ctx = EVP_MD_CTX_new();
	d->is_broken = 0;
	if (d->md == NULL || d->ctx == NULL || EVP_DigestInit_ex2(d->ctx, d->md, NULL) != 1)
		return mms_fail_nomem(err);
	return MMS_OK;
}

void
mms_digest_add(struct mms_digest *d, const void *bytes, size_t n)
{
	if (!d->is_broken && EVP_DigestUpdate(d->ctx, bytes, n) != 1)
		d->is_broken = 1;
}

void
mms_digest_add_i64(struct mms_digest *d, int64_t value)
{
	unsigned char b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (unsigned char)((uint64_t)value >> (8 * i) & 0xFF);
	mms_digest_add(d, b, sizeof b);
}

void
mms_digest_add_text(struct mms_digest *d, const char *text)
{
	size_t n = text != NULL ? strlen(text) : 0;

	mms_digest_add_i64(d, text != NULL ? (int64_t)n : -1);
	mms_digest_add(d, text != NULL ? text : "", n);
}

mms_rc
mms_digest_end(struct mms_digest *d, unsigned char out[MMS_SHA256_BYTES], struct mms_err *err)
{
	unsigned int n = 0;

	if (d->is_broken || EVP_DigestFinal_ex(d->ctx, out, &n) != 1 || n != MMS_SHA256_BYTES)
		return mms_fail(err, MMS_E_BUG, "SHA-256 failed inside OpenSSL");
	return MMS_OK;
}

void
mms_digest_release(struct mms_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	EVP_MD_free(d->md);
	*d = (struct mms_digest){ 0 };
}

mms_rc
mms_sha256(const void *bytes, size_t n, unsigned char out[MMS_SHA256_BYTES],
	   struct mms_err *err)
{
	MMS_AUTO(mms_digest) d = { 0 };

	mms_rc rc = mms_digest_begin(&d, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add(&d, bytes, n);
	return mms_digest_end(&d, out, err);
}

char *
mms_hex_print(const unsigned char *bytes, size_t n, char *out)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[bytes[i] >> 4];
		out[2 * i + 1] = hex[bytes[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

/*
 * SHA-256, whole and by pieces. The home of OpenSSL's digests.
 *
 * Layer: base.
 */
#ifndef MMSYNC_DIGEST_H
#define MMSYNC_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "mmsync/attr.h"
#include "mmsync/err.h"

#define MMS_SHA256_BYTES 32
#define MMS_SHA256_TEXT  65 /* hex with the NUL */

/* All zero is not started. Reusable: mms_digest_begin() starts the next one. */
struct mms_digest {
	void *ctx;     /* EVP_MD_CTX, owned */
	void *md;      /* EVP_MD, owned     */
	int is_broken; /* an earlier piece failed */
};

mms_rc mms_digest_begin(struct mms_digest *d, struct mms_err *err) MMS_MUST_CHECK;
void mms_digest_add(struct mms_digest *d, const void *bytes, size_t n);
/* A field: its length and its bytes, so that ("ab","c") and ("a","bc") differ; NULL text differs from "". */
void mms_digest_add_text(struct mms_digest *d, const char *text);
void mms_digest_add_i64(struct mms_digest *d, int64_t value);
mms_rc mms_digest_end(struct mms_digest *d, unsigned char out[MMS_SHA256_BYTES],
		      struct mms_err *err) MMS_MUST_CHECK;
void mms_digest_release(struct mms_digest *d);

/* All at once. */
mms_rc mms_sha256(const void *bytes, size_t n, unsigned char out[MMS_SHA256_BYTES],
		  struct mms_err *err) MMS_MUST_CHECK;

/* Lower-case hex of n bytes into out (2n+1 bytes); returns out. */
char *mms_hex_print(const unsigned char *bytes, size_t n, char *out);

#endif

/*
 * Fernet, as Frappe encrypts passwords: AES-128-CBC with PKCS7 padding, HMAC-SHA256 over all of it,
 * url-safe base64. No token is too old.
 *
 * Source: github.com/fernet/spec; frappe/utils/password.py.
 * Layer: frappe.
 */
#ifndef MMSYNC_FERNET_H
#define MMSYNC_FERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

/*
 * key is url-safe base64 of 32 bytes. Owns: *out, a text; wipe and free it with mms_secret_free().
 * Errors: CONFIG (the key is none), ITEM (no Fernet token, or of another key: nothing is told of which),
 * NOMEM.
 */
mms_rc mms_fernet_decrypt(const char *key, const char *token, char **out,
			  struct mms_err *err) MMS_MUST_CHECK;
/*
 * now_s is the token's time, Unix seconds. Owns: *out. Errors: CONFIG, ITEM (too long
 * for a column of Frappe's), NOMEM, BUG (no randomness).
 */
mms_rc mms_fernet_encrypt(const char *key, const char *text, int64_t now_s, char **out,
			  struct mms_err *err) MMS_MUST_CHECK;
/* The same with a given IV, for test vectors. */
mms_rc mms_fernet_encrypt_with(const char *key, const char *text, int64_t now_s,
			       const unsigned char iv[16], char **out,
			       struct mms_err *err) MMS_MUST_CHECK;

/* Wipe a secret text and free it; NULL is fine. */
void mms_secret_free(char *text);
/* Are they the same? In a time that does not tell where they differ. */
bool mms_secret_is_same(const char *a, const char *b);

#endif

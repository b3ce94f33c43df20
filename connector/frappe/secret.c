/* Fernet through OpenSSL's EVP (see mmsync/fernet.h). */
#include "mmsync/fernet.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "mmsync/base64.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"

#define VERSION    0x80
#define HEAD_BYTES 25 /* version, time, IV */
#define IV_AT      9
#define BLOCK      16
#define MAC_BYTES  32
#define KEY_CHARS  44

/* A column of Frappe's that holds a token is of 65,535 bytes. */
#define TOKEN_MAX ((size_t)65535)

struct key {
	unsigned char sign[16], crypt[16];
	unsigned char spare; /* base64 of 44 characters may be of 33 bytes */
};

static void
key_release(struct key *key)
{
	OPENSSL_cleanse(key, sizeof *key);
}

/* Bytes that are wiped when they go. */
struct bytes {
	unsigned char *ptr; /* owned */
	size_t n, cap;
};

static void
bytes_release(struct bytes *bytes)
{
	if (bytes->ptr != NULL)
		OPENSSL_cleanse(bytes->ptr, bytes->cap);
	mms_free(bytes->ptr);
}

static mms_rc
bytes_make(struct bytes *bytes, size_t cap, struct mms_err *err)
{
	bytes->ptr = mms_alloc(cap);
	bytes->cap = bytes->ptr != NULL ? cap : 0;
	return bytes->ptr != NULL ? MMS_OK : mms_fail_nomem(err);
}

void
mms_secret_free(char *text)
{
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	mms_free(text);
}

bool
mms_secret_is_same(const char *a, const char *b)
{
	size_t n = strlen(a);

	return strlen(b) == n && CRYPTO_memcmp(a, b, n) == 0;
}

static mms_rc
read_key(const char *text, struct key *key, struct mms_err *err)
{
	size_t n = 0;

	if (strlen(text) == KEY_CHARS &&
	    mms_base64_parse(text, KEY_CHARS, (unsigned char *)key, &n) && n == 32)
		return MMS_OK;
	mms_fail(err, MMS_E_CONFIG,
		 "the site's encryption_key is no key of Frappe's (44 characters, of 32 bytes "
		 "in base64)");
	return mms_hint(err, "put back the encryption_key of the site's backup "
			     "(site_config_backup.json)");
}

static mms_rc
sign(const struct key *key, const unsigned char *bytes, size_t n, unsigned char mac[MAC_BYTES],
     struct mms_err *err)
{
	unsigned len = 0;

	if (HMAC(EVP_sha256(), key->sign, (int)sizeof key->sign, bytes, n, mac, &len) == NULL ||
	    len != MAC_BYTES)
		return mms_fail_nomem(err);
	return MMS_OK;
}

static mms_rc
refuse(struct mms_err *err)
{
	return mms_fail(err, MMS_E_ITEM, "this is not encrypted with the site's key");
}

/* AES-128-CBC with PKCS7 padding, one way or the other; false: it cannot be. */
static bool
crypt_cbc(const struct key *key, const unsigned char *iv, const unsigned char *from, size_t n,
	  bool encrypts, struct bytes *to)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int first = 0, last = 0;

	bool is_well = ctx != NULL &&
		       EVP_CipherInit_ex2(ctx, EVP_aes_128_cbc(), key->crypt, iv, encrypts,
					  NULL) == 1 &&
		       EVP_CipherUpdate(ctx, to->ptr, &first, from, (int)n) == 1 &&
		       EVP_CipherFinal_ex(ctx, to->ptr + first, &last) == 1;
	EVP_CIPHER_CTX_free(ctx); /* wipes what it knew of the key */
	to->n = is_well ? (size_t)first + (size_t)last : 0;
	return is_well;
}

/* The decoded token: the MAC first, in constant time; nothing is decrypted that we did not sign. */
static mms_rc
open_token(const struct key *key, const struct bytes *token, char **out, struct mms_err *err)
{
	MMS_AUTO(bytes) plain = { 0 };
	unsigned char mac[MAC_BYTES];

	if (token->n < HEAD_BYTES + BLOCK + MAC_BYTES || token->ptr[0] != VERSION)
		return refuse(err);
	size_t n = token->n - MAC_BYTES;
	mms_rc rc = sign(key, token->ptr, n, mac, err);
	if (rc != MMS_OK)
		return rc;
	if (CRYPTO_memcmp(mac, token->ptr + n, MAC_BYTES) != 0 || (n - HEAD_BYTES) % BLOCK != 0)
		return refuse(err);
	rc = bytes_make(&plain, n - HEAD_BYTES + BLOCK + 1, err);
	if (rc != MMS_OK)
		return rc;
	if (!crypt_cbc(key, token->ptr + IV_AT, token->ptr + HEAD_BYTES, n - HEAD_BYTES, false,
		       &plain) ||
	    memchr(plain.ptr, '\0', plain.n) != NULL)
		return refuse(err);
	*out = (char *)plain.ptr;
	plain.ptr = NULL; /* zeroed when it was made: it ends with a NUL */
	(*out)[plain.n] = '\0';
	return MMS_OK;
}

mms_rc
mms_fernet_decrypt(const char *key_text, const char *token_text, char **out,
		   struct mms_err *err)
{
	MMS_AUTO(key) key = { 0 };
	MMS_AUTO(bytes) token = { 0 };
	size_t len = strlen(token_text);

	mms_rc rc = read_key(key_text, &key, err);
	if (rc != MMS_OK)
		return rc;
	if (len > TOKEN_MAX)
		return refuse(err);
	rc = bytes_make(&token, len / 4 * 3 + 1, err);
	if (rc != MMS_OK)
		return rc;
	if (!mms_base64_parse(token_text, len, token.ptr, &token.n))
		return refuse(err);
	return open_token(&key, &token, out, err);
}

mms_rc
mms_fernet_encrypt_with(const char *key_text, const char *text, int64_t now_s,
			const unsigned char iv[16], char **out, struct mms_err *err)
{
	MMS_AUTO(key) key = { 0 };
	MMS_AUTO(bytes) token = { 0 };
	size_t len = strlen(text);

	mms_rc rc = read_key(key_text, &key, err);
	if (rc != MMS_OK)
		return rc;
	if (MMS_BASE64_CHARS(HEAD_BYTES + len + BLOCK + MAC_BYTES) > TOKEN_MAX)
		return mms_fail(err, MMS_E_ITEM,
				"a secret of %zu bytes is too long to be stored", len);
	rc = bytes_make(&token, HEAD_BYTES + len + 2 * BLOCK + MAC_BYTES, err);
	if (rc != MMS_OK)
		return rc;
	token.ptr[0] = VERSION;
	for (int i = 0; i < 8; i++)
		token.ptr[1 + i] = (unsigned char)((uint64_t)now_s >> (56 - 8 * i) & 0xFF);
	memcpy(token.ptr + IV_AT, iv, BLOCK);
	struct bytes body = { .ptr = token.ptr + HEAD_BYTES };
	if (!crypt_cbc(&key, iv, (const unsigned char *)text, len, true, &body))
		return mms_fail_nomem(err);
	size_t n = HEAD_BYTES + body.n;
	rc = sign(&key, token.ptr, n, token.ptr + n, err);
	char *printed = rc == MMS_OK ? mms_alloc(MMS_BASE64_CHARS(n + MAC_BYTES) + 1) : NULL;
	if (rc == MMS_OK && printed == NULL)
		return mms_fail_nomem(err);
	if (rc != MMS_OK)
		return rc;
	(void)mms_base64_print(token.ptr, n + MAC_BYTES, false, printed);
	*out = printed;
	return MMS_OK;
}

mms_rc
mms_fernet_encrypt(const char *key, const char *text, int64_t now_s, char **out,
		   struct mms_err *err)
{
	unsigned char iv[BLOCK];

	mms_rc rc = mms_random(iv, sizeof iv, err);
	return rc == MMS_OK ? mms_fernet_encrypt_with(key, text, now_s, iv, out, err) : rc;
}

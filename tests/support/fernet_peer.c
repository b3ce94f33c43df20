/* Fernet by hand: version, time, IV, AES-128-CBC, HMAC-SHA256 (see the header). */
#include "support/fernet_peer.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define HEAD 25 /* version, time, IV */
#define MAC  32

static void
read_key(const char *key, unsigned char out[32])
{
	char plain[45];
	unsigned char bytes[36];

	if (strlen(key) != 44)
		abort();
	for (size_t i = 0; i <= 44; i++)
		plain[i] = key[i] == '-' ? '+' : key[i] == '_' ? '/' : key[i];
	if (EVP_DecodeBlock(bytes, (const unsigned char *)plain, 44) < 32)
		abort();
	memcpy(out, bytes, 32);
}

static void
add_base64(struct mms_str *out, const unsigned char *bytes, size_t len)
{
	char *text = malloc(4 * (len / 3 + 1) + 1);

	if (text == NULL)
		abort();
	(void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	mms_str_add(out, text);
	free(text);
}

void
fernet_peer_encrypt(const char *key, const char *text, int64_t now_s, struct mms_str *out)
{
	unsigned char keys[32];
	size_t len = strlen(text);
	unsigned char *bytes = calloc(1, HEAD + len + 16 + MAC);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;

	if (bytes == NULL || cipher == NULL)
		abort();
	read_key(key, keys);
	bytes[0] = 0x80;
	for (int i = 0; i < 8; i++)
		bytes[1 + i] = (unsigned char)((uint64_t)now_s >> (56 - 8 * i));
	if (RAND_bytes(bytes + 9, 16) != 1 ||
	    EVP_EncryptInit_ex(cipher, EVP_aes_128_cbc(), NULL, keys + 16, bytes + 9) != 1 ||
	    EVP_EncryptUpdate(cipher, bytes + HEAD, &n, (const unsigned char *)text,
			      (int)len) != 1 ||
	    EVP_EncryptFinal_ex(cipher, bytes + HEAD + n, &rest) != 1)
		abort();
	size_t signed_len = HEAD + (size_t)n + (size_t)rest;
	if (HMAC(EVP_sha256(), keys, 16, bytes, signed_len, bytes + signed_len, NULL) == NULL)
		abort();
	mms_str_clear(out);
	add_base64(out, bytes, signed_len + MAC);
	EVP_CIPHER_CTX_free(cipher);
	free(bytes);
}

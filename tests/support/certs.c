/* Certificates through libcrypto (see the header): P-256, SHA-256, as small as they get. */
#include "support/certs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "support/unit.h"

#define DAY_S 86400

static void
check(int is_good, const char *what)
{
	if (!is_good)
		fail_msg("certificates: %s", what);
}

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	check(extension != NULL && X509_add_ext(cert, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

static X509 *
make(const struct cert *what, long serial, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();
	const char *name = what != NULL ? what->name : "Test authority";

	check(cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1, "version");
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert),
			      (what != NULL ? what->from_days : -1) * DAY_S);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert),
			      (what != NULL ? what->until_days : 30) * DAY_S);
	check(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
					 (const unsigned char *)name, -1, -1, 0) == 1,
	      "name");
	if (issuer == NULL)
		issuer = cert;
	check(X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
		      X509_set_pubkey(cert, key) == 1,
	      "issuer");
	if (what == NULL) {
		add_extension(cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
		add_extension(cert, issuer, NID_key_usage, "critical,keyCertSign");
	} else {
		add_extension(cert, issuer, NID_subject_alt_name, what->alt_names);
	}
	check(X509_sign(cert, issuer_key, EVP_sha256()) > 0, "signature");
	return cert;
}

static FILE *
create(const char *dir, const char *name, const char *suffix)
{
	char path[512];

	(void)snprintf(path, sizeof path, "%s/%s%s", dir, name, suffix);
	FILE *file = fopen(path, "we");
	check(file != NULL, path);
	return file;
}

static void
write_pair(const char *dir, const char *name, X509 *cert, EVP_PKEY *key)
{
	FILE *file = create(dir, name, ".pem");

	check(PEM_write_X509(file, cert) == 1 && fclose(file) == 0, "write");
	file = create(dir, name, ".key");
	check(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		      fclose(file) == 0,
	      "write");
}

void
certs_make(const char *dir, const struct cert *certs, unsigned n)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256");
	X509 *ca = make(NULL, 1, ca_key, NULL, ca_key);

	write_pair(dir, "ca", ca, ca_key);
	for (unsigned i = 0; i < n; i++) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		bool is_own = certs[i].is_self_signed != 0;
		X509 *cert = make(&certs[i], (long)i + 2, key, is_own ? NULL : ca,
				  is_own ? key : ca_key);

		write_pair(dir, certs[i].name, cert, key);
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	X509_free(ca);
	EVP_PKEY_free(ca_key);
}

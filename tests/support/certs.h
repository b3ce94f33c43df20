/* Certificates for one test run: an authority of its own and what it signs, made on the spot. */
#ifndef SUPPORT_CERTS_H
#define SUPPORT_CERTS_H

/* What a server certificate is like; its files are DIR/NAME.pem and DIR/NAME.key. */
struct cert {
	const char *name;
	const char *alt_names;      /* "IP:127.0.0.1,DNS:localhost"   */
	long from_days, until_days; /* from now; may be negative      */
	int is_self_signed;         /* not by the authority           */
};

/* Make DIR/ca.pem and each certificate; a failure fails the test. */
void certs_make(const char *dir, const struct cert *certs, unsigned n);

#endif

/*
 * The file of certificate authorities that TLS connections are checked against: is it there, can
 * it be read, is there anything in it that still holds?
 *
 * Layer: net.
 */
#ifndef MMSYNC_AUTHORITIES_H
#define MMSYNC_AUTHORITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

/* What is in such a file. All zero is empty. */
struct mms_authorities {
	char *path;      /* owned; NULL: libcurl knows of no file                    */
	bool is_system;  /* nobody has named it: libcurl's own                       */
	int open_errno;  /* why it cannot be read; 0: it was                         */
	bool is_damaged; /* something in it begins like a certificate and is none    */
	size_t n;        /* certificates                                             */
	size_t n_expired;
};
void mms_authorities_release(struct mms_authorities *authorities);

/*
 * Look at the file of that path (http.ca_file; NULL: the one that libcurl takes by itself).
 * Whatever is wrong with it is told in *out. now_ms: Unix ms.
 * Owns: *out. Errors: NOMEM.
 */
mms_rc mms_authorities_load(const char *path, int64_t now_ms, struct mms_authorities *out,
			    struct mms_err *err) MMS_MUST_CHECK;

#endif

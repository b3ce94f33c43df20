/*
 * Identifiers: UUIDs and short random names.
 *
 * Layer: base.
 */
#ifndef MMSYNC_UUID_H
#define MMSYNC_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

#define MMS_UUID_BYTES 16
#define MMS_UUID_TEXT  37 /* with the NUL */

/* n bytes from the kernel (getrandom). Errors: BUG when the kernel has none. */
mms_rc mms_random(void *out, size_t n, struct mms_err *err) MMS_MUST_CHECK;

/*
 * A new UUID, version 7: its first 48 bits are now_ms, so that ids made together stand
 * together in an index. Source: RFC 9562 section 5.7.
 */
mms_rc mms_uuid_new(int64_t now_ms, unsigned char out[MMS_UUID_BYTES],
		    struct mms_err *err) MMS_MUST_CHECK;

/* The UUID, version 8, of the first 16 bytes of a digest. Source: RFC 9562 section 5.8. */
void mms_uuid_of_hash(const unsigned char *hash, unsigned char out[MMS_UUID_BYTES]);

/* Lower case with hyphens; returns buf. */
char *mms_uuid_print(const unsigned char uuid[MMS_UUID_BYTES], char buf[MMS_UUID_TEXT]);

/* With or without hyphens, any case. */
bool mms_uuid_parse(const char *text, unsigned char out[MMS_UUID_BYTES]);

#endif

/*
 * Base64 with the url-safe alphabet (RFC 4648 section 5).
 *
 * Layer: base.
 */
#ifndef MMSYNC_BASE64_H
#define MMSYNC_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Characters of n bytes, the filler included, without a NUL. */
#define MMS_BASE64_CHARS(n) (((n) + 2) / 3 * 4)

/*
 * n bytes into out, which has room for MMS_BASE64_CHARS(n) + 1, NUL-terminated; without the filler
 * where is_bare. Returns the characters written.
 */
size_t mms_base64_print(const unsigned char *bytes, size_t n, bool is_bare, char *out);

/*
 * Whole groups of four, the filler included; both alphabets are taken, as Python takes them. out has
 * room for len / 4 * 3 bytes; *n is how many there are. False: it is none.
 */
bool mms_base64_parse(const char *text, size_t len, unsigned char *out, size_t *n);

#endif

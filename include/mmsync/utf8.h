/*
 * UTF-8 as bytes that may be wrong: validate, repair, count and cut at characters.
 *
 * Layer: base.
 */
#ifndef MMSYNC_UTF8_H
#define MMSYNC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/str.h"

/* Is it well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF)? RFC 3629. */
bool mms_utf8_is_valid(const char *text, size_t len);

/* Append with each ill-formed byte replaced by U+FFFD and each NUL left out. */
void mms_utf8_add_repaired(struct mms_str *out, const char *text, size_t len);

/* Append one character; a surrogate or what is beyond U+10FFFF becomes U+FFFD. */
void mms_utf8_add_char(struct mms_str *out, uint32_t c);

/* Characters (code points) of well-formed text. */
size_t mms_utf8_count(const char *text, size_t len);

/*
 * The longest prefix, in bytes, of well-formed text that has at most max_chars characters and
 * at most max_bytes bytes. Never cuts inside a character, nor between a character and the
 * combining marks, variation selectors or joiners that belong to it.
 */
size_t mms_utf8_prefix(const char *text, size_t len, size_t max_chars, size_t max_bytes);

#endif

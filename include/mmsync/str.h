/*
 * A growing text with a ceiling. The first failure sticks, appends after it do nothing, and
 * one check at the end tells; so a run of appends reads as a run of appends.
 *
 * All zero is a valid empty text with the default ceiling. ptr is never NULL to a reader who
 * goes through mms_str_get().
 *
 * Layer: base.
 */
#ifndef MMSYNC_STR_H
#define MMSYNC_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "mmsync/attr.h"
#include "mmsync/mem.h"
#include "mmsync/rc.h"

/* The ceiling of a text whose max is 0, bytes. */
#define MMS_STR_DEFAULT_MAX ((size_t)64 * 1024 * 1024)

struct mms_err;

struct mms_str {
	char *ptr;    /* owned when cap > 0; NUL-terminated                   */
	size_t len;   /* bytes, without the NUL                               */
	size_t cap;   /* bytes allocated; 0 = nothing allocated               */
	size_t max;   /* ceiling for len, bytes; 0 = MMS_STR_DEFAULT_MAX      */
	mms_rc state; /* MMS_OK, MMS_E_NOMEM or MMS_E_ITEM (over the ceiling) */
};

/* An empty text with a ceiling in bytes. */
struct mms_str mms_str_make(size_t max);
/* Free the contents; the text is empty and usable again, its ceiling kept. NULL is fine. */
void mms_str_release(struct mms_str *s);
/* Set the length to 0, keep the memory, forget a failure. */
void mms_str_clear(struct mms_str *s);

void mms_str_add(struct mms_str *s, const char *text);
void mms_str_addn(struct mms_str *s, const char *bytes, size_t n);
void mms_str_addc(struct mms_str *s, char c);
void mms_str_addf(struct mms_str *s, const char *fmt, ...) MMS_PRINTF(2, 3);
void mms_str_addv(struct mms_str *s, const char *fmt, va_list ap) MMS_PRINTF(2, 0);
/* Shorten to n bytes; longer than the text does nothing. */
void mms_str_cut(struct mms_str *s, size_t n);

/* The text, never NULL. Borrows: valid until the next change. */
const char *mms_str_get(const struct mms_str *s);

/* MMS_OK, or the first failure of any append, told in err. Errors: NOMEM, ITEM (too big). */
mms_rc mms_str_check(const struct mms_str *s, struct mms_err *err) MMS_MUST_CHECK;

/* The text as heap memory, NULL after a failed append. Owns: the result, mms_free(). */
char *mms_str_take(struct mms_str *s);

#endif

/*
 * Mail addresses as the DocTypes judge them: ^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$ with
 * the meaning of Python's re.match(): the same verdict on every string, also on those with a
 * trailing newline ($ matches before it), NULs or bytes that are not ASCII. The home of PCRE2.
 *
 * Layer: model.
 */
#ifndef MMSYNC_EMAIL_H
#define MMSYNC_EMAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "mmsync/err.h"

struct mms_email;

/*
 * The compiled pattern, for one thread. may_jit false interprets it, as it is also done where the
 * system allows no memory that is written and then run.
 * Owns: *out, mms_email_free(). Errors: NOMEM, BUG.
 */
mms_rc mms_email_new(struct mms_email **out, bool may_jit, struct mms_err *err) MMS_MUST_CHECK;
void mms_email_free(struct mms_email *email);

bool mms_email_uses_jit(const struct mms_email *email);

/* Does the pattern match? Linear in len; with the JIT it allocates nothing. */
bool mms_email_matches(const struct mms_email *email, const char *text, size_t len);

#endif

/* Errors as values (see the header). Out of memory needs no memory to be told. */
#include "mmsync/err.h"

#include <stdio.h>
#include <string.h>

void
mms_err_release(struct mms_err *err)
{
	if (err == NULL)
		return;
	mms_str_release(&err->text);
	mms_str_release(&err->hint);
	*err = (struct mms_err){ 0 };
}

static mms_rc
fail_v(struct mms_err *err, mms_rc code, const char *fmt, va_list ap) MMS_PRINTF(3, 0);

static mms_rc
fail_v(struct mms_err *err, mms_rc code, const char *fmt, va_list ap)
{
	struct mms_str text = { 0 };

	/* The new text may quote the old one: make it before the old one goes. */
	mms_str_addv(&text, fmt, ap);
	mms_err_release(err);
	err->code = code;
	err->text = text;
	return code;
}

mms_rc
mms_fail(struct mms_err *err, mms_rc code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_v(err, code, fmt, ap);
	va_end(ap);
	return code;
}

mms_rc
mms_fail_nomem(struct mms_err *err)
{
	mms_err_release(err);
	err->code = MMS_E_NOMEM;
	return MMS_E_NOMEM;
}

mms_rc
mms_fail_wait(struct mms_err *err, int64_t at_ms, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_v(err, MMS_E_WAIT, fmt, ap);
	va_end(ap);
	err->retry_at_ms = at_ms;
	return MMS_E_WAIT;
}

mms_rc
mms_fail_in(struct mms_err *err, const char *fmt, ...)
{
	struct mms_str text = { 0 };
	va_list ap;

	if (err->code == MMS_E_NOMEM)
		return err->code;
	va_start(ap, fmt);
	mms_str_addv(&text, fmt, ap);
	va_end(ap);
	mms_str_add(&text, ": ");
	mms_str_addn(&text, mms_str_get(&err->text), err->text.len);
	if (text.state != MMS_OK) {
		mms_str_release(&text); /* the bare text says more than nothing */
		return err->code;
	}
	mms_str_release(&err->text);
	err->text = text;
	return err->code;
}

mms_rc
mms_hint(struct mms_err *err, const char *fmt, ...)
{
	va_list ap;

	mms_str_clear(&err->hint);
	va_start(ap, fmt);
	mms_str_addv(&err->hint, fmt, ap);
	va_end(ap);
	return err->code;
}

mms_rc
mms_blame(struct mms_err *err, enum mms_blame blame)
{
	err->blame = blame;
	return err->code;
}

mms_rc
mms_blame_status(struct mms_err *err, long status)
{
	return mms_blame(err, status >= 500 || status == 408 ? MMS_BLAME_SERVICE
							     : MMS_BLAME_CALENDAR);
}

const char *
mms_err_text(const struct mms_err *err)
{
	if (err->text.len > 0)
		return mms_str_get(&err->text);
	return err->code == MMS_E_NOMEM || err->text.state == MMS_E_NOMEM
		       ? "out of memory"
		       : mms_rc_name(err->code);
}

const char *
mms_err_hint(const struct mms_err *err)
{
	return mms_str_get(&err->hint);
}

void
mms_err_move(struct mms_err *to, struct mms_err *from)
{
	mms_err_release(to);
	*to = *from;
	*from = (struct mms_err){ 0 };
}

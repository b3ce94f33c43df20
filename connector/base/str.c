/* A growing text whose first failure sticks (see the header). */
#include "mmsync/str.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/err.h"

struct mms_str
mms_str_make(size_t max)
{
	return (struct mms_str){ .max = max };
}

void
mms_str_release(struct mms_str *s)
{
	if (s == NULL)
		return;
	if (s->cap > 0)
		mms_free(s->ptr);
	*s = (struct mms_str){ .max = s->max };
}

void
mms_str_clear(struct mms_str *s)
{
	s->len = 0;
	s->state = MMS_OK;
	if (s->cap > 0)
		s->ptr[0] = '\0';
}

/* Room for n more bytes and the NUL; false after a failure. */
static bool
reserve(struct mms_str *s, size_t n)
{
	size_t max = s->max > 0 ? s->max : MMS_STR_DEFAULT_MAX;

	if (s->state != MMS_OK)
		return false;
	if (n > max || s->len > max - n) {
		s->state = MMS_E_ITEM;
		return false;
	}
	size_t want = s->len + n + 1;
	if (want <= s->cap)
		return true;
	size_t cap = s->cap > 0 ? s->cap : 32;
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	char *moved = mms_resize(s->cap > 0 ? s->ptr : NULL, cap, 1);
	if (moved == NULL) {
		s->state = MMS_E_NOMEM;
		return false;
	}
	s->ptr = moved;
	s->cap = cap;
	return true;
}

void
mms_str_addn(struct mms_str *s, const char *bytes, size_t n)
{
	if (!reserve(s, n))
		return;
	if (n > 0)
		memcpy(s->ptr + s->len, bytes, n);
	s->len += n;
	s->ptr[s->len] = '\0';
}

void
mms_str_add(struct mms_str *s, const char *text)
{
	mms_str_addn(s, text, strlen(text));
}

void
mms_str_addc(struct mms_str *s, char c)
{
	mms_str_addn(s, &c, 1);
}

void
mms_str_addv(struct mms_str *s, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		s->state = MMS_E_ITEM;
		return;
	}
	if (!reserve(s, (size_t)n))
		return;
	(void)vsnprintf(s->ptr + s->len, (size_t)n + 1, fmt, ap);
	s->len += (size_t)n;
}

void
mms_str_addf(struct mms_str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(s, fmt, ap);
	va_end(ap);
}

void
mms_str_cut(struct mms_str *s, size_t n)
{
	if (n >= s->len)
		return;
	s->len = n;
	s->ptr[n] = '\0';
}

const char *
mms_str_get(const struct mms_str *s)
{
	return s->cap > 0 ? s->ptr : "";
}

mms_rc
mms_str_check(const struct mms_str *s, struct mms_err *err)
{
	if (s->state == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (s->state != MMS_OK)
		return mms_fail(err, s->state, "text longer than %zu bytes",
				s->max > 0 ? s->max : MMS_STR_DEFAULT_MAX);
	return MMS_OK;
}

char *
mms_str_take(struct mms_str *s)
{
	char *taken = NULL;

	if (s->state == MMS_OK && reserve(s, 0)) {
		s->ptr[s->len] = '\0';
		taken = s->ptr;
		s->cap = 0;
	}
	mms_str_release(s);
	return taken;
}

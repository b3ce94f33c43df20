/* Bodies of writes: meetings to be written to every service, and tables of what they become. */
#ifndef SUPPORT_BODY_ROWS_H
#define SUPPORT_BODY_ROWS_H

#include "mmsync/write.h"
#include "support/starve.h"

/* String literals are not written to. */
#define T(text) ((char *)(uintptr_t)(text))

/* Of a booking: 0190a0b0-c0d0-7e0f-8000-000000000001, made by the site ff000000-... */
extern const struct mms_mark body_mark;
/* 2026-03-10T09:00:00Z, an hour: all that a meeting has (two guests, Cy and New); a title; nothing. */
extern const struct mms_meeting body_whole, body_bare, body_empty;
/* And times that no calendar could take: none; an end before the beginning. */
extern const struct mms_meeting body_timeless, body_backwards;

struct body_row {
	const char *label;
	struct mms_write write; /* of a CREATE with that mark */
	const char *body;       /* NULL: refused with rc      */
	mms_rc rc;
};
typedef mms_rc (*body_fn)(const struct mms_write *write, struct mms_str *out,
			  struct mms_err *err);
void body_play(const struct body_row *rows, size_t n, body_fn make);
/* The whole meeting, for want of memory. */
void body_play_memory(body_fn make);

#endif

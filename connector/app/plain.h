/* Foreign text for people: what would control a terminal becomes a blank. */
#ifndef APP_PLAIN_H
#define APP_PLAIN_H

#include <stddef.h>

#include "mmsync/app.h"
#include "mmsync/sync.h"

/* On one line; what is no UTF-8 is repaired. */
void mms_plain_add(struct mms_str *out, const char *text, size_t len);
/* The same, of at most so many characters: what is longer ends in "...". */
void mms_plain_add_cut(struct mms_str *out, const char *text, size_t max);
/* The same as a cell of a table, whole. NULL is an empty one. */
mms_rc mms_plain_add_cell(struct mms_table *table, const char *text,
			  struct mms_err *err) MMS_MUST_CHECK;

/* The member "error" of an object: null, or code, message, hint and whether to try again. */
void mms_plain_put_error(struct mms_json *j, const struct mms_err *err);
/* The member "troubles" of an object: name and error of each. */
void mms_plain_put_troubles(struct mms_json *j, const struct mms_troubles *troubles);
/* What was done of busy blocks, for people, on stdout; nothing where nothing was. */
void mms_plain_print_blocks(const struct mms_app *app, const struct mms_block_counts *blocks);
/* The troubles for people, on stdout: a line each, and its hint. */
void mms_plain_print_troubles(const struct mms_troubles *troubles);

#endif

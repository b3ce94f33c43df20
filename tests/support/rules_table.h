/*
 * Tables of documents and what is found in them. A row is a good document with other values for
 * some keys (of equal keys the last one counts); want is every finding in order, a line each:
 * "!rule: message" an error, "?rule: message" a warning.
 */
#ifndef SUPPORT_RULES_TABLE_H
#define SUPPORT_RULES_TABLE_H

#include "support/rules_world.h"

#define X10(s) s s s s s s s s s s
#define X140(s)                                                                             \
	X10(s)                                                                              \
	X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) X10(s) \
		X10(s)

struct rules_row {
	const char *label, *changes, *want;
};

/* For cmocka's group: the site and the mail pattern. */
int rules_set_up(void **state);
int rules_tear_down(void **state);

void rules_judge(enum mms_doctype_id type, const char *base, const char *changes,
		 const struct mms_field_limits *limits, struct mms_str *got);
void
rules_check(enum mms_doctype_id type, const char *base, const struct rules_row *rows, size_t n);

#endif

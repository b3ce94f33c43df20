/* What the files that read configuration share: how a problem is told, and how values are described. */
#ifndef FRAPPE_SITE_READER_H
#define FRAPPE_SITE_READER_H

#include <jansson.h>

#include "mmsync/site.h"

struct mms_site_reader {
	struct mms_findings *problems; /* borrowed; NULL: the first problem ends the reading */
	struct mms_err *err;           /* borrowed                                           */
};

/*
 * After mms_fail() and mms_hint() on reader->err: the problem is added to the list and the reading
 * goes on (MMS_OK), or it ends with it. object is the key or file at fault.
 */
mms_rc mms_site_tell(struct mms_site_reader *reader, const char *object) MMS_MUST_CHECK;

/* "the number 7", "the text \"x\"", "a list": what stands where something else should. */
void mms_site_describe(struct mms_str *out, const json_t *value);

/* A text as it may be shown: cut, quoted, without control characters. */
void mms_site_add_quoted(struct mms_str *out, const char *text);

/* The mmsync object to settings, which hold the defaults before. file names where it stands. */
mms_rc mms_site_read_config(struct mms_site_reader *reader, const char *file, json_t *object,
			    struct mms_config *config) MMS_MUST_CHECK;

#endif

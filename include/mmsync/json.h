/*
 * Writing JSON as a stream: constant memory however long the output (libyajl's generator).
 * Texts are repaired to UTF-8 on the way. The first failure sticks; ask mms_json_check().
 *
 * Layer: base.
 */
#ifndef MMSYNC_JSON_H
#define MMSYNC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mmsync/attr.h"
#include "mmsync/err.h"
#include "mmsync/str.h"

struct yajl_gen_t;

/* All zero is closed. */
struct mms_json {
	struct yajl_gen_t *gen; /* owned                                         */
	FILE *file;             /* borrowed; NULL: written into str              */
	struct mms_str *str;    /* borrowed                                      */
	bool is_pretty;         /* the generator ends a document with a newline  */
	mms_rc state;           /* first failure                                 */
	void *spare;            /* owned, while it is opened                     */
};

/* Write to a file, or to a text; is_pretty indents by two blanks. Errors: NOMEM. */
mms_rc mms_json_open_file(struct mms_json *j, FILE *file, bool is_pretty,
			  struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_json_open_str(struct mms_json *j, struct mms_str *str, bool is_pretty,
			 struct mms_err *err) MMS_MUST_CHECK;
void mms_json_release(struct mms_json *j);

void mms_json_map(struct mms_json *j);
void mms_json_map_end(struct mms_json *j);
void mms_json_array(struct mms_json *j);
void mms_json_array_end(struct mms_json *j);
void mms_json_key(struct mms_json *j, const char *key);

/* NULL text is written as null. */
void mms_json_text(struct mms_json *j, const char *text);
void mms_json_textn(struct mms_json *j, const char *text, size_t len);
void mms_json_i64(struct mms_json *j, int64_t value);
void mms_json_bool(struct mms_json *j, bool value);
void mms_json_null(struct mms_json *j);
/* RFC 3339 in UTC; MMS_NO_TIME is null. */
void mms_json_time(struct mms_json *j, int64_t ms);

/* Key and value at once. */
void mms_json_put_text(struct mms_json *j, const char *key, const char *text);
void mms_json_put_i64(struct mms_json *j, const char *key, int64_t value);
void mms_json_put_bool(struct mms_json *j, const char *key, bool value);
void mms_json_put_time(struct mms_json *j, const char *key, int64_t ms);

/* End one document with a newline (and be ready for the next); flushes a file. */
void mms_json_done(struct mms_json *j);

/*
 * One text as JSON by itself, quotes included, appended as mms_json_textn() would write it: for the
 * small documents that are made by the hundred thousand. Texts are repaired to UTF-8.
 */
void mms_json_add_quoted(struct mms_str *out, const char *text, size_t len);

/* Errors: NOMEM, STOPPED (the reader went away), BUG (calls in a wrong order). */
mms_rc mms_json_check(const struct mms_json *j, struct mms_err *err) MMS_MUST_CHECK;

#endif

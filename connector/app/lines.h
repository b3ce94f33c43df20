/* Lines of bounded length from a file or a pipe, as soon as they arrive. */
#ifndef APP_LINES_H
#define APP_LINES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"

/* The longest line, bytes. What is longer is told, and left out. */
#define MMS_LINE_MAX ((size_t)8 * 1024 * 1024)

/* All zero is closed. */
struct mms_lines {
	int fd;
	bool is_open, is_ours; /* ours: close it                                    */
	bool is_at_end;
	char *buf; /* owned                                             */
	size_t cap, start, end;
	int64_t n; /* lines read so far                                 */
};

/* path NULL or "-": stdin. Errors: USAGE (cannot be opened). */
mms_rc
mms_lines_open(struct mms_lines *lines, const char *path, struct mms_err *err) MMS_MUST_CHECK;
void mms_lines_release(struct mms_lines *lines);

/*
 * The next line without its end; *line NULL at the end of input. The line may be changed; it
 * is borrowed until the next call. *is_too_long: it had more than MMS_LINE_MAX bytes, the
 * first ones are given. A byte order mark at the very beginning is left out.
 * Errors: STOPPED (a signal), USAGE (a directory), RETRY (cannot be read), NOMEM.
 */
mms_rc mms_lines_next(struct mms_lines *lines, const atomic_bool *stop, char **line,
		      size_t *len, bool *is_too_long, struct mms_err *err) MMS_MUST_CHECK;

#endif
